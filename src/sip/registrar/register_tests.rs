//! REGISTER as phones send it, and as nobody should.

use super::*;
use crate::sip::message::{FlowId, Method, Transport};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_795_168_800_000);

fn source(addr: &str) -> Source {
    Source {
        transport: Transport::Udp,
        addr: addr.parse().expect("an address"),
        local: "192.0.2.2:5060".parse().expect("an address"),
        flow: FlowId(7),
    }
}

/// A REGISTER of 1001 with these headers beside the usual ones; `c1` and CSeq 1 unless said otherwise.
fn request(order: (&str, u32), headers: &[(&str, &str)]) -> Request {
    let request = Request::new(Method::Register, Uri::sip("", "pbx.example.com", None))
        .with("Via", "SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bK1;rport")
        .with("From", "<sip:1001@pbx.example.com>;tag=1")
        .with("To", "sip:1001@pbx.example.com")
        .with("Call-ID", order.0)
        .with("CSeq", format!("{} REGISTER", order.1));
    headers.iter().fold(request, |request, (name, value)| request.with(name, *value))
}

fn apply(before: &[Binding], request: &Request, now: Timestamp) -> Result<Registered, Refused> {
    register(before, request, &source("192.0.2.1:5062"), &Rules::default(), now)
}

fn registered(before: &[Binding], order: (&str, u32), headers: &[(&str, &str)]) -> Registered {
    apply(before, &request(order, headers), NOW).expect("granted")
}

fn status(before: &[Binding], order: (&str, u32), headers: &[(&str, &str)]) -> u16 {
    apply(before, &request(order, headers), NOW)
        .map_or_else(|refused| refused.status, |granted| granted.response.status)
}

