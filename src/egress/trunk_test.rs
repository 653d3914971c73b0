//! Tries a trunk out for whoever set it up: are the settings good, the credentials, each number, the way back to us, the
//! clock, the credit? Every step ends with a sentence that says what to do. Nothing is sent to anybody.

#[cfg(test)]
mod tests;
mod verdicts;

use crate::carrier::dialect::{Answer, Known, Question};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::exchange::{Exchange, Purpose};
use crate::domain::time::Timestamp;
use crate::egress::http_trunk::{self, Wires};
use crate::egress::switchboard::{NoLine, TrunkLine};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use verdicts::Found;

/// Numbers that are tried; who has more sees from these what is wrong.
const NUMBERS_MAX: usize = 20;
/// No question is begun after this long: whoever waits for a test wants to see it end.
const TEST_MAX: Duration = Duration::from_secs(60);
/// A call to our own door carries this header with a random value, and a door of ours says it back: so nobody else's page
/// passes for it.
pub const KNOCK: &str = "x-depesche-knock";

const SETTINGS: &str = "settings";
const CREDENTIALS: &str = "credentials";
const SENDER: &str = "sender";
const CALLBACK: &str = "callback";
const INBOUND: &str = "inbound";
const CLOCK: &str = "clock";
const CREDIT: &str = "credit";

/// One of our numbers on the trunk that is tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurNumber {
    /// What it sends.
    pub kind: ChannelKind,
    /// The number.
    pub address: Address,
}

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It works.
    Good,
    /// It does not; the sentence says what to do.
    Bad,
    /// It could not be tried.
    Skipped,
}

impl Verdict {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Bad => "bad",
            Verdict::Skipped => "skipped",
        }
    }
}

/// One step of a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestStep {
    /// `settings`, `credentials`, `sender`, `callback`, `inbound`, `clock` or `credit`; one for each number has its name in
    /// the sentence.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found and what to do, in English.
    pub en: String,
    /// The same in German.
    pub de: String,
    /// How long it took.
    pub took: Duration,
}

/// A test, and what was said on the wire for it.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Its steps, in order.
    pub steps: Vec<TestStep>,
    /// Every exchange of it, secrets removed.
    pub exchanges: Vec<Exchange>,
}

/// A test under way.
struct Test<'a> {
    line: &'a TrunkLine,
    wires: Wires<'a>,
    until: Duration,
    steps: Vec<TestStep>,
    exchanges: Vec<Exchange>,
    /// What the carrier answered first, and when by our clock.
    first: Option<(Answer, Timestamp)>,
}

/// What a test is about, besides the trunk.
pub(super) struct Subject<'a> {
    /// Where the carrier should send its webhooks.
    pub url: Option<String>,
    /// Our numbers on the trunk.
    pub numbers: &'a [OurNumber],
    /// What comes in is asked for.
    pub polled: bool,
}

pub(super) async fn run(line: Result<Arc<TrunkLine>, NoLine>, wires: Wires<'_>, subject: Subject<'_>) -> Tested {
    let line = match line {
        Ok(line) => line,
        Err(why) => return no_line(why),
    };
    let begun = wires.clock.monotonic();
    let mut test =
        Test { line: &line, wires, until: begun + TEST_MAX, steps: Vec::new(), exchanges: Vec::new(), first: None };
    test.note(SETTINGS, begun, verdicts::settings_good());
    if line.carrier.sip().is_some() && wires.sip.is_none() {
        test.note(CREDENTIALS, begun, verdicts::sip_only_in_the_daemon());
        return Tested { steps: test.steps, exchanges: test.exchanges };
    }
    let known = test.ask(&Question::Credentials).await;
    // Without credentials every further answer would be the same refusal.
    let may_ask = !matches!(known, Some(Err(_)));
    test.note(CREDENTIALS, begun, verdicts::credentials(known));
    test.senders(subject.numbers, may_ask).await;
    if subject.polled {
        test.inbox(may_ask).await;
    } else {
        test.callback(subject.url.as_deref()).await;
        test.inbound(&subject, may_ask).await;
    }
    if line.carrier.sip().is_some() {
        // SIP proofs hang on nonces, not on clocks, and a gateway has no account.
        return Tested { steps: test.steps, exchanges: test.exchanges };
    }
    let clocks = verdicts::clocks(test.first.as_ref(), line.is_simulator);
    test.note(CLOCK, wires.clock.monotonic(), clocks);
    test.credit(may_ask).await;
    Tested { steps: test.steps, exchanges: test.exchanges }
}

fn no_line(why: NoLine) -> Tested {
    let step = |name, found: Found| found.step(name, Duration::ZERO);
    let mut steps = vec![step(SETTINGS, verdicts::no_line(why))];
    let others = [CREDENTIALS, SENDER, CALLBACK, INBOUND, CLOCK, CREDIT];
    steps.extend(others.map(|name| step(name, verdicts::settings_first())));
    Tested { steps, exchanges: Vec::new() }
}

