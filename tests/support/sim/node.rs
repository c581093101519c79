//! One node: a kernel with its host, its clocks and a watcher that believes only what it hears.

use super::statistics::Statistics;
use crate::support::kind::{Kind, settle};
use crate::support::rng::Rng;
use statehall::Selector;
use statehall::codec::hash;

use statehall::kernel::{Effect, Hot, Kernel, Options, Time, WatchOptions};
use statehall::replica::clock::{Hlc, Session};
use statehall::replica::frame::{Frame, Message};
use statehall::state::queue::Change;
use statehall::state::selection::WatchId;
use statehall::state::watch::SetId;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The hall of all nodes.
pub const HALL: &str = "simulation";
/// What the keys begin with that are put and nothing else.
pub const KEPT: &str = "kept/";
/// The wall clock at the beginning of a world.
pub const BEGIN_MS: u64 = 1_700_000_000_000;

/// A node that does not run.
pub struct Frozen {
    /// Until when.
    pub until_ms: u64,
    /// Whether what arrives waits; else it is lost.
    pub queues: bool,
    /// What waits.
    pub inbox: Vec<Rc<[u8]>>,
}

/// A node. See the module.
pub struct Node<V: Kind> {
    /// The kernel.
    pub kernel: Kernel<V>,
    /// Its values.
    pub pool: V::Pool,
    /// How far its wall clock is ahead.
    pub skew_ms: i64,
    /// What its monotonic clock showed when the world began.
    monotonic_ms: u64,
    /// Set while it does not run.
    pub frozen: Option<Frozen>,
    /// When it next has to do something.
    pub wake_ms: u64,
    picture: Picture<V>,
    /// The last write it told of.
    told: Option<Hlc>,
    message: Vec<u8>,
}

impl<V: Kind> Node<V> {
    /// A node that has just begun, and has not joined.
    pub fn new(options: Options, skew_ms: i64, rng: &mut Rng) -> Self {
        let pool = V::pool();
        let mut kernel = Kernel::new(options, V::share(&pool)).expect("the options are right");
        let everything = Selector::parse("**").expect("a selector");
        let watch = kernel.watch(everything, WatchOptions { initial: true, ..WatchOptions::default() });
        let picture = Picture::new(watch.expect("a first watch"));
        // A monotonic clock starts anywhere, and often long before the kernel does.
        let monotonic_ms = rng.pick(&[0, 1_000, 5_000_000]);
        Self { kernel, pool, skew_ms, monotonic_ms, frozen: None, wake_ms: 0, picture, told: None, message: Vec::new() }
    }

    /// The node's time at a time of the world.
    pub fn time(&self, now_ms: u64) -> Time {
        let unix_ms = (BEGIN_MS + now_ms).checked_add_signed(self.skew_ms).expect("a time after 1970");
        Time { unix_ms, monotonic_ms: self.monotonic_ms + now_ms }
    }

    /// Carries out what the kernel asks for; the picture must then be right.
    pub fn hear(&mut self) {
        while let Some(effect) = self.kernel.next_effect() {
            match effect {
                Effect::Notify { members, change, .. } => {
                    assert_eq!(*members, [self.picture.watch], "who is told");
                    self.picture.hear(change);
                }
                Effect::Initial { change, .. } => self.picture.hear(change),
                Effect::Ready(watch) => panic!("{watch:?} does not pull"),
                Effect::Report(error) => panic!("nothing was wrong, and yet: {error}"),
                Effect::Synced | Effect::Sessions | Effect::OwnerExpired(_) => {}
            }
        }
        self.picture.check_heard(&self.kernel);
    }

    /// From now on every put has a higher number than those before.
    pub fn expect_rising(&mut self) {
        self.picture.highest = Some(BTreeMap::new());
    }

    /// Calls the watchers of a put to a slot, as a face does.
    pub fn hear_hot(&mut self, hot: Hot, key: &Rc<str>, value: V) {
        if !hot.changed || self.kernel.in_batch() {
            assert_eq!(hot.set, SetId::NOBODY);
            return;
        }
        assert_eq!(*self.kernel.members(hot.set), [self.picture.watch], "who is told");
        self.picture.set(key.clone(), hot.revision, Some((value, None)));
    }

    /// The watcher's picture must be the whole truth.
    pub fn check_picture(&self) {
        self.picture.check_all(&self.kernel);
    }

    /// One turn of the host: encode, let time pass, take the frames.
    pub fn turn(&mut self, now_ms: u64, statistics: &mut Statistics) -> Vec<Rc<[u8]>> {
        settle(&mut self.kernel);
        self.advance(now_ms, statistics)
    }

    /// The same by a host that may not have encoded.
    pub fn advance(&mut self, now_ms: u64, statistics: &mut Statistics) -> Vec<Rc<[u8]>> {
        self.kernel.advance(self.time(now_ms));
        self.hear();
        self.take_frames(statistics)
    }

    /// The frames that the kernel has made, checked.
    pub fn take_frames(&mut self, statistics: &mut Statistics) -> Vec<Rc<[u8]>> {
        let mut frames = Vec::new();
        while let Some(frame) = self.kernel.next_frame() {
            self.inspect(&frame, statistics);
            frames.push(Rc::from(frame));
        }
        frames
    }

