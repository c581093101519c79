//! A variable: a key with a declaration.

use super::core::Core;
use super::options::{PutOptions, WatchOptions};
use super::watch::Told;
use super::{Change, Hall, IntoKey, IntoSelector, Watch, Written};
use crate::codec::parse_value;
use crate::error::Error;
use crate::key::Key;
use crate::state::declaration::{Declaration, merged};
use crate::value::{Stored, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// A key of a hall that is declared: what it may hold, and what it shows until somebody sets it. Made by
/// [`Hall::variable`].
///
/// Shape:  every local write of the key is judged and coerced, however it is made: [`Hall::put`] as well. What another
///         session wrote is there whether it fits or not; a variable shows it if it fits, else the default, and says so
///         by [`Variable::violation`]. [`Hall::get`] and [`Hall::watch`] show what is there.
///
/// ```
/// use statehall::{Code, Hall, Options};
/// let hall = Hall::open(Options::default())?;
/// let temperature = hall.variable(
///     "temperature",
///     [("type", "float".into()), ("value", 0.7.into()), ("min", 0.into()), ("max", 2.into())],
/// )?;
/// assert_eq!((temperature.get()?, hall.get("temperature")?), (Some(0.7.into()), None));
/// temperature.set(1.0)?;
/// assert_eq!(hall.get("temperature")?, Some(1.into()), "whole numbers have one form, whatever the language");
/// assert_eq!(hall.put("temperature", 3).unwrap_err().code, Code::ConstraintViolation);
/// # Ok::<(), statehall::Error>(())
/// ```
#[derive(Clone)]
pub struct Variable {
    hall: Hall,
    key: Key,
    declaration: Rc<Declaration>,
}

impl Hall {
    /// Declares what a key may hold.
    ///
    /// Shape:  the declaration is a map: `type`, `value` (the default), constraints, `description`, `metadata`. It is of
    ///         this session and no write: nobody is told, and an entry that is there stays. The same again is the same
    ///         variable.
    /// Errors: `invalid-declaration`; `declaration-conflict` if the key is declared otherwise, and nothing has changed;
    ///         `invalid-key`, `limit`, `closed`.
    pub fn variable(&self, key: impl IntoKey, declaration: impl Into<Value>) -> Result<Variable, Error> {
        let core = self.core()?;
        let key = key.into_key()?;
        let declaration: Value = declaration.into();
        let depth_max = core.with(|kernel| kernel.limits().value_depth) as usize;
        let declaration = Declaration::read(&declaration.encoded(depth_max)?)?;
        core.with(|kernel| kernel.declare(&key, declaration))?;
        self.declared(key)
    }

    /// The declared keys that are selected, in key order, whether or not they are set.
    ///
    /// Errors: as [`Hall::keys`].
    pub fn variables(&self, selector: impl IntoSelector) -> Result<Vec<Variable>, Error> {
        let selector = selector.into_selector()?;
        let keys = self.core()?.with(|kernel| {
            kernel.check_selector(&selector)?;
            Ok(kernel.declared(&selector))
        })?;
        keys.into_iter().map(|key| self.declared(key)).collect()
    }

    /// Takes the declaration of a key back; false if there was none. An entry stays, and is not judged any more.
    ///
    /// Errors: `invalid-key`, `closed`.
    pub fn undeclare(&self, key: impl IntoKey) -> Result<bool, Error> {
        let key = key.into_key()?;
        Ok(self.core()?.with(|kernel| kernel.undeclare(key.text())))
    }

    /// Sets each variable that takes its value, and returns the others with the reason. [`Hall::batch`] sets all or none.
    ///
    /// Errors: `closed`. The reasons are errors of [`Variable::set`], and `invalid-argument` for what is not declared.
    pub fn set_many<K: IntoKey, V: Into<Value>>(
        &self,
        values: impl IntoIterator<Item = (K, V)>,
    ) -> Result<BTreeMap<String, Error>, Error> {
        self.core()?;
        let mut refused = BTreeMap::new();
        for (key, value) in values {
            let named = key.text().map(str::to_owned);
            let key = key.into_key();
            let name = key.as_ref().ok().map(|key| key.text().to_owned()).or(named).unwrap_or_default();
            let set = key.and_then(|key| self.declared(key)?.set(value));
            if let Err(reason) = set {
                refused.insert(name, reason);
            }
        }
        Ok(refused)
    }

    fn declared(&self, key: Key) -> Result<Variable, Error> {
        let declaration = self.core()?.with(|kernel| kernel.known(key.text()).cloned())?;
        Ok(Variable { hall: self.clone(), key, declaration })
    }
}

impl Variable {
    /// The key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What is declared.
    pub fn declaration(&self) -> &Declaration {
        &self.declaration
    }

    /// The value if it is set and fits, else the default, if there is one.
    ///
    /// Errors: `closed`.
    pub fn get(&self) -> Result<Option<Value>, Error> {
        let entry = self.hall.get(&self.key)?;
        Ok(show(&self.declaration, entry.as_ref()).0)
    }

    /// As [`Variable::get`], or `fallback` where that has nothing to show.
    ///
    /// Errors: `closed`.
    pub fn get_or(&self, fallback: impl Into<Value>) -> Result<Value, Error> {
        Ok(self.get()?.unwrap_or_else(|| fallback.into()))
    }

    /// Whether somebody has set it, to whatever.
    ///
    /// Errors: `closed`.
    pub fn is_set(&self) -> Result<bool, Error> {
        self.hall.has(&self.key)
    }

    /// Why what is there is not shown: another session wrote it, or it was there before it was declared.
    ///
    /// Errors: `closed`.
    pub fn violation(&self) -> Result<Option<Error>, Error> {
        let entry = self.hall.get(&self.key)?;
        Ok(show(&self.declaration, entry.as_ref()).1)
    }

    /// What is known about it besides its value: the declared metadata, and over them those that were set.
    ///
    /// Errors: `closed`.
    pub fn metadata(&self) -> Result<BTreeMap<String, Value>, Error> {
        let set = self.hall.entry(&self.key)?.and_then(|entry| entry.metadata);
        Ok(self.declaration.metadata_under(set))
    }

    /// Sets it. Metadata stay.
    ///
    /// Shape:  as [`Hall::put`]: an equal value changes nothing, and no revision.
    /// Errors: `constraint-violation`, and nothing has changed; `limit`, `closed`.
    pub fn set(&self, value: impl Into<Value>) -> Result<Written, Error> {
        let (core, value) = (self.hall.core()?, value.into());
        match core.idle_bare_slot(self.key.text()) {
            Some(slot) => self.hall.put_slot(slot, value, core.unix_ms()),
            None => self.set_with(value, PutOptions::default()),
        }
    }

    /// Sets it, on a condition, with a time to live, or with metadata, which join those that are there.
    ///
    /// Errors: as [`Variable::set`] and [`Hall::put_with`].
    pub fn set_with(&self, value: impl Into<Value>, options: PutOptions) -> Result<Written, Error> {
        let options = self.joined(options)?;
        self.hall.put_with(&self.key, value, options)
    }

    /// Sets it to what `change` makes of what it shows, which is null if there is nothing, and returns what it shows then.
    ///
    /// Errors: as [`Variable::set`] and [`Hall::update`].
    pub fn update(&self, change: impl FnOnce(Value) -> Value) -> Result<Option<Value>, Error> {
        let options = self.joined(PutOptions::default())?;
        let change = |_: Value, entry: Option<&Value>| change(show(&self.declaration, entry).0.unwrap_or_default());
        self.hall.replace(self.key.clone(), Value::Null, options, change)?;
        self.get()
    }

    /// Deletes what was set, so that it shows its default again. Constraints on changes say nothing of that.
    ///
    /// Errors: as [`Hall::delete`].
    pub fn reset(&self) -> Result<Written, Error> {
        self.hall.delete(&self.key)
    }

    /// Calls `watcher` with each change, its values as the variable shows them, and with the violation, if there is one.
    ///
    /// Shape:  as [`Hall::watch`]. A filter is given the same change. With `initial` there is always one call first: with
    ///         the default, of revision 0, if it is not set.
    /// Errors: as [`Hall::watch`].
    pub fn watch(
        &self,
        options: WatchOptions,
        mut watcher: impl FnMut(&Change, Option<&Error>) + 'static,
    ) -> Result<Watch, Error> {
        let (initial, declared) = (options.initial, self.declaration.clone());
        let filter = options.filter.map(|mut filter| {
            let declared = declared.clone();
            Box::new(move |change: &Change| filter(&shown_change(&declared, change).0)) as super::Filter
        });
        let call = move |change: &Change| {
            let (change, violation) = shown_change(&declared, change);
            watcher(&change, violation.as_ref());
        };
        let told = Told::Caller(RefCell::new(Box::new(call)));
        let (core, id) = self.hall.open_watch(&self.key, WatchOptions { filter, ..options }, told)?;
        if initial {
            core.with(|kernel| kernel.tell_absent(id, self.key.text()));
        }
        core.dispatch();
        Ok(Watch::new(core, id))
    }

    /// The options of a put that keeps the metadata that are there.
    fn joined(&self, options: PutOptions) -> Result<PutOptions, Error> {
        if options.metadata.as_ref().is_some_and(|given| given.as_map().is_none()) {
            return Ok(options);
        }
        let known = |core: &Core| core.with(|kernel| kernel.entry(self.key.text())?.metadata.clone());
        let metadata = match (known(self.hall.core()?), options.metadata) {
            (Some(known), Some(given)) => Some(Value::from(merged(Some(known), Some(given)))),
            (known, given) => given.or(known),
        };
        Ok(PutOptions { metadata, ..options })
    }
}

impl fmt::Debug for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variable").field("key", &self.key.text()).finish_non_exhaustive()
    }
}

/// What a variable shows of an entry, and why it does not show what is there.
fn show(declaration: &Declaration, entry: Option<&Value>) -> (Option<Value>, Option<Error>) {
    let there = entry.map(|value| {
        let mut bytes = Vec::new();
        value.encode(&mut bytes);
        bytes
    });
    let (shown, violation) = declaration.shown(there.as_deref());
    let default = || shown.and_then(|bytes| parse_value(bytes).ok());
    let value = entry.filter(|_| violation.is_none()).cloned();
    (value.or_else(default), violation)
}

/// A change as its variable shows it.
fn shown_change(declaration: &Declaration, change: &Change) -> (Change, Option<Error>) {
    let (value, violation) = show(declaration, change.value.as_ref());
    let old = if change.initial { None } else { show(declaration, change.old.as_ref()).0 };
    (Change { value, old, ..change.clone() }, violation)
}
