//! Contacts from elsewhere: what real directories and address books hold is here afterwards, half an answer changes
//! nothing, and whatever a hostile one says is bounded.

#![allow(clippy::print_stdout, reason = "what is skipped is said")]

mod address_book;
mod hostile;
mod slapd;

use crate::world::World;
use address_book::{Radicale, card};
use depesche::clock::Clock;
use depesche::domain::contact_source::{
    CarddavSettings, LdapSettings, ProblemCode, Security, SourceCounts, SourceProblem, SourceSettings,
};
use depesche::domain::id::SourceId;
use depesche::domain::secret::Secret;
use depesche::egress::contact_source::ContactSources;
use depesche::flow::contact_source::schedule::round;
use depesche::flow::contact_source::settings::{self, SourceForm};
use depesche::flow::error::FlowError;
use depesche::net::client::{ClientSettings, HttpClient};
use depesche::net::network::AllowPrivate;
use depesche::net::tls;
use depesche::store::contact_sources::{Source, SourceState};
use slapd::{BASE, PASSWORD, Slapd};
use std::collections::HashSet;
use std::future::Future;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

const HOUR: Duration = Duration::from_secs(3600);

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

pub async fn until_it_listens(port: u16) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(Instant::now() < deadline, "nobody listens on port {port}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Reads sources on this machine, trusting this certificate.
pub fn sources(trusted: Option<&Path>) -> ContactSources {
    let mut client = ClientSettings::new(tls::client(trusted).expect("roots"));
    client.allow_private = AllowPrivate::parse(["127.0.0.1", "localhost"]).expect("places");
    ContactSources::new(HttpClient::new(client, Clock::system()), Clock::system())
}

pub fn form(settings: SourceSettings, password: &str) -> SourceForm {
    let password = Some(Secret::new(password));
    SourceForm { name: "Directory".into(), enabled: true, settings, password, every: HOUR }
}

/// A world and a source in it that was read once.
pub struct Read {
    pub world: World,
    pub id: SourceId,
    pub sources: ContactSources,
}

impl Read {
    pub async fn once(sources: ContactSources, form: SourceForm) -> Read {
        let world = World::begin().await;
        let id = settings::create(&world.desk, form).await.expect("a good form");
        let read = Read { world, id, sources };
        read.round().await;
        read
    }

    pub async fn round(&self) {
        round(&self.world.desk, &self.sources, self.world.folder()).await.expect("the store takes it");
    }

    /// An hour later.
    pub async fn again(&self) -> Source {
        self.world.desk.clock.advance(HOUR);
        self.round().await;
        self.source().await
    }

    pub async fn agreed(&self) -> Source {
        settings::read_now(&self.world.desk, self.id, true).await.expect("it may be read");
        self.round().await;
        self.source().await
    }

    pub async fn source(&self) -> Source {
        let id = self.id;
        let found = self.world.desk.store.read(move |rows| Ok::<_, FlowError>(rows.source(id)?)).await;
        found.expect("the store answers").expect("it is there")
    }

    pub async fn names(&self) -> HashSet<String> {
        let id = self.id;
        let found = self.world.desk.store.read(move |rows| {
            let all = rows.contacts_of_source(id, depesche::domain::id::ContactId(0), 100_000)?;
            let people = all.iter().filter_map(|one| rows.contact(one.id).transpose());
            people.map(|contact| Ok::<_, FlowError>(contact?.person.last_name)).collect()
        });
        found.await.expect("the store answers")
    }

    pub fn problem(source: &Source) -> ProblemCode {
        source.problem.as_ref().expect("a problem").code
    }
}

fn counts(added: u64, changed: u64, gone: u64) -> SourceCounts {
    SourceCounts { added, changed, gone, unreadable: 0 }
}

/// No test of a real server waits longer.
async fn bounded(test: impl Future<Output = ()>) {
    tokio::time::timeout(Duration::from_secs(150), test).await.expect("the test ends in time");
}

async fn tried(sources: &ContactSources, settings: SourceSettings, password: &str) -> Result<usize, SourceProblem> {
    let folder = tempfile::tempdir().expect("a folder");
    let read = sources.read(&settings, &Secret::new(password), &Default::default(), folder.path()).await;
    read.map(|harvest| usize::try_from(harvest.entries.count()).expect("few"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_of_ten_thousand_is_read_whole_and_followed() {
    let Some(slapd) = Slapd::with(10_000).await else { return };
    bounded(async {
        let sources = sources(Some(&slapd.certificate()));

        let read = Read::once(sources, form(SourceSettings::Ldap(slapd.settings()), PASSWORD)).await;

        let source = read.source().await;
        assert_eq!(source.problem, None);
        assert_eq!((source.contacts, source.counts), (10_000, Some(counts(10_000, 0, 0))));
        assert_eq!(read.again().await.counts, Some(counts(0, 0, 0)), "nothing changed");

        let mut hand = slapd.hand().await;
        let changed = ldap3::Mod::Replace("sn".to_owned(), HashSet::from(["King".to_owned()]));
        let answer = hand.modify(&format!("uid=p7,{BASE}"), vec![changed]).await.expect("an answer");
        answer.success().expect("changed");
        hand.delete(&format!("uid=p8,{BASE}")).await.expect("an answer").success().expect("deleted");

        assert_eq!(read.again().await.counts, Some(counts(0, 1, 1)));
        let names = read.names().await;
        assert!(names.contains("King") && !names.contains("Lovelace 7") && !names.contains("Lovelace 8"));
        read.world.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_directory_is_said() {
    let Some(slapd) = Slapd::with(3).await else { return };
    let trusting = sources(Some(&slapd.certificate()));
    let good = slapd.settings();
    let ldap = SourceSettings::Ldap;
    let code = async |sources: &ContactSources, settings: LdapSettings, password: &str| {
        tried(sources, ldap(settings), password).await.expect_err("it is wrong").code
    };
    bounded(async {
        for security in [Security::Ldaps, Security::Starttls, Security::Plain] {
            let settings = ldap(slapd.settings_over(security));
            assert_eq!(tried(&trusting, settings, PASSWORD).await, Ok(3), "{security:?}");
        }
        let anonymous = LdapSettings { user: String::new(), ..good.clone() };
        assert_eq!(tried(&trusting, ldap(anonymous), "").await, Ok(3));

        assert_eq!(code(&trusting, good.clone(), "wrong").await, ProblemCode::Credentials);
        assert_eq!(code(&trusting, good.clone(), "").await, ProblemCode::Credentials);
        assert_eq!(code(&sources(None), good.clone(), PASSWORD).await, ProblemCode::NotTrusted);
        let starttls = slapd.settings_over(Security::Starttls);
        assert_eq!(code(&sources(None), starttls, PASSWORD).await, ProblemCode::NotTrusted);
        let base = LdapSettings { base: "ou=nobody,dc=example,dc=com".into(), ..good.clone() };
        assert_eq!(code(&trusting, base, PASSWORD).await, ProblemCode::NoBase);
        let base = LdapSettings { base: "people".into(), ..good.clone() };
        assert_eq!(code(&trusting, base, PASSWORD).await, ProblemCode::NoBase);
        let filter = LdapSettings { filter: "(&(sn=*)".into(), ..good.clone() };
        assert_eq!(code(&trusting, filter, PASSWORD).await, ProblemCode::Filter);
        let host = LdapSettings { host: "nobody.invalid".into(), ..good.clone() };
        assert_eq!(code(&trusting, host, PASSWORD).await, ProblemCode::NotFound);
        let port = LdapSettings { port: Some(free_port()), ..good.clone() };
        assert_eq!(code(&trusting, port, PASSWORD).await, ProblemCode::Unreachable);
        let port = LdapSettings { port: Some(slapd.port), ..good.clone() };
        assert!(matches!(code(&trusting, port, PASSWORD).await, ProblemCode::NoTls | ProblemCode::Unreachable));
        let host = LdapSettings { host: "127.0.0.9".into(), ..good };
        assert_eq!(code(&trusting, host, PASSWORD).await, ProblemCode::NotAllowed);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_shows_its_steps_and_the_first_entries() {
    let Some(slapd) = Slapd::with(9).await else { return };
    bounded(async {
        let read =
            Read::once(sources(Some(&slapd.certificate())), form(SourceSettings::Ldap(slapd.settings()), PASSWORD))
                .await;

        let tested = settings::test(&read.world.desk, &read.sources, read.id).await.expect("it is there");

        let steps: Vec<_> = tested.steps.iter().map(|step| (step.name, step.verdict.as_str())).collect();
        assert_eq!(steps, [("address", "good"), ("tls", "good"), ("sign_in", "good"), ("entries", "good")]);
        assert_eq!(tested.first.len(), 5);
        let numbers: Vec<_> = tested.first[0].numbers.iter().map(|number| number.kind.as_str()).collect();
        assert_eq!(numbers, ["business", "mobile", "business2"]);

        drop(slapd);
        let tested = settings::test(&read.world.desk, &read.sources, read.id).await.expect("it is there");
        let steps: Vec<_> = tested.steps.iter().map(|step| (step.name, step.verdict.as_str())).collect();
        assert_eq!(steps, [("address", "bad"), ("tls", "skipped"), ("sign_in", "skipped"), ("entries", "skipped")]);
        read.world.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_names_far_fewer_is_told_and_applied_only_when_somebody_agrees() {
    let Some(slapd) = Slapd::with(40).await else { return };
    bounded(async {
        let read =
            Read::once(sources(Some(&slapd.certificate())), form(SourceSettings::Ldap(slapd.settings()), PASSWORD))
                .await;
        let mut hand = slapd.hand().await;
        for nth in 0..12 {
            let gone = hand.delete(&format!("uid=p{nth},{BASE}")).await.expect("an answer");
            gone.success().expect("deleted");
        }

        let source = read.again().await;
        assert_eq!((Read::problem(&source), source.contacts), (ProblemCode::FarFewer, 40));

        let source = read.agreed().await;
        assert_eq!((source.problem, source.contacts, source.counts), (None, 28, Some(counts(0, 0, 12))));
        read.world.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_source_leaves_nothing_behind() {
    let Some(slapd) = Slapd::with(1_200).await else { return };
    bounded(async {
        let read =
            Read::once(sources(Some(&slapd.certificate())), form(SourceSettings::Ldap(slapd.settings()), PASSWORD))
                .await;

        settings::delete(&read.world.desk, read.id).await.expect("it is there");
        assert_eq!(read.source().await.state, SourceState::Leaving);
        read.round().await;

        for table in ["contact_sources", "phonebooks", "contacts", "contact_numbers", "phonebook_contacts"] {
            assert_eq!(read.world.count(&format!("SELECT count(*) FROM {table}")), 0, "{table}");
        }
        read.world.finish().await;
    })
    .await;
}

fn carddav(url: String) -> SourceSettings {
    SourceSettings::Carddav(CarddavSettings { url, user: "ada".into() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_book_is_found_read_and_followed() {
    let Some(radicale) = Radicale::with(250).await else { return };
    bounded(async {
        let read = Read::once(sources(None), form(carddav(radicale.url("/")), address_book::PASSWORD)).await;
        let source = read.source().await;
        assert_eq!(source.problem, None);
        assert_eq!((source.contacts, source.counts), (250, Some(counts(250, 0, 0))));
        assert!(source.memory.is_some(), "changes can be asked for the next time");

        radicale.put("3.vcf", &card(3, "King"));
        radicale.put("new.vcf", &card(999, "Byron"));
        radicale.delete("4.vcf");

        assert_eq!(read.again().await.counts, Some(counts(1, 1, 1)));
        let names = read.names().await;
        assert!(names.contains("King 3") && names.contains("Byron 999") && !names.contains("Lovelace 4"));
        assert_eq!(read.again().await.counts, Some(counts(0, 0, 0)));
        read.world.finish().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_an_address_book_is_said() {
    let Some(radicale) = Radicale::with(2).await else { return };
    let sources = sources(None);
    let good = address_book::PASSWORD;
    let code = async |path: &str, password: &str| {
        tried(&sources, carddav(radicale.url(path)), password).await.expect_err("it is wrong").code
    };
    bounded(async {
        for path in ["/", "/ada/", "/ada/book/", "/.well-known/carddav"] {
            assert_eq!(tried(&sources, carddav(radicale.url(path)), good).await, Ok(2), "{path}");
        }

        assert_eq!(code("/ada/book/", "wrong").await, ProblemCode::Credentials);
        radicale.make_book("other");
        let problem = tried(&sources, carddav(radicale.url("/")), good).await.expect_err("there are two");
        assert_eq!(problem.code, ProblemCode::ManyBooks);
        assert!(problem.en.contains("/ada/book/") && problem.de.contains("/ada/other/"), "{problem:?}");
    })
    .await;
}
