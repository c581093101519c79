//! What happens in a step: somebody writes, or something goes wrong.

use super::node::Frozen;
use super::plan::{Fault, Profile};
use super::world::World;
use crate::support::kind::{Kind, encoded, settle};
use statehall::kernel::{Command, Measured, Reply};
use statehall::{Selector, Value};
use std::rc::Rc;

/// The longest time to live of a value.
pub const MORTAL_MS_MAX: u64 = 3_000;

impl<V: Kind> World<V> {
    /// One deed.
    pub fn deed(&mut self) {
        let empty: Vec<usize> = (0..self.nodes.len()).filter(|&place| self.nodes[place].is_none()).collect();
        if !empty.is_empty() && self.rng.percent(4) {
            let place = self.rng.pick(&empty);
            self.statistics.count("late-joins", 1);
            self.begin(place);
        }
        let running = self.running();
        if running.is_empty() {
            return;
        }
        let place = self.rng.pick(&running);
        for (fault, often) in self.plan.faults.clone() {
            if self.rng.below(10_000) < often {
                return self.fault(fault, place);
            }
        }
        let place = if self.plan.profile == Profile::Stale { 0 } else { place };
        match self.rng.below(100) {
            0..75 => self.write(place),
            75..84 => self.batch(place),
            84..86 => self.clear(place),
            86..88 => self.take_snapshot(place),
            _ => {}
        }
    }

    /// The places of nodes that are there and run.
    pub fn running(&self) -> Vec<usize> {
        let runs = |place: &usize| self.nodes[*place].as_ref().is_some_and(|node| node.frozen.is_none());
        (0..self.nodes.len()).filter(runs).collect()
    }

    /// A write of some kind.
    pub fn write(&mut self, place: usize) {
        let key = self.rng.index(self.keys.len());
        let kept = key < self.plan.kept;
        if !kept && self.rng.percent(self.plan.deletes) {
            return self.delete(place, key);
        }
        let plain = self.rng.percent(60);
        if plain && self.rng.percent(60) {
            return self.put_slot(place, key);
        }
        let (value, bytes) = self.value();
        let (metadata, metadata_bytes) = self.palette[9].clone();
        let origin = self.rng.pick(&[0, 1, 2]);
        let expect = if !plain && self.rng.percent(10) { Some(self.rng.below(20)) } else { None };
        let ttl_ms =
            if !kept && self.rng.percent(self.plan.mortal) { Some(self.rng.between(1, MORTAL_MS_MAX)) } else { None };
        let touch = !plain && self.rng.percent(20);
        let with_metadata = !plain && self.rng.percent(30);
        let (key, origin, now_ms) = (self.keys[key].clone(), self.agents[origin].clone(), self.now_ms);
        self.note(|_| format!("put {place} {} {value:?} ttl {ttl_ms:?} touch {touch} expect {expect:?}", key.text()));
        let soon_ms = self.rng.below(6);
        let reply = self.with(place, |node| {
            let value = Measured { value: V::make(&value, &node.pool), bytes };
            let metadata =
                with_metadata.then(|| Measured { value: V::make(&metadata, &node.pool), bytes: metadata_bytes });
            let put = Command::Put { key, value, metadata, origin, expect, ttl_ms, touch };
            let reply = node.kernel.apply(put, node.time(now_ms).unix_ms);
            node.hear();
            node.wake_ms = node.wake_ms.min(now_ms + soon_ms);
            reply
        });
        match reply {
            Ok(Reply::Conflict { .. }) => self.statistics.count("conflicts", 1),
            Ok(Reply::Written { changed: false, .. }) => self.statistics.count("equal-puts", 1),
            Ok(_) => self.statistics.count("puts", 1),
            Err(error) => assert!(self.with(place, |node| node.kernel.in_batch()), "{error}"),
        }
    }

