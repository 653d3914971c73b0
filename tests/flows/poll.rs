//! Polling: what a carrier lists is filed once and never missed, whatever breaks between two questions.

use crate::world::house::{ANNAS, SALES};
use crate::world::says::text;
use crate::world::{World, in_a_world};
use depesche::carrier::dialect::{InboundMessage, Known, Said};
use depesche::clock::Clock;
use depesche::domain::delivery::SendError;
use depesche::domain::exchange::{Exchange, Purpose};
use depesche::domain::id::TrunkId;
use depesche::domain::message::Direction;
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::domain::time::Timestamp;
use depesche::domain::trunk::Intake;
use depesche::flow::poll::{Inboxes, OVERLAP, round, run};
use depesche::store::error::StoreError;
use depesche::store::polls::Poll;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const EVERY: Duration = Duration::from_secs(30);
const MINUTE: Duration = Duration::from_secs(60);

/// What a carrier lists.
#[derive(Clone)]
struct Inbox {
    clock: Clock,
    state: Arc<Mutex<Listed>>,
}

struct Listed {
    /// Each with its time, in order.
    texts: Vec<(Timestamp, Said)>,
    /// So many at a time.
    page: usize,
    error: Option<SendError>,
    asked: Vec<Timestamp>,
}

impl Inbox {
    fn of(world: &World) -> Inbox {
        let listed = Listed { texts: Vec::new(), page: 100, error: None, asked: Vec::new() };
        Inbox { clock: world.desk.clock.clone(), state: Arc::new(Mutex::new(listed)) }
    }

    fn state(&self) -> MutexGuard<'_, Listed> {
        self.state.lock().expect("no panic here")
    }

    fn lists(&self, to: &str, words: &str) {
        self.lists_as_of(self.clock.now(), to, words);
    }

    fn lists_as_of(&self, at: Timestamp, to: &str, words: &str) {
        let mut state = self.state();
        state.texts.push((at, said(to, words)));
        state.texts.sort_by_key(|(at, _)| *at);
    }
}

fn said(to: &str, words: &str) -> Said {
    Said::Message(InboundMessage { carrier_id: format!("id of {words}"), ..text("", to, words) })
}

impl Inboxes for Inbox {
    async fn inbox(&self, trunk: TrunkId, since: Timestamp) -> (Option<Result<Known, SendError>>, Vec<Exchange>) {
        let now = self.clock.now();
        let mut state = self.state();
        state.asked.push(since);
        let exchange = Exchange {
            at: now,
            trunk: Some(trunk),
            extension: None,
            message: None,
            delivery: None,
            direction: Direction::Out,
            purpose: Purpose::Ask,
            took: Duration::ZERO,
            status: "200".into(),
            good: true,
            outcome: String::new(),
            request: "GET /inbox".into(),
            answer: String::new(),
        };
        if let Some(error) = &state.error {
            return (Some(Err(error.clone())), vec![exchange]);
        }
        let all: Vec<_> = state.texts.iter().filter(|(at, _)| *at >= since && *at <= now).cloned().collect();
        let up_to = if all.len() > state.page { all[state.page - 1].0 } else { now };
        let said = all.into_iter().take(state.page).map(|(_, said)| said).collect();
        (Some(Ok(Known::Inbox { said, up_to })), vec![exchange])
    }
}

async fn polls(world: &World, intake: Intake) {
    let (trunk, now) = (world.house.trunk, world.desk.now());
    let set = world.desk.store.write(move |tx| tx.set_intake(trunk, intake, EVERY, now));
    set.await.unwrap_or_else(|error: StoreError| panic!("{error}"));
}

async fn ask(world: &World, inbox: &Inbox) {
    round(&world.desk, inbox).await.expect("the carriers are asked");
    world.quiet().await;
}

async fn poll_of(world: &World) -> Poll {
    let trunk = world.house.trunk;
    let poll = world.desk.store.read(move |rows| rows.poll_of(trunk)).await;
    poll.unwrap_or_else(|error: StoreError| panic!("{error}")).expect("it polls")
}

fn filed(world: &World) -> Vec<String> {
    world.texts("SELECT text FROM messages ORDER BY id")
}

#[tokio::test]
async fn what_is_listed_again_and_again_is_filed_once_and_a_quiet_question_leaves_no_record() {
    in_a_world(async |world| {
        let inbox = Inbox::of(world);
        polls(world, Intake::Polling).await;
        inbox.lists(ANNAS, "one");
        for _ in 0..5 {
            ask(world, &inbox).await;
            world.pass(EVERY).await;
        }
        inbox.lists(SALES, "two");
        ask(world, &inbox).await;

        assert_eq!(filed(world), ["one", "two"]);
        assert_eq!(inbox.state().asked.len(), 6, "once every half minute");
        assert_eq!(world.count("SELECT count(*) FROM exchanges WHERE what = 'ask'"), 2, "those that brought something");
        assert_eq!(poll_of(world).await.heard_up_to, world.desk.now());
    })
    .await;
}

