//! What Vonage can be asked: credentials, credit, and where a number's texts go. (Its lists of messages cost money.)

use super::VonageSms;
use crate::carrier::codes;
use crate::carrier::dialect::{Answer, AskStep, Known, Question, Request};
use crate::carrier::http::{self, Call};
use crate::carrier::spelling;
use crate::carrier::vonage_sms::errors;
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
use ::http::Method;
use serde_json::Value;

/// Less than this, in euros, is about to end.
const LOW_EUR: f64 = 5.0;

impl VonageSms {
    pub(super) fn answer(&self, question: &Question, answers: &[Answer]) -> Option<Result<AskStep, SendError>> {
        let account =
            Account { base_url: &self.base_url, api_key: &self.api_key, api_secret: self.api_secret.expose() };
        account.answer(question, answers)
    }
}

/// The account behind either of Vonage's two ways of sending.
pub(in crate::carrier) struct Account<'a> {
    /// Where the account's own questions go.
    pub(in crate::carrier) base_url: &'a str,
    /// Its name.
    pub(in crate::carrier) api_key: &'a str,
    /// Its password.
    pub(in crate::carrier) api_secret: &'a str,
}

impl Account<'_> {
    pub(in crate::carrier) fn answer(
        &self,
        question: &Question,
        answers: &[Answer],
    ) -> Option<Result<AskStep, SendError>> {
        let call = match question {
            Question::Credentials | Question::Credit => self.get("/account/get-balance"),
            Question::Sender { number, .. } | Question::Callback { number, .. } => self.number_call(number),
            _ => return None,
        };
        let Some(answer) = answers.last() else { return Some(call.map(AskStep::Call)) };
        Some(good(answer).map(|body| AskStep::Known(self.known(question, &body))))
    }

    fn get(&self, path: &str) -> Result<Request, SendError> {
        Ok(Call::new(Method::GET, &format!("{}{path}", self.base_url))?.basic(self.api_key, self.api_secret)?.bare())
    }

    /// The number among the account's own.
    fn number_call(&self, number: &Address) -> Result<Request, SendError> {
        let digits = spelling::digits(number).unwrap_or_default();
        self.get(&format!("/account/numbers?pattern={}&search_pattern=0&size=10", http::path_piece(digits)))
    }

    fn known(&self, question: &Question, body: &Value) -> Known {
        match question {
            Question::Sender { number, .. } => sender(body, number),
            Question::Callback { number, url, .. } => match own(body, number) {
                Some(row) => match row["moHttpUrl"].as_str().filter(|there| !there.is_empty()) {
                    Some(there) if there == url => Known::CallbackFits,
                    there => Known::CallbackDiffers(there.map(str::to_owned)),
                },
                None => Known::CallbackDiffers(None),
            },
            Question::Credit => {
                let value = body["value"].as_f64().unwrap_or_default();
                let reload = body["autoReload"] == true;
                Known::Credit { says: format!("{value:.2} EUR"), low: value < LOW_EUR && !reload }
            }
            _ => Known::CredentialsGood(format!("Account {}: key and secret are good.", self.api_key)),
        }
    }
}

fn own<'a>(body: &'a Value, number: &Address) -> Option<&'a Value> {
    let digits = spelling::digits(number)?;
    body["numbers"].as_array()?.iter().find(|row| row["msisdn"] == digits)
}

fn sender(body: &Value, number: &Address) -> Known {
    match own(body, number) {
        Some(row) => {
            let features = row["features"].as_array().map(Vec::as_slice).unwrap_or_default();
            let words: Vec<&str> = features.iter().filter_map(Value::as_str).take(10).collect();
            match words.contains(&"SMS") {
                true => Known::SenderGood(format!("{number} belongs to the account: {}.", words.join(", "))),
                false => Known::SenderBad(format!("{number} belongs to the account, but not for SMS.")),
            }
        }
        None => Known::SenderBad(format!("{number} is not among the account's numbers.")),
    }
}

fn good(answer: &Answer) -> Result<Value, SendError> {
    http::good_json(answer, |answer| codes::judged(answer, errors::of_account(answer)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::dialect::Carrier;
    use crate::domain::channel::ChannelKind;
    use serde_json::json;

    fn asked(question: &Question, status: u16, body: &Value) -> Result<AskStep, SendError> {
        let settings = json!({ "api_key": "abcd1234", "api_secret": "secret-1", "signature": "none" });
        let dialect = VonageSms::from_settings(settings.as_object().expect("an object")).expect("good settings");
        let Some(Ok(AskStep::Call(_))) = dialect.ask(question, &[]) else { panic!("no call") };
        let answer = ::http::Response::builder().status(status).body(body.to_string().into()).expect("an answer");
        dialect.ask(question, &[answer]).expect("it can be asked")
    }

    #[test]
    fn the_account_is_asked_for_credit_and_numbers() {
        let number = Address::parse("+4930555000").expect("a number");
        let url = "https://pbx.example.com/hook/k".to_owned();
        let own = json!({ "count": 1, "numbers": [{ "msisdn": "4930555000", "moHttpUrl": url, "features": ["SMS", "VOICE"] }] });
        let sender = Question::Sender { kind: ChannelKind::Sms, number: number.clone() };
        let callback = Question::Callback { kind: ChannelKind::Sms, number, url };
        let known = |question: &Question, body: &Value| match asked(question, 200, body) {
            Ok(AskStep::Known(known)) => known,
            other => panic!("{other:?}"),
        };

        assert_eq!(
            known(&Question::Credit, &json!({ "value": 3.456, "autoReload": false })),
            Known::Credit { says: "3.46 EUR".into(), low: true }
        );
        assert!(matches!(known(&sender, &own), Known::SenderGood(_)));
        assert!(matches!(known(&sender, &json!({})), Known::SenderBad(_)));
        assert_eq!(known(&callback, &own), Known::CallbackFits);
        assert_eq!(known(&callback, &json!({ "numbers": [{ "msisdn": "4930555000" }] })), Known::CallbackDiffers(None));
        assert!(matches!(
            asked(&Question::Credentials, 401, &json!({ "error-code": "401" })),
            Err(SendError::Misconfigured { .. })
        ));
    }
}
