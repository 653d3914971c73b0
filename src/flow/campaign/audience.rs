//! Whom a campaign writes to: what was typed, uploaded lists, phonebooks, in this order, minus whoever is left out. Read
//! page by page, so that a hundred thousand take little memory and hold nobody up; whoever is not written to stands in
//! the ledger too, with the reason.

use crate::domain::address::{Address, AddressKind};
use crate::domain::campaign::{BookPick, Plan, SenderPick};
use crate::domain::campaign_text::canonical;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{CampaignId, ContactId, ListId, NumberId};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::typed_list::{self, Typed};
use crate::domain::wording::Wording;
use crate::domain::zones;
use crate::flow::campaign::content::{Prepared, Recipient, Skip, say};
use crate::flow::campaign::values::Person;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::store::audience::{BookContact, NewRecipient};
use crate::store::campaign_lists::{CampaignList, ListRow};
use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use std::collections::{HashSet, VecDeque};

/// Lines of one page, and rows of one commit.
pub const PAGE_MAX: usize = 500;
/// Lines that are looked at beside those who are written to: unreadable ones, duplicates, people left out.
pub const LINES_MAX: usize = 400_000;

/// Longest name in the ledger.
const NAME_CHARS_MAX: usize = 120;

/// Where a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Somebody typed it, on this line.
    Typed(u64),
    /// A row of a list, on this line.
    List(ListId, u64),
    /// A contact of a phonebook.
    Book,
}

/// A line of the audience, judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it came from.
    pub source: Source,
    /// As it will stand in the ledger.
    pub recipient: NewRecipient,
    /// What is wrong with a number that cannot be read.
    pub fault: Option<Wording>,
}

/// A campaign's audience on its way past: each page is read and judged anew, what was seen is remembered.
pub struct Walk {
    plan: Plan,
    kind: ChannelKind,
    numbers: Vec<NumberId>,
    marketing: bool,
    own: HashSet<Address>,
    excluded: HashSet<Address>,
    country: String,
    /// How far what was typed is read: its bytes, its lines, and what of it is still to come.
    typed_at: usize,
    typed_line: u64,
    typed: VecDeque<Typed>,
    lists: std::vec::IntoIter<PickedList>,
    books: std::vec::IntoIter<BookPick>,
    in_list: Option<(PickedList, u64)>,
    in_book: Option<(BookPick, ContactId)>,
    seen: HashSet<Address>,
    people: HashSet<ContactId>,
    lines: usize,
}

/// A list, and which of its variables are the name.
#[derive(Clone)]
struct PickedList {
    id: ListId,
    name: Vec<String>,
}

impl PickedList {
    fn of(list: CampaignList) -> PickedList {
        let about = list.about;
        let column = about.name_column.and_then(|at| about.columns.get(at)).map(|column| column.variable.clone());
        let parts = ["first_name", "last_name"].iter().filter_map(|wanted| {
            about.columns.iter().map(|column| &column.variable).find(|variable| canonical(variable) == *wanted).cloned()
        });
        PickedList { id: list.id, name: column.map_or_else(|| parts.collect(), |column| vec![column]) }
    }

    fn line(&self, row: ListRow) -> Line {
        let words = self.name.iter().filter_map(|variable| row.variables.get(variable)).map(|word| word.trim());
        let name = words.collect::<Vec<_>>().join(" ").chars().take(NAME_CHARS_MAX).collect();
        let mut new = line(Source::List(self.id, row.line), row.given, row.address, name);
        new.recipient.variables = Some(row.variables);
        new
    }
}

/// How many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// Lines of the ledger.
    pub lines: usize,
    /// Those who are written to.
    pub recipients: usize,
    /// Those to whom it cannot be said.
    pub unsaid: usize,
}

/// Whom a campaign could be written by: the number, or those of the pool; empty: it has no sender yet.
pub fn senders(db: &Snapshot<'_>, plan: &Plan) -> Result<Vec<NumberId>, StoreError> {
    let Some(channel) = plan.channel else { return Ok(Vec::new()) };
    Ok(match &plan.sender {
        None => Vec::new(),
        Some(SenderPick::Number(number)) => {
            db.our_number(*number)?.filter(|known| known.channel == channel).map(|known| known.id).into_iter().collect()
        }
        Some(SenderPick::Pool(pool)) => db.pool_numbers(channel, pool)?,
    })
}

