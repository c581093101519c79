//! The Rust face: what a put costs with and without watchers, a get, and the whole state as bytes.
//!
//! Every put changes the value, through the public face, and everything that belongs to a put is done: the clock is
//! read, the key is looked up, the write is stamped for other sessions, the history grows, and watchers are called
//! before it returns. Each group is measured on the clock of the operating system and again on one that stands still,
//! because how long a reading takes is the machine's own.

use statehall::{Change, Error, Hall, ManualClock, Options, WatchOptions};
use statehall_bench::measure::{Measured, Subject, derive};
use statehall_bench::report::Row;
use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

const SUBJECT: &str = "rust";
const KEY: &str = "agents/planner/status";
const ENTRIES: usize = 20_000;
/// How many watchers a put tells, and how many puts make a sample.
const WATCHED: [(usize, u32); 3] = [(0, 10_000), (1, 10_000), (100, 1_000)];
/// How many keys are written in turn, each with a watcher of its own.
const SCATTERED: [usize; 2] = [1_000, 10_000];

/// The clocks, with what they are called in the table.
const CLOCKS: [(&str, bool); 2] = [("", true), (", clock stands still", false)];

/// Everything that is measured.
pub fn subjects() -> Vec<Subject> {
    let mut subjects = Vec::new();
    for (clock, real) in CLOCKS {
        subjects.extend(WATCHED.map(|(watchers, puts)| watched(watched_case(watchers, clock), watchers, puts, real)));
        let case = |keys| format!("put, {keys} keys in turn, 1 watcher each{clock}");
        subjects.extend(SCATTERED.map(|keys| scattered(case(keys), keys, real)));
    }
    subjects.push(shared(false));
    subjects.push(shared(true));
    subjects.push(get("get".to_owned(), 1));
    subjects.extend(SCATTERED.map(|keys| get(format!("get, {keys} keys in turn"), keys)));
    subjects.push(snapshot());
    subjects.push(restore());
    subjects
}

/// What each of a hundred watchers costs.
pub fn derived(measured: &[Measured]) -> Vec<Row> {
    let find = |case: String| measured.iter().find(|measured| measured.case == case);
    let mut rows = Vec::new();
    for (clock, _) in CLOCKS {
        let (Some(all), Some(none)) = (find(watched_case(100, clock)), find(watched_case(0, clock))) else { continue };
        let (above, each) = (format!("each of 100 watchers{clock}"), format!("put, over its 100 watchers{clock}"));
        rows.push(derive(above, (all, none), Some(10.0), |all, none| (all - none) / 100.0));
        rows.push(derive(each, (all, none), Some(10.0), |all, _| all / 100.0));
    }
    rows
}

fn watched_case(watchers: usize, clock: &str) -> String {
    match watchers {
        1 => format!("put, 1 watcher{clock}"),
        _ => format!("put, {watchers} watchers{clock}"),
    }
}

fn watched(case: String, watchers: usize, puts: u32, real: bool) -> Subject {
    let subject = Subject::operation(SUBJECT, case, puts, move || {
        let hall = open(real)?;
        let heard = Rc::new(Cell::new(0));
        (0..watchers).try_for_each(|_| count(&hall, KEY, &heard))?;
        let mut value = 0i64;
        Ok::<_, Error>(move || {
            value += 1;
            let before = heard.get();
            black_box(hall.put(black_box(KEY), value)).expect("a put");
            assert_eq!(heard.get() - before, watchers as u64, "every watcher hears every put");
        })
    });
    if watchers == 1 { subject.target(100.0) } else { subject }
}

fn scattered(case: String, keys: usize, real: bool) -> Subject {
    Subject::operation(SUBJECT, case, 10_000, move || {
        let hall = open(real)?;
        let heard = Rc::new(Cell::new(0));
        let keys = texts(keys);
        keys.iter().try_for_each(|key| count(&hall, key, &heard))?;
        let mut turns = Turns::new(keys);
        let mut value = 0i64;
        Ok::<_, Error>(move || {
            value += 1;
            black_box(hall.put(black_box(turns.next().as_str()), value)).expect("a put");
            assert_eq!(heard.get(), value as u64, "the watcher of the key hears the put");
        })
    })
}

