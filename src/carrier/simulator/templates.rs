//! The templates of the simulated WhatsApp account: one of each kind, to try everything without cost.

use super::SCHEME;
use crate::carrier::dialect::{Answer, AskStep, Known};
use crate::carrier::http::{self, Call};
use crate::domain::delivery::SendError;
use crate::domain::secret::Secret;
use crate::domain::template::Template;
use ::http::Method;
use serde_json::{Value, json};

/// One call; its answer is the list.
pub(super) fn ask(key: &Secret, answers: &[Answer]) -> Result<AskStep, SendError> {
    let Some(answer) = answers.first() else {
        let call = Call::new(Method::GET, &format!("{SCHEME}://world/templates"))?;
        return Ok(AskStep::Call(call.bearer(key.expose())?.bare()));
    };
    if !answer.status().is_success() {
        return Err(http::by_status(answer));
    }
    let templates: Vec<Template> = serde_json::from_slice(answer.body()).map_err(|_| http::unreadable(answer))?;
    Ok(AskStep::Known(Known::Templates(templates)))
}

/// What the account has.
pub(super) fn all() -> Value {
    let one = |id: u32, name: &str, language: &str, category: &str, status: &str, named: bool, components: Value| {
        json!({ "carrier_id": format!("sim-{id}"), "name": name, "language": language, "category": category,
                "status": status, "quality": "GREEN", "named": named, "components": components })
    };
    let text_head = |text: &str| json!({ "type": "header", "format": "text", "text": text });
    let head = |format: &str| json!({ "type": "header", "format": format });
    let body = |text: &str| json!({ "type": "body", "text": text });
    let foot = |text: &str| json!({ "type": "footer", "text": text });
    let buttons = |buttons: Value| json!({ "type": "buttons", "buttons": buttons });
    json!([
        one(
            1,
            "terminerinnerung",
            "de",
            "UTILITY",
            "approved",
            false,
            json!([
                text_head("Ihr Termin"),
                body("Guten Tag {{1}}, wir erwarten Sie am {{2}} um {{3}} Uhr."),
                foot("Antworten Sie einfach auf diese Nachricht."),
                buttons(
                    json!([{ "kind": "QUICK_REPLY", "text": "Passt" }, { "kind": "QUICK_REPLY", "text": "Verschieben" }])
                ),
            ])
        ),
        one(
            2,
            "order_update",
            "en_US",
            "UTILITY",
            "approved",
            true,
            json!([
                text_head("Order {{order}}"),
                body("Hello {{first_name}}, your order will arrive on {{day}}."),
                buttons(
                    json!([{ "kind": "URL", "text": "Follow it", "url": "https://shop.example.com/orders/{{1}}" }])
                ),
            ])
        ),
        one(
            3,
            "anfahrt",
            "de",
            "UTILITY",
            "approved",
            false,
            json!([head("location"), body("Hallo {{1}}, hier finden Sie uns."),])
        ),
        one(
            4,
            "sommerangebot",
            "de",
            "MARKETING",
            "approved",
            false,
            json!([
                head("image"),
                body("Hallo {{1}}, im Sommer ist alles {{2}} günstiger."),
                foot("Keine Werbung mehr? Antworten Sie mit STOP."),
                buttons(json!([{ "kind": "COPY_CODE", "text": "Code kopieren" }])),
            ])
        ),
        one(5, "feedback", "en_US", "MARKETING", "paused", false, json!([body("How did we do?")])),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_account_has_is_readable_and_wants_something_of_each_kind() {
        let all: Vec<Template> = serde_json::from_value(all()).expect("templates");
        let usable = all.iter().filter(|template| template.status.is_usable()).count();

        assert_eq!((all.len(), usable), (5, 4));
        assert_eq!(all[1].needs().header_variable.as_deref(), Some("order"));
        assert_eq!(all[1].needs().body, ["first_name", "day"]);
    }
}
