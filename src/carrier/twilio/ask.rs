//! What Twilio can be asked: are the credentials good, what became of a message, and did you take it at all.

use super::send::{is_message_sid, segments};
use super::{Twilio, errors, hear, written};
use crate::carrier::dialect::{Accepted, Answer, AskStep, DeliveryReport, Known, OutboundMessage, Request};
use crate::carrier::http::{self, Call};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use ::http::{Method, StatusCode};
use serde_json::Value;
use std::time::Duration;

const PAGE_SIZE: usize = 200;
const PAGES_MAX: usize = 5;
/// How far Twilio's clock and ours may be apart: what was made in this time before `since` proves nothing.
const DOUBT: Duration = Duration::from_secs(120);

impl Twilio {
    /// First the auth token (it guards the webhooks), then the API key, where there is one.
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(account) = answers.first() else {
            let call = Call::new(Method::GET, &format!("{}{}.json", self.base_url, self.account_path()))?;
            return Ok(AskStep::Call(call.basic(&self.account_sid, self.auth_tokens[0].expose())?.bare()));
        };
        let body = success(account)?;
        let name = body["friendly_name"].as_str().unwrap_or("without a name");
        let status = body["status"].as_str().ok_or_else(|| http::unreadable(account))?;
        if status != "active" {
            let why = format!("the account {name} is {status}: see the console");
            return Err(SendError::Misconfigured { reason: Reason::of(ReasonCode::CredentialsRefused).saying(&why) });
        }
        let good =
            |with: &str| Ok(AskStep::Known(Known::CredentialsGood(format!("Account {name} is active; {with}."))));
        match (&self.api_key, answers.get(1)) {
            (None, _) => good("the auth token is good"),
            (Some(_), None) => Ok(AskStep::Call(self.call(Method::GET, "/Messages.json?PageSize=1")?.bare())),
            (Some(_), Some(answer)) => success(answer).and_then(|_| good("auth token and API key are good")),
        }
    }

    /// The state of one message.
    pub(super) fn ask_status(&self, carrier_id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let unknown = || SendError::Rejected {
            reason: Reason::of(ReasonCode::CarrierRefused).coded("20404").saying("Twilio does not know this message"),
        };
        if !is_message_sid(carrier_id) {
            return Err(unknown());
        }
        let Some(answer) = answers.last() else {
            return Ok(AskStep::Call(self.call(Method::GET, &format!("/Messages/{carrier_id}.json"))?.bare()));
        };
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(unknown());
        }
        let body = success(answer)?;
        let state = body["status"].as_str().and_then(hear::state_of);
        let state = state.filter(|_| body["sid"] == carrier_id).ok_or_else(|| http::unreadable(answer))?;
        Ok(AskStep::Known(Known::State(DeliveryReport {
            carrier_id: Some(carrier_id.to_owned()),
            reference: None,
            state,
            reason: hear::reason(state, errors::code_of(&body["error_code"]), body["error_message"].as_str()),
        })))
    }

    /// Looks for the message among those to this peer. There is no key to look by: the text decides.
    ///
    /// Not filtered by DateSent, because a message still in Twilio's queue has none.
    pub(super) fn ask_taken(
        &self,
        message: &OutboundMessage,
        since: Timestamp,
        answers: &[Answer],
    ) -> Result<AskStep, SendError> {
        let pages = answers.iter().map(Page::read).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = pages.last() else { return self.first_page(message).map(AskStep::Call) };
        if let (Some(next), false) = (&last.next, last.reaches_before(since.minus(DOUBT))) {
            if pages.len() >= PAGES_MAX {
                return Err(doubt("too many messages to this number to look through"));
            }
            return self.next_page(next).map(AskStep::Call);
        }
        let listed: Vec<&Listed> = pages.iter().flat_map(|page| &page.messages).collect();
        judge(&listed, &message.text, since).map(AskStep::Known)
    }

    fn first_page(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, address) in [("To", &message.to), ("From", &message.from)] {
            if let Some(text) = written(address, message.kind) {
                query.append_pair(name, &text);
            }
        }
        query.append_pair("PageSize", &PAGE_SIZE.to_string());
        Ok(self.call(Method::GET, &format!("/Messages.json?{}", query.finish()))?.bare())
    }

    /// Only a path below our own account is followed.
    fn next_page(&self, uri: &str) -> Result<Request, SendError> {
        let rest = uri.strip_prefix(&self.account_path()).filter(|rest| rest.starts_with("/Messages.json?"));
        let rest = rest.ok_or_else(|| doubt("the list leads somewhere else"))?;
        Ok(self.call(Method::GET, rest)?.bare())
    }
}

