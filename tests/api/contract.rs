//! The contract that is committed is the one the daemon keeps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

#[test]
fn the_committed_contract_is_the_daemon_s_own() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/web-portal/openapi.json");
    let own = depesche::api::routes::openapi();
    if std::env::var_os("DEPESCHE_WRITE_CONTRACT").is_some() {
        std::fs::write(path, &own).unwrap();
    }

    let committed = std::fs::read_to_string(path).unwrap();

    assert!(committed == own, "web-portal/openapi.json is old: write it anew with `depesche openapi`");
}

#[test]
fn every_operation_has_a_name_of_its_own_and_only_what_is_in_the_path_is_said_to_be() {
    let contract: serde_json::Value = serde_json::from_str(&depesche::api::routes::openapi()).unwrap();
    let mut names = std::collections::HashSet::new();
    for (path, methods) in contract["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap();
            assert!(names.insert(name.to_owned()), "{method} {path}: {name} is taken");
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                let expected = if path.contains(&format!("{{{name}}}")) { "path" } else { "query" };
                assert_eq!(parameter["in"], expected, "{method} {path}: {name}");
            }
        }
    }
}

/// Types that stand in the contract, by name, with the files that define them.
fn described(folder: &Path, found: &mut BTreeMap<String, Vec<PathBuf>>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            described(&entry, found);
        } else if entry.extension().is_some_and(|ext| ext == "rs") {
            let text = std::fs::read_to_string(&entry).expect("readable");
            for after in text.split("ToSchema)]").skip(1).chain(text.split("ToSchema, ").skip(1)) {
                let words: Vec<&str> = after.split_whitespace().take(60).collect();
                let named = words.windows(2).find(|two| matches!(two[0], "struct" | "enum"));
                let name = named.map(|two| two[1].split(['<', '(', '{', ';']).next().unwrap_or_default());
                // A macro names its types elsewhere, and a `use` is no type.
                if let Some(name) = name.filter(|name| !name.starts_with('$')) {
                    let files = found.entry(name.to_owned()).or_default();
                    files.extend((!files.contains(&entry)).then(|| entry.clone()));
                }
            }
        }
    }
}

#[test]
fn no_two_types_of_the_contract_share_a_name() {
    let mut found = BTreeMap::new();
    described(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);

    assert!(found.len() > 150, "{} were found: are they written in another way now?", found.len());
    let twice: Vec<_> = found.iter().filter(|(_, files)| files.len() > 1).collect();
    assert!(twice.is_empty(), "one of them silently takes the other's place: {twice:#?}");
}
