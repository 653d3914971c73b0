//! What a call promises: its response, or an error that says whether the request may have been received.

use super::*;
use http::StatusCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

#[tokio::test]
async fn a_call_arrives_as_it_was_written_and_its_response_comes_back() {
    let seen = Arc::new(Mutex::new(String::new()));
    let noted = seen.clone();
    let addr = peer(move |_, mut socket| {
        let noted = noted.clone();
        async move {
            *noted.lock().unwrap() = read_request(&mut socket).await;
            socket.write_all(b"HTTP/1.1 422 No\r\nContent-Length: 3\r\nX-A: b\r\n\r\nwhy").await.unwrap();
        }
    })
    .await;

    let response = posted(&client(|_| {}), addr).await.unwrap();

    assert_eq!((response.status(), &response.body()[..]), (StatusCode::UNPROCESSABLE_ENTITY, &b"why"[..]));
    assert_eq!(response.headers()["x-a"], "b");
    let seen = seen.lock().unwrap().clone();
    assert!(seen.starts_with("POST /messages?a=b HTTP/1.1\r\n"), "{seen}");
    assert!(seen.contains(&format!("host: {addr}\r\n")) && seen.contains("user-agent: Depesche/"), "{seen}");
    assert!(seen.ends_with("{\"text\":\"hello\"}") && !seen.contains("accept-encoding"), "{seen}");
}

#[tokio::test]
async fn a_closed_port_a_dead_name_and_a_full_backlog_are_not_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert!(is_not_sent(&posted(&client(|_| {}), closed).await));

    let nowhere = client(|settings| settings.lookup = Arc::new(Book(vec![])));
    assert!(is_not_sent(&nowhere.call(post("https://nowhere.example.com/".into())).await));

    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let full = socket.listen(0).unwrap();
    let addr = full.local_addr().unwrap();
    let _first = TcpStream::connect(addr).await.unwrap();
    let hurried = client(|settings| settings.connect_max = Duration::from_millis(200));
    let started = Instant::now();
    assert!(is_not_sent(&posted(&hurried, addr).await));
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_failed_tls_handshake_is_not_sent() {
    let plain = peer(|_, mut socket| async move {
        read_request(&mut socket).await;
        let _ = socket.write_all(OK.as_bytes()).await;
    })
    .await;
    let silent = peer(|_, socket| async move {
        tokio::time::sleep(Duration::from_secs(9)).await;
        drop(socket);
    })
    .await;
    let stranger = tls_peer(&Folder::new()).await;
    let hurried = client(|settings| settings.connect_max = Duration::from_millis(300));

    for addr in [plain, silent, stranger] {
        assert!(is_not_sent(&hurried.call(post(format!("https://{addr}/"))).await), "{addr}");
    }
}

#[tokio::test]
async fn a_certificate_of_a_named_authority_is_trusted_for_its_names_alone() {
    let folder = Folder::new();
    let addr = tls_peer(&folder).await;
    let trusting = client(|settings| {
        settings.tls = tls::client(Some(folder.certificate.file())).unwrap();
        settings.lookup =
            Arc::new(Book(vec![("localhost", vec!["127.0.0.1"]), ("other.example.com", vec!["127.0.0.1"])]));
    });

    assert_eq!(trusting.call(get(format!("https://localhost:{}/", addr.port()))).await.unwrap().body(), "ok");
    assert_eq!(trusting.call(get(format!("https://{addr}/"))).await.unwrap().body(), "ok");
    assert!(is_not_sent(&trusting.call(get(format!("https://other.example.com:{}/", addr.port()))).await));
}

#[tokio::test]
async fn a_peer_that_takes_the_request_and_hangs_has_not_answered() {
    let addr = peer(|_, mut socket| async move {
        read_request(&mut socket).await;
        tokio::time::sleep(Duration::from_secs(9)).await;
    })
    .await;
    let hurried = client(|settings| settings.limits.total_max = Duration::from_millis(200));

    assert!(is_no_answer(&posted(&hurried, addr).await));
}

