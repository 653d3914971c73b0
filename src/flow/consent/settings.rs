//! How the house deals with words that stop, start again and ask for help: what an admin set, else what is usual.

use crate::domain::consent_words::ConsentSettings;
use crate::domain::event::Event;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::LazyLock;

const KEY: &str = "consent";
/// Made once: it is looked at for each short text that comes in.
static USUAL: LazyLock<ConsentSettings> = LazyLock::new(ConsentSettings::default);

/// As it is kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    settings: ConsentSettings,
    version: i64,
}

/// The settings in force.
pub fn settings(db: &Snapshot<'_>) -> Result<Cow<'static, ConsentSettings>, StoreError> {
    Ok(kept(db)?.map_or(Cow::Borrowed(&*USUAL), |kept| Cow::Owned(kept.settings)))
}

/// The settings in force, and how often they were changed.
pub fn with_version(db: &Snapshot<'_>) -> Result<(ConsentSettings, i64), StoreError> {
    Ok(kept(db)?.map_or_else(|| (USUAL.clone(), 0), |kept| (kept.settings, kept.version)))
}

fn kept(db: &Snapshot<'_>) -> Result<Option<Kept>, StoreError> {
    let Some(text) = db.site(KEY)? else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| StoreError::Unreadable(format!("consent settings: {error}")))
}

/// Changes them, where nobody else did meanwhile.
pub async fn change(desk: &Desk, settings: ConsentSettings, version: i64, by: String) -> Result<(), FlowError> {
    settings.check().map_err(|(field, why)| FlowError::invalid(field, why))?;
    let now = desk.now();
    desk.store
        .write(move |tx| {
            if with_version(tx)?.1 != version {
                return Err(FlowError::Stale);
            }
            let kept = Kept { settings, version: version + 1 };
            tx.set_site(KEY, &serde_json::to_string(&kept).expect("words and texts are JSON"))?;
            tx.audit(&by, "consent.settings", None, &serde_json::json!({}), now)?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}
