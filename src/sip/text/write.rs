//! Bodies for a phone: a text, and the receipt that turns its bubble to "delivered".
//! What goes out is only what the phones we measured take (P3): UTF-8, no controls, never empty.

use crate::domain::time::Timestamp;
use crate::sip::text::charset::clean;
use crate::sip::text::notice::ReceiptState;
use crate::sip::text::xml::escape;
use bytes::Bytes;

/// Twinkle and desk phones want the character set named; baresip takes it too.
pub const TEXT_TYPE: &str = "text/plain;charset=utf-8";
pub const RECEIPT_TYPE: &str = "message/imdn+xml";

/// A text as the body of a MESSAGE; `None` if nothing to show is left of it, which no phone may be sent.
pub fn text(text: &str) -> Option<(&'static str, Bytes)> {
    let cleaned = clean(text);
    let cleaned = cleaned.strip_prefix('\u{feff}').unwrap_or(&cleaned);
    (!cleaned.trim().is_empty()).then(|| (TEXT_TYPE, Bytes::copy_from_slice(cleaned.as_bytes())))
}

/// A receipt for the MESSAGE a phone sent with this Call-ID (P5), or with this imdn.Message-ID in its frame;
/// `None` for [`ReceiptState::NoNews`].
/// The MESSAGE around it needs a Call-ID of its own (P1), and no `Content-Disposition` but `notification`.
pub fn receipt(message_id: &str, state: ReceiptState, now: Timestamp) -> Option<(&'static str, Bytes)> {
    let (kind, status) = match state {
        ReceiptState::Delivered => ("delivery", "delivered"),
        ReceiptState::Failed => ("delivery", "failed"),
        ReceiptState::Displayed => ("display", "displayed"),
        ReceiptState::NoNews => return None,
    };
    let (id, moment) = (escape(message_id), rfc3339(now));
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\"><message-id>{id}</message-id>\
         <datetime>{moment}</datetime><{kind}-notification><status><{status}/></status></{kind}-notification></imdn>\n"
    );
    Some((RECEIPT_TYPE, Bytes::from(xml)))
}

/// To the second: older phones know no fractions.
pub(super) fn rfc3339(moment: Timestamp) -> String {
    jiff::Timestamp::from_second(moment.as_seconds()).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::text::notice;
    use proptest::prelude::*;

    #[test]
    fn a_text_goes_out_clean_and_says_it_is_utf8() {
        let (content_type, bytes) = text("\u{feff}Hi\0\x1b[1m\tGrüße\r\n\u{c}👋").expect("something is left");

        assert_eq!(content_type, "text/plain;charset=utf-8");
        assert_eq!(bytes, "Hi[1m\tGrüße\r\n\n👋".as_bytes());
    }

    #[test]
    fn an_empty_text_is_never_sent() {
        for empty in ["", " ", "\r\n", "\0", "\x07\x1b"] {
            assert_eq!(text(empty), None, "{empty:?}");
        }
    }

    #[test]
    fn a_receipt_names_the_call_id_and_reads_back() {
        let now = Timestamp::from_seconds(1_795_168_800);
        for state in [ReceiptState::Delivered, ReceiptState::Displayed, ReceiptState::Failed] {
            let (content_type, xml) = receipt("a<b>&c@10.0.0.1", state, now).expect("news");

            let read = notice::receipt(&xml).expect("our own is well-formed");
            assert_eq!(
                (content_type, read.message_id.as_str(), read.state),
                ("message/imdn+xml", "a<b>&c@10.0.0.1", state)
            );
            assert!(String::from_utf8_lossy(&xml).contains("<datetime>2026-11-20T10:00:00Z</datetime>"), "{xml:?}");
        }
        assert_eq!(receipt("x", ReceiptState::NoNews, now), None);
    }

    proptest! {
        #[test]
        fn a_written_text_never_holds_a_control(given in proptest::collection::vec(any::<char>(), 0..200)) {
            let given: String = given.into_iter().collect();
            if let Some((_, bytes)) = text(&given) {
                let written = std::str::from_utf8(&bytes).expect("UTF-8");
                prop_assert!(!written.trim().is_empty());
                prop_assert!(written.chars().all(|char| matches!(char, '\r' | '\n' | '\t') || !char.is_control()));
            }
        }
    }
}
