//! One request to a CardDAV server and what its answer means. Our own HTTP client asks; redirects stay with the server
//! that was named, since the password goes along.

use crate::domain::contact_source::{CarddavSettings, ProblemCode, SourceProblem};
use crate::domain::secret::Secret;
use crate::egress::contact_source::carddav::multistatus::{self, Answer};
use crate::egress::contact_source::trouble;
use crate::net::client::{CallError, CallLimits, HttpClient, Reach};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use http::{Method, Request, Response};
use std::time::Duration;
use url::Url;

/// One answer: a list of half a million names, or a hundred cards with pictures.
const ANSWER_BYTES_MAX: usize = 128 << 20;
const CALL_MAX: Duration = Duration::from_secs(120);
const REDIRECTS_MAX: usize = 5;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask<'a> {
    /// What is there.
    Propfind(u8, &'a str),
    /// What changed, or these cards.
    Report(u8, &'a str),
}

/// How it ended.
#[derive(Debug)]
pub(super) enum Said {
    /// It told us, here.
    Told(Url, Answer),
    /// Nothing of that kind is there: the HTTP status.
    Nothing(u16),
    /// More than one answer may hold.
    TooLarge,
}

/// A server, and who we are there.
pub(super) struct Dav<'a> {
    http: &'a HttpClient,
    authorization: Option<HeaderValue>,
    /// Where it begins.
    pub home: Url,
}

impl<'a> Dav<'a> {
    /// The server of the settings.
    pub fn new(http: &'a HttpClient, settings: &CarddavSettings, password: &Secret) -> Result<Dav<'a>, SourceProblem> {
        let home = Url::parse(settings.url.trim()).map_err(|_| no_address())?;
        if !matches!(home.scheme(), "http" | "https") || home.host_str().is_none() {
            return Err(no_address());
        }
        let authorization = (!settings.user.is_empty()).then(|| {
            let plain = format!("{}:{}", settings.user, password.expose());
            let mut value =
                HeaderValue::try_from(format!("Basic {}", STANDARD.encode(plain))).expect("base64 is plain");
            value.set_sensitive(true);
            value
        });
        Ok(Dav { http, authorization, home })
    }

    /// Asks; redirects at this server are followed.
    pub async fn ask(&self, url: &Url, ask: Ask<'_>) -> Result<Said, SourceProblem> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let answer = match self.call(&url, ask).await {
                Err(CallError::TooLarge { .. }) => return Ok(Said::TooLarge),
                answer => answer.map_err(|error| trouble::of_call(&error))?,
            };
            if !answer.status().is_redirection() {
                return read(url, &answer);
            }
            let leads = answer.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            let next = leads.and_then(|leads| url.join(leads).ok());
            let Some(next) = next else { return Ok(Said::Nothing(answer.status().as_u16())) };
            if !self.is_here(&next) {
                return Err(elsewhere(&next));
            }
            url = next;
        }
        Err(trouble::unreadable("it leads in a circle"))
    }

    /// Whether an address is at the server that was named: the password goes nowhere else.
    pub fn is_here(&self, url: &Url) -> bool {
        let upgraded = self.home.scheme() == "http" && url.scheme() == "https";
        let same_port = url.port_or_known_default() == self.home.port_or_known_default();
        url.host_str() == self.home.host_str()
            && (url.scheme() == self.home.scheme() && same_port || upgraded && url.port().is_none())
    }

    async fn call(&self, url: &Url, ask: Ask<'_>) -> Result<Response<Bytes>, CallError> {
        let (method, depth, body) = match ask {
            Ask::Propfind(depth, body) => ("PROPFIND", depth, body),
            Ask::Report(depth, body) => ("REPORT", depth, body),
        };
        let mut url = url.clone();
        url.set_fragment(None);
        // Names in the address are dropped: they would be credentials of somebody else.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).expect("two plain words"))
            .uri(url.as_str())
            .header("Depth", u16::from(depth))
            .header(CONTENT_TYPE, "application/xml; charset=utf-8");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let request = request.body(Bytes::from(body.to_owned()));
        let request = request.map_err(|error| CallError::Refused(error.to_string()))?;
        let limits = CallLimits { total_max: CALL_MAX, body_bytes_max: ANSWER_BYTES_MAX };
        self.http.call_at(request, Reach::House, limits).await
    }
}

