//! The visible entries.
//!
//! An absent, deleted or expired key has no entry. The sums of entries and bytes are kept exact,
//! so that limits are decided before anything changes.

use std::rc::Rc;

/// One visible entry.
#[derive(Clone, Debug)]
pub struct Entry<V> {
    /// The value.
    pub value: V,
    /// Facts about the entry that are not its value.
    pub metadata: Option<V>,
    /// Encoded bytes of value and metadata.
    pub bytes: u32,
    /// The commit of this session that last changed it.
    pub revision: u64,
    /// The agent that wrote it.
    pub origin: Rc<str>,
    /// When it was written, by the writer's clock, in Unix milliseconds.
    pub updated_ms: u64,
    /// When it expires, in Unix milliseconds.
    pub expires_ms: Option<u64>,
    /// Whether the last write was to be heard of although it changed nothing.
    pub touched: bool,
}

/// A write of a value without metadata that lasts.
pub struct Write<'a, V> {
    /// The value.
    pub value: V,
    /// Its encoded bytes.
    pub bytes: u32,
    /// The commit.
    pub revision: u64,
    /// The agent that writes.
    pub origin: &'a Rc<str>,
    /// When, in Unix milliseconds.
    pub updated_ms: u64,
}

impl<V> From<Write<'_, V>> for Entry<V> {
    fn from(write: Write<'_, V>) -> Self {
        let Write { value, bytes, revision, origin, updated_ms } = write;
        let origin = origin.clone();
        Self { value, metadata: None, bytes, revision, origin, updated_ms, expires_ms: None, touched: false }
    }
}

/// The column of entries.
pub struct Entries<V> {
    column: Vec<Option<Entry<V>>>,
    count: usize,
    bytes: u64,
}

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self { column: Vec::new(), count: 0, bytes: 0 }
    }
}

impl<V> Entries<V> {
    /// The entry at a slot's index, if there is one.
    pub fn get(&self, index: u32) -> Option<&Entry<V>> {
        self.column.get(index as usize)?.as_ref()
    }

    /// The entry at a slot's index, to change what the sums do not count.
    pub fn get_mut(&mut self, index: u32) -> Option<&mut Entry<V>> {
        self.column.get_mut(index as usize)?.as_mut()
    }

    /// Replaces what is at an index and returns what was there. The key's length joins the sum.
    pub fn replace(&mut self, index: u32, key_bytes: usize, entry: Option<Entry<V>>) -> Option<Entry<V>> {
        let place = index as usize;
        if place >= self.column.len() {
            self.column.resize_with(place + 1, || None);
        }
        if let Some(new) = &entry {
            self.count += 1;
            self.bytes += u64::from(new.bytes) + key_bytes as u64;
        }
        let old = std::mem::replace(&mut self.column[place], entry);
        if let Some(old) = &old {
            self.count -= 1;
            self.bytes -= u64::from(old.bytes) + key_bytes as u64;
        }
        old
    }

    /// Writes a value at an index and returns the old one. What is there is changed in its place,
    /// which costs less than [`Entries::replace`].
    pub fn write(&mut self, index: u32, key_bytes: usize, write: Write<'_, V>) -> Option<V> {
        let Write { value, bytes, revision, origin, updated_ms } = write;
        if let Some(place) = self.rewrite(index, bytes, revision, origin, updated_ms) {
            return Some(std::mem::replace(place, value));
        }
        let write = Write { value, bytes, revision, origin, updated_ms };
        self.replace(index, key_bytes, Some(write.into()));
        None
    }

    /// Changes an entry to what a write makes of it, but for the value, and answers where that is.
    #[inline(always)] // on the path of every put; what is inlined there is not left to chance
    pub fn rewrite(
        &mut self,
        index: u32,
        bytes: u32,
        revision: u64,
        origin: &Rc<str>,
        updated_ms: u64,
    ) -> Option<&mut V> {
        let entry = self.column.get_mut(index as usize)?.as_mut()?;
        self.bytes = self.bytes + u64::from(bytes) - u64::from(entry.bytes);
        (entry.metadata, entry.expires_ms, entry.touched) = (None, None, false);
        (entry.bytes, entry.revision, entry.updated_ms) = (bytes, revision, updated_ms);
        if !Rc::ptr_eq(&entry.origin, origin) {
            entry.origin = origin.clone();
        }
        Some(&mut entry.value)
    }

    /// How many entries there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The encoded bytes of all keys, values and metadata.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}
