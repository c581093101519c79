//! Calls that take and give what those of a hall do, and do nothing in between.

#![allow(unsafe_code, reason = "the macro of wit-bindgen needs it")]
#![allow(missing_docs, reason = "nobody but the bench uses this")]

wit_bindgen::generate!({
    inline: r#"
        package statehall:empty;

        interface calls {
            enum code { limit }
            record error { code: code, detail: string }
            variant value { null, boolean(bool), integer(s64), float(f64), text(string), bytes(list<u8>), cbor(list<u8>) }
            record written { revision: u64, changed: bool, conflict: bool }
            resource hall {
                constructor();
                put: func(key: string, value: value, now-ms: u64) -> result<written, error>;
                get: func(key: string) -> result<option<value>, error>;
            }
        }

        world empty { export calls; }
    "#,
});

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
