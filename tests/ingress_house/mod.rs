//! A house on a real store in a folder of its own, for what comes in at the public door.
#![allow(dead_code, reason = "each test uses a part of it")]

use depesche::app::first_start::{Told, trial};
use depesche::bus::Bus;
use depesche::clock::Clock;
use depesche::domain::channel::{ChannelKind, SenderClass};
use depesche::domain::id::{ExtensionId, TrunkId};
use depesche::domain::media_rules::Mms;
use depesche::domain::session::Destination;
use depesche::domain::trunk::OnUncertain;
use depesche::egress::simulator::SimulatorHandle;
use depesche::egress::switchboard::Switchboard;
use depesche::flow::desk::{Desk, Rules};
use depesche::flow::media::desk::MediaDesk;
use depesche::flow::media::links::Signer;
use depesche::flow::settings::numbers::NumberForm;
use depesche::flow::settings::trunks::TrunkForm;
use depesche::flow::settings::{channels, numbers, trunks};
use depesche::flow::users::hash::Hasher;
use depesche::media::archive::{Archive, ArchiveBounds};
use depesche::media::workshop::{WorkerProgram, Workshop};
use depesche::net::client::{ClientSettings, HttpClient};
use depesche::store::channels::ChannelEdit;
use depesche::store::handle::{Store, Threads};
use depesche::store::open::{self, StoreSettings};
use std::sync::Arc;

/// Our number on the trunk; it leads to extension 1001.
pub const OUR_NUMBER: &str = "+15550100100";
/// Where we are reached.
pub const BASE: &str = "https://sms.example.com";
pub const WEBHOOK_SECRET: &str = "the-secret-that-signs-webhooks";

pub struct House {
    pub desk: Desk,
    pub told: Vec<Told>,
    pub folder: Arc<tempfile::TempDir>,
    _threads: Threads,
}

/// A switchboard on which no trunk is yet.
pub fn switchboard() -> Switchboard {
    let roots = depesche::net::tls::client(None).expect("the system's roots");
    let clock = Clock::system();
    let http = HttpClient::new(ClientSettings::new(roots), clock.clone());
    Switchboard::new(http, SimulatorHandle::new(clock.clone()), Some(BASE.into()), clock)
}

/// With an address of ours, as a house that sends links has one.
fn rules() -> Rules {
    let base = Some(BASE.to_owned());
    Rules { public_base_url: base.clone(), phone_base_url: base, ..Rules::default() }
}

fn open_store(folder: &std::path::Path, clock: &Clock, bus: &Bus) -> (Store, Threads) {
    let bus = bus.clone();
    let publish = Arc::new(move |events: &[_]| bus.publish(events));
    let settings = StoreSettings { folder: folder.to_owned(), readers: 1, line_max: 16, key_file: None };
    open::open(&settings, clock.now().0, publish).expect("a store")
}

impl House {
    /// With a simulated carrier and the extensions 1001 to 1003.
    pub async fn new() -> House {
        let folder = Arc::new(tempfile::tempdir().expect("a folder"));
        let clock = Clock::system();
        let bus = Bus::new();
        let (store, threads) = open_store(folder.path(), &clock, &bus);
        let desk = Desk { store, clock, bus, rules: Arc::new(rules()) };
        let told = trial(&desk, &Hasher::default()).await.expect("something to try");
        House { desk, told, folder, _threads: threads }
    }

    /// What flows about files have at hand: an archive in the folder, and the real helper that opens files.
    pub fn media(&self, file_bytes_max: u64) -> MediaDesk {
        let bounds = ArchiveBounds { quota_bytes: 1 << 30, free_bytes_min: 0, file_bytes_max };
        let program = WorkerProgram::open(env!("CARGO_BIN_EXE_depesche-media-worker").as_ref()).expect("it is built");
        MediaDesk {
            desk: self.desk.clone(),
            archive: Archive::open(&self.folder.path().join("media"), bounds).expect("a folder for files"),
            workshop: Workshop::new(program, 2),
            switchboard: switchboard(),
            signer: Signer::new([7; 32]),
        }
    }

    /// What the next start finds in the folder; this house was not shut in good order.
    pub fn after_a_crash(&self) -> House {
        let (clock, bus) = (Clock::system(), Bus::new());
        let (store, threads) = open_store(self.folder.path(), &clock, &bus);
        let desk = Desk { store, clock, bus, rules: Arc::new(Rules::default()) };
        House { desk, told: Vec::new(), folder: Arc::clone(&self.folder), _threads: threads }
    }

    /// The SIP password of an extension.
    pub fn password(&self, number: &str) -> String {
        let told = self.told.iter().find(|told| told.whose == number).expect("told at the start");
        told.password.expose().to_owned()
    }

    pub async fn extension(&self, number: &'static str) -> ExtensionId {
        let found = self.desk.store.read(move |db| db.extension_by_number(number)).await;
        found.expect("readable").expect("there").id
    }

    /// A trunk of the general SMS API with a number that leads to 1001.
    pub async fn generic_trunk(&self) -> TrunkId {
        let settings = serde_json::json!({
            "send_url": "https://127.0.0.1:1/messages", "api_key": "an-api-key-of-some-length",
            "webhook_secret": WEBHOOK_SECRET,
        });
        self.trunk("generic", settings).await
    }

    /// A trunk with a number that leads to 1001.
    pub async fn trunk(&self, carrier: &str, settings: serde_json::Value) -> TrunkId {
        let form = TrunkForm {
            name: "Provider".into(),
            carrier: carrier.into(),
            enabled: true,
            settings: settings.as_object().expect("an object").clone(),
            mps: None,
            on_uncertain: OnUncertain::Ask,
        };
        let trunk = trunks::create(&self.desk, form).await.expect("a trunk");
        let form =
            ChannelEdit { name: "SMS".into(), kind: ChannelKind::Sms, trunk, enabled: true, close_after_days: None };
        let channel = channels::create(&self.desk, form).await.expect("a channel");
        let form = NumberForm {
            channel,
            address: OUR_NUMBER.into(),
            label: "Desk".into(),
            sender_class: SenderClass::LongCode,
            mps: None,
            mms: Mms::Auto,
            route: Destination::Extension(self.extension("1001").await),
        };
        numbers::create(&self.desk, form).await.expect("a number");
        trunk
    }

    /// A number out of the database.
    pub fn count(&self, sql: &str) -> i64 {
        let database = rusqlite::Connection::open(self.folder.path().join("depesche.db")).expect("it is there");
        database.query_row(sql, [], |row| row.get(0)).expect("a number")
    }

    pub fn texts(&self, sql: &str) -> Vec<String> {
        let database = rusqlite::Connection::open(self.folder.path().join("depesche.db")).expect("it is there");
        let mut rows = database.prepare(sql).expect("good SQL");
        rows.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
    }
}
