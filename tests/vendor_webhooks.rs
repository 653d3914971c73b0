//! Webhooks signed with the carriers' own libraries, through the real public door: each is taken and filed; altered in one
//! byte it is refused with 403, and a line of the log says which trunk and why.
//! `DEPESCHE_VENDOR_SDKS` names the folder with the libraries (`scripts/test` makes it); without it the test says so.

#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod ingress_house;

use axum::Router;
use axum::body::Body;
use depesche::clock::Clock;
use depesche::egress::simulator::SimulatorHandle;
use depesche::egress::switchboard::{Switchboard, TrunkSettings};
use depesche::ingress::webhook::WebhookDoor;
use depesche::net::client::{ClientSettings, HttpClient};
use depesche::net::tls;
use depesche::store::trunks::Trunk;
use http::Request;
use ingress_house::{House, OUR_NUMBER};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

const BASE: &str = "https://sms.example.com";
const PEER: &str = "+15550100199";
const TEXT: &str = "Grüße & 1+1=2";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// What the test must know of a carrier.
struct Vendor {
    carrier: &'static str,
    /// Settings of the trunk, with [`SECRET`] where webhooks are checked.
    settings: fn() -> Value,
    /// A message from [`PEER`] with [`TEXT`], as `form` or as `body`.
    message: fn() -> Value,
    /// The header that holds the signature; each of its bytes is altered too.
    signature: Option<&'static str>,
}

const VENDORS: &[Vendor] = &[
    Vendor {
        carrier: "twilio",
        settings: || json!({ "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": SECRET }),
        message: || {
            json!({ "form": {
                "MessageSid": "SM0123456789abcdef0123456789abcdef", "AccountSid": "AC0123456789abcdef0123456789abcdef",
                "From": PEER, "To": OUR_NUMBER, "Body": TEXT, "NumMedia": "0", "NumSegments": "1",
            } })
        },
        signature: Some("x-twilio-signature"),
    },
    Vendor {
        carrier: "plivo",
        settings: || json!({ "auth_id": "MAXXXXXXXXXXXXXXXXXX", "auth_token": SECRET }),
        message: || {
            json!({ "form": {
                "MessageUUID": "5b40a428-bfc7-4daf-9d06-726c558bf3b8", "From": bare(PEER), "To": bare(OUR_NUMBER),
                "Text": TEXT, "Type": "sms", "Units": "1", "TotalRate": "0", "MessageIntent": "none",
            } })
        },
        signature: Some("x-plivo-signature-v3"),
    },
    Vendor {
        carrier: "vonage_sms",
        settings: || json!({ "api_key": "abcd1234", "api_secret": "an-api-secret-of-ours", "signature_secret": SECRET }),
        message: || {
            json!({ "form": {
                "api-key": "abcd1234", "msisdn": bare(PEER), "to": bare(OUR_NUMBER), "messageId": "0A0000000123ABCD1",
                "text": TEXT, "type": "unicode", "keyword": "HI", "message-timestamp": "2026-11-20 12:00:00",
            } })
        },
        signature: None,
    },
    Vendor {
        carrier: "vonage",
        settings: || json!({ "api_key": "abcd1234", "api_secret": "an-api-secret-of-ours", "signature_secret": SECRET }),
        message: || {
            body(&json!({
                "channel": "sms", "message_uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab", "from": bare(PEER),
                "to": bare(OUR_NUMBER), "timestamp": "2026-11-20T12:00:00Z", "message_type": "text", "text": TEXT,
            }))
        },
        signature: Some("authorization"),
    },
    Vendor {
        carrier: "sinch",
        settings: || json!({ "service_plan_id": "plan0123456789", "api_token": "an-api-token-of-ours", "webhook_secret": SECRET }),
        message: || {
            body(&json!({
                "type": "mo_text", "id": "01FC66621XXXXX119Z8PMV1QPA", "from": bare(PEER), "to": bare(OUR_NUMBER),
                "body": TEXT, "received_at": "2026-11-20T12:00:00.000Z",
            }))
        },
        signature: Some("x-sinch-webhook-signature"),
    },
    Vendor {
        carrier: "seven",
        settings: || json!({ "api_key": "an-api-key-of-ours", "signing_secret": SECRET }),
        message: || {
            body(&json!({
                "webhook_event": "sms_mo", "webhook_timestamp": "2026-11-20 12:00:00",
                "data": { "id": "681590", "sender": bare(PEER), "system": bare(OUR_NUMBER), "text": TEXT, "time": "1795000000" },
            }))
        },
        signature: Some("x-signature"),
    },
];

fn bare(number: &str) -> &str {
    number.trim_start_matches('+')
}

fn body(value: &Value) -> Value {
    json!({ "body": value.to_string() })
}

/// A webhook as a library signed it.
#[derive(Clone)]
struct Signed {
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Vendor {
    /// Has the library sign; `None` where it is not installed.
    fn sign(&self, libraries: &Path, url: &str) -> Option<Signed> {
        let scripts = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vendor_sdks");
        let mut command = match self.carrier {
            "seven" => {
                let mut command = Command::new("node");
                command.arg(format!("{scripts}/sign.mjs")).arg(libraries);
                libraries.join("node_modules/@seven.io").is_dir().then_some(command)
            }
            _ => {
                let python = libraries.join("bin/python");
                let mut command = Command::new(&python);
                command.arg("-B").arg(format!("{scripts}/sign.py"));
                python.exists().then_some(command)
            }
        }?;
        let mut wanted = json!({ "carrier": self.carrier, "secret": SECRET, "url": url });
        wanted.as_object_mut().expect("an object").extend((self.message)().as_object().expect("an object").clone());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        child.stdin.take().expect("a pipe").write_all(wanted.to_string().as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{}: the library did not sign", self.carrier);
        let signed: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let headers = signed["headers"].as_object().expect("headers");
        Some(Signed {
            path: signed["url"].as_str().expect("an address").trim_start_matches(BASE).to_owned(),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().expect("a text").to_owned()))
                .collect(),
            body: signed["body"].as_str().expect("a body").as_bytes().to_vec(),
        })
    }
}

