//! Writing more than text: a place, contacts, a sign put to a message, choices, an approved template, an answer to a
//! message. All of it is checked before it is filed; a channel of plain texts gets the same in words.

use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::id::{MessageId, NumberId, SessionId, UploadId};
use crate::domain::media::MediaType;
use crate::domain::place;
use crate::domain::reason::ReasonCode;
use crate::domain::rich::{HeaderValue, Place, Rich, TemplateUse, Variable};
use crate::domain::say::{HeaderGiven, PlaceGiven, Say, TemplateGiven};
use crate::domain::session::{Actor, Session};
use crate::domain::time::Timestamp;
use crate::flow::consent::refuse::must_be_wanted;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::flow::media::outgoing::{Files, OutFile, SentAs};
use crate::flow::send::{Outgoing, answered, check_text, file_and_send, must_be_of, open_or_new};
use crate::flow::session::note_holder;
use crate::flow::window;
use crate::store::handle::Tx;
use crate::store::routing::OurNumber;

/// The place that is meant by what somebody gave.
pub fn read_place(given: PlaceGiven) -> Result<Place, FlowError> {
    let bad = |english: &str, german: &str| FlowError::invalid("location", (english, german));
    let filled = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let mut place = match (
        given.link.as_deref().map(str::trim).filter(|link| !link.is_empty()),
        given.latitude,
        given.longitude,
    ) {
        (_, Some(latitude), Some(longitude)) => Place { latitude, longitude, name: None, address: None },
        (Some(link), ..) => place::read(link).ok_or_else(|| {
            if place::is_shortened(link) {
                bad(
                    "a shortened link does not say where: open it and paste the long address, or the coordinates",
                    "ein gekürzter Link verrät den Ort nicht: bitte öffnen und die lange Adresse oder die Koordinaten einfügen",
                )
            } else {
                bad(
                    "no coordinates in it: paste the address of a map, or \"52.52, 13.405\"",
                    "darin stehen keine Koordinaten: bitte die Adresse einer Karte oder „52.52, 13.405“ einfügen",
                )
            }
        })?,
        _ => return Err(bad("give the address of a map or the coordinates", "bitte die Adresse einer Karte oder die Koordinaten angeben")),
    };
    place.name = filled(given.name).or(place.name);
    place.address = filled(given.address).or(place.address);
    let short = |text: &Option<String>| text.as_ref().is_none_or(|text| text.chars().count() <= 400);
    if !place.exists() || !short(&place.name) || !short(&place.address) {
        return Err(bad(
            "there is no such place on earth, or its name is too long",
            "diesen Ort gibt es nicht, oder sein Name ist zu lang",
        ));
    }
    Ok(place)
}

/// What is to be said, by whom.
pub struct Draft {
    /// What.
    pub say: Say,
    /// In answer to which message of this conversation.
    pub in_reply_to: Option<MessageId>,
    /// The portal's own id for it: the same again is the same message.
    pub client_id: String,
    /// By whom.
    pub by: Actor,
    /// The file that goes with it, fitted, and the upload it was.
    pub file: Option<(OutFile, UploadId)>,
}

/// Says it in a conversation.
pub async fn reply(desk: &Desk, session: SessionId, draft: Draft) -> Result<MessageId, FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store
        .write(move |tx| {
            if let Some(sent) = tx.message_by_client_id(&draft.client_id)? {
                return Ok(sent);
            }
            let before = tx.session(session)?.ok_or(FlowError::NotFound("conversation"))?;
            file(tx, &rules, before, draft, now)
        })
        .await
}

/// Says it to somebody, in the open conversation with them at that number if there is one, else in a new one.
pub async fn start(desk: &Desk, number: NumberId, to: Address, draft: Draft) -> Result<MessageId, FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    desk.store
        .write(move |tx| {
            if let Some(sent) = tx.message_by_client_id(&draft.client_id)? {
                return Ok(sent);
            }
            let before = open_or_new(tx, number, &to, &draft.by, now)?;
            file(tx, &rules, before, draft, now)
        })
        .await
}

fn file(tx: &Tx<'_>, rules: &Rules, before: Session, draft: Draft, now: Timestamp) -> Result<MessageId, FlowError> {
    let number = tx.our_number(before.number)?.ok_or(FlowError::NotFound("number"))?;
    must_be_wanted(tx, &before.peer_address, number.id, false, now)?;
    let (text, rich) = match number.kind {
        ChannelKind::WhatsApp => on_whatsapp(tx, &number, &before, draft.say, now)?,
        ChannelKind::Sms => (in_words(draft.say)?, None),
    };
    let after = answered(tx, before.clone(), &draft.by)?;
    note_holder(tx, &before, &after, &draft.by, now)?;
    let named = match &rich {
        Some((Rich::Reaction { .. }, to)) => *to,
        _ => draft.in_reply_to,
    };
    if let Some(answered) = named {
        must_be_of(tx, answered, before.id)?;
    }
    let file = draft.file.as_ref().map(|(file, _)| file);
    if let (Some((Rich::Template(used), _)), Some(file)) = (&rich, file) {
        check_head(tx, used, file)?;
    }
    let outgoing = Outgoing {
        client_id: Some(draft.client_id),
        files: Files { list: file.map_or(&[], std::slice::from_ref), sent_as: SentAs::Files },
        ..Outgoing::text(&after, text, &draft.by)
    };
    let message = file_and_send(tx, rules, outgoing, now)?;
    if let Some((_, upload)) = draft.file {
        tx.delete_upload(upload)?;
    }
    tx.set_beyond_text(message, rich.as_ref().map(|(rich, _)| rich), named, None)?;
    Ok(message)
}

