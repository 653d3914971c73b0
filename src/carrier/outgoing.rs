//! What every dialect asks of a message before it makes a call: is there something to say, is it short enough, can it go.

use crate::carrier::dialect::{Limits, OutboundMedia, OutboundMessage};
use crate::domain::address::Address;
use crate::domain::delivery::SendError;
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
    let no = |why: &str| Err(rejected_saying(ReasonCode::MediaNotTaken, why));
    let Some(most) = &limits.media else { return no("this carrier takes no files") };
    let total: usize = message.media.iter().map(|file| file.bytes.len()).sum();
    match () {
        () if message.media.len() > most.count_max => {
            no(&format!("the carrier takes {} with one message", most.count_max))
        }
        () if message.media.iter().any(|file| file.bytes.len() > most.each_bytes_max)
            || total > most.total_bytes_max =>
        {
            no("the files are too large for this carrier")
        }
        () => Ok(()),
    }
}

/// Where the carrier can fetch a file.
pub fn link(file: &OutboundMedia) -> Result<&str, SendError> {
    file.url.as_deref().ok_or_else(|| {
        rejected_saying(ReasonCode::MediaNotTaken, "the carrier fetches files, but has no public address to fetch from")
    })
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
    use crate::carrier::dialect::MediaLimits;
    use crate::domain::channel::ChannelKind;
    use bytes::Bytes;

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
        let some = Limits {
            media: Some(MediaLimits {
                count_max: 2,
                each_bytes_max: 10,
                total_bytes_max: 15,
                by_link: true,
                by_upload: false,
            }),
            ..Limits::text(5)
        };
        let code = |message: &OutboundMessage, limits: &Limits| match plain(message, limits) {
            Err(SendError::Rejected { reason }) => Some(reason.code),
            other => other.err().map(|error| panic!("{error:?}")),
        };

        assert_eq!(code(&text("12345"), &none), None);
        assert_eq!(code(&text("123456"), &none), Some(ReasonCode::TextTooLong));
        assert_eq!(code(&text(""), &none), Some(ReasonCode::TextEmpty));
        assert_eq!(code(&with(&[1]), &none), Some(ReasonCode::MediaNotTaken));
        assert_eq!(code(&with(&[8, 7]), &some), None);
        for sizes in [&[1, 1, 1][..], &[11], &[8, 8]] {
            assert_eq!(code(&with(sizes), &some), Some(ReasonCode::MediaNotTaken), "{sizes:?}");
        }
        assert!(link(&file(1)).is_err());
    }
}
