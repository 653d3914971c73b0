//! The record: what the daemon says about itself while it runs, to stderr. Never texts, numbers or secrets.

use crate::config::machine::{Log, LogFormat};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Starts it; a panic of a task is part of it, with the place where it happened.
pub fn start(log: &Log) {
    let filter = EnvFilter::try_new(&log.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // The journal has its own clock and no colours.
    let in_journal = std::env::var_os("JOURNAL_STREAM").is_some();
    let started = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text if in_journal => lines.with_ansi(false).without_time().try_init(),
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
    };
    if let Err(error) = started {
        tracing::warn!(%error, "The record was started before: {error}");
    }
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let what = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(%place, "A task panicked at {place}: {what}");
    }));
}
