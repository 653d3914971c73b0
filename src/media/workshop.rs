//! Has files opened in helper processes, a few at a time, each for a while and no longer. The daemon itself never looks
//! into a file; of a helper's answer it believes the shape and measures the rest again.

use crate::domain::media::{FitWish, Fitted};
use crate::domain::reason::{Reason, ReasonCode};
pub use crate::media::order::Inspected;
use crate::media::order::{ANSWER_BYTES_MAX, Answer, Order, Outcome};
use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tracing::{debug, warn};

/// A helper limits its own processor time; this is for one that waits, on a machine that has much to do.
const HELPER_TIME_MAX: Duration = Duration::from_secs(60);
/// As much as is kept of what a helper says when it fails.
const COMPLAINT_BYTES_MAX: u64 = 2 << 10;
/// Large pieces go back to the system when they are freed, so that its memory is what it uses.
const ALLOCATOR: [(&str, &str); 2] = [("MALLOC_MMAP_THRESHOLD_", "262144"), ("MALLOC_ARENA_MAX", "1")];

/// Which program plays the helper. It stays open, so that a daemon goes on with the helper it began with when an upgrade
/// has put another in its place.
#[derive(Clone, Debug)]
pub struct WorkerProgram {
    opened: Arc<File>,
    arguments: Vec<String>,
}

impl WorkerProgram {
    /// The program at this path.
    pub fn open(path: &Path) -> std::io::Result<WorkerProgram> {
        Ok(WorkerProgram { opened: Arc::new(File::open(path)?), arguments: Vec::new() })
    }

    /// The same with these arguments before the order.
    pub fn with(self, arguments: Vec<String>) -> WorkerProgram {
        WorkerProgram { arguments, ..self }
    }

    /// Ready to be started with an order, for as long as the program stays open: nothing of our environment, and how it is
    /// to keep memory.
    pub fn command(&self, order: &str) -> std::process::Command {
        let mut command = std::process::Command::new(format!("/proc/self/fd/{}", self.opened.as_raw_fd()));
        command.args(&self.arguments).arg(order).env_clear().envs(ALLOCATOR).current_dir("/");
        command
    }
}

/// Where files are opened. People who wait for a file and files that strangers sent have benches of their own: a flood of
/// pictures from outside must not keep an agent's upload waiting.
#[derive(Clone)]
pub struct Workshop {
    benches: Arc<Benches>,
    for_strangers: bool,
}

struct Benches {
    program: WorkerProgram,
    for_people: Semaphore,
    for_strangers: Semaphore,
}

impl Workshop {
    /// With this helper, at most `at_once` of them at a time for people who wait, and half as many, at least one, beside
    /// them for strangers' files.
    pub fn new(program: WorkerProgram, at_once: usize) -> Workshop {
        let (for_people, for_strangers) = (Semaphore::new(at_once.max(1)), Semaphore::new(at_once.div_ceil(2).max(1)));
        Workshop { benches: Arc::new(Benches { program, for_people, for_strangers }), for_strangers: false }
    }

    /// The same workshop for files nobody waits for: they queue behind each other.
    pub fn for_strangers(&self) -> Workshop {
        Workshop { for_strangers: true, ..self.clone() }
    }

    /// Says what a file truly is, whatever it is called; opens a picture or a paper once, and puts a small picture of it
    /// (JPEG, 320 pixels) at `thumb_to` where it can. What is refused leaves nothing there.
    pub async fn inspect(&self, file: &Path, thumb_to: Option<&Path>) -> Result<Inspected, Reason> {
        let order = Order::Inspect { thumb_to: thumb_to.map(Path::to_owned) };
        let was_there = thumb_to.is_some_and(Path::exists);
        let done = self.answer(file, &order).await;
        let done = match done {
            Ok(Outcome::Inspected(inspected)) => measured(file).await.and_then(|bytes| believe(inspected, bytes)),
            Ok(Outcome::Refused(reason)) => Err(reason),
            Ok(Outcome::Fitted(_)) => Err(nonsense("an answer to another question")),
            Err(reason) => Err(reason),
        };
        let has_thumb = done.as_ref().is_ok_and(|inspected| inspected.has_thumb);
        if let Some(thumb_to) = thumb_to.filter(|_| !has_thumb) {
            take_back(thumb_to, was_there).await;
        }
        done
    }

