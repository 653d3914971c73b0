//! The board: what is under way, how fast what may go, and how the trunks bear up. In memory: after a start nothing is
//! under way, and all are well.

use crate::bus::Bus;
use crate::domain::event::Event;
use crate::domain::id::{NumberId, TrunkId};
use crate::flow::desk::Rules;
use crate::flow::outbox::at_once::Joining;
use crate::flow::outbox::health::{Health, Sign, TrunkHealth, Turn};
use crate::flow::outbox::pace::Pace;
use crate::flow::outbox::whatsapp::WhatsAppPace;
use crate::store::deliveries::{Allowance, Leased, Sender};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// Clones are the same board.
#[derive(Clone)]
pub struct Board(Arc<Mutex<State>>);

/// What stands on it.
pub(super) struct State {
    pub busy: HashSet<String>,
    pub carrier_room: CarrierRoom,
    /// Lanes to phones that may begin; below zero where a claim and a handing over met.
    pub phone_room: isize,
    pub joining: Joining,
    pub last_served: Option<NumberId>,
    pub whatsapp: WhatsAppPace,
    pace: Pace,
    health: Health,
    dice: u64,
    looks_again: Duration,
}

impl Board {
    /// Nothing under way.
    pub fn new(rules: &Rules) -> Board {
        let mut seed = [0_u8; 8];
        getrandom::fill(&mut seed).expect("the system's random numbers");
        Board::seeded(rules, u64::from_le_bytes(seed))
    }

    /// Nothing under way; the same seed throws the same dice.
    pub fn seeded(rules: &Rules, seed: u64) -> Board {
        Board(Arc::new(Mutex::new(State {
            busy: HashSet::new(),
            carrier_room: CarrierRoom::of(rules.carrier_calls_max),
            phone_room: isize::try_from(rules.phone_lanes_max).unwrap_or(isize::MAX),
            joining: Joining::default(),
            last_served: None,
            whatsapp: WhatsAppPace::default(),
            pace: Pace::default(),
            health: Health::default(),
            dice: seed,
            looks_again: Duration::ZERO,
        })))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("nothing panics while the board is changed")
    }

    /// Nothing leaves over this trunk for a while.
    pub fn hold(&self, trunk: TrunkId, until: Duration) {
        self.state().health.hold(trunk, until);
    }

    /// The carrier asked for patience.
    pub fn slow_down(&self, trunk: TrunkId, until: Duration, now: Duration) {
        self.state().health.slow_down(trunk, until, now);
    }

    /// What a try said about a trunk.
    pub fn note(&self, trunk: TrunkId, sign: Sign, now: Duration) -> Turn {
        let mut state = self.state();
        let jitter = state.share();
        state.health.note(trunk, sign, jitter, now)
    }

    /// The trunk may send again at once: its settings were mended.
    pub fn release(&self, trunk: TrunkId) {
        self.state().health.release(trunk);
    }

    /// How a trunk is, for people.
    pub fn health(&self, trunk: TrunkId, now: Duration) -> TrunkHealth {
        self.state().health.of(trunk, now)
    }

    /// How long nothing may leave over a trunk; zero: it may.
    pub fn wait(&self, trunk: TrunkId, now: Duration) -> Duration {
        self.state().health.wait(trunk, now)
    }

    /// Growing pauses, doubled each time up to `most`, less up to a quarter, so that a thousand do not come back at once.
    pub fn pause(&self, tries: u32, first_s: u64, most_s: u64) -> Duration {
        let base = Duration::from_secs((first_s << tries.saturating_sub(1).min(16)).min(most_s));
        base - base.mul_f64(self.state().share() / 4.0)
    }

    /// Notes when something may leave that must wait now.
    pub fn note_look(&self, at: Option<Duration>) {
        self.state().looks_again = at.unwrap_or_default();
    }

    /// When something may leave that must wait now; zero: nothing waits.
    pub fn looks_again(&self) -> Duration {
        self.state().looks_again
    }

    /// Whether something of this lane is under way.
    pub fn is_busy(&self, lane: &str) -> bool {
        self.state().busy.contains(lane)
    }

    /// Frees the lane when it is left, or whatever happened.
    pub(super) fn lane_guard(&self, lane: &str, to_phone: bool, bus: Bus) -> LaneGuard {
        LaneGuard { board: self.clone(), lane: lane.to_owned(), to_phone, bus, freed: false }
    }

    /// What stands behind the delivery that is under way in a lane.
    pub(super) fn next_in(&self, lane: &str) -> Option<Leased> {
        self.state().joining.next(lane)
    }

    /// All of it, to go back into the outbox; until that is said to be done, nothing joins the lane.
    pub(super) fn send_back(&self, lane: &str) -> VecDeque<Leased> {
        self.state().joining.send_back(lane)
    }

    /// It is there.
    pub(super) fn are_back(&self, lane: &str) {
        self.state().joining.are_back(lane);
    }
}

/// The places for calls to carriers, and who has them. A trunk whose carrier keeps silent holds its places for as long as
/// a call may take: so the last eighth is for trunks that hold fewer, and the very last place for one that holds none.
#[derive(Clone)]
pub(super) struct CarrierRoom {
    left: usize,
    lanes: HashMap<String, TrunkId>,
    by_trunk: HashMap<TrunkId, usize>,
}

