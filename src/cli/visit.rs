//! A visit to the database from the command line, also while the daemon runs: SQLite lets both write in turn.

use crate::app::wiring;
use crate::bus::Bus;
use crate::cli::arguments::Place;
use crate::cli::dispatch::{Failure, settings};
use crate::clock::Clock;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::store::open::{self, Files, StoreSettings};
use std::cmp::Ordering;
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
    refuse_another_schema(&settings)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Failure::from_error)?;
    let clock = Clock::system();
    // Nobody listens here; the daemon reads its rows anew whenever it needs them.
    let (store, threads) = open::open(&settings, clock.now().0, Arc::new(|_| ())).map_err(Failure::from_error)?;
    let desk = Desk { store, clock, bus: Bus::new(), rules: Arc::new(Rules::default()) };
    let done = runtime.block_on(work(desk)).map_err(Failure::from_error);
    threads.join();
    done
}

/// An update of the package leaves the old daemon running until it is started anew: a visit must not change the schema under it.
fn refuse_another_schema(settings: &StoreSettings) -> Result<(), Failure> {
    let (found, known) = open::schema(settings).map_err(Failure::from_error)?;
    let what_to_do = match found.cmp(&known) {
        Ordering::Equal => return Ok(()),
        Ordering::Less => {
            "start (or restart) the daemon first: it brings the database up to date, with a copy beside it"
        }
        Ordering::Greater => "a newer version wrote it: use that version's command",
    };
    let database = Files::of(settings).database;
    let sentence =
        format!("{}: it has schema {found}, and this program knows {known}; {what_to_do}", database.display());
    Err(Failure::Sentence(sentence))
}
