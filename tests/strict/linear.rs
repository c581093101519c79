//! Whether a history could have happened one operation at a time.
//!
//! Source: Wing and Gong, "Testing and Verifying Concurrent Objects", 1993, with Lowe's memory of
//! what was tried. An operation without an answer may have happened at any time after it began, or
//! never. Time enters where leases do: an operation that finds a lease over must have ended after
//! its deadline, one that finds it held must have begun before.

use std::collections::HashSet;

/// What a client asks of the one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Create(u64),
    Replace { value: u64, expect: u64 },
    Under { value: u64, fence: u64 },
    Delete,
    Acquire { ttl_ms: u64 },
    Renew { fence: u64, ttl_ms: u64 },
    Release,
    Read,
}

/// Who holds the record: client, fence, deadline.
pub type Holder = (u64, u64, u64);

/// What the client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Committed {
        version: u64,
    },
    Granted {
        fence: u64,
        deadline_ms: u64,
    },
    Released {
        found: bool,
    },
    Missing,
    /// There is a document, or it has another version; which, unless it is not known any more.
    Other {
        version: u64,
        value: Option<u64>,
    },
    Held(Holder),
    Lost(Option<Holder>),
    Status {
        version: u64,
        value: Option<u64>,
        holder: Option<Holder>,
    },
}

/// One operation: by whom, what, from when to when (in events, and on the clock), and what it was told.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub client: u64,
    pub op: Op,
    pub began: (u64, u64),
    /// `None` if there never was an answer.
    pub ended: Option<(u64, u64, Answer)>,
}

/// A lease as far as it is known: one that was granted without an answer has no known fence and deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Lease {
    client: u64,
    fence: Option<u64>,
    /// The deadline lies between these.
    deadline_ms: (u64, u64),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct State {
    version: u64,
    value: Option<u64>,
    lease: Option<Lease>,
    fence_max: u64,
}

impl Lease {
    /// The same lease with what somebody was told of it, if that can be.
    fn known(self, (client, fence, deadline_ms): Holder, fence_max: u64) -> Option<Self> {
        let fits = self.client == client
            && self.fence.map_or(fence > fence_max, |own| own == fence)
            && (self.deadline_ms.0..=self.deadline_ms.1).contains(&deadline_ms);
        fits.then_some(Self { client, fence: Some(fence), deadline_ms: (deadline_ms, deadline_ms) })
    }
}

impl State {
    /// The states in which an operation can find this one: with the lease, or after it.
    fn found_by(self, entry: &Entry) -> Vec<Self> {
        let Some(lease) = self.lease else { return vec![self] };
        let ended_ms = entry.ended.map_or(u64::MAX, |(_, ms, _)| ms);
        let mut states = Vec::new();
        if entry.began.1 < lease.deadline_ms.1 {
            states.push(self);
        }
        if ended_ms >= lease.deadline_ms.0 {
            states.push(Self { lease: None, ..self });
        }
        states
    }

    /// With what was told of the holder, if that can be.
    fn holding(self, holder: Holder) -> Option<Self> {
        let lease = self.lease?.known(holder, self.fence_max)?;
        Some(Self { lease: Some(lease), fence_max: self.fence_max.max(holder.1), ..self })
    }

    /// Whether the holder is this client, under this fence.
    fn is_under(self, client: u64, fence: u64) -> Option<bool> {
        let Some(lease) = self.lease.filter(|lease| lease.client == client) else { return Some(false) };
        // A client uses only fences that it knows, so one that nobody knows is not this one.
        Some(lease.fence == Some(fence))
    }

