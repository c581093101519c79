//! What a hall stores.
//!
//! The kernel is generic over its values: it copies, drops and compares them, and never looks
//! inside. [`Value`] is what Rust programs and components store; the npm package stores counted
//! references to JavaScript values, which never enter wasm.

use std::collections::BTreeMap;
use std::sync::Arc;

/// A value as the kernel sees it: something that can be copied, dropped and told apart.
pub trait Stored: Clone {
    /// Where values that arrive as bytes are made; `()` where they need no place.
    type Pool;

    /// Whether only the host can look into values: then it judges those of declared keys, by
    /// [`Declaration::judge_set`](crate::state::declaration::Declaration::judge_set), before it puts them.
    const OPAQUE: bool = false;

    /// Whether the two are the same value. Structural where the kernel can see the structure.
    fn same(&self, other: &Self) -> bool;

    /// Appends the encoded bytes, or answers false if only the host can encode it.
    fn encode(&self, out: &mut Vec<u8>) -> bool;

    /// The value itself, where the kernel can look into it without encoding it.
    fn look(&self) -> Option<&Value> {
        None
    }

    /// Makes a value from bytes that [`crate::codec::check_value`] has accepted.
    fn decode(bytes: &[u8], pool: &mut Self::Pool) -> Self;
}

/// A value of a hall in Rust. Copies share their contents.
///
/// An integer and a float are different values even if they are numerically equal; the npm
/// package, whose language has one number type, reads both as numbers.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// Nothing, on purpose. Not the same as an absent entry.
    #[default]
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number in binary floating point.
    Float(f64),
    /// Text.
    Text(Arc<str>),
    /// Bytes.
    Bytes(Arc<[u8]>),
    /// Values in order.
    List(Arc<[Value]>),
    /// Values by name.
    Map(Arc<BTreeMap<String, Value>>),
}

impl Value {
    /// The text, if it is text.
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The whole number, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        if let Self::Integer(number) = self { Some(*number) } else { None }
    }

    /// The number, whole or not.
    pub fn as_float(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// The truth value, if it is one.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The members, if it is a map.
    pub fn as_map(&self) -> Option<&BTreeMap<String, Value>> {
        if let Self::Map(members) = self { Some(members) } else { None }
    }

    /// The items, if it is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// Whether the value has more than `depth` containers within one another.
    pub fn deeper_than(&self, depth: usize) -> bool {
        match self {
            Self::List(items) => depth == 0 || items.iter().any(|item| item.deeper_than(depth - 1)),
            Self::Map(members) => depth == 0 || members.values().any(|item| item.deeper_than(depth - 1)),
            _ => false,
        }
    }
}

/// Structural. Floats compare as JavaScript's SameValueZero: NaN is itself, and -0 is 0.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Integer(a), Self::Integer(b)) => a == b,
            (Self::Float(a), Self::Float(b)) => a == b || (a.is_nan() && b.is_nan()),
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Bytes(a), Self::Bytes(b)) => a == b,
            (Self::List(a), Self::List(b)) => Arc::ptr_eq(a, b) || a == b,
            (Self::Map(a), Self::Map(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }
}

macro_rules! from {
    ($($source:ty => |$value:ident| $make:expr,)+) => {
        $(impl From<$source> for Value { fn from($value: $source) -> Self { $make } })+
    };
}

from! {
    () => |_value| Value::Null,
    bool => |value| Value::Bool(value),
    i32 => |value| Value::Integer(value.into()),
    u32 => |value| Value::Integer(value.into()),
    i64 => |value| Value::Integer(value),
    f64 => |value| Value::Float(value),
    &str => |value| Value::Text(value.into()),
    String => |value| Value::Text(value.into()),
    &[u8] => |value| Value::Bytes(value.into()),
    Vec<u8> => |value| Value::Bytes(value.into()),
    Vec<Value> => |value| Value::List(value.into()),
    BTreeMap<String, Value> => |value| Value::Map(value.into()),
}

impl<const N: usize> From<[(&str, Value); N]> for Value {
    fn from(members: [(&str, Value); N]) -> Self {
        Self::Map(Arc::new(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
    }
}
