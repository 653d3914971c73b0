//! Meta's webhooks: the handshake, the signature over the raw body, then every entry, change and list inside.

use super::{WhatsApp, inbound, news};
use crate::carrier::dialect::{Answer, Heard, Refusal, Said, Told};
use crate::carrier::{http as tools, sign};
use crate::domain::address::Address;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::Value;

const SIGNATURE: &str = "x-hub-signature-256";
/// Longest challenge that is repeated.
const CHALLENGE_CHARS_MAX: usize = 200;
/// Things said in one webhook; Meta batches up to a thousand.
const SAID_MAX: usize = 5000;

impl WhatsApp {
    /// Verifies, then reads.
    pub(super) fn told(&self, request: &Heard) -> Result<Told, Refusal> {
        if request.method == Method::GET {
            return self.handshake(request);
        }
        self.verify(request)?;
        let body: Value = serde_json::from_slice(&request.body)
            .map_err(|error| Refusal::Unreadable(format!("it is no JSON: {error}")))?;
        let mut said = self.decode(&body);
        if said.is_empty() {
            said.push(Said::Other { what: "a webhook that says nothing".into() });
        }
        Ok(Told { said, answer: Answer::new(Bytes::new()) })
    }

    /// Meta asks once whether this address is ours: it knows our word, we repeat its challenge.
    fn handshake(&self, request: &Heard) -> Result<Told, Refusal> {
        let given =
            tools::query_value(&request.url, "hub.verify_token").ok_or(Refusal::Unsigned("hub.verify_token"))?;
        let challenge = tools::query_value(&request.url, "hub.challenge").unwrap_or_default();
        let asks = tools::query_value(&request.url, "hub.mode").as_deref() == Some("subscribe");
        if !sign::same(&given, self.verify_token.expose()) {
            return Err(Refusal::Forged("verify token"));
        }
        let plain = !challenge.is_empty()
            && challenge.len() <= CHALLENGE_CHARS_MAX
            && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if !asks || !plain {
            return Err(Refusal::Unreadable("this is no handshake as Meta makes it".into()));
        }
        let mut answer = Answer::new(Bytes::from(challenge));
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Ok(Told { said: vec![Said::Other { what: "Meta verified this address".into() }], answer })
    }

    fn verify(&self, request: &Heard) -> Result<(), Refusal> {
        let given = request.header(SIGNATURE).ok_or(Refusal::Unsigned("X-Hub-Signature-256"))?;
        let given = given.strip_prefix("sha256=").ok_or(Refusal::Forged("app secret"))?;
        let fits = self.app_secrets.iter().fold(false, |fits, secret| {
            let wanted = hex::encode(sign::hmac_sha256(secret.expose().as_bytes(), &[&request.body]));
            fits | sign::same(given, &wanted)
        });
        if fits { Ok(()) } else { Err(Refusal::Forged("app secret")) }
    }

    fn decode(&self, body: &Value) -> Vec<Said> {
        if body["object"] != "whatsapp_business_account" {
            return vec![other("a webhook about", &body["object"])];
        }
        let mut said = Vec::new();
        for change in list(&body["entry"]).iter().flat_map(|entry| list(&entry["changes"])) {
            if said.len() >= SAID_MAX {
                break;
            }
            self.change(change, &mut said);
        }
        said.truncate(SAID_MAX);
        said
    }

    fn change(&self, change: &Value, said: &mut Vec<Said>) {
        let value = &change["value"];
        match change["field"].as_str().unwrap_or_default() {
            "messages" => match self.ours(&value["metadata"]) {
                Ok(ours) => inbound::read(value, &ours, said),
                Err(what) => said.push(Said::Other { what }),
            },
            "user_preferences" => match self.ours(&value["metadata"]) {
                Ok(ours) => {
                    said.extend(list(&value["user_preferences"]).iter().map(|one| news::preference(one, &ours)))
                }
                Err(what) => said.push(Said::Other { what }),
            },
            "user_id_update" => said.extend(list(&value["user_id_update"]).iter().map(news::user_id)),
            field if field.starts_with("message_template_") || field.starts_with("template_") => {
                said.push(news::template(field, value));
            }
            "phone_number_quality_update" => said.push(news::quality(value)),
            "account_update" | "account_alerts" | "account_review_update" => {
                said.push(other("account:", &value["event"]))
            }
            field => said.push(other("a change of", &field.into())),
        }
    }

    /// Which number of ours it is about: by Meta's id, as in the settings, else as Meta writes the number itself.
    fn ours(&self, metadata: &Value) -> Result<Address, String> {
        let id = metadata["phone_number_id"].as_str().unwrap_or_default();
        if let Some((number, _)) = self.numbers.iter().find(|(_, known)| known == id) {
            return Ok(number.clone());
        }
        let shown = metadata["display_phone_number"].as_str().and_then(super::number);
        shown.ok_or_else(|| {
            let id: String = id.chars().take(40).collect();
            format!("for a number with the ID {id:?}, which is not in this trunk's settings: fetch the numbers there")
        })
    }
}

/// An array, or nothing.
pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Something we only note, with Meta's word for it.
pub(super) fn other(what: &str, word: &Value) -> Said {
    let word = word.as_str().unwrap_or("something unknown");
    Said::Other { what: format!("{what} {word}").chars().filter(|c| !c.is_control()).take(200).collect() }
}
