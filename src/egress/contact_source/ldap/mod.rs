//! A directory is read: connection, TLS, bind, then page by page (RFC 2696) whatever the filter finds below the base.
//! The protocol is spoken by a borrowed client over a line of ours, see `guard`. [home of ldap3]

mod entry;
mod guard;
mod verdicts;

use crate::clock::Clock;
use crate::domain::contact_source::{LdapSettings, SearchScope, Security, SourceProblem};
use crate::domain::secret::Secret;
use crate::egress::contact_source::gather::Gather;
use crate::egress::contact_source::trail::{Trail, step};
use crate::egress::contact_source::trouble;
use crate::net::client::HttpClient;
use crate::net::raw::RawLine;
use entry::Mapping;
use futures_util::FutureExt;
use guard::{Stopped, Watch};
use ldap3::controls::{ControlType, PagedResults};
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, LdapError, LdapResult, StdStream};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

const CONNECT_MAX: Duration = Duration::from_secs(10);
/// Active Directory gives a thousand at a time at most.
const PAGE: i32 = 500;
/// Pages in a row without anybody in them; a server that goes on so goes in a circle.
const EMPTY_PAGES_MAX: u32 = 20;
/// "From here on TLS, please": an extended request with the id 1 (RFC 4511 4.14).
const START_TLS: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

/// Reads a directory.
pub(super) async fn read(
    http: &HttpClient,
    clock: &Clock,
    settings: &LdapSettings,
    password: &Secret,
    gather: &mut Gather<'_>,
    trail: &mut Trail,
) -> Result<(), SourceProblem> {
    if !settings.user.is_empty() && password.is_empty() {
        // RFC 4513 5.1.2: a bind with a name and no password succeeds, and proves nothing.
        return Err(trail.failed(step::SIGN_IN, verdicts::no_password()));
    }
    let line = connect(http, clock, settings, trail).await?;
    let (inside, outside) = std::os::unix::net::UnixStream::pair().map_err(|error| trouble::ours(&error))?;
    inside.set_nonblocking(true).map_err(|error| trouble::ours(&error))?;
    let inside = UnixStream::from_std(inside).map_err(|error| trouble::ours(&error))?;
    let over = LdapConnSettings::new().set_std_stream(StdStream::Unix(outside));
    let (driver, ldap) = LdapConnAsync::with_settings(over, "ldapi://guarded")
        .await
        .map_err(|error| trouble::unreadable(&error.to_string()))?;
    let watch = Watch::new();
    let standing = guard::stand(line, inside, watch.clone(), clock.clone());
    let driving = AssertUnwindSafe(driver.drive()).catch_unwind();
    let mut talk = Talk { ldap, settings, watch: watch.clone(), gather, trail };
    let talking = AssertUnwindSafe(talk.through(password)).catch_unwind();
    let beside = async {
        let _ = tokio::join!(standing, driving);
        std::future::pending::<()>().await;
    };
    let talked = tokio::select! {
        talked = talking => talked,
        () = beside => unreachable!("it never ends"),
    };
    match talked {
        Ok(Ok(())) => Ok(()),
        Ok(Err(problem)) => Err(problem),
        // The client fails on what it does not expect.
        Err(_) => Err(trail.failed(step::ENTRIES, trouble::unreadable("the client failed on it"))),
    }
}

async fn connect(
    http: &HttpClient,
    clock: &Clock,
    settings: &LdapSettings,
    trail: &mut Trail,
) -> Result<RawLine, SourceProblem> {
    let usual = if settings.security == Security::Ldaps { 636 } else { 389 };
    let port = settings.port.unwrap_or(usual);
    let tls = settings.security != Security::Plain;
    let line = http.connect(&settings.host, port, tls, CONNECT_MAX).await;
    let mut line = line.map_err(|error| trail.failed(step::ADDRESS, trouble::of_call(&error)))?;
    trail.good(step::ADDRESS, verdicts::reached(&settings.host, port));
    if settings.security == Security::Starttls {
        let asked = tokio::select! {
            asked = start_tls(&mut line) => asked,
            () = clock.sleep(CONNECT_MAX) => Err(trouble::too_slow()),
        };
        asked.map_err(|problem| trail.failed(step::TLS, problem))?;
    }
    if tls {
        line = line.secured(CONNECT_MAX).await.map_err(|error| trail.failed(step::TLS, trouble::of_call(&error)))?;
        trail.good(step::TLS, verdicts::secured());
    } else {
        trail.good(step::TLS, verdicts::plain());
    }
    Ok(line)
}

