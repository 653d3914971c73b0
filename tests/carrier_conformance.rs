//! What every dialect promises, asked of each line of the table. A new dialect brings a [`Case`] and recorded
//! exchanges (`src/carrier/NAME/exchanges/*.json`); nothing else is needed to hold it to this.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use depesche::carrier::dialect::{AskStep, Carrier, Heard, OutboundMessage, Question, Refusal, Request, Said, Step};
use depesche::carrier::redact::{redact, redact_headers};
use depesche::carrier::{CARRIERS, sign};
use depesche::domain::address::Address;
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::{DeliveryState, SendError};
use depesche::domain::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_795_000_000_000);
const HOOK: &str = "https://pbx.example.com/hook/k3y";
const SID: &str = "SM0123456789abcdef0123456789abcdef";

/// What the tests must know of a dialect that they cannot read from it.
struct Case {
    name: &'static str,
    /// Settings with every secret a canary.
    settings: fn() -> Value,
    /// A webhook, well signed at [`NOW`].
    webhook: fn(What) -> Heard,
    /// The header that carries the signature.
    signature: &'static str,
    /// Whether the address is signed too.
    signs_url: bool,
    /// Whether the signature grows old.
    signs_time: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum What {
    Message,
    Report,
    Unknown,
}

const CASES: &[Case] = &[
    Case {
        name: "twilio",
        settings: || {
            json!({
                "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "canary-auth-token-1",
                "auth_token_2": "canary-auth-token-2", "api_key_sid": "SK0123456789abcdef0123456789abcdef",
                "api_key_secret": "canary-api-key-secret",
            })
        },
        webhook: |what| twilio(what, None),
        signature: "x-twilio-signature",
        signs_url: true,
        signs_time: false,
    },
    Case {
        name: "twilio",
        settings: || {
            json!({
                "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "canary-auth-token-1",
                "shared_key_id": "webhooks_key_1", "shared_key_secret": "canary-shared-key-secret",
            })
        },
        webhook: |what| twilio(what, Some("canary-shared-key-secret")),
        signature: "x-twilio-signature",
        signs_url: true,
        signs_time: false,
    },
    Case {
        name: "generic",
        settings: || {
            json!({
                "send_url": "https://sms.example.com/v1/messages", "api_key": "canary-api-key",
                "webhook_secret": "canary-webhook-secret-1", "webhook_secret_2": "canary-webhook-secret-2",
                "check_url": "https://sms.example.com/v1/account", "status_url": "https://sms.example.com/v1/messages/{id}",
                "lookup_url": "https://sms.example.com/v1/messages?reference={reference}",
            })
        },
        webhook: |what| general(what, "canary-webhook-secret-2"),
        signature: "x-signature-256",
        signs_url: false,
        signs_time: true,
    },
    Case {
        name: "simulator",
        settings: || json!({ "secret": "canary-simulator-secret" }),
        webhook: |what| general(what, "canary-simulator-secret"),
        signature: "x-signature-256",
        signs_url: false,
        signs_time: true,
    },
];

impl Case {
    fn dialect(&self) -> Box<dyn Carrier> {
        let entry = depesche::carrier::find(self.name).expect("it is in the table");
        let settings = (self.settings)();
        (entry.build)(settings.as_object().expect("an object")).expect("the settings are good")
    }

