//! Web addresses in a text, to be replaced by short ones that are counted. Only what whoever wrote the text wrote of them:
//! where another's words say which host it leads to, an address stays as it is (T37).

use std::ops::Range;
use url::Url;

/// Longest address that is replaced.
const CHARS_MAX: usize = 2000;
/// Most addresses of one text.
pub const LINKS_MAX: usize = 10;

/// Where web addresses stand in a text, at most [`LINKS_MAX`]; none whose host lies in `foreign`.
pub fn find(text: &str, foreign: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while let Some(begin) = next(text, at).filter(|_| found.len() < LINKS_MAX) {
        let address = address(&text[begin..]);
        at = begin + address.len().max(1);
        let host_end = begin + host_end(address);
        let is_foreign = foreign.iter().any(|other| other.start < host_end && begin < other.end);
        if !is_foreign && leads(address) {
            found.push(begin..begin + address.len());
        }
    }
    found
}

/// A text with its addresses replaced, each by what is made of it.
pub fn replace(text: &str, places: &[Range<usize>], mut short: impl FnMut(&str) -> String) -> String {
    let (mut made, mut at) = (String::with_capacity(text.len()), 0);
    for place in places {
        made.push_str(&text[at..place.start]);
        made.push_str(&short(&text[place.clone()]));
        at = place.end;
    }
    made.push_str(&text[at..]);
    made
}

/// Where the next address begins.
fn next(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let starts = |at: usize, with: &str| {
        bytes.get(at..at + with.len()).is_some_and(|some| some.eq_ignore_ascii_case(with.as_bytes()))
    };
    let free = |at: usize| at == 0 || !text[..at].ends_with(char::is_alphanumeric);
    (from..bytes.len())
        .find(|&at| (starts(at, "http://") || starts(at, "https://")) && text.is_char_boundary(at) && free(at))
}

/// An address from its beginning: to the next blank, without what ends a sentence.
fn address(text: &str) -> &str {
    let end = text.find(|c: char| {
        c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | '„' | '“' | '”' | '«' | '»')
    });
    let mut found = &text[..end.unwrap_or(text.len())];
    loop {
        let open = |bracket: char, other: char| found.matches(bracket).count() < found.matches(other).count();
        let shorter = match found.chars().next_back() {
            Some('.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '…' | '*' | '|') => true,
            Some(')') => open('(', ')'),
            Some(']') => open('[', ']'),
            Some('}') => open('{', '}'),
            _ => false,
        };
        if !shorter {
            return found;
        }
        found = &found[..found.len() - found.chars().next_back().map_or(0, char::len_utf8)];
    }
}

/// Where scheme and host end.
fn host_end(address: &str) -> usize {
    let host = address.find("://").map_or(0, |at| at + 3);
    address[host..].find(['/', '?', '#']).map_or(address.len(), |end| host + end)
}

/// Whether it is an address that a browser goes to, on another machine, and hides nothing before its host.
pub fn leads(address: &str) -> bool {
    let known = Url::parse(address).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    address.len() <= CHARS_MAX && known.is_some_and(|url| url.username().is_empty() && url.password().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn links(text: &str) -> Vec<&str> {
        find(text, &[]).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn an_address_ends_before_what_ends_the_sentence() {
        for (text, expected) in [
            ("See https://shop.example/a?b=c#d.", vec!["https://shop.example/a?b=c#d"]),
            ("(http://shop.example/a(b)) or HTTPS://X.EXAMPLE!", vec!["http://shop.example/a(b)", "HTTPS://X.EXAMPLE"]),
            ("„https://müller.example/ü“, ja", vec!["https://müller.example/ü"]),
            (
                "https://a.example\nhttps://b.example, https://c.example",
                vec!["https://a.example", "https://b.example", "https://c.example"],
            ),
            ("https:// http://? xhttps://a.example www.shop.example mailto:a@b.example", vec![]),
            ("https://good.example@evil.example/ javascript:alert(1) ftp://a.example", vec![]),
        ] {
            assert_eq!(links(text), expected, "{text}");
        }
        assert_eq!(links(&"https://a.example ".repeat(50)).len(), LINKS_MAX);
    }

    #[test]
    fn an_address_whose_host_is_another_s_word_stays_as_it_is() {
        let text = "https://evil.example/x https://shop.example/evil";

        let found = |foreign: &[(usize, usize)]| {
            let foreign: Vec<Range<usize>> = foreign.iter().map(|(from, to)| *from..*to).collect();
            find(text, &foreign).into_iter().map(|place| (place.start, place.end)).collect::<Vec<_>>()
        };

        assert_eq!(found(&[(0, 22), (44, 48)]), [(23, 48)]);
        assert_eq!(found(&[(0, 48)]), []);
        assert_eq!(found(&[(12, 14)]), [(23, 48)]);
    }

    #[test]
    fn each_is_replaced_by_what_is_made_of_it() {
        let text = "Hi https://a.example/1, https://b.example!";
        let made = replace(text, &find(text, &[]), |target| format!("<{}>", target.len()));

        assert_eq!(made, "Hi <19>, <17>!");
    }

    proptest! {
        #[test]
        fn any_text_is_searched_without_harm(text in r"(https?://)?[\PC ]{0,60}(https?://)?[\PC ]{0,60}") {
            for place in find(&text, &[]) {
                prop_assert!(leads(&text[place]));
            }
        }
    }
}
