//! Filters as data: judged by what a value was and what it is now.
//!
//! The npm package, whose values never enter wasm, judges them in JavaScript
//! (`js/src/watching/filter.ts`); `tests/fixtures/filters.txt` holds the two together.

use crate::error::{Code, Error};
use crate::value::Value;

/// Which changes matter: all conditions that are given must hold, and there must be one.
///
/// What is no number has no distance and no side of a threshold, but becoming a number or ceasing
/// to be one is a change by any measure.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// Changed by at least this much, as far as floating point can tell: 0.3 and 0.2 are 0.1 apart.
    pub delta: Option<f64>,
    /// Reached this number from below, or fell below it.
    pub crosses: Option<f64>,
    /// Is this value now.
    pub equals: Option<Value>,
    /// Became one of these values, and was another.
    pub becomes: Option<Vec<Value>>,
    /// Came, changed or went.
    pub kind: Option<Kind>,
    /// What the value before is.
    pub against: Against,
}

/// What happened to an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It was absent.
    Created,
    /// It was there, and is.
    Changed,
    /// It is there.
    Set,
    /// It is gone.
    Deleted,
}

/// With what a condition compares the value that is there now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Against {
    /// The value before, which the change tells.
    #[default]
    Previous,
    /// The last value of this key that the condition has let pass; until there is one, the first
    /// that was replaced.
    Delivered,
}

impl Condition {
    /// Refuses a condition that nothing or everything would fulfil.
    ///
    /// Errors: `invalid-argument`.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |detail: &str| Err(Error::new(Code::InvalidArgument, detail));
        if self.delta.is_some_and(|delta| !(delta.is_finite() && delta > 0.0)) {
            return refuse("delta is a number above 0");
        }
        if self.crosses.is_some_and(|threshold| !threshold.is_finite()) {
            return refuse("crosses is a finite number");
        }
        if self.becomes.as_ref().is_some_and(Vec::is_empty) {
            return refuse("becomes is a list of one value or more");
        }
        let measured = self.delta.is_some() || self.crosses.is_some();
        if !measured && self.equals.is_none() && self.becomes.is_none() && self.kind.is_none() {
            return refuse("a condition has one or more of delta, crosses, equals, becomes and kind");
        }
        Ok(())
    }

    /// Whether a change from one value to another fulfils it. `None` is an absent entry.
    pub fn holds(&self, old: Option<&Value>, value: Option<&Value>) -> bool {
        self.delta.is_none_or(|delta| is_farther(old, value, delta))
            && self.crosses.is_none_or(|threshold| side(old, threshold) != side(value, threshold))
            && self.equals.as_ref().is_none_or(|equals| value == Some(equals))
            && self.becomes.as_ref().is_none_or(|list| old != value && value.is_some_and(|value| list.contains(value)))
            && self.kind.is_none_or(|kind| match kind {
                Kind::Created => old.is_none() && value.is_some(),
                Kind::Changed => old.is_some() && value.is_some(),
                Kind::Set => value.is_some(),
                Kind::Deleted => value.is_none(),
            })
    }
}

fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::as_float).filter(|number| !number.is_nan())
}

fn is_farther(old: Option<&Value>, value: Option<&Value>, delta: f64) -> bool {
    match (number(old), number(value)) {
        (Some(old), Some(value)) => {
            let tolerance = f64::EPSILON * old.abs().max(value.abs());
            old != value && (old - value).abs() >= delta - tolerance
        }
        (old, value) => old.is_some() != value.is_some(),
    }
}

/// Whether a number has reached a threshold.
fn side(value: Option<&Value>, threshold: f64) -> Option<bool> {
    number(value).map(|number| number >= threshold)
}
