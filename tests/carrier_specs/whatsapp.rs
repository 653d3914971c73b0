//! WhatsApp against what Meta and others wrote: its OpenAPI document (with the patches named beside it) and sample webhooks.

use super::{answered, asked, build, folder, recipe, webhook};
use bytes::Bytes;
use depesche::carrier::dialect::{
    Answer, AskStep, Carrier, Heard, Known, OutboundMedia, OutboundMessage, Question, Refusal, Request, Said,
};
use depesche::domain::address::Address;
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::DeliveryState;
use depesche::domain::reason::ReasonCode;
use depesche::domain::rich::Rich;
use depesche::domain::template::TemplateStatus;
use depesche::domain::time::Timestamp;
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};

const HOOK: &str = "https://pbx.example.com/hook/wa";
const NUMBER: &str = "+493012345678";

fn whatsapp(app_secret: &str) -> Box<dyn Carrier> {
    build(
        "whatsapp",
        &json!({
            "access_token": "EAAG0123456789abcdef", "app_secret": app_secret, "verify_token": "our_verify_token",
            "waba_id": "102290129340398", "phone_numbers": format!("{NUMBER}=106540352242922"),
        }),
    )
}

/// A message as an exchange of the conformance test describes it.
fn message(overrides: &Value) -> OutboundMessage {
    let file = |file: &Value| OutboundMedia {
        url: file["url"].as_str().map(str::to_owned),
        bytes: Bytes::from_static(b"bytes"),
        media_type: file["type"].as_str().unwrap_or("image/jpeg").to_owned(),
        file_name: file["name"].as_str().unwrap_or("picture.jpg").to_owned(),
    };
    let to = Address::parse(overrides["to"].as_str().unwrap_or("+4915550012345")).expect("an address");
    let from = Address::parse(NUMBER).expect("a number");
    let text = overrides["text"].as_str().unwrap_or("Grüße");
    OutboundMessage {
        media: overrides["media"].as_array().map(|files| files.iter().map(file).collect()).unwrap_or_default(),
        rich: overrides.get("rich").map(|rich| serde_json::from_value(rich.clone()).expect("rich")),
        in_reply_to: overrides["in_reply_to"].as_str().map(str::to_owned),
        ..OutboundMessage::text("ref-0123456789", ChannelKind::WhatsApp, from, to, text)
    }
}

/// The calls of every exchange that ends well, and of every question.
fn every_call(dialect: &dyn Carrier) -> Vec<(String, Request)> {
    let mut all = Vec::new();
    let exchanges = concat!(env!("CARGO_MANIFEST_DIR"), "/src/carrier/whatsapp/exchanges");
    for file in std::fs::read_dir(exchanges).expect("exchanges") {
        let file = file.expect("a file").path();
        let exchange: Value = serde_json::from_slice(&std::fs::read(&file).expect("readable")).expect("JSON");
        if exchange["expect"]["accepted"].is_string() {
            let message = message(&exchange["message"]);
            let mut answers: Vec<Answer> = Vec::new();
            while let Some(call) = dialect.next(&message, &answers).expect("a good message").call() {
                all.push((exchange["what"].as_str().expect("a word").to_owned(), call));
                let id = if message.media.iter().any(|file| file.url.is_none()) && answers.is_empty() {
                    json!({ "id": "1" })
                } else {
                    json!({ "messages": [{ "id": "wamid.1" }] })
                };
                answers.push(answered(200, &id));
            }
        }
    }
    let number = Address::parse(NUMBER).expect("a number");
    let kind = ChannelKind::WhatsApp;
    for question in [
        Question::Templates,
        Question::Numbers,
        Question::Callback { kind, number: number.clone(), url: HOOK.into() },
        Question::Media { location: "1908647269898587".into() },
        Question::Seen { number, carrier_id: "wamid.IN1".into() },
    ] {
        all.push((format!("{question:?}"), asked(dialect, &question, &[])));
    }
    all
}

#[test]
fn every_call_to_meta_fits_its_openapi_document() {
    let Some(folder) = folder("DEPESCHE_CARRIER_SPECS", "calls against Meta's OpenAPI document") else { return };
    let text = std::fs::read_to_string(folder.join("meta-whatsapp.json")).expect("the document is there");
    let document = Schema(serde_json::from_str(&text).expect("JSON"));
    let calls = every_call(&*whatsapp("0123456789abcdef"));
    assert!(calls.len() > 18, "{}", calls.len());
    for (what, call) in calls {
        document.check(&call).unwrap_or_else(|why| panic!("{what}: {why}"));
    }
}

