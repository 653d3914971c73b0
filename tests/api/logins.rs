//! Logging in: guesses, tokens, passwords that must be changed, logins that end.

use crate::house::{Answer, House};
use axum::body::Body;
use depesche::domain::user::Role;
use depesche::flow::settings::users;
use depesche::net::forwarded::ClientAddr;
use depesche::store::users::UserEdit;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

async fn new_user(house: &House, name: &str) -> String {
    let edit = UserEdit { name: name.into(), role: Role::Supervisor, extension: None };
    let (_, password) = users::create(&house.desk, &house.state.gate.hasher, edit).await.unwrap();
    password.expose().to_owned()
}

async fn log_in(house: &House, name: &str, password: &str, from: &str) -> Answer {
    let body = json!({ "name": name, "password": password });
    let mut request = house.request("", Method::POST, "/api/v1/login", Some(body));
    request.extensions_mut().insert(ClientAddr(from.parse().unwrap()));
    house.send(request).await
}

/// The login cookie an answer sets, as the browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.headers["set-cookie"].to_str().unwrap();
    for promise in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
        assert!(set.contains(promise), "{set}");
    }
    set.split(';').next().unwrap().to_owned()
}

fn with(house: &House, cookie: &str, method: Method, path: &str, body: Option<Value>) -> Request<Body> {
    let mut request = house.request("", method, path, body);
    request.headers_mut().insert("cookie", cookie.parse().unwrap());
    request
}

async fn status_of_me(house: &House, cookie: &str) -> StatusCode {
    house.send(with(house, cookie, Method::GET, "/api/v1/me", None)).await.status
}

#[tokio::test]
async fn a_given_password_opens_nothing_but_its_own_change() {
    let house = House::build().await;
    let given = new_user(&house, "Olga").await;

    let answer = log_in(&house, "olga", &given, "192.0.2.1").await;
    assert_eq!(answer.json()["user"]["must_change_password"], true);
    let cookie = cookie(&answer);
    let refused = house.send(with(&house, &cookie, Method::GET, "/api/v1/sessions", None)).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "must_change_password"));

    for (new, status) in [
        ("short", StatusCode::UNPROCESSABLE_ENTITY),
        ("aaaaaaaaaaaa", StatusCode::UNPROCESSABLE_ENTITY),
        ("olga-olga-olga", StatusCode::UNPROCESSABLE_ENTITY),
        ("a better one 93", StatusCode::NO_CONTENT),
    ] {
        let body = json!({ "old": given, "new": new });
        let answer = house.send(with(&house, &cookie, Method::POST, "/api/v1/login/password", Some(body))).await;
        assert_eq!(answer.status, status, "{new}: {}", answer.text);
    }
    let let_in = house.send(with(&house, &cookie, Method::GET, "/api/v1/sessions", None)).await;
    assert_eq!(let_in.status, StatusCode::OK);
}

