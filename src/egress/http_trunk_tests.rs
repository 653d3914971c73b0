//! A carrier on loopback that answers, hangs, closes and talks nonsense, and what the switchboard makes of it.

use crate::carrier::dialect::{
    Answer, Carrier, Heard, Known, Limits, OutboundMessage, Question, Refusal, Said, Settings, Step, Told,
};
use crate::clock::Clock;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::id::{MessageId, TrunkId};
use crate::domain::reason::ReasonCode;
use crate::domain::time::Timestamp;
use crate::egress::http_trunk::{self, Wires};
use crate::egress::outcome::Outcome;
use crate::egress::simulator::SimulatorHandle;
use crate::egress::switchboard::{Switchboard, TrunkLine, TrunkSettings};
use crate::egress::trunk_test::{OurNumber, Verdict};
use crate::net::client::{CallLimits, ClientSettings, HttpClient};
use crate::net::network::AllowPrivate;
use crate::net::server::{self, Router, ServerSettings};
use crate::net::tls::{self, Certificate};
use bytes::Bytes;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

const TRUNK: TrunkId = TrunkId(3);
const ABOUT: MessageId = MessageId(11);
const KEY: &str = "0123456789abcdef0123456789abcdef";
const API_KEY: &str = "the-api-key-of-trunk-3";

/// A carrier that answers every call with these bytes; `None`: never.
async fn carrier(answer: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.expect("accepts");
            tokio::spawn(serve(socket, answer));
        }
    });
    addr
}

