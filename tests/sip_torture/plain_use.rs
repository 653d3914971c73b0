//! Two endpoints that mean well: MESSAGE over UDP, TCP and TLS, long messages, flows, and the ways it can fail.

use crate::house::{House, SOON, UdpPeer, address, message, read_to_end, settings, status, unpaced};
use depesche::clock::Clock;
use depesche::sip::endpoint::{Endpoint, EndpointSettings, LongOverUdp, SendFailure};
use depesche::sip::message::{Hop, Method, NameAddr, Request, Response, Transport};
use depesche::sip::transport::{Bounds, Listen};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;

fn text(call_id: &str, body: impl Into<String>) -> Request {
    let from: NameAddr = "\"Böb\" <sip:1002@127.0.0.1>".parse().unwrap();
    let to: NameAddr = "<sip:1001@127.0.0.1>".parse().unwrap();
    let request = Request::out_of_dialog(Method::Message, to.uri.clone(), &from, &to, call_id, 1);
    request.with_body("text/plain;charset=utf-8", body.into())
}

/// A certificate for pbx.example.com, as a server's side and as a client's that believes it alone.
fn tls() -> (Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["pbx.example.com".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let server =
        rustls::ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let server = server.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    (Arc::new(server), Arc::new(client.with_root_certificates(roots).with_no_client_auth()))
}

fn all_transports(host: &str) -> EndpointSettings {
    let (server, client) = tls();
    let addr = SocketAddr::new(host.parse().unwrap(), 0);
    let listen = [Transport::Udp, Transport::Tcp, Transport::Tls].map(|transport| Listen { transport, addr });
    EndpointSettings { tls: Some(server), tls_client: client, ..EndpointSettings::new(listen.to_vec()) }
}

#[tokio::test]
async fn a_text_goes_from_one_endpoint_to_another_over_every_transport() {
    for host in ["127.0.0.1", "::1"] {
        let settings = all_transports(host);
        let sender_settings = EndpointSettings { tls_client: settings.tls_client.clone(), ..all_transports(host) };
        let (receiver, mut incoming) = Endpoint::start(settings, Clock::system()).await.unwrap();
        let (sender, _) = Endpoint::start(sender_settings, Clock::system()).await.unwrap();

        for (n, transport) in [Transport::Udp, Transport::Tcp, Transport::Tls].into_iter().enumerate() {
            let hop =
                Hop { tls_name: Some("pbx.example.com".into()), ..Hop::new(transport, address(&receiver, transport)) };
            let sending = tokio::spawn({
                let sender = sender.clone();
                async move { sender.send(text(&format!("n{n}"), "Grüße, 你好"), hop).await }
            });

            let got = timeout(SOON, incoming.recv()).await.expect("it arrives").unwrap();
            assert_eq!(got.source.transport, transport);
            assert_eq!(&got.request.body[..], "Grüße, 你好".as_bytes());
            assert_eq!(got.request.headers.from().unwrap().display.as_deref(), Some("Böb"));
            assert_eq!(got.request.headers.max_forwards(), Ok(Some(70)));
            let answer = Response::to(&got.request, 202).with("X-Proof", "yes");
            got.respond(answer).await;

            let answer = timeout(SOON, sending).await.unwrap().unwrap().unwrap();
            assert_eq!((answer.status, answer.headers.get("X-Proof")), (202, Some("yes")), "{host} {transport}");
        }
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_or_of_another_house_reaches_nobody() {
    let (receiver, _incoming) = Endpoint::start(all_transports("127.0.0.1"), Clock::system()).await.unwrap();
    let (stranger, _) = Endpoint::start(all_transports("127.0.0.1"), Clock::system()).await.unwrap();
    let hop = Hop {
        tls_name: Some("pbx.example.com".into()),
        ..Hop::new(Transport::Tls, address(&receiver, Transport::Tls))
    };

    let outcome = timeout(SOON, stranger.send(text("tls", "hi"), hop)).await.unwrap();

    assert!(matches!(&outcome, Err(SendFailure::Unreachable(why)) if why.contains("certificate")), "{outcome:?}");
}

#[tokio::test]
async fn whoever_never_shakes_hands_over_tls_is_cut_off() {
    let bounds = Bounds { message_within: Duration::from_millis(300), ..unpaced() };
    let (us, _incoming) =
        Endpoint::start(EndpointSettings { bounds, ..all_transports("127.0.0.1") }, Clock::system()).await.unwrap();
    let mut silent = TcpStream::connect(address(&us, Transport::Tls)).await.unwrap();

    assert!(read_to_end(&mut silent, SOON).await.is_some(), "it stays open");
    assert_eq!(us.figures().connections, 0);
}

#[tokio::test]
async fn more_than_1300_bytes_go_over_tcp() {
    let house = House::open(unpaced()).await;
    let port = house.at(Transport::Udp);
    // The peer listens for UDP and TCP on one port, as phones do.
    let (sender, _) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let tcp = Hop::new(Transport::Tcp, house.at(Transport::Tcp));
    assert_eq!(sender.send(text("long", "x".repeat(3000)), tcp).await.unwrap().status, 202);

    let refused = sender.send(text("toolong", "x".repeat(3000)), Hop::new(Transport::Udp, port)).await;
    let permitted = sender
        .send_with(text("evenso", "x".repeat(3000)), Hop::new(Transport::Udp, port), LongOverUdp::IfTcpIsRefused)
        .await;

    // No TCP listener has the UDP listener's port here (they were given different free ones).
    assert_ne!(port.port(), house.at(Transport::Tcp).port());
    assert_eq!(refused.unwrap_err(), SendFailure::TooLongForUdp);
    assert_eq!(permitted.unwrap().status, 202);
}

#[tokio::test]
async fn a_long_text_to_a_udp_hop_uses_the_peers_tcp_listener() {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = tcp.local_addr().unwrap();
    drop(tcp);
    let listen = [Transport::Udp, Transport::Tcp].map(|transport| Listen { transport, addr });
    let (_receiver, mut incoming) =
        Endpoint::start(EndpointSettings::new(listen.to_vec()), Clock::system()).await.unwrap();
    let (sender, _) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let sending =
        tokio::spawn(async move { sender.send(text("long", "x".repeat(3000)), Hop::new(Transport::Udp, addr)).await });

    let got = timeout(SOON, incoming.recv()).await.unwrap().unwrap();

    assert_eq!((got.source.transport, got.request.body.len()), (Transport::Tcp, 3000));
    assert_eq!(got.request.headers.top_via().unwrap().transport, "TCP");
    assert_eq!(got.request.headers.vias().count(), 1);
    got.respond_with(200).await;
    assert_eq!(timeout(SOON, sending).await.unwrap().unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn a_phone_behind_nat_is_reached_over_the_connection_it_came_by_until_it_ends() {
    let (phone, mut to_phone) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let (us, mut to_us) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    for transport in [Transport::Udp, Transport::Tcp] {
        let hop = Hop::new(transport, address(&us, transport));
        let hello = tokio::spawn({
            let phone = phone.clone();
            async move { phone.send(text("hello", "hi"), hop).await }
        });
        let heard = to_us.recv().await.unwrap();
        let back = Hop::back_to(&heard.source);
        heard.respond_with(200).await;
        hello.await.unwrap().unwrap();

        let us = us.clone();
        let back_again = back.clone();
        let answer = tokio::spawn(async move { us.send(text("answer", "yes"), back_again).await });
        let got = timeout(SOON, to_phone.recv()).await.expect("it finds its way back").unwrap();
        assert_eq!(got.source.transport, transport);
        got.respond_with(200).await;
        assert_eq!(answer.await.unwrap().unwrap().status, 200);
    }

    let gone = Hop {
        flow: Some("00000000000000ff".parse().unwrap()),
        ..Hop::new(Transport::Tcp, address(&phone, Transport::Tcp))
    };
    assert!(matches!(us.send(text("gone", "hi"), gone).await, Err(SendFailure::Unreachable(_))));
}

#[tokio::test]
async fn a_burst_to_one_peer_opens_one_connection() {
    let house = House::open(unpaced()).await;
    let (sender, _) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let hop = Hop::new(Transport::Tcp, house.at(Transport::Tcp));

    let sent: Vec<_> = (0..100)
        .map(|n| {
            let (sender, hop) = (sender.clone(), hop.clone());
            tokio::spawn(async move { sender.send(text(&format!("burst{n}"), "hi"), hop).await })
        })
        .collect();
    for outcome in sent {
        assert_eq!(timeout(SOON, outcome).await.unwrap().unwrap().unwrap().status, 202);
    }

    assert_eq!((sender.figures().connections, house.endpoint.figures().connections), (1, 1));
    assert_eq!(house.messages(), 100);
}

#[tokio::test]
async fn a_connection_that_ends_before_the_answer_is_told_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hop = Hop::new(Transport::Tcp, listener.local_addr().unwrap());
    let (sender, _) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let sending = tokio::spawn(async move { sender.send(text("lost", "hi"), hop).await });

    let (stream, _) = listener.accept().await.unwrap();
    stream.readable().await.unwrap();
    drop(stream);

    assert_eq!(timeout(SOON, sending).await.unwrap().unwrap().unwrap_err(), SendFailure::ConnectionLost);
}

#[tokio::test]
async fn nobody_at_the_other_end_of_tcp_is_unreachable_and_a_dropped_sender_leaves_nothing() {
    let (sender, _) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let outcome = sender.send(text("nobody", "hi"), Hop::new(Transport::Tcp, nobody)).await;
    assert!(matches!(outcome, Err(SendFailure::Unreachable(_))), "{outcome:?}");

    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let hop = Hop::new(Transport::Udp, silent.local_addr().unwrap());
    let given_up = timeout(Duration::from_millis(50), sender.send(text("silent", "hi"), hop)).await;

    assert!(given_up.is_err());
    assert_eq!(sender.figures().waiting_for_peers, 0);
}

#[tokio::test]
async fn more_requests_than_the_bound_are_refused_before_they_are_sent() {
    let bounds = Bounds { transactions_max: 2, ..unpaced() };
    let (sender, _) = Endpoint::start(settings("127.0.0.1", bounds), Clock::system()).await.unwrap();
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let hop = Hop::new(Transport::Udp, silent.local_addr().unwrap());
    for n in 0..2 {
        let (sender, hop) = (sender.clone(), hop.clone());
        tokio::spawn(async move { sender.send(text(&format!("n{n}"), "hi"), hop).await });
    }
    while sender.figures().waiting_for_peers < 2 {
        tokio::task::yield_now().await;
    }

    assert_eq!(sender.send(text("third", "hi"), hop).await.unwrap_err(), SendFailure::TooManyTransactions);
}

#[tokio::test]
async fn a_route_that_names_us_is_taken_off_and_the_next_is_left() {
    let (us, mut incoming) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let to = address(&us, Transport::Udp);
    let peer = UdpPeer::open("127.0.0.1", to).await;
    let route = format!("Route: <sip:{to};lr>, <sip:192.0.2.1;lr>\r\nContent-Length: 2");

    peer.send(message("routed", "UDP", &route, "hi").as_bytes()).await;

    let got = timeout(SOON, incoming.recv()).await.unwrap().unwrap();
    assert_eq!(got.request.headers.get("Route"), Some("<sip:192.0.2.1;lr>"));
    got.respond_with(200).await;
}

#[tokio::test]
async fn shutting_down_waits_for_what_is_going_on_and_takes_nothing_new() {
    let (us, mut incoming) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let peer = UdpPeer::open("127.0.0.1", address(&us, Transport::Udp)).await;
    peer.send(message("first", "UDP", "Content-Length: 2", "hi").as_bytes()).await;
    let first = incoming.recv().await.unwrap();
    let ending = tokio::spawn({
        let us = us.clone();
        async move { us.shutdown(Duration::from_secs(20)).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;

    peer.send(message("second", "UDP", "Content-Length: 2", "hi").as_bytes()).await;
    assert_eq!(peer.hear(SOON).await.map(|answer| status(&answer)), Some(503));
    let hop = Hop::new(Transport::Udp, peer.socket.local_addr().unwrap());
    assert_eq!(us.send(text("late", "hi"), hop).await.unwrap_err(), SendFailure::ShuttingDown);
    first.respond_with(202).await;

    assert_eq!(peer.hear(SOON).await.map(|answer| status(&answer)), Some(202));
    timeout(SOON, ending).await.expect("it ends when all is answered").unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let listen = vec![Listen { transport: Transport::Udp, addr: taken.local_addr().unwrap() }];

    let why = Endpoint::start(EndpointSettings::new(listen), Clock::system())
        .await
        .err()
        .expect("the port is taken")
        .to_string();

    assert!(why.starts_with(&format!("cannot listen for SIP on UDP {}", taken.local_addr().unwrap())), "{why}");
}
