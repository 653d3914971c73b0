//! Messages out of a stream (RFC 3261 18.3), by the very reader that datagrams go through: there is no second
//! opinion on where a message ends, and so nothing to smuggle between two.

use super::read::{Fault, Head, head_end_from, leading_line_ends};
use super::{HEAD_BYTES_MAX, Malformed, Message};
use bytes::{Buf, BytesMut};

/// What the next bytes of a stream turned out to be.
#[derive(Debug)]
pub enum Frame {
    /// Two line ends: the peer asks whether we are there (RFC 5626 4.4.1), and wants one in return.
    Ping,
    Message(Box<Message>),
    /// A message in a sound frame that is wrong in itself: answered, and the stream goes on.
    Refused(Malformed),
}

/// Takes a stream apart. It holds the head of a message whose body has not arrived in full.
#[derive(Debug)]
pub struct Framer {
    message_bytes_max: usize,
    head: Option<(Head, usize)>,
    /// So many bytes at the front are known to hold no end of a head.
    searched: usize,
}

impl Framer {
    pub fn new(message_bytes_max: usize) -> Framer {
        Framer { message_bytes_max, head: None, searched: 0 }
    }

    /// The next frame, or None until more bytes have come. An error ends the stream.
    pub fn next(&mut self, bytes: &mut BytesMut) -> Result<Option<Frame>, Malformed> {
        if self.head.is_none() {
            if bytes.starts_with(b"\r\n\r\n") {
                bytes.advance(4);
                self.searched = 0;
                return Ok(Some(Frame::Ping));
            }
            self.read_head(bytes)?;
        }
        let Some((_, length)) = &self.head else { return Ok(None) };
        if bytes.len() < *length {
            return Ok(None);
        }
        let (head, length) = self.head.take().expect("it was there a line ago");
        Ok(Some(match head.with_body(bytes.split_to(length).freeze()) {
            Ok(message) => Frame::Message(Box::new(message)),
            Err(malformed) => Frame::Refused(malformed),
        }))
    }

    /// Whether the first part of a message has come and the rest has not.
    pub fn is_amid(&self, bytes: &BytesMut) -> bool {
        self.head.is_some() || leading_line_ends(bytes) < bytes.len()
    }

    fn read_head(&mut self, bytes: &mut BytesMut) -> Result<(), Malformed> {
        // A single line end may be the first half of a ping: it stays until it is clear what follows.
        if bytes.len() > 2 && bytes.starts_with(b"\r\n") && &bytes[2..] != b"\r" {
            bytes.advance(2);
            self.searched = 0;
        }
        let Some(end) = head_end_from(bytes, self.searched) else {
            self.searched = bytes.len();
            if bytes.len() <= HEAD_BYTES_MAX {
                return Ok(());
            }
            let head = Head::read(&bytes[..HEAD_BYTES_MAX])?;
            return Err(head.refuse(Fault::too_large()));
        };
        let head = Head::read(&bytes[..end - 4])?.sound()?;
        let Some(length) = head.length else {
            return Err(head.refuse(Fault::bad("Content-Length: it is missing, and a stream needs it")));
        };
        if end + length > self.message_bytes_max {
            return Err(head.refuse(Fault::too_large()));
        }
        bytes.advance(end);
        self.searched = 0;
        self.head = Some((head, length));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn message(length: &str, body: &str) -> String {
        format!(
            "MESSAGE sip:1001@example.com SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKx\r\nFrom: <sip:a@example.com>;tag=1\r\n\
             To: <sip:b@example.com>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n{length}\r\n{body}"
        )
    }

    fn bodies(framer: &mut Framer, bytes: &mut BytesMut) -> Result<Vec<String>, Malformed> {
        let mut seen = Vec::new();
        while let Some(frame) = framer.next(bytes)? {
            seen.push(match frame {
                Frame::Ping => "ping".to_owned(),
                Frame::Refused(malformed) => format!("refused: {}", malformed.why),
                Frame::Message(message) => match *message {
                    Message::Request { request, .. } => String::from_utf8(request.body.to_vec()).unwrap(),
                    Message::Response { response, .. } => response.status.to_string(),
                },
            });
        }
        Ok(seen)
    }

    fn all(text: &str) -> Result<Vec<String>, Malformed> {
        bodies(&mut Framer::new(100_000), &mut BytesMut::from(text))
    }

    #[test]
    fn messages_and_pings_come_out_in_order() {
        let text = format!("\r\n\r\n{}\r\n{}\r\n\r\n", message("l: 2\r\n", "hi"), message("l :0\r\n", ""));

        assert_eq!(all(&text).unwrap(), ["ping", "hi", "", "ping"]);
    }

    #[test]
    fn a_message_hidden_in_a_body_stays_there() {
        let hidden = message("l: 6\r\n", "hidden");
        for spelling in ["Content-Length: ", "l:", "L :", "content-length\t: ", "Content-Length :\r\n  "] {
            let text = message(&format!("{spelling}{}\r\n", hidden.len()), &hidden);

            assert_eq!(all(&text).unwrap(), [hidden.as_str()], "{spelling:?}");
        }
    }

    #[test]
    fn a_doubtful_frame_ends_the_stream_with_an_answer() {
        for length in [
            "",
            "l: 2\r\nl: 3\r\n",
            "l: -1\r\n",
            "l: 99999\r\n",
            "l: 99999999999999999999\r\n",
            "l: 2\nx: y\r\n",
            "x\r\n",
        ] {
            let malformed = all(&message(length, "hi")).expect_err(length);

            assert!(malformed.ends_stream && malformed.answer.is_some(), "{length:?}: {malformed:?}");
        }
    }

    #[test]
    fn a_sound_frame_with_a_wrong_message_does_not_end_the_stream() {
        let wrong = message("l: 2\r\n", "hi").replace("1 MESSAGE", "1 OPTIONS");

        let seen = all(&format!("{wrong}{}", message("l: 2\r\n", "ok"))).unwrap();

        assert_eq!(seen, ["refused: CSeq: its method is not the method of the request", "ok"]);
    }

    #[test]
    fn a_head_without_end_is_cut_off() {
        let endless = format!("{}{}", message("l: 2\r\n", "").trim_end(), "\r\nX: y".repeat(20_000));

        assert!(all(&endless).unwrap_err().ends_stream);
    }

    #[test]
    fn what_is_not_sip_ends_the_stream_in_silence() {
        let malformed = all("GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap_err();

        assert!(malformed.ends_stream && malformed.answer.is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

        #[test]
        fn however_the_bytes_are_cut_the_messages_are_the_same(cuts in proptest::collection::vec(0..900_usize, 0..12)) {
            let text = format!("\r\n\r\n{}{}\r\n\r\n\r\n{}", message("l: 2\r\n", "hi"), message("l: 3\r\n", "\r\n\r"), message("l: 0\r\n", ""));
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut % text.len()).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let (mut framer, mut bytes, mut seen) = (Framer::new(1000), BytesMut::new(), Vec::new());

            for pair in cuts.windows(2) {
                bytes.extend_from_slice(&text.as_bytes()[pair[0]..pair[1]]);
                seen.extend(bodies(&mut framer, &mut bytes).unwrap());
            }

            prop_assert_eq!(seen, ["ping", "hi", "\r\n\r", "ping", ""]);
            prop_assert!(!framer.is_amid(&bytes));
        }

        #[test]
        fn no_bytes_make_the_framer_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = [message("l: 2\r\n", "hi").as_bytes(), &bytes].concat();
            drop(bodies(&mut Framer::new(1000), &mut BytesMut::from(&text[..])));
        }
    }
}
