//! A carrier that takes everything, at once or after a while: an HTTP server in a thread of its own. It enters each text into the books
//! and answers with an id, as the general SMS API wants it.

use crate::ledger::{Ledger, number_in};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The carrier; it serves until the process ends.
pub struct Carrier {
    pub address: SocketAddr,
    books: Arc<RwLock<Arc<Ledger>>>,
}

impl Carrier {
    /// Opens for business.
    pub fn open() -> io::Result<Carrier> {
        Carrier::that_answers_after(Duration::ZERO)
    }

    /// Opens for business, and answers after a while.
    pub fn that_answers_after(delay: Duration) -> io::Result<Carrier> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let books = Arc::new(RwLock::new(Arc::new(Ledger::new(0))));
        let shared = Arc::clone(&books);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::spawn(move || {
            tokio::task::LocalSet::new().block_on(&runtime, async move {
                let listener = TcpListener::from_std(listener).expect("it is non-blocking");
                while let Ok((line, _)) = listener.accept().await {
                    let _ = line.set_nodelay(true);
                    tokio::task::spawn_local(serve(line, Arc::clone(&shared), delay));
                }
            });
        });
        Ok(Carrier { address, books })
    }

    /// From now on texts are entered into these books.
    pub fn use_books(&self, ledger: &Arc<Ledger>) {
        *self.books.write().expect("no reader panics") = Arc::clone(ledger);
    }
}

async fn serve(mut line: TcpStream, books: Arc<RwLock<Arc<Ledger>>>, delay: Duration) {
    let mut heard = Vec::with_capacity(8192);
    loop {
        let length = match whole(&heard) {
            Some((_, length)) if heard.len() >= length => length,
            _ => match line.read_buf(&mut heard).await {
                Ok(1..) => continue,
                _ => return,
            },
        };
        let head_end = whole(&heard).map_or(0, |(head_end, _)| head_end);
        let number = number_in(&heard[head_end..length]);
        let body = format!("{{\"data\":{{\"id\":\"c-{}\",\"segments\":1}}}}", number.unwrap_or(0));
        if let Some(number) = number {
            books.read().expect("no writer panics").arrived(number);
        }
        heard.drain(..length);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if line.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Where the head ends, and the whole request; once the head is here.
fn whole(heard: &[u8]) -> Option<(usize, usize)> {
    let head_end = heard.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&heard[..head_end]).ok()?;
    let mut lines = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let length = lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let body: usize = length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
    Some((head_end, head_end + body))
}
