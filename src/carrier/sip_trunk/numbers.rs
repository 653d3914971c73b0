//! How a gateway spells numbers: what it dials, what it shows. Ours is always E.164.

use crate::carrier::spelling;
use crate::domain::address::{Address, AddressKind};

/// How numbers are written for the gateway and read from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spelling {
    /// How a number is written.
    pub format: Format,
    /// The country whose numbers are written without their code, and whose numbers may come so.
    pub country: String,
    /// What stands before each number we send.
    pub out_prefix: String,
    /// What the gateway puts before each number, taken away again.
    pub in_prefix: String,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `+4915550012345`
    Plus,
    /// `4915550012345`
    Digits,
    /// `004915550012345`
    DoubleZero,
    /// `015550012345` in its own country, else with two zeros.
    National,
}

impl Spelling {
    /// A number as the gateway dials it; `None` for what has no number.
    pub fn written(&self, address: &Address) -> Option<String> {
        let digits = spelling::digits(address)?;
        let number = match (address.kind(), self.format) {
            (AddressKind::E164, Format::Plus) => address.as_str().to_owned(),
            (AddressKind::E164, Format::Digits) => digits.to_owned(),
            (AddressKind::E164, Format::DoubleZero) => format!("00{digits}"),
            (AddressKind::E164, Format::National) => {
                address.national(&self.country).unwrap_or_else(|| format!("00{digits}"))
            }
            // A short code or a name is the same everywhere.
            _ => return Some(digits.to_owned()),
        };
        Some(format!("{}{number}", self.out_prefix))
    }

    /// A number as the gateway wrote it.
    pub fn read(&self, text: &str) -> Result<Address, String> {
        let text = text.trim();
        let text = text.strip_prefix(self.in_prefix.as_str()).filter(|_| !self.in_prefix.is_empty()).unwrap_or(text);
        let bare = text.len() > 6 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        if bare && self.format != Format::National {
            return spelling::from_digits(text);
        }
        Address::from_typed(text, &self.country).map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelling(format: Format) -> Spelling {
        Spelling { format, country: "DE".into(), out_prefix: String::new(), in_prefix: String::new() }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (format, number, written) in [
            (Format::Plus, "+4915550012345", "+4915550012345"),
            (Format::Digits, "+4915550012345", "4915550012345"),
            (Format::DoubleZero, "+4915550012345", "004915550012345"),
            (Format::National, "+4915123456789", "015123456789"),
            (Format::National, "+15550100123", "0015550100123"),
            (Format::National, "70123", "70123"),
            (Format::Digits, "Depesche", "Depesche"),
        ] {
            let address = Address::parse(number).expect("a number");
            assert_eq!(spelling(format).written(&address).as_deref(), Some(written));
            assert_eq!(spelling(format).read(written).as_ref(), Ok(&address), "{written}");
        }
    }

    #[test]
    fn a_gateway_s_own_prefix_is_taken_away() {
        let with = Spelling { in_prefix: "gsm1-".into(), ..spelling(Format::Plus) };
        assert_eq!(with.read("gsm1-+4915550012345").map(String::from), Ok("+4915550012345".into()));
        assert_eq!(with.read("4915550012345").map(String::from), Ok("+4915550012345".into()));
        assert!(with.read("anonymous caller of unknown name").is_err());
    }
}