    /// Makes a file fit the wish. Where something had to be done, the result is at `to` and `steps` is not empty; else it is
    /// the file as it was.
    pub async fn fit(&self, file: &Path, to: &Path, wish: &FitWish) -> Result<Fitted, Reason> {
        let order = Order::Fit { to: to.to_owned(), wish: wish.clone(), for_strangers: self.for_strangers };
        let was_there = to.exists();
        let done = match self.answer(file, &order).await {
            Ok(Outcome::Fitted(fitted)) => check(fitted, file, to, wish).await,
            Ok(Outcome::Refused(reason)) => Err(reason),
            Ok(Outcome::Inspected(_)) => Err(nonsense("an answer to another question")),
            Err(reason) => Err(reason),
        };
        if !done.as_ref().is_ok_and(|fitted| !fitted.steps.is_empty()) {
            take_back(to, was_there).await;
        }
        done
    }

    async fn answer(&self, file: &Path, order: &Order) -> Result<Outcome, Reason> {
        let Benches { for_people, for_strangers, .. } = &*self.benches;
        let free = if self.for_strangers { for_strangers } else { for_people };
        let _bench = free.acquire().await.map_err(|error| nonsense(&error.to_string()))?;
        let mut child = self.start(file, order).await?;
        let done = tokio::time::timeout(HELPER_TIME_MAX, listen(&mut child)).await;
        let Ok(done) = done else {
            let _ = child.kill().await;
            warn!("A helper that opens files took too long and was ended");
            return Err(Reason::of(ReasonCode::FileTooComplex));
        };
        let (status, said, complaint) = done.map_err(|error| nonsense(&format!("waiting for the helper: {error}")))?;
        if !status.success() {
            return Err(ended_early(status, &complaint));
        }
        let answer: Answer = serde_json::from_slice(&said).map_err(|_| nonsense("an answer that is none"))?;
        debug!(file.peak_bytes = answer.peak_bytes, file.cpu_ms = answer.cpu_ms, "A helper opened a file");
        Ok(answer.outcome)
    }

    async fn start(&self, file: &Path, order: &Order) -> Result<Child, Reason> {
        let order = serde_json::to_string(order).map_err(|error| nonsense(&error.to_string()))?;
        let path = file.to_owned();
        let opened = tokio::task::spawn_blocking(move || File::open(path)).await;
        let opened = opened.map_err(|error| nonsense(&error.to_string()))?;
        let opened = opened.map_err(|error| nonsense(&format!("opening the file: {error}")))?;
        let mut command = Command::from(self.benches.program.command(&order));
        command.kill_on_drop(true).stdin(Stdio::from(opened)).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|error| nonsense(&format!("starting the helper: {error}")))
    }
}

/// Everything it says, bounded, and how it ended.
async fn listen(child: &mut Child) -> std::io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let (said, complaint) = (child.stdout.take(), child.stderr.take());
    let (said, complaint) = tokio::join!(hear(said, ANSWER_BYTES_MAX), hear(complaint, COMPLAINT_BYTES_MAX));
    // Both pipes are closed on our side now: who still talks is told that nobody listens.
    let status = child.wait().await?;
    Ok((status, said?, complaint?))
}

async fn hear(pipe: Option<impl AsyncRead + Unpin>, bytes_max: u64) -> std::io::Result<Vec<u8>> {
    let mut heard = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(bytes_max).read_to_end(&mut heard).await?;
    }
    Ok(heard)
}

