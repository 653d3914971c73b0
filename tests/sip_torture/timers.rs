//! The timers of RFC 3261 17 on real sockets with a clock turned by hand.

use crate::house::{House, SOON, UdpPeer, message, options, settings, status, unpaced};
use depesche::clock::Clock;
use depesche::domain::time::Timestamp;
use depesche::sip::endpoint::{Endpoint, SendFailure};
use depesche::sip::message::{Hop, Method, NameAddr, Request, Transport};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::time::timeout;

fn text(body: &str) -> Request {
    let peer: NameAddr = "<sip:1001@127.0.0.1>".parse().unwrap();
    Request::out_of_dialog(Method::Message, peer.uri.clone(), &peer, &peer, "once", 1)
        .with_body("text/plain", body.to_owned())
}

/// A peer that may or may not answer, and an endpoint that sends to it on a clock turned by hand.
struct Scene {
    clock: Clock,
    endpoint: Endpoint,
    peer: UdpSocket,
}

impl Scene {
    async fn set() -> Scene {
        let clock = Clock::by_hand(Timestamp(0));
        let (endpoint, _) = Endpoint::start(settings("127.0.0.1", unpaced()), clock.clone()).await.unwrap();
        Scene { clock, endpoint, peer: UdpSocket::bind("127.0.0.1:0").await.unwrap() }
    }

    fn hop(&self) -> Hop {
        Hop::new(Transport::Udp, self.peer.local_addr().unwrap())
    }

    async fn heard(&self, within: Duration) -> Option<(Vec<u8>, SocketAddr)> {
        let mut buffer = [0; 2000];
        let (length, from) = timeout(within, self.peer.recv_from(&mut buffer)).await.ok()?.unwrap();
        Some((buffer[..length].to_vec(), from))
    }

    /// Turns the clock to `due` and says whether the next sending came exactly then.
    async fn hears_again_at(&self, due: Duration) -> bool {
        let before = due - Duration::from_millis(10) - self.clock.monotonic();
        self.clock.advance(before);
        let early = self.heard(Duration::from_millis(30)).await;
        self.clock.advance(Duration::from_millis(10));
        early.is_none() && self.heard(SOON).await.is_some()
    }
}

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[tokio::test]
async fn a_silent_peer_hears_the_same_bytes_on_the_schedule_of_rfc_3261() {
    let scene = Scene::set().await;
    let sending = tokio::spawn({
        let (endpoint, hop) = (scene.endpoint.clone(), scene.hop());
        async move { endpoint.send(text("hello"), hop).await }
    });
    assert!(scene.heard(SOON).await.is_some(), "the first goes out at once");

    for due in [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5] {
        assert!(scene.hears_again_at(at(due)).await, "at {due} s");
    }
    scene.clock.advance(at(0.4));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!sending.is_finished(), "it waits until 32 s");
    scene.clock.advance(at(0.1));

    let outcome = timeout(SOON, sending).await.expect("it ends at 32 s").unwrap();
    assert_eq!(outcome.unwrap_err(), SendFailure::TimedOut);
    assert_eq!(scene.endpoint.figures().waiting_for_peers, 0);
    assert_eq!(scene.endpoint.figures().retransmitted, 10);
}

