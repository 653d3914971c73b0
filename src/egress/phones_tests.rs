//! Phones and a PBX on loopback, played by our own endpoint, and what becomes of texts to them.

use crate::clock::Clock;
use crate::config::sip::{Pbx, PbxAddress, PbxTransport};
use crate::domain::delivery::DeliveryState;
use crate::domain::id::{ExtensionId, MessageId};
use crate::domain::reason::ReasonCode;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::egress::outcome::{Outcome, Tried};
use crate::egress::pbx::Registration;
use crate::egress::phones::{BehindPbx, Phones, PhonesMode, PhonesSettings, ReceiptToPhone, ToPhone};
use crate::sip::digest::hash::{Algorithm, Ha1};
use crate::sip::digest::server::{Authenticator, Settings};
use crate::sip::endpoint::{Endpoint, EndpointSettings};
use crate::sip::message::{Method, Request, Response, Transport};
use crate::sip::registrar::binding::Binding;
use crate::sip::resolve::Resolver;
use crate::sip::transaction::Timers;
use crate::sip::transport::Listen;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const EXTENSION: ExtensionId = ExtensionId(1);

async fn endpoint(transports: &[Transport]) -> (Endpoint, tokio::sync::mpsc::Receiver<crate::sip::endpoint::Incoming>) {
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let listen = transports.iter().map(|transport| Listen { transport: *transport, addr: any }).collect();
    let mut settings = EndpointSettings::new(listen);
    settings.timers =
        Timers { t1: Duration::from_millis(20), t2: Duration::from_millis(80), t4: Duration::from_millis(100) };
    Endpoint::start(settings, Clock::system()).await.expect("loopback is there")
}

/// Someone who answers SIP, and keeps what was asked.
pub(super) struct Played {
    addr: SocketAddr,
    heard: Arc<Mutex<Vec<Request>>>,
    _endpoint: Endpoint,
}

impl Played {
    /// `answer` gets each request and how many came before it; `None` is silence.
    pub async fn new(answer: impl Fn(&Request, usize) -> Option<(Duration, Response)> + Send + 'static) -> Played {
        Played::over(Transport::Udp, answer).await
    }

    pub async fn over(
        transport: Transport,
        answer: impl Fn(&Request, usize) -> Option<(Duration, Response)> + Send + 'static,
    ) -> Played {
        let (endpoint, mut incoming) = endpoint(&[transport]).await;
        let addr = endpoint.listening()[0].addr;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            let mut mute = Vec::new();
            while let Some(one) = incoming.recv().await {
                let before = kept.lock().expect("free").len();
                kept.lock().expect("free").push(one.request.clone());
                match answer(&one.request, before) {
                    None => mute.push(one),
                    Some((after, response)) => {
                        tokio::spawn(async move {
                            tokio::time::sleep(after).await;
                            one.respond(response).await;
                        });
                    }
                }
            }
        });
        Played { addr, heard, _endpoint: endpoint }
    }

    pub async fn saying(status: u16) -> Played {
        Played::new(move |request, _| Some((Duration::ZERO, Response::to(request, status)))).await
    }

    pub fn binding(&self) -> Binding {
        Binding {
            contact_uri: format!("sip:1001@{}", self.addr),
            received: self.addr,
            transport: Transport::Udp,
            flow: None,
            path: Vec::new(),
            call_id: "registered".into(),
            cseq: 1,
            expires_at: Timestamp(i64::MAX),
            user_agent: None,
            instance: None,
            reg_id: None,
            q: None,
            accepts: None,
            methods: None,
        }
    }

    pub fn heard(&self) -> Vec<Request> {
        self.heard.lock().expect("free").clone()
    }
}

pub(super) async fn phones() -> Phones {
    let (endpoint, _) = endpoint(&[Transport::Udp, Transport::Tcp]).await;
    let settings = PhonesSettings { domain: "pbx.example.com".into(), mode: PhonesMode::Registrar };
    Phones::new(endpoint, settings, Clock::system())
}

