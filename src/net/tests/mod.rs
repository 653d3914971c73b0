//! Peers on loopback that misbehave in every way we could think of, and what client and server promise all the same.

mod client;
mod pouring;
mod private_places;
mod server;

use crate::clock::Clock;
use crate::domain::time::Timestamp;
use crate::net::client::{CallError, CallLimits, ClientSettings, HttpClient, Lookup};
use crate::net::network::AllowPrivate;
use crate::net::tls::{self, Certificate};
use bytes::Bytes;
use http::{Request, Response};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

pub(super) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A peer that does `act` with its nth connection (from 0).
pub(super) async fn peer<F, Acting>(act: F) -> SocketAddr
where
    F: Fn(usize, TcpStream) -> Acting + Send + 'static,
    Acting: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for nth in 0.. {
            let (socket, _) = listener.accept().await.unwrap();
            tokio::spawn(act(nth, socket));
        }
    });
    addr
}

/// Reads one request: its head, and the body its Content-Length announces.
pub(super) async fn read_request(socket: &mut TcpStream) -> String {
    let mut all = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&all).to_ascii_lowercase();
        if let Some(end) = text.find("\r\n\r\n") {
            let length = text.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            if all.len() >= end + 4 + length.map_or(0, |length| length.parse().unwrap()) {
                return String::from_utf8_lossy(&all).into_owned();
            }
        }
        match socket.read(&mut part).await.unwrap_or(0) {
            0 => return String::from_utf8_lossy(&all).into_owned(),
            n => all.extend_from_slice(&part[..n]),
        }
    }
}

pub(super) fn settings() -> ClientSettings {
    let folder = tempfile::tempdir().unwrap();
    let own = Certificate::self_made(folder.path(), &[], Timestamp(1_790_000_000_000)).unwrap();
    let mut settings = ClientSettings::new(tls::client(Some(own.file())).unwrap());
    settings.allow_private = AllowPrivate::parse(["127.0.0.1"]).unwrap();
    settings.limits = CallLimits { total_max: Duration::from_secs(5), body_bytes_max: 1000 };
    settings
}

pub(super) fn client(change: impl FnOnce(&mut ClientSettings)) -> HttpClient {
    let mut settings = settings();
    change(&mut settings);
    HttpClient::new(settings, Clock::system())
}

pub(super) fn post(url: String) -> Request<Bytes> {
    Request::post(url)
        .header("Content-Type", "application/json")
        .body(Bytes::from_static(b"{\"text\":\"hello\"}"))
        .unwrap()
}

pub(super) fn get(url: String) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

pub(super) async fn posted(client: &HttpClient, addr: SocketAddr) -> Result<Response<Bytes>, CallError> {
    client.call(post(format!("http://{addr}/messages?a=b"))).await
}

pub(super) fn is_no_answer(result: &Result<Response<Bytes>, CallError>) -> bool {
    matches!(result, Err(CallError::NoAnswer { status: None, .. }))
}

pub(super) fn is_not_sent(result: &Result<Response<Bytes>, CallError>) -> bool {
    matches!(result, Err(CallError::NotSent(_)))
}

/// A look-up from a list; counts nothing, knows nothing else.
pub(super) struct Book(pub Vec<(&'static str, Vec<&'static str>)>);

#[async_trait::async_trait]
impl Lookup for Book {
    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let found = self.0.iter().find(|(name, _)| *name == host);
        found
            .map(|(_, addrs)| addrs.iter().map(|addr| addr.parse().unwrap()).collect())
            .ok_or(io::ErrorKind::NotFound.into())
    }
}

pub(super) fn is_refused(result: &Result<Response<Bytes>, CallError>) -> bool {
    matches!(result, Err(CallError::Refused(_)))
}

pub(super) struct Folder {
    pub certificate: Arc<Certificate>,
    _folder: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Folder {
        let folder = tempfile::tempdir().unwrap();
        let certificate = Certificate::self_made(folder.path(), &[], Clock::system().now()).unwrap();
        Folder { certificate, _folder: folder }
    }
}

pub(super) async fn tls_peer(folder: &Folder) -> SocketAddr {
    tls_peer_saying(folder, OK.to_owned()).await
}

pub(super) async fn tls_redirecting_peer(folder: &Folder, to: &str) -> SocketAddr {
    tls_peer_saying(folder, format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")).await
}

pub(super) async fn tls_peer_saying(folder: &Folder, answer: String) -> SocketAddr {
    let acceptor = tokio_rustls::TlsAcceptor::from(tls::https_server(folder.certificate.clone()));
    peer(move |_, socket| {
        let (acceptor, answer) = (acceptor.clone(), answer.clone());
        async move {
            let Ok(mut stream) = acceptor.accept(socket).await else { return };
            let mut head = [0; 2048];
            let _ = stream.read(&mut head).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    })
    .await
}
