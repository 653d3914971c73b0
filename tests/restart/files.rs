//! What happens with files in a story, and what must be true of them at its end: nobody has one twice, none is stuck, and the
//! archive and its rows agree.

use crate::story::{Act, Carrier, End, Who, extension};
use crate::world::World;
use crate::world::files::{OnShelf, jpeg};
use crate::world::house::CARLA;
use crate::world::says::{address, key, text};
use depesche::carrier::dialect::{InboundMedia, InboundMessage, Said};
use depesche::domain::id::UploadId;
use depesche::domain::media::FileHash;
use depesche::domain::media_rules::ChannelMedia;
use depesche::flow::error::FlowError;
use depesche::flow::media::from_phone::{self, PhoneFile};
use depesche::flow::media::send::{WithFiles, start};
use depesche::flow::media::{care, fetch, upload};
use depesche::flow::reply::PhoneText;
use depesche::flow::settings;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Longer than anything is kept that nobody needs, and shorter than an attachment is.
const A_MONTH: Duration = Duration::from_secs(30 * 24 * 3600);

/// The picture that goes by this name: each name has its own.
pub fn picture(name: &str) -> Vec<u8> {
    jpeg(40 + name.bytes().map(u32::from).sum::<u32>() % 50, 32)
}

/// Whether a story has files in it.
pub fn are_in(story: &[Act]) -> bool {
    story.iter().any(|act| matches!(act, Act::Fetches | Act::Uploads(_) | Act::PhoneSends(..)))
}

/// Does what an act about files says.
pub async fn perform(world: &World, act: &Act) -> Result<(), FlowError> {
    match act {
        Act::CustomerSends(id, to, words, names) => {
            let media = names.iter().map(|name| InboundMedia::at(name, None).named(Some(name))).collect();
            let said = InboundMessage { media, ..text(id, to, words) };
            world.webhook(world.house.trunk, vec![Said::Message(said)]).await
        }
        Act::Fetches => fetch::round(&world.media(), world.shelf.clone()).await.map(drop),
        Act::TakesNoMms => {
            let rules = ChannelMedia { countries: Some(Vec::new()), ..ChannelMedia::default() };
            settings::media::change(&world.desk, world.house.sms, rules).await
        }
        Act::Uploads(name) => {
            let (media, user) = (world.media(), world.user().await);
            let mut incoming = upload::begin(&media, user).await?;
            incoming.write(&picture(name)).await.expect("there is room");
            upload::take(&media, user, name, incoming).await.map(drop)
        }
        Act::PortalSends(words, client_id, names) => {
            let said = WithFiles {
                text: (*words).into(),
                uploads: names.iter().map(|name| upload_named(world, name)).collect(),
                in_reply_to: None,
                later: None,
                client_id: (*client_id).into(),
                by: world.actor(world.house.anna),
                user: world.user().await,
            };
            start(&world.media(), world.house.annas, address(CARLA), said).await.map(drop)
        }
        Act::PhoneSends(who, name, call_id) => {
            let media = world.media();
            let extension = extension(world, *who);
            let incoming = from_phone::begin(&media, extension).await;
            let mut incoming = incoming.unwrap_or_else(|reason| panic!("{reason:?}"));
            incoming.write(&picture(name)).await.expect("there is room");
            let file = PhoneFile::Body { name: (*name).into(), incoming: Box::new(incoming) };
            let said = PhoneText::new(extension, CARLA.into(), String::new(), key(call_id));
            let answer = from_phone::message(&media, said, file).await?;
            assert_eq!(answer.status, 202, "{:?}", answer.warning);
            Ok(())
        }
        other => unreachable!("{other:?} is not about files"),
    }
}

/// As the browser remembers it. One that is not there any more went with its message, or is missed when that is sent.
fn upload_named(world: &World, name: &str) -> UploadId {
    UploadId(world.count(&format!("SELECT coalesce(max(id), 0) FROM uploads WHERE name = '{name}'")))
}

/// How the carrier gives a file.
#[derive(Clone, Copy, Debug)]
pub enum Gives {
    /// Whenever it is asked.
    Always,
    /// When it is asked first.
    Once,
    /// Not now.
    NotNow,
}

/// From now on the carrier gives a file like this.
pub fn on_shelf(world: &World, name: &str, gives: Gives) {
    let what = match gives {
        Gives::Always => OnShelf::File(picture(name)),
        Gives::Once => OnShelf::Once(picture(name)),
        Gives::NotNow => OnShelf::Silent,
    };
    world.shelf.put(name, what);
}

