//! Non-INVITE transactions (RFC 3261 17.1.2, 17.2.2): (state, input, now) -> action; pure.
//! Tables, sockets and clocks are in `endpoint.rs`. No 100 is ever made for a non-INVITE (RFC 4320).

use super::message::{NameAddr, Request, Via};
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// The base values all timers follow from (RFC 3261, table 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timers {
    pub t1: Duration,
    pub t2: Duration,
    pub t4: Duration,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}

impl Timers {
    /// Timers F and J: 64 times T1.
    pub fn patience(&self) -> Duration {
        self.t1 * 64
    }
}

/// A client transaction. Over UDP it retransmits at Timer E until an answer comes or Timer F ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    Trying {
        retransmit: Option<Retransmit>,
        ends: Duration,
    },
    Proceeding {
        retransmit: Option<Retransmit>,
        ends: Duration,
    },
    /// Answered; over UDP, until Timer K, so that late copies of the answer find somebody.
    Completed {
        ends: Duration,
    },
    Terminated,
}

/// Timer E: when next, and after how long again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retransmit {
    at: Duration,
    interval: Duration,
}

/// What a client transaction learns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientInput {
    /// Time has gone by.
    Tick,
    Provisional,
    Final,
    /// The transport said that it cannot send.
    TransportFailed,
}

/// What it then wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAction {
    Nothing,
    /// Send the same bytes once more.
    Retransmit,
    /// Hand this response to the user.
    Deliver,
    /// Tell the user that nobody answered.
    TimedOut,
    /// Tell the user that it could not be sent.
    Failed,
}

impl Client {
    /// The state after the first sending, which is the caller's.
    pub fn begin(timers: &Timers, reliable: bool, now: Duration) -> Client {
        let retransmit = (!reliable).then_some(Retransmit { at: now + timers.t1, interval: timers.t1 });
        Client::Trying { retransmit, ends: now + timers.patience() }
    }

    pub fn step(self, input: ClientInput, timers: &Timers, reliable: bool, now: Duration) -> (Client, ClientAction) {
        use ClientAction::*;
        match (self, input) {
            (Client::Completed { ends }, ClientInput::Tick) if now >= ends => (Client::Terminated, Nothing),
            (Client::Completed { .. } | Client::Terminated, _) => (self, Nothing),
            (_, ClientInput::Final) if reliable => (Client::Terminated, Deliver),
            (_, ClientInput::Final) => (Client::Completed { ends: now + timers.t4 }, Deliver),
            (_, ClientInput::TransportFailed) => (Client::Terminated, Failed),
            (
                Client::Trying { retransmit, ends } | Client::Proceeding { retransmit, ends },
                ClientInput::Provisional,
            ) => (Client::Proceeding { retransmit, ends }, Nothing),
            (Client::Trying { ends, .. } | Client::Proceeding { ends, .. }, ClientInput::Tick) if now >= ends => {
                (Client::Terminated, TimedOut)
            }
            (Client::Trying { retransmit: Some(e), ends }, ClientInput::Tick) if now >= e.at => {
                let interval = (e.interval * 2).min(timers.t2);
                (Client::Trying { retransmit: Some(e.again(interval)), ends }, Retransmit)
            }
            (Client::Proceeding { retransmit: Some(e), ends }, ClientInput::Tick) if now >= e.at => {
                (Client::Proceeding { retransmit: Some(e.again(timers.t2)), ends }, Retransmit)
            }
            (_, ClientInput::Tick) => (self, Nothing),
        }
    }

    /// When it wants its next [`ClientInput::Tick`].
    pub fn due(&self) -> Option<Duration> {
        match *self {
            Client::Trying { retransmit, ends } | Client::Proceeding { retransmit, ends } => {
                Some(retransmit.map_or(ends, |e| e.at.min(ends)))
            }
            Client::Completed { ends } => Some(ends),
            Client::Terminated => None,
        }
    }

    /// Whether the user still waits for its answer.
    pub fn is_waiting(&self) -> bool {
        matches!(self, Client::Trying { .. } | Client::Proceeding { .. })
    }
}

