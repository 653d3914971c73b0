//! `user`: who may log in to the portal, for the day nobody can.

use crate::cli::arguments::{Place, RoleWord, User as Ask};
use crate::cli::dispatch::{Failure, say};
use crate::cli::visit::visit;
use crate::domain::secret::Secret;
use crate::domain::user::Role;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::users;
use crate::flow::users::hash::Hasher;
use crate::store::users::{User, UserEdit};

/// Does what was asked about users.
pub fn user(place: &Place, ask: Ask) -> Result<(), Failure> {
    match ask {
        Ask::Add { name, role, extension } => add(place, name, role.into(), extension),
        Ask::List => list(place),
        Ask::Passwd { name } => {
            let wanted = name.clone();
            let password = visit(place, async |desk| {
                users::renew_password(&desk, &Hasher::default(), named(&desk, &wanted).await?.id).await
            })?;
            tell_password(&name, &password);
            Ok(())
        }
        Ask::Remove { name } => {
            visit(place, async |desk| users::delete(&desk, named(&desk, &name).await?.id).await)?;
            say(format!("{name} is removed"));
            Ok(())
        }
    }
}

fn add(place: &Place, name: String, role: Role, extension: Option<String>) -> Result<(), Failure> {
    let told = name.clone();
    let (_, password) = visit(place, async |desk| {
        let extension = match extension {
            None => None,
            Some(number) => Some(crate::cli::phones::numbered(&desk, &number).await?.id),
        };
        users::create(&desk, &Hasher::default(), UserEdit { name, role, extension }).await
    })?;
    tell_password(&told, &password);
    Ok(())
}

fn list(place: &Place) -> Result<(), Failure> {
    let (users, extensions) = visit(place, async |desk| {
        desk.store.read(|rows| Ok::<_, FlowError>((rows.users()?, rows.extensions()?))).await
    })?;
    for user in users {
        let number = extensions.iter().find(|extension| Some(extension.id) == user.extension);
        let number = number.map_or("-", |extension| extension.number.as_str());
        say(format!("{:<24} {:<12} {number}", user.name, user.role.as_str()));
    }
    Ok(())
}

async fn named(desk: &Desk, name: &str) -> Result<User, FlowError> {
    let wanted = name.to_owned();
    let found = desk.store.read(move |rows| Ok::<_, FlowError>(rows.user_by_name(&wanted)?)).await?;
    found.ok_or_else(|| FlowError::invalid("name", format!("there is no user {name}; `depesche user list` shows all")))
}

fn tell_password(name: &str, password: &Secret) {
    say(format!("user      {name}"));
    say(format!("password  {}", password.expose()));
    say("It is shown this once, and must be changed at the first login.");
}

impl From<RoleWord> for Role {
    fn from(word: RoleWord) -> Role {
        match word {
            RoleWord::Agent => Role::Agent,
            RoleWord::Supervisor => Role::Supervisor,
            RoleWord::Admin => Role::Admin,
        }
    }
}
