//! The house stands on its floors: imports point down, neighbours of floor 2 never meet, nothing goes
//! in a circle, and each borrowed crate stays in its home. The floors are read from the map in
//! `src/lib.rs`, so that the map cannot lie.

#[path = "floors/imports.rs"]
mod imports;
#[path = "floors/tokens.rs"]
mod tokens;

use imports::{Arrow, File};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use tokens::{Token, tokens};

/// Borrowed crates and the rooms they may be seen in. A crate that is in neither list fails the test.
const HOMES: &[(&str, &[&str])] = &[
    ("rusqlite", &["store"]),
    ("rsip", &["sip/wire"]),
    ("flate2", &["sip", "media"]),
    ("quick_xml", &["sip", "egress/contact_source/carddav"]),
    ("ldap3", &["egress/contact_source/ldap"]),
    ("unicode_segmentation", &["sip"]),
    ("toml", &["config"]),
    ("nix", &["os"]),
    ("tikv_jemallocator", &["main"]),
    ("seccompiler", &["os"]),
    ("image", &["media"]),
    ("fast_image_resize", &["media"]),
    ("jpeg_encoder", &["media"]),
    ("gif", &["media"]),
    ("color_quant", &["media"]),
    ("lopdf", &["media"]),
    ("infer", &["media"]),
    ("sd_notify", &["os"]),
    ("clap", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("clap_complete", &["cli"]),
    ("hyper", &["net"]),
    ("hyper_util", &["net"]),
    ("rustls_platform_verifier", &["net"]),
    ("tower_http", &["net", "api", "ingress"]),
    ("tower_service", &["net"]),
    ("tower", &["net", "api", "ingress"]),
    // app hands on what one room made for another: TLS for SIP, routes for the doors.
    ("rustls", &["net", "sip", "app"]),
    ("tokio_rustls", &["net", "sip"]),
    ("rcgen", &["net"]),
    ("hickory_resolver", &["net", "sip"]),
    ("socket2", &["sip"]),
    ("multer", &["ingress"]),
    // A spreadsheet is an archive: the test opens what was written.
    ("zip", &["media", "tabular/xlsx"]),
    ("axum", &["net", "api", "ingress", "app"]),
    ("utoipa_axum", &["api"]),
    ("pastey", &["api"]),
    ("rust_embed", &["api"]),
    // Derives describe a type where it is defined; everything else about the contract is the api's.
    ("utoipa", &["api", "domain", "tabular", "flow/campaign"]),
    ("csv", &["tabular"]),
    ("csv_core", &["tabular"]),
    ("encoding_rs", &["tabular", "vcard"]),
    ("encoding_rs_io", &["tabular", "vcard"]),
    ("chardetng", &["tabular"]),
    ("rust_xlsxwriter", &["tabular"]),
    ("rlibphonenumber", &["domain"]),
    ("tracing_subscriber", &["app", "cli"]),
    // Signatures of carriers; in net it is rustls' provider of that name.
    ("ring", &["carrier/sign", "net/tls"]),
];

/// Crates of the language more than of a room: values, futures, digests, errors.
const EVERYWHERE: &[&str] = &[
    "tokio",
    "tokio_util",
    "tokio_stream",
    "bytes",
    "futures_util",
    "serde",
    "serde_json",
    "http",
    "http_body_util",
    "form_urlencoded",
    "memchr",
    "percent_encoding",
    "url",
    "tracing",
    "argon2",
    "md5",
    "sha1",
    "sha2",
    "hmac",
    "subtle",
    "base64",
    "hex",
    "getrandom",
    "chacha20poly1305",
    "jiff",
    "governor",
    "thiserror",
    "async_trait",
    // Beside spreadsheets under way, the tests of every room.
    "tempfile",
];

/// What a pure room deliberately lacks.
const ABSENT: &[(&str, &[&str])] = &[
    ("domain", &["tokio", "std::fs", "std::net::TcpStream", "std::net::UdpSocket", "std::time::SystemTime"]),
    ("carrier", &["tokio", "std::fs", "std::net::TcpStream", "std::net::UdpSocket", "std::time::SystemTime"]),
];

/// The floor on which neighbours never meet.
const SHY_FLOOR: u8 = 2;

struct House {
    floors: BTreeMap<String, u8>,
    files: Vec<File>,
}

impl House {
    fn read(root: &Path) -> House {
        let mut files = Vec::new();
        for path in sources(&root.join("src")) {
            let text = std::fs::read_to_string(&path).expect("a source file can be read");
            let name = path.strip_prefix(root).expect("found below the root").to_string_lossy().into_owned();
            files.push(File::new(&name, &text));
        }
        let map = files.iter().find(|file| file.path == "src/lib.rs").expect("the crate has a root");
        House { floors: floors(&map.text), files }
    }

    fn made_up(files: &[(&str, &str)]) -> House {
        let real = House::read(Path::new(env!("CARGO_MANIFEST_DIR")));
        House { floors: real.floors, files: files.iter().map(|(path, text)| File::new(path, text)).collect() }
    }

    /// Everything that is wrong, one sentence each.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let arrows: Vec<Arrow> = self.files.iter().flat_map(File::arrows).collect();
        faults.extend(self.files.iter().filter_map(|file| self.homeless(file)));
        faults.extend(arrows.iter().filter_map(|arrow| self.steep(arrow)));
        faults.extend(self.circles(&arrows));
        let tests = self.files.iter().flat_map(File::test_modules).collect::<Vec<_>>();
        let is_test = |file: &File| tests.iter().any(|test| file.module.starts_with(test));
        faults.extend(self.files.iter().flat_map(|file| borrowed(file, is_test(file))));
        faults
    }

    fn homeless(&self, file: &File) -> Option<String> {
        let room = file.room()?;
        (!self.floors.contains_key(room)).then(|| format!("{}: room {room} is not on the map in src/lib.rs", file.path))
    }

    /// An arrow that points up, or across the shy floor.
    fn steep(&self, arrow: &Arrow) -> Option<String> {
        let (from, to) = (arrow.from.first()?, arrow.to.first()?);
        let (below, above) = (*self.floors.get(from)?, *self.floors.get(to)?);
        if from == to {
            None
        } else if above > below {
            Some(format!("{}: {from} (floor {below}) looks up at {to} (floor {above})", arrow.at))
        } else if above == below && below == SHY_FLOOR {
            Some(format!("{}: {from} and {to} are neighbours of floor {SHY_FLOOR} and never meet", arrow.at))
        } else {
            None
        }
    }

    fn circles(&self, arrows: &[Arrow]) -> Vec<String> {
        let mut leans: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for arrow in arrows {
            if let (Some(from), Some(to)) = (arrow.from.first(), arrow.to.first())
                && from != to
                && self.floors.contains_key(to)
            {
                leans.entry(from).or_default().insert(to);
            }
        }
        let on_circle = |room: &&&str| reachable(&leans, room).contains(**room);
        let rooms: Vec<&str> = leans.keys().filter(on_circle).copied().collect();
        if rooms.is_empty() {
            Vec::new()
        } else {
            vec![format!("these rooms import each other in a circle: {rooms:?}")]
        }
    }
}

