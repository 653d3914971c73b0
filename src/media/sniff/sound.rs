//! Sound: MP3, AAC, AMR, Ogg and WAV. Two frames in a row make sure that a beginning is no accident.

use crate::domain::media::MediaType;
use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::{Source, damaged, refuse};

/// How far behind its tag a first frame may begin.
const PADDING_MAX: usize = 4096;

/// Names a sound, if it is one.
pub fn name(source: &mut Source, head: &[u8]) -> Result<Option<MediaType>, Reason> {
    Ok(match head {
        [b'#', b'!', b'A', b'M', b'R', b'\n', ..] | [b'#', b'!', b'A', b'M', b'R', b'-', b'W', b'B', b'\n', ..] => {
            Some(MediaType::Amr)
        }
        [b'O', b'g', b'g', b'S', 0, ..] => Some(ogg(head)?),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Some(wav(source)?),
        [b'I', b'D', b'3', 2..=4, ..] => Some(tagged(source, head)?),
        [0xFF, second, ..] if second & 0xE0 == 0xE0 => frames(head),
        _ => None,
    })
}

fn ogg(head: &[u8]) -> Result<MediaType, Reason> {
    let early = &head[..head.len().min(128)];
    let sound = [&b"OpusHead"[..], b"\x01vorbis", b"Speex   ", b"\x7fFLAC"];
    if sound.iter().any(|mark| memchr::memmem::find(early, mark).is_some()) {
        return Ok(MediaType::Ogg);
    }
    Err(refuse(ReasonCode::FileTypeNotAllowed, "application/ogg that is no sound"))
}

fn wav(source: &mut Source) -> Result<MediaType, Reason> {
    source.go_to(12)?;
    for _ in 0..64 {
        let kind = source.take::<4>()?;
        let size = u64::from(source.le32()?);
        if &kind == b"fmt " {
            return Ok(MediaType::Wav);
        }
        source.skip(size + size % 2)?;
    }
    Err(damaged("a sound that does not say how it is written"))
}

/// After a tag (ID3v2, 28 bits of length in four bytes) comes MP3 or AAC.
fn tagged(source: &mut Source, head: &[u8]) -> Result<MediaType, Reason> {
    let Some(size) = head.get(6..10) else { return Err(damaged("it ends too early")) };
    let size = size.iter().fold(0_u64, |sum, &byte| (sum << 7) | u64::from(byte & 0x7F));
    let behind = source.piece(10 + size, PADDING_MAX * 2)?;
    let first = behind.iter().take(PADDING_MAX).position(|&byte| byte != 0).unwrap_or(0);
    frames(&behind[first..]).ok_or_else(|| damaged("a tag with no sound behind it"))
}

/// Two frames, one behind the other.
fn frames(bytes: &[u8]) -> Option<MediaType> {
    let (media_type, length) = frame(bytes)?;
    let next = bytes.get(length..)?;
    // The last of a very short sound has nothing behind it.
    let goes_on = next.is_empty() || frame(next).is_some_and(|(is, _)| is == media_type) || next.starts_with(b"TAG");
    goes_on.then_some(media_type)
}

/// One frame: what it is and how long.
fn frame(bytes: &[u8]) -> Option<(MediaType, usize)> {
    let &[0xFF, second, third, fourth, fifth, sixth, ..] = bytes else { return None };
    if second & 0xF6 == 0xF0 {
        // ADTS: 13 bits of length.
        let length = usize::from(fourth & 3) << 11 | usize::from(fifth) << 3 | usize::from(sixth >> 5);
        return (length >= 7).then_some((MediaType::Aac, length));
    }
    const MPEG1: [usize; 15] = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
    const MPEG2: [usize; 15] = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
    let is_mpeg1 = second & 0x18 == 0x18;
    let is_layer3 = second & 0xE0 == 0xE0 && second & 0x06 == 0x02 && second & 0x18 != 0x08;
    let (bitrate, rate) = (usize::from(third >> 4), usize::from(third >> 2 & 3));
    if !is_layer3 || !(1..15).contains(&bitrate) || rate == 3 {
        return None;
    }
    let halved = match second & 0x18 {
        0x18 => 1,
        0x10 => 2,
        _ => 4,
    };
    let hertz = [44_100, 48_000, 32_000][rate] / halved;
    let (kilobits, samples) = if is_mpeg1 { (MPEG1[bitrate], 144) } else { (MPEG2[bitrate], 72) };
    Some((MediaType::Mp3, samples * kilobits * 1000 / hertz + usize::from(third >> 1 & 1)))
}
