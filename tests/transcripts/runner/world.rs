//! Where a transcript happens: halls, their clocks, the channel between them, named watches.

use super::answers::{ask, report_line, tell_line, writing, wrote_line};
use super::choosing::{THROWN, overflow, predicate};
use super::documents::Claims;
use super::face::{Done, Face, Failure, Reader, Write};
use super::machines::Machines;
use super::naming::{naming, selecting};
use super::notation::{read, write};
use super::owners::Owners;
use super::script::Command;
use statehall::{Change, Error, ManualClock, Options, Value, WatchOptions};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// When every transcript begins, in Unix milliseconds.
pub const START_MS: u64 = 1_700_000_000_000;
/// The hall that commands mean unless they name one.
const MAIN: &str = "main";
/// How long `settle` takes unless told, and how often it exchanges frames.
const SETTLE_MS: u64 = 3_000;
const SETTLE_STEP_MS: u64 = 10;

#[derive(Clone)]
struct Member<F> {
    hall: F,
    agents: Rc<RefCell<BTreeMap<String, F>>>,
    clock: ManualClock,
    /// Whether it is on the channel.
    shared: bool,
}

enum Watching<F: Face> {
    Called(#[allow(dead_code, reason = "dropping it ends the watch")] F::Watch),
    Read(F::Reader),
}

/// Everything that a transcript has made so far.
pub struct World<F: Face> {
    seed: u64,
    /// Whether batches of writes alone are given as lists, where the face can.
    lists: bool,
    opened: Cell<u64>,
    time_ms: Cell<u64>,
    halls: RefCell<BTreeMap<String, Member<F>>>,
    watches: RefCell<BTreeMap<String, Watching<F>>>,
    snapshots: RefCell<BTreeMap<String, Vec<u8>>>,
    exports: RefCell<BTreeMap<String, Value>>,
    claims: Claims<F>,
    machines: Machines<F>,
    owners: Owners<F>,
    /// What was heard and is not yet shown: notifications and reports.
    heard: Rc<RefCell<Vec<String>>>,
}

impl<F: Face> World<F> {
    /// An empty one. All hashes and all sessions' ids depend on the seed.
    pub fn new(seed: u64, lists: bool) -> Rc<Self> {
        Rc::new(Self {
            seed,
            lists,
            opened: Cell::new(0),
            time_ms: Cell::new(0),
            halls: RefCell::default(),
            watches: RefCell::default(),
            snapshots: RefCell::default(),
            exports: RefCell::default(),
            claims: Claims::default(),
            machines: Machines::default(),
            owners: Owners::default(),
            heard: Rc::default(),
        })
    }

    /// Carries out a command of a step; returns its replies and what was heard.
    pub fn step(self: &Rc<Self>, command: &Command) -> Result<Vec<String>, String> {
        let mut out = Vec::new();
        let done = self.run(command, None, &mut out);
        conclude(done, &mut out)?;
        // Where machines run, each command is a turn.
        if self.machines.are_there() {
            self.pass(0);
            out.extend(self.machines.ended());
        }
        out.append(&mut self.heard.borrow_mut());
        Ok(out)
    }

    /// Carries out a command. `within` is the handle of the batch, update or watch around it.
    fn run(self: &Rc<Self>, command: &Command, within: Option<&F>, out: &mut Vec<String>) -> Done {
        match command.verb.as_str() {
            "hall" => self.open(command)?,
            "advance" => self.advance(command)?,
            "settle" => self.settle(command)?,
            "lose" => self.lose(),
            "unwatch" => drop(self.remove_watch(command.argument(0)?)),
            "take" => return self.take(command, out),
            "same" => {
                let snapshots = self.snapshots.borrow();
                let same = snapshots.get(command.argument(0)?) == snapshots.get(command.argument(1)?);
                out.push(same.to_string());
                return Ok(());
            }
            "throw" => std::panic::panic_any(THROWN),
            "try" => {
                let mut tried = command.clone();
                tried.verb = command.argument(0)?.to_owned();
                tried.arguments.remove(0);
                let done = self.run(&tried, within, out);
                return conclude(done, out).map_err(Failure::Nonsense);
            }
            _ => return self.run_on(&self.hall(command, within)?, command, out),
        }
        ok(out)
    }

