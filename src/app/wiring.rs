//! From the machine's settings to what each room wants to know.

use crate::api::state::{Connect, ConnectListener, ConnectMode};
use crate::app::error::AppError;
use crate::config::http::{Http, HttpClient as ClientConfig};
use crate::config::load::Config;
use crate::config::outbox::Outbox as OutboxConfig;
use crate::config::sip::{Mode, Sip};
use crate::domain::time::Timestamp;
use crate::egress::phones::{BehindPbx, PhonesMode, PhonesSettings};
use crate::egress::switchboard::Switchboard;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::links::Signer;
use crate::media::archive::{Archive, ArchiveBounds};
use crate::media::workshop::{WorkerProgram, Workshop};
use crate::net::client::{CallLimits, ClientSettings};
use crate::net::forwarded::Proxies;
use crate::net::network::AllowPrivate;
use crate::net::server::{FileDoor, ServerSettings};
use crate::net::tls::{self, Certificate, CertificateFiles};
use crate::sip::endpoint::EndpointSettings;
use crate::sip::message::Transport;
use crate::sip::message::uri::ip_host;
use crate::sip::resolve::Resolver;
use crate::sip::transaction::Timers;
use crate::sip::transport::{Bounds, Listen, Listening};
use crate::store::open::StoreSettings;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A hundred megabytes over a slow line, and not for ever.
const FILE_REQUEST_MAX: Duration = Duration::from_secs(20 * 60);

/// Where the store lives.
pub fn store(config: &Config) -> StoreSettings {
    StoreSettings {
        folder: config.paths.data_dir.clone(),
        readers: config.store.readers,
        line_max: config.store.queue_max,
        key_file: config.paths.key_file.clone(),
    }
}

/// The rules of the outbox and of what is kept.
pub fn rules(config: &Config) -> Rules {
    let outbox = &config.outbox;
    Rules {
        phone_expiry: outbox.phone_text_expiry,
        carrier_expiry: outbox.carrier_text_expiry,
        carrier_tries_max: outbox.carrier_tries_max,
        lease: outbox.lease,
        carrier_calls_max: outbox.carrier_calls_max,
        phone_lanes_max: outbox.phone_lanes_max,
        log_kept: outbox.log_kept,
        log_bytes_max: outbox.log_bytes_max,
        public_base_url: config.http_public.base_url.clone(),
        phone_base_url: config.media.phone_base_url.clone().or_else(|| config.http_public.base_url.clone()),
        links_kept: config.media.links_kept,
    }
}

/// Where files of messages are.
pub fn media_folder(config: &Config) -> PathBuf {
    config.paths.data_dir.join("media")
}

/// What flows about files have at hand.
pub async fn media(
    config: &Config,
    desk: Desk,
    switchboard: Switchboard,
    worker: &Path,
) -> Result<MediaDesk, AppError> {
    let bounds = ArchiveBounds {
        quota_bytes: config.media.quota_bytes,
        free_bytes_min: config.media.free_bytes_min,
        file_bytes_max: config.media.file_bytes_max,
    };
    let archive = Archive::open(&media_folder(config), bounds)?;
    let program =
        WorkerProgram::open(worker).map_err(|error| AppError::NoMediaWorker { path: worker.to_owned(), error })?;
    let key = desk.store.read(|db| Ok::<_, FlowError>(db.link_key())).await?;
    Ok(MediaDesk {
        archive,
        workshop: Workshop::new(program, config.media.opened_at_once),
        switchboard,
        signer: Signer::new(key),
        desk,
    })
}

/// The client that calls carriers.
pub fn client(
    config: &ClientConfig,
    outbox: &OutboxConfig,
    trust: &Arc<rustls::ClientConfig>,
) -> Result<ClientSettings, AppError> {
    let allow_private = AllowPrivate::parse(config.allow_private.iter().map(String::as_str))
        .map_err(|error| AppError::Setting { key: "http_client.allow_private", problem: error.to_string() })?;
    let mut settings = ClientSettings::new(Arc::clone(trust));
    // A carrier on this machine or network, named by the administrator, may do without TLS.
    settings.allow_plain_http = !config.allow_private.is_empty();
    settings.allow_private = allow_private;
    settings.connect_max = config.connect_timeout;
    // What the outbox has claimed leaves at once: a claim that waits here for a connection would wait out its lease, and
    // look as if the carrier did not answer. Questions, tests and polling have room beside it.
    settings.calls_per_target_max = outbox.carrier_calls_max;
    settings.idle_per_target_max = outbox.carrier_calls_max;
    settings.calls_max += outbox.carrier_calls_max;
    settings.limits = CallLimits { total_max: config.total_timeout, body_bytes_max: config.response_bytes_max };
    Ok(settings)
}

/// One listener of an HTTP door.
pub fn server(
    name: &'static str,
    http: &Http,
    address: SocketAddr,
    certificate: &Arc<Certificate>,
    files: FileDoor,
) -> ServerSettings {
    let mut settings = ServerSettings::new(name);
    settings.tls = http.tls.at(address).then(|| tls::https_server(Arc::clone(certificate)));
    settings.header_max = http.header_timeout;
    settings.request_max = http.request_timeout;
    settings.idle_max = http.idle_timeout;
    settings.body_bytes_max = http.body_bytes_max;
    settings.files = Some(files);
    settings.connections_max = http.connections_max;
    settings.connections_per_source_max = http.connections_per_address_max;
    settings.proxies = Proxies { networks: http.trusted_proxies.clone(), ..Proxies::default() };
    settings
}