fn contacts(registered: &Registered) -> Vec<&str> {
    registered.bindings.iter().map(|binding| binding.contact_uri.as_str()).collect()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn linphones_register_is_kept_with_all_it_says() {
    let contact = "\"Anna\" <sip:1001@10.0.0.7:5062;transport=udp>;expires=300;q=0.7;\
        +sip.instance=\"<urn:uuid:ab-1>\";reg-id=1;methods=\"MESSAGE, INVITE\"";
    let headers = [
        ("Contact", contact),
        ("User-Agent", "Linphone/5.1"),
        ("Accept", "text/plain"),
        ("Accept", "application/sdp;x=y, Message/CPIM"),
    ];

    let granted = registered(&[], ("c1", 20), &headers);

    let binding = &granted.bindings[0];
    assert_eq!(binding.contact_uri, "sip:1001@10.0.0.7:5062;transport=udp");
    assert_eq!((binding.received.to_string().as_str(), binding.flow), ("192.0.2.1:5062", Some(FlowId(7))));
    assert_eq!((binding.call_id.as_str(), binding.cseq, binding.expires_at), ("c1", 20, NOW.plus(seconds(300))));
    assert_eq!(
        (binding.q, binding.reg_id.as_deref(), binding.instance.as_deref()),
        (Some(700), Some("1"), Some("<urn:uuid:ab-1>"))
    );
    assert_eq!(
        binding.accepts.as_deref(),
        Some(&["text/plain".to_owned(), "application/sdp".into(), "message/cpim".into()][..])
    );
    assert_eq!(binding.methods.as_deref(), Some(&["MESSAGE".to_owned(), "INVITE".into()][..]));
    assert!(granted.arrived);
    assert_eq!(
        granted.response.headers.get("Contact"),
        Some("<sip:1001@10.0.0.7:5062;transport=udp>;expires=300;q=0.700;+sip.instance=\"<urn:uuid:ab-1>\";reg-id=1")
    );
    assert_eq!(granted.response.headers.get("Date"), Some("Fri, 20 Nov 2026 10:00:00 GMT"));
}

#[test]
fn how_long_a_binding_holds_follows_the_contact_then_expires_then_the_default() {
    for (contact, expires, held_s) in [
        ("<sip:1001@192.0.2.1>;expires=120", Some("300"), 120),
        ("<sip:1001@192.0.2.1>", Some("300"), 300),
        ("<sip:1001@192.0.2.1>", None, 600),
        ("<sip:1001@192.0.2.1>;expires=soon", None, 600),
        ("<sip:1001@192.0.2.1>", Some("never"), 600),
        ("<sip:1001@192.0.2.1>;expires=86400", None, 3600),
        ("<sip:1001@192.0.2.1>", Some("4294967295"), 3600),
    ] {
        let mut headers = vec![("Contact", contact)];
        headers.extend(expires.map(|expires| ("Expires", expires)));

        let granted = registered(&[], ("c1", 1), &headers);

        assert_eq!(granted.bindings[0].expires_at, NOW.plus(seconds(held_s)), "{contact} {expires:?}");
    }
}

#[test]
fn too_short_a_time_is_423_with_what_is_taken() {
    let brief = request(("c1", 1), &[("Contact", "<sip:1001@192.0.2.1>;expires=59")]);

    let response = apply(&[], &brief, NOW).expect_err("too brief").answer(&brief);

    assert_eq!((response.status, response.headers.get("Min-Expires")), (423, Some("60")));
}

#[test]
fn a_phone_signs_off_alone_or_with_all_others() {
    let two = registered(&[], ("c1", 1), &[("Contact", "<sip:1001@192.0.2.1>, <sip:1001@192.0.2.3>")]).bindings;

    let one_left = registered(&two, ("c1", 2), &[("Contact", "<sip:1001@192.0.2.1>;expires=0")]);
    let none_left = registered(&two, ("c2", 1), &[("Contact", "*"), ("Expires", "0")]);

    assert_eq!((contacts(&one_left), one_left.arrived), (vec!["sip:1001@192.0.2.3"], false));
    assert_eq!(
        (none_left.bindings.len(), none_left.arrived, none_left.response.headers.get("Contact")),
        (0, false, None)
    );
    assert_eq!(status(&two, ("c1", 2), &[("Contact", "*")]), 400);
    assert_eq!(status(&two, ("c1", 2), &[("Contact", "*"), ("Expires", "60")]), 400);
    assert_eq!(status(&two, ("c1", 2), &[("Contact", "*, <sip:1001@192.0.2.1>"), ("Expires", "0")]), 400);
}

#[test]
fn a_late_request_changes_nothing_and_the_same_again_is_answered_again() {
    let now = registered(&[], ("c1", 5), &[("Contact", "<sip:1001@192.0.2.1>")]).bindings;
    let headers = [("Contact", "<sip:1001@192.0.2.1>;expires=0")];

    assert_eq!(status(&now, ("c1", 4), &headers), 400);
    assert_eq!(status(&now, ("c1", 4), &[("Contact", "*"), ("Expires", "0")]), 400);
    assert_eq!(registered(&now, ("c1", 5), &[("Contact", "<sip:1001@192.0.2.1>")]).bindings, now);
    assert_eq!(registered(&now, ("c1", 6), &headers).bindings.len(), 0);
    assert_eq!(registered(&now, ("c9", 1), &headers).bindings.len(), 0, "another Call-ID: the phone restarted");
}

#[test]
fn a_question_changes_nothing_and_lists_what_holds_with_the_time_left() {
    let before =
        registered(&[], ("c1", 1), &[("Contact", "<sip:1001@192.0.2.1>;expires=60, <sip:1001@192.0.2.3>")]).bindings;

    let granted = apply(&before, &request(("c1", 2), &[]), NOW.plus(seconds(61))).expect("granted");

    assert_eq!(granted.response.headers.get_all("Contact").collect::<Vec<_>>(), ["<sip:1001@192.0.2.3>;expires=539"]);
    assert!(!granted.arrived && granted.bindings.len() == 1);
}

#[test]
fn the_same_contact_is_refreshed_and_the_same_device_moves() {
    let device = |address: &str| format!("<sip:1001@{address}>;+sip.instance=\"<urn:uuid:1>\"");
    let at_home = registered(&[], ("c1", 1), &[("Contact", &device("192.0.2.1"))]).bindings;
    let with_another = registered(&at_home, ("c2", 1), &[("Contact", "<sip:1001@192.0.2.5>")]).bindings;

    let refreshed = registered(&with_another, ("c1", 2), &[("Contact", &device("192.0.2.1"))]);
    let moved = registered(&with_another, ("c3", 1), &[("Contact", &device("192.0.2.77"))]);

    assert_eq!(contacts(&refreshed), ["sip:1001@192.0.2.5", "sip:1001@192.0.2.1"]);
    assert_eq!(contacts(&moved), ["sip:1001@192.0.2.5", "sip:1001@192.0.2.77"]);
}

#[test]
fn one_request_may_bind_one_device_twice() {
    let both = "<sip:1001@192.0.2.1>;+sip.instance=\"<urn:uuid:1>\", <sip:1001@192.0.2.1;transport=tcp>;+sip.instance=\"<urn:uuid:1>\"";

    assert_eq!(registered(&[], ("c1", 1), &[("Contact", both)]).bindings.len(), 2);
}

#[test]
fn the_eleventh_phone_pushes_out_the_one_longest_silent() {
    let mut bindings = Vec::new();
    for phone in 0..11u64 {
        let contact = format!("<sip:1001@192.0.2.1:{}>", 6000 + phone);
        let request = request((&format!("c{phone}"), 1), &[("Contact", &contact)]);
        bindings = apply(&bindings, &request, NOW.plus(seconds(phone))).expect("granted").bindings;
    }
    let many: Vec<String> = (0..11).map(|phone| format!("<sip:1001@192.0.2.1:{}>", 7000 + phone)).collect();

    assert_eq!(bindings.len(), 10);
    assert!(bindings.iter().all(|binding| binding.contact_uri != "sip:1001@192.0.2.1:6000"));
    assert_eq!(status(&bindings, ("c", 1), &[("Contact", &many.join(","))]), 403);
}

#[test]
fn a_contact_that_is_ourselves_or_nowhere_is_refused_and_nothing_is_done() {
    for contact in [
        "<sip:1001@127.0.0.1:5070>",
        "<sip:1001@192.0.2.2>",
        "<sip:1001@192.0.2.1>, <sip:1001@localhost>",
        "<sip:1001@0.0.0.0>",
    ] {
        assert_eq!(status(&[], ("c1", 1), &[("Contact", contact)]), 403, "{contact}");
    }
    assert_eq!(status(&[], ("c1", 1), &[("Contact", "<tel:+15550100>")]), 400);
    assert_eq!(
        status(&[], ("c1", 1), &[("Contact", "<sip:1001@127.0.0.1>;expires=0")]),
        200,
        "signing off is always granted"
    );
}

#[test]
fn path_is_kept_and_comes_back_only_to_who_knows_it() {
    let path = [("Contact", "<sip:1001@10.0.0.7>"), ("Path", "<sip:192.0.2.9;lr>, <sip:edge@203.0.113.5;lr>")];
    let mut known = path.to_vec();
    known.push(("Supported", "gruu, path"));

    let unknown = registered(&[], ("c1", 1), &path);
    let known = registered(&[], ("c1", 1), &known);

    assert_eq!(unknown.bindings[0].path, ["sip:192.0.2.9;lr", "sip:edge@203.0.113.5;lr"]);
    assert_eq!(unknown.response.headers.get("Path"), None);
    assert_eq!(known.response.headers.get("Path"), Some("<sip:192.0.2.9;lr>, <sip:edge@203.0.113.5;lr>"));
    assert_eq!(status(&[], ("c1", 1), &[("Path", "<tel:1>"), ("Contact", "<sip:1001@10.0.0.7>")]), 400);
}

#[test]
fn what_is_required_and_unknown_is_420() {
    let request = request(("c1", 1), &[("Contact", "<sip:1001@192.0.2.1>"), ("Require", "path, gruu")]);

    let response = apply(&[], &request, NOW).expect_err("unknown").answer(&request);

    assert_eq!((response.status, response.headers.get("Unsupported")), (420, Some("gruu")));
}

#[test]
fn the_user_is_that_of_the_to() {
    let mut request = request(("c1", 1), &[]);
    assert_eq!(user(&request).as_deref(), Ok("1001"));

    request.headers.set("To", "<sip:pbx.example.com>");
    assert_eq!(user(&request).expect_err("nobody").status, 404);
}

#[test]
fn preferences_are_read_as_thousandths() {
    for (q, expected) in [
        ("1", Some(1000)),
        ("0", Some(0)),
        ("0.7", Some(700)),
        ("0.75", Some(750)),
        ("1.000", Some(1000)),
        ("1.001", None),
        ("0.1234", None),
        ("2", None),
        (".5", None),
        ("0.x", None),
        ("", None),
    ] {
        assert_eq!(thousandths(q), expected, "{q}");
    }
}

proptest! {
    #[test]
    fn no_register_makes_it_panic_or_pass_its_bounds(
        contact in "(<sip:[a-z0-9@.:;=]{0,20}>|\\*|,|;expires=|;q=|[0-9]{1,10}|\\PC){0,12}",
        expires in proptest::option::of("\\PC{0,12}"),
        path in proptest::option::of("\\PC{0,40}"),
        rounds in 1u32..4,
    ) {
        let mut bindings = Vec::new();
        for round in 0..rounds {
            let mut headers = vec![("Contact", contact.as_str())];
            headers.extend(expires.as_deref().map(|expires| ("Expires", expires)));
            headers.extend(path.as_deref().map(|path| ("Path", path)));
            match apply(&bindings, &request(("c1", round), &headers), NOW) {
                Ok(granted) => bindings = granted.bindings,
                Err(refused) => prop_assert!([400, 403, 423].contains(&refused.status)),
            }
            prop_assert!(bindings.len() <= 10 && bindings.iter().all(|binding| !binding.hops().is_empty()));
        }
    }
}
