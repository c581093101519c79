//! A hall as one would write it without caring for speed: the model that the kernel must equal.
//!
//! Entries in a map, selectors matched segment by segment, every watch asked about every change.
//! It knows the contract of commands, watches, history and limits, and nothing of slots, sets,
//! memos, tries, stamps or frames.

use statehall::{Code, Limits, Value};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a change says.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub key: String,
    pub value: Option<Value>,
    pub old: Option<Value>,
    pub revision: u64,
    pub origin: String,
    pub metadata: Option<Value>,
    pub expires_ms: Option<u64>,
    pub initial: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub value: Value,
    pub metadata: Option<Value>,
    pub bytes: u64,
    pub revision: u64,
    pub origin: String,
    pub expires_ms: Option<u64>,
}

/// A put, with the sizes that a face would have measured.
#[derive(Clone, Debug)]
pub struct Put {
    pub key: String,
    pub value: (Value, u64),
    pub metadata: Option<(Value, u64)>,
    pub origin: String,
    pub expect: Option<u64>,
    pub ttl_ms: Option<u64>,
    pub touch: bool,
}

/// An answer: what was written, a conflict with a revision, or how many were cleared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Answer {
    Written(u64, bool),
    Conflict(u64),
    Cleared(u64),
}

pub struct Watch {
    pub patterns: Vec<String>,
    pub owner: Option<String>,
    pub capacity: Option<usize>,
    pub queue: VecDeque<Note>,
    pub missed: u64,
}

struct Batch {
    before: BTreeMap<String, Entry>,
    /// The keys in the order in which they were first written; last origin, and whether touched.
    written: Vec<(String, String, bool)>,
}

impl Batch {
    fn note(&mut self, key: String, origin: String, touched: bool) {
        match self.written.iter_mut().find(|written| written.0 == key) {
            Some(written) => (written.1, written.2) = (origin, written.2 || touched),
            None => self.written.push((key, origin, touched)),
        }
    }
}

/// The model. See the module.
pub struct Dumb {
    pub limits: Limits,
    pub entries: BTreeMap<String, Entry>,
    pub watches: BTreeMap<u32, Watch>,
    pub revision: u64,
    /// What watchers were called with, in order.
    pub told: Vec<(u32, Note)>,
    /// Watches whose queues have begun to fill.
    pub ready: BTreeSet<u32>,
    /// Deletes and expiries that are remembered, the earliest first: when, key, which write.
    pub graves: VecDeque<(u64, String, u64)>,
    batch: Option<Batch>,
    /// Of each key that is known: its last write.
    writes: BTreeMap<String, u64>,
    written: u64,
    /// Of each key: when it last changed, and as which of all changes.
    changed: BTreeMap<String, (u64, u64)>,
    changes: u64,
    compacted: u64,
    timers: BTreeSet<(u64, u64, String)>,
    tombstone_ms: u64,
    monotonic_ms: u64,
}

/// Whether a pattern selects a key.
pub fn selects(pattern: &str, key: &str) -> bool {
    let (pattern, key): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), key.split('/').collect());
    match pattern.split_last() {
        Some((&"**", fixed)) => key.len() > fixed.len() && same_segments(fixed, &key[..fixed.len()]),
        _ => key.len() == pattern.len() && same_segments(&pattern, &key),
    }
}

fn same_segments(pattern: &[&str], key: &[&str]) -> bool {
    pattern.iter().zip(key).all(|(part, segment)| *part == "*" || part == segment)
}

