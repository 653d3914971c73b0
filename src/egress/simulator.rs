//! Holds the simulated carriers: answers calls to `simulator://` with the pauses they ask for, and posts what they owe
//! to our own webhook door. One world per trunk, since each signs with its trunk's secret; nothing outlives a restart.

use crate::carrier::dialect::{Answer, Heard, Request};
use crate::carrier::simulator::behaviour::Behaviour;
use crate::carrier::simulator::files::CustomerFile;
use crate::carrier::simulator::world::{self, SimulatedText, World};
use crate::clock::Clock;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::TrunkId;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use crate::net::client::CallError;
use futures_util::StreamExt;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::Notify;

/// How long a call waits for a simulated carrier that keeps silent; the HTTP client would wait as long.
const PATIENCE: Duration = Duration::from_secs(30);
/// Webhooks posted at a time; they begin in their order.
const POSTED_AT_ONCE_MAX: usize = 16;
/// Texts of customers that wait to be posted.
const WRITTEN_MAX: usize = 1_000;

/// All simulated carriers; clones are the same.
#[derive(Clone)]
pub struct SimulatorHandle(Arc<Inner>);

struct Inner {
    clock: Clock,
    places: Mutex<Places>,
    /// Rings when something may be due earlier than before.
    news: Notify,
}

#[derive(Default)]
struct Places {
    worlds: BTreeMap<TrunkId, Place>,
    written: VecDeque<(TrunkId, Heard)>,
}

struct Place {
    secret: Secret,
    world: World,
    calls_us: bool,
}

/// A trunk with a simulated carrier.
pub(super) struct Simulated {
    pub trunk: TrunkId,
    pub secret: Secret,
    /// Whether it posts webhooks; else it waits to be asked.
    pub calls_us: bool,
}

/// Why a customer's text was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotWritten {
    /// No such simulated carrier.
    #[error("this trunk is not a simulator, or it is switched off")]
    NoSuchTrunk,
    /// Too many wait.
    #[error("too many texts of simulated customers are waiting: try again in a moment")]
    TooMany,
}

impl SimulatorHandle {
    /// No carriers yet: the switchboard adds one for each trunk that is a simulator.
    pub fn new(clock: Clock) -> SimulatorHandle {
        SimulatorHandle(Arc::new(Inner { clock, places: Mutex::default(), news: Notify::new() }))
    }

    /// From now on, these are the simulated carriers, each with its trunk's secret. Those that stay keep their memory.
    pub(super) fn set(&self, trunks: Vec<Simulated>) {
        let mut places = self.places();
        let mut before = std::mem::take(&mut places.worlds);
        for Simulated { trunk, secret, calls_us } in trunks {
            let kept = before.remove(&trunk).filter(|place| place.secret == secret);
            let place = kept.unwrap_or_else(|| Place { world: World::new(secret.clone(), salt()), secret, calls_us });
            places.worlds.insert(trunk, Place { calls_us, ..place });
        }
        drop(places);
        self.0.news.notify_one();
    }

    /// A call from `trunk` to `simulator://…`, with the pause, silence or refusal the simulated carrier answers with.
    pub async fn call(&self, trunk: TrunkId, request: &Request) -> Result<Answer, CallError> {
        let now = self.0.clock.now();
        let answer = self.places().worlds.get_mut(&trunk).map(|place| place.world.answer(request, now));
        self.0.news.notify_one();
        let Some(answer) = answer else {
            return Err(CallError::Refused("this trunk has no simulated carrier".into()));
        };
        match answer.what {
            world::Simulated::Answer(what) if answer.after < PATIENCE => {
                if !answer.after.is_zero() {
                    self.0.clock.sleep(answer.after).await;
                }
                Ok(what)
            }
            world::Simulated::Refused => Err(CallError::NotSent("connection refused (simulated)".into())),
            world::Simulated::Silence | world::Simulated::Answer(_) => {
                self.0.clock.sleep(PATIENCE).await;
                Err(CallError::NoAnswer { why: "no whole response in time (simulated)".into(), status: None })
            }
        }
    }

    /// A customer writes to one of our numbers on this trunk; returns the carrier's id of the text.
    pub fn customer_writes(
        &self,
        trunk: TrunkId,
        customer: &Address,
        our_number: &Address,
        kind: ChannelKind,
        text: &str,
        files: Vec<CustomerFile>,
    ) -> Result<String, NotWritten> {
        let now = self.0.clock.now();
        let mut places = self.places();
        if places.written.len() >= WRITTEN_MAX {
            return Err(NotWritten::TooMany);
        }
        let place = places.worlds.get_mut(&trunk).ok_or(NotWritten::NoSuchTrunk)?;
        let heard = place.world.customer_writes(customer, our_number, kind, text, files, now);
        let id = place.world.phone(customer).pop().map(|shown| shown.id).unwrap_or_default();
        if place.calls_us {
            places.written.push_back((trunk, heard));
        }
        drop(places);
        self.0.news.notify_one();
        Ok(id)
    }

