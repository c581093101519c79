//! Between what crosses and what the kernel knows: one function a direction.

use super::held::Held;
use super::wit::state::{DeleteOptions, Entry, Limit, NetChange, PutOptions, Usage, Written};
use super::wit::types::{self, Cbor};
use super::wit::watchers;
use crate::codec::{Malformed, TOO_DEEP, check_nested, is_container, is_map, too_deep};
use crate::error::{Code, Error};
use crate::kernel::{self, Command, Limits, Measured, Reply};
use crate::key::{Key, Selector, join};
use crate::state;
use crate::state::condition::{Against, Condition, Kind};
use crate::state::queue::Change;
use crate::value::Value;
use std::rc::Rc;

/// A value that crosses, with its size.
///
/// Errors: `invalid-value` for bytes that are not one list or map in its one encoding; `limit`.
pub fn value_in(value: types::Value, limits: &Limits) -> Result<Measured<Held>, Error> {
    let held = match value {
        types::Value::Null => Held::Scalar(Value::Null),
        types::Value::Boolean(truth) => Held::Scalar(Value::Bool(truth)),
        types::Value::Integer(number) => Held::Scalar(Value::Integer(number)),
        types::Value::Float(number) => Held::Scalar(Value::Float(number)),
        types::Value::Text(text) => Held::Scalar(Value::Text(text.into())),
        types::Value::Bytes(bytes) => Held::Scalar(Value::Bytes(bytes.into())),
        types::Value::Cbor(cbor) => cbor_in(cbor, "valueBytes", limits.value_bytes, limits)?,
    };
    Ok(held.measured())
}

/// Bytes that should be a list or a map. They are not looked at if they are too many.
fn cbor_in(cbor: Cbor, name: &str, most: u64, limits: &Limits) -> Result<Held, Error> {
    if cbor.len() as u64 > most {
        return Err(Error::limit(name, most, cbor.len() as u64));
    }
    check_nested(&cbor, limits.value_depth as usize).map_err(|reason| malformed(reason, limits))?;
    if !is_container(&cbor) {
        let detail = "cbor is for lists and maps: other kinds have their case";
        return Err(Error::new(Code::InvalidValue, detail));
    }
    Ok(Held::Cbor(cbor.into()))
}

/// A value to cross.
pub fn value_out(value: &Held) -> types::Value {
    match value {
        Held::Scalar(Value::Bool(truth)) => types::Value::Boolean(*truth),
        Held::Scalar(Value::Integer(number)) => types::Value::Integer(*number),
        Held::Scalar(Value::Float(number)) => types::Value::Float(*number),
        Held::Scalar(Value::Text(text)) => types::Value::Text(text.as_ref().into()),
        Held::Scalar(Value::Bytes(bytes)) => types::Value::Bytes(bytes.to_vec()),
        // Lists and maps are never held as scalars.
        Held::Scalar(Value::Null | Value::List(_) | Value::Map(_)) => types::Value::Null,
        Held::Cbor(cbor) => types::Value::Cbor(cbor.to_vec()),
    }
}

/// The command of a put.
///
/// Errors: `invalid-key`, `invalid-value`, `limit`.
pub fn put_in(
    key: &str,
    value: types::Value,
    options: Option<PutOptions>,
    origin: Rc<str>,
    limits: &Limits,
) -> Result<Command<Held>, Error> {
    let key = Key::parse(key)?;
    let value = value_in(value, limits)?;
    let plain = PutOptions { expect: None, metadata: None, ttl_ms: None, touch: false };
    let PutOptions { expect, metadata, ttl_ms, touch } = options.unwrap_or(plain);
    let metadata = metadata.map(|metadata| metadata_in(metadata, limits)).transpose()?;
    Ok(Command::Put { key, value, metadata, origin, expect, ttl_ms, touch })
}

/// The command of a delete.
///
/// Errors: `invalid-key`.
pub fn delete_in(key: &str, options: Option<DeleteOptions>, origin: Rc<str>) -> Result<Command<Held>, Error> {
    let DeleteOptions { expect, touch } = options.unwrap_or(DeleteOptions { expect: None, touch: false });
    Ok(Command::Delete { key: Key::parse(key)?, origin, expect, touch })
}