/// Asks for TLS; nothing but the one answer may come before it.
async fn start_tls(line: &mut RawLine) -> Result<(), SourceProblem> {
    const ANSWER_BYTES_MAX: usize = 16 * 1024;
    let stream = line.stream();
    let lost = |error: std::io::Error| trouble::broken(&error.to_string());
    stream.write_all(START_TLS).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    let mut answer = Vec::new();
    loop {
        let mut byte = [0; 512];
        let count = stream.read(&mut byte).await.map_err(lost)?;
        if count == 0 {
            return Err(trouble::broken("the server ended the connection"));
        }
        answer.extend_from_slice(&byte[..count]);
        match guard::length(&answer, ANSWER_BYTES_MAX).map_err(|stopped| of_stopped(&stopped))? {
            Some(length) if answer.len() == length => return verdicts::start_tls(&answer),
            // Something slipped in before the TLS would pass for what was said under it.
            Some(length) if answer.len() > length => return Err(trouble::unreadable("more than one answer came")),
            _ => {}
        }
    }
}

/// What is said on a line.
struct Talk<'a, 'g> {
    ldap: Ldap,
    settings: &'a LdapSettings,
    watch: Watch,
    gather: &'a mut Gather<'g>,
    trail: &'a mut Trail,
}

impl Talk<'_, '_> {
    async fn through(&mut self, password: &Secret) -> Result<(), SourceProblem> {
        if let Err(problem) = self.bind(password).await {
            return Err(self.trail.failed(step::SIGN_IN, problem));
        }
        self.trail.good(step::SIGN_IN, verdicts::signed_in(&self.settings.user));
        if let Err(problem) = self.pages().await {
            return Err(self.trail.failed(step::ENTRIES, problem));
        }
        self.trail.good(step::ENTRIES, verdicts::read(self.gather.count(), self.gather.is_full()));
        // A courtesy; nothing hangs on it.
        let _ = self.ldap.unbind().await;
        Ok(())
    }

    async fn bind(&mut self, password: &Secret) -> Result<(), SourceProblem> {
        if self.settings.user.is_empty() {
            return Ok(());
        }
        let answer = self.ldap.simple_bind(&self.settings.user, password.expose()).await;
        let answer = answer.map_err(|error| self.lost(&error))?;
        verdicts::result(&answer, self.settings)
    }

    /// Page by page, until the server has no more.
    async fn pages(&mut self) -> Result<(), SourceProblem> {
        let mapping = Mapping::of(self.settings);
        let mut cookie = Vec::new();
        let mut empty = 0;
        loop {
            let before = self.gather.count();
            let answer = self.page(&mapping, cookie).await?;
            if self.gather.is_full() {
                return Ok(());
            }
            verdicts::result(&answer, self.settings)?;
            cookie = next(&answer);
            if cookie.is_empty() {
                return Ok(());
            }
            empty = if self.gather.count() == before { empty + 1 } else { 0 };
            if empty == EMPTY_PAGES_MAX {
                return Err(trouble::unreadable("its pages do not end"));
            }
        }
    }

    async fn page(&mut self, mapping: &Mapping, cookie: Vec<u8>) -> Result<LdapResult, SourceProblem> {
        let size = i32::try_from(self.gather.wanted()).unwrap_or(PAGE).min(PAGE);
        self.ldap.with_controls(PagedResults { size, cookie });
        let scope = match self.settings.scope {
            SearchScope::Sub => ldap3::Scope::Subtree,
            SearchScope::One => ldap3::Scope::OneLevel,
            SearchScope::Base => ldap3::Scope::Base,
        };
        let (base, filter) = (&self.settings.base, &self.settings.filter);
        let asked = self.ldap.streaming_search(base, scope, filter, mapping.attributes()).await;
        let mut found = asked.map_err(|error| self.lost(&error))?;
        while let Some(item) = found.next().await.map_err(|error| self.lost(&error))? {
            self.watch.taken();
            if item.is_ref() || item.is_intermediate() || self.gather.is_full() {
                continue;
            }
            match mapping.read(item) {
                None => self.gather.unreadable(),
                Some(entry) if self.gather.has_seen(&entry.key) => {}
                Some(entry) => {
                    if !self.gather.is_known(&entry.key, &entry.mark)? {
                        self.gather.take(entry)?;
                    }
                }
            }
        }
        Ok(found.finish().await)
    }

    /// The client knows only that nothing more comes; the guard knows why.
    fn lost(&self, error: &LdapError) -> SourceProblem {
        match (error, self.watch.stopped()) {
            (LdapError::FilterParsing, _) => verdicts::filter(),
            (_, Some(stopped)) => of_stopped(&stopped),
            _ => trouble::broken(&error.to_string()),
        }
    }
}

/// Where the next page begins; nothing: this was the last.
fn next(answer: &LdapResult) -> Vec<u8> {
    let paged = answer.ctrls.iter().find(|control| matches!(control.0, Some(ControlType::PagedResults)));
    paged.map(|control| control.1.parse::<PagedResults>().cookie).unwrap_or_default()
}

fn of_stopped(stopped: &Stopped) -> SourceProblem {
    match stopped {
        Stopped::Lost(why) => trouble::broken(why),
        Stopped::Silent => trouble::broken("nothing came for a minute"),
        Stopped::Unsound(why) => trouble::unreadable(why),
        Stopped::TooMuch => trouble::too_much(),
    }
}
