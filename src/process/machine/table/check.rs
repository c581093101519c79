//! What is wrong with a table that could be read: what it names and does not have, and what can never be.

use super::{Deed, On, Problem, Rule, Source, Table, Then};
use crate::process::machine::event::Timer;
use crate::value::Value;
use std::collections::BTreeSet;
use std::rc::Rc;

/// Everything that is wrong.
pub fn check(table: &Table) -> Vec<Problem> {
    let mut checker = Checker { table, started: started(table), problems: Vec::new() };
    if !table.states.is_empty() && !table.states.contains_key(&table.initial) && !table.initial.is_empty() {
        checker.problem("initial", format!("there is no state {:?}", table.initial));
    }
    for (name, row) in &table.states {
        let place = format!("states.{name}");
        checker.rules(&row.rules, &format!("{place}.rules"));
        checker.enter(&row.enter, &format!("{place}.enter"));
        if name.is_empty() {
            checker.problem(&place, "a state has a name");
        }
    }
    checker.rules(&table.rules, "rules");
    let reached = reached(table);
    // Without a first state all would be named, which says nothing.
    for name in table.states.keys().filter(|name| !reached.is_empty() && !reached.contains(*name)) {
        checker.problem(&format!("states.{name}"), "no rule leads here");
    }
    checker.problems
}

/// All deeds of a table.
fn deeds(table: &Table) -> impl Iterator<Item = &Deed> {
    let rules = table.states.values().flat_map(|row| &row.rules).chain(&table.rules);
    table.states.values().flat_map(|row| &row.enter).chain(rules.flat_map(|rule| &rule.deeds))
}

/// The timeouts that come at all.
fn started(table: &Table) -> Vec<Timer<Rc<str>>> {
    let timers = deeds(table).filter_map(|deed| match deed {
        Deed::Start(timer, ..) | Deed::Update(timer, _) | Deed::Insert(On::Timer(timer), _) => Some(timer.clone()),
        _ => None,
    });
    timers.collect()
}

/// The states that can be come to from the first.
fn reached(table: &Table) -> BTreeSet<Rc<str>> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![table.initial.clone()];
    while let Some(name) = waiting.pop() {
        let Some(row) = table.states.get(&name) else { continue };
        if reached.insert(name) {
            let next = row.rules.iter().chain(&table.rules).filter_map(|rule| match &rule.then {
                Then::Next(next) => Some(next.clone()),
                _ => None,
            });
            waiting.extend(next);
        }
    }
    reached
}

struct Checker<'a> {
    table: &'a Table,
    started: Vec<Timer<Rc<str>>>,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn problem(&mut self, place: &str, what: impl Into<String>) {
        self.problems.push(Problem { place: place.to_owned(), what: what.into() });
    }

    fn rules(&mut self, rules: &[Rule], place: &str) {
        for (number, rule) in rules.iter().enumerate() {
            let place = format!("{place}.{}", rule.number);
            if let Some(earlier) = rules[..number].iter().find(|earlier| covers(earlier, rule)) {
                self.problem(&place, format!("it never fits, because rule {} does before it", earlier.number));
            }
            if let On::Timer(timer) = &rule.on
                && !self.started.contains(timer)
            {
                self.problem(&format!("{place}.on"), format!("{} is never started", rule.on));
            }
            if let Then::Next(next) = &rule.then
                && !next.is_empty()
                && !self.table.states.contains_key(next)
            {
                self.problem(&format!("{place}.next"), format!("there is no state {next:?}"));
            }
            for (number, guard) in rule.when.iter().enumerate() {
                self.source(&guard.left, &format!("{place}.when.{number}"));
                self.source(&guard.right, &format!("{place}.when.{number}"));
            }
            let stops = matches!(rule.then, Then::Stop(_));
            for (number, deed) in rule.deeds.iter().enumerate() {
                let place = format!("{place}.do.{number}");
                let replies = matches!(deed, Deed::Reply(_));
                if replies && rule.on != On::Call {
                    self.problem(&place, format!("nobody waits for a reply to {}", rule.on));
                }
                if stops && !replies && !matches!(deed, Deed::Set(..) | Deed::Add(..) | Deed::Append(..)) {
                    self.problem(&place, "only a reply goes with a stop");
                }
                self.deed(deed, &place);
            }
        }
    }

    fn enter(&mut self, deeds: &[Deed], place: &str) {
        for (number, deed) in deeds.iter().enumerate() {
            let place = format!("{place}.{number}");
            match deed {
                Deed::Postpone => self.problem(&place, "there is no event to postpone when a state is entered"),
                Deed::Insert(..) => self.problem(&place, "no event may be inserted when a state is entered"),
                Deed::Reply(_) => self.problem(&place, "nobody waits for a reply when a state is entered"),
                _ => {}
            }
            let sources = sources(deed);
            if sources.into_iter().flatten().any(|source| matches!(source, Source::Event | Source::Member(_))) {
                self.problem(&place, "there is no event when a state is entered");
            }
            self.deed(deed, &place);
        }
    }

    fn deed(&mut self, deed: &Deed, place: &str) {
        for source in sources(deed).into_iter().flatten() {
            self.source(source, place);
        }
        match deed {
            Deed::Insert(On::Any | On::Call, _) => {
                self.problem(place, "what is inserted is a cast, info, internal or a timeout");
            }
            Deed::Start(_, Source::Value(ms), _) if ms.as_integer().is_none_or(|ms| ms < 0) => {
                self.problem(place, "a time is a whole number of milliseconds, and not negative");
            }
            Deed::Cancel(timer) if !self.started.contains(timer) => {
                self.problem(place, format!("{} is never started", On::Timer(timer.clone())));
            }
            Deed::Set(name, _) => self.data(name, place),
            Deed::Add(name, _) => {
                self.data(name, place);
                if self.table.data.get(name).is_some_and(|value| value.as_float().is_none()) {
                    self.problem(place, format!("data {name:?} is no number"));
                }
            }
            Deed::Append(name, _) => {
                self.data(name, place);
                if self.table.data.get(name).is_some_and(|value| value.as_list().is_none()) {
                    self.problem(place, format!("data {name:?} is no list"));
                }
            }
            _ => {}
        }
    }

    fn source(&mut self, source: &Source, place: &str) {
        if let Source::Data(name) = source {
            self.data(name, place);
        }
    }

    fn data(&mut self, name: &str, place: &str) {
        if !self.table.data.contains_key(name) {
            self.problem(place, format!("there is no data {name:?}"));
        }
    }
}

/// The sources of a deed.
fn sources(deed: &Deed) -> [Option<&Source>; 2] {
    match deed {
        Deed::Reply(source) | Deed::Insert(_, source) | Deed::Update(_, source) => [Some(source), None],
        Deed::Set(_, source) | Deed::Add(_, source) | Deed::Append(_, source) => [Some(source), None],
        Deed::Start(_, ms, source) => [Some(ms), Some(source)],
        Deed::Postpone | Deed::Cancel(_) | Deed::Hibernate => [None, None],
    }
}

/// Whether every event that fits the later rule fits the earlier one.
fn covers(earlier: &Rule, later: &Rule) -> bool {
    let content = |is: &Option<Value>| is.is_none() || *is == later.is;
    earlier.when.is_empty() && (earlier.on == On::Any || earlier.on == later.on) && content(&earlier.is)
}
