//! What the simulated carrier does with a message: as usual, or one of the misfortunes an admin can ask for.
//! A peer's last four digits ask for one, so does a word in the text, so does the simulator's page in the portal.

use crate::domain::address::Address;

macro_rules! behaviours {
    ($($variant:ident $word:literal $ending:literal $english:literal $german:literal;)+) => {
        /// What the simulated carrier does with a message.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum Behaviour {
            $(#[doc = $english] $variant,)+
        }

        impl Behaviour {
            /// Every behaviour, in the order a list shows them.
            pub const ALL: &[Behaviour] = &[$(Behaviour::$variant,)+];

            /// Its word: `sim:WORD` anywhere in a text asks for it.
            pub fn as_str(self) -> &'static str {
                match self { $(Behaviour::$variant => $word,)+ }
            }

            /// A peer whose number ends so asks for it.
            pub fn ending(self) -> &'static str {
                match self { $(Behaviour::$variant => $ending,)+ }
            }

            /// What it does, in English.
            pub fn english(self) -> &'static str {
                match self { $(Behaviour::$variant => $english,)+ }
            }

            /// What it does, in German.
            pub fn german(self) -> &'static str {
                match self { $(Behaviour::$variant => $german,)+ }
            }
        }
    };
}

behaviours! {
    Usual "usual" "9900"
        "Takes the message, reports sent and delivered."
        "Nimmt die Nachricht an und meldet gesendet und zugestellt.";
    Landline "landline" "9901"
        "Rejects it: the number is a landline."
        "Lehnt ab: die Rufnummer ist ein Festnetzanschluss.";
    ThrottledOnce "slowdown" "9902"
        "Asks once to wait two seconds, then takes it."
        "Bittet einmal um zwei Sekunden Pause, nimmt dann an.";
    Silent "silent" "9903"
        "Takes it but never answers; asked, it says so."
        "Nimmt an, antwortet aber nie; auf Nachfrage sagt er es.";
    Garbage "garbage" "9904"
        "Takes it and answers with something unreadable; asked, it says so."
        "Nimmt an und antwortet Unverständliches; auf Nachfrage sagt er es.";
    Disorder "disorder" "9905"
        "Reports delivered first, then sent, then a late failure."
        "Meldet erst zugestellt, dann gesendet, dann verspätet einen Fehlschlag.";
    Undelivered "undelivered" "9906"
        "Takes it, then reports that the phone is switched off."
        "Nimmt an und meldet dann, dass das Telefon ausgeschaltet ist.";
    Down "down" "9907"
        "Cannot be reached for a minute, then takes it."
        "Ist eine Minute lang nicht erreichbar, nimmt dann an.";
    OptedOut "optout" "9908"
        "Rejects it: the recipient has opted out."
        "Lehnt ab: der Empfänger hat Nachrichten abbestellt.";
    Slow "slow" "9909"
        "Answers after eight seconds, reports delivered after thirty."
        "Antwortet nach acht Sekunden, meldet nach dreißig zugestellt.";
    Unreported "noreport" "9910"
        "Takes it and never reports."
        "Nimmt an und meldet nie etwas.";
    Twice "twice" "9911"
        "Sends everything it tells us twice."
        "Schickt alles, was er uns meldet, zweimal.";
    Lost "lost" "9912"
        "Neither takes it nor answers; asked, it does not know the message."
        "Nimmt nicht an und antwortet nicht; auf Nachfrage kennt er die Nachricht nicht.";
    Blind "blind" "9913"
        "Takes it, never answers, and cannot be asked either."
        "Nimmt an, antwortet nie und lässt sich auch nicht fragen.";
    Invalid "invalid" "9914"
        "Rejects it: there is no such number."
        "Lehnt ab: die Rufnummer gibt es nicht.";
    NoCredit "nocredit" "9915"
        "Rejects it: there is no credit left. The trunk stops."
        "Lehnt ab: das Guthaben ist aufgebraucht. Die Leitung hält an.";
    Credentials "credentials" "9916"
        "Refuses our credentials. The trunk stops."
        "Lehnt unsere Zugangsdaten ab. Die Leitung hält an.";
    Early "early" "9917"
        "Reports delivered before it answers."
        "Meldet zugestellt, bevor er antwortet.";
    Read "read" "9918"
        "Reports sent, delivered and read."
        "Meldet gesendet, zugestellt und gelesen.";
    Busy "busy" "9919"
        "Says once that it is not available (503), then takes it."
        "Sagt einmal, er sei nicht verfügbar (503), nimmt dann an.";
    Filtered "filtered" "9920"
        "Takes it, then reports that a filter refused the content."
        "Nimmt an und meldet dann, dass ein Filter den Inhalt ablehnt.";
    FileGone "filegone" "9921"
        "Takes it as usual; a file this customer sends is gone when we fetch it (404)."
        "Nimmt wie üblich an; eine Datei, die dieser Kunde sendet, ist beim Abholen fort (404).";
}

