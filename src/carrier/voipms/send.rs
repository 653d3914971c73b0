//! Sending through VoIP.ms: an SMS of 160 characters, several of them, or an MMS with files by link or in Base64.

use super::{LongTexts, SMS_CHARS_MAX, VoipMs, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMedia, OutboundMessage, Request, Step};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::delivery::SendError;
use crate::domain::reason::ReasonCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

const MEDIA_NAMES: [&str; 3] = ["media1", "media2", "media3"];

impl VoipMs {
    /// One call for each part of the text; mostly there is one.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        let mut ids = Vec::new();
        for answer in answers {
            let id = accepted(answer).map_err(|error| if ids.is_empty() { error } else { halfway(&error) })?;
            ids.push(id);
        }
        match self.call_at(message, answers.len())? {
            Some(request) => Ok(Step::Call(request)),
            None => {
                let mut ids = ids.into_iter();
                let carrier_id = ids.next().ok_or_else(|| outgoing::rejected(ReasonCode::TextEmpty))?;
                Ok(Step::Done(Accepted { carrier_id, parts: ids.collect(), segments: None }))
            }
        }
    }

    /// The nth call; a file is written out for its own alone.
    fn call_at(&self, message: &OutboundMessage, at: usize) -> Result<Option<Request>, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (did, dst) = outgoing::ends(message, spelling::ten_digits)?;
        let to = |text: &str| vec![("did", did.to_owned()), ("dst", dst.to_owned()), ("message", text.to_owned())];
        let long = message.text.chars().count() > SMS_CHARS_MAX;
        if message.media.is_empty() && !(long && self.long_texts == LongTexts::Mms) {
            return pieces(&message.text).get(at).map(|piece| self.call("sendSMS", &to(piece))).transpose();
        }
        if at > 0 {
            return Ok(None);
        }
        let mut parameters = to(&message.text);
        parameters.extend(MEDIA_NAMES.into_iter().zip(message.media.iter().map(written)));
        self.call("sendMMS", &parameters).map(Some)
    }
}

/// A file by its address, where it has one, else itself.
fn written(file: &OutboundMedia) -> String {
    match &file.url {
        Some(url) => url.clone(),
        None => format!("data:{};base64,{}", file.media_type, STANDARD.encode(&file.bytes)),
    }
}

/// The text in pieces of one SMS, cut at blanks where there are some.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut rest: Vec<char> = text.chars().collect();
    while rest.len() > SMS_CHARS_MAX {
        let blank = rest[..SMS_CHARS_MAX].iter().rposition(|c| c.is_whitespace()).filter(|at| *at > SMS_CHARS_MAX / 2);
        let tail = rest.split_off(blank.map_or(SMS_CHARS_MAX, |at| at + 1));
        pieces.push(rest.iter().collect());
        rest = tail;
    }
    pieces.push(rest.into_iter().collect());
    pieces
}

/// `{"status":"success","sms":23434}`. The two kinds count by themselves, so that the kind belongs to the id.
fn accepted(answer: &Answer) -> Result<String, SendError> {
    let body = errors::success(answer)?;
    let id = ["sms", "mms"].into_iter().find_map(|kind| Some(format!("{kind}-{}", http::id_of(&body[kind])?)));
    id.ok_or_else(|| http::unreadable(answer))
}

/// The peer has the beginning: the whole is never sent again by itself.
fn halfway(error: &SendError) -> SendError {
    let detail = error.reason().detail.unwrap_or_default();
    SendError::Unreadable { why: format!("the first parts of this text were taken, then a part was refused: {detail}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_cut_at_blanks_and_loses_nothing() {
        let text = "wort ".repeat(100);
        let cut = pieces(&text);

        assert_eq!(cut.concat(), text);
        assert!(cut.iter().all(|piece| piece.chars().count() <= SMS_CHARS_MAX && piece.ends_with(' ')), "{cut:?}");
        assert_eq!(pieces(&"ü".repeat(161)).iter().map(|piece| piece.chars().count()).collect::<Vec<_>>(), [160, 1]);
        assert_eq!(pieces("short"), ["short"]);
    }
}
