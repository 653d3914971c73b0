//! A template filled in: what it wants, whether what was given fits, and what it says in words. Nothing that the carrier
//! would refuse is sent to it.

use crate::domain::rich::{ButtonKind, HeaderValue, TemplateUse, Variable};
use crate::domain::template::{Component, HeaderFormat, Template, TemplateButton};
use crate::domain::wording::Wording;
use serde::Serialize;
use thiserror::Error;

/// Longest value of one variable, and longest body once it is filled in.
const VALUE_CHARS_MAX: usize = 1024;
const BODY_CHARS_MAX: usize = 1024;
/// Longest text in a head.
const HEADER_CHARS_MAX: usize = 60;
/// Longest end of a button's address, code to copy and payload.
const BUTTON_CHARS_MAX: usize = 256;
const CODE_CHARS_MAX: usize = 20;

/// What a template wants filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Needs {
    /// What its head wants.
    pub header: Option<HeaderFormat>,
    /// The variable of a head that is text.
    pub header_variable: Option<String>,
    /// The variables of its body: names, or places from `1`.
    pub body: Vec<String>,
    /// Buttons with a value.
    pub buttons: Vec<NeededButton>,
}

/// A button that wants a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NeededButton {
    /// Which, from 0.
    pub index: u32,
    /// What it takes.
    pub kind: ButtonKind,
    /// What stands on it.
    pub text: String,
    /// Whether it must have one.
    pub required: bool,
}

/// Why a template cannot be sent as it was filled in.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct TemplateProblem {
    /// Which part: `header`, `body.first_name`, `body.1`, `buttons.0`.
    pub field: String,
    /// What is wrong and what to do.
    pub problem: Wording,
}

fn wrong(field: impl Into<String>, problem: impl Into<Wording>) -> TemplateProblem {
    TemplateProblem { field: field.into(), problem: problem.into() }
}

impl Template {
    /// Whether this is advertising, which people may stop.
    pub fn is_marketing(&self) -> bool {
        self.category.eq_ignore_ascii_case("MARKETING")
    }

