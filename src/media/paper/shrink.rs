//! Makes a PDF smaller: what nobody needs goes, what is not packed is packed, and pictures lose pixels step by step.

use crate::domain::reason::{Reason, ReasonCode};
use crate::media::bytes::refuse;
use crate::media::paper::fit::{Allow, write};
use crate::media::paper::picture::{Step, smaller};
use lopdf::{Document, Object, ObjectId, Stream};
use std::collections::BTreeMap;

/// Longer side and quality: 200, 150, 120 and 90 dots per inch on a page of A4.
const STEPS: [Step; 4] = [
    Step { side: 2340, quality: 75 },
    Step { side: 1754, quality: 68 },
    Step { side: 1400, quality: 60 },
    Step { side: 1050, quality: 60 },
];
/// More pictures than this are left as they are.
const PICTURES_MAX: usize = 500;

/// The smallest loss that makes it fit.
pub fn shrink(document: &mut Document, bytes_max: u64, allow: Allow<'_>) -> Result<Vec<u8>, Reason> {
    document.prune_objects();
    document.compress();
    let written = write(document)?;
    if written.len() as u64 <= bytes_max {
        return Ok(written);
    }
    // The pictures as they were: each step begins with them, so that none is written twice.
    let pictures = take_pictures(document);
    let rest = (written.len() as u64).saturating_sub(pictures.values().map(|stream| stream.content.len() as u64).sum());
    drop(written);
    if rest > bytes_max {
        return Err(refuse(ReasonCode::FileTooLarge, "a PDF that is too large without its pictures"));
    }
    for step in STEPS {
        let Some(smaller) = all_smaller(document, &pictures, step, bytes_max - rest, allow)? else { continue };
        document.objects.extend(smaller.into_iter().map(|(id, stream)| (id, Object::Stream(stream))));
        let written = write(document)?;
        if written.len() as u64 <= bytes_max {
            return Ok(written);
        }
    }
    Err(refuse(ReasonCode::FileTooLarge, "a PDF whose pictures cannot be made small enough"))
}

fn take_pictures(document: &mut Document) -> BTreeMap<ObjectId, Stream> {
    let is_picture = |object: &Object| {
        let Object::Stream(stream) = object else { return false };
        stream.dict.get(b"Subtype").and_then(Object::as_name).is_ok_and(|name| name == b"Image")
    };
    let pictures = document.objects.iter_mut().filter(|(_, object)| is_picture(object)).take(PICTURES_MAX);
    pictures
        .filter_map(|(id, object)| match std::mem::replace(object, Object::Null) {
            Object::Stream(stream) => Some((*id, stream)),
            _ => None,
        })
        .collect()
}

/// All pictures at this step; `None` as soon as they are too much together.
fn all_smaller(
    document: &Document,
    pictures: &BTreeMap<ObjectId, Stream>,
    step: Step,
    bytes_max: u64,
    allow: Allow<'_>,
) -> Result<Option<BTreeMap<ObjectId, Stream>>, Reason> {
    let (mut bytes, mut done) = (0, BTreeMap::new());
    for (id, stream) in pictures {
        let stream = smaller(document, stream, step, allow)?.unwrap_or_else(|| stream.clone());
        bytes += stream.content.len() as u64;
        if bytes > bytes_max {
            return Ok(None);
        }
        done.insert(*id, stream);
    }
    Ok(Some(done))
}
