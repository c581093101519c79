//! Changes of a value written as data: JSON Patch (RFC 6902) and merge patch (RFC 7396).
//!
//! All or nothing: what comes out is new, and what went in is as it was. Only the containers on
//! the way to a change are copied. A name is a name, whatever it is called: `__proto__` too.

use crate::codec::{DEPTH_MAX, too_deep, value_bytes};
use crate::error::{Code, Error};
use crate::value::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Why a patch did nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It is no patch, or makes too large a value: a mistake of whoever wrote it.
    Mistaken(Error),
    /// It is one, but does not apply to this value.
    Inapplicable(Inapplicable),
}

/// The operation that does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inapplicable {
    /// Which of the patch, from 0.
    pub operation: usize,
    /// The pointer that leads nowhere, or to something else than was expected.
    pub path: String,
    /// Why not.
    pub reason: Reason,
}

/// Why an operation does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There is nothing there.
    Missing,
    /// What is there has no members and no items.
    NotContainer,
    /// It is no place in that list.
    NotPlace,
    /// The value there is another one.
    TestFailed,
    /// A value cannot be moved into itself.
    IntoItself,
    /// A value cannot be removed from nowhere.
    Whole,
}

impl Reason {
    /// The stable name: kebab-case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotContainer => "not-container",
            Self::NotPlace => "not-place",
            Self::TestFailed => "test-failed",
            Self::IntoItself => "into-itself",
            Self::Whole => "whole",
        }
    }
}

/// A pointer (RFC 6901), taken apart.
type Pointer = Vec<String>;

