//! Files in the world: an archive in its folder, the real helper that opens them, and a carrier's shelf that does as it is
//! told.

use crate::world::World;
use depesche::carrier::dialect::Settings;
use depesche::domain::exchange::Exchange;
use depesche::domain::id::{TrunkId, UserId};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::domain::secret::Secret;
use depesche::domain::user::Role;
use depesche::egress::simulator::SimulatorHandle;
use depesche::egress::switchboard::{Switchboard, TrunkSettings};
use depesche::flow::media::desk::MediaDesk;
use depesche::flow::media::fetch::{self, NotFetched, Shelves};
use depesche::flow::media::links::Signer;
use depesche::flow::media::upload;
use depesche::media::archive::{Archive, ArchiveBounds};
use depesche::media::incoming::Incoming;
use depesche::media::workshop::{WorkerProgram, Workshop};
use depesche::net::client::{ClientSettings, HttpClient};
use depesche::net::tls;
use depesche::store::error::StoreError;
use depesche::store::uploads::Upload;
use depesche::store::users::UserEdit;
use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, UNIX_EPOCH};

/// Whom the house believes: read once, since that takes longer than most tests.
static TRUST: LazyLock<Arc<rustls::ClientConfig>> =
    LazyLock::new(|| tls::client(None).expect("the system's authorities"));

/// What a carrier does when it is asked for a file.
#[derive(Clone, Debug)]
pub enum OnShelf {
    /// It gives it.
    File(Vec<u8>),
    /// It gives it, and has it no longer.
    Once(Vec<u8>),
    /// It does not answer.
    Silent,
    /// It has it no longer.
    Gone,
}

/// Files at carriers, by where they are.
#[derive(Clone, Default)]
pub struct Shelf(Arc<Mutex<HashMap<String, OnShelf>>>);

impl Shelf {
    /// From now on, this is there.
    pub fn put(&self, location: &str, what: OnShelf) {
        self.0.lock().expect("nobody panics with it").insert(location.to_owned(), what);
    }

    fn take(&self, location: &str) -> Option<OnShelf> {
        let mut shelf = self.0.lock().expect("nobody panics with it");
        let what = shelf.get(location).cloned();
        if matches!(what, Some(OnShelf::Once(_))) {
            shelf.insert(location.to_owned(), OnShelf::Gone);
        }
        what
    }
}

impl Shelves for Shelf {
    async fn fetch(
        &self,
        (_, location): (TrunkId, &str),
        _bytes_max: u64,
        incoming: &mut Incoming,
    ) -> (Result<(), NotFetched>, Vec<Exchange>) {
        let what = self.take(location);
        let not = |code, again| Err(NotFetched { reason: Reason::of(code), again, stay_away: None });
        let result = match what {
            Some(OnShelf::File(bytes) | OnShelf::Once(bytes)) => {
                let written = incoming.write(&bytes).await;
                written.map_err(|error| NotFetched { reason: error.reason(), again: false, stay_away: None })
            }
            Some(OnShelf::Silent) => not(ReasonCode::FileNotFetched, true),
            Some(OnShelf::Gone) | None => not(ReasonCode::FileGone, false),
        };
        (result, Vec::new())
    }
}

/// A picture of these pixels, as JPEG: a gradient, so that it has something to lose.
pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(x * 255 / width) as u8, (y * 255 / height) as u8, ((x * 7) ^ (y * 13)) as u8])
    });
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Jpeg).expect("a picture can be written");
    bytes.into_inner()
}

impl World {
    /// What flows about files have at hand. `quota_bytes` of room.
    pub fn media_with(&self, quota_bytes: u64) -> MediaDesk {
        let bounds = ArchiveBounds { quota_bytes, free_bytes_min: 0, file_bytes_max: 20_000_000 };
        let program = WorkerProgram::open(env!("CARGO_BIN_EXE_depesche-media-worker").as_ref()).expect("it is built");
        MediaDesk {
            desk: self.desk.clone(),
            archive: Archive::open(&self.files_folder(), bounds).expect("a folder for files"),
            workshop: Workshop::new(program, 1),
            switchboard: self.switchboard(),
            signer: Signer::new([7; 32]),
        }
    }

    /// With room enough.
    pub fn media(&self) -> MediaDesk {
        self.media_with(500_000_000)
    }

    fn switchboard(&self) -> Switchboard {
        let client = ClientSettings::new(Arc::clone(&TRUST));
        let http = HttpClient::new(client, self.desk.clock.clone());
        let simulator = SimulatorHandle::new(self.desk.clock.clone());
        let base = self.desk.rules.public_base_url.clone();
        let switchboard = Switchboard::new(http, simulator, base, self.desk.clock.clone());
        let settings: Settings = serde_json::from_str(r#"{"secret":"a-secret-of-the-simulator"}"#).expect("an object");
        let problems = switchboard.set(vec![TrunkSettings {
            id: self.house.trunk,
            name: "Carrier".into(),
            carrier: "simulator".into(),
            enabled: true,
            settings,
            webhook_key: "a-key-of-the-webhook".into(),
            mps: None,
            send_again_when_uncertain: false,
        }]);
        assert!(problems.is_empty(), "{problems:?}");
        switchboard
    }

    /// Every file is as old as it would be if the disk went by this world's clock.
    pub fn files_are_kept_now(&self) {
        let now = UNIX_EPOCH + Duration::from_millis(self.desk.now().0.unsigned_abs());
        for shelf in std::fs::read_dir(self.files_folder()).expect("the archive").flatten() {
            for file in std::fs::read_dir(shelf.path()).expect("a shelf").flatten() {
                let file = std::fs::File::open(file.path()).expect("a file");
                file.set_modified(now).expect("a date");
            }
        }
    }

    /// All that is due is fetched.
    pub async fn fetch(&self, media: &MediaDesk, shelf: &Shelf) {
        fetch::round(media, shelf.clone()).await.expect("the store is there");
        self.quiet().await;
    }

    /// Somebody at the portal puts a file here.
    pub async fn uploads(&self, media: &MediaDesk, name: &str, bytes: &[u8]) -> Upload {
        let user = self.user().await;
        let mut incoming = upload::begin(media, user).await.expect("there is room");
        incoming.write(bytes).await.expect("there is room");
        upload::take(media, user, name, incoming).await.expect("a good file")
    }

    /// A user of the portal.
    pub async fn user(&self) -> UserId {
        let now = self.desk.now();
        let made = self.desk.store.write(move |tx| {
            if let Some(known) = tx.users()?.into_iter().next() {
                return Ok(known.id);
            }
            let edit = UserEdit { name: "olga".into(), role: Role::Supervisor, extension: None };
            let id = tx.insert_user(&edit, &Secret::new("a hash"), now);
            Ok::<_, StoreError>(id.unwrap_or_else(|error| panic!("{error:?}")))
        });
        made.await.expect("the store is there")
    }
}
