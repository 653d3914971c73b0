//! The words of a PDF, one after the other, as bytes come: names, keywords, and where streams begin and end. Nothing is
//! held but the word itself, so a paper of any size can be looked through; what objects mean is not known here.

use crate::domain::reason::Reason;
use crate::media::bytes::too_complex;
use crate::media::paper::active::{ACTIONS, ANNOTATIONS, ENTRIES};
use flate2::{Decompress, FlushDecompress, Status};
use std::collections::BTreeSet;

/// Longer names are none that matter.
const WORD_BYTES_MAX: usize = 64;
/// A name of five letters and more is not spelled by a picture's bytes by accident.
const LONG: usize = 5;
/// Names that pages use for other things, too.
const COMMON: &[&[u8]] = &[b"Movie", b"Sound", b"Screen"];
/// Actions that a person may click, and that no paper may begin with.
const CLICKED: &[&[u8]] = &[b"URI", b"Hide", b"Thread", b"SetOCGState", b"Trans", b"ResetForm", b"GoToDp"];
/// What one stream of objects may unpack to, and all of them together.
const UNPACKED_BYTES_MAX: u64 = 16 << 20;
const ALL_UNPACKED_BYTES_MAX: u64 = 64 << 20;
/// Words of one object, or of one stream of objects. The widths of a font of every letter there is are half as many.
const OBJECT_WORDS_MAX: u64 = 300_000;
const NESTED_MAX: u32 = 200;
/// More objects than papers have: each takes far more memory than its few bytes in the file.
const OBJECTS_MAX: u64 = 150_000;

/// Where reading stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Objects,
    Comment,
    Text { depth: u32 },
    Hex,
    Body,
}

/// What was found so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Found {
    /// Something in it acts, or carries files.
    pub acts: bool,
    /// There is something nobody could look into: another packing, a password, an object within a stream.
    pub unseen: bool,
    /// Objects that stand in the clear.
    pub objects: u64,
    /// Names, which are keys and values.
    pub names: u64,
    /// All other words of objects, and lists.
    pub others: u64,
    /// Bytes of all streams of objects together, unpacked, and of the largest.
    pub unpacked: u64,
    /// Bytes of the largest of them.
    pub unpacked_most: u64,
}

/// What is known of the object that is being read.
#[derive(Clone, Copy, Default)]
struct Own {
    words: u64,
    is_packed: bool,
    filter: bool,
    flates: u32,
    other_packing: bool,
    opens: bool,
    is_clicked: bool,
}

/// A reader of words.
pub struct Words {
    /// What was found.
    pub found: Found,
    place: Place,
    nested: u32,
    /// The last bracket, while it may be the first of two.
    half: u8,
    /// Whether the last thing was the end of an outermost dictionary.
    closed: bool,
    word: Vec<u8>,
    tail: u128,
    backslashes: usize,
    /// Words in a row that end in a digit, just before this one.
    numbers: u32,
    /// The name before this one was /BM: what follows is how colours mix.
    mixes: bool,
    own: Own,
    /// Whether it is the table of objects that is being read, which may be as long as there are objects.
    in_table: bool,
    /// The last two numbers, and the number of the object.
    last: [u32; 2],
    number: u32,
    /// Whether the next word says what happens when the paper is opened.
    begins: bool,
    /// Objects that may be clicked, and those that happen at the beginning. As many as a paper has objects.
    clicked: BTreeSet<u32>,
    begun: BTreeSet<u32>,
    clicked_inside: bool,
    /// The stream of objects that is being unpacked.
    packed: Option<Box<Packed>>,
    inside: bool,
}

struct Packed {
    inflate: Option<Decompress>,
    words: Words,
    bytes: u64,
    begun: bool,
    ended: bool,
}

impl Default for Words {
    /// At the beginning of a file.
    fn default() -> Words {
        Words::begin(false)
    }
}

impl Words {
    /// At the beginning of a file, or of packed objects.
    fn begin(inside: bool) -> Words {
        Words {
            found: Found::default(),
            place: Place::Objects,
            nested: 0,
            half: 0,
            closed: false,
            word: Vec::new(),
            tail: 0,
            backslashes: 0,
            numbers: 0,
            mixes: false,
            own: Own::default(),
            in_table: false,
            last: [0; 2],
            number: 0,
            begins: false,
            clicked: BTreeSet::new(),
            begun: BTreeSet::new(),
            clicked_inside: false,
            packed: None,
            inside,
        }
    }

