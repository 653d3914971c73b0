//! What is kept of a person: counted, given out, taken away, forgotten in time.
//!
//! An erasure is a row of its own and goes on after a crash. What stays is a keyed digest of the number, if its owner had
//! opted out: enough to know it again and to write to it no more, not enough to read it.

use crate::domain::address::Address;
use crate::domain::event::Event;
use crate::domain::media::FileHash;
use crate::domain::time::Timestamp;
use crate::flow::consent::{audit, elsewhere};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::consents::NewConsent;
use crate::store::handle::Tx;
use crate::store::people::{Erasure, PersonCounts};
use serde_json::{Value, json};

/// Rows of one commit.
const STEP_MAX: usize = 200;
/// Sessions that one look for old messages finds.
const SESSIONS_MAX: usize = 50;
/// Longest source and text of an agreement.
pub const CONSENT_CHARS_MAX: usize = 4000;

/// A person's file: parts as JSON by name, and the files of their messages.
pub type PersonFile = (Vec<(&'static str, String)>, Vec<(FileHash, i64, String)>);

/// Counts what is kept of a person, and notes who asked. Where nothing is kept, nothing was read: an erased number is not
/// written down again.
pub async fn look(desk: &Desk, address: Address, by: String) -> Result<PersonCounts, FlowError> {
    let about = address.clone();
    let counts = desk.store.read(move |db| Ok::<_, FlowError>(db.person_counts(&address)?)).await?;
    if counts != PersonCounts::default() {
        audit::seen(desk, by, "person.view", about, json!({})).await?;
    }
    Ok(counts)
}

/// Gives out all that is kept of a person, and notes who asked.
pub async fn export(desk: &Desk, address: Address, by: String) -> Result<PersonFile, FlowError> {
    let now = desk.now();
    let about = address.clone();
    desk.store.write(move |tx| tx.audit(&by, "person.export", Some(&about), &json!({}), now)).await?;
    let found = desk.store.read(move |db| Ok::<_, FlowError>((db.person_parts(&address)?, db.person_files(&address)?)));
    found.await
}

/// Notes an agreement.
pub async fn agree(desk: &Desk, new: NewConsent, by: String) -> Result<i64, FlowError> {
    for (field, text) in [("source", &new.source), ("text", &new.text)] {
        if text.trim().is_empty() || text.chars().count() > CONSENT_CHARS_MAX {
            let most = CONSENT_CHARS_MAX;
            let why = (format!("1 to {most} characters"), format!("1 bis {most} Zeichen"));
            return Err(FlowError::invalid(field, why));
        }
    }
    let now = desk.now();
    if new.at > now {
        return Err(FlowError::invalid("at", ("that is still to come", "das liegt in der Zukunft")));
    }
    desk.store
        .write(move |tx| {
            let id = tx.insert_consent(&new, &by, now)?;
            tx.audit(&by, "consent.add", Some(&new.address), &json!({ "id": id }), now)?;
            Ok(id)
        })
        .await
}

/// Takes an agreement back.
pub async fn agree_no_more(desk: &Desk, id: i64, by: String) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let address = tx.consent_address(id)?.ok_or(FlowError::NotFound("consent"))?;
            if !tx.withdraw_consent(id, &by, now)? {
                return Err(FlowError::Conflict(("it is taken back already", "das ist schon zurückgenommen").into()));
            }
            Ok(tx.audit(&by, "consent.withdraw", Some(&address), &json!({ "id": id }), now)?)
        })
        .await
}

/// Erases a person under all of their addresses; says what was taken away.
pub async fn erase(desk: &Desk, address: Address, by: String) -> Result<Value, FlowError> {
    let now = desk.now();
    let erasures = desk
        .store
        .write(move |tx| {
            let mut begun = Vec::new();
            for address in tx.addresses_of(&address)? {
                tx.audit(&by, "person.erase", Some(&address), &json!({}), now)?;
                let id = tx.begin_erasure(&address, &by, now)?;
                begun.push(Erasure { id, address, counts: json!({}) });
            }
            Ok::<_, FlowError>(begun)
        })
        .await?;
    let mut counts = json!({});
    for erasure in erasures {
        for (part, count) in erase_one(desk, erasure).await?.as_object().into_iter().flatten() {
            counts[part] = json!(counts[part].as_u64().unwrap_or(0) + count.as_u64().unwrap_or(0));
        }
    }
    Ok(counts)
}

