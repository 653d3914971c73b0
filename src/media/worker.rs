//! The helper process: one file, one job, one answer. It gives up everything it does not need before it looks at the first
//! byte, and gets more memory and time only for bytes that a file brings.

use crate::domain::media::{FileFacts, FitWish, Fitted, MediaFamily, MediaType};
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, refuse, too_complex};
use crate::media::order::{Answer, Inspected, Order, Outcome};
use crate::media::picture::header::Header;
use crate::media::picture::{fit, open};
use crate::media::{paper, sniff};
use crate::os::confine::{self, Allowance, OwnAccount};
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::ExitCode;

/// What looking at a file may cost, whatever it is and whoever sent it, and what making a stranger's file fit may: with
/// program and libraries that stays below 64 MB.
const MEMORY_BYTES: u64 = 48 << 20;
const CPU_S: u64 = 2;
/// What opening a paper or a picture may cost of that; the rest is reading, and what was counted too low.
const PAPER_BYTES: u64 = 40 << 20;
const PICTURE_BYTES: u64 = 46 << 20;
/// What no file may cost that people here make fit: two at once leave the daemon its share of the unit's gigabyte.
const MEMORY_BYTES_MAX: u64 = 384 << 20;
const CPU_S_MAX: u64 = 30;
/// A small picture beside the pixels of the large one.
const THUMB_WORK_BYTES: u64 = 8 << 20;
const THUMB_BYTES_MAX: u64 = 1 << 20;
/// Bytes of a file that bring another second: looked at, by a build for tests, which is many times slower; written anew.
const BYTES_PER_S_INSPECT: u64 = if cfg!(debug_assertions) { 16 << 20 } else { u64::MAX };
const BYTES_PER_S_FIT: u64 = 1 << 20;
/// What writing anew may cost a file whose header was believed; a build for tests is many times slower.
const FIT_S: u64 = if cfg!(debug_assertions) { 20 } else { 2 };

