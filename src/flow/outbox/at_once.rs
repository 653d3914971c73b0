//! What phones can be sent at once is claimed with its filing and handed over with the commit: no second transaction, no
//! look into the outbox. It goes behind what is under way in its lane; see [`crate::store::at_once`].

use crate::domain::time::Timestamp;
use crate::flow::desk::Desk;
use crate::flow::outbox::board::Board;
use crate::flow::outbox::claim::{Batch, PHONE_BATCH_MAX};
use crate::flow::outbox::lines::Lines;
use crate::flow::outbox::run_lane;
use crate::store::at_once::Claimant;
use crate::store::deliveries::Leased;
use crate::store::handle::Store;
use std::collections::{HashMap, HashSet, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// The part of the board about it.
#[derive(Default)]
pub(super) struct Joining {
    /// Lanes that a claim under way may have taken: what is filed for them goes into the outbox, behind that.
    pub being_claimed: HashSet<String>,
    /// How many deliveries were promised to be taken since the last commit.
    promised: HashMap<String, usize>,
    /// What stands behind the delivery that is under way in a lane; more than a batch waits in the outbox.
    joined: HashMap<String, VecDeque<Leased>>,
    /// Lanes whose deliveries are just going back into the outbox: what is filed for them goes behind those.
    going_back: HashSet<String>,
    /// Lanes for which something waits in the outbox: who leaves one rings.
    waiting: HashSet<String>,
}

impl Joining {
    /// Whether a lane takes one more; `busy`: something of it is under way; `room`: so many lanes can begin.
    fn takes(&mut self, lane: &str, busy: &HashSet<String>, room: isize) -> bool {
        let promised = self.promised.get(lane).copied().unwrap_or(0);
        let begins = || self.promised.keys().filter(|lane| !busy.contains(*lane)).count();
        let has_place = if busy.contains(lane) || promised > 0 {
            self.joined.get(lane).map_or(0, VecDeque::len) + promised < PHONE_BATCH_MAX
        } else {
            isize::try_from(begins()).is_ok_and(|begins| begins < room)
        };
        if !has_place || self.being_claimed.contains(lane) || self.going_back.contains(lane) {
            return false;
        }
        *self.promised.entry(lane.to_owned()).or_default() += 1;
        true
    }

    /// Whether something of a lane is handed over with the commit that is under way.
    pub fn is_promised(&self, lane: &str) -> bool {
        self.promised.contains_key(lane)
    }

    /// Whether something waits in the outbox for a lane that is left now; `full`: or for any lane, since all places were
    /// taken. What the commit under way hands over will leave that lane, too.
    pub fn left(&mut self, lane: &str, full: bool) -> bool {
        self.joined.remove(lane);
        self.going_back.remove(lane);
        let waits = self.waiting.contains(lane) || full && !self.waiting.is_empty();
        if !self.is_promised(lane) {
            self.waiting.remove(lane);
        }
        waits
    }

    /// The next in a lane.
    pub fn next(&mut self, lane: &str) -> Option<Leased> {
        self.joined.get_mut(lane)?.pop_front()
    }

    /// All that stand in a lane, to go back into the outbox.
    pub fn send_back(&mut self, lane: &str) -> VecDeque<Leased> {
        self.going_back.insert(lane.to_owned());
        self.joined.remove(lane).unwrap_or_default()
    }

    /// They are there.
    pub fn are_back(&mut self, lane: &str) {
        self.going_back.remove(lane);
    }

    /// Whether nothing stands in a lane.
    pub fn is_empty(&self, lane: &str) -> bool {
        self.joined.get(lane).is_none_or(VecDeque::is_empty)
    }
}

/// The outbox while it runs, as the store sees it.
struct AtOnce<L> {
    desk: Desk,
    lines: Arc<L>,
    board: Board,
    lanes: Lanes,
    runtime: Handle,
}

impl<L: Lines> Claimant for AtOnce<L> {
    fn claim(&self, lane: &str, now: Timestamp) -> Option<Timestamp> {
        let mut state = self.board.state();
        let state = &mut *state;
        state.joining.takes(lane, &state.busy, state.phone_room).then(|| now.plus(self.desk.rules.lease))
    }

    fn waits(&self, lane: &str) {
        self.board.state().joining.waiting.insert(lane.to_owned());
    }

    fn take_over(&self, claimed: Vec<Leased>) {
        let mut state = self.board.state();
        state.joining.promised.clear();
        for leased in claimed {
            let lane = leased.delivery.lane.clone();
            if state.busy.contains(&lane) {
                state.joining.joined.entry(lane).or_default().push_back(leased);
                continue;
            }
            state.busy.insert(lane.clone());
            state.phone_room -= 1;
            let begun = run_lane(
                self.desk.clone(),
                Arc::clone(&self.lines),
                self.board.clone(),
                Batch::handed_over(lane, leased),
            );
            self.lanes.spawn(begun, &self.runtime);
        }
    }
}

/// The tasks that send, each for one lane. They end with the outbox, even where it is ended in the middle of something.
#[derive(Clone, Default)]
pub(super) struct Lanes(Arc<Mutex<JoinSet<()>>>);

impl Lanes {
    /// Begins with a lane, and lets go of those that are done.
    pub fn spawn(&self, lane: impl Future<Output = ()> + Send + 'static, runtime: &Handle) {
        let mut lanes = self.0.lock().expect("nothing under this lock panics");
        while lanes.try_join_next().is_some() {}
        lanes.spawn_on(lane, runtime);
    }

    /// Waits until all that have begun are done.
    pub async fn wait(&self) {
        let mut begun = std::mem::take(&mut *self.0.lock().expect("nothing under this lock panics"));
        while begun.join_next().await.is_some() {}
    }

    fn abort(&self) {
        self.0.lock().expect("nothing under this lock panics").abort_all();
    }
}

/// Claims what is filed until it is dropped; that ends what is under way in the lanes, unless it was waited for.
pub(super) struct Claiming {
    store: Store,
    lanes: Lanes,
}

impl Claiming {
    /// From now on.
    pub fn begin<L: Lines>(desk: &Desk, lines: &Arc<L>, board: &Board, lanes: &Lanes) -> Claiming {
        let (lines, board, lanes) = (Arc::clone(lines), board.clone(), lanes.clone());
        let claiming = Claiming { store: desk.store.clone(), lanes: lanes.clone() };
        let at_once = AtOnce { desk: desk.clone(), lines, board, lanes, runtime: Handle::current() };
        desk.store.set_claimant(Some(Arc::new(at_once)));
        claiming
    }

    /// No more from now on; and waits for what is under way.
    pub async fn end(self) {
        self.store.set_claimant(None);
        // A commit that is under way may still hand something over.
        let _ = self.store.alive().await;
        self.lanes.wait().await;
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        self.store.set_claimant(None);
        self.lanes.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(names: &[&str]) -> HashSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_lane_takes_a_batch_behind_what_is_under_way_and_no_more() {
        let (mut joining, busy) = (Joining::default(), lanes(&["x1"]));

        let taken = (0..PHONE_BATCH_MAX + 10).filter(|_| joining.takes("x1", &busy, 0)).count();

        assert_eq!(taken, PHONE_BATCH_MAX);
        assert!(joining.is_promised("x1"), "and no claim in the same commit takes what waits behind it");
    }

    #[test]
    fn no_more_lanes_begin_than_there_is_room_for() {
        let mut joining = Joining::default();

        let begun = ["x1", "x2", "x1", "x3"].map(|lane| joining.takes(lane, &lanes(&[]), 2));

        assert_eq!(begun, [true, true, true, false]);
    }

    #[test]
    fn what_is_filed_while_a_lane_is_claimed_or_goes_back_waits_behind_that() {
        let mut joining = Joining { being_claimed: lanes(&["x1"]), ..Joining::default() };
        joining.send_back("x2");
        assert!(!joining.takes("x1", &lanes(&[]), 9) && !joining.takes("x2", &lanes(&["x2"]), 9));

        joining.being_claimed.clear();
        joining.are_back("x2");
        assert!(joining.takes("x1", &lanes(&[]), 9) && joining.takes("x2", &lanes(&["x2"]), 9));
    }

    #[test]
    fn who_leaves_a_lane_rings_for_what_waits_for_it_or_for_any_place() {
        let mut joining = Joining { waiting: lanes(&["x1", "x2"]), ..Joining::default() };

        assert!(!joining.left("x9", false), "nothing waits for this one");
        assert!(joining.left("x9", true), "all places were taken");
        assert!(joining.left("x1", false));
        assert!(!joining.left("x1", false), "it has rung for that");
    }

    #[test]
    fn a_lane_that_is_handed_over_anew_rings_when_that_leaves() {
        let mut joining = Joining::default();
        assert!(joining.takes("x1", &lanes(&["x1"]), 0));
        joining.waiting.insert("x1".to_owned());

        assert!(joining.left("x1", false), "the one before it rings, too early to help");
        joining.promised.clear();
        assert!(joining.left("x1", false));
    }
}
