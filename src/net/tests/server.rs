//! What a door promises: bounds on everything, a polite end, and no bad connection that spoils it for others.

use super::*;
use crate::net::forwarded::{ClientAddr, ClientScheme};
use crate::net::server::{self, ServerSettings, Serving, bind, serve};
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get as on_get, post as on_post};
use axum::{Extension, Router};
use std::time::Instant;
use tokio_util::sync::CancellationToken;

const SOON: Duration = Duration::from_millis(300);

fn routes() -> Router {
    Router::new()
        .route("/", on_get(async || "hello"))
        .route("/echo", on_post(async |body: Bytes| body))
        .route("/small", on_post(async |body: Bytes| body).layer(DefaultBodyLimit::max(10)))
        .route(
            "/slow",
            on_get(async || {
                tokio::time::sleep(SOON * 2).await;
                "at last"
            }),
        )
        .route("/panic", on_get(async || -> &'static str { panic!("on purpose") }))
        .route("/large", on_get(async || vec![b'x'; 32 << 20]))
        .route(
            "/events",
            on_get(async || {
                let first = Bytes::from_static(b"data: 1\n\n");
                let events = futures_util::stream::unfold(Some(first), async |event| match event {
                    Some(event) => Some((Ok::<_, io::Error>(event), None)),
                    None => std::future::pending().await,
                });
                ([("content-type", "text/event-stream")], Body::from_stream(events))
            }),
        )
        .route(
            "/who",
            on_get(async |Extension(addr): Extension<ClientAddr>, Extension(scheme): Extension<ClientScheme>| {
                format!("{} {scheme:?}", addr.0)
            }),
        )
}

fn door(change: impl FnOnce(&mut ServerSettings)) -> Serving {
    door_at("127.0.0.1:0", change)
}

fn door_at(addr: &str, change: impl FnOnce(&mut ServerSettings)) -> Serving {
    let mut settings = ServerSettings { body_bytes_max: 1000, ..ServerSettings::new("test") };
    change(&mut settings);
    serve(settings, bind(addr.parse().unwrap()).unwrap(), routes(), CancellationToken::new())
}

/// Says `words` on a connection of its own and hears until its end.
async fn say(addr: SocketAddr, words: &str) -> String {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(words.as_bytes()).await.unwrap();
    hear(&mut socket).await
}

async fn hear(socket: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut heard)).await.expect("it ends");
    String::from_utf8_lossy(&heard).into_owned()
}

/// Hears until `words` came.
async fn hear_until(socket: &mut TcpStream, words: &str) -> String {
    let mut heard = String::new();
    while !heard.contains(words) {
        let mut part = [0; 4096];
        let length = tokio::time::timeout(Duration::from_secs(5), socket.read(&mut part)).await.unwrap().unwrap();
        assert_ne!(length, 0, "it ended after {heard:?}");
        heard.push_str(&String::from_utf8_lossy(&part[..length]));
    }
    heard
}

async fn ask(addr: SocketAddr, path: &str) -> String {
    say(addr, &format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await
}

fn post_of(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{}",
        "x".repeat(length)
    )
}

#[tokio::test]
async fn a_door_serves_on_ipv4_and_ipv6_and_says_where() {
    for addr in ["127.0.0.1:0", "[::1]:0"] {
        let door = door_at(addr, |_| {});

        assert_ne!(door.addr().port(), 0);
        assert!(ask(door.addr(), "/").await.ends_with("\r\n\r\nhello"));
        assert!(ask(door.addr(), "/who").await.ends_with(&format!("{} Http", door.addr().ip())));
    }
}

