//! The words and answers as they come, in eight languages. Why the words are few: see consent_words.rs.

use crate::domain::consent::WordScope;
use crate::domain::consent_words::{Answers, ConsentSettings, InTongues, Texts};

fn list(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The words and answers of a house that changed none.
pub fn settings() -> ConsentSettings {
    ConsentSettings {
        stop: InTongues {
            de: list(&[
                "STOP",
                "STOPP",
                "ABMELDEN",
                "ABMELDUNG",
                "ABBESTELLEN",
                "AUSTRAGEN",
                "KEINE SMS",
                "KEINE SMS MEHR",
                "KEINE WERBUNG",
                "KEINE WERBUNG MEHR",
                "KEINE NACHRICHTEN MEHR",
            ]),
            en: list(&["STOP", "STOP ALL", "STOPALL", "UNSUBSCRIBE", "OPT OUT", "OPTOUT", "REVOKE", "REMOVE ME"]),
            fr: list(&[
                "STOP",
                "ARRÊT",
                "ARRÊTER",
                "DÉSABONNER",
                "DÉSABONNEMENT",
                "ME DÉSABONNER",
                "DÉSINSCRIRE",
                "STOP SMS",
                "STOP PUB",
            ]),
            es: list(&["STOP", "BAJA", "ALTO", "DARME DE BAJA", "DESUSCRIBIR", "DESUSCRIBIRME", "NO MÁS SMS"]),
            it: list(&["STOP", "STOP SMS", "DISISCRIVIMI", "DISISCRIZIONE", "NIENTE SMS", "BASTA SMS"]),
            nl: list(&["STOP", "STOPPEN", "AFMELDEN", "UITSCHRIJVEN", "GEEN SMS", "GEEN SMS MEER"]),
            pl: list(&["STOP", "STOP SMS", "WYPISZ", "WYPISZ MNIE", "NIE CHCĘ SMS"]),
            tr: list(&["STOP", "RED", "RET", "LİSTEDEN ÇIK", "ABONELİKTEN ÇIK", "SMS İSTEMİYORUM"]),
        },
        start: InTongues {
            de: list(&["START", "ANMELDEN", "WIEDER ANMELDEN"]),
            en: list(&["START", "UNSTOP", "SUBSCRIBE", "OPT IN", "OPTIN"]),
            fr: list(&["START", "REPRENDRE", "RÉABONNER"]),
            es: list(&["START", "ALTA", "DARME DE ALTA"]),
            it: list(&["START", "ISCRIVIMI"]),
            nl: list(&["START", "AANMELDEN"]),
            pl: list(&["START", "ZAPISZ MNIE"]),
            tr: list(&["START", "BAŞLA", "BAŞLAT"]),
        },
        help: InTongues {
            de: list(&["HILFE"]),
            en: list(&["HELP"]),
            fr: list(&["AIDE"]),
            es: list(&["AYUDA"]),
            it: list(&["AIUTO"]),
            nl: list(&["HELP", "HULP"]),
            pl: list(&["POMOC"]),
            tr: list(&["YARDIM"]),
        },
        scope: WordScope::Number,
        answers: Answers { stop: stop_answers(), start: start_answers(), help: help_answers() },
        reopen_on_write: false,
    }
}

/// Each in letters of GSM-7: one segment.
fn stop_answers() -> Texts {
    InTongues {
        de: "Sie erhalten von dieser Nummer keine Nachrichten mehr. Mit START nehmen Sie das zurück.".into(),
        en: "You will get no more messages from this number. Reply START to get them again.".into(),
        fr: "Vous ne recevrez plus de messages de ce numéro. Répondez START pour en recevoir à nouveau.".into(),
        es: "Ya no recibira mensajes de este numero. Responda START para volver a recibirlos.".into(),
        it: "Non riceverà più messaggi da questo numero. Risponda START per riceverli di nuovo.".into(),
        nl: "U krijgt geen berichten meer van dit nummer. Antwoord START om ze weer te krijgen.".into(),
        pl: "Nie otrzymasz wiecej wiadomosci z tego numeru. Odpowiedz START, aby je znowu otrzymywac.".into(),
        tr: "Bu numaradan artik mesaj almayacaksiniz. Yeniden almak icin START yazin.".into(),
    }
}

fn start_answers() -> Texts {
    InTongues {
        de: "Sie erhalten von dieser Nummer wieder Nachrichten. Mit STOP melden Sie sich ab.".into(),
        en: "You will get messages from this number again. Reply STOP to get no more.".into(),
        fr: "Vous recevrez à nouveau des messages de ce numéro. Répondez STOP pour ne plus en recevoir.".into(),
        es: "Volvera a recibir mensajes de este numero. Responda STOP para no recibir mas.".into(),
        it: "Riceverà di nuovo messaggi da questo numero. Risponda STOP per non riceverne più.".into(),
        nl: "U krijgt weer berichten van dit nummer. Antwoord STOP om u af te melden.".into(),
        pl: "Znowu bedziesz otrzymywac wiadomosci z tego numeru. Odpowiedz STOP, aby zrezygnowac.".into(),
        tr: "Bu numaradan yeniden mesaj alacaksiniz. Durdurmak icin STOP yazin.".into(),
    }
}

fn help_answers() -> Texts {
    InTongues {
        de: "Sie können uns hier schreiben; Ihre Nachricht wird von Menschen gelesen. Mit STOP erhalten Sie keine Nachrichten mehr.".into(),
        en: "You can write to us here; people read your message. Reply STOP to get no more messages.".into(),
        fr: "Vous pouvez nous écrire ici; votre message est lu par des personnes. Répondez STOP pour ne plus en recevoir.".into(),
        es: "Puede escribirnos aqui; su mensaje lo leen personas. Responda STOP para no recibir mas mensajes.".into(),
        it: "Può scriverci qui; il suo messaggio viene letto da persone. Risponda STOP per non ricevere più messaggi.".into(),
        nl: "U kunt ons hier schrijven; mensen lezen uw bericht. Antwoord STOP om geen berichten meer te krijgen.".into(),
        pl: "Mozesz do nas pisac tutaj; wiadomosci czytaja ludzie. Odpowiedz STOP, aby nie otrzymywac wiadomosci.".into(),
        tr: "Bize buradan yazabilirsiniz; mesajinizi insanlar okur. Mesaj almamak icin STOP yazin.".into(),
    }
}