impl Walk {
    /// From the beginning.
    pub fn begin(db: &Snapshot<'_>, campaign: CampaignId, plan: &Plan) -> Result<Walk, StoreError> {
        let country = db.country()?;
        let kind = match plan.channel {
            Some(channel) => db.channel(channel)?.map_or(ChannelKind::Sms, |channel| channel.kind),
            None => ChannelKind::Sms,
        };
        let lists = db.campaign_lists(campaign)?.into_iter();
        let lists = lists.filter(|list| !plan.audience.without_lists.contains(&list.id));
        let lists: Vec<PickedList> = lists.map(PickedList::of).collect();
        let excluded = typed_list::read(&plan.audience.exclude.typed, &country);
        let numbers = senders(db, plan)?;
        Ok(Walk {
            kind,
            marketing: is_marketing(db, plan, &numbers)?,
            numbers,
            own: db.own_addresses()?,
            excluded: excluded.into_iter().filter_map(|typed| typed.address.ok()).collect(),
            country,
            typed_at: 0,
            typed_line: 0,
            typed: VecDeque::new(),
            lists: lists.into_iter(),
            books: plan.audience.books.clone().into_iter(),
            plan: plan.clone(),
            in_list: None,
            in_book: None,
            seen: HashSet::new(),
            people: HashSet::new(),
            lines: 0,
        })
    }

    /// The next lines, judged; none: that was all.
    pub fn next(&mut self, db: &Snapshot<'_>) -> Result<Vec<Line>, StoreError> {
        loop {
            let page = self.page(db)?;
            let Some(page) = page else { return Ok(Vec::new()) };
            if page.is_empty() {
                continue;
            }
            self.lines += page.len();
            return page.into_iter().map(|line| self.judge(db, line)).collect();
        }
    }

    /// Whether there are more lines than anybody means to write to.
    pub fn is_too_long(&self) -> bool {
        self.lines > LINES_MAX
    }

    /// The next lines as they come; `None`: that was all. An empty page is not the end.
    fn page(&mut self, db: &Snapshot<'_>) -> Result<Option<Vec<Line>>, StoreError> {
        let typed = self.typed_page();
        if !typed.is_empty() {
            return Ok(Some(typed));
        }
        if let Some((list, after)) = self.in_list.take().or_else(|| self.lists.next().map(|list| (list, 0))) {
            let rows = db.list_rows(list.id, after, PAGE_MAX)?;
            self.in_list = rows.last().map(|row| (list.clone(), row.line));
            return Ok(Some(rows.into_iter().map(|row| list.line(row)).collect()));
        }
        let next = self.in_book.take().or_else(|| self.books.next().map(|pick| (pick, ContactId(0))));
        let Some((pick, after)) = next else { return Ok(None) };
        let lines_of_one = if pick.all_numbers { pick.kinds.len().clamp(1, PAGE_MAX) } else { 1 };
        let contacts = db.book_contacts(pick.phonebook, after, PAGE_MAX / lines_of_one)?;
        let lines = contacts.iter().flat_map(|contact| of_contact(&pick, contact)).collect();
        self.in_book = contacts.last().map(|last| (pick, last.id));
        Ok(Some(lines))
    }

    /// The next of what was typed: a reader that reads a million letters at once keeps others waiting.
    fn typed_page(&mut self) -> Vec<Line> {
        let lines = self.plan.audience.typed[self.typed_at..].split_inclusive('\n');
        for words in lines {
            if self.typed.len() >= PAGE_MAX {
                break;
            }
            self.typed_at += words.len();
            self.typed_line += 1;
            self.typed.extend(typed_list::read_line(self.typed_line, words, &self.country));
        }
        let page = self.typed.len().min(PAGE_MAX);
        self.typed.drain(..page).map(of_typed).collect()
    }

