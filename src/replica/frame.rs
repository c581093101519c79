//! Messages, and the frames that carry them.
//!
//! A frame is one datagram: magic `sh`, the protocol version it is written in and the oldest
//! version that can read it, the hall's id, the sender, the addressee (0 for all), the message's
//! number, part and parts, a payload and a checksum. A message larger than a frame is split over
//! several. Reading is strict; the one exception is a kind of message from a newer version that
//! says it can be read by this one, which is skipped.
//!
//! | kind | body |
//! | --- | --- |
//! | 1 `OPS` | reading before the first cell, cells of the sender in order |
//! | 2 `HELLO` | agent, whether everything is wanted, context |
//! | 3 `DIFF` | hash of the context, whether it is everything, context, purged, cells in order |
//! | 4 `PING` | agent, hash of the context, live hash |
//! | 9 `BYE` | nothing |
//! | 11 `HERE` | agent |
//!
//! The numbers between are kept for what is yet to come.

use super::causal::{Causal, read_bounds, write_bounds};
use super::cells::{Kind, Written};
use super::clock::{Hlc, Session, Stamp};
use crate::codec::{Malformed, Reader, hash, write_bytes, write_varint};
use crate::error::{Code, Error};
use crate::order::Ordered;

/// The protocol version that this code writes.
pub const VERSION: u8 = 1;
const MAGIC: [u8; 2] = *b"sh";
const OPS: u8 = 1;
const HELLO: u8 = 2;
const DIFF: u8 = 3;
const PING: u8 = 4;
const BYE: u8 = 9;
const HERE: u8 = 11;

/// The longest agent name that a message carries.
pub const AGENT_BYTES_MAX: usize = 256;

/// A message, borrowing its texts and bodies from the bytes it was read from.
#[derive(Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// New writes of the sender.
    Ops {
        /// The reading of the last write that it told of before these.
        previous: Hlc,
        /// The writes, in order.
        cells: Vec<Written<'a>>,
    },
    /// Who the sender is, and what it has seen: a question for the rest.
    Hello {
        /// The agent that opened the session.
        agent: &'a str,
        /// Whether the answer is to hold everything, because the sender's state is in doubt.
        everything: bool,
        /// What the sender has seen.
        context: Causal,
    },
    /// The answer to a `HELLO`.
    Diff {
        /// Whether it holds all that its sender has, so that what is missing is gone.
        everything: bool,
        /// What its sender has seen.
        context: Causal,
        /// Up to which writes of each session its sender has dropped tombstones.
        purged: Ordered<Session, Hlc>,
        /// Cells, in the order of their stamps.
        cells: Vec<Written<'a>>,
    },
    /// A short sign of life by which differences show.
    Ping {
        /// The agent that opened the session.
        agent: &'a str,
        /// The hash of what the sender has seen.
        context_hash: u64,
        /// The hash of what it holds.
        live_hash: u64,
    },
    /// Who the sender is, for somebody new: it asks for nothing and is answered by nothing.
    Here {
        /// The agent that opened the session.
        agent: &'a str,
    },
    /// The sender leaves.
    Bye,
    /// A kind of a newer version that does no harm here.
    Unknown,
}

impl<'a> Message<'a> {
    /// Appends the bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Ops { previous, cells } => {
                out.push(OPS);
                write_varint(previous.0, out);
                write_cells(cells, out);
            }
            Self::Hello { agent, everything, context } => {
                out.push(HELLO);
                write_bytes(agent.as_bytes(), out);
                out.push(u8::from(*everything));
                context.write(out);
            }
            Self::Diff { everything, context, purged, cells } => {
                out.push(DIFF);
                out.extend_from_slice(&context.hash().to_le_bytes());
                out.push(u8::from(*everything));
                context.write(out);
                write_bounds(purged, out);
                write_cells(cells, out);
            }
            Self::Ping { agent, context_hash, live_hash } => {
                out.push(PING);
                write_bytes(agent.as_bytes(), out);
                out.extend_from_slice(&context_hash.to_le_bytes());
                out.extend_from_slice(&live_hash.to_le_bytes());
            }
            Self::Here { agent } => {
                out.push(HERE);
                write_bytes(agent.as_bytes(), out);
            }
            Self::Bye => out.push(BYE),
            Self::Unknown => {}
        }
    }

    /// Reads a whole message.
    pub fn read(bytes: &'a [u8], version: u8) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let kind = reader.byte();
        reader.check()?;
        let message = match kind {
            OPS => Self::Ops { previous: Hlc(reader.varint()), cells: read_cells(&mut reader)? },
            HELLO => {
                let agent = read_agent(&mut reader);
                Self::Hello { agent, everything: read_bool(&mut reader), context: Causal::read(&mut reader)? }
            }
            DIFF => {
                let expected = reader.u64();
                let everything = read_bool(&mut reader);
                let context = Causal::read(&mut reader)?;
                if context.hash() != expected {
                    return Err("a context that is not in its normal form");
                }
                Self::Diff { everything, context, purged: read_bounds(&mut reader)?, cells: read_cells(&mut reader)? }
            }
            PING => Self::Ping { agent: read_agent(&mut reader), context_hash: reader.u64(), live_hash: reader.u64() },
            HERE => Self::Here { agent: read_agent(&mut reader) },
            BYE => Self::Bye,
            _ if version > VERSION => return Ok(Self::Unknown),
            _ => return Err("an unknown kind of message"),
        };
        reader.end()?;
        Ok(message)
    }

    /// Of the first bytes of a `DIFF`: the hash of its context, and whether it is everything.
    pub fn peek_diff(bytes: &[u8]) -> Option<(u64, bool)> {
        let mut reader = Reader::new(bytes);
        let (kind, hash, everything) = (reader.byte(), reader.u64(), reader.byte() == 1);
        (kind == DIFF && reader.check().is_ok()).then_some((hash, everything))
    }
}

