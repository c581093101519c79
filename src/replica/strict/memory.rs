//! The authority of one process: everything in memory, and decided at once.

use super::decide::{Decision, decide, expire};
use super::proposal::Proposal;
use super::record::Record;
use super::stored::{Bounds, Stored};
use std::rc::Rc;

/// The store of a hall that nobody else shares. See the module.
pub struct Memory {
    stored: Stored,
    bounds: Bounds,
    /// Records with claims, in order: whose time may come.
    claimed: Vec<Rc<str>>,
}

impl Memory {
    /// An empty store, made now.
    pub fn new(now_ms: u64, bounds: Bounds) -> Self {
        Self { stored: Stored::new(now_ms), bounds, claimed: Vec::new() }
    }

    /// Decides a proposal.
    pub fn propose(&mut self, now_ms: u64, proposal: &Proposal) -> Decision {
        self.stored.make_room(proposal.session, &self.bounds);
        let decision = decide(now_ms, &mut self.stored, proposal, &self.bounds);
        self.note(&decision);
        decision
    }

    /// Lets time pass; says what has been granted and lost by it, record by record.
    pub fn advance(&mut self, now_ms: u64) -> Vec<Decision> {
        let over = |record: &Record| record.next_deadline_ms().is_some_and(|deadline_ms| deadline_ms <= now_ms);
        let due = |key: &&Rc<str>| self.record(key).is_some_and(over);
        let due: Vec<_> = self.claimed.iter().filter(due).cloned().collect();
        let expired = due.iter().map(|key| {
            let decision = expire(now_ms, &mut self.stored, key);
            self.note(&decision);
            decision
        });
        expired.collect()
    }

    /// When the next claim is over.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        let deadlines = self.claimed.iter().filter_map(|key| self.record(key)?.next_deadline_ms());
        deadlines.min()
    }

    /// The record of a name. Its claims may be over.
    pub fn record(&self, key: &str) -> Option<&Record> {
        let key: Rc<str> = key.into();
        self.stored.records.get(&key).map(|record| &**record)
    }

    /// The records that have a document, in the order in which these were created.
    pub fn documents(&self) -> Vec<(&Rc<str>, &Record)> {
        let records = self.stored.records.iter().map(|(key, record)| (key, &**record));
        let mut documents: Vec<_> = records.filter(|(_, record)| record.value.is_some()).collect();
        documents.sort_by_key(|(_, record)| record.created_seq);
        documents
    }

    /// What is stored.
    pub fn stored(&self) -> &Stored {
        &self.stored
    }

    /// Keeps the list of records with claims, and the bound on what is only remembered.
    fn note(&mut self, decision: &Decision) {
        for key in &decision.records {
            let claimed = self.stored.records.get(key).is_some_and(|record| record.claims().next().is_some());
            match (self.claimed.binary_search(key), claimed) {
                (Err(place), true) => self.claimed.insert(place, key.clone()),
                (Ok(place), false) => drop(self.claimed.remove(place)),
                _ => {}
            }
        }
        self.stored.forget_deleted(&self.bounds);
    }
}
