//! Sending through Twilio: one form, one answer. Files go by link; a place and a template in WhatsApp's own way.

use super::{Twilio, errors, written};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::twiml::{code_of, segments};
use crate::carrier::{http, outgoing};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::ReasonCode;
use crate::domain::rich::{Place, Rich, TemplateUse};
use ::http::Method;
use serde_json::Value;

/// The longest Twilio keeps trying, in seconds; also what it does unasked.
const VALIDITY_MAX_S: u64 = 36_000;

impl Twilio {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) if answer.status().is_success() => accepted(answer).map(Step::Done),
            Some(answer) => Err(errors::of(answer)),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        let rejected = outgoing::rejected;
        outgoing::fits(message, &self.limits)?;
        let to = written(&message.to, message.kind).ok_or_else(|| rejected(ReasonCode::NumberInvalid))?;
        let from = written(&message.from, message.kind).ok_or_else(|| rejected(ReasonCode::SenderNotAllowed))?;
        let mut form = vec![("To", to), ("From", from)];
        form.extend(content(message)?);
        if let Some(service) = &self.messaging_service_sid {
            // Beside From, not instead of it: the peer must see the number its session is with.
            form.push(("MessagingServiceSid", service.clone()));
        }
        if let Some(url) = &message.report_url {
            // Our reference comes back with each report: also for a message whose answer was never seen.
            form.push(("StatusCallback", http::with_query(url, "reference", &message.reference)));
        }
        if let (Some(span), ChannelKind::Sms) = (message.valid_for, message.kind) {
            form.push(("ValidityPeriod", span.as_secs().clamp(1, VALIDITY_MAX_S).to_string()));
        }
        Ok(self.call(Method::POST, "/Messages.json")?.form(&form))
    }
}

/// What is said: text and files, a place, or a template filled in.
fn content(message: &OutboundMessage) -> Result<Vec<(&'static str, String)>, SendError> {
    let mut form = Vec::new();
    match (&message.rich, message.kind) {
        (None, _) => {}
        (Some(Rich::Template(template)), ChannelKind::WhatsApp) => return filled_in(template),
        (Some(Rich::Location(place)), ChannelKind::WhatsApp) => form.push(("PersistentAction", geo(place))),
        // Buttons and lists exist at Twilio only as templates made before.
        (Some(_), _) => return Err(outgoing::rejected(ReasonCode::ContentNotTaken)),
    }
    if !message.text.is_empty() {
        form.push(("Body", message.text.clone()));
    }
    for file in &message.media {
        form.push(("MediaUrl", outgoing::link(file)?.to_owned()));
    }
    Ok(form)
}

/// A template by its id, which stands in its name for us (see `templates.rs`), and its variables by place or name.
fn filled_in(template: &TemplateUse) -> Result<Vec<(&'static str, String)>, SendError> {
    let sid = template.name.split_whitespace().last().filter(|word| super::is_sid(word, "HX"));
    let sid = sid.ok_or_else(|| {
        outgoing::rejected_saying(ReasonCode::ContentNotTaken, "the template's name does not end with its HX id")
    })?;
    let variables = template.body.iter().enumerate();
    let variables: serde_json::Map<String, Value> = variables
        .map(|(at, variable)| {
            (variable.name.clone().unwrap_or_else(|| (at + 1).to_string()), Value::from(variable.value.as_str()))
        })
        .collect();
    let mut form = vec![("ContentSid", sid.to_owned())];
    if !variables.is_empty() {
        form.push(("ContentVariables", Value::Object(variables).to_string()));
    }
    Ok(form)
}

/// `geo:52.5,13.4|Office`, as Twilio wants a place.
fn geo(place: &Place) -> String {
    let name = place.name.as_deref().or(place.address.as_deref());
    let label = name.map(|name| format!("|{}", name.replace('|', " "))).unwrap_or_default();
    format!("geo:{},{}{label}", place.latitude, place.longitude)
}

/// A 201 with a message resource; a resource that is born failed is a refusal.
fn accepted(answer: &Answer) -> Result<Accepted, SendError> {
    let body = http::json_of(answer).unwrap_or_default();
    let carrier_id = body["sid"].as_str().filter(|sid| is_message_sid(sid)).ok_or_else(|| http::unreadable(answer))?;
    if matches!(body["status"].as_str(), Some("failed" | "undelivered" | "canceled")) {
        let reason = errors::of_delivery(code_of(&body["error_code"]), body["error_message"].as_str());
        return Err(match reason.code {
            ReasonCode::OptedOut => SendError::OptedOut { reason },
            _ => SendError::Rejected { reason },
        });
    }
    Ok(Accepted::of(carrier_id, segments(&body["num_segments"])))
}

/// Whether this can be the id of a message.
pub(super) fn is_message_sid(text: &str) -> bool {
    super::is_sid(text, "SM") || super::is_sid(text, "MM")
}
