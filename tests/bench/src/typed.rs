//! Declared variables of the Rust face: what setting one costs, and a put to its key, beside a put of the same values to
//! a key that nobody has declared. Each key has one watcher, and every value is another one than the key had before.

use crate::native::{Turns, count, open, texts};
use statehall::{Error, Value};
use statehall_bench::measure::{Measured, Subject, derive};
use statehall_bench::report::Row;
use std::cell::Cell;
use std::hint::black_box;
use std::rc::Rc;

const SUBJECT: &str = "rust";
const KEYS: usize = 1_000;
/// How many make a sample: every key has its turn some times.
const SETS: u32 = 5_000;
const CHOICES: [&str; 4] = ["planner", "critic", "writer", "reader"];
/// What setting a float, an integer, a boolean or a choice may cost, as a multiple of the put.
const SET_MAX: f64 = 1.5;

/// A type: its declaration, and the value with a number.
#[derive(Clone, Copy)]
struct Type {
    name: &'static str,
    declare: fn() -> Value,
    make: fn(i64) -> Value,
    target: Option<f64>,
}

const TYPES: [Type; 8] = [
    Type { name: "float", declare: || bounded("float"), make: |n| Value::Float(n as f64 + 0.5), target: Some(SET_MAX) },
    Type { name: "integer", declare: || bounded("integer"), make: Value::Integer, target: Some(SET_MAX) },
    Type { name: "boolean", declare: || plain("boolean"), make: |n| (n % 2 == 1).into(), target: Some(SET_MAX) },
    Type { name: "choice", declare: choice, make: |n| CHOICES[n as usize % 4].into(), target: Some(SET_MAX) },
    Type { name: "text", declare: || sized("text"), make: |n| format!("step {n}").into(), target: None },
    Type { name: "list", declare: || sized("list"), make: list, target: None },
    Type { name: "map", declare: || plain("map"), make: map, target: None },
    Type { name: "embedding of 8", declare: embedding, make: |n| numbers(n).into(), target: None },
];

/// Everything that is measured.
pub fn subjects() -> Vec<Subject> {
    TYPES.iter().flat_map(|&of| [set(of), put(of, true), put(of, false)]).collect()
}

/// How much more a set costs than a put.
pub fn derived(measured: &[Measured]) -> Vec<Row> {
    let find = |case: String| measured.iter().find(|measured| measured.case == case);
    let ratio = |of: &Type| {
        let case = format!("{}, over the put", set_case(of));
        let row = derive(case, (find(set_case(of))?, find(put_case(of, false))?), of.target, |set, put| set / put);
        Some(Row { unit: "x", ..row })
    };
    TYPES.iter().filter_map(ratio).collect()
}

fn set_case(of: &Type) -> String {
    format!("set of a declared {}", of.name)
}

fn put_case(of: &Type, declared: bool) -> String {
    format!("put to {} key, {}", if declared { "a declared" } else { "an undeclared" }, of.name)
}

fn set(of: Type) -> Subject {
    Subject::operation(SUBJECT, set_case(&of), SETS, move || {
        let (hall, heard) = (open(true)?, Rc::new(Cell::new(0)));
        let keys = texts(KEYS);
        let declare = |key: &String| hall.variable(key.as_str(), (of.declare)());
        let variables = keys.iter().map(declare).collect::<Result<Vec<_>, Error>>()?;
        keys.iter().try_for_each(|key| count(&hall, key, &heard))?;
        let mut turns = Turns::new(variables);
        let mut told = Told::new(heard);
        Ok::<_, Error>(move || {
            let n = told.next();
            black_box(turns.next().set(black_box((of.make)(n)))).expect("a set");
            told.check();
        })
    })
}

fn put(of: Type, declared: bool) -> Subject {
    Subject::operation(SUBJECT, put_case(&of, declared), SETS, move || {
        let (hall, heard) = (open(true)?, Rc::new(Cell::new(0)));
        let keys = texts(KEYS);
        for key in keys.iter().filter(|_| declared) {
            hall.variable(key.as_str(), (of.declare)())?;
        }
        keys.iter().try_for_each(|key| count(&hall, key, &heard))?;
        let mut turns = Turns::new(keys);
        let mut told = Told::new(heard);
        Ok::<_, Error>(move || {
            let n = told.next();
            black_box(hall.put(black_box(turns.next().as_str()), black_box((of.make)(n)))).expect("a put");
            told.check();
        })
    })
}

/// Counts what was written, and that all of it was heard.
struct Told {
    heard: Rc<Cell<u64>>,
    written: u64,
}

impl Told {
    fn new(heard: Rc<Cell<u64>>) -> Self {
        Self { heard, written: 0 }
    }

    /// A number that is another one than the key had before: every key has its turn once a round.
    fn next(&mut self) -> i64 {
        self.written += 1;
        (self.written.div_ceil(KEYS as u64)) as i64
    }

    fn check(&self) {
        assert_eq!(self.heard.get(), self.written, "the watcher of the key hears it");
    }
}

fn plain(name: &str) -> Value {
    Value::from([("type", name.into())])
}

fn bounded(name: &str) -> Value {
    Value::from([("type", name.into()), ("min", 0.into()), ("max", 1_000_000_000.into())])
}

fn sized(name: &str) -> Value {
    Value::from([("type", name.into()), ("maxLength", 64.into())])
}

fn choice() -> Value {
    let choices = CHOICES.iter().map(|&choice| Value::from(choice)).collect::<Vec<_>>();
    Value::from([("type", "choice".into()), ("choices", choices.into())])
}

fn embedding() -> Value {
    Value::from([("type", "embedding".into()), ("dimensions", 8.into())])
}

fn list(n: i64) -> Value {
    vec![Value::from(n), "planner".into()].into()
}

fn map(n: i64) -> Value {
    Value::from([("x", n.into()), ("name", "planner".into())])
}

fn numbers(n: i64) -> Vec<Value> {
    (0..8).map(|i| Value::Float((n + i) as f64 + 0.5)).collect()
}
