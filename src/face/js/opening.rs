//! What JavaScript passes to open a hall.

use crate::error::{Code, Error};
use crate::kernel::{Limits, Options, TOMBSTONE_MS};

/// The kernel's options. Limits are text, `name=value` joined by commas.
///
/// Errors: `invalid-argument`.
pub fn read(name: &str, agent: &str, seed: u64, limits: &str, notify: bool, revision: f64) -> Result<Options, Error> {
    Ok(Options {
        name: name.into(),
        agent: agent.into(),
        seed,
        limits: read_limits(limits)?,
        notify,
        mirror: true,
        tombstone_ms: TOMBSTONE_MS,
        revision: revision as u64,
    })
}

fn read_limits(text: &str) -> Result<Limits, Error> {
    let mut limits = Limits::default();
    for limit in text.split(',').filter(|limit| !limit.is_empty()) {
        let (name, value) = limit.split_once('=').unwrap_or((limit, ""));
        let number = value.parse().map_err(|_| {
            Error::new(Code::InvalidArgument, format!("the limit {name} is a whole number, not {value}"))
        })?;
        limits.set(name, number)?;
    }
    Ok(limits)
}

/// The limits as they are read.
pub fn write_limits(limits: &Limits) -> String {
    let limits: Vec<_> = limits.list().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    limits.join(",")
}
