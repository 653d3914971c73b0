//! Messages with files through the API: written with all of them or not at all, shown with what became of each, and read
//! from customers too.

use crate::house::{Answer, House};
use crate::samples::{active_paper, card, jpeg, paper, words};
use depesche::domain::id::MessageId;
use depesche::flow::media::{fetch, links};
use depesche::ingress::webhook::WebhookDoor;
use depesche::store::media_links::ForWhom;
use http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

const PEER: &str = "+15550100101";

/// Anna answers in a conversation with these uploads.
async fn anna_sends(house: &House, session: i64, client_id: &str, text: &str, uploads: &[i64]) -> Answer {
    let body = json!({ "text": text, "client_id": client_id, "attachments": uploads });
    house.post("anna", &format!("/api/v1/sessions/{session}/messages"), body).await
}

/// The messages of a conversation.
async fn messages(house: &House, session: i64) -> Vec<Value> {
    let thread = house.get("super", &format!("/api/v1/sessions/{session}/thread")).await;
    let items = thread.items().into_iter();
    items.filter(|item| item["type"] == "message").map(|item| item["message"].clone()).collect()
}

#[tokio::test]
async fn a_reply_goes_with_files_alone_and_shows_them() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, "+15550100001", "hello").await;
    let picture = house.uploaded("anna", "trip.jpg", jpeg(64, 48)).await;
    let offer = house.uploaded("anna", "offer.pdf", paper()).await;

    let sent = anna_sends(&house, session, "one", "", &[picture, offer]).await;

    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    let message = sent.json();
    assert_eq!(
        (&message["text"], &message["sent_as"], &message["media_count"]),
        (&json!(""), &json!("files"), &json!(2))
    );
    let mut first = message["attachments"][0].clone();
    first.as_object_mut().unwrap().remove("id");
    assert_eq!(
        first,
        json!({
            "position": 0, "name": "trip.jpg", "family": "picture", "media_type": "image/jpeg", "bytes": jpeg(64, 48).len(),
            "width": 64, "height": 48, "count": null, "state": "here", "reason": null, "has_thumb": true, "steps": [],
            "fetched": 0
        })
    );
    assert_eq!(
        (&message["attachments"][1]["name"], &message["attachments"][1]["count"]),
        (&json!("offer.pdf"), &json!(1))
    );
    assert_eq!(messages(&house, session).await.last(), Some(&message), "the thread says the same");
    let shown = house.get("anna", &format!("/api/v1/sessions/{session}")).await.json();
    assert_eq!((&shown["last_files"], &shown["last_text"]), (&json!(2), &json!("")));
    let left = house.get("anna", &format!("/api/v1/uploads?ids={picture},{offer}")).await;
    assert!(left.items().is_empty(), "what was sent is used up: {}", left.text);
}

#[tokio::test]
async fn a_double_click_sends_the_files_once_though_they_are_used_up() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, "+15550100001", "hello").await;
    let picture = house.uploaded("anna", "trip.jpg", jpeg(64, 48)).await;

    let once = anna_sends(&house, session, "same", "look", &[picture, picture]).await;
    let twice = anna_sends(&house, session, "same", "look", &[picture, picture]).await;

    assert_eq!((once.status, twice.status), (StatusCode::CREATED, StatusCode::CREATED), "{}", twice.text);
    assert_eq!(once.json(), twice.json());
    assert_eq!(once.json()["attachments"].as_array().map(Vec::len), Some(1), "a file that is named twice is one file");
    assert_eq!(messages(&house, session).await.len(), 2);
}

