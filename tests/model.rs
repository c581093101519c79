//! Random commands on one kernel against the model in `support/dumb.rs`.
//!
//! After every command the reply, all notifications and the counters are compared, and now and
//! then everything that can be asked. A seed reproduces: `STATEHALL_SEED=<n> cargo test --test
//! model` runs that one and prints its commands; `STATEHALL_SEEDS` says how many are run.

#[path = "model/compare.rs"]
mod compare;
mod support;

use compare::read;
use statehall::kernel::{Behind, Command, Hot, Kernel, Options, Reply, Time, WatchOptions};
use statehall::state::selection::WatchId;
use statehall::state::watch::SetId;
use statehall::table::Slot;
use statehall::{Code, Key, Limits, Selector, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use support::dumb::{Answer, Dumb, Note, Put};
use support::kind::{Kind, encoded, measured, settle};
use support::rng::Rng;
use support::testref::TestRef;

/// So many seeds of so many steps each are more than 100,000 commands.
const SEEDS: u64 = 50;
const COMMANDS: u64 = 2_200;

const AGENTS: [&str; 3] = ["planner", "writer", "reader"];
const OWNERS: [&str; 2] = ["tab", "signal"];

#[test]
fn the_kernel_equals_the_model() {
    let number = |name| std::env::var(name).ok().map(|text: String| text.parse::<u64>().expect("a number"));
    let only = number("STATEHALL_SEED");
    let seeds = match only {
        Some(seed) => seed..seed + 1,
        None => 0..number("STATEHALL_SEEDS").unwrap_or(SEEDS),
    };
    let mut done = BTreeMap::new();
    for seed in seeds.clone() {
        let run = || {
            if seed.is_multiple_of(2) {
                run::<Value>(seed, only.is_some())
            } else {
                run::<TestRef>(seed, only.is_some())
            }
        };
        let counts = catch_unwind(AssertUnwindSafe(run));
        let counts = counts
            .unwrap_or_else(|_| panic!("seed {seed} failed; STATEHALL_SEED={seed} cargo test --test model tells how"));
        for (what, times) in counts {
            *done.entry(what).or_insert(0) += times;
        }
    }
    let total: u64 = done.iter().filter(|(what, _)| !what.contains(' ')).map(|(_, times)| times).sum();
    println!("model: seeds={} commands={total} {done:?}", seeds.end - seeds.start);
    if only.is_none() && seeds.end >= SEEDS {
        for what in Bench::<Value>::COVERED {
            assert!(done.get(what).is_some_and(|times| *times > 0), "{what} never happened, so it was not tested");
        }
    }
}

#[test]
fn the_seed_of_the_tables_cannot_be_observed() {
    let story = |hash_seed| {
        let mut bench = Bench::<Value>::new(Rng::new(99), hash_seed, false);
        (0..COMMANDS).for_each(|_| bench.step());
        bench.log
    };
    let first = story(1);
    assert!(first.len() as u64 >= COMMANDS);
    for hash_seed in [2, 3, u64::MAX] {
        assert!(story(hash_seed) == first, "hash seed {hash_seed} shows");
    }
}

fn run<V: Kind>(seed: u64, verbose: bool) -> BTreeMap<&'static str, u64> {
    let mut bench = Bench::<V>::new(Rng::new(seed), seed, verbose);
    for _ in 0..COMMANDS {
        bench.step();
    }
    let Bench { kernel, pool, done, .. } = bench;
    drop(kernel);
    assert_eq!(V::live(&pool), 0, "values that nobody holds are let go");
    done
}

