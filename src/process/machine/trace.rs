//! The last transitions of a machine.

use std::collections::VecDeque;

/// One transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition<S, N> {
    /// When it was done.
    pub at_ms: u64,
    /// What was handled; `None` for the start.
    pub kind: Option<super::event::Kind<N>>,
    /// The state after.
    pub state: S,
    /// Whether that is another than before.
    pub changed: bool,
    /// Whether the event was postponed.
    pub postponed: bool,
}

/// A bounded list of transitions: the oldest go.
pub struct Trace<S, N> {
    kept: VecDeque<Transition<S, N>>,
    capacity: usize,
}

impl<S, N> Trace<S, N> {
    /// An empty list of so many places.
    pub fn new(capacity: usize) -> Self {
        Self { kept: VecDeque::new(), capacity }
    }

    /// Whether anything is kept at all.
    pub fn is_kept(&self) -> bool {
        self.capacity > 0
    }

    /// Adds a transition.
    pub fn add(&mut self, transition: Transition<S, N>) {
        if self.kept.len() >= self.capacity {
            self.kept.pop_front();
        }
        self.kept.push_back(transition);
    }

    /// The transitions, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Transition<S, N>> {
        self.kept.iter()
    }
}
