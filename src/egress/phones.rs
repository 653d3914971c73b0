//! Texts to desk phones: on every way an extension is registered at once, or through the PBX that keeps the registrations.
//! One message has one Call-ID for all its tries (linphone drops a second, others would show it twice).

use crate::clock::Clock;
use crate::config::sip::Pbx;
use crate::domain::delivery::DeliveryState;
use crate::domain::exchange::Exchange;
use crate::domain::id::{ExtensionId, MessageId};
use crate::domain::media::MediaType;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::egress::outcome::{Outcome, Tried};
use crate::egress::pbx::PbxPeer;
use crate::egress::phone_branch::{Branch, Memory, Said};
use crate::egress::phone_way::{About, CSEQ_PER_TRY, End, Letter, Way, carry, later};
use crate::sip::endpoint::Endpoint;
use crate::sip::message::{Method, NameAddr, Uri, random_token};
use crate::sip::registrar::binding::Binding;
use crate::sip::resolve::Resolver;
use crate::sip::text::notice::ReceiptState;
use crate::sip::text::offer::Offer;
use crate::sip::text::write;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// How long a refusal of one phone waits for the others of the same extension (P11).
const OTHERS_WITHIN: Duration = Duration::from_secs(5);
/// How long a phone has to answer whether it is there.
const PING_WITHIN: Duration = Duration::from_secs(4);
/// Ways one try may take, with those that phones registered meanwhile.
const WAYS_MAX: usize = 32;

/// The phones of the house; clones are the same.
#[derive(Clone)]
pub struct Phones(Arc<Inner>);

struct Inner {
    endpoint: Endpoint,
    domain: String,
    pbx: Option<PbxPeer>,
    clock: Clock,
    memory: Memory,
    branches: TaskTracker,
}

/// How phones are reached.
pub struct PhonesSettings {
    /// The domain of our extensions, as From and To name it.
    pub domain: String,
    /// Who keeps the registrations.
    pub mode: PhonesMode,
}

/// Who keeps the registrations.
pub enum PhonesMode {
    /// We do.
    Registrar,
    /// A PBX does.
    Pbx(Box<BehindPbx>),
}

/// The PBX that keeps the registrations.
pub struct BehindPbx {
    /// Its settings.
    pub pbx: Pbx,
    /// Finds it.
    pub resolver: Resolver,
}

/// A text for an extension's phone.
#[derive(Clone, Debug)]
pub struct ToPhone<'a> {
    /// For whom.
    pub extension: ExtensionId,
    /// Its number.
    pub extension_number: &'a str,
    /// Where it is registered; not looked at where a PBX keeps the registrations.
    pub bindings: Vec<Binding>,
    /// The Call-ID of this message: the same on every try, never another's.
    pub call_id: &'a str,
    /// Which try this is, from 1: CSeq grows with it.
    pub try_number: u32,
    /// Who wrote: the peer's address.
    pub from_user: &'a str,
    /// What the phone shows as the sender's name; may be empty.
    pub display: &'a str,
    /// The text; not looked at where it is about a file.
    pub text: &'a str,
    /// The file this is about.
    pub file: Option<FileToPhone<'a>>,
    /// Which message it is.
    pub about: MessageId,
}

/// A file for an extension's phones: each is told in the words it understands.
#[derive(Clone, Copy, Debug)]
pub struct FileToPhone<'a> {
    /// Where a phone that takes files fetches it.
    pub url: &'a str,
    /// What it is called.
    pub name: &'a str,
    /// What it is.
    pub media_type: MediaType,
    /// How large.
    pub bytes: u64,
    /// Where a small picture of it is, and how large that is.
    pub thumb: Option<(&'a str, u64)>,
    /// Until when it can be fetched.
    pub until: Timestamp,
    /// What all other phones are told: a text with a link.
    pub link_text: &'a str,
}

impl FileToPhone<'_> {
    /// With its small picture, and without: over UDP only the shorter one may fit.
    fn offers(&self) -> Vec<Bytes> {
        let FileToPhone { url, name, bytes, thumb, until, .. } = *self;
        let whole = Offer { url, name, media_type: self.media_type.as_str(), bytes, thumb, until };
        let bare = thumb.map(|_| Offer { thumb: None, ..whole }.document());
        [Some(whole.document()), bare].into_iter().flatten().collect()
    }
}

/// A receipt for what an extension's phone wrote.
#[derive(Clone, Debug)]
pub struct ReceiptToPhone<'a> {
    /// For whom.
    pub extension: ExtensionId,
    /// Its number.
    pub extension_number: &'a str,
    /// Where it is registered.
    pub bindings: Vec<Binding>,
    /// To whom the phone wrote.
    pub peer_user: &'a str,
    /// The Call-ID of the MESSAGE the phone sent.
    pub call_id: &'a str,
    /// What became of it.
    pub state: DeliveryState,
}

