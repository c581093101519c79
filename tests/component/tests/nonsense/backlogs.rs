//! Watchers that say what they keep: nothing of it grows, a gap is always told, and time is the host's.

use super::subject::{NOW_MS, Subject, now};
use statehall_component_tests::types::{Code, Selector, Time, Value};
use statehall_component_tests::watchers::{Against, Filter, Overflow, Taken, WatchOptions};
use statehall_component_tests::{Kernel, WATCH};
use wasmtime::component::ResourceAny;

impl Subject {
    fn keeping(&mut self, selector: &str, options: WatchOptions) -> ResourceAny {
        let (selector, hall) = (Selector::Text(selector.into()), self.hall);
        let watch = |store: &mut _, kernel: &Kernel| {
            kernel.statehall_hall_watchers().call_watch(store, hall, &selector, &options)
        };
        self.call(watch).expect("a watcher")
    }

    fn taken(&mut self, watcher: ResourceAny, max: u32) -> Taken {
        self.call(|store, kernel| kernel.statehall_hall_watchers().watcher().call_take(store, watcher, max))
    }

    fn write(&mut self, key: &str, value: Value) {
        let put = self.ask(|hall, store, this| hall.call_put(store, this, key, &value, NOW_MS));
        put.expect("a put");
    }

    fn at(&mut self, ms: u64) -> Vec<u32> {
        let time = Time { unix_ms: now().unix_ms + ms, monotonic_ms: now().monotonic_ms + ms };
        self.ask(|hall, store, this| hall.call_advance(store, this, time)).expect("time");
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_watchers().call_ready(store, hall, u32::MAX))
    }

    /// In how long something is due, without what lives for a day.
    fn wake(&mut self, ms: u64) -> Option<u64> {
        let time = Time { unix_ms: now().unix_ms + ms, monotonic_ms: now().monotonic_ms + ms };
        self.ask(|hall, store, this| hall.call_next_wake(store, this, time))
            .expect("an answer")
            .filter(|wake_ms| *wake_ms < 10_000)
    }

    fn queued(&mut self) -> u64 {
        self.ask(|hall, store, this| hall.call_usage(store, this)).expect("usage").queued
    }
}

fn values(taken: &Taken) -> Vec<i64> {
    let number = |value: &Option<Value>| if let Some(Value::Integer(number)) = value { *number } else { -1 };
    taken.changes.iter().map(|change| number(&change.value)).collect()
}

#[test]
fn what_waits_is_bounded_and_every_gap_is_told() {
    for overflow in [Overflow::Coalesce, Overflow::DropOldest] {
        let mut subject = Subject::new(false);
        let options = WatchOptions { capacity: Some(3), overflow: Some(overflow), ..WATCH };
        let watcher = subject.keeping("n/*", options);
        let (mut told, mut missed) = (0, 0);
        for n in 0..1_000 {
            // Of different keys, so that coalescing does not help.
            subject.write(&format!("n/{n}"), Value::Integer(n));
            assert!(subject.queued() <= 3);
            if n % 100 == 99 {
                let nothing = subject.taken(watcher, 0);
                assert!(nothing.changes.is_empty() && nothing.more);
                missed = nothing.missed;
                let taken = subject.taken(watcher, u32::MAX);
                assert_eq!(values(&taken), [n - 2, n - 1, n], "the newest stay");
                assert_eq!((taken.missed, taken.changes[0].missed), (missed, 97), "the gap stands where it was");
                assert!(taken.changes[1..].iter().all(|change| change.missed == 0));
                told += taken.changes.len() as u64;
            }
        }
        assert_eq!(told + missed, 1_000, "told or missed");
        let hall = subject.hall;
        let listed = subject.call(|store, kernel| kernel.statehall_hall_watchers().call_watches(store, hall));
        let listed = listed.expect("a list").remove(0);
        assert_eq!((listed.delivered, listed.queued, listed.missed), (told, 0, missed));
        subject.works();
    }
}

#[test]
fn one_key_that_changes_for_ever_takes_one_place() {
    let mut subject = Subject::new(false);
    let watcher = subject.keeping("n", WatchOptions { overflow: Some(Overflow::Coalesce), ..WATCH });
    for n in 0..5_000 {
        subject.write("n", Value::Integer(n));
        assert_eq!(subject.queued(), 1);
    }
    let taken = subject.taken(watcher, u32::MAX);
    assert_eq!((values(&taken), taken.missed, taken.more), (vec![4_999], 0, false));
    assert!(taken.changes[0].old.is_none(), "from what there was before the first");
}

