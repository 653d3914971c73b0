//! Counted links of campaigns at the public door. One leads where its campaign's own text said when it was sent, and
//! nowhere else, whatever is asked with it (T37). Wrong, ended and gone look alike, and guesses are counted (T38).

use crate::domain::id::CampaignId;
use crate::flow::campaign::links;
use crate::ingress::media_link::{MediaDoor, network, not_found};
use crate::store::short_links::LinkTarget;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::header::{self, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};

/// What programs call themselves that look at links nobody has pressed: previews in messengers, checks for viruses.
const PROGRAMS: &[&str] = &[
    "bot",
    "crawler",
    "spider",
    "preview",
    "facebookexternalhit",
    "facebot",
    "whatsapp",
    "telegram",
    "slack",
    "discord",
    "skypeuripreview",
    "viber",
    "signal",
    "google-safety",
    "googleother",
    "safelinks",
    "barracuda",
    "proofpoint",
    "mimecast",
    "headless",
    "curl/",
    "wget/",
    "python-requests",
    "go-http-client",
    "okhttp",
    "java/",
    "apache-httpclient",
    "scan",
    "monitor",
    "lighthouse",
    "embedly",
    "iframely",
    "bitly",
    "dataprovider",
    "ahrefs",
];

/// Leads on to where a link points.
pub(super) async fn open(
    State(MediaDoor(door)): State<MediaDoor>,
    path: Result<Path<String>, PathRejection>,
    asked: Parts,
) -> Response<Body> {
    let Some(token) = path.ok().map(|Path(token)| token).filter(|token| links::is_token(token)) else {
        return not_found(&asked);
    };
    let (from, now) = (network(&asked), door.media.desk.clock.monotonic());
    if !door.guesses.may_look(from, &token, now) {
        return not_found(&asked);
    }
    match links::target(&door.media.desk, &token).await {
        Ok(Some(link)) => {
            door.guesses.opened_from(from, &token);
            let answer = lead_to(&link.target);
            if asked.method == Method::GET && is_a_person(&asked.headers) {
                count(&door.media.desk, token, link);
            }
            answer.unwrap_or_else(|| not_found(&asked))
        }
        Ok(None) => {
            door.guesses.missed(from, now);
            not_found(&asked)
        }
        Err(error) => door.not_now(&asked, &error),
    }
}

/// On to there, without saying whence; nobody on the way keeps the answer.
fn lead_to(target: &str) -> Option<Response<Body>> {
    let target = HeaderValue::from_str(url::Url::parse(target).ok()?.as_str()).ok()?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, target);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex, nofollow"));
    Some(response)
}

/// Whether somebody pressed it, as far as that can be told: no program that only looks, nothing fetched ahead.
fn is_a_person(headers: &HeaderMap) -> bool {
    let said =
        |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let agent = said("user-agent");
    let ahead = ["purpose", "x-purpose", "sec-purpose", "x-moz"].iter().any(|name| said(name).contains("pre"));
    !agent.is_empty() && !ahead && !PROGRAMS.iter().any(|program| agent.contains(program))
}

/// Nobody waits for that.
fn count(desk: &crate::flow::desk::Desk, token: String, link: LinkTarget) {
    let desk = desk.clone();
    let campaign: CampaignId = link.campaign;
    tokio::spawn(async move {
        if let Err(error) = links::note_opened(&desk, token, link).await {
            tracing::warn!(%error, campaign.id = %campaign, "It cannot be noted that a link was opened: {error}");
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(pairs: &[(&'static str, &'static str)]) -> bool {
        let header = |(name, value): &(&'static str, &'static str)| {
            (http::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        is_a_person(&pairs.iter().map(header).collect())
    }

    #[test]
    fn programs_that_only_look_are_no_people() {
        let phone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1";

        assert!(person(&[("user-agent", phone)]));
        for agent in [
            "WhatsApp/2.23.20.0",
            "facebookexternalhit/1.1;line-poker/1.0",
            "TelegramBot (like TwitterBot)",
            "Mozilla/5.0 (compatible; Googlebot/2.1)",
            "curl/8.5.0",
        ] {
            assert!(!person(&[("user-agent", agent)]), "{agent}");
        }
        assert!(!person(&[]), "who says nothing is no browser");
        assert!(!person(&[("user-agent", phone), ("sec-purpose", "prefetch;prerender")]));
    }

    #[test]
    fn an_address_is_written_as_a_header_may_carry_it() {
        let answer = lead_to("https://müller.example/ü?x=\u{1f600}").expect("an address");

        assert_eq!(answer.headers()["location"], "https://xn--mller-kva.example/%C3%BC?x=%F0%9F%98%80");
        assert_eq!(answer.headers()["referrer-policy"], "no-referrer");
    }
}
