//! What transcripts ask of machines that are tables, in whatever face, and what these answer, as lines.

use super::face::{Done, Face, Failure};
use super::notation::{bare, read, write};
use super::script::{Command, unquote};
use statehall::{Error, Exit, Rearm, Value};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// A machine that is a table.
pub trait Machine: Clone + 'static {
    fn cast(&self, content: Value) -> Result<(), Error>;
    fn info(&self, content: Value) -> Result<(), Error>;
    fn call(&self, content: Value, timeout_ms: Option<u64>) -> Result<Wait, Error>;
    fn state(&self) -> Result<String, Error>;
    fn data(&self) -> Result<Value, Error>;
    /// Name, content and remaining milliseconds of each timeout.
    fn timers(&self) -> Result<Vec<(String, Value, u64)>, Error>;
    /// Kind, content and age of each event.
    fn postponed(&self) -> Result<Vec<(String, Value, u64)>, Error>;
    fn trace(&self) -> Result<Vec<Made>, Error>;
    fn can(&self, kind: &str, content: Value) -> Result<bool, Failure>;
    fn draw(&self) -> Result<String, Failure>;
    fn stop(&self, exit: Exit) -> Result<(), Error>;
    fn kill(&self) -> Result<(), Error>;
    fn suspend(&self) -> Result<(), Error>;
    fn resume(&self) -> Result<(), Error>;
    fn keep(&self) -> Result<Vec<u8>, Error>;
    /// Why it has ended: the reason, and what belongs to it.
    fn ended(&self) -> Option<(String, Option<Value>)>;
}

/// A call: nothing yet, or how it has ended.
pub type Wait = Box<dyn FnMut() -> Option<Result<Value, Error>>>;

/// A transition that was made.
pub struct Made {
    pub at_ms: u64,
    /// `None` for the start.
    pub kind: Option<String>,
    pub state: String,
    pub changed: bool,
    pub postponed: bool,
}

/// The machines and calls that a transcript has named.
pub struct Machines<F: Face> {
    running: RefCell<BTreeMap<String, Known<F>>>,
    calls: RefCell<BTreeMap<String, Wait>>,
    kept: RefCell<BTreeMap<String, Vec<u8>>>,
}

struct Known<F: Face> {
    machine: F::Machine,
    table: Value,
    /// Whether its end was told.
    over: Cell<bool>,
}

impl<F: Face> Default for Machines<F> {
    fn default() -> Self {
        Self { running: RefCell::default(), calls: RefCell::default(), kept: RefCell::default() }
    }
}

impl<F: Face> Machines<F> {
    /// Whether there are any, so that a turn has to end.
    pub fn are_there(&self) -> bool {
        !self.running.borrow().is_empty()
    }

    /// The machines that have ended since this was last asked.
    pub fn ended(&self) -> Vec<String> {
        let running = self.running.borrow();
        let over = running.iter().filter(|(_, known)| !known.over.get()).filter_map(|(name, known)| {
            let (reason, detail) = known.machine.ended()?;
            known.over.set(true);
            Some(format!("ended {name} {}", because(&reason, detail.as_ref())))
        });
        over.collect()
    }

    /// Carries out a command, if it is one of machines.
    pub fn run(&self, hall: &F, command: &Command, out: &mut Vec<String>) -> Option<Done> {
        Some(match command.verb.as_str() {
            "machine" => self.start(hall, command, out),
            "answer" => self.answer(command, out),
            "revive" => self.revive(hall, command, out),
            "cast" | "info" | "call" | "state" | "data" | "timers" | "postponed" | "can" | "trace" | "draw"
            | "stop" | "kill" | "suspend" | "resume" | "keep" => self.on_machine(command, out),
            _ => return None,
        })
    }

    fn start(&self, hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
        let name = unquote(command.argument(0)?)?;
        let table = if command.block.is_empty() { command.value(1)? } else { table(&command.block)? };
        let machine = hall.machine(&name, table.clone())?;
        out.push("ok".into());
        self.add(name, machine, table);
        Ok(())
    }

    fn add(&self, name: String, machine: F::Machine, table: Value) {
        self.running.borrow_mut().insert(name, Known { machine, table, over: Cell::new(false) });
    }

