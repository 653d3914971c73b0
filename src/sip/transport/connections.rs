//! The book of open TCP and TLS connections: by flow, by peer, and how many each address has.
//! What runs on them is in `stream.rs`.

use super::Bounds;
use super::pace::network;
use crate::sip::message::{FlowId, Transport};
use bytes::Bytes;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Messages that may wait to be written on one connection; a peer that takes none of them is cut off.
const QUEUE_MAX: usize = 256;

/// What is dialled: the certificate's name belongs to it, since a connection proven for one name serves no other.
pub type PeerKey = (Transport, SocketAddr, Option<String>);

/// An open connection, as those who send over it see it.
#[derive(Debug)]
pub struct Connection {
    pub flow: FlowId,
    pub transport: Transport,
    pub peer: SocketAddr,
    pub local: SocketAddr,
    queue: mpsc::Sender<Bytes>,
    close: CancellationToken,
}

impl Connection {
    /// Queues bytes to be written; false where the connection has ended, or its peer does not read.
    pub fn queue(&self, bytes: Bytes) -> bool {
        let queued = self.queue.try_send(bytes);
        if let Err(mpsc::error::TrySendError::Full(_)) = &queued {
            self.close.cancel();
        }
        queued.is_ok()
    }
}

/// What a connection's own task holds.
pub struct Seat {
    pub connection: Arc<Connection>,
    pub written: mpsc::Receiver<Bytes>,
    pub close: CancellationToken,
    /// Bytes of a message that has not arrived in full.
    held: usize,
    book: Arc<Connections>,
    place: Place,
    key: Option<PeerKey>,
}

/// One of the connections an address may have; given back when dropped.
pub struct Place {
    address: IpAddr,
    book: Arc<Connections>,
}

pub struct Connections {
    /// Upper half of every flow id: other in each process.
    epoch: u32,
    connections_max: usize,
    per_address_max: usize,
    held_max: usize,
    held: AtomicUsize,
    pages: Mutex<Pages>,
}

struct Pages {
    next: u32,
    by_flow: HashMap<FlowId, Arc<Connection>>,
    by_peer: HashMap<PeerKey, FlowId>,
    gates: HashMap<PeerKey, Arc<tokio::sync::Mutex<()>>>,
    places: HashMap<IpAddr, usize>,
    places_taken: usize,
}

impl Connections {
    /// The first `reserved` numbers are not given to connections: UDP sockets have them.
    pub fn new(reserved: u32, bounds: &Bounds) -> Connections {
        let mut epoch = [0; 4];
        getrandom::fill(&mut epoch).expect("the system's random source answers");
        let (by_flow, by_peer, gates, places) = Default::default();
        Connections {
            epoch: u32::from_ne_bytes(epoch),
            connections_max: bounds.connections_max,
            per_address_max: bounds.connections_per_address_max,
            held_max: bounds.stream_bytes_max,
            held: AtomicUsize::new(0),
            pages: Mutex::new(Pages { next: reserved, by_flow, by_peer, gates, places, places_taken: 0 }),
        }
    }

    pub fn flow(&self, number: u32) -> FlowId {
        FlowId(u64::from(self.epoch) << 32 | u64::from(number))
    }

    /// The number of a flow of this process.
    pub fn number(&self, flow: FlowId) -> Option<u32> {
        (flow.0 >> 32 == u64::from(self.epoch)).then_some(flow.0 as u32)
    }

    pub fn get(&self, flow: FlowId) -> Option<Arc<Connection>> {
        self.pages().by_flow.get(&flow).cloned()
    }

    pub fn count(&self) -> usize {
        self.pages().places_taken
    }

    /// An open connection that was dialled with the same key.
    pub fn open_to(&self, key: &PeerKey) -> Option<Arc<Connection>> {
        let pages = self.pages();
        pages.by_flow.get(pages.by_peer.get(key)?).cloned()
    }

    /// Whoever dials this peer holds its gate meanwhile.
    pub fn gate(&self, key: &PeerKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut pages = self.pages();
        pages.gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        pages.gates.entry(key.clone()).or_default().clone()
    }

    /// A place for one more connection with this address, if there is one.
    pub fn place(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = network(address);
        let mut pages = self.pages();
        let taken = pages.places.get(&address).copied().unwrap_or(0);
        if pages.places_taken >= self.connections_max || taken >= self.per_address_max {
            return None;
        }
        pages.places.insert(address, taken + 1);
        pages.places_taken += 1;
        Some(Place { address, book: self.clone() })
    }

