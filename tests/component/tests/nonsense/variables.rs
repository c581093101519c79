//! Variables with everything that a host might get wrong.

use super::calls::{NO_VARIABLES, declaring, importing, kept, setting, setting_none};
use super::subject::{NOW_MS, Subject};
use statehall::Value as Plain;
use statehall_component_tests::state::PutOptions;
use statehall_component_tests::types::{Code, Selector, Value};
use statehall_component_tests::values::{cbor_in, cbor_out};

/// Asks something of variables.
macro_rules! ask {
    ($subject:ident, $call:ident, $($argument:expr),* $(,)?) => {{
        let hall = $subject.hall;
        $subject.call(|store, kernel| kernel.statehall_hall_variables().$call(store, hall, $($argument),*))
    }};
}

#[test]
fn what_is_no_declaration_declares_nothing() {
    let mut subject = Subject::new(false);
    let good = cbor_in(&Plain::from([("type", "integer".into()), ("value", 5.into())]));
    let every = Selector::Text("**".into());
    for key in ["", "/", "a//b", "*", "a/**", "a~2"] {
        assert_eq!(ask!(subject, call_declare, key, &good).expect_err(key).code, Code::InvalidKey);
        assert_eq!(ask!(subject, call_undeclare, key).expect_err(key).code, Code::InvalidKey);
        assert_eq!(ask!(subject, call_get, key).expect_err(key).code, Code::InvalidKey);
    }
    for bytes in [vec![], vec![0xff], vec![0x01], vec![0x9f, 0xff]] {
        assert_eq!(ask!(subject, call_declare, "a", &bytes).expect_err("no map").code, Code::InvalidValue);
    }
    for bytes in [vec![0x80], vec![0xa0]] {
        assert_eq!(ask!(subject, call_declare, "a", &bytes).expect_err("no type").code, Code::InvalidDeclaration);
    }
    assert!(ask!(subject, call_variables, &every).expect("a list").is_empty());
    assert!(ask!(subject, call_get, "a").expect("an answer").is_none());

    ask!(subject, call_declare, "n", &good).expect("declared");
    let other = cbor_in(&Plain::from([("type", "integer".into())]));
    assert_eq!(ask!(subject, call_declare, "n", &other).expect_err("another").code, Code::DeclarationConflict);
    let text = Value::Text("x".into());
    let put = subject.ask(|hall, store, this| hall.call_put(store, this, "n", &text, NOW_MS));
    assert_eq!(put.expect_err("no integer").code, Code::ConstraintViolation);
    let listed = ask!(subject, call_variables, &every).expect("a list");
    assert!(listed.len() == 1 && !listed[0].is_set && matches!(listed[0].value, Some(Value::Integer(5))));
    assert_eq!(listed[0].metadata, [0xa0]);
    assert!(ask!(subject, call_undeclare, "n").expect("an answer"));
    assert!(!ask!(subject, call_undeclare, "n").expect("an answer"));
    subject.works();
    subject.ask(|hall, store, this| hall.call_close(store, this));
    assert_eq!(ask!(subject, call_get, "n").expect_err("closed").code, Code::Closed);
}

#[test]
fn what_cannot_be_set_changes_nothing() {
    let mut subject = Subject::new(false);
    let digits = cbor_in(&Plain::from([("type", "integer".into()), ("max", 5.into())]));
    ask!(subject, call_declare, "n", &digits).expect("declared");
    for key in ["", "/", "a//b", "*", "a/**", "a~2"] {
        let calls: Vec<_> = declaring(key).into_iter().filter(|(name, _)| *name != "declare").collect();
        subject.refuses("a key", Code::InvalidKey, &calls);
    }
    let long = kept("k".repeat(1_025));
    subject.refuses("a key that is too long", Code::Limit, &[setting(long, kept(Value::Null), None, NOW_MS)]);
    subject.refuses("an undeclared key", Code::InvalidArgument, &[setting("a", kept(Value::Null), None, NOW_MS)]);
    let plain = PutOptions { expect: None, metadata: None, ttl_ms: None, touch: false };
    for (code, value) in [
        (Code::ConstraintViolation, Value::Integer(6)),
        (Code::ConstraintViolation, Value::Text("5".into())),
        (Code::ConstraintViolation, Value::Cbor(vec![0x80])),
        (Code::InvalidValue, Value::Cbor(vec![0x05])),
        (Code::InvalidValue, Value::Cbor(vec![])),
    ] {
        subject.refuses("a value", code, &[setting("n", kept(value), None, NOW_MS)]);
    }
    for (code, options) in [
        (Code::InvalidValue, PutOptions { metadata: Some(vec![0x80]), ..plain.clone() }),
        (Code::InvalidValue, PutOptions { metadata: Some(vec![0xff]), ..plain.clone() }),
        (Code::InvalidArgument, PutOptions { ttl_ms: Some(0), ..plain.clone() }),
    ] {
        subject.refuses("options", code, &[setting("n", kept(Value::Integer(1)), Some(kept(options)), NOW_MS)]);
    }
    for late_ms in [(1 << 47) + 1, u64::MAX] {
        let calls = [
            setting("n", kept(Value::Integer(1)), None, late_ms),
            setting_none(late_ms),
            importing(NO_VARIABLES, late_ms),
        ];
        subject.refuses("a time", Code::InvalidArgument, &calls);
    }
    // Metadata join; together they may be too many.
    let half = cbor_in(&Plain::from([("half", vec![0u8; 3_000].into())]));
    let other = cbor_in(&Plain::from([("other", vec![0u8; 3_000].into())]));
    let with = |metadata: &Vec<u8>| PutOptions { metadata: Some(metadata.clone()), ..plain.clone() };
    ask!(subject, call_set, "n", &Value::Integer(1), Some(&with(&half)), NOW_MS).expect("set");
    let call = setting("n", kept(Value::Integer(2)), Some(kept(with(&other))), NOW_MS);
    subject.refuses("metadata", Code::Limit, &[call]);
    let entry = subject.ask(|hall, store, this| hall.call_entry(store, this, "n")).expect("an answer");
    assert!(entry.is_some_and(|entry| entry.metadata == Some(half) && matches!(entry.value, Value::Integer(1))));
}

