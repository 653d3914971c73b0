-- The outbox in full: pools of numbers, a second way out, validity, prices, parts, messages for later.

ALTER TABLE numbers ADD COLUMN pace_unit TEXT NOT NULL DEFAULT 'message'
    CHECK (pace_unit IN ('message', 'segment'));              -- what its carrier counts
-- Numbers of one channel with the same word are one pool.
ALTER TABLE numbers ADD COLUMN pool TEXT CHECK (length(pool) BETWEEN 1 AND 80);
CREATE INDEX numbers_by_pool ON numbers (channel_id, pool) WHERE pool IS NOT NULL;

ALTER TABLE channels ADD COLUMN valid_for_s INTEGER CHECK (valid_for_s BETWEEN 60 AND 604800);  -- NULL: the house's own
ALTER TABLE channels ADD COLUMN fallback_number_id INTEGER REFERENCES numbers (id) ON DELETE SET NULL;
ALTER TABLE channels ADD COLUMN smart INTEGER NOT NULL DEFAULT 0 CHECK (smart IN (0, 1));  -- look-alikes become GSM-7

-- What a segment (or a WhatsApp message) costs, by the beginning of the recipient's number; '' is any.
CREATE TABLE prices (
    channel_id INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    prefix     TEXT NOT NULL,
    currency   TEXT NOT NULL CHECK (length(currency) = 3),
    micros     INTEGER NOT NULL CHECK (micros >= 0),          -- millionths of the currency's unit
    PRIMARY KEY (channel_id, prefix)
) STRICT, WITHOUT ROWID;

ALTER TABLE messages ADD COLUMN cost_micros INTEGER;
ALTER TABLE messages ADD COLUMN cost_currency TEXT;

ALTER TABLE deliveries ADD COLUMN scheduled_at INTEGER;       -- not before this moment, by somebody's wish
ALTER TABLE deliveries ADD COLUMN scheduled_zone TEXT;        -- the zone it was said in
ALTER TABLE deliveries ADD COLUMN moved_from INTEGER REFERENCES numbers (id);  -- the number it left for the second way
ALTER TABLE deliveries ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;  -- how many ids the carrier gave it, if more than one

-- Where the carrier reports each part of a long text by itself.
CREATE TABLE delivery_parts (
    trunk_id    INTEGER NOT NULL REFERENCES trunks (id),
    carrier_id  TEXT NOT NULL,
    delivery_id INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    state       TEXT NOT NULL,
    reason      TEXT CHECK (reason IS NULL OR json_valid(reason)),
    PRIMARY KEY (trunk_id, carrier_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX delivery_parts_by_delivery ON delivery_parts (delivery_id);