/// As much of JSON Schema as Meta's document uses.
struct Schema(Value);

impl Schema {
    fn check(&self, call: &Request) -> Result<(), String> {
        let uri = call.uri().to_string();
        let path = uri.strip_prefix("https://graph.facebook.com/").ok_or("not at Meta's")?;
        let path = path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.split('/').collect();
        let templates = self.0["paths"].as_object().expect("paths");
        let item = templates.iter().find(|(template, _)| {
            let wanted: Vec<&str> = template.trim_start_matches('/').split('/').collect();
            let same = |(want, is): (&&str, &&str)| want.starts_with('{') || want == is;
            wanted.len() == parts.len() && wanted.iter().zip(&parts).all(same)
        });
        let (_, item) = item.ok_or_else(|| format!("no such path: {path}"))?;
        let operation = &item[call.method().as_str().to_ascii_lowercase()];
        if !operation.is_object() {
            return Err(format!("{} is not taken at {path}", call.method()));
        }
        let bearer = call.headers()["authorization"].to_str().is_ok_and(|value| value.starts_with("Bearer "));
        let kind = call.headers().get("content-type").map(|kind| kind.to_str().expect("text"));
        match kind.map(|kind| kind.split(';').next().unwrap_or_default()) {
            _ if !bearer => Err("no bearer token".into()),
            None => Ok(()),
            Some("application/json") => {
                let mut body: Value = serde_json::from_slice(call.body()).map_err(|error| error.to_string())?;
                if body["status"] == "read" {
                    // The document knows no read receipts; Meta's own pages do.
                    return Ok(());
                }
                if let Some(user) = body["recipient"].as_str().map(str::to_owned) {
                    // Newer than the document.
                    body["to"] = user.into();
                }
                self.fits("body", &operation["requestBody"]["content"]["application/json"]["schema"], &body)
            }
            Some(kind) if operation["requestBody"]["content"][kind].is_object() => Ok(()),
            Some(kind) => Err(format!("content type {kind} is not taken")),
        }
    }

    fn fits(&self, what: &str, schema: &Value, value: &Value) -> Result<(), String> {
        let schema = match schema["$ref"].as_str() {
            Some(pointer) => self.0.pointer(&pointer[1..]).expect("it points at something"),
            None => schema,
        };
        let wrong = |why: &str| Err(format!("{what}: {value} {why}"));
        if let Some(name) = schema["discriminator"]["propertyName"].as_str() {
            let word = value[name].as_str().unwrap_or_default();
            // `location` and `coupon_code` parameters are in Meta's guide, not in its document.
            if let Some(target) = schema["discriminator"]["mapping"][word].as_str() {
                let target = self.0.pointer(&target[1..]).expect("it points at something");
                for part in target["allOf"].as_array().map_or(std::slice::from_ref(target), Vec::as_slice) {
                    if part["discriminator"].is_null() && part["$ref"] != schema["$ref"] {
                        let is_self = part["$ref"].as_str().is_some_and(|it| self.0.pointer(&it[1..]) == Some(schema));
                        if !is_self {
                            self.fits(what, part, value)?;
                        }
                    }
                }
            } else if !matches!(word, "location" | "coupon_code") {
                return wrong(&format!("is of no known {name}"));
            }
            return Ok(());
        }
        if let Some(ways) = schema["oneOf"].as_array() {
            let fits = ways.iter().filter(|way| self.fits(what, way, value).is_ok()).count();
            if fits == 0 {
                return wrong("fits none of the ways");
            }
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.fits(what, part, value)?;
        }
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        if let Some(missing) = required.into_iter().find(|name| value[*name].is_null()) {
            return wrong(&format!("lacks {missing}"));
        }
        match schema["type"].as_str() {
            Some("string") if !value.is_string() => return wrong("is no text"),
            Some("object") if !value.is_object() => return wrong("is no object"),
            Some("array") if !value.is_array() => return wrong("is no list"),
            Some("boolean") if !value.is_boolean() => return wrong("is neither true nor false"),
            _ => {}
        }
        let length = value.as_str().map(|text| text.chars().count() as u64).unwrap_or_default();
        if schema["maxLength"].as_u64().is_some_and(|most| length > most) {
            return wrong("is too long");
        }
        if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
            return wrong("is none of the words");
        }
        let count = value.as_array().map(|list| list.len() as u64);
        let (least, most) = (schema["minItems"].as_u64(), schema["maxItems"].as_u64());
        if count.is_some_and(|count| least.is_some_and(|n| count < n) || most.is_some_and(|n| count > n)) {
            return wrong("has too few or too many entries");
        }
        for one in value.as_array().into_iter().flatten().filter(|_| schema["items"].is_object()) {
            self.fits(what, &schema["items"], one)?;
        }
        for (name, part) in value.as_object().into_iter().flatten() {
            let property = &schema["properties"][name];
            if property.is_object() {
                self.fits(&format!("{what}.{name}"), property, part)?;
            } else if schema["additionalProperties"] == false {
                return wrong(&format!("may not have {name}"));
            }
        }
        Ok(())
    }
}

