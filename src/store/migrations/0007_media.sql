-- 0007_media: files of messages. Where a file lies follows from its hash; rows say who needs it, and for how long.

CREATE TABLE files (
    hash       TEXT PRIMARY KEY CHECK (length(hash) = 64),    -- SHA-256 of its content
    media_type TEXT NOT NULL,                                 -- what it truly is
    bytes      INTEGER NOT NULL CHECK (bytes > 0),
    width      INTEGER,
    height     INTEGER,
    count      INTEGER,                                       -- frames, or pages
    thumb      INTEGER NOT NULL DEFAULT 0 CHECK (thumb IN (0, 1)),  -- whether a small picture of it lies beside it
    created_at INTEGER NOT NULL                               -- moves on when it is needed again
) STRICT, WITHOUT ROWID;
CREATE INDEX files_by_age ON files (created_at);

-- A file that belongs to a message.
CREATE TABLE attachments (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL REFERENCES channels (id),     -- whose retention counts
    position   INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('loading', 'here', 'failed', 'expired')),
    file_hash  TEXT REFERENCES files (hash),
    name       TEXT NOT NULL,                                 -- a label, never a path
    trunk_id   INTEGER REFERENCES trunks (id) ON DELETE SET NULL,
    location   TEXT,                                          -- where the carrier has it
    tries      INTEGER NOT NULL DEFAULT 0,
    due_at     INTEGER,                                       -- when it is fetched next
    reason     TEXT CHECK (reason IS NULL OR json_valid(reason)),
    steps      TEXT CHECK (steps IS NULL OR json_valid(steps)),  -- what was done to it so that it fits
    at         INTEGER NOT NULL,
    UNIQUE (message_id, position),
    CHECK ((state = 'here') = (file_hash IS NOT NULL)),
    CHECK ((state = 'loading') = (due_at IS NOT NULL))
) STRICT;
CREATE INDEX attachments_due ON attachments (due_at) WHERE state = 'loading';
CREATE INDEX attachments_by_file ON attachments (file_hash) WHERE file_hash IS NOT NULL;
CREATE INDEX attachments_by_age ON attachments (channel_id, at) WHERE state IN ('here', 'failed');

-- A file that somebody put here and has not sent yet.
CREATE TABLE uploads (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      INTEGER REFERENCES users (id) ON DELETE CASCADE,
    extension_id INTEGER REFERENCES extensions (id) ON DELETE CASCADE,
    key          TEXT UNIQUE,                                 -- the secret part of its address, for a phone
    file_hash    TEXT NOT NULL REFERENCES files (hash),
    name         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    CHECK ((user_id IS NULL) <> (extension_id IS NULL))
) STRICT;
CREATE INDEX uploads_by_user ON uploads (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX uploads_by_extension ON uploads (extension_id) WHERE extension_id IS NOT NULL;
CREATE INDEX uploads_by_file ON uploads (file_hash);
CREATE INDEX uploads_by_age ON uploads (at);

-- What became of a file that was made to fit, so that it is made once.
CREATE TABLE fits (
    file_hash TEXT NOT NULL REFERENCES files (hash) ON DELETE CASCADE,
    wish      TEXT NOT NULL CHECK (json_valid(wish)),
    made_hash TEXT REFERENCES files (hash) ON DELETE CASCADE,
    steps     TEXT NOT NULL CHECK (json_valid(steps)),
    reason    TEXT CHECK (reason IS NULL OR json_valid(reason)),
    at        INTEGER NOT NULL,
    PRIMARY KEY (file_hash, wish),
    CHECK ((made_hash IS NULL) = (reason IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX fits_by_made ON fits (made_hash) WHERE made_hash IS NOT NULL;

-- Addresses under which files of a message can be fetched: by a carrier, by a peer, by a phone.
CREATE TABLE media_links (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id    INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    attachment_id INTEGER REFERENCES attachments (id) ON DELETE CASCADE,  -- NULL: all of the message's
    token         TEXT UNIQUE,                                -- of a short address; a long one carries a signature
    for_whom      TEXT NOT NULL CHECK (for_whom IN ('carrier', 'peer', 'phone')),
    expires_at    INTEGER NOT NULL,
    fetched       INTEGER NOT NULL DEFAULT 0,
    fetched_at    INTEGER
) STRICT;
CREATE INDEX media_links_by_message ON media_links (message_id);
CREATE INDEX media_links_by_attachment ON media_links (attachment_id) WHERE attachment_id IS NOT NULL;
CREATE INDEX media_links_by_expiry ON media_links (expires_at) WHERE token IS NOT NULL;

-- What a channel takes of files; a channel without a row keeps to the house's own rules.
CREATE TABLE channel_media (
    channel_id INTEGER PRIMARY KEY REFERENCES channels (id) ON DELETE CASCADE,
    rules      TEXT NOT NULL CHECK (json_valid(rules))
) STRICT;

ALTER TABLE numbers ADD COLUMN mms TEXT NOT NULL DEFAULT 'auto' CHECK (mms IN ('auto', 'yes', 'no'));

-- What is said on the wire instead of the message's text; unlike a notice it is the message itself.
ALTER TABLE deliveries ADD COLUMN instead TEXT;
-- The one file this delivery is about, on the way to a phone.
ALTER TABLE deliveries ADD COLUMN attachment_id INTEGER REFERENCES attachments (id) ON DELETE CASCADE;
CREATE INDEX deliveries_by_attachment ON deliveries (attachment_id) WHERE attachment_id IS NOT NULL;
