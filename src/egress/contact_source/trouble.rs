//! What goes wrong with a source, in words for an admin: what it is, and what to do.

use crate::domain::contact_source::{ENTRIES_MAX, ProblemCode, SourceProblem};
use crate::domain::wording::Wording;
use crate::net::client::CallError;

/// What others said is cut after this many characters.
const SAID_CHARS_MAX: usize = 200;

/// One line of what somebody else said.
pub(super) fn said(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(SAID_CHARS_MAX).collect::<String>().trim().to_owned()
}

/// Why a server could not be reached or did not answer; told apart by the words of net/dial.rs.
pub(super) fn of_call(error: &CallError) -> SourceProblem {
    match error {
        CallError::Refused(why) if why.contains("without TLS") => plain_over_the_internet(why),
        CallError::Refused(why) => not_allowed(why),
        CallError::NotSent(why) if why.contains(": no address found") => not_found(why),
        CallError::NotSent(why) if why.contains(": TLS: ") => no_tls(why),
        CallError::NotSent(why) => unreachable(why),
        CallError::NoAnswer { why, .. } => broken(why),
        CallError::TooLarge { .. } => too_much(),
    }
}

fn not_found(why: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::NotFound,
        (
            format!("The server's name could not be found ({}).", said(why)),
            format!("Der Name des Servers wurde nicht gefunden ({}).", said(why)),
        ),
        (
            "Check the address for typing errors, and the name server of this machine.",
            "Bitte die Adresse auf Tippfehler und den Nameserver dieser Maschine prüfen.",
        ),
    )
}

fn plain_over_the_internet(why: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::NotAllowed,
        (
            format!("Without TLS only servers in the house are called ({}).", said(why)),
            format!("Ohne TLS werden nur Server im eigenen Haus angesprochen ({}).", said(why)),
        ),
        (
            "Choose TLS (ldaps, StartTLS or https://): else the password could be read on the way.",
            "Bitte TLS wählen (ldaps, StartTLS oder https://): sonst wäre das Kennwort unterwegs lesbar.",
        ),
    )
}

fn not_allowed(why: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::NotAllowed,
        (
            format!("This address must not be called from here ({}).", said(why)),
            format!("Diese Adresse darf von hier nicht angesprochen werden ({}).", said(why)),
        ),
        (
            "Servers on the Internet and in the house's own network may be called; list any other in the settings of \
             this machine (http_client.allow_private).",
            "Angesprochen werden dürfen Server im Internet und im eigenen Netz; andere bitte in den Einstellungen \
             dieser Maschine aufführen (http_client.allow_private).",
        ),
    )
}

fn no_tls(why: &str) -> SourceProblem {
    if why.contains("certificate") {
        return SourceProblem::new(
            ProblemCode::NotTrusted,
            (
                format!("The server's certificate is not trusted ({}).", said(why)),
                format!("Dem Zertifikat des Servers wird nicht vertraut ({}).", said(why)),
            ),
            (
                "Use the name that stands in the certificate; if the house has its own certificate authority, name its \
                 file in the settings of this machine (http_client.ca_file).",
                "Bitte den Namen verwenden, der im Zertifikat steht; hat das Haus eine eigene Zertifizierungsstelle, \
                 deren Datei bitte in den Einstellungen dieser Maschine nennen (http_client.ca_file).",
            ),
        );
    }
    SourceProblem::new(
        ProblemCode::NoTls,
        (
            format!("The server does not speak TLS as we do ({}).", said(why)),
            format!("Der Server spricht kein TLS, wie es gebraucht wird ({}).", said(why)),
        ),
        (
            "Check port and protection: ldaps usually has 636, StartTLS 389.",
            "Bitte Port und Absicherung prüfen: ldaps hat meist 636, StartTLS 389.",
        ),
    )
}

/// Nobody answers.
pub(super) fn unreachable(why: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Unreachable,
        (
            format!("The server does not answer ({}).", said(why)),
            format!("Der Server antwortet nicht ({}).", said(why)),
        ),
        (
            "Check address, port and firewall, and whether the server runs. It is tried again by itself.",
            "Bitte Adresse, Port und Firewall prüfen, und ob der Server läuft. Es wird von selbst erneut versucht.",
        ),
    )
}

/// The line ended before all was said.
pub(super) fn broken(why: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Broken,
        (
            format!("The connection broke before everything was read ({}).", said(why)),
            format!("Die Verbindung brach ab, bevor alles gelesen war ({}).", said(why)),
        ),
        (
            "Nothing was changed. It is tried again by itself; if it lasts, look at the server's log.",
            "Es wurde nichts geändert. Es wird von selbst erneut versucht; hält es an, bitte das Protokoll des Servers ansehen.",
        ),
    )
}

/// More than is taken.
pub(super) fn too_much() -> SourceProblem {
    SourceProblem::new(
        ProblemCode::TooMuch,
        (
            format!("There is more there than is taken: at most {ENTRIES_MAX} entries, each within bounds."),
            format!("Dort ist mehr, als übernommen wird: höchstens {ENTRIES_MAX} Einträge, jeder in Grenzen."),
        ),
        (
            "Nothing was changed. Choose a narrower base or filter, or a smaller address book.",
            "Es wurde nichts geändert. Bitte Basis oder Filter enger fassen oder ein kleineres Adressbuch wählen.",
        ),
    )
}

/// An answer that cannot be understood.
pub(super) fn unreadable(why: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Unreadable,
        (
            format!("The server's answer could not be understood ({}).", said(why)),
            format!("Die Antwort des Servers war nicht verständlich ({}).", said(why)),
        ),
        (
            "Nothing was changed. Check that address and port belong to such a server.",
            "Es wurde nichts geändert. Bitte prüfen, ob Adresse und Port zu einem solchen Server gehören.",
        ),
    )
}

/// Name or password are wrong.
pub(super) fn credentials(why: impl Into<Wording>) -> SourceProblem {
    let Wording { english, german } = why.into();
    let bracketed = |why: &str| if why.is_empty() { String::new() } else { format!(" ({})", said(why)) };
    SourceProblem::new(
        ProblemCode::Credentials,
        (
            format!("The server does not take user and password{}.", bracketed(&english)),
            format!("Der Server nimmt Benutzer und Kennwort nicht an{}.", bracketed(&german)),
        ),
        (
            "Enter both again. Some servers want an app password here.",
            "Bitte beides neu eingeben. Manche Server wollen hier ein App-Kennwort.",
        ),
    )
}

/// Known, but not allowed to read.
pub(super) fn forbidden(why: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Forbidden,
        (
            format!("The server does not let this user read there ({}).", said(why)),
            format!("Der Server lässt diesen Benutzer dort nicht lesen ({}).", said(why)),
        ),
        (
            "Give the user the right to read there, or enter a user who has it.",
            "Bitte dem Benutzer dort Leserechte geben oder einen eintragen, der sie hat.",
        ),
    )
}

/// It took longer than is waited.
pub(super) fn too_slow() -> SourceProblem {
    unreachable("it took too long")
}

/// Our own disk.
pub(super) fn ours(error: &std::io::Error) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Ours,
        (
            format!("What was read could not be kept on this machine ({error})."),
            format!("Das Gelesene ließ sich auf dieser Maschine nicht ablegen ({error})."),
        ),
        ("Check the disk of the data folder.", "Bitte den Datenträger des Datenordners prüfen."),
    )
}
