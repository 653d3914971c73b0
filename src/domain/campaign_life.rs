//! The life of a campaign: what may be done to it where it stands, and where it stands then.

use crate::domain::campaign::CampaignStatus;
use crate::domain::wording::Wording;
use serde::{Deserialize, Serialize};

/// What happens to a campaign: by somebody, or by itself.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Its plan is changed.
    Edit,
    /// It is launched: now.
    Launch,
    /// It is launched: for later.
    Schedule,
    /// It is taken back from its time, to be edited.
    Unschedule,
    /// Its time has come.
    ComeDue,
    /// Its channel is free.
    Begin,
    /// Somebody holds it.
    Pause,
    /// Somebody lets it go on.
    Resume,
    /// It halts by itself.
    Halt,
    /// Nothing is left to send.
    Complete,
    /// Those that failed are sent again.
    Retry,
    /// Somebody ends it.
    Cancel,
    /// Its rows go.
    Delete,
}

impl Act {
    /// Every act.
    pub const ALL: [Act; 13] = [
        Act::Edit,
        Act::Launch,
        Act::Schedule,
        Act::Unschedule,
        Act::ComeDue,
        Act::Begin,
        Act::Pause,
        Act::Resume,
        Act::Halt,
        Act::Complete,
        Act::Retry,
        Act::Cancel,
        Act::Delete,
    ];

    /// What somebody may ask for; the rest happens by itself.
    pub const BY_SOMEBODY: [Act; 9] = [
        Act::Edit,
        Act::Launch,
        Act::Schedule,
        Act::Unschedule,
        Act::Pause,
        Act::Resume,
        Act::Retry,
        Act::Cancel,
        Act::Delete,
    ];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Act::Edit => "edit",
            Act::Launch => "launch",
            Act::Schedule => "schedule",
            Act::Unschedule => "unschedule",
            Act::ComeDue => "come_due",
            Act::Begin => "begin",
            Act::Pause => "pause",
            Act::Resume => "resume",
            Act::Halt => "halt",
            Act::Complete => "complete",
            Act::Retry => "retry",
            Act::Cancel => "cancel",
            Act::Delete => "delete",
        }
    }
}

impl CampaignStatus {
    /// Where it stands after an act; `None`: that may not be done here. What is launched, goes on or is retried first
    /// waits for its channel, if only for a moment.
    pub fn after(self, act: Act) -> Option<CampaignStatus> {
        use CampaignStatus::{Cancelled, Completed, Draft, Executing, Paused, Pending, Retrying, Scheduled, Stop};
        match (act, self) {
            (Act::Edit | Act::Delete, Draft) => Some(Draft),
            (Act::Launch, Draft) | (Act::ComeDue, Scheduled) => Some(Pending),
            (Act::Schedule, Draft) => Some(Scheduled),
            (Act::Unschedule, Scheduled) => Some(Draft),
            (Act::Begin, Pending) => Some(Executing),
            (Act::Pause, Pending | Executing | Retrying) => Some(Paused),
            (Act::Resume, Paused | Stop) => Some(Pending),
            (Act::Halt, Scheduled | Pending | Executing | Retrying) => Some(Stop),
            (Act::Complete, Executing | Retrying) => Some(Completed),
            (Act::Retry, Completed | Stop | Cancelled) => Some(Pending),
            (Act::Cancel, Scheduled | Pending | Executing | Retrying | Paused | Stop) => Some(Cancelled),
            (Act::Delete, Completed | Cancelled) => Some(self),
            _ => None,
        }
    }

    /// Whether its messages are being sent.
    pub fn is_sending(self) -> bool {
        matches!(self, CampaignStatus::Executing | CampaignStatus::Retrying)
    }

    /// What it is called, in both languages.
    pub fn words(self) -> Wording {
        match self {
            CampaignStatus::Draft => ("a draft", "ein Entwurf"),
            CampaignStatus::Scheduled => ("scheduled", "geplant"),
            CampaignStatus::Pending => ("pending", "ausstehend"),
            CampaignStatus::Executing => ("executing", "in Ausführung"),
            CampaignStatus::Paused => ("paused", "pausiert"),
            CampaignStatus::Retrying => ("retrying", "im Wiederholungsversuch"),
            CampaignStatus::Stop => ("stopped", "gestoppt"),
            CampaignStatus::Completed => ("completed", "vollendet"),
            CampaignStatus::Cancelled => ("cancelled", "abgebrochen"),
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CampaignStatus::{Cancelled, Completed, Draft, Executing, Paused, Pending, Retrying, Scheduled, Stop};

    /// Rows: where it stands; columns: [`Act::ALL`]. A dot: refused.
    #[rustfmt::skip]
    const TABLE: [(CampaignStatus, [Option<CampaignStatus>; 13]); 9] = {
        const NO: Option<CampaignStatus> = None;
        const fn to(status: CampaignStatus) -> Option<CampaignStatus> { Some(status) }
        //            edit       launch       schedule       unschedule  come due     begin          pause       resume       halt      complete       retry        cancel         delete
        [
            (Draft,     [to(Draft), to(Pending), to(Scheduled), NO,        NO,          NO,            NO,         NO,          NO,       NO,            NO,          NO,            to(Draft)]),
            (Scheduled, [NO,       NO,           NO,            to(Draft), to(Pending), NO,            NO,         NO,          to(Stop), NO,            NO,          to(Cancelled), NO]),
            (Pending,   [NO,       NO,           NO,            NO,        NO,          to(Executing), to(Paused), NO,          to(Stop), NO,            NO,          to(Cancelled), NO]),
            (Executing, [NO,       NO,           NO,            NO,        NO,          NO,            to(Paused), NO,          to(Stop), to(Completed), NO,          to(Cancelled), NO]),
            (Paused,    [NO,       NO,           NO,            NO,        NO,          NO,            NO,         to(Pending), NO,       NO,            NO,          to(Cancelled), NO]),
            (Retrying,  [NO,       NO,           NO,            NO,        NO,          NO,            to(Paused), NO,          to(Stop), to(Completed), NO,          to(Cancelled), NO]),
            (Stop,      [NO,       NO,           NO,            NO,        NO,          NO,            NO,         to(Pending), NO,       NO,            to(Pending), to(Cancelled), NO]),
            (Completed, [NO,       NO,           NO,            NO,        NO,          NO,            NO,         NO,          NO,       NO,            to(Pending), NO,            to(Completed)]),
            (Cancelled, [NO,       NO,           NO,            NO,        NO,          NO,            NO,         NO,          NO,       NO,            to(Pending), NO,            to(Cancelled)]),
        ]
    };

    #[test]
    fn every_act_is_allowed_or_refused_as_the_table_says() {
        for (before, afters) in TABLE {
            for (act, after) in Act::ALL.into_iter().zip(afters) {
                assert_eq!(before.after(act), after, "{before:?}, {act:?}");
            }
        }
    }

    #[test]
    fn the_table_names_every_status_and_every_act_a_word() {
        assert!(TABLE.iter().map(|(status, _)| status).eq(CampaignStatus::ALL));
        let mut words: Vec<_> = Act::ALL.into_iter().map(Act::as_str).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Act::ALL.len());
    }
}