impl Retransmit {
    /// Counted from when it was due, not from when somebody had time: the schedule does not drift.
    fn again(self, interval: Duration) -> Retransmit {
        Retransmit { at: self.at + interval, interval }
    }
}

/// A server transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// The application has the request and has not answered.
    Trying,
    /// Answered; the answer is given again to whoever asks again, until Timer J.
    Completed {
        ends: Duration,
    },
    Terminated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerInput {
    /// The request has come again.
    Retransmission,
    /// The application has given its final answer.
    Answer,
    Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerAction {
    Nothing,
    /// Send the final answer, for the first time or again.
    Send,
}

impl Server {
    pub fn step(self, input: ServerInput, timers: &Timers, reliable: bool, now: Duration) -> (Server, ServerAction) {
        match (self, input) {
            (Server::Trying, ServerInput::Answer) if reliable => (Server::Terminated, ServerAction::Send),
            (Server::Trying, ServerInput::Answer) => {
                (Server::Completed { ends: now + timers.patience() }, ServerAction::Send)
            }
            (Server::Completed { ends }, _) if now >= ends => (Server::Terminated, ServerAction::Nothing),
            (Server::Completed { .. }, ServerInput::Retransmission) => (self, ServerAction::Send),
            _ => (self, ServerAction::Nothing),
        }
    }
}

/// Which server transaction a request belongs to (RFC 3261 17.2.3): branch, sent-by and method; without a
/// branch of RFC 3261, all that RFC 2543 compares. Hashed with keys of this process, so nobody can aim at another's.
pub fn server_key(request: &Request, via: &Via, keys: &impl BuildHasher) -> u64 {
    match via.branch() {
        Some(branch) => hash(keys, &[branch, &via.sent_by(), request.method.as_str()]),
        None => {
            let headers = &request.headers;
            let tag = |address: Result<NameAddr, _>| {
                address.ok().and_then(|address| address.tag().map(str::to_owned)).unwrap_or_default()
            };
            let parts = [headers.get("CSeq").unwrap_or_default(), headers.call_id(), &request.uri.to_string()];
            hash(keys, &[&parts.join("\0"), &via.to_string(), &tag(headers.from()), &tag(headers.to())])
        }
    }
}

/// What two copies of one request that came by different ways have in common (RFC 3261 8.2.2.2).
pub fn merge_key(request: &Request, keys: &impl BuildHasher) -> u64 {
    let headers = &request.headers;
    hash(
        keys,
        &["merge", headers.get("From").unwrap_or_default(), headers.call_id(), headers.get("CSeq").unwrap_or_default()],
    )
}

fn hash(keys: &impl BuildHasher, parts: &[&str]) -> u64 {
    let mut hasher = keys.build_hasher();
    for part in parts {
        hasher.write(part.as_bytes());
        hasher.write_u8(0xff);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::Method;
    use std::hash::RandomState;

    const T: Timers = Timers { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) };

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// When it sends again and when it ends, in seconds, if `answer` comes at its time.
    fn schedule(reliable: bool, provisional_at: Option<f64>) -> (Vec<f64>, f64) {
        let mut client = Client::begin(&T, reliable, Duration::ZERO);
        let mut sent = vec![];
        let mut provisional = provisional_at.map(at);
        loop {
            let due = client.due().expect("it ends before it is forgotten");
            if let Some(early) = provisional.filter(|early| *early < due) {
                client = client.step(ClientInput::Provisional, &T, reliable, early).0;
                provisional = None;
                continue;
            }
            let (next, action) = client.step(ClientInput::Tick, &T, reliable, due);
            client = next;
            match action {
                ClientAction::Retransmit => sent.push(due.as_secs_f64()),
                ClientAction::TimedOut => return (sent, due.as_secs_f64()),
                other => panic!("{other:?} at {due:?}"),
            }
        }
    }

    #[test]
    fn a_silent_peer_hears_the_schedule_of_rfc_3261() {
        let expected = vec![0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5];

        assert_eq!(schedule(false, None), (expected, 32.0));
    }

    #[test]
    fn after_a_provisional_it_sends_every_t2() {
        assert_eq!(schedule(false, Some(0.7)), (vec![0.5, 1.5, 5.5, 9.5, 13.5, 17.5, 21.5, 25.5, 29.5], 32.0));
    }

    #[test]
    fn a_reliable_transport_is_trusted_with_one_sending() {
        assert_eq!(schedule(true, None), (vec![], 32.0));
    }

    #[test]
    fn an_answer_is_delivered_once_and_its_copies_are_absorbed_until_timer_k() {
        let client = Client::begin(&T, false, Duration::ZERO);

        let (client, first) = client.step(ClientInput::Final, &T, false, at(1.0));
        let (client, second) = client.step(ClientInput::Final, &T, false, at(2.0));
        let (client, tick) = client.step(ClientInput::Tick, &T, false, at(5.9));

        assert_eq!((first, second, tick), (ClientAction::Deliver, ClientAction::Nothing, ClientAction::Nothing));
        assert_eq!(client.due(), Some(at(6.0)));
        assert_eq!(client.step(ClientInput::Tick, &T, false, at(6.0)).0, Client::Terminated);
    }

    #[test]
    fn over_a_stream_an_answer_ends_it_at_once() {
        let client = Client::begin(&T, true, Duration::ZERO);

        assert_eq!(client.step(ClientInput::Final, &T, true, at(1.0)), (Client::Terminated, ClientAction::Deliver));
    }

    #[test]
    fn a_server_answers_a_retransmission_only_after_the_application_and_until_timer_j() {
        let (server, early) = Server::Trying.step(ServerInput::Retransmission, &T, false, at(1.0));
        let (server, answer) = server.step(ServerInput::Answer, &T, false, at(2.0));
        let (server, again) = server.step(ServerInput::Retransmission, &T, false, at(33.9));
        let (server, late) = server.step(ServerInput::Retransmission, &T, false, at(34.0));

        assert_eq!((early, answer), (ServerAction::Nothing, ServerAction::Send));
        assert_eq!((again, late), (ServerAction::Send, ServerAction::Nothing));
        assert_eq!(server, Server::Terminated);
    }

    fn key_of(via: &str, cseq: u32, to_tag: &str) -> u64 {
        static KEYS: std::sync::LazyLock<RandomState> = std::sync::LazyLock::new(RandomState::new);
        let peer: NameAddr = "<sip:a@example.com>".parse().unwrap();
        let mut request = Request::out_of_dialog(Method::Message, peer.uri.clone(), &peer, &peer, "id", cseq);
        request.headers.set("From", "<sip:a@example.com>;tag=1");
        request.headers.set("To", format!("<sip:b@example.com>{to_tag}"));
        server_key(&request, &via.parse().unwrap(), &*KEYS)
    }

    #[test]
    fn branch_sent_by_and_method_make_a_transaction() {
        let key = key_of("SIP/2.0/UDP a:5060;branch=z9hG4bK1", 1, "");

        assert_eq!(key, key_of("SIP/2.0/UDP A:5060;rport;branch=z9hG4bK1", 2, ";tag=x"));
        assert_ne!(key, key_of("SIP/2.0/UDP a:5060;branch=z9hG4bK2", 1, ""));
        assert_ne!(key, key_of("SIP/2.0/UDP a:5061;branch=z9hG4bK1", 1, ""));
    }

    #[test]
    fn without_a_branch_everything_counts() {
        let key = key_of("SIP/2.0/UDP a;branch=z9hG4bK", 1, "");

        assert_eq!(key, key_of("SIP/2.0/UDP a;branch=z9hG4bK", 1, ""));
        assert_ne!(key, key_of("SIP/2.0/UDP a;branch=z9hG4bK", 2, ""));
        assert_ne!(key, key_of("SIP/2.0/UDP a;branch=z9hG4bK", 1, ";tag=x"));
        assert_ne!(key, key_of("SIP/2.0/UDP b;branch=z9hG4bK", 1, ""));
    }
}
