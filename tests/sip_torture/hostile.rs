//! Peers that mean harm (T20 to T23): malformed messages of our own, framing tricks, floods, slow peers, reflection.

use crate::house::{House, UdpPeer, message, options, read_some, read_to_end, settings, status, unpaced};
use crate::rfc4475;
use depesche::clock::Clock;
use depesche::sip::endpoint::Endpoint;
use depesche::sip::message::Transport;
use depesche::sip::transport::Bounds;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Malformed messages of our own, with the status each must meet; 0 is silence.
fn malformed() -> Vec<(&'static str, Vec<u8>, u16)> {
    let good = || message("own", "UDP", "Content-Length: 2", "hi");
    let changed = |from: &str, to: &str| good().replacen(from, to, 1).into_bytes();
    vec![
        ("a body shorter than it says", message("own", "UDP", "Content-Length: 50", "hi").into(), 400),
        ("a length of 2^64-1", message("own", "UDP", "Content-Length: 18446744073709551615", "hi").into(), 400),
        ("a negative length", message("own", "UDP", "Content-Length: -1", "hi").into(), 400),
        ("two lengths", message("own", "UDP", "Content-Length: 2\r\nl: 1", "hi").into(), 400),
        ("a first header that continues nothing", changed("\r\nVia", "\r\n Via"), 0),
        ("an unfinished quotation", changed("<sip:peer", "\"peer <sip:peer"), 400),
        ("a CSeq of another method", changed("1 MESSAGE", "1 REGISTER"), 400),
        ("a CSeq beyond 2^31", changed("1 MESSAGE", "2147483648 MESSAGE"), 400),
        ("a Via from nowhere", changed("127.0.0.1:5999", ":5999"), 400),
        ("a port beyond 65535", changed("127.0.0.1:5999", "127.0.0.1:99999"), 400),
        ("a version that is none yet", changed("127.0.0.1 SIP/2.0", "127.0.0.1 SIP/3.0"), 505),
        ("a scheme that rings no phone", changed("sip:1001", "mailto:1001"), 416),
        ("a method that is not served", good().replace("MESSAGE", "PUBLISH").into(), 405),
        ("a CANCEL of nothing", good().replace("MESSAGE", "CANCEL").into(), 481),
        ("an extension that is not had", changed("\r\n\r\n", "\r\nRequire: quantum\r\n\r\n"), 420),
        ("an ACK", good().replace("MESSAGE", "ACK").into(), 0),
        ("an answer to nothing", good().replace("MESSAGE sip:1001@127.0.0.1 SIP/2.0", "SIP/2.0 200 OK").into(), 0),
        ("a web page", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".to_vec(), 0),
        ("a keep-alive", b"\r\n\r\n".to_vec(), 0),
        ("noise", vec![0xff; 1400], 0),
        ("zeros", vec![0; 3000], 0),
    ]
}

#[tokio::test]
async fn our_own_malformed_messages_meet_the_right_word_or_silence() {
    let house = House::open(unpaced()).await;

    for (n, (what, bytes, expected)) in malformed().into_iter().enumerate() {
        let peer = UdpPeer::open("127.0.0.1", house.at(Transport::Udp)).await;
        let heard = peer.say(&bytes, &format!("own-{n}")).await;

        let said: Vec<_> = heard.iter().map(|answer| status(answer)).collect();
        let expected: Vec<_> = (expected > 0).then_some(expected).into_iter().collect();
        assert_eq!(said, expected, "{what}");
    }

    assert_eq!(house.messages(), 0);
}

/// Changed copies of whole messages: bytes turned, lost, doubled and moved.
fn mutations(seeds: Vec<Vec<u8>>, count: usize) -> Vec<Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), 0..5_u8);
    let strategy =
        (prop::sample::select(seeds), prop::collection::vec(change, 1..6)).prop_map(|(mut bytes, changes)| {
            for (from, to, byte, how) in changes {
                if bytes.is_empty() {
                    return bytes;
                }
                let (a, b) = (from.index(bytes.len()), to.index(bytes.len()));
                match how {
                    0 => bytes[a] = byte,
                    1 => bytes.insert(a, byte),
                    2 => drop(bytes.drain(a.min(b)..a.max(b).min(a.min(b) + 40))),
                    3 => bytes.extend_from_within(a.min(b)..a.max(b).min(a.min(b) + 200)),
                    _ => bytes.swap(a, b),
                }
            }
            bytes.truncate(60_000);
            bytes
        });
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("it makes values").current()).collect()
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<_> = malformed().into_iter().map(|(_, bytes, _)| bytes).collect();
    seeds.extend(rfc4475::messages().unwrap_or_default().into_iter().map(|(_, bytes)| bytes));
    seeds.extend([options("seed", "TCP").into_bytes(), message("seed", "TCP", "Content-Length: 2", "hi").into_bytes()]);
    seeds
}

