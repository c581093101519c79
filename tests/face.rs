//! The Rust face, where it is more than the transcripts can say: tasks, streams, panics, closures and what they hold.

#[path = "face/known.rs"]
mod known;
#[path = "face/owners.rs"]
mod owners;
#[path = "support/rng.rs"]
#[allow(dead_code, reason = "this test uses a part of it")]
mod rng;
#[path = "face/until.rs"]
mod until;
#[path = "face/waiting.rs"]
mod waiting;

use futures::executor::{LocalPool, block_on};
use futures::task::LocalSpawnExt;
use futures::{FutureExt, StreamExt};
use statehall::{
    Change, Clock, Code, Error, Hall, Key, Keys, ManualClock, Options, PutOptions, Selector, Since, Value, WatchOptions,
};
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

type Log = Rc<RefCell<Vec<String>>>;

fn open() -> Hall {
    Hall::open(Options { seed: Some(1), ..Options::default() }).unwrap()
}

/// A hall whose errors are noted instead of printed.
fn open_noting() -> (Hall, Log) {
    let errors = Log::default();
    let noted = errors.clone();
    let on_error = Box::new(move |error: &Error| noted.borrow_mut().push(error.to_string()));
    (Hall::open(Options { seed: Some(1), on_error, ..Options::default() }).unwrap(), errors)
}

fn line(change: &Change) -> String {
    format!("{} {:?}", change.key.text(), change.value.as_ref().and_then(Value::as_integer))
}

fn noting(log: &Log) -> impl FnMut(&Change) + 'static {
    let log = log.clone();
    move |change| log.borrow_mut().push(line(change))
}

fn take(log: &Log) -> Vec<String> {
    log.take()
}

