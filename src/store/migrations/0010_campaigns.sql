-- 0010_campaigns: one text to many, and the ledger of what became of each.

CREATE TABLE campaigns (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    name            TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 120),
    status          TEXT NOT NULL CHECK (status IN ('draft', 'scheduled', 'pending', 'executing', 'paused', 'retrying',
                                                    'stop', 'completed', 'cancelled')),
    channel_id      INTEGER REFERENCES channels (id),
    sender          TEXT CHECK (sender IS NULL OR json_valid(sender)),  -- of the plan
    zone            TEXT,                                     -- of the plan's time
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
    deleted_at      INTEGER,                                  -- its rows go in small steps
    version         INTEGER NOT NULL DEFAULT 1,
    plan            TEXT NOT NULL CHECK (json_valid(plan))    -- domain/campaign.rs; last, since it may be long
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
    tries        INTEGER NOT NULL DEFAULT 0,
    changed_at   INTEGER NOT NULL,
    sent_at      INTEGER,
    delivered_at INTEGER,
    read_at      INTEGER,
    replied_at   INTEGER,
    opted_out_at INTEGER,
    clicked_at   INTEGER,
    clicks       INTEGER NOT NULL DEFAULT 0,
    CHECK (address IS NOT NULL OR state = 'skipped')
) STRICT;
-- Nobody stands twice among those who are written to: not on disk either (T18).
CREATE UNIQUE INDEX recipients_once ON recipients (campaign_id, address) WHERE counts = 1 AND address IS NOT NULL;
CREATE INDEX recipients_by_campaign ON recipients (campaign_id, id);
CREATE INDEX recipients_by_state ON recipients (campaign_id, state, id);
-- Lines that may be sent now, and when the next may: whoever must wait is not looked at each time.
CREATE INDEX recipients_due ON recipients (campaign_id, coalesce(not_before, 0), id) WHERE state = 'waiting';
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

-- How a campaign that was launched stands; apart from its plan, since it changes with each message.
CREATE TABLE campaign_runs (
    campaign_id     INTEGER PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
    launching       INTEGER NOT NULL DEFAULT 0 CHECK (launching IN (0, 1)),  -- somebody is just filling its ledger
    frozen          INTEGER NOT NULL DEFAULT 0 CHECK (frozen IN (0, 1)),  -- its ledger is complete
    retries         INTEGER NOT NULL DEFAULT 0 CHECK (retries IN (0, 1)), -- what is sent now failed before
    repeated        INTEGER NOT NULL DEFAULT 0 CHECK (repeated IN (0, 1)),-- its next time is planned
    failures_in_row INTEGER NOT NULL DEFAULT 0,
    try_again_at    INTEGER                                   -- when it goes on by itself
) STRICT;

-- How many lines of the ledger are in which state; and how many replied, opted out, clicked. Kept by the triggers below:
-- nobody who changes a line can forget it.
CREATE TABLE campaign_counts (
    campaign_id INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    what        TEXT NOT NULL,
    lines       INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, what)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER recipients_counted AFTER INSERT ON recipients BEGIN
    INSERT INTO campaign_counts (campaign_id, what, lines) VALUES (new.campaign_id, new.state, 1)
        ON CONFLICT (campaign_id, what) DO UPDATE SET lines = lines + 1;
END;
CREATE TRIGGER recipients_uncounted AFTER DELETE ON recipients BEGIN
    UPDATE campaign_counts SET lines = lines - 1 WHERE campaign_id = old.campaign_id AND what = old.state;
    UPDATE campaign_counts SET lines = lines - 1 WHERE campaign_id = old.campaign_id
        AND (what = 'replied' AND old.replied_at IS NOT NULL OR what = 'opted_out' AND old.opted_out_at IS NOT NULL
             OR what = 'clicked' AND old.clicked_at IS NOT NULL);