#[tokio::test]
async fn thousands_of_mutated_messages_leave_the_endpoint_alive() {
    let bounds = Bounds { message_within: Duration::from_millis(200), connections_per_address_max: 4096, ..unpaced() };
    let house = House::open(bounds).await;
    let peer = UdpPeer::open("127.0.0.1", house.at(Transport::Udp)).await;

    for (n, bytes) in mutations(seeds(), 4000).into_iter().enumerate() {
        peer.send(&bytes).await;
        if n % 10 == 0 {
            let mut stream = TcpStream::connect(house.at(Transport::Tcp)).await.unwrap();
            let _ = stream.write_all(&bytes).await;
        }
        if n % 200 == 0 {
            assert!(house.serves_over_udp("127.0.0.2").await, "after {n} messages");
        }
    }

    assert!(house.serves_over_udp("127.0.0.1").await && house.serves_over_tcp().await);
}

#[tokio::test]
async fn a_message_hidden_in_a_body_is_never_executed() {
    let house = House::open(unpaced()).await;
    let hidden = message("hidden", "TCP", "Content-Length: 2", "no");
    let length = hidden.len();
    let spellings = ["Content-Length: ", "l: ", "Content-Length : ", "L\t:", "CONTENT-LENGTH:\r\n\t"]
        .map(|spelling| format!("{spelling}{length}"));

    for (n, line) in spellings.iter().enumerate() {
        let mut peer = TcpStream::connect(house.at(Transport::Tcp)).await.unwrap();
        peer.write_all(message(&format!("outer{n}"), "TCP", line, &hidden).as_bytes()).await.unwrap();
        peer.shutdown().await.unwrap();
        let heard = read_to_end(&mut peer, Duration::from_secs(5)).await.expect("it closes");

        assert_eq!(heard.matches("SIP/2.0 ").count(), 1, "{line}: {heard}");
        assert_eq!(house.messages(), n + 1, "{line}");
    }
}

#[tokio::test]
async fn a_doubtful_frame_is_answered_with_400_and_the_connection_closed() {
    let house = House::open(unpaced()).await;
    let hidden = message("hidden", "TCP", "Content-Length: 2", "no");

    for line in [
        "Content-Length: 2\r\nContent-Length: 700",
        "Content-Length: -1",
        "X-Nothing: of the kind",
        "l: 2\r\nl: 2",
        "l: 2\nX: y",
    ] {
        let mut peer = TcpStream::connect(house.at(Transport::Tcp)).await.unwrap();
        peer.write_all(message("doubtful", "TCP", line, &format!("hi{hidden}")).as_bytes()).await.unwrap();
        let heard =
            read_to_end(&mut peer, Duration::from_secs(5)).await.unwrap_or_else(|| panic!("{line}: it stays open"));

        assert_eq!(status(&heard), 400, "{line}");
    }

    assert_eq!(house.messages(), 0);
}

