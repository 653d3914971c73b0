//! Small duties by the clock: systemd's watchdog, certificates that were replaced on disk, room on the disk, and whether
//! the database writes and can be read.

use crate::clock::Clock;
use crate::domain::reason::{Reason, ReasonCode};
use crate::flow::desk::Desk;
use crate::flow::media::desk::MediaDesk;
use crate::flow::troubles::{Part, Troubles};
use crate::net::tls::Certificate;
use crate::os::{self, systemd};
use crate::store::check::{self, Found, Reading};
use crate::store::handle::Store;
use crate::store::open::{CHECK_BYTES_MAX, StoreSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often disk and database are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A start has other things to do first.
const READ_THROUGH_AFTER: Duration = Duration::from_secs(60);
/// Between two tables.
const REST: Duration = Duration::from_millis(500);

/// Ticks systemd's watchdog, but only while the writer thread answers.
pub async fn watchdog(store: Store, stop: CancellationToken) {
    let every = systemd::watchdog_every();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(every.unwrap_or(Duration::from_secs(3600))) => {}
        }
        if every.is_none() {
            continue;
        }
        match store.alive().await {
            Ok(()) => systemd::watchdog_tick(),
            Err(error) => tracing::error!(%error, "The database does not answer, so the watchdog is not fed: {error}"),
        }
    }
}

/// Reads certificates anew when their files change.
pub async fn certificates(certificates: Vec<Arc<Certificate>>, clock: Clock, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = clock.sleep(Duration::from_secs(60)) => {}
        }
        for certificate in &certificates {
            match certificate.refresh(clock.now()) {
                Ok(true) => tracing::info!("The certificate {} was read anew", certificate.file().display()),
                Ok(false) => {}
                Err(error) => tracing::error!(%error, "The certificate stays as it was: {error}"),
            }
        }
    }
}

/// Notes where the disk fills or the database does not take what it is given.
pub async fn disk_and_store(desk: Desk, troubles: Troubles, folder: &Path, free_bytes_min: u64) {
    let name = folder.display().to_string();
    loop {
        let low = os::free_bytes(folder).is_ok_and(|free| free < free_bytes_min);
        let wanted = format!("< {} MB", free_bytes_min / (1024 * 1024));
        let reason = low.then(|| Reason::of(ReasonCode::DiskLow).saying(&wanted));
        troubles.note(&desk.bus, Part::Disk, &name, desk.now(), reason);

        let reason =
            desk.store.failing().await.map(|error| Reason::of(ReasonCode::StoreFailing).saying(&error.to_string()));
        troubles.note(&desk.bus, Part::Store, &name, desk.now(), reason);
        desk.clock.sleep(LOOK_EVERY).await;
    }
}

/// Notes where files of messages have no room any more.
pub async fn room_for_files(media: MediaDesk, troubles: Troubles) {
    loop {
        let most = media.archive.bounds().quota_bytes / (1024 * 1024);
        let reason = media.archive.is_full().then(|| Reason::of(ReasonCode::FilesFull).saying(&format!("{most} MB")));
        troubles.note(&media.desk.bus, Part::Files, "media", media.desk.now(), reason);
        media.desk.clock.sleep(LOOK_EVERY).await;
    }
}

/// Reads the database through now and then, and soon after a start that passed over it.
pub async fn read_through(desk: Desk, troubles: Troubles, settings: StoreSettings, every: Duration) {
    let passed_over = check::bytes(&settings) > CHECK_BYTES_MAX;
    let mut pause = if passed_over { READ_THROUGH_AFTER } else { every };
    while !pause.is_zero() {
        desk.clock.sleep(pause).await;
        look(&desk, &troubles, &settings, REST).await;
        pause = every;
    }
    std::future::pending().await
}

async fn look(desk: &Desk, troubles: &Troubles, settings: &StoreSettings, rest: Duration) {
    let read = match Reading::open(settings) {
        Ok((reading, stopper)) => {
            // Dropped when the house goes down: then the reading ends.
            let _stopper = stopper;
            tokio::task::spawn_blocking(move || reading.run(rest)).await
        }
        Err(error) => Ok(Err(error)),
    };
    let reason = match read {
        Ok(Ok(Found::Whole)) => {
            tracing::info!("The database was read through: it is whole");
            None
        }
        Ok(Ok(Found::Stopped)) => return,
        Ok(Ok(Found::Damaged(why))) => {
            tracing::error!("The database is damaged: {why}. Copy the data folder, then `depesche restore` a backup");
            Some(Reason::of(ReasonCode::StoreDamaged).saying(&why))
        }
        Ok(Err(error)) => {
            tracing::warn!(%error, "The database could not be read through: {error}");
            Some(Reason::of(ReasonCode::StoreUnread).saying(&error.to_string()))
        }
        Err(error) => {
            tracing::error!(%error, "Reading the database through broke down: {error}");
            Some(Reason::of(ReasonCode::StoreUnread))
        }
    };
    troubles.note(&desk.bus, Part::StoreFile, "depesche.db", desk.now(), reason);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bus::Bus;
    use crate::domain::time::Timestamp;
    use crate::flow::desk::Rules;
    use crate::store::open::open;

    #[tokio::test]
    async fn a_disk_below_the_guard_and_a_damaged_database_are_told() {
        let (folder, clock) = (tempfile::tempdir().expect("a folder"), Clock::by_hand(Timestamp(1_795_176_000_000)));
        let settings = StoreSettings { folder: folder.path().into(), readers: 1, line_max: 16, key_file: None };
        let (store, _threads) = open(&settings, clock.now().0, Arc::new(|_: &[_]| ())).expect("opens");
        let desk = Desk { store, clock, bus: Bus::new(), rules: Arc::new(Rules::default()) };
        let troubles = Troubles::default();
        let looked_at = async |free_bytes_min| {
            let looking = disk_and_store(desk.clone(), troubles.clone(), folder.path(), free_bytes_min);
            let _ = tokio::time::timeout(Duration::from_millis(200), looking).await;
            troubles.all().into_iter().map(|trouble| trouble.reason.code).collect::<Vec<_>>()
        };
        assert_eq!(looked_at(u64::MAX).await, [ReasonCode::DiskLow]);
        assert_eq!(looked_at(1).await, []);

        let gone = StoreSettings { folder: folder.path().join("elsewhere"), readers: 1, line_max: 16, key_file: None };
        look(&desk, &troubles, &gone, Duration::ZERO).await;
        assert_eq!(troubles.all()[0].reason.code, ReasonCode::StoreUnread);
        look(&desk, &troubles, &settings, Duration::ZERO).await;
        assert_eq!(troubles.all(), []);
    }
}
