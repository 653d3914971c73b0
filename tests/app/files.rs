//! Files through the whole house, byte for byte: from a customer to a phone and to whoever opens the link there, and from
//! the portal or a phone to the customer, by upload, by an address the carrier fetches from, or by a link.

use crate::carrier::Mood;
use crate::carrier::call::get;
use crate::carrier::shelves::{Got, OnShelf};
use crate::place::{BASE, PLAIN, with_files};
use crate::samples::{jpeg, paper};
use crate::{CARLA, Town, in_town_with};
use serde_json::{Value, json};
use std::time::Duration;

/// The carrier takes no files.
const NO_FILES: Option<&str> = Some("{}");
/// It fetches them.
const BY_ADDRESS: Option<&str> = Some(r#"{ "media": "yes" }"#);
/// It has them put there before.
const BY_UPLOAD: Option<&str> = Some(r#"{ "upload_url": "http://{carrier}/plain/media" }"#);

impl Town {
    /// Carla sends files, which her carrier has.
    async fn carla_sends(&self, id: &str, words: &str, names: &[&str]) {
        let at = |name: &str| format!("http://{}/plain/files/{name}", self.carrier_at);
        let files: Vec<(&str, String)> = names.iter().map(|name| (*name, at(name))).collect();
        assert_eq!(self.webhook(&with_files(id, (CARLA, PLAIN), words, &files)).await, Some(200));
    }

    fn puts(&self, name: &str, what: OnShelf) {
        self.carrier.ledger().shelves.files.insert(name.into(), what);
    }

    /// Anna writes to Carla at the portal, with these uploads.
    async fn anna_starts(&self, words: &str, uploads: &[i64], more: Value) -> Value {
        let number = self.place.count(&format!("SELECT id FROM numbers WHERE address = '{PLAIN}'"));
        let channel = self.place.count(&format!("SELECT channel_id FROM numbers WHERE address = '{PLAIN}'"));
        let mut body = json!({
            "channel": channel, "number": number, "to": CARLA, "text": words, "client_id": "a", "attachments": uploads
        });
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        self.anna_posts("/sessions", &body).await["message"].clone()
    }

    /// What the customer got with a text.
    fn customer_got_files(&self, words: &str) -> Vec<Got> {
        let ledger = self.carrier.ledger();
        let texts: Vec<_> = ledger.taken.iter().filter(|taken| taken.text == words).collect();
        assert_eq!(texts.len(), 1, "{words:?} once: {:?}", ledger.taken);
        texts[0].files.clone()
    }
}

fn got(name: &str, media_type: &str, bytes: Vec<u8>) -> Got {
    Got { name: name.into(), media_type: media_type.into(), bytes }
}

/// The path of a short address that ends a text.
fn link_in(text: &str) -> String {
    let at = text.find(BASE).unwrap_or_else(|| panic!("no link in {text:?}"));
    let path = text[at + BASE.len()..].to_owned();
    assert!(path.len() == 10 && path[1..].bytes().all(|byte| byte.is_ascii_alphanumeric()), "{path}");
    path
}

#[tokio::test]
async fn a_picture_comes_to_the_phone_as_words_and_a_link_and_is_there_byte_for_byte() {
    in_town_with(NO_FILES, async |town| {
        town.anna_registers().await;
        town.puts("trip.jpg", OnShelf::File(jpeg(640, 480)));

        town.carla_sends("in-1", "Look!", &["trip.jpg"]).await;
        town.place.until("the phone has both", |_| town.anna.shown().len() == 2).await;

        let shows = town.anna.shows();
        assert_eq!(shows[0], "Look!");
        assert!(shows[1].starts_with("[Picture trip.jpg, "), "{shows:?}");
        let (door, path) = (town.house().public[0].address, link_in(&shows[1]));
        let page = get(door, &path).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        assert!(
            page.text().contains("trip.jpg") && !page.text().contains("Look!"),
            "the words are on the phone already"
        );
        let file = get(door, &format!("{path}/1")).await;
        assert_eq!((file.status, file.header("content-type"), &file.body), (200, "image/jpeg", &jpeg(640, 480)));
        let thumb = get(door, &format!("{path}/1/thumb")).await;
        assert_eq!(image::load_from_memory(&thumb.body).expect("a picture").width(), 320);
        let counted = "SELECT fetched FROM media_links WHERE for_whom = 'phone'";
        town.place.until("the visit is counted once", |place| place.count(counted) == 1).await;
        assert_eq!(get(door, &format!("{path}/2")).await.status, 404);
        assert_eq!(town.carrier.ledger().shelves.asked["trip.jpg"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_text_does_not_wait_for_a_file_that_its_carrier_is_slow_with() {
    in_town_with(NO_FILES, async |town| {
        town.anna_registers().await;
        town.puts("slow.jpg", OnShelf::Held);
        town.carla_sends("in-1", "It takes a while", &["slow.jpg"]).await;
        town.place.until("the carrier is asked", |_| !town.carrier.ledger().shelves.asked.is_empty()).await;
        town.place.until("the phone has the text", |_| town.anna.shows() == ["It takes a while"]).await;
        assert_eq!(town.place.texts("SELECT state FROM attachments"), ["loading"]);

        town.puts("slow.jpg", OnShelf::File(jpeg(64, 48)));

        town.place.until("the phone has the file", |_| town.anna.shown().len() == 2).await;
        assert_eq!(town.place.texts("SELECT state FROM attachments"), ["here"]);
    })
    .await;
}

#[tokio::test]
async fn a_file_that_its_carrier_cannot_give_comes_later_and_one_that_is_gone_is_said_to_be() {
    in_town_with(NO_FILES, async |town| {
        town.anna_registers().await;
        town.puts("later.pdf", OnShelf::Down);
        town.carla_sends("in-1", "Two files", &["later.pdf", "gone.jpg"]).await;
        let states = "SELECT state || ' ' || (reason ->> 'code') FROM attachments ORDER BY position";
        let both = ["loading file_not_fetched", "failed file_gone"];
        town.place.until("both were asked for", |place| place.texts(states) == both).await;
        town.place.until("the phone knows", |_| town.anna.shown().len() == 2).await;
        assert!(town.anna.shows()[1].contains("gone.jpg"), "{:?}", town.anna.shows());

        town.puts("later.pdf", OnShelf::File(paper()));
        town.turn_until("it is here", Duration::from_secs(20), |town| town.anna.shown().len() == 3).await;

        let path = link_in(&town.anna.shows()[2]);
        assert_eq!(get(town.house().public[0].address, &format!("{path}/1")).await.body, paper());
    })
    .await;
}

#[tokio::test]
async fn a_file_that_was_on_its_way_when_the_house_stopped_comes_after_the_start() {
    in_town_with(NO_FILES, async |town| {
        town.anna_registers().await;
        town.puts("slow.jpg", OnShelf::Held);
        town.carla_sends("in-1", "Wait", &["slow.jpg"]).await;
        town.place.until("the carrier is asked", |_| !town.carrier.ledger().shelves.asked.is_empty()).await;
        town.place.until("the phone has the text", |_| town.anna.shows() == ["Wait"]).await;

        town.stop().await;
        town.puts("slow.jpg", OnShelf::File(jpeg(64, 48)));
        town.start().await;

        town.place.until("the phone has the file", |_| town.anna.shown().len() == 2).await;
        assert_eq!(town.place.texts("SELECT state FROM attachments"), ["here"]);
    })
    .await;
}

#[tokio::test]
async fn a_file_may_be_larger_than_any_other_request_and_no_larger_than_its_own_bound() {
    in_town_with(NO_FILES, async |town| {
        town.anna_logs_in().await;

        let large = town.anna_tries_to_upload("long.txt", &vec![b'a'; 1_900_000]).await;
        let too_large = town.anna_tries_to_upload("longer.txt", &vec![b'a'; 2 * 1024 * 1024 + 1]).await;
        let far_too_large = town.anna_tries_to_upload("longest.txt", &vec![b'a'; 5_000_000]).await;

        assert_eq!(large.status, 201, "{}", large.text());
        // What says at its head that it is far too large is not read at all.
        for (refused, code) in [(too_large, "file_too_large"), (far_too_large, "too_large")] {
            assert_eq!((refused.status, refused.json()["code"].as_str()), (413, Some(code)), "{}", refused.text());
            assert_eq!(refused.header("content-type"), "application/problem+json");
        }
        let file = town.anna_reads(&format!("/uploads/{}/file", large.json()["id"])).await;
        assert_eq!((file.status, file.body.len()), (200, 1_900_000));
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_takes_uploads_is_given_the_files_before_the_message() {
    in_town_with(BY_UPLOAD, async |town| {
        town.anna_logs_in().await;
        let picture = town.anna_uploads("trip.png", &jpeg(64, 48)).await;
        let offer = town.anna_uploads("offer.pdf", &paper()).await;

        let message = town.anna_starts("Our offer", &[picture, offer], json!({})).await;
        town.place.until("it is sent", |place| place.stands("Our offer") == "sent").await;

        let files = town.customer_got_files("Our offer");
        let expected = [got("trip.jpg", "image/jpeg", jpeg(64, 48)), got("offer.pdf", "application/pdf", paper())];
        assert_eq!(files, expected);
        assert_eq!(message["sent_as"], "files");
        let file = town.anna_reads(&format!("/attachments/{}/file", message["attachments"][1]["id"])).await;
        assert_eq!((file.status, file.body), (200, paper()));
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_fetches_finds_the_file_at_our_public_door_before_and_after_a_restart() {
    in_town_with(BY_ADDRESS, async |town| {
        town.anna_logs_in().await;
        let picture = town.anna_uploads("trip.jpg", &jpeg(64, 48)).await;

        town.anna_starts("See", &[picture], json!({})).await;
        town.place.until("it is sent", |place| place.stands("See") == "sent").await;

        assert_eq!(town.customer_got_files("See"), [got("trip.jpg", "image/jpeg", jpeg(64, 48))]);
        let counted = "SELECT fetched FROM media_links WHERE for_whom = 'carrier'";
        town.place.until("it is counted", |place| place.count(counted) == 1).await;
        let address = town.carrier.ledger().taken[0].addresses[0].clone();
        town.stop().await;
        town.start().await;
        let path = address.strip_prefix(BASE).expect("ours");
        assert_eq!(get(town.house().public[0].address, path).await.body, jpeg(64, 48), "its key outlives a restart");
        let (signed, name) = path.rsplit_once('/').expect("a name at its end");
        let forged = format!("{}0/{name}", &signed[..signed.len() - 1]);
        let other = format!("{}1/{name}", &signed[..signed.len() - 1]);
        let statuses = [
            get(town.house().public[0].address, &forged).await.status,
            get(town.house().public[0].address, &other).await.status,
        ];
        assert!(statuses.contains(&404), "at most one of the two is the true signature: {statuses:?}");
    })
    .await;
}

#[tokio::test]
async fn where_files_cannot_go_the_customer_gets_a_link_that_works() {
    in_town_with(NO_FILES, async |town| {
        town.anna_logs_in().await;
        let picture = town.anna_uploads("trip.jpg", &jpeg(64, 48)).await;
        let offer = town.anna_uploads("offer.pdf", &paper()).await;

        let message = town.anna_starts("Our offer", &[picture, offer], json!({})).await;
        town.place.until("it is sent", |place| place.stands("Our offer") == "sent").await;

        let taken = town.carrier.ledger().taken[0].clone();
        assert!(taken.text.starts_with("Our offer\n") && taken.files.is_empty(), "{taken:?}");
        let (door, path) = (town.house().public[0].address, link_in(&taken.text));
        let page = get(door, &path).await.text();
        assert!(["Our offer", "trip.jpg", "offer.pdf"].iter().all(|words| page.contains(words)), "{page}");
        assert_eq!(get(door, &format!("{path}/1")).await.body, jpeg(64, 48));
        let saved = get(door, &format!("{path}/2")).await;
        assert!(saved.header("content-disposition").starts_with("attachment; ") && saved.body == paper());
        let counted = "SELECT fetched FROM media_links WHERE for_whom = 'peer'";
        town.place.until("the visit is counted", |place| place.count(counted) == 1).await;
        let shown = town.anna_reads(&format!("/messages/{}", message["id"])).await.json();
        assert_eq!((&shown["sent_as"], &shown["attachments"][1]["fetched"]), (&json!("links"), &json!(1)));
    })
    .await;
}

#[tokio::test]
async fn a_message_with_a_file_waits_for_its_moment_and_its_file_waits_with_it() {
    in_town_with(BY_ADDRESS, async |town| {
        town.anna_logs_in().await;
        let picture = town.anna_uploads("trip.jpg", &jpeg(64, 48)).await;
        let in_a_week = json!({ "send_at": "2026-11-27T12:00:00Z" });
        let message = town.anna_starts("Next week", &[picture], in_a_week).await;
        assert_eq!(message["status"], "queued");

        town.clock.advance(Duration::from_secs(7 * 24 * 3600 - 60));
        assert_eq!(town.place.stands("Next week"), "queued", "not before its moment");
        let most = Duration::from_secs(180);
        town.turn_until("it is sent", most, |town| town.place.stands("Next week") == "sent").await;

        assert_eq!(town.customer_got_files("Next week"), [got("trip.jpg", "image/jpeg", jpeg(64, 48))]);
    })
    .await;
}

#[tokio::test]
async fn what_failed_is_sent_again_with_its_file() {
    for carrier in [BY_ADDRESS, BY_UPLOAD] {
        in_town_with(carrier, async |town| {
            town.anna_logs_in().await;
            let picture = town.anna_uploads("trip.jpg", &jpeg(64, 48)).await;
            town.carrier.ledger().mood = Mood::Refuses;
            let message = town.anna_starts("Once more", &[picture], json!({})).await;
            town.place.until("it failed", |place| place.stands("Once more") == "failed").await;
            // Addresses of files end; what is sent again must have new time.
            town.clock.advance(Duration::from_secs(20 * 24 * 3600));

            town.carrier.ledger().mood = Mood::Usual;
            town.anna_posts(&format!("/messages/{}/send-again", message["id"]), &json!({})).await;
            town.place.until("it is sent", |place| place.stands("Once more") == "sent").await;

            assert_eq!(town.customer_got_files("Once more"), [got("trip.jpg", "image/jpeg", jpeg(64, 48))]);
        })
        .await;
    }
}

#[tokio::test]
async fn a_picture_that_a_phone_sends_reaches_the_customer() {
    in_town_with(BY_UPLOAD, async |town| {
        let sip = &town.house().sip;
        let tcp =
            sip.iter().find(|one| one.transport == depesche::sip::message::Transport::Tcp).expect("it listens").addr;

        let answer = town.anna.sends_file(tcp, CARLA, "image/jpeg", jpeg(64, 48)).await.expect("an answer");

        assert_eq!(answer.status, 202, "{answer:?}");
        town.place.until("it is sent", |place| place.stands("") == "sent").await;
        assert_eq!(town.customer_got_files(""), [got("from the phone.jpg", "image/jpeg", jpeg(64, 48))]);
        assert_eq!(town.place.texts("SELECT state FROM attachments"), ["here"]);
    })
    .await;
}
