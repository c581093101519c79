//! Watchers as a host makes them of those that the component has: it asks after every call what there is to take, and
//! calls its own functions with it.

use super::face::{Face, Reader};
use super::host::Host;
use super::session::Session;
use statehall::{Change, Filter};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasmtime::component::ResourceAny;

type Call = Box<dyn FnMut(&Change)>;

/// A watcher that the host calls.
pub struct Watcher {
    pub resource: ResourceAny,
    pub filter: Option<RefCell<Filter>>,
    pub once: bool,
    /// Whether it is told at intervals of all that waits.
    pub together: bool,
    pub call: RefCell<Call>,
}

/// Ends a watch when it is dropped.
pub struct Watching {
    pub session: Rc<Session>,
    pub id: u32,
}

/// A watch that is read.
pub struct Reading {
    session: Rc<Session>,
    resource: ResourceAny,
    filter: Option<Filter>,
    once: bool,
    /// Whether the host has dropped the watcher, after the one change that it was to give.
    dropped: Cell<bool>,
}

impl Host {
    /// Tells what there is to tell, and what that brings about. What a watcher does is told after
    /// everything that already waits, because changes are taken one at a time, from each watcher in turn.
    pub fn tell(&self) {
        let session = self.session();
        if session.batch.get().is_some() || session.telling.replace(true) {
            return;
        }
        loop {
            let mut told = false;
            for id in self.ready() {
                let watcher = session.called.borrow().get(&id).cloned();
                // Others are read by whoever opened them, and one may have ended in the meantime.
                let Some(watcher) = watcher else { continue };
                let (changes, missed, _) =
                    session.take_all(watcher.resource, if watcher.together { u32::MAX } else { 1 });
                assert!(missed == 0 || watcher.together, "a host that asks after every call misses nothing");
                told |= !changes.is_empty();
                for change in changes {
                    let is_open = session.called.borrow().contains_key(&id);
                    if is_open && watcher.filter.as_ref().is_none_or(|filter| (filter.borrow_mut())(&change)) {
                        if watcher.once {
                            session.end_called(id);
                        }
                        (watcher.call.borrow_mut())(&change);
                    }
                }
            }
            if !told {
                break;
            }
        }
        self.reports().into_iter().for_each(|error| session.report(error));
        if session.called.borrow().values().any(|watcher| watcher.together) {
            // What has begun to wait does so from now on.
            self.next_wake();
        }
        session.telling.set(false);
    }
}

impl Session {
    /// Ends a watcher that the host calls, if it is open.
    fn end_called(&self, id: u32) {
        let watcher = self.called.borrow_mut().remove(&id);
        if let Some(watcher) = watcher {
            self.release(watcher.resource);
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.session.end_called(self.id);
    }
}

impl Reading {
    pub fn new(session: Rc<Session>, resource: ResourceAny, filter: Option<Filter>, once: bool) -> Self {
        Self { session, resource, filter, once, dropped: Cell::new(false) }
    }

    fn end(&self) {
        if !self.dropped.replace(true) {
            self.session.release(self.resource);
        }
    }
}

impl Reader for Reading {
    fn pull(&mut self, max: usize) -> Vec<Change> {
        let mut pulled = Vec::new();
        while pulled.len() < max && !self.dropped.get() {
            let (Some(change), ..) = self.session.take(self.resource, 1) else { break };
            if self.filter.as_mut().is_some_and(|filter| !filter(&change)) {
                continue;
            }
            pulled.push(change);
            if self.once {
                self.end();
            }
        }
        pulled
    }

    fn missed(&self) -> u64 {
        if self.dropped.get() { 0 } else { self.session.take(self.resource, 0).1 }
    }

    fn is_open(&self) -> bool {
        !self.dropped.get() && !self.session.take(self.resource, 0).2
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.end();
    }
}
