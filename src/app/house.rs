//! The house: everything that runs, started in order and stopped in reverse.

use crate::api::routes;
use crate::api::state::ApiState;
use crate::app::error::AppError;
use crate::app::first_start::{Told, first_admin, trial};
use crate::app::loops::Loops;
use crate::app::reload::Reload;
use crate::app::{care, wiring};
use crate::bus::Bus;
use crate::clock::Clock;
use crate::config::load::Config;
use crate::egress::phones::Phones;
use crate::egress::simulator::SimulatorHandle;
use crate::egress::sip_trunk::SipTrunks;
use crate::egress::switchboard::Switchboard;
use crate::flow::campaign::runner as campaigns;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::{care as media_care, fetch};
use crate::flow::outbox::claim::Board;
use crate::flow::outbox::house_lines::HouseLines;
use crate::flow::phonebook::import::work as import_work;
use crate::flow::roll_call::{self, RollCall};
use crate::flow::troubles::Troubles;
use crate::flow::users::hash::Hasher;
use crate::flow::{contact_source, demo, gateway, janitor, outbox, poll, receipts, templates};
use crate::ingress::directory::Directory;
use crate::ingress::media_link::{FILE_PATHS, MediaDoor};
use crate::ingress::public;
use crate::ingress::sip::{SipDoor, know_our_peers};
use crate::ingress::sip_settings::SipDoorSettings;
use crate::ingress::webhook::WebhookDoor;
use crate::net::client::HttpClient;
use crate::net::server::{self, Router, Serving};
use crate::net::tls::{self, Certificate};
use crate::os::StateLock;
use crate::sip::endpoint::{Endpoint, Incoming};
use crate::sip::transport::Listening;
use crate::store::handle::Threads;
use crate::store::open;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How long requests may take to end once the doors are shut.
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
/// How long calls that are under way may take to end.
const LEASES_WITHIN: Duration = Duration::from_secs(25);
/// How long SIP transactions may take to end.
const SIP_WITHIN: Duration = Duration::from_secs(3);

/// What a start is asked to do besides starting.
#[derive(Clone)]
pub struct Options {
    /// Set up a simulated carrier and extensions, where there is nothing yet.
    pub trial: bool,
    /// Tell conversations, where there are none yet.
    pub demo: bool,
    /// The time.
    pub clock: Clock,
    /// The program that opens files in a process of its own.
    pub media_worker: PathBuf,
}

/// A door as it came to be: the address, and whether it speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Where.
    pub address: SocketAddr,
    /// Whether with TLS.
    pub tls: bool,
}

/// Everything that runs.
pub struct House {
    /// Where the private door is: API and portal.
    pub private: Vec<Door>,
    /// Where the public door is: webhooks.
    pub public: Vec<Door>,
    /// Where SIP is.
    pub sip: Vec<Listening>,
    /// Passwords of a first start, to be told once.
    pub told: Vec<Told>,
    /// What every flow has at hand; for tests.
    pub desk: Desk,
    doors: Vec<Serving>,
    loops: Loops,
    outbox: Loops,
    phones: Phones,
    endpoint: Endpoint,
    threads: Threads,
    _lock: StateLock,
}

/// The certificate of each door; where the owner gives none, they show the one the house made.
struct Certificates {
    public: Arc<Certificate>,
    private: Arc<Certificate>,
    sip: Arc<Certificate>,
}

impl Certificates {
    fn of(config: &Config, clock: &Clock) -> Result<Certificates, AppError> {
        let of = |own: &Option<_>| wiring::certificate(own.as_ref(), config, clock.now());
        Ok(Certificates {
            public: of(&config.http_public.certificate)?,
            private: of(&config.http_private.certificate)?,
            sip: of(&config.sip.certificate)?,
        })
    }

    fn all(&self) -> Vec<Arc<Certificate>> {
        [&self.public, &self.private, &self.sip].map(Arc::clone).to_vec()
    }
}

