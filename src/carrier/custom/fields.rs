//! The settings of a provider described by templates.

use crate::carrier::dialect::Field;
use crate::carrier::settings::field;

pub(super) const FIELDS: &[Field] = &[
    field("send_method", "Method", "Methode", "POST, GET or PUT").german_hint("POST, GET oder PUT").or("POST"),
    field(
        "send_url",
        "Address for sending",
        "Adresse zum Senden",
        "Placeholders as in https://sms.example.com/send?to={{to}}; the manual lists them",
    )
    .german_hint("Platzhalter wie in https://sms.example.com/send?to={{to}}; das Handbuch führt sie auf")
    .required(),
    field("send_headers", "Headers", "Kopfzeilen", "One on each line: Authorization: Bearer {{secret}}")
        .german_hint("Je Zeile eine: Authorization: Bearer {{secret}}")
        .multiline(),
    field("body_kind", "Body", "Inhalt", "json, form or none").german_hint("json, form oder none").or("json"),
    field(
        "send_body",
        "Body of a text",
        "Inhalt für einen Text",
        "{\"to\":\"{{to}}\",\"from\":\"{{from}}\",\"text\":\"{{text}}\"}; as a form: to={{to}}",
    )
    .german_hint("{\"to\":\"{{to}}\",\"from\":\"{{from}}\",\"text\":\"{{text}}\"}; als Formular: to={{to}}")
    .multiline(),
    field(
        "media_body",
        "Body with files",
        "Inhalt mit Dateien",
        "With {{media_url}} or {{media_urls}}; empty: no files",
    )
    .german_hint("Mit {{media_url}} oder {{media_urls}}; leer: keine Dateien")
    .multiline(),
    field("user", "User name", "Benutzername", "For {{user}} and {{basic}}").german_hint("Für {{user}} und {{basic}}"),
    field("secret", "Key or password", "Schlüssel oder Kennwort", "For {{secret}} and {{basic}}")
        .german_hint("Für {{secret}} und {{basic}}")
        .secret(),
    field("secret_2", "Second key", "Zweiter Schlüssel", "For {{secret_2}}").german_hint("Für {{secret_2}}").secret(),
    field(
        "spelling",
        "Numbers are written",
        "Schreibweise der Nummern",
        "plus: +4915550012345; digits: 4915550012345; zeros: 004915550012345; ten_digits: 5550100123",
    )
    .german_hint("plus: +4915550012345; digits: 4915550012345; zeros: 004915550012345; ten_digits: 5550100123")
    .or("plus"),
    field(
        "id_at",
        "Where the message's id is",
        "Wo die Kennung der Nachricht steht",
        "JSON pointer /messages/0/id, or a pattern OK: *",
    )
    .german_hint("JSON-Zeiger /messages/0/id, oder Muster OK: *"),
    field("success_when", "What means success", "Was Erfolg heißt", "/status=ok|queued; empty: every 2xx")
        .german_hint("/status=ok|queued; leer: jedes 2xx"),
    field("error_at", "Where the error code is", "Wo der Fehlercode steht", "/error/code, or a pattern ERR *")
        .german_hint("/error/code, oder Muster ERR *"),
    field("error_text_at", "Where the error's sentence is", "Wo der Satz zum Fehler steht", "/error/message")
        .german_hint("/error/message"),
    field("error_codes", "What error codes mean", "Was Fehlercodes bedeuten", "One on each line: 21610=opted_out")
        .german_hint("Je Zeile einer: 21610=opted_out")
        .multiline(),
    field(
        "check_url",
        "Address to check the key",
        "Adresse zur Prüfung des Schlüssels",
        "Optional; GET with the same headers answers 200",
    )
    .german_hint("Wahlweise; GET mit denselben Kopfzeilen antwortet 200"),
    field("hook_kind", "Webhooks are", "Webhooks sind", "json, or form (also parameters in the address)")
        .german_hint("json, oder form (auch Parameter in der Adresse)")
        .or("json"),
    field(
        "list_at",
        "Where the list of events is",
        "Wo die Liste der Ereignisse steht",
        "Only where one webhook tells of several: /events",
    )
    .german_hint("Nur wo ein Webhook mehrere meldet: /events"),
    field("in_when", "What is a text", "Was ein Text ist", "/type=inbound; empty: what has a text and no status")
        .german_hint("/type=inbound; leer: was Text und keinen Status hat"),
    field("in_id", "Text: its id", "Text: seine Kennung", "/id").german_hint("/id"),
    field("in_from", "Text: from", "Text: von", "/from").german_hint("/from"),
    field("in_to", "Text: to", "Text: an", "/to").german_hint("/to"),
    field("in_text", "Text: the text", "Text: der Text", "/text").german_hint("/text"),
    field(
        "in_media",
        "Text: addresses of files",
        "Text: Adressen von Dateien",
        "/media; a list, or with commas between",
    )
    .german_hint("/media; eine Liste, oder mit Kommas dazwischen"),
    field("report_when", "What is a report", "Was ein Bericht ist", "/type=status; empty: what has a status")
        .german_hint("/type=status; leer: was einen Status hat"),
    field("report_status", "Report: the status", "Bericht: der Status", "/status; empty: there are no reports")
        .german_hint("/status; leer: es gibt keine Berichte"),
    field(
        "report_words",
        "Report: what the words mean",
        "Bericht: was die Wörter bedeuten",
        "One on each line: DELIVRD=delivered; ours: sent, delivered, read, undelivered, failed",
    )
    .german_hint("Je Zeile eines: DELIVRD=delivered; unsere: sent, delivered, read, undelivered, failed")
    .multiline(),
    field("report_id", "Report: the message's id", "Bericht: Kennung der Nachricht", "/id").german_hint("/id"),
    field(
        "report_reference",
        "Report: our reference",
        "Bericht: unsere Referenz",
        "/reference; not needed with {{report_url}}",
    )
    .german_hint("/reference; mit {{report_url}} nicht nötig"),
    field("report_code", "Report: the error code", "Bericht: der Fehlercode", "/error").german_hint("/error"),
    field("hook_answer", "Our answer to a webhook", "Unsere Antwort auf einen Webhook", "With 200; empty, OK, or JSON")
        .german_hint("Mit 200; leer, OK, oder JSON"),
    field(
        "signature",
        "How webhooks prove themselves",
        "Wie Webhooks sich ausweisen",
        "token, basic, hmac, or none (then only the key in our address)",
    )
    .german_hint("token, basic, hmac, oder none (dann nur der Schlüssel in unserer Adresse)")
    .or("token"),
    field(
        "hook_secret",
        "Secret of the webhooks",
        "Geheimnis der Webhooks",
        "The token, the password, or the HMAC's key",
    )
    .german_hint("Das Token, das Kennwort oder der Schlüssel des HMAC")
    .secret(),
    field("hook_user", "User of the webhooks", "Benutzer der Webhooks", "Only for basic").german_hint("Nur für basic"),
    field("signature_at", "Header of the proof", "Kopfzeile des Nachweises", "Its name; for a token also query:NAME")
        .german_hint("Ihr Name; für ein Token auch query:NAME")
        .or("X-Signature"),
    field("signature_prefix", "Before the proof", "Vor dem Nachweis", "As in sha256=").german_hint("Wie sha256="),
    field("signature_hash", "HMAC with", "HMAC mit", "sha256, sha1 or sha512")
        .german_hint("sha256, sha1 oder sha512")
        .or("sha256"),
    field("signature_coded", "HMAC written", "HMAC geschrieben", "hex or base64")
        .german_hint("hex oder base64")
        .or("hex"),
    field(
        "timestamp_at",
        "Header of the signed time",
        "Kopfzeile der signierten Zeit",
        "Empty: the body alone is signed; else the time, a dot and the body",
    )
    .german_hint("Leer: nur der Inhalt ist signiert; sonst Zeit, Punkt und Inhalt"),
    field(
        "sources",
        "Addresses it calls from",
        "Adressen, von denen es anruft",
        "Optional: 192.0.2.1, 198.51.100.0/24",
    )
    .german_hint("Wahlweise: 192.0.2.1, 198.51.100.0/24"),
    field("text_chars_max", "Longest text", "Längster Text", "In characters").german_hint("In Zeichen").or("1600"),
    field(
        "idempotent",
        "A repeated reference is taken once",
        "Wiederholte Referenz wird einmal angenommen",
        "yes only if {{reference}} is sent and the provider knows it",
    )
    .german_hint("yes nur, wenn {{reference}} gesendet wird und der Anbieter sie kennt")
    .or("no"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole account; empty: no limit")
        .german_hint("Für das ganze Konto; leer: keine Grenze"),
];
