//! Hours of the recipient's day: whether somebody may be written to now, and if not, from when on. Where a number could be
//! in several zones, it must be allowed in all of them.

use crate::domain::campaign::Hours;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::domain::zones;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp as Moment, ToSpan};

/// How far ahead the next allowed hour is looked for: a weekday's window may fall into the gap of one week.
const DAYS_AHEAD: i64 = 16;

/// Whether somebody may be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Now.
    Now,
    /// From this moment on.
    From(Timestamp),
    /// At no time: no hours, or zones so far apart that they share none.
    Never,
}

/// Hours, read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Window {
    /// Minutes since midnight.
    from: i16,
    /// The first minute outside.
    until: i16,
    /// One bit for each day from Monday.
    days: u8,
}

/// What is wrong with them; `None`: nothing.
pub fn problem(hours: &Hours) -> Option<Wording> {
    if minutes(&hours.from).is_none() || minutes(&hours.until).is_none() {
        return Some(("write times as in 09:00", "Uhrzeiten bitte schreiben wie 09:00").into());
    }
    if minutes(&hours.from) >= minutes(&hours.until) {
        return Some(("the end must be later than the beginning", "das Ende muss nach dem Anfang liegen").into());
    }
    let named = !hours.days.is_empty() && hours.days.iter().all(|day| (1..=7).contains(day));
    (!named).then(|| {
        (
            "give one to seven weekdays, 1 (Monday) to 7 (Sunday)",
            "bitte ein bis sieben Wochentage angeben, 1 (Montag) bis 7 (Sonntag)",
        )
            .into()
    })
}

/// Whether somebody in a zone may be written to: `Europe/Berlin`, or a country (`AU`) where it could be any of its zones.
/// A zone that nobody knows is read as UTC.
pub fn next_allowed(hours: &Hours, zone: &str, now: Timestamp) -> Allowed {
    let Some(window) = Window::read(hours) else { return Allowed::Never };
    let Ok(moment) = Moment::from_millisecond(now.0) else { return Allowed::Never };
    let zones = read(zone);
    if window.is_open(&zones, moment) {
        return Allowed::Now;
    }
    let mut openings: Vec<Moment> = zones.iter().flat_map(|zone| window.openings(zone, moment)).collect();
    openings.sort_unstable();
    let first = openings.into_iter().find(|&opening| opening > moment && window.is_open(&zones, opening));
    first.map_or(Allowed::Never, |opening| Allowed::From(Timestamp(opening.as_millisecond())))
}

/// When hours that are open now end; `None`: they are not open, or never end.
pub fn closes(hours: &Hours, zone: &str, now: Timestamp) -> Option<Timestamp> {
    let (window, moment) = (Window::read(hours)?, Moment::from_millisecond(now.0).ok()?);
    let zones = read(zone);
    if !window.is_open(&zones, moment) {
        return None;
    }
    let mut ends: Vec<Moment> = zones.iter().flat_map(|zone| window.ends(zone, moment)).collect();
    ends.sort_unstable();
    let first = ends.into_iter().find(|&end| end > moment && !window.is_open(&zones, end));
    first.map(|end| Timestamp(end.as_millisecond()))
}

/// Whether such a zone is known.
pub fn is_zone(zone: &str) -> bool {
    zones::of_country(zone).is_some() || TimeZone::get(zone).is_ok()
}

fn read(zone: &str) -> Vec<TimeZone> {
    let names = zones::of_country(zone).unwrap_or(zone).split(' ');
    let mut found: Vec<TimeZone> = names.filter_map(|name| TimeZone::get(name).ok()).collect();
    if found.is_empty() {
        found.push(TimeZone::UTC);
    }
    found
}

impl Window {
    fn read(hours: &Hours) -> Option<Window> {
        if problem(hours).is_some() {
            return None;
        }
        let days = hours.days.iter().fold(0, |days, day| days | 1 << (day - 1));
        Some(Window { from: minutes(&hours.from)?, until: minutes(&hours.until)?, days })
    }

    fn is_open(self, zones: &[TimeZone], moment: Moment) -> bool {
        zones.iter().all(|zone| {
            let local = zone.to_datetime(moment);
            let minute = i16::from(local.hour()) * 60 + i16::from(local.minute());
            self.has_day(local.date()) && (self.from..self.until).contains(&minute)
        })
    }

    fn has_day(self, date: Date) -> bool {
        self.days & 1 << (date.weekday().to_monday_one_offset() - 1) != 0
    }

    /// Every moment at which the window may open: each day's beginning, and where the clocks are changed.
    fn openings(self, zone: &TimeZone, after: Moment) -> Vec<Moment> {
        moments(zone, after, |date| Some(DateTime::from_parts(date, time(self.from)?)).filter(|_| self.has_day(date)))
    }

    /// Every moment at which it may close.
    fn ends(self, zone: &TimeZone, after: Moment) -> Vec<Moment> {
        moments(zone, after, |date| match time(self.until) {
            Some(until) => Some(DateTime::from_parts(date, until)),
            // The end of the day.
            None => Some(DateTime::from_parts(date.tomorrow().ok()?, Time::midnight())),
        })
    }
}

