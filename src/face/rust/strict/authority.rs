//! The authority behind the handles of one session, and who waits for it.

use super::super::core::Core;
use super::watch::Watchers;
use crate::error::{Code, Error};
use crate::kernel::Limits;
use crate::kernel::authority::{self, OWN, within_limits};
use crate::replica::clock::Session;
use crate::replica::strict::claim::OWNER_BYTES_MAX;
use crate::replica::strict::decide::Decision;
use crate::replica::strict::memory::Memory;
use crate::replica::strict::outcome::Outcome;
use crate::replica::strict::proposal::Action;
use crate::value::Value;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};
use std::task::Waker;
use std::time::Duration;

pub(in crate::face::rust) struct Authority {
    decider: RefCell<authority::Authority>,
    /// The documents. Their records have only how many bytes they take: nothing is encoded to be stored, nor decoded to
    /// be read.
    values: RefCell<BTreeMap<Rc<str>, Value>>,
    waiting: RefCell<Vec<Weak<Waiter>>>,
    /// Whom new versions are told.
    pub(super) watchers: Watchers,
}

/// One that waits for a lease.
pub(super) struct Waiter {
    pub(super) key: Rc<str>,
    pub(super) owner: Rc<str>,
    /// Set when it waits no longer: the fence, or nothing if its time was over.
    pub(super) result: Cell<Option<Option<u64>>>,
    pub(super) waker: RefCell<Option<Waker>>,
}

impl Authority {
    pub(in crate::face::rust) fn new(unix_ms: u64, limits: &Limits) -> Self {
        let decider = RefCell::new(authority::Authority::new(unix_ms, limits));
        Self { decider, values: RefCell::default(), waiting: RefCell::default(), watchers: Watchers::default() }
    }

    /// Works with what is stored. What is passed must run nobody else's code.
    pub(super) fn read<T>(&self, work: impl FnOnce(&Memory) -> T) -> T {
        work(self.decider.borrow().memory())
    }

    /// Why a change would be refused, whatever it makes of the document.
    pub(super) fn refusal(&self, key: &str, expect: Option<u64>, fence: Option<u64>) -> Option<Outcome> {
        self.decider.borrow().refusal(key, expect, fence)
    }

    pub(super) fn value(&self, key: &str) -> Option<Value> {
        self.values.borrow().get(key).cloned()
    }

    /// The version of a name and its document; nothing if it is unknown, because it never was or is forgotten.
    pub(super) fn standing(&self, key: &str) -> Option<(u64, Option<Value>)> {
        let version = self.read(|memory| memory.record(key).map(|record| record.version))?;
        Some((version, self.value(key)))
    }

    fn keep(&self, key: &Rc<str>, value: Option<Value>) {
        let mut values = self.values.borrow_mut();
        match value {
            Some(value) => drop(values.insert(key.clone(), value)),
            None => drop(values.remove(key)),
        }
        drop(values);
        self.watchers.changed(key);
    }

    pub(super) fn wait(&self, waiter: &Rc<Waiter>) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.retain(|other| other.strong_count() > 0);
        waiting.push(Rc::downgrade(waiter));
    }

    /// Finds out who waits no longer.
    fn settled(&self, decisions: &[Decision]) -> Vec<Waker> {
        let changed = |waiter: &Waiter| decisions.iter().any(|decision| decision.records.contains(&waiter.key));
        let mut wakers = Vec::new();
        let decider = self.decider.borrow();
        let memory = decider.memory();
        for waiter in self.waiting.borrow().iter().filter_map(Weak::upgrade) {
            if waiter.result.get().is_some() || !changed(&waiter) {
                continue;
            }
            let record = memory.record(&waiter.key);
            if record.is_some_and(|record| record.place(OWN, &waiter.owner).is_some()) {
                continue;
            }
            let holder = record.and_then(|record| record.holder(OWN, &waiter.owner));
            waiter.result.set(Some(holder.map(|claim| claim.fence)));
            wakers.extend(waiter.waker.take());
        }
        wakers
    }
}

impl Core {
    /// The authority, where there is one.
    pub(super) fn authority(&self) -> Result<&Authority, Error> {
        let none = || {
            let detail = format!("the hall {:?} is shared, and its sessions have no common authority here", self.name);
            Error::new(Code::NoAuthority, detail)
        };
        self.authority.as_ref().ok_or_else(none)
    }

    /// Has the authority decide, and wakes whoever waited for it.
    pub(super) fn decide(&self, key: &Rc<str>, action: Action) -> Result<Outcome, Error> {
        let authority = self.authority()?;
        let decision = authority.decider.borrow_mut().decide(self.unix_ms(), key, action)?;
        let outcome = decision.outcome.clone();
        self.wake_settled(authority, &[decision]);
        within_limits(outcome)
    }

    /// Has the authority decide what a document is to be: `value`, or gone.
    ///
    /// Shape:  whoever is woken or told by it finds the new document with the new version.
    pub(super) fn decide_document(
        &self,
        key: &Rc<str>,
        action: Action,
        value: Option<Value>,
    ) -> Result<Outcome, Error> {
        let authority = self.authority()?;
        let decision = authority.decider.borrow_mut().decide(self.unix_ms(), key, action)?;
        let outcome = decision.outcome.clone();
        let committed = matches!(outcome, Outcome::Committed { .. });
        if committed {
            authority.keep(key, value);
        }
        self.wake_settled(authority, &[decision]);
        if committed {
            self.dispatch();
        }
        within_limits(outcome)
    }

    /// Lets time pass for leases.
    pub(in crate::face::rust) fn advance_leases(&self, unix_ms: u64) {
        let Some(authority) = &self.authority else { return };
        let decisions = authority.decider.borrow_mut().advance(unix_ms);
        self.wake_settled(authority, &decisions);
    }

    /// In how long a lease is over.
    pub(in crate::face::rust) fn next_lease(&self, unix_ms: u64) -> Option<Duration> {
        self.authority.as_ref()?.decider.borrow().next_wake(unix_ms).map(Duration::from_millis)
    }

    /// Wakes everybody who waits for a lease: a handle is closed.
    pub(in crate::face::rust) fn wake_waiting(&self) {
        let Some(authority) = &self.authority else { return };
        let waiters: Vec<_> = authority.waiting.borrow().iter().filter_map(Weak::upgrade).collect();
        let wakers: Vec<_> = waiters.iter().filter_map(|waiter| waiter.waker.take()).collect();
        for waker in wakers {
            self.isolate("a waker", || waker.wake());
        }
    }

    /// What an owner holds or waits for goes to the next in line.
    pub(in crate::face::rust) fn end_leases(&self, owner: &str) {
        // No other name can have a lease.
        if self.authority.is_some() && (1..=OWNER_BYTES_MAX).contains(&owner.len()) {
            // Nothing of this can be refused.
            let _ = self.decide(&"".into(), Action::End { of: OWN, owner: Some(owner.into()) });
        }
    }

    fn wake_settled(&self, authority: &Authority, decisions: &[Decision]) {
        for waker in authority.settled(decisions) {
            self.isolate("a waker", || waker.wake());
        }
    }
}

pub(super) const fn own() -> Session {
    OWN
}
