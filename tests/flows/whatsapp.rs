//! WhatsApp: 24 hours, templates, people under several addresses, what is beyond text, the pace of a pair and of a day.

use crate::world::house::{ANNAS, CARLA, DAVID};
use crate::world::outside::{Reply, Taken};
use crate::world::says::{address, text};
use crate::world::{World, in_a_world};
use depesche::carrier::dialect::{InboundMessage, Preference, Said};
use depesche::domain::channel::ChannelKind;
use depesche::domain::delivery::SendError;
use depesche::domain::id::{MessageId, SessionId};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::domain::rich::{Choice, Place, Rich, Variable};
use depesche::domain::say::{PlaceGiven, Say, TemplateGiven};
use depesche::domain::session::Actor;
use depesche::domain::template::{Component, Template, TemplateNews, TemplateStatus};
use depesche::flow::compose::{self, Draft};
use depesche::flow::error::FlowError;
use depesche::flow::send;
use depesche::store::edit::EditError;
use depesche::store::error::StoreError;
use depesche::store::trunks::TrunkEdit;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);

fn on_whatsapp(id: &str, words: &str) -> InboundMessage {
    InboundMessage { kind: ChannelKind::WhatsApp, ..text(id, ANNAS, words) }
}

fn anna(world: &World) -> Actor {
    Actor { user: None, extension: Some(world.house.anna), name: "Anna".into() }
}

fn draft(world: &World, id: &str, say: Say) -> Draft {
    Draft { say, in_reply_to: None, client_id: id.into(), by: anna(world), file: None }
}

fn template(name: &str, category: &str) -> Template {
    Template {
        carrier_id: format!("id-{name}"),
        name: name.into(),
        language: "de".into(),
        category: category.into(),
        status: TemplateStatus::Approved,
        quality: None,
        reason: None,
        named: false,
        components: vec![Component::Body { text: "Hallo {{1}}".into() }],
    }
}

fn filled(name: &str, value: &str) -> Say {
    Say::Template(TemplateGiven {
        name: name.into(),
        language: "de".into(),
        header: None,
        body: vec![Variable { name: None, value: value.into() }],
        buttons: Vec::new(),
    })
}

fn taken(world: &World) -> Vec<Taken> {
    world.outside.state().taken.clone()
}

async fn says(world: &World, said: Said) {
    world.webhook(world.house.trunk, vec![said]).await.expect("taken");
}

async fn with_templates(world: &World) {
    let trunk = world.house.trunk;
    let now = world.desk.now();
    let all = vec![template("termin", "UTILITY"), template("angebot", "MARKETING")];
    world.desk.store.write(move |tx| tx.set_templates(trunk, &all, now)).await.expect("kept");
}

