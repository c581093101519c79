//! Messages put together from their parts.
//!
//! Parts may come in any order, twice, or never. No timer decides: what is incomplete waits until
//! the same sender has begun more messages than are kept, or the bytes kept reach their bound;
//! then the oldest goes, and is asked for again by whoever misses it. A message that is larger than
//! that bound by itself can never arrive, so it is refused.

use super::clock::Session;
use super::frame::Frame;
use crate::error::Error;
use crate::order::Ordered;

/// Incomplete messages kept of all senders together.
const KEPT_MAX: usize = 64;
/// What a part takes besides its bytes, so that empty ones are not free.
const PART_BYTES: usize = 64;

struct Partial {
    from: Session,
    message: u64,
    count: u64,
    parts: Ordered<u64, Vec<u8>>,
    bytes: usize,
    /// It was too large, so the rest of it is not taken either.
    refused: bool,
}

/// Incomplete messages.
pub struct Assembly {
    partials: Vec<Partial>,
    bytes: usize,
    bytes_max: usize,
}

impl Assembly {
    /// Keeps at most this many bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self { partials: Vec::new(), bytes: 0, bytes_max }
    }

    /// Adds a part of a message that has several; returns the message when it is complete.
    ///
    /// Errors: `limit` if this message alone takes more than what is kept.
    pub fn add(&mut self, frame: &Frame<'_>) -> Result<Option<Vec<u8>>, Error> {
        let found = self.partials.iter().position(|kept| kept.from == frame.from && kept.message == frame.message);
        let place = found.unwrap_or_else(|| {
            let (from, message, count) = (frame.from, frame.message, frame.parts);
            self.partials.push(Partial { from, message, count, parts: Ordered::default(), bytes: 0, refused: false });
            self.partials.len() - 1
        });
        let wanted = |partial: &&mut Partial| partial.count == frame.parts && !partial.refused;
        let Some(partial) = self.partials.get_mut(place).filter(wanted) else { return Ok(None) };
        if !partial.parts.contains_key(&frame.part) {
            partial.parts.insert(frame.part, frame.payload.to_vec());
            let bytes = frame.payload.len() + PART_BYTES;
            partial.bytes += bytes;
            self.bytes += bytes;
        }
        let alone = partial.bytes - partial.parts.len() * PART_BYTES;
        if alone > self.bytes_max {
            self.bytes -= std::mem::take(&mut partial.bytes);
            (partial.parts, partial.refused) = (Ordered::default(), true);
            return Err(Error::limit("messageBytes", self.bytes_max as u64, alone as u64));
        }
        if partial.parts.len() as u64 == partial.count {
            self.bytes -= partial.bytes;
            let mut whole = Vec::with_capacity(alone);
            self.partials.remove(place).parts.values().for_each(|part| whole.extend_from_slice(part));
            return Ok(Some(whole));
        }
        while !self.partials.is_empty() && (self.bytes > self.bytes_max || self.partials.len() > KEPT_MAX) {
            self.bytes -= self.partials.remove(0).bytes;
        }
        Ok(None)
    }

    /// Forgets what a sender began: it has left.
    pub fn forget(&mut self, from: Session) {
        self.partials.retain(|kept| kept.from != from);
        self.bytes = self.partials.iter().map(|kept| kept.bytes).sum();
    }
}
