//! Tables as files, read page by page and written as they go; and bodies that are files.

use crate::api::error::Problem;
use crate::api::state::ApiState;
use crate::net::file_answer::disposition;
use crate::tabular::write::CsvWriter;
use crate::tabular::xlsx::{Cell, XlsxWriter};
use axum::body::{Body, Bytes};
use axum::response::Response;
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use std::future::Future;
use std::io::Cursor;

/// How a table is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text, made inert for spreadsheets.
    Csv,
    /// A spreadsheet.
    Xlsx,
}

impl Format {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
        }
    }
}

/// A page of rows, and where the next begins.
pub type Rows = (Vec<Vec<String>>, Option<i64>);

/// A table as a download; `page` is asked for one page after the other.
pub async fn download<F, P>(
    state: &ApiState,
    format: Format,
    name: &str,
    columns: &[&'static str],
    page: P,
) -> Result<Response, Problem>
where
    P: Fn(Option<i64>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Rows, Problem>> + Send + 'static,
{
    match format {
        Format::Csv => Ok(csv(name, columns.to_vec(), page)),
        Format::Xlsx => xlsx(state, name, columns, page).await,
    }
}

/// Where a table stands that is being written.
enum At {
    Start,
    After(Option<i64>),
    End,
}

fn csv<F, P>(name: &str, columns: Vec<&'static str>, page: P) -> Response
where
    P: Fn(Option<i64>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Rows, Problem>> + Send + 'static,
{
    let pieces = stream::unfold((At::Start, columns, page), |(at, columns, page)| async move {
        let (after, is_start) = match at {
            At::Start => (None, true),
            At::After(after) => (after, false),
            At::End => return None,
        };
        let piece = async {
            let (rows, next) = page(after).await.map_err(|problem| std::io::Error::other(problem.title))?;
            let mut table = CsvWriter::new(Vec::new())?;
            table.flush()?;
            let begun = table.target().len();
            if is_start {
                table.row(&columns)?;
            }
            for row in rows {
                table.row(row)?;
            }
            let mut bytes = table.finish()?;
            if !is_start {
                // Its beginning, such as a mark of the encoding, stands once.
                bytes.drain(..begun);
            }
            Ok::<_, std::io::Error>((Bytes::from(bytes), next))
        };
        let (piece, at) = match piece.await {
            Ok((bytes, Some(next))) => (Ok(bytes), At::After(Some(next))),
            Ok((bytes, None)) => (Ok(bytes), At::End),
            // The download breaks off: it must not be taken for whole.
            Err(error) => (Err(error), At::End),
        };
        Some((piece, (at, columns, page)))
    });
    named(Body::from_stream(pieces), "text/csv; charset=utf-8", &format!("{name}.csv"))
}

async fn xlsx<F, P>(state: &ApiState, name: &str, columns: &[&'static str], page: P) -> Result<Response, Problem>
where
    P: Fn(Option<i64>) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Rows, Problem>> + Send + 'static,
{
    let failed = |error: std::io::Error| {
        tracing::error!(%error, "A spreadsheet could not be written: {error}");
        Problem::busy((
            "The spreadsheet could not be written: take CSV, or look at the disk.",
            "Die Tabelle konnte nicht geschrieben werden: bitte CSV nehmen oder nach dem Datenträger sehen.",
        ))
    };
    let spool = state.media.archive.spool();
    let mut table = XlsxWriter::new(&spool, name, columns).map_err(failed)?;
    let mut after = None;
    loop {
        let (rows, next) = page(after).await?;
        for row in rows {
            let cells: Vec<Cell> = row.into_iter().map(Cell::Text).collect();
            table.row(&cells).map_err(failed)?;
        }
        match next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    // Compressed, a sheet is a few megabytes; its rows wait in the spool.
    let writing = tokio::task::spawn_blocking(move || {
        let mut file = Cursor::new(Vec::new());
        table.finish(&mut file)?;
        Ok::<_, std::io::Error>(file.into_inner())
    });
    let file = writing.await.map_err(std::io::Error::other).and_then(|written| written).map_err(failed)?;
    let body = Body::from(file);
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(named(body, kind, &format!("{name}.xlsx")))
}

/// A body as a file to be saved.
pub fn named(body: Body, media_type: &'static str, name: &str) -> Response {
    let mut answer = Response::new(body);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Ok(named) = HeaderValue::from_str(&disposition(false, name)) {
        headers.insert(CONTENT_DISPOSITION, named);
    }
    answer
}

/// A body that is a file, up to so many bytes.
pub async fn gathered(body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let mut gathered = Vec::new();
    let mut pieces = body.into_data_stream();
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(|_| {
            Problem::invalid("body", ("the file broke off: send it again", "die Datei brach ab: bitte erneut senden"))
        })?;
        if gathered.len() + piece.len() > bytes_max {
            return Err(Problem::unreadable(StatusCode::PAYLOAD_TOO_LARGE, ""));
        }
        gathered.extend_from_slice(&piece);
    }
    Ok(gathered)
}
