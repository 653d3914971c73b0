//! One file as an answer: which, opened, and its bytes no slower than somebody who wants them takes them.

use crate::clock::Clock;
use crate::domain::media::{FileHash, MediaType};
use crate::flow::media::links::Found;
use crate::ingress::media_bounds::Place;
use crate::ingress::media_page::is_shown;
use crate::media::archive::{Archive, ArchiveError};
use crate::net::file_answer::FileAnswer;
use crate::store::uploads::Upload;
use axum::body::Body;
use futures_util::TryStreamExt;
use http::Response;
use http::header::CONTENT_RANGE;
use http::request::Parts;
use std::io;
use std::time::Duration;

/// How long a browser may keep a file; who had its address may look at it again for so long.
const KEEP_FOR: Duration = Duration::from_secs(300);

/// A file somebody may have.
pub(super) struct Wanted {
    hash: FileHash,
    media_type: MediaType,
    name: String,
    pub bytes: u64,
    is_thumb: bool,
}

impl Wanted {
    pub fn of(found: &Found) -> Wanted {
        let Found { hash, media_type, name, bytes, .. } = found.clone();
        Wanted { hash, media_type, name, bytes, is_thumb: false }
    }

    /// The small picture of it.
    pub fn thumb_of(found: &Found) -> Wanted {
        Wanted { media_type: MediaType::Jpeg, bytes: 0, is_thumb: true, ..Wanted::of(found) }
    }

    pub fn of_upload(upload: &Upload) -> Wanted {
        let (file, name) = (&upload.file, upload.name.clone());
        let (media_type, bytes) = (file.facts.media_type, file.facts.bytes);
        Wanted { hash: file.hash.clone(), media_type, name, bytes, is_thumb: false }
    }

    /// The answer to a request for it; `None`: it is not in the archive any more.
    pub async fn open(self, archive: &Archive, asked: &Parts) -> Result<Option<Response<Body>>, ArchiveError> {
        let opened = match self.is_thumb {
            true => archive.open_thumb(&self.hash).await?,
            false => archive.open_file(&self.hash).await?,
        };
        let Some((file, bytes)) = opened else { return Ok(None) };
        let kind = if self.is_thumb { "-thumb" } else { "" };
        let answer = FileAnswer {
            file,
            bytes,
            media_type: self.media_type.as_str(),
            name: self.name,
            inline: self.is_thumb || is_shown(self.media_type) && !is_to_be_saved(asked),
            etag: format!("{}{kind}", self.hash.as_str()),
            keep_for: KEEP_FOR,
        };
        Ok(Some(answer.to(&asked.method, &asked.headers).await))
    }
}

/// `?download`: to be saved, not shown.
fn is_to_be_saved(asked: &Parts) -> bool {
    let query = asked.uri.query().unwrap_or_default();
    query.split('&').any(|part| part == "download" || part.starts_with("download="))
}

/// Whether an answer goes on with what somebody has the beginning of: the same visit.
pub(super) fn is_continuation(answer: &Response<Body>) -> bool {
    answer.headers().get(CONTENT_RANGE).is_some_and(|range| !range.as_bytes().starts_with(b"bytes 0-"))
}

/// The same bytes, for as long as their reader keeps up; his place is given back after the last.
pub(super) fn paced(body: Body, place: Place, clock: Clock) -> Body {
    let from = (body.into_data_stream(), place, clock, 0_u64);
    Body::from_stream(futures_util::stream::try_unfold(from, async |(mut body, place, clock, sent)| {
        if place.is_too_slow(sent, clock.monotonic()) {
            return Err(io::Error::from(io::ErrorKind::TimedOut));
        }
        let Some(piece) = body.try_next().await.map_err(io::Error::other)? else { return Ok(None) };
        let sent = sent + piece.len() as u64;
        Ok(Some((piece, (body, place, clock, sent))))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;
    use crate::ingress::media_bounds::Places;
    use crate::sip::digest::nonce::Network;
    use bytes::Bytes;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn who_takes_too_long_is_cut_off_and_his_place_is_free() {
        let (clock, places) = (Clock::by_hand(Timestamp(0)), Places::for_pages());
        let here = Network::of("192.0.2.1".parse().expect("an address"));
        let place = || places.take(here, 1000, clock.monotonic());
        let pieces = || {
            let pieces: Vec<io::Result<Bytes>> = (0..10).map(|_| Ok(Bytes::from_static(&[7; 100]))).collect();
            Body::from_stream(futures_util::stream::iter(pieces))
        };
        let others: Vec<_> = (0..15).filter_map(|_| place()).collect();

        let mut slow = paced(pieces(), place().expect("the last place"), clock.clone()).into_data_stream();
        assert!(slow.try_next().await.expect("in time").is_some());
        assert!(place().is_none(), "it is being fetched");
        clock.advance(Duration::from_secs(61));
        assert!(slow.try_next().await.is_err(), "it must not look whole");
        drop((slow, others));
        let whole = paced(pieces(), place().expect("free again"), clock.clone()).collect().await;

        assert_eq!(whole.expect("in time").to_bytes().len(), 1000);
    }
}