    fn value(&mut self) -> (Value, u64) {
        if self.plan.profile == Profile::Stale {
            self.number += 1;
            let value = Value::from(self.number);
            return (value.clone(), encoded(&value).len() as u64);
        }
        let choice = self.rng.index(self.palette.len());
        self.palette[choice].clone()
    }

    /// A put by the shortest path, if the key has a slot.
    fn put_slot(&mut self, place: usize, key: usize) {
        let (value, bytes) = self.value();
        let (key, origin, now_ms) = (self.keys[key].clone(), self.agents[0].clone(), self.now_ms);
        self.note(|_| format!("put slot {place} {} {value:?}", key.text()));
        let soon_ms = self.rng.below(6);
        self.with(place, |node| {
            let Some(slot) = node.kernel.slot(key.text()) else { return };
            let value = V::make(&value, &node.pool);
            let unix_ms = node.time(now_ms).unix_ms;
            let hot = node.kernel.put_slot(slot, value.clone(), bytes, &origin, unix_ms).expect("the slot is there");
            node.hear_hot(hot, &key.shared(), value);
            node.hear();
            node.wake_ms = node.wake_ms.min(now_ms + soon_ms);
        });
        self.statistics.count("hot-puts", 1);
    }

    fn delete(&mut self, place: usize, key: usize) {
        let touch = self.rng.percent(10);
        let (key, origin, now_ms) = (self.keys[key].clone(), self.agents[1].clone(), self.now_ms);
        self.note(|_| format!("delete {place} {} touch {touch}", key.text()));
        let soon_ms = self.rng.below(6);
        self.with(place, |node| {
            let delete = Command::Delete { key, origin, expect: None, touch };
            node.kernel.apply(delete, node.time(now_ms).unix_ms).expect("a delete");
            node.hear();
            node.wake_ms = node.wake_ms.min(now_ms + soon_ms);
        });
        self.statistics.count("deletes", 1);
    }

    fn clear(&mut self, place: usize) {
        let all = if self.plan.kept == 0 { "**" } else { "b/*/*" };
        let selector = self.rng.pick(&["a/*", "d/**", all]);
        let (origin, now_ms) = (self.agents[2].clone(), self.now_ms);
        self.note(|_| format!("clear {place} {selector}"));
        self.with(place, |node| {
            let selector = Selector::parse(selector).ok();
            node.kernel.apply(Command::Clear { selector, origin }, node.time(now_ms).unix_ms).expect("a clear");
            node.hear();
            node.wake_ms = now_ms;
        });
        self.statistics.count("clears", 1);
    }

    fn batch(&mut self, place: usize) {
        self.note(|_| format!("batch {place}"));
        self.with(place, |node| node.kernel.begin().expect("no batch has begun"));
        for _ in 0..self.rng.between(1, 6) {
            self.write(place);
        }
        let (commits, now_ms) = (self.rng.percent(75), self.now_ms);
        self.note(|_| format!("commits: {commits}"));
        self.with(place, |node| {
            if commits {
                node.kernel.commit(node.time(now_ms).unix_ms).expect("a batch has begun");
                node.hear();
            } else {
                node.kernel.roll_back().expect("a batch has begun");
            }
            node.check_picture();
            node.wake_ms = now_ms;
        });
        self.statistics.count(if commits { "commits" } else { "roll-backs" }, 1);
    }

    fn take_snapshot(&mut self, place: usize) {
        let snapshot = self.with(place, |node| {
            settle(&mut node.kernel);
            node.kernel.snapshot().expect("all is encoded")
        });
        if self.snapshots.len() < 4 {
            self.snapshots.push(snapshot);
        } else {
            let old = self.rng.index(4);
            self.snapshots[old] = snapshot;
        }
        self.statistics.count("snapshots", 1);
    }

