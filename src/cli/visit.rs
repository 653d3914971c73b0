//! A visit to the database from the command line, also while the daemon runs: SQLite lets both write in turn.

use crate::app::wiring;
use crate::bus::Bus;
use crate::cli::arguments::Place;
use crate::cli::dispatch::{Failure, settings};
use crate::clock::Clock;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::store::open::{self, Files};
use std::sync::Arc;

/// Opens the database, does `work` at a desk of its own, and closes it again.
///
/// Only where an installation is: a first start is the daemon's, which also makes the first login.
pub fn visit<T>(place: &Place, work: impl AsyncFnOnce(Desk) -> Result<T, FlowError>) -> Result<T, Failure> {
    let settings = wiring::store(&settings(place)?);
    let database = Files::of(&settings).database;
    if !database.exists() {
        let sentence = format!(
            "{}: there is no database yet; start the daemon once, or name the folder with --data",
            database.display()
        );
        return Err(Failure::Sentence(sentence));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::from_error)?;
    let clock = Clock::system();
    // Nobody listens here; the daemon reads its rows anew whenever it needs them.
    let (store, threads) = open::open(&settings, clock.now().0, Arc::new(|_| ())).map_err(Failure::from_error)?;
    let desk = Desk { store, clock, bus: Bus::new(), rules: Arc::new(Rules::default()) };
    let done = runtime.block_on(work(desk)).map_err(Failure::from_error);
    threads.join();
    done
}
