//! Measures the component in wasmtime, and writes `target/bench/component.json`.
//!
//! Its calls stand beside calls of a component that take the same arguments, give the same answers and do nothing
//! (`../empty`): what is left is what a hall costs. Also how long it takes to begin, and the whole state as bytes.

use bindings::Kernel;
use bindings::exports::statehall::hall::state::{Command, Options, PutCommand};
use bindings::exports::statehall::hall::types::{Time, Value};
use nothing::exports::statehall::empty::calls;
use statehall_bench::measure::{Measured, Subject, derive};
use statehall_bench::report::Row;
use std::hint::black_box;
use wasmtime::component::{Component, Linker, ResourceAny};
use wasmtime::{Engine, Error, Result, Store};

mod bindings {
    wasmtime::component::bindgen!({ path: "../../../wit", world: "kernel" });
}

mod nothing {
    wasmtime::component::bindgen!({ path: "../empty/wit", world: "empty" });
}

const SUBJECT: &str = "component";
const KEY: &str = "agents/planner/status";
const ENTRIES: usize = 20_000;
const NOW_MS: u64 = 1_700_000_000_000;
/// What one call may cost, as a multiple of the empty call.
const CALL_MAX: f64 = 1.5;

/// Everything that is measured.
fn subjects() -> Vec<Subject> {
    vec![put(), empty_put(), get(), empty_get(), batched(), compile(), instantiate(), snapshot(), restore()]
}

/// How often the empty call fits into the other.
fn derived(measured: &[Measured]) -> Vec<Row> {
    let find = |case: &str| measured.iter().find(|measured| measured.case == case);
    let ratio = |case: &str, empty: &str| {
        let row = derive(format!("{case}, over {empty}"), (find(case)?, find(empty)?), Some(CALL_MAX), |a, b| a / b);
        Some(Row { unit: "x", ..row })
    };
    [ratio("put", "the empty put"), ratio("get", "the empty get")].into_iter().flatten().collect()
}

/// A hall in an instance of its own.
struct Hall {
    store: Store<()>,
    kernel: Kernel,
    hall: ResourceAny,
}

impl Hall {
    fn open() -> Result<Self> {
        let (engine, component) = compiled("statehall.component.wasm")?;
        Self::in_instance(&engine, &component)
    }

    fn in_instance(engine: &Engine, component: &Component) -> Result<Self> {
        let mut store = Store::new(engine, ());
        let kernel = Kernel::instantiate(&mut store, component, &Linker::new(engine))?;
        let (name, agent) = ("bench".into(), "planner".into());
        let options = Options { name, agent, seed: 1, limits: Vec::new(), notify: true, share: false };
        let hall = kernel.statehall_hall_state().hall().call_open(&mut store, &options, now())?.expect("a hall");
        Ok(Self { store, kernel, hall })
    }

    fn put(&mut self, key: &str, value: i64) {
        let state = self.kernel.statehall_hall_state().hall();
        let put = state.call_put(&mut self.store, self.hall, black_box(key), &Value::Integer(value), NOW_MS);
        black_box(put).expect("no trap").expect("a put");
    }

    fn batch(&mut self, commands: &[Command]) {
        let state = self.kernel.statehall_hall_state().hall();
        let batch = state.call_batch(&mut self.store, self.hall, black_box(commands), NOW_MS);
        black_box(batch).expect("no trap").expect("a batch");
    }

    fn get(&mut self, key: &str) {
        let state = self.kernel.statehall_hall_state().hall();
        let get = state.call_get(&mut self.store, self.hall, black_box(key));
        black_box(get).expect("no trap").expect("a get").expect("a value");
    }

    fn snapshot(&mut self) -> Vec<u8> {
        let state = self.kernel.statehall_hall_state().hall();
        state.call_snapshot(&mut self.store, self.hall).expect("no trap").expect("a snapshot")
    }

    fn restore(&mut self, snapshot: &[u8]) {
        let state = self.kernel.statehall_hall_state().hall();
        state.call_restore(&mut self.store, self.hall, snapshot, now()).expect("no trap").expect("a restore");
    }
}

/// Calls that do nothing.
struct Empty {
    store: Store<()>,
    empty: nothing::Empty,
    hall: ResourceAny,
}

impl Empty {
    fn open() -> Result<Self> {
        let (engine, component) = compiled("empty.component.wasm")?;
        let mut store = Store::new(&engine, ());
        let empty = nothing::Empty::instantiate(&mut store, &component, &Linker::new(&engine))?;
        let hall = empty.statehall_empty_calls().hall().call_constructor(&mut store)?;
        Ok(Self { store, empty, hall })
    }

