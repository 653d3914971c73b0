//! A text as single SMS for gateways that join nothing: 160 characters of GSM-7 or 70 of UCS-2 each, numbered.

use crate::domain::segment;

/// The text as parts that are one SMS each; itself if it is one already.
pub fn parts(text: &str) -> Vec<String> {
    if segment::count(text).segments <= 1 {
        return vec![text.to_owned()];
    }
    // The number in front grows with the count: one digit first, then two.
    let mut found = Vec::new();
    for digits in 1..=3 {
        found = cut(text, 2 * digits + 4);
        if found.len().to_string().len() <= digits {
            break;
        }
    }
    let count = found.len();
    found.iter().enumerate().map(|(at, part)| format!("({}/{count}) {part}", at + 1)).collect()
}

/// Cut between words where there are any, so that each part and `head` characters before it are one SMS.
fn cut(text: &str, head: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let whole = longest(rest, head);
        let at = match rest[..whole].rfind(char::is_whitespace) {
            Some(blank) if whole < rest.len() && blank > 0 => blank,
            _ => whole,
        };
        let (part, left) = rest.split_at(at);
        parts.push(part.trim_end());
        rest = left.trim_start();
    }
    parts
}

/// Bytes of the longest beginning that is one SMS with `head` characters more; never 0.
fn longest(text: &str, head: usize) -> usize {
    let fits = |end: usize| {
        let counted = segment::count(&text[..end]);
        let room = if counted.encoding == segment::Encoding::Gsm7 { 160 } else { 70 };
        counted.units + head <= room
    };
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    // A later character may make all of it UCS-2, so the first end that does not fit is the last word.
    ends.take_while(|&end| fits(end)).last().unwrap_or_else(|| text.chars().next().map_or(0, char::len_utf8))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_one_sms_and_no_word_is_lost() {
        for text in
            ["word ".repeat(100), "Grüße 😀 ".repeat(40), "x".repeat(500), "€".repeat(200), "один два ".repeat(90)]
        {
            let parts = parts(&text);
            assert!(parts.len() > 1);
            for part in &parts {
                assert_eq!(segment::count(part).segments, 1, "{part}");
            }
            let words = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let joined: String = parts.iter().map(|part| part.split_once(") ").expect("numbered").1).collect();
            assert_eq!(words(&joined), words(&text));
        }
        assert_eq!(parts("short"), ["short"]);
    }
}
