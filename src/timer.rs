//! Deadlines in order.
//!
//! A timer is not cancelled: its owner forgets it, and is asked when it comes due. What is due at
//! the same time comes in the order in which it was set. Forgotten timers are swept when they
//! outnumber the rest, and so are repeated ones, so that neither renewing a deadline for ever nor
//! setting the same one grows the queue.

use crate::order::sort;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A queue of deadlines, each with what it is for.
pub struct Timers<T> {
    heap: BinaryHeap<Reverse<Timer<T>>>,
    set: u64,
    swept: usize,
}

#[derive(Clone, Copy)]
struct Timer<T> {
    due_ms: u64,
    order: u64,
    what: T,
}

impl<T> PartialEq for Timer<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.due_ms, self.order) == (other.due_ms, other.order)
    }
}
impl<T> Eq for Timer<T> {}
impl<T> PartialOrd for Timer<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Timer<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due_ms, self.order).cmp(&(other.due_ms, other.order))
    }
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { heap: BinaryHeap::new(), set: 0, swept: 0 }
    }
}

impl<T: Ord + Copy> Timers<T> {
    /// Sets a deadline. `wanted` tells, of a deadline and its purpose, whether it still matters.
    pub fn set(&mut self, due_ms: u64, what: T, wanted: impl Fn(u64, &T) -> bool) {
        self.set += 1;
        self.heap.push(Reverse(Timer { due_ms, order: self.set, what }));
        if self.heap.len() > 2 * self.swept + 64 {
            let mut timers = std::mem::take(&mut self.heap).into_vec();
            timers.retain(|Reverse(timer)| wanted(timer.due_ms, &timer.what));
            let timer = |place: u32| timers[place as usize].0;
            let purpose = |place| (timer(place).due_ms, timer(place).what);
            let mut order: Vec<_> = (0..timers.len() as u32).collect();
            sort(&mut order, &|a, b| (purpose(a), timer(a).order).cmp(&(purpose(b), timer(b).order)));
            order.dedup_by_key(|place| purpose(*place));
            self.heap = order.into_iter().map(|place| Reverse(timer(place))).collect();
            self.swept = self.heap.len();
        }
    }

    /// The earliest deadline, forgotten ones included.
    pub fn next(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse(timer)| timer.due_ms)
    }

    /// Takes the earliest deadline that has come.
    pub fn due(&mut self, now_ms: u64) -> Option<(u64, T)> {
        if self.next()? > now_ms {
            return None;
        }
        self.heap.pop().map(|Reverse(timer)| (timer.due_ms, timer.what))
    }
}

/// The earliest of the deadlines that there are.
#[inline(never)] // for the size of the kernel: many ask
pub fn earliest(deadlines: &[Option<u64>]) -> Option<u64> {
    deadlines.iter().copied().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadlines_come_in_order_and_forgotten_ones_are_swept() {
        let mut timers = Timers::default();
        for (due, what) in [(5, 'b'), (3, 'a'), (5, 'c')] {
            timers.set(due, what, |_, _| true);
        }
        assert_eq!(timers.next(), Some(3));
        let order: Vec<_> = std::iter::from_fn(|| timers.due(5)).collect();
        assert_eq!(order, [(3, 'a'), (5, 'b'), (5, 'c')]);
        for n in 0..10_000 {
            timers.set(n, 'x', |due, _| due == n);
        }
        assert!(timers.heap.len() < 200);
        let mut timers = Timers::default();
        for n in 0..10_000 {
            timers.set(7, n % 3, |_, _| true);
        }
        assert!(timers.heap.len() < 200, "the same deadline again and again");
    }
}
