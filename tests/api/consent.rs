//! Whoever wants nothing more, seen and kept through the API; and what is kept of a person, given out and erased.

use crate::house::{Answer, House};
use http::{Method, StatusCode};
use serde_json::{Value, json};

const PEER: &str = "+4915550001";
const OURS: &str = "+15550100001";

async fn get(house: &House, by: &str, path: &str) -> Answer {
    house.get(by, &format!("/api/v1{path}")).await
}

async fn post(house: &House, by: &str, path: &str, body: Value) -> Answer {
    house.post(by, &format!("/api/v1{path}"), body).await
}

async fn put(house: &House, by: &str, path: &str, body: Value) -> Answer {
    house.put(by, &format!("/api/v1{path}"), body).await
}

/// A list is sent as the bytes of its file.
async fn import(house: &House, path: &str, list: &str) -> Value {
    let request = house.request("super", Method::POST, &format!("/api/v1{path}"), None);
    let (parts, _) = request.into_parts();
    let answer = house.send(http::Request::from_parts(parts, axum::body::Body::from(list.to_owned()))).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn a_refusal_is_noted_listed_and_taken_back() {
    let house = House::build().await;
    let new = json!({ "address": PEER, "scope": { "type": "everything" }, "note": "by telephone" });

    let noted = post(&house, "anna", "/opt-outs", new.clone()).await;
    assert_eq!(noted.status, StatusCode::CREATED, "{}", noted.text);
    let again = post(&house, "anna", "/opt-outs", new).await.json();
    assert_eq!(noted.json()["id"], again["id"]);
    let list = get(&house, "super", "/opt-outs?q=0155500&active=true").await.items();
    assert_eq!(list.len(), 1);
    assert_eq!((&list[0]["source"], &list[0]["note"]), (&json!("user"), &json!("by telephone")));

    let sent = post(&house, "super", "/sessions", start(&house, "hello")).await;
    assert_eq!((sent.status, sent.code().as_str()), (StatusCode::CONFLICT, "opted_out"), "{}", sent.text);
    let path = format!("/opt-outs/{}/withdraw", noted.json()["id"]);
    assert_eq!(post(&house, "anna", &path, json!({})).await.status, StatusCode::FORBIDDEN);
    let back = post(&house, "super", &path, json!({ "note": "wrote a letter" })).await.json();
    assert_eq!(back["withdrawn_words"], "wrote a letter");
    assert_eq!(post(&house, "super", &path, json!({})).await.status, StatusCode::CONFLICT);
    let sent = post(&house, "super", "/sessions", start(&house, "hello")).await;
    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
}

fn start(house: &House, text: &str) -> Value {
    json!({ "channel": house.channel.0, "number": house.to_queue.0, "to": PEER, "text": text, "client_id": if text == "hello" { "11111111-1111-4111-8111-111111111111" } else { "11111111-1111-4111-8111-111111111112" } })
}

#[tokio::test]
async fn a_session_says_that_its_peer_opted_out() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, OURS, "Stop!").await;

    let shown = get(&house, "super", &format!("/sessions/{session}")).await.json();

    let opted_out = &shown["opted_out"];
    assert_eq!((&opted_out["source"], &opted_out["words"]), (&json!("word"), &json!("Stop!")));
    assert_eq!((&opted_out["marketing_only"], &opted_out["may_reply"]), (&json!(false), &json!(false)));
    let reply = json!({ "text": "but", "client_id": "11111111-1111-4111-8111-111111111113" });
    let refused = post(&house, "super", &format!("/sessions/{session}/messages"), reply).await;
    assert_eq!(refused.code(), "opted_out");
    assert!(refused.json()["title"].as_str().is_some_and(|title| title.contains("Stop!") && title.contains(OURS)));
}

#[tokio::test]
async fn a_list_is_tried_taken_and_comes_back_as_it_went() {
    let house = House::build().await;
    let list = "Name;Rufnummer\nA;0155 50002\nB;nonsense\nC;+4915550003\nC;+4915550003\n";

    let dry = import(&house, "/opt-outs/import?dry_run=true", list).await;
    assert_eq!((&dry["rows"], &dry["faulty"], &dry["faults"][0]["line"]), (&json!(4), &json!(1), &json!(3)));
    assert!(get(&house, "super", "/opt-outs").await.items().is_empty());
    let done = import(&house, "/opt-outs/import", list).await;
    assert_eq!((&done["added"], &done["known"]), (&json!(2), &json!(1)));
    house.customer_writes(PEER, OURS, "=STOP").await;

    let csv = get(&house, "super", "/opt-outs/export?format=csv").await;
    let xlsx = get(&house, "super", "/opt-outs/export?format=xlsx").await;
    assert_eq!(csv.text.lines().count(), 4, "{}", csv.text);
    assert!(csv.text.contains("'=STOP"), "{}", csv.text);
    assert!(xlsx.bytes.starts_with(b"PK"));

    let elsewhere = House::build().await;
    let back = import(&elsewhere, "/opt-outs/import", &csv.text).await;
    assert_eq!((&back["added"], &back["faulty"]), (&json!(3), &json!(0)), "{back}");
    let list = get(&elsewhere, "super", "/opt-outs?q=%2B4915550001").await.items();
    assert_eq!((&list[0]["words"], &list[0]["scope"]["type"]), (&json!("=STOP"), &json!("number")));
}

