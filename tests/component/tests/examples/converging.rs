//! A hall in the component and one in the npm package, over a channel that loses, doubles and reorders: whatever both
//! write, they end with the same entries, and with the same bytes.

use crate::npm::{self, Npm, hex};
use crate::side::{Side, put};
use statehall::Value;
use statehall::codec::mix;
use statehall_component_tests::state::{PutCommand, PutOptions};
use statehall_component_tests::types::{self, Selector};
use statehall_component_tests::values::{cbor_in, value_in, value_out};
use std::collections::{BTreeMap, VecDeque};

/// Keys on which both sides write at once.
const KEYS: [&str; 7] = ["a", "a/b", "a/c", "b/~1", "plan/city", "plan/days", "x"];

/// Deterministic choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, count: u64) -> u64 {
        self.0 = mix(self.0.wrapping_add(1));
        self.0 % count
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len() as u64) as usize]
    }
}

/// Values of every kind, edges among them.
fn values() -> Vec<Value> {
    let text = |text: &str| Value::Text(text.into());
    let list = Value::List([Value::Integer(1), Value::Null, Value::Float(0.25), text("a")].into());
    let members = [("b", list.clone()), ("a", Value::Bytes([1, 2].into())), ("long name", Value::Bool(true))];
    let map = Value::Map(BTreeMap::from(members.map(|(name, value)| (name.to_owned(), value))).into());
    vec![
        Value::Null,
        Value::Bool(false),
        Value::Integer(0),
        Value::Integer(-1),
        Value::Integer((1 << 53) - 1),
        Value::Integer(i64::MAX),
        Value::Integer(i64::MIN),
        Value::Float(-0.0),
        Value::Float(3.0),
        Value::Float(0.1),
        Value::Float(-1e300),
        Value::Float(f64::INFINITY),
        Value::Float(f64::NAN),
        text(""),
        text("Gr\u{fc}\u{df}e, \u{1f30d}"),
        Value::Bytes([].into()),
        Value::Bytes(vec![0xff; 400].into()),
        Value::List([].into()),
        list.clone(),
        map.clone(),
        Value::List([map, list].into()),
    ]
}

/// Both sides, and the frames that are on their way to each.
struct Pair {
    component: Side,
    npm: Npm,
    to_npm: VecDeque<Vec<u8>>,
    to_component: VecDeque<Vec<u8>>,
}

impl Pair {
    fn open(mut npm: Npm, seed: u64) -> Self {
        npm.ask(&format!("open {}", 2 * seed + 1));
        Self { component: Side::shared(2 * seed), npm, to_npm: VecDeque::new(), to_component: VecDeque::new() }
    }

    fn at(&mut self, ms: u64) {
        self.component.ms = ms;
        self.npm.ask(&format!("at {ms}"));
    }

    /// Collects what each has to say.
    fn tell(&mut self) {
        self.to_npm.extend(self.component.told());
        self.to_component.extend(self.npm.frames());
    }

    /// Delivers everything, as it was sent.
    fn deliver(&mut self) {
        for frame in std::mem::take(&mut self.to_npm) {
            self.npm.receive(&frame);
        }
        for frame in std::mem::take(&mut self.to_component) {
            self.component.receive(&frame).expect("no trap").expect("a frame");
        }
    }

    /// Delivers some of it, in any order, some of it twice, and some of it never.
    fn deliver_badly(&mut self, choices: &mut Choices) {
        let mut bad = |frames: &mut VecDeque<Vec<u8>>| {
            let mut delivered = Vec::new();
            for _ in 0..frames.len() {
                let at = choices.below(frames.len() as u64) as usize;
                let frame = frames.remove(at).expect("a frame");
                match choices.below(10) {
                    0..=2 => {}
                    3 | 4 => frames.push_back(frame),
                    5 => delivered.extend([frame.clone(), frame]),
                    _ => delivered.push(frame),
                }
            }
            delivered
        };
        let (to_npm, to_component) = (bad(&mut self.to_npm), bad(&mut self.to_component));
        to_npm.iter().for_each(|frame| self.npm.receive(frame));
        for frame in to_component {
            self.component.receive(&frame).expect("no trap").expect("a frame");
        }
    }

    /// Time passes, and everything arrives.
    fn settle(&mut self, for_ms: u64) {
        for ms in (self.component.ms..self.component.ms + for_ms).step_by(250) {
            self.at(ms);
            self.tell();
            self.deliver();
        }
    }

    /// The entries that both have.
    fn agreed(&mut self, context: &str) -> BTreeMap<String, Value> {
        let (store, functions, hall) = self.component.hall();
        let map = functions.call_to_map(store, hall, None).expect("no trap").expect("a map");
        let component: BTreeMap<_, _> = map.into_iter().map(|(key, value)| (key, value_out(value))).collect();
        let npm: BTreeMap<_, _> = self.npm.ask("map").iter().map(|line| listed(line)).collect();
        // JavaScript has one kind of number: there a whole float is read as the integer that it equals.
        let read: BTreeMap<_, _> =
            component.iter().map(|(key, value)| (key.clone(), hex(&cbor_in(&as_read(value))))).collect();
        assert_eq!(read, npm, "{context}");
        // The bytes are of the state, not of the face; a whole float stays one.
        assert_eq!(hex(&self.component.saved()), hex(&self.npm.snapshot()), "{context}");
        component
    }
}

/// A line of `map`.
fn listed(line: &str) -> (String, String) {
    let (key, value) = line.rsplit_once(' ').expect("a key and a value");
    (key.to_owned(), value.to_owned())
}

