//! Infobip's webhooks: a list of results, each a report of a message of ours or a message of a peer's.

use super::{Infobip, Proof, errors};
use crate::carrier::codes;
use crate::carrier::dialect::{Heard, InboundMedia, InboundMessage, Refusal, Said, Told};
use crate::carrier::http::{self, basic_token, id_of, text_of};
use crate::carrier::incoming::attached;
use crate::carrier::{moments, sign, spelling};
use crate::domain::channel::ChannelKind;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// Infobip sends up to 100 at once.
const RESULTS_MAX: usize = 1000;
const PARTS_MAX: usize = 60;

impl Infobip {
    /// Whether Infobip sent this, by the proof that was set up.
    pub(super) fn verify(&self, request: &Heard) -> Result<(), Refusal> {
        match &self.proof {
            Proof::Address => Ok(()),
            Proof::Basic { user, password } => {
                let given = request.header("authorization").ok_or(Refusal::Unsigned("Authorization"))?;
                let (word, token) = given.split_once(' ').unwrap_or_default();
                let fits = sign::same(token, &basic_token(user, password.expose()));
                if word.eq_ignore_ascii_case("basic") && fits {
                    Ok(())
                } else {
                    Err(Refusal::Forged("webhook password"))
                }
            }
            Proof::Hmac { header, secret } => {
                let given = request.header(header.as_str()).ok_or(Refusal::Unsigned("HMAC header"))?;
                let mac = sign::hmac_sha256(secret.expose().as_bytes(), &[&request.body]);
                // Which writing it is Infobip does not say.
                let fits = sign::same(given, &hex::encode(&mac)) | sign::same(given, &STANDARD.encode(&mac));
                if fits { Ok(()) } else { Err(Refusal::Forged("HMAC secret")) }
            }
        }
    }
}

/// Reads a verified webhook. One bad result does not hold up the others.
pub(super) fn decode(request: &Heard) -> Result<Told, Refusal> {
    let unreadable = |why: &str| Refusal::Unreadable(why.to_owned());
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| unreadable("this is not JSON"))?;
    let Some(rows) = body["results"].as_array() else {
        let told = vec![Said::Other { what: "a webhook without results".into() }];
        return if body.is_object() { Ok(thanks(told)) } else { Err(unreadable("this is no object")) };
    };
    Ok(thanks(rows.iter().take(RESULTS_MAX).map(result).collect()))
}

fn thanks(said: Vec<Said>) -> Told {
    Told { said, answer: http::thanks("") }
}

fn result(row: &Value) -> Said {
    let said = if row["status"].is_object() {
        report(row)
    } else if row["from"].is_string() || row["sender"].is_string() {
        message(row).map(Said::Message)
    } else {
        Err("neither a report nor a message".to_owned())
    };
    said.unwrap_or_else(|why| Said::Other { what: format!("unreadable: {why}") })
}

pub(super) fn report(row: &Value) -> Result<Said, String> {
    let Some(state) = errors::state_of(&row["status"]) else {
        let name = row["status"]["name"].as_str().unwrap_or_default();
        return Ok(Said::Other { what: format!("status {:?}", name.chars().take(60).collect::<String>()) });
    };
    let id = id_of(&row["messageId"]).ok_or("messageId is missing")?;
    let reference = id_of(&row["callbackData"]);
    Ok(Said::DeliveryReport(codes::report(Some(id), reference, state, || errors::of_delivery(row))))
}

fn message(row: &Value) -> Result<InboundMessage, String> {
    let number = |names: [&str; 2]| {
        let text =
            names.iter().find_map(|name| text_of(&row[*name])).ok_or_else(|| format!("{} is missing", names[0]))?;
        spelling::from_digits(&text).map_err(|error| format!("{}: {error}", names[0]))
    };
    let id = id_of(&row["messageId"]).ok_or("messageId is missing")?;
    let (from, to) = (number(["from", "sender"])?, number(["to", "destination"])?);
    let mut message = InboundMessage::text(ChannelKind::Sms, &id, from, to, row["text"].as_str().unwrap_or_default());
    message.said_at = row["receivedAt"].as_str().and_then(moments::read);
    for part in row["message"].as_array().into_iter().flatten().take(PARTS_MAX) {
        let kind = part["contentType"].as_str();
        match (part["url"].as_str(), part["value"].as_str()) {
            (Some(url), _) => message.media.push(InboundMedia::at(url, kind)),
            (None, Some(words)) if kind.is_none_or(|kind| kind.starts_with("text/plain")) => {
                let joint = if message.text.is_empty() { "" } else { "\n" };
                message.text = format!("{}{joint}{words}", message.text);
            }
            _ => {}
        }
    }
    message.media = attached(std::mem::take(&mut message.media));
    if message.text.is_empty() && message.media.is_empty() {
        return Err("there is neither text nor media".into());
    }
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::delivery::DeliveryState;
    use ::http::{HeaderMap, Method};
    use bytes::Bytes;

    fn decoded(body: &str) -> Result<Vec<Said>, Refusal> {
        let body = Bytes::from(body.to_owned());
        let heard = Heard { method: Method::POST, url: String::new(), headers: HeaderMap::new(), body, caller: None };
        decode(&heard).map(|told| told.said)
    }

    #[test]
    fn a_batch_is_read_in_order_and_one_bad_result_holds_up_nobody() {
        let said = decoded(
            r#"{"results":[
            {"messageId":"r-1","callbackData":"r-1","status":{"groupName":"DELIVERED","name":"DELIVERED_TO_HANDSET"},"error":{"name":"NO_ERROR"}},
            {"messageId":"r-2","status":{"groupName":"EXPIRED","name":"EXPIRED_EXPIRED"},"error":{"name":"NO_ERROR"}},
            {"odd":1},
            {"messageId":"r-3","status":{"groupName":"MELTED"}},
            {"messageId":"in-1","from":"15550100002","to":"15550100001","message":[
                {"contentType":"image/jpeg","url":"https://x.example/1"},{"contentType":"text/plain","value":"pic"}]}]}"#,
        );

        let Ok(
            [
                Said::DeliveryReport(one),
                Said::DeliveryReport(two),
                Said::Other { .. },
                Said::Other { .. },
                Said::Message(mms),
            ],
        ) = said.as_deref()
        else {
            panic!("{said:?}")
        };
        assert_eq!((one.state, one.reference.as_deref()), (DeliveryState::Delivered, Some("r-1")));
        assert_eq!(two.reason.as_ref().map(|reason| reason.code.as_str()), Some("expired"));
        assert_eq!((mms.text.as_str(), mms.media.len()), ("pic", 1));
    }

    #[test]
    fn odd_bodies_are_refused_and_never_panic() {
        for odd in ["", "5", "[]", "[{}]", "{"] {
            assert!(decoded(odd).is_err(), "{odd}");
        }
        assert_eq!(decoded(r#"{"results":[]}"#), Ok(vec![]));
    }
}
