//! What a campaign says and to whom, through the API: tables, estimate, preview, test send, files, variables.

use crate::house::{Answer, House};
use crate::samples::jpeg;
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// A draft of the supervisor's.
fn draft(house: &House, content: Value, typed: &str) -> i64 {
    let plan = json!({
        "name": "Spring", "channel": house.channel, "sender": { "number": house.to_queue },
        "audience": { "typed": typed }, "content": content,
    });
    let plan = plan.to_string().replace('\'', "''");
    let channel = house.channel;
    house.put_past(&format!(
        "INSERT INTO campaigns (name, status, channel_id, plan, by_name, created_at, changed_at) \
         VALUES ('Spring', 'draft', {channel}, '{plan}', 'super', 0, 0)"
    ))
}

async fn table(house: &House, by: &str, campaign: i64, name: &str, bytes: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/api/v1/campaigns/{campaign}/lists?name={name}");
    let mut request = house.request(by, Method::POST, &path, None);
    *request.body_mut() = Body::from(bytes.into());
    house.send(request).await
}

#[tokio::test]
async fn a_table_becomes_recipients_with_variables_and_each_wrong_line_is_told() {
    let house = House::build().await;
    let campaign = draft(&house, json!({ "text": "Hallo {{vorname|du}}, {{ort}}" }), "hello\n+4915550123450");
    let csv = "Handy;Vorname;Ort\n0155 50123456;Änne;Köln\nkeine;Ben;\n".as_bytes();

    let taken = table(&house, "super", campaign, "liste.csv", csv).await;

    assert_eq!(taken.status, StatusCode::CREATED, "{}", taken.text);
    let list = taken.json();
    assert_eq!((&list["rows"], &list["good"], &list["faulty"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!((&list["number_column"], &list["columns"][1]["variable"]), (&json!(0), &json!("vorname")));
    assert_eq!((&list["layout"]["separator"], &list["first"][0][2]), (&json!("semicolon"), &json!("Köln")));
    assert_eq!(list["faults"][0]["line"], 3);

    let found = house.post("super", &format!("/api/v1/campaigns/{campaign}/estimate"), json!({})).await.json();
    assert_eq!((&found["recipients"], &found["invalid"]), (&json!(2), &json!(2)), "{found}");
    let faults = found["faults"].as_array().unwrap();
    assert_eq!(
        (&faults[0]["source"], &faults[0]["line"], &faults[0]["given"]),
        (&json!("typed"), &json!(1), &json!("hello"))
    );
    assert_eq!((&faults[1]["source"], &faults[1]["line"]), (&list["id"], &json!(3)));
    assert!(faults.iter().all(|fault| fault["de"] != fault["en"]));
    assert_eq!((&found["blockers"], &found["encoding"]), (&json!([]), &json!("gsm7")));

    let shown = house.get("super", &format!("/api/v1/campaigns/{campaign}/preview?at=2")).await.json();
    assert_eq!((&shown["at"], &shown["of"], &shown["text"]), (&json!(2), &json!(2), &json!("Hallo Änne, Köln")));
    let shown = house.get("super", &format!("/api/v1/campaigns/{campaign}/preview")).await.json();
    assert_eq!((&shown["text"], &shown["missing"]), (&json!("Hallo du, "), &json!(["ort"])));

    let known = house.get("super", &format!("/api/v1/campaigns/variables?campaign={campaign}")).await.items();
    let of = |name: &str| known.iter().find(|known| known["name"] == name).cloned().unwrap_or_default();
    assert_eq!((&of("ort")["from"], &of("ort")["example"]), (&json!("list"), &json!("Köln")));
    assert_eq!((&of("first_name")["from"], &of("our_number")["from"]), (&json!("contact"), &json!("site")));

    let path = format!("/api/v1/campaigns/{campaign}/lists/{}", list["id"]);
    let layout = json!({ "encoding": "utf-8", "separator": "semicolon", "header": false });
    let anew = house.put("super", &path, json!({ "layout": layout, "number_column": 0, "name_column": 1 })).await;
    assert_eq!((&anew.json()["rows"], &anew.json()["columns"][0]["variable"]), (&json!(3), &json!("column_1")));
    assert_eq!(house.delete("super", &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(house.delete("super", &path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_what_has_begun_is_not_changed() {
    let house = House::build().await;
    let campaign = draft(&house, json!({ "text": "Hi" }), "+4915550123450");
    for (name, bytes) in [("empty", Vec::new()), ("blank", b"\n\n".to_vec())] {
        assert_eq!(
            table(&house, "super", campaign, name, bytes).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "{name}"
        );
    }
    assert_eq!(table(&house, "anna", campaign, "a", "a").await.status, StatusCode::FORBIDDEN);
    assert_eq!(table(&house, "super", 999, "a", "a").await.status, StatusCode::NOT_FOUND);

    house.put_past(&format!("UPDATE campaigns SET status = 'executing' WHERE id = {campaign}"));

    assert_eq!(table(&house, "super", campaign, "a", "+4915550123456").await.status, StatusCode::CONFLICT);
    let upload = house.uploaded("super", "a.jpg", jpeg(64, 48)).await;
    let files = format!("/api/v1/campaigns/{campaign}/files");
    assert_eq!(house.post("super", &files, json!({ "upload": upload })).await.status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn an_upload_of_one_s_own_becomes_the_campaign_s_file() {
    let house = House::build().await;
    let campaign = draft(&house, json!({ "text": "See" }), "+15550100099");
    let (mine, other) = (
        house.uploaded("super", "Offer.png", jpeg(64, 48)).await,
        house.uploaded("admin", "b.jpg", jpeg(32, 32)).await,
    );
    let path = format!("/api/v1/campaigns/{campaign}/files");

    let added = house.post("super", &path, json!({ "upload": mine })).await;

    assert_eq!(added.status, StatusCode::OK, "{}", added.text);
    let file = &added.json()["files"][0];
    assert_eq!(
        (&file["position"], &file["name"], &file["type"]),
        (&json!(0), &json!("Offer.jpg"), &json!("image/jpeg"))
    );
    assert_eq!(
        house.post("super", &path, json!({ "upload": mine })).await.status,
        StatusCode::NOT_FOUND,
        "it is used up"
    );
    assert_eq!(
        house.post("super", &path, json!({ "upload": other })).await.status,
        StatusCode::NOT_FOUND,
        "not theirs"
    );
    let shown = house.get("super", &format!("/api/v1/campaigns/{campaign}/preview")).await.json();
    assert_eq!(shown["files"][0]["name"], "Offer.jpg", "{shown}");
    assert_eq!(house.delete("super", &format!("{path}/0")).await.json()["files"], json!([]));
    assert_eq!(house.delete("super", &format!("{path}/0")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_test_is_a_real_message_to_oneself() {
    let house = House::build().await;
    let campaign = draft(&house, json!({ "text": "Hi {{name|you}}" }), "+4915550123450 Ben");
    let path = format!("/api/v1/campaigns/{campaign}/test");

    let sent = house.post("super", &path, json!({ "to": "0155 50123499" })).await;

    assert_eq!(sent.status, StatusCode::CREATED, "{}", sent.text);
    let message = house.get("super", &format!("/api/v1/messages/{}", sent.json()["message"])).await.json();
    assert_eq!(message["text"], "Hi Ben", "{message}");
    assert_eq!(house.post("super", &path, json!({ "to": "x" })).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.post("anna", &path, json!({ "to": "0155 50123499" })).await.status, StatusCode::FORBIDDEN);
}
