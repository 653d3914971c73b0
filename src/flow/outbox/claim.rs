//! Claiming what is due: one short transaction, in which lanes that are busy, numbers that must wait and lines that are full stay behind.

use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::flow::consent::refuse::may_leave;
use crate::flow::desk::Desk;
pub use crate::flow::outbox::board::Board;
use crate::flow::outbox::board::{CarrierRoom, State};
use crate::flow::outbox::decide::SHORT_WAIT;
use crate::flow::outbox::lines::Lines;
use crate::flow::outbox::record::fail_over;
use crate::flow::outbox::whatsapp::May;
use crate::store::deliveries::{Leased, Priority, Sender};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How many deliveries of one phone are claimed at once: they leave in order, and a phone takes a text twice without harm.
pub(super) const PHONE_BATCH_MAX: usize = 64;
/// How many deliveries one claim looks at.
const LOOK_MAX: usize = 512;
/// The least of it, where room is scarce.
const LOOK_MIN: usize = 16;

/// How soon it is looked again while something is under way: something else may be due before that is done.
const BUSY_LOOK: Duration = Duration::from_millis(250);

/// Deliveries of one lane, claimed.
pub struct Batch {
    /// Their lane.
    pub lane: String,
    /// Whether they go to phones.
    pub to_phone: bool,
    /// The trunk they leave over, where they go to a carrier.
    trunk: Option<TrunkId>,
    /// In order.
    pub leased: VecDeque<Leased>,
    /// Whether it was claimed out of the outbox, where more of its lane may wait; not handed over with its filing.
    pub from_outbox: bool,
}

