//! Which trunk speaks over which line: one immutable picture of all trunks, swapped whole after an edit.
//! Sending, asking and testing go through here, so that a trunk which is off or broken is refused in one place.

use crate::carrier::dialect::{
    Carrier, Heard, Known, OutboundMessage, Question, Refusal, Settings, SettingsError, Told,
};
use crate::carrier::public_url;
use crate::carrier::redact::Blotter;
use crate::carrier::{find, simulator};
use crate::clock::Clock;
use crate::domain::delivery::SendError;
use crate::domain::exchange::{Exchange, Purpose};
use crate::domain::id::{MessageId, TrunkId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::egress::contact_source::ContactSources;
use crate::egress::http_trunk::{self, Wires, contained};
use crate::egress::outcome::{Outcome, Tried};
use crate::egress::simulator::{Simulated, SimulatorHandle};
use crate::egress::sip_trunk::{SipTrunks, contact_user};
use crate::egress::trunk_test::{self, OurNumber, Subject, Tested};
use crate::net::client::HttpClient;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock, RwLock};
use tokio::sync::{Semaphore, SemaphorePermit};

/// A webhook key shorter than this could be guessed; the house makes them with 128 random bits.
const KEY_CHARS_MIN: usize = 16;
/// Files fetched at one time.
const FETCHES_MAX: usize = 8;

/// All trunks; clones are the same switchboard.
#[derive(Clone)]
pub struct Switchboard(Arc<Inner>);

struct Inner {
    http: HttpClient,
    simulator: SimulatorHandle,
    public_base_url: Option<String>,
    clock: Clock,
    sip: OnceLock<SipTrunks>,
    board: RwLock<Arc<Board>>,
    /// Files fetched at one time: texts must not wait for them.
    fetches: Semaphore,
    /// Trunks that are polled only: their carriers are told no address.
    polled: RwLock<HashSet<TrunkId>>,
}

/// A trunk as it stands in its row, its secrets opened.
#[derive(Clone, Debug)]
pub struct TrunkSettings {
    /// Its id.
    pub id: TrunkId,
    /// Its name.
    pub name: String,
    /// The carrier's word in the table of carriers.
    pub carrier: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// The dialect's settings, secrets among them.
    pub settings: Settings,
    /// The secret part of its webhook address.
    pub webhook_key: String,
    /// Its pace in messages per second, where somebody set one.
    pub mps: Option<f64>,
    /// Whether a message without an answer is sent again.
    pub send_again_when_uncertain: bool,
}

/// A trunk, ready to speak.
pub struct TrunkLine {
    /// Its id.
    pub id: TrunkId,
    /// Its name.
    pub name: String,
    /// Its dialect.
    pub carrier: Box<dyn Carrier>,
    /// The secret part of its webhook address.
    pub webhook_key: String,
    /// Its pace in messages per second, where somebody set one.
    pub mps: Option<f64>,
    /// Whether a message without an answer is sent again.
    pub send_again_when_uncertain: bool,
    pub(super) is_simulator: bool,
    public_url: Option<String>,
    /// The user of our Contact where we register: who calls it must have it from there.
    pub(super) contact_user: String,
    enabled: bool,
    blotter: Blotter,
}

#[derive(Default)]
struct Board {
    lines: HashMap<TrunkId, Arc<TrunkLine>>,
    by_key: HashMap<String, Arc<TrunkLine>>,
    broken: HashMap<TrunkId, SettingsError>,
    broken_keys: HashSet<String>,
}

/// A trunk nobody can send over, and why.
pub(super) enum NoLine {
    Missing,
    Off,
    Broken(SettingsError),
}

