//! Two kernels that write, are deaf for a while, end and begin again, while what they say to one
//! another is lost, doubled, reordered and damaged: when that stops they agree. The nodes are those
//! of the simulation, which check what is said and heard; here an input decides instead of a seed.

use super::source::Source;
use crate::support::kind::{Kind, measured, settle};
use crate::support::rng::Rng;
use crate::support::sim::heal::state;
use crate::support::sim::node::{HALL, Node};
use crate::support::sim::plan::NEVER_MS;
use crate::support::sim::statistics::Statistics;
use crate::support::testref::TestRef;
use statehall::kernel::{Command, Options};
use statehall::replica::protocol::PING_MS;
use statehall::{Key, Limits, Selector, Value};
use std::rc::Rc;

use super::forge::value;

/// More deeds would only take longer.
const DEEDS_MAX: usize = 96;
/// After so many rounds of pings they agree; the simulation needs up to three.
const ROUNDS_MAX: u64 = 4;
/// A round: everybody pings, asks and is answered.
const ROUND_MS: u64 = PING_MS + 1_000;
/// The furthest that a wall clock is off, and the longest time to live.
const SKEW_MS: i64 = 600_000;
const MORTAL_MS_MAX: u64 = 1_024;
/// The keys that are written; the first is put and nothing else, where no session is forgotten.
const KEYS: [&str; 5] = ["kept/k", "a", "a/b", "b/c", "d"];

/// Does the target's work.
pub fn run(bytes: &[u8]) {
    let plain = Pair::<Value>::live(bytes);
    assert!(plain == Pair::<TestRef>::live(bytes), "the kind of values makes no difference to what is said");
}

struct Pair<'a, V: Kind> {
    source: Source<'a>,
    nodes: [Node<V>; 2],
    /// What is on its way to each.
    flights: [Vec<Rc<[u8]>>; 2],
    snapshots: Vec<Vec<u8>>,
    said: Vec<Rc<[u8]>>,
    keys: &'static [&'static str],
    now_ms: u64,
    born: u64,
    options: Options,
    statistics: Statistics,
}

impl<'a, V: Kind> Pair<'a, V> {
    /// Everything that is said in the story of an input.
    fn live(bytes: &'a [u8]) -> Vec<Rc<[u8]>> {
        let mut source = Source::new(bytes);
        let limits = Limits {
            frame_bytes: source.pick(&[65_536, 65_536, 128, 300]),
            tombstones: source.pick(&[65_536, 65_536, 0, 2]),
            sessions: source.pick(&[4_096, 4_096, 4_096, 3]),
            ..Limits::default()
        };
        let tombstone_ms = source.pick(&[NEVER_MS, 20, 200, 2_000]);
        let keys = if limits.sessions == 4_096 { &KEYS[..] } else { &KEYS[1..] };
        let options = Options { name: HALL.into(), limits, tombstone_ms, ..Options::default() };
        let nodes = [1, 2].map(|seed| born(&options, seed, 0, &mut source));
        let mut pair = Self {
            source,
            nodes,
            flights: [Vec::new(), Vec::new()],
            snapshots: Vec::new(),
            said: Vec::new(),
            keys,
            now_ms: 0,
            born: 2,
            options,
            statistics: Statistics::default(),
        };
        for _ in 0..DEEDS_MAX {
            if pair.source.is_empty() {
                break;
            }
            let place = usize::from(pair.source.below(2));
            pair.deed(place);
        }
        pair.heal();
        let Self { nodes, said, .. } = pair;
        nodes.into_iter().for_each(Node::end);
        said
    }

    fn deed(&mut self, place: usize) {
        let now_ms = self.now_ms;
        match self.source.below(20) {
            0..=4 => self.write(place),
            5 => self.batch(place),
            6..=8 => self.turn(place),
            9..=11 => self.deliver(place),
            12 => self.lose(place),
            13 => self.double(place),
            14 => self.damage(place),
            15 => self.now_ms += self.source.pick(&[1, 5, 30, 300, 1_500, 35_000, 110_000]),
            16 => self.store(place),
            17 => self.nodes[place].kernel.rejoin(self.nodes[place].time(now_ms)),
            18 => self.replace(place),
            _ => self.nodes[place].skew_ms = skew(&mut self.source),
        }
        self.nodes[place].hear();
    }

    fn write(&mut self, place: usize) {
        let Self { source, nodes, keys, now_ms, .. } = self;
        let node = &mut nodes[place];
        let unix_ms = node.time(*now_ms).unix_ms;
        let key = Key::parse(source.pick(keys)).expect("a key");
        let kept = key.text() == KEYS[0];
        let (origin, touch) = (source.pick(&["one", "two"]).into(), source.one_in(8));
        let command = match source.below(6) {
            0 if !kept => Command::Delete { key, origin, expect: None, touch },
            1 if !kept => Command::Clear { selector: Selector::parse(source.pick(&["a/*", "b/**", "d"])).ok(), origin },
            2 => {
                let Some(slot) = node.kernel.slot(key.text()) else { return };
                let value = measured::<V>(&value(source), &node.pool);
                let stored = value.value.clone();
                let hot =
                    node.kernel.put_slot(slot, value.value, value.bytes, &origin, unix_ms).expect("there is room");
                return node.hear_hot(hot, &key.shared(), stored);
            }
            _ => {
                let ttl_ms = (!kept && source.one_in(4)).then(|| 1 + u64::from(source.byte()) * 4);
                let metadata = Value::from([("m", value(source))]);
                let metadata = source.one_in(4).then(|| measured(&metadata, &node.pool));
                let value = measured(&value(source), &node.pool);
                Command::Put { key, value, metadata, origin, expect: None, ttl_ms, touch }
            }
        };
        node.kernel.apply(command, unix_ms).expect("there is room");
    }

