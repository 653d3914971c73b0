//! What must be done by the clock: texts whose time is up, conversations that end by themselves, phones that left,
//! and what is forgotten after a while. Each step is small, so that no commit takes long.

use crate::domain::delivery::DeliveryState;
use crate::domain::event::Event;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::flow::campaign::expiry::{halt_refused, take_back_expired};
use crate::flow::consent::{audit, people};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::inbound_parts;
use crate::flow::log_size::LogSize;
use crate::flow::session::end_idle;
use crate::store::deliveries::{Delivery, Line, Priority};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::sessions::Step;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How often the janitor goes round.
const EVERY: Duration = Duration::from_secs(15);
/// How often conversations are looked for that end by themselves, after days: it looks at all that are open.
const IDLE_EVERY: Duration = Duration::from_secs(600);
/// How often messages are looked for that are kept no longer.
const RETENTION_EVERY: Duration = Duration::from_secs(3600);
/// How many rows one step touches at most.
const STEP_MAX: usize = 500;
/// How long a report waits for its delivery.
const EARLY_REPORTS_KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long it is remembered whom a WhatsApp account wrote to first: its limit is one of a day.
const FIRST_WORDS_KEPT: Duration = Duration::from_secs(25 * 3600);

/// Goes round until the daemon stops.
pub async fn run(desk: Desk, stop: tokio_util::sync::CancellationToken) {
    let mut log = LogSize::default();
    let (mut retention_at, mut idle_at) = (Duration::ZERO, Duration::ZERO);
    loop {
        let went_round = async {
            let ends_idle = desk.clock.monotonic() >= idle_at;
            if ends_idle {
                idle_at = desk.clock.monotonic() + IDLE_EVERY;
            }
            go_round(&desk, ends_idle).await?;
            if desk.clock.monotonic() >= retention_at {
                // They look at each session and at each webhook: not too often.
                people::forget_old_messages(&desk).await?;
                forget_webhooks(&desk).await?;
                retention_at = desk.clock.monotonic() + RETENTION_EVERY;
            }
            log.keep(&desk).await
        };
        if let Err(error) = went_round.await {
            tracing::error!(%error, "The janitor could not do its round: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = desk.clock.sleep(EVERY) => {}
        }
    }
}

/// One round, with all there is to do.
pub async fn round(desk: &Desk) -> Result<(), FlowError> {
    go_round(desk, true).await?;
    forget_webhooks(desk).await
}

async fn go_round(desk: &Desk, ends_idle: bool) -> Result<(), FlowError> {
    while expire_deliveries(desk).await? == STEP_MAX {}
    while ends_idle && end_idle(desk, STEP_MAX).await? == STEP_MAX {}
    while inbound_parts::file_overdue(desk).await? {}
    while forget(desk).await? >= STEP_MAX {}
    people::go_on(desk).await
}

/// Gives up what waited too long; a text for a phone says so in its conversation, a line of a campaign waits anew.
async fn expire_deliveries(desk: &Desk) -> Result<usize, FlowError> {
    let (now, rules) = (desk.now(), Arc::clone(&desk.rules));
    // Looking goes through all that waits: a reader does that.
    let found = desk.store.read(move |db| db.expired_deliveries(now, STEP_MAX)).await?;
    if found.is_empty() {
        return Ok(0);
    }
    let written = desk.store.write(move |tx| {
        let mut expired = Vec::with_capacity(found.len());
        for delivery in &found {
            let still = tx.delivery(delivery.id)?;
            expired.extend(still.filter(|now_so| now_so.state == DeliveryState::Queued && now_so.expires_at <= now));
        }
        let mut refused = HashMap::new();
        for delivery in &expired {
            match take_back_expired(tx, &rules, delivery, now)? {
                None => expire(tx, delivery, now)?,
                Some(line) => refused.extend(line.refused.map(|reason| (line.campaign, reason))),
            }
        }
        Ok::<_, FlowError>((found.len(), refused))
    });
    let (expired, refused) = written.await?;
    for (campaign, reason) in refused {
        halt_refused(desk, campaign, reason).await?;
    }
    Ok(expired)
}

fn expire(tx: &Tx<'_>, delivery: &Delivery, now: Timestamp) -> Result<(), StoreError> {
    let (state, code) = match delivery.line {
        // One of its tries may have reached the customer: nobody may say that it failed.
        Line::Carrier { .. } if delivery.in_doubt => (DeliveryState::Uncertain, ReasonCode::CarrierSilent),
        Line::Carrier { .. } => (DeliveryState::Failed, ReasonCode::Expired),
        Line::Extension(_) => (DeliveryState::Failed, ReasonCode::PhoneExpired),
    };
    let mut reason = Reason::of(code);
    if let Some(waited) = &delivery.reason {
        reason = Reason {
            detail: Some(waited.code.english().to_owned()),
            carrier_code: waited.carrier_code.clone(),
            ..reason
        };
    }
    tx.settle(delivery.id, state, None, Some(&reason), now)?;
    if delivery.phone.is_some() && state == DeliveryState::Failed {
        tx.emit(Event::ReceiptDue { message: delivery.message });
    }
    if let Line::Extension(extension) = delivery.line
        && delivery.priority == Priority::Reply
    {
        let phone = tx.extension_label(extension)?;
        tx.note_step(delivery.session, Step::Expired, None, None, Some(&phone), now)?;
    }
    tx.emit_moved(delivery)?;
    Ok(())
}

/// Says how many rows it forgot.
async fn forget(desk: &Desk) -> Result<usize, FlowError> {
    let now = desk.now();
    let log_kept = desk.rules.log_kept;
    desk.store
        .write(move |tx| {
            for extension in tx.forget_expired_bindings(now)? {
                tx.emit(Event::ExtensionChanged { extension });
            }
            let heard = tx.forget_requests(now, STEP_MAX)?;
            let reports = tx.forget_early_reports(now.minus(EARLY_REPORTS_KEPT), STEP_MAX)?;
            let first_words = tx.forget_first_words(now.minus(FIRST_WORDS_KEPT), STEP_MAX)?;
            let audited = tx.forget_audit(now.minus(audit::KEPT), STEP_MAX)?;
            Ok(heard + reports + first_words + audited + tx.forget_exchanges(now.minus(log_kept), STEP_MAX)?)
        })
        .await
}

/// The same for webhooks, which nothing keeps in the order of their age: a reader looks for those.
async fn forget_webhooks(desk: &Desk) -> Result<(), FlowError> {
    let now = desk.now();
    loop {
        let found = desk.store.read(move |db| db.webhooks_heard_long_ago(now, STEP_MAX)).await?;
        let count = found.len();
        if count > 0 {
            desk.store.write(move |tx| tx.forget_webhooks(&found)).await?;
        }
        if count < STEP_MAX {
            return Ok(());
        }
    }
}
