//! Measures Depesche and, in the same run and with the same load, Kamailio's store-and-forward. One JSON line for each
//! measurement on stdout; scripts/bench builds what is needed, starts this, and explains it.

mod campaign;
mod carrier;
mod figures;
mod house;
mod kamailio;
mod ledger;
mod media;
mod outbound;
mod phones;
mod process;
mod runs;
mod sip;
mod texts;
mod webhooks;

// The files of the tests: the same bombs, the same pictures.
#[allow(dead_code)]
#[path = "../../media/hostile.rs"]
mod hostile;
#[allow(dead_code)]
#[path = "../../media/papers.rs"]
mod papers;
#[allow(dead_code)]
#[path = "../../media/pictures.rs"]
mod pictures;

use crate::house::Tools;
use crate::runs::Plan;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let all: Vec<String> = std::env::args().skip(1).collect();
    if let [word, carrier, count] = &all[..]
        && word == outbound::BARE
    {
        return if outbound::be_bare(carrier, count).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let mut words = all.into_iter();
    let (Some(program), Some(shim), Some(folder), Some(project)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        eprintln!("usage: depesche-bench DAEMON SHIM FOLDER PROJECT [--quick] [NAME...]; scripts/bench does it all");
        return ExitCode::from(2);
    };
    let path = PathBuf::from;
    let reference = std::env::var_os("DEPESCHE_PERF").map(PathBuf::from);
    let tools =
        Tools { program: path(program), shim: path(shim), folder: path(folder), project: path(project), reference };
    let (options, names): (Vec<_>, Vec<_>) = words.partition(|word| word.starts_with("--"));
    let plan = if options.iter().any(|option| option == "--quick") { Plan::quick() } else { Plan::full() };
    match runs::all(&tools, &plan, &names) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("bench: {why}");
            ExitCode::FAILURE
        }
    }
}
