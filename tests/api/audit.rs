//! Who read, gave out or took away what: each such act leaves one line, with no more about a person than their number.

use crate::house::House;
use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const PEER: &str = "+4915550001";
const OURS: &str = "+15550100001";

/// The lines of one kind, newest first: who, what, about, detail.
async fn noted(house: &House, what: &str) -> Vec<Value> {
    let lines = house.get("admin", &format!("/api/v1/audit?what={what}")).await.items();
    lines.iter().map(|line| json!([line["who"], line["what"], line["about"], line["detail"]])).collect()
}

async fn made(house: &House, path: &str, form: Value) -> Value {
    let made = house.post("super", &format!("/api/v1{path}"), form).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].clone()
}

async fn contact(house: &House, name: &str, number: &str, books: &[&Value]) -> Value {
    let numbers = json!([{ "kind": "mobile", "given": number }]);
    made(house, "/contacts", json!({ "last_name": name, "numbers": numbers, "phonebooks": books })).await
}

#[tokio::test]
async fn a_person_who_is_looked_up_is_noted_once_an_hour_and_not_where_nothing_is_kept() {
    let house = House::build().await;
    house.customer_writes(PEER, OURS, "hello").await;
    let look = async |by: &str, number: &str| house.get(by, &format!("/api/v1/people?address=%2B{number}")).await;

    for _ in 0..3 {
        assert_eq!(look("super", "4915550001").await.status, StatusCode::OK);
    }
    look("super", "4915550009").await;
    assert_eq!(look("anna", "4915550001").await.status, StatusCode::FORBIDDEN);

    assert_eq!(noted(&house, "person").await, [json!(["super", "person.view", PEER, {}])]);
    house.clock.advance(Duration::from_secs(3601));
    look("super", "4915550001").await;
    assert_eq!(noted(&house, "person.view").await.len(), 2);
}

#[tokio::test]
async fn contacts_that_go_out_are_noted_before_they_do() {
    let house = House::build().await;
    let book = made(&house, "/phonebooks", json!({ "name": "Friends" })).await;

    let export = async |by: &str, more: &str| house.get(by, &format!("/api/v1/contacts/export?{more}")).await.status;
    assert_eq!(export("super", &format!("format=csv&phonebook={book}")).await, StatusCode::OK);
    assert_eq!(export("admin", "format=vcard4").await, StatusCode::OK);
    assert_eq!(export("super", "format=csv&phonebook=999999").await, StatusCode::NOT_FOUND);
    assert_eq!(export("anna", "format=csv").await, StatusCode::FORBIDDEN);

    assert_eq!(
        noted(&house, "contact").await,
        [
            json!(["admin", "contact.export", null, { "format": "vcard4" }]),
            json!(["super", "contact.export", "Friends", { "format": "csv" }]),
        ]
    );
}

#[tokio::test]
async fn contacts_that_are_deleted_are_noted_one_by_one_and_in_bulk_and_by_no_name() {
    let house = House::build().await;
    let book = made(&house, "/phonebooks", json!({ "name": "Friends" })).await;
    let one = contact(&house, "Unmistakable", "+49 1555 0001", &[]).await;
    let some = [contact(&house, "A", "+49 1555 0002", &[]).await, contact(&house, "B", "", &[]).await];
    contact(&house, "C", "+49 1555 0003", &[&book]).await;

    house.delete("super", &format!("/api/v1/contacts/{one}")).await;
    let bulk = async |action: &str, ids: &Value| {
        let form = json!({ "ids": ids, "action": action, "phonebook": book });
        house.post("admin", "/api/v1/contacts/bulk", form).await.json()["changed"].clone()
    };
    assert_eq!(bulk("add", &json!([some[0]])).await, 1);
    assert_eq!(bulk("delete", &json!(some)).await, 2);
    assert_eq!(bulk("delete", &json!(some)).await, 0);
    house.delete("super", &format!("/api/v1/phonebooks/{book}?with_contacts=true")).await;

    assert_eq!(
        noted(&house, "contact").await,
        [
            json!(["super", "contact.delete", "Friends", { "contacts": 1 }]),
            json!(["admin", "contact.delete", null, { "contacts": 2 }]),
            json!(["super", "contact.delete", PEER, { "contacts": 1 }]),
        ]
    );
}

#[tokio::test]
async fn an_import_that_is_taken_over_is_noted_and_one_that_is_only_looked_through_is_not() {
    let house = House::build().await;
    let mut request = house.request("super", Method::POST, "/api/v1/imports?name=people.csv", None);
    *request.body_mut() = Body::from("Last name,Mobile\nOtto,+4915550001\n");
    let import = house.send(request).await.json();
    let step = async |what: &str| {
        house.post("admin", &format!("/api/v1/imports/{}/{what}", import["id"]), json!({})).await.status
    };

    assert_eq!(step("run").await, StatusCode::OK);
    assert_eq!(step("run").await, StatusCode::CONFLICT, "it is at work");

    assert_eq!(noted(&house, "import").await, [json!(["admin", "import.run", "people.csv", {}])]);
}

#[tokio::test]
async fn a_campaign_that_is_launched_ended_given_out_and_deleted_is_noted() {
    let house = House::build().await;
    let plan = json!({
        "name": "Spring", "channel": house.channel, "sender": { "number": house.to_queue },
        "audience": { "typed": "+4915550123450\n+4915550123451" }, "content": { "text": "a secret offer" },
    });
    let id = made(&house, "/campaigns", json!({ "plan": plan })).await;
    let path = |more: &str| format!("/api/v1/campaigns/{id}{more}");

    let wrong = house.post("super", &path("/launch"), json!({ "expect": { "recipients": 9 } })).await;
    assert_eq!(wrong.status, StatusCode::CONFLICT);
    for _ in 0..2 {
        assert_eq!(house.post("super", &path("/launch"), json!({})).await.status, StatusCode::OK);
    }
    assert_eq!(house.post("admin", &path("/cancel"), json!({})).await.status, StatusCode::OK);
    assert_eq!(house.post("admin", &path("/cancel"), json!({})).await.status, StatusCode::CONFLICT);
    for more in ["/export?format=csv", "/export?format=xlsx&state=cancelled"] {
        assert_eq!(house.get("super", &path(more)).await.status, StatusCode::OK);
    }
    assert_eq!(house.delete("super", &path("")).await.status, StatusCode::NO_CONTENT);

    assert_eq!(
        noted(&house, "campaign").await,
        [
            json!(["super", "campaign.delete", "Spring", { "campaign": id }]),
            json!(["super", "campaign.export", "Spring", { "campaign": id, "format": "xlsx", "state": "cancelled" }]),
            json!(["super", "campaign.export", "Spring", { "campaign": id, "format": "csv", "state": null }]),
            json!(["admin", "campaign.cancel", "Spring", { "campaign": id }]),
            json!(["super", "campaign.launch", "Spring", { "campaign": id, "recipients": 2 }]),
        ]
    );
}

#[tokio::test]
async fn the_opt_out_list_that_goes_out_is_noted() {
    let house = House::build().await;

    for format in ["csv", "xlsx"] {
        assert_eq!(
            house.get("super", &format!("/api/v1/opt-outs/export?format={format}")).await.status,
            StatusCode::OK
        );
    }

    let line = |format: &str| json!(["super", "opt_out.export", null, { "format": format }]);
    assert_eq!(noted(&house, "opt_out").await, [line("xlsx"), line("csv")]);
}
