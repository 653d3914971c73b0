//! Trunks as an admin sets them up.

use crate::world::in_a_world;
use depesche::domain::trunk::OnUncertain;
use depesche::flow::error::FlowError;
use depesche::flow::settings::trunks::{self, TrunkForm};
use serde_json::json;

fn gateway(name: &str, user: &str) -> TrunkForm {
    let settings = json!({ "inbound_user": user, "inbound_password": "a-password-of-the-gateway" });
    TrunkForm {
        name: name.into(),
        carrier: "sip".into(),
        enabled: true,
        settings: settings.as_object().expect("an object").clone(),
        mps: None,
        on_uncertain: OnUncertain::Ask,
    }
}

fn is_refused_for_its_user<T: std::fmt::Debug>(result: Result<T, FlowError>) -> bool {
    let text = format!("{result:?}");
    result.is_err() && text.contains("settings.inbound_user") && text.contains("GoIP")
}

#[tokio::test]
async fn two_gateways_cannot_register_here_as_the_same_user() {
    in_a_world(async |world| {
        let goip = trunks::create(&world.desk, gateway("GoIP", "gw1")).await.expect("made");
        let yeastar = trunks::create(&world.desk, gateway("Yeastar", "gw2")).await.expect("made");

        assert!(is_refused_for_its_user(trunks::create(&world.desk, gateway("Third", " gw1 ")).await));
        assert!(is_refused_for_its_user(trunks::update(&world.desk, yeastar, 1, gateway("Yeastar", "gw1")).await));

        // Its own user stays its own; and one that another gave up is free.
        trunks::update(&world.desk, goip, 1, gateway("GoIP", "gw1")).await.expect("changed");
        trunks::update(&world.desk, goip, 2, gateway("GoIP", "gw3")).await.expect("changed");
        trunks::update(&world.desk, yeastar, 1, gateway("Yeastar", "gw1")).await.expect("changed");
    })
    .await;
}