#[test]
fn sample_webhooks_of_whatsapp_are_verified_and_understood() {
    let Some(folder) = folder("DEPESCHE_WEBHOOKS", "WhatsApp's sample webhooks") else { return };
    let page = std::fs::read_to_string(folder.join("SIGNING.md")).expect("the recipes are there");
    let dialect = whatsapp(recipe(&page, "app secret"));
    let mut heard = 0;
    for file in std::fs::read_dir(folder.join("meta-whatsapp")).expect("samples") {
        let file = file.expect("a file").path();
        let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let request = webhook(&file);
        let told = dialect.hear(&request, Timestamp(0)).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        if name == "verify-challenge" {
            assert_eq!(told.answer.body(), "1158201444");
            continue;
        }
        check(&name, &told.said);
        for at in 0..request.body.len() {
            let mut bytes = request.body.to_vec();
            bytes[at] ^= 1;
            let forged = Heard { body: bytes.into(), ..request.clone() };
            assert!(matches!(dialect.hear(&forged, Timestamp(0)), Err(Refusal::Forged(_))), "{name}: byte {at}");
        }
        heard += 1;
    }
    assert!(heard >= 18, "only {heard} samples");
}

fn check(name: &str, said: &[Said]) {
    match said {
        [Said::Message(message)] => {
            assert_eq!((message.to.as_str(), message.kind), (NUMBER, ChannelKind::WhatsApp), "{name}");
            let also: Vec<&str> = message.also.iter().map(Address::as_str).collect();
            match name {
                "inbound-text-bsuid-no-number" => {
                    assert_eq!((message.from.as_str(), also.len()), ("wa:DE.13491208655302741918", 0));
                }
                "inbound-text-legacy-without-user-id" => {
                    assert_eq!((message.from.as_str(), also.len()), ("+4915799912345", 0));
                }
                _ => {
                    assert_eq!(message.from.as_str(), "+4915799912345", "{name}");
                    assert_eq!(also, ["wa:DE.13491208655302741918"], "{name}");
                }
            }
            let rich = message.rich.as_ref().map(Rich::kind);
            let wanted = match name {
                "inbound-contacts" => Some("contacts"),
                "inbound-location" => Some("location"),
                "inbound-reaction" => Some("reaction"),
                "inbound-template-button" | "inbound-interactive-list-reply" => Some("chosen"),
                "inbound-unsupported" => Some("unsupported"),
                _ => None,
            };
            assert_eq!(rich, wanted, "{name}");
            assert!(!message.text.is_empty() || !message.media.is_empty(), "{name}: a phone has something to show");
            let has_file = matches!(name, "inbound-image" | "inbound-document" | "inbound-voice-note");
            assert_eq!(message.media.len(), usize::from(has_file), "{name}");
            let answers = wanted == Some("chosen");
            assert_eq!(message.in_reply_to.as_deref(), answers.then_some("wamid.OUR"), "{name}");
        }
        [Said::DeliveryReport(report)] => {
            let (state, reason) = match name {
                "status-sent" => (DeliveryState::Sent, None),
                "status-delivered" => (DeliveryState::Delivered, None),
                "status-read" => (DeliveryState::Read, None),
                _ => (DeliveryState::Undelivered, Some(ReasonCode::WindowClosed)),
            };
            assert_eq!((report.state, report.reason.as_ref().map(|reason| reason.code)), (state, reason), "{name}");
            assert_eq!(report.reference.as_deref(), (name == "status-sent").then_some("msg-42"), "{name}");
        }
        [Said::Template(news)] => {
            let approved = name.ends_with("approved");
            let status = if approved { TemplateStatus::Approved } else { TemplateStatus::Rejected };
            assert_eq!((news.status, news.language.as_str()), (Some(status), "de"), "{name}");
            assert_eq!(news.reason.as_deref(), (!approved).then_some("INVALID_FORMAT"), "{name}");
        }
        other => panic!("{name}: {other:?}"),
    }
}

