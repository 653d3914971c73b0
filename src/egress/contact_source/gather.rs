//! What is read from a source on its way to the flow: bounded, compared with what is known, and kept in a file without a
//! name until all of it is there, so that half an answer changes nothing and a large one costs no memory.

use crate::domain::contact_source::{ENTRIES_MAX, Says, SourceEntry, SourceProblem};
use crate::egress::contact_source::trouble;
use sha2::{Digest, Sha256};
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

/// One value of an entry is cut after this many characters.
const VALUE_CHARS_MAX: usize = 2_000;
/// Values of one kind.
const VALUES_MAX: usize = 10;
/// A card that is longer without its pictures is not read.
const CARD_BYTES_MAX: usize = 1 << 20;
/// A longer key is kept as its digest.
const KEY_CHARS_MAX: usize = 400;

/// Tells a text from all others, in a sixth of the memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Print([u8; 16]);

impl Print {
    /// Of a text.
    pub fn of(text: &str) -> Print {
        let mut print = [0; 16];
        print.copy_from_slice(&Sha256::digest(text)[..16]);
        Print(print)
    }
}

impl std::fmt::Display for Print {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// What is known of a source from before.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// Key to mark of everything that is here.
    pub marks: HashMap<Print, Print>,
    /// What the source was to be reminded of next time.
    pub memory: Option<String>,
}

/// All that a source said, whole.
#[derive(Debug)]
pub struct Harvest {
    /// What is new or changed.
    pub entries: Spool,
    /// What is there at all.
    pub seen: Seen,
    /// Entries that could not be read; what was known of them stays.
    pub unreadable: u64,
    /// What the source wants to be reminded of next time.
    pub memory: Option<String>,
}

/// What is there at all.
#[derive(Debug)]
pub enum Seen {
    /// These, and no others.
    All(HashSet<Print>),
    /// As before, without these keys.
    AllBut(Vec<String>),
}

/// How much is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    /// Everything.
    All,
    /// A few, to look at.
    First(usize),
}

/// Takes entries as they come.
pub(super) struct Gather<'a> {
    before: &'a Before,
    wish: Wish,
    spool: Writing,
    seen: HashSet<Print>,
    first: Vec<SourceEntry>,
    unreadable: u64,
    taken: u64,
}

impl<'a> Gather<'a> {
    /// Nothing yet; the file is made in `folder` at the first entry.
    pub fn new(before: &'a Before, wish: Wish, folder: &Path) -> Gather<'a> {
        let spool = Writing { folder: folder.to_owned(), file: None, count: 0 };
        Gather { before, wish, spool, seen: HashSet::new(), first: Vec::new(), unreadable: 0, taken: 0 }
    }

    /// How many more are wanted.
    pub fn wanted(&self) -> usize {
        match self.wish {
            Wish::All => usize::MAX,
            Wish::First(most) => most.saturating_sub(self.first.len()),
        }
    }

    /// Whether nothing more is wanted.
    pub fn is_full(&self) -> bool {
        self.wanted() == 0
    }

    /// Whether this is known as it is; notes that it is there.
    pub fn is_known(&mut self, key: &str, mark: &str) -> Result<bool, SourceProblem> {
        self.see(key)?;
        Ok(self.before.marks.get(&Print::of(key)) == Some(&Print::of(mark)))
    }

    /// It is there, whatever it says.
    pub fn see(&mut self, key: &str) -> Result<(), SourceProblem> {
        self.seen.insert(Print::of(key));
        if u64::try_from(self.seen.len()).unwrap_or(u64::MAX) > ENTRIES_MAX {
            return Err(trouble::too_much());
        }
        Ok(())
    }

    /// It was there, and is not any more.
    pub fn unsee(&mut self, key: &str) {
        self.seen.remove(&Print::of(key));
    }

    /// Whether it was seen in this reading.
    pub fn has_seen(&self, key: &str) -> bool {
        self.seen.contains(&Print::of(key))
    }

    /// Something is there that cannot be read.
    pub fn unreadable(&mut self) {
        self.unreadable += 1;
    }

    /// Takes an entry that is new or changed.
    pub fn take(&mut self, mut entry: SourceEntry) -> Result<(), SourceProblem> {
        if let Says::Card(card) = &mut entry.says {
            *card = without_pictures(card);
        }
        if matches!(&entry.says, Says::Card(card) if card.len() > CARD_BYTES_MAX) {
            self.unreadable();
            return Ok(());
        }
        self.taken += 1;
        if self.taken > 2 * ENTRIES_MAX {
            return Err(trouble::too_much());
        }
        match self.wish {
            Wish::All => self.spool.add(&entry).map_err(|error| trouble::ours(&error)),
            Wish::First(_) => {
                self.first.push(entry);
                Ok(())
            }
        }
    }

    /// How many are there.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    /// What was asked to look at.
    pub fn into_first(self) -> Vec<SourceEntry> {
        self.first
    }

    /// All of it; `gone`: the source said itself what is not there any more.
    pub fn finish(self, gone: Option<Vec<String>>, memory: Option<String>) -> Result<Harvest, SourceProblem> {
        let entries = self.spool.finish().map_err(|error| trouble::ours(&error))?;
        let seen = gone.map_or(Seen::All(self.seen), Seen::AllBut);
        Ok(Harvest { entries, seen, unreadable: self.unreadable, memory })
    }
}

/// A key that fits.
pub(super) fn key(text: &str) -> String {
    if text.len() > KEY_CHARS_MAX { Print::of(text).to_string() } else { text.to_owned() }
}

/// Values without blanks around them, in bounds.
pub(super) fn values(given: impl IntoIterator<Item = String>) -> Vec<String> {
    let cut = |text: String| text.trim().chars().take(VALUE_CHARS_MAX).collect::<String>();
    given.into_iter().map(cut).filter(|text| !text.is_empty()).take(VALUES_MAX).collect()
}

/// Ten thousand pictures would fill the disk, and no contact has a place for them.
fn without_pictures(card: &str) -> String {
    const PICTURES: &[&str] = &["PHOTO", "LOGO", "SOUND", "KEY"];
    let mut kept = String::new();
    let mut is_picture = false;
    for line in card.split_inclusive('\n') {
        if !line.starts_with([' ', '\t']) {
            let name = line.split([':', ';']).next().unwrap_or_default();
            let name = name.rsplit('.').next().unwrap_or_default();
            is_picture = PICTURES.iter().any(|picture| name.eq_ignore_ascii_case(picture));
        }
        if !is_picture {
            kept.push_str(line);
        }
    }
    kept
}

struct Writing {
    folder: PathBuf,
    file: Option<BufWriter<File>>,
    count: u64,
}

impl Writing {
    fn add(&mut self, entry: &SourceEntry) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(BufWriter::with_capacity(1 << 16, nameless(&self.folder)?)),
        };
        serde_json::to_writer(&mut *file, entry)?;
        file.write_all(b"\n")?;
        self.count += 1;
        Ok(())
    }

    fn finish(self) -> io::Result<Spool> {
        let file = self.file.map(|file| file.into_inner().map_err(io::IntoInnerError::into_error)).transpose()?;
        let lines = file.map(|mut file| file.rewind().map(|()| BufReader::new(file))).transpose()?;
        Ok(Spool { lines, count: self.count })
    }
}

