//! The sentences of a trunk's test: what was found and what to do, in English and German.

use crate::carrier::dialect::{Answer, Known};
use crate::domain::delivery::SendError;
use crate::domain::time::Timestamp;
use crate::egress::switchboard::NoLine;
use crate::egress::trunk_test::{KNOCK, OurNumber, TestStep, Verdict};
use crate::net::client::CallError;
use std::time::Duration;

/// How far our clock may be from the carrier's before signatures fail.
const SKEW_MAX_S: u64 = 60;

/// What a step found, before it has its name and time.
pub(super) struct Found(Verdict, String, String);

impl Found {
    pub(super) fn step(self, name: &'static str, took: Duration) -> TestStep {
        TestStep { name, verdict: self.0, en: self.1, de: self.2, took }
    }
}

fn good(en: impl Into<String>, de: impl Into<String>) -> Found {
    Found(Verdict::Good, en.into(), de.into())
}

fn bad(en: impl Into<String>, de: impl Into<String>) -> Found {
    Found(Verdict::Bad, en.into(), de.into())
}

fn skipped(en: impl Into<String>, de: impl Into<String>) -> Found {
    Found(Verdict::Skipped, en.into(), de.into())
}

pub(super) fn settings_good() -> Found {
    good("The settings are complete.", "Die Einstellungen sind vollständig.")
}

pub(super) fn no_line(why: NoLine) -> Found {
    match why {
        NoLine::Broken(error) => bad(
            format!("This setting cannot be used. {error}"),
            format!("Diese Einstellung ist nicht brauchbar. {error}"),
        ),
        NoLine::Missing | NoLine::Off => bad("There is no such trunk.", "Diese Leitung gibt es nicht."),
    }
}

pub(super) fn settings_first() -> Found {
    skipped("Mend the settings first.", "Bitte zuerst die Einstellungen korrigieren.")
}

/// A second registration from here would take the daemon's place at the gateway.
pub(super) fn sip_only_in_the_daemon() -> Found {
    skipped(
        "Only the running daemon speaks SIP with this trunk: run its test in the portal.",
        "Nur der laufende Dienst spricht SIP mit dieser Leitung: bitte die Prüfung im Portal starten.",
    )
}

pub(super) fn credentials_first() -> Found {
    skipped("Not asked: the credentials come first.", "Nicht gefragt: zuerst müssen die Zugangsdaten stimmen.")
}

pub(super) fn address_first() -> Found {
    skipped(
        "Not asked: without a public address there is nothing to compare.",
        "Nicht gefragt: ohne öffentliche Adresse gibt es nichts zu vergleichen.",
    )
}

pub(super) fn no_numbers() -> Found {
    skipped(
        "No number is set up on this trunk yet: add a channel and a number, then test again.",
        "Auf dieser Leitung ist noch keine Rufnummer eingerichtet: bitte Kanal und Rufnummer anlegen und erneut prüfen.",
    )
}

pub(super) fn not_all_numbers(left: usize) -> Found {
    skipped(
        format!("{left} further numbers were not asked about; they are most likely like these."),
        format!("Nach {left} weiteren Rufnummern wurde nicht gefragt; bei ihnen ist es vermutlich ebenso."),
    )
}

pub(super) fn credentials(known: Option<Result<Known, SendError>>) -> Found {
    match known {
        None => skipped(
            "This carrier cannot be asked whether the credentials are good: send a text to find out.",
            "Dieser Anbieter kann nicht gefragt werden, ob die Zugangsdaten stimmen: bitte eine Testnachricht senden.",
        ),
        Some(Ok(Known::CredentialsGood(sentence))) => {
            good(sentence.clone(), format!("Die Zugangsdaten stimmen. {sentence}"))
        }
        Some(Ok(_)) => odd_answer(),
        Some(Err(error)) => refused(&error),
    }
}

fn odd_answer() -> Found {
    skipped(
        "The carrier answered something else than it was asked; the channel log has its words.",
        "Der Anbieter hat etwas anderes geantwortet, als gefragt war; der Wortlaut steht im Kanalprotokoll.",
    )
}

fn refused(error: &SendError) -> Found {
    let (en, de) = words_of(error);
    bad(en, de)
}