fn metadata_in(metadata: Cbor, limits: &Limits) -> Result<Measured<Held>, Error> {
    let is_map = is_map(&metadata);
    let held = cbor_in(metadata, "metadataBytes", limits.metadata_bytes, limits)?;
    if !is_map {
        return Err(Error::new(Code::InvalidValue, "metadata are a map, with a name for each fact"));
    }
    Ok(held.measured())
}

fn malformed(reason: Malformed, limits: &Limits) -> Error {
    if reason == TOO_DEEP {
        return too_deep(limits.value_depth as usize);
    }
    Error::new(Code::InvalidValue, format!("the bytes of a value are refused: {reason}"))
}

/// A selector.
///
/// Errors: `invalid-selector`, `invalid-key`.
pub fn selector_in(selector: &types::Selector) -> Result<Selector, Error> {
    match selector {
        types::Selector::Text(text) => Selector::parse(text),
        types::Selector::Segments(segments) => Selector::parse(&join(segments.iter().map(String::as_str))),
        types::Selector::Keys(keys) => Selector::keys(keys.iter().map(String::as_str)),
    }
}

/// A selector as it was read: segments are joined, and no key is listed twice.
pub fn selector_out(selector: &Selector) -> types::Selector {
    match selector {
        Selector::Key(key) => types::Selector::Text(key.text().into()),
        Selector::Pattern(pattern) => types::Selector::Text(pattern.as_ref().into()),
        Selector::Keys(keys) => types::Selector::Keys(keys.iter().map(|key| key.text().into()).collect()),
    }
}

/// What a write did.
pub fn written_out(reply: Reply) -> Written {
    match reply {
        Reply::Written { revision, changed } => Written { revision, changed, conflict: false },
        Reply::Conflict { revision } => Written { revision, changed: false, conflict: true },
        Reply::Cleared(count) => Written { revision: 0, changed: count > 0, conflict: false },
    }
}

/// An entry.
pub fn entry_out(entry: &state::entry::Entry<Held>) -> Entry {
    Entry {
        value: value_out(&entry.value),
        revision: entry.revision,
        origin: entry.origin.as_ref().into(),
        metadata: entry.metadata.as_ref().map(metadata_out),
        updated_ms: entry.updated_ms,
        expires_ms: entry.expires_ms,
    }
}

/// A change that was taken.
pub fn change_out(change: &Change<Held>) -> watchers::Change {
    watchers::Change {
        key: change.key.text().into(),
        value: change.value.as_ref().map(value_out),
        old: change.old.as_ref().map(value_out),
        revision: change.revision,
        origin: change.origin.as_ref().into(),
        metadata: change.metadata.as_ref().map(metadata_out),
        initial: change.initial,
        missed: change.missed,
    }
}

/// The condition of a filter.
///
/// Errors: `invalid-value`, `limit`.
pub fn filter_in(filter: watchers::Filter, limits: &Limits) -> Result<Condition<Held>, Error> {
    let watchers::Filter { delta, crosses, equals, becomes, kind, against } = filter;
    let value = |value| value_in(value, limits).map(|measured| measured.value);
    Ok(Condition {
        delta,
        crosses,
        equals: equals.map(value).transpose()?,
        becomes: becomes.map(|list| list.into_iter().map(value).collect()).transpose()?,
        kind: kind.map(|kind| match kind {
            watchers::Kind::Created => Kind::Created,
            watchers::Kind::Changed => Kind::Changed,
            watchers::Kind::Set => Kind::Set,
            watchers::Kind::Deleted => Kind::Deleted,
        }),
        against: match against {
            watchers::Against::Previous => Against::Previous,
            watchers::Against::Delivered => Against::Delivered,
        },
    })
}

/// A key that has changed.
pub fn net_change_out(changed: &kernel::Changed, value: Option<&Held>) -> NetChange {
    NetChange { key: changed.key.text().into(), value: value.map(value_out), revision: changed.revision }
}

/// Metadata, which are a map and so held as bytes.
fn metadata_out(metadata: &Held) -> Cbor {
    if let Held::Cbor(cbor) = metadata { cbor.to_vec() } else { Cbor::new() }
}

