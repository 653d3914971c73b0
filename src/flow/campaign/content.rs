//! What a campaign says to one recipient: its text or template filled in, with its files. All that is the same for
//! everybody is made ready once ([`prepare`]); then each is said ([`say`]) from what the database knows of them.

use crate::carrier::media_limits::MediaLimits;
use crate::domain::address::Address;
use crate::domain::campaign::{Plan, TEXT_CHARS_MAX, TemplatePlan};
use crate::domain::campaign_text::{Filled, Text, Values};
use crate::domain::channel::ChannelKind;
use crate::domain::id::{CampaignId, NumberId, RecipientId};
use crate::domain::message;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::rich::{ButtonValue, HeaderValue, Rich, TemplateUse, Variable};
use crate::domain::say::PlaceGiven;
use crate::domain::template::{HeaderFormat, Template};
use crate::domain::time::Timestamp;
use crate::flow::campaign::audience::senders;
use crate::flow::campaign::blockers::{Blocker, of_files, of_template};
use crate::flow::campaign::links;
use crate::flow::campaign::values::{self, Person};
use crate::flow::compose::read_place;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::fit::{Given, all_or_none, fit_all};
use crate::flow::media::links::{TOKEN_CHARS, short_url};
use crate::flow::media::outgoing::{OutFile, SentAs, with_link};
use crate::flow::media::plan::{self, Takes, plan_as_files, plan_as_links};
use crate::flow::send::{segments_of, worded};
use crate::store::channel_media::MediaSender;
use crate::store::error::StoreError;
use crate::store::handle::{Snapshot, Tx};
use crate::store::routing::OurNumber;
use crate::store::short_links::ShortLink;
use std::collections::{BTreeMap, HashMap};

/// What is the same for everybody, made ready once. It is worth as long as settings and templates stay as they are: make
/// it anew when a campaign begins, goes on, and every few minutes.
#[derive(Clone, Debug)]
pub struct Prepared {
    said: Said,
    senders: HashMap<NumberId, Sender>,
    /// Where counted links lead to us; `None`: links stay as they are.
    links_base: Option<String>,
    link_chars: Option<usize>,
    /// Why it cannot be sent so, to anybody.
    pub blockers: Vec<Blocker>,
}

#[derive(Clone, Debug)]
enum Said {
    Text(Text),
    Template(Box<FilledTemplate>),
    Nothing,
}

/// A template with the texts of its values.
#[derive(Clone, Debug)]
pub(super) struct FilledTemplate {
    pub template: Template,
    pub header: Option<Text>,
    pub body: Vec<Text>,
    pub buttons: Vec<(u32, Text)>,
}

/// One of our numbers, and how files go from it.
#[derive(Clone, Debug)]
struct Sender {
    our: OurNumber,
    media: MediaSender,
    limits: Option<MediaLimits>,
    text_chars_max: usize,
    has_files: bool,
    as_files: Option<Made>,
    as_links: Option<Made>,
    site: BTreeMap<String, String>,
}

#[derive(Clone, Debug)]
struct Made {
    files: Vec<OutFile>,
    words_max: usize,
}

/// Somebody who is written to.
#[derive(Clone, Debug, Default)]
pub struct Recipient<'a> {
    /// Their line of the ledger; `None`: there is none yet, it is only looked at.
    pub id: Option<RecipientId>,
    /// What is known of them.
    pub person: Person<'a>,
}

/// A message, ready to be filed.
#[derive(Clone, Debug, PartialEq)]
pub struct Ready {
    /// Its text, as it is sent.
    pub text: String,
    /// Its files, fitted.
    pub files: Vec<OutFile>,
    /// How they go.
    pub sent_as: SentAs,
    /// The template, where it is one.
    pub rich: Option<Rich>,
    /// Its counted links; to be kept with the message, see [`keep_links`].
    pub links: Vec<ShortLink>,
    /// Variables for which nothing is known.
    pub missing: Vec<String>,
    /// Segments of an SMS, with the link to its files where it has one.
    pub segments: Option<u32>,
}

/// Why somebody is not written to.
#[derive(Clone, Debug)]
pub enum Skip {
    /// It cannot be said to them.
    Why(Reason),
    /// The database.
    Store(StoreError),
}

impl From<StoreError> for Skip {
    fn from(error: StoreError) -> Skip {
        Skip::Store(error)
    }
}