impl CarrierRoom {
    fn of(places: usize) -> CarrierRoom {
        CarrierRoom { left: places, lanes: HashMap::new(), by_trunk: HashMap::new() }
    }

    /// Places that are left, for whichever trunk.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Whether a trunk may have one more.
    pub fn has_place_for(&self, trunk: TrunkId) -> bool {
        let held = self.by_trunk.get(&trunk).copied().unwrap_or(0);
        self.left > 0 && (held == 0 || (self.left > 1 && held < 7 * self.left))
    }

    /// A call of this lane takes a place.
    pub fn take(&mut self, lane: &str, trunk: TrunkId) {
        self.left -= 1;
        self.lanes.insert(lane.to_owned(), trunk);
        *self.by_trunk.entry(trunk).or_default() += 1;
    }

    fn free(&mut self, lane: &str) {
        self.left += 1;
        let Some(trunk) = self.lanes.remove(lane) else { return };
        if let Some(held) = self.by_trunk.get_mut(&trunk) {
            *held -= 1;
        }
        self.by_trunk.retain(|_, held| *held > 0);
    }
}

impl State {
    /// Frees a lane; whether something may wait for that in the outbox.
    fn free(&mut self, lane: &str, to_phone: bool) -> bool {
        self.busy.remove(lane);
        let was_full = to_phone && self.phone_room <= 0;
        if to_phone {
            self.phone_room += 1;
        } else {
            self.carrier_room.free(lane);
        }
        self.joining.left(lane, was_full)
    }

    /// How long nothing may leave over the trunk of a number.
    pub fn trunk_wait(&self, sender: &Sender, now: Duration) -> Duration {
        self.health.wait(sender.trunk, now)
    }

    /// Whether a trunk may send now.
    pub fn trunk_may_leave(&self, trunk: TrunkId, now: Duration) -> bool {
        self.health.wait(trunk, now).is_zero()
    }

    /// How long a number must wait for its turn, its trunk's included.
    pub fn wait(&self, sender: &Sender, now: Duration) -> Duration {
        let allowed = self.allowed(sender, now);
        self.pace.wait(sender.number, sender.trunk, allowed, now).max(self.trunk_wait(sender, now))
    }

    /// A message of so many segments leaves.
    pub fn leaves(&mut self, sender: &Sender, segments: u32, now: Duration) {
        let allowed = self.allowed(sender, now);
        let cost = if allowed.in_segments { segments } else { 1 };
        self.pace.take(sender.number, sender.trunk, allowed, cost, now);
        self.health.leaves(sender.trunk, now);
    }

    fn allowed(&self, sender: &Sender, now: Duration) -> Allowance {
        let share = self.health.share(sender.trunk, now);
        Allowance {
            number_mps: sender.allowed.number_mps * share,
            trunk_mps: sender.allowed.trunk_mps.map(|rate| rate * share),
            ..sender.allowed
        }
    }

    /// From 0 to 1, by splitmix64.
    fn share(&mut self) -> f64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// See [`Board::lane_guard`].
pub(super) struct LaneGuard {
    board: Board,
    lane: String,
    to_phone: bool,
    bus: Bus,
    freed: bool,
}

impl LaneGuard {
    /// Frees the lane and says so, unless something has joined it meanwhile: that is next. It rings where something may
    /// wait in the outbox for this lane; `may_wait`: it may, as far as the caller knows.
    pub fn leave(&mut self, may_wait: bool) -> bool {
        let mut state = self.board.state();
        if !state.joining.is_empty(&self.lane) {
            return false;
        }
        self.freed = true;
        let waits = state.free(&self.lane, self.to_phone);
        drop(state);
        if waits || may_wait {
            self.bus.publish(&[Event::OutboxRung]);
        }
        true
    }
}

impl Drop for LaneGuard {
    fn drop(&mut self) {
        if !self.freed {
            // What had joined the lane is found when its claims have run out.
            self.board.state().free(&self.lane, self.to_phone);
            self.bus.publish(&[Event::OutboxRung]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_trunk_leaves_places_for_the_others() {
        let mut room = CarrierRoom::of(64);
        let mut taken = |trunk: TrunkId| {
            let mut taken = 0;
            while room.has_place_for(trunk) {
                room.take(&format!("{trunk} {taken}"), trunk);
                taken += 1;
            }
            taken
        };

        assert_eq!([taken(TrunkId(1)), taken(TrunkId(2)), taken(TrunkId(3)), taken(TrunkId(4))], [56, 7, 1, 0]);
        room.free("1 0");
        assert!(room.has_place_for(TrunkId(4)) && !room.has_place_for(TrunkId(1)));
    }

    #[test]
    fn one_place_is_enough_for_one_trunk_after_the_other() {
        let mut room = CarrierRoom::of(1);
        for trunk in [TrunkId(1), TrunkId(2)] {
            assert!(room.has_place_for(trunk));
            room.take("lane", trunk);
            assert!(!room.has_place_for(trunk) && room.left() == 0);
            room.free("lane");
        }
    }
}
