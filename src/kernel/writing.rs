//! Commands: check, change, publish.
//!
//! Every check comes before the first change, so a refused command leaves no trace. A change is
//! published (revision, stamp, history, notices) at once, or by the batch that it is part of.

use super::body::Body;
use super::command::{Command, Hot, Measured, Reply};
use super::declaring::obvious;
use super::effect::Effect;
use super::{Batch, Before, Kernel};
use crate::error::{Code, Error};
use crate::key::{Key, Selector, shown};
use crate::replica::cells::Kind;
use crate::state::entry::{Entry, Write};
use crate::state::queue::Change;
use crate::state::watch::SetId;
use crate::table::{Index, Slot, spread};
use crate::value::Stored;
use std::rc::Rc;

/// The longest time to live: a thousand years, so that no sum overflows.
const TTL_MS_MAX: u64 = 31_556_952_000_000;

impl<V: Stored> Kernel<V> {
    /// Carries out one command.
    ///
    /// Errors: `limit`, `invalid-argument`, `constraint-violation`; `conflict` if `expect` fails inside a batch, which is
    /// all or nothing.
    pub fn apply(&mut self, command: Command<V>, unix_ms: u64) -> Result<Reply, Error> {
        within("notices", self.options.limits.notices, self.effects.len() as u64 + 1)?;
        match command {
            Command::Put { key, value, metadata, origin, expect, ttl_ms, touch } => {
                self.put(&key, value, metadata, origin, expect, ttl_ms, touch, unix_ms)
            }
            Command::Delete { key, origin, expect, touch } => self.delete(&key, origin, expect, touch, unix_ms),
            Command::Clear { selector, origin } => self.clear(selector.as_ref(), &origin, unix_ms),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of one command")]
    fn put(
        &mut self,
        key: &Key,
        value: Measured<V>,
        metadata: Option<Measured<V>>,
        origin: Rc<str>,
        expect: Option<u64>,
        ttl_ms: Option<u64>,
        touch: bool,
        unix_ms: u64,
    ) -> Result<Reply, Error> {
        let limits = &self.options.limits;
        self.check_key(key)?;
        within("valueBytes", limits.value_bytes, value.bytes)?;
        let metadata_bytes = metadata.as_ref().map_or(0, |metadata| metadata.bytes);
        within("metadataBytes", limits.metadata_bytes, metadata_bytes)?;
        check_ttl(ttl_ms)?;
        let index = self.keys.find(key.text());
        let value = self.judged(index, value)?;
        let current = index.and_then(|index| self.entries.get(index));
        if let Some(conflict) = self.compare(key, expect, current)? {
            return Ok(conflict);
        }
        let expires_ms = ttl_ms.map(|ttl_ms| unix_ms.saturating_add(ttl_ms));
        if let (Some(index), Some(current)) = (index, current)
            && !touch
            && current.value.same(&value.value)
            && metadata.as_ref().is_none_or(|new| current.metadata.as_ref().is_some_and(|old| old.same(&new.value)))
        {
            // The same again. At most it lives on, which nobody needs to be told.
            let revision = current.revision;
            if expires_ms.is_some() {
                self.renew(index, expires_ms, origin, unix_ms);
            }
            return Ok(Reply::Written { revision, changed: expires_ms.is_some() });
        }
        let bytes = value.bytes + metadata_bytes;
        self.check_room(key.text().len(), bytes, current)?;
        let entry = Entry {
            value: value.value,
            metadata: metadata.map(|metadata| metadata.value),
            bytes: bytes as u32,
            revision: self.revision + 1,
            origin: origin.clone(),
            updated_ms: unix_ms,
            expires_ms,
            touched: touch,
        };
        let index = index.unwrap_or_else(|| self.intern(&key.shared()));
        let revision = self.change(index, Some(entry), origin, touch, unix_ms);
        Ok(Reply::Written { revision, changed: true })
    }

    /// Puts a value without options to a slot: the path that costs as little as it can. The
    /// caller calls the plain watchers of the set itself; everything else is in the effects.
    ///
    /// Errors: `limit`, `constraint-violation`; `invalid-argument` if the slot was given back.
    pub fn put_slot(&mut self, slot: Slot, value: V, bytes: u64, origin: &Rc<str>, unix_ms: u64) -> Result<Hot, Error> {
        self.replace_slot(slot, value, bytes, origin, unix_ms).map(|(hot, _)| hot)
    }

    /// [`Kernel::put_slot`] for a face that keeps no values: answers with the old value as well,
    /// from which [`Kernel::replaced`] makes what the watchers of the set are to hear.
    ///
    /// Errors: as [`Kernel::put_slot`].
    pub fn replace_slot(
        &mut self,
        slot: Slot,
        value: V,
        bytes: u64,
        origin: &Rc<str>,
        unix_ms: u64,
    ) -> Result<(Hot, Option<V>), Error> {
        let gone = || Error::new(Code::InvalidArgument, "the slot was given back");
        let index = self.keys.resolve(slot).ok_or_else(gone)?;
        within("valueBytes", self.options.limits.value_bytes, bytes)?;
        if self.declarations.get(index).is_some_and(|declared| !obvious(declared, &value)) {
            return self.replace_declared(index, Measured { value, bytes }, origin, unix_ms);
        }
        let key_bytes = self.keys.text(index).len();
        let current = self.entries.get(index);
        if let Some(current) = current.filter(|current| current.value.same(&value)) {
            return Ok((Hot { revision: current.revision, changed: false, set: SetId::NOBODY }, None));
        }
        self.check_room(key_bytes, bytes, current)?;
        let revision = self.revision + 1;
        let write = Write { value, bytes: bytes as u32, revision, origin, updated_ms: unix_ms };
        if self.batch.is_some() {
            let revision = self.change(index, Some(write.into()), origin.clone(), false, unix_ms);
            return Ok((Hot { revision, changed: true, set: SetId::NOBODY }, None));
        }
        self.revision = revision;
        let old = self.entries.write(index, key_bytes, write);
        self.replica.write(index, Kind::Lasting, unix_ms);
        self.history.record(index, revision);
        let set = self.concerned(index);
        if set != SetId::NOBODY && self.watches.has_queues(set) {
            self.notify(index, set, old, origin.clone(), revision);
            return Ok((Hot { revision, changed: true, set: SetId::NOBODY }, None));
        }
        Ok((Hot { revision, changed: true, set }, old))
    }

    /// The same where the key is declared and the value must be judged: apart, because judging in between costs every put a fifth.
    #[cold]
    fn replace_declared(
        &mut self,
        index: u32,
        given: Measured<V>,
        origin: &Rc<str>,
        unix_ms: u64,
    ) -> Result<(Hot, Option<V>), Error> {
        let Measured { value, bytes } = self.judged(Some(index), given)?;
        let current = self.entries.get(index);
        if let Some(current) = current.filter(|current| current.value.same(&value)) {
            return Ok((Hot { revision: current.revision, changed: false, set: SetId::NOBODY }, None));
        }
        self.check_room(self.keys.text(index).len(), bytes, current)?;
        let write = Write { value, bytes: bytes as u32, revision: self.revision + 1, origin, updated_ms: unix_ms };
        let revision = self.change(index, Some(write.into()), origin.clone(), false, unix_ms);
        Ok((Hot { revision, changed: true, set: SetId::NOBODY }, None))
    }

    /// The change that [`Kernel::replace_slot`] has just made.
    pub fn replaced(&self, slot: Slot, old: Option<V>) -> Option<Change<V>> {
        let index = self.keys.resolve(slot)?;
        let entry = self.entries.get(index)?;
        Some(self.describe(index, old, entry.origin.clone(), entry.revision, false))
    }

    fn delete(
        &mut self,
        key: &Key,
        origin: Rc<str>,
        expect: Option<u64>,
        touch: bool,
        unix_ms: u64,
    ) -> Result<Reply, Error> {
        self.check_key(key)?;
        let index = self.keys.find(key.text());
        let current = index.and_then(|index| self.entries.get(index));
        if let Some(conflict) = self.compare(key, expect, current)? {
            return Ok(conflict);
        }
        if current.is_none() && !touch {
            return Ok(Reply::Written { revision: 0, changed: false });
        }
        let index = index.unwrap_or_else(|| self.intern(&key.shared()));
        self.change(index, None, origin, touch, unix_ms);
        Ok(Reply::Written { revision: 0, changed: true })
    }

    fn clear(&mut self, selector: Option<&Selector>, origin: &Rc<str>, unix_ms: u64) -> Result<Reply, Error> {
        if let Some(selector) = selector {
            self.check_selector(selector)?;
        }
        let selected = self.select(selector);
        self.delete_all(&selected, Some(origin), unix_ms)?;
        Ok(Reply::Cleared(selected.len() as u64))
    }

    /// Deletes entries in one commit, in the name of an agent or of whoever has written each.
    pub(super) fn delete_all(&mut self, indexes: &[u32], origin: Option<&Rc<str>>, unix_ms: u64) -> Result<(), Error> {
        let alone = self.batch.is_none();
        if alone {
            self.begin()?;
        }
        for &index in indexes {
            let writer = self.entries.get(index).map(|entry| &entry.origin);
            if let Some(origin) = origin.or(writer).cloned() {
                self.change(index, None, origin, false, unix_ms);
            }
        }
        if alone {
            self.commit(unix_ms)?;
        }
        Ok(())
    }

    /// Begins a batch.
    ///
    /// Errors: `invalid-argument` if one has begun; faces join nested ones.
    pub fn begin(&mut self) -> Result<(), Error> {
        if self.batch.is_some() {
            return Err(Error::new(Code::InvalidArgument, "a batch has already begun"));
        }
        self.batch = Some(Batch { before: Vec::new(), places: Index::default() });
        Ok(())
    }

    /// Makes what the batch has changed happen, as one commit. True if anything did.
    ///
    /// Errors: `invalid-argument` if no batch has begun.
    pub fn commit(&mut self, unix_ms: u64) -> Result<bool, Error> {
        let revision = self.revision + 1;
        for Before { index, entry: old, origin, touched, owner } in self.end_batch()? {
            let now = self.entries.get(index);
            let (unchanged, expires_ms) = match (&old, now) {
                (None, None) => (true, None),
                (Some(old), Some(now)) => {
                    (same_entry(old, now), now.expires_ms.filter(|_| old.expires_ms != now.expires_ms))
                }
                _ => (false, None),
            };
            if unchanged && !touched {
                // As it was, its revision included; at most it lives on.
                let key_bytes = self.keys.text(index).len();
                self.entries.replace(index, key_bytes, old);
                self.free_if_empty(index);
                if expires_ms.is_some() {
                    self.renew(index, expires_ms, origin, unix_ms);
                }
            } else {
                self.revision = revision;
                self.publish(index, old, origin, touched, revision, unix_ms);
            }
            if let (Some(place), Some(entry)) = (owner, self.entries.get(index)) {
                self.owners.own(place, index, entry.revision);
            }
        }
        Ok(self.revision == revision)
    }

    /// Undoes what the batch has changed.
    ///
    /// Errors: `invalid-argument` if no batch has begun.
    pub fn roll_back(&mut self) -> Result<(), Error> {
        for Before { index, entry, .. } in self.end_batch()? {
            let key_bytes = self.keys.text(index).len();
            self.entries.replace(index, key_bytes, entry);
            self.free_if_empty(index);
        }
        Ok(())
    }

    /// Whether a batch has begun.
    pub fn in_batch(&self) -> bool {
        self.batch.is_some()
    }

    fn end_batch(&mut self) -> Result<Vec<Before<V>>, Error> {
        let none = || Error::new(Code::InvalidArgument, "no batch has begun");
        self.batch.take().map(|batch| batch.before).ok_or_else(none)
    }

    /// Changes an entry, and publishes that now or with the batch. Returns the commit's revision.
    pub(super) fn change(
        &mut self,
        index: u32,
        entry: Option<Entry<V>>,
        origin: Rc<str>,
        touched: bool,
        unix_ms: u64,
    ) -> u64 {
        let key_bytes = self.keys.text(index).len();
        let old = self.entries.replace(index, key_bytes, entry);
        if let Some(batch) = &mut self.batch {
            let (before, hash) = (&mut batch.before, spread(index.into()));
            match batch.places.find(hash, |place| before[place as usize].index == index) {
                Some(place) => {
                    before[place as usize].origin = origin;
                    before[place as usize].touched |= touched;
                    before[place as usize].owner = None;
                }
                None => {
                    batch.places.insert(hash, before.len() as u32);
                    before.push(Before { index, entry: old, origin, touched, owner: None });
                }
            }
            return self.revision + 1;
        }
        self.revision += 1;
        self.publish(index, old, origin, touched, self.revision, unix_ms);
        self.revision
    }

    /// Lets an entry live until another time: a write, but not a change that anybody hears of.
    fn renew(&mut self, index: u32, expires_ms: Option<u64>, origin: Rc<str>, unix_ms: u64) {
        let Some(mut entry) = self.entries.get(index).cloned() else { return };
        (entry.expires_ms, entry.updated_ms, entry.touched) = (expires_ms, unix_ms, false);
        entry.origin = origin.clone();
        if self.batch.is_some() {
            self.change(index, Some(entry), origin, false, unix_ms);
            return;
        }
        let key_bytes = self.keys.text(index).len();
        self.entries.replace(index, key_bytes, Some(entry));
        self.stamp(index, &origin, false, unix_ms);
    }

    /// Stamps a change that has been made here, and tells of it.
    fn publish(
        &mut self,
        index: u32,
        old: Option<Entry<V>>,
        origin: Rc<str>,
        touched: bool,
        revision: u64,
        unix_ms: u64,
    ) {
        self.stamp(index, &origin, touched, unix_ms);
        self.tell(index, old, origin, revision);
    }

    /// Makes the cell of what an entry is now.
    fn stamp(&mut self, index: u32, origin: &Rc<str>, touched: bool, unix_ms: u64) {
        match self.entries.get(index).map(|entry| entry.expires_ms) {
            None => {
                let tombstone = Body::tombstone(origin, touched).write().into();
                self.replica.delete(index, tombstone, unix_ms, self.monotonic_ms);
            }
            Some(expires_ms) => {
                expires_ms.into_iter().for_each(|expires_ms| self.expire_at(index, expires_ms));
                let kind = if expires_ms.is_some() { Kind::Mortal } else { Kind::Lasting };
                self.replica.write(index, kind, unix_ms);
            }
        }
    }

    /// Records a visible change and notifies whom it concerns.
    pub(super) fn tell(&mut self, index: u32, old: Option<Entry<V>>, origin: Rc<str>, revision: u64) {
        self.history.record(index, revision);
        let set = self.concerned(index);
        if set != SetId::NOBODY || self.options.mirror {
            self.notify(index, set, old.map(|old| old.value), origin, revision);
        }
    }

    pub(super) fn concerned(&mut self, index: u32) -> SetId {
        if !self.options.notify {
            return SetId::NOBODY;
        }
        self.watches.concerned(index, self.namespaces.home(index), &self.keys)
    }

    fn notify(&mut self, index: u32, set: SetId, old: Option<V>, origin: Rc<str>, revision: u64) {
        let change = self.describe(index, old, origin, revision, false);
        let members = self.watches.members(set);
        if self.watches.has_queues(set) {
            for &watch in members.iter() {
                if self.watches.push(watch, change.clone()) {
                    self.effects.push_back(Effect::Ready(watch));
                }
            }
        }
        if self.options.mirror || self.watches.has_callers(set) {
            self.effects.push_back(Effect::Notify { set, members, slot: self.keys.slot(index), change });
        }
    }

    pub(super) fn describe(
        &self,
        index: u32,
        old: Option<V>,
        origin: Rc<str>,
        revision: u64,
        initial: bool,
    ) -> Change<V> {
        let entry = self.entries.get(index);
        Change {
            key: Key::trusted(self.keys.shared(index)),
            value: entry.map(|entry| entry.value.clone()),
            old,
            revision,
            origin,
            metadata: entry.and_then(|entry| entry.metadata.clone()),
            expires_ms: entry.and_then(|entry| entry.expires_ms),
            initial,
            missed: 0,
        }
    }

    /// Arranges for an entry to expire.
    pub(super) fn expire_at(&mut self, index: u32, expires_ms: u64) {
        let entries = &self.entries;
        let wanted = |due: u64, index: &u32| entries.get(*index).is_some_and(|entry| entry.expires_ms == Some(due));
        self.expiries.set(expires_ms, index, wanted);
    }

    fn compare(&self, key: &Key, expect: Option<u64>, current: Option<&Entry<V>>) -> Result<Option<Reply>, Error> {
        let revision = current.map_or(0, |current| current.revision);
        let Some(expect) = expect.filter(|&expect| expect != revision) else { return Ok(None) };
        if self.batch.is_some() {
            let (key, revision, expect) = (shown(key.text()), revision.to_string(), expect.to_string());
            let other = [&key, " has revision ", &revision, ", not the expected ", &expect];
            return Err(Error::of(Code::Conflict, &other));
        }
        Ok(Some(Reply::Conflict { revision }))
    }

    /// Whether a key is within the limits.
    ///
    /// Errors: `limit`.
    pub fn check_key(&self, key: &Key) -> Result<(), Error> {
        let limits = &self.options.limits;
        within("keyBytes", limits.key_bytes, key.text().len() as u64)?;
        within("segments", limits.segments, key.segments().count() as u64)
    }

    /// Whether there is room for an entry of this size in place of the current one.
    fn check_room(&self, key_bytes: usize, bytes: u64, current: Option<&Entry<V>>) -> Result<(), Error> {
        let limits = &self.options.limits;
        let freed = match current {
            Some(current) => u64::from(current.bytes) + key_bytes as u64,
            None => {
                within("entries", limits.entries, self.entries.count() as u64 + 1)?;
                0
            }
        };
        // What merging has put over the limit may shrink.
        let (before, after) = (self.entries.bytes(), self.entries.bytes() + key_bytes as u64 + bytes - freed);
        within("bytes", limits.bytes.max(before), after)
    }
}

/// Refuses a time to live that is none.
pub(super) fn check_ttl(ttl_ms: Option<u64>) -> Result<(), Error> {
    let Some(ttl_ms) = ttl_ms.filter(|ttl_ms| !(1..=TTL_MS_MAX).contains(ttl_ms)) else { return Ok(()) };
    let (most, ttl_ms) = (TTL_MS_MAX.to_string(), ttl_ms.to_string());
    Err(Error::of(Code::InvalidArgument, &["a time to live is from 1 to ", &most, " ms, not ", &ttl_ms]))
}

/// Refuses what is beyond a limit.
pub(super) fn within(name: &str, max: u64, given: u64) -> Result<(), Error> {
    if given > max { Err(Error::limit(name, max, given)) } else { Ok(()) }
}

fn same_entry<V: Stored>(a: &Entry<V>, b: &Entry<V>) -> bool {
    let metadata = match (&a.metadata, &b.metadata) {
        (Some(a), Some(b)) => a.same(b),
        (None, None) => true,
        _ => false,
    };
    // Losing its time to live is a change, having it renewed is none.
    let lasting = (a.expires_ms.is_none(), b.expires_ms.is_none());
    a.value.same(&b.value) && metadata && lasting != (false, true)
}
