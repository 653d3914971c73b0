//! Which numbers an account has, asked of its carrier: nobody copies ids by hand.

use crate::carrier::dialect::{AccountNumber, Known, Question};
use crate::domain::id::TrunkId;
use crate::egress::switchboard::Switchboard;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;

/// Asks a trunk's carrier; the exchange is kept.
pub async fn ask(desk: &Desk, switchboard: &Switchboard, trunk: TrunkId) -> Result<Vec<AccountNumber>, FlowError> {
    let (answer, exchanges) = switchboard.ask(trunk, &Question::Numbers).await;
    desk.store
        .write(move |tx| {
            for exchange in &exchanges {
                tx.insert_exchange(exchange)?;
            }
            Ok::<_, FlowError>(())
        })
        .await?;
    match answer {
        Some(Ok(Known::Numbers(numbers))) => Ok(numbers),
        Some(Err(error)) => {
            let reason = error.reason();
            let detail = reason.detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
            let code = reason.code;
            let both = (format!("{}{detail}", code.english()), format!("{}{detail}", code.german()));
            Err(FlowError::NotAllowed(both.into()))
        }
        Some(Ok(_)) | None => Err(FlowError::NotAllowed(
            (
                "this carrier cannot be asked for its numbers",
                "dieser Anbieter lässt sich nicht nach seinen Rufnummern fragen",
            )
                .into(),
        )),
    }
}
