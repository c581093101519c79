//! A table as text of Mermaid.

use super::{Guard, Rule, Source, Table, Then};
use crate::value::Value;
use std::fmt::Write;

/// The state diagram: states in the order of their names, rules in the order of the table.
pub fn draw(table: &Table) -> String {
    let mut out = "stateDiagram-v2\n".to_owned();
    let id = |name: &str| {
        let plain = name.chars().all(|char| char.is_ascii_alphanumeric() || char == '_');
        let reserved = ["state", "note", "end", "direction", "class", "classDef", "style"].contains(&name);
        // What Mermaid would read as something else goes by its number.
        if plain && !reserved { name.to_owned() } else { format!("s{}_", place(table, name)) }
    };
    for name in table.states.keys() {
        let id = id(name);
        if id != **name {
            let _ = writeln!(out, "    state \"{}\" as {id}", escaped(name));
        }
    }
    let _ = writeln!(out, "    [*] --> {}", id(&table.initial));
    for (name, row) in &table.states {
        for rule in row.rules.iter().chain(&table.rules) {
            let target = match &rule.then {
                Then::Keep => continue,
                Then::Next(next) => id(next),
                Then::Repeat => id(name),
                Then::Stop(_) => "[*]".to_owned(),
            };
            let _ = writeln!(out, "    {} --> {target}: {}", id(name), escaped(&label(rule)));
        }
    }
    out
}

fn place(table: &Table, name: &str) -> usize {
    table.states.keys().position(|other| **other == *name).unwrap_or_default()
}

/// The event, its content and the guards.
fn label(rule: &Rule) -> String {
    let mut label = rule.on.to_string();
    if let Some(is) = &rule.is {
        let _ = write!(label, " {}", shown(is));
    }
    let guards: Vec<_> = rule.when.iter().map(guard).collect();
    if !guards.is_empty() {
        let _ = write!(label, " [{}]", guards.join(" and "));
    }
    label
}

fn guard(guard: &Guard) -> String {
    format!("{} {} {}", source(&guard.left), guard.comparison.name(), source(&guard.right))
}

fn source(source: &Source) -> String {
    match source {
        Source::Value(value) => shown(value),
        Source::Data(name) => name.clone(),
        Source::Event => "event".to_owned(),
        Source::Member(name) => format!("event.{name}"),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Text(text) => text.to_string(),
        Value::Bytes(bytes) => format!("{} bytes", bytes.len()),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Map(members) => {
            let members = members.iter().map(|(name, value)| format!("{name}: {}", shown(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// What Mermaid takes as its own is written by its number; a comparison is not.
fn escaped(text: &str) -> String {
    let own = |char: char| matches!(char, '"' | '#' | ';' | ':' | '{' | '}' | '%') || char.is_control();
    let escape = |char: char| if own(char) { format!("#{};", char as u32) } else { char.to_string() };
    text.chars().map(escape).collect()
}
