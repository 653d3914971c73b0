//! Kamailio under the same load: its configuration filled in, a database in WAL mode, started until it answers.

use crate::house::{Tools, free_port};
use crate::phones::big_socket;
use crate::process::{Disk, Process};
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Where Debian puts its modules.
fn modules() -> String {
    format!("/usr/lib/{}-linux-gnu/kamailio/modules/", std::env::consts::ARCH)
}

/// Kamailio, until dropped.
pub struct Kamailio {
    pub process: Process,
    pub sip: SocketAddr,
    pub webhooks: SocketAddr,
    folder: PathBuf,
}

impl Kamailio {
    /// Whether it is installed.
    pub fn is_here() -> bool {
        Command::new("kamailio").arg("-v").output().is_ok()
    }

    /// Starts it with so many workers for SIP and for HTTP each.
    pub fn start(tools: &Tools, disk: Disk, workers: usize) -> Result<Kamailio, String> {
        let said = |error: std::io::Error| format!("cannot start Kamailio: {error}");
        let folder = tools.folder.join("kamailio");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(said)?;
        let (sip, http) = (free_port().map_err(said)?, free_port().map_err(said)?);
        let database = folder.join("texts.db");
        make_database(&database.to_string_lossy())?;
        let template = fs::read_to_string(tools.project.join("tests/bench/kamailio.cfg")).map_err(said)?;
        let filled = template
            .replace("@WORKERS@", &workers.to_string())
            .replace("@SIP_PORT@", &sip.to_string())
            .replace("@HTTP_PORT@", &http.to_string())
            .replace("@MODULES@", &modules())
            .replace("@DATABASE@", database.to_string_lossy().trim_start_matches('/'));
        fs::write(folder.join("kamailio.cfg"), filled).map_err(said)?;
        let mut command = Command::new("kamailio");
        command.arg("-f").arg(folder.join("kamailio.cfg")).args(["-DD", "-E", "-m", "1024", "-M", "16"]);
        command.arg("-P").arg(folder.join("pid")).arg("-Y").arg(&folder).args(["-A", "WITH_LOCK"]);
        let log = folder.join("log");
        let process = Process::start(command, disk, &tools.shim, &folder, &log).map_err(said)?;
        let address = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut kamailio = Kamailio { process, sip: address(sip), webhooks: address(http), folder };
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
            let sql = format!("SELECT count(*) FROM texts {what}");
            let answer = Command::new("sqlite3").arg(self.folder.join("texts.db")).arg(sql).output();
            answer.ok().and_then(|answer| String::from_utf8_lossy(&answer.stdout).trim().parse().ok()).unwrap_or(0)
        };
        (ask(""), ask("WHERE state = 'delivered'"))
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        self.process.stop();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn make_database(file: &str) -> Result<(), String> {
    let schema = "PRAGMA journal_mode = WAL; CREATE TABLE texts (id INTEGER PRIMARY KEY, key TEXT, sender TEXT, \
                  receiver TEXT, body TEXT, at INTEGER, state TEXT); CREATE UNIQUE INDEX texts_by_key ON texts (key); \
                  CREATE INDEX texts_by_state ON texts (state, at);";
    let made = Command::new("sqlite3").arg(file).arg(schema).output().map_err(|error| error.to_string())?;
    if made.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&made.stderr).into_owned()) }
}
