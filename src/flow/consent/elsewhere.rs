//! Where a person's number stands in texts that people typed or uploaded, in whatever spelling: it is found by reading them
//! as the house does.

use crate::domain::address::Address;
use crate::domain::id::CampaignId;
use crate::domain::typed_list::without;
use crate::flow::consent::people::overwriting;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::handle::{Snapshot, Tx};

/// Imports that are kept at once: more than one month brings.
const IMPORTS_MAX: usize = 10_000;

/// Takes a number out of what was typed into campaigns, one after the other: a list may be long, and nobody waits for all.
pub(super) async fn erase_typed(desk: &Desk, address: &Address) -> Result<(), FlowError> {
    for id in desk.store.read(|db| db.campaigns_typed()).await? {
        let about = address.clone();
        let stands = desk.store.read(move |db| Ok::<_, FlowError>(typed_without(db, id, &about)?.is_some())).await?;
        if !stands {
            continue;
        }
        let about = address.clone();
        overwriting(desk, move |tx| {
            // It may have been edited meanwhile.
            let Some((to, not_to)) = typed_without(tx, id, &about)? else { return Ok(()) };
            Ok(tx.set_campaign_typed(id, (&to, &not_to))?)
        })
        .await?;
    }
    Ok(())
}

/// What was typed into a campaign without a number; `None`: it does not stand there.
fn typed_without(db: &Snapshot<'_>, id: CampaignId, about: &Address) -> Result<Option<(String, String)>, FlowError> {
    let country = db.country()?;
    let Some((to, not_to)) = db.campaign_typed(id)? else { return Ok(None) };
    let (fewer, fewer_not) = (without(&to, about, &country), without(&not_to, about, &country));
    let is_there = fewer.is_some() || fewer_not.is_some();
    Ok(is_there.then(|| (fewer.unwrap_or(to), fewer_not.unwrap_or(not_to))))
}

/// Takes a number out of what is kept of tables beside their rows: what is shown of them, and the files, in which it may stand
/// anywhere. Those tables can no longer be read in another way.
pub(super) fn erase_from_lists(tx: &Tx<'_>, address: &Address) -> Result<(), FlowError> {
    let country = tx.country()?;
    for mut list in tx.lists_with(address)? {
        list.about.first.retain(|row| !row.iter().any(|cell| is_written(cell, address, &country)));
        tx.set_list(list.id, &list.about)?;
        tx.forget_list_parts(list.id)?;
    }
    Ok(())
}

fn is_written(cell: &str, address: &Address, country: &str) -> bool {
    Address::from_typed(cell, country).is_ok_and(|found| found == *address)
}

/// Takes the rows with a number out of what is shown of imports. The file itself is forgotten after a day, and brings nobody
/// back who was erased since it came.
pub(super) fn erase_from_imports(tx: &Tx<'_>, address: &Address) -> Result<(), FlowError> {
    let country = tx.country()?;
    for mut import in tx.imports(IMPORTS_MAX)? {
        let before = import.first.len();
        import.first.retain(|row| !row.iter().any(|cell| is_written(cell, address, &country)));
        if import.first.len() < before {
            tx.set_import_first(import.id, &import.first)?;
        }
    }
    tx.forget_faults_with(address.as_str())?;
    Ok(())
}
