//! The end of a world: no more faults, and in a few rounds of pings all nodes must agree.
//!
//! Agreeing is not enough, since nodes could agree on nothing at all. Where nothing was ever
//! forgotten the state they must reach is known beforehand: of each key the latest write that any
//! of them has. Where deletes are forgotten, that is known of the keys that were never deleted.

use super::deeds::MORTAL_MS_MAX;
use super::node::{KEPT, Node};
use super::plan::Profile;
use super::world::World;
use crate::support::kind::{Kind, settle};
use statehall::Value;
use statehall::codec::{Reader, read_value};
use statehall::kernel::body::Body;
use statehall::replica::causal::{Causal, read_bounds};
use statehall::replica::cells::Kind as CellKind;
use statehall::replica::clock::Stamp;
use statehall::replica::frame::read_cells;
use statehall::replica::protocol::PING_MS;
use std::collections::BTreeMap;

/// After so many rounds nodes that do not agree never will.
const ROUNDS_MAX: u64 = 40;
/// A round: everybody pings, asks and is answered.
const ROUND_MS: u64 = PING_MS + 1_000;

/// What is seen of an entry: value, origin, metadata.
pub type Seen = (Value, String, Option<Value>);
pub type State = BTreeMap<String, Seen>;

impl<V: Kind> World<V> {
    /// Stops the faults and lets the nodes agree.
    pub fn heal(&mut self) {
        self.note(|_| "heal".to_owned());
        self.network.mend();
        for place in 0..self.nodes.len() {
            if self.nodes[place].is_some() {
                self.thaw(place);
            } else {
                self.begin(place);
            }
        }
        self.run_until(self.now_ms + self.plan.delay_ms + 100);
        self.outlive();
        let foretold = self.foretell();
        let mut rounds = 0;
        while let Err(difference) = self.agree() {
            assert!(rounds < ROUNDS_MAX, "diverged: {difference}");
            rounds += 1;
            self.run_until(self.now_ms + ROUND_MS);
        }
        self.statistics.rounds(rounds);
        self.run_until(self.now_ms + ROUND_MS);
        if let Err(difference) = self.agree() {
            panic!("diverged after having agreed: {difference}");
        }
        self.compare(&foretold);
    }

    /// Lets all that is mortal expire: every wall clock jumps past the latest expiry.
    fn outlive(&mut self) {
        let now_ms = self.now_ms;
        let latest_ms = self.nodes.iter().flatten().map(|node| node.skew_ms).max().unwrap_or(0);
        for node in self.nodes.iter_mut().flatten() {
            // Past the furthest clock that any session ever had, too.
            node.skew_ms = latest_ms.max(self.plan.skew_ms as i64) + MORTAL_MS_MAX as i64 + 1;
            node.wake_ms = now_ms;
        }
        self.run_until(now_ms);
    }

    /// Whether all nodes show the same.
    fn agree(&self) -> Result<(), String> {
        let mut nodes = self.nodes.iter().enumerate().filter_map(|(place, node)| Some((place, node.as_ref()?)));
        let Some((first_place, first)) = nodes.next() else { return Ok(()) };
        let first = state(first);
        for (place, node) in nodes {
            let other = state(node);
            if first != other {
                let differs = |key: &&String| first.get(*key) != other.get(*key);
                let key = first.keys().chain(other.keys()).find(differs).cloned().unwrap_or_default();
                let (here, there) = (first.get(&key), other.get(&key));
                return Err(format!("{key:?} is {here:?} at node {first_place} and {there:?} at node {place}"));
            }
        }
        Ok(())
    }

    /// Of each key the latest write that any node has: what it will show, `None` if it is deleted.
    fn foretell(&mut self) -> BTreeMap<String, Option<Seen>> {
        if !self.plan.remembers_sessions() {
            return BTreeMap::new();
        }
        let mut latest: BTreeMap<String, (Stamp, Option<Seen>)> = BTreeMap::new();
        for node in self.nodes.iter_mut().flatten() {
            settle(&mut node.kernel);
            let snapshot = node.kernel.snapshot().expect("all is encoded");
            let mut reader = Reader::new(&snapshot[5..snapshot.len() - 8]);
            Causal::read(&mut reader).expect("a context");
            read_bounds(&mut reader).expect("what was purged");
            for cell in read_cells(&mut reader).expect("cells") {
                let body = Body::read(cell.body).expect("a body");
                let lasting = body.kind == CellKind::Lasting;
                let read = |bytes| read_value(bytes).expect("a value");
                let seen = lasting.then(|| (read(body.value), body.origin.to_owned(), body.metadata.map(read)));
                if latest.get(cell.key).is_none_or(|(stamp, _)| *stamp < cell.stamp) {
                    latest.insert(cell.key.to_owned(), (cell.stamp, seen));
                }
            }
        }
        let certain = |key: &str| self.plan.exact() || key.starts_with(KEPT);
        latest.into_iter().filter(|(key, _)| certain(key)).map(|(key, (_, seen))| (key, seen)).collect()
    }

    fn compare(&mut self, foretold: &BTreeMap<String, Option<Seen>>) {
        let Some(node) = self.nodes.iter().flatten().next() else { return };
        let reached = state(node);
        for (key, expected) in foretold {
            assert_eq!(reached.get(key), expected.as_ref(), "lost: {key:?} is not its latest write");
        }
        if self.plan.exact() {
            let repairs = self.statistics.of("repairs");
            assert!(
                repairs == 0 || self.plan.profile != Profile::NoPurge,
                "{repairs} repairs, although nothing was forgotten"
            );
            assert!(reached.keys().all(|key| foretold.contains_key(key)), "a key that nobody wrote");
        }
        self.statistics.count("foretold", foretold.len() as u64);
    }
}

/// What a node shows.
pub fn state<V: Kind>(node: &Node<V>) -> State {
    let kernel = &node.kernel;
    let slots = kernel.slots(None).into_iter();
    let entries = slots.filter_map(|slot| Some((kernel.key(slot)?.to_string(), kernel.entry_at(slot)?)));
    let seen = entries.map(|(key, entry)| {
        (key, (entry.value.value(), entry.origin.to_string(), entry.metadata.as_ref().map(V::value)))
    });
    seen.collect()
}
