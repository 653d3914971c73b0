//! The daemon as a process, on IPv6, with everything it can say switched on: a customer's text rings a phone, the phone's
//! answer reaches the carrier, and nothing of it, nor any credential, stands in its log or on its command line.

use depesche::carrier::sign;
use depesche::clock::Clock;
use depesche::domain::secret::Secret;
use depesche::sip::digest::client::{Client, Credentials};
use depesche::sip::endpoint::{Endpoint, EndpointSettings, Incoming};
use depesche::sip::message::{Hop, Method, NameAddr, Request, Response, Transport, Uri, random_token};
use depesche::sip::transport::Listen;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const OURS: &str = "+15550100100";
const CUSTOMER: &str = "+15550100199";
const API_KEY: &str = "canary-of-the-api-key";
const WEBHOOK_SECRET: &str = "canary-of-the-webhook-secret";
const PORTAL_PASSWORD: &str = "canary of the portal";
const SAID_BY_CUSTOMER: &str = "Canary singing outside";
const SAID_BY_PHONE: &str = "Canary singing at the desk";
const SOON: Duration = Duration::from_secs(20);

struct Daemon {
    process: Child,
    private: SocketAddr,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Free now; nobody else takes it in the moment until the daemon does, or the test says so.
fn free_port() -> u16 {
    TcpListener::bind("[::1]:0").and_then(|socket| socket.local_addr()).expect("loopback speaks IPv6").port()
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::new("::1".parse().expect("an address"), port)
}

/// Waits for a condition, never for a time.
fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < SOON, "{what} took too long");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn start(folder: &Path, sip: u16, public: u16) -> Daemon {
    let private = free_port();
    let settings = format!(
        "[log]\nlevel = \"trace\"\n[sip]\nudp = [\"[::1]:{sip}\"]\ntcp = []\ntls = []\n\
         [http.private]\nlisten = [\"[::1]:{private}\"]\n[http.public]\nlisten = [\"[::1]:{public}\"]\n\
         [http_client]\nallow_private = [\"::1\"]\n"
    );
    let file = folder.join("depesche.toml");
    std::fs::write(&file, settings).expect("written");
    let log = std::fs::File::create(folder.join("log")).expect("made");
    let process = Command::new(env!("CARGO_BIN_EXE_depesche"))
        .env_remove("DEPESCHE_DATA")
        .args(["run", "--config", file.to_str().expect("plain"), "--data"])
        .arg(folder.join("state"))
        .stdout(Stdio::from(log.try_clone().expect("one more handle")))
        .stderr(Stdio::from(log))
        .spawn()
        .expect("the program was built for this test");
    let daemon = Daemon { process, private: local(private) };
    until("the start", || {
        let is_ready = std::fs::read_to_string(folder.join("log")).is_ok_and(|log| log.contains("is ready"));
        (is_ready && TcpStream::connect(daemon.private).is_ok()).then_some(())
    });
    daemon
}

/// One call: its status, its cookie and its body.
fn call(to: SocketAddr, line: &str, headers: &[(&str, &str)], body: &str) -> (u16, Option<String>, Value) {
    let mut stream = TcpStream::connect(to).expect("it listens");
    let extra: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "{line} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\nContent-Type: application/json\r\nX-Depesche: 1\r\n\
         {extra}Content-Length: {length}\r\n\r\n{body}"
    )
    .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered in text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
    let cookie = head.lines().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("set-cookie").then(|| value.split(';').next().unwrap_or_default().to_owned())
    });
    (status, cookie, serde_json::from_str(body).unwrap_or_default())
}

/// A carrier that takes everything, and passes on what it was asked to send.
fn carrier() -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("[::1]:0").expect("a free port");
    let addr = listener.local_addr().expect("bound");
    let (heard, hear) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.set_read_timeout(Some(SOON));
            let (mut request, mut piece) = (Vec::new(), [0; 4096]);
            while !request.ends_with(b"}") {
                match stream.read(&mut piece) {
                    Ok(bytes) if bytes > 0 => request.extend_from_slice(&piece[..bytes]),
                    _ => break,
                }
            }
            let body = r#"{"id":"c-1"}"#;
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 12";
            let _ = write!(stream, "{head}\r\n\r\n{body}");
            let _ = heard.send(String::from_utf8_lossy(&request).into_owned());
        }
    });
    (addr, hear)
}

