//! How halls are opened, values written and watches begun.

use super::Change;
use super::clock::{Clock, SystemClock};
use crate::error::Error;
use crate::kernel::{Limits, TOMBSTONE_MS};
use crate::state::backlog::Overflow;
use crate::value::Value;
use std::rc::Rc;

/// How a hall is opened.
pub struct Options {
    /// The hall's name, 1 to 256 bytes. Shared halls of one name are one hall.
    pub name: Rc<str>,
    /// The agent of the first handle: the origin of its changes, 1 to 256 bytes.
    pub agent: Rc<str>,
    /// All the randomness of the session, for tests; otherwise the operating system's. Two
    /// sessions of one hall must not be given the same.
    pub seed: Option<u64>,
    /// The limits.
    pub limits: Limits,
    /// False: watchers hear nothing. Reads and `changes` still work.
    pub notify: bool,
    /// Whether the hall exchanges frames with others; see [`Hall::receive`](super::Hall::receive).
    pub share: bool,
    /// For how long deletes are remembered.
    pub tombstone_ms: u64,
    /// Where the time comes from.
    pub clock: Box<dyn Clock>,
    /// Told of a watcher that panicked, and of what was refused with no caller waiting for it.
    pub on_error: Box<dyn Fn(&Error)>,
}

/// A private hall named `default` on the system's clock, whose errors go to standard error.
impl Default for Options {
    fn default() -> Self {
        Self {
            name: "default".into(),
            agent: "anonymous".into(),
            seed: None,
            limits: Limits::default(),
            notify: true,
            share: false,
            tombstone_ms: TOMBSTONE_MS,
            clock: Box::new(SystemClock::default()),
            on_error: Box::new(|error| eprintln!("statehall: {error}")),
        }
    }
}

/// How a value is written.
#[derive(Clone, Debug, Default)]
pub struct PutOptions {
    /// Write only if the entry has this revision; 0: only if it is absent.
    pub expect: Option<u64>,
    /// Facts about the entry that are not its value: a map. Without any the entry has none once
    /// its value changes.
    pub metadata: Option<Value>,
    /// Milliseconds until the entry expires, at least 1. Without it the entry stays once its
    /// value changes.
    pub ttl_ms: Option<u64>,
    /// Count as a change, and notify, even if the value is the same.
    pub touch: bool,
    /// Delete the entry when this owner ends, unless it has been changed by then; see [`Owner`](super::Owner). Without it
    /// the entry stays once its value changes.
    pub owner: Option<Rc<str>>,
}

impl PutOptions {
    /// Whether there is nothing out of the ordinary.
    pub(super) fn is_plain(&self) -> bool {
        let Self { expect, metadata, ttl_ms, touch, owner } = self;
        expect.is_none() && metadata.is_none() && ttl_ms.is_none() && !touch && owner.is_none()
    }
}

/// How a key is deleted.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeleteOptions {
    /// Delete only if the entry has this revision.
    pub expect: Option<u64>,
    /// Notify even if there is no entry.
    pub touch: bool,
}

/// Lets a change through, or not.
pub type Filter = Box<dyn FnMut(&Change) -> bool>;

/// How a watch begins, what it passes on and when it ends.
#[derive(Default)]
pub struct WatchOptions {
    /// First deliver what is there now, as one consistent snapshot in key order.
    pub initial: bool,
    /// Only changes for which this returns true; see
    /// [`Condition::into_filter`](crate::Condition::into_filter) for those that are data. If it
    /// panics the change is told.
    pub filter: Option<Filter>,
    /// End after the first delivered change. A watcher is called after its watch has ended.
    pub once: bool,
    /// End when this owner does; see [`Owner`](super::Owner) and [`Hall::end`](super::Hall::end).
    pub owner: Option<Rc<str>>,
    /// For how many milliseconds changes wait, from the first that does, before they are told
    /// together by [`Hall::advance`](super::Hall::advance); unless given they are told at once.
    /// Initial values never wait.
    pub deliver_ms: Option<u64>,
    /// How many changes wait, for the reader of a stream or with `deliver_ms`: `limits.queue` unless
    /// told. Initial values never go, and do not count.
    pub capacity: Option<u64>,
    /// What waits when there is more. Unless told, a watcher hears of one change a key, and a stream
    /// has every change and loses the oldest, of which its filter has not yet been asked.
    pub overflow: Option<Overflow>,
}
