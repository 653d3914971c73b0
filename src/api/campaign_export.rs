//! The ledger of a campaign as a file: a table that no spreadsheet runs, or a spreadsheet; page by page, in flat memory.

use crate::api::auth::Supervisor;
use crate::api::campaign_results::state_asked;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Id};
use crate::api::state::ApiState;
use crate::domain::id::{CampaignId, RecipientId};
use crate::domain::price::Price;
use crate::domain::time::Timestamp;
use crate::flow::consent::audit;
use crate::net::file_answer::disposition;
use crate::store::error::StoreError;
use crate::store::handle::Reader;
use crate::store::recipients::{RecipientRow, RecipientsWanted};
use crate::tabular::write::CsvWriter;
use crate::tabular::xlsx::{Cell, XlsxWriter};
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;
use std::io::{Seek, SeekFrom};
use tokio::sync::Semaphore;

/// Lines that are read at once.
const AT_ONCE: u32 = 500;
/// Spreadsheets that are written at once: each has a file of its own meanwhile.
static SHEETS: Semaphore = Semaphore::const_new(2);
const COLUMNS: [&str; 16] = [
    "name",
    "number",
    "given",
    "state",
    "reason_code",
    "reason",
    "carrier_code",
    "tries",
    "sent_at",
    "delivered_at",
    "read_at",
    "replied_at",
    "opted_out_at",
    "clicks",
    "segments",
    "cost",
];

/// What is wanted.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LedgerAsked {
    #[param(inline)]
    format: LedgerFormat,
    /// Only lines in this state.
    state: Option<String>,
}

/// As what a ledger goes out.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum LedgerFormat {
    /// A table: UTF-8, times as RFC 3339 in UTC.
    Csv,
    /// A spreadsheet.
    Xlsx,
}

impl LedgerFormat {
    fn ending(self) -> &'static str {
        match self {
            LedgerFormat::Csv => "csv",
            LedgerFormat::Xlsx => "xlsx",
        }
    }
}