pub(super) fn to_phone(bindings: Vec<Binding>) -> ToPhone<'static> {
    ToPhone {
        extension: EXTENSION,
        extension_number: "1001",
        bindings,
        call_id: "c0ffee",
        try_number: 1,
        from_user: "+15550100199",
        display: "Anna \"Ann\" Smith",
        text: "Grüße aus der Küche",
        file: None,
        about: MessageId(5),
    }
}

async fn sent(played: &[&Played]) -> Tried {
    phones().await.send(to_phone(played.iter().map(|phone| phone.binding()).collect())).await
}

pub(super) fn is_taken(tried: &Tried) -> bool {
    matches!(tried.outcome, Outcome::Taken { .. })
}

#[tokio::test]
async fn a_text_reaches_the_phone_as_it_was_written() {
    let phone = Played::saying(200).await;

    let tried = sent(&[&phone]).await;

    assert!(is_taken(&tried), "{tried:?}");
    let [request] = &phone.heard()[..] else { panic!("one request") };
    assert_eq!((&request.method, request.headers.call_id()), (&Method::Message, "c0ffee"));
    let from = request.headers.from().expect("good");
    assert_eq!(from.uri.to_string(), "sip:+15550100199@pbx.example.com");
    assert_eq!(from.display.as_deref(), Some("Anna \"Ann\" Smith"));
    assert_eq!(request.headers.to().expect("good").uri.to_string(), "sip:1001@pbx.example.com");
    assert_eq!(request.headers.get("Content-Type"), Some("text/plain;charset=utf-8"));
    assert_eq!(request.body, "Grüße aus der Küche".as_bytes());
    assert_eq!((tried.exchanges.len(), tried.exchanges[0].status.as_str()), (1, "200"));
}

#[tokio::test]
async fn a_busy_phone_gets_it_later_and_one_that_cannot_never() {
    let busy = sent(&[&Played::saying(486).await]).await;
    let cannot = sent(&[&Played::saying(415).await]).await;
    let mute = sent(&[&Played::new(|_, _| None).await]).await;
    let absent = sent(&[]).await;

    let code = |tried: &Tried| match &tried.outcome {
        Outcome::Later { reason } => ("later", reason.code, reason.carrier_code.clone().unwrap_or_default()),
        Outcome::Never { reason } => ("never", reason.code, reason.carrier_code.clone().unwrap_or_default()),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(&busy), ("later", ReasonCode::PhoneUnreachable, "486".into()));
    assert_eq!(code(&cannot), ("never", ReasonCode::PhoneRefused, "415".into()));
    assert_eq!(code(&mute), ("later", ReasonCode::PhoneUnreachable, "timeout".into()));
    assert_eq!(absent.outcome, Outcome::Absent);
}

#[tokio::test]
async fn one_phone_that_takes_it_is_enough_whoever_is_dead_or_refuses() {
    let dead = Played::new(|_, _| None).await;
    let refusing = Played::saying(415).await;
    let slow = Played::new(|request, _| Some((Duration::from_millis(300), Response::to(request, 200)))).await;
    let quick = Played::saying(200).await;

    let begun = Instant::now();
    let beside_a_dead_one = sent(&[&dead, &quick]).await;
    assert!(is_taken(&beside_a_dead_one), "{beside_a_dead_one:?}");
    assert!(begun.elapsed() < Duration::from_millis(600), "a 2xx counts at once");

    let after_a_refusal = sent(&[&refusing, &slow]).await;
    assert!(is_taken(&after_a_refusal), "{after_a_refusal:?}");

    let nobody = sent(&[&refusing, &dead]).await;
    assert!(matches!(nobody.outcome, Outcome::Later { .. }), "{nobody:?}");
}

