//! Tries a trunk out for whoever set it up: are the settings good, the credentials, the way back to us, the clock?
//! Every step ends with a sentence that says what to do. Nothing is sent to anybody.

use crate::carrier::dialect::{Answer, Known, Question};
use crate::clock::Clock;
use crate::domain::delivery::SendError;
use crate::domain::exchange::{Exchange, Purpose};
use crate::domain::time::Timestamp;
use crate::egress::http_trunk::{self, Wires};
use crate::egress::switchboard::{NoLine, TrunkLine};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

/// How far our clock may be from the carrier's before signatures fail.
const SKEW_MAX_S: u64 = 60;
const NAME_SETTINGS: &str = "settings";
const NAME_CREDENTIALS: &str = "credentials";
const NAME_CALLBACK: &str = "callback";
const NAME_CLOCK: &str = "clock";

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It works.
    Good,
    /// It does not; the sentence says what to do.
    Bad,
    /// It could not be tried.
    Skipped,
}

impl Verdict {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Good => "good",
            Verdict::Bad => "bad",
            Verdict::Skipped => "skipped",
        }
    }
}

/// One step of a test.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TestStep {
    /// `settings`, `credentials`, `callback` or `clock`.
    pub name: &'static str,
    /// How it ended.
    pub verdict: Verdict,
    /// What was found and what to do, in English.
    pub en: String,
    /// The same in German.
    pub de: String,
    /// How long it took.
    pub took: Duration,
}

/// A test, and what was said on the wire for it.
#[derive(Clone, Debug)]
pub struct Tested {
    /// Its steps, in order.
    pub steps: Vec<TestStep>,
    /// Every exchange of it, secrets removed.
    pub exchanges: Vec<Exchange>,
}

/// What a step found, before it has its name and time.
struct Found(Verdict, String, String);

impl Found {
    fn new(verdict: Verdict, en: impl Into<String>, de: impl Into<String>) -> Found {
        Found(verdict, en.into(), de.into())
    }

    fn step(self, name: &'static str, took: Duration) -> TestStep {
        TestStep { name, verdict: self.0, en: self.1, de: self.2, took }
    }
}

pub(super) async fn run(line: Result<Arc<TrunkLine>, NoLine>, wires: Wires<'_>, report_url: Option<String>) -> Tested {
    let line = match line {
        Ok(line) => line,
        Err(why) => return no_line(why),
    };
    let good = Found::new(Verdict::Good, "The settings are complete.", "Die Einstellungen sind vollständig.");
    let mut steps = vec![good.step(NAME_SETTINGS, Duration::ZERO)];
    let clock = wires.clock.clone();
    let (simulated, http) = (line.is_simulator, wires.http);

    let begun = clock.monotonic();
    let asked = http_trunk::ask(&line, wires, &Question::Credentials, Purpose::Test, None).await;
    let now = clock.now();
    steps.push(credentials(asked.known).step(NAME_CREDENTIALS, since(&clock, begun)));

    let begun = clock.monotonic();
    let callback = match report_url {
        _ if simulated => Found::new(
            Verdict::Good,
            "The simulated carrier lives inside and reaches us by itself.",
            "Der simulierte Anbieter lebt im Haus und erreicht uns von selbst.",
        ),
        None => Found::new(
            Verdict::Bad,
            "No public address is set, so the carrier cannot reach us: set http.public.base_url in the configuration.",
            "Es ist keine öffentliche Adresse eingestellt, der Anbieter kann uns nicht erreichen: bitte http.public.base_url in der Konfiguration setzen.",
        ),
        Some(url) if !url.starts_with("https://") => Found::new(
            Verdict::Bad,
            "The public address is not https: carriers refuse it or send texts in the open. Set one with https://.",
            "Die öffentliche Adresse ist nicht https: Anbieter lehnen sie ab oder senden Texte offen. Bitte eine mit https:// einstellen.",
        ),
        Some(url) => reached(http.call(knock(&url)).await),
    };
    steps.push(callback.step(NAME_CALLBACK, since(&clock, begun)));
    steps.push(clocks(asked.last.as_ref(), now, simulated).step(NAME_CLOCK, Duration::ZERO));
    Tested { steps, exchanges: asked.exchanges }
}

fn since(clock: &Clock, begun: Duration) -> Duration {
    clock.monotonic().saturating_sub(begun)
}

