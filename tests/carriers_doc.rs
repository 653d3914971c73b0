//! configs/carriers.md says what the table of carriers says; `DEPESCHE_WRITE_DOCS=1` writes it anew.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use depesche::carrier::CARRIERS;
use depesche::carrier::dialect::{Entry, Field};
use depesche::carrier::places::{Group, What, place};
use depesche::domain::channel::ChannelKind;
use std::fmt::Write;
use std::path::Path;

const FILE: &str = "configs/carriers.md";

const HEAD: &str = "# Carriers

What to fill in for each carrier under Trunks in the portal, where to find it, and where to enter our webhook address at
the carrier. The portal shows the address of a trunk once the trunk is made: `https://YOUR-HOST/hook/KEY`. The key in it
is a secret: whoever knows it can try to speak for the carrier. After saving, run the trunk's test, there or with
`depesche trunk test NAME`.

A box that nobody can reach from outside fetches what came in, where the carrier can be asked: choose it on the trunk,
under \"How texts come in\".

This page is made from the table of carriers in the program.
";

fn heading(group: Group) -> &'static str {
    match group {
        Group::NorthAmerica => "North America",
        Group::Europe => "Europe",
        Group::World => "Worldwide",
        Group::WhatsApp => "WhatsApp",
        Group::Sip => "SIP and gateways",
        Group::Own => "Your own interface",
        Group::Trial => "To try out",
    }
}

fn field(text: &mut String, field: &Field) {
    let needed = if field.required { "needed" } else { "optional" };
    let secret = if field.secret { ", kept encrypted" } else { "" };
    let default = field.default.map(|word| format!(", usually `{word}`")).unwrap_or_default();
    let hint = if field.hint.is_empty() { String::new() } else { format!(": {}", field.hint) };
    writeln!(text, "- **{}** ({needed}{secret}{default}){hint}", field.english).unwrap();
}

fn section(text: &mut String, entry: &Entry) {
    let kinds: Vec<_> =
        entry.kinds.iter().map(|kind| if *kind == ChannelKind::Sms { "SMS" } else { "WhatsApp" }).collect();
    writeln!(text, "\n### {}\n\nCarries {}.\n", entry.title, kinds.join(" and ")).unwrap();
    entry.fields.iter().for_each(|one| field(text, one));
    for paste in place(entry.name).paste {
        let what = match paste.what {
            What::Messages => "incoming messages",
            What::Reports => "delivery reports",
            What::All => "messages and reports",
        };
        writeln!(text, "\nOur address for {what}: {}", paste.english).unwrap();
    }
    if Path::new(&format!("configs/carriers/{}.md", entry.name)).exists() {
        writeln!(text, "\nMore: [carriers/{0}.md](carriers/{0}.md)", entry.name).unwrap();
    }
    if let Some((english, _)) = entry.unverified {
        writeln!(text, "\n> Not verified with the vendor: {english}").unwrap();
    }
}

fn page() -> String {
    let mut text = HEAD.to_owned();
    for group in Group::ALL {
        let mut entries: Vec<_> = CARRIERS.iter().filter(|entry| place(entry.name).group == group).collect();
        entries.sort_by_key(|entry| entry.title.to_lowercase());
        if !entries.is_empty() {
            writeln!(text, "\n## {}", heading(group)).unwrap();
        }
        entries.into_iter().for_each(|entry| section(&mut text, entry));
    }
    text
}

#[test]
fn the_page_of_carriers_is_made_from_their_table() {
    let page = page();
    if std::env::var_os("DEPESCHE_WRITE_DOCS").is_some() {
        std::fs::write(FILE, &page).expect("the page is written");
    }

    let written = std::fs::read_to_string(FILE).unwrap_or_default();

    assert!(written == page, "{FILE} is old: run DEPESCHE_WRITE_DOCS=1 cargo test --test carriers_doc");
}

#[test]
fn every_field_and_every_note_is_in_both_languages() {
    for entry in CARRIERS {
        for field in entry.fields {
            assert!(!field.english.is_empty() && !field.german.is_empty(), "{}: {}", entry.name, field.key);
        }
        if let Some((english, german)) = entry.unverified {
            assert!(english.len() > 10 && german.len() > 10 && english != german, "{}", entry.name);
        }
        for paste in place(entry.name).paste {
            assert!(paste.english.ends_with('.') && paste.german.ends_with('.'), "{}: {}", entry.name, paste.english);
        }
    }
}
