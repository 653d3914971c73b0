//! What simulated customers see on their phones: a bounded memory, oldest things forgotten first.

use super::world::SimulatedText;
use crate::domain::address::Address;
use crate::domain::time::Timestamp;
use std::collections::{BTreeMap, VecDeque};

const CUSTOMERS_MAX: usize = 200;
const TEXTS_MAX: usize = 200;

/// All customers' phones.
#[derive(Default)]
pub(super) struct Phones(BTreeMap<Address, VecDeque<SimulatedText>>);

impl Phones {
    /// Shows one more text on a customer's phone.
    pub fn show(&mut self, customer: &Address, text: SimulatedText) {
        if !self.0.contains_key(customer) && self.0.len() >= CUSTOMERS_MAX {
            self.forget_the_quietest();
        }
        let texts = self.0.entry(customer.clone()).or_default();
        if texts.len() >= TEXTS_MAX {
            texts.pop_front();
        }
        texts.push_back(text);
    }

    /// What one customer sees, oldest first.
    pub fn of(&self, customer: &Address) -> Vec<SimulatedText> {
        self.0.get(customer).map(|texts| texts.iter().cloned().collect()).unwrap_or_default()
    }

    /// Every customer, the one with the latest text first.
    pub fn customers(&self) -> Vec<(Address, Timestamp)> {
        let mut all: Vec<_> = self.0.iter().map(|(customer, texts)| (customer.clone(), latest(texts))).collect();
        all.sort_by_key(|(_, at)| std::cmp::Reverse(*at));
        all
    }

    fn forget_the_quietest(&mut self) {
        let quietest = self.0.iter().min_by_key(|(_, texts)| latest(texts)).map(|(customer, _)| customer.clone());
        if let Some(customer) = quietest {
            self.0.remove(&customer);
        }
    }
}

fn latest(texts: &VecDeque<SimulatedText>) -> Timestamp {
    texts.back().map(|text| text.at).unwrap_or_default()
}