impl Batch {
    /// One delivery to a phone that was claimed with its filing.
    pub fn handed_over(lane: String, leased: Leased) -> Batch {
        Batch { lane, to_phone: true, trunk: None, leased: VecDeque::from([leased]), from_outbox: false }
    }
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

/// The moment of a claim.
#[derive(Clone, Copy)]
struct Moment {
    now: Timestamp,
    monotonic: Duration,
    lease_until: Timestamp,
}

/// Claims what is due and can leave now.
pub async fn claim<L: Lines>(desk: &Desk, board: &Board, lines: &Arc<L>) -> Result<Claimed, StoreError> {
    let now = desk.now();
    let moment = Moment { now, monotonic: desk.clock.monotonic(), lease_until: now.plus(desk.rules.lease) };
    let (lanes, lines) = (board.clone(), Arc::clone(lines));
    let claimed = desk
        .store
        .write_together(move |tx| {
            let mut state = lanes.state();
            let mut claimed = Claimed { batches: Vec::new(), wait: None, more: false };
            claim_phones(tx, &mut state, &mut claimed, moment)?;
            let mut senders = tx.senders_with_due(now)?;
            for sender in &mut senders {
                sender.allowed.trunk_mps = sender.allowed.trunk_mps.or_else(|| lines.account_mps(sender.trunk));
            }
            claim_carriers(tx, &mut state, &mut claimed, senders, moment)?;
            if !claimed.batches.is_empty() || !state.busy.is_empty() {
                // Each of them rings when it is done; so what is due next is asked for when all is quiet.
                claimed.wait_at_most(BUSY_LOOK);
            } else if let Some(next) = tx.next_due(now)? {
                claimed.wait_at_most(next.since(now));
            }
            Ok::<_, StoreError>(claimed)
        })
        .await;
    let mut state = board.state();
    state.joining.being_claimed.clear();
    let claimed = claimed?;
    // Only now: a claim that did not reach the disk makes no lane busy.
    for batch in &claimed.batches {
        state.busy.insert(batch.lane.clone());
        match batch.trunk {
            None => state.phone_room -= 1,
            Some(trunk) => state.carrier_room.take(&batch.lane, trunk),
        }
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

    /// Over this trunk; without one, to a phone.
    fn add(&mut self, lane: &str, trunk: Option<TrunkId>, leased: Leased) {
        match self.batches.iter_mut().rev().find(|batch| batch.lane == lane) {
            Some(batch) => batch.leased.push_back(leased),
            None => {
                let (lane, to_phone) = (lane.to_owned(), trunk.is_none());
                let leased = VecDeque::from([leased]);
                self.batches.push(Batch { lane, to_phone, trunk, leased, from_outbox: true });
            }
        }
    }

    fn in_lane(&self, lane: &str) -> usize {
        self.batches.iter().rev().find(|batch| batch.lane == lane).map_or(0, |batch| batch.leased.len())
    }
}

fn claim_phones(tx: &Tx<'_>, state: &mut State, claimed: &mut Claimed, at: Moment) -> Result<(), StoreError> {
    let Some(mut room) = usize::try_from(state.phone_room).ok().filter(|room| *room > 0) else { return Ok(()) };
    let all_due = tx.due_for_phones(at.now, &state.busy, LOOK_MAX)?;
    claimed.more |= all_due.len() == LOOK_MAX;
    for due in all_due {
        // It is handed over with this very commit; what waits behind it has rung already.
        if state.joining.is_promised(&due.lane) {
            continue;
        }
        let in_lane = claimed.in_lane(&due.lane);
        if in_lane >= PHONE_BATCH_MAX || (in_lane == 0 && room == 0) {
            continue;
        }
        if in_lane == 0 {
            room -= 1;
        }
        if tx.claim(due.id, at.lease_until, at.now)?
            && let Some(leased) = tx.leased(due.id)?
        {
            state.joining.being_claimed.insert(due.lane.clone());
            claimed.add(&due.lane, None, leased);
        }
    }
    Ok(())
}

/// Replies of all numbers before anything else: also where they share the pace of a trunk.
fn claim_carriers(
    tx: &Tx<'_>,
    state: &mut State,
    claimed: &mut Claimed,
    mut senders: Vec<Sender>,
    at: Moment,
) -> Result<(), StoreError> {
    let mut room = state.carrier_room.clone();
    if room.left() == 0 {
        return Ok(());
    }
    // In turns: where there is not room for all, the numbers after the last one served come first.
    let served = senders.iter().filter(|sender| Some(sender.number) <= state.last_served).count();
    senders.rotate_left(served);
    let mut waiting = HashSet::new();
    for sender in senders.iter().filter(|sender| state.trunk_wait(sender, at.monotonic) > SHORT_WAIT) {
        go_another_way(tx, state, sender, at)?;
    }
    for priority in [Priority::Reply, Priority::Automatic, Priority::Campaign] {
        for sender in &senders {
            if room.has_place_for(sender.trunk) && !waiting.contains(&sender.number) {
                let waits = claim_from(tx, state, claimed, (sender, priority), &mut room, at)?;
                if waits {
                    waiting.insert(sender.number);
                }
            }
        }
    }
    Ok(())
}

/// One delivery of a lane at a time: what waits in memory behind another call could not be told from what was sent, after
/// a crash. Whether the number must wait for its turn.
fn claim_from(
    tx: &Tx<'_>,
    state: &mut State,
    claimed: &mut Claimed,
    (sender, priority): (&Sender, Priority),
    room: &mut CarrierRoom,
    at: Moment,
) -> Result<bool, StoreError> {
    let wait = state.wait(sender, at.monotonic);
    if !wait.is_zero() {
        claimed.wait_at_most(wait);
        return Ok(true);
    }
    // Some stand behind another of their lane; there is no use in looking at many more than there is room for.
    let look_max = (2 * room.left()).clamp(LOOK_MIN, LOOK_MAX);
    let all_due = tx.due_from(sender.number, priority, at.now, &state.busy, look_max)?;
    claimed.more |= all_due.len() == look_max;
    for due in all_due {
        if !room.has_place_for(sender.trunk) {
            return Ok(false);
        }
        if claimed.in_lane(&due.lane) > 0 {
            continue;
        }
        let wait = state.wait(sender, at.monotonic);
        if !wait.is_zero() {
            claimed.wait_at_most(wait);
            return Ok(true);
        }
        if let Some(to) = &due.to
            && !may_leave(tx, due.id, to, priority, at.now)?
        {
            continue;
        }
        let pair = match state.whatsapp.look(tx, (due.id, &due.lane), sender.number, (at.now, at.monotonic))? {
            May::Leave(pair) => pair,
            May::Wait(wait) => {
                claimed.wait_at_most(wait);
                continue;
            }
            May::Over => continue,
        };
        if tx.claim(due.id, at.lease_until, at.now)?
            && let Some(leased) = tx.leased(due.id)?
        {
            state.whatsapp.left(tx, due.id, pair, (at.now, at.monotonic))?;
            state.leaves(sender, leased.segments, at.monotonic);
            room.take(&due.lane, sender.trunk);
            state.last_served = Some(sender.number);
            claimed.add(&due.lane, Some(sender.trunk), leased);
        }
    }
    Ok(false)
}

/// Over a trunk that will not take anything for a while: what certainly was not taken leaves over another.
fn go_another_way(tx: &Tx<'_>, state: &State, sender: &Sender, at: Moment) -> Result<(), StoreError> {
    let mut lanes = HashSet::new();
    let may_leave = |trunk| state.trunk_may_leave(trunk, at.monotonic);
    for delivery in tx.due_and_untaken(sender, at.now, LOOK_MAX)? {
        if lanes.insert(delivery.lane.clone()) {
            fail_over(tx, &delivery, &may_leave, at.now)?;
        }
    }
    Ok(())
}
