//! Speaks with a carrier over HTTP: runs the dialect's fold step by step, makes its calls, and says how it ended.
//! What certainly did not leave the house is refused; what may have left it without an answer is unknown, never guessed.

use crate::carrier::dialect::{Accepted, Answer, AskStep, Known, OutboundMessage, Question, Request, Step};
use crate::carrier::simulator::SCHEME;
use crate::clock::Clock;
use crate::domain::delivery::SendError;
use crate::domain::exchange::{Exchange, Purpose};
use crate::domain::id::MessageId;
use crate::domain::media::FILES_MAX;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::egress::channel_log::{self, Ended, Span};
use crate::egress::outcome::{Outcome, Tried};
use crate::egress::simulator::SimulatorHandle;
use crate::egress::sip_trunk::SipTrunks;
use crate::egress::switchboard::TrunkLine;
use crate::net::client::{CallError, CallLimits, HttpClient};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

/// Calls one conversation may take beside its uploads: the send itself, and room for what carriers come up with.
const STEPS_MAX: usize = 6;
/// Uploads before it.
const UPLOADS_MAX: usize = FILES_MAX;
/// No call is begun after this long: a conversation ends within the lease of its delivery.
const TALK_MAX: Duration = Duration::from_secs(50);
pub(super) const DIALECT_FAILED: &str =
    "the carrier's dialect failed on this message: this is a fault in Depesche, please report it";

/// What calls are made with.
#[derive(Clone, Copy)]
pub(super) struct Wires<'a> {
    pub http: &'a HttpClient,
    pub simulator: &'a SimulatorHandle,
    pub clock: &'a Clock,
    pub sip: Option<&'a SipTrunks>,
}

/// What a question brought: the answer (`None`: this carrier cannot be asked), and the last thing the carrier said.
pub(super) struct Asked {
    pub known: Option<Result<Known, SendError>>,
    pub last: Option<Answer>,
    pub exchanges: Vec<Exchange>,
}

/// Hands a message to the carrier.
pub(super) async fn send(line: &TrunkLine, wires: Wires<'_>, message: &OutboundMessage, about: MessageId) -> Tried {
    let mut talk = Talk::new(line, wires, Purpose::Send, Some(about));
    let mut begun = false;
    let outcome = loop {
        let step = contained(|| line.carrier.next(message, &talk.answers));
        let call = match step {
            Some(Ok(Step::Upload(call))) => match talk.upload(call).await {
                Ok(()) => continue,
                Err(stopped) => break Outcome::Refused(stopped.error()),
            },
            Some(Ok(Step::Call(call))) => call,
            Some(Ok(Step::Done(accepted))) => break taken(accepted),
            Some(Err(error)) => break Outcome::Refused(error),
            None => break Outcome::Unknown { why: DIALECT_FAILED.into() },
        };
        if let Err(stopped) = talk.make(call).await {
            break stopped.outcome(begun);
        }
        begun = true;
    };
    let good = matches!(outcome, Outcome::Taken { .. });
    Tried { exchanges: talk.ended(&in_a_few_words(&outcome), good), outcome }
}

/// Asks the carrier something.
pub(super) async fn ask(
    line: &TrunkLine,
    wires: Wires<'_>,
    question: &Question,
    purpose: Purpose,
    about: Option<MessageId>,
) -> Asked {
    if let (Some(sip), Some(trunks)) = (line.carrier.sip(), wires.sip) {
        let (known, exchanges) = trunks.ask(line, sip, question).await;
        return Asked { known, last: None, exchanges };
    }
    let mut talk = Talk::new(line, wires, purpose, about);
    let known = loop {
        let call = match contained(|| line.carrier.ask(question, &talk.answers)) {
            Some(None) => break None,
            Some(Some(Ok(AskStep::Call(call) | AskStep::File { call, .. }))) => call,
            Some(Some(Ok(AskStep::Known(known)))) => break Some(Ok(known)),
            Some(Some(Err(error))) => break Some(Err(error)),
            None => break Some(Err(SendError::Unreadable { why: DIALECT_FAILED.into() })),
        };
        if let Err(stopped) = talk.make(call).await {
            break Some(Err(stopped.error()));
        }
    };
    let outcome = match &known {
        None => "this carrier cannot be asked".to_owned(),
        Some(Ok(known)) => known_in_a_few_words(known).to_owned(),
        Some(Err(error)) => error.reason().code.english().to_owned(),
    };
    let last = talk.answers.last().cloned();
    let good = !matches!(known, Some(Err(_)));
    Asked { known, last, exchanges: talk.ended(&outcome, good) }
}

/// Runs a dialect's code; `None` if it panicked. One message that a dialect stumbles over never stops the house.
pub(super) fn contained<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}

fn taken(accepted: Accepted) -> Outcome {
    Outcome::Taken { carrier_id: Some(accepted.carrier_id), segments: accepted.segments, parts: accepted.parts }
}

/// One conversation: what was answered so far, and its record.
pub(super) struct Talk<'a> {
    pub line: &'a TrunkLine,
    pub wires: Wires<'a>,
    pub answers: Vec<Answer>,
    purpose: Purpose,
    about: Option<MessageId>,
    began: Duration,
    uploads: usize,
    exchanges: Vec<Exchange>,
}

/// Why a conversation cannot go on.
pub(super) enum Stopped {
    Call(CallError),
    TooLong,
}

