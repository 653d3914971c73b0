//! A file that came with a message, fetched from the carrier: our credentials go to its own hosts alone.

use crate::carrier::dialect::{Answer, AskStep, InboundMedia, Known};
use crate::carrier::http::Call;
use crate::domain::delivery::SendError;
use ::http::header::{ACCEPT, LOCATION};
use ::http::{Method, StatusCode};
use url::Url;

/// Redirects followed: carriers keep files elsewhere.
const REDIRECTS_MAX: usize = 3;
/// Files of one message.
const MEDIA_MAX: usize = 30;

/// Where a carrier keeps files.
pub struct Shelf<'a> {
    /// The carrier's address as it is set.
    pub base_url: &'a str,
    /// Ends of host names that are the carrier's too, as in `.example.com`.
    pub hosts: &'a [&'a str],
}

impl Shelf<'_> {
    /// The next step towards the file at `location`; `authorized` adds our credentials where they belong.
    pub fn fetch(
        &self,
        location: &str,
        authorized: impl FnOnce(Call) -> Result<Call, SendError>,
        answers: &[Answer],
        refused: fn(&Answer) -> SendError,
    ) -> Result<AskStep, SendError> {
        let place = place(location, answers).ok_or_else(nowhere)?;
        match answers.last() {
            None => self.call(&place, authorized),
            Some(last) if leads_to(last).is_some() && answers.len() <= REDIRECTS_MAX => self.call(&place, authorized),
            Some(last) => fetched(last, refused),
        }
    }

    fn call(&self, url: &Url, authorized: impl FnOnce(Call) -> Result<Call, SendError>) -> Result<AskStep, SendError> {
        let home = Url::parse(self.base_url).is_ok_and(|base| base.origin() == url.origin());
        let https = url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
        if !home && !https {
            return Err(nowhere());
        }
        let host = url.host_str().unwrap_or_default();
        let theirs = home || self.hosts.iter().any(|end| host.ends_with(end));
        let call = Call::new(Method::GET, url.as_str())?.header(ACCEPT, "*/*")?;
        let call = if theirs { authorized(call)?.bare() } else { call.bare() };
        Ok(AskStep::File { call, at_home: home })
    }
}

/// The files of a message, a bounded number. The frame of an MMS (SMIL) is no attachment of anybody.
pub fn attached(files: impl IntoIterator<Item = InboundMedia>) -> Vec<InboundMedia> {
    let is_frame = |file: &InboundMedia| {
        file.claimed_type.as_deref().is_some_and(|kind| kind.starts_with("application/smil"))
            || file.file_name.as_deref().is_some_and(|name| name.to_ascii_lowercase().ends_with(".smil"))
    };
    files.into_iter().filter(|file| !is_frame(file)).take(MEDIA_MAX).collect()
}

fn nowhere() -> SendError {
    SendError::Unreadable { why: "the file is at no address that can be called".into() }
}

/// Where it is after all redirects so far; each is read from where it was found.
fn place(location: &str, answers: &[Answer]) -> Option<Url> {
    let first = Url::parse(location).ok()?;
    let mut place = answers.iter().filter_map(leads_to).try_fold(first, |place, to| place.join(to).ok())?;
    place.set_fragment(None);
    Some(place)
}

fn leads_to(answer: &Answer) -> Option<&str> {
    let to = answer.headers().get(LOCATION).filter(|_| answer.status().is_redirection())?;
    to.to_str().ok()
}

/// The last answer was the file, or a refusal.
pub fn fetched(last: &Answer, refused: fn(&Answer) -> SendError) -> Result<AskStep, SendError> {
    if last.status() != StatusCode::OK {
        return Err(refused(last));
    }
    Ok(AskStep::Known(Known::Media))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::http::by_status;
    use ::http::header::AUTHORIZATION;
    use bytes::Bytes;

    const SHELF: Shelf<'_> = Shelf { base_url: "https://api.example.com", hosts: &[".example.net"] };

    fn step(location: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        SHELF.fetch(location, |call| call.bearer("secret"), answers, by_status)
    }

    #[test]
    fn credentials_go_to_the_carrier_alone() {
        for (location, with) in [
            ("https://api.example.com/media/1", Some(true)),
            ("https://media.example.net/1", Some(true)),
            ("https://bucket.example.org/1", Some(false)),
            ("https://example.net.evil.example/1", Some(false)),
            ("http://api.example.com/media/1", None),
            ("http://127.0.0.1/", None),
            ("file:///etc/passwd", None),
            ("ME123", None),
        ] {
            let called = match step(location, &[]) {
                Ok(AskStep::File { call, .. }) => Some(call.headers().contains_key(AUTHORIZATION)),
                Ok(other) => panic!("{other:?}"),
                Err(_) => None,
            };
            assert_eq!(called, with, "{location}");
        }
    }

    #[test]
    fn the_frame_of_an_mms_is_no_file_of_it() {
        let files = [
            InboundMedia::at("https://a.example.com/0.SMIL", None),
            InboundMedia::at("https://a.example.com/1", Some("application/smil; charset=utf-8")),
            InboundMedia::at("https://a.example.com/2.png", Some("image/png")),
        ];

        assert_eq!(attached(files.clone()), files[2..]);
        assert_eq!(attached(std::iter::repeat_n(files[2].clone(), 1000)).len(), MEDIA_MAX);
    }

    #[test]
    fn a_redirect_is_followed_without_them_and_not_for_ever() {
        let redirect = || {
            let answer = ::http::Response::builder().status(307).header("location", "https://bucket.example.org/1");
            answer.body(Bytes::new()).expect("an answer")
        };
        let file = ::http::Response::new(Bytes::from("png"));

        let Ok(AskStep::File { call, .. }) = step("https://api.example.com/1", &[redirect()]) else { panic!("a call") };
        assert!(!call.headers().contains_key(AUTHORIZATION));
        let near = ::http::Response::builder().status(302).header("location", "/2?a=b").body(Bytes::new());
        let Ok(AskStep::File { call, at_home: true }) = step("https://api.example.com/1", &[near.expect("an answer")])
        else {
            panic!("a call")
        };
        assert_eq!(call.uri(), "https://api.example.com/2?a=b");
        let known = step("https://api.example.com/1", &[redirect(), file]);
        assert!(matches!(known, Ok(AskStep::Known(Known::Media))));
        let endless: Vec<Answer> = (0..4).map(|_| redirect()).collect();
        assert!(step("https://api.example.com/1", &endless).is_err());
    }
}