async fn serve(mut socket: TcpStream, answer: Option<&'static str>) {
    let mut all = Vec::new();
    let mut part = [0; 4096];
    while !is_whole(&all) {
        match socket.read(&mut part).await {
            Ok(read) if read > 0 => all.extend_from_slice(&part[..read]),
            _ => return,
        }
    }
    match answer {
        Some(answer) => drop(socket.write_all(answer.as_bytes()).await),
        None => std::future::pending().await,
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_ascii_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
    body.len() >= length.map_or(0, |length| length.parse().expect("a number"))
}

fn http_client(allow: &[&str]) -> HttpClient {
    let mut settings = ClientSettings::new(tls::client(None).expect("the system has roots"));
    settings.allow_private = AllowPrivate::parse(allow.iter().copied()).expect("good networks");
    settings.limits = CallLimits { total_max: Duration::from_millis(600), body_bytes_max: 2_000 };
    HttpClient::new(settings, Clock::system())
}

fn trunk(base: &str) -> TrunkSettings {
    let settings = format!(
        r#"{{"send_url":"{base}/messages","api_key":"{API_KEY}","webhook_secret":"the-webhook-secret","check_url":"{base}/account"}}"#
    );
    TrunkSettings {
        id: TRUNK,
        name: "Test".into(),
        carrier: "generic".into(),
        enabled: true,
        settings: serde_json::from_str::<Settings>(&settings).expect("an object"),
        webhook_key: KEY.into(),
        mps: None,
        send_again_when_uncertain: false,
    }
}

fn board(trunks: Vec<TrunkSettings>) -> Switchboard {
    let clock = Clock::system();
    let simulator = SimulatorHandle::new(clock.clone());
    let board = Switchboard::new(http_client(&["127.0.0.1"]), simulator, Some("https://127.0.0.1:1/".into()), clock);
    board.set(trunks);
    board
}

fn message() -> OutboundMessage {
    OutboundMessage {
        reference: "ref-1".into(),
        kind: ChannelKind::Sms,
        from: Address::parse("+15550100100").expect("good"),
        to: Address::parse("+15550100199").expect("good"),
        text: "Ihr Termin ist um 10 Uhr".into(),
        media: Vec::new(),
        rich: None,
        in_reply_to: None,
        report_url: Some(format!("https://sms.example.com/hook/{KEY}")),
        valid_for: None,
    }
}

async fn outcome_of(answer: Option<&'static str>) -> Outcome {
    let addr = carrier(answer).await;
    let tried = board(vec![trunk(&format!("http://{addr}"))]).send(TRUNK, &message(), ABOUT).await;
    assert_eq!(tried.exchanges.len(), 1);
    assert_eq!(tried.exchanges[0].message, Some(ABOUT));
    for secret in [API_KEY, KEY] {
        assert!(!format!("{:?}", tried.exchanges).contains(secret), "a secret stands in {:?}", tried.exchanges);
    }
    tried.outcome
}

#[tokio::test]
async fn a_good_answer_is_taken_with_the_carriers_id() {
    let body = "HTTP/1.1 200 OK\r\nContent-Length: 34\r\n\r\n{\"data\":{\"id\":\"c-1\",\"segments\":2}}\n";

    assert_eq!(
        outcome_of(Some(body)).await,
        Outcome::Taken { carrier_id: Some("c-1".into()), segments: Some(2), parts: Vec::new() }
    );
}

#[tokio::test]
async fn an_answer_decides_and_garbage_is_never_taken_for_a_refusal() {
    let garbage = outcome_of(Some("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html/>\r\n")).await;
    let slower = outcome_of(Some("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n")).await;
    let down = outcome_of(Some("HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n")).await;
    let broken = outcome_of(Some("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n")).await;

    assert!(matches!(garbage, Outcome::Refused(SendError::Unreadable { .. })), "{garbage:?}");
    let wait = Some(Duration::from_secs(7));
    assert_eq!(slower, Outcome::Refused(SendError::Throttled { retry_after: wait }));
    assert!(matches!(down, Outcome::Refused(SendError::Unreachable { .. })), "{down:?}");
    assert!(matches!(broken, Outcome::Refused(SendError::Unreadable { .. })), "{broken:?}");
}

#[tokio::test]
async fn a_carrier_that_hangs_closes_or_says_too_much_leaves_it_open() {
    let close = outcome_of(Some("")).await;
    let half = outcome_of(Some("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")).await;
    let flood = outcome_of(Some("HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n{")).await;
    let hang = outcome_of(None).await;

    for outcome in [close, half, flood, hang] {
        assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    }
}

#[tokio::test]
async fn what_never_left_the_house_is_refused_and_may_be_sent_again() {
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("bound");
    let reached = board(vec![trunk(&format!("http://{gone}"))]).send(TRUNK, &message(), ABOUT).await;
    let forbidden = board(vec![trunk("http://10.0.0.1")]).send(TRUNK, &message(), ABOUT).await;

    assert!(matches!(reached.outcome, Outcome::Refused(SendError::Unreachable { .. })), "{:?}", reached.outcome);
    assert_eq!(reached.exchanges[0].status, "not sent");
    assert!(matches!(forbidden.outcome, Outcome::Refused(SendError::Misconfigured { .. })), "{:?}", forbidden.outcome);
}

#[tokio::test]
async fn a_carrier_that_cannot_prove_who_it_is_gets_nothing_in_the_open_and_the_reason_says_so() {
    tls::install_provider();
    let folder = tempfile::tempdir().expect("a folder");
    let names = ["127.0.0.1".to_owned()];
    let own = Certificate::self_made(folder.path(), &names, Clock::system().now()).expect("a certificate");
    let settings = ServerSettings { tls: Some(tls::https_server(own)), ..ServerSettings::new("carrier") };
    let socket = server::bind("127.0.0.1:0".parse().expect("good")).expect("a free port");
    let serving = server::serve(settings, socket, Router::new(), CancellationToken::new());
    let addr = serving.addr();
    let tried = board(vec![trunk(&format!("https://{addr}"))]).send(TRUNK, &message(), ABOUT).await;

    let Outcome::Refused(error) = tried.outcome else { panic!("{:?}", tried.outcome) };
    assert_eq!(error.reason().code, ReasonCode::CarrierNotAuthentic, "{error:?}");
    assert_eq!((tried.exchanges[0].status.as_str(), tried.exchanges[0].good), ("not sent", false));
}

fn refused_for(outcome: &Outcome) -> Option<ReasonCode> {
    match outcome {
        Outcome::Refused(SendError::Misconfigured { reason }) => Some(reason.code),
        _ => None,
    }
}

#[tokio::test]
async fn a_trunk_that_is_off_missing_or_broken_sends_nothing() {
    let off = TrunkSettings { enabled: false, ..trunk("http://127.0.0.1:1") };
    let broken = TrunkSettings { id: TrunkId(4), ..trunk("ftp://127.0.0.1:1") };
    let unknown = TrunkSettings { id: TrunkId(5), carrier: "pigeon".into(), ..trunk("http://127.0.0.1:1") };
    let board = board(vec![]);

    let left_out = board.set(vec![off, broken, unknown]);

    assert_eq!(left_out.len(), 2);
    for id in [3, 4, 5, 6] {
        let tried = board.send(TrunkId(id), &message(), ABOUT).await;
        assert_eq!(refused_for(&tried.outcome), Some(ReasonCode::TrunkDisabled), "{id}");
        assert!(board.trunk(TrunkId(id)).is_none());
    }
    assert!(board.by_webhook_key(KEY).is_none() && board.is_webhook_key(KEY));
    assert_eq!(board.test(TrunkId(4), &[]).await.steps[0].verdict, Verdict::Bad);
}

#[tokio::test]
async fn a_webhook_address_leads_to_its_trunk_and_a_short_key_to_none() {
    let short = TrunkSettings { id: TrunkId(4), webhook_key: "short".into(), ..trunk("http://127.0.0.1:1") };
    let board = board(vec![trunk("http://127.0.0.1:1"), short]);

    assert_eq!(board.by_webhook_key(KEY).expect("there").id, TRUNK);
    assert_eq!(board.report_url(TRUNK).as_deref(), Some(&*format!("https://127.0.0.1:1/hook/{KEY}")));
    assert!(board.by_webhook_key("short").is_none());
    assert!(board.by_webhook_key("").is_none() && !board.is_webhook_key("short"));
}

#[tokio::test]
async fn a_test_asks_for_the_credentials_and_compares_the_clocks() {
    let answer = "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\n{}";
    let addr = carrier(Some(answer)).await;
    let board = board(vec![trunk(&format!("http://{addr}"))]);

    let tested = board.test(TRUNK, &[]).await;

    let verdicts: Vec<_> = tested.steps.iter().map(|step| (step.name, step.verdict)).collect();
    assert_eq!(verdicts[0], ("settings", Verdict::Good));
    assert_eq!(verdicts[1], ("credentials", Verdict::Good));
    assert_eq!(verdicts[5], ("clock", Verdict::Bad));
    assert!(tested.steps[5].en.contains("NTP"), "{}", tested.steps[5].en);
    assert_eq!(tested.exchanges.len(), 1);
}

#[tokio::test]
async fn a_simulated_carrier_takes_a_message_and_is_asked() {
    let simulated = TrunkSettings {
        carrier: "simulator".into(),
        settings: serde_json::from_str(r#"{"secret":"a-secret-of-the-simulator"}"#).expect("an object"),
        ..trunk("")
    };
    let board = board(vec![simulated]);

    let tried = board.send(TRUNK, &message(), ABOUT).await;
    let Outcome::Taken { carrier_id: Some(carrier_id), .. } = tried.outcome else { panic!("{:?}", tried.outcome) };
    let (known, _) = board.ask(TRUNK, &Question::Status { carrier_id }).await;
    let lookup = Question::Taken { message: message(), since: Timestamp(0) };
    let (found, _) = board.ask(TRUNK, &lookup).await;

    assert!(matches!(known, Some(Ok(Known::State(_)))), "{known:?}");
    assert!(matches!(found, Some(Ok(Known::Taken(_)))), "{found:?}");
    let ours = OurNumber { kind: ChannelKind::Sms, address: message().from };
    let steps = board.test(TRUNK, &[ours]).await.steps;
    assert!(steps.iter().all(|step| step.verdict != Verdict::Bad), "{steps:?}");
}

#[tokio::test]
async fn a_simulated_carrier_that_is_polled_calls_nobody_and_lists_what_came_in() {
    let simulated = TrunkSettings {
        carrier: "simulator".into(),
        settings: serde_json::from_str(r#"{"secret":"a-secret-of-the-simulator"}"#).expect("an object"),
        ..trunk("")
    };
    let board = board(vec![]);
    board.set_polled([TRUNK].into());
    board.set(vec![simulated]);
    let (customer, ours) = (message().to, message().from);
    let id = board
        .simulator()
        .customer_writes(TRUNK, &customer, &ours, ChannelKind::Sms, "Moin", Vec::new())
        .expect("written");

    let delivered = tokio::time::timeout(
        Duration::from_millis(50),
        board.simulator().run(async |_, _| panic!("nobody is called who wants to ask")),
    );
    assert!(delivered.await.is_err(), "it waits");
    let (known, exchanges) = board.ask(TRUNK, &Question::Inbox { since: Timestamp(0) }).await;

    let Some(Ok(Known::Inbox { said, up_to })) = known else { panic!("{known:?}") };
    assert!(matches!(&said[..], [Said::Message(message)] if message.text == "Moin" && message.carrier_id == id));
    assert!(up_to.0 > 1_700_000_000_000 && exchanges[0].good);
    assert_eq!(board.report_url(TRUNK), None, "it is told no address");
    let (known, _) = board.ask(TRUNK, &Question::Inbox { since: up_to.plus(Duration::from_secs(60)) }).await;
    assert!(matches!(known, Some(Ok(Known::Inbox { said, .. })) if said.is_empty()));
    let steps = board.test(TRUNK, &[]).await.steps;
    assert!(steps.iter().any(|step| step.name == "inbound" && step.verdict == Verdict::Good), "{steps:?}");
}

/// A dialect with faults: panics, or wants ever more calls.
struct Faulty {
    panics: bool,
    url: String,
}

impl Carrier for Faulty {
    fn limits(&self) -> &Limits {
        &Limits {
            text_chars_max: 1,
            trunk_mps: None,
            idempotent: false,
            reports: false,
            media: None,
            whatsapp_media: None,
        }
    }

    fn next(&self, _: &OutboundMessage, _: &[Answer]) -> Result<Step, SendError> {
        assert!(!self.panics, "a fault");
        Ok(Step::Call(http::Request::post(&self.url).body(Bytes::new()).expect("good")))
    }

    fn hear(&self, _: &Heard, _: Timestamp) -> Result<Told, Refusal> {
        panic!("a fault")
    }

    fn secrets(&self) -> Vec<String> {
        panic!("a fault")
    }
}

async fn faulty(panics: bool) -> (TrunkLine, Outcome, usize) {
    let addr = carrier(Some("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")).await;
    let line = TrunkLine::with_dialect(TRUNK, Box::new(Faulty { panics, url: format!("http://{addr}/") }));
    let (http, clock) = (http_client(&["127.0.0.1"]), Clock::system());
    let simulator = SimulatorHandle::new(clock.clone());
    let wires = Wires { http: &http, simulator: &simulator, clock: &clock, sip: None };
    let tried = http_trunk::send(&line, wires, &message(), ABOUT).await;
    (line, tried.outcome, tried.exchanges.len())
}

#[tokio::test]
async fn a_dialect_that_fails_or_never_ends_is_contained() {
    let (line, failed, _) = faulty(true).await;
    let (_, endless, calls) = faulty(false).await;

    assert!(matches!(failed, Outcome::Unknown { .. }), "{failed:?}");
    assert!(matches!(endless, Outcome::Unknown { .. }), "{endless:?}");
    assert_eq!(calls, 6);
    let heard = Heard {
        method: http::Method::POST,
        url: "https://sms.example.com/hook/x".into(),
        headers: http::HeaderMap::new(),
        body: Bytes::new(),
        caller: None,
    };
    assert!(matches!(line.hear(&heard, Timestamp(0)), Err(Refusal::Unreadable(_))));
}
