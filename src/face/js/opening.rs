//! What JavaScript passes to open a hall.

use crate::error::{Code, Error};
use crate::kernel::{Limits, Options, TOMBSTONE_MS};
use serde::Deserialize;
use std::collections::BTreeMap;
use wasm_bindgen::JsValue;

#[derive(Deserialize)]
struct Opening {
    name: String,
    agent: String,
    seed: u64,
    limits: BTreeMap<String, f64>,
    notify: bool,
    share: bool,
    revision: f64,
}

/// Reads the kernel's options, and whether the hall is shared.
///
/// Errors: `invalid-argument`.
pub fn read(options: JsValue) -> Result<(Options, bool), Error> {
    let invalid = |detail: String| Error::new(Code::InvalidArgument, detail);
    let opening: Opening = serde_wasm_bindgen::from_value(options).map_err(|error| invalid(error.to_string()))?;
    let mut limits = Limits::default();
    for (name, value) in &opening.limits {
        if value.fract() != 0.0 || *value < 0.0 {
            return Err(invalid(format!("the limit {name} is a whole number, not {value}")));
        }
        limits.set(name, *value as u64)?;
    }
    let options = Options {
        name: opening.name.into(),
        agent: opening.agent.into(),
        seed: opening.seed,
        limits,
        notify: opening.notify,
        mirror: true,
        tombstone_ms: TOMBSTONE_MS,
        revision: opening.revision as u64,
    };
    Ok((options, opening.share))
}
