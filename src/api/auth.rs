//! Who asks, and what they may: rights are types. A handler that takes [`Admin`] cannot be reached by anybody else.

use crate::api::error::Problem;
use crate::api::state::ApiState;
use crate::domain::id::{ExtensionId, SessionId};
use crate::domain::session::Actor;
use crate::domain::time::Timestamp;
use crate::domain::user::Role;
use crate::flow::users::{Known, note_use, who};
use crate::store::view_sessions::{SessionRow, Sight};
use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header::COOKIE;
use http::request::Parts;

/// The cookie that holds the token of a login.
pub const LOGIN_COOKIE: &str = "depesche_login";

/// Somebody who is logged in, perhaps with a password that must be changed first.
pub struct LoggedIn(pub Known);

/// Somebody who is logged in and may use the portal.
#[derive(Clone, Debug)]
pub struct Who {
    /// The login and its user.
    pub known: Known,
    /// When they asked.
    pub now: Timestamp,
}

/// A [`Who`] that sees every session, log and simulator.
pub struct Supervisor(pub Who);

/// A [`Who`] that may change the settings.
pub struct Admin(pub Who);

impl Who {
    /// What they are.
    pub fn role(&self) -> Role {
        self.known.user.role
    }

    /// The extension they answer for.
    pub fn extension(&self) -> Option<ExtensionId> {
        self.known.user.extension
    }

    /// What their eyes may see.
    pub fn sight(&self) -> Sight {
        Sight { user: self.known.user.id, all: self.role().sees_all(), extension: self.extension() }
    }

    /// Them, as the timeline calls them.
    pub fn actor(&self) -> Actor {
        Actor { user: Some(self.known.user.id), extension: self.extension(), name: self.known.user.name.clone() }
    }

    /// A session, if they may see it. What is not theirs is not there (404), whatever their role.
    pub async fn session(&self, state: &ApiState, id: SessionId) -> Result<SessionRow, Problem> {
        let sight = self.sight();
        let row = state.reader.read(move |snapshot| snapshot.session_seen(sight, id)).await?;
        row.ok_or_else(|| Problem::not_found("conversation"))
    }
}

impl FromRequestParts<ApiState> for LoggedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<LoggedIn, Problem> {
        let token = login_token(&parts.headers).ok_or_else(Problem::not_logged_in)?;
        let known = who(&state.reader, token, state.desk.now()).await?.ok_or_else(Problem::not_logged_in)?;
        note_use(&state.desk, &known).await?;
        Ok(LoggedIn(known))
    }
}

impl FromRequestParts<ApiState> for Who {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Who, Problem> {
        let LoggedIn(known) = LoggedIn::from_request_parts(parts, state).await?;
        if known.user.must_change_password {
            return Err(Problem::must_change_password());
        }
        Ok(Who { known, now: state.desk.now() })
    }
}

impl FromRequestParts<ApiState> for Supervisor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Supervisor, Problem> {
        let who = Who::from_request_parts(parts, state).await?;
        if who.role() >= Role::Supervisor { Ok(Supervisor(who)) } else { Err(Problem::forbidden()) }
    }
}

impl FromRequestParts<ApiState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Admin, Problem> {
        let who = Who::from_request_parts(parts, state).await?;
        if who.role() == Role::Admin { Ok(Admin(who)) } else { Err(Problem::forbidden()) }
    }
}

/// The token in the login cookie.
pub fn login_token(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == LOGIN_COOKIE).map(|(_, token)| token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_cookie_is_found_among_others_and_nothing_else_is_taken_for_it() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, "xdepesche_login=no; theme=dark".parse().expect("a header"));
        headers.append(COOKIE, "a=b; depesche_login=yes".parse().expect("a header"));

        assert_eq!(login_token(&headers), Some("yes"));
    }
}
