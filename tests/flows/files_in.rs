//! Files that come in: fetched at once, kept by what they truly are, shown on phones, and honest where they are not there.

use crate::world::files::{OnShelf, Shelf, jpeg};
use crate::world::house::{ANNAS, SALES};
use crate::world::says::text;
use crate::world::{World, in_a_world, in_a_world_with};
use depesche::carrier::dialect::{InboundMedia, InboundMessage};
use depesche::domain::media::FileHash;
use depesche::flow::desk::Rules;
use depesche::flow::session::{pick_up, transfer};
use depesche::media::archive::{Archive, ArchiveBounds};
use std::time::Duration;

const AT: &str = "https://api.example.com/m/1";
const OTHER: &str = "https://api.example.com/m/2";

/// Carla sends a file, with or without words.
async fn carla_sends(world: &World, to: &str, words: &str, at: &[&str]) {
    let media = at.iter().map(|at| InboundMedia { file_name: Some("trip.exe".into()), ..InboundMedia::at(at, None) });
    let id = format!("file-{}", world.count("SELECT count(*) FROM heard_webhooks"));
    world.hears(InboundMessage { media: media.collect(), ..text(&id, to, words) }).await;
    world.quiet().await;
}

fn states(world: &World) -> Vec<String> {
    world.texts("SELECT state || ' ' || coalesce(reason ->> 'code', '-') FROM attachments ORDER BY id")
}

#[tokio::test]
async fn a_picture_rings_with_its_words_at_once_and_with_a_link_when_it_is_here() {
    let rules = Rules { phone_base_url: Some("https://sms.example.com".into()), ..Rules::default() };
    in_a_world_with(rules, async |world| {
        world.everyone_is_there().await;
        let (media, shelf) = (world.media(), Shelf::default());
        shelf.put(AT, OnShelf::File(jpeg(640, 480)));

        carla_sends(world, ANNAS, "look", &[AT]).await;
        assert_eq!(world.outside.phone_shows(world.house.anna), ["look"], "the text does not wait");
        assert_eq!(states(world), ["loading -"]);
        world.fetch(&media, &shelf).await;

        let shown = world.outside.phone_shows(world.house.anna);
        assert!(shown[1].starts_with("[Picture trip.jpg, "), "{shown:?}");
        let (_, link) = shown[1].rsplit_once(' ').expect("a link at the end");
        assert!(
            link.starts_with("https://sms.example.com/") && link.len() == "https://sms.example.com".len() + 10,
            "{link}"
        );
        assert_eq!(states(world), ["here -"]);
        assert_eq!(
            world.text("SELECT media_type || ' ' || width || 'x' || height || ' ' || thumb FROM files"),
            "image/jpeg 640x480 1"
        );
    })
    .await;
}

/// A paper of 24 pages with a megabyte on each that does not pack: more than is ever opened.
fn large_paper(begins_with: &str) -> Vec<u8> {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let noise: Vec<u8> = (0..1 << 20)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect();
    let kids: String = (0..24).map(|page| format!("{} 0 R ", 10 + 2 * page)).collect();
    let head = format!(
        "%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R{begins_with}>>endobj\n2 0 obj<</Type/Pages/Count 24/Kids[{kids}]>>endobj\n"
    );
    let mut file = head.into_bytes();
    for page in 0..24 {
        let (id, content) = (10 + 2 * page, 11 + 2 * page);
        file.extend(format!("{id} 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents {content} 0 R>>endobj\n{content} 0 obj<</Length {}>>stream\n", noise.len()).into_bytes());
        file.extend([&noise[..], b"\nendstream\nendobj\n"].concat());
    }
    file.extend(b"trailer<</Root 1 0 R/Size 60>>\nstartxref\n9\n%%EOF");
    file
}

#[tokio::test]
async fn a_paper_too_large_to_be_opened_comes_as_it_is_and_one_that_acts_does_not() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let (mut media, shelf) = (world.media(), Shelf::default());
        let bounds = ArchiveBounds { file_bytes_max: 100_000_000, ..media.archive.bounds() };
        media.archive = Archive::open(&world.files_folder(), bounds).expect("a folder for files");
        let harmless = large_paper("");
        shelf.put(AT, OnShelf::File(harmless.clone()));
        shelf.put(OTHER, OnShelf::File(large_paper("/OpenAction<</S/J#61vaScript/JS(x)>>")));

        carla_sends(world, ANNAS, "", &[AT, OTHER]).await;
        world.fetch(&media, &shelf).await;

        assert_eq!(states(world), ["here -", "failed file_too_complex"]);
        let kept = world
            .text("SELECT hash FROM files WHERE media_type = 'application/pdf' AND thumb = 0 ORDER BY bytes LIMIT 1");
        let hash = FileHash::parse(&kept).expect("a hash");
        assert!(std::fs::read(media.archive.path_of(&hash)).expect("it is there") == harmless, "not a byte is another");
    })
    .await;
}

