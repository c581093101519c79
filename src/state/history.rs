//! Which keys changed when: the answer to "changes since".
//!
//! A log of (revision, index), appended by every change. A record is live while it is the last
//! one of its key; when the log is full, what is not live is dropped. So an append costs a few
//! nanoseconds, a question costs what has changed since, and nothing is forgotten until the slot
//! of a deleted key is given back: from then on earlier cursors are compacted.

/// The revisions at which keys last changed.
#[derive(Default)]
pub struct History {
    log: Vec<(u64, u32)>,
    changed: Vec<u64>,
    capacity: usize,
    compacted: u64,
}

const CAPACITY_MIN: usize = 1024;

impl History {
    /// Notes that the key at an index changed at a revision, which never decreases.
    #[inline(always)] // on the path of every put; what is inlined there is not left to chance
    pub fn record(&mut self, index: u32, revision: u64) {
        let place = index as usize;
        match self.changed.get_mut(place) {
            Some(changed) => *changed = revision,
            None => self.begin(place, revision),
        }
        if self.log.len() >= self.capacity.max(CAPACITY_MIN) {
            self.tidy();
        }
        self.log.push((revision, index));
    }

    #[cold]
    fn begin(&mut self, place: usize, revision: u64) {
        self.changed.resize(place, 0);
        self.changed.push(revision);
    }

    #[cold]
    fn tidy(&mut self) {
        let changed = &self.changed;
        self.log.retain(|&(revision, index)| changed[index as usize] == revision);
        self.capacity = 2 * self.log.len();
    }

    /// Forgets the key at an index: its slot is given back.
    pub fn forget(&mut self, index: u32) {
        if let Some(changed) = self.changed.get_mut(index as usize) {
            self.compacted = self.compacted.max(*changed);
            *changed = 0;
        }
    }

    /// Starts counting after a revision: nothing earlier is known.
    pub fn start(&mut self, revision: u64) {
        self.compacted = revision;
    }

    /// The indexes that changed after a revision, in the order of their last changes, with the
    /// revision of each; `None` if that is no longer known.
    pub fn since(&self, revision: u64) -> Option<impl Iterator<Item = (u64, u32)>> {
        if revision < self.compacted {
            return None;
        }
        let first = self.log.partition_point(|&(other, _)| other <= revision);
        let live = |&&(revision, index): &&(u64, u32)| self.changed[index as usize] == revision;
        Some(self.log[first..].iter().filter(live).copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_answered_once_and_only_forgetting_compacts() {
        let mut history = History::default();
        for revision in 1..=5_000 {
            history.record((revision % 7) as u32, revision);
        }
        assert!(history.log.len() <= CAPACITY_MIN + 1);
        let all: Vec<_> = history.since(0).unwrap().collect();
        assert_eq!(all.iter().map(|&(revision, _)| revision).collect::<Vec<_>>(), (4_994..=5_000).collect::<Vec<_>>());
        assert_eq!(history.since(4_999).unwrap().count(), 1);
        history.forget(3);
        assert!(history.since(0).is_none());
        assert_eq!(history.since(5_000).unwrap().count(), 0);
    }
}