/// The whole program: does what its argument says with the file at standard input, and prints the answer. How it ends
/// otherwise is what the workshop goes by.
pub fn main(order: Option<OsString>) -> ExitCode {
    let order = order.and_then(|order| order.into_string().ok()).unwrap_or_default();
    match work(&order) {
        Ok(answer) if writeln!(std::io::stdout(), "{answer}").is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            // Nothing is left to be done where even stderr is gone.
            let _ = writeln!(std::io::stderr(), "depesche-media-worker: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Does what the line says with the file at standard input; the answer is a line again. An error is our own, not the file's.
fn work(order: &str) -> Result<String, String> {
    let order: Order = serde_json::from_str(order).map_err(|error| format!("an order that cannot be read: {error}"))?;
    let mut confined = Confined::new(&order).map_err(|error| error.to_string())?;
    let outcome = match confined.job(&order) {
        Ok(outcome) => outcome,
        Err(reason) => Outcome::Refused(reason),
    };
    let (peak_bytes, cpu_ms) = (confined.account.peak_bytes(), confine::own_cpu_ms());
    serde_json::to_string(&Answer { outcome, peak_bytes, cpu_ms }).map_err(|error| error.to_string())
}

struct Confined {
    account: OwnAccount,
    output: Option<File>,
    most: Allowance,
}

impl Confined {
    /// Takes the limits, opens what is needed, and locks the door.
    fn new(order: &Order) -> Result<Confined, Box<dyn std::error::Error>> {
        let file_bytes = match order {
            Order::Inspect { .. } => THUMB_BYTES_MAX,
            Order::Fit { wish, .. } => wish.bytes_max.saturating_add(1 << 20),
        };
        let now = Allowance { memory_bytes: MEMORY_BYTES, cpu_s: CPU_S, file_bytes };
        let most = match order {
            Order::Fit { for_strangers: false, .. } => {
                Allowance { memory_bytes: MEMORY_BYTES_MAX, cpu_s: CPU_S_MAX, file_bytes }
            }
            _ if cfg!(debug_assertions) => Allowance { cpu_s: CPU_S_MAX, ..now },
            _ => now,
        };
        confine::limit_ourselves(now, most)?;
        let account = OwnAccount::open()?;
        let output = match order {
            Order::Inspect { thumb_to } => thumb_to.as_deref().map(open_output).transpose()?,
            Order::Fit { to, .. } => Some(open_output(to)?),
        };
        confine::lock_ourselves_in()?;
        Ok(Confined { account, output, most })
    }

    fn job(&mut self, order: &Order) -> Result<Outcome, Reason> {
        let input = std::io::stdin().as_fd().try_clone_to_owned().map_err(open::impossible)?;
        let mut source = Source::new(File::from(input))?;
        self.allow(0, source.len() / BYTES_PER_S_INSPECT)?;
        let media_type = sniff::sniff(&mut source)?;
        match order {
            Order::Inspect { .. } => self.inspect(&mut source, media_type).map(Outcome::Inspected),
            Order::Fit { wish, .. } => self.fit(&mut source, media_type, wish).map(Outcome::Fitted),
        }
    }

    /// As much memory and as many seconds more as this file has brought the bytes for.
    fn allow(&self, memory: u64, more_s: u64) -> Result<(), Reason> {
        if memory > self.most.memory_bytes {
            return Err(too_complex("a file that takes more memory than there is for one"));
        }
        let memory_bytes = memory.max(MEMORY_BYTES);
        let now = Allowance { memory_bytes, cpu_s: CPU_S + more_s, ..self.most };
        confine::allow(now, self.most).map_err(open::impossible)
    }

    fn inspect(&mut self, source: &mut Source, media_type: MediaType) -> Result<Inspected, Reason> {
        match media_type.family() {
            MediaFamily::Picture => {
                let header = Header::read(source, media_type)?;
                let facts = header.facts(source.len());
                if header.memory_to_look(THUMB_WORK_BYTES) > PICTURE_BYTES {
                    // Its parts were read and fit together; a picture that takes more is given out as it is.
                    let has_location = header.has_location;
                    return Ok(Inspected { facts, has_thumb: false, active: false, has_location });
                }
                let opened = open::open(source, &header)?;
                let has_thumb = self.write_thumb(&open::thumbnail(&opened, &header)?)?;
                Ok(Inspected { facts, has_thumb, active: false, has_location: header.has_location })
            }
            MediaFamily::Paper => {
                let paper = paper::open::look(source, PAPER_BYTES)?;
                let facts = FileFacts { count: paper.pages(), ..plain_facts(media_type, source.len()) };
                Ok(Inspected { facts, has_thumb: false, active: paper.is_active(), has_location: false })
            }
            _ => {
                let facts = plain_facts(media_type, source.len());
                Ok(Inspected { facts, has_thumb: false, active: false, has_location: false })
            }
        }
    }

    fn write_thumb(&mut self, thumb: &[u8]) -> Result<bool, Reason> {
        let Some(output) = &mut self.output else { return Ok(false) };
        output.write_all(thumb).map_err(open::impossible)?;
        Ok(true)
    }

    fn fit(&mut self, source: &mut Source, media_type: MediaType, wish: &FitWish) -> Result<Fitted, Reason> {
        if media_type.family() == MediaFamily::Picture {
            let header = Header::read(source, media_type)?;
            self.allow(fit::memory(&header), FIT_S + source.len() / BYTES_PER_S_FIT)?;
            return fit::fit(source, &header, wish, &mut self.output()?);
        }
        if !wish.types.contains(&media_type) {
            return Err(refuse(ReasonCode::FileTypeNotAllowed, media_type.as_str()));
        }
        if media_type == MediaType::Pdf {
            let len = source.len();
            let mut output = self.output()?;
            // Once it is open, and it is opened within what any file may cost: each picture inside is opened beside it.
            let open = (4 * len + MEMORY_BYTES).min(self.most.memory_bytes);
            let allow = |more: u64| self.allow(open + more, FIT_S + len / BYTES_PER_S_FIT);
            return paper::fit::fit(source, wish, &mut output, PAPER_BYTES, &allow);
        }
        if source.len() > wish.bytes_max {
            return Err(refuse(ReasonCode::FileTooLarge, media_type.as_str()));
        }
        Ok(Fitted { facts: plain_facts(media_type, source.len()), steps: Vec::new() })
    }

    fn output(&mut self) -> Result<File, Reason> {
        self.output.take().ok_or_else(|| open::impossible("no place to write to"))
    }
}

fn plain_facts(media_type: MediaType, bytes: u64) -> FileFacts {
    FileFacts { media_type, bytes, width: None, height: None, count: None }
}

fn open_output(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}
