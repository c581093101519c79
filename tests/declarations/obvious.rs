//! What fits at a glance, beside what the bytes say.

use super::{declared, encoded};
use crate::support::json::json;
use crate::support::rng::Rng;
use statehall::Value;
use std::borrow::Cow;

const DECLARATIONS: [&str; 24] = [
    r#"{"type":"float"}"#,
    r#"{"type":"float","min":-1.5,"max":2}"#,
    r#"{"type":"float","min":0,"max":9007199254740992}"#,
    r#"{"type":"float","maxDelta":1}"#,
    r#"{"type":"float","monotonic":"increasing"}"#,
    r#"{"type":"integer"}"#,
    r#"{"type":"integer","min":-2.5,"max":2.5}"#,
    r#"{"type":"integer","max":9007199254740991}"#,
    r#"{"type":"integer","immutable":true}"#,
    r#"{"type":"boolean"}"#,
    r#"{"type":"boolean","immutable":true}"#,
    r#"{"type":"choice","choices":["a","bb"]}"#,
    r#"{"type":"text"}"#,
    r#"{"type":"text","enum":["a","ccc"]}"#,
    r#"{"type":"text","minLength":1,"maxLength":2}"#,
    r#"{"type":"text","maxLength":2}"#,
    r#"{"type":"text","pattern":"^a+$"}"#,
    r#"{"type":"module","modules":["a"]}"#,
    r#"{"type":"bytes","minLength":1,"maxLength":2}"#,
    r#"{"type":"list","maxLength":1}"#,
    r#"{"type":"map"}"#,
    r#"{"type":"any"}"#,
    r#"{"type":"embedding","dimensions":2}"#,
    r#"{"type":"tensor"}"#,
];

/// Whole numbers near every edge: zero, the bounds above, the safe integers, and the largest.
const EDGES: [i64; 8] = [0, 1, -2, 3, 1 << 53, -(1 << 53), i64::MAX, i64::MIN];
const FLOATS: [f64; 9] = [-0.0, 0.5, -1.5, 2.0, 2.5, 9_007_199_254_740_992.0, f64::NAN, f64::INFINITY, f64::MIN];

fn value(rng: &mut Rng, depth: u64) -> Value {
    let kinds = if depth == 0 { 6 } else { 8 };
    match rng.below(kinds) {
        0 => Value::Null,
        1 => (rng.below(2) == 0).into(),
        2 => Value::Integer(EDGES[rng.below(8) as usize].saturating_add(rng.below(3) as i64 - 1)),
        3 => Value::Float(FLOATS[rng.below(9) as usize]),
        4 => ["", "a", "bb", "\u{e9}\u{e9}", "ccc", "true", "NaN"][rng.below(7) as usize].into(),
        5 => vec![7; rng.below(4) as usize].into(),
        6 => (0..rng.below(4)).map(|_| value(rng, depth - 1)).collect::<Vec<_>>().into(),
        _ => Value::from([("shape", value(rng, depth - 1)), ("data", value(rng, depth - 1))]),
    }
}

#[test]
fn what_obviously_fits_is_what_would_be_stored_as_given() {
    let mut rng = Rng::new(7);
    for text in DECLARATIONS {
        let declaration = declared(text);
        let mut obvious = 0;
        for _ in 0..2_000 {
            let (old, new) = (value(&mut rng, 2), value(&mut rng, 2));
            if !declaration.obviously_fits(&new) {
                continue;
            }
            obvious += 1;
            let (old_bytes, bytes) = (encoded(&old), encoded(&new));
            for old in [None, Some(&*old_bytes)] {
                let judged = declaration.judge_set(old, &bytes);
                let as_given = matches!(judged, Ok(Cow::Borrowed(_)));
                assert!(as_given, "{text}: {new:?} after {old:?}: {judged:?}");
            }
        }
        let asks = [r#""text","minLength"#, "maxDelta", "monotonic", "immutable", "pattern", "embedding", "tensor"];
        assert_eq!(obvious > 0, !asks.iter().any(|ask| text.contains(ask)), "{text}: {obvious} were obvious");
    }
}

#[test]
fn what_most_values_are_is_obvious() {
    let cases = [
        (r#"{"type":"float","min":0,"max":2}"#, json("0.7")),
        (r#"{"type":"float","min":0,"max":2}"#, Value::Integer(2)),
        (r#"{"type":"integer","max":9}"#, Value::Integer(9)),
        (r#"{"type":"boolean"}"#, Value::Bool(false)),
        (r#"{"type":"choice","choices":["a","b"]}"#, "b".into()),
        (r#"{"type":"text","maxLength":3}"#, "abc".into()),
        (r#"{"type":"list"}"#, vec![Value::Null].into()),
    ];
    for (text, value) in cases {
        assert!(declared(text).obviously_fits(&value), "{text}: {value:?}");
    }
}