impl End<'_> {
    /// What a phone shows, links left out: exactly this, each once.
    pub fn shown_with_files(&self, who: Who, words: &[&str]) {
        let shown = self.world.outside.phone_shows(extension(self.world, who));
        let shown: Vec<&str> = shown.iter().map(|text| text.split(" https://").next().unwrap_or_default()).collect();
        let mut shown = shown.into_iter().map(|text| text.split(", ").next().unwrap_or_default()).collect::<Vec<_>>();
        shown.sort_unstable();
        assert_eq!(shown, words, "{who:?}. {}", self.when);
    }

    /// The files of a message: their names and where they stand, in order.
    pub fn has_files(&self, words: &str, files: &[&str]) {
        let sql = format!(
            "SELECT a.name || ' ' || a.state FROM attachments a JOIN messages m ON m.id = a.message_id \
             WHERE m.text = '{words}' ORDER BY a.message_id, a.position"
        );
        assert_eq!(self.world.texts(&sql), files, "{words:?}. {}", self.when);
    }

    /// A file is here and was shown, or is not and that was said.
    pub fn is_here_or_said_to_be_gone(&self, who: Who, name: &str) {
        let stands = self.world.text(&format!("SELECT state FROM attachments WHERE name = '{name}'"));
        let words = match stands.as_str() {
            "here" => format!("[Picture {name}"),
            _ => format!("[{name}: The carrier no longer has the file"),
        };
        self.shown_with_files(who, &[&words]);
    }

    /// The customer got the words with a link that leads to the files, once; or nobody can know whether.
    pub fn got_a_link(&self, words: &str) {
        let base = self.world.desk.rules.public_base_url.clone().expect("the story has an address");
        let got = self.world.outside.customers_got();
        let links: Vec<&str> =
            got.iter().filter_map(|text| text.strip_prefix(words)?.trim().strip_prefix(&format!("{base}/"))).collect();
        let may_be_unknown = self.carrier == Carrier::Plain && self.world.stands(words).0 == "uncertain";
        assert!(links.len() == 1 || may_be_unknown && links.is_empty(), "{got:?}. {}", self.when);
        for token in links {
            let sql = format!(
                "SELECT count(*) FROM media_links l JOIN attachments a ON a.message_id = l.message_id \
                 WHERE l.token = '{token}' AND l.for_whom = 'peer' AND a.state = 'here'"
            );
            assert!(self.world.count(&sql) > 0, "{token} leads nowhere. {}", self.when);
        }
    }
}

/// No attachment waits for ever, every row has its file, and after the clean-up every file its row.
pub async fn agree(world: &World, when: &str) {
    assert_eq!(world.count("SELECT count(*) FROM attachments WHERE state = 'loading'"), 0, "stuck. {when}");
    for hash in world.texts("SELECT hash FROM files") {
        let file = std::fs::read(world.files_folder().join(&hash[..2]).join(&hash));
        let file = file.unwrap_or_else(|error| panic!("a row without its file: {error}. {when}"));
        assert_eq!(FileHash::of_digest(&Sha256::digest(&file).into()).as_str(), hash, "{when}");
    }
    let media = world.media();
    let left = std::fs::read_dir(world.files_folder().join("incoming")).expect("a folder").count();
    assert_eq!(left, 0, "half a file is left. {when}");
    world.files_are_kept_now();
    world.desk.clock.advance(A_MONTH);
    care::round(&media).await.expect("the store is there");
    care::forget_strays(&media).await.expect("the store is there");

    let rows: BTreeSet<String> = world.texts("SELECT hash FROM files").into_iter().collect();
    let needed: BTreeSet<String> =
        world.texts("SELECT file_hash FROM attachments WHERE state = 'here'").into_iter().collect();
    assert_eq!(kept(&world.files_folder()), rows, "each file has a row, and each row a file. {when}");
    assert_eq!(rows, needed, "what is kept is what is needed. {when}");
}

/// The files of the archive, small pictures left out.
fn kept(folder: &Path) -> BTreeSet<String> {
    let shelves = std::fs::read_dir(folder).expect("the archive").flatten();
    let files = shelves.flat_map(|shelf| std::fs::read_dir(shelf.path()).expect("a shelf").flatten());
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    names.filter(|name| FileHash::parse(name).is_some()).collect()
}
