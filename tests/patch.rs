//! Patches: the cases of `tests/fixtures/patches.txt`, which `js/test/strict/patch.test.js` runs too, and patches by
//! chance.

mod support;

#[allow(dead_code)]
#[path = "transcripts/runner/notation.rs"]
mod notation;

use notation::{read, write};
use statehall::codec::value_bytes;
use statehall::state::growth::growth;
use statehall::state::patch::{Reason, Refused, json_patch, merge_patch};
use statehall::{Code, Error, Value};
use support::json::json;
use support::rng::Rng;

const CASES: &str = include_str!("fixtures/patches.txt");
const RANDOM: &str = include_str!("fixtures/patched.txt");
/// The most bytes of a document in both files.
const BYTES_MAX: u64 = 200;

/// What comes of a patch, as the files say it.
fn outcome(target: &Value, patch: &Value, bytes_max: u64) -> String {
    let before = write(target);
    let result = match patch {
        Value::List(_) => json_patch(target, patch, bytes_max),
        _ => merge_patch(target, patch).map_err(Refused::Mistaken),
    };
    assert_eq!(write(target), before, "what went in is as it was");
    match result {
        Ok(value) => {
            assert_grown(target, &value);
            write(&value)
        }
        Err(Refused::Inapplicable(why)) => {
            format!("inapplicable {} {} {}", why.operation, write(&why.path.as_str().into()), why.reason.name())
        }
        Err(Refused::Mistaken(Error { code, detail })) => format!("error {} {detail}", code.name()),
    }
}

/// That a changed value is measured as it would be alone, and that so is how deep it is.
fn assert_grown(old: &Value, new: &Value) {
    let bytes = |value: &Value| value_bytes(value) as i64;
    assert_eq!(growth(old, new, 64), Ok(bytes(new) - bytes(old)), "{old:?} has become {new:?}");
    let depth = (0..64).find(|&depth| !old.deeper_than(depth)).expect("not too deep");
    assert_eq!(growth(old, new, depth).is_err(), new.deeper_than(depth), "{old:?} has become {new:?}");
}

