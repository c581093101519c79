//! What is done with the bytes of an input: one file a target. Each panics if a promise is broken.
//!
//! The fuzzer and the replay on stable run the same code, and an input says everything, so what
//! failed once fails again.

pub mod forge;
pub mod frame;
pub mod hall;
// How the component holds values needs nothing of a component, so it is tested here too.
#[path = "../../../../src/face/component/held.rs"]
pub mod held;
pub mod key;
pub mod message;
pub mod replicas;
pub mod snapshot;
pub mod source;
pub mod value;
pub mod variables;

use crate::support::kind::Kind;
use held::Held;
use statehall::Value;
use statehall::codec::parse_value;
use statehall::value::Stored;

/// Does with the bytes of an input what a target is for.
pub type Run = fn(&[u8]);

/// Every target by its name.
pub const ALL: [(&str, Run); 7] = [
    ("value", value::run),
    ("key", key::run),
    ("frame", frame::run),
    ("message", message::run),
    ("snapshot", snapshot::run),
    ("replicas", replicas::run),
    ("variables", variables::run),
];

impl Kind for Held {
    const NAME: &str = "Held";
    const HOST_ENCODES: bool = false;

    fn pool() {}

    fn share((): &()) {}

    fn make(value: &Value, (): &()) -> Self {
        Self::decode(&crate::support::kind::encoded(value), &mut ())
    }

    fn value(&self) -> Value {
        match self {
            Self::Scalar(value) => value.clone(),
            Self::Cbor(cbor) => parse_value(cbor).expect("what is held is well-formed"),
        }
    }

    fn live((): &()) -> usize {
        0
    }
}
