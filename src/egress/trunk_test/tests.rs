//! Tests of trunks at a carrier that answers as told.

use super::{OurNumber, Subject, TestStep, Tested, Verdict, run};
use crate::carrier::dialect::{
    Answer, AskStep, Carrier, Heard, Known, Limits, OutboundMessage, Question, Refusal, Step, Told,
};
use crate::clock::Clock;
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::delivery::SendError;
use crate::domain::id::TrunkId;
use crate::domain::reason::{Reason, ReasonCode};
use crate::domain::time::Timestamp;
use crate::egress::http_trunk::Wires;
use crate::egress::simulator::SimulatorHandle;
use crate::egress::switchboard::TrunkLine;
use crate::net::client::{ClientSettings, HttpClient};
use crate::net::tls;
use std::sync::Arc;

type Answers = fn(&Question) -> Option<Result<Known, SendError>>;

/// A carrier that knows its answers by heart.
struct Fake(Answers);

impl Carrier for Fake {
    fn limits(&self) -> &Limits {
        &Limits {
            text_chars_max: 1,
            trunk_mps: None,
            idempotent: false,
            reports: false,
            media: None,
            whatsapp_media: None,
        }
    }

    fn next(&self, _: &OutboundMessage, _: &[Answer]) -> Result<Step, SendError> {
        panic!("a test sends nothing")
    }

    fn hear(&self, _: &Heard, _: Timestamp) -> Result<Told, Refusal> {
        Err(Refusal::Unsigned("X-Signature"))
    }

    fn ask(&self, question: &Question, _: &[Answer]) -> Option<Result<AskStep, SendError>> {
        (self.0)(question).map(|known| known.map(AskStep::Known))
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

fn number(text: &str) -> OurNumber {
    OurNumber { kind: ChannelKind::Sms, address: Address::parse(text).expect("a good number") }
}

async fn tested(answers: Answers, url: Option<&str>, numbers: &[OurNumber]) -> Vec<TestStep> {
    let clock = Clock::by_hand(Timestamp(1_795_176_000_000));
    let http = HttpClient::new(ClientSettings::new(tls::client(None).expect("roots")), clock.clone());
    let simulator = SimulatorHandle::new(clock.clone());
    let wires = Wires { http: &http, simulator: &simulator, clock: &clock, sip: None };
    let line = Arc::new(TrunkLine::with_dialect(TrunkId(1), Box::new(Fake(answers))));
    let subject = Subject { url: url.map(str::to_owned), numbers, polled: false };
    let Tested { steps, .. } = run(Ok(line), wires, subject).await;
    steps
}

fn of<'a>(steps: &'a [TestStep], name: &str) -> Vec<&'a TestStep> {
    steps.iter().filter(|step| step.name == name).collect()
}

fn an_account(question: &Question) -> Option<Result<Known, SendError>> {
    Some(Ok(match question {
        Question::Credentials => Known::CredentialsGood("The account is Acme.".into()),
        Question::Sender { number, .. } if number.as_str().ends_with("00") => Known::SenderGood(String::new()),
        Question::Sender { .. } => Known::SenderBad("no such number in this account".into()),
        Question::Callback { number, .. } if number.as_str().ends_with("00") => Known::CallbackFits,
        Question::Callback { .. } => Known::CallbackDiffers(Some("https://old.example.com/sms".into())),
        Question::Credit => Known::Credit { says: "1.20 EUR".into(), low: true },
        _ => return None,
    }))
}

#[tokio::test]
async fn each_number_is_tried_and_a_callback_that_leads_elsewhere_is_told_with_both_addresses() {
    let numbers = [number("+15550100100"), number("+15550100101")];

    let steps = tested(an_account, Some("http://sms.example.com/hook/k"), &numbers).await;

    let senders = of(&steps, "sender");
    assert_eq!(senders.iter().map(|step| step.verdict).collect::<Vec<_>>(), [Verdict::Good, Verdict::Bad]);
    assert!(senders[1].de.contains("+15550100101") && senders[1].en.contains("no such number"), "{senders:?}");
    let inbound = of(&steps, "inbound");
    assert_eq!(inbound.iter().map(|step| step.verdict).collect::<Vec<_>>(), [Verdict::Good, Verdict::Bad]);
    for address in ["https://old.example.com/sms", "http://sms.example.com/hook/k"] {
        assert!(inbound[1].en.contains(address) && inbound[1].de.contains(address), "{inbound:?}");
    }
    assert_eq!(of(&steps, "callback")[0].verdict, Verdict::Bad, "plain http");
    assert_eq!(of(&steps, "credit")[0].verdict, Verdict::Bad);
    assert!(of(&steps, "credit")[0].de.contains("aufladen"));
}

#[tokio::test]
async fn wrong_credentials_end_the_questions_and_say_what_to_do() {
    fn refusing(question: &Question) -> Option<Result<Known, SendError>> {
        assert!(matches!(question, Question::Credentials), "{question:?} would be refused as well");
        Some(Err(SendError::Misconfigured { reason: Reason::of(ReasonCode::CredentialsRefused).coded("20003") }))
    }

    let steps = tested(refusing, None, &[number("+15550100100")]).await;

    let credentials = of(&steps, "credentials")[0];
    assert_eq!(credentials.verdict, Verdict::Bad);
    assert!(credentials.en.contains("20003") && credentials.de.contains("Zugangsdaten"), "{credentials:?}");
    assert_eq!(of(&steps, "sender")[0].verdict, Verdict::Skipped);
    assert!(of(&steps, "callback")[0].en.contains("http.public.base_url"));
}

#[tokio::test]
async fn a_carrier_that_cannot_be_asked_fails_nothing_and_many_numbers_are_bounded() {
    let many: Vec<_> = (0..30).map(|n| number(&format!("+155501001{n:02}"))).collect();

    let silent = tested(|_| None, Some("http://sms.example.com/hook/k"), &many).await;
    let talking = tested(an_account, Some("http://sms.example.com/hook/k"), &many).await;

    assert_eq!(of(&silent, "sender").len(), 1);
    assert!(of(&silent, "inbound")[0].en.contains("http://sms.example.com/hook/k"), "it says what to check by hand");
    assert!(silent.iter().filter(|step| step.verdict == Verdict::Bad).all(|step| step.name == "callback"));
    assert_eq!(of(&talking, "sender").len(), 21);
    assert!(of(&talking, "sender")[20].en.starts_with("10 further numbers"));
}
