//! A customer writes: the session is found or opened, the message filed, the phones rung. Once, however often it comes.

use crate::world::house::{ANNAS, DAVID, SALES, SUPPORT};
use crate::world::in_a_world;
use crate::world::says::{address, report, text};
use depesche::carrier::dialect::{InboundMessage, Said};
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::DeliveryState;
use depesche::domain::event::Event;
use depesche::store::heard::WEBHOOKS_KEPT;
use std::time::Duration;

#[tokio::test]
async fn a_customer_s_text_reaches_the_phone_its_number_leads_to() {
    in_a_world(async |world| {
        world.everyone_is_there().await;

        let session = world.carla_writes(ANNAS, "Is my bike ready?").await;

        let house = &world.house;
        assert_eq!(world.session_state(session), "held 1001");
        assert_eq!(world.thread(session), ["> Is my bike ready?"]);
        assert_eq!(world.timeline(session), ["opened -> 1001 Anna"]);
        assert_eq!(world.outside.phone_shows(house.anna), ["Is my bike ready?"]);
        assert_eq!(world.outside.phone_shows(house.ben), [""; 0]);
        assert_eq!(world.at_phone(house.anna, "Is my bike ready?").0, "sent");
    })
    .await;
}

#[tokio::test]
async fn a_queue_s_number_rings_every_agent_of_it() {
    in_a_world(async |world| {
        world.everyone_is_there().await;

        let session = world.carla_writes(SALES, "Two wheels, please").await;

        assert_eq!(world.session_state(session), "waiting Sales");
        assert_eq!(world.outside.phone_shows(world.house.anna), ["Two wheels, please"]);
        assert_eq!(world.outside.phone_shows(world.house.ben), ["Two wheels, please"]);
        assert_eq!(world.outside.phone_shows(world.house.cleo), [""; 0], "Cleo is in no queue");
    })
    .await;
}

#[tokio::test]
async fn a_repeated_webhook_is_harmless_even_after_a_restart_and_weeks() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.hears(text("id-1", ANNAS, "once")).await;
        world.quiet().await;

        world.hears(text("id-1", ANNAS, "once")).await;
        world.restart().await;
        world.hears(text("id-1", ANNAS, "once")).await;
        world.pass(Duration::from_secs(31 * 24 * 3600)).await;
        world.janitor().await;
        world.hears(text("id-1", ANNAS, "once")).await;
        world.quiet().await;

        assert_eq!(world.count("SELECT count(*) FROM messages"), 1);
        assert_eq!(world.outside.phone_shows(world.house.anna), ["once"]);
    })
    .await;
}

#[tokio::test]
async fn webhooks_are_remembered_for_45_days_and_then_all_forgotten() {
    in_a_world(async |world| {
        for number in 0..501 {
            world.hears(text(&format!("id-{number}"), ANNAS, "one of many")).await;
        }
        world.pass(WEBHOOKS_KEPT - Duration::from_secs(3600)).await;
        world.hears(text("id-later", ANNAS, "one hour less old")).await;
        world.janitor().await;
        assert_eq!(world.count("SELECT count(*) FROM heard_webhooks"), 502);

        world.pass(Duration::from_secs(7200)).await;
        world.janitor().await;

        assert_eq!(world.texts("SELECT carrier_id FROM heard_webhooks"), ["id-later"]);
    })
    .await;
}

#[tokio::test]
async fn the_same_webhook_twice_at_once_is_filed_once() {
    in_a_world(async |world| {
        let twice = || world.hears(text("id-1", ANNAS, "at once"));

        tokio::join!(twice(), twice(), twice());

        assert_eq!(world.count("SELECT count(*) FROM messages"), 1);
        let filed = world.events().iter().filter(|event| matches!(event, Event::MessageFiled { .. })).count();
        assert_eq!(filed, 1);
    })
    .await;
}

