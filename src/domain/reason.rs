//! Why something failed or was skipped: one code and one sentence each, in German and English,
//! that a receptionist understands. The carrier's own code stands beside it.

use serde::{Deserialize, Serialize};

/// A failure in our words, with the carrier's beside them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reason {
    /// Our stable code.
    pub code: ReasonCode,
    /// The carrier's or phone's own code, e.g. `21610` or `486`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_code: Option<String>,
    /// What the carrier or phone wrote, shortened; text from outside, never to be trusted as anything but text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Reason {
    /// Only our code.
    pub fn of(code: ReasonCode) -> Reason {
        Reason { code, carrier_code: None, detail: None }
    }

    /// With the carrier's code.
    pub fn coded(mut self, carrier_code: impl Into<String>) -> Reason {
        self.carrier_code = Some(shorten(&carrier_code.into(), 60));
        self
    }

    /// With what the carrier said.
    pub fn saying(mut self, detail: &str) -> Reason {
        self.detail = Some(shorten(detail, 300)).filter(|text| !text.is_empty());
        self
    }
}

fn shorten(text: &str, chars_max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(chars_max).collect()
}

macro_rules! reasons {
    ($($variant:ident $word:literal $en:literal $de:literal;)+) => {
        /// Our own code for a failure.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ReasonCode {
            $(#[doc = $en] $variant,)+
        }

        impl ReasonCode {
            /// Every code.
            pub const ALL: &[ReasonCode] = &[$(ReasonCode::$variant,)+];

            /// The word in the database and the API.
            pub fn as_str(self) -> &'static str {
                match self { $(ReasonCode::$variant => $word,)+ }
            }

            /// The sentence in English.
            pub fn english(self) -> &'static str {
                match self { $(ReasonCode::$variant => $en,)+ }
            }

            /// The sentence in German.
            pub fn german(self) -> &'static str {
                match self { $(ReasonCode::$variant => $de,)+ }
            }
        }
    };
}