/// A value as JavaScript reads it.
fn as_read(value: &Value) -> Value {
    match value {
        Value::Float(number) if number.fract() == 0.0 && number.abs() < 9e15 => Value::Integer(*number as i64),
        Value::List(items) => Value::List(items.iter().map(as_read).collect()),
        Value::Map(members) => {
            let members: BTreeMap<_, _> = members.iter().map(|(name, value)| (name.clone(), as_read(value))).collect();
            Value::Map(members.into())
        }
        other => other.clone(),
    }
}

/// One side does one thing at random.
fn act(pair: &mut Pair, choices: &mut Choices, values: &[Value]) {
    let (key, value) = (*choices.of(&KEYS), choices.of(values));
    let ttl_ms = (choices.below(4) == 0).then(|| 1 + choices.below(3_000));
    let (now_ms, what, component) = (pair.component.ms, choices.below(10), choices.below(2) == 0);
    match (what, component) {
        (0..=6, true) => {
            let options = PutOptions { expect: None, metadata: None, ttl_ms, touch: false };
            let first = types_put(key, value, options);
            let commands = [first, put("plan/days", types::Value::Float(choices.below(5) as f64))];
            let count = 1 + choices.below(2) as usize;
            pair.component.batch(&commands[..count]).expect("no trap").expect("a batch");
        }
        (0..=6, false) => {
            let ttl = ttl_ms.map_or_else(String::new, |ttl_ms| format!(" {ttl_ms}"));
            pair.npm.ask(&format!("put {key} {}{ttl}", hex(&cbor_in(value))));
        }
        (7 | 8, true) => {
            let (store, functions, hall) = pair.component.hall();
            functions.call_delete(store, hall, key, now_ms).expect("no trap").expect("a delete");
        }
        (7 | 8, false) => drop(pair.npm.ask(&format!("delete {key}"))),
        (_, true) => {
            let (store, functions, hall) = pair.component.hall();
            let selector = Selector::Text("a/*".into());
            functions.call_clear(store, hall, Some(&selector), now_ms).expect("no trap").expect("a clear");
        }
        (_, false) => drop(pair.npm.ask("clear plan/*")),
    }
}

fn types_put(key: &str, value: &Value, options: PutOptions) -> statehall_component_tests::state::Command {
    statehall_component_tests::state::Command::Put(PutCommand {
        key: key.into(),
        value: value_in(value),
        options: Some(options),
    })
}

#[test]
fn whatever_both_write_and_whatever_is_lost() {
    if !npm::is_there() {
        return;
    }
    let (values, mut npm) = (values(), Npm::start());
    let mut kept = 0;
    for seed in 1..=20 {
        let mut choices = Choices(seed);
        let mut pair = Pair::open(npm, seed);
        let mut ms = 1_000;
        for _ in 0..40 {
            ms += choices.below(400);
            pair.at(ms);
            (0..choices.below(4)).for_each(|_| act(&mut pair, &mut choices, &values));
            pair.tell();
            pair.deliver_badly(&mut choices);
        }
        pair.settle(40_000);
        kept += pair.agreed(&format!("seed {seed}")).len();
        npm = pair.npm;
    }
    assert!(kept > 40, "too little was left to compare: {kept}");
}

#[test]
fn of_concurrent_writes_one_stays_in_either_order() {
    if !npm::is_there() {
        return;
    }
    let mut npm = Npm::start();
    for seed in 1..=10 {
        let mut pair = Pair::open(npm, seed);
        pair.settle(2_000);
        // At the same millisecond, with everything between them still on its way.
        for (n, value) in values().iter().enumerate() {
            pair.component.put(&format!("all/{n}"), &value_in(value)).expect("no trap").expect("a put");
        }
        pair.component.put("plan/city", &types::Value::Text("Porto".into())).expect("no trap").expect("a put");
        pair.npm.ask(&format!("put plan/city {}", hex(&cbor_in(&Value::Text("Braga".into())))));
        pair.npm.ask(&format!("put all/0 {}", hex(&cbor_in(&Value::Float(1.5)))));
        pair.component.put("gone", &types::Value::Null).expect("no trap").expect("a put");
        pair.npm.ask("put gone f6 100");
        pair.tell();
        let (to_npm, to_component) = (std::mem::take(&mut pair.to_npm), std::mem::take(&mut pair.to_component));
        let component_first = seed % 2 == 0;
        for turn in [component_first, !component_first] {
            if turn {
                for frame in &to_component {
                    pair.component.receive(frame).expect("no trap").expect("a frame");
                }
            } else {
                to_npm.iter().for_each(|frame| pair.npm.receive(frame));
            }
        }
        pair.settle(5_000);
        let agreed = pair.agreed(&format!("seed {seed}"));
        assert_eq!(agreed.iter().filter(|(key, _)| key.starts_with("all/")).count(), values().len());
        assert!(agreed.contains_key("plan/city"));
        npm = pair.npm;
    }
}

#[test]
fn a_whole_float_stays_one_behind_javascript() {
    if !npm::is_there() {
        return;
    }
    let mut pair = Pair::open(Npm::start(), 1);
    pair.component.put("days", &types::Value::Float(2.0)).expect("no trap").expect("a put");
    pair.settle(2_000);
    assert_eq!(pair.npm.ask("map"), ["days 02"], "JavaScript reads 2");
    // Putting the number that is there changes nothing, so the float is not replaced by an integer either.
    pair.npm.ask("put days 02");
    pair.npm.ask("put copy 02");
    pair.settle(2_000);
    let agreed = pair.agreed("a whole float");
    assert_eq!((&agreed["days"], &agreed["copy"]), (&Value::Float(2.0), &Value::Integer(2)));
}
