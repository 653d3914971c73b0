//! The measurements, each a function that prints one line. Depesche and Kamailio take turns, so that both see the
//! same machine.

use crate::carrier::Carrier;
use crate::figures::{add, closed_loop, compare, cpu_us, measured, per_s, print, tenths, thousandths};
use crate::house::{House, Running, Setup, Tools};
use crate::kamailio::{Kamailio, Shape};
use crate::ledger::Ledger;
use crate::outbound;
use crate::phones::Phones;
use crate::process::{Disk, Process};
use crate::texts::{self, Texts};
use crate::webhooks::{self, Webhooks};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Unanswered at a time, in the closed loops.
pub const OUTSTANDING: usize = 32;
/// Phones that ring, each with its number.
const EXTENSIONS: usize = 16;
/// Customers that write.
const PEERS: usize = 1000;
/// Open loop: a busy service desk many times over.
const STEADY_PER_S: f64 = 200.0;
/// What a phone finds that was away.
const STORED: usize = 1000;
/// How long nothing may arrive before a run counts as over.
const PATIENCE: Duration = Duration::from_secs(5);
const RAM: Disk = Disk { sync_us: 0 };
const SLOW: Disk = Disk { sync_us: 2000 };

/// How long it may take.
pub struct Plan {
    loop_for: Duration,
    steady_for: Duration,
    flood: usize,
    rest_for: Duration,
    rounds: usize,
}

impl Plan {
    /// Under two minutes.
    pub fn quick() -> Plan {
        Plan {
            loop_for: Duration::from_secs(4),
            steady_for: Duration::from_secs(8),
            flood: 30_000,
            rest_for: Duration::from_secs(15),
            rounds: 1,
        }
    }

    /// What is quoted.
    pub fn full() -> Plan {
        Plan {
            loop_for: Duration::from_secs(10),
            steady_for: Duration::from_secs(30),
            flood: 100_000,
            rest_for: Duration::from_secs(60),
            rounds: 3,
        }
    }
}

/// Runs what is named, or everything.
pub fn all(tools: &Tools, plan: &Plan, names: &[String]) -> Result<(), String> {
    let wanted = |name: &str| names.is_empty() || names.iter().any(|one| one == name);
    let kamailio = Kamailio::is_here();
    if !kamailio {
        eprintln!("skipped: Kamailio is not installed");
    }
    if kamailio && wanted("reference") && tools.reference.is_none() {
        eprintln!("skipped: the reference's own configurations of Kamailio (DEPESCHE_PERF names their folder)");
    }
    let reference = kamailio && wanted("reference") && tools.reference.is_some();
    let mut lines = Vec::new();
    for _ in 0..plan.rounds {
        for disk in [RAM, SLOW] {
            if kamailio && wanted("kamailio") {
                lines.push(kamailio_texts(tools, plan, disk, Shape::Own, 1)?);
                lines.push(kamailio_webhooks(tools, plan, disk, Shape::Own, 1)?);
            }
            if reference {
                // As many workers as give the best figure on either disk: one, since SQLite takes one writer.
                lines.push(kamailio_texts(tools, plan, disk, Shape::Reference("storefwd"), 1)?);
                lines.push(kamailio_texts(tools, plan, disk, Shape::Reference("storefwd"), 4)?);
                lines.push(kamailio_webhooks(tools, plan, disk, Shape::Reference("webhook"), 1)?);
            }
            if wanted("webhooks") {
                lines.push(webhooks_to_phones(tools, plan, disk)?);
            }
            if wanted("texts") {
                lines.push(texts_to_carrier(tools, plan, disk)?);
            }
        }
    }
    for disk in [RAM, SLOW] {
        compare(&lines, disk);
    }
    if wanted("outbound") {
        for delay_ms in [0, 50, 150] {
            outbound_to_carrier(tools, plan, delay_ms)?;
        }
    }
    if wanted("campaign") {
        crate::campaign::measure(tools, plan.rounds == 1)?;
    }
    if wanted("media") {
        crate::media::measure(tools)?;
    }
    if wanted("steady") {
        steady(tools, plan)?;
    }
    if wanted("return") {
        phone_returns(tools)?;
    }
    if wanted("flood") {
        flood(tools, plan)?;
    }
    Ok(())
}

/// A house with its surroundings: phones that are registered, a carrier that takes all.
struct Scene {
    running: Running,
    setup: Setup,
    phones: Phones,
    carrier: Carrier,
    // Last, since its folder goes with it.
    house: House,
}

