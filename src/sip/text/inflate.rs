//! `Content-Encoding` of a body: linphone deflates its receipts. Inflating stops at a bound. [home of flate2]

use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use std::borrow::Cow;
use std::io::Read;

/// What we can undo, as an `Accept-Encoding` header says it.
pub const ACCEPT_ENCODING: &str = "identity, deflate, gzip";

/// What a body of a type that is never unpacked may come in.
pub const IDENTITY: &str = "identity";

/// Whether a body comes packed, in whatever way.
pub fn is_packed(encoding: Option<&str>) -> bool {
    let encoding = encoding.unwrap_or_default().trim();
    !encoding.is_empty() && !encoding.eq_ignore_ascii_case(IDENTITY)
}

/// Why a body could not be unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CannotInflate {
    UnknownEncoding,
    TooLarge,
    Damaged,
}

/// Undoes the encoding named by the header, up to `bytes_max` bytes.
pub fn inflate<'a>(encoding: Option<&str>, body: &'a [u8], bytes_max: usize) -> Result<Cow<'a, [u8]>, CannotInflate> {
    match encoding.unwrap_or_default().trim().to_ascii_lowercase().as_str() {
        "" | "identity" if body.len() <= bytes_max => Ok(Cow::Borrowed(body)),
        "" | "identity" => Err(CannotInflate::TooLarge),
        // "deflate" means zlib (RFC 9110 8.4.1.2), and linphone sends that; some send bare deflate.
        "deflate" => match bounded(ZlibDecoder::new(body), bytes_max) {
            Err(CannotInflate::Damaged) => bounded(DeflateDecoder::new(body), bytes_max).map(Cow::Owned),
            other => other.map(Cow::Owned),
        },
        "gzip" | "x-gzip" => bounded(GzDecoder::new(body), bytes_max).map(Cow::Owned),
        _ => Err(CannotInflate::UnknownEncoding),
    }
}

fn bounded(source: impl Read, bytes_max: usize) -> Result<Vec<u8>, CannotInflate> {
    let mut inflated = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    source.take(bound).read_to_end(&mut inflated).map_err(|_| CannotInflate::Damaged)?;
    if inflated.len() > bytes_max { Err(CannotInflate::TooLarge) } else { Ok(inflated) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use std::io::Write;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory takes all");
        encoder.finish().expect("memory takes all")
    }

    #[test]
    fn zlib_bare_deflate_and_gzip_are_undone() {
        let mut bare = DeflateEncoder::new(Vec::new(), Compression::default());
        bare.write_all(b"receipt").expect("memory takes all");
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(b"receipt").expect("memory takes all");

        assert_eq!(inflate(Some("deflate"), &zlib(b"receipt"), 100).as_deref(), Ok(b"receipt".as_slice()));
        assert_eq!(inflate(Some("Deflate"), &bare.finish().expect("whole"), 100).as_deref(), Ok(b"receipt".as_slice()));
        assert_eq!(inflate(Some("gzip"), &gzip.finish().expect("whole"), 100).as_deref(), Ok(b"receipt".as_slice()));
        assert_eq!(inflate(None, b"receipt", 100).as_deref(), Ok(b"receipt".as_slice()));
    }

    #[test]
    fn a_bomb_stops_at_the_bound() {
        let bomb = zlib(&vec![0; 10_000_000]);

        assert!(bomb.len() < 20_000);
        assert_eq!(inflate(Some("deflate"), &bomb, 65_536), Err(CannotInflate::TooLarge));
    }

    #[test]
    fn damage_and_unknown_encodings_are_told_apart() {
        assert_eq!(inflate(Some("deflate"), b"\xff\xffnot it", 100), Err(CannotInflate::Damaged));
        assert_eq!(inflate(Some("br"), b"x", 100), Err(CannotInflate::UnknownEncoding));
        assert_eq!(inflate(Some("deflate, gzip"), b"x", 100), Err(CannotInflate::UnknownEncoding));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_or_pass_the_bound(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for encoding in ["deflate", "gzip", ""] {
                if let Ok(inflated) = inflate(Some(encoding), &bytes, 128) {
                    prop_assert!(inflated.len() <= 128);
                }
            }
        }
    }
}
