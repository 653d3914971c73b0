//! From a settings file, or none, to [`Config`]: every problem at once, or a value nobody changes again.

use crate::config::http::{Http, HttpClient, http, http_client, listeners_clash};
use crate::config::machine::{Log, Paths, Store, log, paths, store};
use crate::config::media::{Media, media};
use crate::config::outbox::{Outbox, outbox};
use crate::config::problem::{Problem, Problems};
use crate::config::secret::Surroundings;
use crate::config::sheet::{Asked, Sheet, Variables};
use crate::config::sip::{Pbx, Sip, pbx, sip};
use std::path::{Path, PathBuf};

/// The machine's settings, complete and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where things lie.
    pub paths: Paths,
    /// How much is said, and how.
    pub log: Log,
    /// The database.
    pub store: Store,
    /// The public door: carriers' webhooks.
    pub http_public: Http,
    /// The private door: API and portal.
    pub http_private: Http,
    /// Calls to carriers.
    pub http_client: HttpClient,
    /// Phones.
    pub sip: Sip,
    /// The PBX, where there is one.
    pub pbx: Pbx,
    /// What leaves the house.
    pub outbox: Outbox,
    /// Files of messages.
    pub media: Media,
}

impl Config {
    /// Reads `file`, or takes the defaults where there is none.
    pub fn load(file: Option<&Path>, variables: Variables) -> Result<Config, Problems> {
        let Some(file) = file else {
            let around = Surroundings { variables, folder: PathBuf::new(), file_is_open: false };
            return read(Path::new("(defaults)"), "", &around).map(|(config, _)| config);
        };
        let text = std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))?;
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let around = Surroundings { variables, folder, file_is_open: open_to_all(file) };
        read(file, &text, &around).map(|(config, _)| config)
    }
}

/// Every option there is, with its default, in the order of reading.
pub fn options() -> Vec<Asked> {
    let around = Surroundings { variables: Variables::new(), folder: PathBuf::new(), file_is_open: false };
    read(Path::new("(defaults)"), "", &around).expect("the defaults are well").1
}

