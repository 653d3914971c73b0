//! What real phones send, and what nobody should (P1 to P9, T11).

use super::*;
use crate::sip::text::notice::{Receipt, ReceiptState};
use proptest::prelude::*;
use std::io::Write;

fn body<'a>(content_type: &'a str, bytes: &'a [u8]) -> Body<'a> {
    Body { content_type: Some(content_type), bytes, ..Body::default() }
}

fn status_of(content_type: &str, bytes: &[u8]) -> u16 {
    read(body(content_type, bytes), &Limits::default()).map_or_else(|refused| refused.status, |_| 200)
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

const IMDN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"no\" ?>\n<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\" \
    xmlns:imdn=\"http://www.linphone.org/xsds/imdn.xsd\">\n\n  <message-id>b7~Qm.2Hs</message-id>\n\n  \
    <datetime>2026-11-20T14:11:02Z</datetime>\n\n  <delivery-notification>\n\n    <status>\n\n      <delivered/>\n\n    \
    </status>\n\n  </delivery-notification>\n\n</imdn>\n";

#[test]
fn texts_of_all_phones_are_read() {
    for (phone, content_type, bytes, text) in [
        ("baresip, linphone", "text/plain", "Grüße 👋".as_bytes(), "Grüße 👋"),
        ("Twinkle", "text/plain;charset=utf-8", "Grüße".as_bytes(), "Grüße"),
        ("several lines", "text/plain", b"one\r\ntwo\nthree", "one\ntwo\nthree"),
        ("an old desk phone", "text/plain; charset=ISO-8859-1", b"Gr\xfc\xdfe", "Grüße"),
        ("spaces kept", "TEXT/PLAIN", b"  hi ", "  hi "),
    ] {
        assert_eq!(read(body(content_type, bytes), &Limits::default()), Ok(Heard::Text(text.into())), "{phone}");
    }
}

#[test]
fn linphones_deflated_receipt_is_a_receipt_and_no_text() {
    let packed = deflated(IMDN.as_bytes());
    let receipt = Body { content_encoding: Some("deflate"), ..body("message/imdn+xml", &packed) };

    let heard = read(receipt, &Limits::default());

    let expected = Receipt { message_id: "b7~Qm.2Hs".into(), state: ReceiptState::Delivered };
    assert_eq!(heard, Ok(Heard::Receipt(expected)));
}

#[test]
fn a_typing_notice_and_a_file_offer_are_no_text() {
    let typing = b"<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>active</state></isComposing>";
    let offer = b"<file><file-info type='file'><data url='https://files.example.com/1'/></file-info></file>";

    assert_eq!(read(body(COMPOSING, typing), &Limits::default()), Ok(Heard::Composing { active: true }));
    assert!(matches!(read(body(RCS_FILE, offer), &Limits::default()), Ok(Heard::RcsFile { .. })));
}

#[test]
fn machinery_inside_a_frame_stays_machinery() {
    let framed = format!(
        "From: <sip:1001@example.com>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 9\r\n\r\n\
        Content-Type: message/imdn+xml\r\nContent-Disposition: notification\r\n\r\n{IMDN}"
    );

    assert!(matches!(read(body("message/cpim", framed.as_bytes()), &Limits::default()), Ok(Heard::Receipt(_))));
}

#[test]
fn a_text_in_a_frame_comes_with_its_wishes() {
    let framed = "From: <sip:9999@elsewhere.example.com>\r\nimdn.Message-ID: 34jk\r\n\
        imdn.Disposition-Notification: positive-delivery, display\r\n\r\nContent-Type: text/plain;charset=utf-8\r\n\r\nHallo";

    let Ok(Heard::Cpim { text, frame }) = read(body("Message/CPIM", framed.as_bytes()), &Limits::default()) else {
        panic!("a text in a frame");
    };
    assert_eq!((text.as_str(), frame.message_id.as_deref()), ("Hallo", Some("34jk")));
    assert!(frame.wishes.delivered && frame.wishes.displayed && !frame.wishes.failed);
}

#[test]
fn a_file_in_a_frame_comes_with_its_wishes() {
    const OFFER: &str = "<file><file-info type='file'><data url='https://files.example.com/1'/></file-info></file>";
    let framed = |content_type: &str, inside: &str| {
        format!("imdn.Disposition-Notification: positive-delivery\r\n\r\nContent-Type: {content_type}\r\n\r\n{inside}")
    };

    for framed in [framed(RCS_FILE, OFFER), framed("image/png", "\u{89}PNG")] {
        let wishes = match read(body(CPIM, framed.as_bytes()), &Limits::default()) {
            Ok(Heard::RcsFile { wishes, .. } | Heard::BinaryFile { wishes, .. }) => wishes,
            other => panic!("a file: {other:?}"),
        };
        assert!(wishes.any_good_news() && !wishes.displayed, "{framed}");
    }
}

#[test]
fn base64_inside_a_frame_is_undone() {
    let framed = "A: b\r\n\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\nSGFs\r\nbG8=\r\n";

    assert!(
        matches!(read(body(CPIM, framed.as_bytes()), &Limits::default()), Ok(Heard::Cpim { text, .. }) if text == "Hallo")
    );
}

#[test]
fn twinkles_picture_is_a_file_with_a_harmless_name() {
    for (disposition, name) in [
        ("attachment;filename=\"foto.png\"", Some("foto.png")),
        ("attachment;filename=../../etc/x.png", Some("x.png")),
        ("attachment;filename=\"C:\\\\Users\\\\a\\\\b.png\"", Some("b.png")),
        ("attachment;filename*=utf-8''Gr%C3%BC%C3%9Fe.png", Some("Grüße.png")),
        ("attachment;filename=\"..\"", None),
        ("attachment", None),
    ] {
        let picture = Body { content_disposition: Some(disposition), ..body("image/png", b"\x89PNG") };

        let Ok(Heard::BinaryFile { media_type, file_name, bytes, .. }) = read(picture, &Limits::default()) else {
            panic!("a file: {disposition}");
        };
        assert_eq!((media_type.as_str(), bytes.as_slice()), ("image/png", &b"\x89PNG"[..]));
        assert_eq!(file_name.as_deref(), name, "{disposition}");
    }
}

#[test]
fn what_is_not_taken_is_answered_with_the_right_status() {
    for (what, content_type, bytes, status) in [
        ("HTML", "text/html", &b"<b>hi</b>"[..], 415),
        ("several parts", "multipart/mixed;boundary=x", b"--x--", 415),
        ("an unknown character set", "text/plain;charset=utf-16", b"h\0i\0", 415),
        ("a receipt that is none", "message/imdn+xml", b"<imdn/>", 400),
        ("Latin-1 that says nothing", "text/plain", b"Gr\xfc\xdfe", 400),
        ("NUL", "text/plain", b"a\0b", 400),
        ("an empty text", "text/plain", b"", 488),
        ("blanks alone", "text/plain", b" \r\n ", 488),
        ("controls alone", "text/plain", b"\x07\x1b", 488),
        ("a damaged frame", "message/cpim", b"hello", 400),
        ("an unreadable type", "text", b"hi", 400),
        ("a broken type", "text/", b"hi", 400),
        ("an empty picture", "image/png", b"", 400),
        ("an executable", "application/octet-stream", b"MZ", 415),
    ] {
        assert_eq!(status_of(content_type, bytes), status, "{what}");
    }
    assert_eq!(read(Body { bytes: b"hi", ..Body::default() }, &Limits::default()).expect_err("refused").status, 400);
    assert_eq!(read(Body::default(), &Limits::default()).expect_err("refused").reason, "there is no body");
}

#[test]
fn a_415_says_what_is_taken_instead() {
    let refused = read(body("text/html", b"x"), &Limits::default()).expect_err("refused");
    let no_files = Limits { file_bytes_max: 0, ..Limits::default() };
    let picture = read(body("image/png", b"x"), &no_files).expect_err("refused");
    let packed =
        read(Body { content_encoding: Some("br"), ..body("text/plain", b"x") }, &no_files).expect_err("refused");

    assert!(refused.accept.expect("a list").starts_with("text/plain, message/cpim, message/imdn+xml"));
    assert_eq!((picture.status, picture.accept.expect("a list").contains("image")), (415, false));
    assert_eq!((packed.status, packed.accept_encoding), (415, Some("identity, deflate, gzip")));
}

#[test]
fn too_much_is_413_packed_or_not() {
    let limits = Limits::default();
    let long = vec![b'x'; limits.text_bytes_max + 1];
    let packed = deflated(&vec![b'x'; 5_000_000]);

    assert_eq!(read(body("text/plain", &long), &limits).expect_err("refused").status, 413);
    let bomb = Body { content_encoding: Some("deflate"), ..body("text/plain", &packed) };
    assert_eq!(read(bomb, &limits).expect_err("refused").status, 413);
    assert_eq!(read(body("image/png", &vec![0; limits.file_bytes_max + 1]), &limits).expect_err("refused").status, 413);
}

#[test]
fn a_file_is_never_unpacked() {
    let limits = Limits { file_bytes_max: 100_000_000, ..Limits::default() };
    let bomb = deflated(&vec![b'x'; 50_000_000]);
    let framed =
        [b"A: b\r\n\r\nContent-Type: image/png\r\nContent-Encoding: deflate\r\n\r\n", &deflated(b"a")[..]].concat();
    let packed = |encoding| Body { content_encoding: Some(encoding), ..body("image/png", &bomb) };

    for refused in [packed("deflate"), packed("gzip"), packed("x-GZIP"), packed("br"), body(CPIM, &framed)] {
        let refused = read(refused, &limits).expect_err("refused");
        assert_eq!((refused.status, refused.accept_encoding), (415, Some("identity")), "{}", refused.reason);
    }
    assert!(read(Body { content_encoding: Some(" Identity"), ..body("image/png", b"a") }, &limits).is_ok());
}

#[test]
fn a_frame_inside_a_frame_is_refused() {
    let framed = "A: b\r\n\r\nContent-Type: message/cpim\r\n\r\nA: b\r\n\r\nContent-Type: text/plain\r\n\r\nhi";

    assert_eq!(status_of("message/cpim", framed.as_bytes()), 415);
}

proptest! {
    #[test]
    fn no_body_makes_it_panic_or_pass_the_bound(
        content_type in prop_oneof![
            Just("text/plain".to_owned()), Just("message/cpim".to_owned()), Just(RECEIPT.to_owned()), Just(COMPOSING.to_owned()),
            Just(RCS_FILE.to_owned()), Just("image/png".to_owned()), Just("text/plain;charset=latin1".to_owned()), "\\PC{0,40}"
        ],
        encoding in prop_oneof![Just(None), Just(Some("deflate")), Just(Some("gzip"))],
        disposition in proptest::option::of("\\PC{0,40}"),
        head in prop_oneof![Just(&b""[..]), Just(&b"A: b\r\n\r\nContent-Type: text/plain\r\n\r\n"[..])],
        tail in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let limits = Limits { text_bytes_max: 300, file_bytes_max: 300 };
        let bytes = [head, &tail].concat();
        let body = Body { content_type: Some(&content_type), content_encoding: encoding, content_disposition: disposition.as_deref(), bytes: &bytes };
        match read(body, &limits) {
            // Latin-1 grows when it becomes UTF-8, threefold at most.
            Ok(Heard::Text(text) | Heard::Cpim { text, .. }) => prop_assert!(!text.trim().is_empty() && text.len() <= 900),
            Ok(Heard::BinaryFile { bytes, .. }) => prop_assert!(bytes.len() <= 300),
            Ok(_) => {}
            Err(refused) => prop_assert!([400, 413, 415, 488].contains(&refused.status)),
        }
    }

    #[test]
    fn any_text_written_for_a_phone_is_read_back(text in "\\PC{1,200}") {
        if let Some((content_type, bytes)) = crate::sip::text::write::text(&text) {
            let heard = read(Body { content_type: Some(content_type), bytes: &bytes, ..Body::default() }, &Limits::default());
            let cleaned = String::from_utf8(bytes.to_vec()).expect("UTF-8");
            prop_assert_eq!(heard, Ok(Heard::Text(cleaned)));
        }
    }
}
