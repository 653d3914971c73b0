//! The catalogue of reasons: every code with its sentence and what to do, in both languages.

use crate::api::auth::Who;
use crate::api::paging::Items;
use crate::domain::reason::ReasonCode;
use crate::domain::remedy::remedy;
use axum::Json;
use serde::Serialize;

/// Why something can fail or be skipped.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ReasonEntry {
    code: ReasonCode,
    en: &'static str,
    de: &'static str,
    /// What to do, in English; null: nothing needs to be done, or the sentence says it.
    todo_en: Option<&'static str>,
    /// The same in German.
    todo_de: Option<&'static str>,
}

/// Every reason there is.
#[utoipa::path(get, path = "/reasons", tag = "reasons", responses((status = 200, body = Items<ReasonEntry>)))]
pub async fn list(_: Who) -> Json<Items<ReasonEntry>> {
    let items = ReasonCode::ALL.iter().map(|&code| ReasonEntry {
        code,
        en: code.english(),
        de: code.german(),
        todo_en: remedy(code).map(|(en, _)| en),
        todo_de: remedy(code).map(|(_, de)| de),
    });
    Json(Items { items: items.collect() })
}
