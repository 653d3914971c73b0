//! All transactions of an endpoint, and the deadlines that end them: a heap for clients, a queue for answers.
//! A finished transaction is a few dozen bytes: its answer is made again from the request that comes again.

use super::client::SendFailure;
use crate::sip::message::{FlowId, Method, Response};
use crate::sip::transaction::{Client, ClientAction, ClientInput, Server, ServerAction, ServerInput, Timers};
use crate::sip::transport::{Bounds, Path};
use crate::sip::wire::Tail;
use bytes::Bytes;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet, VecDeque};
use std::time::Duration;
use tokio::sync::oneshot;

pub type Answer = oneshot::Sender<Result<Response, SendFailure>>;

/// Answers outlive their Timer J by so much at most before they are swept out; asking for one sees the exact time.
const SWEEP: Duration = Duration::from_secs(1);

pub struct Table {
    timers: Timers,
    transactions_max: usize,
    answers_max: usize,
    answers_bytes_max: usize,

    servers: HashMap<u64, Served>,
    /// Requests that wait for the application, by what copies of them have in common.
    merged: HashSet<u64>,
    /// Answered, in the order in which Timer J ends.
    answered: VecDeque<(Duration, u64)>,
    answered_bytes: usize,

    /// Requests that wait for their answers.
    clients: HashMap<u64, Sending>,
    due: BinaryHeap<Reverse<(Duration, u64)>>,
    /// When the timer task means to look next.
    armed: Duration,
}

enum Served {
    Waiting { merge: u64 },
    Answered { server: Server, status: u16, tail: Option<Box<Tail>> },
}

struct Sending {
    state: Client,
    reliable: bool,
    method: Method,
    /// Kept for retransmission over UDP, until the answer.
    again: Option<(Path, Bytes)>,
    flow: Option<FlowId>,
    answer: Option<Answer>,
}

/// What to do with a request that has arrived.
pub enum Arrival {
    New,
    /// The application has it already.
    Absorb,
    Repeat {
        status: u16,
        tail: Option<Tail>,
    },
    /// It came before by another way, and is being worked on (RFC 3261 8.2.2.2).
    Merged,
    Full,
}

impl Table {
    pub fn new(timers: Timers, bounds: &Bounds) -> Table {
        Table {
            timers,
            transactions_max: bounds.transactions_max,
            answers_max: bounds.answers_max,
            answers_bytes_max: bounds.answers_bytes_max,
            servers: HashMap::new(),
            merged: HashSet::new(),
            answered: VecDeque::new(),
            answered_bytes: 0,
            clients: HashMap::new(),
            due: BinaryHeap::new(),
            armed: Duration::MAX,
        }
    }

    /// Waiting for the application, waiting for peers, answers kept.
    pub fn sizes(&self) -> (usize, usize, usize) {
        (self.merged.len(), self.clients.len(), self.servers.len() - self.merged.len())
    }

    pub fn is_busy(&self) -> bool {
        !self.merged.is_empty() || !self.clients.is_empty()
    }

    /// Enters a request, or says what is known of it.
    pub fn arrive(&mut self, key: u64, merge: u64, now: Duration) -> Arrival {
        match self.servers.get(&key) {
            Some(Served::Waiting { .. }) => return Arrival::Absorb,
            Some(Served::Answered { server, status, tail }) => {
                let (_, action) = server.step(ServerInput::Retransmission, &self.timers, false, now);
                if action == ServerAction::Send {
                    return Arrival::Repeat { status: *status, tail: tail.as_deref().cloned() };
                }
            }
            None => {}
        }
        if self.merged.contains(&merge) {
            return Arrival::Merged;
        }
        if self.merged.len() >= self.transactions_max {
            return Arrival::Full;
        }
        self.forget(key);
        self.servers.insert(key, Served::Waiting { merge });
        self.merged.insert(merge);
        Arrival::New
    }

    /// The application has answered. True if the timer task must be woken.
    pub fn answer(&mut self, key: u64, reliable: bool, status: u16, tail: Option<Tail>, now: Duration) -> bool {
        self.forget(key);
        let (server, _) = Server::Trying.step(ServerInput::Answer, &self.timers, reliable, now);
        let Server::Completed { ends } = server else { return false };
        self.answered_bytes += tail.as_ref().map_or(0, |tail| tail.bytes.len());
        self.servers.insert(key, Served::Answered { server, status, tail: tail.map(Box::new) });
        self.answered.push_back((ends, key));
        while self.answered.len() > self.answers_max || self.answered_bytes > self.answers_bytes_max {
            let Some((ends, oldest)) = self.answered.pop_front() else { break };
            self.forget_answer(oldest, ends);
        }
        ends + SWEEP < self.armed
    }

