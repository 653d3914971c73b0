//! The contract that is committed is the one the daemon keeps.

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
