//! The live stream: what is said to whom, what is replayed, when to look at everything again.

use crate::house::House;
use axum::body::Body;
use depesche::flow::media::fetch;
use http::{Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::Duration;

/// A browser that listens.
struct Listener {
    body: Body,
    text: String,
}

/// One event of the stream.
#[derive(Debug, PartialEq)]
struct Told {
    id: String,
    event: String,
    data: Value,
}

impl Listener {
    async fn open(house: &House, who: &str, last_event_id: Option<&str>) -> Listener {
        let mut request = house.request(who, Method::GET, "/api/v1/live", None);
        if let Some(id) = last_event_id {
            request.headers_mut().insert("last-event-id", id.parse().unwrap());
        }
        let response = house.open(request).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Listener { body: response.into_body(), text: String::new() }
    }

    /// The next event, or `None` if nothing is said for a while or the stream ends.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((block, rest)) = self.text.clone().split_once("\n\n") {
                self.text = rest.to_owned();
                let line = |name: &str| {
                    let found = block.lines().find_map(|line| line.strip_prefix(name));
                    found.map(|value| value.trim_start_matches(':').trim().to_owned())
                };
                let Some(event) = line("event") else { continue };
                let data = serde_json::from_str(&line("data").unwrap_or_default()).unwrap();
                return Some(Told { id: line("id").unwrap_or_default(), event, data });
            }
            let frame = tokio::time::timeout(Duration::from_millis(700), self.body.frame()).await.ok()??;
            self.text.push_str(&String::from_utf8_lossy(&frame.unwrap().into_data().unwrap()));
        }
    }

    async fn all(&mut self) -> Vec<Told> {
        let mut told = Vec::new();
        while let Some(event) = self.next().await {
            told.push(event);
        }
        told
    }
}

fn kinds(told: &[Told]) -> Vec<&str> {
    told.iter().map(|told| told.data["kind"].as_str().unwrap_or(&told.event)).collect()
}

#[tokio::test]
async fn changes_are_told_by_kind_and_id_to_those_they_concern() {
    let house = House::build().await;
    let mut anna = Listener::open(&house, "anna", None).await;
    let mut carla = Listener::open(&house, "carla", None).await;
    let mut boss = Listener::open(&house, "super", None).await;

    let session = house.customer_writes("+15550100101", "+15550100001", "secret words").await;

    let told = anna.all().await;
    assert_eq!(told[0].event, "hello");
    assert!(kinds(&told).contains(&"message") && kinds(&told).contains(&"session"), "{told:?}");
    assert!(told[1..].iter().all(|told| told.data["session"] == session), "{told:?}");
    assert!(!format!("{told:?}").contains("secret words"));
    assert_eq!(kinds(&carla.all().await), ["hello"]);
    assert!(kinds(&boss.all().await).contains(&"message"));
}

#[tokio::test]
async fn what_becomes_of_a_file_is_told_like_a_change_of_its_message() {
    let house = House::build().await;
    let session = house.customer_sends("+15550100101", "+15550100001", "look", &["simulator://world/media/gone"]).await;
    let thread = house.get("anna", &format!("/api/v1/sessions/{session}/thread")).await;
    let message = thread.items().iter().find_map(|item| item["message"]["id"].as_i64()).unwrap();
    let mut anna = Listener::open(&house, "anna", None).await;
    let mut carla = Listener::open(&house, "carla", None).await;

    fetch::round(&house.state.media, house.state.switchboard.clone()).await.unwrap();

    let told = anna.all().await;
    let change = json!({ "kind": "delivery", "ids": [message], "session": session });
    assert!(told.iter().any(|told| told.data == change), "{told:?}");
    assert_eq!(kinds(&carla.all().await), ["hello"]);
    let read = house.get("anna", &format!("/api/v1/messages/{message}")).await.json();
    let file = &read["attachments"][0];
    assert_eq!((&file["state"], &file["reason"]["code"]), (&json!("failed"), &json!("file_gone")), "{file}");
}

#[tokio::test]
async fn whoever_loses_a_session_is_told_once_more() {
    let house = House::build().await;
    let session = house.customer_writes("+15550100101", "+15550100002", "for Carla").await;
    let mut carla = Listener::open(&house, "carla", None).await;
    let mut anna = Listener::open(&house, "anna", None).await;
    let mut ben = Listener::open(&house, "ben", None).await;

    let body = json!({ "to": { "extension": house.anna.0 } });
    house.post("carla", &format!("/api/v1/sessions/{session}/transfer"), body).await;

    for (name, listener) in [("carla", &mut carla), ("anna", &mut anna)] {
        let told = listener.all().await;
        assert!(told.iter().any(|told| told.data["kind"] == "session" && told.data["ids"][0] == session), "{name}");
    }
    assert_eq!(kinds(&ben.all().await), ["hello"]);
}

#[tokio::test]
async fn whoever_comes_back_is_given_what_it_missed() {
    let house = House::build().await;
    let mut first = Listener::open(&house, "super", None).await;
    house.customer_writes("+15550100101", "+15550100001", "one").await;
    let seen = first.all().await;
    let last_seen = seen.last().unwrap().id.clone();
    drop(first);
    let session = house.customer_writes("+15550100102", "+15550100001", "two").await;

    let mut again = Listener::open(&house, "super", Some(&last_seen)).await;
    let told = again.all().await;

    assert_eq!(told[0].event, "hello");
    assert!(told.len() > 1 && told[1..].iter().all(|told| told.data["session"] == session), "{told:?}");
    assert!(told[1..].iter().all(|told| told.event == "change" && seen.iter().all(|before| before.id != told.id)));
}

#[tokio::test]
async fn whoever_missed_too_much_is_told_to_look_again() {
    let house = House::build().await;

    for id in ["1-5", "999-1", "nonsense"] {
        let mut listener = Listener::open(&house, "super", Some(id)).await;
        let told = listener.all().await;

        assert_eq!(told.iter().map(|told| told.event.as_str()).collect::<Vec<_>>(), ["hello", "resync"], "{id}");
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_login() {
    let house = House::build().await;
    let mut anna = Listener::open(&house, "anna", None).await;
    assert_eq!(kinds(&anna.all().await), ["hello"]);

    house.send(house.request("anna", Method::POST, "/api/v1/logout", None)).await;
    house.clock.advance(Duration::from_secs(21));
    house.customer_writes("+15550100101", "+15550100001", "not for Anna any more").await;

    assert_eq!(anna.all().await, []);
    let refused = house.send(house.request("anna", Method::GET, "/api/v1/live", None)).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn one_user_cannot_take_all_places() {
    let house = House::build().await;
    let mut open = Vec::new();
    for _ in 0..12 {
        open.push(Listener::open(&house, "anna", None).await);
    }

    let refused = house.send(house.request("anna", Method::GET, "/api/v1/live", None)).await;

    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "busy"));
    Listener::open(&house, "ben", None).await;
}
