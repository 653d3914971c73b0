//! Reads the body of a MESSAGE from a phone: what was said, or the answer that says why it is not taken.
//! What real phones send is the table in the tests; what is machinery stays machinery.

use crate::sip::text::charset::{BadText, decode};
use crate::sip::text::cpim::{self, BadCpim, Wishes};
use crate::sip::text::heard::{Body, Heard, Limits, NotTaken};
use crate::sip::text::inflate::{ACCEPT_ENCODING, CannotInflate, IDENTITY, inflate, is_packed};
use crate::sip::text::media_type::Labelled;
use crate::sip::text::notice;
use crate::sip::text::offer::OFFER_TYPE as RCS_FILE;
use crate::sip::text::xml::BadXml;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

const TEXT: &str = "text/plain";
const CPIM: &str = "message/cpim";
const RECEIPT: &str = "message/imdn+xml";
const COMPOSING: &str = "application/im-iscomposing+xml";
/// What a phone may send as a file, where files are taken.
const FILE_FAMILIES: [&str; 3] = ["image", "audio", "video"];
const FILE_TYPES: [&str; 3] = ["application/pdf", "text/vcard", "text/x-vcard"];
const FILE_NAME_CHARS_MAX: usize = 200;

/// The `Accept` header for a 415 and for OPTIONS.
pub fn accept(limits: &Limits) -> String {
    let mut list = vec![TEXT, CPIM, RECEIPT, COMPOSING];
    if limits.file_bytes_max > 0 {
        list.extend([RCS_FILE, "image/*", "audio/*", "video/*"]);
        list.extend(FILE_TYPES);
    }
    list.join(", ")
}

/// Reads one body.
pub fn read(body: Body<'_>, limits: &Limits) -> Result<Heard, NotTaken> {
    read_nested(body, limits, true)
}

fn read_nested(body: Body<'_>, limits: &Limits, may_nest: bool) -> Result<Heard, NotTaken> {
    let media = media_type(&body)?;
    let bytes_max = if is_file(&media) { limits.file_bytes_max } else { limits.text_bytes_max };
    if is_file(&media) && bytes_max == 0 {
        return Err(unsupported(format!("{} is not taken here", media.word), limits));
    }
    // Pictures and papers are packed in themselves: who packs one once more means to fill the memory.
    if is_file(&media) && is_packed(body.content_encoding) {
        let refused = unsupported("files are taken without a Content-Encoding".into(), limits);
        return Err(NotTaken { accept_encoding: Some(IDENTITY), ..refused });
    }
    let unpack =
        || inflate(body.content_encoding, body.bytes, bytes_max).map_err(|error| cannot_inflate(error, limits));
    match media.word.as_str() {
        TEXT => text(&media, &unpack()?, limits).map(Heard::Text),
        CPIM if may_nest => in_frame(&unpack()?, limits),
        RECEIPT => notice::receipt(&unpack()?).map(Heard::Receipt).map_err(|error| bad_xml("receipt", &error)),
        COMPOSING => notice::composing(&unpack()?)
            .map(|active| Heard::Composing { active })
            .map_err(|error| bad_xml("typing notice", &error)),
        RCS_FILE => notice::rcs_file(&unpack()?)
            .map(|offered| Heard::RcsFile { offered, wishes: Wishes::default() })
            .map_err(|error| bad_xml("file offer", &error)),
        _ if is_file(&media) => {
            let file_name = file_name(&body, &media);
            let bytes = unpack()?.into_owned();
            if bytes.is_empty() {
                return Err(NotTaken::new(400, "the file is empty"));
            }
            Ok(Heard::BinaryFile { media_type: media.word, file_name, bytes, wishes: Wishes::default() })
        }
        other => Err(unsupported(format!("{other} is not taken here"), limits)),
    }
}

fn media_type(body: &Body<'_>) -> Result<Labelled, NotTaken> {
    let Some(written) = body.content_type.filter(|written| !written.trim().is_empty()) else {
        return Err(NotTaken::new(
            400,
            if body.bytes.is_empty() { "there is no body" } else { "the body has no Content-Type" },
        ));
    };
    let media =
        Labelled::parse(written).filter(|media| media.word.split('/').filter(|part| !part.is_empty()).count() == 2);
    media.ok_or_else(|| NotTaken::new(400, "the Content-Type cannot be read"))
}

