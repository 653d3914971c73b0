//! Whether a campaign can be sent as it is planned, before anybody is looked at: its channel, its sender, its words, its
//! time. Everything that is wrong is told at once.

use crate::domain::campaign::{Plan, SenderPick, StartTime, TEXT_CHARS_MAX};
use crate::domain::channel::ChannelKind;
use crate::domain::hours;
use crate::domain::id::CampaignId;
use crate::domain::reason::ReasonCode;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::flow::campaign::audience::senders;
use crate::flow::campaign::blockers::Blocker;
use crate::flow::campaign::content::{Prepared, prepare};
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::store::channels::Channel;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;

/// A campaign made ready, and everything that stands in its way but its audience: to be asked before it is launched.
pub async fn ready(
    media: &MediaDesk,
    campaign: CampaignId,
    plan: &Plan,
) -> Result<(Prepared, Vec<Blocker>), FlowError> {
    let prepared = prepare(media, campaign, plan).await?;
    let blockers = of_plan(media, campaign, plan, &prepared).await?;
    Ok((prepared, blockers))
}

async fn of_plan(
    media: &MediaDesk,
    campaign: CampaignId,
    plan: &Plan,
    prepared: &Prepared,
) -> Result<Vec<Blocker>, FlowError> {
    let (planned, now) = (plan.clone(), media.desk.now());
    let read = media.desk.store.read(move |db| Ok::<_, FlowError>(of_house(db, campaign, &planned)?));
    let (channel, mut found) = read.await?;
    found.extend(of_content(plan, prepared, channel.as_ref()));
    if plan.content.count_links && media.desk.rules.public_base_url.is_none() {
        let words = (
            "links cannot be counted: this machine has no public address yet",
            "Links lassen sich nicht zählen: diese Maschine hat noch keine öffentliche Adresse",
        );
        found.push(Blocker::new("content.count_links", "no_public_address", words));
    }
    found.extend(of_rules(plan, now));
    Ok(found)
}

/// What is wrong with how many there are; `unsaid`: to how many more it could not be said.
pub fn of_count(recipients: usize, unsaid: usize, recipients_max: usize) -> Option<Blocker> {
    if recipients == 0 && unsaid > 0 {
        let words = (
            "it cannot be said to anybody like this: see what is wrong line by line",
            "so lässt es sich niemandem sagen: bitte die Fehler Zeile für Zeile ansehen",
        );
        return Some(Blocker::new("content", "nobody_reached", words));
    }
    if recipients == 0 {
        let words = (
            "there is nobody to write to: add recipients",
            "es gibt niemanden zum Anschreiben: bitte Empfänger hinzufügen",
        );
        return Some(Blocker::new("audience", "no_recipients", words));
    }
    (recipients > recipients_max).then(|| {
        let words = (
            format!("{recipients} recipients; at most {recipients_max} are allowed: leave some out, or raise the limit"),
            format!("{recipients} Empfänger; höchstens {recipients_max} sind erlaubt: bitte einige weglassen oder die Grenze anheben"),
        );
        Blocker::new("audience", "too_many_recipients", words)
    })
}

/// When it is to begin; `None`: as soon as it is launched, or nobody can read it.
pub fn start_of(plan: &Plan, now: Timestamp) -> Option<Timestamp> {
    plan.rules.start.as_ref().and_then(moment).map(|at| at.max(now))
}

/// The moment that a date, a time and a zone mean. A time that does not exist that day is the one after the gap, one that
/// comes twice is the first.
pub fn moment(start: &StartTime) -> Option<Timestamp> {
    let local: jiff::civil::DateTime = start.local.trim().parse().ok()?;
    let zone = jiff::tz::TimeZone::get(start.zone.trim()).ok()?;
    Some(Timestamp(zone.to_zoned(local).ok()?.timestamp().as_millisecond()))
}

