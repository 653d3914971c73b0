//! TLS of the house: certificates from files or self-made, read anew when they change, and the three configurations
//! (HTTPS door, SIP door, client). One provider, ring. Nothing here opens a socket.

use crate::domain::time::Timestamp;
use crate::net::self_made;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ServerConfig};
use rustls_platform_verifier::Verifier;
use sha2::{Digest, Sha256};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, RwLock};
use std::{fmt, fs, io};
use tracing::info;

/// What is wrong with a certificate or key, in which file, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("{path}: cannot read it: {error}; check the path and that the service user may read it")]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{path}: not a PEM file: {error}; convert it, for example with `openssl x509 -in FILE -inform DER`")]
    NotPem { path: PathBuf, error: pem::Error },
    #[error("{path}: holds no certificate (no `BEGIN CERTIFICATE`); give the certificate first, then its chain")]
    NoCertificate { path: PathBuf },
    #[error("{path}: holds no private key (no `BEGIN PRIVATE KEY`); give the key that belongs to the certificate")]
    NoKey { path: PathBuf },
    #[error(
        "{path}: the private key is encrypted; decrypt it with `openssl pkey -in FILE -out NEW` and protect the file"
    )]
    EncryptedKey { path: PathBuf },
    #[error("{certificate} and {key} do not belong together; give the key the certificate was made for")]
    Mismatch { certificate: PathBuf, key: PathBuf },
    #[error("{path}: cannot be used: {error}")]
    Unusable { path: PathBuf, error: rustls::Error },
    #[error("cannot make a certificate in {folder}: {why}")]
    NotMade { folder: PathBuf, why: String },
    #[error("no certificate authority to trust: {0}; install the package ca-certificates, or name a CA file")]
    NoRoots(rustls::Error),
}

/// The one cryptographic provider of the house.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider())).clone()
}

/// Names the provider for libraries that ask for the process's default. Any number of times.
pub fn install_provider() {
    // It only fails when there is one already: ours.
    let _ = ring::default_provider().install_default();
}

/// Where a certificate (with its chain) and its key lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// A certificate in use: shared by every door that shows it, exchanged under them when the files change.
pub struct Certificate {
    files: CertificateFiles,
    /// The names a self-made certificate is for; `None` for one that was given to us.
    made_for: Option<Vec<String>>,
    now_used: RwLock<InUse>,
}

#[derive(Clone)]
struct InUse {
    key: Arc<CertifiedKey>,
    stamp: Stamp,
}

/// Tells a changed file from an unchanged one: device, inode, length and time of change of both files.
#[derive(Clone, PartialEq, Eq)]
struct Stamp([(u64, u64, u64, i64, i64); 2]);

impl Certificate {
    /// Reads a certificate and its key from files someone else looks after.
    pub fn from_files(files: CertificateFiles) -> Result<Arc<Certificate>, TlsError> {
        let now_used = read(&files)?;
        Ok(Arc::new(Certificate { files, made_for: None, now_used: RwLock::new(now_used) }))
    }

    /// Reads the house's own certificate in `folder`; makes one where there is none, it is about to expire, or it
    /// lacks one of `names`. This machine's name, `localhost` and the loopback addresses are always in it.
    pub fn self_made(folder: &Path, names: &[String], now: Timestamp) -> Result<Arc<Certificate>, TlsError> {
        let names = self_made::all_names(names);
        let files = self_made::files_in(folder);
        self_made::ensure(folder, &names, now)?;
        let now_used = read(&files)?;
        Ok(Arc::new(Certificate { files, made_for: Some(names), now_used: RwLock::new(now_used) }))
    }

    /// Looks whether the files changed (or the self-made certificate needs renewal) and takes what they hold now.
    /// Returns whether anything changed. On an error the certificate in use stays in use.
    pub fn refresh(&self, now: Timestamp) -> Result<bool, TlsError> {
        if let (Some(names), Some(folder)) = (&self.made_for, self.files.certificate.parent()) {
            self_made::ensure(folder, names, now)?;
        }
        if stamp(&self.files)? == self.in_use().stamp {
            return Ok(false);
        }
        let fresh = read(&self.files)?;
        *self.now_used.write().expect("an exchange of two pointers cannot panic") = fresh;
        info!(file = %self.files.certificate.display(), "A changed certificate is in use");
        Ok(true)
    }

