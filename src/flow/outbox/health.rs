//! How the trunks bear up: one that is told to slow down goes at half its pace and recovers slowly; one that fails again
//! and again is left alone, and tried with one message after a while. In memory: after a start all are well.

use crate::domain::id::TrunkId;
use std::collections::HashMap;
use std::time::Duration;

/// So many failures in a row, and nothing more is sent until a probe was answered.
pub const FAILURES_MAX: u32 = 5;
/// The first pause of a trunk that fails; doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
/// A probe that nobody heard of again does not block the trunk for ever.
const PROBE_MAX: Duration = Duration::from_secs(120);
/// From a standstill to full pace; from half pace it takes half as long.
const RECOVERY: Duration = Duration::from_secs(300);
/// The slowest a trunk gets by being told to slow down.
const SLOWEST: f64 = 1.0 / 32.0;
/// Many calls are told at once to slow down: that is one time.
const ONE_TIME: Duration = Duration::from_secs(1);

/// How each trunk bears up; those without a word are well.
#[derive(Default)]
pub struct Health(HashMap<TrunkId, Trunk>);

#[derive(Default)]
struct Trunk {
    held_until: Duration,
    /// The share of its pace it had at a moment.
    slowed: Option<(f64, Duration)>,
    failures: u32,
    breaker: Breaker,
}

#[derive(Default, Clone, Copy, PartialEq)]
enum Breaker {
    #[default]
    Closed,
    Open {
        until: Duration,
        pause: Duration,
    },
    Probing {
        since: Duration,
        pause: Duration,
    },
}

/// What a try said about its trunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// The carrier answered.
    Answered,
    /// It did not, or not in a way one can read.
    Failed,
}

/// What changed by a sign.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Nothing.
    None,
    /// Nothing more is sent over it for so long.
    Opened(Duration),
    /// It answers again.
    Closed,
}

/// How a trunk is, for people.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct TrunkHealth {
    /// Percent of its pace.
    pub pace_percent: u8,
    /// For how long nothing leaves.
    pub held_for: Option<Duration>,
    /// Failures in a row.
    pub failures: u32,
    /// Whether it is left alone because of them.
    pub interrupted: bool,
}

impl Health {
    /// How long nothing may leave over a trunk; zero: it may.
    pub fn wait(&self, trunk: TrunkId, now: Duration) -> Duration {
        let Some(trunk) = self.0.get(&trunk) else { return Duration::ZERO };
        let broken = match trunk.breaker {
            Breaker::Closed => Duration::ZERO,
            Breaker::Open { until, .. } => until.saturating_sub(now),
            Breaker::Probing { since, .. } => (since + PROBE_MAX).saturating_sub(now),
        };
        broken.max(trunk.held_until.saturating_sub(now))
    }

    /// The share of its pace that a trunk has now.
    pub fn share(&self, trunk: TrunkId, now: Duration) -> f64 {
        self.0.get(&trunk).map_or(1.0, |trunk| trunk.share(now))
    }

    /// A message leaves: where the trunk was left alone, it is the probe.
    pub fn leaves(&mut self, trunk: TrunkId, now: Duration) {
        let Some(trunk) = self.0.get_mut(&trunk) else { return };
        if let Breaker::Open { pause, .. } | Breaker::Probing { pause, .. } = trunk.breaker {
            trunk.breaker = Breaker::Probing { since: now, pause };
        }
    }

    /// What a try said. `jitter` is a share of the pause to leave out, so that not all probe at once.
    pub fn note(&mut self, trunk: TrunkId, sign: Sign, jitter: f64, now: Duration) -> Turn {
        if sign == Sign::Answered && !self.0.contains_key(&trunk) {
            return Turn::None;
        }
        let trunk = self.0.entry(trunk).or_default();
        if sign == Sign::Answered {
            trunk.failures = 0;
            let was = std::mem::take(&mut trunk.breaker);
            return if was == Breaker::Closed { Turn::None } else { Turn::Closed };
        }
        trunk.failures += 1;
        let pause = match trunk.breaker {
            Breaker::Closed if trunk.failures < FAILURES_MAX => return Turn::None,
            Breaker::Closed => FIRST_PAUSE,
            Breaker::Probing { pause, .. } => (pause * 2).min(LONGEST_PAUSE),
            // Calls that were under way when it was opened.
            Breaker::Open { .. } => return Turn::None,
        };
        trunk.breaker = Breaker::Open { until: now + pause - pause.mul_f64(jitter / 4.0), pause };
        Turn::Opened(pause)
    }

