//! Listings: what is structured and rare, as nested lists.
//!
//! One type for all of them, of which JavaScript makes objects: derived code for each structure would be larger than
//! everything that it says.

use super::reference::Ref;
use crate::kernel::{Kernel, Limits, Usage};
use js_sys::Array;
use serde::Serialize;
use wasm_bindgen::JsCast;

/// A part of a listing.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
    /// Whether something is so.
    Flag(bool),
    /// More of them.
    List(Vec<Fact>),
}

/// The limits, by name.
pub fn limits(limits: &Limits) -> Fact {
    numbers(&limits.list())
}

/// What a hall uses, by name.
pub fn usage(usage: &Usage) -> Fact {
    let traffic = &usage.traffic;
    numbers(&[
        ("entries", usage.entries),
        ("tombstones", usage.tombstones),
        ("bytes", usage.bytes),
        ("watches", usage.watches),
        ("queued", usage.queued),
        ("sessions", usage.sessions),
        ("framesIn", traffic.frames_in),
        ("framesOut", traffic.frames_out),
        ("bytesIn", traffic.bytes_in),
        ("bytesOut", traffic.bytes_out),
        ("framesDropped", traffic.dropped),
        ("clockAhead", traffic.clock_ahead),
    ])
}

/// Who is here, this session first: of each its facts by name.
pub fn sessions(kernel: &Kernel<Ref>, now: f64) -> Fact {
    let mut sessions = vec![session(kernel.session().to_string(), kernel.agent(), true, now)];
    sessions.extend(kernel.peers().map(|(id, peer)| session(id.to_string(), &peer.agent, false, peer.seen_ms as f64)));
    Fact::List(sessions)
}

fn session(id: String, agent: &str, own: bool, seen: f64) -> Fact {
    Fact::List(vec![
        named("id", Fact::Text(id)),
        named("agent", Fact::Text(agent.to_owned())),
        named("self", Fact::Flag(own)),
        named("seen", Fact::Number(seen)),
    ])
}

fn numbers(numbers: &[(&str, u64)]) -> Fact {
    Fact::List(numbers.iter().map(|&(name, number)| named(name, Fact::Number(number as f64))).collect())
}

fn named(name: &str, fact: Fact) -> Fact {
    Fact::List(vec![Fact::Text(name.to_owned()), fact])
}

/// A listing as JavaScript arrays.
pub fn to_js(listing: &Fact) -> Array {
    // Nothing in a listing can fail, and every one is a list.
    listing.serialize(&serde_wasm_bindgen::Serializer::new()).unwrap_or_default().unchecked_into()
}
