//! One session behind its handles: the kernel, its watchers, and what waits to be asked for.

use super::convert::limits_in;
use super::held::Held;
use super::machines::Hosted;
use super::watched::Watchers;
use super::wit::state::Options;
use super::wit::types;
use crate::error::{Code, Error};
use crate::kernel::authority::{Authority, OWN};
use crate::kernel::{self, Effect, Kernel, Time};
use crate::replica::strict::proposal::Action;
use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;

/// The largest time that is taken for one: far enough away that no sum with it overflows.
const TIME_MS_MAX: u64 = 1 << 47;

/// How many refusals are kept for a host that does not ask for them.
const REPORTS_MAX: usize = 1_024;

/// One session. See the module.
pub struct Session {
    pub name: Rc<str>,
    pub share: bool,
    kernel: RefCell<Kernel<Held>>,
    /// Who decides about contexts and leases, where nobody else could.
    authority: Option<RefCell<Authority>>,
    /// The machines, once there was one.
    machines: RefCell<Option<Hosted>>,
    /// The latest time that was told.
    time: Cell<Time>,
    handles: Cell<usize>,
    /// How many handles there ever were: the number of the last.
    numbered: Cell<u64>,
    /// The handle that has begun the last batch.
    began: Cell<u64>,
    ready: Cell<bool>,
    reports: RefCell<VecDeque<Error>>,
    pub watchers: Watchers,
    /// How many watches of contexts are open.
    documents_watched: Cell<u64>,
}

impl Session {
    /// Opens a hall.
    ///
    /// Errors: `invalid-argument`.
    pub fn open(options: Options, time: types::Time) -> Result<Self, Error> {
        let limits = limits_in(&options.limits)?;
        let authority = (!options.share).then(|| RefCell::new(Authority::new(time.unix_ms, &limits)));
        let name: Rc<str> = options.name.into();
        let kernel_options = kernel::Options {
            name: name.clone(),
            agent: options.agent.into(),
            seed: options.seed,
            limits,
            notify: options.notify,
            ..kernel::Options::default()
        };
        let session = Self {
            name,
            share: options.share,
            kernel: RefCell::new(Kernel::new(kernel_options, ())?),
            authority,
            machines: RefCell::default(),
            time: Cell::default(),
            handles: Cell::new(0),
            numbered: Cell::new(0),
            began: Cell::new(0),
            ready: Cell::new(!options.share),
            reports: RefCell::default(),
            watchers: Watchers::default(),
            documents_watched: Cell::new(0),
        };
        let time = session.time(time)?;
        if session.share {
            session.with(|kernel| kernel.join(time));
        }
        Ok(session)
    }

    /// Works with the kernel, and files what it has brought about.
    pub fn with<T>(&self, work: impl FnOnce(&mut Kernel<Held>) -> T) -> T {
        let mut expired = Vec::new();
        let result = work(&mut self.kernel());
        loop {
            let effect = self.kernel().next_effect();
            match effect {
                None => break,
                Some(Effect::Notify { members, change, .. }) => self.tell(&members, &change),
                Some(Effect::Initial { watch, change, .. }) => self.tell(&[watch], &change),
                Some(Effect::Sessions) => {}
                Some(Effect::Ready(watch)) => {
                    self.watchers.get(watch).iter().for_each(|watched| self.watchers.list(watched))
                }
                Some(Effect::OwnerExpired(owner)) => expired.push(owner),
                Some(Effect::Synced) => self.ready.set(true),
                Some(Effect::Report(error)) => self.report(error),
            }
        }
        // Nobody here keeps slots or sets by number.
        let mut kernel = self.kernel();
        kernel.take_freed();
        kernel.take_released();
        drop(kernel);
        for owner in expired {
            self.end_owner(&owner);
        }
        result
    }

