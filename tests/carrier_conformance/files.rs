//! What every dialect promises about files: each type it says it takes goes by each way it says, and nothing else goes.

use super::cases::Case;
use super::{every_case, message};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use depesche::carrier::dialect::{Answer, MediaLimits, OutboundMedia, OutboundMessage, Request, Step};
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::SendError;
use depesche::domain::media::MediaType;
use depesche::domain::reason::ReasonCode;
use serde_json::{Value, json};

const LINK: &str = "https://pbx.example.com/media/s1gned/a%20b.bin";
const BYTES: &[u8] = b"the very bytes of a file";

/// Each case with files, on each kind of channel it carries.
fn with_files() -> Vec<(&'static Case, ChannelKind, MediaLimits)> {
    let mut all = Vec::new();
    for case in every_case() {
        let entry = depesche::carrier::find(case.name).expect("it is in the table");
        for kind in entry.kinds {
            if let Some(limits) = case.dialect().limits().media_for(*kind) {
                all.push((case, *kind, limits.clone()));
            }
        }
    }
    all
}

fn file(media_type: MediaType, by_link: bool) -> OutboundMedia {
    OutboundMedia {
        url: by_link.then(|| LINK.to_owned()),
        bytes: Bytes::from_static(BYTES),
        media_type: media_type.as_str().to_owned(),
        file_name: format!("a.{}", media_type.ending()),
    }
}

fn with(case: &Case, kind: ChannelKind, media: Vec<OutboundMedia>) -> OutboundMessage {
    OutboundMessage { media, ..message(case, &json!({ "kind": kind.as_str(), "text": "" })) }
}

/// The calls of sending it, each upload answered as the carrier does.
fn calls(case: &Case, message: &OutboundMessage) -> Result<(Vec<Request>, Request), SendError> {
    let dialect = case.dialect();
    let mut uploads = Vec::new();
    let mut answers = Vec::new();
    loop {
        match dialect.next(message, &answers)? {
            Step::Call(request) => return Ok((uploads, request)),
            Step::Done(_) => panic!("{}: done without a call", case.name),
            Step::Upload(request) => {
                uploads.push(request);
                answers.push(Answer::new(Bytes::from_static(case.uploaded.as_bytes())));
            }
        }
    }
}

fn holds(request: &Request, what: &str) -> bool {
    let form: String = form_urlencoded::byte_serialize(what.as_bytes()).collect();
    let body = String::from_utf8_lossy(request.body());
    body.contains(what) || body.contains(&form)
}

#[test]
fn the_carriers_with_files_are_these() {
    let mut names: Vec<&str> = with_files().iter().map(|(case, ..)| case.name).collect();
    names.sort_unstable();
    names.dedup();

    assert_eq!(
        names,
        [
            "bandwidth",
            "bulkvs",
            "custom",
            "flowroute",
            "generic",
            "infobip",
            "messagebird",
            "plivo",
            "signalwire",
            "simulator",
            "sinch",
            "telnyx",
            "twilio",
            "voipms",
            "vonage",
            "whatsapp",
        ]
    );
}

#[test]
fn each_type_it_takes_goes_by_link_in_one_call() {
    for (case, kind, limits) in with_files().into_iter().filter(|(.., limits)| limits.by_link) {
        for media_type in limits.types() {
            let what = format!("{} {kind:?} {media_type}", case.name);
            let (uploads, request) = calls(case, &with(case, kind, vec![file(media_type, true)])).expect(&what);

            assert!(uploads.is_empty() && holds(&request, LINK), "{what}: {request:?}");
            assert!(!holds(&request, "the very bytes"), "{what}: a link is enough");
        }
    }
}

#[test]
fn each_type_it_takes_goes_by_upload_where_it_has_no_address() {
    let mut carriers = Vec::new();
    for (case, kind, limits) in with_files().into_iter().filter(|(.., limits)| limits.by_upload) {
        carriers.push(case.name);
        for media_type in limits.types() {
            let what = format!("{} {kind:?} {media_type}", case.name);
            let (uploads, request) = calls(case, &with(case, kind, vec![file(media_type, false)])).expect(&what);

            match uploads.as_slice() {
                [] => assert!(holds(&request, &STANDARD.encode(BYTES)), "{what}: {request:?}"),
                [upload] => {
                    assert!(holds(upload, "the very bytes of a file"), "{what}");
                    assert!(names_the_upload(case, upload, &request), "{what}: {request:?}");
                }
                more => panic!("{what}: {} uploads of one file", more.len()),
            }
        }
    }
    carriers.dedup();
    assert_eq!(carriers, ["bandwidth", "plivo", "voipms", "whatsapp", "infobip", "generic", "simulator"]);
}