/// Lets the other tasks run.
async fn pause() {
    let mut paused = false;
    futures::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut paused, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[test]
fn n09_n10_n32_tasks_write_read_and_update_one_hall() {
    let hall = open();
    let mut pool = LocalPool::new();
    let spawner = pool.spawner();
    for n in 0..50 {
        let hall = hall.clone();
        let write = async move {
            pause().await;
            hall.put(["writer", &n.to_string()], n).unwrap();
        };
        spawner.spawn_local(write).unwrap();
    }
    for _ in 0..10 {
        let hall = hall.clone();
        let count = async move {
            for _ in 0..100 {
                hall.update("counter", 0, |count| (count.as_integer().unwrap() + 1).into()).unwrap();
                pause().await;
            }
        };
        spawner.spawn_local(count).unwrap();
    }
    pool.run();
    assert_eq!(hall.keys("writer/*").unwrap().len(), 50);
    assert!((0..50).all(|n| hall.get(["writer", &n.to_string()]) == Ok(Some(n.into()))));
    assert_eq!(hall.get("counter"), Ok(Some(1_000.into())));

    hall.put("shared", "shared_value").unwrap();
    let read = Rc::new(Cell::new(0));
    for _ in 0..100 {
        let (hall, read) = (hall.clone(), read.clone());
        let reading = async move {
            pause().await;
            assert_eq!(hall.get("shared"), Ok(Some("shared_value".into())));
            read.set(read.get() + 1);
        };
        spawner.spawn_local(reading).unwrap();
    }
    pool.run();
    assert_eq!(read.get(), 100);
}

#[test]
fn a_stream_wakes_its_reader_and_ends_with_its_owner_its_watch_and_its_hall() {
    let hall = open();
    let mut pool = LocalPool::new();
    let log = Log::default();
    let owned = hall.stream("a/**", WatchOptions { owner: Some("reader".into()), ..WatchOptions::default() }).unwrap();
    let once = hall.stream("a/**", WatchOptions { once: true, ..WatchOptions::default() }).unwrap();
    let lasting = hall.stream("**", WatchOptions::default()).unwrap();
    for (name, mut changes) in [("owned", owned), ("once", once), ("lasting", lasting)] {
        let log = log.clone();
        let reading = async move {
            while let Some(change) = changes.next().await {
                log.borrow_mut().push(format!("{name} {}", line(&change)));
            }
            log.borrow_mut().push(format!("{name} ended"));
        };
        pool.spawner().spawn_local(reading).unwrap();
    }
    pool.run_until_stalled();
    assert!(take(&log).is_empty());

    hall.put("a/b", 1).unwrap();
    pool.run_until_stalled();
    let mut heard = take(&log);
    heard.sort();
    assert_eq!(heard, ["lasting a/b Some(1)", "once a/b Some(1)", "once ended", "owned a/b Some(1)"]);

    assert_eq!(hall.end("reader"), Ok(1));
    pool.run_until_stalled();
    assert_eq!(take(&log), ["owned ended"]);

    hall.put("b", 2).unwrap();
    hall.close();
    pool.run();
    assert_eq!(take(&log), ["lasting ended"], "what waits goes with the session");
}

#[test]
fn a_slow_reader_loses_the_oldest_and_is_told_how_many() {
    let hall = open();
    let mut changes = hall.stream("**", WatchOptions { capacity: Some(2), ..WatchOptions::default() }).unwrap();
    (0..5).try_for_each(|n| hall.put("a", n).map(|_| ())).unwrap();
    assert_eq!(changes.missed(), 3);
    assert_eq!(changes.pull(10).iter().map(line).collect::<Vec<_>>(), ["a Some(3)", "a Some(4)"]);
    assert!(changes.next().now_or_never().is_none(), "nothing waits, and more may come");
    hall.close();
    assert_eq!((changes.missed(), changes.is_open()), (3, false));
    assert_eq!(block_on(changes.next()).map(|change| line(&change)), None);
}

#[test]
fn a_capacity_is_for_streams() {
    let hall = open();
    let options = WatchOptions { capacity: Some(2), ..WatchOptions::default() };
    assert_eq!(hall.watch("a", options, |_| {}).unwrap_err().code, Code::InvalidArgument);
}

#[test]
fn a_watch_lasts_as_long_as_its_guard_unless_it_is_forever() {
    let hall = open();
    let log = Log::default();
    let watch = hall.watch("a", WatchOptions::default(), noting(&log)).unwrap();
    hall.watch("b", WatchOptions::default(), noting(&log)).unwrap().forever();
    hall.batch(|hall| hall.put("a", 1).and(hall.put("b", 1))).unwrap();
    assert_eq!(take(&log), ["a Some(1)", "b Some(1)"]);
    assert!(watch.is_open());
    watch.end();
    hall.batch(|hall| hall.put("a", 2).and(hall.put("b", 2))).unwrap();
    assert_eq!(take(&log), ["b Some(2)"]);
    assert_eq!(hall.usage().unwrap().watches, 1);
}

#[test]
fn what_a_watcher_holds_is_let_go_when_its_watch_ends() {
    let held = Rc::new(());
    let hold = || {
        let held = held.clone();
        move |_: &Change| drop(held.clone())
    };
    let hall = open();
    drop(hall.watch("a", WatchOptions::default(), hold()).unwrap());
    assert_eq!(Rc::strong_count(&held), 1, "its guard is dropped");
    let watch = hall.watch("a", WatchOptions { once: true, ..WatchOptions::default() }, hold()).unwrap();
    hall.put("a", 1).unwrap();
    assert_eq!((Rc::strong_count(&held), watch.is_open()), (1, false), "it has been told once");
    hall.watch("a", WatchOptions { owner: Some("me".into()), ..WatchOptions::default() }, hold()).unwrap().forever();
    hall.end("me").unwrap();
    assert_eq!(Rc::strong_count(&held), 1, "its owner has ended");
    hall.watch("a", WatchOptions::default(), hold()).unwrap().forever();
    drop(hall);
    assert_eq!(Rc::strong_count(&held), 1, "the last handle is dropped");
}

#[test]
fn a_destructor_of_a_watcher_may_use_the_hall() {
    struct Farewell(Hall);
    impl Drop for Farewell {
        fn drop(&mut self) {
            self.0.put("farewell", true).unwrap();
        }
    }
    let hall = open();
    let farewell = Farewell(hall.as_agent("leaver").unwrap());
    let watch = hall.watch("a", WatchOptions::default(), move |_| drop(farewell.0.has("a"))).unwrap();
    drop(watch);
    assert_eq!(&*hall.entry("farewell").unwrap().unwrap().origin, "leaver");
}

#[test]
fn a_clock_may_use_the_hall() {
    struct Curious(Rc<RefCell<Option<Hall>>>);
    impl Clock for Curious {
        fn unix_ms(&self) -> u64 {
            self.0.borrow().as_ref().map_or(1, |hall| 2 + hall.keys("**").map_or(0, |keys| keys.len()) as u64)
        }
        fn monotonic_ms(&self) -> u64 {
            self.unix_ms()
        }
    }
    let known = Rc::default();
    let hall = Hall::open(Options { clock: Box::new(Curious(Rc::clone(&known))), ..Options::default() }).unwrap();
    *known.borrow_mut() = Some(hall.clone());
    hall.put("a", 1).unwrap();
    hall.put("b", 1).unwrap();
    assert_eq!(hall.entry("b").unwrap().unwrap().updated_ms, 3);
    hall.advance().unwrap();
    hall.close();
}

#[test]
fn n34_a_panic_in_an_update_is_an_error_and_changes_nothing() {
    let hall = open();
    hall.put("a", 1).unwrap();
    let log = Log::default();
    let _watch = hall.watch("**", WatchOptions::default(), noting(&log)).unwrap();
    let error = hall.update("a", 0, |_| panic!("no {}", "good")).unwrap_err();
    assert_eq!(error.code, Code::CallbackFailed);
    assert!(error.detail.ends_with("panicked: no good"), "{error}");
    assert_eq!((hall.get("a"), take(&log)), (Ok(Some(1.into())), vec![]));
}

#[test]
fn a_panic_in_a_batch_undoes_it_and_goes_on() {
    let hall = open();
    let log = Log::default();
    let _watch = hall.watch("**", WatchOptions::default(), noting(&log)).unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        hall.batch(|hall| -> Result<(), Error> {
            hall.put("a", 1)?;
            hall.batch(|hall| -> Result<(), Error> {
                hall.put("b", 1)?;
                panic!("in the inner one")
            })
        })
    }));
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"in the inner one"));
    assert_eq!((hall.keys("**").unwrap().len(), take(&log)), (0, vec![]));
    hall.batch(|hall| hall.put("a", 2)).unwrap();
    assert_eq!(take(&log), ["a Some(2)"]);
}

