//! Files in the simulated world: what customers and we sent, the last ones, within a bound of memory.

use super::SCHEME;
use bytes::Bytes;
use serde_json::{Value, json};
use std::collections::VecDeque;

/// Bytes of all files together; older ones are gone, as they are at real carriers after a while.
pub const BYTES_MAX: usize = 32 << 20;
const FILES_MAX: usize = 1_000;

/// A file a customer sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerFile {
    /// What the customer's phone says it is.
    pub media_type: String,
    /// Its name there.
    pub name: String,
    /// The file.
    pub bytes: Bytes,
}

/// A file as a customer's phone shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SimulatedFile {
    /// The carrier's id of it; the file itself may be gone by now.
    pub id: String,
    /// What its sender said it is.
    pub media_type: String,
    /// Its name.
    pub name: String,
    /// How large it is, or was.
    pub bytes: u64,
}

/// The carrier's shelf.
#[derive(Default)]
pub(super) struct Shelf {
    kept: VecDeque<(String, CustomerFile)>,
    bytes: usize,
}

impl Shelf {
    /// Keeps one more; the oldest make room for it, and one that is too large by itself is gone at once.
    pub fn keep(&mut self, id: String, file: CustomerFile) {
        self.bytes += file.bytes.len();
        self.kept.push_back((id, file));
        while self.bytes > BYTES_MAX || self.kept.len() > FILES_MAX {
            let Some((_, oldest)) = self.kept.pop_front() else { return };
            self.bytes -= oldest.bytes.len();
        }
    }

    /// A file that is still there.
    pub fn get(&self, id: &str) -> Option<&CustomerFile> {
        self.kept.iter().find(|(kept, _)| kept == id).map(|(_, file)| file)
    }
}

/// As a phone shows it.
pub(super) fn shown(id: &str, file: &CustomerFile) -> SimulatedFile {
    SimulatedFile {
        id: id.to_owned(),
        media_type: file.media_type.clone(),
        name: file.name.clone(),
        bytes: file.bytes.len() as u64,
    }
}

/// As a webhook names it; one that is gone is named all the same.
pub(super) fn named(file: &SimulatedFile, gone: bool) -> Value {
    let place = if gone { "gone" } else { &file.id };
    json!({ "url": format!("{SCHEME}://world/media/{place}"), "type": file.media_type, "name": file.name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: usize) -> CustomerFile {
        CustomerFile { media_type: "image/jpeg".into(), name: "a.jpg".into(), bytes: Bytes::from(vec![1; bytes]) }
    }

    #[test]
    fn the_shelf_forgets_the_oldest_before_it_grows_without_bound() {
        let mut shelf = Shelf::default();
        for n in 0..5 {
            shelf.keep(n.to_string(), file(10 << 20));
        }
        assert!(shelf.get("1").is_none() && shelf.get("2").is_some() && shelf.get("4").is_some());

        shelf.keep("large".into(), file(BYTES_MAX + 1));
        assert!(shelf.get("large").is_none());

        for n in 0..2 * FILES_MAX {
            shelf.keep(format!("small {n}"), file(1));
        }
        assert_eq!(shelf.kept.len(), FILES_MAX);
        assert_eq!(shelf.bytes, FILES_MAX);
    }
}