fn read(file: &Path, text: &str, around: &Surroundings) -> Result<(Config, Vec<Asked>), Problems> {
    let mut sheet = Sheet::parse(file, text)?;
    let paths = paths(&mut sheet.section("paths"), around);
    let log = log(&mut sheet.section("log"));
    let sip = sip(&mut sheet.section("sip"), around);
    let config = Config {
        paths,
        log,
        pbx: pbx(&mut sheet.section("sip.pbx"), sip.mode, around),
        sip,
        http_private: http(&mut sheet.section("http.private"), "127.0.0.1:8080", around),
        http_public: http(&mut sheet.section("http.public"), "127.0.0.1:8081", around),
        http_client: http_client(&mut sheet.section("http_client"), around),
        outbox: outbox(&mut sheet.section("outbox")),
        media: media(&mut sheet.section("media")),
        store: store(&mut sheet.section("store")),
    };
    let doors = [
        ("http.public", "listen", &config.http_public.listen),
        ("http.private", "listen", &config.http_private.listen),
    ];
    let phones = [("sip", "tcp", &config.sip.tcp), ("sip", "tls", &config.sip.tls)];
    listeners_clash(&mut sheet, &[doors, phones].concat());
    listeners_clash(&mut sheet, &[("sip", "udp", &config.sip.udp)]);
    if config.outbox.lease <= config.http_client.total_timeout {
        let what = "a lease would end while a call to a carrier is under way";
        sheet.refuse("outbox", "lease_s", what, "make it longer than http_client.total_timeout_s");
    }
    sheet.finish().map(|asked| (config, asked))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Problems {
    let what = format!("the settings file cannot be read: {error}");
    let remedy = match error.kind() {
        std::io::ErrorKind::InvalidData => "save it as UTF-8",
        _ => "name another with --config, or mend its place and rights",
    }
    .to_owned();
    let problem = Problem { file: file.to_owned(), line: 0, key: String::new(), what, remedy };
    Problems::new(vec![problem]).expect("one problem is not none")
}

fn open_to_all(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = include_str!("../../configs/depesche.toml");

    fn around() -> Surroundings {
        Surroundings { variables: Variables::new(), folder: PathBuf::new(), file_is_open: false }
    }

    /// The sample with every option uncommented: those are the lines `#key = value`, without a blank.
    fn uncommented() -> String {
        let lines = SAMPLE
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with([' ', '#'])).unwrap_or(line));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn no_file_at_all_gives_a_working_house() {
        let config = Config::load(None, Variables::new()).unwrap();

        assert!(config.http_private.listen.iter().all(|address| address.ip().is_loopback()));
        assert!(!config.sip.udp.is_empty());
    }

    #[test]
    fn the_sample_says_nothing_until_a_line_is_uncommented() {
        let (config, _) = read(Path::new("sample"), SAMPLE, &around()).unwrap();

        assert_eq!(config, Config::load(None, Variables::new()).unwrap());
    }

    #[test]
    fn the_sample_uncommented_gives_the_defaults() {
        let (config, _) =
            read(Path::new("sample"), &uncommented(), &around()).unwrap_or_else(|wrong| panic!("{wrong}"));

        assert_eq!(config, Config::load(None, Variables::new()).unwrap());
    }

    #[test]
    fn the_sample_lists_every_option_once_with_its_default() {
        let mut section = String::new();
        let mut listed = Vec::new();
        for line in uncommented().lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name.to_owned();
            } else if let Some((key, default)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
                listed.push(Asked { section: section.clone(), key: key.to_owned(), default: default.to_owned() });
            }
        }

        assert_eq!(listed, options());
    }

    #[test]
    fn every_option_of_the_sample_has_its_reason_above() {
        let lines: Vec<&str> = SAMPLE.lines().collect();
        let options = lines
            .iter()
            .enumerate()
            .filter(|(_, line)| line.starts_with('#') && line.contains(" = ") && !line.starts_with("# "));

        let bare: Vec<&str> =
            options.filter(|(at, _)| !lines[at - 1].starts_with("# ")).map(|(_, line)| *line).collect();

        assert!(bare.is_empty(), "no reason above: {bare:?}");
    }

    #[test]
    fn a_password_comes_from_a_variable_before_a_file() {
        let variables = Variables::from([("DEPESCHE_SIP_PBX_PASSWORD".to_owned(), "from-variable\n".to_owned())]);

        let around = Surroundings { variables, ..around() };

        let text = "[sip.pbx]\nuser = \"u\"\npassword_file = \"/none\"";
        let (config, _) = read(Path::new("x"), text, &around).unwrap();

        assert_eq!(config.pbx.password.expose(), "from-variable");
    }

    #[test]
    fn a_password_file_may_be_a_systemd_credential() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("pbx-password"), "from-credential\n").unwrap();
        let variables =
            Variables::from([("CREDENTIALS_DIRECTORY".to_owned(), folder.path().to_string_lossy().into_owned())]);
        let around = Surroundings { variables, ..around() };

        let (config, _) =
            read(Path::new("x"), "[sip.pbx]\nuser = \"u\"\npassword_file = \"pbx-password\"", &around).unwrap();

        assert_eq!(config.pbx.password.expose(), "from-credential");
    }

    #[test]
    fn a_password_in_a_file_everyone_reads_is_refused() {
        let around = Surroundings { file_is_open: true, ..around() };

        let wrong = read(Path::new("x"), "[sip.pbx]\npassword = \"geheim\"", &around).unwrap_err().to_string();

        assert!(wrong.contains("x:2: sip.pbx.password: everyone on this machine may read"), "{wrong}");
        assert!(!wrong.contains("geheim"));
    }
}
