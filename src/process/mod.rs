//! Part: what runs in a hall.
//!
//! A process handles one event after another. Its mailbox is bounded; its behaviour is a machine;
//! who asks it something holds a call; the schedule says whose turn it is.

pub mod call;
pub mod machine;
pub mod mailbox;
mod place;
pub mod schedule;
