//! What is kept of a person is taken away whole, also by a house that goes dark in the middle; and forgotten in time.

use crate::world::house::{ANNAS, CARLA, DAVID};
use crate::world::says::{address, text};
use crate::world::{World, in_a_world};
use depesche::domain::id::CampaignId;
use depesche::flow::campaign::lists::{self, Reading};
use depesche::flow::consent::people;
use depesche::flow::error::FlowError;
use depesche::flow::send;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Whether a text stands anywhere in the files of the database.
fn on_disk(world: &World, text: &str) -> Vec<String> {
    let files = ["depesche.db", "depesche.db-wal"];
    let holds = |name: &&str| {
        let bytes = std::fs::read(world.folder().join(name)).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    files.iter().filter(|name| holds(name)).map(|name| (*name).to_owned()).collect()
}

/// Carla writes, is a contact and a recipient, and stops.
async fn carla_is_known(world: &World) {
    world.carla_writes_to_anna("I am Zacharias Unverwechselbar").await;
    world.anna_writes("Dear Zacharias").await;
    world.carla_writes_to_anna("STOP").await;
    world.books_write(&format!(
        "INSERT INTO contacts (id, last_name, created_at, updated_at) VALUES (1, 'Unverwechselbar', 0, 0);
         INSERT INTO contact_numbers (contact_id, kind, given, address) VALUES (1, 'mobile', '{CARLA}', '{CARLA}');
         INSERT INTO campaigns (id, name, status, plan, by_name, created_at, changed_at) VALUES (1, 'News', 'completed', '{{}}', 'admin', 0, 0);
         INSERT INTO recipients (campaign_id, given, address, counts, name, variables, state, changed_at)
            VALUES (1, '{CARLA}', '{CARLA}', 1, 'Unverwechselbar', '{{\"name\":\"Unverwechselbar\"}}', 'sent', 0);
         INSERT INTO consents (address, source, text, at, by_name, noted_at) VALUES ('{CARLA}', 'form', 'Unverwechselbar agrees', 0, 'admin', 0);"
    ));
}

#[tokio::test]
async fn an_erased_person_leaves_nothing_but_a_digest() {
    let world = World::begin().await;
    carla_is_known(&world).await;
    send::start(
        &world.desk,
        world.house.annas,
        address(DAVID),
        "another one".into(),
        "d".into(),
        world.actor(world.house.anna),
    )
    .await
    .expect("filed");
    world.quiet().await;

    people::erase(&world.desk, address(CARLA), "admin".into()).await.expect("erased");
    world.quiet().await;
    world.books_write("PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)");

    for what in [CARLA, CARLA.trim_start_matches('+'), "Zacharias", "Unverwechselbar", "zacharias", "unverwechselbar"] {
        assert_eq!(on_disk(&world, what), Vec::<String>::new(), "{what}");
    }
    assert_eq!(world.text("SELECT substr(key, 1, 1) || length(key) FROM opt_out_keys"), "#65");
    assert_eq!(world.count("SELECT count(*) FROM messages"), 1, "others keep theirs");
    assert_eq!(world.text("SELECT state FROM recipients"), "sent", "the sums add up");
    let again = send::start(
        &world.desk,
        world.house.annas,
        address(CARLA),
        "hi".into(),
        "e".into(),
        world.actor(world.house.anna),
    )
    .await;
    assert!(matches!(again, Err(FlowError::OptedOut(_))), "{again:?}");
}

#[tokio::test]
async fn a_number_is_found_in_every_spelling_wherever_somebody_typed_or_brought_it() {
    let world = World::begin().await;
    world.books_write(
        r#"INSERT INTO campaigns (id, name, status, plan, by_name, created_at, changed_at) VALUES
              (1, 'News', 'draft', '{"audience":{"typed":"001 555 010 0150 Zacharias\n+15550100151 David",
                                     "exclude":{"typed":"Zacharias <+1 (555) 010-0150>"}}}', 'admin', 0, 0),
              (2, 'Old', 'completed', '{"audience":{"typed":"+15550100151"}}', 'admin', 0, 0);
           INSERT INTO recipients (id, campaign_id, given, address, counts, state, changed_at)
              VALUES (1, 2, '', '+15550100151', 1, 'sent', 0);
           INSERT INTO short_links (token, recipient_id, target, clicks, expires_at) VALUES
              ('a', 1, 'https://example.com/?to=%2B15550100150', 3, 0), ('b', 1, 'https://example.com/', 1, 0);
           INSERT INTO imports (id, name, bytes, format, state, layout, mapping, known, columns, first, at, changed_at)
              VALUES (1, 'people.csv', 1, 'csv', 'checked', '{"encoding":"utf-8","separator":"comma","header":true}',
                      '[]', 'skip', '[]', '[["Zacharias","001 555 0100150"],["David","+15550100151"]]', 0, 0);
           INSERT INTO import_faults (import_id, nth, line, en, de) VALUES
              (1, 1, 2, '+15550100150 stands twice', '-'), (1, 2, 3, 'too long', '-');"#,
    );

    people::erase(&world.desk, address(CARLA), "admin".into()).await.expect("erased");

    let typed = |path: &str| world.texts(&format!("SELECT json_extract(plan, '$.{path}') FROM campaigns ORDER BY id"));
    assert_eq!(typed("audience.typed"), ["+15550100151 David", "+15550100151"]);
    assert_eq!(world.text("SELECT json_extract(plan, '$.audience.exclude.typed') FROM campaigns WHERE id = 1"), "");
    assert_eq!(world.texts("SELECT version || '' FROM campaigns ORDER BY id"), ["2", "1"], "who edits it is told");
    assert_eq!(
        world.texts("SELECT target || ' ' || clicks FROM short_links ORDER BY token"),
        ["https://example.com/?to=%2B 3", "https://example.com/ 1"]
    );
    assert_eq!(world.text("SELECT first FROM imports"), r#"[["David","+15550100151"]]"#);
    assert_eq!(world.texts("SELECT en FROM import_faults"), ["too long"]);
}

#[tokio::test]
async fn a_table_of_recipients_loses_whoever_is_erased_and_its_file_with_them() {
    let world = World::begin().await;
    world.books_write(
        r#"INSERT INTO campaigns (id, name, status, plan, by_name, created_at, changed_at)
             VALUES (1, 'News', 'draft', '{"name":"News"}', 'admin', 0, 0)"#,
    );
    let table = "phone;name\n001 555 010 0150;Zacharias\n+15550100151;David\n";
    let list = lists::take(&world.desk, CampaignId(1), "a.csv", table.into()).await.expect("a table");

    people::erase(&world.desk, address(CARLA), "admin".into()).await.expect("erased");

    let left = "SELECT coalesce(address, 'nobody') || ' ' || variables FROM campaign_list_rows ORDER BY line";
    assert_eq!(world.texts(left), ["nobody {}", r#"+15550100151 {"name":"David","phone":"+15550100151"}"#]);
    assert_eq!(world.count("SELECT count(*) FROM campaign_list_parts"), 0, "the file holds them, too");
    assert!(!world.text("SELECT columns FROM campaign_lists").contains("Zacharias"), "and so did what is shown of it");
    let anew = Reading { layout: list.about.layout, number_column: 1, name_column: None };
    let refused = lists::read_anew(&world.desk, CampaignId(1), list.id, anew).await.expect_err("there is no file");
    assert!(format!("{refused:?}").contains("erased"), "{refused:?}");
    assert_eq!(world.count("SELECT count(*) FROM campaign_list_rows"), 2, "what was read stays");
}

#[tokio::test]
async fn who_was_erased_and_writes_again_is_known_to_have_stopped_and_can_start() {
    in_a_world(async |world| {
        world.carla_writes_to_anna("STOP").await;
        world.books_write("DELETE FROM automatic_answers; UPDATE trunks SET confirms = 'nobody'");
        let (who, key) = (address(CARLA), "SELECT key FROM opt_out_keys ORDER BY key");
        let erased = who.clone();
        world.desk.store.write(move |tx| tx.erase_consent(&erased)).await.expect("erased");
        assert!(world.text(key).starts_with('#'));

        world.hears(text("again", ANNAS, "START")).await;
        world.quiet().await;

        assert_eq!(world.text("SELECT withdrawn_words FROM opt_outs"), "START");
        world.anna_writes("welcome back").await;
    })
    .await;
}

#[tokio::test]
async fn an_erasure_goes_on_after_a_crash() {
    let world = World::begin().await;
    carla_is_known(&world).await;
    let who = address(CARLA);
    let now = world.desk.now();
    world.desk.store.write(move |tx| tx.begin_erasure(&who, "admin", now)).await.expect("begun");

    world.janitor().await;

    assert_eq!(world.count("SELECT count(*) FROM messages"), 0);
    assert_eq!(world.text("SELECT coalesce(address, '-') || (ended_at IS NOT NULL) FROM erasures"), "-1");
    world.janitor().await;
}

#[tokio::test]
async fn messages_are_kept_as_long_as_their_channel_says() {
    let world = World::begin().await;
    world.carla_writes_to_anna("old").await;
    world.books_write(&format!("UPDATE channels SET keep_messages_days = 30 WHERE id = {}", world.house.sms));
    world.pass(20 * DAY).await;
    world.carla_writes_to_anna("newer").await;
    world.pass(11 * DAY).await;
    // What still waits for a phone is kept: its time is up by now.
    world.janitor().await;

    people::forget_old_messages(&world.desk).await.expect("looked");

    assert_eq!(world.texts("SELECT text FROM messages WHERE direction = 'in'"), ["newer"]);
    assert_eq!(world.count("SELECT count(*) FROM sessions"), 1);
}