fn skip(code: ReasonCode) -> Skip {
    Skip::Why(Reason::of(code))
}

/// Makes ready what is the same for everybody; files are made fit here, once for each way and number.
pub async fn prepare(media: &MediaDesk, campaign: CampaignId, plan: &Plan) -> Result<Prepared, FlowError> {
    let now = media.desk.now();
    let planned = plan.clone();
    let (numbers, files, template) = media
        .desk
        .store
        .read(move |db| {
            let mut numbers = Vec::new();
            for id in senders(db, &planned)? {
                if let (Some(our), Some(sender)) = (db.our_number(id)?, db.media_sender(id)?) {
                    let site = values::of_site(db, Some(&our.address), now)?;
                    numbers.push((our, sender, site));
                }
            }
            let trunk = numbers.first().map(|(our, ..)| our.trunk);
            let wanted = planned.content.template.as_ref().zip(trunk);
            let template = wanted.map(|(wanted, trunk)| db.template(trunk, &wanted.name, &wanted.language));
            Ok::<_, FlowError>((numbers, db.campaign_files(campaign)?, template.transpose()?.flatten()))
        })
        .await?;
    let mut blockers = Vec::new();
    let said = match (&plan.content.template, template) {
        (None, _) => Said::Text(Text::read(&plan.content.text)),
        (Some(wanted), Some(template)) => {
            let filled = FilledTemplate::of(template, wanted);
            blockers.extend(of_template(&filled, files.first()));
            Said::Template(Box::new(filled))
        }
        (Some(_), None) => Said::Nothing,
    };
    let base = media.desk.rules.public_base_url.clone();
    let link_chars = base.as_ref().map(|base| base.chars().count() + 1 + TOKEN_CHARS);
    let given: Vec<Given> = files.into_iter().map(|file| Given { name: file.name, file: file.file }).collect();
    let mut senders = HashMap::new();
    for (our, sender, site) in numbers {
        let made = Sender::make(media, (our, sender, site), &given, link_chars, &mut blockers).await?;
        senders.insert(made.our.id, made);
    }
    let links_base = base.filter(|_| plan.content.count_links);
    Ok(Prepared { said, senders, links_base, link_chars, blockers })
}

impl Sender {
    async fn make(
        media: &MediaDesk,
        (our, sender, site): (OurNumber, MediaSender, BTreeMap<String, String>),
        given: &[Given],
        link_chars: Option<usize>,
        blockers: &mut Vec<Blocker>,
    ) -> Result<Sender, FlowError> {
        let line = media.switchboard.trunk(our.trunk);
        let carrier = line.as_ref().map(|line| line.carrier.limits());
        let limits = carrier.and_then(|limits| limits.media_for(our.kind)).cloned();
        let text_chars_max = carrier.map_or(message::TEXT_CHARS_MAX, |limits| limits.text_chars_max);
        let takes = Takes { media: limits.as_ref(), text_chars_max };
        let (mut as_files, mut as_links) = (None, None);
        if !given.is_empty() {
            let file_plan = plan_as_files(&sender, takes);
            let link_plan = plan_as_links(&sender, takes, link_chars);
            if file_plan.is_none() && link_plan.is_none() {
                blockers.push(Blocker::of("files", ReasonCode::MmsNotPossible));
            }
            as_files = made(media, &sender, file_plan, given, blockers).await?;
            as_links = made(media, &sender, link_plan, given, blockers).await?;
        }
        let has_files = !given.is_empty();
        Ok(Sender { our, media: sender, limits, text_chars_max, has_files, as_files, as_links, site })
    }

    /// The files as they go to somebody.
    fn files_to(&self, to: &Address, link_chars: Option<usize>) -> Result<(&[OutFile], SentAs, usize), Skip> {
        if !self.has_files {
            return Ok((&[], SentAs::Files, self.text_chars_max));
        }
        let takes = Takes { media: self.limits.as_ref(), text_chars_max: self.text_chars_max };
        let plan = plan::plan(&self.media, takes, to, link_chars);
        let made = match plan.sent_as {
            Some(SentAs::Files) => &self.as_files,
            Some(SentAs::Links) => &self.as_links,
            None => return Err(skip(plan.why.unwrap_or(ReasonCode::MmsNotPossible))),
        };
        let made = made.as_ref().ok_or_else(|| skip(plan.why.unwrap_or(ReasonCode::FileProblem)))?;
        Ok((&made.files, plan.sent_as.unwrap_or_default(), made.words_max))
    }
}

