//! A kernel with its host, to whom anybody may say anything. After every deed its books must
//! balance, and what it has refused must have left no trace.

use super::forge::value;
use super::source::Source;
use crate::support::kind::{Kind, measured, settle};
use crate::support::stored::expired;
use statehall::kernel::{Behind, Command, Effect, Hot, Kernel, Options, Time, Usage, WatchOptions};
use statehall::state::queue::Change;
use statehall::{Code, Error, Key, Limits, Selector, Value};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The wall clock at the beginning.
pub const BEGIN_MS: u64 = 1_700_000_000_000;
/// The name of the hall.
pub const HALL: &str = "hall";
/// The most milliseconds that a deed lets pass: more than tombstones, pings and peers last.
const PAUSES_MS: [u64; 8] = [0, 1, 20, 60, 300, 1_100, 40_000, 700_000];

/// A kernel and its host. See the module.
pub struct Hall<V: Kind> {
    /// The kernel.
    pub kernel: Kernel<V>,
    pool: V::Pool,
    /// The time.
    pub now: Time,
    /// The latest that the wall clock has shown.
    latest_ms: u64,
    joined: bool,
    /// What a watcher of everything believes.
    heard: BTreeMap<Rc<str>, Value>,
    revision: u64,
}

/// Small limits, so that they are reached; or those of everybody.
pub fn limits(small: bool) -> Limits {
    let (mut limits, tight) = (
        Limits::default(),
        [
            ("keyBytes", 40),
            ("segments", 6),
            ("valueBytes", 200),
            ("metadataBytes", 60),
            ("entries", 3),
            ("bytes", 300),
            ("tombstones", 3),
            ("sessions", 3),
            ("frameBytes", 128),
            ("messageBytes", 65_536),
        ],
    );
    for (name, most) in tight.into_iter().filter(|_| small) {
        limits.set(name, most).expect("a limit");
    }
    limits
}

impl<V: Kind> Hall<V> {
    /// A hall in which nothing has happened, and a watcher of everything.
    pub fn new(seed: u64, limits: Limits) -> Self {
        let pool = V::pool();
        let options = Options { name: HALL.into(), seed, limits, tombstone_ms: 200, ..Options::default() };
        let mut kernel = Kernel::new(options, V::share(&pool)).expect("right options");
        let everything = Selector::parse("**").expect("a selector");
        kernel.watch(everything, WatchOptions::default()).expect("a first watch");
        let now = Time { unix_ms: BEGIN_MS, monotonic_ms: 1_000 };
        Self { kernel, pool, now, latest_ms: BEGIN_MS, joined: false, heard: BTreeMap::new(), revision: 0 }
    }

    /// Takes in a frame. Whatever it was, the books balance; a refused one has only been counted.
    pub fn receive(&mut self, frame: &[u8]) -> Result<(), Error> {
        let before = self.trace();
        let result = self.kernel.receive(frame, self.now);
        self.check(before, &result, &[Code::InvalidFrame, Code::PeerVersion, Code::Limit]);
        result
    }

    /// Restores a snapshot, as [`Hall::receive`].
    pub fn restore(&mut self, snapshot: &[u8]) -> Result<(), Error> {
        let before = self.trace();
        let result = self.kernel.restore(snapshot, self.now);
        self.check(before, &result, &[Code::InvalidSnapshot, Code::NewerVersion, Code::Limit]);
        result
    }

    /// Takes in an export of variables, as [`Hall::receive`].
    pub fn import(&mut self, exported: &[u8]) -> Result<(), Error> {
        let before = self.trace();
        let result = self.kernel.import_variables(exported, &"own".into(), self.now.unix_ms);
        let bad = [Code::InvalidArgument, Code::InvalidKey, Code::InvalidValue, Code::InvalidDeclaration];
        self.check(before, &result, &[&bad[..], &[Code::ConstraintViolation, Code::Limit]].concat());
        result
    }

    /// Puts a value to a key that may be declared.
    pub fn put(&mut self, key: Key, value: &Value) {
        let value = measured(value, &self.pool);
        let (origin, expect, ttl_ms) = ("own".into(), None, None);
        let put = Command::Put { key, value, metadata: None, origin, expect, ttl_ms, touch: false };
        if let Err(error) = self.kernel.apply(put, self.now.unix_ms) {
            assert!([Code::Limit, Code::ConstraintViolation].contains(&error.code), "{error}");
        }
        self.hear();
    }

    fn check(&mut self, before: Trace, result: &Result<(), Error>, codes: &[Code]) {
        if let Err(error) = result {
            assert!(codes.contains(&error.code), "{error}");
            assert!(!self.kernel.has_effects() && self.kernel.next_frame().is_none(), "{error}");
            assert!(self.trace() == before, "a refusal has changed something: {error}");
        }
        self.hear();
        let (limits, usage) = (self.kernel.limits(), self.kernel.usage());
        let twice = |limit: u64, before: u64| before.max(2 * limit);
        assert!(usage.entries <= twice(limits.entries, before.usage.entries), "{usage:?}");
        assert!(usage.bytes <= twice(limits.bytes, before.usage.bytes), "{usage:?}");
    }

