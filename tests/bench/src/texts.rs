//! Texts from phones: MESSAGE over UDP in a closed loop, so many under way at a time; retransmitted by timer E
//! (RFC 3261 17.1.2), authorised where the server asks for it, by one challenge and a growing count as phones do.

use crate::ledger::{Ledger, words};
use crate::phones::{big_socket, first_line};
use crate::sip::{self, Account, Challenge};
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

const T1: Duration = Duration::from_millis(500);
const T2: Duration = Duration::from_secs(4);
const GIVEN_UP_AFTER: Duration = Duration::from_secs(32);

/// What to send, from whom, to whom.
pub struct Texts<'a> {
    pub server: SocketAddr,
    /// The senders take turns.
    pub accounts: &'a [Account],
    /// Whom a text of this number is for: the user part of the URI.
    pub to: &'a dyn Fn(usize) -> String,
    /// How many may be unanswered.
    pub outstanding: usize,
    pub for_long: Option<Duration>,
}

/// What came of it, beside what stands in the books.
#[derive(Default, Debug)]
pub struct Came {
    pub retransmitted: u64,
    pub refused: u64,
    pub unanswered: u64,
    /// The first refusal, as a sample.
    pub refusal: Option<String>,
}

struct Sender<'a> {
    texts: &'a Texts<'a>,
    socket: UdpSocket,
    port: u16,
    challenges: Vec<Option<Challenge>>,
    open: HashMap<usize, Open>,
    came: Came,
}

struct Open {
    packet: String,
    first: Instant,
    again_at: Instant,
    pause: Duration,
    cseq: u32,
}

/// Sends until time or the books are at their end, then waits for the last answers.
pub fn send(texts: &Texts<'_>, ledger: &Ledger) -> std::io::Result<Came> {
    let socket = big_socket()?;
    socket.connect(texts.server)?;
    socket.set_read_timeout(Some(Duration::from_millis(20)))?;
    let port = socket.local_addr()?.port();
    let challenges = vec![None; texts.accounts.len()];
    let mut sender = Sender { texts, socket, port, challenges, open: HashMap::new(), came: Came::default() };
    let (mut more, mut swept) = (true, Instant::now());
    let mut datagram = vec![0; 65_535];
    while more || !sender.open.is_empty() {
        while more && sender.open.len() < texts.outstanding {
            match ledger.next(0.0, texts.for_long) {
                Some((number, due)) => {
                    ledger.sent(number, due);
                    sender.say(number, 1)?;
                }
                None => more = false,
            }
        }
        if let Ok(length) = sender.socket.recv(&mut datagram)
            && let Ok(answer) = std::str::from_utf8(&datagram[..length])
        {
            sender.hear(answer, ledger)?;
        }
        if swept.elapsed() > Duration::from_millis(50) {
            swept = Instant::now();
            sender.say_again()?;
        }
    }
    Ok(sender.came)
}

impl Sender<'_> {
    fn say(&mut self, number: usize, cseq: u32) -> std::io::Result<()> {
        let turn = number % self.texts.accounts.len();
        let (account, port) = (&self.texts.accounts[turn], self.port);
        let (user, body) = (&account.user, words(number));
        let uri = format!("sip:{}@127.0.0.1", (self.texts.to)(number));
        let authorization =
            self.challenges[turn].as_mut().map(|asked| asked.answer(account, "MESSAGE", &uri)).unwrap_or_default();
        let packet = format!(
            "MESSAGE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-{port}-{number}-{cseq};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{user}@127.0.0.1>;tag={port}\r\nTo: <{uri}>\r\n\
             Call-ID: {number}-{port}\r\nCSeq: {cseq} MESSAGE\r\n{authorization}\
             Content-Type: text/plain;charset=UTF-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.socket.send(packet.as_bytes())?;
        let now = Instant::now();
        let first = self.open.get(&number).map_or(now, |open| open.first);
        self.open.insert(number, Open { packet, first, again_at: now + T1, pause: T1, cseq });
        Ok(())
    }

    fn hear(&mut self, answer: &str, ledger: &Ledger) -> std::io::Result<()> {
        let number = sip::header(answer, "Call-ID").and_then(|id| id.split('-').next()?.parse().ok());
        let (Some(number), Some(status)) = (number, sip::status(answer)) else { return Ok(()) };
        let Some(open) = self.open.get(&number) else { return Ok(()) };
        let cseq = open.cseq;
        let about = sip::header(answer, "CSeq").and_then(|value| value.split(' ').next()?.parse().ok());
        if about != Some(cseq) || status < 200 {
            return Ok(());
        }
        match status {
            401 | 407 if cseq < 3 => {
                self.challenges[number % self.texts.accounts.len()] = Challenge::of(answer);
                return self.say(number, cseq + 1);
            }
            200..300 => ledger.acked(number),
            _ => {
                self.came.refused += 1;
                self.came.refusal.get_or_insert_with(|| first_line(answer).to_owned());
            }
        }
        self.open.remove(&number);
        Ok(())
    }

    fn say_again(&mut self) -> std::io::Result<()> {
        let now = Instant::now();
        let before = self.open.len();
        self.open.retain(|_, open| now - open.first < GIVEN_UP_AFTER);
        self.came.unanswered += (before - self.open.len()) as u64;
        for open in self.open.values_mut().filter(|open| open.again_at <= now) {
            open.pause = (open.pause * 2).min(T2);
            open.again_at = now + open.pause;
            self.came.retransmitted += 1;
            self.socket.send(open.packet.as_bytes())?;
        }
        Ok(())
    }
}
