//! Lists of messages: whether one of ours was taken, and what came in since a moment, for boxes without webhooks.

use super::{code_of, segments};
use crate::carrier::dialect::{InboundMedia, Known, Said};
use crate::carrier::http::id_of;
use crate::carrier::incoming::attached;
use crate::carrier::moments;
use crate::carrier::taken::{DOUBT, Listed, judge};
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use serde_json::Value;
use std::time::Duration;

/// Rows asked for with each page.
pub const PAGE_SIZE: usize = 200;
/// Pages read at most.
const PAGES_MAX: usize = 4;
/// Lists of files read with one question, behind the pages.
const FILES_MAX: usize = 2;
/// A row may appear in the list this long after younger ones: the last seconds are asked for again.
const SETTLES: Duration = Duration::from_secs(10);

/// One page of a list.
pub struct Page {
    rows: Vec<Row>,
    next: Option<String>,
}

/// A message in a list.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its id.
    pub sid: String,
    /// Whether it came to us.
    pub inbound: bool,
    /// Who wrote it, as the carrier spells it.
    pub from: String,
    /// To whom.
    pub to: String,
    /// Its text.
    pub text: String,
    /// The carrier's word for its state.
    pub status: String,
    /// Why it failed.
    pub error: Option<u32>,
    /// How many files it has.
    pub files: u64,
    /// When it was made.
    pub made: Timestamp,
    segments: Option<u32>,
}

/// What to do next.
pub enum Next {
    /// Ask for the page at this address.
    Page(String),
    /// Ask for the files of this message.
    Files(String),
    /// This is the answer.
    Known(Known),
}

impl Page {
    /// Reads a page; `None` where it cannot be read.
    pub fn read(body: &Value) -> Option<Page> {
        let rows = body["messages"].as_array()?.iter().map(Row::read).collect::<Option<_>>()?;
        Some(Page { rows, next: body["next_page_uri"].as_str().map(str::to_owned) })
    }

    /// Whether this page ends in older messages than we look for: newest first, as the list comes, and checked to be so.
    fn reaches_before(&self, moment: Timestamp) -> bool {
        let newest_first = self.rows.is_sorted_by(|one, next| one.made >= next.made);
        newest_first && self.rows.last().is_some_and(|oldest| oldest.made < moment)
    }
}

impl Row {
    fn read(row: &Value) -> Option<Row> {
        let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
        let files =
            row["num_media"].as_str().and_then(|count| count.parse().ok()).or_else(|| row["num_media"].as_u64());
        Some(Row {
            sid: id_of(&row["sid"])?,
            inbound: row["direction"] == "inbound",
            from: text("from"),
            to: text("to"),
            text: text("body"),
            status: text("status"),
            error: code_of(&row["error_code"]),
            files: files.unwrap_or(0),
            segments: segments(&row["num_segments"]),
            made: moment(row["date_created"].as_str()?)?,
        })
    }
}

impl Row {
    fn listed(&self) -> Listed {
        Listed { id: self.sid.clone(), text: self.text.clone(), made: self.made, segments: self.segments }
    }
}

/// The rest of a page's address below our own account; no other is followed.
pub fn below<'a>(uri: &'a str, account_path: &str) -> Result<&'a str, SendError> {
    let rest = uri.strip_prefix(account_path).filter(|rest| rest.starts_with("/Messages"));
    rest.ok_or_else(|| doubt("the list leads somewhere else"))
}

fn doubt(why: &str) -> SendError {
    SendError::Unreadable { why: format!("the carrier's list of messages does not say it for certain: {why}") }
}

/// Whether a message of ours with this text is in the list. There is no key to look by: the text decides.
pub fn taken(pages: &[Page], text: &str, since: Timestamp) -> Result<Next, SendError> {
    let last = pages.last().ok_or_else(|| doubt("there is no page"))?;
    if let (Some(next), false) = (&last.next, last.reaches_before(since.minus(DOUBT))) {
        return match pages.len() {
            PAGES_MAX.. => Err(doubt("too many messages to this number to look through")),
            _ => Ok(Next::Page(next.clone())),
        };
    }
    let ours: Vec<Listed> =
        pages.iter().flat_map(|page| &page.rows).filter(|row| !row.inbound).map(Row::listed).collect();
    judge(&ours, text, since).map(Next::Known)
}