    /// Reads on.
    pub fn read(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        let (mut at, mut body_from) = (0, 0);
        while at < bytes.len() {
            let end = bytes[at..].iter().position(|&byte| !is_regular(byte)).map_or(bytes.len(), |found| at + found);
            if end > at {
                self.grow(&bytes[at..end]);
            }
            if end == bytes.len() {
                break;
            }
            let was_body = self.place == Place::Body;
            self.end_word()?;
            if was_body && self.place != Place::Body {
                self.unpack(&bytes[body_from.min(end)..end])?;
                self.end_packed();
            } else if !was_body && self.place == Place::Body {
                body_from = end;
            }
            self.mark(bytes[end])?;
            at = end + 1;
        }
        if self.place == Place::Body {
            self.unpack(&bytes[body_from..])?;
        }
        Ok(())
    }

    /// There is no more.
    pub fn end(&mut self) -> Result<Found, Reason> {
        self.end_word()?;
        self.end_packed();
        // Which object a packed one is is not known here: that it is clicked somewhere is enough.
        self.found.acts |= self.begun.iter().any(|number| self.clicked.contains(number))
            || (!self.begun.is_empty() && self.clicked_inside);
        Ok(self.found)
    }

    fn grow(&mut self, piece: &[u8]) {
        let room = WORD_BYTES_MAX.saturating_sub(self.word.len()).min(piece.len());
        self.word.extend_from_slice(&piece[..room]);
        for &byte in &piece[piece.len().saturating_sub(16)..] {
            self.tail = self.tail << 8 | u128::from(byte);
        }
        if matches!(self.place, Place::Text { .. }) {
            let trailing = piece.iter().rev().take_while(|&&byte| byte == b'\\').count();
            self.backslashes = if trailing == piece.len() { self.backslashes + trailing } else { trailing };
        }
    }

    fn end_word(&mut self) -> Result<(), Reason> {
        if self.word.is_empty() {
            return Ok(());
        }
        let word = std::mem::take(&mut self.word);
        let done = if word[0] == b'/' { self.name(&word[1..]) } else { self.keyword(&word) };
        (self.word, self.tail) = (word, 0);
        self.word.clear();
        done
    }

    fn name(&mut self, raw: &[u8]) -> Result<(), Reason> {
        let unescaped;
        let name = if raw.contains(&b'#') {
            unescaped = plain(raw);
            &unescaped[..]
        } else {
            raw
        };
        self.numbers = 0;
        if self.place == Place::Body {
            self.found.acts |= name.len() >= LONG && acts(name) && !COMMON.contains(&name);
            self.found.unseen |= name == b"ObjStm";
            return Ok(());
        }
        (self.closed, self.half, self.in_table) = (false, 0, false);
        self.found.acts |= acts(name) && !(self.mixes && name == b"Screen");
        self.mixes = name == b"BM";
        self.found.unseen |= name == b"Encrypt";
        self.begins = false;
        match name {
            b"First" | b"ObjStm" => self.own.is_packed = true,
            b"Filter" => self.own.filter = true,
            b"FlateDecode" => self.own.flates += 1,
            b"DecodeParms" | b"DP" | b"F" | b"FFilter" | b"Crypt" | b"Fl" => self.own.other_packing = true,
            b"OpenAction" => (self.own.opens, self.begins) = (true, true),
            name if CLICKED.contains(&name) => {
                self.own.is_clicked = true;
                self.clicked.insert(self.number);
            }
            name if name.ends_with(b"Decode") => self.own.other_packing = true,
            _ => {}
        }
        self.found.acts |= self.own.opens && self.own.is_clicked;
        self.found.names += 1;
        self.count()
    }

