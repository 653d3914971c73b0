//! The workshop as the daemon has it, with the real program as its helper, and what it cost.

use depesche::domain::media::{ActivePdf, FitWish, Fitted, MediaType};
use depesche::domain::reason::{Reason, ReasonCode};
use depesche::media::archive::{Archive, ArchiveBounds};
use depesche::media::workshop::{Inspected, WorkerProgram, Workshop};
use nix::sys::resource::{UsageWho, getrusage};
use std::path::{Path, PathBuf};
use std::time::Duration;

pub struct Workbench {
    pub folder: tempfile::TempDir,
    pub workshop: Workshop,
    pub archive: Archive,
    runtime: tokio::runtime::Runtime,
}

impl Workbench {
    pub fn new() -> Workbench {
        let folder = tempfile::tempdir().expect("there is room for files");
        let bounds = ArchiveBounds { quota_bytes: 1 << 30, free_bytes_min: 0, file_bytes_max: 100 << 20 };
        let archive = Archive::open(&folder.path().join("media"), bounds).expect("a fresh folder");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Workbench { workshop: Workshop::new(program(), 2), archive, runtime, folder }
    }

    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn put(&self, bytes: &[u8]) -> PathBuf {
        let path = self.path("given");
        std::fs::write(&path, bytes).expect("there is room for a file");
        path
    }

    pub fn inspect(&self, bytes: &[u8]) -> Result<Inspected, Reason> {
        self.inspect_at(&self.put(bytes))
    }

    pub fn inspect_at(&self, path: &Path) -> Result<Inspected, Reason> {
        self.block_on(self.workshop.inspect(path, Some(&self.path("thumb"))))
    }

    /// What became of it, and the file it became, where one was written.
    pub fn fit(&self, bytes: &[u8], wish: &FitWish) -> (Result<Fitted, Reason>, Option<Vec<u8>>) {
        let (path, to) = (self.put(bytes), self.path("fitted"));
        let _ = std::fs::remove_file(&to);
        let fitted = self.block_on(self.workshop.fit(&path, &to, wish));
        (fitted, std::fs::read(to).ok())
    }

    /// As a file from outside goes: into the archive, looked at, and dropped where it is refused.
    pub fn take_in(&self, bytes: &[u8]) -> Result<Inspected, Reason> {
        self.block_on(async {
            let mut incoming = self.archive.begin().await.map_err(|error| error.reason())?;
            incoming.write(bytes).await.map_err(|error| error.reason())?;
            incoming.flush().await.map_err(|error| error.reason())?;
            let inspected = self.workshop.inspect(incoming.path(), Some(incoming.thumb_path())).await?;
            incoming.keep().await.map_err(|error| error.reason())?;
            Ok(inspected)
        })
    }

    /// Files in the archive, whatever they are.
    pub fn files_kept(&self) -> usize {
        files_below(&self.path("media"))
    }
}

pub fn program() -> WorkerProgram {
    WorkerProgram::open(env!("CARGO_BIN_EXE_depesche-media-worker").as_ref()).expect("it is built")
}

fn files_below(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("it is there").flatten();
    entries.map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

pub fn wish(bytes_max: u64, types: &[MediaType]) -> FitWish {
    FitWish { bytes_max, types: types.to_vec(), strip_location: true, active_pdf: ActivePdf::Refuse }
}

pub fn code<T>(result: Result<T, Reason>) -> Option<ReasonCode> {
    result.err().map(|reason| reason.code)
}

/// What MMS takes almost everywhere.
pub const TYPES: &[MediaType] = &[MediaType::Jpeg, MediaType::Png, MediaType::Gif, MediaType::Pdf];

/// Fits it, and looks at the result as the receiver would.
pub fn fitted(bench: &Workbench, what: &str, file: &[u8], wish: &FitWish) -> (Fitted, Vec<u8>) {
    let (fitted, written) = bench.fit(file, wish);
    let fitted = fitted.unwrap_or_else(|reason| panic!("{what}: {reason:?}"));
    assert_eq!(written.is_some(), !fitted.steps.is_empty(), "{what}: {:?}", fitted.steps);
    let result = written.unwrap_or_else(|| file.to_vec());
    assert!(result.len() as u64 <= wish.bytes_max, "{what}: {} bytes", result.len());
    let again = bench.inspect(&result).unwrap_or_else(|reason| panic!("{what}, as written: {reason:?}"));
    assert_eq!(again.facts, fitted.facts, "{what}: what was said of it is not what it is");
    assert!(!again.has_location && !again.active, "{what}: {again:?}");
    assert!(wish.types.contains(&fitted.facts.media_type), "{what}: {:?}", fitted.facts);
    (fitted, result)
}

/// The most memory that any helper so far had resident at once, as the kernel counted it when it was gone (ru_maxrss).
/// The kernel begins to count with what this test itself had when it started the helper, so it is never too little.
pub fn peak_bytes_of_helpers() -> u64 {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel keeps accounts");
    u64::try_from(usage.max_rss()).expect("no helper has less than nothing") * 1024
}

/// Processor time of all helpers so far.
pub fn cpu_of_helpers() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel keeps accounts");
    let spent = |time: nix::sys::time::TimeVal| {
        Duration::new(u64::try_from(time.tv_sec()).unwrap_or(0), u32::try_from(time.tv_usec()).unwrap_or(0) * 1000)
    };
    spent(usage.user_time()) + spent(usage.system_time())
}
