//! One way to a phone to its end, in the words that phone understands: a file by its offer, else by a link in a text; a text
//! whole, else in numbered texts. What was taken is remembered so that nothing is shown twice.

use crate::clock::Clock;
use crate::domain::exchange::Exchange;
use crate::domain::reason::{Reason, ReasonCode};
use crate::egress::phone_way::{About, End, Letter, UDP_BYTES_MAX, Way, carry};
use crate::sip::digest::bounded::Bounded;
use crate::sip::endpoint::Endpoint;
use crate::sip::text::offer::OFFER_TYPE;
use crate::sip::text::split::split;
use bytes::Bytes;
use std::sync::Mutex;
use std::time::Duration;

/// Texts and parts of texts that were taken, remembered so that none is shown twice.
const TAKEN_KEPT_MAX: usize = 20_000;
/// Phones that refused the offer of a file, remembered so that the next file is a link at once.
const REFUSED_KEPT_MAX: usize = 5_000;
/// How long such a phone is not offered a file again: its owner may switch it on.
const REFUSED_FOR: Duration = Duration::from_secs(24 * 3600);
/// Texts one message may become on a phone that has only UDP.
const PARTS_MAX: usize = 40;
/// Before the Call-ID of a text that stands for a file: a phone that saw the offer's Call-ID drops it when it comes again.
const INSTEAD: &str = "t-";

/// The reference of the delivery that this Call-ID belongs to: as phones name it in their receipts.
pub fn reference_of(call_id: &str) -> &str {
    call_id.strip_prefix(INSTEAD).unwrap_or(call_id)
}

/// What is said.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// A text.
    pub letter: Letter,
    /// Bodies that offer the file this is about, the best first; where none is taken, the text says where it is.
    pub offers: Vec<Bytes>,
}

impl Said {
    /// Nothing but a letter.
    pub fn only(letter: Letter) -> Said {
        Said { letter, offers: Vec::new() }
    }
}

/// What phones took and refused.
pub(super) struct Memory {
    taken: Mutex<Bounded<String, ()>>,
    refused: Mutex<Bounded<String, Duration>>,
}

impl Memory {
    pub fn new() -> Memory {
        Memory { taken: Mutex::new(Bounded::new(TAKEN_KEPT_MAX)), refused: Mutex::new(Bounded::new(REFUSED_KEPT_MAX)) }
    }

    pub fn was_taken(&self, key: &str) -> bool {
        self.taken.lock().expect("nothing under this lock panics").get(&key.to_owned()).is_some()
    }

    fn note_taken(&self, key: String) {
        self.taken.lock().expect("nothing under this lock panics").insert(key, ());
    }

    fn refuses_files(&self, phone: &String, now: Duration) -> bool {
        let refused = self.refused.lock().expect("nothing under this lock panics");
        refused.get(phone).is_some_and(|at| now.saturating_sub(*at) < REFUSED_FOR)
    }

    fn note_refused(&self, phone: String, now: Duration) {
        self.refused.lock().expect("nothing under this lock panics").insert(phone, now);
    }
}

/// One way, and what is at hand for it.
pub(super) struct Branch<'a> {
    pub endpoint: &'a Endpoint,
    pub clock: &'a Clock,
    pub memory: &'a Memory,
    pub way: &'a Way,
    pub about: About,
}

impl Branch<'_> {
    /// To its end.
    pub async fn say(&self, said: &Said) -> (End, Vec<Exchange>) {
        let letter = &said.letter;
        let (end, exchanges) = match &self.way.takes_files {
            Some(phone) if !said.offers.is_empty() => self.offer(phone, said).await,
            _ => self.tell(letter).await,
        };
        if end == End::Taken {
            self.memory.note_taken(letter.call_id.clone());
        }
        (end, exchanges)
    }

    /// The file's offer, and the text in its stead where the phone does not take that.
    async fn offer(&self, phone: &String, said: &Said) -> (End, Vec<Exchange>) {
        let mut exchanges = Vec::new();
        if !self.memory.refuses_files(phone, self.clock.monotonic()) {
            for body in &said.offers {
                let letter = Letter { content_type: OFFER_TYPE, body: body.clone(), ..said.letter.clone() };
                let (end, more) = self.carry(&letter).await;
                exchanges.extend(more);
                match end {
                    // The next one is shorter.
                    End::TooLong => continue,
                    End::Never(reason) => {
                        if matches!(reason.carrier_code.as_deref(), Some("406" | "415" | "488")) {
                            self.memory.note_refused(phone.clone(), self.clock.monotonic());
                        }
                        break;
                    }
                    other => return (other, exchanges),
                }
            }
        }
        // Always this one after an offer's refusal, in later tries too, so that a phone that shows a repetition shows it once.
        let instead = Letter { call_id: format!("{INSTEAD}{}", said.letter.call_id), ..said.letter.clone() };
        let (end, more) = self.tell(&instead).await;
        exchanges.extend(more);
        (end, exchanges)
    }

    /// A text: whole if it goes, else in numbered texts.
    async fn tell(&self, letter: &Letter) -> (End, Vec<Exchange>) {
        let (mut end, mut exchanges) = self.carry(letter).await;
        if end == End::TooLong {
            let more;
            (end, more) = self.in_parts(letter).await;
            exchanges.extend(more);
        }
        (end, exchanges)
    }

    async fn carry(&self, letter: &Letter) -> (End, Vec<Exchange>) {
        carry(self.endpoint, self.clock, self.way, letter, self.about).await
    }

    /// Numbered texts, one after the other. Each is a message of its own to the phone and has a Call-ID of its own;
    /// the last has the message's, so that its receipt speaks for all.
    async fn in_parts(&self, letter: &Letter) -> (End, Vec<Exchange>) {
        let too_long = || End::Never(Reason::of(ReasonCode::TextTooLong));
        let Ok(text) = std::str::from_utf8(&letter.body) else { return (too_long(), Vec::new()) };
        // Room for the part's number in its Call-ID.
        let room = UDP_BYTES_MAX.saturating_sub(letter.head_bytes_about(self.way) + 8);
        let parts = split(text, room);
        if parts.len() > PARTS_MAX || parts.len() < 2 {
            return (too_long(), Vec::new());
        }
        let mut exchanges = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let is_last = at + 1 == parts.len();
            let call_id = if is_last { letter.call_id.clone() } else { format!("p{}-{}", at + 1, letter.call_id) };
            let key = format!("{call_id} {}", self.way.uri);
            if self.memory.was_taken(&key) {
                continue;
            }
            let letter = Letter { call_id, body: Bytes::copy_from_slice(part.as_bytes()), ..letter.clone() };
            let (end, said) = self.carry(&letter).await;
            exchanges.extend(said);
            match end {
                End::Taken => self.memory.note_taken(key),
                End::TooLong => return (too_long(), exchanges),
                other => return (other, exchanges),
            }
        }
        (End::Taken, exchanges)
    }
}
