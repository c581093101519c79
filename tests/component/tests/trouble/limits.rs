//! The limits of a hall refuse before those of its store trap, and what the store's do if they are lower.

use crate::side::{Side, converge, is_refused, put, sharing};
use statehall_component_tests::state::{Limit, Options, PutOptions};
use statehall_component_tests::types::{Code, Selector, Value};
use statehall_component_tests::{Bounds, options};
use wasmtime::Trap;

const MIB: usize = 1 << 20;

fn within(memory_bytes: usize) -> Bounds {
    Bounds { memory_bytes: Some(memory_bytes), ..Bounds::default() }
}

/// A hall that is full at a mebibyte of keys, values and metadata.
fn small(seed: u64) -> Options {
    Options { limits: vec![(Limit::Bytes, MIB as u64)], ..options(seed) }
}

/// Writes a value into a folder until something other than a put happens.
fn fill(side: &mut Side, folder: &str, value: &Value) -> (u64, crate::side::Answer<()>) {
    for n in 0.. {
        match side.put(&format!("{folder}/{n}"), value) {
            Ok(Ok(_)) => {}
            other => return (n, other.map(|refused| refused.map(drop))),
        }
    }
    unreachable!("nothing is without end")
}

#[test]
fn a_limit_of_the_hall_refuses_and_nothing_is_lost() {
    // Small entries cost the most beyond their bytes; a list costs no more than other bytes, whatever is in it.
    let bytes = |length| Value::Bytes(vec![1; length]);
    let values =
        [(bytes(0), 90_000), (bytes(32), 24_000), (bytes(1_000), 1_030), (bytes(100_000), 10), (nulls(100_000), 10)];
    for (value, entries) in values {
        // What the world says is enough.
        let tombstones = entries / 4;
        let memory_bytes = 2 * MIB + 5 * MIB + 600 * (entries + tombstones);
        let limits = [(Limit::Bytes, MIB), (Limit::Entries, entries), (Limit::Tombstones, tombstones)];
        let limits = limits.map(|(limit, value)| (limit, value as u64)).to_vec();
        let mut side = Side::open(&within(memory_bytes), &Options { limits, ..options(1) }, 0);
        let (written, refusal) = fill(&mut side, "notes", &value);
        assert!(is_refused(refusal, Code::Limit), "{entries} entries");
        let usage = side.usage();
        assert!(usage.entries == written && usage.bytes <= MIB as u64 && usage.bytes > MIB as u64 * 8 / 10);
        let saved = side.saved();
        side.restore(&saved).expect("no trap").expect("the snapshot of a full hall");

        let (store, functions, hall) = side.hall();
        let cleared = functions.call_clear(store, hall, Some(&Selector::Text("notes/*".into())), 0);
        assert_eq!(cleared.expect("no trap").expect("a clear"), written);
        side.advance().expect("no trap").expect("time passes");
        assert_eq!(side.usage().tombstones, tombstones as u64, "the oldest deletes are forgotten");
        assert!(is_refused(fill(&mut side, "again", &value).1, Code::Limit), "room again, for other keys");
        side.saved();
    }
}

/// A list of nulls, which have one byte each.
fn nulls(count: u32) -> Value {
    let mut cbor = vec![0x9a];
    cbor.extend_from_slice(&count.to_be_bytes());
    cbor.resize(cbor.len() + count as usize, 0xf6);
    Value::Cbor(cbor)
}

#[test]
fn what_is_too_long_is_not_even_looked_at() {
    let limits = vec![(Limit::ValueBytes, 1_000), (Limit::MetadataBytes, 1_000)];
    let mut side = Side::open(&within(8 * MIB), &Options { limits, ..options(1) }, 0);
    assert!(is_refused(side.put("list", &nulls(2_000_000)), Code::Limit));
    let Value::Cbor(metadata) = nulls(2_000_000) else { unreachable!() };
    let options = PutOptions { expect: None, metadata: Some(metadata), ttl_ms: None, touch: false };
    let (store, functions, hall) = side.hall();
    let put = functions.call_put_with(store, hall, "a", &Value::Null, &options, 0);
    assert!(is_refused(put, Code::Limit));
    side.write("a", 1);
}

#[test]
fn a_key_that_is_no_key_is_not_quoted_at_length() {
    let mut side = Side::open(&within(8 * MIB), &options(1), 0);
    let key = "\u{1}".repeat(1 << 20) + "/";
    let refusal = side.put(&key, &Value::Null).expect("no trap").expect_err("an empty segment");
    assert!(refusal.code == Code::InvalidKey && refusal.detail.len() < 1_000);
    let refusal = side.batch(&[put(&key, Value::Null)]).expect("no trap").expect_err("an empty segment");
    assert!(refusal.detail.starts_with("command 1 (put \"") && refusal.detail.len() < 2_000);
    side.write("a", 1);
}

#[test]
fn two_full_halls_merge_within_twice_the_memory() {
    let entries = 20_000;
    let message_bytes = 4 * MIB;
    let limits = [(Limit::Bytes, MIB), (Limit::Entries, entries), (Limit::MessageBytes, message_bytes)];
    let limits: Vec<_> = limits.map(|(limit, value)| (limit, value as u64)).to_vec();
    let memory_bytes = 2 * (2 * MIB + 5 * MIB + 600 * entries) + 2 * message_bytes;
    let [mut ann, mut bob] = [1, 2]
        .map(|seed| Side::open(&within(memory_bytes), &Options { limits: limits.clone(), ..sharing(seed) }, 1_000));
    for (side, name) in [(&mut ann, "ann"), (&mut bob, "bob")] {
        let value = Value::Bytes(vec![1; 32]);
        let full = (0..).find(|n| side.put(&format!("{name}/{n}"), &value).expect("no trap").is_err());
        assert!(full.is_some_and(|written| written > 10_000));
    }
    let both = ann.usage().entries + bob.usage().entries;
    converge(&mut ann, &mut bob);
    assert_eq!((ann.usage().entries, bob.usage().entries), (both, both));
    assert_eq!(ann.saved(), bob.saved());
}

