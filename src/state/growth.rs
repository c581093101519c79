//! How much larger a value has become by a change.
//!
//! A change copies only the containers on the way to what it changes; all others it shares with the value that was
//! before. What is shared is not looked into, so that a small change of a large value costs little.

use crate::codec::{head_bytes, too_deep, value_bytes};
use crate::error::Error;
use crate::value::Value;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// By how many bytes the encoding of `new` is longer than that of `old`, which is at most `depth_max` containers deep.
///
/// Errors: `limit` if `new` is nested deeper.
pub fn growth(old: &Value, new: &Value, depth_max: usize) -> Result<i64, Error> {
    grown(old, new, depth_max).ok_or_else(|| too_deep(depth_max))
}

/// The growth of a value within which there may be so many containers; `None` if there are more in the new one.
fn grown(old: &Value, new: &Value, depth: usize) -> Option<i64> {
    match (old, new) {
        _ if is_shared(old, new) => Some(0),
        (Value::Map(old), Value::Map(new)) => members_grown(old, new, depth.checked_sub(1)?),
        (Value::List(old), Value::List(new)) => items_grown(old, new, depth.checked_sub(1)?),
        _ => Some(added(new, depth)? - value_bytes(old) as i64),
    }
}

/// Whether two values are seen to be the same without looking into them.
fn is_shared(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Map(a), Value::Map(b)) => Arc::ptr_eq(a, b),
        (Value::List(a), Value::List(b)) => Arc::ptr_eq(a, b),
        (Value::Text(a), Value::Text(b)) => Arc::ptr_eq(a, b),
        (Value::Bytes(a), Value::Bytes(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

/// The bytes of a value that was not there before.
fn added(new: &Value, depth: usize) -> Option<i64> {
    (!new.deeper_than(depth)).then(|| value_bytes(new) as i64)
}

fn members_grown(old: &BTreeMap<String, Value>, new: &BTreeMap<String, Value>, depth: usize) -> Option<i64> {
    let name_bytes = |name: &String| head_bytes(name.len() as u64) as i64 + name.len() as i64;
    let mut sum = head_growth(old.len(), new.len());
    let (mut before, mut after) = (old.iter().peekable(), new.iter().peekable());
    loop {
        let order = match (before.peek(), after.peek()) {
            (Some((a, _)), Some((b, _))) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Some(sum),
        };
        let gone = if order.is_le() { before.next() } else { None };
        let come = if order.is_ge() { after.next() } else { None };
        sum += match (gone, come) {
            (Some((_, old)), Some((_, new))) => grown(old, new, depth)?,
            (Some((name, old)), None) => -(name_bytes(name) + value_bytes(old) as i64),
            (None, Some((name, new))) => name_bytes(name) + added(new, depth)?,
            (None, None) => return Some(sum),
        };
    }
}

/// What is inserted or removed moves all items after it, so those that are shared are left out from both ends.
fn items_grown(old: &[Value], new: &[Value], depth: usize) -> Option<i64> {
    let head = head_growth(old.len(), new.len());
    let same = |(a, b): &(&Value, &Value)| is_shared(a, b);
    let first = old.iter().zip(new).take_while(same).count();
    let (old, new) = (old.get(first..)?, new.get(first..)?);
    let last = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    let (old, new) = (old.get(..old.len() - last)?, new.get(..new.len() - last)?);
    let mut sum = head;
    for (old, new) in old.iter().zip(new) {
        sum += grown(old, new, depth)?;
    }
    for old in old.iter().skip(new.len()) {
        sum -= value_bytes(old) as i64;
    }
    for new in new.iter().skip(old.len()) {
        sum += added(new, depth)?;
    }
    Some(sum)
}

fn head_growth(old: usize, new: usize) -> i64 {
    head_bytes(new as u64) as i64 - head_bytes(old as u64) as i64
}