#[tokio::test]
async fn a_peer_that_accepts_and_never_reads_has_not_answered() {
    let addr = peer(|_, socket| async move {
        tokio::time::sleep(Duration::from_secs(9)).await;
        drop(socket);
    })
    .await;
    let hurried = client(|settings| settings.limits.total_max = Duration::from_millis(200));

    assert!(is_no_answer(&posted(&hurried, addr).await));
}

#[tokio::test]
async fn not_sent_is_never_said_of_a_request_whose_first_byte_was_seen() {
    let addr = peer(|_, mut socket| async move {
        let _ = socket.read_u8().await; // then a reset: the rest is unread
    })
    .await;
    let client = client(|_| {});

    for _ in 0..50 {
        assert!(is_no_answer(&posted(&client, addr).await));
    }
}

#[tokio::test]
async fn a_peer_that_closes_unread_is_never_taken_for_an_answer() {
    let addr = peer(|_, socket| async move { drop(socket) }).await;
    let client = client(|_| {});

    for _ in 0..50 {
        let result = posted(&client, addr).await;
        assert!(is_no_answer(&result) || is_not_sent(&result), "{result:?}");
    }
}

#[tokio::test]
async fn a_peer_that_reads_all_and_closes_or_talks_nonsense_has_not_answered() {
    for nonsense in ["", "HTTP/9.9 what\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-"] {
        let addr = peer(move |_, mut socket| async move {
            read_request(&mut socket).await;
            let _ = socket.write_all(nonsense.as_bytes()).await;
        })
        .await;

        let result = posted(&client(|_| {}), addr).await;

        assert!(is_no_answer(&result), "{nonsense:?}: {result:?}");
    }
}

#[tokio::test]
async fn a_response_that_breaks_off_keeps_its_status() {
    let addr = peer(|_, mut socket| async move {
        read_request(&mut socket).await;
        let _ = socket.write_all(b"HTTP/1.1 201 Created\r\nContent-Length: 50\r\n\r\n{").await;
    })
    .await;

    let result = posted(&client(|_| {}), addr).await;

    assert!(matches!(result, Err(CallError::NoAnswer { status: Some(StatusCode::CREATED), .. })), "{result:?}");
}

#[tokio::test]
async fn a_response_too_large_is_cut_off_announced_or_not() {
    for head in
        ["Content-Length: 1001\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3e9\r\n", "Connection: close\r\n\r\n"]
    {
        let addr = peer(move |_, mut socket| async move {
            read_request(&mut socket).await;
            let _ = socket.write_all(format!("HTTP/1.1 200 OK\r\n{head}{}", "x".repeat(1001)).as_bytes()).await;
            tokio::time::sleep(Duration::from_secs(9)).await;
        })
        .await;

        let result = posted(&client(|_| {}), addr).await;

        assert_eq!(result.unwrap_err(), CallError::TooLarge { limit_bytes: 1000, status: StatusCode::OK }, "{head}");
    }
}

