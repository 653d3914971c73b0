//! What every dialect asks of a message before it makes a call: is there something to say, is it short enough, can it go.

use crate::carrier::dialect::{Answer, Limits, MediaLimits, OutboundMedia, OutboundMessage};
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
use crate::domain::media::MediaType;
use crate::domain::reason::{Reason, ReasonCode};

/// Refused before the carrier is asked.
pub fn rejected(code: ReasonCode) -> SendError {
    SendError::Rejected { reason: Reason::of(code) }
}

/// Refused before the carrier is asked, and what to do.
pub fn rejected_saying(code: ReasonCode, why: &str) -> SendError {
    SendError::Rejected { reason: Reason::of(code).saying(why) }
}

/// A message of text and files that this carrier can take; what goes beyond them is refused.
pub fn plain(message: &OutboundMessage, limits: &Limits) -> Result<(), SendError> {
    match message.rich {
        Some(_) => Err(rejected(ReasonCode::ContentNotTaken)),
        None => fits(message, limits),
    }
}

/// Whether text and files keep to the carrier's limits.
pub fn fits(message: &OutboundMessage, limits: &Limits) -> Result<(), SendError> {
    if message.text.chars().count() > limits.text_chars_max {
        return Err(rejected(ReasonCode::TextTooLong));
    }
    if message.media.is_empty() {
        let says_something = !message.text.is_empty() || message.rich.is_some();
        return if says_something { Ok(()) } else { Err(rejected(ReasonCode::TextEmpty)) };
    }
    let no = |why: &str| rejected_saying(ReasonCode::MediaNotTaken, why);
    let most = limits.media_for(message.kind).ok_or_else(|| no("this carrier takes no files"))?;
    if message.media.len() > most.count_max {
        return Err(rejected(ReasonCode::FilesTooMany));
    }
    message.media.iter().try_for_each(|file| file_fits(file, most))?;
    let total: usize = message.media.iter().map(|file| file.bytes.len()).sum();
    if total > most.total_bytes_max { Err(rejected(ReasonCode::FilesTooLarge)) } else { Ok(()) }
}

fn file_fits(file: &OutboundMedia, limits: &MediaLimits) -> Result<(), SendError> {
    let kind = file.media_type.split(';').next().unwrap_or_default().trim();
    let most = MediaType::from_word(kind).and_then(|kind| limits.bytes_max_of(kind));
    match most {
        None => Err(rejected_saying(ReasonCode::FileTypeNotAllowed, &format!("the carrier takes no {kind}"))),
        Some(most) if file.bytes.len() as u64 > most => Err(rejected(ReasonCode::FileTooLarge)),
        Some(_) => Ok(()),
    }
}

/// Where the carrier can fetch a file.
pub fn link(file: &OutboundMedia) -> Result<&str, SendError> {
    file.url.as_deref().ok_or_else(no_address)
}

/// The carrier fetches files, and there is no place to fetch this one from.
pub fn no_address() -> SendError {
    rejected_saying(ReasonCode::MediaNotTaken, "the carrier fetches files, but has no public address to fetch from")
}

/// The files that have no address and are uploaded first, in order; the answers to their uploads, and those to the message.
pub fn uploads<'m, 'a>(
    message: &'m OutboundMessage,
    answers: &'a [Answer],
) -> (Vec<&'m OutboundMedia>, &'a [Answer], &'a [Answer]) {
    let files: Vec<&OutboundMedia> = message.media.iter().filter(|file| file.url.is_none()).collect();
    let (uploaded, sent) = answers.split_at(answers.len().min(files.len()));
    (files, uploaded, sent)
}

/// What a failed upload means. Whatever went wrong: the message itself was not even tried.
pub fn not_uploaded(error: SendError) -> SendError {
    match error {
        SendError::Unreadable { why } => SendError::Unreachable { why: format!("a file was not taken: {why}") },
        error => error,
    }
}

/// Our number and the peer's, in the carrier's spelling.
pub fn ends<'a>(
    message: &'a OutboundMessage,
    spelled: fn(&'a Address) -> Option<&'a str>,
) -> Result<(&'a str, &'a str), SendError> {
    let from = spelled(&message.from).ok_or_else(|| rejected(ReasonCode::SenderNotAllowed))?;
    let to = spelled(&message.to).ok_or_else(|| rejected(ReasonCode::NumberInvalid))?;
    Ok((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carrier::media_limits::Taken;
    use crate::domain::channel::ChannelKind;
    use bytes::Bytes;

    const PICTURES: MediaLimits = MediaLimits::of(&[Taken::of(&[MediaType::Jpeg], 10)], 2, 15);

    #[test]
    fn what_a_carrier_cannot_take_is_refused_before_it_is_asked() {
        let address = |text: &str| Address::parse(text).expect("an address");
        let text = |text: &str| {
            OutboundMessage::text("r", ChannelKind::Sms, address("+4930555000"), address("+4915550012345"), text)
        };
        let file = |bytes: usize| OutboundMedia {
            url: None,
            bytes: Bytes::from(vec![0; bytes]),
            media_type: "image/jpeg".into(),
            file_name: "a.jpg".into(),
        };
        let with = |sizes: &[usize]| OutboundMessage { media: sizes.iter().copied().map(file).collect(), ..text("") };
        let none = Limits::text(5);
        let some = Limits { media: Some(PICTURES), ..Limits::text(5) };
        let code = |message: &OutboundMessage, limits: &Limits| match plain(message, limits) {
            Err(SendError::Rejected { reason }) => Some(reason.code),
            other => other.err().map(|error| panic!("{error:?}")),
        };

        assert_eq!(code(&text("12345"), &none), None);
        assert_eq!(code(&text("123456"), &none), Some(ReasonCode::TextTooLong));
        assert_eq!(code(&text(""), &none), Some(ReasonCode::TextEmpty));
        assert_eq!(code(&with(&[1]), &none), Some(ReasonCode::MediaNotTaken));
        assert_eq!(code(&with(&[8, 7]), &some), None);
        for (sizes, why) in [
            (&[1, 1, 1][..], ReasonCode::FilesTooMany),
            (&[11], ReasonCode::FileTooLarge),
            (&[8, 8], ReasonCode::FilesTooLarge),
        ] {
            assert_eq!(code(&with(sizes), &some), Some(why), "{sizes:?}");
        }
        let mut odd = with(&[1]);
        odd.media[0].media_type = "image/gif".into();
        assert_eq!(code(&odd, &some), Some(ReasonCode::FileTypeNotAllowed));
        assert!(link(&file(1)).is_err());
    }
}
