//! The file in a form that is sent piece by piece (multipart/form-data, RFC 7578): written down as it comes, never whole in
//! memory. What else stands in the form is passed over. [home of multer]

use crate::domain::reason::{Reason, ReasonCode};
use crate::media::incoming::Incoming;
use axum::body::Body;
use bytes::Bytes;
use futures_util::Stream;
use multer::{Constraints, Field, Multipart, SizeLimit};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

/// Parts a form of a phone has: the file, its small picture, a number that names it.
const PARTS_MAX: usize = 8;
/// What may stand around a file.
const AROUND_BYTES_MAX: u64 = 256 * 1024;
/// What the reader of the form may hold back while it looks for the end of a part's head.
const HELD_BYTES_MAX: usize = 512 * 1024;

/// Why there is no file.
#[derive(Debug)]
pub(super) enum FormError {
    /// It is no form, ends too early, or has no file in it.
    Unreadable,
    /// The file is not taken.
    Refused(Reason),
}

impl From<multer::Error> for FormError {
    fn from(error: multer::Error) -> FormError {
        match error {
            multer::Error::StreamSizeExceeded { .. } => FormError::Refused(Reason::of(ReasonCode::FileTooLarge)),
            _ => FormError::Unreadable,
        }
    }
}

/// The boundary of a form, from its Content-Type.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    multer::parse_boundary(content_type).ok().filter(|boundary| !boundary.is_empty() && boundary.len() <= 200)
}

/// The file in a form and what it is called. `begin` makes room for it once it is there.
pub(super) async fn receive<B: Future<Output = Result<Incoming, Reason>>>(
    body: Body,
    boundary: String,
    file_bytes_max: u64,
    begin: impl FnOnce() -> B,
) -> Result<(String, Incoming), FormError> {
    let held = Arc::new(AtomicUsize::new(0));
    let pieces = Pieces { body: body.into_data_stream(), held: Arc::clone(&held), is_turn: true };
    let whole_max = file_bytes_max.saturating_add(AROUND_BYTES_MAX);
    let limits = Constraints::new().size_limit(SizeLimit::new().whole_stream(whole_max));
    let mut form = Multipart::with_constraints(pieces, boundary, limits);
    let (mut begin, mut file) = (Some(begin), None);
    for _ in 0..PARTS_MAX {
        let Some(mut part) = form.next_field().await? else { return file.ok_or(FormError::Unreadable) };
        let begin = if is_file(&part) { begin.take() } else { None };
        let mut incoming = match begin {
            Some(begin) => Some(begin().await.map_err(FormError::Refused)?),
            None => None,
        };
        while let Some(piece) = part.chunk().await? {
            let _ =
                held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| Some(held.saturating_sub(piece.len())));
            if let Some(incoming) = &mut incoming {
                incoming.write(&piece).await.map_err(|error| FormError::Refused(error.reason()))?;
            }
        }
        if let Some(incoming) = incoming {
            file = Some((part.file_name().unwrap_or_default().to_owned(), incoming));
        }
    }
    Err(FormError::Unreadable)
}

fn is_file(part: &Field<'_>) -> bool {
    part.name().is_some_and(|name| name.eq_ignore_ascii_case("file"))
}

/// The body, one piece at a time: the reader of the form takes all it is given at once, and holds back what it cannot make
/// anything of yet.
struct Pieces<S> {
    body: S,
    held: Arc<AtomicUsize>,
    is_turn: bool,
}

