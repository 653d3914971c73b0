//! Campaigns. A thousand recipients at 30 a second to a carrier that answers after 150 ms: how far that is from the ideal.
//! And a hundred thousand: memory, the portal's questions while it runs, and a chat reply in the middle of it.

use crate::carrier::Carrier;
use crate::house::{Api, House, Running, Tools};
use crate::ledger::Ledger;
use crate::process::Disk;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How fast the number sends, and to how many.
const PACED: (f64, usize) = (30.0, 1_000);
const LARGE: (f64, usize) = (500.0, 100_000);
const QUICK: usize = 10_000;
/// A chat reply every so often.
const REPLY_EVERY: Duration = Duration::from_secs(2);
/// How long nothing may arrive before a run counts as over.
const PATIENCE: Duration = Duration::from_secs(20);

/// A house with one number, a carrier, and the admin's line to the house.
struct Scene {
    api: Api,
    running: Running,
    carrier: Carrier,
    // Last, since its folder goes with it.
    _house: House,
}

impl Scene {
    fn set(tools: &Tools, rate: f64, carrier_ms: u64) -> Result<Scene, String> {
        let said = |error: std::io::Error| error.to_string();
        let carrier = Carrier::that_answers_after(Duration::from_millis(carrier_ms)).map_err(said)?;
        let house = House::build(tools, "campaign", Disk { sync_us: 0 }).map_err(said)?;
        let mut running = house.start(tools)?;
        let mut api = house.set_up(tools, &running, carrier.address, 1)?.api;
        let mut limits = api.get("/campaigns/settings")?;
        for (limit, most) in [
            ("recipients_max", 100_000),
            ("user_per_day", 10_000_000),
            ("user_per_month", 10_000_000),
            ("number_per_day", 10_000_000),
            ("number_per_month", 10_000_000),
        ] {
            limits[limit] = most.into();
        }
        api.put("/campaigns/settings", &limits)?;
        running.process.stop();
        pace(&house.data(), rate)?;
        let running = house.start(tools)?;
        Ok(Scene { api, running, carrier, _house: house })
    }

    /// A draft to so many, whose texts carry their numbers.
    fn draft(&mut self, count: usize) -> Result<Value, String> {
        let plan = json!({"name": "Bench", "channel": 1, "sender": {"number": 1},
            "content": {"text": "#{{nr}} Guten Tag {{first_name|}}, unser Angebot gilt bis Freitag."},
            "rules": {"marketing": true, "session": "direct", "stop_after": 10}});
        let made = self.api.post("/campaigns", &json!({"plan": plan}))?;
        let id = made["id"].clone();
        let rows = (0..count).map(|nr| format!("+4915550{nr:06};{nr}\n"));
        let table = String::from("Handy;nr\n") + &rows.collect::<String>();
        self.api.upload(&format!("/campaigns/{id}/lists?name=bench.csv"), &table)?;
        Ok(id)
    }

    /// What a person asks before the launch: how long the answer takes, in seconds.
    fn asked(&mut self, id: &Value, count: usize) -> Result<[f64; 2], String> {
        let began = Instant::now();
        let estimate = self.api.post(&format!("/campaigns/{id}/estimate"), &json!({}))?;
        if estimate["recipients"] != count {
            return Err(format!("not all are written to: {estimate}"));
        }
        let estimated = began.elapsed().as_secs_f64();
        let began = Instant::now();
        self.api.get(&format!("/campaigns/{id}/preview?at={}", count - 1))?;
        Ok([estimated, began.elapsed().as_secs_f64()])
    }

    /// Launches it; how long that takes.
    fn launch(&mut self, id: &Value) -> Result<Duration, String> {
        let began = Instant::now();
        self.api.post(&format!("/campaigns/{id}/launch"), &json!({}))?;
        Ok(began.elapsed())
    }
}

/// The number's pace, past the daemon, which is not running; and the admin has the extension whom its number leads to, so
/// that the chat is theirs.
fn pace(data: &Path, rate: f64) -> Result<(), String> {
    let sql =
        format!("UPDATE numbers SET mps = {rate}; UPDATE users SET extension_id = (SELECT min(id) FROM extensions)");
    let ended = Command::new("sqlite3").arg(data.join("depesche.db")).arg(sql).status();
    let ended = ended.map_err(|error| format!("sqlite3: {error}"))?;
    if ended.success() { Ok(()) } else { Err("the pace could not be set".into()) }
}

/// The two measurements; the large one smaller where it must be quick.
pub fn measure(tools: &Tools, quick: bool) -> Result<(), String> {
    paced(tools)?;
    large(tools, if quick { QUICK } else { LARGE.1 })
}

