//! The carriers' door on a real store: what is signed is filed once and then answered; everything else leaves no trace.

mod ingress_house;

use axum::Router;
use axum::body::Body;
use depesche::carrier::sign;
use depesche::clock::Clock;
use depesche::domain::id::TrunkId;
use depesche::egress::simulator::SimulatorHandle;
use depesche::egress::switchboard::{Switchboard, TrunkSettings};
use depesche::ingress::webhook::WebhookDoor;
use depesche::net::client::{ClientSettings, HttpClient};
use depesche::net::forwarded::ClientAddr;
use depesche::net::tls;
use depesche::store::error::StoreError;
use depesche::store::trunks::Trunk;
use http::{Request, Response};
use ingress_house::{House, OUR_NUMBER, WEBHOOK_SECRET};
use std::net::IpAddr;
use tower::ServiceExt;

struct Public {
    house: House,
    door: WebhookDoor,
    router: Router,
    switchboard: Switchboard,
    trunk: TrunkId,
    key: String,
}

async fn public() -> Public {
    let house = House::new().await;
    let trunk = house.generic_trunk().await;
    let clock = Clock::system();
    let http = HttpClient::new(ClientSettings::new(tls::client(None).expect("roots")), clock.clone());
    let simulator = SimulatorHandle::new(clock.clone());
    let switchboard = Switchboard::new(http, simulator, Some("https://sms.example.com".into()), clock);
    let rows = house.desk.store.read(|db| db.trunks()).await.expect("readable");
    let key = rows.iter().find(|row| row.id == trunk).expect("there").webhook_key.expose().to_owned();
    assert!(switchboard.set(rows.into_iter().map(as_set_up).collect()).is_empty());
    let door = WebhookDoor::new(house.desk.clone(), switchboard.clone());
    let router = door.router();
    Public { house, door, router, switchboard, trunk, key }
}

fn as_set_up(row: Trunk) -> TrunkSettings {
    TrunkSettings {
        id: row.id,
        settings: row.merged_settings(),
        name: row.name,
        carrier: row.carrier,
        enabled: row.enabled,
        webhook_key: row.webhook_key.expose().to_owned(),
        mps: row.mps,
        send_again_when_uncertain: false,
    }
}

fn text(id: &str, text: &str) -> String {
    serde_json::json!({
        "event": "message.received", "id": id, "from": "+15550100199", "to": OUR_NUMBER, "text": text, "channel": "sms",
    })
    .to_string()
}

fn signed(key: &str, body: &str, seconds: i64) -> Request<Body> {
    let timestamp = seconds.to_string();
    let mac = sign::hmac_sha256(WEBHOOK_SECRET.as_bytes(), &[timestamp.as_bytes(), b".", body.as_bytes()]);
    Request::post(format!("/hook/{key}"))
        .header("X-Timestamp", timestamp)
        .header("X-Signature-256", format!("sha256={}", hex::encode(mac)))
        .header("Content-Type", "application/json")
        .body(Body::from(body.to_owned()))
        .expect("a good request")
}

impl Public {
    async fn ask(&self, request: Request<Body>) -> Response<Body> {
        self.router.clone().oneshot(request).await.expect("it always answers")
    }

    fn now(&self) -> i64 {
        self.house.desk.now().as_seconds()
    }

    fn stored(&self) -> (i64, i64) {
        (self.house.count("SELECT count(*) FROM messages"), self.house.count("SELECT count(*) FROM exchanges"))
    }
}

#[tokio::test]
async fn a_signed_webhook_is_filed_and_then_answered_and_a_repetition_is_harmless() {
    let public = public().await;

    for _ in 0..3 {
        let answer = public.ask(signed(&public.key, &text("m-1", "Guten Tag"), public.now())).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert_eq!(answer.headers()["cache-control"], "no-store");
    }

    assert_eq!(public.house.texts("SELECT text FROM messages"), ["Guten Tag"]);
    assert_eq!(public.stored().1, 3, "the channel log has each");
    let log = public.house.texts("SELECT request || answer FROM exchanges").concat();
    assert!(!log.contains(WEBHOOK_SECRET) && !log.contains(&public.key) && !log.contains("sha256="), "{log}");
    assert_eq!(public.door.figures().taken, 3);
}

