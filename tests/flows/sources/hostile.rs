//! Servers that break off, lie, or send what nobody should read.

use crate::sources::address_book::{Said, card, multistatus, response};
use crate::sources::{Read, bounded, carddav, counts, form, sources, tried};
use depesche::domain::contact_source::SourceCounts;
use depesche::domain::contact_source::{
    CarddavSettings, LdapSettings, ProblemCode, SearchScope, Security, SourceSettings,
};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A directory that answers each message with bytes of ours.
async fn directory(answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let answer = Arc::clone(&answer);
            tokio::spawn(async move { converse(socket, &*answer).await });
        }
    });
    port
}

async fn converse(mut socket: TcpStream, answer: &(impl Fn(usize) -> Vec<u8> + Sync)) {
    let mut part = [0; 4096];
    for nth in 1.. {
        if socket.read(&mut part).await.unwrap_or(0) == 0 {
            return;
        }
        let bytes = answer(nth);
        if bytes.is_empty() || socket.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

fn at(port: u16) -> SourceSettings {
    SourceSettings::Ldap(LdapSettings {
        host: "127.0.0.1".into(),
        port: Some(port),
        security: Security::Plain,
        user: String::new(),
        base: "dc=example".into(),
        filter: "(sn=*)".into(),
        scope: SearchScope::Sub,
        key: String::new(),
        attributes: Default::default(),
    })
}

fn wrapped(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).expect("small").to_be_bytes();
    [&[tag, 0x84], &length[..], content].concat()
}

fn message(nth: usize, operation: u8, content: &[u8]) -> Vec<u8> {
    let id = u8::try_from(nth).expect("few");
    wrapped(0x30, &[&[2, 1, id], &wrapped(operation, content)[..]].concat())
}

fn entry(nth: usize, dn: &str, attributes: &[(&str, &str)]) -> Vec<u8> {
    let attribute = |(name, value): &(&str, &str)| {
        let values = wrapped(0x31, &wrapped(4, value.as_bytes()));
        wrapped(0x30, &[wrapped(4, name.as_bytes()), values].concat())
    };
    let all: Vec<u8> = attributes.iter().flat_map(attribute).collect();
    message(nth, 0x64, &[wrapped(4, dn.as_bytes()), wrapped(0x30, &all)].concat())
}

fn done(nth: usize) -> Vec<u8> {
    message(nth, 0x65, &[0x0a, 1, 0, 4, 0, 4, 0])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_to_a_directory_that_breaks_in_the_middle_changes_nothing() {
    let port = directory(|nth| {
        let all = (0..20).flat_map(|who| entry(nth, &format!("uid={who}"), &[("sn", &format!("Ada {who}"))]));
        all.chain(done(nth)).collect()
    })
    .await;
    bounded(async {
        let read = Read::once(sources(None), form(at(port), "")).await;
        assert_eq!(read.source().await.counts, Some(counts(20, 0, 0)));

        // In the middle of an entry.
        let problem = tried(&read.sources, at(cut_after(port, 300).await), "").await.expect_err("it broke");

        assert_eq!(problem.code, ProblemCode::Broken);
        assert_eq!(read.names().await.len(), 20);
        read.world.finish().await;
    })
    .await;
}

/// A line to a port that ends after so many bytes of answer.
async fn cut_after(port: u16, bytes: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let cutting = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut far = TcpStream::connect(("127.0.0.1", port)).await.expect("somebody listens");
            tokio::spawn(async move {
                let mut part = vec![0; 4096];
                let count = near.read(&mut part).await.unwrap_or(0);
                let _ = far.write_all(&part[..count]).await;
                let mut answer = vec![0; bytes];
                let _ = far.read_exact(&mut answer).await;
                let _ = near.write_all(&answer).await;
                let _ = near.shutdown().await;
            });
        }
    });
    cutting
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_directory_says_is_bounded() {
    let sources = sources(None);
    bounded(async {
        let huge = "ä".repeat(1 << 19);
        let port =
            directory(move |nth| [entry(nth, "uid=1", &[("sn", &huge), ("mobile", "1")]), done(nth)].concat()).await;
        assert_eq!(tried(&sources, at(port), "").await, Ok(1), "a name of a megabyte is cut");

        let mut deep = Vec::new();
        for _ in 0..50_000 {
            deep = [&[0x30, 0x84], &u32::try_from(deep.len()).expect("small").to_be_bytes()[..], &deep].concat();
            if deep.len() > 200_000 {
                break;
            }
        }
        for (what, bytes) in [
            ("depth", message(1, 0x64, &deep)),
            ("a web server", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()),
            ("an entry without a name", [message(1, 0x64, &[4, 0]), message(1, 0x65, &[4, 0])].concat()),
            ("an answer to another question", message(1, 0x61, &[0x0a, 1, 0, 4, 0, 4, 0])),
            ("a result without a code", message(1, 0x65, &[4, 0])),
        ] {
            let port = directory(move |_| bytes.clone()).await;
            let problem = tried(&sources, at(port), "").await;
            let code = problem.as_ref().err().map(|problem| problem.code);
            assert!(matches!(code, Some(ProblemCode::Unreadable | ProblemCode::Broken)), "{what}: {problem:?}");
        }
        let port = directory(|_| vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]).await;
        assert_eq!(tried(&sources, at(port), "").await.expect_err("too long").code, ProblemCode::TooMuch);
    })
    .await;
}

