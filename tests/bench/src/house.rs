//! Depesche under measurement: a data folder, a settings file on loopback, the daemon started until it says READY,
//! and what an admin sets up: a trunk of the general SMS API, numbers, extensions. Through its command line and API.

use crate::process::{Disk, Process};
use crate::sip::Account;
use serde_json::{Value, json};
use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(60);
const WEBHOOK_SECRET: &str = "a-secret-of-the-bench-alone";

/// What is measured and with what; the same for all runs.
pub struct Tools {
    /// The daemon.
    pub program: PathBuf,
    /// The slow disk.
    pub shim: PathBuf,
    /// Where all state goes: memory.
    pub folder: PathBuf,
    /// The project.
    pub project: PathBuf,
    /// Configurations of Kamailio that others wrote: what DEPESCHE_PERF names.
    pub reference: Option<PathBuf>,
}

/// A data folder and the ports it is served on.
pub struct House {
    folder: PathBuf,
    ports: Ports,
    disk: Disk,
}

#[derive(Clone, Copy)]
struct Ports {
    sip: u16,
    private: u16,
    public: u16,
}

/// A house that runs.
pub struct Running {
    pub process: Process,
    /// From the start of the program to READY.
    pub ready_after: Duration,
    ports: Ports,
}

/// What an admin set up.
#[derive(Clone)]
pub struct Setup {
    pub webhook_path: String,
    pub webhook_secret: String,
    pub numbers: Vec<String>,
    pub accounts: Vec<Account>,
    /// The admin's line to the house; it holds over a restart.
    pub api: Api,
}

impl Running {
    pub fn sip(&self) -> SocketAddr {
        at(self.ports.sip)
    }

    pub fn webhooks(&self) -> SocketAddr {
        at(self.ports.public)
    }
}

