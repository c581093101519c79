//! What a hall does not have of its own: the time, and randomness.

use crate::host::types::Time;
use std::hash::{BuildHasher, RandomState};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The two clocks that a hall is told of, the same at every call.
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock whose monotonic reading begins now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }

    /// The present.
    pub fn now(&self) -> Time {
        // A wall clock before 1970 is a broken one: then the hall counts on by itself.
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time { unix_ms: unix.as_millis() as u64, monotonic_ms: self.start.elapsed().as_millis() as u64 }
    }
}

/// A number that nobody can guess and that does not come again: a hall's session id and the order of its tables come
/// from it. The keys of a `RandomState` are drawn from the operating system, so this needs no other crate; a program that
/// has `getrandom` anyhow uses that.
pub fn seed() -> u64 {
    RandomState::new().hash_one("seed")
}
