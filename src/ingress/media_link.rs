//! Files at the public door: a file for a carrier under a signed address, the page behind a short one with its files and
//! their small pictures, and what phones put here. Wrong, ended and gone look alike (T38); nothing leads elsewhere (T37).

use crate::domain::media::AttachmentState;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::from_phone;
use crate::flow::media::links::{self, Found, ShortPage, TOKEN_CHARS};
use crate::ingress::directory::Directory;
use crate::ingress::file_reply::{Wanted, is_continuation, paced};
use crate::ingress::media_bounds::{Guesses, Places};
use crate::ingress::media_page::{self, POLICY, Page, Shown, State as FileState};
use crate::ingress::media_words::Language;
use crate::ingress::phone_upload::{self, Uploads};
use crate::ingress::remind::Remind;
use crate::ingress::short_link;
use crate::ingress::sip_settings::SipDoorSettings;
use crate::net::forwarded::ClientAddr;
use crate::sip::digest::nonce::Network;
use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::middleware::map_response;
use axum::routing::{get, post};
use http::header::{self, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// Where requests bring files: the listener has other bounds there.
pub const FILE_PATHS: &[&str] = &["/ft"];
/// Nobody may find what is only for those who have its address.
const ROBOTS: &str = "User-agent: *\nDisallow: /\n";
/// When whoever was sent away may come again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("30");
/// What every answer here carries unless it says otherwise itself, as a page and a file do.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "private, no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; sandbox"),
    (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"),
    (HeaderName::from_static("x-robots-tag"), "noindex"),
];

/// Files at the public door; clones are the same.
#[derive(Clone)]
pub struct MediaDoor(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub media: MediaDesk,
    pub uploads: Uploads,
    pub guesses: Guesses,
    page_places: Places,
    signed_places: Places,
    said: Remind<&'static str>,
}

type Asked<T> = Result<Path<T>, PathRejection>;

impl MediaDoor {
    /// For these files; phones prove themselves as they do at the SIP door.
    pub fn new(media: MediaDesk, directory: Directory, settings: &SipDoorSettings) -> MediaDoor {
        let uploads = Uploads::new(directory, settings);
        MediaDoor(Arc::new(Inner {
            media,
            uploads,
            guesses: Guesses::new(),
            page_places: Places::for_pages(),
            signed_places: Places::for_signed(),
            said: Remind::default(),
        }))
    }

    /// Its routes, without what is said where there is none.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/robots.txt", get(async || ROBOTS))
            .route("/l/{token}", get(short_link::open))
            .route("/media/{signed}/{name}", get(hosted))
            .route("/ft", post(put_here))
            .route("/ft/{key}/{name}", get(put_here_before))
            .route("/{token}", get(page))
            .route("/{token}/{number}", get(file))
            .route("/{token}/{number}/thumb", get(thumb))
            .layer(map_response(with_headers))
            .with_state(self.clone())
    }
}

