//! What goes into the kernel, and what it answers.

use crate::error::Error;
use crate::key::{Key, Selector, shown};
use crate::state::watch::SetId;
use std::rc::Rc;

/// The present, as the host passes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// Unix milliseconds: stamps, expiry.
    pub unix_ms: u64,
    /// Milliseconds that never go back: everything that waits.
    pub monotonic_ms: u64,
}

/// A value with its encoded size, which the face has measured.
#[derive(Clone, Debug)]
pub struct Measured<V> {
    /// The value.
    pub value: V,
    /// Its encoded bytes.
    pub bytes: u64,
}

/// A change to the entries.
#[derive(Clone, Debug)]
pub enum Command<V> {
    /// Writes a value.
    Put {
        /// The key.
        key: Key,
        /// The value.
        value: Measured<V>,
        /// Metadata of the entry, a map.
        metadata: Option<Measured<V>>,
        /// The agent that writes.
        origin: Rc<str>,
        /// Write only if the entry has this revision; 0: only if it is absent.
        expect: Option<u64>,
        /// Milliseconds until the entry expires, at least 1.
        ttl_ms: Option<u64>,
        /// Count as a change even if the value is the same.
        touch: bool,
    },
    /// Deletes an entry.
    Delete {
        /// The key.
        key: Key,
        /// The agent that deletes.
        origin: Rc<str>,
        /// Delete only if the entry has this revision.
        expect: Option<u64>,
        /// Notify even if there is no entry.
        touch: bool,
    },
    /// Deletes all selected entries, in one commit.
    Clear {
        /// Which; all if `None`.
        selector: Option<Selector>,
        /// The agent that deletes.
        origin: Rc<str>,
    },
}

/// The error of a command of a batch: its detail begins with the position, from 1, and what the command is.
pub fn at_position(error: Error, position: usize, verb: &str, key: Option<&str>) -> Error {
    let (before, key) = key.map_or(("", String::new()), |key| (" ", shown(key)));
    Error::of(error.code, &["command ", &position.to_string(), " (", verb, before, &key, "): ", &error.detail])
}

/// What a command did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The revision of the entry now, 0 if it is absent, and whether it changed.
    Written {
        /// The revision.
        revision: u64,
        /// Whether anything changed.
        changed: bool,
    },
    /// `expect` did not hold; nothing changed. The revision of the entry, 0 if it is absent.
    Conflict {
        /// The revision.
        revision: u64,
    },
    /// How many entries were deleted.
    Cleared(u64),
}

/// What a put to a known slot did: numbers only, and no effect to drain for plain watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hot {
    /// The revision of the entry now.
    pub revision: u64,
    /// Whether it changed.
    pub changed: bool,
    /// Whose watchers are to be called.
    pub set: SetId,
}
