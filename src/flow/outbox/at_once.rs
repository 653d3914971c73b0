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
    /// Lanes for which something waits in the outbox: who leaves one rings.
    pub waiting: HashSet<String>,
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
        if !has_place || self.being_claimed.contains(lane) {
            return false;
        }
        *self.promised.entry(lane.to_owned()).or_default() += 1;
        true
    }

    /// The next in a lane.
    pub fn next(&mut self, lane: &str) -> Option<Leased> {
        self.joined.get_mut(lane)?.pop_front()
    }

    /// All that stand in a lane.
    pub fn all(&mut self, lane: &str) -> VecDeque<Leased> {
        self.joined.remove(lane).unwrap_or_default()
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
