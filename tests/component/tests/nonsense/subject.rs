//! The hall that is tried, and what is looked at before and after.

use super::calls::Named;
use statehall_component_tests::types::{Code, Error, Time, Value};
use statehall_component_tests::{Instance, Kernel, at, options, state};
use wasmtime::component::ResourceAny;
use wasmtime::{Store, StoreLimits};

/// What a function of the component answers; around it is what wasmtime answers, which is a trap if it is an error.
pub type Answer<T> = Result<T, Error>;

/// When the hall is opened and tried.
pub const NOW_MS: u64 = 1_000_000;

/// One hall in an instance of its own.
pub struct Subject {
    pub instance: Instance,
    pub hall: ResourceAny,
}

/// Everything that a refused call must leave alone. What is counted of frames is not in it.
#[derive(PartialEq)]
pub struct Picture {
    snapshot: Vec<u8>,
    revision: u64,
    map: Vec<String>,
    usage: [u64; 7],
}

impl Subject {
    /// A hall with some entries, one of which has metadata and a time to live.
    pub fn new(share: bool) -> Self {
        Self::with(&state::Options { share, ..options(1) })
    }

    pub fn with(options: &state::Options) -> Self {
        let mut instance = Instance::new();
        let Instance { store, kernel } = &mut instance;
        let hall = kernel.statehall_hall_state().hall().call_open(store, options, at(NOW_MS));
        let hall = hall.expect("no trap").expect("a hall");
        let mut subject = Self { instance, hall };
        let facts = state::PutOptions {
            expect: None,
            metadata: Some(vec![0xa1, 0x61, b'm', 0x01]),
            ttl_ms: Some(86_400_000),
            touch: false,
        };
        subject.ask(|hall, store, this| hall.call_put(store, this, "a", &Value::Integer(1), NOW_MS)).expect("a put");
        let list = Value::Cbor(vec![0x81, 0x01]);
        subject.ask(|hall, store, this| hall.call_put_with(store, this, "b/c", &list, &facts, NOW_MS)).expect("a put");
        subject.ask(|hall, store, this| hall.call_delete(store, this, "gone", NOW_MS)).expect("a delete");
        subject
    }

    /// Calls the component, which never traps.
    pub fn call<T>(&mut self, ask: impl FnOnce(&mut Store<StoreLimits>, &Kernel) -> wasmtime::Result<T>) -> T {
        let Instance { store, kernel } = &mut self.instance;
        ask(store, kernel).unwrap_or_else(|trap| panic!("a trap: {trap:?}"))
    }

    /// Asks the hall.
    pub fn ask<T>(
        &mut self,
        ask: impl FnOnce(state::GuestHall<'_>, &mut Store<StoreLimits>, ResourceAny) -> wasmtime::Result<T>,
    ) -> T {
        let this = self.hall;
        self.call(|store, kernel| ask(kernel.statehall_hall_state().hall(), store, this))
    }

    /// Makes one of the calls on a handle.
    pub fn make(&mut self, (_, call): &Named, handle: ResourceAny) -> Answer<()> {
        self.call(|store, kernel| call(store, kernel, handle))
    }

    /// The calls are refused with this code and change nothing, neither alone nor inside a batch.
    pub fn refuses(&mut self, what: &str, code: Code, calls: &[Named]) {
        for call in calls {
            let before = self.picture();
            let error = self.make(call, self.hall).expect_err(&format!("{} with {what}", call.0));
            assert_eq!(error.code, code, "{} with {what}: {}", call.0, error.detail);
            assert!(!error.detail.is_empty(), "{} with {what}", call.0);
            let placed = error.detail.starts_with("command 1 (");
            assert_eq!(placed, call.0.starts_with("batch") && !call.0.ends_with("now"), "{}: {}", call.0, error.detail);
            assert!(self.picture() == before, "{} with {what} has changed something", call.0);

            self.ask(|hall, store, this| hall.call_begin(store, this)).expect("a batch");
            let error = self.make(call, self.hall).expect_err(&format!("{} with {what} inside a batch", call.0));
            let inside = [code, Code::InvalidArgument].contains(&error.code);
            assert!(inside, "{} with {what} inside a batch: {}", call.0, error.detail);
            self.ask(|hall, store, this| hall.call_roll_back(store, this)).expect("a batch to roll back");
            assert!(self.picture() == before, "{} with {what} inside a batch has changed something", call.0);
        }
        self.works();
    }

    /// Does something and sees to it that nothing has changed.
    pub fn unchanged<T>(&mut self, what: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.picture();
        let result = work(self);
        assert!(self.picture() == before, "{what} has changed something");
        result
    }

    /// The hall goes on: it writes, reads and takes back.
    pub fn works(&mut self) {
        let key = "still/here";
        let put = self.ask(|hall, store, this| hall.call_put(store, this, key, &Value::Null, NOW_MS));
        assert!(put.expect("a put").changed);
        assert!(matches!(self.ask(|hall, store, this| hall.call_get(store, this, key)), Ok(Some(Value::Null))));
        let deleted = self.ask(|hall, store, this| hall.call_delete(store, this, key, NOW_MS));
        assert!(deleted.expect("a delete").changed);
    }

    /// What the hall holds.
    pub fn picture(&mut self) -> Picture {
        let usage = self.ask(|hall, store, this| hall.call_usage(store, this)).expect("usage");
        let map = self.ask(|hall, store, this| hall.call_to_map(store, this, None)).expect("a map");
        Picture {
            snapshot: self.ask(|hall, store, this| hall.call_snapshot(store, this)).expect("a snapshot"),
            revision: self.ask(|hall, store, this| hall.call_revision(store, this)).expect("a revision"),
            map: map.into_iter().map(|entry| format!("{entry:?}")).collect(),
            usage: [
                usage.entries,
                usage.tombstones,
                usage.bytes,
                usage.variables,
                usage.watches,
                usage.queued,
                usage.sessions,
            ],
        }
    }
}

/// The time of the tests.
pub fn now() -> Time {
    at(NOW_MS)
}
