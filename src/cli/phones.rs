//! `extension`: the accounts that phones register with.

use crate::cli::arguments::{Extension as Ask, Place};
use crate::cli::dispatch::{Failure, say};
use crate::cli::visit::visit;
use crate::domain::secret::Secret;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::extensions;
use crate::store::extensions::{Extension, ExtensionEdit};

/// Does what was asked about extensions.
pub fn extension(place: &Place, ask: Ask) -> Result<(), Failure> {
    match ask {
        Ask::Add { number, name } => add(place, number, name),
        Ask::List => list(place),
        Ask::Passwd { number } => {
            let wanted = number.clone();
            let password =
                visit(place, async |desk| extensions::renew_password(&desk, numbered(&desk, &wanted).await?.id).await)?;
            tell_password(&number, &password);
            Ok(())
        }
        Ask::Remove { number } => {
            visit(place, async |desk| extensions::delete(&desk, numbered(&desk, &number).await?.id).await)?;
            say(format!("{number} is removed"));
            Ok(())
        }
    }
}

fn add(place: &Place, number: String, name: Option<String>) -> Result<(), Failure> {
    let name = name.unwrap_or_else(|| number.clone());
    let edit = ExtensionEdit { number: number.clone(), name, enabled: true, default_number: None };
    let (_, password) = visit(place, async |desk| extensions::create(&desk, edit).await)?;
    tell_password(&number, &password);
    Ok(())
}

fn list(place: &Place) -> Result<(), Failure> {
    let all = visit(place, async |desk| desk.store.read(|rows| Ok::<_, FlowError>(rows.extensions()?)).await)?;
    for extension in all {
        let state = if extension.enabled { "on" } else { "off" };
        say(format!("{:<12} {state:<4} {}", extension.number, extension.name));
    }
    Ok(())
}

/// The extension with this number, or a sentence that says how to find one.
pub async fn numbered(desk: &Desk, number: &str) -> Result<Extension, FlowError> {
    let wanted = number.to_owned();
    let found = desk.store.read(move |rows| Ok::<_, FlowError>(rows.extension_by_number(&wanted)?)).await?;
    found.ok_or_else(|| {
        FlowError::invalid("extension", format!("there is no {number}; `depesche extension list` shows all"))
    })
}

fn tell_password(number: &str, password: &Secret) {
    say(format!("user      {number}"));
    say(format!("password  {}", password.expose()));
    say("It is shown this once: type it into the phone now.");
}
