//! A bus that loses, doubles, delays, reorders and cuts.

use super::plan::Plan;
use crate::support::rng::Rng;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

/// A frame on its way to one place.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Flight {
    due_ms: u64,
    order: u64,
    /// Where it goes.
    pub to: usize,
    /// What it carries.
    pub frame: Rc<[u8]>,
}

/// The bus. See the module.
pub struct Network {
    flights: BinaryHeap<Reverse<Flight>>,
    order: u64,
    nodes: usize,
    /// Links that are cut, by sender and receiver.
    cut: Vec<bool>,
    /// When the last frame of a link arrives.
    last_ms: Vec<u64>,
    loss: u64,
    duplication: u64,
    delay_ms: u64,
    reorder: bool,
    /// Frames lost, doubled, cut off and overtaken.
    pub faults: [u64; 4],
}

impl Network {
    /// The bus of a plan.
    pub fn new(plan: &Plan) -> Self {
        Self {
            flights: BinaryHeap::new(),
            order: 0,
            nodes: plan.nodes,
            cut: vec![false; plan.nodes * plan.nodes],
            last_ms: vec![0; plan.nodes * plan.nodes],
            loss: plan.loss,
            duplication: plan.duplication,
            delay_ms: plan.delay_ms,
            reorder: plan.reorder,
            faults: [0; 4],
        }
    }

    /// Posts a frame to every other place.
    pub fn post(&mut self, from: usize, frame: &Rc<[u8]>, now_ms: u64, rng: &mut Rng) {
        for to in (0..self.nodes).filter(|&to| to != from) {
            let link = from * self.nodes + to;
            if self.cut[link] {
                self.faults[2] += 1;
                continue;
            }
            if self.loss > 0 && rng.percent(self.loss) {
                self.faults[0] += 1;
                continue;
            }
            let copies = if self.duplication > 0 && rng.percent(self.duplication) { 2 } else { 1 };
            self.faults[1] += copies - 1;
            for _ in 0..copies {
                let mut due_ms = now_ms + rng.below(self.delay_ms + 1);
                if !self.reorder {
                    due_ms = due_ms.max(self.last_ms[link]);
                } else if due_ms < self.last_ms[link] {
                    self.faults[3] += 1;
                }
                self.last_ms[link] = due_ms.max(self.last_ms[link]);
                self.order += 1;
                self.flights.push(Reverse(Flight { due_ms, order: self.order, to, frame: frame.clone() }));
            }
        }
    }

    /// When the next frame arrives.
    pub fn next_ms(&self) -> Option<u64> {
        self.flights.peek().map(|Reverse(flight)| flight.due_ms)
    }

    /// Takes the next frame that has arrived.
    pub fn arrive(&mut self, now_ms: u64) -> Option<Flight> {
        if self.next_ms()? > now_ms {
            return None;
        }
        self.flights.pop().map(|Reverse(flight)| flight)
    }

    /// Cuts links: a place from all others, two halves, or anything; sometimes in one direction.
    pub fn divide(&mut self, rng: &mut Rng) {
        let side: Vec<bool> = match rng.below(3) {
            0 => {
                let alone = rng.index(self.nodes);
                (0..self.nodes).map(|node| node == alone).collect()
            }
            _ => (0..self.nodes).map(|_| rng.percent(50)).collect(),
        };
        let one_way = rng.percent(30);
        for from in 0..self.nodes {
            for to in 0..self.nodes {
                let apart = side[from] != side[to] && (side[from] || !one_way);
                self.cut[from * self.nodes + to] |= apart;
            }
        }
    }

    /// Restores all links.
    pub fn unite(&mut self) {
        self.cut.fill(false);
    }

    /// Is faultless from now on.
    pub fn mend(&mut self) {
        self.unite();
        (self.loss, self.duplication, self.reorder) = (0, 0, false);
        self.delay_ms = self.delay_ms.min(10);
    }
}