    /// The kernel itself, for work that is filed later.
    pub fn kernel(&self) -> RefMut<'_, Kernel<Held>> {
        self.kernel.borrow_mut()
    }

    /// Asks the kernel.
    pub fn ask<T>(&self, question: impl FnOnce(&Kernel<Held>) -> T) -> T {
        question(&self.kernel.borrow())
    }

    /// The authority.
    ///
    /// Errors: `no-authority` for a shared hall.
    pub fn authority(&self) -> Result<&RefCell<Authority>, Error> {
        let none = || {
            let detail = format!("the hall {:?} is shared, and its sessions have no common authority here", self.name);
            Error::new(Code::NoAuthority, detail)
        };
        self.authority.as_ref().ok_or_else(none)
    }

    /// Works with the machines.
    pub fn machines<T>(&self, work: impl FnOnce(&mut Hosted) -> T) -> T {
        let new = || Hosted::new(self.kernel.borrow().limits());
        work(self.machines.borrow_mut().get_or_insert_with(new))
    }

    /// Lets time pass for machines.
    pub fn advance_machines(&self, time: Time) {
        if let Some(hosted) = &mut *self.machines.borrow_mut() {
            hosted.advance(self, time);
        }
    }

    /// Whether a batch is open.
    pub fn in_batch(&self) -> bool {
        self.ask(Kernel::in_batch)
    }

    /// Counts a watch of a context that is opened.
    ///
    /// Errors: `limit`.
    pub fn watch_document(&self) -> Result<(), Error> {
        let (open, max) = (self.documents_watched.get() + 1, self.ask(|kernel| kernel.limits().watches));
        if open > max {
            return Err(Error::limit("watches", max, open));
        }
        self.documents_watched.set(open);
        Ok(())
    }

    /// One of them has ended.
    pub fn unwatch_document(&self) {
        self.documents_watched.set(self.documents_watched.get().saturating_sub(1));
    }

    /// Lets time pass for leases.
    pub fn advance_leases(&self, unix_ms: u64) {
        if let Some(authority) = &self.authority {
            authority.borrow_mut().advance(unix_ms);
        }
    }

    /// What an owner holds or waits for goes to the next in line.
    pub fn end_leases(&self, owner: &str) {
        let Some(authority) = &self.authority else { return };
        let action = Action::End { of: OWN, owner: Some(owner.into()) };
        // A name that cannot be an owner's is refused: there is nothing to end.
        let _ = authority.borrow_mut().decide(self.time.get().unix_ms, &"".into(), action);
    }

    /// The time that the host has told last.
    pub fn told_unix_ms(&self) -> u64 {
        self.time.get().unix_ms
    }

    /// Somebody does something in the name of an owner.
    ///
    /// Errors: `closed` if it has ended.
    pub fn use_owner(&self, owner: &str, unix_ms: u64) -> Result<(), Error> {
        self.with(|kernel| kernel.use_owner(owner, unix_ms))
    }

    /// Ends what belongs to an owner; returns how many watchers that were.
    pub fn end_owner(&self, owner: &str) -> usize {
        let owned = self.watchers.list_all().into_iter().filter(|watched| watched.owner.as_deref() == Some(owner));
        let ended = owned.map(|watched| self.end_watcher(watched.id)).count();
        self.end_leases(owner);
        let unix_ms = self.time.get().unix_ms;
        self.with(|kernel| kernel.end_owner(owner, unix_ms));
        ended
    }

    /// In how many milliseconds something is due.
    pub fn next_wake(&self, time: Time) -> Option<u64> {
        let lease = self.authority.as_ref().and_then(|authority| authority.borrow().next_wake(time.unix_ms));
        let watcher = self.watchers.next_wake(time.monotonic_ms);
        let machine = self.machines.borrow().as_ref().and_then(|hosted| hosted.next_wake(time.monotonic_ms));
        [self.ask(|kernel| kernel.next_wake(time)), lease, watcher, machine].into_iter().flatten().min()
    }

    /// The time as the host tells it.
    ///
    /// Errors: `invalid-argument` for one that cannot be, or goes backwards where it must not.
    pub fn time(&self, time: types::Time) -> Result<Time, Error> {
        let unix_ms = self.unix_ms(time.unix_ms)?;
        let (monotonic_ms, last) = (within("monotonic-ms", time.monotonic_ms)?, self.time.get().monotonic_ms);
        if monotonic_ms < last {
            let detail = format!("monotonic-ms never goes back, but went from {last} to {monotonic_ms}");
            return Err(Error::new(Code::InvalidArgument, detail));
        }
        let time = Time { unix_ms, monotonic_ms };
        self.time.set(time);
        self.watchers.begin(monotonic_ms);
        Ok(time)
    }

    /// The wall clock as the host tells it.
    ///
    /// Errors: `invalid-argument` for a time that cannot be.
    pub fn unix_ms(&self, unix_ms: u64) -> Result<u64, Error> {
        within("unix time in ms", unix_ms)
    }

    /// Begins a batch for a handle.
    ///
    /// Errors: `invalid-argument`.
    pub fn begin(&self, handle: u64) -> Result<(), Error> {
        self.with(Kernel::begin)?;
        self.began.set(handle);
        Ok(())
    }

    /// Counts a handle, and returns its number.
    pub fn hold(&self) -> u64 {
        self.handles.set(self.handles.get() + 1);
        self.numbered.set(self.numbered.get() + 1);
        self.numbered.get()
    }

    /// A handle is closed, and with it what it has begun. The last one ends the session: what was
    /// written is told, then goodbye.
    pub fn release(&self, handle: u64) {
        self.handles.set(self.handles.get() - 1);
        let last = self.handles.get() == 0;
        if self.ask(Kernel::in_batch) && (last || self.began.get() == handle) {
            // It has begun, so it can be rolled back.
            let _ = self.with(Kernel::roll_back);
        }
        if !last {
            return;
        }
        let time = self.time.get();
        if let Some(hosted) = &mut *self.machines.borrow_mut() {
            hosted.close(self, time);
        }
        self.with(|kernel| {
            kernel.end_owners(time.unix_ms);
            kernel.advance(time);
            kernel.leave();
        });
        self.watchers.list_all().iter().for_each(|watched| self.end_watcher(watched.id));
    }

    pub fn is_ready(&self) -> bool {
        self.ready.get()
    }

    /// The oldest reports.
    pub fn take_reports(&self, max: usize) -> Vec<Error> {
        let mut reports = self.reports.borrow_mut();
        let count = max.min(reports.len());
        reports.drain(..count).collect()
    }

    pub fn report(&self, error: Error) {
        let mut reports = self.reports.borrow_mut();
        if reports.len() >= REPORTS_MAX {
            reports.pop_front();
        }
        reports.push_back(error);
    }
}

fn within(what: &str, ms: u64) -> Result<u64, Error> {
    if ms > TIME_MS_MAX {
        return Err(Error::new(Code::InvalidArgument, format!("{what} is at most {TIME_MS_MAX}, not {ms}")));
    }
    Ok(ms)
}
