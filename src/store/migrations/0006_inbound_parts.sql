-- 0006_inbound_parts: parts of a long text that a carrier hands over one by one, kept until all are there.
CREATE TABLE inbound_parts (
    trunk_id   INTEGER NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
    peer       TEXT NOT NULL,
    ours       TEXT NOT NULL,
    joins      TEXT NOT NULL,                                 -- what the parts of one text have in common
    number     INTEGER NOT NULL CHECK (number BETWEEN 1 AND total),
    total      INTEGER NOT NULL CHECK (total BETWEEN 2 AND 255),
    carrier_id TEXT NOT NULL,
    text       TEXT NOT NULL,
    said_at    INTEGER,
    at         INTEGER NOT NULL,
    PRIMARY KEY (trunk_id, peer, ours, joins, number)
) STRICT, WITHOUT ROWID;

CREATE INDEX inbound_parts_at ON inbound_parts (at);
