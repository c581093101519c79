//! A context: a versioned document.

use super::super::{Hall, IntoKey};
use super::lease::{Lease, Mode};
use super::record::ContextRecord;
use crate::error::{Code, Error};
use crate::replica::strict::claim::Claim;
use crate::replica::strict::outcome::Outcome;
use crate::replica::strict::proposal::{Action, Wait};
use crate::replica::strict::record::{Record, kept_outside};
use crate::state::growth::growth;
use crate::state::patch::{Inapplicable, Refused, json_patch, merge_patch};
use crate::value::Value;
use std::rc::Rc;

/// A versioned document of a hall, and whoever holds it. Made by [`Hall::context`].
///
/// Shape:  a change names the version that it replaces, or is made under a lease. Versions count
///         from 1, and never come again, not even after a delete.
///
/// ```
/// use statehall::{Commit, Guard, Hall, Options, Value};
/// let hall = Hall::open(Options::default())?;
/// let plan = hall.context("plan")?;
/// assert_eq!(plan.create(Value::from([("step", 1.into())]))?, Commit::Committed { version: 1 });
/// let patch = Value::from(vec![Value::from([("op", "replace".into()), ("path", "/step".into()), ("value", 2.into())])]);
/// assert_eq!(plan.patch(&patch, 1)?, Commit::Committed { version: 2 });
/// // Somebody who has read version 1 is told what there is now, and loses nobody's update.
/// let now = Value::from([("step", 2.into())]);
/// assert_eq!(plan.replace("mine", 1)?, Commit::Conflict { version: 2, value: now });
/// # Ok::<(), statehall::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    pub(super) hall: Hall,
    pub(super) key: Rc<str>,
}

/// What a change relies on.
#[derive(Clone, Copy, Debug, Default)]
pub enum Guard<'a> {
    /// Nothing: for a delete, and for a patch, which then changes what is there now.
    #[default]
    Any,
    /// This version is there.
    Expect(u64),
    /// This lease is held.
    Under(&'a Lease),
}

impl From<u64> for Guard<'_> {
    fn from(version: u64) -> Self {
        Self::Expect(version)
    }
}

impl<'a> From<&'a Lease> for Guard<'a> {
    fn from(lease: &'a Lease) -> Self {
        Self::Under(lease)
    }
}

/// What became of a change. Whatever is not `Committed` has changed nothing.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a change may not have been made"]
pub enum Commit {
    /// It is made.
    Committed {
        /// The version now.
        version: u64,
    },
    /// There is no such document.
    Missing,
    /// There is one already.
    Exists {
        /// Its version.
        version: u64,
        /// What it is.
        value: Value,
    },
    /// It has another version.
    Conflict {
        /// Which.
        version: u64,
        /// What it is.
        value: Value,
    },
    /// Somebody holds it.
    Held(Holder),
    /// The lease is not held any more.
    LeaseLost {
        /// Who holds it instead.
        holder: Option<Holder>,
        /// Why it was taken away, if somebody did.
        reason: Option<Rc<str>>,
    },
    /// An operation of the patch does not apply.
    Inapplicable(Inapplicable),
}

impl Commit {
    /// Whether the change is made.
    pub fn is_committed(&self) -> bool {
        matches!(self, Self::Committed { .. })
    }
}

/// Who holds a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The owner.
    pub owner: Rc<str>,
    /// The number of the grant.
    pub fence: u64,
    /// Alone or beside others.
    pub mode: Mode,
    /// Until when, in Unix milliseconds; without an end until it is given back.
    pub deadline_ms: Option<u64>,
}

impl From<&Claim> for Holder {
    fn from(claim: &Claim) -> Self {
        Self { owner: claim.owner.clone(), fence: claim.fence, mode: claim.mode, deadline_ms: claim.until_ms }
    }
}

impl Hall {
    /// The context of a name, whether or not it has a document.
    ///
    /// Errors: `invalid-key`, `limit`, `closed`; `no-authority` for a shared hall.
    pub fn context(&self, key: impl IntoKey) -> Result<Context, Error> {
        let core = self.core()?;
        core.authority()?;
        let key = key.into_key()?;
        core.with(|kernel| kernel.check_key(&key))?;
        Ok(Context { hall: self.clone(), key: key.text().into() })
    }