fn signed(body: &Value) -> Heard {
    let body = body.to_string();
    let mac = depesche::carrier::sign::hmac_sha256(b"0123456789abcdef", &[body.as_bytes()]);
    let mut headers = HeaderMap::new();
    let signature = format!("sha256={}", hex::encode(mac));
    headers.insert("x-hub-signature-256", HeaderValue::from_str(&signature).expect("a header"));
    Heard { method: Method::POST, url: HOOK.into(), headers, body: body.into(), caller: None }
}

fn said(changes: &[(&str, Value)]) -> Vec<Said> {
    let changes: Vec<Value> = changes.iter().map(|(field, value)| json!({ "field": field, "value": value })).collect();
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": changes }] });
    whatsapp("0123456789abcdef").hear(&signed(&body), Timestamp(0)).expect("well signed").said
}

fn about(mut value: Value) -> Value {
    value["metadata"] = json!({ "display_phone_number": "49 30 12345678", "phone_number_id": "106540352242922" });
    value
}

#[test]
fn opt_outs_and_moves_and_failures_for_marketing_are_told() {
    let all = said(&[
        (
            "user_preferences",
            about(json!({ "user_preferences": [
                { "wa_id": "4915550012345", "category": "marketing_messages", "value": "stop", "timestamp": 1, "detail": "stop it" },
                { "wa_id": "4915550012345", "category": "marketing_messages", "value": "resume", "timestamp": 2 },
            ] })),
        ),
        (
            "messages",
            about(json!({
                "messages": [
                    { "from": "4915550012345", "id": "wamid.S", "type": "system",
                      "system": { "type": "user_changed_number", "wa_id": "4915550099999", "body": "moved" } },
                    { "type": "text" }, 7, { "from": "4915550012345", "id": "wamid.X", "type": "poll" },
                ],
                "statuses": [
                    { "id": "wamid.O", "status": "failed", "recipient_id": "4915550012345", "errors": [{ "code": 131_050 }] },
                    { "id": "wamid.P", "status": "played" },
                ],
            })),
        ),
        ("user_id_update", json!({ "user_id_update": [{ "user_id": { "previous": "DE.1", "current": "DE.2" } }] })),
        ("message_template_quality_update", json!({ "message_template_id": 7, "new_quality_score": "RED" })),
    ]);
    let words: Vec<String> = all
        .iter()
        .map(|one| match one {
            Said::Preference(it) => format!("preference {} {} {}", it.peer, it.opted_out, it.marketing_only),
            Said::Part(part) => format!("part {} of {}", part.number, part.total),
            Said::PeerMoved { from, to } => format!("moved {from} {to}"),
            Said::Message(it) => format!("message {:?}", it.rich.as_ref().map(Rich::kind)),
            Said::DeliveryReport(it) => it.state.as_str().to_owned(),
            Said::Template(it) => format!("template {} {:?}", it.carrier_id, it.quality.as_deref()),
            Said::Other { .. } => "other".to_owned(),
        })
        .collect();
    assert_eq!(
        words,
        [
            "preference +4915550012345 true true",
            "preference +4915550012345 false true",
            "moved +4915550012345 +4915550099999",
            "other",
            "other",
            "message Some(\"unsupported\")",
            "undelivered",
            "preference +4915550012345 true true",
            "read",
            "moved wa:DE.1 wa:DE.2",
            "template 7 Some(\"RED\")",
        ]
    );
}

#[test]
fn the_handshake_is_answered_only_with_our_word() {
    let dialect = whatsapp("0123456789abcdef");
    let asks = |query: &str| {
        let url = format!("{HOOK}?{query}");
        let request = Heard { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new(), caller: None };
        dialect.hear(&request, Timestamp(0)).map(|told| told.answer.into_body())
    };
    assert_eq!(
        asks("hub.mode=subscribe&hub.challenge=77&hub.verify_token=our_verify_token"),
        Ok(Bytes::from_static(b"77"))
    );
    assert!(matches!(asks("hub.mode=subscribe&hub.challenge=77&hub.verify_token=other"), Err(Refusal::Forged(_))));
    assert!(matches!(asks("hub.mode=subscribe&hub.challenge=77"), Err(Refusal::Unsigned(_))));
    for bad in ["hub.challenge=<script>", "hub.challenge=", "hub.challenge=1&hub.mode=x"] {
        let query = format!("hub.mode=subscribe&{bad}&hub.verify_token=our_verify_token");
        let answer =
            asks(&query.replace("hub.mode=subscribe&hub.challenge=1&hub.mode=x", "hub.challenge=1&hub.mode=x"));
        assert!(matches!(answer, Err(Refusal::Unreadable(_))), "{bad}");
    }
}

