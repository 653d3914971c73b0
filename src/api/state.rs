//! What every handler has at hand.

use crate::api::live::Streams;
use crate::domain::id::NumberId;
use crate::egress::phones::Phones;
use crate::egress::switchboard::Switchboard;
use crate::flow::desk::Desk;
use crate::flow::media::desk::MediaDesk;
use crate::flow::outbox::board::Board;
use crate::flow::phonebook::import::desk::ImportDesk;
use crate::flow::seen::Seen;
use crate::flow::troubles::Troubles;
use crate::flow::users::Gate;
use crate::store::handle::Reader;
use serde::Serialize;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What every handler has at hand; clones share it all.
#[derive(Clone)]
pub struct ApiState {
    /// What the flows have at hand. Handlers hand it on and read nothing through it.
    pub desk: Desk,
    /// What flows about files have at hand.
    pub media: MediaDesk,
    /// What flows of imports have at hand.
    pub imports: ImportDesk,
    /// Which numbers can send MMS, as it was a moment ago: every list of conversations shows it.
    pub mms: Arc<Lately<HashSet<NumberId>>>,
    /// The right to read.
    pub reader: Reader,
    /// The lines to the outside: for tests of trunks and for the simulator.
    pub switchboard: Switchboard,
    /// Tells peers that they were read.
    pub seen: Seen,
    /// The phones, to try them out.
    pub phones: Phones,
    /// What stands between a guess and a login.
    pub gate: Gate,
    /// What is wrong with the house itself.
    pub troubles: Troubles,
    /// How the trunks bear up.
    pub board: Board,
    /// How a phone is connected.
    pub connect: Arc<Connect>,
    /// Places for live streams.
    pub streams: Arc<Streams>,
    /// Tells the events of this start from those of the one before.
    pub boot: i64,
}

impl ApiState {
    /// One for the house.
    pub fn new(media: MediaDesk, phones: Phones, connect: Connect) -> ApiState {
        let (desk, switchboard) = (media.desk.clone(), media.switchboard.clone());
        let imports = ImportDesk::new(desk.clone(), media.archive.folder().with_file_name("imports"));
        ApiState {
            media,
            imports,
            mms: Arc::default(),
            reader: desk.store.reader().clone(),
            boot: desk.now().0,
            board: Board::new(&desk.rules),
            seen: Seen::new(desk.clone(), switchboard.clone()),
            desk,
            switchboard,
            phones,
            gate: Gate::default(),
            troubles: Troubles::default(),
            connect: Arc::new(connect),
            streams: Arc::default(),
        }
    }
}

/// Something that is asked for often and may be a few seconds old.
#[derive(Debug)]
pub struct Lately<T>(Mutex<Option<(Moment, Arc<T>)>>);

/// When something was looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The time.
    pub at: Duration,
    /// How many changes there had been: [`crate::bus::Bus::moves`].
    pub moves: u64,
}

impl<T> Default for Lately<T> {
    fn default() -> Lately<T> {
        Lately(Mutex::new(None))
    }
}

impl<T> Lately<T> {
    /// What was noted less than `within` ago, if nothing was changed since.
    pub fn get(&self, now: Moment, within: Duration) -> Option<Arc<T>> {
        let known = self.0.lock().expect("nothing under this lock panics");
        let fresh = |then: Moment| then.moves == now.moves && now.at.saturating_sub(then.at) < within;
        known.as_ref().filter(|(then, _)| fresh(*then)).map(|(_, what)| Arc::clone(what))
    }

    /// This is how it was at this moment, or a little later.
    pub fn note(&self, now: Moment, what: T) -> Arc<T> {
        let what = Arc::new(what);
        *self.0.lock().expect("nothing under this lock panics") = Some((now, Arc::clone(&what)));
        what
    }
}

/// How a phone is connected.
#[derive(Clone, Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Connect {
    /// Who keeps the registrations.
    pub mode: ConnectMode,
    /// The SIP domain.
    pub domain: String,
    /// Where we listen.
    pub listeners: Vec<ConnectListener>,
}

/// Who keeps the registrations.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConnectMode {
    /// We do.
    #[default]
    Registrar,
    /// The PBX does.
    Pbx,
}

/// Where we listen for SIP.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ConnectListener {
    /// `udp`, `tcp` or `tls`.
    pub transport: String,
    /// The address or name to enter in the phone.
    pub host: String,
    /// The port.
    pub port: u16,
}
