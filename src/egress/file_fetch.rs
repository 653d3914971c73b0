//! Fetches a file that came with a peer's message: step by step as the carrier's dialect says, with our credentials, or
//! else from its plain address without any. The file goes into a sink as it comes; neither memory nor the channel log
//! holds it.

use crate::carrier::dialect::{Answer, AskStep, InboundMedia, Known, Question, Request};
use crate::carrier::http::retry_after;
use crate::carrier::simulator::SCHEME;
use crate::domain::delivery::SendError;
use crate::domain::exchange::{Exchange, Purpose};
use crate::domain::id::{MessageId, TrunkId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::egress::http_trunk::{DIALECT_FAILED, Stopped, Talk, Wires, contained, too_long};
use crate::egress::switchboard::{NoLine, Switchboard, TrunkLine};
use crate::net::body::{Body, PourError, Sink};
use crate::net::client::{CallError, Reach};
use crate::net::fetch::Fetch;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use std::time::Duration;
use url::Url;

/// How long fetching one file may take, unless somebody knows better.
pub const FETCH_MAX: Duration = Duration::from_secs(30);
const TYPE_CHARS_MAX: usize = 100;

/// How much of a file is taken, and how long that may take.
#[derive(Clone, Copy, Debug)]
pub struct FetchBounds {
    /// Most bytes.
    pub bytes_max: u64,
    /// From the first call to the last byte.
    pub total_max: Duration,
}

impl FetchBounds {
    /// So many bytes in the usual time.
    pub fn of(bytes_max: u64) -> FetchBounds {
        FetchBounds { bytes_max, total_max: FETCH_MAX }
    }
}

/// A file that was fetched; its bytes are in the sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// What its place, or else the webhook, says it is; never to be believed.
    pub claimed_type: Option<String>,
    /// How large it is.
    pub bytes: u64,
}

/// Why a file was not fetched. What the sink took by then is a fragment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError<E> {
    /// Not now (no connection, no answer, 429, 5xx), or not before somebody mends our side (a token that was changed, no
    /// credit): worth another try.
    #[error("{why}")]
    Later {
        /// For the operator.
        why: String,
        /// What was asked for, if it was.
        retry_after: Option<Duration>,
    },
    /// It is certainly not there any more (404, 410, or the dialect knows): no use in trying again.
    #[error("{why}")]
    Gone {
        /// For the operator.
        why: String,
    },
    /// Nobody fetches from there: a private address, no https, a place that cannot be read.
    #[error("{why}")]
    Refused {
        /// For the operator.
        why: String,
    },
    /// It is larger than the bound.
    #[error("the file is larger than {bytes_max} bytes")]
    TooLarge {
        /// The bound.
        bytes_max: u64,
    },
    /// The sink took no more of it.
    #[error("the file could not be kept")]
    Sink(E),
}

impl<E> FetchError<E> {
    /// As it is kept beside the attachment; `None`: the sink knows why.
    pub fn reason(&self) -> Option<Reason> {
        Some(match self {
            FetchError::Later { why, .. } | FetchError::Refused { why } => {
                Reason::of(ReasonCode::FileNotFetched).saying(why)
            }
            FetchError::Gone { why } => Reason::of(ReasonCode::FileGone).saying(why),
            FetchError::TooLarge { .. } => Reason::of(ReasonCode::FileTooLarge),
            FetchError::Sink(_) => return None,
        })
    }

    /// Whether another try may bring it.
    pub fn may_try_again(&self) -> bool {
        matches!(self, FetchError::Later { .. })
    }

    /// How long its place asked us to stay away, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            FetchError::Later { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    pub(super) fn later(why: impl Into<String>) -> FetchError<E> {
        FetchError::Later { why: why.into(), retry_after: None }
    }

    pub(super) fn refused(why: impl Into<String>) -> FetchError<E> {
        FetchError::Refused { why: why.into() }
    }
}

type Result<T, E> = std::result::Result<T, FetchError<E>>;

impl Switchboard {
    /// Fetches a file that came with a message over this trunk into `sink`. After an error the sink holds a fragment.
    pub async fn fetch_file<S: Sink>(
        &self,
        trunk: TrunkId,
        media: &InboundMedia,
        bounds: FetchBounds,
        about: Option<MessageId>,
        sink: &mut S,
    ) -> (Result<Fetched, S::Error>, Vec<Exchange>) {
        let line = match self.line(trunk) {
            Ok(line) => line,
            Err(NoLine::Missing) => return (Err(FetchError::refused("the trunk is no longer there")), Vec::new()),
            Err(NoLine::Off) => return (Err(FetchError::later("the trunk is switched off")), Vec::new()),
            Err(NoLine::Broken(error)) => return (Err(FetchError::later(error.to_string())), Vec::new()),
        };
        let _turn = self.turn_to_fetch().await;
        fetch(&line, self.wires(), media, bounds, about, sink).await
    }
}