#[tokio::test]
async fn a_door_with_a_self_made_certificate_speaks_tls() {
    let folder = Folder::new();
    let door = door(|settings| settings.tls = Some(tls::https_server(folder.certificate.clone())));
    let mut settings = settings();
    settings.tls = tls::client(Some(folder.certificate.file())).unwrap();
    let client = HttpClient::new(settings, Clock::system());

    let request = Request::get(format!("https://{}/who", door.addr())).body(Bytes::new()).unwrap();
    assert_eq!(client.call(request).await.unwrap().body(), "127.0.0.1 Https");

    let spoken_to_in_plain = ask(door.addr(), "/").await;
    assert!(!spoken_to_in_plain.contains("hello"));
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_off_and_an_honest_client_is_served() {
    let door = door(|settings| settings.header_max = SOON);
    let slow = tokio::spawn(async move {
        let started = Instant::now();
        let mut socket = TcpStream::connect(door.addr()).await.unwrap();
        let mut still_open = socket.write_all(b"GET / HTTP/1.1\r\n").await.is_ok();
        while still_open && started.elapsed() < SOON * 10 {
            still_open = socket.write_all(b"X-A: b\r\n").await.is_ok();
            tokio::time::sleep(SOON / 10).await;
        }
        (still_open, started.elapsed(), door)
    });

    let (still_open, lasted, door) = slow.await.unwrap();
    assert!(!still_open && lasted >= SOON, "{lasted:?}");
    assert!(ask(door.addr(), "/").await.ends_with("hello"));

    let mut silent = TcpStream::connect(door.addr()).await.unwrap();
    assert_eq!(hear(&mut silent).await, "", "who says nothing is closed too");
}

#[tokio::test]
async fn an_idle_client_is_closed_in_its_time_and_not_before() {
    let door = door(|settings| {
        settings.header_max = SOON / 3;
        settings.idle_max = SOON * 2;
    });
    let mut socket = TcpStream::connect(door.addr()).await.unwrap();
    for _ in 0..3 {
        socket.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        hear_until(&mut socket, "hello").await;
        tokio::time::sleep(SOON).await;
    }

    let started = Instant::now();
    assert_eq!(hear(&mut socket).await, "");
    assert!(started.elapsed() < SOON * 4);
}

#[tokio::test]
async fn a_head_too_large_is_refused() {
    let door = door(|_| {});

    let heard = say(door.addr(), &format!("GET / HTTP/1.1\r\nHost: a\r\nX-A: {}\r\n\r\n", "x".repeat(40_000))).await;

    assert!(heard.starts_with("HTTP/1.1 431") || heard.is_empty(), "{heard}");
    assert!(ask(door.addr(), "/").await.ends_with("hello"));
}

#[tokio::test]
async fn a_body_too_large_is_refused_announced_or_not_and_routes_may_allow_less() {
    let door = door(|_| {});
    assert!(say(door.addr(), &post_of("/echo", 1000)).await.starts_with("HTTP/1.1 200"));

    let announced = say(door.addr(), &post_of("/echo", 1001)).await;
    assert!(announced.starts_with("HTTP/1.1 413") && announced.contains("application/problem+json"), "{announced}");

    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunked = say(door.addr(), &format!("{head}3e9\r\n{}\r\n0\r\n\r\n", "x".repeat(1001))).await;
    assert!(chunked.starts_with("HTTP/1.1 413"), "{chunked}");

    assert!(say(door.addr(), &post_of("/small", 11)).await.starts_with("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_503_and_live_events_go_on() {
    let door = door(|settings| settings.request_max = SOON);
    let mut live = TcpStream::connect(door.addr()).await.unwrap();
    live.write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    hear_until(&mut live, "data: 1").await;

    let late = ask(door.addr(), "/slow").await;
    assert!(late.starts_with("HTTP/1.1 503") && late.contains("retry-after: 5"), "{late}");

    let head = "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 900\r\n\r\n";
    let dripping = say(door.addr(), &format!("{head}only this much")).await;
    assert!(dripping.starts_with("HTTP/1.1 503"), "{dripping}");

    let ended = tokio::time::timeout(SOON, live.read_u8()).await;
    assert!(ended.is_err(), "the live stream is still open");
}

#[tokio::test]
async fn a_panic_is_a_500_for_its_client_alone() {
    let door = door(|_| {});

    let heard = ask(door.addr(), "/panic").await;

    assert!(heard.starts_with("HTTP/1.1 500") && heard.contains("application/problem+json"), "{heard}");
    assert!(!heard.contains("on purpose"));
    assert!(ask(door.addr(), "/").await.ends_with("hello"));
}

#[tokio::test]
async fn draining_lets_a_request_finish_ends_live_streams_and_takes_nobody_in() {
    let door = door(|_| {});
    let addr = door.addr();
    let running = tokio::spawn(async move { ask(addr, "/slow").await });
    let mut live = TcpStream::connect(addr).await.unwrap();
    live.write_all(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    hear_until(&mut live, "data: 1").await;
    let mut idle = TcpStream::connect(addr).await.unwrap();
    idle.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    hear_until(&mut idle, "hello").await;
    let mut fresh = TcpStream::connect(addr).await.unwrap();
    while door.figures().connections_open < 4 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let started = Instant::now();
    let cut = door.drain(Duration::from_secs(5)).await;

    assert_eq!(cut, 0);
    assert!(started.elapsed() < Duration::from_secs(3));
    assert!(running.await.unwrap().ends_with("at last"));
    assert!(hear(&mut live).await.ends_with("0\r\n\r\n"), "a clean end of the stream");
    assert_eq!(hear(&mut idle).await + &hear(&mut fresh).await, "");
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn what_is_still_running_at_the_deadline_is_cut_and_counted() {
    let door = door(|_| {});
    let addr = door.addr();
    let running = tokio::spawn(async move { ask(addr, "/slow").await });
    while door.figures().connections_open == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;

    assert_eq!(door.drain(Duration::from_millis(50)).await, 1);
    assert_eq!(running.await.unwrap(), "");
}

#[tokio::test]
async fn a_shutdown_of_the_house_ends_a_door_and_dropping_one_cuts_it() {
    let shutdown = CancellationToken::new();
    let listener = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut ending = serve(ServerSettings::new("test"), listener, routes(), shutdown.clone());
    shutdown.cancel();
    tokio::time::timeout(SOON * 10, ending.ended()).await.expect("it ends");

    let dropped = door(|_| {});
    let mut guest = TcpStream::connect(dropped.addr()).await.unwrap();
    drop(dropped);
    assert_eq!(hear(&mut guest).await, "");
}

#[tokio::test]
async fn one_source_gets_its_share_and_a_proxy_is_not_one_source() {
    let crowded = door(|settings| settings.connections_per_source_max = 2);
    let _held = (TcpStream::connect(crowded.addr()).await.unwrap(), TcpStream::connect(crowded.addr()).await.unwrap());
    let mut third = TcpStream::connect(crowded.addr()).await.unwrap();
    assert_eq!(hear(&mut third).await, "");
    assert_eq!(crowded.figures().connections_refused, 1);
    let elsewhere = TcpSocket::new_v4().unwrap();
    elsewhere.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut elsewhere = elsewhere.connect(crowded.addr()).await.unwrap();
    elsewhere.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(hear(&mut elsewhere).await.ends_with("hello"), "another source is served");
    drop(_held);
    while crowded.figures().connections_open > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(ask(crowded.addr(), "/").await.ends_with("hello"), "and the first again, once it let go");

    let proxied = door(|settings| {
        settings.connections_per_source_max = 1;
        settings.proxies.networks = vec!["127.0.0.1".parse().unwrap()];
    });
    let _held = (TcpStream::connect(proxied.addr()).await.unwrap(), TcpStream::connect(proxied.addr()).await.unwrap());
    assert!(ask(proxied.addr(), "/").await.ends_with("hello"));
}

#[tokio::test]
async fn when_all_places_are_taken_others_wait_their_turn() {
    let door = door(|settings| settings.connections_max = 1);
    let held = TcpStream::connect(door.addr()).await.unwrap();
    while door.figures().connections_open == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let addr = door.addr();
    let waiting = tokio::spawn(async move { ask(addr, "/").await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());

    drop(held);

    assert!(waiting.await.unwrap().ends_with("hello"));
}

#[tokio::test]
async fn forwarded_addresses_are_believed_from_a_proxy_alone() {
    let request = "GET /who HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 1.2.3.4, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n\r\n";
    let open = door(|_| {});
    assert!(say(open.addr(), request).await.ends_with("127.0.0.1 Http"));

    let proxied = door(|settings| settings.proxies.networks = vec!["127.0.0.0/8".parse().unwrap()]);
    assert!(say(proxied.addr(), request).await.ends_with("203.0.113.9 Https"));
}

#[tokio::test]
async fn an_answer_nobody_reads_does_not_hold_a_place_for_ever() {
    let door = door(|settings| settings.unread_max = SOON);
    let mut lazy = TcpStream::connect(door.addr()).await.unwrap();
    lazy.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    hear_until(&mut lazy, "200 OK").await;

    let started = Instant::now();
    while door.figures().connections_open > 0 {
        assert!(started.elapsed() < SOON * 10);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_busy_port_and_a_foreign_address_say_what_to_do() {
    let taken = bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = taken.local_addr().unwrap();

    let busy = bind(addr).unwrap_err().to_string();
    assert!(busy.contains(&addr.to_string()) && busy.contains("take another port"), "{busy}");

    let foreign = bind("198.51.100.1:0".parse().unwrap()).unwrap_err().to_string();
    assert!(foreign.contains("no such address"), "{foreign}");
}

#[tokio::test]
async fn a_machine_without_descriptors_does_not_end_the_door() {
    const EMFILE: i32 = 24;
    const ECONNABORTED: i32 = 103;
    let faults = vec![EMFILE, ECONNABORTED, EMFILE, 105, ECONNABORTED];

    let (addr, _serving) = server::serve_with_faults(faults, routes());

    assert!(ask(addr, "/").await.ends_with("hello"));
}