    /// What a refusal may not change. How many frames came in is counted whatever became of them.
    fn trace(&mut self) -> Trace {
        let state = self.snapshot();
        let mut usage = self.kernel.usage();
        (usage.traffic.dropped, usage.traffic.frames_in, usage.traffic.bytes_in) = (0, 0, 0);
        Trace { state, revision: self.kernel.revision(), usage, variables: self.kernel.export_variables() }
    }

    /// What the kernel holds.
    pub fn snapshot(&mut self) -> Vec<u8> {
        settle(&mut self.kernel);
        self.kernel.snapshot().expect("all is encoded")
    }

    /// Something that the host does by itself; frames that are due are appended.
    pub fn deed(&mut self, keys: &[&str], source: &mut Source<'_>, frames: &mut Vec<Vec<u8>>) {
        match source.below(10) {
            0..=2 => self.write(keys, source),
            3 => {
                self.kernel.begin().expect("no batch has begun");
                (0..source.below(4)).for_each(|_| self.write(keys, source));
                let ended = if source.one_in(3) {
                    self.kernel.roll_back()
                } else {
                    self.kernel.commit(self.now.unix_ms).map(drop)
                };
                ended.expect("a batch has begun");
            }
            4 => {
                self.kernel.join(self.now);
                self.joined = true;
            }
            5 => self.kernel.rejoin(self.now),
            6 => self.kernel.leave(),
            _ => {
                let pause_ms = source.pick(&PAUSES_MS);
                let back_ms = if source.one_in(8) { source.number() % 100_000_000 } else { 0 };
                self.now.monotonic_ms += pause_ms;
                self.now.unix_ms = (self.now.unix_ms + pause_ms).saturating_sub(back_ms);
                self.latest_ms = self.latest_ms.max(self.now.unix_ms);
                self.advance();
            }
        }
        while let Some(frame) = self.kernel.next_frame() {
            assert!(frame.len() as u64 <= self.kernel.limits().frame_bytes, "{} bytes", frame.len());
            frames.push(frame);
        }
        self.hear();
    }

    /// Lets the kernel do what is due.
    fn advance(&mut self) {
        // Alone, a kernel that encodes for itself does not, and an entry may expire before it was encoded.
        if self.joined {
            settle(&mut self.kernel);
        }
        self.kernel.advance(self.now);
        let (limits, usage) = (self.kernel.limits(), self.kernel.usage());
        assert!(usage.tombstones <= limits.tombstones && usage.sessions <= limits.sessions + 1, "{usage:?}");
        assert_ne!(self.kernel.next_wake(self.now), Some(0), "what is due has been done");
    }

    /// A put or a delete.
    fn write(&mut self, keys: &[&str], source: &mut Source<'_>) {
        let Ok(key) = Key::parse(source.pick(keys)) else { return };
        let (origin, touch, expect) = ("own".into(), source.one_in(4), source.one_in(8).then(|| source.number()));
        let command = match source.below(6) {
            0 => Command::Delete { key, origin, expect, touch },
            1 => Command::Clear { selector: Selector::parse(source.pick(&["a/*", "**"])).ok(), origin },
            2 => return self.put_slot(&key, &value(source)),
            3 => return self.put_behind(&key, &value(source)),
            _ => {
                let ttl_ms = source.one_in(4).then(|| u64::from(source.byte()));
                let metadata = Value::from([("m", value(source))]);
                let metadata = source.one_in(4).then(|| measured(&metadata, &self.pool));
                let value = measured(&value(source), &self.pool);
                Command::Put { key, value, metadata, origin, expect, ttl_ms, touch }
            }
        };
        if let Err(error) = self.kernel.apply(command, self.now.unix_ms) {
            assert!(matches!(error.code, Code::Limit | Code::InvalidArgument | Code::Conflict), "{error}");
        }
    }

    fn put_slot(&mut self, key: &Key, value: &Value) {
        let Some(slot) = self.kernel.slot(key.text()) else { return };
        let stored = measured::<V>(value, &self.pool);
        let put = self.kernel.put_slot(slot, stored.value, stored.bytes, &"own".into(), self.now.unix_ms);
        match put {
            Ok(Hot { revision, changed: true, .. }) if !self.kernel.in_batch() => {
                self.heard.insert(key.shared(), value.clone());
                self.revision = revision;
            }
            Ok(_) => {}
            Err(error) => assert_eq!(error.code, Code::Limit, "{error}"),
        }
    }

