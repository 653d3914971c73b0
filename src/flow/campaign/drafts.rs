//! Drafts of campaigns: saved as they are, wrong or not; what is wrong is told before they are launched.

use crate::domain::campaign::{CampaignStatus, Plan};
use crate::domain::campaign_life::Act;
use crate::domain::event::Event;
use crate::domain::id::CampaignId;
use crate::domain::session::Actor;
use crate::flow::campaign::limits;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::campaigns::Campaign;
use crate::store::handle::{Snapshot, Tx};
use serde_json::json;
use std::collections::HashSet;

/// Longest name.
const NAME_CHARS_MAX: usize = 120;
/// Longest text of typed numbers: a hundred thousand with their names.
const TYPED_BYTES_MAX: usize = 6 * 1024 * 1024;
/// Longest text of a draft; how much can be sent is told apart.
const TEXT_CHARS_MAX: usize = 10_000;
/// Phonebooks, kinds of numbers, values of a template.
const LIST_MAX: usize = 200;

/// Saves a new draft.
pub async fn create(desk: &Desk, plan: Plan, by: Actor) -> Result<CampaignId, FlowError> {
    let plan = checked(plan)?;
    let now = desk.now();
    desk.store
        .write(move |tx| {
            room_for_one(tx)?;
            let id = tx.insert_campaign(&plan, (by.user, &by.name), None, now)?;
            tx.emit(Event::CampaignChanged { campaign: id });
            Ok(id)
        })
        .await
}

/// Saves a draft anew.
pub async fn save(desk: &Desk, id: CampaignId, plan: Plan, version: i64) -> Result<(), FlowError> {
    let plan = checked(plan)?;
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let campaign = found(tx, id)?;
            may(&campaign, Act::Edit)?;
            if !tx.save_campaign_plan(id, &plan, version, now)? {
                return Err(FlowError::Stale);
            }
            tx.emit(Event::CampaignChanged { campaign: id });
            Ok(())
        })
        .await
}

/// A new draft like a campaign, whatever became of that; its time is not copied, its numbers are.
pub async fn duplicate(desk: &Desk, id: CampaignId, by: Actor) -> Result<CampaignId, FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let original = found(tx, id)?;
            room_for_one(tx)?;
            let (mut plan, _) = plan_of(tx, id)?;
            plan.name = name_of_copy(tx, &original.name)?;
            plan.rules.start = None;
            let copy = tx.insert_campaign(&plan, (by.user, &by.name), Some(id), now)?;
            let lists = tx.copy_campaign_parts(id, copy, now)?;
            plan.audience.without_lists =
                plan.audience.without_lists.iter().filter_map(|list| lists.get(list).copied()).collect();
            tx.save_campaign_plan(copy, &plan, 1, now)?;
            tx.emit(Event::CampaignChanged { campaign: copy });
            Ok(copy)
        })
        .await
}

/// Deletes a campaign that is a draft or has ended: it is gone from every list at once, its rows go in small steps.
pub async fn delete(desk: &Desk, id: CampaignId, by: Actor) -> Result<(), FlowError> {
    let now = desk.now();
    desk.store
        .write(move |tx| {
            let campaign = found(tx, id)?;
            may(&campaign, Act::Delete)?;
            if tx.campaign_run(id)?.launching {
                return Err(being_launched());
            }
            tx.mark_campaign_deleted(id, now)?;
            tx.audit_thing(&by.name, "campaign.delete", Some(&campaign.name), &json!({ "campaign": id }), now)?;
            tracing::info!(campaign.id = %id, by = %by.name, "Campaign {id} is deleted");
            tx.emit(Event::CampaignChanged { campaign: id });
            Ok(())
        })
        .await
}

pub(super) fn found(db: &Snapshot<'_>, id: CampaignId) -> Result<Campaign, FlowError> {
    db.campaign(id)?.ok_or(FlowError::NotFound("campaign"))
}

/// Refuses what may not be done where a campaign stands, in words that say where it stands.
pub(super) fn may(campaign: &Campaign, act: Act) -> Result<CampaignStatus, FlowError> {
    campaign.status.after(act).ok_or_else(|| {
        let words = campaign.status.words();
        FlowError::NotAllowed(
            (
                format!("this campaign is {}: that cannot be done to it now", words.english),
                format!("diese Kampagne ist {}: das geht jetzt nicht", words.german),
            )
                .into(),
        )
    })
}

pub(super) fn being_launched() -> FlowError {
    FlowError::Conflict(
        (
            "this campaign is just being launched: wait a moment",
            "diese Kampagne wird gerade gestartet: bitte einen Augenblick warten",
        )
            .into(),
    )
}