/// The file in a template's head is of the kind that the template was approved with.
fn check_head(tx: &Tx<'_>, used: &TemplateUse, file: &OutFile) -> Result<(), FlowError> {
    let Some(HeaderValue::Media { media_type: Some(wanted), .. }) = &used.header else { return Ok(()) };
    let wanted = MediaType::from_word(wanted).map(MediaType::family);
    let given = tx.file(&file.hash)?.map(|file| file.facts.media_type.family());
    if given == wanted {
        return Ok(());
    }
    Err(FlowError::invalid(
        "header",
        (
            "the template wants another kind of file: a picture, a film or a PDF, as it was approved",
            "die Vorlage verlangt eine andere Art von Datei: ein Bild, einen Film oder ein PDF, wie sie genehmigt wurde",
        ),
    ))
}

/// The text, and what is beyond it with the message it is about.
type Composed = (String, Option<(Rich, Option<MessageId>)>);

fn on_whatsapp(
    tx: &Tx<'_>,
    number: &OurNumber,
    session: &Session,
    say: Say,
    now: Timestamp,
) -> Result<Composed, FlowError> {
    if let Say::Template(given) = say {
        return template(tx, number, session, given, now);
    }
    window::must_be_open(tx, number.id, session.peer, now)?;
    let (text, rich, about) = match say {
        Say::Text { text } => return Ok((checked_text(text)?, None)),
        Say::Location(given) => (String::new(), Rich::Location(read_place(given)?), None),
        Say::Contacts { contacts } => (String::new(), Rich::Contacts { contacts }, None),
        Say::Reaction { to, emoji } => {
            let carrier_id = tx.carrier_id_of(to)?.ok_or_else(|| {
                FlowError::invalid(
                    "to",
                    (
                        "WhatsApp does not know that message: a sign can be put only to what was sent",
                        "WhatsApp kennt diese Nachricht nicht: nur auf Gesendetes lässt sich reagieren",
                    ),
                )
            })?;
            (String::new(), Rich::Reaction { to: carrier_id, emoji }, Some(to))
        }
        Say::Buttons { text, choices } => (text, Rich::Buttons { choices }, None),
        Say::List { text, button, sections } => (text, Rich::List { button, sections }, None),
        Say::Template(_) => unreachable!("handled above"),
    };
    rich.check(&text).map_err(|problem| FlowError::invalid(problem.field, problem.problem))?;
    // A question stands by itself: its choices are beside it.
    let words = if text.is_empty() { rich.in_words("") } else { text };
    Ok((words, Some((rich, about))))
}

fn template(
    tx: &Tx<'_>,
    number: &OurNumber,
    session: &Session,
    given: TemplateGiven,
    now: Timestamp,
) -> Result<Composed, FlowError> {
    let known = tx.template(number.trunk, &given.name, &given.language)?;
    let known = known.ok_or_else(|| {
        FlowError::invalid(
            "template",
            (
                "this account has no such template in this language: refresh the templates",
                "dieses Konto hat keine solche Vorlage in dieser Sprache: bitte die Vorlagen aktualisieren",
            ),
        )
    })?;
    let header = match given.header {
        None => None,
        Some(HeaderGiven::Text { value }) => Some(HeaderValue::Text(Variable { name: None, value })),
        Some(HeaderGiven::Location(place)) => Some(HeaderValue::Location(read_place(place)?)),
        Some(HeaderGiven::Media { link }) => Some(HeaderValue::Media { link: Some(link), media_type: None }),
        Some(HeaderGiven::Upload { .. }) => Some(HeaderValue::Media { link: None, media_type: None }),
    };
    let used =
        TemplateUse { name: given.name, language: given.language, header, body: given.body, buttons: given.buttons };
    let used = known.check(used).map_err(|problem| FlowError::invalid(problem.field, problem.problem))?;
    if known.is_marketing() {
        must_be_wanted(tx, &session.peer_address, number.id, true, now)?;
    }
    Ok((known.in_words(&used), Some((Rich::Template(used), None))))
}

/// For a channel of plain texts.
fn in_words(say: Say) -> Result<String, FlowError> {
    let (text, rich) = match say {
        Say::Text { text } => return checked_text(text),
        Say::Location(given) => (String::new(), Rich::Location(read_place(given)?)),
        Say::Contacts { contacts } => (String::new(), Rich::Contacts { contacts }),
        Say::Buttons { text, choices } => (text, Rich::Buttons { choices }),
        Say::List { text, button, sections } => (text, Rich::List { button, sections }),
        Say::Reaction { .. } | Say::Template(_) => return Err(FlowError::Refused(ReasonCode::ContentNotTaken)),
    };
    rich.check(&text).map_err(|problem| FlowError::invalid(problem.field, problem.problem))?;
    checked_text(rich.in_words(&text))
}

fn checked_text(text: String) -> Result<String, FlowError> {
    check_text(&text)?;
    Ok(text)
}