    /// The request never reached the application.
    pub fn forget(&mut self, key: u64) {
        match self.servers.remove(&key) {
            Some(Served::Waiting { merge }) => drop(self.merged.remove(&merge)),
            Some(Served::Answered { tail, .. }) => self.answered_bytes -= tail.map_or(0, |tail| tail.bytes.len()),
            None => {}
        }
    }

    /// Enters a client transaction; the caller sends for the first time. True if the timer task must be woken.
    pub fn begin(
        &mut self,
        branch: u64,
        method: Method,
        (path, bytes): (Path, Bytes),
        answer: Answer,
        now: Duration,
    ) -> Result<bool, SendFailure> {
        if self.clients.len() >= self.transactions_max {
            return Err(SendFailure::TooManyTransactions);
        }
        let reliable = path.transport().is_reliable();
        let state = Client::begin(&self.timers, reliable, now);
        let flow = path.flow();
        let again = (!reliable).then_some((path, bytes));
        self.clients.insert(branch, Sending { state, reliable, method, again, flow, answer: Some(answer) });
        Ok(self.plan(branch, state.due()))
    }

    /// A response has come: to whom does it go?
    pub fn hear(&mut self, branch: u64, method: &Method, is_final: bool, now: Duration) -> Option<Answer> {
        let sending = self.clients.get(&branch).filter(|sending| sending.method == *method)?;
        let input = if is_final { ClientInput::Final } else { ClientInput::Provisional };
        let (state, action) = sending.state.step(input, &self.timers, sending.reliable, now);
        let answer = if action == ClientAction::Deliver { self.take_answer(branch) } else { None };
        self.settle(branch, state);
        answer
    }

    pub fn is_waiting(&self, branch: u64) -> bool {
        self.clients.contains_key(&branch)
    }

    /// The transport could not send, or the sender has lost interest.
    pub fn fail(&mut self, branch: u64) -> Option<Answer> {
        let answer = self.take_answer(branch);
        self.settle(branch, Client::Terminated);
        answer
    }

    /// A connection has ended: those who wait for answers over it need not wait for the timer.
    pub fn lose(&mut self, flow: FlowId) {
        let lost: Vec<u64> =
            self.clients.iter().filter(|(_, s)| s.flow == Some(flow)).map(|(branch, _)| *branch).collect();
        for branch in lost {
            if let Some(answer) = self.fail(branch) {
                let _ = answer.send(Err(SendFailure::ConnectionLost));
            }
        }
    }

    pub fn abandon_all(&mut self) {
        let all: Vec<u64> = self.clients.keys().copied().collect();
        for branch in all {
            if let Some(answer) = self.fail(branch) {
                let _ = answer.send(Err(SendFailure::ShuttingDown));
            }
        }
    }

    /// When the timer task must look next; it will sleep until then.
    pub fn arm(&mut self) -> Option<Duration> {
        let client = self.due.peek().map(|Reverse((due, _))| *due);
        let answer = self.answered.front().map(|(ends, _)| *ends + SWEEP);
        let next = [client, answer].into_iter().flatten().min();
        self.armed = next.unwrap_or(Duration::MAX);
        next
    }

    /// Does all that is due, and says what is to be sent again.
    pub fn tick(&mut self, now: Duration) -> Vec<(Path, Bytes)> {
        while let Some((ends, key)) = self.answered.pop_front_if(|(ends, _)| *ends <= now) {
            self.forget_answer(key, ends);
        }
        let mut again = Vec::new();
        while let Some(&Reverse((due, branch))) = self.due.peek()
            && due <= now
        {
            self.due.pop();
            again.extend(self.tick_client(branch, now));
        }
        self.give_back_memory();
        again
    }

    fn tick_client(&mut self, branch: u64, now: Duration) -> Option<(Path, Bytes)> {
        let sending = self.clients.get(&branch)?;
        if sending.state.due().is_none_or(|due| due > now) {
            return None; // planned before an answer changed the plan: its new deadline is in the heap as well
        }
        let (state, action) = sending.state.step(ClientInput::Tick, &self.timers, sending.reliable, now);
        let again = (action == ClientAction::Retransmit).then(|| sending.again.clone()).flatten();
        if action == ClientAction::TimedOut
            && let Some(answer) = self.take_answer(branch)
        {
            let _ = answer.send(Err(SendFailure::TimedOut));
        }
        self.settle(branch, state);
        again
    }

