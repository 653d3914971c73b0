//! SIP trunks and GSM gateways at the SIP door: who they are, what they bring, where they register.
//! A trunk proves itself by our secret Contact at its registrar, by its password here, or by its address (T9).

use crate::carrier::dialect::{DeliveryReport, InboundMessage, Said};
use crate::carrier::sip_trunk::{SenderIn, SipTrunk};
use crate::domain::address::{Address, AddressKind};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::DeliveryState;
use crate::egress::channel_log::{self, Span};
use crate::egress::switchboard::TrunkLine;
use crate::flow::error::FlowError;
use crate::flow::{gateway, webhook};
use crate::ingress::sip::{LIMITS, Room, user_of, warned};
use crate::ingress::sip_register::{kept, read as read_binding};
use crate::sip::message::{Request, Response, Source};
use crate::sip::registrar::binding::Binding;
use crate::sip::registrar::register::{register, user};
use crate::sip::text::heard::{Body, Heard};
use crate::sip::text::notice::{Receipt, ReceiptState};
use crate::sip::text::read::read;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::time::Duration;

impl Room {
    /// The trunk that is believed without being asked for a password: it calls our secret Contact, or from its address.
    pub fn known_trunk(&self, request: &Request, source: &Source) -> Option<Arc<TrunkLine>> {
        let called = request.uri.user_decoded().unwrap_or_default();
        self.switchboard.sip_line_of_contact(&called).or_else(|| {
            let is_it = |line: &Arc<TrunkLine>| line.carrier.sip().is_some_and(|sip| comes_from(sip, source));
            self.switchboard.sip_lines().into_iter().find(is_it)
        })
    }

    /// A trunk's MESSAGE: what it says is on disk before it is answered.
    pub async fn trunk_message(&self, request: &Request, line: &TrunkLine) -> Response {
        let Some(sip) = line.carrier.sip() else { return Response::to(request, 500) };
        let said = match read(Body::of(request), &LIMITS) {
            Err(not_taken) => return not_taken.answer(request),
            Ok(Heard::Composing { .. }) => return Response::to(request, 200),
            Ok(Heard::Receipt(receipt)) => match report(&receipt) {
                Some(report) => Said::DeliveryReport(report),
                None => return Response::to(request, 200),
            },
            Ok(Heard::Text(text) | Heard::Cpim { text, .. }) => match inbound(sip, request, text) {
                Ok(message) => Said::Message(message),
                Err(why) => return self.not_read(request, line, &why).await,
            },
            Ok(Heard::RcsFile { .. } | Heard::BinaryFile { .. }) => {
                return warned(request, 415, "this trunk carries texts only");
            }
        };
        let span = Span { at: self.desk.now(), took: Duration::ZERO };
        let exchange = channel_log::sip_heard(line.id, span, request, 200);
        match webhook::take(&self.desk, line.id, vec![said], exchange).await {
            Ok(()) => Response::to(request, 200),
            Err(error) => self.put_off(request, &error),
        }
    }

    /// What cannot be understood stands in the channel log, and the gateway hears why.
    async fn not_read(&self, request: &Request, line: &TrunkLine, why: &str) -> Response {
        let span = Span { at: self.desk.now(), took: Duration::ZERO };
        let exchange = channel_log::sip_heard(line.id, span, request, 488);
        let said = vec![Said::Other { what: why.to_owned() }];
        match webhook::take(&self.desk, line.id, said, exchange).await {
            Ok(()) => warned(request, 488, why),
            Err(error) => self.put_off(request, &error),
        }
    }

    /// A gateway says where it is.
    pub async fn trunk_register(&self, request: &Request, source: &Source, line: &TrunkLine) -> Response {
        let Some(sip) = line.carrier.sip() else { return Response::to(request, 500) };
        match user(request) {
            Err(refused) => return refused.answer(request),
            Ok(whose) if whose != sip.inbound_user => {
                return warned(request, 403, "you may register as your own user only");
            }
            Ok(_) => {}
        }
        match self.trunk_kept(request, source, line).await {
            Ok(answer) => answer,
            Err(error) => self.put_off(request, &error),
        }
    }

