//! What a directory's answers mean, in words (RFC 4511 4.1.9, and what Active Directory makes of it).

use crate::domain::contact_source::{LdapSettings, ProblemCode, SourceProblem};
use crate::domain::wording::Wording;
use crate::egress::contact_source::ldap::guard;
use crate::egress::contact_source::trouble;
use ldap3::LdapResult;

pub(super) fn reached(host: &str, port: u16) -> Wording {
    (format!("{host} answers on port {port}."), format!("{host} antwortet auf Port {port}.")).into()
}

pub(super) fn secured() -> Wording {
    (
        "The line is encrypted, and the server has proved who it is.",
        "Die Leitung ist verschlüsselt, und der Server hat seine Echtheit nachgewiesen.",
    )
        .into()
}

pub(super) fn plain() -> Wording {
    (
        "The line is not encrypted, as chosen: names and password can be read on the way.",
        "Die Leitung ist wie gewählt unverschlüsselt: Namen und Kennwort sind unterwegs lesbar.",
    )
        .into()
}

pub(super) fn signed_in(user: &str) -> Wording {
    match user {
        "" => ("We read without a name.", "Es wird ohne Namen gelesen.").into(),
        user => (format!("The server takes {user}."), format!("Der Server nimmt {user} an.")).into(),
    }
}

pub(super) fn read(count: usize, some: bool) -> Wording {
    match (count, some) {
        (0, _) => (
            "The base is there, but the filter finds nobody. Check the filter and the user's rights to read.",
            "Die Basis ist da, aber der Filter findet niemanden. Bitte den Filter und die Leserechte des Benutzers prüfen.",
        )
            .into(),
        (_, true) => ("Entries can be read.", "Einträge lassen sich lesen.").into(),
        (count, false) => (format!("Entries read: {count}."), format!("Gelesene Einträge: {count}.")).into(),
    }
}

pub(super) fn no_password() -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Credentials,
        ("There is a user, but no password.", "Es gibt einen Benutzer, aber kein Kennwort."),
        ("Enter the password, or leave the user empty.", "Bitte das Kennwort eingeben oder den Benutzer leer lassen."),
    )
}

pub(super) fn filter() -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Filter,
        ("The filter cannot be read.", "Der Filter ist nicht lesbar."),
        (
            "Write it as in (&(objectClass=person)(mobile=*)), with as many closing brackets as opening ones.",
            "Bitte schreiben wie (&(objectClass=person)(mobile=*)), mit gleich vielen öffnenden und schließenden Klammern.",
        ),
    )
}

/// What a server answered to our wish for TLS.
pub(super) fn start_tls(answer: &[u8]) -> Result<(), SourceProblem> {
    let kind = guard::operation(answer).map_err(trouble::unreadable)?;
    // Message, id and operation have short lengths in the short form here; the result code is the first thing inside.
    let code = answer.windows(3).find(|part| part[0] == 0x0a && part[1] == 1).map(|part| part[2]);
    match code {
        Some(0) if kind == guard::EXTENDED => Ok(()),
        _ => Err(SourceProblem::new(
            ProblemCode::NoTls,
            ("The server does not offer StartTLS.", "Der Server bietet kein StartTLS an."),
            (
                "Choose ldaps (port 636), or switch StartTLS on at the server.",
                "Bitte ldaps (Port 636) wählen oder StartTLS am Server einschalten.",
            ),
        )),
    }
}

/// What an answer's result code means; good ones say nothing.
pub(super) fn result(answer: &LdapResult, settings: &LdapSettings) -> Result<(), SourceProblem> {
    let words = trouble::said(&answer.text);
    let code = answer.rc;
    let said = if words.is_empty() { format!("LDAP {code}") } else { format!("LDAP {code}: {words}") };
    Err(match code {
        0 => return Ok(()),
        3 | 4 | 11 => partial(&said),
        8 | 13 => tls_wanted(&said),
        10 | 32 => no_base(settings, &said),
        34 => no_dn(settings, &said),
        48 | 49 if !settings.user.is_empty() => trouble::credentials(active_directory(&said)),
        1 | 48 | 49 | 50 | 53 if settings.user.is_empty() => user_wanted(&said),
        50 => trouble::forbidden(&said),
        51 | 52 => trouble::unreachable(&said),
        _ => trouble::unreadable(&said),
    })
}

/// Active Directory says with a number why it does not take somebody.
fn active_directory(said: &str) -> Wording {
    let known = [
        ("data 525", ("no such user", "kein solcher Benutzer")),
        ("data 52e", ("wrong password", "falsches Kennwort")),
        ("data 530", ("not at this time", "nicht zu dieser Zeit")),
        ("data 532", ("password expired", "Kennwort abgelaufen")),
        ("data 533", ("account disabled", "Konto deaktiviert")),
        ("data 701", ("account expired", "Konto abgelaufen")),
        ("data 773", ("the password must be changed", "das Kennwort muss geändert werden")),
        ("data 775", ("account locked", "Konto gesperrt")),
    ];
    known.iter().find(|(code, _)| said.contains(code)).map_or_else(|| said.into(), |(_, meaning)| (*meaning).into())
}

fn partial(said: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Partial,
        (
            format!("The server gives only a part of the entries ({said})."),
            format!("Der Server gibt nur einen Teil der Einträge heraus ({said})."),
        ),
        (
            "Nothing was changed. Raise the server's limit for this user, or choose a narrower filter.",
            "Es wurde nichts geändert. Bitte die Grenze des Servers für diesen Benutzer anheben oder den Filter enger fassen.",
        ),
    )
}

fn tls_wanted(said: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::NoTls,
        (
            format!("The server takes passwords over an encrypted line only ({said})."),
            format!("Der Server nimmt Kennwörter nur über eine verschlüsselte Leitung an ({said})."),
        ),
        ("Choose ldaps or StartTLS.", "Bitte ldaps oder StartTLS wählen."),
    )
}

fn no_base(settings: &LdapSettings, said: &str) -> SourceProblem {
    let base = trouble::said(&settings.base);
    SourceProblem::new(
        ProblemCode::NoBase,
        (
            format!("The base {base} does not exist there, or this user does not see it ({said})."),
            format!("Die Basis {base} gibt es dort nicht, oder dieser Benutzer sieht sie nicht ({said})."),
        ),
        (
            "Check the base letter by letter, and the user's right to read there.",
            "Bitte die Basis Zeichen für Zeichen und die Leserechte des Benutzers prüfen.",
        ),
    )
}

fn no_dn(settings: &LdapSettings, said: &str) -> SourceProblem {
    let base = trouble::said(&settings.base);
    SourceProblem::new(
        ProblemCode::NoBase,
        (
            format!("The server cannot read the base {base} or the user's name ({said})."),
            format!("Der Server kann die Basis {base} oder den Namen des Benutzers nicht lesen ({said})."),
        ),
        ("Write both as in ou=people,dc=example,dc=com.", "Bitte beides schreiben wie ou=people,dc=example,dc=com."),
    )
}

fn user_wanted(said: &str) -> SourceProblem {
    SourceProblem::new(
        ProblemCode::Credentials,
        (
            format!("The server does not let anybody read without a name ({said})."),
            format!("Der Server lässt ohne Namen niemanden lesen ({said})."),
        ),
        ("Enter a user and a password.", "Bitte Benutzer und Kennwort eintragen."),
    )
}
