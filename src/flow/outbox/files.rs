//! The files of a message as its carrier gets them: their bytes where it takes them, so that a box that nobody can reach
//! sends files too; else an address to fetch them from.

use crate::carrier::dialect::OutboundMedia;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::id::{AttachmentId, MediaLinkId, MessageId, TrunkId};
use crate::domain::media::{AttachmentState, MediaType};
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::egress::phones::FileToPhone;
use crate::egress::switchboard::Switchboard;
use crate::flow::media::desk::MediaDesk;
use crate::flow::media::links::{Signer, hosted_url, short_url};
use crate::flow::outbox::file_room::{FileRoom, Held};
use crate::flow::outbox::house_lines::not_now;
use crate::media::archive::Archive;
use crate::store::attachments::Attachment;
use crate::store::error::StoreError;
use crate::store::files::StoredFile;
use crate::store::handle::Reader;
use crate::store::media_links::ForWhom;
use bytes::Bytes;

/// What a phone is told of a small picture's size; it is made to stay below that.
const THUMB_BYTES: u64 = 16 * 1024;
/// A file larger than this goes by address where that can be: its bytes would stand in memory.
const UPLOAD_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Bytes of files being uploaded at a time, their copies included.
const ROOM_BYTES_MAX: u32 = 64 * 1024 * 1024;

/// A file as a phone that takes files is offered it.
pub struct ForPhone {
    url: String,
    thumb: Option<String>,
    name: String,
    media_type: MediaType,
    bytes: u64,
    until: Timestamp,
}

impl ForPhone {
    /// With the words for phones that take none.
    pub fn with<'a>(&'a self, link_text: &'a str) -> FileToPhone<'a> {
        FileToPhone {
            url: &self.url,
            name: &self.name,
            media_type: self.media_type,
            bytes: self.bytes,
            thumb: self.thumb.as_deref().map(|url| (url, THUMB_BYTES)),
            until: self.until,
            link_text,
        }
    }
}

/// Finds the files of messages.
pub struct OutboundFiles {
    archive: Archive,
    reader: Reader,
    switchboard: Switchboard,
    signer: Signer,
    public_base_url: Option<String>,
    phone_base_url: Option<String>,
    room: FileRoom,
}

/// A file, and the link under which a carrier may fetch it.
struct Row {
    file: Attachment,
    link: Option<(MediaLinkId, Timestamp)>,
}

/// How a carrier takes files.
#[derive(Clone, Copy)]
struct Takes {
    by_link: bool,
    by_upload: bool,
}

/// A file on its way out: under an address, else its bytes are to be read.
struct Going<'a> {
    stored: &'a StoredFile,
    name: &'a str,
    url: Option<String>,
}

impl OutboundFiles {
    /// In this archive.
    pub fn new(media: &MediaDesk) -> OutboundFiles {
        OutboundFiles {
            archive: media.archive.clone(),
            reader: media.desk.store.reader().clone(),
            switchboard: media.switchboard.clone(),
            signer: media.signer.clone(),
            public_base_url: media.desk.rules.public_base_url.clone(),
            phone_base_url: media.desk.rules.phone_base_url.clone(),
            room: FileRoom::new(ROOM_BYTES_MAX),
        }
    }

    /// The files of a message, as the carrier of this trunk takes them. Where it takes their bytes, this waits for room in
    /// memory, which is taken until the bytes are dropped.
    pub async fn of(
        &self,
        message: MessageId,
        (trunk, kind): (TrunkId, ChannelKind),
    ) -> Result<Vec<OutboundMedia>, SendError> {
        let rows = self.rows(message).await.map_err(not_now)?;
        let takes = self.takes(trunk, kind);
        let going: Vec<Going<'_>> = rows.iter().map(|row| self.going(row, takes)).collect::<Result<_, _>>()?;
        let uploaded = going.iter().filter(|file| file.url.is_none()).map(|file| file.stored.facts.bytes);
        let room = self.room.take(uploaded.sum()).await;
        let mut files = Vec::with_capacity(going.len());
        for file in going {
            files.push(self.one(file, &room).await?);
        }
        Ok(files)
    }

    fn takes(&self, trunk: TrunkId, kind: ChannelKind) -> Takes {
        let line = self.switchboard.trunk(trunk);
        let limits = line.as_ref().and_then(|line| line.carrier.limits().media_for(kind));
        limits.map_or(Takes { by_link: true, by_upload: false }, |media| Takes {
            by_link: media.by_link,
            by_upload: media.by_upload,
        })
    }

    /// A file as phones are offered it; `None`: it is not here, or phones are told no address.
    pub async fn for_phone(&self, id: AttachmentId) -> Result<Option<ForPhone>, StoreError> {
        let Some(base) = &self.phone_base_url else { return Ok(None) };
        let found = self.reader.read(move |db| {
            let Some(file) = db.attachment(id)? else { return Ok::<_, StoreError>(None) };
            let link = db.media_link_for(file.message, Some(id), ForWhom::Phone)?;
            Ok(link.map(|link| (file, link)))
        });
        let Some((file, link)) = found.await? else { return Ok(None) };
        Ok(file.file.map(|stored| ForPhone {
            url: hosted_url(base, &self.signer.sign(link.id, link.expires_at), &file.name),
            thumb: link.token.filter(|_| stored.has_thumb).map(|token| format!("{}/1/thumb", short_url(base, &token))),
            name: file.name,
            media_type: stored.facts.media_type,
            bytes: stored.facts.bytes,
            until: link.expires_at,
        }))
    }

    async fn rows(&self, message: MessageId) -> Result<Vec<Row>, StoreError> {
        self.reader
            .read(move |db| {
                let files = db.attachments(message)?;
                let with_link = files.into_iter().map(|file| {
                    let link = db.media_link_for(message, Some(file.id), ForWhom::Carrier)?;
                    Ok(Row { file, link: link.map(|link| (link.id, link.expires_at)) })
                });
                with_link.collect()
            })
            .await
    }

    fn going<'a>(&self, row: &'a Row, takes: Takes) -> Result<Going<'a>, SendError> {
        let Some(stored) = row.file.file.as_ref().filter(|_| row.file.state == AttachmentState::Here) else {
            return Err(rejected(ReasonCode::FileExpired));
        };
        let name = &row.file.name;
        let url = match (&self.public_base_url, row.link) {
            (Some(base), Some((link, until))) if takes.by_link => {
                Some(hosted_url(base, &self.signer.sign(link, until), name))
            }
            _ => None,
        };
        let url = url.filter(|_| !takes.by_upload || stored.facts.bytes > UPLOAD_BYTES_MAX);
        Ok(Going { stored, name, url })
    }

    async fn one(&self, going: Going<'_>, room: &Held) -> Result<OutboundMedia, SendError> {
        let Going { stored, name, url } = going;
        let bytes = match &url {
            Some(_) => Bytes::new(),
            None => room.keep(self.bytes(stored).await?),
        };
        let media_type = stored.facts.media_type.as_str().to_owned();
        Ok(OutboundMedia { url, bytes, media_type, file_name: name.to_owned() })
    }

    async fn bytes(&self, stored: &StoredFile) -> Result<Bytes, SendError> {
        match self.archive.read(&stored.hash).await {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(rejected(ReasonCode::FileProblem)),
            Err(error) => Err(SendError::Unreachable { why: error.to_string() }),
        }
    }
}

fn rejected(code: ReasonCode) -> SendError {
    SendError::Rejected { reason: Reason::of(code) }
}