impl<'a> Talk<'a> {
    pub fn new(line: &'a TrunkLine, wires: Wires<'a>, purpose: Purpose, about: Option<MessageId>) -> Talk<'a> {
        let began = wires.clock.monotonic();
        Talk { line, wires, purpose, about, began, answers: Vec::new(), uploads: 0, exchanges: Vec::new() }
    }

    /// Makes a call and keeps its answer, and both in the record.
    async fn make(&mut self, call: Request) -> Result<(), Stopped> {
        self.make_within(call, self.wires.http.limits().total_max).await
    }

    /// A file goes to the carrier: as long as there is time, since nothing is in doubt where that runs out.
    async fn upload(&mut self, call: Request) -> Result<(), Stopped> {
        let usual = self.wires.http.limits().total_max;
        self.uploads += 1;
        self.make_within(call, TALK_MAX.saturating_sub(self.lasts()).max(usual)).await
    }

    /// [`Talk::make`] with a time of its own for this call.
    pub async fn make_within(&mut self, call: Request, total_max: Duration) -> Result<(), Stopped> {
        let begun = self.begin()?;
        let result = if call.uri().scheme_str() == Some(SCHEME) {
            self.wires.simulator.call(self.line.id, &call).await
        } else {
            let limits = CallLimits { total_max, ..self.wires.http.limits() };
            self.wires.http.call_within(call.clone(), limits).await
        };
        self.note(&call, begun, &result);
        self.answers.push(result.map_err(Stopped::Call)?);
        Ok(())
    }

    /// One more call begins, if there may be one.
    pub fn begin(&self) -> Result<(Timestamp, Duration), Stopped> {
        let too_many = self.uploads > UPLOADS_MAX || self.answers.len() >= STEPS_MAX + self.uploads;
        if too_many || self.lasts() > TALK_MAX {
            return Err(Stopped::TooLong);
        }
        Ok((self.wires.clock.now(), self.wires.clock.monotonic()))
    }

    /// For how long it lasts by now.
    pub fn lasts(&self) -> Duration {
        self.wires.clock.monotonic().saturating_sub(self.began)
    }

    /// Puts a call and how it ended into the record.
    pub fn note(&mut self, call: &Request, (at, begun): (Timestamp, Duration), result: &Result<Answer, CallError>) {
        let span = Span { at, took: self.wires.clock.monotonic().saturating_sub(begun) };
        let why = result.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let ended = match result {
            Ok(answer) => Ended::Answered(answer),
            Err(error) if error.certainly_not_sent() => Ended::Not("not sent", &why),
            Err(_) => Ended::Not("no answer", &why),
        };
        self.exchanges.push(channel_log::call(
            self.purpose,
            self.line.id,
            self.about,
            span,
            call,
            ended,
            self.line.blotter(),
        ));
    }

    /// The record, with what it all came to beside the last exchange.
    pub fn ended(mut self, outcome: &str, good: bool) -> Vec<Exchange> {
        if let Some(last) = self.exchanges.last_mut() {
            outcome.clone_into(&mut last.outcome);
            last.good = good;
        }
        self.exchanges
    }
}

impl Stopped {
    /// What it means for a message. `begun`: an earlier call was answered.
    fn outcome(self, begun: bool) -> Outcome {
        match self {
            Stopped::Call(error) if error.certainly_not_sent() => Outcome::Refused(not_sent(error)),
            Stopped::Call(error) => Outcome::Unknown { why: error.to_string() },
            Stopped::TooLong if begun => Outcome::Unknown { why: too_long() },
            Stopped::TooLong => Outcome::Refused(SendError::Unreachable { why: too_long() }),
        }
    }

    /// What it means for a question, which changes nothing at the carrier.
    fn error(self) -> SendError {
        match self {
            Stopped::Call(error) if error.certainly_not_sent() => not_sent(error),
            Stopped::Call(error) => SendError::Unreachable { why: error.to_string() },
            Stopped::TooLong => SendError::Unreachable { why: too_long() },
        }
    }
}

/// An address we refuse to call stays refused until somebody mends the settings; everything else may pass.
fn not_sent(error: CallError) -> SendError {
    match error {
        CallError::Refused(why) => {
            SendError::Misconfigured { reason: Reason::of(ReasonCode::CarrierUnreachable).saying(&why) }
        }
        other => SendError::Unreachable { why: other.to_string() },
    }
}

pub(super) fn too_long() -> String {
    format!("the carrier wanted more than {STEPS_MAX} calls or {} seconds for one message", TALK_MAX.as_secs())
}

fn in_a_few_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Taken { carrier_id: Some(id), .. } => format!("taken as {id}"),
        Outcome::Taken { carrier_id: None, .. } => "taken".to_owned(),
        Outcome::Refused(error) => error.reason().code.english().to_owned(),
        Outcome::Unknown { .. } => "no answer: the carrier may have taken it".to_owned(),
        Outcome::Absent => "the phone is not registered".to_owned(),
        Outcome::Later { reason } | Outcome::Never { reason } => reason.code.english().to_owned(),
    }
}

fn known_in_a_few_words(known: &Known) -> &'static str {
    match known {
        Known::CredentialsGood(_) => "the credentials are good",
        Known::State(report) => report.state.as_str(),
        Known::Taken(_) => "the carrier has taken it",
        Known::NotTaken => "the carrier has not taken it",
        Known::Inbox { .. } => "what came in is known",
        Known::SenderGood(_) => "we may send from this number",
        Known::SenderBad(_) => "we may not send from this number",
        Known::CallbackFits => "what comes in is sent to us",
        Known::CallbackDiffers(_) => "what comes in is sent elsewhere",
        Known::Credit { .. } => "the credit is known",
        Known::Templates(_) => "the templates are known",
        Known::Numbers(_) => "the account's numbers are known",
        Known::Noted => "noted",
        Known::Media => "the file was fetched",
    }
}
