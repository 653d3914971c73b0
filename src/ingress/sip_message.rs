//! MESSAGE: a phone writes, or its machinery speaks. A text goes to the reply flow, a file to `file_from_phone`; receipts and
//! typing notices never become a text that somebody pays for (T11).

use crate::domain::delivery::DeliveryState;
use crate::domain::id::ExtensionId;
use crate::egress::phone_branch::reference_of;
use crate::flow::error::FlowError;
use crate::flow::phone;
use crate::flow::reply::{self, PhoneText};
use crate::ingress::sip::{Room, Sender, user_of, warned};
use crate::ingress::sip_settings::DoorMode;
use crate::sip::message::{NameAddr, Request, Response, Source};
use crate::sip::text::heard::{Body, Heard};
use crate::sip::text::notice::{Receipt, ReceiptState};
use crate::sip::text::read::read;
use crate::store::heard::RequestKey;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// A phone gives a request up after 32 seconds (RFC 3261 17.1.2.2); some have it sent again by hand. What a person says
/// once more has a new Call-ID (8.1.1.4), but not every phone knows that: so this is short.
const REPEATED_WITHIN: Duration = Duration::from_secs(120);

impl Room {
    pub async fn message(&self, request: &Request, source: &Source) -> Response {
        let sender = match self.sender(request, source) {
            Ok(sender) => sender,
            Err(refused) if refused.by_an_old_nonce => {
                return self.answered_before(request).await.unwrap_or(refused.answer);
            }
            Err(refused) => return refused.answer,
        };
        if let Sender::Trunk(line) = &sender {
            return self.trunk_message(request, line).await;
        }
        // What the PBX passes on is for us whatever domain it left in it; nothing is ever relayed.
        if matches!(sender, Sender::Extension(_)) && !self.is_ours(&request.uri, source) {
            return warned(request, 404, "this server serves its own domain only");
        }
        let extension = match self.writer(sender, request, source) {
            Ok(extension) => extension,
            Err(answer) => return answer,
        };
        match read(Body::of(request), &self.limits()) {
            Err(not_taken) => not_taken.answer(request),
            Ok(Heard::Composing { .. }) => Response::to(request, 200),
            Ok(Heard::Receipt(receipt)) => self.receipt(request, extension, &receipt).await,
            Ok(Heard::Text(text)) => self.text(request, extension, text, false).await,
            Ok(Heard::Cpim { text, frame }) => self.text(request, extension, text, frame.wishes.any_good_news()).await,
            Ok(Heard::RcsFile { offered, wishes }) => self.offered_file(request, (extension, wishes), &offered).await,
            Ok(Heard::BinaryFile { file_name, bytes, wishes, .. }) => {
                self.file_in_body(request, (extension, wishes), &file_name.unwrap_or_default(), &bytes).await
            }
        }
    }

    /// The extension that writes: the one that proved itself, and no other, whatever From and the identities say (T8);
    /// behind a PBX the one the PBX names.
    fn writer(&self, sender: Sender, request: &Request, source: &Source) -> Result<ExtensionId, Response> {
        let bad_from = |error: crate::sip::message::HeaderError| warned(request, 400, &error.to_string());
        let from = request.headers.from().map_err(bad_from)?;
        match sender {
            Sender::Extension(entry) if user_of(&from) == entry.number => Ok(entry.id),
            Sender::Extension(entry) => {
                let id = entry.id;
                tracing::warn!(target: "audit", { extension.id = %id, source = %source.addr }, "Extension {id} tried to write as another sender; refused");
                Err(warned(request, 403, "the sender must be your own extension"))
            }
            Sender::Trunk(_) => Err(Response::to(request, 403)),
            Sender::Pbx => {
                let asserted = asserted_identity(request);
                let who = user_of(asserted.as_ref().unwrap_or(&from));
                self.directory.find(&who).map(|entry| entry.id).ok_or_else(|| {
                    let from = source.addr.ip();
                    if self.said.is_due(("unknown extension of the PBX", from), self.desk.clock.monotonic()) {
                        tracing::warn!(target: "audit", source = %from, "The PBX passed on a text of an extension that is not set up here; refused");
                    }
                    warned(request, 403, "this extension is not set up for messages, or switched off")
                })
            }
        }
    }

    async fn receipt(&self, request: &Request, extension: ExtensionId, receipt: &Receipt) -> Response {
        let state = match receipt.state {
            ReceiptState::Delivered => DeliveryState::Delivered,
            ReceiptState::Displayed => DeliveryState::Read,
            ReceiptState::Failed => DeliveryState::Undelivered,
            ReceiptState::NoNews => return Response::to(request, 200),
        };
        match phone::receipt(&self.desk, extension, reference_of(&receipt.message_id), state).await {
            Ok(()) => Response::to(request, 200),
            Err(error) => self.put_off(request, &error),
        }
    }

    async fn text(&self, request: &Request, extension: ExtensionId, text: String, wants_receipt: bool) -> Response {
        if text.trim().is_empty() {
            return warned(request, 488, "the message is empty");
        }
        let Some((to_user, key)) = self.addressed(request) else {
            return warned(request, 404, "the request names nobody to write to");
        };
        if let Some(answer) = self.answered_before(request).await {
            return answer;
        }
        let said = PhoneText { wants_receipt, ..PhoneText::new(extension, to_user, text, key) };
        match reply::from_phone(&self.desk, said).await {
            Ok(answer) => match &answer.warning {
                None => Response::to(request, answer.status),
                Some(why) => warned(request, answer.status, why),
            },
            Err(error) => self.put_off(request, &error),
        }
    }

    /// The answer to a request that was taken before: the first one may be lost, in a crash too, and whoever repeats it must
    /// not be asked for a password anew, since the repetition that follows would be another request by its number (T3).
    pub async fn answered_before(&self, request: &Request) -> Option<Response> {
        let (_, key) = self.addressed(request)?;
        let since = self.desk.now().minus(REPEATED_WITHIN);
        match self.desk.store.read(move |db| db.heard_request_or_its_like(&key, since)).await {
            Ok(status) => status.map(|status| Response::to(request, status)),
            Err(error) => Some(self.put_off(request, &FlowError::Store(error))),
        }
    }

    /// To whom, and what names the request. A PBX we are registered at as a user calls us by that name: then the To says.
    pub fn addressed(&self, request: &Request) -> Option<(String, RequestKey)> {
        let (from, to) = (request.headers.from().ok()?, request.headers.to().ok()?);
        let named = request.uri.user_decoded().unwrap_or_default();
        let is_us = matches!(&self.settings.mode, DoorMode::Pbx { user, .. } if *user == named);
        let to_user = if named.is_empty() || is_us { user_of(&to) } else { named };
        let key = RequestKey {
            call_id: request.headers.call_id().to_owned(),
            cseq: request.headers.cseq().ok()?.number,
            from_tag: from.tag().unwrap_or_default().to_owned(),
            said: digest_of(&[user_of(&from).as_bytes(), to_user.as_bytes(), &request.body]),
        };
        (!to_user.is_empty()).then_some((to_user, key))
    }
}

/// Each part after its length, so that no two requests are one.
fn digest_of(parts: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

/// P-Asserted-Identity (RFC 3325): there may be a SIP and a tel URI; the first that names a user counts.
fn asserted_identity(request: &Request) -> Option<NameAddr> {
    let all = request.headers.addresses("P-Asserted-Identity").ok()?;
    all.into_iter().find(|address| !user_of(address).is_empty())
}
