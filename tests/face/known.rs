//! A put to a key that the hall knows by its text takes a short way; this holds it to the long one.

use crate::Log;
use crate::rng::Rng;
use statehall::{Change, Error, Hall, Limits, ManualClock, Options, PutOptions, Value, Watch, WatchOptions};
use std::cell::RefCell;
use std::rc::Rc;

/// A hall whose watchers write, watch, end watches and fail, with what it has said, done to and told.
struct Busy {
    hall: Hall,
    clock: ManualClock,
    log: Log,
    guards: Rc<RefCell<Vec<Watch>>>,
}

impl Busy {
    fn open() -> Result<Self, Error> {
        let clock = ManualClock::new(1_700_000_000_000);
        let log = Log::default();
        let noted = log.clone();
        let limits = Limits { entries: 6, value_bytes: 8, bytes: 90, ..Limits::default() };
        let on_error = Box::new(move |error: &Error| noted.borrow_mut().push(error.to_string()));
        let options = Options { seed: Some(1), limits, on_error, tombstone_ms: 50, ..Options::default() };
        let hall = Hall::open(Options { clock: Box::new(clock.clone()), share: true, ..options })?;
        Ok(Self { hall, clock, log, guards: Rc::default() })
    }

    /// Opens a watch whose watcher does something of one kind.
    fn watch(&self, selector: &str, kind: u64, once: bool) -> Result<(), Error> {
        let (log, guards, hall, name) = (self.log.clone(), self.guards.clone(), self.hall.clone(), selector.to_owned());
        let watcher = move |change: &Change| {
            log.borrow_mut().push(format!("{name} {kind}: {change:?}"));
            let n = change.value.as_ref().and_then(Value::as_integer).unwrap_or(0);
            match kind {
                1 if n > 0 => drop(hall.put("a/b", n - 1)),
                2 => drop(guards.borrow_mut().pop()),
                3 => {
                    let log = log.clone();
                    let late = move |change: &Change| log.borrow_mut().push(format!("late: {change:?}"));
                    guards.borrow_mut().extend(hall.watch("**", WatchOptions::default(), late));
                }
                4 => panic!("a watcher that fails"),
                _ => {}
            }
        };
        let guard = self.hall.watch(selector, WatchOptions { once, ..WatchOptions::default() }, watcher)?;
        self.guards.borrow_mut().push(guard);
        Ok(())
    }
}

#[test]
fn a_put_to_a_key_that_is_known_by_its_text_is_like_any_other() -> Result<(), Error> {
    for seed in 0..100 {
        let (text, segments) = (Busy::open()?, Busy::open()?);
        let mut streams = [
            text.hall.stream("a/**", WatchOptions::default())?,
            segments.hall.stream("a/**", WatchOptions::default())?,
        ];
        let mut rng = Rng::new(seed);
        for step in 0..200 {
            let key = rng.pick(&["a", "a/b", "a/c", "b", "b/c", "d", "e", "a//b", "*"]);
            let (deed, kind, once, ms) = (rng.below(20), rng.below(6), rng.percent(20), rng.below(30));
            let value =
                if deed == 0 { Value::from("too long for the limit") } else { Value::from(rng.below(4) as i64) };
            let outcomes = [&text, &segments].map(|busy| {
                let hall = &busy.hall;
                // Segments are put together and read each time, and so take the long way.
                let long: Vec<_> = key.split('/').collect();
                let put = || {
                    if std::ptr::eq(busy, &text) {
                        hall.put(key, value.clone())
                    } else {
                        hall.put(&long[..], value.clone())
                    }
                };
                let outcome = match deed {
                    1 => hall.delete(key),
                    2 => busy.watch(key, kind, once).and(hall.put("b", step)),
                    3 => hall.batch(|_| put().and(put())),
                    4 => hall.put_with(key, value.clone(), PutOptions { ttl_ms: Some(20), ..PutOptions::default() }),
                    5 => {
                        busy.guards.borrow_mut().pop();
                        put()
                    }
                    6 => {
                        busy.clock.advance(ms);
                        hall.advance().and_then(|()| put())
                    }
                    7 => {
                        let metadata = Some([("m", Value::from(ms as i64))].into());
                        hall.put_with(key, value.clone(), PutOptions { metadata, ..PutOptions::default() })
                    }
                    _ => put(),
                };
                (outcome, busy.log.take(), hall.usage(), format!("{:?}", hall.entry(key)), hall.changes(0, "**"))
            });
            assert_eq!(outcomes[0], outcomes[1], "seed {seed}, step {step}");
        }
        let [text_heard, segments_heard] = streams.each_mut().map(|stream| format!("{:?}", stream.pull(usize::MAX)));
        assert_eq!(text_heard, segments_heard, "seed {seed}");
        assert_eq!(text.hall.snapshot()?, segments.hall.snapshot()?, "seed {seed}");
        text.hall.close();
        segments.hall.close();
    }
    Ok(())
}
