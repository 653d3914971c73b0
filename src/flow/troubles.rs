//! What is wrong with the house now and stands in no row: a disk that fills, a database that does not take what it is
//! given, a PBX that keeps silent. Whoever watches over one of them notes it here; the portal's alarms read it.

use crate::bus::Bus;
use crate::domain::event::Event;
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard};

/// What can be in trouble; each once.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Part {
    /// Room on the disk of the data folder.
    Disk,
    /// Room for files of messages.
    Files,
    /// Writing to the database.
    Store,
    /// What stands in the database's file.
    StoreFile,
    /// Whether the PBX answers.
    Pbx,
    /// Our registration at the PBX.
    PbxRegistration,
}

/// Something that needs somebody's hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// With what.
    pub part: Part,
    /// Its name, for people.
    pub subject: String,
    /// Since when.
    pub since: Timestamp,
    /// What it is.
    pub reason: Reason,
}

/// The troubles of the house; clones are the same.
#[derive(Clone, Default)]
pub struct Troubles(Arc<Mutex<Vec<Trouble>>>);

impl Troubles {
    /// Notes how a part is: with a reason in trouble, without one well. Whoever listens is told of a change.
    pub fn note(&self, bus: &Bus, part: Part, subject: &str, now: Timestamp, reason: Option<Reason>) {
        let mut all = self.all_mut();
        let before = all.iter().position(|trouble| trouble.part == part);
        match (before, reason) {
            (None, None) => return,
            (Some(at), Some(reason)) if all[at].reason == reason => return,
            (Some(at), Some(reason)) => all[at].reason = reason,
            (Some(at), None) => drop(all.remove(at)),
            (None, Some(reason)) => all.push(Trouble { part, subject: subject.to_owned(), since: now, reason }),
        }
        drop(all);
        bus.publish(&[Event::TroublesChanged]);
    }

    /// All, by part.
    pub fn all(&self) -> Vec<Trouble> {
        let mut all = self.all_mut().clone();
        all.sort_by_key(|trouble| trouble.part);
        all
    }

    fn all_mut(&self) -> MutexGuard<'_, Vec<Trouble>> {
        self.0.lock().expect("nothing under this lock panics")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::reason::ReasonCode;

    #[test]
    fn a_trouble_keeps_its_beginning_until_it_is_over_and_only_changes_are_told() {
        let (bus, troubles) = (Bus::new(), Troubles::default());
        let note = |at, reason| troubles.note(&bus, Part::Pbx, "pbx.example.com", Timestamp(at), reason);

        note(1, None);
        note(2, Some(Reason::of(ReasonCode::PbxSilent)));
        note(3, Some(Reason::of(ReasonCode::PbxSilent)));
        note(4, Some(Reason::of(ReasonCode::PbxSilent).saying("for an hour")));
        let [trouble] = &troubles.all()[..] else { panic!("one") };
        assert_eq!((trouble.since, bus.last()), (Timestamp(2), 2));

        note(5, None);
        assert!(troubles.all().is_empty());
        assert_eq!(bus.last(), 3);
    }
}
