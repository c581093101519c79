//! Questions, which change nothing.

use super::{Kernel, Limits};
use crate::key::{Key, Selector};
use crate::order::sort;
use crate::replica::clock::Session;
use crate::replica::peers::Peer;
use crate::replica::session::Traffic;
use crate::state::entry::Entry;
use crate::table::Slot;
use crate::value::Stored;
use std::rc::Rc;

/// What a hall uses now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Entries.
    pub entries: u64,
    /// Deleted and expired entries that are remembered.
    pub tombstones: u64,
    /// Encoded bytes of keys, values and metadata.
    pub bytes: u64,
    /// Declared keys, whether or not they are set.
    pub variables: u64,
    /// Open watches.
    pub watches: u64,
    /// Changes waiting for readers that pull.
    pub queued: u64,
    /// Sessions that are here, this one included.
    pub sessions: u64,
    /// Frames.
    pub traffic: Traffic,
}

/// One key that changed, and the commit that last changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The key.
    pub key: Key,
    /// Where it is.
    pub slot: Slot,
    /// The commit.
    pub revision: u64,
}

impl<V: Stored> Kernel<V> {
    /// The entry of a key.
    pub fn entry(&self, key: &str) -> Option<&Entry<V>> {
        self.entries.get(self.keys.find(key)?)
    }

    /// The entry at a slot.
    pub fn entry_at(&self, slot: Slot) -> Option<&Entry<V>> {
        self.entries.get(self.keys.resolve(slot)?)
    }

    /// The slot of a key, if it has one.
    pub fn slot(&self, key: &str) -> Option<Slot> {
        self.keys.find(key).map(|index| self.keys.slot(index))
    }

    /// The key of a slot.
    pub fn key(&self, slot: Slot) -> Option<Rc<str>> {
        self.keys.resolve(slot).map(|index| self.keys.shared(index))
    }

    /// The slots of the selected entries, in key order; of all entries without a selector.
    pub fn slots(&self, selector: Option<&Selector>) -> Vec<Slot> {
        self.select(selector).into_iter().map(|index| self.keys.slot(index)).collect()
    }

    /// The indexes of the selected entries, in key order.
    pub(super) fn select(&self, selector: Option<&Selector>) -> Vec<u32> {
        let keys = match selector {
            Some(Selector::Key(key)) => std::slice::from_ref(key),
            Some(Selector::Keys(keys)) => keys,
            Some(Selector::Pattern(_)) | None => &[],
        };
        let mut selected = Vec::new();
        for key in keys {
            selected.extend(self.keys.find(key.text()));
        }
        sort(&mut selected, &|a, b| self.keys.text(a).cmp(self.keys.text(b)));
        match selector {
            Some(Selector::Pattern(pattern)) => selected = self.listing.select(pattern, &self.keys),
            None => selected = self.listing.select("**", &self.keys),
            _ => {}
        }
        selected.retain(|&index| self.entries.get(index).is_some());
        selected
    }

    /// The selected keys that changed after a revision, in the order of their last changes;
    /// `None` if that is no longer known (`compacted`).
    pub fn changes(&self, revision: u64, selector: Option<&Selector>) -> Option<Vec<Changed>> {
        let mut changes = Vec::new();
        for (revision, index) in self.history.since(revision)? {
            if selector.is_none_or(|selector| selector.selects(self.keys.text(index))) {
                let key = Key::trusted(self.keys.shared(index));
                changes.push(Changed { key, slot: self.keys.slot(index), revision });
            }
        }
        Some(changes)
    }

    /// The revision of the last commit.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// This session.
    pub fn session(&self) -> Session {
        self.replica.session()
    }

    /// The agent that opened this session.
    pub fn agent(&self) -> &Rc<str> {
        self.replica.agent()
    }

    /// The other sessions, by id.
    pub fn peers(&self) -> impl Iterator<Item = (Session, &Peer)> {
        self.replica.peers.iter()
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.options.limits
    }

    /// The encoded bytes of all keys, values and metadata.
    pub fn bytes(&self) -> u64 {
        self.entries.bytes()
    }

    /// What the hall uses now.
    pub fn usage(&self) -> Usage {
        Usage {
            entries: self.entries.count() as u64,
            tombstones: self.replica.graves() as u64,
            bytes: self.bytes(),
            variables: self.declarations.count() as u64,
            watches: self.watches.count() as u64,
            queued: self.watches.queued() as u64,
            sessions: self.replica.peers.count() as u64 + 1,
            traffic: self.replica.traffic,
        }
    }
}
