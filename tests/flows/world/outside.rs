//! The world outside: a carrier with its customers, and phones on desks. Each does as it is told, and writes down what it
//! got, so that a test can say "the customer got it once". It goes on when the house goes dark.

use depesche::domain::delivery::SendError;
use depesche::domain::id::{ExtensionId, TrunkId};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::domain::time::Timestamp;
use depesche::egress::outcome::Outcome;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// What somebody outside does with a call.
#[derive(Clone, Debug)]
pub enum Reply {
    /// Takes it and says so.
    Take,
    /// The carrier certainly does not take it.
    Refuse(SendError),
    /// Takes it, but the answer is lost.
    TakeSilently,
    /// Takes it, and its answer does not come until it is let go; then it is lost.
    TakeAndHang,
    /// It never arrives, and no answer comes either.
    Vanish,
    /// Takes it, and answers with something unreadable.
    TakeAndBabble,
    /// Waits until it is let go, then takes it.
    Hold,
    /// Waits until it is let go, then the carrier certainly does not take it.
    HoldAndRefuse(SendError),
    /// A phone says 486.
    Busy,
    /// A phone will never take it.
    Never,
    /// A phone that is gone: waits until it is let go, then there was no answer.
    HoldInVain,
    /// A phone shows it, but its answer is lost.
    ShowSilently,
}

/// A text as the carrier took it.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// When.
    pub at: Timestamp,
    /// Over which trunk.
    pub trunk: TrunkId,
    /// The carrier's id.
    pub id: String,
    /// Our key.
    pub reference: String,
    /// From which of our numbers.
    pub from: String,
    /// To whom.
    pub to: String,
    /// What.
    pub text: String,
}

/// A MESSAGE as it came to a phone.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// Whose phone.
    pub extension: ExtensionId,
    /// Its Call-ID.
    pub call_id: String,
    /// The try, 1 for the first: its CSeq.
    pub attempt: u32,
    /// What.
    pub text: String,
}

/// Clones are the same world.
#[derive(Clone)]
pub struct Outside(Arc<Mutex<State>>, Arc<watch::Sender<u64>>);

#[derive(Default)]
pub struct State {
    /// What the carrier does next; then it takes.
    pub carrier_next: VecDeque<Reply>,
    /// What the carrier does always, until told otherwise.
    pub carrier_always: Option<Reply>,
    /// What the carrier does by chance, where it was told nothing else.
    pub whim: Option<Box<dyn FnMut() -> Reply + Send>>,
    /// What a phone does next; then it takes.
    pub phone_next: HashMap<ExtensionId, VecDeque<Reply>>,
    /// Phones that are there.
    pub there: HashSet<ExtensionId>,
    /// Whether the carrier takes one reference once.
    pub idempotent: bool,
    /// Whether the trunk is set to send again what nobody knows the end of.
    pub send_again: bool,
    /// The ids of further parts of whatever the carrier takes.
    pub parts: Vec<String>,
    /// Whether the carrier can be asked, and what it says.
    pub asked: Asked,
    /// How often a question was put.
    pub questions: usize,
    /// Every try towards the carrier: reference and text.
    pub carrier_tried: Vec<(String, String)>,
    /// What the carrier took: what customers got.
    pub taken: Vec<Taken>,
    /// Every MESSAGE that a phone answered or showed.
    pub shown: Vec<Shown>,
    /// Every try towards a phone.
    pub phone_tried: Vec<Shown>,
    /// What was held and is let go is taken, and its answer lost.
    pub silent_when_let_go: bool,
    /// A look for a phone that is not there waits until it is let go.
    pub hold_the_absent: bool,
    held: i64,
}

/// How a carrier answers the question whether it took a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Asked {
    /// It cannot be asked.
    #[default]
    Never,
    /// It looks into its list.
    Knows,
    /// Its list does not show anything yet.
    KnowsNothing,
    /// It says that it took it, under this id, whatever it did.
    Says(String),
}

