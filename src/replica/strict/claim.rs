//! A claim: who holds a record, or waits for it, and until when.

use crate::codec::{Malformed, Reader, write_bytes, write_varint};
use crate::replica::clock::Session;
use std::rc::Rc;

/// The longest name of an owner.
pub const OWNER_BYTES_MAX: usize = 256;
/// The longest time to live: a thousand years, so that no sum overflows.
pub const TTL_MS_MAX: u64 = 31_556_952_000_000;

/// The fewest bytes that a claim takes.
const BYTES_MIN: usize = 14;

/// Whether a holder suffers others beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Nobody else holds it.
    #[default]
    Exclusive,
    /// Other shared holders may hold it too; nobody writes meanwhile.
    Shared,
}

/// A holder or one that waits. One session may have claims for many owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Whose session.
    pub session: Session,
    /// For whom in that session.
    pub owner: Rc<str>,
    /// Alone or beside others.
    pub mode: Mode,
    /// For how long it holds once granted or renewed; `None` until it is released or its owner ends.
    pub ttl_ms: Option<u64>,
    /// Of a holder the deadline, of one that waits until when it does: the authority's time.
    pub until_ms: Option<u64>,
    /// Of a holder the number of its grant, of one that waits 0.
    pub fence: u64,
}

impl Claim {
    /// Whether it is the claim of this owner in this session.
    pub fn is_of(&self, session: Session, owner: &str) -> bool {
        self.session == session && *self.owner == *owner
    }

    /// Starts, or starts again, the time for which it holds.
    pub(super) fn begin(&mut self, now_ms: u64) {
        self.until_ms = self.ttl_ms.map(|ttl_ms| now_ms.saturating_add(ttl_ms));
    }

    /// Whether its time is over.
    pub(super) fn is_over(&self, now_ms: u64) -> bool {
        self.until_ms.is_some_and(|until_ms| until_ms <= now_ms)
    }

    /// Appends the bytes.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.session.0.to_le_bytes());
        write_bytes(self.owner.as_bytes(), out);
        out.push(u8::from(self.mode == Mode::Shared));
        write_option(self.ttl_ms, out);
        write_option(self.until_ms, out);
        write_varint(self.fence, out);
    }

    /// Reads the bytes.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let claim = Self {
            session: read_session(reader),
            owner: read_owner(reader).into(),
            mode: read_mode(reader),
            ttl_ms: read_ttl(reader),
            until_ms: read_option(reader),
            fence: reader.varint(),
        };
        reader.check().map(|()| claim)
    }
}

/// Appends a number or its absence.
pub(super) fn write_option(number: Option<u64>, out: &mut Vec<u8>) {
    out.push(u8::from(number.is_some()));
    if let Some(number) = number {
        write_varint(number, out);
    }
}

/// Reads a number or its absence.
pub(super) fn read_option(reader: &mut Reader<'_>) -> Option<u64> {
    read_flag(reader).then(|| reader.varint())
}

/// Reads a flag.
pub(super) fn read_flag(reader: &mut Reader<'_>) -> bool {
    let byte = reader.byte();
    if byte > 1 {
        reader.fail("a flag that is neither 0 nor 1");
    }
    byte == 1
}

/// Reads a mode.
pub(super) fn read_mode(reader: &mut Reader<'_>) -> Mode {
    if read_flag(reader) { Mode::Shared } else { Mode::Exclusive }
}

/// Reads a time to live or its absence.
pub(super) fn read_ttl(reader: &mut Reader<'_>) -> Option<u64> {
    let ttl_ms = read_option(reader);
    if ttl_ms.is_some_and(|ttl_ms| !(1..=TTL_MS_MAX).contains(&ttl_ms)) {
        reader.fail("a time to live out of range");
    }
    ttl_ms
}

/// Reads the name of an owner.
pub(super) fn read_owner<'a>(reader: &mut Reader<'a>) -> &'a str {
    let owner = reader.text();
    if owner.is_empty() || owner.len() > OWNER_BYTES_MAX {
        reader.fail("an owner's name of a wrong length");
    }
    owner
}

/// Reads a session.
pub(super) fn read_session(reader: &mut Reader<'_>) -> Session {
    let session = Session(reader.u64());
    if session == Session(0) {
        reader.fail("an impossible session");
    }
    session
}

/// Appends a document or its absence.
pub(super) fn write_value(value: Option<&[u8]>, out: &mut Vec<u8>) {
    out.push(u8::from(value.is_some()));
    value.into_iter().for_each(|value| write_bytes(value, out));
}

/// Reads a document or its absence.
pub(super) fn read_value(reader: &mut Reader<'_>) -> Option<Rc<[u8]>> {
    read_flag(reader).then(|| reader.bytes().into())
}

/// Appends claims.
pub(super) fn write_claims(claims: &[Claim], out: &mut Vec<u8>) {
    write_varint(claims.len() as u64, out);
    claims.iter().for_each(|claim| claim.write(out));
}

/// Reads claims.
pub(super) fn read_claims(reader: &mut Reader<'_>) -> Result<Vec<Claim>, Malformed> {
    let count = reader.count(BYTES_MIN);
    (0..count).map(|_| Claim::read(reader)).collect()
}