    fn batch(&mut self, place: usize) {
        self.nodes[place].kernel.begin().expect("no batch has begun");
        for _ in 0..self.source.below(5) {
            self.write(place);
        }
        let node = &mut self.nodes[place];
        if self.source.one_in(3) {
            node.kernel.roll_back().expect("a batch has begun");
        } else {
            let unix_ms = node.time(self.now_ms).unix_ms;
            node.kernel.commit(unix_ms).expect("a batch has begun");
        }
    }

    /// A node does what is due, and what it says is on its way.
    fn turn(&mut self, place: usize) {
        let frames = self.nodes[place].turn(self.now_ms, &mut self.statistics);
        self.said.extend(frames.iter().cloned());
        self.flights[1 - place].extend(frames);
    }

    /// Any one of the frames on their way arrives.
    fn deliver(&mut self, place: usize) {
        if self.flights[place].is_empty() {
            return;
        }
        let at = self.source.index(self.flights[place].len());
        let frame = self.flights[place].remove(at);
        self.hear(place, &frame);
    }

    fn hear(&mut self, place: usize, frame: &[u8]) {
        let time = self.nodes[place].time(self.now_ms);
        self.nodes[place].kernel.receive(frame, time).expect("a frame of a sound node");
        self.nodes[place].hear();
    }

    fn lose(&mut self, place: usize) {
        let count = usize::from(self.source.byte());
        let flights = &mut self.flights[place];
        flights.truncate(flights.len().saturating_sub(count));
    }

    fn double(&mut self, place: usize) {
        if let Some(frame) = self.flights[place].last().cloned() {
            self.flights[place].push(frame);
        }
    }

    /// A damaged frame is refused, and nothing has happened.
    fn damage(&mut self, place: usize) {
        let Some(frame) = self.flights[place].last() else { return };
        let mut bytes = frame.to_vec();
        let at = usize::from(self.source.byte()) * bytes.len() / 256;
        match self.source.byte() {
            0 => bytes.truncate(at),
            bits => bytes[at] ^= bits,
        }
        let node = &mut self.nodes[place];
        let (revision, mut before) = (node.kernel.revision(), node.kernel.usage());
        let time = node.time(self.now_ms);
        assert!(node.kernel.receive(&bytes, time).is_err(), "a frame that nobody sent is taken in");
        before.traffic.dropped += 1;
        assert_eq!(
            (node.kernel.revision(), node.kernel.usage()),
            (revision, before),
            "a refusal has changed something"
        );
        assert!(!node.kernel.has_effects());
    }

    /// A snapshot is taken, or one that was is restored.
    fn store(&mut self, place: usize) {
        let node = &mut self.nodes[place];
        let old = self.source.index(8);
        match self.snapshots.get(old) {
            Some(snapshot) => node.kernel.restore(snapshot, node.time(self.now_ms)).expect("a whole snapshot"),
            None => {
                settle(&mut node.kernel);
                self.snapshots.push(node.kernel.snapshot().expect("all is encoded"));
            }
        }
    }

    /// A session ends, with a goodbye or without, and another takes its place.
    fn replace(&mut self, place: usize) {
        if self.source.one_in(2) {
            self.turn(place);
            self.nodes[place].kernel.leave();
            let frames = self.nodes[place].take_frames(&mut self.statistics);
            self.said.extend(frames.iter().cloned());
            self.flights[1 - place].extend(frames);
        }
        self.born += 1;
        let node = born(&self.options, self.born, self.now_ms, &mut self.source);
        std::mem::replace(&mut self.nodes[place], node).end();
    }

    /// No more faults, and nothing mortal is left: in a few rounds of pings the two agree.
    fn heal(&mut self) {
        for node in &mut self.nodes {
            node.skew_ms = SKEW_MS + MORTAL_MS_MAX as i64 + 1;
        }
        for place in [0, 1] {
            for frame in std::mem::take(&mut self.flights[place]) {
                self.hear(place, &frame);
            }
        }
        let mut rounds = 0;
        while state(&self.nodes[0]) != state(&self.nodes[1]) {
            assert!(rounds < ROUNDS_MAX, "{:?} is not {:?}", state(&self.nodes[0]), state(&self.nodes[1]));
            rounds += 1;
            self.run_until(self.now_ms + ROUND_MS);
        }
        self.run_until(self.now_ms + ROUND_MS);
        assert_eq!(state(&self.nodes[0]), state(&self.nodes[1]), "they agreed, and no longer do");
        self.nodes.iter().for_each(Node::check_picture);
    }

    /// Lets time pass, on a faultless network that takes no time.
    fn run_until(&mut self, end_ms: u64) {
        loop {
            for place in [0, 1] {
                self.turn(place);
                for frame in std::mem::take(&mut self.flights[1 - place]) {
                    self.hear(1 - place, &frame);
                }
            }
            let wake = |node: &mut Node<V>| {
                node.rest(self.now_ms);
                node.wake_ms
            };
            let next_ms = self.nodes.iter_mut().map(wake).min().unwrap_or(end_ms);
            if next_ms >= end_ms {
                self.now_ms = end_ms;
                return;
            }
            self.now_ms = next_ms;
        }
    }
}

fn skew(source: &mut Source<'_>) -> i64 {
    source.pick(&[0, 0, 200, -200, SKEW_MS, -SKEW_MS])
}

/// A new session, which has joined.
fn born<V: Kind>(options: &Options, seed: u64, now_ms: u64, source: &mut Source<'_>) -> Node<V> {
    let options = Options { seed, agent: format!("host-{seed}").into(), ..options.clone() };
    let mut node = Node::new(options, skew(source), &mut Rng::new(seed));
    node.kernel.join(node.time(now_ms));
    node
}
