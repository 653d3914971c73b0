//! Where a trunk's carrier reaches us, where that is not where everybody else does: another name, another proxy. Each
//! carrier that calls us has this setting; the dialects know nothing of it.

use crate::carrier::dialect::{Carrier, Entry, Field, Settings, SettingsError};
use crate::carrier::settings::{Fields, field};

const KEY: &str = "public_url";
const FIELDS: &[Field] = &[field(
    KEY,
    "Our public address for this carrier",
    "Unsere öffentliche Adresse für diesen Anbieter",
    "As in https://sms2.example.com; empty: the one of this machine's settings",
)
.german_hint("Etwa https://sms2.example.com; leer: die aus den Einstellungen dieser Maschine")];

/// The fields of a carrier's settings, and the one that all have whose carriers call us.
pub fn fields(entry: &Entry) -> impl Iterator<Item = &'static Field> {
    let is_called = !matches!(entry.name, "sip" | "simulator");
    entry.fields.iter().chain(FIELDS.iter().filter(move |_| is_called))
}

/// A dialect, and where its carrier reaches us, without a slash at the end.
pub fn build(entry: &Entry, settings: &Settings) -> Result<(Box<dyn Carrier>, Option<String>), SettingsError> {
    let mut own = settings.clone();
    let given: Settings = own.remove_entry(KEY).into_iter().collect();
    let address = Fields::of(FIELDS, &given)?.address(KEY)?;
    Ok(((entry.build)(&own)?, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::find;
    use serde_json::json;

    #[test]
    fn a_trunk_may_be_reached_at_an_address_of_its_own() {
        let entry = find("generic").expect("it is in the table");
        let mut settings = json!({
            "send_url": "https://sms.example.com/v1", "api_key": "0123456789abcdef",
            "webhook_secret": "0123456789abcdef0123", "public_url": "https://sms2.example.com/",
        });
        let built = |settings: &serde_json::Value| build(entry, settings.as_object().expect("an object"));

        assert_eq!(built(&settings).expect("good").1.as_deref(), Some("https://sms2.example.com"));
        settings["public_url"] = "sms2".into();
        assert_eq!(built(&settings).err().expect("refused").field, "public_url");
        settings.as_object_mut().expect("an object").remove("public_url");
        assert_eq!(built(&settings).expect("good").1, None);
    }
}
