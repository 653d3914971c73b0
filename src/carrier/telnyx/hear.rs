//! Telnyx's webhooks: the Ed25519 signature over time and body, then one event.

use super::{Telnyx, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMedia, InboundMessage, Preference, Refusal, Said, Told};
use crate::carrier::http::{self as tools, id_of, query_value};
use crate::carrier::incoming::attached;
use crate::carrier::{moments, sign};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::domain::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

const SIGNATURE: &str = "telnyx-signature-ed25519";
const TIMESTAMP: &str = "telnyx-timestamp";
/// Files and recipients read from one event.
const EACH_MAX: usize = 30;

impl Telnyx {
    /// Whether Telnyx sent this, and just now.
    pub(super) fn verify(&self, request: &Heard, now: Timestamp) -> Result<(), Refusal> {
        let given = request.header(SIGNATURE).ok_or(Refusal::Unsigned("telnyx-signature-ed25519"))?;
        let time = request.header(TIMESTAMP).ok_or(Refusal::Unsigned("telnyx-timestamp"))?;
        let given = STANDARD.decode(given).map_err(|_| Refusal::Forged("public key"))?;
        if !sign::ed25519(&self.public_key, &[time.as_bytes(), b"|", &request.body], &given) {
            return Err(Refusal::Forged("public key"));
        }
        let at = time.parse().map_err(|_| Refusal::Unreadable("telnyx-timestamp is no number of seconds".into()))?;
        sign::in_time(at, now)
    }
}

/// Reads a verified webhook.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let body: Value = serde_json::from_slice(&request.body).map_err(|why| Refusal::Unreadable(why.to_string()))?;
    let (event, payload) = (&body["data"]["event_type"], &body["data"]["payload"]);
    let said = match event.as_str() {
        Some("message.received") => received(payload)?,
        Some("message.sent" | "message.finalized") => sent(payload)?,
        other => {
            let what: String = other.unwrap_or("without a name").chars().take(100).collect();
            vec![Said::Other { what: format!("event {what}") }]
        }
    };
    Ok(Told { said, answer: tools::thanks("") })
}

/// A message to us, once: to the number of ours that it was handed to.
pub(super) fn received(payload: &Value) -> Result<Vec<Said>, Refusal> {
    let id = id_of(&payload["id"]).ok_or_else(|| Refusal::Unreadable("a message without id".into()))?;
    if !matches!(payload["type"].as_str(), None | Some("SMS" | "MMS")) {
        return Ok(vec![Said::Other {
            what: format!("a message of type {}", payload["type"]).chars().take(100).collect(),
        }]);
    }
    let recipients: Vec<&Value> = payload["to"].as_array().into_iter().flatten().take(EACH_MAX).collect();
    // Of a group's numbers, ours is the one this webhook is about.
    let ours = recipients.iter().find(|to| to["status"] == "webhook_delivered").or(recipients.first());
    let address = |what: &str, value: Option<&Value>| {
        let text = value.and_then(|end| end["phone_number"].as_str()).unwrap_or_default();
        Address::parse(text).map_err(|why| Refusal::Unreadable(format!("{what}: {why}")))
    };
    let (from, to) = (address("from", Some(&payload["from"]))?, address("to", ours.copied())?);
    let text = payload["text"].as_str().unwrap_or_default();
    let preference = payload["autoresponse_type"].as_str().and_then(|word| match word {
        "OPT_OUT" => Some(true),
        "OPT_IN" => Some(false),
        _ => None,
    });
    let preference = preference.map(|opted_out| {
        Said::Preference(Preference {
            carrier_id: id.clone(),
            kind: ChannelKind::Sms,
            peer: from.clone(),
            number: Some(to.clone()),
            opted_out,
            marketing_only: false,
            words: Some(text.chars().take(200).collect()),
        })
    });
    let message = InboundMessage {
        media: media(&payload["media"]),
        said_at: payload["received_at"].as_str().and_then(moments::read),
        ..InboundMessage::text(ChannelKind::Sms, &id, from, to, text)
    };
    Ok(std::iter::once(Said::Message(message)).chain(preference).collect())
}

fn media(list: &Value) -> Vec<InboundMedia> {
    let files = list.as_array().into_iter().flatten();
    attached(files.filter_map(|file| Some(InboundMedia::at(file["url"].as_str()?, file["content_type"].as_str()))))
}

/// What became of a message of ours. We write to one recipient at a time: the first is the one.
pub(super) fn sent(payload: &Value) -> Result<Vec<Said>, Refusal> {
    let id = id_of(&payload["id"]).ok_or_else(|| Refusal::Unreadable("a report without id".into()))?;
    let status = payload["to"][0]["status"].as_str().unwrap_or_default();
    let Some(state) = state_of(status) else {
        return Ok(vec![Said::Other {
            what: format!("message status {:?}", status.chars().take(60).collect::<String>()),
        }]);
    };
    // From the signed body, not from the address that was called: that one is not signed.
    let reference = payload["webhook_url"].as_str().and_then(|url| query_value(url, "reference"));
    let reference = reference.filter(|text| !text.is_empty() && text.len() <= 200);
    let reason = || errors::of_delivery(&payload["errors"], status);
    Ok(vec![Said::DeliveryReport(codes::report(Some(id), reference, state, reason))])
}

/// Telnyx's word in ours.
pub(super) fn state_of(status: &str) -> Option<DeliveryState> {
    match status {
        // Handed over, and nobody says more: for us it is sent.
        "queued" | "sending" | "sent" | "delivery_unconfirmed" => Some(DeliveryState::Sent),
        "delivered" => Some(DeliveryState::Delivered),
        "sending_failed" | "expired" => Some(DeliveryState::Failed),
        "delivery_failed" => Some(DeliveryState::Undelivered),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn number(number: &str, status: &str) -> Value {
        json!({ "phone_number": number, "status": status })
    }

    #[test]
    fn a_message_to_a_group_is_heard_at_our_number_with_its_files() {
        let payload = json!({
            "id": "m1", "type": "MMS", "from": { "phone_number": "+15550100123" }, "text": "",
            "to": [number("+15550100777", "queued"), number("+15550100999", "webhook_delivered")],
            "media": [{ "url": "https://media.example.com/a.jpg", "content_type": "image/jpeg" }, {}],
        });

        let said = received(&payload).expect("readable");
        let [Said::Message(message)] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!((message.to.as_str(), message.media.len()), ("+15550100999", 1));
    }

    #[test]
    fn a_stop_that_telnyx_itself_answered_is_a_preference_too() {
        let payload = json!({
            "id": "m1", "type": "SMS", "from": { "phone_number": "+15550100123" }, "text": "STOP",
            "to": [number("+15550100999", "webhook_delivered")], "autoresponse_type": "OPT_OUT",
        });

        let said = received(&payload).expect("readable");
        assert!(matches!(said.as_slice(), [Said::Message(_), Said::Preference(Preference { opted_out: true, .. })]));
    }

    #[test]
    fn what_nobody_confirmed_stays_sent_and_what_expired_says_so() {
        for (status, state, reason) in [
            ("delivery_unconfirmed", DeliveryState::Sent, None),
            ("delivered", DeliveryState::Delivered, None),
            ("expired", DeliveryState::Failed, Some("expired")),
        ] {
            let said = sent(&json!({ "id": "m1", "to": [number("+15550100123", status)] })).expect("readable");
            let [Said::DeliveryReport(report)] = said.as_slice() else { panic!("{said:?}") };
            assert_eq!((report.state, report.reason.as_ref().map(|r| r.code.as_str())), (state, reason));
        }
    }
}
