//! Kamailio under the same load: its configuration filled in, a database in WAL mode, started until it answers.

use crate::house::{Tools, free_port};
use crate::phones::big_socket;
use crate::process::{Disk, Process};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Where Debian puts its modules.
fn modules() -> String {
    format!("/usr/lib/{}-linux-gnu/kamailio/modules/", std::env::consts::ARCH)
}

/// Which configuration it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The project's own, for texts and webhooks: tests/bench/kamailio.cfg.
    Own,
    /// One of the folder that DEPESCHE_PERF names: `storefwd` takes texts, `webhook` takes webhooks for the phone of `bob`.
    Reference(&'static str),
}

/// Kamailio, until dropped.
pub struct Kamailio {
    pub process: Process,
    pub sip: SocketAddr,
    pub webhooks: SocketAddr,
    folder: PathBuf,
    /// The columns of its table: what it is called, and what stands in `state` of what a phone has.
    table: (&'static str, &'static str),
}

impl Kamailio {
    /// Whether it is installed.
    pub fn is_here() -> bool {
        Command::new("kamailio").arg("-v").output().is_ok()
    }

    /// Starts it with so many workers for SIP and for HTTP each.
    pub fn start(tools: &Tools, disk: Disk, shape: Shape, workers: usize) -> Result<Kamailio, String> {
        let said = |error: std::io::Error| format!("cannot start Kamailio: {error}");
        let folder = tools.folder.join("kamailio");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(said)?;
        let (sip, http) = (free_port().map_err(said)?, free_port().map_err(said)?);
        let database = folder.join("k.db");
        let table = match shape {
            Shape::Own => {
                own(tools, &folder, &database, (sip, http), workers)?;
                ("texts", "'delivered'")
            }
            Shape::Reference(variant) => {
                let from = tools.reference.as_ref().ok_or("DEPESCHE_PERF names no folder")?;
                reference(&from.join("kamailio"), variant, &folder, &database, (sip, http), workers)?;
                ("message", "2")
            }
        };
        let mut command = Command::new("kamailio");
        command.current_dir(&folder).arg("-f").arg(folder.join("kamailio.cfg"));
        command.args(["-DD", "-E", "-m", "1024", "-M", "64", "-A", "WITH_LOCK"]);
        command.arg("-P").arg(folder.join("pid")).arg("-Y").arg(&folder);
        let log = folder.join("log");
        let process = Process::start(command, disk, &tools.shim, &folder, &log).map_err(said)?;
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut kamailio = Kamailio { process, sip: address(sip), webhooks: address(http), folder, table };
        if kamailio.answers().map_err(said)? {
            Ok(kamailio)
        } else {
            Err(format!("Kamailio does not answer; it said:\n{}", fs::read_to_string(log).unwrap_or_default()))
        }
    }

    /// Waits until it answers an OPTIONS, whatever it says.
    fn answers(&mut self) -> std::io::Result<bool> {
        let socket = big_socket()?;
        socket.connect(self.sip)?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        let port = socket.local_addr()?.port();
        let (began, mut answer) = (Instant::now(), [0; 4096]);
        while began.elapsed() < Duration::from_secs(15) && self.process.is_running() {
            let ask = format!(
                "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK-{}\r\n\
                 Max-Forwards: 70\r\nFrom: <sip:bench@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\n\
                 Call-ID: are-you-there\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
                began.elapsed().as_micros()
            );
            // Until it listens, the port refuses.
            let _ = socket.send(ask.as_bytes());
            if socket.recv(&mut answer).is_ok() {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(false)
    }

    /// How many texts its database holds, and how many of them are marked as delivered.
    pub fn stored(&self) -> (u64, u64) {
        let ask = |what: &str| {
            let sql = format!("SELECT count(*) FROM {} {what}", self.table.0);
            let answer = Command::new("sqlite3").arg(self.folder.join("k.db")).arg(sql).output();
            answer.ok().and_then(|answer| String::from_utf8_lossy(&answer.stdout).trim().parse().ok()).unwrap_or(0)
        };
        (ask(""), ask(&format!("WHERE state = {}", self.table.1)))
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        self.process.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn own(tools: &Tools, folder: &Path, database: &Path, (sip, http): (u16, u16), workers: usize) -> Result<(), String> {
    make_database(&database.to_string_lossy())?;
    let file = tools.project.join("tests/bench/kamailio.cfg");
    let template = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let filled = template
        .replace("@WORKERS@", &workers.to_string())
        .replace("@SIP_PORT@", &sip.to_string())
        .replace("@HTTP_PORT@", &http.to_string())
        .replace("@MODULES@", &modules())
        .replace("@DATABASE@", database.to_string_lossy().trim_start_matches('/'));
    fs::write(folder.join("kamailio.cfg"), filled).map_err(|error| error.to_string())
}

/// Fills a configuration of the reference in as its own start script does, and has its own script make the database.
fn reference(
    from: &Path,
    variant: &str,
    folder: &Path,
    database: &Path,
    (sip, http): (u16, u16),
    workers: usize,
) -> Result<(), String> {
    let made = Command::new("sh").arg(from.join("mkdb.sh")).arg(database).env("WAL", "1").output();
    let made = made.map_err(|error| error.to_string())?;
    if !made.status.success() {
        return Err(format!("mkdb.sh: {}", String::from_utf8_lossy(&made.stderr)));
    }
    for (name, target) in [("common.cfg".to_owned(), "common.cfg"), (format!("{variant}.cfg"), "kamailio.cfg")] {
        let text = fs::read_to_string(from.join(&name)).map_err(|error| format!("{name}: {error}"))?;
        let filled = text
            .replace("RUNDIRX", &folder.to_string_lossy())
            .replace("KPORT", &sip.to_string())
            .replace("KHTTP", &http.to_string())
            .replace("KCHILDREN", &workers.to_string())
            .replace("DBPATH", &database.to_string_lossy());
        fs::write(folder.join(target), filled).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn make_database(file: &str) -> Result<(), String> {
    let schema = "PRAGMA journal_mode = WAL; CREATE TABLE texts (id INTEGER PRIMARY KEY, key TEXT, sender TEXT, \
                  receiver TEXT, body TEXT, at INTEGER, state TEXT); CREATE UNIQUE INDEX texts_by_key ON texts (key); \
                  CREATE INDEX texts_by_state ON texts (state, at);";
    let made = Command::new("sqlite3").arg(file).arg(schema).output().map_err(|error| error.to_string())?;
    if made.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&made.stderr).into_owned()) }
}
