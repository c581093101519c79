//! `interface contexts`: versioned documents and leases.

use super::Component;
use super::convert::{value_in, value_out};
use super::document_watcher::{self, DocumentWatcher};
use super::hall::Hall;
use super::held::Held;
use super::session::Session;
use super::wit::contexts::{self as wit, HallBorrow};
use super::wit::contexts::{
    AcquireOptions, Acquired, Claim, Claims, Commit, Current, Document, Guard, Guest, Holder, Inapplicable, Lost,
    Mismatch, Mode, Wait,
};
use super::wit::types::{self, Value};
use crate::codec::parse_value;
use crate::error::Error;
use crate::kernel::authority::{OWN, within_limits};
use crate::key::Key;
use crate::replica::strict::claim;
use crate::replica::strict::outcome::Outcome;
use crate::replica::strict::proposal::{self, Action};
use crate::replica::strict::record::Record;
use crate::state::patch::{self, Reason, Refused, json_patch, merge_patch};
use crate::value::{self, Stored};
use std::rc::Rc;

pub type Answer<T> = Result<T, types::Error>;

/// One name of a hall, at one moment.
pub struct Named<'a> {
    session: &'a Session,
    key: Rc<str>,
    unix_ms: u64,
}

/// Does something with one name.
pub fn on<T>(
    hall: &HallBorrow<'_>,
    key: &str,
    now_ms: u64,
    work: impl FnOnce(&Named) -> Result<T, Error>,
) -> Answer<T> {
    hall.get::<Hall>().run(|session| {
        session.authority()?;
        let unix_ms = session.unix_ms(now_ms)?;
        let read = Key::parse(key)?;
        session.ask(|kernel| kernel.check_key(&read))?;
        session.advance_leases(unix_ms);
        work(&Named { session, key: read.text().into(), unix_ms })
    })
}

impl Named<'_> {
    fn decide(&self, action: Action) -> Result<Outcome, Error> {
        let decided = self.session.authority()?.borrow_mut().decide(self.unix_ms, &self.key, action)?;
        within_limits(decided.outcome)
    }

    pub fn key(&self) -> &Rc<str> {
        &self.key
    }

    /// Answers about the record, if there is one.
    pub fn about<T>(&self, answer: impl FnOnce(&Record) -> T) -> Result<Option<T>, Error> {
        let authority = self.session.authority()?.borrow();
        Ok(authority.memory().record(&self.key).map(answer))
    }

    /// Carries out a change.
    fn commit(&self, action: Action) -> Result<Commit, Error> {
        self.commit_out(self.decide(action)?)
    }

    fn commit_out(&self, outcome: Outcome) -> Result<Commit, Error> {
        let value = |value: Option<Rc<[u8]>>| {
            Ok::<_, Error>(match value {
                Some(value) => document_out(&value),
                // The same request was decided before: what is there now is as good.
                None => {
                    self.about(|record| record.value.as_deref().map(document_out))?.flatten().unwrap_or(Value::Null)
                }
            })
        };
        Ok(match outcome {
            Outcome::Committed { version } => Commit::Committed(version),
            Outcome::Exists { version, value: now } => Commit::Exists(Current { version, value: value(now)? }),
            Outcome::Conflict { version, value: now } => Commit::Conflict(Current { version, value: value(now)? }),
            Outcome::Held { holder, .. } => Commit::Held(holder_out(&holder)),
            Outcome::FenceLost { holder, reason } => {
                let reason = reason.map(|reason| reason.as_ref().into());
                Commit::LeaseLost(Lost { holder: holder.as_ref().map(holder_out), reason })
            }
            _ => Commit::Missing,
        })
    }

    /// Makes a new document of the one that is there, and replaces that very one.
    fn change(
        &self,
        patch: Value,
        guard: Guard,
        make: impl FnOnce(&value::Value, &value::Value, u64) -> Result<value::Value, Refused>,
    ) -> Result<Commit, Error> {
        let (expect, fence) = relied_on(guard);
        let (patch, bytes_max, depth_max) = self.session.ask(|kernel| {
            let patch = value_in(patch, kernel.limits())?;
            Ok::<_, Error>((plain(&encoded(&patch.value)), kernel.limits().value_bytes, kernel.limits().value_depth))
        })?;
        let now = self.about(|record| record.value.as_deref().map(|value| (record.version, plain(value))))?;
        let Some((version, now)) = now.flatten() else { return Ok(Commit::Missing) };
        let expect = expect.or(Some(version));
        match make(&now, &patch, bytes_max) {
            Ok(changed) => {
                let value = changed.encoded(depth_max as usize)?.into();
                self.commit(Action::Replace { value, expect, fence })
            }
            Err(Refused::Mistaken(error)) => Err(error),
            // Who holds the document, and which version there is, come first.
            Err(Refused::Inapplicable(why)) => {
                let refusal = self.session.authority()?.borrow().refusal(&self.key, expect, fence);
                refusal.map_or(Ok(Commit::Inapplicable(inapplicable_out(why))), |outcome| self.commit_out(outcome))
            }
        }
    }

    /// Encodes what is to be a document.
    fn document(&self, value: Value) -> Result<Rc<[u8]>, Error> {
        self.session.ask(|kernel| Ok(encoded(&value_in(value, kernel.limits())?.value).into()))
    }
}

