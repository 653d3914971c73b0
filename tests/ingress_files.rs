//! Files from phones at the SIP door: in the body of a MESSAGE, or put here and then offered by their address. What is not
//! ours is never fetched, what is not taken is refused in clear words, and a customer is sent each file once.

mod ingress_house;

use depesche::clock::Clock;
use depesche::config::load::Config;
use depesche::config::sheet::Variables;
use depesche::domain::secret::Secret;
use depesche::flow::media::desk::MediaDesk;
use depesche::flow::media::from_phone;
use depesche::ingress::directory::Directory;
use depesche::ingress::sip::SipDoor;
use depesche::ingress::sip_settings::SipDoorSettings;
use depesche::sip::digest::client::{Client, Credentials};
use depesche::sip::endpoint::{Endpoint, EndpointSettings};
use depesche::sip::message::{Hop, Method, NameAddr, Request, Response, Transport, Uri, random_token};
use depesche::sip::text::offer::{OFFER_TYPE, Offer};
use depesche::sip::transport::Listen;
use ingress_house::{BASE, House, switchboard};
use std::net::SocketAddr;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

const CUSTOMER: &str = "+15550100199";
const FILE_BYTES_MAX: u64 = 100_000;
/// One red pixel.
const PIXEL: &str = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082";

fn pixel() -> Vec<u8> {
    hex::decode(PIXEL).expect("hexadecimal")
}

struct Door {
    house: House,
    media: MediaDesk,
    addr: SocketAddr,
    _endpoint: Endpoint,
    _run: AbortOnDropHandle<()>,
}

async fn endpoint() -> (Endpoint, tokio::sync::mpsc::Receiver<depesche::sip::endpoint::Incoming>) {
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let listen = [Transport::Udp, Transport::Tcp].map(|transport| Listen { transport, addr: any });
    Endpoint::start(EndpointSettings::new(listen.to_vec()), Clock::system()).await.expect("loopback is there")
}

impl Door {
    async fn new() -> Door {
        let house = House::new().await;
        house.generic_trunk().await;
        let media = house.media(FILE_BYTES_MAX);
        let (endpoint, incoming) = endpoint().await;
        let Config { mut sip, pbx, .. } = Config::load(None, Variables::new()).expect("the defaults are well");
        sip.domain = Some("pbx.example.com".into());
        let settings = SipDoorSettings::new(&sip, &pbx, &endpoint.listening());
        let (directory, _) = Directory::open(house.desk.clone(), &sip.realm).await.expect("readable");
        let door = SipDoor::new(house.desk.clone(), directory, switchboard(), Some(media.clone()), settings);
        let run = AbortOnDropHandle::new(tokio::spawn(door.run(incoming, CancellationToken::new())));
        let tcp = endpoint.listening().into_iter().find(|one| one.transport == Transport::Tcp).expect("it listens");
        Door { house, media, addr: tcp.addr, _endpoint: endpoint, _run: run }
    }

    /// What an extension's phone has put here before; the address it was told.
    async fn put_here(&self, extension: &'static str) -> String {
        let extension = self.house.extension(extension).await;
        let mut incoming = from_phone::begin(&self.media, extension).await.expect("there is room");
        incoming.write(&pixel()).await.expect("there is room");
        let upload =
            from_phone::upload_of_phone(&self.media, extension, "Bild.png", incoming).await.expect("a picture");
        format!("{BASE}/ft/{}/{}", upload.key, upload.name)
    }

    fn sent(&self) -> Vec<String> {
        self.house.texts("SELECT a.name || ' ' || a.state FROM attachments a JOIN messages m ON m.id = a.message_id WHERE m.direction = 'out'")
    }
}

/// A phone that answers challenges, over TCP.
struct Phone<'a> {
    door: &'a Door,
    endpoint: Endpoint,
    client: Client,
    number: &'static str,
}

impl<'a> Phone<'a> {
    async fn of(door: &'a Door, number: &'static str) -> Phone<'a> {
        let password = Secret::new(door.house.password(number));
        let client = Client::new(Credentials { user: number.into(), password });
        Phone { door, endpoint: endpoint().await.0, client, number }
    }

    fn message(&self, content_type: &str, body: impl Into<bytes::Bytes>) -> Request {
        let address = |user: &str| NameAddr::new(Uri::sip(user, "pbx.example.com", None));
        let (own, to) = (address(self.number), address(CUSTOMER));
        Request::out_of_dialog(Method::Message, to.uri.clone(), &own, &to, &random_token(), 1)
            .with_body(content_type, body.into())
    }

    fn offer(&self, url: &str) -> Request {
        let until = self.door.media.desk.now();
        let offer = Offer { url, name: "Bild.png", media_type: "image/png", bytes: 69, thumb: None, until };
        self.message(OFFER_TYPE, offer.document())
    }

    /// Sends, and again with an answer to the challenge.
    async fn send(&mut self, mut request: Request) -> Response {
        let hop = Hop::new(Transport::Tcp, self.door.addr);
        self.client.authorize(&mut request);
        let first = self.endpoint.send(request.clone(), hop.clone()).await.expect("answered");
        if first.status != 407 {
            return first;
        }
        self.client.challenged(&first).expect("answerable");
        request.headers.set("CSeq", "2 MESSAGE".to_owned());
        self.client.authorize(&mut request);
        self.endpoint.send(request, hop).await.expect("answered")
    }
}

