//! Claiming what is due: one short transaction, in which lanes that are busy, numbers that must wait and lines that are full stay behind.

use crate::bus::Bus;
use crate::domain::event::Event;
use crate::domain::id::{NumberId, TrunkId};
use crate::domain::time::Timestamp;
use crate::flow::desk::{Desk, Rules};
use crate::flow::outbox::pace::Pace;
use crate::store::deliveries::Leased;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// How many deliveries of one phone are claimed at once: they leave in order, and a phone takes a text twice without harm.
const PHONE_BATCH_MAX: usize = 64;
/// How many deliveries one claim looks at.
const LOOK_MAX: usize = 512;
/// The least of it, where room is scarce.
const LOOK_MIN: usize = 16;

/// What is under way, and how fast what may go. In memory: after a restart nothing is under way.
#[derive(Clone)]
pub struct Board(Arc<Mutex<State>>);

struct State {
    busy: HashSet<String>,
    carrier_room: usize,
    phone_room: usize,
    pace: Pace,
    last_served: Option<NumberId>,
}

/// Deliveries of one lane, claimed.
pub struct Batch {
    lane: String,
    to_phone: bool,
    /// In order.
    pub leased: Vec<Leased>,
}

/// What a claim brought.
pub struct Claimed {
    /// To be sent, each lane by a task of its own.
    pub batches: Vec<Batch>,
    /// When to look again without a bell.
    pub wait: Option<Duration>,
    /// Whether there was more than one look can see: look again at once, now that these lanes are busy.
    pub more: bool,
}

impl Board {
    /// Nothing under way.
    pub fn new(rules: &Rules) -> Board {
        Board(Arc::new(Mutex::new(State {
            busy: HashSet::new(),
            carrier_room: rules.carrier_calls_max,
            phone_room: rules.phone_lanes_max,
            pace: Pace::default(),
            last_served: None,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while the board is changed")
    }

    /// Nothing leaves over this trunk for a while.
    pub fn hold(&self, trunk: TrunkId, until: Duration) {
        self.state().pace.hold(trunk, until);
    }

    /// The trunk may send again at once: its settings were mended.
    pub fn release(&self, trunk: TrunkId) {
        self.state().pace.release(trunk);
    }

    /// Whether something of this lane is under way.
    pub fn is_busy(&self, lane: &str) -> bool {
        self.state().busy.contains(lane)
    }

    /// Frees the lane when dropped, whatever happened, and rings for what came meanwhile.
    pub fn lane_guard(&self, batch: &Batch, bus: Bus) -> LaneGuard {
        LaneGuard { board: self.clone(), lane: batch.lane.clone(), to_phone: batch.to_phone, bus }
    }

    fn free(&self, lane: &str, to_phone: bool) {
        let mut state = self.state();
        state.busy.remove(lane);
        if to_phone {
            state.phone_room += 1;
        } else {
            state.carrier_room += 1;
        }
    }
}

/// See [`Board::lane_guard`].
pub struct LaneGuard {
    board: Board,
    lane: String,
    to_phone: bool,
    bus: Bus,
}

impl Drop for LaneGuard {
    fn drop(&mut self) {
        self.board.free(&self.lane, self.to_phone);
        self.bus.publish(&[Event::OutboxRung]);
    }
}

/// Claims what is due and can leave now.
pub async fn claim(desk: &Desk, board: &Board) -> Result<Claimed, StoreError> {
    let (now, monotonic) = (desk.now(), desk.clock.monotonic());
    let lease_until = now.plus(desk.rules.lease);
    let lanes = board.clone();
    let claimed = desk
        .store
        .write_together(move |tx| {
            let mut state = lanes.state();
            let mut claimed = Claimed { batches: Vec::new(), wait: None, more: false };
            claim_phones(tx, &mut state, &mut claimed, lease_until, now)?;
            claim_carriers(tx, &mut state, &mut claimed, (lease_until, now, monotonic))?;
            if let Some(next) = tx.next_due(now)? {
                claimed.wait_at_most(next.since(now));
            }
            Ok::<_, StoreError>(claimed)
        })
        .await?;
    // Only now: a claim that did not reach the disk makes no lane busy.
    let mut state = board.state();
    for batch in &claimed.batches {
        state.busy.insert(batch.lane.clone());
        *(if batch.to_phone { &mut state.phone_room } else { &mut state.carrier_room }) -= 1;
    }
    drop(state);
    Ok(claimed)
}

impl Claimed {
    fn wait_at_most(&mut self, wait: Duration) {
        // Never zero: the outbox would turn on the spot.
        let wait = wait.max(Duration::from_millis(1));
        self.wait = Some(self.wait.map_or(wait, |so_far| so_far.min(wait)));
    }

    fn add(&mut self, lane: &str, to_phone: bool, leased: Leased) {
        match self.batches.iter_mut().rev().find(|batch| batch.lane == lane) {
            Some(batch) => batch.leased.push(leased),
            None => self.batches.push(Batch { lane: lane.to_owned(), to_phone, leased: vec![leased] }),
        }
    }

    fn in_lane(&self, lane: &str) -> usize {
        self.batches.iter().rev().find(|batch| batch.lane == lane).map_or(0, |batch| batch.leased.len())
    }
}

fn claim_phones(
    tx: &Tx<'_>,
    state: &mut State,
    claimed: &mut Claimed,
    lease_until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut room = state.phone_room;
    if room == 0 {
        return Ok(());
    }
    let all_due = tx.due_for_phones(now, &state.busy, LOOK_MAX)?;
    claimed.more |= all_due.len() == LOOK_MAX;
    for due in all_due {
        let in_lane = claimed.in_lane(&due.lane);
        if in_lane >= PHONE_BATCH_MAX || (in_lane == 0 && room == 0) {
            continue;
        }
        if in_lane == 0 {
            room -= 1;
        }
        if tx.claim(due.id, lease_until, now)?
            && let Some(leased) = tx.leased(due.id)?
        {
            claimed.add(&due.lane, true, leased);
        }
    }
    Ok(())
}

/// One delivery of a lane at a time: what waits in memory behind another call could not be told from what was sent, after a crash.
fn claim_carriers(
    tx: &Tx<'_>,
    state: &mut State,
    claimed: &mut Claimed,
    (lease_until, now, monotonic): (Timestamp, Timestamp, Duration),
) -> Result<(), StoreError> {
    let mut room = state.carrier_room;
    if room == 0 {
        return Ok(());
    }
    let mut numbers = tx.numbers_with_due(now)?;
    // In turns: where there is not room for all, the numbers after the last one served come first.
    let served = numbers.iter().filter(|(number, ..)| Some(*number) <= state.last_served).count();
    numbers.rotate_left(served);
    for (number, trunk, allowed) in numbers {
        // Some stand behind another of their lane; there is no use in looking at many more than there is room for.
        let look_max = (2 * room).clamp(LOOK_MIN, LOOK_MAX);
        let all_due = tx.due_from(number, now, &state.busy, look_max)?;
        claimed.more |= all_due.len() == look_max;
        for due in all_due {
            if room == 0 {
                return Ok(());
            }
            if claimed.in_lane(&due.lane) > 0 {
                continue;
            }
            if let Err(wait) = state.pace.take(number, trunk, allowed, monotonic) {
                claimed.wait_at_most(wait);
                break;
            }
            if tx.claim(due.id, lease_until, now)?
                && let Some(leased) = tx.leased(due.id)?
            {
                room -= 1;
                state.last_served = Some(number);
                claimed.add(&due.lane, false, leased);
            }
        }
    }
    Ok(())
}
