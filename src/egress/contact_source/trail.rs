//! The steps of a reading as an admin sees them in a test: what went well, where it stopped, and what could not be tried.

use crate::clock::Clock;
use crate::domain::contact_source::SourceProblem;
use crate::domain::wording::Wording;
use crate::egress::trunk_test::{TestStep, Verdict};
use std::time::Duration;

/// Their names in the API.
pub mod step {
    /// Is somebody there?
    pub const ADDRESS: &str = "address";
    /// Is the line protected?
    pub const TLS: &str = "tls";
    /// Are we let in?
    pub const SIGN_IN: &str = "sign_in";
    /// Is there an address book?
    pub const BOOK: &str = "book";
    /// Can entries be read?
    pub const ENTRIES: &str = "entries";
}

/// Steps so far.
pub(super) struct Trail {
    clock: Clock,
    since: Duration,
    steps: Vec<TestStep>,
}

impl Trail {
    pub fn new(clock: &Clock) -> Trail {
        Trail { clock: clock.clone(), since: clock.monotonic(), steps: Vec::new() }
    }

    /// A step went well.
    pub fn good(&mut self, name: &'static str, found: Wording) {
        self.note(name, Verdict::Good, found);
    }

    /// The step where it stopped; once only.
    pub fn failed(&mut self, name: &'static str, problem: SourceProblem) -> SourceProblem {
        if !self.steps.iter().any(|step| step.verdict == Verdict::Bad) {
            let words = (format!("{} {}", problem.en, problem.todo_en), format!("{} {}", problem.de, problem.todo_de));
            self.note(name, Verdict::Bad, words.into());
        }
        problem
    }

    fn note(&mut self, name: &'static str, verdict: Verdict, found: Wording) {
        let now = self.clock.monotonic();
        let took = now.saturating_sub(self.since);
        self.since = now;
        self.steps.push(TestStep { name, verdict, en: found.english, de: found.german, took });
    }

    /// All of `names` in order, the untried ones too.
    pub fn finish(self, names: &[&'static str]) -> Vec<TestStep> {
        let mut steps = self.steps;
        for name in names {
            if !steps.iter().any(|step| step.name == *name) {
                steps.push(TestStep {
                    name,
                    verdict: Verdict::Skipped,
                    en: "Not tried: a step before it failed.".into(),
                    de: "Nicht geprüft: ein Schritt davor ist gescheitert.".into(),
                    took: Duration::ZERO,
                });
            }
        }
        steps
    }
}
