//! The outbox at full speed: a queue that is already there is sent to a carrier that answers at once, after 50 ms and
//! after 150 ms, at an unlimited pace; and beside it a bare HTTP client that sends the same requests over as many
//! connections and writes nothing down. The bare client is a process of its own, so that its CPU and memory can be told.

use crate::ledger::words;
use crate::process::{Disk, Process};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// As many calls under way as the daemon has by default.
pub const CALLS: usize = 64;
/// The word that makes the bench the bare client.
pub const BARE: &str = "--bare-client";

/// Files so many texts from the numbers of a house that is stopped, each to one of a thousand customers; due at once.
pub fn file(data: &Path, count: usize, numbers: usize) -> Result<(), String> {
    let mut sql = String::from("PRAGMA foreign_keys = OFF; BEGIN;\n");
    let now = "CAST(unixepoch() AS INTEGER) * 1000";
    for peer in 1..=1000 {
        sql.push_str(&format!(
            "INSERT INTO peers (id, created_at) VALUES ({peer}, {now});\n\
             INSERT INTO peer_addresses (address, peer_id) VALUES ('+49155500{peer:05}', {peer});\n\
             INSERT INTO sessions (id, channel_id, number_id, peer_id, peer_address, state, extension_id, opened_at, \
             last_at) SELECT {peer}, channel_id, id, {peer}, '+49155500{peer:05}', 'held', route_extension_id, {now}, \
             {now} FROM numbers WHERE id = {number};\n",
            number = peer % numbers + 1,
        ));
    }
    for text in 0..count {
        let peer = text % 1000 + 1;
        sql.push_str(&format!(
            "INSERT INTO messages (id, session_id, direction, text, at, author_name, segments) \
             VALUES ({id}, {peer}, 'out', '{words}', {now}, 'bench', 1);\n\
             INSERT INTO deliveries (message_id, line, trunk_id, number_id, to_address, reference, lane, priority, state, \
             due_at, expires_at, created_at, updated_at) SELECT {id}, 'carrier', 1, id, '+49155500{peer:05}', \
             printf('%032x', {id}), 'n' || id || ':+49155500{peer:05}', 0, 'queued', {now}, {now} + 36000000, {now}, {now} \
             FROM numbers WHERE id = {number};\n",
            id = text + 1,
            words = words(text),
            number = peer % numbers + 1,
        ));
    }
    sql.push_str("COMMIT;\n");
    let said = |error: io::Error| format!("sqlite3: {error}");
    let mut child =
        Command::new("sqlite3").arg(data.join("depesche.db")).stdin(Stdio::piped()).spawn().map_err(said)?;
    child.stdin.take().ok_or("sqlite3 has no ear")?.write_all(sql.as_bytes()).map_err(said)?;
    let ended = child.wait().map_err(said)?;
    if ended.success() { Ok(()) } else { Err("the texts could not be filed".into()) }
}

/// Starts the bare client as a process of its own.
pub fn bare(carrier: SocketAddr, count: usize, shim: &Path, folder: &Path) -> io::Result<Process> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args([BARE, &carrier.to_string(), &count.to_string()]);
    Process::start(command, Disk { sync_us: 0 }, shim, folder, &folder.join("bare.log"))
}

/// The bare client: as many connections as the daemon has calls, one request after the other on each.
pub fn be_bare(carrier: &str, count: &str) -> io::Result<()> {
    let wrong = |_| io::Error::from(io::ErrorKind::InvalidInput);
    let carrier: SocketAddr = carrier.parse().map_err(wrong)?;
    let count: usize = count.parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let next = Arc::new(AtomicUsize::new(0));
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let lines: Vec<_> =
            (0..CALLS).map(|_| tokio::spawn(one_connection(carrier, count, Arc::clone(&next)))).collect();
        for line in lines {
            line.await.map_err(io::Error::other)??;
        }
        // Long enough for its figures to be read.
        tokio::time::sleep(std::time::Duration::from_secs(600)).await;
        Ok(())
    })
}

async fn one_connection(carrier: SocketAddr, count: usize, next: Arc<AtomicUsize>) -> io::Result<()> {
    let mut line = TcpStream::connect(carrier).await?;
    line.set_nodelay(true)?;
    let mut heard = vec![0; 4096];
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(());
        }
        // What the daemon's dialect writes, to the byte but for ids.
        let body = format!(
            "{{\"from\":\"+49305550000\",\"to\":\"+49155500{:05}\",\"text\":\"{}\",\"reference\":\"{number:032x}\"}}",
            number % 1000 + 1,
            words(number)
        );
        let request = format!(
            "POST /messages HTTP/1.1\r\nhost: {carrier}\r\nauthorization: Bearer bench-api-key\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        line.write_all(request.as_bytes()).await?;
        let mut so_far = 0;
        // The answer is small and comes with its length: it ends with its body's brackets.
        while !heard[..so_far].ends_with(b"}}") {
            let more = line.read(&mut heard[so_far..]).await?;
            if more == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            so_far += more;
        }
    }
}
