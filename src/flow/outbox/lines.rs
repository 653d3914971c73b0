//! The lines as the outbox sees them: something that takes a leased delivery and says how the try ended.

use crate::carrier::dialect::Known;
use crate::domain::delivery::SendError;
use crate::domain::exchange::Exchange;
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::egress::outcome::Tried;
use crate::store::deliveries::Leased;
use std::future::Future;

/// Where deliveries leave. The house has one; a test has its own.
pub trait Lines: Send + Sync + 'static {
    /// Tries to hand over one delivery.
    fn send(&self, leased: &Leased) -> impl Future<Output = Tried> + Send;

    /// Asks a carrier whether it took a delivery whose answer was never seen; `None` where it cannot be asked.
    fn taken(
        &self,
        leased: &Leased,
        since: Timestamp,
    ) -> impl Future<Output = (Option<Result<Known, SendError>>, Vec<Exchange>)> + Send;

    /// Whether a send that may have been taken can be repeated without harm: the carrier takes one key once.
    fn is_idempotent(&self, trunk: TrunkId) -> bool;

    /// Whether the trunk is set to send again what the carrier cannot be asked about.
    fn sends_again(&self, trunk: TrunkId) -> bool;

    /// The pace of the whole account, where nobody set one and the carrier has one.
    fn account_mps(&self, _trunk: TrunkId) -> Option<f64> {
        None
    }
}
