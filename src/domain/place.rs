//! A place out of what people paste: addresses of the usual maps, `geo:`, "lat, lon". Nothing is fetched: what is not in
//! the text itself (a shortened link) is not known.

use crate::domain::rich::Place;
use percent_encoding::percent_decode_str;

/// Longest text looked at.
const TEXT_CHARS_MAX: usize = 2000;

/// The place a pasted text means, with its name where that stands in it too.
pub fn read(text: &str) -> Option<Place> {
    let text = text.trim();
    if text.chars().count() > TEXT_CHARS_MAX {
        return None;
    }
    // A link from a phone's "share" often comes with words around it.
    let link =
        text.split_whitespace().find(|word| word.starts_with("http") || word.starts_with("geo:")).unwrap_or(text);
    let (latitude, longitude) = if let Some(rest) = link.strip_prefix("geo:") {
        geo(rest)?
    } else if link.starts_with("http") {
        maps(link)?
    } else {
        pair(text)?
    };
    let place = Place { latitude, longitude, name: name(link), address: None };
    place.exists().then_some(place)
}

/// Whether this is an address that only the maps themselves can open.
pub fn is_shortened(text: &str) -> bool {
    ["maps.app.goo.gl/", "goo.gl/maps/", "maps.apple/p/"].iter().any(|short| text.contains(short))
}

/// `geo:52.5,13.4;u=35?q=52.5,13.4(Office)` (RFC 5870 and what Android adds).
fn geo(rest: &str) -> Option<(f64, f64)> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let found = pair(path.split(';').next()?)?;
    // Android writes 0,0 where only the question counts.
    if found == (0.0, 0.0)
        && let Some(asked) = parameter(query, "q").and_then(|asked| pair(asked.split('(').next().unwrap_or_default()))
    {
        return Some(asked);
    }
    Some(found)
}

/// Google, Apple, OpenStreetMap, Bing, HERE: a pin before the middle of the map.
fn maps(link: &str) -> Option<(f64, f64)> {
    // Google's pin: !3d52.5!4d13.4.
    if let (Some(north), Some(east)) = (after(link, "!3d"), after(link, "!4d")) {
        return Some((north, east));
    }
    let (head, fragment) = link.split_once('#').unwrap_or((link, ""));
    let (path, query) = head.split_once('?').unwrap_or((head, ""));
    if let (Some(north), Some(east)) = (parameter(query, "mlat"), parameter(query, "mlon")) {
        return Some((degrees(&north)?, degrees(&east)?));
    }
    for key in ["coordinate", "ll", "q", "query", "destination", "daddr", "center", "sll", "cp"] {
        let value = parameter(query, key).map(|value| value.replace('~', ","));
        if let Some(found) = value.and_then(|value| pair(value.trim_start_matches("loc:"))) {
            return Some(found);
        }
    }
    // Google's middle: /@52.5,13.4,17z; OpenStreetMap's: #map=17/52.5/13.4.
    if let Some((_, rest)) = path.split_once('@') {
        return pair(&rest.splitn(3, ',').take(2).collect::<Vec<_>>().join(","));
    }
    if let Some((_, rest)) = fragment.split_once("map=") {
        let mut parts = rest.split(['/', '&']).skip(1);
        return Some((degrees(parts.next()?)?, degrees(parts.next()?)?));
    }
    // Google: /maps/search/52.5,+13.4 or /maps/place/52.5,13.4.
    path.rsplit('/').map(decoded).find_map(|part| pair(&part))
}

fn name(link: &str) -> Option<String> {
    let (path, query) = link.split_once('?').unwrap_or((link, ""));
    let place =
        link.split_once("/maps/place/").map(|(_, rest)| decoded(rest.split(['/', '?']).next().unwrap_or_default()));
    let bracket = || {
        let asked = parameter(query, "q")?;
        let (_, rest) = asked.split_once('(')?;
        Some(rest.trim_end_matches(')').to_owned())
    };
    let asked =
        || ["name", "q", "address"].iter().find_map(|key| parameter(query, key)).filter(|_| path.starts_with("http"));
    let found = place.or_else(bracket).or_else(asked)?;
    let found: String = found.chars().filter(|c| !c.is_control()).take(100).collect();
    let found = found.trim().to_owned();
    (!found.is_empty() && pair(&found).is_none()).then_some(found)
}

