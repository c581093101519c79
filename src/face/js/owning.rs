//! Owners, by name. JavaScript keeps their watches and leases.

use super::Core;
use super::answer::Answer::Number;
use super::optional;
use super::texts::texts;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl Core {
    /// Opens an owner; a negative time to live stands for none.
    pub fn open_owner(&self, name: &str, ttl: f64, now: f64) -> f64 {
        self.answer(|| {
            self.kernel.borrow_mut().open_owner(&name.into(), optional(ttl), now as u64).map(|_| Number(0.0))
        })
    }

    /// Uses an owner, perhaps to put a key for it.
    pub fn use_owner(&self, name: &str, put: bool, now: f64) -> f64 {
        self.answer(|| {
            let (mut kernel, now) = (self.kernel.borrow_mut(), now as u64);
            let used = if put { kernel.use_to_put(name, now) } else { kernel.use_owner(name, now) };
            used.map(|()| Number(0.0))
        })
    }

    /// Makes the entry of a key that was just put that of an owner: two texts.
    pub fn own(&self, key_and_owner: &[u8], now: f64) {
        let mut texts = texts(key_and_owner);
        if let (Some(key), Some(owner)) = (texts.next(), texts.next()) {
            self.kernel.borrow_mut().own(key, &owner.into(), now as u64);
        }
    }

    /// Ends an owner and deletes its keys; of all of them with an empty name.
    pub fn end_owner(&self, name: &str, now: f64) {
        let mut kernel = self.kernel.borrow_mut();
        if name.is_empty() {
            kernel.end_owners(now as u64);
        } else {
            kernel.end_owner(name, now as u64);
        }
    }
}
