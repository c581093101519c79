//! Watches: who is told, and the guard that ends them.

use super::core::Core;
use super::options::{Filter, WatchOptions};
use super::outlet::Outlet;
use super::until::Asker;
use super::{Change, Changes, Hall, IntoSelector};
use crate::error::Error;
use crate::kernel;
use crate::key::Selector;
use crate::state::selection::WatchId;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::task::Waker;

/// One open watch, as the face knows it.
pub(super) struct Watcher {
    pub(super) id: WatchId,
    pub(super) selector: Selector,
    pub(super) owner: Option<Rc<str>>,
    pub(super) filter: Option<RefCell<Filter>>,
    pub(super) once: bool,
    pub(super) delivered: Cell<u64>,
    /// Where its changes wait, unless they are told at once or wait in the kernel.
    pub(super) outlet: Option<Outlet>,
    /// When something of it is due, in monotonic milliseconds.
    pub(super) due_ms: Cell<Option<u64>>,
    /// What its watcher or filter failed with last.
    pub(super) last_error: RefCell<Option<Error>>,
    pub(super) told: Told,
}

type Call = Box<dyn FnMut(&Change)>;

/// How a watch hears of its changes.
pub(super) enum Told {
    /// By a call.
    Caller(RefCell<Call>),
    /// By reading a queue.
    Reader(Rc<Reader>),
    /// By a question.
    Asker(Rc<Asker>),
}

/// Whoever reads the queue of a watch.
#[derive(Default)]
pub(super) struct Reader {
    /// Whom to wake when there is something to read.
    pub(super) waiting: Cell<Option<Waker>>,
    /// How many changes were lost, once the watch has ended.
    pub(super) missed: Cell<u64>,
}

impl Reader {
    pub(super) fn wake(&self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

/// Ends a watch when it is dropped.
///
/// A watcher that holds a [`Hall`] keeps the hall open until its watch ends or the hall is closed.
#[must_use = "dropping it ends the watch; `forever` lets the watch last as long as the hall"]
pub struct Watch {
    core: Rc<Core>,
    id: WatchId,
    kept: bool,
}

impl Watch {
    pub(super) fn new(core: Rc<Core>, id: WatchId) -> Self {
        Self { core, id, kept: false }
    }

    /// Ends the watch; not another call is made.
    pub fn end(self) {}

    /// Lets the watch last until its owner or the hall ends.
    pub fn forever(mut self) {
        self.kept = true;
    }

    /// Whether the watch still hears anything.
    pub fn is_open(&self) -> bool {
        self.core.watchers.borrow().contains_key(&self.id)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.kept {
            self.core.end_watch(self.id);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("id", &self.id.0).field("open", &self.is_open()).finish()
    }
}

impl Hall {
    /// Calls `watcher` with each change of the selected keys, until the returned guard is dropped.
    ///
    /// Shape:  after the command that made the change is complete; changes in commit order, each
    ///         once, those of one batch together. With `initial`, what is there now comes first,
    ///         before this returns unless a watcher opens the watch. A watcher may use the hall in
    ///         every way: what it causes is told after everything that already waits. With
    ///         `deliver_ms` changes wait for that long and are told by [`Hall::advance`].
    /// Errors: `invalid-selector`, `invalid-key`, `limit`, `closed`; `invalid-argument` inside a
    ///         batch, or for a capacity or an overflow where nothing waits. A panic of the watcher goes to `on_error` as
    ///         `callback-failed`; the watch stays.
    ///
    /// ```
    /// use statehall::{Hall, Options, Value, WatchOptions};
    /// use std::{cell::RefCell, rc::Rc};
    /// let hall = Hall::open(Options::default())?;
    /// let heard = Rc::new(RefCell::new(Vec::new()));
    /// let log = heard.clone();
    /// let watch = hall.watch("agents/*/status", WatchOptions::default(), move |change| {
    ///     log.borrow_mut().push((change.key.text().to_owned(), change.old.clone(), change.value.clone()));
    /// })?;
    /// hall.put("agents/planner/status", "thinking")?;
    /// drop(watch);
    /// hall.put("agents/planner/status", "done")?;
    /// assert_eq!(*heard.borrow(), [("agents/planner/status".to_owned(), None, Some(Value::from("thinking")))]);
    /// # Ok::<(), statehall::Error>(())
    /// ```
    pub fn watch(
        &self,
        selector: impl IntoSelector,
        options: WatchOptions,
        watcher: impl FnMut(&Change) + 'static,
    ) -> Result<Watch, Error> {
        let told = Told::Caller(RefCell::new(Box::new(watcher)));
        let (core, id) = self.open_watch(selector, options, told)?;
        core.dispatch();
        Ok(Watch::new(core, id))
    }

    /// The changes of the selected keys as a stream, which ends when its owner or the hall does.
    ///
    /// Shape:  as [`Hall::watch`], but what the reader has not taken waits, up to the capacity;
    ///         then the oldest go, and [`Changes::missed`] counts them, or what `overflow` says
    ///         happens. Dropping it ends the watch.
    /// Errors: as [`Hall::watch`]; `limit` for a capacity above `limits.queue`, `invalid-argument`
    ///         for one of 0, or with `deliver_ms`.
    ///
    /// ```
    /// use futures::{StreamExt, executor::block_on};
    /// use statehall::{Hall, Options, WatchOptions};
    /// let hall = Hall::open(Options::default())?;
    /// hall.put("a", 1)?;
    /// let mut changes = hall.stream("**", WatchOptions { initial: true, ..WatchOptions::default() })?;
    /// hall.put("b", 2)?;
    /// let keys = block_on((&mut changes).take(2).map(|change| change.key.text().to_owned()).collect::<Vec<_>>());
    /// assert_eq!(keys, ["a", "b"]);
    /// # Ok::<(), statehall::Error>(())
    /// ```
    pub fn stream(&self, selector: impl IntoSelector, mut options: WatchOptions) -> Result<Changes, Error> {
        let queue = self.core()?.with(|kernel| kernel.limits().queue);
        options.capacity = options.capacity.or(Some(queue));
        let reader = Rc::<Reader>::default();
        let (core, id) = self.open_watch(selector, options, Told::Reader(reader.clone()))?;
        core.dispatch();
        Ok(Changes::new(core, id, reader))
    }

    pub(super) fn open_watch(
        &self,
        selector: impl IntoSelector,
        options: WatchOptions,
        told: Told,
    ) -> Result<(Rc<Core>, WatchId), Error> {
        let core = self.core()?;
        let selector = selector.into_selector()?;
        let queue = core.with(|kernel| kernel.limits().queue);
        let outlet = Outlet::of(&options, matches!(told, Told::Reader(_)), queue)?;
        let WatchOptions { initial, filter, once, owner, capacity, .. } = options;
        owner.iter().try_for_each(|owner| core.use_owner(owner))?;
        let capacity = capacity.filter(|_| outlet.is_none());
        let how = kernel::WatchOptions { initial, owner: owner.clone(), capacity };
        let id = core.with(|kernel| kernel.watch(selector.clone(), how))?;
        let filter = filter.map(RefCell::new);
        let (delivered, due_ms, last_error) = Default::default();
        let watcher = Watcher { id, selector, owner, filter, once, delivered, outlet, due_ms, last_error, told };
        core.watchers.borrow_mut().insert(id, Rc::new(watcher));
        Ok((core.clone(), id))
    }
}
