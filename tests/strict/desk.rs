//! An authority in memory, and sessions that number their requests.

use statehall::order::Ordered;
use statehall::replica::clock::Session;
use statehall::replica::strict::claim::{Claim, Mode};
use statehall::replica::strict::decide::{Decision, decide};
use statehall::replica::strict::outcome::{Outcome, Status};
use statehall::replica::strict::proposal::{Action, Proposal, Wait};
use statehall::replica::strict::stored::{Bounds, Stored};
use std::rc::Rc;

/// An authority whose clock the test moves.
pub struct Desk {
    pub now_ms: u64,
    pub stored: Stored,
    pub bounds: Bounds,
    numbers: Ordered<Session, u64>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { now_ms: 1_000, stored: Stored::new(7), bounds: Bounds::default(), numbers: Ordered::default() }
    }
}

impl Desk {
    /// A new request of a session.
    pub fn request(&mut self, session: u64, key: &str, action: Action) -> Proposal {
        let session = Session(session);
        let number = match action {
            Action::Query => 0,
            _ => self.numbers.get(&session).map_or(1, |last| last + 1),
        };
        if number > 0 {
            self.numbers.insert(session, number);
        }
        Proposal { session, number, key: key.into(), action }
    }

    /// Decides a request.
    pub fn decide(&mut self, proposal: &Proposal) -> Decision {
        decide(self.now_ms, &mut self.stored, proposal, &self.bounds)
    }

    /// A new request about the record `x`, decided.
    pub fn ask(&mut self, session: u64, action: Action) -> Outcome {
        self.ask_of(session, "x", action).outcome
    }

    pub fn ask_of(&mut self, session: u64, key: &str, action: Action) -> Decision {
        let proposal = self.request(session, key, action);
        self.decide(&proposal)
    }

    pub fn status(&mut self, key: &str) -> Status {
        let query = self.request(99, key, Action::Query);
        match self.decide(&query).outcome {
            Outcome::Status(status) => *status,
            other => panic!("{other:?}"),
        }
    }

    /// The owners that hold `x`, and those that wait.
    pub fn queue(&mut self) -> (Vec<String>, Vec<String>) {
        let names = |claims: &[Claim]| claims.iter().map(|claim| claim.owner.to_string()).collect();
        let status = self.status("x");
        (names(&status.holders), names(&status.waiters))
    }
}

pub fn bytes(text: &str) -> Rc<[u8]> {
    text.as_bytes().into()
}

pub fn create(value: &str) -> Action {
    Action::Create { value: bytes(value), fence: None }
}

pub fn replace(value: &str, expect: u64) -> Action {
    Action::Replace { value: bytes(value), expect: Some(expect), fence: None }
}

pub fn under(value: &str, fence: u64) -> Action {
    Action::Replace { value: bytes(value), expect: None, fence: Some(fence) }
}

pub fn delete() -> Action {
    Action::Delete { expect: None, fence: None }
}

pub fn acquire(owner: &str, ttl_ms: Option<u64>, wait: Wait) -> Action {
    Action::Acquire { owner: owner.into(), mode: Mode::Exclusive, ttl_ms, wait, existing: false }
}

pub fn share(owner: &str, wait: Wait) -> Action {
    Action::Acquire { owner: owner.into(), mode: Mode::Shared, ttl_ms: None, wait, existing: false }
}

pub fn release(owner: &str) -> Action {
    Action::Release { owner: owner.into(), fence: None, existing: false }
}

pub fn renew(fence: u64, ttl_ms: Option<u64>) -> Action {
    Action::Renew { fence, ttl_ms }
}

pub fn end(of: u64, owner: Option<&str>) -> Action {
    Action::End { of: Session(of), owner: owner.map(Into::into) }
}

pub fn committed(version: u64) -> Outcome {
    Outcome::Committed { version }
}

/// The fence of an outcome that is a grant.
#[track_caller]
pub fn fence(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Granted { fence, .. } => *fence,
        other => panic!("{other:?} is no grant"),
    }
}
