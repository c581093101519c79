//! Contexts and leases as a host holds them: a name is text, a lease its fence.

use super::documents::{Asked, Changes, Context, Guard, Lease};
use super::session::Session;
use statehall::state::patch::{Inapplicable, Reason};
use statehall::{Acquire, Commit, ContextChange, ContextRecord, Error, Holder, Mode, Value};
use statehall_component_tests::values::{value_in, value_out};
use statehall_component_tests::{Kernel, contexts, types};
use std::rc::Rc;
use wasmtime::component::ResourceAny;
use wasmtime::{Store, StoreLimits};

/// A context of a hall whose handle lives at least as long.
#[derive(Clone)]
pub struct Document {
    pub session: Rc<Session>,
    pub hall: ResourceAny,
    pub agent: Rc<str>,
    pub key: String,
}

/// A lease of it.
pub struct Claim {
    document: Document,
    owner: String,
    fence: u64,
}

type Ask<T> = wasmtime::Result<Result<T, types::Error>>;

impl Document {
    fn ask<T>(
        &self,
        ask: impl FnOnce(&contexts::Guest, &mut Store<StoreLimits>, ResourceAny, &str, u64) -> Ask<T>,
    ) -> Result<T, Error> {
        let now_ms = self.session.unix_ms();
        let ask =
            |store: &mut _, kernel: &Kernel| ask(kernel.statehall_hall_contexts(), store, self.hall, &self.key, now_ms);
        self.session.try_call(ask)
    }

    fn standing(&self, owner: &str) -> Result<contexts::Claim, Error> {
        self.ask(|guest, store, hall, key, now_ms| guest.call_standing(store, hall, key, owner, now_ms))
    }
}

impl Context for Document {
    type Lease = Claim;

    fn get(&self) -> Result<Option<ContextRecord>, Error> {
        let found = self.ask(|guest, store, hall, key, now_ms| guest.call_get(store, hall, key, now_ms))?;
        Ok(found.map(record_out))
    }

    fn create(&self, value: Value, lease: Option<&Claim>) -> Result<Commit, Error> {
        let (value, fence) = (value_in(&value), lease.map(|lease| lease.fence));
        self.ask(|guest, store, hall, key, now_ms| guest.call_create(store, hall, key, &value, fence, now_ms))
            .map(commit_out)
    }

    fn replace(&self, value: Value, guard: Guard<'_, Claim>) -> Result<Commit, Error> {
        let (value, guard) = (value_in(&value), guard_in(&guard));
        self.ask(|guest, store, hall, key, now_ms| guest.call_replace(store, hall, key, &value, guard, now_ms))
            .map(commit_out)
    }

    fn patch(&self, patch: &Value, guard: Guard<'_, Claim>) -> Result<Commit, Error> {
        let (patch, guard) = (value_in(patch), guard_in(&guard));
        self.ask(|guest, store, hall, key, now_ms| guest.call_patch(store, hall, key, &patch, guard, now_ms))
            .map(commit_out)
    }

    fn merge(&self, patch: &Value, guard: Guard<'_, Claim>) -> Result<Commit, Error> {
        let (patch, guard) = (value_in(patch), guard_in(&guard));
        self.ask(|guest, store, hall, key, now_ms| guest.call_merge(store, hall, key, &patch, guard, now_ms))
            .map(commit_out)
    }

    fn delete(&self, guard: Guard<'_, Claim>) -> Result<Commit, Error> {
        let guard = guard_in(&guard);
        self.ask(|guest, store, hall, key, now_ms| guest.call_delete(store, hall, key, guard, now_ms)).map(commit_out)
    }

    fn lock(&self, owner: &str) -> Result<Option<bool>, Error> {
        self.ask(|guest, store, hall, key, now_ms| guest.call_lock(store, hall, key, owner, now_ms))
    }

    fn unlock(&self, owner: &str) -> Result<Option<bool>, Error> {
        self.ask(|guest, store, hall, key, now_ms| guest.call_unlock(store, hall, key, owner, now_ms))
    }

    fn acquire(&self, options: Acquire) -> Result<Asked<Claim>, Error> {
        let owner: String = options.owner.as_deref().unwrap_or(&self.agent).into();
        let asked = contexts::AcquireOptions {
            owner: options.owner.as_deref().map(Into::into),
            mode: if options.mode == Mode::Shared { contexts::Mode::Shared } else { contexts::Mode::Exclusive },
            ttl_ms: options.ttl_ms,
            wait: match (options.wait, options.wait_ms) {
                (_, Some(ms)) => contexts::Wait::Ms(ms),
                (true, None) => contexts::Wait::Always,
                (false, None) => contexts::Wait::No,
            },
        };
        let acquired =
            self.ask(|guest, store, hall, key, now_ms| guest.call_acquire(store, hall, key, &asked, now_ms))?;
        let document = self.clone();
        Ok(match acquired {
            contexts::Acquired::Held(holder) => Asked::Held(holder_out(holder)),
            contexts::Acquired::Granted(fence) => Asked::Granted(Claim { document, owner, fence }),
            contexts::Acquired::Queued(place) => {
                assert!(place > 0, "places are counted from 1");
                Asked::Waiting(Place { document, owner, taken: false }.into_wait())
            }
        })
    }

    fn holders(&self) -> Result<(Vec<Holder>, Vec<Rc<str>>), Error> {
        let claims = self.ask(|guest, store, hall, key, now_ms| guest.call_holders(store, hall, key, now_ms))?;
        let waiters = claims.waiters.into_iter().map(Into::into).collect();
        Ok((claims.holders.into_iter().map(holder_out).collect(), waiters))
    }

