//! Watchers that are asked too early, too late, for nothing and for everything, in every order of dropping.

use super::subject::{NOW_MS, Subject};
use statehall_component_tests::types::{Code, Selector, Value};
use statehall_component_tests::{Kernel, WATCH, watchers};
use wasmtime::component::ResourceAny;

impl Subject {
    /// A watcher of everything.
    fn watch(&mut self, initial: bool, owner: Option<&str>) -> ResourceAny {
        let (all, hall) = (Selector::Text("**".into()), self.hall);
        let options = watchers::WatchOptions { initial, owner: owner.map(Into::into), ..WATCH };
        let watch =
            |store: &mut _, kernel: &Kernel| kernel.statehall_hall_watchers().call_watch(store, hall, &all, &options);
        self.call(watch).expect("a watcher")
    }

    fn take(&mut self, watcher: ResourceAny, max: u32) -> watchers::Taken {
        self.call(|store, kernel| kernel.statehall_hall_watchers().watcher().call_take(store, watcher, max))
    }

    fn id(&mut self, watcher: ResourceAny) -> u32 {
        self.call(|store, kernel| kernel.statehall_hall_watchers().watcher().call_id(store, watcher))
    }

    fn ready(&mut self, max: u32) -> Vec<u32> {
        let hall = self.hall;
        self.call(|store, kernel| kernel.statehall_hall_watchers().call_ready(store, hall, max))
    }

    fn release(&mut self, resource: ResourceAny) {
        self.call(|store, _| resource.resource_drop(store));
    }

    fn put(&mut self, key: &str) {
        let put = self.ask(|hall, store, this| hall.call_put(store, this, key, &Value::Null, NOW_MS));
        put.expect("a put");
    }
}

/// Whether nothing will come any more.
fn is_over(taken: &watchers::Taken) -> bool {
    taken.ended && taken.changes.is_empty() && !taken.more
}

#[test]
fn nothing_and_everything_is_taken() {
    let mut subject = Subject::new(false);
    let watcher = subject.watch(true, None);
    let id = subject.id(watcher);
    let nothing = subject.take(watcher, 0);
    assert!(nothing.changes.is_empty() && nothing.more && !nothing.ended);
    assert_eq!(subject.ready(0), []);
    assert_eq!(subject.ready(1), [id]);
    let everything = subject.take(watcher, u32::MAX);
    assert!(everything.changes.len() == 2 && !everything.more && everything.missed == 0);
    assert_eq!(subject.ready(u32::MAX), []);
    let nothing = subject.take(watcher, u32::MAX);
    assert!(nothing.changes.is_empty() && !nothing.more && !nothing.ended);
    subject.release(watcher);
    subject.works();
}

#[test]
fn an_owner_ends_and_is_asked_again() {
    let mut subject = Subject::new(false);
    // Whatever names an owner is a name.
    let long = "x".repeat(1_000);
    for owner in ["", "somebody", &long] {
        let watcher = subject.watch(true, Some(owner));
        assert_eq!(subject.ask(|hall, store, this| hall.call_end(store, this, owner)).expect("an end"), 1);
        for max in [0, 1, u32::MAX] {
            assert!(is_over(&subject.take(watcher, max)));
        }
        assert_eq!(subject.ready(u32::MAX), []);
        assert_eq!(subject.ask(|hall, store, this| hall.call_end(store, this, owner)).expect("an end"), 0);
        subject.release(watcher);
    }
    subject.works();
}

#[test]
fn a_hall_goes_before_its_watchers() {
    for closes in [false, true] {
        let mut subject = Subject::new(true);
        let (full, empty) = (subject.watch(true, None), subject.watch(false, None));
        let hall = subject.hall;
        if closes {
            subject.ask(|hall, store, this| hall.call_close(store, this));
        } else {
            subject.release(hall);
        }
        for watcher in [full, empty, full] {
            assert!(is_over(&subject.take(watcher, u32::MAX)));
            subject.id(watcher);
        }
        subject.release(full);
        if closes {
            let watches = |store: &mut _, kernel: &Kernel| kernel.statehall_hall_watchers().call_watches(store, hall);
            assert_eq!(subject.call(watches).expect_err("a closed hall").code, Code::Closed);
            assert_eq!(subject.ready(u32::MAX), []);
            subject.release(hall);
        }
        subject.release(empty);
    }
}

#[test]
fn a_handle_goes_and_the_session_stays() {
    let mut subject = Subject::new(false);
    let first = subject.hall;
    let second = subject.ask(|hall, store, this| hall.call_as_agent(store, this, "other")).expect("another handle");
    let watcher = subject.watch(false, None);
    subject.release(first);
    subject.hall = second;
    subject.put("after");
    assert_eq!(subject.take(watcher, u32::MAX).changes.len(), 1);
    subject.release(watcher);
    subject.works();
}

#[test]
fn watchers_go_before_their_hall() {
    let mut subject = Subject::new(false);
    let watchers: Vec<_> = (0..10).map(|_| subject.watch(true, None)).collect();
    subject.put("told");
    assert_eq!(subject.ready(u32::MAX).len(), 10);
    // Inside a batch too, and the one that has waited longest among them.
    subject.ask(|hall, store, this| hall.call_begin(store, this)).expect("a batch");
    subject.put("written");
    for &watcher in watchers.iter().step_by(2) {
        subject.release(watcher);
    }
    subject.ask(|hall, store, this| hall.call_commit(store, this, NOW_MS)).expect("a commit");
    assert_eq!(subject.ready(u32::MAX).len(), 5);
    for &watcher in watchers.iter().skip(1).step_by(2) {
        assert_eq!(subject.take(watcher, u32::MAX).changes.len(), 4);
        subject.release(watcher);
    }
    let usage = subject.ask(|hall, store, this| hall.call_usage(store, this)).expect("usage");
    assert_eq!((usage.watches, usage.queued), (0, 0));
    subject.works();
}

#[test]
fn what_is_listed_is_bounded_however_often_it_is_named() {
    let mut subject = Subject::new(false);
    let hall = subject.hall;
    let selectors = [
        (Selector::Keys(vec!["a".into(); 100_000]), "Keys([\"a\"])"),
        (Selector::Segments(vec!["a".into(), "b/c".into(), "*".into()]), "Text(\"a/b~1c/*\")"),
    ];
    for (selector, listed) in selectors {
        let watch = |store: &mut _, kernel: &Kernel| {
            kernel.statehall_hall_watchers().call_watch(store, hall, &selector, &WATCH)
        };
        let watcher = subject.call(watch).expect("a watcher");
        let watches = |store: &mut _, kernel: &Kernel| kernel.statehall_hall_watchers().call_watches(store, hall);
        let shown = format!("{:?}", subject.call(watches).expect("a list")[0].selector);
        assert!(shown.ends_with(listed), "{shown}");
        subject.release(watcher);
    }
}