impl Guest for Component {
    type DocumentWatcher = DocumentWatcher;

    fn get(hall: HallBorrow<'_>, key: String, now_ms: u64) -> Answer<Option<Document>> {
        on(&hall, &key, now_ms, |named| Ok(named.about(|record| described(&named.key, record))?.flatten()))
    }

    fn documents(hall: HallBorrow<'_>, now_ms: u64) -> Answer<Vec<Document>> {
        hall.get::<Hall>().run(|session| {
            let authority = session.authority()?;
            session.advance_leases(session.unix_ms(now_ms)?);
            let authority = authority.borrow();
            let documents = authority.memory().documents().into_iter();
            Ok(documents.filter_map(|(key, record)| described(key, record)).collect())
        })
    }

    fn create(hall: HallBorrow<'_>, key: String, value: Value, fence: Option<u64>, now_ms: u64) -> Answer<Commit> {
        on(&hall, &key, now_ms, |named| named.commit(Action::Create { value: named.document(value)?, fence }))
    }

    fn replace(hall: HallBorrow<'_>, key: String, value: Value, guard: Guard, now_ms: u64) -> Answer<Commit> {
        on(&hall, &key, now_ms, |named| {
            let (expect, fence) = relied_on(guard);
            named.commit(Action::Replace { value: named.document(value)?, expect, fence })
        })
    }

    fn patch(hall: HallBorrow<'_>, key: String, patch: Value, guard: Guard, now_ms: u64) -> Answer<Commit> {
        on(&hall, &key, now_ms, |named| named.change(patch, guard, json_patch))
    }

    fn merge(hall: HallBorrow<'_>, key: String, patch: Value, guard: Guard, now_ms: u64) -> Answer<Commit> {
        let make = |now: &_, patch: &_, _| merge_patch(now, patch).map_err(Refused::Mistaken);
        on(&hall, &key, now_ms, |named| named.change(patch, guard, make))
    }

    fn delete(hall: HallBorrow<'_>, key: String, guard: Guard, now_ms: u64) -> Answer<Commit> {
        on(&hall, &key, now_ms, |named| {
            let (expect, fence) = relied_on(guard);
            named.commit(Action::Delete { expect, fence })
        })
    }

    fn clear(hall: HallBorrow<'_>, now_ms: u64) -> Answer<u64> {
        hall.get::<Hall>().run(|session| {
            let mut authority = session.authority()?.borrow_mut();
            let unix_ms = session.unix_ms(now_ms)?;
            let keys: Vec<_> = authority.memory().documents().into_iter().map(|(key, _)| key.clone()).collect();
            let mut cleared = 0;
            for key in keys {
                let decided = authority.decide(unix_ms, &key, Action::Delete { expect: None, fence: None })?;
                cleared += u64::from(decided.outcome.is_done());
            }
            Ok(cleared)
        })
    }

    fn watch(hall: HallBorrow<'_>, key: String, initial: bool, now_ms: u64) -> Answer<wit::DocumentWatcher> {
        document_watcher::watch(&hall, &key, initial, now_ms)
    }

    fn lock(hall: HallBorrow<'_>, key: String, owner: String, now_ms: u64) -> Answer<Option<bool>> {
        on(&hall, &key, now_ms, |named| {
            named.session.use_owner(&owner, named.unix_ms)?;
            let (mode, wait) = (claim::Mode::Exclusive, proposal::Wait::No);
            let action = Action::Acquire { owner: owner.into(), mode, ttl_ms: None, wait, existing: true };
            let outcome = named.decide(action)?;
            Ok((outcome != Outcome::Missing).then(|| outcome.is_done()))
        })
    }

    fn unlock(hall: HallBorrow<'_>, key: String, owner: String, now_ms: u64) -> Answer<Option<bool>> {
        on(&hall, &key, now_ms, |named| {
            let outcome = named.decide(Action::Release { owner: owner.into(), fence: None, existing: true })?;
            Ok((outcome != Outcome::Missing).then(|| outcome == Outcome::Released { found: true }))
        })
    }

