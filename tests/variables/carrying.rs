//! Variables carried from one session to another, in the Rust face: whole or not at all.

use super::support::rng::Rng;
use statehall::{Code, Error, Hall, Options, PutOptions, Usage, Value, WatchOptions};
use std::cell::Cell;
use std::rc::Rc;

fn open(seed: u64) -> Hall {
    Hall::open(Options { seed: Some(seed), ..Options::default() }).expect("right options")
}

fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::from(members)
}

/// X03, X22.
#[test]
fn an_import_replaces_what_there_was() -> Result<(), Error> {
    let (hall, other) = (open(1), open(2));
    hall.variable("a", [("type", "integer".into()), ("value", 1.into()), ("immutable", true.into())])?.set(5)?;
    hall.variable("b", [("type", "text".into()), ("value", "default".into())])?;
    let exported = hall.export_variables()?;
    let members = exported.as_map().expect("a map");
    assert_eq!(members.get("session"), Some(&hall.sessions()?[0].id.as_str().into()));
    assert_eq!(members.get("variables").and_then(Value::as_map).map(|variables| variables.len()), Some(2));

    let old = other.variable("old", [("type", "any".into())])?;
    old.set("goes")?;
    let mine = other.variable("a", [("type", "integer".into()), ("value", 1.into()), ("immutable", true.into())])?;
    mine.set(4)?;
    other.import_variables(exported)?;
    assert_eq!((mine.get()?, other.get("old")?, other.get("b")?), (Some(5.into()), None, None));
    let listed: Vec<_> = other.variables("**")?.iter().map(|variable| variable.key().text().to_owned()).collect();
    assert_eq!(listed, ["a", "b"]);
    assert_eq!(mine.set(6).expect_err("immutable").code, Code::ConstraintViolation);
    other.variable("new", [("type", "any".into())])?.set(1)?;
    hall.close();
    assert_eq!(hall.export_variables().expect_err("closed").code, Code::Closed);
    assert_eq!(hall.import_variables(Value::Null).expect_err("closed").code, Code::Closed);
    Ok(())
}

/// X21: exactly what is missing is named.
#[test]
fn what_an_export_lacks_is_named() -> Result<(), Error> {
    let hall = open(1);
    let (text, none) = (|| Value::from("00"), || map([]));
    for (exported, detail) in [
        (map([]), "the export: lacks session, variables"),
        (map([("session", text())]), "the export: lacks variables"),
        (map([("variables", none())]), "the export: lacks session"),
        (map([("session", text()), ("variables", map([("k", map([]))]))]), "\"k\": a variable: lacks declaration"),
        (map([("session", text()), ("variables", none()), ("stats", none())]), "the export: has no member \"stats\""),
        ("export".into(), "the export: is not a map"),
    ] {
        let error = hall.import_variables(exported).expect_err(detail);
        assert_eq!((error.code, error.detail.as_str()), (Code::InvalidArgument, detail));
    }
    let variables =
        map([("k", map([("declaration", map([("type", "float".into()), ("max", 2.into())])), ("value", 3.into())]))]);
    let error = hall.import_variables([("session", text()), ("variables", variables)]).expect_err("too much");
    let detail = "\"k\": value 3.0 is above maximum 2.0";
    assert_eq!((error.code, error.detail.as_str()), (Code::ConstraintViolation, detail));
    Ok(())
}

/// Watchers hear one commit, and a batch is refused that would hide what it does.
#[test]
fn an_import_is_one_commit_of_its_own() -> Result<(), Error> {
    let (hall, other) = (open(1), open(2));
    for key in ["a", "b", "c"] {
        hall.variable(key, [("type", "any".into())])?.set(key)?;
    }
    let heard = Rc::new(Cell::new(0));
    let count = heard.clone();
    let _watch = other.watch("**", WatchOptions::default(), move |change| {
        assert_eq!(change.revision, 1);
        count.set(count.get() + 1);
    })?;
    let exported = hall.export_variables()?;
    let error = other.batch(|other| other.import_variables(exported.clone())).expect_err("inside a batch");
    assert_eq!((error.code, heard.get()), (Code::InvalidArgument, 0));
    other.import_variables(exported.clone())?;
    other.import_variables(exported)?;
    assert_eq!((heard.get(), other.revision()?), (3, 1));
    Ok(())
}

