//! Owners: what belongs to one goes when it ends, or when it was not used for too long.

use super::Hall;
use super::core::Core;
use crate::error::{Code, Error};
use crate::kernel::Kernel;
use crate::value::Value;
use std::fmt;
use std::rc::Rc;

/// How an owner is opened.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnerOptions {
    /// For how many milliseconds it lasts from its last use, at least 1. It lasts until it is ended, or the session is,
    /// unless given; if it is open already, for as long as was given before.
    pub ttl_ms: Option<u64>,
}

/// An owner: a name to which watches, leases and keys belong. Made by [`Hall::owner`]; dropping it ends nothing.
///
/// Shape:  when it ends or expires its watches end, its leases go to the next in line, and the keys that were put for it
///         and have not been changed since are deleted, in one commit. It lasts anew from each use: a put, a watch, or a
///         lease asked for with its name, [`Owner::touch`], and opening it again. What an agent of the same name does is
///         none. Under the name of one that has ended everything is refused as `closed` until it is opened again.
///
/// ```
/// use statehall::{Hall, ManualClock, Options, OwnerOptions, PutOptions};
/// let clock = ManualClock::new(1_700_000_000_000);
/// let hall = Hall::open(Options { clock: Box::new(clock.clone()), ..Options::default() })?;
/// let planner = hall.owner("planner", OwnerOptions { ttl_ms: Some(3_600_000) })?;
/// hall.put_with("agents/planner", "here", PutOptions { owner: Some("planner".into()), ..PutOptions::default() })?;
/// clock.advance(3_600_000);
/// hall.advance()?;
/// assert!(planner.has_ended());
/// assert!(!hall.has("agents/planner")?);
/// # Ok::<(), statehall::Error>(())
/// ```
#[derive(Clone)]
pub struct Owner {
    core: Rc<Core>,
    name: Rc<str>,
    number: u64,
}

impl Hall {
    /// Opens an owner of the session, or finds the one that is open under this name.
    ///
    /// Shape:  a time to live that is given replaces the one that it had. A name to which something belongs already needs
    ///         not be opened before; it then becomes that of an owner.
    /// Errors: `invalid-argument` for a name of a wrong length, or a time to live of 0 or above a thousand years;
    ///         `limit`, `closed`.
    pub fn owner(&self, name: &str, options: OwnerOptions) -> Result<Owner, Error> {
        let core = self.core()?;
        let (name, unix_ms): (Rc<str>, _) = (name.into(), core.unix_ms());
        let number = core.with(|kernel| kernel.open_owner(&name, options.ttl_ms, unix_ms))?;
        Ok(Owner { core: core.clone(), name, number })
    }

    /// Ends an owner, whether or not it was opened, and returns how many watches it had. Inside a batch its keys go after
    /// that, at the next [`Hall::advance`].
    ///
    /// Errors: `closed`.
    pub fn end(&self, owner: &str) -> Result<usize, Error> {
        let core = self.core()?;
        let ended = core.end_owner(owner);
        core.dispatch();
        Ok(ended)
    }
}

impl Owner {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Begins its time anew.
    ///
    /// Errors: `closed` if it has ended.
    pub fn touch(&self) -> Result<(), Error> {
        if self.has_ended() {
            return Err(Error::new(Code::Closed, format!("the owner {:?} has ended", self.name)));
        }
        let unix_ms = self.core.unix_ms();
        self.core.with(|kernel| kernel.use_owner(&self.name, unix_ms))
    }

    /// Ends it, as [`Hall::end`] does; once.
    pub fn end(&self) {
        if !self.has_ended() {
            self.core.end_owner(&self.name);
            self.core.dispatch();
        }
    }

    /// Whether it has ended, whoever goes by its name now.
    pub fn has_ended(&self) -> bool {
        let lasts = |kernel: &mut Kernel<Value>| {
            kernel.owner(&self.name).is_some_and(|owner| owner.number == self.number && !owner.ended)
        };
        !self.core.with(lasts)
    }

    /// In how many milliseconds it expires unless it is used; `None` if it does not, or has ended.
    pub fn remaining_ms(&self) -> Option<u64> {
        if self.has_ended() {
            return None;
        }
        let due_ms = self.core.with(|kernel| kernel.owner(&self.name)?.due_ms)?;
        Some(due_ms.saturating_sub(self.core.unix_ms()))
    }
}

impl fmt::Debug for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owner").field("name", &self.name).field("ended", &self.has_ended()).finish()
    }
}

impl Core {
    /// Somebody does something in the name of an owner.
    ///
    /// Errors: `closed` if it has ended.
    pub(super) fn use_owner(&self, owner: &str) -> Result<(), Error> {
        let unix_ms = self.unix_ms();
        self.with(|kernel| kernel.use_owner(owner, unix_ms))
    }

    /// Ends what belongs to an owner; returns how many watches that were. First the watches, so that they hear nothing
    /// of the rest.
    pub(super) fn end_owner(&self, owner: &str) -> usize {
        let watchers = self.watchers.borrow();
        let owned = watchers.iter().filter(|(_, watcher)| watcher.owner.as_deref() == Some(owner));
        let ended: Vec<_> = owned.map(|(&id, _)| id).collect();
        drop(watchers);
        ended.iter().for_each(|&watch| self.end_watch(watch));
        self.end_leases(owner);
        let unix_ms = self.unix_ms();
        self.with(|kernel| kernel.end_owner(owner, unix_ms));
        ended.len()
    }

    /// The time of an owner is over, unless it has been opened again since that was found.
    pub(super) fn expire_owner(&self, owner: &str) {
        if self.with(|kernel| kernel.owner(owner).is_some_and(|owner| owner.ended)) {
            self.end_owner(owner);
        }
    }
}
