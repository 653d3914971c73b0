//! What the command line promises: exit statuses, one clear sentence for what went wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output};

fn depesche(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_depesche"));
    command.env_remove("DEPESCHE_CONFIG").env_remove("DEPESCHE_DATA");
    command.args(arguments).output().expect("the program was built for this test")
}

/// A daemon that answers one request with `status`.
fn answering(status: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    let address = listener.local_addr().expect("a bound socket has an address");
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("the healthcheck connects");
        let mut head = [0; 4096];
        let _ = stream.read(&mut head);
        let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}");
    });
    address
}

fn settings_with_private_door(folder: &tempfile::TempDir, address: SocketAddr) -> PathBuf {
    let file = folder.path().join("depesche.toml");
    std::fs::write(&file, format!("[http.private]\nlisten = [\"{address}\"]\n")).expect("the folder was made for this");
    file
}

fn healthcheck_at(address: SocketAddr) -> Output {
    let folder = tempfile::tempdir().expect("there is room for a file");
    let file = settings_with_private_door(&folder, address);
    depesche(&["healthcheck", "--config", file.to_str().expect("a plain path")])
}

#[test]
fn a_daemon_that_is_well_passes_the_healthcheck() {
    let output = healthcheck_at(answering("200 OK"));

    assert_eq!((output.status.code(), &*output.stdout), (Some(0), &b"ok\n"[..]), "{output:?}");
}

#[test]
fn a_daemon_that_is_not_well_fails_the_healthcheck() {
    let output = healthcheck_at(answering("503 Service Unavailable"));

    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is not well: 503"), "{output:?}");
}

#[test]
fn no_daemon_at_all_fails_the_healthcheck() {
    let output = healthcheck_at("127.0.0.1:1".parse().unwrap());

    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("is the daemon running?"), "{output:?}");
}

#[test]
fn wrong_arguments_are_told_from_wrong_settings_by_the_exit_status() {
    assert_eq!(depesche(&["dance"]).status.code(), Some(2));
    assert_eq!(depesche(&["check-config", "--config", "/nonexistent"]).status.code(), Some(78));
    assert_eq!(depesche(&["backup", "/nonexistent/file", "--data", "/nonexistent"]).status.code(), Some(1));
}

/// A data folder with a database in it, as the daemon leaves one.
fn installation() -> tempfile::TempDir {
    use depesche::store::open::{StoreSettings, open};
    let folder = tempfile::tempdir().expect("there is room for a database");
    let settings = StoreSettings { folder: folder.path().to_owned(), readers: 1, line_max: 16, key_file: None };
    let (store, threads) = open(&settings, 1_700_000_000_000, std::sync::Arc::new(|_| ())).expect("an empty folder");
    drop(store);
    threads.join();
    folder
}

/// Runs a command that must succeed in `folder`, and returns what it printed.
fn done(folder: &tempfile::TempDir, arguments: &[&str]) -> String {
    let output = depesche(&[&["--data", folder.path().to_str().expect("a plain path")], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("we print UTF-8")
}

/// Runs a command that must fail in `folder`, and returns what it complained.
fn refused(folder: &tempfile::TempDir, arguments: &[&str]) -> String {
    let output = depesche(&[&["--data", folder.path().to_str().expect("a plain path")], arguments].concat());
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).expect("we print UTF-8")
}

fn password_in(told: &str) -> &str {
    told.lines().find_map(|line| line.strip_prefix("password  ")).expect("a password is told")
}

#[test]
fn users_and_extensions_are_made_listed_and_removed() {
    let folder = installation();

    let told = done(&folder, &["extension", "add", "1001", "--name", "Anna"]);
    assert!(password_in(&told).len() >= 20);
    assert!(done(&folder, &["extension", "list"]).contains("1001"));

    done(&folder, &["user", "add", "boss", "--role", "admin"]);
    let first = done(&folder, &["user", "add", "anna", "--extension", "1001"]);
    let second = done(&folder, &["user", "passwd", "anna"]);
    assert_ne!(password_in(&first), password_in(&second));
    let listed = done(&folder, &["user", "list"]);
    assert!(listed.contains("anna") && listed.contains("agent") && listed.contains("1001"), "{listed}");

    done(&folder, &["user", "remove", "anna"]);
    assert!(!done(&folder, &["user", "list"]).contains("anna"));
    done(&folder, &["extension", "remove", "1001"]);
}

#[test]
fn what_is_not_there_is_named_with_a_way_to_find_it() {
    let folder = installation();

    assert!(refused(&folder, &["user", "passwd", "ghost"]).contains("`depesche user list` shows all"));
    assert!(refused(&folder, &["user", "add", "x", "--extension", "9"]).contains("there is no 9"));
    done(&folder, &["user", "add", "boss", "--role", "admin"]);
    assert!(refused(&folder, &["user", "remove", "boss"]).contains("admin"));
}

#[test]
fn a_visit_is_no_first_start() {
    let folder = tempfile::tempdir().unwrap();

    let complaint = refused(&folder, &["user", "list"]);

    assert!(complaint.contains("there is no database yet"), "{complaint}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_visit_changes_no_schema_under_a_daemon() {
    let folder = installation();
    for (schema, way_out) in [(0, "start"), (99, "newer")] {
        let database = rusqlite::Connection::open(folder.path().join("depesche.db")).unwrap();
        database.pragma_update(None, "user_version", schema).unwrap();
        drop(database);

        let complaint = refused(&folder, &["user", "list"]);

        assert!(complaint.contains(&format!("schema {schema}")) && complaint.contains(way_out), "{complaint}");
    }
}

#[test]
fn a_backup_is_private_and_brings_back_what_was_there() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, copies) = (installation(), tempfile::tempdir().unwrap());
    let file = copies.path().join("copy.db");
    let file = file.to_str().unwrap();
    done(&folder, &["user", "add", "before", "--role", "admin"]);

    done(&folder, &["backup", file]);
    done(&folder, &["user", "add", "after"]);
    done(&folder, &["restore", file]);

    let users = done(&folder, &["user", "list"]);
    assert!(users.contains("before") && !users.contains("after"), "{users}");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(refused(&folder, &["backup", file]).contains("exists already"));
}

