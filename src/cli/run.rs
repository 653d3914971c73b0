//! `run`: the daemon. Starts logging and the runtime, and tells on the terminal where everything is.

use crate::app::first_start::{Told, What};
use crate::app::house::{Door, House, Options};
use crate::cli::arguments::Place;
use crate::cli::dispatch::{Failure, say, settings};
use crate::clock::Clock;
use crate::config::machine::{Log, LogFormat};
use crate::sip::transport::Listening;
use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use tracing_subscriber::EnvFilter;

/// Runs the daemon until it is told to stop.
pub fn run(place: &Place, trial: bool, demo: bool) -> Result<(), Failure> {
    let config = settings(place)?;
    start_log(&config.log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 4)))
        .max_blocking_threads(16)
        .enable_all()
        .build()
        .map_err(Failure::from_error)?;
    let told = Teller { base_url: config.http_private.base_url.clone(), trial };
    let options = Options { trial, demo, clock: Clock::system() };
    let outcome = runtime.block_on(crate::app::run::run(config, options, |house| told.tell(house)));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    outcome.map_err(Failure::from_error)
}

fn start_log(log: &Log) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&log.level).map_err(|error| {
        Failure::Sentence(format!("log.level {:?}: {error}; write for example \"info\"", log.level))
    })?;
    let plain = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match log.format {
        LogFormat::Json => plain.json().try_init(),
        LogFormat::Text => plain.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
    };
    started.map_err(Failure::from_error)
}

struct Teller {
    base_url: Option<String>,
    trial: bool,
}

impl Teller {
    fn tell(&self, house: &House) {
        let portal = self.base_url.clone().or_else(|| house.private.first().map(url_of)).unwrap_or_default();
        say(format_args!("\nDepesche {} is ready.\n", env!("CARGO_PKG_VERSION")));
        say(format_args!("  Portal       {portal}"));
        for door in &house.public {
            say(format_args!("  Webhooks     {}/hook/…", url_of(door)));
        }
        say(format_args!("  SIP          {}", house.sip.iter().map(sip_of).collect::<Vec<_>>().join("  ")));
        if !house.told.is_empty() {
            say("\nTold once, not kept in the clear:");
            house.told.iter().for_each(tell_password);
        }
        if self.trial {
            tell_what_to_try(&portal, house);
        }
        say("");
    }
}

fn tell_password(told: &Told) {
    let (what, then) = match told.what {
        What::Portal => ("portal login", "  (to be changed at the first login)"),
        What::Phone => ("SIP extension", ""),
    };
    say(format_args!("  {what:<13} {:<6} {}{then}", told.whose, told.password.expose()));
}

fn tell_what_to_try(portal: &str, house: &House) {
    let sip = house.sip.first().map(sip_of).unwrap_or_default();
    say("\nTo try:");
    for line in [
        format!("log in as admin at {portal}"),
        "Simulator in the menu: write as a customer to +49 1555 0000100 and see it arrive in the inbox".into(),
        "answer it there, and see the answer on the customer's phone and \"delivered\" beside it".into(),
        format!("register a softphone as 1001 at {sip} and write to the same number again: it rings"),
        "write from the softphone to the customer's number: the answer goes out through the carrier".into(),
        "end a customer's number in 9901 to 9920 and see what a carrier can do to a message".into(),
        "depesche backup FILE copies everything while it runs".into(),
    ] {
        say(format_args!("  - {line}"));
    }
}

fn url_of(door: &Door) -> String {
    let scheme = if door.tls { "https" } else { "http" };
    let ip = door.address.ip();
    match reachable(ip) {
        IpAddr::V4(ip) => format!("{scheme}://{ip}:{}", door.address.port()),
        IpAddr::V6(ip) => format!("{scheme}://[{ip}]:{}", door.address.port()),
    }
}

fn sip_of(listening: &Listening) -> String {
    let at = std::net::SocketAddr::new(reachable(listening.addr.ip()), listening.addr.port());
    format!("{at} ({})", format!("{:?}", listening.transport).to_uppercase())
}

/// An address one can type: "everywhere" is also here.
fn reachable(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}
