//! Bytes of a text to characters, and which characters a text may hold.
//! Nothing is guessed: a wrong guess would be texted to a customer, and nobody could call it back.

/// Why bytes did not become a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadText {
    /// A character set we do not read.
    UnknownCharset,
    /// Not what its character set allows.
    Invalid,
    /// It holds NUL: this is no text, or UTF-16 without saying so.
    Nul,
}

/// What 0x80 to 0x9F mean where phones say "iso-8859-1": windows-1252, as every browser reads it.
const WINDOWS_1252_HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}', '‘', '’',
    '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Reads a body in the named character set; without a name it is UTF-8 (RFC 3428, 8; baresip and linphone
/// send it so). Invalid UTF-8 is refused, not repaired. Line ends become LF, other controls are dropped.
pub fn decode(charset: Option<&str>, bytes: &[u8]) -> Result<String, BadText> {
    let name = charset.unwrap_or("utf-8").trim().to_ascii_lowercase();
    let text = match name.as_str() {
        // US-ASCII is read as UTF-8, its superset: Twinkle and old gateways say ascii and send umlauts.
        "utf-8" | "utf8" | "us-ascii" | "ascii" | "" => {
            std::str::from_utf8(bytes).map_err(|_| BadText::Invalid)?.to_owned()
        }
        "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" | "windows-1252" | "cp1252" => {
            bytes.iter().map(|byte| latin(*byte)).collect()
        }
        _ => return Err(BadText::UnknownCharset),
    };
    if text.contains('\0') {
        return Err(BadText::Nul);
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(clean(&text.replace("\r\n", "\n").replace('\r', "\n")))
}

fn latin(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS_1252_HIGH[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// Takes out what no phone and no log should see: NUL and all other controls except CR, LF and TAB. Form feed
/// and vertical tab (the page break of an SMS) become a line end.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|char| if matches!(char, '\u{b}' | '\u{c}') { '\n' } else { char })
        .filter(|char| matches!(char, '\r' | '\n' | '\t') || !char.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_word_is_read_in_each_character_set() {
        for (charset, bytes) in [
            (None, "Grüße".as_bytes()),
            (Some("UTF-8"), "Grüße".as_bytes()),
            (Some("us-ascii"), "Grüße".as_bytes()),
            (Some("ISO-8859-1"), b"Gr\xfc\xdfe".as_slice()),
            (Some("windows-1252"), b"Gr\xfc\xdfe".as_slice()),
        ] {
            assert_eq!(decode(charset, bytes).as_deref(), Ok("Grüße"), "{charset:?}");
        }
        assert_eq!(decode(Some("iso-8859-1"), b"5 \x80").as_deref(), Ok("5 €"));
    }

    #[test]
    fn what_is_not_in_its_character_set_is_refused_rather_than_guessed() {
        assert_eq!(decode(None, b"Gr\xfc\xdfe"), Err(BadText::Invalid));
        assert_eq!(decode(Some("utf-8"), b"\xed\xa0\x80"), Err(BadText::Invalid));
        assert_eq!(decode(Some("utf-16"), b"a\0"), Err(BadText::UnknownCharset));
        assert_eq!(decode(None, b"a\0b\0"), Err(BadText::Nul));
    }

    #[test]
    fn controls_are_dropped_and_line_ends_are_one() {
        assert_eq!(decode(None, b"a\x1b[31m\r\nb\rc\td\x07\x0ce\x7f\xc2\x9b").as_deref(), Ok("a[31m\nb\nc\td\ne"));
    }

    proptest! {
        #[test]
        fn a_decoded_text_has_no_controls_but_tab_and_line_end(bytes in proptest::collection::vec(any::<u8>(), 0..300),
                                                               latin in any::<bool>()) {
            if let Ok(text) = decode(latin.then_some("iso-8859-1"), &bytes) {
                prop_assert!(text.chars().all(|char| matches!(char, '\n' | '\t') || !char.is_control()));
            }
        }
    }
}
