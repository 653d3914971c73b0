//! What a campaign says and to whom: every line stands in the ledger once and with its reason, each is told its own.

use crate::world::files::jpeg;
use crate::world::house::{ANNAS, CARLA};
use crate::world::says::address;
use crate::world::{World, in_a_world, in_a_world_with};
use depesche::domain::campaign::{BookPick, ButtonPlan, Plan, SenderPick, TemplatePlan};
use depesche::domain::consent::{OptOutSource, Scope};
use depesche::domain::contact::NumberKind;
use depesche::domain::id::{CampaignId, ContactId, NumberId, PhonebookId, RecipientId};
use depesche::domain::reason::ReasonCode;
use depesche::domain::rich::{HeaderValue, Rich};
use depesche::domain::template::{Component, HeaderFormat, Template, TemplateButton, TemplateStatus};
use depesche::flow::campaign::audience::{self, Built};
use depesche::flow::campaign::content::{Prepared, Ready, Recipient, Skip, prepare, say};
use depesche::flow::campaign::estimate::estimate;
use depesche::flow::campaign::lists::{self};
use depesche::flow::campaign::preview::{Whom, preview, test_send};
use depesche::flow::campaign::values::Person;
use depesche::flow::campaign::{files, links};
use depesche::flow::desk::Rules;
use depesche::flow::error::FlowError;
use depesche::flow::media::care;
use depesche::flow::media::outgoing::SentAs;
use depesche::store::handle::Tx;
use depesche::store::opt_outs::NewOptOut;
use std::time::Duration;

pub const BEN: &str = "+4915550123456";
pub const CLEO: &str = "+4915550123457";
pub const DORA: &str = "+4915550123458";

pub fn with_address() -> Rules {
    Rules { public_base_url: Some("https://sms.example.com".into()), ..Rules::default() }
}

/// Writes past the house, as somebody set it up before.
pub fn put(world: &World, sql: &str) -> i64 {
    let books = rusqlite::Connection::open(world.folder().join("depesche.db")).expect("the database");
    books.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON").expect("settings");
    books.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    books.last_insert_rowid()
}

