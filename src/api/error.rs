//! What the API answers when it does not do it: `application/problem+json` with a stable code (RFC 9457).

use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::SessionError;
use crate::domain::wording::Wording;
use crate::flow::error::FlowError;
use crate::flow::users::LoginRefusal;
use crate::store::error::StoreError;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// A problem, as the portal reads it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// The HTTP status again.
    pub status: u16,
    /// A stable code.
    pub code: &'static str,
    /// What happened and what to do, in English.
    pub title: String,
    /// The same in German.
    pub title_de: String,
    /// Which fields are wrong: path to code or sentence, in English.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: Box<BTreeMap<String, String>>,
    /// The same in German.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields_de: Box<BTreeMap<String, String>>,
    /// Who has the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<Box<str>>,
    /// How many recipients a campaign has now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipients: Option<u32>,
    /// When to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u32>,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: impl Into<Wording>) -> Problem {
        let Wording { english, german } = title.into();
        Problem {
            status: status.as_u16(),
            code,
            title: english,
            title_de: german,
            fields: Box::default(),
            fields_de: Box::default(),
            by: None,
            recipients: None,
            retry_after_s: None,
        }
    }

    /// Nobody is logged in here.
    pub fn not_logged_in() -> Problem {
        Problem::new(StatusCode::UNAUTHORIZED, "not_logged_in", ("Log in first.", "Bitte erst anmelden."))
    }

    /// The given password must be replaced before anything else.
    pub fn must_change_password() -> Problem {
        let title = (
            "This password was given to you: choose your own first (POST /api/v1/login/password).",
            "Dieses Kennwort wurde vergeben: bitte zuerst ein eigenes wählen (POST /api/v1/login/password).",
        );
        Problem::new(StatusCode::FORBIDDEN, "must_change_password", title)
    }

    /// This role may not.
    pub fn forbidden() -> Problem {
        Problem::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            ("Your role does not allow this.", "Die eigene Rolle erlaubt das nicht."),
        )
    }

    /// The request did not come from the portal.
    pub fn csrf() -> Problem {
        let title = (
            "A write must carry the header X-Depesche and come from the portal's own pages.",
            "Eine Änderung braucht den Header X-Depesche und muss von den Seiten des Portals kommen.",
        );
        Problem::new(StatusCode::FORBIDDEN, "csrf", title)
    }

    /// There is no such thing, or it is not yours.
    pub fn not_found(what: &str) -> Problem {
        Problem::new(
            StatusCode::NOT_FOUND,
            "not_found",
            (format!("There is no such {what}."), "Das gibt es nicht (mehr)."),
        )
    }

    /// A field is wrong.
    pub fn invalid(field: &str, problem: impl Into<Wording>) -> Problem {
        let Wording { english, german } = problem.into();
        let title = (format!("{field}: {english}"), format!("{field}: {german}"));
        let mut invalid = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", title);
        invalid.fields.insert(field.to_owned(), english);
        invalid.fields_de.insert(field.to_owned(), german);
        invalid
    }

    /// The request as a whole cannot be read.
    pub fn unreadable(status: StatusCode, why: &str) -> Problem {
        match status {
            StatusCode::PAYLOAD_TOO_LARGE => {
                Problem::new(status, "too_large", ("The request is too large.", "Die Anfrage ist zu groß."))
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Problem::new(
                status,
                "invalid",
                (
                    "Send JSON, with Content-Type: application/json.",
                    "Bitte JSON senden, mit Content-Type: application/json.",
                ),
            ),
            _ => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", why.chars().take(300).collect::<String>()),
        }
    }

    /// A handler panicked; the daemon goes on.
    pub fn panicked() -> Problem {
        let title = (
            "Something went wrong inside. The daemon's log says what.",
            "Im Inneren ist etwas schiefgegangen. Das Protokoll des Dienstes sagt, was.",
        );
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title)
    }

    /// This path exists, but not with this method.
    pub fn wrong_method() -> Problem {
        Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "wrong_method",
            ("This path does not take this method.", "Dieser Pfad nimmt diese Methode nicht an."),
        )
    }

    /// A file that cannot be taken or sent: the reason's own code, and which file.
    pub fn file(reason: &Reason, name: Option<&str>) -> Problem {
        use ReasonCode::{FileTooLarge, FileTypeNotAllowed, FilesFull, FilesTooLarge};
        let status = match reason.code {
            FileTooLarge | FilesTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            FileTypeNotAllowed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            FilesFull => StatusCode::INSUFFICIENT_STORAGE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let whose = name.map(|name| format!("{name}: ")).unwrap_or_default();
        let (english, german) = (reason.code.english(), reason.code.german());
        let mut problem =
            Problem::new(status, reason.code.as_str(), (format!("{whose}{english}"), format!("{whose}{german}")));
        problem.fields.insert("attachments".into(), english.into());
        problem.fields_de.insert("attachments".into(), german.into());
        problem
    }

    /// Too much at once.
    pub fn busy(title: impl Into<Wording>) -> Problem {
        let mut busy = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", title);
        busy.retry_after_s = Some(2);
        busy
    }

    fn too_many_tries(wait: Duration) -> Problem {
        let seconds = wait.as_secs_f64().ceil() as u32;
        let title = (
            format!("Too many wrong tries from your address: try again in {seconds} seconds."),
            format!("Zu viele Fehlversuche von dieser Adresse: bitte in {seconds} Sekunden erneut versuchen."),
        );
        let mut problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_tries", title);
        problem.retry_after_s = Some(seconds.max(1));
        problem
    }

    fn conflict(why: impl Into<Wording>) -> Problem {
        Problem::new(StatusCode::CONFLICT, "conflict", why)
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        match error {
            StoreError::Busy | StoreError::Closed => Problem::busy((
                "The house is busy: try again in a moment.",
                "Es ist gerade zu viel los: bitte gleich noch einmal versuchen.",
            )),
            StoreError::DiskFull => Problem::busy((
                "The disk is full: nothing was stored. Free space in the data folder, then try again.",
                "Der Datenträger ist voll: nichts wurde gespeichert. Bitte im Datenordner Platz schaffen, dann erneut versuchen.",
            )),
            StoreError::Disk(_) => Problem::busy((
                "The disk cannot be written or read: nothing was stored. Look at the system's log.",
                "Der Datenträger ist nicht les- oder schreibbar: nichts wurde gespeichert. Bitte ins Systemprotokoll sehen.",
            )),
            StoreError::Refused(_) | StoreError::Constraint(_) | StoreError::Unreadable(_) => {
                // What SQLite says is for the log, not for a browser.
                tracing::error!(%error, "The API met a database error: {error}");
                let title = (
                    "Something went wrong inside; nothing was stored. The daemon's log says what.",
                    "Im Inneren ist etwas schiefgegangen; nichts wurde gespeichert. Das Protokoll des Dienstes sagt, was.",
                );
                Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", title)
            }
        }
    }
}