/// The files made fit for one way; all of them go with one message.
async fn made(
    media: &MediaDesk,
    sender: &MediaSender,
    plan: Option<plan::Plan>,
    given: &[Given],
    blockers: &mut Vec<Blocker>,
) -> Result<Option<Made>, FlowError> {
    let Some(plan) = plan else { return Ok(None) };
    let (per_message, words_max) = (plan.per_message, plan.words_max);
    let fitting = fit_all(media, (sender, plan), given).await?;
    match all_or_none(given, &fitting) {
        Ok(_) if given.len() > per_message => {
            blockers.push(Blocker::of("files", ReasonCode::FilesTooMany));
            Ok(None)
        }
        Ok((files, _)) => Ok(Some(Made { files, words_max })),
        Err(FlowError::Store(error)) => Err(error.into()),
        Err(error) => {
            blockers.extend(of_files(&error));
            Ok(None)
        }
    }
}

impl FilledTemplate {
    fn of(template: Template, plan: &TemplatePlan) -> FilledTemplate {
        FilledTemplate {
            template,
            header: plan.header.as_deref().filter(|text| !text.trim().is_empty()).map(Text::read),
            body: plan.body.iter().map(|text| Text::read(text)).collect(),
            buttons: plan.buttons.iter().map(|button| (button.index, Text::read(&button.value))).collect(),
        }
    }

    /// Every text in it.
    fn texts(&self) -> impl Iterator<Item = &Text> {
        self.header.iter().chain(&self.body).chain(self.buttons.iter().map(|(_, text)| text))
    }

    /// The template with what is known of somebody; `place` reads a head that is a place.
    pub(super) fn fill(&self, mut value: impl FnMut(&Text) -> String) -> Result<TemplateUse, FlowError> {
        let needs = self.template.needs();
        let name = |at: usize| needs.body.get(at).filter(|_| self.template.named).cloned();
        let header = match (needs.header, &self.header) {
            (Some(HeaderFormat::Image | HeaderFormat::Video | HeaderFormat::Document), _) => {
                Some(HeaderValue::Media { link: None, media_type: None })
            }
            (Some(HeaderFormat::Location), Some(text)) => {
                let given = PlaceGiven { link: Some(value(text)), ..PlaceGiven::default() };
                Some(HeaderValue::Location(read_place(given)?))
            }
            (_, Some(text)) => Some(HeaderValue::Text(Variable { name: None, value: value(text) })),
            (_, None) => None,
        };
        let body = self.body.iter().enumerate();
        let body = body.map(|(at, text)| Variable { name: name(at), value: value(text) }).collect();
        let buttons = self.buttons.iter();
        let buttons = buttons
            .map(|(index, text)| ButtonValue { index: *index, kind: Default::default(), value: value(text) })
            .collect();
        Ok(TemplateUse {
            name: self.template.name.clone(),
            language: self.template.language.clone(),
            header,
            body,
            buttons,
        })
    }

    pub(super) fn wants_file(&self) -> bool {
        use HeaderFormat::{Document, Image, Video};
        matches!(self.template.needs().header, Some(Image | Video | Document))
    }
}

