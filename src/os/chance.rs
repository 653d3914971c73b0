//! Random bytes for names that must never be guessed: out of the system's source, many names for one call to it.

use std::cell::RefCell;

/// What one call brings.
const KEPT_BYTES: usize = 256;

thread_local! {
    static KEPT: RefCell<Kept> = const { RefCell::new(Kept { bytes: [0; KEPT_BYTES], used: KEPT_BYTES }) };
}

struct Kept {
    bytes: [u8; KEPT_BYTES],
    used: usize,
}

impl Kept {
    fn take(&mut self, into: &mut [u8]) {
        if KEPT_BYTES - self.used < into.len() {
            getrandom::fill(&mut self.bytes).expect("the system's random source answers");
            self.used = 0;
        }
        let taken = &mut self.bytes[self.used..self.used + into.len()];
        into.copy_from_slice(taken);
        // Nothing stays that could tell a name that is in use.
        taken.fill(0);
        self.used += into.len();
    }
}

/// Fills this with random bytes.
///
/// # Panics
/// Where the system has none, which it says at start or never.
pub fn fill(into: &mut [u8]) {
    for piece in into.chunks_mut(KEPT_BYTES) {
        KEPT.with_borrow_mut(|kept| kept.take(piece));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_bytes_are_given_out_twice() {
        let mut seen = HashSet::new();
        for _ in 0..1000 {
            let mut name = [0; 10];
            fill(&mut name);
            assert!(seen.insert(name), "{name:?} came twice");
        }
    }

    #[test]
    fn more_than_is_kept_is_filled_to_its_end() {
        let mut bytes = [0; 3 * KEPT_BYTES + 7];
        fill(&mut bytes);

        assert!(bytes.chunks(32).all(|piece| piece.len() < 32 || piece.iter().any(|&byte| byte != 0)));
    }
}
