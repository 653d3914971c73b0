//! Uploads through the API: taken by what they truly are, kept once, seen by nobody else, and refused with a reason.

use crate::house::{FILE_BYTES_MAX, House};
use crate::samples::{card, film, jpeg, paper, sound, words};
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// How many files lie in the archive.
async fn kept(house: &House) -> usize {
    house.state.media.archive.all(None, 100).await.unwrap().len()
}

#[tokio::test]
async fn a_file_is_taken_for_what_its_bytes_say_whatever_it_is_called() {
    let house = House::build().await;

    for (given, bytes, family, media_type, name) in [
        ("Urlaub am Meer.exe", jpeg(64, 48), "picture", "image/jpeg", "Urlaub am Meer.jpg"),
        ("../../etc/offer.PDF", paper(), "paper", "application/pdf", "offer.pdf"),
        ("", film(), "video", "video/mp4", "video.mp4"),
        ("voice", sound(), "audio", "audio/wav", "voice.wav"),
        ("Carla\u{202e}fcv.exe", card(), "card", "text/vcard", "Carlafcv.vcf"),
        ("notes.html", words(), "document", "text/plain", "notes.txt"),
    ] {
        let size = bytes.len();

        let taken = house.upload("anna", given, bytes).await;

        assert_eq!(taken.status, StatusCode::CREATED, "{given}: {}", taken.text);
        let taken = taken.json();
        assert_eq!(
            (&taken["name"], &taken["family"], &taken["media_type"], &taken["bytes"]),
            (&json!(name), &json!(family), &json!(media_type), &json!(size)),
            "{given}"
        );
    }
    let picture = house.upload("anna", "a.jpg", jpeg(64, 48)).await.json();
    assert_eq!((&picture["width"], &picture["height"], &picture["has_thumb"]), (&json!(64), &json!(48), &json!(true)));
    let paper = house.upload("anna", "a.pdf", paper()).await.json();
    assert_eq!((&paper["count"], &paper["width"], &paper["has_thumb"]), (&json!(1), &Value::Null, &json!(false)));
}

#[tokio::test]
async fn what_cannot_be_taken_is_refused_with_its_reason_and_leaves_nothing_behind() {
    let house = House::build().await;
    let too_large = vec![b'a'; FILE_BYTES_MAX as usize + 1];
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec();
    let cut = jpeg(640, 480)[..300].to_vec();

    for (name, bytes, status, code) in [
        ("junk.jpg", vec![7, 1, 0, 200, 3], 415, "file_type_not_allowed"),
        ("drawing.png", svg, 415, "file_type_not_allowed"),
        ("program.pdf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec(), 415, "file_type_not_allowed"),
        ("empty.jpg", Vec::new(), 422, "file_unreadable"),
        ("cut.jpg", cut, 422, "file_unreadable"),
        ("long.txt", too_large, 413, "file_too_large"),
    ] {
        let refused = house.upload("anna", name, bytes).await;

        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (status, code), "{name}: {}", refused.text);
        assert_eq!(refused.header("content-type"), "application/problem+json");
        let problem = refused.json();
        for title in ["title", "title_de"] {
            assert!(problem[title].as_str().unwrap().starts_with(&format!("{name}: ")), "{title}: {}", refused.text);
        }
        assert_ne!(problem["title"], problem["title_de"], "{name}");
    }
    assert_eq!((kept(&house).await, house.state.media.archive.used_bytes()), (0, 0));
}

#[tokio::test]
async fn without_room_a_file_is_refused_and_what_is_here_stays() {
    let house = House::with_room(4_000).await;
    let card_id = house.uploaded("anna", "carla.vcf", card()).await;

    let full = house.upload("anna", "a.jpg", jpeg(320, 240)).await;

    assert_eq!((full.status, full.code().as_str()), (StatusCode::INSUFFICIENT_STORAGE, "files_full"), "{}", full.text);
    assert_eq!(house.get("anna", &format!("/api/v1/uploads/{card_id}/file")).await.bytes, card());
    assert_eq!(kept(&house).await, 1);
}

