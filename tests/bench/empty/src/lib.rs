//! Calls that take and give what those of a hall do, and do nothing in between.

#![allow(unsafe_code, reason = "the macro of wit-bindgen needs it")]
#![allow(missing_docs, reason = "nobody but the bench uses this")]

wit_bindgen::generate!({ path: "wit", world: "empty" });

use exports::statehall::empty::calls::{Error, Guest, GuestHall, Value, Written};

struct Empty;

impl Guest for Empty {
    type Hall = Empty;
}

impl GuestHall for Empty {
    fn new() -> Self {
        Self
    }

    fn put(&self, _key: String, _value: Value, _now_ms: u64) -> Result<Written, Error> {
        Ok(Written { revision: 1, changed: true, conflict: false })
    }

    fn get(&self, _key: String) -> Result<Option<Value>, Error> {
        Ok(Some(Value::Integer(1)))
    }
}

export!(Empty);
