//! What pouring a file promises: it goes into the sink as it comes, never more than the bound, never anything else.

use super::*;
use crate::net::body::{Body, PourError, Sink};
use crate::net::client::Reach;
use crate::net::fetch::Fetch;
use http::{HeaderMap, StatusCode};
use std::convert::Infallible;
use std::time::Instant;

type Poured = Result<Response<Body>, PourError<Infallible>>;

/// A peer that answers with these bytes, and then again and again with those.
async fn saying(head: Vec<u8>, again: Option<Vec<u8>>) -> SocketAddr {
    peer(move |_, mut socket| {
        let (head, again) = (head.clone(), again.clone());
        async move {
            read_request(&mut socket).await;
            let _ = socket.write_all(&head).await;
            if let Some(again) = again {
                while socket.write_all(&again).await.is_ok() {}
            }
        }
    })
    .await
}

async fn pour(addr: SocketAddr, total_max: Duration, bytes_max: u64, sink: &mut Vec<u8>) -> Poured {
    let request = get(format!("http://{addr}/media/1"));
    client(|_| {}).pour(request, Reach::Settings, total_max, bytes_max, sink).await
}

const SOON: Duration = Duration::from_secs(5);

fn is_too_large(result: &Poured) -> bool {
    matches!(result, Err(PourError::Call(CallError::TooLarge { limit_bytes: 10_000, status: StatusCode::OK })))
}

#[tokio::test]
async fn a_file_larger_than_what_memory_may_hold_is_poured_whole() {
    // The bound for answers in memory is 1000 bytes here.
    let file: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {}\r\n\r\n", file.len());
    let addr = saying([head.as_bytes(), &file[..]].concat(), None).await;

    let mut sink = Vec::new();
    let response = pour(addr, SOON, 5_000_000, &mut sink).await.unwrap();

    assert_eq!(
        (response.body(), &response.headers()["content-type"]),
        (&Body::Poured(3_000_000), &"image/png".parse().unwrap())
    );
    assert!(sink == file);
}

#[tokio::test]
async fn what_is_no_good_answer_is_kept_in_memory_and_never_poured() {
    for status in ["404 Gone", "302 There", "204 Nothing", "206 Part", "500 Oops"] {
        let body = if status.starts_with("204") { "" } else { "Content-Length: 3\r\n\r\nwhy" };
        let addr = saying(format!("HTTP/1.1 {status}\r\n{body}\r\n").into_bytes(), None).await;

        let mut sink = Vec::new();
        let response = pour(addr, SOON, 10_000, &mut sink).await.unwrap();

        assert!(matches!(response.body(), Body::Kept(_)), "{status}");
        assert!(sink.is_empty(), "{status}");
    }
    let endless = saying(b"HTTP/1.1 404 Gone\r\n\r\n".to_vec(), Some(vec![b'x'; 10_000])).await;
    let result = pour(endless, SOON, 1 << 30, &mut Vec::new()).await;
    assert!(matches!(result, Err(PourError::Call(CallError::TooLarge { limit_bytes: 1000, .. }))), "{result:?}");
}

#[tokio::test]
async fn a_file_that_is_too_large_is_cut_off_announced_or_not() {
    let mut sink = Vec::new();
    let announced = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n".to_vec(), Some(vec![b'x'; 999])).await;
    assert!(is_too_large(&pour(announced, SOON, 10_000, &mut sink).await));
    assert!(sink.is_empty(), "nothing was taken of what would not fit");

    for head in ["", "Transfer-Encoding: chunked\r\n"] {
        let piece = if head.is_empty() { vec![b'x'; 1000] } else { [b"3e8\r\n", &[b'x'; 1000][..], b"\r\n"].concat() };
        let endless = saying(format!("HTTP/1.1 200 OK\r\n{head}\r\n").into_bytes(), Some(piece)).await;
        let mut sink = Vec::new();

        assert!(is_too_large(&pour(endless, SOON, 10_000, &mut sink).await), "{head}");
        assert!(sink.len() <= 10_000, "{head}: {}", sink.len());
    }
}

