//! A process under measurement, with all its children: started behind the slow disk, asked for its CPU time, memory
//! and syncs, stopped. Everything is read from /proc.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Clock ticks of /proc/PID/stat; 100 on every Linux that Debian builds.
const TICKS_PER_S: f64 = 100.0;

/// A running process, in a process group of its own.
pub struct Process {
    child: Child,
    counter: PathBuf,
}

/// How the disk behaves.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// Added to each sync.
    pub sync_us: u64,
}

/// Memory of a process and its children, in MB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    pub rss_mb: f64,
    pub pss_mb: f64,
}

impl Process {
    /// Starts it behind the slow disk; what it says goes to `log`.
    pub fn start(command: Command, disk: Disk, shim: &Path, folder: &Path, log: &Path) -> io::Result<Process> {
        let counter = folder.join("syncs");
        fs::write(&counter, 0_u64.to_ne_bytes())?;
        let log = File::options().create(true).append(true).open(log)?;
        let child = scheduled_as_usual(&command)
            .env("LD_PRELOAD", shim)
            .env("SLOW_DISK_US", disk.sync_us.to_string())
            .env("SLOW_DISK_COUNT", &counter)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        Ok(Process { child, counter })
    }

    /// Whether it is still there.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// CPU time of the group so far.
    pub fn cpu(&self) -> Duration {
        let ticks: u64 = self.group().iter().map(|stat| stat.ticks).sum();
        Duration::from_secs_f64(ticks as f64 / TICKS_PER_S)
    }

    /// Syncs of the group so far.
    pub fn syncs(&self) -> u64 {
        let mut count = [0; 8];
        let read = File::open(&self.counter).and_then(|mut file| file.read_exact(&mut count));
        read.map(|()| u64::from_ne_bytes(count)).unwrap_or(0)
    }

    /// Memory of the group now.
    pub fn memory(&self) -> Memory {
        let (mut rss_kb, mut pss_kb) = (0, 0);
        for stat in self.group() {
            let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", stat.pid)).unwrap_or_default();
            rss_kb += kilobytes(&rollup, "Rss:");
            pss_kb += kilobytes(&rollup, "Pss:");
        }
        Memory { rss_mb: rss_kb as f64 / 1024.0, pss_mb: pss_kb as f64 / 1024.0 }
    }

    /// The processes of our group.
    fn group(&self) -> Vec<Stat> {
        let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
        let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.filter_map(Stat::of).filter(|stat| stat.group == self.child.id()).collect()
    }

    /// Asks it to stop, and makes it after ten seconds.
    pub fn stop(&mut self) {
        self.signal("-TERM");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) {
            // The first process is reaped here; the others of the group are its own to wait for.
            let gone = matches!(self.child.try_wait(), Ok(Some(_)));
            if gone && self.group().is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.signal("-KILL");
        let _ = self.child.wait();
    }

    fn signal(&self, signal: &str) {
        if self.group().is_empty() {
            return;
        }
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
    }
}

/// The load is a batch job (`scripts/bench`), so that it never takes the processor from what it measures in the middle of a
/// call, as phones and carriers on machines of their own cannot. What is measured is scheduled as everything is.
fn scheduled_as_usual(command: &Command) -> Command {
    let mut usual = Command::new("chrt");
    usual.args(["--other", "0"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => usual.env(name, value),
            None => usual.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        usual.current_dir(folder);
    }
    usual
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
    }
}

/// CPU time of this program so far: of the load.
pub fn own_cpu() -> Duration {
    let ticks = Stat::of(std::process::id()).map_or(0, |stat| stat.ticks);
    Duration::from_secs_f64(ticks as f64 / TICKS_PER_S)
}

struct Stat {
    pid: u32,
    group: u32,
    ticks: u64,
}

impl Stat {
    /// Fields of proc_pid_stat(5); the name in brackets may hold anything, so they are counted from its end.
    fn of(pid: u32) -> Option<Stat> {
        let line = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |field: usize| fields.get(field).and_then(|text| text.parse::<u64>().ok());
        // From its end, 0 is the state, 2 the process group, 11 and 12 user and system time.
        let ticks = number(11)? + number(12)?;
        Some(Stat { pid, group: u32::try_from(number(2)?).ok()?, ticks })
    }
}

fn kilobytes(rollup: &str, key: &str) -> u64 {
    let line = rollup.lines().find_map(|line| line.strip_prefix(key));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