#[tokio::test]
async fn the_words_are_set_and_checked() {
    let house = House::build().await;
    let mut settings = get(&house, "super", "/consent/settings").await.json();
    assert_eq!(settings["version"], 0);
    settings["stop"]["de"].as_array_mut().unwrap().push(json!("Schluss"));
    settings["scope"] = json!("everything");

    assert_eq!(put(&house, "super", "/consent/settings", settings.clone()).await.status, StatusCode::FORBIDDEN);
    let changed = put(&house, "admin", "/consent/settings", settings.clone()).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(put(&house, "admin", "/consent/settings", settings.clone()).await.code(), "stale");
    settings["version"] = json!(1);
    settings["help"]["de"] = json!(["schluss!"]);
    assert_eq!(put(&house, "admin", "/consent/settings", settings).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    house.customer_writes(PEER, OURS, "schluß").await;

    let list = get(&house, "super", "/opt-outs").await.items();
    assert_eq!((&list[0]["words"], &list[0]["scope"]["type"]), (&json!("schluß"), &json!("everything")));
}

#[tokio::test]
async fn who_confirms_is_set_for_each_trunk() {
    let house = House::build().await;
    let path = format!("/trunks/{}", house.trunk);
    let mut trunk = get(&house, "admin", &path).await.json();
    assert_eq!(trunk["confirms"], "we");

    trunk["confirms"] = json!("nobody");
    trunk["settings"] = json!({});
    let changed = put(&house, "admin", &path, trunk).await;

    assert_eq!(changed.json()["confirms"], "nobody", "{}", changed.text);
}

#[tokio::test]
async fn an_agreement_is_kept_and_taken_back() {
    let house = House::build().await;
    let new = json!({ "address": PEER, "contact": null, "source": "web form", "text": "I want news", "at": 1 });

    let noted = post(&house, "super", "/consents", new).await;
    assert_eq!(noted.status, StatusCode::CREATED, "{}", noted.text);
    let path = format!("/consents/{}/withdraw", noted.json()["id"]);
    assert_eq!(post(&house, "super", &path, json!({})).await.status, StatusCode::NO_CONTENT);

    let list = get(&house, "anna", "/consents?address=%2B4915550001").await.items();
    assert!(list[0]["withdrawn_at"].is_number());
}

#[tokio::test]
async fn a_person_is_given_out_and_erased_and_the_log_says_who_did() {
    let house = House::build().await;
    house.customer_writes(PEER, OURS, "I am Zacharias").await;
    let session = house.customer_writes(PEER, OURS, "STOP").await;
    let path = "/people?address=%2B4915550001";
    assert_eq!(get(&house, "super", path).await.json()["sessions"], 1);

    assert_eq!(get(&house, "super", "/people/export?address=%2B4915550001").await.status, StatusCode::FORBIDDEN);
    let file = get(&house, "admin", "/people/export?address=%2B4915550001").await;
    assert!(file.bytes.starts_with(b"PK") && file.header("content-disposition").contains("person.zip"));
    let wrong = post(&house, "admin", "/people/erase", json!({ "address": PEER, "confirm": "+4915550009" })).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let erased = post(&house, "admin", "/people/erase", json!({ "address": PEER, "confirm": PEER })).await;
    assert_eq!(erased.status, StatusCode::OK, "{}", erased.text);
    assert!(erased.json()["messages"].as_u64() >= Some(2), "{}", erased.text);

    assert_eq!(get(&house, "admin", &format!("/sessions/{session}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(get(&house, "super", path).await.json()["messages"], 0);
    let sent = post(&house, "super", "/sessions", start(&house, "hello again")).await;
    assert_eq!(sent.code(), "opted_out", "the digest knows the number: {}", sent.text);
    let log = get(&house, "admin", "/audit?what=person").await.items();
    let what: Vec<&Value> = log.iter().map(|line| &line["what"]).collect();
    assert_eq!(what, [&json!("person.erase"), &json!("person.export"), &json!("person.view")]);
    assert!(log.iter().all(|line| line["about"].is_null()));
    assert_eq!(get(&house, "super", "/audit").await.status, StatusCode::FORBIDDEN);
    assert_eq!(get(&house, "admin", "/audit?address=%2B4915550001").await.items().len(), 3);
}

#[tokio::test]
async fn settings_and_looks_into_others_conversations_are_noted() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, OURS, "hello").await;
    post(&house, "anna", &format!("/sessions/{session}/pick-up"), json!({})).await;

    for _ in 0..3 {
        get(&house, "super", &format!("/sessions/{session}/thread")).await;
        get(&house, "anna", &format!("/sessions/{session}/thread")).await;
    }
    house.delete("admin", "/api/v1/users/999999").await;
    post(&house, "admin", "/queues", json!({ "name": "New", "pick_up": "none", "members": [] })).await;

    let opened = get(&house, "admin", "/audit?what=session.open").await.items();
    assert_eq!(opened.len(), 1, "{opened:?}");
    let settings = get(&house, "admin", "/audit?what=settings").await.items();
    assert_eq!(settings.iter().map(|line| &line["about"]).collect::<Vec<_>>(), [&json!("POST /queues")]);
}

#[tokio::test]
async fn how_long_messages_are_kept_is_set_for_each_channel() {
    let house = House::build().await;
    let path = format!("/channels/{}", house.channel);
    let mut channel = get(&house, "admin", &path).await.json();
    channel["trunk"] = channel["trunk"]["id"].clone();
    channel["keep_messages_days"] = json!(30);

    let changed = put(&house, "admin", &path, channel.clone()).await.json();
    assert_eq!(changed["keep_messages_days"], 30, "{changed}");
    channel.as_object_mut().unwrap().remove("keep_messages_days");
    channel["version"] = changed["version"].clone();
    let left = put(&house, "admin", &path, channel).await.json();

    assert_eq!(left["keep_messages_days"], 30, "left out: as it is");
}
