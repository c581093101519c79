//! Between the types of the Rust face and what crosses into the component: one function a direction.

use super::face::{Failure, Wrote};
use statehall::replica::session::Traffic;
use statehall::{
    Against, Change, Code, Condition, Entry, Error, Key, Kind, Overflow, Selector, Session, Since, Usage, WatchInfo,
    Written,
};
use statehall_component_tests::values::{cbor_out, value_in, value_out};
use statehall_component_tests::{state, types, watchers};

fn key_out(text: &str) -> Key {
    Key::parse(text).expect("what comes out is a key")
}

pub fn written_out(written: state::Written) -> Written {
    let state::Written { revision, changed, conflict } = written;
    Written { revision, changed, conflict }
}

pub fn outcome_out(outcome: state::Outcome) -> Wrote {
    match outcome {
        state::Outcome::Written(written) => Wrote::Written(written_out(written)),
        state::Outcome::Cleared(count) => Wrote::Cleared(count),
    }
}

/// An entry. What only the kernel needs to know of it does not cross.
pub fn entry_out(entry: state::Entry) -> Entry {
    Entry {
        value: value_out(entry.value),
        metadata: entry.metadata.map(cbor_out),
        bytes: 0,
        revision: entry.revision,
        origin: entry.origin.into(),
        updated_ms: entry.updated_ms,
        expires_ms: entry.expires_ms,
        touched: false,
    }
}

pub fn change_out(change: watchers::Change) -> Change {
    Change {
        key: key_out(&change.key),
        value: change.value.map(value_out),
        old: change.old.map(value_out),
        revision: change.revision,
        origin: change.origin.into(),
        metadata: change.metadata.map(cbor_out),
        expires_ms: None,
        initial: change.initial,
        missed: change.missed,
    }
}

/// The answer to "what has changed since"; `now` is the revision of the last commit.
pub fn since_out(since: state::Since) -> Since {
    match since {
        state::Since::Compacted(revision) => Since::Compacted { revision },
        state::Since::Changes(net) => {
            let item = |change: state::NetChange| statehall::Item {
                key: key_out(&change.key),
                value: change.value.map(value_out),
                revision: change.revision,
            };
            Since::Changes { revision: net.revision, changes: net.changes.into_iter().map(item).collect() }
        }
    }
}

pub fn watch_info_out(info: watchers::WatchInfo) -> WatchInfo {
    let selector = match &info.selector {
        types::Selector::Text(text) => Selector::parse(text),
        types::Selector::Segments(segments) => Selector::from_segments(segments.iter().map(String::as_str)),
        types::Selector::Keys(keys) => Selector::keys(keys.iter().map(String::as_str)),
    };
    WatchInfo {
        selector: selector.expect("what comes out is a selector"),
        owner: info.owner.map(Into::into),
        delivered: info.delivered,
        queued: info.queued,
        missed: info.missed,
        // Nothing of the host's runs there, so nothing fails.
        last_error: None,
    }
}

pub fn session_out(session: state::Session) -> Session {
    let state::Session { id, agent, own, seen_ms } = session;
    Session { id, agent: agent.into(), own, seen_ms }
}

pub fn usage_out(usage: state::Usage) -> Usage {
    let traffic = Traffic {
        frames_in: usage.frames_in,
        frames_out: usage.frames_out,
        bytes_in: usage.bytes_in,
        bytes_out: usage.bytes_out,
        dropped: usage.frames_dropped,
        clock_ahead: usage.clock_ahead,
    };
    let state::Usage { entries, tombstones, bytes, variables, watches, queued, sessions, .. } = usage;
    Usage { entries, tombstones, bytes, variables, watches, queued, sessions, traffic }
}

/// An error. Both lists of codes are in the same order.
pub fn error_out(error: types::Error) -> Error {
    Error::new(Code::ALL[error.code as usize], error.detail)
}

/// A limit by its name.
pub fn limit_in(name: &str) -> Result<state::Limit, Failure> {
    use state::Limit;
    Ok(match name {
        "keyBytes" => Limit::KeyBytes,
        "segments" => Limit::Segments,
        "valueBytes" => Limit::ValueBytes,
        "valueDepth" => Limit::ValueDepth,
        "metadataBytes" => Limit::MetadataBytes,
        "entries" => Limit::Entries,
        "bytes" => Limit::Bytes,
        "tombstones" => Limit::Tombstones,
        "watches" => Limit::Watches,
        "owners" => Limit::Owners,
        "selectorKeys" => Limit::SelectorKeys,
        "queue" => Limit::Queue,
        "notices" => Limit::Notices,
        "sessions" => Limit::Sessions,
        "frameBytes" => Limit::FrameBytes,
        "messageBytes" => Limit::MessageBytes,
        "processes" => Limit::Processes,
        "mailbox" => Limit::Mailbox,
        "postponed" => Limit::Postponed,
        unknown => return Err(format!("the component cannot be given the limit {unknown:?}").into()),
    })
}

/// A filter that goes in.
pub fn filter_in(condition: &Condition) -> watchers::Filter {
    watchers::Filter {
        delta: condition.delta,
        crosses: condition.crosses,
        equals: condition.equals.as_ref().map(value_in),
        becomes: condition.becomes.as_ref().map(|list| list.iter().map(value_in).collect()),
        kind: condition.kind.map(|kind| match kind {
            Kind::Created => watchers::Kind::Created,
            Kind::Changed => watchers::Kind::Changed,
            Kind::Set => watchers::Kind::Set,
            Kind::Deleted => watchers::Kind::Deleted,
        }),
        against: match condition.against {
            Against::Previous => watchers::Against::Previous,
            Against::Delivered => watchers::Against::Delivered,
        },
    }
}

/// What is to become of too much.
pub fn overflow_in(overflow: Overflow) -> watchers::Overflow {
    match overflow {
        Overflow::Coalesce => watchers::Overflow::Coalesce,
        Overflow::DropOldest => watchers::Overflow::DropOldest,
        Overflow::Close => watchers::Overflow::Close,
    }
}