/// The body of a good answer, else what the answer means.
fn success(answer: &Answer) -> Result<Value, SendError> {
    if !answer.status().is_success() {
        return Err(errors::of(answer));
    }
    http::json_of(answer).filter(Value::is_object).ok_or_else(|| http::unreadable(answer))
}

fn doubt(why: &str) -> SendError {
    SendError::Unreadable { why: format!("whether the carrier took the message cannot be told: {why}") }
}

/// One page of the list.
struct Page {
    messages: Vec<Listed>,
    next: Option<String>,
}

/// A message of ours in the list.
struct Listed {
    sid: String,
    text: String,
    made: Timestamp,
    segments: Option<u32>,
}

impl Page {
    fn read(answer: &Answer) -> Result<Page, SendError> {
        let body = success(answer)?;
        let rows = body["messages"].as_array().ok_or_else(|| http::unreadable(answer))?;
        let ours = |row: &&Value| row["direction"] != "inbound";
        let messages = rows.iter().filter(ours).map(|row| Listed::read(row).ok_or_else(|| http::unreadable(answer)));
        Ok(Page {
            messages: messages.collect::<Result<_, _>>()?,
            next: body["next_page_uri"].as_str().map(str::to_owned),
        })
    }

    /// Whether this page ends in older messages than we look for: newest first, as the list comes, and checked to be so.
    fn reaches_before(&self, moment: Timestamp) -> bool {
        let newest_first = self.messages.is_sorted_by(|one, next| one.made >= next.made);
        newest_first && self.messages.last().is_some_and(|oldest| oldest.made < moment)
    }
}

impl Listed {
    fn read(row: &Value) -> Option<Listed> {
        Some(Listed {
            sid: row["sid"].as_str().filter(|sid| is_message_sid(sid))?.to_owned(),
            text: row["body"].as_str().unwrap_or_default().to_owned(),
            made: rfc2822(row["date_created"].as_str()?)?,
            segments: segments(&row["num_segments"]),
        })
    }
}

/// Exactly one with this very text since then: taken. None that even resembles it: not taken. Else nobody knows.
fn judge(listed: &[&Listed], text: &str, since: Timestamp) -> Result<Known, SendError> {
    // Twilio's moments are whole seconds.
    let since = Timestamp::from_seconds(since.as_seconds());
    let near = listed.iter().filter(|row| row.made >= since.minus(DOUBT));
    let alike: Vec<_> = near.filter(|row| skeleton(&row.text) == skeleton(text)).collect();
    match alike.as_slice() {
        [] => Ok(Known::NotTaken),
        [one] if one.text == text && one.made >= since => Ok(Known::Taken(Accepted::of(one.sid.clone(), one.segments))),
        [_] => Err(doubt("it lists one that resembles it")),
        _ => Err(doubt("it lists several with this text")),
    }
}

/// What is left of a text however a carrier trims it or swaps its quotes and dashes; the text itself if that is nothing.
fn skeleton(text: &str) -> String {
    let bare: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    if bare.is_empty() { text.trim().to_owned() } else { bare }
}