    fn force_release(&self, reason: &str) -> Result<bool, Error> {
        self.ask(|guest, store, hall, key, now_ms| guest.call_force_release(store, hall, key, reason, now_ms))
    }

    fn watch(&self, initial: bool) -> Result<Changes, Error> {
        let watcher =
            self.ask(|guest, store, hall, key, now_ms| guest.call_watch(store, hall, key, initial, now_ms))?;
        let follower = Follower { document: self.clone(), watcher };
        Ok(Box::new(move || std::iter::from_fn(|| follower.take()).collect()))
    }
}

/// A watch, which its host ends when it drops it.
struct Follower {
    document: Document,
    watcher: ResourceAny,
}

impl Follower {
    fn take(&self) -> Option<ContextChange> {
        let watcher = self.watcher;
        let taken = self
            .document
            .session
            .call(|store, kernel| kernel.statehall_hall_contexts().document_watcher().call_take(store, watcher));
        let contexts::DocumentChange { version, value, initial } = taken?;
        let id = self.document.key.as_str().into();
        Some(ContextChange { id, version, value: value.map(value_out), initial })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let watcher = self.watcher;
            self.document.session.call(|store, _| watcher.resource_drop(store));
        }
    }
}

impl Lease for Claim {
    fn fence(&self) -> u64 {
        self.fence
    }

    fn is_held(&self) -> bool {
        matches!(self.document.standing(&self.owner), Ok(contexts::Claim::Held(fence)) if fence == self.fence)
    }

    fn renew(&self, ttl_ms: Option<u64>) -> Result<bool, Error> {
        let fence = self.fence;
        self.document.ask(|guest, store, hall, key, now_ms| guest.call_renew(store, hall, key, fence, ttl_ms, now_ms))
    }

    fn release(self) -> Result<bool, Error> {
        let (owner, fence) = (&self.owner, Some(self.fence));
        self.document.ask(|guest, store, hall, key, now_ms| guest.call_release(store, hall, key, owner, fence, now_ms))
    }
}

/// A place in a queue, which its host gives up when it drops it.
struct Place {
    document: Document,
    owner: String,
    taken: bool,
}

impl Place {
    fn into_wait(mut self) -> super::documents::Wait<Claim> {
        Box::new(move || self.poll())
    }

    fn poll(&mut self) -> Option<Option<Claim>> {
        let result = match self.document.standing(&self.owner).expect("the hall is open") {
            contexts::Claim::Waiting(_) => return None,
            contexts::Claim::None => None,
            contexts::Claim::Held(fence) => {
                Some(Claim { document: self.document.clone(), owner: self.owner.clone(), fence })
            }
        };
        self.taken = true;
        Some(result)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.taken || std::thread::panicking() {
            return;
        }
        let owner = &self.owner;
        // A hall that is closed has given everything up.
        let _ = self
            .document
            .ask(|guest, store, hall, key, now_ms| guest.call_release(store, hall, key, owner, None, now_ms));
    }
}

fn guard_in(guard: &Guard<'_, Claim>) -> contexts::Guard {
    match guard {
        Guard::Any => contexts::Guard::Any,
        Guard::Expect(version) => contexts::Guard::Expect(*version),
        Guard::Under(lease) => contexts::Guard::Under(lease.fence),
    }
}

fn commit_out(commit: contexts::Commit) -> Commit {
    let current = |current: contexts::Current| (current.version, value_out(current.value));
    match commit {
        contexts::Commit::Committed(version) => Commit::Committed { version },
        contexts::Commit::Missing => Commit::Missing,
        contexts::Commit::Exists(now) => {
            let (version, value) = current(now);
            Commit::Exists { version, value }
        }
        contexts::Commit::Conflict(now) => {
            let (version, value) = current(now);
            Commit::Conflict { version, value }
        }
        contexts::Commit::Held(holder) => Commit::Held(holder_out(holder)),
        contexts::Commit::LeaseLost(lost) => {
            Commit::LeaseLost { holder: lost.holder.map(holder_out), reason: lost.reason.map(Into::into) }
        }
        contexts::Commit::Inapplicable(why) => Commit::Inapplicable(Inapplicable {
            operation: why.operation as usize,
            path: why.path,
            reason: match why.reason {
                contexts::Mismatch::Missing => Reason::Missing,
                contexts::Mismatch::NotContainer => Reason::NotContainer,
                contexts::Mismatch::NotPlace => Reason::NotPlace,
                contexts::Mismatch::TestFailed => Reason::TestFailed,
                contexts::Mismatch::IntoItself => Reason::IntoItself,
                contexts::Mismatch::Whole => Reason::Whole,
            },
        }),
    }
}

fn holder_out(holder: contexts::Holder) -> Holder {
    let mode = match holder.mode {
        contexts::Mode::Exclusive => Mode::Exclusive,
        contexts::Mode::Shared => Mode::Shared,
    };
    Holder { owner: holder.owner.into(), fence: holder.fence, mode, deadline_ms: holder.deadline_ms }
}

/// A document as it was read.
pub fn record_out(document: contexts::Document) -> ContextRecord {
    ContextRecord {
        id: document.key.into(),
        version: document.version,
        data: value_out(document.value),
        locked_by: document.locked_by.map(Into::into),
        created_ms: Some(document.created_ms),
        updated_ms: Some(document.updated_ms),
    }
}