#[tokio::test]
async fn a_phone_that_comes_back_elsewhere_has_the_text_at_once_and_under_the_same_call_id() {
    let dead = Played::new(|_, _| None).await;
    let back = Played::saying(200).await;
    let (tell, moved) = tokio::sync::mpsc::channel(1);
    let phones = phones().await;

    let trying = tokio::spawn(async move {
        let to = to_phone(vec![dead.binding()]);
        let tried = phones.send_following(to, moved).await;
        (tried, dead.heard())
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut refreshed = back.binding();
    tell.send(vec![back.binding()]).await.expect("it still tries");
    refreshed.cseq += 1;
    // The same place again is no new way.
    let _ = tell.send(vec![refreshed]).await;
    let (tried, dead_heard) = trying.await.expect("no panic");

    assert!(is_taken(&tried), "{tried:?}");
    assert_eq!(tried.exchanges.len(), 1, "it did not wait for the silence of the old place");
    let [request] = &back.heard()[..] else { panic!("one request") };
    assert_eq!(request.headers.call_id(), dead_heard[0].headers.call_id());
}

#[tokio::test]
async fn every_try_has_the_same_call_id_and_a_text_once_taken_is_not_sent_again() {
    let phone = Played::new(|request, before| {
        Some((Duration::ZERO, Response::to(request, if before == 0 { 486 } else { 200 })))
    })
    .await;
    let phones = phones().await;
    let nth = |try_number| ToPhone { try_number, ..to_phone(vec![phone.binding()]) };

    phones.send(nth(1)).await;
    let second = phones.send(nth(2)).await;
    let third = phones.send(nth(3)).await;

    assert!(is_taken(&second) && is_taken(&third));
    let heard = phone.heard();
    assert_eq!(heard.len(), 2, "the third found it taken");
    assert_eq!(heard[0].headers.call_id(), heard[1].headers.call_id());
    let cseq = |at: usize| heard[at].headers.cseq().expect("good").number;
    assert!(cseq(1) > cseq(0));
}

#[tokio::test]
async fn a_long_text_becomes_numbered_texts_on_a_phone_that_has_only_udp() {
    let phone = Played::saying(200).await;
    let text = "Langer Text mit vielen Wörtern. ".repeat(100);

    let tried = phones().await.send(ToPhone { text: &text, ..to_phone(vec![phone.binding()]) }).await;

    assert!(is_taken(&tried), "{tried:?}");
    let heard = phone.heard();
    let bodies: Vec<_> = heard.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
    assert!(bodies.len() > 2 && bodies[0].starts_with("(1/"), "{bodies:?}");
    let mut ids: Vec<_> = heard.iter().map(|request| request.headers.call_id().to_owned()).collect();
    assert_eq!(ids.last().map(String::as_str), Some("c0ffee"), "a receipt for the last speaks for all");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), bodies.len());
}

#[tokio::test]
async fn an_empty_text_never_leaves() {
    let phone = Played::saying(200).await;

    let tried = phones().await.send(ToPhone { text: "\u{0}\r\n", ..to_phone(vec![phone.binding()]) }).await;

    assert!(matches!(&tried.outcome, Outcome::Never { reason } if reason.code == ReasonCode::TextEmpty));
    assert!(phone.heard().is_empty());
}

#[tokio::test]
async fn a_receipt_names_the_phones_own_message_and_has_a_call_id_of_its_own() {
    let phone = Played::saying(200).await;
    let receipt = ReceiptToPhone {
        extension: EXTENSION,
        extension_number: "1001",
        bindings: vec![phone.binding()],
        peer_user: "+15550100199",
        call_id: "from-the-phone",
        state: DeliveryState::Delivered,
    };

    phones().await.receipt(receipt.clone()).await;
    phones().await.receipt(ReceiptToPhone { state: DeliveryState::Sent, ..receipt }).await;

    let [request] = &phone.heard()[..] else { panic!("one: `sent` is no news to a phone") };
    assert_eq!(request.headers.get("Content-Type"), Some("message/imdn+xml"));
    assert_ne!(request.headers.call_id(), "from-the-phone");
    assert!(String::from_utf8_lossy(&request.body).contains("<message-id>from-the-phone</message-id>"));
}

