//! A table that runs.

use super::{Comparison, Deed, Guard, ITEMS_MAX, On, Rule, Source, Table, Then};
use crate::error::Error;
use crate::process::call::CallId;
use crate::process::machine::action::{Action, Delay, Init, Mode, Return};
use crate::process::machine::alphabet::Alphabet;
use crate::process::machine::engine::{Bounds, Machine};
use crate::process::machine::event::{Event, Kind, Timer};
use crate::process::machine::functions::Functions;
use crate::process::machine::reason::Reason;
use crate::value::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The name of the one module of a table.
pub const MODULE: &str = "table";

/// What the machine of a table moves.
pub struct Tabled;

impl Alphabet for Tabled {
    type State = Rc<str>;
    type Event = Value;
    type Reply = Value;
    type Name = Rc<str>;
    type Term = Value;
}

/// A table and what its machine remembers: the functions of the machine.
pub struct TableFunctions {
    table: Rc<Table>,
    data: BTreeMap<String, Value>,
}

impl TableFunctions {
    /// Those of a machine that starts.
    pub fn new(table: Rc<Table>) -> Self {
        let data = table.data.clone();
        Self { table, data }
    }

    /// Those of a machine that goes on with data that were kept.
    pub fn restore(table: Rc<Table>, data: BTreeMap<String, Value>) -> Self {
        Self { table, data }
    }

    /// The table.
    pub fn table(&self) -> &Rc<Table> {
        &self.table
    }

    /// What the machine remembers.
    pub fn data(&self) -> &BTreeMap<String, Value> {
        &self.data
    }

    /// What `init` returns.
    pub fn init(&self) -> Init<Tabled> {
        Init::Ok(self.table.initial.clone())
    }

    /// Whether there is a rule for such an event in a state. One that waits for another state counts as well.
    pub fn can(&self, state: &str, kind: Kind<Rc<str>>, content: Value) -> bool {
        rule(&self.table, &self.data, state, &Event::new(kind, content)).is_some()
    }
}

impl Functions<Tabled> for TableFunctions {
    fn mode(&mut self, _: &Rc<str>) -> Result<Mode, Value> {
        // A table has no deeds for leaving, and does not ask for the call.
        Ok(Mode { state_functions: false, state_enter: true, state_leave: false })
    }

    fn handle(&mut self, state: &Rc<str>, event: &Event<Tabled>, actions: &mut Vec<Action<Tabled>>) -> Return<Tabled> {
        handle(&self.table, &mut self.data, state, event, actions)
    }

    fn enter(&mut self, state: &Rc<str>, _: &Rc<str>, actions: &mut Vec<Action<Tabled>>) -> Return<Tabled> {
        enter(&self.table, &mut self.data, state, actions)
    }
}

/// A machine whose functions are a table.
pub struct TableMachine {
    /// The machine itself: what waits, what it answers, how it stands.
    pub machine: Machine<Tabled>,
    functions: TableFunctions,
    actions: Vec<Action<Tabled>>,
}

impl TableMachine {
    /// Starts a machine in the first state of the table.
    pub fn start(table: Rc<Table>, bounds: Bounds) -> Result<Self, Option<Reason<Tabled>>> {
        let (functions, mut actions) = (TableFunctions::new(table), Vec::new());
        let machine = Machine::start(MODULE.into(), bounds, functions.init(), &mut actions)?;
        Ok(Self { machine, functions, actions })
    }

    /// Goes on with a machine that was kept, and the data that was kept beside it.
    pub fn restore(table: Rc<Table>, machine: Machine<Tabled>, data: BTreeMap<String, Value>) -> Self {
        Self { machine, functions: TableFunctions::restore(table, data), actions: Vec::new() }
    }

    /// Handles everything that waits. A machine that inserts events for ever is stopped by its bound of
    /// `steps`, so that it cannot keep the others waiting; true if it wants to go on.
    pub fn run(&mut self, now_ms: u64, steps: usize) -> Result<bool, Error> {
        for _ in 0..steps {
            if !self.machine.step(now_ms, &mut self.functions, &mut self.actions)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What the machine remembers.
    pub fn data(&self) -> &BTreeMap<String, Value> {
        self.functions.data()
    }

    /// Whether there is a rule for such an event now. One that waits for another state counts as well.
    pub fn can(&self, kind: Kind<Rc<str>>, content: Value) -> bool {
        self.machine.ended().is_none() && self.functions.can(self.machine.state(), kind, content)
    }
}

/// The rule for an event, if there is one.
fn rule<'a>(table: &'a Table, data: &BTreeMap<String, Value>, state: &str, event: &Event<Tabled>) -> Option<&'a Rule> {
    let own = table.states.get(state).map(|row| row.rules.as_slice()).unwrap_or_default();
    own.iter().chain(&table.rules).find(|rule| fits(rule, data, event))
}

fn fits(rule: &Rule, data: &BTreeMap<String, Value>, event: &Event<Tabled>) -> bool {
    let kind = match (&rule.on, &event.kind) {
        (On::Any, _)
        | (On::Call, Kind::Call(_))
        | (On::Cast, Kind::Cast)
        | (On::Info, Kind::Info)
        | (On::Internal, Kind::Internal)
        | (On::Timer(Timer::Event), Kind::Timeout)
        | (On::Timer(Timer::State), Kind::StateTimeout) => true,
        (On::Timer(Timer::Named(name)), Kind::Named(other)) => name == other,
        _ => false,
    };
    kind && rule.is.as_ref().is_none_or(|is| *is == event.content)
        && rule.when.iter().all(|guard| holds(guard, data, event))
}

