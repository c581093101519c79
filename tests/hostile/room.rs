//! Honest kernels on one bus, in virtual time, and a place from which to shout.

use crate::support::kind::measured;
use statehall::kernel::{Command, Effect, Kernel, Limits, Options, Reply, Time};
use statehall::{Code, Error, Key, Selector, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

pub const HALL: &str = "hall";
/// When every room begins, in Unix milliseconds.
pub const BEGIN_MS: u64 = 1_700_000_000_000;
/// How often everybody has a turn.
const TURN_MS: u64 = 5;

/// A room. See the module.
pub struct Room {
    pub kernels: Vec<Kernel<Value>>,
    /// What each kernel was asked to report, by its face or by itself.
    pub reports: Vec<BTreeMap<Code, usize>>,
    /// The bytes that each has sent.
    pub sent: Vec<usize>,
    /// The longest that taking in one frame, or one turn, has taken.
    pub slowest: Duration,
    pub ms: u64,
    limits: Limits,
}

impl Room {
    /// Some kernels that know one another.
    pub fn new(count: usize, limits: Limits) -> Self {
        let (kernels, reports, sent) = (Vec::new(), Vec::new(), Vec::new());
        let mut room = Self { kernels, reports, sent, slowest: Duration::ZERO, ms: 0, limits };
        for _ in 0..count {
            room.enter();
        }
        room.pass(3_000);
        room
    }

    /// One more kernel joins; its place.
    pub fn enter(&mut self) -> usize {
        let (seed, limits) = (1 + self.kernels.len() as u64, self.limits.clone());
        let agent = format!("honest {seed}").into();
        self.enter_as(Options { seed, agent, limits, ..Options::default() })
    }

    /// The same, as it is told.
    pub fn enter_as(&mut self, options: Options) -> usize {
        let mut kernel = Kernel::new(Options { name: HALL.into(), ..options }, ()).expect("right options");
        kernel.join(self.time());
        self.kernels.push(kernel);
        self.reports.push(BTreeMap::new());
        self.sent.push(0);
        self.kernels.len() - 1
    }

    pub fn time(&self) -> Time {
        Time { unix_ms: BEGIN_MS + self.ms, monotonic_ms: 1_000_000 + self.ms }
    }

    /// Somebody shouts: everybody hears it.
    pub fn shout(&mut self, frame: &[u8]) {
        for place in 0..self.kernels.len() {
            self.whisper(place, frame);
        }
    }

    /// One kernel hears something.
    pub fn whisper(&mut self, place: usize, frame: &[u8]) {
        let (began, time) = (Instant::now(), self.time());
        let result = self.kernels[place].receive(frame, time);
        self.slowest = self.slowest.max(began.elapsed());
        if let Err(error) = result {
            self.report(place, &error);
        }
        self.listen(place);
    }

    fn report(&mut self, place: usize, error: &Error) {
        *self.reports[place].entry(error.code).or_default() += 1;
    }

    fn listen(&mut self, place: usize) {
        while let Some(effect) = self.kernels[place].next_effect() {
            if let Effect::Report(error) = effect {
                self.report(place, &error);
            }
        }
    }

    /// Everybody has a turn: what is due is sent and heard.
    pub fn turn(&mut self) {
        let time = self.time();
        for from in 0..self.kernels.len() {
            let began = Instant::now();
            self.kernels[from].advance(time);
            self.slowest = self.slowest.max(began.elapsed());
            self.listen(from);
            while let Some(frame) = self.kernels[from].next_frame() {
                self.sent[from] += frame.len();
                for to in (0..self.kernels.len()).filter(|&to| to != from) {
                    self.whisper(to, &frame);
                }
            }
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, ms: u64) {
        let end_ms = self.ms + ms;
        while self.ms < end_ms {
            self.ms += TURN_MS;
            self.turn();
        }
    }

    pub fn put(&mut self, place: usize, key: &str, value: impl Into<Value>) -> Result<Reply, Error> {
        let (key, value) = (Key::parse(key).expect("a key"), measured(&value.into(), &()));
        let origin = "honest".into();
        let put = Command::Put { key, value, metadata: None, origin, expect: None, ttl_ms: None, touch: false };
        let (began, time) = (Instant::now(), self.time());
        let reply = self.kernels[place].apply(put, time.unix_ms);
        self.slowest = self.slowest.max(began.elapsed());
        self.listen(place);
        reply
    }

    pub fn clear(&mut self, place: usize, selector: &str) {
        let selector = Some(Selector::parse(selector).expect("a selector"));
        let clear = Command::Clear { selector, origin: "honest".into() };
        let time = self.time();
        self.kernels[place].apply(clear, time.unix_ms).expect("a delete is never too much");
        self.listen(place);
    }

    pub fn value(&self, place: usize, key: &str) -> Option<Value> {
        self.kernels[place].entry(key).map(|entry| entry.value.clone())
    }

    /// What one kernel holds.
    pub fn state(&self, place: usize) -> BTreeMap<String, Value> {
        let kernel = &self.kernels[place];
        let entries = kernel.slots(None).into_iter();
        entries.filter_map(|slot| Some((kernel.key(slot)?.to_string(), kernel.entry_at(slot)?.value.clone()))).collect()
    }

    /// Whether all hold the same; the keys that differ if not.
    pub fn differences(&self) -> BTreeSet<String> {
        let first = self.state(0);
        let others = (1..self.kernels.len()).map(|place| self.state(place));
        let differing = others.flat_map(|other| {
            let keys: BTreeSet<_> = first.keys().chain(other.keys()).cloned().collect();
            keys.into_iter().filter(|key| first.get(key) != other.get(key)).collect::<Vec<_>>()
        });
        differing.collect()
    }

    /// Everybody writes, in keys of its own and in one that all write; all of it must reach all.
    #[track_caller]
    pub fn check_it_goes_on(&mut self) {
        let mut written = BTreeMap::new();
        for round in 0..3 {
            for place in 0..self.kernels.len() {
                let value = Value::from((self.ms * 10 + place as u64) as i64);
                for key in [format!("own/{place}"), format!("own/{place}/{round}/{}", self.ms), "all".to_owned()] {
                    self.put(place, &key, value.clone()).expect("one's own write");
                    assert_eq!(self.value(place, &key), Some(value.clone()), "{key}, at once");
                    written.insert(key, value.clone());
                }
                self.pass(10);
            }
            self.pass(1_000);
        }
        self.pass(40_000);
        assert_eq!(self.differences(), BTreeSet::new(), "all hold the same");
        let state = self.state(0);
        for (key, value) in written {
            assert_eq!(state.get(&key), Some(&value), "{key}");
        }
    }

    /// How often a kernel has reported a code.
    pub fn reported(&self, place: usize, code: Code) -> usize {
        self.reports[place].get(&code).copied().unwrap_or(0)
    }

    /// How many bytes a kernel's whole state has, what it knows of other sessions included.
    pub fn snapshot_bytes(&mut self, place: usize) -> usize {
        self.kernels[place].snapshot().expect("a snapshot").len()
    }
}
