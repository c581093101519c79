//! Watches of contexts, and what whoever is woken finds.

use super::{committed, lease, open, waiting};
use statehall::{Code, Context, ContextChange, ContextWatchOptions, Error, Guard, Hall, Options, Value};
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Wake, Waker};

type Told = (u64, Option<Value>, bool);
type Heard = Rc<RefCell<Vec<Told>>>;

fn note(log: &Heard) -> impl FnMut(&ContextChange) + 'static {
    let log = log.clone();
    move |change| log.borrow_mut().push((change.version, change.value.clone(), change.initial))
}

const INITIAL: ContextWatchOptions = ContextWatchOptions { initial: true };
const LATER: ContextWatchOptions = ContextWatchOptions { initial: false };

/// A context, and what was found when it was read.
type Read = (Context, Vec<(u64, Value)>);

thread_local! {
    static READ: RefCell<Option<Read>> = const { RefCell::new(None) };
}

/// Reads the context at the very moment at which it is woken.
struct Reads;

impl Wake for Reads {
    fn wake(self: Arc<Self>) {
        READ.with_borrow_mut(|read| {
            let (context, found) = read.as_mut().expect("a context to read");
            let record = context.get().expect("open").expect("a document");
            found.push((record.version, record.data));
        });
    }
}

#[test]
fn whoever_is_woken_by_a_change_finds_all_of_it() {
    let (hall, clock) = open();
    let x = hall.context("x").expect("a name");
    assert_eq!(x.create("old"), committed(1));
    let held = lease(&x, "ann", None);
    let mut wait = pin!(waiting(&x, "bob", Some(50)));
    READ.set(Some((x.clone(), Vec::new())));
    let waker = Waker::from(Arc::new(Reads));
    assert!(wait.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    // The time to wait is over, and it is the holder's write that finds out.
    clock.advance(60);
    assert_eq!(x.replace("new", &held), committed(2));
    let (_, found) = READ.take().expect("it is there");
    assert_eq!(found, [(2, Value::from("new"))]);
    assert!(matches!(wait.as_mut().poll(&mut std::task::Context::from_waker(&waker)), Poll::Ready(None)));
}

#[test]
fn a_watch_tells_each_version_and_deletions() {
    let (hall, _) = open();
    let x = hall.context("x").expect("a name");
    let (all, late) = (Heard::default(), Heard::default());
    let watch = x.watch(INITIAL, note(&all)).expect("open");
    assert_eq!(x.create(1), committed(1));
    let late_watch = x.watch(INITIAL, note(&late)).expect("open");
    assert_eq!(x.delete(Guard::Any), committed(2));
    assert_eq!(x.create(3), committed(3));
    drop(watch);
    assert_eq!(x.replace(4, 3), committed(4));
    assert_eq!(*all.borrow(), [(1, Some(1.into()), false), (2, None, false), (3, Some(3.into()), false)]);
    let rest = [(1, Some(1.into()), true), (2, None, false), (3, Some(3.into()), false), (4, Some(4.into()), false)];
    assert_eq!(*late.borrow(), rest);
    drop(late_watch);
}

#[test]
fn what_a_watcher_commits_is_told_coalesced_and_never_backwards() {
    let (hall, _) = open();
    let x = hall.context("x").expect("a name");
    let (heard, inner) = (Heard::default(), x.clone());
    let (depth, deepest) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (now, most) = (depth.clone(), deepest.clone());
    x.watch(LATER, move |change| {
        now.set(now.get() + 1);
        most.set(most.get().max(now.get()));
        if change.version == 1 {
            for version in 1..=5 {
                assert_eq!(inner.replace(Value::from(version as i64 + 1), version), committed(version + 1));
            }
        }
        now.set(now.get() - 1);
    })
    .expect("open")
    .forever();
    x.watch(LATER, note(&heard)).expect("open").forever();
    assert_eq!(x.create(1), committed(1));
    // The second watch had its turn after the first: it hears only the last of all.
    assert_eq!(*heard.borrow(), [(6, Some(6.into()), false)]);
    assert_eq!((depth.get(), deepest.get()), (0, 1));
}

#[test]
fn changes_in_a_batch_are_told_after_it_even_if_it_fails() {
    let (hall, _) = open();
    let x = hall.context("x").expect("a name");
    let heard = Heard::default();
    x.watch(LATER, note(&heard)).expect("open").forever();
    let failed = hall.batch(|hall| {
        hall.put("a", 1)?;
        assert_eq!(x.create(1), committed(1));
        assert_eq!(x.replace(2, 1), committed(2));
        assert!(heard.borrow().is_empty());
        hall.put("a//b", 1)
    });
    assert_eq!(failed.map_err(|error| error.code), Err(Code::InvalidKey));
    assert_eq!((hall.get("a").expect("open"), &*heard.borrow()), (None, &vec![(2, Some(2.into()), false)]));
}

#[test]
fn a_deletion_that_is_forgotten_is_told_all_the_same() {
    let hall = Hall::open(limited("tombstones", 0)).expect("right options");
    let (x, y) = (hall.context("x").expect("a name"), hall.context("y").expect("a name"));
    let heard = Heard::default();
    x.watch(LATER, note(&heard)).expect("open").forever();
    assert_eq!(x.create(1), committed(1));
    assert_eq!(x.delete(1), committed(2));
    assert!(y.create(1).expect("open").is_committed());
    assert!(y.delete(Guard::Any).expect("open").is_committed());
    assert!(x.create(2).expect("open").is_committed());
    let versions: Vec<_> = heard.borrow().iter().map(|(version, ..)| *version).collect();
    assert_eq!(heard.borrow().iter().map(|(_, value, _)| value.is_some()).collect::<Vec<_>>(), [true, false, true]);
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

fn limited(name: &str, value: u64) -> Options {
    let mut options = Options::default();
    options.limits.set(name, value).expect("a limit");
    options
}

#[test]
fn watches_are_bounded_isolated_and_end_with_the_hall() {
    let on_error = |error: &Error| assert_eq!(error.code, Code::CallbackFailed);
    let options = Options { on_error: Box::new(on_error), ..limited("watches", 2) };
    let hall = Hall::open(options).expect("right options");
    let x = hall.context("x").expect("a name");
    let (heard, kept) = (Heard::default(), Rc::new(()));
    let weak = Rc::downgrade(&kept);
    x.watch(LATER, move |_| {
        let _kept = &kept;
        panic!("thrown by a test");
    })
    .expect("open")
    .forever();
    x.watch(LATER, note(&heard)).expect("open").forever();
    assert_eq!(x.watch(LATER, |_| {}).expect_err("too many").code, Code::Limit);
    assert_eq!(x.create(1), committed(1));
    assert_eq!(*heard.borrow(), [(1, Some(1.into()), false)]);
    hall.close();
    assert_eq!(weak.upgrade(), None, "what a watcher held is let go");
    assert_eq!(x.watch(LATER, |_| {}).expect_err("closed").code, Code::Closed);
}
