//! `run`: the daemon. Starts logging and the runtime, and tells on the terminal where everything is.

use crate::app::error::AppError;
use crate::app::first_start::{Told, What};
use crate::app::house::{Door, House, Options};
use crate::cli::arguments::Place;
use crate::cli::dispatch::{Failure, config_file, say, settings};
use crate::cli::record;
use crate::clock::Clock;
use crate::os;
use crate::sip::transport::Listening;
use std::io::IsTerminal;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// Runs the daemon until it is told to stop.
pub fn run(place: &Place, trial: bool, demo: bool) -> Result<(), Failure> {
    let config = settings(place)?;
    record::start(&config.log);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(worker_threads())
        .max_blocking_threads(16)
        .enable_all()
        .build()
        .map_err(Failure::from_error)?;
    let base_url = config.http_private.base_url.clone();
    let data = config.paths.data_dir.clone();
    let told = Teller { base_url, first_login: data.join("first-login.txt"), data, config: config_file(place), trial };
    let options = Options { trial, demo, clock: Clock::system(), media_worker: media_worker() };
    let outcome = runtime.block_on(crate::app::run::run(config, options, |house| told.tell(house)));
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    outcome.map_err(|error| match error {
        AppError::Setting { .. } => Failure::Setting(error.to_string()),
        error => Failure::from_error(error),
    })
}

/// The helper that opens files: beside this program, as it is built, or where the package puts it.
fn media_worker() -> PathBuf {
    const NAME: &str = "depesche-media-worker";
    let ourselves = std::env::current_exe().unwrap_or_default();
    let beside = ourselves.with_file_name(NAME);
    let installed = ourselves.with_file_name("../libexec/depesche").join(NAME);
    if beside.exists() { beside } else { installed }
}

/// One core is left to the thread that writes to the disk: with fewer threads more is done between two wake-ups.
fn worker_threads() -> usize {
    std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).clamp(1, 4))
}

struct Teller {
    base_url: Option<String>,
    /// Where a first password is kept for one reading, where printing it would leave it in a journal.
    first_login: PathBuf,
    /// What a command must be told to find this daemon's state.
    data: PathBuf,
    config: Option<PathBuf>,
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
            self.tell_passwords(&house.told);
        }
        if self.trial {
            tell_what_to_try(&portal, house, &self.command("backup FILE"));
        }
        say("");
    }

    /// A command about this daemon, as one can type it: its program need not be on the PATH, nor its state in the usual place.
    fn command(&self, what: &str) -> String {
        let program = std::env::current_exe().map_or_else(|_| "depesche".into(), |path| path.display().to_string());
        let config = self.config.as_ref().map_or_else(String::new, |file| format!(" --config {}", file.display()));
        format!("{program} {what}{config} --data {}", self.data.display())
    }

    /// To a person at a terminal, or on a trial; else to a file that only the daemon's user reads: journals are read by others.
    fn tell_passwords(&self, told: &[Told]) {
        if self.trial || std::io::stdout().is_terminal() {
            say("\nTold once, not kept in the clear:");
            told.iter().for_each(|one| say(password_line(one)));
            return;
        }
        let lines: String = told.iter().map(|one| password_line(one) + "\n").collect();
        match os::write_private(&self.first_login, lines.as_bytes()) {
            Ok(()) => {
                say(format_args!("\nThe first login is in {}: read it, then delete it.", self.first_login.display()))
            }
            Err(error) => say(format_args!(
                "\nThe first login could not be kept ({error}): make one with `{}`.",
                self.command("user passwd admin")
            )),
        }
    }
}

fn password_line(told: &Told) -> String {
    let (what, then) = match told.what {
        What::Portal => ("portal login", "  (to be changed at the first login)"),
        What::Phone => ("SIP extension", ""),
    };
    format!("  {what:<13} {:<6} {}{then}", told.whose, told.password.expose())
}

fn tell_what_to_try(portal: &str, house: &House, backup: &str) {
    let sip = house.sip.first().map(sip_of).unwrap_or_default();
    say("\nTo try:");
    for line in [
        format!("log in as admin at {portal}"),
        "Simulator in the menu: write as a customer to +49 1555 0000100 and see it arrive in the inbox".into(),
        "answer it there, and see the answer on the customer's phone and \"delivered\" beside it".into(),
        format!("register a softphone as 1001 at {sip} and write to the same number again: it rings"),
        "write from the softphone to the customer's number: the answer goes out through the carrier".into(),
        "end a customer's number in 9901 to 9920 and see what a carrier can do to a message".into(),
        format!("copy everything while it runs: {backup}"),
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
