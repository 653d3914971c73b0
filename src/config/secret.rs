//! Where a secret of the machine may come from: a variable, a systemd credential, a file, or, at worst,
//! the settings file itself, which then must not be readable by everyone.

use crate::config::sheet::{Section, Variables};
use crate::domain::secret::Secret;
use std::path::{Path, PathBuf};

/// Where secrets and files named in the settings are looked for.
pub struct Surroundings {
    /// The environment: `DEPESCHE_SIP_PBX_PASSWORD`, `CREDENTIALS_DIRECTORY`.
    pub variables: Variables,
    /// The folder that relative names start from: that of the settings file.
    pub folder: PathBuf,
    /// Whether everyone on the machine may read the settings file.
    pub file_is_open: bool,
}

impl Surroundings {
    /// A path as it was written: absolute, or from the folder of the settings file.
    pub fn path(&self, written: &str) -> PathBuf {
        self.folder.join(written)
    }

    /// A file that may be a systemd credential: a bare name is looked for among those first.
    pub fn credential(&self, written: &str) -> PathBuf {
        let credentials = self.variables.get("CREDENTIALS_DIRECTORY").filter(|_| !written.contains('/'));
        let found = credentials.map(|folder| Path::new(folder).join(written)).filter(|path| path.exists());
        found.unwrap_or_else(|| self.path(written))
    }
}

/// Reads the secret `key`: from the variable, then from the file named by `key_file`, then from `key` itself.
pub fn secret(
    section: &mut Section<'_, '_>,
    key: &'static str,
    key_file: &'static str,
    variable: &str,
    around: &Surroundings,
) -> Secret {
    let inline = section.text(key, "");
    let file = section.text(key_file, "");
    if !inline.is_empty() && !file.is_empty() {
        section.refuse(key, &format!("{key} and {key_file} are both given"), "keep one of them");
    }
    if !inline.is_empty() && around.file_is_open {
        let remedy = format!("chmod 0640 the file, or use {key_file}");
        section.refuse(key, "everyone on this machine may read this file and the secret in it", &remedy);
    }
    if let Some(given) = around.variables.get(variable) {
        return Secret::new(given.trim_end_matches(['\r', '\n']));
    }
    if file.is_empty() {
        return Secret::new(inline);
    }
    let path = around.credential(&file);
    match std::fs::read_to_string(&path) {
        Ok(text) => Secret::new(text.trim_end_matches(['\r', '\n'])),
        Err(error) => {
            let what = format!("{} cannot be read: {error}", path.display());
            section.refuse(key_file, &what, "name a file that the daemon's user may read");
            Secret::default()
        }
    }
}