/// What came in and what became of ours since then, oldest first. `files` are the lists already read, by message.
pub fn inbox(
    pages: &[Page],
    files: &[(String, Vec<InboundMedia>)],
    since: Timestamp,
    said: impl Fn(&Row, &[InboundMedia]) -> Option<Said>,
) -> Result<Next, SendError> {
    let since_s = Timestamp::from_seconds(since.as_seconds());
    let last = pages.last().ok_or_else(|| doubt("there is no page"))?;
    if let (Some(next), false, true) = (&last.next, last.reaches_before(since_s), pages.len() < PAGES_MAX) {
        return Ok(Next::Page(next.clone()));
    }
    if last.next.is_some() && !last.reaches_before(since_s) {
        return Err(doubt(
            "more messages came since the last time than it can be asked for: look into the carrier's own log",
        ));
    }
    let mut rows: Vec<&Row> = pages.iter().flat_map(|page| &page.rows).filter(|row| row.made >= since_s).collect();
    rows.sort_by_key(|row| row.made);
    rows.dedup_by(|one, other| one.sid == other.sid);
    let with_files: Vec<&Row> = rows.iter().filter(|row| row.inbound && row.files > 0).copied().collect();
    let unread = with_files.iter().find(|row| !files.iter().any(|(sid, _)| *sid == row.sid));
    let mut until = Timestamp(i64::MAX);
    if let Some(row) = unread {
        if files.len() < FILES_MAX {
            return Ok(Next::Files(row.sid.clone()));
        }
        // The next question goes on here; only where many came in one second, the rest is heard without its files.
        let progress = row.made > since_s;
        until = if progress { row.made } else { until };
    }
    let newest = rows.last().map_or(since, |row| row.made.minus(SETTLES).max(since));
    let heard = rows.iter().filter(|row| row.made < until).filter_map(|row| {
        let none: &[InboundMedia] = &[];
        said(row, files.iter().find(|(sid, _)| *sid == row.sid).map_or(none, |(_, files)| files))
    });
    Ok(Next::Known(Known::Inbox { said: heard.collect(), up_to: newest.min(until) }))
}

/// A list of a message's files: the message's id, and where they are.
pub fn files(body: &Value, base_url: &str) -> Option<(String, Vec<InboundMedia>)> {
    let rows = body["media_list"].as_array()?;
    let file = |row: &Value| {
        let uri = row["uri"].as_str()?.trim_end_matches(".json");
        Some(InboundMedia::at(&format!("{base_url}{uri}"), row["content_type"].as_str()))
    };
    let sid = rows.first().and_then(|row| id_of(&row["parent_sid"])).or_else(|| parent_in(body["uri"].as_str()?))?;
    Some((sid, attached(rows.iter().filter_map(file))))
}

/// The message whose list this is, by the list's own address: files that were deleted name none.
fn parent_in(uri: &str) -> Option<String> {
    let (message, _) = uri.split_once("/Media")?;
    message.rsplit('/').next().filter(|sid| !sid.is_empty()).map(str::to_owned)
}

