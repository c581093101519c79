//! Owners, by name. JavaScript keeps their watches and leases.

use super::Core;
use super::answer::Answer::Number;
use super::optional;
use wasm_bindgen::prelude::*;

/// What is done with an owner. Another number ends it.
const OPEN: u32 = 0;
const USE: u32 = 1;

#[wasm_bindgen]
impl Core {
    /// Opens an owner, uses it, or ends it, which without a name ends all of them. A negative time to live stands for
    /// none, and is for opening.
    pub fn owner(&self, name: &str, deed: u32, ttl: f64, now: f64) -> f64 {
        self.answer(|| {
            let (mut kernel, now) = (self.kernel.borrow_mut(), now as u64);
            match deed {
                OPEN => drop(kernel.open_owner(&name.into(), optional(ttl), now)?),
                USE => kernel.use_owner(name, now)?,
                _ if name.is_empty() => kernel.end_owners(now),
                _ => kernel.end_owner(name, now),
            }
            Ok(Number(0.0))
        })
    }
}
