//! Where a carrier stands in the portal's list, and where our webhook address is entered at it: the words for it. What
//! they are for each carrier stands in its own entry.

use crate::carrier::find;

/// Where a carrier is found and what is entered there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it stands in the list of carriers.
    pub group: Group,
    /// Where our address goes; empty: nowhere.
    pub paste: &'static [Paste],
}

/// The heading a carrier stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Mostly numbers of North America.
    NorthAmerica,
    /// Mostly numbers of Europe.
    Europe,
    /// Numbers of many countries.
    World,
    /// WhatsApp by itself.
    WhatsApp,
    /// SIP trunks and GSM gateways.
    Sip,
    /// Interfaces that the owner describes or writes.
    Own,
    /// To try things out.
    Trial,
}

impl Group {
    /// Every group, in the order of the list.
    pub const ALL: [Group; 7] =
        [Group::NorthAmerica, Group::Europe, Group::World, Group::WhatsApp, Group::Sip, Group::Own, Group::Trial];

    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Group::NorthAmerica => "us",
            Group::Europe => "eu",
            Group::World => "world",
            Group::WhatsApp => "whatsapp",
            Group::Sip => "sip",
            Group::Own => "own",
            Group::Trial => "trial",
        }
    }
}

/// One place where our address is entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paste {
    /// What comes to it.
    pub what: What,
    /// Where, in English.
    pub english: &'static str,
    /// Where, in German.
    pub german: &'static str,
}

/// What comes to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// What peers write.
    Messages,
    /// What became of what we wrote.
    Reports,
    /// Both.
    All,
}

impl What {
    /// The word in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            What::Messages => "messages",
            What::Reports => "reports",
            What::All => "all",
        }
    }
}

/// Messages go here.
pub const fn messages(english: &'static str, german: &'static str) -> Paste {
    Paste { what: What::Messages, english, german }
}

/// Reports go here.
pub const fn reports(english: &'static str, german: &'static str) -> Paste {
    Paste { what: What::Reports, english, german }
}

/// Both go here.
pub const fn all(english: &'static str, german: &'static str) -> Paste {
    Paste { what: What::All, english, german }
}

/// The place of the carrier with this name; for one this version does not know, where such things usually are.
pub fn place(name: &str) -> Place {
    find(name).map_or(SOMEWHERE, |entry| entry.place)
}

const SOMEWHERE: Place = Place {
    group: Group::World,
    paste: &[all(
        "In the carrier's portal, where it asks for the address of webhooks or callbacks.",
        "Im Portal des Anbieters, wo nach der Adresse für Webhooks oder Callbacks gefragt wird.",
    )],
};