impl Switchboard {
    /// No trunks yet. `public_base_url` is where carriers reach us from outside, without a slash at the end.
    pub fn new(
        http: HttpClient,
        simulator: SimulatorHandle,
        public_base_url: Option<String>,
        clock: Clock,
    ) -> Switchboard {
        let public_base_url = public_base_url.map(|url| url.trim_end_matches('/').to_owned());
        Switchboard(Arc::new(Inner {
            http,
            simulator,
            public_base_url,
            clock,
            sip: OnceLock::new(),
            board: RwLock::default(),
            fetches: Semaphore::new(FETCHES_MAX),
            polled: RwLock::default(),
        }))
    }

    /// From now on the carriers of these trunks are told no address to call: what comes in is asked for. Before [`set`](Self::set).
    pub fn set_polled(&self, trunks: HashSet<TrunkId>) {
        *self.0.polled.write().expect("nothing panics while the set is swapped") = trunks;
    }

    fn is_polled(&self, trunk: TrunkId) -> bool {
        self.0.polled.read().expect("nothing panics while the set is swapped").contains(&trunk)
    }

    /// From now on these are the trunks. Those whose settings cannot be used stay out, with the reason.
    pub fn set(&self, trunks: Vec<TrunkSettings>) -> Vec<(TrunkId, SettingsError)> {
        let mut board = Board::default();
        let mut simulated = Vec::new();
        for trunk in trunks {
            let (id, secret, key) = (trunk.id, simulator_secret(&trunk), trunk.webhook_key.clone());
            match build(trunk) {
                Ok(line) => {
                    simulated.extend(secret.map(|secret| Simulated {
                        trunk: id,
                        secret,
                        calls_us: !self.is_polled(id),
                    }));
                    board.add(Arc::new(line));
                }
                Err(error) => {
                    board.broken.insert(id, error);
                    board.broken_keys.insert(key);
                }
            }
        }
        let broken = board.broken.iter().map(|(id, error)| (*id, error.clone())).collect();
        self.0.simulator.set(simulated);
        *self.0.board.write().expect("nothing panics while the board is swapped") = Arc::new(board);
        broken
    }

    /// The trunk with this id, if it can be used.
    pub fn trunk(&self, id: TrunkId) -> Option<Arc<TrunkLine>> {
        self.line(id).ok()
    }

    /// The trunk whose webhooks come with this key, if it can be used.
    pub fn by_webhook_key(&self, key: &str) -> Option<Arc<TrunkLine>> {
        self.board().by_key.get(key).filter(|line| line.enabled).cloned()
    }

    /// Whether this is the key of some trunk, also of one that is switched off or cannot be used.
    pub fn is_webhook_key(&self, key: &str) -> bool {
        let board = self.board();
        board.by_key.contains_key(key) || key.len() >= KEY_CHARS_MIN && board.broken_keys.contains(key)
    }

    /// Hands a message to a trunk's carrier.
    pub async fn send(&self, trunk: TrunkId, message: &OutboundMessage, about: MessageId) -> Tried {
        match self.line(trunk) {
            Ok(line) => match line.carrier.sip() {
                None => http_trunk::send(&line, self.wires(), message, about).await,
                Some(sip) => match self.0.sip.get() {
                    Some(trunks) => trunks.send(&line, sip, message, about).await,
                    None => Tried { outcome: Outcome::Refused(no_sip()), exchanges: Vec::new() },
                },
            },
            Err(why) => Tried { outcome: Outcome::Refused(why.error()), exchanges: Vec::new() },
        }
    }

    /// Asks a trunk's carrier something; `None`: this carrier cannot be asked.
    pub async fn ask(&self, trunk: TrunkId, question: &Question) -> (Option<Result<Known, SendError>>, Vec<Exchange>) {
        match self.line(trunk) {
            Ok(line) => {
                let asked = http_trunk::ask(&line, self.wires(), question, Purpose::Ask, None).await;
                (asked.known, asked.exchanges)
            }
            Err(why) => (Some(Err(why.error())), Vec::new()),
        }
    }

    /// SIP trunks speak over these from now on.
    pub fn connect_sip(&self, trunks: SipTrunks) {
        // A second time it is the same endpoint: there is one for each house.
        let _ = self.0.sip.set(trunks);
    }

