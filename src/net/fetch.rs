//! Getting a file from a place a message named: https only, a few redirects, each checked like the first.
//! What came is bytes and a status; whether they are what they claim to be is decided elsewhere.

use crate::net::body::{Body, PourError, Sink};
use crate::net::client::{CallError, HttpClient, Reach};
use crate::net::dial::Target;
use bytes::Bytes;
use http::header::{ACCEPT, LOCATION};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use std::time::Duration;
use url::Url;

const REDIRECTS_MAX: usize = 3;

/// What to get, and from where it may come.
#[derive(Clone, Debug)]
pub struct Fetch {
    pub uri: Uri,
    /// They go to the first host alone (credentials may be among them); Accept goes everywhere.
    pub headers: HeaderMap,
    /// Hosts it may come from, redirects included: `api.example.com`, or `.example.com` for all below it.
    /// Empty: from any public host.
    pub hosts: Vec<String>,
    pub reach: Reach,
    /// From the wait for a slot to the last byte.
    pub total_max: Duration,
    /// Of the file.
    pub bytes_max: u64,
}

impl HttpClient {
    /// Gets a file: a good answer's body goes into `sink` as it comes. Redirects are followed to https only, three at most.
    pub async fn fetch<S: Sink>(&self, fetch: Fetch, sink: &mut S) -> Result<Response<Body>, PourError<S::Error>> {
        let deadline = self.monotonic().saturating_add(fetch.total_max);
        let whom = self.named(fetch.reach);
        let mut uri = fetch.uri;
        let mut headers = fetch.headers;
        for redirects_left in (0..=REDIRECTS_MAX).rev() {
            let target = Target::of(&uri).map_err(CallError::Refused)?;
            if !comes_from(&target.host, &fetch.hosts) {
                return Err(CallError::Refused(format!("{target} is not a host this may be fetched from")).into());
            }
            let mut request = Request::new(Bytes::new());
            *request.method_mut() = Method::GET;
            *request.uri_mut() = uri.clone();
            *request.headers_mut() = headers.clone();
            let response = self.open(request, &whom, deadline).await?.pour(fetch.bytes_max, sink).await?;
            let Some(next) = redirect(&uri, &response)? else { return Ok(response) };
            if redirects_left == 0 {
                return Err(CallError::Refused(format!("{target} leads to more than {REDIRECTS_MAX} redirects")).into());
            }
            let there = Target::of(&next).map_err(CallError::Refused)?;
            if target.tls && !there.tls {
                return Err(CallError::Refused(format!("{target} leads from https to {there} without TLS")).into());
            }
            if there != target {
                // Authorization, Cookie, a carrier's own key header: all meant for the first host.
                let accept = headers.remove(ACCEPT);
                headers.clear();
                headers.extend(accept.map(|accept| (ACCEPT, accept)));
            }
            uri = next;
        }
        unreachable!("the last round returns")
    }
}

/// Where a response sends us, if it does.
fn redirect<T>(from: &Uri, response: &Response<T>) -> Result<Option<Uri>, CallError> {
    use StatusCode as S;
    let leads = [S::MOVED_PERMANENTLY, S::FOUND, S::SEE_OTHER, S::TEMPORARY_REDIRECT, S::PERMANENT_REDIRECT];
    let Some(location) = response.headers().get(LOCATION).filter(|_| leads.contains(&response.status())) else {
        return Ok(None);
    };
    let next = || {
        let mut next = Url::parse(&from.to_string()).ok()?.join(location.to_str().ok()?).ok()?;
        next.set_fragment(None);
        next.as_str().parse().ok()
    };
    next().map(Some).ok_or_else(|| CallError::Refused("a redirect leads to an unreadable URL".into()))
}

fn comes_from(host: &str, allowed: &[String]) -> bool {
    allowed.is_empty()
        || allowed
            .iter()
            .map(|entry| entry.to_ascii_lowercase())
            .any(|entry| if entry.starts_with('.') { host.ends_with(&entry) } else { host == entry })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(from: &str, status: u16, location: &str) -> Option<String> {
        let response = Response::builder().status(status).header("Location", location).body(Bytes::new()).unwrap();
        redirect(&from.parse().unwrap(), &response).ok()?.map(|uri| uri.to_string())
    }

    #[test]
    fn a_redirect_is_read_relative_to_where_it_came_from() {
        let from = "https://a.example.com/x/y?z";

        assert_eq!(leads(from, 302, "/q").as_deref(), Some("https://a.example.com/q"));
        assert_eq!(leads(from, 307, "//b.example.com/q#part").as_deref(), Some("https://b.example.com/q"));
        assert_eq!(leads(from, 200, "/q"), None);
        assert_eq!(leads(from, 302, "https://[nonsense"), None);
    }

    #[test]
    fn hosts_are_matched_whole_or_as_a_domain() {
        let allowed = ["api.example.com".to_owned(), ".media.example.com".to_owned()];

        assert!(comes_from("api.example.com", &allowed) && comes_from("a.media.example.com", &allowed));
        assert!(!comes_from("evil-api.example.com", &allowed) && !comes_from("evilmedia.example.com", &allowed));
        assert!(!comes_from("media.example.com", &allowed) && comes_from("any.example.org", &[]));
    }
}