/// What the lower floors came to be, on the way up.
struct Ground {
    media: MediaDesk,
    certificates: Certificates,
    phones: Phones,
    endpoint: Endpoint,
}

impl House {
    /// Starts it all: lock, store, switchboard, SIP, outbox, doors.
    pub async fn start(config: Config, options: Options) -> Result<House, AppError> {
        tls::install_provider();
        let clock = options.clock.clone();
        crate::os::make_private_folder(&config.paths.data_dir)?;
        let lock = StateLock::take(&config.paths.data_dir)?;
        let bus = Bus::new();
        let publish = {
            let bus = bus.clone();
            Arc::new(move |events: &[_]| bus.publish(events))
        };
        let (store, threads) = open::open(&wiring::store(&config), clock.now().0, publish)?;
        let desk = Desk { store, clock: clock.clone(), bus, rules: Arc::new(wiring::rules(&config)) };

        let certificates = Certificates::of(&config, &clock)?;
        let trust = trust(&config)?;
        let switchboard = switchboard(&config, &trust, &clock)?;
        let reload = Reload::new(desk.clone(), switchboard.clone());
        reload.now().await?;
        let (endpoint, requests) = sip(&config, &certificates.sip, trust, &clock).await?;
        switchboard.connect_sip(sip_trunks(&desk, &endpoint).await?);
        let phones = Phones::new(endpoint.clone(), wiring::phones(&config)?, clock.clone());
        let media = wiring::media(&config, desk, switchboard, &options.media_worker).await?;
        let ground = Ground { media, certificates, phones, endpoint };
        up(config, ground, reload, requests, (lock, threads, options)).await
    }

    /// Waits until something that must never end has ended, and says what.
    pub async fn ended(&mut self) -> &'static str {
        tokio::select! {
            name = self.loops.one_ended() => name,
            name = self.outbox.one_ended() => name,
        }
    }

    /// Stops it all in reverse: doors, loops, calls under way, SIP, store.
    pub async fn stop(self) {
        let House { doors, loops, outbox, phones, endpoint, threads, desk, .. } = self;
        let draining: Vec<_> = doors.into_iter().map(|door| door.drain(DRAIN_WITHIN)).collect();
        futures_util::future::join_all(draining).await;
        loops.stop(DRAIN_WITHIN).await;
        outbox.stop(LEASES_WITHIN).await;
        phones.settle(SIP_WITHIN).await;
        endpoint.shutdown(SIP_WITHIN).await;
        drop(desk);
        // The writer commits what it has accepted, then ends; that is a matter of milliseconds.
        let closing = tokio::task::spawn_blocking(move || threads.join());
        if tokio::time::timeout(Duration::from_secs(5), closing).await.is_err() {
            tracing::error!("The database is still in use after 5 s: somebody holds on to it");
        }
    }
}

async fn set_up(desk: &Desk, hasher: &Hasher, options: &Options) -> Result<Vec<Told>, AppError> {
    let mut told: Vec<Told> = first_admin(desk, hasher).await?.into_iter().collect();
    if options.trial {
        told.extend(trial(desk, hasher).await?);
    }
    if options.demo {
        let count = demo::fill(desk).await?;
        tracing::info!("{count} conversations are told");
    }
    Ok(told)
}

/// Whom we believe over TLS; one for carriers and for SIP, since the system's authorities are many.
pub fn trust(config: &Config) -> Result<Arc<rustls::ClientConfig>, AppError> {
    Ok(tls::client(config.http_client.ca_file.as_deref())?)
}

/// The trunks' switchboard, empty yet.
pub fn switchboard(config: &Config, trust: &Arc<rustls::ClientConfig>, clock: &Clock) -> Result<Switchboard, AppError> {
    let client = HttpClient::new(wiring::client(&config.http_client, &config.outbox, trust)?, clock.clone());
    let base = config.http_public.base_url.clone();
    Ok(Switchboard::new(client, SimulatorHandle::new(clock.clone()), base, clock.clone()))
}

