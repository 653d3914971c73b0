//! What makes a PDF act: scripts, actions that leave the paper, files and films inside, forms of a second kind (XFA).
//! Found by names in every object, reachable or not, and once more in the raw bytes.

use lopdf::{Dictionary, Document, Object};

/// Actions (ISO 32000-2, 12.6.4) that do more than show another place or open an address that a person clicks.
pub const ACTIONS: &[&[u8]] = &[
    b"JavaScript",
    b"Launch",
    b"SubmitForm",
    b"ImportData",
    b"GoToE",
    b"GoToR",
    b"Rendition",
    b"RichMediaExecute",
    b"Movie",
    b"Sound",
    b"GoTo3DView",
];
/// Annotations that are programs, films or files.
pub const ANNOTATIONS: &[&[u8]] = &[b"RichMedia", b"FileAttachment", b"Screen", b"Movie", b"Sound", b"3D"];
/// Entries that are worth refusing by themselves.
pub const ENTRIES: &[&[u8]] = &[b"JS", b"JavaScript", b"EmbeddedFiles", b"EF", b"XFA", b"AA", b"Collection"];
/// Names so long that no picture's bytes spell them by accident.
const RAW: &[&[u8]] = &[
    b"/JavaScript",
    b"/EmbeddedFile",
    b"/RichMedia",
    b"/SubmitForm",
    b"/ImportData",
    b"/Launch ",
    b"/Launch/",
    b"/Launch>",
];
const DEPTH_MAX: usize = 100;

/// Whether anything in the document acts.
pub fn acts(document: &Document) -> bool {
    document.trailer.iter().any(|(_, value)| acts_in(value, document, 0))
        || document.objects.values().any(|object| acts_in(object, document, 0))
}

/// Whether the raw bytes name something that acts, also where the reader of objects saw none: others may see more.
pub fn is_named_in(bytes: &[u8]) -> bool {
    RAW.iter().any(|name| memchr::memmem::find(bytes, name).is_some())
}

fn acts_in(object: &Object, document: &Document, depth: usize) -> bool {
    if depth > DEPTH_MAX {
        // Nobody nests like that to be read.
        return true;
    }
    let inside = |value: &Object| acts_in(value, document, depth + 1);
    match object {
        Object::Array(array) => array.iter().any(inside),
        Object::Dictionary(dictionary) => {
            acts_by_itself(dictionary, document) || dictionary.iter().any(|(_, value)| inside(value))
        }
        Object::Stream(stream) => {
            acts_by_itself(&stream.dict, document) || stream.dict.iter().any(|(_, value)| inside(value))
        }
        _ => false,
    }
}

fn acts_by_itself(dictionary: &Dictionary, document: &Document) -> bool {
    ENTRIES.iter().any(|name| dictionary.has(name))
        || is_one_of(dictionary, b"S", ACTIONS)
        || is_one_of(dictionary, b"Subtype", ANNOTATIONS)
        || is_one_of(dictionary, b"Type", &[b"EmbeddedFile"])
        || opens_with_action(dictionary, document)
}

/// Whether an entry is one of these names.
pub fn is_one_of(dictionary: &Dictionary, entry: &[u8], names: &[&[u8]]) -> bool {
    dictionary.get(entry).and_then(Object::as_name).is_ok_and(|name| names.contains(&name))
}

/// Opening at a place is what every second paper does; anything else that happens by itself is not.
pub fn opens_with_action(dictionary: &Dictionary, document: &Document) -> bool {
    let Ok(action) = dictionary.get(b"OpenAction") else { return false };
    let action = match action {
        Object::Reference(id) => document.get_object(*id),
        action => Ok(action),
    };
    let Ok(Object::Dictionary(action)) = action else { return false };
    !is_one_of(action, b"S", &[b"GoTo", b"Named"])
}
