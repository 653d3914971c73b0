//! A bulk sending: what somebody asks for (its plan), and the states it moves through. What became of each recipient is
//! the ledger's (store/recipients.rs).

use crate::domain::contact::NumberKind;
use crate::domain::id::{CampaignId, ChannelId, ListId, NumberId, PhonebookId};
use crate::domain::session::Destination;
use serde::{Deserialize, Serialize};

/// Most characters of a campaign's text, as the field has it.
pub const TEXT_CHARS_MAX: usize = 1600;

/// What is to be sent to whom, and by which rules. A draft may lack anything but its name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Plan {
    /// What the house calls it; 1 to 120 characters.
    pub name: String,
    /// Over which channel.
    #[serde(default)]
    pub channel: Option<ChannelId>,
    /// From which number, or from which pool of numbers.
    #[serde(default)]
    pub sender: Option<SenderPick>,
    /// To whom.
    #[serde(default)]
    pub audience: Audience,
    /// What.
    #[serde(default)]
    pub content: Content,
    /// When, how fast, and what else.
    #[serde(default)]
    pub rules: SendRules,
}

/// Who a campaign is from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SenderPick {
    /// One number of the channel.
    Number(NumberId),
    /// Numbers of the channel with this word as their pool; a peer hears from the number it knows.
    Pool(String),
}

/// To whom: all of it together, minus what is excluded. Uploaded lists belong to the campaign and need no mention.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Audience {
    /// Numbers as somebody typed or pasted them: one a line, or parted by commas or semicolons.
    pub typed: String,
    /// Phonebooks.
    pub books: Vec<BookPick>,
    /// Uploaded lists of this campaign that are left out for now.
    pub without_lists: Vec<ListId>,
    /// Who is not written to.
    pub exclude: Exclude,
}

/// Contacts of one phonebook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BookPick {
    /// Which.
    pub phonebook: PhonebookId,
    /// Which of their numbers, the first that is there before the others.
    pub kinds: Vec<NumberKind>,
    /// `false`: once per person. `true`: every number of these kinds.
    #[serde(default)]
    pub all_numbers: bool,
}

/// Who is not written to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Exclude {
    /// Numbers, as in [`Audience::typed`].
    pub typed: String,
    /// Everybody in these phonebooks.
    pub books: Vec<PhonebookId>,
    /// Everybody who was written to by these campaigns.
    pub campaigns: Vec<CampaignId>,
}

/// What is said. `{{first_name|there}}` stands for what is known of the recipient, and for what follows the bar where
/// nothing is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Content {
    /// The text; files of the campaign go with it. Not with a template.
    pub text: String,
    /// An approved WhatsApp template instead.
    pub template: Option<TemplatePlan>,
    /// Whether addresses in the text are shortened to this machine's own host, and counted.
    pub count_links: bool,
}

/// A WhatsApp template; every value may hold variables, as a text does. A head of media is the campaign's first file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TemplatePlan {
    /// Its name at the carrier.
    pub name: String,
    /// Its language there, as in `en_US`.
    pub language: String,
    /// The value in its head: a text, or a place as the address of a map or "52.52, 13.405".
    #[serde(default)]
    pub header: Option<String>,
    /// The values of its body's variables, in the order of the template.
    #[serde(default)]
    pub body: Vec<String>,
    /// The values of its buttons, by their place from 0.
    #[serde(default)]
    pub buttons: Vec<ButtonPlan>,
}

/// The value of one button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ButtonPlan {
    /// Which button, from 0.
    pub index: u32,
    /// The end of an address, a coupon code, a payload.
    pub value: String,
}

/// When, how fast, and what else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct SendRules {
    /// When it begins; none: as soon as somebody launches it.
    pub start: Option<StartTime>,
    /// Whether it is copied when it begins, for the next time.
    pub repeat: Option<Repeat>,
    /// Hours of the recipient's day outside of which nothing is sent.
    pub hours: Option<Hours>,
    /// Messages per second, where less than the number's own pace is wanted.
    pub pace: Option<f64>,
    /// Whether each recipient gets a conversation.
    pub session: SessionMode,
    /// How many failures in a row stop it; 1 to 1,000.
    pub stop_after: u32,
    /// Whether it goes on by itself when the trunk that stopped it is well again.
    pub goes_on_by_itself: bool,
    /// Whether it is advertising: then whoever wants no advertising is left out too.
    pub marketing: bool,
}

impl Default for SendRules {
    fn default() -> SendRules {
        SendRules {
            start: None,
            repeat: None,
            hours: None,
            pace: None,
            session: SessionMode::Direct,
            stop_after: 10,
            goes_on_by_itself: false,
            marketing: true,
        }
    }
}

/// A moment as people say it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StartTime {
    /// Date and time, as in `2026-12-01T09:00`.
    pub local: String,
    /// In which zone (IANA), as in `Europe/Berlin`.
    pub zone: String,
}

/// How often it begins anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Repeat {
    /// Every week or every month, at the same local time.
    pub every: Every,
    /// The last day on which it may begin, as in `2027-06-30`; none: until somebody ends it.
    #[serde(default)]
    pub until: Option<String>,
    /// The day of the month that is meant, kept where a month was too short for it; filled in by the house.
    #[serde(default)]
    pub day: Option<i8>,
}

/// The distance of repetitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// On the same weekday.
    Week,
    /// On the same day of the month, or its last.
    Month,
}

/// When a recipient may be written to, by the clock where they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Hours {
    /// From, as in `09:00`.
    pub from: String,
    /// Until, as in `18:00`; later than `from`.
    pub until: String,
    /// Weekdays, 1 (Monday) to 7 (Sunday).
    pub days: Vec<u8>,
    /// What becomes of whoever is outside.
    pub outside: Outside,
}

/// What becomes of a recipient outside the hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outside {
    /// Written to in the next allowed hour.
    Move,
    /// Not written to.
    Skip,
}

/// Whether each recipient gets a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SessionMode {
    /// No: it shows when they answer, with the campaign's text above the answer.
    #[default]
    Direct,
    /// Yes, with this owner; a conversation that is open already gets the message and keeps its owner.
    Open(Destination),
}

macro_rules! statuses {
    ($($(#[$doc:meta])* $variant:ident $word:literal;)+) => {
        /// Where a campaign stands.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "lowercase")]
        pub enum CampaignStatus {
            $($(#[$doc])* $variant,)+
        }

        impl CampaignStatus {
            /// Every status.
            pub const ALL: &[CampaignStatus] = &[$(CampaignStatus::$variant,)+];

            /// The word in the database and the API.
            pub fn as_str(self) -> &'static str {
                match self { $(CampaignStatus::$variant => $word,)+ }
            }

            /// Reads [`CampaignStatus::as_str`].
            pub fn from_word(word: &str) -> Option<CampaignStatus> {
                CampaignStatus::ALL.iter().copied().find(|status| status.as_str() == word)
            }
        }
    };
}

statuses! {
    /// Saved; nothing is sent.
    Draft "draft";
    /// Begins by itself at its time.
    Scheduled "scheduled";
    /// Waits: another campaign of its channel executes.
    Pending "pending";
    /// Is being sent.
    Executing "executing";
    /// Held by somebody, who can let it go on.
    Paused "paused";
    /// Those that failed are being sent again.
    Retrying "retrying";
    /// Halted by itself, with the reason; can go on.
    Stop "stop";
    /// Nothing is left to send; what became of each is in its results.
    Completed "completed";
    /// Ended by somebody; whoever was not written to yet is not any more.
    Cancelled "cancelled";
}