    /// What it wants filled in.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        for component in &self.components {
            match component {
                Component::Header { format: HeaderFormat::Text, text } => {
                    needs.header_variable = variables(text.as_deref().unwrap_or_default()).into_iter().next();
                    needs.header = needs.header_variable.is_some().then_some(HeaderFormat::Text);
                }
                Component::Header { format, .. } => needs.header = Some(*format),
                Component::Body { text } => needs.body = self.in_order(variables(text)),
                Component::Footer { .. } => {}
                Component::Buttons { buttons } => {
                    needs.buttons = (0..).zip(buttons).filter_map(|(index, button)| button.needs(index)).collect();
                }
            }
        }
        needs
    }

    /// Places count up to the highest; names stand as they come.
    fn in_order(&self, found: Vec<String>) -> Vec<String> {
        let highest = found.iter().map(|name| name.parse::<usize>().ok()).collect::<Option<Vec<_>>>();
        match highest.and_then(|all| all.into_iter().max()).filter(|_| !self.named) {
            Some(highest) => (1..=highest.min(100)).map(|place| place.to_string()).collect(),
            None => found,
        }
    }

    /// Whether it can be sent so; brings the variables into the template's order and fills in what the carrier wants
    /// to be told. Nothing is asked of the carrier that it would refuse.
    pub fn check(&self, mut used: TemplateUse) -> Result<TemplateUse, TemplateProblem> {
        if !self.status.is_usable() {
            let status = self.status.carrier_word();
            return Err(wrong(
                "template",
                (
                    format!("{} is {status}: only an approved template can be sent", self.name),
                    format!("{} ist {status}: nur eine genehmigte Vorlage lässt sich senden", self.name),
                ),
            ));
        }
        let needs = self.needs();
        check_header(&needs, &mut used)?;
        self.check_body(&needs, &mut used)?;
        check_buttons(&needs, &mut used)?;
        Ok(used)
    }

    fn check_body(&self, needs: &Needs, used: &mut TemplateUse) -> Result<(), TemplateProblem> {
        let given = std::mem::take(&mut used.body);
        if !self.named && given.len() != needs.body.len() {
            let (wanted, count) = (needs.body.len(), given.len());
            return Err(wrong(
                "body",
                (
                    format!("this template has {wanted} variables, {count} were given"),
                    format!("diese Vorlage hat {wanted} Variablen, angegeben sind {count}"),
                ),
            ));
        }
        if let Some(extra) = given.iter().filter_map(|one| one.name.as_ref()).find(|name| !needs.body.contains(name)) {
            return Err(wrong(
                format!("body.{extra}"),
                ("this template has no such variable", "diese Variable hat die Vorlage nicht"),
            ));
        }
        for (place, name) in needs.body.iter().enumerate() {
            let value = match self.named {
                true => given.iter().find(|one| one.name.as_ref() == Some(name)),
                false => given.get(place),
            };
            let field = format!("body.{name}");
            let value = value
                .ok_or_else(|| {
                    wrong(&field, ("this variable is missing: fill it in", "diese Variable fehlt: bitte ausfüllen"))
                })?
                .value
                .trim();
            check_value(&field, value, VALUE_CHARS_MAX)?;
            used.body.push(Variable { name: self.named.then(|| name.clone()), value: value.to_owned() });
        }
        let length = self.body_filled(used).chars().count();
        if length > BODY_CHARS_MAX {
            let problem = (
                format!("the filled-in text has {length} characters; at most {BODY_CHARS_MAX} can be sent"),
                format!("der ausgefüllte Text hat {length} Zeichen; höchstens {BODY_CHARS_MAX} lassen sich senden"),
            );
            return Err(wrong("body", problem));
        }
        Ok(())
    }

    fn body_filled(&self, used: &TemplateUse) -> String {
        let body = self.components.iter().find_map(|component| match component {
            Component::Body { text } => Some(text.as_str()),
            _ => None,
        });
        let needs = self.needs();
        let values: Vec<(&str, &str)> =
            needs.body.iter().map(String::as_str).zip(used.body.iter().map(|one| one.value.as_str())).collect();
        fill(body.unwrap_or_default(), &values)
    }

    /// The filled-in template in words, as the recipient reads it: for the thread, for desk phones and for search.
    pub fn in_words(&self, used: &TemplateUse) -> String {
        let mut lines = Vec::new();
        for component in &self.components {
            match component {
                Component::Header { format: HeaderFormat::Text, text } => {
                    let value = match &used.header {
                        Some(HeaderValue::Text(variable)) => variable.value.as_str(),
                        _ => "",
                    };
                    let text = text.as_deref().unwrap_or_default();
                    let names = variables(text);
                    lines.push(fill(text, &names.iter().map(|name| (name.as_str(), value)).collect::<Vec<_>>()));
                }
                Component::Header { .. } => {
                    if let Some(HeaderValue::Location(place)) = &used.header {
                        lines.push(place.in_words());
                    }
                }
                Component::Body { .. } => lines.push(self.body_filled(used)),
                Component::Footer { text } => lines.push(text.clone()),
                Component::Buttons { buttons } => {
                    lines.extend(
                        buttons
                            .iter()
                            .filter(|button| !button.text.is_empty())
                            .map(|button| format!("[{}]", button.text)),
                    );
                }
            }
        }
        lines.retain(|line| !line.is_empty());
        lines.join("\n")
    }
}

impl TemplateButton {
    fn needs(&self, index: u32) -> Option<NeededButton> {
        let (kind, required) = match self.kind.as_str() {
            "URL" if self.url.as_deref().is_some_and(|url| !variables(url).is_empty()) => (ButtonKind::Url, true),
            // A code for logging in is the address's variable, too.
            "OTP" => (ButtonKind::Url, true),
            "COPY_CODE" => (ButtonKind::CopyCode, true),
            "QUICK_REPLY" => (ButtonKind::QuickReply, false),
            _ => return None,
        };
        Some(NeededButton { index, kind, text: self.text.clone(), required })
    }
}

fn check_header(needs: &Needs, used: &mut TemplateUse) -> Result<(), TemplateProblem> {
    let mismatch = |wanted: &str, gewollt: &str| {
        let german = format!("ihr Kopf verlangt {gewollt}: bitte genau das angeben");
        Err(wrong("header", (format!("its head takes {wanted}: give just that"), german)))
    };
    match (needs.header, &mut used.header) {
        (None, None) => Ok(()),
        (None, Some(_)) => mismatch("nothing", "nichts"),
        (Some(HeaderFormat::Text), Some(HeaderValue::Text(variable))) => {
            check_value("header", variable.value.trim(), HEADER_CHARS_MAX)?;
            // A head has one variable: its name is the template's.
            variable.name = needs.header_variable.clone().filter(|name| name.parse::<u32>().is_err());
            Ok(())
        }
        (Some(HeaderFormat::Location), Some(HeaderValue::Location(place))) if place.exists() => Ok(()),
        (Some(HeaderFormat::Location), Some(HeaderValue::Location(_))) => Err(wrong(
            "header",
            (
                "there is no such place on earth: latitude -90 to 90, longitude -180 to 180",
                "diesen Ort gibt es nicht: Breite -90 bis 90, Länge -180 bis 180",
            ),
        )),
        (
            Some(format @ (HeaderFormat::Image | HeaderFormat::Video | HeaderFormat::Document)),
            Some(HeaderValue::Media { link, media_type }),
        ) => {
            if link.as_deref().is_some_and(|link| !link.starts_with("https://") || link.len() > 2000) {
                return Err(wrong(
                    "header",
                    (
                        "the file's address must begin with https:// so that WhatsApp can fetch it",
                        "die Adresse der Datei muss mit https:// beginnen, damit WhatsApp sie abrufen kann",
                    ),
                ));
            }
            *media_type = Some(format.media_type().to_owned());
            Ok(())
        }
        (Some(HeaderFormat::Other), _) => Err(wrong(
            "header",
            (
                "this kind of head is not known here: send it from Meta's own pages",
                "diese Art von Kopf ist hier nicht bekannt: bitte über Metas eigene Seiten senden",
            ),
        )),
        (Some(HeaderFormat::Text), _) => mismatch("a text", "einen Text"),
        (Some(HeaderFormat::Location), _) => mismatch("a place", "einen Ort"),
        (Some(_), _) => mismatch("a file", "eine Datei"),
    }
}

