//! Waiting for a state: the present one first, and no watch is left however it ends.

use crate::open_noting;
use futures::executor::{LocalPool, block_on};
use futures::future::FutureExt;
use futures::task::LocalSpawnExt;
use statehall::{Change, Code, Error, Hall, Keys, ManualClock, Options, Until, WatchOptions};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

fn timed() -> (Hall, ManualClock) {
    let clock = ManualClock::new(1_700_000_000_000);
    let options = Options { seed: Some(1), clock: Box::new(clock.clone()), ..Options::default() };
    (Hall::open(options).unwrap(), clock)
}

fn is(value: i32) -> impl Fn(&Change) -> bool {
    move |change| change.value == Some(value.into())
}

fn now(until: &mut Until) -> Option<Result<Change, Error>> {
    until.now_or_never()
}

#[test]
fn the_present_state_is_asked_first() -> Result<(), Error> {
    let (hall, _) = timed();
    hall.put("a", 5)?;
    let change = block_on(hall.watch_until("a", None, is(5))?)?;
    assert_eq!((change.key.text(), change.value, change.initial), ("a", Some(5.into()), true));
    assert!(hall.watches()?.is_empty());
    Ok(())
}

#[test]
fn then_each_change_until_the_condition_holds() -> Result<(), Error> {
    let (hall, _) = timed();
    let asked = Rc::new(RefCell::new(Vec::new()));
    let noted = asked.clone();
    let mut until = hall.watch_until("agents/*/status", None, move |change| {
        noted.borrow_mut().push(change.key.text().to_owned());
        change.value == Some("done".into())
    })?;
    hall.put("agents/a/status", "busy")?;
    assert!(now(&mut until).is_none());
    assert_eq!(hall.watches()?.len(), 1);
    hall.put("agents/b/status", "done")?;
    hall.put("agents/a/status", "done")?;
    assert_eq!(now(&mut until).unwrap()?.key.text(), "agents/b/status");
    assert_eq!(*asked.borrow(), ["agents/a/status", "agents/b/status"]);
    assert!(hall.watches()?.is_empty());
    Ok(())
}

#[test]
fn of_keys_that_are_named_absence_is_a_state_too() -> Result<(), Error> {
    let (hall, _) = timed();
    hall.put("other", 1)?;
    let gone = |change: &Change| change.deleted();
    let change = block_on(hall.watch_until(Keys(["a", "b"]), None, gone)?)?;
    assert_eq!((change.key.text(), change.value, change.revision, change.initial), ("a", None, 1, true));
    // What is there is asked about before what is not.
    hall.put("b", 1)?;
    let either = |change: &Change| change.deleted() || change.value == Some(1.into());
    assert_eq!(block_on(hall.watch_until(Keys(["a", "b"]), None, either)?)?.key.text(), "b");
    hall.put("a", 1)?;
    let mut later = hall.watch_until("a", None, gone)?;
    let mut any = hall.watch_until("x/*", None, gone)?;
    hall.delete("a")?;
    assert_eq!(now(&mut later).unwrap()?.old, Some(1.into()));
    assert!(now(&mut any).is_none(), "of a pattern nothing is named");
    Ok(())
}

#[test]
fn the_time_to_wait_is_that_of_the_halls_clock() -> Result<(), Error> {
    let (hall, clock) = timed();
    let mut until = hall.watch_until("a", Some(100), is(1))?;
    assert_eq!(hall.next_wake(), Some(Duration::from_millis(100)));
    clock.advance(99);
    hall.advance()?;
    assert!(now(&mut until).is_none());
    clock.advance(1);
    hall.advance()?;
    let error = now(&mut until).unwrap().unwrap_err();
    assert_eq!((error.code, error.detail.contains("100 ms")), (Code::Timeout, true));
    assert!(hall.watches()?.is_empty());
    assert_eq!(hall.next_wake(), None);

    // Who has found it, or does not want it any more, waits for no time.
    let found = hall.watch_until("a", Some(100), is(1))?;
    drop(hall.watch_until("a", Some(50), is(1))?);
    hall.put("a", 1)?;
    assert_eq!((hall.next_wake(), hall.watches()?.len()), (None, 0));
    assert!(block_on(found).is_ok());
    Ok(())
}

#[test]
fn a_task_is_woken_by_what_it_waits_for_its_time_and_the_end_of_its_handle() -> Result<(), Error> {
    let (hall, clock) = timed();
    let other = hall.as_agent("other")?;
    let mut pool = LocalPool::new();
    let settled = Rc::new(RefCell::new(Vec::new()));
    for (handle, selector, timeout_ms) in [(&hall, "a", None), (&hall, "b", Some(10)), (&other, "c", None)] {
        let (until, settled) = (handle.watch_until(selector, timeout_ms, is(1))?, settled.clone());
        let task = async move {
            let outcome = until.await;
            settled.borrow_mut().push((selector, outcome.map(|change| change.revision).map_err(|error| error.code)));
        };
        pool.spawner().spawn_local(task).unwrap();
    }
    pool.run_until_stalled();
    hall.put("a", 1)?;
    pool.run_until_stalled();
    other.close();
    pool.run_until_stalled();
    clock.advance(10);
    hall.advance()?;
    pool.run_until_stalled();
    assert_eq!(*settled.borrow(), [("a", Ok(1)), ("c", Err(Code::Closed)), ("b", Err(Code::Timeout))]);
    assert!(hall.watches()?.is_empty());
    Ok(())
}

#[test]
fn a_condition_that_panics_is_what_comes_of_it() -> Result<(), Error> {
    let (hall, errors) = open_noting();
    hall.put("a", 1)?;
    let error = block_on(hall.watch_until("a", None, |_| panic!("mine"))?).unwrap_err();
    assert_eq!((error.code, error.detail.contains("mine")), (Code::CallbackFailed, true));
    assert!(hall.watches()?.is_empty() && errors.borrow().is_empty());
    Ok(())
}

#[test]
fn a_watcher_may_wait_for_what_it_will_bring_about() -> Result<(), Error> {
    let (hall, _) = timed();
    hall.put("b", 1)?;
    let found = Rc::new(Cell::new(None));
    let (inner, keeper) = (hall.clone(), found.clone());
    let watch = hall.watch("a", WatchOptions::default(), move |_| {
        keeper.set(Some(inner.watch_until("b", None, is(2)).unwrap()));
        inner.put("b", 2).unwrap();
    })?;
    hall.put("a", 1)?;
    assert_eq!(block_on(found.take().unwrap())?.old, Some(1.into()));
    drop(watch);
    assert!(hall.watches()?.is_empty());
    Ok(())
}

#[test]
fn what_cannot_be_waited_for_is_refused() -> Result<(), Error> {
    let (hall, _) = timed();
    assert_eq!(hall.watch_until("a//b", None, is(1)).unwrap_err().code, Code::InvalidSelector);
    let inside: Result<(), Error> = hall.batch(|hall| hall.watch_until("a", None, is(1)).map(drop));
    assert_eq!(inside.unwrap_err().code, Code::InvalidArgument);
    let waiting = hall.watch_until("a", None, is(1))?;
    hall.close();
    assert_eq!(block_on(waiting).unwrap_err().code, Code::Closed);
    assert_eq!(hall.watch_until("a", None, is(1)).unwrap_err().code, Code::Closed);
    Ok(())
}
