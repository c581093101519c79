//! What transcripts ask of contexts and leases, in whatever face, and what these answer, as lines.

use super::face::{Done, Face, Failure};
use super::naming::naming;
use super::notation::{bare, write};
use super::script::{Command, unquote};
use super::world::START_MS;
use statehall::{Acquire, Commit, ContextChange, ContextRecord, Error, Holder, Mode, Value};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A context.
pub trait Context: 'static {
    type Lease: Lease;

    fn get(&self) -> Result<Option<ContextRecord>, Error>;
    fn create(&self, value: Value, lease: Option<&Self::Lease>) -> Result<Commit, Error>;
    fn replace(&self, value: Value, guard: Guard<'_, Self::Lease>) -> Result<Commit, Error>;
    fn patch(&self, patch: &Value, guard: Guard<'_, Self::Lease>) -> Result<Commit, Error>;
    fn merge(&self, patch: &Value, guard: Guard<'_, Self::Lease>) -> Result<Commit, Error>;
    fn delete(&self, guard: Guard<'_, Self::Lease>) -> Result<Commit, Error>;
    fn lock(&self, owner: &str) -> Result<Option<bool>, Error>;
    fn unlock(&self, owner: &str) -> Result<Option<bool>, Error>;
    fn acquire(&self, options: Acquire) -> Result<Asked<Self::Lease>, Error>;
    fn holders(&self) -> Result<(Vec<Holder>, Vec<Rc<str>>), Error>;
    fn force_release(&self, reason: &str) -> Result<bool, Error>;
    fn watch(&self, initial: bool) -> Result<Changes, Error>;
}

/// A watch of a context: what it has to tell since the last time. Dropping it ends it.
pub type Changes = Box<dyn FnMut() -> Vec<ContextChange>>;

/// A lease that is held, or was.
pub trait Lease: Sized + 'static {
    fn fence(&self) -> u64;
    fn is_held(&self) -> bool;
    fn renew(&self, ttl_ms: Option<u64>) -> Result<bool, Error>;
    fn release(self) -> Result<bool, Error>;
}

/// What a change relies on.
pub enum Guard<'a, L> {
    Any,
    Expect(u64),
    Under(&'a L),
}

/// What became of asking for a lease.
pub enum Asked<L> {
    Granted(L),
    Waiting(Wait<L>),
    Held(Holder),
}

/// A place in a queue: nothing yet, or the lease; not even that if the time to wait was over.
pub type Wait<L> = Box<dyn FnMut() -> Option<Option<L>>>;

type LeaseOf<F> = <<F as Face>::Context as Context>::Lease;

enum Claim<L> {
    Held(L),
    Waiting(Wait<L>),
    /// It was waited for in vain.
    Over,
}

/// The leases and the watches of contexts that a transcript has named.
pub struct Claims<F: Face> {
    claims: RefCell<BTreeMap<String, Claim<LeaseOf<F>>>>,
    watches: RefCell<BTreeMap<String, Changes>>,
}

impl<F: Face> Default for Claims<F> {
    fn default() -> Self {
        Self { claims: RefCell::default(), watches: RefCell::default() }
    }
}

impl<F: Face> Claims<F> {
    /// Carries out a command, if it is one of contexts or leases.
    pub fn run(&self, hall: &F, command: &Command, out: &mut Vec<String>) -> Option<Done> {
        Some(match command.verb.as_str() {
            "context" => self.on_context(hall, command, out).map(|()| self.hear(out)),
            "contexts" => hall.contexts().map_err(Failure::from).map(|records| {
                let ids = records.iter().map(|record| Value::from(&*record.id));
                out.push(write(&ids.collect::<Vec<_>>().into()));
            }),
            "clear-contexts" => hall.clear_contexts().map_err(Failure::from).map(|n| {
                out.push(format!("cleared {n}"));
                self.hear(out);
            }),
            "lease" => self.show(command, out),
            "renew" => self.renew(command, out),
            "release" => self.release(command, out),
            _ => return None,
        })
    }

    /// Shows what the watches of contexts have to tell.
    fn hear(&self, out: &mut Vec<String>) {
        for (name, changes) in self.watches.borrow_mut().iter_mut() {
            out.extend(changes().iter().map(|change| told_line(name, change)));
        }
    }

    fn watch(&self, context: &F::Context, command: &Command, out: &mut Vec<String>) -> Done {
        let name = command.text("as")?.ok_or("a watch is opened `as` something")?;
        let changes = context.watch(command.flag("initial"))?;
        self.watches.borrow_mut().insert(name, changes);
        out.push("ok".into());
        Ok(())
    }

    fn on_context(&self, hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
        let context = hall.context(naming(command.argument(0)?)?)?;
        let under = command.text("lease")?;
        let claims = self.claims.borrow();
        let lease = match under.as_ref().map(|name| claims.get(name)) {
            None => None,
            Some(Some(Claim::Held(lease))) => Some(lease),
            Some(_) => return Err("no lease of that name is held".into()),
        };
        let guard = match (lease, command.number("expect")?) {
            (Some(lease), _) => Guard::Under(lease),
            (None, Some(version)) => Guard::Expect(version),
            (None, None) => Guard::Any,
        };
        let owner = || unquote(command.argument(2)?);
        let truth = |held: Option<bool>| held.map_or("missing".to_owned(), |held| held.to_string());
        let line = match command.argument(1)? {
            "get" => context.get()?.map_or("absent".to_owned(), |record| record_line(&record)),
            "record" => context.get()?.map_or("absent".to_owned(), |record| write(&record.to_value())),
            "create" => commit_line(&context.create(command.value(2)?, lease)?),
            "replace" => commit_line(&context.replace(command.value(2)?, guard)?),
            "patch" => commit_line(&context.patch(&command.value(2)?, guard)?),
            "merge" => commit_line(&context.merge(&command.value(2)?, guard)?),
            "delete" => commit_line(&context.delete(guard)?),
            "lock" => truth(context.lock(&owner()?)?),
            "unlock" => truth(context.unlock(&owner()?)?),
            "break" => context.force_release(&owner()?)?.to_string(),
            "holders" => {
                let (holders, waiters) = context.holders()?;
                out.extend(holders.iter().map(|holder| format!("holder{}", holder_facts(holder))));
                out.extend(waiters.iter().map(|owner| format!("waiter {}", bare(owner))));
                format!("{} holders, {} waiters", holders.len(), waiters.len())
            }
            "watch" => return self.watch(&context, command, out),
            "unwatch" => {
                drop(self.watches.borrow_mut().remove(command.argument(2)?));
                "ok".into()
            }
            "acquire" => {
                drop(claims);
                return self.acquire(&context, command, out);
            }
            unknown => return Err(format!("no command of contexts {unknown:?}").into()),
        };
        out.push(line);
        Ok(())
    }

    fn acquire(&self, context: &F::Context, command: &Command, out: &mut Vec<String>) -> Done {
        let name = command.text("as")?.ok_or("a lease is acquired `as` something")?;
        let options = Acquire {
            owner: command.text("owner")?.map(Into::into),
            mode: if command.flag("shared") { Mode::Shared } else { Mode::Exclusive },
            ttl_ms: command.number("ttl")?,
            wait: command.flag("wait"),
            wait_ms: command.number("wait")?,
        };
        let claim = match context.acquire(options)? {
            Asked::Granted(lease) => {
                out.push(format!("granted fence={}", lease.fence()));
                Claim::Held(lease)
            }
            Asked::Waiting(wait) => {
                out.push("waiting".into());
                Claim::Waiting(wait)
            }
            Asked::Held(holder) => {
                out.push(format!("held{}", holder_facts(&holder)));
                return Ok(());
            }
        };
        self.claims.borrow_mut().insert(name, claim);
        Ok(())
    }

    fn show(&self, command: &Command, out: &mut Vec<String>) -> Done {
        let mut claims = self.claims.borrow_mut();
        let claim = claims.get_mut(command.argument(0)?).ok_or("no lease of that name")?;
        if let Claim::Waiting(wait) = claim
            && let Some(result) = wait()
        {
            *claim = result.map_or(Claim::Over, Claim::Held);
        }
        out.push(match claim {
            Claim::Held(lease) if lease.is_held() => format!("held fence={}", lease.fence()),
            Claim::Held(lease) => format!("lost fence={}", lease.fence()),
            Claim::Waiting(_) => "waiting".into(),
            Claim::Over => "over".into(),
        });
        Ok(())
    }

    fn renew(&self, command: &Command, out: &mut Vec<String>) -> Done {
        let claims = self.claims.borrow();
        let Some(Claim::Held(lease)) = claims.get(command.argument(0)?) else {
            return Err("no lease of that name is held".into());
        };
        out.push(lease.renew(command.number("ttl")?)?.to_string());
        Ok(())
    }

    /// Gives a lease back, or the place in the queue.
    fn release(&self, command: &Command, out: &mut Vec<String>) -> Done {
        let claim = self.claims.borrow_mut().remove(command.argument(0)?).ok_or("no lease of that name")?;
        out.push(match claim {
            Claim::Held(lease) => lease.release()?.to_string(),
            Claim::Waiting(_) | Claim::Over => "gone".into(),
        });
        Ok(())
    }
}

fn told_line(name: &str, change: &ContextChange) -> String {
    let value = change.value.as_ref().map_or("absent".to_owned(), write);
    let initial = if change.initial { " initial" } else { "" };
    format!("told {name} {} version={} {value}{initial}", bare(&change.id), change.version)
}

fn since_start(unix_ms: Option<u64>) -> i64 {
    unix_ms.unwrap_or_default().wrapping_sub(START_MS) as i64
}

fn record_line(record: &ContextRecord) -> String {
    let locked = record.locked_by.as_ref().map(|owner| format!(" locked={}", bare(owner))).unwrap_or_default();
    let (created, updated) = (since_start(record.created_ms), since_start(record.updated_ms));
    format!("{} version={} created={created} updated={updated}{locked}", write(&record.data), record.version)
}

fn commit_line(commit: &Commit) -> String {
    match commit {
        Commit::Committed { version } => format!("committed version={version}"),
        Commit::Missing => "missing".into(),
        Commit::Exists { version, value } => format!("exists version={version} {}", write(value)),
        Commit::Conflict { version, value } => format!("conflict version={version} {}", write(value)),
        Commit::Held(holder) => format!("held{}", holder_facts(holder)),
        Commit::LeaseLost { holder, reason } => {
            let reason = reason.as_ref().map(|reason| format!(" reason={}", bare(reason))).unwrap_or_default();
            format!("lease-lost{}{reason}", holder.as_ref().map(holder_facts).unwrap_or_default())
        }
        Commit::Inapplicable(why) => {
            format!("inapplicable operation={} path={} {}", why.operation, bare(&why.path), why.reason.name())
        }
    }
}

fn holder_facts(holder: &Holder) -> String {
    let shared = if holder.mode == Mode::Shared { " shared" } else { "" };
    let until = holder.deadline_ms.map(|ms| format!(" until={}", since_start(Some(ms)))).unwrap_or_default();
    format!(" owner={} fence={}{shared}{until}", bare(&holder.owner), holder.fence)
}
