//! Lists, pages and what requests carry: bounded, and refused as problems when they cannot be read.

use crate::api::error::Problem;
use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Most items of one page.
pub const PAGE_MAX: u32 = 200;
const PAGE_USUAL: u32 = 50;
/// Longest search text that is looked at.
const Q_CHARS_MAX: usize = 200;

/// All there is.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Items<T> {
    /// The things.
    pub items: Vec<T>,
}

/// Some of them, and where the next ones begin.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The things.
    pub items: Vec<T>,
    /// What to give as `after` for the next page; null on the last one.
    pub next: Option<String>,
}

/// How many to answer, from what was asked.
pub fn bounded(limit: Option<u32>) -> u32 {
    limit.unwrap_or(PAGE_USUAL).clamp(1, PAGE_MAX)
}

/// A search text of bounded length.
pub fn bounded_q(q: Option<String>) -> Result<Option<String>, Problem> {
    match q {
        Some(q) if q.chars().count() > Q_CHARS_MAX => Err(Problem::invalid(
            "q",
            (
                format!("too long: at most {Q_CHARS_MAX} characters"),
                format!("zu lang: höchstens {Q_CHARS_MAX} Zeichen"),
            ),
        )),
        q => Ok(q),
    }
}

/// Two numbers as one cursor.
pub fn cursor(first: i64, second: i64) -> String {
    format!("{first}.{second}")
}

/// Reads [`cursor`].
pub fn read_cursor(text: &str) -> Result<(i64, i64), Problem> {
    let parts = text.split_once('.').and_then(|(first, second)| Some((first.parse().ok()?, second.parse().ok()?)));
    parts.ok_or_else(|| {
        Problem::invalid(
            "after",
            (
                "this is no cursor: leave it out for the first page",
                "das ist keine Marke: für die erste Seite bitte weglassen",
            ),
        )
    })
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Body<T>, Problem> {
        let read: Result<Json<T>, JsonRejection> = Json::from_request(request, state).await;
        read.map(|Json(body)| Body(body)).map_err(|error| Problem::unreadable(error.status(), &error.body_text()))
    }
}

/// The id in the path. What is no number names nothing.
pub struct Id(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Id, Problem> {
        let read = Path::<i64>::from_request_parts(parts, state).await;
        read.map(|Path(id)| Id(id)).map_err(|_| Problem::not_found("thing"))
    }
}

/// The two ids in the path, of a thing and of a part of it. What is no number names nothing.
pub struct Ids(pub i64, pub i64);

impl<S: Send + Sync> FromRequestParts<S> for Ids {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Ids, Problem> {
        let read = Path::<(i64, i64)>::from_request_parts(parts, state).await;
        read.map(|Path((id, part))| Ids(id, part)).map_err(|_| Problem::not_found("thing"))
    }
}

/// What stands behind the question mark.
pub struct Asked<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Asked<T>, Problem> {
        let read = Query::<T>::from_request_parts(parts, state).await;
        read.map(|Query(asked)| Asked(asked)).map_err(|error| Problem::unreadable(error.status(), &error.body_text()))
    }
}
