//! What people see, and what nobody can make of it.

use super::*;
use proptest::prelude::*;

const TOKEN: &str = "aB3dE6gH9";

fn picture(name: &str) -> Shown<'_> {
    Shown { name, state: State::Here { media_type: MediaType::Jpeg, bytes: 1_260_000, has_thumb: true } }
}

fn with<'a>(from: &'a str, text: &'a str, files: Vec<Shown<'a>>) -> Page<'a> {
    Page { token: TOKEN, from, text, files, until: Timestamp(1_798_113_600_000) }
}

/// The one place with markup of its own apart, nothing but our tags is left of a page.
fn tags(page: &str) -> Vec<String> {
    let body = page.split_once("</style>").expect("a style").1;
    body.split('<').skip(1).map(|tag| tag.split(['>', ' ']).next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_picture_is_shown_small_with_the_way_to_the_whole_and_a_paper_is_offered() {
    let paper =
        Shown { name: "Plan.pdf", state: State::Here { media_type: MediaType::Pdf, bytes: 48_213, has_thumb: false } };

    let page = page(&with("Musterhaus", "Hier die Bilder.\nGruß", vec![picture("Küche.jpg"), paper]), Language::German);

    for part in [
        "<html lang=\"de\">",
        "<title>Dateien von Musterhaus</title>",
        "<h1>Dateien von <bdi>Musterhaus</bdi></h1>",
        "2 Dateien",
        "Hier die Bilder.\nGruß",
        "<img src=\"/aB3dE6gH9/1/thumb\" alt=\"\">",
        "href=\"/aB3dE6gH9/1\" aria-label=\"Ansehen: Küche.jpg\"",
        "href=\"/aB3dE6gH9/1?download\" aria-label=\"Speichern: Küche.jpg\"",
        "Bild · 1,2 MB",
        "href=\"/aB3dE6gH9/2?download\"",
        "PDF · 49 KB",
        "24. Dezember 2026",
    ] {
        assert!(page.contains(part), "{part} is not in {page}");
    }
    assert!(!page.contains("href=\"/aB3dE6gH9/2\""), "a paper is saved, never opened from here");
    assert!(!page.contains("<script") && !page.contains("http"), "nothing from elsewhere: {page}");
}

#[test]
fn the_page_speaks_english_too_and_says_nothing_of_a_sender_it_is_not_told() {
    let page = page(&with("", "", vec![picture("a.jpg")]), Language::English);

    assert!(page.contains("<html lang=\"en\">") && page.contains("<h1>Files for you</h1>") && page.contains("1 file<"));
    assert!(!page.contains("class=\"said\""));
}

#[test]
fn what_is_not_here_yet_or_no_longer_says_so() {
    let files = vec![Shown { name: "a.jpg", state: State::Loading }, Shown { name: "b.jpg", state: State::Gone }];

    let page = page(&with("x", "", files), Language::English);

    assert!(page.contains("Still loading") && page.contains("href=\"/aB3dE6gH9\">Look again"));
    assert!(page.contains("No longer available"));
    assert!(!page.contains("/1\"") && !page.contains("/2"), "nothing is offered that cannot be fetched");
}

#[test]
fn names_and_texts_are_text() {
    let nasty = "</style><script>alert(1)</script>\"'><img src=x onerror=alert(1)>&lt;\u{202e}";
    let plain = page(&with("a", "b", vec![picture("c.jpg")]), Language::German);

    let page = page(&with(nasty, nasty, vec![picture(nasty)]), Language::German);

    assert!(!page.contains("<script") && !page.contains("onerror=alert(1)>&"), "{page}");
    assert_eq!(tags(&page), tags(&plain));
}

#[test]
fn the_policy_allows_this_style_and_no_script() {
    let style = page(&with("", "", Vec::new()), Language::German);
    let style = style.split_once("<style>").and_then(|(_, rest)| rest.split_once("</style>")).expect("a style").0;
    let hash = STANDARD.encode(Sha256::digest(style.as_bytes()));

    assert!(POLICY.contains(&format!("style-src 'sha256-{hash}'")) && POLICY.starts_with("default-src 'none';"));
    assert!(!POLICY.contains("script") && !POLICY.contains("unsafe"));
}

proptest! {
    #[test]
    fn whatever_is_written_the_page_has_the_same_tags(text in proptest::collection::vec(any::<char>(), 1..80)) {
        let text: String = text.into_iter().collect::<String>() + "x";
        let plain = page(&with("a", "b", vec![picture("c")]), Language::English);

        let page = page(&with(&text, &text, vec![picture(&text)]), Language::English);

        prop_assert_eq!(tags(&page), tags(&plain));
    }
}
