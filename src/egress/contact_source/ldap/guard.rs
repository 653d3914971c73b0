//! Stands between a directory and the borrowed client: TLS is ours, and each message is looked at before it goes on. The
//! client parses by recursion, panics on what it does not expect and keeps whatever comes; here depth, form, size, number
//! and silence have their bounds.

use crate::clock::Clock;
use crate::net::raw::RawLine;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::Semaphore;

/// Of one message: an entry with only the attributes that were asked for.
const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// Of all of them: half a million entries of two kilobytes.
const BYTES_MAX: u64 = 1 << 30;
/// An entry is five deep, controls no deeper.
const DEPTH_MAX: usize = 16;
/// A server that says nothing for so long has gone.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// Entries that wait to be taken at one time; then the server waits too.
const WAITING_MAX: usize = 2_000;
const PART_BYTES: usize = 64 * 1024;

/// What a guard refused, or what happened to the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// The line ended.
    Lost(String),
    /// Nothing came for a while.
    Silent,
    /// What came is no LDAP, or not of the kind we take.
    Unsound(&'static str),
    /// More than we take.
    TooMuch,
}

/// Shared between the guard and whoever takes what it let through.
#[derive(Clone)]
pub(super) struct Watch {
    stopped: Arc<Mutex<Option<Stopped>>>,
    room: Arc<Semaphore>,
}

impl Watch {
    pub fn new() -> Watch {
        Watch { stopped: Arc::default(), room: Arc::new(Semaphore::new(WAITING_MAX)) }
    }

    /// One entry was taken.
    pub fn taken(&self) {
        self.room.add_permits(1);
    }

    /// Why nothing more comes.
    pub fn stopped(&self) -> Option<Stopped> {
        self.stopped.lock().expect("nothing under this lock panics").clone()
    }
}

/// Carries messages between the line and the client until either ends.
pub(super) async fn stand(line: RawLine, inside: UnixStream, watch: Watch, clock: Clock) {
    let (from_server, to_server) = tokio::io::split(line.into_stream());
    let (from_client, to_client) = inside.into_split();
    let inward = inward(from_server, to_client, &watch, &clock);
    let outward = outward(from_client, to_server);
    tokio::pin!(inward, outward);
    let stopped = tokio::select! {
        stopped = &mut inward => stopped,
        // The client has said all; its last answers may still be on their way.
        () = &mut outward => inward.await,
    };
    *watch.stopped.lock().expect("nothing under this lock panics") = Some(stopped);
}

async fn outward(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    // Whatever breaks here is seen on the way in.
    let _ = tokio::io::copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}

async fn inward(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    watch: &Watch,
    clock: &Clock,
) -> Stopped {
    let (mut waiting, mut part, mut all) = (Vec::new(), vec![0; PART_BYTES], 0_u64);
    loop {
        let read = tokio::select! {
            read = from.read(&mut part) => read,
            () = clock.sleep(SILENCE_MAX) => return Stopped::Silent,
        };
        let count = match read {
            Ok(0) => return Stopped::Lost("the server ended the connection".into()),
            Ok(count) => count,
            Err(error) => return Stopped::Lost(error.to_string()),
        };
        all += u64::try_from(count).unwrap_or(u64::MAX);
        if all > BYTES_MAX {
            return Stopped::TooMuch;
        }
        waiting.extend_from_slice(&part[..count]);
        let mut done = 0;
        loop {
            let end = match length(&waiting[done..], MESSAGE_BYTES_MAX) {
                Ok(Some(length)) if waiting.len() - done >= length => done + length,
                Ok(_) => break,
                Err(stopped) => return stopped,
            };
            let message = &waiting[done..end];
            let operation = match operation(message) {
                Ok(operation) => operation,
                Err(why) => return Stopped::Unsound(why),
            };
            if matches!(operation, ENTRY | REFERENCE | INTERMEDIATE) {
                let Ok(room) = watch.room.acquire().await else { return Stopped::TooMuch };
                room.forget();
            }
            if to.write_all(message).await.is_err() {
                return Stopped::Lost("we ended the connection".into());
            }
            done = end;
        }
        waiting.drain(..done);
    }
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
pub(super) const BIND: u8 = 0x61;
const ENTRY: u8 = 0x64;
const DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
pub(super) const EXTENDED: u8 = 0x78;
const INTERMEDIATE: u8 = 0x79;

/// How long the message at the beginning is, where that can be told.
pub(super) fn length(bytes: &[u8], most: usize) -> Result<Option<usize>, Stopped> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    if first != SEQUENCE {
        return Err(Stopped::Unsound("this is not LDAP"));
    }
    match header(bytes) {
        Ok(Some((head, content))) if head + content > most => Err(Stopped::TooMuch),
        Ok(known) => Ok(known.map(|(head, content)| head + content)),
        Err(why) => Err(Stopped::Unsound(why)),
    }
}