#[tokio::test]
async fn who_answers_anything_at_all_is_there() {
    let knows_no_options = Played::saying(405).await;
    let away = Played::saying(480).await;

    let asked = phones().await.ping(EXTENSION, "1001", &[knows_no_options.binding(), away.binding()]).await;

    assert_eq!(asked.ways.iter().map(|(_, is_there)| *is_there).collect::<Vec<_>>(), [true, false]);
    assert!(asked.anybody());
}

/// A PBX that asks for the password of `depesche` and then says `status`.
pub(super) async fn pbx(status: u16) -> Played {
    let door = Authenticator::new(Settings::new("pbx"));
    let clock = Clock::system();
    Played::new(move |request, _| {
        let known = |user: &str| (user == "depesche").then(|| Ha1::new(user, "pbx", "right"));
        let from = "127.0.0.1".parse().expect("an address");
        let response = match door.check(request, from, &[Algorithm::Md5], clock.monotonic(), known) {
            Err(refusal) => refusal.answer(request),
            Ok(_) => {
                let contact = request.headers.get("Contact").map(|contact| format!("{contact};expires=60"));
                let response = Response::to(request, status);
                contact.into_iter().fold(response, |response, contact| response.with("Contact", contact))
            }
        };
        Some((Duration::ZERO, response))
    })
    .await
}

pub(super) async fn phones_behind(pbx: &Played, password: &str) -> Phones {
    phones_behind_with(pbx, password, |_| {}).await
}

async fn phones_behind_with(pbx: &Played, password: &str, change: impl FnOnce(&mut Pbx)) -> Phones {
    let (endpoint, _) = endpoint(&[Transport::Udp, Transport::Tcp]).await;
    let mut pbx = Pbx {
        addresses: vec![PbxAddress { host: "127.0.0.1".into(), port: Some(pbx.addr.port()) }],
        transport: PbxTransport::Udp,
        domain: Some("pbx.example.com".into()),
        user: "depesche".into(),
        password: Secret::new(password),
        trunk_secret: Secret::default(),
        register: true,
        register_expires: Duration::from_secs(600),
        keepalive: Duration::from_secs(60),
        trusted: Vec::new(),
    };
    change(&mut pbx);
    let mode = PhonesMode::Pbx(Box::new(BehindPbx { pbx, resolver: Resolver::system().expect("readable") }));
    Phones::new(endpoint, PhonesSettings { domain: "ours.example.com".into(), mode }, Clock::system())
}

#[tokio::test]
async fn an_extension_of_the_pbx_is_reached_with_our_password() {
    let pbx = pbx(202).await;

    let tried = phones_behind(&pbx, "right").await.send(to_phone(Vec::new())).await;

    assert!(is_taken(&tried), "{tried:?}");
    let heard = pbx.heard();
    assert_eq!(heard[1].uri.to_string(), "sip:1001@pbx.example.com");
    let cseq = |at: usize| heard[at].headers.cseq().expect("good").number;
    assert_eq!((heard.len(), cseq(1)), (2, cseq(0) + 1));
    assert!(!tried.exchanges[0].request.contains("response="), "{}", tried.exchanges[0].request);
}

#[tokio::test]
async fn a_phone_the_pbx_does_not_reach_gets_it_later_and_a_wrong_password_is_said() {
    let later = phones_behind(&pbx(404).await, "right").await.send(to_phone(Vec::new())).await;
    let refused = phones_behind(&pbx(200).await, "wrong").await.send(to_phone(Vec::new())).await;

    assert!(matches!(&later.outcome, Outcome::Later { reason } if reason.carrier_code.as_deref() == Some("404")));
    assert!(matches!(&refused.outcome, Outcome::Never { reason } if reason.code == ReasonCode::PhoneRefused));
}

