//! Files that go out: all of them fit or none is sent, as files where that can be, else as a link, each once.

use crate::world::files::jpeg;
use crate::world::house::{ANNAS, CARLA};
use crate::world::says::address;
use crate::world::{World, in_a_world, in_a_world_with};
use depesche::domain::channel::ChannelKind;
use depesche::domain::id::{MessageId, UploadId};
use depesche::domain::media_rules::ChannelMedia;
use depesche::domain::reason::ReasonCode;
use depesche::flow::desk::Rules;
use depesche::flow::error::FlowError;
use depesche::flow::media::desk::MediaDesk;
use depesche::flow::media::links::{self, hosted, short};
use depesche::flow::media::send::{WithFiles, reply, start};
use depesche::flow::outbox::files::OutboundFiles;
use depesche::flow::settings;
use depesche::store::media_links::ForWhom;
use std::time::Duration;

fn with_address() -> Rules {
    Rules { public_base_url: Some("https://sms.example.com".into()), ..Rules::default() }
}

async fn said(world: &World, words: &str, uploads: Vec<UploadId>) -> WithFiles {
    WithFiles {
        text: words.into(),
        uploads,
        in_reply_to: None,
        later: None,
        client_id: format!("client of {words}"),
        by: world.actor(world.house.anna),
        user: world.user().await,
    }
}

/// Anna answers Carla with files.
async fn anna_sends(
    world: &World,
    media: &MediaDesk,
    words: &str,
    uploads: Vec<UploadId>,
) -> Result<MessageId, FlowError> {
    let sent = reply(media, world.last_session(), said(world, words, uploads).await).await;
    world.quiet().await;
    sent
}

#[tokio::test]
async fn a_picture_goes_with_its_words_and_its_upload_is_used_up() {
    in_a_world_with(with_address(), async |world| {
        world.carla_writes(ANNAS, "hello").await;
        let media = world.media();
        let picture = world.uploads(&media, "../../My trip.PNG", &jpeg(800, 600)).await;
        assert_eq!(picture.name, "My trip.jpg", "what it is decides, and a name is no path");

        let message = anna_sends(world, &media, "see here", vec![picture.id]).await.expect("it fits");

        assert_eq!(world.outside.customer_got("see here"), 1);
        assert_eq!(world.texts("SELECT state || ' ' || name FROM attachments"), ["here My trip.jpg"]);
        assert_eq!(world.count("SELECT count(*) FROM uploads"), 0);
        let again = reply(&media, world.last_session(), said(world, "see here", vec![picture.id]).await).await;
        assert_eq!(again.expect("it was sent"), message, "the same again is the same message");
    })
    .await;
}

#[tokio::test]
async fn where_mms_does_not_go_the_text_goes_with_a_link_that_ends_by_itself() {
    in_a_world_with(with_address(), async |world| {
        world.carla_writes(ANNAS, "hello").await;
        let rules = ChannelMedia { countries: Some(vec!["DE".into()]), ..ChannelMedia::default() };
        settings::media::change(&world.desk, world.house.sms, rules).await.expect("good rules");
        let media = world.media();
        let files = [jpeg(800, 600), jpeg(600, 800)];
        let (one, two) =
            (world.uploads(&media, "a.jpg", &files[0]).await, world.uploads(&media, "b.jpg", &files[1]).await);

        let message = anna_sends(world, &media, "Your offer", vec![one.id, two.id]).await.expect("it goes as a link");

        let got = world.outside.customers_got();
        let (words, link) = got[0].split_once('\n').expect("a link below the words");
        assert_eq!(
            (words, world.text("SELECT text FROM messages ORDER BY id DESC LIMIT 1")),
            ("Your offer", "Your offer".into())
        );
        let token = link.strip_prefix("https://sms.example.com/").expect("on our own host");
        assert!(token.len() < 10, "{link}");
        let page = short(&media, token).await.expect("readable").expect("there");
        assert_eq!((page.files.len(), page.text.as_str()), (2, "Your offer"));
        links::note_fetched(&media, page.link).await.expect("counted");
        let fetched = world.desk.store.read(move |db| db.attachments(message)).await.expect("readable");
        assert_eq!(fetched.iter().map(|file| file.fetched).collect::<Vec<_>>(), [1, 1]);
        assert!(short(&media, "000000000").await.expect("readable").is_none());
        world.desk.clock.advance(world.desk.rules.links_kept + Duration::from_secs(1));
        assert!(short(&media, token).await.expect("readable").is_none(), "its time is up");
    })
    .await;
}