/// `Thu, 24 Aug 2023 05:01:45 +0000` (RFC 2822), or RFC 3339.
fn moment(text: &str) -> Option<Timestamp> {
    let read = jiff::fmt::rfc2822::parse(text).ok().map(|at| Timestamp(at.timestamp().as_millisecond()));
    read.or_else(|| moments::read(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 1 March 2024, midnight.
    const SINCE: Timestamp = Timestamp(1_709_251_200_000);

    fn row(text: &str, after: i64) -> Row {
        Row {
            sid: format!("SM{after:032}"),
            inbound: false,
            from: String::new(),
            to: String::new(),
            text: text.into(),
            status: String::new(),
            error: None,
            files: 0,
            segments: Some(1),
            made: Timestamp(SINCE.0 + after * 1000),
        }
    }

    fn inbound(after: i64, files: u64) -> Row {
        Row { inbound: true, files, ..row("x", after) }
    }

    fn said(row: &Row, files: &[InboundMedia]) -> Option<Said> {
        Some(Said::Other { what: format!("{} {}", (row.made.0 - SINCE.0) / 1000, files.len()) })
    }

    #[test]
    fn dates_are_read_as_they_are_written() {
        for (text, seconds) in [
            ("Thu, 24 Aug 2023 05:01:45 +0000", Some(1_692_853_305)),
            ("Thu, 01 Jan 1970 00:00:00 +0000", Some(0)),
            ("Thu, 29 Feb 2024 23:59:59 +0000", Some(1_709_251_199)),
            ("2024-03-01T00:00:00Z", Some(1_709_251_200)),
            ("yesterday", None),
        ] {
            assert_eq!(moment(text).map(Timestamp::as_seconds), seconds, "{text}");
        }
    }

    #[test]
    fn a_message_of_ours_is_looked_for_page_by_page() {
        let page = |rows: Vec<Row>, next: Option<&str>| Page { rows, next: next.map(str::to_owned) };
        let first = || page(vec![row("other", 5), inbound(4, 0)], Some("/p2"));

        assert!(matches!(taken(&[first()], "hello", SINCE), Ok(Next::Page(next)) if next == "/p2"));
        let found = taken(&[first(), page(vec![row("hello", 3)], None)], "hello", SINCE);
        assert!(matches!(found, Ok(Next::Known(Known::Taken(_)))));
        let theirs = page(vec![Row { text: "hello".into(), ..inbound(3, 0) }], None);
        assert!(matches!(taken(&[theirs], "hello", SINCE), Ok(Next::Known(Known::NotTaken))));
    }

    #[test]
    fn an_inbox_is_told_oldest_first_and_goes_on_where_it_ended() {
        let page = |rows: Vec<Row>, next: Option<&str>| Page { rows, next: next.map(str::to_owned) };
        let first = page(vec![inbound(40, 0), row("y", 30)], Some("/p2"));
        let Ok(Next::Page(next)) = inbox(&[first], &[], SINCE, said) else { panic!("there is more") };
        assert_eq!(next, "/p2");

        let pages =
            [page(vec![inbound(40, 0), row("y", 30)], Some("/p2")), page(vec![inbound(20, 0), inbound(-5, 0)], None)];
        let Ok(Next::Known(Known::Inbox { said: heard, up_to })) = inbox(&pages, &[], SINCE, said) else {
            panic!("done")
        };
        assert_eq!(heard.len(), 3);
        assert!(matches!(&heard[0], Said::Other { what } if what == "20 0"));
        assert_eq!(up_to, Timestamp(SINCE.0 + 30_000), "the last ten seconds are asked for again");
        let Ok(Next::Known(Known::Inbox { up_to, .. })) = inbox(&[page(vec![], None)], &[], SINCE, said) else {
            panic!("done")
        };
        assert_eq!(up_to, SINCE);
    }

    #[test]
    fn files_are_asked_for_and_what_is_too_much_waits_for_the_next_question() {
        let page = || [Page { rows: vec![inbound(30, 1), inbound(20, 1), inbound(10, 1)], next: None }];
        let sid = |after: i64| inbound(after, 1).sid;
        let file = || vec![InboundMedia::at("https://media.example.com/1", None)];
        let Ok(Next::Files(wanted)) = inbox(&page(), &[], SINCE, said) else { panic!("files first") };
        assert_eq!(wanted, sid(10));

        let read = [(sid(10), file()), (sid(20), file())];
        let Ok(Next::Known(Known::Inbox { said: heard, up_to })) = inbox(&page(), &read, SINCE, said) else {
            panic!("done")
        };
        assert_eq!((heard.len(), up_to), (2, Timestamp(SINCE.0 + 20_000)));
        assert!(matches!(&heard[1], Said::Other { what } if what == "20 1"));
    }

    #[test]
    fn a_list_of_files_says_where_they_are() {
        let body = json!({ "media_list": [{
            "parent_sid": "MM1", "content_type": "image/png", "uri": "/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1.json",
        }] });

        let (sid, files) = files(&body, "https://api.example.com").expect("readable");
        assert_eq!(sid, "MM1");
        assert_eq!(files[0].location, "https://api.example.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1");
        assert!(super::files(&json!({ "media_list": [] }), "x").is_none());
        let deleted =
            json!({ "media_list": [], "uri": "/2010-04-01/Accounts/AC1/Messages/MM2/Media.json?PageSize=50" });
        assert_eq!(super::files(&deleted, "x"), Some(("MM2".to_owned(), Vec::new())));
    }
}
