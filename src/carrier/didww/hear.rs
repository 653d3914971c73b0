//! What DIDWW tells: texts in the JSON we asked for on the HTTP IN trunk; reports as JSON:API to the HTTP OUT trunk's
//! callback address: first what became of handing over, then what the network says.

use super::Didww;
use crate::carrier::dialect::{DeliveryReport, Heard, InboundMessage, Refusal, Said, Told};
use crate::carrier::webhooks::{self, other};
use crate::carrier::{codes, http, spelling, words};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::reason::{Reason, ReasonCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

impl Didww {
    /// A text must come from DIDWW's address and show our secret, where one is set; a report can only show a message's
    /// unguessable id: its callback carries no header of ours.
    pub(super) fn hear_and_check(&self, request: &Heard) -> Result<Told, Refusal> {
        let body = webhooks::json(request)?;
        let said = if body["data"].is_null() {
            if let Some(secret) = &self.header_secret {
                webhooks::header_secret(request, "x-trunk-secret", secret)?;
            }
            self.sources.check(request)?;
            webhooks::each(&body, |text| message(text).map(Said::Message))?
        } else {
            webhooks::each(&body["data"], report)?
        };
        Ok(Told { said, answer: http::thanks("") })
    }
}

/// `{"id","from","to","text_b64","time"}`: Base64, because no quote can break the template then.
fn message(body: &Value) -> Result<InboundMessage, String> {
    let id = http::id_of(&body["id"]).ok_or("id is missing")?;
    let text = match body["text_b64"].as_str() {
        Some(coded) => {
            let bytes = STANDARD.decode(coded.trim()).map_err(|_| "text_b64 is not Base64")?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        None => body["text"].as_str().ok_or("text_b64 is missing")?.to_owned(),
    };
    if text.is_empty() {
        return Err("there is no text".into());
    }
    let number = |key: &str| {
        let text = http::text_of(&body[key]).ok_or_else(|| format!("{key} is missing"))?;
        spelling::from_digits(&text).map_err(|error| format!("{key}: {error}"))
    };
    Ok(InboundMessage::text(ChannelKind::Sms, &id, number("from")?, number("to")?, &text))
}

fn report(data: &Value) -> Result<Said, String> {
    let kind = data["type"].as_str().unwrap_or_default();
    if !matches!(kind, "outbound_message_callbacks" | "dlr_event" | "dlr_events") {
        return Ok(other("event", kind));
    }
    let (id, told) = (http::id_of(&data["id"]).ok_or("id is missing")?, &data["attributes"]);
    let word = told["status"].as_str().ok_or("status is missing")?;
    let Some(state) = words::state_of(word) else { return Ok(other("status", word)) };
    // Success of handing over is not yet delivery.
    let handed_over = kind == "outbound_message_callbacks";
    let state = if handed_over && state == DeliveryState::Delivered { DeliveryState::Sent } else { state };
    let code = http::text_of(&told["code_id"]);
    let report = codes::report(Some(id), None, state, || {
        let usual = if word.eq_ignore_ascii_case("expired") { ReasonCode::Expired } else { ReasonCode::CarrierGaveUp };
        code.iter().fold(Reason::of(usual).saying(word), |reason, code| reason.coded(code))
    });
    Ok(Said::DeliveryReport(DeliveryReport { ..report }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::Carrier;
    use crate::domain::time::Timestamp;
    use ::http::{HeaderMap, HeaderValue, Method};

    fn heard(caller: &str, secret: Option<&str>, body: &str) -> Result<Told, Refusal> {
        let settings = serde_json::json!({
            "username": "u", "password": "password", "header_secret": "trunk-secret-12",
        });
        let dialect = Didww::from_settings(settings.as_object().expect("an object")).expect("good settings");
        let mut headers = HeaderMap::new();
        if let Some(secret) = secret {
            headers.insert("x-trunk-secret", HeaderValue::from_str(secret).expect("a header"));
        }
        let caller = Some(caller.parse().expect("an address"));
        let body = body.to_owned().into();
        dialect.hear(&Heard { method: Method::POST, url: String::new(), headers, body, caller }, Timestamp(0))
    }

    #[test]
    fn a_text_must_come_from_didww_and_show_our_secret() {
        let text = r#"{"id":"1","from":"4915550012345","to":"4930555000","text_b64":"aGk="}"#;

        assert!(heard("46.19.209.214", Some("trunk-secret-12"), text).is_ok());
        assert_eq!(heard("46.19.209.214", None, text).err(), Some(Refusal::Unsigned("x-trunk-secret")));
        for (caller, secret) in [("46.19.209.215", "trunk-secret-12"), ("46.19.209.214", "trunk-secret-13")] {
            assert!(matches!(heard(caller, Some(secret), text), Err(Refusal::Forged(_))), "{caller} {secret}");
        }
    }

    #[test]
    fn reports_come_in_two_steps_and_from_anywhere() {
        for (kind, status, state) in [
            ("outbound_message_callbacks", "Success", DeliveryState::Sent),
            ("outbound_message_callbacks", "Routing error", DeliveryState::Undelivered),
            ("dlr_event", "DELIVERED", DeliveryState::Delivered),
            ("dlr_event", "EXPIRED", DeliveryState::Undelivered),
        ] {
            let body = format!(r#"{{"data":{{"type":"{kind}","id":"m","attributes":{{"status":"{status}"}}}}}}"#);
            let told = heard("203.0.113.9", None, &body).expect("a report");

            assert!(matches!(&told.said[..], [Said::DeliveryReport(report)] if report.state == state), "{told:?}");
        }
    }
}
