//! A monkey at the keyboard: random calls with good and bad arguments, on open, closed and dropped halls. Nothing traps,
//! and in the end the instance still works.

use super::subject::{NOW_MS, Subject, now};
use statehall::Value as Plain;
use statehall_component_tests::contexts::{AcquireOptions, Guard, Mode, Wait};
use statehall_component_tests::types::{Selector, Time, Value};
use statehall_component_tests::values::cbor_in;
use statehall_component_tests::{Kernel, options, state, watchers};
use std::collections::BTreeMap;
use wasmtime::component::ResourceAny;

const SEEDS: [u64; 4] = [1, 2, 7_919, 123_456_789];
const CALLS: usize = 3_000;

const KEYS: &[&str] = &["a", "b/c", "b/d", "x/y/z", "", "/", "a//b", "*", "~", "gone", "b/~1", "0123456789"];
const SELECTORS: &[&str] = &["**", "a", "b/*", "*/c", "b/**", "", "**/a", "~", "x/*/z", "0"];
const NAMES: &[&str] = &["ann", "bob", "", "a longer name with spaces"];
const CBOR: &[&[u8]] = &[
    &[0x80],
    &[0xa0],
    &[0x82, 0x01, 0x02],
    &[0xa1, 0x61, b'm', 0xf6],
    &[],
    &[0x01],
    &[0x9f, 0xff],
    &[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
];
/// Declarations, of which some are none and some contradict others.
const DECLARATIONS: &[&[(&str, &str)]] = &[
    &[("type", "any")],
    &[("type", "text")],
    &[("type", "integer")],
    &[("type", "text"), ("value", "t")],
    &[("type", "text"), ("pattern", "^t*$")],
    &[("type", "text"), ("pattern", "(")],
    &[("type", "integer"), ("monotonic", "increasing")],
    &[("type", "no such type")],
    &[],
];
const NUMBERS: &[u64] = &[0, 1, 2, 3, 7, 250, 1_000, 1 << 32, 1 << 47, (1 << 47) + 1, u64::MAX];

/// Everything that the monkey holds, and its luck.
struct Monkey {
    subject: Subject,
    halls: Vec<ResourceAny>,
    watchers: Vec<ResourceAny>,
    bytes: Vec<Vec<u8>>,
    time: Time,
    state: u64,
    refused: usize,
    done: usize,
}

impl Monkey {
    fn new(seed: u64) -> Self {
        let subject = Subject::new(true);
        let halls = vec![subject.hall];
        let (watchers, bytes) = (Vec::new(), vec![Vec::new()]);
        Self { subject, halls, watchers, bytes, time: now(), state: seed, refused: 0, done: 0 }
    }

    fn random(&mut self, below: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) as usize % below.max(1)
    }

    fn one<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.random(list.len())]
    }

    fn maybe<T>(&mut self, some: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.random(3) == 0 { Some(some(self)) } else { None }
    }

    fn value(&mut self) -> Value {
        match self.random(8) {
            0 => Value::Null,
            1 => Value::Boolean(true),
            2 => Value::Integer(self.one(NUMBERS) as i64),
            3 => Value::Float([0.0, -0.0, f64::NAN, f64::INFINITY, 1.5][self.random(5)]),
            4 => Value::Text("t".repeat(self.random(300))),
            5 => Value::Bytes(vec![0; self.random(300)]),
            _ => Value::Cbor(self.one(CBOR).to_vec()),
        }
    }

    fn filter(&mut self) -> watchers::Filter {
        use watchers::Against::{Delivered, Previous};
        use watchers::Kind::{Changed, Created, Deleted, Set};
        const MEASURES: &[f64] = &[0.0, -1.0, 1.0, 1.5, f64::NAN, f64::INFINITY];
        watchers::Filter {
            delta: self.maybe(|monkey| monkey.one(MEASURES)),
            crosses: self.maybe(|monkey| monkey.one(MEASURES)),
            equals: self.maybe(Self::value),
            becomes: self.maybe(|monkey| (0..monkey.random(4)).map(|_| monkey.value()).collect()),
            kind: self.maybe(|monkey| monkey.one(&[Created, Changed, Set, Deleted])),
            against: self.one(&[Previous, Delivered]),
        }
    }

    fn selector(&mut self) -> Selector {
        match self.random(3) {
            0 => Selector::Text(self.one(SELECTORS).into()),
            1 => Selector::Segments((0..self.random(4)).map(|_| self.one(KEYS).into()).collect()),
            _ => Selector::Keys((0..self.random(4)).map(|_| self.one(KEYS).into()).collect()),
        }
    }

    fn put_options(&mut self) -> state::PutOptions {
        state::PutOptions {
            expect: self.maybe(|monkey| monkey.one(NUMBERS)),
            metadata: self.maybe(|monkey| monkey.one(CBOR).to_vec()),
            ttl_ms: self.maybe(|monkey| monkey.one(NUMBERS)),
            touch: self.random(4) == 0,
        }
    }

    fn delete_options(&mut self) -> state::DeleteOptions {
        state::DeleteOptions { expect: self.maybe(|monkey| monkey.one(NUMBERS)), touch: self.random(4) == 0 }
    }

    fn command(&mut self) -> state::Command {
        let key = self.one(KEYS).into();
        match self.random(4) {
            0 => state::Command::Delete(state::DeleteCommand { key, options: Some(self.delete_options()) }),
            1 => state::Command::Clear(self.selector()),
            _ => state::Command::Put(state::PutCommand { key, value: self.value(), options: Some(self.put_options()) }),
        }
    }

    /// A time that is mostly right: a little later than the last.
    fn time(&mut self) -> Time {
        match self.random(20) {
            0 => Time { unix_ms: self.one(NUMBERS), ..self.time },
            1 => Time { monotonic_ms: self.one(NUMBERS), unix_ms: self.time.unix_ms },
            _ => {
                let ms = [0, 1, 20, 300, 10_000][self.random(5)];
                self.time = Time { unix_ms: self.time.unix_ms + ms, monotonic_ms: self.time.monotonic_ms + ms };
                self.time
            }
        }
    }

    fn unix_ms(&mut self) -> u64 {
        if self.random(20) == 0 { self.one(NUMBERS) } else { self.time.unix_ms }
    }

    fn max(&mut self) -> u32 {
        [0, 1, 2, 100, u32::MAX][self.random(5)]
    }

    /// Frames and snapshots that were made before, some of them damaged.
    fn some_bytes(&mut self) -> Vec<u8> {
        let index = self.random(self.bytes.len());
        let mut bytes = self.bytes[index].clone();
        if self.random(3) == 0 && !bytes.is_empty() {
            let at = self.random(bytes.len());
            bytes[at] ^= 1 << self.random(8);
        }
        bytes
    }

    fn keep(&mut self, bytes: Vec<u8>) {
        if self.bytes.len() < 200 {
            self.bytes.push(bytes);
        } else {
            let index = self.random(self.bytes.len());
            self.bytes[index] = bytes;
        }
    }

    /// Calls the component with any of the halls.
    fn call<T>(
        &mut self,
        ask: impl FnOnce(
            state::GuestHall<'_>,
            &mut wasmtime::Store<wasmtime::StoreLimits>,
            ResourceAny,
        ) -> wasmtime::Result<T>,
    ) -> T {
        self.subject.hall = self.one(&self.halls.clone());
        self.done += 1;
        self.subject.ask(ask)
    }

    fn count<T, E>(&mut self, answer: Result<T, E>) -> Option<T> {
        self.refused += usize::from(answer.is_err());
        answer.ok()
    }

    fn write(&mut self) {
        let (key, value, now_ms) = (self.one(KEYS), self.value(), self.unix_ms());
        match self.random(7) {
            0 => {
                let answer = self.call(|hall, store, this| hall.call_put(store, this, key, &value, now_ms));
                self.count(answer);
            }
            1 | 2 => {
                let options = self.put_options();
                let put = self.call(|hall, store, this| hall.call_put_with(store, this, key, &value, &options, now_ms));
                self.count(put);
            }
            3 => {
                let options = self.delete_options();
                let gone = self.call(|hall, store, this| hall.call_delete_with(store, this, key, options, now_ms));
                self.count(gone);
            }
            4 => {
                let selector = self.maybe(Self::selector);
                let gone = self.call(|hall, store, this| hall.call_clear(store, this, selector.as_ref(), now_ms));
                self.count(gone);
            }
            5 => {
                let commands: Vec<_> = (0..self.random(5)).map(|_| self.command()).collect();
                let done = self.call(|hall, store, this| hall.call_batch(store, this, &commands, now_ms));
                self.count(done);
            }
            _ => {
                let done = match self.random(3) {
                    0 => self.call(|hall, store, this| hall.call_begin(store, this)),
                    1 => self.call(|hall, store, this| hall.call_roll_back(store, this)),
                    _ => self.call(|hall, store, this| hall.call_commit(store, this, now_ms)).map(drop),
                };
                self.count(done);
            }
        }
    }

    fn read(&mut self) {
        let (key, selector) = (self.one(KEYS), self.maybe(Self::selector));
        let (number, now_ms) = (self.one(NUMBERS), self.unix_ms());
        let selector = selector.as_ref();
        let answer = match self.random(9) {
            0 => self.call(|hall, store, this| hall.call_get(store, this, key)).map(drop),
            1 => self.call(|hall, store, this| hall.call_entry(store, this, key)).map(drop),
            2 => self.call(|hall, store, this| hall.call_keys(store, this, selector)).map(drop),
            3 => self.call(|hall, store, this| hall.call_to_map(store, this, selector)).map(drop),
            4 => self.call(|hall, store, this| hall.call_changes(store, this, number, selector)).map(drop),
            5 => self.call(|hall, store, this| hall.call_sessions(store, this, now_ms)).map(drop),
            6 => self.call(|hall, store, this| hall.call_usage(store, this)).map(drop),
            7 => self.call(|hall, store, this| hall.call_limits(store, this)).map(drop),
            _ => {
                assert_eq!(self.call(|hall, store, this| hall.call_session(store, this)).len(), 16);
                Ok(())
            }
        };
        self.count(answer);
    }

    /// What a variable is declared to be: a map, or whatever.
    fn declaration(&mut self) -> Vec<u8> {
        if self.random(5) == 0 {
            return self.one(CBOR).to_vec();
        }
        let members = self.one(DECLARATIONS).iter().map(|(name, text)| ((*name).to_owned(), Plain::from(*text)));
        cbor_in(&members.collect::<BTreeMap<_, _>>().into())
    }

    fn vary(&mut self) {
        let (key, declaration, value, now_ms) = (self.one(KEYS), self.declaration(), self.value(), self.unix_ms());
        let (options, selector) = (self.maybe(Self::put_options), self.selector());
        let values: Vec<_> = (0..self.random(4)).map(|_| (self.one(KEYS).to_owned(), self.value())).collect();
        let (bytes, hall) = (self.some_bytes(), self.one(&self.halls.clone()));
        self.done += 1;
        let which = self.random(9);
        let answer = self.subject.call(|store, kernel| {
            let variables = kernel.statehall_hall_variables();
            Ok(match which {
                0 | 1 => variables.call_declare(store, hall, key, &declaration)?.map(|()| None),
                2 => variables.call_undeclare(store, hall, key)?.map(|_| None),
                3 => variables.call_set(store, hall, key, &value, options.as_ref(), now_ms)?.map(|_| None),
                4 => {
                    let refused = variables.call_set_many(store, hall, &values, now_ms)?;
                    assert!(refused.as_ref().is_ok_and(|refused| refused.len() <= values.len()) || refused.is_err());
                    refused.map(|_| None)
                }
                5 => variables.call_get(store, hall, key)?.map(|_| None),
                6 => variables.call_variables(store, hall, &selector)?.map(|_| None),
                7 => variables.call_export_variables(store, hall)?.map(Some),
                _ => variables.call_import_variables(store, hall, &bytes, now_ms)?.map(|()| None),
            })
        });
        if let Some(Some(exported)) = self.count(answer) {
            self.keep(exported);
        }
    }

    /// Contexts and leases.
    fn decide(&mut self) {
        let (key, owner, value, now_ms) = (self.one(KEYS), self.one(NAMES), self.value(), self.unix_ms());
        let (number, fence, hall) =
            (self.one(NUMBERS), self.maybe(|monkey| monkey.one(NUMBERS)), self.one(&self.halls.clone()));
        let guard = [Guard::Any, Guard::Expect(number), Guard::Under(number)][self.random(3)];
        let options = AcquireOptions {
            owner: self.maybe(|monkey| monkey.one(NAMES).into()),
            mode: [Mode::Exclusive, Mode::Shared][self.random(2)],
            ttl_ms: self.maybe(|monkey| monkey.one(NUMBERS)),
            wait: [Wait::No, Wait::Always, Wait::Ms(number)][self.random(3)],
        };
        self.done += 1;
        let which = self.random(16);
        let answer = self.subject.call(|store, kernel| {
            let contexts = kernel.statehall_hall_contexts();
            Ok(match which {
                0 => contexts.call_get(store, hall, key, now_ms)?.map(drop),
                1 => contexts.call_documents(store, hall, now_ms)?.map(drop),
                2 | 3 => contexts.call_create(store, hall, key, &value, fence, now_ms)?.map(drop),
                4 => contexts.call_replace(store, hall, key, &value, guard, now_ms)?.map(drop),
                5 => contexts.call_patch(store, hall, key, &value, guard, now_ms)?.map(drop),
                6 => contexts.call_merge(store, hall, key, &value, guard, now_ms)?.map(drop),
                7 => contexts.call_delete(store, hall, key, guard, now_ms)?.map(drop),
                8 => contexts.call_clear(store, hall, now_ms)?.map(drop),
                9 => contexts.call_lock(store, hall, key, owner, now_ms)?.map(drop),
                10 => contexts.call_unlock(store, hall, key, owner, now_ms)?.map(drop),
                11 => contexts.call_acquire(store, hall, key, &options, now_ms)?.map(drop),
                12 => contexts.call_standing(store, hall, key, owner, now_ms)?.map(drop),
                13 => contexts.call_holders(store, hall, key, now_ms)?.map(drop),
                14 => contexts.call_renew(store, hall, key, number, fence, now_ms)?.map(drop),
                _ if number % 2 == 0 => contexts.call_release(store, hall, key, owner, fence, now_ms)?.map(drop),
                _ => contexts.call_force_release(store, hall, key, owner, now_ms)?.map(drop),
            })
        });
        self.count(answer);
    }

    fn share(&mut self) {
        let (time, bytes, max) = (self.time(), self.some_bytes(), self.max());
        match self.random(8) {
            0 | 1 => {
                let answer = self.call(|hall, store, this| hall.call_advance(store, this, time));
                self.count(answer);
            }
            2 => {
                let made = self.call(|hall, store, this| hall.call_frames(store, this, max));
                made.into_iter().for_each(|frame| self.keep(frame));
            }
            3 => {
                let made = self.call(|hall, store, this| hall.call_snapshot(store, this));
                if let Some(snapshot) = self.count(made) {
                    self.keep(snapshot);
                }
            }
            4 | 5 => {
                let taken = self.call(|hall, store, this| hall.call_receive(store, this, &bytes, time));
                self.count(taken);
            }
            6 => {
                let taken = self.call(|hall, store, this| hall.call_restore(store, this, &bytes, time));
                self.count(taken);
            }
            _ => {
                let asked = self.call(|hall, store, this| hall.call_rejoin(store, this, time));
                self.count(asked);
                self.call(|hall, store, this| hall.call_reports(store, this, max));
                let wake = self.call(|hall, store, this| hall.call_next_wake(store, this, time));
                self.count(wake);
            }
        }
    }

    fn watch(&mut self) {
        let (selector, max, hall) = (self.selector(), self.max(), self.one(&self.halls.clone()));
        let options = watchers::WatchOptions {
            initial: self.random(2) == 0,
            filter: self.maybe(Self::filter),
            owner: self.maybe(|monkey| monkey.one(NAMES).into()),
            deliver_ms: self.maybe(|monkey| monkey.one(NUMBERS)),
            capacity: self.maybe(|monkey| monkey.one(NUMBERS)),
            overflow: self.maybe(|monkey| {
                use watchers::Overflow::{Close, Coalesce, DropOldest};
                monkey.one(&[Coalesce, DropOldest, Close])
            }),
        };
        let name = self.one(NAMES);
        match (self.random(6), self.watchers.len()) {
            (0 | 1, count) if count < 50 => {
                let watch = |store: &mut _, kernel: &Kernel| {
                    kernel.statehall_hall_watchers().call_watch(store, hall, &selector, &options)
                };
                let watcher = self.subject.call(watch);
                let watcher = self.count(watcher);
                self.watchers.extend(watcher);
            }
            (2 | 3, 1..) => {
                let watcher = self.one(&self.watchers.clone());
                let take = |store: &mut _, kernel: &Kernel| {
                    kernel.statehall_hall_watchers().watcher().call_take(store, watcher, max)
                };
                assert!(self.subject.call(take).changes.len() <= max as usize);
            }
            (4, 1..) => {
                let index = self.random(self.watchers.len());
                let watcher = self.watchers.swap_remove(index);
                self.subject.call(|store, _| watcher.resource_drop(store));
            }
            _ => {
                let ready =
                    |store: &mut _, kernel: &Kernel| kernel.statehall_hall_watchers().call_ready(store, hall, max);
                assert!(self.subject.call(ready).len() <= max as usize);
                let ended = self.call(|hall, store, this| hall.call_end(store, this, name));
                self.count(ended);
            }
        }
    }

    /// Opens, closes and drops halls; some are always there.
    fn handle(&mut self) {
        let (name, time) = (self.one(NAMES), self.time());
        match (self.random(5), self.halls.len()) {
            (0, count) if count > 2 => {
                let index = self.random(count);
                let hall = self.halls.swap_remove(index);
                self.subject.call(|store, _| hall.resource_drop(store));
            }
            (1, count) if count > 2 => self.call(|hall, store, this| hall.call_close(store, this)),
            (2, count) if count < 8 => {
                let other = self.call(|hall, store, this| hall.call_as_agent(store, this, name));
                let other = self.count(other);
                self.halls.extend(other);
            }
            (_, count) if count < 8 => {
                let limits = match self.random(3) {
                    0 => vec![(state::Limit::Entries, self.one(NUMBERS)), (state::Limit::Tombstones, 2)],
                    1 => vec![(state::Limit::FrameBytes, 128), (state::Limit::Queue, 2), (state::Limit::Notices, 1)],
                    _ => Vec::new(),
                };
                let seed = self.random(usize::MAX) as u64;
                let asked = state::Options { share: self.random(4) > 0, limits, ..options(seed) };
                let open = |store: &mut _, kernel: &Kernel| {
                    kernel.statehall_hall_state().hall().call_open(store, &asked, time)
                };
                let hall = self.subject.call(open);
                let hall = self.count(hall);
                self.halls.extend(hall);
            }
            _ => {}
        }
    }
}

#[test]
fn a_monkey_never_traps() {
    for seed in SEEDS {
        let mut monkey = Monkey::new(seed);
        for _ in 0..CALLS {
            match monkey.random(28) {
                0..=7 => monkey.write(),
                20..24 => monkey.vary(),
                24.. => monkey.decide(),
                8..=10 => monkey.read(),
                11..=14 => monkey.share(),
                15..=17 => monkey.watch(),
                _ => monkey.handle(),
            }
        }
        let Monkey { mut subject, done, refused, .. } = monkey;
        assert!(refused > done / 10 && refused < done * 9 / 10, "seed {seed}: {refused} of {done} were refused");
        let fresh = options(seed);
        let open =
            |store: &mut _, kernel: &Kernel| kernel.statehall_hall_state().hall().call_open(store, &fresh, now());
        subject.hall = subject.call(open).expect("a hall");
        let one = Value::Integer(1);
        subject.ask(|hall, store, this| hall.call_put(store, this, "a", &one, NOW_MS)).expect("a put");
        subject.works();
    }
}