/// Borrowed crates outside their home, and what a pure room must not touch.
fn borrowed(file: &File, is_test: bool) -> Vec<String> {
    let cut = tokens(&file.text);
    let path = file.module.join("/");
    let lives_in = |home: &&str| path == **home || path.starts_with(&format!("{home}/"));
    // Tests stand at the end of a file, and may read their recorded exchanges.
    let tests_at = (0..cut.len()).find(|at| is_test || spells(&cut[*at..], "cfg(test)")).unwrap_or(cut.len());
    let mut faults = Vec::new();
    for (at, token) in cut.iter().enumerate() {
        let rooted = at >= 2 && cut[at - 1].text == "::" && cut[at - 2].text == "use";
        let continued = at >= 1 && cut[at - 1].text == "::" && !rooted;
        let followed = cut.get(at + 1).is_some_and(|next| next.text == "::");
        let imported = rooted || at >= 1 && cut[at - 1].text == "use";
        if continued || !(followed || imported) {
            continue;
        }
        if let Some((name, homes)) = HOMES.iter().find(|(name, _)| *name == token.text)
            && !homes.iter().any(lives_in)
        {
            faults.push(format!("{}:{}: {name} lives in {}, not here", file.path, token.line, homes.join(", ")));
        }
        for (_, absent) in ABSENT.iter().filter(|(room, _)| at < tests_at && file.room() == Some(room)) {
            faults.extend(absent.iter().filter(|what| spells(&cut[at..], what)).map(|what| {
                format!("{}:{}: {what} has no place in a room without I/O and clock", file.path, token.line)
            }));
        }
    }
    faults
}

fn spells(cut: &[Token<'_>], path: &str) -> bool {
    tokens(path).iter().enumerate().all(|(at, wanted)| cut.get(at).is_some_and(|token| token.text == wanted.text))
}

fn reachable<'a>(leans: &BTreeMap<&'a str, BTreeSet<&'a str>>, from: &str) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = leans.get(from).into_iter().flatten().copied().collect();
    while let Some(room) = open.pop() {
        if seen.insert(room) {
            open.extend(leans.get(room).into_iter().flatten());
        }
    }
    seen
}

