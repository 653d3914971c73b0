//! A softphone puts a file here and then offers it by the address it was told (RCS file transfer over HTTP, P7). It asks
//! with an empty POST, is challenged (RFC 7616), and sends the file as a part of a form. Linphone 5.1 does just that, with
//! the user and password it registers with; of the algorithms it takes the first.

use crate::domain::id::ExtensionId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::flow::media::care::UPLOADS_KEPT;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::from_phone::{self, PhoneUpload};
use crate::flow::media::links::file_name_in_url;
use crate::ingress::directory::{Directory, Entry};
use crate::ingress::media_link::{Inner, busy, network};
use crate::ingress::media_words::Language;
use crate::ingress::remind::{Remind, Tally};
use crate::ingress::sip_settings::SipDoorSettings;
use crate::ingress::upload_form::{self, FormError};
use crate::net::forwarded::{ClientAddr, ClientScheme};
use crate::sip::digest::hash::Algorithm;
use crate::sip::digest::nonce::Network;
use crate::sip::digest::server::{Authenticator, Refusal, Why};
use crate::sip::text::offer::{OFFER_TYPE, Offer};
use axum::body::{Body, HttpBody};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use tokio::sync::Semaphore;

/// Requests a minute from one network, and of one extension; a file takes two.
const REQUESTS_OF_SOURCE_MAX: u32 = 240;
const REQUESTS_OF_EXTENSION_MAX: u32 = 60;
/// Files coming in at a time.
const AT_ONCE_MAX: usize = 16;

/// Who may put files here.
pub(super) struct Uploads {
    directory: Directory,
    authenticator: Authenticator,
    algorithms: Vec<Algorithm>,
    of_source: Tally<Network>,
    of_extension: Tally<ExtensionId>,
    places: Semaphore,
    said: Remind<(&'static str, IpAddr)>,
}

impl Uploads {
    pub fn new(directory: Directory, settings: &SipDoorSettings) -> Uploads {
        Uploads {
            directory,
            authenticator: Authenticator::new(settings.digest.clone()),
            algorithms: settings.algorithms.clone(),
            of_source: Tally::new(REQUESTS_OF_SOURCE_MAX),
            of_extension: Tally::new(REQUESTS_OF_EXTENSION_MAX),
            places: Semaphore::new(AT_ONCE_MAX),
            said: Remind::default(),
        }
    }

    /// The extension that proves itself.
    fn proved(&self, asked: &Parts, now: Duration) -> Result<Entry, Refusal> {
        let lines = asked.headers.get_all(header::AUTHORIZATION).into_iter();
        let answers = lines.filter_map(|line| line.to_str().ok()).collect();
        let path = asked.uri.path_and_query().map_or("/", |path| path.as_str());
        let said = (answers, asked.method.as_str(), path);
        let claim = self.authenticator.hear_http(said, address(asked), &self.algorithms, now)?;
        let entry = self.directory.find(claim.user());
        self.authenticator.judge(claim, entry.as_ref().map(|entry| &*entry.ha1), now)?;
        Ok(entry.expect("whoever was judged right exists: an unknown user is never right"))
    }