enum Operation<'a> {
    Add(Pointer, &'a Value),
    Remove(Pointer),
    Replace(Pointer, &'a Value),
    Move(Pointer, Pointer),
    Copy(Pointer, Pointer),
    Test(Pointer, &'a Value),
}

/// The value after a JSON Patch.
///
/// Shape:  the patch is a list of maps with `op`, `path`, and `value` or `from`; other members are
///         ignored. `test` compares numbers by what they are worth, so 1 is 1.0.
/// Errors: `invalid-argument` for what is no patch, before any of it is carried out; `limit` for a
///         value of more than `bytes_max` bytes by copying, or one nested too deep.
/// Source: RFC 6902 and RFC 6901. Differs: the whole value cannot be removed.
pub fn json_patch(target: &Value, patch: &Value, bytes_max: u64) -> Result<Value, Refused> {
    let operations = read(patch).map_err(Refused::Mistaken)?;
    let mut value = target.clone();
    // No less than it is worth in bytes by now, as far as copies make it grow: counted when there is one.
    let mut bytes = u64::MAX;
    for (at, operation) in operations.iter().enumerate() {
        let refused = |(path, reason): (&Pointer, Reason)| {
            Refused::Inapplicable(Inapplicable { operation: at, path: written(path), reason })
        };
        if let Operation::Copy(from, _) = operation {
            let copied = value_bytes(find(&value, from).map_err(|reason| refused((from, reason)))?);
            bytes = bytes.saturating_add(copied);
            if bytes > bytes_max {
                bytes = value_bytes(&value).saturating_add(copied);
            }
            if bytes > bytes_max {
                return Err(Refused::Mistaken(Error::limit("valueBytes", bytes_max, bytes)));
            }
        }
        check_depth(&value, operation).map_err(Refused::Mistaken)?;
        carry_out(&mut value, operation).map_err(refused)?;
    }
    Ok(value)
}

/// What an operation puts somewhere must not be nested too deep there.
fn check_depth(value: &Value, operation: &Operation<'_>) -> Result<(), Error> {
    let (path, new) = match operation {
        Operation::Add(path, new) | Operation::Replace(path, new) => (path, Some(*new)),
        Operation::Move(from, path) | Operation::Copy(from, path) => (path, find(value, from).ok()),
        Operation::Remove(_) | Operation::Test(..) => return Ok(()),
    };
    let fits = |new: &Value| DEPTH_MAX.checked_sub(path.len()).is_some_and(|depth| !new.deeper_than(depth));
    if new.is_none_or(fits) { Ok(()) } else { Err(too_deep(DEPTH_MAX)) }
}

/// The value after a merge patch: members of maps are replaced, or removed where the patch has null.
///
/// Errors: `limit` for a patch that is nested too deep.
/// Source: RFC 7396.
pub fn merge_patch(target: &Value, patch: &Value) -> Result<Value, Error> {
    if patch.deeper_than(DEPTH_MAX) {
        return Err(too_deep(DEPTH_MAX));
    }
    Ok(merged(Some(target), patch))
}

fn merged(target: Option<&Value>, patch: &Value) -> Value {
    let Value::Map(changes) = patch else { return patch.clone() };
    let mut members = target.and_then(Value::as_map).cloned().unwrap_or_default();
    for (name, change) in changes.iter() {
        if matches!(change, Value::Null) {
            members.remove(name);
        } else {
            let member = merged(members.get(name), change);
            members.insert(name.clone(), member);
        }
    }
    Value::Map(Arc::new(members))
}

fn mistaken(at: usize, what: &str) -> Error {
    Error::new(Code::InvalidArgument, format!("operation {at} of a patch {what}"))
}

fn read(patch: &Value) -> Result<Vec<Operation<'_>>, Error> {
    // The list and the map of an operation are around the value.
    if patch.deeper_than(DEPTH_MAX + 2) {
        return Err(too_deep(DEPTH_MAX));
    }
    let no_list = || Error::new(Code::InvalidArgument, "a patch is a list of operations");
    let operations = patch.as_list().ok_or_else(no_list)?;
    operations.iter().enumerate().map(|(at, operation)| read_operation(at, operation)).collect()
}

fn read_operation(at: usize, operation: &Value) -> Result<Operation<'_>, Error> {
    let members = operation.as_map().ok_or_else(|| mistaken(at, "is not a map"))?;
    let text = |name: &str| {
        let text = members.get(name).and_then(Value::as_text);
        text.ok_or_else(|| mistaken(at, &format!("has no text {name:?}")))
    };
    let pointer = |name: &str| parse(text(name)?).ok_or_else(|| mistaken(at, &format!("has no pointer {name:?}")));
    let value = || members.get("value").ok_or_else(|| mistaken(at, "has no \"value\""));
    let path = pointer("path")?;
    Ok(match text("op")? {
        "add" => Operation::Add(path, value()?),
        "remove" => Operation::Remove(path),
        "replace" => Operation::Replace(path, value()?),
        "move" => Operation::Move(pointer("from")?, path),
        "copy" => Operation::Copy(pointer("from")?, path),
        "test" => Operation::Test(path, value()?),
        _ => return Err(mistaken(at, "is none of add, remove, replace, move, copy and test")),
    })
}

/// Takes a pointer apart; `None` if it is none.
fn parse(text: &str) -> Option<Pointer> {
    if text.is_empty() {
        return Some(Pointer::new());
    }
    let rest = text.strip_prefix('/')?;
    rest.split('/').map(unescaped).collect()
}

fn unescaped(segment: &str) -> Option<String> {
    let sound = segment.split('~').skip(1).all(|after| after.starts_with(['0', '1']));
    sound.then(|| segment.replace("~1", "/").replace("~0", "~"))
}

fn written(pointer: &Pointer) -> String {
    pointer.iter().map(|segment| format!("/{}", segment.replace('~', "~0").replace('/', "~1"))).collect()
}

/// Which pointer leads nowhere, and why.
type Failure<'a> = (&'a Pointer, Reason);