    /// A node joins one of the snapshots to its state.
    pub fn restore(&mut self, place: usize) {
        if self.snapshots.is_empty() {
            return;
        }
        let snapshot = self.snapshots[self.rng.index(self.snapshots.len())].clone();
        let now_ms = self.now_ms;
        self.note(|_| format!("restore {place}"));
        self.with(place, |node| {
            node.kernel.restore(&snapshot, node.time(now_ms)).expect("a whole snapshot");
            node.hear();
            node.check_picture();
            node.wake_ms = now_ms;
        });
        self.statistics.count("restores", 1);
    }

    fn fault(&mut self, fault: Fault, place: usize) {
        self.note(|_| format!("{fault:?} {place}"));
        let now_ms = self.now_ms;
        match fault {
            Fault::Partition if self.rng.percent(50) => {
                self.network.divide(&mut self.rng);
                self.statistics.count("partitions", 1);
            }
            Fault::Partition => self.network.unite(),
            Fault::Freeze => self.freeze(place),
            Fault::Crash => {
                self.finish(place);
                self.statistics.count("crashes", 1);
                self.begin(place);
            }
            Fault::Leave => {
                self.turn(place);
                self.with(place, |node| node.kernel.leave());
                let Some(node) = &mut self.nodes[place] else { return };
                let frames = node.take_frames(&mut self.statistics);
                self.post(place, &frames);
                self.finish(place);
            }
            Fault::Jump => {
                let skew_ms = self.skew();
                self.with(place, |node| (node.skew_ms, node.wake_ms) = (skew_ms, now_ms));
                self.statistics.count("clock-jumps", 1);
            }
            Fault::Garbage => self.garbage(place),
            Fault::Restore => self.restore(place),
            Fault::Rejoin => {
                self.with(place, |node| {
                    node.kernel.rejoin(node.time(now_ms));
                    node.wake_ms = now_ms;
                });
                self.statistics.count("rejoins", 1);
            }
            Fault::Pause => {
                let pause_ms = self.rng.between(1_000, 70_000);
                self.run_until(now_ms + pause_ms);
                self.statistics.count("pauses", 1);
            }
        }
    }

    fn freeze(&mut self, place: usize) {
        let queues = self.rng.percent(50);
        let until_ms = self.now_ms + self.rng.between(50, 20_000);
        self.with(place, |node| {
            node.frozen = Some(Frozen { until_ms, queues, inbox: Vec::new() });
            node.wake_ms = until_ms;
        });
        self.statistics.count(if queues { "freezes-queue" } else { "freezes-lose" }, 1);
    }

    /// A frame that no sound node sends changes nothing but a counter.
    fn garbage(&mut self, place: usize) {
        let damaged = |sample: &Rc<[u8]>, rng: &mut crate::support::rng::Rng| {
            let mut bytes = sample.to_vec();
            let at = rng.index(bytes.len());
            match rng.below(3) {
                0 => bytes[at] ^= 1 << rng.below(8),
                1 => bytes.truncate(at),
                _ => bytes.insert(at, rng.number() as u8),
            }
            bytes
        };
        let bytes = match &self.sample {
            Some(sample) if self.rng.percent(80) => damaged(sample, &mut self.rng),
            _ => {
                let length = self.rng.index(100);
                self.rng.bytes(length)
            }
        };
        let now_ms = self.now_ms;
        self.with(place, |node| {
            let before = (node.kernel.revision(), node.kernel.usage(), node.kernel.peers().count());
            let result = node.kernel.receive(&bytes, node.time(now_ms));
            assert!(result.is_err(), "a frame that nobody sent is taken in");
            let mut after = (node.kernel.revision(), node.kernel.usage(), node.kernel.peers().count());
            assert_eq!(after.1.traffic.dropped, before.1.traffic.dropped + 1);
            after.1.traffic = before.1.traffic;
            assert_eq!(after, before, "a refused frame changes nothing");
            assert!(node.kernel.next_effect().is_none() && node.kernel.next_frame().is_none());
        });
        self.statistics.count("garbage", 1);
    }
}
