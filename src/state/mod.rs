//! Part: what the hall holds and who watches it.
//!
//! Columns indexed by the slots of the kernel's key table: the entries, the history of their
//! revisions, their declarations, namespaces and order, and the watches that a change of each
//! concerns; owners, which keys belong to; conditions, by which a watch selects among changes, and what waits of those;
//! patches, by which a part of a value
//! is changed; and what a declaration says.

pub mod backlog;
pub mod condition;
pub mod declaration;
pub mod declarations;
pub mod entry;
pub mod growth;
pub mod history;
pub mod listing;
pub mod namespace;
pub mod owners;
pub mod patch;
pub mod queue;
pub mod selection;
pub mod watch;
