//! A file on its way to phones that take the offer of one, to those that do not, and to those that say they do.

use crate::domain::media::MediaType;
use crate::domain::time::Timestamp;
use crate::egress::outcome::{Outcome, Tried};
use crate::egress::phone_branch::reference_of;
use crate::egress::phones::{FileToPhone, Phones, ToPhone};
use crate::egress::phones_tests::{Played, is_taken, pbx, phones, phones_behind, to_phone};
use crate::sip::message::{Request, Response, Transport};
use crate::sip::registrar::binding::Binding;
use crate::sip::text::notice::rcs_file;
use crate::sip::text::offer::OFFER_TYPE;
use std::time::Duration;

const URL: &str = "https://sms.example.com/ft/0123456789abcdef/Plan.pdf";
const LINK_TEXT: &str = "Plan.pdf (47 KB): https://sms.example.com/aB3dE6gH9";

const FILE: FileToPhone<'static> = FileToPhone {
    url: URL,
    name: "Plan.pdf",
    media_type: MediaType::Pdf,
    bytes: 48_213,
    thumb: Some(("https://sms.example.com/ft/0123456789abcdef/thumb.jpg", 4_711)),
    until: Timestamp(1_795_168_800_000),
    link_text: LINK_TEXT,
};

fn linphone(played: &Played) -> Binding {
    Binding { user_agent: Some("Linphone-Daemon/5.1.65".into()), ..played.binding() }
}

fn says_it_takes_files(played: &Played) -> Binding {
    let accepts = Some(vec!["text/plain".into(), OFFER_TYPE.into()]);
    Binding { user_agent: Some("Phone 2".into()), accepts, ..played.binding() }
}

async fn send(phones: &Phones, bindings: Vec<Binding>) -> Tried {
    phones.send(ToPhone { file: Some(FILE), ..to_phone(bindings) }).await
}

fn type_of(request: &Request) -> &str {
    request.headers.get("Content-Type").unwrap_or_default()
}

/// A phone that answers so to the offer of a file and takes texts.
async fn refusing(status: u16) -> Played {
    Played::new(move |request, _| {
        let status = if type_of(request) == OFFER_TYPE { status } else { 200 };
        Some((Duration::ZERO, Response::to(request, status)))
    })
    .await
}

#[tokio::test]
async fn a_phone_that_takes_files_is_offered_it_and_every_other_one_gets_the_link() {
    let (softphone, other, desk_phone) =
        (Played::saying(200).await, Played::saying(200).await, Played::saying(200).await);

    for binding in [linphone(&softphone), says_it_takes_files(&other), desk_phone.binding()] {
        let tried = send(&phones().await, vec![binding]).await;
        assert!(is_taken(&tried), "{tried:?}");
    }

    for phone in [&softphone, &other] {
        let [request] = &phone.heard()[..] else { panic!("one request") };
        assert_eq!((type_of(request), request.headers.call_id()), (OFFER_TYPE, "c0ffee"));
        let offered = rcs_file(&request.body).expect("well-formed");
        assert_eq!(
            (offered.url.as_str(), offered.name.as_deref(), offered.size_bytes),
            (URL, Some("Plan.pdf"), Some(48_213))
        );
    }
    let [request] = &desk_phone.heard()[..] else { panic!("one request") };
    assert_eq!((type_of(request), request.headers.call_id()), ("text/plain;charset=utf-8", "c0ffee"));
    assert_eq!(request.body, LINK_TEXT.as_bytes());
}

#[tokio::test]
async fn a_phone_that_refuses_the_offer_gets_the_link_in_the_same_try_and_at_once_the_next_time() {
    for status in [406, 415, 488] {
        let phone = refusing(status).await;
        let phones = phones().await;

        let first = send(&phones, vec![linphone(&phone)]).await;
        let next = ToPhone { call_id: "decade", file: Some(FILE), ..to_phone(vec![linphone(&phone)]) };
        let next = phones.send(next).await;

        assert!(is_taken(&first) && is_taken(&next), "{first:?} {next:?}");
        let heard = phone.heard();
        let said: Vec<_> = heard.iter().map(|request| (type_of(request), request.headers.call_id())).collect();
        let text = "text/plain;charset=utf-8";
        assert_eq!(said, [(OFFER_TYPE, "c0ffee"), (text, "t-c0ffee"), (text, "t-decade")], "{status}");
        assert_eq!(heard[1].body, LINK_TEXT.as_bytes());
        assert_eq!(first.exchanges.len(), 2, "both are in the record");
        assert_eq!(reference_of(heard[1].headers.call_id()), "c0ffee", "its receipt finds the delivery");
    }
}