impl<S: Stream<Item = Result<Bytes, axum::Error>> + Unpin> Stream for Pieces<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if !std::mem::replace(&mut self.is_turn, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = ready!(Pin::new(&mut self.body).poll_next(cx));
        self.is_turn = false;
        Poll::Ready(piece.map(|piece| {
            let piece = piece.map_err(io::Error::other)?;
            let held = self.held.fetch_add(piece.len(), Ordering::Relaxed) + piece.len();
            if held > HELD_BYTES_MAX { Err(io::ErrorKind::InvalidData.into()) } else { Ok(piece) }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::archive::{Archive, ArchiveBounds};

    const BOUNDARY: &str = "----------kVBEQ50j";

    fn archive(file_bytes_max: u64) -> (tempfile::TempDir, Archive) {
        let folder = tempfile::tempdir().expect("a folder");
        let bounds = ArchiveBounds { quota_bytes: 1 << 30, free_bytes_min: 0, file_bytes_max };
        let archive = Archive::open(&folder.path().join("media"), bounds).expect("an archive");
        (folder, archive)
    }

    async fn received(form: Vec<u8>, piece_bytes: usize) -> Result<(String, Vec<u8>), FormError> {
        let (_folder, archive) = archive(1 << 20);
        let pieces: Vec<io::Result<Bytes>> =
            form.chunks(piece_bytes).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = Body::from_stream(futures_util::stream::iter(pieces));
        let begin = || async { archive.begin().await.map_err(|error| error.reason()) };
        let (name, incoming) = receive(body, BOUNDARY.into(), 1 << 20, begin).await?;
        let kept = incoming.keep().await.expect("kept");
        let bytes = archive.read(&kept.hash).await.expect("readable").expect("there");
        Ok((name, bytes.to_vec()))
    }

    fn part(head: &str, bytes: &[u8]) -> Vec<u8> {
        [format!("--{BOUNDARY}\r\nContent-Disposition: form-data;{head}\r\n\r\n").as_bytes(), bytes, b"\r\n"].concat()
    }

    fn form(parts: &[Vec<u8>]) -> Vec<u8> {
        [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat()
    }

    /// As linphone 5.1.65 writes it.
    fn linphones(bytes: &[u8]) -> Vec<u8> {
        part("name=\"File\";filename=\"Bild f\u{fc}r dich.png\"\r\nContent-Type: image/png", bytes)
    }

    #[tokio::test]
    async fn the_file_of_a_form_is_written_down_however_it_is_cut() {
        let bytes: Vec<u8> =
            (0..20_000_u32).flat_map(|number| (number.wrapping_mul(2_654_435_761)).to_be_bytes()).collect();
        for piece_bytes in [1, 7, 1000, 1 << 20] {
            let got =
                received(form(&[linphones(&bytes[..if piece_bytes == 1 { 3000 } else { bytes.len() }])]), piece_bytes)
                    .await;

            let (name, written) = got.expect("a file");
            assert_eq!(name, "Bild für dich.png");
            assert!(bytes.starts_with(&written) && written.len() >= 3000, "{piece_bytes}");
        }
    }

    #[tokio::test]
    async fn what_else_stands_in_the_form_is_passed_over() {
        let thumbnail = part("name=\"Thumbnail\"; filename=\"t.jpg\"", &[9; 5000]);
        let number = part("name=\"tid\"", b"0c6f8a5e");

        let got = received(form(&[number, thumbnail, linphones(b"the file")]), 100).await;

        assert_eq!(got.expect("a file").1, b"the file");
    }

    #[tokio::test]
    async fn a_form_without_a_file_and_one_that_breaks_off_are_refused() {
        let broken = linphones(b"half of");
        let endless_head = part(&"x".repeat(HELD_BYTES_MAX + 1), b"");
        let many: Vec<_> = (0..20).map(|_| part("name=\"a\"", b"b")).collect();

        for (what, form) in [
            ("empty", Vec::new()),
            ("no parts", form(&[])),
            ("another part", form(&[part("name=\"text\"", b"hello")])),
            ("broken off", broken[..broken.len() - 2].to_vec()),
            ("an endless head", endless_head),
            ("many parts", form(&many)),
            ("no form", b"hello".to_vec()),
        ] {
            assert!(matches!(received(form, 4096).await, Err(FormError::Unreadable)), "{what}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_is_refused_while_it_comes() {
        let got = received(form(&[linphones(&vec![1; (1 << 20) + 1])]), 4096).await;

        assert!(matches!(got, Err(FormError::Refused(reason)) if reason.code == ReasonCode::FileTooLarge));
    }

    #[test]
    fn a_boundary_is_read_as_softphones_write_it() {
        let written = format!("multipart/form-data;boundary={BOUNDARY}");

        assert_eq!(boundary(&written).as_deref(), Some(BOUNDARY));
        for other in ["multipart/form-data", "text/plain", "multipart/form-data; boundary=", "", "image/png;boundary=x"]
        {
            assert_eq!(boundary(other), None, "{other}");
        }
    }
}
