//! Whoever wants nothing more gets nothing more: whatever the way it was said, and however somebody tries.

use crate::world::house::{ANNAS, CARLA};
use crate::world::says::address;
use crate::world::{World, in_a_world};
use depesche::domain::address::Address;
use depesche::domain::consent::{OptOutSource, Refusal, Scope};
use depesche::domain::id::NumberId;
use depesche::store::opt_outs::NewOptOut;

/// Somebody notes that a person wants no more.
async fn noted(world: &World, who: &Address, scope: Scope, marketing_only: bool) {
    let (who, now) = (who.clone(), world.desk.now());
    world
        .desk
        .store
        .write(move |tx| {
            let new = NewOptOut {
                address: &who,
                scope,
                marketing_only,
                source: OptOutSource::User,
                words: None,
                note: "by telephone",
                by: Some("admin"),
                said_to: None,
            };
            tx.note_opt_out(&new, now)
        })
        .await
        .expect("noted");
}

async fn refusal(world: &World, who: &Address, number: NumberId, marketing: bool) -> Option<Refusal> {
    let who = who.clone();
    world.desk.store.read(move |db| db.refusal_of(&who, number, marketing)).await.expect("asked")
}

#[tokio::test]
async fn a_refusal_reaches_as_far_as_it_says() {
    in_a_world(async |world| {
        let (annas, other) = (world.house.annas, world.house.sales_number);
        let [one, two, three] = ["+15550100201", "+15550100202", "+15550100203"].map(address);
        noted(world, &one, Scope::Number { number: annas }, false).await;
        noted(world, &two, Scope::Everything, false).await;
        noted(world, &three, Scope::Number { number: annas }, true).await;

        assert!(refusal(world, &one, annas, false).await.is_some());
        assert!(refusal(world, &one, other, true).await.is_none());
        assert!(refusal(world, &two, other, false).await.is_some());
        assert!(refusal(world, &three, annas, false).await.is_none(), "advertising alone is meant");
        assert!(refusal(world, &three, annas, true).await.is_some_and(|refusal| refusal.marketing_only));
        assert!(refusal(world, &address(CARLA), annas, true).await.is_none());
    })
    .await;
}

#[tokio::test]
async fn who_is_known_by_number_and_by_id_is_refused_by_either() {
    in_a_world(async |world| {
        let (number, id) = (address(CARLA), address("wa:DE.77"));
        let annas = world.house.annas;
        noted(world, &number, Scope::Everything, false).await;
        assert!(refusal(world, &id, annas, false).await.is_none());

        let (from, also, now) = (number.clone(), [id.clone()], world.desk.now());
        let learnt = world.desk.store.write(move |tx| tx.peer_known_as(&from, &also, None, now));
        learnt.await.expect("learnt");

        assert!(refusal(world, &id, annas, false).await.is_some());
        assert_eq!(world.text(&format!("SELECT address FROM opt_outs WHERE address <> '{ANNAS}'")), CARLA);
    })
    .await;
}
