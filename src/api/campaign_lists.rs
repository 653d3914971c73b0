//! Tables of recipients that belong to a campaign: the body is the file, whatever its encoding and separator.

use crate::api::auth::Supervisor;
use crate::api::error::Problem;
use crate::api::paging::{Asked, Body as Given, Id, Ids};
use crate::api::state::ApiState;
use crate::domain::id::{CampaignId, ListId};
use crate::flow::campaign::drafts::must_be_editable;
use crate::flow::campaign::lists::{self, LIST_BYTES_MAX, Reading};
use crate::store::campaign_lists::{CampaignList, ListFault};
use crate::tabular::layout::Layout;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use futures_util::StreamExt;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Tables that are taken in at a time: each is whole in memory while it comes.
static PLACES: Semaphore = Semaphore::const_new(2);

/// What a table is called.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListAsked {
    /// As its owner calls it; a label.
    name: Option<String>,
}

/// How a table is to be read.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct ListForm {
    layout: Layout,
    /// The column of the number, from 0.
    number_column: usize,
    /// The column of the name, from 0.
    name_column: Option<usize>,
}

/// A table of recipients.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ListOut {
    id: ListId,
    name: String,
    layout: Layout,
    columns: Vec<ListColumnOut>,
    /// The column of the number, from 0.
    number_column: usize,
    /// The column of the name, from 0.
    name_column: Option<usize>,
    rows: u64,
    /// Those with a number.
    good: u64,
    /// Lines without one, and those that could not be read at all.
    faulty: u64,
    /// The first 200 of them.
    faults: Vec<LineFault>,
    /// The first 20 rows, as they stand there.
    first: Vec<Vec<String>>,
    /// Whether it was not read to its end: it is being read, or that broke off.
    reading: bool,
}

/// A column.
#[derive(Serialize, utoipa::ToSchema)]
pub struct ListColumnOut {
    /// As the table calls it.
    name: String,
    /// As a variable of the text.
    variable: String,
}

/// What is wrong with a line.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LineFault {
    line: u64,
    /// What stands there.
    given: String,
    /// What is wrong, in English.
    en: String,
    /// In German.
    de: String,
}

impl From<ListFault> for LineFault {
    fn from(fault: ListFault) -> LineFault {
        LineFault { line: fault.line, given: fault.given, en: fault.en, de: fault.de }
    }
}

impl From<CampaignList> for ListOut {
    fn from(list: CampaignList) -> ListOut {
        let about = list.about;
        let column = |column: crate::store::campaign_lists::ListColumn| ListColumnOut {
            name: column.name,
            variable: column.variable,
        };
        ListOut {
            id: list.id,
            name: list.name,
            layout: about.layout,
            columns: about.columns.into_iter().map(column).collect(),
            number_column: about.number_column,
            name_column: about.name_column,
            rows: about.rows,
            good: about.good,
            faulty: about.faulty,
            faults: about.faults.into_iter().map(LineFault::from).collect(),
            first: about.first,
            reading: about.reading,
        }
    }
}

/// Put a table of recipients to a campaign: the body is the CSV. How it is written is guessed, and can be changed.
#[utoipa::path(post, path = "/campaigns/{id}/lists", tag = "campaign_lists", params(("id" = i64, Path), ListAsked),
    request_body(content = Vec<u8>, content_type = "text/csv"),
    responses((status = 201, body = ListOut), (status = 404, body = Problem), (status = 409, body = Problem),
              (status = 422, body = Problem)))]
pub async fn create(
    State(state): State<ApiState>,
    _: Supervisor,
    Id(id): Id,
    Asked(asked): Asked<ListAsked>,
    body: Body,
) -> Result<(StatusCode, Json<ListOut>), Problem> {
    let campaign = CampaignId(id);
    editable(&state, campaign).await?;
    let _place = place()?;
    let bytes = whole(body).await?;
    let name = asked.name.unwrap_or_default();
    let list = lists::take(&state.desk, campaign, &name, bytes).await?;
    Ok((StatusCode::CREATED, Json(list.into())))
}

/// Say how a table is to be read; it is read anew.
#[utoipa::path(put, path = "/campaigns/{id}/lists/{list}", tag = "campaign_lists",
    params(("id" = i64, Path), ("list" = i64, Path)), request_body = ListForm,
    responses((status = 200, body = ListOut), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn change(
    State(state): State<ApiState>,
    _: Supervisor,
    Ids(id, list): Ids,
    Given(form): Given<ListForm>,
) -> Result<Json<ListOut>, Problem> {
    let campaign = CampaignId(id);
    editable(&state, campaign).await?;
    let _place = place()?;
    let ListForm { layout, number_column, name_column } = form;
    let reading = Reading { layout, number_column, name_column };
    Ok(Json(lists::read_anew(&state.desk, campaign, ListId(list), reading).await?.into()))
}

/// Take a table away.
#[utoipa::path(delete, path = "/campaigns/{id}/lists/{list}", tag = "campaign_lists",
    params(("id" = i64, Path), ("list" = i64, Path)),
    responses((status = 204), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn delete(State(state): State<ApiState>, _: Supervisor, Ids(id, list): Ids) -> Result<StatusCode, Problem> {
    editable(&state, CampaignId(id)).await?;
    lists::delete(&state.desk, CampaignId(id), ListId(list)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn editable(state: &ApiState, campaign: CampaignId) -> Result<(), Problem> {
    state.reader.read(move |db| Ok::<_, Problem>(must_be_editable(db, campaign).map(drop)?)).await
}

fn place() -> Result<SemaphorePermit<'static>, Problem> {
    PLACES.try_acquire().map_err(|_| {
        Problem::busy((
            "Other tables are just being read: try again in a moment.",
            "Gerade werden andere Tabellen gelesen: bitte gleich noch einmal versuchen.",
        ))
    })
}

async fn whole(body: Body) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| {
            let words = ("the file broke off, or is too large", "die Datei brach ab oder ist zu groß");
            Problem::invalid("body", words)
        })?;
        if bytes.len() + piece.len() > LIST_BYTES_MAX {
            let most = LIST_BYTES_MAX / 1024 / 1024;
            let words = (format!("larger than {most} MB: split it"), format!("größer als {most} MB: bitte aufteilen"));
            return Err(Problem::invalid("body", words));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}