    /// Says whether a line is written to, and why not.
    fn judge(&mut self, db: &Snapshot<'_>, mut line: Line) -> Result<Line, StoreError> {
        let recipient = &mut line.recipient;
        let Some(address) = recipient.address.clone().filter(|address| self.reaches(address)) else {
            recipient.address = None;
            recipient.skipped = Some(Reason::of(ReasonCode::NumberUnreadable));
            return Ok(line);
        };
        self.know(db, recipient, &address)?;
        let known = self.once(line.source, recipient.contact) || self.seen.contains(&address);
        if known {
            recipient.counts = false;
            recipient.skipped = Some(Reason::of(ReasonCode::Duplicate));
            return Ok(line);
        }
        self.seen.insert(address.clone());
        self.people.extend(recipient.contact);
        let why = if self.own.contains(&address) {
            Some(ReasonCode::OwnNumber)
        } else if self.is_excluded(db, &address, recipient.contact)? {
            Some(ReasonCode::Excluded)
        } else if self.is_refused(db, &address)? {
            Some(ReasonCode::OptedOut)
        } else {
            None
        };
        recipient.skipped = why.map(Reason::of);
        Ok(line)
    }

    /// Whether the channel can reach such an address at all.
    fn reaches(&self, address: &Address) -> bool {
        match address.kind() {
            AddressKind::E164 => true,
            AddressKind::WhatsAppUser => self.kind == ChannelKind::WhatsApp,
            AddressKind::ShortCode | AddressKind::Alphanumeric => false,
        }
    }

    /// Who stands behind a number, and where they are.
    fn know(&self, db: &Snapshot<'_>, recipient: &mut NewRecipient, address: &Address) -> Result<(), StoreError> {
        if recipient.contact.is_none()
            && let Some(contact) = db.one_contact_with(address)?
        {
            recipient.contact = Some(contact.id);
            recipient.zone = contact.zone;
            if recipient.name.is_empty() {
                recipient.name = contact.name;
            }
        }
        if self.plan.rules.hours.is_some() && recipient.zone.is_none() {
            recipient.zone = zones::of_number(address).map(str::to_owned);
        }
        Ok(())
    }

    /// Whether a person of a phonebook that is written to once stands above, whichever of their numbers it was.
    fn once(&self, source: Source, contact: Option<ContactId>) -> bool {
        let all_numbers = self.in_book.as_ref().is_some_and(|(pick, _)| pick.all_numbers);
        source == Source::Book && !all_numbers && contact.is_some_and(|contact| self.people.contains(&contact))
    }

    fn is_excluded(
        &self,
        db: &Snapshot<'_>,
        address: &Address,
        contact: Option<ContactId>,
    ) -> Result<bool, StoreError> {
        let exclude = &self.plan.audience.exclude;
        if self.excluded.contains(address) || db.is_in_books(address, &exclude.books)? {
            return Ok(true);
        }
        if let Some(contact) = contact
            && db.contact_is_in_books(contact, &exclude.books)?
        {
            return Ok(true);
        }
        db.was_written_to(address, &exclude.campaigns)
    }

