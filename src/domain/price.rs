//! What a message costs: whole millionths of a currency's unit, never a fraction in binary.

use serde::{Deserialize, Serialize};
use std::fmt;

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Millionths of the unit: 7900 is 0.0079.
    pub micros: i64,
    /// Three letters (ISO 4217).
    pub currency: String,
}

impl Price {
    /// Reads an amount as people write it (`0.0079`, `0,0079`) with a currency; `None` if it is neither.
    pub fn read(amount: &str, currency: &str) -> Option<Price> {
        let amount = amount.trim().replace(',', ".");
        let (whole, part) = amount.split_once('.').unwrap_or((&amount, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=6).contains(&whole.len()) && part.len() <= 6 && digits(whole) && digits(part);
        let three = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_uppercase());
        if !fits || !three {
            return None;
        }
        let micros = whole.parse::<i64>().ok()? * 1_000_000 + format!("{part:0<6}").parse::<i64>().ok()?;
        Some(Price { micros, currency: currency.to_owned() })
    }

    /// So many of it.
    pub fn times(&self, count: u32) -> Price {
        Price { micros: self.micros.saturating_mul(count.into()), currency: self.currency.clone() }
    }

    /// The amount alone, at least two digits after the point, no more than it needs.
    pub fn amount(&self) -> String {
        let part = format!("{:06}", self.micros % 1_000_000);
        let kept = part.trim_end_matches('0').len().max(2);
        format!("{}.{}", self.micros / 1_000_000, &part[..kept])
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_exactly_and_written_back() {
        for (written, micros, shown) in [
            ("0.0079", 7900, "0.0079"),
            ("0,075", 75_000, "0.075"),
            ("1", 1_000_000, "1.00"),
            ("12.5", 12_500_000, "12.50"),
        ] {
            let price = Price::read(written, "EUR").expect(written);

            assert_eq!((price.micros, price.amount().as_str()), (micros, shown));
        }
        assert_eq!(Price::read("0.0079", "USD").expect("a price").times(3).to_string(), "0.0237 USD");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for (amount, currency) in [
            ("", "EUR"),
            ("-1", "EUR"),
            ("1.2345678", "EUR"),
            ("1e3", "EUR"),
            (".5", "EUR"),
            ("1", "eur"),
            ("1", "EURO"),
        ] {
            assert_eq!(Price::read(amount, currency), None, "{amount:?} {currency:?}");
        }
    }
}
