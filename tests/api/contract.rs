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
