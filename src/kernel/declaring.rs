//! Declarations: what the local writes of a key are held to.
//!
//! Every way to put a value asks [`Kernel::judged`] first; of values that only the host can look into, the host asks
//! the declaration. What others wrote is merged whether it fits or not, so that
//! sessions never drift apart over a declaration. A declaration is no write: it is told to nobody, and not rolled back.

use super::writing::within;
use super::{Effect, Kernel, Measured};
use crate::error::{Code, Error};
use crate::key::{Key, Selector, shown};
use crate::state::declaration::Declaration;
use crate::state::selection::WatchId;
use crate::value::Stored;
use std::borrow::Cow;
use std::rc::Rc;

impl<V: Stored> Kernel<V> {
    /// Declares what a key may hold. The same declaration again is no other one.
    ///
    /// Errors: `declaration-conflict` if it is declared otherwise; `limit`: as many keys may be declared as there may be
    /// entries.
    pub fn declare(&mut self, key: &Key, declaration: Declaration) -> Result<(), Error> {
        self.check_key(key)?;
        if let Some(other) = self.declaration(key.text()) {
            if **other == declaration {
                return Ok(());
            }
            return Err(Error::of(Code::DeclarationConflict, &[&shown(key.text()), " is already declared otherwise"]));
        }
        within("entries", self.options.limits.entries, self.declarations.count() as u64 + 1)?;
        self.place(key, Rc::new(declaration));
        Ok(())
    }

    /// Declares a key anew, whatever it was.
    pub(super) fn place(&mut self, key: &Key, declaration: Rc<Declaration>) {
        let index = self.intern(&key.shared());
        self.declarations.replace(index, Some(declaration));
    }

    /// Takes a declaration back; false if there was none. The entry stays.
    pub fn undeclare(&mut self, key: &str) -> bool {
        let Some(index) = self.keys.find(key) else { return false };
        let declared = self.declarations.replace(index, None).is_some();
        // What an open batch may put back needs its place, and the batch gives that back.
        let batched = self.batch.as_ref().is_some_and(|batch| batch.before.iter().any(|before| before.index == index));
        if !batched {
            self.free_if_empty(index);
        }
        declared
    }

    /// The declaration of a key.
    pub fn declaration(&self, key: &str) -> Option<&Rc<Declaration>> {
        self.declarations.get(self.keys.find(key)?)
    }

    /// The declaration of a key that must have one.
    ///
    /// Errors: `invalid-argument`.
    pub fn known(&self, key: &str) -> Result<&Rc<Declaration>, Error> {
        let missing = || Error::new(Code::InvalidArgument, shown(key) + " is not declared");
        self.declaration(key).ok_or_else(missing)
    }

    /// The selected keys that are declared, in key order, whether or not they have entries.
    pub fn declared(&self, selector: &Selector) -> Vec<Key> {
        let mut selected = self.declared_places();
        selected.retain(|&index| selector.selects(self.keys.text(index)));
        selected.into_iter().map(|index| Key::trusted(self.keys.shared(index))).collect()
    }

    /// Where the declared keys are, in their order.
    pub(super) fn declared_places(&self) -> Vec<u32> {
        let mut places = self.listing.select("**", &self.keys);
        places.retain(|&index| self.declarations.get(index).is_some());
        places
    }

    /// Tells a watch of a declared key that there is no entry, where an initial value would have told what there is.
    pub fn tell_absent(&mut self, watch: WatchId, key: &str) {
        let absent = |index: &u32| self.options.notify && self.entries.get(*index).is_none();
        let Some(index) = self.keys.find(key).filter(absent) else { return };
        let change = self.describe(index, None, self.replica.agent().clone(), 0, true);
        self.effects.push_back(Effect::Initial { watch, slot: self.keys.slot(index), change });
    }

    /// The value as the declaration of its key has it, if there is one. What is opaque the host has judged.
    ///
    /// Errors: `constraint-violation`; `limit` for what has grown by being coerced.
    pub(super) fn judged(&mut self, index: Option<u32>, value: Measured<V>) -> Result<Measured<V>, Error> {
        let Some((index, declaration)) = index.and_then(|index| Some((index, self.declarations.get(index)?))) else {
            return Ok(value);
        };
        if V::OPAQUE || obvious(declaration, &value.value) {
            return Ok(value);
        }
        let (mut given, mut old) = (Vec::new(), Vec::new());
        value.value.encode(&mut given);
        let current = self.entries.get(index).filter(|current| current.value.encode(&mut old));
        let Cow::Owned(coerced) = declaration.judge_set(current.map(|_| &*old), &given)? else { return Ok(value) };
        let bytes = coerced.len() as u64;
        within("valueBytes", self.options.limits.value_bytes, bytes)?;
        Ok(Measured { value: V::decode(&coerced, &mut self.pool), bytes })
    }
}

/// Whether a value can be stored as given without being encoded to be judged.
#[inline]
pub(super) fn obvious<V: Stored>(declaration: &Declaration, value: &V) -> bool {
    value.look().is_some_and(|value| declaration.obviously_fits(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::write_value;
    use crate::kernel::{Command, Options};
    use crate::value::Value;

    /// A value that only the host could look into.
    #[derive(Clone)]
    struct Opaque;

    impl Stored for Opaque {
        type Pool = ();

        const OPAQUE: bool = true;

        fn same(&self, _: &Self) -> bool {
            false
        }

        fn encode(&self, _: &mut Vec<u8>) -> bool {
            false
        }

        fn decode(_: &[u8], (): &mut ()) -> Self {
            Self
        }
    }

    fn declared() -> (Kernel<Opaque>, Key) {
        let mut kernel = Kernel::new(Options::default(), ()).unwrap();
        let key = Key::parse("k").unwrap();
        let mut bytes = Vec::new();
        write_value(&Value::from([("type", "any".into())]), &mut bytes);
        kernel.declare(&key, Declaration::read(&bytes).unwrap()).unwrap();
        (kernel, key)
    }

    fn put(key: &Key) -> Command<Opaque> {
        let value = Measured { value: Opaque, bytes: 1 };
        let (metadata, expect, ttl_ms) = (None, None, None);
        Command::Put { key: key.clone(), value, metadata, origin: "a".into(), expect, ttl_ms, touch: false }
    }

    #[test]
    fn what_the_host_judges_is_put_and_granted() {
        let (mut kernel, key) = declared();
        let slot = kernel.slot("k").unwrap();
        assert!(kernel.grant(slot).is_none(), "there is no entry");
        kernel.apply(put(&key), 1).unwrap();
        kernel.put_slot(slot, Opaque, 1, &"a".into(), 1).unwrap();
        assert!(kernel.grant(slot).is_some());
    }

    #[test]
    fn a_declared_slot_whose_values_are_judged_here_is_not_granted() {
        let mut kernel = Kernel::<Value>::new(Options::default(), ()).unwrap();
        let key = Key::parse("k").unwrap();
        let value = Measured { value: Value::Null, bytes: 1 };
        let (metadata, expect, ttl_ms) = (None, None, None);
        let command =
            Command::Put { key: key.clone(), value, metadata, origin: "a".into(), expect, ttl_ms, touch: false };
        kernel.apply(command, 1).unwrap();
        let slot = kernel.slot("k").unwrap();
        assert!(kernel.grant(slot).is_some());
        kernel.declare(&key, declared().0.declaration("k").unwrap().as_ref().clone()).unwrap();
        assert!(kernel.grant(slot).is_none());
    }
}
