//! WhatsApp templates at Twilio (Content API): a list with their approvals. A template is sent by its HX id, so that
//! its name for us ends with it.

use super::{Twilio, errors, is_sid};
use crate::carrier::dialect::{Answer, AskStep, Known};
use crate::carrier::http::{good_json, unreadable};
use crate::domain::delivery::SendError;
use crate::domain::template::{Component, Template, TemplateStatus};
use ::http::Method;
use serde_json::Value;

const PAGES_MAX: usize = 5;

impl Twilio {
    /// All templates with their approval for WhatsApp.
    pub(super) fn ask_templates(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        const PATH: &str = "/v1/ContentAndApprovals";
        let get = |path: &str| Ok(AskStep::Call(self.sister(Method::GET, "content", path)?.bare()));
        let Some(last) = answers.last() else { return get(&format!("{PATH}?PageSize=500")) };
        let next = good_json(last, errors::of)?;
        let next = next["meta"]["next_page_url"].as_str().and_then(|url| url.find(PATH).map(|at| url[at..].to_owned()));
        if let Some(path) = next.filter(|_| answers.len() < PAGES_MAX) {
            return get(&path);
        }
        let mut templates = Vec::new();
        for answer in answers {
            let body = good_json(answer, errors::of)?;
            let rows = body["contents"].as_array().ok_or_else(|| unreadable(answer))?;
            templates.extend(rows.iter().filter_map(template));
        }
        Ok(AskStep::Known(Known::Templates(templates)))
    }
}

fn template(row: &Value) -> Option<Template> {
    let sid = row["sid"].as_str().filter(|sid| is_sid(sid, "HX"))?;
    let approval = &row["approval_requests"];
    let approval = if approval.is_array() { &approval[0] } else { approval };
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let body = row["types"].as_object()?.values().find_map(|kind| text(&kind["body"]).or_else(|| text(&kind["title"])));
    let status = approval["status"].as_str().unwrap_or("UNKNOWN").to_ascii_uppercase();
    Some(Template {
        carrier_id: sid.to_owned(),
        name: format!("{} {sid}", row["friendly_name"].as_str().unwrap_or_default()).trim().to_owned(),
        language: text(&row["language"])?,
        category: text(&approval["category"]).unwrap_or_default(),
        status: TemplateStatus::from_carrier(&status),
        quality: None,
        reason: text(&approval["rejection_reason"]),
        named: row["variables"].as_object().is_some_and(|all| all.keys().any(|name| name.parse::<u32>().is_err())),
        components: body.map(|text| Component::Body { text }).into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_template_is_known_by_the_id_it_is_sent_with() {
        let sid = "HX0123456789abcdef0123456789abcdef";
        let row = json!({
            "sid": sid, "friendly_name": "order_update", "language": "en", "variables": { "1": "name" },
            "types": { "twilio/text": { "body": "Hello {{1}}" } },
            "approval_requests": { "status": "approved", "category": "UTILITY", "rejection_reason": "" },
        });

        let template = template(&row).expect("readable");

        assert_eq!(template.name, format!("order_update {sid}"));
        assert_eq!((template.status, template.named), (TemplateStatus::Approved, false));
    }
}
