//! What is asked: questions to a carrier, the steps towards an answer, and what the answer may be.

use crate::carrier::dialect::Request;
use crate::carrier::hearing::{DeliveryReport, Said};
use crate::carrier::sending::{Accepted, OutboundMessage};
use crate::domain::address::Address;
use crate::domain::channel::ChannelKind;
use crate::domain::template::Template;
use crate::domain::time::Timestamp;

/// Something a carrier can be asked.
#[expect(clippy::large_enum_variant, reason = "a question lives for one talk; boxing it would only hide it")]
#[derive(Clone, Debug)]
pub enum Question {
    /// Are the credentials good? Answered with a sentence for the operator.
    Credentials,
    /// What became of this message?
    Status {
        /// The carrier's id of it.
        carrier_id: String,
    },
    /// Did you take this message? For a delivery whose answer was never seen.
    Taken {
        /// The message as it was sent.
        message: OutboundMessage,
        /// Not before this moment.
        since: Timestamp,
    },
    /// What came in, and what became of ours, since this moment? For a box without webhooks.
    Inbox {
        /// Not before this moment.
        since: Timestamp,
    },
    /// May we send from this number?
    Sender {
        /// What it sends.
        kind: ChannelKind,
        /// Our number.
        number: Address,
    },
    /// Where do you send what comes in for this number? Answered with whether it is `url`.
    Callback {
        /// What comes in.
        kind: ChannelKind,
        /// Our number.
        number: Address,
        /// Our webhook address.
        url: String,
    },
    /// How much credit is left?
    Credit,
    /// Which templates are there?
    Templates,
    /// Which numbers has the account, and what does the carrier call them?
    Numbers,
    /// Not a question: a person has read this message of a peer (WhatsApp then shows the blue ticks).
    Seen {
        /// Our number.
        number: Address,
        /// The carrier's id of the peer's message.
        carrier_id: String,
    },
    /// The file that a peer's message brought.
    Media {
        /// Where it is, as [`crate::carrier::hearing::InboundMedia`] says.
        location: String,
    },
}

/// One step of asking.
#[derive(Debug)]
pub enum AskStep {
    /// Make this call, then ask again with its answer.
    Call(Request),
    /// Make this call: what a good answer (200) brings is the file itself. It goes where files go and never through the
    /// dialect, which is asked again with the answer's head alone.
    File {
        /// The call.
        call: Request,
        /// It goes to the address in the trunk's settings, which may be a private place; else to one a message named.
        at_home: bool,
    },
    /// The answer.
    Known(Known),
}

/// What a carrier answered to a [`Question`].
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// The credentials are good; the sentence says whose account it is.
    CredentialsGood(String),
    /// The state of a message.
    State(DeliveryReport),
    /// It took the message, under this id.
    Taken(Accepted),
    /// It certainly did not take it.
    NotTaken,
    /// What was said, oldest first; complete up to this moment, from where the next question goes on.
    Inbox {
        /// As webhooks would have said it, with the same ids.
        said: Vec<Said>,
        /// Ask from here next.
        up_to: Timestamp,
    },
    /// We may send from the number; the sentence is the carrier's, for the operator.
    SenderGood(String),
    /// We may not, and why.
    SenderBad(String),
    /// What comes in is sent to us.
    CallbackFits,
    /// What comes in is sent elsewhere, or nowhere (`None`).
    CallbackDiffers(Option<String>),
    /// The credit as the carrier writes it, with its currency, and whether it is about to end.
    Credit {
        /// For the operator.
        says: String,
        /// Top up soon.
        low: bool,
    },
    /// All templates of the account.
    Templates(Vec<Template>),
    /// All numbers of the account.
    Numbers(Vec<AccountNumber>),
    /// It was noted.
    Noted,
    /// The last answer was the file.
    Media,
}

/// A number of an account at the carrier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountNumber {
    /// The number.
    pub address: Address,
    /// What the carrier calls it, where it wants to be told so in the trunk's settings.
    pub carrier_id: String,
    /// The name peers see, the quality, and so on, as the carrier writes it.
    pub says: String,
}