    /// Writes down a client's new state and plans its next deadline.
    fn settle(&mut self, branch: u64, state: Client) {
        let Some(sending) = self.clients.get_mut(&branch) else { return };
        let (was, due) = (sending.state.due(), state.due());
        sending.state = state;
        if !state.is_waiting() {
            // Timer K only keeps somebody here to drop late copies of the answer. Nobody does that as well.
            self.clients.remove(&branch);
        } else if due != was {
            self.plan(branch, due);
        }
    }

    fn plan(&mut self, branch: u64, due: Option<Duration>) -> bool {
        let Some(due) = due else { return false };
        self.due.push(Reverse((due, branch)));
        let is_earlier = due < self.armed;
        self.armed = self.armed.min(due);
        is_earlier
    }

    fn take_answer(&mut self, branch: u64) -> Option<Answer> {
        self.clients.get_mut(&branch)?.answer.take()
    }

    /// Forgets an answer, unless the key has been answered anew since.
    fn forget_answer(&mut self, key: u64, ended: Duration) {
        if let Some(Served::Answered { server: Server::Completed { ends }, .. }) = self.servers.get(&key)
            && *ends == ended
        {
            self.forget(key);
        }
    }

    /// After a flood the tables shrink again.
    fn give_back_memory(&mut self) {
        if self.servers.capacity() > 4096 && self.servers.len() < self.servers.capacity() / 8 {
            self.servers.shrink_to(self.servers.len() * 2);
            self.answered.shrink_to(self.answered.len() * 2);
        }
        if self.clients.capacity() > 4096 && self.clients.len() < self.clients.capacity() / 8 {
            self.clients.shrink_to(self.clients.len() * 2);
            self.due.shrink_to(self.due.len() * 2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(answers_max: usize) -> Table {
        Table::new(
            Timers::default(),
            &Bounds { transactions_max: 3, answers_max, answers_bytes_max: 1000, ..Bounds::default() },
        )
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn tail(bytes: usize) -> Option<Tail> {
        Some(Tail { reason: "OK".into(), bytes: vec![b'x'; bytes].into() })
    }

    #[test]
    fn the_application_is_called_once_and_its_answer_repeated_until_timer_j() {
        let mut table = table(10);

        assert!(matches!(table.arrive(1, 101, at(0)), Arrival::New));
        assert!(matches!(table.arrive(1, 101, at(1)), Arrival::Absorb));
        assert!(matches!(table.arrive(2, 101, at(1)), Arrival::Merged));
        table.answer(1, false, 202, tail(7), at(2));
        assert!(matches!(table.arrive(1, 101, at(33)), Arrival::Repeat { status: 202, tail: Some(_) }));
        assert!(matches!(table.arrive(1, 101, at(34)), Arrival::New), "after Timer J it is a new request");
    }

    #[test]
    fn more_waiting_requests_than_the_bound_are_refused_until_some_are_answered() {
        let mut table = table(10);

        for n in 0..3 {
            assert!(matches!(table.arrive(n, n + 100, at(0)), Arrival::New));
        }
        assert!(matches!(table.arrive(9, 109, at(0)), Arrival::Full));
        table.answer(0, false, 200, None, at(0));
        assert!(matches!(table.arrive(9, 109, at(0)), Arrival::New));
    }

    #[test]
    fn kept_answers_stay_within_their_bounds_in_number_and_in_bytes() {
        for (answers_max, bytes, kept) in [(2, 1, 2), (100, 400, 2)] {
            let mut table = table(answers_max);

            for n in 0..50 {
                table.arrive(n, n + 100, at(0));
                table.answer(n, false, 200, tail(bytes), at(0));
            }

            assert_eq!(table.sizes(), (0, 0, kept));
            assert_eq!(table.answered_bytes, bytes * kept);
        }
    }

    #[test]
    fn nothing_is_left_when_all_timers_have_ended() {
        let mut table = table(100);
        for n in 0..50 {
            table.arrive(n, n + 100, at(0));
            table.answer(n, n % 2 == 0, 200, tail(5), at(n));
        }

        table.tick(at(50 + 32));

        assert!(table.servers.is_empty() && table.merged.is_empty() && table.answered.is_empty());
        assert_eq!((table.answered_bytes, table.arm()), (0, None));
    }
}