#[tokio::test]
async fn a_file_that_does_not_come_is_asked_for_again_and_phones_are_told_meanwhile() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let (media, shelf) = (world.media(), Shelf::default());
        shelf.put(AT, OnShelf::Silent);

        carla_sends(world, ANNAS, "", &[AT]).await;
        assert!(world.outside.phone_shows(world.house.anna).is_empty(), "there is nothing to say yet");
        world.fetch(&media, &shelf).await;
        assert_eq!(world.outside.phone_shows(world.house.anna), ["[1 file]"]);
        assert_eq!(states(world), ["loading file_not_fetched"]);
        shelf.put(AT, OnShelf::File(jpeg(64, 64)));
        world.fetch(&media, &shelf).await;
        assert_eq!(states(world), ["loading file_not_fetched"], "not before its time");
        world.desk.clock.advance(Duration::from_secs(6));
        world.fetch(&media, &shelf).await;

        assert_eq!(states(world), ["here -"]);
        let shown = world.outside.phone_shows(world.house.anna);
        assert!(shown[1].ends_with("to be seen in the portal"), "no address for phones is set: {shown:?}");
        assert_eq!(shown.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_never_comes_is_given_up_with_a_reason() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let (media, shelf) = (world.media(), Shelf::default());
        shelf.put(AT, OnShelf::Silent);
        carla_sends(world, ANNAS, "see", &[AT, "https://api.example.com/gone"]).await;

        for _ in 0..25 {
            world.fetch(&media, &shelf).await;
            world.desk.clock.advance(Duration::from_secs(6 * 3600));
        }

        assert_eq!(states(world), ["failed file_not_fetched", "failed file_gone"]);
        assert_eq!(world.count("SELECT tries FROM attachments WHERE position = 0"), 20);
        let shown = world.outside.phone_shows(world.house.anna);
        assert_eq!(shown.len(), 3, "{shown:?}");
        assert!(shown.iter().any(|words| words.contains("no longer has the file")), "{shown:?}");
    })
    .await;
}

#[tokio::test]
async fn what_is_not_what_it_says_or_not_allowed_is_not_kept() {
    in_a_world(async |world| {
        let (media, shelf) = (world.media(), Shelf::default());
        let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
        let film = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08mdat";
        let cut = &jpeg(640, 480)[..200];
        for (at, bytes) in [("svg", &svg[..]), ("film", &film[..]), ("cut", cut), ("empty", b"")] {
            shelf.put(at, OnShelf::File(bytes.to_vec()));
            carla_sends(world, ANNAS, "hm", &[at]).await;
        }
        world.fetch(&media, &shelf).await;

        let all = states(world);
        assert_eq!(all.len(), 4);
        assert!(all.iter().all(|state| state.starts_with("failed file_")), "{all:?}");
        let kept = world.count("SELECT count(*) FROM attachments WHERE file_hash IS NOT NULL");
        assert_eq!(kept, 0);
    })
    .await;
}

#[tokio::test]
async fn without_room_messages_go_on_and_their_files_come_when_there_is_room_again() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let shelf = Shelf::default();
        shelf.put(AT, OnShelf::File(jpeg(640, 480)));
        carla_sends(world, ANNAS, "look", &[AT]).await;

        world.fetch(&world.media_with(1), &shelf).await;
        assert_eq!(world.outside.phone_shows(world.house.anna), ["look"]);
        assert_eq!(states(world), ["loading files_full"]);
        world.desk.clock.advance(Duration::from_secs(6));
        world.fetch(&world.media(), &shelf).await;

        assert_eq!(states(world), ["here -"]);
    })
    .await;
}

#[tokio::test]
async fn a_restart_in_between_fetches_what_was_not_here_yet() {
    in_a_world(async |world| {
        let shelf = Shelf::default();
        shelf.put(AT, OnShelf::File(jpeg(64, 64)));
        carla_sends(world, ANNAS, "look", &[AT]).await;

        world.restart().await;
        world.fetch(&world.media(), &shelf).await;

        assert_eq!(states(world), ["here -"]);
    })
    .await;
}

#[tokio::test]
async fn a_webhook_that_comes_twice_attaches_once() {
    in_a_world(async |world| {
        let message = InboundMessage { media: vec![InboundMedia::at(AT, None)], ..text("the same", ANNAS, "look") };
        world.hears(message.clone()).await;
        world.hears(message).await;

        assert_eq!(world.count("SELECT count(*) FROM attachments"), 1);
    })
    .await;
}

#[tokio::test]
async fn whoever_gets_the_conversation_gets_its_files_too() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let (media, shelf) = (world.media(), Shelf::default());
        shelf.put(AT, OnShelf::File(jpeg(64, 64)));
        carla_sends(world, SALES, "", &[AT]).await;
        world.fetch(&media, &shelf).await;
        assert_eq!(world.outside.phone_shows(world.house.ben).len(), 1);
        pick_up(&world.desk, world.last_session(), world.actor(world.house.anna)).await.expect("it is free");
        world.quiet().await;
        assert_eq!(world.outside.phone_shows(world.house.ben).len(), 2, "Ben is told who has it");

        let to = depesche::domain::session::Destination::Extension(world.house.cleo);
        transfer(&world.desk, world.last_session(), to, world.admin()).await.expect("it goes");
        world.quiet().await;

        let shown = world.outside.phone_shows(world.house.cleo);
        assert!(shown.len() == 1 && shown[0].starts_with("[Picture trip.jpg"), "{shown:?}");
    })
    .await;
}
