//! How much campaigns may be and send: bounds of the house, set by its admin; and the days and months they are counted by.

use crate::domain::id::{NumberId, UserId};
use crate::domain::reason::ReasonCode;
use crate::domain::time::Timestamp;
use crate::flow::campaign::values::site_zone;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp as Moment, ToSpan};
use serde::{Deserialize, Serialize};

const KEY: &str = "campaign_limits";
/// Most recipients that a campaign may be allowed.
pub const RECIPIENTS_MAX: u32 = 100_000;

/// Bounds of campaigns, as the admin sets them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CampaignLimits {
    /// Campaigns that are kept; 1 to 100,000.
    pub campaigns_max: u32,
    /// Recipients of one campaign; 1 to 100,000.
    pub recipients_max: u32,
    /// Messages of campaigns that one user may send a day.
    pub user_per_day: u32,
    /// The same in a month.
    pub user_per_month: u32,
    /// Messages of campaigns that leave from one number a day.
    pub number_per_day: u32,
    /// The same in a month.
    pub number_per_month: u32,
    /// How long campaigns that ended are kept, in days; null: until somebody deletes them.
    pub kept_days: Option<u32>,
    /// Goes up with each edit.
    pub version: i64,
}

impl Default for CampaignLimits {
    fn default() -> CampaignLimits {
        CampaignLimits {
            campaigns_max: 1_000,
            recipients_max: 1_000,
            user_per_day: 5_000,
            user_per_month: 10_000,
            number_per_day: 5_000,
            number_per_month: 10_000,
            kept_days: None,
            version: 1,
        }
    }
}

/// The bounds as they are set.
pub fn read(db: &Snapshot<'_>) -> Result<CampaignLimits, StoreError> {
    let kept = db.site(KEY)?;
    Ok(kept.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default())
}

/// Sets them.
pub async fn change(desk: &Desk, new: CampaignLimits) -> Result<CampaignLimits, FlowError> {
    check(&new)?;
    desk.store
        .write(move |tx| {
            if read(tx)?.version != new.version {
                return Err(FlowError::Stale);
            }
            let saved = CampaignLimits { version: new.version + 1, ..new };
            tx.set_site(KEY, &serde_json::to_string(&saved).expect("plain data"))?;
            Ok(saved)
        })
        .await
}

fn check(new: &CampaignLimits) -> Result<(), FlowError> {
    let bounds = [
        ("campaigns_max", new.campaigns_max, RECIPIENTS_MAX),
        ("recipients_max", new.recipients_max, RECIPIENTS_MAX),
        ("user_per_day", new.user_per_day, 10_000_000),
        ("user_per_month", new.user_per_month, 10_000_000),
        ("number_per_day", new.number_per_day, 10_000_000),
        ("number_per_month", new.number_per_month, 10_000_000),
        ("kept_days", new.kept_days.unwrap_or(1), 36_500),
    ];
    match bounds.into_iter().find(|(_, value, most)| !(1..=*most).contains(value)) {
        None => Ok(()),
        Some((field, _, most)) => Err(FlowError::invalid(
            field,
            (format!("a number from 1 to {most}"), format!("eine Zahl von 1 bis {most}")),
        )),
    }
}

/// What was sent so far, and how much may be: for one look into the outbox.
pub struct Usage {
    limits: CampaignLimits,
    today: String,
    month: (String, String),
    tomorrow: Timestamp,
    next_month: Timestamp,
}

impl Usage {
    /// As it is now.
    pub fn now(db: &Snapshot<'_>, now: Timestamp) -> Result<Usage, StoreError> {
        let zone = TimeZone::get(&site_zone(db)?).unwrap_or(TimeZone::UTC);
        let moment = Moment::from_millisecond(now.0).unwrap_or_default();
        let today = moment.to_zoned(zone.clone()).date();
        let begins = |date: Date| {
            let start = date.to_zoned(zone.clone()).map(|start| start.timestamp().as_millisecond());
            Timestamp(start.unwrap_or(now.0))
        };
        let tomorrow = today.checked_add(1.day()).unwrap_or(today);
        let next = today.last_of_month().checked_add(1.day()).unwrap_or(today);
        Ok(Usage {
            limits: read(db)?,
            today: today.to_string(),
            month: (today.first_of_month().to_string(), today.last_of_month().to_string()),
            tomorrow: begins(tomorrow),
            next_month: begins(next),
        })
    }

    /// Until when a message must wait, and for whose limit; `None`: it may leave.
    pub fn must_wait(
        &self,
        db: &Snapshot<'_>,
        user: Option<UserId>,
        number: NumberId,
    ) -> Result<Option<(Timestamp, ReasonCode)>, StoreError> {
        let of = [
            user.map(|user| {
                ("user", user.0, self.limits.user_per_day, self.limits.user_per_month, ReasonCode::UserLimit)
            }),
            Some((
                "number",
                number.0,
                self.limits.number_per_day,
                self.limits.number_per_month,
                ReasonCode::NumberLimit,
            )),
        ];
        for (of, id, per_day, per_month, code) in of.into_iter().flatten() {
            if db.campaign_usage(of, id, &self.month.0, &self.month.1)? >= per_month {
                return Ok(Some((self.next_month, code)));
            }
            if db.campaign_usage(of, id, &self.today, &self.today)? >= per_day {
                return Ok(Some((self.tomorrow, code)));
            }
        }
        Ok(None)
    }

    /// Counts a message.
    pub fn count(&self, tx: &Tx<'_>, user: Option<UserId>, number: NumberId) -> Result<(), StoreError> {
        if let Some(user) = user {
            tx.count_usage("user", user.0, &self.today)?;
        }
        tx.count_usage("number", number.0, &self.today)
    }

    /// A message that was counted is not sent now.
    pub fn take_back(&self, tx: &Tx<'_>, user: Option<UserId>, number: NumberId) -> Result<(), StoreError> {
        if let Some(user) = user {
            tx.uncount_usage("user", user.0, &self.today)?;
        }
        tx.uncount_usage("number", number.0, &self.today)
    }
}

/// Forgets what was counted for months that are over.
pub fn forget_old(tx: &Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
    let moment = Moment::from_millisecond(now.0).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    let before = moment.first_of_month().checked_sub(2.days()).unwrap_or(moment).first_of_month();
    tx.forget_usage(&before.to_string())
}
