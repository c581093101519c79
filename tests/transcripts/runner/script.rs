//! Transcript files: steps, and the commands in them. The grammar is in `tests/transcripts/README.md`.

use super::notation::{read, words};
use statehall::Value;
use std::collections::BTreeMap;

/// The line between commands and what is expected.
pub const LINE: &str = "----";

/// What is between blank lines.
#[derive(Debug, Default)]
pub struct Step {
    /// The number of its first line, from 1.
    pub line: usize,
    /// Comments, skips and commands, as they are written.
    pub text: Vec<String>,
    /// The commands.
    pub commands: Vec<Command>,
    /// Why a runner skips the step: runner and reason.
    pub skips: Vec<(String, String)>,
    /// The lines after the line of dashes.
    pub expected: Vec<String>,
    /// The number of that line.
    pub expected_line: usize,
}

/// One command with what is indented below it.
#[derive(Clone, Debug)]
pub struct Command {
    /// The hall, if one is named.
    pub hall: Option<String>,
    /// Its first word.
    pub verb: String,
    /// What is neither an option nor a flag.
    pub arguments: Vec<String>,
    /// What is written `name=value`; a flag is an argument.
    pub options: BTreeMap<String, String>,
    /// The commands indented below it.
    pub block: Vec<Command>,
}

impl Command {
    /// A command without arguments.
    pub fn new(verb: &str) -> Self {
        let (arguments, options, block) = Default::default();
        Self { hall: None, verb: verb.to_owned(), arguments, options, block }
    }

    /// The argument at a position.
    pub fn argument(&self, position: usize) -> Result<&str, String> {
        let missing = || format!("{} lacks argument {}", self.verb, position + 1);
        self.arguments.get(position).map(String::as_str).ok_or_else(missing)
    }

    /// The argument at a position as a value.
    pub fn value(&self, position: usize) -> Result<Value, String> {
        read(self.argument(position)?)
    }

    /// Whether a flag is given.
    pub fn flag(&self, name: &str) -> bool {
        self.arguments.iter().any(|argument| argument == name)
    }

    /// An option as a value.
    pub fn option(&self, name: &str) -> Result<Option<Value>, String> {
        self.options.get(name).map(|value| read(value)).transpose()
    }

    /// An option as a whole number.
    pub fn number(&self, name: &str) -> Result<Option<u64>, String> {
        let parse = |value: &String| value.parse().map_err(|_| format!("{name}={value} is not a whole number"));
        self.options.get(name).map(parse).transpose()
    }

    /// An option as text, with or without quotes.
    pub fn text(&self, name: &str) -> Result<Option<String>, String> {
        self.options.get(name).map(|value| unquote(value)).transpose()
    }
}

/// A word that may be quoted.
pub fn unquote(word: &str) -> Result<String, String> {
    if !word.starts_with('"') {
        return Ok(word.to_owned());
    }
    read(word)?.as_text().map(str::to_owned).ok_or_else(|| format!("{word} is not text"))
}

/// Reads a file.
pub fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut step = Step::default();
    let mut expecting = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.is_empty() {
            if !step.text.is_empty() {
                steps.push(std::mem::take(&mut step));
            }
            expecting = false;
        } else if expecting {
            step.expected.push(line.to_owned());
        } else if line == LINE {
            (expecting, step.expected_line) = (true, number + 1);
        } else {
            if step.text.is_empty() {
                step.line = number;
            }
            add(&mut step, line).map_err(|wrong| format!("{number}: {wrong}"))?;
            step.text.push(line.to_owned());
        }
    }
    if !step.text.is_empty() {
        steps.push(step);
    }
    Ok(steps)
}

fn add(step: &mut Step, line: &str) -> Result<(), String> {
    if line.starts_with('#') {
        return Ok(());
    }
    if let Some(skip) = line.strip_prefix("skip ") {
        let (runner, reason) = skip.split_once(": ").ok_or("a skip is `skip <runner>: <reason>`")?;
        step.skips.push((runner.to_owned(), reason.to_owned()));
        return Ok(());
    }
    let indented = line.len() - line.trim_start_matches(' ').len();
    let mut commands = &mut step.commands;
    for _ in 0..indented / 2 {
        commands = &mut commands.last_mut().ok_or("indented below nothing")?.block;
    }
    commands.push(command(line)?);
    Ok(())
}

fn command(line: &str) -> Result<Command, String> {
    let mut words = words(line).into_iter().peekable();
    let hall = words.next_if(|word| word.starts_with('@')).map(|word| word[1..].to_owned());
    let mut command = Command::new(words.next().ok_or("no command")?);
    command.hall = hall;
    for word in words {
        let option = word.split_once('=').filter(|(name, _)| name.chars().all(|c| c.is_ascii_alphabetic() || c == '.'));
        match option {
            Some((name, value)) => drop(command.options.insert(name.to_owned(), value.to_owned())),
            None => command.arguments.push(word.to_owned()),
        }
    }
    Ok(command)
}
