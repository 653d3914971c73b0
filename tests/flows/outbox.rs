//! What leaves: in which order, at what pace, and what becomes of it when the carrier does not simply take it.

use crate::world::house::{ANNAS, CARLA, DAVID};
use crate::world::outside::Reply;
use crate::world::says::address;
use crate::world::{World, in_a_world};
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::SendError;
use depesche::domain::id::{MessageId, NumberId};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::flow::desk::{Rules, new_reference};
use depesche::flow::send;
use depesche::flow::settings::channels;
use depesche::flow::settings::trunks::TrunkForm;
use depesche::store::channels::ChannelEdit;
use depesche::store::deliveries::{Line, NewDelivery, Priority};
use depesche::store::error::StoreError;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Somebody at the portal writes to a customer from a number.
async fn write(world: &World, from: NumberId, to: &str, words: &str) {
    let by = world.actor(world.house.anna);
    send::start(&world.desk, from, address(to), words.into(), new_reference(), by).await.expect("it is taken");
}

fn refused(code: ReasonCode) -> Reason {
    Reason::of(code).coded("30000")
}

#[tokio::test]
async fn texts_to_one_customer_leave_in_the_order_they_were_written() {
    in_a_world(async |world| {
        let words: Vec<String> = (1..=30).map(|number| format!("text {number}")).collect();

        for one in &words {
            write(world, world.house.annas, CARLA, one).await;
        }
        world.quiet().await;

        assert_eq!(world.outside.customers_got(), words);
    })
    .await;
}

#[tokio::test]
async fn a_customer_whose_call_hangs_does_not_hold_up_another() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::Hold);
        write(world, world.house.annas, CARLA, "hangs").await;
        world.quiet().await;

        write(world, world.house.annas, CARLA, "behind it").await;
        write(world, world.house.annas, DAVID, "past it").await;
        world.quiet().await;

        assert_eq!(world.outside.customers_got(), ["past it"]);
        world.outside.let_go();
        world.quiet().await;
        assert_eq!(world.outside.customers_got(), ["past it", "hangs", "behind it"]);
    })
    .await;
}

#[tokio::test]
async fn replies_go_before_everything_else() {
    let world = World::begin_with(Rules { carrier_calls_max: 1, ..Rules::default() }).await;
    world.carla_writes_to_anna("hello").await;
    let (now, number, trunk) = (world.desk.now(), world.house.annas, world.house.trunk);
    let message = MessageId(world.count("SELECT max(id) FROM messages"));
    let filed = world.desk.store.write(move |tx| {
        for (turn, priority) in [Priority::Campaign, Priority::Automatic, Priority::Reply].into_iter().enumerate() {
            let line = Line::Carrier { trunk, number, to: address(&format!("+1555010017{turn}")) };
            let (reference, expires_at) = (new_reference(), now.plus(HOUR));
            let notice = Some(format!("{priority:?}"));
            let new = NewDelivery {
                message,
                line,
                priority,
                reference,
                expires_at,
                notice,
                instead: None,
                attachment: None,
                phone: None,
            };
            tx.insert_delivery(&new, now)?;
        }
        Ok::<_, StoreError>(())
    });
    filed.await.expect("filed");

    world.quiet().await;

    assert_eq!(world.outside.customers_got(), ["Reply", "Automatic", "Campaign"]);
    world.finish().await;
}

#[tokio::test]
async fn a_number_keeps_its_pace_and_a_quiet_minute_is_not_saved_up() {
    in_a_world(async |world| {
        set_pace(world, Some(2.0), None).await;
        for number in 0..10 {
            write(world, world.house.annas, &format!("+1555010017{number}"), &format!("text {number}")).await;
        }

        world.quiet().await;
        assert_eq!(world.outside.customers_got().len(), 1, "evenly, not a second's worth at once");
        for sent in 2..=10 {
            world.desk.clock.advance(SECOND / 2);
            world.quiet().await;
            assert_eq!(world.outside.customers_got().len(), sent);
        }

        world.desk.clock.advance(MINUTE);
        for number in 0..10 {
            write(world, world.house.annas, &format!("+1555010018{number}"), &format!("more {number}")).await;
        }
        world.quiet().await;
        assert_eq!(world.outside.customers_got().len(), 11);
        for _ in 0..9 {
            world.desk.clock.advance(SECOND / 2);
            world.quiet().await;
        }
        assert_eq!(world.outside.customers_got().len(), 20);
    })
    .await;
}