#[tokio::test]
async fn the_same_content_twice_is_one_file_whoever_puts_it_here() {
    let house = House::build().await;

    let first = house.uploaded("anna", "a.jpg", jpeg(64, 48)).await;
    let again = house.uploaded("anna", "a.jpg", jpeg(64, 48)).await;
    let bens = house.uploaded("ben", "a.jpg", jpeg(64, 48)).await;

    assert!(first != again && again != bens, "each is taken back on its own: two tabs may attach the same picture");
    assert_eq!(kept(&house).await, 1);
    house.delete("anna", &format!("/api/v1/uploads/{first}")).await;
    for (user, id) in [("anna", again), ("ben", bens)] {
        assert_eq!(house.get(user, &format!("/api/v1/uploads/{id}/file")).await.bytes, jpeg(64, 48), "{user}");
    }
}

#[tokio::test]
async fn nobody_sees_or_takes_back_what_another_put_here() {
    let house = House::build().await;
    let (mine, deleted) =
        (house.uploaded("anna", "a.jpg", jpeg(64, 48)).await, house.uploaded("anna", "b.pdf", paper()).await);
    let bens = house.uploaded("ben", "c.vcf", card()).await;
    assert_eq!(house.delete("anna", &format!("/api/v1/uploads/{deleted}")).await.status, StatusCode::NO_CONTENT);

    for (method, path) in [(Method::GET, "/file"), (Method::GET, "/thumb"), (Method::DELETE, "")] {
        for user in ["ben", "carla", "super", "admin"] {
            let path = format!("/api/v1/uploads/{mine}{path}");
            let answer = house.send(house.request(user, method.clone(), &path, None)).await;
            assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "not_found"), "{user} {path}");
        }
    }

    let listed = house.get("anna", &format!("/api/v1/uploads?ids={bens},{mine},{deleted},999999")).await;
    assert_eq!(listed.items().iter().map(|one| one["id"].as_i64()).collect::<Vec<_>>(), [Some(mine)]);
    assert_eq!(house.get("admin", &format!("/api/v1/uploads?ids={mine}")).await.items().len(), 0);
    let gone = house.delete("anna", &format!("/api/v1/uploads/{deleted}")).await;
    assert_eq!(gone.status, StatusCode::NOT_FOUND);
    let nonsense = house.get("anna", "/api/v1/uploads?ids=1;drop").await;
    assert_eq!((nonsense.status, nonsense.code().as_str()), (StatusCode::UNPROCESSABLE_ENTITY, "invalid"));
    assert!(nonsense.json()["fields"].get("ids").is_some(), "{}", nonsense.text);
}

#[tokio::test]
async fn an_upload_can_be_looked_at_before_it_is_sent() {
    let house = House::build().await;
    let picture = house.uploaded("anna", "a.jpg", jpeg(640, 480)).await;
    let card_id = house.uploaded("anna", "carla.vcf", card()).await;

    let thumb = house.get("anna", &format!("/api/v1/uploads/{picture}/thumb")).await;
    let none = house.get("anna", &format!("/api/v1/uploads/{card_id}/thumb")).await;

    let small = image::load_from_memory(&thumb.bytes).unwrap();
    assert_eq!((thumb.header("content-type"), small.width().max(small.height())), ("image/jpeg", 320));
    assert_eq!(none.status, StatusCode::NOT_FOUND);
    let file = house.get("anna", &format!("/api/v1/uploads/{card_id}/file")).await;
    assert_eq!((file.header("content-type"), &file.bytes[..]), ("text/vcard", &card()[..]));
    assert!(file.header("content-disposition").starts_with("attachment; "), "a contact is saved, not opened");
}

#[tokio::test]
async fn an_upload_that_is_not_of_the_portal_is_refused() {
    let house = House::build().await;
    let mut forged = house.request("anna", Method::POST, "/api/v1/uploads?name=a.vcf", None);
    forged.headers_mut().remove("x-depesche");
    *forged.body_mut() = card().into();

    let refused = house.send(forged).await;

    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "csrf"));
    assert_eq!(house.upload("", "a.vcf", card()).await.code(), "not_logged_in");
    assert_eq!(kept(&house).await, 0);
}
