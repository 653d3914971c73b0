//! What a CardDAV server answers: the `multistatus` document (RFC 4918 13), as far as address books need it. No document
//! type, no entities of its own, nothing fetched; depth, count and sizes are bounded. [home of quick-xml, beside sip]

use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, Event};
use quick_xml::reader::Reader;

const DEPTH_MAX: usize = 24;
/// One for each card, and the collection itself.
const RESPONSES_MAX: usize = 1_000_100;
/// One text: a card with a picture in it.
const TEXT_BYTES_MAX: usize = 8 << 20;

/// One thing a server tells of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// Where it is.
    pub href: String,
    /// What is wrong with all of it, as in 404.
    pub status: Option<u16>,
    /// Its version.
    pub etag: Option<String>,
    /// Its vCard.
    pub card: Option<String>,
    /// What it is called.
    pub name: Option<String>,
    /// Whether it is a collection.
    pub is_collection: bool,
    /// Whether it is an address book.
    pub is_book: bool,
    /// Whether changes since a moment can be asked for.
    pub syncs: bool,
    /// Who we are there.
    pub principal: Option<String>,
    /// Where our address books are.
    pub home: Option<String>,
}

/// All that a server tells at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    pub told: Vec<Told>,
    /// The moment up to which it was told.
    pub token: Option<String>,
}

/// Reads a document, or says why not.
pub(super) fn read(bytes: &[u8]) -> Result<Answer, &'static str> {
    const NOT_WELL_FORMED: &str = "its XML is not well-formed";
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut document = Document::default();
    loop {
        match reader.read_event().map_err(|_| NOT_WELL_FORMED)? {
            Event::Start(start) => document.open(start.local_name().as_ref())?,
            Event::Empty(start) => {
                document.open(start.local_name().as_ref())?;
                // `<comp name=…/>` and the like: what stands in attributes is of no use here.
                document.close()?;
            }
            Event::End(_) => document.close()?,
            Event::Text(text) => document.say(&text)?,
            Event::CData(text) => document.say(&text)?,
            Event::GeneralRef(reference) => document.say(&resolve(&reference)?)?,
            Event::DocType(_) => return Err("it has a document type, which is not taken"),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if document.open.is_empty() && document.is_multistatus => return Ok(document.answer),
            Event::Eof if document.open.is_empty() => return Err("it is no answer of WebDAV"),
            Event::Eof => return Err(NOT_WELL_FORMED),
        }
    }
}

#[derive(Default)]
struct Document {
    is_multistatus: bool,
    /// Local names, from the root down.
    open: Vec<String>,
    /// The text of the innermost one.
    text: String,
    answer: Answer,
    response: Told,
    /// What stands in one `propstat`, which counts if its status is good.
    found: Told,
    good: bool,
}

impl Document {
    fn open(&mut self, name: &str) -> Result<(), &'static str> {
        if self.open.len() == DEPTH_MAX {
            return Err("it is too deep");
        }
        match (self.open.len(), name) {
            (0, _) if self.is_multistatus => return Err("its XML is not well-formed"),
            (0, "multistatus") => self.is_multistatus = true,
            (1, "response") => self.response = Told::default(),
            (2, "propstat") => (self.found, self.good) = (Told::default(), true),
            _ => {}
        }
        self.open.push(name.chars().take(100).collect());
        self.text.clear();
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), &'static str> {
        if self.text.len() + text.len() > TEXT_BYTES_MAX {
            return Err("it has a text that is too long");
        }
        self.text.push_str(text);
        Ok(())
    }

    fn close(&mut self) -> Result<(), &'static str> {
        let text = std::mem::take(&mut self.text);
        self.note(&text);
        let name = self.open.pop().ok_or("its XML is not well-formed")?;
        if self.open.len() == 1 && name == "response" {
            if self.answer.told.len() == RESPONSES_MAX {
                return Err("it tells of too much");
            }
            self.answer.told.push(std::mem::take(&mut self.response));
        }
        if self.open.len() == 2 && name == "propstat" && self.good {
            self.response.gain(std::mem::take(&mut self.found));
        }
        Ok(())
    }

    /// Notes the innermost element, which is complete.
    fn note(&mut self, text: &str) {
        let path: Vec<&str> = self.open.iter().map(String::as_str).collect();
        let trimmed = || text.trim().to_owned();
        match path[..] {
            [_, "sync-token"] => self.answer.token = Some(trimmed()),
            [_, "response", "href"] => self.response.href = trimmed(),
            [_, "response", "status"] => self.response.status = code(text),
            [_, _, "propstat", "status"] => self.good = code(text).is_none_or(|code| (200..300).contains(&code)),
            [_, _, "propstat", "prop", ref inside @ ..] => match inside {
                ["getetag"] => self.found.etag = Some(trimmed()),
                ["address-data"] => self.found.card = Some(text.to_owned()),
                ["displayname"] => self.found.name = Some(trimmed()),
                ["resourcetype", "collection"] => self.found.is_collection = true,
                ["resourcetype", "addressbook"] => self.found.is_book = true,
                ["current-user-principal", "href"] => self.found.principal = Some(trimmed()),
                ["addressbook-home-set", "href"] => self.found.home = Some(trimmed()),
                ["supported-report-set", .., "sync-collection"] => self.found.syncs = true,
                _ => {}
            },
            _ => {}
        }
    }
}

