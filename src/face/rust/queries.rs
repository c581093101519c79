//! What asks and changes nothing. Reads borrow the table: no copy but of what is answered.

use super::{Entry, Hall, IntoKey, IntoSelector};
use crate::error::Error;
use crate::kernel::{Limits, Usage};
use crate::key::{Key, Selector};
use crate::value::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The net changes after a revision, or that they are no longer known.
#[derive(Clone, Debug, PartialEq)]
pub enum Since {
    /// Each key that changed, once, in the order of the last changes.
    Changes {
        /// The revision of the last commit: the cursor for the next question.
        revision: u64,
        /// What changed.
        changes: Vec<Item>,
    },
    /// The hall has forgotten some deletes since then: read everything anew.
    Compacted {
        /// The revision of the last commit.
        revision: u64,
    },
}

/// One key that has changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The key.
    pub key: Key,
    /// The value now; `None` if the entry is gone.
    pub value: Option<Value>,
    /// The commit that last changed it.
    pub revision: u64,
}

/// One open watch, as [`Hall::watches`] lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchInfo {
    /// What it selects.
    pub selector: Selector,
    /// Whom it belongs to.
    pub owner: Option<Rc<str>>,
    /// Changes passed to the watcher or taken by the reader so far.
    pub delivered: u64,
    /// Changes that wait, for the reader or to be told.
    pub queued: u64,
    /// Changes dropped because more waited than the capacity allows.
    pub missed: u64,
    /// What its watcher or filter failed with last.
    pub last_error: Option<Error>,
}

impl Hall {
    /// The value of a key; `None` if it is absent. A copy shares its contents.
    ///
    /// Errors: `invalid-key`, `closed`.
    pub fn get(&self, key: impl IntoKey) -> Result<Option<Value>, Error> {
        self.entry_as(key, |entry| entry.value.clone())
    }

    /// The value of a key, or `fallback` if it is absent. A stored null is not absent.
    ///
    /// Errors: `invalid-key`, `closed`.
    pub fn get_or(&self, key: impl IntoKey, fallback: impl Into<Value>) -> Result<Value, Error> {
        Ok(self.get(key)?.unwrap_or_else(|| fallback.into()))
    }

    /// Whether a key has a value.
    ///
    /// Errors: `invalid-key`, `closed`.
    pub fn has(&self, key: impl IntoKey) -> Result<bool, Error> {
        self.entry_as(key, |_| ()).map(|found| found.is_some())
    }

    /// Everything known about the entry of a key.
    ///
    /// Errors: `invalid-key`, `closed`.
    pub fn entry(&self, key: impl IntoKey) -> Result<Option<Entry>, Error> {
        self.entry_as(key, Entry::clone)
    }

    /// The selected keys that exist, in the order of their text's bytes. `"**"` selects all.
    ///
    /// Errors: `invalid-selector`, `invalid-key`, `limit`, `closed`.
    pub fn keys(&self, selector: impl IntoSelector) -> Result<Vec<Key>, Error> {
        self.list(selector, |key, _| key)
    }

    /// The selected keys that exist with their values, at one moment.
    ///
    /// Errors: as [`Hall::keys`].
    pub fn to_map(&self, selector: impl IntoSelector) -> Result<BTreeMap<Key, Value>, Error> {
        Ok(self.list(selector, |key, entry| (key, entry.value.clone()))?.into_iter().collect())
    }

    /// What has changed after a revision.
    ///
    /// Shape:  each changed key once, with what it holds now. Costs what has changed since.
    /// Errors: as [`Hall::keys`].
    /// Source: etcd's watch from a revision. Differs: net changes, and local to the session.
    pub fn changes(&self, revision: u64, selector: impl IntoSelector) -> Result<Since, Error> {
        let core = self.core()?;
        let selector = selector.into_selector()?;
        core.with(|kernel| {
            kernel.check_selector(&selector)?;
            let changed = kernel.changes(revision, Some(&selector));
            let revision = kernel.revision();
            let Some(changed) = changed else { return Ok(Since::Compacted { revision }) };
            let value = |key: &Key| kernel.entry(key.text()).map(|entry| entry.value.clone());
            let items = changed.into_iter().map(|item| Item {
                value: value(&item.key),
                key: item.key,
                revision: item.revision,
            });
            Ok(Since::Changes { revision, changes: items.collect() })
        })
    }

    /// The revision of the last commit.
    ///
    /// Errors: `closed`.
    pub fn revision(&self) -> Result<u64, Error> {
        Ok(self.core()?.with(|kernel| kernel.revision()))
    }

    /// The open watches, in the order in which they were opened.
    ///
    /// Errors: `closed`.
    pub fn watches(&self) -> Result<Vec<WatchInfo>, Error> {
        let core = self.core()?;
        let watchers = core.watchers.borrow();
        let list = watchers.values().map(|watcher| {
            let (queued, missed) = core.waits(watcher);
            WatchInfo {
                selector: watcher.selector.clone(),
                owner: watcher.owner.clone(),
                delivered: watcher.delivered.get(),
                queued,
                missed,
                last_error: watcher.last_error.borrow().clone(),
            }
        });
        Ok(list.collect())
    }

    /// What the hall uses now; the maxima are in [`Hall::limits`].
    ///
    /// Errors: `closed`.
    pub fn usage(&self) -> Result<Usage, Error> {
        let core = self.core()?;
        let usage = core.with(|kernel| kernel.usage());
        Ok(Usage { queued: usage.queued + core.kept(), ..usage })
    }

    /// The limits of the hall.
    ///
    /// Errors: `closed`.
    pub fn limits(&self) -> Result<Limits, Error> {
        Ok(self.core()?.with(|kernel| kernel.limits().clone()))
    }

    fn entry_as<T>(&self, key: impl IntoKey, answer: impl FnOnce(&Entry) -> T) -> Result<Option<T>, Error> {
        let core = self.core()?;
        let find = |text: &str| core.with(|kernel| kernel.entry(text).map(answer));
        let Some(text) = key.text() else { return key.into_key().map(|key| find(key.text())) };
        let found = find(text);
        if found.is_none() {
            // Only what is there is known to be a key.
            key.into_key()?;
        }
        Ok(found)
    }

    /// Answers for each selected entry, in key order.
    pub(super) fn list<T>(
        &self,
        selector: impl IntoSelector,
        answer: impl Fn(Key, &Entry) -> T,
    ) -> Result<Vec<T>, Error> {
        let core = self.core()?;
        let selector = selector.into_selector()?;
        core.with(|kernel| {
            kernel.check_selector(&selector)?;
            let answers = kernel.slots(Some(&selector)).into_iter().filter_map(|slot| {
                let (text, entry) = (kernel.key(slot)?, kernel.entry_at(slot)?);
                Some(answer(Key::trusted(text), entry))
            });
            Ok(answers.collect())
        })
    }
}