#[tokio::test]
async fn a_head_without_end_and_a_slow_drip_are_ended() {
    let endless = peer(|_, mut socket| async move {
        read_request(&mut socket).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\n").await;
        while socket.write_all(b"X-Header: and another one, and another one, and another one\r\n").await.is_ok() {}
    })
    .await;
    assert!(is_no_answer(&posted(&client(|_| {}), endless).await));

    let drip = peer(|_, mut socket| async move {
        read_request(&mut socket).await;
        let _ = socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n").await;
        while socket.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let started = Instant::now();
    let hurried = client(|settings| settings.limits.total_max = Duration::from_millis(300));
    let result = posted(&hurried, drip).await;
    assert!(matches!(result, Err(CallError::NoAnswer { status: Some(StatusCode::OK), .. })), "{result:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn time_outs_follow_the_clock_of_the_house() {
    let addr = peer(|_, mut socket| async move {
        read_request(&mut socket).await;
        tokio::time::sleep(Duration::from_secs(9)).await;
    })
    .await;
    let clock = Clock::by_hand(Timestamp(0));
    let client = HttpClient::new(settings(), clock.clone());
    let call = tokio::spawn(async move { posted(&client, addr).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!call.is_finished());

    clock.advance(Duration::from_secs(6));

    assert!(is_no_answer(&call.await.unwrap()));
}

/// Answers `ok` on one connection, again and again, until `rounds` are over; then does as `last` says.
async fn keeping_peer(connections: Arc<AtomicUsize>, last: &'static str) -> SocketAddr {
    peer(move |nth, mut socket| {
        connections.fetch_add(1, Ordering::SeqCst);
        async move {
            read_request(&mut socket).await;
            let _ = socket.write_all(OK.as_bytes()).await;
            match last {
                "closes" => return,
                "drops at the first byte" if nth == 0 => {
                    let _ = socket.read_u8().await;
                    return;
                }
                _ => {}
            }
            while !read_request(&mut socket).await.is_empty() {
                let _ = socket.write_all(OK.as_bytes()).await;
            }
        }
    })
    .await
}

#[tokio::test]
async fn calls_one_after_the_other_share_a_connection() {
    let connections = Arc::new(AtomicUsize::new(0));
    let addr = keeping_peer(connections.clone(), "stays").await;
    let client = client(|_| {});

    for _ in 0..20 {
        assert_eq!(posted(&client, addr).await.unwrap().body(), "ok");
    }

    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_kept_connection_that_its_peer_closed_is_replaced_without_a_word() {
    let connections = Arc::new(AtomicUsize::new(0));
    let addr = keeping_peer(connections.clone(), "closes").await;
    let client = client(|_| {});

    for _ in 0..20 {
        assert_eq!(posted(&client, addr).await.unwrap().body(), "ok");
        tokio::time::sleep(Duration::from_millis(20)).await; // its end arrives
    }

    assert_eq!(connections.load(Ordering::SeqCst), 20);
}

#[tokio::test]
async fn a_text_lost_on_a_kept_connection_is_not_repeated_but_a_question_is() {
    for (is_question, repeated) in [(false, false), (true, true)] {
        let addr = keeping_peer(Arc::default(), "drops at the first byte").await;
        let client = client(|_| {});
        posted(&client, addr).await.unwrap();

        let url = format!("http://{addr}/");
        let result = client.call(if is_question { get(url) } else { post(url) }).await;

        assert_eq!(result.is_ok(), repeated, "{result:?}");
        assert!(repeated || is_no_answer(&result));
    }
}

#[tokio::test]
async fn a_kept_connection_is_left_alone_after_its_time() {
    let connections = Arc::new(AtomicUsize::new(0));
    let addr = keeping_peer(connections.clone(), "stays").await;
    let client = client(|settings| settings.idle_max = Duration::from_millis(50));

    posted(&client, addr).await.unwrap();
    tokio::time::sleep(Duration::from_millis(80)).await;
    posted(&client, addr).await.unwrap();

    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn calls_above_the_bound_wait_and_then_are_not_sent() {
    let addr = peer(|_, mut socket| async move {
        read_request(&mut socket).await;
        tokio::time::sleep(Duration::from_secs(9)).await;
    })
    .await;
    let client = client(|settings| settings.calls_per_target_max = 1);
    let first = tokio::spawn({
        let client = client.clone();
        async move { posted(&client, addr).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;

    let limits = CallLimits { total_max: Duration::from_millis(200), body_bytes_max: 1000 };
    let second = client.call_within(post(format!("http://{addr}/")), limits).await;

    assert!(is_not_sent(&second), "{second:?}");
    first.abort();
}

#[tokio::test]
async fn a_compressed_body_comes_back_as_it_is_and_a_redirect_is_not_followed() {
    let addr = peer(|_, mut socket| async move {
        read_request(&mut socket).await;
        let head = "HTTP/1.1 307 There\r\nLocation: /x\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n";
        let _ = socket.write_all(&[head.as_bytes(), &[0x1f, 0x8b, 8]].concat()).await;
    })
    .await;

    let response = posted(&client(|_| {}), addr).await.unwrap();

    assert_eq!((response.status().as_u16(), &response.body()[..]), (307, &[0x1f, 0x8b, 8][..]));
}
