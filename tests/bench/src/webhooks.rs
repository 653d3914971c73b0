//! Webhooks: signed JSON events over kept-alive connections, each with one request under way; as fast as they are
//! answered (closed loop), or at a rate (open loop: a late answer delays no later event, and hides nothing).

use crate::ledger::{Ledger, words};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What to send where.
#[derive(Clone)]
pub struct Webhooks {
    pub server: SocketAddr,
    pub path: String,
    /// Signs as the general SMS API wants it; Kamailio reads no signature.
    pub secret: Option<String>,
    /// In the nested JSON that the reference's Kamailio reads.
    pub nested: bool,
    /// Our numbers, in turns.
    pub to: Vec<String>,
    /// How many customers write.
    pub peers: usize,
    /// Connections, and so requests under way at most.
    pub outstanding: usize,
    /// Per second; 0 for a closed loop.
    pub rate: f64,
    pub for_long: Option<Duration>,
    /// Before the number in each event's id, so that no run repeats another's.
    pub run: String,
}

/// What came of it, beside what stands in the books.
#[derive(Default, Debug)]
pub struct Came {
    pub refused: u64,
    pub broken: u64,
    /// The first refusal, as a sample.
    pub refusal: Option<String>,
}

/// Sends until time or the books are at their end.
pub fn send(webhooks: &Webhooks, ledger: &Arc<Ledger>) -> io::Result<Came> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let came = Rc::new(RefCell::new(Came::default()));
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let senders: Vec<_> = (0..webhooks.outstanding)
            .map(|_| {
                tokio::task::spawn_local(one_after_the_other(webhooks.clone(), Arc::clone(ledger), Rc::clone(&came)))
            })
            .collect();
        for sender in senders {
            let _ = sender.await;
        }
    });
    Ok(came.take())
}

async fn one_after_the_other(webhooks: Webhooks, ledger: Arc<Ledger>, came: Rc<RefCell<Came>>) {
    let mut line: Option<TcpStream> = None;
    let mut answer = Vec::with_capacity(4096);
    let mut broken = 0;
    while let Some((number, due)) = ledger.next(webhooks.rate, webhooks.for_long) {
        if webhooks.rate > 0.0 {
            tokio::time::sleep(ledger.until(due)).await;
        }
        let request = webhooks.request(number);
        ledger.sent(number, due);
        match call(&mut line, webhooks.server, &request, &mut answer).await {
            Ok(200..300) => ledger.acked(number),
            Ok(_) => {
                let mut came = came.borrow_mut();
                came.refused += 1;
                came.refusal.get_or_insert_with(|| String::from_utf8_lossy(&answer).into_owned());
            }
            Err(_) => {
                line = None;
                broken += 1;
                came.borrow_mut().broken += 1;
                if broken > 100 {
                    return;
                }
            }
        }
    }
}

impl Webhooks {
    fn request(&self, number: usize) -> Vec<u8> {
        let to = &self.to[number % self.to.len()];
        let from = format!("+49155500{:05}", number % self.peers);
        let body = self.body(number, &from, to);
        let mut request = format!(
            "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n",
            self.path,
            self.server,
            body.len()
        );
        if let Some(secret) = &self.secret {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
            let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
            mac.update(format!("{now}.{body}").as_bytes());
            let signature = hex::encode(mac.finalize().into_bytes());
            request.push_str(&format!("X-Timestamp: {now}\r\nX-Signature-256: sha256={signature}\r\n"));
        }
        request.push_str("\r\n");
        request.push_str(&body);
        request.into_bytes()
    }

    fn body(&self, number: usize, from: &str, to: &str) -> String {
        // Carriers' ids are in no order; this spreads the numbers over all 64 bits, each once.
        let id = format!("{}-{:016x}", self.run, (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let text = words(number);
        if self.nested {
            return format!(
                "{{\"data\":{{\"payload\":{{\"id\":\"{id}\",\"from\":{{\"phone_number\":\"{from}\"}},\
                 \"to\":[{{\"phone_number\":\"{to}\"}}],\"text\":\"{text}\"}}}}}}"
            );
        }
        format!(
            "{{\"event\":\"message.received\",\"id\":\"{id}\",\"from\":\"{from}\",\"to\":\"{to}\",\"text\":\"{text}\"}}"
        )
    }
}

/// One request on a kept connection; the status of the answer.
async fn call(
    line: &mut Option<TcpStream>,
    server: SocketAddr,
    request: &[u8],
    answer: &mut Vec<u8>,
) -> io::Result<u16> {
    if line.is_none() {
        let fresh = TcpStream::connect(server).await?;
        fresh.set_nodelay(true)?;
        *line = Some(fresh);
    }
    let stream = line.as_mut().expect("just made");
    stream.write_all(request).await?;
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some((status, length, close)) = whole(answer) {
            if answer.len() < length {
                continue;
            }
            if close {
                *line = None;
            }
            return Ok(status);
        }
    }
}

/// Status, length of head and body, and whether the connection ends; once the head is here.
fn whole(answer: &[u8]) -> Option<(u16, usize, bool)> {
    let head_end = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&answer[..head_end]).ok()?;
    let status = head.get(9..12)?.parse().ok()?;
    let value = |name: &str| {
        let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    };
    let body: usize = value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let close = value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    Some((status, head_end + body, close))
}
