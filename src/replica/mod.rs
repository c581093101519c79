//! Part: how sessions of one hall agree (the relaxed class; the strict one is in [`strict`]).
//!
//! Every key is a cell: a stamp and the bytes of one write. Of two cells of a key the one with
//! the larger (stamp, bytes) stays, wherever and in whatever order they meet. A session tells the
//! others its own writes in order (`OPS`); what a session has seen is known exactly ([`causal`]),
//! so that whoever may lack something asks with what it has seen (`HELLO`) and is answered with
//! what it has not (`DIFF`). Joining, waking, a gap, a healed partition: all the same two
//! messages. Frames may be lost, doubled, reordered and late without bound.
//!
//! Invariants, each checked by the simulation:
//! - the stamps of a session strictly increase;
//! - merging is commutative, associative and idempotent;
//! - equal contexts mean equal live cells, unless tombstones were purged;
//! - when writing stops, a few rounds of `PING` make all live cells equal;
//! - a refused frame changes nothing.
//!
//! Works on bytes, slots and ids; what a cell's bytes mean is the kernel's business, except for
//! the [`cells::Kind`] in the first of them.

pub mod assembly;
pub mod causal;
pub mod cells;
pub mod clock;
pub mod frame;
pub mod identity;
pub mod peers;
pub mod protocol;
pub mod session;
pub mod strict;
