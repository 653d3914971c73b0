//! The two things the house reads of what a camera writes beside a picture (EXIF, a TIFF of its own): how it was held, and
//! whether it says where.

/// How a picture must be turned to be shown (EXIF tag 274): 1 not at all, up to 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn(u8);

impl Default for Turn {
    fn default() -> Turn {
        Turn(1)
    }
}

impl Turn {
    /// Reads the number; one that is not known means none.
    pub fn from_exif(value: u16) -> Turn {
        u8::try_from(value).ok().filter(|value| (1..=8).contains(value)).map_or(Turn(1), Turn)
    }

    /// Whether nothing has to be done.
    pub fn is_none(self) -> bool {
        self.0 == 1
    }

    /// The number.
    pub fn as_exif(self) -> u8 {
        self.0
    }

    /// Width and height after it.
    pub fn of(self, width: u32, height: u32) -> (u32, u32) {
        if self.0 >= 5 { (height, width) } else { (width, height) }
    }
}

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// How it was held.
    pub turn: Turn,
    /// Whether there is a latitude or a longitude.
    pub has_location: bool,
}

const ORIENTATION: u16 = 274;
const GPS: u16 = 0x8825;
const LATITUDE: u16 = 2;
const LONGITUDE: u16 = 4;
/// More than any camera writes in one list.
const ENTRIES_MAX: u16 = 512;

/// Reads the TIFF behind `Exif\0\0`. What cannot be read says nothing.
pub fn read(tiff: &[u8]) -> Said {
    let mut said = Said::default();
    let Some(tiff) = Tiff::new(tiff) else { return said };
    for (tag, value, short) in tiff.list(tiff.u32(4).unwrap_or(0)) {
        match tag {
            ORIENTATION => said.turn = Turn::from_exif(short),
            GPS => said.has_location = tiff.list(value).any(|(tag, ..)| tag == LATITUDE || tag == LONGITUDE),
            _ => {}
        }
    }
    said
}

/// Whether an XMP packet says where.
pub fn xmp_has_location(packet: &[u8]) -> bool {
    memchr::memmem::find(packet, b"GPSLatitude").is_some() || memchr::memmem::find(packet, b"GPSLongitude").is_some()
}

struct Tiff<'a> {
    bytes: &'a [u8],
    low_first: bool,
}

impl Tiff<'_> {
    fn new(bytes: &[u8]) -> Option<Tiff<'_>> {
        match bytes.get(..2)? {
            b"II" => Some(Tiff { bytes, low_first: true }),
            b"MM" => Some(Tiff { bytes, low_first: false }),
            _ => None,
        }
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let two = self.bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if self.low_first { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let four = self.bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if self.low_first { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
    }

    /// Tag, value as 32 bits, value as 16 bits. Lists are never followed to further lists, so none is a circle.
    fn list(&self, at: u32) -> impl Iterator<Item = (u16, u32, u16)> {
        let at = at as usize;
        let count = self.u16(at).unwrap_or(0).min(ENTRIES_MAX);
        (0..usize::from(count)).filter_map(move |index| {
            let entry = at.checked_add(2 + index * 12)?;
            Some((self.u16(entry)?, self.u32(entry.checked_add(8)?)?, self.u16(entry.checked_add(8)?)?))
        })
    }
}
