//! "Then the instance is lost, and in wasmtime everything else in the same store."

use crate::side::{PLENTY, Side, put};
use statehall_component_tests::types::Value;
use statehall_component_tests::{Bounds, Kernel, artifact, at, compiled, options};
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, Store, Trap};

fn fueled(seed: u64) -> Side {
    Side::open(&Bounds { fuel: Some(PLENTY), ..Bounds::default() }, &options(seed), 0)
}

fn trap(side: &mut Side) {
    side.fuel(1_000);
    let error = side.put("half", &Value::Text("text".repeat(10_000))).expect_err("too little fuel");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::OutOfFuel));
}

#[test]
fn a_trap_takes_its_whole_store_along() {
    let (engine, component) = compiled(true);
    let mut side = fueled(1);
    // A second instance and its hall, in the same store.
    let store = &mut side.instance.store;
    let neighbour = Kernel::instantiate(&mut *store, component, &Linker::new(engine)).expect("an instance");
    let functions = neighbour.statehall_hall_state();
    let hall = functions.hall().call_open(&mut *store, &options(2), at(0)).expect("no trap").expect("a hall");
    trap(&mut side);
    side.is_lost();
    let store = &mut side.instance.store;
    assert!(functions.hall().call_get(&mut *store, hall, "a").is_err(), "the neighbour is lost as well");
    // Instantiating may succeed, but what comes of it is of no use.
    let opened = Kernel::instantiate(&mut *store, component, &Linker::new(engine)).and_then(|kernel| {
        let opened = kernel.statehall_hall_state().hall().call_open(&mut *store, &options(3), at(0))?;
        Ok(opened.is_ok())
    });
    assert!(opened.is_err(), "and so is whatever is put into this store later");
}

#[test]
fn a_trap_leaves_other_stores_alone() {
    let (mut lost, mut other) = (fueled(1), fueled(2));
    other.write("a", 1);
    trap(&mut lost);
    lost.is_lost();
    assert_eq!(other.number("a"), Some(1));
    drop(lost);
    other.write("a", 2);
    assert_eq!(other.number("a"), Some(2));
}

#[test]
fn a_refusal_is_no_trap() {
    let mut side = fueled(1);
    let refused = side.put("*", &Value::Null).expect("no trap");
    assert!(refused.is_err());
    side.write("a", 1);
    assert_eq!(side.number("a"), Some(1));
}

#[test]
fn handles_of_a_lost_store_need_not_be_dropped() {
    let mut side = fueled(1);
    let (watcher, _) = side.watcher("**");
    trap(&mut side);
    assert!(side.drop(watcher).is_err(), "there is nobody to tell");
    assert!(side.drop(side.hall).is_err());
}

#[test]
fn a_deadline_of_the_host_is_a_trap_too() {
    let mut config = Config::new();
    config.epoch_interruption(true);
    let engine = Engine::new(&config).expect("an engine");
    let component = Component::from_file(&engine, artifact()).expect("the component");
    let mut store = Store::new(&engine, ());
    store.set_epoch_deadline(1);
    let kernel = Kernel::instantiate(&mut store, &component, &Linker::new(&engine)).expect("an instance");
    let functions = kernel.statehall_hall_state();
    let hall = functions.hall().call_open(&mut store, &options(1), at(0)).expect("no trap").expect("a hall");
    engine.increment_epoch();
    let error = functions.hall().call_batch(&mut store, hall, &[put("a", Value::Null)], 0).expect_err("too late");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::Interrupt));
    store.set_epoch_deadline(1_000);
    assert!(functions.hall().call_get(&mut store, hall, "a").is_err());
}