#[test]
fn asking_pages_through_templates_and_knows_where_webhooks_go() {
    let dialect = whatsapp("0123456789abcdef");
    let template = |name: &str| {
        json!({ "id": "7", "name": name, "language": "de", "category": "UTILITY", "status": "APPROVED",
                "quality_score": { "score": "GREEN" }, "parameter_format": "NAMED",
                "components": [{ "type": "BODY", "text": "Hello {{name}}" }, { "type": "CAROUSEL" }] })
    };
    let next = json!({ "cursors": { "after": "a&b" }, "next": "https://graph.facebook.com/…" });
    let first = answered(200, &json!({ "data": [template("one")], "paging": next }));
    let again = asked(&*dialect, &Question::Templates, std::slice::from_ref(&first));
    assert!(again.uri().to_string().ends_with("&after=a%26b"), "{}", again.uri());
    let last = answered(200, &json!({ "data": [template("two")], "paging": { "cursors": { "after": "c" } } }));
    let known = dialect.ask(&Question::Templates, &[first, last]).expect("asked").expect("answered");
    let AskStep::Known(Known::Templates(all)) = known else { panic!("{known:?}") };
    let names: Vec<&str> = all.iter().map(|one| one.name.as_str()).collect();
    assert_eq!((names, all[0].named, all[0].components.len()), (vec!["one", "two"], true, 1));

    let number = Address::parse(NUMBER).expect("a number");
    let question = Question::Callback { kind: ChannelKind::WhatsApp, number: number.clone(), url: HOOK.into() };
    let known = |answers: &[Value]| {
        let answers: Vec<Answer> = answers.iter().map(|body| answered(200, body)).collect();
        match dialect.ask(&question, &answers).expect("asked").expect("answered") {
            AskStep::Known(known) => Some(known),
            AskStep::Call(_) | AskStep::File { .. } => None,
        }
    };
    let app = json!({ "data": [{ "whatsapp_business_api_data": { "id": "42" } }] });
    assert_eq!(known(&[json!({ "data": [] })]), Some(Known::CallbackDiffers(None)));
    assert_eq!(known(&[json!({ "data": [{ "override_callback_uri": HOOK }] })]), Some(Known::CallbackFits));
    assert_eq!(known(std::slice::from_ref(&app)), None);
    let object = |url: &str| {
        json!({ "data": [{ "object": "whatsapp_business_account", "callback_url": url, "active": true,
                           "fields": [{ "name": "messages" }] }] })
    };
    assert_eq!(known(&[app.clone(), object(HOOK)]), Some(Known::CallbackFits));
    assert!(matches!(known(&[app, object("https://else.example")]), Some(Known::CallbackDiffers(Some(_)))));

    let numbers = json!({ "data": [{ "id": "106540352242922", "display_phone_number": "+49 30 12345678", "verified_name": "Example" }] });
    let known = dialect.ask(&Question::Numbers, &[answered(200, &numbers)]).expect("asked").expect("answered");
    let AskStep::Known(Known::Numbers(found)) = known else { panic!("{known:?}") };
    assert_eq!((found[0].address.as_str(), found[0].carrier_id.as_str()), (NUMBER, "106540352242922"));
}

#[test]
fn our_token_goes_to_nobody_who_is_not_meta() {
    let dialect = whatsapp("0123456789abcdef");
    let question = Question::Media { location: "1908647269898587".into() };
    for (url, fetched) in [
        ("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1", true),
        ("http://lookaside.fbsbx.com/x", false),
        ("https://lookaside.fbsbx.com.evil.example/x", false),
        ("https://evil.example/x", false),
        ("https://graph.facebook.com/v23.0/x", true),
    ] {
        let step = dialect.ask(&question, &[answered(200, &json!({ "url": url }))]).expect("asked");
        assert_eq!(step.is_ok(), fetched, "{url}");
    }
    assert!(dialect.ask(&Question::Media { location: "../me".into() }, &[]).expect("asked").is_err());
}