fn check_buttons(needs: &Needs, used: &mut TemplateUse) -> Result<(), TemplateProblem> {
    for value in &mut used.buttons {
        let field = format!("buttons.{}", value.index);
        let button = needs.buttons.iter().find(|button| button.index == value.index);
        let button = button.ok_or_else(|| {
            wrong(
                &field,
                (
                    "this template has no such button with a value",
                    "die Vorlage hat dort keine Schaltfläche mit einem Wert",
                ),
            )
        })?;
        value.kind = button.kind;
        let most = if button.kind == ButtonKind::CopyCode { CODE_CHARS_MAX } else { BUTTON_CHARS_MAX };
        check_value(&field, value.value.trim(), most)?;
        if button.kind == ButtonKind::Url && value.value.contains(char::is_whitespace) {
            return Err(wrong(
                field,
                (
                    "the end of a web address has no blanks in it",
                    "das Ende einer Web-Adresse enthält keine Leerzeichen",
                ),
            ));
        }
    }
    let mut indexes: Vec<u32> = used.buttons.iter().map(|value| value.index).collect();
    indexes.sort_unstable();
    if let Some(twice) = indexes.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(wrong(
            format!("buttons.{}", twice[0]),
            ("this button was given twice", "diese Schaltfläche ist doppelt angegeben"),
        ));
    }
    let missing = needs.buttons.iter().find(|button| button.required && !indexes.contains(&button.index));
    match missing {
        Some(button) => Err(wrong(
            format!("buttons.{}", button.index),
            (
                format!("the button {:?} needs its value", button.text),
                format!("die Schaltfläche „{}“ braucht ihren Wert", button.text),
            ),
        )),
        None => Ok(()),
    }
}

/// What the carrier refuses in a variable: nothing, line ends, tabs, more than four blanks in a row.
fn check_value(field: &str, value: &str, most: usize) -> Result<(), TemplateProblem> {
    if value.is_empty() {
        return Err(wrong(field, ("this variable is empty: fill it in", "diese Variable ist leer: bitte ausfüllen")));
    }
    let length = value.chars().count();
    if length > most {
        return Err(wrong(
            field,
            (
                format!("{length} characters; at most {most} fit here"),
                format!("{length} Zeichen; höchstens {most} passen hier"),
            ),
        ));
    }
    if value.chars().any(char::is_control) {
        return Err(wrong(
            field,
            (
                "WhatsApp takes no line ends or tabs in a variable: write it on one line",
                "WhatsApp nimmt in Variablen keine Zeilenumbrüche: bitte in einer Zeile schreiben",
            ),
        ));
    }
    if value.contains("     ") {
        return Err(wrong(
            field,
            (
                "WhatsApp takes at most four blanks in a row in a variable",
                "WhatsApp nimmt in Variablen höchstens vier Leerzeichen hintereinander",
            ),
        ));
    }
    Ok(())
}

impl HeaderFormat {
    /// What a file in such a head usually is.
    fn media_type(self) -> &'static str {
        match self {
            HeaderFormat::Image => "image/jpeg",
            HeaderFormat::Video => "video/mp4",
            _ => "application/pdf",
        }
    }
}

