//! MessageBird's webhooks: reports in the query of a GET, messages in a form; a token over address and body.

use super::{MessageBird, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::incoming::attached;
use crate::carrier::{http, jwt, moments, sign, spelling};
use crate::domain::channel::ChannelKind;
use crate::domain::time::Timestamp;

const ID_CHARS_MAX: usize = 200;

impl MessageBird {
    /// Whether MessageBird sent this, with our key, to this very address, just now.
    pub(super) fn verify(&self, request: &Heard, now: Timestamp) -> Result<(), Refusal> {
        let token =
            request.header("messagebird-signature-jwt").ok_or(Refusal::Unsigned("MessageBird-Signature-JWT"))?;
        let keys: Vec<&[u8]> = self.signing_keys.iter().map(|key| key.expose().as_bytes()).collect();
        let claims = jwt::verified(token, &keys, "signing key", now)?;
        let claim = |name: &str| claims[name].as_str().unwrap_or_default().to_ascii_lowercase();
        if claims["iss"] != "MessageBird" {
            return Err(Refusal::Forged("signing key: the token is not MessageBird's"));
        }
        if !sign::same(&claim("url_hash"), &sign::sha256_hex(request.url.as_bytes())) {
            return Err(Refusal::Forged("address's hash"));
        }
        // Absent exactly where there is no body.
        let fits = match request.body.is_empty() {
            true => claims["payload_hash"].is_null(),
            false => sign::same(&claim("payload_hash"), &sign::sha256_hex(&request.body)),
        };
        if fits { Ok(()) } else { Err(Refusal::Forged("body's hash")) }
    }
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let pairs = http::parameters(request);
    let get = |names: &[&str]| {
        let found = |name: &&str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        names.iter().find_map(found).filter(|value| !value.is_empty())
    };
    let id = get(&["id", "mid", "message_id"]).filter(|id| id.len() <= ID_CHARS_MAX);
    let said = if let (Some(id), Some(status)) = (id, get(&["status"])) {
        match errors::state_of(status) {
            Some(state) => {
                let reference = get(&["reference"]).map(str::to_owned);
                let reason = || errors::of_delivery(status, get(&["statusErrorCode"]), get(&["statusReason"]));
                Said::DeliveryReport(codes::report(Some(id.to_owned()), reference, state, reason))
            }
            None => Said::Other { what: format!("status {:?}", status.chars().take(60).collect::<String>()) },
        }
    } else if let (Some(id), Some(from), Some(to)) = (id, get(&["originator"]), get(&["recipient", "shortcode"])) {
        let number = |text: &str| spelling::from_digits(text).map_err(Refusal::Unreadable);
        let text = get(&["body", "message", "payload"]).unwrap_or_default();
        let mut message = InboundMessage::text(ChannelKind::Sms, id, number(from)?, number(to)?, text);
        message.said_at = get(&["createdDatetime"]).and_then(moments::read);
        let files = pairs.iter().filter(|(name, _)| name.starts_with("mediaUrls"));
        message.media = attached(files.map(|(_, url)| InboundMedia::at(url, None)));
        if message.text.is_empty() && message.media.is_empty() {
            return Err(Refusal::Unreadable("there is neither text nor media".into()));
        }
        Said::Message(message)
    } else {
        let names: Vec<&str> = pairs.iter().take(5).map(|(name, _)| name.as_str()).collect();
        Said::Other { what: format!("a webhook with {}", names.join(", ")).chars().take(200).collect() }
    };
    Ok(Told { said: vec![said], answer: http::thanks("OK") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::http::{HeaderMap, Method};
    use bytes::Bytes;

    fn decoded(query: &str) -> Result<Vec<Said>, Refusal> {
        let url = format!("https://pbx.example.com/hook/k?{query}");
        let heard = Heard { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new(), caller: None };
        decode(&heard).map(|told| told.said)
    }

    #[test]
    fn files_and_short_codes_are_understood() {
        let said =
            decoded("id=1&originator=15550100002&recipient=15550100001&mediaUrls%5B0%5D=https%3A%2F%2Fx.example%2F1");
        assert!(matches!(said.as_deref(), Ok([Said::Message(message)]) if message.media.len() == 1));
        let said = decoded("mid=1&originator=15550100002&shortcode=70123&message=hi");
        assert!(matches!(said.as_deref(), Ok([Said::Message(message)]) if message.to.as_str() == "70123"));
    }

    #[test]
    fn what_is_odd_is_refused_or_noted() {
        assert!(matches!(decoded("").as_deref(), Ok([Said::Other { .. }])));
        assert!(matches!(decoded("id=1&status=melted").as_deref(), Ok([Said::Other { .. }])));
        assert!(decoded("id=1&originator=<x>&recipient=70123&body=a").is_err());
        assert!(decoded("id=1&originator=15550100002&recipient=70123").is_err());
    }
}