fn read_agent<'a>(reader: &mut Reader<'a>) -> &'a str {
    let agent = reader.text();
    if agent.is_empty() || agent.len() > AGENT_BYTES_MAX {
        reader.fail("an agent's name of a wrong length");
    }
    agent
}

fn read_bool(reader: &mut Reader<'_>) -> bool {
    let byte = reader.byte();
    if byte > 1 {
        reader.fail("a flag that is neither 0 nor 1");
    }
    byte == 1
}

/// Appends cells.
pub fn write_cells(cells: &[Written<'_>], out: &mut Vec<u8>) {
    write_varint(cells.len() as u64, out);
    for cell in cells {
        write_bytes(cell.key.as_bytes(), out);
        write_varint(cell.stamp.hlc.0, out);
        out.extend_from_slice(&cell.stamp.session.0.to_le_bytes());
        write_bytes(cell.body, out);
    }
}

/// Reads cells, in strictly ascending order of their stamps (and keys, should a stamp be forged).
pub fn read_cells<'a>(reader: &mut Reader<'a>) -> Result<Vec<Written<'a>>, Malformed> {
    let count = reader.count(12);
    let mut cells: Vec<Written<'a>> = Vec::with_capacity(count);
    for _ in 0..count {
        let key = reader.text();
        let stamp = Stamp { hlc: Hlc(reader.varint()), session: Session(reader.u64()) };
        let body = reader.bytes();
        reader.check()?;
        if Kind::of(body).is_none() {
            return Err("a cell of an unknown kind");
        }
        if cells.last().is_some_and(|last| (last.stamp, last.key) >= (stamp, key)) {
            return Err("cells not in order");
        }
        cells.push(Written { key, stamp, body });
    }
    reader.check().map(|()| cells)
}

/// The head of a frame and its payload.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The version that the sender writes.
    pub version: u8,
    /// The sender.
    pub from: Session,
    /// The addressee, or session 0 for all.
    pub to: Session,
    /// Which message of the sender this belongs to.
    pub message: u64,
    /// Which part of it this is.
    pub part: u64,
    /// How many parts it has.
    pub parts: u64,
    /// The bytes of the part.
    pub payload: &'a [u8],
}

/// The longest head and checksum of a frame.
pub const OVERHEAD: usize = 2 + 2 + 3 * 8 + 3 * 10 + 8;

impl<'a> Frame<'a> {
    /// The bytes of the frame, for the hall with this id.
    pub fn write(&self, hall: u64) -> Vec<u8> {
        let mut out = Vec::with_capacity(OVERHEAD + self.payload.len());
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[self.version, VERSION]);
        for number in [hall, self.from.0, self.to.0] {
            out.extend_from_slice(&number.to_le_bytes());
        }
        for number in [self.message, self.part, self.parts] {
            write_varint(number, &mut out);
        }
        out.extend_from_slice(self.payload);
        let sum = hash(&out);
        out.extend_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads a frame of the hall with this id.
    ///
    /// Errors: `invalid-frame`; `peer-version` if the sender says that this version cannot read it.
    pub fn read(bytes: &'a [u8], hall: u64) -> Result<Self, Error> {
        let invalid = |reason: Malformed| Error::refused(Code::InvalidFrame, "a frame is refused", reason);
        let (body, sum) = bytes.split_last_chunk::<8>().ok_or_else(|| invalid("truncated"))?;
        let mut reader = Reader::new(body);
        if reader.take(2) != MAGIC {
            reader.fail("not a frame of statehall");
        }
        let (version, oldest) = (reader.byte(), reader.byte());
        if u64::from_le_bytes(*sum) != hash(body) {
            reader.fail("the checksum is wrong");
        }
        if version == 0 || oldest > version {
            reader.fail("an impossible version");
        }
        reader.check().map_err(invalid)?;
        if oldest > VERSION {
            let (version, own) = (version.to_string(), VERSION.to_string());
            let newer =
                ["a peer speaks version ", &version, " of the protocol, this session only ", &own, "; reload it"];
            return Err(Error::of(Code::PeerVersion, &newer));
        }
        if reader.u64() != hall {
            reader.fail("it belongs to another hall");
        }
        let (from, to) = (Session(reader.u64()), Session(reader.u64()));
        let (message, part, parts) = (reader.varint(), reader.varint(), reader.varint());
        if from == Session(0) || part >= parts {
            reader.fail("an impossible sender or part");
        }
        let payload = reader.take(reader.left());
        reader.check().map_err(invalid)?;
        Ok(Self { version, from, to, message, part, parts, payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_were_and_damage_is_noticed() {
        let frame =
            Frame { version: VERSION, from: Session(3), to: Session(0), message: 9, part: 0, parts: 1, payload: b"x" };
        let bytes = frame.write(7);
        assert_eq!(Frame::read(&bytes, 7), Ok(frame));
        assert_eq!(Frame::read(&bytes, 8).unwrap_err().code, Code::InvalidFrame);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            assert!(Frame::read(&damaged, 7).is_err(), "damage at {at}");
            assert!(Frame::read(&bytes[..at], 7).is_err(), "cut at {at}");
        }
    }
}
