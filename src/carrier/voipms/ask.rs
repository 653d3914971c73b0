//! What VoIP.ms can be asked: balance, numbers, where their texts go, and the lists of what came and went.

use super::{VoipMs, errors, hear};
use crate::carrier::dialect::{Answer, AskStep, Known, OutboundMessage, Request, Said};
use crate::carrier::taken::{Listed, doubt, judge};
use crate::carrier::{http, moments, outgoing, spelling};
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use serde_json::Value;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);
/// A list spans 92 days at most.
const SPAN_DAYS: u32 = 80;
const ROWS_MAX: usize = 5000;
/// What an empty list is called.
const EMPTY: &[&str] = &["no_sms", "no_mms"];
/// Below this, in dollars, the credit is about to end.
const LOW: f64 = 5.0;

impl VoipMs {
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.call("getBalance", &[]).map(AskStep::Call) };
        errors::success(answer)?;
        Ok(AskStep::Known(Known::CredentialsGood("VoIP.ms accepts the user and the password of the API.".into())))
    }

    pub(super) fn ask_credit(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.call("getBalance", &[]).map(AskStep::Call) };
        let body = errors::success(answer)?;
        let text = http::text_of(&body["balance"]["current_balance"]).ok_or_else(|| http::unreadable(answer))?;
        let amount: f64 = text.parse().map_err(|_| http::unreadable(answer))?;
        Ok(AskStep::Known(Known::Credit { says: format!("{amount:.2} USD"), low: amount < LOW }))
    }

    /// The number is in the account, and SMS is switched on for it.
    pub(super) fn ask_sender(&self, number: &Address, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.number(number).map(AskStep::Call) };
        let row = match number_row(answer)? {
            Some(row) => row,
            None => {
                return Ok(AskStep::Known(Known::SenderBad("VoIP.ms has no such number in this account.".into())));
            }
        };
        Ok(AskStep::Known(match yes(&row["sms_enabled"]) {
            true => Known::SenderGood("SMS is switched on for this number.".into()),
            false => Known::SenderBad("SMS is not switched on for this number: Manage DIDs, edit, SMS.".into()),
        }))
    }

    /// Where texts to the number go: the URL callback must begin with our address.
    pub(super) fn ask_callback(&self, number: &Address, url: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.number(number).map(AskStep::Call) };
        let row = number_row(answer)?.unwrap_or_default();
        let places = [("sms_url_callback", "sms_url_callback_enabled"), ("webhook", "webhook_enabled")];
        let set = places.iter().filter(|(_, switch)| yes(&row[*switch])).filter_map(|(key, _)| row[*key].as_str());
        let set: Vec<&str> = set.filter(|place| !place.is_empty()).collect();
        Ok(AskStep::Known(match set.iter().any(|place| place.starts_with(url)) {
            true => Known::CallbackFits,
            false => Known::CallbackDiffers(set.first().map(|place| (*place).to_owned())),
        }))
    }

    fn number(&self, number: &Address) -> Result<Request, SendError> {
        self.call("getDIDsInfo", &[("did", spelling::ten_digits(number).unwrap_or_default().to_owned())])
    }

    /// What came in: first SMS, then MMS. The lists know days only; what is older than asked for is left out here.
    pub(super) fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        let kinds = [("getSMS", "sms"), ("getMMS", "mms")];
        if let Some((method, _)) = kinds.get(answers.len()) {
            return self.list(method, "1", since, &[]).map(AskStep::Call);
        }
        // The lists' moments are whole seconds: what came in the same second is told again, under the same id.
        let from = Timestamp::from_seconds(since.as_seconds());
        let mut told: Vec<(Timestamp, Said)> = Vec::new();
        for (answer, (_, kind)) in answers.iter().zip(kinds) {
            for row in rows(answer)? {
                let made = moment(&row).ok_or_else(|| http::unreadable(answer))?;
                if made >= from {
                    let read = hear::row(&row, kind).map(Said::Message);
                    told.push((made, read.unwrap_or_else(|why| Said::Other { what: format!("unreadable: {why}") })));
                }
            }
        }
        told.sort_by_key(|(made, _)| *made);
        let up_to = told.iter().map(|(made, _)| *made).fold(since, Timestamp::max);
        Ok(AskStep::Known(Known::Inbox { said: told.into_iter().map(|(_, said)| said).collect(), up_to }))
    }

    /// Looks for the message among those to this peer. A text in several parts cannot be found again.
    pub(super) fn ask_taken(
        &self,
        message: &OutboundMessage,
        since: Timestamp,
        answers: &[Answer],
    ) -> Result<AskStep, SendError> {
        let (did, dst) = outgoing::ends(message, spelling::ten_digits)?;
        let with = [("did", did.to_owned()), ("contact", dst.to_owned())];
        let (short, kind) = match message.media.is_empty() && message.text.chars().count() <= super::SMS_CHARS_MAX {
            true => ("getSMS", "sms"),
            false if self.long_texts == super::LongTexts::Split => return Err(doubt("it went in several parts")),
            false => ("getMMS", "mms"),
        };
        let Some(answer) = answers.last() else { return self.list(short, "0", since, &with).map(AskStep::Call) };
        let read = |row: &Value| {
            let text = row["message"].as_str().unwrap_or_default().to_owned();
            Some(Listed {
                id: format!("{kind}-{}", http::id_of(&row["id"])?),
                text,
                made: moment(row)?,
                segments: None,
            })
        };
        let listed: Option<Vec<Listed>> = rows(answer)?.iter().map(read).collect();
        judge(&listed.ok_or_else(|| http::unreadable(answer))?, &message.text, since).map(AskStep::Known)
    }

    /// From the day before, because the day over there may be another; times in UTC.
    fn list(
        &self,
        method: &str,
        direction: &str,
        since: Timestamp,
        with: &[(&str, String)],
    ) -> Result<Request, SendError> {
        let day = |moment: Timestamp| moments::rfc3339(moment).chars().take(10).collect::<String>();
        let mut parameters = vec![
            ("type", direction.to_owned()),
            ("from", day(since.minus(DAY))),
            ("to", day(since.plus(DAY * SPAN_DAYS))),
            ("timezone", "0".to_owned()),
            ("limit", ROWS_MAX.to_string()),
        ];
        parameters.extend_from_slice(with);
        self.call(method, &parameters)
    }
}

fn rows(answer: &Answer) -> Result<Vec<Value>, SendError> {
    let body = errors::listed(answer, EMPTY)?;
    let list = ["sms", "mms"].iter().find_map(|key| body[*key].as_array()).cloned();
    let list = if body.is_null() { Some(Vec::new()) } else { list };
    let list = list.ok_or_else(|| http::unreadable(answer))?;
    if list.len() >= ROWS_MAX {
        return Err(doubt("there are too many messages to look through"));
    }
    Ok(list)
}

fn number_row(answer: &Answer) -> Result<Option<Value>, SendError> {
    let body = errors::listed(answer, &["no_did", "invalid_did"])?;
    Ok(body["dids"].as_array().and_then(|list| list.first().cloned()))
}

fn moment(row: &Value) -> Option<Timestamp> {
    moments::read(row["date"].as_str()?)
}

/// `"1"`, `1`, `"yes"`.
fn yes(value: &Value) -> bool {
    http::text_of(value).is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("yes"))
}
