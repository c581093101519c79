//! One hall in an instance and a store of its own, and what its host remembers beside it.

use super::agents::Taken;
use super::crossing::{change_out, error_out};
use super::telling::Watcher;
use statehall::{Change, Clock, Error};
use statehall_component_tests::{Instance, Kernel, types};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use wasmtime::component::ResourceAny;
use wasmtime::{Store, StoreLimits};

/// One instance behind its handles.
pub struct Session {
    instance: RefCell<Instance>,
    clock: Box<dyn Clock>,
    on_error: Box<dyn Fn(&Error)>,
    /// How many commands the open batch has begun.
    pub batch: Cell<Option<usize>>,
    /// Whether the host is calling its watchers.
    pub telling: Cell<bool>,
    /// The watchers that the host calls, by their ids.
    pub called: RefCell<BTreeMap<u32, Rc<Watcher>>>,
    /// What has come of calls and machines.
    pub taken: Taken,
}

impl Session {
    pub fn new(clock: Box<dyn Clock>, on_error: Box<dyn Fn(&Error)>) -> Rc<Self> {
        Rc::new(Self {
            instance: RefCell::new(Instance::new()),
            clock,
            on_error,
            batch: Cell::new(None),
            telling: Cell::new(false),
            called: RefCell::default(),
            taken: Taken::default(),
        })
    }

    /// Calls the component, which never traps.
    pub fn call<T>(&self, ask: impl FnOnce(&mut Store<StoreLimits>, &Kernel) -> wasmtime::Result<T>) -> T {
        let Instance { store, kernel } = &mut *self.instance.borrow_mut();
        ask(store, kernel).unwrap_or_else(|trap| panic!("the component has trapped: {trap:?}"))
    }

    /// Calls what may be refused.
    pub fn try_call<T>(
        &self,
        ask: impl FnOnce(&mut Store<StoreLimits>, &Kernel) -> wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Error> {
        self.call(ask).map_err(error_out)
    }

    pub fn unix_ms(&self) -> u64 {
        self.clock.unix_ms()
    }

    pub fn time(&self) -> types::Time {
        types::Time { unix_ms: self.clock.unix_ms(), monotonic_ms: self.clock.monotonic_ms() }
    }

    pub fn report(&self, error: types::Error) {
        (self.on_error)(&error_out(error));
    }

    /// Up to one change of a watcher; how many it has missed; whether it has ended.
    pub fn take(&self, watcher: ResourceAny, max: u32) -> (Option<Change>, u64, bool) {
        let (changes, missed, ended) = self.take_all(watcher, max);
        (changes.into_iter().next(), missed, ended)
    }

    /// The same of several.
    pub fn take_all(&self, watcher: ResourceAny, max: u32) -> (Vec<Change>, u64, bool) {
        let taken =
            self.call(|store, kernel| kernel.statehall_hall_watchers().watcher().call_take(store, watcher, max));
        assert!(taken.changes.len() <= max as usize, "no more than was asked for");
        (taken.changes.into_iter().map(change_out).collect(), taken.missed, taken.ended)
    }

    /// Drops a handle. While a test is failing that must not fail as well.
    pub fn release(&self, resource: ResourceAny) {
        if let Ok(mut instance) = self.instance.try_borrow_mut()
            && let Err(trap) = resource.resource_drop(&mut instance.store)
        {
            assert!(std::thread::panicking(), "dropping a handle has trapped: {trap:?}");
        }
    }
}
