//! Who may log in to the portal, and what each role may do there.

use serde::{Deserialize, Serialize};

/// What a user is to the house.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Answers for one extension: sees what that extension holds and what waits in its queues.
    Agent,
    /// Sees every session and may take it over.
    Supervisor,
    /// May also change the settings.
    Admin,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Role; 3] = [Role::Admin, Role::Supervisor, Role::Agent];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::Supervisor => "supervisor",
            Role::Admin => "admin",
        }
    }

    /// Reads [`Role::as_str`].
    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether sessions of others are seen too.
    pub fn sees_all(self) -> bool {
        self >= Role::Supervisor
    }

    /// What the portal may offer this role; the server decides again at every call.
    pub fn can(self) -> &'static [&'static str] {
        const AGENT: &[&str] = &[
            "session.read",
            "session.reply",
            "session.pick_up",
            "session.transfer",
            "session.end",
            "session.start",
            "contact.read",
            "optout.add",
        ];
        const SUPERVISOR: &[&str] = &[
            "session.read",
            "session.reply",
            "session.pick_up",
            "session.transfer",
            "session.end",
            "session.start",
            "session.read_all",
            "session.take_over",
            "log.read",
            "simulator.use",
            "contact.read",
            "contact.edit",
            "optout.add",
            "optout.edit",
            "campaign.edit",
        ];
        const ADMIN: &[&str] = &[
            "session.read",
            "session.reply",
            "session.pick_up",
            "session.transfer",
            "session.end",
            "session.start",
            "session.read_all",
            "session.take_over",
            "log.read",
            "simulator.use",
            "contact.read",
            "contact.edit",
            "optout.add",
            "optout.edit",
            "campaign.edit",
            "consent.settings",
            "person.erase",
            "audit.read",
            "trunk.edit",
            "channel.edit",
            "number.edit",
            "queue.edit",
            "extension.edit",
            "user.edit",
        ];
        match self {
            Role::Agent => AGENT,
            Role::Supervisor => SUPERVISOR,
            Role::Admin => ADMIN,
        }
    }
}

/// A language the portal speaks.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// German.
    De,
    /// English.
    En,
}

impl Language {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Language::De => "de",
            Language::En => "en",
        }
    }

    /// Reads [`Language::as_str`].
    pub fn from_word(word: &str) -> Option<Language> {
        [Language::De, Language::En].into_iter().find(|language| language.as_str() == word)
    }
}

/// How the portal looks to a user.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the browser wishes.
    System,
    /// Dark on light.
    Light,
    /// Light on dark.
    Dark,
}

impl Theme {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        }
    }

    /// Reads [`Theme::as_str`].
    pub fn from_word(word: &str) -> Option<Theme> {
        [Theme::System, Theme::Light, Theme::Dark].into_iter().find(|theme| theme.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_can_all_that_the_one_below_it_can() {
        for (below, above) in [(Role::Agent, Role::Supervisor), (Role::Supervisor, Role::Admin)] {
            assert!(above > below);
            assert!(below.can().iter().all(|right| above.can().contains(right)), "{below:?} < {above:?}");
        }
    }
}
