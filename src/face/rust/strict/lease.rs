//! Leases: who may change a context, until when, and who is next.

use super::authority::{Waiter, own};
use super::context::{Context, Holder};
use crate::error::Error;
use crate::replica::strict::claim::Claim;
use crate::replica::strict::outcome::Outcome;
use crate::replica::strict::proposal::{Action, Wait};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context as TaskContext, Poll};

pub use crate::replica::strict::claim::Mode;

/// How a lease is asked for.
#[derive(Clone, Debug, Default)]
pub struct Acquire {
    /// For whom; the agent of the handle unless given. When it ends ([`Hall::end`](super::super::Hall::end)), the lease does.
    pub owner: Option<Rc<str>>,
    /// Alone, or beside others who share it.
    pub mode: Mode,
    /// For how many milliseconds from the grant; until it is given back unless given.
    pub ttl_ms: Option<u64>,
    /// Wait in line if somebody holds it.
    pub wait: bool,
    /// For how many milliseconds at most.
    pub wait_ms: Option<u64>,
}

/// What became of asking for a lease.
#[derive(Debug)]
#[must_use = "a lease that is dropped is given back"]
pub enum Acquired {
    /// It is held.
    Lease(Lease),
    /// It is waited for: a future.
    Waiting(Waiting),
    /// Somebody else holds it.
    Held(Holder),
}

impl Context {
    /// Asks for a lease of this name. There need not be a document.
    ///
    /// Shape:  first in, first out. An owner that holds it already gets more time. Who holds it
    ///         exclusively writes with its lease, and nobody else writes.
    /// Errors: `invalid-argument` for an owner without a name or a time of 0 or above a thousand
    ///         years; `limit`; `closed`, also for an owner that was opened and has ended.
    pub fn acquire(&self, options: Acquire) -> Result<Acquired, Error> {
        let owner = options.owner.unwrap_or_else(|| self.hall.origin().clone());
        let wait = match (options.wait, options.wait_ms) {
            (_, Some(ms)) => Wait::Ms(ms),
            (true, None) => Wait::Always,
            (false, None) => Wait::No,
        };
        let (mode, ttl_ms) = (options.mode, options.ttl_ms);
        let core = self.hall.core()?;
        core.use_owner(&owner)?;
        let action = Action::Acquire { owner: owner.clone(), mode, ttl_ms, wait, existing: false };
        let outcome = core.decide(&self.key, action)?;
        if let Outcome::Held { holder, .. } = &outcome {
            return Ok(Acquired::Held(holder.into()));
        }
        let granted = if let Outcome::Granted { fence, .. } = outcome { Some(Some(fence)) } else { None };
        if let Some(Some(fence)) = granted {
            return Ok(Acquired::Lease(Lease { context: self.clone(), owner, fence, kept: false }));
        }
        let (result, waker) = (Cell::new(granted), RefCell::default());
        let waiter = Rc::new(Waiter { key: self.key.clone(), owner, result, waker });
        core.authority()?.wait(&waiter);
        Ok(Acquired::Waiting(Waiting { context: self.clone(), waiter, taken: false }))
    }

    /// Who holds it, and who waits, the next one first.
    ///
    /// Errors: `closed`.
    pub fn holders(&self) -> Result<(Vec<Holder>, Vec<Rc<str>>), Error> {
        let core = self.hall.core()?;
        core.advance_leases(core.unix_ms());
        Ok(core.authority()?.read(|memory| {
            let Some(record) = memory.record(&self.key) else { return Default::default() };
            let owner = |claim: &Claim| claim.owner.clone();
            (record.holders.iter().map(Into::into).collect(), record.waiters.iter().map(owner).collect())
        }))
    }

    /// Takes the lease away from whoever holds it, and says why. True if somebody did.
    ///
    /// Errors: `invalid-argument` for a reason of more than 1,024 bytes; `closed`.
    pub fn force_release(&self, reason: &str) -> Result<bool, Error> {
        let outcome = self.hall.core()?.decide(&self.key, Action::Break { fence: None, reason: reason.into() })?;
        Ok(outcome == Outcome::Released { found: true })
    }
}

/// A lease that is held, until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it gives the lease back"]
pub struct Lease {
    context: Context,
    owner: Rc<str>,
    fence: u64,
    kept: bool,
}

impl Lease {
    /// The number of the grant: it grows from one to the next.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// For whom it is held.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Whether it is held now. A moment later it may not be: a write under it finds out.
    pub fn is_held(&self) -> bool {
        let Ok((holders, _)) = self.context.holders() else { return false };
        holders.iter().any(|holder| holder.fence == self.fence)
    }

    /// Gives it its time anew, or another one. False if it is not held any more.
    ///
    /// Errors: `invalid-argument` for a time of 0 or above a thousand years; `closed`.
    pub fn renew(&self, ttl_ms: Option<u64>) -> Result<bool, Error> {
        let action = Action::Renew { fence: self.fence, ttl_ms };
        Ok(self.context.hall.core()?.decide(&self.context.key, action)?.is_done())
    }

    /// Gives it back. False if it was not held any more.
    ///
    /// Errors: `closed`.
    pub fn release(mut self) -> Result<bool, Error> {
        self.kept = true;
        self.give_back()
    }

    /// Lets it last until its time is over or its owner ends.
    pub fn forever(mut self) {
        self.kept = true;
    }

    fn give_back(&self) -> Result<bool, Error> {
        let action = Action::Release { owner: self.owner.clone(), fence: Some(self.fence), existing: false };
        let outcome = self.context.hall.core()?.decide(&self.context.key, action)?;
        Ok(outcome == Outcome::Released { found: true })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.kept {
            // A hall that is closed has given everything back.
            let _ = self.give_back();
        }
    }
}

/// A place in the queue, until it is dropped: a future of the lease; of `None` if the time to wait was over.
#[must_use = "dropping it gives the place up"]
pub struct Waiting {
    context: Context,
    waiter: Rc<Waiter>,
    taken: bool,
}

impl Waiting {
    /// The place in the queue; 1 is the next. `None` if it waits no longer.
    pub fn place(&self) -> Option<u64> {
        let core = self.context.hall.core().ok()?;
        let authority = core.authority().ok()?;
        authority.read(|memory| memory.record(&self.context.key)?.place(own(), &self.waiter.owner))
    }
}

impl std::fmt::Debug for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiting").field("owner", &self.waiter.owner).field("place", &self.place()).finish()
    }
}

impl Future for Waiting {
    type Output = Option<Lease>;

    fn poll(mut self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let Some(result) = self.waiter.result.get() else {
            if self.context.hall.is_closed() {
                return Poll::Ready(None);
            }
            let waker = Some(task.waker().clone());
            drop(self.waiter.waker.replace(waker));
            return Poll::Pending;
        };
        self.taken = true;
        let (context, owner) = (self.context.clone(), self.waiter.owner.clone());
        Poll::Ready(result.map(|fence| Lease { context, owner, fence, kept: false }))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.taken {
            return;
        }
        // It may have been granted meanwhile, and nobody will take it.
        let action = Action::Release { owner: self.waiter.owner.clone(), fence: None, existing: false };
        if let Ok(core) = self.context.hall.core() {
            let _ = core.decide(&self.context.key, action);
        }
    }
}