#[tokio::test]
async fn a_conversation_is_begun_with_a_file() {
    let house = House::build().await;
    let picture = house.uploaded("anna", "trip.jpg", jpeg(64, 48)).await;
    let body = json!({
        "channel": house.channel, "number": house.to_queue, "to": "+1 555 010-0177", "text": "", "client_id": "begun",
        "attachments": [picture]
    });

    let begun = house.post("anna", "/api/v1/sessions", body.clone()).await;
    let again = house.post("anna", "/api/v1/sessions", body).await;

    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    assert_eq!(begun.json()["message"]["attachments"][0]["name"], "trip.jpg");
    assert_eq!(begun.json()["session"]["last_files"], 1);
    assert_eq!(again.json()["message"]["id"], begun.json()["message"]["id"]);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_whole_and_nothing_is_lost() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, "+15550100001", "hello").await;
    let path = format!("/api/v1/channels/{}/media", house.channel);
    let strict = json!({ "active_pdf": "refuse" });
    assert_eq!(house.put("admin", &path, strict).await.status, StatusCode::OK);
    let good = house.uploaded("anna", "a.jpg", jpeg(64, 48)).await;
    let bens = house.uploaded("ben", "b.jpg", jpeg(48, 64)).await;
    let active = house.uploaded("anna", "acts.pdf", active_paper()).await;
    let notes = house.uploaded("anna", "notes.txt", words()).await;
    let mut many = Vec::new();
    for count in 0..11 {
        many.push(house.uploaded("anna", &format!("{count}.vcf"), card()).await);
    }

    for (uploads, status, code, told) in [
        (vec![good, bens], 422, "invalid", "attach it again"),
        (vec![good, 999_999], 422, "invalid", "attach it again"),
        (vec![good, active], 422, "file_active", "acts.pdf: "),
        (vec![good, notes], 415, "file_type_not_allowed", "notes.txt: "),
        (many, 422, "files_too_many", ""),
    ] {
        let refused = anna_sends(&house, session, "refused", "words", &uploads).await;

        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (status, code), "{}", refused.text);
        let problem = refused.json();
        assert!(problem["title"].as_str().unwrap().contains(told), "{}", refused.text);
        assert!(problem["fields"].get("attachments").is_some() && problem["fields_de"].get("attachments").is_some());
    }
    let empty = anna_sends(&house, session, "empty", " ", &[]).await;
    assert!(empty.json()["fields"].get("text").is_some(), "{}", empty.text);

    assert_eq!(messages(&house, session).await.len(), 1, "only what the customer wrote");
    let left = house.get("anna", &format!("/api/v1/uploads?ids={good},{active},{notes}")).await;
    assert_eq!(left.items().len(), 3, "they can be sent another way");
    assert_eq!(house.get("ben", &format!("/api/v1/uploads?ids={bens}")).await.items().len(), 1);
}

#[tokio::test]
async fn where_files_cannot_go_they_go_as_a_link_that_is_counted() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, "+15550100001", "hello").await;
    let path = format!("/api/v1/channels/{}/media", house.channel);
    let abroad = json!({ "countries": ["DE"] });
    assert_eq!(house.put("admin", &path, abroad).await.status, StatusCode::OK);
    let picture = house.uploaded("anna", "trip.jpg", jpeg(64, 48)).await;

    let sent = anna_sends(&house, session, "link", "Your trip", &[picture]).await.json();

    assert_eq!((&sent["sent_as"], &sent["text"]), (&json!("links"), &json!("Your trip")), "the link is not its words");
    assert_eq!(sent["attachments"][0]["fetched"], 0);
    let id = MessageId(sent["id"].as_i64().unwrap());
    let link = house.desk.store.read(move |db| db.media_link_for(id, None, ForWhom::Peer)).await.unwrap().unwrap();
    links::note_fetched(&house.state.media, link.id).await.unwrap();
    links::note_fetched(&house.state.media, link.id).await.unwrap();
    let read = house.get("anna", &format!("/api/v1/messages/{id}")).await.json();
    assert_eq!(read["attachments"][0]["fetched"], 2);
}