    /// All documents, in the order in which they were created.
    ///
    /// Errors: `closed`, `no-authority`.
    pub fn contexts(&self) -> Result<Vec<ContextRecord>, Error> {
        let core = self.core()?;
        let authority = core.authority()?;
        core.advance_leases(core.unix_ms());
        Ok(authority.read(|memory| {
            let documents = memory.documents().into_iter();
            documents.map(|(key, record)| ContextRecord::of(key, record, authority.value(key))).collect()
        }))
    }

    /// Deletes all documents that nobody holds; returns how many those were.
    ///
    /// Errors: `closed`, `no-authority`.
    pub fn clear_contexts(&self) -> Result<u64, Error> {
        let mut cleared = 0;
        for record in self.contexts()? {
            let context = Context { hall: self.clone(), key: record.id };
            cleared += u64::from(context.delete(Guard::Any)?.is_committed());
        }
        Ok(cleared)
    }
}

impl Context {
    /// The name.
    pub fn id(&self) -> &str {
        &self.key
    }

    /// The document with everything known about it. What is returned is the caller's own.
    ///
    /// Errors: `closed`.
    pub fn get(&self) -> Result<Option<ContextRecord>, Error> {
        let core = self.hall.core()?;
        let authority = core.authority()?;
        core.advance_leases(core.unix_ms());
        Ok(authority.read(|memory| {
            let record = memory.record(&self.key).filter(|record| record.value.is_some())?;
            Some(ContextRecord::of(&self.key, record, authority.value(&self.key)))
        }))
    }

    /// Makes the document.
    ///
    /// Errors: `limit`, `closed`.
    pub fn create(&self, value: impl Into<Value>) -> Result<Commit, Error> {
        self.create_if(value.into(), None)
    }

    /// Makes the document under a lease of its name.
    ///
    /// Errors: `limit`, `closed`.
    pub fn create_under(&self, value: impl Into<Value>, lease: &Lease) -> Result<Commit, Error> {
        self.create_if(value.into(), Some(self.fence(lease)?))
    }

