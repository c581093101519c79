//! Owners, by name. JavaScript keeps their watches and leases.

use super::Core;
use super::answer::Answer::Number;
use super::optional;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl Core {
    /// Opens an owner; a negative time to live stands for none.
    pub fn open_owner(&self, name: &str, ttl: f64, now: f64) -> f64 {
        self.answer(|| {
            self.kernel.borrow_mut().open_owner(&name.into(), optional(ttl), now as u64).map(|_| Number(0.0))
        })
    }

    /// Uses an owner; answers its place if a key is to be put for it.
    pub fn use_owner(&self, name: &str, put: bool, now: f64) -> f64 {
        self.answer(|| {
            let mut kernel = self.kernel.borrow_mut();
            if put {
                return kernel.use_place(&name.into(), now as u64).map(|place| Number(f64::from(place)));
            }
            kernel.use_owner(name, now as u64).map(|()| Number(0.0))
        })
    }

    /// Makes the entry of a key that was just put that of the owner at a place.
    pub fn own(&self, key: &str, place: u32, now: f64) {
        self.kernel.borrow_mut().own(key, place, now as u64);
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
