//! Where the body of a response goes: into memory, or piece by piece into a sink; both within a bound.

use crate::net::client::CallError;
use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use std::convert::Infallible;

/// Takes the bytes of a body as they come, so that a large one costs no memory.
pub trait Sink: Send {
    /// Why it takes no more.
    type Error: Send;

    /// One piece of the body, in its order.
    fn take(&mut self, piece: &[u8]) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

impl Sink for Vec<u8> {
    type Error = Infallible;

    async fn take(&mut self, piece: &[u8]) -> Result<(), Infallible> {
        self.extend_from_slice(piece);
        Ok(())
    }
}

/// The body of a response that was poured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A good answer (200): so many bytes went into the sink.
    Poured(u64),
    /// Any other: it is here.
    Kept(Bytes),
}

/// Why a body was not poured whole. What the sink took by then is a fragment.
#[derive(Debug, thiserror::Error)]
pub enum PourError<E> {
    /// The call has no whole response.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The sink took no more.
    #[error("the file could not be kept")]
    Sink(E),
}

/// Why a body ended too soon.
pub(super) enum Cut<E> {
    Lost(hyper::Error),
    TooLarge,
    Sink(E),
}

/// Whether a response's body is the thing that was asked for.
pub(super) fn is_poured(response: &Response<Incoming>) -> bool {
    response.status() == StatusCode::OK
}

/// The whole body.
pub(super) async fn keep(body: &mut Incoming, bytes_max: usize) -> Result<Bytes, Cut<Infallible>> {
    let announced = body.size_hint().lower();
    if announced > bytes_max as u64 {
        return Err(Cut::TooLarge);
    }
    let mut whole = BytesMut::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(piece) = next(body).await? {
        if whole.len() + piece.len() > bytes_max {
            return Err(Cut::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// Pours the body into the sink; returns how large it was.
pub(super) async fn pour<S: Sink>(body: &mut Incoming, bytes_max: u64, sink: &mut S) -> Result<u64, Cut<S::Error>> {
    if body.size_hint().lower() > bytes_max {
        return Err(Cut::TooLarge);
    }
    let mut taken = 0;
    while let Some(piece) = next(body).await? {
        taken += piece.len() as u64;
        if taken > bytes_max {
            return Err(Cut::TooLarge);
        }
        sink.take(&piece).await.map_err(Cut::Sink)?;
    }
    Ok(taken)
}

/// The next piece; trailers are none.
async fn next<E>(body: &mut Incoming) -> Result<Option<Bytes>, Cut<E>> {
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(Cut::Lost)?.into_data() {
            return Ok(Some(data));
        }
    }
    Ok(None)
}