/// Who answered an OPTIONS.
#[derive(Clone, Debug, Default)]
pub struct Reachable {
    /// One for each way: where it leads, and whether anybody answered there.
    pub ways: Vec<(String, bool)>,
    /// What was said.
    pub exchanges: Vec<Exchange>,
}

impl Reachable {
    /// Whether at least one phone answered.
    pub fn anybody(&self) -> bool {
        self.ways.iter().any(|(_, is_there)| *is_there)
    }
}

impl Phones {
    /// Phones behind this endpoint.
    pub fn new(endpoint: Endpoint, settings: PhonesSettings, clock: Clock) -> Phones {
        let pbx = match settings.mode {
            PhonesMode::Registrar => None,
            PhonesMode::Pbx(behind) => Some(PbxPeer::new(behind.pbx, behind.resolver, endpoint.clone(), clock.clone())),
        };
        let branches = TaskTracker::new();
        Phones(Arc::new(Inner { endpoint, domain: settings.domain, pbx, clock, memory: Memory::new(), branches }))
    }

    /// Whether a PBX keeps the registrations, so that extensions are reached without bindings of ours.
    pub fn through_pbx(&self) -> bool {
        self.0.pbx.is_some()
    }

    /// The PBX, where there is one.
    pub fn pbx(&self) -> Option<&PbxPeer> {
        self.0.pbx.as_ref()
    }

    /// Sends a text on every way at once; a 2xx of one counts at once, a refusal waits a little for the others.
    pub async fn send(&self, to: ToPhone<'_>) -> Tried {
        self.send_following(to, mpsc::channel(1).1).await
    }

    /// The same, and where the extension's bindings change meanwhile, on its new ways too: a phone that came back
    /// elsewhere does not wait until its old place was silent for 32 s. `moved` gives all bindings as they are now.
    pub async fn send_following(&self, to: ToPhone<'_>, moved: mpsc::Receiver<Vec<Binding>>) -> Tried {
        let text = to.file.map_or(to.text, |file| file.link_text);
        let Some((content_type, body)) = write::text(text) else {
            return bare(Outcome::Never { reason: Reason::of(ReasonCode::TextEmpty) });
        };
        if self.0.memory.was_taken(to.call_id) {
            return bare(taken());
        }
        let ways = match self.0.ways(&to.bindings, to.extension_number).await {
            Ok(ways) if ways.is_empty() => return bare(Outcome::Absent),
            Ok(ways) => ways,
            Err(end) => return bare(outcome(vec![end])),
        };
        let letter = Letter {
            method: Method::Message,
            from: self.0.address(to.from_user).with_display(to.display),
            to: self.0.address(to.extension_number),
            call_id: to.call_id.to_owned(),
            cseq: to.try_number.saturating_sub(1).min(100_000_000).saturating_mul(CSEQ_PER_TRY) + 1,
            headers: Vec::new(),
            content_type,
            body,
        };
        let said = Said { letter, offers: to.file.map(|file| file.offers()).unwrap_or_default() };
        self.on_all(ways, said, About { extension: to.extension, message: Some(to.about) }, moved).await
    }

    /// Tells the phone what became of its message (RFC 5438); best effort, and over before the caller goes on.
    pub async fn receipt(&self, to: ReceiptToPhone<'_>) -> Vec<Exchange> {
        let state = match to.state {
            DeliveryState::Delivered => ReceiptState::Delivered,
            DeliveryState::Read => ReceiptState::Displayed,
            DeliveryState::Failed | DeliveryState::Undelivered => ReceiptState::Failed,
            _ => ReceiptState::NoNews,
        };
        let Some((content_type, body)) = write::receipt(to.call_id, state, self.0.clock.now()) else {
            return Vec::new();
        };
        let Ok(ways) = self.0.ways(&to.bindings, to.extension_number).await else { return Vec::new() };
        let letter = Letter {
            method: Method::Message,
            from: self.0.address(to.peer_user),
            to: self.0.address(to.extension_number),
            call_id: random_token() + &random_token(),
            cseq: 1,
            headers: vec![("Content-Disposition", "notification".to_owned())],
            content_type,
            body,
        };
        let about = About { extension: to.extension, message: None };
        self.on_all(ways, Said::only(letter), about, mpsc::channel(1).1).await.exchanges
    }

    /// Asks with OPTIONS who is there.
    pub async fn ping(&self, extension: ExtensionId, number: &str, bindings: &[Binding]) -> Reachable {
        let Ok(ways) = self.0.ways(bindings, number).await else { return Reachable::default() };
        let letter = Letter {
            method: Method::Options,
            from: NameAddr::new(Uri::sip("", &self.0.domain, None)),
            to: self.0.address(number),
            call_id: random_token() + &random_token(),
            cseq: 1,
            headers: vec![("Accept", "text/plain".to_owned())],
            content_type: "",
            body: Bytes::new(),
        };
        let about = About { extension, message: None };
        let asking = ways.iter().map(async |way| {
            let asked = carry(&self.0.endpoint, &self.0.clock, way, &letter, about);
            tokio::select! {
                (_, exchanges) = asked => (way.uri.to_string(), exchanges),
                () = self.0.clock.sleep(PING_WITHIN) => (way.uri.to_string(), Vec::new()),
            }
        });
        let mut reachable = Reachable::default();
        for (uri, exchanges) in futures_util::future::join_all(asking).await {
            // Any answer of the phone itself shows that it is there: some know no OPTIONS.
            let is_there = exchanges.last().is_some_and(|last| {
                last.status
                    .parse::<u16>()
                    .is_ok_and(|status| !matches!(status, 404 | 408 | 410 | 430 | 480 | 502..=504))
            });
            reachable.ways.push((uri, is_there));
            reachable.exchanges.extend(exchanges);
        }
        reachable
    }

