//! One session behind its handles: the kernel, the watchers, and the one loop that calls them.

use super::Change;
use super::audience::Audiences;
use super::machine::{Processes, Round};
use super::options::Options;
use super::outlet::Agenda;
use super::strict::Authority;
use super::until::Asker;
use super::watch::{Told, Watcher};
use crate::error::{Code, Error};
use crate::kernel::{self, Effect, Kernel, Limits, Time};
use crate::state::selection::WatchId;
use crate::state::watch::SetId;
use crate::table::Slot;
use crate::value::Value;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};

pub(super) struct Core {
    pub(super) name: Rc<str>,
    pub(super) share: bool,
    kernel: RefCell<Kernel<Value>>,
    /// Who decides about contexts and leases; nobody, where others would have to agree.
    pub(super) authority: Option<Authority>,
    pub(super) processes: Processes,
    clock: Box<dyn super::Clock>,
    on_error: Box<dyn Fn(&Error)>,
    pub(super) watchers: RefCell<BTreeMap<WatchId, Rc<Watcher>>>,
    audiences: Audiences,
    /// What is told at its time.
    pub(super) agenda: Agenda,
    /// Who waits for a state.
    askers: RefCell<Vec<Weak<Asker>>>,
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

/// The loop runs; not any more when this is dropped, if need be by a panic of what a watcher held.
struct Running<'a>(&'a Cell<bool>);