fn words_of(error: &SendError) -> (String, String) {
    let reason = error.reason();
    let beside = [reason.carrier_code, reason.detail].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let beside = if beside.is_empty() { beside } else { format!(" ({beside})") };
    (format!("{}{beside}", reason.code.english()), format!("{}{beside}", reason.code.german()))
}

pub(super) fn sender_cannot_be_asked() -> Found {
    skipped(
        "This carrier cannot be asked whether we may send from our numbers: send a text to find out.",
        "Dieser Anbieter kann nicht gefragt werden, ob wir von unseren Rufnummern senden dürfen: bitte eine Testnachricht senden.",
    )
}

pub(super) fn sender(number: &OurNumber, known: Result<Known, SendError>) -> Found {
    let about = &number.address;
    match known {
        Ok(Known::SenderGood(sentence)) => good(
            said(format!("{about}: we may send from it."), &sentence),
            said(format!("{about}: Senden ist erlaubt."), &sentence),
        ),
        Ok(Known::SenderBad(sentence)) => bad(
            said(
                format!("{about}: the carrier does not let us send from it. Check the number at the carrier."),
                &sentence,
            ),
            said(
                format!("{about}: Der Anbieter erlaubt das Senden nicht. Bitte die Rufnummer beim Anbieter prüfen."),
                &sentence,
            ),
        ),
        Ok(_) => odd_answer(),
        Err(error) => not_told(number, &error),
    }
}

/// A question that brought no answer says nothing against the number.
fn not_told(number: &OurNumber, error: &SendError) -> Found {
    let (en, de) = words_of(error);
    let about = &number.address;
    skipped(format!("{about}: not found out. {en}"), format!("{about}: nicht zu erfahren. {de}"))
}

/// A sentence of ours, then the carrier's own words.
fn said(ours: String, theirs: &str) -> String {
    if theirs.trim().is_empty() { ours } else { format!("{ours} ({})", theirs.trim().trim_end_matches('.')) }
}

pub(super) fn simulator_reaches_us() -> Found {
    good(
        "The simulated carrier lives inside and reaches us by itself.",
        "Der simulierte Anbieter lebt im Haus und erreicht uns von selbst.",
    )
}

pub(super) fn sip_needs_no_address() -> Found {
    good(
        "A SIP trunk brings texts to our SIP door: it needs no public web address.",
        "Eine SIP-Leitung bringt Nachrichten an unsere SIP-Tür: sie braucht keine öffentliche Webadresse.",
    )
}

pub(super) fn no_public_address() -> Found {
    bad(
        "No public address is set, so the carrier cannot reach us: set http.public.base_url in the configuration, or let this trunk fetch its texts.",
        "Es ist keine öffentliche Adresse eingestellt, der Anbieter kann uns nicht erreichen: bitte http.public.base_url in der Konfiguration setzen oder die Leitung selbst abrufen lassen.",
    )
}

pub(super) fn plain_public_address() -> Found {
    bad(
        "The public address is not https: carriers refuse it or send texts in the open. Set one with https://.",
        "Die öffentliche Adresse ist nicht https: Anbieter lehnen sie ab oder senden Texte offen. Bitte eine mit https:// einstellen.",
    )
}

pub(super) fn reached(result: Result<Answer, CallError>, word: &str) -> Found {
    match result {
        Ok(answer) if answer.headers().get(KNOCK).is_some_and(|echo| echo.as_bytes() == word.as_bytes()) => {
            good("Our own public address answers.", "Unsere eigene öffentliche Adresse antwortet.")
        }
        Ok(answer) => {
            let status = answer.status();
            bad(
                format!(
                    "Something else answers at our public address ({status}): check the proxy and its path /hook/."
                ),
                format!(
                    "Unter unserer öffentlichen Adresse antwortet etwas anderes ({status}): bitte den Proxy und den Pfad /hook/ prüfen."
                ),
            )
        }
        Err(error) => skipped(
            format!(
                "Our public address cannot be reached from here ({error}). Many routers do not lead back inside: try it from outside."
            ),
            format!(
                "Unsere öffentliche Adresse ist von hier aus nicht erreichbar ({error}). Viele Router führen nicht zurück ins Haus: bitte von außen prüfen."
            ),
        ),
    }
}