    /// What a customer's phone shows, over all simulated carriers, oldest first.
    pub fn phone(&self, customer: &Address) -> Vec<SimulatedText> {
        let mut texts: Vec<_> = self.places().worlds.values().flat_map(|place| place.world.phone(customer)).collect();
        texts.sort_by_key(|text| text.at);
        texts
    }

    /// A file a customer's phone shows, by its id; `None`: it is gone.
    pub fn file(&self, id: &str) -> Option<CustomerFile> {
        self.places().worlds.values().find_map(|place| place.world.file(id)).cloned()
    }

    /// Customers that wrote or were written to, the latest first, each with the time of its last text.
    pub fn customers(&self) -> Vec<(Address, Timestamp)> {
        let mut latest: BTreeMap<Address, Timestamp> = BTreeMap::new();
        for (customer, at) in self.places().worlds.values().flat_map(|place| place.world.customers()) {
            let known = latest.entry(customer).or_insert(at);
            *known = at.max(*known);
        }
        let mut all: Vec<_> = latest.into_iter().collect();
        all.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        all
    }

    /// From now on, what happens to messages of this trunk to this customer (`None`: to everyone without an order).
    pub fn behave(&self, trunk: TrunkId, customer: Option<&Address>, behaviour: Option<Behaviour>) {
        if let Some(place) = self.places().worlds.get_mut(&trunk) {
            match customer {
                Some(customer) => place.world.behave(customer, behaviour),
                None => place.world.behave_to_everyone(behaviour),
            }
        }
    }

    /// Posts what is due, in order, for as long as it is polled. `deliver` is the webhook door; it says whether the
    /// webhook was accepted, and what was not comes again in five seconds, as real carriers do it.
    pub async fn run<Delivering>(&self, deliver: impl Fn(TrunkId, Heard) -> Delivering)
    where
        Delivering: Future<Output = bool>,
    {
        loop {
            let (due, next) = self.due();
            if due.is_empty() {
                self.until_due(next).await;
                continue;
            }
            let posting = due.into_iter().map(|(trunk, heard)| {
                let posted = deliver(trunk, heard.clone());
                async move { (!posted.await).then_some((trunk, heard)) }
            });
            let refused: Vec<_> = futures_util::stream::iter(posting)
                .buffered(POSTED_AT_ONCE_MAX)
                .filter_map(async |one| one)
                .collect()
                .await;
            self.try_again(refused);
        }
    }

    /// What is to be posted now, and when there will be something next.
    fn due(&self) -> (Vec<(TrunkId, Heard)>, Option<Timestamp>) {
        let now = self.0.clock.now();
        let mut places = self.places();
        let mut due: Vec<_> = places.written.drain(..).collect();
        for (trunk, place) in &mut places.worlds {
            let owed = place.world.due(now).into_iter().filter(|_| place.calls_us);
            due.extend(owed.map(|heard| (*trunk, heard)));
        }
        (due, places.worlds.values().filter_map(|place| place.world.next_due()).min())
    }

    async fn until_due(&self, next: Option<Timestamp>) {
        let due = async {
            match next {
                Some(moment) => self.0.clock.sleep_until(moment).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = due => {}
            () = self.0.news.notified() => {}
        }
    }

    fn try_again(&self, refused: Vec<(TrunkId, Heard)>) {
        let now = self.0.clock.now();
        let mut places = self.places();
        for (trunk, heard) in refused {
            if let Some(place) = places.worlds.get_mut(&trunk) {
                place.world.try_again(&heard, now);
            }
        }
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.places.lock().expect("the simulated world does not panic while it is held")
    }
}

/// Differs from start to start, so that no simulated carrier gives an id twice.
fn salt() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system's random source answers");
    u64::from_ne_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::{Carrier, OutboundMessage, Said, Settings, Step};
    use crate::carrier::simulator::ENTRY;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::sync::mpsc;

    const TRUNK: TrunkId = TrunkId(7);
    const SECRET: &str = "a-secret-of-the-simulator";

