//! A SIP trunk's settings: where it is, who we are there, how it proves itself to us.

use crate::carrier::dialect::{Field, Limits, Settings, SettingsError};
use crate::carrier::settings::{Fields, field, wrong};
use crate::carrier::sip_trunk::numbers::{Format, Spelling};
use crate::domain::address::Address;
use crate::domain::message::TEXT_CHARS_MAX;
use crate::domain::secret::Secret;
use crate::net::network::Network;
use std::net::IpAddr;
use std::time::Duration;

/// Servers of one trunk.
const SERVERS_MAX: usize = 8;
const NETWORKS_MAX: usize = 32;

/// A SIP trunk or GSM gateway.
pub struct SipTrunk {
    /// Its servers, best first: host and port. Empty: it registers here.
    pub servers: Vec<(String, Option<u16>)>,
    /// How it is spoken to.
    pub transport: SipTransport,
    /// Our user there; empty: none is wanted.
    pub user: String,
    /// Our password there.
    pub password: Option<Secret>,
    /// Whether we register there.
    pub register: bool,
    /// For how long.
    pub register_for: Duration,
    /// The domain its URIs have; the first server's where nothing else is set.
    pub domain: String,
    /// Whose name stands in From.
    pub named: Named,
    /// How it spells numbers.
    pub spelling: Spelling,
    /// Whether request URIs say `user=phone`.
    pub user_phone: bool,
    /// Our number, where the gateway does not say which was written to.
    pub our_number: Option<Address>,
    /// Where it says who wrote.
    pub sender_in: SenderIn,
    /// Addresses it may write from without a password.
    pub sources: Vec<Network>,
    /// Whether its address proves it over UDP too, where anybody can claim one.
    pub believe_udp: bool,
    /// The name it proves itself with; empty: none.
    pub inbound_user: String,
    /// Its password.
    pub inbound_password: Option<Secret>,
    /// Whether each MESSAGE may hold one SMS only.
    pub one_sms_each: bool,
    pub(super) limits: Limits,
}

/// How a gateway is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SipTransport {
    /// Datagrams.
    Udp,
    /// A connection.
    Tcp,
    /// An encrypted connection.
    Tls,
}

/// Whose name stands in From.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Our number.
    Number,
    /// Our user there.
    User,
}

/// Where a gateway says who wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenderIn {
    /// The user of From.
    FromUser,
    /// The name beside From.
    FromDisplay,
    /// P-Asserted-Identity.
    AssertedIdentity,
}

