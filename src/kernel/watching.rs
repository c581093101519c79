//! Watches: opening, closing, pulling.

use super::Kernel;
use super::effect::Effect;
use super::writing::within;
use crate::error::{Code, Error};
use crate::key::{Selector, depth};
use crate::state::queue::{Change, Queue};
use crate::state::selection::WatchId;
use crate::state::watch::SetId;
use crate::value::Stored;
use std::rc::Rc;

/// How a watch is opened.
#[derive(Clone, Debug, Default)]
pub struct WatchOptions {
    /// First deliver what is there now.
    pub initial: bool,
    /// End when this owner ends.
    pub owner: Option<Rc<str>>,
    /// Keep up to this many changes for a reader that pulls, instead of calling a watcher.
    pub capacity: Option<u64>,
}

impl<V: Stored> Kernel<V> {
    /// Opens a watch.
    ///
    /// Shape:  with `initial`, one [`Effect::Initial`] for each selected entry, in key order, of
    ///         the state as of this command; for a watch that pulls they are in its queue.
    /// Errors: `limit`; `invalid-argument` inside a batch, whose end would be heard in part, and for
    ///         a capacity of 0.
    pub fn watch(&mut self, selector: Selector, options: WatchOptions) -> Result<WatchId, Error> {
        if self.batch.is_some() {
            return Err(Error::new(Code::InvalidArgument, "a watch cannot be opened inside a batch"));
        }
        let limits = &self.options.limits;
        self.check_selector(&selector)?;
        within("watches", limits.watches, self.watches.count() as u64 + 1)?;
        within("watches ever opened", u64::from(u32::MAX), u64::from(self.watches.opened()) + 1)?;
        if let Some(capacity) = options.capacity {
            within("queue", limits.queue, capacity)?;
            if capacity == 0 {
                return Err(Error::new(Code::InvalidArgument, "a queue has room for at least one change"));
            }
        }
        let told = options.initial && self.options.notify;
        let selected = if told { self.select(Some(&selector)) } else { Vec::new() };
        let capacity = options.capacity.map(|capacity| capacity as usize);
        let namespaces = &self.namespaces;
        let watch = self.watches.open(selector, options.owner, capacity, |head| namespaces.find(head));
        for index in selected {
            let Some(entry) = self.entries.get(index) else { continue };
            let change = self.describe(index, None, entry.origin.clone(), entry.revision, true);
            if capacity.is_some() {
                self.watches.push(watch, change);
            } else {
                self.effects.push_back(Effect::Initial { watch, slot: self.keys.slot(index), change });
            }
        }
        Ok(watch)
    }

    /// Ends a watch; false if it was not open.
    pub fn unwatch(&mut self, watch: WatchId) -> bool {
        let namespaces = &self.namespaces;
        self.watches.close(watch, |head| namespaces.find(head))
    }

    /// Ends the watches of an owner; returns which those were.
    pub fn end_watches(&mut self, owner: &str) -> Vec<WatchId> {
        let owned = self.watches.owned(owner);
        for &watch in &owned {
            self.unwatch(watch);
        }
        owned
    }

    /// Takes the oldest change from the queue of a watch that pulls.
    pub fn take(&mut self, watch: WatchId) -> Option<Change<V>> {
        self.watches.take(watch)
    }

    /// The queue of a watch that pulls.
    pub fn queue(&self, watch: WatchId) -> Option<&Queue<V>> {
        self.watches.queue(watch)
    }

    /// The watches of a set; none if it has been released.
    pub fn members(&self, set: SetId) -> Rc<[WatchId]> {
        self.watches.members(set)
    }

    /// Sets that no longer exist; whoever kept one by number forgets it now.
    pub fn take_released(&mut self) -> Vec<SetId> {
        self.watches.release()
    }

    /// Refuses a selector beyond the limits.
    ///
    /// Errors: `limit`.
    pub fn check_selector(&self, selector: &Selector) -> Result<(), Error> {
        let limits = &self.options.limits;
        match selector {
            Selector::Key(key) => self.check_key(key),
            Selector::Keys(keys) => {
                within("selectorKeys", limits.selector_keys, keys.len() as u64)?;
                keys.iter().try_for_each(|key| self.check_key(key))
            }
            Selector::Pattern(pattern) => {
                within("keyBytes", limits.key_bytes, pattern.len() as u64)?;
                within("segments", limits.segments, depth(pattern) as u64 + 1)
            }
        }
    }
}
