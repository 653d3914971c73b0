//! Settings through the API: wrong ones are refused by name, stale ones are not overwritten, what is in use stays.

use crate::house::{CANARY, House};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::flow::troubles::Part;
use depesche::store::extensions::ExtensionEdit;
use http::StatusCode;
use serde_json::{Value, json};

fn trunk(name: &str, settings: Value) -> Value {
    json!({ "name": name, "carrier": "simulator", "enabled": true, "settings": settings, "mps": null, "on_uncertain": "ask" })
}

#[tokio::test]
async fn a_wrong_setting_is_refused_by_name_before_any_customer_meets_it() {
    let house = House::build().await;

    for (body, field) in [
        (trunk("new", json!({})), "settings.secret"),
        (trunk("new", json!({ "secret": "short" })), "settings.secret"),
        (trunk("new", json!({ "secret": CANARY, "color": "red" })), "settings.color"),
        (trunk("", json!({ "secret": CANARY })), "name"),
        (trunk("simulator", json!({ "secret": CANARY })), "name"),
    ] {
        let refused = house.post("admin", "/api/v1/trunks", body.clone()).await;

        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid"), "{body}");
        assert!(refused.json()["fields"].get(field).is_some(), "{body}: {}", refused.text);
        assert!(!refused.text.contains(CANARY));
    }
}

