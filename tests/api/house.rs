//! A small house for the tests of its private door: one simulated trunk, two queues, three extensions, five users.

use axum::Router;
use axum::body::{Body, Bytes};
use depesche::api::routes::router;
use depesche::api::state::{ApiState, Connect};
use depesche::bus::Bus;
use depesche::carrier::dialect::{InboundMedia, InboundMessage, Said};
use depesche::clock::Clock;
use depesche::domain::address::Address;
use depesche::domain::channel::{ChannelKind, SenderClass};
use depesche::domain::event::Event;
use depesche::domain::exchange::{Exchange, Purpose};
use depesche::domain::id::{ChannelId, ExtensionId, NumberId, QueueId, TrunkId};
use depesche::domain::media_rules::Mms;
use depesche::domain::message::Direction;
use depesche::domain::secret::Secret;
use depesche::domain::session::{Destination, PickUp};
use depesche::domain::time::Timestamp;
use depesche::domain::trunk::OnUncertain;
use depesche::domain::user::Role;
use depesche::egress::phones::{Phones, PhonesMode, PhonesSettings};
use depesche::egress::simulator::SimulatorHandle;
use depesche::egress::switchboard::{Switchboard, TrunkSettings};
use depesche::flow::desk::{Desk, Rules};
use depesche::flow::media::desk::MediaDesk;
use depesche::flow::media::links::Signer;
use depesche::flow::settings::numbers::NumberForm;
use depesche::flow::settings::trunks::TrunkForm;
use depesche::flow::settings::{channels, extensions, numbers, queues, trunks};
use depesche::flow::webhook;
use depesche::media::archive::{Archive, ArchiveBounds};
use depesche::media::workshop::{WorkerProgram, Workshop};
use depesche::net::client::{ClientSettings, HttpClient};
use depesche::net::forwarded::{ClientAddr, ClientScheme};
use depesche::net::tls;
use depesche::sip::endpoint::{Endpoint, EndpointSettings};
use depesche::sip::message::Transport;
use depesche::sip::transport::Listen;
use depesche::store::channels::ChannelEdit;
use depesche::store::edit::EditError;
use depesche::store::extensions::ExtensionEdit;
use depesche::store::open::{StoreSettings, open};
use depesche::store::queues::QueueEdit;
use depesche::store::users::UserEdit;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

/// Planted in every credential: it must never come out.
pub const CANARY: &str = "canary7Kq-sekret-never-shown";
/// Where the house is reached from outside.
pub const BASE: &str = "https://sms.example.com";
/// Most bytes of a file.
pub const FILE_BYTES_MAX: u64 = 1_000_000;

pub struct House {
    pub state: ApiState,
    pub desk: Desk,
    pub clock: Clock,
    pub trunk: TrunkId,
    pub channel: ChannelId,
    /// Routed to the queue.
    pub to_queue: NumberId,
    pub queue: QueueId,
    /// 1001 Anna and 1002 Ben are in the queue, 1003 Carla is not.
    pub anna: ExtensionId,
    pub ben: ExtensionId,
    pub carla: ExtensionId,
    pub extension_passwords: Vec<Secret>,
    router: Router,
    /// Where the house keeps everything.
    pub folder: tempfile::TempDir,
}

/// An answer, its body read.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {}", self.text))
    }

    /// A header; empty where it has none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The items of a list.
    pub fn items(&self) -> Vec<Value> {
        self.json()["items"].as_array().cloned().unwrap_or_else(|| panic!("no items in {}", self.text))
    }
}

/// What flows about files have at hand, in this folder; files are opened by the real program.
fn media_desk(desk: &Desk, switchboard: Switchboard, folder: &std::path::Path, quota_bytes: u64) -> MediaDesk {
    let bounds = ArchiveBounds { quota_bytes, free_bytes_min: 0, file_bytes_max: FILE_BYTES_MAX };
    let program = WorkerProgram::open(env!("CARGO_BIN_EXE_depesche-media-worker").as_ref()).expect("it is built");
    MediaDesk {
        desk: desk.clone(),
        archive: Archive::open(&folder.join("media"), bounds).expect("a folder for files"),
        workshop: Workshop::new(program, 1),
        switchboard,
        signer: Signer::new([7; 32]),
    }
}

impl House {
    pub async fn build() -> House {
        House::with_room(200_000_000).await
    }

