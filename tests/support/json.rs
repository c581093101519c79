//! Values written as JSON, for tests whose source writes them so.

use statehall::Value;
use std::collections::BTreeMap;

/// The value of a JSON text. Numbers without a point are integers.
pub fn json(text: &str) -> Value {
    let mut rest = text;
    let value = value(&mut rest);
    assert!(rest.trim().is_empty(), "{rest:?} is left of {text:?}");
    value
}

fn skip(rest: &mut &str, mark: &str) -> bool {
    let trimmed = rest.trim_start();
    let after = trimmed.strip_prefix(mark);
    *rest = after.unwrap_or(trimmed);
    after.is_some()
}

fn value(rest: &mut &str) -> Value {
    if skip(rest, "{") {
        let mut members = BTreeMap::new();
        while !skip(rest, "}") {
            let name = text(rest);
            assert!(skip(rest, ":"), "a colon before {rest:?}");
            members.insert(name, value(rest));
            skip(rest, ",");
        }
        return members.into();
    }
    if skip(rest, "[") {
        let mut items = Vec::new();
        while !skip(rest, "]") {
            items.push(value(rest));
            skip(rest, ",");
        }
        return items.into();
    }
    for (word, value) in [("null", Value::Null), ("true", true.into()), ("false", false.into())] {
        if skip(rest, word) {
            return value;
        }
    }
    if rest.starts_with('"') {
        return text(rest).into();
    }
    let end = rest.find(|char: char| !"+-.0123456789eE".contains(char)).unwrap_or(rest.len());
    let (number, after) = rest.split_at(end);
    *rest = after;
    match number.parse::<i64>() {
        Ok(number) => number.into(),
        Err(_) => number.parse::<f64>().unwrap_or_else(|_| panic!("{number:?} is no number")).into(),
    }
}

/// A text without escapes.
fn text(rest: &mut &str) -> String {
    assert!(skip(rest, "\""), "a text at {rest:?}");
    let (text, after) = rest.split_once('"').expect("the end of a text");
    *rest = after;
    text.to_owned()
}