/// Everything that one changed bit makes of a webhook: in each byte of the body, and of the signature.
fn altered(good: &Signed, signature: Option<&str>) -> Vec<(String, Signed)> {
    let mut all = Vec::new();
    for at in 0..good.body.len() {
        let mut bad = good.clone();
        bad.body[at] ^= 1;
        all.push((format!("byte {at} of the body"), bad));
    }
    let Some(header) = good.headers.iter().position(|(name, _)| Some(name.as_str()) == signature) else { return all };
    let value = &good.headers[header].1;
    // "Bearer" is no part of the token.
    let from = value.find(' ').map_or(0, |at| at + 1);
    for at in from..value.len() {
        let mut bytes = value.clone().into_bytes();
        bytes[at] ^= 1;
        let mut bad = good.clone();
        bad.headers[header].1 = String::from_utf8(bytes).expect("still ASCII");
        all.push((format!("byte {at} of the signature"), bad));
    }
    all
}

struct Door {
    house: House,
    router: Router,
    key: String,
}

impl Door {
    async fn for_trunk(vendor: &Vendor) -> Door {
        let house = House::new().await;
        let trunk = house.trunk(vendor.carrier, (vendor.settings)()).await;
        let clock = Clock::system();
        let http = HttpClient::new(ClientSettings::new(tls::client(None).expect("roots")), clock.clone());
        let switchboard = Switchboard::new(http, SimulatorHandle::new(clock.clone()), Some(BASE.into()), clock);
        let rows = house.desk.store.read(|db| db.trunks()).await.expect("readable");
        let key = rows.iter().find(|row| row.id == trunk).expect("there").webhook_key.expose().to_owned();
        assert!(switchboard.set(rows.into_iter().map(as_set_up).collect()).is_empty(), "{}", vendor.carrier);
        let router = WebhookDoor::new(house.desk.clone(), switchboard).router();
        Door { house, router, key }
    }

    async fn ask(&self, signed: &Signed) -> u16 {
        let mut request = Request::post(&signed.path);
        for (name, value) in &signed.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(signed.body.clone())).expect("a good request");
        self.router.clone().oneshot(request).await.expect("it always answers").status().as_u16()
    }
}

fn as_set_up(row: Trunk) -> TrunkSettings {
    TrunkSettings {
        id: row.id,
        settings: row.merged_settings(),
        name: row.name,
        carrier: row.carrier,
        enabled: row.enabled,
        webhook_key: row.webhook_key.expose().to_owned(),
        mps: row.mps,
        send_again_when_uncertain: false,
    }
}

/// The record, as a person would read it.
#[derive(Clone, Default)]
struct Record(Arc<Mutex<Vec<u8>>>);

impl Record {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().expect("nobody panicked"))).expect("text")
    }
}

impl Write for Record {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn what_the_vendors_own_libraries_sign_is_taken_and_one_altered_byte_is_refused_with_a_line_that_says_why() {
    let Some(libraries) = std::env::var_os("DEPESCHE_VENDOR_SDKS").map(PathBuf::from).filter(|path| path.is_dir())
    else {
        println!("skipped: webhooks signed by the vendors' own libraries (DEPESCHE_VENDOR_SDKS names no folder)");
        return;
    };
    let record = Record::default();
    let writer = record.clone();
    let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let _guard = tracing::subscriber::set_default(lines);
    for vendor in VENDORS {
        if depesche::carrier::find(vendor.carrier).is_none() {
            println!("skipped: {} is not spoken yet", vendor.carrier);
            continue;
        }
        let door = Door::for_trunk(vendor).await;
        let Some(good) = vendor.sign(&libraries, &format!("{BASE}/hook/{}", door.key)) else {
            println!("skipped: {} (its library is not in {})", vendor.carrier, libraries.display());
            continue;
        };
        record.take();

        for (what, bad) in altered(&good, vendor.signature) {
            // Without the name `sig` there is no signature at all.
            let unsigned = vendor.signature.is_none() && !String::from_utf8_lossy(&bad.body).contains("&sig=");
            assert_eq!(door.ask(&bad).await, if unsigned { 401 } else { 403 }, "{}: {what}", vendor.carrier);
        }
        let said = record.take();
        assert!(
            said.contains("Trunk Provider: a webhook was refused: the signature does not fit"),
            "{}: {said}",
            vendor.carrier
        );
        assert!(!said.contains(SECRET) && !said.contains(&door.key), "{}: {said}", vendor.carrier);
        assert_eq!(door.house.count("SELECT count(*) FROM messages"), 0, "{}", vendor.carrier);

        assert_eq!(door.ask(&good).await, 200, "{}", vendor.carrier);
        assert_eq!(door.house.texts("SELECT text FROM messages"), [TEXT], "{}", vendor.carrier);
    }
}
