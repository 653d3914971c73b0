//! Lists of messages as carriers hand them out, page by page, the newest first: read to their end, each message once.

use crate::carrier::dialect::{InboundMessage, Known, Said};
use crate::carrier::moments;
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::Duration;

/// Pages read for one answer.
pub const PAGES_MAX: usize = 20;
/// How far a carrier's clock and ours may be apart.
pub const DOUBT: Duration = Duration::from_secs(120);

/// What came in, the oldest first. What a new message shifted onto a second page is said once; what is the same second's
/// is asked for again, and known by its id.
pub fn inbox(
    mut rows: Vec<Value>,
    since: Timestamp,
    moment: &str,
    read: impl Fn(&Value) -> Result<InboundMessage, String>,
) -> Known {
    rows.reverse();
    let mut seen = BTreeSet::new();
    rows.retain(|row| seen.insert(row["id"].to_string()));
    let newest = rows.iter().filter_map(|row| moments::read(row[moment].as_str()?)).max();
    let said = rows.iter().map(|row| match read(row) {
        Ok(message) => Said::Message(message),
        Err(why) => Said::Other { what: format!("unreadable: {why}") },
    });
    Known::Inbox { said: said.collect(), up_to: newest.map_or(since, |newest| newest.max(since)) }
}

/// The list goes on for longer than anybody reads.
pub fn too_long() -> SendError {
    SendError::Unreadable { why: "the carrier's list is too long to read to its end".into() }
}

/// That a list does not show a message yet is no proof that it was not taken.
pub fn not_shown() -> SendError {
    SendError::Unreadable { why: "the carrier's list does not show the message, which proves nothing".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::address::Address;
    use crate::domain::channel::ChannelKind;
    use serde_json::json;

    #[test]
    fn each_message_is_said_once_the_oldest_first() {
        let rows = vec![
            json!({ "id": 3, "at": "2026-11-18T11:06:43Z" }),
            json!({ "id": 2, "at": "2026-11-18T11:06:42Z" }),
            json!({ "id": 2, "at": "2026-11-18T11:06:42Z" }),
            json!({ "id": "odd" }),
        ];
        let number = || Address::parse("+4930555000").expect("a number");
        let read = |row: &Value| match row["id"].as_u64() {
            Some(id) => Ok(InboundMessage::text(ChannelKind::Sms, &id.to_string(), number(), number(), "hi")),
            None => Err("odd".to_owned()),
        };

        let Known::Inbox { said, up_to } = inbox(rows, Timestamp(0), "at", read) else { panic!("no inbox") };
        assert_eq!(up_to, Timestamp::from_seconds(1_795_000_003));
        assert!(
            matches!(&said[..], [Said::Other { .. }, Said::Message(two), Said::Message(_)] if two.carrier_id == "2")
        );
    }
}
