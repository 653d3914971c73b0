//! Campaigns and time: clocks that are set, hours that are missing or come twice, and a power cut at every step.

use crate::campaign::{counts, got, launched, pace, plan, reason, run, status};
use crate::world::outside::Reply;
use crate::world::{World, in_a_world};
use depesche::domain::campaign::StartTime;
use depesche::domain::delivery::SendError;
use depesche::domain::id::CampaignId;
use depesche::domain::time::Timestamp;
use depesche::flow::campaign::acts;
use depesche::flow::campaign::drafts;
use depesche::flow::campaign::launch::{Shown, launch};
use depesche::flow::campaign::runner::{self, Runner};
use depesche::flow::janitor;
use depesche::flow::media::desk::MediaDesk;
use depesche::store::campaigns::Counts;
use futures_util::StreamExt;
use std::collections::BTreeSet;
use std::time::Duration;

const HOUR_MS: i64 = 3_600_000;

#[tokio::test]
async fn a_clock_that_is_set_sends_nothing_twice_and_forgets_nobody() {
    for jumps in
        [[-24 * HOUR_MS, 24 * HOUR_MS], [24 * HOUR_MS, -24 * HOUR_MS], [-HOUR_MS, -HOUR_MS], [9_000 * HOUR_MS, 0]]
    {
        in_a_world(async |world| {
            let media = world.media();
            pace(world, world.house.sales_number, 10.0);
            let id = launched(world, &media, plan(world, 40)).await;
            for jump in jumps {
                run(world, &media, Duration::from_secs(1)).await;
                world.desk.clock.jump(jump);
            }
            comes_to_an_end(world, &media, id).await;

            assert_eq!(counts(world, id).await, Counts { sent: 40, ..Counts::default() }, "{jumps:?}");
            assert_eq!((got(world), people(world)), (40, 40), "{jumps:?}: nobody twice");
        })
        .await;
    }
}

#[tokio::test]
async fn what_stands_in_the_outbox_when_the_clock_is_set_forward_waits_again_and_counts_once() {
    in_a_world(async |world| {
        let media = world.media();
        pace(world, world.house.sales_number, 10.0);
        let id = launched(world, &media, plan(world, 60)).await;
        run(world, &media, Duration::from_secs(1)).await;
        let under_way = counts(world, id).await;
        assert!(under_way.queued >= 10, "more than make it stop: {under_way:?}");

        world.desk.clock.jump(24 * HOUR_MS);
        world.janitor().await;
        let said = counts(world, id).await;
        assert_eq!((said.failed, said.queued, said.waiting + said.sent), (0, 0, 60), "{said:?}");
        run(world, &media, Duration::from_secs(20)).await;

        assert_eq!((status(world, id).as_str(), got(world), people(world)), ("completed", 60, 60));
        let counted = world.count("SELECT sum(sent) FROM campaign_usage WHERE of = 'number'");
        assert_eq!(counted, 60, "each counts once for the limits, on the day it left");
    })
    .await;
}

#[tokio::test]
async fn a_line_in_doubt_whose_time_is_up_is_not_sent_again() {
    in_a_world(async |world| {
        let media = world.media();
        world.outside.state().idempotent = true;
        world.outside.carrier_does(Reply::TakeSilently);
        let id = launched(world, &media, plan(world, 1)).await;
        run(world, &media, Duration::from_secs(1)).await;

        world.desk.clock.jump(24 * HOUR_MS);
        world.janitor().await;
        run(world, &media, Duration::from_secs(60)).await;

        let said = counts(world, id).await;
        assert_eq!((said, got(world)), (Counts { uncertain: 1, ..Counts::default() }, 1));
    })
    .await;
}

#[tokio::test]
async fn a_trunk_that_takes_nothing_for_as_long_as_lines_are_valid_halts_the_campaign() {
    in_a_world(async |world| {
        let media = world.media();
        let busy = SendError::Throttled { retry_after: Some(Duration::from_secs(1800)) };
        world.outside.carrier_always(Some(Reply::Refuse(busy)));
        let id = launched(world, &media, plan(world, 30)).await;

        for _ in 0..11 {
            run(world, &media, Duration::from_secs(1)).await;
            world.pass(Duration::from_secs(3600)).await;
            world.janitor().await;
        }
        run(world, &media, Duration::from_secs(1)).await;

        assert_eq!((status(world, id).as_str(), reason(world, id).as_str()), ("stop", "carrier_throttled"));
        assert_eq!(counts(world, id).await, Counts { waiting: 30, ..Counts::default() }, "nobody failed");
        world.outside.carrier_always(None);
        acts::resume(&world.desk, id, Some(world.admin())).await.expect("goes on");
        world.pass(Duration::from_secs(3600)).await;
        run(world, &media, Duration::from_secs(60)).await;
        assert_eq!((status(world, id).as_str(), got(world), people(world)), ("completed", 30, 30));
    })
    .await;
}

