//! Small duties by the clock: systemd's watchdog, certificates that were replaced on disk.

use crate::clock::Clock;
use crate::net::tls::Certificate;
use crate::os::systemd;
use crate::store::handle::Store;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

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
