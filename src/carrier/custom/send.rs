//! Sending by templates: one call, and its answer read where the settings say.

use super::{BodyKind, Custom, places::meaning};
use crate::carrier::dialect::{Accepted, Answer, AskStep, Known, OutboundMessage, Request, Step};
use crate::carrier::http::{self, Call, basic_token};
use crate::carrier::{codes, outgoing, spelling};
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use ::http::header::CONTENT_TYPE;
use ::http::{HeaderValue, Method};
use bytes::Bytes;
use serde_json::Value;

impl Custom {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) => self.accepted(message, answer).map(Step::Done),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        outgoing::ends(message, spelling::plus)?;
        let links = message.media.iter().map(outgoing::link).collect::<Result<Vec<_>, _>>()?;
        self.spelled(&message.to).ok_or_else(|| outgoing::rejected(ReasonCode::NumberInvalid))?;
        self.spelled(&message.from).ok_or_else(|| outgoing::rejected(ReasonCode::SenderNotAllowed))?;
        let value = |slot: &str| self.value(slot, message, &links);
        let call = self.headers(Call::new(self.method.clone(), &self.send_url.fill(value))?, &value)?;
        let body = if message.media.is_empty() { self.body.as_ref() } else { self.media_body.as_ref() };
        let body = body.map(|template| template.fill(value)).unwrap_or_default();
        if self.body_kind == BodyKind::Json && serde_json::from_str::<Value>(&body).is_err() {
            return Err(outgoing::rejected_saying(
                ReasonCode::SenderNotAllowed,
                "a name where the template wants digits",
            ));
        }
        Ok(self.with_body(call.bare(), body))
    }

    fn with_body(&self, mut request: Request, body: String) -> Request {
        let kind = match self.body_kind {
            BodyKind::Json => "application/json",
            BodyKind::Form => "application/x-www-form-urlencoded; charset=utf-8",
            BodyKind::None => return request,
        };
        request.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        *request.body_mut() = Bytes::from(body);
        request
    }

    fn headers(&self, call: Call, value: &impl Fn(&str) -> String) -> Result<Call, SendError> {
        self.headers.iter().try_fold(call, |call, (name, template)| {
            let filled = template.fill(value);
            if *name == ::http::header::AUTHORIZATION {
                call.authorization(&filled)
            } else {
                call.header(name.clone(), &filled)
            }
        })
    }

    fn value(&self, slot: &str, message: &OutboundMessage, links: &[&str]) -> String {
        let digits = |address: &Address| spelling::digits(address).unwrap_or_default().to_owned();
        match slot {
            "to" => self.spelled(&message.to).unwrap_or_default(),
            "from" => self.spelled(&message.from).unwrap_or_default(),
            "to_plus" => message.to.as_str().to_owned(),
            "from_plus" => message.from.as_str().to_owned(),
            "to_digits" => digits(&message.to),
            "from_digits" => digits(&message.from),
            "text" => message.text.clone(),
            "reference" => message.reference.clone(),
            "channel" => message.kind.as_str().to_owned(),
            "report_url" => {
                let url = message.report_url.as_deref();
                url.map(|url| http::with_query(url, "reference", &message.reference)).unwrap_or_default()
            }
            "media_url" => links.first().copied().unwrap_or_default().to_owned(),
            "media_urls" => links.join(","),
            "valid_for_s" => message.valid_for.map_or(86_400, |span| span.as_secs().max(1)).to_string(),
            other => self.credential(other),
        }
    }

    fn credential(&self, slot: &str) -> String {
        let secret = |at: usize| self.secrets[at].as_ref().map(|secret| secret.expose().to_owned()).unwrap_or_default();
        match slot {
            "user" => self.user.clone(),
            "secret" => secret(0),
            "secret_2" => secret(1),
            "basic" => basic_token(&self.user, &secret(0)),
            _ => String::new(),
        }
    }

    fn spelled(&self, address: &Address) -> Option<String> {
        match self.spelling {
            "digits" => spelling::digits(address).map(str::to_owned),
            "ten_digits" => spelling::ten_digits(address).map(str::to_owned),
            "zeros" => spelling::plus(address)
                .map(|text| text.strip_prefix('+').map_or(text.to_owned(), |digits| format!("00{digits}"))),
            _ => spelling::plus(address).map(str::to_owned),
        }
    }

    fn accepted(&self, message: &OutboundMessage, answer: &Answer) -> Result<Accepted, SendError> {
        let raw = String::from_utf8_lossy(answer.body());
        let body = http::json_of(answer).unwrap_or_default();
        let reason = self.reason(&body, &raw);
        if !answer.status().is_success() {
            return Err(codes::judged(answer, reason));
        }
        if self.success.as_ref().is_some_and(|success| !success.holds(&body, &raw)) {
            return Err(reason
                .map_or_else(|| http::unreadable(answer), |reason| codes::refused(reason, http::retry_after(answer))));
        }
        match &self.id_at {
            // Without an id, our own reference stands for the message.
            None => Ok(Accepted::of(message.reference.as_str(), None)),
            Some(spot) => match spot.text(&body, &raw).filter(|id| id.chars().count() <= 200) {
                Some(id) => Ok(Accepted::of(id, None)),
                None => Err(reason.map_or_else(
                    || http::unreadable(answer),
                    |reason| codes::refused(reason, http::retry_after(answer)),
                )),
            },
        }
    }

    /// The provider's error code, if there is one, and what the map says it means.
    fn reason(&self, body: &Value, raw: &str) -> Option<Reason> {
        let code = self.error_at.as_ref()?.text(body, raw)?;
        let ours = meaning(&self.error_codes, &code).unwrap_or(ReasonCode::CarrierRefused);
        let sentence = self.error_text_at.as_ref().and_then(|spot| spot.text(body, raw)).unwrap_or_default();
        Some(Reason::of(ours).coded(code).saying(&sentence))
    }

    /// A GET that needs the credentials.
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        let url = self.check_url.as_ref()?;
        let value = |slot: &str| self.credential(slot);
        Some(match answers.last() {
            None => Call::new(Method::GET, &url.fill(value))
                .and_then(|call| self.headers(call, &value))
                .map(|call| AskStep::Call(call.bare())),
            Some(answer) if answer.status().is_success() => {
                Ok(AskStep::Known(Known::CredentialsGood("The provider accepts the credentials.".into())))
            }
            Some(answer) => Err(http::by_status(answer)),
        })
    }
}