#[test]
fn many_are_set_in_any_order_and_twice() {
    let mut subject = Subject::new(false);
    let digits = cbor_in(&Plain::from([("type", "integer".into()), ("max", 5.into())]));
    ask!(subject, call_declare, "n", &digits).expect("declared");
    let values: Vec<_> = [("n", 9), ("zz", 1), ("n", 4), ("a//", 1), ("n", 5), ("n", 7)]
        .map(|(key, number)| (key.to_owned(), Value::Integer(number)))
        .into();
    let refused = ask!(subject, call_set_many, &values, NOW_MS).expect("an answer");
    let refused: Vec<_> = refused.iter().map(|(key, error)| (key.as_str(), error.code)).collect();
    let expected = [
        ("n", Code::ConstraintViolation),
        ("zz", Code::InvalidArgument),
        ("a//", Code::InvalidKey),
        ("n", Code::ConstraintViolation),
    ];
    assert_eq!(refused, expected);
    let there = subject.ask(|hall, store, this| hall.call_get(store, this, "n")).expect("an answer");
    assert!(matches!(there, Some(Value::Integer(5))));
}

#[test]
fn what_is_no_export_is_refused_whole() {
    let mut subject = Subject::new(false);
    let digits = cbor_in(&Plain::from([("type", "integer".into()), ("max", 5.into())]));
    ask!(subject, call_declare, "n", &digits).expect("declared");
    ask!(subject, call_set, "n", &Value::Integer(5), None, NOW_MS).expect("set");
    let good = ask!(subject, call_export_variables,).expect("an export");
    assert!(cbor_out(good.clone()).as_map().is_some_and(|members| members.len() == 2));
    let mut refused = 0;
    for length in 0..good.len() {
        let call = importing(&good[..length], NOW_MS);
        subject.refuses("half an export", Code::InvalidValue, &[call]);
        refused += 1;
    }
    subject.refuses("an export and more", Code::InvalidValue, &[importing(&[&good[..], &[0]].concat(), NOW_MS)]);
    // With a byte changed it is refused, or is another one.
    for at in 0..good.len() {
        for mask in [0x01, 0x20, 0x80] {
            let mut bytes = good.clone();
            bytes[at] ^= mask;
            let before = subject.picture();
            let Err(error) = ask!(subject, call_import_variables, &bytes, NOW_MS) else {
                ask!(subject, call_import_variables, &good, NOW_MS).expect("the good one");
                continue;
            };
            assert!(!error.detail.is_empty() && subject.picture() == before, "{error:?}");
            refused += 1;
        }
    }
    assert!(refused > 2 * good.len(), "{refused} of {}", good.len());
    for (code, bytes) in [
        (Code::InvalidArgument, vec![0x80]),
        (Code::InvalidArgument, vec![0xa0]),
        (Code::InvalidArgument, vec![0x01]),
        (Code::InvalidValue, vec![0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        (Code::InvalidValue, [vec![0xa1, 0x67], b"session".to_vec(), vec![0x81; 100_000]].concat()),
    ] {
        subject.refuses("no export", code, &[importing(&bytes, NOW_MS)]);
    }
    let value = ask!(subject, call_get, "n").expect("an answer").and_then(|variable| variable.value);
    assert!(matches!(value, Some(Value::Integer(5))));
}