#[tokio::test]
async fn a_forged_stale_or_unsigned_webhook_is_refused_with_one_line_of_each_kind() {
    let public = public().await;
    let body = text("m-1", "Guten Tag");
    let now = public.now();
    let mut forged = signed(&public.key, &body, now);
    forged.headers_mut().insert("x-signature-256", format!("sha256={}", "0".repeat(64)).parse().expect("good"));
    let mut unsigned = signed(&public.key, &body, now);
    unsigned.headers_mut().remove("x-signature-256");
    let unreadable = signed(&public.key, "{no json", now);

    for (request, status) in [
        (forged, 403),
        (unsigned, 401),
        (signed(&public.key, &body, now - 3600), 403),
        (signed(&public.key, &body, now + 3600), 403),
        (unreadable, 400),
    ] {
        let answer = public.ask(request).await;
        assert_eq!(answer.status(), status);
    }

    assert_eq!(public.stored(), (0, 4), "one line of each kind a minute");
    let log = public.house.texts("SELECT status || ' ' || outcome || ' ' || good FROM exchanges ORDER BY id");
    assert!(log[0].starts_with("403 refused: the signature does not fit") && log[0].ends_with(" 0"), "{log:?}");
    let whole = public.house.texts("SELECT request || answer FROM exchanges").concat();
    assert!(!whole.contains("Guten Tag") && !whole.contains(&public.key), "nobody's words, and no key: {whole}");
    assert_eq!(public.door.figures().refused, 5);
}

#[tokio::test]
async fn a_knock_is_answered_by_our_own_door_only() {
    let public = public().await;
    let word = "0123456789abcdef0123456789abcdef";
    let knock = |key: &str| {
        Request::get(format!("/hook/{key}")).header("x-depesche-knock", word).body(Body::empty()).expect("good")
    };

    let ours = public.ask(knock(&public.key)).await;
    let nobody_s = public.ask(knock("00000000000000000000000000000000")).await;

    assert_eq!((ours.status().as_u16(), ours.headers()["x-depesche-knock"].to_str().unwrap()), (204, word));
    assert_eq!(nobody_s.status(), 404);
    assert_eq!(public.stored(), (0, 0));
}

#[tokio::test]
async fn nothing_else_is_found_here() {
    let public = public().await;
    let get = |path: &str| Request::get(path).body(Body::empty()).expect("good");
    let mut put = signed(&public.key, &text("m-1", "x"), public.now());
    *put.method_mut() = http::Method::PUT;

    for request in [
        get("/"),
        get("/hook"),
        get("/hook/"),
        get("/api/v1/me"),
        get("/hook/00000000000000000000000000000000"),
        signed("11111111111111111111111111111111", &text("m-1", "x"), public.now()),
        put,
    ] {
        let path = request.uri().path().to_owned();
        let answer = public.ask(request).await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff", "{path}");
    }
    assert_eq!(public.stored(), (0, 0));
}

#[tokio::test]
async fn whoever_guesses_keys_waits_and_the_carrier_beside_him_does_not() {
    let public = public().await;
    let from = |mut request: Request<Body>| {
        request.extensions_mut().insert(ClientAddr("192.0.2.9".parse::<IpAddr>().expect("good")));
        request
    };
    let mut last = 0;
    for guess in 0..40 {
        let request = Request::post(format!("/hook/{guess:032}")).body(Body::empty()).expect("good");
        last = public.ask(from(request)).await.status().as_u16();
    }

    let honest = public.ask(from(signed(&public.key, &text("m-1", "Guten Tag"), public.now()))).await;

    assert_eq!((last, honest.status().as_u16()), (429, 200));
}