END;
CREATE TRIGGER recipients_moved AFTER UPDATE OF state ON recipients WHEN old.state <> new.state BEGIN
    UPDATE campaign_counts SET lines = lines - 1 WHERE campaign_id = old.campaign_id AND what = old.state;
    INSERT INTO campaign_counts (campaign_id, what, lines) VALUES (new.campaign_id, new.state, 1)
        ON CONFLICT (campaign_id, what) DO UPDATE SET lines = lines + 1;
    UPDATE campaign_runs SET failures_in_row = CASE WHEN new.state = 'failed' THEN failures_in_row + 1 ELSE 0 END
        WHERE campaign_id = new.campaign_id AND new.state IN ('failed', 'sent', 'delivered', 'read')
          AND (new.state = 'failed' OR failures_in_row > 0);
END;
CREATE TRIGGER recipients_replied AFTER UPDATE OF replied_at ON recipients
WHEN old.replied_at IS NULL AND new.replied_at IS NOT NULL BEGIN
    INSERT INTO campaign_counts (campaign_id, what, lines) VALUES (new.campaign_id, 'replied', 1)
        ON CONFLICT (campaign_id, what) DO UPDATE SET lines = lines + 1;
END;
CREATE TRIGGER recipients_opted_out AFTER UPDATE OF opted_out_at ON recipients
WHEN old.opted_out_at IS NULL AND new.opted_out_at IS NOT NULL BEGIN
    INSERT INTO campaign_counts (campaign_id, what, lines) VALUES (new.campaign_id, 'opted_out', 1)
        ON CONFLICT (campaign_id, what) DO UPDATE SET lines = lines + 1;
END;
CREATE TRIGGER recipients_clicked AFTER UPDATE OF clicked_at ON recipients
WHEN old.clicked_at IS NULL AND new.clicked_at IS NOT NULL BEGIN
    INSERT INTO campaign_counts (campaign_id, what, lines) VALUES (new.campaign_id, 'clicked', 1)
        ON CONFLICT (campaign_id, what) DO UPDATE SET lines = lines + 1;
END;

-- A line of the ledger follows its delivery, whoever moves that: the outbox, a report, somebody who settles it.
CREATE TRIGGER recipients_follow AFTER UPDATE OF state, reason ON deliveries
WHEN new.priority = 2 AND (old.state <> new.state OR old.reason IS NOT new.reason) BEGIN
    UPDATE recipients SET state = new.state, reason = new.reason, changed_at = new.updated_at,
        tries = tries + (new.state = 'sending' AND old.state <> 'sending'),
        sent_at = CASE WHEN new.state IN ('sent', 'delivered', 'read') THEN coalesce(sent_at, new.updated_at)
                       ELSE sent_at END,
        delivered_at = CASE WHEN new.state IN ('delivered', 'read') THEN coalesce(delivered_at, new.updated_at)
                            ELSE delivered_at END,
        read_at = CASE WHEN new.state = 'read' THEN coalesce(read_at, new.updated_at) ELSE read_at END
        WHERE delivery_id = new.id;
END;

-- How much was sent by campaigns on a day, by user and by number: for the limits of a day and a month.
CREATE TABLE campaign_usage (
    of     TEXT NOT NULL CHECK (of IN ('user', 'number')),
    of_id  INTEGER NOT NULL,
    day    TEXT NOT NULL,                                     -- of the site's calendar, as in 2026-12-01
    sent   INTEGER NOT NULL,
    PRIMARY KEY (of, of_id, day)
) STRICT, WITHOUT ROWID;

-- A conversation that is only the place of what a campaign said, until its peer answers.
ALTER TABLE sessions ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1));
CREATE UNIQUE INDEX sessions_hidden ON sessions (number_id, peer_id) WHERE hidden = 1;
DROP INDEX sessions_by_last;
CREATE INDEX sessions_by_last ON sessions (last_at, id) WHERE hidden = 0;
DROP INDEX sessions_closed;
CREATE INDEX sessions_closed ON sessions (extension_id, last_at) WHERE state = 'closed' AND hidden = 0;
