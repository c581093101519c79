//! Judging where a value may go from the one before it.

use super::judge::{joined, violation};
use super::number::Number;
use super::{Declaration, Direction, Kind};
use crate::codec::{Part, Reader, read_part, same_value};
use crate::error::Error;

/// See [`Declaration::judge_change`].
pub fn judge_change(declared: &Declaration, old: Option<&[u8]>, new: &[u8]) -> Result<(), Error> {
    let Some(old) = old.filter(|old| !same_value(old, new)) else { return Ok(()) };
    if declared.immutable {
        return Err(violation("cannot change after it was first set"));
    }
    let (Some(old), Some(new)) = (number(old), number(new)) else { return Ok(()) };
    if declared.direction == Direction::Any && declared.delta.is_infinite() || old.float().is_nan() {
        return Ok(());
    }
    let delta = match (old, new) {
        (Number::Whole(old), Number::Whole(new)) => old.abs_diff(new) as f64,
        _ => (old.float() - new.float()).abs(),
    };
    let (side, limit) = match declared.direction {
        _ if new.float().is_nan() => ("must be comparable with ", old),
        Direction::Up if new.is_below(old) => ("must not be below ", old),
        Direction::Down if old.is_below(new) => ("must not be above ", old),
        _ if delta > declared.delta => {
            ("must change by at most ", Number::of(Part::Float(declared.delta)).unwrap_or(old))
        }
        _ => return Ok(()),
    };
    let whole = declared.kind == Kind::Integer;
    Err(joined(&[side, &limit.text(whole), ", got ", &new.text(whole), " after ", &old.text(whole)]))
}

fn number(value: &[u8]) -> Option<Number> {
    read_part(&mut Reader::new(value)).ok().and_then(Number::of)
}
