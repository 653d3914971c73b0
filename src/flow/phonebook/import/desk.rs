//! Where files of contacts lie until they are taken over: a folder of their own, private, bounded, and tidied.

use crate::domain::time::Timestamp;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::os;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// How long a file that nobody touches is kept.
const FILES_KEPT: Duration = Duration::from_secs(24 * 3600);
/// How long one can read what came of an import.
const ROWS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// A file that nothing speaks of may be on its way in.
const COMING_FOR: Duration = Duration::from_secs(3600);

/// What the flows of imports have at hand; clones share it all.
#[derive(Clone)]
pub struct ImportDesk {
    /// What every flow has.
    pub desk: Desk,
    folder: Arc<Path>,
    pub(super) bell: Arc<Notify>,
}

impl ImportDesk {
    /// With files in this folder, which is made when the first one comes.
    pub fn new(desk: Desk, folder: PathBuf) -> ImportDesk {
        ImportDesk { desk, folder: folder.into(), bell: Arc::default() }
    }

    /// Where a file lies.
    pub(super) fn path_of(&self, spool: &str) -> PathBuf {
        self.folder.join(spool)
    }

    pub(super) fn make_folder(&self) -> std::io::Result<&Path> {
        os::make_private_folder(&self.folder).map_err(|error| std::io::Error::other(error.to_string()))?;
        Ok(&self.folder)
    }

    /// Forgets what is old, and removes files that nothing speaks of.
    pub(super) async fn tidy(&self) -> Result<(), FlowError> {
        let now = self.desk.now();
        let needed = self
            .desk
            .store
            .write(move |tx| {
                tx.forget_old_imports(now.minus(FILES_KEPT), now.minus(ROWS_KEPT))?;
                Ok::<_, FlowError>(tx.import_spools()?)
            })
            .await?;
        let (folder, needed) = (Arc::clone(&self.folder), needed.into_iter().collect::<HashSet<_>>());
        let removed = tokio::task::spawn_blocking(move || remove_others(&folder, &needed)).await;
        if let Ok(Err(error)) = removed {
            tracing::warn!(%error, "The folder of imports cannot be tidied: {error}");
        }
        Ok(())
    }
}

fn remove_others(folder: &Path, needed: &HashSet<String>) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let is_needed = entry.file_name().to_str().is_some_and(|name| needed.contains(name));
        let age = entry.metadata()?.modified()?.elapsed().unwrap_or_default();
        if !is_needed && age > COMING_FOR {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// So long after this nothing changes any more that is worth writing down more often.
pub(super) fn is_due(last: Option<Duration>, now: Duration) -> bool {
    const EVERY: Duration = Duration::from_millis(500);
    last.is_none_or(|last| now.saturating_sub(last) >= EVERY)
}

/// A moment for a plan.
pub(super) fn now(imports: &ImportDesk) -> Timestamp {
    imports.desk.now()
}
