//! Asking Meta: whose account it is, which numbers and templates it has, where webhooks go, a file; and "seen".

use super::hear::list;
use super::{WhatsApp, errors, inbound, is_id, templates};
use crate::carrier::dialect::{AccountNumber, Answer, AskStep, Known, Question};
use crate::carrier::http::{self, Call};
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
use crate::domain::template::Template;
use ::http::{Method, StatusCode};
use serde_json::{Value, json};

/// Templates of one page; an account has at most 6000.
const PAGE: usize = 200;
/// Pages asked for; beyond, the rest is not shown. A conversation has few calls (see egress/http_trunk.rs).
const PAGES_MAX: usize = 5;
const TEMPLATE_FIELDS: &str =
    "id,name,language,category,status,quality_score,rejected_reason,parameter_format,components";
const NUMBER_FIELDS: &str =
    "id,display_phone_number,verified_name,quality_rating,code_verification_status,platform_type,throughput,status";
/// Where Meta keeps files: nobody else gets our token.
const FILE_HOSTS: [&str; 4] = [".fbsbx.com", ".facebook.com", ".fbcdn.net", ".whatsapp.net"];

type Asked = Result<AskStep, SendError>;

impl WhatsApp {
    pub(super) fn answer(&self, question: &Question, answers: &[Answer]) -> Option<Asked> {
        Some(match question {
            Question::Credentials => self.ask_credentials(answers),
            Question::Numbers => self.ask_numbers(answers),
            Question::Sender { number, .. } => self.ask_sender(number, answers),
            Question::Callback { url, .. } => self.ask_callback(url, answers),
            Question::Templates => self.ask_templates(answers),
            Question::Seen { number, carrier_id } => self.say_seen(number, carrier_id, answers),
            Question::Media { location } => self.ask_media(location, answers),
            // A message cannot be looked up, and what came in cannot be listed; invoices are Meta's own business.
            Question::Status { .. } | Question::Taken { .. } | Question::Inbox { .. } | Question::Credit => {
                return None;
            }
        })
    }

    fn get(&self, rest: &str) -> Asked {
        Ok(AskStep::Call(self.call(Method::GET, rest)?.bare()))
    }

    fn ask_credentials(&self, answers: &[Answer]) -> Asked {
        let Some(answer) = answers.first() else {
            return self.get(&format!("/{}?fields=id,name,currency,account_review_status", self.waba_id));
        };
        let account = body_of(answer)?;
        let name = account["name"].as_str().unwrap_or("without a name");
        let review = account["account_review_status"].as_str().map(|word| format!(", review: {word}"));
        let says = format!("WhatsApp Business account {name}{}", review.unwrap_or_default());
        Ok(AskStep::Known(Known::CredentialsGood(says.chars().take(200).collect())))
    }

    fn ask_numbers(&self, answers: &[Answer]) -> Asked {
        let Some(answer) = answers.first() else {
            return self.get(&format!("/{}/phone_numbers?fields={NUMBER_FIELDS}&limit={PAGE}", self.waba_id));
        };
        let body = body_of(answer)?;
        Ok(AskStep::Known(Known::Numbers(list(&body["data"]).iter().filter_map(account_number).collect())))
    }

    fn ask_sender(&self, number: &Address, answers: &[Answer]) -> Asked {
        let Some(answer) = answers.first() else {
            let known = self.numbers.iter().find(|(ours, _)| ours == number);
            return match known {
                Some((_, id)) => self.get(&format!("/{id}?fields={NUMBER_FIELDS}")),
                // Not in the settings: the list says what belongs there.
                None => self.get(&format!("/{}/phone_numbers?fields={NUMBER_FIELDS}&limit={PAGE}", self.waba_id)),
            };
        };
        let body = body_of(answer)?;
        let known = if body["data"].is_array() {
            let found = list(&body["data"]).iter().filter_map(account_number).find(|one| one.address == *number);
            Known::SenderBad(match found {
                Some(one) => {
                    format!("add {}={} to the trunk's numbers, or fetch them there", one.address, one.carrier_id)
                }
                None => format!("{number} is not a number of this WhatsApp account"),
            })
        } else {
            judged(&body, number)
        };
        Ok(AskStep::Known(known))
    }

    /// First whether our app hears the account at all, and where; an app without an address of its own for this
    /// account has one for all, which the app itself may be asked for.
    fn ask_callback(&self, url: &str, answers: &[Answer]) -> Asked {
        let Some(first) = answers.first() else { return self.get(&format!("/{}/subscribed_apps", self.waba_id)) };
        let body = body_of(first)?;
        let apps = list(&body["data"]);
        let fits = |at: &str| at.trim_end_matches('/') == url.trim_end_matches('/');
        if let Some(own) = apps.iter().find_map(|app| app["override_callback_uri"].as_str()) {
            return Ok(AskStep::Known(if fits(own) { Known::CallbackFits } else { differs(own) }));
        }
        let app = apps.iter().find_map(|app| inbound::id(&app["whatsapp_business_api_data"]["id"]));
        let Some(app) = app.filter(|app| is_id(app)) else { return Ok(AskStep::Known(Known::CallbackDiffers(None))) };
        let Some(second) = answers.get(1) else {
            let token = format!("{app}|{}", self.app_secrets[0].expose());
            let call = Call::new(Method::GET, &format!("{}/{}/{app}/subscriptions", self.base_url, self.version))?;
            return Ok(AskStep::Call(call.bearer(&token)?.bare()));
        };
        let body = body_of(second)?;
        let ours = list(&body["data"]).iter().find(|one| one["object"] == "whatsapp_business_account");
        let active = ours.filter(|one| one["active"] != false);
        let hears = active.is_some_and(|one| {
            list(&one["fields"]).iter().any(|field| field["name"] == "messages" || field == "messages")
        });
        Ok(AskStep::Known(match active.and_then(|one| one["callback_url"].as_str()) {
            Some(at) if fits(at) && hears => Known::CallbackFits,
            Some(at) if fits(at) => Known::CallbackDiffers(Some(format!("{at}, but without the field \"messages\""))),
            Some(at) => differs(at),
            None => Known::CallbackDiffers(None),
        }))
    }

