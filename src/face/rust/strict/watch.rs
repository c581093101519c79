//! Watches of contexts: who is told of a new version, and the guard that ends them.
//!
//! A watch keeps no queue: it knows the last version that it has told, and when its turn comes it tells the one that
//! there is then. So whoever is slow hears less, and never anything old.

use super::super::core::Core;
use super::context::Context;
use crate::error::Error;
use crate::value::Value;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::rc::Rc;

/// A new version of a context.
#[derive(Clone, Debug, PartialEq)]
pub struct ContextChange {
    /// The name.
    pub id: Rc<str>,
    /// The version: larger than any that the same watch has told before.
    pub version: u64,
    /// The document now; `None` if it is deleted.
    pub value: Option<Value>,
    /// True for what was there when the watch began.
    pub initial: bool,
}

/// How a context is watched.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContextWatchOptions {
    /// First tell what is there now, if anything is.
    pub initial: bool,
}

type Call = Box<dyn FnMut(&ContextChange)>;

/// One open watch.
struct Watcher {
    key: Rc<str>,
    /// The last version that was told, or was there when the watch began.
    told: Cell<u64>,
    /// Whether there was a document then.
    present: Cell<bool>,
    /// Whether what was there at the beginning is yet to be told.
    initial: Cell<bool>,
    call: RefCell<Call>,
}

/// All open watches of a hall's contexts, and those whose turn will come.
#[derive(Default)]
pub(super) struct Watchers {
    open: RefCell<BTreeMap<u64, Rc<Watcher>>>,
    due: RefCell<VecDeque<u64>>,
    opened: Cell<u64>,
}

impl Watchers {
    /// The document of a name is another one.
    pub(super) fn changed(&self, key: &str) {
        let open = self.open.borrow();
        let mut due = self.due.borrow_mut();
        for (&id, _) in open.iter().filter(|(_, watcher)| *watcher.key == *key) {
            if !due.contains(&id) {
                due.push_back(id);
            }
        }
    }

    fn open(&self, watcher: Watcher) -> u64 {
        let id = self.opened.get() + 1;
        self.opened.set(id);
        if watcher.initial.get() {
            self.due.borrow_mut().push_back(id);
        }
        self.open.borrow_mut().insert(id, Rc::new(watcher));
        id
    }

    /// What a watcher held is let go when nothing is borrowed.
    fn close(&self, id: u64) {
        let watcher = self.open.borrow_mut().remove(&id);
        drop(watcher);
    }

    fn close_all(&self) {
        let open = std::mem::take(&mut *self.open.borrow_mut());
        drop(open);
    }

    fn next_due(&self) -> Option<Rc<Watcher>> {
        loop {
            let id = self.due.borrow_mut().pop_front()?;
            if let Some(watcher) = self.open.borrow().get(&id) {
                return Some(watcher.clone());
            }
        }
    }
}

impl Core {
    /// Tells one watch of a context what there is now; false if none is due.
    pub(in crate::face::rust) fn tell_document(&self) -> bool {
        let Some(authority) = &self.authority else { return false };
        let Some(watcher) = authority.watchers.next_due() else { return false };
        let standing = authority.standing(&watcher.key);
        // One that is forgotten was deleted after the version that was told.
        let gone = || (watcher.told.get() + u64::from(watcher.present.get()), None);
        let (version, value) = standing.unwrap_or_else(gone);
        let initial = watcher.initial.replace(false) && value.is_some();
        if !initial && version <= watcher.told.get() {
            return true;
        }
        watcher.told.set(version);
        watcher.present.set(value.is_some());
        let change = ContextChange { id: watcher.key.clone(), version, value, initial };
        self.isolate("a watcher", || (watcher.call.borrow_mut())(&change));
        true
    }

    /// Ends all watches of contexts: the session is over.
    pub(in crate::face::rust) fn end_document_watches(&self) {
        self.authority.iter().for_each(|authority| authority.watchers.close_all());
    }
}

/// Ends a watch of a context when it is dropped.
///
/// A watcher that holds a [`Hall`](super::super::Hall) keeps the hall open until its watch ends or the hall is closed.
#[must_use = "dropping it ends the watch; `forever` lets the watch last as long as the hall"]
pub struct ContextWatch {
    core: Rc<Core>,
    id: u64,
    kept: bool,
}

impl ContextWatch {
    /// Ends the watch; not another call is made.
    pub fn end(self) {}

    /// Lets the watch last until the hall ends.
    pub fn forever(mut self) {
        self.kept = true;
    }
}

impl Drop for ContextWatch {
    fn drop(&mut self) {
        if let Some(authority) = self.core.authority.as_ref().filter(|_| !self.kept) {
            authority.watchers.close(self.id);
        }
    }
}

impl fmt::Debug for ContextWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContextWatch").field("id", &self.id).finish()
    }
}

impl Context {
    /// Calls `watcher` with the newest version of the document, until the returned guard is dropped.
    ///
    /// Shape:  after the change is complete. Versions only grow, and the last is always told; of several that came
    ///         meanwhile (in a batch, or made by a watcher) only the newest is. A deletion is a version without a
    ///         value. With `initial`, what is there now comes first, before this returns unless a watcher opens the
    ///         watch. A watcher may use the hall in every way.
    /// Errors: `limit` (`watches`), `closed`. A panic of the watcher goes to `on_error` as `callback-failed`; the watch
    ///         stays.
    ///
    /// ```
    /// use statehall::{ContextWatchOptions, Hall, Options, Value};
    /// use std::{cell::RefCell, rc::Rc};
    /// let hall = Hall::open(Options::default())?;
    /// let plan = hall.context("plan")?;
    /// let heard = Rc::new(RefCell::new(Vec::new()));
    /// let log = heard.clone();
    /// let watch = plan.watch(ContextWatchOptions::default(), move |change| {
    ///     log.borrow_mut().push((change.version, change.value.clone()));
    /// })?;
    /// assert!(plan.create("first")?.is_committed());
    /// assert!(plan.delete(1)?.is_committed());
    /// drop(watch);
    /// assert_eq!(*heard.borrow(), [(1, Some(Value::from("first"))), (2, None)]);
    /// # Ok::<(), statehall::Error>(())
    /// ```
    pub fn watch(
        &self,
        options: ContextWatchOptions,
        watcher: impl FnMut(&ContextChange) + 'static,
    ) -> Result<ContextWatch, Error> {
        let core = self.hall.core()?;
        let authority = core.authority()?;
        let (open, max) = (authority.watchers.open.borrow().len() as u64, core.with(|kernel| kernel.limits().watches));
        if open >= max {
            return Err(Error::limit("watches", max, open + 1));
        }
        let (version, value) = authority.standing(&self.key).unwrap_or_default();
        let id = authority.watchers.open(Watcher {
            key: self.key.clone(),
            told: Cell::new(version),
            present: Cell::new(value.is_some()),
            initial: Cell::new(options.initial && value.is_some()),
            call: RefCell::new(Box::new(watcher)),
        });
        core.dispatch();
        Ok(ContextWatch { core: core.clone(), id, kept: false })
    }
}
