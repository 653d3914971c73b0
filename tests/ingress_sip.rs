//! The SIP door on a real store and real sockets: phones that prove themselves are served, everyone else learns nothing.

mod ingress_house;

use depesche::clock::Clock;
use depesche::config::load::Config;
use depesche::config::sheet::Variables;
use depesche::config::sip::{DigestAlgorithm, Mode, Pbx, Sip};
use depesche::domain::secret::Secret;
use depesche::ingress::directory::Directory;
use depesche::ingress::sip::SipDoor;
use depesche::ingress::sip_settings::SipDoorSettings;
use depesche::net::network::Network;
use depesche::sip::digest::client::{Client, Credentials};
use depesche::sip::endpoint::{Endpoint, EndpointSettings};
use depesche::sip::message::{Hop, Method, NameAddr, Request, Response, Transport, Uri, random_token};
use depesche::sip::transport::Listen;
use ingress_house::{House, switchboard};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

const CUSTOMER: &str = "+15550100199";

struct Door {
    house: House,
    addr: SocketAddr,
    _endpoint: Endpoint,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

async fn endpoint() -> (Endpoint, tokio::sync::mpsc::Receiver<depesche::sip::endpoint::Incoming>) {
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let settings = EndpointSettings::new(vec![Listen { transport: Transport::Udp, addr: any }]);
    Endpoint::start(settings, Clock::system()).await.expect("loopback is there")
}

async fn door(change: impl FnOnce(&mut Sip, &mut Pbx)) -> Door {
    door_of(House::new().await, change).await
}

async fn door_of(house: House, change: impl FnOnce(&mut Sip, &mut Pbx)) -> Door {
    let (endpoint, incoming) = endpoint().await;
    let Config { mut sip, mut pbx, .. } = Config::load(None, Variables::new()).expect("the defaults are well");
    sip.domain = Some("pbx.example.com".into());
    change(&mut sip, &mut pbx);
    let settings = SipDoorSettings::new(&sip, &pbx, &endpoint.listening());
    let (directory, edits) = Directory::open(house.desk.clone(), &sip.realm).await.expect("readable");
    let following = directory.clone();
    let follow = tokio::spawn(async move { following.follow(edits).await });
    let run = tokio::spawn(
        SipDoor::new(house.desk.clone(), directory, switchboard(), None, settings)
            .run(incoming, CancellationToken::new()),
    );
    let tasks = vec![AbortOnDropHandle::new(follow), AbortOnDropHandle::new(run)];
    Door { house, addr: endpoint.listening()[0].addr, _endpoint: endpoint, _tasks: tasks }
}

/// A phone that answers challenges.
struct Phone {
    endpoint: Endpoint,
    door: SocketAddr,
    client: Client,
    number: String,
    cseq: u32,
    call_id: String,
}

impl Phone {
    async fn new(door: &Door, number: &str, password: &str) -> Phone {
        let (endpoint, _) = endpoint().await;
        let client = Client::new(Credentials { user: number.into(), password: Secret::new(password) });
        Phone { endpoint, door: door.addr, client, number: number.into(), cseq: 0, call_id: random_token() }
    }

    async fn of(door: &Door, number: &str) -> Phone {
        Phone::new(door, number, &door.house.password(number)).await
    }

    fn request(&mut self, method: Method, uri: &str, from: &str, to: &str) -> Request {
        self.cseq += 1;
        let address = |text: &str| NameAddr::new(text.parse::<Uri>().expect("a good URI"));
        Request::out_of_dialog(
            method,
            uri.parse().expect("a good URI"),
            &address(from),
            &address(to),
            &self.call_id,
            self.cseq,
        )
    }

    async fn send(&self, request: Request) -> Response {
        self.endpoint.send(request, Hop::new(Transport::Udp, self.door)).await.expect("answered")
    }

    /// Sends, and again with an answer to the challenge.
    async fn ask(&mut self, mut request: Request) -> Response {
        self.client.authorize(&mut request);
        let first = self.send(request.clone()).await;
        if !matches!(first.status, 401 | 407) {
            return first;
        }
        if self.client.challenged(&first).is_err() {
            return first;
        }
        self.cseq += 1;
        request.headers.set("CSeq", format!("{} {}", self.cseq, request.method));
        self.client.authorize(&mut request);
        self.send(request).await
    }

    fn own(&self) -> String {
        format!("sip:{}@pbx.example.com", self.number)
    }

    async fn register(&mut self) -> Response {
        let own = self.own();
        let contact = format!("<sip:{}@{}>", self.number, self.endpoint.listening()[0].addr);
        let request = self.request(Method::Register, "sip:pbx.example.com", &own, &own).with("Contact", contact);
        self.ask(request).await
    }