#[tokio::test]
async fn after_a_provisional_the_peer_hears_us_every_four_seconds_until_it_answers() {
    let scene = Scene::set().await;
    let sending = tokio::spawn({
        let (endpoint, hop) = (scene.endpoint.clone(), scene.hop());
        async move { endpoint.send(text("hello"), hop).await }
    });
    let (request, from) = scene.heard(SOON).await.unwrap();
    let answer = |status: &str| {
        let request = String::from_utf8_lossy(&request);
        let echo: Vec<_> = request
            .lines()
            .filter(|l| ["Via", "From", "To:", "Call", "CSeq"].iter().any(|n| l.starts_with(n)))
            .collect();
        format!("SIP/2.0 {status}\r\n{}\r\nContent-Length: 0\r\n\r\n", echo.join("\r\n"))
    };

    scene.peer.send_to(answer("100 Trying").as_bytes(), from).await.unwrap();
    while scene.endpoint.figures().received == 0 {
        tokio::task::yield_now().await;
    }
    for due in [0.5, 4.5, 8.5] {
        assert!(scene.hears_again_at(at(due)).await, "at {due} s");
    }
    scene.peer.send_to(answer("202 Accepted").as_bytes(), from).await.unwrap();

    assert_eq!(timeout(SOON, sending).await.unwrap().unwrap().unwrap().status, 202);
    scene.clock.advance(at(60.0));
    assert_eq!(scene.heard(Duration::from_millis(50)).await, None, "an answered request is not sent again");
}

#[tokio::test]
async fn a_retransmission_gets_the_same_answer_until_timer_j_and_reaches_the_application_once() {
    let clock = Clock::by_hand(Timestamp(0));
    let house = House::with(settings("127.0.0.1", unpaced()), clock.clone()).await;
    let peer = UdpPeer::open("127.0.0.1", house.at(Transport::Udp)).await;
    let request = message("same", "UDP", "Content-Length: 2", "hi");
    let mut answers = Vec::new();

    for advance in [0.0, 0.5, 1.0, 30.4] {
        clock.advance(at(advance));
        peer.send(request.as_bytes()).await;
        answers.push(peer.hear(SOON).await.unwrap());
    }
    assert_eq!(house.messages(), 1);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");

    clock.advance(at(0.2));
    peer.send(request.as_bytes()).await;
    peer.hear(SOON).await.unwrap();
    assert_eq!(house.messages(), 2, "after Timer J it is a new request");
}

#[tokio::test]
async fn an_answered_transaction_leaves_nothing_behind_after_its_timer() {
    let clock = Clock::by_hand(Timestamp(0));
    let house = House::with(settings("127.0.0.1", unpaced()), clock.clone()).await;
    let peer = UdpPeer::open("127.0.0.1", house.at(Transport::Udp)).await;
    for n in 0..50 {
        peer.send(options(&format!("n{n}"), "UDP").as_bytes()).await;
        peer.hear(SOON).await.unwrap();
    }
    assert_eq!(house.endpoint.figures().answers_kept, 50);

    clock.advance(at(33.1));

    let swept = async {
        while house.endpoint.figures().answers_kept > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(SOON, swept).await.expect("Timer J sweeps them out");
}

#[tokio::test]
async fn a_copy_by_another_way_is_refused_while_the_first_is_worked_on() {
    let (endpoint, mut incoming) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let peer = UdpPeer::open("127.0.0.1", crate::house::address(&endpoint, Transport::Udp)).await;
    let request = message("forked", "UDP", "Content-Length: 2", "hi");

    peer.send(request.as_bytes()).await;
    let first = incoming.recv().await.unwrap();
    peer.send(request.as_bytes()).await;
    peer.send(request.replace("z9hG4bKforked", "z9hG4bKother").as_bytes()).await;

    assert_eq!(peer.hear(SOON).await.map(|answer| status(&answer)), Some(482));
    first.respond_with(202).await;
    assert_eq!(peer.hear(SOON).await.map(|answer| status(&answer)), Some(202));
}

#[tokio::test]
async fn a_request_the_application_drops_is_answered_with_500() {
    let (endpoint, mut incoming) = Endpoint::start(settings("127.0.0.1", unpaced()), Clock::system()).await.unwrap();
    let peer = UdpPeer::open("127.0.0.1", crate::house::address(&endpoint, Transport::Udp)).await;
    peer.send(options("dropped", "UDP").as_bytes()).await;

    drop(incoming.recv().await);

    assert_eq!(peer.hear(SOON).await.map(|answer| status(&answer)), Some(500));
}
