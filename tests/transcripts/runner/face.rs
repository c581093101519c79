//! What transcripts ask of a hall, in whatever face: the vocabulary, in the types of the Rust face.

use super::choosing::Choice;
use super::documents;
use super::machines;
use super::naming::Naming;
use super::owners;
use statehall::{
    Change, ContextRecord, DeleteOptions, Entry, Error, Options, PutOptions, Rearm, Session, Since, Usage, Value,
    WatchInfo, WatchOptions, Written,
};
use std::time::Duration;

/// One handle to a hall. Clones are the same handle; dropping the last one closes it.
pub trait Face: Clone + 'static {
    /// Ends a watch that is called when it is dropped.
    type Watch: 'static;
    /// A watch that is read.
    type Reader: Reader;
    /// A versioned document.
    type Context: documents::Context;
    /// A machine that is a table.
    type Machine: machines::Machine;
    /// An owner that was opened.
    type Owner: owners::Owner;

    /// Opens a hall. The limits are by name, and may be nonsense.
    fn open(options: Options, limits: &[(String, u64)]) -> Result<Self, Failure>;
    fn as_agent(&self, agent: &str) -> Result<Self, Error>;
    fn close(&self);
    fn is_closed(&self) -> bool;

    fn write(&self, write: Write) -> Result<Wrote, Error>;
    fn update(&self, key: Naming, initial: Value, change: impl FnOnce(Value) -> Value) -> Result<Value, Error>;
    fn batch(&self, work: impl FnOnce(&Self) -> Done) -> Done;
    /// The same for writes that are known beforehand; `None` where a face has no such thing.
    fn batch_of(&self, writes: &[Write]) -> Option<Result<Vec<Wrote>, Error>>;

    fn get(&self, key: Naming) -> Result<Option<Value>, Error>;
    fn get_or(&self, key: Naming, fallback: Value) -> Result<Value, Error>;
    fn has(&self, key: Naming) -> Result<bool, Error>;
    fn entry(&self, key: Naming) -> Result<Option<Entry>, Error>;
    fn keys(&self, selector: Option<Naming>) -> Result<Vec<String>, Error>;
    fn to_map(&self, selector: Option<Naming>) -> Result<Vec<(String, Value)>, Error>;
    fn changes(&self, revision: u64, selector: Option<Naming>) -> Result<Since, Error>;
    fn revision(&self) -> Result<u64, Error>;
    fn export(&self, selector: Option<Naming>) -> Result<String, Failure>;

    fn declare(&self, key: Naming, declaration: Value) -> Result<(), Error>;
    fn undeclare(&self, key: Naming) -> Result<bool, Error>;
    /// What a variable shows, and whether what is there violates its declaration.
    fn variable(&self, key: Naming) -> Result<(Option<Value>, bool), Failure>;
    /// What is known about a variable besides its value.
    fn facts(&self, key: Naming) -> Result<Value, Failure>;
    fn variables(&self, selector: Naming) -> Result<Vec<String>, Error>;
    fn set(&self, key: Naming, value: Value, options: PutOptions) -> Result<Written, Error>;
    /// Which were refused, in key order, and why.
    fn set_many(&self, values: Vec<(String, Value)>) -> Result<Vec<(String, Error)>, Error>;
    fn export_variables(&self) -> Result<Value, Error>;
    fn import_variables(&self, exported: Value) -> Result<(), Error>;

    fn machine(&self, name: &str, table: Value) -> Result<Self::Machine, Error>;
    fn revive(&self, name: &str, table: Value, bytes: &[u8], rearm: Rearm) -> Result<Self::Machine, Error>;

    fn watch(
        &self,
        selector: Naming,
        options: WatchOptions,
        filter: Option<Choice>,
        watcher: impl FnMut(&Change) + 'static,
    ) -> Result<Self::Watch, Error>;
    fn stream(&self, selector: Naming, options: WatchOptions, filter: Option<Choice>) -> Result<Self::Reader, Error>;
    fn watches(&self) -> Result<Vec<WatchInfo>, Error>;
    fn owner(&self, name: &str, ttl_ms: Option<u64>) -> Result<Self::Owner, Error>;
    fn end(&self, owner: &str) -> Result<usize, Error>;

    fn context(&self, key: Naming) -> Result<Self::Context, Error>;
    fn contexts(&self) -> Result<Vec<ContextRecord>, Error>;
    fn clear_contexts(&self) -> Result<u64, Error>;

    fn advance(&self) -> Result<(), Error>;
    fn next_wake(&self) -> Option<Duration>;
    fn frames(&self) -> Vec<Vec<u8>>;
    fn receive(&self, frame: &[u8]) -> Result<(), Error>;
    fn is_ready(&self) -> bool;
    fn sessions(&self) -> Result<Vec<Session>, Error>;
    fn snapshot(&self) -> Result<Vec<u8>, Error>;
    fn restore(&self, snapshot: &[u8]) -> Result<(), Error>;
    fn usage(&self) -> Result<Usage, Error>;
}

/// A watch that is read.
pub trait Reader: 'static {
    fn pull(&mut self, max: usize) -> Vec<Change>;
    fn missed(&self) -> u64;
    fn is_open(&self) -> bool;
}

/// A command that only writes.
#[derive(Clone)]
pub enum Write {
    Put(Naming, Value, PutOptions),
    Delete(Naming, DeleteOptions),
    Clear(Naming),
}

/// What it did.
pub enum Wrote {
    Written(Written),
    Cleared(u64),
}

/// Why a command was not carried out.
pub enum Failure {
    /// The hall has refused it.
    Refused(Error),
    /// It is not a command.
    Nonsense(String),
}

/// Whether a command was carried out; its replies are lines.
pub type Done = Result<(), Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

impl From<String> for Failure {
    fn from(wrong: String) -> Self {
        Self::Nonsense(wrong)
    }
}

impl From<&str> for Failure {
    fn from(wrong: &str) -> Self {
        Self::Nonsense(wrong.to_owned())
    }
}
