//! Hands the arguments to the command line; nothing else.

/// Messages go from thread to thread, and who lets go of memory is rarely who asked for it: the system's allocator takes a
/// lock for that, this one does not (ARCHITECTURE.md, decision 22).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    depesche::cli::dispatch::main()
}