/// The moments that a clock on the wall shows, one a day, where an hour comes twice both; and where the clocks are changed.
fn moments(zone: &TimeZone, after: Moment, shown: impl Fn(Date) -> Option<DateTime>) -> Vec<Moment> {
    let today = zone.to_datetime(after).date();
    let end = after.checked_add((DAYS_AHEAD * 24).hours()).unwrap_or(Moment::MAX);
    let mut found: Vec<Moment> = Vec::new();
    for ahead in 0..=DAYS_AHEAD {
        if let Some(shown) = today.checked_add(ahead.days()).ok().and_then(&shown) {
            let local = zone.to_ambiguous_zoned(shown);
            found.extend(local.clone().earlier().ok().map(|zoned| zoned.timestamp()));
            found.extend(local.later().ok().map(|zoned| zoned.timestamp()));
        }
    }
    found.extend(zone.following(after).map(|change| change.timestamp()).take_while(|&change| change < end).take(4));
    found
}

fn time(minutes: i16) -> Option<Time> {
    Time::new(i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?, 0, 0).ok()
}

/// `09:00` as minutes since midnight; `24:00` is the end of the day.
fn minutes(text: &str) -> Option<i16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) =
        (Some(hours).filter(|text| digits(text))?, Some(minutes).filter(|text| text.len() == 2 && digits(text))?);
    let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= 24 * 60).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Outside;
    use proptest::prelude::*;

    fn hours(from: &str, until: &str, days: &[u8]) -> Hours {
        Hours { from: from.into(), until: until.into(), days: days.to_vec(), outside: Outside::Move }
    }

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Zoned = text.parse().expect(text);
        Timestamp(moment.timestamp().as_millisecond())
    }

    const ALL: &[u8] = &[1, 2, 3, 4, 5, 6, 7];
    const WORK: &[u8] = &[1, 2, 3, 4, 5];

    #[test]
    fn the_next_allowed_hour_is_by_the_clock_where_the_recipient_is() {
        for (from, until, days, zone, now, next) in [
            ("09:00", "18:00", ALL, "Europe/Berlin", "2026-11-28T09:00[Europe/Berlin]", None),
            ("09:00", "18:00", ALL, "Europe/Berlin", "2026-11-28T17:59:59[Europe/Berlin]", None),
            (
                "09:00",
                "18:00",
                ALL,
                "Europe/Berlin",
                "2026-11-28T18:00[Europe/Berlin]",
                Some("2026-11-29T09:00[Europe/Berlin]"),
            ),
            (
                "09:00",
                "18:00",
                ALL,
                "Europe/Berlin",
                "2026-11-28T08:59:59[Europe/Berlin]",
                Some("2026-11-28T09:00[Europe/Berlin]"),
            ),
            // a Saturday noon: Monday
            (
                "09:00",
                "18:00",
                WORK,
                "Europe/Berlin",
                "2026-11-28T12:00[Europe/Berlin]",
                Some("2026-11-30T09:00[Europe/Berlin]"),
            ),
            // Sunday here is Monday there
            ("09:00", "18:00", WORK, "Pacific/Auckland", "2026-11-29T21:00[Europe/Berlin]", None),
            (
                "00:00",
                "24:00",
                &[7],
                "Europe/Berlin",
                "2026-11-28T23:59:59[Europe/Berlin]",
                Some("2026-11-29T00:00[Europe/Berlin]"),
            ),
            // over the night in which the clocks go forward, and back
            (
                "09:00",
                "18:00",
                ALL,
                "Europe/Berlin",
                "2027-03-27T20:00[Europe/Berlin]",
                Some("2027-03-28T09:00[Europe/Berlin]"),
            ),
            (
                "09:00",
                "18:00",
                ALL,
                "Europe/Berlin",
                "2026-10-24T20:00[Europe/Berlin]",
                Some("2026-10-25T09:00[Europe/Berlin]"),
            ),
            // 02:30 does not exist that day: from the end of the gap
            (
                "02:30",
                "05:00",
                ALL,
                "Europe/Berlin",
                "2027-03-28T01:00[Europe/Berlin]",
                Some("2027-03-28T03:00[Europe/Berlin]"),
            ),
            // all of the window lies in the gap: the day after
            (
                "02:00",
                "03:00",
                ALL,
                "Europe/Berlin",
                "2027-03-28T01:00[Europe/Berlin]",
                Some("2027-03-29T02:00[Europe/Berlin]"),
            ),
            (
                "02:00",
                "03:00",
                &[7],
                "Europe/Berlin",
                "2027-03-28T01:00[Europe/Berlin]",
                Some("2027-04-04T02:00[Europe/Berlin]"),
            ),
            // 02:30 comes twice: the first time, and when the clock is back at it
            (
                "02:30",
                "05:00",
                ALL,
                "Europe/Berlin",
                "2026-10-25T01:00[Europe/Berlin]",
                Some("2026-10-25T02:30+02:00[Europe/Berlin]"),
            ),
            (
                "02:30",
                "05:00",
                ALL,
                "Europe/Berlin",
                "2026-10-25T02:10+01:00[Europe/Berlin]",
                Some("2026-10-25T02:30+01:00[Europe/Berlin]"),
            ),
            // a window that ends before the clock goes back is open twice
            (
                "01:00",
                "02:30",
                ALL,
                "Europe/Berlin",
                "2026-10-25T02:45+02:00[Europe/Berlin]",
                Some("2026-10-25T02:00+01:00[Europe/Berlin]"),
            ),
            // anywhere in Australia: from nine in Perth, until six in Sydney
            (
                "09:00",
                "18:00",
                ALL,
                "AU",
                "2026-11-28T11:00[Australia/Sydney]",
                Some("2026-11-28T12:00[Australia/Sydney]"),
            ),
            ("09:00", "18:00", ALL, "AU", "2026-11-28T12:00[Australia/Sydney]", None),
            (
                "09:00",
                "18:00",
                ALL,
                "AU",
                "2026-11-28T18:00[Australia/Sydney]",
                Some("2026-11-29T12:00[Australia/Sydney]"),
            ),
            ("09:00", "18:00", ALL, "nowhere/at_all", "2026-11-28T18:00[UTC]", Some("2026-11-29T09:00[UTC]")),
        ] {
            let expected = next.map_or(Allowed::Now, |next| Allowed::From(at(next)));
            let found = next_allowed(&hours(from, until, days), zone, at(now));
            assert_eq!(found, expected, "{from} to {until} on {days:?} in {zone}, at {now}");
        }
    }

    #[test]
    fn hours_that_are_open_end_when_the_first_of_the_zones_is_outside() {
        for (from, until, zone, now, end) in [
            (
                "09:00",
                "18:00",
                "Europe/Berlin",
                "2026-11-28T09:00[Europe/Berlin]",
                Some("2026-11-28T18:00[Europe/Berlin]"),
            ),
            ("00:00", "24:00", "Europe/Berlin", "2026-11-28T09:00[Europe/Berlin]", None),
            (
                "01:00",
                "02:30",
                "Europe/Berlin",
                "2027-03-28T01:30[Europe/Berlin]",
                Some("2027-03-28T03:00[Europe/Berlin]"),
            ),
            ("09:00", "18:00", "AU", "2026-11-28T13:00[Australia/Sydney]", Some("2026-11-28T18:00[Australia/Sydney]")),
            ("09:00", "18:00", "Europe/Berlin", "2026-11-28T08:00[Europe/Berlin]", None),
        ] {
            assert_eq!(closes(&hours(from, until, ALL), zone, at(now)), end.map(at), "{from} to {until} in {zone}");
        }
        let saturday = hours("00:00", "24:00", &[6]);
        let end = at("2026-11-29T00:00[Europe/Berlin]");
        assert_eq!(closes(&saturday, "Europe/Berlin", at("2026-11-28T09:00[Europe/Berlin]")), Some(end));
    }

    #[test]
    fn where_zones_share_no_hour_there_is_none() {
        let now = at("2026-11-28T12:00[UTC]");

        assert_eq!(next_allowed(&hours("09:00", "12:00", ALL), "US", now), Allowed::Never);
        assert_eq!(next_allowed(&hours("09:00", "18:00", &[]), "Europe/Berlin", now), Allowed::Never);
    }

    #[test]
    fn hours_that_nobody_can_keep_are_told() {
        for (from, until, days) in [
            ("9", "18:00", ALL),
            ("09:00", "24:01", ALL),
            ("09:60", "18:00", ALL),
            ("18:00", "09:00", ALL),
            ("09:00", "09:00", ALL),
            ("09:00", "18:00", &[]),
            ("09:00", "18:00", &[0]),
            ("09:00", "18:00", &[8]),
            ("-9:00", "18:00", ALL),
        ] {
            assert!(problem(&hours(from, until, days)).is_some(), "{from} {until} {days:?}");
        }
        assert_eq!(problem(&hours("9:00", "24:00", ALL)), None);
    }

    proptest! {
        #[test]
        fn what_is_moved_is_moved_to_an_allowed_moment_and_never_past_one(
            minute in 0_i64..(3 * 366 * 24 * 60), from in 0_i16..1439, long in 1_i16..600, days in 1_u8..128,
            zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "AU", "BR", "Asia/Kathmandu"]),
        ) {
            let until = (from + long).min(1440);
            let clock = |minutes: i16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
            let days: Vec<u8> = (1..=7).filter(|day| days & 1 << (day - 1) != 0).collect();
            let hours = hours(&clock(from), &clock(until), &days);
            let now = Timestamp(1_795_176_000_000 + minute * 60_000);

            if let Allowed::From(next) = next_allowed(&hours, zone, now) {
                prop_assert!(next > now);
                prop_assert_eq!(next_allowed(&hours, zone, next), Allowed::Now);
                // nothing between is allowed: looked at every 15 minutes, which all these zones are apart by
                let (window, zones) = (Window::read(&hours).unwrap(), read(zone));
                for step in (now.0..next.0).step_by(15 * 60_000).take(2000) {
                    prop_assert!(!window.is_open(&zones, Moment::from_millisecond(step).unwrap()));
                }
            }
        }
    }
}
