//! Changes, and queues of them for readers that pull.
//!
//! A queue is bounded: when it is full the oldest change goes and is counted as missed. Initial
//! values are never dropped, and do not count: they are what makes the reader's picture whole.

use crate::key::Key;
use std::collections::VecDeque;
use std::rc::Rc;

/// One visible change of one entry.
#[derive(Clone, Debug)]
pub struct Change<V> {
    /// The key.
    pub key: Key,
    /// The value now; `None` if the entry is absent.
    pub value: Option<V>,
    /// The value before; `None` if the entry was absent.
    pub old: Option<V>,
    /// The commit that made the change.
    pub revision: u64,
    /// The agent that made the change.
    pub origin: Rc<str>,
    /// The metadata of the entry.
    pub metadata: Option<V>,
    /// When the entry expires, in Unix milliseconds.
    pub expires_ms: Option<u64>,
    /// True for a value that was there when the watch began.
    pub initial: bool,
    /// How many changes were lost right before this one: of a watch with an
    /// [`Overflow`](super::backlog::Overflow) or told at intervals.
    pub missed: u64,
}

impl<V> Change<V> {
    /// True if the entry is gone now: deleted or expired.
    pub fn deleted(&self) -> bool {
        self.value.is_none()
    }
}

/// Changes waiting for one reader.
pub struct Queue<V> {
    /// What was there when the watch began; comes before all changes.
    initial: VecDeque<Change<V>>,
    changes: VecDeque<Change<V>>,
    capacity: usize,
    missed: u64,
}

impl<V> Queue<V> {
    /// An empty queue of at least one place.
    pub fn new(capacity: usize) -> Self {
        Self { initial: VecDeque::new(), changes: VecDeque::new(), capacity: capacity.max(1), missed: 0 }
    }

    /// Adds a change; true if the queue was empty.
    pub fn push(&mut self, change: Change<V>) -> bool {
        let first = self.is_empty();
        let changes = if change.initial { &mut self.initial } else { &mut self.changes };
        if !change.initial && changes.len() >= self.capacity {
            changes.pop_front();
            self.missed += 1;
        }
        changes.push_back(change);
        first
    }

    /// Takes the oldest change.
    pub fn pop(&mut self) -> Option<Change<V>> {
        self.initial.pop_front().or_else(|| self.changes.pop_front())
    }

    /// How many changes wait.
    pub fn len(&self) -> usize {
        self.initial.len() + self.changes.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many changes were dropped since the watch began.
    pub fn missed(&self) -> u64 {
        self.missed
    }
}