fn warning(response: &Response) -> &str {
    response.headers.get("Warning").unwrap_or_default()
}

#[tokio::test]
async fn a_picture_as_the_body_of_a_message_is_sent_to_the_customer() {
    let door = Door::new().await;
    let mut phone = Phone::of(&door, "1001").await;
    let request =
        phone.message("image/png", pixel()).with("Content-Disposition", "attachment;filename=\"../Küche.png\"");

    let answer = phone.send(request.clone()).await;
    let mut repeated = request;
    repeated.headers.set("CSeq", "3 MESSAGE".to_owned());
    let again = phone.send(repeated).await;

    assert_eq!((answer.status, again.status), (202, 202), "{answer:?} {again:?}");
    assert_eq!(door.sent(), ["Küche.png here"], "a phone that says it again says nothing new");
}

#[tokio::test]
async fn a_file_that_was_put_here_is_sent_when_its_own_phone_offers_it_and_by_no_other() {
    let door = Door::new().await;
    let (mut annas, mut bens) = (Phone::of(&door, "1001").await, Phone::of(&door, "1002").await);
    let url = door.put_here("1001").await;

    let stolen = bens.send(bens.offer(&url)).await;
    assert_eq!((stolen.status, door.sent().len()), (403, 0), "{stolen:?}");
    let answer = annas.send(annas.offer(&url)).await;

    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(door.sent(), ["Bild.png here"]);
}

#[tokio::test]
async fn a_file_in_a_frame_is_told_of_where_its_frame_asks_for_it() {
    let door = Door::new().await;
    let mut phone = Phone::of(&door, "1001").await;
    let asks = "SELECT count(*) FROM deliveries WHERE phone_call_id IS NOT NULL";
    for (wish, told) in [("imdn.Subject: none", 0), ("imdn.Disposition-Notification: positive-delivery, display", 1)] {
        let offer = phone.offer(&door.put_here("1001").await);
        let head = format!("{wish}\r\n\r\nContent-Type: {OFFER_TYPE}\r\n\r\n");

        let answer = phone.send(phone.message("message/cpim", [head.as_bytes(), &offer.body].concat())).await;

        assert_eq!((answer.status, door.house.count(asks)), (202, told), "{wish}: {answer:?}");
    }
}

#[tokio::test]
async fn an_address_elsewhere_is_refused_and_never_fetched() {
    let door = Door::new().await;
    let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
    let trap_at = trap.local_addr().expect("it listens");
    let mut phone = Phone::of(&door, "1001").await;
    let key = "0".repeat(32);

    for url in [
        format!("http://{trap_at}/ft/{key}/a.png"),
        format!("{BASE}.{trap_at}/ft/{key}/a.png"),
        format!("{BASE}/hook/{key}/a.png"),
        "file:///etc/passwd".into(),
        "http://169.254.169.254/latest/meta-data".into(),
    ] {
        let answer = phone.send(phone.offer(&url)).await;
        assert_eq!(answer.status, 403, "{url}");
        assert!(warning(&answer).contains("other addresses are not fetched"), "{}", warning(&answer));
    }
    let gone = phone.send(phone.offer(&format!("{BASE}/ft/{key}/a.png"))).await;

    assert_eq!(gone.status, 403, "ours, but there is nothing");
    assert_eq!(door.sent().len(), 0);
    let touched = tokio::time::timeout(std::time::Duration::from_millis(200), trap.accept()).await;
    assert!(touched.is_err(), "somebody looked at the address");
}

#[tokio::test]
async fn what_is_not_taken_is_refused_in_clear_words() {
    let door = Door::new().await;
    let mut phone = Phone::of(&door, "1001").await;
    let large = [pixel(), vec![0; FILE_BYTES_MAX as usize]].concat();

    let too_large = phone.send(phone.message("image/png", large)).await;
    let damaged = phone.send(phone.message("image/png", b"\x89PNG\r\n\x1a\n and nothing more".to_vec())).await;
    let unknown = phone.send(phone.message("application/zip", b"PK\x03\x04".to_vec())).await;
    let page = phone.send(phone.message("image/png", b"<html><script>alert(1)</script>".to_vec())).await;

    assert_eq!(too_large.status, 413, "{too_large:?}");
    assert!(matches!(damaged.status, 415 | 488), "{damaged:?}");
    assert_eq!(unknown.status, 415);
    assert!(unknown.headers.get("Accept").expect("said").contains("image/*"));
    assert!(matches!(page.status, 415 | 488), "{page:?}");
    for answer in [&too_large, &damaged, &unknown, &page] {
        assert!(warning(answer).starts_with("399 depesche \""), "{answer:?}");
    }
    assert_eq!(door.house.count("SELECT count(*) FROM files"), 0);
}
