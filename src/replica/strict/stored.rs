//! What the authority stores, or as much of it as a host has read for what is to be decided.

use super::proposal::{Action, Proposal};
use super::record::{COUNT_MAX, LAYOUT, Record};
use super::requests::Requests;
use crate::codec::{Malformed, Reader, write_varint};
use crate::order::{Ordered, sort};
use crate::replica::clock::Session;
use std::rc::Rc;

/// A clock that is set back by more than this is believed; by less, time stands still.
const BACK_MS_MAX: u64 = 300_000;

/// What concerns all records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meta {
    /// When the store was made: a store that was lost and made again has a later one.
    pub epoch: u64,
    /// How many changes there have been, of any record: the source of fences.
    pub seq: u64,
    /// The latest time that was ever given.
    pub max_now_ms: u64,
    /// Versions up to this one may have been used by records that are forgotten.
    pub floor: u64,
    /// Records, deleted ones apart.
    pub records: u64,
    /// Deleted records, of which the version is remembered.
    pub deleted: u64,
    /// The bytes of all documents.
    pub bytes: u64,
    /// Sessions of which requests are remembered.
    pub sessions: u64,
}

/// How much there may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// The bytes of one document.
    pub value_bytes: u64,
    /// Documents, and names that are held without one.
    pub records: u64,
    /// Deleted documents remembered.
    pub deleted: u64,
    /// The bytes of all documents.
    pub bytes: u64,
    /// Who waits for, or shares, one record.
    pub claims: u64,
    /// The records on which one session has claims.
    pub leases: u64,
    /// Sessions remembered.
    pub sessions: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            value_bytes: 1_048_576,
            records: 100_000,
            deleted: 65_536,
            bytes: 67_108_864,
            claims: 1_024,
            leases: 1_024,
            sessions: 4_096,
        }
    }
}

/// The rows that a decision reads and changes. In memory it is all there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stored {
    /// What concerns all records.
    pub meta: Meta,
    /// Of each session what it has asked lately.
    pub sessions: Ordered<Session, Box<Requests>>,
    /// The records by name.
    pub records: Ordered<Rc<str>, Box<Record>>,
}

/// The rows that a host must read before a proposal is decided, beside [`Meta`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed {
    /// Whose requests.
    pub sessions: Vec<Session>,
    /// Which records; for the end of a session or an owner, those of its [`Requests::leases`] as well.
    pub records: Vec<Rc<str>>,
}

impl Needed {
    /// What a proposal needs.
    pub fn of(proposal: &Proposal) -> Self {
        match proposal.action {
            Action::End { of, .. } => Self { sessions: vec![proposal.session, of], records: Vec::new() },
            _ => Self { sessions: vec![proposal.session], records: vec![proposal.key.clone()] },
        }
    }
}

impl Meta {
    /// A store that is made now.
    pub fn new(epoch: u64) -> Self {
        Self { epoch, ..Self::default() }
    }

    /// The time that counts: it does not go back, unless the clock was far ahead once.
    pub(super) fn observe(&mut self, now_ms: u64) -> u64 {
        if self.max_now_ms.saturating_sub(now_ms) > BACK_MS_MAX {
            self.max_now_ms = now_ms;
        }
        self.max_now_ms = self.max_now_ms.max(now_ms);
        self.max_now_ms
    }

    /// Counts a change.
    pub(super) fn step(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// What a record counts for is added or taken off again.
    pub(super) fn weigh(&mut self, record: &Record, present: bool) {
        let deleted = record.version > 0 && record.value.is_none();
        let counts = if deleted { &mut self.deleted } else { &mut self.records };
        if present {
            *counts = counts.saturating_add(1);
            self.bytes = self.bytes.saturating_add(record.bytes());
        } else {
            *counts = counts.saturating_sub(1);
            self.bytes = self.bytes.saturating_sub(record.bytes());
        }
    }

    fn numbers(&self) -> [u64; 8] {
        let Self { epoch, seq, max_now_ms, floor, records, deleted, bytes, sessions } = *self;
        [epoch, seq, max_now_ms, floor, records, deleted, bytes, sessions]
    }

    /// Appends the bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.push(LAYOUT);
        self.numbers().into_iter().for_each(|number| write_varint(number, out));
    }

    /// Reads bytes that are exactly this.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.byte() != LAYOUT {
            reader.fail("an unknown layout");
        }
        let meta = Self {
            epoch: reader.varint(),
            seq: reader.varint(),
            max_now_ms: reader.varint(),
            floor: reader.varint(),
            records: reader.varint(),
            deleted: reader.varint(),
            bytes: reader.varint(),
            sessions: reader.varint(),
        };
        reader.end()?;
        if meta.numbers().into_iter().any(|number| number > COUNT_MAX) {
            return Err("a number that is too large");
        }
        Ok(meta)
    }
}

impl Stored {
    /// A store that is made now.
    pub fn new(epoch: u64) -> Self {
        Self { meta: Meta::new(epoch), ..Self::default() }
    }

    /// Forgets a deleted record. Its versions do not come again, because every new record begins above them.
    pub(super) fn forget(&mut self, key: &Rc<str>) {
        if let Some(record) = self.records.remove(key) {
            self.meta.floor = self.meta.floor.max(record.version);
            self.meta.weigh(&record, false);
        }
    }

    /// Where there are too many deleted records, the older half is forgotten, so that this is rare. All rows must be here.
    pub fn forget_deleted(&mut self, bounds: &Bounds) {
        if self.meta.deleted <= bounds.deleted {
            return;
        }
        let records = self.records.iter();
        let gone = records.filter(|(_, record)| record.value.is_none() && record.claims().next().is_none());
        let gone: Vec<_> = gone.map(|(key, record)| (record.seq, key.clone())).collect();
        for place in older_half(gone.len(), &|place| gone[place].0) {
            self.forget(&gone[place].1);
        }
    }

    /// Where there are too many sessions, those are forgotten that have not asked for the longest time and hold nothing.
    /// Does nothing for one that is known; for others all rows must be here.
    pub fn make_room(&mut self, session: Session, bounds: &Bounds) {
        if self.meta.sessions < bounds.sessions || self.sessions.contains_key(&session) {
            return;
        }
        let idle = self.sessions.iter().filter(|(_, requests)| requests.leases().is_empty());
        let idle: Vec<_> = idle.map(|(session, requests)| (requests.seq(), *session)).collect();
        for place in older_half(idle.len(), &|place| idle[place].0) {
            self.sessions.remove(&idle[place].1);
            self.meta.sessions -= 1;
        }
    }
}

/// The places of those that changed first; of those that changed together the first in order come first.
fn older_half(count: usize, seq: &dyn Fn(usize) -> u64) -> impl Iterator<Item = usize> {
    let mut places: Vec<u32> = (0..count as u32).collect();
    sort(&mut places, &|a, b| seq(a as usize).cmp(&seq(b as usize)));
    places.into_iter().take(count - count / 2).map(|place| place as usize)
}
