//! A softphone puts a file here, as linphone does.

use crate::place::{Answer, FILE_BYTES_MAX, Place};
use depesche::sip::digest::hash::{Algorithm, Protection, Question, ha1, response};
use depesche::sip::text::notice::rcs_file;

const BOUNDARY: &str = "----------kVBEQ50jCz4aHHgA5AEbKy4T";
/// One red pixel.
const PIXEL: &str = "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082";

fn pixel() -> Vec<u8> {
    hex::decode(PIXEL).expect("hexadecimal")
}

fn form(name: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data;name=\"File\";filename=\"{name}\"\r\nContent-Type: image/png\r\n\r\n"
    );
    [head.as_bytes(), bytes, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat()
}

/// What `Authorization` says to this challenge.
fn authorization(asked: &Answer, user: &str, password: &str) -> String {
    let challenge = asked.header("www-authenticate");
    let field = |name: &str| {
        let rest = challenge.split(&format!("{name}=\"")).nth(1).expect("in the challenge");
        rest.split('"').next().expect("quoted").to_owned()
    };
    let (realm, nonce) = (field("realm"), field("nonce"));
    let auth = Protection::Auth { nc: "00000001", cnonce: "VSTJjDplSqyhuax0" };
    let question =
        Question { algorithm: Algorithm::Md5, nonce: &nonce, protection: auth, method: "POST", uri: "/ft", body: b"" };
    let answer = response(&ha1(Algorithm::Md5, user, &realm, password), &question);
    format!(
        "Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm=\"MD5\", username=\"{user}\", response=\"{answer}\", \
         cnonce=\"VSTJjDplSqyhuax0\", nc=00000001, qop=auth, uri=\"/ft\""
    )
}

impl Place {
    /// Asks with an empty POST, is challenged, and sends the body.
    async fn puts(&self, user: &str, password: &str, content_type: &str, body: &[u8]) -> Answer {
        let asked = self.ask("POST", "/ft", &[], b"").await;
        assert_eq!(asked.status, 401, "{asked:?}");
        let proof = authorization(&asked, user, password);
        self.ask("POST", "/ft", &[("Authorization", &proof), ("Content-Type", content_type)], body).await
    }

    async fn puts_form(&self, user: &str, password: &str, body: &[u8]) -> Answer {
        self.puts(user, password, &format!("multipart/form-data;boundary={BOUNDARY}"), body).await
    }
}

#[tokio::test]
async fn a_phone_puts_a_file_here_and_is_told_where_it_is() {
    let place = Place::new().await;
    let password = place.house.password("1001");

    let asked = place.ask("POST", "/ft", &[], b"").await;
    let proved = place.ask("POST", "/ft", &[("Authorization", &authorization(&asked, "1001", &password))], b"").await;
    let told = place.puts_form("1001", &password, &form("Bild für dich.png", &pixel())).await;

    assert!(asked.header("www-authenticate").starts_with("Digest realm="));
    assert_eq!(proved.status, 204, "a POST without a body asks whether it may");
    assert_eq!((told.status, told.header("content-type")), (200, "application/vnd.gsma.rcs-ft-http+xml"));
    let offered = rcs_file(&told.body).expect("well-formed");
    assert_eq!(
        (offered.name.as_deref(), offered.media_type.as_deref()),
        (Some("Bild für dich.png"), Some("image/png"))
    );
    assert_eq!(offered.size_bytes, Some(pixel().len() as u64));
    let path = offered.url.strip_prefix("https://sms.example.com").expect("our address");
    assert!(path.starts_with("/ft/") && path.ends_with("/Bild%20f%C3%BCr%20dich.png"), "{path}");
    let again = place.get(path).await;
    assert_eq!((again.status, again.body, again.headers["content-type"].as_str()), (200, pixel(), "image/png"));
    assert_eq!(place.house.count("SELECT count(*) FROM uploads WHERE extension_id IS NOT NULL"), 1);
}

#[tokio::test]
async fn who_does_not_prove_himself_puts_nothing_here_and_learns_nothing() {
    let place = Place::new().await;
    let (right, body) = (place.house.password("1001"), form("a.png", &pixel()));
    let content_type = format!("multipart/form-data;boundary={BOUNDARY}");

    let unproved = place.ask("POST", "/ft", &[("Content-Type", &content_type)], &body).await;
    let wrong = place.puts_form("1001", "not-the-password", &body).await;
    let unknown = place.puts_form("7777", &right, &body).await;
    let asked = place.ask("POST", "/ft", &[], b"").await;
    let proof = authorization(&asked, "1001", &right);
    let once = place.ask("POST", "/ft", &[("Authorization", &proof)], b"").await;
    let again = place.ask("POST", "/ft", &[("Authorization", &proof)], b"").await;

    assert_eq!([unproved.status, wrong.status, unknown.status], [401; 3]);
    let kind = |answer: &Answer| {
        let mut told = answer.clone().told();
        told.headers.remove("www-authenticate");
        told
    };
    assert_eq!(kind(&wrong), kind(&unknown), "nobody learns which extensions there are");
    assert_eq!((once.status, again.status), (204, 401), "whoever listened in cannot use it again");
    assert!(again.header("www-authenticate").contains("stale=true"));
    assert_eq!(place.house.count("SELECT count(*) FROM files"), 0);
}

#[tokio::test]
async fn what_is_no_file_we_take_is_refused_and_leaves_nothing() {
    let place = Place::new().await;
    let password = place.house.password("1001");
    let program = [b"MZ\x90\x00".as_slice(), &[0; 200]].concat();
    let too_large = vec![1; FILE_BYTES_MAX as usize + 1];
    let whole = form("a.png", &pixel());

    let of_type = |status: u16| matches!(status, 415 | 422);
    assert!(of_type(place.puts_form("1001", &password, &form("a.png", &program)).await.status));
    assert!(of_type(place.puts_form("1001", &password, &form("a.png", b"")).await.status));
    assert_eq!(place.puts_form("1001", &password, &form("a.png", &too_large)).await.status, 413);
    assert_eq!(place.puts_form("1001", &password, &whole[..whole.len() - 30]).await.status, 400);
    assert_eq!(place.puts("1001", &password, "image/png", &pixel()).await.status, 400);
    assert_eq!(place.ask("PUT", "/ft", &[], &whole).await.status, 405);

    assert_eq!(place.house.count("SELECT count(*) FROM uploads"), 0);
    let under_way = walk(&place.house.folder.path().join("media"));
    assert_eq!(under_way, Vec::<String>::new());
}

/// Every file below a folder.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        if entry.path().is_dir() {
            files.extend(walk(&entry.path()));
        } else {
            files.push(entry.path().display().to_string());
        }
    }
    files
}

#[tokio::test]
async fn an_extension_puts_so_many_files_here_in_a_minute() {
    let place = Place::new().await;
    let password = place.house.password("1001");
    let mut last = 0;
    for _ in 0..61 {
        last = place.puts("1001", &password, "", b"").await.status;
    }

    assert_eq!(last, 429);
    let other = place.house.password("1002");
    assert_eq!(place.puts("1002", &other, "", b"").await.status, 204, "others go on");
}