/// A kernel beside its model.
struct Bench<V: Kind> {
    rng: Rng,
    hash_seed: u64,
    kernel: Kernel<V>,
    pool: V::Pool,
    dumb: Dumb,
    time: Time,
    /// The latest that the wall clock has shown.
    latest_ms: u64,
    keys: Vec<String>,
    values: Vec<Value>,
    /// Slots that were seen, with their keys: a slot never becomes another key's.
    slots: BTreeMap<Slot, String>,
    done: BTreeMap<&'static str, u64>,
    log: Vec<String>,
    verbose: bool,
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    let small = [
        ("keyBytes", 20),
        ("segments", 4),
        ("valueBytes", 120),
        ("metadataBytes", 20),
        ("entries", 16),
        ("bytes", 700),
        ("tombstones", 12),
        ("watches", 14),
        ("selectorKeys", 3),
        ("queue", 5),
    ];
    for (name, value) in small {
        limits.set(name, value).expect("a limit");
    }
    limits
}

impl<V: Kind> Bench<V> {
    /// What must have happened in all seeds together.
    const COVERED: [&str; 26] = [
        "put",
        "put-slot",
        "behind",
        "delete",
        "clear",
        "begin",
        "commit",
        "roll-back",
        "watch",
        "unwatch",
        "end-owner",
        "take",
        "advance",
        "restore",
        "told changes",
        "told initial",
        "told expiries",
        "held tombstones",
        "refused limit",
        "refused conflict",
        "refused invalid-argument",
        "lost compare",
        "missed",
        "compacted",
        "slots given back",
        "equal put",
    ];
    const TOMBSTONE_MS: u64 = 400;

    fn new(mut rng: Rng, hash_seed: u64, verbose: bool) -> Self {
        let mut keys: Vec<String> = Vec::new();
        for head in ["a", "b", "c~1d", "__proto__"] {
            keys.extend(["", "/x", "/y", "/x/1", "/y/1", "/~0"].map(|tail| format!("{head}{tail}")));
        }
        keys.extend(["a/b/c/d/e", "a/far-too-long-to-be-a-key"].map(String::from));
        let values = [Value::Null, 0.into(), 1.into(), 1.0.into(), f64::NAN.into(), true.into(), "t".into(), "".into()];
        let more = [
            Value::from("y".repeat(60)),
            "z".repeat(200).into(),
            vec![Value::Null].into(),
            Value::from([("m", 1.into())]),
        ];
        let kernel_seed = hash_seed;
        let (kernel, pool) = open::<V>(kernel_seed);
        let time = Time { unix_ms: 1_000_000, monotonic_ms: rng.below(10_000) };
        Self {
            rng,
            hash_seed,
            kernel,
            pool,
            dumb: Dumb::new(limits(), Self::TOMBSTONE_MS),
            time,
            latest_ms: time.unix_ms,
            keys,
            values: values.into_iter().chain(more).collect(),
            slots: BTreeMap::new(),
            done: BTreeMap::new(),
            log: Vec::new(),
            verbose,
        }
    }

