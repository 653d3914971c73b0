//! A data folder with a settings file and everything set up: two accounts at the carrier, a number and an extension on each.
//! And the webhooks that come to it, signed as the carrier signs.

#![allow(dead_code, reason = "each test binary uses another part of it")]

use crate::carrier::API_KEY;
use crate::phone::DOMAIN;
use depesche::carrier::sign::hmac_sha256;
use depesche::clock::Clock;
use depesche::domain::channel::{ChannelKind, SenderClass};
use depesche::domain::secret::Secret;
use depesche::domain::session::Destination;
use depesche::domain::time::Timestamp;
use depesche::domain::trunk::OnUncertain;
use depesche::flow::desk::{Desk, Rules};
use depesche::flow::settings::numbers::NumberForm;
use depesche::flow::settings::trunks::TrunkForm;
use depesche::flow::settings::{channels, extensions, numbers, trunks};
use depesche::store::channels::ChannelEdit;
use depesche::store::extensions::ExtensionEdit;
use depesche::store::open::{StoreSettings, open};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// On the account that takes what it is given.
pub const PLAIN: &str = "+15550100101";
/// On the account that takes one key once.
pub const ONCE: &str = "+15550100102";
const SECRET: &str = "the-secret-that-signs-webhooks";

/// Where the house is reached from outside; whoever asks there is led to its public door.
pub const BASE: &str = "https://sms.example.com";

/// The folder, and what is set up in it.
pub struct Place {
    folder: tempfile::TempDir,
    for_files: bool,
    /// Of the trunk of [`PLAIN`], then of [`ONCE`].
    pub hooks: [Secret; 2],
    /// Of 1001, who has [`PLAIN`]; then of 1002, who has [`ONCE`].
    pub passwords: [Secret; 2],
}

impl Place {
    /// Sets it up, with the carrier at this address.
    pub async fn set_up(carrier: SocketAddr) -> Place {
        Place::set_up_with(carrier, None).await
    }