#[tokio::test]
async fn whoever_guesses_is_shut_out_and_the_owner_elsewhere_gets_in() {
    let house = House::build().await;
    let right = new_user(&house, "Olga").await;

    let mut shut_out_after = None;
    for guess in 1..=20 {
        let answer = log_in(&house, "Olga", "wrong guess", "203.0.113.9").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert!(answer.headers.contains_key("retry-after"));
            assert!(answer.json()["retry_after_s"].as_u64().unwrap() > 0);
            shut_out_after = Some(guess);
            break;
        }
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "wrong_password"));
    }

    assert!(shut_out_after.is_some(), "20 guesses were looked at");
    let right_but_shut_out = log_in(&house, "Olga", &right, "203.0.113.9").await;
    assert_eq!(right_but_shut_out.code(), "too_many_tries");
    assert_eq!(log_in(&house, "Olga", &right, "192.0.2.1").await.status, StatusCode::OK);
    house.clock.advance(Duration::from_secs(16));
    assert_eq!(log_in(&house, "Olga", &right, "203.0.113.9").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_user_is_answered_like_a_wrong_password() {
    let house = House::build().await;
    new_user(&house, "Olga").await;

    let known = log_in(&house, "Olga", "wrong guess", "192.0.2.1").await;
    let unknown = log_in(&house, "nobody-here", "wrong guess", "192.0.2.1").await;

    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
}

/// Time is the one thing that could still tell them apart. Nearly all of it goes into the hash, which costs the same
/// for nobody as for somebody (tested beside it): so each guess computes exactly one.
#[tokio::test]
async fn a_guess_at_an_unknown_user_costs_what_one_at_a_known_user_costs() {
    let house = House::build().await;
    new_user(&house, "Olga").await;

    for (round, name) in ["Olga", "nobody-here", "Olga", ""].into_iter().enumerate() {
        let before = house.state.gate.hasher.computed();
        log_in(&house, name, "wrong guess", &format!("198.51.100.{round}")).await;
        assert_eq!(house.state.gate.hasher.computed() - before, 1, "{name}");
    }
}

#[tokio::test]
async fn a_login_ends_when_it_should() {
    let house = House::build().await;
    let given = new_user(&house, "Olga").await;
    let first = cookie(&log_in(&house, "Olga", &given, "192.0.2.1").await);
    let second = cookie(&log_in(&house, "Olga", &given, "192.0.2.2").await);
    let third = cookie(&log_in(&house, "Olga", &given, "192.0.2.3").await);
    assert!(first != second && second != third);

    // A new login over an old one: the old token is worth nothing any more.
    let body = json!({ "name": "Olga", "password": given });
    let again = house.send(with(&house, &third, Method::POST, "/api/v1/login", Some(body))).await;
    assert_ne!(cookie(&again), third);
    assert_eq!(status_of_me(&house, &third).await, StatusCode::UNAUTHORIZED);

    // A new password ends the others.
    let body = json!({ "old": given, "new": "a better one 93" });
    house.send(with(&house, &first, Method::POST, "/api/v1/login/password", Some(body))).await;
    assert_eq!(status_of_me(&house, &first).await, StatusCode::OK);
    assert_eq!(status_of_me(&house, &second).await, StatusCode::UNAUTHORIZED);

    // Used, it lasts; unused, it ends after half a day.
    for _ in 0..3 {
        house.clock.advance(Duration::from_secs(11 * 3600));
        assert_eq!(status_of_me(&house, &first).await, StatusCode::OK);
    }
    house.clock.advance(Duration::from_secs(12 * 3600 + 1));
    assert_eq!(status_of_me(&house, &first).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn whoever_logs_out_is_out() {
    let house = House::build().await;
    let given = new_user(&house, "Olga").await;
    let cookie = cookie(&log_in(&house, "Olga", &given, "192.0.2.1").await);

    let out = house.send(with(&house, &cookie, Method::POST, "/api/v1/logout", None)).await;

    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(status_of_me(&house, &cookie).await, StatusCode::UNAUTHORIZED);
    for nonsense in ["depesche_login=", "depesche_login=AAAA", "depesche_login=%00", "other=1"] {
        assert_eq!(status_of_me(&house, nonsense).await, StatusCode::UNAUTHORIZED, "{nonsense}");
    }
}

#[tokio::test]
async fn what_a_user_likes_is_kept() {
    let house = House::build().await;

    let request =
        house.request("anna", Method::PATCH, "/api/v1/me", Some(json!({ "language": "de", "theme": "dark" })));
    assert_eq!(house.send(request).await.status, StatusCode::OK);

    let me = house.get("anna", "/api/v1/me").await.json();
    assert_eq!((&me["user"]["language"], &me["user"]["theme"]), (&json!("de"), &json!("dark")));
    assert_eq!(me["user"]["extension"]["number"], "1001");
    assert_eq!(me["site"]["country"], "DE");
}
