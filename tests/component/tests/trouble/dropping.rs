//! "Handles and watchers may be dropped in any order", and what dropping means.

use crate::side::{Side, converge};
use statehall_component_tests::types::{Selector, Value};
use statehall_component_tests::watchers::WatchOptions;
use statehall_component_tests::{WATCH, at};
use wasmtime::component::ResourceAny;

#[test]
fn a_watcher_goes_while_changes_wait_for_it() {
    let mut side = Side::alone(1);
    let (first, first_id) = side.watcher("**");
    let (second, second_id) = side.watcher("a/*");
    side.write("a/b", 1);
    side.write("a/c", 2);
    assert_eq!(side.ready(), [first_id, second_id]);
    assert_eq!((side.usage().watches, side.usage().queued), (2, 4));

    side.drop(first).expect("no trap");
    assert_eq!(side.ready(), [second_id], "what has ended is not named");
    assert_eq!((side.usage().watches, side.usage().queued), (1, 2));
    let (store, functions, hall) = side.watchers();
    let watches = functions.call_watches(store, hall).expect("no trap").expect("a list");
    assert_eq!(watches.iter().map(|info| info.id).collect::<Vec<_>>(), [second_id]);

    side.write("a/d", 3);
    assert_eq!(side.take(second).expect("no trap").changes.len(), 3);
    assert!(side.ready().is_empty());
    let (_, third_id) = side.watcher("**");
    assert!(third_id > second_id, "a number is never used again");
}

#[test]
fn a_watcher_ends_before_it_is_dropped() {
    let mut side = Side::alone(1);
    let (watcher, _) = side.watcher("**");
    side.write("a", 1);
    let (store, functions, _) = side.watchers();
    for _ in 0..2 {
        functions.watcher().call_end(&mut *store, watcher).expect("no trap");
    }
    let taken = functions.watcher().call_take(&mut *store, watcher, 0).expect("no trap");
    assert!(taken.ended && !taken.more && taken.changes.is_empty());
    assert_eq!((side.usage().watches, side.ready()), (0, Vec::new()));
    side.drop(watcher).expect("no trap");
}

#[test]
fn who_began_a_batch_takes_it_along() {
    let mut side = Side::alone(1);
    let other = side.as_agent("other");
    let now = at(side.ms);
    let (store, functions, hall) = side.hall();
    functions.call_begin(&mut *store, other).expect("no trap").expect("a batch");
    functions.call_put(&mut *store, hall, "a", &Value::Null, 0).expect("no trap").expect("a put");
    let wake_ms = functions.call_next_wake(&mut *store, hall, now);
    assert_eq!(wake_ms.expect("no trap").expect("a time"), None, "nothing is due while time stands still");
    let third = side.as_agent("third");
    side.drop(third).expect("no trap");
    assert!(side.snapshot().expect("no trap").is_err(), "another's end ends nothing");
    side.drop(other).expect("no trap");
    side.saved();
    assert_eq!((side.usage().entries, side.revision()), (0, 0));
}

#[test]
fn everything_goes_in_any_order() {
    for order in orders(5) {
        let mut side = Side::alone(1);
        let other = side.as_agent("other");
        let watchers = [side.watcher("**").0, side.watcher("a").0, initial(&mut side)];
        side.write("a", 1);
        let resources = [side.hall, other, watchers[0], watchers[1], watchers[2]];
        let (mut handles, mut alive) = (2, vec![true; 5]);
        for &place in &order {
            side.drop(resources[place]).unwrap_or_else(|error| panic!("{order:?} at {place}: {error:?}"));
            (alive[place], handles) = (false, handles - usize::from(place < 2));
            for watcher in (2..5).filter(|watcher| alive[*watcher]) {
                let taken = side.take(resources[watcher]).expect("no trap");
                assert_eq!(taken.ended, handles == 0, "{order:?}: the last handle ends the session");
                assert!(handles > 0 || taken.changes.is_empty(), "{order:?}: what was not taken before is gone");
            }
            if let Some(handle) = (0..2).find(|handle| alive[*handle]) {
                side.hall = resources[handle];
                assert_eq!(side.number("a"), Some(1), "{order:?}: the session goes on");
            }
        }
        // The instance is as good as before.
        assert!(open_again(&mut side), "{order:?}");
    }
}

#[test]
fn what_was_dropped_is_the_hosts_error_and_no_trap() {
    let mut side = Side::alone(1);
    let (watcher, _) = side.watcher("**");
    side.drop(watcher).expect("no trap");
    assert!(side.take(watcher).is_err());
    assert!(side.drop(watcher).is_err());
    let other = side.as_agent("other");
    side.drop(other).expect("no trap");
    assert!(side.drop(other).is_err());
    side.write("a", 1);
    assert_eq!(side.number("a"), Some(1), "the store is as good as before");
}

#[test]
fn the_last_handle_undoes_a_batch_and_says_goodbye() {
    let (mut ann, mut bob) = (Side::shared(1), Side::shared(2));
    converge(&mut ann, &mut bob);
    assert_eq!(bob.agents(), ["agent 2", "agent 1"]);
    ann.write("kept", 1);
    let (store, functions, hall) = ann.hall();
    functions.call_begin(store, hall).expect("no trap").expect("a batch");
    ann.write("undone", 2);
    let (store, functions, hall) = ann.hall();
    functions.call_close(store, hall).expect("no trap");
    let last_words = ann.frames().expect("no trap");
    ann.drop(ann.hall).expect("no trap");
    for frame in last_words {
        bob.receive(&frame).expect("no trap").expect("a frame");
    }
    assert_eq!(bob.number("kept"), Some(1), "what was written is told");
    assert_eq!(bob.number("undone"), None, "an open batch is rolled back");
    assert_eq!(bob.agents(), ["agent 2"], "and the session has left");
}

#[test]
fn a_dropped_hall_leaves_the_others_of_its_instance_alone() {
    let mut side = Side::alone(1);
    let first = side.hall;
    assert!(open_again(&mut side));
    side.write("a", 1);
    side.drop(first).expect("no trap");
    assert_eq!(side.number("a"), Some(1));
}

/// Opens another hall in the same instance.
fn open_again(side: &mut Side) -> bool {
    let (store, functions, _) = side.hall();
    let opened = functions.call_open(store, &statehall_component_tests::options(7), at(0));
    side.hall = opened.expect("no trap").expect("a hall");
    side.put("a/new", &Value::Null).expect("no trap").expect("a put").changed
}

/// A watcher that has values to give from the beginning.
fn initial(side: &mut Side) -> ResourceAny {
    side.write("there", 1);
    let options = WatchOptions { initial: true, owner: Some("owner".into()), capacity: Some(1), ..WATCH };
    let (store, functions, hall) = side.watchers();
    functions.call_watch(store, hall, &Selector::Text("**".into()), &options).expect("no trap").expect("a watcher")
}

/// All orders of the numbers below `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let longer = shorter.iter().flat_map(|order| {
        (0..count).map(|place| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        })
    });
    longer.collect()
}
