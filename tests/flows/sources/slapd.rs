//! A directory of our own: OpenLDAP's slapd from `DEPESCHE_SLAPD` (`scripts/test` puts it there), on ports and in a folder
//! of its own, for as long as a test runs.

use crate::sources::{free_port, until_it_listens};
use depesche::domain::contact_source::{LdapSettings, Security, SourceSettings};
use depesche::domain::time::Timestamp;
use depesche::net::tls::Certificate;
use ldap3::{Ldap, LdapConnAsync};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

pub const BASE: &str = "ou=people,dc=example,dc=com";
pub const ADMIN: &str = "cn=admin,dc=example,dc=com";
pub const PASSWORD: &str = "a password of the house";

pub struct Slapd {
    process: Child,
    folder: TempDir,
    pub port: u16,
    pub tls_port: u16,
}

/// Where slapd was unpacked; `None`: it was not, and that is said.
fn unpacked() -> Option<PathBuf> {
    let named = std::env::var_os("DEPESCHE_SLAPD").map(PathBuf::from).filter(|path| path.is_dir());
    if named.is_none() {
        println!("skipped: contacts from a real directory (DEPESCHE_SLAPD names no folder with slapd)");
    }
    named
}

impl Slapd {
    /// With so many people in it.
    pub async fn with(people: usize) -> Option<Slapd> {
        let root = unpacked()?;
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("db")).expect("a folder");
        let now = Timestamp(1_790_000_000_000);
        Certificate::self_made(folder.path(), &["localhost".into()], now).expect("a certificate");
        std::fs::write(folder.path().join("slapd.conf"), config(&root, folder.path())).expect("written");
        std::fs::write(folder.path().join("people.ldif"), ldif(people)).expect("written");
        let filled = tool(&root, "slapadd", folder.path()).arg("-q").arg("-l").arg("people.ldif").output();
        let filled = filled.expect("slapadd runs");
        assert!(filled.status.success(), "{}", String::from_utf8_lossy(&filled.stderr));
        let (port, tls_port) = (free_port(), free_port());
        let process = tool(&root, "slapd", folder.path())
            .args(["-h", &format!("ldap://127.0.0.1:{port} ldaps://127.0.0.1:{tls_port}"), "-d", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("slapd runs");
        let slapd = Slapd { process, folder, port, tls_port };
        until_it_listens(port).await;
        until_it_listens(tls_port).await;
        Some(slapd)
    }

    /// Whom to trust so that its certificate is.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// As an admin would set it up, over TLS.
    pub fn settings(&self) -> LdapSettings {
        let SourceSettings::Ldap(usual) = serde_json::from_value(serde_json::json!({
            "kind": "ldap", "host": "localhost", "port": self.tls_port, "user": ADMIN, "base": BASE,
        }))
        .expect("settings") else {
            unreachable!("it says ldap")
        };
        usual
    }

    /// The same with another protection.
    pub fn settings_over(&self, security: Security) -> LdapSettings {
        let port = if security == Security::Ldaps { self.tls_port } else { self.port };
        LdapSettings { port: Some(port), security, ..self.settings() }
    }

    /// Somebody who may change it.
    pub async fn hand(&self) -> Ldap {
        let (driver, mut hand) = LdapConnAsync::new(&format!("ldap://127.0.0.1:{}", self.port)).await.expect("a line");
        tokio::spawn(driver.drive());
        hand.simple_bind(ADMIN, PASSWORD).await.expect("an answer").success().expect("let in");
        hand
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn tool(root: &Path, name: &str, folder: &Path) -> Command {
    let mut libraries: Vec<PathBuf> = vec![root.join("usr/lib")];
    let triplets = std::fs::read_dir(root.join("usr/lib")).expect("unpacked");
    libraries.extend(triplets.map(|entry| entry.expect("an entry").path()).filter(|path| path.is_dir()));
    let mut command = Command::new(root.join("usr/sbin").join(name));
    command.current_dir(folder).args(["-f", "slapd.conf"]);
    command.env("LD_LIBRARY_PATH", std::env::join_paths(libraries).expect("plain paths"));
    command
}

fn config(root: &Path, folder: &Path) -> String {
    let (root, folder) = (root.display(), folder.display());
    let schemas: String = ["core", "cosine", "inetorgperson"]
        .iter()
        .map(|schema| format!("include {root}/etc/ldap/schema/{schema}.schema\n"))
        .collect();
    format!(
        "{schemas}modulepath {root}/usr/lib/ldap\nmoduleload back_mdb\nsizelimit size.soft=500 size.hard=500 size.prtotal=unlimited\n\
         TLSCertificateFile {folder}/certificate.pem\nTLSCertificateKeyFile {folder}/key.pem\n\
         database mdb\nmaxsize 268435456\ndbnosync\nsuffix \"dc=example,dc=com\"\nrootdn \"{ADMIN}\"\nrootpw \"{PASSWORD}\"\n\
         directory {folder}/db\n"
    )
}

fn ldif(people: usize) -> String {
    let mut text = String::from(
        "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: Example\n\n\
         dn: ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: people\n\n",
    );
    for nth in 0..people {
        writeln!(
            text,
            "dn: uid=p{nth},{BASE}\nobjectClass: inetOrgPerson\nuid: p{nth}\ncn: Ada {nth}\nsn: Lovelace {nth}\ngivenName: Ada\n\
             o: Analytical Engines\nmail: p{nth}@example.com\nmobile: +1 555 01{nth:05}\ntelephoneNumber: +1 555 02{nth:05}\n\
             telephoneNumber: +1 555 03{nth:05}\n"
        )
        .expect("a text takes it");
    }
    text
}
