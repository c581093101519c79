//! A value that lives outside the kernel, as the values of the npm package do.
//!
//! The kernel holds counted references into a slab. A value whose count reaches zero is poisoned,
//! and its place is not used again, so that whoever still reads it panics, and whoever forgets to
//! let go is seen in [`Slab::live`]. Only the host can encode such a value.

use super::kind::Kind;
use statehall::Value;
use statehall::codec::read_value;
use statehall::value::Stored;
use std::cell::RefCell;
use std::rc::Rc;

struct Place {
    count: u32,
    /// `None` once it was let go.
    value: Option<Value>,
}

#[derive(Default)]
struct Places {
    rows: Vec<Place>,
    live: usize,
}

/// The slab.
#[derive(Clone, Default)]
pub struct Slab(Rc<RefCell<Places>>);

impl Slab {
    /// How many values are still held.
    pub fn live(&self) -> usize {
        self.0.borrow().live
    }

    fn add(&self, value: Value) -> TestRef {
        let mut places = self.0.borrow_mut();
        places.rows.push(Place { count: 1, value: Some(value) });
        places.live += 1;
        TestRef { slab: self.clone(), place: places.rows.len() - 1 }
    }
}

/// A counted reference into a slab.
pub struct TestRef {
    slab: Slab,
    place: usize,
}

impl TestRef {
    fn with<T>(&self, read: impl FnOnce(&Value) -> T) -> T {
        let places = self.slab.0.borrow();
        read(places.rows[self.place].value.as_ref().expect("a value is read after it was let go"))
    }
}

impl Clone for TestRef {
    fn clone(&self) -> Self {
        let place = &mut self.slab.0.borrow_mut().rows[self.place];
        assert!(place.count > 0, "a value is held again after it was let go");
        place.count += 1;
        Self { slab: self.slab.clone(), place: self.place }
    }
}

impl Drop for TestRef {
    fn drop(&mut self) {
        let mut places = self.slab.0.borrow_mut();
        let place = &mut places.rows[self.place];
        place.count = place.count.checked_sub(1).expect("a value is let go twice");
        if place.count == 0 {
            place.value = None;
            places.live -= 1;
        }
    }
}

impl Stored for TestRef {
    type Pool = Slab;

    fn same(&self, other: &Self) -> bool {
        self.with(|own| other.with(|other| own == other))
    }

    fn encode(&self, _out: &mut Vec<u8>) -> bool {
        false
    }

    fn decode(bytes: &[u8], pool: &mut Slab) -> Self {
        pool.add(read_value(bytes).expect("the kernel has checked the bytes"))
    }
}

impl Kind for TestRef {
    const NAME: &str = "TestRef";
    const HOST_ENCODES: bool = true;

    fn pool() -> Slab {
        Slab::default()
    }

    fn share(pool: &Slab) -> Slab {
        pool.clone()
    }

    fn make(value: &Value, pool: &Slab) -> Self {
        pool.add(value.clone())
    }

    fn value(&self) -> Value {
        self.with(Value::clone)
    }

    fn live(pool: &Slab) -> usize {
        pool.live()
    }
}
