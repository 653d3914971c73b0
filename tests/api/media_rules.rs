//! What may be attached and how it would leave, through the API: before it is sent, with what was done and why not.

use crate::house::{Answer, House};
use crate::samples::{active_paper, film, jpeg, paper, words};
use http::StatusCode;
use serde_json::{Value, json};

const PEER: &str = "+15550100101";

/// What a channel takes where nobody set anything, but for this.
fn rules(change: &Value) -> Value {
    let mut rules = json!({
        "families": null, "files_max": null, "picture_bytes_max": null, "paper_bytes_max": null, "other_bytes_max": null,
        "total_bytes_max": null, "kept_days": 183, "strip_location": true, "active_pdf": "clean", "links_instead": true,
        "countries": null
    });
    rules.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    rules
}

async fn set(house: &House, change: Value) -> Answer {
    house.put("admin", &format!("/api/v1/channels/{}/media", house.channel), rules(&change)).await
}

/// The rules of a conversation, and of the number it is at before there is one: they must not differ.
async fn asked(house: &House, session: i64) -> Value {
    let of_session = house.get("anna", &format!("/api/v1/sessions/{session}/media-rules")).await;
    let path = format!("/api/v1/numbers/{}/media-rules?to=%2B15550100101", house.to_queue);
    assert_eq!((of_session.status, of_session.json()), (StatusCode::OK, house.get("anna", &path).await.json()));
    of_session.json()
}

async fn fit(house: &House, session: i64, uploads: &[i64]) -> Value {
    let answer = house.post("anna", &format!("/api/v1/sessions/{session}/fit"), json!({ "uploads": uploads })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn what_may_be_attached_is_told_before_anything_is() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, "+15550100001", "hello").await;

    let told = asked(&house, session).await;

    assert_eq!((&told["way"], &told["why"], &told["files_max"]), (&json!("files"), &Value::Null, &json!(10)));
    assert_eq!((&told["total_bytes_max"], &told["upload_bytes_max"]), (&json!(5_000_000), &json!(1_000_000)));
    let types = told["types"].as_array().unwrap();
    let of = |media_type: &str| types.iter().find(|one| one["media_type"] == media_type).cloned();
    assert_eq!(
        of("image/jpeg"),
        Some(json!({ "media_type": "image/jpeg", "family": "picture", "bytes_max": 5_000_000 }))
    );
    assert_eq!(
        of("application/pdf"),
        Some(json!({ "media_type": "application/pdf", "family": "paper", "bytes_max": 600_000 }))
    );
    assert_eq!(of("video/mp4"), None, "nobody allowed films on this channel");
    for (path, status) in [
        (format!("/numbers/{}/media-rules?to=nonsense<>", house.to_queue), StatusCode::UNPROCESSABLE_ENTITY),
        (format!("/numbers/{}/media-rules", house.to_queue), StatusCode::UNPROCESSABLE_ENTITY),
        ("/numbers/999999/media-rules?to=%2B15550100101".into(), StatusCode::NOT_FOUND),
    ] {
        let path = path.replace('<', "%3C").replace('>', "%3E");
        assert_eq!(house.get("anna", &format!("/api/v1{path}")).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn the_way_of_files_is_told_with_its_reason() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, "+15550100001", "hello").await;
    let upload = house.uploaded("anna", "a.jpg", jpeg(64, 48)).await;

    for (change, way, why) in [
        (json!({}), "files", None),
        (json!({ "countries": ["DE"] }), "links", Some("mms_not_possible")),
        (json!({ "countries": ["DE"], "links_instead": false }), "none", Some("mms_not_possible")),
    ] {
        assert_eq!(set(&house, change.clone()).await.status, StatusCode::OK, "{change}");

        let told = asked(&house, session).await;
        let fitted = fit(&house, session, &[upload]).await;

        assert_eq!((told["way"].as_str(), told["why"]["code"].as_str()), (Some(way), why), "{change}");
        assert_eq!(fitted["way"], way, "{change}");
        let problem = Some("mms_not_possible").filter(|_| way == "none");
        assert_eq!(fitted["problem"]["code"].as_str(), problem, "{change}: {fitted}");
        assert_eq!(fitted["files"][0]["problem"]["code"].as_str(), problem, "{change}: {fitted}");
        if let Some(why) = told["why"].as_object() {
            assert_ne!(why["en"], why["de"], "people read it");
        }
    }
}

#[tokio::test]
async fn a_picture_is_made_to_fit_and_what_was_made_is_what_is_sent() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, "+15550100001", "hello").await;
    set(&house, json!({ "picture_bytes_max": 30_000 })).await;
    let upload = house.uploaded("anna", "a.jpg", jpeg(900, 700)).await;
    let small = house.uploaded("anna", "b.jpg", jpeg(64, 48)).await;

    let fitted = fit(&house, session, &[upload, small]).await;
    let body = json!({ "text": "", "client_id": "fit", "attachments": [upload, small] });
    let sent = house.post("anna", &format!("/api/v1/sessions/{session}/messages"), body).await.json();

    let files = fitted["files"].as_array().unwrap();
    let (bytes, steps) = (files[0]["bytes"].as_u64().unwrap(), files[0]["steps"].as_array().unwrap());
    assert!(bytes <= 30_000 && !steps.is_empty(), "{fitted}");
    assert_eq!(
        (&files[0]["upload"], &files[0]["problem"], &fitted["problem"]),
        (&json!(upload), &Value::Null, &Value::Null)
    );
    assert_eq!((&files[1]["bytes"], &files[1]["steps"]), (&json!(jpeg(64, 48).len()), &json!([])), "it is as it was");
    assert_eq!(fitted["total_bytes"], bytes + jpeg(64, 48).len() as u64);
    for key in ["bytes", "width", "height", "steps", "media_type"] {
        assert_eq!(sent["attachments"][0][key], files[0][key], "{key}: {sent}");
    }
}

