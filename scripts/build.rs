//! Lets the linker put side by side what the daemon uses when it starts, waits and passes messages. The kernel maps a
//! program in pieces around what is used of it: scattered, that is most of the program; side by side, a third.
//! `scripts/functions-in-use` makes the list; a name that is no longer there is passed over.

use std::env::var;

const LIST: &str = "scripts/functions-in-use.txt";

fn main() {
    println!("cargo::rerun-if-changed=scripts/build.rs");
    println!("cargo::rerun-if-changed={LIST}");
    let is = |name: &str, value: &str| var(name).is_ok_and(|found| found == value);
    // Where the linker is the one that Rust brings; others do not know how.
    let is_here = is("CARGO_CFG_TARGET_ARCH", "x86_64") && is("CARGO_CFG_TARGET_OS", "linux");
    if is("PROFILE", "release") && is_here && is("CARGO_CFG_TARGET_ENV", "gnu") {
        // The compiler and its linker work in this folder, also where checkouts share what they build.
        println!("cargo::rustc-link-arg-bin=depesche=-Wl,--symbol-ordering-file={LIST}");
        println!("cargo::rustc-link-arg-bin=depesche=-Wl,--no-warn-symbol-ordering");
        // Addresses that are mended at each start: half a megabyte of them packed into ten kilobytes (glibc 2.36 and newer).
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
