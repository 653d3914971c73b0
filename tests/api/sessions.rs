//! Conversations through the API: listed, read, answered, picked up, given away, ended.

use crate::house::House;
use http::StatusCode;
use serde_json::json;

#[tokio::test]
async fn two_want_it_and_the_second_is_told_who_has_it() {
    let house = House::build().await;
    let session = house.customer_writes("+15550100101", "+15550100001", "hello").await;
    let before = house.get("anna", &format!("/api/v1/sessions/{session}")).await.json();
    assert_eq!(before["state"], "waiting");
    assert_eq!(before["can"], json!({ "reply": true, "pick_up": true, "transfer": true, "end": true }));
    assert_eq!((&before["unread"], &before["last_text"]), (&json!(1), &json!("hello")));

    let anna = house.post("anna", &format!("/api/v1/sessions/{session}/pick-up"), json!({})).await;
    let ben = house.post("ben", &format!("/api/v1/sessions/{session}/pick-up"), json!({})).await;

    assert_eq!(anna.json()["state"], "held");
    assert_eq!((ben.status, ben.code().as_str()), (StatusCode::CONFLICT, "session_taken"));
    assert_eq!(ben.json()["by"], "1001 Anna");
    assert_eq!(house.get("ben", &format!("/api/v1/sessions/{session}")).await.status, StatusCode::NOT_FOUND);
    let counts = house.get("anna", "/api/v1/sessions/counts").await.json();
    assert_eq!(counts, json!({ "mine": 1, "waiting": 0, "all": 1, "ended": 0, "unread": 1 }));
}

