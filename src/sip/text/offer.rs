//! Offers a phone a file by its address, as RCS does (GSMA RCC.07, file transfer over HTTP) and linphone reads it.
//! The same document is the answer to a phone that has put a file here.

use crate::domain::time::Timestamp;
use crate::sip::text::charset::clean;
use crate::sip::text::write::rfc3339;
use crate::sip::text::xml::escape;
use bytes::Bytes;

/// What such an offer is called in Accept and Content-Type.
pub const OFFER_TYPE: &str = "application/vnd.gsma.rcs-ft-http+xml";

/// One file, and where it is for a while.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// Where.
    pub url: &'a str,
    /// What it is called.
    pub name: &'a str,
    /// What it is.
    pub media_type: &'a str,
    /// How large.
    pub bytes: u64,
    /// Where a small picture of it (JPEG) is, and how large that is.
    pub thumb: Option<(&'a str, u64)>,
    /// Until when it can be fetched.
    pub until: Timestamp,
}

impl Offer<'_> {
    /// The document. The phones we know read neither comments nor spaces between its elements, so there are none: over UDP
    /// it has to fit a datagram.
    pub fn document(&self) -> Bytes {
        let until = rfc3339(self.until);
        let mut xml = String::from(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<file xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\">",
        );
        if let Some((url, bytes)) = self.thumb {
            let url = escape(url);
            xml.push_str(&format!(
                "<file-info type=\"thumbnail\"><file-size>{bytes}</file-size><content-type>image/jpeg</content-type>\
                 <data url=\"{url}\" until=\"{until}\"/></file-info>"
            ));
        }
        let (url, name, media_type) = (escape(self.url), escape(&clean(self.name)), escape(self.media_type));
        let bytes = self.bytes;
        xml.push_str(&format!(
            "<file-info type=\"file\"><file-size>{bytes}</file-size><file-name>{name}</file-name>\
             <content-type>{media_type}</content-type><data url=\"{url}\" until=\"{until}\"/></file-info></file>\n"
        ));
        Bytes::from(xml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::text::notice::{RcsFile, rcs_file};
    use crate::sip::text::xml::elements;
    use proptest::prelude::*;

    const UNTIL: Timestamp = Timestamp(1_795_168_800_000);

    fn offer<'a>(url: &'a str, name: &'a str) -> Offer<'a> {
        let thumb = Some(("https://sms.example.com/ft/t1/thumb.jpg", 4711));
        Offer { url, name, media_type: "application/pdf", bytes: 48_213, thumb, until: UNTIL }
    }

    #[test]
    fn our_own_reader_finds_the_file_beside_its_thumbnail() {
        let (url, name) = ("https://sms.example.com/ft/k1/a.pdf?a=1&b=\"2\"", "Müller & Söhne <\"1\">'.pdf");

        let written = offer(url, name).document();

        let read = rcs_file(&written).expect("our own is well-formed");
        let expected = RcsFile {
            name: Some(name.into()),
            size_bytes: Some(48_213),
            media_type: Some("application/pdf".into()),
            url: url.into(),
        };
        assert_eq!(read, expected);
        let elements = elements(&written).expect("well-formed");
        let kinds: Vec<_> = elements.iter().filter_map(|element| element.attribute("type")).collect();
        assert_eq!(kinds, ["thumbnail", "file"]);
        let until = elements.iter().filter_map(|element| element.attribute("until")).collect::<Vec<_>>();
        assert_eq!(until, ["2026-11-20T10:00:00Z"; 2]);
        assert!(String::from_utf8_lossy(&written).contains("xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\""));
    }

    #[test]
    fn a_file_without_a_thumbnail_has_none() {
        let written = Offer { thumb: None, ..offer("https://sms.example.com/ft/k1/a.pdf", "a.pdf") }.document();

        assert!(!String::from_utf8_lossy(&written).contains("thumbnail"), "{written:?}");
        assert!(rcs_file(&written).is_ok());
    }

    proptest! {
        #[test]
        fn whatever_a_file_is_called_the_document_is_whole(name in proptest::collection::vec(any::<char>(), 0..60)) {
            let name: String = name.into_iter().collect();
            let written = offer("https://sms.example.com/ft/k1/x", &name).document();

            let read = rcs_file(&written).expect("well-formed");
            prop_assert_eq!(read.url, "https://sms.example.com/ft/k1/x");
            prop_assert!(read.name.unwrap_or_default().chars().all(|char| matches!(char, '\r' | '\n' | '\t') || !char.is_control()));
        }
    }
}
