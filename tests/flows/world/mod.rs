//! A world to try the flows in: the house on a real store in a folder of its own, a carrier and phones that do as they
//! are told, and a clock that is turned by hand. It fails when work is left behind.

#![allow(dead_code, reason = "each test binary uses another part of the world")]

pub mod files;
pub mod house;
pub mod lines;
pub mod look;
pub mod outside;
pub mod says;
pub mod stopper;

use crate::world::files::Shelf;
use crate::world::house::House;
use crate::world::lines::FakeLines;
use crate::world::outside::Outside;
use crate::world::stopper::Stopper;
use depesche::bus::Bus;
use depesche::clock::Clock;
use depesche::domain::event::Event;
use depesche::domain::time::Timestamp;
use depesche::flow::desk::{Desk, Rules};
use depesche::flow::janitor;
use depesche::flow::outbox;
use depesche::flow::outbox::claim::Board;
use depesche::store::error::StoreError;
use depesche::store::handle::Threads;
use depesche::store::open::{StoreSettings, open};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// No test waits longer than this for anything; a slow machine has its time, a hanging test an end.
const PATIENCE: Duration = Duration::from_secs(30);
/// The loops that sleep by the clock when there is nothing to do: the outbox, and who asks about what is uncertain.
const LOOPS: usize = 2;
/// A Friday noon.
const START: Timestamp = Timestamp(1_795_176_000_000);

/// Everything there is.
pub struct World {
    /// What the flows have at hand.
    pub desk: Desk,
    /// The carrier and the phones: they go on when the house goes dark.
    pub outside: Outside,
    /// Files at the carrier, for whoever needs them to outlast a power cut.
    pub shelf: Shelf,
    /// What is set up in the house.
    pub house: House,
    /// What holds messages back.
    pub board: Board,
    /// Counts the steps, and stops the world at one of them.
    pub stopper: Stopper,
    folder: Arc<TempDir>,
    events: Arc<Mutex<Vec<Event>>>,
    running: Option<Running>,
}

struct Running {
    outbox: JoinHandle<()>,
    stop: CancellationToken,
    threads: Threads,
}

/// Runs a test in a new world, within bounds, and looks at what is left of it.
pub async fn in_a_world(test: impl AsyncFnOnce(&mut World)) {
    in_a_world_with(Rules::default(), test).await;
}

/// The same under other rules.
pub async fn in_a_world_with(rules: Rules, test: impl AsyncFnOnce(&mut World)) {
    let bounded = tokio::time::timeout(PATIENCE, async {
        let mut world = World::begin_with(rules).await;
        test(&mut world).await;
        world.finish().await;
    });
    bounded.await.expect("the test ends in time");
}

impl World {
    /// A new house, set up and running.
    pub async fn begin() -> World {
        World::begin_with(Rules::default()).await
    }

    /// A new house with other rules.
    pub async fn begin_with(rules: Rules) -> World {
        let folder = Arc::new(folder());
        let clock = Clock::by_hand(START);
        let stopper = Stopper::never(folder.path());
        let (desk, events, threads) = desk(folder.path(), &clock, rules, &stopper);
        let house = House::set_up(&desk).await;
        let (outside, board) = (Outside::default(), Board::new(&desk.rules));
        let shelf = Shelf::default();
        let mut world = World { desk, outside, shelf, house, board, stopper, folder, events, running: None };
        world.start(threads);
        world
    }

    /// Where files of messages are.
    pub fn files_folder(&self) -> std::path::PathBuf {
        self.folder.path().join("media")
    }

    fn start(&mut self, threads: Threads) {
        let lines = Arc::new(FakeLines {
            outside: self.outside.clone(),
            clock: self.desk.clock.clone(),
            stopper: self.stopper.clone(),
        });
        let stop = CancellationToken::new();
        let outbox = tokio::spawn(outbox::run(self.desk.clone(), lines, self.board.clone(), stop.clone()));
        self.running = Some(Running { outbox, stop, threads });
    }

    /// Stops in good order and starts again on the same folder.
    pub async fn restart(&mut self) {
        let rules = Rules::clone(&self.desk.rules);
        self.stop().await;
        self.open_again(Arc::clone(&self.folder), rules);
    }

    /// The power goes; the house starts again on what was on the disk at that moment.
    pub async fn power_cut(&mut self) {
        self.stopper.stop_now();
        self.rise_again();
    }

    /// After the stopper has stopped the world: starts again on what was on the disk at that moment.
    pub fn rise_again(&mut self) {
        let image = Arc::new(self.stopper.image().expect("the world was stopped"));
        let Some(running) = self.running.take() else { return };
        running.stop.cancel();
        running.outbox.abort();
        self.open_again(image, Rules::clone(&self.desk.rules));
    }

