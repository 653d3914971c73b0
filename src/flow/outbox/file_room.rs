//! Room in memory for the files that carriers take by upload: a hundred calls at once, each with a large file, would be
//! gigabytes. Who finds no room waits until a call has ended.

use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A file that is sent stands in memory twice: as it is, and in the form that is uploaded.
const TIMES: u64 = 2;

/// Room for files.
pub struct FileRoom {
    free: Arc<Semaphore>,
    bytes_max: u32,
}

impl FileRoom {
    /// For so many bytes, their copies included.
    pub fn new(bytes_max: u32) -> FileRoom {
        FileRoom { free: Arc::new(Semaphore::new(bytes_max as usize)), bytes_max }
    }

    /// Waits for room for so many bytes; who needs more than there is takes all of it.
    pub async fn take(&self, bytes: u64) -> Held {
        let share = u32::try_from(bytes.saturating_mul(TIMES)).unwrap_or(u32::MAX).min(self.bytes_max);
        let taken = Arc::clone(&self.free).acquire_many_owned(share).await;
        Held { _taken: Arc::new(taken.expect("this semaphore is never closed")) }
    }
}

/// Room that is taken, until this and the last of the bytes in it are gone.
#[derive(Clone)]
pub struct Held {
    _taken: Arc<OwnedSemaphorePermit>,
}

impl Held {
    /// These bytes; wherever they are passed on to, their room is taken for as long as they are there.
    pub fn keep(&self, bytes: Bytes) -> Bytes {
        Bytes::from_owner(Kept { bytes, _room: self.clone() })
    }
}

struct Kept {
    bytes: Bytes,
    _room: Held,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn who_finds_no_room_waits_until_the_bytes_of_another_are_gone() {
        let room = FileRoom::new(100);
        let (one, two) = (room.take(30).await, room.take(20).await);
        let bytes = one.keep(Bytes::from_static(b"a file"));
        drop(one);

        assert!(room.take(1).now_or_never().is_none(), "a file counts twice");
        drop(two);
        assert!(room.take(20).now_or_never().is_some() && room.take(21).now_or_never().is_none());
        let part = bytes.slice(2..);
        drop(bytes);
        assert!(room.take(21).now_or_never().is_none(), "a part of it is all of it");
        assert_eq!(&*part, b"file");
        drop(part);
        assert!(room.take(50).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_file_that_is_larger_than_all_of_it_goes_alone() {
        let room = FileRoom::new(100);
        let small = room.take(1).await;

        assert!(room.take(u64::MAX).now_or_never().is_none());
        drop(small);
        let large = room.take(u64::MAX).now_or_never().expect("nobody else is there");
        assert!(room.take(1).now_or_never().is_none());
        assert!(room.take(0).now_or_never().is_some(), "what goes by address needs none");
        drop(large);
        assert!(room.take(1).now_or_never().is_some());
    }
}