async fn with_headers(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// A file for a carrier, or for a phone that takes files.
async fn hosted(
    State(MediaDoor(door)): State<MediaDoor>,
    path: Asked<(String, String)>,
    asked: Parts,
) -> Response<Body> {
    let Ok(Path((signed, _))) = path else { return not_found(&asked) };
    match links::hosted(&door.media, &signed).await {
        Ok(Some(found)) => door.serve_signed(&found, &asked).await,
        Ok(None) => not_found(&asked),
        Err(error) => door.not_now(&asked, &error),
    }
}

async fn put_here(State(MediaDoor(door)): State<MediaDoor>, request: Request<Body>) -> Response<Body> {
    phone_upload::take(&door, request).await
}

/// What a phone put here, for who it told the address.
async fn put_here_before(
    State(MediaDoor(door)): State<MediaDoor>,
    path: Asked<(String, String)>,
    asked: Parts,
) -> Response<Body> {
    let Some(key) = path.ok().map(|Path((key, _))| key).filter(|key| phone_upload::is_key(key)) else {
        return not_found(&asked);
    };
    let (from, now) = (network(&asked), door.media.desk.clock.monotonic());
    if !door.guesses.may_look(from, &key, now) {
        return not_found(&asked);
    }
    match from_phone::phone_upload(&door.media, &key).await {
        Ok(Some(upload)) => {
            door.guesses.opened_from(from, &key);
            door.serve(Wanted::of_upload(&upload), &asked, &door.page_places).await
        }
        Ok(None) => {
            door.guesses.missed(from, now);
            not_found(&asked)
        }
        Err(error) => door.not_now(&asked, &error),
    }
}

async fn page(State(MediaDoor(door)): State<MediaDoor>, path: Asked<String>, asked: Parts) -> Response<Body> {
    let Ok(Path(token)) = path else { return not_found(&asked) };
    let language = Language::asked(&asked.headers);
    match door.look_up(&token, &asked).await {
        Ok(Some(found)) => {
            if asked.method == Method::GET {
                door.count(found.link);
            }
            html(StatusCode::OK, media_page::page(&shown(&token, &found), language))
        }
        Ok(None) => not_found(&asked),
        Err(error) => door.not_now(&asked, &error),
    }
}

async fn file(State(MediaDoor(door)): State<MediaDoor>, path: Asked<(String, String)>, asked: Parts) -> Response<Body> {
    match door.nth(path, &asked).await {
        // The page was counted: it is one visit, however many of its files are looked at.
        Ok(Some(found)) => door.serve(Wanted::of(&found), &asked, &door.page_places).await,
        Ok(None) => not_found(&asked),
        Err(error) => door.not_now(&asked, &error),
    }
}

async fn thumb(
    State(MediaDoor(door)): State<MediaDoor>,
    path: Asked<(String, String)>,
    asked: Parts,
) -> Response<Body> {
    match door.nth(path, &asked).await {
        Ok(Some(found)) if found.has_thumb => door.serve(Wanted::thumb_of(&found), &asked, &door.page_places).await,
        Ok(_) => not_found(&asked),
        Err(error) => door.not_now(&asked, &error),
    }
}

impl Inner {
    /// What is behind a short address, unless somebody there only guesses.
    async fn look_up(&self, token: &str, asked: &Parts) -> Result<Option<ShortPage>, FlowError> {
        if token.len() != TOKEN_CHARS || !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Ok(None);
        }
        let (from, now) = (network(asked), self.media.desk.clock.monotonic());
        if !self.guesses.may_look(from, token, now) {
            return Ok(None);
        }
        let found = links::short(&self.media, token).await?;
        match found {
            Some(_) => self.guesses.opened_from(from, token),
            None => self.guesses.missed(from, now),
        }
        Ok(found)
    }

    /// The file at this place of a page, from 1.
    async fn nth(&self, path: Asked<(String, String)>, asked: &Parts) -> Result<Option<Found>, FlowError> {
        let Ok(Path((token, number))) = path else { return Ok(None) };
        let number = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let Some(at) = number.and_then(|number| number.parse::<usize>().ok()?.checked_sub(1)) else { return Ok(None) };
        let page = self.look_up(&token, asked).await?;
        Ok(page.and_then(|page| page.files.into_iter().nth(at)?.found))
    }

    /// Answers with a file that has a signed address, and counts that for its link.
    async fn serve_signed(&self, found: &Found, asked: &Parts) -> Response<Body> {
        let answer = self.serve(Wanted::of(found), asked, &self.signed_places).await;
        if answer.status().is_success() && asked.method == Method::GET && !is_continuation(&answer) {
            self.count(found.link);
        }
        answer
    }

    /// Answers with a file, where there is a place.
    async fn serve(&self, wanted: Wanted, asked: &Parts, places: &Places) -> Response<Body> {
        let (from, clock) = (network(asked), &self.media.desk.clock);
        let Some(place) = places.take(from, wanted.bytes, clock.monotonic()) else {
            return busy(asked, StatusCode::SERVICE_UNAVAILABLE);
        };
        let answer = match wanted.open(&self.media.archive, asked).await {
            Ok(Some(answer)) => answer,
            Ok(None) => return not_found(asked),
            Err(error) => {
                if self.said.is_due("unreadable", clock.monotonic()) {
                    tracing::error!(%error, "A file of the archive cannot be read: {error}");
                }
                return busy(asked, StatusCode::SERVICE_UNAVAILABLE);
            }
        };
        answer.map(|body| paced(body, place, clock.clone()))
    }

    /// Nobody waits for that.
    fn count(&self, link: crate::domain::id::MediaLinkId) {
        let media = self.media.clone();
        tokio::spawn(async move {
            if let Err(error) = links::note_fetched(&media, link).await {
                tracing::warn!(%error, "It cannot be noted that a link was opened: {error}");
            }
        });
    }

    pub(super) fn not_now(&self, asked: &Parts, error: &FlowError) -> Response<Body> {
        if self.said.is_due("not now", self.media.desk.clock.monotonic()) {
            tracing::error!(%error, "Files cannot be found now: {error}");
        }
        busy(asked, StatusCode::SERVICE_UNAVAILABLE)
    }
}

fn shown<'a>(token: &'a str, found: &'a ShortPage) -> Page<'a> {
    let files = found.files.iter().map(|file| Shown {
        name: &file.name,
        state: match (&file.found, file.state) {
            (Some(found), _) => {
                FileState::Here { media_type: found.media_type, bytes: found.bytes, has_thumb: found.has_thumb }
            }
            (None, AttachmentState::Loading) => FileState::Loading,
            (None, _) => FileState::Gone,
        },
    });
    Page { token, from: &found.from, text: &found.text, files: files.collect(), until: found.expires_at }
}

/// Who asks.
pub(super) fn network(asked: &Parts) -> Network {
    let known = asked.extensions.get::<ClientAddr>().map(|client| client.0);
    Network::of(known.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
}

pub(super) fn not_found(asked: &Parts) -> Response<Body> {
    html(StatusCode::NOT_FOUND, media_page::not_found(Language::asked(&asked.headers)))
}

/// Later, please.
pub(super) fn busy(asked: &Parts, status: StatusCode) -> Response<Body> {
    let mut response = html(status, media_page::busy(Language::asked(&asked.headers)));
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    response
}

fn html(status: StatusCode, page: String) -> Response<Body> {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::VARY, HeaderValue::from_static("accept-language"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY.as_str()));
    let mut response = Response::new(Body::from(page));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    response
}
