//! The channel log through the API: found by message, trunk, outcome and time, page by page; and the catalogue of reasons.

use crate::house::House;
use depesche::domain::exchange::{Exchange, Purpose};
use depesche::domain::message::Direction;
use depesche::domain::time::Timestamp;
use depesche::store::error::StoreError;
use http::StatusCode;
use std::time::Duration;

const MINUTE_MS: i64 = 60_000;

/// An exchange each minute, every third one bad.
async fn fill(house: &House, count: i64) -> Timestamp {
    let begun = house.desk.now();
    let (trunk, at) = (house.trunk, begun);
    let write = house.desk.store.write(move |tx| {
        for n in 0..count {
            tx.insert_exchange(&Exchange {
                at: Timestamp(at.0 + n * MINUTE_MS),
                trunk: Some(trunk),
                extension: None,
                message: None,
                delivery: None,
                direction: Direction::Out,
                purpose: Purpose::Send,
                took: Duration::from_millis(12),
                status: "200".into(),
                good: n % 3 != 0,
                outcome: format!("number {n}"),
                request: format!("POST https://api.example.com/{n}\n\nhello"),
                answer: "HTTP 200".into(),
            })?;
        }
        Ok::<_, StoreError>(())
    });
    write.await.unwrap();
    begun
}

fn outcomes(items: &[serde_json::Value]) -> Vec<String> {
    items.iter().map(|item| item["outcome"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_log_is_found_by_outcome_and_time_page_by_page() {
    let house = House::build().await;
    let begun = fill(&house, 30).await;

    let bad = house.get("admin", "/api/v1/log?outcome=bad&limit=4").await;
    assert_eq!(outcomes(&bad.items()), ["number 27", "number 24", "number 21", "number 18"], "newest first");
    let next = bad.json()["next"].as_str().unwrap().to_owned();
    let rest = house.get("admin", &format!("/api/v1/log?outcome=bad&limit=100&after={next}")).await;
    assert_eq!(rest.items().len(), 6);
    assert!(rest.json()["next"].is_null());

    let (since, until) = (begun.0 + 10 * MINUTE_MS, begun.0 + 12 * MINUTE_MS);
    let between = house.get("admin", &format!("/api/v1/log?trunk={}&since={since}&until={until}", house.trunk)).await;
    assert_eq!(outcomes(&between.items()), ["number 12", "number 11", "number 10"]);
    let first = &between.items()[0];
    assert_eq!(first["first_line"], "POST https://api.example.com/12");
    let whole = house.get("admin", &format!("/api/v1/log/{}", first["id"])).await;
    assert!(whole.json()["request"].as_str().unwrap().ends_with("hello"));

    for (path, status) in [
        ("/api/v1/log?outcome=ugly", StatusCode::UNPROCESSABLE_ENTITY),
        ("/api/v1/log?delivery=999", StatusCode::OK),
        ("/api/v1/log?message=999&extension=5", StatusCode::OK),
        ("/api/v1/log/999999", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(house.get("admin", path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn an_agent_does_not_read_the_log_and_everybody_reads_the_reasons() {
    let house = House::build().await;

    assert_eq!(house.get("anna", "/api/v1/log").await.status, StatusCode::FORBIDDEN);
    let reasons = house.get("anna", "/api/v1/reasons").await.items();
    let landline = reasons.iter().find(|reason| reason["code"] == "landline").unwrap();
    assert!(landline["de"].as_str().unwrap().contains("Festnetz"));
    assert!(landline["todo_de"].as_str().unwrap().contains("anrufen"));
}

#[tokio::test]
async fn polling_is_switched_on_where_the_carrier_can_be_asked_and_seen() {
    let house = House::build().await;
    let path = format!("/api/v1/trunks/{}", house.trunk);
    let before = house.get("admin", &path).await.json();
    assert_eq!((before["intake"].as_str(), before["can_poll"].as_bool()), (Some("webhooks"), Some(true)));
    let mut body = serde_json::json!({
        "name": "simulator", "carrier": "simulator", "enabled": true, "settings": {}, "mps": null, "on_uncertain": "ask",
        "intake": "polling", "poll_every_s": 10, "version": before["version"],
    });

    let polled = house.put("admin", &path, body.clone()).await;
    assert_eq!(polled.status, StatusCode::OK, "{}", polled.text);
    assert_eq!(polled.json()["poll_every_s"], 10);
    assert!(polled.json()["poll"]["next_at"].is_number());

    body["version"] = polled.json()["version"].clone();
    body["poll_every_s"] = 1.into();
    let refused = house.put("admin", &path, body).await;
    assert!(refused.json()["fields"]["poll_every_s"].is_string(), "{}", refused.text);
}

#[tokio::test]
async fn a_carrier_that_cannot_be_asked_is_not_polled() {
    let house = House::build().await;
    let body = serde_json::json!({
        "name": "no inbox", "carrier": "generic", "intake": "polling", "settings": {
            "send_url": "https://api.example.com/messages", "api_key": "an-api-key-of-some-length",
            "webhook_secret": "the-secret-that-signs-webhooks",
        },
    });

    let refused = house.post("admin", "/api/v1/trunks", body).await;

    assert!(refused.json()["fields"]["intake"].is_string(), "{}", refused.text);
}