    fn revive(&self, hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
        let name = unquote(command.argument(0)?)?;
        let rearm = match command.text("rearm")?.as_deref() {
            None | Some("deadline") => Rearm::Deadline,
            Some("remaining") => Rearm::Remaining,
            Some("restart") => Rearm::Restart,
            Some(_) => return Err("timers are armed by deadline, remaining or restart".into()),
        };
        let table =
            self.running.borrow().get(&name).map(|known| known.table.clone()).ok_or("no machine of that name")?;
        let mut bytes = self.kept.borrow().get(command.argument(1)?).cloned().ok_or("nothing kept under that name")?;
        let cut = command.number("cut")?.unwrap_or_default() as usize;
        bytes.truncate(bytes.len().saturating_sub(cut));
        let machine = hall.revive(&name, table.clone(), &bytes, rearm)?;
        out.push("ok".into());
        self.add(name, machine, table);
        Ok(())
    }

    fn answer(&self, command: &Command, out: &mut Vec<String>) -> Done {
        let mut calls = self.calls.borrow_mut();
        let wait = calls.get_mut(command.argument(0)?).ok_or("no call of that name")?;
        out.push(match wait() {
            None => "waiting".into(),
            Some(result) => format!("reply {}", write(&result?)),
        });
        Ok(())
    }

    fn on_machine(&self, command: &Command, out: &mut Vec<String>) -> Done {
        let machine = self.running.borrow().get(command.argument(0)?).map(|known| known.machine.clone());
        let machine = machine.ok_or("no machine of that name")?;
        let content = |place: usize| command.arguments.get(place).map_or(Ok(Value::Null), |word| content(word));
        match command.verb.as_str() {
            "cast" => machine.cast(content(1)?)?,
            "info" => machine.info(content(1)?)?,
            "call" => return self.call(&machine, command, content(1)?, out),
            "stop" => machine.stop(match command.arguments.get(1).map(String::as_str) {
                None | Some("normal") => Exit::Normal,
                Some("shutdown") => Exit::Shutdown,
                Some(_) => Exit::Because(content(1)?),
            })?,
            "kill" => machine.kill()?,
            "suspend" => machine.suspend()?,
            "resume" => machine.resume()?,
            "keep" => {
                let name = command.text("as")?.ok_or("a machine is kept `as` something")?;
                self.kept.borrow_mut().insert(name, machine.keep()?);
            }
            _ => return look(&machine, command, out),
        }
        out.push("ok".into());
        Ok(())
    }

    fn call(&self, machine: &F::Machine, command: &Command, content: Value, out: &mut Vec<String>) -> Done {
        let mut wait = machine.call(content, command.number("timeout")?)?;
        match wait() {
            Some(result) => out.push(format!("reply {}", write(&result?))),
            None => {
                out.push("waiting".into());
                let name = command.text("as")?.ok_or("a call that waits is made `as` something")?;
                self.calls.borrow_mut().insert(name, wait);
            }
        }
        Ok(())
    }
}

/// Commands that ask.
fn look<M: Machine>(machine: &M, command: &Command, out: &mut Vec<String>) -> Done {
    match command.verb.as_str() {
        "state" => out.push(match machine.ended() {
            Some((reason, detail)) => format!("ended {}", because(&reason, detail.as_ref())),
            None => bare(&machine.state()?),
        }),
        "data" => out.push(write(&machine.data()?)),
        "timers" => {
            let lines = machine.timers()?.into_iter();
            out.extend(lines.map(|(timer, content, ms)| format!("{timer} {} remaining={ms}", write(&content))));
            out.push("ok".into());
        }
        "postponed" => {
            let lines = machine.postponed()?.into_iter();
            out.extend(lines.map(|(kind, content, ms)| format!("{kind} {} age={ms}", write(&content))));
            out.push("ok".into());
        }
        "trace" => {
            out.extend(machine.trace()?.iter().map(|made| {
                let kind = made.kind.as_deref().unwrap_or("start");
                let arrow = if made.changed { "->" } else { "in" };
                let postponed = if made.postponed { " postponed" } else { "" };
                format!("{} {kind} {arrow} {}{postponed}", made.at_ms, bare(&made.state))
            }));
            out.push("ok".into());
        }
        "can" => {
            let content = command.arguments.get(2).map_or(Ok(Value::Null), |word| content(word))?;
            out.push(machine.can(command.argument(1)?, content)?.to_string());
        }
        "draw" => out.extend(machine.draw()?.lines().map(str::to_owned)),
        unknown => return Err(format!("no command of machines {unknown:?}").into()),
    }
    Ok(())
}

fn because(reason: &str, detail: Option<&Value>) -> String {
    format!("{reason}{}", detail.map(|detail| format!(" {}", write(detail))).unwrap_or_default())
}

/// A value; a word that is none is text.
fn content(word: &str) -> Result<Value, String> {
    Ok(read(word).unwrap_or_else(|_| word.into()))
}

