//! Between values of the crate and what crosses: one function a direction, for every test that compares the two.

use crate::types;
use statehall::Value;
use statehall::codec::{parse_value, write_value};

/// A value that goes in; a list or a map as the one encoding that it has.
pub fn value_in(value: &Value) -> types::Value {
    match value {
        Value::Null => types::Value::Null,
        Value::Bool(truth) => types::Value::Boolean(*truth),
        Value::Integer(number) => types::Value::Integer(*number),
        Value::Float(number) => types::Value::Float(*number),
        Value::Text(text) => types::Value::Text(text.to_string()),
        Value::Bytes(bytes) => types::Value::Bytes(bytes.to_vec()),
        Value::List(_) | Value::Map(_) => types::Value::Cbor(cbor_in(value)),
    }
}

/// Metadata that go in, whatever they are.
pub fn cbor_in(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_value(value, &mut bytes);
    bytes
}

/// A value that comes out.
pub fn value_out(value: types::Value) -> Value {
    match value {
        types::Value::Null => Value::Null,
        types::Value::Boolean(truth) => truth.into(),
        types::Value::Integer(number) => number.into(),
        types::Value::Float(number) => number.into(),
        types::Value::Text(text) => Value::Text(text.into()),
        types::Value::Bytes(bytes) => bytes.into(),
        types::Value::Cbor(cbor) => {
            let value = cbor_out(cbor);
            assert!(matches!(value, Value::List(_) | Value::Map(_)), "{value:?} has a case of its own");
            value
        }
    }
}

/// A list or a map that comes out.
pub fn cbor_out(cbor: Vec<u8>) -> Value {
    parse_value(&cbor).expect("what comes out is in its one encoding")
}
