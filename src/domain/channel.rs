//! What kind of traffic a channel carries and what class of sender a number is.

use serde::{Deserialize, Serialize};

/// What a channel speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ChannelKind {
    /// SMS, with MMS where the number can.
    Sms,
    /// WhatsApp.
    WhatsApp,
}

impl ChannelKind {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            ChannelKind::Sms => "sms",
            ChannelKind::WhatsApp => "whatsapp",
        }
    }

    /// Reads [`ChannelKind::as_str`].
    pub fn from_word(word: &str) -> Option<ChannelKind> {
        [ChannelKind::Sms, ChannelKind::WhatsApp].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What kind of sender one of our numbers is; decides its usual pace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SenderClass {
    /// An ordinary (10-digit or national) number.
    LongCode,
    /// A toll-free number.
    TollFree,
    /// A short code.
    ShortCode,
    /// A name instead of a number; one way only.
    Alphanumeric,
    /// A number registered with WhatsApp.
    WhatsApp,
}

impl SenderClass {
    /// Every class, in the order a form shows them.
    pub const ALL: [SenderClass; 5] = [
        SenderClass::LongCode,
        SenderClass::TollFree,
        SenderClass::ShortCode,
        SenderClass::Alphanumeric,
        SenderClass::WhatsApp,
    ];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            SenderClass::LongCode => "long_code",
            SenderClass::TollFree => "toll_free",
            SenderClass::ShortCode => "short_code",
            SenderClass::Alphanumeric => "alphanumeric",
            SenderClass::WhatsApp => "whats_app",
        }
    }

    /// Reads [`SenderClass::as_str`].
    pub fn from_word(word: &str) -> Option<SenderClass> {
        SenderClass::ALL.into_iter().find(|class| class.as_str() == word)
    }

    /// The field's usual pace, in messages per second (US 10DLC 1, toll-free 3, short code 30, WhatsApp 80).
    pub fn usual_mps(self) -> f64 {
        match self {
            SenderClass::LongCode | SenderClass::Alphanumeric => 1.0,
            SenderClass::TollFree => 3.0,
            SenderClass::ShortCode => 30.0,
            SenderClass::WhatsApp => 80.0,
        }
    }
}
