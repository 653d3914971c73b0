//! The lines of the house: carriers through the switchboard, phones through SIP.

use crate::bus::{Bus, Numbered};
use crate::carrier::dialect::{Known, OutboundMedia, OutboundMessage, Question};
use crate::clock::Clock;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::event::Event;
use crate::domain::exchange::Exchange;
use crate::domain::id::{ExtensionId, TrunkId};
use crate::domain::rich::{HeaderValue, Rich};
use crate::domain::time::Timestamp;
use crate::egress::outcome::{Outcome, Tried};
use crate::egress::phones::{Phones, ToPhone};
use crate::egress::switchboard::Switchboard;
use crate::flow::desk::Desk;
use crate::flow::media::desk::MediaDesk;
use crate::flow::outbox::files::OutboundFiles;
use crate::flow::outbox::lines::Lines;
use crate::sip::registrar::binding::Binding;
use crate::store::beyond_text::Beyond;
use crate::store::deliveries::{Leased, Line};
use crate::store::error::StoreError;
use crate::store::handle::Reader;
use bytes::Bytes;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::mpsc;

/// A phone that is there answers sooner; one that is not may come back elsewhere.
const FOLLOW_AFTER: Duration = Duration::from_secs(1);

/// The lines of the house: carriers through the switchboard, phones through SIP.
pub struct HouseLines {
    files: OutboundFiles,
    switchboard: Switchboard,
    phones: Phones,
    reader: Reader,
    bus: Bus,
    clock: Clock,
    /// Where extensions are, as it was last read; as many as there are extensions.
    found: Mutex<HashMap<ExtensionId, Arc<Found>>>,
}

/// An extension as it was read when the bus had counted so many moves; true until it counts another.
struct Found {
    moves: u64,
    number: Option<String>,
    bindings: Vec<Binding>,
}

impl HouseLines {
    /// Over these.
    pub fn new(media: &MediaDesk, phones: Phones) -> HouseLines {
        let Desk { store, clock, bus, .. } = &media.desk;
        HouseLines {
            files: OutboundFiles::new(media),
            switchboard: media.switchboard.clone(),
            phones,
            reader: store.reader().clone(),
            bus: bus.clone(),
            clock: clock.clone(),
            found: Mutex::default(),
        }
    }

    /// Where an extension is: looked up once, then known until something moves. A binding that expires meanwhile is
    /// passed over by whoever sends.
    async fn find(&self, extension: ExtensionId) -> Result<Arc<Found>, StoreError> {
        let (moves, now) = (self.bus.moves(), self.clock.now());
        if let Some(found) = self.found().get(&extension).filter(|found| found.moves == moves) {
            return Ok(Arc::clone(found));
        }
        let read = self.reader.read(move |db| {
            let number = db.extension_number(extension)?;
            Ok::<_, StoreError>((number, db.bindings(extension, now)?))
        });
        let (number, kept) = read.await?;
        let bindings = kept.iter().filter_map(|kept| serde_json::from_str::<Binding>(&kept.binding).ok()).collect();
        let found = Arc::new(Found { moves, number, bindings });
        self.found().insert(extension, Arc::clone(&found));
        Ok(found)
    }