#[tokio::test]
async fn a_webhook_for_a_trunk_that_is_off_or_broken_is_to_come_again_and_is_no_guess() {
    let public = public().await;
    let row = public.house.desk.store.read(move |db| db.trunk(public.trunk)).await.expect("readable").expect("there");
    let usable = as_set_up(row);
    for unusable in [
        TrunkSettings { enabled: false, ..usable.clone() },
        TrunkSettings { carrier: "pigeon".into(), ..usable.clone() },
    ] {
        public.switchboard.set(vec![unusable]);
        for _ in 0..40 {
            let answer = public.ask(signed(&public.key, &text("m-1", "Guten Tag"), public.now())).await;
            assert_eq!(answer.status(), 503);
            assert!(answer.headers().contains_key("retry-after"));
        }
        let stranger = Request::post("/hook/00000000000000000000000000000000").body(Body::empty()).expect("good");
        assert_eq!(public.ask(stranger).await.status(), 404, "nobody has guessed yet");
    }

    public.switchboard.set(vec![usable]);

    assert_eq!(public.ask(signed(&public.key, &text("m-1", "Guten Tag"), public.now())).await.status(), 200);
    assert_eq!(public.stored().0, 1);
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_refused() {
    let public = public().await;

    let answer = public.ask(signed(&public.key, &"x".repeat((1 << 20) + 1), public.now())).await;

    assert_eq!(answer.status(), 413);
}

#[tokio::test]
async fn while_nothing_can_be_stored_the_carrier_is_asked_to_come_again() {
    let public = public().await;
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    let store = public.house.desk.store.clone();
    let holding = tokio::spawn(async move {
        let written = store.write(move |_| {
            let _ = held.recv();
            Ok::<_, StoreError>(())
        });
        written.await.expect("written in the end");
    });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let mut waiting = Vec::new();
    for _ in 0..16 {
        let store = public.house.desk.store.clone();
        waiting.push(tokio::spawn(async move { store.write(|_| Ok::<_, StoreError>(())).await }));
    }
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;

    let answer = public.ask(signed(&public.key, &text("m-1", "Guten Tag"), public.now())).await;

    assert_eq!(answer.status(), 503);
    assert!(answer.headers().contains_key("retry-after"));
    let_go.send(()).expect("it waits");
    holding.await.expect("ends");
    for one in waiting {
        one.await.expect("ends").expect("written");
    }
    assert_eq!(public.stored(), (0, 0));
    assert_eq!(public.ask(signed(&public.key, &text("m-1", "Guten Tag"), public.now())).await.status(), 200);
    assert_eq!(public.stored().0, 1);
}

#[tokio::test]
async fn a_simulated_customer_comes_in_by_the_same_door() {
    let public = public().await;
    let simulated = public.house.count("SELECT id FROM trunks WHERE carrier = 'simulator'");
    let door = public.door.clone();
    let simulator = public.switchboard.simulator().clone();
    let running = tokio::spawn(async move {
        simulator
            .run(|trunk, heard| {
                let door = door.clone();
                async move { door.deliver(trunk, heard).await }
            })
            .await
    });

    let address = |text: &str| depesche::domain::address::Address::parse(text).expect("good");
    let kind = depesche::domain::channel::ChannelKind::Sms;
    public
        .switchboard
        .simulator()
        .customer_writes(
            TrunkId(simulated),
            &address("+15550100177"),
            &address("+4915550000100"),
            kind,
            "Hallo",
            Vec::new(),
        )
        .expect("taken");

    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while public.door.figures().taken == 0 && std::time::Instant::now() < until {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(public.house.texts("SELECT text FROM messages"), ["Hallo"]);
    assert_ne!(TrunkId(simulated), public.trunk);
    running.abort();
}

#[tokio::test]
async fn a_trunk_with_a_public_address_of_its_own_is_called_and_checked_there() {
    let house = House::new().await;
    let settings = serde_json::json!({
        "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "0123456789abcdef0123456789abcdef",
        "public_url": "https://sms2.example.com",
    });
    let trunk = house.trunk("twilio", settings).await;
    let switchboard = ingress_house::switchboard();
    depesche::app::reload::Reload::new(house.desk.clone(), switchboard.clone())
        .now()
        .await
        .expect("the trunks are read");
    let url = switchboard.report_url(trunk).expect("we are reached there");
    assert!(url.starts_with("https://sms2.example.com/hook/"), "{url}");
    let path = url.strip_prefix("https://sms2.example.com").expect("it is there").to_owned();

    // Twilio signs the address it called: only this trunk's own fits (RFC 2104 over address and sorted fields).
    let fields = [
        ("Body", "hello"),
        ("From", "+15550100199"),
        ("MessageSid", "SM0123456789abcdef0123456789abcdef"),
        ("To", OUR_NUMBER),
    ];
    let text = fields.iter().fold(url, |text, (name, value)| text + name + value);
    let mac = depesche::carrier::sign::hmac_sha1(b"0123456789abcdef0123456789abcdef", &[text.as_bytes()]);
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let signature = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, mac);
    let request = Request::post(path)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-twilio-signature", signature)
        .body(Body::from(body))
        .expect("a request");

    let answer = WebhookDoor::new(house.desk.clone(), switchboard).router().oneshot(request).await.expect("answered");

    assert_eq!(answer.status(), 200);
    assert_eq!(house.count("SELECT count(*) FROM messages WHERE text = 'hello'"), 1);
}
