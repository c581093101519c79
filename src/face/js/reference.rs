//! Values of the npm package: counted references to JavaScript values.
//!
//! The value itself lives in a slab on the JavaScript side and never enters wasm; here it is a
//! number. JavaScript numbers its own values evenly, the kernel numbers values that arrive as
//! bytes oddly, so neither has to ask. When the last copy of a reference is dropped its number
//! goes on a list that JavaScript reads after the call, and then lets the value go.

use crate::value::Stored;
use std::cell::RefCell;
use std::rc::Rc;

/// A counted reference.
pub struct Ref {
    id: u32,
    pool: Pool,
}

/// The counts, and the lists that JavaScript reads.
#[derive(Clone, Default)]
pub struct Pool(Rc<RefCell<Counts>>);

#[derive(Default)]
struct Counts {
    counts: Vec<u32>,
    released: Vec<u32>,
    arrived: Vec<u32>,
    bytes: Vec<u8>,
    /// Odd numbers that JavaScript has let go.
    free: Vec<u32>,
    given: u32,
}

impl Pool {
    /// The reference with a number that JavaScript has given.
    pub fn hold(&self, id: u32) -> Ref {
        self.0.borrow_mut().add(id);
        Ref { id, pool: self.clone() }
    }

    /// Takes the numbers that nothing refers to any more.
    pub fn take_released(&self) -> Vec<u32> {
        let mut counts = self.0.borrow_mut();
        let released = std::mem::take(&mut counts.released);
        counts.free.extend(released.iter().filter(|&id| id % 2 == 1));
        released
    }

    /// Takes the values that arrived: pairs of number and length, and all their bytes.
    pub fn take_arrived(&self) -> (Vec<u32>, Vec<u8>) {
        let mut counts = self.0.borrow_mut();
        (std::mem::take(&mut counts.arrived), std::mem::take(&mut counts.bytes))
    }

    /// How many numbers are referred to.
    pub fn live(&self) -> usize {
        self.0.borrow().counts.iter().filter(|&&count| count > 0).count()
    }
}

impl Counts {
    fn add(&mut self, id: u32) {
        let place = id as usize;
        if place >= self.counts.len() {
            self.counts.resize(place + 1, 0);
        }
        if let Some(count) = self.counts.get_mut(place) {
            *count += 1;
        }
    }
}

impl Ref {
    /// The number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Whether nothing else refers to the value.
    pub fn is_alone(&self) -> bool {
        self.pool.0.borrow().counts.get(self.id as usize) == Some(&1)
    }
}

impl Clone for Ref {
    fn clone(&self) -> Self {
        self.pool.hold(self.id)
    }
}

impl Drop for Ref {
    fn drop(&mut self) {
        let mut counts = self.pool.0.borrow_mut();
        let Some(count) = counts.counts.get_mut(self.id as usize) else { return };
        *count -= 1;
        if *count == 0 {
            counts.released.push(self.id);
        }
    }
}

impl Stored for Ref {
    type Pool = Pool;

    const OPAQUE: bool = true;

    /// JavaScript compares before it calls, and passes the number it has for an equal value.
    fn same(&self, other: &Self) -> bool {
        self.id == other.id
    }

    fn encode(&self, _out: &mut Vec<u8>) -> bool {
        false
    }

    fn decode(bytes: &[u8], pool: &mut Pool) -> Self {
        let mut counts = pool.0.borrow_mut();
        let id = counts.free.pop().unwrap_or_else(|| {
            counts.given += 1;
            2 * counts.given - 1
        });
        counts.arrived.extend([id, bytes.len() as u32]);
        counts.bytes.extend_from_slice(bytes);
        drop(counts);
        pool.hold(id)
    }
}