fn check(file: &str, least: usize) {
    let cases: Vec<_> = file.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(cases.len() >= least, "only {} cases were found", cases.len());
    for case in cases {
        let parts: Vec<_> = case.split(" | ").collect();
        let [target, patch, expected] = parts[..] else { panic!("not three parts: {case}") };
        let value = |text: &str| read(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let expected = if ["inapplicable ", "error "].iter().any(|word| expected.starts_with(word)) {
            expected.to_owned()
        } else {
            write(&value(expected))
        };
        assert_eq!(outcome(&value(target), &value(patch), BYTES_MAX), expected, "{case}");
    }
}

#[test]
fn the_cases_of_the_fixture() {
    check(CASES, 100);
}

fn patched(target: &str, patch: &str) -> Result<Value, (usize, String, Reason)> {
    json_patch(&json(target), &json(patch), 10_000).map_err(|refused| match refused {
        Refused::Inapplicable(why) => (why.operation, why.path, why.reason),
        Refused::Mistaken(error) => panic!("{error}"),
    })
}

fn mistaken(target: &str, patch: &str) -> Code {
    match json_patch(&json(target), &json(patch), 10_000) {
        Err(Refused::Mistaken(error)) => error.code,
        other => panic!("{patch}: {other:?}"),
    }
}

#[test]
fn a_patch_is_a_list_and_does_not_grow_without_end() {
    assert_eq!(mistaken("{}", "{}"), Code::InvalidArgument);
    let copies: Vec<String> = (0..40).map(|n| format!(r#"{{"op":"copy","from":"","path":"/{n}"}}"#)).collect();
    assert_eq!(mistaken(r#"{"a":"text"}"#, &format!("[{}]", copies.join(","))), Code::Limit);
    let nested: Vec<String> = (0..70).map(|_| r#"{"op":"move","from":"/a","path":"/b"},{"op":"add","path":"/a","value":{}},{"op":"move","from":"/b","path":"/a/a"}"#.to_owned()).collect();
    assert_eq!(mistaken(r#"{"a":1}"#, &format!("[{}]", nested.join(","))), Code::Limit);
    let deep = (0..70).fold(Value::Null, |value, _| Value::from([("a", value)]));
    assert_eq!(merge_patch(&Value::Null, &deep).map_err(|error| error.code), Err(Code::Limit));
}

/// What is taken out of a value and put back gives the value, wherever it was.
#[test]
fn taking_out_and_putting_back_changes_nothing() {
    let rng = &mut Rng::new(1);
    let target = r#"{"a":[1,{"b":[2,3,[4]]},5],"c":{"d":{"e":"f"},"":0},"~/":[null]}"#;
    let paths = ["/a", "/a/0", "/a/1", "/a/1/b", "/a/1/b/2/0", "/a/2", "/c/d/e", "/c/", "/~0~1", "/~0~1/0"];
    for _ in 0..500 {
        let operations: Vec<String> = (0..rng.between(1, 5))
            .map(|_| {
                let path = rng.pick(&paths);
                let kept = "/kept";
                format!(
                    r#"{{"op":"move","from":"{path}","path":"{kept}"}},{{"op":"move","from":"{kept}","path":"{path}"}}"#
                )
            })
            .collect();
        assert_eq!(patched(target, &format!("[{}]", operations.join(","))), Ok(json(target)));
    }
}

#[test]
fn what_becomes_of_a_size_is_what_the_size_becomes() {
    let rng = &mut Rng::new(7396);
    let mut moved = 0;
    for _ in 0..3_000 {
        // Around 24 and 256 the length itself takes another byte.
        let count = rng.pick(&[0, 2, 22, 23, 24, 25, 255, 256]);
        let items: Vec<_> = (0..count).map(|_| random_value(rng, 1)).collect();
        let named = items.iter().enumerate().map(|(n, item)| (format!("{n}{}", "-".repeat(n % 30)), item.clone()));
        let named = Value::from(named.collect::<std::collections::BTreeMap<_, _>>());
        let old = Value::from(vec![items.into(), named, random_value(rng, 2)]);
        let mut now = old.clone();
        for _ in 0..rng.between(1, 4) {
            let patch = vec![random_operation(rng, &now)].into();
            now = json_patch(&now, &patch, 100_000).unwrap_or(now);
            assert_grown(&old, &now);
            assert_grown(&now, &old);
        }
        moved += usize::from(now != old);
        assert_grown(&old, &random_value(rng, 3));
    }
    assert!(moved > 1_000, "only {moved} were changed");
}

/// Names that are easily taken for something else.
const NAMES: [&str; 9] = ["a", "b", "", "0", "1", "-", "a/b", "~1", "__proto__"];

fn random_value(rng: &mut Rng, depth: u64) -> Value {
    match rng.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => Value::Integer(rng.below(3) as i64),
        2 => Value::Float(rng.below(5) as f64 / 2.0),
        3 => rng.pick(&["", "a", "1"]).into(),
        4 => Value::Bool(rng.percent(50)),
        5 => (0..rng.below(4)).map(|_| random_value(rng, depth - 1)).collect::<Vec<_>>().into(),
        _ => {
            let members = (0..rng.below(4)).map(|_| (rng.pick(&NAMES).to_owned(), random_value(rng, depth - 1)));
            Value::from(members.collect::<std::collections::BTreeMap<_, _>>())
        }
    }
}

/// A pointer to somewhere in the value, or beside it.
fn random_pointer(rng: &mut Rng, mut value: &Value) -> String {
    let mut pointer = String::new();
    while rng.percent(80) {
        let astray = rng.percent(15);
        let segment = match value {
            Value::List(items) if !items.is_empty() && !astray => {
                let place = rng.index(items.len());
                value = &items[place];
                place.to_string()
            }
            Value::Map(members) if !members.is_empty() && !astray => {
                let (name, member) = members.iter().nth(rng.index(members.len())).expect("as many members");
                value = member;
                name.clone()
            }
            Value::List(_) | Value::Map(_) => {
                pointer += &("/".to_owned() + &rng.pick(&NAMES).replace('~', "~0").replace('/', "~1"));
                break;
            }
            _ => break,
        };
        pointer += &("/".to_owned() + &segment.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

/// One operation; a `test` mostly of what is there.
fn random_operation(rng: &mut Rng, target: &Value) -> Value {
    let (op, value) = (rng.pick(&["add", "remove", "replace", "move", "copy", "test"]), random_value(rng, 2));
    let (path, from) = (random_pointer(rng, target), random_pointer(rng, target));
    match op {
        "remove" => Value::from([("op", op.into()), ("path", path.into())]),
        "move" | "copy" => Value::from([("op", op.into()), ("from", from.into()), ("path", path.into())]),
        _ => Value::from([("op", op.into()), ("path", path.into()), ("value", value)]),
    }
}

/// Each operation is of the value that the ones before have made, so that many are carried out.
fn random_case(rng: &mut Rng) -> String {
    let target = random_value(rng, 3);
    let patch: Value = if rng.percent(20) {
        random_value(rng, 3)
    } else {
        let (mut now, mut operations) = (target.clone(), Vec::new());
        for _ in 0..rng.between(1, 5) {
            let operation = random_operation(rng, &now);
            if let Ok(value) = json_patch(&now, &vec![operation.clone()].into(), BYTES_MAX) {
                now = value;
            } else if rng.percent(70) {
                continue;
            }
            operations.push(operation);
        }
        operations.into()
    };
    format!("{} | {} | {}\n", write(&target), write(&patch), outcome(&target, &patch, BYTES_MAX))
}

/// The other file has what Rust makes of patches by chance, for JavaScript to make the same of them. After a change of
/// the rules this test writes it anew where STATEHALL_WRITE is set.
#[test]
fn patches_by_chance_are_as_written() {
    let rng = &mut Rng::new(6902);
    let about = "# Patches by chance, as patches.txt has them: tests/patch.rs writes this file.\n";
    let cases: String = (0..300).map(|_| random_case(rng)).collect();
    let file = about.to_owned() + &cases;
    if std::env::var_os("STATEHALL_WRITE").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/patched.txt"), &file).expect("a file");
    } else {
        assert!(file == RANDOM, "tests/fixtures/patched.txt is of other rules");
    }
    check(&file, 300);
    let outcomes = |word: &str| file.lines().filter(|line| line.contains(word)).count();
    assert!(outcomes(" | inapplicable ") > 30 && outcomes(" | inapplicable ") < 150, "both ways are tried");
}
