//! Fuel that runs out at every stage of every costly call. A call either is done or traps; after a trap nothing in the
//! store answers, and what a fresh store makes of the last snapshot is exactly what was there when it was taken.

use crate::side::{Map, PLENTY, Side, converge, put, sharing};
use statehall_component_tests::types::Value;
use statehall_component_tests::{Bounds, at, options};
use wasmtime::Trap;

/// At how many amounts of fuel, from none to almost enough, each call is tried.
const LEVELS: u64 = 40;

/// A state worth keeping: values of every kind, an entry that lives for a while, and a delete.
fn prepared() -> (Vec<u8>, Map) {
    let mut side = Side::open(&fueled(), &sharing(1), 1_000);
    for n in 0..50 {
        side.write(&format!("kept/{n}"), n);
    }
    let many = [
        put("kinds/text", Value::Text("text".repeat(100))),
        put("kinds/float", Value::Float(0.5)),
        put("kinds/bytes", Value::Bytes(vec![7; 300])),
        put("kinds/list", Value::Cbor(vec![0x82, 0x01, 0xf6])),
    ];
    side.batch(&many).expect("no trap").expect("a batch");
    let (store, functions, hall) = side.hall();
    functions.call_delete(store, hall, "kept/49", 1_000).expect("no trap").expect("a delete");
    (side.saved(), side.map())
}

fn fueled() -> Bounds {
    Bounds { fuel: Some(PLENTY), ..Bounds::default() }
}

/// A session that shares the hall and has restored the snapshot.
fn restored(seed: u64, snapshot: &[u8]) -> Side {
    let mut side = Side::open(&fueled(), &sharing(seed), 2_000);
    side.fuel(PLENTY);
    side.restore(snapshot).expect("no trap").expect("a snapshot");
    side
}

/// Tries a call with ever more fuel. `before` prepares a side, `work` is the call; both are the same each time. `after`
/// is told of each side that was lost.
fn sweep(name: &str, before: impl Fn() -> Side, work: impl Fn(&mut Side) -> wasmtime::Result<()>, after: impl Fn()) {
    let mut whole = before();
    whole.fuel(PLENTY);
    work(&mut whole).unwrap_or_else(|error| panic!("{name} with plenty of fuel: {error:?}"));
    let cost = PLENTY - whole.instance.store.get_fuel().expect("an engine with fuel");
    assert!(cost > LEVELS, "{name} is too cheap to be interrupted: {cost}");

    let mut enough = before();
    enough.fuel(cost);
    work(&mut enough).unwrap_or_else(|error| panic!("{name} costs {cost} each time: {error:?}"));

    for level in 0..LEVELS {
        let fuel = cost * level / LEVELS;
        let mut side = before();
        side.fuel(fuel);
        let error = work(&mut side).expect_err("too little fuel");
        let trap = error.downcast_ref::<Trap>();
        assert_eq!(trap, Some(&Trap::OutOfFuel), "{name} with {fuel} of {cost}: {error:?}");
        side.is_lost();
        after();
    }
}

/// The call traps or is done, and what a fresh store restores is the snapshot, whole and nothing besides.
fn sweep_over_snapshot(name: &str, work: impl Fn(&mut Side) -> wasmtime::Result<()>) {
    let (snapshot, map) = prepared();
    let after = || assert_eq!(restored(3, &snapshot).map(), map, "{name}");
    sweep(name, || restored(2, &snapshot), work, after);
}

#[test]
fn in_a_put() {
    sweep_over_snapshot("a put", |side| side.put("kept/1", &Value::Text("new".repeat(1_000))).map(drop));
}

#[test]
fn in_a_batch() {
    let many: Vec<_> = (0..60).map(|n| put(format!("kept/{n}"), Value::Integer(-n))).collect();
    sweep_over_snapshot("a batch", |side| side.batch(&many).map(drop));
}

#[test]
fn in_a_clear() {
    sweep_over_snapshot("a clear", |side| {
        let (store, functions, hall) = side.hall();
        functions.call_clear(store, hall, None, 2_000).map(drop)
    });
}

#[test]
fn in_a_batch_of_many_calls() {
    sweep_over_snapshot("a batch of calls", |side| {
        let (store, functions, hall) = side.hall();
        let begun = functions.call_begin(&mut *store, hall)?;
        begun.expect("a batch");
        for n in 0..10 {
            let written = functions.call_put(&mut *store, hall, &format!("kept/{n}"), &Value::Null, 2_000)?;
            written.expect("a put");
        }
        functions.call_commit(store, hall, 2_000).map(drop)
    });
}

#[test]
fn in_reading_and_listing() {
    sweep_over_snapshot("a map", |side| {
        let (store, functions, hall) = side.hall();
        functions.call_to_map(store, hall, None).map(drop)
    });
}

#[test]
fn in_a_snapshot() {
    sweep_over_snapshot("a snapshot", |side| side.snapshot().map(drop));
}

#[test]
fn in_telling_others() {
    sweep_over_snapshot("frames", |side| {
        side.advance()?.expect("time passes");
        side.frames().map(drop)
    });
}

#[test]
fn in_dropping_the_last_handle() {
    sweep_over_snapshot("the last drop", |side| side.drop(side.hall));
}

#[test]
fn in_watching_and_taking() {
    sweep_over_snapshot("a watch", |side| {
        let watcher = side.watch("kept/*")?.expect("a watcher");
        side.put("kept/1", &Value::Null)?.expect("a put");
        side.take(watcher).map(drop)
    });
}

#[test]
fn in_a_restore() {
    let (snapshot, map) = prepared();
    // The bytes are the host's: whatever became of them in the store that was lost, they restore.
    let after = || assert_eq!(restored(3, &snapshot).map(), map);
    let before = || Side::open(&fueled(), &sharing(2), 2_000);
    sweep("a restore", before, |side| side.restore(&snapshot).map(drop), after);
}

#[test]
fn in_taking_in_a_frame() {
    let (snapshot, _) = prepared();
    let mut other = restored(4, &snapshot);
    other.told();
    let many: Vec<_> = (0..60).map(|n| put(format!("kept/{n}"), Value::Integer(-n))).collect();
    other.batch(&many).expect("no trap").expect("a batch");
    let frames = other.told();
    let map = other.map();
    let (again, frames) = (other.saved(), &frames);
    let work = |side: &mut Side| {
        for frame in frames {
            side.receive(frame)?.expect("a frame");
        }
        Ok(())
    };
    // The frame was lost in the trap. The session that restores asks, and gets what was in it.
    let after = || {
        let (mut fresh, mut other) = (restored(3, &snapshot), restored(5, &again));
        assert_ne!(fresh.map(), map);
        converge(&mut fresh, &mut other);
        assert_eq!((fresh.map(), other.map()), (map.clone(), map.clone()));
    };
    sweep("a frame", || restored(2, &snapshot), work, after);
}

#[test]
fn in_opening() {
    let before = || Side::open(&fueled(), &options(2), 2_000);
    let work = |side: &mut Side| {
        let (store, functions, _) = side.hall();
        functions.call_open(store, &options(3), at(2_000)).map(drop)
    };
    sweep("an opening", before, work, || {});
}
