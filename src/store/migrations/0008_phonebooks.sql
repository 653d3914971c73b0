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
    failures     INTEGER NOT NULL DEFAULT 0,                  -- readings in a row that failed
    state        TEXT NOT NULL DEFAULT 'idle' CHECK (state IN ('idle', 'reading', 'leaving')),
    may_shrink   INTEGER NOT NULL DEFAULT 0 CHECK (may_shrink IN (0, 1)),  -- an admin agreed that many are gone
    memory       TEXT,                                        -- what the source is reminded of at the next reading
    counts       TEXT CHECK (counts IS NULL OR json_valid(counts)),  -- what the last whole reading changed
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
    source_mark TEXT,                                         -- which version of it this is; NULL: read it again
    sort_key   TEXT NOT NULL DEFAULT '',                      -- name, company or number, folded (domain/contact_words.rs)
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version    INTEGER NOT NULL DEFAULT 1,
    UNIQUE (source_id, source_key),
    CHECK ((source_id IS NULL) = (source_key IS NULL))
) STRICT;
CREATE INDEX contacts_by_name ON contacts (sort_key, id);             -- the list, and who is here twice
CREATE INDEX contacts_by_source ON contacts (source_id, id) WHERE source_id IS NOT NULL;  -- readings go through them
CREATE INDEX contacts_by_email ON contacts (lower(email)) WHERE email <> '';

-- Who is found by a few letters: names, company and e-mail. Numbers are found by contact_numbers_by_address: FTS5 would
-- put together the lists of a hundred thousand numbers that begin alike. What is new or changed is entered once for
-- each commit (store/contact_words.rs). Of beginnings that have no list of their own, FTS5 puts together all lists of
-- their words first: of an ending that half a million e-mail addresses share that took 46 ms, so eight letters have one.
CREATE VIRTUAL TABLE contacts_text USING fts5 (
    words, content = '', contentless_delete = 1, detail = 'none', prefix = '1 2 3 4 5 6 7 8',
    tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER contacts_text_delete AFTER DELETE ON contacts BEGIN
    DELETE FROM contacts_text WHERE rowid = old.id;
END;

CREATE TABLE phonebook_contacts (
    phonebook_id INTEGER NOT NULL REFERENCES phonebooks (id) ON DELETE CASCADE,
    sort_key     TEXT NOT NULL DEFAULT '',                    -- the contact's: a page of a large book in order of names
    contact_id   INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    PRIMARY KEY (phonebook_id, sort_key, contact_id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX phonebook_contacts_by_contact ON phonebook_contacts (contact_id, phonebook_id);

CREATE TABLE contact_numbers (
    contact_id INTEGER NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('business', 'business2', 'mobile', 'mobile2', 'home', 'home2',
                                             'business_fax', 'home_fax', 'other')),
    given      TEXT NOT NULL,                                 -- as it was typed
    address    TEXT,                                          -- as it is written to; NULL: it cannot be read
    digits     TEXT,                                          -- of one that cannot be read: to find it all the same
    PRIMARY KEY (contact_id, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX contact_numbers_by_address ON contact_numbers (address) WHERE address IS NOT NULL;
CREATE INDEX contact_numbers_by_digits ON contact_numbers (digits) WHERE digits IS NOT NULL;

-- Tables and cards on their way into a phonebook. The bytes lie in a spool file; how far they are taken in is written in
-- the same transaction as what was taken.
CREATE TABLE imports (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      INTEGER REFERENCES users (id) ON DELETE SET NULL,
    name         TEXT NOT NULL,                               -- of the file, as its owner calls it
    spool        TEXT UNIQUE,                                 -- its name in the spool folder; NULL: it is gone
    bytes        INTEGER NOT NULL,
    format       TEXT NOT NULL CHECK (format IN ('csv', 'vcard')),
    recognised   TEXT,                                        -- whose export it is
    state        TEXT NOT NULL CHECK (state IN ('uploaded', 'checking', 'checked', 'running', 'done', 'failed')),
    layout       TEXT NOT NULL CHECK (json_valid(layout)),
    columns      TEXT NOT NULL CHECK (json_valid(columns)),
    first        TEXT NOT NULL CHECK (json_valid(first)),     -- the first rows
    mapping      TEXT NOT NULL CHECK (json_valid(mapping)),
    phonebook_id INTEGER REFERENCES phonebooks (id) ON DELETE SET NULL,
    known        TEXT NOT NULL CHECK (known IN ('skip', 'update', 'add')),
    rows_total   INTEGER,                                     -- NULL: not counted yet
    rows_done    INTEGER NOT NULL DEFAULT 0,
    added        INTEGER NOT NULL DEFAULT 0,
    updated      INTEGER NOT NULL DEFAULT 0,
    skipped      INTEGER NOT NULL DEFAULT 0,
    faulty       INTEGER NOT NULL DEFAULT 0,
    faults       INTEGER NOT NULL DEFAULT 0,                  -- how many were found; the first are kept
    begun_at     INTEGER,                                     -- when it was first run: from then on it only goes on
    problem      TEXT CHECK (problem IS NULL OR json_valid(problem)),  -- why it failed
    at           INTEGER NOT NULL,
    changed_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX imports_by_user ON imports (user_id);

CREATE TABLE import_faults (
    import_id INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    nth       INTEGER NOT NULL,
    line      INTEGER NOT NULL,
    field     TEXT,                                           -- the column; NULL: the whole row
    en        TEXT NOT NULL,
    de        TEXT NOT NULL,
    PRIMARY KEY (import_id, nth)
) STRICT, WITHOUT ROWID;
