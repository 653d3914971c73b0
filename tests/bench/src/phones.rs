//! Desk phones: many accounts behind one UDP socket. They register, answer every request with 200 at once, and
//! enter each text they get into the books.

use crate::ledger::{Ledger, number_in};
use crate::sip::{self, Account, Challenge};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

/// Room for a burst: a phone that loses datagrams would measure retransmissions.
const RECEIVE_BYTES: usize = 8 << 20;

/// The phones, until dropped.
pub struct Phones {
    socket: Arc<UdpSocket>,
    books: Arc<RwLock<Arc<Ledger>>>,
    answers: Receiver<String>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Phones {
    /// Switched on, not yet registered.
    pub fn switch_on() -> io::Result<Phones> {
        let socket = Arc::new(big_socket()?);
        socket.set_read_timeout(Some(Duration::from_millis(50)))?;
        let books = Arc::new(RwLock::new(Arc::new(Ledger::new(0))));
        let stop = Arc::new(AtomicBool::new(false));
        let (heard, answers) = mpsc::channel();
        let thread = {
            let (socket, books, stop) = (Arc::clone(&socket), Arc::clone(&books), Arc::clone(&stop));
            std::thread::spawn(move || listen(&socket, &books, &stop, &heard))
        };
        Ok(Phones { socket, books, answers, stop, thread: Some(thread) })
    }

    /// From now on texts are entered into these books.
    pub fn use_books(&self, ledger: &Arc<Ledger>) {
        *self.books.write().expect("no reader panics") = Arc::clone(ledger);
    }

    /// Registers an account, answering one challenge.
    pub fn register(&self, registrar: SocketAddr, account: &Account) -> Result<(), String> {
        let mut challenge: Option<Challenge> = None;
        for cseq in 1..=3 {
            let request = self.registration(account, challenge.as_mut(), cseq)?;
            self.socket.send_to(request.as_bytes(), registrar).map_err(|error| error.to_string())?;
            let answer = self
                .answers
                .recv_timeout(Duration::from_secs(5))
                .map_err(|_| format!("no answer to the registration of {}", account.user))?;
            match sip::status(&answer) {
                Some(200) => return Ok(()),
                Some(401 | 407) => challenge = Challenge::of(&answer),
                _ => return Err(format!("{} cannot register: {}", account.user, first_line(&answer))),
            }
        }
        Err(format!("{} cannot register: wrong password", account.user))
    }

    fn registration(&self, account: &Account, challenge: Option<&mut Challenge>, cseq: u32) -> Result<String, String> {
        let (user, port) = (&account.user, self.socket.local_addr().map_err(|error| error.to_string())?.port());
        let authorization =
            challenge.map(|challenge| challenge.answer(account, "REGISTER", "sip:127.0.0.1")).unwrap_or_default();
        Ok(format!(
            "REGISTER sip:127.0.0.1 SIP/2.0\r\n\
             Via: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-reg-{port}-{user}-{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@127.0.0.1>;tag={port}\r\nTo: <sip:{user}@127.0.0.1>\r\n\
             Call-ID: reg-{user}-{port}\r\nCSeq: {cseq} REGISTER\r\nContact: <sip:{user}@127.0.0.1:{port}>\r\n\
             Expires: 3600\r\n{authorization}Content-Length: 0\r\n\r\n"
        ))
    }
}

impl Drop for Phones {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(socket: &UdpSocket, books: &RwLock<Arc<Ledger>>, stop: &AtomicBool, heard: &mpsc::Sender<String>) {
    let mut datagram = vec![0; 65_535];
    while !stop.load(Ordering::Relaxed) {
        let Ok((length, from)) = socket.recv_from(&mut datagram) else { continue };
        let Ok(message) = std::str::from_utf8(&datagram[..length]) else { continue };
        if message.starts_with("SIP/2.0") {
            let _ = heard.send(message.to_owned());
            continue;
        }
        if message.starts_with("MESSAGE ")
            && let Some((_, body)) = message.split_once("\r\n\r\n")
            && let Some(number) = number_in(body.as_bytes())
        {
            books.read().expect("no writer panics").arrived(number);
        }
        let _ = socket.send_to(sip::ok_to(message).as_bytes(), from);
    }
}

/// A UDP socket on loopback with room for a burst.
pub fn big_socket() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket2::SockRef::from(&socket).set_recv_buffer_size(RECEIVE_BYTES)?;
    Ok(socket)
}

pub fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or_default()
}
