//! Reading webhooks: JSON and lists of events with bounds, who may call, and the answers carriers wait for.
//! Nothing here knows a carrier.

use crate::carrier::dialect::{Answer, Heard, Refusal, Said, SettingsError};
use crate::carrier::http::{basic_token, thanks};
use crate::carrier::settings::{Fields, wrong};
use crate::carrier::sign;
use crate::domain::secret::Secret;
use crate::net::network::Network;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::Value;

/// Events in one webhook.
pub const EVENTS_MAX: usize = 1000;

/// The body as JSON.
pub fn json(heard: &Heard) -> Result<Value, Refusal> {
    let read = serde_json::from_slice(&heard.body);
    read.map_err(|error| Refusal::Unreadable(format!("the body is not JSON: {error}")))
}

/// The first value under a name, if it is not empty.
pub fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// One object or a list of them, each read by itself: in a list, one that cannot be read does not hold up the others.
pub fn each(body: &Value, read: impl Fn(&Value) -> Result<Said, String>) -> Result<Vec<Said>, Refusal> {
    let events = match body {
        Value::Array(events) if events.len() > EVENTS_MAX => {
            return Err(Refusal::Unreadable(format!("more than {EVENTS_MAX} events in one request")));
        }
        Value::Array(events) => events.as_slice(),
        Value::Object(_) => std::slice::from_ref(body),
        _ => return Err(Refusal::Unreadable("the body is neither an object nor a list".into())),
    };
    let read: Vec<Result<Said, String>> = events.iter().map(read).collect();
    if let [Err(why)] = read.as_slice() {
        return Err(Refusal::Unreadable(why.clone()));
    }
    let noted = |why| Said::Other { what: format!("unreadable: {why}") };
    Ok(read.into_iter().map(|said| said.unwrap_or_else(noted)).collect())
}

/// Something known and not needed, in a few words.
pub fn other(what: &str, word: &str) -> Said {
    Said::Other { what: format!("{what} {:?}", word.chars().take(60).collect::<String>()) }
}

/// 200 with JSON, for carriers that read what we answer.
pub fn thanks_in_json(body: &'static str) -> Answer {
    let mut answer = thanks(body);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Refuses who does not show these Basic credentials, which we gave the carrier.
pub fn basic(heard: &Heard, user: &str, password: &Secret) -> Result<(), Refusal> {
    let given = heard.header("authorization").ok_or(Refusal::Unsigned("Authorization"))?;
    let token = given.get(..6).filter(|word| word.eq_ignore_ascii_case("basic ")).map(|_| given[6..].trim());
    let fits = token.is_some_and(|token| sign::same(token, &basic_token(user, password.expose())));
    if fits { Ok(()) } else { Err(Refusal::Forged("user and password of the webhook")) }
}

/// Refuses who does not show this secret in a header.
pub fn header_secret(heard: &Heard, name: &'static str, secret: &Secret) -> Result<(), Refusal> {
    let given = heard.header(name).ok_or(Refusal::Unsigned(name))?;
    if sign::same(given, secret.expose()) { Ok(()) } else { Err(Refusal::Forged("webhook secret")) }
}

/// Networks a carrier calls from; none: from anywhere.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Sources(Vec<Network>);

impl Sources {
    /// Addresses and networks, with commas between: `192.0.2.1, 198.51.100.0/24`; `any` for no check.
    pub fn of(fields: &Fields<'_>, key: &str) -> Result<Sources, SettingsError> {
        let text = fields.text(key).filter(|text| !text.eq_ignore_ascii_case("any")).unwrap_or_default();
        let pieces = text.split([',', ' ']).filter(|piece| !piece.is_empty());
        let read = pieces.map(|piece| {
            piece.parse::<Network>().ok().ok_or_else(|| {
                wrong(
                    key,
                    (
                        "write addresses like 192.0.2.1 or 198.51.100.0/24, with commas between",
                        "bitte Adressen wie 192.0.2.1 oder 198.51.100.0/24 schreiben, mit Kommas dazwischen",
                    ),
                )
            })
        });
        read.collect::<Result<_, _>>().map(Sources)
    }

    /// Refuses who calls from elsewhere.
    pub fn check(&self, heard: &Heard) -> Result<(), Refusal> {
        if self.0.is_empty() {
            return Ok(());
        }
        let caller = heard.caller.ok_or(Refusal::Unsigned("the caller's address"))?;
        let fits = self.0.iter().any(|network| network.contains(caller));
        if fits { Ok(()) } else { Err(Refusal::Forged("addresses the carrier may call from")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::{Field, Settings};
    use crate::carrier::settings::field;
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    fn heard(url: &str, caller: Option<&str>) -> Heard {
        let caller = caller.map(|caller| caller.parse().expect("an address"));
        Heard { method: Method::POST, url: url.into(), headers: HeaderMap::new(), body: Bytes::new(), caller }
    }

    fn sources(text: &str) -> Result<Sources, SettingsError> {
        const FIELDS: &[Field] = &[field("sources", "", "", "")];
        let mut settings = Settings::new();
        settings.insert("sources".into(), text.into());
        Sources::of(&Fields::of(FIELDS, &settings).expect("the shape is good"), "sources")
    }

    #[test]
    fn only_who_calls_from_these_networks_is_heard() {
        let some = sources("192.0.2.1, 198.51.100.0/24,2001:db8::/32").expect("good");
        for (caller, fits) in [
            (Some("192.0.2.1"), true),
            (Some("::ffff:192.0.2.1"), true),
            (Some("192.0.2.2"), false),
            (Some("198.51.100.77"), true),
            (Some("198.51.101.77"), false),
            (Some("2001:db8:5::1"), true),
            (Some("2001:db9::1"), false),
            (None, false),
        ] {
            assert_eq!(some.check(&heard("", caller)).is_ok(), fits, "{caller:?}");
            assert!(sources("any").expect("good").check(&heard("", caller)).is_ok());
        }
        assert!(sources("0.0.0.0/0").expect("good").check(&heard("", Some("203.0.113.9"))).is_ok());
        for bad in ["192.0.2", "192.0.2.1/33", "carrier.example", "1.2.3.4/x"] {
            assert_eq!(sources(bad).err().map(|error| error.field), Some("sources".into()), "{bad}");
        }
    }

    #[test]
    fn our_own_password_is_asked_for() {
        let secret = Secret::new("correct horse");
        let with = |value: &str| {
            let mut heard = heard("", None);
            heard.headers.insert("authorization", HeaderValue::from_str(value).expect("a header"));
            basic(&heard, "depesche", &secret)
        };
        let good = basic_token("depesche", "correct horse");

        assert_eq!(with(&format!("Basic {good}")), Ok(()));
        assert_eq!(with(&format!("basic {good}")), Ok(()));
        for bad in [String::new(), "Basic".into(), good.clone(), format!("Bearer {good}"), "Basic eDp5".into()] {
            assert!(with(&bad).is_err(), "{bad}");
        }
        assert_eq!(basic(&heard("", None), "depesche", &secret), Err(Refusal::Unsigned("Authorization")));
    }
}
