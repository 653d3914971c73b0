-- 0009_consent: who wants nothing more, who agreed, who looked.

-- A refusal belongs to an address, not to a peer: it may be of somebody who never wrote, and it outlives messages, peers,
-- numbers and channels. So it points at none of them; ids are never given twice, and names are kept as they were then.
ALTER TABLE opt_outs RENAME TO opt_outs_of_peers;
CREATE TABLE opt_outs (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    address         TEXT,                                     -- NULL: the person was erased, only the digest is left
    scope           TEXT NOT NULL CHECK (scope IN ('number', 'channel', 'everything')),
    kind            TEXT CHECK (kind IN ('sms', 'whatsapp')), -- of the channel; NULL: everything
    our_address     TEXT,                                     -- our number: it counts also where it is set up anew
    channel_id      INTEGER,
    channel_name    TEXT,                                     -- as it was called then
    marketing_only  INTEGER NOT NULL CHECK (marketing_only IN (0, 1)),
    source          TEXT NOT NULL CHECK (source IN ('word', 'carrier', 'refusal', 'user', 'import', 'api')),
    words           TEXT,
    note            TEXT NOT NULL DEFAULT '',
    by_name         TEXT,                                     -- as it was called then
    at              INTEGER NOT NULL,
    said_again_at   INTEGER,
    withdrawn_at    INTEGER,
    withdrawn_by    TEXT,
    withdrawn_words TEXT,
    CHECK (scope <> 'number' OR (kind IS NOT NULL AND our_address IS NOT NULL)),
    CHECK (scope <> 'channel' OR channel_id IS NOT NULL)
) STRICT;

-- Every address the person is known under; of an erased one `#` and a keyed digest. This is what is looked up before
-- anything leaves: whoever never opted out costs one look at a small tree.
CREATE TABLE opt_out_keys (
    key        TEXT NOT NULL,
    opt_out_id INTEGER NOT NULL REFERENCES opt_outs (id) ON DELETE CASCADE,
    PRIMARY KEY (key, opt_out_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX opt_out_keys_by_opt_out ON opt_out_keys (opt_out_id);

INSERT INTO opt_outs (id, address, scope, kind, our_address, channel_id, channel_name, marketing_only, source, words, at, withdrawn_at)
    SELECT o.id, min(a.address), 'number', o.kind, n.address, n.channel_id, c.name, o.marketing_only, o.source, o.words, o.at, o.withdrawn_at
    FROM opt_outs_of_peers o JOIN numbers n ON n.id = o.number_id JOIN channels c ON c.id = n.channel_id
    JOIN peer_addresses a ON a.peer_id = o.peer_id GROUP BY o.id;
-- What was for all of a kind is for each channel of it.
INSERT INTO opt_outs (address, scope, kind, channel_id, channel_name, marketing_only, source, words, at, withdrawn_at)
    SELECT min(a.address), 'channel', o.kind, c.id, c.name, o.marketing_only, o.source, o.words, o.at, o.withdrawn_at
    FROM opt_outs_of_peers o JOIN channels c ON c.kind = o.kind JOIN peer_addresses a ON a.peer_id = o.peer_id
    WHERE o.number_id IS NULL GROUP BY o.id, c.id;
INSERT INTO opt_out_keys (key, opt_out_id)
    SELECT b.address, o.id FROM opt_outs o JOIN peer_addresses a ON a.address = o.address
    JOIN peer_addresses b ON b.peer_id = a.peer_id;
DROP TABLE opt_outs_of_peers;

-- What the house answered by itself to a word of a peer: it may leave although they opted out, and only so many a day.
CREATE TABLE automatic_answers (
    message_id INTEGER PRIMARY KEY REFERENCES messages (id) ON DELETE CASCADE,
    address    TEXT NOT NULL,
    number_id  INTEGER NOT NULL,
    word       TEXT NOT NULL CHECK (word IN ('stop', 'start', 'help')),
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX automatic_answers_by_address ON automatic_answers (address, at);

-- Who tells a peer that an opt-out was heard; NULL: as is usual with this carrier.
ALTER TABLE trunks ADD COLUMN confirms TEXT CHECK (confirms IN ('we', 'carrier', 'nobody'));

-- Who agreed to be written to, for those who must prove it.
CREATE TABLE consents (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    address      TEXT NOT NULL,
    contact_id   INTEGER REFERENCES contacts (id) ON DELETE SET NULL,
    source       TEXT NOT NULL,
    text         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    by_name      TEXT NOT NULL,                               -- as it was called then
    noted_at     INTEGER NOT NULL,
    withdrawn_at INTEGER,
    withdrawn_by TEXT
) STRICT;
CREATE INDEX consents_by_address ON consents (address);
CREATE INDEX consents_by_contact ON consents (contact_id) WHERE contact_id IS NOT NULL;

-- Messages older than this are thrown away; NULL: never.
ALTER TABLE channels ADD COLUMN keep_messages_days INTEGER CHECK (keep_messages_days BETWEEN 1 AND 3650);

-- Who looked at, exported, erased or changed what.
CREATE TABLE audit_log (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    at     INTEGER NOT NULL,
    who    TEXT NOT NULL,                                     -- as it was called then
    what   TEXT NOT NULL,
    about  TEXT,                                              -- an address or a thing; NULL once the person is erased
    digest TEXT,                                              -- keyed, of the address
    detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail))
) STRICT;
CREATE INDEX audit_log_by_time ON audit_log (at);
CREATE INDEX audit_log_by_digest ON audit_log (digest) WHERE digest IS NOT NULL;

-- A person is being erased, in small steps: a power cut in between is gone on from here.
CREATE TABLE erasures (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    address  TEXT,                                            -- NULL: done
    digest   TEXT NOT NULL,
    by_name  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    ended_at INTEGER,
    counts   TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(counts))
) STRICT;
CREATE INDEX erasures_open ON erasures (id) WHERE ended_at IS NULL;

-- A word of a message that is deleted is taken out of the search index there and then, not at some later merge.
INSERT INTO messages_text (messages_text, rank) VALUES ('secure-delete', 1);
