//! Sources of contacts as an admin sets them up: what is wrong is said with its field, what goes in as a secret stays in.

use crate::house::{CANARY, House};
use depesche::domain::contact_source::{ProblemCode, SourceCounts, SourceProblem};
use depesche::domain::id::SourceId;
use depesche::store::error::StoreError;
use http::StatusCode;
use serde_json::{Value, json};

const PATH: &str = "/api/v1/contact-sources";

fn ldap() -> Value {
    json!({
        "name": "Directory", "every_s": 600, "password": CANARY,
        "settings": { "kind": "ldap", "host": "ldap.example.com", "user": "cn=reader", "base": "dc=example,dc=com" },
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut given = ldap();
    match field.split_once('.') {
        Some((outer, inner)) => given[outer][inner] = value,
        None => given[field] = value,
    }
    given
}

async fn made(house: &House) -> Value {
    let answer = house.post("admin", PATH, ldap()).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn a_source_is_made_with_its_phonebook_and_its_password_never_comes_back() {
    let house = House::build().await;

    let source = made(&house).await;

    assert_eq!(
        (&source["kind"], &source["has_password"], &source["state"]),
        (&json!("ldap"), &json!(true), &json!("new"))
    );
    assert_eq!(source["settings"]["security"], "ldaps");
    let books = house.get("admin", "/api/v1/phonebooks").await.items();
    assert_eq!((&books[0]["id"], &books[0]["name"]), (&source["phonebook"], &json!("Directory")));
    assert_eq!(books[0]["source"]["kind"], "ldap");
    let one = format!("{PATH}/{}", source["id"]);
    for path in [PATH, &one] {
        assert!(!house.get("admin", path).await.text.contains(CANARY), "{path}");
    }
    for who in ["anna", "super"] {
        assert_eq!(house.get(who, PATH).await.status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_source_is_said_with_its_field() {
    let house = House::build().await;
    let carddav = |url: &str| json!({ "kind": "carddav", "url": url, "user": "ada" });

    for (given, field) in [
        (with("name", json!(" ")), "name"),
        (with("every_s", json!(5)), "every_s"),
        (with("password", json!("")), "password"),
        (with("settings.host", json!("ldap://x/")), "settings.host"),
        (with("settings.port", json!(0)), "settings.port"),
        (with("settings.filter", json!("sn=*")), "settings.filter"),
        (with("settings.base", json!("dc=a\r\nb")), "settings.base"),
        (with("settings.key", json!("entry uuid")), "settings.key"),
        (with("settings.attributes", json!({ "shoe": ["size"] })), "settings.attributes.shoe"),
        (with("settings.attributes", json!({ "number:mobile": ["mo bile"] })), "settings.attributes.number:mobile"),
        (with("settings", carddav("cloud.example.com")), "settings.url"),
        (with("settings", carddav("file:///etc/passwd")), "settings.url"),
        (with("settings", carddav("https://ada:pw@cloud.example.com/")), "settings.url"),
    ] {
        let answer = house.post("admin", PATH, given).await;

        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}: {}", answer.text);
        assert!(answer.json()["fields"][field].is_string(), "{field}: {}", answer.text);
        assert!(answer.json()["fields_de"][field].is_string(), "{field}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_password_stays_with_the_server_it_was_given_for() {
    let house = House::build().await;
    let source = made(&house).await;
    let path = format!("{PATH}/{}", source["id"]);
    let mut given = ldap();
    given["version"] = source["version"].clone();
    given.as_object_mut().unwrap().remove("password");

    let elsewhere = {
        let mut given = given.clone();
        given["settings"]["host"] = json!("evil.example.com");
        house.put("admin", &path, given).await
    };
    assert!(elsewhere.json()["fields"]["password"].is_string(), "{}", elsewhere.text);

    given["name"] = json!("People");
    let answer = house.put("admin", &path, given.clone()).await;
    assert_eq!((answer.status, &answer.json()["has_password"]), (StatusCode::OK, &json!(true)), "{}", answer.text);
    assert_eq!(house.get("admin", "/api/v1/phonebooks").await.items()[0]["name"], "People");
    assert_eq!(house.put("admin", &path, given).await.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn a_problem_is_shown_with_what_to_do_and_a_test_says_where_it_stops() {
    let house = House::build().await;
    let source = made(&house).await;
    let (id, path) = (SourceId(source["id"].as_i64().unwrap()), format!("{PATH}/{}", source["id"]));
    let next_at = house.clock.now();
    let problem = SourceProblem::new(ProblemCode::FarFewer, ("few", "wenige"), ("look", "nachsehen"));
    house.desk.store.write(move |tx| tx.source_failed(id, &problem, next_at)).await.map_err(|e: StoreError| e).unwrap();

    let shown = house.get("admin", &path).await.json();
    assert_eq!(shown["state"], "problem");
    assert_eq!(
        shown["problem"],
        json!({ "en": "few", "de": "wenige", "todo_en": "look", "todo_de": "nachsehen", "asks_to_shrink": true })
    );

    // Nothing on this machine is called unless it is listed.
    let mut given = ldap();
    given["version"] = shown["version"].clone();
    given["settings"]["host"] = json!("127.0.0.1");
    assert_eq!(house.put("admin", &path, given).await.status, StatusCode::OK);
    let tested = house.post("admin", &format!("{path}/test"), json!({})).await.json();
    let steps: Vec<_> = tested["steps"].as_array().unwrap().iter().map(|step| step["verdict"].clone()).collect();
    assert_eq!(steps, ["bad", "skipped", "skipped", "skipped"]);
    assert!(tested["steps"][0]["de"].as_str().unwrap().contains("allow_private"), "{tested}");
}

#[tokio::test]
async fn a_source_that_cannot_be_read_again_and_again_is_an_alarm_until_it_can() {
    let house = House::build().await;
    let source = made(&house).await;
    let (id, now) = (SourceId(source["id"].as_i64().unwrap()), house.clock.now());
    let fails = async || {
        let problem = SourceProblem::new(ProblemCode::Credentials, ("no", "nein"), ("ask", "fragen"));
        house.desk.store.write(move |tx| tx.source_failed(id, &problem, now)).await.map_err(|e: StoreError| e).unwrap();
    };
    let alarms = async || house.get("super", "/api/v1/alarms").await.items();
    for _ in 0..2 {
        fails().await;
        assert_eq!(alarms().await, Vec::<Value>::new(), "it may pass");
    }

    fails().await;

    let told = alarms().await;
    assert_eq!(
        (told.len(), &told[0]["kind"], &told[0]["subject"], &told[0]["reason"]["code"]),
        (1, &json!("source"), &json!("Directory"), &json!("source_unread"))
    );
    for (word, says) in [("en", "no"), ("de", "nein"), ("todo_en", "ask"), ("todo_de", "fragen")] {
        assert_eq!(told[0]["reason"][word], says, "{word}");
    }
    let counts = SourceCounts::default();
    let read = house.desk.store.write(move |tx| tx.source_read(id, &counts, None, now, now)).await;
    read.map_err(|e: StoreError| e).unwrap();
    assert_eq!(alarms().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_source_that_is_switched_off_is_no_alarm() {
    let house = House::build().await;
    let source = made(&house).await;
    let (id, now) = (SourceId(source["id"].as_i64().unwrap()), house.clock.now());
    let off = json!({ "name": "Directory", "enabled": false, "settings": source["settings"], "version": 1 });
    assert_eq!(house.put("admin", &format!("{PATH}/{id}"), off).await.status, StatusCode::OK);

    for _ in 0..3 {
        let problem = SourceProblem::new(ProblemCode::Credentials, ("no", "nein"), ("ask", "fragen"));
        house.desk.store.write(move |tx| tx.source_failed(id, &problem, now)).await.map_err(|e: StoreError| e).unwrap();
    }

    assert_eq!(house.get("admin", "/api/v1/alarms").await.items(), Vec::<Value>::new());
}

#[tokio::test]
async fn a_source_is_read_when_somebody_asks_and_deleted_after_its_contacts() {
    let house = House::build().await;
    let source = made(&house).await;
    let path = format!("{PATH}/{}", source["id"]);

    let asked = house.post("admin", &format!("{path}/read"), json!({ "may_shrink": true })).await;
    assert_eq!(asked.status, StatusCode::ACCEPTED, "{}", asked.text);
    let off = json!({ "name": "Directory", "enabled": false, "settings": source["settings"], "version": 1 });
    assert_eq!(house.put("admin", &path, off).await.json()["state"], "off");
    assert_eq!(house.post("admin", &format!("{path}/read"), json!({})).await.status, StatusCode::CONFLICT);

    assert_eq!(house.delete("admin", &path).await.status, StatusCode::NO_CONTENT);
    assert_eq!(house.get("admin", &path).await.json()["state"], "leaving");
    assert_eq!(house.delete("admin", &format!("{PATH}/999")).await.status, StatusCode::NOT_FOUND);
}
