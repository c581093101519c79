//! Writing behind: a face with a mirror takes plain puts itself, and tells the kernel later.
//!
//! A put that only replaces a value needs nothing of the kernel that its face does not know as well: who hears of the
//! key, how many bytes are left, which revision is next. So the kernel grants a slot to the face, which then counts the
//! revisions, calls the watchers, and tells the kernel before it asks for anything else and when the turn ends: of each
//! key only the last put, in the order of these. A grant holds until a watch is opened or closed, or the key changes in
//! any other way; the face knows of all these, because it asks for them or is told. In a batch the watchers are not the
//! face's to call, and there is nothing to count: the batch does both when it is committed.

use super::Kernel;
use crate::error::{Code, Error};
use crate::replica::cells::Kind;
use crate::state::entry::Write;
use crate::state::watch::SetId;
use crate::table::Slot;
use crate::value::Stored;
use std::rc::Rc;

/// What a face needs to take puts to a slot itself.
pub struct Grant<'a, V> {
    /// Whose watchers are to be called.
    pub set: SetId,
    /// The encoded bytes of the value.
    pub bytes: u32,
    /// The value.
    pub value: &'a V,
}

/// A put that a face has taken itself.
pub struct Behind<'a, V> {
    /// The value; `None` if what is there stands for another value by now.
    pub value: Option<V>,
    /// Its encoded bytes.
    pub bytes: u32,
    /// Its revision; in a batch there is none yet.
    pub revision: u64,
    /// The agent that put it.
    pub origin: &'a Rc<str>,
    /// When, in Unix milliseconds.
    pub unix_ms: u64,
}

impl<V: Stored> Kernel<V> {
    /// Grants a slot. `None` if puts to it are still to come here: it has no entry, or one with metadata or an expiry,
    /// changes are queued, or the key is declared and each value is to be judged here.
    pub fn grant(&mut self, slot: Slot) -> Option<Grant<'_, V>> {
        let index = self.keys.resolve(slot)?;
        let set = self.concerned(index);
        let entry = self.entries.get(index)?;
        let plain = (V::OPAQUE || self.declarations.get(index).is_none())
            && entry.metadata.is_none()
            && entry.expires_ms.is_none()
            && !self.watches.has_queues(set);
        plain.then_some(Grant { set, bytes: entry.bytes, value: &entry.value })
    }

    /// Takes in the last put to a slot that was granted. Limits are the face's to keep.
    ///
    /// Errors: `invalid-argument` if the slot was not granted.
    #[inline(always)] // on the path of every put; what is inlined there is not left to chance
    pub fn catch_up(&mut self, slot: Slot, put: Behind<'_, V>) -> Result<(), Error> {
        let Behind { value, bytes, revision, origin, unix_ms } = put;
        let index = self.keys.resolve(slot).filter(|_| self.batch.is_some() || revision > self.revision);
        let index = index.ok_or_else(not_granted)?;
        if self.batch.is_some() {
            let value = value.or_else(|| Some(self.entries.get(index)?.value.clone())).ok_or_else(not_granted)?;
            let write = Write { value, bytes, revision, origin, updated_ms: unix_ms };
            self.change(index, Some(write.into()), origin.clone(), false, unix_ms);
            return Ok(());
        }
        let place = self.entries.rewrite(index, bytes, revision, origin, unix_ms).ok_or_else(not_granted)?;
        if let Some(value) = value {
            *place = value;
        }
        self.revision = revision;
        self.replica.write(index, Kind::Lasting, unix_ms);
        self.history.record(index, revision);
        Ok(())
    }
}

#[cold]
fn not_granted() -> Error {
    Error::new(Code::InvalidArgument, "a put behind that was not granted")
}
