//! Two campaigns at once, and the program killed again and again: nobody is written to twice, nobody is forgotten, what
//! nobody can know stands apart, and the ledger adds up.

use crate::carrier::{Carrier, Mood};
use crate::daemon::Daemon;
use crate::place::{ONCE, PLAIN, Place};
use crate::random;
use std::collections::BTreeMap;
use std::time::Duration;

/// Recipients of each campaign for a life of the daemon.
const PER_ROUND: usize = 120;
/// Calls that may be under way at once: more can never be uncertain for one death.
const CALLS_MAX: usize = 64;
const LIFE_MS: (u64, u64) = (150, 900);

fn put(place: &Place, sql: &str) -> i64 {
    let books = place.books();
    books.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    books.last_insert_rowid()
}

/// A campaign that was launched: its ledger is frozen, it waits for its channel.
fn launch(place: &Place, from: &str, people: usize) -> i64 {
    let books = place.books();
    let (number, channel): (i64, i64) = books
        .query_row("SELECT id, channel_id FROM numbers WHERE address = ?1", [from], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .expect("a number");
    let plan = format!(
        r#"{{"name":"Spring","channel":{channel},"sender":{{"number":{number}}},"content":{{"text":"Hello {{{{number}}}}"}}}}"#
    );
    let id = put(
        place,
        &format!(
            "UPDATE numbers SET mps = 300 WHERE id = {number};
             INSERT INTO campaigns (name, status, channel_id, by_name, created_at, changed_at, queued_at, plan)
             VALUES ('Spring', 'pending', {channel}, 'Anna', 0, 0, 0, '{plan}');"
        ),
    );
    put(
        place,
        &format!(
            "INSERT INTO campaign_runs (campaign_id, frozen) VALUES ({id}, 1);
             WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < {people})
             INSERT INTO recipients (campaign_id, given, address, counts, state, changed_at)
             SELECT {id}, printf('+1555020%04d', x), printf('+1555020%04d', x), 1, 'waiting', 0 FROM n;"
        ),
    );
    id
}

fn lines(place: &Place, campaign: i64) -> BTreeMap<String, String> {
    let sql = format!("SELECT address || '=' || state FROM recipients WHERE campaign_id = {campaign}");
    let rows = place.texts(&sql).into_iter();
    rows.map(|line| line.split_once('=').map(|(who, state)| (who.to_owned(), state.to_owned())).expect("two")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn campaigns_that_are_killed_again_and_again_write_to_everybody_once() {
    let rounds = super::rounds("DEPESCHE_CAMPAIGN_KILL_ROUNDS", 12);
    let people = rounds * PER_ROUND;
    let carrier = Carrier::new();
    let (carrier_at, _listening) = carrier.listen(0).await;
    let place = Place::set_up(carrier_at).await;
    put(
        &place,
        "INSERT INTO site (key, value) VALUES ('campaign_limits', '{\"number_per_day\":1000000,\"number_per_month\":1000000}')",
    );
    let (plain, once) = (launch(&place, PLAIN, people), launch(&place, ONCE, people));
    carrier.ledger().mood = Mood::Slow(30);

    for _ in 0..rounds {
        let daemon = Daemon::start(&place.settings()).await;
        tokio::time::sleep(Duration::from_millis(LIFE_MS.0 + random() % (LIFE_MS.1 - LIFE_MS.0))).await;
        daemon.dead().await;
    }
    let taken_before_the_end = carrier.ledger().taken.len();
    carrier.ledger().mood = Mood::Usual;
    let daemon = Daemon::start(&place.settings()).await;
    let open = "SELECT count(*) FROM campaigns WHERE status <> 'completed'";
    for _ in 0..1200 {
        if place.count(open) == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(place.count(open), 0, "{:?}", place.texts("SELECT status || coalesce(reason, '') FROM campaigns"));
    daemon.stop().await;

    assert!(taken_before_the_end > rounds, "{taken_before_the_end}: the deaths came in the middle");
    let mut uncertain = 0;
    for (campaign, account, is_once) in [(plain, "plain", false), (once, "once", true)] {
        let mut got: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for text in carrier.ledger().taken.iter().filter(|taken| taken.account == account) {
            assert_eq!(text.text, format!("Hello {}", text.to));
            got.entry(text.to.clone()).or_default().push(text.reference.clone());
        }
        let ledger = lines(&place, campaign);
        assert_eq!(ledger.len(), people, "everybody stands in the ledger");
        for (who, state) in &ledger {
            let mut keys = got.remove(who).unwrap_or_default();
            if is_once {
                keys.sort();
                keys.dedup();
            }
            assert!(keys.len() <= 1, "{who} was written to {} times", keys.len());
            match state.as_str() {
                "sent" => assert_eq!(keys.len(), 1, "{who} is sent"),
                "uncertain" if !is_once => uncertain += 1,
                other => panic!("{who} is {other}"),
            }
        }
        assert!(got.is_empty(), "nobody else got anything: {got:?}");
        let counted = format!("SELECT sum(lines) FROM campaign_counts WHERE campaign_id = {campaign}");
        assert_eq!(place.count(&counted), i64::try_from(people).expect("small"), "the figures add up");
    }
    assert!(uncertain <= rounds * CALLS_MAX, "{uncertain} uncertain");
    let twice = "SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY session_id, text HAVING count(*) > 1)";
    assert_eq!(place.count(twice), 0, "no message is filed twice");
    eprintln!("{rounds} times killed: {} lines, {uncertain} uncertain, nobody twice", 2 * people);
}