impl Told {
    fn gain(&mut self, more: Told) {
        self.etag = more.etag.or(self.etag.take());
        self.card = more.card.or(self.card.take());
        self.name = more.name.or(self.name.take());
        self.principal = more.principal.or(self.principal.take());
        self.home = more.home.or(self.home.take());
        self.is_collection |= more.is_collection;
        self.is_book |= more.is_book;
        self.syncs |= more.syncs;
    }
}

/// `HTTP/1.1 404 Not Found`.
fn code(status: &str) -> Option<u16> {
    status.split_whitespace().nth(1)?.parse().ok()
}

/// The five entities of XML itself and character numbers; any other is refused.
fn resolve(reference: &BytesRef<'_>) -> Result<String, &'static str> {
    match reference.resolve_char_ref().map_err(|_| "its XML is not well-formed")? {
        Some(char) => Ok(char.to_string()),
        None => resolve_predefined_entity(reference)
            .map(str::to_owned)
            .ok_or("it has entities of its own, which are not expanded"),
    }
}

/// Text as it may stand in an element.
pub(super) fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Radicale 3.5 and sabre/dav 4 answer.
    const LISTED: &str = r#"<?xml version='1.0' encoding='utf-8'?>
<d:multistatus xmlns:d="DAV:" xmlns:card="urn:ietf:params:xml:ns:carddav">
 <d:response><d:href>/ada/book/</d:href>
  <d:propstat><d:prop><d:resourcetype><d:collection/><card:addressbook/></d:resourcetype>
    <d:displayname>Kunden &amp; Freunde</d:displayname>
    <d:supported-report-set><d:supported-report><d:report><d:sync-collection/></d:report></d:supported-report></d:supported-report-set>
    <d:current-user-principal><d:href>/ada/</d:href></d:current-user-principal></d:prop>
   <d:status>HTTP/1.1 200 OK</d:status></d:propstat>
  <d:propstat><d:prop><card:addressbook-home-set/><d:getetag/></d:prop><d:status>HTTP/1.1 404 Not Found</d:status></d:propstat>
 </d:response>
 <d:response><d:href>/ada/book/1.vcf</d:href><d:propstat><d:prop><d:getetag>"1"</d:getetag>
   <card:address-data><![CDATA[BEGIN:VCARD]]>&#13;
FN:A &lt; B</card:address-data></d:prop><d:status>HTTP/1.1 200 OK</d:status></d:propstat></d:response>
 <d:response><d:href>/ada/book/2.vcf</d:href><d:status>HTTP/1.1 404 Not Found</d:status></d:response>
 <d:sync-token>http://radicale.org/ns/sync/abc</d:sync-token>
</d:multistatus>"#;

    #[test]
    fn an_answer_is_read_as_far_as_address_books_need_it() {
        let answer = read(LISTED.as_bytes()).expect("readable");

        let [book, card, gone] = &answer.told[..] else { panic!("{answer:?}") };
        assert!(book.is_book && book.is_collection && book.syncs);
        assert_eq!(book.name.as_deref(), Some("Kunden & Freunde"));
        assert_eq!((book.principal.as_deref(), &book.home, &book.etag), (Some("/ada/"), &None, &None));
        assert_eq!(card.card.as_deref(), Some("BEGIN:VCARD\r\nFN:A < B"));
        assert_eq!((card.etag.as_deref(), gone.status), (Some("\"1\""), Some(404)));
        assert_eq!(answer.token.as_deref(), Some("http://radicale.org/ns/sync/abc"));
    }

    #[test]
    fn bombs_and_what_is_no_answer_are_refused() {
        let deep = format!("<multistatus>{}", "<a>".repeat(100_000));
        let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><multistatus>&b;</multistatus>";
        for (text, why) in [
            (deep.as_str(), "it is too deep"),
            (laughs, "it has a document type, which is not taken"),
            ("<multistatus>&b;</multistatus>", "it has entities of its own, which are not expanded"),
            ("<html><body>Welcome</body></html>", "it is no answer of WebDAV"),
            ("", "it is no answer of WebDAV"),
            ("<multistatus><response>", "its XML is not well-formed"),
            ("<multistatus></response>", "its XML is not well-formed"),
            ("<multistatus/><multistatus/>", "its XML is not well-formed"),
        ] {
            assert_eq!(read(text.as_bytes()), Err(why), "{text:.60}");
        }
        let long = format!("<multistatus><a>{}</a></multistatus>", "x".repeat(TEXT_BYTES_MAX + 1));
        assert_eq!(read(long.as_bytes()), Err("it has a text that is too long"));
    }
}
