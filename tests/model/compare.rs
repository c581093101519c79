//! What must be the same in the kernel and in its model.

use crate::Bench;
use crate::support::dumb::{Answer, Note};
use crate::support::kind::Kind;
use crate::support::stored::held;
use statehall::kernel::{Effect, Reply};
use statehall::state::queue::Change;
use statehall::state::selection::WatchId;
use statehall::table::Slot;
use statehall::{Code, Error};
use std::collections::BTreeSet;

impl<V: Kind> Bench<V> {
    pub fn compare_reply(&mut self, what: &'static str, reply: Result<Reply, Error>, expected: Result<Answer, Code>) {
        self.compare_called(what, reply, expected, Vec::new());
    }

    pub fn compare_called(
        &mut self,
        what: &'static str,
        reply: Result<Reply, Error>,
        expected: Result<Answer, Code>,
        called: Vec<(u32, Note)>,
    ) {
        self.count(what);
        let answer = reply.map_err(|error| error.code).map(|reply| match reply {
            Reply::Written { revision, changed } => Answer::Written(revision, changed),
            Reply::Conflict { revision } => Answer::Conflict(revision),
            Reply::Cleared(count) => Answer::Cleared(count),
        });
        assert_eq!(answer, expected, "{what}");
        match answer {
            Err(Code::Limit) => self.count("refused limit"),
            Err(Code::Conflict) => self.count("refused conflict"),
            Err(_) => self.count("refused invalid-argument"),
            Ok(Answer::Conflict(_)) => self.count("lost compare"),
            Ok(Answer::Written(_, false)) => self.count("equal put"),
            Ok(_) => {}
        }
        self.note(format!("{answer:?}"));
        self.compare_told(called);
    }

    /// What watchers were called with since, and which queues began to fill.
    pub fn compare_told(&mut self, mut called: Vec<(u32, Note)>) {
        let mut ready = BTreeSet::new();
        while let Some(effect) = self.kernel.next_effect() {
            match effect {
                Effect::Notify { members, change, .. } => {
                    let called_here = members.iter().filter(|watch| self.kernel.queue(**watch).is_none());
                    called.extend(called_here.map(|watch| (watch.0, read(&change))));
                }
                Effect::Initial { watch, change, .. } => called.push((watch.0, read(&change))),
                Effect::Ready(watch) => assert!(ready.insert(watch.0), "told once that the queue begins to fill"),
                other => panic!("an effect that nothing caused: {:?}", std::mem::discriminant(&other)),
            }
        }
        assert_eq!(called, self.dumb.told, "what watchers hear, in order");
        assert_eq!(ready, self.dumb.ready, "queues that begin to fill");
        let changes = called.iter().filter(|(_, note)| !note.initial).count() as u64;
        *self.done.entry("told changes").or_insert(0) += changes;
        *self.done.entry("told initial").or_insert(0) += called.len() as u64 - changes;
        self.note(format!("{called:?} {ready:?}"));
        self.dumb.told.clear();
        self.dumb.ready.clear();
    }

    pub fn compare_counters(&mut self) {
        let usage = self.kernel.usage();
        let counted =
            (usage.entries, usage.bytes, usage.tombstones, usage.watches, usage.queued, self.kernel.revision());
        let dumb = &self.dumb;
        let sizes = (dumb.entries.len() as u64, dumb.bytes(), dumb.graves.len() as u64, dumb.watches.len() as u64);
        assert_eq!(counted, (sizes.0, sizes.1, sizes.2, sizes.3, dumb.queued(), dumb.revision));
        assert_eq!(self.kernel.in_batch(), dumb.in_batch());
    }

    /// What a snapshot holds is what is counted: of what was deleted or has expired only the key is left.
    pub fn compare_held(&mut self, snapshot: &[u8]) {
        let (usage, held) = (self.kernel.usage(), held(snapshot));
        assert_eq!((held.entries, held.bytes), (usage.entries, usage.bytes), "what is held is what is counted");
        *self.done.entry("held tombstones").or_insert(0) += held.tombstones;
    }

    pub fn compare_all(&mut self) {
        for (key, expected) in &self.dumb.entries {
            let entry = self.kernel.entry(key).unwrap_or_else(|| panic!("{key} is not there"));
            let seen = (entry.value.value(), entry.metadata.as_ref().map(V::value), u64::from(entry.bytes));
            assert_eq!(seen, (expected.value.clone(), expected.metadata.clone(), expected.bytes), "{key}");
            let seen = (entry.revision, &*entry.origin, entry.expires_ms);
            assert_eq!(seen, (expected.revision, expected.origin.as_str(), expected.expires_ms), "{key}");
        }
        let (selector, patterns) = self.selector();
        let keys = |slots: Vec<Slot>| -> Vec<String> {
            slots.into_iter().map(|slot| self.kernel.key(slot).expect("a key").to_string()).collect()
        };
        let selected = keys(self.kernel.slots(Some(&selector)));
        assert_eq!(selected, self.dumb.select(&patterns), "{patterns:?}");
        let all = keys(self.kernel.slots(None));
        assert!(all.iter().eq(self.dumb.entries.keys()), "all entries in key order");
        if !self.dumb.in_batch() {
            let revision = self.dumb.revision.saturating_sub(self.rng.below(40));
            let changes = self.kernel.changes(revision, None);
            let changes =
                changes.map(|changes| changes.iter().map(|at| (at.key.text().to_owned(), at.revision)).collect());
            assert_eq!(changes, self.dumb.since(revision), "changes since {revision}");
            self.note(format!("{changes:?}"));
            if changes.is_none() {
                self.count("compacted");
            }
        }
        for (id, watch) in &self.dumb.watches {
            let missed = self.kernel.queue(WatchId(*id)).map(|queue| queue.missed());
            assert_eq!(missed, watch.capacity.map(|_| watch.missed), "what a queue has missed");
            if watch.missed > 0 {
                *self.done.entry("missed").or_insert(0) += 1;
            }
        }
        self.compare_slots();
    }

    pub fn compare_slots(&mut self) {
        for key in &self.keys {
            if let Some(slot) = self.kernel.slot(key) {
                let first = self.slots.entry(slot).or_insert_with(|| key.clone());
                assert_eq!(first, key, "a slot is one key's for ever");
                assert_eq!(Slot::from_number(slot.number()), slot);
            }
        }
        for (&slot, key) in &self.slots {
            let now = self.kernel.key(slot);
            assert!(now.is_none_or(|now| *now == **key), "a slot that became another key's");
            let seen = self.kernel.entry_at(slot).is_some();
            assert!(!seen || self.kernel.slot(key) == Some(slot), "an entry at a slot that was given back");
        }
    }
}

/// A change, as the model writes it.
pub fn read<V: Kind>(change: &Change<V>) -> Note {
    Note {
        key: change.key.text().to_owned(),
        value: change.value.as_ref().map(V::value),
        old: change.old.as_ref().map(V::value),
        revision: change.revision,
        origin: change.origin.to_string(),
        metadata: change.metadata.as_ref().map(V::value),
        expires_ms: change.expires_ms,
        initial: change.initial,
    }
}
