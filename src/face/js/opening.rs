//! What JavaScript passes to open a hall.

use super::texts::texts;
use crate::error::Error;
use crate::kernel::{Limits, Options, TOMBSTONE_MS};

/// The kernel's options. The texts are the names of the hall and the agent, and then of each limit its name and number.
///
/// Errors: `invalid-argument`.
pub fn read(bytes: &[u8], seed: u64, notify: bool, revision: f64) -> Result<Options, Error> {
    let mut texts = texts(bytes);
    let mut next = || texts.next();
    let (name, agent) = (next().unwrap_or_default(), next().unwrap_or_default());
    let mut limits = Limits::default();
    while let (Some(name), Some(max)) = (next(), next()) {
        limits.set(name, max.parse().unwrap_or(u64::MAX))?;
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
