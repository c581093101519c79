//! Values of the component: scalars as they are, lists and maps in the bytes in which they crossed.
//!
//! A host reads and writes bytes, so nothing here has a use for the structure, and a list of small
//! items does not take many times its bytes.

use crate::codec::{is_container, parse_value, same_value, value_bytes, write_value};
use crate::kernel::Measured;
use crate::value::{Stored, Value};
use std::rc::Rc;

/// What a hall holds.
#[derive(Clone)]
pub enum Held {
    /// Anything but a list or a map.
    Scalar(Value),
    /// A list or a map, in its one encoding.
    Cbor(Rc<[u8]>),
}

impl Held {
    /// The value with its size.
    pub fn measured(self) -> Measured<Self> {
        let bytes = self.bytes();
        Measured { value: self, bytes }
    }

    /// Its size as encoded.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Scalar(value) => value_bytes(value),
            Self::Cbor(cbor) => cbor.len() as u64,
        }
    }
}

impl Stored for Held {
    type Pool = ();

    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scalar(a), Self::Scalar(b)) => a == b,
            (Self::Cbor(a), Self::Cbor(b)) => same_value(a, b),
            _ => false,
        }
    }

    fn encode(&self, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Scalar(value) => write_value(value, out),
            Self::Cbor(cbor) => out.extend_from_slice(cbor),
        }
        true
    }

    fn decode(bytes: &[u8], (): &mut ()) -> Self {
        if is_container(bytes) {
            Self::Cbor(bytes.into())
        } else {
            Self::Scalar(parse_value(bytes).unwrap_or_default())
        }
    }
}
