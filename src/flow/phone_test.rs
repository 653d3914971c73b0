//! Tries an extension's phone out for whoever set it up: is it registered, does it answer, does it take a text?

use crate::domain::exchange::Exchange;
use crate::domain::id::{ExtensionId, MessageId};
use crate::egress::outcome::Outcome;
use crate::egress::phones::{Phones, ToPhone};
use crate::egress::trunk_test::{TestStep, Verdict};
use crate::flow::desk::{Desk, new_reference};
use crate::flow::error::FlowError;
use crate::sip::registrar::binding::Binding;
use std::time::Duration;

/// A phone that needs longer has not passed.
const TEXT_WITHIN: Duration = Duration::from_secs(10);
/// What the phone shows as the sender.
const FROM: &str = "depesche";
const TEXT: &str = "Test: this phone gets its texts. / Test: Dieses Telefon erhält seine Nachrichten.";

/// Tries a phone out, step by step; what cannot be tried any more is skipped.
pub async fn run(desk: &Desk, phones: &Phones, id: ExtensionId) -> Result<Vec<TestStep>, FlowError> {
    let now = desk.now();
    let (extension, kept) = desk
        .store
        .read(move |snapshot| {
            let extension = snapshot.extension(id)?.ok_or(FlowError::NotFound("extension"))?;
            Ok::<_, FlowError>((extension, snapshot.bindings(id, now)?))
        })
        .await?;
    let bindings: Vec<Binding> = kept.iter().filter_map(|kept| serde_json::from_str(&kept.binding).ok()).collect();

    let mut steps = vec![registered(phones, extension.enabled, bindings.len())];
    let mut exchanges = Vec::new();
    if steps[0].verdict != Verdict::Bad {
        let began = desk.clock.monotonic();
        let reachable = phones.ping(id, &extension.number, &bindings).await;
        steps.push(answers(reachable.anybody(), desk.clock.monotonic().saturating_sub(began)));
        exchanges.extend(reachable.exchanges);
    }
    if steps.iter().all(|step| step.verdict != Verdict::Bad) {
        let call_id = new_reference();
        let text = ToPhone {
            extension: id,
            extension_number: &extension.number,
            bindings,
            call_id: &call_id,
            try_number: 1,
            from_user: FROM,
            display: "Depesche",
            text: TEXT,
            file: None,
            about: MessageId(0),
        };
        let began = desk.clock.monotonic();
        let outcome = tokio::select! {
            tried = phones.send(text) => {
                exchanges.extend(tried.exchanges);
                Some(tried.outcome)
            }
            () = desk.clock.sleep(TEXT_WITHIN) => None,
        };
        steps.push(takes(outcome.as_ref(), desk.clock.monotonic().saturating_sub(began)));
    }
    steps.extend(["registered", "answers", "text"][steps.len()..].iter().map(|name| skipped(name)));
    keep(desk, exchanges).await?;
    Ok(steps)
}

fn registered(phones: &Phones, enabled: bool, count: usize) -> TestStep {
    let (verdict, en, de) = match (enabled, phones.through_pbx(), count) {
        (false, ..) => (
            Verdict::Bad,
            "The extension is switched off: switch it on.".to_owned(),
            "Die Nebenstelle ist abgeschaltet: bitte einschalten.".to_owned(),
        ),
        (_, true, _) => (
            Verdict::Good,
            "The PBX keeps the registrations.".to_owned(),
            "Die Telefonanlage führt die Anmeldungen.".to_owned(),
        ),
        (.., 0) => (
            Verdict::Bad,
            "No phone is registered: check number, password and server address in the phone.".to_owned(),
            "Kein Telefon ist angemeldet: Nummer, Kennwort und Serveradresse im Telefon prüfen.".to_owned(),
        ),
        (.., count) => {
            (Verdict::Good, format!("Registered phones: {count}."), format!("Angemeldete Telefone: {count}."))
        }
    };
    TestStep { name: "registered", verdict, en, de, took: Duration::ZERO }
}

fn answers(anybody: bool, took: Duration) -> TestStep {
    let (verdict, en, de) = if anybody {
        (Verdict::Good, "It answers.", "Es antwortet.")
    } else {
        (
            Verdict::Bad,
            "It does not answer: is it switched on, and does a firewall stand between?",
            "Es antwortet nicht: Ist es eingeschaltet, steht eine Firewall dazwischen?",
        )
    };
    TestStep { name: "answers", verdict, en: en.to_owned(), de: de.to_owned(), took }
}

fn takes(outcome: Option<&Outcome>, took: Duration) -> TestStep {
    let (verdict, en, de) = match outcome {
        Some(Outcome::Taken { .. }) => {
            (Verdict::Good, "It took a test text.".to_owned(), "Es hat einen Testtext angenommen.".to_owned())
        }
        Some(Outcome::Later { reason } | Outcome::Never { reason }) => {
            let detail = [reason.carrier_code.as_deref(), reason.detail.as_deref()];
            let detail = detail.into_iter().flatten().collect::<Vec<_>>().join(" ");
            (
                Verdict::Bad,
                format!("{} ({detail})", reason.code.english()),
                format!("{} ({detail})", reason.code.german()),
            )
        }
        _ => (
            Verdict::Bad,
            "It did not take the test text in time.".to_owned(),
            "Es hat den Testtext nicht rechtzeitig angenommen.".to_owned(),
        ),
    };
    TestStep { name: "text", verdict, en, de, took }
}

fn skipped(name: &'static str) -> TestStep {
    let (en, de) = ("Not tried.".to_owned(), "Nicht versucht.".to_owned());
    TestStep { name, verdict: Verdict::Skipped, en, de, took: Duration::ZERO }
}

/// The channel log keeps what was said; a test text is no message of a conversation.
async fn keep(desk: &Desk, exchanges: Vec<Exchange>) -> Result<(), FlowError> {
    desk.store
        .write(move |tx| {
            for exchange in exchanges {
                tx.insert_exchange(&Exchange { message: None, ..exchange })?;
            }
            Ok(())
        })
        .await
}