#[test]
fn a_refused_batch_changes_nothing() {
    let mut side = Side::open(&within(16 * MIB), &small(1), 0);
    side.write("kept/1", 1);
    let (revision, before) = (side.revision(), side.map());
    let many: Vec<_> = (0..20).map(|n| put(format!("notes/{n}"), Value::Bytes(vec![0; 100_000]))).collect();
    assert!(is_refused(side.batch(&many), Code::Limit));
    assert_eq!((side.revision(), side.map()), (revision, before));
}

#[test]
fn memory_runs_out_if_it_is_less_than_the_hall_may_use() {
    // The limits of this hall are the defaults, which are far above this memory.
    let mut side = Side::open(&within(4 * MIB), &options(1), 0);
    side.write("kept/1", 1);
    let saved = side.saved();
    let (written, error) = fill(&mut side, "notes", &Value::Bytes(vec![1; 10_000]));
    let error = error.expect_err("memory has run out");
    assert_eq!(error.downcast_ref::<Trap>(), Some(&Trap::UnreachableCodeReached), "{error:?}");
    assert!(written > 50, "most of the memory was of use: {written}");
    side.is_lost();
    let mut fresh = Side::open(&within(4 * MIB), &options(2), 0);
    fresh.restore(&saved).expect("no trap").expect("a snapshot");
    assert_eq!(fresh.number("kept/1"), Some(1));
    assert_eq!(fresh.usage().entries, 1, "what was written after the snapshot is gone");
}

#[test]
fn memory_runs_out_while_the_host_hands_over_what_is_too_large() {
    let mut side = Side::open(&within(4 * MIB), &options(1), 0);
    assert!(side.put("large", &Value::Bytes(vec![0; 8 * MIB])).is_err());
    side.is_lost();
}

#[test]
fn too_little_memory_to_begin_with_is_said_at_once() {
    assert!(statehall_component_tests::Instance::within(&within(1 << 16)).is_err());
}

#[test]
fn a_message_of_others_is_bounded_too() {
    let mut ann = Side::shared(1);
    for n in 0..30 {
        let written = ann.put(&format!("notes/{n}"), &Value::Bytes(vec![0; 100_000]));
        written.expect("no trap").expect("a put");
    }
    ann.told(); // while nobody else was there
    let bounded = |message_bytes| Options { limits: vec![(Limit::MessageBytes, message_bytes)], ..sharing(2) };
    let mut bob = Side::open(&within(4 * MIB), &bounded(1 << 16), 1_000);
    // Bob's question brings everything at once, in one message of three megabytes.
    for frame in bob.told() {
        ann.receive(&frame).expect("no trap").expect("a frame");
    }
    let answer = ann.told();
    assert!(answer.len() > 40);
    let parts: Vec<_> = answer.iter().map(|frame| bob.receive(frame).expect("no trap")).collect();
    let refused = parts.into_iter().filter_map(|part| part.err());
    assert!(refused.map(|error| assert_eq!(error.code, Code::Limit)).count() > 0, "what cannot arrive is said");
    assert_eq!(bob.usage().entries, 0, "more than the limit is not put together");
    bob.write("a", 1);
    // Without the limit the same message is more than this memory holds.
    let mut bob = Side::open(&within(4 * MIB), &sharing(2), 1_000);
    assert!(answer.iter().any(|frame| bob.receive(frame).is_err()));
    bob.is_lost();
}

#[test]
fn frames_that_nobody_takes_are_lost_and_not_piled_up() {
    let options = Options { limits: vec![(Limit::MessageBytes, 1 << 16)], ..sharing(1) };
    let mut side = Side::open(&within(4 * MIB), &options, 0);
    let value = |n: u64| Value::Bytes(vec![n as u8; 1_000]);
    let telling = |side: &mut Side, n| -> wasmtime::Result<()> {
        side.ms = n;
        side.put("a", &value(n))?.expect("a put");
        side.advance()?.expect("time passes");
        Ok(())
    };
    for n in 0..40_000 {
        telling(&mut side, n).expect("what waits is bounded");
    }
    let waiting: usize = side.frames().expect("no trap").iter().map(Vec::len).sum();
    // At most the limit of what was left, and what the last turn has made.
    assert!((1..(1 << 16) + 2_000).contains(&waiting), "{waiting} bytes wait");
    // Whoever comes now misses all that was lost, and gets what it came to.
    let mut late = Side::open(&within(4 * MIB), &sharing(2), 40_000);
    converge(&mut side, &mut late);
    assert!(
        matches!(late.get("a"), Ok(Ok(Some(found))) if matches!((&found, &value(39_999)), (Value::Bytes(a), Value::Bytes(b)) if a == b))
    );
}

#[test]
fn a_watcher_that_nobody_asks_keeps_no_more_than_its_queue() {
    // Each change holds a value; the one before is that of the change before.
    let limits = vec![(Limit::Queue, 16), (Limit::ValueBytes, 110_000)];
    let mut side = Side::open(&within(8 * MIB), &Options { limits, ..options(1) }, 0);
    let (watcher, _) = side.watcher("**");
    for n in 0..1_000 {
        let written = side.put("a", &Value::Bytes(vec![n as u8; 100_000]));
        written.expect("no trap").expect("a put");
    }
    let taken = side.take(watcher).expect("no trap");
    assert_eq!((taken.changes.len(), taken.missed, taken.more), (10, 1_000 - 16, true));
}
