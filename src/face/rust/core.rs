//! One session behind its handles: the kernel, the watchers, and the one loop that calls them.

use super::Change;
use super::options::Options;
use super::watch::{Told, Watcher};
use crate::error::{Code, Error};
use crate::kernel::{self, Effect, Kernel, Limits, Time};
use crate::state::selection::WatchId;
use crate::value::Value;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

pub(super) struct Core {
    pub(super) name: Rc<str>,
    pub(super) share: bool,
    kernel: RefCell<Kernel<Value>>,
    clock: Box<dyn super::Clock>,
    on_error: Box<dyn Fn(&Error)>,
    pub(super) watchers: RefCell<BTreeMap<WatchId, Rc<Watcher>>>,
    /// Whether the loop is running.
    dispatching: Cell<bool>,
    /// What the open batch has come to.
    pub(super) batch: Cell<Option<Progress>>,
    pub(super) handles: Cell<usize>,
    pub(super) ready: Cell<bool>,
}

/// How far a batch has come.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    /// Commands begun.
    pub(super) commands: usize,
    /// Whether a batch that joined it has failed.
    pub(super) failed: bool,
}

impl Core {
    pub(super) fn new(options: Options) -> Result<Self, Error> {
        let mut limits = Limits::default();
        for (name, value) in options.limits.list() {
            limits.set(name, value)?;
        }
        let kernel_options = kernel::Options {
            name: options.name.clone(),
            agent: options.agent,
            seed: options.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish()),
            limits,
            notify: options.notify,
            tombstone_ms: options.tombstone_ms,
            ..kernel::Options::default()
        };
        let core = Self {
            name: options.name,
            share: options.share,
            kernel: RefCell::new(Kernel::new(kernel_options, ())?),
            clock: options.clock,
            on_error: options.on_error,
            watchers: RefCell::default(),
            dispatching: Cell::new(false),
            batch: Cell::new(None),
            handles: Cell::new(0),
            ready: Cell::new(!options.share),
        };
        if core.share {
            let time = core.time();
            core.with(|kernel| kernel.join(time));
        }
        Ok(core)
    }

    /// Works with the kernel. What is passed must run nobody else's code.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Kernel<Value>) -> T) -> T {
        work(&mut self.kernel.borrow_mut())
    }

    pub(super) fn unix_ms(&self) -> u64 {
        self.clock.unix_ms()
    }

    pub(super) fn time(&self) -> Time {
        Time { unix_ms: self.clock.unix_ms(), monotonic_ms: self.clock.monotonic_ms() }
    }

    /// Carries out all effects, those that it causes included. The only place that calls watchers.
    pub(super) fn dispatch(&self) {
        if self.batch.get().is_some() || self.dispatching.replace(true) {
            return;
        }
        while let Some(effect) = self.with(Kernel::next_effect) {
            match effect {
                Effect::Notify { members, change, .. } => members.iter().for_each(|&watch| self.tell(watch, &change)),
                Effect::Initial { watch, change, .. } => self.tell(watch, &change),
                Effect::Ready(watch) => self.wake(watch),
                Effect::Synced => self.ready.set(true),
                Effect::Sessions => {}
                Effect::Report(error) => self.report(&error),
            }
        }
        // Nobody here keeps slots or sets by number.
        self.with(|kernel| (kernel.take_freed(), kernel.take_released()));
        self.dispatching.set(false);
    }

    /// Calls a watcher that is still there and lets the change through.
    fn tell(&self, watch: WatchId, change: &Change) {
        let Some(watcher) = self.watcher(watch) else { return };
        let Told::Caller(call) = &watcher.told else { return };
        if self.admits(watch, &watcher, change) {
            self.isolate("a watcher", || (call.borrow_mut())(change));
        }
    }

    /// Whether a change is to be delivered, which is then counted. The watch may have ended.
    pub(super) fn admits(&self, watch: WatchId, watcher: &Watcher, change: &Change) -> bool {
        if let Some(filter) = &watcher.filter {
            let passes = self.isolate("a filter", || (filter.borrow_mut())(change)).unwrap_or(false);
            // The filter may have ended its own watch.
            if !passes || !self.watchers.borrow().contains_key(&watch) {
                return false;
            }
        }
        watcher.delivered.set(watcher.delivered.get() + 1);
        if watcher.once {
            self.end_watch(watch);
        }
        true
    }

    /// How many changes the reader of an open watch has lost.
    pub(super) fn missed(&self, watch: WatchId) -> u64 {
        self.with(|kernel| kernel.queue(watch).map_or(0, |queue| queue.missed()))
    }

    fn wake(&self, watch: WatchId) {
        if let Some(watcher) = self.watcher(watch)
            && let Told::Reader(reader) = &watcher.told
        {
            self.isolate("a waker", || reader.wake());
        }
    }

    pub(super) fn watcher(&self, watch: WatchId) -> Option<Rc<Watcher>> {
        self.watchers.borrow().get(&watch).cloned()
    }

    /// Ends a watch, if it is open.
    pub(super) fn end_watch(&self, watch: WatchId) {
        let watcher = self.watchers.borrow_mut().remove(&watch);
        let Some(watcher) = watcher else { return };
        let missed = self.missed(watch);
        self.with(|kernel| kernel.unwatch(watch));
        if let Told::Reader(reader) = &watcher.told {
            reader.missed.set(missed);
            self.isolate("a waker", || reader.wake());
        }
    }

    /// Runs somebody else's code; reports it if it panics.
    pub(super) fn isolate<T>(&self, who: &str, work: impl FnOnce() -> T) -> Option<T> {
        match catch_unwind(AssertUnwindSafe(work)) {
            Ok(result) => Some(result),
            Err(payload) => {
                self.report(&callback_failed(who, payload));
                None
            }
        }
    }

    fn report(&self, error: &Error) {
        // There is nobody left to tell that telling failed.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.on_error)(error)));
    }

    /// A handle is closed. The last one ends the session: what was written is told, then goodbye.
    pub(super) fn release(&self) {
        self.handles.set(self.handles.get() - 1);
        if self.handles.get() > 0 {
            return;
        }
        let time = self.time();
        // Only a broken kernel is borrowed here: a handle is being dropped by a panic in it.
        let Ok(mut kernel) = self.kernel.try_borrow_mut() else { return };
        if kernel.in_batch() {
            // What was written before the batch has happened; the batch has not.
            let _ = kernel.roll_back();
        }
        kernel.advance(time);
        kernel.leave();
        while kernel.next_effect().is_some() {}
        drop(kernel);
        let watchers: Vec<_> = self.watchers.borrow().keys().copied().collect();
        watchers.into_iter().for_each(|watch| self.end_watch(watch));
    }
}

/// The error of somebody else's code that has panicked.
pub(super) fn callback_failed(who: &str, payload: Box<dyn Any + Send>) -> Error {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    Error::new(Code::CallbackFailed, format!("{who} panicked: {}", text.unwrap_or("(not text)")))
}