impl Scene {
    fn set(tools: &Tools, disk: Disk, registered: bool) -> Result<Scene, String> {
        let house = House::build(tools, "depesche", disk).map_err(|error| error.to_string())?;
        let carrier = Carrier::open().map_err(|error| error.to_string())?;
        let running = house.start(tools)?;
        let setup = house.set_up(tools, &running, carrier.address, EXTENSIONS)?;
        // What is measured has not hashed an admin's password, which alone takes 19 MB.
        drop(running);
        let running = house.start(tools)?;
        let phones = Phones::switch_on().map_err(|error| error.to_string())?;
        let scene = Scene { running, setup, phones, carrier, house };
        if registered {
            scene.register()?;
        }
        Ok(scene)
    }

    fn register(&self) -> Result<(), String> {
        self.setup.accounts.iter().try_for_each(|account| self.phones.register(self.running.sip(), account))
    }

    fn webhooks(&self, run: &str) -> Webhooks {
        Webhooks {
            server: self.running.webhooks(),
            path: self.setup.webhook_path.clone(),
            secret: Some(self.setup.webhook_secret.clone()),
            nested: false,
            to: self.setup.numbers.clone(),
            peers: PEERS,
            outstanding: OUTSTANDING,
            rate: 0.0,
            for_long: None,
            run: run.to_owned(),
        }
    }
}