#[tokio::test]
async fn each_file_that_cannot_be_sent_is_named_with_its_problem() {
    let house = House::build().await;
    set(&house, json!({ "active_pdf": "refuse" })).await;
    let session = house.customer_writes(PEER, "+15550100001", "hello").await;
    let bens = house.uploaded("ben", "b.jpg", jpeg(64, 48)).await;
    let mut uploads = vec![bens];
    for (name, bytes) in
        [("acts.pdf", active_paper()), ("notes.txt", words()), ("film.mp4", film()), ("a.pdf", paper())]
    {
        uploads.push(house.uploaded("anna", name, bytes).await);
    }

    let fitted = fit(&house, session, &uploads).await;

    let problem = |upload: i64| {
        let files = fitted["files"].as_array().unwrap();
        let file = files.iter().find(|file| file["upload"] == upload).unwrap_or_else(|| panic!("{fitted}"));
        file["problem"]["code"].as_str().map(str::to_owned)
    };
    let problems: Vec<Option<String>> = uploads.iter().map(|&upload| problem(upload)).collect();
    let of = |code: &str| Some(code.to_owned());
    assert_eq!(
        problems,
        [of("file_expired"), of("file_active"), of("file_type_not_allowed"), of("file_type_not_allowed"), None],
        "{fitted}"
    );
    let bens = fitted["files"].as_array().unwrap().iter().find(|file| file["upload"] == bens).unwrap();
    assert_eq!((&bens["bytes"], &bens["media_type"]), (&json!(0), &json!("")), "nothing of Ben's is told");
}

#[tokio::test]
async fn more_files_than_a_message_takes_are_named() {
    let house = House::build().await;
    set(&house, json!({ "files_max": 2 })).await;
    let mut uploads = Vec::new();
    for size in [48, 49, 50] {
        uploads.push(house.uploaded("anna", "a.jpg", jpeg(size, 48)).await);
    }

    let path = format!("/api/v1/numbers/{}/fit", house.to_queue);
    let fitted = house.post("anna", &path, json!({ "to": "+1 555 010-0101", "uploads": uploads })).await.json();

    let codes: Vec<Option<&str>> =
        fitted["files"].as_array().unwrap().iter().map(|file| file["problem"]["code"].as_str()).collect();
    assert_eq!(codes, [None, None, Some("files_too_many")], "{fitted}");
    let nowhere = house.post("anna", &path, json!({ "to": "nobody<>", "uploads": uploads })).await;
    assert!(nowhere.json()["fields"].get("to").is_some(), "{}", nowhere.text);
}