fn room_for_one(tx: &Tx<'_>) -> Result<(), FlowError> {
    let most = limits::read(tx)?.campaigns_max;
    if tx.campaigns_kept()? < most {
        return Ok(());
    }
    Err(FlowError::Conflict(
        (
            format!("there are {most} campaigns already: delete old ones, or raise the limit"),
            format!("es gibt schon {most} Kampagnen: bitte alte löschen oder die Grenze anheben"),
        )
            .into(),
    ))
}

/// "Spring (2)", and the next free number from there on: the same in every language, and no two copies are called alike.
fn name_of_copy(db: &Snapshot<'_>, name: &str) -> Result<String, FlowError> {
    let room = NAME_CHARS_MAX - " (100000)".len();
    let original: String = without_count(name).chars().take(room).collect();
    let taken: HashSet<String> = db.campaign_names_from(&original)?.into_iter().collect();
    let mut names = (2..).map(|nth| format!("{original} ({nth})"));
    Ok(names.find(|name| !taken.contains(name)).expect("there are more numbers than campaigns"))
}

/// A copy's name without the number behind it; a year is none.
fn without_count(name: &str) -> &str {
    let count = name.strip_suffix(')').and_then(|name| name.rsplit_once(" ("));
    match count {
        Some((original, nth)) if !original.is_empty() && (1..=3).contains(&nth.len()) && is_digits(nth) => original,
        _ => name,
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A draft may be unfinished, but it has a name and its size is bounded.
fn checked(mut plan: Plan) -> Result<Plan, FlowError> {
    plan.name = plan.name.trim().to_owned();
    let chars = plan.name.chars().count();
    if !(1..=NAME_CHARS_MAX).contains(&chars) {
        let words = (
            format!("give it a name of 1 to {NAME_CHARS_MAX} characters"),
            format!("bitte einen Namen mit 1 bis {NAME_CHARS_MAX} Zeichen angeben"),
        );
        return Err(FlowError::invalid("name", words));
    }
    let too_long = |field: &str| Err(FlowError::invalid(field, ("too long", "zu lang")));
    let audience = &plan.audience;
    if audience.typed.len() > TYPED_BYTES_MAX {
        return too_long("audience.typed");
    }
    if audience.exclude.typed.len() > TYPED_BYTES_MAX {
        return too_long("audience.exclude.typed");
    }
    if plan.content.text.chars().count() > TEXT_CHARS_MAX {
        return too_long("content.text");
    }
    let lists = [
        audience.books.len(),
        audience.exclude.books.len(),
        audience.exclude.campaigns.len(),
        audience.without_lists.len(),
    ];
    if lists.into_iter().any(|len| len > LIST_MAX) || audience.books.iter().any(|book| book.kinds.len() > LIST_MAX) {
        return too_long("audience");
    }
    if let Some(template) = &plan.content.template {
        let values =
            template.body.iter().chain(template.buttons.iter().map(|button| &button.value)).chain(&template.header);
        if template.body.len() > LIST_MAX
            || template.buttons.len() > LIST_MAX
            || values.map(String::len).sum::<usize>() > 64 * 1024
        {
            return too_long("content.template");
        }
    }
    if !(1..=1_000).contains(&plan.rules.stop_after) {
        let words = ("a number from 1 to 1000", "eine Zahl von 1 bis 1000");
        return Err(FlowError::invalid("rules.stop_after", words));
    }
    Ok(plan)
}

/// Its plan, if it has not begun; what has is not changed any more.
pub fn must_be_editable(db: &Snapshot<'_>, campaign: CampaignId) -> Result<Plan, FlowError> {
    let (plan, status) = plan_of(db, campaign)?;
    match status {
        CampaignStatus::Draft => Ok(plan),
        _ => Err(FlowError::Conflict(
            (
                "only a draft can be changed: take it back from its time, or duplicate it",
                "nur ein Entwurf lässt sich ändern: bitte die Planung zurücknehmen oder die Kampagne duplizieren",
            )
                .into(),
        )),
    }
}

/// Its plan and where it stands.
pub fn plan_of(db: &Snapshot<'_>, campaign: CampaignId) -> Result<(Plan, CampaignStatus), FlowError> {
    db.campaign_plan(campaign)?.ok_or(FlowError::NotFound("campaign"))
}

/// How many people one campaign may write to.
pub fn recipients_max(db: &Snapshot<'_>) -> Result<usize, FlowError> {
    Ok(limits::read(db)?.recipients_max as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_a_copy_is_no_part_of_its_name_and_a_year_is() {
        for (name, original) in [
            ("Spring", "Spring"),
            ("Spring (2)", "Spring"),
            ("Spring (2) (13)", "Spring (2)"),
            ("Spring (2027)", "Spring (2027)"),
            ("Spring (two)", "Spring (two)"),
            ("Spring ()", "Spring ()"),
            (" (2)", " (2)"),
        ] {
            assert_eq!(without_count(name), original);
        }
    }
}
