//! Contexts and leases, where the authority is this process: a hall that is not shared.

mod authority;
mod context;
mod lease;
mod record;
mod several;
mod watch;

pub(super) use authority::Authority;
pub use context::{Commit, Context, Guard, Holder};
pub use lease::{Acquire, Acquired, Lease, Mode, Waiting};
pub use record::ContextRecord;
pub use watch::{ContextChange, ContextWatch, ContextWatchOptions};