reasons! {
    CarrierThrottled "carrier_throttled"
        "The carrier asked us to send more slowly; the message is tried again by itself."
        "Der Anbieter bittet um langsameres Senden; die Nachricht wird von selbst erneut versucht.";
    CarrierUnreachable "carrier_unreachable"
        "The carrier could not be reached."
        "Der Anbieter war nicht erreichbar.";
    CarrierNotFound "carrier_not_found"
        "The carrier's name could not be looked up; nothing was sent, and it is tried again by itself."
        "Der Name des Anbieters ließ sich nicht nachschlagen; es wurde nichts gesendet, und es wird von selbst erneut versucht.";
    CarrierNotAuthentic "carrier_not_authentic"
        "The carrier could not prove who it is, so nothing was sent; it is tried again by itself."
        "Der Anbieter konnte seine Echtheit nicht nachweisen, deshalb wurde nichts gesendet; es wird von selbst erneut versucht.";
    CarrierUnreadable "carrier_unreadable"
        "The carrier's answer could not be understood; it may or may not have taken the message."
        "Die Antwort des Anbieters war nicht verständlich; ob er die Nachricht angenommen hat, ist offen.";
    InboxUnreadable "inbox_unreadable"
        "The carrier was asked what came in, and its answer could not be understood; it is asked again."
        "Der Anbieter wurde gefragt, was eingegangen ist, und seine Antwort war nicht verständlich; er wird erneut gefragt.";
    CarrierSilent "carrier_silent"
        "The carrier did not answer; it may or may not have taken the message."
        "Der Anbieter hat nicht geantwortet; ob er die Nachricht angenommen hat, ist offen.";
    Interrupted "interrupted"
        "The system stopped while the message was being sent; the carrier may or may not have taken it."
        "Das System wurde während des Sendens angehalten; ob der Anbieter die Nachricht angenommen hat, ist offen.";
    Restored "restored"
        "A backup was restored that still held this message as unsent; it may have been sent since the backup was made."
        "Es wurde eine Sicherung eingespielt, in der diese Nachricht noch nicht gesendet war; seitdem kann sie gesendet worden sein.";
    CampaignRestored "campaign_restored"
        "A backup was restored in which this campaign was still to be sent; whoever still waits in it may have been written to since."
        "Es wurde eine Sicherung eingespielt, in der diese Kampagne noch zu senden war; wer darin noch wartet, kann seitdem angeschrieben worden sein.";
    LaunchedSinceBackup "launched_since_backup"
        "This campaign was launched after the backup was made that was restored; it is not sent again."
        "Diese Kampagne wurde gestartet, nachdem die eingespielte Sicherung entstand; sie wird nicht noch einmal gesendet.";
    NumberNotSetUp "number_not_set_up"
        "Texts came for a number that is not set up here; they are in the channel log. Add it under Numbers."
        "Es kamen Nachrichten für eine Rufnummer, die hier nicht eingerichtet ist; sie stehen im Kanalprotokoll. Bitte unter Rufnummern anlegen.";
    SourceUnread "source_unread"
        "Contacts could not be read from this source several times in a row; those read before stay."
        "Aus dieser Quelle ließen sich mehrmals hintereinander keine Kontakte lesen; die bisherigen bleiben.";
    CarrierRefused "carrier_refused"
        "The carrier refused the message."
        "Der Anbieter hat die Nachricht abgelehnt.";
    CredentialsRefused "credentials_refused"
        "The carrier refused our credentials: check the trunk's settings."
        "Der Anbieter hat die Zugangsdaten abgelehnt: bitte die Einstellungen der Leitung prüfen.";
    SenderNotAllowed "sender_not_allowed"
        "The carrier does not let us send from this number."
        "Der Anbieter erlaubt das Senden von dieser Rufnummer nicht.";
    NoCredit "no_credit"
        "There is no credit left at the carrier."
        "Das Guthaben beim Anbieter ist aufgebraucht.";
    OptedOut "opted_out"
        "The recipient has opted out of messages from this number."
        "Der Empfänger hat Nachrichten von dieser Rufnummer abbestellt.";
    NumberInvalid "number_invalid"
        "The number does not exist or cannot receive messages."
        "Die Rufnummer existiert nicht oder kann keine Nachrichten empfangen.";
    Landline "landline"
        "The number is a landline that cannot receive text messages."
        "Die Rufnummer ist ein Festnetzanschluss, der keine Textnachrichten empfängt.";
    HandsetUnreachable "handset_unreachable"
        "The recipient's phone is switched off or out of reach."
        "Das Telefon des Empfängers ist ausgeschaltet oder nicht erreichbar.";
    CountryNotAllowed "country_not_allowed"
        "Sending to this country is not allowed."
        "Das Senden in dieses Land ist nicht erlaubt.";
    ContentFiltered "content_filtered"
        "The carrier's filter refused the content."
        "Der Filter des Anbieters hat den Inhalt abgelehnt.";
    SenderNotRegistered "sender_not_registered"
        "The sender number is not registered for this kind of traffic (for example A2P 10DLC)."
        "Die Absendernummer ist für diese Art von Nachrichten nicht registriert (zum Beispiel A2P 10DLC).";
    TextTooLong "text_too_long"
        "The text is too long for this channel."
        "Der Text ist für diesen Kanal zu lang.";
    TextEmpty "text_empty"
        "The message is empty."
        "Die Nachricht ist leer.";
    WindowClosed "window_closed"
        "WhatsApp allows free text only within 24 hours of the customer's last message: use a template."
        "WhatsApp erlaubt freien Text nur 24 Stunden nach der letzten Nachricht des Kunden: bitte eine Vorlage verwenden.";
    MediaNotTaken "media_not_taken"
        "The attachment was not accepted."
        "Der Anhang wurde nicht angenommen.";
    FilesTooMany "files_too_many"
        "There are more files than this channel takes with one message."
        "Das sind mehr Dateien, als dieser Kanal mit einer Nachricht annimmt.";
    FileTooLarge "file_too_large"
        "The file is too large for this channel and cannot be made small enough."
        "Die Datei ist für diesen Kanal zu groß und lässt sich nicht genug verkleinern.";
    FilesTooLarge "files_too_large"
        "The files together are too large for this channel."
        "Die Dateien sind zusammen zu groß für diesen Kanal.";
    FileTypeNotAllowed "file_type_not_allowed"
        "Files of this type are not allowed on this channel."
        "Dateien dieser Art sind auf diesem Kanal nicht erlaubt.";
    FileUnreadable "file_unreadable"
        "The file is damaged, empty or not what its name says."
        "Die Datei ist beschädigt, leer oder nicht das, was ihr Name sagt.";
    FileTooComplex "file_too_complex"
        "The file would take too much time or memory to open, so it was refused."
        "Die Datei zu öffnen würde zu viel Zeit oder Speicher kosten, deshalb wurde sie abgelehnt.";
    FileActive "file_active"
        "The document holds programs or further files inside, so it was refused."
        "Das Dokument enthält Programme oder weitere Dateien, deshalb wurde es abgelehnt.";
    FileLocked "file_locked"
        "The document is protected by a password and cannot be checked."
        "Das Dokument ist mit einem Kennwort geschützt und lässt sich nicht prüfen.";
    FileProblem "file_problem"
        "The file could not be handled; the daemon's log says why."
        "Die Datei ließ sich nicht verarbeiten; das Protokoll des Dienstes sagt, warum.";
    FileGone "file_gone"
        "The carrier no longer has the file, or does not give it to us."
        "Der Anbieter hat die Datei nicht mehr oder gibt sie uns nicht.";
    FileNotFetched "file_not_fetched"
        "The file could not be fetched from the carrier."
        "Die Datei konnte beim Anbieter nicht abgeholt werden.";
    FileExpired "file_expired"
        "The file was kept for as long as this channel keeps files, and is no longer available."
        "Die Datei wurde so lange aufbewahrt, wie dieser Kanal Dateien behält, und ist nicht mehr verfügbar.";
    FilesFull "files_full"
        "There is no room left for files; messages go on without them. Free space, or raise the limit for files."
        "Für Dateien ist kein Platz mehr; Nachrichten gehen ohne sie weiter. Bitte Platz schaffen oder die Grenze für Dateien anheben.";
    MmsNotPossible "mms_not_possible"
        "Pictures and files cannot be sent as MMS from this number to that one, and sending a link instead is switched off."
        "Von dieser Rufnummer zu jener lassen sich Bilder und Dateien nicht als MMS senden, und der Ersatz durch einen Link ist abgeschaltet.";
    LinkNotPossible "link_not_possible"
        "The files can only be sent as a link, and this machine has no public address yet."
        "Die Dateien lassen sich nur als Link senden, und diese Maschine hat noch keine öffentliche Adresse.";
    ContentNotTaken "content_not_taken"
        "This kind of message cannot be sent over this channel."
        "Diese Art von Nachricht lässt sich über diesen Kanal nicht senden.";
    TemplateWrong "template_wrong"
        "The template was not filled in as it was approved: check its variables."
        "Die Vorlage wurde anders ausgefüllt als genehmigt: bitte ihre Variablen prüfen.";
    TemplateNotUsable "template_not_usable"
        "The template is not approved, paused or switched off at the carrier."
        "Die Vorlage ist beim Anbieter nicht genehmigt, pausiert oder abgeschaltet.";
    Expired "expired"
        "The message could not be handed over in time and has expired."
        "Die Nachricht konnte nicht rechtzeitig übergeben werden und ist abgelaufen.";
    TriesUsedUp "tries_used_up"
        "All tries are used up."
        "Alle Versuche sind aufgebraucht.";
    TrunkInterrupted "trunk_interrupted"
        "The carrier failed several times in a row; messages wait, and it is tried again by itself."
        "Der Anbieter hat mehrmals nacheinander versagt; Nachrichten warten, und es wird von selbst erneut versucht.";
    TrunkDisabled "trunk_disabled"
        "The trunk is switched off or no longer exists."
        "Die Leitung ist abgeschaltet oder existiert nicht mehr.";
    PhoneUnreachable "phone_unreachable"
        "The desk phone is not registered or does not answer; the message waits for it."
        "Das Telefon ist nicht angemeldet oder antwortet nicht; die Nachricht wartet darauf.";
    ExtensionOff "extension_off"
        "Numbers lead to this extension, but it is switched off; their texts reach nobody. Route them elsewhere or switch it on."
        "Zu dieser Nebenstelle führen Rufnummern, aber sie ist abgeschaltet; ihre Nachrichten erreichen niemanden. Bitte umleiten oder einschalten.";
    PhoneRefused "phone_refused"
        "The desk phone refused the message."
        "Das Telefon hat die Nachricht abgelehnt.";
    PhoneExpired "phone_expired"
        "The desk phone did not come back in time to receive the message."
        "Das Telefon hat sich nicht rechtzeitig zurückgemeldet, um die Nachricht zu empfangen.";
    DiskLow "disk_low"
        "The disk of the data folder is almost full; without room no message is taken. Free space, or give it a larger disk."
        "Der Datenträger des Datenordners ist fast voll; ohne Platz wird keine Nachricht angenommen. Bitte Platz schaffen oder vergrößern.";
    StoreFailing "store_failing"
        "The database could not write the last time; until it can, messages are refused. Look at the disk and at the system's log."
        "Die Datenbank konnte zuletzt nicht schreiben; bis sie es kann, werden Nachrichten abgewiesen. Bitte Datenträger und Systemprotokoll prüfen.";
    StoreDamaged "store_damaged"
        "The database is damaged. Make a copy of the data folder, then restore a backup with `depesche restore`."
        "Die Datenbank ist beschädigt. Bitte den Datenordner kopieren und dann mit `depesche restore` eine Sicherung einspielen.";
    StoreUnread "store_unread"
        "The database could not be read through, so nobody knows whether it is whole. Look at the system's log."
        "Die Datenbank konnte nicht durchgelesen werden; ob sie heil ist, ist offen. Bitte das Systemprotokoll prüfen.";
    PbxSilent "pbx_silent"
        "The PBX does not answer; texts for its phones wait. Check the PBX, its address and the network."
        "Die Telefonanlage antwortet nicht; Nachrichten für ihre Telefone warten. Bitte die Anlage, ihre Adresse und das Netz prüfen.";
    PbxNotRegistered "pbx_not_registered"
        "The PBX does not let us register, so its phones cannot write. Check name and password under sip.pbx."
        "Die Telefonanlage lässt die Anmeldung nicht zu, deshalb können ihre Telefone nicht schreiben. Bitte Name und Kennwort unter sip.pbx prüfen.";
    CarrierGaveUp "carrier_gave_up"
        "The carrier could not deliver the message."
        "Der Anbieter konnte die Nachricht nicht zustellen.";
    CancelledByUser "cancelled_by_user"
        "The message was taken back before it was sent."
        "Die Nachricht wurde vor dem Senden zurückgezogen.";
    NumberUnreadable "number_unreadable"
        "What stands there is not a telephone number, or none of this channel."
        "Was dort steht, ist keine Rufnummer, oder keine für diesen Kanal.";
    Duplicate "duplicate"
        "The same person or number stands above already."
        "Dieselbe Person oder Rufnummer steht schon weiter oben.";
    Excluded "excluded"
        "This number was left out on purpose."
        "Diese Rufnummer wurde ausdrücklich ausgenommen.";
    OwnNumber "own_number"
        "This is one of our own numbers."
        "Das ist eine eigene Rufnummer.";
    OutsideHours "outside_hours"
        "It is outside the hours in which this campaign writes to people there."
        "Dort ist es außerhalb der Zeiten, in denen diese Kampagne sendet.";
    UserLimit "user_limit"
        "The author's limit of campaign messages for the day or month is reached; it goes on by itself afterwards."
        "Die Tages- oder Monatsgrenze des Verfassers für Kampagnennachrichten ist erreicht; danach geht es von selbst weiter.";
    NumberLimit "number_limit"
        "The number's limit of campaign messages for the day or month is reached; it goes on by itself afterwards."
        "Die Tages- oder Monatsgrenze der Rufnummer für Kampagnennachrichten ist erreicht; danach geht es von selbst weiter.";
    FailuresInRow "failures_in_row"
        "Too many messages failed one after the other, so the campaign stopped: look at their reason, mend it and let it go on."
        "Zu viele Nachrichten sind nacheinander gescheitert, deshalb hat die Kampagne angehalten: bitte den Grund beheben und sie fortsetzen.";
    CampaignCancelled "campaign_cancelled"
        "The campaign was cancelled before this message was sent."
        "Die Kampagne wurde abgebrochen, bevor diese Nachricht gesendet wurde.";
    CampaignNotReady "campaign_not_ready"
        "When its time came, the campaign could not be sent as it is planned."
        "Zu ihrer Zeit konnte die Kampagne so, wie sie geplant ist, nicht gesendet werden.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_code_is_the_word_of_the_api() {
        for code in ReasonCode::ALL {
            let json = serde_json::to_string(code).expect("a word");
            assert_eq!(json, format!("{:?}", code.as_str()));
        }
    }

    #[test]
    fn what_a_carrier_says_is_kept_short_and_on_one_line() {
        let reason = Reason::of(ReasonCode::CarrierRefused).saying(&format!("a\r\nb{}", "x".repeat(1000)));

        let detail = reason.detail.expect("kept");
        assert_eq!(detail.chars().count(), 300);
        assert!(detail.starts_with("abx"));
    }
}
