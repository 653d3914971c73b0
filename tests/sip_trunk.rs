//! SIP trunks and GSM gateways on a real store and real sockets: texts go both ways, and nobody else speaks for a trunk.

mod ingress_house;

use depesche::app::reload::Reload;
use depesche::carrier::dialect::{Known, OutboundMessage, Question};
use depesche::clock::Clock;
use depesche::config::load::Config;
use depesche::config::sheet::Variables;
use depesche::domain::address::Address;
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::SendError;
use depesche::domain::id::{MessageId, TrunkId};
use depesche::domain::secret::Secret;
use depesche::egress::outcome::Outcome;
use depesche::egress::registration::Registration;
use depesche::egress::sip_trunk::SipTrunks;
use depesche::egress::switchboard::Switchboard;
use depesche::flow::gateway;
use depesche::ingress::directory::Directory;
use depesche::ingress::sip::SipDoor;
use depesche::ingress::sip_settings::SipDoorSettings;
use depesche::sip::digest::client::{Client, Credentials};
use depesche::sip::endpoint::{Endpoint, EndpointSettings, Incoming};
use depesche::sip::message::{Hop, Method, NameAddr, Request, Response, Transport, Uri, random_token};
use depesche::sip::transaction::Timers;
use depesche::sip::transport::Listen;
use ingress_house::{House, OUR_NUMBER, switchboard};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

const CUSTOMER: &str = "+4915550012345";

/// The house with one SIP trunk.
struct Scene {
    house: House,
    trunk: TrunkId,
    switchboard: Switchboard,
    door: SocketAddr,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

/// Our gateway, played by an endpoint.
struct Gateway {
    endpoint: Endpoint,
    incoming: mpsc::Receiver<Incoming>,
    addr: SocketAddr,
}

impl Gateway {
    async fn new() -> Gateway {
        let (endpoint, incoming) = endpoint().await;
        let addr = endpoint.listening()[0].addr;
        Gateway { endpoint, incoming, addr }
    }

    /// The next request, answered with what `answer` makes of it.
    async fn takes(&mut self, answer: impl FnOnce(&Request) -> Response) -> Request {
        let wait = tokio::time::timeout(Duration::from_secs(10), self.incoming.recv());
        let one = wait.await.expect("in time").expect("the endpoint is up");
        let (request, response) = (one.request.clone(), answer(&one.request));
        one.respond(response).await;
        request
    }

    /// A customer's text, as the gateway brings it to `user` at our door.
    fn text(&self, user: &str, from: &str, body: &str) -> Request {
        let address = |user: &str| NameAddr::new(Uri::sip(user, "gw.example.com", None));
        let uri = Uri::sip(user, "127.0.0.1", None);
        Request::out_of_dialog(Method::Message, uri, &address(from), &address(user), &random_token(), 1)
            .with_body("text/plain", body.to_owned())
    }

    async fn send(&self, scene: &Scene, request: Request) -> Response {
        self.endpoint.send(request, Hop::new(Transport::Udp, scene.door)).await.expect("answered")
    }

    /// Sends, and again with an answer to the challenge.
    async fn send_with_password(&self, scene: &Scene, mut request: Request, user: &str, password: &str) -> Response {
        let first = self.send(scene, request.clone()).await;
        let mut client = Client::new(Credentials { user: user.into(), password: Secret::new(password) });
        client.challenged(&first).expect("a challenge");
        request.headers.set("CSeq", format!("2 {}", request.method));
        client.authorize(&mut request);
        self.send(scene, request).await
    }
}

async fn endpoint() -> (Endpoint, mpsc::Receiver<Incoming>) {
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let mut settings = EndpointSettings::new(vec![Listen { transport: Transport::Udp, addr: any }]);
    // Silence is known after 64 times T1: soon.
    settings.timers =
        Timers { t1: Duration::from_millis(20), t2: Duration::from_millis(80), t4: Duration::from_millis(80) };
    Endpoint::start(settings, Clock::system()).await.expect("loopback is there")
}

async fn scene(settings: Value) -> Scene {
    scene_of(House::new().await, Some(settings)).await
}

async fn scene_of(house: House, settings: Option<Value>) -> Scene {
    let trunk = match settings {
        Some(settings) => house.trunk("sip", settings).await,
        None => TrunkId(house.count("SELECT max(id) FROM trunks")),
    };
    let switchboard = switchboard();
    Reload::new(house.desk.clone(), switchboard.clone()).now().await.expect("the trunks are read");
    let (endpoint, incoming) = endpoint().await;
    let trunks = SipTrunks::new(endpoint.clone(), house.desk.clock.clone());
    for (trunk, bindings) in gateway::known(&house.desk).await.expect("readable") {
        trunks.set_bindings(trunk, bindings);
    }
    switchboard.connect_sip(trunks);
    let Config { sip, pbx, .. } = Config::load(None, Variables::new()).expect("the defaults are well");
    let settings = SipDoorSettings::new(&sip, &pbx, &endpoint.listening());
    let (directory, _) = Directory::open(house.desk.clone(), &sip.realm).await.expect("readable");
    let door = SipDoor::new(house.desk.clone(), directory, switchboard.clone(), None, settings);
    let run = tokio::spawn(door.run(incoming, CancellationToken::new()));
    let registering = switchboard.clone();
    let register = tokio::spawn(async move { registering.stay_registered().await });
    let door = endpoint.listening()[0].addr;
    Scene { house, trunk, switchboard, door, _tasks: [run, register].map(AbortOnDropHandle::new).into() }
}

impl Scene {
    async fn sends(&self, text: &str) -> Outcome {
        let address = |text: &str| Address::parse(text).expect("a number");
        let message = OutboundMessage::text("ref-1", ChannelKind::Sms, address(OUR_NUMBER), address(CUSTOMER), text);
        self.switchboard.send(self.trunk, &message, MessageId(1)).await.outcome
    }

