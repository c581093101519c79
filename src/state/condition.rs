//! Filters as data: judged by what a value was and what it is now.
//!
//! The npm package, whose values never enter wasm, judges them in JavaScript
//! (`js/src/watching/filter.ts`); `tests/fixtures/filters.txt` holds the two together.

use super::queue::Change;
use crate::error::{Code, Error};
use crate::value::{Stored, Value};
use std::collections::BTreeMap;

/// Which changes matter: all conditions that are given must hold, and there must be one.
///
/// What is no number has no distance and no side of a threshold, but becoming a number or ceasing
/// to be one is a change by any measure.
#[derive(Clone, Debug)]
pub struct Condition<V = Value> {
    /// Changed by at least this much, as far as floating point can tell: 0.3 and 0.2 are 0.1 apart.
    pub delta: Option<f64>,
    /// Reached this number from below, or fell below it.
    pub crosses: Option<f64>,
    /// Is this value now.
    pub equals: Option<V>,
    /// Became one of these values, and was another.
    pub becomes: Option<Vec<V>>,
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

/// No condition at all, which is none: to be filled in.
impl<V> Default for Condition<V> {
    fn default() -> Self {
        Self { delta: None, crosses: None, equals: None, becomes: None, kind: None, against: Against::Previous }
    }
}

/// A value that a condition can measure.
pub trait Measurable: Stored {
    /// The number, if it is one; not a number is none.
    fn number(&self) -> Option<f64>;
}

impl Measurable for Value {
    fn number(&self) -> Option<f64> {
        self.as_float().filter(|number| !number.is_nan())
    }
}

/// A condition at work: it remembers what it has let pass, if that matters.
pub struct Judge<V> {
    condition: Condition<V>,
    /// Of each entry, with what its next value is compared.
    last: BTreeMap<Box<str>, Option<V>>,
}

impl<V: Measurable> Judge<V> {
    /// Begins to judge.
    ///
    /// Errors: `invalid-argument` for a condition that nothing or everything would fulfil.
    pub fn new(condition: Condition<V>) -> Result<Self, Error> {
        condition.check()?;
        Ok(Self { condition, last: BTreeMap::new() })
    }

    /// Whether a change fulfils the condition.
    pub fn passes(&mut self, change: &Change<V>) -> bool {
        let value = change.value.as_ref();
        if self.condition.against == Against::Previous {
            return self.condition.holds(change.old.as_ref(), value);
        }
        let key = change.key.text();
        let base = self.last.get(key).unwrap_or(&change.old).clone();
        let passes = self.condition.holds(base.as_ref(), value);
        // An entry that is gone is forgotten, so that there are never more than there are entries.
        match value {
            None => drop(self.last.remove(key)),
            Some(value) => drop(self.last.insert(key.into(), if passes { Some(value.clone()) } else { base })),
        }
        passes
    }
}

impl<V: Measurable> Condition<V> {
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
    pub fn holds(&self, old: Option<&V>, value: Option<&V>) -> bool {
        let is = |value: Option<&V>, other: &V| value.is_some_and(|value| value.same(other));
        let is_same = match (old, value) {
            (Some(old), Some(value)) => old.same(value),
            (old, value) => old.is_none() && value.is_none(),
        };
        self.delta.is_none_or(|delta| is_farther(old, value, delta))
            && self.crosses.is_none_or(|threshold| side(old, threshold) != side(value, threshold))
            && self.equals.as_ref().is_none_or(|equals| is(value, equals))
            && self.becomes.as_ref().is_none_or(|list| !is_same && list.iter().any(|one| is(value, one)))
            && self.kind.is_none_or(|kind| match kind {
                Kind::Created => old.is_none() && value.is_some(),
                Kind::Changed => old.is_some() && value.is_some(),
                Kind::Set => value.is_some(),
                Kind::Deleted => value.is_none(),
            })
    }
}

fn is_farther<V: Measurable>(old: Option<&V>, value: Option<&V>, delta: f64) -> bool {
    match (old.and_then(V::number), value.and_then(V::number)) {
        (Some(old), Some(value)) => {
            let tolerance = f64::EPSILON * old.abs().max(value.abs());
            old != value && (old - value).abs() >= delta - tolerance
        }
        (old, value) => old.is_some() != value.is_some(),
    }
}

/// Whether a number has reached a threshold.
fn side<V: Measurable>(value: Option<&V>, threshold: f64) -> Option<bool> {
    value.and_then(V::number).map(|number| number >= threshold)
}
