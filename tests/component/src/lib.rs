//! The component as a host sees it: the artifact that "make component" has built, its types, and a store of its own for
//! each instance.

use std::path::PathBuf;
use std::sync::OnceLock;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store, StoreLimits, StoreLimitsBuilder};

pub mod values;

/// What wasmtime makes of `wit/`.
#[allow(missing_docs, reason = "the documentation is in wit/")]
pub mod bindings {
    wasmtime::component::bindgen!({ path: "../../wit", world: "kernel" });
}

pub use bindings::Kernel;
pub use bindings::exports::statehall::hall::{contexts, machines, owners, state, types, variables, watchers};

/// One instance of the component, in a store of its own.
pub struct Instance {
    /// The store. After a trap nothing in it answers any more.
    pub store: Store<StoreLimits>,
    /// The exports.
    pub kernel: Kernel,
}

impl Instance {
    /// A new instance without bounds.
    pub fn new() -> Self {
        Self::within(&Bounds::default()).expect("the component is instantiated without imports")
    }

    /// A new instance, whose host limits what it may use.
    pub fn within(bounds: &Bounds) -> wasmtime::Result<Self> {
        let (engine, component) = compiled(bounds.fuel.is_some());
        let mut limits = StoreLimitsBuilder::new();
        if let Some(memory_bytes) = bounds.memory_bytes {
            limits = limits.memory_size(memory_bytes);
        }
        let mut store = Store::new(engine, limits.build());
        store.limiter(|limits| limits);
        if let Some(fuel) = bounds.fuel {
            store.set_fuel(fuel)?;
        }
        // Nothing is linked: there is nothing to import.
        let kernel = Kernel::instantiate(&mut store, component, &Linker::new(engine))?;
        Ok(Self { store, kernel })
    }
}

impl Default for Instance {
    fn default() -> Self {
        Self::new()
    }
}

/// What a host allows an instance to use.
#[derive(Default)]
pub struct Bounds {
    /// Units of fuel, about one for each instruction.
    pub fuel: Option<u64>,
    /// Bytes of memory.
    pub memory_bytes: Option<usize>,
}

/// The artifact.
pub fn artifact() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/component/statehall.component.wasm")
}

/// The component, compiled once with fuel and once without.
pub fn compiled(fuel: bool) -> &'static (Engine, Component) {
    static COMPILED: [OnceLock<(Engine, Component)>; 2] = [OnceLock::new(), OnceLock::new()];
    COMPILED[usize::from(fuel)].get_or_init(|| {
        let mut config = Config::new();
        config.consume_fuel(fuel);
        let engine = Engine::new(&config).expect("an engine");
        let path = artifact();
        let component = Component::from_file(&engine, &path);
        (engine, component.unwrap_or_else(|error| panic!("{}: {error:?}: run \"make component\"", path.display())))
    })
}

/// Options for a hall of its own, whose randomness is the seed.
pub fn options(seed: u64) -> state::Options {
    state::Options {
        name: "default".into(),
        agent: "anonymous".into(),
        seed,
        limits: Vec::new(),
        notify: true,
        share: false,
    }
}

/// A watcher of which nothing is asked.
pub const WATCH: watchers::WatchOptions = watchers::WatchOptions {
    initial: false,
    filter: None,
    owner: None,
    deliver_ms: None,
    capacity: None,
    overflow: None,
};

/// Both clocks at one moment.
pub fn at(ms: u64) -> types::Time {
    types::Time { unix_ms: ms, monotonic_ms: ms }
}
