//! What was measured, as lines of JSON: CPU of the daemon and of the load, rates, percentiles, and how the two stand to
//! each other.

use crate::kamailio::Shape;
use crate::ledger::{Ledger, Percentiles};
use crate::process::{Disk, Process, own_cpu};
use crate::runs::OUTSTANDING;
use serde_json::{Value, json};
use std::time::Duration;

/// What was used while something was done.
pub struct Used {
    /// CPU of the process under measurement.
    cpu: Duration,
    /// CPU of the load itself: webhooks, phones and carrier run on the same cores.
    load: Duration,
    syncs: u64,
}

/// Does something and says what it took.
pub fn measured<T>(process: &Process, work: impl FnOnce() -> Result<T, String>) -> Result<(T, Used), String> {
    let (cpu, load, syncs) = (process.cpu(), own_cpu(), process.syncs());
    let done = work()?;
    Ok((done, Used { cpu: process.cpu() - cpu, load: own_cpu() - load, syncs: process.syncs() - syncs }))
}

/// The medians of the closed loops on one disk, and how they stand to Kamailio with the same webhooks.
pub fn compare(lines: &[Value], disk: Disk) {
    let median = |who: &str, what: &str, key: &str| {
        let of =
            lines.iter().filter(|line| line["who"] == who && line["what"] == what && line["sync_us"] == disk.sync_us);
        let mut values: Vec<f64> = of.filter_map(|line| line[key].as_f64()).collect();
        values.sort_by(f64::total_cmp);
        values.get(values.len() / 2).copied()
    };
    let rate = |who, what| median(who, what, "per_s");
    let (webhooks, kamailio) = (rate("depesche", "webhooks to phones"), rate("kamailio", "webhooks to phones"));
    let variant = Shape::Reference("webhook").who(1);
    let reference = rate(&variant, "webhooks to phones");
    let Some(webhooks) = webhooks else { return };
    print(json!({"what": "compared", "sync_us": disk.sync_us, "webhooks_per_s": webhooks,
        "webhooks_cpu_us": median("depesche", "webhooks to phones", "cpu_us"),
        "texts_per_s": rate("depesche", "texts to a carrier"),
        "texts_cpu_us": median("depesche", "texts to a carrier", "cpu_us"),
        "kamailio_webhooks_per_s": kamailio,
        "kamailio_webhooks_cpu_us": median("kamailio", "webhooks to phones", "cpu_us"),
        "kamailio_texts_per_s": rate("kamailio", "texts to phones"),
        "kamailio_texts_cpu_us": median("kamailio", "texts to phones", "cpu_us"),
        "webhooks_load_cpu_us": median("depesche", "webhooks to phones", "load_cpu_us"),
        "times_kamailio": kamailio.map(|kamailio| tenths(webhooks / kamailio)),
        "reference_webhooks_per_s": reference,
        "times_reference": reference.map(|reference| tenths(webhooks / reference))}));
}

pub fn closed_loop(what: &str, who: &str, disk: Disk, ledger: &Ledger, used: &Used, extra: Value) -> Value {
    let arrived = ledger.arrived_count().max(1);
    let mut line = json!({"what": what, "who": who, "sync_us": disk.sync_us, "outstanding": OUTSTANDING,
        "per_s": per_s(ledger.arrived_count(), ledger.forwarding()),
        "accepted_per_s": per_s(ledger.acked_count(), ledger.accepting()),
        "cpu_us": cpu_us(used, ledger), "load_cpu_us": each(used.load, ledger), "syncs_per_text": thousandths(used.syncs as f64 / arrived as f64),
        "texts": ledger.texts(), "accepted": ledger.acked_count(), "arrived": ledger.arrived_count(),
        "missing": ledger.missing(), "twice": ledger.twice()});
    add(&mut line, "accepted", ledger.to_acknowledged());
    add(&mut line, "arrived", ledger.to_arrived());
    let more = extra.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    for (key, value) in more {
        line[key] = value.clone();
    }
    line
}

pub fn add(line: &mut Value, what: &str, took: Percentiles) {
    line[format!("{what}_p50_ms")] = thousandths(took.p50_ms);
    line[format!("{what}_p99_ms")] = thousandths(took.p99_ms);
    line[format!("{what}_max_ms")] = tenths(took.max_ms);
}

pub fn cpu_us(used: &Used, ledger: &Ledger) -> Value {
    each(used.cpu, ledger)
}

fn each(cpu: Duration, ledger: &Ledger) -> Value {
    tenths(cpu.as_secs_f64() * 1e6 / ledger.arrived_count().max(1) as f64)
}

pub fn per_s(texts: u64, took: Duration) -> u64 {
    (texts as f64 / took.as_secs_f64().max(1e-9)) as u64
}

pub fn tenths(value: f64) -> Value {
    ((value * 10.0).round() / 10.0).into()
}

pub fn thousandths(value: f64) -> Value {
    ((value * 1000.0).round() / 1000.0).into()
}

pub fn print(line: Value) {
    println!("{line}");
}
