//! A map that forgets its oldest entry when it is full: memory that strangers can fill, but not overfill.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Entries in the order in which they were first put in; at most `entries_max` of them.
pub struct Bounded<K, V> {
    entries: HashMap<K, V>,
    order: VecDeque<K>,
    entries_max: usize,
}

impl<K: Hash + Eq + Clone, V> Bounded<K, V> {
    pub fn new(entries_max: usize) -> Bounded<K, V> {
        Bounded { entries: HashMap::new(), order: VecDeque::new(), entries_max: entries_max.max(1) }
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    /// Puts an entry in; returns what had to go for it.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if self.entries.insert(key.clone(), value).is_some() {
            return None;
        }
        self.order.push_back(key);
        if self.order.len() > self.entries_max { self.pop_oldest() } else { None }
    }

    /// Takes out entries from the oldest on while `gone` says so.
    pub fn forget_while(&mut self, gone: impl Fn(&V) -> bool) {
        while self.order.front().and_then(|key| self.entries.get(key)).is_some_and(&gone) {
            self.pop_oldest();
        }
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn pop_oldest(&mut self) -> Option<V> {
        let oldest = self.order.pop_front()?;
        self.entries.remove(&oldest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_grows_past_its_bound_and_forgets_the_oldest() {
        let mut map = Bounded::new(2);

        assert_eq!((map.insert("a", 1), map.insert("b", 2), map.insert("b", 3)), (None, None, None));
        assert_eq!(map.insert("c", 4), Some(1));
        assert_eq!((map.len(), map.get(&"a"), map.get(&"b"), map.get(&"c")), (2, None, Some(&3), Some(&4)));
        map.forget_while(|value| *value < 4);
        assert_eq!((map.len(), map.get(&"c")), (1, Some(&4)));
    }
}
