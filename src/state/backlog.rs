//! Changes between a filter that has let them pass and whoever is to hear them later.
//!
//! A face keeps one for each watch that is told at intervals, or whose reader has said what to do with too much. It is
//! bounded: past the capacity the oldest goes and is counted, or nothing is taken any more. Initial values never go, and
//! do not count.

use super::queue::Change;
use crate::error::{Code, Error};
use crate::key::{Key, Selector};
use std::collections::BTreeMap;

/// What waits when there is more than one could wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// One change a key, in the place of its first, from the first `old` to the last `value`: what has come and gone
    /// meanwhile was never there. Past the capacity the oldest go and are counted as missed.
    Coalesce,
    /// Every change. Past the capacity the oldest go and are counted as missed.
    DropOldest,
    /// Every change. Past the capacity the watch ends and reports `limit`.
    Close,
}

/// Changes that wait. See the module.
pub struct Backlog<V> {
    overflow: Overflow,
    capacity: usize,
    /// The oldest first.
    waiting: BTreeMap<u64, Change<V>>,
    /// Where the change of each key is, if changes of one key are made one.
    places: BTreeMap<Key, u64>,
    next: u64,
    initials: usize,
    /// The place after the last initial value.
    begun: u64,
    missed: u64,
    /// How many of the missed nobody has been told of.
    untold: u64,
}

impl<V> Backlog<V> {
    /// An empty one with the room that is asked for, or all that a hall allows.
    ///
    /// Errors: `invalid-argument` for no room, `limit` for more than `queue`.
    pub fn with_room(overflow: Overflow, capacity: Option<u64>, queue: u64) -> Result<Self, Error> {
        let capacity = capacity.unwrap_or(queue);
        if capacity == 0 {
            return Err(Error::new(Code::InvalidArgument, "a queue has room for at least one change"));
        }
        if capacity > queue {
            return Err(Error::limit("queue", queue, capacity));
        }
        Ok(Self::new(overflow, capacity as usize))
    }

    /// An empty one with room for at least one change.
    pub fn new(overflow: Overflow, capacity: usize) -> Self {
        Self {
            overflow,
            capacity: capacity.max(1),
            waiting: BTreeMap::new(),
            places: BTreeMap::new(),
            next: 0,
            initials: 0,
            begun: 0,
            missed: 0,
            untold: 0,
        }
    }

    /// Adds a change; false if there is no room, and the watch has to end.
    #[must_use]
    pub fn push(&mut self, change: Change<V>) -> bool {
        if let Some(place) = self.places.get(&change.key).copied() {
            self.join(place, change);
            return true;
        }
        if change.initial {
            self.initials += 1;
            self.begun = self.next + 1;
        } else if self.len() - self.initials >= self.capacity {
            if self.overflow == Overflow::Close {
                return false;
            }
            self.drop_oldest();
        }
        if self.overflow == Overflow::Coalesce {
            self.places.insert(change.key.clone(), self.next);
        }
        self.waiting.insert(self.next, change);
        self.next += 1;
        true
    }

    /// Makes a change one with the change of the same key that waits already.
    fn join(&mut self, place: u64, change: Change<V>) {
        let Some(first) = self.waiting.get_mut(&place) else { return };
        if first.old.is_none() && first.value.is_some() && change.value.is_none() {
            self.remove(place);
            return;
        }
        let old = first.old.take();
        *first = Change { old, initial: first.initial, ..change };
    }

    fn drop_oldest(&mut self) {
        let oldest = self.waiting.range(self.begun..).next().map(|(&place, _)| place);
        if let Some(place) = oldest {
            self.remove(place);
            self.missed += 1;
            self.untold += 1;
        }
    }

    fn remove(&mut self, place: u64) -> Option<Change<V>> {
        let change = self.waiting.remove(&place)?;
        self.places.remove(&change.key);
        self.initials -= usize::from(change.initial);
        Some(change)
    }

    /// Takes the oldest change, which tells how many were lost since the one before it.
    pub fn pop(&mut self) -> Option<Change<V>> {
        let (&place, _) = self.waiting.first_key_value()?;
        let change = self.remove(place)?;
        Some(Change { missed: std::mem::take(&mut self.untold), ..change })
    }

    /// How many changes wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// The error of a watch that has to end because there is no room.
    pub fn overflowed(&self, selector: &Selector) -> Error {
        let named = match selector {
            Selector::Key(key) => format!("{:?}", key.text()),
            Selector::Pattern(pattern) => format!("{pattern:?}"),
            Selector::Keys(keys) => format!("{} keys", keys.len()),
        };
        let capacity = self.capacity;
        let detail = format!("a watch of {named} has ended: more than its capacity of {capacity} changes waited");
        Error::new(Code::Limit, detail)
    }

    /// How many changes were lost since the watch began.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}