    /// Waits until what was begun has ended: a phone may still be ringing when another has taken the text.
    pub async fn settle(&self, within: Duration) {
        self.0.branches.close();
        tokio::select! {
            () = self.0.branches.wait() => {}
            () = self.0.clock.sleep(within) => {}
        }
    }

    async fn on_all(&self, ways: Vec<Way>, said: Said, about: About, mut moved: mpsc::Receiver<Vec<Binding>>) -> Tried {
        let (report, mut ended) = mpsc::channel(WAYS_MAX);
        let begin = |way: Way| {
            let (house, said, report) = (Arc::clone(&self.0), said.clone(), report.clone());
            self.0.branches.spawn(async move {
                let ended = house.branch(&way, &said, about).await;
                // Nobody listens any more where another phone was quicker.
                let _ = report.send(ended).await;
            });
        };
        let mut under_way: Vec<Way> = ways;
        under_way.truncate(WAYS_MAX);
        under_way.iter().cloned().for_each(begin);
        let (mut ends, mut exchanges) = (Vec::new(), Vec::new());
        let mut give_up_at = None;
        while ends.len() < under_way.len() {
            let time_is_up = async {
                match give_up_at {
                    Some(moment) => self.0.clock.sleep_until_monotonic(moment).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                one = ended.recv() => {
                    let Some((end, said)) = one else { break };
                    exchanges.extend(said);
                    if end == End::Taken {
                        return Tried { outcome: taken(), exchanges };
                    }
                    ends.push(end);
                    give_up_at.get_or_insert_with(|| self.0.clock.monotonic().saturating_add(OTHERS_WITHIN));
                }
                Some(bindings) = moved.recv(), if self.0.pbx.is_none() => {
                    let Ok(now) = self.0.ways(&bindings, "").await else { continue };
                    for way in now.into_iter().filter(|way| !way.is_among(&under_way)).collect::<Vec<_>>() {
                        if under_way.len() < WAYS_MAX {
                            under_way.push(way.clone());
                            begin(way);
                            give_up_at = None;
                        }
                    }
                }
                () = time_is_up => break,
            }
        }
        if ends.len() < under_way.len() {
            ends.insert(0, later("another phone of this extension did not answer in time"));
        }
        Tried { outcome: outcome(ends), exchanges }
    }
}

impl Inner {
    /// The ways to an extension; empty where no phone is registered.
    async fn ways(&self, bindings: &[Binding], number: &str) -> Result<Vec<Way>, End> {
        match &self.pbx {
            Some(pbx) => pbx.way_to(number).await.map(|way| vec![way]).map_err(|why| later(&why)),
            None => {
                let now = self.clock.now();
                let live = bindings.iter().filter(|binding| !binding.is_expired(now));
                Ok(live.filter_map(Way::to_binding).collect())
            }
        }
    }

    /// One way to its end.
    async fn branch(&self, way: &Way, said: &Said, about: About) -> (End, Vec<Exchange>) {
        let branch = Branch { endpoint: &self.endpoint, clock: &self.clock, memory: &self.memory, way, about };
        let (end, exchanges) = branch.say(said).await;
        if let Some(pbx) = &self.pbx {
            pbx.note(way, &exchanges);
        }
        (end, exchanges)
    }

    fn address(&self, user: &str) -> NameAddr {
        let domain = self.pbx.as_ref().map_or(self.domain.as_str(), |pbx| pbx.domain());
        NameAddr::new(Uri::sip(user, domain, None))
    }
}

fn bare(outcome: Outcome) -> Tried {
    Tried { outcome, exchanges: Vec::new() }
}

fn taken() -> Outcome {
    Outcome::Taken { carrier_id: None, segments: None, parts: Vec::new() }
}

/// What it comes to where no phone took it: as long as one may take it later, it waits.
fn outcome(ends: Vec<End>) -> Outcome {
    let mut never = Reason::of(ReasonCode::PhoneRefused);
    for end in ends {
        match end {
            End::Taken => return taken(),
            End::Later(reason) => return Outcome::Later { reason },
            End::Never(reason) => never = reason,
            End::TooLong => never = Reason::of(ReasonCode::TextTooLong),
        }
    }
    Outcome::Never { reason: never }
}
