//! Values of the component: scalars as they are, lists and maps in the bytes in which they crossed.
//!
//! A host reads and writes bytes, so nothing here has a use for the structure, and a list of small
//! items does not take many times its bytes.

use crate::codec::{parse_value, same_value, value_bytes, write_value};
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

/// The kinds of CBOR that are lists and maps, in the upper bits of the first byte.
const CONTAINERS: [u8; 2] = [4, 5];

impl Held {
    /// How many bytes the value has as encoded.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Scalar(value) => value_bytes(value),
            Self::Cbor(cbor) => cbor.len() as u64,
        }
    }
}

/// Whether the bytes begin a list or a map.
pub fn is_container(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| CONTAINERS.contains(&(first >> 5)))
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
