//! Moments as carriers write them in lists and questions: RFC 3339, also where the zone is missing and UTC is meant.

use crate::domain::time::Timestamp;

/// `2026-11-20T12:00:00Z`, with any offset and any fraction; `2026-11-20 12:00:00`, meant in UTC; `+0000` without colon.
pub fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp(moment.as_millisecond()));
    }
    let plain: jiff::civil::DateTime = text.parse().ok()?;
    let zoned = plain.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

/// `2026-11-20T12:00:00Z`.
pub fn rfc3339(moment: Timestamp) -> String {
    let moment = jiff::Timestamp::from_second(moment.as_seconds()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_carriers_write_them() {
        let noon = Timestamp::from_seconds(1_795_176_000);
        for text in [
            "2026-11-20T12:00:00Z",
            "2026-11-20T13:00:00+01:00",
            "2026-11-20T12:00:00.000+0000",
            "2026-11-20 12:00:00",
            "2026-11-20T12:00:00.000",
        ] {
            assert_eq!(read(text), Some(noon), "{text}");
        }
        for text in ["", "yesterday", "20261120", "2026-13-40T00:00:00Z"] {
            assert_eq!(read(text).filter(|moment| *moment == noon), None, "{text}");
        }
        assert_eq!(rfc3339(noon), "2026-11-20T12:00:00Z");
    }
}
