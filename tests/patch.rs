//! Patches: the examples of RFC 6902 (appendix A), RFC 6901 (section 5) and RFC 7396 (appendix A),
//! and what they leave open.

mod support;

use statehall::state::patch::{Reason, Refused, json_patch, merge_patch};
use statehall::{Code, Value};
use support::json::json;
use support::rng::Rng;

fn patched(target: &str, patch: &str) -> Result<Value, (usize, String, Reason)> {
    let before = json(target);
    let result = json_patch(&before, &json(patch), 10_000);
    assert_eq!(before, json(target), "what went in is as it was");
    result.map_err(|refused| match refused {
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
fn the_examples_of_json_patch() {
    let rows = [
        // A.1 to A.7
        (r#"{"foo":"bar"}"#, r#"[{"op":"add","path":"/baz","value":"qux"}]"#, r#"{"baz":"qux","foo":"bar"}"#),
        (
            r#"{"foo":["bar","baz"]}"#,
            r#"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            r#"{"foo":["bar","qux","baz"]}"#,
        ),
        (r#"{"baz":"qux","foo":"bar"}"#, r#"[{"op":"remove","path":"/baz"}]"#, r#"{"foo":"bar"}"#),
        (r#"{"foo":["bar","qux","baz"]}"#, r#"[{"op":"remove","path":"/foo/1"}]"#, r#"{"foo":["bar","baz"]}"#),
        (
            r#"{"baz":"qux","foo":"bar"}"#,
            r#"[{"op":"replace","path":"/baz","value":"boo"}]"#,
            r#"{"baz":"boo","foo":"bar"}"#,
        ),
        (
            r#"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            r#"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            r#"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#,
        ),
        (
            r#"{"foo":["all","grass","cows","eat"]}"#,
            r#"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            r#"{"foo":["all","cows","eat","grass"]}"#,
        ),
        // A.8
        (
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
            r#"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
        ),
        // A.10, A.11, A.14, A.16
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            r#"{"foo":"bar","child":{"grandchild":{}}}"#,
        ),
        (r#"{"foo":"bar"}"#, r#"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#, r#"{"foo":"bar","baz":"qux"}"#),
        (r#"{"/":9,"~1":10}"#, r#"[{"op":"test","path":"/~01","value":10}]"#, r#"{"/":9,"~1":10}"#),
        (
            r#"{"foo":["bar"]}"#,
            r#"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            r#"{"foo":["bar",["abc","def"]]}"#,
        ),
        // Not in the appendix: whole values, copies, and numbers by what they are worth.
        (r#"[1]"#, r#"[{"op":"replace","path":"","value":{"a":1}},{"op":"add","path":"","value":2}]"#, "2"),
        (
            r#"{"a":[1]}"#,
            r#"[{"op":"copy","from":"/a","path":"/b"},{"op":"add","path":"/b/0","value":0}]"#,
            r#"{"a":[1],"b":[0,1]}"#,
        ),
        (
            r#"{"a":[1.0]}"#,
            r#"[{"op":"test","path":"","value":{"a":[1]}},{"op":"move","from":"/a","path":"/a"}]"#,
            r#"{"a":[1.0]}"#,
        ),
    ];
    for (target, patch, expected) in rows {
        assert_eq!(patched(target, patch), Ok(json(expected)), "{patch}");
    }
}

#[test]
fn what_does_not_apply_is_told_and_changes_nothing() {
    let rows = [
        // A.9, A.12, A.15
        (r#"{"baz":"qux"}"#, r#"[{"op":"test","path":"/baz","value":"bar"}]"#, 0, "/baz", Reason::TestFailed),
        (r#"{"foo":"bar"}"#, r#"[{"op":"add","path":"/baz/bat","value":"qux"}]"#, 0, "/baz/bat", Reason::Missing),
        (r#"{"/":9,"~1":10}"#, r#"[{"op":"test","path":"/~01","value":"10"}]"#, 0, "/~01", Reason::TestFailed),
        // The first that does not apply, whatever came before.
        ("{}", r#"[{"op":"add","path":"/a","value":1},{"op":"remove","path":"/b"}]"#, 1, "/b", Reason::Missing),
        ("{}", r#"[{"op":"replace","path":"/a","value":1}]"#, 0, "/a", Reason::Missing),
        ("[1]", r#"[{"op":"replace","path":"/1","value":1}]"#, 0, "/1", Reason::NotPlace),
        ("[1]", r#"[{"op":"remove","path":"/1"}]"#, 0, "/1", Reason::NotPlace),
        ("[1]", r#"[{"op":"remove","path":"/-"}]"#, 0, "/-", Reason::NotPlace),
        ("[1]", r#"[{"op":"add","path":"/2","value":1}]"#, 0, "/2", Reason::NotPlace),
        ("[1]", r#"[{"op":"add","path":"/00","value":1}]"#, 0, "/00", Reason::NotPlace),
        ("[1]", r#"[{"op":"add","path":"/+0","value":1}]"#, 0, "/+0", Reason::NotPlace),
        (
            "[1]",
            r#"[{"op":"add","path":"/99999999999999999999","value":1}]"#,
            0,
            "/99999999999999999999",
            Reason::NotPlace,
        ),
        (r#"{"a":1}"#, r#"[{"op":"add","path":"/a/b","value":1}]"#, 0, "/a/b", Reason::NotContainer),
        (r#"{"a":{}}"#, r#"[{"op":"move","from":"/a","path":"/a/b"}]"#, 0, "/a/b", Reason::IntoItself),
        (r#"{"a":1}"#, r#"[{"op":"move","from":"/b","path":"/c"}]"#, 0, "/b", Reason::Missing),
        (r#"{"a":1}"#, r#"[{"op":"remove","path":""}]"#, 0, "", Reason::Whole),
    ];
    for (target, patch, operation, path, reason) in rows {
        assert_eq!(patched(target, patch), Err((operation, path.to_owned(), reason)), "{patch}");
    }
}

#[test]
fn what_is_no_patch_is_a_mistake() {
    let rows = [
        "{}",
        "[1]",
        r#"[{"path":"/a"}]"#,
        r#"[{"op":"add","path":"/a"}]"#,
        r#"[{"op":"add","value":1}]"#,
        r#"[{"op":"put","path":"/a","value":1}]"#,
        r#"[{"op":"add","path":"a","value":1}]"#,
        r#"[{"op":"add","path":"/~2","value":1}]"#,
        r#"[{"op":"add","path":"/~","value":1}]"#,
        r#"[{"op":"move","path":"/a"}]"#,
        r#"[{"op":"copy","path":"/a","from":1}]"#,
        // Nothing is carried out before all has been read.
        r#"[{"op":"remove","path":"/none"},{"op":"nothing","path":""}]"#,
    ];
    for patch in rows {
        assert_eq!(mistaken("{}", patch), Code::InvalidArgument, "{patch}");
    }
}

#[test]
fn names_are_only_names() {
    let patch =
        r#"[{"op":"add","path":"/__proto__","value":{"a":1}},{"op":"add","path":"/__proto__/constructor","value":2}]"#;
    assert_eq!(patched("{}", patch), Ok(json(r#"{"__proto__":{"a":1,"constructor":2}}"#)));
    let merged = merge_patch(&json("{}"), &json(r#"{"__proto__":{"a":1}}"#));
    assert_eq!(merged, Ok(json(r#"{"__proto__":{"a":1}}"#)));
}

#[test]
fn a_patch_does_not_grow_without_end() {
    let copies: Vec<String> = (0..40).map(|n| format!(r#"{{"op":"copy","from":"","path":"/{n}"}}"#)).collect();
    assert_eq!(mistaken(r#"{"a":"text"}"#, &format!("[{}]", copies.join(","))), Code::Limit);
    let nested: Vec<String> = (0..70).map(|_| r#"{"op":"move","from":"/a","path":"/b"},{"op":"add","path":"/a","value":{}},{"op":"move","from":"/b","path":"/a/a"}"#.to_owned()).collect();
    assert_eq!(mistaken(r#"{"a":1}"#, &format!("[{}]", nested.join(","))), Code::Limit);
}

#[test]
fn the_examples_of_merge_patch() {
    let rows = [
        (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
        (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
        (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
        (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
        (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
        (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
        (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
        (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
        (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
        (r#"{"a":"foo"}"#, "null", "null"),
        (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
        (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
        ("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
        ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
    ];
    for (target, patch, expected) in rows {
        assert_eq!(merge_patch(&json(target), &json(patch)), Ok(json(expected)), "{target} and {patch}");
    }
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
