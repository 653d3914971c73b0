-- 0004_polling: how what comes in gets to us; from where a carrier is asked next; the channel log tells good from bad and
-- one delivery from another.

ALTER TABLE trunks ADD COLUMN intake TEXT NOT NULL DEFAULT 'webhooks'
    CHECK (intake IN ('webhooks', 'polling', 'both'));
ALTER TABLE trunks ADD COLUMN poll_every_s INTEGER NOT NULL DEFAULT 30 CHECK (poll_every_s BETWEEN 5 AND 3600);

CREATE TABLE polls (
    trunk_id    INTEGER PRIMARY KEY REFERENCES trunks (id) ON DELETE CASCADE,
    heard_up_to INTEGER NOT NULL,                             -- moves on in the transaction that files what was said
    next_at     INTEGER NOT NULL,
    asked_at    INTEGER,
    answered_at INTEGER,
    failures    INTEGER NOT NULL DEFAULT 0,                   -- in a row
    reason      TEXT CHECK (reason IS NULL OR json_valid(reason))
) STRICT;

ALTER TABLE exchanges ADD COLUMN delivery_id INTEGER;         -- found by its message, so it has no index of its own
ALTER TABLE exchanges ADD COLUMN good INTEGER NOT NULL DEFAULT 1 CHECK (good IN (0, 1));
UPDATE exchanges SET good = 0 WHERE status NOT GLOB '[123][0-9][0-9]' AND status NOT IN ('401', '407');
CREATE INDEX exchanges_bad ON exchanges (id) WHERE good = 0;