pub(super) const FIELDS: &[Field] = &[
    field(
        "server",
        "Server",
        "Server",
        "Host, perhaps with port; several separated by commas; empty: the gateway registers here",
    )
    .german_hint("Host, auch mit Port; mehrere durch Kommas getrennt; leer: das Gateway meldet sich hier an"),
    field("transport", "Transport", "Transport", "udp, tcp or tls").german_hint("udp, tcp oder tls").or("udp"),
    field(
        "user",
        "Our user",
        "Unser Benutzer",
        "As the provider or the gateway knows us; empty: it knows us by address",
    )
    .german_hint("So kennt uns der Anbieter oder das Gateway; leer: er kennt uns an der Adresse"),
    field("password", "Our password", "Unser Passwort", "For the user above").german_hint("Zum Benutzer oben").secret(),
    field("register", "Register there", "Dort anmelden", "yes or no").german_hint("yes (ja) oder no (nein)").or("no"),
    field("register_for", "Registration in seconds", "Anmeldung in Sekunden", "60 to 86400")
        .german_hint("60 bis 86400")
        .or("600"),
    field("domain", "Domain", "Domain", "Where it differs from the server").german_hint("Wenn sie vom Server abweicht"),
    field("from", "Sender in From", "Absender in From", "number: our number; user: our user there")
        .german_hint("number: unsere Rufnummer; user: unser Benutzer dort")
        .or("number"),
    field(
        "number_format",
        "Spelling of numbers",
        "Schreibweise der Nummern",
        "plus (+49…), digits (49…), double_zero (0049…) or national (0…)",
    )
    .german_hint("plus (+49…), digits (49…), double_zero (0049…) oder national (0…)")
    .or("plus"),
    field("country", "Country", "Land", "Two letters, as in DE: whose numbers may lack their code")
        .german_hint("Zwei Buchstaben, etwa DE: dessen Nummern ohne Vorwahl des Landes kommen können")
        .or("DE"),
    field(
        "out_prefix",
        "Prefix we add",
        "Vorsatz, den wir setzen",
        "Before each number we send, as in 9 or a SIM's prefix",
    )
    .german_hint("Vor jeder Nummer, an die wir senden, etwa 9 oder der Vorsatz einer SIM"),
    field("in_prefix", "Prefix it adds", "Vorsatz, den es setzt", "Before each number it sends; taken away")
        .german_hint("Vor jeder Nummer, die es sendet; wird entfernt"),
    field("user_phone", "user=phone in addresses", "user=phone in Adressen", "yes or no")
        .german_hint("yes (ja) oder no (nein)")
        .or("no"),
    field(
        "number",
        "Our number here",
        "Unsere Nummer hier",
        "In E.164; for gateways that do not say which number was written to",
    )
    .german_hint("In E.164; für Gateways, die nicht sagen, an welche Nummer geschrieben wurde"),
    field("sender_in", "Who wrote stands in", "Wer schrieb, steht in", "from_user, from_display or asserted_identity")
        .german_hint("from_user, from_display oder asserted_identity")
        .or("from_user"),
    field(
        "sources",
        "Its addresses",
        "Seine Adressen",
        "Addresses or networks it writes from, separated by commas; proof enough over TCP and TLS",
    )
    .german_hint(
        "Adressen oder Netze, von denen es schreibt, durch Kommas getrennt; über TCP und TLS genügt das als Nachweis",
    ),
    field(
        "believe_udp",
        "Believe them over UDP",
        "Ihnen auch über UDP glauben",
        "yes only where nobody else can send from these addresses, as in a network of your own",
    )
    .german_hint("yes nur, wenn niemand sonst von diesen Adressen senden kann, etwa im eigenen Netz")
    .or("no"),
    field(
        "inbound_user",
        "Its user here",
        "Sein Benutzer hier",
        "What the gateway proves itself or registers with at this system",
    )
    .german_hint("Damit weist sich das Gateway hier aus oder meldet sich hier an"),
    field("inbound_password", "Its password here", "Sein Passwort hier", "At least 8 characters")
        .german_hint("Mindestens 8 Zeichen")
        .secret(),
    field(
        "parts",
        "Long texts",
        "Lange Texte",
        "whole: as they are; one_sms: numbered, each one SMS of 160 or 70 characters",
    )
    .german_hint("whole: wie sie sind; one_sms: nummeriert, jeder eine SMS von 160 oder 70 Zeichen")
    .or("whole"),
    field(
        "reports",
        "Delivery receipts",
        "Zustellbestätigungen",
        "yes if the gateway sends receipts (message/imdn+xml)",
    )
    .german_hint("yes, wenn das Gateway Bestätigungen sendet (message/imdn+xml)")
    .or("no"),
    field("rate", "Messages per second", "Nachrichten pro Sekunde", "For the whole trunk; empty: no limit")
        .german_hint("Für die ganze Leitung; leer: keine Grenze"),
];

impl SipTrunk {
    pub(super) fn from_settings(settings: &Settings) -> Result<SipTrunk, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let servers = servers(fields.text("server").unwrap_or_default())?;
        let user = name(&fields, "user")?;
        let password = fields.secret("password", 1)?;
        let register = no_or_yes(&fields, "register")?;
        let inbound_user = name(&fields, "inbound_user")?;
        let inbound_password = fields.secret("inbound_password", 8)?;
        let sources = networks(fields.text("sources").unwrap_or_default())?;
        if user.is_empty() != password.is_none() {
            let missing = if user.is_empty() { "user" } else { "password" };
            return Err(wrong(missing, "user and password belong together: fill in both or none"));
        }
        if inbound_user.is_empty() != inbound_password.is_none() {
            let missing = if inbound_user.is_empty() { "inbound_user" } else { "inbound_password" };
            return Err(wrong(missing, "user and password belong together: fill in both or none"));
        }
        if register && (user.is_empty() || servers.is_empty()) {
            return Err(wrong("register", "registering needs a server, a user and a password: fill them in"));
        }
        if servers.is_empty() && inbound_user.is_empty() {
            return Err(wrong("server", "this is needed, unless the gateway registers here with a user of its own"));
        }
        let domain = fields.text("domain").map(str::to_owned);
        let named = match fields.one_of("from", &["number", "user"])? {
            "user" if user.is_empty() => {
                return Err(wrong("from", "there is no user to name: fill it in, or choose number"));
            }
            "user" => Named::User,
            _ => Named::Number,
        };
        let register_for = fields.number("register_for", 60.0, 86_400.0)?.unwrap_or(600.0);
        let our_number = fields.text("number").map(Address::parse).transpose();
        Ok(SipTrunk {
            domain: domain
                .or_else(|| servers.first().map(|(host, _)| host.clone()))
                .unwrap_or_else(|| "localhost".into()),
            servers,
            transport: match fields.one_of("transport", &["udp", "tcp", "tls"])? {
                "tcp" => SipTransport::Tcp,
                "tls" => SipTransport::Tls,
                _ => SipTransport::Udp,
            },
            user,
            password,
            register,
            register_for: Duration::from_secs_f64(register_for),
            named,
            spelling: spelling(&fields)?,
            user_phone: no_or_yes(&fields, "user_phone")?,
            our_number: our_number.map_err(|error| wrong("number", error.to_string()))?,
            sender_in: match fields.one_of("sender_in", &["from_user", "from_display", "asserted_identity"])? {
                "from_display" => SenderIn::FromDisplay,
                "asserted_identity" => SenderIn::AssertedIdentity,
                _ => SenderIn::FromUser,
            },
            sources,
            believe_udp: no_or_yes(&fields, "believe_udp")?,
            inbound_user,
            inbound_password,
            one_sms_each: fields.one_of("parts", &["whole", "one_sms"])? == "one_sms",
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                reports: no_or_yes(&fields, "reports")?,
                ..Limits::text(TEXT_CHARS_MAX)
            },
        })
    }
}

