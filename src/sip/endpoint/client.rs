//! The way out: which way a request goes, how long it may be there, and who gets its answer.

use super::{Core, count};
use crate::sip::message::{CSeq, Hop, Request, Response, Transport, Via};
use crate::sip::transport::Path;
use crate::sip::wire::{own_via, request_bytes};
use bytes::Bytes;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::oneshot;

/// A request longer than this goes over TCP (RFC 3261 18.1.1): the path's MTU is unknown, and 1500 less a margin.
const UDP_BYTES_MAX: usize = 1300;

/// No datagram can carry more.
const DATAGRAM_BYTES_MAX: usize = 65_507;

/// Whether what is longer than 1300 bytes may go over UDP after all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongOverUdp {
    /// TCP, or [`SendFailure::TooLongForUdp`].
    Never,
    /// UDP if the peer refuses TCP: the path must be known to carry it (RFC 3428 8).
    IfTcpIsRefused,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendFailure {
    /// It was sent, again and again over UDP, and nobody answered: it may have arrived all the same.
    #[error("nobody answered in time")]
    TimedOut,
    /// It was not sent.
    #[error("the peer cannot be reached: {0}")]
    Unreachable(String),
    /// It was sent, and the connection ended before the answer: it may have arrived all the same.
    #[error("the connection ended before the answer came")]
    ConnectionLost,
    #[error("too many requests wait for answers already")]
    TooManyTransactions,
    #[error("the SIP endpoint is shutting down")]
    ShuttingDown,
    /// It was not sent: it has more than 1300 bytes, and the peer takes no TCP. Make it shorter, or split it.
    #[error("the message is too long for UDP, and the peer takes no TCP")]
    TooLongForUdp,
}

pub(super) async fn send(
    core: &Arc<Core>,
    mut request: Request,
    hop: Hop,
    long: LongOverUdp,
) -> Result<Response, SendFailure> {
    if core.is_closing() {
        return Err(SendFailure::ShuttingDown);
    }
    if !request.headers.contains("Max-Forwards") {
        request.headers.push_front("Max-Forwards", "70");
    }
    if !request.headers.contains("User-Agent") {
        request.headers.push("User-Agent", core.user_agent.as_str());
    }
    let branch = new_branch(core);
    let (path, bytes) = choose(core, &mut request, &hop, long, branch).await?;

    let (answer, answered) = oneshot::channel();
    let now = core.clock.monotonic();
    let is_earlier = core.table().begin(branch, request.method, (path.clone(), bytes.clone()), answer, now)?;
    let _forget = Forget { core, branch };
    if is_earlier {
        core.earlier.notify_one();
    }
    count(&core.counters.sent);
    path.send(bytes).await.map_err(|why| SendFailure::Unreachable(why.to_string()))?;
    answered.await.unwrap_or(Err(SendFailure::ShuttingDown))
}

/// Ends the transaction of a sender that has been dropped; after an answer there is nothing left to end.
struct Forget<'a> {
    core: &'a Arc<Core>,
    branch: u64,
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        let mut table = self.core.table();
        if table.is_waiting(self.branch) {
            table.fail(self.branch);
        }
    }
}

pub(super) fn on_response(core: &Arc<Core>, response: Response, via: &Via, cseq: &CSeq) {
    let Some(branch) = via.branch().and_then(read_branch) else { return };
    let now = core.clock.monotonic();
    let waiting = core.table().hear(branch, &cseq.method, !response.is_provisional(), now);
    if let Some(answer) = waiting {
        let _ = answer.send(Ok(response));
    }
}

/// The path a request takes and the bytes it then has: its Via names the transport.
async fn choose(
    core: &Arc<Core>,
    request: &mut Request,
    hop: &Hop,
    long: LongOverUdp,
    branch: u64,
) -> Result<(Path, Bytes), SendFailure> {
    if hop.transport != Transport::Udp {
        let path =
            core.transports.stream_path(hop, core).await.map_err(|why| SendFailure::Unreachable(why.to_string()))?;
        let bytes = with_via(core, request, &path, branch)?;
        return Ok((path, bytes));
    }
    let no_socket = || SendFailure::Unreachable(format!("no UDP listener reaches {}", hop.addr.ip()));
    let path = core.transports.udp_path(hop.flow, hop.addr).ok_or_else(no_socket)?;
    let bytes = with_via(core, request, &path, branch)?;
    if bytes.len() <= UDP_BYTES_MAX {
        return Ok((path, bytes));
    }
    match over_tcp(core, hop).await {
        Ok(path) => {
            remove_via(request);
            let bytes = with_via(core, request, &path, branch)?;
            Ok((path, bytes))
        }
        Err(why) if may_go_long(long, &why) && bytes.len() <= DATAGRAM_BYTES_MAX => Ok((path, bytes)),
        Err(_) => Err(SendFailure::TooLongForUdp),
    }
}

/// A TCP connection to a peer known for its UDP. Where there lately was none, there is none.
async fn over_tcp(core: &Arc<Core>, hop: &Hop) -> io::Result<Path> {
    if let Some(why) = core.without_tcp(hop.addr) {
        return Err(why.into());
    }
    let hop = Hop { transport: Transport::Tcp, flow: None, ..hop.clone() };
    let path = core.transports.stream_path(&hop, core).await;
    if let Err(why) = &path {
        core.note_without_tcp(hop.addr, why.kind());
    }
    path
}

fn may_go_long(long: LongOverUdp, why: &io::Error) -> bool {
    long == LongOverUdp::IfTcpIsRefused && why.kind() == io::ErrorKind::ConnectionRefused
}

fn with_via(core: &Core, request: &mut Request, path: &Path, branch: u64) -> Result<Bytes, SendFailure> {
    let no_way = || SendFailure::Unreachable(format!("there is no route to {}", path.peer_ip()));
    let sent_by = core.sent_by(path).ok_or_else(no_way)?;
    request.headers.push_front("Via", own_via(path.transport(), &sent_by, &write_branch(branch)));
    Ok(request_bytes(request))
}

fn remove_via(request: &mut Request) {
    request.headers.remove_first("Via");
}

/// Unique here and not to be guessed elsewhere: a counter under this process's keys.
fn new_branch(core: &Core) -> u64 {
    let mut hasher = core.keys.build_hasher();
    hasher.write(b"branch");
    hasher.write_u64(core.branches.fetch_add(1, Ordering::Relaxed));
    hasher.finish()
}

fn write_branch(branch: u64) -> String {
    format!("z9hG4bK{branch:016x}")
}

fn read_branch(text: &str) -> Option<u64> {
    let digits = text.get(7..).filter(|digits| digits.len() == 16)?;
    u64::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_read_back_and_no_other_is() {
        assert_eq!(read_branch(&write_branch(0xabc)), Some(0xabc));
        assert_eq!(read_branch("z9hG4bK"), None);
        assert_eq!(read_branch("z9hG4bK00000000000000zz"), None);
        assert_eq!(read_branch("z9hG4bKü00000000000000"), None);
    }
}
