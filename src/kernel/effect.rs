//! What comes out of the kernel besides replies: data, carried out by one loop in each face.
//!
//! Frames to be sent are effects too; they have a queue of their own, because a face hands them
//! to its transport and everything else to its watchers.

use crate::error::Error;
use crate::state::queue::Change;
use crate::state::selection::WatchId;
use crate::state::watch::SetId;
use crate::table::Slot;
use std::rc::Rc;

/// Something for the face to do.
#[derive(Clone, Debug)]
pub enum Effect<V> {
    /// Call the watchers of a set, in its order.
    Notify {
        /// The set, as a number.
        set: SetId,
        /// The set, as watches.
        members: Rc<[WatchId]>,
        /// Where the change is.
        slot: Slot,
        /// The change.
        change: Change<V>,
    },
    /// Call one watcher with a value that was there when its watch began.
    Initial {
        /// The watch.
        watch: WatchId,
        /// Where the value is.
        slot: Slot,
        /// The value, as a change.
        change: Change<V>,
    },
    /// The queue of a watch is no longer empty.
    Ready(WatchId),
    /// A peer's state has arrived, or nobody answered.
    Synced,
    /// The time of an owner is over: end its watches, give back its leases, and call
    /// [`Kernel::end_owner`](super::Kernel::end_owner).
    OwnerExpired(Rc<str>),
    /// Somebody came, went or said its name.
    Sessions,
    /// Something was refused that no caller is waiting for.
    Report(Error),
}
