//! Files of messages through the API: under their true type and so that a browser makes nothing else of them, for those
//! who may see the message, and for nobody else.

use crate::house::{Answer, House};
use crate::samples::{jpeg, paper};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::io::Read;

/// Carla, who is in no queue, answers a customer of hers with these files; the message.
async fn carla_sends(house: &House, files: &[(&str, Vec<u8>)]) -> Value {
    let session = house.customer_writes("+15550100102", "+15550100002", "for Carla alone").await;
    let mut uploads = Vec::new();
    for (name, bytes) in files {
        uploads.push(house.uploaded("carla", name, bytes.clone()).await);
    }
    let body = json!({ "text": "here", "client_id": "c-1", "attachments": uploads });
    let sent = house.post("carla", &format!("/api/v1/sessions/{session}/messages"), body).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    sent.json()
}

fn file_of(message: &Value, at: usize) -> String {
    format!("/api/v1/attachments/{}/file", message["attachments"][at]["id"])
}

async fn asked(house: &House, method: Method, path: &str, headers: &[(&'static str, &str)]) -> Answer {
    let mut request = house.request("carla", method, path, None);
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    house.send(request).await
}

#[tokio::test]
async fn a_picture_is_shown_in_place_and_a_paper_is_saved() {
    let house = House::build().await;
    let message = carla_sends(&house, &[("Fahrräder.jpg", jpeg(64, 48)), ("offer.pdf", paper())]).await;
    let (picture, pdf) = (file_of(&message, 0), file_of(&message, 1));

    for (path, media_type, bytes, disposition) in [
        (picture.clone(), "image/jpeg", jpeg(64, 48), "inline; "),
        (format!("{picture}?download"), "image/jpeg", jpeg(64, 48), "attachment; "),
        (pdf, "application/pdf", paper(), "attachment; filename=\"offer.pdf\""),
    ] {
        let answer = house.get("carla", &path).await;

        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, media_type), "{path}");
        assert_eq!(answer.bytes, bytes, "{path}");
        assert_eq!(answer.header("content-length"), bytes.len().to_string(), "{path}");
        assert!(answer.header("content-disposition").starts_with(disposition), "{path}: {:?}", answer.headers);
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("sandbox") && policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(answer.header("cache-control").starts_with("private"), "{path}");
    }
    let named = house.get("carla", &picture).await;
    assert!(
        named.header("content-disposition").ends_with("filename*=UTF-8''Fahrr%C3%A4der%2Ejpg"),
        "{:?}",
        named.headers
    );
}

#[tokio::test]
async fn a_file_comes_in_parts_and_what_is_known_is_not_sent_again() {
    let house = House::build().await;
    let message = carla_sends(&house, &[("a.jpg", jpeg(64, 48))]).await;
    let (path, whole) = (file_of(&message, 0), jpeg(64, 48));

    let part = asked(&house, Method::GET, &path, &[("range", "bytes=10-19")]).await;
    assert_eq!((part.status, &part.bytes[..]), (StatusCode::PARTIAL_CONTENT, &whole[10..20]));
    assert_eq!(part.header("content-range"), format!("bytes 10-19/{}", whole.len()));
    let beyond = asked(&house, Method::GET, &path, &[("range", "bytes=9999999-")]).await;
    assert_eq!((beyond.status, beyond.bytes.len()), (StatusCode::RANGE_NOT_SATISFIABLE, 0));
    let head = asked(&house, Method::HEAD, &path, &[]).await;
    assert_eq!((head.status, head.bytes.len()), (StatusCode::OK, 0));
    assert_eq!(head.header("content-length"), whole.len().to_string());
    let etag = head.header("etag").to_owned();
    let known = asked(&house, Method::GET, &path, &[("if-none-match", &etag)]).await;
    assert_eq!((known.status, known.bytes.len()), (StatusCode::NOT_MODIFIED, 0));
    let changed = asked(&house, Method::GET, &path, &[("if-none-match", "\"another\"")]).await;
    assert_eq!(changed.bytes, whole);
}

