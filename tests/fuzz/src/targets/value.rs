//! The codec of values: whatever reads, measures, checks and compares agrees, and what is read is
//! written as it was. An input is the bytes of two values.

use super::held::Held;
use super::source::Source;
use crate::support::kind::encoded;
use statehall::Value;
use statehall::codec::{
    DEPTH_MAX, TOO_DEEP, check_nested, check_value, is_container, is_map, parse_value, read_value, same_value,
    value_bytes,
};
use statehall::value::Stored;

/// Does the target's work.
pub fn run(bytes: &[u8]) {
    let mut source = Source::new(bytes);
    let (a, b) = (source.bytes(), source.rest());
    if let (Some(left), Some(right)) = (one(a), one(b)) {
        let same = left == right;
        assert_eq!(same_value(a, b), same, "the bytes compare as their values do");
        assert_eq!(same_value(b, a), same);
        let (held, other) = (Held::decode(a, &mut ()), Held::decode(b, &mut ()));
        assert_eq!(held.same(&other), same, "what the component holds compares as well");
    }
    // Of bytes that are not both well-formed nothing is promised, but that it ends.
    same_value(a, b);
    same_value(b, a);
}

/// What the bytes are, checked.
fn one(bytes: &[u8]) -> Option<Value> {
    let read = parse_value(bytes);
    assert_eq!(read.as_ref().err(), check_nested(bytes, DEPTH_MAX).as_ref().err(), "reading and checking agree");
    assert_eq!((read.is_ok(), read.is_ok()), (read_value(bytes).is_ok(), check_value(bytes).is_ok()));
    let value = read.ok()?;
    assert_eq!(encoded(&value), bytes, "one value, one encoding");
    assert_eq!(value_bytes(&value), bytes.len() as u64);
    assert!(same_value(bytes, bytes) && value == value.clone() && value.same(&value));
    assert_eq!(is_container(bytes), matches!(value, Value::List(_) | Value::Map(_)));
    assert_eq!(is_map(bytes), matches!(value, Value::Map(_)));
    for depth in 0..=DEPTH_MAX {
        let deeper = value.deeper_than(depth);
        assert_eq!(check_nested(bytes, depth), if deeper { Err(TOO_DEEP) } else { Ok(()) }, "depth {depth}");
        assert_eq!(value.encoded_bytes(depth).ok(), (!deeper).then_some(bytes.len() as u64), "depth {depth}");
        if !deeper {
            break;
        }
    }
    let held = Held::decode(bytes, &mut ());
    let mut out = Vec::new();
    assert!(held.encode(&mut out) && out == bytes, "the component holds what it was given");
    assert_eq!(held.measured().bytes, bytes.len() as u64);
    Some(value)
}
