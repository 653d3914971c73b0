//! Campaigns through the API: drafted, launched, held, retried, read and exported, by whoever may.

use crate::house::House;
use depesche::flow::campaign::runner::Runner;
use http::{Method, StatusCode};
use serde_json::{Value, json};

fn plan(house: &House, typed: &str) -> Value {
    json!({
        "name": "Spring", "channel": house.channel, "sender": { "number": house.to_queue },
        "audience": { "typed": typed }, "content": { "text": "=Spring is here, {{name|you}}" },
    })
}

async fn draft(house: &House, typed: &str) -> Value {
    let made = house.post("super", "/api/v1/campaigns", json!({ "plan": plan(house, typed) })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

fn path(campaign: &Value, more: &str) -> String {
    format!("/api/v1/campaigns/{}{more}", campaign["id"])
}

async fn act(house: &House, campaign: &Value, act: &str, body: Value) -> (StatusCode, Value) {
    let answer = house.post("super", &path(campaign, &format!("/{act}")), body).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_campaign_is_drafted_launched_held_and_ended_and_says_what_may_be_done() {
    let house = House::build().await;
    let made = draft(&house, "+4915550123450 Anna\n+4915550123451\n+4915550123450\nrubbish").await;
    assert_eq!((&made["status"], &made["version"], &made["counts"]["all"]), (&json!("draft"), &json!(1), &json!(0)));
    assert!(made["may"].as_array().unwrap().contains(&json!("launch")), "{}", made["may"]);

    let mut changed = plan(&house, "+4915550123450 Anna\n+4915550123451\n+4915550123450\nrubbish");
    changed["name"] = json!("Summer");
    let saved = house.put("super", &path(&made, ""), json!({ "plan": changed, "version": 1 })).await;
    assert_eq!((saved.status, &saved.json()["name"]), (StatusCode::OK, &json!("Summer")), "{}", saved.text);
    let stale = house.put("super", &path(&made, ""), json!({ "plan": changed, "version": 1 })).await;
    assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);

    let (status, other) = act(&house, &made, "launch", json!({ "version": 2, "expect": { "recipients": 9 } })).await;
    assert_eq!(
        (status, &other["code"], &other["recipients"]),
        (StatusCode::CONFLICT, &json!("audience_changed"), &json!(2))
    );
    let (status, out) = act(&house, &made, "launch", json!({ "version": 2, "expect": { "recipients": 2 } })).await;
    assert_eq!((status, &out["status"]), (StatusCode::OK, &json!("pending")), "{out}");
    assert_eq!(
        (&out["counts"]["all"], &out["counts"]["waiting"], &out["counts"]["skipped"]),
        (&json!(4), &json!(2), &json!(2))
    );
    let (status, again) = act(&house, &made, "launch", json!({ "version": 2 })).await;
    assert_eq!((status, &again["status"]), (StatusCode::OK, &json!("pending")), "launched twice is launched once");

    let (_, held) = act(&house, &made, "pause", json!({})).await;
    assert_eq!(held["status"], "paused");
    let (status, refused) = act(&house, &made, "pause", json!({})).await;
    assert_eq!(status, StatusCode::CONFLICT);
    assert!(refused["title_de"].as_str().unwrap().contains("pausiert"), "{refused}");
    assert_eq!(act(&house, &made, "resume", json!({})).await.1["status"], "pending");
    assert_eq!(act(&house, &made, "cancel", json!({})).await.1["status"], "cancelled");

    let (status, copy) = act(&house, &made, "duplicate", json!({})).await;
    assert_eq!((status, &copy["campaign"]["status"]), (StatusCode::CREATED, &json!("draft")));
    assert!(copy["copied"].as_array().unwrap().contains(&json!("audience")));
    let listed = house.get("super", "/api/v1/campaigns?q=summer").await.items();
    assert_eq!(listed.len(), 2);
    assert_eq!(listed[1]["counts"]["all"], 4);
    assert_eq!(house.get("super", "/api/v1/campaigns?status=draft").await.items().len(), 1);
    assert_eq!(house.delete("super", &path(&made, "")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get("super", &path(&made, "")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn results_and_exports_show_each_line_with_its_reason_and_nothing_that_runs() {
    let house = House::build().await;
    let made = draft(&house, "+4915550123450 =HYPERLINK\n+4915550123451 Ben\nrubbish").await;
    let (status, out) = act(&house, &made, "launch", json!({})).await;
    assert_eq!(status, StatusCode::OK, "{out}");
    let mut runner = Runner::default();
    for _ in 0..3 {
        runner.round(&house.state.media).await.expect("a look");
    }

    let results = house.get("super", &path(&made, "/results")).await.json();
    assert_eq!((&results["counts"]["queued"], &results["counts"]["skipped"]), (&json!(2), &json!(1)), "{results}");
    assert_eq!(
        (&results["reasons"][0]["code"], &results["reasons"][0]["count"]),
        (&json!("number_unreadable"), &json!(1))
    );
    assert_eq!(results["reports"], false);

    let lines = house.get("super", &path(&made, "/recipients?q=ben")).await.items();
    assert_eq!((lines.len(), &lines[0]["address"]), (1, &json!("+4915550123451")));
    let first = house.get("super", &path(&made, "/recipients?limit=2")).await.json();
    let rest = house
        .get("super", &path(&made, &format!("/recipients?limit=2&after={}", first["next"].as_str().unwrap())))
        .await;
    assert_eq!((rest.items().len(), &rest.json()["next"]), (1, &Value::Null));
    assert_eq!(house.get("super", &path(&made, "/recipients?state=skipped")).await.items().len(), 1);
    assert_eq!(
        house.get("super", &path(&made, "/recipients?state=odd")).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(house.get("super", &path(&made, "/recipients?flag=clicked")).await.items().len(), 0);

    let table = house.get("super", &path(&made, "/export?format=csv")).await;
    assert!(table.text.contains("'=HYPERLINK,+4915550123450,+4915550123450,"), "{}", table.text);
    assert_eq!(table.text.lines().count(), 4);
    let sheet = house.send(house.request("super", Method::GET, &path(&made, "/export?format=xlsx"), None)).await;
    assert_eq!(sheet.status, StatusCode::OK);
    assert!(sheet.bytes.starts_with(b"PK"), "a spreadsheet");
    let (status, nothing) = act(&house, &made, "retry", json!({ "recipients": null })).await;
    assert_eq!(status, StatusCode::CONFLICT, "{nothing}");
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_with_its_field_and_agents_see_no_campaigns() {
    let house = House::build().await;
    let mut unfinished = plan(&house, "+4915550123450");
    unfinished["sender"] = Value::Null;
    let made = house.post("super", "/api/v1/campaigns", json!({ "plan": unfinished })).await.json();
    let (status, refused) = act(&house, &made, "launch", json!({})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused["fields"].get("sender").is_some(), "{refused}");
    let made = draft(&house, "nobody").await;
    let (status, refused) = act(&house, &made, "launch", json!({})).await;
    assert_eq!((status, refused["fields"].get("audience").is_some()), (StatusCode::UNPROCESSABLE_ENTITY, true));
    let nameless = house.post("super", "/api/v1/campaigns", json!({ "plan": { "name": " " } })).await;
    assert_eq!(nameless.status, StatusCode::UNPROCESSABLE_ENTITY);

    for path in ["/api/v1/campaigns", &path(&made, ""), &path(&made, "/results"), &path(&made, "/export?format=csv")] {
        assert_eq!(house.get("anna", path).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    let limits = house.get("admin", "/api/v1/campaigns/settings").await.json();
    assert_eq!((&limits["recipients_max"], &limits["number_per_month"]), (&json!(1000), &json!(10_000)));
    assert_eq!(house.put("super", "/api/v1/campaigns/settings", limits.clone()).await.status, StatusCode::FORBIDDEN);
    let mut more = limits.clone();
    more["recipients_max"] = json!(100_000);
    let set = house.put("admin", "/api/v1/campaigns/settings", more.clone()).await;
    assert_eq!((set.status, &set.json()["version"]), (StatusCode::OK, &json!(2)), "{}", set.text);
    more["recipients_max"] = json!(100_001);
    more["version"] = json!(2);
    assert_eq!(house.put("admin", "/api/v1/campaigns/settings", more).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