    /// What the state is after the operation, if its answer is the right one.
    fn after(self, entry: &Entry) -> Option<Self> {
        let answer = entry.ended.map(|(_, _, answer)| answer);
        let mine = self.lease.is_some_and(|lease| lease.client == entry.client);
        match entry.op {
            Op::Read => self.read(answer),
            Op::Create(value) => match self.value {
                Some(_) => self.other(answer),
                None if self.lease.is_some() => self.held(answer),
                None => self.write(Some(value), answer),
            },
            Op::Replace { .. } | Op::Under { .. } | Op::Delete if self.value.is_none() => {
                self.told(answer, Answer::Missing)
            }
            Op::Under { value, fence } => {
                if self.is_under(entry.client, fence)? {
                    self.write(Some(value), answer)
                } else {
                    self.lost(answer)
                }
            }
            Op::Replace { .. } | Op::Delete if self.lease.is_some() => self.held(answer),
            Op::Replace { expect, .. } if expect != self.version => self.other(answer),
            Op::Replace { value, .. } => self.write(Some(value), answer),
            Op::Delete => self.write(None, answer),
            Op::Acquire { ttl_ms } if mine || self.lease.is_none() => self.grant(entry, ttl_ms, answer),
            Op::Acquire { .. } => self.held(answer),
            Op::Renew { fence, ttl_ms } => {
                if self.is_under(entry.client, fence)? {
                    self.grant(entry, ttl_ms, answer)
                } else {
                    self.lost(answer)
                }
            }
            Op::Release => {
                let after = Self { lease: self.lease.filter(|_| !mine), ..self };
                after.told(answer, Answer::Released { found: mine })
            }
        }
    }

    fn told(self, answer: Option<Answer>, expected: Answer) -> Option<Self> {
        answer.is_none_or(|answer| answer == expected).then_some(self)
    }

    fn write(self, value: Option<u64>, answer: Option<Answer>) -> Option<Self> {
        let version = self.version + 1;
        Self { version, value, ..self }.told(answer, Answer::Committed { version })
    }

    fn other(self, answer: Option<Answer>) -> Option<Self> {
        match answer {
            Some(Answer::Other { version, value }) if version == self.version => {
                value.is_none_or(|value| Some(value) == self.value).then_some(self)
            }
            other => other.is_none().then_some(self),
        }
    }

    fn held(self, answer: Option<Answer>) -> Option<Self> {
        match answer {
            None => Some(self),
            Some(Answer::Held(holder)) => self.holding(holder),
            Some(_) => None,
        }
    }

    fn lost(self, answer: Option<Answer>) -> Option<Self> {
        match (answer, self.lease) {
            (None, _) => Some(self),
            (Some(Answer::Lost(Some(holder))), Some(_)) => self.holding(holder),
            (Some(Answer::Lost(None)), None) => Some(self),
            _ => None,
        }
    }

    fn read(self, answer: Option<Answer>) -> Option<Self> {
        let Some(Answer::Status { version, value, holder }) = answer else { return None };
        if (version, value) != (self.version, self.value) {
            return None;
        }
        match (holder, self.lease) {
            (Some(holder), Some(_)) => self.holding(holder),
            (None, None) => Some(self),
            _ => None,
        }
    }

    fn grant(self, entry: &Entry, ttl_ms: u64, answer: Option<Answer>) -> Option<Self> {
        let known = self.lease.and_then(|lease| lease.fence);
        let (fence, deadline_ms) = match answer {
            Some(Answer::Granted { fence, deadline_ms }) => {
                // The time runs from some moment at which the operation was under way.
                let (_, ended_ms, _) = entry.ended?;
                let right = (entry.began.1 + ttl_ms..=ended_ms + ttl_ms).contains(&deadline_ms);
                let fits = known.map_or(fence > self.fence_max, |known| known == fence);
                if !right || !fits {
                    return None;
                }
                (Some(fence), (deadline_ms, deadline_ms))
            }
            Some(_) => return None,
            None => (known, (entry.began.1 + ttl_ms, u64::MAX)),
        };
        let lease = Some(Lease { client: entry.client, fence, deadline_ms });
        Some(Self { lease, fence_max: self.fence_max.max(fence.unwrap_or(0)), ..self })
    }
}

/// Whether there is an order in which the operations could have happened.
pub fn is_linearizable(history: &[Entry]) -> bool {
    assert!(history.len() <= 64, "a history of at most 64 operations");
    // What was answered first was probably carried out first, and what was never answered probably not at all.
    let mut history = history.to_vec();
    history.sort_by_key(|entry| entry.ended.map_or(u64::MAX, |(event, ..)| event));
    let history = &history;
    let required = mask(history, |entry| entry.ended.is_some());
    search(history, required, 0, State::default(), &mut HashSet::new())
}