    fn inspect(&mut self, bytes: &[u8], statistics: &mut Statistics) {
        assert!(bytes.len() as u64 <= self.kernel.limits().frame_bytes, "a frame larger than the limit");
        let frame = Frame::read(bytes, hash(HALL.as_bytes())).expect("a frame of our own");
        assert_eq!(frame.from, self.kernel.session());
        if frame.part == 0 {
            self.message.clear();
        }
        statistics.count("fragments", u64::from(frame.parts > 1));
        self.message.extend_from_slice(frame.payload);
        if frame.part + 1 < frame.parts {
            return;
        }
        match Message::read(&self.message, frame.version).expect("a message of our own") {
            Message::Ops { previous, cells } => {
                statistics.count("ops", 1);
                assert_eq!(previous, self.told.unwrap_or(previous), "the chain of what was told");
                let mut last = previous;
                for cell in &cells {
                    assert!(cell.stamp.hlc > last, "stamps increase");
                    assert_eq!(cell.stamp.session, frame.from);
                    last = cell.stamp.hlc;
                }
                self.told = Some(last);
            }
            Message::Hello { everything, .. } => {
                statistics.count("hello", 1);
                statistics.count("repairs", u64::from(everything));
            }
            Message::Diff { everything, context, purged, .. } => {
                statistics.count("diff", 1);
                statistics.count("full", u64::from(everything));
                statistics.count("purged", u64::from(!purged.is_empty()));
                statistics.count("pruned", u64::from(context.floor() > Hlc::default()));
                statistics.count("strays", u64::from(context.strays() > 0));
            }
            Message::Ping { .. } => statistics.count("ping", 1),
            Message::Here { .. } => statistics.count("here", 1),
            Message::Bye => statistics.count("bye", 1),
            Message::Unknown => panic!("a message of no known kind"),
        }
    }

    /// When the kernel next has something to do.
    pub fn rest(&mut self, now_ms: u64) {
        let pause_ms = self.kernel.next_wake(self.time(now_ms)).unwrap_or(1 << 40);
        self.wake_ms = now_ms + pause_ms;
    }

    /// The session.
    pub fn session(&self) -> Session {
        self.kernel.session()
    }

    /// Ends the node; what it held must be let go.
    pub fn end(self) {
        self.check_picture();
        let Self { kernel, pool, picture, .. } = self;
        drop((kernel, picture));
        assert_eq!(V::live(&pool), 0, "values that nobody holds are let go");
    }
}

/// What a watcher of everything knows: built from notifications alone.
struct Picture<V> {
    watch: WatchId,
    entries: BTreeMap<Rc<str>, (V, Option<V>)>,
    revision: u64,
    heard: Vec<Rc<str>>,
    /// Of each key the highest whole number, where numbers only rise; else `None`.
    highest: Option<BTreeMap<Rc<str>, i64>>,
}

impl<V: Kind> Picture<V> {
    fn new(watch: WatchId) -> Self {
        Self { watch, entries: BTreeMap::new(), revision: 0, heard: Vec::new(), highest: None }
    }

    fn hear(&mut self, change: Change<V>) {
        let key = change.key.shared();
        let known = self.entries.get(&key).map(|(value, _)| value);
        let same = match (known, &change.old) {
            (Some(known), Some(old)) => known.same(old),
            (None, None) => true,
            _ => false,
        };
        assert!(same, "{key}: the old value is what was heard before");
        assert_eq!(change.deleted(), change.value.is_none());
        // Such keys are put and nothing else, so whoever hears of a delete has lost a write.
        assert!(!change.deleted() || !key.starts_with(KEPT), "{key} is lost");
        self.set(key, change.revision, change.value.map(|value| (value, change.metadata)));
    }

    fn set(&mut self, key: Rc<str>, revision: u64, now: Option<(V, Option<V>)>) {
        assert!(revision >= self.revision, "revisions never go back");
        self.revision = revision;
        self.heard.push(key.clone());
        if let (Some(highest), Some((value, _))) = (&mut self.highest, &now) {
            let number = value.value().as_integer().unwrap_or(0);
            let last = highest.insert(key.clone(), number);
            let still = self.entries.contains_key(&key);
            assert!(last.is_none_or(|last| last < number || still && last == number), "{key}: {number} has come back");
        }
        match now {
            Some(now) => self.entries.insert(key, now),
            None => self.entries.remove(&key),
        };
    }

    fn check_heard(&mut self, kernel: &Kernel<V>) {
        for key in self.heard.drain(..) {
            Self::check(&key, self.entries.get(&key), kernel);
        }
        assert!(self.revision <= kernel.revision());
    }

    fn check_all(&self, kernel: &Kernel<V>) {
        for (key, known) in &self.entries {
            Self::check(key, Some(known), kernel);
        }
        assert_eq!(self.entries.len() as u64, kernel.usage().entries, "how many entries were heard of");
    }

    fn check(key: &str, known: Option<&(V, Option<V>)>, kernel: &Kernel<V>) {
        let agree = match (known, kernel.entry(key)) {
            (Some((value, metadata)), Some(entry)) => {
                value.same(&entry.value) && metadata.as_ref().map(V::value) == entry.metadata.as_ref().map(V::value)
            }
            (None, None) => true,
            _ => false,
        };
        assert!(agree, "{key}: what was heard is not what is there");
    }
}
