//! The dialects against what others wrote: vendors' OpenAPI documents, sample webhooks, a vendor's own library, and
//! our example carrier. What must come from outside is named by the environment; a test that misses it says so.

#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

#[path = "carrier_specs/america.rs"]
mod america;
#[path = "carrier_specs/europe.rs"]
mod europe;
#[path = "carrier_specs/openapi.rs"]
mod openapi;
#[path = "carrier_specs/whatsapp.rs"]
mod whatsapp;

use bytes::Bytes;
use depesche::carrier::dialect::{
    Answer, AskStep, Carrier, Heard, Known, OutboundMessage, Question, Refusal, Request, Said, Step,
};
use depesche::domain::address::Address;
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::DeliveryState;
use depesche::domain::reason::ReasonCode;
use depesche::domain::time::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use openapi::{Document, Verdict};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const SID: &str = "SM0123456789abcdef0123456789abcdef";
const TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// The folder an environment variable names, or a line that says what is skipped.
fn folder(variable: &str, what: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(variable).map(PathBuf::from).filter(|folder| folder.is_dir());
    if folder.is_none() {
        println!("skipped: {what} ({variable} names no folder)");
    }
    folder
}

fn build(name: &str, settings: &Value) -> Box<dyn Carrier> {
    let entry = depesche::carrier::find(name).expect("it is in the table");
    (entry.build)(settings.as_object().expect("an object")).expect("the settings are good")
}

fn twilio(more: &Value) -> Box<dyn Carrier> {
    let mut settings = json!({ "account_sid": ACCOUNT, "auth_token": TOKEN });
    settings.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    build("twilio", &settings)
}

fn message(kind: ChannelKind, to: &str) -> OutboundMessage {
    OutboundMessage {
        reference: "ref-0123456789".into(),
        kind,
        from: Address::parse("+4930555000").expect("a number"),
        to: Address::parse(to).expect("an address"),
        text: "Grüße & 1+1=2".into(),
        media: Vec::new(),
        rich: None,
        in_reply_to: None,
        report_url: Some("https://pbx.example.com/hook/k3y".into()),
        valid_for: Some(Duration::from_secs(90_000)),
    }
}

fn answered(status: u16, body: &Value) -> Answer {
    http::Response::builder().status(status).body(Bytes::from(body.to_string())).expect("a good answer")
}

fn sent(dialect: &dyn Carrier, message: &OutboundMessage) -> Request {
    match dialect.next(message, &[]).expect("a good message") {
        Step::Upload(request) | Step::Call(request) => request,
        Step::Done(_) => panic!("nothing is done without a call"),
    }
}

fn asked(dialect: &dyn Carrier, question: &Question, answers: &[Answer]) -> Request {
    match dialect.ask(question, answers).expect("it can be asked").expect("a good question") {
        AskStep::Call(request) | AskStep::File { call: request, .. } => request,
        AskStep::Known(known) => panic!("{known:?} without a call"),
    }
}

#[test]
fn every_call_to_twilio_fits_its_openapi_document() {
    let Some(folder) = folder("DEPESCHE_CARRIER_SPECS", "calls against Twilio's OpenAPI document") else { return };
    let text = std::fs::read_to_string(folder.join("twilio-messages.json")).expect("the document is there");
    let document = Document::read(&text);
    let plain = twilio(&json!({}));
    let full = twilio(&json!({
        "api_key_sid": "SK0123456789abcdef0123456789abcdef", "api_key_secret": TOKEN,
        "messaging_service_sid": "MG0123456789abcdef0123456789abcdef",
    }));
    let since = Timestamp::from_seconds(1_795_000_000);
    let taken = Question::Taken { message: message(ChannelKind::WhatsApp, "wa:US.1349"), since };
    let more = json!({
        "messages": [], "next_page_uri": format!("/2010-04-01/Accounts/{ACCOUNT}/Messages.json?To=x&PageSize=200&Page=1&PageToken=PA1"),
    });
    let account = answered(200, &json!({ "status": "active", "friendly_name": "Example" }));

    for (what, request) in [
        ("an SMS", sent(&*plain, &message(ChannelKind::Sms, "+4915550012345"))),
        ("a WhatsApp message", sent(&*plain, &message(ChannelKind::WhatsApp, "wa:US.1349"))),
        ("an SMS through a service", sent(&*full, &message(ChannelKind::Sms, "+4915550012345"))),
        ("the account", asked(&*plain, &Question::Credentials, &[])),
        ("the API key", asked(&*full, &Question::Credentials, &[account])),
        ("a message's state", asked(&*plain, &Question::Status { carrier_id: SID.into() }, &[])),
        ("whether it was taken", asked(&*plain, &taken, &[])),
        ("the next page", asked(&*plain, &taken, &[answered(200, &more)])),
    ] {
        match document.check(&request) {
            Verdict::Fits => {}
            Verdict::NotThere => println!("skipped: {what} is not in the trimmed document ({})", request.uri()),
            Verdict::Wrong(why) => panic!("{what}: {why}"),
        }
    }
}

