//! What a session has asked lately, and what was decided: so that nothing is decided twice.

use super::claim::read_flag;
use super::outcome::Outcome;
use super::record::{COUNT_MAX, LAYOUT};
use crate::codec::{Malformed, Reader, write_bytes, write_varint};
use std::rc::Rc;

/// How many decisions are remembered of a session: so many of its requests may be without an answer at once.
pub const WINDOW: u64 = 32;

/// The requests of one session, and the records on which it has claims.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Decisions by number, in order, the documents taken out.
    decided: Vec<(u64, Outcome)>,
    /// Requests up to this one are too old to be known.
    floor: u64,
    /// Whether the session has ended, so that nothing of it counts any more.
    pub(super) ended: bool,
    /// The authority's count when it last asked for something.
    pub(super) seq: u64,
    /// Where it has claims, in order; some may be over already.
    pub(super) leases: Vec<Rc<str>>,
}

impl Requests {
    /// What was decided about a request; `None` if it is new.
    pub(super) fn recall(&self, number: u64) -> Option<Outcome> {
        match self.decided.binary_search_by_key(&number, |(other, _)| *other) {
            Ok(place) => self.decided.get(place).map(|(_, outcome)| outcome.clone()),
            Err(_) => (self.ended || number <= self.floor).then_some(Outcome::Forgotten),
        }
    }

    /// Remembers what was decided.
    pub(super) fn note(&mut self, number: u64, outcome: &Outcome) {
        let place = self.decided.partition_point(|(other, _)| *other < number);
        self.decided.insert(place, (number, outcome.without_value()));
        let floor = self.decided.last().map_or(0, |(last, _)| last.saturating_sub(WINDOW));
        self.floor = self.floor.max(floor);
        let floor = self.floor;
        self.decided.retain(|(number, _)| *number > floor);
    }

    /// Notes a claim on a record.
    pub(super) fn claim(&mut self, key: &Rc<str>) {
        if let Err(place) = self.leases.binary_search(key) {
            self.leases.insert(place, key.clone());
        }
    }

    /// Notes that there is none any more.
    pub(super) fn unclaim(&mut self, key: &str) {
        self.leases.retain(|other| **other != *key);
    }

    /// The session has ended: nothing new of it counts.
    pub(super) fn end(&mut self) {
        self.ended = true;
    }

    /// The records on which the session has claims: what a host must read to end it.
    pub fn leases(&self) -> &[Rc<str>] {
        &self.leases
    }

    /// The authority's count when the session last asked for something.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Appends the bytes.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[LAYOUT, u8::from(self.ended)]);
        write_varint(self.floor, out);
        write_varint(self.seq, out);
        write_varint(self.decided.len() as u64, out);
        for (number, outcome) in &self.decided {
            write_varint(*number, out);
            outcome.write(out);
        }
        write_varint(self.leases.len() as u64, out);
        self.leases.iter().for_each(|key| write_bytes(key.as_bytes(), out));
    }

    /// Reads bytes that are exactly the requests of a session.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        if reader.byte() != LAYOUT {
            reader.fail("an unknown layout");
        }
        let (ended, floor, seq) = (read_flag(&mut reader), reader.varint(), reader.varint());
        if floor > COUNT_MAX {
            return Err("a number that is too large");
        }
        let mut requests = Self { ended, floor, seq, ..Self::default() };
        let mut last = requests.floor;
        for _ in 0..reader.count(2) {
            let number = reader.varint();
            let outcome = Outcome::read(&mut reader)?;
            if number <= last || number - requests.floor > WINDOW {
                return Err("requests out of order");
            }
            last = number;
            requests.decided.push((number, outcome));
        }
        for _ in 0..reader.count(2) {
            let key = reader.text();
            reader.check()?;
            if requests.leases.last().is_some_and(|last| **last >= *key) {
                return Err("leases out of order");
            }
            requests.leases.push(key.into());
        }
        reader.end().map(|()| requests)
    }
}