#[tokio::test]
async fn a_head_without_end_is_cut_off_at_its_bound() {
    let house = House::open(unpaced()).await;
    let mut peer = TcpStream::connect(house.at(Transport::Tcp)).await.unwrap();
    let head = message("endless", "TCP", "Content-Length: 2", "");
    peer.write_all(head.trim_end().as_bytes()).await.unwrap();

    let mut written = 0;
    while written < 1 << 20 && peer.write_all(format!("\r\nX-{written}: {}", "y".repeat(1000)).as_bytes()).await.is_ok()
    {
        written += 1000;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    assert!(read_to_end(&mut peer, Duration::from_secs(5)).await.is_some(), "it stays open after {written} bytes");
    assert!(house.serves_over_tcp().await);
}

#[tokio::test]
async fn whoever_says_nothing_or_half_a_message_is_cut_off_and_others_are_served() {
    let house = House::open(Bounds { message_within: Duration::from_millis(400), ..unpaced() }).await;
    let half = message("half", "TCP", "Content-Length: 9000", "hi");
    let mut slow = Vec::new();
    for opening in ["", "M", "\r\n\r\n", "MESSAGE sip:1001@127.0.0.1 SIP/2.0\r\nVia:", &half] {
        for _ in 0..10 {
            let mut peer = TcpStream::connect(house.at(Transport::Tcp)).await.unwrap();
            peer.write_all(opening.as_bytes()).await.unwrap();
            slow.push(peer);
        }
    }
    assert!(house.serves_over_tcp().await, "an honest peer is served meanwhile");

    // One byte now and then does not help: the whole message must come in time.
    for _ in 0..8 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for peer in &mut slow[10..20] {
            let _ = peer.write_all(b"E").await;
        }
    }

    for (n, peer) in slow.iter_mut().enumerate() {
        assert!(read_to_end(peer, Duration::from_secs(5)).await.is_some(), "slow peer {n} is still connected");
    }
    assert!(house.serves_over_tcp().await);
}

#[tokio::test]
async fn one_address_cannot_take_all_connections() {
    let house = House::open(Bounds { connections_per_address_max: 5, ..unpaced() }).await;
    let to = house.at(Transport::Tcp);
    let mut held = Vec::new();
    for _ in 0..20 {
        held.push(TcpStream::connect(to).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(house.endpoint.figures().connections <= 5);

    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut elsewhere = socket.connect(to).await.unwrap();
    elsewhere.write_all(options("elsewhere", "TCP").as_bytes()).await.unwrap();

    assert_eq!(status(&read_some(&mut elsewhere).await), 200);
}

#[tokio::test]
async fn a_peer_that_pings_is_answered_and_one_that_never_reads_is_cut_off() {
    let house = House::open(unpaced()).await;
    let mut peer = TcpStream::connect(house.at(Transport::Tcp)).await.unwrap();
    peer.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read_some(&mut peer).await, "\r\n");

    let mut deaf = TcpStream::connect(house.at(Transport::Tcp)).await.unwrap();
    let flood = async {
        for n in 0.. {
            let burst: String = (0..100).map(|m| options(&format!("deaf-{n}-{m}"), "TCP")).collect();
            if deaf.write_all(burst.as_bytes()).await.is_err() {
                return;
            }
        }
    };

    timeout(Duration::from_secs(30), flood).await.expect("it is cut off");
    assert!(house.serves_over_tcp().await);
}

/// Resident memory of this process.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("this is Linux");
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).expect("its second word is a number") * 4096
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_at_a_stuck_application_stays_in_bounded_memory_and_is_told_to_come_back() {
    let bounds = Bounds { transactions_max: 500, queue_max: 500, answers_max: 5000, ..unpaced() };
    let (endpoint, stuck) = Endpoint::start(settings("127.0.0.1", bounds), Clock::system()).await.unwrap();
    let to = crate::house::address(&endpoint, Transport::Udp);
    let peer = UdpPeer::open("127.0.0.1", to).await;
    let body = "x".repeat(800);
    let before = resident_bytes();

    let mut told = 0;
    for n in 0..60_000 {
        peer.send(message(&format!("flood{n}"), "UDP", "Content-Length: 800", &body).as_bytes()).await;
        if n % 50 == 0 {
            told += usize::from(peer.hear(Duration::from_millis(1)).await.is_some_and(|answer| status(&answer) == 503));
        }
    }

    let figures = endpoint.figures();
    assert!(told > 0, "nobody was told to come back later");
    assert!(figures.waiting_for_us <= 500, "{figures:?}");
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 64 << 20, "grown by {grown} bytes");
    drop(stuck);
}

