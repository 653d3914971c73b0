//! Files of contacts come in as PBXs, spreadsheets and phones write them, and go out so that nothing in them runs. All
//! people are invented, all numbers are reserved for it.

use crate::house::{Answer, House};
use axum::body::{Body, Bytes};
use depesche::flow::phonebook::import::work;
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

const YEASTAR: &str = "\u{feff}First Name,Last Name,Company Name,Email,Business Number,Business Number 2,Business Fax,Mobile,\
    Mobile 2,Home,Home 2,Home Fax,Other,ZIP Code,Street,City,State,Country,Remark,Phonebook\r\n\
    Anna,Müller,\"Weiß, Bau\",anna@example.com,030 23125001,,,01555 0000001,,,,,,10115,Am Platz 1,Berlin,,Germany,\"Called\r\ntwice\",Default\r\n\
    Ben,Otto,,,*99#,,,+49 1555 0000002,,,,,,,,,,,,Default\r\n\
    ,,,,,,,,,,,,,,,,,,only a remark,Default\r\n\
    Carla,Ünal,,carla@example.com,,,,001 555 0103,,,,,,,,,,,,Default\r\n";

const THREE_CX: &str = "FirstName,LastName,Company,Mobile,Mobile2,Home,Home2,Business,Business2,Email,Other,BusinessFax,HomeFax,Pager\n\
    Jörg,Weiß,Söhne & Co,+4915550000011,,,,+15550111,101,joerg@example.com,,+15550112,,\n\
    Zoë,Łuk,,+4915550000012,,,,,,,,,,\n";

async fn put_here(house: &House, name: &str, bytes: impl Into<Bytes>) -> Answer {
    let mut request = house.request("super", Method::POST, &format!("/api/v1/imports?name={name}"), None);
    *request.body_mut() = Body::from(bytes.into());
    house.send(request).await
}

/// A file that is taken.
async fn taken(house: &House, bytes: impl Into<Bytes>) -> Value {
    let answer = put_here(house, "people.csv", bytes).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
    answer.json()
}

fn at_work(house: &House) -> (JoinHandle<()>, CancellationToken) {
    let stop = CancellationToken::new();
    (tokio::spawn(work::run(house.state.imports.clone(), stop.clone())), stop)
}