#[tokio::test]
async fn the_trunk_s_pace_binds_all_its_numbers() {
    in_a_world(async |world| {
        set_pace(world, None, Some(1.0)).await;
        write(world, world.house.annas, CARLA, "from one").await;
        write(world, world.house.sales_number, DAVID, "from another").await;

        world.quiet().await;
        assert_eq!(world.outside.customers_got().len(), 1);

        world.pass(SECOND).await;
        assert_eq!(world.outside.customers_got().len(), 2);
    })
    .await;
}

/// Sets the pace of Anna's number and of the trunk.
async fn set_pace(world: &World, number: Option<f64>, trunk: Option<f64>) {
    let form = depesche::flow::settings::numbers::NumberForm {
        channel: world.house.sms,
        address: ANNAS.into(),
        label: String::new(),
        sender_class: depesche::domain::channel::SenderClass::LongCode,
        mps: number.or(Some(10_000.0)),
        route: depesche::domain::session::Destination::Extension(world.house.anna),
        mms: depesche::domain::media_rules::Mms::Auto,
    };
    depesche::flow::settings::numbers::update(&world.desk, world.house.annas, 1, form).await.expect("changed");
    let form = TrunkForm { mps: trunk, ..trunk_form() };
    depesche::flow::settings::trunks::update(&world.desk, world.house.trunk, 1, form).await.expect("changed");
    world.quiet().await;
}

fn trunk_form() -> TrunkForm {
    TrunkForm {
        name: "Carrier".into(),
        carrier: "simulator".into(),
        enabled: true,
        settings: serde_json::Map::new(),
        mps: None,
        on_uncertain: depesche::domain::trunk::OnUncertain::Ask,
    }
}

#[tokio::test]
async fn what_the_carrier_rejects_has_failed_and_is_not_tried_again() {
    in_a_world(async |world| {
        for (words, error, code) in [
            ("landline", SendError::Rejected { reason: refused(ReasonCode::Landline) }, "landline"),
            ("stop", SendError::OptedOut { reason: refused(ReasonCode::OptedOut) }, "opted_out"),
        ] {
            world.outside.carrier_does(Reply::Refuse(error));

            world.anna_writes(words).await;
            world.pass(2 * HOUR).await;

            assert_eq!(world.stands(words), ("failed".into(), Some(code.into())));
            assert_eq!(world.outside.customer_got(words), 0);
        }
        assert_eq!(world.outside.state().carrier_tried.len(), 2, "each was tried once");
        assert_eq!(world.text("SELECT json_extract(reason, '$.carrier_code') FROM deliveries LIMIT 1"), "30000");
        // Who opted out gets no more; everybody else does.
        write(world, world.house.annas, DAVID, "the next one").await;
        world.quiet().await;
        assert_eq!(world.stands("the next one").0, "sent");
    })
    .await;
}

