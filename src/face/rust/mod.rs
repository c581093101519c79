//! The Rust face: the vocabulary of the hall with closures and streams.
//!
//! Invariants:
//! - the kernel is never borrowed while anything runs that somebody else wrote: a watcher, a
//!   filter, a function of `update` or `batch`, a clock, `on_error`, a waker, a destructor;
//! - one loop calls watchers, and it is never entered twice: what a watcher does is told after
//!   everything that was waiting already;
//! - a watcher or filter that panics is reported as `callback-failed` and disturbs nobody, where
//!   panics unwind.
//!
//! A hall belongs to one thread. Everything that waits is carried out by [`Hall::advance`], which
//! the host calls when [`Hall::next_wake`] says so; nothing here starts a thread or a timer.

mod audience;
mod batch;
mod carrying;
mod changes;
mod clock;
mod commands;
mod condition;
mod core;
mod export;
mod hall;
mod machine;
mod options;
mod outlet;
mod owner;
mod queries;
mod selecting;
mod share;
mod strict;
mod until;
mod variable;
mod watch;

pub use changes::Changes;
pub use clock::{Clock, ManualClock, SystemClock};
pub use commands::Written;
pub use hall::Hall;
pub use machine::{
    Behaviour, Call, Caller, Ended, Exit, Kind, Machine, MachineOptions, Next, Postponed, ProcessId, Rearm, Running,
    Server, Single, Snapshot, Step, Table, Timer, Turn, Typed,
};
pub use options::{DeleteOptions, Filter, Options, PutOptions, WatchOptions};
pub use owner::{Owner, OwnerOptions};
pub use queries::{Item, Since, WatchInfo};
pub use selecting::{IntoKey, IntoSelector, Keys};
pub use share::Session;
pub use strict::{
    Acquire, Acquired, Commit, Context, ContextChange, ContextRecord, ContextWatch, ContextWatchOptions, Guard, Holder,
    Lease, Mode, Waiting,
};
pub use until::Until;
pub use variable::Variable;
pub use watch::Watch;

use crate::state;
use crate::value::Value;

/// One visible change of one entry, as a watcher hears it.
pub type Change = state::queue::Change<Value>;

/// One entry with everything known about it.
pub type Entry = state::entry::Entry<Value>;