impl Behaviour {
    /// Reads [`Behaviour::as_str`].
    pub fn from_word(word: &str) -> Option<Behaviour> {
        Behaviour::ALL.iter().copied().find(|behaviour| behaviour.as_str() == word)
    }

    /// The behaviour a text asks for with `sim:WORD`.
    pub fn in_text(text: &str) -> Option<Behaviour> {
        let (_, after) = text.split_once("sim:")?;
        let word: String = after.chars().take_while(char::is_ascii_alphabetic).take(20).collect();
        Behaviour::from_word(&word.to_ascii_lowercase())
    }

    /// The behaviour a peer's last four digits ask for.
    pub fn of_peer(peer: &Address) -> Option<Behaviour> {
        Behaviour::ALL.iter().copied().find(|behaviour| peer.as_str().ends_with(behaviour.ending()))
    }
}

/// What a behaviour reports: after how many milliseconds which status, and why where it failed.
pub(super) fn reports(behaviour: Behaviour) -> &'static [(u64, &'static str, Option<&'static str>)] {
    match behaviour {
        Behaviour::Silent | Behaviour::Garbage | Behaviour::Blind | Behaviour::Unreported => &[],
        Behaviour::Disorder => {
            &[(500, "delivered", None), (1_500, "sent", None), (2_500, "undelivered", Some("handset_unreachable"))]
        }
        Behaviour::Undelivered => &[(300, "sent", None), (1_500, "undelivered", Some("handset_unreachable"))],
        Behaviour::Filtered => &[(300, "sent", None), (1_000, "undelivered", Some("content_filtered"))],
        Behaviour::Twice => {
            &[(300, "sent", None), (600, "sent", None), (1_000, "delivered", None), (1_300, "delivered", None)]
        }
        Behaviour::Slow => &[(10_000, "sent", None), (30_000, "delivered", None)],
        Behaviour::Early => &[(0, "delivered", None), (3_000, "sent", None)],
        Behaviour::Read => &[(300, "sent", None), (1_000, "delivered", None), (3_000, "read", None)],
        _ => &[(300, "sent", None), (1_000, "delivered", None)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_endings_are_each_there_once() {
        for (at, one) in Behaviour::ALL.iter().enumerate() {
            assert_eq!(Behaviour::from_word(one.as_str()), Some(*one));
            assert!(Behaviour::ALL[at + 1..].iter().all(|other| other.ending() != one.ending()), "{one:?}");
        }
    }

    #[test]
    fn a_text_or_a_number_asks_for_a_behaviour() {
        assert_eq!(Behaviour::in_text("please sim:Slow, thanks"), Some(Behaviour::Slow));
        assert_eq!(Behaviour::in_text("sim:unknown"), None);
        assert_eq!(Behaviour::in_text("hello"), None);
        assert_eq!(Behaviour::of_peer(&Address::parse("+15550109901").expect("valid")), Some(Behaviour::Landline));
        assert_eq!(Behaviour::of_peer(&Address::parse("+15550100101").expect("valid")), None);
    }
}
