//! The words by which people stop, start again and ask for help: the whole message, in eight languages, however it is
//! spelt. A word inside a sentence is talk, and "STOP 12345" is an order to some machine.
//!
//! The words that count by themselves are few on purpose: people talk with people here. "Cancel", "Ende", "annuler" or
//! "iptal" as an answer mean the appointment, not us; a yes means whatever was asked last. Where a law names such words
//! (47 CFR 64.1200(a)(10) for North America) they count from there. Whoever needs more of them adds them.

use crate::domain::address::Address;
use crate::domain::consent::WordScope;
use crate::domain::consent_fold::folded;
use crate::domain::consent_usual;
use crate::domain::wording::Wording;
use serde::{Deserialize, Serialize};

/// Longest word, in characters.
pub const WORD_CHARS_MAX: usize = 40;
/// Most words of one kind and language.
pub const WORDS_MAX: usize = 50;
/// Longest answer, in characters: three segments.
pub const ANSWER_CHARS_MAX: usize = 459;
/// Counts in every language, and cannot be taken out of the list: nobody would look for another.
const ALWAYS: &str = "stop";
/// What the law of North America names beside: only from there, since elsewhere it is the answer to an appointment.
const NORTH_AMERICA: [&str; 3] = ["cancel", "end", "quit"];

/// A language of the words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tongue {
    /// German.
    De,
    /// English.
    En,
    /// French.
    Fr,
    /// Spanish.
    Es,
    /// Italian.
    It,
    /// Dutch.
    Nl,
    /// Polish.
    Pl,
    /// Turkish.
    Tr,
}

impl Tongue {
    /// Each of them.
    pub const ALL: [Tongue; 8] =
        [Tongue::De, Tongue::En, Tongue::Fr, Tongue::Es, Tongue::It, Tongue::Nl, Tongue::Pl, Tongue::Tr];

    /// Reads a language tag, as in `de` or `de-AT`.
    pub fn from_tag(tag: &str) -> Option<Tongue> {
        Some(match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "de" => Tongue::De,
            "en" => Tongue::En,
            "fr" => Tongue::Fr,
            "es" => Tongue::Es,
            "it" => Tongue::It,
            "nl" => Tongue::Nl,
            "pl" => Tongue::Pl,
            "tr" => Tongue::Tr,
            _ => return None,
        })
    }

    /// What most people speak in a country (ISO 3166).
    pub fn of_country(country: &str) -> Option<Tongue> {
        Some(match country {
            "DE" | "AT" | "CH" | "LI" | "LU" => Tongue::De,
            "GB" | "IE" | "US" | "CA" | "AU" | "NZ" | "ZA" | "IN" => Tongue::En,
            "FR" | "MC" => Tongue::Fr,
            "ES" | "MX" | "AR" | "CO" | "CL" | "PE" => Tongue::Es,
            "IT" | "SM" | "VA" => Tongue::It,
            "NL" | "BE" => Tongue::Nl,
            "PL" => Tongue::Pl,
            "TR" => Tongue::Tr,
            _ => return None,
        })
    }
}

/// Something in each of the eight languages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InTongues<T> {
    /// German.
    #[serde(default)]
    pub de: T,
    /// English.
    #[serde(default)]
    pub en: T,
    /// French.
    #[serde(default)]
    pub fr: T,
    /// Spanish.
    #[serde(default)]
    pub es: T,
    /// Italian.
    #[serde(default)]
    pub it: T,
    /// Dutch.
    #[serde(default)]
    pub nl: T,
    /// Polish.
    #[serde(default)]
    pub pl: T,
    /// Turkish.
    #[serde(default)]
    pub tr: T,
}

impl<T> InTongues<T> {
    /// In one of them.
    pub fn of(&self, tongue: Tongue) -> &T {
        match tongue {
            Tongue::De => &self.de,
            Tongue::En => &self.en,
            Tongue::Fr => &self.fr,
            Tongue::Es => &self.es,
            Tongue::It => &self.it,
            Tongue::Nl => &self.nl,
            Tongue::Pl => &self.pl,
            Tongue::Tr => &self.tr,
        }
    }
}

/// Words in each language.
pub type Words = InTongues<Vec<String>>;
/// A text in each language; an empty one is not sent.
pub type Texts = InTongues<String>;

/// What a word asks for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asks {
    /// Nothing more.
    Stop,
    /// To be written to again.
    Start,
    /// Who this is, and how to stop it.
    Help,
}

impl Asks {
    /// The word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Asks::Stop => "stop",
            Asks::Start => "start",
            Asks::Help => "help",
        }
    }
}

/// What is answered, in each language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Answers {
    /// To who stops.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub stop: Texts,
    /// To who starts again.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub start: Texts,
    /// To who asks for help.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    pub help: Texts,
}

