//! Files that belong to messages: what a file truly is, what a channel takes of it, and why one is refused.
//! Only words and rules; opening files is the media room's, keeping them the archive's.

use crate::domain::reason::ReasonCode;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Most files of one message, whatever a channel says.
pub const FILES_MAX: usize = 10;
/// Longest name of a file, in characters.
pub const NAME_CHARS_MAX: usize = 100;

macro_rules! media_types {
    ($($variant:ident $mime:literal $ending:literal $family:ident;)+) => {
        /// What a file truly is, by its bytes.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum MediaType {
            $(#[doc = $mime] $variant,)+
        }

        impl MediaType {
            /// Every type the house knows.
            pub const ALL: &[MediaType] = &[$(MediaType::$variant,)+];

            /// As in Content-Type (RFC 6838), without parameters.
            pub fn as_str(self) -> &'static str {
                match self { $(MediaType::$variant => $mime,)+ }
            }

            /// The ending of a file's name, without the dot.
            pub fn ending(self) -> &'static str {
                match self { $(MediaType::$variant => $ending,)+ }
            }

            /// What people would call it.
            pub fn family(self) -> MediaFamily {
                match self { $(MediaType::$variant => MediaFamily::$family,)+ }
            }

            /// Reads [`MediaType::as_str`].
            pub fn from_word(word: &str) -> Option<MediaType> {
                MediaType::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    };
}

media_types! {
    Jpeg "image/jpeg" "jpg" Picture;
    Png "image/png" "png" Picture;
    Gif "image/gif" "gif" Picture;
    Webp "image/webp" "webp" Picture;
    Pdf "application/pdf" "pdf" Paper;
    Mp4 "video/mp4" "mp4" Video;
    ThreeGp "video/3gpp" "3gp" Video;
    Webm "video/webm" "webm" Video;
    Quicktime "video/quicktime" "mov" Video;
    Mp3 "audio/mpeg" "mp3" Audio;
    M4a "audio/mp4" "m4a" Audio;
    Aac "audio/aac" "aac" Audio;
    Amr "audio/amr" "amr" Audio;
    Ogg "audio/ogg" "ogg" Audio;
    Wav "audio/wav" "wav" Audio;
    VCard "text/vcard" "vcf" Card;
    Text "text/plain" "txt" Document;
    Docx "application/vnd.openxmlformats-officedocument.wordprocessingml.document" "docx" Document;
    Xlsx "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" "xlsx" Document;
    Pptx "application/vnd.openxmlformats-officedocument.presentationml.presentation" "pptx" Document;
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for MediaType {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MediaType {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<MediaType, D::Error> {
        let word = String::deserialize(deserializer)?;
        MediaType::from_word(&word).ok_or_else(|| serde::de::Error::custom("no type of file that is known here"))
    }
}

/// What people call a file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MediaFamily {
    /// JPEG, PNG, GIF, WebP.
    Picture,
    /// PDF.
    Paper,
    /// Film.
    Video,
    /// Sound.
    Audio,
    /// A vCard.
    Card,
    /// Text and office documents.
    Document,
}

impl MediaFamily {
    /// Every family.
    pub const ALL: [MediaFamily; 6] = [
        MediaFamily::Picture,
        MediaFamily::Paper,
        MediaFamily::Video,
        MediaFamily::Audio,
        MediaFamily::Card,
        MediaFamily::Document,
    ];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            MediaFamily::Picture => "picture",
            MediaFamily::Paper => "paper",
            MediaFamily::Video => "video",
            MediaFamily::Audio => "audio",
            MediaFamily::Card => "card",
            MediaFamily::Document => "document",
        }
    }
}

/// The name of a file's content: SHA-256, in lower-case hex.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct FileHash(String);

impl FileHash {
    /// From the digest itself.
    pub fn of_digest(digest: &[u8; 32]) -> FileHash {
        FileHash(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Reads [`FileHash::as_str`]; anything else is no hash, so that a path made of one leads nowhere else.
    pub fn parse(text: &str) -> Option<FileHash> {
        let good = text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        good.then(|| FileHash(text.to_owned()))
    }

    /// 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where an attachment stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AttachmentState {
    /// Still at the carrier; it is being fetched.
    Loading,
    /// In the archive.
    Here,
    /// It could not be fetched or kept, and why stands beside it.
    Failed,
    /// It was kept for as long as its channel keeps files.
    Expired,
}

impl AttachmentState {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            AttachmentState::Loading => "loading",
            AttachmentState::Here => "here",
            AttachmentState::Failed => "failed",
            AttachmentState::Expired => "expired",
        }
    }

    /// Reads [`AttachmentState::as_str`].
    pub fn from_word(word: &str) -> Option<AttachmentState> {
        use AttachmentState::{Expired, Failed, Here, Loading};
        [Loading, Here, Failed, Expired].into_iter().find(|state| state.as_str() == word)
    }
}