async fn sip(
    config: &Config,
    certificate: &Arc<Certificate>,
    trust: Arc<rustls::ClientConfig>,
    clock: &Clock,
) -> Result<(Endpoint, mpsc::Receiver<Incoming>), AppError> {
    Ok(Endpoint::start(wiring::endpoint(config, certificate, trust), clock.clone()).await?)
}

/// The way out of SIP trunks, with the gateways that were registered before the restart.
async fn sip_trunks(desk: &Desk, endpoint: &Endpoint) -> Result<SipTrunks, AppError> {
    let trunks = SipTrunks::new(endpoint.clone(), desk.clock.clone());
    for (trunk, bindings) in gateway::known(desk).await? {
        trunks.set_bindings(trunk, bindings);
    }
    Ok(trunks)
}

/// The upper floors: loops and doors.
async fn up(
    config: Config,
    ground: Ground,
    reload: Reload,
    requests: mpsc::Receiver<Incoming>,
    (lock, threads, options): (StateLock, Threads, Options),
) -> Result<House, AppError> {
    let Ground { media, certificates, phones, endpoint } = ground;
    let (desk, switchboard) = (media.desk.clone(), media.switchboard.clone());
    let mut outbox = Loops::new();
    let board = Board::new(&desk.rules);
    let lines = HouseLines::new(&media, phones.clone());
    let mut loops = Loops::new();
    let stop = loops.stop_token();
    loops.spawn("the janitor", janitor::run(desk.clone(), stop.clone()));
    loops.spawn("the templates", templates::run(desk.clone(), switchboard.clone(), stop.clone()));
    loops.spawn("receipts for phones", receipts::run(desk.clone(), phones.clone(), stop.clone()));
    loops.spawn("the watch on settings", reload.run(board.clone(), stop.clone()));
    loops.spawn("the watchdog", care::watchdog(desk.store.clone(), stop.clone()));
    loops.spawn("the watch on certificates", care::certificates(certificates.all(), desk.clock.clone(), stop.clone()));
    let webhooks = WebhookDoor::new(desk.clone(), switchboard.clone());
    loops.spawn("the simulator", simulate(webhooks.clone(), switchboard.simulator().clone(), stop.clone()));
    let settings = SipDoorSettings::new(&config.sip, &config.pbx, &endpoint.listening());
    let (directory, edits) = Directory::open(desk.clone(), &config.sip.realm).await.map_err(FlowError::from)?;
    let files = MediaDoor::new(media.clone(), directory.clone(), &settings);
    let door = SipDoor::new(desk.clone(), directory.clone(), switchboard.clone(), Some(media.clone()), settings);
    loops.spawn("the SIP door", door.run(requests, stop.clone()));
    loops.spawn("the directory", until(stop.clone(), async move { directory.follow(edits).await }));
    loops.spawn(
        "the watch on the PBX and the trunks",
        until(stop.clone(), know_our_peers(endpoint.clone(), phones.clone(), switchboard.clone(), desk.clone())),
    );
    let troubles = Troubles::default();
    watch_over(&config, &desk, &troubles, &mut loops);
    let room = care::room_for_files(media.clone(), troubles.clone());
    loops.spawn("the watch on room for files", until(stop.clone(), room));
    let how = RollCall { every: config.sip.roll_call, per_s: config.sip.roll_call_per_s };
    loops.spawn("the roll call", until(stop.clone(), roll_call::phones(desk.clone(), phones.clone(), how)));
    loops.spawn(
        "the knock at the PBX",
        until(stop.clone(), roll_call::pbx(desk.clone(), phones.clone(), troubles.clone())),
    );
    loops.spawn("the registration at the PBX", until(stop.clone(), stay_registered(phones.clone())));
    let trunks = switchboard.clone();
    loops.spawn("the registrations at SIP trunks", until(stop.clone(), async move { trunks.stay_registered().await }));
    loops.spawn("the polling of carriers", poll::run(desk.clone(), switchboard.clone(), stop.clone()));
    let (shelves, folder) = (switchboard.contact_sources(), config.paths.data_dir.clone());
    loops.spawn("the reading of contacts", contact_source::schedule::run(desk.clone(), shelves, folder, stop.clone()));
    loops.spawn("the fetching of files", fetch::run(media.clone(), switchboard, stop.clone()));
    loops.spawn("the care of files", media_care::run(media.clone(), stop.clone()));
    loops.spawn("the campaigns", campaigns::run(media.clone(), stop.clone()));
    let public = public::router(&webhooks, &files);
    let mut state = ApiState::new(media, phones.clone(), wiring::connect(&config, &endpoint.listening()));
    (state.troubles, state.board) = (troubles, board.clone());
    loops.spawn("the imports", import_work::run(state.imports.clone(), stop.clone()));
    let private = routes::router(state);

    let mut doors = Vec::new();
    let public = open_doors("public", &config, public, &certificates.public, &stop, &mut doors)?;
    let private = open_doors("private", &config, private, &certificates.private, &stop, &mut doors)?;
    let sip = endpoint.listening();
    // Last: a password that was made and never told, because a port was taken, would be lost.
    let told = set_up(&desk, &Hasher::default(), &options).await?;
    // After the doors: a start that fails at a busy port must not leave calls half made.
    let stop = outbox.stop_token();
    outbox.spawn("the outbox", outbox::run(desk.clone(), Arc::new(lines), board, stop));
    Ok(House { private, public, sip, told, desk, doors, loops, outbox, phones, endpoint, threads, _lock: lock })
}