/// The map in the header of `src/lib.rs`: lines of `//! floor N   room room`.
fn floors(map: &str) -> BTreeMap<String, u8> {
    let lines = map.lines().filter_map(|line| line.trim_start_matches("//!").trim().strip_prefix("floor "));
    lines
        .flat_map(|line| {
            let (floor, rooms) = line.split_once(' ').expect("a floor has a number and rooms");
            let floor: u8 = floor.parse().expect("a floor's number is a number");
            let rooms = rooms.split('(').next().unwrap_or_default().split_whitespace();
            rooms.map(move |room| (room.to_owned(), floor)).collect::<Vec<_>>()
        })
        .collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("src can be listed") {
        let path = entry.expect("an entry of src can be read").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn the_house_stands_on_its_floors() {
    let faults = House::read(Path::new(env!("CARGO_MANIFEST_DIR"))).faults();

    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn the_map_names_no_room_that_is_not_there() {
    let house = House::read(Path::new(env!("CARGO_MANIFEST_DIR")));

    let built: BTreeSet<&str> = house.files.iter().filter_map(File::room).collect();
    let drawn: BTreeSet<&str> = house.floors.keys().map(String::as_str).collect();

    assert_eq!(drawn, built, "the map in src/lib.rs, and the rooms in src");
}

#[test]
fn every_borrowed_crate_has_a_home() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).expect("it is there");
    let section = manifest.split("\n[dependencies]\n").nth(1).expect("there are dependencies");
    let section = section.split("\n[").next().expect("split gives at least one");
    // md-5 is named md5 in code.
    let names = section.lines().filter(|line| line.starts_with(|c: char| c.is_alphabetic()));
    let names = names.filter_map(|line| line.split(['=', ' ']).next()).map(|name| match name {
        "md-5" => "md5".to_owned(),
        name => name.replace('-', "_"),
    });

    let homeless: Vec<String> = names
        .filter(|name| !EVERYWHERE.contains(&name.as_str()) && !HOMES.iter().any(|(home, _)| home == name))
        .collect();

    assert!(homeless.is_empty(), "give these crates a home in tests/floors.rs: {homeless:?}");
}

#[test]
fn an_arrow_upward_is_found_however_it_is_written() {
    for (path, text) in [
        ("src/domain/id.rs", "use crate::store::handle::Store;"),
        ("src/domain/id.rs", "use crate::{domain::time, store::{handle::{Store, Tx}, migrate}};"),
        ("src/sip/wire.rs", "fn f() { let x = crate::flow::inbound::f(); }"),
        ("src/store/mod.rs", "fn f() { select! { _ = crate::app::run() => {} } }"),
        ("src/net/client.rs", "use super::super::egress::switchboard;"),
        ("src/net/client.rs", "mod tests { use super::super::super::egress::switchboard; }"),
        ("src/os.rs", "fn f<'a>(x: &'a str) -> char { '\"' } use super::bus;"),
        ("src/cli.rs", "use crate::main::x;"),
        ("src/clock.rs", "pub(in crate::app) fn f() {}"),
    ] {
        let faults = House::made_up(&[(path, text)]).faults();

        assert!(faults.iter().any(|fault| fault.contains("looks up at")), "{path}: {text}: {faults:?}");
    }
}

#[test]
fn neighbours_of_floor_two_never_meet() {
    let faults = House::made_up(&[("src/sip/endpoint.rs", "use crate::store::handle::Store;")]).faults();

    assert_eq!(faults, ["src/sip/endpoint.rs:1: sip and store are neighbours of floor 2 and never meet"]);
}

#[test]
fn a_circle_is_found() {
    let faults = House::made_up(&[
        ("src/api/routes.rs", "use crate::ingress::sip;"),
        ("src/ingress/sip.rs", "use crate::api::routes;"),
    ])
    .faults();

    assert_eq!(faults, [r#"these rooms import each other in a circle: ["api", "ingress"]"#]);
}

#[test]
fn a_borrowed_crate_is_found_outside_its_home() {
    for (path, text) in [
        ("src/flow/inbound.rs", "use rusqlite::Connection;"),
        ("src/flow/inbound.rs", "use ::rusqlite as sql;"),
        ("src/flow/inbound.rs", "use {std::fmt, rusqlite::{Connection}};"),
        ("src/sip/text.rs", "fn f() { rsip::Uri::default(); }"),
        ("src/ingress/sip.rs", "fn f() -> hyper::Response<()> { todo() }"),
        ("src/domain/id.rs", "use tokio::sync::mpsc;"),
        ("src/carrier/twilio/mod.rs", "fn f() { let now = std::time::SystemTime::now(); }"),
    ] {
        let faults = House::made_up(&[(path, text)]).faults();

        assert_eq!(faults.len(), 1, "{path}: {text}: {faults:?}");
    }
}

#[test]
fn a_room_that_is_not_on_the_map_is_found() {
    let faults = House::made_up(&[("src/utils/mod.rs", "")]).faults();

    assert_eq!(faults, ["src/utils/mod.rs: room utils is not on the map in src/lib.rs"]);
}

#[test]
fn what_only_looks_like_an_import_is_let_be() {
    let text = r####"
        //! crate::app in a comment, rusqlite:: too
        /* use crate::app::x; /* nested */ use crate::flow; */
        use crate::domain::time::Timestamp;
        use crate::sip::image;
        pub(crate) fn f() -> &'static str { "use crate::app::x" }
        fn g() -> &'static str { r#"crate::app "quoted" rusqlite::x"# }
        fn h(c: char) -> bool { c == '"' || c == '\'' }
        mod tests { use super::*; use super::super::wire; }
        #[derive(Debug)] struct Toml;
    "####;

    let faults =
        House::made_up(&[("src/sip/text.rs", text), ("src/main.rs", "fn main() { depesche::cli::main() }")]).faults();

    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_pure_room_may_read_files_in_its_tests() {
    let faults = House::made_up(&[
        ("src/carrier/mod.rs", "#[cfg(test)]\nmod conformance;"),
        ("src/carrier/conformance.rs", "fn f() { std::fs::read_dir(\"x\"); }"),
        ("src/domain/segment.rs", "fn f() {} #[cfg(test)] mod tests { fn g() { std::fs::read(\"x\"); } }"),
    ])
    .faults();

    assert!(faults.is_empty(), "{faults:?}");
}

/// Rooms of `src/carrier` that are one carrier each: those whose `mod.rs` has an entry of the table.
fn carriers(house: &House) -> BTreeSet<String> {
    let modules =
        house.files.iter().filter(|file| file.path.ends_with("/mod.rs") && file.text.contains("pub const ENTRY"));
    modules
        .filter_map(|file| match file.module.as_slice() {
            [carrier, name] if carrier == "carrier" => Some(name.clone()),
            _ => None,
        })
        .collect()
}

/// Who names a carrier's module but its own folder, the table, and whoever is made for this one.
fn meddlers(house: &House) -> Vec<String> {
    // The carrier inside is played by the house itself; SIP is a way of its own.
    const OWN: &[(&str, &[&str])] = &[
        ("simulator", &["egress", "app", "flow", "ingress", "api", "cli"]),
        ("sip_trunk", &["egress", "ingress", "carrier/dialect", "flow", "app", "api"]),
        ("generic", &["carrier/simulator"]),
        // Two interfaces of one vendor.
        ("vonage_sms", &["carrier/vonage"]),
    ];
    let carriers = carriers(house);
    let mut found = Vec::new();
    for file in &house.files {
        let path = file.module.join("/");
        let cut = tokens(&file.text);
        let named = cut.windows(3).filter(|cut| cut[0].text == "carrier" && cut[1].text == "::");
        for named in named.map(|cut| &cut[2]) {
            let Some(name) = carriers.get(named.text) else { continue };
            let at_home = path == "carrier" || path == format!("carrier/{name}");
            let at_home = at_home || path.starts_with(&format!("carrier/{name}/"));
            let may = OWN.iter().find(|(known, _)| known == name).map_or(&[][..], |(_, may)| may);
            if !at_home && !may.iter().any(|room| path == *room || path.starts_with(&format!("{room}/"))) {
                found.push(format!("{}:{}: names the carrier {name}", file.path, named.line));
            }
        }
    }
    found
}

#[test]
fn a_carrier_is_its_folder_and_one_line_of_the_table() {
    let house = House::read(Path::new(env!("CARGO_MANIFEST_DIR")));
    assert!(carriers(&house).len() > 10, "{:?}", carriers(&house));

    let found = meddlers(&house);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn who_names_a_carrier_s_module_is_found() {
    let mut house = House::made_up(&[
        ("src/carrier/acme/mod.rs", "pub const ENTRY: Entry = x; use crate::carrier::acme::send;"),
        ("src/carrier/mod.rs", "pub mod acme; const CARRIERS: &[Entry] = &[acme::ENTRY];"),
        ("src/flow/send.rs", "fn f() { crate::carrier::acme::send(); }"),
    ]);

    assert_eq!(meddlers(&house), ["src/flow/send.rs:1: names the carrier acme"]);
    house.files.pop();
    assert_eq!(meddlers(&house), Vec::<String>::new());
}