#[tokio::test]
async fn a_small_picture_is_there_where_there_is_something_to_see() {
    let house = House::build().await;
    let message = carla_sends(&house, &[("a.jpg", jpeg(640, 480)), ("offer.pdf", paper())]).await;
    let thumb = |at: usize| format!("/api/v1/attachments/{}/thumb", message["attachments"][at]["id"]);

    let (picture, pdf) = (house.get("carla", &thumb(0)).await, house.get("carla", &thumb(1)).await);

    assert_eq!((picture.status, picture.header("content-type")), (StatusCode::OK, "image/jpeg"));
    assert_eq!(image::load_from_memory(&picture.bytes).unwrap().width(), 320);
    assert_eq!(
        (&message["attachments"][0]["has_thumb"], &message["attachments"][1]["has_thumb"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(pdf.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn all_files_of_a_message_come_as_one_archive() {
    let house = House::build().await;
    let files = [("a.jpg", jpeg(64, 48)), ("a.jpg", jpeg(48, 64)), ("offer.pdf", paper())];
    let message = carla_sends(&house, &files).await;

    let archive = house.get("carla", &format!("/api/v1/messages/{}/media.zip", message["id"])).await;

    let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
    assert_eq!((archive.status, archive.header("content-type")), (StatusCode::OK, "application/zip"));
    assert_eq!(archive.header("x-files-bytes"), bytes.to_string());
    assert!(archive.header("content-disposition").starts_with("attachment; "));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&archive.bytes)).unwrap();
    let mut found = Vec::new();
    for at in 0..zip.len() {
        let mut entry = zip.by_index(at).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        found.push((entry.name().unwrap().into_owned(), content));
    }
    let expected =
        ["a.jpg", "a (2).jpg", "offer.pdf"].map(str::to_owned).into_iter().zip(files.map(|(_, bytes)| bytes));
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[tokio::test]
async fn a_message_without_files_has_no_archive() {
    let house = House::build().await;
    let session = house.customer_writes("+15550100102", "+15550100002", "words alone").await;
    let thread = house.get("carla", &format!("/api/v1/sessions/{session}/thread")).await;
    let message = thread.items().iter().find_map(|item| item["message"]["id"].as_i64()).unwrap();

    for path in [format!("/messages/{message}/media.zip"), "/messages/999999/media.zip".into()] {
        assert_eq!(house.get("carla", &format!("/api/v1{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn files_of_a_conversation_that_is_not_yours_are_not_there() {
    let house = House::build().await;
    let message = carla_sends(&house, &[("a.jpg", jpeg(64, 48))]).await;
    let (id, session) = (&message["attachments"][0]["id"], &message["session_id"]);
    let paths = [
        (Method::GET, format!("/attachments/{id}/file"), None),
        (Method::HEAD, format!("/attachments/{id}/file"), None),
        (Method::GET, format!("/attachments/{id}/thumb"), None),
        (Method::GET, format!("/messages/{}/media.zip", message["id"]), None),
        (Method::GET, format!("/sessions/{session}/media-rules"), None),
        (Method::POST, format!("/sessions/{session}/fit"), Some(json!({ "uploads": [] }))),
    ];

    for (user, status) in [
        ("", StatusCode::UNAUTHORIZED),
        ("anna", StatusCode::NOT_FOUND),
        ("ben", StatusCode::NOT_FOUND),
        ("carla", StatusCode::OK),
        ("super", StatusCode::OK),
        ("admin", StatusCode::OK),
    ] {
        for (method, path, body) in &paths {
            let path = format!("/api/v1{path}");
            let answer = house.send(house.request(user, method.clone(), &path, body.clone())).await;

            assert_eq!(answer.status, status, "{user:?} {method} {path}: {}", answer.text);
        }
    }
    let given = json!({ "to": { "extension": house.anna.0 } });
    house.post("carla", &format!("/api/v1/sessions/{session}/transfer"), given).await;
    assert_eq!(house.get("anna", &file_of(&message, 0)).await.status, StatusCode::OK, "it is hers now");
    assert_eq!(house.get("carla", &file_of(&message, 0)).await.status, StatusCode::NOT_FOUND);
}
