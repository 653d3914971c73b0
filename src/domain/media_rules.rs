//! What a channel takes of files, as its admin set it; what is left open follows the field's own limits and the carrier.

use crate::domain::channel::ChannelKind;
use crate::domain::media::{ActivePdf, FILES_MAX, MediaFamily, MediaType};
use serde::{Deserialize, Serialize};

const MB: u64 = 1_000_000;

/// Days a file is kept, where nobody says otherwise: six months, as the field has it.
pub const KEPT_DAYS: u32 = 183;
/// Most bytes of an MMS picture, as the field has it; carriers scale it down further.
const MMS_PICTURE_BYTES: u64 = 5 * MB;
/// Most bytes of anything else in an MMS.
const MMS_OTHER_BYTES: u64 = 600_000;
/// WhatsApp's own limits (Meta, media reference of 2025-11).
const WHATSAPP_PICTURE_BYTES: u64 = 5 * MB;
const WHATSAPP_FILM_BYTES: u64 = 16 * MB;
const WHATSAPP_PAPER_BYTES: u64 = 100 * MB;

/// What an admin may set on a channel; what is `None` follows the house and the carrier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ChannelMedia {
    /// What may be sent and kept; `None`: pictures and PDF, on WhatsApp everything it knows.
    #[schema(required = true)]
    pub families: Option<Vec<MediaFamily>>,
    /// Files of one message.
    #[schema(required = true)]
    pub files_max: Option<u32>,
    /// Bytes of a picture.
    #[schema(required = true)]
    pub picture_bytes_max: Option<u64>,
    /// Bytes of a PDF.
    #[schema(required = true)]
    pub paper_bytes_max: Option<u64>,
    /// Bytes of anything else.
    #[schema(required = true)]
    pub other_bytes_max: Option<u64>,
    /// Bytes of all files of a message.
    #[schema(required = true)]
    pub total_bytes_max: Option<u64>,
    /// Days a file is kept after its message.
    #[schema(required = true)]
    pub kept_days: u32,
    /// Whether place and device are taken out of pictures that are sent.
    #[schema(required = true)]
    pub strip_location: bool,
    /// What to do about a PDF that can do more than be read.
    #[schema(required = true)]
    pub active_pdf: ActivePdf,
    /// Where files cannot go as MMS: whether the text goes with a link to them instead.
    #[schema(required = true)]
    pub links_instead: bool,
    /// The countries (ISO 3166) that MMS may go to; `None`: those of the carrier.
    #[schema(required = true)]
    pub countries: Option<Vec<String>>,
}

impl Default for ChannelMedia {
    fn default() -> ChannelMedia {
        ChannelMedia {
            families: None,
            files_max: None,
            picture_bytes_max: None,
            paper_bytes_max: None,
            other_bytes_max: None,
            total_bytes_max: None,
            kept_days: KEPT_DAYS,
            strip_location: true,
            active_pdf: ActivePdf::default(),
            links_instead: true,
            countries: None,
        }
    }
}

impl ChannelMedia {
    /// Whether files of this family are allowed on a channel of this kind.
    pub fn allows(&self, kind: ChannelKind, family: MediaFamily) -> bool {
        match &self.families {
            Some(allowed) => allowed.contains(&family),
            None => usual_families(kind).contains(&family),
        }
    }

    /// Most files of one message, before the carrier is asked.
    pub fn files_max(&self) -> usize {
        self.files_max.map_or(FILES_MAX, |most| usize::try_from(most).unwrap_or(FILES_MAX).clamp(1, FILES_MAX))
    }

    /// Most bytes of a file of this type, before the carrier is asked.
    pub fn bytes_max_of(&self, kind: ChannelKind, media_type: MediaType) -> u64 {
        let set = match media_type.family() {
            MediaFamily::Picture => self.picture_bytes_max,
            MediaFamily::Paper => self.paper_bytes_max,
            _ => self.other_bytes_max,
        };
        set.unwrap_or_else(|| usual_bytes(kind, media_type.family()))
    }

    /// Most bytes of all files of a message, before the carrier is asked.
    pub fn total_bytes_max(&self, kind: ChannelKind) -> u64 {
        self.total_bytes_max.unwrap_or(match kind {
            ChannelKind::Sms => MMS_PICTURE_BYTES,
            ChannelKind::WhatsApp => WHATSAPP_PAPER_BYTES,
        })
    }
}

/// What may be sent and kept where nobody says otherwise.
pub fn usual_families(kind: ChannelKind) -> &'static [MediaFamily] {
    match kind {
        ChannelKind::Sms => &[MediaFamily::Picture, MediaFamily::Paper],
        ChannelKind::WhatsApp => &MediaFamily::ALL,
    }
}

/// Most bytes of a file where nobody says otherwise.
pub fn usual_bytes(kind: ChannelKind, family: MediaFamily) -> u64 {
    match (kind, family) {
        (ChannelKind::Sms, MediaFamily::Picture) => MMS_PICTURE_BYTES,
        (ChannelKind::Sms, _) => MMS_OTHER_BYTES,
        (ChannelKind::WhatsApp, MediaFamily::Picture) => WHATSAPP_PICTURE_BYTES,
        (ChannelKind::WhatsApp, MediaFamily::Video | MediaFamily::Audio) => WHATSAPP_FILM_BYTES,
        (ChannelKind::WhatsApp, _) => WHATSAPP_PAPER_BYTES,
    }
}

/// Whether a number of ours can send MMS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mms {
    /// As its class, its country and its carrier say.
    #[default]
    Auto,
    /// It can, whatever its class.
    Yes,
    /// It cannot.
    No,
}

impl Mms {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Mms::Auto => "auto",
            Mms::Yes => "yes",
            Mms::No => "no",
        }
    }

    /// Reads [`Mms::as_str`].
    pub fn from_word(word: &str) -> Option<Mms> {
        [Mms::Auto, Mms::Yes, Mms::No].into_iter().find(|mms| mms.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_open_follows_the_field() {
        let open = ChannelMedia::default();

        assert!(
            open.allows(ChannelKind::Sms, MediaFamily::Paper) && !open.allows(ChannelKind::Sms, MediaFamily::Video)
        );
        assert!(open.allows(ChannelKind::WhatsApp, MediaFamily::Audio));
        assert_eq!(open.bytes_max_of(ChannelKind::Sms, MediaType::Jpeg), 5_000_000);
        assert_eq!(open.bytes_max_of(ChannelKind::Sms, MediaType::Pdf), 600_000);
        assert_eq!(open.bytes_max_of(ChannelKind::WhatsApp, MediaType::Mp4), 16_000_000);
        assert_eq!(open.files_max(), 10);
        let set = ChannelMedia { paper_bytes_max: Some(7), files_max: Some(99), ..ChannelMedia::default() };
        assert_eq!((set.bytes_max_of(ChannelKind::Sms, MediaType::Pdf), set.files_max()), (7, 10));
    }

    #[test]
    fn settings_of_an_older_version_are_read_with_what_is_new_at_its_default() {
        let read: ChannelMedia = serde_json::from_str(r#"{"kept_days":7}"#).expect("readable");
        assert_eq!(read, ChannelMedia { kept_days: 7, ..ChannelMedia::default() });
    }
}
