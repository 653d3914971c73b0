//! Takes out of a PDF what acts. This is removal by list: whoever wants proof refuses such papers instead, and what is
//! written is looked at again.

use crate::media::paper::active::{ACTIONS, ANNOTATIONS, ENTRIES, is_one_of};
use lopdf::{Dictionary, Document, Object};

/// Lists of files that belong to something, which are left empty without the files.
const WITH_FILES: &[&[u8]] = &[b"AF"];

/// Leaves nothing that acts, in no object, reachable or not; what nobody needs then goes.
pub fn clean(document: &mut Document) {
    document.trailer.iter_mut().for_each(|(_, value)| clean_object(value));
    for object in document.objects.values_mut() {
        if object.as_stream().is_ok_and(|stream| is_one_of(&stream.dict, b"Type", &[b"EmbeddedFile"])) {
            *object = Object::Null;
        }
        clean_object(object);
    }
    document.prune_objects();
}

fn clean_object(object: &mut Object) {
    match object {
        Object::Array(array) => array.iter_mut().for_each(clean_object),
        Object::Dictionary(dictionary) => clean_dictionary(dictionary),
        Object::Stream(stream) => clean_dictionary(&mut stream.dict),
        _ => {}
    }
}

fn clean_dictionary(dictionary: &mut Dictionary) {
    for entry in ENTRIES.iter().chain(WITH_FILES) {
        dictionary.remove(entry);
    }
    // A place to open at may stay; an action may not, whatever it is.
    if dictionary.get(b"OpenAction").is_ok_and(|action| !matches!(action, Object::Array(_))) {
        dictionary.remove(b"OpenAction");
    }
    if is_one_of(dictionary, b"S", ACTIONS) {
        // Whoever refers to it finds an action that does nothing.
        *dictionary = Dictionary::new();
    }
    if is_one_of(dictionary, b"Subtype", ANNOTATIONS) && dictionary.has(b"Rect") {
        *dictionary = nothing_at(dictionary);
    }
    dictionary.iter_mut().for_each(|(_, value)| clean_object(value));
}

/// A note that nobody sees (ISO 32000-2, 12.5.3: hidden), in the place of one that acts.
fn nothing_at(annotation: &Dictionary) -> Dictionary {
    const HIDDEN: i64 = 2;
    let mut nothing = Dictionary::new();
    nothing.set("Type", Object::Name(b"Annot".to_vec()));
    nothing.set("Subtype", Object::Name(b"Text".to_vec()));
    nothing.set("F", HIDDEN);
    if let Ok(place) = annotation.get(b"Rect") {
        nothing.set("Rect", place.clone());
    }
    nothing
}