fn holds(guard: &Guard, data: &BTreeMap<String, Value>, event: &Event<Tabled>) -> bool {
    let (left, right) = (value(&guard.left, data, Some(event)), value(&guard.right, data, Some(event)));
    let order = match (&left, &right) {
        (Value::Integer(left), Value::Integer(right)) => Some(left.cmp(right)),
        _ => left.as_float().zip(right.as_float()).and_then(|(left, right)| left.partial_cmp(&right)),
    };
    match guard.comparison {
        Comparison::Equal => left == right,
        Comparison::Unequal => left != right,
        Comparison::Less => order.is_some_and(|order| order.is_lt()),
        Comparison::AtMost => order.is_some_and(|order| order.is_le()),
        Comparison::More => order.is_some_and(|order| order.is_gt()),
        Comparison::AtLeast => order.is_some_and(|order| order.is_ge()),
    }
}

/// The value of a source. A member that is not there is null.
fn value(source: &Source, data: &BTreeMap<String, Value>, event: Option<&Event<Tabled>>) -> Value {
    let found = match source {
        Source::Value(value) => Some(value),
        Source::Data(name) => data.get(name),
        Source::Event => event.map(|event| &event.content),
        Source::Member(name) => event.and_then(|event| event.content.as_map()?.get(name)),
    };
    found.cloned().unwrap_or_default()
}

fn handle(
    table: &Table,
    data: &mut BTreeMap<String, Value>,
    state: &str,
    event: &Event<Tabled>,
    actions: &mut Vec<Action<Tabled>>,
) -> Return<Tabled> {
    let Some(rule) = rule(table, data, state, event) else {
        return if table.strict { Return::Stop(Reason::Because("bad-event".into())) } else { Return::Keep };
    };
    if let Err(why) = perform(&rule.deeds, data, Some(event), actions) {
        return Return::Failed(why);
    }
    match &rule.then {
        Then::Keep => Return::Keep,
        Then::Next(next) => Return::Next(next.clone()),
        Then::Repeat => Return::Repeat,
        Then::Stop(reason) => Return::Stop(match reason.as_text() {
            Some("normal") => Reason::Normal,
            Some("shutdown") => Reason::Shutdown,
            _ => Reason::Because(reason.clone()),
        }),
    }
}

fn enter(
    table: &Table,
    data: &mut BTreeMap<String, Value>,
    state: &str,
    actions: &mut Vec<Action<Tabled>>,
) -> Return<Tabled> {
    let deeds = table.states.get(state).map(|row| row.enter.as_slice()).unwrap_or_default();
    match perform(deeds, data, None, actions) {
        Ok(()) => Return::Keep,
        Err(why) => Return::Failed(why),
    }
}

/// Does the deeds that are the table's own, and lists the others as actions.
fn perform(
    deeds: &[Deed],
    data: &mut BTreeMap<String, Value>,
    event: Option<&Event<Tabled>>,
    actions: &mut Vec<Action<Tabled>>,
) -> Result<(), Value> {
    let call = event.and_then(|event| if let Kind::Call(call) = event.kind { Some(call) } else { None });
    for deed in deeds {
        let get = |source| value(source, data, event);
        match deed {
            Deed::Reply(source) => actions.push(Action::Reply(call.unwrap_or(CallId::GONE), get(source))),
            Deed::Postpone => actions.push(Action::Postpone(true)),
            Deed::Hibernate => actions.push(Action::Hibernate(true)),
            Deed::Insert(on, source) => actions.push(Action::NextEvent(inserted(on), get(source))),
            Deed::Cancel(timer) => actions.push(Action::Cancel(timer.clone())),
            Deed::Update(timer, source) => actions.push(Action::Update(timer.clone(), get(source))),
            Deed::Start(timer, ms, source) => {
                let ms = get(ms);
                actions.push(match ms.as_integer() {
                    Some(ms) => Action::Start(timer.clone(), Delay::After(ms), get(source)),
                    None => Action::Bad(ms),
                });
            }
            Deed::Set(name, source) => drop(data.insert(name.clone(), get(source))),
            Deed::Add(name, source) => {
                let sum = sum(data.get(name), &get(source)).ok_or("what is added is no number, or too much")?;
                data.insert(name.clone(), sum);
            }
            Deed::Append(name, source) => {
                let items = data.get(name).and_then(Value::as_list).unwrap_or_default();
                if items.len() >= ITEMS_MAX {
                    return Err(format!("the list {name:?} has {ITEMS_MAX} items, and no place for more").into());
                }
                let items: Vec<_> = items.iter().cloned().chain([get(source)]).collect();
                data.insert(name.clone(), items.into());
            }
        }
    }
    Ok(())
}

fn inserted(on: &On) -> Kind<Rc<str>> {
    match on {
        On::Cast => Kind::Cast,
        On::Info => Kind::Info,
        On::Timer(timer) => timer.kind(),
        // The others were refused when the table was checked.
        On::Internal | On::Any | On::Call => Kind::Internal,
    }
}

/// A whole number as long as both are, and `None` if it would be too large or one is no number.
fn sum(left: Option<&Value>, right: &Value) -> Option<Value> {
    match (left?, right) {
        (Value::Integer(left), Value::Integer(right)) => left.checked_add(*right).map(Value::Integer),
        (left, right) => Some(Value::Float(left.as_float()? + right.as_float()?)),
    }
}
