//! Machines that are data: a table of states, events, guards and deeds, which runs without a host.
//!
//! A table is read from a [`Value`], so that every face and every transcript can write one:
//!
//! ```
//! use statehall::Value;
//! use statehall::process::machine::table::Table;
//!
//! let push = Value::from([("on", "cast".into()), ("is", "push".into()), ("next", "on".into())]);
//! let auto = Value::from([("on", "state-timeout".into()), ("next", "off".into())]);
//! let start: Vec<Value> = vec!["start".into(), "state-timeout".into(), 15.into(), "auto".into()];
//! let off = Value::from([("rules", Value::from(vec![push]))]);
//! let on = Value::from([("enter", Value::from(vec![Value::from(start)])), ("rules", Value::from(vec![auto]))]);
//! let table = Value::from([("initial", "off".into()), ("states", Value::from([("off", off), ("on", on)]))]);
//! let table = Table::read(&table).expect("a right table");
//! assert!(table.draw().contains("off --> on: cast push"));
//! # let wrong = Value::from([("initial", "offf".into()), ("states", Value::from([("off", Value::from([]))]))]);
//! # assert_eq!(Table::read(&wrong).err().map(|problems| problems.len()), Some(1));
//! ```
//!
//! | member | what it is |
//! | --- | --- |
//! | `initial` | the name of the first state |
//! | `states` | by name: `{ enter: [deed], rules: [rule] }`, both optional |
//! | `rules` | rules of every state, tried after its own |
//! | `data` | what the machine remembers, by name, with its first values |
//! | `unhandled` | what to do with an event for which there is no rule: `stop` (for `bad-event`) or `keep` |
//! | rule | `{ on: kind, is: content, when: [[source, comparison, source]], next: state, repeat: true, stop: reason, do: [deed] }`; all but `on` optional, at most one of `next`, `repeat` and `stop` |
//! | kind | `call`, `cast`, `info`, `internal`, `timeout`, `state-timeout`, `timeout/name`, or `any` |
//! | comparison | `=`, `!=`, `<`, `<=`, `>`, `>=`; the last four compare numbers and are false for what is none |
//! | source | `{ data: name }`, `{ event: true }`, `{ event: member }`, `{ value: v }`; anything but a map is itself |
//! | deed | `[reply, source]`, `[postpone]`, `[insert, kind, source]`, `[start, timeout, ms, source]`, `[cancel, timeout]`, `[update, timeout, source]`, `[set, name, source]`, `[add, name, source]`, `[append, name, source]`, `[hibernate]` |
//!
//! The first rule that fits counts. Deeds are done in order, and a later one sees what an earlier one
//! has set. A table is checked as a whole before it runs, and every problem is named.

mod check;
mod draw;
mod keep;
mod read;
mod run;

pub use keep::{read_snapshot, write_snapshot};
pub use run::{MODULE, TableFunctions, TableMachine, Tabled};

use super::event::Timer;
use crate::error::{Code, Error};
use crate::value::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::rc::Rc;

/// How many items a list of the data takes.
pub const ITEMS_MAX: usize = 1_000;

/// A checked table. See the module.
pub struct Table {
    initial: Rc<str>,
    states: BTreeMap<Rc<str>, Row>,
    /// Rules of every state.
    rules: Vec<Rule>,
    data: BTreeMap<String, Value>,
    /// Whether an event without a rule stops the machine.
    strict: bool,
}

/// One thing that is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where: `states.off.rules.0.next`.
    pub place: String,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

impl Table {
    /// Reads a table and checks it, or names everything that is wrong with it.
    pub fn read(value: &Value) -> Result<Self, Vec<Problem>> {
        let (table, mut problems) = read::read(value);
        problems.extend(check::check(&table));
        if problems.is_empty() { Ok(table) } else { Err(problems) }
    }

    /// Reads a table and checks it.
    ///
    /// Errors: `invalid-declaration`, whose detail names everything that is wrong.
    pub fn declared(value: &Value) -> Result<Self, Error> {
        Self::read(value).map_err(|problems| {
            let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
            Error::new(Code::InvalidDeclaration, problems.join("; "))
        })
    }

    /// The names of the states, in order.
    pub fn states(&self) -> impl Iterator<Item = &str> {
        self.states.keys().map(|name| &**name)
    }

    /// The table as text of Mermaid, a state diagram.
    pub fn draw(&self) -> String {
        draw::draw(self)
    }
}

/// What there is to one state.
#[derive(Default)]
struct Row {
    enter: Vec<Deed>,
    rules: Vec<Rule>,
}

/// What to do with some events.
struct Rule {
    /// Its place in the list as it was written.
    number: usize,
    on: On,
    /// The content, if it matters.
    is: Option<Value>,
    when: Vec<Guard>,
    then: Then,
    deeds: Vec<Deed>,
}

/// The events of a rule.
#[derive(Clone, PartialEq)]
enum On {
    Any,
    Call,
    Cast,
    Info,
    Internal,
    Timer(Timer<Rc<str>>),
}

/// What must hold.
struct Guard {
    left: Source,
    comparison: Comparison,
    right: Source,
}

#[derive(Clone, Copy, PartialEq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

/// Where a value comes from.
enum Source {
    Value(Value),
    Data(String),
    Event,
    Member(String),
}

enum Then {
    Keep,
    Next(Rc<str>),
    Repeat,
    Stop(Value),
}

enum Deed {
    Reply(Source),
    Postpone,
    Insert(On, Source),
    Start(Timer<Rc<str>>, Source, Source),
    Cancel(Timer<Rc<str>>),
    Update(Timer<Rc<str>>, Source),
    Set(String, Source),
    Add(String, Source),
    /// Adds to a list, which has [`ITEMS_MAX`] places.
    Append(String, Source),
    Hibernate,
}

impl fmt::Display for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => write!(f, "any"),
            Self::Call => write!(f, "call"),
            Self::Cast => write!(f, "cast"),
            Self::Info => write!(f, "info"),
            Self::Internal => write!(f, "internal"),
            Self::Timer(Timer::Event) => write!(f, "timeout"),
            Self::Timer(Timer::State) => write!(f, "state-timeout"),
            Self::Timer(Timer::Named(name)) => write!(f, "timeout/{name}"),
        }
    }
}

impl Comparison {
    const ALL: [(&'static str, Comparison); 6] = [
        ("=", Self::Equal),
        ("!=", Self::Unequal),
        ("<", Self::Less),
        ("<=", Self::AtMost),
        (">", Self::More),
        (">=", Self::AtLeast),
    ];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, other)| *other == self).map_or("", |(name, _)| name)
    }
}
