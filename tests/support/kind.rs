//! The kinds of values that a kernel is tested with, and the host's side of each.

use statehall::Value;
use statehall::codec::write_value;
use statehall::kernel::{Kernel, Measured};
use statehall::value::Stored;

/// A kind of stored value that tests can make and look into.
pub trait Kind: Stored + Sized {
    /// What it is called in reports.
    const NAME: &str;

    /// Whether the host has to encode the values.
    const HOST_ENCODES: bool;

    /// A place for values.
    fn pool() -> Self::Pool;

    /// The same place again.
    fn share(pool: &Self::Pool) -> Self::Pool;

    /// Stores a value in the place.
    fn make(value: &Value, pool: &Self::Pool) -> Self;

    /// What was stored.
    fn value(&self) -> Value;

    /// How many values the place holds.
    fn live(pool: &Self::Pool) -> usize;
}

impl Kind for Value {
    const NAME: &str = "Value";
    const HOST_ENCODES: bool = false;

    fn pool() {}

    fn share((): &()) {}

    fn make(value: &Value, (): &()) -> Self {
        value.clone()
    }

    fn value(&self) -> Value {
        self.clone()
    }

    fn live((): &()) -> usize {
        0
    }
}

/// The encoded bytes of a value.
pub fn encoded(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_value(value, &mut bytes);
    bytes
}

/// A value as a face passes it.
pub fn measured<V: Kind>(value: &Value, pool: &V::Pool) -> Measured<V> {
    Measured { value: V::make(value, pool), bytes: encoded(value).len() as u64 }
}

/// What a host does before it lets time pass: it encodes what the kernel cannot.
pub fn settle<V: Kind>(kernel: &mut Kernel<V>) {
    if !V::HOST_ENCODES || kernel.in_batch() {
        return;
    }
    let wanted: Vec<Vec<u8>> = kernel.wanted().iter().map(|value| encoded(&value.value())).collect();
    kernel.supply(wanted.iter().map(Vec::as_slice)).expect("as many as were wanted");
}