#[test]
fn an_inner_batch_that_panics_and_is_caught_fails_the_outer() {
    let hall = open();
    let result = hall.batch(|hall| {
        hall.put("a", 1)?;
        let caught = catch_unwind(AssertUnwindSafe(|| {
            hall.batch(|hall| -> Result<(), Error> { hall.put("b", 1).map(|_| panic!("caught")) })
        }));
        assert!(caught.is_err());
        Ok::<_, Error>(())
    });
    assert_eq!(result.unwrap_err().code, Code::CallbackFailed);
    assert_eq!(hall.keys("**"), Ok(vec![]));
}

#[test]
fn watchers_and_filters_that_panic_are_reported_and_disturb_nobody() {
    let (hall, errors) = open_noting();
    let log = Log::default();
    let filter = |change: &Change| if change.deleted() { panic!("filter") } else { true };
    let _first = hall.watch("**", WatchOptions::default(), |_| panic!("watcher")).unwrap();
    let options = WatchOptions { filter: Some(Box::new(filter)), ..WatchOptions::default() };
    let _second = hall.watch("**", options, noting(&log)).unwrap();
    let options = WatchOptions { filter: Some(Box::new(filter)), ..WatchOptions::default() };
    let mut read = hall.stream("**", options).unwrap();
    hall.put("a", 1).unwrap();
    hall.delete("a").unwrap();
    hall.put("a", 2).unwrap();
    assert_eq!(take(&log), ["a Some(1)", "a None", "a Some(2)"], "what a filter fails to judge is told (X51)");
    let watcher = "callback-failed: a watcher panicked: watcher";
    let filter = "callback-failed: a filter panicked: filter";
    assert_eq!(take(&errors), [watcher, watcher, filter, watcher]);
    assert_eq!(read.pull(10).len(), 3);
    assert_eq!(take(&errors), [filter]);
}

#[test]
fn an_on_error_that_panics_or_uses_the_hall_disturbs_nobody() {
    let known: Rc<RefCell<Option<Hall>>> = Rc::default();
    let knows = known.clone();
    let on_error = Box::new(move |_: &Error| {
        knows.borrow().as_ref().map(|hall| hall.put("errors", 1)).transpose().unwrap();
        panic!("in on_error")
    });
    let hall = Hall::open(Options { on_error, ..Options::default() }).unwrap();
    *known.borrow_mut() = Some(hall.clone());
    let log = Log::default();
    let _bad = hall.watch("a", WatchOptions::default(), |_| panic!("watcher")).unwrap();
    let _good = hall.watch("**", WatchOptions::default(), noting(&log)).unwrap();
    hall.put("a", 1).unwrap();
    assert_eq!(take(&log), ["a Some(1)", "errors Some(1)"]);
    hall.close();
}