    fn keyword(&mut self, word: &[u8]) -> Result<(), Reason> {
        let after_numbers = self.numbers >= 2 || self.numbers == 1 && word.first().is_some_and(u8::is_ascii_digit);
        if word.ends_with(b"obj") && !word.ends_with(b"endobj") && word.len() <= 16 && after_numbers {
            return self.object();
        }
        let ends_in_digit = (self.tail as u8).is_ascii_digit();
        self.numbers = if ends_in_digit { self.numbers.saturating_add(1) } else { 0 };
        let number = std::str::from_utf8(word).ok().and_then(|word| word.parse().ok()).unwrap_or(0);
        self.last = [self.last[1], number];
        if std::mem::take(&mut self.begins) {
            self.begun.insert(number);
        }
        let closed = std::mem::take(&mut self.closed);
        self.half = 0;
        if self.place == Place::Body {
            if is_end_of_stream(self.tail) {
                (self.place, self.nested, self.own) = (Place::Objects, 0, Own::default());
            }
            return Ok(());
        }
        self.in_table &= word == b"n" || word == b"f" || word.iter().all(u8::is_ascii_digit);
        if word == b"endobj" || word == b"xref" {
            (self.own, self.in_table) = (Own::default(), word == b"xref");
        }
        if word == b"stream" && closed && self.place == Place::Objects {
            return self.body();
        }
        self.found.others += 1;
        self.count()
    }

    fn count(&mut self) -> Result<(), Reason> {
        self.own.words += u64::from(!self.in_table);
        if self.own.words > OBJECT_WORDS_MAX {
            return Err(too_complex("a PDF with an object of very many parts"));
        }
        Ok(())
    }

    /// An object begins. Within something else a reader that goes by the table may find it there, and we did not look.
    fn object(&mut self) -> Result<(), Reason> {
        self.found.unseen |= self.place != Place::Objects || self.nested > 0;
        self.numbers = 0;
        if self.place != Place::Body {
            (self.place, self.nested, self.closed, self.half) = (Place::Objects, 0, false, 0);
            self.own = Own::default();
        }
        self.number = self.last[0];
        self.found.objects += 1;
        if self.found.objects > OBJECTS_MAX {
            return Err(too_complex("a PDF of very many objects"));
        }
        Ok(())
    }

    fn body(&mut self) -> Result<(), Reason> {
        self.place = Place::Body;
        if self.own.is_packed && !self.inside {
            let inflate = match (self.own.filter, self.own.flates, self.own.other_packing) {
                (false, 0, false) => None,
                (true, 1, false) => Some(Decompress::new(true)),
                _ => {
                    self.found.unseen = true;
                    return Ok(());
                }
            };
            let words = Words::begin(true);
            self.packed = Some(Box::new(Packed { inflate, words, bytes: 0, begun: false, ended: false }));
        }
        Ok(())
    }

    fn mark(&mut self, byte: u8) -> Result<(), Reason> {
        let escaped = std::mem::take(&mut self.backslashes) % 2 == 1;
        self.place = match (self.place, byte) {
            (Place::Comment, b'\r' | b'\n') => Place::Objects,
            (Place::Text { depth }, b'(') if !escaped => Place::Text { depth: depth + 1 },
            (Place::Text { depth: 1 }, b')') if !escaped => Place::Objects,
            (Place::Text { depth }, b')') if !escaped => Place::Text { depth: depth - 1 },
            (Place::Hex, b'>') => Place::Objects,
            (Place::Objects, b'%') => Place::Comment,
            (Place::Objects, b'(') => {
                self.found.others += 1;
                Place::Text { depth: 1 }
            }
            (Place::Objects, _) => self.bracket(byte)?,
            (place, _) => place,
        };
        if byte == b'/' {
            self.word.push(b'/');
            self.tail = u128::from(b'/');
        }
        Ok(())
    }

    fn bracket(&mut self, byte: u8) -> Result<Place, Reason> {
        let half = std::mem::take(&mut self.half);
        match (half, byte) {
            (b'<', b'<') => self.opened()?,
            (b'>', b'>') => {
                self.nested = self.nested.saturating_sub(1);
                self.closed = self.nested == 0;
                if self.closed && self.inside {
                    // Packed objects stand side by side, without a word between them.
                    self.own = Own { words: self.own.words, ..Own::default() };
                }
            }
            (b'<', b'>') => {}
            (b'<', _) => return Ok(Place::Hex),
            (_, b'<' | b'>') => self.half = byte,
            (_, b'[') => {
                self.begins = false;
                self.opened()?;
            }
            (_, b']') => self.nested = self.nested.saturating_sub(1),
            _ => {}
        }
        Ok(Place::Objects)
    }