#[tokio::test]
async fn an_id_of_one_trunk_says_nothing_about_another_trunk_s() {
    in_a_world(async |world| {
        world.hears(text("id-1", ANNAS, "by the first")).await;

        // The other trunk has no such number: the point is that its id is not taken for the first one's.
        let other =
            world.webhook(world.house.other_trunk, vec![Said::Message(text("id-1", ANNAS, "by the other"))]).await;

        other.expect("taken");
        assert_eq!(world.count("SELECT count(*) FROM exchanges WHERE outcome LIKE '%here before%'"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_text_for_a_number_we_do_not_have_is_answered_and_noted() {
    in_a_world(async |world| {
        world.hears(text("id-1", "+15550100199", "hello?")).await;

        assert_eq!(world.count("SELECT count(*) FROM messages"), 0);
        assert_eq!(
            world.texts("SELECT outcome FROM exchanges"),
            ["+15550100199 is not set up as a number of this trunk: add it under Numbers"]
        );
    })
    .await;
}

#[tokio::test]
async fn a_number_of_another_trunk_is_not_found_through_this_one() {
    in_a_world(async |world| {
        let said = vec![Said::Message(text("id-1", ANNAS, "through the wrong door"))];

        world.webhook(world.house.other_trunk, said).await.expect("taken");

        assert_eq!(world.count("SELECT count(*) FROM messages"), 0);
    })
    .await;
}

#[tokio::test]
async fn one_webhook_with_several_texts_is_one_transaction() {
    in_a_world(async |world| {
        let said = ["one", "two", "three"].map(|words| Said::Message(text(words, ANNAS, words)));

        world.webhook(world.house.trunk, said.into()).await.expect("taken");

        let session = world.last_session();
        assert_eq!(world.thread(session), ["> one", "> two", "> three"]);
        assert_eq!(
            world.texts("SELECT outcome FROM exchanges WHERE what = 'webhook'"),
            ["message filed; message filed; message filed"]
        );
    })
    .await;
}

#[tokio::test]
async fn the_next_text_of_a_customer_goes_into_the_open_conversation_only() {
    in_a_world(async |world| {
        let first = world.carla_writes(ANNAS, "first").await;
        assert_eq!(world.carla_writes(ANNAS, "second").await, first);

        depesche::flow::session::end(&world.desk, first, world.admin()).await.expect("it ends");
        let next = world.carla_writes(ANNAS, "much later").await;

        assert_ne!(next, first);
        assert_eq!(world.thread(first), ["> first", "> second"]);
        assert_eq!(world.thread(next), ["> much later"]);
    })
    .await;
}

#[tokio::test]
async fn two_customers_and_two_numbers_are_different_conversations() {
    in_a_world(async |world| {
        let carla = world.carla_writes(ANNAS, "Carla here").await;
        world.hears(InboundMessage { from: address(DAVID), ..text("id-d", ANNAS, "David here") }).await;
        let david = world.last_session();
        let carla_at_support = world.carla_writes(SUPPORT, "It squeaks").await;

        assert_eq!(world.thread(carla), ["> Carla here"]);
        assert_eq!(world.thread(david), ["> David here"]);
        assert_eq!(world.thread(carla_at_support), ["> It squeaks"]);
        assert_eq!(world.count("SELECT count(*) FROM peers"), 2);
    })
    .await;
}

#[tokio::test]
async fn one_number_on_sms_and_on_whatsapp_is_two_conversations() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        let sms = world.carla_writes(ANNAS, "by SMS").await;
        world.hears(InboundMessage { kind: ChannelKind::WhatsApp, ..text("wa-1", ANNAS, "by WhatsApp") }).await;
        let whatsapp = world.last_session();

        assert_ne!(sms, whatsapp);
        assert_eq!(world.session_state(sms), "held 1001");
        assert_eq!(world.session_state(whatsapp), "waiting Support");
    })
    .await;
}

#[tokio::test]
async fn a_customer_s_name_is_kept_and_shown_as_the_author() {
    in_a_world(async |world| {
        let named = |id, words| InboundMessage { profile_name: Some("Carla".into()), ..text(id, ANNAS, words) };
        world.hears(named("id-1", "hi")).await;
        world.hears(text("id-2", ANNAS, "without a name this time")).await;

        assert_eq!(world.texts("SELECT name FROM peers"), ["Carla"]);
        assert_eq!(world.text("SELECT author_name FROM messages ORDER BY id LIMIT 1"), "Carla");
    })
    .await;
}

#[tokio::test]
async fn what_else_a_carrier_says_is_noted_and_no_error() {
    in_a_world(async |world| {
        let said = vec![
            Said::Other { what: "a template was approved".into() },
            Said::Message(text("id-1", ANNAS, "and a text")),
            report("nobody-knows-this", DeliveryState::Delivered),
        ];

        world.webhook(world.house.trunk, said).await.expect("taken");

        assert_eq!(
            world.texts("SELECT outcome FROM exchanges WHERE what = 'webhook'"),
            ["a template was approved; message filed; report: delivered kept for a message not yet known"]
        );
    })
    .await;
}

#[tokio::test]
async fn text_from_outside_is_filed_as_it_came() {
    in_a_world(async |world| {
        let odd = "a\u{202e}b <script>alert(1)</script> '; DROP TABLE messages; -- \u{1f6b2}\u{0301}\n\ttab";

        let session = world.carla_writes(ANNAS, odd).await;

        assert_eq!(world.thread(session), [format!("> {odd}")]);
    })
    .await;
}
