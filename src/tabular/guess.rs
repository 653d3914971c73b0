//! What a table's first bytes give away of how it is written. A guess: people may correct it before anything is read.

use crate::tabular::layout::{Layout, Separator};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How many rows are looked at.
const ROWS_LOOKED_AT: usize = 20;

/// The likely layout of a table that begins with these bytes; 64 KB are plenty.
pub fn guess(start: &[u8]) -> Layout {
    let encoding = encoding_of(start);
    let (text, _) = encoding.decode_with_bom_removal(start);
    let (separator, rows) = match said_separator(&text) {
        Some(said) => (said, rows_of(text.split_once('\n').map_or("", |(_, rest)| rest), said)),
        None => likely_separator(&text),
    };
    let header = rows.first().is_some_and(|first| names_columns(first, &rows[1..]));
    Layout { encoding: encoding.name().to_ascii_lowercase(), separator, header }
}

/// Excel's own first line: `sep=;`.
pub(super) fn said_separator(text: &str) -> Option<Separator> {
    let line = text.lines().next()?.trim_start_matches('\u{feff}').trim_end_matches('\r');
    let said = line.get(..4).filter(|key| key.eq_ignore_ascii_case("sep=")).and(line.as_bytes().get(4));
    Separator::ALL.into_iter().find(|separator| line.len() == 5 && Some(&separator.byte()) == said)
}

fn encoding_of(start: &[u8]) -> &'static Encoding {
    if let Some((marked, _)) = Encoding::for_bom(start) {
        return marked;
    }
    if let Some(wide) = without_mark(start) {
        return wide;
    }
    let is_utf8 = match std::str::from_utf8(start) {
        Ok(_) => true,
        // Cut off in the middle of a character.
        Err(error) => error.error_len().is_none(),
    };
    if is_utf8 {
        return UTF_8;
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(start, true);
    detector.guess(None, chardetng::Utf8Detection::Deny)
}

/// UTF-16 without its mark: every other byte of a western text is zero.
fn without_mark(start: &[u8]) -> Option<&'static Encoding> {
    let pairs = (start.len() / 2).min(512);
    let zeros = |offset: usize| (0..pairs).filter(|pair| start[2 * pair + offset] == 0).count();
    let (first, second) = (zeros(0), zeros(1));
    let many = pairs.div_ceil(2);
    match pairs {
        0 => None,
        _ if second >= many && first * 4 < second => Some(UTF_16LE),
        _ if first >= many && second * 4 < first => Some(UTF_16BE),
        _ => None,
    }
}

/// The one that cuts most rows into the same number of cells, more than one. The comma last: it also stands in texts.
fn likely_separator(text: &str) -> (Separator, Vec<Vec<String>>) {
    let mut best = (0, Separator::Comma, Vec::new());
    for separator in [Separator::Tab, Separator::Semicolon, Separator::Pipe, Separator::Comma] {
        let rows = rows_of(text, separator);
        let cells = rows.first().map_or(0, Vec::len);
        let alike = rows.iter().filter(|row| row.len() == cells).count();
        let score = if cells > 1 { alike * 1000 + cells } else { 0 };
        if score > best.0 || best.2.is_empty() {
            best = (score, separator, rows);
        }
    }
    (best.1, best.2)
}

fn rows_of(text: &str, separator: Separator) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator.byte())
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let rows = reader.records().map_while(Result::ok).take(ROWS_LOOKED_AT);
    rows.map(|row| row.iter().map(str::to_owned).collect()).collect()
}

/// A first row names its columns if its cells are words, and differ; a telephone number, an address or an amount is none.
fn names_columns(first: &[String], others: &[Vec<String>]) -> bool {
    let filled: Vec<String> =
        first.iter().map(|cell| cell.trim().to_lowercase()).filter(|cell| !cell.is_empty()).collect();
    let is_word = |cell: &String| {
        let digits = cell.chars().filter(char::is_ascii_digit).count();
        digits * 3 < cell.chars().count() && !cell.contains('@') && cell.chars().count() <= 60
    };
    let mut distinct = filled.clone();
    distinct.sort();
    distinct.dedup();
    let is_own_data =
        others.iter().any(|row| row.iter().map(|cell| cell.trim().to_lowercase()).eq(filled.iter().cloned()));
    !filled.is_empty() && filled.iter().all(is_word) && distinct.len() == filled.len() && !is_own_data
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    fn of(start: &[u8]) -> (String, Separator, bool) {
        let layout = guess(start);
        (layout.encoding, layout.separator, layout.header)
    }

    #[test]
    fn encodings_are_told_apart() {
        let text = "Vorname;Nachname;Mobil\nJörg;Müller;0155 50100\n";
        let (windows, _, _) = encoding_rs::WINDOWS_1252.encode(text);
        let marked: Vec<u8> = [&[0xef, 0xbb, 0xbf], text.as_bytes()].concat();
        let little: Vec<u8> = [vec![0xff, 0xfe], utf16(text, false)].concat();

        for (start, encoding) in [
            (text.as_bytes(), "utf-8"),
            (&marked, "utf-8"),
            (&windows, "windows-1252"),
            (&little, "utf-16le"),
            (&utf16(text, false), "utf-16le"),
            (&utf16(text, true), "utf-16be"),
        ] {
            assert_eq!(of(start), (encoding.to_owned(), Separator::Semicolon, true));
        }
    }

    #[test]
    fn separators_and_headers_are_told_apart() {
        assert_eq!(of(b"a,b\n1,2\n").1, Separator::Comma);
        assert_eq!(of(b"a\tb, c\n1\t2, 3\n").1, Separator::Tab);
        assert_eq!(of(b"a|b\n1|2\n").1, Separator::Pipe);
        assert_eq!(
            of(b"\"Meier, Anna\";+491555010001\n\"Otto, Ben\";+491555010002\n"),
            ("utf-8".into(), Separator::Semicolon, false)
        );
        assert_eq!(of(b"sep=;\nname,x;nummer\n"), ("utf-8".into(), Separator::Semicolon, true));
        assert!(!of(b"+15550100\n+15550101\n").2);
        assert!(of(b"Rufnummer\n+15550101\n").2);
        assert_eq!(of(b""), ("utf-8".into(), Separator::Comma, false));
        assert!(!of(b"name,number\nname,number\n").2, "what comes again names nothing");
    }

    #[test]
    fn a_character_cut_off_at_the_end_is_still_utf8() {
        assert_eq!(of(&"Müller;J\u{f6}rg".as_bytes()[..10]).0, "utf-8");
    }
}
