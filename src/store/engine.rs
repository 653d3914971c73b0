//! Which SQLite is compiled in. Releases before 3.51.3 can lose data when a WAL file is reset while another connection
//! writes, so the version is ours to choose, not the system's.

/// The version of the database engine, as in `3.51.3`.
pub fn version() -> &'static str {
    rusqlite::version()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_engine_is_newer_than_the_one_that_loses_data() {
        assert!(rusqlite::version_number() >= 3_051_003, "SQLite {} is compiled in", super::version());
    }
}
