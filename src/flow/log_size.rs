//! Keeps the channel log within its bytes: the oldest goes first, whatever its age. The whole log is measured once at the
//! start; from then on only what is new.

use crate::domain::id::ExchangeId;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::exchanges::Stretch;
use std::collections::VecDeque;

/// How many rows one step forgets at most.
const STEP_MAX: usize = 500;

/// What the log takes, in stretches from the oldest on.
#[derive(Debug, Default)]
pub struct LogSize {
    stretches: VecDeque<Stretch>,
}

impl LogSize {
    /// Measures what is new, and forgets what is too much.
    pub async fn keep(&mut self, desk: &Desk) -> Result<(), FlowError> {
        let after = self.stretches.back().map_or(ExchangeId(0), |stretch| stretch.last);
        let (oldest, new) = desk
            .store
            .reader()
            .read(move |rows| Ok::<_, FlowError>((rows.oldest_exchange()?, rows.exchanges_measured_after(after)?)))
            .await?;
        self.stretches.extend(new);
        // What was forgotten for its age no longer counts.
        let oldest = oldest.unwrap_or(ExchangeId(i64::MAX));
        while self.stretches.front().is_some_and(|stretch| stretch.last < oldest) {
            self.stretches.pop_front();
        }
        if let Some(last) = self.too_much(desk.rules.log_bytes_max) {
            while desk.store.write(move |tx| Ok::<_, FlowError>(tx.forget_exchanges_up_to(last, STEP_MAX)?)).await?
                == STEP_MAX
            {}
        }
        Ok(())
    }

    /// Up to where to forget, so that the rest fits.
    fn too_much(&mut self, bytes_max: u64) -> Option<ExchangeId> {
        let mut total: u64 = self.stretches.iter().map(|stretch| stretch.bytes).sum();
        let mut last = None;
        while total > bytes_max {
            let stretch = self.stretches.pop_front()?;
            total -= stretch.bytes;
            last = Some(stretch.last);
        }
        last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_goes_until_the_rest_fits() {
        let stretch = |last, bytes| Stretch { last: ExchangeId(last), bytes };
        let mut size = LogSize { stretches: [stretch(10, 100), stretch(20, 50), stretch(30, 60)].into() };

        assert_eq!(size.too_much(210), None);
        assert_eq!(size.too_much(109), Some(ExchangeId(20)));
        assert_eq!(size.stretches.len(), 1);
        assert_eq!(size.too_much(0), Some(ExchangeId(30)));
        assert_eq!(size.too_much(0), None);
    }
}