    async fn trunk_kept(&self, request: &Request, source: &Source, line: &TrunkLine) -> Result<Response, FlowError> {
        let _turn = self.turn_of(line.id.0).await;
        let (trunk, now) = (line.id, self.desk.now());
        let before = self.desk.store.read(move |db| db.trunk_bindings(trunk, now)).await?;
        let before: Vec<Binding> = before.iter().filter_map(read_binding).collect();
        let registered = match register(&before, request, source, &self.settings.rules, now) {
            Ok(registered) => registered,
            Err(refused) => return Ok(refused.answer(request)),
        };
        if registered.bindings != before {
            gateway::registered(&self.desk, trunk, registered.bindings.iter().map(kept).collect()).await?;
        }
        if let Some(trunks) = self.switchboard.sip() {
            trunks.set_bindings(trunk, registered.bindings);
        }
        Ok(registered.response)
    }
}

/// Whether an address is proof enough: over a connection it is, over UDP only where the settings say so.
fn comes_from(sip: &SipTrunk, source: &Source) -> bool {
    (source.transport.is_reliable() || sip.believe_udp)
        && sip.sources.iter().any(|network| network.contains(source.addr.ip()))
}

/// What a trunk's text says, in our spelling.
fn inbound(sip: &SipTrunk, request: &Request, text: String) -> Result<InboundMessage, String> {
    if text.trim().is_empty() {
        return Err("the message is empty".into());
    }
    let from = request.headers.from().map_err(|error| error.to_string())?;
    let sender = match sip.sender_in {
        SenderIn::FromUser => user_of(&from),
        SenderIn::FromDisplay => from.display.clone().unwrap_or_default(),
        SenderIn::AssertedIdentity => {
            let all = request.headers.addresses("P-Asserted-Identity").map_err(|error| error.to_string())?;
            all.iter().map(user_of).find(|user| !user.is_empty()).unwrap_or_default()
        }
    };
    let peer = sip.spelling.read(&sender).map_err(|why| format!("who wrote cannot be read: {why}"))?;
    let id = Sha256::new()
        .chain_update(request.headers.call_id())
        .chain_update(format!("\n{}\n", request.headers.cseq().map_err(|error| error.to_string())?.number))
        .chain_update(from.tag().unwrap_or_default());
    let carrier_id = format!("sip-{}", hex::encode(&id.finalize()[..16]));
    Ok(InboundMessage::text(ChannelKind::Sms, &carrier_id, peer, our_number(sip, request)?, &text))
}

/// Which number of ours was written to: as the request says, else its To, else the one the settings name.
fn our_number(sip: &SipTrunk, request: &Request) -> Result<Address, String> {
    let to = request.headers.to().map_err(|error| error.to_string())?;
    let named = [request.uri.user_decoded().unwrap_or_default(), user_of(&to)];
    let read: Vec<Address> = named.iter().filter_map(|user| sip.spelling.read(user).ok()).collect();
    // A word is more likely an account's name than a sender of ours.
    let number = read.iter().find(|one| matches!(one.kind(), AddressKind::E164 | AddressKind::ShortCode));
    number
        .or(sip.our_number.as_ref())
        .or(read.first())
        .cloned()
        .ok_or_else(|| "it does not say which of our numbers was written to: fill in \"Our number here\"".into())
}

fn report(receipt: &Receipt) -> Option<DeliveryReport> {
    let state = match receipt.state {
        ReceiptState::Delivered => DeliveryState::Delivered,
        ReceiptState::Displayed => DeliveryState::Read,
        ReceiptState::Failed => DeliveryState::Undelivered,
        ReceiptState::NoNews => return None,
    };
    // Parts before the last have a number behind the message's reference: the last speaks for all.
    let whole = !receipt.message_id.contains("-p");
    whole.then(|| DeliveryReport { carrier_id: None, reference: Some(receipt.message_id.clone()), state, reason: None })
}
