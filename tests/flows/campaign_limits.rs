//! What an estimate says of the limits of a day and a month, and whether it comes true.

use crate::campaign::{counts, launched, plan, run, status};
use crate::world::{World, in_a_world};
use depesche::domain::id::UserId;
use depesche::domain::session::Actor;
use depesche::flow::campaign::drafts;
use depesche::flow::campaign::estimate::{Estimate, estimate};
use depesche::flow::campaign::launch::{Shown, launch};
use depesche::flow::campaign::limits::{self, CampaignLimits};
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

fn anna(world: &World) -> Actor {
    world.books_write(
        "INSERT INTO users (name, role, password_hash, must_change_password, created_at) \
         VALUES ('anna', 'supervisor', '-', 0, 0)",
    );
    let id = world.count("SELECT id FROM users WHERE name = 'anna'");
    Actor { user: Some(UserId(id)), extension: None, name: "anna".into() }
}

fn notes(found: &Estimate) -> (Vec<&str>, Vec<&str>) {
    (
        found.limits.iter().map(|note| note.english.as_str()).collect(),
        found.limits.iter().map(|note| note.german.as_str()).collect(),
    )
}

#[tokio::test]
async fn an_estimate_says_which_limit_makes_it_longer_and_the_last_leaves_on_that_day() {
    in_a_world(async |world| {
        let media = world.media();
        let few = CampaignLimits { user_per_day: 3, number_per_month: 8, ..CampaignLimits::default() };
        limits::change(&world.desk, few).await.expect("set");
        let author = anna(world);
        let wanted = plan(world, 10);
        let before = drafts::create(&world.desk, plan(world, 1), author.clone()).await.expect("saved");
        launch(&media, before, Shown::default(), author.clone()).await.expect("launched");
        run(world, &media, Duration::from_secs(2)).await;
        let id = drafts::create(&world.desk, wanted.clone(), author.clone()).await.expect("saved");

        let found = estimate(&media, id, &wanted, 1000).await.expect("it can be estimated");

        assert_eq!((found.day_left, found.month_left), (Some(2), Some(7)));
        // It is the 20th: 2, 3 and 2 leave until the month's limit is reached, and the rest at the beginning of the next one.
        let (english, german) = notes(&found);
        assert_eq!(
            english,
            [
                "The author's limit of 3 campaign messages a day makes it longer: 2 may leave on the first day, the last is sent on 1 December 2026.",
                "The number's limit of 8 campaign messages a month makes it longer: 7 may leave in the first month, the last is sent on 1 December 2026.",
            ]
        );
        assert!(german[0].starts_with("Die Tagesgrenze des Verfassers von 3 "), "{german:?}");
        assert!(german[1].ends_with("im ersten Monat sind es noch 7, die letzte geht am 01.12.2026 hinaus."), "{german:?}");
        launch(&media, id, Shown::default(), author).await.expect("launched");
        let ends_at = found.ends_at.expect("it ends");
        while world.desk.now().plus(DAY) < ends_at {
            run(world, &media, Duration::from_secs(3)).await;
            world.pass(DAY / 2).await;
        }
        assert_ne!(status(world, id), "completed", "{:?}", counts(world, id).await);
        world.pass(ends_at.since(world.desk.now())).await;
        run(world, &media, Duration::from_secs(6)).await;
        assert_eq!(status(world, id), "completed", "{:?}", counts(world, id).await);
    })
    .await;
}

#[tokio::test]
async fn limits_that_make_nobody_wait_are_not_told() {
    in_a_world(async |world| {
        let media = world.media();
        let enough = CampaignLimits { number_per_day: 10, ..CampaignLimits::default() };
        limits::change(&world.desk, enough).await.expect("set");
        let id = launched(world, &media, plan(world, 4)).await;
        run(world, &media, Duration::from_secs(6)).await;
        assert_eq!(status(world, id), "completed");
        let mut wanted = plan(world, 6);
        wanted.rules.pace = Some(1.0);
        let id = drafts::create(&world.desk, wanted.clone(), world.admin()).await.expect("saved");

        let found = estimate(&media, id, &wanted, 1000).await.expect("it can be estimated");

        assert_eq!((found.day_left, found.limits.len(), found.seconds), (Some(6), 0, 6));
    })
    .await;
}
