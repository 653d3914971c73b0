//! Templates are kept in step: by the carrier's news, by asking once an hour, and whenever somebody wants it.

use crate::carrier::dialect::{Known, Question};
use crate::domain::event::Event;
use crate::domain::id::TrunkId;
use crate::domain::template::TemplateNews;
use crate::domain::time::Timestamp;
use crate::egress::switchboard::Switchboard;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use std::time::Duration;

/// How often it is looked whether a trunk is due.
const EVERY: Duration = Duration::from_secs(30);
/// How old a copy may grow.
const FRESH: Duration = Duration::from_secs(3600);
/// Templates of one trunk that are kept.
const TEMPLATES_MAX: usize = 2000;

/// Takes the carrier's news of a template in; what is not known here is asked for.
pub fn take(tx: &Tx<'_>, trunk: TrunkId, news: &TemplateNews, now: Timestamp) -> Result<&'static str, StoreError> {
    let known = tx.take_template_news(trunk, news, now)?;
    if !known {
        tx.want_templates(trunk)?;
    }
    tx.emit(Event::SettingsChanged);
    Ok(if known { "template changed" } else { "template news: the templates are fetched" })
}

/// Asks whenever a trunk is due, until the daemon stops.
pub async fn run(desk: Desk, switchboard: Switchboard, stop: tokio_util::sync::CancellationToken) {
    loop {
        if let Err(error) = round(&desk, &switchboard).await {
            tracing::error!(%error, "The templates could not be kept in step: {error}");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = desk.clock.sleep(EVERY) => {}
        }
    }
}

/// Asks for the trunks that are due, one after the other.
pub async fn round(desk: &Desk, switchboard: &Switchboard) -> Result<(), FlowError> {
    let before = desk.now().minus(FRESH);
    let due = desk.store.reader().read(move |db| db.template_fetches_due(before)).await?;
    for trunk in due {
        fetch(desk, switchboard, trunk).await?;
    }
    Ok(())
}

/// Asks for all trunks with a WhatsApp channel: somebody wants to see them as they are.
pub async fn fetch_all(desk: &Desk, switchboard: &Switchboard) -> Result<(), FlowError> {
    let all = desk.store.reader().read(|db| db.template_fetches()).await?;
    for fetch_of in all {
        fetch(desk, switchboard, fetch_of.trunk.0).await?;
    }
    Ok(())
}

/// Fetches a trunk's templates now; `Some`: why it did not work.
pub async fn fetch(desk: &Desk, switchboard: &Switchboard, trunk: TrunkId) -> Result<Option<String>, FlowError> {
    let (answer, exchanges) = switchboard.ask(trunk, &Question::Templates).await;
    let now = desk.now();
    let (templates, problem) = match answer {
        Some(Ok(Known::Templates(mut templates))) => {
            templates.truncate(TEMPLATES_MAX);
            (Some(templates), None)
        }
        // Nothing to keep in step; asked again in an hour, should its settings change.
        None => (None, None),
        Some(Ok(_)) => (None, Some("the carrier's answer was about something else".to_owned())),
        Some(Err(error)) => {
            let reason = error.reason();
            let detail = reason.detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
            (None, Some(format!("{}{detail}", reason.code.english())))
        }
    };
    let said = problem.clone();
    desk.store
        .write(move |tx| {
            for exchange in &exchanges {
                tx.insert_exchange(exchange)?;
            }
            match &templates {
                Some(templates) => tx.set_templates(trunk, templates, now)?,
                None => tx.note_template_fetch(trunk, said.as_deref(), now)?,
            }
            tx.emit(Event::SettingsChanged);
            Ok::<_, FlowError>(())
        })
        .await?;
    Ok(problem)
}
