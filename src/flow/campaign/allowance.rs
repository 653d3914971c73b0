//! What the limits of a day and a month leave for a campaign that is planned: its author's, and those of its numbers
//! together. How they are counted while it is sent is in limits.rs.

use crate::domain::id::{NumberId, UserId};
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::flow::campaign::limits;
use crate::flow::campaign::values::site_zone;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Moment, ToSpan};

/// What the limits leave, from the day on which it begins.
#[derive(Clone)]
pub struct Allowance {
    zone: TimeZone,
    /// The day that is looked at.
    day: Date,
    limits: Vec<Limit>,
}

/// A limit of somebody, and what of it is used on the day and in the month that are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Limit {
    whose: Whose,
    of: Span,
    most: u64,
    used: u64,
    /// Whether it made something wait.
    binds: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Author,
    Number,
    /// Of several, together.
    Numbers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    Day,
    Month,
}

/// A day: from when until when, and how many may leave on it.
pub struct Day {
    /// Its midnight.
    pub from: Timestamp,
    /// The next.
    pub until: Timestamp,
    /// How many.
    pub at_most: u64,
}

impl Allowance {
    /// As it will be on the day it begins, by what is counted so far.
    pub fn of(
        db: &Snapshot<'_>,
        user: Option<UserId>,
        numbers: &[NumberId],
        start: Timestamp,
    ) -> Result<Allowance, StoreError> {
        let zone = TimeZone::get(&site_zone(db)?).unwrap_or(TimeZone::UTC);
        let day = Moment::from_millisecond(start.0).unwrap_or_default().to_zoned(zone.clone()).date();
        let most = limits::read(db)?;
        let author: Vec<i64> = user.iter().map(|user| user.0).collect();
        let numbers: Vec<i64> = numbers.iter().map(|number| number.0).collect();
        let whose = if numbers.len() > 1 { Whose::Numbers } else { Whose::Number };
        let mut limits = Vec::new();
        for (whose, of, ids, per_day, per_month) in [
            (Whose::Author, "user", author, most.user_per_day, most.user_per_month),
            (whose, "number", numbers, most.number_per_day, most.number_per_month),
        ] {
            for (span, each) in [(Span::Day, per_day), (Span::Month, per_month)] {
                let (from, until) = span.around(day);
                let mut limit = Limit { whose, of: span, most: 0, used: 0, binds: false };
                for id in &ids {
                    let used = db.campaign_usage(of, *id, &from.to_string(), &until.to_string())?;
                    limit.most += u64::from(each);
                    limit.used += u64::from(used.min(each));
                }
                limits.extend((!ids.is_empty()).then_some(limit));
            }
        }
        Ok(Allowance { zone, day, limits })
    }

    /// How many may leave on the day that is looked at, and how many in its month.
    pub fn left(&self) -> (u64, u64) {
        let month = self.limits.iter().filter(|limit| limit.of == Span::Month).map(Limit::left).min();
        let all = self.limits.iter().map(Limit::left).min();
        (all.unwrap_or(u64::MAX), month.unwrap_or(u64::MAX))
    }

    /// The day that is looked at.
    pub fn day(&self) -> Day {
        Day { from: self.begins(self.day), until: self.begins(next(self.day)), at_most: self.left().0 }
    }

    /// So many leave on this day, and there are more; the next one is looked at.
    pub fn go_on(&mut self, sent: u64) {
        let next = next(self.day);
        for limit in &mut self.limits {
            limit.used += sent;
            limit.binds |= limit.left() == 0;
            if limit.of == Span::Day || next.month() != self.day.month() {
                limit.used = 0;
            }
        }
        self.day = next;
    }

    /// Limits that made something wait, in words; the last is sent at `end`. They are told with what they left at first.
    pub fn words(&self, first: &Allowance, end: Timestamp) -> Vec<Wording> {
        let day = Moment::from_millisecond(end.0).unwrap_or_default().to_zoned(self.zone.clone()).date();
        let those = self.limits.iter().zip(&first.limits).filter(|(limit, _)| limit.binds);
        those.map(|(_, at_first)| at_first.words(day)).collect()
    }

    fn begins(&self, day: Date) -> Timestamp {
        let midnight = day.to_zoned(self.zone.clone()).map(|midnight| midnight.timestamp().as_millisecond());
        Timestamp(midnight.unwrap_or(i64::MAX))
    }
}

fn next(day: Date) -> Date {
    day.checked_add(1.day()).unwrap_or(day)
}

impl Span {
    /// First and last day.
    fn around(self, day: Date) -> (Date, Date) {
        match self {
            Span::Day => (day, day),
            Span::Month => (day.first_of_month(), day.last_of_month()),
        }
    }
}

impl Limit {
    fn left(&self) -> u64 {
        self.most.saturating_sub(self.used)
    }

    /// A limit that makes it longer; the last is sent on this day.
    fn words(&self, last: Date) -> Wording {
        let (most, left) = (self.most, self.left());
        let (whose_en, whose_de) = match self.whose {
            Whose::Author => ("The author's", "des Verfassers"),
            Whose::Number => ("The number's", "der Rufnummer"),
            Whose::Numbers => ("The numbers' joint", "der Rufnummern zusammen"),
        };
        let (span_en, limit_de) = match self.of {
            Span::Day => ("day", "Die Tagesgrenze"),
            Span::Month => ("month", "Die Monatsgrenze"),
        };
        let (span_left_en, span_left_de) = match self.of {
            Span::Day => ("on the first day", "am ersten Tag"),
            Span::Month => ("in the first month", "im ersten Monat"),
        };
        let (date_en, date_de) = (last.strftime("%-d %B %Y"), last.strftime("%d.%m.%Y"));
        Wording::new(
            format!(
                "{whose_en} limit of {most} campaign messages a {span_en} makes it longer: {left} may leave {span_left_en}, the last is sent on {date_en}."
            ),
            format!(
                "{limit_de} {whose_de} von {most} Kampagnennachrichten verlängert den Versand: {span_left_de} sind es noch {left}, die letzte geht am {date_de} hinaus."
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(whose: Whose, of: Span, most: u64) -> Limit {
        Limit { whose, of, most, used: 0, binds: false }
    }

    #[test]
    fn a_day_begins_anew_with_the_day_and_a_month_with_the_month() {
        let limits = vec![limit(Whose::Author, Span::Day, 5), limit(Whose::Number, Span::Month, 7)];
        let day = Date::constant(2026, 11, 29);
        let mut allowance = Allowance { zone: TimeZone::UTC, day, limits };

        let mut days = Vec::new();
        for _ in 0..4 {
            let at_most = allowance.day().at_most;
            days.push(at_most);
            allowance.go_on(at_most);
        }

        assert_eq!(days, [5, 2, 5, 2]);
    }

    #[test]
    fn several_numbers_have_their_limits_together_and_it_is_said_so() {
        let words = limit(Whose::Numbers, Span::Day, 20).words(Date::constant(2026, 12, 1));

        assert!(words.english.starts_with("The numbers' joint limit of 20 campaign messages a day"), "{words:?}");
        assert!(words.german.starts_with("Die Tagesgrenze der Rufnummern zusammen von 20"), "{words:?}");
    }
}