/// Disk and database, for as long as the house runs.
fn watch_over(config: &Config, desk: &Desk, troubles: &Troubles, loops: &mut Loops) {
    let (desk, troubles, stop) = (desk.clone(), troubles.clone(), loops.stop_token());
    let (folder, least) = (config.paths.data_dir.clone(), config.store.free_bytes_min);
    let looking = {
        let (desk, troubles) = (desk.clone(), troubles.clone());
        async move { care::disk_and_store(desk, troubles, &folder, least).await }
    };
    loops.spawn("the watch on disk and database", until(stop.clone(), looking));
    let reading = care::read_through(desk, troubles, wiring::store(config), config.store.read_through);
    loops.spawn("the reading of the database", until(stop, reading));
}

/// What simulated carriers owe us comes in by the webhook door, like any other carrier's.
async fn simulate(door: WebhookDoor, simulator: SimulatorHandle, stop: CancellationToken) {
    let deliver = |trunk, heard| {
        let door = door.clone();
        async move { door.deliver(trunk, heard).await }
    };
    until(stop, simulator.run(deliver)).await;
}

async fn stay_registered(phones: Phones) {
    match phones.pbx() {
        Some(pbx) => pbx.stay_registered().await,
        None => std::future::pending().await,
    }
}

/// Work that never ends by itself, until the house goes down.
async fn until(stop: CancellationToken, work: impl Future<Output = ()>) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = work => {}
    }
}

fn open_doors(
    name: &'static str,
    config: &Config,
    router: Router,
    certificate: &Arc<Certificate>,
    stop: &CancellationToken,
    doors: &mut Vec<Serving>,
) -> Result<Vec<Door>, AppError> {
    let http = if name == "public" { &config.http_public } else { &config.http_private };
    let mut opened = Vec::new();
    for &address in &http.listen {
        let files = wiring::file_door(config, if name == "public" { FILE_PATHS } else { routes::FILE_PATHS });
        let settings = wiring::server(name, http, address, certificate, files);
        let tls = settings.tls.is_some();
        let serving = server::serve(settings, server::bind(address)?, router.clone(), stop.clone());
        opened.push(Door { address: serving.addr(), tls });
        doors.push(serving);
    }
    Ok(opened)
}