fn at(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A port that was free a moment ago.
pub fn free_port() -> io::Result<u16> {
    TcpListener::bind(at(0))?.local_addr().map(|address| address.port())
}

impl House {
    /// An empty data folder with a settings file.
    pub fn build(tools: &Tools, name: &str, disk: Disk) -> io::Result<House> {
        let folder = tools.folder.join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        let ports = Ports { sip: free_port()?, private: free_port()?, public: free_port()? };
        // Every setting that is not an address stands at its default, but for what would stop one sender from being all.
        let settings = format!(
            "[sip]\nudp = [\"127.0.0.1:{sip}\"]\ntcp = [\"127.0.0.1:{sip}\"]\ntls = []\nrequests_per_source_s = 100000\n\n\
             [http.private]\nlisten = [\"127.0.0.1:{private}\"]\n\n\
             [http.public]\nlisten = [\"127.0.0.1:{public}\"]\nbase_url = \"http://127.0.0.1:{public}\"\n\n\
             [http_client]\nallow_private = [\"127.0.0.1\"]\n",
            sip = ports.sip,
            private = ports.private,
            public = ports.public,
        );
        fs::write(folder.join("depesche.toml"), settings)?;
        Ok(House { folder, ports, disk })
    }

    fn command(&self, tools: &Tools) -> Command {
        let mut command = Command::new(&tools.program);
        command.arg("--config").arg(self.folder.join("depesche.toml")).arg("--data").arg(self.folder.join("data"));
        command.envs(environment_of_the_unit(&tools.project));
        command
    }

    /// Starts the daemon and waits until it says that it is ready.
    pub fn start(&self, tools: &Tools) -> Result<Running, String> {
        let said = |error: io::Error| format!("cannot start the daemon: {error}");
        let socket = self.folder.join("notify");
        let _ = fs::remove_file(&socket);
        let ear = UnixDatagram::bind(&socket).map_err(said)?;
        ear.set_read_timeout(Some(Duration::from_millis(100))).map_err(said)?;
        let mut command = self.command(tools);
        command.arg("run").env("NOTIFY_SOCKET", &socket);
        let began = Instant::now();
        let log = self.folder.join("log");
        let mut process = Process::start(command, self.disk, &tools.shim, &self.folder, &log).map_err(said)?;
        let mut word = [0; 4096];
        while began.elapsed() < READY_WITHIN {
            if let Ok(length) = ear.recv(&mut word)
                && word[..length].split(|byte| *byte == b'\n').any(|line| line == b"READY=1")
            {
                return Ok(Running { process, ready_after: began.elapsed(), ports: self.ports });
            }
            if !process.is_running() {
                break;
            }
        }
        Err(format!("the daemon was never ready; it said:\n{}", fs::read_to_string(&log).unwrap_or_default()))
    }

    /// What an admin does first: a trunk that leads to `carrier`, and so many extensions, each with a number of its own.
    pub fn set_up(
        &self,
        tools: &Tools,
        running: &Running,
        carrier: SocketAddr,
        extensions: usize,
    ) -> Result<Setup, String> {
        let mut api = Api { address: at(running.ports.private), cookie: String::new() };
        api.log_in(&self.new_admin(tools)?)?;
        let trunk = api.post(
            "/trunks",
            &json!({"name": "Bench", "carrier": "generic", "enabled": true, "mps": 10_000, "settings": {
                "send_url": format!("http://{carrier}/messages"), "api_key": "bench-api-key",
                "webhook_secret": WEBHOOK_SECRET, "rate": "10000"}}),
        )?;
        let channel = api.post(
            "/channels",
            &json!({"name": "Bench", "kind": "sms", "trunk": trunk["id"], "enabled": true, "close_after_days": null}),
        )?;
        let mut setup = Setup {
            webhook_path: path_of(trunk["webhook_url"].as_str().unwrap_or_default()),
            webhook_secret: WEBHOOK_SECRET.to_owned(),
            numbers: Vec::new(),
            accounts: Vec::new(),
            api: Api { address: api.address, cookie: String::new() },
        };
        for nth in 0..extensions {
            let (user, number) = (format!("{}", 2000 + nth), format!("+4930555{nth:04}"));
            let mut edit =
                json!({"number": user, "name": format!("Bench {nth}"), "enabled": true, "default_number": null});
            let made = api.post("/extensions", &edit)?;
            let id = &made["extension"]["id"];
            let row = api.post(
                "/numbers",
                &json!({"channel": channel["id"], "address": number, "label": "", "sender_class": "long_code",
                        "mps": 10_000, "route": {"extension": id}}),
            )?;
            edit["default_number"] = row["id"].clone();
            edit["version"] = made["extension"]["version"].clone();
            api.put(&format!("/extensions/{id}"), &edit)?;
            setup.numbers.push(number);
            setup.accounts.push(Account { user, password: made["password"].as_str().map(str::to_owned) });
        }
        setup.api = api;
        Ok(setup)
    }

    /// An admin of our own, from the command line; its password.
    fn new_admin(&self, tools: &Tools) -> Result<String, String> {
        let made = self.command(tools).args(["user", "add", "bench", "--role", "admin"]).output();
        let made = made.map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&made.stdout);
        let password = said.lines().find_map(|line| line.strip_prefix("password"));
        let password = password.map(|rest| rest.trim().to_owned());
        password.ok_or_else(|| format!("no admin could be made: {said}{}", String::from_utf8_lossy(&made.stderr)))
    }

    /// Where the daemon keeps everything.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Bytes of the database and its log.
    pub fn bytes(&self) -> u64 {
        let files = ["depesche.db", "depesche.db-wal"];
        files
            .iter()
            .filter_map(|file| fs::metadata(self.folder.join("data").join(file)).ok())
            .map(|found| found.len())
            .sum()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// What the service unit sets, so that the daemon here has the memory it has there.
fn environment_of_the_unit(project: &Path) -> Vec<(String, String)> {
    let unit = fs::read_to_string(project.join("systemd/depesche.service")).unwrap_or_default();
    let lines = unit.lines().filter_map(|line| line.strip_prefix("Environment="));
    let words = lines.flat_map(|line| line.split_whitespace());
    words.filter_map(|word| word.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned())
}

/// The private API, as a browser calls it.
#[derive(Clone)]
pub struct Api {
    address: SocketAddr,
    cookie: String,
}

impl Api {
    fn log_in(&mut self, password: &str) -> Result<(), String> {
        self.post("/login", &json!({"name": "bench", "password": password}))?;
        self.post("/login/password", &json!({"old": password, "new": format!("{password}{password}")}))?;
        Ok(())
    }

    pub fn get(&mut self, path: &str) -> Result<Value, String> {
        self.call("GET", path, "application/json", "")
    }

    pub fn post(&mut self, path: &str, body: &Value) -> Result<Value, String> {
        self.call("POST", path, "application/json", &body.to_string())
    }

    pub fn put(&mut self, path: &str, body: &Value) -> Result<Value, String> {
        self.call("PUT", path, "application/json", &body.to_string())
    }

    /// A table, as its bytes.
    pub fn upload(&mut self, path: &str, table: &str) -> Result<Value, String> {
        self.call("POST", path, "text/csv", table)
    }

    fn call(&mut self, method: &str, path: &str, kind: &str, body: &str) -> Result<Value, String> {
        let (status, answer) = self.exchange(method, path, kind, body).map_err(|error| error.to_string())?;
        if !(200..300).contains(&status) {
            return Err(format!("{method} {path}: {status} {answer}"));
        }
        Ok(serde_json::from_str(&answer).unwrap_or(Value::Null))
    }

    fn exchange(&mut self, method: &str, path: &str, kind: &str, body: &str) -> io::Result<(u16, String)> {
        let mut line = TcpStream::connect(self.address)?;
        // A large campaign takes a while to be launched.
        line.set_read_timeout(Some(Duration::from_secs(120)))?;
        write!(
            line,
            "{method} /api/v1{path} HTTP/1.1\r\nHost: {}\r\nX-Depesche: portal\r\nCookie: {}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            self.cookie,
            body.len()
        )?;
        let mut reader = BufReader::new(line);
        let (mut status, mut head) = (String::new(), String::new());
        reader.read_line(&mut status)?;
        while reader.read_line(&mut head)? > 0 && !head.is_empty() {
            let Some((name, value)) = head.split_once(':') else { break };
            if name.eq_ignore_ascii_case("set-cookie") {
                self.cookie = value.split(';').next().unwrap_or_default().trim().to_owned();
            }
            head.clear();
        }
        let mut answer = String::new();
        reader.read_to_string(&mut answer)?;
        Ok((status.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0), answer))
    }
}