const BOOK: &str = r#"<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><response><href>/book/</href><propstat><prop><resourcetype><collection/><C:addressbook/></resourcetype></prop><status>HTTP/1.1 200 OK</status></propstat></response></multistatus>"#;

fn told(hrefs: &[(&str, &str)]) -> String {
    let one = |(href, prop): &(&str, &str)| {
        format!(
            "<response><href>{href}</href><propstat><prop>{prop}</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
        )
    };
    let all: String = hrefs.iter().map(one).collect();
    format!(r#"<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav">{all}</multistatus>"#)
}

/// A book without sync: cards by version, as in this list.
async fn book(cards: Arc<Mutex<Vec<(String, usize, String)>>>) -> Said {
    Said::by(move |request| {
        let cards = cards.lock().expect("no panic here").clone();
        if request.contains("resourcetype/><displayname") {
            return multistatus(BOOK);
        }
        if request.starts_with("PROPFIND") {
            let etags: Vec<_> = cards
                .iter()
                .map(|(href, version, _)| (href.clone(), format!("<getetag>\"{version}\"</getetag>")))
                .collect();
            let etags: Vec<_> = etags.iter().map(|(href, etag)| (href.as_str(), etag.as_str())).collect();
            return multistatus(&told(&etags));
        }
        let asked: Vec<_> = cards
            .iter()
            .filter(|(href, ..)| request.contains(&format!(">{href}<")))
            .map(|(href, version, card)| {
                (href.clone(), format!("<getetag>\"{version}\"</getetag><C:address-data>{card}</C:address-data>"))
            })
            .collect();
        let asked: Vec<_> = asked.iter().map(|(href, card)| (href.as_str(), card.as_str())).collect();
        multistatus(&told(&asked))
    })
    .await
}

fn cards(count: usize) -> Vec<(String, usize, String)> {
    (0..count).map(|nth| (format!("/book/{nth}.vcf"), 1, card(nth, "Lovelace"))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_book_without_sync_is_followed_by_versions_and_only_what_changed_is_fetched() {
    let there = Arc::new(Mutex::new(cards(120)));
    let server = book(Arc::clone(&there)).await;
    bounded(async {
        let read = Read::once(sources(None), form(carddav(server.url("/book/")), "pw")).await;
        assert_eq!(read.source().await.counts, Some(counts(120, 0, 0)));
        server.asked.lock().expect("no panic here").clear();
        {
            let mut there = there.lock().expect("no panic here");
            there[5] = ("/book/5.vcf".into(), 2, card(5, "King"));
            there.remove(7);
        }

        assert_eq!(read.again().await.counts, Some(counts(0, 1, 1)));
        let asked = server.asked.lock().expect("no panic here").clone();
        let fetched: Vec<_> = asked.iter().filter(|request| request.starts_with("REPORT")).collect();
        assert_eq!(fetched.len(), 1);
        assert!(fetched[0].contains("/book/5.vcf") && !fetched[0].contains("/book/6.vcf"));
        assert!(asked.iter().all(|request| request.contains("authorization: Basic YWRhOnB3")));
        read.world.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_that_cannot_be_read_is_counted_and_what_was_known_stays() {
    let there = Arc::new(Mutex::new(cards(3)));
    let server = book(Arc::clone(&there)).await;
    bounded(async {
        let read = Read::once(sources(None), form(carddav(server.url("/book/")), "pw")).await;
        there.lock().expect("no panic here")[1] = ("/book/1.vcf".into(), 2, "not a card".into());
        there.lock().expect("no panic here")[2] = ("/book/2.vcf".into(), 2, "x".repeat(2 << 20));

        let source = read.again().await;

        let unreadable = SourceCounts { unreadable: 2, ..SourceCounts::default() };
        assert_eq!((source.contacts, source.counts), (3, Some(unreadable)));
        read.world.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_address_book_that_answers_half_or_badly_changes_nothing() {
    let there = Arc::new(Mutex::new(cards(30)));
    let answers = Arc::new(Mutex::new(None::<Vec<u8>>));
    let good = book(Arc::clone(&there)).await;
    let instead = Arc::clone(&answers);
    let server = Said::by(move |request| {
        let given = instead.lock().expect("no panic here").clone();
        match given {
            Some(bytes) if !request.contains("resourcetype/><displayname") => bytes,
            // It waits for another server of this runtime, which must not want for a thread meanwhile.
            _ => tokio::task::block_in_place(|| proxied(good.port, request)),
        }
    })
    .await;
    bounded(async {
        let read = Read::once(sources(None), form(carddav(server.url("/book/")), "pw")).await;
        assert_eq!(read.source().await.contacts, 30);
        let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><multistatus>&b;</multistatus>";
        let whole = multistatus(&told(&[("/book/1.vcf", "<getetag>\"1\"</getetag>")]));
        let none = multistatus(&told(&[]));
        for (bytes, code) in [
            (whole[..whole.len() - 10].to_vec(), ProblemCode::Broken),
            (Vec::new(), ProblemCode::Broken),
            (multistatus(laughs), ProblemCode::Unreadable),
            (multistatus(&"<a>".repeat(10_000)), ProblemCode::Unreadable),
            (response("200 OK", "<html>Welcome</html>"), ProblemCode::Unreadable),
            (response("503 Service Unavailable", ""), ProblemCode::Unreachable),
            (response("403 Forbidden", ""), ProblemCode::Forbidden),
            (response("401 Unauthorized", ""), ProblemCode::Credentials),
            (whole, ProblemCode::FarFewer),
            (none, ProblemCode::FarFewer),
        ] {
            *answers.lock().expect("no panic here") = Some(bytes);

            let source = read.again().await;

            assert_eq!((Read::problem(&source), source.contacts), (code, 30));
        }
        *answers.lock().expect("no panic here") = None;
        assert_eq!(read.again().await.problem, None, "it is well again by itself");
        read.world.finish().await;
    })
    .await;
}

/// What a server that is well would say, asked with a plain socket.
fn proxied(port: u16, request: &str) -> Vec<u8> {
    use std::io::{Read, Write};
    let mut socket = std::net::TcpStream::connect(("127.0.0.1", port)).expect("somebody listens");
    socket.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("set");
    socket.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).expect("answered");
    answer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_password_is_sent_to_no_other_server() {
    let other = Said::by(|_| multistatus(BOOK)).await;
    let elsewhere = other.url("/book/");
    let server = Said::by(move |_| {
        format!("HTTP/1.1 301 Moved\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .into_bytes()
    })
    .await;
    bounded(async {
        let problem = tried(&sources(None), carddav(server.url("/")), "pw").await.expect_err("it leads away");

        assert_eq!(problem.code, ProblemCode::NoBook);
        assert!(problem.en.contains(&format!("127.0.0.1:{}", other.port)), "{problem:?}");
        assert!(other.asked.lock().expect("no panic here").is_empty());
        let plain = SourceSettings::Carddav(CarddavSettings { url: "http://192.0.2.1/".into(), user: String::new() });
        assert_eq!(tried(&sources(None), plain, "").await.expect_err("not there").code, ProblemCode::NotAllowed);
    })
    .await;
}
