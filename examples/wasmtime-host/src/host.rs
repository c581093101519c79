//! The component in this program: compiled once, and for each hall an instance in a store of its own.

use crate::clock::{Clock, seed};
use std::fmt;
use std::path::Path;
use wasmtime::component::{Component, Linker, ResourceAny};
use wasmtime::{Config, Engine, Store, StoreLimits, StoreLimitsBuilder};

/// What wasmtime makes of `wit/`, where the documentation is.
mod bindings {
    wasmtime::component::bindgen!({ path: "../../wit", world: "kernel" });
}

pub use bindings::Kernel;
pub use bindings::exports::statehall::hall::{state, types, watchers};

/// What one call may use. A put takes some thousands; all that an agent does in one call has to fit.
const FUEL_PER_CALL: u64 = 5_000_000;

/// What an instance may use: more than the limits below can lead to, by the rule in `wit/world.wit`.
const MEMORY_BYTES: usize = 32 << 20;

/// What the hall refuses by itself, with an error that its caller can deal with. Fuel and memory are for what these do
/// not catch, because running out of either costs the whole store.
const LIMITS: [(state::Limit, u64); 5] = [
    (state::Limit::Entries, 1_000),
    (state::Limit::Bytes, 1 << 20),
    (state::Limit::ValueBytes, 64 << 10),
    (state::Limit::Queue, 64),
    // What others send is put together in this memory too.
    (state::Limit::MessageBytes, 4 << 20),
];

/// Why a call has no answer.
#[derive(Debug)]
pub enum Trouble {
    /// The hall has refused. Nothing has changed, and it goes on.
    Refused(types::Error),
    /// The call has trapped. The store is lost, with everything in it. (The use of a handle that was dropped ends here
    /// too; that is a mistake in this program.)
    Lost(wasmtime::Error),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(types::Error { code, detail }) => write!(f, "{}: {detail}", code_name(*code)),
            // The trap itself; what is around it is where in the code it was.
            Self::Lost(error) => write!(f, "{}", error.root_cause()),
        }
    }
}

impl std::error::Error for Trouble {}

impl From<wasmtime::Error> for Trouble {
    fn from(error: wasmtime::Error) -> Self {
        Self::Lost(error)
    }
}

/// The component, compiled.
pub struct Program {
    engine: Engine,
    component: Component,
}

impl Program {
    /// Compiles the component.
    pub fn load(path: &Path) -> wasmtime::Result<Self> {
        if !path.exists() {
            return Err(wasmtime::format_err!("there is no {}: run \"make component\" first", path.display()));
        }
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config)?;
        let component = Component::from_file(&engine, path)?;
        Ok(Self { engine, component })
    }

    /// An instance in a store of its own, and a hall in it.
    pub fn open(&self, name: &str, agent: &str, share: bool) -> Result<Room, Trouble> {
        let limits = StoreLimitsBuilder::new().memory_size(MEMORY_BYTES).build();
        let mut store = Store::new(&self.engine, limits);
        store.limiter(|limits| limits);
        store.set_fuel(FUEL_PER_CALL)?;
        // Nothing is linked: the component imports nothing, so it can reach nothing.
        let kernel = Kernel::instantiate(&mut store, &self.component, &Linker::new(&self.engine))?;
        let clock = Clock::new();
        let options = state::Options {
            name: name.into(),
            agent: agent.into(),
            seed: seed(),
            limits: LIMITS.to_vec(),
            notify: true,
            share,
        };
        let opened = kernel.statehall_hall_state().hall().call_open(&mut store, &options, clock.now())?;
        let hall = opened.map_err(Trouble::Refused)?;
        Ok(Room { store, kernel, clock, hall })
    }
}

/// One hall, in a store of its own, so that a trap takes nothing else along.
pub struct Room {
    store: Store<StoreLimits>,
    kernel: Kernel,
    clock: Clock,
    /// The first handle.
    pub hall: ResourceAny,
}

impl Room {
    /// Calls the component, with the fuel of one call.
    pub fn call<T>(
        &mut self,
        work: impl FnOnce(&mut Store<StoreLimits>, &Kernel) -> wasmtime::Result<Result<T, types::Error>>,
    ) -> Result<T, Trouble> {
        self.store.set_fuel(FUEL_PER_CALL)?;
        work(&mut self.store, &self.kernel)?.map_err(Trouble::Refused)
    }

    /// The present.
    pub fn now(&self) -> types::Time {
        self.clock.now()
    }
}

/// The code as every face of statehall writes it: `invalid-key` for `InvalidKey`.
fn code_name(code: types::Code) -> String {
    let variant = format!("{code:?}");
    let words = variant.rsplit(':').next().unwrap_or_default().chars();
    let kebab = words.flat_map(|char| [char.is_uppercase().then_some('-'), Some(char.to_ascii_lowercase())]);
    kebab.flatten().skip(1).collect()
}
