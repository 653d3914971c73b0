//! Portal users are made, changed and deleted by an admin. A password is shown once and must be changed at first login.

use crate::domain::event::Event;
use crate::domain::id::UserId;
use crate::domain::secret::Secret;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::{about, checked_name, new_password};
use crate::flow::users::hash::{Hasher, hash};
use crate::store::users::UserEdit;

/// Makes a user; the password is told now and never again.
pub async fn create(desk: &Desk, hasher: &Hasher, form: UserEdit) -> Result<(UserId, Secret), FlowError> {
    let edit = checked(form)?;
    let password = new_password();
    let hashed = hash(hasher, password.clone()).await?;
    let now = desk.now();
    let id = desk
        .store
        .write(move |tx| {
            let id = tx.insert_user(&edit, &hashed, now).map_err(about("user"))?;
            tx.emit(Event::SettingsChanged);
            Ok::<_, FlowError>(id)
        })
        .await?;
    Ok((id, password))
}

/// Changes a user. Its logins end where it may do less than before.
pub async fn update(desk: &Desk, id: UserId, version: Option<i64>, form: UserEdit) -> Result<(), FlowError> {
    let edit = checked(form)?;
    desk.store
        .write(move |tx| {
            let before = tx.user(id)?.ok_or(FlowError::NotFound("user"))?;
            tx.update_user(id, version.unwrap_or(before.version), &edit).map_err(about("user"))?;
            if edit.role < before.role {
                tx.delete_other_logins(id, None)?;
            }
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

/// Gives a user a new password, told once; all its logins end.
pub async fn renew_password(desk: &Desk, hasher: &Hasher, id: UserId) -> Result<Secret, FlowError> {
    let password = new_password();
    let hashed = hash(hasher, password.clone()).await?;
    desk.store
        .write(move |tx| {
            tx.set_user_password(id, &hashed, true).map_err(about("user"))?;
            tx.delete_other_logins(id, None)?;
            Ok::<_, FlowError>(())
        })
        .await?;
    Ok(password)
}

/// Deletes a user, and its logins with it.
pub async fn delete(desk: &Desk, id: UserId) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            tx.delete_user(id).map_err(about("user"))?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

fn checked(mut form: UserEdit) -> Result<UserEdit, FlowError> {
    form.name = checked_name("name", &form.name)?;
    Ok(form)
}
