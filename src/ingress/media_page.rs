//! The page behind a short address: who sent what, and the files to look at and to save. Static, without scripts and
//! without anything from elsewhere; whatever people wrote stands in it as text (T15, T16).

use crate::domain::media::{MediaFamily, MediaType};
use crate::domain::time::Timestamp;
use crate::ingress::media_words::Language;
use crate::sip::text::charset::clean;
use crate::sip::text::xml::escape;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;

const STYLE: &str = include_str!("media_page.css");
const PAPER_ICON: &str = "<svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" stroke-linejoin=\"round\" \
    aria-hidden=\"true\"><path d=\"M6 2.75h8L19.25 8v13.25H6zM14 2.75V8h5.25\"/><path d=\"M9 13h7M9 16.5h7\" stroke-linecap=\"round\"/></svg>";
const WAIT_ICON: &str = "<svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" stroke-linecap=\"round\" \
    aria-hidden=\"true\"><circle cx=\"12\" cy=\"12\" r=\"9\"/><path d=\"M12 7v5l3.5 2\"/></svg>";
const GONE_ICON: &str = "<svg viewBox=\"0 0 24 24\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\" stroke-linecap=\"round\" \
    stroke-linejoin=\"round\" aria-hidden=\"true\"><path d=\"M9.5 14.5l5-5M8 11l-2.5 2.5a3.5 3.5 0 0 0 5 5L13 16M16 13l2.5-2.5a3.5 3.5 0 0 0-5-5L11 8\"/>\
    <path d=\"M4 4l16 16\"/></svg>";

const MAIN: &str = " class=\"main\"";

/// What the page may do: show our pictures, in this style. No script, no form, no frame around it.
pub(super) static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = STANDARD.encode(Sha256::digest(STYLE.as_bytes()));
    format!(
        "default-src 'none'; img-src 'self'; style-src 'sha256-{style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
});

/// What stands on a page.
#[derive(Clone, Debug)]
pub(super) struct Page<'a> {
    /// The secret part of its address.
    pub token: &'a str,
    /// Who sent it; empty: that is not said.
    pub from: &'a str,
    /// The text beside the files; may be empty.
    pub text: &'a str,
    /// The files, in order.
    pub files: Vec<Shown<'a>>,
    /// When the address ends.
    pub until: Timestamp,
}

/// A file on a page.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown<'a> {
    /// What it is called.
    pub name: &'a str,
    /// Where it stands.
    pub state: State,
}

/// Where a file stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// It can be fetched.
    Here { media_type: MediaType, bytes: u64, has_thumb: bool },
    /// It is still at the carrier.
    Loading,
    /// It did not come, or is no longer kept.
    Gone,
}

/// Whether a browser may show such a file in place: pictures that were opened and found to be such (T30).
pub(super) fn is_shown(media_type: MediaType) -> bool {
    media_type.family() == MediaFamily::Picture
}

/// The page in this language.
pub(super) fn page(page: &Page<'_>, language: Language) -> String {
    let from = words(page.from);
    let (title, heading) = match (from.is_empty(), language) {
        (true, _) => {
            let files = language.pick("Dateien für Sie", "Files for you").to_owned();
            (files.clone(), files)
        }
        (false, Language::German) => (format!("Dateien von {from}"), format!("Dateien von <bdi>{from}</bdi>")),
        (false, Language::English) => (format!("Files from {from}"), format!("Files from <bdi>{from}</bdi>")),
    };
    let mut body = format!("<h1>{heading}</h1>\n<p class=\"lead\">{}</p>\n", how_many(page.files.len(), language));
    if !page.text.trim().is_empty() {
        let _ = writeln!(body, "<p class=\"said\" dir=\"auto\">{}</p>", words(page.text.trim()));
    }
    body.push_str("<ul>\n");
    for (at, file) in page.files.iter().enumerate() {
        body.push_str(&one(page.token, at + 1, file, language));
    }
    let day = language.day(page.until);
    let end = language.pick(
        "Unter dieser Adresse abrufbar bis {}. Geben Sie sie nur weiter, wenn andere die Dateien sehen dürfen.",
        "Available at this address until {}. Pass it on only if others may see the files.",
    );
    let _ = writeln!(body, "</ul>\n<p class=\"end\">{}</p>", end.replace("{}", &day));
    document(&title, &body, "", language)
}

