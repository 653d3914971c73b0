//! An extension writes from its phone: which conversation does it mean, may it, and the answer is on its way to the carrier.
//! One transaction; the phone is answered after it. A request that comes again is answered as before.

use crate::domain::address::{Address, AddressKind};
use crate::domain::id::{ExtensionId, NumberId, UploadId};
use crate::domain::message::TEXT_CHARS_MAX;
use crate::domain::session::{Actor, PickUp, Session, SessionError, SessionState};
use crate::domain::time::Timestamp;
use crate::flow::consent::refuse::stands;
use crate::flow::desk::{Desk, Rules};
use crate::flow::error::FlowError;
use crate::flow::media::outgoing::{Files, OutFile, SentAs};
use crate::flow::send::{Outgoing, begin_session, file_and_send};
use crate::flow::session::note_holder;
use crate::flow::window;
use crate::store::error::StoreError;
use crate::store::handle::Tx;
use crate::store::heard::RequestKey;
use crate::store::sessions::{NewSession, Step};
use std::time::Duration;

/// A text from a phone whose user has proved who they are.
#[derive(Clone, Debug)]
pub struct PhoneText {
    /// Who writes.
    pub extension: ExtensionId,
    /// To whom, as dialled: the user part of the To or Request-URI.
    pub to_user: String,
    /// What.
    pub text: String,
    /// Names the request, so that it is taken once.
    pub key: RequestKey,
    /// Whether the phone asked to be told when it arrives (RFC 5438); one that ever sent a receipt is told anyway.
    pub wants_receipt: bool,
    /// The files with it, fitted; see [`crate::flow::media::from_phone`].
    pub files: Vec<OutFile>,
    /// How they reach the peer.
    pub sent_as: SentAs,
    /// The upload they were, used up with this message.
    pub upload: Option<UploadId>,
}

impl PhoneText {
    /// A text alone.
    pub fn new(extension: ExtensionId, to_user: String, text: String, key: RequestKey) -> PhoneText {
        PhoneText {
            extension,
            to_user,
            text,
            key,
            wants_receipt: false,
            files: Vec::new(),
            sent_as: SentAs::Files,
            upload: None,
        }
    }
}

/// A phone gives a request up after 32 seconds; some have it sent again by hand.
const FILE_REPEATED_WITHIN: Duration = Duration::from_secs(120);

/// What the phone is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneAnswer {
    /// The SIP status.
    pub status: u16,
    /// For a Warning header (RFC 3261 20.43): why not.
    pub warning: Option<String>,
}

impl PhoneAnswer {
    /// Refused, and why.
    pub fn no(status: u16, warning: impl Into<String>) -> PhoneAnswer {
        PhoneAnswer { status, warning: Some(warning.into()) }
    }
}

/// Why the transaction was given up: the phone's fault or ours, or because it was only asked.
enum Stop {
    No(PhoneAnswer),
    Meant(NumberId, Address),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        Stop::Store(error)
    }
}

/// Takes a text from a phone.
pub async fn from_phone(desk: &Desk, text: PhoneText) -> Result<PhoneAnswer, FlowError> {
    let now = desk.now();
    let rules = desk.rules.clone();
    match desk.store.write_together(move |tx| take(tx, &rules, text, now)).await {
        Ok(answer) | Err(Stop::No(answer)) => Ok(answer),
        Err(Stop::Store(error)) => Err(error.into()),
        Err(Stop::Meant(..)) => unreachable!("only a question ends so"),
    }
}

/// From which number of ours a phone's message would go, and to whom; or what the phone is answered. It is asked in a
/// transaction that is given up, so that the answer is the very one that counts when the message is filed.
pub async fn number_meant(
    desk: &Desk,
    said: &PhoneText,
) -> Result<Result<(NumberId, Address), PhoneAnswer>, FlowError> {
    let (now, said) = (desk.now(), said.clone());
    let asked = desk.store.write(move |tx| {
        let to = dialled(tx, &said)?;
        let (session, _) = session_meant(tx, said.extension, &to, now)?;
        Err::<(), Stop>(Stop::Meant(session.number, session.peer_address))
    });
    match asked.await {
        Err(Stop::Meant(number, to)) => Ok(Ok((number, to))),
        Err(Stop::No(answer)) => Ok(Err(answer)),
        Err(Stop::Store(error)) => Err(error.into()),
        Ok(()) => unreachable!("a question ends as an error"),
    }
}

/// What a request was answered that was here before.
pub async fn answered_before(desk: &Desk, key: &RequestKey) -> Result<Option<PhoneAnswer>, FlowError> {
    let key = key.clone();
    let status = desk.store.read(move |db| db.heard_request(&key)).await?;
    Ok(status.map(|status| PhoneAnswer { status, warning: None }))
}

