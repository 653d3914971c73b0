//! The lines of a card: unfolded, their parameters taken apart, their values decoded (RFC 6350 3.2 and 3.3; vCard 2.1's
//! quoted-printable and charsets). A line that is too long, as pictures are, is passed over.

use crate::domain::contact_words::folded;
use std::io::BufRead;

/// Most bytes of an unfolded line; longer ones are pictures and keys, which no contact keeps.
const LINE_BYTES_MAX: usize = 64 * 1024;

/// One property of a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Property {
    /// What binds it to others: `item1` of `item1.TEL`.
    pub group: String,
    /// Its name, in capitals.
    pub name: String,
    /// Its parameters in lower case, but for values: `(type, "work")`.
    pub parameters: Vec<(String, String)>,
    /// Its value, decoded, still escaped.
    pub value: String,
}

impl Property {
    /// Whether it has this type, however it is written: `TYPE=work,voice`, `TYPE="work"`, `;WORK`.
    pub fn has_type(&self, wanted: &str) -> bool {
        self.parameters.iter().any(|(_, value)| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(wanted)))
    }

    /// A parameter.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Its value as one text.
    pub fn text(&self) -> String {
        unescaped(&self.value)
    }

    /// The parts of a structured value.
    pub fn parts(&self) -> Vec<String> {
        split(&self.value, ';').iter().map(|part| unescaped(part).trim().to_owned()).collect()
    }
}

/// Reads unfolded lines, and counts.
pub struct Lines<R> {
    source: R,
    line: u64,
    /// The raw line behind the one that is being unfolded.
    ahead: Option<Vec<u8>>,
}

impl<R: BufRead> Lines<R> {
    /// From the first line on.
    pub fn new(source: R) -> Lines<R> {
        Lines { source, line: 0, ahead: None }
    }

    /// The next property and the line it begins on; `None` at the end. What is no property comes with an empty name.
    pub fn next_property(&mut self) -> std::io::Result<Option<(u64, Property)>> {
        let Some(mut whole) = self.raw()? else { return Ok(None) };
        let begins = self.line;
        let quoted = is_quoted_printable(&whole);
        let mut is_too_long = false;
        loop {
            let soft = quoted && whole.last() == Some(&b'=');
            let Some(next) = self.raw()? else { break };
            let folds = next.first().is_some_and(|first| matches!(first, b' ' | b'\t'));
            if !soft && !folds {
                self.ahead = Some(next);
                self.line -= 1;
                break;
            }
            if soft {
                whole.pop();
            }
            // Quoted-printable goes on where its line begins; elsewhere the first blank is the fold.
            let rest = if soft && !folds { &next[..] } else { &next[usize::from(folds)..] };
            if whole.len() + rest.len() > LINE_BYTES_MAX {
                is_too_long = true;
            } else {
                whole.extend_from_slice(rest);
            }
        }
        let property =
            if is_too_long || whole.len() >= LINE_BYTES_MAX { Property::default() } else { property(&whole) };
        Ok(Some((begins, property)))
    }

    /// One line as it stands, without its end; of one that is too long only the beginning.
    fn raw(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        if let Some(ahead) = self.ahead.take() {
            self.line += 1;
            return Ok(Some(ahead));
        }
        let mut line = Vec::new();
        let mut is_there = false;
        loop {
            let input = self.source.fill_buf()?;
            if input.is_empty() {
                break;
            }
            is_there = true;
            let end = memchr::memchr(b'\n', input);
            let piece = &input[..end.unwrap_or(input.len())];
            let room = LINE_BYTES_MAX.saturating_sub(line.len());
            line.extend_from_slice(&piece[..piece.len().min(room)]);
            let used = end.map_or(input.len(), |end| end + 1);
            self.source.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !is_there {
            return Ok(None);
        }
        self.line += 1;
        while line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }
}

/// Where the value of a line begins: behind the first colon that is not in quotation marks.
fn colon(line: &[u8]) -> Option<usize> {
    let mut in_quotes = false;
    line.iter().position(|byte| {
        in_quotes ^= *byte == b'"';
        *byte == b':' && !in_quotes
    })
}

fn is_quoted_printable(line: &[u8]) -> bool {
    let head = &line[..colon(line).unwrap_or(0)];
    head.to_ascii_uppercase().windows(16).any(|window| window == b"QUOTED-PRINTABLE")
}

fn property(line: &[u8]) -> Property {
    let Some(colon) = colon(line) else { return Property::default() };
    let head = String::from_utf8_lossy(&line[..colon]);
    let mut pieces = split_quoted(&head);
    let name = pieces.remove(0);
    let (group, name) = name.rsplit_once('.').map_or(("", name.as_str()), |(group, name)| (group, name));
    let parameters: Vec<(String, String)> = pieces
        .iter()
        .take(50)
        .map(|piece| match piece.split_once('=') {
            Some((key, value)) => (key.trim().to_ascii_lowercase(), value.trim().trim_matches('"').to_owned()),
            None => ("type".to_owned(), piece.trim().to_owned()),
        })
        .collect();
    let mut property = Property {
        group: group.trim().to_ascii_lowercase(),
        name: name.trim().to_ascii_uppercase(),
        parameters,
        value: String::new(),
    };
    let raw = match is_quoted_printable(line) {
        true => quoted_printable(&line[colon + 1..]),
        false => line[colon + 1..].to_vec(),
    };
    property.value = decoded(&raw, property.parameter("charset"));
    property
}

/// The pieces of a head between semicolons that are not in quotation marks; at least one.
fn split_quoted(head: &str) -> Vec<String> {
    let (mut pieces, mut in_quotes) = (vec![String::new()], false);
    for c in head.chars() {
        in_quotes ^= c == '"';
        match c {
            ';' if !in_quotes => pieces.push(String::new()),
            c => pieces.last_mut().expect("there is always one").push(c),
        }
    }
    pieces
}

fn quoted_printable(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let pair = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'=').and_then(|pair| hex::decode(pair).ok());
        match pair {
            Some(byte) => {
                out.extend(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// In the charset it names, else UTF-8, else what Windows wrote.
fn decoded(bytes: &[u8], charset: Option<&str>) -> String {
    let named = charset.and_then(|name| encoding_rs::Encoding::for_label(name.as_bytes()));
    match (named, std::str::from_utf8(bytes)) {
        (Some(encoding), _) if encoding != encoding_rs::UTF_8 => {
            encoding.decode_without_bom_handling(bytes).0.into_owned()
        }
        (_, Ok(text)) => text.to_owned(),
        (_, Err(_)) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}

/// Parts between separators that are not escaped.
fn split(value: &str, separator: char) -> Vec<String> {
    let (mut parts, mut escaped) = (vec![String::new()], false);
    for c in value.chars() {
        if c == separator && !escaped {
            parts.push(String::new());
        } else {
            parts.last_mut().expect("there is always one").push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n' | 'N') => out.push('\n'),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out
}

/// A label as Apple writes it (`_$!<Mobile>!$_`), plain.
pub(super) fn plain_label(label: &str) -> String {
    folded(label.trim_start_matches("_$!<").trim_end_matches(">!$_"))
}
