//! Which variables a campaign's text can have: of the contact, of its lists' columns, of the site; each with an example.

use crate::domain::campaign::Plan;
use crate::domain::campaign_text::{canonical, variable_name};
use crate::domain::id::{CampaignId, PhonebookId};
use crate::flow::campaign::content::Prepared;
use crate::flow::campaign::values::{self, OF_CONTACT};
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Where its values come from.
    pub from: From,
    /// One of them; empty: none is known.
    pub example: String,
}

/// Where values come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// The contact.
    Contact,
    /// A list of the campaign.
    List,
    /// The site.
    Site,
}

/// The variables there are, those of lists first. Without a campaign: of contacts and the site.
pub fn all(
    db: &Snapshot<'_>,
    campaign: Option<(CampaignId, &Plan)>,
    now: crate::domain::time::Timestamp,
) -> Result<Vec<Known>, StoreError> {
    let mut found: Vec<Known> = Vec::new();
    let mut add = |name: String, from: From, example: String| {
        if !found.iter().any(|known| known.name == name) {
            found.push(Known { name, from, example: example.chars().take(80).collect() });
        }
    };
    if let Some((campaign, plan)) = campaign {
        let picked =
            |list: &crate::store::campaign_lists::CampaignList| !plan.audience.without_lists.contains(&list.id);
        for list in db.campaign_lists(campaign)?.into_iter().filter(picked) {
            for (at, column) in list.about.columns.into_iter().enumerate() {
                let cells = list.about.first.iter().filter_map(|cells| cells.get(at));
                let example = cells.map(|cell| cell.trim()).find(|cell| !cell.is_empty()).unwrap_or_default();
                add(column.variable, From::List, example.to_owned());
            }
        }
    }
    for name in OF_CONTACT {
        add((*name).to_owned(), From::Contact, String::new());
    }
    let books: Vec<PhonebookId> =
        campaign.iter().flat_map(|(_, plan)| plan.audience.books.iter().map(|pick| pick.phonebook)).collect();
    for (name, example) in db.custom_fields(&books)? {
        if let Some(name) = variable_name(&name) {
            add(name, From::Contact, example);
        }
    }
    let number = campaign.map(|(_, plan)| crate::flow::campaign::audience::senders(db, plan)).transpose()?;
    let number = number.and_then(|numbers| numbers.first().copied()).map(|id| db.our_number(id)).transpose()?.flatten();
    for (name, example) in values::of_site(db, number.as_ref().map(|number| &number.address), now)? {
        add(name, From::Site, example);
    }
    Ok(found)
}

/// Variables of a text that nothing has the name of.
pub async fn unknown(
    media: &MediaDesk,
    campaign: CampaignId,
    plan: &Plan,
    prepared: &Prepared,
) -> Result<Vec<String>, FlowError> {
    let (plan, now) = (plan.clone(), media.desk.now());
    let known = media.desk.store.read(move |db| Ok::<_, FlowError>(all(db, Some((campaign, &plan)), now)?)).await?;
    let has = |name: &str| known.iter().any(|one| one.name == name || canonical(&one.name) == canonical(name));
    Ok(prepared.variables().into_iter().filter(|name| !has(name)).map(str::to_owned).collect())
}
