//! Broken settings files, each with what `depesche check-config` must say about it: `tests/data/config`
//! holds them in pairs, `NAME.toml` and `NAME.txt`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn depesche(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_depesche"));
    command.env_remove("DEPESCHE_CONFIG").env_remove("DEPESCHE_DATA");
    command.args(arguments).output().expect("the program was built for this test")
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/config")
}

/// A copy that only its owner reads, as the real file should be: a checkout decides nothing about rights.
fn private_copy(file: &Path, folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let copy = folder.join(file.file_name().expect("a file has a name"));
    std::fs::copy(file, &copy).expect("the folder was made for this");
    std::fs::set_permissions(&copy, std::fs::Permissions::from_mode(0o600)).expect("the copy is ours");
    copy
}

#[test]
fn every_broken_file_is_told_line_key_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let mut told = 0;

    for entry in std::fs::read_dir(data()).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let expected = std::fs::read_to_string(file.with_extension("txt")).unwrap_or_default();
        let copy = private_copy(&file, folder.path());

        let output = depesche(&["--config", copy.to_str().unwrap(), "check-config"]);

        let said = String::from_utf8(output.stderr).unwrap().replace(&format!("{}/", folder.path().display()), "");
        assert_eq!(said, expected, "what is said about {}", file.display());
        assert_eq!(output.status.code(), Some(78), "{}", file.display());
        assert!(!said.contains("canary"), "{}: a secret was repeated", file.display());
        told += 1;
    }

    assert!(told >= 15, "only {told} broken files");
}

#[test]
fn a_missing_file_is_named() {
    let output = depesche(&["--config", "/nonexistent/depesche.toml", "check-config"]);

    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("/nonexistent/depesche.toml: the settings file cannot be read"), "{said}");
    assert_eq!(output.status.code(), Some(78));
}

#[test]
fn the_sample_is_well() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs/depesche.toml");

    let output = depesche(&["--config", sample.to_str().unwrap(), "check-config"]);

    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("all is well"));
}

#[test]
fn every_command_has_help_and_a_manual_page() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let help = String::from_utf8(depesche(&["help"]).stdout).unwrap();
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> =
        listed.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();

    assert!(depesche(&["manual", dir]).status.success());

    assert!(commands.contains(&"check-config"));
    for command in commands {
        let help = depesche(&[command, "--help"]);
        assert!(help.status.success() && !help.stdout.is_empty(), "{command} --help");
        assert!(folder.path().join(format!("depesche-{command}.1")).exists(), "no manual page of {command}");
    }
}

#[test]
fn completions_are_there_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = depesche(&["completions", shell]);

        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("check-config"), "{shell}");
    }
}
