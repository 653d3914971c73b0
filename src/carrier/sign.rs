//! The signatures webhooks carry: HMAC over what the carrier's scheme names, compared in constant time.

use crate::carrier::dialect::Refusal;
use crate::domain::time::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq;

/// HMAC-SHA1 over the parts, one after the other.
pub fn hmac_sha1(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// HMAC-SHA256 over the parts, one after the other.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// HMAC-SHA384 over the parts, one after the other.
pub fn hmac_sha384(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha384>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// HMAC-SHA512 over the parts, one after the other.
pub fn hmac_sha512(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha512>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// HMAC-MD5 over the parts: some accounts still sign with it.
pub fn hmac_md5(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Md5>::new_from_slice(key).expect("HMAC takes a key of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

/// MD5 over the parts, one after the other.
pub fn md5(parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = Md5::new();
    parts.iter().for_each(|part| digest.update(part));
    digest.finalize().to_vec()
}

/// How far a carrier's clock and ours may be apart, in seconds: what is signed is good for so long.
pub const SKEW_MAX_S: i64 = 300;

/// Whether the moment a webhook was signed at is near enough.
pub fn in_time(signed_at_s: i64, now: Timestamp) -> Result<(), Refusal> {
    let away = now.as_seconds().saturating_sub(signed_at_s);
    if away.unsigned_abs() > SKEW_MAX_S.unsigned_abs() { Err(Refusal::Stale(away)) } else { Ok(()) }
}

/// SHA-256 in lowercase hexadecimal digits.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Whether the Ed25519 signature over the parts, one after the other, was made with the key behind `public_key`.
pub fn ed25519(public_key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
    let key = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, public_key);
    key.verify(&parts.concat(), signature).is_ok()
}

/// Whether two texts are the same, in a time that does not tell where they differ.
pub fn same(given: &str, wanted: &str) -> bool {
    given.as_bytes().ct_eq(wanted.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_are_those_of_the_rfcs() {
        // RFC 2202 case 2 (both), RFC 4231 case 2, RFC 1321.
        let text: &[u8] = b"what do ya want for nothing?";

        assert_eq!(hex::encode(hmac_sha1(b"Jefe", &[text])), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        assert_eq!(
            hex::encode(hmac_sha256(b"Jefe", &[&text[..4], &text[4..]])),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(hex::encode(hmac_sha512(b"Jefe", &[text])).starts_with("164b7a7bfcf819e2e395fbe73b56e0a3"));
        assert_eq!(hex::encode(hmac_md5(b"Jefe", &[text])), "750c783e6ab0b503eaa86e310a5db738");
        assert_eq!(hex::encode(md5(&[b"ab", b"c"])), "900150983cd24fb0d6963f7d28e17f72");
    }

    #[test]
    fn an_ed25519_signature_is_that_of_the_rfc() {
        // RFC 8032, 7.1, test 2.
        let key = hex::decode("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c").expect("hex");
        let mut signature = hex::decode(concat!(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da",
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ))
        .expect("hex");

        assert!(ed25519(&key, &[&[0x72]], &signature));
        signature[0] ^= 1;
        assert!(!ed25519(&key, &[&[0x72]], &signature));
        assert!(!ed25519(&key[1..], &[&[0x72]], &signature));
    }
}