#[test]
fn a_watcher_that_wants_no_gap_ends_and_says_so_once() {
    let mut subject = Subject::new(false);
    let watcher = subject.keeping("n", WatchOptions { capacity: Some(2), overflow: Some(Overflow::Close), ..WATCH });
    for n in 0..5 {
        subject.write("n", Value::Integer(n));
    }
    let taken = subject.taken(watcher, u32::MAX);
    assert!(taken.ended && taken.changes.is_empty() && !taken.more && taken.missed == 0);
    let reports = subject.ask(|hall, store, this| hall.call_reports(store, this, u32::MAX));
    assert_eq!(reports.iter().map(|report| report.code).collect::<Vec<_>>(), [Code::Limit]);
    assert!(reports[0].detail.contains("\"n\" has ended: more than its capacity of 2"), "{}", reports[0].detail);
    assert_eq!((subject.queued(), subject.at(0)), (0, vec![]));
    // It ends inside a batch of writes as well, and the writes stay.
    let watcher = subject.keeping("k/*", WatchOptions { capacity: Some(1), overflow: Some(Overflow::Close), ..WATCH });
    subject.ask(|hall, store, this| hall.call_begin(store, this)).expect("a batch");
    (0..3).for_each(|n| subject.write(&format!("k/{n}"), Value::Null));
    subject.ask(|hall, store, this| hall.call_commit(store, this, NOW_MS)).expect("a commit");
    assert!(subject.taken(watcher, 1).ended);
    assert!(subject.ask(|hall, store, this| hall.call_has(store, this, "k/2")).expect("an answer"));
    subject.works();
}

#[test]
fn a_host_takes_a_bounded_amount_at_once() {
    let mut subject = Subject::new(false);
    for filter in [None, Some(watched_kind())] {
        let watcher = subject.keeping("large/*", WatchOptions { filter, ..WATCH });
        for n in 0..100 {
            subject.write(&format!("large/{n}"), Value::Bytes(vec![0; 100_000 + n]));
        }
        let (mut count, mut rounds) = (0, 0);
        loop {
            let taken = subject.taken(watcher, u32::MAX);
            let bytes = |value: &Option<Value>| if let Some(Value::Bytes(bytes)) = value { bytes.len() } else { 0 };
            let given: usize = taken.changes.iter().map(|change| bytes(&change.value) + bytes(&change.old)).sum();
            assert!(given < (4 << 20) + 2 * 100_100, "{given} bytes at once");
            (count, rounds) = (count + taken.changes.len(), rounds + 1);
            if !taken.more {
                break;
            }
            assert!(!taken.changes.is_empty(), "one at least");
        }
        assert!(count == 100 && rounds > 2, "{count} in {rounds} rounds");
        subject.call(|store, _| watcher.resource_drop(store));
        for n in 0..100 {
            subject.write(&format!("large/{n}"), Value::Null);
        }
    }
}

/// A filter that lets everything but ends pass.
fn watched_kind() -> Filter {
    let kind = Some(statehall_component_tests::watchers::Kind::Set);
    Filter { delta: None, crosses: None, equals: None, becomes: None, kind, against: Against::Previous }
}

#[test]
fn what_waits_for_its_time_is_named_when_the_time_is_over() {
    let mut subject = Subject::new(false);
    let watcher = subject.keeping("n", WatchOptions { deliver_ms: Some(50), ..WATCH });
    let id = subject.call(|store, kernel| kernel.statehall_hall_watchers().watcher().call_id(store, watcher));
    // The host was away for long: the time begins when it is told, not before.
    subject.write("n", Value::Integer(1));
    assert_eq!((subject.wake(1_000), subject.at(1_000)), (Some(50), vec![]));
    subject.write("n", Value::Integer(2));
    assert_eq!((subject.at(1_049), subject.wake(1_049)), (vec![], Some(1)));
    assert_eq!(subject.at(1_050), [id]);
    assert_eq!((values(&subject.taken(watcher, 9)), subject.at(1_050), subject.wake(1_050)), (vec![2], vec![], None));
    // Who takes early has taken; the next change waits its own time.
    subject.write("n", Value::Integer(3));
    assert_eq!(subject.wake(2_000), Some(50));
    assert_eq!(values(&subject.taken(watcher, 9)), [3]);
    assert_eq!(subject.wake(2_010), None);
    subject.write("n", Value::Integer(4));
    assert_eq!((subject.wake(2_020), subject.at(2_060)), (Some(50), vec![]));
    assert_eq!(subject.at(2_070), [id]);
    // The end of the watcher is the end of its time.
    subject.taken(watcher, 9);
    subject.write("n", Value::Integer(5));
    subject.call(|store, _| watcher.resource_drop(store));
    assert_eq!((subject.wake(3_000), subject.at(4_000)), (None, vec![]));
    subject.works();
}
