//! What stands in order: a small map, and the one sort.
//!
//! Both are here for the size of the kernel as WebAssembly. `BTreeMap` costs about ten kilobytes
//! for each pair of types and the sorts of slices about eight for each type, of which a program
//! that holds a few dozen sessions has no use. [`Ordered`] is a sorted vector: finding is as fast
//! as in a tree, and what moves at an insertion is small, or is appended. [`sort`] orders numbers
//! and learns their order by asking, so that all callers share one; merging asks least.

use std::cmp::Ordering;
use std::ops::RangeInclusive;

/// A map in the order of its keys, for few of them or for keys that mostly arrive in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ordered<K, V> {
    pairs: Vec<(K, V)>,
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self { pairs: Vec::new() }
    }
}

impl<K: Ord, V> Ordered<K, V> {
    fn place(&self, key: &K) -> Result<usize, usize> {
        // Most that is added comes last.
        match self.pairs.last() {
            Some((last, _)) if key > last => Err(self.pairs.len()),
            _ => self.pairs.binary_search_by(|(other, _)| other.cmp(key)),
        }
    }

    /// What the key has.
    pub fn get(&self, key: &K) -> Option<&V> {
        self.place(key).ok().and_then(|place| self.pairs.get(place)).map(|(_, value)| value)
    }

    /// What the key has, to be changed.
    pub fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.place(key).ok().and_then(|place| self.pairs.get_mut(place)).map(|(_, value)| value)
    }

    /// Gives the key a value.
    pub fn insert(&mut self, key: K, value: V) {
        match self.place(&key) {
            Ok(place) => self.pairs[place].1 = value,
            Err(place) => self.pairs.insert(place, (key, value)),
        }
    }

    /// Takes the key away, with what it has.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        self.place(key).ok().map(|place| self.pairs.remove(place).1)
    }

    /// Whether it has the key.
    pub fn contains_key(&self, key: &K) -> bool {
        self.place(key).is_ok()
    }

    /// Keeps the pairs for which `keep` says so; it may change their values.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.pairs.retain_mut(|(key, value)| keep(key, value));
    }

    /// The same for the pairs of a range of keys; the others cost nothing.
    pub fn retain_within(&mut self, keys: RangeInclusive<K>, mut keep: impl FnMut(&K, &mut V) -> bool) {
        let first = self.place(keys.start()).unwrap_or_else(|place| place);
        let end = self.place(keys.end()).map_or_else(|place| place, |place| place + 1);
        let mut kept = first;
        for place in first..end {
            let (key, value) = &mut self.pairs[place];
            if keep(key, value) {
                self.pairs.swap(kept, place);
                kept += 1;
            }
        }
        self.pairs.drain(kept..end);
    }

    /// The pairs of a range of keys, in their order.
    pub fn within(&self, keys: RangeInclusive<K>) -> impl Iterator<Item = (&K, &V)> {
        let first = self.place(keys.start()).unwrap_or_else(|place| place);
        let inside = move |(key, _): &&(K, V)| key <= keys.end();
        self.pairs[first..].iter().take_while(inside).map(|(key, value)| (key, value))
    }

    /// All pairs, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.pairs.iter().map(|(key, value)| (key, value))
    }

    /// All values, in the order of their keys.
    pub fn values(&self) -> impl Iterator<Item = &V> {
        self.pairs.iter().map(|(_, value)| value)
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Takes all pairs away.
    pub fn clear(&mut self) {
        self.pairs.clear();
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for Ordered<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut ordered = Self::default();
        pairs.into_iter().for_each(|(key, value)| ordered.insert(key, value));
        ordered
    }
}

impl<K: Ord, V: Ord + Copy> Ordered<K, V> {
    /// Gives the key a value unless it has a greater one.
    pub fn raise(&mut self, key: K, value: V) {
        match self.place(&key) {
            Ok(place) => self.pairs[place].1 = self.pairs[place].1.max(value),
            Err(place) => self.pairs.insert(place, (key, value)),
        }
    }
}

/// Sorts numbers by what they stand for; what is equal keeps its order. Of what stands in order already little is asked.
pub fn sort(numbers: &mut Vec<u32>, compare: &dyn Fn(u32, u32) -> Ordering) {
    let mut merged = Vec::with_capacity(numbers.len());
    let mut width = 1;
    while width < numbers.len() {
        for pair in numbers.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            let apart = |(&last, &first)| compare(last, first).is_le();
            if left.last().zip(right.first()).is_some_and(apart) {
                merged.extend_from_slice(left);
                left = &[];
            }
            while let ([first, rest @ ..], [other, others @ ..]) = (left, right) {
                if compare(*first, *other).is_gt() {
                    merged.push(*other);
                    right = others;
                } else {
                    merged.push(*first);
                    left = rest;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(numbers, &mut merged);
        merged.clear();
        width *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_in_order_whatever_the_order_of_its_making() {
        let mut map = Ordered::default();
        for n in [5, 1, 9, 3, 7, 3] {
            map.insert(n, n * 10);
        }
        assert_eq!(
            map.iter().map(|(&key, &value)| (key, value)).collect::<Vec<_>>(),
            [(1, 10), (3, 30), (5, 50), (7, 70), (9, 90)]
        );
        assert_eq!(
            (map.get(&7).copied(), map.get(&8).copied(), map.remove(&5), map.remove(&5)),
            (Some(70), None, Some(50), None)
        );
        map.raise(3, 20);
        map.raise(3, 40);
        map.raise(4, 1);
        map.retain(|&key, value| {
            *value += 1;
            key != 9
        });
        assert_eq!(map.values().copied().collect::<Vec<_>>(), [11, 41, 2, 71]);
        map.retain_within(2..=5, |&key, _| key == 4);
        map.insert(6, 60);
        assert_eq!(map.within(2..=6).map(|(&key, _)| key).collect::<Vec<_>>(), [4, 6]);
        assert!(map.contains_key(&4) && !map.contains_key(&3) && map.len() == 4 && !map.is_empty());
    }

    #[test]
    fn numbers_are_sorted_by_what_they_stand_for() {
        for count in [0, 1, 2, 3, 4, 5, 31, 32, 33, 1_000] {
            let names: Vec<_> = (0..count).map(|n| (n * 7_919 % 61).to_string()).collect();
            let mut order: Vec<_> = (0..count).collect();
            sort(&mut order, &|a, b| names[a as usize].cmp(&names[b as usize]));
            let mut expected: Vec<_> = (0..count).collect();
            expected.sort_by_key(|&n| &names[n as usize]);
            assert_eq!(order, expected);
        }
    }
}