    fn open_again(&mut self, folder: Arc<TempDir>, rules: Rules) {
        let stopper = Stopper::never(folder.path());
        let (desk, events, threads) = desk(folder.path(), &self.desk.clock.clone(), rules, &stopper);
        self.board = Board::new(&desk.rules);
        (self.desk, self.events, self.stopper, self.folder) = (desk, events, stopper, folder);
        self.start(threads);
    }

    async fn stop(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.stop.cancel();
        self.outside.let_go();
        running.outbox.await.expect("the outbox ends without a panic");
        let elsewhere = folder();
        // The store's threads end when nobody holds the store any more, and the world does.
        self.desk = desk(elsewhere.path(), &self.desk.clock, Rules::default(), &self.stopper).0;
        tokio::task::spawn_blocking(|| running.threads.join()).await.expect("the store closes");
    }

    /// Lets the house finish what it can do at this moment of the clock; calls that are held stay under way.
    pub async fn quiet(&self) {
        let deadline = Instant::now() + PATIENCE / 2;
        let mut calm = 0;
        while calm < 2 {
            assert!(Instant::now() < deadline, "the house does not come to rest: {}", self.all_deliveries());
            calm = if self.one_look_brings_nothing().await { calm + 1 } else { 0 };
        }
    }

    /// Rings the outbox: if that makes it commit its look at the queue and nothing else, there was nothing to do.
    async fn one_look_brings_nothing(&self) -> bool {
        let before = self.stopper.commits();
        let rung = self.desk.store.write(|tx| {
            tx.emit(Event::OutboxRung);
            Ok::<_, StoreError>(())
        });
        if rung.await.is_err() || self.stopper.is_stopped() {
            return self.stopper.is_stopped();
        }
        let patience = Instant::now() + Duration::from_millis(300);
        while self.stopper.commits() < before + 2 && Instant::now() < patience {
            tokio::time::sleep(Duration::from_micros(300)).await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        let under_way = self.count("SELECT count(DISTINCT lane) FROM deliveries WHERE state = 'sending'");
        let asleep = self.desk.clock.sleepers() == LOOPS;
        asleep && self.stopper.commits() == before + 2 && under_way == self.outside.held()
    }

    /// Lets time go by, from one thing that is due to the next.
    pub async fn pass(&self, time: Duration) {
        let until = self.desk.now().plus(time);
        loop {
            self.quiet().await;
            let left = until.since(self.desk.now());
            if left.is_zero() {
                return;
            }
            let due = self.next_due().map_or(left, |due| due.since(self.desk.now()));
            let look = self.board.looks_again().saturating_sub(self.desk.clock.monotonic());
            let next = if look.is_zero() { due } else { due.min(look) };
            self.desk.clock.advance(next.clamp(Duration::from_millis(1), left));
        }
    }

    /// Lets the janitor go round once.
    pub async fn janitor(&self) {
        janitor::round(&self.desk).await.expect("the janitor goes round");
    }

    /// Waits until something is so.
    pub async fn until(&self, what: &str, mut is_so: impl FnMut(&World) -> bool) {
        let deadline = Instant::now() + PATIENCE / 2;
        while !is_so(self) {
            assert!(Instant::now() < deadline, "waited in vain until {what}: {}", self.all_deliveries());
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// What was published since the (last) start.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().expect("no panic while events are noted").clone()
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The end of a test: nothing may be left under way, and what is on disk must agree with itself.
    pub async fn finish(mut self) {
        self.quiet().await;
        self.check_books();
        let Some(running) = self.running.take() else { return };
        running.stop.cancel();
        self.outside.let_go();
        running.outbox.await.expect("the outbox ends without a panic");
        drop((self.desk, self.board));
        tokio::task::spawn_blocking(|| running.threads.join()).await.expect("the store closes");
    }
}

/// A folder in memory where there is one: a sync costs nothing there, and no test here pulls the plug of a disk.
pub fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).expect("a folder")
}

/// Opens the store of a folder and puts a desk before it.
fn desk(folder: &Path, clock: &Clock, rules: Rules, stopper: &Stopper) -> (Desk, Arc<Mutex<Vec<Event>>>, Threads) {
    let bus = Bus::new();
    let events: Arc<Mutex<Vec<Event>>> = Arc::default();
    let publish = {
        let (bus, events, stopper) = (bus.clone(), Arc::clone(&events), stopper.clone());
        Arc::new(move |new: &[Event]| {
            // A world that has stopped says nothing any more.
            if stopper.commit() {
                events.lock().expect("no panic while events are noted").extend_from_slice(new);
                bus.publish(new);
            }
        })
    };
    let settings = StoreSettings { folder: folder.to_owned(), readers: 1, line_max: 256, key_file: None };
    let (store, threads) = open(&settings, clock.now().0, publish).expect("the store opens");
    (Desk { store, clock: clock.clone(), bus, rules: Arc::new(rules) }, events, threads)
}