#[test]
fn a_long_chain_of_watchers_does_not_nest() {
    let hall = open();
    let (inside, deepest) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (chain, depth, most) = (hall.clone(), inside.clone(), deepest.clone());
    let count = move |change: &Change| {
        depth.set(depth.get() + 1);
        most.set(most.get().max(depth.get()));
        let n = change.value.as_ref().and_then(Value::as_integer).unwrap();
        if n < 100_000 {
            chain.put("n", n + 1).unwrap();
        }
        depth.set(depth.get() - 1);
    };
    let _watch = hall.watch("n", WatchOptions::default(), count).unwrap();
    hall.put("n", 0).unwrap();
    assert_eq!((hall.get("n"), deepest.get()), (Ok(Some(100_000.into())), 1));
    hall.close();
}

#[test]
fn a_watcher_may_close_the_hall() {
    let hall = open();
    let log = Log::default();
    let closing = hall.clone();
    let _first = hall.watch("**", WatchOptions::default(), move |_| closing.close()).unwrap();
    let _second = hall.watch("**", WatchOptions::default(), noting(&log)).unwrap();
    hall.put("a", 1).unwrap();
    assert!(hall.is_closed());
    assert_eq!(take(&log), Vec::<String>::new());
    assert_eq!(hall.get("a").unwrap_err().code, Code::Closed);
}

#[test]
fn work_that_closes_its_hall_fails_as_closed() {
    let hall = open();
    let other = hall.as_agent("other").unwrap();
    let closed = hall.batch(|hall| {
        hall.put("a", 1)?;
        hall.close();
        Ok::<_, Error>(())
    });
    assert_eq!(closed.unwrap_err().code, Code::Closed);
    assert_eq!(other.keys("**"), Ok(vec![]), "the batch has not happened");
    let closed = other.update("a", 0, |value| {
        other.close();
        value
    });
    assert_eq!(closed.unwrap_err().code, Code::Closed);
}

#[test]
fn a_batch_may_fail_with_an_error_of_its_own() {
    #[derive(Debug, PartialEq)]
    enum Booking {
        Full,
        Hall(Code),
    }
    impl From<Error> for Booking {
        fn from(error: Error) -> Self {
            Self::Hall(error.code)
        }
    }
    let hall = open();
    let book = |name: &str| {
        hall.batch(|hall| {
            hall.put(["guests", name], true)?;
            if hall.keys("guests/*")?.len() > 2 { Err(Booking::Full) } else { Ok(()) }
        })
    };
    assert_eq!(
        [book("ann"), book("bob"), book("cy"), book("")],
        [Ok(()), Ok(()), Err(Booking::Full), Err(Booking::Hall(Code::InvalidKey))]
    );
    assert_eq!(hall.keys("**").unwrap().len(), 2);
}

#[test]
fn keys_and_selectors_are_given_in_every_form() -> Result<(), Error> {
    let hall = open();
    let key = Key::from_segments(["a", "b/c"])?;
    hall.put(&key, 1)?;
    let segments = vec!["a".to_owned(), "b/c".to_owned()];
    assert!(hall.has("a/b~1c")? && hall.has(String::from("a/b~1c"))? && hall.has(["a", "b/c"])?);
    assert!(hall.has(segments.as_slice())? && hall.has(key.clone())?);
    let all = [
        hall.keys("a/*")?,
        hall.keys(["a", "*"])?,
        hall.keys(&key)?,
        hall.keys(&Selector::parse("**")?)?,
        hall.keys(Keys([&key]))?,
        hall.keys(Keys(vec!["x", "a/b~1c"]))?,
    ];
    assert!(all.iter().all(|keys| *keys == [key.clone()]));
    assert_eq!(hall.get([] as [&str; 0]).unwrap_err().code, Code::InvalidKey);
    Ok(())
}

#[test]
fn a_cursor_follows_a_hall_from_revision_to_revision() -> Result<(), Error> {
    let hall = open();
    let (mut cursor, mut copy) = (0, std::collections::BTreeMap::new());
    for n in 0..100 {
        hall.put(["k", &(n % 7).to_string()], n)?;
        if n % 3 == 0 {
            hall.delete(["k", &(n % 5).to_string()])?;
        }
        if n % 10 == 0 {
            let Since::Changes { revision, changes } = hall.changes(cursor, "**")? else { panic!("compacted") };
            for item in changes {
                match item.value {
                    Some(value) => drop(copy.insert(item.key, value)),
                    None => drop(copy.remove(&item.key)),
                }
            }
            cursor = revision;
            assert_eq!(copy, hall.to_map("**")?);
        }
    }
    Ok(())
}

