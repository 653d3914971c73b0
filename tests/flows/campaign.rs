//! The life of a campaign: launched once, fed a few ahead, held, stopped, gone on with, retried, ended; and what its
//! recipients answer. By a clock that is turned by hand, also where the wall's clock is turned.

use crate::world::house::{CARLA, SALES, SUPPORT};
use crate::world::outside::Reply;
use crate::world::says::{report, text};
use crate::world::{World, in_a_world};
use depesche::domain::campaign::{Every, Hours, Outside, Plan, Repeat, SenderPick, SessionMode, StartTime};
use depesche::domain::delivery::{DeliveryState, SendError};
use depesche::domain::id::{CampaignId, ChannelId, NumberId, RecipientId, SessionId};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::domain::session::Destination;
use depesche::flow::campaign::acts::{self, UncertainChoice};
use depesche::flow::campaign::drafts;
use depesche::flow::campaign::launch::{Shown, launch};
use depesche::flow::campaign::limits::{self, CampaignLimits};
use depesche::flow::campaign::runner::{self, Runner};
use depesche::flow::error::FlowError;
use depesche::flow::media::desk::MediaDesk;
use depesche::store::campaigns::Counts;
use std::time::Duration;

const STEP: Duration = Duration::from_millis(200);

/// A campaign of SMS from Sales' number to so many people.
pub fn plan(world: &World, people: usize) -> Plan {
    let mut plan: Plan = serde_json::from_str(r#"{"name":"Spring"}"#).expect("a plan");
    plan.channel = Some(world.house.sms);
    plan.sender = Some(SenderPick::Number(world.house.sales_number));
    plan.content.text = "Spring is here".into();
    plan.audience.typed = (0..people).map(|n| format!("+1555020{n:04}\n")).collect();
    plan
}

pub async fn launched(world: &World, media: &MediaDesk, plan: Plan) -> CampaignId {
    let id = drafts::create(&world.desk, plan, world.admin()).await.expect("saved");
    launch(media, id, Shown::default(), world.admin()).await.expect("launched");
    id
}

/// Lets time go by while campaigns run.
pub async fn run(world: &World, media: &MediaDesk, time: Duration) {
    let mut runner = Runner::default();
    let until = world.desk.now().plus(time);
    while world.desk.now() < until {
        let wait = runner.round(media).await.expect("a look");
        world.pass(wait.min(until.since(world.desk.now()))).await;
    }
    runner.round(media).await.expect("a look");
    world.quiet().await;
}

pub fn status(world: &World, id: CampaignId) -> String {
    world.text(&format!("SELECT status FROM campaigns WHERE id = {id}"))
}

pub fn reason(world: &World, id: CampaignId) -> String {
    world.text(&format!("SELECT coalesce(json_extract(reason, '$.code'), '-') FROM campaigns WHERE id = {id}"))
}

pub async fn counts(world: &World, id: CampaignId) -> Counts {
    let counts = world.desk.store.read(move |db| db.campaign_counts(id)).await.expect("figures");
    let lines = world.count(&format!("SELECT count(*) FROM recipients WHERE campaign_id = {id}"));
    assert_eq!(i64::from(counts.all()), lines, "the sum adds up");
    counts
}

pub fn pace(world: &World, number: NumberId, mps: f64) {
    world.books_write(&format!("UPDATE numbers SET mps = {mps} WHERE id = {number}"));
}

/// A second channel on the same trunk, with a number.
fn other_channel(world: &World) -> (ChannelId, NumberId) {
    let (trunk, sales) = (world.house.trunk, world.house.sales);
    world.books_write(&format!(
        "INSERT INTO channels (trunk_id, name, kind, created_at) VALUES ({trunk}, 'News', 'sms', 0)"
    ));
    let channel = ChannelId(world.count("SELECT id FROM channels WHERE name = 'News'"));
    world.books_write(&format!(
        "INSERT INTO numbers (channel_id, address, sender_class, route_queue_id, created_at) \
         VALUES ({channel}, '+15550100199', 'long_code', {sales}, 0)"
    ));
    (channel, NumberId(world.count("SELECT id FROM numbers WHERE address = '+15550100199'")))
}

pub fn got(world: &World) -> usize {
    world.outside.customer_got("Spring is here")
}

#[tokio::test]
async fn everybody_is_written_to_once_and_the_campaign_is_completed() {
    in_a_world(async |world| {
        let media = world.media();
        pace(world, world.house.sales_number, 50.0);
        let id = launched(world, &media, plan(world, 100)).await;

        run(world, &media, Duration::from_secs(10)).await;

        assert_eq!(status(world, id), "completed");
        assert_eq!(got(world), 100);
        assert_eq!(counts(world, id).await, Counts { sent: 100, ..Counts::default() });
    })
    .await;
}

#[tokio::test]
async fn a_double_click_launches_once_and_whoever_sees_other_recipients_is_told() {
    in_a_world(async |world| {
        let media = world.media();
        let id = drafts::create(&world.desk, plan(world, 20), world.admin()).await.expect("saved");
        let shown = Shown { version: Some(1), recipients: Some(19) };
        let other = launch(&media, id, shown, world.admin()).await;
        assert!(matches!(other, Err(FlowError::AudienceChanged { recipients: 20 })), "{other:?}");
        assert_eq!(counts(world, id).await, Counts::default(), "a draft has no ledger");

        let shown = Shown { version: Some(1), recipients: Some(20) };
        let (first, second) =
            tokio::join!(launch(&media, id, shown, world.admin()), launch(&media, id, shown, world.admin()));
        let third = launch(&media, id, shown, world.admin()).await;
        run(world, &media, Duration::from_secs(20)).await;

        assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
        assert!(third.is_ok(), "what is launched stays launched: {third:?}");
        assert_eq!(got(world), 20);
        assert_eq!(status(world, id), "completed");
    })
    .await;
}

#[tokio::test]
async fn whoever_holds_a_campaign_holds_it_at_once_and_it_goes_on_where_it_was() {
    in_a_world(async |world| {
        let media = world.media();
        pace(world, world.house.sales_number, 10.0);
        let id = launched(world, &media, plan(world, 60)).await;
        run(world, &media, Duration::from_secs(2)).await;

        acts::pause(&world.desk, id, world.admin()).await.expect("held");
        let held_at = got(world);
        run(world, &media, Duration::from_secs(20)).await;
        assert_eq!(got(world), held_at, "nothing leaves while it is held");
        assert_eq!(status(world, id), "paused");
        assert_eq!(world.count("SELECT count(*) FROM deliveries WHERE state = 'queued'"), 0);

        acts::resume(&world.desk, id, Some(world.admin())).await.expect("goes on");
        run(world, &media, Duration::from_secs(10)).await;

        assert!((5..60).contains(&held_at), "{held_at}");
        assert_eq!((got(world), status(world, id).as_str()), (60, "completed"));
        assert_eq!(world.count("SELECT count(*) - count(DISTINCT text || session_id) FROM messages"), 0);
    })
    .await;
}

#[tokio::test]
async fn what_was_under_way_when_it_was_held_and_came_back_does_not_leave() {
    for cancelled in [false, true] {
        in_a_world(async |world| {
            let media = world.media();
            world.outside.carrier_does(Reply::HoldAndRefuse(SendError::Throttled { retry_after: None }));
            let id = launched(world, &media, plan(world, 1)).await;
            run(world, &media, Duration::from_secs(1)).await;
            assert_eq!(counts(world, id).await.sending, 1);

            if cancelled {
                acts::cancel(&world.desk, id, world.admin()).await.expect("ended");
            } else {
                acts::pause(&world.desk, id, world.admin()).await.expect("held");
            }
            world.outside.let_go();
            run(world, &media, Duration::from_secs(120)).await;

            let counts = counts(world, id).await;
            assert_eq!((got(world), counts.waiting + counts.cancelled), (0, 1), "{counts:?}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_cancelled_campaign_writes_to_nobody_else() {
    in_a_world(async |world| {
        let media = world.media();
        pace(world, world.house.sales_number, 10.0);
        let id = launched(world, &media, plan(world, 60)).await;
        run(world, &media, Duration::from_secs(2)).await;

        acts::cancel(&world.desk, id, world.admin()).await.expect("ended");
        run(world, &media, Duration::from_secs(5)).await;

        let counts = counts(world, id).await;
        assert_eq!(counts.sent as usize, got(world));
        assert_eq!(counts.sent + counts.cancelled, 60);
        assert_eq!(status(world, id), "cancelled");
    })
    .await;
}

#[tokio::test]
async fn so_many_failures_in_a_row_stop_it_and_retrying_sends_only_what_failed() {
    in_a_world(async |world| {
        let media = world.media();
        pace(world, world.house.sales_number, 10.0);
        let refused = Reason::of(ReasonCode::SenderNotRegistered).coded("30034");
        world.outside.carrier_always(Some(Reply::Refuse(SendError::Rejected { reason: refused })));
        let mut wanted = plan(world, 40);
        wanted.rules.stop_after = 5;
        let id = launched(world, &media, wanted).await;
        run(world, &media, Duration::from_secs(10)).await;
        assert_eq!((status(world, id).as_str(), reason(world, id).as_str()), ("stop", "failures_in_row"));
        let failed = counts(world, id).await.failed;
        assert!((5..12).contains(&failed), "{failed}");

        world.outside.carrier_always(None);
        acts::resume(&world.desk, id, Some(world.admin())).await.expect("goes on");
        run(world, &media, Duration::from_secs(60)).await;
        assert_eq!(status(world, id), "completed");
        assert_eq!(counts(world, id).await, Counts { sent: 40 - failed, failed, ..Counts::default() });

        acts::retry(&world.desk, id, None, world.admin()).await.expect("again");
        assert_eq!(status(world, id), "pending");
        run(world, &media, Duration::from_secs(20)).await;

        assert_eq!(counts(world, id).await, Counts { sent: 40, ..Counts::default() });
        assert_eq!(got(world), 40, "nobody twice");
        assert_eq!(world.count("SELECT max(tries) FROM recipients"), 2);
        let nothing = acts::retry(&world.desk, id, None, world.admin()).await;
        assert!(matches!(nothing, Err(FlowError::NotAllowed(_))), "{nothing:?}");
    })
    .await;
}

#[tokio::test]
async fn a_trunk_without_credit_stops_it_and_it_goes_on_by_itself_if_that_is_wanted() {
    in_a_world(async |world| {
        let media = world.media();
        let no_credit = SendError::NoCredit { reason: Reason::of(ReasonCode::NoCredit) };
        world.outside.carrier_always(Some(Reply::Refuse(no_credit)));
        let mut wanted = plan(world, 10);
        wanted.rules.goes_on_by_itself = true;
        let id = launched(world, &media, wanted).await;
        run(world, &media, Duration::from_secs(10)).await;
        assert_eq!((status(world, id).as_str(), reason(world, id).as_str()), ("stop", "no_credit"));
        assert_eq!(counts(world, id).await.waiting, 10, "nobody is lost");

        world.outside.carrier_always(None);
        run(world, &media, Duration::from_secs(900)).await;

        assert_eq!((status(world, id).as_str(), got(world)), ("completed", 10));
    })
    .await;
}

#[tokio::test]
async fn one_campaign_of_a_channel_executes_others_wait_in_order_and_other_channels_run_beside_it() {
    in_a_world(async |world| {
        let media = world.media();
        let other = other_channel(world);
        pace(world, world.house.sales_number, 5.0);
        let first = launched(world, &media, plan(world, 20)).await;
        world.pass(STEP).await;
        let second = launched(world, &media, plan(world, 5)).await;
        let mut elsewhere = plan(world, 5);
        (elsewhere.channel, elsewhere.sender) = (Some(other.0), Some(SenderPick::Number(other.1)));
        let third = launched(world, &media, elsewhere).await;

        run(world, &media, Duration::from_secs(2)).await;
        let midway = [first, second, third].map(|id| status(world, id));
        let position = world.desk.store.read(move |db| db.campaign_position(second)).await.expect("a place");
        run(world, &media, Duration::from_secs(30)).await;

        assert_eq!(midway.each_ref().map(String::as_str)[..2], ["executing", "pending"]);
        assert!(midway[2] == "executing" || midway[2] == "completed", "{midway:?}");
        assert_eq!(position, 1);
        assert_eq!([first, second, third].map(|id| status(world, id)), ["completed"; 3]);
        let begun = |id: CampaignId| world.count(&format!("SELECT started_at FROM campaigns WHERE id = {id}"));
        let ended = |id: CampaignId| world.count(&format!("SELECT ended_at FROM campaigns WHERE id = {id}"));
        assert!(begun(second) >= ended(first), "in order");
    })
    .await;
}

#[tokio::test]
async fn a_reply_in_the_middle_leaves_before_the_campaign() {
    in_a_world(async |world| {
        let media = world.media();
        pace(world, world.house.annas, 2.0);
        let session = world.carla_writes_to_anna("A question").await;
        let mut wanted = plan(world, 40);
        wanted.sender = Some(SenderPick::Number(world.house.annas));
        launched(world, &media, wanted).await;
        run(world, &media, Duration::from_secs(3)).await;
        let before = got(world);

        world.anna_writes("An answer").await;
        run(world, &media, Duration::from_secs(1)).await;

        assert_eq!(world.outside.customer_got("An answer"), 1);
        assert!(got(world) - before <= 2, "the answer took the next turn");
        assert_eq!(world.thread(session), ["> A question", "< An answer"]);
        run(world, &media, Duration::from_secs(30)).await;
    })
    .await;
}

#[tokio::test]
async fn without_conversations_an_answer_still_finds_the_text_above_it() {
    in_a_world(async |world| {
        let media = world.media();
        let mut wanted = plan(world, 3);
        wanted.audience.typed += CARLA;
        let id = launched(world, &media, wanted).await;
        run(world, &media, Duration::from_secs(10)).await;
        assert_eq!(world.count("SELECT count(*) FROM sessions WHERE hidden = 0"), 0, "no list shows them");

        world.hears(text("r1", SALES, "Tell me more")).await;

        let session = SessionId(world.count("SELECT id FROM sessions WHERE hidden = 0"));
        assert_eq!(world.thread(session), ["< Spring is here", "> Tell me more"]);
        assert_eq!(world.session_state(session), "waiting Sales");
        assert_eq!(counts(world, id).await.replied, 1);
        world.hears(text("r2", SALES, "Hello?")).await;
        assert_eq!(world.thread(session).len(), 3, "the same conversation goes on");
        assert_eq!(counts(world, id).await.replied, 1);
    })
    .await;
}

#[tokio::test]
async fn with_conversations_each_gets_one_and_who_has_one_keeps_its_owner() {
    in_a_world(async |world| {
        let media = world.media();
        let own = world.carla_writes(SUPPORT, "Is anybody there?").await;
        let before = world.session_state(own);
        let mut wanted = plan(world, 2);
        wanted.audience.typed += CARLA;
        wanted.sender = Some(SenderPick::Number(world.house.support_number));
        wanted.rules.session = SessionMode::Open(Destination::Extension(world.house.ben));
        launched(world, &media, wanted).await;

        run(world, &media, Duration::from_secs(10)).await;

        assert_eq!(world.session_state(own), before);
        assert_eq!(world.thread(own), ["> Is anybody there?", "< Spring is here"]);
        assert_eq!(world.count(&format!("SELECT awaiting_reply FROM sessions WHERE id = {own}")), 1, "she still waits");
        assert_eq!(world.count("SELECT count(*) FROM sessions WHERE state = 'held' AND hidden = 0"), 2);
        assert!(world.timeline(world.last_session()).iter().all(|step| step == "opened by Spring -> 1002 Ben"));
    })
    .await;
}

#[tokio::test]
async fn reports_move_the_ledger_also_after_the_end_and_never_back() {
    in_a_world(async |world| {
        let media = world.media();
        let id = launched(world, &media, plan(world, 3)).await;
        run(world, &media, Duration::from_secs(10)).await;
        let ids = world.texts("SELECT carrier_id FROM deliveries ORDER BY id");

        for (carrier_id, state) in [
            (0, DeliveryState::Delivered),
            (1, DeliveryState::Read),
            (2, DeliveryState::Undelivered),
            (0, DeliveryState::Sent),
        ] {
            world.webhook(world.house.trunk, vec![report(&ids[carrier_id], state)]).await.expect("heard");
        }

        let expected = Counts { delivered: 1, read: 1, undelivered: 1, ..Counts::default() };
        assert_eq!((status(world, id).as_str(), counts(world, id).await), ("completed", expected));
        let nothing = acts::retry(&world.desk, id, None, world.admin()).await;
        assert!(matches!(nothing, Err(FlowError::NotAllowed(_))), "what may have arrived is never sent again");
    })
    .await;
}

#[tokio::test]
async fn uncertain_lines_stand_apart_until_somebody_decides() {
    in_a_world(async |world| {
        let media = world.media();
        world.outside.carrier_always(Some(Reply::Vanish));
        let id = launched(world, &media, plan(world, 4)).await;
        run(world, &media, Duration::from_secs(10)).await;
        assert_eq!(counts(world, id).await.uncertain, 4);
        assert_eq!(status(world, id), "completed");
        assert!(acts::retry(&world.desk, id, None, world.admin()).await.is_err());
        world.outside.carrier_always(None);

        let lines = world.texts("SELECT id FROM recipients ORDER BY id");
        let line = |at: usize| vec![RecipientId(lines[at].parse().expect("an id"))];
        let by = || world.admin();
        acts::settle(&world.desk, id, Some(line(0)), UncertainChoice::Arrived, by()).await.expect("settled");
        acts::settle(&world.desk, id, Some(line(1)), UncertainChoice::Failed, by()).await.expect("settled");
        acts::settle(&world.desk, id, Some(line(2)), UncertainChoice::SendAgain, by()).await.expect("settled");
        run(world, &media, Duration::from_secs(10)).await;

        let expected = Counts { sent: 2, failed: 1, uncertain: 1, ..Counts::default() };
        assert_eq!((counts(world, id).await, status(world, id).as_str(), got(world)), (expected, "completed", 1));
    })
    .await;
}

#[tokio::test]
async fn who_is_outside_the_hours_is_written_to_in_the_next_allowed_one() {
    in_a_world(async |world| {
        // A Friday noon in UTC: in New York it is 7 o'clock.
        let media = world.media();
        let mut wanted = plan(world, 0);
        wanted.audience.typed = "+12125550100\n+442079460100".into();
        let days = (1..=7).collect();
        wanted.rules.hours = Some(Hours { from: "09:00".into(), until: "18:00".into(), days, outside: Outside::Move });
        let id = launched(world, &media, wanted).await;
        run(world, &media, Duration::from_secs(10)).await;
        assert_eq!(
            (got(world), status(world, id).as_str(), reason(world, id).as_str()),
            (1, "executing", "outside_hours")
        );

        world.pass(Duration::from_secs(2 * 3600)).await;
        run(world, &media, Duration::from_secs(5)).await;

        assert_eq!((got(world), status(world, id).as_str()), (2, "completed"));
    })
    .await;
}

#[tokio::test]
async fn the_limit_of_a_day_makes_it_wait_and_say_so_and_drops_nobody() {
    in_a_world(async |world| {
        let media = world.media();
        let limits = CampaignLimits { number_per_day: 3, ..CampaignLimits::default() };
        limits::change(&world.desk, limits).await.expect("set");
        let id = launched(world, &media, plan(world, 5)).await;
        run(world, &media, Duration::from_secs(10)).await;
        assert_eq!(
            (got(world), status(world, id).as_str(), reason(world, id).as_str()),
            (3, "executing", "number_limit")
        );

        world.pass(Duration::from_secs(24 * 3600)).await;
        run(world, &media, Duration::from_secs(5)).await;

        assert_eq!((got(world), status(world, id).as_str(), reason(world, id).as_str()), (5, "completed", "-"));
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_back_from_the_outbox_does_not_count_for_the_limit_of_a_day() {
    in_a_world(async |world| {
        let media = world.media();
        pace(world, world.house.sales_number, 5.0);
        let few = CampaignLimits { number_per_day: 25, user_per_day: 25, ..CampaignLimits::default() };
        limits::change(&world.desk, few).await.expect("set");
        let id = launched(world, &media, plan(world, 25)).await;
        for _ in 0..4 {
            run(world, &media, Duration::from_secs(1)).await;
            acts::pause(&world.desk, id, world.admin()).await.expect("held");
            acts::resume(&world.desk, id, Some(world.admin())).await.expect("goes on");
        }

        run(world, &media, Duration::from_secs(30)).await;

        assert_eq!((got(world), status(world, id).as_str()), (25, "completed"));
    })
    .await;
}

#[tokio::test]
async fn a_scheduled_one_begins_at_its_time_and_plans_the_next_one() {
    in_a_world(async |world| {
        let media = world.media();
        let mut wanted = plan(world, 2);
        // It is noon in UTC, 13:00 in Berlin.
        wanted.rules.start = Some(StartTime { local: "2026-11-20T15:00".into(), zone: "Europe/Berlin".into() });
        wanted.rules.repeat = Some(Repeat { every: Every::Week, until: None, day: None });
        let id = launched(world, &media, wanted).await;
        run(world, &media, Duration::from_secs(1)).await;
        assert_eq!((got(world), status(world, id).as_str()), (0, "scheduled"));

        world.pass(Duration::from_secs(2 * 3600 - 5)).await;
        run(world, &media, Duration::from_secs(1)).await;
        assert_eq!(got(world), 0);
        run(world, &media, Duration::from_secs(20)).await;
        assert_eq!((got(world), status(world, id).as_str()), (2, "completed"));

        world.pass(Duration::from_secs(7 * 24 * 3600)).await;
        run(world, &media, Duration::from_secs(20)).await;
        assert_eq!(got(world), 4, "and again after a week");
        assert_eq!(world.texts("SELECT status FROM campaigns ORDER BY id"), ["completed", "completed", "scheduled"]);
    })
    .await;
}

#[tokio::test]
async fn a_scheduled_one_is_taken_back_edited_and_duplicated() {
    in_a_world(async |world| {
        let media = world.media();
        let mut wanted = plan(world, 2);
        wanted.rules.start = Some(StartTime { local: "2026-11-21T15:00".into(), zone: "Europe/Berlin".into() });
        let id = launched(world, &media, wanted.clone()).await;
        let refused = drafts::save(&world.desk, id, wanted.clone(), 2).await;
        assert!(matches!(refused, Err(FlowError::NotAllowed(_))), "{refused:?}");

        acts::unschedule(&world.desk, id).await.expect("taken back");
        assert_eq!(counts(world, id).await, Counts::default());
        let version = world.count("SELECT version FROM campaigns");
        wanted.content.text = "Summer is here".into();
        drafts::save(&world.desk, id, wanted.clone(), version - 1).await.expect_err("stale");
        drafts::save(&world.desk, id, wanted, version).await.expect("saved");
        let copy = drafts::duplicate(&world.desk, id, world.admin()).await.expect("copied");

        let text = |id: CampaignId| {
            world.text(&format!("SELECT json_extract(plan, '$.content.text') FROM campaigns WHERE id = {id}"))
        };
        assert_eq!((text(copy), status(world, copy).as_str()), ("Summer is here".into(), "draft"));
        assert_eq!(world.text(&format!("SELECT name FROM campaigns WHERE id = {copy}")), "Spring (2)");
        let another = drafts::duplicate(&world.desk, copy, world.admin()).await.expect("copied");
        assert_eq!(world.text(&format!("SELECT name FROM campaigns WHERE id = {another}")), "Spring (3)");
        drafts::delete(&world.desk, another, world.admin()).await.expect("deleted");
        drafts::delete(&world.desk, copy, world.admin()).await.expect("deleted");
        run(world, &media, Duration::from_secs(1)).await;
        assert_eq!(world.count("SELECT count(*) FROM campaigns"), 1);
    })
    .await;
}

#[tokio::test]
async fn after_a_power_cut_anywhere_nobody_is_written_to_twice_and_nobody_is_forgotten() {
    for cut_after_ms in [0, 200, 700, 1_400, 2_600] {
        in_a_world(async |world| {
            pace(world, world.house.sales_number, 10.0);
            let id = {
                let media = world.media();
                let id = launched(world, &media, plan(world, 30)).await;
                run(world, &media, Duration::from_millis(cut_after_ms)).await;
                id
            };

            world.power_cut().await;
            let media = world.media();
            runner::begin(&media).await.expect("begun");
            run(world, &media, Duration::from_secs(30)).await;

            let counts = counts(world, id).await;
            assert_eq!(status(world, id), "completed", "cut after {cut_after_ms} ms");
            assert_eq!(counts.sent + counts.uncertain, 30, "{counts:?}");
            let texts = world.outside.customers_got();
            assert!(texts.len() <= 30, "{} texts", texts.len());
        })
        .await;
    }
}

#[tokio::test]
async fn a_launch_that_was_broken_off_is_a_draft_as_before() {
    in_a_world(async |world| {
        let media = world.media();
        let id = drafts::create(&world.desk, plan(world, 10), world.admin()).await.expect("saved");
        let half = plan(world, 10);
        let ready = depesche::flow::campaign::content::prepare(&world.media(), id, &half).await.expect("made ready");
        depesche::flow::campaign::audience::build(&world.desk, id, &half, ready, 100).await.expect("half done");
        world.books_write(&format!("INSERT INTO campaign_runs (campaign_id, launching) VALUES ({id}, 1)"));

        runner::begin(&media).await.expect("begun");

        assert_eq!(counts(world, id).await, Counts::default());
        launch(&media, id, Shown::default(), world.admin()).await.expect("launched");
        run(world, &media, Duration::from_secs(10)).await;
        assert_eq!(got(world), 10);
    })
    .await;
}