    /// Carries out a command of one hall.
    fn run_on(self: &Rc<Self>, hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
        match command.verb.as_str() {
            "batch" => {
                let writes = if self.lists { listed(command)? } else { None };
                match writes.and_then(|writes| hall.batch_of(&writes)) {
                    Some(wrote) => out.extend(wrote?.iter().map(wrote_line).filter(|reply| is_worth_showing(reply))),
                    None => hall.batch(|hall| self.block(command, hall, out))?,
                }
            }
            "update" => return self.update(hall, command, out),
            "watch" => self.watch(hall, command)?,
            "snapshot" => {
                let name = command.text("as")?.ok_or("a snapshot is taken `as` something")?;
                let bytes = hall.snapshot()?;
                self.snapshots.borrow_mut().insert(name, bytes);
            }
            "restore" => hall.restore(&self.bytes(command)?)?,
            "receive" => {
                let received = hall.receive(&self.bytes(command)?);
                received.unwrap_or_else(|error| self.report(command.hall.as_deref(), &error));
            }
            "declare" => hall.declare(naming(command.argument(0)?)?, command.value(1)?)?,
            "export-variables" => {
                let exported = hall.export_variables()?;
                match command.text("as")? {
                    Some(name) => drop(self.exports.borrow_mut().insert(name, exported)),
                    None => return variables_line(&exported, out),
                }
            }
            "import-variables" => {
                let word = command.argument(0)?;
                let named = self.exports.borrow().get(word).cloned();
                hall.import_variables(named.map_or_else(|| read(word), Ok)?)?;
            }
            "close" => hall.close(),
            _ => {
                let run = self.claims.run(hall, command, out);
                let run = run.or_else(|| self.owners.run(hall, command, out));
                if let Some(done) = run.or_else(|| self.machines.run(hall, command, out)) {
                    return done;
                }
                let Some(write) = writing(command)? else { return ask(hall, command, out) };
                out.push(wrote_line(&hall.write(write)?));
                return Ok(());
            }
        }
        ok(out)
    }

    /// Carries out what is indented; a reply that is only `ok` is not shown.
    fn block(self: &Rc<Self>, command: &Command, within: &F, out: &mut Vec<String>) -> Done {
        for inner in &command.block {
            let mut replies = Vec::new();
            let done = self.run(inner, Some(within), &mut replies);
            out.extend(replies.into_iter().filter(|reply| is_worth_showing(reply)));
            done?;
        }
        Ok(())
    }

    fn open(&self, command: &Command) -> Done {
        let name = command.arguments.iter().find(|argument| *argument != "share");
        let name = name.map_or(MAIN, String::as_str).to_owned();
        let mut limits = Vec::new();
        for option in command.options.keys() {
            if let Some(limit) = option.strip_prefix("limits.") {
                limits.push((limit.to_owned(), command.number(option)?.unwrap_or_default()));
            }
        }
        let clock = ManualClock::new(START_MS + command.number("ahead")?.unwrap_or_default());
        clock.advance(self.time_ms.get());
        let (heard, reporter) = (self.heard.clone(), name.clone());
        self.opened.set(self.opened.get() + 1);
        let options = Options {
            name: command.text("name")?.unwrap_or_else(|| "default".into()).into(),
            agent: command.text("agent")?.unwrap_or_else(|| "anonymous".into()).into(),
            seed: Some(self.seed * 1_000 + self.opened.get()),
            notify: command.option("notify")? != Some(false.into()),
            share: command.flag("share"),
            clock: Box::new(clock.clone()),
            on_error: Box::new(move |error| heard.borrow_mut().push(report_line(Some(&reporter), error))),
            ..Options::default()
        };
        let hall = F::open(options, &limits)?;
        let member = Member { hall, agents: Rc::default(), clock, shared: command.flag("share") };
        let replaced = self.halls.borrow_mut().insert(name, member);
        if let Some(member) = replaced {
            member.hall.close();
        }
        Ok(())
    }

    fn member(&self, name: &str) -> Result<Member<F>, Failure> {
        if name == MAIN && !self.halls.borrow().contains_key(name) {
            self.open(&Command::new("hall"))?;
        }
        self.halls.borrow().get(name).cloned().ok_or_else(|| Failure::Nonsense(format!("no hall {name:?}")))
    }

    /// The handle that a command means.
    fn hall(&self, command: &Command, within: Option<&F>) -> Result<F, Failure> {
        let member = self.member(command.hall.as_deref().unwrap_or(MAIN))?;
        let Some(agent) = command.text("agent")? else {
            return Ok(within.filter(|_| command.hall.is_none()).cloned().unwrap_or(member.hall));
        };
        let known = member.agents.borrow().get(&agent).cloned();
        if let Some(hall) = known {
            return Ok(hall);
        }
        let hall = member.hall.as_agent(&agent)?;
        member.agents.borrow_mut().insert(agent, hall.clone());
        Ok(hall)
    }

