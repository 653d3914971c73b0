//! A week with a carrier that loses answers, repeats, reorders and delays reports, throttles and fails, and a house that is
//! restarted on the way. At the end the ledger adds up to the last message, nobody got a text twice, and no status ever
//! went back. The same seed is the same week.

use crate::world::World;
use crate::world::outside::{Asked, Reply};
use crate::world::says::{address, report};
use depesche::carrier::dialect::{DeliveryReport, Said};
use depesche::domain::delivery::{DeliveryState, SendError};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::flow::desk::{Rules, new_reference};
use depesche::flow::schedule::{self, Later};
use depesche::flow::send;
use std::collections::HashMap;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const STEP: Duration = Duration::from_secs(2 * 3600);
const STEPS: usize = 7 * 12;
const DAY_STEPS: usize = 12;

/// Splitmix64.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// What the carrier does with a call, whatever it was told before.
fn whim(dice: &mut Dice) -> Reply {
    let refuse = Reply::Refuse;
    match dice.throw(100) {
        0..=7 => Reply::TakeSilently,
        8..=12 => Reply::Vanish,
        13..=16 => Reply::TakeAndBabble,
        17..=22 => refuse(SendError::Throttled { retry_after: Some(Duration::from_secs(1 + dice.throw(180))) }),
        23..=24 => refuse(SendError::Throttled { retry_after: None }),
        25..=32 => refuse(SendError::Unreachable { why: "connection refused".into() }),
        33..=34 => refuse(SendError::Rejected { reason: Reason::of(ReasonCode::Landline) }),
        35 => refuse(SendError::NoCredit { reason: Reason::of(ReasonCode::NoCredit) }),
        _ => Reply::Take,
    }
}

/// A report on its way.
struct OnTheWay {
    at: i64,
    said: Said,
}

/// What the carrier reports of a text: in any order, late, twice, by its id or by our own, or never.
fn reports_of(dice: &mut Dice, id: &str, reference: &str, now: i64, out: &mut Vec<OnTheWay>) {
    use DeliveryState::{Delivered, Read, Sent, Undelivered};
    let story: &[DeliveryState] = match dice.throw(20) {
        0 => &[],
        1 => &[Sent],
        2..=3 => &[Sent, Undelivered],
        4..=6 => &[Sent, Delivered, Read],
        _ => &[Sent, Delivered],
    };
    for &state in story {
        for _ in 0..1 + dice.throw(5) / 4 {
            let said = match dice.throw(3) {
                0 => Said::DeliveryReport(DeliveryReport {
                    carrier_id: Some(id.to_owned()),
                    reference: Some(reference.to_owned()),
                    state,
                    reason: None,
                }),
                _ => report(id, state),
            };
            out.push(OnTheWay { at: now + dice.throw(8 * 3_600_000) as i64, said });
        }
    }
}

fn rank(state: &str) -> u8 {
    match state {
        "queued" | "sending" | "uncertain" => 0,
        "sent" => 1,
        "failed" | "undelivered" => 2,
        "delivered" => 3,
        "read" => 4,
        other => panic!("nothing of this week ends {other}"),
    }
}

#[expect(clippy::print_stdout, reason = "what a seed came to is of interest")]
async fn week(seed: u64, asked: Asked) {
    let begun = std::time::Instant::now();
    let mut dice = Dice(seed);
    let mut world = World::begin_with(Rules::default()).await;
    world.outside.state().asked = asked;
    let mut carrier = dice.clone();
    world.outside.state().whim = Some(Box::new(move || whim(&mut carrier)));
    let mut on_the_way: Vec<OnTheWay> = Vec::new();
    let mut stood: HashMap<String, String> = HashMap::new();
    let (mut written, mut reported) = (0_usize, 0_usize);

    for step in 0..STEPS + 2 * DAY_STEPS {
        let by = world.actor(world.house.anna);
        for _ in 0..if step < STEPS { 2 + dice.throw(6) } else { 0 } {
            written += 1;
            let to = address(&format!("+15550103{:03}", dice.throw(40)));
            let from = [world.house.annas, world.house.sales_number][dice.throw(2) as usize];
            let (words, client_id) = (format!("text {written}"), new_reference());
            if dice.throw(8) == 0 {
                let at = world.desk.now().plus(HOUR * (1 + dice.throw(30) as u32));
                let later = Later { at, zone: "UTC".into() };
                schedule::start(&world.desk, (from, to), words, later, client_id, by.clone()).await.expect("taken");
            } else {
                send::start(&world.desk, from, to, words, client_id, by.clone()).await.expect("taken");
            }
        }
        world.pass(STEP).await;
        world.janitor().await;

        let now = world.desk.now().0;
        let new: Vec<_> = world.outside.state().taken[reported..].to_vec();
        reported += new.len();
        for taken in &new {
            reports_of(&mut dice, &taken.id, &taken.reference, now, &mut on_the_way);
        }
        let (mut due, later): (Vec<_>, Vec<_>) = on_the_way.into_iter().partition(|report| report.at <= now);
        on_the_way = later;
        while !due.is_empty() {
            let one = due.swap_remove(dice.throw(due.len() as u64) as usize);
            world.webhook(world.house.trunk, vec![one.said]).await.expect("taken");
        }
        for line in world.texts("SELECT reference || ' ' || state FROM deliveries WHERE line = 'carrier'") {
            let (reference, state) = line.split_once(' ').expect("two words");
            if let Some(before) = stood.insert(reference.to_owned(), state.to_owned()) {
                assert!(rank(state) >= rank(&before), "seed {seed}: {reference} went from {before} back to {state}");
            }
        }
        if step % DAY_STEPS == DAY_STEPS - 1 {
            world.restart().await;
        }
    }

    let taken = |words: &str| world.outside.customer_got(words);
    let mut sums: HashMap<String, usize> = HashMap::new();
    for number in 1..=written {
        let words = format!("text {number}");
        let (state, _) = world.stands(&words);
        let got = taken(&words);
        let fits = match state.as_str() {
            "sent" | "delivered" | "read" | "undelivered" => got == 1,
            "failed" => got == 0,
            "uncertain" => got <= 1,
            _ => false,
        };
        assert!(fits, "seed {seed}: {words} stands {state}, and the customer got it {got} times");
        *sums.entry(state).or_default() += 1;
    }
    assert_eq!(sums.values().sum::<usize>(), written);
    assert_eq!(world.count("SELECT count(*) FROM deliveries WHERE line = 'carrier'"), written as i64);
    let texts = world.outside.customers_got();
    assert!(texts.iter().all(|text| text.starts_with("text ")), "somebody got what nobody wrote");
    assert_eq!(texts.len(), (1..=written).map(|n| taken(&format!("text {n}"))).sum::<usize>());
    println!("seed {seed}: {written} texts in {:?}: {sums:?}", begun.elapsed());
    world.outside.state().whim = None;
    world.finish().await;
}

#[tokio::test]
async fn a_week_with_a_carrier_that_can_be_asked() {
    week(1, Asked::Knows).await;
}

#[tokio::test]
async fn another_week_with_a_carrier_that_can_be_asked() {
    week(2026, Asked::Knows).await;
}

#[tokio::test]
async fn a_week_with_a_carrier_that_cannot_be_asked() {
    week(7, Asked::Never).await;
}

#[tokio::test]
async fn another_week_with_a_carrier_that_cannot_be_asked() {
    week(99, Asked::Never).await;
}
