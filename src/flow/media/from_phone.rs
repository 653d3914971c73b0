//! A phone sends a file: put here first and then named (RCS file transfer), or as the body of a MESSAGE itself.

use crate::domain::address::Address;
use crate::domain::id::{ExtensionId, NumberId};
use crate::domain::media::{FileFacts, safe_name};
use crate::domain::reason::{Reason, ReasonCode};
use crate::flow::desk::new_reference;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::fit::{Given, all_or_none, fit_all, plan_for};
use crate::flow::media::keep::keep;
use crate::flow::media::outgoing::{OutFile, SentAs};
use crate::flow::reply::{self, PhoneAnswer, PhoneText, number_meant};
use crate::media::incoming::Incoming;
use crate::store::uploads::{Upload, Uploader};

/// Files an extension's phones may have here without sending them.
const UPLOADS_MAX: u32 = 50;
/// Bytes of them.
const UPLOADS_BYTES_MAX: u64 = 500_000_000;

/// A file that a phone put here.
#[derive(Clone, Debug)]
pub struct PhoneUpload {
    /// The secret part of its address.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// What it is.
    pub facts: FileFacts,
}

/// A file in a MESSAGE of a phone.
pub enum PhoneFile {
    /// It was put here under this key.
    Upload {
        /// The secret part of its address.
        key: String,
    },
    /// It came as the body.
    Body {
        /// What the phone calls it.
        name: String,
        /// The bytes, as they came in.
        incoming: Box<Incoming>,
    },
}

/// Room for a file of an extension's phone, before its bytes come.
pub async fn begin(media: &MediaDesk, extension: ExtensionId) -> Result<Incoming, Reason> {
    let by = Uploader::Phone(extension, "");
    let weigh = media.desk.store.read(move |db| db.uploads_weigh(by)).await.map_err(not_now)?;
    if weigh.0 >= UPLOADS_MAX || weigh.1 >= UPLOADS_BYTES_MAX {
        return Err(Reason::of(ReasonCode::FilesFull).saying("too many uploads of this phone are not sent yet"));
    }
    media.archive.begin().await.map_err(|error| error.reason())
}

/// A phone's file has come in whole.
pub async fn upload_of_phone(
    media: &MediaDesk,
    extension: ExtensionId,
    name: &str,
    incoming: Incoming,
) -> Result<PhoneUpload, Reason> {
    let file = keep(media, incoming).await?.file;
    let name = safe_name(name, file.facts.media_type);
    let (key, now) = (new_reference(), media.desk.now());
    let (label, secret, hash) = (name.clone(), key.clone(), file.hash.clone());
    let written =
        media.desk.store.write(move |tx| tx.insert_upload(Uploader::Phone(extension, &secret), (&hash, &label), now));
    written.await.map_err(not_now)?;
    Ok(PhoneUpload { key, name, facts: file.facts })
}

/// The file that a phone put here under this key.
pub async fn phone_upload(media: &MediaDesk, key: &str) -> Result<Option<Upload>, FlowError> {
    let key = key.to_owned();
    Ok(media.desk.store.read(move |db| db.upload_by_key(&key)).await?)
}

/// Takes a message with a file from a phone.
pub async fn message(media: &MediaDesk, said: PhoneText, file: PhoneFile) -> Result<PhoneAnswer, FlowError> {
    if let Some(answer) = reply::answered_before(&media.desk, &said.key).await? {
        return Ok(answer);
    }
    let (number, to) = match number_meant(&media.desk, &said).await? {
        Ok(meant) => meant,
        Err(answer) => return Ok(answer),
    };
    let (given, upload) = match of_phone(media, said.extension, file).await? {
        Ok(found) => found,
        Err(answer) => return Ok(answer),
    };
    let (files, sent_as) = match fitted(media, (number, to), given).await {
        Ok(fitted) => fitted,
        Err(FlowError::File { reason, .. }) => return Ok(refused(&reason)),
        Err(FlowError::Refused(code)) => return Ok(refused(&Reason::of(code))),
        Err(error) => return Err(error),
    };
    let upload = upload.map(|upload| upload.id);
    reply::from_phone(&media.desk, PhoneText { files, sent_as, upload, ..said }).await
}

async fn fitted(
    media: &MediaDesk,
    (number, to): (NumberId, Address),
    given: Given,
) -> Result<(Vec<OutFile>, SentAs), FlowError> {
    let (sender, plan) = plan_for(media, number, &to).await?;
    let given = [given];
    let fitting = fit_all(media, (&sender, plan), &given).await?;
    all_or_none(&given, &fitting)
}

/// The file that is meant. A phone names only what it put here itself.
async fn of_phone(
    media: &MediaDesk,
    extension: ExtensionId,
    file: PhoneFile,
) -> Result<Result<(Given, Option<Upload>), PhoneAnswer>, FlowError> {
    match file {
        PhoneFile::Upload { key } => {
            let found = phone_upload(media, &key).await?.filter(|upload| upload.extension == Some(extension));
            Ok(found.map_or_else(
                || Err(PhoneAnswer::no(403, "That file was not put here by this extension, or is no longer there")),
                |upload| Ok((Given { name: upload.name.clone(), file: upload.file.clone() }, Some(upload))),
            ))
        }
        PhoneFile::Body { name, incoming } => Ok(match keep(media, *incoming).await {
            Ok(kept) => Ok((Given { name, file: kept.file }, None)),
            Err(reason) => Err(refused(&reason)),
        }),
    }
}

/// In the words of SIP: too large, of a type that does not go, or not now.
fn refused(reason: &Reason) -> PhoneAnswer {
    use ReasonCode::{
        FileActive, FileLocked, FileProblem, FileTooComplex, FileTooLarge, FileTypeNotAllowed, FileUnreadable,
        FilesFull, FilesTooLarge,
    };
    let status = match reason.code {
        FileTooLarge | FilesTooLarge => 413,
        FileTypeNotAllowed => 415,
        FileUnreadable | FileTooComplex | FileActive | FileLocked => 488,
        FilesFull | FileProblem => 503,
        _ => 403,
    };
    PhoneAnswer::no(status, reason.code.english())
}

fn not_now(error: crate::store::error::StoreError) -> Reason {
    Reason::of(ReasonCode::FileProblem).saying(&error.to_string())
}
