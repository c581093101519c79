//! Machines: gen_statem with types, and machines that are tables.
//!
//! Invariants, beside those of the face:
//! - while a machine's function runs, its machine is borrowed and nothing else is; what is sent to it meanwhile waits in an
//!   inbox of its own, so that a function may do anything, to its own machine as well;
//! - one loop runs machines and calls watchers ([`Hall::advance`](super::Hall::advance) tells which machines changed): an
//!   event at a time, in the order in which machines got something to do;
//! - a function that panics ends its machine, and is reported as `callback-failed`.

mod behaviour;
mod call;
mod ended;
mod handle;
mod look;
mod rounds;
mod running;
mod table;

pub use crate::process::machine::table::Table;
pub use crate::process::machine::{Kind, Rearm, Snapshot, Timer};
pub use crate::process::schedule::ProcessId;
pub use behaviour::{Behaviour, Caller, Next, Server, Single, Turn, Typed};
pub use call::Call;
pub use ended::{Ended, Exit};
pub use handle::{Machine, MachineOptions};
pub use look::{Postponed, Running, Step};

pub(super) use rounds::{Processes, Round};