#[tokio::test]
async fn a_double_click_is_one_message_and_nobody_else_s_id_finds_it() {
    let house = House::build().await;
    let session = house.customer_writes("+15550100101", "+15550100001", "hello").await;
    let path = format!("/api/v1/sessions/{session}/messages");
    let body = json!({ "text": "Good morning", "client_id": "5f0c8f6e-0000-4000-8000-000000000001" });

    let once = house.post("anna", &path, body.clone()).await;
    let twice = house.post("anna", &path, body.clone()).await;
    let other = house.post("ben", &path, body).await;

    assert_eq!((once.status, twice.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(once.json()["id"], twice.json()["id"]);
    assert_ne!(once.json()["id"], other.json()["id"]);
    assert_eq!(once.json()["status"], "queued");
    assert_eq!(once.json()["author"]["kind"], "user");
    assert_eq!(once.json()["author"]["extension"]["number"], "1001");
    let thread = house.get("anna", &format!("/api/v1/sessions/{session}/thread")).await;
    let kinds: Vec<_> = thread.items().iter().map(|item| item["type"].as_str().unwrap().to_owned()).collect();
    assert_eq!(kinds, ["event", "message", "message", "message"], "{}", thread.text);
    assert_eq!(thread.items()[1]["message"]["phones"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_conversation_is_paged_without_gaps_or_repeats() {
    let house = House::build().await;
    let mut session = 0;
    for count in 0..7 {
        session = house.customer_writes("+15550100101", "+15550100001", &format!("text {count}")).await;
    }

    let (mut before, mut texts, mut pages) = (String::new(), Vec::new(), 0);
    loop {
        let page = house.get("super", &format!("/api/v1/sessions/{session}/thread?limit=3{before}")).await;
        let mut said: Vec<_> =
            page.items().iter().filter_map(|item| item["message"]["text"].as_str().map(str::to_owned)).collect();
        said.append(&mut texts);
        texts = said;
        pages += 1;
        match page.json()["before"].as_str() {
            Some(cursor) => before = format!("&before={cursor}"),
            None => break,
        }
    }

    assert_eq!(texts, (0..7).map(|count| format!("text {count}")).collect::<Vec<_>>());
    assert_eq!(pages, 3);
}

#[tokio::test]
async fn the_inbox_is_paged_and_filtered() {
    let house = House::build().await;
    for peer in 0..5 {
        house.customer_writes(&format!("+4915550000{peer}"), "+15550100001", "hello").await;
    }

    let first = house.get("super", "/api/v1/sessions?limit=3").await;
    let next = first.json()["next"].as_str().unwrap().to_owned();
    let second = house.get("super", &format!("/api/v1/sessions?limit=3&after={next}")).await;
    assert_eq!((first.items().len(), second.items().len()), (3, 2));
    assert!(second.json()["next"].is_null());
    for (query, count) in [
        ("q=015550000 3", 1),
        ("q=%2B4915550000", 5),
        ("q=nobody", 0),
        ("tab=ended", 0),
        ("tab=waiting", 5),
        ("channel=999", 0),
        ("q=%25%27%3B--", 0),
    ] {
        let found = house.get("super", &format!("/api/v1/sessions?{}", query.replace(' ', "%20"))).await;
        assert_eq!(found.items().len(), count, "{query}: {}", found.text);
    }
    for bad in ["after=x", "limit=x", "tab=x", "channel=x"] {
        let refused = house.get("super", &format!("/api/v1/sessions?{bad}")).await;
        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid"), "{bad}");
    }
    let long = "x".repeat(300);
    assert_eq!(house.get("super", &format!("/api/v1/sessions?q={long}")).await.code(), "invalid");
}

#[tokio::test]
async fn given_away_and_ended_it_is_seen_by_whoever_it_concerns() {
    let house = House::build().await;
    let session = house.customer_writes("+15550100101", "+15550100001", "hello").await;
    let path = |what: &str| format!("/api/v1/sessions/{session}{what}");
    house.post("anna", &path("/pick-up"), json!({})).await;

    let given = house.post("anna", &path("/transfer"), json!({ "to": { "extension": house.carla.0 } })).await;
    assert_eq!(given.json()["extension"]["name"], "Carla");
    assert_eq!(given.json()["can"], json!({ "reply": false, "pick_up": false, "transfer": false, "end": false }));
    assert_eq!(house.get("anna", &path("")).await.status, StatusCode::NOT_FOUND);

    let ended = house.post("carla", &path("/end"), json!({})).await;
    assert_eq!(ended.json()["state"], "closed");
    assert_eq!(house.get("carla", "/api/v1/sessions?tab=ended").await.items().len(), 1);
    assert_eq!(house.post("carla", &path("/end"), json!({})).await.code(), "session_closed");
    let late = json!({ "text": "too late", "client_id": "x" });
    assert_eq!(house.post("carla", &path("/messages"), late).await.code(), "session_closed");
}

#[tokio::test]
async fn what_is_read_is_the_reader_s_own_business() {
    let house = House::build().await;
    let session = house.customer_writes("+15550100101", "+15550100001", "hello").await;
    let path = |what: &str| format!("/api/v1/sessions/{session}{what}");
    let unread = async |who| house.get(who, &path("")).await.json()["unread"].as_i64().unwrap();

    house.post("anna", &path("/read"), json!({ "up_to": 999_999 })).await;
    assert_eq!((unread("anna").await, unread("ben").await), (0, 1));

    house.customer_writes("+15550100101", "+15550100001", "and another").await;
    assert_eq!(unread("anna").await, 1);
    house.post("anna", &path("/read"), json!({ "up_to": 999_999 })).await;
    house.post("anna", &path("/unread"), json!({})).await;
    assert_eq!(unread("anna").await, 1);
}

#[tokio::test]
async fn a_conversation_is_begun_with_whatever_people_type() {
    let house = House::build().await;
    let start = |to: &str, id: &str| json!({ "channel": house.channel.0, "number": house.to_queue.0, "to": to, "text": "Hello", "client_id": id });

    let begun = house.post("anna", "/api/v1/sessions", start("0151 23456789", "a")).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.text);
    assert_eq!(begun.json()["session"]["peer"]["address"], "+4915123456789");
    assert_eq!(begun.json()["session"]["extension"]["number"], "1001");
    let again = house.post("anna", "/api/v1/sessions", start("+49 151 23456789", "b")).await;
    assert_eq!(again.json()["session"]["id"], begun.json()["session"]["id"]);

    for (to, field) in [("nonsense<>", "to"), ("+15550100001", "to"), ("", "to")] {
        let refused = house.post("anna", "/api/v1/sessions", start(to, "c")).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{to}: {}", refused.text);
        assert!(refused.json()["fields"].get(field).is_some(), "{}", refused.text);
    }
}