    /// Takes a put as a face does that was granted the slot, and tells the kernel.
    fn put_behind(&mut self, key: &Key, value: &Value) {
        let Some(slot) = self.kernel.slot(key.text()) else { return };
        let batch = self.kernel.in_batch();
        let Some(grant) = self.kernel.grant(slot) else { return };
        let (same, old) = (grant.value.value() == *value, u64::from(grant.bytes));
        let stored = measured::<V>(value, &self.pool);
        let limits = self.kernel.limits();
        let room = self.kernel.bytes() + stored.bytes - old <= limits.bytes;
        if same || !room || stored.bytes > limits.value_bytes {
            return;
        }
        let revision = self.kernel.revision() + 1;
        let (bytes, origin, unix_ms) = (stored.bytes as u32, &"own".into(), self.now.unix_ms);
        let put = Behind { value: Some(stored.value), bytes, revision, origin, unix_ms };
        self.kernel.catch_up(slot, put).expect("it was granted");
        if !batch {
            self.heard.insert(key.shared(), value.clone());
            self.revision = revision;
        }
    }

    /// Tells the watcher what has happened. What it believes must then be what is there.
    fn hear(&mut self) {
        while let Some(effect) = self.kernel.next_effect() {
            match effect {
                Effect::Notify { change, .. } => self.believe(&change),
                Effect::Report(error) => {
                    assert!([Code::ClockAhead, Code::SessionTaken].contains(&error.code), "{error}");
                }
                Effect::Initial { .. } | Effect::Ready(_) => panic!("nobody asked for it"),
                Effect::Synced | Effect::Sessions | Effect::OwnerExpired(_) => {}
            }
        }
        let kernel = &self.kernel;
        let slots = kernel.slots(None).into_iter();
        let there: Vec<_> = slots.filter_map(|slot| Some((kernel.key(slot)?, kernel.entry_at(slot)?))).collect();
        assert_eq!(there.len(), self.heard.len(), "as many entries as were heard of");
        for ((key, entry), (heard, value)) in there.iter().zip(&self.heard) {
            assert!(key == heard && entry.value.value() == *value, "{key}: what was heard is what is there");
            assert!(entry.revision <= kernel.revision());
        }
        let bytes: u64 = there.iter().map(|(key, entry)| key.len() as u64 + u64::from(entry.bytes)).sum();
        let usage = kernel.usage();
        assert_eq!((usage.entries, usage.bytes), (there.len() as u64, bytes), "the sums are exact");
        assert!(self.revision <= kernel.revision());
    }

    fn believe(&mut self, change: &Change<V>) {
        let key = change.key.shared();
        assert_eq!(self.heard.get(&key).cloned(), change.old.as_ref().map(V::value), "{key}: the old value");
        assert!(change.revision >= self.revision, "revisions never go back");
        self.revision = change.revision;
        match &change.value {
            Some(value) => self.heard.insert(key, value.value()),
            None => self.heard.remove(&key),
        };
    }

    /// Whatever was done to it, it goes on, and what it writes down can be read. Returns that.
    pub fn end(mut self) -> Vec<u8> {
        let key = Key::parse("a").expect("a key");
        let delete = Command::Delete { key: key.clone(), origin: "own".into(), expect: None, touch: true };
        self.kernel.apply(delete, self.now.unix_ms).expect("a delete always has room");
        assert!(self.kernel.entry("a").is_none());
        self.hear();
        let room = self.kernel.usage().entries < self.kernel.limits().entries;
        let put = Command::Put {
            key,
            value: measured(&Value::Null, &self.pool),
            metadata: None,
            origin: "own".into(),
            expect: None,
            ttl_ms: None,
            touch: false,
        };
        let put = self.kernel.apply(put, self.now.unix_ms);
        assert!(put.is_ok() || !room || self.kernel.usage().bytes + 2 > self.kernel.limits().bytes, "{put:?}");
        self.hear();
        let state = self.snapshot();
        let mut other = Self::new(99, self.kernel.limits().clone());
        // What was in time when it came may be far ahead of a clock that was set back since; and whoever heard
        // the latest that is taken writes a little later.
        other.now.unix_ms = self.latest_ms + 60_000;
        other.restore(&state).expect("what a kernel writes it can read");
        let left = expired(&state, other.now.unix_ms);
        assert_eq!(format!("{:02x?}", other.snapshot()), format!("{left:02x?}"), "a new hall is what it restored");
        for Self { kernel, pool, .. } in [self, other] {
            drop(kernel);
            assert_eq!(V::live(&pool), 0, "values that nobody holds are let go");
        }
        state
    }
}

/// What a refusal may not change.
#[derive(PartialEq)]
struct Trace {
    state: Vec<u8>,
    revision: u64,
    usage: Usage,
    variables: Value,
}
