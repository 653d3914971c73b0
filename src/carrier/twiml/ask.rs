//! Questions about messages, as Twilio and those who copied it answer them: a state, "did you take it?", what came in.

use super::list::{self, Next, Page, Row};
use super::{code_of, state_of};
use crate::carrier::codes;
use crate::carrier::dialect::{Answer, InboundMedia, Known, Said};
use crate::carrier::http::{self, good_json, path_piece};
use crate::carrier::moments;
use crate::domain::delivery::SendError;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;

/// An account's messages, and how its carrier writes addresses.
pub struct Messages<'a> {
    /// The carrier's address.
    pub base_url: &'a str,
    /// The account's path below it.
    pub account_path: &'a str,
    /// What addresses end in: `.json`, or nothing.
    pub ending: &'static str,
    /// What an answer means that is no good one.
    pub refused: fn(&Answer) -> SendError,
}

/// What to do next.
pub enum Step {
    /// GET this, below the account.
    Get(String),
    /// This is the answer.
    Known(Known),
}

impl Messages<'_> {
    /// Where one message is.
    pub fn one(&self, carrier_id: &str) -> String {
        format!("/Messages/{}{}", path_piece(carrier_id), self.ending)
    }

    /// The state of a message, in the answer to a GET of [`Messages::one`].
    pub fn state(
        &self,
        carrier_id: &str,
        answer: &Answer,
        why: fn(Option<u32>, Option<&str>) -> Reason,
    ) -> Result<Known, SendError> {
        let body = good_json(answer, self.refused)?;
        let state = body["status"].as_str().and_then(state_of);
        let state = state.filter(|_| body["sid"] == carrier_id).ok_or_else(|| http::unreadable(answer))?;
        let reason = || why(code_of(&body["error_code"]), body["error_message"].as_str());
        Ok(Known::State(codes::report(Some(carrier_id.to_owned()), None, state, reason)))
    }

    /// Looks for a message among those between two numbers. There is no key to look by: the text decides.
    ///
    /// Not filtered by DateSent, because a message still in the carrier's queue has none.
    pub fn taken(
        &self,
        (from, to): (&str, &str),
        text: &str,
        since: Timestamp,
        answers: &[Answer],
    ) -> Result<Step, SendError> {
        if answers.is_empty() {
            return Ok(self.first_page(&[("To", to), ("From", from)]));
        }
        let pages = answers.iter().map(|answer| page(&good_json(answer, self.refused)?, answer));
        self.go_on(list::taken(&pages.collect::<Result<Vec<_>, _>>()?, text, since)?)
    }

    /// Messages of the account since then, ours with their states. Files of a message have a list of their own.
    pub fn inbox(
        &self,
        since: Timestamp,
        answers: &[Answer],
        said: impl Fn(&Row, &[InboundMedia]) -> Option<Said>,
    ) -> Result<Step, SendError> {
        if answers.is_empty() {
            return Ok(self.first_page(&[("DateSent>", &moments::rfc3339(since))]));
        }
        let (mut pages, mut files) = (Vec::new(), Vec::new());
        for answer in answers {
            let body = good_json(answer, self.refused)?;
            match list::files(&body, self.base_url) {
                Some(found) => files.push(found),
                None => pages.push(page(&body, answer)?),
            }
        }
        self.go_on(list::inbox(&pages, &files, since, said)?)
    }

    fn first_page(&self, filters: &[(&str, &str)]) -> Step {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(filters.iter().filter(|(_, value)| !value.is_empty()));
        query.append_pair("PageSize", &list::PAGE_SIZE.to_string());
        Step::Get(format!("/Messages{}?{}", self.ending, query.finish()))
    }

    fn go_on(&self, next: Next) -> Result<Step, SendError> {
        Ok(match next {
            Next::Page(uri) => Step::Get(list::below(&uri, self.account_path)?.to_owned()),
            Next::Files(sid) => Step::Get(format!("/Messages/{}/Media{}", path_piece(&sid), self.ending)),
            Next::Known(known) => Step::Known(known),
        })
    }
}

fn page(body: &serde_json::Value, answer: &Answer) -> Result<Page, SendError> {
    Page::read(body).ok_or_else(|| http::unreadable(answer))
}