/// Asks the daemon as the admin; anything but a success ends the test.
struct Admin {
    at: SocketAddr,
    cookie: String,
}

impl Admin {
    fn log_in(at: SocketAddr, first_login: &Path) -> Admin {
        // The doors are open a moment before the first password is made.
        let told = (0..100).find_map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            std::fs::read_to_string(first_login).ok().filter(|told| told.contains("admin"))
        });
        let told = told.expect("the first login is kept");
        let first = told.split_whitespace().skip_while(|word| *word != "admin").nth(1).expect("a password");
        let form = json!({ "name": "admin", "password": first }).to_string();
        let (status, cookie, said) = call(at, "POST /api/v1/login", &[], &form);
        assert_eq!(status, 200, "{said}");
        let admin = Admin { at, cookie: cookie.expect("a cookie") };
        admin.post("login/password", json!({ "old": first, "new": PORTAL_PASSWORD }));
        admin
    }

    fn post(&self, path: &str, body: Value) -> Value {
        let line = format!("POST /api/v1/{path}");
        let (status, _, said) = call(self.at, &line, &[("Cookie", &self.cookie)], &body.to_string());
        assert!((200..300).contains(&status), "{path}: {status} {said}");
        said
    }

    /// A trunk, a channel, a number that leads to 1001; the path of the trunk's webhooks and the phone's password.
    fn set_up(&self, carrier: SocketAddr, folder: &Path) -> (String, String) {
        let settings = json!({ "send_url": format!("http://{carrier}/messages"), "api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET });
        let trunk = self.post("trunks", json!({ "name": "Provider", "carrier": "generic", "settings": settings }));
        let channel = self.post(
            "channels",
            json!({ "name": "SMS", "kind": "sms", "trunk": trunk["id"], "enabled": true, "close_after_days": null }),
        );
        let phone = self
            .post("extensions", json!({ "number": "1001", "name": "Anna", "enabled": true, "default_number": null }));
        let route = json!({ "extension": phone["extension"]["id"] });
        self.post(
            "numbers",
            json!({ "channel": channel["id"], "address": OURS, "sender_class": "long_code", "mps": null, "route": route }),
        );
        // Where nobody said how carriers reach us, the portal cannot tell the whole address; its key is in the row.
        let books = rusqlite::Connection::open(folder.join("state/depesche.db")).expect("it is there");
        let key: String = books.query_row("SELECT webhook_key FROM trunks", [], |row| row.get(0)).expect("one trunk");
        (key, phone["password"].as_str().expect("told once").to_owned())
    }
}

/// The phone of 1001.
struct Phone {
    endpoint: Endpoint,
    incoming: tokio::sync::mpsc::Receiver<Incoming>,
    client: Client,
    door: SocketAddr,
    cseq: u32,
}

impl Phone {
    async fn new(door: SocketAddr, password: &str) -> Phone {
        let listen = Listen { transport: Transport::Udp, addr: local(0) };
        let (endpoint, incoming) =
            Endpoint::start(EndpointSettings::new(vec![listen]), Clock::system()).await.expect("a free port");
        let client = Client::new(Credentials { user: "1001".into(), password: Secret::new(password) });
        Phone { endpoint, incoming, client, door, cseq: 0 }
    }

    async fn ask(&mut self, method: Method, uri: &str, dress: impl Fn(Request) -> Request) -> Response {
        let own = NameAddr::new(format!("sip:1001@{}", self.door).parse::<Uri>().expect("a good URI"));
        let call_id = random_token();
        loop {
            self.cseq += 1;
            let to = uri.parse().expect("a good URI");
            let request = Request::out_of_dialog(method.clone(), to, &own, &own, &call_id, self.cseq);
            let mut request = dress(request);
            self.client.authorize(&mut request);
            let answer = self.endpoint.send(request, Hop::new(Transport::Udp, self.door)).await.expect("answered");
            if !matches!(answer.status, 401 | 407) || self.cseq > 8 || self.client.challenged(&answer).is_err() {
                return answer;
            }
        }
    }

    async fn hear(&mut self) -> String {
        let one = tokio::time::timeout(SOON, self.incoming.recv()).await.expect("it rings").expect("open");
        let text = String::from_utf8_lossy(&one.request.body).into_owned();
        one.respond_with(200).await;
        text
    }
}

fn customer_writes(public: SocketAddr, key: &str) {
    let body = json!({
        "event": "message.received", "id": "m-1", "from": CUSTOMER, "to": OURS, "text": SAID_BY_CUSTOMER, "channel": "sms",
    });
    let (body, timestamp) = (body.to_string(), Clock::system().now().as_seconds().to_string());
    let mac = sign::hmac_sha256(WEBHOOK_SECRET.as_bytes(), &[timestamp.as_bytes(), b".", body.as_bytes()]);
    let signature = format!("sha256={}", hex::encode(mac));
    let headers = [("X-Timestamp", timestamp.as_str()), ("X-Signature-256", signature.as_str())];
    let (status, ..) = call(public, &format!("POST /hook/{key}"), &headers, &body);
    assert_eq!(status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn over_ipv6_texts_go_both_ways_and_none_of_it_is_in_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let (sip, public) = (free_port(), free_port());
    let (carrier, sent) = carrier();
    let daemon = start(folder, sip, public);
    let admin = Admin::log_in(daemon.private, &folder.join("state/first-login.txt"));
    let (key, password) = admin.set_up(carrier, folder);

    let mut phone = Phone::new(local(sip), &password).await;
    let contact = format!("<sip:1001@{}>", phone.endpoint.listening()[0].addr);
    // The directory follows what the admin did a moment ago.
    let begun = Instant::now();
    let registrar = format!("sip:[::1]:{sip}");
    while phone.ask(Method::Register, &registrar, |request| request.with("Contact", &*contact)).await.status != 200 {
        assert!(begun.elapsed() < SOON, "the phone cannot register");
        phone.cseq = 0;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    customer_writes(local(public), &key);
    assert_eq!(phone.hear().await, SAID_BY_CUSTOMER);
    let to = format!("sip:{CUSTOMER}@[::1]:{sip}");
    let answered = phone.ask(Method::Message, &to, |request| request.with_body("text/plain", SAID_BY_PHONE)).await;
    assert_eq!(answered.status, 202, "{answered:?}");
    let carried = tokio::task::spawn_blocking(move || sent.recv_timeout(SOON)).await.expect("ends").expect("sent");
    assert!(carried.contains(SAID_BY_PHONE) && carried.contains(API_KEY), "the canaries were there");

    let copy = folder.join("copy.db");
    let backup = Command::new(env!("CARGO_BIN_EXE_depesche"))
        .args(["backup", copy.to_str().expect("plain"), "--data"])
        .arg(folder.join("state"))
        .output()
        .expect("it runs");
    assert!(backup.status.success(), "{backup:?}");
    assert_eq!(std::fs::metadata(&copy).expect("there").permissions().mode() & 0o777, 0o600);

    let log = std::fs::read_to_string(folder.join("log")).expect("written");
    let line = std::fs::read_to_string(format!("/proc/{}/cmdline", daemon.process.id())).expect("it runs");
    assert!(log.contains(" INFO ") && line.contains("depesche"), "there is something to look at");
    for canary in [API_KEY, WEBHOOK_SECRET, PORTAL_PASSWORD, SAID_BY_CUSTOMER, SAID_BY_PHONE, &password, &key] {
        let where_said = log.lines().find(|said| said.contains(canary));
        assert!(where_said.is_none() && !line.contains(canary), "{canary:?} in {where_said:?}");
    }
}
