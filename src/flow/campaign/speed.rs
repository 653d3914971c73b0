//! How long a campaign takes: at the pace of its numbers, its trunk and its plan, within the hours of those it goes to, and
//! within the limits of its account.

use crate::domain::campaign::{Hours, Plan};
use crate::domain::channel::ChannelKind;
use crate::domain::hours::{Allowed, closes, next_allowed};
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::flow::campaign::audience::senders;
use crate::flow::campaign::estimate::Estimate;
use crate::flow::media::desk::MediaDesk;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use std::collections::BTreeMap;
use std::time::Duration;

const DAY_S: f64 = 86_400.0;
/// Turns of the reckoning: more days than anybody plans.
const TURNS_MAX: usize = 2_000;

/// How fast it may be sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Speed {
    /// Of the numbers together, in messages or segments a second.
    numbers: f64,
    /// Whether their carrier counts segments.
    in_segments: bool,
    /// Of the trunk.
    trunk: Option<(TrunkId, Option<f64>)>,
    /// Of the plan, in messages.
    plan: Option<f64>,
    /// New conversations a day, on WhatsApp.
    daily: Option<u64>,
}

impl Speed {
    /// As it is set up.
    pub fn of(db: &Snapshot<'_>, plan: &Plan) -> Result<Speed, StoreError> {
        let mut speed = Speed { plan: plan.rules.pace.filter(|pace| *pace > 0.0), ..Speed::default() };
        for id in senders(db, plan)? {
            let Some(number) = db.number(id)? else { continue };
            speed.numbers += number.mps.unwrap_or_else(|| number.sender_class.usual_mps());
            speed.in_segments |= db.number_sending(id)?.is_some_and(|sending| sending.in_segments);
            if speed.trunk.is_none()
                && let Some(trunk) = db.trunk(number.trunk)?
            {
                speed.trunk = Some((trunk.id, trunk.mps));
                let limit = trunk.settings.get("daily_limit").filter(|_| number.kind == ChannelKind::WhatsApp);
                speed.daily = limit.and_then(|limit| limit.to_string().trim_matches('"').parse().ok());
            }
        }
        Ok(speed)
    }

    /// Says how long it takes, and which limits make it so.
    pub fn tell(
        &self,
        media: &MediaDesk,
        found: &mut Estimate,
        (zones, hours): (&BTreeMap<String, u64>, Option<&Hours>),
        start: Timestamp,
    ) {
        let own = |id| media.switchboard.trunk(id).and_then(|line| line.carrier.limits().trunk_mps);
        let trunk = self.trunk.and_then(|(id, set)| set.or_else(|| own(id)));
        let sends = found.sends as u64;
        let segments = found.segments.map_or(sends, |segments| segments.all.max(sends));
        let Some(rate) = self.messages_per_s(sends, segments, trunk) else { return };
        let mut groups: Vec<(Option<&str>, u64)> = match hours {
            Some(_) => zones.iter().map(|(zone, count)| (Some(zone.as_str()), *count)).collect(),
            None => vec![(None, sends)],
        };
        let anywhere = zones.iter().filter(|(zone, _)| !zone.contains('/')).map(|(_, count)| count).sum::<u64>();
        if hours.is_some() && anywhere > 0 {
            found.limits.push(strictest(anywhere));
        }
        let (mut end, unreached) = ends(&mut groups, hours, rate, start);
        if unreached > 0 {
            found.limits.push(never(unreached));
        }
        if let Some(daily) = self.daily.filter(|daily| *daily > 0 && sends > *daily) {
            let days = (sends - 1) / daily;
            end = end.max(start.plus(Duration::from_secs(days * 86_400)));
            found.limits.push(daily_words(daily, days + 1));
        }
        found.seconds = end.since(start).as_secs_f64().ceil() as u64;
        found.ends_at = (sends > 0).then_some(end);
    }

    /// The narrowest of all.
    fn messages_per_s(&self, sends: u64, segments: u64, trunk: Option<f64>) -> Option<f64> {
        let each = if self.in_segments && sends > 0 { segments as f64 / sends as f64 } else { 1.0 };
        let numbers = Some(self.numbers / each).filter(|rate| *rate > 0.0)?;
        Some([trunk, self.plan].into_iter().flatten().fold(numbers, f64::min))
    }
}