/// Goes on with what a crash interrupted.
pub async fn go_on(desk: &Desk) -> Result<(), FlowError> {
    for erasure in desk.store.read(|db| db.open_erasures()).await? {
        erase_one(desk, erasure).await?;
    }
    Ok(())
}

async fn erase_one(desk: &Desk, erasure: Erasure) -> Result<Value, FlowError> {
    let Erasure { id, address, mut counts } = erasure;
    // The log first: its rows are found by what stands in them.
    let last = desk.store.read(|db| db.last_exchange()).await?;
    let mut from = 0;
    while from <= last {
        let to = from + STEP_MAX as i64;
        let about = address.clone();
        let gone = overwriting(desk, move |tx| Ok(tx.erase_exchanges((from, to), &about)?)).await?;
        add(&mut counts, "log", gone);
        from = to + 1;
    }
    loop {
        let about = address.clone();
        let mut so_far = counts.clone();
        let (gone, noted) = overwriting(desk, move |tx| {
            let Some(peer) = tx.peer_by_address(&about)? else { return Ok((0, so_far)) };
            let gone = tx.erase_messages(peer, STEP_MAX)?;
            add(&mut so_far, "messages", gone);
            tx.note_erasure(id, &so_far)?;
            Ok((gone, so_far))
        })
        .await?;
        counts = noted;
        if gone == 0 {
            break;
        }
    }
    elsewhere::erase_typed(desk, &address).await?;
    let now = desk.now();
    overwriting(desk, move |tx| {
        end(tx, id, &address, &mut counts, now)?;
        Ok(counts)
    })
    .await
}

fn end(tx: &Tx<'_>, id: i64, address: &Address, counts: &mut Value, now: Timestamp) -> Result<(), FlowError> {
    add(counts, "contacts", tx.erase_contacts(address)?.len());
    elsewhere::erase_from_lists(tx, address)?;
    add(counts, "campaigns", tx.erase_recipients(address)?);
    tx.erase_from_links(address)?;
    elsewhere::erase_from_imports(tx, address)?;
    tx.erase_consent(address)?;
    if let Some(peer) = tx.peer_by_address(address)? {
        // Something came in meanwhile: it goes with the rest.
        while tx.erase_messages(peer, STEP_MAX)? > 0 {}
        add(counts, "sessions", tx.erase_peer(peer)?);
    }
    tx.note_erasure(id, counts)?;
    tx.end_erasure(id, now)?;
    tx.emit(Event::SettingsChanged);
    tx.emit(Event::OptOutsChanged);
    Ok(())
}

fn add(counts: &mut Value, part: &str, more: usize) {
    counts[part] = json!(counts[part].as_u64().unwrap_or(0) + more as u64);
}

/// One small commit whose deleted rows are overwritten on disk.
pub(super) async fn overwriting<T, F>(desk: &Desk, work: F) -> Result<T, FlowError>
where
    T: Send + 'static,
    F: FnOnce(&Tx<'_>) -> Result<T, FlowError> + Send + 'static,
{
    desk.store
        .write(move |tx| {
            tx.overwrite()?;
            let done = work(tx);
            tx.overwrite_no_more()?;
            done
        })
        .await
}

/// Forgets messages that their channel keeps no longer; a few sessions at a time.
pub async fn forget_old_messages(desk: &Desk) -> Result<(), FlowError> {
    let now = desk.now();
    loop {
        let old = desk.store.read(move |db| db.sessions_past_retention(now, SESSIONS_MAX)).await?;
        if old.is_empty() {
            return Ok(());
        }
        for (session, before) in old {
            while desk.store.write(move |tx| tx.forget_messages(session, before, STEP_MAX)).await? == STEP_MAX {}
        }
    }
}
