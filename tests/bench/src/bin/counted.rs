//! Does one of the kernel's hot operations so many times, for a program that counts instructions.
//!
//!     counted put 20000
//!
//! What is prepared does not depend on how many operations follow, so the difference between two runs is theirs alone.

use statehall::kernel::{Behind, Command, Kernel, Measured, Options, Time, WatchOptions};
use statehall::state::selection::{Selection, WatchId};
use statehall::{Error, Key, Selector, Value};
use std::hint::black_box;
use std::rc::Rc;

const KEYS: usize = 1_000;
/// Cells of one message: what a peer sends that has written for a while.
const CELLS: usize = 100;
const MESSAGES: usize = 200;
const NOW_MS: u64 = 1_700_000_000_000;

fn main() -> Result<(), Error> {
    let arguments: Vec<_> = std::env::args().collect();
    let times = arguments.get(2).and_then(|times| times.parse().ok()).unwrap_or(0);
    match arguments.get(1).map(String::as_str) {
        Some("put") => put(times),
        Some("behind") => behind(times),
        Some("get") => get(times),
        Some("match") => select(times),
        Some("merge") => merge(times),
        _ => panic!("counted put|behind|get|match|merge TIMES"),
    }
}

fn time(ms: u64) -> Time {
    Time { unix_ms: NOW_MS + ms, monotonic_ms: ms }
}

fn keys() -> Vec<String> {
    (0..KEYS).map(|n| format!("agents/agent-{n}/status")).collect()
}

/// Visits everything in an order that no cache likes.
fn scattered(n: usize) -> usize {
    n * 7_919 % KEYS
}

fn command(key: &str, value: i64, origin: &Rc<str>) -> Result<Command<Value>, Error> {
    let value = Measured { value: value.into(), bytes: 9 };
    let (key, origin) = (Key::parse(key)?, origin.clone());
    Ok(Command::Put { key, value, metadata: None, origin, expect: None, ttl_ms: None, touch: false })
}

/// A kernel in which every key has a value.
fn filled(seed: u64) -> Result<Kernel<Value>, Error> {
    let mut kernel = Kernel::new(Options { seed, ..Options::default() }, ())?;
    for key in keys() {
        kernel.apply(command(&key, 0, &"agent".into())?, NOW_MS)?;
    }
    Ok(kernel)
}

/// Puts to known slots, each with a watch of its own.
fn put(times: usize) -> Result<(), Error> {
    let mut kernel = filled(1)?;
    let origin: Rc<str> = "agent".into();
    let mut slots = Vec::new();
    for key in keys() {
        kernel.watch(Selector::parse(&key)?, WatchOptions::default())?;
        slots.extend(kernel.slot(&key));
    }
    for n in 0..KEYS + times {
        let hot = kernel.put_slot(slots[scattered(n)], (n as i64 + 1).into(), 9, &origin, NOW_MS)?;
        assert!(black_box(hot).changed);
    }
    Ok(())
}

/// Puts that a face has taken itself, and tells of later.
fn behind(times: usize) -> Result<(), Error> {
    let mut kernel = filled(1)?;
    let origin: Rc<str> = "agent".into();
    let slots: Vec<_> = keys().iter().filter_map(|key| kernel.slot(key)).collect();
    for &slot in &slots {
        assert!(kernel.grant(slot).is_some());
    }
    let first = kernel.revision() + 1;
    for n in 0..KEYS + times {
        let (value, revision) = (None, first + n as u64);
        let put = Behind { value, bytes: 9, revision, origin: &origin, unix_ms: NOW_MS };
        kernel.catch_up(slots[scattered(n)], black_box(put))?;
    }
    assert_eq!(kernel.revision(), first + (KEYS + times) as u64 - 1);
    Ok(())
}

/// Reads by text.
fn get(times: usize) -> Result<(), Error> {
    let (kernel, keys) = (filled(1)?, keys());
    for n in 0..times {
        assert!(black_box(kernel.entry(black_box(&keys[scattered(n)]))).is_some());
    }
    Ok(())
}

/// Finds the watches of a key among thousands: those of the key itself, of its namespace, of a pattern.
fn select(times: usize) -> Result<(), Error> {
    let mut selection = Selection::new(1);
    let keys = keys();
    for (n, key) in keys.iter().enumerate() {
        selection.add(&Selector::parse(key)?, WatchId(n as u32));
        selection.add(&Selector::parse(&format!("agents/agent-{n}/**"))?, WatchId((KEYS + n) as u32));
    }
    selection.add(&Selector::parse("agents/*/status")?, WatchId(2 * KEYS as u32));
    let keys = keys.iter().map(|key| Key::parse(key)).collect::<Result<Vec<_>, _>>()?;
    for n in 0..times {
        assert_eq!(black_box(selection.matching(keys[scattered(n)].text())).len(), 3);
    }
    Ok(())
}

/// Merges cells that a peer has written; one message holds [`CELLS`] of them.
fn merge(times: usize) -> Result<(), Error> {
    let (mut writer, mut reader) = (filled(1)?, filled(2)?);
    let (keys, origin) = (keys(), Rc::from("agent"));
    let mut frames = Vec::new();
    writer.join(time(0));
    reader.join(time(0));
    for message in 0..MESSAGES {
        for cell in 0..CELLS {
            let n = message * CELLS + cell;
            writer.apply(command(&keys[scattered(n)], n as i64 + 1, &origin)?, NOW_MS + 1)?;
        }
        writer.advance(time(1));
        frames.extend(std::iter::from_fn(|| writer.next_frame()));
    }
    for frame in frames.iter().take(times.div_ceil(CELLS)) {
        reader.receive(black_box(frame), time(1))?;
        while reader.next_effect().is_some() {}
    }
    Ok(())
}
