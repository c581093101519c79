//! Puts and deletes by the text of a key.

use super::Core;
use super::answer::Answer::{Number, Numbers};
use super::optional;
use super::texts::{read_selector, texts};
use crate::kernel::{Command, Measured, Reply};
use crate::key::Key;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
impl Core {
    /// Puts a value by its key's text, perhaps for an owner, whose name is the second; with options, of which negative
    /// numbers stand for none. Answers slot, revision, whether it changed, and whether `expect` failed.
    pub fn write(
        &self,
        key_and_owner: &[u8],
        value: u32,
        bytes: f64,
        metadata: u32,
        metadata_bytes: f64,
        origin: u32,
        expect: f64,
        ttl: f64,
        touch: bool,
        now: f64,
    ) -> f64 {
        self.answer(|| {
            let value = Measured { value: self.pool.hold(value), bytes: bytes as u64 };
            let metadata =
                (metadata != 0).then(|| Measured { value: self.pool.hold(metadata), bytes: metadata_bytes as u64 });
            let mut texts = texts(key_and_owner);
            let key = texts.next().unwrap_or_default();
            let owner: Option<Rc<str>> = texts.next().map(Rc::from);
            let key_read = Key::parse(key)?;
            let (expect, ttl_ms) = (optional(expect), optional(ttl));
            let command =
                Command::Put { key: key_read, value, metadata, origin: self.origin(origin)?, expect, ttl_ms, touch };
            if let Some(owner) = &owner {
                self.kernel.borrow_mut().use_to_put(owner, now as u64)?;
            }
            let written = self.apply(command, now)?;
            if let (Some(owner), [_, _, 0.0]) = (&owner, written) {
                self.kernel.borrow_mut().own(key, owner, now as u64);
            }
            let slot = self.kernel.borrow().slot(key).map_or(-1.0, |slot| slot.number() as f64);
            self.records.borrow_mut().told(slot);
            Ok(Numbers([slot].into_iter().chain(written).collect()))
        })
    }

    /// Deletes a key. Answers revision, whether anything changed, and whether `expect` failed.
    pub fn delete(&self, key: &str, origin: u32, expect: f64, touch: bool, now: f64) -> f64 {
        self.answer(|| {
            let key = Key::parse(key)?;
            let command = Command::Delete { key, origin: self.origin(origin)?, expect: optional(expect), touch };
            Ok(Numbers(self.apply(command, now)?.into()))
        })
    }

    /// Deletes all selected entries and answers how many.
    pub fn clear(&self, selector: &[u8], origin: u32, now: f64) -> f64 {
        self.answer(|| {
            let command = Command::Clear { selector: read_selector(selector)?, origin: self.origin(origin)? };
            let reply = self.kernel.borrow_mut().apply(command, now as u64)?;
            Ok(Number(if let Reply::Cleared(count) = reply { count as f64 } else { 0.0 }))
        })
    }
}
