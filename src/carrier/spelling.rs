//! How carriers spell numbers: with `+`, digits alone, ten digits of North America. Ours is one (see `domain/address.rs`).

use crate::domain::address::{Address, AddressKind};

/// Digits alone: `4915550012345`; a short code or a sender's name as it is. `None`: a WhatsApp user id has no digits.
pub fn digits(address: &Address) -> Option<&str> {
    match address.kind() {
        AddressKind::E164 => Some(&address.as_str()[1..]),
        AddressKind::ShortCode | AddressKind::Alphanumeric => Some(address.as_str()),
        AddressKind::WhatsAppUser => None,
    }
}

/// Ten digits of North America: `5550100123`; a short code as it is. `None` for any other number.
pub fn ten_digits(address: &Address) -> Option<&str> {
    match address.kind() {
        AddressKind::E164 => address.as_str().strip_prefix("+1").filter(|rest| rest.len() == 10),
        AddressKind::ShortCode => Some(address.as_str()),
        AddressKind::Alphanumeric | AddressKind::WhatsAppUser => None,
    }
}

/// `+` and digits; a short code or a sender's name as it is. `None` for a WhatsApp user id.
pub fn plus(address: &Address) -> Option<&str> {
    (address.kind() != AddressKind::WhatsAppUser).then(|| address.as_str())
}

/// Reads digits that may lack their `+`: up to six are a short code, more are a number with its country code.
pub fn from_digits(text: &str) -> Result<Address, String> {
    let text = text.trim();
    let bare = text.len() > 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let read = match text.strip_prefix("00") {
        Some(rest) if bare => Address::parse(&format!("+{rest}")),
        _ if bare => Address::parse(&format!("+{text}")),
        _ => Address::parse(text),
    };
    read.map_err(|error| error.to_string())
}

/// Reads digits of North America: ten are a number there, eleven have its country code, fewer are a short code.
pub fn from_ten_digits(text: &str) -> Result<Address, String> {
    let text = text.trim();
    match text.len() {
        10 if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            Address::parse(&format!("+1{text}")).map_err(|error| error.to_string())
        }
        _ => from_digits(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_is_written_and_read_back() {
        for (ours, plain, ten) in [
            ("+15550100123", Some("15550100123"), Some("5550100123")),
            ("+4915550012345", Some("4915550012345"), None),
            ("70123", Some("70123"), Some("70123")),
            ("Depesche", Some("Depesche"), None),
            ("wa:DE.1349", None, None),
        ] {
            let address = Address::parse(ours).expect("valid");
            assert_eq!((digits(&address), ten_digits(&address)), (plain, ten));
            assert!(plain.is_none_or(|text| from_digits(text).as_ref() == Ok(&address)), "{ours}");
            assert!(ten.is_none_or(|text| from_ten_digits(text).as_ref() == Ok(&address)), "{ours}");
        }
        assert_eq!(from_digits("004915550012345").map(String::from), Ok("+4915550012345".into()));
        assert!(from_digits("<script>").is_err());
    }
}
