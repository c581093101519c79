//! A world: places with nodes, the network between them, and time.

use super::network::Network;
use super::node::{HALL, Node};
use super::plan::{Plan, Profile};
use super::statistics::Statistics;
use crate::support::kind::{Kind, encoded};
use crate::support::rng::Rng;
use statehall::codec::{hash, mix};
use statehall::kernel::Options;
use statehall::replica::frame::{Frame, Message};
use statehall::{Key, Limits, Value};
use std::rc::Rc;

/// A world. See the module.
pub struct World<V: Kind> {
    pub plan: Plan,
    pub rng: Rng,
    pub network: Network,
    pub nodes: Vec<Option<Node<V>>>,
    pub now_ms: u64,
    pub keys: Vec<Key>,
    /// Values that are written, with their encoded sizes.
    pub palette: Vec<(Value, u64)>,
    pub agents: Vec<Rc<str>>,
    /// States of the hall, to be restored from.
    pub snapshots: Vec<Vec<u8>>,
    /// A frame that was sent, to be damaged.
    pub sample: Option<Rc<[u8]>>,
    /// The last number that was written, where numbers only rise.
    pub number: i64,
    pub statistics: Statistics,
    seed: u64,
    born: u64,
    trace: u64,
    verbose: bool,
}

impl<V: Kind> World<V> {
    /// The world of a seed and its plan.
    pub fn new(seed: u64, plan: Plan, verbose: bool) -> Self {
        let heads = ["a", "b/c", "d"];
        let name =
            |key: usize| if key < plan.kept { format!("kept/{key}") } else { format!("{}/{key}", heads[key % 3]) };
        let keys = (0..plan.keys).map(|key| Key::parse(&name(key)).expect("a key")).collect();
        let values = [Value::Null, 0.into(), 1.into(), 2.into(), 3.into(), (-7).into(), 0.5.into(), "text".into()];
        let long =
            [Value::from("x".repeat(150)), Value::from([("a", 1.into()), ("b", vec![Value::Bool(true)].into())])];
        let palette = values.into_iter().chain(long).map(|value| (value.clone(), encoded(&value).len() as u64));
        let mut world = Self {
            rng: Rng::new(seed),
            network: Network::new(&plan),
            nodes: (0..plan.nodes).map(|_| None).collect(),
            now_ms: 0,
            keys,
            palette: palette.collect(),
            agents: ["planner", "writer", "reader"].map(Rc::from).to_vec(),
            snapshots: Vec::new(),
            sample: None,
            number: 0,
            statistics: Statistics::default(),
            plan,
            seed,
            born: 0,
            trace: mix(seed),
            verbose,
        };
        world.note(|world| format!("{} {:?}", V::NAME, world.plan));
        for place in 0..world.plan.early {
            world.begin(place);
        }
        world
    }

    /// A step: some time, then a deed.
    pub fn step(&mut self) {
        let pause_ms = match self.rng.below(100) {
            0..80 => self.rng.below(10),
            80..98 => self.rng.below(120),
            _ => self.rng.below(2_500),
        };
        self.run_until(self.now_ms + pause_ms);
        self.deed();
    }

    /// A new session at a place, which is empty.
    pub fn begin(&mut self, place: usize) {
        self.born += 1;
        let limits = Limits {
            frame_bytes: self.plan.frame_bytes,
            tombstones: self.plan.tombstones,
            sessions: self.plan.sessions,
            ..Limits::default()
        };
        let options = Options {
            name: HALL.into(),
            agent: format!("host-{place}").into(),
            seed: mix(self.seed) ^ self.born,
            limits,
            tombstone_ms: self.plan.tombstone_ms,
            ..Options::default()
        };
        let skew_ms = self.skew();
        let mut node = Node::new(options, skew_ms, &mut self.rng);
        if self.plan.profile == Profile::Stale {
            node.expect_rising();
        }
        self.nodes[place] = Some(node);
        if !self.snapshots.is_empty() && self.rng.percent(40) {
            self.restore(place);
            self.statistics.count("begun-restored", 1);
        }
        let early = self.plan.profile != Profile::Stale && self.rng.percent(15);
        for _ in 0..if early { 3 } else { 0 } {
            self.write(place);
            self.statistics.count("early-writes", 1);
        }
        let now_ms = self.now_ms;
        self.with(place, |node| {
            node.kernel.join(node.time(now_ms));
            node.hear();
            node.wake_ms = now_ms;
        });
        self.note(|world| format!("begin {place} {:?}", world.nodes[place].as_ref().map(Node::session)));
    }

    /// Ends the session at a place.
    pub fn finish(&mut self, place: usize) {
        if let Some(node) = self.nodes[place].take() {
            self.statistics.count("frames-in", node.kernel.usage().traffic.frames_in);
            node.end();
        }
    }

    /// How far off a wall clock is.
    pub fn skew(&mut self) -> i64 {
        let range = self.plan.skew_ms;
        self.rng.between(0, 2 * range) as i64 - range as i64
    }

    /// Does something with a node that is there.
    pub fn with<T>(&mut self, place: usize, act: impl FnOnce(&mut Node<V>) -> T) -> T {
        act(self.nodes[place].as_mut().expect("a node"))
    }