    fn world() -> (Clock, SimulatorHandle, Box<dyn Carrier>) {
        let clock = Clock::by_hand(Timestamp(1_790_000_000_000));
        let simulator = SimulatorHandle::new(clock.clone());
        simulator.set(vec![Simulated { trunk: TRUNK, secret: Secret::new(SECRET), calls_us: true }]);
        let settings: Settings = serde_json::from_str(&format!(r#"{{"secret":"{SECRET}"}}"#)).expect("an object");
        (clock, simulator, (ENTRY.build)(&settings).expect("good settings"))
    }

    fn address(text: &str) -> Address {
        Address::parse(text).expect("a good address")
    }

    fn call_of(dialect: &dyn Carrier, text: &str) -> Request {
        let message = OutboundMessage {
            reference: format!("ref-{text}"),
            kind: ChannelKind::Sms,
            from: address("+15550100100"),
            to: address("+15550100199"),
            text: text.into(),
            media: Vec::new(),
            rich: None,
            in_reply_to: None,
            report_url: None,
            valid_for: None,
        };
        match dialect.next(&message, &[]).expect("a first step") {
            Step::Call(request) => request,
            Step::Upload(_) | Step::Done(_) => panic!("nothing was sent yet"),
        }
    }

    #[tokio::test]
    async fn what_a_customer_writes_arrives_signed_at_the_door() {
        let (clock, simulator, dialect) = world();
        let (posted, mut door) = mpsc::unbounded_channel();
        let running = simulator.clone();
        let run = tokio::spawn(async move {
            running
                .run(|trunk, heard| {
                    posted.send((trunk, heard)).expect("the test listens");
                    async { true }
                })
                .await;
        });

        let (from, to) = (address("+15550100199"), address("+15550100100"));
        let id =
            simulator.customer_writes(TRUNK, &from, &to, ChannelKind::Sms, "Guten Tag", Vec::new()).expect("taken");

        let (trunk, heard) = door.recv().await.expect("posted");
        let told = dialect.hear(&heard, clock.now()).expect("signed well");
        assert_eq!(trunk, TRUNK);
        assert!(matches!(&told.said[..], [Said::Message(said)] if said.text == "Guten Tag" && said.carrier_id == id));
        assert_eq!(simulator.customers(), [(from.clone(), clock.now())]);
        assert_eq!(simulator.phone(&from)[0].text, "Guten Tag");
        run.abort();
    }

    #[tokio::test]
    async fn a_webhook_that_was_not_accepted_comes_again() {
        let (clock, simulator, _) = world();
        let (posted, mut door) = mpsc::unbounded_channel();
        let running = simulator.clone();
        let tries = Arc::new(AtomicUsize::new(0));
        let run = tokio::spawn(async move {
            running
                .run(|_, heard| {
                    posted.send(heard).expect("the test listens");
                    let accepted = tries.fetch_add(1, Ordering::Relaxed) > 0;
                    async move { accepted }
                })
                .await;
        });
        let (from, to) = (address("+15550100199"), address("+15550100100"));
        simulator.customer_writes(TRUNK, &from, &to, ChannelKind::Sms, "once", Vec::new()).expect("taken");
        let first = door.recv().await.expect("posted");
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }

        clock.advance(Duration::from_secs(6));

        assert_eq!(door.recv().await.expect("posted again").body, first.body);
        run.abort();
    }

    #[tokio::test]
    async fn a_silent_carrier_leaves_the_caller_without_an_answer_and_a_dead_one_takes_nothing() {
        let (clock, simulator, dialect) = world();
        let silent = call_of(&*dialect, "sim:silent");
        let calling = simulator.clone();
        let waiting = tokio::spawn(async move { calling.call(TRUNK, &silent).await });
        while clock.sleepers() == 0 {
            tokio::task::yield_now().await;
        }

        clock.advance(PATIENCE);

        assert!(matches!(waiting.await.expect("ends"), Err(CallError::NoAnswer { .. })));
        assert!(matches!(simulator.call(TRUNK, &call_of(&*dialect, "sim:down")).await, Err(CallError::NotSent(_))));
        assert!(matches!(simulator.call(TrunkId(99), &call_of(&*dialect, "x")).await, Err(CallError::Refused(_))));
    }

    #[tokio::test]
    async fn a_world_forgets_nothing_while_its_trunk_and_secret_stay() {
        let (_, simulator, dialect) = world();
        simulator.call(TRUNK, &call_of(&*dialect, "hello")).await.expect("taken");

        let of = |trunk, secret| Simulated { trunk, secret: Secret::new(secret), calls_us: true };
        simulator.set(vec![of(TRUNK, SECRET), of(TrunkId(8), "another-secret-here")]);
        assert_eq!(simulator.phone(&address("+15550100199")).len(), 1);

        simulator.set(vec![]);
        assert!(simulator.phone(&address("+15550100199")).is_empty());
    }
}
