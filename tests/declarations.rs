//! Declarations: what each type and each constraint accepts, coerces and refuses, and in which words.

#[path = "declarations/obvious.rs"]
mod obvious;
#[path = "declarations/patterns.rs"]
mod patterns;
mod support;

use statehall::state::declaration::{Declaration, Kind, Program, infer};
use statehall::{Code, Value};
use std::borrow::Cow;
use support::json::json;
use support::rng::Rng;

fn encoded(value: &Value) -> Vec<u8> {
    value.encoded(64).expect("not too deep")
}

fn decoded(bytes: &[u8]) -> Value {
    statehall::codec::read_value(bytes).expect("well-formed")
}

fn declared(text: &str) -> Declaration {
    Declaration::read(&encoded(&json(text))).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The detail of the refusal of a declaration.
fn invalid(text: &str) -> String {
    match Declaration::read(&encoded(&json(text))) {
        Err(error) if error.code == Code::InvalidDeclaration => error.detail,
        other => panic!("{text}: {other:?}"),
    }
}

/// What is stored, or why nothing is; with whether it is stored as given.
fn judged(declaration: &Declaration, value: &Value) -> Result<(Value, bool), String> {
    match declaration.judge(&encoded(value)) {
        Ok(Cow::Borrowed(bytes)) => Ok((decoded(bytes), true)),
        Ok(Cow::Owned(bytes)) => Ok((decoded(&bytes), false)),
        Err(error) => {
            assert_eq!(error.code, Code::ConstraintViolation);
            Err(error.detail)
        }
    }
}

fn accepts(declaration: &str, rows: &[(&str, &str)]) {
    for (given, stored) in rows {
        let (value, as_given) =
            judged(&declared(declaration), &json(given)).unwrap_or_else(|why| panic!("{given}: {why}"));
        assert_eq!((value, as_given), (json(stored), given == stored), "{given} in {declaration}");
    }
}

fn refuses(declaration: &str, rows: &[(&str, &str)]) {
    for (given, why) in rows {
        assert_eq!(judged(&declared(declaration), &json(given)).expect_err(given), *why, "{given} in {declaration}");
        assert!(!declared(declaration).fits(&encoded(&json(given))), "{given} in {declaration}");
    }
}

#[test]
fn floats() {
    accepts(r#"{"type":"float"}"#, &[("1", "1"), ("1.0", "1"), ("1.5", "1.5"), ("-0.0", "0"), ("1e300", "1e300")]);
    accepts(
        r#"{"type":"float"}"#,
        &[("9007199254740992", "9007199254740992.0"), ("9007199254740991.0", "9007199254740991")],
    );
    refuses(
        r#"{"type":"float"}"#,
        &[("true", "must be a number"), ("\"1\"", "must be a number"), ("null", "must be a number")],
    );
    refuses(r#"{"type":"float"}"#, &[("9007199254740993", "must be a number that a float can hold")]);
    let bounded = r#"{"type":"float","min":0,"max":1.0}"#;
    accepts(bounded, &[("0", "0"), ("1", "1"), ("0.5", "0.5")]);
    refuses(bounded, &[("1.5", "value 1.5 is above maximum 1.0"), ("-0.5", "value -0.5 is below minimum 0.0")]);
    refuses(
        bounded,
        &[("1e20", "value 1.0e20 is above maximum 1.0"), ("-2.5e-9", "value -2.5e-9 is below minimum 0.0")],
    );
    refuses(
        bounded,
        &[("1.1111111111", "value 1.111111111 is above maximum 1.0"), ("7", "value 7.0 is above maximum 1.0")],
    );
    refuses(
        bounded,
        &[("1.9999999999", "value 2.0 is above maximum 1.0"), ("1.05", "value 1.05 is above maximum 1.0")],
    );
}

#[test]
fn floats_that_json_cannot_write_pass_the_bounds() {
    let float = declared(r#"{"type":"float","max":1}"#);
    for (text, number) in [
        ("NaN", f64::NAN),
        ("nan", f64::NAN),
        ("Infinity", f64::INFINITY),
        ("infinity", f64::INFINITY),
        ("-Infinity", f64::NEG_INFINITY),
        ("-infinity", f64::NEG_INFINITY),
    ] {
        assert_eq!(judged(&float, &text.into()), Ok((number.into(), false)), "{text}");
        assert_eq!(judged(&float, &number.into()), Ok((number.into(), true)), "{text}");
        assert!(float.fits(&encoded(&number.into())) && !float.fits(&encoded(&text.into())), "{text}");
    }
}

#[test]
fn integers() {
    accepts(r#"{"type":"integer"}"#, &[("42", "42"), ("42.0", "42"), ("-9223372036854775808", "-9223372036854775808")]);
    refuses(r#"{"type":"integer"}"#, &[("\"42\"", "must be an integer"), ("null", "must be an integer")]);
    refuses(
        r#"{"type":"integer"}"#,
        &[("42.5", "must be a whole number, got 42.5"), ("1e20", "must be a whole number, got 1.0e20")],
    );
    let integer = declared(r#"{"type":"integer"}"#);
    for (number, said) in [(f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (f64::NEG_INFINITY, "-Infinity")] {
        assert_eq!(judged(&integer, &number.into()), Err(format!("must be a whole number, got {said}")));
    }
    refuses(
        r#"{"type":"integer","min":0.5,"max":3}"#,
        &[("0", "value 0 is below minimum 0.5"), ("4", "value 4 is above maximum 3")],
    );
    // A whole number is not rounded to the bound it is compared with.
    let large = r#"{"type":"integer","max":9007199254740992}"#;
    accepts(large, &[("9007199254740992", "9007199254740992")]);
    refuses(large, &[("9007199254740993", "value 9007199254740993 is above maximum 9007199254740992")]);
}

#[test]
fn texts() {
    accepts(r#"{"type":"text"}"#, &[(r#""""#, r#""""#), (r#""a""#, r#""a""#)]);
    refuses(
        r#"{"type":"string"}"#,
        &[("null", "cannot be null"), ("1", "must be a string"), ("[]", "must be a string")],
    );
    let bounded = r#"{"type":"text","minLength":3,"maxLength":3}"#;
    accepts(bounded, &[("\"abc\"", "\"abc\""), ("\"\u{1f600}\u{e9}x\"", "\"\u{1f600}\u{e9}x\"")]);
    refuses(
        bounded,
        &[("\"ab\"", "must be at least 3 characters, got 2"), ("\"abcd\"", "must be at most 3 characters, got 4")],
    );
    // Scalar values, not what is seen as one: an e and the accent above it are two.
    refuses(bounded, &[("\"e\u{301}\"", "must be at least 3 characters, got 2")]);
    refuses(r#"{"type":"text","enum":["a","b"]}"#, &[("\"c\"", "must be one of: a, b")]);
    let pattern = r#"{"type":"text","pattern":"[a-z]+"}"#;
    accepts(pattern, &[("\"ab\"", "\"ab\"")]);
    refuses(pattern, &[("\"ab1\"", "must match pattern: [a-z]+"), ("\"\"", "must match pattern: [a-z]+")]);
}

#[test]
fn booleans_choices_and_modules() {
    let boolean = r#"{"type":"boolean"}"#;
    accepts(
        boolean,
        &[
            ("true", "true"),
            ("false", "false"),
            ("\"true\"", "true"),
            ("\"false\"", "false"),
            ("1", "true"),
            ("0", "false"),
        ],
    );
    let why = "must be a boolean (true or false)";
    refuses(boolean, &[("\"TRUE\"", why), ("2", why), ("1.0", why), ("null", why)]);
    accepts(r#"{"type":"choice"}"#, &[("\"any\"", "\"any\"")]);
    accepts(r#"{"type":"choice","choices":["a","b"]}"#, &[("\"b\"", "\"b\"")]);
    refuses(
        r#"{"type":"choice","choices":["a","b"]}"#,
        &[("\"c\"", "must be one of: a, b"), ("1", "must be a string")],
    );
    accepts(r#"{"type":"module"}"#, &[("\"\"", "\"\""), ("\"Any.Module\"", "\"Any.Module\"")]);
    refuses(
        r#"{"type":"module","modules":["X"]}"#,
        &[("\"Y\"", "must be one of the allowed modules: X"), ("1", "must be a module name")],
    );
    refuses(
        r#"{"type":"module","pattern":"App\\..*"}"#.replace("\\\\", "\\").as_str(),
        &[("\"Y\"", "must match pattern: App\\..*")],
    );
}

#[test]
fn embeddings_and_tensors() {
    accepts(r#"{"type":"embedding"}"#, &[("[1,2.5]", "[1,2.5]"), ("[]", "[]"), ("[1.0,2.5]", "[1,2.5]")]);
    let why = "must be a list of numbers";
    refuses(r#"{"type":"embedding"}"#, &[("1", why), ("[true]", why), ("[1,\"NaN\"]", why), ("{}", why)]);
    let unbounded = Value::from(vec![Value::from(f64::NAN)]);
    assert_eq!(judged(&declared(r#"{"type":"embedding"}"#), &unbounded), Err(why.to_owned()));
    refuses(r#"{"type":"embedding","dimensions":3}"#, &[("[1,2]", "must have exactly 3 dimensions")]);
    let tensor = r#"{"type":"tensor","shape":[3]}"#;
    let (three, empty) =
        (r#"{"data":[1,"a",null],"shape":[3]}"#, r#"{"data":[],"shape":[4294967296,4294967296,4294967296,0]}"#);
    accepts(tensor, &[(three, three)]);
    accepts(r#"{"type":"tensor"}"#, &[(three, three), (empty, empty)]);
    accepts(r#"{"type":"tensor"}"#, &[(r#"{"data":[7],"shape":[]}"#, r#"{"data":[7],"shape":[]}"#)]);
    refuses(
        tensor,
        &[
            (r#"{"data":[1,2],"shape":[2]}"#, "shape must be [3]"),
            (r#"{"data":[1],"shape":[3]}"#, "data size doesn't match shape"),
        ],
    );
    refuses(
        tensor,
        &[("[]", "must be a tensor with shape and data"), (r#"{"data":[1]}"#, "must be a tensor with shape and data")],
    );
    refuses(tensor, &[(r#"{"data":[1],"shape":[-1]}"#, "must be a tensor with shape and data")]);
    refuses(tensor, &[(r#"{"data":[1],"shape":[4294967296,4294967296]}"#, "data size doesn't match shape")]);
}

#[test]
fn containers_and_anything() {
    let bytes = declared(r#"{"type":"bytes","minLength":2,"maxLength":3}"#);
    assert_eq!(judged(&bytes, &vec![1u8, 2].into()), Ok((vec![1u8, 2].into(), true)));
    assert_eq!(judged(&bytes, &vec![1u8].into()), Err("must be at least 2 bytes, got 1".into()));
    assert_eq!(judged(&bytes, &vec![0u8; 4].into()), Err("must be at most 3 bytes, got 4".into()));
    assert_eq!(judged(&bytes, &"ab".into()), Err("must be bytes".into()));
    accepts(r#"{"type":"list","minLength":1}"#, &[("[1.0]", "[1.0]")]);
    refuses(r#"{"type":"list","minLength":1}"#, &[("[]", "must be at least 1 items, got 0"), ("1", "must be a list")]);
    accepts(r#"{"type":"map"}"#, &[("{}", "{}")]);
    refuses(r#"{"type":"map"}"#, &[("[]", "must be a map")]);
    accepts(r#"{"type":"any"}"#, &[("null", "null"), ("1.0", "1.0"), ("[{}]", "[{}]")]);
}

#[test]
fn declarations_that_are_none() {
    for (text, why) in [
        ("[]", "a declaration: must be a map"),
        (
            "{}",
            "type: must be one of float, integer, text, boolean, choice, module, embedding, tensor, bytes, list, map, any",
        ),
        (r#"{"type":1}"#, "type: must be text"),
        (r#"{"type":"float","min":2,"max":1}"#, "min: leaves nothing up to max"),
        (r#"{"type":"integer","min":0.2,"max":0.8}"#, "min: leaves nothing up to max"),
        (r#"{"type":"float","min":"0"}"#, "min: must be a finite number that a float can hold"),
        (r#"{"type":"integer","max":9007199254740993}"#, "max: must be a finite number that a float can hold"),
        (r#"{"type":"text","minLength":2,"maxLength":1}"#, "minLength: leaves nothing up to maxLength"),
        (r#"{"type":"text","minLength":-1}"#, "minLength: must be a whole number, 0 or more"),
        (r#"{"type":"text","maxLength":1.5}"#, "maxLength: must be a whole number, 0 or more"),
        (r#"{"type":"float","maxDelta":-1}"#, "maxDelta: must be 0 or more"),
        (r#"{"type":"float","monotonic":"up"}"#, "monotonic: must be increasing or decreasing"),
        (r#"{"type":"float","immutable":1}"#, "immutable: must be true or false"),
        (r#"{"type":"choice","choices":[]}"#, "choices: must be a list of at least one text"),
        (r#"{"type":"choice","choices":[1]}"#, "choices: must be a list of at least one text"),
        (r#"{"type":"tensor","shape":[1,-1]}"#, "shape: must be a list of whole numbers, 0 or more"),
        (r#"{"type":"text","pattern":"("}"#, "pattern: a group that is not closed, or a $ in one"),
        (r#"{"type":"text","enum":["abc"],"maxLength":2}"#, "enum: must be at most 2 characters, got 3"),
        (r#"{"type":"module","modules":["x"],"pattern":"y"}"#, "modules: must match pattern: y"),
        (r#"{"type":"float","max":1,"value":2}"#, "value: value 2.0 is above maximum 1.0"),
        (r#"{"type":"text","value":null}"#, "value: cannot be null"),
        (r#"{"type":"any","description":1}"#, "description: must be text"),
        (r#"{"type":"any","metadata":[]}"#, "metadata: must be a map"),
    ] {
        assert_eq!(invalid(text), why, "{text}");
    }
    assert!(
        invalid(r#"{"type":"any","colour":1}"#).starts_with("colour: is no member; there are max, min, enum, type")
    );
    assert!(
        invalid(r#"{"type":"float","pattern":"a"}"#).starts_with("pattern: does not go with the type; there are max")
    );
    for number in [f64::NAN, f64::INFINITY] {
        let members = Value::from([("type", "float".into()), ("max", number.into())]);
        let error = Declaration::read(&encoded(&members)).expect_err("a bound that is none");
        assert_eq!(error.code, Code::InvalidDeclaration);
    }
}

#[test]
fn what_goes_with_which_type() {
    let members = [
        (r#""min":0"#, "float integer"),
        (r#""max":0"#, "float integer"),
        (r#""maxDelta":1"#, "float integer"),
        (r#""monotonic":"increasing""#, "float integer"),
        (r#""minLength":0"#, "text bytes list"),
        (r#""maxLength":0"#, "text bytes list"),
        (r#""pattern":"a""#, "text module"),
        (r#""enum":["a"]"#, "text"),
        (r#""choices":["a"]"#, "choice"),
        (r#""modules":["a"]"#, "module"),
        (r#""dimensions":1"#, "embedding"),
        (r#""shape":[1]"#, "tensor"),
        (r#""immutable":true"#, "float integer text boolean choice module embedding tensor bytes list map any"),
        (r#""description":"x""#, "float integer text boolean choice module embedding tensor bytes list map any"),
        (r#""metadata":{}"#, "float integer text boolean choice module embedding tensor bytes list map any"),
    ];
    for (member, kinds) in members {
        for kind in Kind::ALL {
            let text = format!(r#"{{"type":"{}",{member}}}"#, kind.name());
            let fine = Declaration::read(&encoded(&json(&text))).is_ok();
            assert_eq!(fine, kinds.split(' ').any(|name| name == kind.name()), "{text}");
        }
    }
}

#[test]
fn equal_declarations_have_equal_bytes() {
    let plain = declared(r#"{"type":"text","value":"a"}"#);
    let other = declared(r#"{"type":"string","value":"a","immutable":false}"#);
    assert_eq!((&plain, plain.bytes()), (&other, other.bytes()));
    let (whole, float) =
        (declared(r#"{"type":"float","min":1,"value":1}"#), declared(r#"{"type":"float","min":1.0,"value":1.0}"#));
    assert_eq!(whole.bytes(), float.bytes());
    assert_ne!(plain, declared(r#"{"type":"text","value":"b"}"#));
    for declaration in [&plain, &whole] {
        let again = Declaration::read(declaration.bytes()).expect("what was read");
        assert_eq!(again.bytes(), declaration.bytes());
    }
    assert_eq!(plain.agree(&other), Ok(()));
    for (text, member) in [
        (r#"{"type":"text","value":"b"}"#, "value"),
        (r#"{"type":"text"}"#, "value"),
        (r#"{"type":"text","value":"a","maxLength":9}"#, "maxLength"),
        (r#"{"type":"choice","value":"a"}"#, "type"),
    ] {
        let error = plain.agree(&declared(text)).expect_err(text);
        assert_eq!(error.code, Code::DeclarationConflict, "{text}");
        assert_eq!(error.detail, format!("{member}: is declared otherwise already"));
    }
    let full = declared(r#"{"type":"boolean","value":"true","description":"d","metadata":{"a":1}}"#);
    assert_eq!(full.default_value().map(decoded), Some(true.into()));
    assert_eq!((full.description(), full.metadata().map(decoded)), (Some("d"), Some(json(r#"{"a":1}"#))));
    let bare = declared(r#"{"type":"any"}"#);
    assert_eq!((bare.default_value(), bare.description(), bare.metadata(), bare.kind()), (None, None, None, Kind::Any));
}

#[test]
fn changes() {
    let rows = [
        (r#"{"type":"any","immutable":true}"#, "1", "2", Some("cannot change after it was first set")),
        (r#"{"type":"any","immutable":true}"#, "[1]", "[1]", None),
        (r#"{"type":"integer","monotonic":"increasing"}"#, "5", "5", None),
        (r#"{"type":"integer","monotonic":"increasing"}"#, "5", "6", None),
        (r#"{"type":"integer","monotonic":"increasing"}"#, "5", "3", Some("must not be below 5, got 3 after 5")),
        (
            r#"{"type":"integer","monotonic":"increasing"}"#,
            "9007199254740993",
            "9007199254740992",
            Some("must not be below 9007199254740993, got 9007199254740992 after 9007199254740993"),
        ),
        (r#"{"type":"float","monotonic":"decreasing"}"#, "5", "5.5", Some("must not be above 5.0, got 5.5 after 5.0")),
        (r#"{"type":"float","monotonic":"decreasing"}"#, "5", "4.5", None),
        (r#"{"type":"float","maxDelta":2}"#, "5", "7", None),
        (r#"{"type":"float","maxDelta":2}"#, "5", "2.5", Some("must change by at most 2.0, got 2.5 after 5.0")),
        (
            r#"{"type":"integer","maxDelta":2}"#,
            "-9223372036854775808",
            "9223372036854775807",
            Some("must change by at most 2, got 9223372036854775807 after -9223372036854775808"),
        ),
        // What was merged may be of any kind, and then says nothing.
        (r#"{"type":"float","maxDelta":2,"monotonic":"increasing"}"#, "\"x\"", "-100", None),
        (r#"{"type":"float","max":2}"#, "5", "-100", None),
    ];
    for (declaration, old, new, why) in rows {
        let declaration = declared(declaration);
        let (old, new) = (encoded(&json(old)), encoded(&json(new)));
        let said = declaration.judge_change(Some(&old), &new).err();
        assert!(said.as_ref().is_none_or(|error| error.code == Code::ConstraintViolation));
        assert_eq!(said.map(|error| error.detail).as_deref(), why);
        assert_eq!(declaration.judge_change(None, &new), Ok(()), "there is nothing to change from");
    }
    let [nan, infinity, one] = [f64::NAN, f64::INFINITY, 1.0].map(|number| encoded(&number.into()));
    for text in [r#"{"type":"float","maxDelta":2}"#, r#"{"type":"float","monotonic":"increasing"}"#] {
        assert!(declared(text).judge_change(Some(&one), &nan).is_err());
        assert!(
            declared(text).judge_change(Some(&nan), &one).is_ok()
                && declared(text).judge_change(Some(&nan), &nan).is_ok()
        );
    }
    assert!(declared(r#"{"type":"float","maxDelta":2}"#).judge_change(Some(&one), &infinity).is_err());
    assert!(declared(r#"{"type":"float","monotonic":"increasing"}"#).judge_change(Some(&one), &infinity).is_ok());
}

#[test]
fn what_a_face_may_judge_by_itself() {
    let (low, high) = (f64::NEG_INFINITY, f64::INFINITY);
    for (text, simple) in [
        (r#"{"type":"float"}"#, Some((Kind::Float, low, high))),
        (r#"{"type":"integer","min":1,"max":3,"description":"d"}"#, Some((Kind::Integer, 1.0, 3.0))),
        (r#"{"type":"text","maxLength":3}"#, Some((Kind::Text, 0.0, 3.0))),
        (r#"{"type":"boolean"}"#, Some((Kind::Boolean, 0.0, high))),
        (r#"{"type":"float","maxDelta":1}"#, None),
        (r#"{"type":"float","monotonic":"increasing"}"#, None),
        (r#"{"type":"boolean","immutable":true}"#, None),
        (r#"{"type":"text","pattern":"a"}"#, None),
        (r#"{"type":"text","enum":["a"]}"#, Some((Kind::Text, 0.0, high))),
        (r#"{"type":"choice","choices":["a"]}"#, Some((Kind::Choice, 0.0, high))),
        (r#"{"type":"module","modules":["a"]}"#, Some((Kind::Module, 0.0, high))),
        (r#"{"type":"module","modules":["a"],"pattern":"a"}"#, None),
        (r#"{"type":"embedding"}"#, None),
        (r#"{"type":"tensor"}"#, None),
    ] {
        assert_eq!(declared(text).simple(), simple, "{text}");
    }
}

#[test]
fn types_are_inferred() {
    for (text, kind) in [
        ("1", Kind::Integer),
        ("1.5", Kind::Float),
        ("\"a\"", Kind::Text),
        ("true", Kind::Boolean),
        ("[1,2.5]", Kind::Embedding),
        ("[1,\"a\"]", Kind::List),
        ("[]", Kind::List),
        ("{}", Kind::Map),
        ("null", Kind::Any),
    ] {
        assert_eq!(infer(&encoded(&json(text))), kind, "{text}");
    }
    assert_eq!(infer(&encoded(&vec![1u8].into())), Kind::Bytes);
}

const DECLARATIONS: &[&str] = &[
    r#"{"type":"float"}"#,
    r#"{"type":"float","min":-3,"max":3.5}"#,
    r#"{"type":"integer"}"#,
    r#"{"type":"integer","max":2}"#,
    r#"{"type":"text","maxLength":2,"pattern":"a*"}"#,
    r#"{"type":"boolean"}"#,
    r#"{"type":"choice","choices":["a","true"]}"#,
    r#"{"type":"module"}"#,
    r#"{"type":"embedding"}"#,
    r#"{"type":"tensor"}"#,
    r#"{"type":"bytes","minLength":1}"#,
    r#"{"type":"list","maxLength":2}"#,
    r#"{"type":"map"}"#,
    r#"{"type":"any"}"#,
];

fn random_value(rng: &mut Rng, depth: u32) -> Value {
    let floats = [0.0, -0.0, 1.0, 1.5, -3.0, 1e300, 9007199254740992.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let integers = [0, 1, 2, -1, 7, i64::MAX, i64::MIN, 1 << 53, (1 << 53) + 1, -(1 << 60)];
    let texts = ["", "a", "aaa", "true", "false", "NaN", "-Infinity", "\u{1f600}"];
    let pick = rng.number() as usize;
    match rng.number() % if depth == 0 { 6 } else { 9 } {
        0 => Value::Null,
        1 => pick.is_multiple_of(2).into(),
        2 => integers[pick % integers.len()].into(),
        3 => floats[pick % floats.len()].into(),
        4 => texts[pick % texts.len()].into(),
        5 => vec![0u8; pick % 3].into(),
        6 => (0..pick % 4).map(|_| random_value(rng, 0)).collect::<Vec<_>>().into(),
        7 => (0..pick % 4).map(|_| random_value(rng, depth - 1)).collect::<Vec<_>>().into(),
        _ => {
            Value::from([("data", random_value(rng, depth - 1)), ("shape", vec![Value::from(pick as i64 % 3)].into())])
        }
    }
}

/// Whether it is a number, in either form.
fn is_number(value: &Value) -> bool {
    matches!(value, Value::Integer(_) | Value::Float(_))
}

#[test]
fn judging_is_idempotent_and_what_is_stored_fits() {
    let mut rng = Rng::new(7);
    let (mut owned, mut borrowed, mut refused) = (0, 0, 0);
    for declaration in DECLARATIONS.iter().map(|text| declared(text)) {
        for _ in 0..5_000 {
            let value = random_value(&mut rng, 2);
            let bytes = encoded(&value);
            let fits = declaration.fits(&bytes);
            match declaration.judge(&bytes) {
                Ok(Cow::Borrowed(_)) => {
                    assert!(fits, "{value:?} fits as it is");
                    borrowed += 1;
                }
                Ok(Cow::Owned(stored)) => {
                    assert!(
                        matches!(declaration.judge(&stored), Ok(Cow::Borrowed(_))),
                        "{value:?} is stored as it stays"
                    );
                    assert!(declaration.fits(&stored), "{value:?} fits as it is stored");
                    // Only the form of numbers is no difference to a replica.
                    let form = matches!(declaration.kind(), Kind::Float | Kind::Integer) && is_number(&value);
                    assert_eq!(fits, form || declaration.kind() == Kind::Embedding, "{value:?}");
                    owned += 1;
                }
                Err(error) => {
                    assert!(!fits, "{value:?}: {error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(owned > 1_000 && borrowed > 5_000 && refused > 10_000, "{owned}, {borrowed}, {refused}");
}

#[test]
fn every_number_is_stored_as_javascript_writes_it() {
    for kind in ["float", "integer"] {
        let declaration = declared(&format!(r#"{{"type":"{kind}"}}"#));
        for whole in [0i64, 1, -1, 1000, (1 << 53) - 1, 1 - (1 << 53)] {
            let (a, b) = (encoded(&whole.into()), encoded(&(whole as f64).into()));
            assert_eq!(declaration.judge(&a).expect("a number"), declaration.judge(&b).expect("a number"));
            assert_eq!(declaration.judge(&a), Ok(Cow::Borrowed(a.as_slice())));
        }
    }
}

#[test]
fn nonsense_never_panics() {
    let mut rng = Rng::new(11);
    let declarations: Vec<_> = DECLARATIONS.iter().map(|text| declared(text)).collect();
    let marks = [
        r"\", "(", ")", "[", "]", "{", "}", "*", "+", "?", "|", "^", "$", "-", ",", "2", "d", "D", "a", ".", "?:",
        "\u{e9}",
    ];
    let (mut read, mut compiled) = (0, 0);
    for round in 0..20_000 {
        // Half of it is a declaration with a byte changed, so that what is deep inside is reached too.
        let mut bytes: Vec<u8> = if round % 2 == 0 {
            (0..rng.number() % 40).map(|_| rng.number() as u8).collect()
        } else {
            declarations[rng.number() as usize % declarations.len()].bytes().to_vec()
        };
        if !bytes.is_empty() {
            let at = rng.number() as usize % bytes.len();
            bytes[at] = rng.number() as u8;
        }
        if let Ok(declaration) = Declaration::read(&bytes) {
            assert_eq!(Declaration::read(declaration.bytes()).as_ref(), Ok(&declaration));
            read += 1;
        }
        infer(&bytes);
        for declaration in &declarations {
            let judged = declaration.judge(&bytes).is_ok();
            assert!(judged || !declaration.fits(&bytes), "what fits may be set");
            let _ = declaration.judge_change(Some(&bytes), &[1]);
            let _ = declaration.judge_change(Some(&[1]), &bytes);
        }
        let pattern: String = (0..rng.number() % 12).map(|_| marks[rng.number() as usize % marks.len()]).collect();
        if let Ok(program) = Program::compile(&pattern) {
            program.matches("aad2\u{e9}-");
            compiled += 1;
        }
    }
    assert!(read > 100 && compiled > 500, "{read}, {compiled}");
}
