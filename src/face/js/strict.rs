//! Contexts and leases: rows and proposals in, rows and outcomes out.
//!
//! The store is JavaScript's, and so is the transaction in which this is called: a map, or IndexedDB. A row has
//! a name, `m` for what concerns all records, `s` and a session's id, or `r` and a record's name, and bytes that only
//! Rust understands; no bytes are no row. What a decision needs and was not given is asked for by name; `*` asks for
//! all rows, because some are to be forgotten.

use super::Core;
use super::answer::Answer::{self, Bytes, Texts};
use crate::codec::{Malformed, Reader, write_bytes, write_varint};
use crate::error::{Code, Error};
use crate::order::Ordered;
use crate::replica::clock::Session;
use crate::replica::strict::decide::decide;
use crate::replica::strict::proposal::{Action, Proposal};
use crate::replica::strict::record::Record;
use crate::replica::strict::requests::Requests;
use crate::replica::strict::stored::{Bounds, Meta, Needed, Stored};
use wasm_bindgen::prelude::*;

const META: &str = "m";
const EVERYTHING: &str = "*";

#[wasm_bindgen]
impl Core {
    /// Decides proposals. Takes whether all rows are given, the proposals, and the rows; answers the names of the rows
    /// that are missing, or the rows that differ now and then the outcomes.
    pub fn decide(&self, batch: &[u8], now: f64) -> f64 {
        let bounds = self.kernel.borrow().limits().bounds();
        self.answer(|| Batch::read(batch)?.decide(now as u64, &bounds))
    }
}

/// What is to be decided, and on what.
struct Batch<'a> {
    whole: bool,
    proposals: Vec<Proposal>,
    rows: Ordered<&'a str, &'a [u8]>,
}

impl<'a> Batch<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(bytes);
        let whole = reader.byte() == 1;
        let (mut proposals, mut rows) = (Vec::new(), Ordered::default());
        for _ in 0..reader.count(1) {
            let refused = |reason| Error::refused(Code::InvalidArgument, "a request", reason);
            proposals.push(Proposal::read(reader.bytes()).map_err(refused)?);
        }
        for _ in 0..reader.count(1) {
            rows.insert(reader.text(), reader.bytes());
        }
        reader.end().map_err(damaged)?;
        Ok(Self { whole, proposals, rows })
    }

    fn decide(&self, now_ms: u64, bounds: &Bounds) -> Result<Answer, Error> {
        let mut stored = self.stored(now_ms).map_err(damaged)?;
        let mut missing = self.missing(&stored);
        if missing.is_empty() && !self.whole && self.is_full(&stored, bounds) {
            missing.push(EVERYTHING.to_owned());
        }
        if !missing.is_empty() {
            return Ok(Texts(missing));
        }
        let mut outcomes = Vec::new();
        for proposal in &self.proposals {
            stored.make_room(proposal.session, bounds);
            decide(now_ms, &mut stored, proposal, bounds).outcome.write(&mut outcomes);
        }
        if self.whole {
            stored.forget_deleted(bounds);
        }
        let mut answer = self.changed(&stored);
        answer.append(&mut outcomes);
        Ok(Bytes(answer))
    }

    /// What is stored, as far as it is given.
    fn stored(&self, now_ms: u64) -> Result<Stored, Malformed> {
        let mut stored = Stored::new(now_ms);
        for (name, bytes) in self.rows.iter().filter(|(_, bytes)| !bytes.is_empty()) {
            if let Some(key) = name.strip_prefix('r') {
                stored.records.insert(key.into(), Box::new(Record::read(bytes)?));
            } else if let Some(id) = name.strip_prefix('s') {
                let id = u64::from_str_radix(id, 16).map_err(|_| "the name of a row")?;
                stored.sessions.insert(Session(id), Box::new(Requests::read(bytes)?));
            } else {
                stored.meta = Meta::read(bytes)?;
            }
        }
        Ok(stored)
    }

    /// The rows that are needed and not given.
    fn missing(&self, stored: &Stored) -> Vec<String> {
        let mut names = Ordered::default();
        names.insert(META.to_owned(), ());
        for proposal in &self.proposals {
            let mut needed = Needed::of(proposal);
            if let Action::End { of, .. } = proposal.action
                && let Some(requests) = stored.sessions.get(&of)
            {
                needed.records.extend_from_slice(requests.leases());
            }
            needed.sessions.iter().for_each(|session| names.insert(session_name(*session), ()));
            needed.records.iter().for_each(|key| names.insert(record_name(key), ()));
        }
        let missing = names.iter().filter(|(name, _)| !self.whole && !self.rows.contains_key(&name.as_str()));
        missing.map(|(name, _)| name.clone()).collect()
    }

    /// Whether something must be forgotten first.
    fn is_full(&self, stored: &Stored, bounds: &Bounds) -> bool {
        let fresh = |proposal: &Proposal| !stored.sessions.contains_key(&proposal.session);
        stored.meta.deleted > bounds.deleted
            || stored.meta.sessions >= bounds.sessions && self.proposals.iter().any(fresh)
    }

    /// The rows that differ now: name and bytes, no bytes for what is to be deleted.
    fn changed(&self, stored: &Stored) -> Vec<u8> {
        let mut changed: Vec<(String, Vec<u8>)> = Vec::new();
        let mut compare = |name: String, bytes: &[u8]| {
            if self.rows.get(&name.as_str()).copied().unwrap_or_default() != bytes {
                changed.push((name, bytes.to_vec()));
            }
        };
        let mut bytes = Vec::new();
        for (session, requests) in stored.sessions.iter() {
            bytes.clear();
            requests.write(&mut bytes);
            compare(session_name(*session), &bytes);
        }
        for (key, record) in stored.records.iter() {
            bytes.clear();
            record.write(&mut bytes);
            compare(record_name(key), &bytes);
        }
        for (name, _) in self.rows.iter() {
            let known = match (name.strip_prefix('s'), name.strip_prefix('r')) {
                (Some(id), _) => u64::from_str_radix(id, 16).is_ok_and(|id| stored.sessions.contains_key(&Session(id))),
                (_, Some(key)) => stored.records.contains_key(&key.into()),
                _ => true,
            };
            if !known {
                compare((*name).to_owned(), &[]);
            }
        }
        // That time has passed alone is not worth a write.
        if !changed.is_empty() {
            bytes.clear();
            stored.meta.write(&mut bytes);
            changed.push((META.to_owned(), bytes));
        }
        let mut answer = Vec::new();
        write_varint(changed.len() as u64, &mut answer);
        for (name, bytes) in &changed {
            write_bytes(name.as_bytes(), &mut answer);
            write_bytes(bytes, &mut answer);
        }
        answer
    }
}

fn session_name(session: Session) -> String {
    ["s", &session.text()].concat()
}

fn record_name(key: &str) -> String {
    ["r", key].concat()
}

fn damaged(reason: Malformed) -> Error {
    Error::refused(Code::InvalidSnapshot, "what is stored of the contexts", reason)
}
