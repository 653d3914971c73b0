//! Any HTTP provider, described by templates in the portal: the call that sends, how its answer is read, and where
//! webhooks say what. `configs/carriers/custom.md` is its manual.

mod fields;
mod hear;
mod places;
mod send;
mod template;
#[cfg(test)]
mod tests;

use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Entry, Heard, Limits, OutboundMessage, Question, Refusal, Settings, SettingsError, Step,
    Told,
};
use crate::carrier::http::basic_token;
use crate::carrier::media_limits::{MediaLimits, OTHER_BYTES_MAX, PICTURES, Taken};
use crate::carrier::places::{self as listed, Group, all};
use crate::carrier::settings::{Fields, wrong};
use crate::carrier::webhooks::Sources;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::{DeliveryState, SendError};
use crate::domain::media::MediaType::*;
use crate::domain::reason::ReasonCode;
use crate::domain::secret::Secret;
use crate::domain::time::Timestamp;
use fields::FIELDS;
use http::{HeaderName, Method};
use places::{Spot, When};
use template::{Place, Template};

/// Its line in the table of carriers.
pub const ENTRY: Entry = Entry {
    name: "custom",
    title: "Any HTTP provider (templates)",
    kinds: &[ChannelKind::Sms],
    place: listed::Place {
        group: Group::Own,
        paste: &[all(
            "Wherever your provider lets you enter an address for messages and reports.",
            "Wo der Anbieter eine Adresse für Nachrichten und Berichte vorsieht.",
        )],
    },
    fields: FIELDS,
    unverified: None,
    build: |settings| Ok(Box::new(Custom::from_settings(settings)?)),
};

/// Files, where the operator wrote how: the usual of MMS.
const MMS: MediaLimits = MediaLimits::of(
    &[
        Taken::of(PICTURES, 5_000_000),
        Taken::of(&[Pdf, VCard, Text, Mp4, ThreeGp, Quicktime, Mp3, M4a, Amr, Ogg, Wav], OTHER_BYTES_MAX),
    ],
    10,
    5_000_000,
);

