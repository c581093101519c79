//! Texts to slots.
//!
//! A table gives each text a small number, finds the number again by the text, and takes it back
//! when told. Everything else about a key lives in columns indexed by that number, one column a
//! part. A [`Slot`] is the number with a generation, so that whoever kept one across its return
//! is found out. The hash is seeded by the caller; nothing observable depends on its order.

use crate::codec::mix;
use foldhash::fast::FixedState;
use hashbrown::HashTable;
use std::hash::{BuildHasher, Hasher};
use std::rc::Rc;

/// Numbers that are found by a hash of what they stand for. The hashes are kept, so growing asks nobody.
#[derive(Default)]
pub struct Index(HashTable<(u32, u32)>);

impl Index {
    /// The number under this hash that is the one.
    pub fn find(&self, hash: u32, is: impl Fn(u32) -> bool) -> Option<u32> {
        self.0.find(widened(hash), |&(other, number)| other == hash && is(number)).map(|&(_, number)| number)
    }

    /// Adds a number, which must not be there.
    pub fn insert(&mut self, hash: u32, number: u32) {
        self.0.insert_unique(widened(hash), (hash, number), |&(hash, _)| widened(hash));
    }

    /// Removes a number; false if it was not there.
    pub fn remove(&mut self, hash: u32, number: u32) -> bool {
        self.0.find_entry(widened(hash), |&(_, other)| other == number).map(|found| found.remove()).is_ok()
    }

    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A hash with its bits where the table looks for them: at both ends.
fn widened(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

/// The hash of a number, for an [`Index`].
pub fn spread(number: u64) -> u32 {
    mix(number) as u32
}

/// Hashes texts, seeded, for an [`Index`].
pub struct TextHasher(FixedState);

impl TextHasher {
    /// A hasher of this seed.
    pub fn new(seed: u64) -> Self {
        Self(FixedState::with_seed(seed))
    }

    /// The hash of a whole text, without the mark at its end that std adds for texts within others.
    #[inline(never)] // many ask, and it is long
    pub fn hash(&self, text: &str) -> u32 {
        let mut hasher = self.0.build_hasher();
        hasher.write(text.as_bytes());
        let hash = hasher.finish();
        (hash ^ hash >> 32) as u32
    }
}

/// A place in a table: index and generation. Fits in the whole numbers of an `f64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u64);

const GENERATION_MAX: u32 = (1 << 20) - 1;

impl Slot {
    fn new(index: u32, generation: u32) -> Self {
        Self(u64::from(generation) << 32 | u64::from(index))
    }

    /// The column index. Only a slot that the table has resolved is in range.
    pub fn index(self) -> u32 {
        self.0 as u32
    }

    /// The slot as one number below 2^52.
    pub fn number(self) -> u64 {
        self.0
    }

    /// The slot of a number; it need not exist.
    pub fn from_number(number: u64) -> Self {
        Self(number)
    }
}

struct Row {
    text: Option<Rc<str>>,
    generation: u32,
}

/// The table. See the module.
pub struct Table {
    hasher: TextHasher,
    index: Index,
    rows: Vec<Row>,
    free: Vec<u32>,
}

impl Table {
    /// An empty table whose hashes depend on the seed.
    pub fn new(seed: u64) -> Self {
        Self { hasher: TextHasher::new(seed), index: Index::default(), rows: Vec::new(), free: Vec::new() }
    }

    /// The hash of a text, whether it is here or not.
    pub fn hash(&self, text: &str) -> u32 {
        self.hasher.hash(text)
    }

    /// Finds the text.
    pub fn find(&self, text: &str) -> Option<u32> {
        self.index.find(self.hasher.hash(text), |index| same(self.text(index), text))
    }

    /// Finds the text or gives it a place.
    pub fn intern(&mut self, text: &Rc<str>) -> u32 {
        if let Some(index) = self.find(text) {
            return index;
        }
        let index = self.free.pop().unwrap_or(self.rows.len() as u32);
        match self.rows.get_mut(index as usize) {
            Some(row) => row.text = Some(text.clone()),
            None => self.rows.push(Row { text: Some(text.clone()), generation: 0 }),
        }
        self.index.insert(self.hasher.hash(text), index);
        index
    }

    /// Takes the place back; slots that were given for it no longer resolve.
    pub fn remove(&mut self, index: u32) {
        let hash = self.hasher.hash(self.text(index));
        if self.index.remove(hash, index) {
            let row = &mut self.rows[index as usize];
            row.text = None;
            // A place whose generations are used up is retired rather than given out twice.
            if row.generation < GENERATION_MAX {
                row.generation += 1;
                self.free.push(index);
            }
        }
    }

    /// The text at a place in use; empty for one that is not.
    pub fn text(&self, index: u32) -> &str {
        self.rows[index as usize].text.as_deref().unwrap_or("")
    }

    /// The text at a place in use, shared.
    pub fn shared(&self, index: u32) -> Rc<str> {
        self.rows[index as usize].text.clone().unwrap_or_default()
    }

    /// The slot of a place in use.
    pub fn slot(&self, index: u32) -> Slot {
        Slot::new(index, self.rows[index as usize].generation)
    }

    /// The place of a slot, if it has not been taken back since.
    #[inline(always)] // on the path of every put; what is inlined there is not left to chance
    pub fn resolve(&self, slot: Slot) -> Option<u32> {
        let row = self.rows.get(slot.index() as usize)?;
        (row.text.is_some() && Slot::new(slot.index(), row.generation) == slot).then_some(slot.index())
    }

    /// How many texts it holds.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }
}

/// Whether two texts are equal, eight bytes at a time: what wasm has for it goes byte by byte.
fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let equal = |(a, b): (&[u8; 8], &[u8; 8])| u64::from_ne_bytes(*a) == u64::from_ne_bytes(*b);
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        _ if a.len() != b.len() => false,
        // The last eight overlap the words before them.
        (Some(end), Some(other_end)) => {
            a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0).all(equal) && equal((end, other_end))
        }
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_given_back_no_longer_resolves() {
        let mut table = Table::new(7);
        let a = table.intern(&"a".into());
        let slot = table.slot(a);
        assert_eq!(table.intern(&"a".into()), a);
        assert_eq!(table.resolve(slot), Some(a));
        table.remove(a);
        assert_eq!((table.find("a"), table.resolve(slot), table.len()), (None, None, 0));
        let b = table.intern(&"b".into());
        assert_eq!((b, table.resolve(slot)), (a, None));
        assert_ne!(table.slot(b), slot);
    }

    #[test]
    fn texts_are_found_whatever_the_seed() {
        for seed in 0..3 {
            let mut table = Table::new(seed);
            for n in 0..5_000u32 {
                assert_eq!(table.intern(&n.to_string().into()), n);
            }
            assert!((0..5_000u32).all(|n| table.find(&n.to_string()) == Some(n)));
        }
    }
}