#[tokio::test]
async fn another_version_of_a_phone_that_refused_is_offered_the_file_again() {
    let phone = refusing(415).await;
    let phones = phones().await;
    let newer = Binding { user_agent: Some("Linphone-Daemon/5.2".into()), ..phone.binding() };

    send(&phones, vec![linphone(&phone)]).await;
    phones.send(ToPhone { call_id: "decade", file: Some(FILE), ..to_phone(vec![newer]) }).await;

    let offered = phone.heard().iter().filter(|request| type_of(request) == OFFER_TYPE).count();
    assert_eq!(offered, 2);
}

#[tokio::test]
async fn what_a_phone_cannot_take_otherwise_never_makes_the_text_fail_but_is_no_refusal_of_files() {
    let phone = refusing(400).await;
    let phones = phones().await;

    let first = send(&phones, vec![linphone(&phone)]).await;
    phones.send(ToPhone { call_id: "decade", file: Some(FILE), ..to_phone(vec![linphone(&phone)]) }).await;

    assert!(is_taken(&first), "{first:?}");
    let offered = phone.heard().iter().filter(|request| type_of(request) == OFFER_TYPE).count();
    assert_eq!(offered, 2, "a 400 does not say that it takes no files");
}

#[tokio::test]
async fn a_busy_phone_is_offered_the_file_later_and_not_sent_the_link_meanwhile() {
    let phone = Played::new(|request, before| {
        Some((Duration::ZERO, Response::to(request, if before == 0 { 486 } else { 200 })))
    })
    .await;
    let phones = phones().await;

    let first = send(&phones, vec![linphone(&phone)]).await;
    let again = ToPhone { try_number: 2, file: Some(FILE), ..to_phone(vec![linphone(&phone)]) };
    let second = phones.send(again).await;

    assert!(matches!(first.outcome, Outcome::Later { .. }) && is_taken(&second), "{first:?} {second:?}");
    let heard = phone.heard();
    assert!(heard.iter().all(|request| (type_of(request), request.headers.call_id()) == (OFFER_TYPE, "c0ffee")));
}

#[tokio::test]
async fn an_offer_that_is_too_long_for_udp_goes_without_its_picture_and_then_as_a_link() {
    let (longer, longest) = ("x".repeat(300), "x".repeat(900));
    let phone = Played::saying(200).await;
    let url = |part: &str| format!("https://sms.example.com/ft/{part}/Plan.pdf");
    let (long_url, thumb_url, longest_url) = (url(&longer), url(&longer), url(&longest));
    let phones = phones().await;

    let fits_without = FileToPhone { url: &long_url, thumb: Some((&thumb_url, 1)), ..FILE };
    phones.send(ToPhone { file: Some(fits_without), ..to_phone(vec![linphone(&phone)]) }).await;
    let fits_never = FileToPhone { url: &longest_url, ..FILE };
    phones.send(ToPhone { call_id: "decade", file: Some(fits_never), ..to_phone(vec![linphone(&phone)]) }).await;

    let heard = phone.heard();
    let types: Vec<_> = heard.iter().map(type_of).collect();
    assert_eq!(types, [OFFER_TYPE, "text/plain;charset=utf-8"]);
    assert!(!String::from_utf8_lossy(&heard[0].body).contains("thumbnail"));
    assert_eq!(heard[1].body, LINK_TEXT.as_bytes());
}

#[tokio::test]
async fn an_offer_over_tcp_has_its_picture() {
    let phone = Played::over(Transport::Tcp, |request, _| Some((Duration::ZERO, Response::to(request, 200)))).await;
    let binding = Binding { transport: Transport::Tcp, ..linphone(&phone) };

    let tried = send(&phones().await, vec![binding]).await;

    assert!(is_taken(&tried), "{tried:?}");
    assert!(String::from_utf8_lossy(&phone.heard()[0].body).contains("type=\"thumbnail\""));
}

#[tokio::test]
async fn phones_behind_a_pbx_get_the_link() {
    let pbx = pbx(202).await;

    let tried = send(&phones_behind(&pbx, "right").await, Vec::new()).await;

    assert!(is_taken(&tried), "{tried:?}");
    assert!(pbx.heard().iter().all(|request| request.body == LINK_TEXT.as_bytes()));
}
