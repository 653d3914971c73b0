//! What every dialect promises, asked of each line of the table. A new dialect brings its cases (`cases/NAME.rs`) and
//! recorded exchanges (`src/carrier/NAME/exchanges/*.json`); nothing else is needed to hold it to this.

mod cases;
mod files;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cases::{ALL, Case, HOOK, NOW, What};
use depesche::carrier::CARRIERS;
use depesche::carrier::dialect::{
    AskStep, Heard, OutboundMedia, OutboundMessage, Question, Refusal, Request, Said, Step,
};
use depesche::carrier::redact::{redact, redact_headers};
use depesche::domain::address::Address;
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::SendError;
use depesche::domain::time::Timestamp;
use http::HeaderValue;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;

/// An id as most carriers could have given.
const CARRIER_ID: &str = "SM0123456789abcdef0123456789abcdef";

fn every_case() -> impl Iterator<Item = &'static Case> {
    ALL.iter().flat_map(|cases| cases.iter())
}

/// The message of an exchange: as usual for the case, but for what the exchange says.
fn message(case: &Case, overrides: &Value) -> OutboundMessage {
    let text = |key: &str, usual: &str| overrides[key].as_str().unwrap_or(usual).to_owned();
    let address = |text: String| Address::parse(&text).expect("a number");
    let kind = ChannelKind::from_word(&text("kind", case.kind.as_str())).expect("a kind");
    let (from, to) = (address(text("from", case.number)), address(text("to", case.peer)));
    let file = |file: &Value| OutboundMedia {
        url: file["url"].as_str().map(str::to_owned),
        bytes: Bytes::from(file["bytes"].as_str().unwrap_or("bytes of a picture").to_owned()),
        media_type: file["type"].as_str().unwrap_or("image/jpeg").to_owned(),
        file_name: file["name"].as_str().unwrap_or("picture.jpg").to_owned(),
    };
    OutboundMessage {
        media: overrides["media"].as_array().map(|files| files.iter().map(file).collect()).unwrap_or_default(),
        rich: overrides.get("rich").map(|rich| serde_json::from_value(rich.clone()).expect("a rich message")),
        in_reply_to: overrides["in_reply_to"].as_str().map(str::to_owned),
        report_url: Some(HOOK.into()),
        valid_for: Some(Duration::from_secs(3600)),
        ..OutboundMessage::text("ref-0123456789abcdef", kind, from, to, &text("text", "Grüße & 1+1=2"))
    }
}

