//! Why something that people edit could not be changed: gone, changed meanwhile, its name taken, or in use.

use crate::domain::wording::Wording;
use crate::store::error::StoreError;
use std::fmt::Display;
use thiserror::Error;

/// Why an edit was refused. Nothing of it is on disk.
#[derive(Debug, Error, Clone)]
pub enum EditError {
    /// There is no such thing.
    #[error("it does not exist (any more)")]
    Missing,
    /// Somebody else changed it since it was read.
    #[error("somebody else has changed it meanwhile: load it again, then repeat your change")]
    Stale,
    /// Another one has this name, number or address already.
    #[error("{0} is taken already: choose another")]
    Taken(&'static str),
    /// A thing it refers to does not exist.
    #[error("{0} refers to something that does not exist")]
    Dangling(&'static str),
    /// Something needs it; the sentence names what.
    #[error("{0}")]
    InUse(Wording),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for EditError {
    fn from(error: rusqlite::Error) -> EditError {
        EditError::Store(error.into())
    }
}

/// Turns a broken UNIQUE rule into [`EditError::Taken`] and a broken reference into [`EditError::Dangling`].
pub(in crate::store) fn named(unique: &'static str, refers: &'static str) -> impl Fn(rusqlite::Error) -> EditError {
    move |error| {
        use rusqlite::ffi::{SQLITE_CONSTRAINT_FOREIGNKEY, SQLITE_CONSTRAINT_UNIQUE};
        match error.sqlite_error().map(|error| error.extended_code) {
            Some(SQLITE_CONSTRAINT_UNIQUE) => EditError::Taken(unique),
            Some(SQLITE_CONSTRAINT_FOREIGNKEY) => EditError::Dangling(refers),
            _ => error.into(),
        }
    }
}

/// After an `UPDATE … WHERE id = ? AND version = ?`: one row is good; none is stale or missing.
pub(in crate::store) fn one_row(changed: usize, exists: bool) -> Result<(), EditError> {
    match (changed, exists) {
        (0, true) => Err(EditError::Stale),
        (0, false) => Err(EditError::Missing),
        _ => Ok(()),
    }
}

/// A thing by its kind and name.
pub(in crate::store) fn called(english: &str, german: &str, name: impl Display) -> Wording {
    Wording::new(format!("{english} {name}"), format!("{german} {name}"))
}

/// So many open conversations, as users of something.
pub(in crate::store) fn open_conversations(count: i64) -> Wording {
    match count {
        1 => Wording::new("an open conversation", "einer offenen Unterhaltung"),
        _ => Wording::new(format!("{count} open conversations"), format!("{count} offenen Unterhaltungen")),
    }
}

/// A sentence that names what uses something: the first few, then how many more.
pub(in crate::store) fn in_use(what: &Wording, users: &[Wording]) -> Result<(), EditError> {
    const NAMED_MAX: usize = 3;
    if users.is_empty() {
        return Ok(());
    }
    let more = users.len().saturating_sub(NAMED_MAX);
    let named = &users[..users.len() - more];
    let list = |pick: fn(&Wording) -> &str| named.iter().map(pick).collect::<Vec<_>>().join(", ");
    let (mut english, mut german) = (list(|user| &user.english), list(|user| &user.german));
    if more > 0 {
        english.push_str(&format!(" and {more} more"));
        german.push_str(&format!(" und {more} weiteren"));
    }
    Err(EditError::InUse(Wording::new(
        format!("{} is still used by {english}: change or delete that first", what.english),
        format!("{} wird noch verwendet von {german}: bitte das zuerst ändern oder löschen", what.german),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::Address;
    use crate::domain::channel::{ChannelKind, SenderClass};
    use crate::domain::id::{ChannelId, ExtensionId};
    use crate::domain::media_rules::Mms;
    use crate::domain::secret::Secret;
    use crate::domain::session::{Destination, PickUp};
    use crate::domain::time::Timestamp;
    use crate::domain::trunk::OnUncertain;
    use crate::domain::user::Role;
    use crate::store::channels::ChannelEdit;
    use crate::store::extensions::ExtensionEdit;
    use crate::store::handle::{Store, Threads, Tx};
    use crate::store::numbers::NumberEdit;
    use crate::store::open::{StoreSettings, open};
    use crate::store::queues::QueueEdit;
    use crate::store::trunks::TrunkEdit;
    use crate::store::users::UserEdit;
    use std::sync::Arc;

    const NOW: Timestamp = Timestamp(1);

    fn store(folder: &tempfile::TempDir) -> (Store, Threads) {
        let settings = StoreSettings { folder: folder.path().to_owned(), readers: 1, line_max: 16, key_file: None };
        open(&settings, NOW.0, Arc::new(|_| {})).expect("a fresh store opens")
    }

    fn trunk(name: &str) -> TrunkEdit {
        TrunkEdit {
            name: name.into(),
            carrier: "simulator".into(),
            enabled: true,
            settings: serde_json::Map::new(),
            secrets: [("token".to_owned(), Secret::new("opensesame"))].into(),
            mps: None,
            on_uncertain: OnUncertain::Ask,
        }
    }

    fn channel(tx: &Tx<'_>, name: &str) -> Result<ChannelId, EditError> {
        let trunk = tx.insert_trunk(&trunk(name), &Secret::new(format!("key-of-{name}")), NOW)?;
        let edit =
            ChannelEdit { name: name.into(), kind: ChannelKind::Sms, trunk, enabled: true, close_after_days: None };
        tx.insert_channel(&edit, NOW)
    }

    fn extension(tx: &Tx<'_>, number: &str) -> Result<ExtensionId, EditError> {
        let edit = ExtensionEdit { number: number.into(), name: "Ada".into(), enabled: true, default_number: None };
        tx.insert_extension(&edit, &Secret::new("a-long-password"), NOW)
    }

    fn number(channel: ChannelId, route: Destination) -> NumberEdit {
        NumberEdit {
            channel,
            address: Address::parse("+15550100001").expect("a number"),
            label: String::new(),
            sender_class: SenderClass::LongCode,
            mps: None,
            mms: Mms::Auto,
            route,
        }
    }

    #[tokio::test]
    async fn what_is_in_use_is_not_deleted_and_the_refusal_names_what_uses_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _threads) = store(&folder);

        let refusals = store
            .write(|tx| -> Result<_, EditError> {
                let channel = channel(tx, "sales")?;
                let trunk = tx.channel(channel)?.expect("made").trunk;
                let extension = extension(tx, "1001")?;
                tx.insert_number(&number(channel, Destination::Extension(extension)), NOW)?;
                Ok([
                    tx.delete_trunk(trunk).expect_err("in use").to_string(),
                    tx.delete_channel(channel).expect_err("in use").to_string(),
                    tx.delete_extension(extension).expect_err("in use").to_string(),
                ])
            })
            .await
            .expect("the store takes it");

        assert!(refusals[0].starts_with("trunk sales is still used by channel sales"), "{refusals:?}");
        assert!(refusals[1].starts_with("channel sales is still used by number +15550100001"), "{refusals:?}");
        assert!(refusals[2].starts_with("extension 1001 is still used by number +15550100001"), "{refusals:?}");
    }

    #[tokio::test]
    async fn an_edit_of_what_changed_meanwhile_is_stale_and_a_name_is_taken_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _threads) = store(&folder);

        store
            .write(|tx| -> Result<_, EditError> {
                let edit = QueueEdit { name: "sales".into(), pick_up: PickUp::Manual, members: vec![] };
                let queue = tx.insert_queue(&edit, NOW)?;
                tx.update_queue(queue, 1, &edit)?;

                assert!(matches!(tx.update_queue(queue, 1, &edit), Err(EditError::Stale)));
                assert!(matches!(tx.insert_queue(&edit, NOW), Err(EditError::Taken("name"))));
                let stranger = QueueEdit { members: vec![ExtensionId(99)], ..edit };
                assert!(matches!(tx.update_queue(queue, 2, &stranger), Err(EditError::Dangling("members"))));
                tx.delete_queue(queue)?;
                assert!(matches!(tx.delete_queue(queue), Err(EditError::Missing)));
                Ok(())
            })
            .await
            .expect("the store takes it");
    }

    #[tokio::test]
    async fn a_number_is_on_a_trunk_once_so_that_a_webhook_means_one_row() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _threads) = store(&folder);

        store
            .write(|tx| -> Result<_, EditError> {
                let first = channel(tx, "first")?;
                let trunk = tx.channel(first)?.expect("made").trunk;
                let again = ChannelEdit {
                    name: "again".into(),
                    kind: ChannelKind::Sms,
                    trunk,
                    enabled: true,
                    close_after_days: None,
                };
                let second = tx.insert_channel(&again, NOW)?;
                let route = Destination::Extension(extension(tx, "1001")?);
                tx.insert_number(&number(first, route), NOW)?;

                let twice = tx.insert_number(&number(second, route), NOW);

                assert!(matches!(twice, Err(EditError::Taken("address"))));
                let found = tx.number_for(trunk, ChannelKind::Sms, &number(first, route).address)?;
                assert_eq!(found.expect("it is there").route, route);
                Ok(())
            })
            .await
            .expect("the store takes it");
    }

