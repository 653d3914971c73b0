-- The first storey: trunks, channels, numbers, queues, extensions, sessions, messages, the outbox.
-- Times are milliseconds since 1970, UTC. Words of states are those of domain/.
-- AUTOINCREMENT everywhere: an id that was once seen outside is never given again.

CREATE TABLE installation (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    mark       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE site (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE trunks (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 80),
    carrier      TEXT NOT NULL,
    enabled      INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    settings     TEXT NOT NULL CHECK (json_valid(settings)),  -- without secrets
    secrets      BLOB NOT NULL,                               -- sealed JSON object
    webhook_key  TEXT NOT NULL UNIQUE,                        -- in the path of its webhook address
    mps          REAL CHECK (mps > 0),                        -- pace of the whole trunk; NULL: the carrier's own
    on_uncertain TEXT NOT NULL DEFAULT 'ask' CHECK (on_uncertain IN ('ask', 'send_again')),
    state        TEXT NOT NULL DEFAULT 'unknown'
                 CHECK (state IN ('unknown', 'ok', 'misconfigured', 'no_credit', 'unreachable')),
    state_reason TEXT CHECK (state_reason IS NULL OR json_valid(state_reason)),
    state_at     INTEGER NOT NULL DEFAULT 0,
    last_in_at   INTEGER,
    last_out_at  INTEGER,
    created_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE channels (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    trunk_id         INTEGER NOT NULL REFERENCES trunks (id),
    name             TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 80),
    kind             TEXT NOT NULL CHECK (kind IN ('sms', 'whatsapp')),
    enabled          INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    close_after_days INTEGER CHECK (close_after_days BETWEEN 1 AND 3650),  -- NULL: never by itself
    created_at       INTEGER NOT NULL,
    version          INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX channels_by_trunk ON channels (trunk_id);

CREATE TABLE queues (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 80),
    pick_up    TEXT NOT NULL CHECK (pick_up IN ('manual', 'automatic', 'none')),
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE extensions (
    id                INTEGER PRIMARY KEY AUTOINCREMENT,
    number            TEXT NOT NULL UNIQUE CHECK (length(number) BETWEEN 1 AND 64),
    name              TEXT NOT NULL,
    enabled           INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    password          BLOB NOT NULL,                          -- sealed
    default_number_id INTEGER REFERENCES numbers (id) ON DELETE SET NULL,
    speaks_imdn       INTEGER NOT NULL DEFAULT 0 CHECK (speaks_imdn IN (0, 1)),  -- its phone once sent us a receipt
    created_at        INTEGER NOT NULL,
    version           INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE queue_members (
    queue_id     INTEGER NOT NULL REFERENCES queues (id) ON DELETE CASCADE,
    extension_id INTEGER NOT NULL REFERENCES extensions (id) ON DELETE CASCADE,
    PRIMARY KEY (queue_id, extension_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_members_by_extension ON queue_members (extension_id);

CREATE TABLE numbers (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id         INTEGER NOT NULL REFERENCES channels (id),
    address            TEXT NOT NULL,
    label              TEXT NOT NULL DEFAULT '',
    sender_class       TEXT NOT NULL
                       CHECK (sender_class IN ('long_code', 'toll_free', 'short_code', 'alphanumeric', 'whats_app')),
    mps                REAL CHECK (mps > 0),                  -- NULL: usual for its class
    route_extension_id INTEGER REFERENCES extensions (id),
    route_queue_id     INTEGER REFERENCES queues (id),
    created_at         INTEGER NOT NULL,
    version            INTEGER NOT NULL DEFAULT 1,
    UNIQUE (channel_id, address),
    CHECK ((route_extension_id IS NULL) <> (route_queue_id IS NULL))
) STRICT;
CREATE INDEX numbers_by_address ON numbers (address);

-- Where a phone can be reached now; a restart still finds it.
CREATE TABLE bindings (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    extension_id INTEGER NOT NULL REFERENCES extensions (id) ON DELETE CASCADE,
    contact      TEXT NOT NULL,
    binding      TEXT NOT NULL CHECK (json_valid(binding)),
    expires_at   INTEGER NOT NULL,
    UNIQUE (extension_id, contact)
) STRICT;
CREATE INDEX bindings_by_expiry ON bindings (expires_at);

CREATE TABLE users (
    id                   INTEGER PRIMARY KEY AUTOINCREMENT,
    name                 TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 80),
    role                 TEXT NOT NULL CHECK (role IN ('admin', 'supervisor', 'agent')),
    extension_id         INTEGER REFERENCES extensions (id) ON DELETE SET NULL,
    password_hash        TEXT NOT NULL,
    must_change_password INTEGER NOT NULL CHECK (must_change_password IN (0, 1)),
    language             TEXT,
    theme                TEXT,
    created_at           INTEGER NOT NULL,
    last_login_at        INTEGER,
    version              INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE logins (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash   BLOB NOT NULL UNIQUE,                        -- SHA-256 of the cookie
    user_id      INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    address      TEXT NOT NULL
) STRICT;
CREATE INDEX logins_by_user ON logins (user_id);

CREATE TABLE peers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT,
    created_at INTEGER NOT NULL
) STRICT;

-- A peer may be known under several addresses: a number and a WhatsApp user id.
CREATE TABLE peer_addresses (
    address TEXT PRIMARY KEY,
    peer_id INTEGER NOT NULL REFERENCES peers (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX peer_addresses_by_peer ON peer_addresses (peer_id);

CREATE TABLE sessions (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    channel_id      INTEGER NOT NULL REFERENCES channels (id),
    number_id       INTEGER NOT NULL REFERENCES numbers (id),
    peer_id         INTEGER NOT NULL REFERENCES peers (id),
    peer_address    TEXT NOT NULL,                            -- the address the peer last wrote from
    state           TEXT NOT NULL CHECK (state IN ('waiting', 'held', 'closed')),
    queue_id        INTEGER REFERENCES queues (id),
    extension_id    INTEGER REFERENCES extensions (id),
    opened_at       INTEGER NOT NULL,
    closed_at       INTEGER,
    last_at         INTEGER NOT NULL,
    last_message_id INTEGER,
    last_inbound_id INTEGER,
    awaiting_reply  INTEGER NOT NULL DEFAULT 0 CHECK (awaiting_reply IN (0, 1)),
    version         INTEGER NOT NULL DEFAULT 1,
    CHECK (state <> 'held' OR extension_id IS NOT NULL),
    CHECK (state <> 'waiting' OR queue_id IS NOT NULL),
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
) STRICT;
-- One open session for a peer at a number: found by every inbound message and reply.
CREATE UNIQUE INDEX sessions_open ON sessions (number_id, peer_id) WHERE state <> 'closed';
CREATE INDEX sessions_by_last ON sessions (last_at, id);
CREATE INDEX sessions_by_extension ON sessions (extension_id, last_at) WHERE state = 'held';
CREATE INDEX sessions_by_queue ON sessions (queue_id, last_at) WHERE state = 'waiting';
-- What an extension once held, counted beside its tab.
CREATE INDEX sessions_closed ON sessions (extension_id, last_at) WHERE state = 'closed';
CREATE INDEX sessions_by_peer ON sessions (peer_id);
-- Automatic end: open sessions of a channel by last traffic.
CREATE INDEX sessions_idle ON sessions (channel_id, last_at) WHERE state <> 'closed';

CREATE TABLE session_events (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL CHECK (kind IN ('opened', 'offered', 'picked_up', 'transferred', 'ended',
                                             'ended_automatically', 'reopened', 'expired')),
    by_name    TEXT,                                          -- as it was called then
    from_name  TEXT,
    to_name    TEXT
) STRICT;
CREATE INDEX session_events_by_session ON session_events (session_id, at);

CREATE TABLE messages (
    id                  INTEGER PRIMARY KEY AUTOINCREMENT,
    session_id          INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    direction           TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    text                TEXT NOT NULL,
    at                  INTEGER NOT NULL,
    author_extension_id INTEGER REFERENCES extensions (id) ON DELETE SET NULL,
    author_user_id      INTEGER REFERENCES users (id) ON DELETE SET NULL,
    author_name         TEXT NOT NULL,                        -- as it was called then
    client_id           TEXT,                                 -- the portal's own id: a double click is one message
    segments            INTEGER,
    media_count         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX messages_by_session ON messages (session_id, id);
CREATE UNIQUE INDEX messages_by_client_id ON messages (client_id) WHERE client_id IS NOT NULL;

CREATE VIRTUAL TABLE messages_text USING fts5 (
    text, content = 'messages', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
-- What is new is entered once for each commit (store/messages.rs): an insert by trigger would have FTS5 write a
-- segment for each savepoint, which costs more than all the rest of a message.
CREATE TRIGGER messages_text_delete AFTER DELETE ON messages
WHEN EXISTS (SELECT 1 FROM messages_text_docsize WHERE id = old.id) BEGIN
    INSERT INTO messages_text (messages_text, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TRIGGER messages_text_update AFTER UPDATE OF text ON messages
WHEN EXISTS (SELECT 1 FROM messages_text_docsize WHERE id = old.id) BEGIN
    INSERT INTO messages_text (messages_text, rowid, text) VALUES ('delete', old.id, old.text);
    INSERT INTO messages_text (rowid, text) VALUES (new.id, new.text);
END;

CREATE TABLE session_reads (
    session_id INTEGER NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    user_id    INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    up_to      INTEGER NOT NULL,                              -- the last message id this user has seen
    PRIMARY KEY (session_id, user_id)
) STRICT, WITHOUT ROWID;

-- The outbox: everything that leaves.
CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    message_id   INTEGER NOT NULL REFERENCES messages (id) ON DELETE CASCADE,
    line         TEXT NOT NULL CHECK (line IN ('carrier', 'extension')),
    trunk_id     INTEGER REFERENCES trunks (id),
    number_id    INTEGER REFERENCES numbers (id),
    to_address   TEXT,                                        -- the peer, on a carrier's line
    extension_id INTEGER REFERENCES extensions (id) ON DELETE CASCADE,
    reference    TEXT NOT NULL UNIQUE,                        -- idempotency key; Call-ID towards phones
    lane         TEXT NOT NULL,                               -- deliveries of one lane leave in order
    priority     INTEGER NOT NULL CHECK (priority BETWEEN 0 AND 2),  -- 0 replies, 1 automatic answers, 2 campaigns
    state        TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'delivered', 'read', 'failed',
                                                'undelivered', 'uncertain', 'skipped', 'cancelled')),
    due_at       INTEGER NOT NULL,
    lease_until  INTEGER,
    expires_at   INTEGER NOT NULL,
    tries        INTEGER NOT NULL DEFAULT 0,
    tried_at     INTEGER,                                     -- when the last try began
    in_doubt     INTEGER NOT NULL DEFAULT 0 CHECK (in_doubt IN (0, 1)),  -- a try may have been taken: never "failed"
    carrier_id   TEXT,
    asked_at     INTEGER,                                     -- when the carrier was last asked what became of it
    reason       TEXT CHECK (reason IS NULL OR json_valid(reason)),
    notice       TEXT,                                        -- said instead of the message's text: "Anna has it"
    phone_call_id      TEXT,                                  -- Call-ID of the phone's MESSAGE this came from, for its receipt
    phone_extension_id INTEGER REFERENCES extensions (id) ON DELETE SET NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK ((line = 'carrier') = (number_id IS NOT NULL)),
    CHECK ((line = 'extension') = (extension_id IS NOT NULL))
) STRICT;
CREATE INDEX deliveries_by_message ON deliveries (message_id);
-- What is due, by line and number; small, since only what waits stands in it.
CREATE INDEX deliveries_due ON deliveries (line, number_id, priority, due_at, id) WHERE state = 'queued';
CREATE INDEX deliveries_next_due ON deliveries (due_at) WHERE state = 'queued';
CREATE INDEX deliveries_waiting_expiry ON deliveries (expires_at) WHERE state = 'queued';
CREATE INDEX deliveries_lane ON deliveries (lane, id) WHERE state = 'queued';
CREATE INDEX deliveries_leased ON deliveries (lease_until) WHERE state = 'sending';
CREATE INDEX deliveries_by_carrier_id ON deliveries (trunk_id, carrier_id) WHERE carrier_id IS NOT NULL;
-- What failed of late, beside its trunk in the portal.
CREATE INDEX deliveries_failed ON deliveries (trunk_id, updated_at) WHERE state IN ('failed', 'undelivered');
CREATE INDEX deliveries_uncertain ON deliveries (trunk_id, id) WHERE state = 'uncertain';

-- Which webhooks were already taken, so that a replay is answered and not processed.
CREATE TABLE heard_webhooks (
    trunk_id   INTEGER NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
    carrier_id TEXT NOT NULL,
    at         INTEGER NOT NULL,
    message_id INTEGER,
    PRIMARY KEY (trunk_id, carrier_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_webhooks_by_age ON heard_webhooks (at);

-- Which requests of phones were already taken (RFC 3261 8.2.2.2 and beyond a restart).
CREATE TABLE heard_requests (
    call_id  TEXT NOT NULL,
    cseq     INTEGER NOT NULL,
    from_tag TEXT NOT NULL,
    said     BLOB NOT NULL,                                   -- a digest of who wrote what to whom
    at       INTEGER NOT NULL,
    status   INTEGER NOT NULL,
    PRIMARY KEY (call_id, cseq, from_tag)
) STRICT, WITHOUT ROWID;
CREATE INDEX heard_requests_by_age ON heard_requests (at);

-- Reports that overtook the answer to the send; kept for 24 hours.
CREATE TABLE early_reports (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    trunk_id   INTEGER NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
    carrier_id TEXT,
    reference  TEXT,
    state      TEXT NOT NULL,
    reason     TEXT,
    at         INTEGER NOT NULL
) STRICT;
CREATE INDEX early_reports_by_carrier_id ON early_reports (trunk_id, carrier_id);
CREATE INDEX early_reports_by_age ON early_reports (at);

-- Numbers that peers wrote to and that are not set up: said in the portal until they are, or a week is over.
CREATE TABLE unknown_numbers (
    trunk_id INTEGER NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
    kind     TEXT NOT NULL CHECK (kind IN ('sms', 'whatsapp')),
    address  TEXT NOT NULL,
    texts    INTEGER NOT NULL,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    PRIMARY KEY (trunk_id, kind, address)
) STRICT, WITHOUT ROWID;

-- The channel log: what was said on the wire, secrets removed.
CREATE TABLE exchanges (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    trunk_id     INTEGER REFERENCES trunks (id) ON DELETE CASCADE,
    extension_id INTEGER REFERENCES extensions (id) ON DELETE CASCADE,
    message_id   INTEGER REFERENCES messages (id) ON DELETE CASCADE,
    direction    TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    what         TEXT NOT NULL CHECK (what IN ('send', 'webhook', 'sip', 'test', 'ask')),
    took_ms      INTEGER NOT NULL,
    status       TEXT NOT NULL,
    outcome      TEXT NOT NULL,
    request      TEXT NOT NULL,
    answer       TEXT NOT NULL
) STRICT;
CREATE INDEX exchanges_by_message ON exchanges (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX exchanges_by_trunk ON exchanges (trunk_id, id) WHERE trunk_id IS NOT NULL;
