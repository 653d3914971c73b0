//! An address book is read (RFC 6352): found, listed by versions or by what changed since the last time (RFC 6578), and
//! what is new or changed is fetched many at a time.

mod dav;
mod discover;
mod multistatus;

use crate::domain::contact_source::{CarddavSettings, Says, SourceEntry, SourceProblem};
use crate::domain::secret::Secret;
use crate::domain::wording::Wording;
use crate::egress::contact_source::gather::{Gather, Print, key};
use crate::egress::contact_source::trail::{Trail, step};
use crate::egress::contact_source::trouble;
use crate::net::client::HttpClient;
use dav::{Ask, Dav, Said};
use discover::Book;
use multistatus::{Answer, Told, escape};
use serde::{Deserialize, Serialize};
use url::Url;

const VERSIONS: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<propfind xmlns="DAV:"><prop><getetag/><resourcetype/></prop></propfind>"#;
/// Cards in one request.
const AT_ONCE: usize = 100;
/// A server that tells its changes in parts ends some time.
const PARTS_MAX: usize = 1_000;

/// What a source is reminded of the next time: up to where its changes are known, in which book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    book: String,
    token: String,
}

/// What a reading left to say.
pub(super) struct Left {
    /// What is gone, where the server said it itself.
    pub gone: Option<Vec<String>>,
    /// For the next time.
    pub memory: Option<String>,
}

/// Reads an address book.
pub(super) async fn read(
    http: &HttpClient,
    settings: &CarddavSettings,
    password: &Secret,
    memory: Option<&str>,
    gather: &mut Gather<'_>,
    trail: &mut Trail,
) -> Result<Left, SourceProblem> {
    let dav = Dav::new(http, settings, password).map_err(|problem| trail.failed(step::ADDRESS, problem))?;
    let book = match discover::book(&dav).await {
        Ok(book) => book,
        Err(problem) => return Err(stopped(trail, problem)),
    };
    trail.good(step::ADDRESS, reached(&book.url));
    trail.good(step::SIGN_IN, signed_in(&settings.user));
    trail.good(step::BOOK, named(&book));
    let memory: Option<Memory> = memory.and_then(|text| serde_json::from_str(text).ok());
    let since = memory.filter(|memory| memory.book == book.url.as_str()).map(|memory| memory.token);
    match (Reading { dav: &dav, book: &book, gather }).through(since).await {
        Ok(left) => {
            trail.good(step::ENTRIES, counted(gather.count(), gather.is_full()));
            Ok(left)
        }
        Err(problem) => Err(trail.failed(step::ENTRIES, problem)),
    }
}

/// In which step a look for the book stopped.
fn stopped(trail: &mut Trail, problem: SourceProblem) -> SourceProblem {
    use crate::domain::contact_source::ProblemCode as P;
    let name = match problem.code {
        P::Credentials | P::Forbidden => step::SIGN_IN,
        P::NoBook | P::ManyBooks | P::Unreadable => step::BOOK,
        P::NotTrusted | P::NoTls => step::TLS,
        _ => step::ADDRESS,
    };
    trail.failed(name, problem)
}

struct Reading<'a, 'g> {
    dav: &'a Dav<'a>,
    book: &'a Book,
    gather: &'a mut Gather<'g>,
}

/// What is there, and what is not any more.
#[derive(Default)]
struct Listed {
    /// Where, and which version.
    there: Vec<(Url, Option<String>)>,
    gone: Vec<String>,
    token: Option<String>,
}

impl Reading<'_, '_> {
    async fn through(&mut self, since: Option<String>) -> Result<Left, SourceProblem> {
        if let Some(since) = since
            && let Some(listed) = self.changes(&since).await?
        {
            let (gone, memory) = (listed.gone.clone(), self.memory(listed.token.clone()));
            self.fetch_new(listed).await?;
            return Ok(Left { gone: Some(gone), memory });
        }
        let synced = if self.book.syncs { self.changes("").await? } else { None };
        let listed = match synced {
            Some(listed) => listed,
            None => self.versions().await?,
        };
        let memory = self.memory(listed.token.clone());
        self.fetch_new(listed).await?;
        Ok(Left { gone: None, memory })
    }

    fn memory(&self, token: Option<String>) -> Option<String> {
        let memory = Memory { book: self.book.url.as_str().to_owned(), token: token?.chars().take(2_000).collect() };
        serde_json::to_string(&memory).ok()
    }

    /// What changed since a token; all there is, for an empty one. `None`: the server does not say.
    async fn changes(&self, since: &str) -> Result<Option<Listed>, SourceProblem> {
        let mut all = Listed::default();
        let mut token = since.to_owned();
        for _ in 0..PARTS_MAX {
            let body = format!(
                r#"<?xml version="1.0" encoding="utf-8"?>
<sync-collection xmlns="DAV:"><sync-token>{}</sync-token><sync-level>1</sync-level><prop><getetag/></prop></sync-collection>"#,
                escape(&token)
            );
            let answer = match self.dav.ask(&self.book.url, Ask::Report(0, &body)).await? {
                Said::Told(_, answer) => answer,
                Said::Nothing(_) => return Ok(None),
                Said::TooLarge => return Err(trouble::too_much()),
            };
            let next = answer.token.clone();
            let in_parts = self.add(&mut all, answer);
            all.token.clone_from(&next);
            match next {
                Some(next) if in_parts && next != token => token = next,
                _ if in_parts => return Err(trouble::unreadable("its parts do not end")),
                _ => return Ok(Some(all)),
            }
        }
        Err(trouble::unreadable("its parts do not end"))
    }

