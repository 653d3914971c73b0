//! What nobody knows: the carrier may have taken it. It is asked, repeated only where that is harmless, and stays visible.

use crate::world::in_a_world;
use crate::world::outside::{Asked, Reply};
use crate::world::says::report;
use depesche::domain::delivery::{DeliveryState, SendError};
use depesche::domain::reason::{Reason, ReasonCode};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn an_answer_nobody_saw_is_uncertain_and_never_sent_again_on_a_guess() {
    in_a_world(async |world| {
        for (words, reply, code) in [
            ("no answer", Reply::TakeSilently, "carrier_silent"),
            ("lost on the way", Reply::Vanish, "carrier_silent"),
            ("garbage in a 200", Reply::TakeAndBabble, "carrier_unreadable"),
        ] {
            world.outside.carrier_does(reply);
            world.anna_writes(words).await;
            assert_eq!(world.stands(words), ("uncertain".into(), Some(code.into())));
        }

        world.pass(24 * HOUR).await;
        world.janitor().await;
        world.restart().await;
        world.pass(HOUR).await;

        assert_eq!(world.outside.state().carrier_tried.len(), 3, "each was tried once");
        assert_eq!(world.stands("no answer").0, "uncertain", "it stays visible");
    })
    .await;
}

#[tokio::test]
async fn behind_an_uncertain_text_the_next_one_still_leaves() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::Vanish);
        world.anna_writes("who knows").await;

        world.anna_writes("next").await;

        assert_eq!(world.outside.customers_got(), ["next"]);
    })
    .await;
}

#[tokio::test]
async fn a_report_settles_what_was_uncertain() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::TakeSilently);
        world.anna_writes("it did arrive").await;
        let reference = world.outside.state().taken[0].reference.clone();

        let delivered = depesche::carrier::dialect::DeliveryReport {
            carrier_id: Some("carrier-1".into()),
            reference: Some(reference),
            state: DeliveryState::Delivered,
            reason: None,
        };
        let said = vec![depesche::carrier::dialect::Said::DeliveryReport(delivered)];
        world.webhook(world.house.trunk, said).await.expect("taken");

        assert_eq!(world.stands("it did arrive"), ("delivered".into(), None));
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_can_be_asked_settles_what_was_uncertain() {
    in_a_world(async |world| {
        world.outside.state().asked = Asked::Knows;
        world.outside.carrier_does(Reply::TakeSilently);
        world.anna_writes("taken").await;
        world.outside.carrier_does(Reply::Vanish);
        world.anna_writes("not taken").await;

        world.pass(MINUTE).await;
        assert_eq!(world.stands("taken"), ("sent".into(), None));
        assert_eq!(world.stands("not taken").0, "uncertain", "a list may be slow to show it");
        world.pass(4 * MINUTE).await;

        assert_eq!(world.stands("not taken"), ("sent".into(), None));
        assert_eq!((world.outside.customer_got("taken"), world.outside.customer_got("not taken")), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_report_that_came_while_it_was_uncertain_counts_once_the_carrier_was_asked() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::TakeSilently);
        world.anna_writes("hello").await;
        world.webhook(world.house.trunk, vec![report("carrier-1", DeliveryState::Delivered)]).await.expect("taken");
        assert_eq!(world.stands("hello").0, "uncertain");

        world.outside.state().asked = Asked::Knows;
        world.pass(MINUTE).await;

        assert_eq!(world.stands("hello"), ("delivered".into(), None));
    })
    .await;
}