#[test]
fn next_wake_says_when_advance_has_something_to_do() -> Result<(), Error> {
    let clock = ManualClock::new(1_000);
    let hall = Hall::open(Options { clock: Box::new(clock.clone()), ..Options::default() })?;
    assert_eq!(hall.next_wake(), None);
    hall.put_with("a", 1, PutOptions { ttl_ms: Some(50), ..PutOptions::default() })?;
    assert_eq!(hall.next_wake().map(|wait| wait.as_millis()), Some(50));
    clock.set_unix_ms(1_049);
    assert_eq!(hall.next_wake().map(|wait| wait.as_millis()), Some(1), "a time to live is of the wall clock");

    let shared = Hall::open(Options { clock: Box::new(clock.clone()), share: true, ..Options::default() })?;
    assert_eq!(shared.next_wake().map(|wait| wait.as_millis()), Some(0), "to say hello");
    shared.advance()?;
    assert_eq!(shared.frames().count(), 1);
    assert!(shared.next_wake().is_some_and(|wait| wait.as_millis() > 0));
    shared.put("a", 1)?;
    assert_eq!(shared.next_wake().map(|wait| wait.as_millis()), Some(0), "to tell of the write");
    shared.advance()?;
    assert_eq!(shared.frames().count(), 1);
    shared.close();
    assert_eq!((shared.frames().count(), shared.next_wake()), (1, None), "goodbye");
    Ok(())
}

#[test]
fn a_private_hall_takes_in_no_frames() -> Result<(), Error> {
    let (private, shared) = (open(), Hall::open(Options { share: true, ..Options::default() })?);
    shared.put("a", 1)?;
    shared.advance()?;
    for frame in shared.frames() {
        assert_eq!(private.receive(&frame).unwrap_err().code, Code::InvalidArgument);
    }
    assert_eq!(private.rejoin().unwrap_err().code, Code::InvalidArgument);
    assert_eq!((private.has("a"), private.frames().count()), (Ok(false), 0));
    shared.rejoin()
}

#[test]
fn same_seed_same_commands_same_times_same_bytes() -> Result<(), Error> {
    let run = |seed| -> Result<(Vec<u8>, Vec<Vec<u8>>), Error> {
        let clock = ManualClock::new(1_700_000_000_000);
        let options = Options { seed: Some(seed), share: true, clock: Box::new(clock.clone()), ..Options::default() };
        let hall = Hall::open(options)?;
        for n in 0..1_000 {
            hall.put(["k", &(n * 7 % 101).to_string()], n)?;
            clock.advance(1);
        }
        hall.clear("k/5*")?;
        hall.advance()?;
        Ok((hall.snapshot()?, hall.frames().collect()))
    };
    assert_eq!(run(3)?, run(3)?);
    assert_ne!(run(3)?.0, run(4)?.0, "another session has other stamps");
    Ok(())
}

#[test]
fn every_error_code_that_rust_can_meet_is_in_a_transcript() {
    // Those of JavaScript alone: a second opening in one realm, the slim entry, missing platform parts, a trap.
    let elsewhere = [Code::OptionsConflict, Code::NotInitialized, Code::Unsupported, Code::Poisoned];
    // No transcript knows a session's id, and so none can use it: see tests/hostile/names.rs.
    // Nor does anybody wait there: see js/test/watching/until.test.js.
    let elsewhere = [elsewhere.as_slice(), &[Code::SessionTaken, Code::Timeout]].concat();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcripts");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let texts = files.filter(|path| path.extension().is_some_and(|extension| extension == "txt"));
    let texts: Vec<_> = texts.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let lines: Vec<_> = texts.iter().flat_map(|text| text.lines()).collect();
    for code in Code::ALL.iter().filter(|code| !elsewhere.contains(code)) {
        let shown = [format!("error {}", code.name()), format!("report {}", code.name())];
        let shown = |line: &&str| shown.iter().any(|shown| line.starts_with(shown));
        assert!(lines.iter().any(shown), "no transcript shows {}", code.name());
    }
}

/// Panics when it goes, unless a panic is under way.
struct Brittle;

impl Drop for Brittle {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            panic!("what a watcher held has panicked");
        }
    }
}

#[test]
fn what_a_watcher_held_may_panic_when_it_goes() -> Result<(), Error> {
    let hall = open();
    let heard = Rc::new(Cell::new(0));
    let count = heard.clone();
    hall.watch("**", WatchOptions::default(), move |_| count.set(count.get() + 1))?.forever();
    let brittle = Brittle;
    let once = WatchOptions { once: true, ..WatchOptions::default() };
    hall.watch("a", once, move |_| {
        let _held = &brittle;
    })?
    .forever();
    assert!(catch_unwind(AssertUnwindSafe(|| hall.put("a", 1))).is_err());
    for value in 2..5 {
        hall.put("a", value)?;
    }
    assert_eq!(heard.get(), 4, "the others hear everything");
    Ok(())
}