#[tokio::test]
async fn an_hour_that_is_missing_or_comes_twice_begins_a_campaign_once() {
    // In Berlin 02:30 does not exist on 28 March 2027: it is 03:30 (01:30 UTC). On 31 October it comes twice: the first counts.
    for (local, utc) in [("2027-03-28T02:30", "2027-03-28T01:30:00Z"), ("2027-10-31T02:30", "2027-10-31T00:30:00Z")] {
        in_a_world(async |world| {
            let media = world.media();
            let mut wanted = plan(world, 2);
            wanted.rules.start = Some(StartTime { local: local.into(), zone: "Europe/Berlin".into() });
            let id = launched(world, &media, wanted).await;
            let moment: jiff::Timestamp = utc.parse().expect("a moment");
            let due = Timestamp(moment.as_millisecond());
            assert_eq!(world.count(&format!("SELECT due_at FROM campaigns WHERE id = {id}")), due.0, "{local}");

            world.pass(due.since(world.desk.now()) - Duration::from_secs(10)).await;
            run(world, &media, Duration::from_secs(5)).await;
            assert_eq!((got(world), status(world, id).as_str()), (0, "scheduled"), "{local}");
            run(world, &media, Duration::from_secs(30)).await;
            assert_eq!((got(world), status(world, id).as_str()), (2, "completed"), "{local}");
            world.pass(Duration::from_secs(3600)).await;
            run(world, &media, Duration::from_secs(30)).await;
            assert_eq!(got(world), 2, "{local}: once");
        })
        .await;
    }
}

#[tokio::test]
async fn after_a_power_cut_at_any_step_everybody_is_written_to_once() {
    for idempotent in [false, true] {
        let steps = told(None, idempotent).await;
        assert!((20..400).contains(&steps), "{steps} steps");
        let tellings = (1..=steps).map(|cut| told(Some(cut), idempotent));
        futures_util::stream::iter(tellings).buffer_unordered(4).collect::<Vec<_>>().await;
    }
}

/// A campaign from its launch to its end, with the power cut at a step; how many steps there were.
async fn told(cut: Option<usize>, idempotent: bool) -> usize {
    const PEOPLE: usize = 5;
    let mut steps = 0;
    in_a_world(async |world| {
        world.outside.state().idempotent = idempotent;
        pace(world, world.house.sales_number, 10.0);
        let id = drafts::create(&world.desk, plan(world, PEOPLE), world.admin()).await.expect("saved");
        let before = world.stopper.steps();
        if let Some(cut) = cut {
            world.stopper.stop_after(cut);
        }
        let first = async {
            let media = world.media();
            if launch(&media, id, Shown::default(), world.admin()).await.is_ok() {
                let mut runner = Runner::default();
                while !world.stopper.is_stopped() && status(world, id) != "completed" {
                    let Ok(wait) = runner.round(&media).await else { break };
                    world.pass(wait.min(Duration::from_millis(200))).await;
                }
            }
        };
        // Whoever waits for a house without power waits in vain.
        let _ = tokio::time::timeout(Duration::from_secs(20), first).await;
        steps = world.stopper.steps() - before;
        if world.stopper.is_stopped() {
            world.rise_again();
        }
        world.stopper.stop_never();
        let media = world.media();
        runner::begin(&media).await.expect("begun");
        // Whoever saw no answer clicks again.
        launch(&media, id, Shown::default(), world.admin()).await.unwrap_or_else(|error| {
            assert_eq!(status(world, id), "completed", "cut at {cut:?}: {error}");
        });
        comes_to_an_end(world, &media, id).await;

        let said = counts(world, id).await;
        let (sent, open) = (said.sent as usize, said.uncertain as usize);
        assert_eq!(sent + open, PEOPLE, "cut at {cut:?}: {said:?}");
        assert!((sent..=sent + open).contains(&people(world)), "cut at {cut:?}: {said:?}");
        assert!(!idempotent || (open == 0 && got(world) == PEOPLE), "cut at {cut:?}: {said:?}");
        assert!(got(world) <= PEOPLE, "cut at {cut:?}: somebody was written to twice");
        assert_eq!(world.count("SELECT count(*) FROM messages"), PEOPLE as i64, "cut at {cut:?}");
    })
    .await;
    steps
}

/// Lets days go by, if it must be, until the campaign is completed.
async fn comes_to_an_end(world: &World, media: &MediaDesk, id: CampaignId) {
    for _ in 0..6 {
        run(world, media, Duration::from_secs(20)).await;
        if status(world, id) == "completed" {
            return;
        }
        world.pass(Duration::from_secs(12 * 3600)).await;
        janitor::round(&world.desk).await.expect("a round");
    }
    panic!("the campaign does not end: {}, {:?}", status(world, id), counts(world, id).await);
}

/// To how many numbers something went.
fn people(world: &World) -> usize {
    world.outside.state().taken.iter().map(|taken| taken.to.clone()).collect::<BTreeSet<_>>().len()
}
