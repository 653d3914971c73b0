//! The portal and programs write with files: all of them fit or none is sent. What a channel takes one file at a time
//! becomes several messages, the text with the first that can carry it.

use crate::domain::address::Address;
use crate::domain::id::{MessageId, NumberId, SessionId, UploadId, UserId};
use crate::domain::message::TEXT_CHARS_MAX;
use crate::domain::reason::ReasonCode;
use crate::domain::session::Actor;
use crate::domain::time::Timestamp;
use crate::flow::desk::Rules;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::fit::{Given, all_or_none, fit_all, plan_for};
use crate::flow::media::outgoing::{Files, OutFile, SentAs};
use crate::flow::media::upload;
use crate::flow::schedule::{self, Later, put_off};
use crate::flow::send::{self, Words, check_length, check_text, reply_in, start_in};
use crate::store::handle::Tx;

/// What is said, with files.
pub struct WithFiles {
    /// The text; may be empty.
    pub text: String,
    /// Uploads of this user, in their order.
    pub uploads: Vec<UploadId>,
    /// In answer to which message of the conversation.
    pub in_reply_to: Option<MessageId>,
    /// When it is to leave; `None`: at once.
    pub later: Option<Later>,
    /// The caller's own id for it: the same again is the same message.
    pub client_id: String,
    /// Who writes.
    pub by: Actor,
    /// Whose uploads these are.
    pub user: UserId,
}

/// Where it goes.
enum Place {
    Session(SessionId),
    Peer(NumberId, Address),
}

/// One message of a sending.
struct Piece {
    text: String,
    files: Vec<OutFile>,
}

/// Writes into a conversation; the first message where files became several. What is text alone needs none of this.
pub async fn reply(media: &MediaDesk, session: SessionId, said: WithFiles) -> Result<MessageId, FlowError> {
    if said.is_text() {
        let WithFiles { text, later, client_id, by, .. } = said;
        return match later {
            Some(later) => schedule::reply(&media.desk, session, text, later, client_id, by).await,
            None => send::reply(&media.desk, session, text, client_id, by).await,
        };
    }
    let found = media.desk.store.read(move |db| db.session(session)).await?;
    let found = found.ok_or(FlowError::NotFound("conversation"))?;
    say(media, Place::Session(session), (found.number, found.peer_address), said).await
}

/// Writes to somebody, in the open conversation with them at that number if there is one, else in a new one.
pub async fn start(media: &MediaDesk, number: NumberId, to: Address, said: WithFiles) -> Result<MessageId, FlowError> {
    if said.is_text() {
        let WithFiles { text, later, client_id, by, .. } = said;
        return match later {
            Some(later) => schedule::start(&media.desk, (number, to), text, later, client_id, by).await,
            None => send::start(&media.desk, number, to, text, client_id, by).await,
        };
    }
    say(media, Place::Peer(number, to.clone()), (number, to), said).await
}

async fn say(
    media: &MediaDesk,
    place: Place,
    (number, to): (NumberId, Address),
    said: WithFiles,
) -> Result<MessageId, FlowError> {
    check_length(&said.text)?;
    let client_id = said.client_id.clone();
    if let Some(sent) = media.desk.store.read(move |db| db.message_by_client_id(&client_id)).await? {
        return Ok(sent);
    }
    let now = media.desk.now();
    let later = said.later.as_ref().map(|later| later.clone().checked(now)).transpose()?;
    let (pieces, sent_as) = if said.uploads.is_empty() {
        check_text(&said.text)?;
        (vec![Piece { text: said.text.clone(), files: Vec::new() }], SentAs::Files)
    } else {
        pieces_of(media, (number, &to), &said).await?
    };
    let rules = media.desk.rules.clone();
    media
        .desk
        .store
        .write(move |tx| {
            let first = file_all(tx, &rules, &place, &said, (pieces, sent_as), (later.as_ref(), now))?;
            for id in said.uploads {
                tx.delete_upload(id)?;
            }
            Ok(first)
        })
        .await
}

impl WithFiles {
    /// Words that answer nothing, and no files.
    fn is_text(&self) -> bool {
        self.uploads.is_empty() && self.in_reply_to.is_none()
    }
}

/// The messages that a sending with files becomes, each file fitted.
async fn pieces_of(
    media: &MediaDesk,
    (number, to): (NumberId, &Address),
    said: &WithFiles,
) -> Result<(Vec<Piece>, SentAs), FlowError> {
    let given = given(media, said).await?;
    let (sender, plan) = plan_for(media, number, to).await?;
    let fitting = fit_all(media, (&sender, plan), &given).await?;
    let (files, sent_as) = all_or_none(&given, &fitting)?;
    let plan = &fitting.plan;
    let first = fitting.files.first().and_then(|fit| fit.made.as_ref().ok());
    let is_mute = first.is_some_and(|(file, _)| plan.mute.contains(&file.facts.media_type));
    let too_long = said.text.chars().count() > plan.words_max;
    if too_long && sent_as == SentAs::Links {
        return Err(too_long_for_a_link(plan.words_max));
    }
    Ok((in_pieces(said.text.clone(), files, plan.per_message, is_mute || too_long), sent_as))
}