/// Where a door takes files: in requests of their size, with time for slow lines.
pub fn file_door(config: &Config, paths: &'static [&'static str]) -> FileDoor {
    let bytes = usize::try_from(config.media.file_bytes_max).unwrap_or(usize::MAX);
    // What stands around a file in a request of several parts is small.
    FileDoor { paths, body_bytes_max: bytes.saturating_add(64 * 1024), request_max: FILE_REQUEST_MAX }
}

/// The certificate of a door: the owner's, or one made on the first start and kept in the data folder.
pub fn certificate(
    own: Option<&crate::config::http::Certificate>,
    config: &Config,
    now: Timestamp,
) -> Result<Arc<Certificate>, AppError> {
    if let Some(own) = own {
        let files = CertificateFiles { certificate: own.certificate.clone(), key: own.key.clone() };
        return Ok(Certificate::from_files(files)?);
    }
    let folder: PathBuf = config.paths.data_dir.join("tls");
    Ok(Certificate::self_made(&folder, &names(config), now)?)
}

/// What people may call this machine.
fn names(config: &Config) -> Vec<String> {
    let from_url = |url: &Option<String>| {
        url.as_deref().and_then(|url| url::Url::parse(url).ok()).and_then(|url| url.host_str().map(str::to_owned))
    };
    let mut names: Vec<String> = [
        from_url(&config.http_public.base_url),
        from_url(&config.http_private.base_url),
        config.sip.domain.clone(),
        config.sip.public_host.clone(),
    ]
    .into_iter()
    .flatten()
    .collect();
    names.sort();
    names.dedup();
    names
}

/// The SIP endpoint.
pub fn endpoint(
    config: &Config,
    certificate: &Arc<Certificate>,
    client: Arc<rustls::ClientConfig>,
) -> EndpointSettings {
    let sip = &config.sip;
    let mut settings = EndpointSettings::new(listeners(sip));
    settings.tls = Some(tls::sip_server(Arc::clone(certificate)));
    settings.tls_client = client;
    settings.user_agent = format!("Depesche/{}", env!("CARGO_PKG_VERSION"));
    settings.public_host = sip.public_host.clone();
    settings.timers = Timers { t1: sip.timers.t1, t2: sip.timers.t2, t4: sip.timers.t4 };
    settings.bounds = Bounds {
        transactions_max: sip.bounds.transactions_max,
        connections_max: sip.bounds.connections_max,
        connections_per_address_max: sip.bounds.connections_per_address_max,
        message_bytes_max: sip.bounds.message_bytes_max,
        per_source_per_s: sip.bounds.requests_per_source_s,
        ..Bounds::default()
    };
    settings
}

/// How phones are reached.
pub fn phones(config: &Config) -> Result<PhonesSettings, AppError> {
    let mode = match config.sip.mode {
        Mode::Registrar => PhonesMode::Registrar,
        Mode::Pbx => {
            let resolver =
                Resolver::system().map_err(|problem| AppError::Setting { key: "sip.pbx.addresses", problem })?;
            PhonesMode::Pbx(Box::new(BehindPbx { pbx: config.pbx.clone(), resolver }))
        }
    };
    Ok(PhonesSettings { domain: sip_domain(config), mode })
}

/// The domain of our extensions: as set, else the name phones know us by, else the first address that is one.
pub fn sip_domain(config: &Config) -> String {
    let sip = &config.sip;
    let addresses = sip.udp.iter().chain(&sip.tcp).chain(&sip.tls).map(SocketAddr::ip);
    let named = sip.domain.clone().or_else(|| sip.public_host.clone());
    named
        .or_else(|| addresses.filter(|ip| !ip.is_unspecified()).map(ip_host).next())
        .or_else(crate::os::hostname)
        .unwrap_or_else(|| "localhost".into())
}

/// What the portal tells people about connecting a phone.
pub fn connect(config: &Config, listening: &[Listening]) -> Connect {
    let host = |at: &Listening| match (&config.sip.public_host, at.addr.ip()) {
        (Some(named), _) => named.clone(),
        (None, ip) if ip.is_unspecified() => sip_domain(config),
        (None, ip) => ip.to_string(),
    };
    let listeners = listening.iter().map(|at| ConnectListener {
        transport: at.transport.as_str().to_owned(),
        host: host(at),
        port: at.addr.port(),
    });
    Connect {
        mode: match config.sip.mode {
            Mode::Registrar => ConnectMode::Registrar,
            Mode::Pbx => ConnectMode::Pbx,
        },
        domain: sip_domain(config),
        listeners: listeners.collect(),
    }
}

fn listeners(sip: &Sip) -> Vec<Listen> {
    let on = |transport: Transport, addresses: &[SocketAddr]| {
        addresses.iter().map(|&addr| Listen { transport, addr }).collect::<Vec<_>>()
    };
    [on(Transport::Udp, &sip.udp), on(Transport::Tcp, &sip.tcp), on(Transport::Tls, &sip.tls)].concat()
}