/// What is as deep as a value may be can be carried too.
#[test]
fn the_deepest_value_is_carried() -> Result<(), Error> {
    let (hall, other) = (open(1), open(2));
    let deepest =
        (0..64).fold(None, |inner: Option<Value>, _| Some(Value::from(Vec::from_iter(inner)))).expect("a list");
    hall.variable("deep", [("type", "list".into())])?.set(deepest.clone())?;
    other.import_variables(hall.export_variables()?)?;
    assert_eq!(other.get("deep")?, Some(deepest.clone()));
    let deeper = Value::from(vec![deepest]);
    let variable = map([("declaration", map([("type", "any".into())])), ("value", deeper)]);
    let exported = [("session", "".into()), ("variables", map([("k", variable)]))];
    assert_eq!(other.import_variables(exported).expect_err("too deep").code, Code::Limit);
    Ok(())
}

/// Everything that a refused import must leave alone.
fn picture(hall: &Hall) -> (Vec<u8>, Value, u64, Usage) {
    let usage = hall.usage().expect("open");
    (hall.snapshot().expect("open"), hall.export_variables().expect("open"), hall.revision().expect("open"), usage)
}

fn random_variable(rng: &mut Rng) -> Value {
    let number = || Value::from([("type", "integer".into()), ("max", 5.into())]);
    let text = || Value::from([("type", "text".into()), ("value", "t".into())]);
    let declaration = ("declaration", if rng.number().is_multiple_of(2) { number() } else { text() });
    let value = ("value", if rng.number().is_multiple_of(2) { (rng.number() as i64 % 6).into() } else { "set".into() });
    let metadata = ("metadata", map([("by", (rng.number() as i64 % 2).into())]));
    match rng.number() % 3 {
        0 => map([declaration]),
        1 => map([declaration, value]),
        _ => map([declaration, value, metadata]),
    }
}

fn random_write(hall: &Hall, rng: &mut Rng) {
    let key = ["a", "b", "c/d", "c/e"][rng.number() as usize % 4];
    let value = Value::from(rng.number() as i64 % 6);
    let _ = match rng.number() % 4 {
        0 => hall.put(key, value).map(drop),
        1 => hall.delete(key).map(drop),
        2 => hall.undeclare(key).map(drop),
        _ => {
            let ttl_ms = Some(1_000);
            hall.put_with(key, value, PutOptions { ttl_ms, ..PutOptions::default() }).map(drop)
        }
    };
}

#[test]
fn an_import_happens_as_a_whole_or_not_at_all() {
    let (mut taken, mut refused) = (0, 0);
    for seed in 0..300 {
        let mut rng = Rng::new(seed);
        let mut options = Options { seed: Some(seed), ..Options::default() };
        (options.limits.entries, options.limits.bytes) = (4, 60);
        let hall = Hall::open(options).expect("right options");
        for _ in 0..20 {
            random_write(&hall, &mut rng);
            let keys = ["a", "b", "c/d", "c/e", "c/f"]
                .into_iter()
                .filter(|_| rng.number().is_multiple_of(2))
                .collect::<Vec<_>>();
            let variables = keys.into_iter().map(|key| (key.to_owned(), random_variable(&mut rng)));
            let variables: std::collections::BTreeMap<_, _> = variables.collect();
            let exported = map([("session", "".into()), ("variables", variables.into())]);
            let before = picture(&hall);
            match hall.import_variables(exported.clone()) {
                Ok(()) => {
                    let there = hall.export_variables().expect("open");
                    let variables = |exported: &Value| exported.as_map().and_then(|map| map.get("variables")).cloned();
                    assert_eq!(variables(&there), variables(&exported), "seed {seed}");
                    let again = picture(&hall);
                    hall.import_variables(there).expect("what it exported");
                    assert!(picture(&hall) == again, "seed {seed}: the same again is no change");
                    taken += 1;
                }
                Err(error) => {
                    assert!(picture(&hall) == before, "seed {seed}: {error}");
                    refused += 1;
                }
            }
        }
    }
    assert!(taken > 1_000 && refused > 1_000, "{taken} taken, {refused} refused");
}
