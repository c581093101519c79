//! One side of a shared hall: an instance in a store of its own, its hall, and the time as it is told.

#![allow(dead_code, reason = "each of the tests that include this uses a part of it")]

use statehall_component_tests::state::{self, Command, GuestHall, PutCommand};
use statehall_component_tests::types::{Code, Error, Selector, Value};
use statehall_component_tests::watchers::{self, Taken};
use statehall_component_tests::{Bounds, Instance, WATCH, at, options};
use std::collections::BTreeMap;
use wasmtime::component::ResourceAny;
use wasmtime::{Store, StoreLimits};

/// Enough fuel for everything that is not meant to run out.
pub const PLENTY: u64 = 1 << 50;

/// What an answer is: a trap, a refusal, or what was asked for.
pub type Answer<T> = wasmtime::Result<Result<T, Error>>;

/// Keys and values, each value as text that tells all of them apart.
pub type Map = BTreeMap<String, String>;

/// See the module.
pub struct Side {
    pub instance: Instance,
    pub hall: ResourceAny,
    pub ms: u64,
}

impl Side {
    /// A private hall in a store without bounds.
    pub fn alone(seed: u64) -> Self {
        Self::open(&Bounds::default(), &options(seed), 1_000)
    }

    /// A shared hall in a store without bounds.
    pub fn shared(seed: u64) -> Self {
        Self::open(&Bounds::default(), &sharing(seed), 1_000)
    }

    /// A hall in a store of its own.
    pub fn open(bounds: &Bounds, options: &state::Options, ms: u64) -> Self {
        let mut instance = Instance::within(bounds).expect("an instance");
        let state = instance.kernel.statehall_hall_state();
        let hall = state.hall().call_open(&mut instance.store, options, at(ms)).expect("no trap").expect("a hall");
        Self { instance, hall, ms }
    }

    /// The store, the functions of a hall, and the first handle.
    pub fn hall(&mut self) -> (&mut Store<StoreLimits>, GuestHall<'_>, ResourceAny) {
        (&mut self.instance.store, self.instance.kernel.statehall_hall_state().hall(), self.hall)
    }

    /// The store, the functions of `watchers`, and the first handle.
    pub fn watchers(&mut self) -> (&mut Store<StoreLimits>, &watchers::Guest, ResourceAny) {
        (&mut self.instance.store, self.instance.kernel.statehall_hall_watchers(), self.hall)
    }

    pub fn put(&mut self, key: &str, value: &Value) -> Answer<state::Written> {
        let now_ms = self.ms;
        let (store, functions, hall) = self.hall();
        functions.call_put(store, hall, key, value, now_ms)
    }

    pub fn write(&mut self, key: &str, number: i64) {
        assert!(self.put(key, &Value::Integer(number)).expect("no trap").expect("a put").changed);
    }

    pub fn batch(&mut self, commands: &[Command]) -> Answer<Vec<state::Outcome>> {
        let now_ms = self.ms;
        let (store, functions, hall) = self.hall();
        functions.call_batch(store, hall, commands, now_ms)
    }

    pub fn get(&mut self, key: &str) -> Answer<Option<Value>> {
        let (store, functions, hall) = self.hall();
        functions.call_get(store, hall, key)
    }

    pub fn number(&mut self, key: &str) -> Option<i64> {
        match self.get(key).expect("no trap").expect("a get") {
            Some(Value::Integer(number)) => Some(number),
            None => None,
            other => panic!("{key} is {other:?}"),
        }
    }

    pub fn map(&mut self) -> Map {
        let (store, functions, hall) = self.hall();
        let entries = functions.call_to_map(store, hall, None).expect("no trap").expect("a map");
        entries.into_iter().map(|(key, value)| (key, format!("{value:?}"))).collect()
    }

    pub fn usage(&mut self) -> state::Usage {
        let (store, functions, hall) = self.hall();
        functions.call_usage(store, hall).expect("no trap").expect("usage")
    }

    pub fn revision(&mut self) -> u64 {
        let (store, functions, hall) = self.hall();
        functions.call_revision(store, hall).expect("no trap").expect("a revision")
    }

    pub fn session(&mut self) -> String {
        let (store, functions, hall) = self.hall();
        functions.call_session(store, hall).expect("no trap")
    }

    /// The agents of all sessions that are here.
    pub fn agents(&mut self) -> Vec<String> {
        let now_ms = self.ms;
        let (store, functions, hall) = self.hall();
        let sessions = functions.call_sessions(store, hall, now_ms).expect("no trap").expect("sessions");
        sessions.into_iter().map(|session| session.agent).collect()
    }

    pub fn snapshot(&mut self) -> Answer<Vec<u8>> {
        let (store, functions, hall) = self.hall();
        functions.call_snapshot(store, hall)
    }