/// What it means when a helper gives no answer: it ran into a limit, or the library that read the file gave up.
fn ended_early(status: ExitStatus, complaint: &[u8]) -> Reason {
    const ABORTED: i32 = 6;
    const KILLED: i32 = 9;
    const OUT_OF_BOUNDS: [i32; 2] = [7, 11];
    const OUT_OF_TIME: i32 = 24;
    const OUT_OF_ROOM: i32 = 25;
    const PANICKED: i32 = 101;
    let complaint: String = String::from_utf8_lossy(complaint).chars().filter(|c| !c.is_control()).take(300).collect();
    warn!(%status, complaint, "A helper that opens files ended without an answer");
    match (status.signal(), status.code()) {
        // Out of memory or stack, out of time, or taken away where the machine ran out.
        (Some(ABORTED | KILLED | OUT_OF_TIME), _) => Reason::of(ReasonCode::FileTooComplex),
        (Some(OUT_OF_ROOM), _) => Reason::of(ReasonCode::FileTooLarge),
        (Some(signal), _) if OUT_OF_BOUNDS.contains(&signal) => Reason::of(ReasonCode::FileTooComplex),
        (_, Some(PANICKED)) => Reason::of(ReasonCode::FileUnreadable),
        _ => Reason::of(ReasonCode::FileProblem),
    }
}

fn nonsense(what: &str) -> Reason {
    warn!(what, "A file could not be handled");
    Reason::of(ReasonCode::FileProblem).saying(what)
}

async fn measured(file: &Path) -> Result<u64, Reason> {
    tokio::fs::metadata(file).await.map(|is| is.len()).map_err(|error| nonsense(&error.to_string()))
}

fn believe(inspected: Inspected, bytes: u64) -> Result<Inspected, Reason> {
    if inspected.facts.bytes == bytes {
        Ok(inspected)
    } else {
        Err(nonsense("a helper counted other bytes than there are"))
    }
}

async fn check(fitted: Fitted, file: &Path, to: &Path, wish: &FitWish) -> Result<Fitted, Reason> {
    let bytes = measured(if fitted.steps.is_empty() { file } else { to }).await?;
    let fits = fitted.facts.bytes == bytes && bytes <= wish.bytes_max && wish.types.contains(&fitted.facts.media_type);
    if fits { Ok(fitted) } else { Err(nonsense("a helper says that a file fits which does not")) }
}

/// What a helper left where nothing is to be.
async fn take_back(path: &Path, was_there: bool) {
    let done = if was_there {
        // It is somebody's temporary file, who removes it himself.
        tokio::fs::OpenOptions::new().write(true).truncate(true).open(path).await.map(|_| ())
    } else {
        tokio::fs::remove_file(path).await
    };
    if let Err(error) = done
        && error.kind() != std::io::ErrorKind::NotFound
    {
        warn!(%error, "What a helper left could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::join_all;

    /// A helper that never answers where the file says so.
    const HELPER: &str = r#"read -r line; [ "$line" = wait ] && exec /bin/sleep 60; printf '%s' "$0""#;

    #[tokio::test]
    async fn who_waits_for_a_file_never_waits_for_those_of_strangers() {
        let folder = tempfile::tempdir().expect("a folder");
        let (slow, quick) = (folder.path().join("slow"), folder.path().join("quick"));
        std::fs::write(&slow, "wait\n").expect("written");
        std::fs::write(&quick, "answer\n").expect("written");
        let refused = Reason::of(ReasonCode::FileUnreadable);
        let answer = Answer { outcome: Outcome::Refused(refused.clone()), peak_bytes: 1, cpu_ms: 1 };
        let answer = serde_json::to_string(&answer).expect("it can be written");
        let arguments = vec!["-c".into(), HELPER.into(), answer];
        let workshop = Workshop::new(WorkerProgram::open("/bin/sh".as_ref()).expect("a shell").with(arguments), 1);
        let outside = workshop.for_strangers();

        let strangers = join_all((0..5).map(|_| outside.inspect(&slow, None)));
        let agents = tokio::time::timeout(Duration::from_secs(20), workshop.inspect(&quick, None));
        let done = tokio::select! {
            biased;
            _ = strangers => panic!("the helpers of strangers' files never answer"),
            done = agents => done,
        };

        assert_eq!(done.expect("an agent waits for no stranger"), Err(refused));
    }
}
