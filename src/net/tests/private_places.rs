//! No call and no redirect reaches a private place, however it is spelled (T27).

use super::*;
use crate::net::body::{Body, PourError};
use crate::net::client::Reach;
use crate::net::fetch::Fetch;
use http::HeaderMap;
use std::sync::Mutex;

#[tokio::test]
async fn a_name_that_leads_to_a_private_place_is_refused() {
    for addr in [
        "127.0.0.2",
        "10.0.0.1",
        "172.16.9.9",
        "192.168.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.2",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "ff02::1",
        "2001:db8::1",
    ] {
        let client = client(|settings| settings.lookup = Arc::new(Book(vec![("media.example.com", vec![addr])])));

        let result = client.call(post("https://media.example.com/x".into())).await;

        assert!(is_refused(&result), "{addr}: {result:?}");
        assert!(result.unwrap_err().to_string().contains("allow_private"));
    }
}

#[tokio::test]
async fn a_private_address_in_any_spelling_is_refused() {
    let client = client(|settings| settings.limits.total_max = Duration::from_millis(500));
    for host in [
        "127.0.0.2",
        "[::1]",
        "[::ffff:127.0.0.2]",
        "[::127.0.0.2]",
        "169.254.169.254",
        "0.0.0.0",
        "[fe80::1]",
        "2130706434",
        "0x7f.2",
        "0177.0.0.2",
        "127.2",
        "[64:ff9b::7f00:2]",
    ] {
        let Ok(request) = Request::get(format!("https://{host}/")).body(Bytes::new()) else { continue };

        let result = client.call(request).await;

        // Numbers that are no address to us are looked up by the system: either it knows them not, or we refuse what it found.
        assert!(is_refused(&result) || is_not_sent(&result), "{host}: {result:?}");
    }
}

#[tokio::test]
async fn no_tls_and_no_web_address_are_refused() {
    let client = client(|settings| settings.lookup = Arc::new(Book(vec![("public.example.com", vec!["1.1.1.1"])])));
    for url in ["http://public.example.com/", "ftp://public.example.com/", "https://user:secret@public.example.com/"] {
        let result = client.call(post(url.into())).await;

        assert!(is_refused(&result), "{url}: {result:?}");
        assert!(!format!("{result:?}").contains("secret"));
    }
}

fn is_not_fetched(result: &Result<Response<Body>, PourError<std::convert::Infallible>>) -> bool {
    matches!(result, Err(PourError::Call(CallError::Refused(_))))
}

/// Answers each path from a table of status and Location, and notes what it was asked.
async fn redirecting_peer(
    table: &'static [(&'static str, &'static str)],
    asked: Arc<Mutex<Vec<String>>>,
) -> SocketAddr {
    peer(move |_, mut socket| {
        let asked = asked.clone();
        async move {
            let port = socket.local_addr().unwrap().port().to_string();
            let request = read_request(&mut socket).await;
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            asked.lock().unwrap().push(request);
            let answer = match table.iter().find(|(from, _)| *from == path) {
                Some((_, to)) => {
                    let to = to.replace("PORT", &port);
                    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                }
                None => OK.to_owned(),
            };
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    })
    .await
}

fn fetching() -> HttpClient {
    let book = vec![
        ("a.example.com", vec!["127.0.0.1"]),
        ("b.example.com", vec!["127.0.0.1"]),
        ("inside.example.com", vec!["10.0.0.1"]),
    ];
    client(|settings| settings.lookup = Arc::new(Book(book)))
}

fn fetch(url: String, hosts: &[&str]) -> Fetch {
    let mut headers = HeaderMap::new();
    headers.insert("authorization", "Basic c2VjcmV0".parse().unwrap());
    headers.insert("x-api-key", "secret".parse().unwrap());
    headers.insert("accept", "image/*".parse().unwrap());
    let hosts = hosts.iter().map(|host| host.to_string()).collect();
    let reach = Reach::Settings;
    Fetch { uri: url.parse().unwrap(), headers, hosts, reach, total_max: Duration::from_secs(5), bytes_max: 1000 }
}

#[tokio::test]
async fn a_fetch_follows_a_redirect_and_takes_no_credentials_to_another_host() {
    let asked = Arc::default();
    let table = &[("/1", "/2"), ("/2", "http://b.example.com:PORT/3")];
    let addr = redirecting_peer(table, Arc::clone(&asked)).await;

    let mut file = Vec::new();
    let from = fetch(format!("http://a.example.com:{}/1", addr.port()), &[]);
    let response = fetching().fetch(from, &mut file).await.unwrap();

    assert_eq!((response.body(), &file[..]), (&Body::Poured(2), &b"ok"[..]));
    let asked = asked.lock().unwrap().clone();
    assert!(asked[1].contains("authorization: Basic"), "the same host may see it: {}", asked[1]);
    assert!(!asked[2].contains("authorization") && !asked[2].contains("secret"), "{}", asked[2]);
    assert!(asked[2].contains("accept: image/*"), "{}", asked[2]);
}

#[tokio::test]
async fn a_fetch_ends_after_three_redirects() {
    let table = &[("/1", "/2"), ("/2", "/3"), ("/3", "/4"), ("/4", "/5")];
    let addr = redirecting_peer(table, Arc::default()).await;

    let from = |path: &str| fetch(format!("http://a.example.com:{}{path}", addr.port()), &[]);
    assert!(is_not_fetched(&fetching().fetch(from("/1"), &mut Vec::new()).await));
    assert!(fetching().fetch(from("/2"), &mut Vec::new()).await.is_ok());
}

#[tokio::test]
async fn a_redirect_to_a_private_place_or_a_foreign_host_is_refused() {
    let table = &[
        ("/inside", "https://inside.example.com/"),
        ("/metadata", "http://169.254.169.254/latest/meta-data"),
        ("/file", "file:///etc/passwd"),
        ("/foreign", "http://b.example.com:PORT/"),
    ];
    let addr = redirecting_peer(table, Arc::default()).await;
    for (path, _) in table {
        let from =
            fetch(format!("http://a.example.com:{}{path}", addr.port()), &["a.example.com", "inside.example.com"]);
        let result = fetching().fetch(from, &mut Vec::new()).await;

        assert!(is_not_fetched(&result), "{path}: {result:?}");
    }
}

#[tokio::test]
async fn a_fetch_never_leaves_https_and_the_usual_ports() {
    let public = client(|settings| {
        settings.lookup = Arc::new(Book(vec![("public.example.com", vec!["1.1.1.1"])]));
        settings.allow_plain_http = true;
    });
    for url in ["http://public.example.com/", "https://public.example.com:8443/"] {
        assert!(is_not_fetched(&public.fetch(fetch(url.into(), &[]), &mut Vec::new()).await), "{url}");
    }

    let folder = Folder::new();
    let down = tls_redirecting_peer(&folder, "http://localhost/").await;
    let trusting = client(|settings| {
        settings.tls = tls::client(Some(folder.certificate.file())).unwrap();
        settings.lookup = Arc::new(Book(vec![("localhost", vec!["127.0.0.1"])]));
    });
    let result = trusting.fetch(fetch(format!("https://localhost:{}/", down.port()), &[]), &mut Vec::new()).await;
    assert!(result.unwrap_err().to_string().contains("without TLS"));
}
