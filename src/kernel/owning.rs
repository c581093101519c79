//! Owners: who they are, and that their keys go with them.
//!
//! An owner is of this session: nobody else is told of it, and no snapshot has it. What its end means for watches and
//! leases is the face's to carry out, because it keeps them: it does so, and then calls [`Kernel::end_owner`], when
//! somebody says that the owner ends, and for each [`Effect::OwnerExpired`](super::Effect::OwnerExpired).

use super::command::{Command, Reply};
use super::writing::{check_ttl, within};
use super::{Kernel, check_name};
use crate::error::{Code, Error};
use crate::key::shown;
use crate::state::owners::Owner;
use crate::table::spread;
use crate::value::Stored;
use std::rc::Rc;

impl<V: Stored> Kernel<V> {
    /// Opens an owner, or finds the one that is open under this name; its time begins anew. A time to live that is given
    /// replaces the one that it had. Answers which opening it is, which no other has.
    ///
    /// Errors: `invalid-argument` for a name or a time to live out of range; `limit`.
    pub fn open_owner(&mut self, name: &Rc<str>, ttl_ms: Option<u64>, unix_ms: u64) -> Result<u64, Error> {
        check_ttl(ttl_ms)?;
        self.check_owner(name)?;
        Ok(self.owners.open(name, ttl_ms, unix_ms))
    }

    /// Uses an owner: its time begins anew. A name that was never opened has none.
    ///
    /// Errors: `closed` if it was opened, and has ended or expired.
    pub fn use_owner(&mut self, name: &str, unix_ms: u64) -> Result<(), Error> {
        if self.owners.get(name).is_some_and(|owner| owner.number > 0 && owner.ended) {
            let detail = format!("the owner {} has ended; it may be opened again", shown(name));
            return Err(Error::new(Code::Closed, detail));
        }
        self.owners.slide(name, unix_ms);
        Ok(())
    }

    /// Uses an owner for which a key is to be put.
    ///
    /// Errors: as [`Kernel::open_owner`] and [`Kernel::use_owner`].
    pub fn use_to_put(&mut self, name: &str, unix_ms: u64) -> Result<(), Error> {
        self.use_owner(name, unix_ms)?;
        self.check_owner(name)
    }

    /// Carries out a put for an owner: the entry is deleted when that ends, unless it has been changed by then.
    ///
    /// Errors: as [`Kernel::apply`], [`Kernel::open_owner`] and [`Kernel::use_owner`].
    pub fn put_for(&mut self, owner: &Rc<str>, put: Command<V>, unix_ms: u64) -> Result<Reply, Error> {
        self.use_to_put(owner, unix_ms)?;
        let key = if let Command::Put { key, .. } = &put { Some(key.clone()) } else { None };
        let reply = self.apply(put, unix_ms)?;
        if let (Some(key), Reply::Written { .. }) = (key, reply) {
            self.own(key.text(), owner, unix_ms);
        }
        Ok(reply)
    }

    /// Makes the entry of a key that of an owner that was used to put it. In a batch that is done with the batch, or not
    /// at all.
    pub fn own(&mut self, key: &str, owner: &Rc<str>, unix_ms: u64) {
        let Some(index) = self.keys.find(key) else { return };
        let Some(entry) = self.entries.get(index) else { return };
        let place = self.owners.place(owner);
        if self.batch.is_none() {
            self.owners.own(place, index, entry.revision);
            return;
        }
        // The batch knows what it has changed, so it is changed: to what it is.
        let (entry, origin) = (entry.clone(), entry.origin.clone());
        self.change(index, Some(entry), origin, false, unix_ms);
        if let Some(batch) = &mut self.batch {
            let before = &mut batch.before;
            let found = batch.places.find(spread(index.into()), |place| before[place as usize].index == index);
            found.into_iter().for_each(|found| before[found as usize].owner = Some(place));
        }
    }

    /// Ends an owner, so that everything is refused that is asked in its name, and deletes its keys, in one commit; each
    /// delete bears the name of the agent that has written the entry. In a batch that waits until
    /// [`Kernel::advance`] finds that the owner has expired.
    pub fn end_owner(&mut self, name: &str, unix_ms: u64) {
        if self.batch.is_some() {
            self.owners.expire(name, unix_ms);
            return;
        }
        let mut owned = self.owners.end(name, self.options.limits.owners as usize);
        owned.retain(|&index| {
            let revision = self.owners.release(index);
            self.entries.get(index).is_some_and(|entry| entry.revision == revision)
        });
        // No batch has begun, so this one can.
        let _ = self.delete_all(&owned, None, unix_ms);
    }

    /// Ends all owners: the session ends.
    pub fn end_owners(&mut self, unix_ms: u64) {
        for place in 0..self.owners.places() {
            let name = self.owners.name(place);
            self.end_owner(&name, unix_ms);
        }
    }

    /// How an owner stands; nothing if the name was never opened and has no keys, or is forgotten.
    pub fn owner(&self, name: &str) -> Option<&Owner> {
        self.owners.get(name)
    }

    /// Whether there can be an owner of this name.
    fn check_owner(&self, name: &str) -> Result<(), Error> {
        check_name("an owner's name", name)?;
        let new = self.owners.get(name).is_none_or(|owner| owner.ended);
        within("owners", self.options.limits.owners, self.owners.count() as u64 + u64::from(new))
    }
}
