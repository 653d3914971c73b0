//! Sending through Vonage's SMS API: one form; the answer is a list with one entry for each part.

use super::{VonageSms, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::http::{self, Call, id_of};
use crate::carrier::{codes, outgoing, spelling};
use crate::domain::delivery::SendError;
use crate::domain::segment::{Encoding, count};
use ::http::Method;
use serde_json::Value;

/// What Vonage takes as validity, in milliseconds.
const TTL_MS: std::ops::RangeInclusive<u128> = 20_000..=604_800_000;

impl VonageSms {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) if answer.status().is_success() => taken(answer).map(Step::Done),
            Some(answer) => Err(codes::judged(answer, None)),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        // Vonage does not look: what is not GSM-7 would lose its letters.
        let kind = match count(&message.text).encoding {
            Encoding::Gsm7 => "text",
            Encoding::Ucs2 => "unicode",
        };
        let mut form = vec![
            ("api_key", self.api_key.clone()),
            ("api_secret", self.api_secret.expose().to_owned()),
            ("from", from.to_owned()),
            ("to", to.to_owned()),
            ("text", message.text.clone()),
            ("type", kind.to_owned()),
            ("client-ref", message.reference.clone()),
        ];
        if let Some(url) = &message.report_url {
            form.push(("callback", url.clone()));
        }
        if let Some(span) = message.valid_for {
            form.push(("ttl", span.as_millis().clamp(*TTL_MS.start(), *TTL_MS.end()).to_string()));
        }
        Ok(Call::new(Method::POST, &format!("{}/sms/json", self.base_url))?.form(&form))
    }
}

/// The parts that were taken. A text of which only some parts were taken is neither sent nor unsent.
fn taken(answer: &Answer) -> Result<Accepted, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    let rows = body["messages"].as_array().filter(|rows| !rows.is_empty()).ok_or_else(|| http::unreadable(answer))?;
    let taken: Vec<&Value> = rows.iter().filter(|row| row["status"] == "0" || row["status"] == 0).collect();
    if taken.is_empty() {
        return Err(errors::of_row(&rows[0], answer));
    }
    if taken.len() < rows.len() {
        let why = format!("the carrier took {} of {} parts", taken.len(), rows.len());
        return Err(SendError::Unreadable { why });
    }
    let ids: Option<Vec<String>> = taken.iter().map(|row| id_of(&row["message-id"])).collect();
    let mut ids = ids.ok_or_else(|| http::unreadable(answer))?.into_iter();
    let carrier_id = ids.next().ok_or_else(|| http::unreadable(answer))?;
    Ok(Accepted { carrier_id, parts: ids.collect(), segments: u32::try_from(rows.len()).ok() })
}