    fn canaries(&self) -> Vec<String> {
        let settings = (self.settings)();
        let texts = settings.as_object().expect("an object").values().filter_map(Value::as_str);
        texts.filter(|text| text.starts_with("canary")).map(str::to_owned).collect()
    }
}

fn heard(url: String, kind: &str, headers: &[(&'static str, String)], body: String) -> Heard {
    let mut all = HeaderMap::new();
    all.insert("content-type", HeaderValue::from_str(kind).expect("a header"));
    for (name, value) in headers {
        all.insert(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
    }
    Heard { method: Method::POST, url, headers: all, body: Bytes::from(body) }
}

fn twilio(what: What, shared_key: Option<&str>) -> Heard {
    let mut pairs = match what {
        What::Message => {
            vec![("From", "+4915550012345"), ("To", "+4930555000"), ("Body", "Grüße & 1+1=2"), ("NumMedia", "0")]
        }
        What::Report => vec![("MessageStatus", "undelivered"), ("ErrorCode", "30006"), ("To", "+4915550012345")],
        What::Unknown => vec![("EventType", "onConversationAdded"), ("ConversationSid", "CH0")],
    };
    pairs.push(("MessageSid", SID));
    pairs.push(("AccountSid", "AC0123456789abcdef0123456789abcdef"));
    let url = format!("{HOOK}?reference=ref-1");
    let mut sorted = pairs.clone();
    sorted.sort_unstable();
    let text = sorted.iter().fold(url.clone(), |text, (name, value)| text + name + value);
    let mut headers = Vec::new();
    let mac = match shared_key {
        Some(key) => {
            headers.push(("x-twilio-webhooks-signature-settings", "key=webhooks_key_1,algorithm=HMAC_SHA256".into()));
            sign::hmac_sha256(key.as_bytes(), &[text.as_bytes()])
        }
        None => sign::hmac_sha1(b"canary-auth-token-2", &[text.as_bytes()]),
    };
    headers.push(("x-twilio-signature", STANDARD.encode(mac)));
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
    heard(url, "application/x-www-form-urlencoded; charset=UTF-8", &headers, body)
}

fn general(what: What, secret: &str) -> Heard {
    let body = match what {
        What::Message => json!({
            "event": "message.received", "id": "in-1", "from": "+4915550012345", "to": "+4930555000", "text": "Grüße & 1+1=2",
        }),
        What::Report => json!({
            "event": "message.status", "id": "m-1", "reference": "ref-1", "status": "undelivered", "error": { "code": "landline" },
        }),
        What::Unknown => json!({ "event": "number.ported", "id": "x" }),
    };
    let timestamp = NOW.as_seconds().to_string();
    let signature = signature_of(secret, &timestamp, &body.to_string());
    heard(
        HOOK.into(),
        "application/json",
        &[("x-timestamp", timestamp), ("x-signature-256", signature)],
        body.to_string(),
    )
}

/// The signature of the general SMS API, written down a second time.
fn signature_of(secret: &str, timestamp: &str, body: &str) -> String {
    let text = format!("{timestamp}.{body}");
    format!("sha256={}", hex::encode(sign::hmac_sha256(secret.as_bytes(), &[text.as_bytes()])))
}

fn message(overrides: &Value) -> OutboundMessage {
    let text = |key: &str, usual: &str| overrides[key].as_str().unwrap_or(usual).to_owned();
    OutboundMessage {
        reference: "ref-0123456789abcdef".into(),
        kind: ChannelKind::from_word(&text("kind", "sms")).expect("a kind"),
        from: Address::parse(&text("from", "+4930555000")).expect("a number"),
        to: Address::parse(&text("to", "+4915550012345")).expect("a number"),
        text: text("text", "Grüße & 1+1=2"),
        report_url: Some(HOOK.into()),
        valid_for: Some(Duration::from_secs(3600)),
    }
}

/// Every call a dialect makes at first: for sending and for each question.
fn calls(dialect: &dyn Carrier) -> Vec<Request> {
    let message = message(&Value::Null);
    let mut calls = Vec::new();
    match dialect.next(&message, &[]).expect("a good message is sent") {
        Step::Call(request) => calls.push(request),
        Step::Done(_) => panic!("nothing is done without a call"),
    }
    for question in [
        Question::Credentials,
        Question::Status { carrier_id: SID.into() },
        Question::Taken { message: message.clone(), since: NOW },
    ] {
        if let Some(step) = dialect.ask(&question, &[]) {
            match step.expect("a good question is asked") {
                AskStep::Call(request) => calls.push(request),
                AskStep::Known(_) => panic!("nothing is known without a call"),
            }
        }
    }
    calls
}

/// A call as the channel log keeps it.
fn logged(request: &Request, secrets: &[String]) -> Vec<String> {
    let mut lines = vec![format!("{} {}", request.method(), redact(&request.uri().to_string(), secrets))];
    lines
        .extend(redact_headers(request.headers(), secrets).into_iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(String::new());
    lines.push(redact(&String::from_utf8_lossy(request.body()), secrets));
    lines
}

#[test]
fn every_line_of_the_table_has_a_case() {
    for entry in CARRIERS {
        assert!(CASES.iter().any(|case| case.name == entry.name), "{} needs a case", entry.name);
        assert!(entry.fields.iter().any(|field| field.secret), "{} has no secret", entry.name);
    }
}

#[test]
fn a_well_signed_webhook_is_understood() {
    for case in CASES {
        let told = |what| case.dialect().hear(&(case.webhook)(what), NOW).expect(case.name);

        let Said::Message(message) = &told(What::Message).said[0] else { panic!("{}", case.name) };
        assert_eq!((message.from.as_str(), message.to.as_str()), ("+4915550012345", "+4930555000"));
        assert_eq!((message.text.as_str(), message.kind), ("Grüße & 1+1=2", ChannelKind::Sms));
        let Said::DeliveryReport(report) = &told(What::Report).said[0] else { panic!("{}", case.name) };
        assert_eq!((report.state, report.reference.as_deref()), (DeliveryState::Undelivered, Some("ref-1")));
        assert_eq!(report.reason.as_ref().map(|reason| reason.code.as_str()), Some("landline"));
        assert!(told(What::Message).answer.status().is_success());
    }
}

#[test]
fn an_unknown_event_is_no_error() {
    for case in CASES {
        let told = case.dialect().hear(&(case.webhook)(What::Unknown), NOW).expect(case.name);

        assert!(matches!(told.said.as_slice(), [Said::Other { .. }]), "{}: {told:?}", case.name);
    }
}

#[test]
fn a_webhook_without_signature_is_refused() {
    for case in CASES {
        let mut heard = (case.webhook)(What::Message);
        heard.headers.remove(case.signature);
        assert!(matches!(case.dialect().hear(&heard, NOW), Err(Refusal::Unsigned(_))), "{}", case.name);

        heard.headers.insert(case.signature, HeaderValue::from_static(""));
        assert!(matches!(case.dialect().hear(&heard, NOW), Err(Refusal::Forged(_))), "{}", case.name);
    }
}

#[test]
fn a_second_signature_does_not_hide_behind_the_first() {
    for case in CASES {
        let mut heard = (case.webhook)(What::Message);
        heard.headers.append(case.signature, HeaderValue::from_static("x"));

        assert!(case.dialect().hear(&heard, NOW).is_err(), "{}", case.name);
    }
}

#[test]
fn no_byte_of_a_webhook_can_be_changed() {
    for case in CASES {
        let dialect = case.dialect();
        for what in [What::Message, What::Report] {
            let good = (case.webhook)(what);
            let said = dialect.hear(&good, NOW).expect(case.name).said;
            for forged in forgeries(&good, case) {
                if let Ok(told) = dialect.hear(&forged, NOW) {
                    // `%2B` and `%2b` are the same text: what is heard must be the same to the letter.
                    assert_eq!(told.said, said, "{}: {forged:?}", case.name);
                    assert_ne!(forged.body, good.body, "{}: only another writing of the form may pass", case.name);
                }
            }
        }
    }
}

/// The webhook with one bit changed: in the signature, in each byte of the body, in each byte of a signed address.
fn forgeries(good: &Heard, case: &Case) -> Vec<Heard> {
    let mut all = Vec::new();
    let signature = good.headers[case.signature].as_bytes();
    for (at, bit) in (0..signature.len()).flat_map(|at| [1, 2, 4, 32].map(|bit| (at, bit))) {
        let mut bytes = signature.to_vec();
        bytes[at] ^= bit;
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            let mut forged = good.clone();
            forged.headers.insert(case.signature, value);
            all.push(forged);
        }
    }
    for (at, bit) in (0..good.body.len()).flat_map(|at| [1, 2, 4, 16, 32, 128].map(|bit| (at, bit))) {
        let mut bytes = good.body.to_vec();
        bytes[at] ^= bit;
        all.push(Heard { body: Bytes::from(bytes), ..good.clone() });
    }
    for at in (0..good.url.len()).filter(|_| case.signs_url) {
        let mut bytes = good.url.clone().into_bytes();
        bytes[at] ^= 1;
        if let Ok(url) = String::from_utf8(bytes) {
            all.push(Heard { url, ..good.clone() });
        }
    }
    all
}

#[test]
fn a_replay_tells_the_same_again_until_it_is_too_old() {
    for case in CASES {
        let dialect = case.dialect();
        let heard = (case.webhook)(What::Message);
        let first = dialect.hear(&heard, NOW).expect(case.name).said;

        let soon = dialect.hear(&heard, NOW.plus(Duration::from_secs(300))).expect(case.name).said;
        assert_eq!(first, soon, "{}: the ids are the same, so that the second is known", case.name);
        for away in [301, -301] {
            let later = Timestamp::from_seconds(NOW.as_seconds() + away);
            let stale = matches!(dialect.hear(&heard, later), Err(Refusal::Stale(found)) if found == away);
            assert_eq!(stale, case.signs_time, "{}", case.name);
        }
    }
}

#[test]
fn no_secret_is_left_in_what_is_logged() {
    for case in CASES {
        let dialect = case.dialect();
        let secrets = dialect.secrets();
        for canary in case.canaries() {
            assert!(secrets.contains(&canary), "{} keeps {canary} to itself", case.name);
        }
        for request in calls(&*dialect) {
            let log = logged(&request, &secrets).join("\n");
            assert!(!request.uri().to_string().contains("canary"), "{}: {}", case.name, request.uri());
            assert!(!log.contains("canary") && !log.contains(&STANDARD.encode("canary")[..6]), "{}: {log}", case.name);
        }
        let webhook = (case.webhook)(What::Message);
        let log = redact_headers(&webhook.headers, &secrets);
        let signature = log.iter().find(|(name, _)| name == case.signature).expect("it is there");
        assert_eq!(signature.1, "***", "{}: a signature helps whoever wants to guess the key", case.name);
    }
}

#[test]
fn every_recorded_exchange_ends_as_written_and_every_end_is_recorded() {
    for case in CASES {
        let dialect = case.dialect();
        let folder = format!("{}/src/carrier/{}/exchanges", env!("CARGO_MANIFEST_DIR"), case.name);
        let mut ends = BTreeSet::new();
        for file in std::fs::read_dir(&folder).expect("a folder of exchanges") {
            let file = file.expect("a file").path();
            let exchange: Value = serde_json::from_slice(&std::fs::read(&file).expect("readable")).expect("JSON");

            let name = file.display();
            let message = message(&exchange["message"]);
            let Ok(Step::Call(request)) = dialect.next(&message, &[]) else { panic!("{name}: a call comes first") };
            // A trunk with a shared key sends with the auth token, where the recorded one has an API key: the same calls.
            assert_eq!(json!(logged(&request, &dialect.secrets())), exchange["request"], "{name}");
            let end = outcome(dialect.next(&message, &[answer_of(&exchange["answer"])]));
            assert_eq!(end, exchange["expect"], "{name}");
            ends.insert(end["error"].as_str().unwrap_or("accepted").to_owned());
        }
        let all = [
            "accepted",
            "misconfigured",
            "no_credit",
            "opted_out",
            "rejected",
            "throttled",
            "unreachable",
            "unreadable",
        ];
        assert!(all.iter().all(|end| ends.contains(*end)), "{}: only {ends:?} are recorded", case.name);
    }
}

fn answer_of(recorded: &Value) -> depesche::carrier::dialect::Answer {
    let status = u16::try_from(recorded["status"].as_u64().expect("a status")).expect("a status");
    let mut answer = http::Response::builder().status(status);
    for (name, value) in recorded["headers"].as_object().expect("headers") {
        answer = answer.header(name, value.as_str().expect("a text"));
    }
    let body = recorded["body"].as_str().map_or_else(|| recorded["body"].to_string(), str::to_owned);
    answer.body(Bytes::from(body)).expect("a good answer")
}

fn outcome(result: Result<Step, SendError>) -> Value {
    let coded = |word: &str, error: &SendError| {
        let reason = error.reason();
        let mut end = json!({ "error": word, "reason": reason.code.as_str() });
        if let Some(code) = reason.carrier_code {
            end["carrier_code"] = code.into();
        }
        end
    };
    match result {
        Ok(Step::Done(accepted)) => json!({ "accepted": accepted.carrier_id, "segments": accepted.segments }),
        Ok(Step::Call(_)) => json!({ "error": "another call" }),
        Err(SendError::Throttled { retry_after }) => {
            json!({ "error": "throttled", "retry_after_s": retry_after.map(|pause| pause.as_secs()) })
        }
        Err(error) => {
            let word = match &error {
                SendError::Unreachable { .. } => "unreachable",
                SendError::Rejected { .. } => "rejected",
                SendError::OptedOut { .. } => "opted_out",
                SendError::Misconfigured { .. } => "misconfigured",
                SendError::NoCredit { .. } => "no_credit",
                SendError::Unreadable { .. } | SendError::Throttled { .. } => "unreadable",
            };
            coded(word, &error)
        }
    }
}