#[test]
fn files_of_messages_are_backed_up_beside_the_database_and_come_back() {
    let (folder, copies) = (installation(), tempfile::tempdir().unwrap());
    let (name, shelf) = ("cd".repeat(32), folder.path().join("media/cd"));
    std::fs::create_dir_all(&shelf).unwrap();
    std::fs::write(shelf.join(&name), b"a picture").unwrap();
    let file = copies.path().join("copy.db");

    let said = done(&folder, &["backup", file.to_str().unwrap()]);
    assert!(said.contains("copy.db.files: 1 files of messages, 9 bytes"), "{said}");
    std::fs::remove_file(shelf.join(&name)).unwrap();
    done(&folder, &["restore", file.to_str().unwrap()]);

    assert_eq!(std::fs::read(shelf.join(&name)).unwrap(), b"a picture");
}

#[test]
fn what_root_restores_belongs_to_the_owner_of_the_folder() {
    use std::os::unix::fs::{MetadataExt, chown};
    let folder = installation();
    let copy = folder.path().join("copy.db");
    done(&folder, &["backup", copy.to_str().unwrap()]);
    // Only root can play root; else there is nothing to see here.
    if chown(folder.path(), Some(4711), Some(4712)).is_err() {
        return;
    }

    done(&folder, &["restore", copy.to_str().unwrap()]);

    for name in ["depesche.db", "secret.key", "installation", "lock", "depesche.db.before-restore"] {
        let found = folder.path().join(name).metadata().unwrap();
        assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (4711, 4712, 0o600), "{name}");
    }
}

#[test]
fn a_restore_is_refused_while_the_daemon_holds_the_folder() {
    let folder = installation();
    let copy = folder.path().join("copy.db");
    done(&folder, &["backup", copy.to_str().unwrap()]);
    let _daemon = depesche::os::StateLock::take(folder.path()).unwrap();

    let complaint = refused(&folder, &["restore", copy.to_str().unwrap()]);

    assert!(complaint.contains(&std::process::id().to_string()), "{complaint}");
}

#[test]
fn a_trunk_is_tried_out_from_the_command_line() {
    let folder = installation();
    assert!(refused(&folder, &["trunk", "test", "Ghost"]).contains("`depesche trunk list` shows all"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(simulated_trunk(&folder, "Simulator"));

    assert!(done(&folder, &["trunk", "list"]).contains("Simulator"));
    let told = done(&folder, &["trunk", "test", "simulator"]);
    assert!(told.contains("good     credentials"), "{told}");
    let told = done(&folder, &["trunk", "test", "Simulator", "--german"]);
    assert!(told.contains("Die Einstellungen sind vollständig."), "{told}");
}

async fn simulated_trunk(folder: &tempfile::TempDir, name: &str) {
    use depesche::flow::desk::{Desk, Rules};
    use depesche::flow::settings::trunks::{TrunkForm, create};
    use depesche::store::open::{StoreSettings, open};
    let settings = StoreSettings { folder: folder.path().to_owned(), readers: 1, line_max: 16, key_file: None };
    let clock = depesche::clock::Clock::system();
    let (store, threads) = open(&settings, clock.now().0, std::sync::Arc::new(|_| ())).unwrap();
    let desk = Desk { store, clock, bus: depesche::bus::Bus::new(), rules: std::sync::Arc::new(Rules::default()) };
    let settings = serde_json::json!({ "secret": "a-secret-of-the-simulator" }).as_object().unwrap().clone();
    let form = TrunkForm {
        name: name.into(),
        carrier: "simulator".into(),
        enabled: true,
        settings,
        mps: None,
        on_uncertain: depesche::domain::trunk::OnUncertain::Ask,
    };
    create(&desk, form).await.unwrap();
    drop(desk);
    threads.join();
}
