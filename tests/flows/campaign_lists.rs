//! Tables of recipients: read row by row whatever their kind, with what is wrong told by its line; and large audiences.

use crate::campaign_content::{BEN, CLEO, DORA, book, build_again, plan, put, save, with_address};
use crate::world::{World, in_a_world};
use depesche::domain::campaign::{BookPick, Hours, Outside};
use depesche::domain::contact::NumberKind;
use depesche::flow::campaign::estimate::estimate;
use depesche::flow::campaign::lists::{self, Reading};
use depesche::flow::campaign::preview::{Whom, preview};
use depesche::flow::error::FlowError;
use depesche::tabular::layout::{Layout, Separator};
use std::time::Duration;

fn utf16(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

#[tokio::test]
async fn tables_of_every_kind_are_read_and_what_is_wrong_is_told_with_its_line() {
    in_a_world(async |world| {
        let campaign = save(world, &plan(world, "Hi", ""));
        let text = format!("Name;Telefon\r\n\"Müller; \"\"Jo\"\"\";0155 50123456\r\n\r\nAnna;keine\r\n=1+1;{CLEO}\r\n");
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin")).collect();
        let mut marked = vec![0xef, 0xbb, 0xbf];
        marked.extend(text.as_bytes());

        for bytes in [text.clone().into_bytes(), latin, marked, utf16(&text)] {
            let list = lists::take(&world.desk, campaign, "a.csv", bytes).await.expect("a table");

            let about = &list.about;
            assert_eq!((about.rows, about.good, about.faulty, about.reading), (3, 2, 1, false), "{:?}", about.layout);
            assert_eq!((about.number_column, about.name_column), (1, Some(0)));
            assert_eq!((about.faults[0].line, about.faults[0].given.as_str()), (4, "keine"));
            let names = world.texts(&format!(
                "SELECT variables ->> 'name' FROM campaign_list_rows WHERE list_id = {} ORDER BY line",
                list.id
            ));
            assert_eq!(names, ["Müller; \"Jo\"", "Anna", "=1+1"]);
            lists::delete(&world.desk, campaign, list.id).await.expect("it is there");
        }
        assert_eq!(world.count("SELECT count(*) FROM campaign_list_rows"), 0);
        assert_eq!(world.count("SELECT count(*) FROM campaign_list_parts"), 0);
    })
    .await;
}

#[tokio::test]
async fn a_table_can_be_read_anew_and_a_bomb_costs_only_itself() {
    in_a_world(async |world| {
        let campaign = save(world, &plan(world, "Hi", ""));
        let mut bomb = format!("a,b\n{BEN},1\n").into_bytes();
        bomb.extend(std::iter::repeat_n(b'x', 1 << 20));
        bomb.extend(format!("\n{CLEO},{}\n{DORA},2\n", ",".repeat(5000)).as_bytes());
        let list = lists::take(&world.desk, campaign, "bomb.csv", bomb).await.expect("it is read");
        assert_eq!((list.about.rows, list.about.good, list.about.faulty), (2, 2, 2));

        let one = lists::take(&world.desk, campaign, "b.csv", format!("{BEN};Ben\n{CLEO};Cleo\n").into_bytes())
            .await
            .expect("a table");
        assert_eq!(one.about.good, 2);
        let layout = Layout { encoding: "utf-8".into(), separator: Separator::Semicolon, header: true };
        let reading = Reading { layout: layout.clone(), number_column: 0, name_column: Some(1) };
        let anew = lists::read_anew(&world.desk, campaign, one.id, reading.clone()).await.expect("read anew");
        assert_eq!(
            (anew.about.rows, anew.about.name_column, anew.about.columns[1].variable.as_str()),
            (1, Some(1), "ben")
        );
        let beyond =
            lists::read_anew(&world.desk, campaign, one.id, Reading { number_column: 7, ..reading.clone() }).await;
        assert!(matches!(beyond, Err(FlowError::Invalid { .. })), "{beyond:?}");
        let klingon = Reading { layout: Layout { encoding: "klingon".into(), ..layout }, ..reading };
        assert!(lists::read_anew(&world.desk, campaign, one.id, klingon).await.is_err());
        assert!(lists::take(&world.desk, campaign, "empty", Vec::new()).await.is_err());
        assert!(lists::take(&world.desk, campaign, "blank", b"\n \n".to_vec()).await.is_err());
    })
    .await;
}

#[tokio::test]
async fn ten_thousand_of_a_table_are_read_counted_and_entered() {
    in_a_world(async |world| {
        let campaign = save(world, &plan(world, "Hi {{vorname}}", ""));
        let rows: String = (0..10_000).map(|n| format!("+49155501{n:05};Nr. {n}\n")).collect();
        let plan = plan(world, "Hi {{vorname}}", "");

        let list = lists::take(&world.desk, campaign, "a.csv", format!("Handy;Vorname\n{rows}").into_bytes())
            .await
            .expect("a table");
        assert_eq!((list.about.rows, list.about.good), (10_000, 10_000));
        let found = estimate(&world.media(), campaign, &plan, 100_000).await.expect("it can be estimated");
        assert_eq!((found.recipients, found.segments.map(|segments| segments.all)), (10_000, Some(10_000)));
        let built = build_again(world, campaign, &plan, 100_000).await.expect("it can be built");

        assert_eq!(built.recipients, 10_000);
        assert_eq!(world.count("SELECT count(*) FROM recipients WHERE state = 'waiting'"), 10_000);
    })
    .await;
}

/// Figures, on request: `cargo nextest run --release --test flows --run-ignored only hundred_thousand --no-capture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "minutes without optimisation"]
async fn a_hundred_thousand_are_estimated_in_seconds_and_hold_nobody_up() {
    let world = World::begin_with(with_address()).await;
    let friends = book(&world, "Friends");
    let people = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 49999) ";
    put(
        &world,
        &format!(
            "INSERT INTO contacts (id, first_name, last_name, created_at, updated_at) {people} SELECT 1000 + i, 'Nr. ' || i, 'Berg', 0, 0 FROM n"
        ),
    );
    put(
        &world,
        &format!(
            "INSERT INTO phonebook_contacts (phonebook_id, contact_id) {people} SELECT {friends}, 1000 + i FROM n"
        ),
    );
    put(
        &world,
        &format!(
            "INSERT INTO contact_numbers {people} SELECT 1000 + i, 'mobile', '+491555' || (1000000 + i), '+491555' || (1000000 + i) FROM n"
        ),
    );
    let mut plan =
        plan(&world, "Hallo {{first_name|du}}, unser Angebot: https://shop.example/a/lang?x={{ort|hier}}", "");
    plan.content.count_links = true;
    plan.audience.books = vec![BookPick { phonebook: friends, kinds: vec![NumberKind::Mobile], all_numbers: false }];
    plan.rules.hours =
        Some(Hours { from: "09:00".into(), until: "18:00".into(), days: vec![1], outside: Outside::Move });
    let campaign = save(&world, &plan);
    let rows: String = (0..50_000).map(|n| format!("+49155502{n:05};Nr. {n};Köln\n")).collect();
    let media = world.media();
    let store = world.desk.store.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let chat = tokio::spawn(async move {
        let (mut worst, mut stopped) = (Duration::ZERO, stopped);
        while stopped.try_recv().is_err() {
            let began = std::time::Instant::now();
            store.write(|tx| tx.set_site("chat", "1")).await.expect("written");
            worst = worst.max(began.elapsed());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        worst
    });

    let mut took = Vec::new();
    let mut began = std::time::Instant::now();
    let mut lap = |what: &str| {
        took.push(format!("{what} {:?}", std::mem::replace(&mut began, std::time::Instant::now()).elapsed()))
    };
    lists::take(&world.desk, campaign, "a.csv", format!("Handy;Vorname;Ort\n{rows}").into_bytes())
        .await
        .expect("a table");
    lap("table");
    let found = estimate(&media, campaign, &plan, 100_000).await.expect("it can be estimated");
    lap("estimate");
    preview(&media, campaign, Whom::Nth(99_999)).await.expect("shown");
    lap("preview");
    let built = build_again(&world, campaign, &plan, 100_000).await.expect("it can be built");
    lap("ledger");
    stop.send(()).expect("it listens");
    let worst = chat.await.expect("it ends");
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let peak = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default().to_owned();

    assert_eq!((found.recipients, built.recipients), (100_000, 100_000));
    let figures = format!("{}; a write meanwhile at worst {worst:?}; {peak}", took.join(", "));
    std::fs::write(std::env::temp_dir().join("campaign_figures"), figures).expect("written");
    world.finish().await;
}