/// How the house deals with such words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ConsentSettings {
    /// Words that stop.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    pub stop: Words,
    /// Words that take it back.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    pub start: Words,
    /// Words that ask for help.
    #[schema(value_type = std::collections::BTreeMap<String, Vec<String>>)]
    pub help: Words,
    /// How far a stop reaches.
    pub scope: WordScope,
    /// What is answered.
    pub answers: Answers,
    /// Whether a person who opted out and writes again may be answered for 24 hours: by people, never by campaigns.
    pub reopen_on_write: bool,
}

/// A word that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// What it asks for.
    pub asks: Asks,
    /// The languages that have it.
    pub tongues: Vec<Tongue>,
    /// As it is compared: folded.
    pub word: String,
}

impl ConsentSettings {
    /// The word that a text is, if it is one.
    pub fn heard(&self, text: &str, from: &Address) -> Option<Heard> {
        let word = folded(text).filter(|word| word.chars().count() <= WORD_CHARS_MAX)?;
        let lists = [(Asks::Stop, &self.stop), (Asks::Start, &self.start), (Asks::Help, &self.help)];
        for (asks, words) in lists {
            let has = |tongue: &Tongue| words.of(*tongue).iter().any(|known| folded(known).as_ref() == Some(&word));
            let mut tongues: Vec<Tongue> = Tongue::ALL.into_iter().filter(has).collect();
            if asks == Asks::Stop && tongues.is_empty() {
                if word == ALWAYS {
                    tongues = Tongue::ALL.to_vec();
                } else if from.as_str().starts_with("+1") && NORTH_AMERICA.contains(&word.as_str()) {
                    tongues = vec![Tongue::En];
                }
            }
            if !tongues.is_empty() {
                return Some(Heard { asks, tongues, word });
            }
        }
        None
    }

    /// What is answered to a word, in this language.
    pub fn answer(&self, asks: Asks, tongue: Tongue) -> Option<&str> {
        let texts = match asks {
            Asks::Stop => &self.answers.stop,
            Asks::Start => &self.answers.start,
            Asks::Help => &self.answers.help,
        };
        Some(texts.of(tongue).trim()).filter(|text| !text.is_empty())
    }

    /// Checks what somebody set; says which field is wrong.
    pub fn check(&self) -> Result<(), (String, Wording)> {
        let mut known: Vec<(String, Asks)> = Vec::new();
        for (asks, words) in [(Asks::Stop, &self.stop), (Asks::Start, &self.start), (Asks::Help, &self.help)] {
            for tongue in Tongue::ALL {
                check_words(words.of(tongue), asks, &mut known).map_err(|why| (field(asks, tongue), why))?;
            }
        }
        let answers = &self.answers;
        for (asks, texts) in [(Asks::Stop, &answers.stop), (Asks::Start, &answers.start), (Asks::Help, &answers.help)] {
            for tongue in Tongue::ALL {
                if texts.of(tongue).chars().count() > ANSWER_CHARS_MAX {
                    let why = (
                        format!("at most {ANSWER_CHARS_MAX} characters"),
                        format!("höchstens {ANSWER_CHARS_MAX} Zeichen"),
                    );
                    return Err((format!("answers.{}", field(asks, tongue)), why.into()));
                }
            }
        }
        Ok(())
    }
}

fn field(asks: Asks, tongue: Tongue) -> String {
    let tongue = format!("{tongue:?}").to_lowercase();
    format!("{}.{tongue}", asks.as_str())
}

fn check_words(words: &[String], asks: Asks, known: &mut Vec<(String, Asks)>) -> Result<(), Wording> {
    if words.len() > WORDS_MAX {
        return Err((format!("at most {WORDS_MAX} words"), format!("höchstens {WORDS_MAX} Wörter")).into());
    }
    for word in words {
        let folded = folded(word).filter(|_| word.chars().count() <= WORD_CHARS_MAX).ok_or_else(|| {
            Wording::new(
                format!("{word:?}: a word has letters or digits, and at most {WORD_CHARS_MAX} characters"),
                format!("{word:?}: ein Wort hat Buchstaben oder Ziffern und höchstens {WORD_CHARS_MAX} Zeichen"),
            )
        })?;
        if known.iter().any(|(other, of)| *other == folded && *of != asks) || (folded == ALWAYS && asks != Asks::Stop) {
            return Err((
                format!("{word:?} already means something else here"),
                format!("{word:?} hat hier schon eine andere Bedeutung"),
            )
                .into());
        }
        known.push((folded, asks));
    }
    Ok(())
}

