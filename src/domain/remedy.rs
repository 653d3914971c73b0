//! What to do about a reason, in English and German: for whoever sits in front of it, not for whoever built it.

use crate::domain::reason::ReasonCode;

/// What to do; `None` where nothing needs to be done, or the reason's own sentence says it.
pub fn remedy(code: ReasonCode) -> Option<(&'static str, &'static str)> {
    use ReasonCode as R;
    Some(match code {
        R::CarrierUnreachable => (
            "Nothing, if it passes within minutes: what waits is sent by itself. Else check the internet connection.",
            "Nichts, wenn es in einigen Minuten vorübergeht: Wartendes wird von selbst gesendet. Sonst bitte die Internetverbindung prüfen.",
        ),
        R::CarrierNotFound => (
            "Check the internet connection and the name server of this machine.",
            "Bitte die Internetverbindung und den Nameserver dieser Maschine prüfen.",
        ),
        R::CarrierNotAuthentic => (
            "Check date and time of this machine. If they are right, the carrier's certificate has expired or something stands in between.",
            "Bitte Datum und Uhrzeit dieser Maschine prüfen. Stimmen sie, ist das Zertifikat des Anbieters abgelaufen, oder etwas steht dazwischen.",
        ),
        R::CarrierUnreadable | R::CarrierSilent | R::Interrupted | R::Restored => (
            "Ask the customer, or look in the carrier's own portal; then say here whether it arrived, or send it again.",
            "Bitte den Kunden fragen oder beim Anbieter nachsehen; dann hier angeben, ob sie ankam, oder erneut senden.",
        ),
        R::CampaignRestored => (
            "Look at what still waits in it, and at the carrier's own list; then resume it, or cancel it.",
            "Bitte ansehen, wer darin noch wartet, und die Liste beim Anbieter; dann fortsetzen oder abbrechen.",
        ),
        R::LaunchedSinceBackup => (
            "Nothing, if all were written to. Else duplicate it, and leave out those who were.",
            "Nichts, wenn alle angeschrieben wurden. Sonst duplizieren und ausschließen, wer es schon wurde.",
        ),
        R::InboxUnreadable => (
            "Nothing, if it passes. If it lasts, show the channel log to your administrator.",
            "Nichts, wenn es vorübergeht. Hält es an, bitte der Verwaltung das Kanalprotokoll zeigen.",
        ),
        R::SourceUnread => (
            "Look under Phonebooks, Sources: what is wrong stands there, with what to do.",
            "Bitte unter Telefonbücher, Quellen nachsehen: dort steht, was nicht stimmt und was zu tun ist.",
        ),
        R::CarrierRefused => (
            "Look at the carrier's own words beside this; its support knows its code.",
            "Bitte die Worte des Anbieters daneben ansehen; sein Kundendienst kennt den Code.",
        ),
        R::CredentialsRefused => (
            "Enter user and password of the trunk again, then run its test.",
            "Bitte die Zugangsdaten der Leitung neu eintragen und die Prüfung starten.",
        ),
        R::SenderNotAllowed => (
            "Check at the carrier that this number belongs to the account and may send messages.",
            "Bitte beim Anbieter prüfen, ob die Rufnummer zum Konto gehört und Nachrichten senden darf.",
        ),
        R::SenderNotRegistered => (
            "Register the number at the carrier for this kind of traffic; that can take days.",
            "Bitte die Rufnummer beim Anbieter für diese Nachrichten registrieren; das kann Tage dauern.",
        ),
        R::NoCredit => (
            "Top up at the carrier; what waits is then sent by itself.",
            "Bitte das Guthaben beim Anbieter aufladen; Wartendes wird dann von selbst gesendet.",
        ),
        R::OptedOut => (
            "Call the customer. Only the customer can allow messages again, by writing START.",
            "Bitte anrufen. Nur der Kunde selbst kann Nachrichten wieder erlauben, indem er START schreibt.",
        ),
        R::NumberInvalid => ("Check the number with the customer.", "Bitte die Rufnummer mit dem Kunden abgleichen."),
        R::Landline => (
            "Call instead, or ask the customer for a mobile number.",
            "Bitte anrufen oder nach einer Mobilnummer fragen.",
        ),
        R::HandsetUnreachable => ("Try again later, or call.", "Bitte später erneut senden oder anrufen."),
        R::CountryNotAllowed => (
            "Allow this country at the carrier, if you want to write there.",
            "Bitte dieses Land beim Anbieter freischalten, wenn dorthin geschrieben werden soll.",
        ),
        R::ContentFiltered => (
            "Write it in other words, without short links and without words of advertising.",
            "Bitte anders formulieren, ohne Kurzlinks und ohne Werbeworte.",
        ),
        R::TextTooLong => {
            ("Shorten the text, or send it in two.", "Bitte den Text kürzen oder auf zwei Nachrichten verteilen.")
        }
        R::TextEmpty => ("Write something.", "Bitte etwas schreiben."),
        R::WindowClosed => (
            "Choose a template, or wait until the customer writes.",
            "Bitte eine Vorlage wählen oder warten, bis der Kunde schreibt.",
        ),
        R::MediaNotTaken => (
            "Send a smaller file or another kind, such as JPEG or PDF.",
            "Bitte eine kleinere Datei oder eine andere Art senden, etwa JPEG oder PDF.",
        ),
        R::Expired | R::TriesUsedUp => {
            ("Send it again, if it is still of use.", "Bitte erneut senden, falls die Nachricht noch nützt.")
        }
        R::TrunkDisabled => ("Switch the trunk on under Trunks.", "Bitte die Leitung unter Trunks einschalten."),
        R::PhoneUnreachable | R::PhoneExpired => (
            "Check that the phone is switched on and registered; the message can be read in the portal.",
            "Bitte prüfen, ob das Telefon eingeschaltet und angemeldet ist; die Nachricht ist im Portal zu lesen.",
        ),
        R::PhoneRefused => (
            "Check that messages are allowed in the phone's settings; the message can be read in the portal.",
            "Bitte prüfen, ob das Telefon Nachrichten zulässt; die Nachricht ist im Portal zu lesen.",
        ),
        R::CarrierGaveUp => (
            "Check the number with the customer, or call.",
            "Bitte die Rufnummer mit dem Kunden abgleichen oder anrufen.",
        ),
        R::FilesTooMany => (
            "Remove some, or send them with a second message.",
            "Bitte einige entfernen oder mit einer zweiten Nachricht senden.",
        ),
        R::FileTooLarge | R::FilesTooLarge => (
            "Send fewer or smaller files, or a picture instead of a film.",
            "Bitte weniger oder kleinere Dateien senden, oder ein Bild statt eines Films.",
        ),
        R::FileTypeNotAllowed => (
            "Send it as a picture (JPEG, PNG, GIF) or PDF, or have its type allowed in the channel's settings.",
            "Bitte als Bild (JPEG, PNG, GIF) oder PDF senden, oder die Art in den Einstellungen des Kanals erlauben lassen.",
        ),
        R::FileUnreadable | R::FileTooComplex => {
            ("Open it, save it anew, and try again.", "Bitte öffnen, neu speichern und noch einmal versuchen.")
        }
        R::FileActive => (
            "Print it into a new PDF, or have such documents cleaned in the channel's settings.",
            "Bitte in ein neues PDF drucken oder solche Dokumente in den Einstellungen des Kanals bereinigen lassen.",
        ),
        R::FileLocked => {
            ("Save it without a password, and try again.", "Bitte ohne Kennwort speichern und noch einmal versuchen.")
        }
        R::FileProblem => (
            "Try again; if it lasts, tell your administrator.",
            "Bitte noch einmal versuchen; hält es an, bitte der Verwaltung melden.",
        ),
        R::FileGone | R::FileNotFetched => {
            ("Ask the customer to send it again.", "Bitte den Kunden bitten, sie noch einmal zu senden.")
        }
        R::MmsNotPossible => (
            "Send the text alone, or have links switched on in the channel's settings.",
            "Bitte nur den Text senden oder Links in den Einstellungen des Kanals einschalten lassen.",
        ),
        R::LinkNotPossible => (
            "Enter the public address of this machine in its settings file (http.public, base_url).",
            "Bitte die öffentliche Adresse dieser Maschine in ihrer Einstellungsdatei eintragen (http.public, base_url).",
        ),
        R::ContentNotTaken => ("Send it as text, or in another way.", "Bitte als Text oder auf anderem Weg senden."),
        R::TemplateWrong => (
            "Fill in all of the template's fields, and choose it again.",
            "Bitte alle Felder der Vorlage ausfüllen und sie neu wählen.",
        ),
        R::TemplateNotUsable => (
            "Choose another template; its state is shown under Templates.",
            "Bitte eine andere Vorlage wählen; ihr Stand ist unter Vorlagen zu sehen.",
        ),
        R::TrunkInterrupted => (
            "Nothing: it is tried again by itself. If it lasts, look at the trunk's channel log.",
            "Nichts: es wird von selbst erneut versucht. Hält es an, bitte das Kanalprotokoll des Trunks ansehen.",
        ),
        _ => return None,
    })
}