    fn members(&self) -> Vec<(String, Member<F>)> {
        self.halls.borrow().iter().map(|(name, member)| (name.clone(), member.clone())).collect()
    }

    /// Moves time, from one moment at which something is due to the next.
    fn advance(&self, command: &Command) -> Done {
        self.member(MAIN)?;
        let mut left: u64 = command.argument(0)?.parse().map_err(|_| "advance takes milliseconds")?;
        while left > 0 {
            let members = self.members();
            let wakes = members.iter().filter_map(|(_, member)| member.hall.next_wake());
            let wake = wakes.map(|wake| wake.as_millis() as u64).min().unwrap_or(left);
            let step = wake.clamp(1, left);
            self.pass(step);
            left -= step;
        }
        Ok(())
    }

    fn pass(&self, ms: u64) {
        self.time_ms.set(self.time_ms.get() + ms);
        for (_, member) in self.members() {
            member.clock.advance(ms);
            // A closed hall has nothing to wait for.
            let _ = member.hall.advance();
        }
    }

    /// Exchanges frames while time passes: long enough for every session to show what it has.
    fn settle(&self, command: &Command) -> Done {
        let ms = command.arguments.first().map_or(Ok(SETTLE_MS), |ms| ms.parse());
        let ms = ms.map_err(|_| "settle takes milliseconds")?;
        self.exchange();
        for _ in 0..ms / SETTLE_STEP_MS {
            self.pass(SETTLE_STEP_MS);
            self.exchange();
        }
        Ok(())
    }

    fn exchange(&self) {
        loop {
            let sent = self.sent();
            for (from, frame) in &sent {
                for (name, member) in self.members() {
                    if name != *from && member.shared && !member.hall.is_closed() {
                        member.hall.receive(frame).unwrap_or_else(|error| self.report(Some(&name), &error));
                    }
                }
            }
            if sent.is_empty() {
                return;
            }
        }
    }

    /// The frames that are on their way, with their senders.
    fn sent(&self) -> Vec<(String, Vec<u8>)> {
        let mut sent = Vec::new();
        for (name, member) in self.members() {
            let _ = member.hall.advance();
            sent.extend(member.hall.frames().into_iter().map(|frame| (name.clone(), frame)));
        }
        sent
    }

    fn lose(&self) {
        self.sent();
    }

    fn watch(self: &Rc<Self>, hall: &F, command: &Command) -> Done {
        let name = command.text("as")?.ok_or("a watch is opened `as` something")?;
        let options = WatchOptions {
            initial: command.flag("initial"),
            once: command.flag("once"),
            owner: command.text("owner")?.map(Into::into),
            filter: None,
            capacity: command.number("capacity")?,
            deliver_ms: command.number("deliver")?,
            overflow: command.text("overflow")?.map(|name| overflow(&name)).transpose()?,
        };
        let selector = selecting(command.argument(0)?)?;
        let filter = command.text("filter")?.map(|filter| predicate(&filter)).transpose()?;
        let watching = if options.capacity.is_some() && options.deliver_ms.is_none() {
            Watching::Read(hall.stream(selector, options, filter)?)
        } else {
            let (world, within, block, watch) = (Rc::downgrade(self), hall.clone(), command.clone(), name.clone());
            let watcher = move |change: &Change| {
                let Some(world) = world.upgrade() else { return };
                world.heard.borrow_mut().push(tell_line(&watch, change));
                world.react(&watch, &block, &within);
            };
            Watching::Called(hall.watch(selector, options, filter, watcher)?)
        };
        self.watches.borrow_mut().insert(name, watching);
        Ok(())
    }

    /// What a watcher does when it is called.
    fn react(self: &Rc<Self>, watch: &str, command: &Command, within: &F) {
        for inner in &command.block {
            let mut replies = Vec::new();
            let done = self.run(inner, Some(within), &mut replies);
            if let Err(wrong) = conclude(done, &mut replies) {
                replies.push(format!("nonsense: {wrong}"));
            }
            let shown = replies.into_iter().filter(|reply| is_worth_showing(reply));
            self.heard.borrow_mut().extend(shown.map(|reply| format!("reply {watch} {reply}")));
        }
    }

    fn remove_watch(&self, name: &str) -> Option<Watching<F>> {
        self.watches.borrow_mut().remove(name)
    }

