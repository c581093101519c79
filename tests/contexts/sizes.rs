//! What documents count for: a patched one as much as one that was written whole.

use super::committed;
use statehall::{Code, Error, Guard, Hall, Limits, ManualClock, Options, Value};

fn open(limits: Limits) -> Hall {
    let clock = Box::new(ManualClock::new(0));
    Hall::open(Options { clock, limits, ..Options::default() }).expect("right options")
}

fn operation(op: &str, path: &str, value: impl Into<Value>) -> Value {
    vec![Value::from([("op", op.into()), ("path", path.into()), ("value", value.into())])].into()
}

fn list() -> Value {
    Vec::<Value>::new().into()
}

fn too_many(bytes_max: u64, bytes: u64) -> Error {
    Error::limit("valueBytes", bytes_max, bytes)
}

#[test]
fn a_patched_document_is_as_large_as_it_would_be_alone() {
    let hall = open(Limits { value_bytes: 100, ..Limits::default() });
    let plan = hall.context("plan").expect("a name");
    assert_eq!(plan.create(Value::from([("a", Value::from([("b", "".into())])), ("c", list())])), committed(1));
    // {"a":{"b":""},"c":[]} has ten bytes, and the length of a text takes another one from 24 on.
    let filled = |count: usize| operation("replace", "/a/b", "x".repeat(count));
    assert_eq!(plan.patch(&filled(90), Guard::Any), Err(too_many(100, 101)));
    assert_eq!(plan.patch(&filled(89), Guard::Any), committed(2));
    assert_eq!(plan.patch(&operation("add", "/c/-", 1), Guard::Any), Err(too_many(100, 101)));
    let merged = Value::from([("a", Value::from([("b", "x".repeat(90).into())]))]);
    assert_eq!(plan.merge(&merged, Guard::Any), Err(too_many(100, 101)));
    // What is freed can be used, and what was refused counts for nothing.
    assert_eq!(plan.patch(&filled(88), Guard::Any), committed(3));
    assert_eq!(plan.patch(&operation("add", "/c/0", 1), Guard::Any), committed(4));
    let now = plan.get().expect("open").expect("a document").data;
    assert_eq!(now.encoded(64).map(|bytes| bytes.len()), Ok(100));
    assert_eq!(plan.replace(now, 4), committed(5));
}

#[test]
fn a_patched_document_is_as_deep_as_it_would_be_alone() {
    let hall = open(Limits { value_depth: 3, ..Limits::default() });
    let plan = hall.context("plan").expect("a name");
    let nested = |levels: usize| (0..levels).fold(Value::Null, |inner, _| vec![inner].into());
    assert_eq!(plan.create(Value::from([("a", nested(1)), ("b", nested(2))])), committed(1));
    let refused = plan.patch(&operation("add", "/a/0", nested(2)), Guard::Any).unwrap_err();
    assert_eq!((refused.code, refused.detail.contains("valueDepth")), (Code::Limit, true));
    // What was there and is shared may be too deep elsewhere.
    let moving = [("op", "move".into()), ("from", "/b".into()), ("path", "/a/0".into())];
    assert_eq!(plan.patch(&vec![Value::from(moving)].into(), Guard::Any).unwrap_err().code, Code::Limit);
    assert_eq!(plan.patch(&operation("add", "/a/0", nested(1)), Guard::Any), committed(2));
}

/// All documents together.
#[test]
fn patched_documents_count_for_all_documents() {
    let hall = open(Limits { bytes: 1_000, ..Limits::default() });
    let (plan, notes) = (hall.context("plan").expect("a name"), hall.context("notes").expect("a name"));
    assert_eq!((plan.create(list()), notes.create(list())), (committed(1), committed(1)));
    let long = operation("add", "/-", "x".repeat(600));
    assert_eq!(plan.patch(&long, Guard::Any), committed(2));
    assert_eq!(notes.patch(&long, Guard::Any).unwrap_err().code, Code::Limit);
    assert_eq!(plan.patch(&operation("remove", "/0", 0), Guard::Any), committed(3));
    assert_eq!(notes.patch(&long, Guard::Any), committed(2));
}
