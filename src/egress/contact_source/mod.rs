//! Where contacts come from besides our own hands: a directory or an address book is read, whole or not at all, or tried
//! out for whoever sets it up. What is read becomes contacts in the flow.
//!
//! Servers of the house are what one expects here, so its own networks (RFC 1918, RFC 4193) may be reached without being
//! listed, also without TLS where that was chosen: an administrator named the server. Loopback, the link (where clouds
//! keep their secrets) and all other special places stay closed unless `http_client.allow_private` lists them; the
//! Internet is reached with TLS only. One look-up, and the address it gave is the one that is called.

mod carddav;
pub mod gather;
mod ldap;
mod trail;
mod trouble;

use crate::clock::Clock;
use crate::domain::contact_source::{SourceEntry, SourceProblem, SourceSettings};
use crate::domain::secret::Secret;
use crate::egress::trunk_test::TestStep;
use crate::net::client::HttpClient;
use gather::{Before, Gather, Harvest, Wish};
use std::path::Path;
use std::time::Duration;
use trail::{Trail, step};

/// Half a million entries over a slow line, and not for ever.
const READ_MAX: Duration = Duration::from_secs(30 * 60);
/// Whoever waits for a test wants to see it end.
const TEST_MAX: Duration = Duration::from_secs(60);
/// What a test shows.
const PREVIEW: usize = 5;

/// Reads sources; clones are the same.
#[derive(Clone)]
pub struct ContactSources {
    http: HttpClient,
    clock: Clock,
}

/// How a test went.
#[derive(Debug)]
pub struct Tried {
    /// Step by step.
    pub steps: Vec<TestStep>,
    /// The first entries there.
    pub first: Vec<SourceEntry>,
}

impl ContactSources {
    /// Over this client, which has its bounds from the machine's settings.
    pub fn new(http: HttpClient, clock: Clock) -> ContactSources {
        ContactSources { http, clock }
    }

    /// Reads all of a source, or says why not. What is read lies in `folder` until it is dropped, without a name and
    /// private to this process.
    pub async fn read(
        &self,
        settings: &SourceSettings,
        password: &Secret,
        before: &Before,
        folder: &Path,
    ) -> Result<Harvest, SourceProblem> {
        let mut gather = Gather::new(before, Wish::All, folder);
        let mut trail = Trail::new(&self.clock);
        let (gone, memory) = self.within(READ_MAX, settings, password, before, &mut gather, &mut trail).await?;
        gather.finish(gone, memory)
    }

    /// Tries a source out: its steps, and a few entries as they would come.
    pub async fn test(&self, settings: &SourceSettings, password: &Secret) -> Tried {
        let before = Before::default();
        let mut gather = Gather::new(&before, Wish::First(PREVIEW), Path::new(""));
        let mut trail = Trail::new(&self.clock);
        if let Err(problem) = self.within(TEST_MAX, settings, password, &before, &mut gather, &mut trail).await {
            trail.failed(step::ENTRIES, problem);
        }
        let names: &[&str] = match settings {
            SourceSettings::Ldap(_) => &[step::ADDRESS, step::TLS, step::SIGN_IN, step::ENTRIES],
            SourceSettings::Carddav(_) => &[step::ADDRESS, step::SIGN_IN, step::BOOK, step::ENTRIES],
        };
        Tried { steps: trail.finish(names), first: gather.into_first() }
    }

    async fn within(
        &self,
        most: Duration,
        settings: &SourceSettings,
        password: &Secret,
        before: &Before,
        gather: &mut Gather<'_>,
        trail: &mut Trail,
    ) -> Result<(Option<Vec<String>>, Option<String>), SourceProblem> {
        let reading = async {
            match settings {
                SourceSettings::Ldap(ldap) => {
                    ldap::read(&self.http, &self.clock, ldap, password, gather, trail).await?;
                    Ok((None, None))
                }
                SourceSettings::Carddav(carddav) => {
                    let memory = before.memory.as_deref();
                    let left = carddav::read(&self.http, carddav, password, memory, gather, trail).await?;
                    Ok((left.gone, left.memory))
                }
            }
        };
        tokio::select! {
            done = reading => done,
            () = self.clock.sleep(most) => Err(trouble::too_slow()),
        }
    }
}
