//! What files a carrier takes with a message: which types, how large, how many, to where. Facts of 2026-11, from the
//! vendors' pages; what nobody could check is the usual of the field, and the carrier's entry says so.

use crate::domain::channel::SenderClass;
use crate::domain::media::MediaType::{self, *};

/// Where MMS is to be had unless a carrier says otherwise.
pub const NORTH_AMERICA: &[&str] = &["US", "CA"];
/// The pictures every telephone shows.
pub const PICTURES: &[MediaType] = &[Jpeg, Png, Gif];
/// What the large American networks pass on of anything but a picture, from any kind of number.
pub const OTHER_BYTES_MAX: usize = 600_000;

/// What files a carrier takes with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaLimits {
    /// How many with one message.
    pub count_max: usize,
    /// Bytes of all together.
    pub total_bytes_max: usize,
    /// Whether it fetches a file from an address of ours.
    pub by_link: bool,
    /// Whether it takes the bytes themselves, so that a box without a public address can send files.
    pub by_upload: bool,
    takes: &'static [Taken],
    countries: &'static [&'static str],
    toll_free_bytes_max: Option<usize>,
}

/// Types a carrier takes, and how large each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    types: &'static [MediaType],
    bytes_max: usize,
    with_words: bool,
    pixels: Option<(u32, u32)>,
}

impl Taken {
    /// These types, each file up to so many bytes.
    pub const fn of(types: &'static [MediaType], bytes_max: usize) -> Taken {
        Taken { types, bytes_max, with_words: true, pixels: None }
    }

    /// No text stands beside them in one message.
    pub const fn without_words(self) -> Taken {
        Taken { with_words: false, ..self }
    }

    /// Only in this size, in pixels across and down.
    pub const fn exactly(self, width: u32, height: u32) -> Taken {
        Taken { pixels: Some((width, height)), ..self }
    }
}

impl MediaLimits {
    /// Files by link: so many with one message, so many bytes together.
    pub const fn of(takes: &'static [Taken], count_max: usize, total_bytes_max: usize) -> MediaLimits {
        MediaLimits {
            count_max,
            total_bytes_max,
            by_link: true,
            by_upload: false,
            takes,
            countries: NORTH_AMERICA,
            toll_free_bytes_max: None,
        }
    }

    /// It takes the bytes themselves too.
    pub const fn or_by_upload(self) -> MediaLimits {
        MediaLimits { by_upload: true, ..self }
    }

    /// It takes nothing but the bytes themselves.
    pub const fn by_upload_alone(self) -> MediaLimits {
        MediaLimits { by_upload: true, by_link: false, ..self }
    }

    /// No more bytes than this, of one file and of all together.
    pub const fn at_most(self, bytes_max: usize) -> MediaLimits {
        MediaLimits { total_bytes_max: bytes_max, ..self }
    }

    /// Only numbers of these countries can be sent files; none: all can.
    pub const fn to(self, countries: &'static [&'static str]) -> MediaLimits {
        MediaLimits { countries, ..self }
    }

    /// From a toll-free number, fewer bytes together.
    pub const fn from_toll_free(self, bytes_max: usize) -> MediaLimits {
        MediaLimits { toll_free_bytes_max: Some(bytes_max), ..self }
    }

    /// Most bytes of a file of this type; `None`: it takes no such files.
    pub fn bytes_max_of(&self, media_type: MediaType) -> Option<u64> {
        self.taken(media_type).map(|taken| taken.bytes_max.min(self.total_bytes_max) as u64)
    }

    /// Whether text can stand beside a file of this type in one message; else it goes as a message of its own.
    pub fn takes_caption(&self, media_type: MediaType) -> bool {
        self.taken(media_type).is_some_and(|taken| taken.with_words)
    }

    /// The one size, in pixels across and down, in which a file of this type is taken; `None`: any.
    pub fn exact_pixels_of(&self, media_type: MediaType) -> Option<(u32, u32)> {
        self.taken(media_type)?.pixels
    }

    /// Every type it takes.
    pub fn types(&self) -> impl Iterator<Item = MediaType> {
        self.takes.iter().flat_map(|taken| taken.types).copied()
    }

    /// Bytes of all together, from a number of this class.
    pub fn total_bytes_max_from(&self, class: SenderClass) -> usize {
        match (class, self.toll_free_bytes_max) {
            (SenderClass::TollFree, Some(fewer)) => fewer,
            _ => self.total_bytes_max,
        }
    }

    /// The countries (ISO 3166) whose numbers can be sent files; empty: all.
    pub fn countries(&self) -> &'static [&'static str] {
        self.countries
    }

    fn taken(&self, media_type: MediaType) -> Option<&'static Taken> {
        self.takes.iter().find(|taken| taken.types.contains(&media_type))
    }
}

/// What WhatsApp takes, through whichever carrier: by Meta's page "Supported media types" of 2025-12. Every type has its
/// own bound, and a sticker is exactly 512 pixels square; of a WebP nobody sees whether it moves, so the smaller bound of
/// 100 KB holds (500 KB for moving ones). GIF is not among them.
pub const WHATSAPP: MediaLimits = MediaLimits::of(
    &[
        Taken::of(&[Jpeg, Png], 5 << 20),
        Taken::of(&[Mp4, ThreeGp], 16 << 20),
        Taken::of(&[Mp3, M4a, Aac, Amr, Ogg], 16 << 20).without_words(),
        Taken::of(&[Webp], 100 << 10).without_words().exactly(512, 512),
        Taken::of(&[Pdf, Text, Docx, Xlsx, Pptx], 100 << 20),
    ],
    1,
    100 << 20,
)
.to(&[]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatsapp_knows_each_family() {
        for (media_type, bytes, words) in [
            (Jpeg, Some(5 << 20), true),
            (Gif, None, false),
            (Mp4, Some(16 << 20), true),
            (Ogg, Some(16 << 20), false),
            (Webp, Some(100 << 10), false),
            (Pdf, Some(100 << 20), true),
            (VCard, None, false),
        ] {
            assert_eq!(WHATSAPP.bytes_max_of(media_type), bytes, "{media_type}");
            assert_eq!(WHATSAPP.takes_caption(media_type), words, "{media_type}");
        }
        assert_eq!(WHATSAPP.exact_pixels_of(Webp), Some((512, 512)));
        assert!(WHATSAPP.countries().is_empty());
    }

    #[test]
    fn one_file_is_never_larger_than_all_together() {
        const MMS: MediaLimits = MediaLimits::of(&[Taken::of(PICTURES, 5_000_000)], 10, 1_200_000);
        const TOLL_FREE: MediaLimits = MMS.from_toll_free(750_000);

        assert_eq!(MMS.bytes_max_of(Gif), Some(1_200_000));
        assert_eq!(TOLL_FREE.total_bytes_max_from(SenderClass::TollFree), 750_000);
        assert_eq!(TOLL_FREE.total_bytes_max_from(SenderClass::LongCode), 1_200_000);
        assert_eq!(MMS.countries(), ["US", "CA"]);
    }
}