/// Waits until all that was acknowledged has arrived, or nothing more comes.
fn drained(ledger: &Ledger) {
    let (mut so_far, mut since) = (0, Instant::now());
    while ledger.arrived_count() < ledger.acked_count() && since.elapsed() < PATIENCE {
        if ledger.arrived_count() > so_far {
            (so_far, since) = (ledger.arrived_count(), Instant::now());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    // What came of the last ones is still being written.
    std::thread::sleep(Duration::from_millis(300));
}

fn webhooks_to_phones(tools: &Tools, plan: &Plan, disk: Disk) -> Result<Value, String> {
    let scene = Scene::set(tools, disk, true)?;
    let ledger = Arc::new(Ledger::new(1_000_000));
    scene.phones.use_books(&ledger);
    let webhooks = Webhooks { for_long: Some(plan.loop_for), ..scene.webhooks("loop") };
    let (came, used) = measured(&scene.running.process, || {
        let came = webhooks::send(&webhooks, &ledger).map_err(|error| error.to_string())?;
        drained(&ledger);
        Ok(came)
    })?;
    let extra = json!({"refused": came.refused, "broken": came.broken, "sample": came.refusal});
    let line = closed_loop("webhooks to phones", "depesche", disk, &ledger, &used, extra);
    print(line.clone());
    Ok(line)
}

fn texts_to_carrier(tools: &Tools, plan: &Plan, disk: Disk) -> Result<Value, String> {
    let scene = Scene::set(tools, disk, true)?;
    let ledger = Arc::new(Ledger::new(1_000_000));
    scene.carrier.use_books(&ledger);
    let texts = Texts {
        server: scene.running.sip(),
        accounts: &scene.setup.accounts,
        to: &|number| format!("+49155500{:05}", number % PEERS),
        outstanding: OUTSTANDING,
        for_long: Some(plan.loop_for),
    };
    let (came, used) = measured(&scene.running.process, || {
        let came = texts::send(&texts, &ledger).map_err(|error| error.to_string())?;
        drained(&ledger);
        Ok(came)
    })?;
    let extra = json!({"refused": came.refused, "unanswered": came.unanswered, "retransmitted": came.retransmitted,
                       "sample": came.refusal});
    let line = closed_loop("texts to a carrier", "depesche", disk, &ledger, &used, extra);
    print(line.clone());
    Ok(line)
}

/// A queue that is already there, to a carrier that answers after so many milliseconds; beside it a bare client.
fn outbound_to_carrier(tools: &Tools, plan: &Plan, delay_ms: u64) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    let ideal = if delay_ms == 0 { 4000.0 } else { outbound::CALLS as f64 * 1000.0 / delay_ms as f64 };
    let count = (ideal * plan.loop_for.as_secs_f64()) as usize;
    let delay = Duration::from_millis(delay_ms);

    let carrier = Carrier::that_answers_after(delay).map_err(said)?;
    let house = House::build(tools, "house", RAM).map_err(said)?;
    let mut running = house.start(tools)?;
    house.set_up(tools, &running, carrier.address, EXTENSIONS)?;
    running.process.stop();
    outbound::file(&house.data(), count, EXTENSIONS)?;
    let ledger = Arc::new(Ledger::new(count));
    carrier.use_books(&ledger);
    let running = house.start(tools)?;
    let took = all_arrived(&ledger, count);
    std::thread::sleep(Duration::from_millis(300));
    outbound_line("depesche", delay_ms, &ledger, took, &running.process);
    drop(running);

    let carrier = Carrier::that_answers_after(delay).map_err(said)?;
    let ledger = Arc::new(Ledger::new(count));
    carrier.use_books(&ledger);
    let process = outbound::bare(carrier.address, count, &tools.shim, &tools.folder).map_err(said)?;
    let took = all_arrived(&ledger, count);
    outbound_line("a bare HTTP client", delay_ms, &ledger, took, &process);
    Ok(())
}

/// Waits for all of them, or until nothing more comes; from the first to the last.
fn all_arrived(ledger: &Ledger, count: usize) -> Duration {
    let (mut so_far, mut since, mut began) = (0, Instant::now(), None);
    while ledger.arrived_count() < count as u64 && since.elapsed() < PATIENCE {
        let now = ledger.arrived_count();
        if now > so_far {
            (so_far, since) = (now, Instant::now());
            began.get_or_insert(since);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    began.map_or(Duration::ZERO, |began| began.elapsed())
}

fn outbound_line(who: &str, delay_ms: u64, ledger: &Ledger, took: Duration, process: &Process) {
    print(json!({"what": "outbound", "who": who, "carrier_ms": delay_ms, "calls": outbound::CALLS,
        "texts": ledger.arrived_count(), "per_s": per_s(ledger.arrived_count(), took), "twice": ledger.twice(),
        "cpu_us": tenths(process.cpu().as_secs_f64() * 1e6 / ledger.arrived_count().max(1) as f64),
        "rss_mb": tenths(process.memory().rss_mb)}));
}

impl Shape {
    pub fn who(self, workers: usize) -> String {
        match self {
            Shape::Own => "kamailio".into(),
            Shape::Reference(variant) => format!("kamailio {variant}, {workers} workers"),
        }
    }
}

/// Phones that are registered; the reference's webhooks know one, which is called bob.
fn kamailio_phones(
    kamailio: &Kamailio,
    ledger: &Arc<Ledger>,
    shape: Shape,
) -> Result<(Phones, Vec<crate::sip::Account>), String> {
    let phones = Phones::switch_on().map_err(|error| error.to_string())?;
    phones.use_books(ledger);
    let names: Vec<String> = match shape {
        Shape::Reference("webhook") => vec!["bob".into()],
        _ => (0..EXTENSIONS).map(|nth| format!("+4930555{nth:04}")).collect(),
    };
    let accounts: Vec<_> = names.into_iter().map(|user| crate::sip::Account { user, password: None }).collect();
    accounts.iter().try_for_each(|account| phones.register(kamailio.sip, account))?;
    Ok((phones, accounts))
}

fn kamailio_texts(tools: &Tools, plan: &Plan, disk: Disk, shape: Shape, workers: usize) -> Result<Value, String> {
    let kamailio = Kamailio::start(tools, disk, shape, workers)?;
    let ledger = Arc::new(Ledger::new(1_000_000));
    let (_phones, accounts) = kamailio_phones(&kamailio, &ledger, shape)?;
    let memory = kamailio.process.memory();
    let texts = Texts {
        server: kamailio.sip,
        accounts: &accounts,
        to: &|number| format!("+4930555{:04}", number % EXTENSIONS),
        outstanding: OUTSTANDING,
        for_long: Some(plan.loop_for),
    };
    let (came, used) = measured(&kamailio.process, || {
        let came = texts::send(&texts, &ledger).map_err(|error| error.to_string())?;
        drained(&ledger);
        Ok(came)
    })?;
    let (stored, delivered) = kamailio.stored();
    let extra = json!({"refused": came.refused, "unanswered": came.unanswered, "retransmitted": came.retransmitted,
                       "stored": stored, "marked": delivered, "idle_rss_mb": tenths(memory.rss_mb),
                       "idle_pss_mb": tenths(memory.pss_mb)});
    let line = closed_loop("texts to phones", &shape.who(workers), disk, &ledger, &used, extra);
    print(line.clone());
    Ok(line)
}

fn kamailio_webhooks(tools: &Tools, plan: &Plan, disk: Disk, shape: Shape, workers: usize) -> Result<Value, String> {
    let kamailio = Kamailio::start(tools, disk, shape, workers)?;
    let ledger = Arc::new(Ledger::new(1_000_000));
    let (_phones, accounts) = kamailio_phones(&kamailio, &ledger, shape)?;
    let webhooks = Webhooks {
        server: kamailio.webhooks,
        path: "/hook".into(),
        secret: None,
        nested: shape != Shape::Own,
        to: accounts.iter().map(|account| account.user.clone()).collect(),
        peers: PEERS,
        outstanding: OUTSTANDING,
        rate: 0.0,
        for_long: Some(plan.loop_for),
        run: "loop".into(),
    };
    let (came, used) = measured(&kamailio.process, || {
        let came = webhooks::send(&webhooks, &ledger).map_err(|error| error.to_string())?;
        drained(&ledger);
        Ok(came)
    })?;
    let (stored, delivered) = kamailio.stored();
    let extra = json!({"refused": came.refused, "broken": came.broken, "stored": stored, "marked": delivered,
                       "sample": came.refusal});
    let line = closed_loop("webhooks to phones", &shape.who(workers), disk, &ledger, &used, extra);
    print(line.clone());
    Ok(line)
}

/// From webhook to phone, at a rate.
fn steady(tools: &Tools, plan: &Plan) -> Result<(), String> {
    let scene = Scene::set(tools, RAM, true)?;
    let ledger = Arc::new(Ledger::new((STEADY_PER_S * plan.steady_for.as_secs_f64()) as usize));
    scene.phones.use_books(&ledger);
    let webhooks = Webhooks { rate: STEADY_PER_S, outstanding: 64, ..scene.webhooks("steady") };
    let (_, used) = measured(&scene.running.process, || {
        let came = webhooks::send(&webhooks, &ledger).map_err(|error| error.to_string())?;
        drained(&ledger);
        Ok(came)
    })?;
    let mut line = json!({"what": "webhook to phone, 200/s", "who": "depesche", "texts": ledger.texts(),
        "missing": ledger.missing(), "twice": ledger.twice(), "cpu_us": cpu_us(&used, &ledger)});
    add(&mut line, "accepted", ledger.to_acknowledged());
    add(&mut line, "arrived", ledger.to_arrived());
    print(line);
    Ok(())
}

/// A phone that was away registers, and finds what was stored for it.
fn phone_returns(tools: &Tools) -> Result<(), String> {
    let scene = Scene::set(tools, RAM, false)?;
    let ledger = Arc::new(Ledger::new(STORED));
    let webhooks =
        Webhooks { to: vec![scene.setup.numbers[0].clone()], outstanding: 1, peers: 20, ..scene.webhooks("away") };
    let came = webhooks::send(&webhooks, &ledger).map_err(|error| error.to_string())?;
    let stored = ledger.acked_count();
    // The outbox has looked for the phone in vain, and rests.
    std::thread::sleep(Duration::from_secs(2));
    let back = Arc::new(Ledger::new(STORED));
    scene.phones.use_books(&back);
    scene.phones.register(scene.running.sip(), &scene.setup.accounts[0])?;
    let began = Instant::now();
    while back.arrived_count() < stored && began.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    // Whatever would come twice comes soon.
    std::thread::sleep(Duration::from_secs(2));
    print(json!({"what": "a phone returns", "who": "depesche", "stored": stored, "broken": came.broken,
        "arrived": back.arrived_count(), "took_s": thousandths(back.last_arrival().as_secs_f64()),
        "out_of_order": back.out_of_order(), "twice": back.twice()}));
    Ok(())
}

/// Start and memory: empty, after a flood, some time later, and the start with what the flood left.
fn flood(tools: &Tools, plan: &Plan) -> Result<(), String> {
    let mut scene = Scene::set(tools, RAM, true)?;
    scene.running.process.stop();
    scene.running = scene.house.start(tools)?;
    let empty = scene.running.ready_after;
    std::thread::sleep(Duration::from_secs(2));
    let idle = scene.running.process.memory();
    let ledger = Arc::new(Ledger::new(plan.flood));
    scene.phones.use_books(&ledger);
    let webhooks = Webhooks { outstanding: 120, ..scene.webhooks("flood") };
    let came = webhooks::send(&webhooks, &ledger).map_err(|error| error.to_string())?;
    let at_once = scene.running.process.memory();
    drained(&ledger);
    std::thread::sleep(plan.rest_for);
    let rested = scene.running.process.memory();
    let (arrived, missing, twice) = (ledger.arrived_count(), ledger.missing(), ledger.twice());
    scene.running.process.stop();
    let bytes = scene.house.bytes();
    scene.running = scene.house.start(tools)?;
    print(json!({"what": "start", "who": "depesche", "empty_s": thousandths(empty.as_secs_f64()),
        "with_texts": ledger.acked_count(), "database_mb": tenths(bytes as f64 / 1e6),
        "with_texts_s": thousandths(scene.running.ready_after.as_secs_f64())}));
    print(json!({"what": "memory", "who": "depesche", "idle_rss_mb": tenths(idle.rss_mb),
        "idle_pss_mb": tenths(idle.pss_mb), "flood": ledger.texts(), "refused": came.refused, "arrived": arrived,
        "missing": missing, "twice": twice, "flood_per_s": per_s(ledger.acked_count(), ledger.accepting()),
        "after_flood_rss_mb": tenths(at_once.rss_mb), "rested_s": plan.rest_for.as_secs(),
        "rested_rss_mb": tenths(rested.rss_mb), "rested_pss_mb": tenths(rested.pss_mb)}));
    Ok(())
}