/// Every call a dialect makes at first: for sending and for each question.
fn calls(case: &Case) -> Vec<Request> {
    let (dialect, message) = (case.dialect(), message(case, &Value::Null));
    let mut calls = Vec::new();
    match dialect.next(&message, &[]).expect("a good message is sent") {
        Step::Upload(request) | Step::Call(request) => calls.push(request),
        Step::Done(_) => panic!("nothing is done without a call"),
    }
    let (kind, number) = (case.kind, message.from.clone());
    for question in [
        Question::Credentials,
        Question::Status { carrier_id: CARRIER_ID.into() },
        Question::Taken { message, since: NOW },
        Question::Inbox { since: NOW },
        Question::Sender { kind, number: number.clone() },
        Question::Callback { kind, number, url: HOOK.into() },
        Question::Credit,
        Question::Templates,
    ] {
        if let Some(step) = dialect.ask(&question, &[]) {
            match step.expect("a good question is asked") {
                AskStep::Call(request) | AskStep::File { call: request, .. } => calls.push(request),
                // The carrier inside knows by itself: nothing is called, nothing can leak.
                AskStep::Known(known) => assert_eq!(case.name, "simulator", "{known:?} without a call"),
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
fn every_line_of_the_table_has_a_case_and_two_languages() {
    // What speaks SIP has no calls and no webhooks; its own tests hold it to the same promises.
    for entry in CARRIERS.iter().filter(|entry| entry.name != "sip") {
        assert!(every_case().any(|case| case.name == entry.name), "{} needs a case", entry.name);
        assert!(entry.fields.iter().any(|field| field.secret), "{} has no secret", entry.name);
        for field in entry.fields.iter().filter(|field| !field.hint.is_empty()) {
            assert!(!field.german.is_empty(), "{}: {} has no German label", entry.name, field.key);
            assert!(!field.hint_german.is_empty(), "{}: {} has no German hint", entry.name, field.key);
        }
    }
}

#[test]
fn a_well_signed_webhook_is_understood() {
    for case in every_case() {
        if let Some(heard) = (case.webhook)(What::Message) {
            let told = case.dialect().hear(&heard, NOW).expect(case.name);
            let Said::Message(message) = &told.said[0] else { panic!("{}", case.name) };
            assert_eq!((message.from.as_str(), message.to.as_str()), (case.peer, case.number), "{}", case.name);
            assert_eq!((message.text.as_str(), message.kind), ("Grüße & 1+1=2", case.kind), "{}", case.name);
            assert!(told.answer.status().is_success(), "{}", case.name);
        }
        if let Some(heard) = (case.webhook)(What::Report) {
            let told = case.dialect().hear(&heard, NOW).expect(case.name);
            let Said::DeliveryReport(report) = &told.said[0] else { panic!("{}", case.name) };
            assert_eq!(report.state, case.report.state, "{}", case.name);
            assert_eq!(report.reference.as_deref(), case.report.reference, "{}", case.name);
            if case.report.carrier_id.is_some() {
                assert_eq!(report.carrier_id.as_deref(), case.report.carrier_id, "{}", case.name);
            }
            assert!(report.reference.is_some() || report.carrier_id.is_some(), "{}: about what?", case.name);
            assert_eq!(report.reason.as_ref().map(|reason| reason.code.as_str()), case.report.reason, "{}", case.name);
        } else {
            assert!(!case.dialect().limits().reports, "{} reports, but the case has no report", case.name);
        }
    }
}

#[test]
fn an_unknown_event_is_no_error() {
    for case in every_case() {
        let Some(heard) = (case.webhook)(What::Unknown) else { continue };
        let told = case.dialect().hear(&heard, NOW).expect(case.name);

        assert!(matches!(told.said.as_slice(), [Said::Other { .. }]), "{}: {told:?}", case.name);
    }
}

#[test]
fn what_is_no_webhook_at_all_is_refused_or_noted_and_never_believed() {
    for case in every_case() {
        let Some(good) = (case.webhook)(What::Message) else { continue };
        for body in ["", "{", "null", "[]", "\u{0}", "a=b", "<x/>", "[[[[[[[[", "{\"data\":{}}"] {
            let heard = Heard { body: Bytes::from(body.to_owned()), url: HOOK.into(), ..good.clone() };
            if let Ok(told) = case.dialect().hear(&heard, NOW) {
                let noted = told.said.iter().all(|said| matches!(said, Said::Other { .. }));
                assert!(noted, "{}: {body:?} was taken for {:?}", case.name, told.said);
            }
        }
    }
}

/// A case with a signature: its header and its webhook.
fn signed() -> impl Iterator<Item = (&'static Case, &'static str, Heard)> {
    every_case().filter_map(|case| Some((case, case.signature?, (case.webhook)(What::Message)?)))
}

#[test]
fn a_webhook_without_signature_is_refused() {
    for (case, signature, mut heard) in signed() {
        heard.headers.remove(signature);
        assert!(matches!(case.dialect().hear(&heard, NOW), Err(Refusal::Unsigned(_))), "{}", case.name);

        heard.headers.insert(signature, HeaderValue::from_static(""));
        assert!(case.dialect().hear(&heard, NOW).is_err(), "{}", case.name);
    }
}

#[test]
fn a_second_signature_does_not_hide_behind_the_first() {
    for (case, signature, mut heard) in signed() {
        heard.headers.append(signature, HeaderValue::from_static("x"));

        assert!(case.dialect().hear(&heard, NOW).is_err(), "{}", case.name);
    }
}

#[test]
fn no_byte_of_a_webhook_can_be_changed() {
    for case in every_case().filter(|case| case.signature.is_some()) {
        let dialect = case.dialect();
        for good in [What::Message, What::Report].into_iter().filter_map(case.webhook) {
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
    let header = case.signature.expect("only signed ones are forged");
    let signature = good.headers[header].as_bytes();
    for (at, bit) in (0..signature.len()).flat_map(|at| [1, 2, 4, 32].map(|bit| (at, bit))) {
        let mut bytes = signature.to_vec();
        bytes[at] ^= bit;
        // The word "Basic" or "Bearer" and a token's letters of the same value are no secret.
        if let Ok(value) = HeaderValue::from_bytes(&bytes).map_err(drop)
            && !bytes.eq_ignore_ascii_case(signature)
        {
            let mut forged = good.clone();
            forged.headers.insert(header, value);
            all.push(forged);
        }
    }
    for (at, bit) in
        (0..good.body.len()).filter(|_| case.signs_body).flat_map(|at| [1, 2, 4, 16, 32, 128].map(|bit| (at, bit)))
    {
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
    for case in every_case() {
        let Some(heard) = (case.webhook)(What::Message) else { continue };
        let dialect = case.dialect();
        let first = dialect.hear(&heard, NOW).expect(case.name).said;

        let soon = dialect.hear(&heard, NOW.plus(Duration::from_secs(case.repeats_within_s))).expect(case.name).said;
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
    for case in every_case() {
        let dialect = case.dialect();
        let secrets = dialect.secrets();
        for canary in case.canaries() {
            assert!(secrets.contains(&canary), "{} keeps {canary} to itself", case.name);
        }
        for request in calls(case) {
            let log = logged(&request, &secrets).join("\n");
            assert!(!log.contains("canary") && !log.contains(&STANDARD.encode("canary")[..6]), "{}: {log}", case.name);
        }
        if let Some((signature, webhook)) = case.signature.zip((case.webhook)(What::Message)) {
            let log = redact_headers(&webhook.headers, &secrets);
            let shown = log.iter().find(|(name, _)| name == signature).expect("it is there");
            assert_eq!(shown.1, "***", "{}: a signature helps whoever wants to guess the key", case.name);
        }
    }
}

#[test]
fn every_recorded_exchange_ends_as_written_and_every_end_is_recorded() {
    let record = std::env::var_os("DEPESCHE_RECORD_EXCHANGES").is_some();
    for case in every_case() {
        let folder = format!("{}/src/carrier/{}/exchanges", env!("CARGO_MANIFEST_DIR"), case.name);
        let mut ends = BTreeSet::new();
        for file in std::fs::read_dir(&folder).expect("a folder of exchanges") {
            let file = file.expect("a file").path();
            let mut exchange: Value = serde_json::from_slice(&std::fs::read(&file).expect("readable")).expect("JSON");
            if record {
                write_requests(case, &mut exchange);
                std::fs::write(&file, format!("{exchange:#}\n")).expect("written");
            }
            let end = played(case, &exchange, &file.display().to_string());
            assert_eq!(end, exchange["expect"], "{}", file.display());
            ends.insert(end["error"].as_str().unwrap_or("accepted").to_owned());
        }
        for end in [
            "accepted",
            "misconfigured",
            "no_credit",
            "opted_out",
            "rejected",
            "throttled",
            "unreachable",
            "unreadable",
        ] {
            let known = ends.contains(end) || case.without.contains(&end);
            assert!(known, "{}: no exchange ends {end}; only {ends:?} are recorded", case.name);
        }
    }
}

/// The steps of an exchange: one `request` and `answer`, or several under `steps` (an upload, then the message).
fn steps_of(exchange: &Value) -> Vec<&Value> {
    exchange["steps"].as_array().map_or_else(|| vec![exchange], |steps| steps.iter().collect())
}

/// Plays an exchange: each request must be as recorded; says how it ended.
fn played(case: &Case, exchange: &Value, name: &str) -> Value {
    let (dialect, message) = (case.dialect(), message(case, &exchange["message"]));
    let mut answers = Vec::new();
    for step in steps_of(exchange) {
        let request = match dialect.next(&message, &answers) {
            Ok(Step::Upload(request) | Step::Call(request)) => request,
            other => return outcome(other),
        };
        // A trunk with other credentials makes the same calls: they are blotted out.
        assert_eq!(json!(logged(&request, &dialect.secrets())), step["request"], "{name}");
        answers.push(answer_of(&step["answer"]));
    }
    outcome(dialect.next(&message, &answers))
}

/// Fills in the requests of an exchange whose answers somebody wrote down: to be read by a person, then committed.
fn write_requests(case: &Case, exchange: &mut Value) {
    let (dialect, message) = (case.dialect(), message(case, &exchange["message"]));
    let mut answers = Vec::new();
    let mut record = |step: &mut Value| {
        if let Ok(Step::Upload(request) | Step::Call(request)) = dialect.next(&message, &answers) {
            step["request"] = json!(logged(&request, &dialect.secrets()));
            answers.push(answer_of(&step["answer"]));
        }
    };
    match exchange.get_mut("steps").and_then(Value::as_array_mut) {
        Some(steps) => steps.iter_mut().for_each(&mut record),
        None => record(exchange),
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
        Ok(Step::Upload(_) | Step::Call(_)) => json!({ "error": "another call" }),
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