    /// Replaces the document.
    ///
    /// Shape:  checked in this order: whether it is there, who holds it, its version.
    /// Errors: `limit`, `closed`; `invalid-argument` for `Guard::Any`, and for a lease of another context.
    pub fn replace<'a>(&self, value: impl Into<Value>, guard: impl Into<Guard<'a>>) -> Result<Commit, Error> {
        let (expect, fence) = self.relied_on(guard.into())?;
        self.write(value.into(), |value| Action::Replace { value, expect, fence })
    }

    /// Changes a part of the document by a JSON Patch (RFC 6902): all of it, or nothing.
    ///
    /// Errors: `invalid-argument` for what is no patch; else as [`Context::replace`].
    pub fn patch<'a>(&self, patch: &Value, guard: impl Into<Guard<'a>>) -> Result<Commit, Error> {
        let bytes_max = self.hall.core()?.with(|kernel| kernel.limits().value_bytes);
        self.change(guard.into(), |value| json_patch(value, patch, bytes_max))
    }

    /// Changes a part of the document by a merge patch (RFC 7396).
    ///
    /// Errors: as [`Context::replace`].
    pub fn merge<'a>(&self, patch: &Value, guard: impl Into<Guard<'a>>) -> Result<Commit, Error> {
        self.change(guard.into(), |value| merge_patch(value, patch).map_err(Refused::Mistaken))
    }

    /// Deletes the document. What others hold is not deleted; who holds it goes on holding it.
    ///
    /// Errors: `closed`; `invalid-argument` for a lease of another context.
    pub fn delete<'a>(&self, guard: impl Into<Guard<'a>>) -> Result<Commit, Error> {
        let (expect, fence) = self.relied_on(guard.into())?;
        let core = self.hall.core()?;
        self.commit(core.decide_document(&self.key, Action::Delete { expect, fence }, None)?)
    }

    /// Locks the document for an owner, without an end: true if it holds it now, also if it did
    /// already; false if another does; `None` if there is no document.
    ///
    /// Errors: `invalid-argument` for an owner without a name; `limit`, `closed`.
    pub fn lock(&self, owner: &str) -> Result<Option<bool>, Error> {
        self.hall.core()?.use_owner(owner)?;
        let (owner, mode) = (owner.into(), Mode::Exclusive);
        let action = Action::Acquire { owner, mode, ttl_ms: None, wait: Wait::No, existing: true };
        Ok(match self.hall.core()?.decide(&self.key, action)? {
            Outcome::Missing => None,
            outcome => Some(outcome.is_done()),
        })
    }

    /// Gives the lock back: true if the owner held it; `None` if there is no document.
    ///
    /// Errors: `invalid-argument` for an owner without a name; `closed`.
    pub fn unlock(&self, owner: &str) -> Result<Option<bool>, Error> {
        let action = Action::Release { owner: owner.into(), fence: None, existing: true };
        Ok(match self.hall.core()?.decide(&self.key, action)? {
            Outcome::Missing => None,
            outcome => Some(outcome == Outcome::Released { found: true }),
        })
    }

    fn create_if(&self, value: Value, fence: Option<u64>) -> Result<Commit, Error> {
        self.write(value, |value| Action::Create { value, fence })
    }

    /// Has a document written.
    fn write(&self, value: Value, action: impl FnOnce(Rc<[u8]>) -> Action) -> Result<Commit, Error> {
        let bytes = value.encoded_bytes(self.depth_max()?)?;
        self.write_measured(value, bytes, action)
    }

    /// Has a document of so many bytes written.
    fn write_measured(
        &self,
        value: Value,
        bytes: u64,
        action: impl FnOnce(Rc<[u8]>) -> Action,
    ) -> Result<Commit, Error> {
        let action = action(kept_outside(bytes));
        self.commit(self.hall.core()?.decide_document(&self.key, action, Some(value))?)
    }

    fn depth_max(&self) -> Result<usize, Error> {
        Ok(self.hall.core()?.with(|kernel| kernel.limits().value_depth) as usize)
    }

    /// Makes a new document of the one that is there, and replaces that very one.
    fn change(&self, guard: Guard<'_>, make: impl FnOnce(&Value) -> Result<Value, Refused>) -> Result<Commit, Error> {
        let (expect, fence) = self.relied_on(guard)?;
        let Some(now) = self.get()? else { return Ok(Commit::Missing) };
        let expect = expect.or(Some(now.version));
        let changed = match make(&now.data) {
            Ok(changed) => changed,
            Err(Refused::Mistaken(error)) => return Err(error),
            // Who holds the document, and which version there is, come first.
            Err(Refused::Inapplicable(why)) => {
                let refusal = self.hall.core()?.authority()?.refusal(&self.key, expect, fence);
                return refusal.map_or(Ok(Commit::Inapplicable(why)), |outcome| self.commit(outcome));
            }
        };
        // What the change has left as it was is not measured again.
        let bytes = self.hall.core()?.authority()?.read(|memory| memory.record(&self.key).map_or(0, Record::bytes));
        let bytes = bytes.saturating_add_signed(growth(&now.data, &changed, self.depth_max()?)?);
        self.write_measured(changed, bytes, |value| Action::Replace { value, expect, fence })
    }

    fn relied_on(&self, guard: Guard<'_>) -> Result<(Option<u64>, Option<u64>), Error> {
        Ok(match guard {
            Guard::Any => (None, None),
            Guard::Expect(version) => (Some(version), None),
            Guard::Under(lease) => (None, Some(self.fence(lease)?)),
        })
    }

    fn fence(&self, lease: &Lease) -> Result<u64, Error> {
        if lease.context().key != self.key {
            let detail = format!("a lease of {:?} is none of {:?}", lease.context().key, self.key);
            return Err(Error::new(Code::InvalidArgument, detail));
        }
        Ok(lease.fence())
    }

    fn commit(&self, outcome: Outcome) -> Result<Commit, Error> {
        let value = || {
            let authority = self.hall.core()?.authority()?;
            Ok::<_, Error>(authority.value(&self.key).unwrap_or_default())
        };
        Ok(match outcome {
            Outcome::Committed { version } => Commit::Committed { version },
            Outcome::Exists { version, .. } => Commit::Exists { version, value: value()? },
            Outcome::Conflict { version, .. } => Commit::Conflict { version, value: value()? },
            Outcome::Held { holder, .. } => Commit::Held((&holder).into()),
            Outcome::FenceLost { holder, reason } => {
                Commit::LeaseLost { holder: holder.as_ref().map(Into::into), reason }
            }
            _ => Commit::Missing,
        })
    }
}
