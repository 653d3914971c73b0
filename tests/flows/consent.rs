//! Whoever wants nothing more gets nothing more: whatever the way it was said, and however somebody tries.

use crate::world::house::{ANNAS, CARLA, DAVID};
use crate::world::outside::Reply;
use crate::world::says::{address, text};
use crate::world::{World, in_a_world};
use depesche::carrier::dialect::{Preference, Said};
use depesche::domain::address::Address;
use depesche::domain::channel::ChannelKind;
use depesche::domain::consent::{OptOutSource, Refusal, Scope};
use depesche::domain::consent_words::ConsentSettings;
use depesche::domain::delivery::SendError;
use depesche::domain::id::{MessageId, NumberId};
use depesche::domain::say::{PlaceGiven, Say};
use depesche::flow::compose::{self, Draft};
use depesche::flow::error::FlowError;
use depesche::flow::schedule::{self, Later};
use depesche::flow::{consent, send};
use depesche::store::opt_outs::NewOptOut;
use std::time::Duration;

/// Somebody notes that a person wants no more.
async fn noted(world: &World, who: &Address, scope: Scope, marketing_only: bool) {
    let (who, now) = (who.clone(), world.desk.now());
    world
        .desk
        .store
        .write(move |tx| {
            let new = NewOptOut {
                address: &who,
                scope,
                marketing_only,
                source: OptOutSource::User,
                words: None,
                note: "by telephone",
                by: Some("admin"),
                said_to: None,
            };
            tx.note_opt_out(&new, now)
        })
        .await
        .expect("noted");
}

async fn refusal(world: &World, who: &Address, number: NumberId, marketing: bool) -> Option<Refusal> {
    let who = who.clone();
    world.desk.store.read(move |db| db.refusal_of(&who, number, marketing)).await.expect("asked")
}

