//! One HTTP call on a socket of its own, without TLS: whatever asks a door of the house, or a carrier that asks.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Nobody waits longer for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// A header; empty where it has none.
    pub fn header(&self, name: &str) -> &str {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }
}

/// Gets what is there.
pub async fn get(at: SocketAddr, path: &str) -> Answer {
    call(at, "GET", path, &[], &[]).await
}

/// Asks once, and reads until the other side closes.
pub async fn call(at: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let exchange = async {
        let mut stream = TcpStream::connect(at).await.expect("somebody listens");
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n");
        headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(request.as_bytes()).await.expect("it is read");
        // Whoever refuses it may answer before it is read.
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.expect("an answer");
        read(&answer)
    };
    tokio::time::timeout(PATIENCE, exchange).await.unwrap_or_else(|_| panic!("no answer to {method} {path}"))
}

fn read(answer: &[u8]) -> Answer {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = head.get(9..12).and_then(|status| status.parse().ok()).expect("a status");
    let answer = Answer { status, head, body: answer[end + 4..].to_vec() };
    assert_eq!(answer.header("transfer-encoding"), "", "bodies come with their length here");
    answer
}
