//! The program itself, as a process that can be killed.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A running daemon.
pub struct Daemon {
    child: Mutex<Child>,
    /// Where carriers call.
    pub hooks: SocketAddr,
    /// Where phones call, over UDP.
    pub sip: SocketAddr,
}

impl Daemon {
    /// Starts it and waits until it says where it listens.
    pub async fn start(settings: &Path) -> Daemon {
        let mut child = Command::new(env!("CARGO_BIN_EXE_depesche"))
            .args(["--config".as_ref(), settings.as_os_str(), "run".as_ref()])
            .env_remove("DEPESCHE_CONFIG")
            .env_remove("DEPESCHE_DATA")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program was built for this test");
        let stdout = child.stdout.take().expect("piped");
        let (hooks, sip) = tokio::time::timeout(Duration::from_secs(30), addresses(stdout))
            .await
            .expect("it is ready within half a minute");
        Daemon { child: Mutex::new(child), hooks, sip }
    }

    /// The power goes.
    pub fn kill_9(&self) {
        // One that is dead already has what it was to get.
        let _ = self.child.lock().expect("no panic").start_kill();
    }

    /// Waits until nothing is left of it.
    pub async fn dead(self) {
        self.kill_9();
        let mut child = self.child.into_inner().expect("no panic");
        tokio::time::timeout(Duration::from_secs(10), child.wait()).await.expect("it dies").expect("waited");
    }

    /// It is told to stop, and stops.
    pub async fn stop(self) {
        let mut child = self.child.into_inner().expect("no panic");
        let id = child.id().expect("it runs").to_string();
        Command::new("kill").args(["-TERM", &id]).status().await.expect("kill is there");
        let ended = tokio::time::timeout(Duration::from_secs(50), child.wait()).await;
        assert!(ended.expect("it stops").expect("waited").success());
    }
}

/// Reads what it says when it is ready, and goes on reading.
async fn addresses(stdout: tokio::process::ChildStdout) -> (SocketAddr, SocketAddr) {
    let mut lines = BufReader::new(stdout).lines();
    let (mut hooks, mut sip) = (None, None);
    while let Some(line) = lines.next_line().await.expect("readable") {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("Webhooks") => {
                let url = words.next().unwrap_or_default();
                hooks = url.trim_start_matches("http://").split('/').next().and_then(|address| address.parse().ok());
            }
            Some("SIP") => sip = words.next().and_then(|address| address.parse().ok()),
            _ => {}
        }
        if let (Some(hooks), Some(sip)) = (hooks, sip) {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return (hooks, sip);
        }
    }
    panic!("the daemon ended before it was ready");
}
