//! A peer sends one of the words: what it asks for is done in the transaction that files it, and answered once.
//!
//! STOP always counts. Its answer may leave all the same, nothing else does. Two robots that answer each other come to an
//! end: a word that changes nothing is not answered, and nobody is answered more than a few times a day.

use crate::carrier::confirms;
use crate::domain::address::AddressKind;
use crate::domain::consent::{Confirms, OptOutSource, Scope, WordScope};
use crate::domain::consent_words::{Asks, ConsentSettings, Heard, Tongue, WORD_CHARS_MAX};
use crate::domain::event::Event;
use crate::domain::id::TrunkId;
use crate::domain::session::{Actor, Session};
use crate::domain::time::Timestamp;
use crate::domain::user::Language;
use crate::flow::consent::settings::settings;
use crate::flow::desk::Rules;
use crate::flow::inbound::REPLY_WITHIN;
use crate::flow::send::{Outgoing, file_and_send};
use crate::store::deliveries::Priority;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::opt_outs::NewOptOut;
use std::time::Duration;

/// Answers to one person in a day.
const ANSWERS_MAX: u32 = 3;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// Who answers by itself, in the thread.
const AUTHOR: &str = "Depesche";

/// Heeds what a peer just wrote in a session, if it is one of the words.
pub fn take(
    tx: &Tx<'_>,
    rules: &Rules,
    trunk: TrunkId,
    session: &Session,
    text: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    // Nearly all texts are longer than a word, and cost nothing more.
    if text.trim().is_empty() || text.chars().take(2 * WORD_CHARS_MAX + 1).count() > 2 * WORD_CHARS_MAX {
        return Ok(());
    }
    let settings = settings(tx)?;
    let Some(heard) = settings.heard(text, &session.peer_address) else { return Ok(()) };
    let news = match heard.asks {
        Asks::Stop => stop(tx, &settings, session, text.trim(), now)?,
        Asks::Start => start(tx, session, text.trim(), now)?,
        Asks::Help => true,
    };
    if heard.asks != Asks::Help && news {
        tx.emit(Event::SessionChanged { session: session.id });
    }
    if news && we_answer(tx, trunk, session, &heard, now)? {
        answer(tx, rules, &settings, session, &heard, now)?;
    }
    Ok(())
}

/// Whether it is news.
fn stop(
    tx: &Tx<'_>,
    settings: &ConsentSettings,
    session: &Session,
    text: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let scope = match settings.scope {
        WordScope::Number => Scope::Number { number: session.number },
        WordScope::Channel => Scope::Channel { channel: session.channel },
        WordScope::Everything => Scope::Everything,
    };
    let new = NewOptOut {
        address: &session.peer_address,
        scope,
        marketing_only: false,
        source: OptOutSource::Word,
        words: Some(text),
        note: "",
        by: None,
        said_to: Some(session.number),
    };
    let news = tx.note_opt_out(&new, now)?.is_some();
    if news {
        tx.note_opted_out_after(session.id, now.minus(REPLY_WITHIN), now)?;
    }
    Ok(news)
}

/// Whether there was anything to take back: without it, START is a word like any other.
fn start(tx: &Tx<'_>, session: &Session, text: &str, now: Timestamp) -> Result<bool, StoreError> {
    let taken = tx.take_back_opt_outs(&session.peer_address, session.number, false, (None, Some(text)), now)?;
    Ok(!taken.is_empty())
}

/// Whether this house answers, and has not often enough.
fn we_answer(
    tx: &Tx<'_>,
    trunk: TrunkId,
    session: &Session,
    heard: &Heard,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // Behind a name or a short code is a program.
    if !matches!(session.peer_address.kind(), AddressKind::E164 | AddressKind::WhatsAppUser) {
        return Ok(false);
    }
    let ours = match tx.confirms_of(trunk)? {
        None => false,
        Some((carrier, set)) => match set.unwrap_or_else(|| confirms::usual(&carrier)) {
            Confirms::We => true,
            Confirms::Carrier => !confirms::knows(&heard.word),
            Confirms::Nobody => false,
        },
    };
    let (of_word, of_all) =
        tx.automatic_answers_since(&session.peer_address, session.number, heard.asks, now.minus(DAY))?;
    Ok(ours && of_word == 0 && of_all < ANSWERS_MAX)
}

fn answer(
    tx: &Tx<'_>,
    rules: &Rules,
    settings: &ConsentSettings,
    session: &Session,
    heard: &Heard,
    now: Timestamp,
) -> Result<(), StoreError> {
    let tongue = tongue(tx, session, heard)?;
    let Some(text) = settings.answer(heard.asks, tongue) else { return Ok(()) };
    let by = Actor { user: None, extension: None, name: AUTHOR.to_owned() };
    let outgoing = Outgoing { priority: Priority::Automatic, ..Outgoing::text(session, text.to_owned(), &by) };
    let message = file_and_send(tx, rules, outgoing, now)?;
    tx.note_automatic_answer(message, (&session.peer_address, session.number), heard.asks, now)?;
    if heard.asks == Asks::Help {
        // Somebody asked for help: a person should look.
        tx.set_awaiting_reply(session.id)?;
    }
    Ok(())
}

/// In which language: the word's own; where several have it, the person's, their country's, or English.
fn tongue(tx: &Tx<'_>, session: &Session, heard: &Heard) -> Result<Tongue, StoreError> {
    if let [only] = heard.tongues[..] {
        return Ok(only);
    }
    let has = |tongue: &Tongue| heard.tongues.contains(tongue);
    if let Some(known) = tx.contact_language(&session.peer_address)?.as_deref().and_then(Tongue::from_tag).filter(has) {
        return Ok(known);
    }
    let country = match session.peer_address.country() {
        Some(country) => country,
        None => tx.country()?,
    };
    if let Some(theirs) = Tongue::of_country(&country).filter(has) {
        return Ok(theirs);
    }
    let house = tx.site("language")?.and_then(|word| Language::from_word(&word));
    Ok(match house {
        Some(Language::De) if has(&Tongue::De) => Tongue::De,
        _ if has(&Tongue::En) => Tongue::En,
        _ => heard.tongues.first().copied().unwrap_or(Tongue::En),
    })
}
