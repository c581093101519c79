//! Good calls at the wrong time: batches that were not begun, handles that are closed.

use super::arguments::other_frame;
use super::calls::{Named, fallible, infallible, kept};
use super::subject::{NOW_MS, Subject, now};
use statehall_component_tests::types::{Code, Value};
use wasmtime::component::ResourceAny;

/// Every function that can refuse, with good arguments.
fn good(subject: &mut Subject) -> Vec<Named> {
    let snapshot = subject.ask(|hall, store, this| hall.call_snapshot(store, this)).expect("a snapshot");
    fallible(kept(other_frame()), kept(snapshot))
}

fn named<'a>(calls: &'a [Named], wanted: &'a [&str]) -> impl Iterator<Item = &'a Named> {
    calls.iter().filter(move |(name, _)| wanted.contains(name))
}

fn as_agent(subject: &mut Subject, agent: &str) -> ResourceAny {
    subject.ask(|hall, store, this| hall.call_as_agent(store, this, agent)).expect("another handle")
}

#[test]
fn batches_out_of_order() {
    let mut subject = Subject::new(true);
    let calls = good(&mut subject);
    for call in named(&calls, &["commit", "roll-back"]) {
        let error = subject.unchanged(call.0, |subject| subject.make(call, subject.hall)).expect_err("no batch");
        assert_eq!(error.code, Code::InvalidArgument, "{}", call.0);
    }
    subject.unchanged("a batch that is rolled back", |subject| {
        let other = as_agent(subject, "other");
        for handle in [subject.hall, other, subject.hall] {
            subject.ask(|hall, store, _| hall.call_begin(store, handle)).expect("a batch");
            subject.ask(|hall, store, this| hall.call_put(store, this, "a", &Value::Null, NOW_MS)).expect("a put");
            let refused = [
                "begin",
                "batch of a put",
                "batch of a delete",
                "batch of a clear",
                "watch",
                "snapshot",
                "restore",
                "receive",
                "import-variables",
            ];
            for call in named(&calls, &refused) {
                for at in [subject.hall, other] {
                    let error = subject.make(call, at).expect_err("inside a batch");
                    assert_eq!(error.code, Code::InvalidArgument, "{}: {}", call.0, error.detail);
                }
            }
            // Nothing else knows whether a batch has begun.
            let ends = ["commit", "roll-back", "close"];
            for call in calls.iter().filter(|(name, _)| !refused.contains(name) && !ends.contains(name)) {
                assert_eq!(subject.make(call, subject.hall).map_err(|error| error.detail), Ok(()), "{}", call.0);
            }
            // Whoever holds the session may end its batch.
            subject.ask(|hall, store, _| hall.call_roll_back(store, other)).expect("a batch to roll back");
            let error = subject.ask(|hall, store, _| hall.call_roll_back(store, handle)).expect_err("twice");
            assert_eq!(error.code, Code::InvalidArgument);
        }
        subject.call(|store, _| other.resource_drop(store));
    });
    let changed = |subject: &mut Subject| {
        subject.ask(|hall, store, this| hall.call_begin(store, this)).expect("a batch");
        subject.ask(|hall, store, this| hall.call_commit(store, this, NOW_MS)).expect("a commit")
    };
    assert!(!subject.unchanged("an empty batch", changed));
    subject.works();
}

#[test]
fn time_stands_still_inside_a_batch() {
    let mut subject = Subject::new(true);
    subject.ask(|hall, store, this| hall.call_begin(store, this)).expect("a batch");
    let later = statehall_component_tests::at(NOW_MS + 100 * 86_400_000);
    subject.ask(|hall, store, this| hall.call_advance(store, this, later)).expect("time");
    assert!(subject.ask(|hall, store, this| hall.call_next_wake(store, this, later)).is_ok());
    assert!(subject.ask(|hall, store, this| hall.call_has(store, this, "b/c")).expect("an answer"));
    subject.ask(|hall, store, this| hall.call_roll_back(store, this)).expect("a batch to roll back");
    subject.ask(|hall, store, this| hall.call_advance(store, this, later)).expect("time");
    assert!(!subject.ask(|hall, store, this| hall.call_has(store, this, "b/c")).expect("an answer"), "it has expired");
    let error = subject.ask(|hall, store, this| hall.call_advance(store, this, now())).expect_err("back again");
    assert_eq!(error.code, Code::InvalidArgument);
    subject.works();
}

#[test]
fn closed_handles() {
    let mut subject = Subject::new(true);
    let calls = good(&mut subject);
    let closed = as_agent(&mut subject, "other");
    subject.unchanged("a closed handle", |subject| {
        subject.ask(|hall, store, _| hall.call_close(store, closed));
        for inside in [false, true] {
            if inside {
                subject.ask(|hall, store, this| hall.call_begin(store, this)).expect("a batch");
            }
            for call in &calls {
                let error = subject.make(call, closed).expect_err(call.0);
                assert_eq!(error.code, Code::Closed, "{}: {}", call.0, error.detail);
            }
            for call in infallible() {
                assert!(subject.make(&call, closed).is_ok(), "{}", call.0);
            }
        }
        subject.ask(|hall, store, this| hall.call_roll_back(store, this)).expect("a batch to roll back");
        assert!(subject.ask(|hall, store, _| hall.call_is_closed(store, closed)));
        assert_eq!(subject.ask(|hall, store, _| hall.call_agent(store, closed)), "other");
    });
    subject.works();

    // The last handle ends the session, and all functions still answer.
    subject.ask(|hall, store, this| hall.call_close(store, this));
    for call in &calls {
        for handle in [subject.hall, closed] {
            assert_eq!(subject.make(call, handle).expect_err(call.0).code, Code::Closed, "{}", call.0);
        }
    }
    let goodbye = subject.ask(|hall, store, this| hall.call_frames(store, this, u32::MAX));
    assert!(!goodbye.is_empty(), "the others are told");
    for call in infallible() {
        assert!(subject.make(&call, subject.hall).is_ok(), "{}", call.0);
    }
}

#[test]
fn a_batch_whose_last_handle_closes_is_rolled_back() {
    let mut subject = Subject::new(false);
    let hall = subject.hall;
    subject.ask(|hall, store, this| hall.call_begin(store, this)).expect("a batch");
    subject.ask(|hall, store, this| hall.call_put(store, this, "a", &Value::Null, NOW_MS)).expect("a put");
    subject.call(|store, _| hall.resource_drop(store));
    // The instance goes on with halls that have nothing to do with it.
    let options = statehall_component_tests::options(5);
    let open = |store: &mut _, kernel: &statehall_component_tests::Kernel| {
        kernel.statehall_hall_state().hall().call_open(store, &options, now())
    };
    subject.hall = subject.call(open).expect("a hall");
    assert_eq!(subject.ask(|hall, store, this| hall.call_revision(store, this)).expect("a revision"), 0);
    subject.works();
}