async fn fetch<S: Sink>(
    line: &TrunkLine,
    wires: Wires<'_>,
    media: &InboundMedia,
    bounds: FetchBounds,
    about: Option<MessageId>,
    sink: &mut S,
) -> (Result<Fetched, S::Error>, Vec<Exchange>) {
    let mut fetching = Fetching { talk: Talk::new(line, wires, Purpose::Ask, about), media, bounds };
    let fetched = match fetching.by_dialect(sink).await {
        Some(fetched) => fetched,
        None => fetching.by_address(sink).await,
    };
    let outcome = match &fetched {
        Ok(file) => format!("the file was fetched: {} bytes", file.bytes),
        Err(error) => error.reason().map_or(error.to_string(), |reason| reason.code.english().to_owned()),
    };
    let good = fetched.is_ok();
    (fetched.map(|file| file.claimed(media)), fetching.talk.ended(&outcome, good))
}

impl Fetched {
    fn claimed(self, media: &InboundMedia) -> Fetched {
        let says_something = self.claimed_type.filter(|kind| !kind.starts_with("application/octet-stream"));
        Fetched { claimed_type: says_something.or_else(|| media.claimed_type.clone()), ..self }
    }
}

struct Fetching<'a> {
    talk: Talk<'a>,
    media: &'a InboundMedia,
    bounds: FetchBounds,
}

impl Fetching<'_> {
    /// As the dialect says; `None`: it leaves it to the address.
    async fn by_dialect<S: Sink>(&mut self, sink: &mut S) -> Option<Result<Fetched, S::Error>> {
        let question = Question::Media { location: self.media.location.clone() };
        let mut bytes = None;
        loop {
            let step = match contained(|| self.talk.line.carrier.ask(&question, &self.talk.answers)) {
                Some(step) => step?,
                None => return Some(Err(FetchError::refused(DIALECT_FAILED))),
            };
            let done = match step {
                Ok(AskStep::Call(call)) => self.call(call).await,
                Ok(AskStep::File { call, at_home }) if bytes.is_none() => {
                    let reach = if at_home { Reach::Settings } else { Reach::Public };
                    self.pour(call, reach, sink).await.map(|poured| bytes = poured)
                }
                Ok(AskStep::Known(Known::Media { claimed_type })) => {
                    let fetched = bytes.map(|bytes| Fetched { claimed_type, bytes });
                    return Some(fetched.ok_or_else(|| FetchError::refused(DIALECT_FAILED)));
                }
                Ok(AskStep::File { .. } | AskStep::Known(_)) => Err(FetchError::refused(DIALECT_FAILED)),
                Err(error) => Err(said(error, self.talk.answers.last())),
            };
            if let Err(error) = done {
                return Some(Err(error));
            }
        }
    }

    /// A step before the file.
    async fn call<E>(&mut self, call: Request) -> Result<(), E> {
        let left = self.time_left()?;
        self.talk.make_within(call, left).await.map_err(|stopped| match stopped {
            Stopped::Call(error) => not_called(error),
            Stopped::TooLong => FetchError::later(too_long()),
        })
    }

    /// The file itself: how large it was, or `None` where something else came, which the dialect reads.
    async fn pour<S: Sink>(&mut self, call: Request, reach: Reach, sink: &mut S) -> Result<Option<u64>, S::Error> {
        let left = self.time_left()?;
        let begun = self.talk.begin().map_err(|_| FetchError::later(too_long()))?;
        let wires = self.talk.wires;
        let result = if call.uri().scheme_str() == Some(SCHEME) {
            let answer = wires.simulator.call(self.talk.line.id, &call).await;
            match answer {
                Ok(answer) => pour_answer(answer, self.bounds.bytes_max, sink).await,
                Err(error) => Err(error.into()),
            }
        } else {
            wires.http.pour(call.clone(), reach, left, self.bounds.bytes_max, sink).await
        };
        let response = self.noted(&call, begun, result)?;
        let (head, body) = response.into_parts();
        let (bytes, body) = match body {
            Body::Poured(bytes) => (Some(bytes), Bytes::new()),
            Body::Kept(body) => (None, body),
        };
        self.talk.answers.push(Answer::from_parts(head, body));
        Ok(bytes)
    }

    /// From where the webhook says, without credentials: https, on the public internet alone.
    async fn by_address<S: Sink>(&mut self, sink: &mut S) -> Result<Fetched, S::Error> {
        let uri = web_address(&self.media.location)
            .ok_or_else(|| FetchError::refused("the file is at no https address that can be read"))?;
        let mut call = Request::new(Bytes::new());
        *call.uri_mut() = uri.clone();
        call.headers_mut().insert(ACCEPT, HeaderValue::from_static("*/*"));
        let headers = call.headers().clone();
        let FetchBounds { bytes_max, total_max } = self.bounds;
        let begun = self.talk.begin().map_err(|_| FetchError::later(too_long()))?;
        let from = Fetch { uri, headers, hosts: Vec::new(), reach: Reach::Public, total_max, bytes_max };
        let result = self.talk.wires.http.fetch(from, sink).await;
        let response = self.noted(&call, begun, result)?;
        let (head, body) = response.into_parts();
        match body {
            Body::Poured(bytes) => Ok(Fetched { claimed_type: claimed_type(&head.headers), bytes }),
            Body::Kept(body) => Err(answered(&Answer::from_parts(head, body))),
        }
    }

    /// Puts the call into the record, the file itself only as its size.
    fn noted<E>(
        &mut self,
        call: &Request,
        begun: (Timestamp, Duration),
        result: std::result::Result<Response<Body>, PourError<E>>,
    ) -> Result<Response<Body>, E> {
        let shown = match &result {
            Ok(response) => Ok(shown(response)),
            Err(PourError::Call(error)) => Err(error.clone()),
            Err(PourError::Sink(_)) => {
                Err(CallError::NoAnswer { why: "the file could not be kept".into(), status: None })
            }
        };
        self.talk.note(call, begun, &shown);
        result.map_err(|error| match error {
            PourError::Sink(error) => FetchError::Sink(error),
            PourError::Call(CallError::TooLarge { status: StatusCode::OK, .. }) => {
                FetchError::TooLarge { bytes_max: self.bounds.bytes_max }
            }
            PourError::Call(error) => not_called(error),
        })
    }

    fn time_left<E>(&self) -> Result<Duration, E> {
        let left = self.bounds.total_max.saturating_sub(self.talk.lasts());
        if left.is_zero() { Err(FetchError::later("the file did not come in time")) } else { Ok(left) }
    }
}

