//! What the command line promises: exit statuses, one clear sentence for what went wrong.

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
