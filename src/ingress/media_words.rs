//! The words of the public page, in German and English, and which of the two somebody reads.

use crate::domain::media::MediaFamily;
use crate::domain::time::Timestamp;
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

/// Languages a header may name; further ones are not read.
const LANGUAGES_MAX: usize = 20;

/// The languages of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    German,
    English,
}

impl Language {
    /// The one of the two that the reader likes better (RFC 9110 12.5.4); English where it is neither.
    pub fn asked(headers: &HeaderMap) -> Language {
        let lines = headers.get_all(ACCEPT_LANGUAGE).into_iter().filter_map(|line| line.to_str().ok());
        let mut best = (0, Language::English);
        for range in lines.flat_map(|line| line.split(',')).take(LANGUAGES_MAX) {
            let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
            let language = match tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "de" => Language::German,
                "en" => Language::English,
                _ => continue,
            };
            let weight = thousandths(weight);
            // Of two that are liked equally the first counts.
            if weight > best.0 {
                best = (weight, language);
            }
        }
        best.1
    }

    /// As in the `lang` attribute.
    pub fn tag(self) -> &'static str {
        match self {
            Language::German => "de",
            Language::English => "en",
        }
    }

    /// The one of two texts that is in this language.
    pub fn pick<'a>(self, german: &'a str, english: &'a str) -> &'a str {
        match self {
            Language::German => german,
            Language::English => english,
        }
    }

    /// What people call such a file.
    pub fn family(self, family: MediaFamily) -> &'static str {
        match family {
            MediaFamily::Picture => self.pick("Bild", "Picture"),
            MediaFamily::Paper => "PDF",
            MediaFamily::Video => "Video",
            MediaFamily::Audio => self.pick("Tonaufnahme", "Recording"),
            MediaFamily::Card => self.pick("Kontakt", "Contact"),
            MediaFamily::Document => self.pick("Dokument", "Document"),
        }
    }

    /// "640 KB", "1.2 MB", as in the text with the link.
    pub fn size(self, bytes: u64) -> String {
        if bytes < 1_000_000 {
            return format!("{} KB", bytes.div_ceil(1000));
        }
        let point = self.pick(",", ".");
        format!("{}{point}{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
    }

    /// "24. Dezember 2026", where this machine is.
    pub fn day(self, moment: Timestamp) -> String {
        let there = jiff::Timestamp::from_second(moment.as_seconds()).unwrap_or_default();
        let day = there.to_zoned(jiff::tz::TimeZone::system()).date();
        let month = usize::try_from(day.month()).unwrap_or(1).clamp(1, 12) - 1;
        match self {
            Language::German => format!("{}. {} {}", day.day(), GERMAN_MONTHS[month], day.year()),
            Language::English => format!("{} {} {}", day.day(), ENGLISH_MONTHS[month], day.year()),
        }
    }
}

const GERMAN_MONTHS: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// `q=0.8` as 800; without one it is 1000, and what cannot be read is nothing.
fn thousandths(weight: &str) -> u32 {
    let weight = weight.trim();
    if weight.is_empty() {
        return 1000;
    }
    let value =
        weight.strip_prefix("q=").or_else(|| weight.strip_prefix("Q=")).and_then(|q| q.trim().parse::<f32>().ok());
    let value = value.filter(|value| (0.0..=1.0).contains(value)).unwrap_or(0.0);
    // Between 0 and 1000.
    (value * 1000.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_LANGUAGE, line.parse().expect("a header"));
        Language::asked(&headers)
    }

    #[test]
    fn the_page_speaks_what_its_reader_likes_better() {
        for (line, language) in [
            ("de", Language::German),
            ("de-AT,de;q=0.9,en;q=0.8", Language::German),
            ("en-US,en;q=0.9,de;q=0.8", Language::English),
            ("fr-FR,fr;q=0.9,de;q=0.5,en;q=0.4", Language::German),
            ("en;q=0.1, DE;q=0.2", Language::German),
            ("fr", Language::English),
            ("de;q=0", Language::English),
            ("de;q=nan, en;q=x", Language::English),
            ("", Language::English),
            (";;,,=;q", Language::English),
        ] {
            assert_eq!(asked(line), language, "{line:?}");
        }
        assert_eq!(Language::asked(&HeaderMap::new()), Language::English);
    }

    #[test]
    fn sizes_and_days_are_written_as_people_read_them() {
        let noon = Timestamp(1_798_113_600_000);

        assert_eq!((Language::German.size(1), Language::German.size(1_260_000)), ("1 KB".into(), "1,2 MB".into()));
        assert_eq!(
            (Language::English.size(640_000), Language::English.size(100_000_000)),
            ("640 KB".into(), "100.0 MB".into())
        );
        assert_eq!(Language::German.day(noon), "24. Dezember 2026");
        assert_eq!(Language::English.day(noon), "24 December 2026");
    }
}