pub fn plan(world: &World, text: &str, typed: &str) -> Plan {
    let mut plan: Plan = serde_json::from_str(r#"{"name":"Spring"}"#).expect("a plan");
    plan.channel = Some(world.house.sms);
    plan.sender = Some(SenderPick::Number(world.house.annas));
    plan.content.text = text.into();
    plan.audience.typed = typed.into();
    plan
}

pub fn save(world: &World, plan: &Plan) -> CampaignId {
    let json = serde_json::to_string(plan).expect("plain data").replace('\'', "''");
    let channel = plan.channel.map_or("NULL".to_owned(), |channel| channel.to_string());
    CampaignId(put(
        world,
        &format!(
            "INSERT INTO campaigns (name, status, channel_id, plan, by_name, created_at, changed_at) \
             VALUES ('Spring', 'draft', {channel}, '{json}', 'Anna', 0, 0)"
        ),
    ))
}

pub fn book(world: &World, name: &str) -> PhonebookId {
    PhonebookId(put(world, &format!("INSERT INTO phonebooks (name, created_at) VALUES ('{name}', 0)")))
}

pub fn contact(
    world: &World,
    books: &[PhonebookId],
    name: (&str, &str),
    numbers: &[(&str, &str)],
    more: &str,
) -> ContactId {
    let (first, last) = name;
    let id = put(
        world,
        &format!(
            "INSERT INTO contacts (first_name, last_name, created_at, updated_at) VALUES ('{first}', '{last}', 0, 0)"
        ),
    );
    for book in books {
        put(world, &format!("INSERT INTO phonebook_contacts (phonebook_id, contact_id) VALUES ({book}, {id})"));
    }
    for (kind, number) in numbers {
        let address = if number.starts_with('+') { format!("'{number}'") } else { "NULL".into() };
        put(
            world,
            &format!(
                "INSERT INTO contact_numbers (contact_id, kind, given, address) VALUES ({id}, '{kind}', '{number}', {address})"
            ),
        );
    }
    if !more.is_empty() {
        put(world, &format!("UPDATE contacts SET {more} WHERE id = {id}"));
    }
    ContactId(id)
}

pub async fn build(world: &World, plan: &Plan) -> (CampaignId, Built) {
    let campaign = save(world, plan);
    (campaign, build_again(world, campaign, plan, 1000).await.expect("it can be built"))
}

pub async fn build_again(world: &World, campaign: CampaignId, plan: &Plan, most: usize) -> Result<Built, FlowError> {
    let prepared = prepare(&world.media(), campaign, plan).await?;
    audience::build(&world.desk, campaign, plan, prepared, most).await
}

/// The ledger: number, state, reason, whether it counts.
pub fn ledger(world: &World) -> Vec<String> {
    world.texts(
        "SELECT coalesce(address, '?' || given) || ' ' || state || coalesce(' ' || (reason ->> 'code'), '') || \
         CASE counts WHEN 1 THEN '' ELSE ' again' END FROM recipients ORDER BY id",
    )
}

/// What is said to a number, as it would be to the line of the ledger with it.
pub async fn said(world: &World, prepared: &Prepared, campaign: CampaignId, to: &str) -> Result<Ready, Skip> {
    said_from(world, prepared, campaign, (world.house.annas, to)).await
}

pub async fn said_from(
    world: &World,
    prepared: &Prepared,
    campaign: CampaignId,
    (number, to): (NumberId, &str),
) -> Result<Ready, Skip> {
    let id = RecipientId(world.count(&format!("SELECT id FROM recipients WHERE address = '{to}' AND counts")));
    let prepared = prepared.clone();
    let answer = world.desk.store.read(move |db| {
        let line = db.recipient_words(campaign, id)?.expect("it stands there");
        let person = Person {
            address: line.address.as_ref(),
            name: &line.name,
            contact: line.contact,
            row: line.variables.as_ref(),
        };
        Ok::<_, FlowError>(say(db, &prepared, number, &Recipient { id: Some(id), person }))
    });
    answer.await.expect("the store is there")
}

pub fn code(said: Result<Ready, Skip>) -> ReasonCode {
    match said {
        Err(Skip::Why(reason)) => reason.code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_line_of_the_audience_stands_in_the_ledger_once_and_with_its_reason() {
    in_a_world(async |world| {
        let (friends, team) = (book(world, "Friends"), book(world, "Team"));
        contact(world, &[friends], ("Ben", "Berg"), &[("mobile", BEN), ("home", DORA)], "");
        contact(world, &[friends, team], ("Cleo", "Clay"), &[("home", "call me"), ("mobile", CLEO)], "");
        contact(world, &[friends], ("Fritz", "Fax"), &[("home_fax", "+4930123456")], "");
        let carla = address(CARLA);
        let now = world.desk.now();
        let refused = move |tx: &Tx<'_>| {
            let scope = Scope::Everything;
            let source = OptOutSource::Word;
            let new = NewOptOut {
                address: &carla,
                scope,
                marketing_only: false,
                source,
                words: Some("STOP"),
                note: "",
                by: None,
                said_to: None,
            };
            tx.note_opt_out(&new, now).map(drop)
        };
        world.desk.store.write(refused).await.expect("noted");
        let mut plan =
            plan(world, "Hi", &format!("{CARLA}, {ANNAS}\n+49 12\n+15550100151 David\n70123\n0155 50123456"));
        plan.audience.exclude.typed = "+1 555 010 0151".into();
        plan.audience.books = vec![
            BookPick { phonebook: friends, kinds: vec![NumberKind::Home, NumberKind::Mobile], all_numbers: false },
            BookPick { phonebook: team, kinds: vec![NumberKind::Mobile], all_numbers: true },
        ];

        let (campaign, built) = build(world, &plan).await;

        let expected = [
            format!("{CARLA} skipped opted_out"),
            format!("{ANNAS} skipped own_number"),
            "?+49 12 skipped number_unreadable".to_owned(),
            "+15550100151 skipped excluded".to_owned(),
            "?70123 skipped number_unreadable".to_owned(),
            format!("{BEN} waiting"),
            // Ben is written to already, at another of his numbers.
            format!("{DORA} skipped duplicate again"),
            format!("{CLEO} waiting"),
            format!("{CLEO} skipped duplicate again"),
        ];
        assert_eq!(ledger(world), expected);
        assert_eq!(built, Built { lines: 9, recipients: 2, unsaid: 0 });
        assert_eq!(world.text(&format!("SELECT name FROM recipients WHERE address = '{BEN}'")), "Ben Berg");

        let again = build_again(world, campaign, &plan, 1000).await.expect("it can be built again");
        assert_eq!((again, ledger(world)), (built, expected.to_vec()), "it begins anew");
        let refused = build_again(world, campaign, &plan, 1).await;
        assert!(matches!(refused, Err(FlowError::Invalid { .. })), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn whoever_was_written_to_before_or_is_in_a_book_can_be_left_out() {
    in_a_world(async |world| {
        let staff = book(world, "Staff");
        contact(world, &[staff], ("Cleo", ""), &[("mobile", CLEO)], "");
        let (first, _) = build(world, &plan(world, "Hi", &format!("{BEN}, {DORA}"))).await;
        put(world, &format!("UPDATE recipients SET state = 'failed' WHERE address = '{DORA}'"));
        let mut second = plan(world, "Hi again", &format!("{BEN}, {CLEO}, {DORA}"));
        second.audience.exclude.campaigns = vec![first];
        second.audience.exclude.books = vec![staff];

        let (campaign, _) = build(world, &second).await;

        let states = world.texts(&format!(
            "SELECT address || ' ' || state FROM recipients WHERE campaign_id = {campaign} ORDER BY id"
        ));
        assert_eq!(states, [format!("{BEN} skipped"), format!("{CLEO} skipped"), format!("{DORA} waiting")]);
    })
    .await;
}

#[tokio::test]
async fn each_is_told_their_own_and_a_value_that_looks_like_a_variable_stays_text() {
    in_a_world(async |world| {
        let friends = book(world, "Friends");
        contact(
            world,
            &[friends],
            ("{{last_name}}", "Berg"),
            &[("mobile", BEN)],
            r#"custom = '{"Kunden-Nr.": "4711"}'"#,
        );
        let mut plan = plan(world, "Hi {{first_name|there}}, {{Stadt|?}} {{kunden nr|-}} {{nothing}}.", CARLA);
        plan.audience.books =
            vec![BookPick { phonebook: friends, kinds: vec![NumberKind::Mobile], all_numbers: false }];
        let campaign = save(world, &plan);
        let table = format!("Handy;Vorname;Stadt\n{CLEO};Cléo;Köln\n{DORA};;\"=HYPERLINK(\"\"x\"\")\"\n");
        lists::take(&world.desk, campaign, "a.csv", table.into_bytes()).await.expect("a table");
        build_again(world, campaign, &plan, 1000).await.expect("it can be built");

        let prepared = prepare(&world.media(), campaign, &plan).await.expect("it can be made ready");

        for (to, words) in [
            (CARLA, "Hi there, ? - ."),
            (CLEO, "Hi Cléo, Köln - ."),
            (DORA, "Hi there, =HYPERLINK(\"x\") - ."),
            (BEN, "Hi {{last_name}}, ? 4711 ."),
        ] {
            let ready = said(world, &prepared, campaign, to).await.expect("it can be said");
            assert_eq!((ready.text.as_str(), &ready.missing[..]), (words, &["nothing".to_owned()][..]), "{to}");
        }
    })
    .await;
}

#[tokio::test]
async fn links_are_each_recipient_s_own_and_lead_only_where_the_text_said() {
    in_a_world_with(with_address(), async |world| {
        let friends = book(world, "Friends");
        contact(world, &[friends], ("https://evil.example/", "x"), &[("mobile", BEN)], "");
        let mut plan =
            plan(world, "{{first_name}} https://shop.example/a?b={{name}} and https://shop.example/a?b={{name}}", CLEO);
        plan.content.count_links = true;
        plan.audience.books =
            vec![BookPick { phonebook: friends, kinds: vec![NumberKind::Mobile], all_numbers: false }];
        let (campaign, _) = build(world, &plan).await;
        let prepared = prepare(&world.media(), campaign, &plan).await.expect("it can be made ready");

        let (ben, cleo) = (said(world, &prepared, campaign, BEN).await, said(world, &prepared, campaign, CLEO).await);
        let (ben, cleo) = (ben.expect("said"), cleo.expect("said"));

        assert_eq!((ben.links.len(), cleo.links.len()), (1, 1));
        assert!(ben.text.starts_with("https://evil.example/ https://sms.example.com/l/"), "{}", ben.text);
        assert_ne!(ben.links[0].token, cleo.links[0].token);
        assert_eq!(cleo.links[0].target, "https://shop.example/a?b=");
        let token = cleo.links[0].token.clone();
        let (id, until) = (
            RecipientId(world.count(&format!("SELECT id FROM recipients WHERE address = '{CLEO}'"))),
            world.desk.now().plus(Duration::from_secs(3600)),
        );
        let kept = cleo.links.clone();
        world.desk.store.write(move |tx| tx.keep_short_links(id, &kept, until)).await.expect("kept");
        assert_eq!(said(world, &prepared, campaign, CLEO).await.expect("said"), cleo, "said again it is the same");

        let link = links::target(&world.desk, &token).await.expect("the store is there").expect("it leads on");
        assert_eq!(link.target, "https://shop.example/a?b=");
        links::note_opened(&world.desk, token.clone(), link.clone()).await.expect("counted");
        links::note_opened(&world.desk, token.clone(), link).await.expect("counted");
        assert_eq!(
            world.text(&format!("SELECT clicks || ' ' || (clicked_at IS NOT NULL) FROM recipients WHERE id = {id}")),
            "2 1"
        );
        let counts = world.desk.store.read(move |db| db.link_counts(campaign, 10)).await.expect("counts");
        assert_eq!((counts[0].clicks, counts[0].people), (2, 1));

        world.desk.clock.advance(Duration::from_secs(3601));
        assert_eq!(links::target(&world.desk, &token).await.expect("the store is there"), None, "its time is up");
        for wrong in ["", "0123456789a", "https://x.exa"] {
            assert_eq!(links::target(&world.desk, wrong).await.expect("the store is there"), None);
        }
    })
    .await;
}

#[tokio::test]
async fn a_campaign_s_file_is_kept_fitted_and_sent_as_mms_or_as_a_link() {
    in_a_world_with(with_address(), async |world| {
        let media = world.media();
        let plan = plan(world, "See {{name}}", &format!("{CARLA}, {BEN}"));
        let (campaign, _) = build(world, &plan).await;
        let upload = world.uploads(&media, "Offer.jpg", &jpeg(4000, 3000)).await;
        files::add(&media, campaign, world.user().await, upload.id).await.expect("taken over");
        assert_eq!(world.count("SELECT count(*) FROM uploads"), 0);
        world.files_are_kept_now();
        world.desk.clock.advance(Duration::from_secs(30 * 24 * 3600));
        care::round(&media).await.expect("the store is there");
        assert!(media.archive.path_of(&upload.file.hash).exists(), "the campaign needs it");

        let prepared = prepare(&media, campaign, &plan).await.expect("it can be made ready");

        assert_eq!(prepared.blockers, []);
        let carla = said(world, &prepared, campaign, CARLA).await.expect("said");
        let ben = said(world, &prepared, campaign, BEN).await.expect("said");
        assert_eq!((carla.files.len(), ben.files.len()), (1, 1));
        let ways = [carla.sent_as, ben.sent_as];
        assert!(ways.contains(&SentAs::Files), "{ways:?}");

        files::remove(&media, campaign, 0).await.expect("it is there");
        assert!(matches!(files::remove(&media, campaign, 0).await, Err(FlowError::NotFound(_))));
        world.desk.clock.advance(Duration::from_secs(30 * 24 * 3600));
        care::round(&media).await.expect("the store is there");
        assert!(!media.archive.path_of(&upload.file.hash).exists(), "nobody needs it any more");
    })
    .await;
}

#[tokio::test]
async fn a_template_is_filled_from_columns_and_what_does_not_fit_is_told_before() {
    in_a_world(async |world| {
        let trunk = world.house.trunk;
        let template = Template {
            carrier_id: "t-1".into(),
            name: "offer".into(),
            language: "de".into(),
            category: "MARKETING".into(),
            status: TemplateStatus::Approved,
            quality: None,
            reason: None,
            named: true,
            components: vec![
                Component::Header { format: HeaderFormat::Location, text: None },
                Component::Body { text: "Hallo {{wer}}, {{was}}".into() },
                Component::Buttons {
                    buttons: vec![TemplateButton { kind: "URL".into(), text: "Los".into(), url: Some("https://x.example/{{1}}".into()) }],
                },
            ],
        };
        let (now, all) = (world.desk.now(), vec![template.clone()]);
        world.desk.store.write(move |tx| tx.set_templates(trunk, &all, now)).await.expect("kept");
        let mut plan = plan(world, "", "");
        plan.channel = Some(world.house.whatsapp);
        plan.sender = Some(SenderPick::Number(world.house.whatsapp_number));
        plan.content.template = Some(TemplatePlan {
            name: "offer".into(),
            language: "de".into(),
            header: Some("{{ort}}".into()),
            body: vec!["{{vorname|du}}".into(), "fest".into()],
            buttons: vec![ButtonPlan { index: 0, value: "{{code}}".into() }],
        });
        let campaign = save(world, &plan);
        let table = format!("Handy,Vorname,Ort,Code\n{BEN},\"Ben\n  B.\",\"52.52, 13.405\",abc\n{CLEO},,\"52.5, 13.4\",\"a b\"\n{DORA},D,nowhere,d\n");
        lists::take(&world.desk, campaign, "a.csv", table.into_bytes()).await.expect("a table");
        build_again(world, campaign, &plan, 1000).await.expect("it can be built");
        let number = world.house.whatsapp_number;

        let prepared = prepare(&world.media(), campaign, &plan).await.expect("it can be made ready");

        assert_eq!(prepared.blockers, []);
        let ben = said_from(world, &prepared, campaign, (number, BEN)).await.expect("said");
        assert!(ben.text.ends_with("Hallo Ben B., fest\n[Los]"), "{}", ben.text);
        let Some(Rich::Template(used)) = &ben.rich else { panic!("a template") };
        assert!(matches!(&used.header, Some(HeaderValue::Location(place)) if place.latitude == 52.52));
        assert_eq!(used.body[0].name.as_deref(), Some("wer"));
        assert_eq!(code(said_from(world, &prepared, campaign, (number, CLEO)).await), ReasonCode::TemplateWrong);
        assert_eq!(code(said_from(world, &prepared, campaign, (number, DORA)).await), ReasonCode::TemplateWrong);
        let found = estimate(&world.media(), campaign, &plan, 1000).await.expect("it can be estimated");
        assert_eq!((found.recipients, found.unsaid, found.faults.len()), (1, 2, 2));
        let states = world.texts("SELECT state || coalesce(' ' || (reason ->> 'code'), '') FROM recipients ORDER BY id");
        assert_eq!(states, ["waiting", "skipped template_wrong", "skipped template_wrong"]);

        let mut less = plan.clone();
        less.content.template.as_mut().expect("there is one").body.pop();
        let short = prepare(&world.media(), campaign, &less).await.expect("it can be made ready");
        assert_eq!(short.blockers[0].field, "content.template.body.was");
        let paused = vec![Template { status: TemplateStatus::Paused, ..template }];
        world.desk.store.write(move |tx| tx.set_templates(trunk, &paused, now)).await.expect("kept");
        let paused = prepare(&world.media(), campaign, &plan).await.expect("it can be made ready");
        assert_eq!(paused.blockers[0].code, "template_not_usable");
    })
    .await;
}

#[tokio::test]
async fn a_preview_is_what_one_recipient_reads_and_a_test_goes_out_and_is_not_counted() {
    in_a_world_with(with_address(), async |world| {
        let media = world.media();
        let mut plan =
            plan(world, "Hi {{name|you}} https://shop.example/", &format!("nonsense\n{BEN} Ben\n{CLEO} Cleo"));
        plan.content.count_links = true;
        let campaign = save(world, &plan);

        let second = preview(&media, campaign, Whom::Nth(2)).await.expect("shown");
        let beyond = preview(&media, campaign, Whom::Nth(99)).await.expect("shown");

        assert_eq!((second.at, second.of), (2, 2));
        assert!(second.said.expect("something").text.starts_with("Hi Cleo https://sms.example.com/l/"));
        assert_eq!(beyond.at, 2, "the last");
        assert_eq!(world.count("SELECT count(*) FROM short_links"), 0);

        test_send(&media, campaign, address(CARLA), world.actor(world.house.anna)).await.expect("sent");
        world.quiet().await;
        assert_eq!(world.outside.customer_got("Hi Ben https://shop.example/"), 1);
        assert_eq!(world.count("SELECT count(*) FROM recipients"), 0);
    })
    .await;
}