/// By the id that was given, or, where we choose the place ourselves, by that.
fn names_the_upload(case: &Case, upload: &Request, request: &Request) -> bool {
    let given = if case.uploaded.contains("file-77") { "\"file-77\"" } else { "\"77\"" };
    holds(request, given) || case.uploaded.is_empty() && holds(request, &upload.uri().to_string())
}

#[test]
fn as_many_as_it_takes_go_with_one_message() {
    for (case, kind, limits) in with_files() {
        let media_type = limits.types().next().expect("some type");
        let all = |count: usize| with(case, kind, vec![file(media_type, limits.by_link); count]);
        let (_, request) = calls(case, &all(limits.count_max)).expect(case.name);

        // The template of an operator may say it otherwise, or name the first alone.
        let links = String::from_utf8_lossy(request.body()).matches("s1gned").count();
        assert!(links == limits.count_max || !limits.by_link || case.name == "custom", "{}: {request:?}", case.name);
        let more = calls(case, &all(limits.count_max + 1)).map(drop).expect_err(case.name);
        assert_eq!(more.reason().code, ReasonCode::FilesTooMany, "{}", case.name);
    }
}

#[test]
fn what_it_does_not_take_is_refused_before_it_is_asked() {
    for (case, kind, limits) in with_files() {
        let refused = |message: &OutboundMessage| match case.dialect().next(message, &[]) {
            Err(SendError::Rejected { reason }) => reason.code,
            other => panic!("{} {kind:?}: {other:?}", case.name),
        };
        for &media_type in MediaType::ALL {
            match limits.bytes_max_of(media_type) {
                None => {
                    let odd = with(case, kind, vec![file(media_type, limits.by_link)]);
                    assert_eq!(refused(&odd), ReasonCode::FileTypeNotAllowed, "{} {media_type}", case.name);
                }
                Some(most) => {
                    let bytes = Bytes::from(vec![b'x'; usize::try_from(most).expect("it fits") + 1]);
                    let large = OutboundMedia { bytes, ..file(media_type, limits.by_link) };
                    assert_eq!(refused(&with(case, kind, vec![large])), ReasonCode::FileTooLarge, "{}", case.name);
                }
            }
        }
        if !limits.by_upload {
            let nowhere = with(case, kind, vec![file(limits.types().next().expect("some type"), false)]);
            assert_eq!(refused(&nowhere), ReasonCode::MediaNotTaken, "{}: it has no address", case.name);
        }
    }
}

#[test]
fn an_upload_that_goes_wrong_leaves_no_message_in_doubt() {
    for (case, kind, limits) in with_files().into_iter().filter(|(.., limits)| limits.by_upload) {
        let message = with(case, kind, vec![file(limits.types().next().expect("some type"), false)]);
        if !matches!(case.dialect().next(&message, &[]), Ok(Step::Upload(_))) {
            continue;
        }
        for status in [500, 502, 504] {
            let answer = http::Response::builder().status(status).body(Bytes::from("<html>")).expect("an answer");
            let error = case.dialect().next(&message, &[answer]).map(drop).expect_err(case.name);
            assert!(matches!(error, SendError::Unreachable { .. }), "{} {status}: {error:?}", case.name);
        }
    }
}

#[test]
fn whatsapp_says_each_kind_of_file_as_meta_wants_it() {
    let case = every_case().find(|case| case.name == "whatsapp").expect("there is one");
    for (media_type, text, becomes) in [
        (MediaType::Jpeg, "look", json!({ "type": "image", "image": { "id": "77", "caption": "look" } })),
        (MediaType::Mp4, "look", json!({ "type": "video", "video": { "id": "77", "caption": "look" } })),
        (MediaType::Ogg, "", json!({ "type": "audio", "audio": { "id": "77" } })),
        (MediaType::Webp, "", json!({ "type": "sticker", "sticker": { "id": "77" } })),
        (
            MediaType::Pdf,
            "look",
            json!({ "type": "document", "document": { "id": "77", "caption": "look", "filename": "a.pdf" } }),
        ),
    ] {
        let limits = case.dialect().limits().media_for(ChannelKind::WhatsApp).expect("files").clone();
        assert_eq!(limits.takes_caption(media_type), !text.is_empty(), "{media_type}");
        let media = vec![file(media_type, false)];
        let message = OutboundMessage { text: text.into(), ..with(case, ChannelKind::WhatsApp, media) };
        let (_, request) = calls(case, &message).expect("sent");
        let body: Value = serde_json::from_slice(request.body()).expect("JSON");

        let kind = becomes["type"].as_str().expect("a word");
        assert_eq!((&body["type"], &body[kind]), (&becomes["type"], &becomes[kind]), "{media_type}");
    }
}