fn no_line(why: NoLine) -> Tested {
    let found = match why {
        NoLine::Broken(error) => {
            Found::new(Verdict::Bad, error.to_string(), format!("Diese Einstellung ist nicht brauchbar: {error}"))
        }
        NoLine::Missing | NoLine::Off => {
            Found::new(Verdict::Bad, "There is no such trunk.", "Diese Leitung gibt es nicht.")
        }
    };
    let skipped =
        || Found::new(Verdict::Skipped, "Mend the settings first.", "Bitte zuerst die Einstellungen korrigieren.");
    let mut steps = vec![found.step(NAME_SETTINGS, Duration::ZERO)];
    steps.extend([NAME_CREDENTIALS, NAME_CALLBACK, NAME_CLOCK].map(|name| skipped().step(name, Duration::ZERO)));
    Tested { steps, exchanges: Vec::new() }
}

fn credentials(known: Option<Result<Known, SendError>>) -> Found {
    match known {
        None => Found::new(
            Verdict::Skipped,
            "This carrier cannot be asked whether the credentials are good: send a text to find out.",
            "Dieser Anbieter kann nicht gefragt werden, ob die Zugangsdaten stimmen: bitte eine Testnachricht senden.",
        ),
        Some(Ok(Known::CredentialsGood(sentence))) => {
            Found::new(Verdict::Good, sentence.clone(), format!("Die Zugangsdaten stimmen. {sentence}"))
        }
        Some(Ok(_)) => Found::new(
            Verdict::Bad,
            "The carrier answered something else than it was asked.",
            "Der Anbieter hat etwas anderes geantwortet, als gefragt war.",
        ),
        Some(Err(error)) => {
            let reason = error.reason();
            let detail = reason.detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
            Found::new(
                Verdict::Bad,
                format!("{}{detail}", reason.code.english()),
                format!("{}{detail}", reason.code.german()),
            )
        }
    }
}

/// A call to our own door from outside in: unsigned, so a door that is ours refuses it.
fn knock(url: &str) -> http::Request<Bytes> {
    let mut request = http::Request::new(Bytes::new());
    if let Ok(uri) = url.parse() {
        *request.uri_mut() = uri;
    }
    request
}

fn reached(result: Result<Answer, crate::net::client::CallError>) -> Found {
    match result {
        Ok(answer) if matches!(answer.status().as_u16(), 400 | 401 | 403) => {
            Found::new(Verdict::Good, "Our own public address answers.", "Unsere eigene öffentliche Adresse antwortet.")
        }
        Ok(answer) => {
            let status = answer.status();
            Found::new(
                Verdict::Bad,
                format!(
                    "Something else answers at our public address ({status}): check the proxy and its path /hook/."
                ),
                format!(
                    "Unter unserer öffentlichen Adresse antwortet etwas anderes ({status}): bitte den Proxy und den Pfad /hook/ prüfen."
                ),
            )
        }
        Err(error) => Found::new(
            Verdict::Skipped,
            format!(
                "Our public address cannot be reached from here ({error}). Many routers do not lead back inside: try it from outside."
            ),
            format!(
                "Unsere öffentliche Adresse ist von hier aus nicht erreichbar ({error}). Viele Router führen nicht zurück ins Haus: bitte von außen prüfen."
            ),
        ),
    }
}

fn clocks(last: Option<&Answer>, now: Timestamp, simulated: bool) -> Found {
    if simulated {
        return Found::new(
            Verdict::Good,
            "The simulated carrier goes by our own clock.",
            "Der simulierte Anbieter geht nach unserer Uhr.",
        );
    }
    let date = last.and_then(|answer| answer.headers().get(http::header::DATE)).and_then(|date| date.to_str().ok());
    let parsed = date.and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
    let Some(theirs) = parsed else {
        return Found::new(
            Verdict::Skipped,
            "The carrier did not say what time it has.",
            "Der Anbieter hat seine Uhrzeit nicht genannt.",
        );
    };
    let away_s = now.as_seconds().abs_diff(theirs.as_second());
    if away_s <= SKEW_MAX_S {
        return Found::new(
            Verdict::Good,
            format!("Our clock and the carrier's agree ({away_s} s apart)."),
            format!("Unsere Uhr und die des Anbieters stimmen überein ({away_s} s Abweichung)."),
        );
    }
    Found::new(
        Verdict::Bad,
        format!(
            "Our clock and the carrier's are {away_s} s apart: signed webhooks will be refused. Turn on NTP on this machine."
        ),
        format!(
            "Unsere Uhr und die des Anbieters weichen um {away_s} s ab: signierte Webhooks werden abgelehnt. Bitte auf dieser Maschine NTP einschalten."
        ),
    )
}