/// Bytes of tag and length, and of what follows; `None`: not all of it is there yet.
fn header(bytes: &[u8]) -> Result<Option<(usize, usize)>, &'static str> {
    let (Some(&tag), Some(&length)) = (bytes.first(), bytes.get(1)) else { return Ok(None) };
    if tag & 0x1f == 0x1f {
        return Err("a tag of more than one byte");
    }
    if length < 0x80 {
        return Ok(Some((2, usize::from(length))));
    }
    let count = usize::from(length & 0x7f);
    if !(1..=4).contains(&count) {
        return Err("a length that LDAP does not have");
    }
    let Some(length) = bytes.get(2..2 + count) else { return Ok(None) };
    Ok(Some((2 + count, length.iter().fold(0, |all, &byte| all << 8 | usize::from(byte)))))
}

/// What a whole message is: its parts fit into each other, not too deep, and it is one of those that servers send.
pub(super) fn operation(message: &[u8]) -> Result<u8, &'static str> {
    const CUT: &str = "a part is longer than what it stands in";
    let mut at = 0;
    let mut ends: Vec<usize> = vec![message.len()];
    let mut parts: Vec<(u8, usize)> = Vec::new();
    while let Some(&end) = ends.last() {
        if at == end {
            ends.pop();
            continue;
        }
        let (head, content) = header(&message[at..end])?.ok_or(CUT)?;
        let inner = at + head;
        let next = inner.checked_add(content).filter(|next| *next <= end).ok_or(CUT)?;
        if ends.len() == 2 {
            parts.push((message[at], content));
        }
        if message[at] & 0x20 == 0 {
            at = next;
        } else if ends.len() == DEPTH_MAX {
            return Err("it is too deep");
        } else {
            ends.push(next);
            at = inner;
        }
    }
    match parts[..] {
        [(INTEGER, 1..=4), (operation, content)] | [(INTEGER, 1..=4), (operation, content), _] => match operation {
            BIND | ENTRY | DONE | REFERENCE | EXTENDED | INTERMEDIATE if content > 0 => Ok(operation),
            _ => Err("not an answer that was asked for"),
        },
        _ => Err("not a message of LDAP"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).expect("small").to_be_bytes();
        [&[tag, 0x84], &length[..], content].concat()
    }

    fn message(operation: u8, content: &[u8]) -> Vec<u8> {
        wrapped(SEQUENCE, &[&[INTEGER, 1, 1], &wrapped(operation, content)[..]].concat())
    }

    #[test]
    fn messages_of_servers_pass() {
        for kind in [BIND, ENTRY, DONE, REFERENCE, EXTENDED] {
            let message = message(kind, &[0x0a, 1, 0, 4, 0, 4, 0]);

            assert_eq!(operation(&message), Ok(kind));
            assert_eq!(length(&message, 1000), Ok(Some(message.len())));
            assert_eq!(length(&message[..3], 1000), Ok(None));
        }
    }

    #[test]
    fn what_would_break_the_client_is_stopped_here() {
        let mut deep = Vec::new();
        for _ in 0..1000 {
            deep = wrapped(0x30, &deep);
        }
        for (bytes, why) in [
            (message(ENTRY, &deep), "it is too deep"),
            (message(ENTRY, &[4, 5, 0]), "a part is longer than what it stands in"),
            (message(0x6b, &[4, 0]), "not an answer that was asked for"),
            (message(ENTRY, &[]), "not an answer that was asked for"),
            (wrapped(SEQUENCE, &[4, 0]), "not a message of LDAP"),
            (wrapped(SEQUENCE, &[]), "not a message of LDAP"),
            (message(ENTRY, &[0x1f, 0x81, 1, 0]), "a tag of more than one byte"),
            (message(ENTRY, &[0x30, 0x80, 0, 0]), "a length that LDAP does not have"),
        ] {
            assert_eq!(operation(&bytes), Err(why));
        }
    }

    #[test]
    fn no_message_is_waited_for_that_is_larger_than_we_take() {
        assert_eq!(length(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], MESSAGE_BYTES_MAX), Err(Stopped::TooMuch));
        assert_eq!(length(b"HTTP/1.1 400 Bad Request", MESSAGE_BYTES_MAX), Err(Stopped::Unsound("this is not LDAP")));
    }
}
