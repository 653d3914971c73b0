//! What Twilio can be asked: credentials, credit, a message's state, whether it was taken, what came in, our numbers.

use super::send::is_message_sid;
use super::{Twilio, errors, read, written};
use crate::carrier::codes;
use crate::carrier::dialect::{Answer, AskStep, InboundMessage, Known, OutboundMessage, Said};
use crate::carrier::http::{self, Call, good_json};
use crate::carrier::incoming::Shelf;
use crate::carrier::twiml::ask::{Messages, Step};
use crate::carrier::twiml::list::Row;
use crate::carrier::twiml::state_of;
use crate::domain::address::{Address, AddressKind};
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use ::http::{Method, StatusCode};
use serde_json::Value;

impl Twilio {
    /// First the auth token (it guards the webhooks), then the API key, where there is one.
    pub(super) fn ask_credentials(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(account) = answers.first() else {
            let call = Call::new(Method::GET, &format!("{}{}.json", self.base_url, self.account_path()))?;
            return Ok(AskStep::Call(call.basic(&self.account_sid, self.auth_tokens[0].expose())?.bare()));
        };
        let body = good_json(account, errors::of)?;
        let name = body["friendly_name"].as_str().unwrap_or("without a name");
        let status = body["status"].as_str().ok_or_else(|| http::unreadable(account))?;
        if status != "active" {
            let why = format!("the account {name} is {status}: see the console");
            return Err(SendError::Misconfigured { reason: Reason::of(ReasonCode::CredentialsRefused).saying(&why) });
        }
        let good =
            |with: &str| Ok(AskStep::Known(Known::CredentialsGood(format!("Account {name} is active; {with}."))));
        match (&self.api_key, answers.get(1)) {
            (None, _) => good("the auth token is good"),
            (Some(_), None) => Ok(AskStep::Call(self.call(Method::GET, "/Messages.json?PageSize=1")?.bare())),
            (Some(_), Some(answer)) => {
                good_json(answer, errors::of).and_then(|_| good("auth token and API key are good"))
            }
        }
    }

    /// The state of one message.
    pub(super) fn ask_status(&self, carrier_id: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let unknown = || SendError::Rejected {
            reason: Reason::of(ReasonCode::CarrierRefused).coded("20404").saying("Twilio does not know this message"),
        };
        if !is_message_sid(carrier_id) {
            return Err(unknown());
        }
        let Some(answer) = answers.last() else {
            return self.lists(|messages| Ok(Step::Get(messages.one(carrier_id))));
        };
        if answer.status() == StatusCode::NOT_FOUND {
            return Err(unknown());
        }
        self.lists(|messages| messages.state(carrier_id, answer, errors::of_delivery).map(Step::Known))
    }

    pub(super) fn ask_taken(
        &self,
        message: &OutboundMessage,
        since: Timestamp,
        answers: &[Answer],
    ) -> Result<AskStep, SendError> {
        let spelled = |address| written(address, message.kind).unwrap_or_default();
        let (from, to) = (spelled(&message.from), spelled(&message.to));
        self.lists(|messages| messages.taken((&from, &to), &message.text, since, answers))
    }

    pub(super) fn ask_inbox(&self, since: Timestamp, answers: &[Answer]) -> Result<AskStep, SendError> {
        self.lists(|messages| messages.inbox(since, answers, said))
    }