    /// Whether somebody wants nothing from any of the numbers it may come from.
    fn is_refused(&self, db: &Snapshot<'_>, address: &Address) -> Result<bool, StoreError> {
        if !db.ever_refused(address)? {
            return Ok(false);
        }
        for number in &self.numbers {
            if db.refusal_of(address, *number, self.marketing)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a campaign is advertising: it says so, or its template is.
pub fn is_marketing(db: &Snapshot<'_>, plan: &Plan, numbers: &[NumberId]) -> Result<bool, StoreError> {
    let (false, Some(wanted)) = (plan.rules.marketing, &plan.content.template) else { return Ok(plan.rules.marketing) };
    let number = numbers.first().map(|id| db.our_number(*id)).transpose()?.flatten();
    let template = number.map(|number| db.template(number.trunk, &wanted.name, &wanted.language)).transpose()?;
    Ok(template.flatten().is_some_and(|template| template.is_marketing()))
}

fn line(source: Source, given: String, address: Option<Address>, name: String) -> Line {
    Line {
        source,
        recipient: NewRecipient {
            given,
            address,
            counts: true,
            name,
            contact: None,
            variables: None,
            zone: None,
            skipped: None,
        },
        fault: None,
    }
}

fn of_typed(typed: Typed) -> Line {
    let fault = typed.address.as_ref().err().cloned();
    Line { fault, ..line(Source::Typed(typed.line), typed.given, typed.address.ok(), typed.name) }
}

/// The lines of a contact: the first of its numbers of these kinds that can be read, or all of them. One without any such
/// number is nobody this phonebook was picked for.
fn of_contact(pick: &BookPick, contact: &BookContact) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    for kind in &pick.kinds {
        let number = contact.numbers.iter().find(|(one, ..)| one == kind);
        if let Some((_, given, address)) = number {
            let mut new = line(Source::Book, given.clone(), address.clone(), contact.name.clone());
            new.recipient.contact = Some(contact.id);
            new.recipient.zone = contact.zone.clone();
            found.push(new);
        }
    }
    if pick.all_numbers {
        return found;
    }
    let best = found.iter().position(|line| line.recipient.address.is_some()).unwrap_or(0);
    found.into_iter().nth(best).into_iter().collect()
}

/// Fills the ledger of a campaign that has not begun, from its beginning: what stands there from an earlier try is thrown
/// away. Who cannot be said it stands there as skipped, with the reason. Small commits; more than `recipients_max` people
/// are refused.
pub async fn build(
    desk: &Desk,
    campaign: CampaignId,
    plan: &Plan,
    mut prepared: Prepared,
    recipients_max: usize,
) -> Result<Built, FlowError> {
    forget(desk, campaign).await?;
    let plan = plan.clone();
    let mut walk = desk.store.read(move |db| Walk::begin(db, campaign, &plan)).await?;
    let mut built = Built::default();
    loop {
        let (went_on, said, page, unsaid) = desk.store.read(move |db| page_said(db, walk, prepared)).await?;
        (walk, prepared) = (went_on, said);
        built.unsaid += unsaid;
        if page.is_empty() {
            return Ok(built);
        }
        built.lines += page.len();
        built.recipients += page.iter().filter(|line| line.skipped.is_none()).count();
        if built.recipients > recipients_max || walk.is_too_long() {
            return Err(too_many(recipients_max));
        }
        let now = desk.now();
        desk.store.write(move |tx| Ok::<_, FlowError>(tx.begin_recipients(campaign, &page, now)?)).await?;
    }
}

/// The next page, with those skipped to whom it cannot be said; and how many they are.
fn page_said(
    db: &Snapshot<'_>,
    mut walk: Walk,
    prepared: Prepared,
) -> Result<(Walk, Prepared, Vec<NewRecipient>, usize), FlowError> {
    let number = prepared.numbers().first().map(|number| number.id);
    let (mut page, mut unsaid) = (walk.next(db)?, 0);
    for line in page.iter_mut().filter(|line| line.recipient.skipped.is_none()) {
        match number.map(|number| say(db, &prepared, number, &line.listener())) {
            Some(Err(Skip::Why(reason))) => {
                line.recipient.skipped = Some(reason);
                unsaid += 1;
            }
            Some(Err(Skip::Store(error))) => return Err(error.into()),
            Some(Ok(_)) | None => {}
        }
    }
    Ok((walk, prepared, page.into_iter().map(|line| line.recipient).collect(), unsaid))
}

impl Line {
    /// Whom it is, as they are spoken to.
    pub fn listener(&self) -> Recipient<'_> {
        let known = &self.recipient;
        let person = Person {
            address: known.address.as_ref(),
            name: &known.name,
            contact: known.contact,
            row: known.variables.as_ref(),
        };
        Recipient { id: None, person }
    }
}

/// The next page of an audience.
pub async fn next_page(desk: &Desk, mut walk: Walk) -> Result<(Walk, Vec<Line>), FlowError> {
    desk.store
        .read(move |db| {
            let page = walk.next(db)?;
            Ok((walk, page))
        })
        .await
}

/// Throws away the ledger of a campaign that has not begun.
pub async fn forget(desk: &Desk, campaign: CampaignId) -> Result<(), FlowError> {
    let step = || desk.store.write(move |tx| Ok::<_, FlowError>(tx.forget_unsent_recipients(campaign, PAGE_MAX)?));
    while step().await? == PAGE_MAX {}
    Ok(())
}

/// More than anybody may write to.
pub fn too_many(recipients_max: usize) -> FlowError {
    FlowError::invalid(
        "audience",
        (
            format!("more than {recipients_max} recipients: leave some out, or raise the limit for campaigns"),
            format!(
                "mehr als {recipients_max} Empfänger: bitte einige weglassen oder die Grenze für Kampagnen anheben"
            ),
        ),
    )
}
