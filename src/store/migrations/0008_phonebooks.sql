-- 0008_phonebooks: people, in phonebooks, with their numbers as the PBX world has them.

-- Where contacts are read from, on a schedule; what comes from there is changed there.
CREATE TABLE contact_sources (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    name         TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 80),
    kind         TEXT NOT NULL CHECK (kind IN ('ldap', 'carddav')),
    enabled      INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    settings     TEXT NOT NULL CHECK (json_valid(settings)),  -- without secrets
    secrets      BLOB NOT NULL,                               -- sealed JSON object
    every_s      INTEGER NOT NULL DEFAULT 3600 CHECK (every_s BETWEEN 300 AND 604800),
    next_at      INTEGER NOT NULL,
    read_at      INTEGER,                                     -- when it was last read whole
    problem      TEXT CHECK (problem IS NULL OR json_valid(problem)),
    created_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE phonebooks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (length(name) BETWEEN 1 AND 80),
    remark     TEXT NOT NULL DEFAULT '',
    source_id  INTEGER UNIQUE REFERENCES contact_sources (id) ON DELETE CASCADE,  -- NULL: kept here
    created_at INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE contacts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    first_name TEXT NOT NULL DEFAULT '',
    last_name  TEXT NOT NULL DEFAULT '',
    company    TEXT NOT NULL DEFAULT '',
    email      TEXT NOT NULL DEFAULT '',
    remark     TEXT NOT NULL DEFAULT '',
    address    TEXT NOT NULL DEFAULT '',                      -- where they live or work
    language   TEXT,                                          -- BCP 47, as in `de`
    time_zone  TEXT,                                          -- IANA, as in `Europe/Berlin`; NULL: from the number
    custom     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(custom)),  -- fields of the user's own: name to text
    source_id  INTEGER REFERENCES contact_sources (id) ON DELETE CASCADE,
    source_key TEXT,                                          -- what the source calls it
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    UNIQUE (source_id, source_key),
    CHECK ((source_id IS NULL) = (source_key IS NULL))
) STRICT;
CREATE INDEX contacts_by_name ON contacts (last_name COLLATE NOCASE, first_name COLLATE NOCASE, id);

CREATE TABLE phonebook_contacts (
    phonebook_id INTEGER NOT NULL REFERENCES phonebooks (id) ON DELETE CASCADE,
    contact_id   INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (phonebook_id, contact_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX phonebook_contacts_by_contact ON phonebook_contacts (contact_id);

CREATE TABLE contact_numbers (
    contact_id INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('business', 'business2', 'mobile', 'mobile2', 'home', 'home2',
                                             'business_fax', 'home_fax', 'other')),
    given      TEXT NOT NULL,                                 -- as it was typed
    address    TEXT,                                          -- as it is written to; NULL: it cannot be read
    PRIMARY KEY (contact_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_numbers_by_address ON contact_numbers (address) WHERE address IS NOT NULL;