    fn note(&self, refusal: &Refusal, from: IpAddr, now: Duration) {
        let what = match refusal {
            Refusal::Ask { why: Why::WrongAnswer, .. } => "a wrong user name or password",
            Refusal::ShutOut { .. } => "too many wrong passwords: it has to wait",
            _ => return,
        };
        if self.said.is_due((what, from), now) {
            tracing::warn!(target: "audit", source = %from, "A phone's file from {from}: {what}");
        }
    }
}

/// `POST /ft`.
pub(super) async fn take(door: &Inner, request: Request<Body>) -> Response<Body> {
    let (asked, body) = request.into_parts();
    let (uploads, now, from) = (&door.uploads, door.media.desk.clock.monotonic(), network(&asked));
    if uploads.of_source.too_many(&from, now).is_some() {
        return busy(&asked, StatusCode::TOO_MANY_REQUESTS);
    }
    uploads.of_source.count(from, now);
    let extension = match uploads.proved(&asked, now) {
        Ok(extension) => extension.id,
        Err(refusal) => {
            uploads.note(&refusal, address(&asked), now);
            return refused(&refusal);
        }
    };
    if uploads.of_extension.too_many(&extension, now).is_some() {
        return busy(&asked, StatusCode::TOO_MANY_REQUESTS);
    }
    uploads.of_extension.count(extension, now);
    if body.is_end_stream() {
        return empty(StatusCode::NO_CONTENT);
    }
    let Ok(_place) = uploads.places.try_acquire() else { return busy(&asked, StatusCode::SERVICE_UNAVAILABLE) };
    match received(&door.media, extension, &asked, body).await {
        Ok(upload) => told(&upload, &base(door, &asked), door.media.desk.now().plus(UPLOADS_KEPT)),
        Err(FormError::Unreadable) => empty(StatusCode::BAD_REQUEST),
        Err(FormError::Refused(reason)) => why_not(&reason, Language::asked(&asked.headers)),
    }
}

async fn received(
    media: &MediaDesk,
    extension: ExtensionId,
    asked: &Parts,
    body: Body,
) -> Result<PhoneUpload, FormError> {
    let content_type = asked.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = content_type.and_then(upload_form::boundary).ok_or(FormError::Unreadable)?;
    let begin = || from_phone::begin(media, extension);
    let bytes_max = media.archive.bounds().file_bytes_max;
    let (name, incoming) = upload_form::receive(body, boundary, bytes_max, begin).await?;
    from_phone::upload_of_phone(media, extension, &name, incoming).await.map_err(FormError::Refused)
}

/// The document that the phone passes on.
fn told(upload: &PhoneUpload, base: &str, until: Timestamp) -> Response<Body> {
    let offer = Offer {
        url: &url(base, &upload.key, &upload.name),
        name: &upload.name,
        media_type: upload.facts.media_type.as_str(),
        bytes: upload.facts.bytes,
        thumb: None,
        until,
    };
    let mut response = Response::new(Body::from(offer.document()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(OFFER_TYPE));
    response
}

fn url(base: &str, key: &str, name: &str) -> String {
    format!("{base}/ft/{key}/{}", file_name_in_url(name))
}

/// The key in an address that [`take`] gave out. Any other host than ours, any other path, is no such address: it is never
/// looked at (T27). Without an address of ours in the settings the key alone says so.
pub(super) fn key_in(url: &str, bases: &[&str]) -> Option<String> {
    let rest = match bases {
        [] => ["https://", "http://"].iter().find_map(|scheme| url.strip_prefix(scheme)).and_then(|rest| {
            let (host, path) = rest.split_once('/')?;
            (!host.is_empty()).then_some(path)
        }),
        bases => bases.iter().find_map(|base| url.strip_prefix(*base)?.strip_prefix('/')),
    };
    let (key, _) = rest?.strip_prefix("ft/")?.split_once('/')?;
    is_key(key).then(|| key.to_owned())
}

/// Whether it has the form of one: 128 random bits.
pub(super) fn is_key(key: &str) -> bool {
    key.len() == 32 && key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Where phones fetch files: as set, else as this one called us.
fn base(door: &Inner, asked: &Parts) -> String {
    if let Some(base) = &door.media.desk.rules.phone_base_url {
        return base.clone();
    }
    let scheme = match asked.extensions.get::<ClientScheme>() {
        Some(ClientScheme::Https) => "https",
        _ => "http",
    };
    let host = asked.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("{scheme}://{host}")
}

fn address(asked: &Parts) -> IpAddr {
    asked.extensions.get::<ClientAddr>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0)
}

fn refused(refusal: &Refusal) -> Response<Body> {
    match refusal {
        Refusal::Ask { challenges, .. } => {
            let mut response = empty(StatusCode::UNAUTHORIZED);
            for challenge in challenges.iter().filter_map(|challenge| HeaderValue::from_str(challenge).ok()) {
                response.headers_mut().append(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
        Refusal::Unreadable(_) => empty(StatusCode::BAD_REQUEST),
        Refusal::ShutOut { for_s } => {
            let mut response = empty(StatusCode::TOO_MANY_REQUESTS);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(*for_s));
            response
        }
    }
}

fn why_not(reason: &Reason, language: Language) -> Response<Body> {
    use ReasonCode::{FileProblem, FileTooLarge, FileTypeNotAllowed, FilesFull};
    let status = match reason.code {
        FileTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        FileTypeNotAllowed => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        FilesFull => StatusCode::INSUFFICIENT_STORAGE,
        FileProblem => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut response = Response::new(Body::from(language.pick(reason.code.german(), reason.code.english()).to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn only_an_address_of_ours_has_a_key() {
        let ours = ["https://sms.example.com", "https://192.0.2.1:8443"];
        let good = format!("https://sms.example.com/ft/{KEY}/a%20b.png");
        for (url, is_ours) in [
            (good.as_str(), true),
            (&*url("https://192.0.2.1:8443", KEY, "Ü.png"), true),
            (&good.replace("sms.", "sms.evil."), false),
            (&good.replace("https://", "https://evil@"), false),
            (&good.replace(".com/", ".com.evil.example/"), false),
            (&good.replace("https", "http"), false),
            (&good.replace("/ft/", "/ft/../"), false),
            (&good.replace("/ft/", "//ft/"), false),
            (&good.replace(KEY, "0123"), false),
            (&good.replace('f', "F"), false),
            ("file:///etc/passwd", false),
            ("https://169.254.169.254/latest/meta-data", false),
            ("", false),
        ] {
            assert_eq!(key_in(url, &ours).as_deref(), is_ours.then_some(KEY), "{url}");
        }
    }

    #[test]
    fn without_an_address_of_ours_the_key_alone_counts() {
        for host in ["http://192.168.0.10:8081", "https://pbx.example.com"] {
            assert_eq!(key_in(&url(host, KEY, "a.png"), &[]).as_deref(), Some(KEY));
        }
        for url in
            [&format!("ftp://host/ft/{KEY}/a"), &format!("http:///ft/{KEY}/a"), "http://host/ft/x/a", "http://host"]
        {
            assert_eq!(key_in(url, &[]), None, "{url}");
        }
    }
}