fn no_or_yes(fields: &Fields<'_>, key: &str) -> Result<bool, SettingsError> {
    fields.one_of(key, &["no", "yes"]).map(|word| word == "yes")
}

fn spelling(fields: &Fields<'_>) -> Result<Spelling, SettingsError> {
    let prefix = |key: &str| {
        let text = fields.text(key).unwrap_or_default();
        let fits =
            text.len() <= 20 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+*#-_.".contains(&byte));
        fits.then(|| text.to_owned()).ok_or_else(|| wrong(key, "at most 20 digits, letters or + * # - _ ."))
    };
    let country = fields.text("country").unwrap_or("DE").to_ascii_uppercase();
    if country.len() != 2 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(wrong("country", "this must be two letters, as in DE or US"));
    }
    Ok(Spelling {
        format: match fields.one_of("number_format", &["plus", "digits", "double_zero", "national"])? {
            "digits" => Format::Digits,
            "double_zero" => Format::DoubleZero,
            "national" => Format::National,
            _ => Format::Plus,
        },
        country,
        out_prefix: prefix("out_prefix")?,
        in_prefix: prefix("in_prefix")?,
    })
}

/// A SIP user as URIs can name it without escapes.
fn name(fields: &Fields<'_>, key: &str) -> Result<String, SettingsError> {
    let text = fields.text(key).unwrap_or_default();
    let fits = text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-_.!~*'()&=$,;?/@#".contains(&byte));
    fits.then(|| text.to_owned()).ok_or_else(|| wrong(key, "at most 64 letters, digits and signs, without spaces"))
}

fn servers(text: &str) -> Result<Vec<(String, Option<u16>)>, SettingsError> {
    let all: Vec<_> = text.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
    if all.len() > SERVERS_MAX {
        return Err(wrong("server", format!("at most {SERVERS_MAX} servers")));
    }
    all.into_iter().map(server).collect()
}

fn server(text: &str) -> Result<(String, Option<u16>), SettingsError> {
    let bad = || {
        wrong(
            "server",
            format!(
                "{:?} is no server: write gateway.example.com, 192.0.2.7:5060 or [2001:db8::7]:5060",
                text.chars().take(60).collect::<String>()
            ),
        )
    };
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok((host_of(ip), None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0).ok_or_else(bad)?)),
        None => (text, None),
    };
    if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        return Ok((host_of(ip), port));
    }
    let fits = !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if fits { Ok((host.to_ascii_lowercase(), port)) } else { Err(bad()) }
}

/// An address as URIs write it.
fn host_of(ip: IpAddr) -> String {
    if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }
}

fn networks(text: &str) -> Result<Vec<Network>, SettingsError> {
    let all: Vec<_> = text.split(',').map(str::trim).filter(|one| !one.is_empty()).collect();
    if all.len() > NETWORKS_MAX {
        return Err(wrong("sources", format!("at most {NETWORKS_MAX} networks")));
    }
    all.into_iter().map(|one| one.parse::<Network>().map_err(|error| wrong("sources", error.to_string()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn wrong_settings_are_refused_with_the_field_and_what_to_do() {
        let good = json!({ "server": "gw.example.com:5062, [2001:db8::7]", "user": "u", "password": "pppppppp" });
        for (key, value, field) in [
            ("server", "a b", "server"),
            ("server", "gw.example.com:0", "server"),
            ("server", "", "server"),
            ("transport", "carrier pigeon", "transport"),
            ("password", "", "password"),
            ("country", "Germany", "country"),
            ("sources", "10.0.0.0/99", "sources"),
            ("inbound_user", "gw", "inbound_password"),
            ("number", "abc<", "number"),
            ("out_prefix", "9 9", "out_prefix"),
            ("register_for", "5", "register_for"),
        ] {
            let mut settings = good.clone();
            settings[key] = value.into();
            let error = SipTrunk::from_settings(settings.as_object().expect("an object")).err().expect(key);
            assert_eq!(error.field, field, "{key}={value}: {error}");
        }
        let trunk = SipTrunk::from_settings(good.as_object().expect("an object")).expect("good");
        assert_eq!(trunk.servers, [("gw.example.com".into(), Some(5062)), ("[2001:db8::7]".into(), None)]);
        assert_eq!(trunk.domain, "gw.example.com");
    }
}