    fn filed(&self) -> Vec<String> {
        self.house.texts("SELECT peer_address || ': ' || text FROM messages JOIN sessions ON sessions.id = session_id ORDER BY messages.id")
    }
}

fn says(status: u16) -> impl FnOnce(&Request) -> Response {
    move |request| Response::to(request, status)
}

#[tokio::test]
async fn a_text_goes_to_the_gateway_as_it_spells_numbers() {
    let mut gateway = Gateway::new().await;
    let scene =
        scene(json!({ "server": gateway.addr.to_string(), "number_format": "double_zero", "user_phone": "yes" })).await;

    let (outcome, heard) = tokio::join!(scene.sends("Grüße 😀"), gateway.takes(says(202)));

    assert!(matches!(outcome, Outcome::Taken { carrier_id: Some(_), .. }), "{outcome:?}");
    assert_eq!(heard.uri.user_decoded().as_deref(), Some("004915550012345"));
    assert_eq!(heard.uri.param("user"), Some("phone"));
    assert_eq!(heard.headers.from().expect("a From").uri.user_decoded().as_deref(), Some("0015550100100"));
    assert_eq!((heard.headers.call_id(), &heard.body[..]), ("ref-1", "Grüße 😀".as_bytes()));
}

#[tokio::test]
async fn a_gateway_s_answer_decides_and_its_silence_is_never_a_second_text() {
    let mut gateway = Gateway::new().await;
    let scene = scene(json!({ "server": gateway.addr.to_string() })).await;
    for (status, expected) in [
        (404, "Refused(Rejected"),
        (486, "Refused(Unreachable"),
        (405, "Refused(Misconfigured"),
        (402, "Refused(NoCredit"),
        (408, "Unknown"),
    ] {
        let (outcome, _) = tokio::join!(scene.sends("hello"), gateway.takes(says(status)));
        assert!(format!("{outcome:?}").starts_with(expected), "{status}: {outcome:?}");
    }
    let busy = |request: &Request| Response::to(request, 503).with("Retry-After", "7");
    let (outcome, _) = tokio::join!(scene.sends("hello"), gateway.takes(busy));
    let wait = Some(Duration::from_secs(7));
    assert_eq!(outcome, Outcome::Refused(SendError::Throttled { retry_after: wait }));

    // It took the request and never says so.
    let (outcome, kept) = tokio::join!(scene.sends("hello"), gateway.incoming.recv());
    assert!(matches!(outcome, Outcome::Unknown { .. }), "{outcome:?}");
    drop(kept);
}

#[tokio::test]
async fn a_gateway_that_asks_for_the_password_gets_it_and_a_wrong_one_stops_the_trunk() {
    let mut gateway = Gateway::new().await;
    let scene =
        scene(json!({ "server": gateway.addr.to_string(), "user": "depesche", "password": "a-long-password" })).await;
    let challenge = |request: &Request| {
        Response::to(request, 401)
            .with("WWW-Authenticate", r#"Digest realm="gsm", nonce="n1", algorithm=MD5, qop="auth""#)
    };

    let (outcome, heard) = tokio::join!(scene.sends("hello"), async {
        gateway.takes(challenge).await;
        gateway.takes(says(200)).await
    });
    assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
    let shown = heard.headers.get("Authorization").expect("it is there").to_owned();
    assert!(shown.contains(r#"username="depesche""#) && !shown.contains("a-long-password"), "{shown}");

    let (outcome, _) = tokio::join!(scene.sends("hello"), async {
        gateway.takes(challenge).await;
        gateway.takes(challenge).await
    });
    assert!(matches!(outcome, Outcome::Refused(SendError::Misconfigured { .. })), "{outcome:?}");
}

#[tokio::test]
async fn a_gateway_of_160_characters_gets_numbered_texts_and_half_a_message_is_never_repeated() {
    let mut gateway = Gateway::new().await;
    let scene = scene(json!({ "server": gateway.addr.to_string(), "parts": "one_sms" })).await;
    let long = "word ".repeat(60);

    let (outcome, ids) = tokio::join!(scene.sends(&long), async {
        let first = gateway.takes(says(200)).await;
        let second = gateway.takes(says(200)).await;
        assert!(first.body.starts_with(b"(1/2) word") && second.body.starts_with(b"(2/2) word"));
        [first, second].map(|request| request.headers.call_id().to_owned())
    });
    assert_eq!(ids, ["ref-1-p1", "ref-1"]);
    assert!(matches!(outcome, Outcome::Taken { segments: Some(2), .. }), "{outcome:?}");

    let (outcome, ()) = tokio::join!(scene.sends(&long), async {
        gateway.takes(says(200)).await;
        gateway.takes(says(486)).await;
    });
    assert!(matches!(&outcome, Outcome::Unknown { why } if why.starts_with("1 of 2 parts")), "{outcome:?}");
}

#[tokio::test]
async fn a_gateway_with_a_password_brings_texts_and_nobody_else_does() {
    let gateway = Gateway::new().await;
    let scene = scene(json!({
        "server": gateway.addr.to_string(), "inbound_user": "goip1", "inbound_password": "its-password",
        "number_format": "national", "country": "DE",
    }))
    .await;

    let forged = gateway.send(&scene, gateway.text(OUR_NUMBER, CUSTOMER, "forged")).await;
    assert!(matches!(forged.status, 401 | 407), "{forged:?}");
    let wrong =
        gateway.send_with_password(&scene, gateway.text(OUR_NUMBER, CUSTOMER, "forged"), "goip1", "wrong").await;
    assert!(matches!(wrong.status, 401 | 403 | 407), "{wrong:?}");
    assert!(scene.filed().is_empty());

    let text = gateway.text(OUR_NUMBER, "015123456789", "Wann kommt ihr?");
    let taken = gateway.send_with_password(&scene, text, "goip1", "its-password").await;
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(scene.filed(), ["+4915123456789: Wann kommt ihr?"]);
    assert_eq!(scene.house.count("SELECT count(*) FROM exchanges WHERE direction = 'in' AND trunk_id IS NOT NULL"), 1);
}

#[tokio::test]
async fn an_address_is_believed_over_udp_only_where_the_settings_say_so() {
    let gateway = Gateway::new().await;
    let settings =
        |believe: &str| json!({ "server": gateway.addr.to_string(), "sources": "127.0.0.0/8", "believe_udp": believe });

    let careful = scene(settings("no")).await;
    let asked = gateway.send(&careful, gateway.text(OUR_NUMBER, CUSTOMER, "hello")).await;
    assert!(matches!(asked.status, 401 | 407), "{asked:?}");

    let own_network = scene(settings("yes")).await;
    let taken = gateway.send(&own_network, gateway.text(OUR_NUMBER, CUSTOMER, "hello")).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(own_network.filed(), [format!("{CUSTOMER}: hello")]);
}

#[tokio::test]
async fn who_registers_us_reaches_us_by_our_secret_contact_and_an_account_means_our_number() {
    let mut gateway = Gateway::new().await;
    let scene = scene(json!({
        "server": gateway.addr.to_string(), "user": "acct7", "password": "a-long-password", "register": "yes",
        "number": OUR_NUMBER,
    }))
    .await;

    let granted = |request: &Request| match request.headers.get("Contact") {
        Some(contact) => Response::to(request, 200).with("Contact", format!("{contact};expires=600")),
        None => Response::to(request, 200),
    };
    let mut contact = None;
    while contact.is_none() {
        let register = gateway.takes(granted).await;
        assert_eq!(register.method, Method::Register);
        contact = register.headers.get("Contact").map(|text| text.parse::<NameAddr>().expect("a Contact").uri);
    }
    let contact = contact.expect("found");
    let user = contact.user_decoded().expect("it names a user");
    assert!(user.len() > 20, "{user} could be guessed");

    let taken = gateway.send(&scene, gateway.text(&user, CUSTOMER, "Hallo")).await;
    assert_eq!(taken.status, 200, "{taken:?}");
    assert_eq!(scene.filed(), [format!("{CUSTOMER}: Hallo")]);
    let guessed = gateway.send(&scene, gateway.text("d0123456789abcdef01234567", CUSTOMER, "forged")).await;
    assert!(matches!(guessed.status, 401 | 404 | 407), "{guessed:?}");

    for _ in 0..100 {
        if scene.switchboard.sip().expect("SIP is up").registration(scene.trunk) == Registration::Registered {
            let (known, _) = scene.switchboard.ask(scene.trunk, &Question::Credentials).await;
            assert!(matches!(known, Some(Ok(Known::CredentialsGood(_)))), "{known:?}");
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never registered");
}

#[tokio::test]
async fn a_gateway_that_registers_here_is_found_again_after_a_restart() {
    let mut gateway = Gateway::new().await;
    let scene = scene(json!({ "inbound_user": "goip1", "inbound_password": "its-password" })).await;
    let outcome = scene.sends("too early").await;
    assert!(
        matches!(&outcome, Outcome::Refused(SendError::Unreachable { why }) if why.contains("not registered")),
        "{outcome:?}"
    );

    let own = NameAddr::new(Uri::sip("goip1", "127.0.0.1", None));
    let to_us = Uri::sip("", "127.0.0.1", None);
    let register = Request::out_of_dialog(Method::Register, to_us, &own, &own, &random_token(), 1)
        .with("Contact", format!("<sip:goip1@{}>", gateway.addr));
    let registered = gateway.send_with_password(&scene, register, "goip1", "its-password").await;
    assert_eq!(registered.status, 200, "{registered:?}");
    assert_eq!(scene.house.count("SELECT count(*) FROM trunk_bindings"), 1);

    let (outcome, heard) = tokio::join!(scene.sends("hello"), gateway.takes(says(200)));
    assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
    assert_eq!(heard.uri.user_decoded().as_deref(), Some(CUSTOMER));

    let after = scene_of(scene.house.after_a_crash(), None).await;
    let (outcome, _) = tokio::join!(after.sends("hello again"), gateway.takes(says(200)));
    assert!(matches!(outcome, Outcome::Taken { .. }), "{outcome:?}");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_the_reason_and_stands_in_the_channel_log() {
    let gateway = Gateway::new().await;
    let scene =
        scene(json!({ "server": gateway.addr.to_string(), "sources": "127.0.0.1", "believe_udp": "yes" })).await;

    let refused = gateway.send(&scene, gateway.text(OUR_NUMBER, "anonymous-caller-unknown", "hello")).await;

    assert_eq!(refused.status, 488);
    assert!(refused.headers.get("Warning").is_some_and(|why| why.contains("who wrote")), "{refused:?}");
    assert_eq!(scene.house.count("SELECT count(*) FROM exchanges WHERE status = '488' AND request LIKE '%hello%'"), 1);
}

#[tokio::test]
async fn a_receipt_of_the_gateway_is_a_delivery_report_and_never_a_text() {
    let gateway = Gateway::new().await;
    let scene = scene(
        json!({ "server": gateway.addr.to_string(), "sources": "127.0.0.1", "believe_udp": "yes", "reports": "yes" }),
    )
    .await;
    let receipt = r#"<?xml version="1.0"?><imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>ref-9</message-id><datetime>2026-11-20T10:00:00Z</datetime><delivery-notification><status><delivered/></status></delivery-notification></imdn>"#;
    let mut request = gateway.text(OUR_NUMBER, CUSTOMER, receipt);
    request.headers.set("Content-Type", "message/imdn+xml");

    let taken = gateway.send(&scene, request).await;

    assert_eq!(taken.status, 200, "{taken:?}");
    assert!(scene.filed().is_empty());
    assert_eq!(
        scene.house.count("SELECT count(*) FROM early_reports WHERE reference = 'ref-9' AND state = 'delivered'"),
        1
    );
}

#[tokio::test]
async fn a_trunk_whose_user_is_an_extension_s_locks_nobody_out() {
    let gateway = Gateway::new().await;
    let scene = scene(json!({ "inbound_user": "1003", "inbound_password": "its-password" })).await;
    let password = scene.house.password("1003");
    let own = NameAddr::new(Uri::sip("1003", "127.0.0.1", None));
    let register = Request::out_of_dialog(Method::Register, Uri::sip("", "127.0.0.1", None), &own, &own, "call-1", 1)
        .with("Contact", format!("<sip:1003@{}>", gateway.addr));

    let registered = gateway.send_with_password(&scene, register, "1003", &password).await;

    assert_eq!(registered.status, 200, "{registered:?}");
    assert_eq!(scene.house.count("SELECT count(*) FROM bindings"), 1);
}