    /// The same with an address of its own and phones over TCP, for files: and these settings of the trunk of [`PLAIN`].
    pub async fn set_up_with(carrier: SocketAddr, files: Option<serde_json::Value>) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let settings = StoreSettings { folder: folder.path().join("data"), readers: 1, line_max: 64, key_file: None };
        let clock = Clock::system();
        let (store, threads) = open(&settings, clock.now().0, Arc::new(|_: &[_]| ())).expect("opens");
        let desk = Desk { store, clock, bus: depesche::bus::Bus::new(), rules: Arc::new(Rules::default()) };
        let for_files = files.is_some();
        let plain = account(&desk, carrier, "plain", PLAIN, "1001", files).await;
        let once = account(&desk, carrier, "once", ONCE, "1002", None).await;
        drop(desk);
        tokio::task::spawn_blocking(|| threads.join()).await.expect("closed");
        let place = Place { folder, for_files, hooks: [plain.0, once.0], passwords: [plain.1, once.1] };
        std::fs::write(place.settings(), place.settings_text()).expect("written");
        place
    }

    /// The settings file.
    pub fn settings(&self) -> PathBuf {
        self.folder.path().join("depesche.toml")
    }

    fn settings_text(&self) -> String {
        let (tcp, base_url, media) = match self.for_files {
            true => ("\"127.0.0.1:0\"", BASE, "[media]\nfile_mb_max = 2\n"),
            false => ("", "", ""),
        };
        format!(
            "[paths]\ndata_dir = {:?}\n[log]\nlevel = \"warn\"\n\
             [sip]\nudp = [\"127.0.0.1:0\"]\ntcp = [{tcp}]\ntls = []\ndomain = \"{DOMAIN}\"\n\
             requests_per_source_s = 2000\n\
             [http.private]\nlisten = [\"127.0.0.1:0\"]\n[http.public]\nlisten = [\"127.0.0.2:0\"]\nbase_url = {base_url:?}\n\
             [http_client]\nallow_private = [\"127.0.0.0/8\"]\n{media}",
            self.folder.path().join("data")
        )
    }

    /// The database, past the daemon.
    pub fn books(&self) -> rusqlite::Connection {
        let books = rusqlite::Connection::open(self.folder.path().join("data/depesche.db")).expect("it is there");
        books.busy_timeout(Duration::from_secs(5)).expect("set");
        books
    }

    /// All rows of the first column.
    pub fn texts(&self, sql: &str) -> Vec<String> {
        let books = self.books();
        let mut query = books.prepare(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows = query.query_map([], |row| row.get::<_, Option<String>>(0)).expect("rows");
        rows.map(|row| row.expect("a text").unwrap_or_default()).collect()
    }

    /// One number.
    pub fn count(&self, sql: &str) -> i64 {
        self.books().query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// How the delivery of a text to its peer stands.
    pub fn stands(&self, text: &str) -> String {
        let sql = "SELECT d.state FROM deliveries d JOIN messages m ON m.id = d.message_id \
                   WHERE d.line = 'carrier' AND m.text = ?1";
        self.books().query_row(sql, [text], |row| row.get(0)).unwrap_or_else(|_| "not there".into())
    }

    /// Waits until something is so.
    pub async fn until(&self, what: &str, mut is_so: impl FnMut(&Place) -> bool) {
        for _ in 0..1500 {
            if is_so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("waited in vain until {what}");
    }
}

/// A trunk with a number that leads to an extension: its webhook key and the extension's password.
async fn account(
    desk: &Desk,
    carrier: SocketAddr,
    name: &str,
    address: &str,
    extension: &str,
    more: Option<serde_json::Value>,
) -> (Secret, Secret) {
    let mut settings = serde_json::json!({
        "send_url": format!("http://{carrier}/{name}/messages"), "api_key": API_KEY, "webhook_secret": SECRET,
        "idempotent": if name == "once" { "yes" } else { "no" },
    });
    let more = more.as_ref().and_then(serde_json::Value::as_object).cloned().unwrap_or_default();
    settings.as_object_mut().expect("an object").extend(more);
    let form = TrunkForm {
        name: name.into(),
        carrier: "generic".into(),
        enabled: true,
        settings: settings.as_object().expect("an object").clone(),
        mps: None,
        on_uncertain: OnUncertain::Ask,
    };
    let trunk = trunks::create(desk, form).await.expect("a trunk");
    let form = ChannelEdit { name: name.into(), kind: ChannelKind::Sms, trunk, enabled: true, close_after_days: None };
    let channel = channels::create(desk, form).await.expect("a channel");
    let form = ExtensionEdit { number: extension.into(), name: name.into(), enabled: true, default_number: None };
    let (extension, password) = extensions::create(desk, form).await.expect("an extension");
    let form = NumberForm {
        channel,
        address: address.into(),
        label: String::new(),
        sender_class: SenderClass::LongCode,
        mps: Some(1000.0),
        route: Destination::Extension(extension),
        mms: depesche::domain::media_rules::Mms::Auto,
    };
    numbers::create(desk, form).await.expect("a number");
    let trunk = desk.store.read(move |db| db.trunk(trunk)).await.expect("read").expect("there");
    (trunk.webhook_key, password)
}

/// A customer's message with files as the carrier tells it: what each is called, and where it is.
pub fn with_files(id: &str, (from, to): (&str, &str), words: &str, files: &[(&str, String)]) -> String {
    let media: Vec<_> = files.iter().map(|(name, url)| serde_json::json!({ "url": url, "name": name })).collect();
    serde_json::json!({
        "event": "message.received", "id": id, "from": from, "to": to, "text": words, "media": media
    })
    .to_string()
}

/// A customer's text as the carrier tells it.
pub fn text(id: &str, from: &str, to: &str, words: &str) -> String {
    serde_json::json!({ "event": "message.received", "id": id, "from": from, "to": to, "text": words }).to_string()
}

/// A delivery report as the carrier tells it.
pub fn report(id: &str, status: &str) -> String {
    serde_json::json!({ "event": "message.status", "id": id, "status": status }).to_string()
}

/// The headers that sign a body at a moment.
pub fn signed(body: &str, now: Timestamp) -> String {
    let seconds = now.as_seconds().to_string();
    let mac = hmac_sha256(SECRET.as_bytes(), &[seconds.as_bytes(), b".", body.as_bytes()]);
    let hex: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("X-Timestamp: {seconds}\r\nX-Signature-256: sha256={hex}\r\n")
}

/// Posts a webhook with these headers; the status, if an answer came.
pub async fn post(house: SocketAddr, key: &Secret, headers: &str, body: &str) -> Option<u16> {
    let exchange = async {
        let mut stream = TcpStream::connect(house).await.ok()?;
        let request = format!(
            "POST /hook/{} HTTP/1.1\r\nHost: {house}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n{headers}\r\n{body}",
            key.expose(),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.ok()?;
        std::str::from_utf8(answer.get(9..12)?).ok()?.parse().ok()
    };
    tokio::time::timeout(Duration::from_secs(10), exchange).await.ok().flatten()
}