#[test]
fn the_checker_itself_refuses_what_is_wrong() {
    let document = Document::read(
        &json!({
            "servers": [{ "url": "https://api.example.com" }],
            "paths": { "/a/{Id}.json": { "post": {
                "parameters": [{ "name": "Id", "in": "path", "required": true, "schema": { "type": "string", "pattern": "^A\\d$" } }],
                "requestBody": { "content": { "application/x-www-form-urlencoded": { "schema": {
                    "type": "object", "required": ["To"], "properties": {
                        "To": { "type": "string" }, "N": { "type": "integer" }, "W": { "$ref": "#/words" } } } } } },
            } } },
            "words": { "type": "string", "enum": ["x"] },
        })
        .to_string(),
    );
    let check = |method: Method, url: &str, body: &'static str| {
        let request = http::Request::builder()
            .method(method)
            .uri(url)
            .header("content-type", "application/x-www-form-urlencoded");
        document.check(&request.body(Bytes::from_static(body.as_bytes())).expect("a request"))
    };

    assert_eq!(check(Method::POST, "https://api.example.com/a/A1.json", "To=1&N=5&W=x"), Verdict::Fits);
    assert_eq!(check(Method::POST, "https://api.example.com/b", "To=1"), Verdict::NotThere);
    for (method, url, body) in [
        (Method::POST, "https://api.example.org/a/A1.json", "To=1"),
        (Method::POST, "https://api.example.com/a/B1.json", "To=1"),
        (Method::POST, "https://api.example.com/a/A1.json?x=1", "To=1"),
        (Method::GET, "https://api.example.com/a/A1.json", ""),
        (Method::POST, "https://api.example.com/a/A1.json", "N=5"),
        (Method::POST, "https://api.example.com/a/A1.json", "To=1&N=five"),
        (Method::POST, "https://api.example.com/a/A1.json", "To=1&W=y"),
        (Method::POST, "https://api.example.com/a/A1.json", "To=1&Other=1"),
    ] {
        assert!(matches!(check(method, url, body), Verdict::Wrong(_)), "{url} {body}");
    }
}

/// A recorded request: head, empty line, body.
fn webhook(file: &Path) -> Heard {
    let raw = std::fs::read(file).expect("readable");
    let split = raw.windows(4).position(|four| four == b"\r\n\r\n").expect("a head and a body");
    let head = std::str::from_utf8(&raw[..split]).expect("the head is text");
    let mut lines = head.split("\r\n");
    let mut first = lines.next().expect("a request line").split(' ');
    let method = first.next().and_then(|word| word.parse().ok()).expect("a method");
    let path = first.next().expect("a path").to_owned();
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        headers.append(name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"));
    }
    let url = format!("https://{}{path}", headers["host"].to_str().expect("a host"));
    Heard { method, url, headers, body: Bytes::copy_from_slice(&raw[split + 4..]), caller: None }
}

/// What stands behind `label: ` in the page of recipes.
fn recipe<'a>(page: &'a str, label: &str) -> &'a str {
    let line = page.lines().find_map(|line| line.strip_prefix(label)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("the recipes name a {label}"))
}