    pub fn saved(&mut self) -> Vec<u8> {
        self.snapshot().expect("no trap").expect("a snapshot")
    }

    pub fn restore(&mut self, snapshot: &[u8]) -> Answer<()> {
        let time = at(self.ms);
        let (store, functions, hall) = self.hall();
        functions.call_restore(store, hall, snapshot, time)
    }

    pub fn advance(&mut self) -> Answer<()> {
        let time = at(self.ms);
        let (store, functions, hall) = self.hall();
        functions.call_advance(store, hall, time)
    }

    pub fn frames(&mut self) -> wasmtime::Result<Vec<Vec<u8>>> {
        let (store, functions, hall) = self.hall();
        functions.call_frames(store, hall, u32::MAX)
    }

    /// The frames that are due now.
    pub fn told(&mut self) -> Vec<Vec<u8>> {
        self.advance().expect("no trap").expect("time passes");
        let time = at(self.ms);
        let (store, functions, hall) = self.hall();
        let wake_ms = functions.call_next_wake(store, hall, time).expect("no trap").expect("a time");
        assert_ne!(wake_ms, Some(0), "after advance nothing is due at once, or a host would never sleep");
        self.frames().expect("no trap")
    }

    pub fn receive(&mut self, frame: &[u8]) -> Answer<()> {
        let time = at(self.ms);
        let (store, functions, hall) = self.hall();
        functions.call_receive(store, hall, frame, time)
    }

    pub fn as_agent(&mut self, agent: &str) -> ResourceAny {
        let (store, functions, hall) = self.hall();
        functions.call_as_agent(store, hall, agent).expect("no trap").expect("a handle")
    }

    pub fn watch(&mut self, selector: &str) -> Answer<ResourceAny> {
        let (store, functions, hall) = self.watchers();
        functions.call_watch(store, hall, &Selector::Text(selector.into()), &WATCH)
    }

    pub fn watcher(&mut self, selector: &str) -> (ResourceAny, u32) {
        let watcher = self.watch(selector).expect("no trap").expect("a watcher");
        let (store, functions, _) = self.watchers();
        (watcher, functions.watcher().call_id(store, watcher).expect("no trap"))
    }

    pub fn take(&mut self, watcher: ResourceAny) -> wasmtime::Result<Taken> {
        let (store, functions, _) = self.watchers();
        functions.watcher().call_take(store, watcher, 10)
    }

    pub fn ready(&mut self) -> Vec<u32> {
        let (store, functions, hall) = self.watchers();
        functions.call_ready(store, hall, 10).expect("no trap")
    }

    pub fn drop(&mut self, resource: ResourceAny) -> wasmtime::Result<()> {
        resource.resource_drop(&mut self.instance.store)
    }

    /// Sets what the following calls may use.
    pub fn fuel(&mut self, fuel: u64) {
        self.instance.store.set_fuel(fuel).expect("an engine with fuel");
    }

    /// After a trap: whatever is called in this store fails, whatever it may use.
    pub fn is_lost(&mut self) {
        let _ = self.instance.store.set_fuel(PLENTY);
        assert!(self.get("kept/1").is_err(), "get");
        assert!(self.put("after", &Value::Null).is_err(), "put");
        assert!(self.advance().is_err(), "advance");
        assert!(self.frames().is_err(), "frames");
        assert!(self.snapshot().is_err(), "snapshot");
        assert!(self.watch("**").is_err(), "watch");
        let (store, functions, hall) = self.hall();
        assert!(functions.call_close(&mut *store, hall).is_err(), "close");
        assert!(functions.call_open(store, &options(9), at(0)).is_err(), "open");
    }
}

/// Options for a session of the shared hall `trip`, whose agent is named by its seed.
pub fn sharing(seed: u64) -> state::Options {
    state::Options { name: "trip".into(), agent: format!("agent {seed}"), share: true, ..options(seed) }
}

/// A put, for a batch.
pub fn put(key: impl Into<String>, value: Value) -> Command {
    Command::Put(PutCommand { key: key.into(), value, options: None })
}

/// Whether an answer is this refusal.
pub fn is_refused<T>(answer: Answer<T>, expected: Code) -> bool {
    matches!(answer, Ok(Err(Error { code, .. })) if code == expected)
}

/// Lets two sides exchange all frames, for ten seconds in which both clocks run.
pub fn converge(a: &mut Side, b: &mut Side) {
    let start = a.ms.max(b.ms);
    for ms in (start..start + 10_000).step_by(50) {
        (a.ms, b.ms) = (ms, ms);
        for frame in a.told() {
            b.receive(&frame).expect("no trap").expect("a frame");
        }
        for frame in b.told() {
            a.receive(&frame).expect("no trap").expect("a frame");
        }
    }
}
