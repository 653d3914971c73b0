//! A campaign that comes again: when it begins, its next time is planned as a campaign of its own, with the same plan.

use crate::domain::campaign::{CampaignStatus, Every, Plan, StartTime};
use crate::domain::id::CampaignId;
use crate::domain::time::Timestamp;
use crate::flow::campaign::check::moment;
use crate::flow::campaign::values::site_zone;
use crate::store::campaigns::{Campaign, Run};
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Moment, ToSpan};

/// Times that passed while the house was off are left out; more than these nobody misses.
const TIMES_MAX: usize = 2_000;

/// The plan of the next time, and when it is; `None`: it does not come again.
pub fn next(plan: &Plan, began: &StartTime, now: Timestamp) -> Option<(Plan, Timestamp)> {
    let repeat = plan.rules.repeat.as_ref()?;
    let first: DateTime = began.local.trim().parse().ok()?;
    let until = match &repeat.until {
        Some(until) => Some(until.trim().parse::<jiff::civil::Date>().ok()?),
        None => None,
    };
    let day = repeat.day.unwrap_or_else(|| first.day());
    for turn in 1..=i64::try_from(TIMES_MAX).ok()? {
        let local = match repeat.every {
            Every::Week => first.checked_add((7 * turn).days()).ok()?,
            Every::Month => in_month(first, turn, day)?,
        };
        if until.is_some_and(|until| local.date() > until) {
            return None;
        }
        let start = StartTime { local: local.strftime("%Y-%m-%dT%H:%M").to_string(), zone: began.zone.clone() };
        let at = moment(&start)?;
        if at > now {
            let mut plan = plan.clone();
            plan.rules.start = Some(start);
            if let Some(repeat) = &mut plan.rules.repeat {
                repeat.day = (repeat.every == Every::Month).then_some(day);
            }
            return Some((plan, at));
        }
    }
    None
}

/// The same time of day, so many months on: on this day, or the month's last.
fn in_month(first: DateTime, months: i64, day: i8) -> Option<DateTime> {
    let month = first.date().first_of_month().checked_add(months.months()).ok()?;
    let date = month.with().day(day.min(month.days_in_month())).build().ok()?;
    Some(date.to_datetime(first.time()))
}

/// Plans the next time of a campaign that begins now; once.
pub fn plan_next(
    tx: &Tx<'_>,
    campaign: &Campaign,
    plan: &Plan,
    now: Timestamp,
) -> Result<Option<CampaignId>, StoreError> {
    let began = match &plan.rules.start {
        Some(start) => start.clone(),
        None => local_now(&site_zone(tx)?, now),
    };
    let Some((plan, at)) = next(plan, &began, now) else { return Ok(None) };
    let copy = tx.insert_campaign(&plan, (campaign.by_user, &campaign.by_name), Some(campaign.id), now)?;
    tx.copy_campaign_parts(campaign.id, copy, now)?;
    tx.set_campaign_run(copy, &Run::default())?;
    tx.set_campaign_status(copy, CampaignStatus::Scheduled, None, now)?;
    tx.set_campaign_due(copy, at)?;
    Ok(Some(copy))
}

fn local_now(zone: &str, now: Timestamp) -> StartTime {
    let tz = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let local = Moment::from_millisecond(now.0).unwrap_or_default().to_zoned(tz);
    StartTime { local: local.strftime("%Y-%m-%dT%H:%M").to_string(), zone: zone.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::campaign::{Repeat, SendRules};

    fn plan(every: Every, until: Option<&str>) -> Plan {
        let repeat = Repeat { every, until: until.map(str::to_owned), day: None };
        Plan {
            name: "Newsletter".into(),
            channel: None,
            sender: None,
            audience: Default::default(),
            content: Default::default(),
            rules: SendRules { repeat: Some(repeat), ..SendRules::default() },
        }
    }

    fn times(mut plan: Plan, local: &str, count: usize) -> Vec<String> {
        let mut began = StartTime { local: local.into(), zone: "Europe/Berlin".into() };
        let mut found = Vec::new();
        for _ in 0..count {
            let now = moment(&began).expect("a moment");
            let Some((next, _)) = next(&plan, &began, now) else { break };
            began = next.rules.start.clone().expect("a time");
            found.push(began.local.clone());
            plan = next;
        }
        found
    }

    #[test]
    fn a_week_is_seven_days_by_the_clock_on_the_wall() {
        // Summer time ends on 25 October 2026.
        assert_eq!(times(plan(Every::Week, None), "2026-10-19T09:00", 2), ["2026-10-26T09:00", "2026-11-02T09:00"]);
    }

    #[test]
    fn a_month_has_its_last_day_and_the_next_one_is_longer_again() {
        assert_eq!(
            times(plan(Every::Month, None), "2027-01-31T10:00", 3),
            ["2027-02-28T10:00", "2027-03-31T10:00", "2027-04-30T10:00"]
        );
    }

    #[test]
    fn it_ends_on_its_last_day() {
        assert_eq!(times(plan(Every::Week, Some("2026-12-14")), "2026-12-01T08:00", 5), ["2026-12-08T08:00"]);
    }

    #[test]
    fn times_that_passed_are_left_out() {
        let began = StartTime { local: "2026-12-01T08:00".into(), zone: "Europe/Berlin".into() };
        let now =
            moment(&StartTime { local: "2026-12-20T08:00".into(), zone: "Europe/Berlin".into() }).expect("a moment");

        let (next, _) = next(&plan(Every::Week, None), &began, now).expect("it comes again");

        assert_eq!(next.rules.start.expect("a time").local, "2026-12-22T08:00");
    }
}