    /// Lets time pass: frames arrive, and nodes do what is due.
    pub fn run_until(&mut self, end_ms: u64) {
        loop {
            let waking =
                self.nodes.iter().enumerate().filter_map(|(place, node)| Some((node.as_ref()?.wake_ms, place)));
            let waking = waking.min().unwrap_or((u64::MAX, 0));
            let arriving_ms = self.network.next_ms().unwrap_or(u64::MAX);
            let next_ms = waking.0.min(arriving_ms);
            if next_ms > end_ms {
                break;
            }
            self.now_ms = next_ms.max(self.now_ms);
            if arriving_ms <= waking.0 {
                if let Some(flight) = self.network.arrive(self.now_ms) {
                    self.deliver(flight.to, flight.frame);
                }
            } else {
                self.wake(waking.1);
            }
        }
        self.now_ms = end_ms;
    }

    fn deliver(&mut self, place: usize, frame: Rc<[u8]>) {
        let Some(node) = &mut self.nodes[place] else { return };
        match &mut node.frozen {
            Some(frozen) if frozen.queues => frozen.inbox.push(frame),
            Some(_) => self.statistics.count("deaf", 1),
            None => {
                if self.verbose {
                    println!("{:>9} take {place} {}", self.now_ms, describe(&frame));
                }
                let result = node.kernel.receive(&frame, node.time(self.now_ms));
                assert!(result.is_ok(), "a frame of a sound node is refused: {result:?}");
                node.hear();
                node.rest(self.now_ms);
            }
        }
    }

    fn wake(&mut self, place: usize) {
        let now_ms = self.now_ms;
        if self.with(place, |node| node.frozen.as_ref().is_some_and(|frozen| frozen.until_ms > now_ms)) {
            let until_ms = self.with(place, |node| node.frozen.as_ref().map_or(now_ms, |frozen| frozen.until_ms));
            self.with(place, |node| node.wake_ms = until_ms);
            return;
        }
        self.thaw(place);
        self.turn(place);
    }

    /// A frozen node runs again, and hears what has waited.
    pub fn thaw(&mut self, place: usize) {
        let now_ms = self.now_ms;
        let Some(frozen) = self.with(place, |node| node.frozen.take()) else { return };
        self.note(|_| format!("thaw {place} with {} frames", frozen.inbox.len()));
        for frame in frozen.inbox {
            self.deliver(place, frame);
        }
        if !frozen.queues && self.rng.percent(50) {
            self.with(place, |node| node.kernel.rejoin(node.time(now_ms)));
        }
    }

    /// A turn of a node's host, which sometimes has not encoded what it should.
    pub fn turn(&mut self, place: usize) {
        let now_ms = self.now_ms;
        let lazy = self.plan.lazy_hosts && V::HOST_ENCODES && self.rng.percent(10);
        let Some(node) = &mut self.nodes[place] else { return };
        if lazy && !node.kernel.wanted().is_empty() {
            self.statistics.count("lazy-hosts", 1);
            let frames = node.advance(now_ms, &mut self.statistics);
            assert!(frames.is_empty(), "frames are made although values are not encoded");
        }
        let frames = node.turn(now_ms, &mut self.statistics);
        node.rest(now_ms);
        assert!(node.wake_ms > now_ms, "a node that has done all that is due need not be woken at once");
        self.post(place, &frames);
    }

    /// Gives frames to the network.
    pub fn post(&mut self, place: usize, frames: &[Rc<[u8]>]) {
        for frame in frames {
            self.trace = mix(self.trace ^ hash(frame) ^ self.now_ms);
            self.note(|_| format!("post {place} {}", describe(frame)));
            self.network.post(place, frame, self.now_ms, &mut self.rng);
        }
        if let Some(frame) = frames.last() {
            self.sample = Some(frame.clone());
        }
    }

    /// Says what happens, to whoever reproduces a failure.
    pub fn note(&self, what: impl FnOnce(&Self) -> String) {
        if self.verbose {
            println!("{:>9} {}", self.now_ms, what(self));
        }
    }

    /// The hash of all frames that were sent so far, and when.
    pub fn hash(&self) -> u64 {
        self.trace
    }

    /// Ends the world; what happened remains.
    pub fn end(mut self) -> Statistics {
        for place in 0..self.nodes.len() {
            self.finish(place);
        }
        let [lost, doubled, cut, overtaken] = self.network.faults;
        let steps = self.plan.steps;
        let counts = [
            ("lost", lost),
            ("doubled", doubled),
            ("cut", cut),
            ("overtaken", overtaken),
            ("steps", steps),
            ("seeds", 1),
        ];
        for (what, times) in counts {
            self.statistics.count(what, times);
        }
        self.statistics
    }
}

/// A frame in a few words.
fn describe(bytes: &[u8]) -> String {
    let Ok(frame) = Frame::read(bytes, hash(HALL.as_bytes())) else { return "a damaged frame".to_owned() };
    let (from, to) = (frame.from.0 >> 48, frame.to.0 >> 48);
    let what = match Message::read(frame.payload, frame.version) {
        _ if frame.parts > 1 => format!("part {} of {}", frame.part, frame.parts),
        Ok(Message::Hello { everything, context, .. }) => {
            format!("HELLO everything {everything} context {:04x}", context.hash() >> 48)
        }
        Ok(Message::Diff { everything, context, cells, .. }) => {
            format!("DIFF everything {everything} context {:04x} {} cells", context.hash() >> 48, cells.len())
        }
        Ok(Message::Ping { context_hash, live_hash, .. }) => {
            format!("PING context {:04x} live {:04x}", context_hash >> 48, live_hash >> 48)
        }
        Ok(Message::Ops { previous, cells }) => {
            let cells: Vec<_> = cells.iter().map(|cell| format!("{}@{:x}", cell.key, cell.stamp.hlc.0)).collect();
            format!("OPS after {:x}: {}", previous.0, cells.join(" "))
        }
        message => format!("{message:?}"),
    };
    format!("{from:04x}->{to:04x} #{} {what}", frame.message)
}
