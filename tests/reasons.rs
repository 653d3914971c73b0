//! Every reason has a plain sentence in both languages and is used; what somebody can do about it stands beside it.

use depesche::domain::reason::ReasonCode;
use depesche::domain::remedy::remedy;
use std::collections::HashSet;
use std::path::Path;

/// Words nobody says at a front desk.
const JARGON: [&str; 24] = [
    "HTTP",
    "API",
    "JSON",
    "webhook",
    "Webhook",
    "payload",
    "timeout",
    "Timeout",
    "null",
    "error",
    "Error",
    "MSISDN",
    "E.164",
    "MCC",
    "SMPP",
    "DLR",
    "URL",
    "SIP ",
    "status code",
    "Statuscode",
    "endpoint",
    "parameter",
    "exception",
    "invalid",
];

/// Every sentence, with the code it belongs to.
fn sentences() -> impl Iterator<Item = (&'static str, &'static str)> {
    ReasonCode::ALL.iter().flat_map(|code| {
        let todo = remedy(*code).map(|(en, de)| [en, de]).into_iter().flatten();
        [code.english(), code.german()].into_iter().chain(todo).map(|sentence| (code.as_str(), sentence))
    })
}

#[test]
fn every_sentence_is_a_plain_and_whole_one() {
    for (code, sentence) in sentences() {
        let first = sentence.chars().next().expect("it says something");
        assert!(first.is_uppercase(), "{code}: {sentence}");
        assert!(sentence.ends_with('.'), "{code}: {sentence}");
        assert!(
            (10..=200).contains(&sentence.chars().count()),
            "{code}: {} characters: {sentence}",
            sentence.chars().count()
        );
        assert_eq!(sentence.trim(), sentence, "{code}");
        assert!(!sentence.contains("  ") && !sentence.contains("!"), "{code}: {sentence}");
        for word in JARGON {
            assert!(!sentence.contains(word), "{code} says {word:?}: {sentence}");
        }
    }
}

#[test]
fn no_two_reasons_say_the_same_and_the_languages_differ() {
    let mut seen = HashSet::new();
    for code in ReasonCode::ALL {
        assert!(seen.insert(code.english()), "{} says what another one says", code.as_str());
        assert!(seen.insert(code.german()), "{} says what another one says", code.as_str());
        if let Some((en, de)) = remedy(*code) {
            assert_ne!(en, de, "{}", code.as_str());
        }
    }
}

#[test]
fn every_reason_is_given_somewhere() {
    let mut sources = String::new();
    read_all(Path::new("src"), &mut sources);
    for code in ReasonCode::ALL {
        let variant = format!("{code:?}");
        // `ReasonCode::X`, or a table of codes under a short name.
        let used =
            [format!("ReasonCode::{variant}"), format!("R::{variant}"), format!(" {variant}"), format!("({variant}")];
        assert!(used.iter().any(|used| sources.contains(used.as_str())), "{variant} is never given: remove it");
    }
}

/// All of the program but the lists of reasons themselves and the tests.
fn read_all(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if path.is_dir() {
            read_all(&path, into);
        } else if name.ends_with(".rs") && !["reason.rs", "remedy.rs"].contains(&name) && !name.contains("tests") {
            into.push_str(&std::fs::read_to_string(&path).expect("readable"));
        }
    }
}
