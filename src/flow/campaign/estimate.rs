//! What a campaign will be: to how many, in how many segments, for how much, how long it takes, and what stands in its way.
//! Each recipient's own text is counted. Read page by page, so that nobody waits for it.

use crate::domain::address::Address;
use crate::domain::campaign::{Hours, Plan};
use crate::domain::channel::ChannelKind;
use crate::domain::hours::{Allowed, next_allowed};
use crate::domain::id::{CampaignId, NumberId};
use crate::domain::price::Price;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::segment;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::flow::campaign::allowance::Allowance;
use crate::flow::campaign::audience::{Line, Source, Walk, senders};
use crate::flow::campaign::blockers::Blocker;
use crate::flow::campaign::check;
use crate::flow::campaign::content::{Prepared, Ready, Skip, say};
use crate::flow::campaign::speed::Speed;
use crate::flow::campaign::values::site_zone;
use crate::flow::campaign::variables;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::sending::PriceRow;
use std::collections::{BTreeMap, HashMap};

/// Faults that are told one by one.
const FAULTS_MAX: usize = 200;

/// What a campaign will be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Estimate {
    /// People who are written to.
    pub recipients: usize,
    /// Messages.
    pub sends: usize,
    /// Who wants nothing.
    pub opted_out: usize,
    /// Numbers that cannot be read or reached.
    pub invalid: usize,
    /// Who stands above already.
    pub duplicates: usize,
    /// Who is left out, our own numbers among them.
    pub excluded: usize,
    /// Who cannot be said it: what would be said is empty, too long, or does not fit the template.
    pub unsaid: usize,
    /// Who would be outside their hours when it begins.
    pub outside_hours: usize,
    /// What is wrong, line by line.
    pub faults: Vec<Fault>,
    /// Segments of one message, the fewest and the most, and of all.
    pub segments: Option<Segments>,
    /// Whether one message at least goes in 16-bit units.
    pub encoding: Option<segment::Encoding>,
    /// What all of it costs, where every price is known and all are of one currency.
    pub cost: Option<Price>,
    /// What one message costs on the average.
    pub cost_each: Option<Price>,
    /// How long it takes, its quiet hours and limits included.
    pub seconds: u64,
    /// When it ends, if it begins when it is to.
    pub ends_at: Option<Timestamp>,
    /// How many the limits of its author and its numbers leave on the day it begins; `None`: it has no number yet.
    pub day_left: Option<u64>,
    /// The same of that month.
    pub month_left: Option<u64>,
    /// Limits that make it longer, or that somebody should know.
    pub limits: Vec<Wording>,
    /// Variables that nobody has a value for.
    pub unknown_variables: Vec<String>,
    /// What stands in its way.
    pub blockers: Vec<Blocker>,
}

/// Segments of SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segments {
    /// Of the shortest message.
    pub least: u32,
    /// Of the longest.
    pub most: u32,
    /// Of all.
    pub all: u64,
}

/// What is wrong with a line of the audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where it came from.
    pub source: Source,
    /// As it stands there.
    pub given: String,
    /// What is wrong.
    pub words: Wording,
}

/// What is added up on the way.
struct Sum {
    found: Estimate,
    kind: ChannelKind,
    prices: Vec<PriceRow>,
    hours: Option<Hours>,
    start: Timestamp,
    site_zone: String,
    allowed: HashMap<String, Allowed>,
    zones: BTreeMap<String, u64>,
    cost: Result<Option<Price>, ()>,
    without_price: bool,
}

/// Estimates a campaign as it is saved; at most `recipients_max` people may be written to.
pub async fn estimate(
    media: &MediaDesk,
    campaign: CampaignId,
    plan: &Plan,
    recipients_max: usize,
) -> Result<Estimate, FlowError> {
    let now = media.desk.now();
    let (prepared, mut blockers) = check::ready(media, campaign, plan).await?;
    let unknown = variables::unknown(media, campaign, plan, &prepared).await?;
    // While there is nothing to say, that is told once, and nobody is looked at for it.
    let number = prepared.numbers().first().filter(|_| !prepared.is_empty()).map(|number| number.id);
    let planned = plan.clone();
    let start = check::start_of(plan, now).unwrap_or(now);
    let (mut walk, mut sum, speed, allowance) = media
        .desk
        .store
        .read(move |db| {
            let walk = Walk::begin(db, campaign, &planned)?;
            let sum = Sum::begin(db, &planned, start)?;
            let author = db.campaign(campaign)?.and_then(|campaign| campaign.by_user);
            let allowance = Allowance::of(db, author, &senders(db, &planned)?, start)?;
            Ok::<_, FlowError>((walk, sum, Speed::of(db, &planned)?, allowance))
        })
        .await?;
    let mut said = prepared;
    loop {
        let went_on = media
            .desk
            .store
            .read(move |db| {
                let page = walk.next(db)?;
                for line in &page {
                    sum.add(db, &said, number, line)?;
                }
                Ok::<_, FlowError>((walk, sum, said, page.is_empty()))
            })
            .await?;
        let is_over;
        (walk, sum, said, is_over) = went_on;
        if is_over || walk.is_too_long() {
            break;
        }
    }
    let mut found = sum.end();
    found.unknown_variables = unknown;
    blockers.extend(check::of_count(found.recipients, found.unsaid, recipients_max));
    found.blockers = blockers;
    speed.tell(media, &mut found, (&sum.zones, sum.hours.as_ref()), &allowance, start);
    Ok(found)
}

