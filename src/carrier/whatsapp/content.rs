//! What a message becomes in Meta's JSON: `type` and the object named after it.

use crate::carrier::dialect::{OutboundMedia, OutboundMessage};
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::rich::{Choice, ContactCard, Place, Rich, Section};
use serde_json::{Map, Value, json};

/// Longest caption of a file.
const CAPTION_CHARS_MAX: usize = 1024;

/// `type` and its object.
pub(super) type Content = (&'static str, Value);

pub(super) fn rejected(code: ReasonCode, why: &str) -> SendError {
    SendError::Rejected { reason: Reason::of(code).saying(why) }
}

/// What the message becomes; `file` is how the message's file is named to Meta: `{"link": …}` or `{"id": …}`.
pub(super) fn of(message: &OutboundMessage, file: Option<Value>) -> Result<Content, SendError> {
    if let Some(rich) = &message.rich {
        return self::rich(rich, message, file);
    }
    if let (Some(media), Some(file)) = (message.media.first(), file) {
        return media_of(media, &message.text, file);
    }
    if message.text.is_empty() {
        return Err(SendError::Rejected { reason: Reason::of(ReasonCode::TextEmpty) });
    }
    within(&message.text, super::TEXT_CHARS_MAX)?;
    Ok(("text", json!({ "body": message.text, "preview_url": true })))
}

fn within(text: &str, most: usize) -> Result<(), SendError> {
    if text.chars().count() > most {
        return Err(rejected(ReasonCode::TextTooLong, &format!("WhatsApp takes at most {most} characters here")));
    }
    Ok(())
}

/// What kind of file Meta takes it as. How large each may be stands in carrier/media_limits.rs.
pub(super) fn kind_of(media: &OutboundMedia) -> &'static str {
    match media.media_type.split(';').next().unwrap_or_default().trim() {
        "image/jpeg" | "image/png" => "image",
        "image/webp" => "sticker",
        "video/mp4" | "video/3gpp" => "video",
        "audio/aac" | "audio/amr" | "audio/mpeg" | "audio/mp4" | "audio/ogg" => "audio",
        _ => "document",
    }
}

fn media_of(media: &OutboundMedia, caption: &str, mut file: Value) -> Result<Content, SendError> {
    let mut kind = kind_of(media);
    if matches!(kind, "audio" | "sticker") && !caption.is_empty() {
        // These take no words beside them; a document does.
        kind = "document";
    }
    within(caption, CAPTION_CHARS_MAX)?;
    if !caption.is_empty() {
        file["caption"] = caption.into();
    }
    if kind == "document" {
        file["filename"] = media.file_name.as_str().into();
    }
    Ok((kind, file))
}

fn rich(rich: &Rich, message: &OutboundMessage, file: Option<Value>) -> Result<Content, SendError> {
    rich.check(&message.text).map_err(|problem| rejected(ReasonCode::ContentNotTaken, &problem.to_string()))?;
    Ok(match rich {
        Rich::Location(place) => ("location", location(place)),
        Rich::Contacts { contacts } => ("contacts", contacts.iter().map(contact).collect()),
        Rich::Reaction { to, emoji } => ("reaction", json!({ "message_id": to, "emoji": emoji })),
        Rich::Buttons { choices } => ("interactive", buttons(&message.text, choices)),
        Rich::List { button, sections } => ("interactive", list(&message.text, button, sections)),
        Rich::Template(used) => ("template", super::templates::content(used, message.media.first(), file)?),
        Rich::Chosen(_) | Rich::Unsupported { .. } => {
            return Err(rejected(ReasonCode::ContentNotTaken, "only a customer can send this"));
        }
    })
}

pub(super) fn location(place: &Place) -> Value {
    let mut value = json!({ "latitude": place.latitude.to_string(), "longitude": place.longitude.to_string() });
    if let Some(name) = &place.name {
        value["name"] = name.as_str().into();
    }
    if let Some(address) = &place.address {
        value["address"] = address.as_str().into();
    }
    value
}

fn contact(card: &ContactCard) -> Value {
    // Meta wants one more part of the name beside the whole.
    let first = if card.first_name.is_empty() && card.last_name.is_empty() { &card.name } else { &card.first_name };
    let mut name = Map::new();
    name.insert("formatted_name".into(), card.name.as_str().into());
    for (key, part) in [("first_name", first), ("last_name", &card.last_name)] {
        if !part.is_empty() {
            name.insert(key.into(), part.as_str().into());
        }
    }
    let mut value = json!({
        "name": name,
        "phones": card.phones.iter().map(|phone| json!({ "phone": phone, "type": "WORK" })).collect::<Vec<_>>(),
    });
    if !card.emails.is_empty() {
        value["emails"] = card.emails.iter().map(|email| json!({ "email": email, "type": "WORK" })).collect();
    }
    if !card.company.is_empty() {
        value["org"] = json!({ "company": card.company });
    }
    value
}

fn buttons(question: &str, choices: &[Choice]) -> Value {
    let button = |choice: &Choice| json!({ "type": "reply", "reply": { "id": choice.id, "title": choice.title } });
    let all: Vec<Value> = choices.iter().map(button).collect();
    json!({ "type": "button", "body": { "text": question }, "action": { "buttons": all } })
}

fn list(question: &str, button: &str, sections: &[Section]) -> Value {
    let section = |section: &Section| {
        let mut value = json!({ "rows": section.rows.iter().map(row).collect::<Vec<_>>() });
        if !section.title.is_empty() {
            value["title"] = section.title.as_str().into();
        }
        value
    };
    let action = json!({ "button": button, "sections": sections.iter().map(section).collect::<Vec<_>>() });
    json!({ "type": "list", "body": { "text": question }, "action": action })
}

fn row(choice: &Choice) -> Value {
    let mut row = json!({ "id": choice.id, "title": choice.title });
    if let Some(more) = choice.description.as_deref().filter(|more| !more.is_empty()) {
        row["description"] = more.into();
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn file(kind: &str) -> OutboundMedia {
        OutboundMedia { url: None, bytes: Bytes::new(), media_type: kind.into(), file_name: "a.bin".into() }
    }

    #[test]
    fn each_type_goes_as_its_kind_and_words_beside_sound_make_it_a_document() {
        for (kind, becomes) in [
            ("image/jpeg", "image"),
            ("image/webp", "sticker"),
            ("audio/ogg; codecs=opus", "audio"),
            ("video/mp4", "video"),
            ("application/pdf", "document"),
        ] {
            assert_eq!(kind_of(&file(kind)), becomes, "{kind}");
        }
        let (kind, value) = media_of(&file("audio/mpeg"), "listen", json!({ "id": "1" })).expect("taken");
        assert_eq!((kind, value["caption"].as_str()), ("document", Some("listen")));
        let (kind, value) = media_of(&file("application/pdf"), "", json!({ "id": "1" })).expect("taken");
        assert_eq!((kind, value["filename"].as_str()), ("document", Some("a.bin")));
    }
}