fn refused(result: Result<MessageId, FlowError>) -> ReasonCode {
    match result {
        Err(FlowError::Refused(code)) => code,
        Err(FlowError::OptedOut(_)) => ReasonCode::OptedOut,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn after_24_hours_only_a_template_leaves_and_the_carrier_is_never_asked() {
    in_a_world(async |world| {
        with_templates(world).await;
        world.hears(on_whatsapp("w-1", "hello")).await;
        let session = world.last_session();
        let write =
            |id: &str, words: &str| send::reply(&world.desk, session, words.to_owned(), id.to_owned(), anna(world));
        write("c-1", "within the window").await.expect("it is open");
        world.quiet().await;
        world.pass(24 * HOUR).await;

        assert_eq!(refused(write("c-2", "too late").await), ReasonCode::WindowClosed);
        let place = PlaceGiven { link: Some("52.5, 13.4".into()), ..PlaceGiven::default() };
        let late = compose::reply(&world.desk, session, draft(world, "c-3", Say::Location(place))).await;
        assert_eq!(refused(late), ReasonCode::WindowClosed);
        let by_phone = world.phone_writes(world.house.anna, CARLA, "from the phone").await;
        assert_eq!(by_phone.status, 403);
        assert!(by_phone.warning.expect("a warning").contains("template"));
        compose::reply(&world.desk, session, draft(world, "c-4", filled("termin", "Carla"))).await.expect("a template");
        world.quiet().await;

        assert_eq!(world.outside.customers_got(), ["within the window", "Hallo Carla"]);
    })
    .await;
}

#[tokio::test]
async fn what_waited_past_the_window_is_refused_before_the_carrier_is_asked() {
    in_a_world(async |world| {
        world.hears(on_whatsapp("w-1", "hello")).await;
        let session = world.last_session();
        world.pass(23 * HOUR).await;
        world.outside.carrier_does(Reply::Refuse(SendError::Throttled { retry_after: Some(HOUR) }));
        send::reply(&world.desk, session, "waits".into(), "c-1".into(), anna(world)).await.expect("filed");
        world.quiet().await;
        world.pass(2 * HOUR).await;
        world.quiet().await;

        assert_eq!(world.outside.customers_got(), [""; 0]);
        let reason: String = world.text("SELECT reason ->> '$.code' FROM deliveries WHERE line = 'carrier'");
        assert_eq!(reason, "window_closed");
    })
    .await;
}

#[tokio::test]
async fn a_person_without_a_number_is_the_same_one_when_the_number_is_learnt() {
    in_a_world(async |world| {
        let user = address("wa:DE.1349");
        world.hears(InboundMessage { from: user.clone(), ..on_whatsapp("w-1", "it is me") }).await;
        let session = world.last_session();
        let also = vec![user.clone()];
        world.hears(InboundMessage { also, ..on_whatsapp("w-2", "with my number") }).await;

        assert_eq!(world.last_session(), session);
        assert_eq!(world.count("SELECT count(*) FROM peers"), 1);
        assert_eq!(world.count("SELECT count(*) FROM peer_addresses"), 2);
        send::reply(&world.desk, session, "hi".into(), "c-1".into(), anna(world)).await.expect("filed");
        world.quiet().await;
        assert_eq!(taken(world)[0].to, CARLA);
    })
    .await;
}

#[tokio::test]
async fn two_conversations_of_one_person_become_one_when_it_is_known() {
    in_a_world(async |world| {
        let user = address("wa:DE.1349");
        world.hears(on_whatsapp("w-1", "by number")).await;
        let first = world.last_session();
        world.hears(InboundMessage { from: user.clone(), ..on_whatsapp("w-2", "by user id") }).await;
        assert_ne!(world.last_session(), first);

        world.hears(InboundMessage { also: vec![user], ..on_whatsapp("w-3", "by both") }).await;

        assert_eq!(world.count("SELECT count(*) FROM sessions"), 1);
        assert_eq!(world.count("SELECT count(*) FROM peers"), 1);
        assert_eq!(world.thread(first), ["> by number", "> by user id", "> by both"]);
    })
    .await;
}

#[tokio::test]
async fn a_changed_number_keeps_the_conversation_and_frees_the_old_one() {
    in_a_world(async |world| {
        world.hears(on_whatsapp("w-1", "from my old number")).await;
        let session = world.last_session();
        says(world, Said::PeerMoved { from: address(CARLA), to: address(DAVID) }).await;
        world.hears(InboundMessage { from: address(DAVID), ..on_whatsapp("w-2", "from my new one") }).await;

        assert_eq!(world.last_session(), session);
        send::reply(&world.desk, session, "noted".into(), "c-1".into(), anna(world)).await.expect("filed");
        world.quiet().await;
        assert_eq!(taken(world)[0].to, DAVID);
        world.hears(on_whatsapp("w-3", "somebody else has that number now")).await;
        assert_ne!(world.last_session(), session);
    })
    .await;
}

#[tokio::test]
async fn who_stopped_marketing_gets_none_and_everything_else() {
    in_a_world(async |world| {
        with_templates(world).await;
        world.hears(on_whatsapp("w-1", "hello")).await;
        let session = world.last_session();
        let word = |id: &str, opted_out| {
            Said::Preference(Preference {
                carrier_id: id.into(),
                kind: ChannelKind::WhatsApp,
                peer: address(CARLA),
                number: Some(address(ANNAS)),
                opted_out,
                marketing_only: true,
                words: Some("stop".into()),
            })
        };
        says(world, word("p-1", true)).await;
        says(world, word("p-1", true)).await;
        assert_eq!(world.count("SELECT count(*) FROM opt_outs"), 1);

        let offer = |id: &str| compose::reply(&world.desk, session, draft(world, id, filled("angebot", "Carla")));
        assert_eq!(refused(offer("c-1").await), ReasonCode::OptedOut);
        compose::reply(&world.desk, session, draft(world, "c-2", filled("termin", "Carla")))
            .await
            .expect("no marketing");
        says(world, word("p-2", false)).await;
        offer("c-3").await.expect("wanted again");
        world.quiet().await;

        assert_eq!(world.outside.customers_got().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_refusal_for_marketing_stands_in_the_list() {
    in_a_world(async |world| {
        with_templates(world).await;
        world.hears(on_whatsapp("w-1", "hello")).await;
        let session = world.last_session();
        let reason = Reason::of(ReasonCode::OptedOut).coded("131050");
        world.outside.carrier_does(Reply::Refuse(SendError::OptedOut { reason }));
        let offer = |id: &str| compose::reply(&world.desk, session, draft(world, id, filled("angebot", "Carla")));
        offer("c-1").await.expect("filed");
        world.quiet().await;

        assert_eq!(refused(offer("c-2").await), ReasonCode::OptedOut);
        assert_eq!(world.text("SELECT source FROM opt_outs"), "refusal");
    })
    .await;
}

#[tokio::test]
async fn what_is_beyond_text_is_kept_and_phones_get_words() {
    in_a_world(async |world| {
        world.everyone_is_there().await;
        world.hears(on_whatsapp("w-1", "hello")).await;
        let session = world.last_session();
        let asked = Say::Buttons {
            text: "Does 9:00 suit you?".into(),
            choices: vec![Choice { id: "y".into(), title: "Yes".into(), description: None }],
        };
        let question = compose::reply(&world.desk, session, draft(world, "c-1", asked)).await.expect("filed");
        world.quiet().await;
        let carrier_id = taken(world)[0].id.clone();
        let place = Place { latitude: 52.5, longitude: 13.4, name: Some("Office".into()), address: None };
        let chosen = Rich::Chosen(Choice { id: "y".into(), title: "Yes".into(), description: None });
        let answer = on_whatsapp("w-2", "Yes");
        world.hears(InboundMessage { rich: Some(chosen), in_reply_to: Some(carrier_id.clone()), ..answer }).await;
        let there = on_whatsapp("w-3", "Office\ngeo:52.5,13.4");
        world.hears(InboundMessage { rich: Some(Rich::Location(place)), ..there }).await;
        let reaction = Rich::Reaction { to: carrier_id, emoji: "👍".into() };
        world.hears(InboundMessage { rich: Some(reaction), ..on_whatsapp("w-4", "👍") }).await;
        world.quiet().await;

        let answered = format!("SELECT count(*) FROM messages WHERE in_reply_to = {question}");
        assert_eq!(world.count(&answered), 2, "the choice and the sign are about the question");
        let kinds: String =
            world.text("SELECT group_concat(rich ->> '$.type', ' ') FROM messages WHERE rich IS NOT NULL");
        assert_eq!(kinds, "buttons chosen location reaction");
        assert_eq!(world.outside.phone_shows(world.house.anna)[1..], ["Yes", "Office\ngeo:52.5,13.4", "👍"]);

        let sign = Say::Reaction { to: last_inbound(world, session).await, emoji: "🎉".into() };
        compose::reply(&world.desk, session, draft(world, "c-2", sign)).await.expect("a sign for theirs");
    })
    .await;
}

async fn last_inbound(world: &World, session: SessionId) -> MessageId {
    let found = world.desk.store.reader().read(move |db| db.session(session)).await.expect("read");
    found.and_then(|session| session.last_inbound).expect("one came in")
}

#[tokio::test]
async fn one_person_gets_45_at_once_and_then_one_in_six_seconds() {
    in_a_world(async |world| {
        world.hears(on_whatsapp("w-1", "hello")).await;
        let session = world.last_session();
        for n in 0..60 {
            send::reply(&world.desk, session, format!("{n}"), format!("c-{n}"), anna(world)).await.expect("filed");
        }
        world.quiet().await;
        assert_eq!(taken(world).len(), 45);
        world.pass(Duration::from_secs(60)).await;
        world.quiet().await;

        let got = taken(world);
        assert!((54..=56).contains(&got.len()), "{}", got.len());
        let in_order = got.iter().enumerate().all(|(n, taken)| taken.text == n.to_string());
        assert!(in_order);
    })
    .await;
}

#[tokio::test]
async fn the_account_writes_first_to_no_more_people_a_day_than_it_may() {
    in_a_world(async |world| {
        with_templates(world).await;
        may_write_first_to(world, 2).await;
        for n in 0..4 {
            let to = address(&format!("+1555010016{n}"));
            let say = draft(world, &format!("c-{n}"), filled("termin", "there"));
            compose::start(&world.desk, world.house.whatsapp_number, to, say).await.expect("filed");
        }
        world.quiet().await;
        assert_eq!(taken(world).len(), 2);
        // Who wrote to us is answered all the same.
        world.hears(on_whatsapp("w-1", "hello")).await;
        let session = world.last_session();
        send::reply(&world.desk, session, "hi".into(), "c-hi".into(), anna(world)).await.expect("filed");
        world.quiet().await;
        assert_eq!(taken(world).len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_template_s_news_changes_it_and_what_is_unknown_is_fetched() {
    in_a_world(async |world| {
        with_templates(world).await;
        let news = |id: &str, status| {
            Said::Template(TemplateNews {
                carrier_id: id.into(),
                name: "termin".into(),
                language: "de".into(),
                status: Some(status),
                quality: None,
                category: None,
                reason: Some("LOW_QUALITY".into()),
            })
        };
        says(world, news("id-termin", TemplateStatus::Paused)).await;
        assert_eq!(world.text("SELECT status FROM templates WHERE name = 'termin'"), "PAUSED");
        assert_eq!(world.count("SELECT wanted FROM template_fetches"), 0);
        let to = address(CARLA);
        let say = draft(world, "c-1", filled("termin", "Carla"));
        let sent = compose::start(&world.desk, world.house.whatsapp_number, to, say).await;
        assert!(matches!(sent, Err(FlowError::Invalid { field, .. }) if field == "template"));

        says(world, news("id-new", TemplateStatus::Approved)).await;
        assert_eq!(world.count("SELECT wanted FROM template_fetches"), 1);
        let before = world.desk.now().minus(HOUR);
        let due = world.desk.store.reader().read(move |db| db.template_fetches_due(before)).await;
        assert_eq!(due, Ok::<_, StoreError>(vec![world.house.trunk]));
    })
    .await;
}

async fn may_write_first_to(world: &World, people: u32) {
    let trunk = world.house.trunk;
    let set = world.desk.store.write(move |tx| {
        let known = tx.trunk(trunk)?.expect("it is there");
        let edit = TrunkEdit {
            name: known.name.clone(),
            carrier: known.carrier.clone(),
            enabled: true,
            settings: serde_json::Map::from_iter([("daily_limit".to_owned(), people.to_string().into())]),
            secrets: known.secrets.clone(),
            mps: None,
            on_uncertain: known.on_uncertain,
        };
        tx.update_trunk(trunk, known.version, &edit, known.state_at)
    });
    set.await.unwrap_or_else(|error: EditError| panic!("{error:?}"));
}
