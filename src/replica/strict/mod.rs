//! How sessions of one hall agree, the strict class: contexts and leases.
//!
//! A record is a versioned document, who holds it and who waits for it. Records change in one
//! place only: [`decide::decide`], a pure function of the time, what is stored and one proposal.
//! The host calls it inside its own transaction (memory here, IndexedDB in a browser, SQLite at
//! the edge), so that no session is ever in charge and none can take the state with it when it
//! dies. Whoever got no answer proposes the same again, under the same number: what has been
//! decided is answered as it was, and not decided twice.
//!
//! Invariants, each checked by `tests/strict.rs`:
//! - versions of a record grow by one with each change of its document, and never come again,
//!   not even after a delete;
//! - at most one exclusive holder, and no other holder beside it;
//! - fences grow with each grant; a write under a lease commits only under the fence that holds;
//! - the queue is first in, first out, and nobody waits for what could be granted;
//! - a request is carried out at most once;
//! - what is refused changes nothing, except that time has passed.
//!
//! Works on bytes and ids; what the bytes of a document mean is the host's business.

pub mod claim;
pub mod decide;
pub mod memory;
pub mod outcome;
pub mod proposal;
pub mod record;
pub mod requests;
pub mod stored;
