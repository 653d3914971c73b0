//! What the tests stand on: an endpoint with an application behind it, and peers that speak raw bytes.

use depesche::clock::Clock;
use depesche::sip::endpoint::{Endpoint, EndpointSettings, Incoming};
use depesche::sip::message::{Method, Response, Transport};
use depesche::sip::transport::{Bounds, Listen};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// No answer takes longer on a loopback, however busy the machine.
pub const SOON: Duration = Duration::from_secs(10);

/// An endpoint whose application answers at once: 200 to OPTIONS, 401 to REGISTER, 415 or 202 to MESSAGE.
pub struct House {
    pub endpoint: Endpoint,
    pub messages: Arc<AtomicUsize>,
}

impl House {
    pub async fn open(bounds: Bounds) -> House {
        House::with(settings("127.0.0.1", bounds), Clock::system()).await
    }

    pub async fn with(settings: EndpointSettings, clock: Clock) -> House {
        let (endpoint, mut incoming) = Endpoint::start(settings, clock).await.expect("the loopback can be listened on");
        let messages = Arc::new(AtomicUsize::new(0));
        tokio::spawn({
            let messages = messages.clone();
            async move {
                while let Some(request) = incoming.recv().await {
                    answer(request, &messages).await;
                }
            }
        });
        House { endpoint, messages }
    }

    pub fn at(&self, transport: Transport) -> SocketAddr {
        address(&self.endpoint, transport)
    }

    pub fn messages(&self) -> usize {
        self.messages.load(Ordering::SeqCst)
    }

    /// Asks for a sign of life over UDP from this address of the loopback.
    pub async fn serves_over_udp(&self, from: &str) -> bool {
        let peer = UdpPeer::open(from, self.at(Transport::Udp)).await;
        // UDP may lose a datagram in a full buffer: an honest phone asks again, and so does this one.
        for n in 0..10 {
            let asked = options(&format!("alive-{n}-{}", peer.port()), "UDP");
            peer.send(asked.as_bytes()).await;
            if peer.hear(Duration::from_secs(1)).await.is_some_and(|answer| answer.starts_with("SIP/2.0 200")) {
                return true;
            }
        }
        false
    }

    pub async fn serves_over_tcp(&self) -> bool {
        let mut peer = TcpStream::connect(self.at(Transport::Tcp)).await.expect("a place is free");
        peer.write_all(options("alive", "TCP").as_bytes()).await.expect("it takes the request");
        read_some(&mut peer).await.starts_with("SIP/2.0 200")
    }
}

async fn answer(incoming: Incoming, messages: &AtomicUsize) {
    let status = match incoming.request.method {
        Method::Options => 200,
        Method::Register => 401,
        _ => {
            messages.fetch_add(1, Ordering::SeqCst);
            let is_text = incoming.request.headers.get("Content-Type").is_some_and(|kind| kind.starts_with("text/"));
            if is_text { 202 } else { 415 }
        }
    };
    let response = Response::to(&incoming.request, status);
    incoming.respond(response).await;
}

pub fn settings(host: &str, bounds: Bounds) -> EndpointSettings {
    let addr = SocketAddr::new(host.parse().unwrap(), 0);
    let listen = [Transport::Udp, Transport::Tcp].map(|transport| Listen { transport, addr });
    EndpointSettings { bounds, ..EndpointSettings::new(listen.to_vec()) }
}

/// Bounds for tests that send fast from one address.
pub fn unpaced() -> Bounds {
    Bounds { per_source_per_s: 1_000_000, ..Bounds::default() }
}

pub fn address(endpoint: &Endpoint, transport: Transport) -> SocketAddr {
    endpoint.listening().iter().find(|l| l.transport == transport).expect("it listens on it").addr
}

pub struct UdpPeer {
    pub socket: UdpSocket,
    to: SocketAddr,
}

impl UdpPeer {
    pub async fn open(from: &str, to: SocketAddr) -> UdpPeer {
        let from: IpAddr = from.parse().unwrap();
        UdpPeer { socket: UdpSocket::bind((from, 0)).await.unwrap(), to }
    }

    pub fn port(&self) -> u16 {
        self.socket.local_addr().unwrap().port()
    }

    pub async fn send(&self, bytes: &[u8]) {
        self.socket.send_to(bytes, self.to).await.unwrap();
    }

    pub async fn hear(&self, within: Duration) -> Option<String> {
        let mut buffer = vec![0; 65_535];
        let (length, _) = timeout(within, self.socket.recv_from(&mut buffer)).await.ok()?.ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// What is said to these bytes: all answers that come before the answer to a sound OPTIONS sent after them.
    pub async fn say(&self, bytes: &[u8], mark: &str) -> Vec<String> {
        self.send(bytes).await;
        let good = options(mark, "UDP");
        self.send(good.as_bytes()).await;
        let mut heard = Vec::new();
        loop {
            let answer =
                self.hear(SOON).await.unwrap_or_else(|| panic!("{mark}: not even a sound OPTIONS is answered"));
            if answer.contains(&format!("Call-ID: {mark}\r\n")) {
                return heard;
            }
            heard.push(answer);
        }
    }
}

pub fn status(answer: &str) -> u16 {
    answer.get(8..11).and_then(|code| code.parse().ok()).unwrap_or(0)
}

pub fn options(call_id: &str, transport: &str) -> String {
    format!(
        "OPTIONS sip:depesche@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:5999;rport;branch=z9hG4bK{call_id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:peer@127.0.0.1>;tag=1\r\nTo: <sip:depesche@127.0.0.1>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
    )
}

/// A MESSAGE with this Content-Length line (or whatever else) and this body.
pub fn message(call_id: &str, transport: &str, line: &str, body: &str) -> String {
    format!(
        "MESSAGE sip:1001@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:5999;rport;branch=z9hG4bK{call_id}\r\n\
         Max-Forwards: 70\r\nFrom: <sip:peer@127.0.0.1>;tag=1\r\nTo: <sip:1001@127.0.0.1>\r\n\
         Call-ID: {call_id}\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n{line}\r\n\r\n{body}"
    )
}

pub async fn read_some(stream: &mut TcpStream) -> String {
    let mut buffer = vec![0; 65_535];
    match timeout(SOON, stream.read(&mut buffer)).await {
        Ok(Ok(length)) => String::from_utf8_lossy(&buffer[..length]).into_owned(),
        _ => String::new(),
    }
}

/// All that is said until the other side closes; None where it does not.
pub async fn read_to_end(stream: &mut TcpStream, within: Duration) -> Option<String> {
    let mut bytes = Vec::new();
    match timeout(within, stream.read_to_end(&mut bytes)).await {
        Ok(_) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        Err(_) => None,
    }
}