impl Dumb {
    pub fn new(limits: Limits, tombstone_ms: u64) -> Self {
        Self {
            limits,
            entries: BTreeMap::new(),
            watches: BTreeMap::new(),
            revision: 0,
            told: Vec::new(),
            ready: BTreeSet::new(),
            graves: VecDeque::new(),
            batch: None,
            writes: BTreeMap::new(),
            written: 0,
            changed: BTreeMap::new(),
            changes: 0,
            compacted: 0,
            timers: BTreeSet::new(),
            tombstone_ms,
            monotonic_ms: 0,
        }
    }

    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|(key, entry)| key.len() as u64 + entry.bytes).sum()
    }

    pub fn queued(&self) -> u64 {
        self.watches.values().map(|watch| watch.queue.len() as u64).sum()
    }

    pub fn in_batch(&self) -> bool {
        self.batch.is_some()
    }

    /// The selected keys, in order.
    pub fn select(&self, patterns: &[String]) -> Vec<String> {
        let selected = |key: &&String| patterns.iter().any(|pattern| selects(pattern, key));
        self.entries.keys().filter(selected).cloned().collect()
    }

    /// Keys that changed after a revision, with the revision of each, in order.
    pub fn since(&self, revision: u64) -> Option<Vec<(String, u64)>> {
        if revision < self.compacted {
            return None;
        }
        let mut changed: Vec<_> = self.changed.iter().filter(|(_, (at, _))| *at > revision).collect();
        changed.sort_by_key(|(_, (_, order))| *order);
        Some(changed.into_iter().map(|(key, (at, _))| (key.clone(), *at)).collect())
    }

    pub fn put(&mut self, put: Put, unix_ms: u64) -> Result<Answer, Code> {
        let limits = &self.limits;
        let metadata_bytes = put.metadata.as_ref().map_or(0, |metadata| metadata.1);
        let too_large = put.value.1 > limits.value_bytes || metadata_bytes > limits.metadata_bytes;
        if !self.key_fits(&put.key) || too_large {
            return Err(Code::Limit);
        }
        if put.ttl_ms == Some(0) {
            return Err(Code::InvalidArgument);
        }
        let current = self.entries.get(&put.key);
        if let Some(answer) = self.conflict(current, put.expect)? {
            return Ok(answer);
        }
        let metadata = put.metadata.map(|metadata| metadata.0);
        let expires_ms = put.ttl_ms.map(|ttl_ms| unix_ms + ttl_ms);
        if let Some(current) = current.filter(|current| current.value == put.value.0 && !put.touch)
            && (metadata.is_none() || metadata == current.metadata)
        {
            let revision = current.revision;
            if expires_ms.is_some() {
                self.renew(put.key, expires_ms, put.origin);
            }
            return Ok(Answer::Written(revision, expires_ms.is_some()));
        }
        let bytes = put.value.1 + metadata_bytes;
        let without = self.bytes() - current.map_or(0, |current| current.bytes + put.key.len() as u64);
        let many = current.is_none() && self.entries.len() as u64 >= limits.entries;
        if many || without + put.key.len() as u64 + bytes > limits.bytes {
            return Err(Code::Limit);
        }
        let origin = put.origin.clone();
        let revision = self.revision + 1;
        let entry = Entry { value: put.value.0, metadata, bytes, revision, origin, expires_ms };
        self.change(put.key, Some(entry), put.origin, put.touch);
        Ok(Answer::Written(revision, true))
    }

    pub fn delete(&mut self, key: String, origin: String, expect: Option<u64>, touch: bool) -> Result<Answer, Code> {
        if !self.key_fits(&key) {
            return Err(Code::Limit);
        }
        let current = self.entries.get(&key);
        if let Some(answer) = self.conflict(current, expect)? {
            return Ok(answer);
        }
        if current.is_none() && !touch {
            return Ok(Answer::Written(0, false));
        }
        self.change(key, None, origin, touch);
        Ok(Answer::Written(0, true))
    }

    pub fn clear(&mut self, patterns: &[String], origin: &str) -> Answer {
        let selected = self.select(patterns);
        let alone = self.begin();
        for key in &selected {
            self.change(key.clone(), None, origin.to_owned(), false);
        }
        if alone {
            self.commit();
        }
        Answer::Cleared(selected.len() as u64)
    }

    /// False if a batch had begun before.
    pub fn begin(&mut self) -> bool {
        let alone = self.batch.is_none();
        if alone {
            self.batch = Some(Batch { before: self.entries.clone(), written: Vec::new() });
        }
        alone
    }

    /// Whether anything has changed; nothing if no batch had begun.
    pub fn commit(&mut self) -> Option<bool> {
        let Batch { before, written } = self.batch.take()?;
        let revision = self.revision + 1;
        for (key, origin, touched) in written {
            let old = before.get(&key).cloned();
            let now = self.entries.get(&key).cloned();
            let same = match (&old, &now) {
                (None, None) => true,
                // To lose a time to live is a change, to have it renewed is none.
                (Some(old), Some(now)) if now.expires_ms.is_none() && old.expires_ms.is_some() => false,
                (Some(old), Some(now)) => (&old.value, &old.metadata) == (&now.value, &now.metadata),
                _ => false,
            };
            if same && !touched {
                let (Some(old), Some(now)) = (old, now) else { continue };
                let renewed = old.expires_ms != now.expires_ms;
                self.entries.insert(key.clone(), old);
                if renewed {
                    self.renew(key, now.expires_ms, origin);
                }
            } else {
                self.publish(&key, old, origin, revision);
            }
        }
        Some(self.revision == revision)
    }

    pub fn roll_back(&mut self) -> bool {
        let Some(batch) = self.batch.take() else { return false };
        self.entries = batch.before;
        true
    }

    pub fn watch(
        &mut self,
        id: u32,
        patterns: Vec<String>,
        owner: Option<String>,
        capacity: Option<usize>,
        initial: bool,
    ) {
        let mut watch = Watch { patterns, owner, capacity, queue: VecDeque::new(), missed: 0 };
        for key in if initial { self.select(&watch.patterns) } else { Vec::new() } {
            let (revision, origin) = (self.entries[&key].revision, self.entries[&key].origin.clone());
            let note = self.note(&key, None, origin, revision, true);
            match capacity {
                Some(_) => watch.queue.push_back(note),
                None => self.told.push((id, note)),
            }
        }
        self.watches.insert(id, watch);
    }

    pub fn end_owner(&mut self, owner: &str) -> Vec<u32> {
        let owned = |(id, watch): (&u32, &Watch)| (watch.owner.as_deref() == Some(owner)).then_some(*id);
        let owned: Vec<u32> = self.watches.iter().filter_map(owned).collect();
        self.watches.retain(|id, _| !owned.contains(id));
        owned
    }

    pub fn advance(&mut self, unix_ms: u64, monotonic_ms: u64) {
        self.monotonic_ms = monotonic_ms;
        if self.batch.is_some() {
            return;
        }
        let revision = self.revision + 1;
        while let Some(timer) = self.timers.first().filter(|timer| timer.0 <= unix_ms).cloned() {
            self.timers.remove(&timer);
            let (due_ms, _, key) = timer;
            if self.entries.get(&key).is_some_and(|entry| entry.expires_ms == Some(due_ms)) {
                let old = self.entries.remove(&key).expect("just seen");
                self.graves.push_back((monotonic_ms, key.clone(), self.writes[&key]));
                let origin = old.origin.clone();
                self.tell(&key, Some(old), origin, revision);
            }
        }
        self.purge();
    }

    /// What a new hall that restores this one's snapshot is like. `watch` is open in it before.
    pub fn restored(&self, unix_ms: u64, monotonic_ms: u64, watch: Option<(u32, Vec<String>)>) -> Self {
        let mut other = Self::new(self.limits.clone(), self.tombstone_ms);
        other.monotonic_ms = monotonic_ms;
        if let Some((id, patterns)) = watch {
            other.watch(id, patterns, None, None, false);
        }
        let mut writes: Vec<_> = self.writes.iter().collect();
        writes.sort_by_key(|(_, write)| **write);
        (other.written, other.writes) = (self.written, self.writes.clone());
        for (key, &write) in writes {
            match self.entries.get(key).filter(|entry| entry.expires_ms.is_none_or(|expires_ms| expires_ms > unix_ms)) {
                None => other.graves.push_back((monotonic_ms, key.clone(), write)),
                Some(entry) => {
                    other.entries.insert(key.clone(), Entry { revision: 1, ..entry.clone() });
                    other.arm(key);
                    other.tell(key, None, entry.origin.clone(), 1);
                }
            }
        }
        other
    }

    fn purge(&mut self) {
        while let Some((at_ms, key, write)) = self.graves.front().cloned() {
            let due = at_ms + self.tombstone_ms <= self.monotonic_ms;
            if !due && self.graves.len() as u64 <= self.limits.tombstones {
                break;
            }
            self.graves.pop_front();
            if self.writes.get(&key) == Some(&write) {
                self.writes.remove(&key);
                self.compacted = self.compacted.max(self.changed.remove(&key).map_or(0, |(revision, _)| revision));
            }
        }
    }

    fn key_fits(&self, key: &str) -> bool {
        key.len() as u64 <= self.limits.key_bytes && key.split('/').count() as u64 <= self.limits.segments
    }

    fn conflict(&self, current: Option<&Entry>, expect: Option<u64>) -> Result<Option<Answer>, Code> {
        let revision = current.map_or(0, |current| current.revision);
        match expect {
            Some(expect) if expect != revision && self.batch.is_some() => Err(Code::Conflict),
            Some(expect) if expect != revision => Ok(Some(Answer::Conflict(revision))),
            _ => Ok(None),
        }
    }

    fn change(&mut self, key: String, entry: Option<Entry>, origin: String, touched: bool) {
        let old = match entry {
            Some(entry) => self.entries.insert(key.clone(), entry),
            None => self.entries.remove(&key),
        };
        match &mut self.batch {
            None => self.publish(&key, old, origin, self.revision + 1),
            Some(batch) => batch.note(key, origin, touched),
        }
    }

    /// Lets an entry live to another time, which is a write, but no change.
    fn renew(&mut self, key: String, expires_ms: Option<u64>, origin: String) {
        let entry = Entry { expires_ms, origin: origin.clone(), ..self.entries[&key].clone() };
        self.entries.insert(key.clone(), entry);
        match &mut self.batch {
            None => self.write(&key),
            Some(batch) => batch.note(key, origin, false),
        }
    }

    fn publish(&mut self, key: &str, old: Option<Entry>, origin: String, revision: u64) {
        self.write(key);
        self.tell(key, old, origin, revision);
    }

    fn write(&mut self, key: &str) {
        self.written += 1;
        self.writes.insert(key.to_owned(), self.written);
        if self.entries.contains_key(key) {
            self.arm(key);
        } else {
            self.graves.push_back((self.monotonic_ms, key.to_owned(), self.written));
        }
    }

    fn arm(&mut self, key: &str) {
        if let Some(expires_ms) = self.entries[key].expires_ms {
            let order = self.timers.iter().map(|timer| timer.1).max().unwrap_or(0) + 1;
            self.timers.insert((expires_ms, order, key.to_owned()));
        }
    }

    fn tell(&mut self, key: &str, old: Option<Entry>, origin: String, revision: u64) {
        self.revision = revision;
        self.changes += 1;
        self.changed.insert(key.to_owned(), (revision, self.changes));
        let note = self.note(key, old.map(|old| old.value), origin, revision, false);
        for (&id, watch) in &mut self.watches {
            if !watch.patterns.iter().any(|pattern| selects(pattern, key)) {
                continue;
            }
            let Some(capacity) = watch.capacity else {
                self.told.push((id, note.clone()));
                continue;
            };
            if watch.queue.is_empty() {
                self.ready.insert(id);
            }
            let initial = watch.queue.iter().take_while(|note| note.initial).count();
            if watch.queue.len() - initial >= capacity {
                watch.queue.remove(initial);
                watch.missed += 1;
            }
            watch.queue.push_back(note.clone());
        }
    }

    fn note(&self, key: &str, old: Option<Value>, origin: String, revision: u64, initial: bool) -> Note {
        let entry = self.entries.get(key);
        Note {
            key: key.to_owned(),
            value: entry.map(|entry| entry.value.clone()),
            old,
            revision,
            origin,
            metadata: entry.and_then(|entry| entry.metadata.clone()),
            expires_ms: entry.and_then(|entry| entry.expires_ms),
            initial,
        }
    }
}
