//! Who may what: for each role, each path of the contract; and what is not there for whom.

use crate::house::{Answer, CANARY, House};
use crate::samples::jpeg;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// What a role meets at a path, with a body that is wrong on purpose: 422 and 404 mean that it was let in.
fn let_in(answer: &Answer) -> bool {
    !matches!(answer.status, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED)
}

/// Every operation of the contract, ids filled in with one that is not there.
fn operations() -> Vec<(Method, String)> {
    let contract: Value = serde_json::from_str(&depesche::api::routes::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in contract["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if let Ok(method) = method.to_uppercase().parse::<Method>()
                && method != Method::TRACE
            {
                let path = path.strip_prefix("/api/v1").unwrap_or(path).replace("{id}", "999999");
                let path = path.replace("{list}", "999999").replace("{position}", "0");
                found.push((method, format!("/api/v1{path}")));
            }
        }
    }
    assert!(found.len() > 60, "only {} operations", found.len());
    found
}

/// The least role that may use a path.
fn needs(method: &Method, path: &str) -> &'static str {
    let set_up = ["/channels", "/numbers", "/queues", "/extensions"];
    let part = path.strip_prefix("/api/v1").unwrap();
    let writes = *method != Method::GET;
    // Trying how files fit is a question with a body.
    let asks = part.ends_with("/fit");
    let people = ["/contacts", "/phonebooks"];
    if part == "/login" {
        "nobody"
    } else if part.ends_with("/log")
        || part.starts_with("/log/")
        || part.starts_with("/simulator")
        || part == "/alarms"
        || part.starts_with("/campaigns") && !(writes && part == "/campaigns/settings")
        || part == "/people"
        || part.starts_with("/opt-outs") && !(writes && part == "/opt-outs")
        || part == "/consent/settings" && !writes
        || part.starts_with("/consents") && writes
        || part == "/templates/refresh"
        || part.starts_with("/imports")
        || part == "/contacts/export"
        || writes && people.iter().any(|place| part.starts_with(place))
    {
        "supervisor"
    } else if [
        "/trunks",
        "/users",
        "/carriers",
        "/audit",
        "/people/",
        "/consent/settings",
        "/contact-sources",
        "/campaigns/settings",
    ]
    .iter()
    .any(|place| part.starts_with(place))
        || writes && !asks && set_up.iter().any(|place| part.starts_with(place))
    {
        "admin"
    } else {
        "agent"
    }
}

#[tokio::test]
async fn each_role_may_what_it_needs_and_nothing_more() {
    let house = House::build().await;

    for (method, path) in operations() {
        // These end the login they are called with; they have tests of their own.
        if path.ends_with("/logout") || path.ends_with("/live") {
            continue;
        }
        let needed = needs(&method, &path);
        for (user, rank) in [("", 0), ("anna", 1), ("super", 2), ("admin", 3)] {
            let least = ["nobody", "agent", "supervisor", "admin"].iter().position(|role| *role == needed).unwrap();
            let body = (method != Method::GET).then(|| json!({ "nonsense": true }));

            let answer = house.send(house.request(user, method.clone(), &path, body)).await;

            assert_eq!(let_in(&answer), rank >= least, "{user:?} {method} {path}: {} {}", answer.status, answer.text);
            if rank == 0 && least > 0 {
                assert_eq!(answer.code(), "not_logged_in", "{method} {path}");
            }
        }
    }
}