/// Refuses before it writes anything: it shares its savepoint.
fn take(tx: &Tx<'_>, rules: &Rules, said: PhoneText, now: Timestamp) -> Result<PhoneAnswer, Stop> {
    if let Some(status) = tx.heard_request(&said.key)? {
        return Ok(PhoneAnswer { status, warning: None });
    }
    if !said.files.is_empty() {
        // Making a file fit takes a while, and a phone that hears nothing asks again: under another number, too.
        if let Some(status) = tx.heard_request_or_its_like(&said.key, now.minus(FILE_REPEATED_WITHIN))? {
            return Ok(PhoneAnswer { status, warning: None });
        }
        if let Some(upload) = said.upload
            && tx.upload_by_id(upload)?.is_none()
        {
            return Err(Stop::No(PhoneAnswer::no(403, "That file was sent already")));
        }
    }
    let to = dialled(tx, &said)?;
    if said.text.trim().is_empty() && said.files.is_empty() {
        return Err(Stop::No(PhoneAnswer::no(400, "There is nothing in it")));
    }
    if said.text.chars().count() > TEXT_CHARS_MAX {
        return Err(Stop::No(PhoneAnswer::no(413, format!("The text is longer than {TEXT_CHARS_MAX} characters"))));
    }
    let (session, mode) = session_meant(tx, said.extension, &to, now)?;
    wanted(tx, &session.peer_address, session.number, now)?;
    if !window::is_open(tx, session.number, session.peer, now)? {
        let why = "WhatsApp: the customer wrote more than 24 hours ago; send a template in the portal";
        return Err(Stop::No(PhoneAnswer::no(403, why)));
    }
    let before = session.clone();
    let session = session.answered(said.extension, mode).map_err(|error| refused(tx, error))?;
    let by = Actor { user: None, extension: Some(said.extension), name: tx.extension_label(said.extension)? };
    note_holder(tx, &before, &session, &by, now)?;

    let wants_receipt = said.wants_receipt || tx.speaks_imdn(said.extension)?;
    let outgoing = Outgoing {
        phone: wants_receipt.then(|| (said.key.call_id.clone(), said.extension)),
        files: Files { list: &said.files, sent_as: said.sent_as },
        ..Outgoing::text(&session, said.text, &by)
    };
    file_and_send(tx, rules, outgoing, now)?;
    if let Some(upload) = said.upload {
        tx.delete_upload(upload)?;
    }
    tx.note_request(&said.key, 202, now)?;
    Ok(PhoneAnswer { status: 202, warning: None })
}

fn dialled(tx: &Tx<'_>, said: &PhoneText) -> Result<Address, Stop> {
    let country = tx.site("country")?.unwrap_or_else(|| "DE".into());
    let to = Address::from_typed(&said.to_user, &country)
        .map_err(|error| Stop::No(PhoneAnswer::no(404, format!("No such number: {error}"))))?;
    if to.kind() == AddressKind::Alphanumeric {
        return Err(Stop::No(PhoneAnswer::no(404, "No such number: a sender's name cannot be written to")));
    }
    if tx.extension_by_number(&said.to_user)?.is_some() {
        // Else a colleague's 1002 would be taken for a short code, and paid for.
        return Err(Stop::No(PhoneAnswer::no(404, "That is an extension: only numbers outside can be written to")));
    }
    if tx.is_ours(&to)? {
        return Err(Stop::No(PhoneAnswer::no(403, "That is one of our own numbers")));
    }
    Ok(to)
}

/// Its open conversation with that peer; else the waiting one it was offered; else a new one from its own number, unless
/// it was offered one that somebody else has now: then that is what it means, and it is told who.
fn session_meant(
    tx: &Tx<'_>,
    extension: ExtensionId,
    to: &Address,
    now: Timestamp,
) -> Result<(Session, Option<PickUp>), Stop> {
    // Newest traffic first: of several, it means the one that rang last.
    let open = match tx.peer_by_address(to)? {
        Some(peer) => tx.open_sessions_of(peer)?,
        None => Vec::new(),
    };
    for session in &open {
        match session.state {
            SessionState::Held { extension: holder } if holder == extension => return Ok((session.clone(), None)),
            SessionState::Waiting { queue } if tx.is_agent_of(extension, queue)? => {
                return Ok((session.clone(), tx.queue_pick_up(queue)?));
            }
            _ => {}
        }
    }
    for session in open {
        if let (Some(by), Some(queue)) = (session.holder(), session.queue)
            && tx.is_agent_of(extension, queue)?
        {
            return Err(refused(tx, SessionError::Taken { by }));
        }
    }
    let Some(number) = tx.number_of_extension(extension)? else {
        return Err(Stop::No(PhoneAnswer::no(403, "No number is assigned to this extension: ask the administrator")));
    };
    if !number.enabled {
        return Err(Stop::No(PhoneAnswer::no(403, "The channel or trunk of this extension's number is switched off")));
    }
    wanted(tx, to, number.id, now)?;
    let peer = tx.peer_for(to, None, now)?;
    if let Some(others) = tx.open_session(number.id, peer)? {
        return Ok((others, Some(PickUp::Manual)));
    }
    let state = SessionState::Held { extension };
    let new = NewSession { channel: number.channel, number: number.id, peer, peer_address: to.clone(), state };
    let session = begin_session(tx, &new, now)?;
    let who = tx.extension_label(extension)?;
    tx.note_step(session.id, Step::Opened, Some(&who), None, Some(&who), now)?;
    Ok((session, None))
}

/// The person's own words stay out of the phone's display: they are text from outside.
fn wanted(tx: &Tx<'_>, to: &Address, number: NumberId, now: Timestamp) -> Result<(), Stop> {
    match stands(tx, to, number, false, now)? {
        Some(refusal) => {
            let why = format!("This person wants no more messages (since {}); see the portal", refusal.day());
            Err(Stop::No(PhoneAnswer::no(403, why)))
        }
        None => Ok(()),
    }
}

fn refused(tx: &Tx<'_>, error: SessionError) -> Stop {
    let warning = match error {
        SessionError::Taken { by } => match tx.extension_label(by) {
            Ok(who) => format!("{who} holds this conversation"),
            Err(error) => return error.into(),
        },
        other => other.to_string(),
    };
    Stop::No(PhoneAnswer::no(403, warning))
}
