//! Files at the public door, over a real socket: who has an address gets the file and nothing else happens to it; everyone
//! else learns nothing.

mod ingress_house;
#[path = "ingress_media/place.rs"]
mod place;
#[path = "ingress_media/short_link.rs"]
mod short_link;
#[path = "ingress_media/upload.rs"]
mod upload;

use depesche::domain::media::MediaType;
use place::{File, NO_TOKEN, Place, hash};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n0123456789";

fn pictures() -> Vec<File> {
    let thumb = Some(b"\xff\xd8\xff a small one".to_vec());
    vec![File { thumb, ..File::new("Küche \"vorher\".png", MediaType::Png, PNG) }]
}

/// Counting waits for nobody.
async fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(5);
    while !holds() {
        assert!(Instant::now() < until, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_carrier_gets_a_file_whole_or_in_part_and_each_visit_counts_once() {
    let place = Place::new().await;
    let sent = place.sent("look", &pictures()).await;
    let path = place.hosted(&sent, 0, "Kueche.png");

    let whole = place.get(&path).await;
    let head = place.ask("HEAD", &path, &[], b"").await;
    let begun = place.ask("GET", &path, &[("Range", "bytes=0-3")], b"").await;
    let went_on = place.ask("GET", &path, &[("Range", "bytes=4-"), ("If-Range", whole.header("etag"))], b"").await;
    let changed = place.ask("GET", &path, &[("Range", "bytes=4-"), ("If-Range", "\"another\"")], b"").await;
    let beyond = place.ask("GET", &path, &[("Range", "bytes=99-")], b"").await;
    let known = place.ask("GET", &path, &[("If-None-Match", whole.header("etag"))], b"").await;

    assert_eq!((whole.status, &whole.body[..]), (200, PNG));
    for (name, value) in [
        ("content-type", "image/png"),
        ("content-length", "18"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
    ] {
        assert_eq!(whole.header(name), value, "{name}");
    }
    assert!(whole.header("content-security-policy").contains("sandbox"));
    assert!(whole.header("content-security-policy").contains("default-src 'none'"));
    assert!(whole.header("cache-control").starts_with("private"));
    let disposition = "inline; filename=\"K_che _vorher_.png\"; filename*=UTF-8''K%C3%BCche%20%22vorher%22%2Epng";
    assert_eq!(whole.header("content-disposition"), disposition);
    assert_eq!(whole.header("etag"), format!("\"{}\"", hash(PNG).as_str()));
    assert_eq!((head.status, head.header("content-length"), head.body.len()), (200, "18", 0));
    assert_eq!((begun.status, &begun.body[..], begun.header("content-range")), (206, &PNG[..4], "bytes 0-3/18"));
    assert_eq!((went_on.status, &went_on.body[..]), (206, &PNG[4..]));
    assert_eq!((changed.status, &changed.body[..]), (200, PNG), "it starts anew");
    assert_eq!((beyond.status, beyond.header("content-range")), (416, "bytes */18"));
    assert_eq!((known.status, known.body.len()), (304, 0));
    // Whole, begun, and begun anew; the rest is no visit.
    wait_until("three visits", || place.fetched(sent.links[0]) == 3).await;
    assert_eq!(place.page_fetched(&sent), 0);
}

#[tokio::test]
async fn a_page_shows_who_sent_what_in_the_reader_s_language() {
    let place = Place::new().await;
    let mut files = pictures();
    files.push(File::new("Plan.pdf", MediaType::Pdf, *b"%PDF-1.7"));
    let sent = place.sent("Guten Tag,\nhier die Bilder.", &files).await;
    let path = format!("/{}", sent.token);

    let german = place.ask("GET", &path, &[("Accept-Language", "de-DE,de;q=0.9,en;q=0.8")], b"").await;
    let english = place.get(&path).await;
    let head = place.ask("HEAD", &path, &[], b"").await;

    assert_eq!((german.status, english.status, head.status, head.body.len()), (200, 200, 200, 0));
    assert!(german.text().contains("<html lang=\"de\">") && german.text().contains("Guten Tag,\nhier die Bilder."));
    assert!(english.text().contains("<html lang=\"en\">") && english.text().contains("2 files"));
    for (name, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("x-robots-tag", "noindex"),
        ("cache-control", "private, no-store"),
        ("vary", "accept-language"),
    ] {
        assert_eq!(german.header(name), value, "{name}");
    }
    let policy = german.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; img-src 'self'; style-src 'sha256-"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("script") && !policy.contains("unsafe"));
    wait_until("two visits", || place.page_fetched(&sent) == 2).await;
}

#[tokio::test]
async fn what_is_on_the_page_is_behind_it_and_only_pictures_are_shown_in_place() {
    let place = Place::new().await;
    let mut files = pictures();
    files.push(File::new("Plan.pdf", MediaType::Pdf, *b"%PDF-1.7"));
    files.push(File::new("x.txt", MediaType::Text, *b"<html><script>alert(1)</script>"));
    let sent = place.sent("look", &files).await;
    let of = |rest: &str| format!("/{}/{rest}", sent.token);

    let shown = place.get(&of("1")).await;
    let saved = place.get(&of("1?download")).await;
    let thumb = place.get(&of("1/thumb")).await;
    let paper = place.get(&of("2")).await;
    let disguised = place.get(&of("3")).await;

    assert_eq!((shown.status, &shown.body[..]), (200, PNG));
    assert!(shown.header("content-disposition").starts_with("inline;"));
    assert!(saved.header("content-disposition").starts_with("attachment;"));
    assert_eq!((thumb.status, thumb.header("content-type")), (200, "image/jpeg"));
    assert_eq!(thumb.body, b"\xff\xd8\xff a small one");
    for (answer, media_type) in [(&paper, "application/pdf"), (&disguised, "text/plain")] {
        assert_eq!((answer.status, answer.header("content-type")), (200, media_type));
        assert!(answer.header("content-disposition").starts_with("attachment;"), "{media_type}");
        assert!(answer.header("content-security-policy").contains("sandbox"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
    }
    for missing in ["0", "4", "99999999999999999999", "-1", "+1", "1x", "2/thumb", "1/other"] {
        assert_eq!(place.get(&of(missing)).await.status, 404, "{missing}");
    }
    // Looking at what is on a page is the visit of the page.
    assert_eq!(place.page_fetched(&sent), 0);
}

#[tokio::test]
async fn a_picture_that_is_a_page_as_well_stays_a_picture() {
    let place = Place::new().await;
    let polyglot = [b"GIF89a/*".as_slice(), b"<html><script>alert(document.domain)</script>*/"].concat();
    let sent = place.sent("look", &[File::new("a.html", MediaType::Gif, polyglot)]).await;

    let answer = place.get(&format!("/{}/1", sent.token)).await;

    assert_eq!(answer.header("content-type"), "image/gif");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'; sandbox");
}

#[tokio::test]
async fn what_people_wrote_is_text_on_the_page() {
    let place = Place::new().await;
    let nasty = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";
    let sent = place.sent(nasty, &[File::new("\"><svg onload=alert(1)>.png", MediaType::Png, PNG)]).await;

    let page = place.get(&format!("/{}", sent.token)).await.text();

    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
    for never in ["<script", "<img src=x", "<svg onload"] {
        assert!(!page.contains(never), "{never} is in {page}");
    }
}

#[tokio::test]
async fn wrong_ended_and_gone_look_alike() {
    let place = Place::new().await;
    let (sent, now) = (place.sent("look", &pictures()).await, place.media.desk.now());
    let ended = place.sent_until("look", &pictures(), now).await;
    let gone = place.sent("look", &pictures()).await;
    let attachment = gone.attachments[0];
    place.media.desk.store.write(move |tx| tx.expire_attachment(attachment)).await.expect("written");
    let ended_for_a_carrier = place.media.signer.sign(sent.links[0], now);
    let valid = place.hosted(&sent, 0, "a.png");
    let forged = valid.replacen("/media/", "/media/1", 1);

    let wrong = place.get(&format!("/{NO_TOKEN}")).await.told();
    assert_eq!(wrong.status, 404);
    for path in [
        format!("/{}", ended.token),
        format!("/{}/1", ended.token),
        format!("/{}/1/thumb", ended.token),
        format!("/{}/1", gone.token),
        format!("/{NO_TOKEN}/1"),
        format!("/media/{ended_for_a_carrier}/a.png"),
        place.hosted(&gone, 0, "a.png"),
        forged,
        format!("/ft/{}/a.png", "0".repeat(32)),
    ] {
        assert_eq!(place.get(&path).await.told(), wrong, "{path}");
    }
    let says_so = place.get(&format!("/{}", gone.token)).await;
    assert!(says_so.status == 200 && says_so.text().contains("No longer available"), "the page itself is still there");
    assert_eq!(place.get(&valid).await.status, 200);
}

#[tokio::test]
async fn who_guesses_is_told_nothing_and_nobody_else_is_shut_out() {
    let place = Place::new().await;
    let (sent, other) = (place.sent("look", &pictures()).await, place.sent("more", &pictures()).await);
    let (guesser, customer) = ("203.0.113.7", "198.51.100.4");
    assert_eq!(place.get_from(guesser, &format!("/{}", other.token)).await.status, 200);

    for guess in 0..10 {
        assert_eq!(place.get_from(guesser, &format!("/{guess:09}")).await.status, 404);
    }

    assert_eq!(place.get_from(guesser, &format!("/{}", sent.token)).await.status, 404, "a lucky guess");
    assert_eq!(place.get_from(guesser, &format!("/{}/1", sent.token)).await.status, 404);
    assert_eq!(place.get_from(guesser, &format!("/{}/1", other.token)).await.status, 200, "opened from there before");
    assert_eq!(place.get_from(customer, &format!("/{}", sent.token)).await.status, 200);
    let hosted = place.hosted(&sent, 0, "a.png");
    assert_eq!(place.get_from(guesser, &hosted).await.status, 200, "a signature is no guess");
}

#[tokio::test]
async fn no_path_leads_out_and_nothing_else_is_found() {
    let place = Place::new().await;
    let sent = place.sent("look", &pictures()).await;
    let hosted = place.hosted(&sent, 0, "");

    for path in [
        "/",
        "/media",
        "/media/x",
        "/media/../../etc/passwd",
        "/media/..%2f..%2fetc/passwd",
        "/media/%2e%2e/%2e%2e%2fdepesche.db",
        "/ft",
        "/ft/../depesche.db",
        "/ft/%00/x",
        "/%ff%ff/1",
        "/aaaaaaaa%00",
        "/aaaaaaaaé",
        "//aaaaaaaaa",
        "/favicon.ico",
        "/.well-known/security.txt",
        "/api/v1/me",
        &format!("/{}", "a".repeat(5000)),
        &format!("/{}/../../x", sent.token),
    ] {
        let answer = place.get(path).await;
        assert!(matches!(answer.status, 400 | 404 | 405), "{path}: {}", answer.status);
        assert_eq!(answer.header("location"), "", "{path} leads elsewhere");
    }
    for (name, there) in [("..%2f..%2fetc%2fpasswd", true), ("%00", true), ("a/b", false)] {
        assert_eq!(place.get(&format!("{hosted}{name}")).await.status == 200, there, "a name is a label: {name}");
    }
    let robots = place.get("/robots.txt").await;
    assert_eq!(robots.text(), "User-agent: *\nDisallow: /\n");
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(place.ask(method, &format!("/{}", sent.token), &[], b"x").await.status, 405, "{method}");
    }
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let place = Place::with(|settings| settings.unread_max = Duration::from_millis(300)).await;
    let large = vec![7; 16 << 20];
    let sent = place.sent("look", &[File::new("a.mp4", MediaType::Mp4, large.clone())]).await;
    let path = place.hosted(&sent, 0, "a.mp4");

    let mut sleepy = place.asked("GET", &path, &[], b"").await;
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let mut got = Vec::new();
    let _ = sleepy.read_to_end(&mut got).await;

    assert!(got.len() < large.len(), "it was not sent to the end");
    let awake = place.get(&path).await;
    assert_eq!((awake.status, awake.body.len()), (200, large.len()));
}

#[tokio::test]
async fn one_network_takes_so_many_files_at_a_time_and_others_and_carriers_go_on() {
    let place = Place::new().await;
    let sent = place.sent("look", &[File::new("a.mp4", MediaType::Mp4, vec![7; 16 << 20])]).await;
    let path = format!("/{}/1", sent.token);
    let from = [("X-Forwarded-For", "203.0.113.7")];
    let mut held = Vec::new();
    for _ in 0..16 {
        let mut socket = place.asked("GET", &path, &from, b"").await;
        let mut beginning = [0; 16];
        socket.read_exact(&mut beginning).await.expect("it begins");
        held.push(socket);
    }

    let one_more = place.ask("GET", &path, &from, b"").await;
    let elsewhere = place.get_from("203.0.113.8", &path).await;
    let signed = place.hosted(&sent, 0, "a.mp4");
    for _ in 0..20 {
        let mut socket = place.asked("GET", &signed, &from, b"").await;
        let mut status = [0; 12];
        socket.read_exact(&mut status).await.expect("it begins");
        assert_eq!(&status, b"HTTP/1.1 200", "a carrier fetches for all its customers from one address");
        held.push(socket);
    }
    held.clear();

    assert_eq!(one_more.status, 503);
    assert!(!one_more.header("retry-after").is_empty());
    assert_eq!((elsewhere.status, elsewhere.body.len()), (200, 16 << 20));
    let until = Instant::now() + Duration::from_secs(5);
    while place.ask("HEAD", &path, &from, b"").await.status != 200 {
        assert!(Instant::now() < until, "the places do not come back");
    }
}
