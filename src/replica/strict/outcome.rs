//! An outcome: what the authority has decided, with what the caller needs to go on.

use super::claim::{Claim, read_claims, read_flag, read_option, read_value, write_claims, write_option, write_value};
use crate::codec::{Malformed, Reader, write_varint};
use crate::replica::clock::Session;
use std::rc::Rc;

/// What became of a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The document is changed; deleted counts as changed.
    Committed {
        /// Its version now.
        version: u64,
    },
    /// The lease is held.
    Granted {
        /// The number of the grant: it grows from one to the next.
        fence: u64,
        /// Until when, by the authority's clock.
        deadline_ms: Option<u64>,
    },
    /// The lease is waited for.
    Queued {
        /// The place in the queue; 1 is the next.
        place: u64,
    },
    /// Nothing is held any more. `found` is false if nothing was.
    Released {
        /// Whether there was a claim.
        found: bool,
    },
    /// How things stand.
    Status(Box<Status>),
    /// There is no such document.
    Missing,
    /// There is one already.
    Exists {
        /// Its version.
        version: u64,
        /// The document; missing where the same request was decided before, and it has changed since.
        value: Option<Rc<[u8]>>,
    },
    /// Somebody else holds it.
    Held {
        /// Who: the first of them.
        holder: Claim,
        /// How many wait.
        waiting: u64,
    },
    /// The lease under which this was asked is not held any more.
    FenceLost {
        /// Who holds it instead.
        holder: Option<Claim>,
        /// Why it was taken away, if somebody did.
        reason: Option<Rc<str>>,
    },
    /// The document has another version.
    Conflict {
        /// Which.
        version: u64,
        /// The document; missing where the same request was decided before, and it has changed since.
        value: Option<Rc<[u8]>>,
    },
    /// A bound would be exceeded.
    Limit {
        /// Which.
        bound: Bound,
        /// How much it allows.
        max: u64,
        /// How much was asked.
        given: u64,
    },
    /// Nothing is known of the request: its session has ended or been forgotten, or it is too old.
    /// A session that hears this of a request it has sent only once goes on under a new id.
    Forgotten,
}

/// How a record stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The version of the document; of a deleted one the last.
    pub version: u64,
    /// The document.
    pub value: Option<Rc<[u8]>>,
    /// Who holds it.
    pub holders: Vec<Claim>,
    /// Who waits.
    pub waiters: Vec<Claim>,
}

/// What is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The bytes of one document.
    ValueBytes,
    /// Documents, and names that are held without one.
    Records,
    /// The bytes of all documents.
    Bytes,
    /// Who waits for, or shares, one record.
    Claims,
    /// The records on which one session has claims.
    Leases,
    /// Sessions remembered.
    Sessions,
}

impl Bound {
    const ALL: [Self; 6] = [Self::ValueBytes, Self::Records, Self::Bytes, Self::Claims, Self::Leases, Self::Sessions];
}

const COMMITTED: u8 = 1;
const GRANTED: u8 = 2;
const QUEUED: u8 = 3;
const RELEASED: u8 = 4;
const STATUS: u8 = 5;
const MISSING: u8 = 6;
const EXISTS: u8 = 7;
const HELD: u8 = 8;
const FENCE_LOST: u8 = 9;
const CONFLICT: u8 = 10;
const LIMIT: u8 = 11;
const FORGOTTEN: u8 = 12;

