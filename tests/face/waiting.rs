//! Changes that wait, where Rust has more to say than the transcripts: wakers, variables, failures, clocks.

use crate::{noting, open_noting, take};
use futures::executor::block_on;
use futures::{FutureExt, StreamExt};
use statehall::{Condition, Error, Hall, ManualClock, Options, Overflow, Value, WatchOptions};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

fn timed() -> (Hall, ManualClock) {
    let clock = ManualClock::new(1_700_000_000_000);
    let options = Options { seed: Some(1), clock: Box::new(clock.clone()), ..Options::default() };
    (Hall::open(options).unwrap(), clock)
}

fn every(ms: u64) -> WatchOptions {
    WatchOptions { deliver_ms: Some(ms), ..WatchOptions::default() }
}

#[test]
fn the_host_is_told_when_to_come_back() -> Result<(), Error> {
    let (hall, clock) = timed();
    let log = crate::Log::default();
    let watch = hall.watch("**", every(50), noting(&log))?;
    assert_eq!(hall.next_wake(), None, "nothing waits");
    hall.put("a", 1)?;
    clock.advance(20);
    hall.put("a", 2)?;
    assert_eq!(hall.next_wake(), Some(Duration::from_millis(30)), "from the first change on");
    // A host that comes late tells everything at once, and a later time of the wall clock changes nothing.
    clock.set_unix_ms(1);
    clock.advance(1_000);
    hall.put("b", 1)?;
    hall.advance()?;
    assert_eq!(take(&log), ["a Some(2)", "b Some(1)"]);
    assert_eq!(hall.next_wake(), None);
    hall.put("a", 3)?;
    drop(watch);
    assert_eq!((hall.next_wake(), hall.usage()?.queued), (None, 0), "who has stopped waits for nothing");
    Ok(())
}

#[test]
fn time_does_not_pass_inside_a_batch() -> Result<(), Error> {
    let (hall, clock) = timed();
    let log = crate::Log::default();
    hall.watch("a", every(10), noting(&log))?.forever();
    hall.put("a", 1)?;
    hall.batch(|hall| {
        clock.advance(10);
        hall.put("a", 2)?;
        hall.advance()
    })?;
    assert!(take(&log).is_empty());
    hall.advance()?;
    assert_eq!(take(&log), ["a Some(2)"]);
    Ok(())
}

#[test]
fn who_stops_hears_nothing_of_the_rest_of_the_round() -> Result<(), Error> {
    let (hall, clock) = timed();
    let (heard, guard) = (Rc::new(RefCell::new(Vec::new())), Rc::new(RefCell::new(None)));
    let (noted, own) = (heard.clone(), guard.clone());
    let watch = hall.watch("**", every(10), move |change| {
        noted.borrow_mut().push(change.key.text().to_owned());
        own.take();
    })?;
    guard.replace(Some(watch));
    hall.put("a", 1)?;
    hall.put("b", 1)?;
    clock.advance(10);
    hall.advance()?;
    assert_eq!(*heard.borrow(), ["a"]);
    Ok(())
}

#[test]
fn x50_a_watcher_that_panics_is_listed_with_what_it_did() -> Result<(), Error> {
    let (hall, errors) = open_noting();
    hall.watch("a", WatchOptions { owner: Some("ann".into()), ..every(1) }, |_| panic!("mine"))?.forever();
    let log = crate::Log::default();
    hall.watch("a", every(1), noting(&log))?.forever();
    hall.put("a", 1)?;
    std::thread::sleep(Duration::from_millis(5));
    hall.advance()?;
    assert_eq!(take(&log), ["a Some(1)"]);
    let watches = hall.watches()?;
    let failure = watches[0].last_error.as_ref().map(ToString::to_string);
    assert!(failure.as_ref().is_some_and(|failure| failure.contains("mine")), "{failure:?}");
    assert_eq!(failure.into_iter().collect::<Vec<_>>(), take(&errors));
    assert_eq!((watches[0].delivered, watches[1].last_error.as_ref()), (1, None));
    Ok(())
}

#[test]
fn a_stream_that_says_what_it_loses_wakes_its_reader_and_ends() -> Result<(), Error> {
    let (hall, errors) = open_noting();
    let close = WatchOptions { overflow: Some(Overflow::Close), capacity: Some(2), ..WatchOptions::default() };
    let mut changes = hall.stream("a", close)?;
    let mut next = changes.next();
    assert!((&mut next).now_or_never().is_none());
    hall.put("a", 1)?;
    assert_eq!(block_on(next).and_then(|change| change.value), Some(1.into()));
    for n in 2..=4 {
        hall.put("a", n)?;
    }
    assert!(block_on(changes.next()).is_none() && !changes.is_open());
    assert!(errors.borrow()[0].contains("\"a\" has ended: more than its capacity of 2"), "{errors:?}");
    assert_eq!(errors.borrow().len(), 1);
    Ok(())
}

#[test]
fn what_is_opened_while_a_watcher_runs_has_its_initial_values_first() -> Result<(), Error> {
    let (hall, _) = timed();
    hall.put("a", 1)?;
    let stream = Rc::new(RefCell::new(None));
    let (inner, keeper) = (hall.clone(), stream.clone());
    hall.watch("go", WatchOptions::default(), move |_| {
        let options = WatchOptions { initial: true, overflow: Some(Overflow::DropOldest), ..WatchOptions::default() };
        keeper.replace(Some(inner.stream("a", options).unwrap()));
        inner.put("a", 2).unwrap();
    })?
    .forever();
    hall.put("go", true)?;
    let changes = stream.take().unwrap().pull(9);
    let told: Vec<_> =
        changes.iter().map(|change| (change.old.clone(), change.value.clone(), change.initial)).collect();
    assert_eq!(told, [(None, Some(1.into()), true), (Some(1.into()), Some(2.into()), false)]);
    Ok(())
}

#[test]
fn a_variable_is_told_at_intervals_as_it_shows_itself() -> Result<(), Error> {
    let (hall, clock) = timed();
    let limit = hall.variable("limit", [("type", "integer".into()), ("value", 7.into())])?;
    let heard = Rc::new(RefCell::new(Vec::new()));
    let noted = heard.clone();
    let filter = Some(Condition { delta: Some(2.0), ..Condition::default() }.into_filter()?);
    let options = WatchOptions { initial: true, filter, ..every(10) };
    limit
        .watch(options, move |change, _| noted.borrow_mut().push((change.old.clone(), change.value.clone())))?
        .forever();
    limit.set(8)?;
    limit.set(10)?;
    limit.set(12)?;
    clock.advance(10);
    hall.advance()?;
    let value = |number: i32| Some(Value::from(number));
    assert_eq!(heard.take(), [(None, value(7)), (value(8), value(12))], "a filter is asked about every change");
    limit.reset()?;
    clock.advance(10);
    hall.advance()?;
    assert_eq!(heard.take(), [(value(12), value(7))]);
    Ok(())
}
