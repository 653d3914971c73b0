//! Addresses of files: a long one with a signature for carriers, a short one for people and phones. Each ends by itself,
//! and how often it was opened is counted.

use crate::domain::id::MediaLinkId;
use crate::domain::media::{AttachmentState, FileHash, MediaType};
use crate::domain::time::Timestamp;
use crate::flow::error::FlowError;
use crate::flow::media::desk::MediaDesk;
use crate::store::attachments::Attachment;
use crate::store::handle::Snapshot;
use crate::store::media_links::{ForWhom, MediaLink};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::sync::Arc;

/// Characters of a short address after the slash: with it ten, 53 bits, and guesses are bounded at the door.
pub const TOKEN_CHARS: usize = 9;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Bytes of a signature: 128 bits.
const SIGNATURE_BYTES: usize = 16;

/// A file that may be given out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its name in the archive.
    pub hash: FileHash,
    /// What it truly is.
    pub media_type: MediaType,
    /// What people call it.
    pub name: String,
    /// How large it is.
    pub bytes: u64,
    /// Whether a small picture of it lies beside it.
    pub has_thumb: bool,
    /// The link it was found by.
    pub link: MediaLinkId,
}

/// What stands on the page of a short address.
#[derive(Clone, Debug)]
pub struct ShortPage {
    /// The link.
    pub link: MediaLinkId,
    /// Who sent it: our number's label, else the number.
    pub from: String,
    /// The text beside the files.
    pub text: String,
    /// The files.
    pub files: Vec<PageFile>,
    /// When the address ends.
    pub expires_at: Timestamp,
}

/// A file on a page.
#[derive(Clone, Debug)]
pub struct PageFile {
    /// Where it stands.
    pub state: AttachmentState,
    /// What people call it.
    pub name: String,
    /// The file, where it is here.
    pub found: Option<Found>,
}

/// Signs and checks the long addresses.
#[derive(Clone)]
pub struct Signer(Arc<[u8; 32]>);

impl Signer {
    /// With this key.
    pub fn new(key: [u8; 32]) -> Signer {
        Signer(Arc::new(key))
    }

    /// The signed part of an address: which link, until when, and that it is ours.
    pub fn sign(&self, link: MediaLinkId, expires_at: Timestamp) -> String {
        let said = format!("{}.{}", link.0, expires_at.as_seconds());
        format!("{said}.{}", self.signature(&said))
    }

    /// The link that a signed part names; `None`: it is not ours, or its time is up.
    pub fn read(&self, signed: &str, now: Timestamp) -> Option<MediaLinkId> {
        let (said, signature) = signed.rsplit_once('.')?;
        let good: bool = subtle::ConstantTimeEq::ct_eq(self.signature(said).as_bytes(), signature.as_bytes()).into();
        let (link, until) = said.split_once('.').filter(|_| good)?;
        let until: i64 = until.parse().ok()?;
        (until > now.as_seconds()).then_some(MediaLinkId(link.parse().ok()?))
    }

    fn signature(&self, said: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&*self.0).expect("any length will do");
        mac.update(said.as_bytes());
        hex::encode(&mac.finalize().into_bytes()[..SIGNATURE_BYTES])
    }
}

/// The long address of a file for a carrier, with a name at its end since some look at that.
pub fn hosted_url(base: &str, signed: &str, name: &str) -> String {
    format!("{base}/media/{signed}/{}", file_name_in_url(name))
}

/// A file's name as the last part of an address. A dot needs no escape, and who looks for an ending looks for it.
pub fn file_name_in_url(name: &str) -> String {
    percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC).to_string().replace("%2E", ".")
}

/// A short address.
pub fn short_url(base: &str, token: &str) -> String {
    format!("{base}/{token}")
}

/// The secret part of a new short address.
pub fn new_token() -> String {
    random_token(TOKEN_CHARS)
}

/// So many letters and digits that nobody can guess.
pub fn random_token(chars: usize) -> String {
    let mut token = String::with_capacity(chars);
    while token.len() < chars {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).expect("the system's random numbers");
        // Of 256 values the last eight would make some characters likelier than others.
        let fair = random.iter().filter(|&&byte| byte < 248).map(|&byte| ALPHABET[usize::from(byte) % 62]);
        token.extend(fair.take(chars - token.len()).map(char::from));
    }
    token
}