    fn opened(&mut self) -> Result<(), Reason> {
        (self.nested, self.closed, self.in_table) = (self.nested + 1, false, false);
        self.found.others += 2;
        if self.nested > NESTED_MAX {
            return Err(too_complex("a PDF nested deeper than papers are"));
        }
        self.count()
    }

    /// What a stream of objects unpacks to is read like the rest.
    fn unpack(&mut self, mut bytes: &[u8]) -> Result<(), Reason> {
        let Some(packed) = &mut self.packed else { return Ok(()) };
        if !packed.begun {
            let begin = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
            bytes = &bytes[begin..];
            packed.begun = !bytes.is_empty();
        }
        let room = ALL_UNPACKED_BYTES_MAX - self.found.unpacked.min(ALL_UNPACKED_BYTES_MAX);
        match packed.read(bytes) {
            Err(None) => self.found.unseen = true,
            Err(Some(reason)) => return Err(reason),
            Ok(()) => {}
        }
        if packed.bytes > UNPACKED_BYTES_MAX.min(room) {
            return Err(too_complex("a PDF whose parts unpack to more than papers do"));
        }
        Ok(())
    }

    fn end_packed(&mut self) {
        let Some(mut packed) = self.packed.take() else { return };
        let inside = packed.words.end().unwrap_or(Found { unseen: true, ..Found::default() });
        self.found.acts |= inside.acts;
        self.clicked_inside |= !packed.words.clicked.is_empty();
        self.begun.append(&mut packed.words.begun);
        self.found.unseen |= inside.unseen || (packed.inflate.is_some() && !packed.ended);
        self.found.names += inside.names;
        self.found.others += inside.others;
        self.found.unpacked += packed.bytes;
        self.found.unpacked_most = self.found.unpacked_most.max(packed.bytes);
    }
}

impl Packed {
    /// `Err(None)`: it is damaged, and what comes cannot be looked at.
    fn read(&mut self, mut bytes: &[u8]) -> Result<(), Option<Reason>> {
        let Some(inflate) = &mut self.inflate else {
            self.bytes += bytes.len() as u64;
            return self.words.read(bytes).map_err(Some);
        };
        let mut piece = vec![0; 32 << 10];
        while !self.ended && self.bytes <= UNPACKED_BYTES_MAX {
            let (was_in, was_out) = (inflate.total_in(), inflate.total_out());
            let status = inflate.decompress(bytes, &mut piece, FlushDecompress::None).map_err(|_| None)?;
            let (read, written) = (inflate.total_in() - was_in, inflate.total_out() - was_out);
            bytes = &bytes[usize::try_from(read).unwrap_or(bytes.len())..];
            self.words.read(&piece[..usize::try_from(written).unwrap_or(0)]).map_err(Some)?;
            self.bytes += written;
            self.ended = status == Status::StreamEnd;
            if read == 0 && written == 0 {
                break;
            }
        }
        Ok(())
    }
}

fn is_regular(byte: u8) -> bool {
    !matches!(
        byte,
        0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ' | b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%'
    )
}

fn is_end_of_stream(tail: u128) -> bool {
    tail.to_be_bytes().ends_with(b"endstream") || tail.to_be_bytes().ends_with(b"endstreamendobj")
}

fn acts(name: &[u8]) -> bool {
    [ACTIONS, ANNOTATIONS, ENTRIES].iter().any(|names| names.contains(&name)) || name == b"EmbeddedFile"
}

/// A name as it is meant: `#4A` is `J` (ISO 32000-2, 7.3.5).
fn plain(raw: &[u8]) -> Vec<u8> {
    let (mut name, mut at) = (Vec::with_capacity(raw.len()), 0);
    while let Some(&byte) = raw.get(at) {
        let digit = |at: usize| raw.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'#', Some(high), Some(low)) => {
                name.push((high << 4 | low) as u8);
                at += 3;
            }
            _ => {
                name.push(byte);
                at += 1;
            }
        }
    }
    name
}
