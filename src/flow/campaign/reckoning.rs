//! Reckons when the last of a campaign is sent: each zone is served while its hours are open, the one that closes first
//! before the others, as fast as the pace allows and no more a day than the limits leave.

use crate::domain::campaign::Hours;
use crate::domain::hours::{Allowed, closes, next_allowed};
use crate::domain::time::Timestamp;
use std::time::Duration;

const DAY_S: f64 = 86_400.0;

/// What is left to send, and how far the clock is.
pub struct Reckoning<'a> {
    /// How many in which zone; without a zone where no hours count.
    groups: Vec<(Option<&'a str>, u64)>,
    hours: Option<&'a Hours>,
    /// Messages a second.
    rate: f64,
    /// When the last that was reckoned is sent.
    pub clock: Timestamp,
    /// How many nobody may ever write to.
    pub unreached: u64,
}

/// Who can be served next.
enum Turn {
    /// The group at this place, until its hours end.
    Open(usize, Timestamp),
    /// Nobody before this moment.
    From(Timestamp),
    /// Nobody is left.
    Over,
}

impl<'a> Reckoning<'a> {
    /// Nothing is sent yet.
    pub fn begin(
        groups: Vec<(Option<&'a str>, u64)>,
        hours: Option<&'a Hours>,
        rate: f64,
        start: Timestamp,
    ) -> Reckoning<'a> {
        Reckoning { groups, hours, rate, clock: start, unreached: 0 }
    }

    /// How many are left.
    pub fn left(&self) -> u64 {
        self.groups.iter().map(|(_, count)| count).sum()
    }

    /// Sends at most so many from a moment until another; how many.
    pub fn go_on(&mut self, at_most: u64, from: Timestamp, until: Timestamp) -> u64 {
        self.clock = self.clock.max(from);
        let mut sent = 0;
        while sent < at_most && self.clock < until {
            match self.turn() {
                Turn::Open(at, closing) => sent += self.serve(at, at_most - sent, closing.min(until)),
                Turn::From(opening) if opening < until => self.clock = opening,
                Turn::From(_) => return sent,
                Turn::Over => return sent,
            }
        }
        sent
    }

    fn turn(&mut self) -> Turn {
        let mut open: Option<(usize, Timestamp)> = None;
        let mut next: Option<Timestamp> = None;
        for (at, (zone, count)) in self.groups.iter_mut().enumerate().filter(|(_, (_, count))| *count > 0) {
            let Some(hours) = self.hours else { return Turn::Open(at, Timestamp(i64::MAX)) };
            let zone = zone.unwrap_or("UTC");
            match next_allowed(hours, zone, self.clock) {
                Allowed::Now => {
                    let closing = closes(hours, zone, self.clock).unwrap_or(Timestamp(i64::MAX));
                    open = Some(open.filter(|(_, first)| *first <= closing).unwrap_or((at, closing)));
                }
                Allowed::From(opening) => next = Some(next.map_or(opening, |first| first.min(opening))),
                Allowed::Never => self.unreached += std::mem::take(count),
            }
        }
        match (open, next) {
            (Some((at, closing)), _) => Turn::Open(at, closing),
            (None, Some(opening)) => Turn::From(opening),
            (None, None) => Turn::Over,
        }
    }

    /// Sends to one group until it is served, or its time is over.
    fn serve(&mut self, at: usize, at_most: u64, until: Timestamp) -> u64 {
        let room = (until.since(self.clock).as_secs_f64() * self.rate).floor().max(1.0);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float's cast stops at the bounds"
        )]
        let sent = self.groups[at].1.min(at_most).min(room as u64);
        self.groups[at].1 -= sent;
        self.clock = self.clock.plus(self.takes(sent));
        if self.groups[at].1 > 0 && sent < at_most {
            self.clock = self.clock.max(until);
        }
        sent
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of people")]
    fn takes(&self, count: u64) -> Duration {
        Duration::from_secs_f64((count as f64 / self.rate).min(100_000.0 * DAY_S))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Outside;

    const EVER: Timestamp = Timestamp(i64::MAX);

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Zoned = text.parse().expect(text);
        Timestamp(moment.timestamp().as_millisecond())
    }

    fn nine_to_six() -> Hours {
        Hours { from: "09:00".into(), until: "18:00".into(), days: (1..=5).collect(), outside: Outside::Move }
    }

    /// All at once: when it ends, and how many nobody may ever write to.
    fn ends(
        groups: &[(Option<&'static str>, u64)],
        hours: Option<&Hours>,
        rate: f64,
        start: Timestamp,
    ) -> (Timestamp, u64) {
        let mut reckoning = Reckoning::begin(groups.to_vec(), hours, rate, start);
        reckoning.go_on(u64::MAX, start, EVER);
        (reckoning.clock, reckoning.unreached)
    }

    #[test]
    fn a_thousand_at_ten_a_second_take_a_hundred_seconds() {
        let start = at("2026-11-27T12:00[UTC]");

        assert_eq!(ends(&[(None, 1000)], None, 10.0, start), (start.plus(Duration::from_secs(100)), 0));
    }

    #[test]
    fn what_does_not_fit_into_a_day_goes_on_the_next_allowed_one() {
        let friday = at("2026-11-27T17:00[Europe/Berlin]");

        let end = ends(&[(Some("Europe/Berlin"), 7200)], Some(&nine_to_six()), 1.0, friday);

        assert_eq!(end, (at("2026-11-30T10:00[Europe/Berlin]"), 0));
    }

    #[test]
    fn each_zone_is_served_in_its_own_hours() {
        let noon = at("2026-11-27T12:00[Europe/Berlin]");
        let groups = [(Some("America/New_York"), 3600), (Some("Europe/Berlin"), 3600), (Some("US"), 0)];

        let (end, unreached) = ends(&groups, Some(&nine_to_six()), 1.0, noon);

        assert_eq!((end, unreached), (at("2026-11-27T10:00[America/New_York]"), 0));
    }

    #[test]
    fn who_can_never_be_written_to_is_told() {
        let morning = Hours { until: "10:00".into(), ..nine_to_six() };

        assert_eq!(ends(&[(Some("US"), 5)], Some(&morning), 1.0, at("2026-11-27T12:00[UTC]")).1, 5);
    }

    #[test]
    fn no_more_than_a_day_may_leaves_on_a_day_and_the_rest_goes_on_in_the_next_hours() {
        let (noon, midnight) = (at("2026-11-26T12:00[Europe/Berlin]"), at("2026-11-27T00:00[Europe/Berlin]"));
        let hours = nine_to_six();
        let mut reckoning = Reckoning::begin(vec![(Some("Europe/Berlin"), 100)], Some(&hours), 1.0, noon);

        assert_eq!((reckoning.go_on(60, noon, midnight), reckoning.left()), (60, 40));
        assert_eq!(reckoning.clock, at("2026-11-26T12:01[Europe/Berlin]"));
        assert_eq!(reckoning.go_on(60, midnight, at("2026-11-28T00:00[Europe/Berlin]")), 40);
        assert_eq!(reckoning.clock, at("2026-11-27T09:00:40[Europe/Berlin]"));
    }
}
