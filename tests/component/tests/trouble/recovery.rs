//! After a trap: a new store, a new instance, a hall with a new seed, and the last snapshot.

use crate::side::{PLENTY, Side, converge, put, sharing};
use statehall_component_tests::state::{PutOptions, Since};
use statehall_component_tests::types::Value;
use statehall_component_tests::{Bounds, options};

/// A session of the shared hall, in a store with fuel.
fn fueled(seed: u64) -> Side {
    Side::open(&Bounds { fuel: Some(PLENTY), ..Bounds::default() }, &sharing(seed), 1_000)
}

/// Traps in the middle of a batch, as a host does that limits fuel.
fn trap(side: &mut Side) {
    side.fuel(50_000);
    let many: Vec<_> = (0..1_000).map(|n| put(format!("half/{n}"), Value::Integer(n))).collect();
    assert!(side.batch(&many).is_err());
    side.is_lost();
}

#[test]
fn what_was_written_after_the_snapshot_is_gone() {
    let mut side = fueled(1);
    side.write("kept/1", 1);
    let saved = side.saved();
    side.write("kept/1", 2);
    side.write("late", 3);
    trap(&mut side);
    let mut fresh = fueled(2);
    fresh.restore(&saved).expect("no trap").expect("a snapshot");
    assert_eq!((fresh.number("kept/1"), fresh.number("late"), fresh.usage().entries), (Some(1), None, 1));
    fresh.write("kept/1", 4);
    assert_eq!(fresh.number("kept/1"), Some(4), "and it goes on");
}

#[test]
fn other_sessions_of_a_shared_hall_still_have_it() {
    let (mut ann, mut bob) = (fueled(1), Side::shared(2));
    ann.write("kept/1", 1);
    ann.write("gone", 1);
    converge(&mut ann, &mut bob);
    let saved = ann.saved();
    ann.write("kept/1", 2);
    ann.write("late", 3);
    let now_ms = ann.ms;
    let (store, functions, hall) = ann.hall();
    functions.call_delete(store, hall, "gone", now_ms).expect("no trap").expect("a delete");
    converge(&mut ann, &mut bob);
    ann.write("never told", 4);
    bob.write("bob's", 5);
    trap(&mut ann);

    let mut again = fueled(3);
    again.ms = bob.ms;
    again.restore(&saved).expect("no trap").expect("a snapshot");
    assert_eq!((again.number("kept/1"), again.number("gone")), (Some(1), Some(1)));
    converge(&mut again, &mut bob);
    assert_eq!(again.map(), bob.map());
    assert_eq!((again.number("kept/1"), again.number("late"), again.number("bob's")), (Some(2), Some(3), Some(5)));
    assert_eq!(again.number("gone"), None, "deletes come back too");
    assert_eq!(again.number("never told"), None, "what nobody else has heard is gone");
    again.write("kept/1", 6);
    converge(&mut again, &mut bob);
    assert_eq!(bob.number("kept/1"), Some(6), "later writes win, whichever session they are of");
    assert_eq!(bob.saved(), again.saved(), "both hold the same bytes");
}

#[test]
fn revisions_watchers_and_sessions_are_not_in_a_snapshot() {
    let (mut ann, mut bob) = (fueled(1), Side::shared(2));
    let _watcher = ann.watcher("**");
    for n in 0..10 {
        ann.write("kept/1", n);
    }
    converge(&mut ann, &mut bob);
    assert_eq!((ann.revision(), ann.agents().len(), ann.usage().watches), (10, 2, 1));
    let (saved, session) = (ann.saved(), ann.session());

    let mut fresh = fueled(3);
    fresh.restore(&saved).expect("no trap").expect("a snapshot");
    assert_eq!(fresh.revision(), 1, "restoring is one commit of a count of its own");
    assert_eq!((fresh.usage().watches, fresh.ready().len()), (0, 0));
    assert_eq!(fresh.agents(), ["agent 3"]);
    assert_ne!(fresh.session(), session);
}

#[test]
fn watchers_hear_what_a_restore_brings() {
    let mut side = Side::alone(1);
    side.write("kept/1", 1);
    side.write("kept/2", 2);
    let saved = side.saved();
    let mut fresh = Side::alone(2);
    let (watcher, id) = fresh.watcher("kept/*");
    fresh.restore(&saved).expect("no trap").expect("a snapshot");
    assert_eq!(fresh.ready(), [id]);
    let changes = fresh.take(watcher).expect("no trap").changes;
    assert_eq!(
        changes.iter().map(|change| (change.key.as_str(), change.revision)).collect::<Vec<_>>(),
        [("kept/1", 1), ("kept/2", 1)]
    );
    assert!(changes.iter().all(|change| change.origin == "anonymous" && !change.initial));
}

#[test]
fn origins_metadata_and_times_are_in_a_snapshot() {
    let mut side = Side::alone(1);
    let critic = side.as_agent("critic");
    let expiring =
        PutOptions { expect: None, metadata: Some(vec![0xa1, 0x61, b'm', 0x01]), ttl_ms: Some(500), touch: false };
    let now_ms = side.ms;
    let (store, functions, _) = side.hall();
    let written = functions.call_put_with(store, critic, "offer", &Value::Float(0.5), &expiring, now_ms);
    written.expect("no trap").expect("a put");
    let saved = side.saved();

    let mut fresh = Side::alone(2);
    fresh.restore(&saved).expect("no trap").expect("a snapshot");
    let (store, functions, hall) = fresh.hall();
    let entry = functions.call_entry(store, hall, "offer").expect("no trap").expect("a get").expect("an entry");
    assert_eq!((entry.origin.as_str(), entry.metadata), ("critic", expiring.metadata));
    assert_eq!((entry.updated_ms, entry.expires_ms, entry.revision), (1_000, Some(1_500), 1));
    fresh.ms = 1_500;
    fresh.advance().expect("no trap").expect("time passes");
    assert_eq!(fresh.usage().entries, 0, "and it ends when it would have ended");

    let mut late = Side::open(&Bounds::default(), &options(3), 9_000);
    late.restore(&saved).expect("no trap").expect("a snapshot");
    assert_eq!(late.usage().entries, 0, "what has ended in the meantime does not come back");
}

#[test]
fn restoring_again_changes_nothing() {
    let mut side = Side::alone(1);
    side.write("kept/1", 1);
    let saved = side.saved();
    side.write("kept/1", 2);
    side.write("late", 3);
    let (map, revision) = (side.map(), side.revision());
    side.restore(&saved).expect("no trap").expect("a snapshot");
    assert_eq!((side.map(), side.revision()), (map, revision), "of two values of a key the newer stays");
    let (store, functions, hall) = side.hall();
    let since = functions.call_changes(store, hall, revision, None).expect("no trap").expect("changes");
    assert!(matches!(since, Since::Changes(net) if net.changes.is_empty()));
}