#[tokio::test]
async fn a_throttled_trunk_waits_as_long_as_it_was_asked_to() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::Refuse(SendError::Throttled { retry_after: Some(30 * SECOND) }));
        write(world, world.house.annas, CARLA, "too fast").await;
        world.quiet().await;
        write(world, world.house.sales_number, DAVID, "another number, same trunk").await;
        world.quiet().await;

        assert_eq!(world.stands("too fast"), ("queued".into(), Some("carrier_throttled".into())));
        world.pass(29 * SECOND).await;
        assert_eq!(world.outside.state().carrier_tried.len(), 1);
        world.pass(SECOND).await;
        assert_eq!(world.outside.customers_got().len(), 2);
        assert_eq!(world.stands("too fast"), ("sent".into(), None));
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_is_down_for_an_hour_loses_nothing() {
    in_a_world(async |world| {
        world.outside.carrier_always(Some(Reply::Refuse(SendError::Unreachable { why: "connection refused".into() })));
        write(world, world.house.annas, CARLA, "one").await;
        write(world, world.house.annas, CARLA, "two").await;
        write(world, world.house.sales_number, DAVID, "three").await;

        world.pass(HOUR).await;
        assert_eq!(world.outside.customers_got(), [""; 0]);
        assert_eq!(world.stands("one"), ("queued".into(), Some("carrier_unreachable".into())));
        assert_eq!(world.text("SELECT state FROM trunks WHERE name = 'Carrier'"), "unreachable");
        let tried = world.outside.state().carrier_tried.len();
        assert!((10..=60).contains(&tried), "{tried} tries in an hour for two customers: pauses grow");
        world.outside.carrier_always(None);
        world.pass(6 * MINUTE).await;

        let mut got = world.outside.customers_got();
        assert!(got.iter().position(|text| text == "one") < got.iter().position(|text| text == "two"), "{got:?}");
        got.sort();
        assert_eq!(got, ["one", "three", "two"]);
        assert_eq!(world.text("SELECT state FROM trunks WHERE name = 'Carrier'"), "ok");
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_stays_down_fails_the_text_and_says_so() {
    in_a_world(async |world| {
        world.outside.carrier_always(Some(Reply::Refuse(SendError::Unreachable { why: "no route".into() })));
        world.anna_writes("never").await;

        for _ in 0..12 {
            world.pass(HOUR).await;
            world.janitor().await;
        }

        let (state, reason) = world.stands("never");
        assert_eq!(state, "failed");
        assert!(["tries_used_up", "expired"].contains(&reason.as_deref().unwrap_or_default()), "{reason:?}");
        assert_eq!(world.outside.customers_got(), [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn a_wrong_setting_stops_the_trunk_until_it_is_mended() {
    in_a_world(async |world| {
        let error = SendError::Misconfigured { reason: refused(ReasonCode::CredentialsRefused) };
        world.outside.carrier_always(Some(Reply::Refuse(error)));
        world.anna_writes("waits").await;
        write(world, world.house.sales_number, DAVID, "waits too").await;
        world.pass(4 * MINUTE).await;

        assert_eq!(world.outside.state().carrier_tried.len(), 1, "a trunk that cannot work is not hammered");
        assert_eq!(world.text("SELECT state FROM trunks WHERE name = 'Carrier'"), "misconfigured");
        assert_eq!(world.stands("waits"), ("queued".into(), Some("credentials_refused".into())));
        world.outside.carrier_always(None);
        depesche::flow::settings::trunks::update(&world.desk, world.house.trunk, 1, trunk_form())
            .await
            .expect("mended");
        world.board.release(world.house.trunk);
        world.quiet().await;

        assert_eq!(world.outside.customers_got().len(), 2);
        assert_eq!(world.text("SELECT state FROM trunks WHERE name = 'Carrier'"), "ok");
    })
    .await;
}

#[tokio::test]
async fn without_credit_the_trunk_waits_for_as_long_as_the_texts_may() {
    in_a_world(async |world| {
        let error = SendError::NoCredit { reason: refused(ReasonCode::NoCredit) };
        world.outside.carrier_always(Some(Reply::Refuse(error)));
        world.anna_writes("waits").await;
        world.pass(9 * HOUR).await;
        assert_eq!(world.stands("waits"), ("queued".into(), Some("no_credit".into())));
        assert_eq!(world.text("SELECT state FROM trunks WHERE name = 'Carrier'"), "no_credit");

        world.outside.carrier_always(None);
        world.pass(6 * MINUTE).await;

        assert_eq!(world.outside.customers_got(), ["waits"]);
    })
    .await;
}

#[tokio::test]
async fn what_waited_too_long_for_a_carrier_is_given_up_and_says_why() {
    let rules = Rules { carrier_expiry: HOUR, ..Rules::default() };
    let world = World::begin_with(rules).await;
    let error = SendError::NoCredit { reason: refused(ReasonCode::NoCredit) };
    world.outside.carrier_always(Some(Reply::Refuse(error)));
    world.anna_writes("too late").await;

    world.pass(HOUR).await;
    world.janitor().await;
    world.outside.carrier_always(None);
    world.pass(HOUR).await;

    assert_eq!(world.stands("too late"), ("failed".into(), Some("expired".into())));
    assert_eq!(world.outside.customers_got(), [""; 0]);
    let detail = world.text("SELECT json_extract(reason, '$.detail') FROM deliveries");
    assert!(detail.contains("credit"), "{detail}");
    world.finish().await;
}

#[tokio::test]
async fn every_try_is_in_the_channel_log() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::Refuse(SendError::Unreachable { why: "refused".into() }));
        let message = world.anna_writes("hello").await;
        world.pass(MINUTE).await;

        let log = world.texts(&format!("SELECT outcome FROM exchanges WHERE message_id = {message} ORDER BY id"));
        assert_eq!(log.len(), 2, "{log:?}");
        assert!(log[0].contains("Unreachable") && log[1].contains("Taken"), "{log:?}");
    })
    .await;
}

#[tokio::test]
async fn a_claim_that_could_not_be_committed_blocks_no_lane() {
    let world = World::begin_with(Rules { carrier_calls_max: 1, ..Rules::default() }).await;
    world.spoil_commits_of_claims(true);
    write(&world, world.house.annas, CARLA, "in spite of it").await;
    for _ in 0..3 {
        world.desk.clock.advance(SECOND);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(world.outside.state().carrier_tried.len(), 0, "nothing is sent without a claim on disk");

    world.spoil_commits_of_claims(false);
    world.desk.clock.advance(SECOND);
    world.until("it is sent", |world| world.stands("in spite of it").0 == "sent").await;

    assert_eq!(world.outside.customers_got(), ["in spite of it"]);
    world.finish().await;
}

#[tokio::test]
async fn being_told_to_slow_down_again_and_again_is_no_failure() {
    in_a_world(async |world| {
        let slower = || Reply::Refuse(SendError::Throttled { retry_after: Some(30 * SECOND) });
        world.outside.carrier_always(Some(slower()));
        write(world, world.house.annas, CARLA, "patience").await;
        world.pass(25 * MINUTE).await;

        world.outside.carrier_always(None);
        world.pass(MINUTE).await;

        assert_eq!(world.outside.customer_got("patience"), 1);
    })
    .await;
}

/// The SMS channel leaves by the other trunk from now on.
async fn moves_to_the_other_trunk(world: &World) {
    let edit = ChannelEdit {
        name: "SMS".into(),
        kind: ChannelKind::Sms,
        trunk: world.house.other_trunk,
        enabled: true,
        close_after_days: None,
    };
    channels::update(&world.desk, world.house.sms, 1, edit).await.expect("changed");
}

#[tokio::test]
async fn what_the_old_trunk_certainly_has_not_follows_the_channel_to_its_new_trunk_at_once() {
    in_a_world(async |world| {
        let down = || SendError::Unreachable { why: "down".into() };
        world.outside.carrier_does(Reply::HoldAndRefuse(down()));
        write(world, world.house.annas, CARLA, "under way").await;
        world.quiet().await;
        world.outside.carrier_does(Reply::Refuse(down()));
        write(world, world.house.annas, DAVID, "waits").await;
        world.quiet().await;

        moves_to_the_other_trunk(world).await;
        world.quiet().await;
        assert_eq!(world.outside.customers_got(), ["waits"]);
        world.outside.let_go();
        world.quiet().await;

        assert_eq!(world.outside.customers_got(), ["waits", "under way"]);
        let trunks: Vec<_> = world.outside.state().taken.iter().map(|taken| taken.trunk).collect();
        assert_eq!(trunks, [world.house.other_trunk; 2]);
    })
    .await;
}

#[tokio::test]
async fn what_the_old_trunk_may_have_stays_there_when_the_channel_moves() {
    in_a_world(async |world| {
        world.outside.state().idempotent = true;
        world.outside.state().silent_when_let_go = true;
        world.outside.carrier_does(Reply::Hold);
        write(world, world.house.annas, CARLA, "perhaps").await;
        world.quiet().await;

        moves_to_the_other_trunk(world).await;
        world.outside.let_go();
        world.quiet().await;
        world.pass(MINUTE).await;

        let of_text = "SELECT trunk_id FROM deliveries WHERE line = 'carrier'";
        assert_eq!(world.text(of_text), world.house.trunk.to_string());
        assert_eq!(world.outside.customer_got("perhaps"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_trunk_whose_carrier_keeps_silent_leaves_a_place_for_another() {
    let world = World::begin_with(Rules { carrier_calls_max: 4, ..Rules::default() }).await;
    for _ in 0..3 {
        world.outside.carrier_does(Reply::Hold);
    }
    for number in 0..6 {
        write(&world, world.house.annas, &format!("+1555010017{number}"), &format!("text {number}")).await;
    }
    world.quiet().await;
    assert_eq!((world.outside.held(), world.outside.customers_got().len()), (3, 0), "the last place is not for it");

    moves_to_the_other_trunk(&world).await;
    world.quiet().await;

    assert_eq!(world.outside.customers_got().len(), 3, "what waited has left over the other trunk");
    world.outside.let_go();
    world.quiet().await;
    assert_eq!(world.outside.customers_got().len(), 6);
    world.finish().await;
}
