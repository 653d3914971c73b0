//! Sending through LINK Mobility EU: one JSON object; the code in the answer decides, not its status.

use super::{Link, errors};
use crate::carrier::dialect::{Accepted, Answer, OutboundMessage, Request, Step};
use crate::carrier::{http, outgoing, spelling};
use crate::domain::address::AddressKind;
use crate::domain::delivery::SendError;
use serde_json::json;

impl Link {
    /// One call; its answer decides.
    pub(super) fn send(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        match answers.last() {
            None => self.send_call(message).map(Step::Call),
            Some(answer) => {
                let body = errors::success(answer)?;
                let id = http::id_of(&body["transferId"]).ok_or_else(|| http::unreadable(answer))?;
                let segments = body["smsCount"].as_u64().and_then(|count| u32::try_from(count).ok());
                Ok(Step::Done(Accepted::of(id, segments.filter(|count| *count > 0))))
            }
        }
    }

    fn send_call(&self, message: &OutboundMessage) -> Result<Request, SendError> {
        outgoing::plain(message, &self.limits)?;
        let (from, to) = outgoing::ends(message, spelling::digits)?;
        let kind = match message.from.kind() {
            AddressKind::ShortCode => "shortcode",
            AddressKind::Alphanumeric => "alphanumeric",
            AddressKind::E164 | AddressKind::WhatsAppUser => "international",
        };
        let mut body = json!({
            "messageContent": message.text,
            "recipientAddressList": [to],
            "senderAddress": from,
            "senderAddressType": kind,
            "clientMessageId": message.reference,
        });
        if let Some(url) = &message.report_url {
            body["notificationCallbackUrl"] = url.as_str().into();
        }
        if let Some(span) = message.valid_for {
            // Spelled so in the interface itself.
            body["validityPeriode"] = span.as_secs().max(1).into();
        }
        self.call(&body)
    }
}
