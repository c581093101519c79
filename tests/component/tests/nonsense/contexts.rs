//! Contexts and leases with everything that a host might get wrong.

use super::subject::{NOW_MS, Subject};
use statehall_component_tests::contexts::{AcquireOptions, Claim, Guard, Mode, Wait};
use statehall_component_tests::options;
use statehall_component_tests::state::Limit;
use statehall_component_tests::types::{Code, Error, Value};

type Answered<T> = Result<T, Error>;

/// Asks something of contexts.
macro_rules! ask {
    ($subject:ident, $call:ident, $($argument:expr),*) => {{
        let hall = $subject.hall;
        $subject.call(|store, kernel| kernel.statehall_hall_contexts().$call(store, hall, $($argument),*))
    }};
}

#[track_caller]
fn refused<T>(answered: Answered<T>, code: Code) {
    assert_eq!(answered.err().map(|error| error.code), Some(code));
}

fn asked(owner: &str, ttl_ms: Option<u64>, wait: Wait) -> AcquireOptions {
    AcquireOptions { owner: Some(owner.into()), mode: Mode::Exclusive, ttl_ms, wait }
}

#[test]
fn bad_names_times_and_values_change_nothing() {
    let mut subject = Subject::new(false);
    let one = Value::Integer(1);
    for key in ["", "/", "a//b", "*", "a/**", "a~2"] {
        refused(ask!(subject, call_get, key, NOW_MS), Code::InvalidKey);
        refused(ask!(subject, call_create, key, &one, None, NOW_MS), Code::InvalidKey);
        refused(ask!(subject, call_standing, key, "ann", NOW_MS), Code::InvalidKey);
    }
    let long = "x".repeat(1_025);
    refused(ask!(subject, call_create, &long, &one, None, NOW_MS), Code::Limit);
    refused(ask!(subject, call_get, "a", u64::MAX), Code::InvalidArgument);
    refused(ask!(subject, call_documents, u64::MAX), Code::InvalidArgument);
    refused(ask!(subject, call_clear, u64::MAX), Code::InvalidArgument);
    for bytes in [vec![], vec![0xff], vec![0x01], vec![0x9f, 0xff], vec![0xa2, 0x61, b'b', 1, 0x61, b'a', 2]] {
        let value = Value::Cbor(bytes);
        refused(ask!(subject, call_create, "a", &value, None, NOW_MS), Code::InvalidValue);
        refused(ask!(subject, call_merge, "a", &value, Guard::Any, NOW_MS), Code::InvalidValue);
    }
    let large = Value::Text("x".repeat(2 << 20));
    refused(ask!(subject, call_create, "a", &large, None, NOW_MS), Code::Limit);
    for owner in ["", &"x".repeat(257)] {
        refused(ask!(subject, call_lock, "a", owner, NOW_MS), Code::InvalidArgument);
        refused(ask!(subject, call_unlock, "a", owner, NOW_MS), Code::InvalidArgument);
        refused(ask!(subject, call_release, "a", owner, None, NOW_MS), Code::InvalidArgument);
        refused(ask!(subject, call_acquire, "a", &asked(owner, None, Wait::No), NOW_MS), Code::InvalidArgument);
    }
    for ms in [0, u64::MAX] {
        refused(ask!(subject, call_acquire, "a", &asked("ann", Some(ms), Wait::No), NOW_MS), Code::InvalidArgument);
        refused(ask!(subject, call_acquire, "a", &asked("ann", None, Wait::Ms(ms)), NOW_MS), Code::InvalidArgument);
        refused(ask!(subject, call_renew, "a", 1, Some(ms), NOW_MS), Code::InvalidArgument);
    }
    refused(ask!(subject, call_force_release, "a", &"x".repeat(1_025), NOW_MS), Code::InvalidArgument);
    assert!(ask!(subject, call_documents, NOW_MS).expect("listed").is_empty());
    let claims = ask!(subject, call_holders, "a", NOW_MS).expect("told");
    assert!(claims.holders.is_empty() && claims.waiters.is_empty());
}