pub(super) fn callback_cannot_be_asked(url: &str) -> Found {
    skipped(
        format!("This carrier cannot be asked where it sends what comes in. Check there that it is {url}"),
        format!("Dieser Anbieter kann nicht gefragt werden, wohin er Eingehendes sendet. Bitte dort prüfen: {url}"),
    )
}

pub(super) fn inbound(number: &OurNumber, known: Result<Known, SendError>, url: &str) -> Found {
    let about = &number.address;
    match known {
        Ok(Known::CallbackFits) => good(
            format!("{about}: the carrier sends us what comes in."),
            format!("{about}: Der Anbieter sendet uns, was eingeht."),
        ),
        Ok(Known::CallbackDiffers(None)) => bad(
            format!("{about}: the carrier sends what comes in nowhere. Enter there: {url}"),
            format!("{about}: Der Anbieter sendet Eingehendes nirgendwohin. Bitte dort eintragen: {url}"),
        ),
        Ok(Known::CallbackDiffers(Some(other))) => bad(
            format!("{about}: the carrier sends what comes in to {other} and not to us. Enter there: {url}"),
            format!(
                "{about}: Der Anbieter sendet Eingehendes an {other} und nicht an uns. Bitte dort eintragen: {url}"
            ),
        ),
        Ok(_) => odd_answer(),
        Err(error) => not_told(number, &error),
    }
}

pub(super) fn inbox(known: Option<Result<Known, SendError>>) -> Found {
    match known {
        None => bad(
            "This carrier cannot be asked what came in: set the trunk to webhooks.",
            "Dieser Anbieter kann nicht gefragt werden, was eingegangen ist: bitte die Leitung auf Webhooks stellen.",
        ),
        Some(Ok(Known::Inbox { .. })) => good(
            "The carrier tells what came in when it is asked; nobody has to reach us.",
            "Der Anbieter nennt auf Nachfrage, was eingegangen ist; niemand muss uns erreichen.",
        ),
        Some(Ok(_)) => odd_answer(),
        Some(Err(error)) => refused(&error),
    }
}

pub(super) fn credit(known: Option<Result<Known, SendError>>) -> Found {
    match known {
        None => skipped("This carrier does not tell its credit.", "Dieser Anbieter nennt kein Guthaben."),
        Some(Ok(Known::Credit { says, low: false })) => good(format!("Credit: {says}."), format!("Guthaben: {says}.")),
        Some(Ok(Known::Credit { says, low: true })) => bad(
            format!("Credit: {says}. It is about to end: top up at the carrier."),
            format!("Guthaben: {says}. Es geht zu Ende: bitte beim Anbieter aufladen."),
        ),
        Some(Ok(_)) => odd_answer(),
        Some(Err(error)) => {
            let (en, de) = words_of(&error);
            skipped(format!("Not found out. {en}"), format!("Nicht zu erfahren. {de}"))
        }
    }
}

pub(super) fn clocks(first: Option<&(Answer, Timestamp)>, simulated: bool) -> Found {
    if simulated {
        return good("The simulated carrier goes by our own clock.", "Der simulierte Anbieter geht nach unserer Uhr.");
    }
    let date = first.and_then(|(answer, now)| Some((answer.headers().get(http::header::DATE)?.to_str().ok()?, *now)));
    let parsed = date.and_then(|(date, now)| {
        Some((jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?.as_second(), now))
    });
    let Some((theirs_s, now)) = parsed else {
        return skipped("The carrier did not say what time it has.", "Der Anbieter hat seine Uhrzeit nicht genannt.");
    };
    let away_s = now.as_seconds().abs_diff(theirs_s);
    if away_s <= SKEW_MAX_S {
        return good(
            format!("Our clock and the carrier's agree ({away_s} s apart)."),
            format!("Unsere Uhr und die des Anbieters stimmen überein ({away_s} s Abweichung)."),
        );
    }
    bad(
        format!(
            "Our clock and the carrier's are {away_s} s apart: signed webhooks will be refused. Turn on NTP on this machine."
        ),
        format!(
            "Unsere Uhr und die des Anbieters weichen um {away_s} s ab: signierte Webhooks werden abgelehnt. Bitte auf dieser Maschine NTP einschalten."
        ),
    )
}
