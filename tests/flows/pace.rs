//! How fast: a thousand texts over three numbers keep every second's limit and lose no time; a reply takes the next turn.

use crate::world::World;
use crate::world::house::{ANNAS, SALES, SUPPORT};
use crate::world::says::address;
use depesche::domain::id::{MessageId, NumberId};
use depesche::flow::desk::{Rules, new_reference};
use depesche::store::deliveries::{Line, NewDelivery, Priority};
use depesche::store::error::StoreError;
use std::time::Duration;

const PACES: [(&str, f64, usize); 3] = [(ANNAS, 1.0, 30), (SALES, 3.0, 88), (SUPPORT, 30.0, 882)];

fn set_pace(world: &World, number: NumberId, mps: f64) {
    world.books_write(&format!("UPDATE numbers SET mps = {mps} WHERE id = {number}"));
}

/// Campaign texts, each to a customer of its own.
async fn file(world: &World, number: NumberId, first: usize, count: usize) {
    let (now, trunk) = (world.desk.now(), world.house.trunk);
    let message = MessageId(world.count("SELECT max(id) FROM messages"));
    let filed = world.desk.store.write(move |tx| {
        for turn in first..first + count {
            let line = Line::Carrier { trunk, number, to: address(&format!("+1555020{turn:04}")) };
            let new = NewDelivery {
                message,
                line,
                priority: Priority::Campaign,
                reference: new_reference(),
                expires_at: now.plus(Duration::from_secs(3600)),
                notice: Some(format!("campaign {turn}")),
                instead: None,
                attachment: None,
                phone: None,
            };
            tx.insert_delivery(&new, now)?;
        }
        Ok::<_, StoreError>(())
    });
    filed.await.expect("filed");
}

#[tokio::test]
async fn a_thousand_texts_keep_every_second_s_limit_lose_no_time_and_a_reply_takes_the_next_turn() {
    let world = World::begin_with(Rules::default()).await;
    world.carla_writes_to_anna("hello").await;
    let house = &world.house;
    let numbers = [house.annas, house.sales_number, house.support_number];
    let mut first = 0;
    for (number, (_, mps, count)) in numbers.into_iter().zip(PACES) {
        set_pace(&world, number, mps);
        file(&world, number, first, count).await;
        first += count;
    }
    let begun = world.desk.now();

    world.pass(Duration::from_secs(10) + Duration::from_millis(337)).await;
    let asked = world.desk.now();
    let by = world.actor(world.house.anna);
    let session = world.last_session();
    depesche::flow::send::reply(&world.desk, session, "a reply".into(), new_reference(), by).await.expect("taken");
    world.pass(Duration::from_secs(25)).await;

    let taken = world.outside.state().taken.clone();
    assert_eq!(taken.len(), 1001);
    for (from, mps, count) in PACES {
        let times: Vec<i64> = taken.iter().filter(|one| one.from == from).map(|one| one.at.0).collect();
        let most =
            times.iter().map(|&at| times.iter().filter(|&&other| (at..at + 1000).contains(&other)).count()).max();
        assert!(most.unwrap_or(0) <= mps as usize, "{from}: {most:?} in a second at {mps}");
        let replies = times.len() - count;
        let ideal_ms = (times.len() - 1) as f64 / mps * 1000.0;
        let took_ms = (times[times.len() - 1] - begun.0) as f64;
        println!("{from}: {} texts ({replies} replies), ideal {ideal_ms} ms, took {took_ms} ms", times.len());
        assert!(took_ms <= ideal_ms * 1.02 + 1.0, "{from}: {took_ms} ms instead of {ideal_ms}");
    }
    let reply = taken.iter().find(|one| one.text == "a reply").expect("it left");
    let turn_ms = 1000;
    assert!(reply.at.0 - asked.0 <= 50 + turn_ms, "the reply took {} ms", reply.at.0 - asked.0);
    world.finish().await;
}
