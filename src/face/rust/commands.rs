//! What changes the entries.

use super::core::{Core, callback_failed};
use super::options::{DeleteOptions, PutOptions};
use super::{Hall, IntoKey, IntoSelector};
use crate::error::{Code, Error};
use crate::kernel::{Command, Measured, Reply, at_position};
use crate::key::Key;
use crate::state::watch::SetId;
use crate::table::Slot;
use crate::value::{Stored, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

/// What a write did. A lost `expect` is an outcome, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The revision of the entry now; 0 if it is absent.
    pub revision: u64,
    /// False if the write changed nothing.
    pub changed: bool,
    /// True if `expect` did not hold; nothing was written.
    pub conflict: bool,
}

impl Hall {
    /// Writes a value. Metadata and time to live of the old value go with it.
    ///
    /// Shape:  a value equal to the one that is there changes nothing and notifies nobody.
    ///         Integers and floats are never equal; floats compare as JavaScript's SameValueZero.
    /// Errors: `invalid-key`, `limit`, `closed`.
    pub fn put(&self, key: impl IntoKey, value: impl Into<Value>) -> Result<Written, Error> {
        self.put_with(key, value, PutOptions::default())
    }

    /// Writes a value, on a condition, with metadata or with a time to live.
    ///
    /// Shape:  as [`Hall::put`]; `touch` counts as a change even if the value is equal. An equal
    ///         value with a time to live lives on until then, which nobody is told. A lost `expect` is the outcome `conflict`, but inside a batch an error.
    /// Units:  the time to live starts now; the entry goes at the first [`Hall::advance`] after
    ///         it, and the other sessions' entries go by their own clocks.
    /// Errors: as [`Hall::put`]; `invalid-value` for metadata that are not a map;
    ///         `invalid-argument` for a time to live of 0 or above a thousand years, or an owner's
    ///         name of a wrong length; `closed` for an owner that has ended; `conflict` inside a batch.
    pub fn put_with(&self, key: impl IntoKey, value: impl Into<Value>, options: PutOptions) -> Result<Written, Error> {
        let value = value.into();
        let core = self.core()?;
        let unix_ms = core.unix_ms();
        match key.text().filter(|_| options.is_plain()).and_then(|text| core.idle_slot(text)) {
            Some(slot) => self.put_slot(slot, value, unix_ms),
            None => self.put_key(key.into_key(), value, options, unix_ms),
        }
    }

    /// A put without options to a key that the hall has, when nothing else goes on: the same as
    /// any put, for less.
    pub(super) fn put_slot(&self, slot: Slot, value: Value, unix_ms: u64) -> Result<Written, Error> {
        let core = self.core()?;
        let origin = self.origin();
        let (hot, old) = core.with(|kernel| {
            let Measured { value, bytes } = measured(value, kernel.limits().value_depth as usize)?;
            kernel.replace_slot(slot, value, bytes, origin, unix_ms)
        })?;
        if hot.set != SetId::NOBODY
            && let Some(change) = &core.with(|kernel| kernel.replaced(slot, old))
        {
            core.tell_first(hot.set, change);
        }
        core.dispatch();
        Ok(Written { revision: hot.revision, changed: hot.changed, conflict: false })
    }

    fn put_key(
        &self,
        key: Result<Key, Error>,
        value: Value,
        options: PutOptions,
        unix_ms: u64,
    ) -> Result<Written, Error> {
        self.command("put", key, |core, key| core.put(self.origin().clone(), key, value, options, unix_ms))
    }

    /// Deletes an entry. If there is none, nothing changes and nobody is notified.
    ///
    /// Errors: `invalid-key`, `limit`, `closed`.
    pub fn delete(&self, key: impl IntoKey) -> Result<Written, Error> {
        self.delete_with(key, DeleteOptions::default())
    }

    /// Deletes an entry, on a condition, or notifies of it in any case.
    ///
    /// Errors: as [`Hall::delete`]; `conflict` inside a batch.
    pub fn delete_with(&self, key: impl IntoKey, options: DeleteOptions) -> Result<Written, Error> {
        self.command("delete", key.into_key(), |core, key| {
            let DeleteOptions { expect, touch } = options;
            let command = Command::Delete { key: key.clone(), origin: self.origin().clone(), expect, touch };
            core.apply(command, core.unix_ms()).map(written)
        })
    }

    /// Puts `change(current)`, or `change(initial)` if the key is absent, and returns it.
    ///
    /// Shape:  atomic within the session; written as by [`Hall::put`]. The change of an absent key
    ///         reports no old value. `change` may use the hall, except to write this key. It is called once: nothing but
    ///         `change` itself can come between, so there is no trying again, and nobody starves.
    /// Errors: `conflict` if `change` wrote this key; `callback-failed` if it panicked, where
    ///         panics unwind; else as [`Hall::put`]. Nothing of this key has then changed.
    pub fn update(
        &self,
        key: impl IntoKey,
        initial: impl Into<Value>,
        change: impl FnOnce(Value) -> Value,
    ) -> Result<Value, Error> {
        self.replace(key, initial.into(), PutOptions::default(), |current, _| change(current))
    }

