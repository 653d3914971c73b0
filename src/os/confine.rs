//! How a helper process of ours takes from itself what it will not need: memory, time, files, the network, programs.
//! What it gave up it never gets back, whatever the file it reads makes of it.

use super::{OsError, call};
use nix::libc;
use nix::sys::resource::{Resource, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as ArgLen, SeccompCmpOp as Op, SeccompCondition, SeccompFilter,
    SeccompRule,
};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::Path;

/// What the process may use up.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// Memory it may ask for (`RLIMIT_DATA`: heap and private mappings; the program itself is not in it).
    pub memory_bytes: u64,
    /// Processor time, in seconds.
    pub cpu_s: u64,
    /// Bytes of any file it writes.
    pub file_bytes: u64,
}

/// Takes `most` as what it may ever have, and `now` until [`allow`] gives more. Also: no core file, few open files, and the
/// first to go where the machine runs out of memory.
pub fn limit_ourselves(now: Allowance, most: Allowance) -> Result<(), OsError> {
    let set = |what, resource, soft, hard| call(what, setrlimit(resource, soft, hard));
    set("limit our core files", Resource::RLIMIT_CORE, 0, 0)?;
    set("limit our open files", Resource::RLIMIT_NOFILE, 16, 16)?;
    set("limit the files we write", Resource::RLIMIT_FSIZE, most.file_bytes, most.file_bytes)?;
    set("limit our memory", Resource::RLIMIT_DATA, now.memory_bytes, most.memory_bytes)?;
    set("limit our time", Resource::RLIMIT_CPU, now.cpu_s, most.cpu_s)?;
    // Not everywhere may a process say this of itself; the limits above hold all the same.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
    Ok(())
}

/// More memory and time, up to what [`limit_ourselves`] left.
pub fn allow(now: Allowance, most: Allowance) -> Result<(), OsError> {
    let (memory, cpu) = (now.memory_bytes.min(most.memory_bytes), now.cpu_s.min(most.cpu_s));
    call("widen our memory", setrlimit(Resource::RLIMIT_DATA, memory, most.memory_bytes))?;
    call("widen our time", setrlimit(Resource::RLIMIT_CPU, cpu, most.cpu_s))
}

/// From here on this process reads and writes what is open, computes, and ends. No file can be opened, no socket made, no
/// program started, no memory made executable: the kernel refuses each as not permitted (seccomp(2)).
pub fn lock_ourselves_in() -> Result<(), OsError> {
    let failed = |error: String| OsError::Call { what: "lock ourselves in", error: io::Error::other(error) };
    let program = filter().map_err(|error| failed(error.to_string()))?;
    seccompiler::apply_filter(&program).map_err(|error| failed(error.to_string()))
}

fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED.iter().map(|&number| (number, Vec::new())).collect();
    // The third argument says what the memory is for.
    let not_code = || {
        let execute = libc::PROT_EXEC.unsigned_abs().into();
        let condition = SeccompCondition::new(2, ArgLen::Dword, Op::MaskedEq(execute), 0)?;
        SeccompRule::new(vec![condition])
    };
    rules.insert(libc::SYS_mmap, vec![not_code()?]);
    rules.insert(libc::SYS_mprotect, vec![not_code()?]);
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules, refused, SeccompAction::Allow, std::env::consts::ARCH.try_into()?)?.try_into()
}

/// What the allocator, the standard library and plain reading and writing need.
const ALLOWED: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_statx,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_close,
    libc::SYS_fcntl,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_prlimit64,
    libc::SYS_getrusage,
    libc::SYS_clock_gettime,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    // How abort() ends a process.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Our own account of memory, opened while files still can be.
pub struct OwnAccount(File);

impl OwnAccount {
    /// Opens it.
    pub fn open() -> Result<OwnAccount, OsError> {
        let path = Path::new("/proc/self/status");
        File::open(path).map(OwnAccount).map_err(OsError::path(path, "open it"))
    }

    /// The most memory that was resident at once (VmHWM), program and libraries included; 0 where the kernel says nothing.
    pub fn peak_bytes(&mut self) -> u64 {
        let mut status = String::new();
        let read = self.0.rewind().and_then(|()| self.0.read_to_string(&mut status));
        let line = read.ok().and_then(|_| status.lines().find_map(|line| line.strip_prefix("VmHWM:")));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse().ok());
        kilobytes.unwrap_or(0_u64) * 1024
    }
}

/// Processor time of this process so far.
pub fn own_cpu_ms() -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::{TimeVal, TimeValLike};
    let ms = |time: TimeVal| u64::try_from(time.num_milliseconds()).unwrap_or(0);
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| ms(usage.user_time()) + ms(usage.system_time()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, UdpSocket};
    use std::process::Command;

    const NAME: &str = "os::confine::tests::who_locked_itself_in_reads_computes_and_nothing_else";

    /// Nobody gets out again, so this test starts itself once more and looks how that one fares.
    #[test]
    fn who_locked_itself_in_reads_computes_and_nothing_else() {
        if std::env::var_os("DEPESCHE_CONFINED").is_some() {
            return confined();
        }
        let mut again = Command::new(std::env::current_exe().unwrap());
        let said = again.args(["--exact", NAME, "--nocapture"]).env("DEPESCHE_CONFINED", "1").output().unwrap();

        assert!(said.status.success(), "{}{}", text(&said.stdout), text(&said.stderr));
        assert!(text(&said.stdout).contains("1 passed"), "{}", text(&said.stdout));
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    fn confined() {
        const MEGABYTE: usize = 1 << 20;
        let mut open = tempfile::tempfile().unwrap();
        let (path, mut account) = (std::env::current_exe().unwrap(), OwnAccount::open().unwrap());
        let now = Allowance { memory_bytes: 64 << 20, cpu_s: 5, file_bytes: 1 << 20 };
        let most = Allowance { memory_bytes: 128 << 20, ..now };
        limit_ourselves(now, most).unwrap();
        lock_ourselves_in().unwrap();

        let denied = |what: &str, error: io::Error| assert_eq!(error.raw_os_error(), Some(libc::EPERM), "{what}");
        denied("a file", File::open(&path).err().unwrap());
        denied("a new file", File::create("/tmp/never").err().unwrap());
        denied("a removed file", fs::remove_file(&path).err().unwrap());
        denied("a folder", fs::read_dir("/").err().unwrap());
        denied("a door", TcpListener::bind("127.0.0.1:0").err().unwrap());
        denied("a socket", UdpSocket::bind("127.0.0.1:0").err().unwrap());
        denied("a program", Command::new("/bin/true").spawn().err().unwrap());
        denied("a thread", std::thread::Builder::new().spawn(|| ()).err().unwrap());

        assert!(Vec::<u8>::new().try_reserve(100 * MEGABYTE).is_err(), "more memory than allowed");
        allow(Allowance { memory_bytes: u64::MAX, ..now }, most).unwrap();
        assert!(Vec::<u8>::new().try_reserve(50 * MEGABYTE).is_ok(), "as much as is left");
        assert!(Vec::<u8>::new().try_reserve(200 * MEGABYTE).is_err(), "more memory than ever");

        io::Write::write_all(&mut open, b"still open").unwrap();
        open.rewind().unwrap();
        assert_eq!(io::read_to_string(&open).unwrap(), "still open");
        assert!(account.peak_bytes() > 1 << 20 && own_cpu_ms() < 5000);
    }
}
