//! Who else is here.
//!
//! A session is here from the first frame that is heard of it until its `BYE`, or until nothing
//! has been heard of it for [`GONE_MS`]: three of the intervals at which a quiet session pings.

use super::clock::Session;
use crate::order::Ordered;
use std::rc::Rc;

/// How long a silent session counts as here.
pub const GONE_MS: u64 = 100_000;

/// One other session.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The agent that opened it; empty until it has said.
    pub agent: Rc<str>,
    /// When it was last heard, in Unix milliseconds.
    pub seen_ms: u64,
    /// The same by the monotonic clock.
    pub heard_ms: u64,
}

/// The other sessions.
#[derive(Default)]
pub struct Peers {
    known: Ordered<Session, Peer>,
    /// Whether somebody came, went or said its name since [`Peers::take_changed`].
    changed: bool,
}

impl Peers {
    /// Notes that a session was heard; at most `max` are kept, the longest silent one goes.
    pub fn heard(&mut self, session: Session, unix_ms: u64, monotonic_ms: u64, max: usize) {
        if let Some(peer) = self.known.get_mut(&session) {
            (peer.seen_ms, peer.heard_ms) = (unix_ms, monotonic_ms);
            return;
        }
        if self.known.len() >= max
            && let Some((&silent, _)) = self.known.iter().min_by_key(|(_, peer)| peer.heard_ms)
        {
            self.known.remove(&silent);
        }
        self.known.insert(session, Peer { agent: "".into(), seen_ms: unix_ms, heard_ms: monotonic_ms });
        self.changed = true;
    }

    /// Notes the name of a session's agent.
    pub fn name(&mut self, session: Session, agent: &str) {
        if let Some(peer) = self.known.get_mut(&session)
            && *peer.agent != *agent
        {
            peer.agent = agent.into();
            self.changed = true;
        }
    }

    /// The session has left.
    pub fn left(&mut self, session: Session) {
        self.changed |= self.known.remove(&session).is_some();
    }

    /// Forgets everybody.
    pub fn clear(&mut self) {
        self.changed |= !self.known.is_empty();
        self.known.clear();
    }

    /// Drops whoever has been silent for too long.
    pub fn expire(&mut self, monotonic_ms: u64) {
        let before = self.known.len();
        self.known.retain(|_, peer| monotonic_ms < peer.heard_ms.saturating_add(GONE_MS));
        self.changed |= self.known.len() != before;
    }

    /// When the next silent session is to be dropped.
    pub fn next_ms(&self) -> Option<u64> {
        self.known.values().map(|peer| peer.heard_ms.saturating_add(GONE_MS)).min()
    }

    /// A session, if it is here.
    pub fn get(&self, session: Session) -> Option<&Peer> {
        self.known.get(&session)
    }

    /// All sessions, by id.
    pub fn iter(&self) -> impl Iterator<Item = (Session, &Peer)> {
        self.known.iter().map(|(&session, peer)| (session, peer))
    }

    /// How many are here.
    pub fn count(&self) -> usize {
        self.known.len()
    }

    /// Whether something has changed since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }
}