/// What is behind an address that never was, has ended, or whose files are gone: always the same.
pub(super) fn not_found(language: Language) -> String {
    let title = language.pick("Nicht mehr verfügbar", "No longer available");
    let why = language.pick(
        "Der Link ist abgelaufen oder falsch geschrieben. Bitten Sie den Absender, die Dateien noch einmal zu senden.",
        "This link has expired or is mistyped. Ask the sender to send the files again.",
    );
    document(title, &format!("{GONE_ICON}\n<h1>{title}</h1>\n<p class=\"lead\">{why}</p>\n"), "alone", language)
}

/// Too much at once.
pub(super) fn busy(language: Language) -> String {
    let title = language.pick("Einen Moment bitte", "One moment please");
    let why = language.pick(
        "Gerade wird zu viel auf einmal abgerufen. Bitte versuchen Sie es in einer Minute noch einmal.",
        "Too much is being fetched at once. Please try again in a minute.",
    );
    document(title, &format!("{WAIT_ICON}\n<h1>{title}</h1>\n<p class=\"lead\">{why}</p>\n"), "alone", language)
}

fn how_many(files: usize, language: Language) -> String {
    match (files, language) {
        (1, Language::German) => "1 Datei".into(),
        (1, Language::English) => "1 file".into(),
        (count, Language::German) => format!("{count} Dateien"),
        (count, Language::English) => format!("{count} files"),
    }
}

fn one(token: &str, number: usize, file: &Shown<'_>, language: Language) -> String {
    let name = words(file.name);
    let (look, facts, links) = match file.state {
        State::Here { media_type, bytes, has_thumb } => {
            here(token, number, &name, (media_type, bytes, has_thumb), language)
        }
        State::Loading => (
            format!("<div class=\"look\">{WAIT_ICON}</div>"),
            language.pick("Wird noch geladen", "Still loading").to_owned(),
            format!("<a{MAIN} href=\"/{token}\">{}</a>", language.pick("Noch einmal nachsehen", "Look again")),
        ),
        State::Gone => (
            format!("<div class=\"look\">{GONE_ICON}</div>"),
            language.pick("Nicht mehr verfügbar", "No longer available").to_owned(),
            String::new(),
        ),
    };
    let links = if links.is_empty() { links } else { format!("<p class=\"do\">{links}</p>") };
    format!(
        "<li>{look}<div class=\"about\"><h2 class=\"name\"><bdi>{name}</bdi></h2><p class=\"facts\">{facts}</p>{links}</div></li>\n"
    )
}

/// How a file looks, what it is, and what may be done with it.
fn here(
    token: &str,
    number: usize,
    name: &str,
    (media_type, bytes, has_thumb): (MediaType, u64, bool),
    language: Language,
) -> (String, String, String) {
    let url = format!("/{token}/{number}");
    let picture = match has_thumb {
        true => format!("<img src=\"{url}/thumb\" alt=\"\">"),
        false => PAPER_ICON.to_owned(),
    };
    let facts = format!("{} · {}", language.family(media_type.family()), language.size(bytes));
    let save = |class: &str| {
        let save = language.pick("Speichern", "Save");
        format!("<a{class} href=\"{url}?download\" aria-label=\"{save}: {name}\">{save}</a>")
    };
    if !is_shown(media_type) {
        return (format!("<div class=\"look\">{picture}</div>"), facts, save(MAIN));
    }
    // The picture leads where the word below it does; whoever has the page read aloud needs to hear that once.
    let look = format!("<a class=\"look\" href=\"{url}\" tabindex=\"-1\" aria-hidden=\"true\">{picture}</a>");
    let open = language.pick("Ansehen", "Open");
    let links = format!("<a{MAIN} href=\"{url}\" aria-label=\"{open}: {name}\">{open}</a>{}", save(""));
    (look, facts, links)
}

fn document(title: &str, body: &str, class: &str, language: Language) -> String {
    let lang = language.tag();
    format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main class=\"{class}\">\n{body}</main>\n</body>\n</html>\n"
    )
}

/// What people wrote, as text in a page: no markup, no controls.
fn words(text: &str) -> String {
    escape(&clean(text))
}

#[cfg(test)]
#[path = "media_page_tests.rs"]
mod tests;