#[tokio::test]
async fn an_admin_says_what_a_channel_takes_and_everybody_may_read_it() {
    let house = House::build().await;
    let path = format!("/api/v1/channels/{}/media", house.channel);
    let before = house.get("anna", &path).await;
    assert_eq!((before.status, &before.json()["files_max"]), (StatusCode::OK, &Value::Null), "{}", before.text);
    let defaults = before.json()["defaults"].clone();
    assert_eq!(
        (&defaults["families"], &defaults["files_max"], &defaults["picture_bytes_max"], &defaults["paper_bytes_max"]),
        (&json!(["picture", "paper"]), &json!(10), &json!(5_000_000), &json!(600_000)),
        "what null means now: {defaults}"
    );
    let wanted = rules(&json!({ "families": ["picture"], "files_max": 3, "kept_days": 30, "countries": ["US", "CA"] }));

    for user in ["anna", "super"] {
        assert_eq!(house.put(user, &path, wanted.clone()).await.code(), "forbidden", "{user}");
    }
    let changed = house.put("admin", &path, wanted.clone()).await;

    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    for user in ["anna", "super", "admin"] {
        let mut read = house.get(user, &path).await.json();
        read.as_object_mut().unwrap().remove("defaults");
        assert_eq!(read, wanted, "{user}");
    }
    for user in ["anna", "admin"] {
        assert_eq!(house.get(user, "/api/v1/channels/999999/media").await.status, StatusCode::NOT_FOUND, "{user}");
    }
    assert_eq!(house.put("admin", "/api/v1/channels/999999/media", wanted).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_wrong_rule_is_refused_by_its_field() {
    let house = House::build().await;

    for (change, field) in [
        (json!({ "files_max": 11 }), "files_max"),
        (json!({ "files_max": 0 }), "files_max"),
        (json!({ "picture_bytes_max": 9 }), "picture_bytes_max"),
        (json!({ "paper_bytes_max": 200_000_000 }), "paper_bytes_max"),
        (json!({ "other_bytes_max": 1 }), "other_bytes_max"),
        (json!({ "total_bytes_max": 0 }), "total_bytes_max"),
        (json!({ "kept_days": 0 }), "kept_days"),
        (json!({ "countries": ["us"] }), "countries"),
    ] {
        let refused = set(&house, change.clone()).await;

        assert_eq!(
            (refused.status, refused.code().as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            "{change}"
        );
        for fields in ["fields", "fields_de"] {
            assert!(refused.json()[fields].get(field).is_some(), "{change}: {}", refused.text);
        }
    }
    for nonsense in [json!({ "families": ["pictures"] }), json!({ "active_pdf": "open" }), json!({ "files_max": -1 })] {
        let refused = set(&house, nonsense.clone()).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            "{nonsense}"
        );
    }
}

#[tokio::test]
async fn whether_a_number_can_send_mms_is_told_wherever_it_is_shown() {
    let house = House::build().await;
    let session = house.customer_writes(PEER, "+15550100001", "hello").await;
    let path = format!("/api/v1/numbers/{}", house.to_queue);
    let number = |mms: &str, version: &Value| {
        json!({
            "channel": house.channel, "address": "+15550100001", "label": "Sales", "sender_class": "long_code",
            "mps": null, "route": { "queue": house.queue }, "mms": mms, "version": version
        })
    };

    for (mms, can) in [("auto", true), ("no", false), ("yes", true)] {
        let version = house.get("admin", &path).await.json()["version"].clone();
        let changed = house.put("admin", &path, number(mms, &version)).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);

        let listed = house.get("anna", "/api/v1/numbers").await.items();
        let listed = listed.into_iter().find(|one| one["id"] == house.to_queue.0).unwrap();
        let simulated = house.get("super", "/api/v1/simulator").await.json();
        let simulated =
            simulated["numbers"].as_array().unwrap().iter().find(|one| one["id"] == house.to_queue.0).cloned();
        let of_session = house.get("anna", &format!("/api/v1/sessions/{session}")).await.json();
        let in_inbox = house.get("anna", "/api/v1/sessions").await.items().remove(0);

        for shown in [&changed.json(), &listed, &simulated.unwrap()] {
            assert_eq!((&shown["mms"], &shown["can_mms"]), (&json!(mms), &json!(can)), "{shown}");
        }
        for shown in [of_session, in_inbox] {
            assert_eq!(shown["number"]["can_mms"], can, "{mms}: {shown}");
        }
    }
    let version = house.get("admin", &path).await.json()["version"].clone();
    let refused = house.put("admin", &path, number("maybe", &version)).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid"));
}
