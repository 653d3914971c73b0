//! The daemon's life: start, READY, until a signal or until something breaks down; then the way out.

use crate::app::error::AppError;
use crate::app::house::{House, Options};
use crate::config::load::Config;
use crate::os::{Signal, Signals, keep_new_files_private, raise_open_files, systemd};
use std::time::Duration;

/// After this long on the way out somebody hangs for good: the process ends, the rows say where we were.
const STOP_WITHIN: Duration = Duration::from_secs(40);

/// Runs until told to stop. `announce` is called once everything listens.
pub async fn run(config: Config, options: Options, announce: impl FnOnce(&House)) -> Result<(), AppError> {
    keep_new_files_private();
    if let Err(error) = raise_open_files() {
        tracing::warn!(%error, "{error}");
    }
    let mut signals = Signals::listen()?;
    let mut house = House::start(config, options).await?;
    announce(&house);
    systemd::ready();
    tracing::info!("Ready");

    let broken = loop {
        tokio::select! {
            signal = signals.next() => match signal {
                Signal::Hangup => tracing::info!("Certificates are read anew within a minute; the settings file is read at the next start"),
                signal => {
                    tracing::info!("Going down: {signal:?}");
                    break None;
                }
            },
            name = house.ended() => break Some(name),
        }
    };
    systemd::stopping();
    if tokio::time::timeout(STOP_WITHIN, house.stop()).await.is_err() {
        tracing::error!("The house did not come to rest within {} s", STOP_WITHIN.as_secs());
    }
    match broken {
        None => Ok(()),
        Some(name) => Err(AppError::LoopEnded(name)),
    }
}