impl Test<'_> {
    fn note(&mut self, name: &'static str, begun: Duration, found: Found) {
        let took = self.wires.clock.monotonic().saturating_sub(begun);
        self.steps.push(found.step(name, took));
    }

    async fn ask(&mut self, question: &Question) -> Option<Result<Known, SendError>> {
        if self.wires.clock.monotonic() > self.until {
            let why = format!("the test has taken {} s already: this was not asked", TEST_MAX.as_secs());
            return Some(Err(SendError::Unreachable { why }));
        }
        let asked = http_trunk::ask(self.line, self.wires, question, Purpose::Test, None).await;
        self.exchanges.extend(asked.exchanges);
        let now = self.wires.clock.now();
        self.first = self.first.take().or(asked.last.map(|answer| (answer, now)));
        asked.known
    }

    /// May we send from each of our numbers?
    async fn senders(&mut self, numbers: &[OurNumber], may_ask: bool) {
        let begun = self.wires.clock.monotonic();
        if numbers.is_empty() {
            return self.note(SENDER, begun, verdicts::no_numbers());
        }
        if !may_ask {
            return self.note(SENDER, begun, verdicts::credentials_first());
        }
        for number in &numbers[..numbers.len().min(NUMBERS_MAX)] {
            let begun = self.wires.clock.monotonic();
            let question = Question::Sender { kind: number.kind, number: number.address.clone() };
            let Some(known) = self.ask(&question).await else {
                return self.note(SENDER, begun, verdicts::sender_cannot_be_asked());
            };
            self.note(SENDER, begun, verdicts::sender(number, known));
        }
        if let Some(left) = numbers.len().checked_sub(NUMBERS_MAX).filter(|left| *left > 0) {
            self.note(SENDER, begun, verdicts::not_all_numbers(left));
        }
    }

    /// Is our public address ours?
    async fn callback(&mut self, url: Option<&str>) {
        let begun = self.wires.clock.monotonic();
        let found = match url {
            _ if self.line.is_simulator => verdicts::simulator_reaches_us(),
            _ if self.line.carrier.sip().is_some() => verdicts::sip_needs_no_address(),
            None => verdicts::no_public_address(),
            Some(url) if !url.starts_with("https://") => verdicts::plain_public_address(),
            Some(url) => {
                let word = crate::carrier::sign::sha256_hex(format!("{begun:?}{url}").as_bytes())[..32].to_owned();
                verdicts::reached(self.wires.http.call(knock(url, &word)).await, &word)
            }
        };
        self.note(CALLBACK, begun, found);
    }

    /// Does the carrier send what comes in to us?
    async fn inbound(&mut self, subject: &Subject<'_>, may_ask: bool) {
        let begun = self.wires.clock.monotonic();
        let found = match (&subject.url, subject.numbers) {
            _ if self.line.is_simulator || self.line.carrier.sip().is_some() => return,
            (None, _) => Some(verdicts::address_first()),
            (_, []) => Some(verdicts::no_numbers()),
            _ if !may_ask => Some(verdicts::credentials_first()),
            _ => None,
        };
        if let Some(found) = found {
            return self.note(INBOUND, begun, found);
        }
        let url = subject.url.clone().unwrap_or_default();
        for number in &subject.numbers[..subject.numbers.len().min(NUMBERS_MAX)] {
            let begun = self.wires.clock.monotonic();
            let question = Question::Callback { kind: number.kind, number: number.address.clone(), url: url.clone() };
            let Some(known) = self.ask(&question).await else {
                return self.note(INBOUND, begun, verdicts::callback_cannot_be_asked(&url));
            };
            self.note(INBOUND, begun, verdicts::inbound(number, known, &url));
        }
    }

    /// Can the carrier be asked what came in?
    async fn inbox(&mut self, may_ask: bool) {
        let begun = self.wires.clock.monotonic();
        let since = self.wires.clock.now().minus(Duration::from_secs(60));
        let found = match may_ask {
            true => verdicts::inbox(self.ask(&Question::Inbox { since }).await),
            false => verdicts::credentials_first(),
        };
        self.note(INBOUND, begun, found);
    }

    /// How much credit is left?
    async fn credit(&mut self, may_ask: bool) {
        let begun = self.wires.clock.monotonic();
        let found =
            if may_ask { verdicts::credit(self.ask(&Question::Credit).await) } else { verdicts::credentials_first() };
        self.note(CREDIT, begun, found);
    }
}

/// A call to our own door from outside in.
fn knock(url: &str, word: &str) -> http::Request<Bytes> {
    let request = http::Request::get(url).header(KNOCK, word).body(Bytes::new());
    request.unwrap_or_default()
}
