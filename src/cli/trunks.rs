//! `trunk`: which trunks there are, and whether they work.

use crate::app::house::{switchboard, trust};
use crate::app::reload::Reload;
use crate::cli::arguments::{Place, Trunk as Ask};
use crate::cli::dispatch::{Failure, say, settings};
use crate::cli::visit::visit;
use crate::egress::trunk_test::{TestStep, Verdict};
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::trunks;
use crate::net::tls;
use crate::store::trunks::Trunk;

/// Does what was asked about trunks.
pub fn trunk(place: &Place, ask: Ask) -> Result<(), Failure> {
    match ask {
        Ask::List => list(place),
        Ask::Test { name, german } => test(place, &name, german),
    }
}

fn list(place: &Place) -> Result<(), Failure> {
    for trunk in visit(place, async |desk| all(&desk).await)? {
        let state = if trunk.enabled { trunk.state.as_str() } else { "off" };
        say(format!("{:<24} {:<14} {state}", trunk.name, trunk.carrier));
    }
    Ok(())
}

/// Makes calls of its own with the trunk's row, whether the daemon runs or not.
fn test(place: &Place, name: &str, german: bool) -> Result<(), Failure> {
    tls::install_provider();
    let config = settings(place)?;
    let steps = visit(place, async |desk| {
        let trunk = named(&desk, name).await?;
        let switchboard = trust(&config)
            .and_then(|trust| switchboard(&config, &trust, &desk.clock))
            .map_err(|error| FlowError::invalid("http_client", error.to_string()))?;
        // A trunk that cannot be used says so in its test.
        Reload::new(desk.clone(), switchboard.clone()).now().await?;
        trunks::test(&desk, &switchboard, trunk.id).await
    })?;
    steps.iter().for_each(|step| say(line_of(step, german)));
    let wrong = steps.iter().filter(|step| step.verdict == Verdict::Bad).count();
    match wrong {
        0 => Ok(()),
        1 => Err(Failure::Sentence(format!("trunk {name}: 1 thing is wrong"))),
        _ => Err(Failure::Sentence(format!("trunk {name}: {wrong} things are wrong"))),
    }
}

fn line_of(step: &TestStep, german: bool) -> String {
    let sentence = if german { &step.de } else { &step.en };
    format!("{:<8} {:<12} {sentence}", step.verdict.as_str(), step.name)
}

async fn all(desk: &Desk) -> Result<Vec<Trunk>, FlowError> {
    desk.store.read(|rows| Ok::<_, FlowError>(rows.trunks()?)).await
}

async fn named(desk: &Desk, name: &str) -> Result<Trunk, FlowError> {
    let found = all(desk).await?.into_iter().find(|trunk| trunk.name.to_lowercase() == name.to_lowercase());
    found
        .ok_or_else(|| FlowError::invalid("name", format!("there is no trunk {name}; `depesche trunk list` shows all")))
}
