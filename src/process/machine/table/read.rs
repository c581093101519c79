//! A table from a value. What cannot be read is named and left out, so that one reading names all.

use super::{Comparison, Deed, Guard, On, Problem, Row, Rule, Source, Table, Then};
use crate::process::machine::event::Timer;
use crate::value::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The table as far as it can be read, and what cannot.
pub fn read(value: &Value) -> (Table, Vec<Problem>) {
    let mut reader = Reader { problems: Vec::new() };
    let mut table =
        Table { initial: "".into(), states: BTreeMap::new(), rules: Vec::new(), data: BTreeMap::new(), strict: true };
    let Some(members) = reader.map(value, "") else { return (table, reader.problems) };
    reader.known(members, "", &["initial", "states", "rules", "data", "unhandled"]);
    table.initial = reader.text(members.get("initial"), "initial").into();
    let states = members.get("states").and_then(|states| reader.map(states, "states"));
    if states.is_none_or(|states| states.is_empty()) && reader.problems.iter().all(|p| p.place != "states") {
        reader.problem("states", "there is none");
    }
    for (name, row) in states.into_iter().flatten() {
        let row = reader.row(row, &format!("states.{name}"));
        table.states.insert(name.as_str().into(), row);
    }
    table.rules = reader.rules(members.get("rules"), "rules");
    if let Some(data) = members.get("data").and_then(|data| reader.map(data, "data")) {
        table.data = data.clone();
    }
    match members.get("unhandled").map(Value::as_text) {
        None | Some(Some("stop")) => {}
        Some(Some("keep")) => table.strict = false,
        _ => reader.problem("unhandled", "it is stop or keep"),
    }
    (table, reader.problems)
}

struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn problem(&mut self, place: &str, what: impl Into<String>) {
        let place = if place.is_empty() { "table" } else { place };
        self.problems.push(Problem { place: place.to_owned(), what: what.into() });
    }

    fn map<'a>(&mut self, value: &'a Value, place: &str) -> Option<&'a BTreeMap<String, Value>> {
        let map = value.as_map();
        if map.is_none() {
            self.problem(place, "it is a map");
        }
        map
    }

    fn list<'a>(&mut self, value: Option<&'a Value>, place: &str) -> &'a [Value] {
        match value.map(Value::as_list) {
            None => &[],
            Some(Some(items)) => items,
            Some(None) => {
                self.problem(place, "it is a list");
                &[]
            }
        }
    }

    fn text<'a>(&mut self, value: Option<&'a Value>, place: &str) -> &'a str {
        value.and_then(Value::as_text).unwrap_or_else(|| {
            self.problem(place, "it is a text");
            ""
        })
    }

    fn known(&mut self, members: &BTreeMap<String, Value>, place: &str, names: &[&str]) {
        for name in members.keys().filter(|name| !names.contains(&name.as_str())) {
            self.problem(place, format!("there is no member {name:?}, only {}", names.join(", ")));
        }
    }

    fn row(&mut self, value: &Value, place: &str) -> Row {
        let Some(members) = self.map(value, place) else { return Row::default() };
        self.known(members, place, &["enter", "rules"]);
        Row {
            enter: self.deeds(members.get("enter"), &format!("{place}.enter")),
            rules: self.rules(members.get("rules"), &format!("{place}.rules")),
        }
    }

    fn rules(&mut self, value: Option<&Value>, place: &str) -> Vec<Rule> {
        let rules = self.list(value, place).iter().enumerate();
        rules.filter_map(|(number, rule)| self.rule(rule, number, &format!("{place}.{number}"))).collect()
    }

    fn rule(&mut self, value: &Value, number: usize, place: &str) -> Option<Rule> {
        let members = self.map(value, place)?;
        self.known(members, place, &["on", "is", "when", "next", "repeat", "stop", "do"]);
        let on = self.kind(members.get("on"), &format!("{place}.on"));
        let guards = self.list(members.get("when"), &format!("{place}.when")).iter().enumerate();
        // A harmless one stands in for what cannot be read, so that the others keep their places; of deeds, too.
        let harmless = || Guard { left: Source::Event, comparison: Comparison::Equal, right: Source::Event };
        let guard = |(number, guard)| self.guard(guard, &format!("{place}.when.{number}")).unwrap_or_else(harmless);
        let when = guards.map(guard).collect();
        let repeats = match members.get("repeat").map(Value::as_bool) {
            None => false,
            Some(Some(repeats)) => repeats,
            Some(None) => {
                self.problem(&format!("{place}.repeat"), "it is true or false");
                false
            }
        };
        let next = members.get("next").map(|next| Then::Next(self.text(Some(next), &format!("{place}.next")).into()));
        let stop = members.get("stop").map(|reason| Then::Stop(reason.clone()));
        let mut then = [next, stop, repeats.then_some(Then::Repeat)].into_iter().flatten();
        let first = then.next().unwrap_or(Then::Keep);
        if then.next().is_some() {
            self.problem(place, "it has more than one of next, repeat and stop");
        }
        let deeds = self.deeds(members.get("do"), &format!("{place}.do"));
        Some(Rule { number, on: on?, is: members.get("is").cloned(), when, then: first, deeds })
    }

    fn kind(&mut self, value: Option<&Value>, place: &str) -> Option<On> {
        let name = self.text(value, place);
        let on = match name {
            "any" => On::Any,
            "call" => On::Call,
            "cast" => On::Cast,
            "info" => On::Info,
            "internal" => On::Internal,
            _ => On::Timer(timer(name).or_else(|| {
                if !name.is_empty() {
                    self.problem(place, format!("{name:?} is no kind of event"));
                }
                None
            })?),
        };
        Some(on)
    }

    fn timer(&mut self, value: Option<&Value>, place: &str) -> Option<Timer<Rc<str>>> {
        let name = self.text(value, place);
        let timer = timer(name);
        if timer.is_none() {
            self.problem(place, format!("{name:?} is no timeout"));
        }
        timer
    }

    fn guard(&mut self, value: &Value, place: &str) -> Option<Guard> {
        let Some([left, comparison, right]) = value.as_list() else {
            self.problem(place, "it is a list of source, comparison and source");
            return None;
        };
        let name = self.text(Some(comparison), place);
        let Some((_, comparison)) = Comparison::ALL.into_iter().find(|(other, _)| *other == name) else {
            self.problem(place, format!("{name:?} is no comparison"));
            return None;
        };
        Some(Guard { left: self.source(left, place)?, comparison, right: self.source(right, place)? })
    }

    fn source(&mut self, value: &Value, place: &str) -> Option<Source> {
        let Some(members) = value.as_map() else { return Some(Source::Value(value.clone())) };
        let mut members = members.iter().map(|(name, value)| (name.as_str(), value));
        match (members.next(), members.next()) {
            (Some(("value", value)), None) => Some(Source::Value(value.clone())),
            (Some(("data", Value::Text(name))), None) => Some(Source::Data(name.to_string())),
            (Some(("event", Value::Bool(true))), None) => Some(Source::Event),
            (Some(("event", Value::Text(name))), None) => Some(Source::Member(name.to_string())),
            _ => {
                self.problem(place, "a map names a source: {data: name}, {event: true}, {event: member} or {value: v}");
                None
            }
        }
    }

    fn deeds(&mut self, value: Option<&Value>, place: &str) -> Vec<Deed> {
        let deeds = self.list(value, place).iter().enumerate();
        let deed = |(number, deed)| self.deed(deed, &format!("{place}.{number}")).unwrap_or(Deed::Hibernate);
        deeds.map(deed).collect()
    }

    fn deed(&mut self, value: &Value, place: &str) -> Option<Deed> {
        let words = value.as_list().unwrap_or_default();
        let deed = match (words.first().and_then(Value::as_text), words.get(1..).unwrap_or_default()) {
            (Some("reply"), [source]) => Deed::Reply(self.source(source, place)?),
            (Some("postpone"), []) => Deed::Postpone,
            (Some("hibernate"), []) => Deed::Hibernate,
            (Some("insert"), [kind, source]) => {
                Deed::Insert(self.kind(Some(kind), place)?, self.source(source, place)?)
            }
            (Some("start"), [timer, ms, source]) => {
                Deed::Start(self.timer(Some(timer), place)?, self.source(ms, place)?, self.source(source, place)?)
            }
            (Some("cancel"), [timer]) => Deed::Cancel(self.timer(Some(timer), place)?),
            (Some("update"), [timer, source]) => {
                Deed::Update(self.timer(Some(timer), place)?, self.source(source, place)?)
            }
            (Some("set"), [name, source]) => {
                Deed::Set(self.text(Some(name), place).to_owned(), self.source(source, place)?)
            }
            (Some("add"), [name, source]) => {
                Deed::Add(self.text(Some(name), place).to_owned(), self.source(source, place)?)
            }
            (Some("append"), [name, source]) => {
                Deed::Append(self.text(Some(name), place).to_owned(), self.source(source, place)?)
            }
            (name, given) => {
                let name = name.unwrap_or("it");
                self.problem(place, format!("{name} with {} arguments is no deed", given.len()));
                return None;
            }
        };
        Some(deed)
    }
}

/// The timeout of a name.
pub fn timer(name: &str) -> Option<Timer<Rc<str>>> {
    match name.split_once('/') {
        Some(("timeout", name)) if !name.is_empty() => Some(Timer::Named(name.into())),
        None if name == "timeout" => Some(Timer::Event),
        None if name == "state-timeout" => Some(Timer::State),
        _ => None,
    }
}