    /// When it ends to be valid; `None` if its dates cannot be read.
    pub fn expires(&self) -> Option<Timestamp> {
        self_made::not_after(self.in_use().key.end_entity_cert().ok()?)
    }

    /// SHA-256 of the certificate in hex, as browsers and phones show it.
    pub fn fingerprint(&self) -> String {
        let used = self.in_use();
        used.key.end_entity_cert().map(|certificate| hex::encode(Sha256::digest(certificate))).unwrap_or_default()
    }

    /// The file to hand to phones and browsers that shall trust it.
    pub fn file(&self) -> &Path {
        &self.files.certificate
    }

    fn in_use(&self) -> InUse {
        self.now_used.read().expect("an exchange of two pointers cannot panic").clone()
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.files.certificate.display())
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.in_use().key)
    }
}

/// How the HTTPS doors speak TLS.
pub fn https_server(certificate: Arc<Certificate>) -> Arc<ServerConfig> {
    let mut config = server(certificate);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}

/// How the SIP door speaks TLS.
pub fn sip_server(certificate: Arc<Certificate>) -> Arc<ServerConfig> {
    Arc::new(server(certificate))
}

fn server(certificate: Arc<Certificate>) -> ServerConfig {
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .with_no_client_auth()
        .with_cert_resolver(certificate)
}

/// How we speak TLS to others: trusts the system's authorities, and those in `extra_ca` (a PEM file) beside them.
pub fn client(extra_ca: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let extra = extra_ca.map(certificates_in).transpose()?.unwrap_or_default();
    let verifier = Verifier::new_with_extra_roots(extra, provider()).map_err(|error| match extra_ca {
        Some(path) if !matches!(error, rustls::Error::General(_)) => TlsError::Unusable { path: path.into(), error },
        _ => TlsError::NoRoots(error),
    })?;
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .expect("ring has cipher suites for TLS 1.2 and 1.3")
        .dangerous() // the door to any verifier; ours is the platform's
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

fn read(files: &CertificateFiles) -> Result<InUse, TlsError> {
    // The stamp first: a change while we read is then seen at the next look.
    let stamp = stamp(files)?;
    let chain = certificates_in(&files.certificate)?;
    let key = key_in(&files.key)?;
    let key = CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            TlsError::Mismatch { certificate: files.certificate.clone(), key: files.key.clone() }
        }
        rustls::Error::InvalidCertificate(_) => TlsError::Unusable { path: files.certificate.clone(), error },
        error => TlsError::Unusable { path: files.key.clone(), error },
    })?;
    Ok(InUse { key: Arc::new(key), stamp })
}

/// The certificates of a PEM file, at least one.
pub(super) fn certificates_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let text = read_file(path)?;
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| TlsError::NotPem { path: path.into(), error })?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate { path: path.into() });
    }
    Ok(found)
}

fn key_in(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = read_file(path)?;
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) if text.windows(19).any(|part| part == b"ENCRYPTED PRIVATE K") => {
            Err(TlsError::EncryptedKey { path: path.into() })
        }
        Err(pem::Error::NoItemsFound) => Err(TlsError::NoKey { path: path.into() }),
        Err(error) => Err(TlsError::NotPem { path: path.into(), error }),
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|error| TlsError::Unreadable { path: path.into(), error })
}

