//! A long text as numbered texts, for phones that can be reached over UDP only (RFC 3428, 8: 1300 bytes).
//! Cut between words where possible, never inside what a person sees as one character. [home of unicode-segmentation]

use unicode_segmentation::UnicodeSegmentation;

/// Room below which numbering makes no sense; smaller limits are taken as this.
pub const BYTES_MIN: usize = 64;

/// The text as parts of at most `bytes_max` bytes each: itself if it fits, else `(1/3) ...`, `(2/3) ...`.
/// Spaces and line ends at a cut are left out.
pub fn split(text: &str, bytes_max: usize) -> Vec<String> {
    let bytes_max = bytes_max.max(BYTES_MIN);
    if text.len() <= bytes_max {
        return vec![text.to_owned()];
    }
    // More digits in the count need more room in each part, which may need more parts: widen until it holds.
    // The count fits a usize, so 20 digits always do; `(`, `/`, `) ` are the other four bytes.
    for digits in 1..=20 {
        let room = bytes_max - (2 * digits + 4).min(bytes_max - 16);
        let parts = cut(text, room);
        if parts.len().to_string().len() <= digits {
            return number(&parts);
        }
    }
    unreachable!("a count of parts has at most 20 digits")
}

fn number(parts: &[&str]) -> Vec<String> {
    match parts {
        [only] => vec![(*only).to_owned()],
        _ => parts.iter().enumerate().map(|(at, part)| format!("({}/{}) {part}", at + 1, parts.len())).collect(),
    }
}

fn cut(text: &str, room: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while rest.len() > room {
        let (part, left) = rest.split_at(place(rest, room));
        parts.push(part.trim_end());
        rest = left.trim_start();
    }
    if !rest.is_empty() {
        parts.push(rest);
    }
    parts
}

/// Where to cut: before the last blank within the room; else after the last whole grapheme; else (a grapheme
/// longer than a part, piled up accents) after the last whole character. Never 0.
fn place(text: &str, room: usize) -> usize {
    let mut whole = 0;
    let mut blank = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        if grapheme.chars().all(char::is_whitespace) && at > 0 {
            blank = at;
        }
        if at + grapheme.len() > room {
            break;
        }
        whole = at + grapheme.len();
    }
    let first_word_too_long = blank < room / 2;
    match (first_word_too_long, whole) {
        (false, _) => blank,
        (true, 0) => text.floor_char_boundary(room).max(text.chars().next().map_or(1, char::len_utf8)),
        (true, whole) => whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_short_text_stays_as_it_is() {
        assert_eq!(split("Grüße", 100), ["Grüße"]);
        assert_eq!(split("", 100), [""]);
    }

    #[test]
    fn a_long_text_is_numbered_and_cut_between_words() {
        let parts = split(&"word ".repeat(40), 70);

        assert_eq!(parts.len(), 4);
        assert_eq!(parts[0], format!("(1/4) {}", ["word"; 13].join(" ")));
        assert!(parts[3].starts_with("(4/4) word"));
    }

    #[test]
    fn a_family_of_emoji_is_never_torn_apart() {
        let family = "👩‍👩‍👧‍👦";

        for part in split(&family.repeat(30), 100) {
            let bare = part.split_once(") ").expect("numbered").1;
            assert_eq!(bare.replace(family, ""), "", "{part}");
        }
    }

    #[test]
    fn piled_up_accents_are_cut_between_characters_and_end() {
        let parts = split(&format!("e{}", "\u{301}".repeat(5_000)), 100);

        assert!(parts.iter().all(|part| part.len() <= 100));
    }

    #[test]
    fn ten_parts_and_more_have_room_for_their_numbers() {
        for count in [9, 10, 11, 99, 100, 101] {
            let parts = split(&"x".repeat(count * 58), 64);

            assert!(parts.iter().all(|part| part.len() <= 64), "{count}");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_part_is_too_long(text in "(\\PC|[a-z ]{0,9}|\n){0,300}", bytes_max in 0usize..200) {
            let parts = split(&text, bytes_max);

            let bare = |part: &String| match parts.len() {
                1 => part.clone(),
                _ => part.split_once(") ").expect("numbered").1.to_owned(),
            };
            let joined: String = parts.iter().map(bare).collect();
            let solid = |text: &str| text.chars().filter(|char| !char.is_whitespace()).collect::<String>();
            prop_assert_eq!(solid(&joined), solid(&text));
            prop_assert!(parts.iter().all(|part| part.len() <= bytes_max.max(BYTES_MIN)));
        }
    }
}
