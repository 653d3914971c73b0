//! How long a campaign takes: at the pace of its numbers, its trunk and its plan, within the hours of those it goes to, and
//! within the limits of its author, its numbers and its account.

use crate::domain::campaign::{Hours, Plan};
use crate::domain::channel::ChannelKind;
use crate::domain::id::TrunkId;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::flow::campaign::allowance::Allowance;
use crate::flow::campaign::audience::senders;
use crate::flow::campaign::estimate::Estimate;
use crate::flow::campaign::reckoning::Reckoning;
use crate::flow::media::desk::MediaDesk;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use std::collections::BTreeMap;
use std::time::Duration;

/// Days of the reckoning: more than anybody plans.
const DAYS_MAX: usize = 1_000;

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
        allowance: &Allowance,
        start: Timestamp,
    ) {
        let own = |id| media.switchboard.trunk(id).and_then(|line| line.carrier.limits().trunk_mps);
        let trunk = self.trunk.and_then(|(id, set)| set.or_else(|| own(id)));
        let sends = found.sends as u64;
        let segments = found.segments.map_or(sends, |segments| segments.all.max(sends));
        let Some(rate) = self.messages_per_s(sends, segments, trunk) else { return };
        let groups: Vec<(Option<&str>, u64)> = match hours {
            Some(_) => zones.iter().map(|(zone, count)| (Some(zone.as_str()), *count)).collect(),
            None => vec![(None, sends)],
        };
        let anywhere = zones.iter().filter(|(zone, _)| !zone.contains('/')).map(|(_, count)| count).sum::<u64>();
        if hours.is_some() && anywhere > 0 {
            found.limits.push(strictest(anywhere));
        }
        let (day_left, month_left) = allowance.left();
        (found.day_left, found.month_left) = (Some(day_left), Some(month_left));
        let mut reckoning = Reckoning::begin(groups, hours, rate, start);
        let used = day_by_day(&mut reckoning, allowance.clone());
        if reckoning.unreached > 0 {
            found.limits.push(never(reckoning.unreached));
        }
        let mut end = reckoning.clock;
        found.limits.extend(used.words(allowance, end));
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

/// Lets days go by until all is sent; what the limits were like then.
fn day_by_day(reckoning: &mut Reckoning<'_>, mut allowance: Allowance) -> Allowance {
    for _ in 0..DAYS_MAX {
        let day = allowance.day();
        let sent = reckoning.go_on(day.at_most, day.from, day.until);
        if reckoning.left() == 0 {
            break;
        }
        allowance.go_on(sent);
    }
    allowance
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

    #[test]
    fn the_narrowest_pace_counts() {
        let speed = Speed { numbers: 30.0, plan: Some(20.0), ..Speed::default() };

        assert_eq!(speed.messages_per_s(10, 10, Some(25.0)), Some(20.0));
        assert_eq!(Speed { in_segments: true, ..speed.clone() }.messages_per_s(10, 30, None), Some(10.0));
        assert_eq!(Speed::default().messages_per_s(10, 10, None), None);
    }
}
