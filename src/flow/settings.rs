//! The settings of the business: trunks, channels, numbers, queues, extensions, users. Edited in the portal, live at
//! once: each edit emits what changed, and whoever keeps a picture of it (the switchboard, the portal) takes a new one.

pub mod channels;
pub mod extensions;
pub mod media;
pub mod numbers;
pub mod queues;
pub mod sending;
pub mod trunks;
pub mod users;

use crate::domain::secret::Secret;
use crate::flow::error::FlowError;
use crate::store::edit::EditError;

/// Longest name of anything.
const NAME_CHARS_MAX: usize = 80;
/// Letters and digits nobody mixes up when reading them from paper: no 0 O, 1 l I, 5 S, 2 Z, 8 B.
const UNAMBIGUOUS: &[u8; 50] = b"ACDEFGHJKLMNPQRTUVWXYabcdefghijkmnopqrstuvwxyz3467";
/// 24 of 50 signs: 135 bits.
const PASSWORD_CHARS: usize = 24;

/// Says which thing an edit was about, where the store only knows that it is gone.
pub(in crate::flow) fn about(what: &'static str) -> impl Fn(EditError) -> FlowError {
    move |error| match error {
        EditError::Missing => FlowError::NotFound(what),
        EditError::Stale => FlowError::Stale,
        EditError::Taken(field) => {
            FlowError::invalid(field, ("taken already: choose another", "schon vergeben: bitte etwas anderes wählen"))
        }
        EditError::Dangling(field) => FlowError::invalid(
            field,
            ("it does not exist (any more): choose another", "es gibt das nicht (mehr): bitte etwas anderes wählen"),
        ),
        EditError::InUse(why) => FlowError::Conflict(why),
        EditError::Store(error) => FlowError::Store(error),
    }
}

/// A name without blanks around it, or why it is none.
pub(in crate::flow) fn checked_name(field: &str, name: &str) -> Result<String, FlowError> {
    let name = name.trim();
    if name.is_empty() {
        return Err(FlowError::invalid(field, "required"));
    }
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(FlowError::invalid(
            field,
            (
                format!("too long: at most {NAME_CHARS_MAX} characters"),
                format!("zu lang: höchstens {NAME_CHARS_MAX} Zeichen"),
            ),
        ));
    }
    if name.chars().any(char::is_control) {
        return Err(FlowError::invalid(
            field,
            ("one line without control characters", "eine Zeile ohne Steuerzeichen"),
        ));
    }
    Ok(name.to_owned())
}

/// A pace that can be kept, or why it is none.
fn checked_mps(mps: Option<f64>) -> Result<Option<f64>, FlowError> {
    match mps {
        Some(mps) if !(0.01..=10_000.0).contains(&mps) => Err(FlowError::invalid(
            "mps",
            (
                "between 0.01 and 10000 messages per second, or empty for the usual pace",
                "zwischen 0,01 und 10000 Nachrichten in der Sekunde, oder leer für das übliche Tempo",
            ),
        )),
        fine => Ok(fine),
    }
}

/// A password nobody guesses and everybody can type.
pub fn new_password() -> Secret {
    let mut password = String::with_capacity(PASSWORD_CHARS);
    let mut random = [0_u8; 64];
    while password.len() < PASSWORD_CHARS {
        getrandom::fill(&mut random).expect("the system's random numbers");
        // 250 is the last multiple of 50 in a byte: above it some signs would come more often than others.
        let fair = random.iter().filter(|&&byte| byte < 250);
        let signs = fair.map(|&byte| char::from(UNAMBIGUOUS[usize::from(byte) % UNAMBIGUOUS.len()]));
        password.extend(signs.take(PASSWORD_CHARS - password.len()));
    }
    Secret::new(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_new_and_readable() {
        let (one, other) = (new_password(), new_password());

        assert_ne!(one, other);
        assert_eq!(one.expose().len(), PASSWORD_CHARS);
        assert!(one.expose().bytes().all(|sign| UNAMBIGUOUS.contains(&sign)));
    }
}