#[test]
fn sample_webhooks_of_twilio_are_verified_and_understood() {
    let Some(folder) = folder("DEPESCHE_WEBHOOKS", "Twilio's sample webhooks") else { return };
    let page = std::fs::read_to_string(folder.join("SIGNING.md")).expect("the recipes are there");
    let plain = twilio(&json!({ "auth_token": recipe(&page, "auth token") }));
    let mut heard = 0;
    for file in std::fs::read_dir(folder.join("twilio")).expect("samples") {
        let file = file.expect("a file").path();
        let request = webhook(&file);
        let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let settings = request.header("x-twilio-webhooks-signature-settings");
        let shared = settings.map(|settings| {
            let id = settings.trim_start_matches("key=").split(',').next().expect("an id");
            twilio(&json!({ "shared_key_id": id, "shared_key_secret": recipe(&page, "shared key secret") }))
        });
        let dialect = shared.as_ref().unwrap_or(&plain);
        let told = dialect.hear(&request, Timestamp(0)).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));

        match (name.split('-').next(), told.said.as_slice()) {
            (Some("inbound"), [Said::Message(message)]) => {
                assert_eq!(message.kind == ChannelKind::WhatsApp, name.contains("whatsapp"), "{name}");
                assert_eq!(message.media.len(), if name.contains("media") { 2 } else { 0 }, "{name}");
                assert!(name.contains("media") || !message.text.is_empty(), "{name}");
            }
            (Some("status"), [Said::DeliveryReport(report)]) => {
                let delivered = name.ends_with("-delivered");
                let state = if delivered { DeliveryState::Delivered } else { DeliveryState::Undelivered };
                assert_eq!(report.state, state, "{name}");
                let code = report.reason.as_ref().map(|reason| reason.code);
                assert_eq!(code, (!delivered).then_some(ReasonCode::NumberInvalid), "{name}");
            }
            (Some("json"), [Said::Other { .. }]) => {}
            (_, said) => panic!("{name}: {said:?}"),
        }
        let mut forged = request.clone();
        forged.body = [&request.body[..], b"1"].concat().into();
        assert!(dialect.hear(&forged, Timestamp(0)).is_err(), "{name}: a changed body is refused");
        heard += 1;
    }
    assert!(heard >= 7, "only {heard} samples");
}

#[test]
fn a_trunk_with_a_shared_key_takes_nothing_signed_with_the_token() {
    let Some(folder) = folder("DEPESCHE_WEBHOOKS", "downgrading a shared key") else { return };
    let page = std::fs::read_to_string(folder.join("SIGNING.md")).expect("the recipes are there");
    let both = twilio(&json!({
        "auth_token": recipe(&page, "auth token"),
        "shared_key_id": "some-key", "shared_key_secret": recipe(&page, "shared key secret"),
    }));
    let token_signed = webhook(&folder.join("twilio/inbound-text.http"));

    assert!(matches!(both.hear(&token_signed, Timestamp(0)), Err(Refusal::Unsigned(_))));
}

#[test]
fn signatures_of_twilios_own_library_are_accepted() {
    let Some(python) = std::env::var_os("DEPESCHE_TWILIO_PYTHON") else {
        println!("skipped: signatures of Twilio's own library (DEPESCHE_TWILIO_PYTHON names no python with twilio)");
        return;
    };
    let url = "https://pbx.example.com/hook/k3y?trunk=7";
    let params = json!({ "MessageSid": SID, "From": "whatsapp:+4915550012345", "To": "whatsapp:+4930555000", "Body": "Grüße 😀 & +=%", "NumMedia": "0", "Empty": "" });
    let body = r#"{"a":"ü"}"#;
    for (token, wanted) in [
        (TOKEN, json!({ "params": params })),
        (TOKEN, json!({ "params": params, "url": "https://pbx.example.com:443/hook/k3y?trunk=7" })),
        (TOKEN, json!({ "body": body })),
        ("shared-key-secret", json!({ "params": params, "algorithm": "HMAC_SHA256" })),
    ] {
        let mut input = json!({ "token": token, "url": url });
        input.as_object_mut().expect("an object").extend(wanted.as_object().expect("an object").clone());
        let signed = run_signer(&python, &input);

        let shared = wanted["algorithm"].is_string();
        let more = if shared { json!({ "shared_key_id": "k1", "shared_key_secret": token }) } else { json!({}) };
        let called = if wanted["url"].is_string() { url } else { signed["url"].as_str().expect("an address") };
        let mut request = Heard {
            method: Method::POST,
            url: called.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            caller: None,
        };
        let mut header = |name: &'static str, value: &str| {
            request.headers.insert(name, HeaderValue::from_str(value).expect("a header"));
        };
        header("x-twilio-signature", signed["signature"].as_str().expect("a signature"));
        if shared {
            header("x-twilio-webhooks-signature-settings", "key=k1,algorithm=HMAC_SHA256");
        }
        header(
            "content-type",
            if wanted["body"].is_string() { "application/json" } else { "application/x-www-form-urlencoded" },
        );
        request.body = match wanted["body"].as_str() {
            Some(body) => Bytes::copy_from_slice(body.as_bytes()),
            None => {
                let pairs = params
                    .as_object()
                    .expect("an object")
                    .iter()
                    .map(|(name, value)| (name, value.as_str().expect("a text")));
                form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into()
            }
        };
        let told = twilio(&more).hear(&request, Timestamp(0));
        assert!(told.is_ok(), "{wanted}: {told:?}");
    }
}

