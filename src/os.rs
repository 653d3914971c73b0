//! What the house asks of the operating system: signals, systemd, the lock on the state folder, disk, limits,
//! files that only we may read, and our own figures. Nothing here knows what the house does. Home of nix, sd-notify and
//! seccompiler.

pub mod chance;
pub mod confine;

use nix::sys::resource::{self, Resource, UsageWho};
use nix::sys::stat::{Mode, umask};
use nix::sys::statvfs::statvfs;
use sd_notify::NotifyState;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::signal::unix::{self, SignalKind};
use tracing::warn;

/// What the operating system refused us, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OsError {
    /// Another instance holds the state folder.
    #[error("{folder}: {} already uses this state folder; stop it first, or give this one a folder of its own",
        holder.map_or("another process".to_owned(), |pid| format!("the process with pid {pid}")))]
    AlreadyRunning { folder: PathBuf, holder: Option<u32> },
    /// A file or folder cannot be used.
    #[error("{path}: cannot {what}: {error}; check that it exists and that the service user may use it")]
    Path { path: PathBuf, what: &'static str, error: io::Error },
    /// A system call failed.
    #[error("cannot {what}: {error}")]
    Call { what: &'static str, error: io::Error },
}

impl OsError {
    fn path(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> OsError {
        move |error| OsError::Path { path: path.to_owned(), what, error }
    }
}

fn call<T>(what: &'static str, result: nix::Result<T>) -> Result<T, OsError> {
    result.map_err(|errno| OsError::Call { what, error: errno.into() })
}

/// What an operator or systemd asks of the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: stop in good order.
    Terminate,
    /// SIGINT, Ctrl-C: stop in good order.
    Interrupt,
    /// SIGHUP: read certificates and logs anew.
    Hangup,
}

/// The signals as they arrive. While this lives, none of them ends the process by itself.
pub struct Signals {
    terminate: unix::Signal,
    interrupt: unix::Signal,
    hangup: unix::Signal,
}

impl Signals {
    /// Begins to listen. Needs a running tokio runtime.
    pub fn listen() -> Result<Signals, OsError> {
        let open = |kind| unix::signal(kind).map_err(|error| OsError::Call { what: "listen for signals", error });
        Ok(Signals {
            terminate: open(SignalKind::terminate())?,
            interrupt: open(SignalKind::interrupt())?,
            hangup: open(SignalKind::hangup())?,
        })
    }

    /// The next signal. Cancel safe.
    pub async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Terminate,
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.hangup.recv() => Signal::Hangup,
        }
    }
}

/// Words to the service manager. Silent where none started us (no `NOTIFY_SOCKET`).
pub mod systemd {
    use super::*;

    /// Start-up is over: every door is open.
    pub fn ready() {
        say(&[NotifyState::Ready]);
    }

    /// The daemon is on its way down.
    pub fn stopping() {
        say(&[NotifyState::Stopping]);
    }

    /// One line for `systemctl status`.
    pub fn status(line: &str) {
        // A line end would begin another field of the protocol.
        let line: String = line.chars().filter(|c| !c.is_control()).take(500).collect();
        say(&[NotifyState::Status(&line)]);
    }

    /// We live. Say so only while the store answers.
    pub fn watchdog_tick() {
        say(&[NotifyState::Watchdog]);
    }

    /// How often to tick (half of what systemd allows), or `None` when no watchdog watches us.
    pub fn watchdog_every() -> Option<Duration> {
        sd_notify::watchdog_enabled().map(|limit| limit / 2)
    }

