//! Webhooks by template: the proof first, then texts and delivery reports where the settings say they stand.

use super::{Custom, HookKind, Proof, places::meaning};
use crate::carrier::dialect::{Answer, Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::incoming::attached;
use crate::carrier::webhooks::{self, other};
use crate::carrier::{codes, http, sign, spelling};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use ::http::HeaderValue;
use ::http::header::CONTENT_TYPE;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

impl Custom {
    /// The proof of a webhook, before a byte of its body is read.
    pub(super) fn verify(&self, request: &Heard, now: Timestamp) -> Result<(), Refusal> {
        self.sources.check(request)?;
        match &self.proof {
            Proof::None => Ok(()),
            Proof::Basic(secret) => webhooks::basic(request, &self.hook_user, secret),
            Proof::Token { query: Some(name), secret, .. } => {
                let given = http::query_value(&request.url, name).ok_or(Refusal::Unsigned("token in the address"))?;
                if sign::same(&given, secret.expose()) { Ok(()) } else { Err(Refusal::Forged("webhook secret")) }
            }
            Proof::Token { header, prefix, secret, .. } => {
                let given = request.header(header).ok_or(Refusal::Unsigned("token header"))?;
                let wanted = format!("{prefix}{}", secret.expose());
                if sign::same(given, &wanted) { Ok(()) } else { Err(Refusal::Forged("webhook secret")) }
            }
            Proof::Hmac { header, prefix, secret, hash, coded, timestamp } => {
                let given = request.header(header).ok_or(Refusal::Unsigned("signature header"))?;
                let stamp = match timestamp {
                    Some(name) => Some(request.header(name).ok_or(Refusal::Unsigned("timestamp header"))?),
                    None => None,
                };
                let head = stamp.map(|stamp| format!("{stamp}.")).unwrap_or_default();
                let parts: [&[u8]; 2] = [head.as_bytes(), &request.body];
                let key = secret.expose().as_bytes();
                let mac = match *hash {
                    "sha1" => sign::hmac_sha1(key, &parts),
                    "sha512" => sign::hmac_sha512(key, &parts),
                    _ => sign::hmac_sha256(key, &parts),
                };
                let mac = if *coded == "base64" { STANDARD.encode(mac) } else { hex::encode(mac) };
                if !sign::same(given, &format!("{prefix}{mac}")) {
                    return Err(Refusal::Forged("webhook secret"));
                }
                let Some(stamp) = stamp else { return Ok(()) };
                let moment: i64 =
                    stamp.parse().map_err(|_| Refusal::Unreadable("the timestamp is no number".into()))?;
                // Some count in milliseconds.
                sign::in_time(if moment > 100_000_000_000 { moment / 1000 } else { moment }, now)
            }
        }
    }

    /// Reads a verified webhook.
    pub(super) fn decode(&self, request: &Heard) -> Result<Told, Refusal> {
        let body = match self.hook_kind {
            HookKind::Json => webhooks::json(request)?,
            HookKind::Form => {
                let pairs = http::parameters(request);
                Value::Object(
                    pairs.into_iter().rev().map(|(name, value)| (name, Value::from(value))).collect::<Map<_, _>>(),
                )
            }
        };
        let events = self.list_at.as_ref().and_then(|spot| spot.value(&body)).unwrap_or(&body);
        let reference = http::query_value(&request.url, "reference");
        let said = webhooks::each(events, |event| self.event(event, reference.as_deref()))?;
        Ok(Told { said, answer: self.answer() })
    }

    fn event(&self, event: &Value, reference: Option<&str>) -> Result<Said, String> {
        let status = self.report_status.as_ref().and_then(|spot| spot.text(event, ""));
        let is_message = match &self.in_when {
            Some(when) => when.holds(event, ""),
            None => self.in_text.as_ref().is_some_and(|spot| spot.value(event).is_some()) && status.is_none(),
        };
        let is_report = match &self.report_when {
            Some(when) => when.holds(event, ""),
            None => status.is_some(),
        };
        match (is_message, is_report, status) {
            (true, ..) => self.message(event).map(Said::Message),
            (false, true, Some(word)) => self.report(event, &word, reference),
            _ => Ok(other("event", &event.to_string())),
        }
    }

    fn message(&self, event: &Value) -> Result<InboundMessage, String> {
        let text = |spot: &Option<super::Spot>| spot.as_ref().and_then(|spot| spot.text(event, ""));
        let number = |spot: &Option<super::Spot>, what: &str| -> Result<Address, String> {
            let text = text(spot).ok_or_else(|| format!("{what} is missing"))?;
            let read = if self.spelling == "ten_digits" {
                spelling::from_ten_digits(&text)
            } else {
                spelling::from_digits(&text)
            };
            read.map_err(|error| format!("{what}: {error}"))
        };
        let id = text(&self.in_id).filter(|id| id.chars().count() <= 200).ok_or("the message's id is missing")?;
        let files = self.in_media.as_ref().map(|spot| spot.all(event)).unwrap_or_default();
        let files = files.iter().filter(|file| file.contains("://"));
        let media = attached(files.map(|file| InboundMedia::at(file, None)));
        let said = text(&self.in_text).unwrap_or_default();
        if said.is_empty() && media.is_empty() {
            return Err("there is neither text nor media".into());
        }
        let read = InboundMessage::text(
            ChannelKind::Sms,
            &id,
            number(&self.in_from, "from")?,
            number(&self.in_to, "to")?,
            &said,
        );
        Ok(InboundMessage { media, ..read })
    }

    fn report(&self, event: &Value, word: &str, reference: Option<&str>) -> Result<Said, String> {
        let Some(state) = meaning(&self.report_words, word) else { return Ok(other("status", word)) };
        let text = |spot: &Option<super::Spot>| {
            spot.as_ref().and_then(|spot| spot.text(event, "")).filter(|id| id.chars().count() <= 200)
        };
        let (id, reference) = (text(&self.report_id), text(&self.report_reference).or(reference.map(str::to_owned)));
        if id.is_none() && reference.is_none() {
            return Err("the report says neither id nor reference".into());
        }
        let code = text(&self.report_code);
        Ok(Said::DeliveryReport(codes::report(id, reference, state, || {
            let ours = code.as_deref().and_then(|code| meaning(&self.error_codes, code));
            let reason = Reason::of(ours.unwrap_or(ReasonCode::CarrierGaveUp)).saying(word);
            code.iter().fold(reason, |reason, code| reason.coded(code))
        })))
    }

    fn answer(&self) -> Answer {
        let mut answer = Answer::new(bytes::Bytes::from(self.hook_answer.clone()));
        let kind = match self.hook_answer.as_bytes().first() {
            Some(b'{' | b'[') => "application/json",
            Some(b'<') => "text/xml; charset=utf-8",
            _ => "text/plain; charset=utf-8",
        };
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        answer
    }
}
