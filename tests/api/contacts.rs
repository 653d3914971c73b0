//! Phonebooks and contacts through the private door: kept as they are typed, found as people look for them, made one on
//! request, and changed by nobody who may not.

use crate::house::House;
use depesche::domain::contact_form::ContactForm;
use depesche::domain::id::{PhonebookId, SourceId};
use depesche::domain::time::Timestamp;
use http::{Method, StatusCode};
use serde_json::{Value, json};

async fn book(house: &House, name: &str) -> i64 {
    let made = house.post("super", "/api/v1/phonebooks", json!({ "name": name })).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()["id"].as_i64().unwrap()
}

async fn contact(house: &House, form: Value) -> Value {
    let made = house.post("super", "/api/v1/contacts", form).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    made.json()
}

fn person(first: &str, last: &str, mobile: &str) -> Value {
    json!({ "first_name": first, "last_name": last, "numbers": [{ "kind": "mobile", "given": mobile }] })
}

async fn found(house: &House, q: &str) -> Vec<String> {
    let q = percent_encoding::utf8_percent_encode(q, percent_encoding::NON_ALPHANUMERIC);
    let page = house.get("anna", &format!("/api/v1/contacts?q={q}")).await;
    page.items().iter().map(|one| one["last_name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_number_that_cannot_be_read_is_kept_and_blocks_nothing() {
    let house = House::build().await;
    let book = book(&house, "Customers").await;
    let form = json!({ "first_name": "Anna", "last_name": "Müller", "company": "Ærø & Söhne", "email": "anna@example.com",
        "language": "de", "time_zone": "Europe/Berlin", "custom": { "Branch": "Bonn" }, "phonebooks": [book],
        "numbers": [{ "kind": "business", "given": "ask at the desk" }, { "kind": "mobile", "given": "01555 0001234" }] });

    let made = contact(&house, form).await;

    let numbers = &made["numbers"];
    assert_eq!(numbers[0]["given"], "ask at the desk");
    assert!(numbers[0]["address"].is_null() && numbers[0]["problem"]["de"].is_string(), "{made}");
    assert_eq!((&numbers[1]["address"], &numbers[1]["problem"]), (&json!("+4915550001234"), &Value::Null));
    let got = house.get("anna", &format!("/api/v1/contacts/{}", made["id"])).await.json();
    assert_eq!(got, made);
    let books = house.get("anna", "/api/v1/phonebooks").await.items();
    assert_eq!((&books[0]["name"], &books[0]["contacts"]), (&json!("Customers"), &json!(1)));
}

#[tokio::test]
async fn fields_that_do_not_fit_are_refused_by_name() {
    let house = House::build().await;
    for (form, field) in [
        (json!({ "last_name": "x".repeat(500) }), "last_name"),
        (json!({ "last_name": "A", "time_zone": "Mars/Base" }), "time_zone"),
        (json!({ "last_name": "A", "language": "!!" }), "language"),
        (json!({}), "last_name"),
        (json!({ "last_name": "A", "phonebooks": [77] }), "phonebooks"),
        (
            json!({ "last_name": "A", "numbers": [{ "kind": "home", "given": "1234567" }, { "kind": "home", "given": "7654321" }] }),
            "number:home",
        ),
    ] {
        let refused = house.post("super", "/api/v1/contacts", form).await;

        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.json()["fields"][field].is_string(), "{field}: {}", refused.text);
    }
}

#[tokio::test]
async fn people_are_found_as_one_types() {
    let house = House::build().await;
    contact(
        &house,
        json!({ "first_name": "Anna", "last_name": "Müller", "company": "Weiß Bau", "email": "am@example.com",
        "numbers": [{ "kind": "mobile", "given": "0151 23456789" }, { "kind": "home", "given": "call 77 12" }] }),
    )
    .await;
    contact(&house, person("Anna", "Mulligan", "+1 555 0100")).await;
    contact(&house, json!({ "last_name": "Desk", "company": "Studio 4711" })).await;

    for (q, hits) in [
        ("müll anna", vec!["Müller", "Mulligan"]),
        ("MULL", vec!["Müller", "Mulligan"]),
        ("mueller", vec!["Müller"]),
        ("weiss", vec!["Müller"]),
        ("am@exam", vec!["Müller"]),
        ("0151 23", vec!["Müller"]),
        ("+4915123", vec!["Müller"]),
        ("0049 (0)151/23", vec!["Müller"]),
        ("anna 0151", vec!["Müller"]),
        ("ben 0151", vec![]),
        ("77", vec!["Müller"]),
        ("1555", vec!["Mulligan"]),
        ("4711", vec!["Desk"]),
        ("studio 47", vec!["Desk"]),
        ("\"OR NOT *", vec![]),
        ("--", vec![]),
    ] {
        assert_eq!(found(&house, q).await, hits, "{q}");
    }

    let all = house.get("anna", "/api/v1/contacts?q=M%C3%BCll").await.items();
    let path = format!("/api/v1/contacts/{}", all[0]["id"]);
    let changed = house.put("super", &path, json!({ "last_name": "Schmidt", "version": 1 })).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text);
    assert_eq!(found(&house, "mueller").await, Vec::<String>::new());
    assert_eq!(found(&house, "schm").await, ["Schmidt"]);
    assert!(house.delete("super", &path).await.status.is_success());
    assert_eq!(found(&house, "schm").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_list_is_in_order_of_names_page_by_page_in_all_and_in_one_book() {
    let house = House::build().await;
    let book = book(&house, "B").await;
    for (nth, last) in ["Zimmer", "Österreicher", "abel", "Meier-Schmidt", "Meier", "Oster"].into_iter().enumerate() {
        let mut form = person("A", last, &format!("+1 555 01{nth:02}"));
        form["phonebooks"] = if last.starts_with('M') { json!([book]) } else { json!([]) };
        contact(&house, form).await;
    }
    let pages = async |path: &str| {
        let (mut names, mut after) = (Vec::new(), String::new());
        loop {
            let page = house.get("anna", &format!("{path}limit=2{after}")).await;
            names.extend(page.items().iter().map(|one| one["last_name"].as_str().unwrap().to_owned()));
            match page.json()["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return names,
            }
        }
    };

    let all = pages("/api/v1/contacts?").await;
    let in_book = pages(&format!("/api/v1/contacts?phonebook={book}&")).await;
    let sought = pages("/api/v1/contacts?q=a&").await;

    assert_eq!(all, ["abel", "Meier", "Meier-Schmidt", "Oster", "Österreicher", "Zimmer"]);
    assert_eq!(in_book, ["Meier", "Meier-Schmidt"]);
    assert_eq!(sought, all);
}

#[tokio::test]
async fn an_edit_of_what_changed_meanwhile_is_refused() {
    let house = House::build().await;
    let made = contact(&house, person("Anna", "Meier", "+1 555 0100")).await;
    let path = format!("/api/v1/contacts/{}", made["id"]);
    let form = json!({ "last_name": "Meyer", "version": 1 });

    assert_eq!(house.put("super", &path, form.clone()).await.status, StatusCode::OK);
    let stale = house.put("super", &path, form).await;

    assert_eq!((stale.status, stale.code().as_str()), (StatusCode::PRECONDITION_FAILED, "stale"));
    let id = book(&house, "One").await;
    let again = house.post("super", "/api/v1/phonebooks", json!({ "name": "ONE" })).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", again.text);
    let named = json!({ "name": "Two", "remark": "x", "version": 1 });
    assert_eq!(house.put("super", &format!("/api/v1/phonebooks/{id}"), named.clone()).await.json()["name"], "Two");
    assert_eq!(house.put("super", &format!("/api/v1/phonebooks/{id}"), named).await.code(), "stale");
}

#[tokio::test]
async fn agents_look_and_change_nothing() {
    let house = House::build().await;
    let made = contact(&house, person("Anna", "Meier", "+1 555 0100")).await;
    let path = format!("/api/v1/contacts/{}", made["id"]);

    assert_eq!(house.get("anna", &path).await.status, StatusCode::OK);
    for (method, path) in [
        (Method::PUT, path.as_str()),
        (Method::DELETE, &path),
        (Method::POST, "/api/v1/contacts"),
        (Method::POST, "/api/v1/contacts/bulk"),
        (Method::POST, "/api/v1/contacts/merge"),
        (Method::POST, "/api/v1/phonebooks"),
        (Method::POST, "/api/v1/imports"),
        (Method::GET, "/api/v1/imports"),
        (Method::GET, "/api/v1/contacts/export"),
    ] {
        let answer = house.send(house.request("anna", method.clone(), path, Some(json!({})))).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    assert_eq!(house.get("", &path).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn many_go_into_a_book_and_away_at_once() {
    let house = House::build().await;
    let (one, two) = (book(&house, "One").await, book(&house, "Two").await);
    let mut ids = Vec::new();
    for nth in 0..3 {
        ids.push(contact(&house, person("A", &format!("N{nth}"), "+1 555 0100")).await["id"].clone());
    }
    let bulk = async |body: Value| house.post("super", "/api/v1/contacts/bulk", body).await;

    let added = bulk(json!({ "ids": ids, "action": "add", "phonebook": one })).await;
    assert_eq!(added.json()["changed"], 3, "{}", added.text);
    assert_eq!(bulk(json!({ "ids": ids, "action": "add", "phonebook": one })).await.json()["changed"], 0);
    assert_eq!(bulk(json!({ "ids": [ids[0]], "action": "add", "phonebook": two })).await.json()["changed"], 1);
    assert_eq!(bulk(json!({ "ids": [ids[2]], "action": "remove", "phonebook": one })).await.json()["changed"], 1);
    assert_eq!(bulk(json!({ "ids": ids, "action": "add" })).await.status, StatusCode::UNPROCESSABLE_ENTITY);

    let gone = house.delete("super", &format!("/api/v1/phonebooks/{one}?with_contacts=true")).await;

    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let left = house.get("anna", "/api/v1/contacts").await.items();
    let names: Vec<_> = left.iter().map(|one| one["last_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["N0", "N2"], "who stands in another book, or in none, stays");
    assert_eq!(bulk(json!({ "ids": ids, "action": "delete" })).await.json()["changed"], 2);
}

#[tokio::test]
async fn who_stands_there_twice_is_found_and_made_one() {
    let house = House::build().await;
    let book = book(&house, "B").await;
    let mut first = person("Anna", "Müller", "01555 0001234");
    first["email"] = json!("Anna@Example.com");
    let first = contact(&house, first).await;
    let mut second = person("anna", "muller", "+49 1555 0001234");
    second["numbers"] =
        json!([{ "kind": "mobile", "given": "+49 1555 0001234" }, { "kind": "home", "given": "nearby" }]);
    second["phonebooks"] = json!([book]);
    let second = contact(&house, second).await;
    let mut third = person("Annette", "M.", "+1 555 0199");
    third["email"] = json!("anna@example.com");
    third["company"] = json!("Acme");
    let third = contact(&house, third).await;
    let ids =
        |group: &Value| group["contacts"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>();

    for (by, pair) in [("number", [&first, &second]), ("name", [&first, &second]), ("email", [&first, &third])] {
        let groups = house.get("anna", &format!("/api/v1/contacts/duplicates?by={by}")).await.items();
        assert_eq!(groups.len(), 1, "{by}");
        assert_eq!(ids(&groups[0]), [pair[0]["id"].clone(), pair[1]["id"].clone()], "{by}");
    }

    let body = json!({ "keep": first["id"], "others": [second["id"], third["id"]], "version": 1 });
    let merged = house.post("super", "/api/v1/contacts/merge", body.clone()).await;

    assert_eq!(merged.status, StatusCode::OK, "{}", merged.text);
    let merged = merged.json();
    let kinds: Vec<_> = merged["numbers"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["mobile", "mobile2", "home"]);
    assert_eq!((&merged["company"], &merged["phonebooks"]), (&json!("Acme"), &json!([book])));
    assert_eq!(merged["remark"], "Last name: muller\nFirst name: Annette\nLast name: M.");
    assert_eq!(house.get("anna", "/api/v1/contacts").await.items().len(), 1);
    assert_eq!(house.post("super", "/api/v1/contacts/merge", body).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_contact_names_the_conversation_and_is_found_by_its_number() {
    let house = House::build().await;
    let session = house.customer_writes("+4915550001234", "+15550100001", "Hello").await;
    let name = async || house.get("super", &format!("/api/v1/sessions/{session}")).await.json()["peer"]["name"].clone();
    assert!(name().await.is_null());

    let made = contact(&house, person("Anna", "Müller", "01555 0001234")).await;

    assert_eq!(name().await, "Anna Müller");
    let listed = house.get("super", "/api/v1/sessions?tab=all&q=mull").await.items();
    assert_eq!(listed.len(), 1);
    let of = house.get("anna", "/api/v1/contacts/by-address?address=%2B4915550001234").await.items();
    assert_eq!(of[0]["id"], made["id"]);
    assert!(house.get("anna", "/api/v1/contacts/by-address?address=%2B15550100").await.items().is_empty());
}

#[tokio::test]
async fn what_a_source_brings_is_changed_there() {
    let house = House::build().await;
    let database = rusqlite::Connection::open(house.folder.path().join("depesche.db")).unwrap();
    database
        .execute_batch(
            "INSERT INTO contact_sources (id, name, kind, settings, secrets, next_at, created_at)
             VALUES (7, 'Directory', 'ldap', '{}', x'00', 0, 0);
             INSERT INTO phonebooks (id, name, source_id, created_at) VALUES (7, 'Directory', 7, 0);",
        )
        .unwrap();
    let book = 7;
    let read = house.desk.store.write(move |tx| {
        let person = ContactForm { last_name: "Read".into(), ..ContactForm::default() }.checked("DE").unwrap();
        tx.insert_contact(&person, &[PhonebookId(book)], Some((SourceId(7), "uid=1")), Timestamp(1))
    });
    let contact = read.await.unwrap();
    let path = format!("/api/v1/contacts/{contact}");

    let shown = house.get("anna", &path).await.json();
    assert_eq!((&shown["read_only"], &shown["source"]["name"]), (&json!(true), &json!("Directory")));
    let form = json!({ "last_name": "Changed", "version": 1 });
    assert_eq!(house.put("super", &path, form).await.status, StatusCode::CONFLICT);
    assert_eq!(house.delete("super", &path).await.status, StatusCode::CONFLICT);
    assert_eq!(house.delete("super", &format!("/api/v1/phonebooks/{book}")).await.status, StatusCode::CONFLICT);
    let bulk = json!({ "ids": [contact], "action": "delete" });
    assert_eq!(house.post("super", "/api/v1/contacts/bulk", bulk).await.json()["changed"], 0);
    let into = json!({ "last_name": "New", "phonebooks": [book] });
    assert_eq!(house.post("super", "/api/v1/contacts", into).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}
