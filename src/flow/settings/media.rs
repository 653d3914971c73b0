//! What a channel takes of files is changed.

use crate::domain::event::Event;
use crate::domain::id::ChannelId;
use crate::domain::media::FILES_MAX;
use crate::domain::media_rules::ChannelMedia;
use crate::domain::wording::Wording;
use crate::flow::desk::Desk;
use crate::flow::error::FlowError;
use crate::flow::media::plan::FILE_BYTES_MAX;

/// Least bytes a limit may be set to: below it no picture can be made to fit.
const BYTES_MIN: u64 = 10_000;
/// Ten years.
const KEPT_DAYS_MAX: u32 = 3650;
/// More than there are.
const COUNTRIES_MAX: usize = 300;

/// Changes what a channel takes of files.
pub async fn change(desk: &Desk, channel: ChannelId, rules: ChannelMedia) -> Result<(), FlowError> {
    check(&rules)?;
    desk.store
        .write(move |tx| {
            tx.channel(channel)?.ok_or(FlowError::NotFound("channel"))?;
            tx.set_channel_media(channel, &rules)?;
            tx.emit(Event::SettingsChanged);
            Ok(())
        })
        .await
}

fn check(rules: &ChannelMedia) -> Result<(), FlowError> {
    let wrong =
        |field: &str, english: String, german: String| Err(FlowError::invalid(field, Wording::new(english, german)));
    if rules.files_max.is_some_and(|most| most == 0 || most as usize > FILES_MAX) {
        return wrong("files_max", format!("1 to {FILES_MAX} files"), format!("1 bis {FILES_MAX} Dateien"));
    }
    for (field, bytes) in [
        ("picture_bytes_max", rules.picture_bytes_max),
        ("paper_bytes_max", rules.paper_bytes_max),
        ("other_bytes_max", rules.other_bytes_max),
        ("total_bytes_max", rules.total_bytes_max),
    ] {
        if bytes.is_some_and(|bytes| !(BYTES_MIN..=FILE_BYTES_MAX).contains(&bytes)) {
            let (least, most) = (BYTES_MIN / 1000, FILE_BYTES_MAX / 1_000_000);
            let (english, german) =
                (format!("{least} KB to {most} MB, or empty"), format!("{least} KB bis {most} MB, oder leer"));
            return wrong(field, english, german);
        }
    }
    if !(1..=KEPT_DAYS_MAX).contains(&rules.kept_days) {
        return wrong("kept_days", format!("1 to {KEPT_DAYS_MAX} days"), format!("1 bis {KEPT_DAYS_MAX} Tage"));
    }
    let is_country = |code: &String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if rules.countries.as_ref().is_some_and(|all| all.len() > COUNTRIES_MAX || !all.iter().all(is_country)) {
        let (english, german) = ("two capital letters each, such as US", "je zwei Großbuchstaben, etwa US");
        return wrong("countries", english.into(), german.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_could_keep_to_is_refused_with_its_field() {
        let field = |rules: ChannelMedia| match check(&rules) {
            Err(FlowError::Invalid { field, .. }) => Some(field),
            Ok(()) => None,
            Err(other) => panic!("{other}"),
        };
        let good = ChannelMedia::default;

        assert_eq!(field(good()), None);
        assert_eq!(field(ChannelMedia { files_max: Some(11), ..good() }).as_deref(), Some("files_max"));
        assert_eq!(field(ChannelMedia { picture_bytes_max: Some(9), ..good() }).as_deref(), Some("picture_bytes_max"));
        assert_eq!(field(ChannelMedia { kept_days: 0, ..good() }).as_deref(), Some("kept_days"));
        let countries = Some(vec!["US".to_owned(), "usa".to_owned()]);
        assert_eq!(field(ChannelMedia { countries, ..good() }).as_deref(), Some("countries"));
    }
}
