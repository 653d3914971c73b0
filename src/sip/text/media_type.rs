//! `Content-Type` and `Content-Disposition` values: a word, and parameters (RFC 3261 25.1, RFC 2183).
//! Reads what phones really write: any case, spaces around `;` and `=`, quoted or bare values, a trailing `;`.

/// Parameters read from one header; a header with more is not from a phone.
const PARAMETERS_MAX: usize = 16;

/// A header of the form `word;name=value;name="value"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// The word before the parameters, in lower case: `text/plain`, `attachment`.
    pub word: String,
    /// Names in lower case, values with their quotes taken off.
    pub parameters: Vec<(String, String)>,
}

impl Labelled {
    /// Reads one header value; `None` if it is not of this form.
    pub fn parse(value: &str) -> Option<Labelled> {
        let (word, mut rest) = match value.find(';') {
            Some(at) => (&value[..at], &value[at..]),
            None => (value, ""),
        };
        let word = word.trim().to_ascii_lowercase();
        if word.is_empty() || !word.bytes().all(|byte| is_token(byte) || byte == b'/') {
            return None;
        }
        let mut parameters = Vec::new();
        while let Some(after) = rest.strip_prefix(';') {
            let after = after.trim_start();
            if after.is_empty() || after.starts_with(';') {
                rest = after;
                continue;
            }
            let (name, text, left) = parameter(after)?;
            if parameters.len() == PARAMETERS_MAX {
                return None;
            }
            parameters.push((name, text));
            rest = left;
        }
        rest.is_empty().then_some(Labelled { word, parameters })
    }

    /// The value of a parameter, by its name in lower case; the first wins.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The type before the slash, for a media type.
    pub fn family(&self) -> &str {
        self.word.split('/').next().unwrap_or_default()
    }
}

/// Reads `name=value` or a bare `name`; returns what is left, at the next `;` or empty.
fn parameter(text: &str) -> Option<(String, String, &str)> {
    let end = text.find(['=', ';']).unwrap_or(text.len());
    let name = text[..end].trim().to_ascii_lowercase();
    if name.is_empty() || !name.bytes().all(is_token) {
        return None;
    }
    let Some(after) = text[end..].strip_prefix('=') else {
        return Some((name, String::new(), &text[end..]));
    };
    let after = after.trim_start();
    let (value, left) = match after.strip_prefix('"') {
        Some(quoted) => unquote(quoted)?,
        None => {
            let end = after.find(';').unwrap_or(after.len());
            (after[..end].trim().to_owned(), &after[end..])
        }
    };
    let left = left.trim_start();
    (left.is_empty() || left.starts_with(';')).then_some((name, value, left))
}

/// Reads up to the closing quote; `\x` stands for `x`.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(chars.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// RFC 3261 25.1, `token`.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_ways_phones_write_a_content_type_are_read() {
        for (written, charset) in [
            ("text/plain", None),
            ("Text/Plain;charset=utf-8", Some("utf-8")),
            ("text/plain ; charset = \"UTF-8\"", Some("UTF-8")),
            ("text/plain; charset=UTF-8; format=flowed;", Some("UTF-8")),
            ("text/plain;;charset=us-ascii", Some("us-ascii")),
        ] {
            let read = Labelled::parse(written).expect(written);

            assert_eq!(read.word, "text/plain", "{written}");
            assert_eq!(read.parameter("charset"), charset, "{written}");
        }
    }

    #[test]
    fn a_quoted_file_name_keeps_its_semicolons_and_quotes() {
        let read = Labelled::parse(r#"attachment;filename="a; \"b\".png""#).expect("well-formed");

        assert_eq!(read.parameter("filename"), Some(r#"a; "b".png"#));
    }

    #[test]
    fn what_is_no_label_is_refused() {
        for written in ["", ";charset=utf-8", "text plain", "text/plain;charset=\"utf-8", "text/plain;=x", "a\"b"] {
            assert_eq!(Labelled::parse(written), None, "{written}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(written in "\\PC{0,200}") {
            let _ = Labelled::parse(&written);
        }
    }
}
