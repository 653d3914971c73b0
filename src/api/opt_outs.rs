//! Who wants nothing more: the list, and what people put into it and take back.

use crate::api::auth::Supervisor;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Page, bounded, bounded_q};
use crate::api::state::ApiState;
use crate::domain::address::Address;
use crate::domain::consent::{OptOutSource, Scope};
use crate::domain::id::OptOutId;
use crate::domain::time::Timestamp;
use crate::store::opt_outs_list::{OptOutRow, OptOutsWanted};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

/// Somebody who wants no more.
#[derive(Serialize, utoipa::ToSchema)]
pub struct OptOutOut {
    id: OptOutId,
    /// Null: the person was erased, and only a digest of the number is left.
    address: Option<Address>,
    name: Option<String>,
    /// Null: the number or channel is gone.
    scope: Option<Scope>,
    /// The same for people, as the number and channel were called then.
    scope_label: String,
    /// Only advertising is meant.
    marketing_only: bool,
    source: OptOutSource,
    /// What was said or pressed; text from outside.
    words: Option<String>,
    note: String,
    channel_name: Option<String>,
    /// Who noted it, as they were called then.
    by_name: Option<String>,
    at: Timestamp,
    /// When it was taken back.
    withdrawn_at: Option<Timestamp>,
    /// By whom; null: by the person.
    withdrawn_by: Option<String>,
    /// In which words, or why.
    withdrawn_words: Option<String>,
}

impl From<OptOutRow> for OptOutOut {
    fn from(row: OptOutRow) -> OptOutOut {
        OptOutOut {
            scope_label: label(&row),
            id: row.id,
            address: row.address,
            name: row.name,
            scope: row.scope,
            marketing_only: row.marketing_only,
            source: row.source,
            words: row.words,
            note: row.note,
            channel_name: row.channel_name,
            by_name: row.by,
            at: row.at,
            withdrawn_at: row.withdrawn_at,
            withdrawn_by: row.withdrawn_by,
            withdrawn_words: row.withdrawn_words,
        }
    }
}

/// `+49301234567 · SMS Germany`; the word `everything` is for the portal to translate.
fn label(row: &OptOutRow) -> String {
    let channel = row.channel_name.clone().unwrap_or_default();
    match (row.reach.as_str(), &row.our_address) {
        ("number", Some(number)) => format!("{number} · {channel}"),
        ("channel", _) => channel,
        _ => "everything".to_owned(),
    }
}

/// Which part of the list.
#[derive(Deserialize, utoipa::IntoParams)]
pub struct OptOutsAsked {
    /// Part of a number, a name, or the words.
    q: Option<String>,
    /// Only known from there.
    source: Option<OptOutSource>,
    /// Only those that stand, or only those taken back.
    active: Option<bool>,
    /// The last page's `next`.
    after: Option<i64>,
    limit: Option<u32>,
}

/// Who wants no more, newest first.
#[utoipa::path(get, path = "/opt-outs", tag = "opt_outs", params(OptOutsAsked),
    responses((status = 200, body = Page<OptOutOut>)))]
pub async fn list(
    State(state): State<ApiState>,
    _: Supervisor,
    Asked(asked): Asked<OptOutsAsked>,
) -> Result<Json<Page<OptOutOut>>, Problem> {
    let limit = bounded(asked.limit);
    let wanted = OptOutsWanted {
        q: bounded_q(asked.q)?,
        source: asked.source,
        active: asked.active,
        after: asked.after.map(OptOutId),
        limit: limit + 1,
    };
    let mut rows = state.reader.read(move |db| Ok::<_, Problem>(db.opt_outs(&wanted)?)).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.to_string());
    Ok(Json(Page { items: rows.into_iter().map(OptOutOut::from).collect(), next }))
}
