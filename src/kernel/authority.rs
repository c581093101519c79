//! The authority of a hall that nobody shares: contexts and leases, decided at once and kept in memory.
//!
//! A shared hall has none here: its sessions would each decide for themselves, and disagree.

use super::Limits;
use crate::error::{Code, Error};
use crate::replica::clock::Session;
use crate::replica::strict::decide::{Decision, refusal};
use crate::replica::strict::memory::Memory;
use crate::replica::strict::outcome::{Bound, Outcome};
use crate::replica::strict::proposal::{Action, Proposal};
use std::rc::Rc;

/// The only session there is: a hall that is not shared has no other.
pub const OWN: Session = Session(1);

/// The authority. See the module.
pub struct Authority {
    memory: Memory,
    requests: u64,
}

impl Authority {
    /// One that knows no document, made now, within the limits of a hall.
    pub fn new(unix_ms: u64, limits: &Limits) -> Self {
        Self { memory: Memory::new(unix_ms, limits.bounds()), requests: 0 }
    }

    /// What is stored.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Decides what is asked about a record; about an owner or a session, if the key is empty.
    ///
    /// Errors: `invalid-argument` for an owner without a name, a time of 0 or above a thousand years, or too long a
    ///         reason; `limit`, with which nothing has changed.
    pub fn decide(&mut self, unix_ms: u64, key: &Rc<str>, action: Action) -> Result<Decision, Error> {
        let number = self.requests + 1;
        let proposal = Proposal { session: OWN, number, key: key.clone(), action };
        proposal.check().map_err(|reason| Error::new(Code::InvalidArgument, reason))?;
        self.requests = number;
        Ok(self.memory.propose(unix_ms, &proposal))
    }

    /// Why a change of a record would be refused, whatever it makes of the document; nothing if it would not be.
    pub fn refusal(&self, key: &str, expect: Option<u64>, fence: Option<u64>) -> Option<Outcome> {
        self.memory.record(key).map_or(Some(Outcome::Missing), |record| refusal(record, OWN, expect, fence))
    }

    /// Lets time pass; says what has been granted and lost by it, record by record.
    pub fn advance(&mut self, unix_ms: u64) -> Vec<Decision> {
        self.memory.advance(unix_ms)
    }

    /// In how many milliseconds a lease, or the time to wait for one, is over.
    pub fn next_wake(&self, unix_ms: u64) -> Option<u64> {
        Some(self.memory.next_deadline_ms()?.saturating_sub(unix_ms))
    }
}

/// An outcome, or the error that it is: of a limit.
///
/// Errors: `limit`.
pub fn within_limits(outcome: Outcome) -> Result<Outcome, Error> {
    match outcome {
        Outcome::Limit { bound, max, given } => Err(Error::limit(name(bound), max, given)),
        outcome => Ok(outcome),
    }
}

/// The limit of the hall that bounds this.
fn name(bound: Bound) -> &'static str {
    match bound {
        Bound::ValueBytes => "valueBytes",
        Bound::Records | Bound::Leases => "entries",
        Bound::Bytes => "bytes",
        Bound::Claims => "queue",
        Bound::Sessions => "sessions",
    }
}