fn carry_out<'a>(value: &mut Value, operation: &'a Operation<'_>) -> Result<(), Failure<'a>> {
    match operation {
        Operation::Add(path, new) => add(value, path, (*new).clone()).map_err(|reason| (path, reason)),
        Operation::Remove(path) => remove(value, path).map(drop).map_err(|reason| (path, reason)),
        Operation::Replace(path, new) => {
            *find_mut(value, path).map_err(|reason| (path, reason))? = (*new).clone();
            Ok(())
        }
        Operation::Move(from, path) => {
            if from.len() < path.len() && path.starts_with(from) {
                return Err((path, Reason::IntoItself));
            }
            if from == path {
                return find(value, from).map(drop).map_err(|reason| (from, reason));
            }
            let moved = remove(value, from).map_err(|reason| (from, reason))?;
            add(value, path, moved).map_err(|reason| (path, reason))
        }
        Operation::Copy(from, path) => {
            let copied = find(value, from).map_err(|reason| (from, reason))?.clone();
            add(value, path, copied).map_err(|reason| (path, reason))
        }
        Operation::Test(path, expected) => {
            let found = find(value, path).map_err(|reason| (path, reason))?;
            if is_worth(found, expected) { Ok(()) } else { Err((path, Reason::TestFailed)) }
        }
    }
}

/// A place in a list, below or at its end.
fn place(segment: &str, length: usize) -> Result<usize, Reason> {
    let digits = !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit());
    let shortest = segment == "0" || !segment.starts_with('0');
    let place = segment.parse::<usize>().ok().filter(|_| digits && shortest);
    place.filter(|&place| place <= length).ok_or(Reason::NotPlace)
}

fn find<'a>(mut value: &'a Value, path: &Pointer) -> Result<&'a Value, Reason> {
    for segment in path {
        value = match value {
            Value::Map(members) => members.get(segment).ok_or(Reason::Missing)?,
            Value::List(items) => items.get(place(segment, items.len())?).ok_or(Reason::NotPlace)?,
            _ => return Err(Reason::NotContainer),
        };
    }
    Ok(value)
}

fn find_mut<'a>(mut value: &'a mut Value, path: &[String]) -> Result<&'a mut Value, Reason> {
    for segment in path {
        value = match value {
            Value::Map(members) => Arc::make_mut(members).get_mut(segment).ok_or(Reason::Missing)?,
            Value::List(items) => {
                let place = place(segment, items.len())?;
                Arc::make_mut(items).get_mut(place).ok_or(Reason::NotPlace)?
            }
            _ => return Err(Reason::NotContainer),
        };
    }
    Ok(value)
}

fn add(value: &mut Value, path: &[String], new: Value) -> Result<(), Reason> {
    let Some((last, parents)) = path.split_last() else {
        *value = new;
        return Ok(());
    };
    match find_mut(value, parents)? {
        Value::Map(members) => {
            Arc::make_mut(members).insert(last.clone(), new);
        }
        Value::List(items) => {
            let place = if last == "-" { items.len() } else { place(last, items.len())? };
            let mut longer = items.to_vec();
            longer.insert(place, new);
            *items = longer.into();
        }
        _ => return Err(Reason::NotContainer),
    }
    Ok(())
}

fn remove(value: &mut Value, path: &[String]) -> Result<Value, Reason> {
    let Some((last, parents)) = path.split_last() else { return Err(Reason::Whole) };
    match find_mut(value, parents)? {
        Value::Map(members) => Arc::make_mut(members).remove(last).ok_or(Reason::Missing),
        Value::List(items) => {
            let place = place(last, items.len())?;
            let mut shorter = items.to_vec();
            if place == shorter.len() {
                return Err(Reason::NotPlace);
            }
            let removed = shorter.remove(place);
            *items = shorter.into();
            Ok(removed)
        }
        _ => Err(Reason::NotContainer),
    }
}

/// Whether two values are the same by the rules of JSON, where 1 and 1.0 are one number.
fn is_worth(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Integer(whole), Value::Float(number)) | (Value::Float(number), Value::Integer(whole)) => {
            // Converted to a whole number, what is beyond the largest becomes that.
            *whole as f64 == *number && *number as i64 == *whole && *number < i64::MAX as f64
        }
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| is_worth(a, b)),
        (Value::Map(a), Value::Map(b)) => same_members(a, b),
        _ => a == b,
    }
}

fn same_members(a: &BTreeMap<String, Value>, b: &BTreeMap<String, Value>) -> bool {
    a.len() == b.len() && a.iter().zip(b.iter()).all(|((name, a), (other, b))| name == other && is_worth(a, b))
}