/// What sharing adds: a write is noted, and at the end of a turn of a thousand puts encoded and made into frames. With
/// nobody watching, on a clock that stands still, so that the difference to the row without it is the replication's own.
fn shared(share: bool) -> Subject {
    let (keys, turn) = (SCATTERED[0], SCATTERED[0]);
    let case = if share { "shared, its frames taken" } else { "not shared" };
    Subject::operation(SUBJECT, format!("put, {keys} keys in turn, {case}, clock stands still"), 10_000, move || {
        let clock = Box::new(ManualClock::new(1_700_000_000_000));
        let options = Options { name: "bench".into(), agent: "planner".into(), seed: Some(1), ..Options::default() };
        let hall = Hall::open(Options { share, clock, ..options })?;
        let mut turns = Turns::new(texts(keys));
        let mut value = 0i64;
        Ok::<_, Error>(move || {
            value += 1;
            black_box(hall.put(black_box(turns.next().as_str()), value)).expect("a put");
            if (value as usize).is_multiple_of(turn) {
                hall.advance().expect("the end of a turn");
                let bytes: usize = hall.frames().map(|frame| black_box(frame).len()).sum();
                assert_eq!(bytes > 0, share, "what is shared makes frames");
            }
        })
    })
}

fn get(case: String, keys: usize) -> Subject {
    Subject::operation(SUBJECT, case, 10_000, move || {
        let hall = open(true)?;
        let keys = texts(keys);
        keys.iter().try_for_each(|key| hall.put(key, 1).map(|_| ()))?;
        let mut turns = Turns::new(keys);
        Ok::<_, Error>(move || {
            black_box(hall.get(black_box(turns.next().as_str()))).expect("a get").expect("a value");
        })
    })
}

/// Nothing has been encoded before: every entry has been written since the last snapshot.
fn snapshot() -> Subject {
    Subject::task(SUBJECT, format!("snapshot of {ENTRIES} entries"), || {
        let hall = open(true)?;
        let (writing, keys) = (hall.clone(), texts(ENTRIES));
        let mut value = 0i64;
        let write = move || {
            value += 1;
            keys.iter().try_for_each(|key| writing.put(key, value).map(|_| ())).expect("puts");
        };
        Ok::<_, Error>((write, move |()| hall.snapshot().expect("a snapshot")))
    })
}

fn restore() -> Subject {
    Subject::task(SUBJECT, format!("restore of {ENTRIES} entries"), || {
        let hall = open(true)?;
        texts(ENTRIES).iter().try_for_each(|key| hall.put(key, 1).map(|_| ()))?;
        let snapshot = hall.snapshot()?;
        let restore = move |hall: Hall| {
            hall.restore(black_box(&snapshot)).expect("a restore");
            hall
        };
        Ok::<_, Error>((|| open(true).expect("an empty hall"), restore))
    })
}

pub fn open(real: bool) -> Result<Hall, Error> {
    let options = Options { name: "bench".into(), agent: "planner".into(), seed: Some(1), ..Options::default() };
    Hall::open(if real { options } else { Options { clock: Box::new(ManualClock::new(1_700_000_000_000)), ..options } })
}

/// Opens a watch that does the least that a watcher can.
pub fn count(hall: &Hall, key: &str, heard: &Rc<Cell<u64>>) -> Result<(), Error> {
    let heard = heard.clone();
    let watcher = move |change: &Change| {
        black_box(change);
        heard.set(heard.get() + 1);
    };
    hall.watch(key, WatchOptions::default(), watcher).map(|watch| watch.forever())
}

pub fn texts(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("agents/{n}/status")).collect()
}

/// Keys, or what stands for them, in an order that jumps about, again and again.
pub struct Turns<K> {
    keys: Vec<K>,
    next: usize,
}

impl<K> Turns<K> {
    /// Shuffles the keys; always in the same way.
    pub fn new(mut keys: Vec<K>) -> Self {
        let mut random = 1u64;
        for end in (1..keys.len()).rev() {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            keys.swap(end, (random >> 33) as usize % (end + 1));
        }
        Self { keys, next: 0 }
    }

    pub fn next(&mut self) -> &K {
        self.next = if self.next + 1 < self.keys.len() { self.next + 1 } else { 0 };
        &self.keys[self.next]
    }
}
