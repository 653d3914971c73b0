//! Lines of a campaign's ledger go into the outbox, a few at a time: line, message and delivery in one transaction. Whether
//! somebody may be written to is asked once more here, hours and limits with it.

use crate::domain::address::Address;
use crate::domain::campaign::{Outside, Plan, SenderPick, SessionMode};
use crate::domain::event::Event;
use crate::domain::hours::{Allowed, next_allowed};
use crate::domain::id::{NumberId, PeerId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::{Actor, Destination, Session, SessionState};
use crate::domain::time::Timestamp;
use crate::flow::campaign::content::{Prepared, Ready, Recipient, Skip, keep_links, say};
use crate::flow::campaign::limits::Usage;
use crate::flow::campaign::values::{Person, site_zone};
use crate::flow::desk::{Desk, Rules, new_delivery_reference};
use crate::flow::error::FlowError;
use crate::flow::media::outgoing::{Files, keep_files_until, words_anew};
use crate::flow::send::{Outgoing, begin_session, file_and_queue};
use crate::store::campaigns::Campaign;
use crate::store::deliveries::{Delivery, Line, Priority};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::recipients::WaitingLine;
use crate::store::routing::OurNumber;
use crate::store::sessions::{NewSession, Step};
use std::sync::Arc;

/// Lines of one commit: a reply that comes in the middle waits for no more than this.
pub const LINES_MAX: usize = 32;

/// What came of a look at the ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fed {
    /// Lines that were looked at.
    pub looked_at: usize,
    /// Lines that went into the outbox.
    pub queued: usize,
}

/// A campaign that is being sent.
#[derive(Clone)]
pub struct Sending {
    /// It, without its plan.
    pub campaign: Campaign,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// What it says.
    pub prepared: Arc<Prepared>,
}

/// Puts the next lines into the outbox; at most `at_most` of them.
pub async fn feed(desk: &Desk, sending: &Sending, at_most: usize) -> Result<Fed, FlowError> {
    let now = desk.now();
    let (rules, sending) = (desk.rules.clone(), sending.clone());
    desk.store
        .write(move |tx| {
            // It may have been held since: nothing is fed that somebody believes to be held.
            let id = sending.campaign.id;
            if !tx.campaign(id)?.is_some_and(|campaign| campaign.status.is_sending()) {
                return Ok(Fed::default());
            }
            let feeding = Feeding { tx, rules: &rules, sending: &sending, usage: Usage::now(tx, now)?, now };
            let lines = tx.waiting_lines(id, now, at_most.min(LINES_MAX))?;
            let mut fed = Fed { looked_at: lines.len(), queued: 0 };
            for line in &lines {
                match feeding.line(line) {
                    Ok(()) => fed.queued += 1,
                    Err(NotNow::Skip(reason)) => tx.line_skipped(line.id, &reason, now)?,
                    Err(NotNow::Wait(until, reason)) => tx.line_waits(line.id, until, &reason)?,
                    Err(NotNow::Store(error)) => return Err(error.into()),
                }
            }
            if fed.looked_at > 0 {
                tx.emit(Event::OutboxRung);
            }
            Ok(fed)
        })
        .await
}

struct Feeding<'a, 'tx> {
    tx: &'a Tx<'tx>,
    rules: &'a Rules,
    sending: &'a Sending,
    usage: Usage,
    now: Timestamp,
}

/// Why a line does not go into the outbox.
enum NotNow {
    Skip(Reason),
    Wait(Timestamp, Reason),
    Store(StoreError),
}

impl From<StoreError> for NotNow {
    fn from(error: StoreError) -> NotNow {
        NotNow::Store(error)
    }
}

impl From<Skip> for NotNow {
    fn from(skip: Skip) -> NotNow {
        match skip {
            Skip::Why(reason) => NotNow::Skip(reason),
            Skip::Store(error) => NotNow::Store(error),
        }
    }
}

impl Feeding<'_, '_> {
    fn line(&self, line: &WaitingLine) -> Result<(), NotNow> {
        self.hours(line)?;
        let name = Some(line.name.as_str()).filter(|name| !name.is_empty());
        let peer = self.tx.peer_for(&line.address, name, self.now)?;
        let before = line.delivery.map(|id| self.tx.delivery(id)).transpose()?.flatten();
        let number = self.number(peer, before.as_ref())?;
        self.consent(&line.address, &number)?;
        let user = self.sending.campaign.by_user;
        if let Some((until, code)) = self.usage.must_wait(self.tx, user, number.id)? {
            return Err(NotNow::Wait(until, Reason::of(code)));
        }
        match before {
            Some(before) => self.again(line, &before)?,
            None => {
                let recipient = Recipient { id: Some(line.id), person: person(line) };
                let ready = say(self.tx, &self.sending.prepared, number.id, &recipient)?;
                self.file(line, (peer, &number), ready)?;
            }
        }
        Ok(self.usage.count(self.tx, user, number.id)?)
    }

