//! What a campaign will cost and take, and what stands in its way, is known before.

use crate::campaign_content::{BEN, CLEO, build, plan, save};
use crate::world::in_a_world;
use depesche::domain::campaign::{Hours, Outside, Plan, TEXT_CHARS_MAX};
use depesche::domain::price::Price;
use depesche::flow::campaign::drafts;
use depesche::flow::campaign::estimate::{Segments, estimate};
use depesche::flow::settings::sending::{PriceForm, SendingForm, change_channel};
use std::time::Duration;

#[tokio::test]
async fn an_estimate_counts_each_own_text_and_tells_line_by_line_what_is_wrong() {
    in_a_world(async |world| {
        let price = PriceForm { prefix: "+49".into(), amount: "0.05".into(), currency: "EUR".into() };
        let form = SendingForm { valid_for: None, fallback: None, smart: true, prices: vec![price] };
        change_channel(&world.desk, world.house.sms, form).await.expect("a price");
        let mut plan =
            plan(world, "{{name|x}} {{typo}}", &format!("{BEN} Ben\nnobody\n{CLEO} Ж{}\n{BEN}", "a".repeat(80)));
        plan.rules.pace = Some(0.5);
        let campaign = save(world, &plan);

        let found = estimate(&world.media(), campaign, &plan, 1000).await.expect("it can be estimated");

        assert_eq!((found.recipients, found.sends, found.duplicates, found.invalid), (2, 2, 1, 1));
        let faults: Vec<(String, String)> =
            found.faults.iter().map(|fault| (format!("{:?}", fault.source), fault.given.clone())).collect();
        assert_eq!(faults, [("Typed(2)".to_owned(), "nobody".to_owned())]);
        assert_eq!(found.segments, Some(Segments { least: 1, most: 2, all: 3 }));
        assert_eq!(found.encoding.map(|encoding| encoding.as_str()), Some("ucs2"));
        assert_eq!(found.cost, Price::read("0.15", "EUR"));
        assert_eq!((found.seconds, &found.unknown_variables[..]), (4, &["typo".to_owned()][..]));
        assert_eq!(found.blockers, []);
        assert_eq!(world.count("SELECT count(*) FROM recipients"), 0, "nothing is written");
    })
    .await;
}

#[tokio::test]
async fn what_stands_in_the_way_is_told_all_at_once_with_field_and_words() {
    in_a_world(async |world| {
        let mut empty: Plan = serde_json::from_str(r#"{"name":"Spring"}"#).expect("a plan");
        let blocked = async |plan: &Plan, most| {
            let campaign = save(world, plan);
            let found = estimate(&world.media(), campaign, plan, most).await.expect("it can be estimated");
            found.blockers.into_iter().map(|one| format!("{} {}", one.field, one.code)).collect::<Vec<_>>()
        };
        assert_eq!(blocked(&empty, 10).await, ["channel no_channel", "audience no_recipients"]);

        empty.channel = Some(world.house.whatsapp);
        empty.content.count_links = true;
        empty.rules.start =
            Some(serde_json::from_str(r#"{"local":"2020-01-01T09:00","zone":"Europe/Berlin"}"#).expect("a start"));
        empty.rules.hours =
            Some(Hours { from: "18:00".into(), until: "09:00".into(), days: vec![1], outside: Outside::Skip });
        empty.rules.pace = Some(0.0);
        assert_eq!(
            blocked(&empty, 10).await,
            [
                "sender no_sender",
                "content.template no_template",
                "content.count_links no_public_address",
                "rules.start start_wrong",
                "rules.hours hours_wrong",
                "rules.pace pace_wrong",
                "audience no_recipients",
            ]
        );

        let mut long = plan(world, &"x".repeat(TEXT_CHARS_MAX + 1), &format!("{BEN}, {CLEO}"));
        assert_eq!(blocked(&long, 1).await, ["content.text text_too_long", "content nobody_reached"]);
        long.content.text = "Hi".into();
        assert_eq!(blocked(&long, 1).await, ["audience too_many_recipients"]);
        long.content.text = " ".into();
        assert_eq!(blocked(&long, 2).await, ["content.text text_empty"]);
    })
    .await;
}

#[tokio::test]
async fn before_there_is_a_text_numbers_are_good_and_only_the_text_is_missing() {
    in_a_world(async |world| {
        let campaign = save(world, &plan(world, "", &format!("{BEN}\n{CLEO}\nrubbish")));
        let unfinished = world.desk.store.read(move |db| drafts::plan_of(db, campaign)).await.expect("a plan").0;

        let found = estimate(&world.media(), campaign, &unfinished, 10).await.expect("it can be estimated");

        assert_eq!((found.recipients, found.unsaid, found.invalid, found.segments), (2, 0, 1, None));
        assert_eq!(found.faults.iter().map(|fault| &*fault.given).collect::<Vec<_>>(), ["rubbish"]);
        assert_eq!(found.blockers.iter().map(|one| one.code).collect::<Vec<_>>(), ["text_empty"]);
    })
    .await;
}

#[tokio::test]
async fn what_stands_in_the_way_begins_like_a_sentence() {
    in_a_world(async |world| {
        let nobody: Plan = serde_json::from_str(r#"{"name":"Spring"}"#).expect("a plan");
        let too_long = plan(world, &"{{name|x}}".repeat(TEXT_CHARS_MAX / 10), &format!("{BEN} {}", "n".repeat(60)));

        for (wanted, code) in [(nobody, "no_channel"), (too_long, "nobody_reached")] {
            let found = estimate(&world.media(), save(world, &wanted), &wanted, 10).await.expect("estimated");
            assert!(found.blockers.iter().any(|one| one.code == code), "{:?}", found.blockers);
            for words in found.blockers.iter().flat_map(|one| [&one.words.english, &one.words.german]) {
                assert!(!words.starts_with(char::is_lowercase), "{words}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn quiet_hours_are_those_of_each_recipient_and_over_the_change_of_clocks() {
    in_a_world(async |world| {
        // Saturday before the clocks go forward in Berlin, 17:59 there.
        let eve: jiff::Zoned = "2027-03-27T17:59[Europe/Berlin]".parse().expect("a time");
        let ahead = eve.timestamp().as_millisecond() - world.desk.now().0;
        world.desk.clock.advance(Duration::from_millis(u64::try_from(ahead).expect("later")));
        let typed = format!("{BEN}, +12125550100, +61412345678, +15550100150");
        let mut plan = plan(world, "Hi", &typed);
        let every = (1..=7).collect();
        plan.rules.hours =
            Some(Hours { from: "09:00".into(), until: "18:00".into(), days: every, outside: Outside::Move });
        plan.rules.pace = Some(1.0 / 120.0);

        let (campaign, _) = build(world, &plan).await;
        let found = estimate(&world.media(), campaign, &plan, 1000).await.expect("it can be estimated");

        let zones = world.texts("SELECT coalesce(zone, '-') FROM recipients ORDER BY id");
        assert_eq!(zones, ["Europe/Berlin", "America/New_York", "AU", "US"]);
        assert_eq!((found.recipients, found.outside_hours), (4, 2), "Australia, and anywhere in the United States");
        let end = jiff::Timestamp::from_millisecond(found.ends_at.expect("it ends").0).expect("a time");
        assert_eq!(
            end.to_zoned(jiff::tz::TimeZone::get("Australia/Sydney").expect("a zone")).date().to_string(),
            "2027-03-28"
        );
    })
    .await;
}