impl Default for ConsentSettings {
    fn default() -> ConsentSettings {
        consent_usual::settings()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::segment;

    fn asked(text: &str) -> Option<Asks> {
        let from = Address::parse("+4915550001").expect("a number");
        ConsentSettings::default().heard(text, &from).map(|heard| heard.asks)
    }

    #[test]
    fn a_word_is_heard_however_it_is_spelt() {
        for text in [
            // German, English
            "STOP",
            "stop",
            " Stop. ",
            "»Stopp!«",
            "(stop)",
            "'STOP'",
            "Stop 🛑",
            "ABMELDEN",
            "Abbestellen",
            "keine SMS",
            "Keine  Werbung\nmehr",
            "STOP ALL",
            "stopall",
            "Unsubscribe",
            "opt-out",
            "OPT OUT",
            "revoke",
            // French, with and without accents, composed and not
            "ARRÊT",
            "arret",
            "Arre\u{302}t",
            "DÉSABONNER",
            "desabonner",
            "Stop SMS",
            // Spanish, Italian, Dutch, Polish
            "BAJA",
            "¡Baja!",
            "¿ALTO?",
            "Darme de baja",
            "no más sms",
            "Disiscrivimi",
            "Afmelden",
            "UITSCHRIJVEN",
            "Wypisz",
            "nie chcę SMS",
            // Turkish: the i's with and without dot are one
            "LİSTEDEN ÇIK",
            "listeden çık",
            "LISTEDEN CIK",
            "Abonelikten Çık",
            "sms istemiyorum",
            "SMS İSTEMİYORUM",
            "RED",
            // other letters of the same
            "ＳＴＯＰ",
            "𝐒𝐓𝐎𝐏",
            "ⓈⓉⓄⓅ",
            "\u{feff}STOP\u{200b}",
            "S\u{ad}TOP",
        ] {
            assert_eq!(asked(text), Some(Asks::Stop), "{text:?}");
        }
        for text in ["START", "unstop", "Wieder anmelden", "Réabonner", "ALTA", "Aanmelden", "BAŞLA", "basla"] {
            assert_eq!(asked(text), Some(Asks::Start), "{text:?}");
        }
        for text in ["HELP", "Hilfe!", "aide", "AYUDA", "aiuto", "hulp", "pomoc", "YARDIM", "yardım"] {
            assert_eq!(asked(text), Some(Asks::Help), "{text:?}");
        }
    }

    #[test]
    fn what_is_more_than_the_word_is_talk() {
        for text in [
            "We have got to STOP this bill",
            "STOP 12345",
            "12345 STOP",
            "Please stop",
            "Bus stop",
            "stop it",
            "Non-stop",
            "STOPS",
            "S T O P",
            "Stopp mal kurz",
            "Keine SMS bekommen?",
            "Bitte abmelden",
            "no",
            "nein",
            "yes",
            "Ja",
            "ok",
            "",
            "  ",
            "🛑",
            "!!!",
            // The answer to an appointment, in each language
            "cancel",
            "END",
            "quit",
            "Ende",
            "Abbruch",
            "Stornieren",
            "annuler",
            "fin",
            "cancelar",
            "annulla",
            "annuleren",
            "rezygnuję",
            "İptal",
            "dur",
            // Not of Latin letters, and very long
            "СТОП",
            &"STOP ".repeat(100),
        ] {
            assert_eq!(asked(text), None, "{text:?}");
        }
    }

    #[test]
    fn what_the_law_of_north_america_names_counts_from_there() {
        let from = |number: &str| Address::parse(number).expect("a number");
        let settings = ConsentSettings::default();

        for word in ["Cancel", "END", "quit."] {
            assert!(settings.heard(word, &from("+14155550123")).is_some(), "{word}");
            assert!(settings.heard(word, &from("+4915550001")).is_none(), "{word}");
        }
    }

    #[test]
    fn stop_counts_whatever_somebody_took_out_of_the_lists() {
        let none = ConsentSettings { stop: Words::default(), ..ConsentSettings::default() };

        let heard = none.heard("Stop!", &Address::parse("+4915550001").expect("a number")).expect("heard");

        assert_eq!((heard.asks, heard.tongues.len()), (Asks::Stop, 8));
    }

    #[test]
    fn the_defaults_hold_and_each_answer_is_one_segment() {
        let settings = ConsentSettings::default();
        settings.check().expect("the defaults are right");
        for asks in [Asks::Stop, Asks::Start, Asks::Help] {
            for tongue in Tongue::ALL {
                let text = settings.answer(asks, tongue).expect("an answer");
                assert_eq!(segment::count(text).segments, 1, "{text}");
            }
        }
    }

    #[test]
    fn a_word_has_one_meaning_and_a_bound() {
        let with = |words: &[&str]| {
            let start = Words { de: words.iter().map(|word| (*word).to_owned()).collect(), ..Words::default() };
            ConsentSettings { start, ..ConsentSettings::default() }.check().map_err(|(field, _)| field)
        };

        assert_eq!(with(&["Weiter"]), Ok(()));
        assert_eq!(with(&["stöp"]), Err("start.de".to_owned()));
        assert_eq!(with(&["hilfe"]), Err("help.de".to_owned()));
        assert_eq!(with(&["!!!"]), Err("start.de".to_owned()));
        assert_eq!(with(&[&"x".repeat(41)]), Err("start.de".to_owned()));
    }
}