#[tokio::test]
async fn a_reply_with_a_file_names_what_it_answers() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, "+15550100001", "Do you have a picture?").await;
    let elsewhere = house.customer_writes("+15550100109", "+15550100001", "another one").await;
    let asked = messages(&house, session).await[0]["id"].clone();
    let foreign = messages(&house, elsewhere).await[0]["id"].clone();
    let picture = house.uploaded("anna", "trip.jpg", jpeg(64, 48)).await;
    let path = format!("/api/v1/sessions/{session}/messages");
    let body = |answered: &Value, client_id: &str| json!({ "text": "Here", "client_id": client_id, "attachments": [picture], "in_reply_to": answered });

    let refused = house.post("anna", &path, body(&foreign, "a")).await;
    let sent = house.post("anna", &path, body(&asked, "b")).await;

    assert!(refused.status.is_client_error(), "{}", refused.text);
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    assert_eq!(sent.json()["in_reply_to"], json!({ "id": asked, "direction": "in", "text": "Do you have a picture?" }));
    assert_eq!(messages(&house, session).await.len(), 2);
}

#[tokio::test]
async fn a_customer_of_the_simulator_sends_a_file() {
    let house = House::build().await;
    let picture = house.uploaded("super", "trip.jpg", jpeg(64, 48)).await;
    let bens = house.uploaded("ben", "b.jpg", jpeg(48, 64)).await;
    let write = |text: &str, uploads: &[i64]| json!({ "customer": PEER, "number": "+15550100001", "text": text, "uploads": uploads });
    assert_eq!(house.post("super", "/api/v1/simulator/write", write("", &[])).await.code(), "invalid");

    let written = house.post("super", "/api/v1/simulator/write", write("", &[picture])).await;
    assert_eq!(written.status, StatusCode::ACCEPTED, "{}", written.text);
    let door = WebhookDoor::new(house.desk.clone(), house.state.switchboard.clone());
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let simulator = house.state.switchboard.simulator().clone();
    let posting = simulator.run(|trunk, webhook| {
        let (door, told) = (door.clone(), told.clone());
        async move { told.send(door.deliver(trunk, webhook).await).is_ok() }
    });
    tokio::select! {
        () = posting => unreachable!("it runs for ever"),
        taken = tokio::time::timeout(Duration::from_secs(20), heard.recv()) => assert_eq!(taken, Ok(Some(true))),
    }

    let inbox = house.get("anna", "/api/v1/sessions").await.items().remove(0);
    let session = inbox["id"].as_i64().unwrap();
    let loading = messages(&house, session).await.remove(0);
    assert_eq!((&inbox["last_files"], &loading["sent_as"]), (&json!(1), &Value::Null));
    let file = &loading["attachments"][0];
    assert_eq!((&file["state"], &file["family"], &file["bytes"]), (&json!("loading"), &Value::Null, &Value::Null));
    let path = format!("/api/v1/attachments/{}/file", file["id"]);
    assert_eq!(house.get("anna", &path).await.status, StatusCode::NOT_FOUND, "it is not here yet");
    fetch::round(&house.state.media, house.state.switchboard.clone()).await.unwrap();
    let here = messages(&house, session).await.remove(0);
    assert_eq!((&here["attachments"][0]["state"], &here["attachments"][0]["width"]), (&json!("here"), &json!(64)));
    assert_eq!(house.get("anna", &path).await.bytes, jpeg(64, 48));

    let phone = house.get("super", "/api/v1/simulator/phone?customer=%2B15550100101").await.json();
    let shown = &phone["texts"][0]["files"][0];
    assert_eq!(
        (&shown["media_type"], &shown["name"], &shown["bytes"]),
        (&json!("image/jpeg"), &json!("trip.jpg"), &json!(jpeg(64, 48).len())),
        "{phone}"
    );
    let seen = house.get("super", shown["url"].as_str().unwrap()).await;
    assert_eq!((seen.header("content-type"), &seen.bytes[..]), ("image/jpeg", &jpeg(64, 48)[..]));
    assert_eq!(seen.header("x-content-type-options"), "nosniff");
    let foreign = house.post("super", "/api/v1/simulator/write", write("mine?", &[bens])).await;
    assert_eq!(foreign.code(), "invalid", "a file of somebody else is not sent, nor the words without it");
    assert!(foreign.json()["fields"].get("uploads").is_some(), "{}", foreign.text);
}
