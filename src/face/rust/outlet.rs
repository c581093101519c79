//! Where changes wait that are not told at once: of watchers that are told at intervals, and of readers that have said
//! what is to become of too much.
//!
//! What waits has passed the filter. A deadline is set by the first change that waits, and kept by [`Hall::advance`] with
//! everything else that waits for a time; what has come due is told by the one loop, after all that was waiting before.

use super::Change;
use super::core::Core;
use super::options::WatchOptions;
use super::watch::{Told, Watcher};
use crate::error::{Code, Error};
use crate::state::backlog::{Backlog, Overflow};
use crate::state::selection::WatchId;
use crate::value::Value;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// Where the changes of one watch wait.
pub(super) struct Outlet {
    backlog: RefCell<Backlog<Value>>,
    /// For how long, if nobody comes for them.
    deliver_ms: u64,
}

impl Outlet {
    /// What the options ask for, if that is anything.
    ///
    /// Errors: `invalid-argument`; `limit`.
    pub(super) fn of(options: &WatchOptions, is_read: bool, queue: u64) -> Result<Option<Self>, Error> {
        let WatchOptions { deliver_ms, capacity, overflow, .. } = *options;
        let refuse = |detail: &str| Err(Error::new(Code::InvalidArgument, detail));
        match (is_read, deliver_ms) {
            (true, Some(_)) => {
                return refuse("deliver_ms is for watchers that are called: a reader comes when it likes");
            }
            (false, None) if capacity.is_some() || overflow.is_some() => {
                return refuse("capacity and overflow are for changes that wait: of a stream, or with deliver_ms");
            }
            (false, Some(0)) => return refuse("deliver_ms is 1 or more"),
            (true, None) if overflow.is_none() => return Ok(None),
            (false, None) => return Ok(None),
            (true, None) | (false, Some(_)) => {}
        }
        let backlog = Backlog::with_room(overflow.unwrap_or(Overflow::Coalesce), capacity, queue)?;
        Ok(Some(Self { backlog: RefCell::new(backlog), deliver_ms: deliver_ms.unwrap_or_default() }))
    }

    /// Takes the oldest change that waits.
    pub(super) fn pop(&self) -> Option<Change> {
        self.backlog.borrow_mut().pop()
    }

    /// How many changes wait, and how many were lost.
    pub(super) fn count(&self) -> (u64, u64) {
        let backlog = self.backlog.borrow();
        (backlog.len() as u64, backlog.missed())
    }
}

/// When something is due, and what has come due and is about to be told.
#[derive(Default)]
pub(super) struct Agenda {
    deadlines: RefCell<BTreeSet<(u64, WatchId)>>,
    told_next: RefCell<VecDeque<(WatchId, Change)>>,
    /// Up to when things are due, until all of them are told.
    due_ms: Cell<Option<u64>>,
}

impl Agenda {
    /// Sets the deadline of a watch, in monotonic milliseconds.
    pub(super) fn set(&self, watcher: &Watcher, due_ms: u64) {
        watcher.due_ms.set(Some(due_ms));
        self.deadlines.borrow_mut().insert((due_ms, watcher.id));
    }

    /// Forgets the deadline of a watch.
    pub(super) fn forget(&self, watcher: &Watcher) {
        if let Some(due_ms) = watcher.due_ms.take() {
            self.deadlines.borrow_mut().remove(&(due_ms, watcher.id));
        }
    }

    /// Whatever is due up to a time is to be told.
    pub(super) fn pass(&self, monotonic_ms: u64) {
        self.due_ms.set(Some(monotonic_ms));
    }

    /// Tells a watch of a change before anything else is told.
    pub(super) fn tell_next(&self, watch: WatchId, change: Change) {
        self.told_next.borrow_mut().push_back((watch, change));
    }

    /// What is to be told next.
    pub(super) fn next(&self) -> Option<(WatchId, Change)> {
        self.told_next.borrow_mut().pop_front()
    }

    /// In how long something is due.
    pub(super) fn wake(&self, monotonic_ms: u64) -> Option<Duration> {
        let first = self.deadlines.borrow().first().map(|&(due_ms, _)| due_ms);
        first.map(|due_ms| Duration::from_millis(due_ms.saturating_sub(monotonic_ms)))
    }

    /// Takes the watch whose deadline has come first.
    fn due(&self) -> Option<WatchId> {
        let now_ms = self.due_ms.get()?;
        let mut deadlines = self.deadlines.borrow_mut();
        if deadlines.first().is_none_or(|&(due_ms, _)| due_ms > now_ms) {
            self.due_ms.set(None);
            return None;
        }
        deadlines.pop_first().map(|(_, watch)| watch)
    }
}

impl Core {
    /// Lets a change wait that the filter of its watch has let pass.
    pub(super) fn keep(&self, watcher: &Watcher, outlet: &Outlet, change: &Change) {
        let kept = outlet.backlog.borrow_mut().push(change.clone());
        if !kept {
            self.end_watch(watcher.id);
            let error = outlet.backlog.borrow().overflowed(&watcher.selector);
            self.report(&error);
        } else if let Told::Reader(reader) = &watcher.told {
            self.isolate("a waker", || reader.wake());
        } else if watcher.due_ms.get().is_none() {
            let due_ms = self.time().monotonic_ms.saturating_add(outlet.deliver_ms);
            self.agenda.set(watcher, due_ms);
        }
    }

    /// Arranges for what has come due first to be told; false if nothing has.
    pub(super) fn come_due(&self) -> bool {
        let Some(watch) = self.agenda.due() else { return false };
        let Some(watcher) = self.watcher(watch) else { return true };
        watcher.due_ms.set(None);
        match (&watcher.told, &watcher.outlet) {
            (Told::Asker(asker), _) => self.give_up(&watcher, asker),
            (_, Some(outlet)) => {
                while let Some(change) = outlet.pop() {
                    self.agenda.tell_next(watch, change);
                }
            }
            (_, None) => {}
        }
        true
    }

    /// How many changes of a watch wait, and how many were lost.
    pub(super) fn waits(&self, watcher: &Watcher) -> (u64, u64) {
        if let Some(outlet) = &watcher.outlet {
            return outlet.count();
        }
        let queue = self.with(|kernel| kernel.queue(watcher.id).map(|queue| (queue.len() as u64, queue.missed())));
        queue.unwrap_or_default()
    }

    /// How many changes wait in outlets.
    pub(super) fn kept(&self) -> u64 {
        let watchers = self.watchers.borrow();
        watchers.values().filter_map(|watcher| watcher.outlet.as_ref()).map(|outlet| outlet.count().0).sum()
    }
}