impl<'a> Running<'a> {
    fn begin(dispatching: &'a Cell<bool>) -> Self {
        dispatching.set(true);
        Self(dispatching)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Core {
    pub(super) fn new(options: Options) -> Result<Self, Error> {
        let mut limits = Limits::default();
        for (name, value) in options.limits.list() {
            limits.set(name, value)?;
        }
        let authority = (!options.share).then(|| Authority::new(options.clock.unix_ms(), &limits));
        let processes = Processes::new(&limits);
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
            authority,
            processes,
            clock: options.clock,
            on_error: options.on_error,
            watchers: RefCell::default(),
            audiences: Audiences::default(),
            agenda: Agenda::default(),
            askers: RefCell::default(),
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

    /// Carries out all effects, those that it causes included. The only place that calls watchers
    /// and runs machines.
    pub(super) fn dispatch(&self) {
        if self.batch.get().is_some() || self.dispatching.get() {
            return;
        }
        let _running = Running::begin(&self.dispatching);
        let mut round = Round::default();
        loop {
            if let Some((watch, change)) = self.agenda.next() {
                self.watcher(watch).iter().for_each(|watcher| self.deliver(watcher, &change));
                continue;
            }
            if let Some(effect) = self.with(Kernel::next_effect) {
                self.carry_out(effect);
                continue;
            }
            // Whoever watches has heard of everything, so that a machine sees what they have made of it.
            if !self.come_due() && !self.tell_document() && !self.run_next(&mut round) {
                break;
            }
        }
        // Nobody here keeps slots by number.
        let released = self.with(|kernel| {
            kernel.take_freed();
            kernel.take_released()
        });
        if !released.is_empty() {
            self.audiences.forget(&released);
        }
    }

    fn carry_out(&self, effect: Effect<Value>) {
        match effect {
            Effect::Notify { set, change, .. } => self.notify(set, &change),
            Effect::Initial { watch, change, .. } => {
                self.watcher(watch).iter().for_each(|watcher| self.tell(watcher, &change));
            }
            Effect::Ready(watch) => self.wake(watch),
            Effect::Synced => self.ready.set(true),
            Effect::OwnerExpired(owner) => self.expire_owner(&owner),
            Effect::Sessions => {}
            Effect::Report(error) => self.report(&error),
        }
    }

    /// The slot of a key that the hall has, if a change of it would be told at once, because
    /// nothing else goes on or waits.
    pub(super) fn idle_slot(&self, text: &str) -> Option<Slot> {
        if self.dispatching.get() || self.batch.get().is_some() {
            return None;
        }
        self.with(|kernel| if kernel.has_effects() { None } else { kernel.slot(text) })
    }

    /// The same if no metadata are there, which a put without options would drop.
    pub(super) fn idle_bare_slot(&self, text: &str) -> Option<Slot> {
        let slot = self.idle_slot(text)?;
        let bare = |kernel: &mut Kernel<Value>| kernel.entry_at(slot).is_none_or(|entry| entry.metadata.is_none());
        self.with(bare).then_some(slot)
    }

    /// Tells of a change for which nothing has to wait. What its watchers do waits.
    pub(super) fn tell_first(&self, set: SetId, change: &Change) {
        let _running = Running::begin(&self.dispatching);
        self.notify(set, change);
    }

    /// Calls the watchers of a set.
    fn notify(&self, set: SetId, change: &Change) {
        let find = || {
            let members = self.with(|kernel| kernel.members(set));
            members.iter().filter_map(|&watch| self.watcher(watch)).collect()
        };
        for watcher in self.audiences.of(set, find).iter() {
            // One that was called before may have ended it.
            if let Some(watcher) = watcher.upgrade() {
                self.tell(&watcher, change);
            }
        }
    }

    /// Tells a watcher of a change, if it lets the change through: at once, or when its time has come.
    fn tell(&self, watcher: &Watcher, change: &Change) {
        // What waits in the kernel is judged when it is read.
        let waits_elsewhere = watcher.outlet.is_none() && matches!(watcher.told, Told::Reader(_));
        if waits_elsewhere || !self.passes(watcher, change) {
            return;
        }
        match &watcher.outlet {
            // Initial values wait for readers only.
            Some(outlet) if !change.initial || matches!(watcher.told, Told::Reader(_)) => {
                self.keep(watcher, outlet, change);
            }
            _ => self.deliver(watcher, change),
        }
    }

    /// Calls a watcher.
    fn deliver(&self, watcher: &Watcher, change: &Change) {
        match &watcher.told {
            Told::Caller(call) => {
                self.count(watcher);
                self.isolate_of(watcher, "a watcher", || (call.borrow_mut())(change));
            }
            Told::Asker(asker) => self.ask(watcher, asker, change),
            Told::Reader(_) => {}
        }
    }

    /// Whether the filter of a watch lets a change pass.
    pub(super) fn passes(&self, watcher: &Watcher, change: &Change) -> bool {
        let Some(filter) = &watcher.filter else { return true };
        let passes = self.isolate_of(watcher, "a filter", || (filter.borrow_mut())(change)).unwrap_or(true);
        // The filter may have ended its own watch.
        passes && self.watchers.borrow().contains_key(&watcher.id)
    }

    /// Counts a change that is delivered. The watch may have ended with it.
    pub(super) fn count(&self, watcher: &Watcher) {
        watcher.delivered.set(watcher.delivered.get() + 1);
        if watcher.once {
            self.end_watch(watcher.id);
        }
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
        let (_, missed) = self.waits(&watcher);
        self.with(|kernel| kernel.unwatch(watch));
        self.agenda.forget(&watcher);
        match &watcher.told {
            Told::Reader(reader) => {
                reader.missed.set(missed);
                self.isolate("a waker", || reader.wake());
            }
            Told::Asker(asker) => drop(self.isolate("a waker", || asker.wake())),
            Told::Caller(_) => {}
        }
    }

    /// Runs somebody else's code; reports it if it panics.
    pub(super) fn isolate<T>(&self, who: &str, work: impl FnOnce() -> T) -> Option<T> {
        attempt(who, work).map_err(|error| self.report(&error)).ok()
    }

    /// Runs the code of a watch, which is listed with what it did last if it panics.
    fn isolate_of<T>(&self, watcher: &Watcher, who: &str, work: impl FnOnce() -> T) -> Option<T> {
        let noted = |error: Error| {
            drop(watcher.last_error.replace(Some(error.clone())));
            self.report(&error);
        };
        attempt(who, work).map_err(noted).ok()
    }

    /// Remembers who is to be woken when a handle is closed.
    pub(super) fn wait(&self, asker: &Rc<Asker>) {
        let mut askers = self.askers.borrow_mut();
        askers.retain(|other| other.strong_count() > 0);
        askers.push(Rc::downgrade(asker));
    }

    fn wake_askers(&self) {
        let askers: Vec<_> = self.askers.borrow().iter().filter_map(Weak::upgrade).collect();
        for asker in askers {
            self.isolate("a waker", || asker.wake());
        }
    }

    pub(super) fn report(&self, error: &Error) {
        // There is nobody left to tell that telling failed.
        let _ = catch_unwind(AssertUnwindSafe(|| (self.on_error)(error)));
    }

    /// A handle is closed. The last one ends the session: what was written is told, then goodbye.
    pub(super) fn release(&self) {
        self.wake_waiting();
        self.wake_askers();
        self.handles.set(self.handles.get() - 1);
        if self.handles.get() > 0 {
            return;
        }
        let time = self.time();
        if self.kernel.try_borrow_mut().is_ok() {
            self.kill_all();
        }
        // Only a broken kernel is borrowed here: a handle is being dropped by a panic in it.
        let Ok(mut kernel) = self.kernel.try_borrow_mut() else { return };
        if kernel.in_batch() {
            // What was written before the batch has happened; the batch has not.
            let _ = kernel.roll_back();
        }
        kernel.end_owners(time.unix_ms);
        kernel.advance(time);
        kernel.leave();
        while kernel.next_effect().is_some() {}
        drop(kernel);
        let watchers: Vec<_> = self.watchers.borrow().keys().copied().collect();
        watchers.into_iter().for_each(|watch| self.end_watch(watch));
        self.end_document_watches();
    }
}

/// Runs somebody else's code.
///
/// Errors: `callback-failed` if it panics.
pub(super) fn attempt<T>(who: &str, work: impl FnOnce() -> T) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| callback_failed(who, payload))
}

/// The error of somebody else's code that has panicked.
pub(super) fn callback_failed(who: &str, payload: Box<dyn Any + Send>) -> Error {
    let text = payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    Error::new(Code::CallbackFailed, format!("{who} panicked: {}", text.unwrap_or("(not text)")))
}
