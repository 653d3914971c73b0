//! Search: messages by their words, sessions by the peer's name or number. Newest first, since ranking reads everything.

use crate::store::error::StoreError;
use crate::store::handle::Snapshot;
use crate::store::messages::{MESSAGE, message};
use crate::store::view_sessions::{SessionRow, SessionsWanted, Sight, Tab, VISIBLE};
use crate::store::view_thread::MessageRow;
use crate::store::words::all;
use rusqlite::named_params;

/// Set around a hit: characters nobody types, so that the portal can mark it without HTML.
pub const MARK_BEGIN: char = '\u{E000}';
/// Ends a mark.
pub const MARK_END: char = '\u{E001}';
/// Hits that are looked at before those that may not be seen are dropped.
const HITS_MAX: u32 = 2_000;
/// Words of a query that count.
const WORDS_MAX: usize = 8;

/// A message that was found.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The message.
    pub message: MessageRow,
    /// Its session.
    pub session: SessionRow,
    /// A piece of its text with the hits between [`MARK_BEGIN`] and [`MARK_END`].
    pub marked: String,
}

impl Snapshot<'_> {
    /// Messages with all the words of `q`, the last of them perhaps unfinished, that these eyes may see.
    pub fn search_messages(&self, sight: Sight, q: &str, limit: u32) -> Result<Vec<Hit>, StoreError> {
        let Some(pattern) = pattern(q) else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT {MESSAGE}, h.marked FROM \
             (SELECT rowid AS id, snippet(messages_text, 0, char(57344), char(57345), '…', 24) AS marked \
              FROM messages_text WHERE messages_text MATCH :pattern ORDER BY rowid DESC LIMIT :hits) h \
             JOIN messages m ON m.id = h.id JOIN sessions s ON s.id = m.session_id \
             WHERE {VISIBLE} ORDER BY m.id DESC LIMIT :limit"
        );
        let found = all(
            self.conn.prepare_cached(&sql)?.query(named_params! {
                ":pattern": pattern, ":hits": HITS_MAX, ":limit": limit, ":all": sight.all, ":me": sight.extension,
            })?,
            |row| Ok((message(row)?, row.get::<_, String>("marked")?)),
        )?;
        let mut hits = Vec::with_capacity(found.len());
        for (message, marked) in found {
            if let Some(session) = self.session_seen(sight, message.session)? {
                hits.push(Hit { message: self.with_deliveries(message)?, session, marked });
            }
        }
        Ok(hits)
    }

    /// Sessions with a peer of this name or number, open ones first.
    pub fn search_sessions(&self, sight: Sight, q: &str, limit: u32) -> Result<Vec<SessionRow>, StoreError> {
        let wanted = |tab, limit| SessionsWanted {
            tab,
            q: Some(q.to_owned()),
            channel: None,
            queue: None,
            extension: None,
            after: None,
            limit,
        };
        let mut found = self.sessions_page(sight, &wanted(Tab::All, limit))?;
        let room = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
        found.extend(self.sessions_page(sight, &wanted(Tab::Ended, room))?);
        Ok(found)
    }
}

/// What a person typed as a query of FTS5: each word quoted, so that none of its own words means anything.
fn pattern(q: &str) -> Option<String> {
    let words: Vec<String> = q
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(WORDS_MAX)
        .map(|word| format!("\"{word}\""))
        .collect();
    (!words.is_empty()).then(|| format!("{}*", words.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn what_people_type_is_never_a_command() {
        assert_eq!(pattern("order 12 OR text:*"), Some(r#""order" "12" "OR" "text"*"#.to_owned()));
        assert_eq!(pattern("\"') --"), None);
        assert_eq!(pattern("Grüße"), Some("\"Grüße\"*".to_owned()));
    }
}
