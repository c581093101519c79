//! A proposal: what a session asks of the authority, under a number of its own.

use super::claim::{
    Mode, OWNER_BYTES_MAX, TTL_MS_MAX, read_flag, read_mode, read_option, read_owner, read_session, read_ttl,
    write_option,
};
use super::record::{COUNT_MAX, LAYOUT};
use crate::codec::{Malformed, Reader, write_bytes, write_varint};
use crate::replica::clock::Session;
use std::rc::Rc;

/// The longest name of a record.
pub const KEY_BYTES_MAX: usize = 65_536;
/// The longest reason.
pub const REASON_BYTES_MAX: usize = 1_024;

/// A request of a session. One that got no answer is proposed again as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Who asks.
    pub session: Session,
    /// Which of its requests this is, from 1. At most [`super::requests::WINDOW`] may be without an answer at once.
    pub number: u64,
    /// The record that is meant; empty where a whole session or owner is.
    pub key: Rc<str>,
    /// What is asked.
    pub action: Action,
}

/// What is asked. The order of the checks is that in which they are named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Makes a document: `exists`, then as a replace.
    Create {
        /// The document.
        value: Rc<[u8]>,
        /// The lease under which it is written.
        fence: Option<u64>,
    },
    /// Replaces a document: `missing`, then who holds it, then the version, then the room there is.
    Replace {
        /// The new document.
        value: Rc<[u8]>,
        /// The version that is replaced; may be missing under a lease.
        expect: Option<u64>,
        /// The lease under which it is written.
        fence: Option<u64>,
    },
    /// Deletes a document: `missing`, then who holds it, then the version.
    Delete {
        /// The version that is deleted, if only that one is to be.
        expect: Option<u64>,
        /// The lease under which it is deleted.
        fence: Option<u64>,
    },
    /// Asks for a lease, or for more time: `missing` where a document is demanded, then who holds it, then the room.
    Acquire {
        /// For whom.
        owner: Rc<str>,
        /// Alone or beside others.
        mode: Mode,
        /// For how long, from the grant on.
        ttl_ms: Option<u64>,
        /// Whether to wait if it cannot be granted now.
        wait: Wait,
        /// Whether there must be a document.
        existing: bool,
    },
    /// Gives a lease its time anew.
    Renew {
        /// Which grant.
        fence: u64,
        /// For how long from now; as long as before unless given.
        ttl_ms: Option<u64>,
    },
    /// Gives a lease back, or stops waiting for it.
    Release {
        /// Whose.
        owner: Rc<str>,
        /// Which grant; any, or the place in the queue, unless given.
        fence: Option<u64>,
        /// Whether there must be a document.
        existing: bool,
    },
    /// Takes a lease away from whoever holds it.
    Break {
        /// Which grant; all holders unless given.
        fence: Option<u64>,
        /// Why: for people.
        reason: Rc<str>,
    },
    /// An owner, or a whole session, has ended: its claims go.
    End {
        /// Whose session.
        of: Session,
        /// Which owner in it; the session itself unless given.
        owner: Option<Rc<str>>,
    },
    /// Asks how things stand. Takes no number.
    Query,
}

/// Whether, and for how long, to wait for a lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Not at all.
    #[default]
    No,
    /// As long as it takes.
    Always,
    /// So many milliseconds of the authority's time.
    Ms(u64),
}

const CREATE: u8 = 1;
const REPLACE: u8 = 2;
const DELETE: u8 = 3;
const ACQUIRE: u8 = 4;
const RENEW: u8 = 5;
const RELEASE: u8 = 6;
const BREAK: u8 = 7;
const END: u8 = 8;
const QUERY: u8 = 9;