    fn ask_templates(&self, answers: &[Answer]) -> Asked {
        let mut all: Vec<Template> = Vec::new();
        let mut after = None;
        for answer in answers {
            let body = body_of(answer)?;
            all.extend(list(&body["data"]).iter().filter_map(templates::read));
            let more = body["paging"]["next"].is_string();
            after = body["paging"]["cursors"]["after"].as_str().filter(|_| more).map(str::to_owned);
        }
        let done = !answers.is_empty() && (after.is_none() || answers.len() >= PAGES_MAX);
        if done {
            return Ok(AskStep::Known(Known::Templates(all)));
        }
        let mut path = format!("/{}/message_templates?fields={TEMPLATE_FIELDS}&limit={PAGE}", self.waba_id);
        if let Some(after) = after {
            path = http::with_query(&path, "after", &after);
        }
        self.get(&path)
    }

    fn say_seen(&self, number: &Address, carrier_id: &str, answers: &[Answer]) -> Asked {
        let Some(answer) = answers.first() else {
            let path = format!("/{}/messages", self.id_of(number)?);
            let seen = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": carrier_id });
            return Ok(AskStep::Call(self.call(Method::POST, &path)?.json(&seen)));
        };
        body_of(answer).map(|_| AskStep::Known(Known::Noted))
    }

    /// Where the file is (for five minutes), then the file, both with our token.
    fn ask_media(&self, location: &str, answers: &[Answer]) -> Asked {
        let Some(first) = answers.first() else {
            if !is_id(location) {
                return Err(SendError::Unreadable { why: "this is no file of WhatsApp's".into() });
            }
            return self.get(&format!("/{location}"));
        };
        let about = body_of(first)?;
        let Some(file) = answers.get(1) else {
            let url = about["url"].as_str().and_then(|url| Some((url, self.keeps_files(url)?)));
            let nowhere = || SendError::Unreadable { why: "the file is at no address of Meta's".into() };
            let (url, at_home) = url.ok_or_else(nowhere)?;
            let call = Call::new(Method::GET, url)?.bearer(self.access_token.expose())?.bare();
            return Ok(AskStep::File { call, at_home });
        };
        if file.status() != StatusCode::OK {
            return Err(errors::of(file));
        }
        Ok(AskStep::Known(Known::Media))
    }

    /// Whether Meta (`false`), or the gateway the settings name (`true`), keeps files there.
    fn keeps_files(&self, url: &str) -> Option<bool> {
        let url = url::Url::parse(url).ok()?;
        let host = url.host_str().unwrap_or_default();
        let gateway = url::Url::parse(&self.base_url).is_ok_and(|base| base.origin() == url.origin());
        let meta = url.scheme() == "https" && FILE_HOSTS.iter().any(|end| host.ends_with(end));
        (gateway || meta).then_some(gateway)
    }
}

fn differs(at: &str) -> Known {
    Known::CallbackDiffers(Some(at.chars().take(300).collect()))
}

/// A good answer as JSON, else what went wrong.
fn body_of(answer: &Answer) -> Result<Value, SendError> {
    let body = http::json_of(answer).filter(|body| answer.status().is_success() && !body["error"].is_object());
    body.ok_or_else(|| errors::of(answer))
}

fn account_number(value: &Value) -> Option<AccountNumber> {
    let word = |key: &str| value[key].as_str().map(|word| format!(", {}", word.chars().take(80).collect::<String>()));
    let name = value["verified_name"].as_str().unwrap_or_default().chars().take(80).collect::<String>();
    Some(AccountNumber {
        address: super::number(value["display_phone_number"].as_str()?)?,
        carrier_id: inbound::id(&value["id"]).filter(|id| is_id(id))?,
        says: name + &word("quality_rating").unwrap_or_default() + &word("status").unwrap_or_default(),
    })
}

/// What a number's own page says about it.
fn judged(value: &Value, number: &Address) -> Known {
    let Some(found) = account_number(value) else {
        return Known::SenderBad("Meta knows no such number".into());
    };
    if found.address != *number {
        return Known::SenderBad(format!("this ID belongs to {}: fetch the numbers again", found.address));
    }
    match (value["status"].as_str(), value["code_verification_status"].as_str()) {
        (Some(state @ ("BANNED" | "RESTRICTED" | "DISCONNECTED" | "UNVERIFIED" | "DELETED" | "PENDING")), _) => {
            Known::SenderBad(format!("{}: the number is {state} at Meta", found.says))
        }
        _ => Known::SenderGood(found.says),
    }
}