    fn say(state: &[NotifyState<'_>]) {
        if let Err(error) = sd_notify::notify(state) {
            warn!(%error, "The service manager did not take our notice");
        }
    }
}

/// The one instance of a state folder. Dropping it, or dying in any way, gives the folder free.
#[derive(Debug)]
pub struct StateLock {
    _file: File,
}

impl StateLock {
    /// Locks `folder` (it must exist) by its file `lock`, or says who holds it.
    pub fn take(folder: &Path) -> Result<StateLock, OsError> {
        let path = folder.join("lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(OsError::path(&path, "open the lock file"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = file.take(20).read_to_string(&mut holder);
                return Err(OsError::AlreadyRunning { folder: folder.to_owned(), holder: holder.trim().parse().ok() });
            }
            Err(TryLockError::Error(error)) => return Err(OsError::path(&path, "lock it")(error)),
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(OsError::path(&path, "write our pid into it"))?;
        Ok(StateLock { _file: file })
    }
}

/// Room on the file system that holds a path.
#[derive(Clone, Copy, Debug)]
pub struct DiskSpace {
    /// What we may still write.
    pub free_bytes: u64,
    pub total_bytes: u64,
}

/// Asks the file system that holds `path`.
pub fn disk_space(path: &Path) -> Result<DiskSpace, OsError> {
    let figures = nix::sys::statvfs::statvfs(path)
        .map_err(|errno| OsError::path(path, "ask for its free space")(errno.into()))?;
    let block = figures.fragment_size();
    Ok(DiskSpace {
        free_bytes: figures.blocks_available().saturating_mul(block),
        total_bytes: figures.blocks().saturating_mul(block),
    })
}

/// From here on, new files and folders of this process are for its own user only.
pub fn keep_new_files_private() {
    umask(Mode::S_IRWXG | Mode::S_IRWXO);
}

/// Gives the files in `folder` to whoever owns the folder, where they are another's; links, and files with other names
/// elsewhere, are left alone. Only root ever has something to give.
pub fn give_to_the_owner_of(folder: &Path) -> Result<(), OsError> {
    let of_folder = folder.metadata().map_err(OsError::path(folder, "ask whose it is"))?;
    give_all_in(folder, &of_folder)
}

fn give_all_in(folder: &Path, of_folder: &fs::Metadata) -> Result<(), OsError> {
    for entry in folder.read_dir().map_err(OsError::path(folder, "list it"))?.flatten() {
        let path = entry.path();
        let Ok(found) = path.symlink_metadata() else { continue };
        let may_go = found.is_dir() || found.is_file() && found.nlink() == 1;
        if may_go && found.uid() != of_folder.uid() {
            lchown(&path, Some(of_folder.uid()), Some(of_folder.gid()))
                .map_err(OsError::path(&path, "give it to the owner of its folder"))?;
        }
        if found.is_dir() {
            give_all_in(&path, of_folder)?;
        }
    }
    Ok(())
}

/// Makes `folder` and its parents where they are missing, mode 0700.
pub fn make_private_folder(folder: &Path) -> Result<(), OsError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(OsError::path(folder, "make the folder"))
}

/// Puts `bytes` at `path`, mode 0600, whole or not at all, on the disk when this returns.
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), OsError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(OsError::path(&draft, "remove a half-written file")(error));
        }
        _ => {}
    }
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
            _ => Ok(()),
        }
    };
    write().map_err(OsError::path(path, "write it"))
}

/// Whether nobody but its owner (and root) can read or change the file.
pub fn is_private(path: &Path) -> Result<bool, OsError> {
    let mode = fs::metadata(path).map_err(OsError::path(path, "look at its mode"))?.permissions().mode();
    Ok(mode & 0o077 == 0)
}

/// Raises the limit of open files to what the system grants, and returns it.
pub fn raise_open_files() -> Result<u64, OsError> {
    let (soft, hard) = call("read the limit of open files", resource::getrlimit(Resource::RLIMIT_NOFILE))?;
    if soft < hard {
        call("raise the limit of open files", resource::setrlimit(Resource::RLIMIT_NOFILE, hard, hard))?;
    }
    Ok(hard)
}

/// Bytes that we may still write on the disk of a folder.
pub fn free_bytes(folder: &Path) -> Result<u64, OsError> {
    let found = call("ask how much room the disk has", statvfs(folder))?;
    Ok(found.blocks_available().saturating_mul(found.fragment_size()))
}

/// How this machine calls itself.
pub fn hostname() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_ascii_lowercase())
}

/// What this process costs the machine.
#[derive(Clone, Copy, Debug)]
pub struct OwnFigures {
    /// Memory that is really there (RSS).
    pub resident_bytes: u64,
    /// Processor time since the start, user and system.
    pub cpu: Duration,
    pub threads: u64,
    pub open_files: u64,
}