#[tokio::test]
async fn a_flood_from_one_address_is_dropped_unread_and_an_honest_phone_is_served() {
    let house = House::open(Bounds { per_source_per_s: 50, ..Bounds::default() }).await;
    let flood = UdpPeer::open("127.0.0.66", house.at(Transport::Udp)).await;

    for n in 0..5000 {
        flood.send(message(&format!("flood{n}"), "UDP", "Content-Length: 2", "hi").as_bytes()).await;
    }

    assert!(house.serves_over_udp("127.0.0.2").await);
    let figures = house.endpoint.figures();
    assert!(figures.dropped > 1000 && house.messages() < 1000, "{figures:?}, {} messages", house.messages());
}

#[tokio::test]
async fn what_we_say_ourselves_is_at_most_half_as_large_again_as_what_was_asked() {
    let house = House::open(unpaced()).await;
    let tiny = "FOO sip:a SIP/2.0\r\nv:SIP/2.0/UDP a;rport\r\nf:<sip:a>\r\nt:<sip:a>\r\ni:1\r\nCSeq:1 FOO\r\n\r\n"
        .as_bytes()
        .to_vec();
    let mut all: Vec<_> = malformed().into_iter().map(|(_, bytes, _)| bytes).collect();
    all.extend(mutations(vec![tiny.clone(), b"FOO sip:a SIP/2.0\r\nv:SIP/2.0/UDP a\r\n\r\n".to_vec()], 300));
    all.push(tiny);

    for (n, bytes) in all.into_iter().enumerate() {
        let peer = UdpPeer::open("127.0.0.1", house.at(Transport::Udp)).await;
        let heard: usize = peer.say(&bytes, &format!("small-{n}")).await.iter().map(String::len).sum();

        assert!(
            heard * 2 <= bytes.len() * 3,
            "{heard} bytes to {} bytes: {:?}",
            bytes.len(),
            String::from_utf8_lossy(&bytes)
        );
    }
}

#[tokio::test]
async fn an_answer_goes_to_its_source_whatever_via_says() {
    let house = House::open(unpaced()).await;
    let victim = UdpPeer::open("127.0.0.9", house.at(Transport::Udp)).await;
    let aimed = format!("127.0.0.9:{};maddr=127.0.0.9;received=127.0.0.9;rport={}", victim.port(), victim.port());
    let request = options("aimed", "UDP").replace("127.0.0.1:5999;rport", &aimed);
    let peer = UdpPeer::open("127.0.0.1", house.at(Transport::Udp)).await;

    peer.send(request.as_bytes()).await;

    let answer = peer.hear(Duration::from_secs(5)).await.expect("the answer comes back to us");
    assert!(answer.contains("received=127.0.0.1") && !answer.contains("maddr=127.0.0.1\r"), "{answer}");
    assert!(answer.contains(&format!("rport={}", peer.port())), "{answer}");
    assert_eq!(victim.hear(Duration::from_millis(200)).await, None);
}

#[tokio::test]
async fn a_route_that_leads_elsewhere_is_not_followed() {
    let house = House::open(unpaced()).await;
    let victim = UdpPeer::open("127.0.0.9", house.at(Transport::Udp)).await;
    let route = format!("Route: <sip:127.0.0.9:{};lr>\r\nContent-Length: 2", victim.port());
    let peer = UdpPeer::open("127.0.0.1", house.at(Transport::Udp)).await;

    peer.send(message("routed", "UDP", &route, "hi").as_bytes()).await;

    assert_eq!(peer.hear(Duration::from_secs(5)).await.map(|answer| status(&answer)), Some(202));
    assert_eq!(victim.hear(Duration::from_millis(200)).await, None);
}

#[tokio::test]
async fn all_connections_end_when_the_last_endpoint_is_dropped() {
    let house = House::open(unpaced()).await;
    let mut peer = TcpStream::connect(house.at(Transport::Tcp)).await.unwrap();
    assert!(house.serves_over_tcp().await);

    drop(house);

    let mut buffer = [0; 16];
    assert!(matches!(timeout(Duration::from_secs(5), peer.read(&mut buffer)).await, Ok(Ok(0) | Err(_))));
}
