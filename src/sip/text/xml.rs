//! Small XML documents as a flat list of elements: enough for receipts, typing notices and file offers.
//! No document type, no entities of one's own, nothing fetched; size, depth and count are bounded. [home of quick-xml]

use quick_xml::XmlVersion;
use quick_xml::escape::{resolve_predefined_entity, unescape};
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

const BYTES_MAX: usize = 65_536;
const DEPTH_MAX: usize = 16;
const ELEMENTS_MAX: usize = 256;
const ATTRIBUTES_MAX: usize = 16;

/// One element: where it stands, what it carries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Element {
    /// Local names from the root down to this element, without prefixes.
    pub path: Vec<String>,
    /// Local names and values.
    pub attributes: Vec<(String, String)>,
    /// Its own text, without that of its children, trimmed.
    pub text: String,
}

impl Element {
    /// Its own local name.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The local name of the element it stands in; empty for the root.
    pub fn parent(&self) -> &str {
        self.path.iter().rev().nth(1).map_or("", String::as_str)
    }

    /// An attribute by its local name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// The document is not well-formed, too large, or wants what we do not do; the text says which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadXml(pub &'static str);

const NOT_WELL_FORMED: BadXml = BadXml("it is not well-formed");

/// Reads a document into its elements, in the order in which they open.
pub fn elements(bytes: &[u8]) -> Result<Vec<Element>, BadXml> {
    if bytes.len() > BYTES_MAX {
        return Err(BadXml("it is larger than 64 KiB"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| BadXml("it is not UTF-8"))?;
    let mut reader = Reader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    let mut document = Document::default();
    loop {
        match reader.read_event().map_err(|_| NOT_WELL_FORMED)? {
            Event::Start(start) => document.open(&start)?,
            Event::Empty(start) => {
                document.open(&start)?;
                document.open.pop();
            }
            Event::End(_) => document.close()?,
            Event::Text(text) => document.say(&text)?,
            Event::CData(text) => document.say(&text)?,
            Event::GeneralRef(reference) => document.say(&resolve(&reference)?)?,
            Event::DocType(_) => return Err(BadXml("it has a document type, which is not taken")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => return document.finish(),
        }
    }
}

#[derive(Default)]
struct Document {
    elements: Vec<Element>,
    /// Where the open ones are in `elements`.
    open: Vec<usize>,
}

impl Document {
    fn open(&mut self, start: &BytesStart<'_>) -> Result<(), BadXml> {
        if self.open.len() == DEPTH_MAX || self.elements.len() == ELEMENTS_MAX {
            return Err(BadXml("it has too many elements"));
        }
        if self.open.is_empty() && !self.elements.is_empty() {
            return Err(NOT_WELL_FORMED);
        }
        let mut path = self.open.last().map(|at| self.elements[*at].path.clone()).unwrap_or_default();
        path.push(start.local_name().as_ref().to_owned());
        self.open.push(self.elements.len());
        self.elements.push(Element { path, attributes: attributes(start)?, text: String::new() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), BadXml> {
        let at = self.open.pop().ok_or(NOT_WELL_FORMED)?;
        let text = &mut self.elements[at].text;
        *text = text.trim().to_owned();
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), BadXml> {
        match self.open.last() {
            Some(at) => self.elements[*at].text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(NOT_WELL_FORMED),
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<Element>, BadXml> {
        if self.open.is_empty() && !self.elements.is_empty() { Ok(self.elements) } else { Err(NOT_WELL_FORMED) }
    }
}

fn attributes(start: &BytesStart<'_>) -> Result<Vec<(String, String)>, BadXml> {
    let mut read = Vec::new();
    // The reader compares each name with all before it: stop before that costs anything.
    for attribute in start.attributes().take(ATTRIBUTES_MAX + 1) {
        let attribute = attribute.map_err(|_| NOT_WELL_FORMED)?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|_| NOT_WELL_FORMED)?;
        read.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
    }
    if read.len() > ATTRIBUTES_MAX { Err(BadXml("it has too many attributes")) } else { Ok(read) }
}

/// The five entities of XML itself and character numbers; any other is refused.
fn resolve(reference: &BytesRef<'_>) -> Result<String, BadXml> {
    match reference.resolve_char_ref().map_err(|_| NOT_WELL_FORMED)? {
        Some(char) => Ok(char.to_string()),
        None => resolve_predefined_entity(reference)
            .map(str::to_owned)
            .ok_or(BadXml("it has entities of its own, which are not expanded")),
    }
}

/// Text as it may stand in an element or an attribute.
pub fn escape(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}

/// The reverse of [`escape`]; `None` where that is impossible.
pub fn plain(text: &str) -> Option<String> {
    unescape(text).ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn elements_come_with_their_path_text_and_attributes() {
        let read = elements(
            b"<?xml version='1.0'?><x:a xmlns:x='u'><b c='1 &amp; 2'> t&lt;&#65;<!-- no --> </b><d/></x:a>\r\n",
        );

        let read = read.expect("well-formed");
        assert_eq!(read[1].path, ["a", "b"]);
        assert_eq!((read[1].text.as_str(), read[1].attribute("c"), read[1].parent()), ("t<A", Some("1 & 2"), "a"));
        assert_eq!(read[2].name(), "d");
    }

    #[test]
    fn entities_of_ones_own_and_bombs_are_refused() {
        let laughs = b"<!DOCTYPE x [<!ENTITY l \"lol\">]><x>&l;</x>";
        let deep = "<a>".repeat(10_000);
        let wide = format!("<a>{}</a>", "<b/>".repeat(1_000));
        let many: String = (0..5_000).map(|number| format!(" a{number}='1'")).collect();

        for bomb in [&laughs[..], b"<x>&l;</x>", deep.as_bytes(), wide.as_bytes(), format!("<a{many}/>").as_bytes()] {
            assert!(elements(bomb).is_err());
        }
        assert!(elements(&vec![b' '; BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        for broken in ["", "text", "<a>", "<a></b>", "</a>", "<a/><b/>", "<a>\u{0}", "<a b=1 b=2/>", "<a>&amp</a>"] {
            assert!(elements(broken.as_bytes()).is_err(), "{broken}");
        }
        assert!(elements(b"<a>\xff</a>").is_err());
    }

    proptest! {
        #[test]
        fn no_document_makes_it_panic(text in "[<>/a&;'\"=x! \\[\\]?#-]{0,120}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = elements(text.as_bytes());
            let _ = elements(&bytes);
        }

        #[test]
        fn escaped_text_comes_back(text in "\\PC{0,80}") {
            prop_assert_eq!(plain(&escape(&text)), Some(text));
        }
    }
}
