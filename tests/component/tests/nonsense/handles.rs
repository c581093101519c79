//! Handles after they were dropped, of another kind and of another instance.
//!
//! The component does not see them: wasmtime counts a generation for each place in its table of handles, and knows of
//! which instance and type each is. It answers with an error of its own before it calls, which is no trap: no code has
//! run, and everything in the store goes on. A place that is used again does not make an old handle good again.

use super::arguments::other_frame;
use super::calls::{Named, fallible, infallible, kept};
use super::subject::{Subject, now};
use statehall_component_tests::{Instance, Kernel, at, compiled, options};
use wasmtime::Trap;
use wasmtime::component::{Linker, ResourceAny};

fn everything(subject: &mut Subject) -> Vec<Named> {
    let snapshot = subject.ask(|hall, store, this| hall.call_snapshot(store, this)).expect("a snapshot");
    let mut calls = fallible(kept(other_frame()), kept(snapshot));
    calls.extend(infallible());
    calls
}

/// The host refuses every call with this handle, no code runs, and the hall goes on.
fn refuses_all(subject: &mut Subject, handle: ResourceAny, why: &str) {
    let calls = everything(subject);
    subject.unchanged(why, |subject| {
        let Instance { store, kernel } = &mut subject.instance;
        for (name, call) in &calls {
            let error = call(store, kernel, handle).expect_err(name);
            assert!(error.downcast_ref::<Trap>().is_none(), "{name}: {error:?}");
            assert!(error.to_string().contains(why), "{name}: {error:?}");
        }
    });
    subject.works();
}

/// The host refuses both functions of a watcher.
fn refuses_to_take(subject: &mut Subject, handle: ResourceAny, why: &str) {
    let Instance { store, kernel } = &mut subject.instance;
    let watcher = kernel.statehall_hall_watchers().watcher();
    let errors = [
        watcher.call_take(&mut *store, handle, 1).expect_err("a take"),
        watcher.call_id(&mut *store, handle).expect_err("an id"),
    ];
    for error in errors {
        assert!(error.downcast_ref::<Trap>().is_none() && error.to_string().contains(why), "{error:?}");
    }
    subject.works();
}

fn watch(subject: &mut Subject) -> ResourceAny {
    let all = statehall_component_tests::types::Selector::Text("**".into());
    let plain = statehall_component_tests::watchers::WatchOptions { initial: true, ..statehall_component_tests::WATCH };
    let hall = subject.hall;
    let watch = |store: &mut _, kernel: &Kernel| kernel.statehall_hall_watchers().call_watch(store, hall, &all, &plain);
    subject.call(watch).expect("a watcher")
}

#[test]
fn after_they_were_dropped() {
    let mut subject = Subject::new(true);
    let handle = subject.ask(|hall, store, this| hall.call_as_agent(store, this, "other")).expect("another handle");
    let watcher = watch(&mut subject);
    subject.call(|store, _| handle.resource_drop(store));
    subject.call(|store, _| watcher.resource_drop(store));
    refuses_all(&mut subject, handle, "unknown handle index");
    refuses_to_take(&mut subject, watcher, "unknown handle index");
    for dropped in [handle, watcher] {
        let again = dropped.resource_drop(&mut subject.instance.store).expect_err("dropped twice");
        assert!(again.downcast_ref::<Trap>().is_none(), "{again:?}");
    }
    // New handles take the places of the old.
    let handles: Vec<_> = (0..4).map(|_| watch(&mut subject)).collect();
    refuses_all(&mut subject, handle, "already de-allocated");
    refuses_to_take(&mut subject, watcher, "already de-allocated");
    for handle in handles {
        subject.call(|store, _| handle.resource_drop(store));
    }
}

#[test]
fn of_another_kind() {
    let mut subject = Subject::new(false);
    let watcher = watch(&mut subject);
    refuses_all(&mut subject, watcher, "mismatched resource types");
    let hall = subject.hall;
    refuses_to_take(&mut subject, hall, "mismatched resource types");
    subject.call(|store, _| watcher.resource_drop(store));
}

#[test]
fn of_another_instance() {
    let mut subject = Subject::new(false);
    let mut elsewhere = Subject::new(false);
    let far = watch(&mut elsewhere);
    let handle = elsewhere.hall;
    refuses_all(&mut subject, handle, "mismatched resource types");
    refuses_to_take(&mut subject, far, "mismatched resource types");

    // In one store as well.
    let (engine, component) = compiled(false);
    let store = &mut subject.instance.store;
    let beside = Kernel::instantiate(&mut *store, component, &Linker::new(engine)).expect("a second instance");
    let opened = beside.statehall_hall_state().hall().call_open(&mut *store, &options(3), at(0));
    let neighbour = opened.expect("no trap").expect("a hall");
    refuses_all(&mut subject, neighbour, "mismatched resource types");
    let store = &mut subject.instance.store;
    let open = beside.statehall_hall_state().hall().call_is_closed(&mut *store, neighbour).expect("no trap");
    assert!(!open, "the neighbour goes on too");
    elsewhere.works();
    assert!(elsewhere.ask(|hall, store, this| hall.call_advance(store, this, now())).is_ok());
}