#[tokio::test]
async fn an_id_that_belongs_to_another_text_settles_nothing() {
    in_a_world(async |world| {
        world.anna_writes("the first of two equal ones").await;
        world.outside.carrier_does(Reply::Vanish);
        world.anna_writes("the second").await;
        world.outside.state().asked = Asked::Says("carrier-1".into());

        world.pass(HOUR).await;

        assert_eq!(world.stands("the second").0, "uncertain");
        assert_eq!(world.stands("the first of two equal ones").0, "sent");
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_takes_one_key_once_is_simply_asked_again() {
    in_a_world(async |world| {
        world.outside.state().idempotent = true;
        world.outside.carrier_does(Reply::TakeSilently);
        world.outside.carrier_does(Reply::TakeAndBabble);
        world.anna_writes("once").await;
        assert_eq!(world.stands("once").0, "queued");

        world.pass(2 * MINUTE).await;

        assert_eq!(world.stands("once"), ("sent".into(), None));
        assert_eq!(world.outside.customer_got("once"), 1);
        let references: std::collections::HashSet<String> =
            world.outside.state().carrier_tried.iter().map(|(reference, _)| reference.clone()).collect();
        assert_eq!(references.len(), 1, "the same key on every try");
    })
    .await;
}

#[tokio::test]
async fn what_may_have_been_taken_never_ends_as_failed() {
    in_a_world(async |world| {
        world.outside.state().idempotent = true;
        world.outside.carrier_does(Reply::TakeSilently);
        world.outside.carrier_always(Some(Reply::Refuse(SendError::Unreachable { why: "refused".into() })));
        world.anna_writes("maybe").await;

        for _ in 0..12 {
            world.pass(HOUR).await;
            world.janitor().await;
        }

        assert_eq!(world.stands("maybe").0, "uncertain", "its first try may have reached the customer");
        assert_eq!(world.outside.customer_got("maybe"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_never_answers_sensibly_is_not_asked_for_ever() {
    in_a_world(async |world| {
        world.outside.state().idempotent = true;
        world.outside.carrier_always(Some(Reply::TakeAndBabble));
        world.anna_writes("maybe").await;

        for _ in 0..12 {
            world.pass(HOUR).await;
            world.janitor().await;
        }

        assert_eq!(world.stands("maybe").0, "uncertain");
        assert!(world.outside.state().carrier_tried.len() <= 24);
        assert_eq!(world.outside.customer_got("maybe"), 1);
    })
    .await;
}

#[tokio::test]
async fn a_report_that_comes_during_a_call_that_then_fails_still_counts() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::Hold);
        world.anna_writes("hello").await;
        let reference = world.outside.state().carrier_tried[0].0.clone();
        let delivered = depesche::carrier::dialect::DeliveryReport {
            carrier_id: Some("carrier-77".into()),
            reference: Some(reference),
            state: DeliveryState::Delivered,
            reason: None,
        };
        world
            .webhook(world.house.trunk, vec![depesche::carrier::dialect::Said::DeliveryReport(delivered)])
            .await
            .expect("taken");
        assert_eq!(world.stands("hello").0, "delivered");

        // The answer is lost after all.
        world.outside.state().silent_when_let_go = true;
        world.outside.let_go();
        world.until("the call has ended", |world| world.outside.held() == 0).await;
        world.quiet().await;

        assert_eq!(world.stands("hello"), ("delivered".into(), None), "forward only");
    })
    .await;
}

#[tokio::test]
async fn a_refusal_after_a_try_in_doubt_does_not_say_failed() {
    in_a_world(async |world| {
        world.outside.state().idempotent = true;
        world.outside.carrier_does(Reply::TakeSilently);
        world
            .outside
            .carrier_does(Reply::Refuse(SendError::Rejected { reason: Reason::of(ReasonCode::ContentFiltered) }));
        world.anna_writes("did it arrive?").await;
        world.pass(5 * MINUTE).await;

        assert_eq!(world.stands("did it arrive?").0, "uncertain");
    })
    .await;
}

#[tokio::test]
async fn after_a_night_in_the_dark_the_carrier_is_asked_about_yesterday() {
    in_a_world(async |world| {
        world.outside.carrier_does(Reply::TakeAndHang);
        world.anna_writes("good night").await;
        assert_eq!(world.outside.customer_got("good night"), 1);

        world.stopper.stop_now();
        world.desk.clock.advance(12 * HOUR);
        world.outside.state().asked = Asked::Knows;
        world.rise_again();
        world.quiet().await;
        assert_eq!(world.stands("good night"), ("uncertain".into(), Some("interrupted".into())));
        world.pass(10 * MINUTE).await;

        assert_eq!(world.stands("good night"), ("sent".into(), None));
        assert_eq!(world.outside.customer_got("good night"), 1, "asked from the moment of the try on");
    })
    .await;
}