    /// The way out of SIP trunks.
    pub fn sip(&self) -> Option<&SipTrunks> {
        self.0.sip.get()
    }

    /// The SIP trunks that are switched on and can be used.
    pub fn sip_lines(&self) -> Vec<Arc<TrunkLine>> {
        let board = self.board();
        board.lines.values().filter(|line| line.enabled && line.carrier.sip().is_some()).cloned().collect()
    }

    /// Keeps us registered at the SIP trunks that want it, for as long as it is polled.
    pub async fn stay_registered(&self) {
        match self.0.sip.get() {
            Some(trunks) => trunks.stay_registered(|| self.sip_lines()).await,
            None => std::future::pending().await,
        }
    }

    /// The SIP trunk that registered here or calls us under this user: as a name it proves itself with, or as our Contact there.
    pub fn sip_line_of_user(&self, user: &str) -> Option<Arc<TrunkLine>> {
        let is_it = |line: &&Arc<TrunkLine>| line.carrier.sip().is_some_and(|sip| sip.inbound_user == user);
        self.sip_lines().iter().find(is_it).filter(|_| !user.is_empty()).cloned()
    }

    /// The SIP trunk whose registrar alone knows this Contact of ours.
    pub fn sip_line_of_contact(&self, user: &str) -> Option<Arc<TrunkLine>> {
        let is_it = |line: &&Arc<TrunkLine>| {
            line.carrier.sip().is_some_and(|sip| sip.register) && crate::carrier::sign::same(&line.contact_user, user)
        };
        self.sip_lines().iter().find(is_it).cloned()
    }

    /// Where a trunk's carrier should send its webhooks, if we can be reached from outside.
    pub fn report_url(&self, trunk: TrunkId) -> Option<String> {
        if self.is_polled(trunk) {
            return None;
        }
        let line = self.board().lines.get(&trunk).cloned()?;
        self.public_base_url(&line).map(|base| format!("{base}/hook/{}", line.webhook_key))
    }

    /// Where a trunk's carrier reaches us from outside: as its settings say, else as this machine's do.
    pub fn public_base_url<'a>(&'a self, line: &'a TrunkLine) -> Option<&'a str> {
        line.public_url.as_deref().or(self.0.public_base_url.as_deref())
    }

    /// The address to paste at a trunk's carrier; only its path, if nobody said where we are reached.
    pub fn webhook_url(&self, trunk: TrunkId, key: &str) -> String {
        let line = self.board().lines.get(&trunk).cloned();
        let base = line.as_ref().and_then(|line| self.public_base_url(line)).or(self.0.public_base_url.as_deref());
        format!("{}/hook/{key}", base.unwrap_or_default())
    }

    /// Reads sources of contacts, over the same client.
    pub fn contact_sources(&self) -> ContactSources {
        ContactSources::new(self.0.http.clone(), self.0.clock.clone())
    }

    /// Tries a trunk out, also one that is switched off, with these numbers of ours on it.
    pub async fn test(&self, trunk: TrunkId, numbers: &[OurNumber]) -> Tested {
        let line = match self.line(trunk) {
            Err(NoLine::Off) => self.board().lines.get(&trunk).cloned().ok_or(NoLine::Missing),
            other => other,
        };
        let subject = Subject { url: self.report_url(trunk), numbers, polled: self.is_polled(trunk) };
        trunk_test::run(line, self.wires(), subject).await
    }

    /// The simulated carriers.
    pub fn simulator(&self) -> &SimulatorHandle {
        &self.0.simulator
    }

    pub(super) fn line(&self, id: TrunkId) -> Result<Arc<TrunkLine>, NoLine> {
        let board = self.board();
        if let Some(error) = board.broken.get(&id) {
            return Err(NoLine::Broken(error.clone()));
        }
        let line = board.lines.get(&id).ok_or(NoLine::Missing)?;
        if line.enabled { Ok(Arc::clone(line)) } else { Err(NoLine::Off) }
    }

