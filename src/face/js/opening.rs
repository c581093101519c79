//! What JavaScript passes to open a hall.

use super::texts::texts;
use crate::error::Error;
use crate::kernel::{Limits, Options, TOMBSTONE_MS};

/// The kernel's options. Limits are a list of names and, in the same order, numbers.
///
/// Errors: `invalid-argument`.
pub fn read(
    name: &str,
    agent: &str,
    seed: u64,
    (names, maxima): (&[u8], &[f64]),
    notify: bool,
    revision: f64,
) -> Result<Options, Error> {
    let mut limits = Limits::default();
    for (name, &max) in texts(names).zip(maxima) {
        limits.set(name, max as u64)?;
    }
    Ok(Options {
        name: name.into(),
        agent: agent.into(),
        seed,
        limits,
        notify,
        mirror: true,
        tombstone_ms: TOMBSTONE_MS,
        revision: revision as u64,
    })
}