    fn take(&self, command: &Command, out: &mut Vec<String>) -> Done {
        let name = command.argument(0)?;
        let max = command.argument(1)?.parse().map_err(|_| "take takes a number")?;
        let Some(Watching::Read(mut changes)) = self.remove_watch(name) else {
            return Err(format!("{name} is not a watch with a capacity").into());
        };
        let taken = changes.pull(max);
        let missed = Some(changes.missed()).filter(|missed| *missed > 0);
        let ended = taken.is_empty() && !changes.is_open();
        let missed = missed.map(|missed| format!(" missed={missed}")).unwrap_or_default();
        out.push(format!("{}{missed}", if ended { "ended" } else { "ok" }));
        out.extend(taken.iter().map(|change| tell_line(name, change)));
        self.watches.borrow_mut().insert(name.to_owned(), Watching::Read(changes));
        Ok(())
    }

    fn update(self: &Rc<Self>, hall: &F, command: &Command, out: &mut Vec<String>) -> Done {
        let (initial, function) = (command.value(1)?, command.argument(2)?);
        let operand = command.value(3).unwrap_or_default();
        let mut shown = Vec::new();
        let result = hall.update(naming(command.argument(0)?)?, initial, |value| {
            if let Err(failure) = self.block(command, hall, &mut shown)
                && let Err(wrong) = conclude(Err(failure), &mut shown)
            {
                shown.push(format!("nonsense: {wrong}"));
            }
            apply(function, &value, operand)
        });
        out.append(&mut shown);
        out.push(write(&result?));
        Ok(())
    }

    /// The bytes that a command names or spells, damaged as it says.
    fn bytes(&self, command: &Command) -> Result<Vec<u8>, Failure> {
        let word = command.argument(0)?;
        let mut bytes = match (self.snapshots.borrow().get(word), word.strip_prefix("h'")) {
            (Some(snapshot), _) => snapshot.clone(),
            (None, Some(_)) => match read(word)? {
                Value::Bytes(bytes) => bytes.to_vec(),
                other => return Err(format!("{other:?} is not bytes").into()),
            },
            (None, None) => return Err(format!("no snapshot {word:?}").into()),
        };
        bytes.truncate(bytes.len().saturating_sub(command.number("cut")?.unwrap_or_default() as usize));
        if let Some(byte) = command.number("flip")?.and_then(|at| bytes.get_mut(at as usize)) {
            *byte = !*byte;
        }
        Ok(bytes)
    }

    fn report(&self, hall: Option<&str>, error: &Error) {
        self.heard.borrow_mut().push(report_line(hall, error));
    }
}

/// An export without its session, whose id is random.
fn variables_line(exported: &Value, out: &mut Vec<String>) -> Done {
    let variables = exported.as_map().and_then(|members| members.get("variables"));
    out.push(write(variables.ok_or("an export without variables")?));
    Ok(())
}

/// The writes below a batch, if there is nothing else.
fn listed(command: &Command) -> Result<Option<Vec<Write>>, Failure> {
    let by_whom = |inner: &Command| inner.hall.is_some() || inner.options.contains_key("agent");
    if command.block.iter().any(by_whom) {
        return Ok(None);
    }
    command.block.iter().map(writing).collect()
}

/// Whether a reply says more than that a command below another was carried out.
fn is_worth_showing(reply: &str) -> bool {
    reply != "ok" && !reply.starts_with("ok ")
}

fn ok(out: &mut Vec<String>) -> Done {
    out.push("ok".into());
    Ok(())
}

/// Shows the error of a refused command.
fn conclude(done: Done, out: &mut Vec<String>) -> Result<(), String> {
    match done {
        Ok(()) => Ok(()),
        Err(Failure::Nonsense(wrong)) => Err(wrong),
        Err(Failure::Refused(error)) => {
            let position = error.detail.strip_prefix("command ").and_then(|detail| detail.split(' ').next());
            let position = position.map(|position| format!(" command={position}")).unwrap_or_default();
            out.push(format!("error {}{position}", error.code.name()));
            Ok(())
        }
    }
}

/// The functions that an update may name.
fn apply(function: &str, value: &Value, operand: Value) -> Value {
    match (function, value, &operand) {
        ("add", Value::Integer(a), Value::Integer(b)) => (a + b).into(),
        ("append", Value::List(items), _) => items.iter().cloned().chain([operand]).collect::<Vec<_>>().into(),
        ("same", ..) => value.clone(),
        _ => std::panic::panic_any(THROWN),
    }
}
