//! Events, after commit, to whoever listens: the outbox's bell and the portal's live view.
//! Keeps the last few, so that a browser that was away for a moment misses nothing.

use crate::domain::event::Event;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::{Notify, broadcast};

/// How many events are kept for those who come back.
const KEPT_MAX: usize = 1024;

/// An event with its place in the order of events since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Numbered {
    /// Counts from 1.
    pub number: u64,
    /// What happened.
    pub event: Event,
}

/// The bus; clones are the same bus.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    kept: Mutex<Kept>,
    live: broadcast::Sender<Numbered>,
    bell: Notify,
    files_bell: Notify,
    campaigns_bell: Notify,
    /// Counts what may have changed an extension or where it is registered.
    moves: AtomicU64,
}

#[derive(Default)]
struct Kept {
    last: u64,
    events: VecDeque<Numbered>,
}

/// What a listener that names the last event it saw is given first.
pub enum Missed {
    /// These, in order; then the live ones.
    Events(Vec<Numbered>),
    /// Too much was missed, or the daemon was restarted: look at everything again.
    TooMuch,
}

impl Default for Bus {
    fn default() -> Bus {
        Bus::new()
    }
}

impl Bus {
    /// A bus nobody listens to yet.
    pub fn new() -> Bus {
        let (live, _) = broadcast::channel(KEPT_MAX);
        Bus(Arc::new(Inner {
            kept: Mutex::default(),
            live,
            bell: Notify::new(),
            files_bell: Notify::new(),
            campaigns_bell: Notify::new(),
            moves: AtomicU64::new(0),
        }))
    }

    /// Publishes what was just committed.
    pub fn publish(&self, events: &[Event]) {
        let mut kept = self.0.kept.lock().expect("nothing panics while events are numbered");
        for &event in events {
            let bell = match event {
                Event::OutboxRung => Some(&self.0.bell),
                Event::FilesRung => Some(&self.0.files_bell),
                _ => None,
            };
            if let Some(bell) = bell {
                bell.notify_one();
                continue;
            }
            if matches!(event, Event::CampaignChanged { .. }) {
                self.0.campaigns_bell.notify_one();
            }
            if matches!(event, Event::ExtensionChanged { .. } | Event::SettingsChanged) {
                self.0.moves.fetch_add(1, Ordering::Release);
            }
            kept.last += 1;
            let numbered = Numbered { number: kept.last, event };
            if kept.events.len() == KEPT_MAX {
                kept.events.pop_front();
            }
            kept.events.push_back(numbered);
            // An error means that nobody listens, which is fine.
            let _ = self.0.live.send(numbered);
        }
    }

    /// Waits until something was put into the outbox since the last wait. For one waiter: the outbox.
    pub async fn outbox_rung(&self) {
        self.0.bell.notified().await;
    }

    /// Waits until a file waits at a carrier since the last wait. For one waiter: whoever fetches files.
    pub async fn files_rung(&self) {
        self.0.files_bell.notified().await;
    }

    /// Waits until a campaign changed since the last wait. For one waiter: whoever runs them.
    pub async fn campaigns_rung(&self) {
        self.0.campaigns_bell.notified().await;
    }

    /// Grows with every change of an extension or of where it is registered, before whoever made the change is
    /// answered: what was read under this number is true while the number stands.
    pub fn moves(&self) -> u64 {
        self.0.moves.load(Ordering::Acquire)
    }

    /// Listens from now on.
    pub fn listen(&self) -> broadcast::Receiver<Numbered> {
        self.0.live.subscribe()
    }

    /// Listens, and is given what came after `last_seen`.
    pub fn listen_since(&self, last_seen: u64) -> (Missed, broadcast::Receiver<Numbered>) {
        let kept = self.0.kept.lock().expect("nothing panics while events are numbered");
        let live = self.0.live.subscribe();
        let oldest = kept.events.front().map_or(kept.last + 1, |first| first.number);
        if last_seen > kept.last || last_seen + 1 < oldest {
            return (Missed::TooMuch, live);
        }
        (Missed::Events(kept.events.iter().filter(|kept| kept.number > last_seen).copied().collect()), live)
    }

    /// The number of the newest event.
    pub fn last(&self) -> u64 {
        self.0.kept.lock().expect("nothing panics while events are numbered").last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::SessionId;

    #[test]
    fn whoever_comes_back_gets_what_it_missed_or_is_told_to_look_again() {
        let bus = Bus::new();
        for id in 0..(KEPT_MAX as i64 + 10) {
            bus.publish(&[Event::SessionChanged { session: SessionId(id) }]);
        }

        let (recent, _) = bus.listen_since(KEPT_MAX as u64 + 8);
        let (ancient, _) = bus.listen_since(3);
        let (from_before_a_restart, _) = bus.listen_since(999_999);

        assert!(matches!(recent, Missed::Events(events) if events.len() == 2));
        assert!(matches!(ancient, Missed::TooMuch));
        assert!(matches!(from_before_a_restart, Missed::TooMuch));
    }
}