/// An import once it is in this state, or has ended in another.
async fn until(house: &House, import: &Value, state: &str) -> Value {
    for _ in 0..60_000 {
        let now = house.get("super", &format!("/api/v1/imports/{}", import["id"])).await.json();
        if now["state"] == state || now["state"] == "failed" {
            assert_eq!(now["state"], state, "{now}");
            return now;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it never came to {state}");
}

async fn step(house: &House, import: &Value, what: &str) -> Answer {
    house.post("super", &format!("/api/v1/imports/{}/{what}", import["id"]), json!({})).await
}

/// Decides as was guessed, but for some things.
async fn decided(house: &House, import: &Value, other: Value) -> Answer {
    let mut plan =
        json!({ "layout": import["layout"], "mapping": import["mapping"], "phonebook": null, "known": "skip" });
    plan.as_object_mut().unwrap().extend(other.as_object().unwrap().clone());
    house.put("super", &format!("/api/v1/imports/{}", import["id"]), plan).await
}

async fn taken_over(house: &House, import: &Value) -> Value {
    let begun = step(house, import, "run").await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    until(house, import, "done").await
}

async fn people(house: &House) -> Vec<Value> {
    house.get("super", "/api/v1/contacts?limit=200").await.items()
}

fn counts(import: &Value) -> [u64; 5] {
    ["rows_done", "added", "updated", "skipped", "faulty"].map(|name| import[name].as_u64().unwrap())
}

#[tokio::test]
async fn a_yeastar_export_is_recognised_looked_through_and_taken_over() {
    let house = House::build().await;
    let _work = at_work(&house);
    let book = house.post("super", "/api/v1/phonebooks", json!({ "name": "PBX" })).await.json()["id"].clone();

    let import = taken(&house, YEASTAR).await;
    assert_eq!(
        (&import["recognised"], &import["format"], &import["state"]),
        (&json!("yeastar"), &json!("csv"), &json!("uploaded"))
    );
    assert_eq!(import["first"][0][18], "Called\r\ntwice");
    let decided = decided(&house, &import, json!({ "phonebook": book })).await;
    assert_eq!(decided.status, StatusCode::OK, "{}", decided.text);

    assert_eq!(step(&house, &import, "check").await.status, StatusCode::OK);
    let checked = until(&house, &import, "checked").await;
    assert_eq!((counts(&checked), &checked["rows_total"]), ([4, 3, 0, 0, 1], &json!(4)));
    assert!(people(&house).await.is_empty(), "a dry run writes nothing");
    let lines: Vec<_> = checked["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["column"].clone()))
        .collect();
    assert_eq!(lines, [(4, json!("Business Number")), (5, Value::Null)]);

    let done = taken_over(&house, &import).await;

    assert_eq!(counts(&done), [4, 3, 0, 0, 1]);
    let people = people(&house).await;
    let names: Vec<_> = people.iter().map(|one| one["last_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Müller", "Otto", "Ünal"]);
    let anna = house.get("super", &format!("/api/v1/contacts/{}", people[0]["id"])).await.json();
    assert_eq!((&anna["company"], &anna["remark"]), (&json!("Weiß, Bau"), &json!("Called\ntwice")));
    assert_eq!((&anna["address"], &anna["phonebooks"]), (&json!("10115, Am Platz 1, Berlin, Germany"), &json!([book])));
    assert_eq!(anna["numbers"][1]["address"], "+4915550000001");
    assert_eq!(
        (&people[1]["numbers"][0]["given"], &people[1]["numbers"][0]["address"]),
        (&json!("*99#"), &Value::Null)
    );
    let table = house.get("super", &format!("/api/v1/imports/{}/faults.csv", import["id"])).await;
    assert!(table.text.contains("\r\n4,Business Number,"), "{}", table.text);
    assert_eq!(step(&house, &import, "run").await.status, StatusCode::CONFLICT, "it is not taken over twice");
}

#[tokio::test]
async fn tables_of_any_encoding_and_separator_come_in() {
    let house = House::build().await;
    let _work = at_work(&house);
    let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(THREE_CX.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let outlook = "Anrede;Vorname;Nachname;Firma;Telefon geschäftlich;Mobiltelefon;E-Mail-Adresse\r\n\
         Frau;Änne;Größ;\"A; B\";+1 555 0121;+49 1555 0000021;aenne@example.com\r\n";
    let (windows, _, _) = encoding_rs::WINDOWS_1252.encode(outlook);
    let cards = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:M=C3=BCnch;Tom\r\n\
         TEL;CELL:+4915550000031\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:4.0\r\nFN:Ida Berg\r\nEND:VCARD\r\n";

    for (bytes, whose) in [(wide, "3cx"), (windows.into_owned(), "outlook"), (cards.as_bytes().to_vec(), "")] {
        let import = taken(&house, bytes).await;
        assert_eq!(import["recognised"].as_str().unwrap_or_default(), whose, "{import}");
        taken_over(&house, &import).await;
    }

    let people = people(&house).await;
    let names: Vec<_> = people
        .iter()
        .map(|one| format!("{} {}", one["first_name"].as_str().unwrap(), one["last_name"].as_str().unwrap()))
        .collect();
    assert_eq!(names, ["Ida Berg", "Änne Größ", "Zoë Łuk", "Tom Münch", "Jörg Weiß"]);
    assert_eq!(people[1]["company"], "A; B");
    assert_eq!(people[4]["numbers"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn whom_one_knows_is_skipped_written_over_or_added_again() {
    let house = House::build().await;
    let _work = at_work(&house);
    let first = "Vorname,Nachname,E-Mail,Mobil,Firma\nAnna,Meier,anna@example.com,+15550141,Old\nBen,Otto,,,\n";
    taken_over(&house, &taken(&house, first).await).await;
    // By number, by e-mail address, by name, and nobody.
    let again = "Vorname,Nachname,E-Mail,Mobil,Firma\nAnna-Maria,Meier,,+1 555 0141,New\nA,M,ANNA@example.com,,\nBen,Otto,,,Acme\nIda,Berg,,,\n";

    let skipped = taken_over(&house, &taken(&house, again).await).await;
    assert_eq!(counts(&skipped), [4, 1, 0, 3, 0]);

    let import = taken(&house, again).await;
    decided(&house, &import, json!({ "known": "update" })).await;
    let updated = taken_over(&house, &import).await;
    assert_eq!(counts(&updated), [4, 0, 3, 1, 0]);
    let all = people(&house).await;
    assert_eq!(all.len(), 3);
    let ben = all.iter().find(|one| one["first_name"] == "Ben").unwrap();
    assert_eq!(ben["company"], "Acme");
    let anna = all.iter().find(|one| one["email"] == "ANNA@example.com").unwrap();
    assert_eq!((&anna["company"], &anna["numbers"][0]["given"]), (&json!("New"), &json!("+1 555 0141")));

    let import = taken(&house, again).await;
    decided(&house, &import, json!({ "known": "add" })).await;
    assert_eq!(counts(&taken_over(&house, &import).await), [4, 4, 0, 0, 0]);
    assert_eq!(people(&house).await.len(), 7);
}

#[tokio::test]
async fn what_is_no_table_is_refused_with_what_to_do() {
    let house = House::build().await;
    let wide = vec!["x"; 10_000].join(",");
    for (bytes, said) in [
        (b"PK\x03\x04workbook".to_vec(), "save it there as CSV"),
        (Vec::new(), "empty"),
        (b"\n\n\n".to_vec(), "no row"),
        (wide.into_bytes(), "more than 1024 cells"),
        (vec!["x"; 300].join(",").into_bytes(), "at most 200"),
        (vec![b'x'; 1_000_000], "longer than 128 KB"),
        (vec![b'x'; (64 << 20) + 1], "larger than 64 MB"),
    ] {
        let refused = put_here(&house, "x.csv", bytes).await;

        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.text);
        assert!(refused.text.contains(said), "{said}: {}", refused.text);
    }
    assert!(house.get("super", "/api/v1/imports").await.items().is_empty());
    let left = std::fs::read_dir(house.folder.path().join("imports")).unwrap().count();
    assert_eq!(left, 0, "what was refused leaves nothing behind");
}

#[tokio::test]
async fn a_line_made_to_harm_costs_only_itself() {
    let house = House::build().await;
    let _work = at_work(&house);
    let mut bytes = b"Vorname,Nachname,Mobil\nAnna,Meier,+15550151\n".to_vec();
    bytes.extend(std::iter::repeat_n(b'x', 60 << 20));
    bytes.extend(format!("\n{}\nBen,Otto,+15550152\n", ",".repeat(5_000)).bytes());

    let done = taken_over(&house, &taken(&house, bytes).await).await;

    assert_eq!(counts(&done), [4, 2, 0, 0, 2]);
    let lines: Vec<_> =
        done["faults"].as_array().unwrap().iter().map(|fault| fault["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [3, 4]);
}

#[tokio::test]
async fn a_mapping_is_corrected_and_checked() {
    let house = House::build().await;
    let _work = at_work(&house);
    let import = taken(&house, "Wer;Nr;Filiale\nMüller, Anna;01555 0000061;Bonn\n").await;
    assert_eq!(import["mapping"], json!([null, null, null]));
    assert_eq!(
        step(&house, &import, "run").await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "no column is anything yet"
    );

    for (mapping, status) in [
        (json!(["full_name", "number:pager", null]), StatusCode::UNPROCESSABLE_ENTITY),
        (json!(["full_name", "number:mobile", "number:mobile"]), StatusCode::UNPROCESSABLE_ENTITY),
        (json!(["full_name", "number:mobile", "custom:Branch"]), StatusCode::OK),
    ] {
        assert_eq!(decided(&house, &import, json!({ "mapping": mapping })).await.status, status, "{mapping}");
    }
    assert_eq!(decided(&house, &import, json!({ "phonebook": 99 })).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let other = json!({ "layout": { "encoding": "utf-8", "separator": "semicolon", "header": false } });
    let read_anew = decided(&house, &import, other).await.json();
    assert_eq!((&read_anew["columns"], &read_anew["first"][0][0]), (&json!(["#1", "#2", "#3"]), &json!("Wer")));
    let plan = json!({ "mapping": ["full_name", "number:mobile", "custom:Branch"] });
    assert_eq!(decided(&house, &import, plan).await.status, StatusCode::OK, "the columns have their names again");
    let now = house.get("super", &format!("/api/v1/imports/{}", import["id"])).await.json();
    decided(&house, &now, json!({ "mapping": ["full_name", "number:mobile", "custom:Branch"] })).await;

    taken_over(&house, &import).await;

    let one = &people(&house).await[0];
    assert_eq!((&one["first_name"], &one["numbers"][0]["address"]), (&json!("Anna"), &json!("+4915550000061")));
    let whole = house.get("super", &format!("/api/v1/contacts/{}", one["id"])).await.json();
    assert_eq!(whole["custom"], json!({ "Branch": "Bonn" }));
}

fn many(rows: u64) -> String {
    let mut text = String::from("First Name,Last Name,Company,Email,Mobile,Business\n");
    for nth in 0..rows {
        text += &format!(
            "Given{nth},Family{},Company {},p{nth}@example.com,+49155{:08},030{:08}\n",
            nth % 7919,
            nth % 997,
            nth,
            nth
        );
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_interrupted_goes_on_where_it_was_and_takes_nobody_twice() {
    const ROWS: u64 = 4_000;
    let house = House::build().await;
    let import = taken(&house, many(ROWS)).await;
    decided(&house, &import, json!({ "known": "add" })).await;
    let mut stops = 0;
    step(&house, &import, "run").await;
    let (mut work, mut stop) = at_work(&house);
    let mut before = 0;
    loop {
        let now = house.get("super", &format!("/api/v1/imports/{}", import["id"])).await.json();
        if now["state"] == "done" {
            assert_eq!(counts(&now), [ROWS, ROWS, 0, 0, 0]);
            break;
        }
        if now["rows_done"].as_u64().unwrap() > before {
            before = now["rows_done"].as_u64().unwrap();
            stop.cancel();
            work.await.unwrap();
            stops += 1;
            (work, stop) = at_work(&house);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(stops > 2, "only {stops} interruptions");
    let count = house.state.reader.read(|db| db.contact_count()).await.unwrap();
    assert_eq!(count, ROWS);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_erased_after_the_file_came_does_not_come_back_from_it() {
    let house = House::build().await;
    let (work, stop) = at_work(&house);
    let table = "Last name,Mobile,Home\nOtto,0155 50000071,\nWeiß,+4915550000072,\nErb,+4915550000073,0155 50000071\n";
    let import = taken(&house, table).await;
    let form = json!({ "address": "+4915550000071", "confirm": "+4915550000071" });
    let erased = house.post("admin", "/api/v1/people/erase", form).await;
    assert_eq!(erased.status, StatusCode::OK, "{}", erased.text);

    step(&house, &import, "check").await;
    let checked = until(&house, &import, "checked").await;
    let done = taken_over(&house, &import).await;

    assert_eq!((counts(&checked), counts(&done)), ([3, 1, 0, 2, 0], [3, 1, 0, 2, 0]));
    assert_eq!(people(&house).await.iter().map(|one| &one["last_name"]).collect::<Vec<_>>(), ["Weiß"]);
    assert_eq!(done["first"].as_array().unwrap().len(), 1, "{}", done["first"]);
    house.clock.advance(Duration::from_secs(1));
    let again = taken_over(&house, &taken(&house, table).await).await;
    assert_eq!(counts(&again), [3, 1, 0, 2, 0], "whoever brings them anew may");
    stop.cancel();
    work.await.unwrap();
}

#[tokio::test]
async fn an_import_that_is_deleted_while_it_is_at_work_stops() {
    let house = House::build().await;
    let _work = at_work(&house);
    let import = taken(&house, many(20_000)).await;
    step(&house, &import, "run").await;

    assert_eq!(step(&house, &import, "check").await.status, StatusCode::CONFLICT);
    let gone = house.delete("super", &format!("/api/v1/imports/{}", import["id"])).await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);

    taken_over(&house, &taken(&house, "Nachname\nLast\n").await).await;
    let count = house.state.reader.read(|db| db.contact_count()).await.unwrap();
    assert!(count < 20_000, "it went on to its end");
}

fn memory_peak_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_200_000_rows_is_looked_through_in_bounded_memory() {
    let house = House::build().await;
    let _work = at_work(&house);
    let import = taken(&house, many(200_000)).await;
    let before = memory_peak_kb();

    step(&house, &import, "check").await;
    let checked = until(&house, &import, "checked").await;

    assert_eq!(counts(&checked), [200_000, 200_000, 0, 0, 0]);
    let grown = memory_peak_kb() - before;
    println!("{grown} KB more");
    assert!(grown < 96 * 1024, "{grown} KB for a table of 14 MB");
}

#[tokio::test]
async fn what_goes_out_cannot_run_and_comes_in_again() {
    let house = House::build().await;
    let _work = at_work(&house);
    let evil = json!({ "first_name": "=1+1", "last_name": "@SUM(A1)", "company": "-2+3", "remark": "two\nlines, \"quoted\"",
        "custom": { "=Branch": "+cmd|' /C calc'!A0" },
        "numbers": [{ "kind": "mobile", "given": "0155 50000071" }, { "kind": "other", "given": "*31#" }] });
    let made = house.post("super", "/api/v1/contacts", evil).await.json();
    let kept = |contact: &Value| {
        let mut contact = contact.clone();
        for gone in ["id", "created_at", "updated_at", "version", "phonebooks"] {
            contact.as_object_mut().unwrap().remove(gone);
        }
        let numbers = contact["numbers"].as_array_mut().unwrap();
        numbers.iter_mut().for_each(|number| {
            number["given"] = number["address"].as_str().map_or(number["given"].clone(), Into::into)
        });
        contact
    };

    for format in ["csv", "vcard", "vcard4"] {
        let file = house.get("super", &format!("/api/v1/contacts/export?format={format}")).await;
        assert_eq!(file.status, StatusCode::OK);
        if format == "csv" {
            assert!(file.text.contains("'=1+1,'@SUM(A1),'-2+3,"), "{}", file.text);
            assert!(file.text.contains("'+cmd|") && file.text.contains(",+4915550000071,"), "{}", file.text);
            assert!(file.header("content-disposition").contains("contacts.csv"));
        }
        for one in people(&house).await {
            house.delete("super", &format!("/api/v1/contacts/{}", one["id"])).await;
        }
        taken_over(&house, &taken(&house, file.bytes.clone()).await).await;
        let back = people(&house).await;
        let back = house.get("super", &format!("/api/v1/contacts/{}", back[0]["id"])).await.json();
        assert_eq!(kept(&back), kept(&made), "{format}: {}", file.text);
    }
}

#[tokio::test]
async fn files_are_few_private_and_forgotten_after_a_day() {
    use std::os::unix::fs::PermissionsExt;
    let house = House::build().await;
    for _ in 0..5 {
        taken(&house, "Nachname\nLast\n").await;
    }
    assert_eq!(put_here(&house, "x", "Nachname\nLast\n").await.status, StatusCode::CONFLICT);
    let folder = house.folder.path().join("imports");
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    assert!(std::fs::read_dir(&folder).unwrap().all(|file| mode(&file.unwrap().path()) == 0o600));

    house.clock.advance(Duration::from_secs(11 * 3600));
    assert_eq!(house.get("super", "/api/v1/imports").await.items().len(), 5, "they are still here");
    house.clock.advance(Duration::from_secs(14 * 3600));
    let (work, stop) = at_work(&house);
    let none = async || house.state.reader.read(|db| db.imports(9)).await.unwrap().is_empty();
    for _ in 0..1_000 {
        if none().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    assert!(none().await);
    stop.cancel();
    work.await.unwrap();
}