#[tokio::test]
async fn what_webhooks_brought_is_not_filed_again() {
    in_a_world(async |world| {
        let inbox = Inbox::of(world);
        polls(world, Intake::Both).await;
        world.webhook(world.house.trunk, vec![said(ANNAS, "both ways")]).await.expect("taken");
        inbox.lists(ANNAS, "both ways");
        ask(world, &inbox).await;
        world.webhook(world.house.trunk, vec![said(ANNAS, "both ways")]).await.expect("taken");

        assert_eq!(filed(world), ["both ways"]);
    })
    .await;
}

#[tokio::test]
async fn much_is_fetched_page_by_page_and_what_is_listed_late_is_found() {
    in_a_world(async |world| {
        let inbox = Inbox::of(world);
        polls(world, Intake::Polling).await;
        inbox.state().page = 3;
        for n in 0..10 {
            inbox.lists(ANNAS, &format!("text {n}"));
            world.pass(MINUTE).await;
        }
        ask(world, &inbox).await;
        let late = world.desk.now().minus(OVERLAP / 2);
        world.pass(EVERY).await;
        inbox.lists_as_of(late, ANNAS, "late");
        ask(world, &inbox).await;

        let mut all: Vec<_> = (0..10).map(|n| format!("text {n}")).collect();
        all.push("late".into());
        assert_eq!(filed(world), all);
    })
    .await;
}

#[tokio::test]
async fn a_carrier_that_fails_is_asked_ever_more_seldom_and_nothing_is_skipped() {
    in_a_world(async |world| {
        let inbox = Inbox::of(world);
        polls(world, Intake::Polling).await;
        inbox.state().error = Some(SendError::Unreachable { why: "no route".into() });
        for _ in 0..120 {
            ask(world, &inbox).await;
            inbox.lists(ANNAS, &format!("at {}", world.desk.now().0));
            world.pass(MINUTE).await;
        }
        let asked = inbox.state().asked.len();
        let poll = poll_of(world).await;
        assert!((8..20).contains(&asked), "{asked} questions in two hours");
        assert_eq!(poll.reason.expect("why").code, ReasonCode::CarrierUnreachable);
        assert_eq!(world.count("SELECT count(*) FROM exchanges WHERE what = 'ask'"), 1);

        inbox.state().error = None;
        world.pass(15 * MINUTE).await;
        ask(world, &inbox).await;

        assert_eq!(filed(world).len(), 120);
        assert_eq!(poll_of(world).await.failures, 0);
    })
    .await;
}

#[tokio::test]
async fn wrong_credentials_and_throttling_are_waited_for() {
    in_a_world(async |world| {
        let inbox = Inbox::of(world);
        polls(world, Intake::Polling).await;
        let wait = Duration::from_secs(300);
        inbox.state().error = Some(SendError::Throttled { retry_after: Some(wait) });
        ask(world, &inbox).await;
        assert_eq!(poll_of(world).await.next_at, world.desk.now().plus(wait));

        world.pass(wait).await;
        inbox.state().error =
            Some(SendError::Misconfigured { reason: Reason::of(ReasonCode::CredentialsRefused).coded("401") });
        ask(world, &inbox).await;
        assert_eq!(poll_of(world).await.next_at, world.desk.now().plus(15 * MINUTE));
    })
    .await;
}

#[tokio::test]
async fn the_loop_asks_by_the_clock_and_at_once_after_an_edit() {
    in_a_world(async |world| {
        let (inbox, stop) = (Inbox::of(world), CancellationToken::new());
        polls(world, Intake::Polling).await;
        let running = tokio::spawn(run(world.desk.clone(), inbox.clone(), stop.clone()));
        for n in 1..=3 {
            world.until("it asks", |_| inbox.state().asked.len() == n).await;
            world.until("it sleeps", |world| world.desk.clock.sleepers() == 3).await;
            world.desk.clock.advance(EVERY);
        }
        world.until("it asks", |_| inbox.state().asked.len() == 4).await;
        stop.cancel();
        running.await.expect("it ends");
    })
    .await;
}

/// The power goes after each step; whatever was listed is filed once in the end.
#[tokio::test]
async fn a_power_cut_at_any_step_loses_nothing_and_doubles_nothing() {
    let mut cut = 0;
    let mut through = false;
    while !through {
        cut += 1;
        assert!(cut < 100, "the house turns on the spot");
        in_a_world(async |world| {
            let inbox = Inbox::of(world);
            polls(world, Intake::Polling).await;
            inbox.state().page = 2;
            world.stopper.stop_after(cut);
            let mut cuts = 0;
            for n in 0..4 {
                inbox.lists(ANNAS, &format!("text {n}"));
                world.desk.clock.advance(EVERY * 2);
                round(&world.desk, &inbox).await.ok();
                if world.stopper.is_stopped() {
                    cuts += 1;
                    world.rise_again();
                    world.stopper.stop_after(2 + cut % 3);
                }
            }
            world.quiet().await;
            if world.stopper.is_stopped() {
                cuts += 1;
                world.rise_again();
            }
            world.stopper.stop_never();
            for _ in 0..3 {
                world.pass(EVERY).await;
                ask(world, &inbox).await;
            }
            assert_eq!(filed(world), ["text 0", "text 1", "text 2", "text 3"], "cut at step {cut}");
            through = cuts == 0;
        })
        .await;
    }
    assert!(cut > 8, "there are more steps than {cut}");
}