/// The ledger as a file.
#[utoipa::path(get, path = "/campaigns/{id}/export", tag = "campaigns", params(("id" = i64, Path), LedgerAsked),
    responses((status = 200, content_type = "text/csv"), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn export(
    State(state): State<ApiState>,
    Supervisor(who): Supervisor,
    Id(id): Id,
    Asked(asked): Asked<LedgerAsked>,
) -> Result<Response, Problem> {
    let id = CampaignId(id);
    let campaign = state.reader.read(move |db| db.campaign(id)).await?.ok_or_else(|| Problem::not_found("campaign"))?;
    let lines = state_asked(asked.state)?;
    let detail = json!({ "campaign": id, "format": asked.format.ending(), "state": lines });
    audit::note(&state.desk, who.actor().name, "campaign.export", Some(campaign.name.clone()), detail).await?;
    let wanted = RecipientsWanted { state: lines, limit: AT_ONCE, ..RecipientsWanted::default() };
    let (media_type, body) = match asked.format {
        LedgerFormat::Csv => ("text/csv; charset=utf-8", csv(state.reader.clone(), id, wanted)),
        LedgerFormat::Xlsx => {
            ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", sheet(&state, id, wanted).await?)
        }
    };
    let mut answer = Response::new(body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(named) =
        HeaderValue::from_str(&disposition(false, &format!("{}.{}", campaign.name, asked.format.ending())))
    {
        answer.headers_mut().insert(CONTENT_DISPOSITION, named);
    }
    Ok(answer)
}

async fn page(reader: &Reader, id: CampaignId, wanted: &RecipientsWanted) -> Result<Vec<RecipientRow>, StoreError> {
    let wanted = wanted.clone();
    reader.read(move |db| db.recipients_page(id, &wanted)).await
}

fn csv(reader: Reader, id: CampaignId, wanted: RecipientsWanted) -> Body {
    let begin = (reader, wanted, true);
    Body::from_stream(stream::try_unfold(Some(begin), move |at| async move {
        let Some((reader, mut wanted, is_first)) = at else { return Ok(None) };
        let rows = page(&reader, id, &wanted).await.map_err(std::io::Error::other)?;
        let piece = table(&rows, is_first)?;
        let is_last = rows.len() < AT_ONCE as usize;
        wanted.after = rows.last().map_or(RecipientId(0), |last| last.id);
        Ok::<_, std::io::Error>(Some((piece, (!is_last).then_some((reader, wanted, false)))))
    }))
}

fn table(rows: &[RecipientRow], with_head: bool) -> std::io::Result<Bytes> {
    let mut table = CsvWriter::continued(Vec::new());
    if with_head {
        table = CsvWriter::new(Vec::new())?;
        table.row(COLUMNS)?;
    }
    for row in rows {
        table.row(cells(row).map(|cell| match cell {
            Cell::Empty => String::new(),
            Cell::Text(text) => text,
            Cell::Number(number) => number.to_string(),
            Cell::Moment(at) => jiff::Timestamp::from_millisecond(at).unwrap_or_default().to_string(),
        }))?;
    }
    Ok(Bytes::from(table.finish()?))
}

fn cells(row: &RecipientRow) -> [Cell; 16] {
    let text = |text: &str| if text.is_empty() { Cell::Empty } else { Cell::Text(text.to_owned()) };
    let moment = |at: Option<Timestamp>| at.map_or(Cell::Empty, |at| Cell::Moment(at.0));
    let reason = row.reason.as_ref();
    [
        text(&row.name),
        text(row.address.as_ref().map_or("", |address| address.as_str())),
        text(&row.given),
        text(&row.state),
        text(reason.map_or("", |reason| reason.code.as_str())),
        text(reason.map_or("", |reason| reason.code.english())),
        text(reason.and_then(|reason| reason.carrier_code.as_deref()).unwrap_or_default()),
        Cell::Number(row.tries.into()),
        moment(row.sent_at),
        moment(row.delivered_at),
        moment(row.read_at),
        moment(row.replied_at),
        moment(row.opted_out_at),
        Cell::Number(row.clicks.into()),
        row.segments.map_or(Cell::Empty, |segments| Cell::Number(segments.into())),
        row.cost.as_ref().map_or(Cell::Empty, |(micros, currency)| {
            let price = Price { micros: *micros, currency: currency.clone() };
            Cell::Text(format!("{} {}", price.amount(), price.currency))
        }),
    ]
}

/// Written whole before it is sent: a spreadsheet's parts know of each other.
async fn sheet(state: &ApiState, id: CampaignId, mut wanted: RecipientsWanted) -> Result<Body, Problem> {
    let _place = SHEETS.try_acquire().map_err(|_| {
        Problem::busy((
            "Other spreadsheets are just being written: try again in a moment.",
            "Gerade werden andere Tabellen geschrieben: bitte gleich noch einmal versuchen.",
        ))
    })?;
    let spool = state.media.archive.spool();
    let broken = |error: std::io::Error| {
        tracing::error!(%error, "A spreadsheet could not be written: {error}");
        Problem::panicked()
    };
    let mut sheet = XlsxWriter::new(&spool, "Recipients", &COLUMNS).map_err(broken)?;
    loop {
        let rows = page(&state.reader, id, &wanted).await?;
        let is_last = rows.len() < AT_ONCE as usize;
        wanted.after = rows.last().map_or(RecipientId(0), |last| last.id);
        for row in &rows {
            sheet.row(&cells(row)).map_err(broken)?;
        }
        if is_last {
            break;
        }
    }
    let written = tokio::task::spawn_blocking(move || {
        let mut file = crate::tabular::xlsx::temporary(&spool)?;
        sheet.finish(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    });
    let file = written.await.map_err(|_| Problem::panicked())?.map_err(broken)?;
    Ok(Body::from_stream(tokio_util::io::ReaderStream::new(tokio::fs::File::from_std(file))))
}