    /// With so much room for files.
    pub async fn with_room(quota_bytes: u64) -> House {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::by_hand(Timestamp(1_790_000_000_000));
        let bus = Bus::new();
        let publish = {
            let bus = bus.clone();
            Arc::new(move |events: &[Event]| bus.publish(events))
        };
        let settings = StoreSettings { folder: folder.path().to_owned(), readers: 2, line_max: 64, key_file: None };
        let (store, _threads) = open(&settings, clock.now().0, publish).unwrap();
        let rules = Rules { public_base_url: Some(BASE.into()), ..Rules::default() };
        let desk = Desk { store, clock: clock.clone(), bus, rules: Arc::new(rules) };

        let client = HttpClient::new(ClientSettings::new(tls::client(None).unwrap()), clock.clone());
        let simulator = SimulatorHandle::new(clock.clone());
        let switchboard = Switchboard::new(client, simulator, Some(BASE.into()), clock.clone());
        let media = media_desk(&desk, switchboard, folder.path(), quota_bytes);
        let state = ApiState::new(media, phones(&clock).await, Connect::default());

        let trunk = trunks::create(&desk, trunk_form("simulator")).await.unwrap();
        let channel = channels::create(&desk, channel_form(trunk)).await.unwrap();
        let mut passwords = Vec::new();
        let mut made = Vec::new();
        for (number, name) in [("1001", "Anna"), ("1002", "Ben"), ("1003", "Carla")] {
            let form = ExtensionEdit { number: number.into(), name: name.into(), enabled: true, default_number: None };
            let (id, password) = extensions::create(&desk, form).await.unwrap();
            made.push(id);
            passwords.push(password);
        }
        let [anna, ben, carla] = made[..] else { unreachable!("three were made") };
        let form = QueueEdit { name: "Sales".into(), pick_up: PickUp::Manual, members: vec![anna, ben] };
        let queue = queues::create(&desk, form).await.unwrap();
        let number = |address: &str, route| NumberForm {
            channel,
            address: address.into(),
            label: "Sales".into(),
            sender_class: SenderClass::LongCode,
            mps: None,
            mms: Mms::Auto,
            route,
        };
        let to_queue = numbers::create(&desk, number("+15550100001", Destination::Queue(queue))).await.unwrap();
        numbers::create(&desk, number("+15550100002", Destination::Extension(carla))).await.unwrap();

        let house = House {
            router: router(state.clone()),
            state,
            desk,
            clock,
            trunk,
            channel,
            to_queue,
            queue,
            anna,
            ben,
            carla,
            extension_passwords: passwords,
            folder,
        };
        house.reload().await;
        house.user("admin", Role::Admin, None).await;
        house.user("super", Role::Supervisor, None).await;
        house.user("anna", Role::Agent, Some(anna)).await;
        house.user("ben", Role::Agent, Some(ben)).await;
        house.user("carla", Role::Agent, Some(carla)).await;
        house
    }

    /// What the watch on settings does in the whole house.
    pub async fn reload(&self) {
        let rows = self.desk.store.read(|snapshot| snapshot.trunks()).await.unwrap();
        let settings = rows.into_iter().map(|trunk| TrunkSettings {
            id: trunk.id,
            settings: trunk.merged_settings(),
            name: trunk.name,
            carrier: trunk.carrier,
            enabled: trunk.enabled,
            webhook_key: trunk.webhook_key.expose().to_owned(),
            mps: trunk.mps,
            send_again_when_uncertain: trunk.on_uncertain == OnUncertain::SendAgain,
        });
        assert!(self.state.switchboard.set(settings.collect()).is_empty());
    }

    /// A user that is logged in already, without the work of hashing: its token is made of its name.
    async fn user(&self, name: &'static str, role: Role, extension: Option<ExtensionId>) {
        let now = self.clock.now();
        self.desk
            .store
            .write(move |tx| -> Result<(), EditError> {
                let edit = UserEdit { name: name.into(), role, extension };
                let id = tx.insert_user(&edit, &Secret::new(CANARY), now)?;
                tx.set_user_password(id, &Secret::new(CANARY), false)?;
                let hash: [u8; 32] = Sha256::digest(token_bytes(name)).into();
                tx.insert_login(id, &hash, "192.0.2.1", now, now.plus(Duration::from_secs(12 * 3600)), 5)?;
                Ok(())
            })
            .await
            .unwrap();
    }

    /// A request as the portal makes it, by a user of the house (or nobody, with an empty name).
    pub fn request(&self, by: &str, method: Method, path: &str, body: Option<Value>) -> Request<Body> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("x-depesche", "portal")
            .header("sec-fetch-site", "same-origin")
            .extension(ClientAddr("192.0.2.1".parse().unwrap()))
            .extension(ClientScheme::Https);
        if !by.is_empty() {
            request = request.header("cookie", format!("depesche_login={}", token(by)));
        }
        match body {
            Some(body) => request.header("content-type", "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        }
        .unwrap()
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: parts.status, headers: parts.headers, bytes, text }
    }