/// Reads our own figures from `/proc` and the kernel's accounts.
pub fn own_figures() -> Result<OwnFigures, OsError> {
    let path = Path::new("/proc/self/status");
    let status = fs::read_to_string(path).map_err(OsError::path(path, "read it"))?;
    let field = |name: &str| {
        status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.trim_start_matches(':').split_whitespace().next())
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let usage = call("read our processor time", resource::getrusage(UsageWho::RUSAGE_SELF))?;
    let spent = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or(0))
            + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or(0))
    };
    let folder = Path::new("/proc/self/fd");
    let open_files = fs::read_dir(folder).map_err(OsError::path(folder, "count our open files"))?.count();
    Ok(OwnFigures {
        resident_bytes: field("VmRSS") * 1024,
        cpu: spent(usage.user_time()) + spent(usage.system_time()),
        threads: field("Threads"),
        // The folder itself was open while we counted.
        open_files: open_files.saturating_sub(1) as u64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::{Signal as Sent, raise};
    use std::os::unix::net::UnixDatagram;
    use std::process::Command;

    #[test]
    fn a_second_instance_is_told_the_pid_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let first = StateLock::take(folder.path()).unwrap();

        let refused = StateLock::take(folder.path()).unwrap_err().to_string();

        assert!(refused.contains(&format!("pid {}", std::process::id())), "{refused}");
        drop(first);
        StateLock::take(folder.path()).expect("free again once the first is gone");
    }

    #[test]
    fn a_missing_state_folder_is_named() {
        let refused = StateLock::take(Path::new("/nonexistent/depesche")).unwrap_err().to_string();

        assert!(refused.contains("/nonexistent/depesche/lock"), "{refused}");
    }

    #[test]
    fn a_private_file_is_written_whole_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "old, and readable by all").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(!is_private(&path).unwrap());

        write_private(&path, b"new").unwrap();

        assert!(is_private(&path).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no draft stays behind");
    }

    #[test]
    fn private_folders_are_for_their_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");

        make_private_folder(&inner).unwrap();

        assert!(is_private(&inner).unwrap());
        make_private_folder(&inner).expect("an existing folder is no error");
    }

    #[test]
    fn figures_of_disk_and_process_are_believable() {
        let disk = disk_space(Path::new("/")).unwrap();
        assert!(disk.free_bytes <= disk.total_bytes && disk.total_bytes > 1 << 20);

        let own = own_figures().unwrap();
        assert!(own.resident_bytes > 100 << 10 && own.threads >= 1 && own.open_files >= 3, "{own:?}");
        assert!(raise_open_files().unwrap() >= 256);
    }

    #[tokio::test]
    async fn a_hangup_is_heard_and_ends_nothing() {
        let mut signals = Signals::listen().unwrap();

        raise(Sent::SIGHUP).unwrap();

        assert_eq!(signals.next().await, Signal::Hangup);
    }

    /// The environment of a running test cannot be changed safely: this one starts itself again with a socket.
    #[test]
    fn systemd_hears_ready_status_watchdog_and_stopping() {
        if std::env::var_os("NOTIFY_SOCKET").is_some() {
            systemd::ready();
            systemd::status("two\nlines");
            systemd::watchdog_tick();
            systemd::stopping();
            assert_eq!(systemd::watchdog_every(), Some(Duration::from_secs(10)));
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();

        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "os::tests::systemd_hears_ready_status_watchdog_and_stopping"])
            .env("NOTIFY_SOCKET", &path)
            .env("WATCHDOG_USEC", "20000000")
            .env_remove("WATCHDOG_PID")
            .output()
            .unwrap();

        assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stdout));
        let mut heard = Vec::new();
        for _ in 0..4 {
            let mut buffer = [0; 200];
            let length = socket.recv(&mut buffer).unwrap();
            heard.push(String::from_utf8_lossy(&buffer[..length]).trim().to_owned());
        }
        assert_eq!(heard, ["READY=1", "STATUS=twolines", "WATCHDOG=1", "STOPPING=1"]);
    }
}
