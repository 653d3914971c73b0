//! Hands the arguments to the command line; nothing else.

fn main() -> std::process::ExitCode {
    depesche::cli::dispatch::main()
}
