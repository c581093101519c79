//! Whether somebody else goes by this session's id, and what then.
//!
//! Ids are random, so two sessions have the same one only if a host gave both one seed, restored
//! one machine twice, or if a peer means harm. Writes of the other would be taken for this
//! session's own: the others would count what this session writes next as seen already, and as
//! deleted since. So whoever hears its own id from somebody else takes a new one. What others
//! claim to have seen of the old one is believed only from then on.
//!
//! Two signs: a frame under this id that this session has not sent, by its number or by what it
//! says, and a context that knows more of it than it has said. A frame that comes back, as on two
//! channels in one place, is no sign.

use super::causal::Causal;
use super::clock::Session;
use super::frame::{Frame, Message};
use super::session::Replica;
use crate::codec::{hash, mix};

/// How many frames that were sent are known again; of earlier ones only the number is.
const SENT_MAX: usize = 64;
/// The least time between two ids: who gives signs without end makes no ids without end.
const RENAME_MS: u64 = 10_000;

impl Replica {
    /// Notes a frame that this session sends.
    pub(super) fn note_sent(&mut self, message: u64, part: u64, bytes: &[u8]) {
        if self.sent.len() >= SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back((message, part, checksum(bytes)));
    }

    /// Judges a frame that bears this session's id.
    pub(super) fn heard_own(&mut self, frame: &Frame<'_>, bytes: &[u8], monotonic_ms: u64) {
        let differs = |&(message, part, sum): &(u64, u64, u64)| {
            (message, part) == (frame.message, frame.part) && sum != checksum(bytes)
        };
        let unsent = frame.message > self.messages || self.sent.iter().any(differs);
        let message = Message::read(frame.payload, frame.version).ok().filter(|_| frame.parts == 1);
        let sign = match message {
            // Nobody has left; a word says so.
            Some(Message::Bye) if unsent => {
                self.introduce = true;
                return;
            }
            Some(Message::Ops { cells, .. }) => unsent || cells.last().is_some_and(|cell| cell.stamp.hlc > self.told),
            _ => unsent,
        };
        if sign {
            self.traffic.dropped += 1;
            self.note_namesake(hash(frame.payload), monotonic_ms);
        }
    }

    /// Whether a context knows more of this session than it has said.
    pub fn is_misquoted(&self, context: &Causal) -> bool {
        let own = self.config.session;
        context.latest_of(own) > self.context.bound(own)
    }

    /// Notes that somebody else goes by this id. Two who do hear different `words`.
    pub fn note_namesake(&mut self, words: u64, monotonic_ms: u64) {
        let due_ms = self.renamed_ms.map_or(monotonic_ms, |renamed| renamed.saturating_add(RENAME_MS));
        self.namesake.get_or_insert((due_ms.max(monotonic_ms), words));
    }

    /// When a new id is to be taken.
    pub(super) fn rename_ms(&self) -> Option<u64> {
        self.namesake.map(|(due_ms, _)| due_ms)
    }

    /// Takes a new id if that is due, and asks what the others have; returns the old one.
    pub fn rename(&mut self, monotonic_ms: u64) -> Option<Session> {
        let (_, words) = self.namesake.take_if(|(due_ms, _)| *due_ms <= monotonic_ms)?;
        let old = self.config.session;
        self.config.session = Session(mix(mix(old.0) ^ words).max(1));
        self.told = self.context.bound(self.config.session);
        self.renamed_ms = Some(monotonic_ms);
        if self.joined {
            self.rejoin(monotonic_ms);
        }
        Some(old)
    }
}

/// The checksum at the end of a frame.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.last_chunk().copied().map_or(0, u64::from_le_bytes)
}
