//! Effects as numbers.
//!
//! A record is [`WIDTH`] numbers: kind, whom it is for (a set, a watch), slot, value, old value,
//! revision, origin, metadata, key, expiry, whether it is initial. Values are references, 0 for none; origin and key are
//! indexes of texts, -1 for a key that JavaScript knows by its slot; an expiry of -1 is none.

use super::reference::Ref;
use crate::kernel::Effect;
use crate::state::queue::Change;
use crate::table::Slot;
use std::rc::Rc;

/// For the members of a set.
const NOTIFY: u32 = 1;
/// For one watch.
const INITIAL: u32 = 2;
/// A queue is no longer empty.
const READY: u32 = 3;
/// A peer's state has arrived, or nobody answered.
const SYNCED: u32 = 4;
/// Who is here has changed.
const SESSIONS: u32 = 5;
/// Something was refused: the origin is the index of `code: detail`.
const REPORT: u32 = 6;
/// Taken from the queue of a watch.
pub const TAKEN: u32 = 7;
/// The time of an owner is over: the origin is the index of its name.
const OWNER_EXPIRED: u32 = 8;

/// How many numbers a record has.
const WIDTH: usize = 11;

/// Records that JavaScript has not read yet.
#[derive(Default)]
pub struct Records {
    /// The records.
    pub numbers: Vec<f64>,
    texts: Vec<String>,
    /// The origin that was written last, and its index: most changes in a row have the same.
    last_origin: Option<(Rc<str>, f64)>,
    /// Of each slot's index, the slot whose key JavaScript knows, plus one.
    told: Vec<u64>,
    /// The bytes of values that arrived.
    pub arrived: Vec<u8>,
}

impl Records {
    /// Notes that JavaScript knows the key of a slot.
    pub fn told(&mut self, slot: f64) {
        if slot >= 0.0 {
            self.tell(Slot::from_number(slot as u64));
        }
    }

    /// Appends an effect.
    pub fn effect(&mut self, effect: &Effect<Ref>) {
        match effect {
            Effect::Notify { set, slot, change, .. } => self.change(NOTIFY, set.0, Some(*slot), change),
            Effect::Initial { watch, slot, change } => self.change(INITIAL, watch.0, Some(*slot), change),
            Effect::Ready(watch) => self.sign(READY, watch.0, 0.0),
            Effect::Synced => self.sign(SYNCED, 0, 0.0),
            Effect::Sessions => self.sign(SESSIONS, 0, 0.0),
            Effect::OwnerExpired(owner) => {
                let text = self.text(owner.to_string());
                self.sign(OWNER_EXPIRED, 0, text);
            }
            Effect::Report(error) => {
                let text = self.text(error.to_string());
                self.sign(REPORT, 0, text);
            }
        }
    }

    /// Appends a change.
    pub fn change(&mut self, kind: u32, whom: u32, slot: Option<Slot>, change: &Change<Ref>) {
        let known = slot.is_some_and(|slot| self.tell(slot));
        let key = if known { -1.0 } else { self.text(change.key.text().to_owned()) };
        let origin = match &self.last_origin {
            Some((origin, index)) if **origin == *change.origin => *index,
            _ => {
                let index = self.text(change.origin.to_string());
                self.last_origin = Some((change.origin.clone(), index));
                index
            }
        };
        let id = |value: &Option<Ref>| f64::from(value.as_ref().map_or(0, Ref::id));
        self.push([
            f64::from(kind),
            f64::from(whom),
            slot.map_or(-1.0, |slot| slot.number() as f64),
            id(&change.value),
            id(&change.old),
            change.revision as f64,
            origin,
            id(&change.metadata),
            key,
            change.expires_ms.map_or(-1.0, |expires_ms| expires_ms as f64),
            f64::from(u8::from(change.initial)),
        ]);
    }

    /// Takes the texts.
    pub fn take_texts(&mut self) -> Vec<String> {
        self.last_origin = None;
        std::mem::take(&mut self.texts)
    }

    /// Appends a record that is not a change.
    fn sign(&mut self, kind: u32, whom: u32, text: f64) {
        self.push([f64::from(kind), f64::from(whom), -1.0, 0.0, 0.0, 0.0, text, 0.0, -1.0, -1.0, 0.0]);
    }

    fn push(&mut self, record: [f64; WIDTH]) {
        self.numbers.extend(record);
    }

    fn text(&mut self, text: String) -> f64 {
        self.texts.push(text);
        self.texts.len() as f64 - 1.0
    }

    /// Whether JavaScript knows the key of a slot already; from now on it does.
    fn tell(&mut self, slot: Slot) -> bool {
        let place = slot.index() as usize;
        if place >= self.told.len() {
            self.told.resize(place + 1, 0);
        }
        let told = self.told.get_mut(place).map(|told| std::mem::replace(told, slot.number() + 1));
        told == Some(slot.number() + 1)
    }
}
