//! Counted links of campaigns: they lead where the campaign's text said, whatever is asked with them, and count people.

use crate::place::Place;
use crate::wait_until;

const PHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1";
const TOKEN: &str = "Ab3dE5fG9hK";

/// A campaign with one recipient, whose text had this address.
fn linked(place: &Place, target: &str, until: i64) {
    let books = rusqlite::Connection::open(place.house.folder.path().join("depesche.db")).expect("the database");
    let rows = format!(
        "PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000; \
         INSERT INTO campaigns (name, status, plan, by_name, created_at, changed_at) VALUES ('a', 'completed', '{{}}', 'x', 0, 0); \
         INSERT INTO recipients (campaign_id, given, address, counts, state, changed_at) \
         VALUES (1, '+15550100199', '+15550100199', 1, 'sent', 0); \
         INSERT INTO short_links (token, recipient_id, target, expires_at) VALUES ('{TOKEN}', 1, '{target}', {until});"
    );
    books.execute_batch(&rows).expect("written");
}

#[tokio::test]
async fn a_counted_link_leads_only_where_it_was_written_and_counts_people() {
    let place = Place::new().await;
    let until = place.media.desk.now().0 + 60_000;
    linked(&place, "https://shop.example/a?b=c", until);
    let path = format!("/l/{TOKEN}");
    let agent = [("User-Agent", PHONE)];

    let pressed = place.ask("GET", &format!("{path}?to=https://evil.example&url=//evil.example"), &agent, b"").await;
    let head = place.ask("HEAD", &path, &agent, b"").await;
    let bot = place.ask("GET", &path, &[("User-Agent", "WhatsApp/2.23")], b"").await;

    assert_eq!((pressed.status, pressed.header("location")), (302, "https://shop.example/a?b=c"));
    assert_eq!((head.status, bot.status), (302, 302), "they are led on too");
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex, nofollow"),
        ("cache-control", "private, no-store"),
    ] {
        assert_eq!(pressed.header(name), value, "{name}");
    }
    wait_until("the visit is counted", || place.house.count("SELECT clicks FROM short_links") == 1).await;
    assert_eq!(place.house.count("SELECT clicks FROM recipients WHERE clicked_at IS NOT NULL"), 1);
}

#[tokio::test]
async fn wrong_ended_deleted_and_guessed_look_alike() {
    let place = Place::new().await;
    let until = place.media.desk.now().0 + 60_000;
    linked(&place, "javascript:alert(1)", until);
    let path = format!("/l/{TOKEN}");

    assert_eq!(place.get(&path).await.status, 404, "what no browser goes to leads nowhere");
    let books = rusqlite::Connection::open(place.house.folder.path().join("depesche.db")).expect("the database");
    let set = |sql: &str| books.execute_batch(&format!("PRAGMA foreign_keys = ON; {sql}")).expect("written");
    set("UPDATE short_links SET target = 'https://shop.example/', expires_at = 1");
    assert_eq!(place.get(&path).await.status, 404, "its time is up");
    set(&format!("UPDATE short_links SET expires_at = {until}"));
    assert_eq!(place.get(&path).await.status, 302);
    for wrong in ["/l/", "/l/short", "/l/..%2f..%2fetc", &format!("{path}/x"), "/l/%00bcdefghijk"] {
        assert_eq!(place.get(wrong).await.status, 404, "{wrong}");
    }
    set("DELETE FROM campaigns");
    let gone = place.get(&path).await;
    assert_eq!(gone.status, 404);
    let guessed = place.get("/l/00000000000").await;
    assert_eq!((guessed.status, guessed.body), (404, gone.body));
}

#[tokio::test]
async fn who_guesses_is_told_nothing_for_a_while() {
    let place = Place::new().await;
    linked(&place, "https://shop.example/", place.media.desk.now().0 + 60_000);
    for guess in 0..10 {
        assert_eq!(place.get(&format!("/l/0000000000{guess}")).await.status, 404);
    }

    assert_eq!(place.get(&format!("/l/{TOKEN}")).await.status, 404, "even a right guess is told nothing");
}
