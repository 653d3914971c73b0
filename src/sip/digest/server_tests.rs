//! Both sides against each other, and what an attacker tries.

use super::*;
use crate::domain::secret::Secret;
use crate::sip::digest::client::{Client, Credentials};
use crate::sip::digest::hash::ha1;
use crate::sip::message::Method;
use proptest::prelude::*;

const MD5: &[Algorithm] = &[Algorithm::Md5];
const NOW: Duration = Duration::from_secs(100);

fn authenticator() -> Authenticator {
    Authenticator::new(Settings::new("pbx.example.com"))
}

fn home() -> IpAddr {
    "192.0.2.1".parse().expect("an address")
}

fn register() -> Request {
    Request::new(Method::Register, Uri::sip("", "pbx.example.com", None))
        .with("Via", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1")
        .with("From", "<sip:1001@pbx.example.com>;tag=1")
        .with("To", "sip:1001@pbx.example.com")
        .with("Call-ID", "c1")
        .with("CSeq", "1 REGISTER")
}

fn phone(user: &str, password: &str) -> Client {
    Client::new(Credentials { user: user.into(), password: Secret::new(password) })
}

/// One user, 1001, whose password is "secret".
fn look_up(user: &str) -> Option<Ha1> {
    (user == "1001").then(|| Ha1::new("1001", "pbx.example.com", "secret"))
}

fn check(authenticator: &Authenticator, request: &Request, now: Duration) -> Result<String, Refusal> {
    authenticator.check(request, home(), MD5, now, look_up)
}

/// Asks, and lets the phone answer.
fn answered(
    authenticator: &Authenticator,
    phone: &mut Client,
    algorithms: &[Algorithm],
    from: IpAddr,
    now: Duration,
) -> Request {
    let mut request = register();
    let refusal = authenticator.check(&request, from, algorithms, now, look_up).expect_err("a first request is asked");
    phone.challenged(&refusal.answer(&request)).expect("answerable");
    phone.authorize(&mut request);
    request
}

fn why(result: Result<String, Refusal>) -> Why {
    match result {
        Err(Refusal::Ask { why, .. }) => why,
        other => panic!("asked again, not {other:?}"),
    }
}

#[test]
fn a_phone_that_knows_the_password_comes_in_by_each_algorithm() {
    for algorithms in [&[Algorithm::Md5][..], &[Algorithm::Sha256], &[Algorithm::Sha256, Algorithm::Md5]] {
        let authenticator = authenticator();

        let request = answered(&authenticator, &mut phone("1001", "secret"), algorithms, home(), NOW);

        assert_eq!(
            authenticator.check(&request, home(), algorithms, NOW, look_up),
            Ok("1001".into()),
            "{algorithms:?}"
        );
    }
}

#[test]
fn md5_is_refused_where_only_sha_256_is_asked() {
    let authenticator = authenticator();
    let request = answered(&authenticator, &mut phone("1001", "secret"), MD5, home(), NOW);

    let result = authenticator.check(&request, home(), &[Algorithm::Sha256], NOW, look_up);

    assert_eq!(why(result), Why::NotAnswered);
}

#[test]
fn the_challenge_is_what_phones_expect_and_small() {
    let refusal = check(&authenticator(), &register(), NOW).expect_err("asked");
    let response = refusal.answer(&register());

    let challenge = response.headers.get("WWW-Authenticate").expect("a challenge");
    assert_eq!(response.status, 401);
    assert!(challenge.starts_with("Digest realm=\"pbx.example.com\", nonce=\""), "{challenge}");
    assert!(challenge.ends_with("algorithm=MD5, qop=\"auth\"") && challenge.contains(", opaque=\""), "{challenge}");
    assert!(challenge.len() < 160, "answers to strangers stay small (T23)");
}

#[test]
fn unknown_users_and_wrong_passwords_get_the_same_answer() {
    let authenticator = authenticator();
    let unknown = answered(&authenticator, &mut phone("9999", "secret"), MD5, home(), NOW);
    let wrong = answered(&authenticator, &mut phone("1001", "wrong"), MD5, home(), NOW);

    let shape = |request: &Request| {
        let response = check(&authenticator, request, NOW).expect_err("refused").answer(request);
        let challenge = response.headers.get("WWW-Authenticate").expect("a challenge").to_owned();
        (response.status, challenge.len(), challenge.contains("stale"))
    };

    assert_eq!(shape(&unknown), shape(&wrong));
    assert_eq!(shape(&unknown).0, 401);
}

#[test]
fn a_count_serves_once_and_the_next_one_is_taken() {
    let authenticator = authenticator();
    let mut phone = phone("1001", "secret");
    let first = answered(&authenticator, &mut phone, MD5, home(), NOW);
    let mut second = register();
    phone.authorize(&mut second);

    assert!(check(&authenticator, &first, NOW).is_ok());
    assert_eq!(why(check(&authenticator, &first, NOW)), Why::Replayed);
    assert!(check(&authenticator, &second, NOW).is_ok(), "linphone reuses its nonce, nc=2");
}

#[test]
fn a_nonce_too_old_or_from_before_the_start_is_stale_not_wrong() {
    let (before, after) = (authenticator(), authenticator());
    let mut phone = phone("1001", "secret");
    let mut request = answered(&before, &mut phone, MD5, home(), NOW);

    let restarted = check(&after, &request, NOW).expect_err("another key");
    assert_eq!(why(check(&before, &request, NOW + Duration::from_secs(301))), Why::StaleNonce);

    let response = restarted.answer(&request);
    assert!(response.headers.get("WWW-Authenticate").expect("a challenge").contains("stale=true"));
    phone.challenged(&response).expect("a phone tries again without asking for its password");
    phone.authorize(&mut request);
    assert!(check(&after, &request, NOW).is_ok());
}

#[test]
fn guessers_are_shut_out_and_the_owner_elsewhere_is_not() {
    let authenticator = authenticator();
    let crook: IpAddr = "203.0.113.9".parse().expect("an address");
    for _ in 0..20 {
        let request = answered(&authenticator, &mut phone("1001", "guess"), MD5, crook, NOW);
        assert_eq!(why(authenticator.check(&request, crook, MD5, NOW, look_up)), Why::WrongAnswer);
    }

    let right_at_last = answered(&authenticator, &mut phone("1001", "secret"), MD5, crook, NOW);
    let owner = answered(&authenticator, &mut phone("1001", "secret"), MD5, home(), NOW);

    let refused = authenticator.check(&right_at_last, crook, MD5, NOW, look_up).expect_err("shut out");
    let response = refused.answer(&right_at_last);
    assert_eq!((response.status, response.headers.get("Retry-After")), (503, Some("600")));
    assert!(check(&authenticator, &owner, NOW).is_ok());
}

#[test]
fn nobody_is_shut_out_by_guesses_under_his_address_with_a_nonce_made_elsewhere() {
    let authenticator = authenticator();
    let crook: IpAddr = "203.0.113.9".parse().expect("an address");

    for _ in 0..50 {
        let forged = answered(&authenticator, &mut phone("1001", "guess"), MD5, crook, NOW);
        assert_eq!(why(check(&authenticator, &forged, NOW)), Why::StaleNonce);
    }

    let owner = answered(&authenticator, &mut phone("1001", "secret"), MD5, home(), NOW);
    assert!(check(&authenticator, &owner, NOW).is_ok());
}

#[test]
fn an_answer_for_another_request_is_refused() {
    let authenticator = authenticator();
    let request = answered(&authenticator, &mut phone("1001", "secret"), MD5, home(), NOW);
    let mut elsewhere = request.clone();
    elsewhere.uri = Uri::sip("+15550100", "pbx.example.com", None);
    let mut other_method = request.clone();
    other_method.method = Method::Message;

    assert!(matches!(check(&authenticator, &elsewhere, NOW), Err(Refusal::Unreadable(_))));
    assert_eq!(why(check(&authenticator, &other_method, NOW)), Why::WrongAnswer);
    assert_eq!(Refusal::Unreadable("x").answer(&request).status, 400);
}

#[test]
fn an_answer_is_taken_whose_uri_differs_in_parameters_or_names_only_the_server() {
    for (written, requested, same) in [
        ("sip:pbx.example.com", "sip:PBX.example.com;transport=tcp", true),
        ("sip:pbx.example.com:5060;transport=udp", "sip:pbx.example.com", true),
        ("sip:%31001@pbx.example.com", "sip:1001@pbx.example.com", true),
        ("sip:1001@pbx.example.com", "sip:1002@pbx.example.com", false),
        ("sips:pbx.example.com", "sip:pbx.example.com", false),
        ("sip:pbx.example.com:5070", "sip:pbx.example.com", true),
        ("sip:pbx.example.com:5070", "sip:+15550100@pbx.example.com", true),
        ("sip:pbx.example.com", "sip:+15550100@pbx.example.com", false),
        ("sip:192.0.2.1:5070", "sip:+15550100@pbx.example.com", true),
        ("sip:1001@192.0.2.1:5070", "sip:1001@192.0.2.1", false),
        ("sip:other.example.com:5070", "sip:pbx.example.com", false),
        ("sip:other.example.com", "sip:pbx.example.com", false),
        ("", "sip:pbx.example.com", false),
    ] {
        assert_eq!(same_resource(written, &requested.parse().expect("a URI")), same, "{written} for {requested}");
    }
}

#[test]
fn answers_without_counts_are_taken_only_where_allowed_and_once() {
    let legacy = |authenticator: &Authenticator| {
        let asked = check(authenticator, &register(), NOW).expect_err("asked").answer(&register());
        let challenge =
            Scheme::parse_all(asked.headers.get("WWW-Authenticate").expect("a challenge")).expect("well-formed");
        let nonce = challenge[0].get("nonce").expect("a nonce");
        let question = Question {
            algorithm: Algorithm::Md5,
            nonce,
            protection: Protection::None,
            method: "REGISTER",
            uri: "sip:pbx.example.com",
            body: b"",
        };
        let answer = response(&ha1(Algorithm::Md5, "1001", "pbx.example.com", "secret"), &question);
        register().with("Authorization", format!(
            "Digest username=\"1001\",realm=\"pbx.example.com\",nonce=\"{nonce}\",uri=\"sip:pbx.example.com\",response=\"{answer}\""
        ))
    };
    let lenient = Authenticator::new(Settings { without_qop: true, ..Settings::new("pbx.example.com") });
    let strict = authenticator();
    let request = legacy(&lenient);

    assert!(check(&lenient, &request, NOW).is_ok());
    assert_eq!(why(check(&lenient, &request, NOW)), Why::Replayed);
    assert_eq!(why(check(&strict, &legacy(&strict), NOW)), Why::NotAnswered);
}

#[test]
fn broken_answers_are_400_and_foreign_ones_are_no_answers() {
    let authenticator = authenticator();
    let good = answered(&authenticator, &mut phone("1001", "secret"), MD5, home(), NOW);
    let good = good.headers.get("Authorization").expect("an answer");
    for (from, to) in [
        ("nc=00000001", "nc=1"),
        ("nc=00000001", "nc=+0000001"),
        ("nc=00000001, ", ""),
        ("qop=auth", "qop=auth-int"),
        ("uri=", "url="),
        ("realm=", "nc=1, realm="),
        ("username=\"1001\"", "username=\"1001"),
    ] {
        let broken = register().with("Authorization", good.replace(from, to));
        assert!(matches!(check(&authenticator, &broken, NOW), Err(Refusal::Unreadable(_))), "{to}");
    }
    for foreign in [good.replace("pbx.example.com\", nonce", "other\", nonce"), good.replace("Digest ", "Basic ")] {
        let foreign = register().with("Authorization", foreign);
        assert_eq!(why(check(&authenticator, &foreign, NOW)), Why::NotAnswered);
    }
}

#[test]
fn the_answer_for_our_realm_is_found_behind_another() {
    let authenticator = authenticator();
    let good = answered(&authenticator, &mut phone("1001", "secret"), MD5, home(), NOW);
    let good = good.headers.get("Authorization").expect("an answer");

    let both = register().with("Authorization", "Digest realm=\"other\", username=\"x\"").with("Authorization", good);

    assert!(check(&authenticator, &both, NOW).is_ok());
}

proptest! {
    #[test]
    fn no_answer_makes_it_panic_or_lets_it_in(line in "\\PC{0,200}", value in "\\PC{0,40}", field in 0usize..7) {
        let authenticator = authenticator();
        let mut request = register().with("Authorization", line);
        prop_assert!(check(&authenticator, &request, NOW).is_err());

        let mut fields = [("username", "1001"), ("realm", "pbx.example.com"), ("nonce", "x"), ("uri", "sip:pbx.example.com"),
            ("response", "0"), ("nc", "00000001"), ("cnonce", "c")].map(|(name, value)| (name, value.to_owned()));
        fields[field].1 = value;
        let line = fields.iter().map(|(name, value)| format!("{name}={}", quote(value))).collect::<Vec<_>>().join(", ");
        request.headers.set("Authorization", format!("Digest {line}, qop=auth"));
        prop_assert!(check(&authenticator, &request, NOW).is_err());
    }
}

/// What a softphone puts into `Authorization` for a POST to this path.
fn http_answer(challenge: &str, password: &str, path: &str) -> String {
    let challenge = &Scheme::parse_all(challenge).expect("our own")[0];
    let nonce = challenge.get("nonce").expect("there");
    let auth = Protection::Auth { nc: "00000001", cnonce: "c" };
    let question =
        Question { algorithm: Algorithm::Md5, nonce, protection: auth, method: "POST", uri: path, body: b"" };
    let response = response(&ha1(Algorithm::Md5, "1001", "pbx.example.com", password), &question);
    format!(
        "Digest realm=\"pbx.example.com\", nonce=\"{nonce}\", algorithm=MD5, username=\"1001\", response=\"{response}\", \
         cnonce=\"c\", nc=00000001, qop=auth, uri=\"{path}\""
    )
}

#[test]
fn an_http_request_proves_itself_as_a_sip_request_does_and_for_its_own_path_alone() {
    let authenticator = authenticator();
    let ask = |answers: Vec<&str>, path: &str| {
        let claim = authenticator.hear_http((answers, "POST", path), home(), MD5, NOW)?;
        let ha1 = look_up(claim.user());
        authenticator.judge(claim, ha1.as_ref(), NOW)
    };
    let Err(Refusal::Ask { why: Why::NotAnswered, challenges }) = ask(Vec::new(), "/ft") else { panic!("it asks") };
    let (right, wrong) = (http_answer(&challenges[0], "secret", "/ft"), http_answer(&challenges[0], "other", "/ft"));

    assert!(matches!(ask(vec![&right], "/hook/1"), Err(Refusal::Unreadable(_))), "it was made for another path");
    assert_eq!(why(ask(vec![&wrong], "/ft")), Why::WrongAnswer);
    assert_eq!(ask(vec!["Bearer realm=x", &right], "/ft"), Ok("1001".into()));
    assert_eq!(why(ask(vec![&right], "/ft")), Why::Replayed, "whoever listens in cannot use it again");
}
