//! Credentials at rest: sealed with a key that lies beside the database in a file only the service user may read.

use crate::domain::secret::Secret;
use crate::store::error::{OpenError, StoreError};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Seals and opens credentials (XChaCha20-Poly1305, a random nonce each).
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    key: [u8; KEY_BYTES],
    digests: Hmac<Sha256>,
}

impl Sealer {
    /// The key in this file; made if there is none and `may_make`.
    pub fn from_file(path: &Path, may_make: bool) -> Result<Sealer, OpenError> {
        match fs::read(path) {
            Ok(bytes) => {
                let key = bytes.try_into().map_err(|_| OpenError::WrongKey { path: path.to_owned() })?;
                Ok(Sealer::of(key))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && may_make => {
                let mut key = [0; KEY_BYTES];
                getrandom::fill(&mut key).expect("the system's random numbers");
                write_private(path, &key)
                    .map_err(|error| OpenError::Folder { path: path.to_owned(), why: error.to_string() })?;
                Ok(Sealer::of(key))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(OpenError::WrongKey { path: path.to_owned() })
            }
            Err(error) => Err(OpenError::Folder { path: path.to_owned(), why: error.to_string() }),
        }
    }

    /// A sealer with this key.
    pub fn of(key: [u8; KEY_BYTES]) -> Sealer {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key).expect("any length will do");
        mac.update(b"digests of addresses");
        let digests = mac.finalize().into_bytes();
        let digests = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&digests).expect("any length will do");
        Sealer { cipher: XChaCha20Poly1305::new(&Key::from(key)), key, digests }
    }

    /// The key, for a backup.
    pub(in crate::store) fn key(&self) -> &[u8; KEY_BYTES] {
        &self.key
    }

    /// A key of its own for another purpose, such as signing addresses: knowing it says nothing of this one.
    pub(in crate::store) fn derived(&self, purpose: &str) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.key).expect("any length will do");
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// A digest that only this house can make: of what must be known again and must not be read, such as the number of
    /// somebody who was erased. Without the key, all numbers there are could be tried on it within minutes.
    pub(in crate::store) fn digest(&self, text: &str) -> String {
        let mut mac = self.digests.clone();
        mac.update(text.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }

    /// Nonce and ciphertext.
    pub fn seal(&self, secret: &str) -> Vec<u8> {
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce).expect("the system's random numbers");
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), secret.as_bytes()).expect("a short text can be sealed");
        [nonce.as_slice(), &sealed].concat()
    }

    /// What was sealed with the same key.
    pub fn open(&self, sealed: &[u8]) -> Result<Secret, StoreError> {
        let unreadable =
            || StoreError::Unreadable("a credential does not open with the key beside the database".into());
        let (nonce, sealed) = sealed.split_at_checked(NONCE_BYTES).ok_or_else(unreadable)?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().map_err(|_| unreadable())?;
        let open = self.cipher.decrypt(&XNonce::from(nonce), sealed).map_err(|_| unreadable())?;
        String::from_utf8(open).map(Secret::new).map_err(|_| unreadable())
    }
}

/// Writes a file only its owner may read, whole or not at all, and on disk when this returns.
pub fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let partial = path.with_extension("partial");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_secret_opens_with_its_key_only() {
        let sealer = Sealer::of([1; 32]);
        let sealed = sealer.seal("opensesame");

        assert_eq!(sealer.open(&sealed).expect("opens").expose(), "opensesame");
        assert!(Sealer::of([2; 32]).open(&sealed).is_err());
        assert!(!sealed.windows(4).any(|window| window == b"open"));
    }
}
