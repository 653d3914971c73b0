//! The certificate the house makes for itself when nobody gave it one: ECDSA P-256, for this machine's names.
//! It is no authority: who trusts it trusts this one key, and nothing that it might sign.

use crate::domain::time::Timestamp;
use crate::net::tls::{CertificateFiles, TlsError, certificates_in};
use crate::os;
use jiff::civil;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;
use std::{fs, str};
use tracing::info;

const DAY: Duration = Duration::from_secs(86_400);
/// 825 days is the longest that every browser and phone accepts.
const VALID_DAYS: u32 = 825;
const RENEW_DAYS_BEFORE: u32 = 30;
/// Clocks of phones are often behind.
const BACKDATED_DAYS: u32 = 1;
/// A line before the first PEM block, where readers of PEM skip it: what the certificate was made for.
const NAMES_LINE: &str = "Made by Depesche for: ";

pub(super) fn files_in(folder: &Path) -> CertificateFiles {
    CertificateFiles { certificate: folder.join("certificate.pem"), key: folder.join("key.pem") }
}

/// `names`, this machine's name, and how it calls itself; sorted, each once.
pub(super) fn all_names(names: &[String]) -> Vec<String> {
    let mut all: Vec<String> = names.iter().map(|name| name.trim_matches(['[', ']']).to_ascii_lowercase()).collect();
    all.extend(os::hostname());
    all.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    all.retain(|name| name.parse::<IpAddr>().is_ok() || is_dns_name(name));
    all.sort();
    all.dedup();
    all
}

fn is_dns_name(name: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'*')
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// Makes certificate and key in `folder`, unless good ones for `names` are there.
pub(super) fn ensure(folder: &Path, names: &[String], now: Timestamp) -> Result<(), TlsError> {
    if is_good(folder, names, now) {
        return Ok(());
    }
    let failed = |why: String| TlsError::NotMade { folder: folder.to_owned(), why };
    let (certificate, key) = make(names, now).map_err(|error| failed(error.to_string()))?;
    let files = files_in(folder);
    let text = format!("{NAMES_LINE}{}\n{certificate}", names.join(" "));
    os::make_private_folder(folder)
        .and_then(|()| os::write_private(&files.key, key.as_bytes()))
        .and_then(|()| os::write_private(&files.certificate, text.as_bytes()))
        .map_err(|error| failed(error.to_string()))?;
    info!(file = %files.certificate.display(), "Made a certificate for {}", names.join(", "));
    Ok(())
}

/// A power cut between the two files leaves a pair that does not belong together: that is not good either.
fn is_good(folder: &Path, names: &[String], now: Timestamp) -> bool {
    let files = files_in(folder);
    let Ok(text) = fs::read(&files.certificate) else { return false };
    let made_for = text.split(|b| *b == b'\n').next().and_then(|line| str::from_utf8(line).ok()).unwrap_or_default();
    let made_for: Vec<&str> = made_for.strip_prefix(NAMES_LINE).unwrap_or_default().split(' ').collect();
    let expires = certificates_in(&files.certificate).ok().and_then(|chain| not_after(chain.first()?));
    let pair_fits = crate::net::tls::Certificate::from_files(files).is_ok();
    pair_fits
        && names.iter().all(|name| made_for.contains(&name.as_str()))
        && expires.is_some_and(|end| end > now.plus(DAY * RENEW_DAYS_BEFORE))
}

fn make(names: &[String], now: Timestamp) -> Result<(String, String), rcgen::Error> {
    let mut params = CertificateParams::new(names.to_vec())?;
    let common_name = names.iter().find(|name| name.parse::<IpAddr>().is_err() && *name != "localhost");
    params.distinguished_name.push(DnType::CommonName, common_name.map_or("localhost", String::as_str));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |moment: Timestamp| epoch + Duration::from_secs(u64::try_from(moment.as_seconds()).unwrap_or(0));
    params.not_before = at(now.minus(DAY * BACKDATED_DAYS));
    params.not_after = at(now.plus(DAY * VALID_DAYS));
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok((certificate.pem(), key.serialize_pem()))
}

/// When a certificate ends to be valid (RFC 5280 4.1): the path of DER to its second date, and nothing else.
pub(super) fn not_after(certificate: &[u8]) -> Option<Timestamp> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut fields, _) = element(certificate)?;
    if fields.first() == Some(&0xa0) {
        fields = element(fields)?.2; // version
    }
    for _ in ["serial", "signature", "issuer"] {
        fields = element(fields)?.2;
    }
    let (_, validity, _) = element(fields)?;
    let (tag, time, _) = element(element(validity)?.2)?;
    let time = str::from_utf8(time).ok()?;
    let time = match tag {
        // UTCTime: two digits of the year, 1950 to 2049.
        0x17 if time.get(..2)? < "50" => format!("20{time}"),
        0x17 => format!("19{time}"),
        0x18 => time.to_owned(),
        _ => return None,
    };
    let moment = civil::DateTime::strptime("%Y%m%d%H%M%SZ", time).ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(moment.timestamp().as_millisecond()))
}

/// One DER element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |so_far, digit| so_far << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    #[test]
    fn the_key_is_for_the_service_user_alone() {
        let folder = tempfile::tempdir().unwrap();

        ensure(folder.path(), &all_names(&["pbx.example.com".into()]), NOW).unwrap();

        assert!(os::is_private(&files_in(folder.path()).key).unwrap());
    }

    #[test]
    fn the_end_of_validity_is_read_from_the_certificate() {
        let folder = tempfile::tempdir().unwrap();
        ensure(folder.path(), &["a".into()], NOW).unwrap();
        let chain = certificates_in(&files_in(folder.path()).certificate).unwrap();

        assert_eq!(not_after(&chain[0]), Some(NOW.plus(DAY * VALID_DAYS)));
        for cut in 0..120 {
            let _ = not_after(&chain[0][..cut]); // never a panic
        }
    }

    #[test]
    fn names_are_cleaned_and_always_hold_localhost() {
        let names = all_names(&["PBX.example.com".into(), "[fd00::1]".into(), "not a name".into(), String::new()]);

        for name in ["pbx.example.com", "fd00::1", "localhost", "127.0.0.1", "::1"] {
            assert!(names.iter().any(|known| known == name), "{name} in {names:?}");
        }
        assert!(!names.iter().any(|name| name.contains("not a") || name.is_empty()));
    }

    #[test]
    fn a_pair_torn_by_a_power_cut_is_made_anew() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let names = ["a".to_owned()];
        ensure(folder.path(), &names, NOW).unwrap();
        ensure(other.path(), &names, NOW).unwrap();
        fs::copy(files_in(other.path()).key, files_in(folder.path()).key).unwrap();

        ensure(folder.path(), &names, NOW).unwrap();

        assert!(is_good(folder.path(), &names, NOW));
    }
}
