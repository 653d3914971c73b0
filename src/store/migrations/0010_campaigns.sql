-- 0010_campaigns: one text to many, and the ledger of what became of each.

CREATE TABLE campaigns (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    status          TEXT NOT NULL CHECK (status IN ('draft', 'scheduled', 'pending', 'executing', 'paused', 'retrying',
                                                    'stop', 'completed', 'cancelled')),
    channel_id      INTEGER REFERENCES channels (id),
    plan            TEXT NOT NULL CHECK (json_valid(plan)),   -- domain/campaign.rs: what was asked for
    reason          TEXT CHECK (reason IS NULL OR json_valid(reason)),  -- why it stopped, or waits
    by_user_id      INTEGER REFERENCES users (id) ON DELETE SET NULL,
    by_name         TEXT NOT NULL,                            -- as it was called then
    copy_of         INTEGER REFERENCES campaigns (id) ON DELETE SET NULL,  -- duplicated or repeated
    created_at      INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL,
    due_at          INTEGER,                                  -- when a scheduled one begins
    queued_at       INTEGER,                                  -- its place among those that wait for the channel
    started_at      INTEGER,
    ended_at        INTEGER,
    failures_in_row INTEGER NOT NULL DEFAULT 0,
    version         INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX campaigns_by_status ON campaigns (status, id);
-- One campaign of a channel executes.
CREATE UNIQUE INDEX campaigns_executing ON campaigns (channel_id) WHERE status IN ('executing', 'retrying');
CREATE INDEX campaigns_pending ON campaigns (channel_id, queued_at, id) WHERE status = 'pending';
CREATE INDEX campaigns_due ON campaigns (due_at) WHERE status = 'scheduled';

-- Files of a campaign: sent with the text, or in the head of its template.
CREATE TABLE campaign_files (
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    position    INTEGER NOT NULL,
    file_hash   TEXT NOT NULL REFERENCES files (hash),
    name        TEXT NOT NULL,
    PRIMARY KEY (campaign_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX campaign_files_by_file ON campaign_files (file_hash);

-- Recipients read from a table that somebody uploaded; its columns become variables.
CREATE TABLE campaign_lists (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    columns     TEXT NOT NULL CHECK (json_valid(columns)),
    at          INTEGER NOT NULL
) STRICT;
CREATE INDEX campaign_lists_by_campaign ON campaign_lists (campaign_id);

CREATE TABLE campaign_list_rows (
    list_id   INTEGER NOT NULL REFERENCES campaign_lists (id) ON DELETE CASCADE,
    line      INTEGER NOT NULL,
    given     TEXT NOT NULL,
    address   TEXT,                                           -- NULL: it cannot be read
    variables TEXT NOT NULL CHECK (json_valid(variables)),
    PRIMARY KEY (list_id, line)
) STRICT, WITHOUT ROWID;

-- The ledger: whoever is not written to stands here too, with the reason, so that the sum adds up.
CREATE TABLE recipients (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    campaign_id  INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    given        TEXT NOT NULL,                               -- the number as it came
    address      TEXT,                                        -- NULL: it cannot be read
    counts       INTEGER NOT NULL CHECK (counts IN (0, 1)),   -- 0: the same person or number stands above
    name         TEXT NOT NULL DEFAULT '',
    contact_id   INTEGER REFERENCES contacts (id) ON DELETE SET NULL,
    variables    TEXT CHECK (variables IS NULL OR json_valid(variables)),  -- of a list's row; NULL: of the contact alone
    zone         TEXT,
    state        TEXT NOT NULL CHECK (state IN ('waiting', 'queued', 'sending', 'sent', 'delivered', 'read', 'failed',
                                                'undelivered', 'uncertain', 'skipped', 'cancelled')),
    reason       TEXT CHECK (reason IS NULL OR json_valid(reason)),
    not_before   INTEGER,                                     -- its quiet hours end then
    message_id   INTEGER REFERENCES messages (id) ON DELETE SET NULL,
    delivery_id  INTEGER REFERENCES deliveries (id) ON DELETE SET NULL,
    changed_at   INTEGER NOT NULL,
    replied_at   INTEGER,
    opted_out_at INTEGER,
    clicked_at   INTEGER,
    clicks       INTEGER NOT NULL DEFAULT 0,
    CHECK (address IS NOT NULL OR state = 'skipped')
) STRICT;
-- Nobody stands twice among those who are written to: not on disk either (T18).
CREATE UNIQUE INDEX recipients_once ON recipients (campaign_id, address) WHERE counts = 1 AND address IS NOT NULL;
CREATE INDEX recipients_by_state ON recipients (campaign_id, state, id);
CREATE INDEX recipients_by_delivery ON recipients (delivery_id) WHERE delivery_id IS NOT NULL;
CREATE INDEX recipients_by_message ON recipients (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX recipients_by_contact ON recipients (contact_id) WHERE contact_id IS NOT NULL;

-- Links of a campaign's text that are counted on this machine's own host.
CREATE TABLE short_links (
    token        TEXT PRIMARY KEY,
    recipient_id INTEGER NOT NULL REFERENCES recipients (id) ON DELETE CASCADE,
    target       TEXT NOT NULL,
    clicks       INTEGER NOT NULL DEFAULT 0,
    clicked_at   INTEGER,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX short_links_by_recipient ON short_links (recipient_id);

-- The bytes of an uploaded table, in pieces: it can be read anew, in another encoding or with another separator.
CREATE TABLE campaign_list_parts (
    list_id  INTEGER NOT NULL REFERENCES campaign_lists (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    bytes    BLOB NOT NULL,
    PRIMARY KEY (list_id, position)
) STRICT, WITHOUT ROWID;
