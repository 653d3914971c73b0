-- Where gateways that register here can be reached; a restart still finds them.
CREATE TABLE trunk_bindings (
    trunk_id   INTEGER NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
    contact    TEXT NOT NULL,
    binding    TEXT NOT NULL CHECK (json_valid(binding)),
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (trunk_id, contact)
) STRICT, WITHOUT ROWID;