#[test]
fn a_patch_that_is_none_changes_nothing() {
    let mut subject = Subject::new(false);
    ask!(subject, call_create, "a", &Value::Cbor(vec![0xa0]), None, NOW_MS).expect("made");
    for patch in [Value::Null, Value::Integer(1), Value::Cbor(vec![0xa0]), Value::Cbor(vec![0x81, 0x01])] {
        refused(ask!(subject, call_patch, "a", &patch, Guard::Any, NOW_MS), Code::InvalidArgument);
    }
    let read = ask!(subject, call_get, "a", NOW_MS).expect("read").expect("a document");
    assert!(matches!(read.value, Value::Cbor(bytes) if bytes == [0xa0]));
    assert_eq!(read.version, 1);
}

#[test]
fn time_ends_leases_only_forwards_and_a_waiter_is_told() {
    let mut subject = Subject::new(false);
    ask!(subject, call_acquire, "a", &asked("ann", Some(100), Wait::No), NOW_MS).expect("granted");
    ask!(subject, call_acquire, "a", &asked("bob", None, Wait::Always), NOW_MS).expect("queued");
    // A clock that is set back ends nothing, and does not make a lease longer than its clock says.
    assert!(matches!(ask!(subject, call_standing, "a", "ann", NOW_MS - 50).expect("told"), Claim::Held(_)));
    assert!(matches!(ask!(subject, call_standing, "a", "bob", NOW_MS + 99).expect("told"), Claim::Waiting(1)));
    assert!(matches!(ask!(subject, call_standing, "a", "bob", NOW_MS + 100).expect("told"), Claim::Held(_)));
    assert!(matches!(ask!(subject, call_standing, "a", "ann", NOW_MS + 100).expect("told"), Claim::None));
}

#[test]
fn a_shared_hall_and_a_closed_handle_answer_so() {
    let mut subject = Subject::new(true);
    refused(ask!(subject, call_get, "a", NOW_MS), Code::NoAuthority);
    refused(ask!(subject, call_clear, NOW_MS), Code::NoAuthority);
    let mut subject = Subject::new(false);
    let hall = subject.hall;
    subject.call(|store, kernel| kernel.statehall_hall_state().hall().call_close(store, hall));
    refused(ask!(subject, call_get, "a", NOW_MS), Code::Closed);
    refused(ask!(subject, call_documents, NOW_MS), Code::Closed);
}

#[test]
fn a_watch_tells_the_newest_in_any_order_of_ends() {
    let mut subject = Subject::new(false);
    let one = Value::Integer(1);
    refused(ask!(subject, call_watch, "a//b", true, NOW_MS), Code::InvalidKey);
    refused(ask!(subject, call_watch, "x", true, u64::MAX), Code::InvalidArgument);
    let mut shared = Subject::new(true);
    refused(ask!(shared, call_watch, "x", true, NOW_MS), Code::NoAuthority);
    let watcher = ask!(subject, call_watch, "x", true, NOW_MS).expect("a watcher");
    let take = |subject: &mut Subject| {
        let taken =
            subject.call(|store, kernel| kernel.statehall_hall_contexts().document_watcher().call_take(store, watcher));
        taken.map(|change| (change.version, change.value.is_some(), change.initial))
    };
    assert_eq!(take(&mut subject), None);
    ask!(subject, call_create, "x", &one, None, NOW_MS).expect("made");
    ask!(subject, call_replace, "x", &one, Guard::Expect(1), NOW_MS).expect("replaced");
    assert_eq!(take(&mut subject), Some((2, true, false)), "only the newest of both");
    assert_eq!(take(&mut subject), None);
    ask!(subject, call_clear, NOW_MS).expect("cleared");
    assert_eq!(take(&mut subject), Some((3, false, false)));
    let hall = subject.hall;
    subject.call(|store, kernel| kernel.statehall_hall_state().hall().call_close(&mut *store, hall));
    refused(ask!(subject, call_watch, "x", true, NOW_MS), Code::Closed);
    subject.call(|store, _| hall.resource_drop(store));
    assert_eq!(take(&mut subject), None, "its session has gone");
    subject.call(|store, _| watcher.resource_drop(store));
}

#[test]
fn watches_of_documents_are_bounded_and_their_ends_counted() {
    let mut bounded = options(1);
    bounded.limits = vec![(Limit::Watches, 1)];
    let mut subject = Subject::with(&bounded);
    let first = ask!(subject, call_watch, "x", false, NOW_MS).expect("a watcher");
    refused(ask!(subject, call_watch, "x", false, NOW_MS), Code::Limit);
    subject.call(|store, _| first.resource_drop(store));
    ask!(subject, call_watch, "x", false, NOW_MS).expect("room for another");
}