    /// All cards with their versions.
    async fn versions(&self) -> Result<Listed, SourceProblem> {
        let answer = match self.dav.ask(&self.book.url, Ask::Propfind(1, VERSIONS)).await? {
            Said::Told(_, answer) => answer,
            Said::Nothing(status) => return Err(trouble::unreadable(&format!("HTTP {status}"))),
            Said::TooLarge => return Err(trouble::too_much()),
        };
        let mut all = Listed::default();
        if self.add(&mut all, answer) {
            return Err(trouble::unreadable("it lists a part only"));
        }
        Ok(all)
    }

    /// Adds what an answer lists; whether it is a part only (507 at the book itself, RFC 6578 3.6).
    fn add(&self, all: &mut Listed, answer: Answer) -> bool {
        let mut in_parts = false;
        for told in answer.told {
            let Some(url) = discover::at(self.dav, &self.book.url, &told.href) else { continue };
            let is_book = url.path().trim_end_matches('/') == self.book.url.path().trim_end_matches('/');
            match told.status {
                Some(507) => in_parts = true,
                Some(404 | 410) => all.gone.push(key(url.path())),
                _ if is_book || told.is_collection => {}
                _ => all.there.push((url, told.etag)),
            }
        }
        in_parts
    }

    /// Fetches what is not known in this version.
    async fn fetch_new(&mut self, listed: Listed) -> Result<(), SourceProblem> {
        let mut wanted = Vec::new();
        for (url, etag) in listed.there {
            let called = key(url.path());
            let known = match &etag {
                Some(etag) => self.gather.is_known(&called, etag)?,
                None => self.gather.see(&called).map(|()| false)?,
            };
            if !known {
                wanted.push(url);
            }
        }
        let mut batches: Vec<Vec<Url>> = wanted.chunks(AT_ONCE).rev().map(<[Url]>::to_vec).collect();
        while let Some(batch) = batches.pop() {
            let batch: Vec<Url> = batch.into_iter().take(self.gather.wanted()).collect();
            if batch.is_empty() {
                return Ok(());
            }
            match self.fetch(&batch).await? {
                Some(answer) => self.take(&batch, answer)?,
                None if batch.len() == 1 => self.gather.unreadable(),
                None => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    batches.extend([second.to_vec(), first.to_vec()]);
                }
            }
        }
        Ok(())
    }

    /// These cards; `None`: they are too large for one answer.
    async fn fetch(&self, batch: &[Url]) -> Result<Option<Answer>, SourceProblem> {
        let hrefs: String = batch.iter().map(|url| format!("<D:href>{}</D:href>", escape(url.path()))).collect();
        let body = format!(
            r#"<?xml version="1.0" encoding="utf-8"?>
<C:addressbook-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"><D:prop><D:getetag/><C:address-data/></D:prop>{hrefs}</C:addressbook-multiget>"#
        );
        match self.dav.ask(&self.book.url, Ask::Report(1, &body)).await? {
            Said::Told(_, answer) => Ok(Some(answer)),
            Said::Nothing(status) => Err(trouble::unreadable(&format!("HTTP {status}"))),
            Said::TooLarge => Ok(None),
        }
    }

    /// Takes the cards of an answer; those that were asked for and did not come are told as unreadable and stay.
    fn take(&mut self, batch: &[Url], answer: Answer) -> Result<(), SourceProblem> {
        let mut open: std::collections::HashSet<String> = batch.iter().map(|url| key(url.path())).collect();
        for told in answer.told {
            let Some(url) = discover::at(self.dav, &self.book.url, &told.href) else { continue };
            let called = key(url.path());
            // Nobody is taken who was not asked for.
            if !open.remove(&called) {
                continue;
            }
            match told {
                Told { card: Some(card), etag, .. } => {
                    let mark = etag.unwrap_or_else(|| Print::of(&card).to_string());
                    self.gather.take(SourceEntry { key: called, mark, says: Says::Card(card) })?;
                }
                Told { status: Some(404 | 410), .. } => self.gather.unsee(&called),
                _ => self.gather.unreadable(),
            }
        }
        open.iter().for_each(|_| self.gather.unreadable());
        Ok(())
    }
}

fn reached(url: &Url) -> Wording {
    let (host, tls) = (url.host_str().unwrap_or_default(), url.scheme() == "https");
    if tls {
        (format!("{host} answers, encrypted."), format!("{host} antwortet, verschlüsselt.")).into()
    } else {
        (
            format!("{host} answers, not encrypted: names and password can be read on the way."),
            format!("{host} antwortet unverschlüsselt: Namen und Kennwort sind unterwegs lesbar."),
        )
            .into()
    }
}

fn signed_in(user: &str) -> Wording {
    match user {
        "" => ("We read without a name.", "Es wird ohne Namen gelesen.").into(),
        user => (format!("The server takes {user}."), format!("Der Server nimmt {user} an.")).into(),
    }
}

fn named(book: &Book) -> Wording {
    (format!("The address book is {}.", book.name), format!("Das Adressbuch ist {}.", book.name)).into()
}

fn counted(count: usize, some: bool) -> Wording {
    match (count, some) {
        (0, _) => ("The address book is empty.", "Das Adressbuch ist leer.").into(),
        (count, _) => (format!("Entries there: {count}."), format!("Einträge dort: {count}.")).into(),
    }
}