    fn text(&mut self, body: &str) -> Request {
        let (own, to) = (self.own(), format!("sip:{CUSTOMER}@pbx.example.com"));
        self.request(Method::Message, &to, &own, &to).with_body("text/plain", body.to_owned())
    }
}

#[tokio::test]
async fn a_phone_registers_and_its_binding_is_on_disk_before_it_is_told() {
    let door = door(|_, _| {}).await;
    let mut phone = Phone::of(&door, "1001").await;

    let registered = phone.register().await;

    assert_eq!(registered.status, 200, "{registered:?}");
    assert_eq!(door.house.count("SELECT count(*) FROM bindings"), 1);
    let again = phone.register().await;
    assert_eq!((again.status, door.house.count("SELECT count(*) FROM bindings")), (200, 1));
}

#[tokio::test]
async fn a_phone_may_register_for_its_own_extension_alone() {
    let door = door(|_, _| {}).await;
    let mut phone = Phone::of(&door, "1001").await;

    let request =
        phone.request(Method::Register, "sip:pbx.example.com", "sip:1001@pbx.example.com", "sip:1002@pbx.example.com");
    let refused = phone.ask(request.with("Contact", "<sip:x@127.0.0.1:5999>")).await;

    assert_eq!(refused.status, 403);
    assert_eq!(door.house.count("SELECT count(*) FROM bindings"), 0);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_user_look_alike() {
    let door = door(|sip, _| sip.bounds.failures_per_source_max = 10_000).await;
    let mut times = [Vec::new(), Vec::new()];
    let mut answers = Vec::new();
    for round in 0..20 {
        for (at, number) in ["1001", "7777"].into_iter().enumerate() {
            let mut phone = Phone::new(&door, number, "wrong").await;
            let begun = Instant::now();
            let answer = phone.register().await;
            times[at].push(begun.elapsed());
            if round == 0 {
                let names: Vec<String> = answer.headers.iter().map(|(name, _)| name.to_owned()).collect();
                answers.push((answer.status, answer.reason.clone(), names));
            }
        }
    }

    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, 401);
    // The median: one pause of a busy machine says nothing.
    let [known, unknown] = times.each_mut().map(|all| {
        all.sort();
        all[all.len() / 2]
    });
    assert!(known < unknown * 3 && unknown < known * 3, "{times:?}");
    assert_eq!(door.house.count("SELECT count(*) FROM bindings"), 0);
}

#[tokio::test]
async fn whoever_guesses_passwords_has_to_wait() {
    let door = door(|sip, _| sip.bounds.failures_per_source_max = 5).await;
    let mut last = 0;
    for _ in 0..8 {
        last = Phone::new(&door, "1001", "wrong").await.register().await.status;
    }

    assert_eq!(last, 503);
    assert_eq!(door.house.count("SELECT count(*) FROM bindings"), 0);
}

#[tokio::test]
async fn a_phone_s_text_is_filed_once_and_answered_202() {
    let door = door(|_, _| {}).await;
    // 1001 has a number of its own here, so that it may write first.
    door.house.generic_trunk().await;
    let mut phone = Phone::of(&door, "1001").await;

    let request = phone.text("Ihr Rad ist fertig");
    let answer = phone.ask(request).await;

    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(door.house.texts("SELECT text FROM messages"), ["Ihr Rad ist fertig"]);
    assert_eq!(door.house.count("SELECT count(*) FROM deliveries"), 1);
}

#[tokio::test]
async fn a_text_whose_answer_was_lost_in_a_crash_is_not_taken_twice() {
    let door = door(|_, _| {}).await;
    door.house.generic_trunk().await;
    let mut phone = Phone::of(&door, "1001").await;
    phone.register().await;
    let mut text = phone.text("Ihr Rad ist fertig");
    phone.client.authorize(&mut text);
    assert_eq!(phone.send(text.clone()).await.status, 202);

    let after = door_of(door.house.after_a_crash(), |_, _| {}).await;
    phone.door = after.addr;
    let repeated = phone.send(text.clone()).await;
    // As a phone does that was asked for its password once more, with the next number and the nonce of now.
    phone.register().await;
    phone.cseq += 1;
    text.headers.set("CSeq", format!("{} MESSAGE", phone.cseq));
    phone.client.authorize(&mut text);
    let under_the_next_number = phone.send(text.clone()).await;

    assert_eq!((repeated.status, under_the_next_number.status), (202, 202));
    assert_eq!(after.house.texts("SELECT text FROM messages"), ["Ihr Rad ist fertig"]);
    assert_eq!(after.house.count("SELECT count(*) FROM deliveries WHERE line = 'carrier'"), 1);

    let another = phone.text("Ihr Rad ist fertig, bis 18 Uhr");
    let from_elsewhere = Phone::of(&door, "1001").await.text("Ihr Rad ist fertig");
    assert_eq!(phone.ask(another).await.status, 202);
    assert_eq!(phone.send(from_elsewhere).await.status, 407, "who never proved himself is asked to");
    phone.call_id = random_token();
    let said_again = phone.text("Ihr Rad ist fertig");
    assert_eq!(phone.ask(said_again).await.status, 202);
    assert_eq!(after.house.count("SELECT count(*) FROM messages"), 3);
}

#[tokio::test]
async fn nobody_writes_in_another_name() {
    let door = door(|_, _| {}).await;
    let mut phone = Phone::of(&door, "1001").await;
    let to = format!("sip:{CUSTOMER}@pbx.example.com");

    let spoofed = phone.request(Method::Message, &to, "sip:1002@pbx.example.com", &to).with_body("text/plain", "hi");
    let spoofed = phone.ask(spoofed).await;
    let asserted = phone.request(Method::Message, &to, "sip:1002@pbx.example.com", &to);
    let asserted = asserted.with("P-Asserted-Identity", "<sip:1001@pbx.example.com>").with_body("text/plain", "hi");
    let asserted = phone.ask(asserted).await;

    assert_eq!((spoofed.status, asserted.status), (403, 403));
    assert_eq!(door.house.count("SELECT count(*) FROM messages"), 0);
}

#[tokio::test]
async fn a_request_for_another_domain_goes_nowhere() {
    let door = door(|_, _| {}).await;
    let mut phone = Phone::of(&door, "1001").await;
    let (own, to) = (phone.own(), "sip:+15550100199@elsewhere.example.org");

    let message = phone.request(Method::Message, to, &own, to).with_body("text/plain", "relay me");
    let message = phone.ask(message).await;
    let register = phone.request(Method::Register, "sip:elsewhere.example.org", &own, &own);
    let register = phone.ask(register).await;
    let options = phone.request(Method::Options, "sip:elsewhere.example.org", &own, to);
    let options = phone.send(options).await;

    assert_eq!([message.status, register.status, options.status], [404, 404, 404]);
    assert_eq!(door.house.count("SELECT count(*) FROM messages"), 0);
}

#[tokio::test]
async fn machinery_never_becomes_a_text() {
    let door = door(|_, _| {}).await;
    door.house.generic_trunk().await;
    let mut phone = Phone::of(&door, "1001").await;
    let receipt = "<?xml version=\"1.0\"?><imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>x</message-id>\
                   <delivery-notification><status><delivered/></status></delivery-notification></imdn>";
    let composing = "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state></isComposing>";
    let file = "<file xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\"><file-info type=\"file\"><file-size>1</file-size>\
                <file-name>a</file-name><content-type>image/png</content-type><data url=\"https://a.example/b\"/></file-info></file>";
    for (kind, body, status) in [
        ("message/imdn+xml", receipt, 200),
        ("application/im-iscomposing+xml", composing, 200),
        ("application/vnd.gsma.rcs-ft-http+xml", file, 415),
        ("image/png", "PNG", 415),
        ("text/html", "<b>hi</b>", 415),
        ("text/plain", "  \r\n", 488),
    ] {
        let request = phone.text("").with_body(kind, body.to_owned());
        let answer = phone.ask(request).await;
        assert_eq!(answer.status, status, "{kind}");
    }
    assert_eq!(door.house.count("SELECT count(*) FROM messages"), 0);
}

#[tokio::test]
async fn options_says_what_is_taken_and_no_answer_to_a_stranger_is_much_larger_than_its_question() {
    let door = door(|_, _| {}).await;
    let mut phone = Phone::new(&door, "7777", "").await;
    let own = phone.own();

    let short = phone.request(Method::Options, "sip:pbx.example.com", &own, "sip:pbx.example.com");
    let short = phone.send(short).await;
    let long = phone.request(Method::Options, "sip:pbx.example.com", &own, "sip:pbx.example.com");
    let long = phone.send(long.with("X-Padding", "x".repeat(400))).await;

    assert_eq!((short.status, long.status), (200, 200));
    assert!(long.headers.get("Accept").expect("there is room").contains("text/plain"));
    assert!(long.headers.get("Allow").expect("there is room").contains("MESSAGE"));
}

#[tokio::test]
async fn a_switched_off_extension_is_a_stranger_as_soon_as_it_is_switched_off() {
    let door = door(|_, _| {}).await;
    let id = door.house.extension("1003").await;
    let mut phone = Phone::of(&door, "1003").await;
    assert_eq!(phone.register().await.status, 200);

    let off = depesche::store::extensions::ExtensionEdit {
        number: "1003".into(),
        name: "Anna".into(),
        enabled: false,
        default_number: None,
    };
    depesche::flow::settings::extensions::update(&door.house.desk, id, 1, off).await.expect("edited");
    tokio::time::sleep(Duration::from_millis(300)).await;

    let mut phone = Phone::of(&door, "1003").await;
    assert_eq!(phone.register().await.status, 401);
}

fn behind_a_pbx(trusted: &'static str) -> impl FnOnce(&mut Sip, &mut Pbx) {
    move |sip, pbx| {
        sip.mode = Mode::Pbx;
        pbx.trusted = vec![trusted.parse::<Network>().expect("a network")];
        pbx.user = "depesche".into();
        pbx.password = Secret::new("between us");
    }
}

#[tokio::test]
async fn a_trusted_pbx_speaks_for_its_extensions_and_keeps_the_registrations() {
    let door = door(behind_a_pbx("127.0.0.1")).await;
    door.house.generic_trunk().await;
    let mut pbx = Phone::new(&door, "pbx", "").await;
    let to = format!("sip:{CUSTOMER}@pbx.example.com");

    let text = pbx.request(Method::Message, &to, "sip:anonymous@pbx.example.com", &to);
    let text = text.with("P-Asserted-Identity", "<sip:1001@pbx.example.com>").with_body("text/plain", "hello");
    let by_identity = pbx.send(text).await;
    let text = pbx.request(Method::Message, "sip:depesche@127.0.0.1", "sip:1001@pbx.example.com", &to);
    let by_from_to_our_own_name = pbx.send(text.with_body("text/plain", "again")).await;
    let text = pbx.request(Method::Message, &to, "sip:4711@pbx.example.com", &to).with_body("text/plain", "x");
    let unknown = pbx.send(text).await;
    let register =
        pbx.request(Method::Register, "sip:pbx.example.com", "sip:1001@pbx.example.com", "sip:1001@pbx.example.com");
    let register = pbx.send(register).await;

    assert_eq!((by_identity.status, by_from_to_our_own_name.status), (202, 202), "{by_from_to_our_own_name:?}");
    assert_eq!((unknown.status, register.status), (403, 405));
    assert_eq!(door.house.texts("SELECT text FROM messages ORDER BY id"), ["hello", "again"]);
}

#[tokio::test]
async fn from_anywhere_else_the_pbx_proves_itself() {
    let door = door(behind_a_pbx("192.0.2.1")).await;
    door.house.generic_trunk().await;
    let to = format!("sip:{CUSTOMER}@pbx.example.com");
    let mut statuses = Vec::new();
    for (user, password) in [("depesche", "between us"), ("depesche", "wrong"), ("1001", &door.house.password("1001"))]
    {
        let mut peer = Phone::new(&door, user, password).await;
        let text = peer.request(Method::Message, &to, "sip:1001@pbx.example.com", &to).with_body("text/plain", "hello");
        statuses.push(peer.ask(text).await.status);
    }

    assert_eq!(statuses, [202, 407, 407]);
}

#[tokio::test]
async fn what_a_stranger_is_told_over_udp_is_at_most_half_as_large_again_as_what_he_said() {
    let door = door(|sip, _| sip.digest_algorithms = vec![DigestAlgorithm::Sha256, DigestAlgorithm::Md5]).await;
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
    let own = socket.local_addr().expect("bound");
    for (at, (line, rest)) in [
        ("OPTIONS sip:pbx.example.com", ""),
        ("OPTIONS sip:elsewhere.example.org", ""),
        ("REGISTER sip:pbx.example.com", "Contact: <sip:1001@127.0.0.1>\r\n"),
        ("REGISTER sip:elsewhere.example.org", ""),
        ("MESSAGE sip:+15550100199@pbx.example.com", "Content-Type: text/plain\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let method = line.split(' ').next().expect("a word");
        let said = format!(
            "{line} SIP/2.0\r\nVia: SIP/2.0/UDP {own};rport;branch=z9hG4bKtest{at}\r\nMax-Forwards: 70\r\n\
             From: <sip:1001@pbx.example.com>;tag=a1b2c3\r\nTo: <sip:1001@pbx.example.com>\r\nCall-ID: call-{at}-0123456789\r\n\
             CSeq: 1 {method}\r\n{rest}Content-Length: 0\r\n\r\n"
        );
        socket.send_to(said.as_bytes(), door.addr).await.expect("sent");
        let mut buffer = [0; 4096];
        let answer = tokio::time::timeout(Duration::from_secs(3), socket.recv(&mut buffer)).await;
        let length = answer.expect("answered").expect("received");

        let told = String::from_utf8_lossy(&buffer[..length]);
        assert!(length * 2 <= said.len() * 3, "{length} bytes for {}:\n{said}{told}", said.len());
    }
}
