//! Claims that are made with the filing: what can leave at once is filed as claimed, so that no second transaction has to
//! find it and claim it. Whoever sends it says whether it can, and is given it when it is on disk.

use crate::domain::id::DeliveryId;
use crate::domain::time::Timestamp;
use crate::store::deliveries::{Leased, Line};
use crate::store::error::StoreError;
use crate::store::handle::{Store, Tx};
use std::cell::RefCell;
use std::sync::{Arc, Mutex};

/// Claims what is filed while it is filed. Called by the thread that writes, so that what is filed in an order is handed
/// over in that order.
pub trait Claimant: Send + Sync {
    /// Whether it takes the next delivery of this lane, in which nothing waits; until when its claim holds.
    fn claim(&self, lane: &str, now: Timestamp) -> Option<Timestamp>;

    /// Something is filed for this lane that waits to be claimed.
    fn waits(&self, lane: &str);

    /// What was claimed since the last call and is on disk now, in the order in which it was filed; the rest is not.
    fn take_over(&self, claimed: Vec<Leased>);
}

/// Who claims, if somebody does.
pub(super) type ClaimantPlace = Arc<Mutex<Option<Arc<dyn Claimant>>>>;

/// What a transaction knows of it.
#[derive(Default)]
pub(super) struct AtOnce {
    pub claimant: Option<Arc<dyn Claimant>>,
    pub claimed: RefCell<Vec<DeliveryId>>,
}

impl Store {
    /// From the next commit on, this one claims what is filed; `None`: nobody does.
    pub fn set_claimant(&self, claimant: Option<Arc<dyn Claimant>>) {
        let before = std::mem::replace(&mut *self.claimant.lock().expect("nothing under this lock panics"), claimant);
        // Outside the lock: it may hold the last right to write.
        drop(before);
    }
}

impl Tx<'_> {
    /// Whether a delivery that is about to be filed is claimed with it; until when. What goes to a carrier is not: it has
    /// to wait its turn.
    pub(super) fn claim_at_once(&self, line: &Line, lane: &str, waiting: bool, now: Timestamp) -> Option<Timestamp> {
        let claimant = self.at_once.claimant.as_ref().filter(|_| matches!(line, Line::Extension(_)))?;
        let lease_until = if waiting { None } else { claimant.claim(lane, now) };
        if lease_until.is_none() {
            claimant.waits(lane);
        }
        lease_until
    }

    /// Everything about what was claimed with the filing, as it is about to be committed.
    pub(super) fn claimed_at_once(&self) -> Result<Vec<Leased>, StoreError> {
        let claimed = self.at_once.claimed.borrow();
        claimed.iter().filter_map(|&id| self.leased(id).transpose()).collect()
    }
}