impl Default for Outside {
    fn default() -> Outside {
        Outside(Arc::default(), Arc::new(watch::channel(0).0))
    }
}

impl Outside {
    /// To look at it and to tell it what to do.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no panic while the outside is looked at")
    }

    /// The carrier does this next, after what it was told before.
    pub fn carrier_does(&self, reply: Reply) {
        self.state().carrier_next.push_back(reply);
    }

    /// The ids of further parts of what is taken now.
    pub fn parts(&self) -> Vec<String> {
        self.state().parts.clone()
    }

    /// The carrier does this from now on.
    pub fn carrier_always(&self, reply: Option<Reply>) {
        self.state().carrier_always = reply;
    }

    /// A phone does this next.
    pub fn phone_does(&self, extension: ExtensionId, reply: Reply) {
        self.state().phone_next.entry(extension).or_default().push_back(reply);
    }

    /// How many calls are held.
    pub fn held(&self) -> i64 {
        self.state().held
    }

    /// Lets the calls go that are held.
    pub fn let_go(&self) {
        self.1.send_modify(|times| *times += 1);
    }

    /// Waits to be let go.
    pub async fn hold(&self) {
        let mut times = self.1.subscribe();
        self.state().held += 1;
        let _held = Held(self);
        let _ = times.changed().await;
    }

    /// How often a customer got a text.
    pub fn customer_got(&self, text: &str) -> usize {
        self.state().taken.iter().filter(|taken| taken.text == text).count()
    }

    /// The texts customers got, in order.
    pub fn customers_got(&self) -> Vec<String> {
        self.state().taken.iter().map(|taken| taken.text.clone()).collect()
    }

    /// What a phone shows, in order; one Call-ID is shown once, as Linphone does.
    pub fn phone_shows(&self, extension: ExtensionId) -> Vec<String> {
        let mut seen = HashSet::new();
        let state = self.state();
        let mine = state.shown.iter().filter(|shown| shown.extension == extension);
        mine.filter(|shown| seen.insert(&shown.call_id)).map(|shown| shown.text.clone()).collect()
    }

    /// The carrier's id of a text.
    pub fn carrier_id_of(&self, text: &str) -> String {
        let state = self.state();
        let taken = state.taken.iter().find(|taken| taken.text == text);
        taken.unwrap_or_else(|| panic!("the carrier never got {text:?}: {:?}", state.taken)).id.clone()
    }
}

/// A call that is held, until it goes on or the house goes dark.
struct Held<'o>(&'o Outside);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.state().held -= 1;
    }
}

impl State {
    /// What the carrier does with the next call.
    pub fn carrier_reply(&mut self) -> Reply {
        let told = self.carrier_next.pop_front().or_else(|| self.carrier_always.clone());
        told.or_else(|| self.whim.as_mut().map(|whim| whim())).unwrap_or(Reply::Take)
    }

    /// What the carrier's list shows from a moment on, under our reference.
    pub fn taken_since(&self, reference: &str, since: Timestamp) -> Option<&Taken> {
        self.taken.iter().find(|taken| taken.reference == reference && taken.at >= since)
    }

    /// The carrier takes a text; the id it has for it.
    pub fn take(&mut self, taken: Taken) -> String {
        if self.idempotent
            && let Some(before) = self.taken.iter().find(|before| before.reference == taken.reference)
        {
            return before.id.clone();
        }
        let id = format!("carrier-{}", self.taken.len() + 1);
        self.taken.push(Taken { id: id.clone(), ..taken });
        id
    }
}

/// What a phone's 486 is for the outbox.
pub fn busy() -> Outcome {
    Outcome::Later { reason: Reason::of(ReasonCode::PhoneUnreachable).coded("486") }
}

/// What a phone's refusal is for the outbox.
pub fn never() -> Outcome {
    Outcome::Never { reason: Reason::of(ReasonCode::PhoneRefused).coded("488") }
}