/// A source: `.name` of the data, `event` and `event.member`, or a value.
fn source(word: &str) -> Result<Value, String> {
    Ok(match (word.strip_prefix('.'), word.strip_prefix("event.")) {
        (Some(name), _) => [("data", name.into())].into(),
        (_, Some(member)) => [("event", member.into())].into(),
        _ if word == "event" => [("event", true.into())].into(),
        _ => [("value", content(word)?)].into(),
    })
}

/// A table as it stands below the command: the grammar is in `tests/transcripts/README.md`.
fn table(lines: &[Command]) -> Result<Value, String> {
    let mut table = BTreeMap::<String, Value>::new();
    let mut data = BTreeMap::new();
    let mut rows = BTreeMap::<String, (Vec<Value>, Vec<Value>)>::new();
    let mut all = Vec::new();
    for line in lines {
        let words: Vec<_> = [line.verb.as_str()].into_iter().chain(line.arguments.iter().map(String::as_str)).collect();
        // A state that is only gone to needs no line of its own.
        let next = words.windows(2).find_map(|pair| if let ["->", next] = pair { Some(*next) } else { None });
        if let Some(next) = next {
            rows.entry(next.to_owned()).or_default();
        }
        match words[..] {
            ["data", name, value] => drop(data.insert(name.to_owned(), content(value)?)),
            ["unhandled", what] => drop(table.insert("unhandled".into(), what.into())),
            ["*", ref rest @ ..] => all.push(rule(rest)?),
            [state, ref rest @ ..] => {
                table.entry("initial".into()).or_insert_with(|| state.into());
                let row = rows.entry(state.to_owned()).or_default();
                match rest {
                    [] => {}
                    ["enter", ":", deeds @ ..] => row.0.extend(self::deeds(deeds)?),
                    rest => row.1.push(rule(rest)?),
                }
            }
            [] => {}
        }
    }
    let row =
        |(enter, rules): (Vec<Value>, Vec<Value>)| Value::from([("enter", enter.into()), ("rules", rules.into())]);
    let states: BTreeMap<_, _> = rows.into_iter().map(|(name, parts)| (name, row(parts))).collect();
    table.insert("states".into(), states.into());
    table.insert("rules".into(), all.into());
    table.insert("data".into(), data.into());
    Ok(table.into())
}

/// `kind [content] [if guard [and guard]] [-> state | repeat | stop reason] [: deed; deed]`
fn rule(words: &[&str]) -> Result<Value, String> {
    let mut rule = BTreeMap::<String, Value>::new();
    let [kind, rest @ ..] = words else { return Err("a rule lacks its kind of event".into()) };
    rule.insert("on".into(), (*kind).into());
    let mut rest = rest;
    if let [is, more @ ..] = rest
        && !["if", "->", "repeat", "stop", ":"].contains(is)
    {
        rule.insert("is".into(), content(is)?);
        rest = more;
    }
    let mut guards = Vec::new();
    while let ["if" | "and", left, comparison, right, more @ ..] = rest {
        let comparison = if *comparison == "is" { "=" } else { comparison };
        guards.push(Value::from(vec![source(left)?, comparison.into(), source(right)?]));
        rest = more;
    }
    if !guards.is_empty() {
        rule.insert("when".into(), guards.into());
    }
    rest = match rest {
        ["->", next, more @ ..] => {
            rule.insert("next".into(), (*next).into());
            more
        }
        ["repeat", more @ ..] => {
            rule.insert("repeat".into(), true.into());
            more
        }
        ["stop", reason, more @ ..] if *reason != ":" => {
            rule.insert("stop".into(), content(reason)?);
            more
        }
        rest => rest,
    };
    match rest {
        [] => {}
        [":", deeds @ ..] => drop(rule.insert("do".into(), self::deeds(deeds)?.into())),
        rest => return Err(format!("nothing of a rule: {}", rest.join(" "))),
    }
    Ok(rule.into())
}

/// Deeds, with semicolons between.
fn deeds(words: &[&str]) -> Result<Vec<Value>, String> {
    words.split(|word| *word == ";").map(deed).collect()
}

fn deed(words: &[&str]) -> Result<Value, String> {
    let [name, rest @ ..] = words else { return Err("a deed lacks its name".into()) };
    // Which arguments are names, not sources.
    let names = match *name {
        "insert" | "start" | "cancel" | "update" | "set" | "add" | "append" => 1,
        _ => 0,
    };
    let arguments =
        rest.iter().enumerate().map(|(place, word)| if place < names { Ok((*word).into()) } else { source(word) });
    let arguments: Vec<Value> = arguments.collect::<Result<_, String>>()?;
    Ok(std::iter::once((*name).into()).chain(arguments).collect::<Vec<Value>>().into())
}
