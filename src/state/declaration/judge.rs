//! Judging a value by its bytes: refused with a reason, fine as given, or coerced.

use super::member::Member;
use super::number::Number;
use super::reading::shape_of;
use super::{Declaration, Kind};
use crate::codec::{Part, Reader, next_value, read_part, write_part};
use crate::error::{Code, Error};
use std::borrow::Cow;

/// The error of a value that does not fit, and what would.
#[cold]
#[inline(never)]
pub fn violation(text: &str) -> Error {
    joined(&[text])
}

/// As [`violation`], of a text in parts.
#[cold]
#[inline(never)]
pub fn joined(parts: &[&str]) -> Error {
    Error::new(Code::ConstraintViolation, parts.concat())
}

/// What a value of that kind must be, for one that is not.
fn wanted(kind: Kind, part: Part<'_>) -> &'static str {
    match kind {
        Kind::Float => "must be a number",
        Kind::Integer => "must be an integer",
        Kind::Text if part == Part::Null => "cannot be null",
        Kind::Text | Kind::Choice => "must be a string",
        Kind::Boolean => "must be a boolean (true or false)",
        Kind::Module => "must be a module name",
        Kind::Embedding => "must be a list of numbers",
        Kind::Tensor => "must be a tensor with shape and data",
        Kind::Bytes => "must be bytes",
        Kind::List => "must be a list",
        Kind::Map | Kind::Any => "must be a map",
    }
}

/// Judges a value; one that is `merged` is not made from a text or a number that only means it.
pub fn judge<'a>(declared: &Declaration, value: &'a [u8], merged: bool) -> Result<Cow<'a, [u8]>, Error> {
    let mut reader = Reader::new(value);
    let part = read_part(&mut reader).map_err(violation)?;
    let coerced = match (declared.kind, part) {
        (Kind::Float, Part::Text(text)) if !merged => special(text),
        (Kind::Float | Kind::Integer, Part::Integer(_) | Part::Float(_)) => Some(bounded(declared, part)?),
        (Kind::Boolean, Part::Text("true") | Part::Integer(1)) if !merged => Some(Part::Bool(true)),
        (Kind::Boolean, Part::Text("false") | Part::Integer(0)) if !merged => Some(Part::Bool(false)),
        (Kind::Text | Kind::Choice | Kind::Module, Part::Text(text)) => {
            named(declared, text)?;
            Some(part)
        }
        (Kind::Embedding, Part::List(count)) => return embedding(declared, value, count, reader),
        (Kind::Tensor, Part::Map(count)) => {
            tensor(declared, count, reader)?;
            Some(part)
        }
        (Kind::Bytes, Part::Bytes(bytes)) => {
            long_enough(declared, bytes.len(), " bytes")?;
            Some(part)
        }
        (Kind::List, Part::List(count)) => {
            long_enough(declared, count, " items")?;
            Some(part)
        }
        (Kind::Boolean, Part::Bool(_)) | (Kind::Map, Part::Map(_)) | (Kind::Any, _) => Some(part),
        _ => None,
    };
    let Some(coerced) = coerced else { return Err(violation(wanted(declared.kind, part))) };
    if coerced == part || is_nan(coerced) && is_nan(part) {
        return Ok(Cow::Borrowed(value));
    }
    let mut out = Vec::new();
    write_part(coerced, &mut out);
    Ok(Cow::Owned(out))
}

fn is_nan(part: Part<'_>) -> bool {
    matches!(part, Part::Float(float) if float.is_nan())
}

/// The numbers that JSON cannot write.
fn special(text: &str) -> Option<Part<'static>> {
    Some(Part::Float(match text {
        "NaN" | "nan" => f64::NAN,
        "Infinity" | "infinity" => f64::INFINITY,
        "-Infinity" | "-infinity" => f64::NEG_INFINITY,
        _ => return None,
    }))
}