    /// One command, and what must then hold.
    fn step(&mut self) {
        match self.rng.below(100) {
            0..30 => self.put(),
            30..45 => self.put_slot(),
            45..58 => self.delete(),
            58..60 => self.clear(),
            60..66 => self.batch(),
            66..73 => self.watch(),
            73..77 => self.unwatch(),
            77..79 => self.end_owner(),
            79..88 => self.take(),
            88..98 => self.advance(),
            _ => self.restore(),
        }
        self.compare_counters();
        if self.rng.percent(10) {
            self.compare_all();
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.done.entry(what).or_insert(0) += 1;
    }

    fn note(&mut self, what: String) {
        if self.verbose {
            println!("{what}");
        }
        self.log.push(what);
    }

    fn key(&mut self) -> String {
        let key = self.rng.index(self.keys.len());
        self.keys[key].clone()
    }

    fn value(&mut self) -> (Value, u64) {
        let choice = self.rng.index(self.values.len());
        let value = self.values[choice].clone();
        let bytes = encoded(&value).len() as u64;
        (value, bytes)
    }

    /// A revision that may be the entry's.
    fn expect(&mut self, key: &str) -> Option<u64> {
        let current = self.dumb.entries.get(key).map_or(0, |entry| entry.revision);
        match self.rng.below(10) {
            0 => Some(current),
            1 => Some(current + 1),
            2 => Some(0),
            _ => None,
        }
    }

    fn put(&mut self) {
        let key = self.key();
        let map = Value::from([("by", Value::Integer(self.rng.below(3) as i64))]);
        let metadata =
            self.rng.percent(20).then(|| (map.clone(), encoded(&map).len() as u64 + self.rng.pick(&[0, 0, 0, 30])));
        let put = Put {
            value: self.value(),
            metadata,
            origin: self.rng.pick(&AGENTS).to_owned(),
            expect: self.expect(&key),
            ttl_ms: if self.rng.percent(25) { Some(self.rng.below(200)) } else { None },
            touch: self.rng.percent(10),
            key,
        };
        self.note(format!("{put:?}"));
        let mut metadata = put.metadata.as_ref().map(|(metadata, _)| measured::<V>(metadata, &self.pool));
        if let (Some(measured), Some(given)) = (&mut metadata, &put.metadata) {
            measured.bytes = given.1;
        }
        let command = Command::Put {
            key: Key::parse(&put.key).expect("a key"),
            value: measured(&put.value.0, &self.pool),
            metadata,
            origin: put.origin.as_str().into(),
            expect: put.expect,
            ttl_ms: put.ttl_ms,
            touch: put.touch,
        };
        let reply = self.kernel.apply(command, self.time.unix_ms);
        let expected = self.dumb.put(put, self.time.unix_ms);
        self.compare_reply("put", reply, expected);
    }

    fn put_slot(&mut self) {
        let key = self.key();
        let Some(slot) = self.kernel.slot(&key) else { return };
        let (value, origin) = (self.value(), self.rng.pick(&AGENTS));
        self.note(format!("put slot {key} {value:?}"));
        let old = self.dumb.entries.get(&key).map(|entry| entry.value.clone());
        let stored = V::make(&value.0, &self.pool);
        let put = Put {
            key: key.clone(),
            value: value.clone(),
            metadata: None,
            origin: origin.to_owned(),
            expect: None,
            ttl_ms: None,
            touch: false,
        };
        let expected = self.dumb.put(put, self.time.unix_ms);
        let granted = self.kernel.grant(slot).map(|grant| grant.set).filter(|_| self.rng.percent(50));
        let hot = match (granted, &expected) {
            // A face that decides as the model does takes the put itself.
            (Some(set), Ok(Answer::Written(revision, true))) => {
                self.count("behind");
                let set = if self.kernel.in_batch() { SetId::NOBODY } else { set };
                let (revision, bytes) = (*revision, value.1 as u32);
                let (value, origin, unix_ms) = (Some(stored), &origin.into(), self.time.unix_ms);
                let put = Behind { value, bytes, revision, origin, unix_ms };
                self.kernel.catch_up(slot, put).map(|()| Hot { revision, changed: true, set })
            }
            _ => self.kernel.put_slot(slot, stored, value.1, &origin.into(), self.time.unix_ms),
        };
        let mut called = Vec::new();
        if let Ok(Hot { revision, changed: true, set }) = hot
            && set != SetId::NOBODY
        {
            // The face calls these itself.
            let note = Note {
                key,
                value: Some(value.0),
                old,
                revision,
                origin: origin.to_owned(),
                metadata: None,
                expires_ms: None,
                initial: false,
            };
            called.extend(self.kernel.members(set).iter().map(|watch| (watch.0, note.clone())));
        }
        let reply = hot.map(|hot| Reply::Written { revision: hot.revision, changed: hot.changed });
        self.compare_called("put-slot", reply, expected, called);
    }

    fn delete(&mut self) {
        let key = self.key();
        let (origin, expect, touch) = (self.rng.pick(&AGENTS), self.expect(&key), self.rng.percent(15));
        self.note(format!("delete {key} {expect:?} {touch}"));
        let command = Command::Delete { key: Key::parse(&key).expect("a key"), origin: origin.into(), expect, touch };
        let reply = self.kernel.apply(command, self.time.unix_ms);
        let expected = self.dumb.delete(key, origin.to_owned(), expect, touch);
        self.compare_reply("delete", reply, expected);
    }

    fn clear(&mut self) {
        let (selector, patterns) = self.selector();
        let (selector, patterns) =
            if self.rng.percent(20) { (None, vec!["**".to_owned()]) } else { (Some(selector), patterns) };
        self.note(format!("clear {patterns:?}"));
        let too_large = selector.as_ref().is_some_and(|selector| self.kernel.check_selector(selector).is_err());
        let reply = self.kernel.apply(Command::Clear { selector, origin: AGENTS[0].into() }, self.time.unix_ms);
        let expected = if too_large { Err(Code::Limit) } else { Ok(self.dumb.clear(&patterns, AGENTS[0])) };
        self.compare_reply("clear", reply, expected);
    }

    fn batch(&mut self) {
        let what = if !self.dumb.in_batch() || self.rng.percent(5) { 0 } else { self.rng.between(1, 2) };
        self.note(format!("batch {what}"));
        let (name, result, expected) = match what {
            0 => ("begin", self.kernel.begin().map(|()| false), self.dumb.begin().then_some(false)),
            1 => ("commit", self.kernel.commit(self.time.unix_ms), self.dumb.commit()),
            _ => ("roll-back", self.kernel.roll_back().map(|()| false), self.dumb.roll_back().then_some(false)),
        };
        self.count(name);
        let refused = result.as_ref().is_err_and(|error| error.code == Code::InvalidArgument);
        assert_eq!((result.ok(), refused), (expected, expected.is_none()), "{name}");
        self.compare_told(Vec::new());
    }

    /// Any kind of selector, and the patterns that mean the same.
    fn selector(&mut self) -> (Selector, Vec<String>) {
        if self.rng.percent(25) {
            let keys: BTreeSet<String> = (0..self.rng.between(1, 4)).map(|_| self.key()).collect();
            let selector = Selector::keys(keys.iter().map(String::as_str)).expect("keys");
            return (selector, keys.into_iter().collect());
        }
        let mut segments: Vec<String> = self.key().split('/').map(String::from).collect();
        for segment in &mut segments {
            if self.rng.percent(30) {
                *segment = "*".to_owned();
            }
        }
        if self.rng.percent(40) {
            segments.truncate(self.rng.index(segments.len() + 1));
            segments.push("**".to_owned());
        }
        let pattern = segments.join("/");
        (Selector::parse(&pattern).expect("a selector"), vec![pattern])
    }

    fn watch(&mut self) {
        let (selector, patterns) = self.selector();
        let owner = if self.rng.percent(40) { Some(self.rng.pick(&OWNERS)) } else { None };
        let (initial, capacity) = (self.rng.percent(50), self.rng.percent(40).then(|| self.rng.below(7)));
        self.note(format!("watch {patterns:?} {owner:?} {initial} {capacity:?}"));
        let fits = self.kernel.check_selector(&selector).is_ok()
            && (self.dumb.watches.len() as u64) < self.dumb.limits.watches;
        let fits = fits && capacity.is_none_or(|capacity| capacity <= self.dumb.limits.queue);
        let options = WatchOptions { initial, owner: owner.map(Into::into), capacity };
        match self.kernel.watch(selector, options) {
            Ok(watch) => {
                assert!(fits && !self.dumb.in_batch() && capacity != Some(0));
                let capacity = capacity.map(|capacity| capacity as usize);
                self.dumb.watch(watch.0, patterns, owner.map(String::from), capacity, initial);
            }
            Err(error) if self.dumb.in_batch() => assert_eq!(error.code, Code::InvalidArgument),
            Err(error) if !fits => assert_eq!(error.code, Code::Limit),
            Err(error) => assert_eq!((error.code, capacity), (Code::InvalidArgument, Some(0))),
        }
        self.count("watch");
        self.compare_told(Vec::new());
    }

    fn any_watch(&mut self) -> u32 {
        let open: Vec<u32> = self.dumb.watches.keys().copied().chain([999]).collect();
        self.rng.pick(&open)
    }

    fn unwatch(&mut self) {
        let watch = self.any_watch();
        self.note(format!("unwatch {watch}"));
        assert_eq!(self.kernel.unwatch(WatchId(watch)), self.dumb.watches.remove(&watch).is_some());
        self.count("unwatch");
        self.kernel.take_released();
    }

    fn end_owner(&mut self) {
        let owner = self.rng.pick(&OWNERS);
        self.note(format!("end {owner}"));
        let ended: Vec<u32> = self.kernel.end_watches(owner).into_iter().map(|watch| watch.0).collect();
        assert_eq!(ended, self.dumb.end_owner(owner));
        self.count("end-owner");
    }

    fn take(&mut self) {
        let watch = self.any_watch();
        self.note(format!("take {watch}"));
        let taken = self.kernel.take(WatchId(watch)).map(|change| read(&change));
        let expected = self.dumb.watches.get_mut(&watch).and_then(|watch| watch.queue.pop_front());
        assert_eq!(taken, expected);
        self.count("take");
    }

    fn advance(&mut self) {
        self.time.monotonic_ms += self.rng.below(60);
        // The wall clock may go back.
        self.time.unix_ms = (self.time.unix_ms + self.rng.below(80)).saturating_sub(self.rng.pick(&[0, 0, 0, 40]));
        self.latest_ms = self.latest_ms.max(self.time.unix_ms);
        self.note(format!("advance {:?}", self.time));
        settle(&mut self.kernel);
        let before = self.dumb.told.len();
        self.kernel.advance(self.time);
        self.dumb.advance(self.time.unix_ms, self.time.monotonic_ms);
        if self.dumb.told.len() > before {
            self.count("told expiries");
        }
        self.count("advance");
        self.compare_told(Vec::new());
        for slot in self.kernel.take_freed() {
            assert_eq!(self.kernel.key(slot), None, "a slot that was given back");
            self.count("slots given back");
        }
    }

    /// Goes on in a new kernel that has restored a snapshot of the old one.
    fn restore(&mut self) {
        self.note("restore".to_owned());
        settle(&mut self.kernel);
        let snapshot = self.kernel.snapshot();
        let (mut kernel, pool) = open::<V>(self.hash_seed ^ 7);
        if self.dumb.in_batch() {
            assert_eq!(snapshot.map_err(|error| error.code), Err(Code::InvalidArgument));
            assert_eq!(self.kernel.restore(&[], self.time).map_err(|error| error.code), Err(Code::InvalidArgument));
            return;
        }
        let watched = self.rng.percent(50).then(|| {
            let watch = kernel.watch(Selector::parse("**").expect("a selector"), WatchOptions::default());
            (watch.expect("a watch").0, vec!["**".to_owned()])
        });
        // What has expired stays so unless the wall clock goes back.
        self.time.unix_ms = self.latest_ms;
        let snapshot = snapshot.expect("outside a batch");
        self.compare_held(&snapshot);
        kernel.restore(&snapshot, self.time).expect("a whole snapshot");
        let old = std::mem::replace(&mut self.kernel, kernel);
        drop(old);
        let old_pool = std::mem::replace(&mut self.pool, pool);
        assert_eq!(V::live(&old_pool), 0, "values that nobody holds are let go");
        self.dumb = self.dumb.restored(self.time.unix_ms, self.time.monotonic_ms, watched);
        self.slots.clear();
        self.count("restore");
        self.compare_told(Vec::new());
        self.compare_all();
    }
}

fn open<V: Kind>(seed: u64) -> (Kernel<V>, V::Pool) {
    let pool = V::pool();
    let options = Options { seed, limits: limits(), tombstone_ms: Bench::<V>::TOMBSTONE_MS, ..Options::default() };
    (Kernel::new(options, V::share(&pool)).expect("right options"), pool)
}