impl From<FlowError> for Problem {
    fn from(error: FlowError) -> Problem {
        match error {
            FlowError::Store(error) => error.into(),
            FlowError::NotFound(what) => Problem::not_found(what),
            FlowError::Taken { by } => {
                let title = (
                    format!("{by} has this conversation: ask for it or have it transferred."),
                    format!("{by} hat diese Unterhaltung: bitte darum bitten oder sie weitergeben lassen."),
                );
                let mut taken = Problem::new(StatusCode::CONFLICT, "session_taken", title);
                taken.by = Some(by.into());
                taken
            }
            FlowError::Session(error @ SessionError::Closed) => {
                Problem::new(StatusCode::CONFLICT, "session_closed", error.wording())
            }
            FlowError::Session(error) => Problem::conflict(error.wording()),
            FlowError::Invalid { field, problem } => Problem::invalid(&field, problem),
            FlowError::Refused(code) => {
                Problem::new(StatusCode::CONFLICT, code.as_str(), (code.english(), code.german()))
            }
            FlowError::OptedOut(refusal) => {
                Problem::new(StatusCode::CONFLICT, ReasonCode::OptedOut.as_str(), refusal.wording())
            }
            FlowError::File { reason, name } => Problem::file(&reason, name.as_deref()),
            FlowError::NotAllowed(why) | FlowError::Conflict(why) => Problem::conflict(why),
            FlowError::AudienceChanged { recipients } => Problem {
                recipients: u32::try_from(recipients).ok(),
                ..Problem::new(
                    StatusCode::CONFLICT,
                    "audience_changed",
                    (
                        format!(
                            "The recipients have changed: it would go to {recipients} now. Look again, then launch it."
                        ),
                        format!(
                            "Die Empfänger haben sich geändert: jetzt wären es {recipients}. Bitte noch einmal prüfen und dann starten."
                        ),
                    ),
                )
            },
            FlowError::Stale => Problem::new(
                StatusCode::PRECONDITION_FAILED,
                "stale",
                (
                    "Somebody else has changed this meanwhile: load it again, then repeat your change.",
                    "Das hat inzwischen jemand anderes geändert: bitte neu laden, dann die Änderung wiederholen.",
                ),
            ),
        }
    }
}

impl From<LoginRefusal> for Problem {
    fn from(refusal: LoginRefusal) -> Problem {
        match refusal {
            LoginRefusal::Wrong => Problem::new(
                StatusCode::UNAUTHORIZED,
                "wrong_password",
                ("Name or password is wrong.", "Name oder Kennwort ist falsch."),
            ),
            LoginRefusal::TooMany(wait) => Problem::too_many_tries(wait),
            LoginRefusal::Flow(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let retry_after = self.retry_after_s;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