#[tokio::test]
async fn a_content_length_that_lies_gives_no_whole_file() {
    let short = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf a file".to_vec(), None).await;
    let result = pour(short, SOON, 10_000, &mut Vec::new()).await;
    assert!(
        matches!(result, Err(PourError::Call(CallError::NoAnswer { status: Some(StatusCode::OK), .. }))),
        "{result:?}"
    );

    let long = saying(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n".to_vec(), None).await;
    let mut sink = Vec::new();
    assert_eq!(pour(long, SOON, 10_000, &mut sink).await.unwrap().body(), &Body::Poured(3));
    assert_eq!(sink, b"abc");
}

#[tokio::test]
async fn a_file_that_drips_ends_with_its_time() {
    let drip = peer(|_, mut socket| async move {
        read_request(&mut socket).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n").await;
        while socket.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let started = Instant::now();

    let result = pour(drip, Duration::from_millis(300), 10_000, &mut Vec::new()).await;

    assert!(matches!(result, Err(PourError::Call(CallError::NoAnswer { .. }))), "{result:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn what_is_compressed_stays_so_and_grows_to_nothing() {
    let bomb = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0];
    let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 8\r\n\r\n";
    let addr = saying([head.as_bytes(), &bomb].concat(), None).await;

    let mut sink = Vec::new();
    pour(addr, SOON, 10_000, &mut sink).await.unwrap();

    assert_eq!(sink, bomb);
}

#[tokio::test]
async fn a_sink_that_is_full_ends_it() {
    struct Full(usize);
    impl Sink for Full {
        type Error = &'static str;
        async fn take(&mut self, piece: &[u8]) -> Result<(), &'static str> {
            self.0 = self.0.checked_sub(piece.len()).ok_or("the disk is full")?;
            Ok(())
        }
    }
    let endless = saying(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), Some(vec![b'x'; 1000])).await;

    let request = get(format!("http://{endless}/"));
    let result = client(|_| {}).pour(request, Reach::Settings, SOON, 1 << 30, &mut Full(5000)).await;

    assert!(matches!(result, Err(PourError::Sink("the disk is full"))), "{result:?}");
}

#[tokio::test]
async fn an_address_that_a_message_named_never_leads_to_a_private_place() {
    let asked = peer(|_, _| async { panic!("nobody calls here") }).await;
    for url in [
        format!("https://{asked}/"),
        format!("http://{asked}/"),
        "https://127.0.0.1/".into(),
        "https://media.example.com/".into(),
    ] {
        // All of these places are allowed by name, for trunks; a message is no trunk.
        let public = client(|settings| {
            settings.allow_private = AllowPrivate::parse(["127.0.0.0/8", "media.example.com"]).unwrap();
            settings.lookup = Arc::new(Book(vec![("media.example.com", vec!["127.0.0.1"])]));
        });
        let poured = public.pour(get(url.clone()), Reach::Public, SOON, 10_000, &mut Vec::new()).await;
        let fetch = Fetch {
            uri: url.parse().unwrap(),
            headers: HeaderMap::new(),
            hosts: Vec::new(),
            reach: Reach::Public,
            total_max: SOON,
            bytes_max: 10_000,
        };
        let fetched = public.fetch(fetch, &mut Vec::new()).await;

        for result in [poured, fetched] {
            assert!(matches!(result, Err(PourError::Call(CallError::Refused(_)))), "{url}: {result:?}");
        }
    }
}

#[tokio::test]
async fn a_line_is_free_for_the_next_call_once_its_file_was_poured() {
    let connections = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = connections.clone();
    let addr = peer(move |_, mut socket| {
        counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        async move {
            while !read_request(&mut socket).await.is_empty() {
                let _ = socket.write_all(OK.as_bytes()).await;
            }
        }
    })
    .await;
    let client = client(|_| {});

    for _ in 0..10 {
        let request = get(format!("http://{addr}/"));
        client.pour(request, Reach::Settings, SOON, 10, &mut Vec::new()).await.unwrap();
    }

    assert_eq!(connections.load(std::sync::atomic::Ordering::SeqCst), 1);
}