/// A file that is gone with its last user, also after a crash.
fn nameless(folder: &Path) -> io::Result<File> {
    let mut random = [0_u8; 8];
    getrandom::fill(&mut random).expect("the system's random numbers");
    let path = folder.join(format!(".contacts-{}", hex::encode(random)));
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Entries in a file without a name.
#[derive(Debug)]
pub struct Spool {
    lines: Option<BufReader<File>>,
    count: u64,
}

impl Spool {
    /// How many there were.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The next ones, `most` at most; none at the end.
    pub fn next(&mut self, most: usize) -> io::Result<Vec<SourceEntry>> {
        let Some(lines) = &mut self.lines else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let mut line = String::new();
        while found.len() < most {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                break;
            }
            found.push(serde_json::from_str(&line)?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn entry(key: &str, name: &str) -> SourceEntry {
        let says = Says::Fields(BTreeMap::from([("last_name".to_owned(), vec![name.to_owned()])]));
        SourceEntry { key: key.into(), mark: name.into(), says }
    }

    #[test]
    fn what_was_gathered_comes_back_in_order_and_leaves_no_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let before = Before::default();
        let mut gather = Gather::new(&before, Wish::All, folder.path());
        for nth in 0..3 {
            gather.take(entry(&nth.to_string(), "Ada\nLovelace")).expect("taken");
        }

        let mut harvest = gather.finish(None, None).expect("finished");

        assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
        assert_eq!(harvest.entries.next(2).expect("read"), [entry("0", "Ada\nLovelace"), entry("1", "Ada\nLovelace")]);
        assert_eq!(harvest.entries.next(2).expect("read").len(), 1);
        assert!(harvest.entries.next(2).expect("read").is_empty());
    }

    #[test]
    fn what_is_known_as_it_is_need_not_be_taken_again() {
        let before = Before { marks: [(Print::of("a"), Print::of("1"))].into(), memory: None };
        let mut gather = Gather::new(&before, Wish::All, Path::new("/nonexistent"));

        assert!(gather.is_known("a", "1").expect("within bounds"));
        assert!(!gather.is_known("a", "2").expect("within bounds"));
        assert!(!gather.is_known("b", "1").expect("within bounds"));
        assert_eq!(gather.count(), 2);
    }

    #[test]
    fn pictures_are_left_out_of_cards() {
        let picture = "QUJD\r\n ".repeat(1 << 18);
        let card = format!(
            "BEGIN:VCARD\r\nPHOTO;ENCODING=b:{picture}\r\nitem1.LOGO:x\r\nFN:Ada\r\nPHOTOGRAPHER:y\r\nEND:VCARD\r\n"
        );

        assert_eq!(without_pictures(&card), "BEGIN:VCARD\r\nFN:Ada\r\nPHOTOGRAPHER:y\r\nEND:VCARD\r\n");
    }

    #[test]
    fn a_card_of_a_megabyte_and_a_value_of_a_megabyte_are_bounded() {
        let before = Before::default();
        let mut gather = Gather::new(&before, Wish::First(5), Path::new("/nonexistent"));
        let card = Says::Card("x".repeat(CARD_BYTES_MAX + 1));

        gather.take(SourceEntry { key: "a".into(), mark: "1".into(), says: card }).expect("skipped");

        assert_eq!((gather.unreadable, gather.into_first().len()), (1, 0));
        assert_eq!(values(["ä".repeat(1 << 20), "  ".into()]), ["ä".repeat(VALUE_CHARS_MAX)]);
        assert_eq!(key(&"x".repeat(1 << 20)).len(), 32);
    }
}