/// What the carrier inside answers is in memory.
async fn pour_answer<S: Sink>(
    answer: Answer,
    bytes_max: u64,
    sink: &mut S,
) -> std::result::Result<Response<Body>, PourError<S::Error>> {
    let (head, body) = answer.into_parts();
    if head.status != StatusCode::OK {
        return Ok(Response::from_parts(head, Body::Kept(body)));
    }
    if body.len() as u64 > bytes_max {
        let limit_bytes = usize::try_from(bytes_max).unwrap_or(usize::MAX);
        return Err(CallError::TooLarge { limit_bytes, status: head.status }.into());
    }
    sink.take(&body).await.map_err(PourError::Sink)?;
    Ok(Response::from_parts(head, Body::Poured(body.len() as u64)))
}

/// An address as it is called: whatever a message wrote into it that has no place there is escaped.
fn web_address(location: &str) -> Option<Uri> {
    let mut url = Url::parse(location).ok().filter(|url| url.scheme() == "https")?;
    url.set_fragment(None);
    url.as_str().parse().ok()
}

fn shown(response: &Response<Body>) -> Answer {
    let body = match response.body() {
        Body::Poured(bytes) => Bytes::from(format!("({bytes} bytes of a file)")),
        Body::Kept(body) => body.clone(),
    };
    let mut answer = Answer::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    answer
}

fn claimed_type(headers: &HeaderMap) -> Option<String> {
    let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(kind.chars().take(TYPE_CHARS_MAX).collect())
}

/// There was no answer.
fn not_called<E>(error: CallError) -> FetchError<E> {
    match error {
        CallError::Refused(why) => FetchError::Refused { why },
        other => FetchError::later(other.to_string()),
    }
}

/// There was an answer that is not the file. Of a 4xx only two say for certain that nobody will ever get it: a signed
/// address that ran out answers 403 as well as a right that somebody forgot to give.
fn answered<E>(answer: &Answer) -> FetchError<E> {
    let status = answer.status();
    let why = format!("its place answered {status}");
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => FetchError::Gone { why },
        _ if status.is_client_error() || status.is_server_error() => {
            FetchError::Later { why, retry_after: retry_after(answer) }
        }
        _ => FetchError::Refused { why },
    }
}

/// What the dialect makes of the last answer. Some carriers say "slower" in a 400, so its word goes before the status. What
/// is wrong with our account says nothing of the file: it is there when somebody has mended that.
fn said<E>(error: SendError, last: Option<&Answer>) -> FetchError<E> {
    let Some(last) = last else { return FetchError::refused(words_of(&error)) };
    let is_about_us = matches!(last.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    match error {
        _ if matches!(last.status(), StatusCode::NOT_FOUND | StatusCode::GONE) => answered(last),
        error if last.status().is_redirection() => FetchError::refused(words_of(&error)),
        SendError::Throttled { retry_after } => FetchError::Later { why: words_of(&error), retry_after },
        SendError::Unreachable { why } | SendError::Unreadable { why } => {
            FetchError::Later { why, retry_after: retry_after(last) }
        }
        SendError::Rejected { .. } if !is_about_us => FetchError::Gone { why: words_of(&error) },
        error => FetchError::Later { why: words_of(&error), retry_after: retry_after(last) },
    }
}

fn words_of(error: &SendError) -> String {
    let reason = error.reason();
    let code = reason.carrier_code.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{}{code}", reason.detail.as_deref().unwrap_or(reason.code.english()))
}