fn stamp(files: &CertificateFiles) -> Result<Stamp, TlsError> {
    let of = |path: &Path| {
        let about = fs::metadata(path).map_err(|error| TlsError::Unreadable { path: path.into(), error })?;
        Ok((about.dev(), about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
    };
    Ok(Stamp([of(&files.certificate)?, of(&files.key)?]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    fn files(folder: &Path) -> CertificateFiles {
        self_made::files_in(folder)
    }

    #[test]
    fn a_given_certificate_is_read_and_read_again_when_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        self_made::ensure(folder.path(), &["pbx.example.com".into()], NOW).unwrap();
        let certificate = Certificate::from_files(files(folder.path())).unwrap();
        let before = certificate.fingerprint();
        assert!(!certificate.refresh(NOW).unwrap(), "nothing changed");

        let other = tempfile::tempdir().unwrap();
        self_made::ensure(other.path(), &["pbx.example.com".into()], NOW).unwrap();
        for name in ["certificate.pem", "key.pem"] {
            fs::copy(other.path().join(name), folder.path().join(name)).unwrap();
        }

        assert!(certificate.refresh(NOW).unwrap());
        assert_ne!(certificate.fingerprint(), before);
    }

    #[test]
    fn a_broken_change_leaves_the_old_certificate_in_use() {
        let folder = tempfile::tempdir().unwrap();
        self_made::ensure(folder.path(), &["a".into()], NOW).unwrap();
        let certificate = Certificate::from_files(files(folder.path())).unwrap();
        let before = certificate.fingerprint();

        fs::write(folder.path().join("certificate.pem"), "garbage").unwrap();

        assert!(matches!(certificate.refresh(NOW), Err(TlsError::NoCertificate { .. })));
        assert_eq!(certificate.fingerprint(), before);
    }

    #[test]
    fn what_is_wrong_with_files_is_said_with_the_file_and_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let names = ["a".to_owned()];
        self_made::ensure(folder.path(), &names, NOW).unwrap();
        self_made::ensure(other.path(), &names, NOW).unwrap();
        let good = files(folder.path());
        let with_key = |text: &str| {
            let key = folder.path().join("other-key.pem");
            fs::write(&key, text).unwrap();
            Certificate::from_files(CertificateFiles { key, ..good.clone() }).unwrap_err().to_string()
        };
        let missing = CertificateFiles { certificate: "/nonexistent/c.pem".into(), ..good.clone() };
        let mismatch = CertificateFiles { key: files(other.path()).key, ..good.clone() };
        let swapped = CertificateFiles { certificate: good.key.clone(), key: good.certificate.clone() };

        let said = |files| Certificate::from_files(files).unwrap_err().to_string();

        assert!(said(missing).starts_with("/nonexistent/c.pem: cannot read it"));
        assert!(said(mismatch).contains("do not belong together"));
        assert!(said(swapped).contains("holds no certificate"));
        assert!(with_key("").contains("holds no private key"));
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        assert!(with_key(encrypted).contains("openssl pkey"));
        assert!(with_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").contains("cannot be used"));
        assert!(with_key("-----BEGIN PRIVATE KEY-----\nAAAA\n").contains("not a PEM file"));
    }

    #[test]
    fn a_self_made_certificate_stays_until_it_expires_or_lacks_a_name() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["pbx.example.com".to_owned()];
        let first = Certificate::self_made(folder.path(), &names, NOW).unwrap();

        let again = Certificate::self_made(folder.path(), &names, NOW.plus(Duration::from_secs(86_400))).unwrap();
        assert_eq!(first.fingerprint(), again.fingerprint());

        let more = ["pbx.example.com".to_owned(), "sms.example.com".to_owned()];
        let named = Certificate::self_made(folder.path(), &more, NOW).unwrap();
        assert_ne!(first.fingerprint(), named.fingerprint());

        let late = named.expires().unwrap().minus(Duration::from_secs(86_400));
        let before = named.fingerprint();
        assert!(named.refresh(late).unwrap(), "renewed while in use");
        assert_ne!(before, named.fingerprint());
        assert!(named.expires().unwrap() > late.plus(Duration::from_secs(700 * 86_400)));
    }

    #[test]
    fn a_missing_ca_file_is_named() {
        let error = client(Some(Path::new("/nonexistent/ca.pem"))).unwrap_err().to_string();

        assert!(error.starts_with("/nonexistent/ca.pem: "), "{error}");
    }
}