    /// Enters a connection into the book; it leaves when its seat is dropped.
    pub fn enter(
        self: &Arc<Self>,
        place: Place,
        transport: Transport,
        (local, peer): (SocketAddr, SocketAddr),
        key: Option<PeerKey>,
    ) -> Seat {
        let (queue, written) = mpsc::channel(QUEUE_MAX);
        let close = CancellationToken::new();
        let mut pages = self.pages();
        let flow = self.flow(pages.next);
        pages.next += 1;
        let connection = Arc::new(Connection { flow, transport, peer, local, queue, close: close.clone() });
        pages.by_flow.insert(flow, connection.clone());
        if let Some(key) = &key {
            pages.by_peer.insert(key.clone(), flow);
        }
        drop(pages);
        Seat { connection, written, close, held: 0, book: self.clone(), place, key }
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, Pages> {
        self.pages.lock().expect("nothing panics while it holds the book")
    }
}

impl Seat {
    /// Says how many bytes this connection holds now; false where all together hold too many.
    pub fn hold(&mut self, bytes: usize) -> bool {
        let before = self.book.held.fetch_add(bytes, Ordering::Relaxed);
        self.book.held.fetch_sub(self.held, Ordering::Relaxed);
        let fits = bytes <= self.held || before - self.held + bytes <= self.book.held_max;
        self.held = bytes;
        fits
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.hold(0);
        let mut pages = self.place.book.pages();
        pages.by_flow.remove(&self.connection.flow);
        if let Some(key) = &self.key
            && pages.by_peer.get(key) == Some(&self.connection.flow)
        {
            pages.by_peer.remove(key);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut pages = self.book.pages();
        pages.places_taken -= 1;
        if let Some(taken) = pages.places.get_mut(&self.address) {
            *taken -= 1;
            if *taken == 0 {
                pages.places.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(connections_max: usize, connections_per_address_max: usize) -> Arc<Connections> {
        Arc::new(Connections::new(
            2,
            &Bounds { connections_max, connections_per_address_max, stream_bytes_max: 100, ..Bounds::default() },
        ))
    }

    fn enter(book: &Arc<Connections>, peer: &str, key: Option<PeerKey>) -> Seat {
        let peer: SocketAddr = peer.parse().unwrap();
        book.enter(book.place(peer.ip()).unwrap(), Transport::Tcp, ("127.0.0.1:5060".parse().unwrap(), peer), key)
    }

    #[test]
    fn an_address_has_its_places_and_leaves_the_others_theirs() {
        let book = book(3, 2);
        let [a, b, c] = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(|address| address.parse().unwrap());

        let held: Vec<_> = [a, a, b].map(|address| book.place(address).unwrap()).into();

        assert!(book.place(a).is_none() && book.place(c).is_none());
        drop(held);
        assert!(book.place(a).is_some());
        assert_eq!(book.count(), 0);
    }

    #[test]
    fn a_connection_is_found_by_flow_and_by_what_was_dialled_until_it_ends() {
        let book = book(9, 9);
        let key = (Transport::Tls, "192.0.2.1:5061".parse().unwrap(), Some("pbx.example.com".to_owned()));
        let seat = enter(&book, "192.0.2.1:5061", Some(key.clone()));
        let flow = seat.connection.flow;

        assert!(book.get(flow).is_some() && book.open_to(&key).is_some());
        assert!(book.open_to(&(key.0, key.1, Some("other.example.com".into()))).is_none());
        drop(seat);
        assert!(book.get(flow).is_none() && book.open_to(&key).is_none());
    }

    #[test]
    fn a_flow_of_another_process_has_no_number_here() {
        let book = book(1, 1);

        assert_eq!(book.number(book.flow(7)), Some(7));
        assert_eq!(book.number(FlowId(book.flow(7).0 ^ 1 << 40)), None);
    }

    #[test]
    fn all_streams_together_hold_no_more_than_is_allowed() {
        let book = book(9, 9);
        let (mut a, mut b) = (enter(&book, "192.0.2.1:1", None), enter(&book, "192.0.2.2:1", None));

        assert!(a.hold(60) && !b.hold(60));
        assert!(b.hold(0) && b.hold(40));
        drop((a, b));
        assert_eq!(book.held.load(Ordering::Relaxed), 0);
    }
}
