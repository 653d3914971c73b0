-- 0011_said_by_us: the last thing we said in a conversation is found at once, however much its peer has said since.
-- It is asked for with each message that comes in: did somebody answer a campaign?
CREATE INDEX messages_said_by_us ON messages (session_id, id) WHERE direction = 'out';
