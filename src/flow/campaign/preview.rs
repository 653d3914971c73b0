//! How a campaign reads to one recipient, without launching it; and a test send of that to oneself: a real message through
//! the outbox that no ledger counts.

use crate::domain::address::Address;
use crate::domain::id::{CampaignId, MessageId, NumberId, RecipientId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::session::Actor;
use crate::domain::time::Timestamp;
use crate::domain::wording::Wording;
use crate::flow::campaign::audience::{Walk, is_marketing, next_page};
use crate::flow::campaign::blockers::Blocker;
use crate::flow::campaign::content::{Prepared, Ready, Recipient, Skip, prepare, say};
use crate::flow::campaign::drafts::plan_of;
use crate::flow::campaign::estimate::reason_words;
use crate::flow::campaign::values::Person;
use crate::flow::desk::Rules;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::outgoing::Files;
use crate::flow::send::{Outgoing, answered, file_and_send, open_or_new};
use crate::flow::session::note_holder;
use crate::store::audience::NewRecipient;
use crate::store::handle::{Snapshot, Tx};

/// Whom it is shown for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// Somebody of the audience, from 1.
    Nth(usize),
    /// A line of the ledger.
    Recipient(RecipientId),
}

/// How it reads to one recipient.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Which of those who are written to, from 1.
    pub at: usize,
    /// Of how many.
    pub of: usize,
    /// Who it is; `None`: there is nobody, it is shown without any values.
    pub to: Option<NewRecipient>,
    /// What is said, or why nothing is.
    pub said: Result<Ready, Wording>,
    /// What stands in the way for everybody.
    pub blockers: Vec<Blocker>,
}

/// Shows it.
pub async fn preview(media: &MediaDesk, campaign: CampaignId, whom: Whom) -> Result<Preview, FlowError> {
    let (plan, _) = media.desk.store.read(move |db| plan_of(db, campaign)).await?;
    let prepared = prepare(media, campaign, &plan).await?;
    let (at, of, to) = match whom {
        Whom::Recipient(id) => {
            let found = media.desk.store.read(move |db| Ok::<_, FlowError>(db.recipient_words(campaign, id)?)).await?;
            (1, 1, Some(found.ok_or(FlowError::NotFound("recipient"))?))
        }
        Whom::Nth(wanted) => {
            let planned = plan.clone();
            let walk =
                media.desk.store.read(move |db| Ok::<_, FlowError>(Walk::begin(db, campaign, &planned)?)).await?;
            nth(media, walk, wanted.max(1), true).await?
        }
    };
    let blockers = prepared.blockers.clone();
    let to_say = to.clone().unwrap_or_else(nobody);
    let said = media
        .desk
        .store
        .read(move |db| match said(db, &prepared, None, &to_say) {
            Ok(ready) => Ok::<_, FlowError>(Ok(ready)),
            Err(Skip::Why(reason)) => Ok(Err(reason_words(&reason))),
            Err(Skip::Store(error)) => Err(error.into()),
        })
        .await?;
    Ok(Preview { at, of, to, said, blockers })
}

/// The one who is wanted, or the last; and how many there are.
async fn nth(
    media: &MediaDesk,
    mut walk: Walk,
    wanted: usize,
    count_all: bool,
) -> Result<(usize, usize, Option<NewRecipient>), FlowError> {
    let (mut count, mut found) = (0, None);
    loop {
        let (went_on, page) = next_page(&media.desk, walk).await?;
        walk = went_on;
        if page.is_empty() || walk.is_too_long() || (!count_all && count >= wanted) {
            return Ok((wanted.min(count).max(1), count, found));
        }
        for line in page.into_iter().filter(|line| line.recipient.skipped.is_none()) {
            count += 1;
            if count <= wanted {
                found = Some(line.recipient);
            }
        }
    }
}

/// Nobody in particular.
fn nobody() -> NewRecipient {
    NewRecipient {
        given: String::new(),
        address: None,
        counts: true,
        name: String::new(),
        contact: None,
        variables: None,
        zone: None,
        skipped: None,
    }
}

fn said(db: &Snapshot<'_>, prepared: &Prepared, instead: Option<&Address>, to: &NewRecipient) -> Result<Ready, Skip> {
    let number = prepared.numbers().first().map(|number| (number.id, number.address.clone()));
    let (number, own) = number.ok_or_else(|| Skip::Why(Reason::of(ReasonCode::TrunkDisabled)))?;
    // Without anybody it is shown as if it went to ourselves.
    let address = instead.or(to.address.as_ref()).unwrap_or(&own);
    let person = Person { address: Some(address), name: &to.name, contact: to.contact, row: to.variables.as_ref() };
    say(db, prepared, number, &Recipient { id: None, person })
}

/// Sends it to somebody, usually oneself, with the first recipient's values. Its links lead straight to where they point.
pub async fn test_send(
    media: &MediaDesk,
    campaign: CampaignId,
    to: Address,
    by: Actor,
) -> Result<MessageId, FlowError> {
    let (plan, _) = media.desk.store.read(move |db| plan_of(db, campaign)).await?;
    let prepared = prepare(media, campaign, &plan).await?.uncounted();
    if let Some(blocker) = prepared.blockers.first() {
        return Err(FlowError::invalid(blocker.field.clone(), blocker.words.clone()));
    }
    let number = prepared.numbers().first().map(|number| number.id);
    let number = number.ok_or_else(|| {
        FlowError::invalid("sender", ("choose the number it comes from", "bitte die Absendernummer wählen"))
    })?;
    let planned = plan.clone();
    let walk = media.desk.store.read(move |db| Ok::<_, FlowError>(Walk::begin(db, campaign, &planned)?)).await?;
    let (.., first) = nth(media, walk, 1, false).await?;
    let first = first.unwrap_or_else(nobody);
    let (now, rules) = (media.desk.now(), media.desk.rules.clone());
    media
        .desk
        .store
        .write(move |tx| {
            let marketing = is_marketing(tx, &plan, &[number])?;
            if tx.refusal_of(&to, number, marketing)?.is_some() {
                return Err(FlowError::Refused(ReasonCode::OptedOut));
            }
            let ready = said(tx, &prepared, Some(&to), &first).map_err(|why| match why {
                Skip::Why(reason) => FlowError::invalid("content", reason_words(&reason)),
                Skip::Store(error) => FlowError::Store(error),
            })?;
            file(tx, &rules, (number, &to), ready, &by, now)
        })
        .await
}

fn file(
    tx: &Tx<'_>,
    rules: &Rules,
    (number, to): (NumberId, &Address),
    ready: Ready,
    by: &Actor,
    now: Timestamp,
) -> Result<MessageId, FlowError> {
    let before = open_or_new(tx, number, to, by, now)?;
    let after = answered(tx, before.clone(), by)?;
    note_holder(tx, &before, &after, by, now)?;
    let files = Files { list: &ready.files, sent_as: ready.sent_as };
    let message = file_and_send(tx, rules, Outgoing { files, ..Outgoing::text(&after, ready.text, by) }, now)?;
    if ready.rich.is_some() {
        tx.set_beyond_text(message, ready.rich.as_ref(), None, None)?;
    }
    Ok(message)
}
