//! Filters as data: the cases of `tests/fixtures/filters.txt`, which `js/test/watching/filter.test.js` runs too.

use statehall::{Against, Code, Condition, Hall, Kind, Options, Value, WatchOptions};
use std::error::Error;

#[allow(dead_code)]
#[path = "transcripts/runner/notation.rs"]
mod notation;

use notation::{read, words};

const CASES: &str = include_str!("fixtures/filters.txt");

#[test]
fn the_cases_of_the_fixture() -> Result<(), Box<dyn Error>> {
    let cases = CASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut count = 0;
    for case in cases {
        let parts: Vec<_> = case.split(" | ").collect();
        let [conditions, puts, expected] = parts[..] else { panic!("not three parts: {case}") };
        let hall = Hall::open(Options::default())?;
        let filter = Some(condition(conditions)?.into_filter()?);
        let mut changes = hall.stream("key", WatchOptions { filter, ..WatchOptions::default() })?;
        let mut told = Vec::new();
        for put in words(puts) {
            match value(put)? {
                None => hall.delete("key")?,
                Some(value) => hall.put("key", value)?,
            };
            told.extend(changes.pull(2).into_iter().map(|change| change.value));
        }
        let expected: Result<Vec<_>, _> =
            words(expected).iter().filter(|word| **word != "-").map(|w| value(w)).collect();
        assert_eq!(told, expected?, "{case}");
        count += 1;
    }
    assert!(count > 25, "only {count} cases were found");
    Ok(())
}

#[test]
fn conditions_that_cannot_be_are_refused() {
    let refused = [
        Condition::default(),
        Condition { against: Against::Delivered, ..Condition::default() },
        Condition { delta: Some(0.0), ..Condition::default() },
        Condition { delta: Some(-1.0), ..Condition::default() },
        Condition { delta: Some(f64::NAN), ..Condition::default() },
        Condition { delta: Some(f64::INFINITY), ..Condition::default() },
        Condition { crosses: Some(f64::NAN), ..Condition::default() },
        Condition { becomes: Some(Vec::new()), ..Condition::default() },
    ];
    for condition in refused {
        let shown = format!("{condition:?}");
        let error = condition.into_filter().err().unwrap_or_else(|| panic!("not refused: {shown}"));
        assert_eq!(error.code, Code::InvalidArgument, "{shown}");
    }
}

#[test]
fn a_thousand_small_steps_are_a_hundred_large_ones_relative_to_what_was_delivered() -> Result<(), Box<dyn Error>> {
    let hall = Hall::open(Options::default())?;
    hall.put("n", 0)?;
    let count = |against| -> Result<usize, statehall::Error> {
        let filter = Some(Condition { delta: Some(10.0), against, ..Condition::default() }.into_filter()?);
        let mut changes = hall.stream("n", WatchOptions { filter, ..WatchOptions::default() })?;
        for n in 1..=1_000 {
            hall.put("n", n)?;
        }
        hall.put("n", 0)?;
        Ok(changes.pull(2_000).len() - 1)
    };
    assert_eq!(count(Against::Previous)?, 0);
    assert_eq!(count(Against::Delivered)?, 100);
    Ok(())
}

fn condition(text: &str) -> Result<Condition, Box<dyn Error>> {
    let mut condition = Condition::default();
    for word in words(text) {
        let (name, given) = word.split_once('=').ok_or("a condition without a value")?;
        match name {
            "delta" => condition.delta = read(given)?.as_float(),
            "crosses" => condition.crosses = read(given)?.as_float(),
            "equals" => condition.equals = Some(read(given)?),
            "becomes" => condition.becomes = read(given)?.as_list().map(<[Value]>::to_vec),
            "kind" => {
                let kinds = [Kind::Created, Kind::Changed, Kind::Set, Kind::Deleted];
                condition.kind = kinds.into_iter().find(|kind| format!("{kind:?}").to_lowercase() == given);
            }
            "against" if given == "delivered" => condition.against = Against::Delivered,
            _ => return Err(format!("there is no condition {word}").into()),
        }
    }
    Ok(condition)
}

fn value(word: &str) -> Result<Option<Value>, Box<dyn Error>> {
    Ok(if word == "absent" { None } else { Some(read(word)?) })
}