#[tokio::test]
async fn a_secret_that_is_left_out_stays_and_a_stale_change_is_refused() {
    let house = House::build().await;
    let path = format!("/api/v1/trunks/{}", house.trunk);
    let mut body = trunk("renamed", json!({ "secret": null, "rate": "5" }));

    assert_eq!(house.put("admin", &path, body.clone()).await.code(), "invalid", "a change names its version");
    body["version"] = json!(1);
    let changed = house.put("admin", &path, body.clone()).await;
    let stale = house.put("admin", &path, body).await;

    assert_eq!(changed.json()["version"], 2, "{}", changed.text);
    assert_eq!(changed.json()["settings"], json!({ "rate": "5", "secret": null }));
    assert_eq!(changed.json()["secrets_set"], json!(["secret"]));
    assert!(changed.json()["webhook_url"].as_str().unwrap().starts_with("https://sms.example.com/hook/"));
    assert_eq!((stale.status, stale.code().as_str()), (StatusCode::PRECONDITION_FAILED, "stale"));
    let id = house.trunk;
    let row = house.desk.store.read(move |snapshot| snapshot.trunk(id)).await.unwrap().unwrap();
    assert_eq!(row.secrets["secret"].expose(), CANARY);
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted() {
    let house = House::build().await;

    for (path, uses) in [
        (format!("/api/v1/trunks/{}", house.trunk), "channel SMS"),
        (format!("/api/v1/channels/{}", house.channel), "number +15550100001"),
        (format!("/api/v1/queues/{}", house.queue), "number +15550100001"),
        (format!("/api/v1/extensions/{}", house.carla), "number +15550100002"),
    ] {
        let refused = house.delete("admin", &path).await;

        assert_eq!((refused.status, refused.code().as_str()), (StatusCode::CONFLICT, "conflict"), "{path}");
        assert!(refused.json()["title"].as_str().unwrap().contains(uses), "{path}: {}", refused.text);
    }
    assert_eq!(
        house.delete("admin", &format!("/api/v1/extensions/{}", house.ben)).await.status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(house.delete("admin", "/api/v1/queues/77").await.code(), "not_found");
}

#[tokio::test]
async fn a_password_is_shown_once() {
    let house = House::build().await;
    let body = json!({ "number": "1009", "name": "New", "enabled": true, "default_number": house.to_queue.0 });

    let made = house.post("admin", "/api/v1/extensions", body).await;
    let password = made.json()["password"].as_str().unwrap().to_owned();
    let id = made.json()["extension"]["id"].as_i64().unwrap();
    let renewed = house.post("admin", &format!("/api/v1/extensions/{id}/password"), json!({})).await;

    assert!(password.len() >= 20);
    assert_ne!(renewed.json()["password"].as_str().unwrap(), password);
    let listed = house.get("admin", "/api/v1/extensions").await.text;
    assert!(!listed.contains(&password) && !listed.contains(renewed.json()["password"].as_str().unwrap()));
    let user = house.post("admin", "/api/v1/users", json!({ "name": "Olga", "role": "agent", "extension": id })).await;
    assert_eq!(user.json()["user"]["must_change_password"], true);
    assert!(user.json()["password"].as_str().unwrap().len() >= 20);
}

#[tokio::test]
async fn numbers_are_kept_in_one_spelling_and_lead_somewhere() {
    let house = House::build().await;
    let number = |address: &str, class: &str, route: Value| json!({ "channel": house.channel.0, "address": address, "label": "", "sender_class": class, "mps": null, "route": route });
    let queue = json!({ "queue": house.queue.0 });

    let made = house.post("admin", "/api/v1/numbers", number("0151 23456789", "long_code", queue.clone())).await;
    assert_eq!(made.json()["address"], "+4915123456789", "{}", made.text);
    assert_eq!(made.json()["route"], queue);
    for (body, field) in [
        (number("+15550100001", "long_code", queue.clone()), "address"),
        (number("Depesche", "long_code", queue.clone()), "sender_class"),
        (number("12", "long_code", queue.clone()), "address"),
        (number("+15550100009", "long_code", json!({ "queue": 77 })), "route"),
    ] {
        let refused = house.post("admin", "/api/v1/numbers", body).await;
        assert!(refused.json()["fields"].get(field).is_some(), "{field}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_trunk_is_tried_out_step_by_step_and_the_log_keeps_it() {
    let house = House::build().await;

    let tested = house.post("admin", &format!("/api/v1/trunks/{}/test", house.trunk), json!({})).await;

    let steps = tested.json()["steps"].as_array().unwrap().clone();
    assert_eq!(steps[0]["name"], "settings");
    assert!(steps.iter().all(|step| step["en"].is_string() && step["de"].is_string()), "{}", tested.text);
    let log = house.get("super", &format!("/api/v1/trunks/{}/log", house.trunk)).await;
    assert!(log.items().iter().any(|exchange| exchange["what"] == "test"), "{}", log.text);
    assert!(!log.text.contains(CANARY));
}

#[tokio::test]
async fn a_phone_that_is_not_registered_fails_its_test_with_what_to_do() {
    let house = House::build().await;

    let tested = house.post("admin", &format!("/api/v1/extensions/{}/test", house.anna), json!({})).await;

    let verdicts: Vec<_> =
        tested.json()["steps"].as_array().unwrap().iter().map(|step| step["verdict"].clone()).collect();
    assert_eq!(verdicts, ["bad", "skipped", "skipped"], "{}", tested.text);
}

#[tokio::test]
async fn a_simulated_customer_writes_and_sees_its_phone() {
    let house = House::build().await;
    let write = json!({ "customer": "+49 1555 0001234", "number": "+15550100001", "text": "Hello there" });

    let written = house.post("super", "/api/v1/simulator/write", write).await;

    assert_eq!(written.status, StatusCode::ACCEPTED, "{}", written.text);
    let phone = house.get("super", "/api/v1/simulator/phone?customer=%2B4915550001234").await.json();
    assert_eq!(phone["texts"][0]["direction"], "from_customer", "{phone}");
    let simulator = house.get("super", "/api/v1/simulator").await.json();
    assert_eq!(simulator["customers"][0]["address"], "+4915550001234");
    assert_eq!(simulator["numbers"].as_array().unwrap().len(), 2);
    assert!(!simulator["behaviours"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_body_that_is_no_use_is_refused_with_a_code() {
    let house = House::build().await;
    let request = |text: &str, kind: &str| {
        let mut request = house.request("admin", http::Method::POST, "/api/v1/queues", None);
        request.headers_mut().insert("content-type", kind.parse().unwrap());
        *request.body_mut() = axum::body::Body::from(text.to_owned());
        request
    };

    for (text, kind, status, code) in [
        ("{", "application/json", StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
        ("{}", "text/plain", StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid"),
        (&"x".repeat(2 << 20), "application/json", StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
    ] {
        let refused = house.send(request(text, kind)).await;

        assert_eq!((refused.status, refused.code().as_str()), (status, code), "{kind}");
        assert_eq!(refused.headers["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn an_extension_that_holds_conversations_is_not_switched_off() {
    let house = House::build().await;
    house.customer_writes("+15550100150", "+15550100002", "Two wheels").await;
    let path = format!("/api/v1/extensions/{}", house.carla);
    let listed = house.get("admin", "/api/v1/extensions").await;
    let mut form = listed.items().iter().find(|one| one["id"] == json!(house.carla)).unwrap().clone();
    form["enabled"] = json!(false);
    leads_elsewhere(&house, "+15550100002").await;

    let refused = house.put("admin", &path, form.clone()).await;

    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::CONFLICT, "conflict"));
    let title = refused.json()["title"].as_str().unwrap().to_owned();
    assert!(title.contains("holds an open conversation: transfer"), "{title}");

    let held = house.get("admin", "/api/v1/sessions?tab=all").await.items()[0]["id"].as_i64().unwrap();
    house.post("admin", &format!("/api/v1/sessions/{held}/end"), json!({})).await;
    let changed = house.put("admin", &path, form).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
}

/// Routes a number to Anna; where it is, and as it is then.
async fn leads_elsewhere(house: &House, address: &str) -> (String, Value) {
    let numbers = house.get("admin", "/api/v1/numbers").await.items();
    let mut number = numbers.into_iter().find(|one| one["address"] == address).unwrap();
    let path = format!("/api/v1/numbers/{}", number["id"]);
    number["channel"] = number["channel"]["id"].clone();
    number["route"] = json!({ "extension": house.anna.0 });
    let changed = house.put("admin", &path, number).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    (path, changed.json())
}

#[tokio::test]
async fn no_number_leads_to_an_extension_that_is_switched_off() {
    let house = House::build().await;
    let route = |extension: i64| {
        json!({ "channel": house.channel.0, "address": "+15550100079", "label": "", "sender_class": "long_code",
            "mps": null, "route": { "extension": extension } })
    };
    assert!(house.post("admin", "/api/v1/numbers", route(house.carla.0)).await.status.is_success());
    let path = format!("/api/v1/extensions/{}", house.carla.0);
    let mut form = house.get("admin", &path).await.json();
    form["enabled"] = json!(false);

    let refused = house.put("admin", &path, form.clone()).await;
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let title = refused.json()["title"].as_str().unwrap().to_owned();
    assert!(title.contains("numbers lead to extension 1003: +15550100002, +15550100079; route elsewhere"), "{title}");
    let german = refused.json()["title_de"].as_str().unwrap().to_owned();
    assert!(german.contains("führen Rufnummern: +15550100002, +15550100079; bitte zuerst umleiten"), "{german}");
    leads_elsewhere(&house, "+15550100002").await;

    let (number_path, number) = leads_elsewhere(&house, "+15550100079").await;
    assert_eq!(house.put("admin", &path, form).await.status, StatusCode::OK);

    let mut back = route(house.carla.0);
    back["version"] = number["version"].clone();
    let refused = house.put("admin", &number_path, back).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
    let fields = |language: &str| refused.json()[language]["route"].as_str().unwrap().to_owned();
    assert!(fields("fields").starts_with("extension 1003 is switched off"), "{}", refused.text);
    assert!(fields("fields_de").starts_with("Nebenstelle 1003 ist abgeschaltet"), "{}", refused.text);

    // As an older version left it.
    let off = house.anna;
    let unasked = house.desk.store.write(move |tx| {
        let one = tx.extension(off)?.unwrap();
        let edit = ExtensionEdit { number: one.number, name: one.name, enabled: false, default_number: None };
        tx.update_extension(off, one.version, &edit)
    });
    unasked.await.unwrap();
    let alarms = house.get("admin", "/api/v1/alarms").await.items();
    let alarm = alarms.iter().find(|alarm| alarm["reason"]["code"] == "extension_off").expect("told");
    assert!(alarm["reason"]["detail"].as_str().unwrap().contains("+15550100079"), "{alarm}");
}

#[tokio::test]
async fn what_is_wrong_with_the_house_itself_is_an_alarm_of_its_own_kind() {
    let house = House::build().await;
    let note = |part, reason: Option<ReasonCode>| {
        let (bus, now) = (&house.desk.bus, house.clock.now());
        house.state.troubles.note(bus, part, "there", now, reason.map(Reason::of));
    };
    note(Part::Pbx, Some(ReasonCode::PbxSilent));
    note(Part::Store, Some(ReasonCode::StoreFailing));
    note(Part::Disk, Some(ReasonCode::DiskLow));

    let alarms = house.get("admin", "/api/v1/alarms").await.items();
    let told: Vec<_> = alarms.iter().map(|alarm| (alarm["kind"].as_str().unwrap(), &alarm["subject"])).collect();
    assert_eq!(told, [("disk", &json!("there")), ("store", &json!("there")), ("pbx", &json!("there"))]);
    assert!(alarms.iter().all(|alarm| alarm["reason"]["de"] != alarm["reason"]["en"]), "{alarms:?}");

    note(Part::Disk, None);
    assert_eq!(house.get("admin", "/api/v1/alarms").await.items().len(), 2);
}

#[tokio::test]
async fn a_text_to_a_number_that_is_not_set_up_is_said_until_it_is() {
    let house = House::build().await;
    for _ in 0..2 {
        house.customer_writes("+15550100150", "+15550100077", "Anybody there?").await;
    }

    let alarms = house.get("admin", "/api/v1/alarms").await.items();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert_eq!(alarms[0]["reason"]["code"], "number_not_set_up");
    assert_eq!(alarms[0]["reason"]["detail"], "+15550100077: 2");

    let number = json!({ "channel": house.channel.0, "address": "+15550100077", "label": "", "sender_class": "long_code",
        "mps": null, "route": { "queue": house.queue.0 } });
    let made = house.post("admin", "/api/v1/numbers", number).await;
    assert!(made.status.is_success(), "{}", made.text);
    assert!(house.get("admin", "/api/v1/alarms").await.items().is_empty());

    house.customer_writes("+15550100150", "+15550100078", "And here?").await;
    assert_eq!(house.get("admin", "/api/v1/alarms").await.items().len(), 1);
    house.clock.advance(std::time::Duration::from_secs(7 * 24 * 3600 + 60));
    let alarms = house.get("admin", "/api/v1/alarms").await;
    assert!(alarms.status == StatusCode::UNAUTHORIZED || alarms.items().is_empty(), "{}", alarms.text);
}
