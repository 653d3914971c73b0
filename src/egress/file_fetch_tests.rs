//! Files from and to a carrier on loopback: two steps, credentials, refusals, and what becomes of each.

use crate::carrier::dialect::{InboundMedia, OutboundMedia, OutboundMessage, Settings};
use crate::carrier::simulator::files::CustomerFile;
use crate::clock::Clock;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::exchange::Exchange;
use crate::domain::id::{MessageId, TrunkId};
use crate::domain::reason::ReasonCode;
use crate::egress::file_fetch::{FetchBounds, FetchError, Fetched};
use crate::egress::outcome::Outcome;
use crate::egress::simulator::SimulatorHandle;
use crate::egress::switchboard::{Switchboard, TrunkSettings};
use crate::net::client::{ClientSettings, HttpClient};
use crate::net::network::AllowPrivate;
use crate::net::tls;
use bytes::Bytes;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TRUNK: TrunkId = TrunkId(3);
const TOKEN: &str = "EAAG0123456789abcdef";

/// A carrier that answers each path from a table, and notes what it was asked.
async fn carrier(table: Vec<(&'static str, String)>) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let addr = listener.local_addr().expect("bound");
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("accepts");
            let mut part = [0; 4096];
            let read = socket.read(&mut part).await.expect("a request");
            let request = String::from_utf8_lossy(&part[..read]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            noted.lock().expect("no panic").push(request);
            let found = table.iter().find(|(from, _)| *from == path);
            let answer = found.map_or(String::new(), |(_, answer)| answer.replace("ADDR", &addr.to_string()));
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    (addr, asked)
}

fn said(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len())
}

fn board(carrier: &str, settings: serde_json::Value) -> Switchboard {
    let mut client = ClientSettings::new(tls::client(None).expect("the system has roots"));
    client.allow_private = AllowPrivate::parse(["127.0.0.1"]).expect("a good network");
    let clock = Clock::system();
    let simulator = SimulatorHandle::new(clock.clone());
    let board = Switchboard::new(HttpClient::new(client, clock.clone()), simulator, None, clock);
    let settings: Settings = settings.as_object().expect("an object").clone();
    let broken = board.set(vec![TrunkSettings {
        id: TRUNK,
        name: "Test".into(),
        carrier: carrier.into(),
        enabled: true,
        settings,
        webhook_key: "0123456789abcdef0123456789abcdef".into(),
        mps: None,
        send_again_when_uncertain: false,
    }]);
    assert!(broken.is_empty(), "{broken:?}");
    board
}

fn whatsapp(addr: SocketAddr) -> Switchboard {
    board(
        "whatsapp",
        serde_json::json!({
            "access_token": TOKEN, "app_secret": "0123456789abcdef", "verify_token": "made-up-word",
            "waba_id": "102290129340398", "base_url": format!("http://{addr}"),
        }),
    )
}

fn generic(addr: SocketAddr) -> Switchboard {
    board(
        "generic",
        serde_json::json!({
            "send_url": format!("http://{addr}/messages"), "api_key": TOKEN, "webhook_secret": "the-webhook-secret",
        }),
    )
}

type Ended = (Result<Fetched, FetchError<Infallible>>, Vec<Exchange>);

async fn fetch(board: &Switchboard, location: &str, sink: &mut Vec<u8>) -> Ended {
    let media = InboundMedia::at(location, Some("image/claimed"));
    let bounds = FetchBounds { bytes_max: 1000, total_max: Duration::from_secs(5) };
    board.fetch_file(TRUNK, &media, bounds, Some(MessageId(11)), sink).await
}

#[tokio::test]
async fn a_file_in_two_steps_is_fetched_with_the_carriers_token_and_never_logged() {
    let about = r#"{"url":"http://ADDR/file/9","mime_type":"image/jpeg","file_size":21,"id":"77"}"#;
    let about = about.to_owned();
    let (addr, asked) = carrier(vec![
        ("/v23.0/77", said("200 OK", "", &about.replace("ADDR", "127.0.0.1:00000")).replace("127.0.0.1:00000", "ADDR")),
        ("/file/9", said("200 OK", "Content-Type: image/png\r\n", "the bytes of a photo")),
    ])
    .await;

    let mut sink = Vec::new();
    let (fetched, exchanges) = fetch(&whatsapp(addr), "77", &mut sink).await;

    assert_eq!(fetched, Ok(Fetched { claimed_type: Some("image/jpeg".into()), bytes: 20 }));
    assert_eq!(sink, b"the bytes of a photo");
    let asked = asked.lock().expect("no panic").clone();
    assert!(asked.iter().all(|request| request.contains(&format!("authorization: Bearer {TOKEN}"))), "{asked:?}");
    assert_eq!((exchanges.len(), exchanges[0].message), (2, Some(MessageId(11))));
    let log = format!("{exchanges:?}");
    assert!(!log.contains("bytes of a photo") && !log.contains(TOKEN), "{log}");
    assert!(exchanges[1].answer.contains("(20 bytes of a file)") && exchanges[1].good, "{log}");
}

#[tokio::test]
async fn each_answer_says_whether_another_try_is_worth_it() {
    let (addr, _) = carrier(vec![
        ("/404", said("404 No", "", "{}")),
        ("/410", said("410 No", "", "{}")),
        ("/401", said("401 No", "", "{}")),
        ("/402", said("402 No", "Retry-After: 60\r\n", "{}")),
        ("/403", said("403 No", "", "{}")),
        ("/400", said("400 No", "", "{}")),
        ("/429", said("429 Slow", "Retry-After: 7\r\n", "{}")),
        ("/500", said("500 Oops", "", "")),
        ("/503", said("503 Down", "Retry-After: 9\r\n", "")),
        ("/half", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf".into()),
        ("/large", said("200 OK", "", &"x".repeat(1001))),
        ("/inside", said("302 There", "Location: https://127.0.0.1:1/\r\n", "")),
        ("/open", said("302 There", "Location: http://media.example.com/\r\n", "")),
        ("/round", said("302 There", "Location: /round\r\n", "")),
    ])
    .await;
    let board = generic(addr);
    for (path, wanted) in [
        ("404", "gone"),
        ("410", "gone"),
        ("401", "later"),
        ("402", "later in 60"),
        ("403", "later"),
        ("400", "gone"),
        ("429", "later in 7"),
        ("500", "later"),
        ("503", "later in 9"),
        ("half", "later"),
        ("nothing at all", "later"),
        ("large", "too large"),
        ("inside", "refused"),
        ("open", "refused"),
        ("round", "refused"),
    ] {
        let (fetched, exchanges) = fetch(&board, &format!("http://{addr}/{path}"), &mut Vec::new()).await;

        let error = fetched.expect_err(path);
        let ended = match &error {
            FetchError::Later { .. } => {
                error.retry_after().map_or("later".into(), |pause| format!("later in {}", pause.as_secs()))
            }
            FetchError::Gone { .. } => "gone".into(),
            FetchError::Refused { .. } => "refused".into(),
            FetchError::TooLarge { bytes_max: 1000 } => "too large".into(),
            other => format!("{other:?}"),
        };
        assert_eq!(ended, wanted, "{path}: {error:?}");
        assert_eq!(error.may_try_again(), wanted.starts_with("later"), "{path}");
        assert!(!exchanges.last().expect("a call was made").good, "{path}");
        let code = match wanted {
            "gone" => ReasonCode::FileGone,
            "too large" => ReasonCode::FileTooLarge,
            _ => ReasonCode::FileNotFetched,
        };
        assert_eq!(error.reason().map(|reason| reason.code), Some(code), "{path}");
    }
}

#[tokio::test]
async fn a_token_that_was_changed_loses_no_picture() {
    let refusal = |code: u32, status: &str| {
        let body = format!(r#"{{"error":{{"message":"made up","type":"OAuthException","code":{code}}}}}"#);
        said(status, "", &body)
    };
    let (addr, _) = carrier(vec![
        ("/v23.0/1", refusal(190, "401 Unauthorized")),
        ("/v23.0/2", refusal(190, "400 Bad Request")),
        ("/v23.0/3", refusal(131_042, "400 Bad Request")),
        ("/v23.0/4", refusal(999_999, "403 Forbidden")),
        ("/v23.0/5", refusal(100, "400 Bad Request")),
    ])
    .await;
    let board = whatsapp(addr);

    for (id, again) in [("1", true), ("2", true), ("3", true), ("4", true), ("5", false)] {
        let (fetched, _) = fetch(&board, id, &mut Vec::new()).await;

        let error = fetched.expect_err(id);
        assert_eq!(error.may_try_again(), again, "{id}: {error:?}");
        assert_eq!(matches!(error, FetchError::Gone { .. }), !again, "{id}: {error:?}");
    }
}

#[tokio::test]
async fn nothing_is_fetched_from_a_place_that_only_a_message_named_unless_it_is_public() {
    let (addr, asked) = carrier(vec![("/x", said("200 OK", "", "secret"))]).await;
    // This carrier's files are at plain addresses: it has no home that a message could mean.
    let plain = board(
        "flowroute",
        serde_json::json!({ "access_key": "a-key-of-ours", "secret_key": "a-secret-of-ours", "sources": "0.0.0.0/0" }),
    );
    for location in [
        format!("http://{addr}/x"),
        format!("https://{addr}/x"),
        "https://169.254.169.254/latest/meta-data".into(),
        "https://localhost/x".into(),
        "file:///etc/passwd".into(),
        "media/1".into(),
        "https://user:password@media.example.com/x".into(),
    ] {
        let (fetched, _) = fetch(&plain, &location, &mut Vec::new()).await;

        assert!(matches!(fetched, Err(FetchError::Refused { .. })), "{location}: {fetched:?}");
    }
    let (fetched, _) = fetch(&whatsapp(addr), "../me", &mut Vec::new()).await;
    assert!(matches!(fetched, Err(FetchError::Refused { .. })), "{fetched:?}");
    assert!(asked.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn a_file_of_a_simulated_customer_is_fetched_and_one_that_is_gone_says_so() {
    let board = board("simulator", serde_json::json!({ "secret": "a-secret-of-the-simulator" }));
    let address = |text: &str| Address::parse(text).expect("a number");
    let photo =
        || CustomerFile { media_type: "image/png".into(), name: "ä.png".into(), bytes: Bytes::from("a photo") };
    let write = |customer: &str| {
        let (from, to) = (address(customer), address("+15550100100"));
        board.simulator().customer_writes(TRUNK, &from, &to, ChannelKind::Sms, "", vec![photo()]).expect("written");
        board.simulator().phone(&from).remove(0).files.remove(0)
    };

    let shown = write("+15550100123");
    let mut sink = Vec::new();
    let (fetched, _) = fetch(&board, &format!("simulator://world/media/{}", shown.id), &mut sink).await;
    assert_eq!(fetched, Ok(Fetched { claimed_type: Some("image/png".into()), bytes: 7 }));
    assert_eq!((sink, board.simulator().file(&shown.id)), (b"a photo".to_vec(), Some(photo())));

    let (gone, _) = fetch(&board, "simulator://world/media/gone", &mut Vec::new()).await;
    assert!(matches!(gone, Err(FetchError::Gone { .. })), "{gone:?}");
    let (odd, _) = fetch(&board, "simulator://world/account", &mut Vec::new()).await;
    assert!(matches!(odd, Err(FetchError::Refused { .. })), "{odd:?}");
}

fn with_card() -> OutboundMessage {
    let address = |text: &str| Address::parse(text).expect("a number");
    let card = OutboundMedia {
        url: None,
        bytes: Bytes::from("BEGIN:VCARD the secret card END:VCARD"),
        media_type: "text/vcard".into(),
        file_name: "card.vcf".into(),
    };
    OutboundMessage {
        media: vec![card],
        ..OutboundMessage::text("ref-1", ChannelKind::Sms, address("+15550100100"), address("+15550100199"), "my card")
    }
}

fn uploading(addr: SocketAddr) -> Switchboard {
    board(
        "generic",
        serde_json::json!({
            "send_url": format!("http://{addr}/messages"), "upload_url": format!("http://{addr}/media"),
            "api_key": TOKEN, "webhook_secret": "the-webhook-secret",
        }),
    )
}

#[tokio::test]
async fn a_file_that_is_sent_stands_in_no_record_of_it() {
    let (addr, asked) = carrier(vec![
        ("/media", said("201 Kept", "", r#"{"data":{"id":"file-77"}}"#)),
        ("/messages", said("200 OK", "", r#"{"data":{"id":"m-1","segments":1}}"#)),
    ])
    .await;

    let tried = uploading(addr).send(TRUNK, &with_card(), MessageId(11)).await;

    assert!(matches!(&tried.outcome, Outcome::Taken { carrier_id: Some(id), .. } if id == "m-1"), "{tried:?}");
    assert!(asked.lock().expect("no panic")[0].contains("the secret card"));
    let log = format!("{:?}", tried.exchanges);
    assert!(log.contains("(37 bytes of text/vcard)") && log.contains("my card") && log.contains("file-77"), "{log}");
    assert!(!log.contains("the secret card"), "{log}");
}

#[tokio::test]
async fn a_lost_upload_is_tried_again_and_a_lost_message_is_not() {
    let (no_upload, _) = carrier(vec![]).await;
    let (no_message, _) = carrier(vec![("/media", said("201 Kept", "", r#"{"data":{"id":"file-77"}}"#))]).await;

    let lost = uploading(no_upload).send(TRUNK, &with_card(), MessageId(11)).await.outcome;
    let doubtful = uploading(no_message).send(TRUNK, &with_card(), MessageId(11)).await.outcome;

    assert!(matches!(lost, Outcome::Refused(SendError::Unreachable { .. })), "{lost:?}");
    assert!(matches!(doubtful, Outcome::Unknown { .. }), "{doubtful:?}");
}