fn too_long_for_a_link(words_max: usize) -> FlowError {
    FlowError::invalid(
        "text",
        (
            format!("at most {words_max} characters with a link to the files below it"),
            format!("höchstens {words_max} Zeichen, wenn der Link zu den Dateien darunter steht"),
        ),
    )
}

async fn given(media: &MediaDesk, said: &WithFiles) -> Result<Vec<Given>, FlowError> {
    let found = upload::own(media, said.user, said.uploads.clone()).await?;
    if found.len() != said.uploads.len() {
        return Err(FlowError::invalid(
            "attachments",
            (
                "one of the files is no longer there: attach it again",
                "eine der Dateien ist nicht mehr da: bitte noch einmal anhängen",
            ),
        ));
    }
    Ok(found.into_iter().map(|upload| Given { name: upload.name, file: upload.file }).collect())
}

/// A file for the head of a template, made to fit; `None` where the message was sent before and the file with it.
pub async fn for_head(
    media: &MediaDesk,
    (number, to): (NumberId, Address),
    (user, client_id): (UserId, &str),
    id: UploadId,
) -> Result<Option<(OutFile, UploadId)>, FlowError> {
    let client_id = client_id.to_owned();
    if media.desk.store.read(move |db| db.message_by_client_id(&client_id)).await?.is_some() {
        return Ok(None);
    }
    let found = upload::own(media, user, vec![id]).await?;
    let found = found.into_iter().next().ok_or(FlowError::NotFound("upload"))?;
    let given = [Given { name: found.name, file: found.file }];
    let (sender, plan) = plan_for(media, number, &to).await?;
    let fitting = fit_all(media, (&sender, plan), &given).await?;
    let (mut files, sent_as) = all_or_none(&given, &fitting)?;
    match files.pop() {
        Some(file) if sent_as == SentAs::Files => Ok(Some((file, id))),
        _ => Err(FlowError::Refused(ReasonCode::MediaNotTaken)),
    }
}

/// Cuts a sending into messages that its channel takes; words that cannot stand beside the first file go before it.
fn in_pieces(text: String, files: Vec<OutFile>, per_message: usize, words_apart: bool) -> Vec<Piece> {
    let mut pieces: Vec<Piece> =
        files.chunks(per_message.max(1)).map(|some| Piece { text: String::new(), files: some.to_vec() }).collect();
    if text.trim().is_empty() {
        return pieces;
    }
    match pieces.first_mut() {
        Some(first) if !words_apart => first.text = text,
        _ => pieces.insert(0, Piece { text, files: Vec::new() }),
    }
    pieces
}

fn file_all(
    tx: &Tx<'_>,
    rules: &Rules,
    place: &Place,
    said: &WithFiles,
    (pieces, sent_as): (Vec<Piece>, SentAs),
    (later, now): (Option<&Later>, Timestamp),
) -> Result<MessageId, FlowError> {
    let mut first = None;
    for (at, piece) in pieces.into_iter().enumerate() {
        let words = Words {
            text: piece.text,
            client_id: if at == 0 { said.client_id.clone() } else { format!("{}/{at}", said.client_id) },
            by: &said.by,
            files: Files { list: &piece.files, sent_as },
            in_reply_to: said.in_reply_to.filter(|_| at == 0),
        };
        let message = match place {
            Place::Session(session) => reply_in(tx, rules, *session, words, now)?,
            Place::Peer(number, to) => start_in(tx, rules, (*number, to), words, now)?,
        };
        if let Some(later) = later {
            put_off(tx, rules, message, later)?;
        }
        first = first.or(Some(message));
    }
    first.ok_or_else(|| {
        let most = TEXT_CHARS_MAX;
        FlowError::invalid("text", (format!("write something, at most {most} characters"), "bitte etwas schreiben"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::media::FileHash;

    fn files(count: usize) -> Vec<OutFile> {
        let hash = FileHash::of_digest(&[1; 32]);
        (0..count).map(|n| OutFile { hash: hash.clone(), name: n.to_string(), steps: Vec::new() }).collect()
    }

    #[test]
    fn the_text_goes_with_the_first_file_that_can_carry_it() {
        let cut = |text: &str, count, per_message, mute| {
            let pieces = in_pieces(text.into(), files(count), per_message, mute);
            pieces.into_iter().map(|piece| (piece.text, piece.files.len())).collect::<Vec<_>>()
        };
        let piece = |text: &str, count| (text.to_owned(), count);

        assert_eq!(cut("Hi", 3, 10, false), [piece("Hi", 3)]);
        assert_eq!(cut("Hi", 3, 1, false), [piece("Hi", 1), piece("", 1), piece("", 1)]);
        assert_eq!(cut("Hi", 1, 1, true), [piece("Hi", 0), piece("", 1)]);
        assert_eq!(cut("", 2, 10, true), [piece("", 2)]);
        assert_eq!(cut("Hi", 0, 10, false), [piece("Hi", 0)]);
        assert_eq!(cut("  ", 0, 10, false), []);
    }
}