#[tokio::test]
async fn with_links_switched_off_it_is_refused_before_it_is_filed_and_nothing_is_lost() {
    in_a_world_with(with_address(), async |world| {
        world.carla_writes(ANNAS, "hello").await;
        let rules = ChannelMedia { countries: Some(vec![]), links_instead: false, ..ChannelMedia::default() };
        settings::media::change(&world.desk, world.house.sms, rules).await.expect("good rules");
        let media = world.media();
        let picture = world.uploads(&media, "a.jpg", &jpeg(80, 60)).await;
        let before = world.count("SELECT count(*) FROM messages");

        let refused = anna_sends(world, &media, "one", vec![picture.id]).await.expect_err("no way");

        assert_eq!(code(&refused), ReasonCode::MmsNotPossible);
        assert_eq!(world.count("SELECT count(*) FROM messages"), before);
        assert_eq!(world.count("SELECT count(*) FROM uploads"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_link_needs_an_address_to_lead_to() {
    in_a_world(async |world| {
        world.carla_writes(ANNAS, "hello").await;
        let nowhere = ChannelMedia { countries: Some(vec![]), ..ChannelMedia::default() };
        settings::media::change(&world.desk, world.house.sms, nowhere).await.expect("good rules");
        let media = world.media();
        let picture = world.uploads(&media, "a.jpg", &jpeg(80, 60)).await;

        let refused = anna_sends(world, &media, "one", vec![picture.id]).await.expect_err("no way");

        assert_eq!(code(&refused), ReasonCode::LinkNotPossible);
    })
    .await;
}

#[tokio::test]
async fn files_that_are_uploaded_have_so_much_room_in_memory() {
    const ROOM_BYTES: usize = 64 * 1024 * 1024;
    in_a_world(async |world| {
        world.carla_writes(ANNAS, "hello").await;
        let media = world.media();
        let picture = world.uploads(&media, "large.jpg", &jpeg(1600, 1200)).await;
        let message = anna_sends(world, &media, "see here", vec![picture.id]).await.expect("it fits");
        let files = OutboundFiles::new(&media);
        let read = || files.of(message, (world.house.trunk, ChannelKind::Sms));
        let mut held = vec![read().await.expect("readable")];
        let twice = 2 * held[0][0].bytes.len();
        while (held.len() + 1) * twice <= ROOM_BYTES {
            held.push(read().await.expect("readable"));
        }

        let mut one_more = std::pin::pin!(read());
        let too_soon = tokio::time::timeout(Duration::from_millis(200), &mut one_more).await;
        held.pop();
        let file = one_more.await.expect("readable");

        assert!(too_soon.is_err(), "{} files of {twice} bytes are in memory, and one more", held.len() + 1);
        assert_eq!(file[0].bytes.len() * 2, twice);
    })
    .await;
}

fn code(error: &FlowError) -> ReasonCode {
    match error {
        FlowError::File { reason, .. } => reason.code,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn only_the_offending_file_is_named_and_none_is_sent() {
    in_a_world(async |world| {
        world.carla_writes(ANNAS, "hello").await;
        let media = world.media();
        let picture = world.uploads(&media, "good.jpg", &jpeg(80, 60)).await;
        let notes = world.uploads(&media, "notes.txt", b"just some words in a file").await;

        let refused = anna_sends(world, &media, "both", vec![picture.id, notes.id]).await.expect_err("not allowed");

        assert!(
            matches!(&refused, FlowError::File { reason, name: Some(name) }
                if reason.code == ReasonCode::FileTypeNotAllowed && name == "notes.txt"),
            "{refused}"
        );
        assert_eq!(world.outside.customers_got(), Vec::<String>::new());
        assert_eq!(world.count("SELECT count(*) FROM uploads"), 2);
    })
    .await;
}

#[tokio::test]
async fn pictures_share_the_room_that_a_message_has() {
    in_a_world(async |world| {
        world.carla_writes(ANNAS, "hello").await;
        let rules = ChannelMedia { total_bytes_max: Some(120_000), ..ChannelMedia::default() };
        settings::media::change(&world.desk, world.house.sms, rules).await.expect("good rules");
        let media = world.media();
        let mut uploads = Vec::new();
        for name in ["a.jpg", "b.jpg", "c.jpg"] {
            let size = 900 + 10 * uploads.len() as u32;
            uploads.push(world.uploads(&media, name, &jpeg(size, 700)).await);
        }
        let whole: u64 = uploads.iter().map(|upload| upload.file.facts.bytes).sum();
        assert!(whole > 120_000, "the test needs more: {whole}");

        let ids = uploads.iter().map(|upload| upload.id).collect();
        anna_sends(world, &media, "three", ids).await.expect("they are made to fit");

        let sent = world.count("SELECT sum(f.bytes) FROM attachments a JOIN files f ON f.hash = a.file_hash");
        assert!(sent <= 120_000, "{sent}");
        assert_eq!(world.count("SELECT count(*) FROM attachments WHERE steps LIKE '%scaled%'"), 3);
    })
    .await;
}

#[tokio::test]
async fn on_whatsapp_each_file_is_a_message_and_the_words_go_with_the_first() {
    in_a_world(async |world| {
        let hello = depesche::carrier::dialect::InboundMessage {
            kind: depesche::domain::channel::ChannelKind::WhatsApp,
            ..crate::world::says::text("wa-1", ANNAS, "hello")
        };
        world.hears(hello).await;
        world.quiet().await;
        let media = world.media();
        let one = world.uploads(&media, "a.jpg", &jpeg(80, 60)).await;
        let two = world.uploads(&media, "b.jpg", &jpeg(60, 80)).await;

        anna_sends(world, &media, "both", vec![one.id, two.id]).await.expect("they go");

        let out = "SELECT text || ':' || media_count FROM messages WHERE direction = 'out' ORDER BY id";
        assert_eq!(world.texts(out), ["both:1", ":1"]);
    })
    .await;
}

#[tokio::test]
async fn a_carrier_s_address_of_a_file_is_signed_and_ends() {
    in_a_world_with(with_address(), async |world| {
        let media = world.media();
        let picture = world.uploads(&media, "a.jpg", &jpeg(80, 60)).await;
        let to = address(CARLA);
        let message =
            start(&media, world.house.annas, to, said(world, "look", vec![picture.id]).await).await.expect("goes");
        world.quiet().await;
        let link = world.desk.store.read(move |db| {
            let files = db.attachments(message)?;
            db.media_link_for(message, Some(files[0].id), ForWhom::Carrier)
        });
        let link = link.await.expect("readable").expect("made");

        let signed = media.signer.sign(link.id, link.expires_at);
        let found = hosted(&media, &signed).await.expect("readable").expect("there");

        assert_eq!((found.hash, found.bytes), (picture.file.hash.clone(), picture.file.facts.bytes));
        assert!(hosted(&media, &signed[1..]).await.expect("readable").is_none());
        world.desk.clock.advance(Duration::from_secs(40 * 3600));
        assert!(hosted(&media, &signed).await.expect("readable").is_none(), "its time is up");
    })
    .await;
}