/// `Thu, 24 Aug 2023 05:01:45 +0000`, the one form Twilio writes (RFC 2822 in GMT).
fn rfc2822(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, date) = text.split_once(", ")?;
    let [day, month, year, time, "+0000"] = date.split_ascii_whitespace().collect::<Vec<_>>()[..] else { return None };
    let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
    let (day, year): (i64, i64) = (day.parse().ok()?, year.parse().ok()?);
    let clock: Vec<i64> = time.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hour, minute, second] = clock[..] else { return None };
    if !((1970..=9999).contains(&year) && (1..=31).contains(&day)) {
        return None;
    }
    // Days since 1970 of a year that begins in March, so that the leap day comes last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468;
    Some(Timestamp::from_seconds(days * 86_400 + hour * 3600 + minute * 60 + second))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::Address;
    use crate::domain::channel::ChannelKind;
    use serde_json::json;

    #[test]
    fn dates_are_read_as_twilio_writes_them() {
        for (text, seconds) in [
            ("Thu, 24 Aug 2023 05:01:45 +0000", Some(1_692_853_305)),
            ("Thu, 01 Jan 1970 00:00:00 +0000", Some(0)),
            ("Thu, 29 Feb 2024 23:59:59 +0000", Some(1_709_251_199)),
            ("Fri, 01 Mar 2024 00:00:00 +0000", Some(1_709_251_200)),
            ("Fri, 20 Nov 2026 12:00:00 +0000", Some(1_795_176_000)),
            ("2024-03-01T00:00:00Z", None),
            ("Fri, 01 Mar 2024 00:00:00 +0100", None),
        ] {
            assert_eq!(rfc2822(text).map(Timestamp::as_seconds), seconds, "{text}");
        }
    }

    #[test]
    fn only_one_exact_text_since_then_counts_as_taken() {
        let since = Timestamp::from_seconds(1_000_000);
        let row = |text: &str, after: i64| Listed {
            sid: format!("SM{:032x}", after.unsigned_abs()),
            text: text.into(),
            made: Timestamp::from_seconds(1_000_000 + after),
            segments: Some(1),
        };
        let judged = |rows: &[Listed]| judge(&rows.iter().collect::<Vec<_>>(), "Hello \"you\"", since);

        assert!(matches!(judged(&[row("Hello \"you\"", 3), row("Other", 5)]), Ok(Known::Taken(_))));
        assert_eq!(judged(&[row("Other", 3)]), Ok(Known::NotTaken));
        assert_eq!(judged(&[row("Hello \"you\"", -4000)]), Ok(Known::NotTaken));
        for unclear in [
            vec![row("Hello \"you\"", 3), row("Hello \"you\"", 4)],
            vec![row("Hello “you”", 3)],
            vec![row("Hello \"you\"", -30)],
        ] {
            assert!(matches!(judged(&unclear), Err(SendError::Unreadable { .. })));
        }
    }

    fn dialect(api_key: bool) -> Twilio {
        let mut settings = json!({
            "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "0123456789abcdef0123456789abcdef",
        });
        if api_key {
            settings["api_key_sid"] = "SK0123456789abcdef0123456789abcdef".into();
            settings["api_key_secret"] = "0123456789abcdef0123456789abcdef".into();
        }
        Twilio::from_settings(settings.as_object().expect("an object")).expect("good settings")
    }

    fn answered(status: u16, body: &Value) -> Answer {
        ::http::Response::builder().status(status).body(body.to_string().into()).expect("a good answer")
    }

    fn called(step: Result<AskStep, SendError>) -> String {
        match step {
            Ok(AskStep::Call(request)) => request.uri().to_string(),
            other => panic!("no call: {other:?}"),
        }
    }

    fn message() -> OutboundMessage {
        OutboundMessage {
            reference: "r1".into(),
            kind: ChannelKind::Sms,
            from: Address::parse("+4930555000").expect("a number"),
            to: Address::parse("+4915550012345").expect("a number"),
            text: "hello".into(),
            media: Vec::new(),
            rich: None,
            in_reply_to: None,
            report_url: None,
            valid_for: None,
        }
    }

    /// 1 March 2024, midnight.
    const SINCE: Timestamp = Timestamp(1_709_251_200_000);

    fn page(rows: &[(&str, &str)], next: Option<&str>) -> Answer {
        let row = |(at, (date, text)): (usize, &(&str, &str))| json!({ "sid": format!("SM{at:032x}"), "direction": "outbound-api", "date_created": date, "body": text });
        let rows: Vec<Value> = rows.iter().enumerate().map(row).collect();
        answered(200, &json!({ "messages": rows, "next_page_uri": next }))
    }

    #[test]
    fn credentials_are_tried_in_turn_and_a_suspended_account_is_named() {
        let active = answered(200, &json!({ "status": "active", "friendly_name": "Example" }));
        let suspended = answered(200, &json!({ "status": "suspended", "friendly_name": "Example" }));
        let refused = answered(401, &json!({ "code": 20003, "message": "Authenticate", "status": 401 }));

        assert!(
            called(dialect(true).ask_credentials(&[])).ends_with("/Accounts/AC0123456789abcdef0123456789abcdef.json")
        );
        assert!(
            called(dialect(true).ask_credentials(std::slice::from_ref(&active))).ends_with("/Messages.json?PageSize=1")
        );
        let known = dialect(false).ask_credentials(std::slice::from_ref(&active));
        assert!(matches!(known, Ok(AskStep::Known(Known::CredentialsGood(sentence))) if sentence.contains("Example")));
        for answers in [vec![suspended], vec![refused.clone()], vec![active, refused]] {
            assert!(matches!(dialect(true).ask_credentials(&answers), Err(SendError::Misconfigured { .. })));
        }
    }

    #[test]
    fn a_state_is_believed_only_for_the_message_asked_about() {
        let sid = "SM0123456789abcdef0123456789abcdef";
        let told =
            |sid: &str, status: &str| answered(200, &json!({ "sid": sid, "status": status, "error_code": 30006 }));

        let known = dialect(false).ask_status(sid, &[told(sid, "undelivered")]);
        let Ok(AskStep::Known(Known::State(report))) = known else { panic!("{known:?}") };
        assert_eq!(report.reason.map(|reason| reason.code), Some(ReasonCode::Landline));
        for answer in [told("SM00000000000000000000000000000000", "sent"), told(sid, "odd")] {
            assert!(matches!(dialect(false).ask_status(sid, &[answer]), Err(SendError::Unreadable { .. })));
        }
        assert!(matches!(dialect(false).ask_status("../Accounts", &[]), Err(SendError::Rejected { .. })));
    }

    #[test]
    fn the_list_is_read_until_it_reaches_older_messages() {
        let next = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json?Page=1";
        let (after, before) = ("Fri, 01 Mar 2024 00:00:05 +0000", "Thu, 29 Feb 2024 12:00:00 +0000");
        let taken = |answers: &[Answer]| dialect(false).ask_taken(&message(), SINCE, answers);

        assert!(called(taken(&[])).contains("/Messages.json?To=%2B4915550012345&From=%2B4930555000&PageSize=200"));
        let first = page(&[(after, "other")], Some(next));
        assert!(called(taken(std::slice::from_ref(&first))).ends_with("?Page=1"));
        let second = page(&[(after, "hello"), (before, "hello")], Some(next));
        assert!(matches!(taken(&[first.clone(), second]), Ok(AskStep::Known(Known::Taken(_)))));
        assert!(matches!(taken(&[page(&[(before, "hello")], Some(next))]), Ok(AskStep::Known(Known::NotTaken))));
        // Oldest first would make an early end a lie: such a list is read on.
        assert!(called(taken(&[page(&[(before, "a"), (after, "b")], Some(next))])).ends_with("?Page=1"));
    }

    #[test]
    fn a_list_that_leads_elsewhere_or_never_ends_or_fails_settles_nothing() {
        let after = "Fri, 01 Mar 2024 00:00:05 +0000";
        let next = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json?Page=1";
        let taken = |answers: &[Answer]| dialect(false).ask_taken(&message(), SINCE, answers);
        let elsewhere = page(&[(after, "x")], Some("https://evil.example.com/"));
        let endless: Vec<Answer> = (0..PAGES_MAX).map(|_| page(&[(after, "x")], Some(next))).collect();
        let broken = answered(200, &json!({ "messages": [{ "sid": "x" }] }));

        for answers in [vec![elsewhere], endless, vec![broken], vec![answered(500, &json!({}))]] {
            assert!(matches!(taken(&answers), Err(SendError::Unreadable { .. })));
        }
        assert!(matches!(taken(&[answered(503, &json!({}))]), Err(SendError::Unreachable { .. })));
    }
}