impl Outcome {
    /// Whether something was done.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Committed { .. } | Self::Granted { .. } | Self::Queued { .. } | Self::Released { .. })
    }

    /// The same without a document: what is kept of it for whoever asks again.
    pub(super) fn without_value(&self) -> Self {
        match *self {
            Self::Exists { version, .. } => Self::Exists { version, value: None },
            Self::Conflict { version, .. } => Self::Conflict { version, value: None },
            ref other => other.clone(),
        }
    }

    /// The same with the document, if that still is the one that was meant.
    pub(super) fn with_value(self, now: u64, current: Option<&Rc<[u8]>>) -> Self {
        match self {
            Self::Exists { version, .. } if version == now => Self::Exists { version, value: current.cloned() },
            Self::Conflict { version, .. } if version == now => Self::Conflict { version, value: current.cloned() },
            other => other,
        }
    }

    /// Appends the bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Committed { version } => write_numbers(COMMITTED, &[*version], out),
            Self::Granted { fence, deadline_ms } => {
                write_numbers(GRANTED, &[*fence], out);
                write_option(*deadline_ms, out);
            }
            Self::Queued { place } => write_numbers(QUEUED, &[*place], out),
            Self::Released { found } => out.extend_from_slice(&[RELEASED, u8::from(*found)]),
            Self::Status(status) => {
                write_numbers(STATUS, &[status.version], out);
                write_value(status.value.as_deref(), out);
                write_claims(&status.holders, out);
                write_claims(&status.waiters, out);
            }
            Self::Missing => out.push(MISSING),
            Self::Exists { version, value } => {
                write_numbers(EXISTS, &[*version], out);
                write_value(value.as_deref(), out);
            }
            Self::Held { holder, waiting } => {
                write_numbers(HELD, &[*waiting], out);
                holder.write(out);
            }
            Self::FenceLost { holder, reason } => {
                out.extend_from_slice(&[FENCE_LOST, u8::from(holder.is_some())]);
                holder.iter().for_each(|holder| holder.write(out));
                write_value(reason.as_ref().map(|reason| reason.as_bytes()), out);
            }
            Self::Conflict { version, value } => {
                write_numbers(CONFLICT, &[*version], out);
                write_value(value.as_deref(), out);
            }
            Self::Limit { bound, max, given } => write_numbers(LIMIT, &[*bound as u64, *max, *given], out),
            Self::Forgotten => out.push(FORGOTTEN),
        }
    }

    /// Reads an outcome.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let outcome = match reader.byte() {
            COMMITTED => Self::Committed { version: reader.varint() },
            GRANTED => Self::Granted { fence: reader.varint(), deadline_ms: read_option(reader) },
            QUEUED => Self::Queued { place: reader.varint() },
            RELEASED => Self::Released { found: read_flag(reader) },
            STATUS => Self::Status(Box::new(Status {
                version: reader.varint(),
                value: read_value(reader),
                holders: read_claims(reader)?,
                waiters: read_claims(reader)?,
            })),
            MISSING => Self::Missing,
            EXISTS => Self::Exists { version: reader.varint(), value: read_value(reader) },
            HELD => {
                let waiting = reader.varint();
                Self::Held { holder: Claim::read(reader)?, waiting }
            }
            FENCE_LOST => {
                let holder = if read_flag(reader) { Some(Claim::read(reader)?) } else { None };
                Self::FenceLost { holder, reason: read_flag(reader).then(|| reader.text().into()) }
            }
            CONFLICT => Self::Conflict { version: reader.varint(), value: read_value(reader) },
            LIMIT => {
                let bound = usize::try_from(reader.varint()).ok().and_then(|place| Bound::ALL.get(place).copied());
                let Some(bound) = bound else { return Err("an unknown bound") };
                Self::Limit { bound, max: reader.varint(), given: reader.varint() }
            }
            FORGOTTEN => Self::Forgotten,
            _ => return Err("an unknown outcome"),
        };
        reader.check().map(|()| outcome)
    }
}

fn write_numbers(kind: u8, numbers: &[u64], out: &mut Vec<u8>) {
    out.push(kind);
    numbers.iter().for_each(|&number| write_varint(number, out));
}

/// A lease that its holder has lost without giving it back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Of which record.
    pub key: Rc<str>,
    /// Whose it was.
    pub claim: Claim,
    /// Why it was taken away; its time was over unless given.
    pub reason: Option<Rc<str>>,
}

/// A lease that somebody who waited has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Of which record.
    pub key: Rc<str>,
    /// Whose session.
    pub session: Session,
    /// For whom.
    pub owner: Rc<str>,
    /// The number of the grant.
    pub fence: u64,
    /// Until when, by the authority's clock.
    pub deadline_ms: Option<u64>,
}