/// A number within the bounds; what is not finite passes them.
fn bounded(declared: &Declaration, part: Part<'_>) -> Result<Part<'static>, Error> {
    let whole = declared.kind == Kind::Integer;
    let Some(mut number) = Number::of(part) else { return Err(violation(wanted(declared.kind, part))) };
    if !whole {
        number = number.as_float().ok_or_else(|| violation("must be a number that a float can hold"))?;
    } else if let Number::Float(_) = number {
        return Err(joined(&["must be a whole number, got ", &number.text(true)]));
    }
    // A bound is a float, so a whole number must not be rounded to it.
    let bound = |bound: f64| match number {
        Number::Whole(_) if bound == bound.trunc() && bound.abs() < 9e18 => Number::Whole(bound as i64),
        _ => Number::of(Part::Float(bound)).unwrap_or(number),
    };
    let (min, max) = (bound(declared.min), bound(declared.max));
    let (side, limit) = match number {
        _ if !number.float().is_finite() => return Ok(number.part()),
        _ if max.is_below(number) => ("above maximum ", max),
        _ if number.is_below(min) => ("below minimum ", min),
        _ => return Ok(number.part()),
    };
    Err(joined(&["value ", &number.text(whole), " is ", side, &limit.text(whole)]))
}

fn long_enough(declared: &Declaration, length: usize, unit: &str) -> Result<(), Error> {
    let length = length as u64;
    let (side, limit) = match length {
        _ if length < declared.least => ("must be at least ", declared.least),
        _ if length > declared.most => ("must be at most ", declared.most),
        _ => return Ok(()),
    };
    Err(joined(&[side, &limit.to_string(), unit, ", got ", &length.to_string()]))
}

/// How many scalar values a text has. Counted by their first bytes: what `chars().count()` does is faster and larger.
fn characters(text: &str) -> usize {
    text.bytes().filter(|byte| byte & 0xc0 != 0x80).count()
}

/// A text that may be chosen: its length first, which bounds what matching costs.
fn named(declared: &Declaration, text: &str) -> Result<(), Error> {
    if declared.kind == Kind::Text && (declared.least > 0 || declared.most < u64::MAX) {
        long_enough(declared, characters(text), " characters")?;
    }
    if declared.program.as_ref().is_some_and(|program| !program.matches(text)) {
        return Err(joined(&["must match pattern: ", declared.text(Member::Pattern).unwrap_or_default()]));
    }
    let (member, before) = match declared.kind {
        Kind::Choice => (Member::Choices, "must be one of: "),
        Kind::Module => (Member::Modules, "must be one of the allowed modules: "),
        _ => (Member::Enum, "must be one of: "),
    };
    if declared.member(member).is_none() || declared.names(member).any(|name| name == text) {
        return Ok(());
    }
    Err(joined(&[before, &declared.names(member).collect::<Vec<_>>().join(", ")]))
}

fn embedding<'a>(
    declared: &Declaration,
    value: &'a [u8],
    count: usize,
    mut reader: Reader<'_>,
) -> Result<Cow<'a, [u8]>, Error> {
    let mut out = Vec::new();
    write_part(Part::List(count), &mut out);
    for _ in 0..count {
        let number = read_part(&mut reader).ok().and_then(Number::of).and_then(Number::as_float);
        match number {
            Some(number) if number.float().is_finite() => number.write(&mut out),
            _ => return Err(violation("must be a list of numbers")),
        }
    }
    if let Some(dimensions) = declared.dimensions.filter(|&dimensions| dimensions != count as u64) {
        return Err(joined(&["must have exactly ", &dimensions.to_string(), " dimensions"]));
    }
    Ok(if out == value { Cow::Borrowed(value) } else { Cow::Owned(out) })
}

/// A map with a shape and as many data as fill it; it may have other members.
fn tensor(declared: &Declaration, count: usize, mut reader: Reader<'_>) -> Result<(), Error> {
    let (mut shape, mut data) = (None, None);
    for _ in 0..count {
        let name = read_part(&mut reader).map_err(violation)?;
        let value = next_value(&mut reader).map_err(violation)?;
        match name {
            Part::Text("shape") => shape = shape_of(value),
            Part::Text("data") => data = read_part(&mut Reader::new(value)).ok(),
            _ => {}
        }
    }
    let (Some(shape), Some(Part::List(data))) = (shape, data) else {
        return Err(violation("must be a tensor with shape and data"));
    };
    if sizes(&shape).fold(1, u64::saturating_mul) != data as u64 {
        return Err(violation("data size doesn't match shape"));
    }
    match declared.member(Member::Shape) {
        Some(wanted) if wanted != shape => {
            let sizes: Vec<_> = sizes(wanted).map(|size| size.to_string()).collect();
            Err(joined(&["shape must be [", &sizes.join(", "), "]"]))
        }
        _ => Ok(()),
    }
}

fn sizes(shape: &[u8]) -> impl Iterator<Item = u64> {
    let mut reader = Reader::new(shape);
    let count = if let Ok(Part::List(count)) = read_part(&mut reader) { count } else { 0 };
    (0..count).map(move |_| if let Ok(Part::Integer(size)) = read_part(&mut reader) { size as u64 } else { 0 })
}
