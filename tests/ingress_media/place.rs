//! The public door on a real socket, with files behind it, and somebody who asks for them.

use crate::ingress_house::{House, switchboard};
use depesche::config::load::Config;
use depesche::config::sheet::Variables;
use depesche::domain::id::{AttachmentId, MediaLinkId, MessageId};
use depesche::domain::media::{FileFacts, FileHash, MediaType};
use depesche::domain::time::Timestamp;
use depesche::flow::media::desk::MediaDesk;
use depesche::flow::reply::{self, PhoneText};
use depesche::ingress::directory::Directory;
use depesche::ingress::media_link::{FILE_PATHS, MediaDoor};
use depesche::ingress::public;
use depesche::ingress::sip_settings::SipDoorSettings;
use depesche::ingress::webhook::WebhookDoor;
use depesche::net::server::{FileDoor, ServerSettings, Serving, bind, serve};
use depesche::store::error::StoreError;
use depesche::store::files::StoredFile;
use depesche::store::heard::RequestKey;
use depesche::store::media_links::ForWhom;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

pub const CUSTOMER: &str = "+15550100199";
pub const FILE_BYTES_MAX: u64 = 20_000_000;
/// An address that has the form of one and leads nowhere.
pub const NO_TOKEN: &str = "000000000";

/// The door, and the house behind it.
pub struct Place {
    pub house: House,
    pub media: MediaDesk,
    pub addr: SocketAddr,
    _serving: Serving,
}

/// A file on a page.
#[derive(Clone)]
pub struct File {
    pub name: &'static str,
    pub media_type: MediaType,
    pub bytes: Vec<u8>,
    pub thumb: Option<Vec<u8>>,
}

impl File {
    pub fn new(name: &'static str, media_type: MediaType, bytes: impl Into<Vec<u8>>) -> File {
        File { name, media_type, bytes: bytes.into(), thumb: None }
    }
}

/// A message with files and the addresses of them.
pub struct Sent {
    pub token: String,
    pub attachments: Vec<AttachmentId>,
    /// One for each file, for a carrier.
    pub links: Vec<MediaLinkId>,
}

impl Place {
    pub async fn new() -> Place {
        Place::with(|_| {}).await
    }

    /// Proxies on loopback are believed, so that a test may come from anywhere.
    pub async fn with(change: impl FnOnce(&mut ServerSettings)) -> Place {
        let house = House::new().await;
        house.generic_trunk().await;
        let media = house.media(FILE_BYTES_MAX);
        let Config { sip, pbx, .. } = Config::load(None, Variables::new()).expect("the defaults are well");
        let door = SipDoorSettings::new(&sip, &pbx, &[]);
        let (directory, _) = Directory::open(house.desk.clone(), &sip.realm).await.expect("readable");
        let webhooks = WebhookDoor::new(house.desk.clone(), switchboard());
        let router = public::router(&webhooks, &MediaDoor::new(media.clone(), directory, &door));
        let mut settings = ServerSettings::new("public");
        settings.proxies.networks = vec!["127.0.0.0/8".parse().expect("a network")];
        settings.files = Some(FileDoor {
            paths: FILE_PATHS,
            body_bytes_max: FILE_BYTES_MAX as usize + 65_536,
            request_max: Duration::from_secs(60),
        });
        change(&mut settings);
        let listener = bind("127.0.0.1:0".parse().expect("an address")).expect("loopback has a free port");
        let serving = serve(settings, listener, router, CancellationToken::new());
        Place { house, media, addr: serving.addr(), _serving: serving }
    }

    /// A message with these files to a customer, linked to for a day.
    pub async fn sent(&self, text: &str, files: &[File]) -> Sent {
        let until = self.media.desk.now().plus(Duration::from_secs(24 * 3600));
        self.sent_until(text, files, until).await
    }