/// When the last is sent, and to how many nobody ever may: each zone is served while its hours are open, the one that
/// closes first before the others.
fn ends(groups: &mut [(Option<&str>, u64)], hours: Option<&Hours>, rate: f64, start: Timestamp) -> (Timestamp, u64) {
    let takes = |count: u64| Duration::from_secs_f64((count as f64 / rate).min(100_000.0 * DAY_S));
    let Some(hours) = hours else {
        return (start.plus(takes(groups.iter().map(|(_, count)| count).sum())), 0);
    };
    let (mut clock, mut unreached) = (start, 0);
    for _ in 0..TURNS_MAX {
        let mut open: Option<(usize, Timestamp)> = None;
        let mut next: Option<Timestamp> = None;
        for (at, (zone, count)) in groups.iter_mut().enumerate().filter(|(_, (_, count))| *count > 0) {
            let zone = zone.unwrap_or("UTC");
            match next_allowed(hours, zone, clock) {
                Allowed::Now => {
                    let closing = closes(hours, zone, clock).unwrap_or(Timestamp(i64::MAX));
                    open = Some(open.filter(|(_, first)| *first <= closing).unwrap_or((at, closing)));
                }
                Allowed::From(opening) => next = Some(next.map_or(opening, |first| first.min(opening))),
                Allowed::Never => {
                    unreached += std::mem::take(count);
                }
            }
        }
        match (open, next) {
            (Some((at, closing)), _) => {
                let room = (closing.since(clock).as_secs_f64() * rate).floor().max(1.0);
                let sent = groups[at].1.min(room as u64);
                groups[at].1 -= sent;
                clock = clock.plus(takes(sent)).max(if groups[at].1 > 0 { closing } else { clock });
            }
            (None, Some(opening)) => clock = opening,
            (None, None) => break,
        }
    }
    (clock, unreached)
}

fn strictest(count: u64) -> Wording {
    Wording::new(
        format!(
            "{count} recipients could be in several time zones of their country: they are written to only when it is allowed in all of them."
        ),
        format!(
            "{count} Empfänger könnten in mehreren Zeitzonen ihres Landes sein: sie werden nur angeschrieben, wenn es in allen erlaubt ist."
        ),
    )
}

fn never(count: u64) -> Wording {
    Wording::new(
        format!(
            "{count} recipients could be in zones so far apart that these hours are never open in all of them: they are left out. Set the zone of their contacts, or longer hours."
        ),
        format!(
            "{count} Empfänger könnten in so weit auseinanderliegenden Zeitzonen sein, dass diese Stunden nie in allen gelten: sie werden ausgelassen. Bitte die Zeitzone ihrer Kontakte setzen oder längere Zeiten wählen."
        ),
    )
}

fn daily_words(limit: u64, days: u64) -> Wording {
    Wording::new(
        format!("The account may write to {limit} people a day first: this takes {days} days."),
        format!("Das Konto darf täglich {limit} Personen von sich aus anschreiben: das dauert {days} Tage."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::Outside;

    fn at(text: &str) -> Timestamp {
        let moment: jiff::Zoned = text.parse().expect(text);
        Timestamp(moment.timestamp().as_millisecond())
    }

    fn nine_to_six() -> Hours {
        Hours { from: "09:00".into(), until: "18:00".into(), days: (1..=5).collect(), outside: Outside::Move }
    }

    #[test]
    fn a_thousand_at_ten_a_second_take_a_hundred_seconds() {
        let start = at("2026-11-27T12:00[UTC]");

        assert_eq!(ends(&mut [(None, 1000)], None, 10.0, start), (start.plus(Duration::from_secs(100)), 0));
    }

    #[test]
    fn what_does_not_fit_into_a_day_goes_on_the_next_allowed_one() {
        let friday = at("2026-11-27T17:00[Europe/Berlin]");
        let mut groups = [(Some("Europe/Berlin"), 7200)];

        let end = ends(&mut groups, Some(&nine_to_six()), 1.0, friday);

        assert_eq!(end, (at("2026-11-30T10:00[Europe/Berlin]"), 0));
    }

    #[test]
    fn each_zone_is_served_in_its_own_hours() {
        let noon = at("2026-11-27T12:00[Europe/Berlin]");
        let mut groups = [(Some("America/New_York"), 3600), (Some("Europe/Berlin"), 3600), (Some("US"), 0)];

        let (end, unreached) = ends(&mut groups, Some(&nine_to_six()), 1.0, noon);

        assert_eq!((end, unreached), (at("2026-11-27T10:00[America/New_York]"), 0));
    }

    #[test]
    fn who_can_never_be_written_to_is_told() {
        let morning = Hours { until: "10:00".into(), ..nine_to_six() };
        let mut groups = [(Some("US"), 5)];

        assert_eq!(ends(&mut groups, Some(&morning), 1.0, at("2026-11-27T12:00[UTC]")).1, 5);
    }

    #[test]
    fn the_narrowest_pace_counts() {
        let speed = Speed { numbers: 30.0, plan: Some(20.0), ..Speed::default() };

        assert_eq!(speed.messages_per_s(10, 10, Some(25.0)), Some(20.0));
        assert_eq!(Speed { in_segments: true, ..speed.clone() }.messages_per_s(10, 30, None), Some(10.0));
        assert_eq!(Speed::default().messages_per_s(10, 10, None), None);
    }
}
