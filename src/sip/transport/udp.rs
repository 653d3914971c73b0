//! Datagrams in. The buffer takes the largest there is: a body must never be cut and called whole.

use super::{Handler, Transports};
use crate::sip::message::{FlowId, Source, Transport};
use crate::sip::wire::read_datagram;
use bytes::Bytes;
use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::UdpSocket;
use tracing::debug;

const DATAGRAM_BYTES_MAX: usize = 65_535;

/// Asked of the system, which may give less: at 20,000 datagrams a second it rides out a pause of 100 ms.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

pub fn bind(addr: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(addr), Type::DGRAM, Some(Protocol::UDP))?;
    if addr.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES);
    let _ = socket.set_send_buffer_size(RECEIVE_BUFFER_BYTES);
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    UdpSocket::from_std(socket.into())
}

pub async fn listen<H: Handler + AsRef<Transports>>(
    socket: Arc<UdpSocket>,
    local: SocketAddr,
    flow: FlowId,
    handler: Arc<H>,
) {
    let transports: &Transports = (*handler).as_ref();
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let received = tokio::select! {
            biased;
            received = socket.recv_from(&mut buffer) => received,
            () = transports.stop.cancelled() => return,
        };
        match received {
            Ok((length, addr)) => {
                let source = Source { transport: Transport::Udp, addr, local, flow };
                take(&buffer[..length], source, &handler, transports);
            }
            // An ICMP answer to something we sent: the transaction's timers will find out.
            Err(why) => debug!(%local, %why, "A datagram could not be received"),
        }
    }
}

fn take<H: Handler>(datagram: &[u8], source: Source, handler: &Arc<H>, transports: &Transports) {
    if datagram.iter().all(|b| matches!(b, b'\r' | b'\n' | 0)) {
        return; // a keep-alive: it has kept the NAT open by arriving
    }
    if !transports.pace.take(source.addr.ip(), transports.clock.monotonic()) {
        return handler.dropped();
    }
    let datagram = Bytes::copy_from_slice(datagram);
    handler.heard(read_datagram(&datagram), source, datagram.len());
}
