//! What waits for a watcher or a reader, beside a plain list, and beside a reader who follows it.

use crate::cases::each;
use crate::support::rng::Rng;
use statehall::state::backlog::{Backlog, Overflow};
use statehall::state::queue::Change;
use statehall::{Key, Value};
use std::collections::BTreeMap;

type State = BTreeMap<Key, i64>;
/// Key, old value, value, whether initial.
type Told = (Key, Option<i64>, Option<i64>, bool);

const POLICIES: [Overflow; 3] = [Overflow::Coalesce, Overflow::DropOldest, Overflow::Close];

/// The same without a thought of speed: what waits, in order, and how many were lost.
struct Dumb {
    overflow: Overflow,
    capacity: usize,
    waiting: Vec<Told>,
    lost: u64,
}

impl Dumb {
    fn push(&mut self, told: Told) -> bool {
        let (key, _, value, initial) = told.clone();
        let same = self.waiting.iter().position(|(other, ..)| *other == key);
        if let (Overflow::Coalesce, Some(place)) = (self.overflow, same) {
            let (_, first_old, last, was_initial) = self.waiting.remove(place);
            // Came and went: there is nothing to tell of it.
            if first_old.is_some() || last.is_none() || value.is_some() {
                self.waiting.insert(place, (key, first_old, value, was_initial));
            }
            return true;
        }
        let changes = self.waiting.iter().filter(|(.., initial)| !initial).count();
        if !initial && changes == self.capacity {
            if self.overflow == Overflow::Close {
                return false;
            }
            let oldest = self.waiting.iter().position(|(.., initial)| !initial).expect("a change");
            self.waiting.remove(oldest);
            self.lost += 1;
        }
        self.waiting.push(told);
        true
    }
}

fn change((key, old, value, initial): Told) -> Change<Value> {
    let (metadata, expires_ms) = (None, None);
    let [old, value] = [old, value].map(|number| number.map(Value::from));
    Change { key, value, old, revision: 1, origin: "ann".into(), metadata, expires_ms, initial, missed: 0 }
}

fn told(change: &Change<Value>) -> Told {
    let [old, value] = [&change.old, &change.value].map(|value| value.as_ref().and_then(Value::as_integer));
    (change.key.clone(), old, value, change.initial)
}

/// Writes or deletes a key, or tells of an absent one.
fn write(rng: &mut Rng, state: &mut State, keys: &[Key]) -> Told {
    let key = keys[rng.index(keys.len())].clone();
    let old = state.remove(&key);
    let value = rng.percent(60).then(|| rng.between(0, 2) as i64);
    state.extend(value.map(|value| (key.clone(), value)));
    (key, old, value, false)
}

fn keys() -> Vec<Key> {
    ["a", "a/b", "b", "c", "d", "e"].map(|text| Key::parse(text).expect("a key")).to_vec()
}

#[test]
fn a_backlog_is_a_plain_list() {
    let keys = keys();
    each("a plain list", 3_000, |rng| {
        let (overflow, capacity) = (rng.pick(&POLICIES), rng.between(1, 5) as usize);
        let mut backlog = Backlog::new(overflow, capacity);
        let mut dumb = Dumb { overflow, capacity, waiting: Vec::new(), lost: 0 };
        let mut state: State =
            (0..).zip(keys.iter().filter(|_| rng.percent(40))).map(|(n, k)| (k.clone(), n)).collect();
        for (key, &value) in &state {
            let initial = (key.clone(), None, Some(value), true);
            assert!(backlog.push(change(initial.clone())) && dumb.push(initial));
        }
        let (mut lost, mut said) = (0, 0);
        for _ in 0..rng.between(5, 60) {
            if rng.percent(25) {
                let expected = if dumb.waiting.is_empty() { None } else { Some(dumb.waiting.remove(0)) };
                let popped = backlog.pop();
                assert_eq!(popped.as_ref().map(told), expected);
                if let Some(popped) = popped {
                    assert_eq!(popped.missed, lost - said, "the gap is told with the next change, and once");
                    said = lost;
                }
            } else {
                let told = write(rng, &mut state, &keys);
                let kept = backlog.push(change(told.clone()));
                assert_eq!(kept, dumb.push(told));
                if !kept {
                    break;
                }
                lost = dumb.lost;
            }
            assert_eq!((backlog.len(), backlog.missed()), (dumb.waiting.len(), dumb.lost));
        }
    });
}

#[test]
fn who_takes_what_is_coalesced_knows_what_there_is() {
    let keys = keys();
    each("coalesced", 2_000, |rng| {
        let mut backlog = Backlog::new(Overflow::Coalesce, keys.len());
        let (mut state, mut known) = (State::new(), State::new());
        for _ in 0..rng.between(1, 10) {
            for _ in 0..rng.between(0, 30) {
                assert!(backlog.push(change(write(rng, &mut state, &keys))));
            }
            let mut heard = Vec::new();
            while let Some(change) = backlog.pop() {
                let (key, old, value, _) = told(&change);
                assert!(!heard.contains(&key), "one change a key");
                assert_eq!(known.remove(&key), old, "from what was told last");
                known.extend(value.map(|value| (key.clone(), value)));
                heard.push(key);
            }
            assert_eq!((&known, backlog.missed()), (&state, 0));
        }
    });
}

#[test]
fn what_is_lost_is_the_oldest_and_is_counted_where_it_was() {
    let keys = keys();
    each("the oldest", 2_000, |rng| {
        let mut backlog = Backlog::new(Overflow::DropOldest, rng.between(1, 4) as usize);
        let (mut state, mut all, mut heard) = (State::new(), Vec::new(), 0);
        for _ in 0..rng.between(1, 10) {
            for _ in 0..rng.between(0, 8) {
                let told = write(rng, &mut state, &keys);
                all.push(told.clone());
                assert!(backlog.push(change(told)));
            }
            for _ in 0..rng.between(0, 4) {
                let Some(change) = backlog.pop() else { break };
                heard += change.missed as usize;
                assert_eq!(told(&change), all[heard]);
                heard += 1;
            }
        }
        while let Some(change) = backlog.pop() {
            heard += change.missed as usize + 1;
        }
        assert_eq!(heard, all.len(), "told or missed");
    });
}