    fn found(&self) -> MutexGuard<'_, HashMap<ExtensionId, Arc<Found>>> {
        self.found.lock().expect("nothing under this lock panics")
    }

    async fn to_phone(&self, extension: ExtensionId, leased: &Leased) -> Tried {
        let found = match self.find(extension).await {
            Ok(found) => found,
            Err(error) => return Tried::later(&error.to_string()),
        };
        let Some(number) = &found.number else { return Tried::never("the extension no longer exists") };
        let peer = leased.peer_name.clone().unwrap_or_else(|| leased.peer.to_string());
        let display = match &leased.queue_name {
            Some(queue) => format!("{queue}: {peer}"),
            None => peer,
        };
        let offered = match leased.delivery.attachment {
            Some(file) => self.files.for_phone(file).await.unwrap_or_else(|error| {
                // The words with the link are there all the same.
                tracing::warn!(%error, "A file cannot be offered to a phone now: {error}");
                None
            }),
            None => None,
        };
        let text = ToPhone {
            extension,
            extension_number: number,
            bindings: found.bindings.clone(),
            call_id: &leased.delivery.reference,
            from_user: leased.peer.as_str(),
            display: &display,
            text: &leased.text,
            file: offered.as_ref().map(|file| file.with(&leased.text)),
            try_number: leased.delivery.tries,
            about: leased.delivery.message,
        };
        let (tell, moved) = mpsc::channel(1);
        tokio::select! {
            biased;
            tried = self.phones.send_following(text, moved) => tried,
            never = self.follow(extension, found.moves, tell) => match never {},
        }
    }

    /// Tells where an extension is whenever it moves, for as long as it is polled. Most phones answer before this
    /// begins to look.
    async fn follow(&self, extension: ExtensionId, mut seen: u64, tell: mpsc::Sender<Vec<Binding>>) -> Infallible {
        self.clock.sleep(FOLLOW_AFTER).await;
        let mut events = self.bus.listen();
        loop {
            if let Ok(found) = self.find(extension).await
                && found.moves != seen
            {
                seen = found.moves;
                // Nobody listens any more: this is not polled again.
                let _ = tell.send(found.bindings.clone()).await;
            }
            // A listener that lagged behind looks again, too.
            while let Ok(Numbered { event, .. }) = events.recv().await {
                if event == (Event::ExtensionChanged { extension }) {
                    break;
                }
            }
        }
    }

    /// The message as its carrier gets it. `to_send`: with its files; else it is only asked about.
    async fn outbound(
        &self,
        leased: &Leased,
        trunk: TrunkId,
        to_send: bool,
    ) -> Result<Option<OutboundMessage>, SendError> {
        let Line::Carrier { to, .. } = &leased.delivery.line else { return Ok(None) };
        let message = leased.delivery.message;
        let beyond = match leased.kind {
            ChannelKind::WhatsApp => self.reader.read(move |db| db.beyond_text(message)).await.map_err(not_now)?,
            ChannelKind::Sms => Beyond::default(),
        };
        let mut media: Vec<OutboundMedia> = head_file(beyond.rich.as_ref()).into_iter().collect();
        // A message in other words has its files behind the link in them.
        if to_send && !leased.delivery.has_words {
            media.extend(self.files.of(message, (trunk, leased.kind)).await?);
        }
        Ok(Some(OutboundMessage {
            reference: leased.delivery.reference.clone(),
            kind: leased.kind,
            from: leased.our_number.clone(),
            to: to.clone(),
            text: leased.text.clone(),
            media,
            rich: beyond.rich,
            in_reply_to: beyond.in_reply_to,
            report_url: self.switchboard.report_url(trunk),
            valid_for: Some(leased.delivery.expires_at.since(self.clock.now()).max(Duration::from_secs(60))),
        }))
    }
}

/// Nothing has left the house.
pub(super) fn not_now(error: StoreError) -> SendError {
    SendError::Unreachable { why: error.to_string() }
}

/// The file in a template's head, which the carrier fetches itself.
fn head_file(rich: Option<&Rich>) -> Option<OutboundMedia> {
    let Some(Rich::Template(used)) = rich else { return None };
    let Some(HeaderValue::Media { link: Some(link), media_type }) = &used.header else { return None };
    let name = link.split(['?', '#']).next().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    Some(OutboundMedia {
        url: Some(link.clone()),
        bytes: Bytes::new(),
        media_type: media_type.clone().unwrap_or_else(|| "application/pdf".into()),
        file_name: if name.is_empty() { "file".into() } else { name.chars().take(100).collect() },
    })
}

impl Lines for HouseLines {
    async fn send(&self, leased: &Leased) -> Tried {
        match leased.delivery.line {
            Line::Extension(extension) => self.to_phone(extension, leased).await,
            Line::Carrier { trunk, .. } => match self.outbound(leased, trunk, true).await {
                Ok(Some(message)) => self.switchboard.send(trunk, &message, leased.delivery.message).await,
                Ok(None) => Tried::never("no carrier's line"),
                Err(error) => Tried { outcome: Outcome::Refused(error), exchanges: Vec::new() },
            },
        }
    }

    async fn taken(&self, leased: &Leased, since: Timestamp) -> (Option<Result<Known, SendError>>, Vec<Exchange>) {
        let Line::Carrier { trunk, .. } = leased.delivery.line else { return (None, Vec::new()) };
        match self.outbound(leased, trunk, false).await {
            Ok(Some(message)) => self.switchboard.ask(trunk, &Question::Taken { message, since }).await,
            Ok(None) | Err(_) => (None, Vec::new()),
        }
    }

    fn is_idempotent(&self, trunk: TrunkId) -> bool {
        self.switchboard.trunk(trunk).is_some_and(|line| line.carrier.limits().idempotent)
    }

    fn sends_again(&self, trunk: TrunkId) -> bool {
        self.switchboard.trunk(trunk).is_some_and(|line| line.send_again_when_uncertain)
    }

    fn account_mps(&self, trunk: TrunkId) -> Option<f64> {
        self.switchboard.trunk(trunk)?.carrier.limits().trunk_mps
    }
}
