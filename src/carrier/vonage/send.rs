//! Sending through the Messages API: one JSON; what a message is decides its channel.

use super::{Rcs, Vonage, errors};
use crate::carrier::dialect::{Accepted, Answer, Limits, OutboundMedia, OutboundMessage, Request, Step};
use crate::carrier::http::{self, id_of};
use crate::carrier::{outgoing, spelling, whatsapp};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::ReasonCode;
use crate::domain::rich::Rich;
use crate::domain::segment::{Encoding, count};
use ::http::Method;
use serde_json::{Value, json};

/// Longest text by channel.
const SMS_CHARS_MAX: usize = 1000;
const MMS_CHARS_MAX: usize = 640;
const RCS_CHARS_MAX: usize = 3072;
pub(super) const WHATSAPP_CHARS_MAX: usize = 4096;
/// What Vonage takes as validity of an SMS and of an MMS, in seconds.
const SMS_TTL_S: (u64, u64) = (20, 604_800);
const MMS_TTL_S: (u64, u64) = (300, 259_200);

impl Vonage {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) if answer.status().is_success() => {
                let id = http::json_of(answer).and_then(|body| id_of(&body["message_uuid"]));
                id.map(|id| Step::Done(Accepted::of(id, None))).ok_or_else(|| http::unreadable(answer))
            }
            Some(answer) => Err(errors::of(answer)),
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        let rcs = self.rcs.as_ref().filter(|rcs| message.kind == ChannelKind::Sms && rcs.number == message.from);
        let mut body = match (message.kind, rcs) {
            (ChannelKind::WhatsApp, _) => self.whatsapp(message)?,
            (ChannelKind::Sms, Some(rcs)) => self.rcs(message, rcs)?,
            (ChannelKind::Sms, None) => self.sms(message)?,
        };
        body["client_ref"] = message.reference.as_str().into();
        if let Some(url) = &message.report_url {
            body["webhook_url"] = url.as_str().into();
            body["webhook_version"] = "v1".into();
        }
        Ok(self.call(Method::POST, &format!("{}/v1/messages", self.base_url))?.json(&body))
    }

    fn fits(&self, message: &OutboundMessage, text_chars_max: usize) -> Result<(), SendError> {
        outgoing::fits(message, &Limits { text_chars_max, ..self.limits.clone() })
    }

    /// Text as SMS, a file as MMS.
    fn sms(&self, message: &OutboundMessage) -> Result<Value, SendError> {
        if message.rich.is_some() {
            return Err(outgoing::rejected(ReasonCode::ContentNotTaken));
        }
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let validity = |(least, most): (u64, u64)| message.valid_for.map(|span| span.as_secs().clamp(least, most));
        let mut body = json!({ "from": from, "to": to });
        let ttl = match message.media.first() {
            None => {
                self.fits(message, SMS_CHARS_MAX)?;
                body["channel"] = "sms".into();
                text(&mut body, message);
                body["sms"] = json!({ "encoding_type": encoding(&message.text) });
                validity(SMS_TTL_S)
            }
            Some(file) => {
                self.fits(message, MMS_CHARS_MAX)?;
                body["channel"] = "mms".into();
                let kind = match main_type(file) {
                    "image" => "image",
                    "audio" => "audio",
                    "video" => "video",
                    _ if file.media_type.contains("vcard") => "vcard",
                    _ => "file",
                };
                media(&mut body, kind, file, &message.text)?;
                validity(MMS_TTL_S)
            }
        };
        if let Some(ttl) = ttl {
            body["ttl"] = ttl.into();
        }
        Ok(body)
    }

    /// From our agent; who has no RCS gets the same as SMS from our number.
    fn rcs(&self, message: &OutboundMessage, rcs: &Rcs) -> Result<Value, SendError> {
        if message.rich.is_some() {
            return Err(outgoing::rejected(ReasonCode::ContentNotTaken));
        }
        self.fits(message, RCS_CHARS_MAX)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let mut body = json!({ "channel": "rcs", "from": rcs.agent, "to": to });
        match message.media.first() {
            None => {
                text(&mut body, message);
                if message.text.chars().count() <= SMS_CHARS_MAX {
                    let mut other = json!({ "channel": "sms", "from": from, "to": to });
                    text(&mut other, message);
                    other["sms"] = json!({ "encoding_type": encoding(&message.text) });
                    other["client_ref"] = message.reference.as_str().into();
                    body["failover"] = json!([other]);
                }
            }
            Some(_) if !message.text.is_empty() => {
                let why = "RCS takes a file without words: send the words by themselves";
                return Err(outgoing::rejected_saying(ReasonCode::MediaNotTaken, why));
            }
            Some(file) => {
                let kind = match main_type(file) {
                    kind @ ("image" | "video") => kind,
                    _ => "file",
                };
                media(&mut body, kind, file, "")?;
            }
        }
        Ok(body)
    }

    fn whatsapp(&self, message: &OutboundMessage) -> Result<Value, SendError> {
        self.fits(message, WHATSAPP_CHARS_MAX)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let mut body = json!({ "channel": "whatsapp", "from": from, "to": to });
        if let Some(id) = &message.in_reply_to {
            body["context"] = json!({ "message_uuid": id });
        }
        match (&message.rich, message.media.first()) {
            (Some(Rich::Reaction { to, emoji }), _) => {
                body["message_type"] = "reaction".into();
                body["context"] = json!({ "message_uuid": to });
                body["reaction"] = match emoji.is_empty() {
                    true => json!({ "action": "unreact" }),
                    false => json!({ "action": "react", "emoji": emoji }),
                };
            }
            (Some(_), file) => {
                // Vonage hands Meta's own object on as it is.
                let file = file.map(outgoing::link).transpose()?.map(|link| json!({ "link": link }));
                let (kind, content) = whatsapp::meta_object(message, file)?;
                let mut custom = json!({ "type": kind });
                custom[kind] = content;
                body["message_type"] = "custom".into();
                body["custom"] = custom;
            }
            (None, Some(file)) => {
                let kind = match main_type(file) {
                    "image" if file.media_type.contains("webp") && message.text.is_empty() => "sticker",
                    kind @ ("image" | "video") => kind,
                    "audio" if message.text.is_empty() => "audio",
                    _ => "file",
                };
                media(&mut body, kind, file, &message.text)?;
            }
            (None, None) => text(&mut body, message),
        }
        Ok(body)
    }
}