#[tokio::test]
async fn a_pbx_that_says_anything_is_there_and_one_that_says_nothing_is_not() {
    let (asking, refusing, mute) = (pbx(200).await, Played::saying(503).await, Played::new(|_, _| None).await);

    for there in [&asking, &refusing] {
        let phones = phones_behind(there, "right").await;
        assert_eq!(phones.pbx().expect("there").knock().await, Ok(()));
        assert!(there.heard().iter().all(|request| request.method == Method::Options));
    }
    let silent = phones_behind(&mute, "right").await.pbx().expect("there").knock().await;
    assert!(silent.is_err_and(|why| why.contains("timeout")));
}

#[tokio::test]
async fn we_register_at_the_pbx_with_the_address_it_sees_us_at() {
    let pbx = pbx(200).await;
    let phones = phones_behind(&pbx, "right").await;
    let staying = phones.clone();
    let task = tokio::spawn(async move { staying.pbx().expect("there").stay_registered().await });

    let until = Instant::now() + Duration::from_secs(5);
    while phones.pbx().expect("there").registration() != Registration::Registered && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    assert_eq!(phones.pbx().expect("there").registration(), Registration::Registered);
    let heard = pbx.heard();
    let last = heard.last().expect("at least one");
    let from = last.headers.top_via().expect("good").port.expect("written");
    assert_eq!(last.headers.get("Contact"), Some(&*format!("<sip:depesche@127.0.0.1:{from}>")));
    assert!(heard.iter().all(|request| request.headers.call_id() == last.headers.call_id()));
    task.abort();
}

#[tokio::test]
async fn a_registration_that_fails_says_why() {
    let pbx = pbx(200).await;
    let phones = phones_behind(&pbx, "wrong").await;
    let staying = phones.clone();
    let task = tokio::spawn(async move { staying.pbx().expect("there").stay_registered().await });

    let until = Instant::now() + Duration::from_secs(5);
    while phones.pbx().expect("there").registration() == Registration::Trying && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let Registration::Failed(why) = phones.pbx().expect("there").registration() else { panic!("it failed") };
    assert!(why.contains("password"), "{why}");
    task.abort();
}

#[tokio::test]
async fn the_word_for_the_pbx_goes_over_connections_alone_and_into_no_record() {
    let knows_us = |request: &Request, _| {
        let known = request.headers.get("X-Trunk") == Some("our-word");
        Some((Duration::ZERO, Response::to(request, if known { 200 } else { 403 })))
    };
    let over_tcp = Played::over(Transport::Tcp, knows_us).await;
    let over_udp = Played::saying(200).await;
    let with_word = |transport| {
        move |pbx: &mut Pbx| {
            pbx.transport = transport;
            pbx.trunk_secret = Secret::new("our-word");
        }
    };
    let long = "Langer Text mit vielen Wörtern. ".repeat(60);

    let by_tcp = phones_behind_with(&over_tcp, "", with_word(PbxTransport::Tcp)).await;
    let by_tcp = by_tcp.send(to_phone(Vec::new())).await;
    let too_long = phones_behind_with(&over_tcp, "", with_word(PbxTransport::Udp)).await;
    let too_long = too_long.send(ToPhone { text: &long, ..to_phone(Vec::new()) }).await;
    let by_udp = phones_behind_with(&over_udp, "", with_word(PbxTransport::Udp)).await;
    let by_udp = by_udp.send(ToPhone { text: &long, ..to_phone(Vec::new()) }).await;

    assert!(is_taken(&by_tcp) && is_taken(&too_long) && is_taken(&by_udp), "{by_tcp:?} {too_long:?} {by_udp:?}");
    assert_eq!(over_tcp.heard().len(), 2, "what is too long for UDP went by TCP, in one piece");
    assert!(over_udp.heard().len() > 1, "a PBX without TCP got it in parts");
    assert!(over_udp.heard().iter().all(|request| !request.headers.contains("X-Trunk")));
    for exchange in by_tcp.exchanges.iter().chain(&too_long.exchanges) {
        assert!(!exchange.request.contains("our-word"), "{}", exchange.request);
    }
}