    pub async fn sent_until(&self, text: &str, files: &[File], until: Timestamp) -> Sent {
        let extension = self.house.extension("1001").await;
        let call_id = depesche::flow::desk::new_reference();
        let key = RequestKey { call_id: call_id.clone(), cseq: 1, from_tag: "t".into(), said: [0; 32] };
        let said = PhoneText::new(extension, CUSTOMER.into(), text.into(), key);
        let answer = reply::from_phone(&self.media.desk, said).await.expect("the store is there");
        assert_eq!(answer.status, 202, "{answer:?}");
        let message = MessageId(self.house.count("SELECT max(id) FROM messages"));
        let mut kept = Vec::new();
        for file in files {
            kept.push((file.name, self.kept(file).await));
        }
        let (token, now) = (call_id[..9].to_owned(), self.media.desk.now());
        let (given, for_whom) = (token.clone(), ForWhom::Peer);
        let written = self.media.desk.store.write(move |tx| {
            let channel = tx.session(tx.message(message)?.expect("filed").session)?.expect("there").channel;
            let (mut attachments, mut links) = (Vec::new(), Vec::new());
            for (at, (name, file)) in kept.iter().enumerate() {
                tx.note_file(file, now)?;
                let hash_and_name = (&file.hash, *name, &[][..]);
                let attachment = tx.attach_file((message, channel), at as u32, hash_and_name, now)?;
                links.push(tx.insert_media_link((message, Some(attachment)), ForWhom::Carrier, None, until)?);
                attachments.push(attachment);
            }
            tx.insert_media_link((message, None), for_whom, Some(&given), until)?;
            Ok::<_, StoreError>((attachments, links))
        });
        let (attachments, links) = written.await.expect("written");
        Sent { token, attachments, links }
    }

    async fn kept(&self, file: &File) -> StoredFile {
        let mut incoming = self.media.archive.begin().await.expect("there is room");
        incoming.write(&file.bytes).await.expect("there is room");
        if let Some(thumb) = &file.thumb {
            std::fs::write(incoming.thumb_path(), thumb).expect("there is room");
        }
        let kept = incoming.keep().await.expect("kept");
        let media_type = file.media_type;
        let facts = FileFacts { media_type, bytes: kept.bytes, width: None, height: None, count: None };
        StoredFile { hash: kept.hash, facts, has_thumb: file.thumb.is_some() }
    }

    /// The path a carrier is given for a file.
    pub fn hosted(&self, sent: &Sent, at: usize, name: &str) -> String {
        let until = self.media.desk.now().plus(Duration::from_secs(3600));
        format!("/media/{}/{name}", self.media.signer.sign(sent.links[at], until))
    }

    /// How often a link was opened.
    pub fn fetched(&self, link: MediaLinkId) -> i64 {
        self.house.count(&format!("SELECT fetched FROM media_links WHERE id = {link}"))
    }

    /// How often the short address was opened.
    pub fn page_fetched(&self, sent: &Sent) -> i64 {
        self.house.count(&format!("SELECT fetched FROM media_links WHERE token = '{}'", sent.token))
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], b"").await
    }

    /// From another address than all the others.
    pub async fn get_from(&self, source: &str, path: &str) -> Answer {
        self.ask("GET", path, &[("X-Forwarded-For", source)], b"").await
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut socket = self.asked(method, path, headers, body).await;
        let mut all = Vec::new();
        let _ = socket.read_to_end(&mut all).await;
        Answer::read(&all)
    }

    /// Asks, and leaves it to the caller to read the answer.
    pub async fn asked(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> TcpStream {
        let mut socket = TcpStream::connect(self.addr).await.expect("it listens");
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: sms.example.com\r\nConnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() || method == "POST" {
            head.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        socket.write_all(format!("{head}\r\n").as_bytes()).await.expect("it reads");
        // It may have answered already, without reading all of it.
        let _ = socket.write_all(body).await;
        socket
    }
}

/// An answer as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: HashMap<String, String>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn read(all: &[u8]) -> Answer {
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&all[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        Answer { status, headers, body: all[end + 4..].to_vec() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// All but the time.
    pub fn told(mut self) -> Answer {
        self.headers.remove("date");
        self
    }
}

/// The hash of what is kept under these bytes.
pub fn hash(bytes: &[u8]) -> FileHash {
    use sha2::Digest;
    FileHash::of_digest(&sha2::Sha256::digest(bytes).into())
}