/// What is known of a file after it was opened once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// What it truly is.
    pub media_type: MediaType,
    /// How large.
    pub bytes: u64,
    /// Pixels across, for pictures, as it is shown (turned upright).
    pub width: Option<u32>,
    /// Pixels down.
    pub height: Option<u32>,
    /// Frames of a moving picture; pages of a PDF.
    pub count: Option<u32>,
}

/// What may be done to a file, and within which bounds it must end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FitWish {
    /// Most bytes.
    pub bytes_max: u64,
    /// Types it may end as; a picture of another type is written anew as one of them.
    pub types: Vec<MediaType>,
    /// Whether what a picture says of place and device is removed.
    pub strip_location: bool,
    /// What to do about scripts, launch actions and embedded files in a PDF.
    pub active_pdf: ActivePdf,
}

/// What to do about a PDF that can do more than be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActivePdf {
    /// Refuse it.
    Refuse,
    /// Take out what acts: an invoice with data inside can still be read.
    #[default]
    Clean,
}

/// One thing that was done to a file so that it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FitStep {
    /// Place and device were taken out.
    LocationRemoved,
    /// It was turned upright, as its camera said.
    Turned,
    /// It has fewer pixels.
    Scaled,
    /// It was written anew with less detail.
    Recompressed,
    /// It became another type.
    Converted,
    /// What was transparent is white.
    Flattened,
    /// It has fewer frames.
    FramesDropped,
    /// Pictures inside have fewer pixels, streams are compressed.
    Shrunk,
    /// What acts was taken out.
    Cleaned,
}

/// How a file fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fitted {
    /// The file as it ended.
    pub facts: FileFacts,
    /// What was done; empty: it is the file as it was.
    pub steps: Vec<FitStep>,
}

/// A name that may stand beside a file: no path, no control characters, no tricks with direction, bounded, and with the
/// ending its content has. It is a label and never a path.
pub fn safe_name(given: &str, media_type: MediaType) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().filter(|&c| is_plain(c)).collect();
    let stem = match plain.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() && ending.len() <= 8 => stem.to_owned(),
        _ => plain,
    };
    // "invoice.exe.jpg" reads like a program where endings are hidden.
    let stem = stem.replace('.', "_");
    let stem: String = stem.trim_matches([' ', '_', '-']).chars().take(NAME_CHARS_MAX - 6).collect();
    let stem = if stem.is_empty() { media_type.family().as_str() } else { &stem };
    format!("{stem}.{}", media_type.ending())
}

fn is_plain(c: char) -> bool {
    let directs = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    !c.is_control() && !directs && !matches!(c, '"' | '<' | '>' | '|' | ':' | '*' | '?' | ';' | '%')
}

/// The five words of the field for a file that cannot be attached, and what else may be wrong with it.
pub const FILE_PROBLEMS: [ReasonCode; 9] = [
    ReasonCode::FilesTooMany,
    ReasonCode::FileTooLarge,
    ReasonCode::FilesTooLarge,
    ReasonCode::FileTypeNotAllowed,
    ReasonCode::FileUnreadable,
    ReasonCode::FileTooComplex,
    ReasonCode::FileActive,
    ReasonCode::FileLocked,
    ReasonCode::FileProblem,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back() {
        for &media_type in MediaType::ALL {
            assert_eq!(MediaType::from_word(media_type.as_str()), Some(media_type));
        }
        for word in ["loading", "here", "failed", "expired"] {
            assert_eq!(AttachmentState::from_word(word).map(AttachmentState::as_str), Some(word));
        }
    }

    #[test]
    fn a_name_is_a_label_and_never_a_path() {
        for (given, name) in [
            ("holiday.JPEG", "holiday.jpg"),
            ("../../etc/passwd", "passwd.jpg"),
            ("C:\\temp\\a.b.exe", "a_b.jpg"),
            ("invoice.pdf\u{202e}gpj.exe", "invoice_pdfgpj.jpg"),
            ("", "picture.jpg"),
            (".htaccess", "htaccess.jpg"),
            ("\r\nSet-Cookie: x", "Set-Cookie x.jpg"),
            ("Müller & Söhne", "Müller & Söhne.jpg"),
        ] {
            assert_eq!(safe_name(given, MediaType::Jpeg), name, "{given:?}");
        }
        assert!(safe_name(&"x".repeat(5000), MediaType::Pdf).chars().count() <= NAME_CHARS_MAX);
    }

    #[test]
    fn only_a_digest_is_a_hash() {
        let hash = FileHash::of_digest(&[0xab; 32]);
        assert_eq!(FileHash::parse(hash.as_str()), Some(hash));
        for bad in ["", "../../../../etc/passwd", &"A".repeat(64), &"a".repeat(63)] {
            assert_eq!(FileHash::parse(bad), None, "{bad}");
        }
    }
}
