//! Templates: filled in for a send, and read from Meta's list.

use super::content::{self, rejected};
use crate::carrier::dialect::OutboundMedia;
use crate::domain::delivery::SendError;
use crate::domain::reason::ReasonCode;
use crate::domain::rich::{ButtonKind, ButtonValue, HeaderValue, TemplateUse, Variable};
use crate::domain::template::{Component, HeaderFormat, Template, TemplateButton, TemplateStatus};
use serde_json::{Value, json};

/// Components read of one template, buttons of one component.
const PARTS_MAX: usize = 20;

/// The `template` object of a send.
pub(super) fn content(
    used: &TemplateUse,
    media: Option<&OutboundMedia>,
    file: Option<Value>,
) -> Result<Value, SendError> {
    let mut components = Vec::new();
    if let Some(header) = &used.header {
        let parameter = match header {
            HeaderValue::Text(variable) => text(variable),
            HeaderValue::Location(place) => json!({ "type": "location", "location": content::location(place) }),
            HeaderValue::Media { .. } => head_file(media, file)?,
        };
        components.push(json!({ "type": "header", "parameters": [parameter] }));
    }
    if !used.body.is_empty() {
        components.push(json!({ "type": "body", "parameters": used.body.iter().map(text).collect::<Vec<_>>() }));
    }
    components.extend(used.buttons.iter().map(button));
    let mut template = json!({ "name": used.name, "language": { "code": used.language } });
    if !components.is_empty() {
        template["components"] = components.into();
    }
    Ok(template)
}

fn text(variable: &Variable) -> Value {
    let mut value = json!({ "type": "text", "text": variable.value });
    if let Some(name) = &variable.name {
        value["parameter_name"] = name.as_str().into();
    }
    value
}

fn head_file(media: Option<&OutboundMedia>, file: Option<Value>) -> Result<Value, SendError> {
    let (Some(media), Some(mut file)) = (media, file) else {
        return Err(rejected(ReasonCode::MediaNotTaken, "this template needs a file for its head"));
    };
    let kind = match content::kind_of(media) {
        kind @ ("image" | "video" | "document") => kind,
        _ => {
            return Err(rejected(ReasonCode::MediaNotTaken, "a template's head takes a picture, a film or a document"));
        }
    };
    if kind == "document" {
        file["filename"] = media.file_name.as_str().into();
    }
    Ok(json!({ "type": kind, kind: file }))
}

fn button(button: &ButtonValue) -> Value {
    let (kind, parameter) = match button.kind {
        ButtonKind::Url => ("url", json!({ "type": "text", "text": button.value })),
        ButtonKind::QuickReply => ("quick_reply", json!({ "type": "payload", "payload": button.value })),
        ButtonKind::CopyCode => ("copy_code", json!({ "type": "coupon_code", "coupon_code": button.value })),
    };
    json!({ "type": "button", "sub_type": kind, "index": button.index.to_string(), "parameters": [parameter] })
}

/// A template as Meta lists it; `None` where it is none.
pub(super) fn read(value: &Value) -> Option<Template> {
    let word = |key: &str| value[key].as_str().map(|text| text.chars().take(600).collect::<String>());
    Some(Template {
        carrier_id: super::inbound::id(&value["id"])?,
        name: word("name")?,
        language: word("language")?,
        category: word("category").unwrap_or_default(),
        status: TemplateStatus::from_carrier(value["status"].as_str().unwrap_or_default()),
        quality: value["quality_score"]["score"].as_str().map(str::to_owned),
        reason: word("rejected_reason").filter(|reason| reason != "NONE"),
        named: value["parameter_format"] == "NAMED",
        components: value["components"]
            .as_array()
            .into_iter()
            .flatten()
            .take(PARTS_MAX)
            .filter_map(component)
            .collect(),
    })
}

fn component(value: &Value) -> Option<Component> {
    let text = || value["text"].as_str().map(str::to_owned);
    Some(match value["type"].as_str()? {
        "HEADER" => Component::Header { format: format(value["format"].as_str().unwrap_or("TEXT")), text: text() },
        "BODY" => Component::Body { text: text()? },
        "FOOTER" => Component::Footer { text: text()? },
        "BUTTONS" => Component::Buttons {
            buttons: value["buttons"].as_array()?.iter().take(PARTS_MAX).filter_map(button_of).collect(),
        },
        _ => return None,
    })
}

fn format(word: &str) -> HeaderFormat {
    match word {
        "TEXT" => HeaderFormat::Text,
        "IMAGE" => HeaderFormat::Image,
        "VIDEO" => HeaderFormat::Video,
        "DOCUMENT" => HeaderFormat::Document,
        "LOCATION" => HeaderFormat::Location,
        _ => HeaderFormat::Other,
    }
}

fn button_of(value: &Value) -> Option<TemplateButton> {
    Some(TemplateButton {
        kind: value["type"].as_str()?.to_owned(),
        text: value["text"].as_str().unwrap_or_default().to_owned(),
        url: value["url"].as_str().map(str::to_owned),
    })
}