fn read(url: Url, answer: &Response<Bytes>) -> Result<Said, SourceProblem> {
    let status = answer.status().as_u16();
    match status {
        207 => multistatus::read(answer.body()).map(|told| Said::Told(url, told)).map_err(trouble::unreadable),
        401 => Err(wrong_password(answer)),
        403 if !said_precondition(answer) => Err(trouble::forbidden("HTTP 403")),
        429 | 500..=599 if status != 501 && status != 507 => Err(trouble::unreachable(&format!("HTTP {status}"))),
        status => Ok(Said::Nothing(status)),
    }
}

/// A 403 that says which rule was broken (RFC 3253 1.6), as for a token that is too old: no matter of rights.
fn said_precondition(answer: &Response<Bytes>) -> bool {
    answer.body().windows(16).any(|part| part == b"valid-sync-token")
}

fn wrong_password(answer: &Response<Bytes>) -> SourceProblem {
    let wants: Vec<String> = answer
        .headers()
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.split_whitespace().next().map(str::to_ascii_lowercase))
        .collect();
    if wants.is_empty() || wants.iter().any(|scheme| scheme == "basic") {
        return trouble::credentials("HTTP 401");
    }
    let wants = trouble::said(&wants.join(", "));
    SourceProblem::new(
        ProblemCode::Credentials,
        (
            format!("The server wants to be signed in to by {wants}; only user and password (Basic) are spoken here."),
            format!("Der Server verlangt eine Anmeldung per {wants}; hier geht nur Benutzer und Kennwort (Basic)."),
        ),
        ("Allow Basic over HTTPS at the server.", "Bitte am Server Basic über HTTPS zulassen."),
    )
}

fn no_address() -> SourceProblem {
    SourceProblem::new(
        ProblemCode::NotFound,
        ("This is no web address.", "Das ist keine Webadresse."),
        ("Write it as in https://cloud.example.com/.", "Bitte schreiben wie https://cloud.example.com/."),
    )
}

fn elsewhere(url: &Url) -> SourceProblem {
    let there = trouble::said(url.as_str());
    SourceProblem::new(
        ProblemCode::NoBook,
        (
            format!("The server leads to another one: {there}. The password is sent to nobody but the one you named."),
            format!("Der Server führt zu einem anderen: {there}. Das Kennwort geht nur an den, den Sie genannt haben."),
        ),
        (
            "Enter that address instead, if you trust it.",
            "Bitte stattdessen jene Adresse eintragen, wenn Sie ihr vertrauen.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::net::client::ClientSettings;
    use crate::net::tls;

    #[test]
    fn the_password_goes_to_the_named_server_alone() {
        let http = HttpClient::new(ClientSettings::new(tls::client(None).expect("roots")), Clock::system());
        let of = |url: &str| CarddavSettings { url: url.into(), user: "ada".into() };
        let there = of("https://dav.example.com/x");
        let dav = Dav::new(&http, &there, &Secret::new("pw")).expect("an address");

        for (url, here) in [
            ("https://dav.example.com/y", true),
            ("https://DAV.example.com:443/y", true),
            ("https://dav.example.com:8443/y", false),
            ("http://dav.example.com/y", false),
            ("https://dav.example.com.evil.example/y", false),
        ] {
            assert_eq!(dav.is_here(&Url::parse(url).expect("a URL")), here, "{url}");
        }
        for url in ["", "dav.example.com", "file:///etc/passwd", "ldap://x"] {
            assert!(Dav::new(&http, &of(url), &Secret::new("pw")).is_err(), "{url}");
        }
    }
}
