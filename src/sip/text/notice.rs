//! The machinery phones send as MESSAGE: receipts (IMDN, RFC 5438), typing notices (RFC 3994) and RCS file
//! offers (GSMA, as linphone writes them). Read into values; none of it ever becomes chat text.

use crate::sip::text::xml::{BadXml, Element, elements};

/// What became of a message, as a phone or as we say it to a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptState {
    Delivered,
    Displayed,
    Failed,
    /// `processed`, `stored`, `forbidden`, `error`: says nothing about whether the text arrived.
    NoNews,
}

/// A receipt for the message with this id: the Call-ID of our MESSAGE, or its imdn.Message-ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub message_id: String,
    pub state: ReceiptState,
}

/// A file a phone has put on a web server and offers by its address. Nobody has looked at that address yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RcsFile {
    pub name: Option<String>,
    pub size_bytes: Option<u64>,
    pub media_type: Option<String>,
    pub url: String,
}

/// Longer ids are none of ours and none of a phone's.
const ID_BYTES_MAX: usize = 512;
const URL_BYTES_MAX: usize = 4096;

/// Reads `message/imdn+xml`.
pub fn receipt(xml: &[u8]) -> Result<Receipt, BadXml> {
    let document = rooted(xml, "imdn")?;
    let message_id = text_of(&document, "message-id").filter(|id| !id.is_empty() && id.len() <= ID_BYTES_MAX);
    let message_id = message_id.ok_or(BadXml("it names no message-id"))?.to_owned();
    let status = document.iter().find(|element| element.parent() == "status");
    let state = match status.map(Element::name).ok_or(BadXml("it has no status"))? {
        "delivered" => ReceiptState::Delivered,
        "displayed" => ReceiptState::Displayed,
        "failed" => ReceiptState::Failed,
        _ => ReceiptState::NoNews,
    };
    Ok(Receipt { message_id, state })
}

/// Reads `application/im-iscomposing+xml`: whether the other side is typing.
pub fn composing(xml: &[u8]) -> Result<bool, BadXml> {
    let document = rooted(xml, "isComposing")?;
    let state = text_of(&document, "state").ok_or(BadXml("it has no state"))?;
    // Unknown states are read as idle (RFC 3994, 3.2).
    Ok(state.eq_ignore_ascii_case("active"))
}

/// Reads `application/vnd.gsma.rcs-ft-http+xml`: the file itself, not its thumbnail.
pub fn rcs_file(xml: &[u8]) -> Result<RcsFile, BadXml> {
    let document = rooted(xml, "file")?;
    let start = document
        .iter()
        .position(|element| element.name() == "file-info" && element.attribute("type") != Some("thumbnail"))
        .ok_or(BadXml("it offers no file"))?;
    let after = &document[start + 1..];
    let end = after.iter().position(|element| element.name() == "file-info").unwrap_or(after.len());
    let info = &after[..end];
    let url = info.iter().find(|element| element.name() == "data").and_then(|data| data.attribute("url"));
    let url = url.filter(|url| !url.is_empty() && url.len() <= URL_BYTES_MAX).ok_or(BadXml("it has no usable url"))?;
    Ok(RcsFile {
        name: text_of(info, "file-name").map(str::to_owned),
        size_bytes: text_of(info, "file-size").and_then(|size| size.parse().ok()),
        media_type: text_of(info, "content-type").map(str::to_owned),
        url: url.to_owned(),
    })
}

fn rooted(xml: &[u8], root: &str) -> Result<Vec<Element>, BadXml> {
    let document = elements(xml)?;
    // At least one element: the reader refuses a document without.
    if document[0].name().eq_ignore_ascii_case(root) {
        Ok(document)
    } else {
        Err(BadXml("its root is another element"))
    }
}

fn text_of<'a>(document: &'a [Element], name: &str) -> Option<&'a str> {
    document.iter().find(|element| element.name() == name).map(|element| element.text.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn imdn(status: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">\n\
             <message-id>a84b4c76e66710</message-id><datetime>2026-11-20T10:00:00Z</datetime>{status}</imdn>"
        )
    }

    #[test]
    fn each_kind_of_receipt_is_told_apart() {
        for (status, state) in [
            ("<delivery-notification><status><delivered/></status></delivery-notification>", ReceiptState::Delivered),
            ("<display-notification><status><displayed/></status></display-notification>", ReceiptState::Displayed),
            ("<delivery-notification><status><failed/></status></delivery-notification>", ReceiptState::Failed),
            ("<processing-notification><status><stored/></status></processing-notification>", ReceiptState::NoNews),
            ("<display-notification><status><forbidden/></status></display-notification>", ReceiptState::NoNews),
        ] {
            let read = receipt(imdn(status).as_bytes()).expect(status);

            assert_eq!(read, Receipt { message_id: "a84b4c76e66710".into(), state }, "{status}");
        }
    }

    #[test]
    fn a_receipt_with_prefixes_is_read_alike() {
        let xml = "<i:imdn xmlns:i='urn:ietf:params:xml:ns:imdn'><i:message-id> x@y </i:message-id>\
                   <i:delivery-notification><i:status><i:delivered></i:delivered></i:status></i:delivery-notification></i:imdn>";

        assert_eq!(receipt(xml.as_bytes()), Ok(Receipt { message_id: "x@y".into(), state: ReceiptState::Delivered }));
    }

    #[test]
    fn a_receipt_for_nothing_is_refused() {
        for xml in ["<imdn/>", "<imdn><message-id/><a><status><delivered/></status></a></imdn>", "<x/>", &imdn("")] {
            assert!(receipt(xml.as_bytes()).is_err(), "{xml}");
        }
    }

    #[test]
    fn typing_is_seen_and_its_end_too() {
        let notice = |state: &str| {
            format!(
                "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>{state}</state><refresh>60</refresh></isComposing>"
            )
        };

        assert_eq!(composing(notice("active").as_bytes()), Ok(true));
        assert_eq!(composing(notice("idle").as_bytes()), Ok(false));
        assert_eq!(composing(notice("thinking").as_bytes()), Ok(false));
        assert!(composing(b"<isComposing/>").is_err());
    }

    #[test]
    fn the_file_is_found_beside_its_thumbnail() {
        let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<file xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\">\
            <file-info type=\"thumbnail\"><file-size>10</file-size><content-type>image/jpeg</content-type><data url=\"https://files.example.com/t\"/></file-info>\
            <file-info type=\"file\"><file-size>48213</file-size><file-name>Plan &amp; Preis.pdf</file-name><content-type>application/pdf</content-type>\
            <data url=\"https://files.example.com/f?a=1&amp;b=2\" until=\"2026-11-27T00:00:00Z\"/></file-info></file>";

        let file = rcs_file(xml.as_bytes()).expect("well-formed");

        assert_eq!(file.name.as_deref(), Some("Plan & Preis.pdf"));
        assert_eq!(file.size_bytes, Some(48213));
        assert_eq!(file.media_type.as_deref(), Some("application/pdf"));
        assert_eq!(file.url, "https://files.example.com/f?a=1&b=2");
    }

    #[test]
    fn a_file_without_an_address_is_refused() {
        for xml in ["<file/>", "<file><file-info type='file'><file-name>x</file-name></file-info></file>"] {
            assert!(rcs_file(xml.as_bytes()).is_err(), "{xml}");
        }
    }

    proptest! {
        #[test]
        fn no_body_makes_them_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), text in "[<>/imdnfle \"=]{0,100}") {
            for body in [bytes.as_slice(), text.as_bytes()] {
                let _ = (receipt(body), composing(body), rcs_file(body));
            }
        }
    }
}
