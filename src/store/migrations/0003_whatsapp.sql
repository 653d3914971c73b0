-- 0003_whatsapp: messages beyond text, templates, the 24 hours in which a peer may be answered freely, opt-outs.

ALTER TABLE messages ADD COLUMN rich TEXT CHECK (rich IS NULL OR json_valid(rich));
ALTER TABLE messages ADD COLUMN in_reply_to INTEGER REFERENCES messages (id) ON DELETE SET NULL;
ALTER TABLE messages ADD COLUMN carrier_id TEXT;              -- of a peer's message: what an answer or a reaction names
CREATE INDEX messages_by_answered ON messages (in_reply_to) WHERE in_reply_to IS NOT NULL;

-- Until when a peer may be answered freely at one of our numbers.
CREATE TABLE windows (
    number_id  INTEGER NOT NULL REFERENCES numbers (id) ON DELETE CASCADE,
    peer_id    INTEGER NOT NULL REFERENCES peers (id) ON DELETE CASCADE,
    open_until INTEGER NOT NULL,
    told_seen  INTEGER NOT NULL DEFAULT 0,                    -- the last message of which the peer was told that it was read
    PRIMARY KEY (number_id, peer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX windows_by_peer ON windows (peer_id);
INSERT INTO windows (number_id, peer_id, open_until)
    SELECT s.number_id, s.peer_id, max(m.at) + 86400000 FROM messages m JOIN sessions s ON s.id = m.session_id
    JOIN channels c ON c.id = s.channel_id WHERE c.kind = 'whatsapp' AND m.direction = 'in'
    GROUP BY s.number_id, s.peer_id;

-- Whom a trunk's account wrote to first, for its limit of a day.
CREATE TABLE first_words (
    trunk_id INTEGER NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
    peer_id  INTEGER NOT NULL REFERENCES peers (id) ON DELETE CASCADE,
    at       INTEGER NOT NULL,
    PRIMARY KEY (trunk_id, peer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX first_words_by_time ON first_words (trunk_id, at);
CREATE INDEX first_words_by_peer ON first_words (peer_id);

CREATE TABLE templates (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    trunk_id   INTEGER NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
    carrier_id TEXT NOT NULL,
    name       TEXT NOT NULL,
    language   TEXT NOT NULL,
    category   TEXT NOT NULL,
    status     TEXT NOT NULL,
    quality    TEXT,
    reason     TEXT,
    named      INTEGER NOT NULL CHECK (named IN (0, 1)),
    components TEXT NOT NULL CHECK (json_valid(components)),
    updated_at INTEGER NOT NULL,
    UNIQUE (trunk_id, name, language)
) STRICT;
CREATE INDEX templates_by_carrier_id ON templates (trunk_id, carrier_id);

-- When a trunk's templates were last fetched, and whether they are wanted again.
CREATE TABLE template_fetches (
    trunk_id   INTEGER PRIMARY KEY REFERENCES trunks (id) ON DELETE CASCADE,
    fetched_at INTEGER NOT NULL,
    wanted     INTEGER NOT NULL DEFAULT 0 CHECK (wanted IN (0, 1)),
    problem    TEXT
) STRICT;

-- Peers who want no more of something; who took it back stays, as proof.
CREATE TABLE opt_outs (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    peer_id        INTEGER NOT NULL REFERENCES peers (id) ON DELETE CASCADE,
    kind           TEXT NOT NULL CHECK (kind IN ('sms', 'whatsapp')),
    number_id      INTEGER REFERENCES numbers (id) ON DELETE CASCADE,  -- NULL: all of the kind
    marketing_only INTEGER NOT NULL CHECK (marketing_only IN (0, 1)),
    source         TEXT NOT NULL CHECK (source IN ('carrier', 'refusal')),
    words          TEXT,
    at             INTEGER NOT NULL,
    withdrawn_at   INTEGER
) STRICT;
CREATE INDEX opt_outs_by_peer ON opt_outs (peer_id) WHERE withdrawn_at IS NULL;
CREATE INDEX opt_outs_by_number ON opt_outs (number_id) WHERE number_id IS NOT NULL;
