//! The books: when each numbered text was sent, when it was acknowledged, when it arrived at the other end.
//! A text carries its number ("#17 ..."), so that whoever sees it can enter it here; each is in one process.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What texts look like after their number: 160 characters in all, as people write them.
const WORDS: &str = "Guten Tag, könnten Sie mir bitte sagen, ob mein Paket heute noch kommt? Ich bin ab 17 Uhr zu Hause, \
     sonst bitte beim Nachbarn im Erdgeschoss abgeben. Vielen Dank und schöne Grüße";

/// One run's books.
pub struct Ledger {
    began: Instant,
    rows: Vec<Row>,
    next: AtomicU64,
    acked: AtomicU64,
    arrived: AtomicU64,
    twice: AtomicU64,
    out_of_order: AtomicU64,
    highest: AtomicU64,
    last_ack_ns: AtomicU64,
    last_arrival_ns: AtomicU64,
}

/// Nanoseconds since the run began, plus one; 0 means not yet.
#[derive(Default)]
struct Row {
    sent: AtomicU64,
    acked: AtomicU64,
    arrived: AtomicU64,
}

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Percentiles {
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub max_ms: f64,
}

impl Ledger {
    /// Empty books for at most this many texts.
    pub fn new(texts_max: usize) -> Ledger {
        Ledger {
            began: Instant::now(),
            rows: std::iter::repeat_with(Row::default).take(texts_max).collect(),
            next: AtomicU64::new(0),
            acked: AtomicU64::new(0),
            arrived: AtomicU64::new(0),
            twice: AtomicU64::new(0),
            out_of_order: AtomicU64::new(0),
            highest: AtomicU64::new(0),
            last_ack_ns: AtomicU64::new(0),
            last_arrival_ns: AtomicU64::new(0),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX - 1) + 1
    }

    /// The number of the next text, and when it is due at this rate (0: at once); `None` when the books are full or time is up.
    pub fn next(&self, rate: f64, until: Option<Duration>) -> Option<(usize, Duration)> {
        if until.is_some_and(|until| self.began.elapsed() >= until) {
            return None;
        }
        let number = usize::try_from(self.next.fetch_add(1, Ordering::Relaxed)).ok()?;
        if number >= self.rows.len() {
            self.next.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let due = if rate > 0.0 { Duration::from_secs_f64(number as f64 / rate) } else { Duration::ZERO };
        Some((number, due))
    }

    /// How long until that moment of the run.
    pub fn until(&self, due: Duration) -> Duration {
        due.saturating_sub(self.began.elapsed())
    }

    /// The text leaves now; in an open loop it counts from when it was due, so that a late sender hides nothing.
    pub fn sent(&self, number: usize, due: Duration) {
        let at = if due.is_zero() { self.now() } else { u64::try_from(due.as_nanos()).unwrap_or(0) + 1 };
        self.rows[number].sent.store(at, Ordering::Relaxed);
    }

    /// It was acknowledged as safe.
    pub fn acked(&self, number: usize) {
        let now = self.now();
        if self.rows[number].acked.swap(now, Ordering::Relaxed) == 0 {
            self.acked.fetch_add(1, Ordering::Relaxed);
            self.last_ack_ns.fetch_max(now, Ordering::Relaxed);
        }
    }

    /// It arrived at the other end.
    pub fn arrived(&self, number: usize) {
        let now = self.now();
        let Some(row) = self.rows.get(number) else { return };
        if row.arrived.swap(now, Ordering::Relaxed) != 0 {
            self.twice.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let before = self.highest.fetch_max(number as u64 + 1, Ordering::Relaxed);
        if before > number as u64 {
            self.out_of_order.fetch_add(1, Ordering::Relaxed);
        }
        self.arrived.fetch_add(1, Ordering::Relaxed);
        self.last_arrival_ns.fetch_max(now, Ordering::Relaxed);
    }

    /// Whether this one is there.
    pub fn has_arrived(&self, number: usize) -> bool {
        self.rows.get(number).is_some_and(|row| row.arrived.load(Ordering::Relaxed) != 0)
    }

    /// How many were sent.
    pub fn texts(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    pub fn acked_count(&self) -> u64 {
        self.acked.load(Ordering::Relaxed)
    }

    pub fn arrived_count(&self) -> u64 {
        self.arrived.load(Ordering::Relaxed)
    }

    /// How many came more than once, as the receiver saw it.
    pub fn twice(&self) -> u64 {
        self.twice.load(Ordering::Relaxed)
    }

    /// How many came after a later one.
    pub fn out_of_order(&self) -> u64 {
        self.out_of_order.load(Ordering::Relaxed)
    }

    /// Acknowledged but never arrived.
    pub fn missing(&self) -> u64 {
        let missing = |row: &&Row| row.acked.load(Ordering::Relaxed) != 0 && row.arrived.load(Ordering::Relaxed) == 0;
        self.rows.iter().filter(missing).count() as u64
    }

    /// From the first sent to the last acknowledged.
    pub fn accepting(&self) -> Duration {
        Duration::from_nanos(self.last_ack_ns.load(Ordering::Relaxed).saturating_sub(self.first_sent()))
    }

    /// From the first sent to the last arrived.
    pub fn forwarding(&self) -> Duration {
        Duration::from_nanos(self.last_arrival_ns.load(Ordering::Relaxed).saturating_sub(self.first_sent()))
    }

    /// From the beginning of the run to the last arrived.
    pub fn last_arrival(&self) -> Duration {
        Duration::from_nanos(self.last_arrival_ns.load(Ordering::Relaxed))
    }

    fn first_sent(&self) -> u64 {
        self.rows.first().map_or(0, |row| row.sent.load(Ordering::Relaxed))
    }

    /// Sent to acknowledged.
    pub fn to_acknowledged(&self) -> Percentiles {
        percentiles(self.rows.iter().map(|row| (&row.sent, &row.acked)))
    }

    /// Sent to arrived.
    pub fn to_arrived(&self) -> Percentiles {
        percentiles(self.rows.iter().map(|row| (&row.sent, &row.arrived)))
    }
}

fn percentiles<'r>(rows: impl Iterator<Item = (&'r AtomicU64, &'r AtomicU64)>) -> Percentiles {
    let mut took: Vec<u64> = rows
        .map(|(from, to)| (from.load(Ordering::Relaxed), to.load(Ordering::Relaxed)))
        .filter(|(from, to)| *from != 0 && *to != 0)
        .map(|(from, to)| to.saturating_sub(from))
        .collect();
    took.sort_unstable();
    let Some(&most) = took.last() else { return Percentiles::default() };
    let ms = |ns: u64| ns as f64 / 1e6;
    let at = |share: f64| ms(took[((took.len() as f64 * share) as usize).min(took.len() - 1)]);
    Percentiles { p50_ms: at(0.5), p99_ms: at(0.99), max_ms: ms(most) }
}

/// The words of a text: its number, then as much as fits 160 characters.
pub fn words(number: usize) -> String {
    let mut text = format!("#{number} ");
    let room = 160 - text.len();
    text.extend(WORDS.chars().take(room));
    text
}

/// The number in a text, wherever it stands in these bytes.
pub fn number_in(bytes: &[u8]) -> Option<usize> {
    let at = bytes.iter().position(|&byte| byte == b'#')?;
    let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit());
    let mut number = None;
    for digit in digits {
        number = Some(number.unwrap_or(0_usize).checked_mul(10)?.checked_add(usize::from(digit - b'0'))?);
    }
    number
}