    fn hours(&self, line: &WaitingLine) -> Result<(), NotNow> {
        let Some(hours) = &self.sending.plan.rules.hours else { return Ok(()) };
        let zone = match &line.zone {
            Some(zone) => zone.clone(),
            None => site_zone(self.tx)?,
        };
        let reason = Reason::of(ReasonCode::OutsideHours);
        match (next_allowed(hours, &zone, self.now), hours.outside) {
            (Allowed::Now, _) => Ok(()),
            (Allowed::From(at), Outside::Move) => Err(NotNow::Wait(at, reason)),
            (Allowed::From(_), Outside::Skip) | (Allowed::Never, _) => Err(NotNow::Skip(reason)),
        }
    }

    /// From which number: what is sent again leaves from the same.
    fn number(&self, peer: PeerId, before: Option<&Delivery>) -> Result<OurNumber, NotNow> {
        let id = match (before.map(|before| &before.line), &self.sending.plan.sender) {
            (Some(Line::Carrier { number, .. }), _) => Some(*number),
            (_, Some(SenderPick::Number(number))) => Some(*number),
            (_, Some(SenderPick::Pool(pool))) => match self.sending.plan.channel {
                Some(channel) => self.tx.pool_number(channel, pool, Some(peer))?,
                None => None,
            },
            (_, None) => None,
        };
        let number = id.map(|id: NumberId| self.tx.our_number(id)).transpose()?.flatten();
        number.filter(|number| number.enabled).ok_or_else(|| NotNow::Skip(Reason::of(ReasonCode::TrunkDisabled)))
    }

    fn consent(&self, to: &Address, number: &OurNumber) -> Result<(), NotNow> {
        match self.tx.refusal_of(to, number.id, self.sending.plan.rules.marketing)? {
            Some(_) => Err(NotNow::Skip(Reason::of(ReasonCode::OptedOut))),
            None => Ok(()),
        }
    }

    /// What failed is sent again as it was, under a new reference.
    fn again(&self, line: &WaitingLine, before: &Delivery) -> Result<(), StoreError> {
        let number = match before.line {
            Line::Carrier { number, .. } => self.tx.our_number(number)?,
            Line::Extension(_) => None,
        };
        let expires_at = self.now.plus(number.and_then(|n| n.valid_for).unwrap_or(self.rules.carrier_expiry));
        self.tx.line_queued(line.id, before.message, before.id, self.now)?;
        self.tx.renew_delivery(before.id, &new_delivery_reference(self.now), expires_at, self.now)?;
        keep_files_until(self.tx, self.rules, before.message, (self.now, expires_at))?;
        if let Some(said) = self.tx.message(before.message)? {
            words_anew(self.tx, self.rules, before, &said.text)?;
        }
        Ok(())
    }

    fn file(&self, line: &WaitingLine, to: (PeerId, &OurNumber), ready: Ready) -> Result<(), StoreError> {
        let (session, shown) = self.session(line, to)?;
        let campaign = &self.sending.campaign;
        let by = Actor { user: campaign.by_user, extension: None, name: campaign.name.clone() };
        let outgoing = Outgoing {
            files: Files { list: &ready.files, sent_as: ready.sent_as },
            priority: Priority::Campaign,
            ..Outgoing::text(&session, ready.text.clone(), &by)
        };
        let (message, delivery) = file_and_queue(self.tx, self.rules, outgoing, self.now)?;
        if let Some(rich) = &ready.rich {
            self.tx.set_beyond_text(message, Some(rich), None, None)?;
        }
        keep_links(self.tx, &ready, line.id, self.now.plus(self.rules.links_kept))?;
        self.tx.line_queued(line.id, message, delivery, self.now)?;
        if shown {
            self.tx.emit(Event::MessageFiled { session: session.id, message });
        }
        Ok(())
    }

    /// The open conversation, which keeps its owner; else a new one, or a place that nobody sees until they answer.
    fn session(&self, line: &WaitingLine, (peer, number): (PeerId, &OurNumber)) -> Result<(Session, bool), StoreError> {
        if let Some(open) = self.tx.open_session(number.id, peer)? {
            return Ok((open, true));
        }
        let new = |to: Destination| NewSession {
            channel: number.channel,
            number: number.id,
            peer,
            peer_address: line.address.clone(),
            state: match to {
                Destination::Extension(extension) => SessionState::Held { extension },
                Destination::Queue(queue) => SessionState::Waiting { queue },
            },
        };
        match self.sending.plan.rules.session {
            SessionMode::Direct => Ok(match self.tx.hidden_session(number.id, peer)? {
                Some(hidden) => (hidden, false),
                None => (self.tx.insert_hidden_session(&new(number.route), self.now)?, false),
            }),
            SessionMode::Open(to) => {
                let session = begin_session(self.tx, &new(to), self.now)?;
                let (by, owner) = (&self.sending.campaign.name, self.tx.destination_label(to)?);
                self.tx.note_step(session.id, Step::Opened, Some(by), None, Some(&owner), self.now)?;
                self.tx.emit(Event::SessionChanged { session: session.id });
                Ok((session, true))
            }
        }
    }
}

fn person(line: &WaitingLine) -> Person<'_> {
    Person { address: Some(&line.address), name: &line.name, contact: line.contact, row: line.variables.as_ref() }
}
