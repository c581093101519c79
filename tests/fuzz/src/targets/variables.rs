//! Declarations and exports of variables that anybody may have made: refused without a trace, or taken in, and then again
//! without a difference. An input is some deeds, among which are imports.

use super::forge::{KEYS, value};
use super::hall::{Hall, limits};
use super::held::Held;
use super::source::Source;
use crate::support::kind::{Kind, encoded};
use statehall::{Declaration, Key, Selector, Value};
use std::collections::BTreeMap;

/// Does the target's work.
pub fn run(bytes: &[u8]) {
    assert!(story::<Value>(bytes) == story::<Held>(bytes), "the kind of values makes no difference to what is stored");
}

fn story<V: Kind>(bytes: &[u8]) -> Vec<u8> {
    let mut source = Source::new(bytes);
    let mut hall = Hall::<V>::new(1, limits(source.one_in(2)));
    for _ in 0..=source.below(6) {
        let key = Key::parse(source.pick(&KEYS)).ok();
        match (source.below(4), key) {
            (0, Some(key)) => hall.put(key, &value(&mut source)),
            (1, Some(key)) => declare(&mut hall, &key, &declaration(&mut source)),
            _ => import(&mut hall, &mut source),
        }
    }
    for key in hall.kernel.declared(&Selector::parse("**").expect("a selector")) {
        hall.kernel.undeclare(key.text());
    }
    hall.end()
}

fn declare<V: Kind>(hall: &mut Hall<V>, key: &Key, bytes: &[u8]) {
    let Ok(declaration) = Declaration::read(bytes) else { return };
    assert_eq!(Declaration::read(declaration.bytes()).as_ref(), Ok(&declaration), "the one form is one");
    if hall.kernel.declare(key, declaration.clone()).is_ok() {
        assert_eq!(hall.kernel.declare(key, declaration), Ok(()), "the same again is the same");
    }
}

fn import<V: Kind>(hall: &mut Hall<V>, source: &mut Source<'_>) {
    let exported = match source.below(4) {
        0 => source.bytes().to_vec(),
        1 => {
            let mut real = encoded(&hall.kernel.export_variables());
            for _ in 0..source.below(3) {
                let at = source.index(real.len());
                real[at] ^= source.byte();
            }
            real
        }
        _ => forged(source),
    };
    if hall.import(&exported).is_ok() {
        let there = encoded(&hall.kernel.export_variables());
        let before = (hall.snapshot(), hall.kernel.revision(), hall.kernel.usage());
        hall.import(&there).expect("what it has exported");
        assert!(before == (hall.snapshot(), hall.kernel.revision(), hall.kernel.usage()), "imported twice is once");
        assert_eq!(encoded(&hall.kernel.export_variables()), there);
    }
}

/// An export that is almost one.
fn forged(source: &mut Source<'_>) -> Vec<u8> {
    let mut variables = BTreeMap::new();
    for _ in 0..source.below(5) {
        let mut members = BTreeMap::new();
        if !source.one_in(16) {
            members.insert("declaration".to_owned(), known(source));
        }
        for name in ["value", "metadata", "other"] {
            if source.one_in(if name == "other" { 16 } else { 2 }) {
                let given = value(source);
                let given = if name == "metadata" { Value::from([("m", given)]) } else { given };
                members.insert(name.to_owned(), given);
            }
        }
        variables.insert(source.pick(&KEYS).to_owned(), Value::from(members));
    }
    let session = if source.one_in(16) { Value::Null } else { "00".into() };
    encoded(&Value::from([("session", session), ("variables", variables.into())]))
}

fn declaration(source: &mut Source<'_>) -> Vec<u8> {
    if source.one_in(2) { source.bytes().to_vec() } else { encoded(&known(source)) }
}

/// One of some declarations, of which most are good.
fn known(source: &mut Source<'_>) -> Value {
    let number = Value::from(i64::from(source.byte()));
    let of = |kind: &str| ("type", Value::from(kind));
    match source.below(12) {
        0 => Value::from([of("any")]),
        1 => Value::from([of("float"), ("max", number)]),
        2 => Value::from([of("integer"), ("min", number), ("monotonic", "increasing".into())]),
        3 => Value::from([of("text"), ("maxLength", number)]),
        4 => Value::from([of("text"), ("pattern", "^(text)*$".into())]),
        5 => Value::from([of("boolean"), ("value", number)]),
        6 => Value::from([of("bytes"), ("immutable", true.into())]),
        7 => Value::from([of("list"), ("minLength", number)]),
        8 => Value::from([of("map"), ("metadata", Value::from([("m", number)]))]),
        9 => Value::from([of("embedding"), ("dimensions", number)]),
        10 => Value::from([("value", number)]),
        _ => value(source),
    }
}