    fn put(&mut self, key: &str, value: i64) {
        let calls = self.empty.statehall_empty_calls().hall();
        let put = calls.call_put(&mut self.store, self.hall, black_box(key), &calls::Value::Integer(value), NOW_MS);
        black_box(put).expect("no trap").expect("an answer");
    }

    fn get(&mut self, key: &str) {
        let calls = self.empty.statehall_empty_calls().hall();
        let get = calls.call_get(&mut self.store, self.hall, black_box(key));
        black_box(get).expect("no trap").expect("an answer").expect("a value");
    }
}

fn put() -> Subject {
    Subject::operation(SUBJECT, "put", 5_000, || {
        let (mut hall, mut value) = (Hall::open()?, 0);
        Ok::<_, Error>(move || {
            value += 1;
            hall.put(KEY, value);
        })
    })
}

fn empty_put() -> Subject {
    Subject::operation(SUBJECT, "the empty put", 5_000, || {
        let (mut empty, mut value) = (Empty::open()?, 0);
        Ok::<_, Error>(move || {
            value += 1;
            empty.put(KEY, value);
        })
    })
}

fn get() -> Subject {
    Subject::operation(SUBJECT, "get", 5_000, || {
        let mut hall = Hall::open()?;
        hall.put(KEY, 1);
        Ok::<_, Error>(move || hall.get(KEY))
    })
}

fn empty_get() -> Subject {
    Subject::operation(SUBJECT, "the empty get", 5_000, || {
        let mut empty = Empty::open()?;
        Ok::<_, Error>(move || empty.get(KEY))
    })
}

/// A thousand puts in one call.
fn batched() -> Subject {
    Subject::task(SUBJECT, "batch of 1000 puts", || {
        let (mut hall, mut value) = (Hall::open()?, 0);
        let commands = move || {
            value += 1;
            (0..1_000).map(|n| command(n, value)).collect::<Vec<_>>()
        };
        Ok::<_, Error>((commands, move |commands: Vec<Command>| hall.batch(&commands)))
    })
}

/// From bytes to machine code, once in a host.
fn compile() -> Subject {
    Subject::task(SUBJECT, "compile", || {
        let engine = Engine::default();
        let bytes = std::fs::read(artifact("statehall.component.wasm"))?;
        Ok::<_, Error>((|| (), move |()| Component::new(&engine, &bytes).expect("a component")))
    })
    .rounds(5)
}

/// A store, an instance and an open hall: what a host needs after a trap, or for each user.
fn instantiate() -> Subject {
    Subject::task(SUBJECT, "instantiate and open", || {
        let (engine, component) = compiled("statehall.component.wasm")?;
        Ok::<_, Error>((|| (), move |()| Hall::in_instance(&engine, &component).expect("an instance")))
    })
}

/// Nothing has been encoded before: every entry has been written since the last snapshot.
fn snapshot() -> Subject {
    Subject::task(SUBJECT, format!("snapshot of {ENTRIES} entries"), || {
        let hall = std::rc::Rc::new(std::cell::RefCell::new(Hall::open()?));
        let (writing, mut value) = (hall.clone(), 0);
        let write = move || {
            value += 1;
            writing.borrow_mut().batch(&(0..ENTRIES).map(|n| command(n, value)).collect::<Vec<_>>());
        };
        Ok::<_, Error>((write, move |()| hall.borrow_mut().snapshot()))
    })
}

fn restore() -> Subject {
    Subject::task(SUBJECT, format!("restore of {ENTRIES} entries"), || {
        let (engine, component) = compiled("statehall.component.wasm")?;
        let mut hall = Hall::in_instance(&engine, &component)?;
        hall.batch(&(0..ENTRIES).map(|n| command(n, 1)).collect::<Vec<_>>());
        let snapshot = hall.snapshot();
        let open = move || Hall::in_instance(&engine, &component).expect("an instance");
        let restore = move |mut hall: Hall| {
            hall.restore(black_box(&snapshot));
            hall
        };
        Ok::<_, Error>((open, restore))
    })
}

fn command(n: usize, value: i64) -> Command {
    Command::Put(PutCommand { key: format!("agents/{n}/status"), value: Value::Integer(value), options: None })
}

fn compiled(name: &str) -> Result<(Engine, Component)> {
    let engine = Engine::default();
    let component = Component::from_file(&engine, artifact(name))?;
    Ok((engine, component))
}

fn artifact(name: &str) -> String {
    format!("{}/../../../target/component/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn now() -> Time {
    Time { unix_ms: NOW_MS, monotonic_ms: 0 }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    statehall_bench::run("component", subjects(), derived)
}