    /// Writes past the house, as somebody set it up before; the id of the row.
    pub fn put_past(&self, sql: &str) -> i64 {
        let books = rusqlite::Connection::open(self.folder.path().join("depesche.db")).unwrap();
        books.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").unwrap();
        books.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        books.last_insert_rowid()
    }

    /// The answer while its body still runs.
    pub async fn open(&self, request: Request<Body>) -> http::Response<Body> {
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn get(&self, by: &str, path: &str) -> Answer {
        self.send(self.request(by, Method::GET, path, None)).await
    }

    pub async fn post(&self, by: &str, path: &str, body: Value) -> Answer {
        self.send(self.request(by, Method::POST, path, Some(body))).await
    }

    pub async fn put(&self, by: &str, path: &str, body: Value) -> Answer {
        self.send(self.request(by, Method::PUT, path, Some(body))).await
    }

    pub async fn delete(&self, by: &str, path: &str) -> Answer {
        self.send(self.request(by, Method::DELETE, path, None)).await
    }

    /// Puts a file here.
    pub async fn upload(&self, by: &str, name: &str, bytes: impl Into<Bytes>) -> Answer {
        let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let mut request = self.request(by, Method::POST, &format!("/api/v1/uploads?name={name}"), None);
        *request.body_mut() = Body::from(bytes.into());
        self.send(request).await
    }

    /// Puts a good file here; its id.
    pub async fn uploaded(&self, by: &str, name: &str, bytes: impl Into<Bytes>) -> i64 {
        let answer = self.upload(by, name, bytes).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()["id"].as_i64().unwrap()
    }

    /// A customer writes; the id of the session it is filed in.
    pub async fn customer_writes(&self, from: &str, to: &str, text: &str) -> i64 {
        self.customer_sends(from, to, text, &[]).await
    }

    /// The same with files, which are at these places of the carrier.
    pub async fn customer_sends(&self, from: &str, to: &str, text: &str, files: &[&str]) -> i64 {
        self.clock.advance(Duration::from_millis(10));
        let said = Said::Message(InboundMessage {
            kind: ChannelKind::Sms,
            carrier_id: format!("in-{}", self.clock.now().0),
            from: Address::parse(from).unwrap(),
            to: Address::parse(to).unwrap(),
            text: text.to_owned(),
            rich: None,
            in_reply_to: None,
            also: Vec::new(),
            media: files.iter().map(|at| InboundMedia::at(at, None)).collect(),
            profile_name: None,
            said_at: None,
        });
        let exchange = Exchange {
            at: self.clock.now(),
            trunk: Some(self.trunk),
            extension: None,
            message: None,
            delivery: None,
            direction: Direction::In,
            purpose: Purpose::Webhook,
            took: Duration::ZERO,
            status: "200".into(),
            good: true,
            outcome: "taken".into(),
            request: "POST /hook".into(),
            answer: String::new(),
        };
        webhook::take(&self.desk, self.trunk, vec![said], exchange).await.unwrap();
        let page = self.get("admin", "/api/v1/sessions?tab=all&limit=1").await;
        // None is filed where the number is not set up.
        page.items().first().map_or(0, |session| session["id"].as_i64().unwrap())
    }
}

pub fn trunk_form(name: &str) -> TrunkForm {
    TrunkForm {
        name: name.into(),
        carrier: "simulator".into(),
        enabled: true,
        settings: serde_json::from_value(serde_json::json!({ "secret": CANARY })).unwrap(),
        mps: None,
        on_uncertain: OnUncertain::Ask,
    }
}

fn channel_form(trunk: TrunkId) -> ChannelEdit {
    ChannelEdit { name: "SMS".into(), kind: ChannelKind::Sms, trunk, enabled: true, close_after_days: None }
}

async fn phones(clock: &Clock) -> Phones {
    let listen = Listen { transport: Transport::Udp, addr: "127.0.0.1:0".parse().unwrap() };
    let (endpoint, _) = Endpoint::start(EndpointSettings::new(vec![listen]), clock.clone()).await.unwrap();
    let settings = PhonesSettings { domain: "pbx.example.com".into(), mode: PhonesMode::Registrar };
    Phones::new(endpoint, settings, clock.clone())
}

fn token_bytes(name: &str) -> [u8; 32] {
    Sha256::digest(name.as_bytes()).into()
}

pub fn token(name: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(token_bytes(name))
}