/// The file that a carrier asks for under a long address.
pub async fn hosted(media: &MediaDesk, signed: &str) -> Result<Option<Found>, FlowError> {
    let Some(link) = media.signer.read(signed, media.desk.now()) else { return Ok(None) };
    let found = media.desk.store.read(move |db| {
        let Some(link) = db.media_link(link)? else { return Ok(None) };
        let Some(attachment) = link.attachment else { return Ok(None) };
        Ok::<_, FlowError>(db.attachment(attachment)?.and_then(|attachment| found(link.id, &attachment)))
    });
    found.await
}

/// What stands behind a short address that has not ended.
pub async fn short(media: &MediaDesk, token: &str) -> Result<Option<ShortPage>, FlowError> {
    if token.len() != TOKEN_CHARS || !token.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let (token, now) = (token.to_owned(), media.desk.now());
    media
        .desk
        .store
        .read(move |db| match db.media_link_by_token(&token)?.filter(|link| link.expires_at > now) {
            Some(link) => page(db, &link),
            None => Ok(None),
        })
        .await
}

fn page(db: &Snapshot<'_>, link: &MediaLink) -> Result<Option<ShortPage>, FlowError> {
    let Some(said) = db.link_page(link.message)? else { return Ok(None) };
    let all = db.attachments(link.message)?;
    let meant = all.iter().filter(|file| link.attachment.is_none_or(|one| one == file.id));
    let files = meant.map(|file| PageFile { state: file.state, name: file.name.clone(), found: found(link.id, file) });
    let from = if said.label.trim().is_empty() { said.number.to_string() } else { said.label };
    Ok(Some(ShortPage {
        link: link.id,
        from: if said.from_peer { String::new() } else { from },
        // A phone has shown the text already; a page for one file says nothing of it.
        text: if link.for_whom == ForWhom::Peer { said.text } else { String::new() },
        files: files.collect(),
        expires_at: link.expires_at,
    }))
}

fn found(link: MediaLinkId, attachment: &Attachment) -> Option<Found> {
    let file = attachment.file.as_ref()?;
    Some(Found {
        hash: file.hash.clone(),
        media_type: file.facts.media_type,
        name: attachment.name.clone(),
        bytes: file.facts.bytes,
        has_thumb: file.has_thumb,
        link,
    })
}

/// Somebody fetched a file under this link. It is counted, and nobody waits for that.
pub async fn note_fetched(media: &MediaDesk, link: MediaLinkId) -> Result<(), FlowError> {
    let now = media.desk.now();
    media.desk.store.write_together(move |tx| Ok(tx.count_fetch(link, now)?)).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn an_address_holds_until_its_end_and_for_nothing_else() {
        let signer = Signer::new([7; 32]);
        let now = Timestamp::from_seconds(1_795_000_000);
        let signed = signer.sign(MediaLinkId(42), now.plus(std::time::Duration::from_secs(60)));

        assert_eq!(signer.read(&signed, now), Some(MediaLinkId(42)));
        assert_eq!(signer.read(&signed, now.plus(std::time::Duration::from_secs(61))), None);
        assert_eq!(Signer::new([8; 32]).read(&signed, now), None);
        for at in 0..signed.len() {
            let mut bytes = signed.clone().into_bytes();
            bytes[at] = if bytes[at] == b'1' { b'2' } else { b'1' };
            let altered = String::from_utf8(bytes).expect("ASCII");
            assert_eq!(signer.read(&altered, now), None, "{altered}");
        }
        for nonsense in ["", ".", "..", "42", "42.99999999999", "42.99999999999."] {
            assert_eq!(signer.read(nonsense, now), None, "{nonsense:?}");
        }
    }

    #[test]
    fn a_short_address_is_ten_characters_and_never_the_same() {
        let tokens: HashSet<String> = (0..1000).map(|_| new_token()).collect();

        assert_eq!(tokens.len(), 1000);
        assert!(
            tokens.iter().all(|token| token.len() == TOKEN_CHARS && token.bytes().all(|b| b.is_ascii_alphanumeric()))
        );
        let url = short_url("https://sms.example.com", "Ab3dE5fG9");
        assert!(url.len() - "https://sms.example.com".len() <= 10, "{url}");
    }

    #[test]
    fn a_long_address_ends_in_a_name_with_its_ending() {
        let url = hosted_url("https://sms.example.com", "1.2.3", "Müller & Söhne.jpg");
        assert_eq!(url, "https://sms.example.com/media/1.2.3/M%C3%BCller%20%26%20S%C3%B6hne.jpg");
        assert!(hosted_url("https://a.example", "1", "../x.pdf").ends_with("/..%2Fx.pdf"));
    }
}