fn run_signer(python: &std::ffi::OsStr, input: &Value) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/e2e/twilio_sign.py");
    let mut child =
        Command::new(python).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python starts");
    child.stdin.take().expect("a pipe").write_all(input.to_string().as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// The example carrier as a process; it ends with the test.
struct Example {
    child: Child,
    address: String,
    /// Kept open: the example writes a line for each message.
    _output: BufReader<ChildStdout>,
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/configs/examples/generic_carrier.py");

fn example() -> Option<Example> {
    let start = Command::new("python3")
        .args([SCRIPT, "serve", "--port", "0", "--api-key", "demo-api-key", "--secret", "demo-webhook-secret"])
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = start else {
        println!("skipped: the example carrier (there is no python3)");
        return None;
    };
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    output.read_line(&mut line).expect("it says where it listens");
    let address =
        line.trim().strip_prefix("listening on http://").and_then(|rest| rest.split('/').next()).expect("an address");
    Some(Example { address: address.to_owned(), child, _output: output })
}

/// One call over a plain connection, closed afterwards.
fn call(request: &Request) -> Answer {
    let authority = request.uri().authority().expect("an address").as_str();
    let mut stream = TcpStream::connect(authority).expect("it listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let target = request.uri().path_and_query().expect("a path");
    let mut head = format!(
        "{} {target} HTTP/1.0\r\nhost: {authority}\r\ncontent-length: {}\r\n",
        request.method(),
        request.body().len()
    );
    for (name, value) in request.headers() {
        head.push_str(&format!("{name}: {}\r\n", value.to_str().expect("a text")));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("it reads");
    stream.write_all(request.body()).expect("it reads");
    let mut raw = String::new();
    stream.read_to_string(&mut raw).expect("it answers");
    let (head, body) = raw.split_once("\r\n\r\n").expect("a head and a body");
    let status: u16 = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    http::Response::builder().status(status).body(Bytes::copy_from_slice(body.as_bytes())).expect("an answer")
}

/// Takes one webhook and thanks for it.
fn take_webhook(listener: &TcpListener, url: &str) -> Heard {
    let (mut stream, _) = listener.accept().expect("somebody calls");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a request line");
    let mut headers = HeaderMap::new();
    loop {
        line.clear();
        reader.read_line(&mut line).expect("a header");
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.append(name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"));
    }
    let length: usize = headers["content-length"].to_str().ok().and_then(|text| text.parse().ok()).expect("a length");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).expect("a body");
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").expect("it reads");
    Heard { method: Method::POST, url: url.into(), headers, body: body.into(), caller: None }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    Timestamp(i64::try_from(since.as_millis()).expect("before the year 292 million"))
}

#[test]
fn the_example_carrier_speaks_the_general_sms_api() {
    let Some(example) = example() else { return };
    let base = format!("http://{}/v1", example.address);
    let dialect = build(
        "generic",
        &json!({
            "send_url": format!("{base}/messages"), "api_key": "demo-api-key", "webhook_secret": "demo-webhook-secret",
            "check_url": format!("{base}/account"), "status_url": format!("{base}/messages/{{id}}"),
            "lookup_url": format!("{base}/messages?reference={{reference}}"), "idempotent": "yes",
        }),
    );
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let hook = format!("http://{}/hook", listener.local_addr().expect("an address"));
    let mut message = message(ChannelKind::Sms, "+4915550012345");
    message.report_url = Some(hook.clone());
    let ask = |question: Question| {
        let answer = call(&asked(&*dialect, &question, &[]));
        match dialect.ask(&question, &[answer]).expect("it can be asked").expect("it answers") {
            AskStep::Known(known) => known,
            AskStep::Call(_) | AskStep::File { .. } => panic!("one call is enough"),
        }
    };

    assert!(matches!(ask(Question::Credentials), Known::CredentialsGood(_)));
    assert_eq!(ask(Question::Taken { message: message.clone(), since: now() }), Known::NotTaken);

    let request = sent(&*dialect, &message);
    let accept = || match dialect.next(&message, &[call(&request)]).expect("taken") {
        Step::Done(accepted) => accepted.carrier_id,
        Step::Upload(_) | Step::Call(_) => panic!("one call is enough"),
    };
    let id = accept();
    assert_eq!(accept(), id, "the same key is taken once");
    assert!(
        matches!(ask(Question::Taken { message: message.clone(), since: now() }), Known::Taken(taken) if taken.carrier_id == id)
    );
    assert!(
        matches!(ask(Question::Status { carrier_id: id.clone() }), Known::State(report) if report.carrier_id.as_deref() == Some(&id))
    );

    for state in [DeliveryState::Sent, DeliveryState::Delivered] {
        let told = dialect.hear(&take_webhook(&listener, &hook), now()).expect("well signed");
        let [Said::DeliveryReport(report)] = told.said.as_slice() else { panic!("{told:?}") };
        assert_eq!((report.state, report.reference.as_deref()), (state, Some(message.reference.as_str())));
    }

    let mut customer = Command::new("python3")
        .args([SCRIPT, "write", "--hook", &hook, "--secret", "demo-webhook-secret"])
        .args(["--from", "+15550100123", "--to", "+4930555000", "--text", "Hello ü"])
        .stdout(Stdio::null())
        .spawn()
        .expect("python3 is there");
    let told = dialect.hear(&take_webhook(&listener, &hook), now()).expect("well signed");
    let [Said::Message(inbound)] = told.said.as_slice() else { panic!("{told:?}") };
    assert_eq!((inbound.from.as_str(), inbound.text.as_str()), ("+15550100123", "Hello ü"));
    assert!(customer.wait().expect("it ends").success());
}

#[test]
fn the_worked_example_of_the_contract_is_right() {
    let page = include_str!("../configs/carriers/generic.md");
    let signature =
        page.split("X-Signature-256: ").find(|part| part.starts_with("sha256=") && !part.starts_with("sha256=$"));
    let signature = signature.and_then(|part| part.split('`').next()).expect("an example");
    let dialect = build(
        "generic",
        &json!({ "send_url": "https://sms.example.com", "api_key": "demo-api-key", "webhook_secret": "demo-webhook-secret" }),
    );
    let mut headers = HeaderMap::new();
    headers.insert("x-timestamp", HeaderValue::from_static("1795000000"));
    headers.insert("x-signature-256", HeaderValue::from_str(signature).expect("a header"));
    let body = Bytes::from_static(br#"{"event":"ping","id":"1"}"#);
    let request =
        Heard { method: Method::POST, url: "https://pbx.example.com/hook/k3y".into(), headers, body, caller: None };

    assert!(dialect.hear(&request, Timestamp::from_seconds(1_795_000_000)).is_ok());
}

#[test]
fn the_simulators_page_lists_every_behaviour_as_it_is() {
    let page = include_str!("../configs/carriers/simulator.md");
    for behaviour in depesche::carrier::simulator::behaviour::Behaviour::ALL {
        let row = format!("| {} | `sim:{}` | {} |", behaviour.ending(), behaviour.as_str(), behaviour.english());
        assert!(page.contains(&row), "configs/carriers/simulator.md needs: {row}");
    }
}

#[test]
fn every_setting_of_a_documented_carrier_is_on_its_page() {
    for (name, page) in [
        ("twilio", include_str!("../configs/carriers/twilio.md")),
        ("generic", include_str!("../configs/carriers/generic.md")),
        ("whatsapp", include_str!("../configs/carriers/whatsapp.md")),
        ("telnyx", include_str!("../configs/carriers/telnyx.md")),
        ("signalwire", include_str!("../configs/carriers/signalwire.md")),
        ("bandwidth", include_str!("../configs/carriers/bandwidth.md")),
        ("plivo", include_str!("../configs/carriers/plivo.md")),
        ("vonage_sms", include_str!("../configs/carriers/vonage_sms.md")),
        ("vonage", include_str!("../configs/carriers/vonage.md")),
        ("seven", include_str!("../configs/carriers/seven.md")),
        ("sinch", include_str!("../configs/carriers/sinch.md")),
        ("infobip", include_str!("../configs/carriers/infobip.md")),
        ("messagebird", include_str!("../configs/carriers/messagebird.md")),
        ("bird", include_str!("../configs/carriers/bird.md")),
    ] {
        for field in depesche::carrier::find(name).expect("it is in the table").fields {
            assert!(
                page.contains(&format!("`{}`", field.key)),
                "configs/carriers/{name}.md does not tell of {}",
                field.key
            );
        }
    }
}
