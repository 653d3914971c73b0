//! What a picture says of itself before it is opened, and whether that can be believed: a picture that wants much memory
//! must bring the bytes for it.

use crate::domain::media::{FileFacts, MediaType};
use crate::domain::reason::Reason;
use crate::media::bytes::{Source, damaged, too_complex};
use crate::media::picture::exif::Turn;
use crate::media::picture::{gif, jpeg, png, webp};
use std::ops::Range;

/// Most pixels of a picture.
pub const PIXELS_MAX: u64 = 50_000_000;
/// Most frames of a moving one.
pub const FRAMES_MAX: u32 = 200;
/// Most bytes of a picture's file: more than any camera of 50 megapixels writes.
const FILE_BYTES_MAX: u64 = 40 << 20;
/// Memory that any picture may want: 10 megapixels in colour.
const FREE_BYTES: u64 = 32 << 20;
/// Memory for each byte of picture the file brings. A photo of poor quality needs 25, a plain screenshot 60.
const BYTES_PER_BYTE: u64 = 64;

/// A part of a file that is written as it is, or replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// These bytes of the file.
    Same(Range<u64>),
    /// These instead.
    Instead(Vec<u8>),
}

/// What the parts of a picture say.
#[derive(Clone, Debug)]
pub struct Header {
    /// What it is.
    pub media_type: MediaType,
    /// Pixels across, as stored.
    pub width: u32,
    /// Pixels down, as stored.
    pub height: u32,
    /// How it must be turned to be shown.
    pub turn: Turn,
    /// Frames; 1 for a still.
    pub frames: u32,
    /// Memory that opening it takes.
    pub memory: u64,
    /// Bytes of the file that are picture.
    pub image_bytes: u64,
    /// Where the picture ends; what follows is none of it.
    pub end: u64,
    /// Whether it says anything beside the picture: place, device, people, remarks, pictures behind it.
    pub says_more: bool,
    /// Whether it says where it was taken.
    pub has_location: bool,
    /// Everything but that.
    pub bare: Vec<Part>,
}

impl Header {
    /// Begins with nothing known.
    pub fn new(media_type: MediaType) -> Header {
        Header {
            media_type,
            width: 0,
            height: 0,
            turn: Turn::default(),
            frames: 1,
            memory: 0,
            image_bytes: 0,
            end: 0,
            says_more: false,
            has_location: false,
            bare: Vec::new(),
        }
    }

    /// Reads the parts, and refuses what no decoder should see.
    pub fn read(source: &mut Source, media_type: MediaType) -> Result<Header, Reason> {
        if source.len() > FILE_BYTES_MAX {
            return Err(too_complex("a picture of more bytes than a picture has"));
        }
        source.go_to(0)?;
        let mut header = match media_type {
            MediaType::Jpeg => jpeg::walk(source)?,
            MediaType::Png => png::walk(source)?,
            MediaType::Gif => gif::walk(source)?,
            MediaType::Webp => webp::walk(source)?,
            _ => return Err(damaged("no picture")),
        };
        header.says_more |= header.end < source.len();
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), Reason> {
        if self.width == 0 || self.height == 0 {
            return Err(damaged("a picture without pixels"));
        }
        if self.frames == 0 {
            return Err(damaged("a picture without a frame"));
        }
        if self.pixels() > PIXELS_MAX {
            return Err(too_complex("a picture of more than 50 megapixels"));
        }
        if self.frames > FRAMES_MAX {
            return Err(too_complex("a moving picture of more than 200 frames"));
        }
        if self.memory > plausible(self.image_bytes) {
            return Err(too_complex("a picture that is far larger than its bytes can say"));
        }
        Ok(())
    }

    /// Memory that opening it takes and making a small picture of it, which takes `work` when the file is gone again.
    pub fn memory_to_look(&self, work: u64) -> u64 {
        if self.media_type != MediaType::Jpeg {
            return self.memory + work;
        }
        // The decoder holds the whole file, in a room that it doubles as it reads.
        self.memory.saturating_sub(self.end) + self.end.next_power_of_two().max(work)
    }

    /// Pixels, as stored.
    pub fn pixels(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    /// Keeps these bytes in the bare picture.
    pub fn keep(&mut self, from: u64, to: u64) {
        if let Some(Part::Same(last)) = self.bare.last_mut()
            && last.end == from
        {
            last.end = to;
            return;
        }
        self.bare.push(Part::Same(from..to));
    }

    /// Leaves something out that is no picture.
    pub fn leave_out(&mut self) {
        self.says_more = true;
    }

    /// Length of the bare picture.
    pub fn bare_bytes(&self) -> u64 {
        let length = |part: &Part| match part {
            Part::Same(range) => range.end - range.start,
            Part::Instead(bytes) => bytes.len() as u64,
        };
        self.bare.iter().map(length).sum()
    }

    /// As it is told to others; `bytes` is the length of the file.
    pub fn facts(&self, bytes: u64) -> FileFacts {
        let (width, height) = self.turn.of(self.width, self.height);
        let count = (self.frames > 1).then_some(self.frames);
        FileFacts { media_type: self.media_type, bytes, width: Some(width), height: Some(height), count }
    }
}

/// How much memory a picture of so many bytes may want.
pub fn plausible(image_bytes: u64) -> u64 {
    FREE_BYTES + BYTES_PER_BYTE * image_bytes
}