fn text(media: &Labelled, bytes: &[u8], limits: &Limits) -> Result<String, NotTaken> {
    let text = decode(media.parameter("charset"), bytes).map_err(|error| match error {
        BadText::UnknownCharset => unsupported("only utf-8, us-ascii and iso-8859-1 texts are taken".into(), limits),
        BadText::Invalid => {
            NotTaken::new(400, "the text is not UTF-8 and does not say what it is; set the phone to UTF-8")
        }
        BadText::Nul => NotTaken::new(400, "the text holds NUL bytes; set the phone to UTF-8"),
    })?;
    // Nothing to send, and nothing to show (P3): well-formed, but not doable.
    if text.trim().is_empty() { Err(NotTaken::new(488, "the text is empty")) } else { Ok(text) }
}

/// Opens a message/cpim and reads what is inside; a second frame inside the first is refused.
fn in_frame(bytes: &[u8], limits: &Limits) -> Result<Heard, NotTaken> {
    let opened =
        cpim::open(bytes).map_err(|BadCpim(why)| NotTaken::new(400, format!("the message/cpim is damaged: {why}")))?;
    let plain = transfer_decoded(opened.transfer_encoding.as_deref(), opened.body, limits)?;
    let inside = Body {
        // RFC 3862 leaves it to MIME, and MIME means text (RFC 2045, 5.2).
        content_type: Some(opened.content_type.as_deref().unwrap_or(TEXT)),
        content_encoding: opened.content_encoding.as_deref(),
        content_disposition: opened.content_disposition.as_deref(),
        bytes: &plain,
    };
    Ok(match read_nested(inside, limits, false)? {
        Heard::Text(text) => Heard::Cpim { text, frame: opened.cpim },
        Heard::RcsFile { offered, .. } => Heard::RcsFile { offered, wishes: opened.cpim.wishes },
        Heard::BinaryFile { media_type, file_name, bytes, .. } => {
            Heard::BinaryFile { media_type, file_name, bytes, wishes: opened.cpim.wishes }
        }
        other => other,
    })
}

fn transfer_decoded<'a>(encoding: Option<&str>, body: &'a [u8], limits: &Limits) -> Result<Cow<'a, [u8]>, NotTaken> {
    match encoding.unwrap_or("8bit").trim().to_ascii_lowercase().as_str() {
        "7bit" | "8bit" | "binary" => Ok(Cow::Borrowed(body)),
        "base64" => {
            let packed: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD
                .decode(packed)
                .map(Cow::Owned)
                .map_err(|_| NotTaken::new(400, "the base64 inside the message/cpim is damaged"))
        }
        _ => Err(unsupported("only base64 or no Content-Transfer-Encoding is taken".into(), limits)),
    }
}

fn is_file(media: &Labelled) -> bool {
    FILE_FAMILIES.contains(&media.family()) || FILE_TYPES.contains(&media.word.as_str())
}

/// The name the phone gives the file: a label for people, never a path (T31).
fn file_name(body: &Body<'_>, media: &Labelled) -> Option<String> {
    let disposition = body.content_disposition.and_then(Labelled::parse);
    let extended = disposition.as_ref().and_then(|it| it.parameter("filename*")).and_then(extended_value);
    let given = extended
        .or_else(|| disposition.as_ref().and_then(|it| it.parameter("filename")).map(str::to_owned))
        .or_else(|| media.parameter("name").map(str::to_owned))?;
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let label: String = last.chars().filter(|char| !char.is_control()).take(FILE_NAME_CHARS_MAX).collect();
    let label = label.trim().to_owned();
    (!label.is_empty() && label != "." && label != "..").then_some(label)
}

/// RFC 8187: `utf-8'de'Gr%C3%BC%C3%9Fe.pdf`.
fn extended_value(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = percent_encoding::percent_decode_str(text);
    charset.eq_ignore_ascii_case("utf-8").then(|| bytes.decode_utf8().ok().map(Cow::into_owned))?
}

fn unsupported(reason: String, limits: &Limits) -> NotTaken {
    NotTaken { accept: Some(accept(limits)), ..NotTaken::new(415, reason) }
}

fn cannot_inflate(error: CannotInflate, limits: &Limits) -> NotTaken {
    match error {
        CannotInflate::UnknownEncoding => NotTaken {
            accept_encoding: Some(ACCEPT_ENCODING),
            ..unsupported("the Content-Encoding is not one we can undo".into(), limits)
        },
        CannotInflate::TooLarge => NotTaken::new(413, "the body is too large"),
        CannotInflate::Damaged => NotTaken::new(400, "the compressed body is damaged"),
    }
}

fn bad_xml(what: &str, BadXml(why): &BadXml) -> NotTaken {
    NotTaken::new(400, format!("the {what} cannot be read: {why}"))
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