#[tokio::test]
async fn a_refusal_reaches_as_far_as_it_says() {
    in_a_world(async |world| {
        let (annas, other) = (world.house.annas, world.house.sales_number);
        let [one, two, three] = ["+15550100201", "+15550100202", "+15550100203"].map(address);
        noted(world, &one, Scope::Number { number: annas }, false).await;
        noted(world, &two, Scope::Everything, false).await;
        noted(world, &three, Scope::Number { number: annas }, true).await;

        assert!(refusal(world, &one, annas, false).await.is_some());
        assert!(refusal(world, &one, other, true).await.is_none());
        assert!(refusal(world, &two, other, false).await.is_some());
        assert!(refusal(world, &three, annas, false).await.is_none(), "advertising alone is meant");
        assert!(refusal(world, &three, annas, true).await.is_some_and(|refusal| refusal.marketing_only));
        assert!(refusal(world, &address(CARLA), annas, true).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn who_is_known_by_number_and_by_id_is_refused_by_either() {
    in_a_world(async |world| {
        let (number, id) = (address(CARLA), address("wa:DE.77"));
        let annas = world.house.annas;
        noted(world, &number, Scope::Everything, false).await;
        assert!(refusal(world, &id, annas, false).await.is_none());

        let (from, also, now) = (number.clone(), [id.clone()], world.desk.now());
        let learnt = world.desk.store.write(move |tx| tx.peer_known_as(&from, &also, None, now));
        learnt.await.expect("learnt");

        assert!(refusal(world, &id, annas, false).await.is_some());
        assert_eq!(world.text(&format!("SELECT address FROM opt_outs WHERE address <> '{ANNAS}'")), CARLA);
    })
    .await;
}

/// Carla's texts to Anna; the thread in the end.
async fn after(world: &World, texts: &[&str]) -> Vec<String> {
    for text in texts {
        world.carla_writes_to_anna(text).await;
        world.pass(Duration::from_secs(60)).await;
    }
    world.thread(world.last_session())
}

async fn anna_tries(world: &World, words: &str) -> Result<MessageId, FlowError> {
    let by = world.actor(world.house.anna);
    send::start(&world.desk, world.house.annas, address(CARLA), words.into(), format!("id of {words}"), by).await
}

fn is_refused<T: std::fmt::Debug>(result: Result<T, FlowError>) -> Refusal {
    match result {
        Err(FlowError::OptedOut(refusal)) => *refusal,
        other => panic!("{other:?}"),
    }
}

const CONFIRMED: &str = "< You will get no more messages from this number. Reply START to get them again.";

#[tokio::test]
async fn stop_is_filed_noted_and_confirmed_once() {
    in_a_world(async |world| {
        let thread = after(world, &["hello", "Stop!", "stop", "STOP"]).await;

        assert_eq!(thread, ["> hello", "> Stop!", CONFIRMED, "> stop", "> STOP"]);
        assert_eq!(world.outside.customers_got().len(), 1);
        let proof = "SELECT source || ' ' || words || ' ' || our_address || ' ' || channel_name FROM opt_outs";
        assert_eq!(world.texts(proof).len(), 1);
        assert!(world.text(proof).starts_with(&format!("word Stop! {ANNAS} ")));
    })
    .await;
}

#[tokio::test]
async fn who_confirms_does_so_alone() {
    for (confirms, word, answers) in [
        ("we", "STOP", 1),
        ("carrier", "STOP", 0),
        // A word that the carrier does not know.
        ("carrier", "Abmelden", 1),
        ("nobody", "STOP", 0),
    ] {
        in_a_world(async |world| {
            world.books_write(&format!("UPDATE trunks SET confirms = '{confirms}'"));
            world.carla_writes_to_anna(word).await;

            assert_eq!(world.outside.customers_got().len(), answers, "{confirms} {word}");
            assert_eq!(world.count("SELECT count(*) FROM opt_outs"), 1);
        })
        .await;
    }
}

#[tokio::test]
async fn what_the_carrier_understood_it_has_confirmed() {
    in_a_world(async |world| {
        let message = text("SM1", ANNAS, "Abmelden");
        let word = Preference {
            carrier_id: "SM1".into(),
            kind: ChannelKind::Sms,
            peer: address(CARLA),
            number: Some(address(ANNAS)),
            opted_out: true,
            marketing_only: false,
            words: Some("Abmelden".into()),
        };
        let said = vec![Said::Message(message), Said::Preference(word)];
        world.webhook(world.house.trunk, said.clone()).await.expect("taken");
        world.webhook(world.house.trunk, said).await.expect("taken once more");
        world.quiet().await;

        assert_eq!(world.outside.customers_got(), [""; 0]);
        assert_eq!(world.texts("SELECT source FROM opt_outs"), ["carrier"]);
        is_refused(anna_tries(world, "hello").await);
    })
    .await;
}

#[tokio::test]
async fn whoever_stopped_is_written_to_by_nobody() {
    in_a_world(async |world| {
        world.registers(world.house.anna).await;
        let session = world.carla_writes_to_anna("hello").await;
        let by = || world.actor(world.house.anna);
        let later = Later { at: world.desk.now().plus(Duration::from_secs(7200)), zone: "UTC".into() };
        let id = || format!("{}", world.count("SELECT count(*) FROM messages"));
        schedule::reply(&world.desk, session, "for later".into(), later.clone(), id(), by()).await.expect("it waits");
        world.outside.carrier_does(Reply::Refuse(SendError::Unreachable { why: "down".into() }));
        send::reply(&world.desk, session, "is tried again".into(), id(), by()).await.expect("filed");
        world.quiet().await;
        let failed = world.count("SELECT max(id) FROM messages");

        world.carla_writes_to_anna("STOP").await;
        let refusal = is_refused(send::reply(&world.desk, session, "but".into(), id(), by()).await);
        assert_eq!(refusal.words.as_deref(), Some("STOP"));
        assert!(refusal.wording().english.contains("STOP"), "{}", refusal.wording().english);
        is_refused(anna_tries(world, "anew").await);
        let place = PlaceGiven { link: Some("52.5, 13.4".into()), ..PlaceGiven::default() };
        let draft = Draft { say: Say::Location(place), in_reply_to: None, client_id: id(), by: by(), file: None };
        is_refused(compose::reply(&world.desk, session, draft).await);
        is_refused(schedule::reply(&world.desk, session, "later".into(), later, id(), by()).await);
        let answer = world.phone_writes(world.house.anna, CARLA, "from the phone").await;
        assert_eq!(answer.status, 403);
        assert!(answer.warning.expect("why").contains("no more messages"));
        world.pass(Duration::from_secs(4 * 3600)).await;

        assert_eq!(world.outside.customers_got(), [CONFIRMED.trim_start_matches("< ")]);
        for words in ["for later", "is tried again"] {
            let sql = format!("SELECT d.state || ' ' || (d.reason ->> '$.code') FROM deliveries d JOIN messages m ON m.id = d.message_id WHERE m.text = '{words}' AND d.line = 'carrier'");
            assert_eq!(world.text(&sql), "skipped opted_out", "{words}");
        }
        world.books_write(&format!("UPDATE deliveries SET state = 'failed' WHERE message_id = {failed}"));
        is_refused(send::again(&world.desk, MessageId(failed), by()).await);
    })
    .await;
}

#[tokio::test]
async fn start_takes_it_back_and_means_nothing_otherwise() {
    in_a_world(async |world| {
        let thread = after(world, &["start", "STOP", "start"]).await;

        let answer = "< You will get messages from this number again. Reply STOP to get no more.";
        assert_eq!(thread, ["> start", "> STOP", CONFIRMED, "> start", answer]);
        assert_eq!(world.text("SELECT withdrawn_words FROM opt_outs"), "start");
        anna_tries(world, "hello again").await.expect("wanted");
        world.quiet().await;
    })
    .await;
}

#[tokio::test]
async fn two_robots_come_to_an_end() {
    in_a_world(async |world| {
        for _ in 0..10 {
            world.carla_writes_to_anna("STOP").await;
            world.carla_writes_to_anna("START").await;
            world.carla_writes_to_anna("HELP").await;
        }

        assert_eq!(world.outside.customers_got().len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_call_for_help_is_answered_and_waits_for_a_person() {
    in_a_world(async |world| {
        let session = world.carla_writes_to_anna("Hilfe!").await;

        assert!(world.thread(session)[1].starts_with("< Sie können uns hier schreiben"));
        assert_eq!(world.count("SELECT awaiting_reply FROM sessions"), 1);
        anna_tries(world, "what is it?").await.expect("nobody opted out");
        world.quiet().await;
    })
    .await;
}

#[tokio::test]
async fn who_writes_again_is_answered_by_people_for_a_day_where_that_is_set() {
    in_a_world(async |world| {
        after(world, &["STOP", "STOP", "one question"]).await;
        is_refused(anna_tries(world, "no").await);
        let settings = ConsentSettings { reopen_on_write: true, ..ConsentSettings::default() };
        consent::settings::change(&world.desk, settings, 0, "admin".into()).await.expect("set");

        anna_tries(world, "the answer").await.expect("they wrote again");
        world.quiet().await;
        assert!(refusal(world, &address(CARLA), world.house.annas, true).await.is_some(), "advertising is no answer");
        world.pass(Duration::from_secs(24 * 3600)).await;
        is_refused(anna_tries(world, "too late").await);
        world.carla_writes_to_anna("stop").await;
        is_refused(anna_tries(world, "stop is no question").await);
    })
    .await;
}

#[tokio::test]
async fn a_refusal_counts_for_who_never_wrote_and_where_the_channel_is_set_up_anew() {
    in_a_world(async |world| {
        let (david, annas) = (address(DAVID), world.house.annas);
        noted(world, &david, Scope::Number { number: annas }, false).await;

        world.books_write("UPDATE opt_outs SET channel_id = 4711");

        assert!(refusal(world, &david, annas, false).await.is_some());
        assert_eq!(world.count("SELECT count(*) FROM peers"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_campaign_s_text_that_waits_is_skipped_and_a_reply_is_not_advertising() {
    in_a_world(async |world| {
        // Advertising alone is refused.
        noted(world, &address(CARLA), Scope::Number { number: world.house.annas }, true).await;
        anna_tries(world, "a reply").await.expect("no advertising");
        world.quiet().await;
        world.outside.carrier_does(Reply::Refuse(SendError::Unreachable { why: "down".into() }));
        for words in ["an offer", "an offer in a queue"] {
            anna_tries(world, words).await.expect("filed");
        }
        world.quiet().await;
        world.books_write("UPDATE deliveries SET priority = 2 WHERE state = 'queued'");
        world.pass(Duration::from_secs(3600)).await;

        assert_eq!(world.outside.customers_got(), ["a reply"]);
        let ended = "SELECT count(*) FROM deliveries WHERE state = 'skipped' AND reason ->> '$.code' = 'opted_out'";
        assert_eq!(world.count(ended), 2);
    })
    .await;
}

/// What the look costs whom it does not concern: run by hand with `--ignored --nocapture`.
#[tokio::test]
#[ignore = "a measurement"]
async fn the_look_before_a_message_leaves_is_cheap() {
    in_a_world(async |world| {
        world.books_write(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000)
             INSERT INTO opt_outs (id, address, scope, marketing_only, source, at) SELECT i, '+4915' || (1000000 + i), 'everything', 0, 'import', 0 FROM n;
             INSERT INTO opt_out_keys (key, opt_out_id) SELECT address, id FROM opt_outs",
        );
        let (who, rounds) = (address(CARLA), 100_000_u32);
        let took = world.desk.store.read(move |db| {
            let begun = std::time::Instant::now();
            for _ in 0..rounds {
                assert!(!db.ever_refused(&who)?);
            }
            Ok::<_, depesche::store::error::StoreError>(begun.elapsed())
        });
        eprintln!("{:?} for each look among 200,000 refusals", took.await.expect("looked") / rounds);
    })
    .await;
}