/// What is used.
pub fn usage_out(usage: &kernel::Usage) -> Usage {
    let traffic = usage.traffic;
    Usage {
        entries: usage.entries,
        tombstones: usage.tombstones,
        bytes: usage.bytes,
        variables: usage.variables,
        watches: usage.watches,
        queued: usage.queued,
        sessions: usage.sessions,
        frames_in: traffic.frames_in,
        frames_out: traffic.frames_out,
        bytes_in: traffic.bytes_in,
        bytes_out: traffic.bytes_out,
        frames_dropped: traffic.dropped,
        clock_ahead: traffic.clock_ahead,
    }
}

/// Each limit, and the name by which the kernel knows it.
const LIMITS: &[(Limit, &str)] = &[
    (Limit::KeyBytes, "keyBytes"),
    (Limit::Segments, "segments"),
    (Limit::ValueBytes, "valueBytes"),
    (Limit::ValueDepth, "valueDepth"),
    (Limit::MetadataBytes, "metadataBytes"),
    (Limit::Entries, "entries"),
    (Limit::Bytes, "bytes"),
    (Limit::Tombstones, "tombstones"),
    (Limit::Watches, "watches"),
    (Limit::Owners, "owners"),
    (Limit::SelectorKeys, "selectorKeys"),
    (Limit::Queue, "queue"),
    (Limit::Notices, "notices"),
    (Limit::Sessions, "sessions"),
    (Limit::FrameBytes, "frameBytes"),
    (Limit::MessageBytes, "messageBytes"),
    (Limit::Processes, "processes"),
    (Limit::Mailbox, "mailbox"),
    (Limit::Postponed, "postponed"),
];

/// The limits that are asked for.
///
/// Errors: `invalid-argument` for one out of its range.
pub fn limits_in(asked: &[(Limit, u64)]) -> Result<Limits, Error> {
    let mut limits = Limits::default();
    for (limit, value) in asked {
        let name = LIMITS.iter().find(|(known, _)| known == limit).map_or("", |(_, name)| name);
        limits.set(name, *value)?;
    }
    Ok(limits)
}

/// All limits.
pub fn limits_out(limits: &Limits) -> Vec<(Limit, u64)> {
    let limit = |name: &str| LIMITS.iter().find(|(_, known)| *known == name).map(|(limit, _)| *limit);
    limits.list().into_iter().filter_map(|(name, value)| Some((limit(name)?, value))).collect()
}

/// An error.
pub fn error_out(error: Error) -> types::Error {
    types::Error { code: code_out(error.code), detail: error.detail }
}

fn code_out(code: Code) -> types::Code {
    match code {
        Code::InvalidKey => types::Code::InvalidKey,
        Code::InvalidSelector => types::Code::InvalidSelector,
        Code::InvalidValue => types::Code::InvalidValue,
        Code::InvalidArgument => types::Code::InvalidArgument,
        Code::Limit => types::Code::Limit,
        Code::Conflict => types::Code::Conflict,
        Code::InvalidDeclaration => types::Code::InvalidDeclaration,
        Code::DeclarationConflict => types::Code::DeclarationConflict,
        Code::ConstraintViolation => types::Code::ConstraintViolation,
        Code::CallbackFailed => types::Code::CallbackFailed,
        Code::Closed => types::Code::Closed,
        Code::OptionsConflict => types::Code::OptionsConflict,
        Code::InvalidSnapshot => types::Code::InvalidSnapshot,
        Code::NewerVersion => types::Code::NewerVersion,
        Code::InvalidFrame => types::Code::InvalidFrame,
        Code::PeerVersion => types::Code::PeerVersion,
        Code::ClockAhead => types::Code::ClockAhead,
        Code::SessionTaken => types::Code::SessionTaken,
        Code::Timeout => types::Code::Timeout,
        Code::NoAuthority => types::Code::NoAuthority,
        Code::NotInitialized => types::Code::NotInitialized,
        Code::Unsupported => types::Code::Unsupported,
        Code::Poisoned => types::Code::Poisoned,
    }
}
