//! Look-alikes: one typographic quote makes a text UCS-2, with 70 characters in a segment instead of 160. On request such
//! characters are replaced by those of GSM-7 that look the same, but only where the whole text becomes GSM-7 by it: what
//! stays UCS-2 anyway stays as it was written. The portal does the same; both are held to `tests/vectors/smart.json`.

use crate::domain::segment::{Encoding, count};
use std::borrow::Cow;

/// What stands for what. Letters are here only where no reader can tell them apart.
const SAME: &[(&str, &str)] = &[
    // quotes and primes
    ("\u{2018}\u{2019}\u{201a}\u{201b}\u{2032}\u{2039}\u{203a}\u{b4}\u{60}\u{2bc}", "'"),
    ("\u{201c}\u{201d}\u{201e}\u{201f}\u{2033}\u{ab}\u{bb}", "\""),
    // dashes
    ("\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}", "-"),
    // spaces
    (
        "\u{a0}\u{2000}\u{2001}\u{2002}\u{2003}\u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{202f}\u{205f}\u{3000}\t",
        " ",
    ),
    // what nobody sees
    ("\u{200b}\u{2060}\u{feff}\u{ad}\u{200e}\u{200f}", ""),
    ("\u{2028}\u{2029}", "\n"),
    // signs
    ("\u{2026}", "..."),
    ("\u{2022}\u{b7}\u{25cf}\u{25aa}", "-"),
    ("\u{2044}\u{2215}", "/"),
    ("\u{2264}", "<="),
    ("\u{2265}", ">="),
    ("\u{d7}", "x"),
    // Cyrillic and Greek letters that are drawn as Latin ones
    ("АΑ", "A"),
    ("ВΒ", "B"),
    ("С", "C"),
    ("ЕΕ", "E"),
    ("НΗ", "H"),
    ("ІΙ", "I"),
    ("Ј", "J"),
    ("КΚ", "K"),
    ("МΜ", "M"),
    ("Ν", "N"),
    ("ОΟ", "O"),
    ("РΡ", "P"),
    ("Ѕ", "S"),
    ("ТΤ", "T"),
    ("ХΧ", "X"),
    ("Υ", "Y"),
    ("Ζ", "Z"),
    ("а", "a"),
    ("с", "c"),
    ("е", "e"),
    ("і", "i"),
    ("ј", "j"),
    ("оο", "o"),
    ("р", "p"),
    ("ѕ", "s"),
    ("х", "x"),
    ("у", "y"),
];

/// Letters with an accent of their own, as some keyboards and files write them: letter and accent apart.
const JOINED: &[(&str, char)] = &[
    ("a\u{300}", 'à'),
    ("e\u{300}", 'è'),
    ("e\u{301}", 'é'),
    ("i\u{300}", 'ì'),
    ("o\u{300}", 'ò'),
    ("u\u{300}", 'ù'),
    ("a\u{308}", 'ä'),
    ("o\u{308}", 'ö'),
    ("u\u{308}", 'ü'),
    ("A\u{308}", 'Ä'),
    ("O\u{308}", 'Ö'),
    ("U\u{308}", 'Ü'),
    ("n\u{303}", 'ñ'),
    ("N\u{303}", 'Ñ'),
    ("E\u{301}", 'É'),
    ("a\u{30a}", 'å'),
    ("A\u{30a}", 'Å'),
    ("C\u{327}", 'Ç'),
];

/// The text with its look-alikes replaced, if that makes it GSM-7; else as it is.
pub fn plain(text: &str) -> Cow<'_, str> {
    if count(text).encoding == Encoding::Gsm7 {
        return Cow::Borrowed(text);
    }
    let mut joined = text.to_owned();
    for (apart, one) in JOINED {
        if joined.contains(apart) {
            joined = joined.replace(apart, one.encode_utf8(&mut [0; 4]));
        }
    }
    let mut plain = String::with_capacity(joined.len());
    for c in joined.chars() {
        match SAME.iter().find(|(all, _)| all.contains(c)) {
            Some((_, same)) => plain.push_str(same),
            None => plain.push(c),
        }
    }
    if count(&plain).encoding == Encoding::Gsm7 { Cow::Owned(plain) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shared_vector_becomes_what_is_written() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/smart.json");
        let vectors: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(file).expect("the vectors are in the repository"))
                .expect("JSON");
        let vectors = vectors.as_array().expect("a list");
        assert!(vectors.len() >= 15);
        for vector in vectors {
            let (what, text) = (&vector["what"], vector["text"].as_str().expect("a text"));

            assert_eq!(plain(text), vector["plain"].as_str().expect("a text"), "{what}");
            assert_eq!(plain(&plain(text)), plain(text), "{what}: once is enough");
        }
    }

    #[test]
    fn what_stands_for_a_look_alike_is_itself_in_the_alphabet() {
        for (all, same) in SAME {
            assert_eq!(count(same).encoding, Encoding::Gsm7, "{same:?}");
            assert!(all.chars().all(|c| count(c.encode_utf8(&mut [0; 4])).encoding == Encoding::Ucs2), "{all:?}");
        }
    }
}
