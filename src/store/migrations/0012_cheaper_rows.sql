-- 0012_cheaper_rows: what each message pays for and nobody needs.

-- What is asked for a few times a minute is read from an index that is there for something else, not kept in one of its
-- own with every message: what is due next and what expires stand beside what is due now; idle conversations are found
-- among those that are open.
DROP INDEX deliveries_next_due;
DROP INDEX deliveries_waiting_expiry;
DROP INDEX deliveries_due;
CREATE INDEX deliveries_due ON deliveries (line, number_id, priority, due_at, id, expires_at) WHERE state = 'queued';
DROP INDEX sessions_idle;
-- Webhooks are forgotten after weeks: those are looked for once in an hour.
DROP INDEX heard_webhooks_by_age;
-- An inbox is put in order when somebody looks at it, not with every message of each conversation in it.
DROP INDEX sessions_by_extension;
DROP INDEX sessions_by_queue;
CREATE INDEX sessions_by_extension ON sessions (extension_id) WHERE state = 'held';
CREATE INDEX sessions_by_queue ON sessions (queue_id) WHERE state = 'waiting';

-- A list of three and more words in a CHECK is a table that SQLite fills anew with each row that it checks, which takes
-- longer than the row. The same said with OR is compared word by word. Rows stay as they are, so the schema's text may be
-- changed where it stands (sqlite.org/lang_altertable.html, "other kinds of table schema changes", read on 2026-11-28).
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (''queued'', ''sending'', ''sent'', ''delivered'', ''read'', ''failed'',
                                                ''undelivered'', ''uncertain'', ''skipped'', ''cancelled'')',
    'state = ''queued'' OR state = ''sending'' OR state = ''sent'' OR state = ''delivered'' OR state = ''read'' OR
             state = ''failed'' OR state = ''undelivered'' OR state = ''uncertain'' OR state = ''skipped'' OR
             state = ''cancelled''')
    WHERE type = 'table' AND name = 'deliveries';
UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (''waiting'', ''queued'', ''sending'', ''sent'', ''delivered'', ''read'', ''failed'',
                                                ''undelivered'', ''uncertain'', ''skipped'', ''cancelled'')',
    'state = ''waiting'' OR state = ''queued'' OR state = ''sending'' OR state = ''sent'' OR
             state = ''delivered'' OR state = ''read'' OR state = ''failed'' OR state = ''undelivered'' OR
             state = ''uncertain'' OR state = ''skipped'' OR state = ''cancelled''')
    WHERE type = 'table' AND name = 'recipients';
UPDATE sqlite_schema SET sql = replace(sql,
    'what IN (''send'', ''webhook'', ''sip'', ''test'', ''ask'')',
    'what = ''send'' OR what = ''webhook'' OR what = ''sip'' OR what = ''test'' OR what = ''ask''')
    WHERE type = 'table' AND name = 'exchanges';
-- A number of the log may be given again where its latest entries went with their trunk.
UPDATE sqlite_schema SET sql = replace(sql, 'PRIMARY KEY AUTOINCREMENT', 'PRIMARY KEY')
    WHERE type = 'table' AND name = 'exchanges';
UPDATE sqlite_schema SET sql = replace(sql,
    'state IN (''waiting'', ''held'', ''closed'')',
    'state = ''waiting'' OR state = ''held'' OR state = ''closed''')
    WHERE type = 'table' AND name = 'sessions';
UPDATE sqlite_schema SET sql = replace(sql,
    'kind IN (''opened'', ''offered'', ''picked_up'', ''transferred'', ''ended'',
                                             ''ended_automatically'', ''reopened'', ''expired'')',
    'kind = ''opened'' OR kind = ''offered'' OR kind = ''picked_up'' OR kind = ''transferred'' OR
             kind = ''ended'' OR kind = ''ended_automatically'' OR kind = ''reopened'' OR kind = ''expired''')
    WHERE type = 'table' AND name = 'session_events';
PRAGMA writable_schema = RESET;

-- The last id of a table is looked for from the top: the tables that grow with each message come first.
CREATE TEMP TABLE ids AS SELECT name, seq FROM sqlite_sequence;
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence (name, seq)
    SELECT column1, coalesce((SELECT seq FROM ids WHERE name = column1), 0)
    FROM (VALUES ('messages'), ('deliveries'), ('sessions'));
INSERT INTO sqlite_sequence (name, seq) SELECT name, seq FROM ids
    WHERE name <> 'exchanges' AND name NOT IN (SELECT name FROM sqlite_sequence);
DROP TABLE ids;