    /// [`Hall::update`] with the options of the put; `change` is given what is there as well. Returns what is there then.
    pub(super) fn replace(
        &self,
        key: impl IntoKey,
        initial: Value,
        options: PutOptions,
        change: impl FnOnce(Value, Option<&Value>) -> Value,
    ) -> Result<Value, Error> {
        self.command("update", key.into_key(), |core, key| {
            let read =
                || core.with(|kernel| kernel.entry(key.text()).map(|entry| (entry.value.clone(), entry.revision)));
            let before = read();
            let current = before.as_ref().map_or(initial, |(value, _)| value.clone());
            let failed = |payload| callback_failed("the function of an update", payload);
            let value = catch_unwind(AssertUnwindSafe(|| change(current, before.as_ref().map(|(value, _)| value))))
                .map_err(failed)?;
            // The function may have closed this handle, or written this key.
            self.core()?;
            let same = match (&before, &read()) {
                (Some((a, before)), Some((b, now))) => before == now && a.same(b),
                (None, None) => true,
                _ => false,
            };
            if !same {
                let detail = format!("the function of an update of {:?} has itself changed it", key.text());
                return Err(Error::new(Code::Conflict, detail));
            }
            let unix_ms = core.unix_ms();
            core.put(self.origin().clone(), key, value.clone(), options, unix_ms)?;
            // A declaration may have coerced it.
            Ok(read().map_or(value, |(stored, _)| stored))
        })
    }

    /// Deletes what is selected, in one commit, and returns how many entries that were.
    ///
    /// Errors: `invalid-selector`, `invalid-key`, `limit`, `closed`.
    pub fn clear(&self, selector: impl IntoSelector) -> Result<u64, Error> {
        let selector = selector.into_selector();
        self.named("clear", None, |core| {
            let command = Command::Clear { selector: Some(selector?), origin: self.origin().clone() };
            match core.apply(command, core.unix_ms())? {
                Reply::Cleared(count) => Ok(count),
                Reply::Written { .. } | Reply::Conflict { .. } => Ok(0),
            }
        })
    }

    /// Carries out a command about a key.
    fn command<T>(
        &self,
        verb: &str,
        key: Result<Key, Error>,
        work: impl FnOnce(&Core, &Key) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let named = key.as_ref().ok().cloned();
        self.named(verb, named.as_ref().map(Key::text), |core| work(core, &key?))
    }

    /// Carries out a command and tells what it did; inside a batch an error says which it was.
    fn named<T>(
        &self,
        verb: &str,
        key: Option<&str>,
        work: impl FnOnce(&Core) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let core = self.core()?;
        let position = core.count_command();
        let result = work(core);
        core.dispatch();
        result.map_err(|error| match position {
            None => error,
            Some(position) => at_position(error, position, verb, key),
        })
    }
}

impl Core {
    /// The position of a command in the open batch, from 1.
    fn count_command(&self) -> Option<usize> {
        let mut progress = self.batch.get()?;
        progress.commands += 1;
        self.batch.set(Some(progress));
        Some(progress.commands)
    }

    fn apply(&self, command: Command<Value>, unix_ms: u64) -> Result<Reply, Error> {
        self.with(|kernel| kernel.apply(command, unix_ms))
    }

    fn put(
        &self,
        origin: Rc<str>,
        key: &Key,
        value: Value,
        options: PutOptions,
        unix_ms: u64,
    ) -> Result<Written, Error> {
        let PutOptions { expect, metadata, ttl_ms, touch, owner } = options;
        if metadata.as_ref().is_some_and(|metadata| metadata.as_map().is_none()) {
            return Err(Error::new(Code::InvalidValue, "metadata are a map, with a name for each fact"));
        }
        let depth_max = self.with(|kernel| kernel.limits().value_depth) as usize;
        let value = measured(value, depth_max)?;
        let metadata = metadata.map(|metadata| measured(metadata, depth_max)).transpose()?;
        let command = Command::Put { key: key.clone(), value, metadata, origin, expect, ttl_ms, touch };
        let reply = match owner {
            Some(owner) => self.with(|kernel| kernel.put_for(&owner, command, unix_ms)),
            None => self.apply(command, unix_ms),
        };
        reply.map(written)
    }
}

fn measured(value: Value, depth_max: usize) -> Result<Measured<Value>, Error> {
    let bytes = value.encoded_bytes(depth_max)?;
    Ok(Measured { value, bytes })
}

fn written(reply: Reply) -> Written {
    match reply {
        Reply::Written { revision, changed } => Written { revision, changed, conflict: false },
        Reply::Conflict { revision } => Written { revision, changed: false, conflict: true },
        Reply::Cleared(count) => Written { revision: 0, changed: count > 0, conflict: false },
    }
}
