//! How long files are kept: as their channel says, while somebody needs them, and what a crash left is found.

use crate::world::files::{OnShelf, Shelf, jpeg};
use crate::world::house::ANNAS;
use crate::world::in_a_world;
use crate::world::says::text;
use depesche::carrier::dialect::{InboundMedia, InboundMessage};
use depesche::domain::media::FileHash;
use depesche::domain::media_rules::ChannelMedia;
use depesche::flow::media::care;
use depesche::flow::settings;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

#[tokio::test]
async fn a_file_goes_when_its_channel_keeps_it_no_longer_and_says_so() {
    in_a_world(async |world| {
        let (media, shelf) = (world.media(), Shelf::default());
        let rules = ChannelMedia { kept_days: 10, ..ChannelMedia::default() };
        settings::media::change(&world.desk, world.house.sms, rules).await.expect("good rules");
        shelf.put("one", OnShelf::File(jpeg(64, 48)));
        let files = vec![InboundMedia::at("one", None)];
        world.hears(InboundMessage { media: files, ..text("id-1", ANNAS, "look") }).await;
        world.fetch(&media, &shelf).await;
        let hash = FileHash::parse(&world.text("SELECT hash FROM files")).expect("a hash");
        world.files_are_kept_now();

        world.desk.clock.advance(DAY * 9);
        care::round(&media).await.expect("the store is there");
        assert!(media.archive.path_of(&hash).exists(), "its time is not up");
        world.desk.clock.advance(DAY * 2);
        care::round(&media).await.expect("the store is there");

        assert_eq!(world.text("SELECT state || ' ' || (reason ->> 'code') FROM attachments"), "expired file_expired");
        assert!(!media.archive.path_of(&hash).exists());
        assert!(!media.archive.thumb_path_of(&hash).exists());
        assert_eq!(world.count("SELECT count(*) FROM files"), 0);
        assert_eq!(media.archive.used_bytes(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_file_stays_while_anybody_needs_it_and_uploads_are_forgotten_after_a_week() {
    in_a_world(async |world| {
        let media = world.media();
        let kept = world.uploads(&media, "a.jpg", &jpeg(64, 48)).await;
        let same = world.uploads(&media, "b.jpg", &jpeg(64, 48)).await;
        assert_eq!((&kept.file.hash, world.count("SELECT count(*) FROM files")), (&same.file.hash, 1));
        world.files_are_kept_now();

        world.desk.clock.advance(DAY * 6);
        care::round(&media).await.expect("the store is there");
        assert_eq!(world.count("SELECT count(*) FROM uploads"), 2);
        world.desk.clock.advance(DAY * 60);
        care::round(&media).await.expect("the store is there");
        care::forget_strays(&media).await.expect("the store is there");

        assert_eq!(world.count("SELECT count(*) FROM uploads"), 0);
        assert!(!media.archive.path_of(&kept.file.hash).exists());
    })
    .await;
}

#[tokio::test]
async fn a_file_without_a_row_is_found_after_a_day() {
    in_a_world(async |world| {
        let media = world.media();
        let mut incoming = media.archive.begin().await.expect("there is room");
        incoming.write(b"written, and then the power went").await.expect("there is room");
        let stray = incoming.keep().await.expect("kept");
        world.files_are_kept_now();

        care::forget_strays(&media).await.expect("the store is there");
        assert!(media.archive.path_of(&stray.hash).exists(), "its row may just be on the way");
        world.desk.clock.advance(DAY * 2);
        care::forget_strays(&media).await.expect("the store is there");

        assert!(!media.archive.path_of(&stray.hash).exists());
    })
    .await;
}