fn paced(tools: &Tools) -> Result<(), String> {
    let (rate, count) = PACED;
    let mut scene = Scene::set(tools, rate, 150)?;
    let ledger = Arc::new(Ledger::new(count));
    scene.carrier.use_books(&ledger);
    let id = scene.draft(count)?;
    scene.launch(&id)?;
    let took = watched(&ledger, count, || Ok(0))?;
    let ideal = (count as f64 - 1.0) / rate;
    println!(
        "{}",
        json!({"what": "campaign at a pace", "recipients": count, "per_s": rate, "carrier_ms": 150,
        "arrived": ledger.arrived_count(), "twice": ledger.twice(), "took_s": round(took.as_secs_f64()),
        "ideal_s": round(ideal), "over_percent": round((took.as_secs_f64() / ideal - 1.0) * 100.0)})
    );
    Ok(())
}

fn large(tools: &Tools, count: usize) -> Result<(), String> {
    let rate = LARGE.0;
    let mut scene = Scene::set(tools, rate, 0)?;
    // Behind the campaign's own numbers: the chat's.
    let ledger = Arc::new(Ledger::new(count + 10_000));
    scene.carrier.use_books(&ledger);
    let idle_mb = scene.running.process.memory().rss_mb;
    let id = scene.draft(count)?;
    let [estimate_s, preview_s] = scene.asked(&id, count)?;
    let launched = scene.launch(&id)?;
    let paths = [
        "/campaigns".to_owned(),
        format!("/campaigns/{id}"),
        format!("/campaigns/{id}/results"),
        format!("/campaigns/{id}/recipients?limit=50"),
        format!("/campaigns/{id}/recipients?q=nobody"),
        format!("/campaigns/{id}/recipients?state=waiting&q=9999"),
    ];
    let (mut slowest, mut rss, mut replies) = ([0.0_f64; 6], Vec::new(), Vec::new());
    let mut next = Instant::now();
    let mut nth = count;
    let took = watched(&ledger, count, || {
        if Instant::now() < next {
            return Ok(nth - count);
        }
        next = Instant::now() + REPLY_EVERY;
        for (slowest, path) in slowest.iter_mut().zip(&paths) {
            let asked = Instant::now();
            scene.api.get(path)?;
            *slowest = slowest.max(asked.elapsed().as_secs_f64() * 1000.0);
        }
        rss.push(scene.running.process.memory().rss_mb);
        let sent = Instant::now();
        scene.api.post(
            "/sessions",
            &json!({"channel": 1, "number": 1, "to": format!("+4915551{nth:06}"),
            "text": format!("#{nth} Ja, gern."), "client_id": format!("bench-{nth}")}),
        )?;
        while !ledger.has_arrived(nth) && sent.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
        replies.push(sent.elapsed().as_secs_f64() * 1000.0);
        nth += 1;
        Ok(nth - count)
    })?;
    let most = |figures: &[f64]| figures.iter().copied().fold(0.0, f64::max);
    replies.sort_by(f64::total_cmp);
    let end_mb = scene.running.process.memory().rss_mb;
    let nth = |part: usize| rss.get(rss.len() * part / 4).copied().unwrap_or(0.0);
    let rss_mb = [nth(0), nth(1), nth(2), nth(3), end_mb].map(round);
    println!(
        "{}",
        json!({"what": "campaign, large", "recipients": count, "per_s": rate,
        "arrived": ledger.arrived_count(), "replies": replies.len(), "twice": ledger.twice(),
        "estimate_s": round(estimate_s), "preview_s": round(preview_s), "launch_s": round(launched.as_secs_f64()),
        "took_s": round(took.as_secs_f64()), "ideal_s": round((count + replies.len() - 1) as f64 / rate),
        "idle_rss_mb": round(idle_mb), "rss_mb": rss_mb,
        "rss_max_mb": round(most(&rss)),
        "list_max_ms": round(slowest[0]), "campaign_max_ms": round(slowest[1]), "results_max_ms": round(slowest[2]),
        "ledger_max_ms": round(slowest[3]), "search_max_ms": round(slowest[4].max(slowest[5])),
        "reply_p50_ms": round(replies.get(replies.len() / 2).copied().unwrap_or(0.0)), "reply_max_ms": round(most(&replies))})
    );
    Ok(())
}

/// Waits until so many have arrived, or nothing more comes, and does something meanwhile, which says how many others it
/// sent so far; from the first to the last.
fn watched(
    ledger: &Ledger,
    count: usize,
    mut meanwhile: impl FnMut() -> Result<usize, String>,
) -> Result<Duration, String> {
    let (mut so_far, mut others, mut since, mut began) = (0, 0, Instant::now(), None);
    loop {
        let now = ledger.arrived_count();
        if now > so_far {
            (so_far, since) = (now, Instant::now());
            began.get_or_insert(since);
        }
        if now >= (count + others) as u64 || since.elapsed() >= PATIENCE {
            return Ok(began.map_or(Duration::ZERO, |began| since - began));
        }
        if began.is_some() {
            others = meanwhile()?;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
