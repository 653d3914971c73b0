//! Who has which extension and password, at hand in memory: known and unknown names cost a look into the same map, so
//! that the time of an answer tells nobody which extensions exist (T24). It follows every edit.

use crate::bus::Numbered;
use crate::domain::event::Event;
use crate::domain::id::ExtensionId;
use crate::flow::desk::Desk;
use crate::sip::digest::hash::Ha1;
use crate::store::error::StoreError;
use crate::store::extensions::Extension;
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, RwLock};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

/// Edits that come together are read together.
const GATHER: Duration = Duration::from_millis(20);
/// After this many at once, everything is read again.
const ONE_BY_ONE_MAX: usize = 200;
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// A SIP user.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: ExtensionId,
    /// Its number, which is its SIP user name.
    pub number: String,
    /// What its password is checked with.
    pub ha1: Arc<Ha1>,
    /// Whether it is switched on.
    pub enabled: bool,
}

/// All extensions; clones are the same directory.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    desk: Desk,
    realm: String,
    by_number: RwLock<HashMap<String, Entry>>,
}

impl Directory {
    /// Reads all extensions, and returns what [`Directory::follow`] needs to miss no edit since.
    pub async fn open(desk: Desk, realm: &str) -> Result<(Directory, Receiver<Numbered>), StoreError> {
        let edits = desk.bus.listen();
        let inner = Inner { desk, realm: realm.to_owned(), by_number: RwLock::default() };
        let directory = Directory(Arc::new(inner));
        directory.read_all().await?;
        Ok((directory, edits))
    }

    /// The extension with this number, if it exists and is switched on.
    pub fn find(&self, number: &str) -> Option<Entry> {
        let all = self.0.by_number.read().expect("nothing panics while it is written");
        all.get(number).filter(|entry| entry.enabled).cloned()
    }

    /// Follows every edit for as long as it is polled.
    pub async fn follow(&self, mut edits: Receiver<Numbered>) {
        loop {
            let mut changed = BTreeSet::new();
            let mut all = note(edits.recv().await, &mut changed);
            if changed.is_empty() && !all {
                continue;
            }
            self.0.desk.clock.sleep(GATHER).await;
            while let Ok(more) = edits.try_recv() {
                all |= note(Ok(more), &mut changed);
            }
            all |= changed.len() > ONE_BY_ONE_MAX;
            while let Err(error) = if all { self.read_all().await } else { self.read(changed.clone()).await } {
                tracing::warn!(%error, "The extensions cannot be read again after an edit: {error}");
                all = true;
                self.0.desk.clock.sleep(TRY_AGAIN).await;
            }
        }
    }

    async fn read_all(&self) -> Result<(), StoreError> {
        let all = self.0.desk.store.read(|db| db.extensions()).await?;
        let fresh = all.into_iter().map(|one| (one.number.clone(), self.entry(one))).collect();
        *self.0.by_number.write().expect("nothing panics while it is written") = fresh;
        Ok(())
    }

    async fn read(&self, changed: BTreeSet<ExtensionId>) -> Result<(), StoreError> {
        let wanted = changed.clone();
        let found: Result<Vec<_>, StoreError> = self
            .0
            .desk
            .store
            .read(move |db| wanted.into_iter().filter_map(|id| db.extension(id).transpose()).collect())
            .await;
        let fresh: Vec<Entry> = found?.into_iter().map(|one| self.entry(one)).collect();
        let mut all = self.0.by_number.write().expect("nothing panics while it is written");
        all.retain(|_, entry| !changed.contains(&entry.id));
        all.extend(fresh.into_iter().map(|entry| (entry.number.clone(), entry)));
        Ok(())
    }

    fn entry(&self, extension: Extension) -> Entry {
        let ha1 = Arc::new(Ha1::new(&extension.number, &self.0.realm, extension.password.expose()));
        Entry { id: extension.id, number: extension.number, ha1, enabled: extension.enabled }
    }
}

/// Takes down what an event changes; true if everything may have changed.
fn note(event: Result<Numbered, RecvError>, changed: &mut BTreeSet<ExtensionId>) -> bool {
    match event.map(|numbered| numbered.event) {
        Ok(Event::ExtensionChanged { extension }) => {
            changed.insert(extension);
            false
        }
        Ok(Event::SettingsChanged) | Err(_) => true,
        Ok(_) => false,
    }
}
