//! The daemon's helper that opens files: a program of its own, small, with the system's allocator. Started by the daemon
//! alone; no runtime, no settings, no log.

fn main() -> std::process::ExitCode {
    depesche::media::worker::main(std::env::args_os().nth(1))
}