    #[tokio::test]
    async fn credentials_are_sealed_on_disk_and_open_in_memory() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, threads) = store(&folder);
        let opened = store
            .write(|tx| -> Result<_, EditError> {
                let id = tx.insert_trunk(&trunk("sales"), &Secret::new("key"), NOW)?;
                extension(tx, "1001")?;
                Ok((tx.trunk(id)?.expect("made"), tx.trunk_by_webhook_key("key")?.expect("found").id))
            })
            .await
            .expect("the store takes it");
        drop(store);
        threads.join();

        assert_eq!(opened.0.id, opened.1);
        assert_eq!(opened.0.merged_settings()["token"], "opensesame");
        assert!(!format!("{:?}", opened.0).contains("opensesame"));
        let bytes = std::fs::read(folder.path().join("depesche.db")).expect("the database");
        for secret in ["opensesame", "a-long-password"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
        }
    }

    #[tokio::test]
    async fn the_last_admin_stays_an_admin() {
        let folder = tempfile::tempdir().expect("a folder");
        let (store, _threads) = store(&folder);

        store
            .write(|tx| -> Result<_, EditError> {
                let edit = UserEdit { name: "Admin".into(), role: Role::Admin, extension: None };
                let id = tx.insert_user(&edit, &Secret::new("hash"), NOW)?;

                let agent = UserEdit { role: Role::Agent, ..edit };
                assert!(matches!(tx.update_user(id, 1, &agent), Err(EditError::InUse(_))));
                assert!(matches!(tx.delete_user(id), Err(EditError::InUse(_))));
                assert_eq!(tx.user_by_name("aDMIN")?.expect("case does not matter").id, id);
                Ok(())
            })
            .await
            .expect("the store takes it");
    }
}