    /// Nothing leaves over a trunk before `until`.
    pub fn hold(&mut self, trunk: TrunkId, until: Duration) {
        let trunk = self.0.entry(trunk).or_default();
        trunk.held_until = trunk.held_until.max(until);
        // It did answer.
        trunk.failures = 0;
        trunk.breaker = Breaker::Closed;
    }

    /// The carrier asked for patience: half the pace from now on, and nothing before `until`.
    pub fn slow_down(&mut self, trunk: TrunkId, until: Duration, now: Duration) {
        let known = self.0.entry(trunk).or_default();
        if known.slowed.is_none_or(|(_, at)| at + ONE_TIME < now) {
            known.slowed = Some(((known.share(now) / 2.0).max(SLOWEST), now));
        }
        self.hold(trunk, until);
    }

    /// Its settings were mended: it begins anew.
    pub fn release(&mut self, trunk: TrunkId) {
        self.0.remove(&trunk);
    }

    /// How a trunk is, for people.
    pub fn of(&self, trunk: TrunkId, now: Duration) -> TrunkHealth {
        let held = self.wait(trunk, now);
        let known = self.0.get(&trunk);
        TrunkHealth {
            pace_percent: (self.share(trunk, now) * 100.0).round() as u8,
            held_for: (!held.is_zero()).then_some(held),
            failures: known.map_or(0, |trunk| trunk.failures),
            interrupted: known.is_some_and(|trunk| trunk.breaker != Breaker::Closed),
        }
    }
}

impl Trunk {
    fn share(&self, now: Duration) -> f64 {
        let Some((share, at)) = self.slowed else { return 1.0 };
        // The time it was told to wait is no proof that it may go faster.
        let gone = now.saturating_sub(at.max(self.held_until));
        (share + gone.as_secs_f64() / RECOVERY.as_secs_f64()).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUNK: TrunkId = TrunkId(1);

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn told_to_slow_down_it_halves_its_pace_once_and_recovers_slowly() {
        let mut health = Health::default();
        health.slow_down(TRUNK, s(10), s(0));
        health.slow_down(TRUNK, s(10), s(0));

        assert_eq!(health.wait(TRUNK, s(4)), s(6));
        assert_eq!(health.of(TRUNK, s(10)).pace_percent, 50);
        assert_eq!(health.of(TRUNK, s(85)).pace_percent, 75);
        assert_eq!(health.of(TRUNK, s(160)).pace_percent, 100);

        health.slow_down(TRUNK, s(85), s(85));
        assert_eq!(health.of(TRUNK, s(85)).pace_percent, 38);
    }

    #[test]
    fn after_five_failures_in_a_row_it_is_left_alone_and_one_probe_decides() {
        let mut health = Health::default();
        for _ in 0..3 {
            assert_eq!(health.note(TRUNK, Sign::Failed, 0.0, s(0)), Turn::None);
        }
        health.note(TRUNK, Sign::Answered, 0.0, s(0));
        for _ in 0..4 {
            assert_eq!(health.note(TRUNK, Sign::Failed, 0.0, s(0)), Turn::None);
        }

        assert_eq!(health.note(TRUNK, Sign::Failed, 0.0, s(0)), Turn::Opened(s(30)));
        assert_eq!(health.note(TRUNK, Sign::Failed, 0.0, s(1)), Turn::None, "it was under way");
        assert_eq!(health.wait(TRUNK, s(0)), s(30));
        assert_eq!(health.wait(TRUNK, s(30)), s(0));

        health.leaves(TRUNK, s(30));
        assert!(!health.wait(TRUNK, s(30)).is_zero(), "one probe, not two");
        assert_eq!(health.note(TRUNK, Sign::Failed, 0.0, s(31)), Turn::Opened(s(60)));
        health.leaves(TRUNK, s(91));
        assert_eq!(health.note(TRUNK, Sign::Answered, 0.0, s(92)), Turn::Closed);
        assert_eq!(health.wait(TRUNK, s(92)), s(0));
    }

    #[test]
    fn a_probe_nobody_heard_of_again_does_not_block_for_ever() {
        let mut health = Health::default();
        for _ in 0..FAILURES_MAX {
            health.note(TRUNK, Sign::Failed, 1.0, s(0));
        }
        assert_eq!(health.wait(TRUNK, s(0)), Duration::from_millis(22_500), "with its jitter");
        health.leaves(TRUNK, s(30));

        assert_eq!(health.wait(TRUNK, s(150)), s(0));
    }
}
