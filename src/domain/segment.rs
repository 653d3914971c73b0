//! How many SMS segments a text becomes: GSM-7 with its extension table, else UCS-2 (3GPP TS 23.038, 23.040).
//! The portal's composer counts in the same way; both are held to `tests/vectors/segments.json`.

/// How a text travels in SMS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    /// The 7-bit default alphabet with its extension table.
    Gsm7,
    /// 16-bit units, as soon as one character is outside GSM-7.
    Ucs2,
}

impl Encoding {
    /// The word in the API and the test vectors.
    pub fn as_str(self) -> &'static str {
        match self {
            Encoding::Gsm7 => "gsm7",
            Encoding::Ucs2 => "ucs2",
        }
    }

    /// Units in a message of one segment.
    fn alone(self) -> usize {
        match self {
            Encoding::Gsm7 => 160,
            Encoding::Ucs2 => 70,
        }
    }

    /// Units in each segment of several: six octets go to the header that joins them.
    fn joined(self) -> usize {
        match self {
            Encoding::Gsm7 => 153,
            Encoding::Ucs2 => 67,
        }
    }

    /// Units of one character; such a group is never split between two segments.
    fn units(self, c: char) -> usize {
        match self {
            Encoding::Gsm7 if EXTENSION.contains(c) => 2,
            Encoding::Gsm7 => 1,
            Encoding::Ucs2 => c.len_utf16(),
        }
    }
}

/// What a text costs as SMS.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Segments {
    /// How it travels.
    pub encoding: Encoding,
    /// Characters, as people count them in a box (Unicode scalar values).
    pub characters: usize,
    /// Septets or 16-bit units, without what is lost at the end of a segment.
    pub units: usize,
    /// Segments billed; 0 for an empty text.
    pub segments: usize,
    /// Units still free in the last segment.
    pub left: usize,
}

/// The default alphabet without its escape (3GPP TS 23.038, 6.2.1).
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
                     ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The extension table (6.2.1.1): an escape and one more septet each.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Counts the segments of `text`.
pub fn count(text: &str) -> Segments {
    let gsm = text.chars().all(|c| BASIC.contains(c) || EXTENSION.contains(c));
    let encoding = if gsm { Encoding::Gsm7 } else { Encoding::Ucs2 };
    let characters = text.chars().count();
    let units = text.chars().map(|c| encoding.units(c)).sum();
    let (segments, left) = if units == 0 {
        (0, encoding.alone())
    } else if units <= encoding.alone() {
        (1, encoding.alone() - units)
    } else {
        fill(text, encoding)
    };
    Segments { encoding, characters, units, segments, left }
}

/// Fills segments of the joined size; an escape pair or a surrogate pair that does not fit opens the next one.
fn fill(text: &str, encoding: Encoding) -> (usize, usize) {
    let (mut segments, mut left) = (1, encoding.joined());
    for units in text.chars().map(|c| encoding.units(c)) {
        if units > left {
            segments += 1;
            left = encoding.joined();
        }
        left -= units;
    }
    (segments, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shared_vector_counts_as_written() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/segments.json");
        let vectors: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(file).expect("the vectors are in the repository"))
                .expect("JSON");
        let vectors = vectors.as_array().expect("a list");
        assert!(vectors.len() >= 20);
        for vector in vectors {
            let counted = count(vector["text"].as_str().expect("a text"));

            let what = vector["what"].as_str().expect("a name");
            assert_eq!(counted.encoding.as_str(), vector["encoding"].as_str().expect("a word"), "{what}");
            for (key, found) in [
                ("characters", counted.characters),
                ("units", counted.units),
                ("segments", counted.segments),
                ("left", counted.left),
            ] {
                assert_eq!(Some(found as u64), vector[key].as_u64(), "{what}: {key}");
            }
        }
    }

    #[test]
    fn the_alphabet_has_127_characters_and_its_extension_ten() {
        let mut all: Vec<char> = BASIC.chars().chain(EXTENSION.chars()).collect();
        all.sort_unstable();
        all.dedup();

        assert_eq!((BASIC.chars().count(), EXTENSION.chars().count(), all.len()), (127, 10, 137));
    }
}