/// "52.52, 13.405", also with a degree sign and letters for the points of the compass, also with commas for points.
fn pair(text: &str) -> Option<(f64, f64)> {
    let text = decoded(text);
    let text = text.trim().trim_start_matches('(').trim_end_matches(')');
    let parts: Vec<&str> = if let Some((north, east)) = text.split_once(", ").or_else(|| text.split_once(';')) {
        vec![north, east]
    } else {
        text.split([',', ' ']).filter(|part| !part.is_empty()).collect()
    };
    let [north, east] = parts.as_slice() else { return None };
    Some((degrees(north)?, degrees(east)?))
}

fn degrees(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches(',').replace(',', ".");
    let south_or_west = text.ends_with(['S', 'W', 's', 'w']);
    let digits = text.trim_end_matches(['N', 'E', 'O', 'S', 'W', 'n', 'e', 's', 'w', '°', ' ']);
    // A whole number without a point is more often a house number than a degree.
    let shaped = !digits.is_empty()
        && digits.len() <= 24
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
    let value: f64 = digits.parse().ok().filter(|_| shaped)?;
    Some(if south_or_west { -value } else { value }).filter(|value| value.abs() <= 180.0)
}

fn after(text: &str, mark: &str) -> Option<f64> {
    let (_, rest) = text.split_once(mark)?;
    degrees(rest.split(['!', '?', '&', '/']).next()?)
}

fn parameter(query: &str, key: &str) -> Option<String> {
    let query = query.split('#').next().unwrap_or_default();
    query
        .split('&')
        .find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == key))
        .map(|(_, value)| decoded(value))
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_maps_are_read() {
        for (pasted, wanted) in [
            ("52.52, 13.405", (52.52, 13.405, None)),
            ("52,52; 13,405", (52.52, 13.405, None)),
            ("33.86°S 151.21°E", (-33.86, 151.21, None)),
            ("geo:52.52,13.405;u=35", (52.52, 13.405, None)),
            ("geo:0,0?q=52.52,13.405(Front+office)", (52.52, 13.405, Some("Front office"))),
            (
                "https://www.google.com/maps/place/Branden%C3%BCrg+Gate/@52.51,13.37,17z/data=!3m1!4b1!4m6!3m5!8m2!3d52.5163!4d13.3777",
                (52.5163, 13.3777, Some("Brandenürg Gate")),
            ),
            ("https://www.google.de/maps/@52.52,13.405,15z", (52.52, 13.405, None)),
            ("https://maps.google.com/?q=52.52,13.405", (52.52, 13.405, None)),
            ("https://www.google.com/maps/search/?api=1&query=52.52%2C13.405", (52.52, 13.405, None)),
            ("https://maps.apple.com/?ll=52.52,13.405&q=Caf%C3%A9", (52.52, 13.405, Some("Café"))),
            ("https://maps.apple.com/place?coordinate=52.52,13.405&name=Office", (52.52, 13.405, Some("Office"))),
            ("https://www.openstreetmap.org/?mlat=52.52&mlon=13.405#map=17/1.0/2.0", (52.52, 13.405, None)),
            ("https://www.openstreetmap.org/#map=17/52.52/13.405", (52.52, 13.405, None)),
            ("Meet me here: https://maps.google.com/?q=-33.86,151.21 at five", (-33.86, 151.21, None)),
            ("https://www.bing.com/maps?cp=52.52~13.405&lvl=15", (52.52, 13.405, None)),
        ] {
            let place = read(pasted).unwrap_or_else(|| panic!("{pasted}"));
            assert_eq!((place.latitude, place.longitude, place.name.as_deref()), wanted, "{pasted}");
        }
    }

    #[test]
    fn what_is_no_place_is_none() {
        for pasted in [
            "",
            "Hello",
            "1",
            "52.52",
            "91,0",
            "52.5,13.4,9",
            "https://maps.app.goo.gl/AbC",
            "https://example.com/a?q=cafe",
            "NaN,inf",
        ] {
            assert_eq!(read(pasted), None, "{pasted}");
        }
        assert!(is_shortened("https://maps.app.goo.gl/AbC"));
    }
}