impl Proposal {
    /// Appends the bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(LAYOUT);
        out.extend_from_slice(&self.session.0.to_le_bytes());
        write_varint(self.number, out);
        write_bytes(self.key.as_bytes(), out);
        self.action.write(out);
    }

    /// Reads bytes that are exactly a proposal, with nothing in it that [`Proposal::check`] refuses.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.byte() != LAYOUT {
            reader.fail("an unknown layout");
        }
        let (session, number, key) = (read_session(&mut reader), reader.varint(), reader.text().into());
        let proposal = Self { session, number, key, action: Action::read(&mut reader) };
        reader.end()?;
        proposal.check().map(|()| proposal)
    }

    /// What every proposal keeps to, wherever it was made.
    pub fn check(&self) -> Result<(), Malformed> {
        let whole = matches!(self.action, Action::End { .. });
        let numbered = (self.number == 0) == (self.action == Action::Query);
        if self.session == Session(0) || !numbered || self.number > COUNT_MAX {
            return Err("an impossible session or number");
        }
        if self.key.is_empty() != whole || self.key.len() > KEY_BYTES_MAX {
            return Err("a name of a wrong length");
        }
        if self.action.owner().is_some_and(|owner| owner.is_empty() || owner.len() > OWNER_BYTES_MAX) {
            return Err("an owner's name of a wrong length");
        }
        match &self.action {
            Action::Acquire { ttl_ms: Some(ttl_ms), .. } | Action::Renew { ttl_ms: Some(ttl_ms), .. }
                if !(1..=TTL_MS_MAX).contains(ttl_ms) =>
            {
                Err("a time to live out of range")
            }
            Action::Acquire { wait: Wait::Ms(ms), .. } if !(1..=TTL_MS_MAX).contains(ms) => {
                Err("a time to wait out of range")
            }
            Action::Replace { expect: None, fence: None, .. } => Err("neither a version nor a lease"),
            Action::Break { reason, .. } if reason.len() > REASON_BYTES_MAX => Err("too long a reason"),
            Action::End { of: Session(0), .. } => Err("an impossible session"),
            _ => Ok(()),
        }
    }
}

impl Action {
    /// The owner that is named.
    fn owner(&self) -> Option<&str> {
        match self {
            Self::Acquire { owner, .. } | Self::Release { owner, .. } => Some(owner),
            Self::End { owner, .. } => owner.as_deref(),
            _ => None,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Create { value, fence } => {
                out.push(CREATE);
                write_bytes(value, out);
                write_option(*fence, out);
            }
            Self::Replace { value, expect, fence } => {
                out.push(REPLACE);
                write_bytes(value, out);
                write_option(*expect, out);
                write_option(*fence, out);
            }
            Self::Delete { expect, fence } => {
                out.push(DELETE);
                write_option(*expect, out);
                write_option(*fence, out);
            }
            Self::Acquire { owner, mode, ttl_ms, wait, existing } => {
                out.push(ACQUIRE);
                write_bytes(owner.as_bytes(), out);
                out.push(u8::from(*mode == Mode::Shared));
                write_option(*ttl_ms, out);
                wait.write(out);
                out.push(u8::from(*existing));
            }
            Self::Renew { fence, ttl_ms } => {
                out.push(RENEW);
                write_varint(*fence, out);
                write_option(*ttl_ms, out);
            }
            Self::Release { owner, fence, existing } => {
                out.push(RELEASE);
                write_bytes(owner.as_bytes(), out);
                write_option(*fence, out);
                out.push(u8::from(*existing));
            }
            Self::Break { fence, reason } => {
                out.push(BREAK);
                write_option(*fence, out);
                write_bytes(reason.as_bytes(), out);
            }
            Self::End { of, owner } => {
                out.push(END);
                out.extend_from_slice(&of.0.to_le_bytes());
                out.push(u8::from(owner.is_some()));
                owner.iter().for_each(|owner| write_bytes(owner.as_bytes(), out));
            }
            Self::Query => out.push(QUERY),
        }
    }

    /// Reads an action; what cannot be one fails the reader.
    fn read(reader: &mut Reader<'_>) -> Self {
        match reader.byte() {
            CREATE => Self::Create { value: reader.bytes().into(), fence: read_option(reader) },
            REPLACE => {
                let value = reader.bytes().into();
                Self::Replace { value, expect: read_option(reader), fence: read_option(reader) }
            }
            DELETE => Self::Delete { expect: read_option(reader), fence: read_option(reader) },
            ACQUIRE => Self::Acquire {
                owner: read_owner(reader).into(),
                mode: read_mode(reader),
                ttl_ms: read_ttl(reader),
                wait: Wait::read(reader),
                existing: read_flag(reader),
            },
            RENEW => Self::Renew { fence: reader.varint(), ttl_ms: read_ttl(reader) },
            RELEASE => Self::Release {
                owner: read_owner(reader).into(),
                fence: read_option(reader),
                existing: read_flag(reader),
            },
            BREAK => Self::Break { fence: read_option(reader), reason: reader.text().into() },
            END => {
                let of = read_session(reader);
                Self::End { of, owner: read_flag(reader).then(|| read_owner(reader).into()) }
            }
            QUERY => Self::Query,
            _ => {
                reader.fail("an unknown action");
                Self::Query
            }
        }
    }
}

impl Wait {
    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::No => out.push(0),
            Self::Always => out.push(1),
            Self::Ms(ms) => {
                out.push(2);
                write_varint(ms, out);
            }
        }
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        match reader.byte() {
            0 => Self::No,
            1 => Self::Always,
            2 => Self::Ms(reader.varint()),
            _ => {
                reader.fail("an unknown way to wait");
                Self::No
            }
        }
    }
}