    fn acquire(hall: HallBorrow<'_>, key: String, options: AcquireOptions, now_ms: u64) -> Answer<Acquired> {
        let AcquireOptions { owner, mode, ttl_ms, wait } = options;
        let owner = owner.map_or_else(|| hall.get::<Hall>().agent(), Rc::from);
        let mode = match mode {
            Mode::Exclusive => claim::Mode::Exclusive,
            Mode::Shared => claim::Mode::Shared,
        };
        let wait = match wait {
            Wait::No => proposal::Wait::No,
            Wait::Always => proposal::Wait::Always,
            Wait::Ms(ms) => proposal::Wait::Ms(ms),
        };
        on(&hall, &key, now_ms, |named| {
            named.session.use_owner(&owner, named.unix_ms)?;
            Ok(match named.decide(Action::Acquire { owner, mode, ttl_ms, wait, existing: false })? {
                Outcome::Granted { fence, .. } => Acquired::Granted(fence),
                Outcome::Held { holder, .. } => Acquired::Held(holder_out(&holder)),
                Outcome::Queued { place } => Acquired::Queued(place),
                // Nothing else is answered to this.
                _ => Acquired::Queued(0),
            })
        })
    }

    fn standing(hall: HallBorrow<'_>, key: String, owner: String, now_ms: u64) -> Answer<Claim> {
        on(&hall, &key, now_ms, |named| {
            let claim = named.about(|record| match record.holder(OWN, &owner) {
                Some(claim) => Claim::Held(claim.fence),
                None => record.place(OWN, &owner).map_or(Claim::None, Claim::Waiting),
            });
            Ok(claim?.unwrap_or(Claim::None))
        })
    }

    fn holders(hall: HallBorrow<'_>, key: String, now_ms: u64) -> Answer<Claims> {
        on(&hall, &key, now_ms, |named| {
            let claims = named.about(|record| Claims {
                holders: record.holders.iter().map(holder_out).collect(),
                waiters: record.waiters.iter().map(|claim| claim.owner.as_ref().into()).collect(),
            });
            Ok(claims?.unwrap_or(Claims { holders: Vec::new(), waiters: Vec::new() }))
        })
    }

    fn renew(hall: HallBorrow<'_>, key: String, fence: u64, ttl_ms: Option<u64>, now_ms: u64) -> Answer<bool> {
        on(&hall, &key, now_ms, |named| Ok(named.decide(Action::Renew { fence, ttl_ms })?.is_done()))
    }

    fn release(hall: HallBorrow<'_>, key: String, owner: String, fence: Option<u64>, now_ms: u64) -> Answer<bool> {
        on(&hall, &key, now_ms, |named| {
            let outcome = named.decide(Action::Release { owner: owner.into(), fence, existing: false })?;
            Ok(outcome == Outcome::Released { found: true })
        })
    }

    fn force_release(hall: HallBorrow<'_>, key: String, reason: String, now_ms: u64) -> Answer<bool> {
        on(&hall, &key, now_ms, |named| {
            let outcome = named.decide(Action::Break { fence: None, reason: reason.into() })?;
            Ok(outcome == Outcome::Released { found: true })
        })
    }
}

fn relied_on(guard: Guard) -> (Option<u64>, Option<u64>) {
    match guard {
        Guard::Any => (None, None),
        Guard::Expect(version) => (Some(version), None),
        Guard::Under(fence) => (None, Some(fence)),
    }
}

fn encoded(value: &Held) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}

/// A document, which was checked when it was written, as a value that a patch can change.
fn plain(bytes: &[u8]) -> value::Value {
    parse_value(bytes).unwrap_or_default()
}

pub fn document_out(bytes: &[u8]) -> Value {
    value_out(&Held::decode(bytes, &mut ()))
}

fn described(key: &Rc<str>, record: &Record) -> Option<Document> {
    Some(Document {
        key: key.as_ref().into(),
        version: record.version,
        value: document_out(record.value.as_deref()?),
        created_ms: record.created_ms,
        updated_ms: record.updated_ms,
        locked_by: record.holders.first().map(|holder| holder.owner.as_ref().into()),
    })
}

fn holder_out(claim: &claim::Claim) -> Holder {
    let mode = match claim.mode {
        claim::Mode::Exclusive => Mode::Exclusive,
        claim::Mode::Shared => Mode::Shared,
    };
    Holder { owner: claim.owner.as_ref().into(), fence: claim.fence, mode, deadline_ms: claim.until_ms }
}

fn inapplicable_out(why: patch::Inapplicable) -> Inapplicable {
    let reason = match why.reason {
        Reason::Missing => Mismatch::Missing,
        Reason::NotContainer => Mismatch::NotContainer,
        Reason::NotPlace => Mismatch::NotPlace,
        Reason::TestFailed => Mismatch::TestFailed,
        Reason::IntoItself => Mismatch::IntoItself,
        Reason::Whole => Mismatch::Whole,
    };
    Inapplicable { operation: why.operation as u64, path: why.path, reason }
}