fn text(body: &mut Value, message: &OutboundMessage) {
    body["message_type"] = "text".into();
    body["text"] = message.text.as_str().into();
}

fn media(body: &mut Value, kind: &str, file: &OutboundMedia, caption: &str) -> Result<(), SendError> {
    let mut object = json!({ "url": outgoing::link(file)? });
    if !caption.is_empty() {
        object["caption"] = caption.into();
    }
    if kind == "file" && body["channel"] == "whatsapp" {
        object["name"] = file.file_name.as_str().into();
    }
    body["message_type"] = kind.into();
    body[kind] = object;
    Ok(())
}

fn main_type(file: &OutboundMedia) -> &str {
    file.media_type.split('/').next().unwrap_or_default()
}

fn encoding(text: &str) -> &'static str {
    match count(text).encoding {
        Encoding::Gsm7 => "text",
        Encoding::Ucs2 => "unicode",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::Address;

    #[test]
    fn the_number_of_the_agent_writes_as_rcs_and_falls_back_to_sms() {
        let settings = json!({ "api_key": "abcd1234", "api_secret": "secret-1", "signature_secret": "secret-2", "rcs_agent": "Acme", "rcs_number": "+4930555000" });
        let dialect = Vonage::from_settings(settings.as_object().expect("an object")).expect("good settings");
        let sent = |from: &str| {
            let address = |text: &str| Address::parse(text).expect("a number");
            let message =
                OutboundMessage::text("ref-1", ChannelKind::Sms, address(from), address("+4915550012345"), "hi");
            let Ok(Step::Call(request)) = dialect.send(&message, &[]) else { panic!("no call") };
            serde_json::from_slice::<Value>(request.body()).expect("JSON")
        };

        let rcs = sent("+4930555000");
        assert_eq!((&rcs["channel"], &rcs["from"], &rcs["text"]), (&json!("rcs"), &json!("Acme"), &json!("hi")));
        assert_eq!(
            (&rcs["failover"][0]["channel"], &rcs["failover"][0]["from"]),
            (&json!("sms"), &json!("4930555000"))
        );
        assert_eq!(sent("+4930555001")["channel"], "sms");
    }
}