    fn lists(&self, ask: impl FnOnce(&Messages<'_>) -> Result<Step, SendError>) -> Result<AskStep, SendError> {
        let account_path = &self.account_path();
        match ask(&Messages { base_url: &self.base_url, account_path, ending: ".json", refused: errors::of })? {
            Step::Get(rest) => self.get(&rest),
            Step::Known(known) => Ok(AskStep::Known(known)),
        }
    }

    fn get(&self, rest: &str) -> Result<AskStep, SendError> {
        Ok(AskStep::Call(self.call(Method::GET, rest)?.bare()))
    }

    /// Files need our credentials, and are kept elsewhere behind a redirect.
    pub(super) fn ask_media(&self, location: &str, answers: &[Answer]) -> Result<AskStep, SendError> {
        let shelf = Shelf { base_url: &self.base_url, hosts: &[".twilio.com"] };
        shelf.fetch(location, |call| self.signed_in(call), answers, errors::of)
    }

    pub(super) fn ask_credit(&self, answers: &[Answer]) -> Result<AskStep, SendError> {
        let Some(answer) = answers.last() else { return self.get("/Balance.json") };
        let body = good_json(answer, errors::of)?;
        let balance = body["balance"].as_str().and_then(|text| text.parse::<f64>().ok());
        let balance = balance.ok_or_else(|| http::unreadable(answer))?;
        let says = format!("{balance:.2} {}", body["currency"].as_str().unwrap_or_default());
        Ok(AskStep::Known(Known::Credit { says: says.trim_end().to_owned(), low: balance < 5.0 }))
    }

    /// The list of our numbers, with this one alone. A sender of letters, or one of WhatsApp, is in another list.
    fn number(&self, kind: ChannelKind, number: &Address) -> Option<Result<AskStep, SendError>> {
        let (path, name) = match (kind, number.kind()) {
            (ChannelKind::Sms, AddressKind::E164) => ("/IncomingPhoneNumbers.json", "PhoneNumber"),
            (ChannelKind::Sms, AddressKind::ShortCode) => ("/SMS/ShortCodes.json", "ShortCode"),
            _ => return None,
        };
        Some(self.get(&http::with_query(path, name, number.as_str())))
    }

    pub(super) fn ask_sender(
        &self,
        kind: ChannelKind,
        number: &Address,
        answers: &[Answer],
    ) -> Option<Result<AskStep, SendError>> {
        let Some(answer) = answers.last() else { return self.number(kind, number) };
        let sender = only(answer).map(|row| match row {
            None => Known::SenderBad(format!("{number} is not a number of this account.")),
            Some(row) if row["capabilities"]["sms"] == false => {
                Known::SenderBad(format!("{number} belongs to this account but cannot send texts."))
            }
            Some(_) => Known::SenderGood(format!("{number} belongs to this account.")),
        });
        Some(sender.map(AskStep::Known))
    }

    /// The number's own address, unless the messaging service has one that stands above it.
    pub(super) fn ask_callback(
        &self,
        kind: ChannelKind,
        number: &Address,
        url: &str,
        answers: &[Answer],
    ) -> Option<Result<AskStep, SendError>> {
        let Some(first) = answers.first() else { return self.number(kind, number) };
        Some(self.callback(url, first, answers.get(1)))
    }

    fn callback(&self, url: &str, number: &Answer, service: Option<&Answer>) -> Result<AskStep, SendError> {
        let row = only(number)?.unwrap_or_default();
        let mut there = row["sms_url"].as_str().unwrap_or_default().to_owned();
        match (&self.messaging_service_sid, service) {
            (Some(sid), None) => {
                let call = self.sister(Method::GET, "messaging", &format!("/v1/Services/{sid}"))?;
                return Ok(AskStep::Call(call.bare()));
            }
            (Some(_), Some(answer)) => {
                let body = good_json(answer, errors::of)?;
                if body["use_inbound_webhook_on_number"] != true {
                    there = body["inbound_request_url"].as_str().unwrap_or_default().to_owned();
                }
            }
            (None, _) => {}
        }
        Ok(AskStep::Known(match there.as_str() {
            there if there == url => Known::CallbackFits,
            "" => Known::CallbackDiffers(None),
            there => Known::CallbackDiffers(Some(there.to_owned())),
        }))
    }
}

/// The only row of a list of numbers, if there is one.
fn only(answer: &Answer) -> Result<Option<Value>, SendError> {
    let body = good_json(answer, errors::of)?;
    let rows = body["incoming_phone_numbers"].as_array().or(body["short_codes"].as_array());
    Ok(rows.ok_or_else(|| http::unreadable(answer))?.first().cloned())
}

/// A row of the list as a webhook would have said it; `None` for one that nobody can use.
fn said(row: &Row, files: &[crate::carrier::dialect::InboundMedia]) -> Option<Said> {
    if !is_message_sid(&row.sid) {
        return None;
    }
    if !row.inbound {
        let reason = || errors::of_delivery(row.error, None);
        let report = codes::report(Some(row.sid.clone()), None, state_of(&row.status)?, reason);
        return Some(Said::DeliveryReport(report));
    }
    let ((from, kind), (to, _)) = (read(&row.from).ok()?, read(&row.to).ok()?);
    let message = InboundMessage::text(kind, &row.sid, from, to, &row.text);
    Some(Said::Message(InboundMessage { media: files.to_vec(), said_at: Some(row.made), ..message }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn dialect(api_key: bool) -> Twilio {
        let mut settings = json!({
            "account_sid": "AC0123456789abcdef0123456789abcdef", "auth_token": "0123456789abcdef0123456789abcdef",
        });
        if api_key {
            settings["api_key_sid"] = "SK0123456789abcdef0123456789abcdef".into();
            settings["api_key_secret"] = "0123456789abcdef0123456789abcdef".into();
        }
        Twilio::from_settings(settings.as_object().expect("an object")).expect("good settings")
    }

    fn answered(status: u16, body: &Value) -> Answer {
        ::http::Response::builder().status(status).body(body.to_string().into()).expect("a good answer")
    }

    fn called(step: Result<AskStep, SendError>) -> String {
        match step {
            Ok(AskStep::Call(request)) => request.uri().to_string(),
            other => panic!("no call: {other:?}"),
        }
    }

    fn message() -> OutboundMessage {
        let number = |text: &str| Address::parse(text).expect("a number");
        OutboundMessage::text("r1", ChannelKind::Sms, number("+4930555000"), number("+4915550012345"), "hello")
    }

    /// 1 March 2024, midnight.
    const SINCE: Timestamp = Timestamp(1_709_251_200_000);

    fn page(rows: &[(&str, &str)], next: Option<&str>) -> Answer {
        let row = |(at, (date, text)): (usize, &(&str, &str))| json!({ "sid": format!("SM{at:032x}"), "direction": "outbound-api", "date_created": date, "body": text });
        let rows: Vec<Value> = rows.iter().enumerate().map(row).collect();
        answered(200, &json!({ "messages": rows, "next_page_uri": next }))
    }

    #[test]
    fn credentials_are_tried_in_turn_and_a_suspended_account_is_named() {
        let active = answered(200, &json!({ "status": "active", "friendly_name": "Example" }));
        let suspended = answered(200, &json!({ "status": "suspended", "friendly_name": "Example" }));
        let refused = answered(401, &json!({ "code": 20003, "message": "Authenticate", "status": 401 }));

        assert!(
            called(dialect(true).ask_credentials(&[])).ends_with("/Accounts/AC0123456789abcdef0123456789abcdef.json")
        );
        assert!(
            called(dialect(true).ask_credentials(std::slice::from_ref(&active))).ends_with("/Messages.json?PageSize=1")
        );
        let known = dialect(false).ask_credentials(std::slice::from_ref(&active));
        assert!(matches!(known, Ok(AskStep::Known(Known::CredentialsGood(sentence))) if sentence.contains("Example")));
        for answers in [vec![suspended], vec![refused.clone()], vec![active, refused]] {
            assert!(matches!(dialect(true).ask_credentials(&answers), Err(SendError::Misconfigured { .. })));
        }
    }

    #[test]
    fn a_state_is_believed_only_for_the_message_asked_about() {
        let sid = "SM0123456789abcdef0123456789abcdef";
        let told =
            |sid: &str, status: &str| answered(200, &json!({ "sid": sid, "status": status, "error_code": 30006 }));

        let known = dialect(false).ask_status(sid, &[told(sid, "undelivered")]);
        let Ok(AskStep::Known(Known::State(report))) = known else { panic!("{known:?}") };
        assert_eq!(report.reason.map(|reason| reason.code), Some(ReasonCode::Landline));
        for answer in [told("SM00000000000000000000000000000000", "sent"), told(sid, "odd")] {
            assert!(matches!(dialect(false).ask_status(sid, &[answer]), Err(SendError::Unreadable { .. })));
        }
        assert!(matches!(dialect(false).ask_status("../Accounts", &[]), Err(SendError::Rejected { .. })));
    }

    #[test]
    fn the_list_is_read_until_it_reaches_older_messages() {
        let next = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json?Page=1";
        let (after, before) = ("Fri, 01 Mar 2024 00:00:05 +0000", "Thu, 29 Feb 2024 12:00:00 +0000");
        let taken = |answers: &[Answer]| dialect(false).ask_taken(&message(), SINCE, answers);

        assert!(called(taken(&[])).contains("/Messages.json?To=%2B4915550012345&From=%2B4930555000&PageSize=200"));
        let first = page(&[(after, "other")], Some(next));
        assert!(called(taken(std::slice::from_ref(&first))).ends_with("?Page=1"));
        let second = page(&[(after, "hello"), (before, "hello")], Some(next));
        assert!(matches!(taken(&[first.clone(), second]), Ok(AskStep::Known(Known::Taken(_)))));
        assert!(matches!(taken(&[page(&[(before, "hello")], Some(next))]), Ok(AskStep::Known(Known::NotTaken))));
        // Oldest first would make an early end a lie: such a list is read on.
        assert!(called(taken(&[page(&[(before, "a"), (after, "b")], Some(next))])).ends_with("?Page=1"));
    }

    #[test]
    fn a_list_that_leads_elsewhere_or_never_ends_or_fails_settles_nothing() {
        let after = "Fri, 01 Mar 2024 00:00:05 +0000";
        let next = "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json?Page=1";
        let taken = |answers: &[Answer]| dialect(false).ask_taken(&message(), SINCE, answers);
        let elsewhere = page(&[(after, "x")], Some("https://evil.example.com/"));
        let endless: Vec<Answer> = (0..4).map(|_| page(&[(after, "x")], Some(next))).collect();
        let broken = answered(200, &json!({ "messages": [{ "sid": "x" }] }));

        for answers in [vec![elsewhere], endless, vec![broken], vec![answered(500, &json!({}))]] {
            assert!(matches!(taken(&answers), Err(SendError::Unreadable { .. })));
        }
        assert!(matches!(taken(&[answered(503, &json!({}))]), Err(SendError::Unreachable { .. })));
    }

    #[test]
    fn an_inbox_is_read_with_texts_files_and_states() {
        let date = "Fri, 01 Mar 2024 00:00:20 +0000";
        let row = |sid: &str, direction: &str, files: &str| {
            json!({ "sid": sid, "direction": direction, "date_created": date, "body": "hi", "num_media": files, "status": "undelivered",
                    "error_code": 30006, "from": "+15550100123", "to": "+15550100999" })
        };
        let (sms, mms) = ("SM0123456789abcdef0123456789abcdef", "MM0123456789abcdef0123456789abcdef");
        let list = answered(200, &json!({ "messages": [row(sms, "outbound-api", "0"), row(mms, "inbound", "1")] }));
        let inbox = |answers: &[Answer]| dialect(false).ask_inbox(SINCE, answers);
        assert!(called(inbox(&[])).ends_with("/Messages.json?DateSent%3E=2024-03-01T00%3A00%3A00Z&PageSize=200"));
        assert!(called(inbox(std::slice::from_ref(&list))).ends_with(&format!("/Messages/{mms}/Media.json")));
        let media = answered(
            200,
            &json!({ "media_list": [{ "parent_sid": mms, "uri": "/m/ME1.json", "content_type": "image/png" }] }),
        );

        let Ok(AskStep::Known(Known::Inbox { said, up_to })) = inbox(&[list, media]) else { panic!("an answer") };

        assert_eq!(up_to, SINCE.plus(std::time::Duration::from_secs(10)));
        let [Said::DeliveryReport(report), Said::Message(message)] = said.as_slice() else { panic!("{said:?}") };
        assert_eq!(report.reason.as_ref().map(|reason| reason.code), Some(ReasonCode::Landline));
        assert_eq!(
            (message.carrier_id.as_str(), message.media[0].location.as_str()),
            (mms, "https://api.twilio.com/m/ME1")
        );
    }

    #[test]
    fn a_number_says_whether_it_may_send_and_where_its_messages_go() {
        let number = Address::parse("+4930555000").expect("a number");
        let hook = "https://pbx.example.com/hook/k3y";
        let list = |row: Value| answered(200, &json!({ "incoming_phone_numbers": [row] }));
        let none = answered(200, &json!({ "incoming_phone_numbers": [] }));
        let sender = |answer: Answer| dialect(false).ask_sender(ChannelKind::Sms, &number, &[answer]).expect("asked");
        let callback =
            |answer: Answer| dialect(false).ask_callback(ChannelKind::Sms, &number, hook, &[answer]).expect("asked");

        let good = list(json!({ "capabilities": { "sms": true }, "sms_url": hook }));
        assert!(matches!(sender(good.clone()), Ok(AskStep::Known(Known::SenderGood(_)))));
        assert!(matches!(sender(none.clone()), Ok(AskStep::Known(Known::SenderBad(_)))));
        let voice = list(json!({ "capabilities": { "sms": false } }));
        assert!(matches!(sender(voice.clone()), Ok(AskStep::Known(Known::SenderBad(_)))));
        assert!(matches!(callback(good), Ok(AskStep::Known(Known::CallbackFits))));
        assert!(matches!(callback(voice), Ok(AskStep::Known(Known::CallbackDiffers(None)))));
        assert!(dialect(false).ask_sender(ChannelKind::WhatsApp, &number, &[]).is_none());
    }
}