impl Prepared {
    /// The names of all variables in it, each once.
    pub fn variables(&self) -> Vec<&str> {
        let texts: Vec<&Text> = match &self.said {
            Said::Text(text) => vec![text],
            Said::Template(filled) => filled.texts().collect(),
            Said::Nothing => Vec::new(),
        };
        let mut names: Vec<&str> = texts.into_iter().flat_map(Text::names).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The numbers it may be sent from.
    pub fn numbers(&self) -> Vec<&OurNumber> {
        let mut numbers: Vec<&OurNumber> = self.senders.values().map(|sender| &sender.our).collect();
        numbers.sort_unstable_by_key(|number| number.id);
        numbers
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        let no_files = self.senders.values().all(|sender| !sender.has_files);
        match &self.said {
            Said::Text(text) => no_files && text.is_fixed() && text.fill(&Values::default()).text.trim().is_empty(),
            Said::Template(_) => false,
            Said::Nothing => true,
        }
    }

    /// The same without counted links: for a test send.
    pub fn uncounted(mut self) -> Prepared {
        self.links_base = None;
        self
    }
}

/// What is said to somebody from one of the numbers. Nothing is written.
pub fn say(db: &Snapshot<'_>, prepared: &Prepared, number: NumberId, to: &Recipient<'_>) -> Result<Ready, Skip> {
    let sender = prepared.senders.get(&number).ok_or_else(|| skip(ReasonCode::TrunkDisabled))?;
    let address = to.person.address.ok_or_else(|| skip(ReasonCode::NumberUnreadable))?;
    let values = values::of_person(db, &to.person, &sender.site)?;
    match &prepared.said {
        Said::Text(text) => {
            let known = match (to.id, &prepared.links_base) {
                (Some(id), Some(_)) => db.short_links_of(id)?,
                _ => Vec::new(),
            };
            prepared.say_text(sender, address, text.fill(&values), &known)
        }
        Said::Template(filled) => prepared.say_template(sender, address, filled, &values),
        Said::Nothing => Err(skip(ReasonCode::TemplateNotUsable)),
    }
}

impl Prepared {
    fn say_text(&self, sender: &Sender, to: &Address, filled: Filled, known: &[ShortLink]) -> Result<Ready, Skip> {
        let (files, sent_as, words_max) = sender.files_to(to, self.link_chars)?;
        let (text, links) = match &self.links_base {
            Some(base) => links::shorten(&filled.text, &filled.foreign, base, known),
            None => (filled.text, Vec::new()),
        };
        let text = worded(&sender.our, text);
        if text.trim().is_empty() && files.is_empty() {
            return Err(skip(ReasonCode::TextEmpty));
        }
        if text.chars().count() > words_max.min(TEXT_CHARS_MAX) {
            return Err(skip(ReasonCode::TextTooLong));
        }
        let segments = self.segments(sender, &text, files, sent_as);
        Ok(Ready { text, files: files.to_vec(), sent_as, rich: None, links, missing: filled.missing, segments })
    }

    /// As they will be counted when the message is filed.
    fn segments(&self, sender: &Sender, text: &str, files: &[OutFile], sent_as: SentAs) -> Option<u32> {
        let kind = sender.our.kind;
        match self.link_chars {
            Some(chars) if sent_as == SentAs::Links && !files.is_empty() => {
                let base = "x".repeat(chars.saturating_sub(TOKEN_CHARS + 1));
                segments_of(kind, &with_link(text, &short_url(&base, &"x".repeat(TOKEN_CHARS))))
            }
            _ => segments_of(kind, text),
        }
    }

    fn say_template(
        &self,
        sender: &Sender,
        to: &Address,
        filled: &FilledTemplate,
        values: &Values,
    ) -> Result<Ready, Skip> {
        if sender.our.kind != ChannelKind::WhatsApp {
            return Err(skip(ReasonCode::ContentNotTaken));
        }
        let mut missing: Vec<String> = Vec::new();
        let used = filled.fill(|text| {
            let said = text.fill(values);
            missing.extend(said.missing);
            // The carrier refuses line ends and rows of blanks in a value.
            said.text.split_whitespace().collect::<Vec<_>>().join(" ")
        });
        let wrong = |what: String| Skip::Why(Reason::of(ReasonCode::TemplateWrong).saying(&what));
        let used = used.map_err(|error| wrong(error.to_string()))?;
        let used = filled.template.check(used).map_err(|problem| wrong(problem.to_string()))?;
        let (files, sent_as) = if filled.wants_file() {
            let (files, sent_as, _) = sender.files_to(to, self.link_chars)?;
            (files.iter().take(1).cloned().collect(), sent_as)
        } else {
            (Vec::new(), SentAs::Files)
        };
        missing.sort_unstable();
        missing.dedup();
        let text = filled.template.in_words(&used);
        Ok(Ready { text, files, sent_as, rich: Some(Rich::Template(used)), links: Vec::new(), missing, segments: None })
    }
}

/// Keeps the counted links of a message with the line of the ledger it was said to.
pub fn keep_links(tx: &Tx<'_>, ready: &Ready, recipient: RecipientId, expires_at: Timestamp) -> Result<(), StoreError> {
    tx.keep_short_links(recipient, &ready.links, expires_at)
}