impl Sum {
    fn begin(db: &Snapshot<'_>, plan: &Plan, start: Timestamp) -> Result<Sum, StoreError> {
        let channel = plan.channel.map(|id| db.channel(id)).transpose()?.flatten();
        let sending = plan.channel.map(|id| db.channel_sending(id)).transpose()?.flatten();
        Ok(Sum {
            found: Estimate::default(),
            kind: channel.map_or(ChannelKind::Sms, |channel| channel.kind),
            prices: sending.map(|sending| sending.prices).unwrap_or_default(),
            hours: plan.rules.hours.clone(),
            start,
            site_zone: site_zone(db)?,
            allowed: HashMap::new(),
            zones: BTreeMap::new(),
            cost: Ok(None),
            without_price: false,
        })
    }

    fn add(
        &mut self,
        db: &Snapshot<'_>,
        said: &Prepared,
        number: Option<NumberId>,
        line: &Line,
    ) -> Result<(), StoreError> {
        if let Some(reason) = &line.recipient.skipped {
            self.skip(reason, line);
            return Ok(());
        }
        let ready = match number.map(|number| say(db, said, number, &line.listener())) {
            Some(Ok(ready)) => Some(ready),
            Some(Err(Skip::Why(reason))) => {
                self.found.unsaid += 1;
                self.fault(line, reason_words(&reason));
                return Ok(());
            }
            Some(Err(Skip::Store(error))) => return Err(error),
            None => None,
        };
        self.found.recipients += 1;
        self.found.sends += 1;
        self.place(line);
        if let (Some(ready), Some(to)) = (ready, &line.recipient.address) {
            self.count(&ready, to);
        }
        Ok(())
    }

    fn skip(&mut self, reason: &Reason, line: &Line) {
        match reason.code {
            ReasonCode::Duplicate => self.found.duplicates += 1,
            ReasonCode::OptedOut => self.found.opted_out += 1,
            ReasonCode::Excluded | ReasonCode::OwnNumber => self.found.excluded += 1,
            _ => {
                self.found.invalid += 1;
                self.fault(line, line.fault.clone().unwrap_or_else(|| reason_words(reason)));
            }
        }
    }

    fn fault(&mut self, line: &Line, words: Wording) {
        if self.found.faults.len() < FAULTS_MAX {
            let given = line.recipient.given.clone();
            self.found.faults.push(Fault { source: line.source, given, words });
        }
    }

    /// Counts somebody to their zone.
    fn place(&mut self, line: &Line) {
        let Some(hours) = &self.hours else { return };
        let zone = line.recipient.zone.as_ref().unwrap_or(&self.site_zone);
        let start = self.start;
        let allowed = match self.allowed.get(zone) {
            Some(known) => *known,
            None => *self.allowed.entry(zone.clone()).or_insert_with(|| next_allowed(hours, zone, start)),
        };
        if allowed != Allowed::Now {
            self.found.outside_hours += 1;
        }
        match self.zones.get_mut(zone) {
            Some(count) => *count += 1,
            None => drop(self.zones.insert(zone.clone(), 1)),
        }
    }

    fn count(&mut self, ready: &Ready, to: &Address) {
        if let Some(segments) = ready.segments {
            let known = self.found.segments.get_or_insert(Segments { least: segments, most: segments, all: 0 });
            known.least = known.least.min(segments);
            known.most = known.most.max(segments);
            known.all += u64::from(segments);
            if self.found.encoding != Some(segment::Encoding::Ucs2) {
                self.found.encoding = Some(segment::count(&ready.text).encoding);
            }
        }
        let price = self.prices.iter().find(|row| to.as_str().starts_with(&row.prefix));
        let Some(price) = price.map(|row| row.price.times(ready.segments.unwrap_or(1))) else {
            self.without_price = true;
            return;
        };
        self.cost = match std::mem::replace(&mut self.cost, Err(())) {
            Ok(None) => Ok(Some(price)),
            Ok(Some(sum)) if sum.currency == price.currency => {
                Ok(Some(Price { micros: sum.micros.saturating_add(price.micros), ..sum }))
            }
            _ => Err(()),
        };
    }

    fn end(&mut self) -> Estimate {
        let mut found = std::mem::take(&mut self.found);
        let cost = self.cost.clone().ok().flatten().filter(|_| !self.without_price);
        let count = i64::try_from(found.sends.max(1)).unwrap_or(i64::MAX);
        found.cost_each = cost.as_ref().map(|cost| Price { micros: cost.micros / count, ..cost.clone() });
        found.cost = cost;
        if found.segments.is_some() && self.kind != ChannelKind::Sms {
            found.segments = None;
        }
        found
    }
}

/// A reason in words, with what was said beside it.
pub fn reason_words(reason: &Reason) -> Wording {
    let detail = reason.detail.as_ref().map(|detail| format!(" ({detail})")).unwrap_or_default();
    Wording::new(format!("{}{detail}", reason.code.english()), format!("{}{detail}", reason.code.german()))
}