/// The variables of a text, each once, in the order they come: `{{1}}`, `{{first_name}}`.
fn variables(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in text.split("{{").skip(1) {
        let Some((name, _)) = part.split_once("}}") else { continue };
        let name = name.trim();
        let fits = !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if fits && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// The text with its variables replaced, each once: a value that looks like a variable stays as it is.
fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut parts = text.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let known = part.split_once("}}").and_then(|(name, rest)| {
            let value = values.iter().find(|(known, _)| *known == name.trim())?.1;
            Some((value, rest))
        });
        match known {
            Some((value, rest)) => {
                out.push_str(value);
                out.push_str(rest);
            }
            None => {
                out.push_str("{{");
                out.push_str(part);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rich::{ButtonValue, Place};
    use crate::domain::template::TemplateStatus;

    fn template(named: bool, components: Vec<Component>) -> Template {
        Template {
            carrier_id: "1".into(),
            name: "order".into(),
            language: "de".into(),
            category: "UTILITY".into(),
            status: TemplateStatus::Approved,
            quality: None,
            reason: None,
            named,
            components,
        }
    }

    fn body(text: &str) -> Component {
        Component::Body { text: text.into() }
    }

    fn used(values: &[(Option<&str>, &str)]) -> TemplateUse {
        let variable = |(name, value): &(Option<&str>, &str)| Variable {
            name: name.map(str::to_owned),
            value: (*value).to_owned(),
        };
        TemplateUse {
            name: "order".into(),
            language: "de".into(),
            header: None,
            body: values.iter().map(variable).collect(),
            buttons: Vec::new(),
        }
    }

    #[test]
    fn what_is_wrong_names_the_variable() {
        let places = template(false, vec![body("Hello {{1}}, {{2}} and {{1}}")]);
        let names = template(true, vec![body("Hello {{first_name}}, {{order}}")]);
        let long = "x".repeat(1025);
        for (template, given, field) in [
            (&places, used(&[(None, "Ann")]), "body"),
            (&places, used(&[(None, "Ann"), (None, " ")]), "body.2"),
            (&places, used(&[(None, "a\nb"), (None, "c")]), "body.1"),
            (&places, used(&[(None, "a     b"), (None, "c")]), "body.1"),
            (&places, used(&[(None, &long), (None, "c")]), "body.1"),
            (&places, used(&[(None, &"x".repeat(600)), (None, "c")]), "body"),
            (&names, used(&[(Some("order"), "7")]), "body.first_name"),
            (&names, used(&[(Some("first_name"), "Ann"), (Some("order"), "7"), (Some("color"), "red")]), "body.color"),
        ] {
            assert_eq!(template.check(given).expect_err(field).field, field);
        }
        let mut paused = places.clone();
        paused.status = TemplateStatus::Paused;
        assert_eq!(paused.check(used(&[(None, "a"), (None, "b")])).expect_err("paused").field, "template");
    }

    #[test]
    fn names_come_into_the_template_s_order_and_places_stay() {
        let names = template(true, vec![body("Hello {{first_name}}, {{order}}")]);
        let good = names.check(used(&[(Some("order"), "{{first_name}}"), (Some("first_name"), "Ann")])).expect("good");

        assert_eq!(good.body[0].name.as_deref(), Some("first_name"));
        assert_eq!(names.in_words(&good), "Hello Ann, {{first_name}}");
    }

    #[test]
    fn heads_and_buttons_take_what_they_were_made_for() {
        let location = Component::Header { format: HeaderFormat::Location, text: None };
        let button = |kind: &str, url: Option<&str>| TemplateButton {
            kind: kind.into(),
            text: "Go".into(),
            url: url.map(str::to_owned),
        };
        let buttons = Component::Buttons {
            buttons: vec![
                button("PHONE_NUMBER", None),
                button("URL", Some("https://a.example/{{1}}")),
                button("QUICK_REPLY", None),
            ],
        };
        let template = template(false, vec![location, body("Hello"), buttons]);
        let place = Place { latitude: 52.5, longitude: 13.4, name: None, address: None };
        let value = |index, value: &str| ButtonValue { index, kind: ButtonKind::QuickReply, value: value.into() };
        let with = |header, buttons| TemplateUse { header, buttons, ..used(&[]) };
        let here = || Some(HeaderValue::Location(place.clone()));
        let text = Some(HeaderValue::Text(Variable { name: None, value: "x".into() }));
        for (given, field) in [
            (with(None, vec![]), "header"),
            (with(text, vec![]), "header"),
            (with(here(), vec![]), "buttons.1"),
            (with(here(), vec![value(0, "x")]), "buttons.0"),
            (with(here(), vec![value(1, "a b")]), "buttons.1"),
            (with(here(), vec![value(1, "a"), value(1, "b")]), "buttons.1"),
        ] {
            assert_eq!(template.check(given).expect_err(field).field, field);
        }
        let good = template.check(with(here(), vec![value(1, "order-7")])).expect("good");
        assert_eq!(good.buttons[0].kind, ButtonKind::Url);
    }
}
