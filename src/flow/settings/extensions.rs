//! Extensions are made, changed and deleted. A SIP password is shown once, when it is made.

use crate::domain::event::Event;
use crate::domain::id::ExtensionId;
use crate::domain::secret::Secret;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::settings::{about, checked_name, new_password};
use crate::store::extensions::ExtensionEdit;

/// Makes an extension; the password is told now and never again.
pub async fn create(desk: &Desk, form: ExtensionEdit) -> Result<(ExtensionId, Secret), FlowError> {
    let edit = checked(form)?;
    let password = new_password();
    let told = password.clone();
    let now = desk.now();
    let id = desk
        .store
        .write(move |tx| {
            let id = tx.insert_extension(&edit, &password, now).map_err(about("extension"))?;
            tx.emit(Event::ExtensionChanged { extension: id });
            Ok::<_, FlowError>(id)
        })
        .await?;
    Ok((id, told))
}

/// Changes an extension. One that is switched off is no longer reached, so no number may lead to it and it must
/// hold nothing.
pub async fn update(desk: &Desk, id: ExtensionId, version: i64, form: ExtensionEdit) -> Result<(), FlowError> {
    let edit = checked(form)?;
    desk.store
        .write(move |tx| {
            let before = tx.extension(id)?.ok_or(FlowError::NotFound("extension"))?;
            if before.enabled && !edit.enabled {
                tx.no_number_leads_to(id).map_err(about("extension"))?;
                tx.holds_nothing(id).map_err(about("extension"))?;
            }
            tx.update_extension(id, version, &edit).map_err(about("extension"))?;
            if !edit.enabled || before.number != edit.number {
                tx.set_bindings(id, &[])?;
            }
            tx.emit(Event::ExtensionChanged { extension: id });
            Ok(())
        })
        .await
}

/// Gives an extension a new password; its phones must register again with it.
pub async fn renew_password(desk: &Desk, id: ExtensionId) -> Result<Secret, FlowError> {
    let password = new_password();
    let told = password.clone();
    desk.store
        .write(move |tx| {
            tx.set_extension_password(id, &password).map_err(about("extension"))?;
            tx.set_bindings(id, &[])?;
            tx.emit(Event::ExtensionChanged { extension: id });
            Ok::<_, FlowError>(())
        })
        .await?;
    Ok(told)
}

/// Deletes an extension that nothing uses.
pub async fn delete(desk: &Desk, id: ExtensionId) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            tx.delete_extension(id).map_err(about("extension"))?;
            tx.emit(Event::ExtensionChanged { extension: id });
            Ok(())
        })
        .await
}

/// A number is what SIP user parts and phones' keypads can spell.
fn checked(mut form: ExtensionEdit) -> Result<ExtensionEdit, FlowError> {
    form.number = form.number.trim().to_owned();
    let spelled = form.number.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    if form.number.is_empty() || form.number.len() > 32 || !spelled {
        return Err(FlowError::invalid(
            "number",
            ("1 to 32 digits or letters, as in 1001", "1 bis 32 Ziffern oder Buchstaben, etwa 1001"),
        ));
    }
    form.name = checked_name("name", &form.name)?;
    Ok(form)
}