fn of_house(
    db: &Snapshot<'_>,
    campaign: CampaignId,
    plan: &Plan,
) -> Result<(Option<Channel>, Vec<Blocker>), StoreError> {
    let mut found = Vec::new();
    let channel = plan.channel.map(|id| db.channel(id)).transpose()?.flatten();
    match &channel {
        None => {
            found.push(Blocker::new("channel", "no_channel", ("choose a channel", "bitte einen Kanal wählen")));
            return Ok((None, found));
        }
        Some(known) => {
            let is_on = known.enabled && db.trunk(known.trunk)?.is_some_and(|trunk| trunk.enabled);
            if !is_on {
                let words = ("the channel or its trunk is switched off", "der Kanal oder sein Trunk ist abgeschaltet");
                found.push(Blocker::new("channel", "channel_off", words));
            }
        }
    }
    if senders(db, plan)?.is_empty() {
        let words: Wording = match &plan.sender {
            None => ("choose the number it comes from", "bitte die Absendernummer wählen").into(),
            Some(SenderPick::Number(_)) => {
                ("this number is not on that channel", "diese Rufnummer gehört nicht zu diesem Kanal").into()
            }
            Some(SenderPick::Pool(pool)) => (
                format!("the pool {pool:?} has no number on that channel"),
                format!("der Pool „{pool}“ hat keine Rufnummer auf diesem Kanal"),
            )
                .into(),
        };
        found.push(Blocker::new("sender", "no_sender", words));
    }
    if let Some(list) = db.campaign_lists(campaign)?.into_iter().find(|list| list.about.reading) {
        let name = list.name;
        let words = (
            format!("{name:?} was not read to its end: wait, or upload it again"),
            format!("„{name}“ wurde nicht bis zum Ende gelesen: bitte warten oder erneut hochladen"),
        );
        found.push(Blocker::new("lists", "list_unread", words));
    }
    Ok((channel, found))
}

fn of_content(plan: &Plan, prepared: &Prepared, channel: Option<&Channel>) -> Vec<Blocker> {
    let mut found = prepared.blockers.clone();
    let Some(channel) = channel else { return found };
    let chars = plan.content.text.chars().count();
    match (channel.kind, &plan.content.template) {
        (ChannelKind::WhatsApp, None) => {
            let words = (
                "on WhatsApp a campaign is an approved template: choose one",
                "auf WhatsApp ist eine Kampagne eine genehmigte Vorlage: bitte eine wählen",
            );
            found.push(Blocker::new("content.template", "no_template", words));
        }
        (ChannelKind::Sms, Some(_)) => found.push(Blocker::of("content.template", ReasonCode::ContentNotTaken)),
        (ChannelKind::WhatsApp, Some(_)) if prepared.is_empty() && !prepared.numbers().is_empty() => {
            let words = (
                "this account has no such template in this language any more: choose another, or refresh the templates",
                "dieses Konto hat diese Vorlage in dieser Sprache nicht mehr: bitte eine andere wählen oder die Vorlagen aktualisieren",
            );
            found.push(Blocker::new("content.template", "template_gone", words));
        }
        (ChannelKind::Sms, None) if prepared.is_empty() => {
            found.push(Blocker::of("content.text", ReasonCode::TextEmpty));
        }
        _ => {}
    }
    if chars > TEXT_CHARS_MAX {
        let words = (
            format!("{chars} characters; at most {TEXT_CHARS_MAX} can be sent"),
            format!("{chars} Zeichen; höchstens {TEXT_CHARS_MAX} können gesendet werden"),
        );
        found.push(Blocker::new("content.text", ReasonCode::TextTooLong.as_str(), words));
    }
    found
}

fn of_rules(plan: &Plan, now: Timestamp) -> Vec<Blocker> {
    let mut found = Vec::new();
    if let Some(start) = &plan.rules.start {
        let words: Option<Wording> = match moment(start) {
            None => Some(
                (
                    "a date and time as in 2026-12-01T09:00, and a zone",
                    "ein Datum mit Uhrzeit wie 2026-12-01T09:00, und eine Zeitzone",
                )
                    .into(),
            ),
            Some(at) if at <= now => Some(
                (
                    "that moment has passed: choose a later one",
                    "dieser Zeitpunkt ist vorbei: bitte einen späteren wählen",
                )
                    .into(),
            ),
            Some(_) => None,
        };
        found.extend(words.map(|words| Blocker::new("rules.start", "start_wrong", words)));
    }
    if let Some(words) = plan.rules.hours.as_ref().and_then(hours::problem) {
        found.push(Blocker::new("rules.hours", "hours_wrong", words));
    }
    if plan.rules.pace.is_some_and(|pace| !(pace.is_finite() && pace > 0.0)) {
        let words = ("more than none a second", "mehr als keine je Sekunde");
        found.push(Blocker::new("rules.pace", "pace_wrong", words));
    }
    found
}