    fn board(&self) -> Arc<Board> {
        Arc::clone(&self.0.board.read().expect("nothing panics while the board is swapped"))
    }

    /// A turn at fetching a file.
    pub(super) async fn turn_to_fetch(&self) -> SemaphorePermit<'_> {
        self.0.fetches.acquire().await.expect("this semaphore is never closed")
    }

    pub(super) fn wires(&self) -> Wires<'_> {
        Wires { http: &self.0.http, simulator: &self.0.simulator, clock: &self.0.clock, sip: self.0.sip.get() }
    }
}

impl Board {
    fn add(&mut self, line: Arc<TrunkLine>) {
        if line.webhook_key.len() >= KEY_CHARS_MIN {
            self.by_key.insert(line.webhook_key.clone(), Arc::clone(&line));
        }
        self.lines.insert(line.id, line);
    }
}

impl TrunkLine {
    /// Reads a webhook; a dialect that fails on it refuses it.
    pub fn hear(&self, heard: &Heard, now: Timestamp) -> Result<Told, Refusal> {
        contained(|| self.carrier.hear(heard, now))
            .unwrap_or_else(|| Err(Refusal::Unreadable("the carrier's dialect failed on this webhook".into())))
    }

    #[cfg(test)]
    pub(super) fn with_dialect(id: TrunkId, carrier: Box<dyn Carrier>) -> TrunkLine {
        let webhook_key = "0123456789abcdef".to_owned();
        TrunkLine {
            id,
            name: "Test".into(),
            blotter: blotter(carrier.as_ref(), &webhook_key),
            carrier,
            webhook_key,
            mps: None,
            send_again_when_uncertain: false,
            is_simulator: false,
            public_url: None,
            contact_user: String::new(),
            enabled: true,
        }
    }

    /// Takes out what must not stand in any record of this trunk.
    pub fn blotter(&self) -> &Blotter {
        &self.blotter
    }
}

fn no_sip() -> SendError {
    SendError::Unreachable { why: "SIP is not up yet".into() }
}

fn blotter(carrier: &dyn Carrier, webhook_key: &str) -> Blotter {
    let mut secrets = contained(|| carrier.secrets()).unwrap_or_default();
    secrets.push(webhook_key.to_owned());
    Blotter::of(&secrets)
}

impl NoLine {
    fn error(self) -> SendError {
        let reason = Reason::of(ReasonCode::TrunkDisabled);
        SendError::Misconfigured {
            reason: match self {
                NoLine::Missing | NoLine::Off => reason,
                NoLine::Broken(error) => reason.saying(&error.to_string()),
            },
        }
    }
}

fn build(trunk: TrunkSettings) -> Result<TrunkLine, SettingsError> {
    let unknown = || SettingsError {
        field: "carrier".into(),
        problem: format!("this version knows no carrier {:?}: choose another", trunk.carrier).into(),
    };
    let entry = find(&trunk.carrier).ok_or_else(unknown)?;
    let (carrier, public_url) = public_url::build(entry, &trunk.settings)?;
    Ok(TrunkLine {
        id: trunk.id,
        name: trunk.name,
        blotter: blotter(carrier.as_ref(), &trunk.webhook_key),
        carrier,
        contact_user: contact_user(&trunk.webhook_key),
        webhook_key: trunk.webhook_key,
        mps: trunk.mps,
        send_again_when_uncertain: trunk.send_again_when_uncertain,
        is_simulator: trunk.carrier == simulator::ENTRY.name,
        public_url,
        enabled: trunk.enabled,
    })
}

fn simulator_secret(trunk: &TrunkSettings) -> Option<Secret> {
    let secret = trunk.settings.get("secret")?.as_str()?.trim();
    (trunk.carrier == simulator::ENTRY.name).then(|| Secret::new(secret))
}