fn mask(history: &[Entry], test: impl Fn(&Entry) -> bool) -> u64 {
    history.iter().enumerate().filter(|(_, entry)| test(entry)).fold(0, |mask, (at, _)| mask | 1 << at)
}

fn search(history: &[Entry], required: u64, done: u64, state: State, tried: &mut HashSet<(u64, State)>) -> bool {
    if done & required == required {
        return true;
    }
    if !tried.insert((done, state)) {
        return false;
    }
    let open = |at: &usize| done & 1 << at == 0;
    let ends = (0..history.len()).filter(open).filter_map(|at| history[at].ended.map(|(event, ..)| event));
    let first_end = ends.min().unwrap_or(u64::MAX);
    let next: Vec<usize> = (0..history.len()).filter(open).filter(|&at| history[at].began.0 <= first_end).collect();
    // What has the right answer and changes nothing can come now as well as later: nothing else is to be tried.
    let idle = |at: &&usize| history[**at].ended.is_some() && self_same(state, &history[**at]);
    if let Some(&at) = next.iter().find(idle) {
        return search(history, required, done | 1 << at, state, tried);
    }
    next.into_iter().any(|at| {
        let entry = &history[at];
        let found = state.found_by(entry).into_iter().filter_map(|found| found.after(entry));
        // What was never answered and changes nothing need not have happened.
        let mut useful = found.filter(|after| entry.ended.is_some() || *after != state);
        useful.any(|after| search(history, required, done | 1 << at, after, tried))
    })
}

/// Whether an operation finds the state as it is, and leaves it so.
fn self_same(state: State, entry: &Entry) -> bool {
    state.found_by(entry).first() == Some(&state) && state.after(entry) == Some(state)
}

#[test]
fn the_checker_tells_right_from_wrong() {
    let entry = |client, op, began: u64, ended: u64, answer| Entry {
        client,
        op,
        began: (began, began),
        ended: Some((ended, ended, answer)),
    };
    let committed = |version| Answer::Committed { version };
    let create = entry(1, Op::Create(10), 0, 1, committed(1));
    let first = entry(1, Op::Replace { value: 11, expect: 1 }, 2, 5, committed(2));
    let second = entry(2, Op::Replace { value: 12, expect: 1 }, 3, 6, committed(2));
    let refused = Entry { ended: Some((6, 6, Answer::Other { version: 2, value: Some(11) })), ..second };
    assert!(is_linearizable(&[create, first, refused]));
    assert!(!is_linearizable(&[create, first, second]), "one version twice: an update is lost");
    let silent = Entry { ended: None, ..first };
    assert!(is_linearizable(&[create, silent, refused]), "what had no answer may have happened");
    assert!(is_linearizable(&[create, silent, second]), "and may not");
    let read = |began, version, value| {
        entry(3, Op::Read, began, began + 1, Answer::Status { version, value: Some(value), holder: None })
    };
    assert!(is_linearizable(&[create, first, read(4, 1, 10), read(6, 2, 11)]));
    assert!(!is_linearizable(&[create, first, read(6, 1, 10)]), "a read of the past");
    // A lease of one is not under the other's fence, and not held after its time.
    let granted = |client, began, fence, deadline_ms| {
        entry(client, Op::Acquire { ttl_ms: 10 }, began, began + 1, Answer::Granted { fence, deadline_ms })
    };
    let leases = [create, granted(1, 2, 5, 12), granted(2, 12, 6, 22)];
    assert!(is_linearizable(&leases));
    assert!(!is_linearizable(&[create, granted(1, 2, 5, 12), granted(2, 9, 6, 19)]), "two hold it at once");
    let stale = entry(1, Op::Under { value: 13, fence: 5 }, 14, 15, committed(2));
    assert!(!is_linearizable(&[leases[0], leases[1], leases[2], stale]), "a write under a lost lease");
    let lost = entry(1, Op::Under { value: 13, fence: 5 }, 14, 15, Answer::Lost(Some((2, 6, 22))));
    assert!(is_linearizable(&[leases[0], leases[1], leases[2], lost]));
}