#[derive(Clone, Copy, PartialEq, Eq)]
enum BodyKind {
    Json,
    Form,
    None,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum HookKind {
    Json,
    Form,
}

/// How a webhook proves itself.
enum Proof {
    None,
    Basic(Secret),
    Token {
        query: Option<String>,
        header: String,
        prefix: String,
        secret: Secret,
    },
    Hmac {
        header: String,
        prefix: String,
        secret: Secret,
        hash: &'static str,
        coded: &'static str,
        timestamp: Option<String>,
    },
}

/// A provider as its owner described it.
struct Custom {
    method: Method,
    send_url: Template,
    check_url: Option<Template>,
    headers: Vec<(HeaderName, Template)>,
    body_kind: BodyKind,
    body: Option<Template>,
    media_body: Option<Template>,
    user: String,
    secrets: [Option<Secret>; 2],
    spelling: &'static str,
    id_at: Option<Spot>,
    success: Option<When>,
    error_at: Option<Spot>,
    error_text_at: Option<Spot>,
    error_codes: Vec<(String, ReasonCode)>,
    hook_kind: HookKind,
    list_at: Option<Spot>,
    in_when: Option<When>,
    in_from: Option<Spot>,
    in_to: Option<Spot>,
    in_text: Option<Spot>,
    in_id: Option<Spot>,
    in_media: Option<Spot>,
    report_when: Option<When>,
    report_id: Option<Spot>,
    report_reference: Option<Spot>,
    report_status: Option<Spot>,
    report_code: Option<Spot>,
    report_words: Vec<(String, DeliveryState)>,
    hook_answer: String,
    hook_user: String,
    proof: Proof,
    sources: Sources,
    limits: Limits,
}

impl Custom {
    fn from_settings(settings: &Settings) -> Result<Custom, SettingsError> {
        let fields = Fields::of(FIELDS, settings)?;
        let spot = |key: &str| Spot::of(&fields, key);
        let when = |key: &str| When::of(&fields, key);
        let body_kind = match fields.one_of("body_kind", &["json", "form", "none"])? {
            "form" => BodyKind::Form,
            "none" => BodyKind::None,
            _ => BodyKind::Json,
        };
        let report_status = spot("report_status");
        let report_words = places::map(&fields, "report_words", reported)?;
        if report_status.is_some() && report_words.is_empty() {
            return Err(wrong(
                "report_words",
                (
                    "say what the words mean: DELIVRD=delivered",
                    "bitte sagen, was die Wörter bedeuten: DELIVRD=delivered",
                ),
            ));
        }
        Ok(Custom {
            method: match fields.one_of("send_method", &["POST", "GET", "PUT"])? {
                "GET" => Method::GET,
                "PUT" => Method::PUT,
                _ => Method::POST,
            },
            send_url: url(&fields, "send_url")?.ok_or_else(|| needed("send_url"))?,
            check_url: url(&fields, "check_url")?,
            headers: headers(&fields)?,
            body: body(&fields, "send_body", body_kind)?,
            media_body: body(&fields, "media_body", body_kind)?,
            body_kind,
            user: fields.text("user").unwrap_or_default().to_owned(),
            secrets: [fields.secret("secret", 4)?, fields.secret("secret_2", 4)?],
            spelling: fields.one_of("spelling", &["plus", "digits", "ten_digits", "zeros"])?,
            id_at: spot("id_at"),
            success: when("success_when"),
            error_at: spot("error_at"),
            error_text_at: spot("error_text_at"),
            error_codes: places::map(&fields, "error_codes", reason)?,
            hook_kind: if fields.one_of("hook_kind", &["json", "form"])? == "form" {
                HookKind::Form
            } else {
                HookKind::Json
            },
            list_at: spot("list_at"),
            in_when: when("in_when"),
            in_from: spot("in_from"),
            in_to: spot("in_to"),
            in_text: spot("in_text"),
            in_id: spot("in_id"),
            in_media: spot("in_media"),
            report_when: when("report_when"),
            report_id: spot("report_id"),
            report_reference: spot("report_reference"),
            report_code: spot("report_code"),
            report_words,
            hook_answer: fields.text("hook_answer").unwrap_or_default().to_owned(),
            hook_user: fields.text("hook_user").unwrap_or_default().to_owned(),
            proof: proof(&fields)?,
            sources: Sources::of(&fields, "sources")?,
            limits: Limits {
                trunk_mps: fields.number("rate", 0.01, 10_000.0)?,
                idempotent: fields.yes("idempotent")?,
                reports: report_status.is_some(),
                media: fields.text("media_body").map(|_| MMS),
                ..Limits::text(fields.number("text_chars_max", 1.0, 65_536.0)?.unwrap_or(1600.0) as usize)
            },
            report_status,
        })
    }
}

fn needed(key: &str) -> SettingsError {
    wrong(key, ("this is needed: fill it in", "das wird gebraucht: bitte ausfüllen"))
}

fn reported(word: &str) -> Option<DeliveryState> {
    use DeliveryState::{Delivered, Failed, Read, Sent, Undelivered};
    DeliveryState::from_word(word).filter(|state| matches!(state, Sent | Delivered | Read | Undelivered | Failed))
}

fn reason(word: &str) -> Option<ReasonCode> {
    ReasonCode::ALL.iter().copied().find(|code| code.as_str() == word)
}

/// An address whose scheme and host no placeholder can change.
fn url(fields: &Fields<'_>, key: &str) -> Result<Option<Template>, SettingsError> {
    let Some(text) = fields.text(key) else { return Ok(None) };
    let template = Template::parse(key, Place::Url, text)?;
    let bad = |english: &str, german: &str| Err(wrong(key, (english, german)));
    let Ok(head) = url::Url::parse(template.head()) else {
        return bad(
            "this is no web address: it looks like https://sms.example.com/send?to={{to}}",
            "das ist keine Webadresse: sie sieht aus wie https://sms.example.com/send?to={{to}}",
        );
    };
    let host_ends = template.head().splitn(4, '/').count() == 4 || template.head() == text;
    if !matches!(head.scheme(), "https" | "http") || head.host_str().is_none_or(str::is_empty) || !host_ends {
        return bad(
            "this must begin with https:// and a host without placeholders",
            "das muss mit https:// und einem Hostnamen ohne Platzhalter beginnen",
        );
    }
    if !head.username().is_empty() || head.password().is_some() || text.contains('#') {
        return bad(
            "no user, password or # in the address: write the header Authorization: Basic {{basic}}",
            "kein Benutzer, Kennwort oder # in der Adresse: bitte die Kopfzeile Authorization: Basic {{basic}} schreiben",
        );
    }
    Ok(Some(template))
}

/// Lines of `Name: template`.
fn headers(fields: &Fields<'_>) -> Result<Vec<(HeaderName, Template)>, SettingsError> {
    let lines = fields.text("send_headers").unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    let read = lines.take(30).map(|line| {
        let bad = || {
            wrong(
                "send_headers",
                (
                    "write one header on each line, as in Authorization: Bearer {{secret}}",
                    "bitte je Zeile eine Kopfzeile schreiben, wie Authorization: Bearer {{secret}}",
                ),
            )
        };
        let (name, value) = line.split_once(':').ok_or_else(bad)?;
        let name: HeaderName = name.trim().parse().map_err(|_| bad())?;
        if ["host", "content-length", "transfer-encoding", "connection"].contains(&name.as_str()) {
            return Err(wrong(
                "send_headers",
                (
                    format!("{name} is written by itself: remove the line"),
                    format!("{name} wird von selbst geschrieben: bitte die Zeile entfernen"),
                ),
            ));
        }
        Ok((name, Template::parse("send_headers", Place::Header, value.trim())?))
    });
    read.collect()
}

fn body(fields: &Fields<'_>, key: &str, kind: BodyKind) -> Result<Option<Template>, SettingsError> {
    let Some(text) = fields.text(key) else {
        let missing = key == "send_body" && kind != BodyKind::None;
        return if missing { Err(needed(key)) } else { Ok(None) };
    };
    match kind {
        BodyKind::Json => Template::parse(key, Place::Json, text).map(Some),
        BodyKind::Form => {
            // One pair on each line, or all on one.
            let pairs: Vec<&str> =
                text.lines().flat_map(|line| line.split('&')).map(str::trim).filter(|pair| !pair.is_empty()).collect();
            if pairs.iter().any(|pair| !pair.contains('=')) {
                return Err(wrong(
                    key,
                    ("write name=value pairs, as in to={{to}}", "bitte Paare name=wert schreiben, wie to={{to}}"),
                ));
            }
            Template::parse(key, Place::Form, &pairs.join("&")).map(Some)
        }
        BodyKind::None => Err(wrong(
            key,
            (
                "there is no body: empty this, or choose json or form",
                "es gibt keinen Inhalt: bitte leeren, oder json oder form wählen",
            ),
        )),
    }
}

fn proof(fields: &Fields<'_>) -> Result<Proof, SettingsError> {
    let kind = fields.one_of("signature", &["token", "basic", "hmac", "none"])?;
    if kind == "none" {
        return Ok(Proof::None);
    }
    let secret = fields.required_secret("hook_secret", 8)?;
    let prefix = fields.text("signature_prefix").unwrap_or_default().to_owned();
    let at = fields.required("signature_at")?;
    let query = at.strip_prefix("query:").map(str::to_owned);
    let header = header_name("signature_at", if query.is_some() { "x" } else { at })?;
    Ok(match kind {
        "basic" => Proof::Basic(secret),
        "hmac" if query.is_some() => {
            return Err(wrong(
                "signature_at",
                (
                    "an HMAC stands in a header: write its name",
                    "ein HMAC steht in einer Kopfzeile: bitte ihren Namen schreiben",
                ),
            ));
        }
        "hmac" => Proof::Hmac {
            header,
            prefix,
            secret,
            hash: fields.one_of("signature_hash", &["sha256", "sha1", "sha512"])?,
            coded: fields.one_of("signature_coded", &["hex", "base64"])?,
            timestamp: fields.text("timestamp_at").map(|name| header_name("timestamp_at", name)).transpose()?,
        },
        _ => Proof::Token { query, header, prefix, secret },
    })
}

fn header_name(key: &str, text: &str) -> Result<String, SettingsError> {
    let name: Result<HeaderName, _> = text.parse();
    let bad = (
        "this is no name of a header: it looks like X-Signature",
        "das ist kein Name einer Kopfzeile: er sieht aus wie X-Signature",
    );
    name.map(|name| name.as_str().to_owned()).map_err(|_| wrong(key, bad))
}

impl Carrier for Custom {
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn next(&self, message: &OutboundMessage, answers: &[Answer]) -> Result<Step, SendError> {
        self.send(message, answers)
    }

    fn hear(&self, request: &Heard, now: Timestamp) -> Result<Told, Refusal> {
        self.verify(request, now)?;
        self.decode(request)
    }

    fn ask(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        match question {
            Question::Credentials => self.ask_credentials(answers),
            _ => None,
        }
    }

    fn secrets(&self) -> Vec<String> {
        let own = self.secrets.iter().flatten();
        let hook = match &self.proof {
            Proof::None => None,
            Proof::Basic(secret) | Proof::Token { secret, .. } | Proof::Hmac { secret, .. } => Some(secret),
        };
        let mut all: Vec<String> = own.chain(hook).map(|secret| secret.expose().to_owned()).collect();
        all.extend(self.secrets[0].iter().map(|secret| basic_token(&self.user, secret.expose())));
        all
    }
}