#[tokio::test]
async fn what_is_not_yours_is_not_there() {
    let house = House::build().await;
    let in_queue = house.customer_writes("+15550100101", "+15550100001", "for the queue").await;
    let with_carla = house.customer_writes("+15550100102", "+15550100002", "for Carla alone").await;
    let thread = house.get("admin", &format!("/api/v1/sessions/{with_carla}/thread")).await;
    let message = thread.items().iter().find_map(|item| item["message"]["id"].as_i64()).unwrap();
    let (sent, upload) =
        (house.uploaded("carla", "a.jpg", jpeg(64, 48)).await, house.uploaded("carla", "b.jpg", jpeg(48, 64)).await);
    let body = json!({ "text": "Carla's picture", "client_id": "a", "attachments": [sent] });
    let answer = house.post("carla", &format!("/api/v1/sessions/{with_carla}/messages"), body).await.json();
    let file = answer["attachments"][0]["id"].as_i64().unwrap();

    for (method, path, body) in [
        (Method::GET, format!("/sessions/{with_carla}"), None),
        (Method::GET, format!("/sessions/{with_carla}/thread"), None),
        (Method::POST, format!("/sessions/{with_carla}/messages"), Some(json!({ "text": "x", "client_id": "a" }))),
        (Method::POST, format!("/sessions/{with_carla}/pick-up"), None),
        (
            Method::POST,
            format!("/sessions/{with_carla}/transfer"),
            Some(json!({ "to": { "extension": house.anna.0 } })),
        ),
        (Method::POST, format!("/sessions/{with_carla}/end"), None),
        (Method::POST, format!("/sessions/{with_carla}/read"), Some(json!({ "up_to": 1 }))),
        (Method::POST, format!("/sessions/{with_carla}/unread"), None),
        (Method::GET, format!("/messages/{message}"), None),
        (Method::POST, format!("/messages/{message}/send-again"), None),
        (Method::POST, format!("/messages/{message}/settle"), Some(json!({ "state": "sent" }))),
        (Method::GET, format!("/messages/{message}/media.zip"), None),
        (Method::GET, format!("/sessions/{with_carla}/media-rules"), None),
        (Method::POST, format!("/sessions/{with_carla}/fit"), Some(json!({ "uploads": [] }))),
        (Method::GET, format!("/attachments/{file}/file"), None),
        (Method::GET, format!("/attachments/{file}/thumb"), None),
        (Method::GET, format!("/uploads/{upload}/file"), None),
        (Method::GET, format!("/uploads/{upload}/thumb"), None),
        (Method::DELETE, format!("/uploads/{upload}"), None),
    ] {
        let request = house.request("anna", method.clone(), &format!("/api/v1{path}"), body);
        let answer = house.send(request).await;

        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}: {}", answer.text);
        assert_eq!(answer.code(), "not_found");
    }
    let ids = |answer: &Answer| answer.items().iter().filter_map(|item| item["id"].as_i64()).collect::<Vec<_>>();
    assert_eq!(ids(&house.get("anna", "/api/v1/sessions").await), [in_queue]);
    assert_eq!(ids(&house.get("carla", "/api/v1/sessions").await), [with_carla]);
    assert_eq!(ids(&house.get("super", "/api/v1/sessions").await), [with_carla, in_queue]);
    let asked = json!({ "ids": [in_queue, with_carla, 999_999] });
    assert_eq!(ids(&house.post("anna", "/api/v1/sessions/by-ids", asked).await), [in_queue]);
    let found = house.get("anna", "/api/v1/search?q=Carla").await.json();
    assert_eq!(found["messages"].as_array().map(Vec::len), Some(0), "{found}");
    let found = house.get("anna", "/api/v1/search?q=queue").await.json();
    assert_eq!(found["messages"][0]["session"]["id"].as_i64(), Some(in_queue), "{found}");
    assert!(found["messages"][0]["marked"].as_str().unwrap().contains('\u{E000}'));
}

#[tokio::test]
async fn a_write_that_is_not_of_the_portal_is_refused() {
    let house = House::build().await;

    for (header, value) in
        [("x-depesche", None), ("sec-fetch-site", Some("cross-site")), ("sec-fetch-site", Some("same-site"))]
    {
        let mut request = house.request("admin", Method::POST, "/api/v1/logout", None);
        match value {
            Some(value) => drop(request.headers_mut().insert(header, value.parse().unwrap())),
            None => drop(request.headers_mut().remove(header)),
        }
        let answer = house.send(request).await;

        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "csrf"), "{header} {value:?}");
    }
    assert_eq!(house.get("admin", "/api/v1/me").await.status, StatusCode::OK);
}

#[tokio::test]
async fn no_credential_ever_comes_out() {
    let house = House::build().await;
    house.customer_writes("+15550100101", "+15550100001", "hello").await;
    house.post("admin", &format!("/api/v1/trunks/{}/test", house.trunk), json!({})).await;

    let mut read = 0;
    for (method, path) in operations() {
        if method != Method::GET || path.ends_with("/live") {
            continue;
        }
        for id in ["1", "2", "3", "4", "5"] {
            let path = path.replace("999999", id);
            for path in [path.clone(), format!("{path}?customer=%2B15550100101&q=hello")] {
                let answer = house.get("admin", &path).await;
                read += usize::from(answer.status == StatusCode::OK);

                assert!(!answer.text.contains(CANARY), "{path} shows a credential: {}", answer.text);
                for password in &house.extension_passwords {
                    assert!(!answer.text.contains(password.expose()), "{path} shows a SIP password");
                }
            }
        }
    }
    assert!(read > 60, "only {read} answers were read");
    let trunk = house.get("admin", &format!("/api/v1/trunks/{}", house.trunk)).await.json();
    assert_eq!(trunk["settings"]["secret"], Value::Null);
    assert_eq!(trunk["secrets_set"], json!(["secret"]));
}

#[tokio::test]
async fn every_answer_binds_the_browser() {
    let house = House::build().await;

    for path in ["/", "/inbox/5", "/api/v1/me", "/api/v1/nothing", "/healthz", "/assets/nothing.js"] {
        let answer = house.get("", path).await;

        let csp = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(csp.contains("default-src 'none'") && csp.contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(answer.headers["referrer-policy"], "no-referrer", "{path}");
        assert!(answer.headers.contains_key("cache-control"), "{path}");
    }
    assert_eq!(house.get("", "/api/v1/nothing").await.code(), "not_found");
    assert_eq!(house.get("", "/api/v2").await.code(), "not_found");
    assert_eq!(house.delete("admin", "/api/v1/me").await.code(), "wrong_method");
    let page = house.get("", "/inbox/5").await;
    assert!(page.status == StatusCode::OK && page.text.to_lowercase().contains("<!doctype html>"));
    assert_eq!(house.get("", "/assets/nothing.js").await.status, StatusCode::NOT_FOUND);
    assert_eq!(house.get("", "/healthz").await.json()["status"], "ok");
}
