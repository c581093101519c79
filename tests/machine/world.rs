//! One machine, its functions as rules, its callers, and a clock.

use crate::script::{Answer, Case, Rule, shown, value};
use statehall::Value;
use statehall::process::call::{CallId, Calls};
use statehall::process::machine::{
    Action, Alphabet, Ask, Bounds, Delay, Effect, Init, Kind, Machine, Mode, Offender, Reason, Return, Timer, Unsent,
};

/// Contents are values, names are text.
pub struct Words;

impl Alphabet for Words {
    type State = Value;
    type Event = Value;
    type Reply = Value;
    type Name = String;
    type Term = String;

    fn is_name(state: &Value) -> bool {
        state.as_text().is_some_and(|text| !text.starts_with('('))
    }
}

pub struct World<'a> {
    case: &'a Case,
    functions: bool,
    machine: Option<Machine<Words>>,
    calls: Calls<&'static str, String>,
    /// The calls that were made, by name.
    made: Vec<(String, CallId)>,
    now_ms: u64,
    count: i64,
    /// The rules that were used.
    used: Vec<usize>,
    pub seen: Vec<String>,
}

impl<'a> World<'a> {
    pub fn start(case: &'a Case, functions: bool) -> Self {
        let calls = Calls::new(100);
        let seen = Vec::new();
        let mut world = Self {
            case,
            functions,
            machine: None,
            calls,
            made: Vec::new(),
            now_ms: 100,
            count: 0,
            used: Vec::new(),
            seen,
        };
        let mut actions = world.actions(&case.init, None);
        let words: Vec<_> = case.init.words.iter().map(String::as_str).collect();
        let init = match words[..] {
            ["ok", state] => Init::Ok(value(state)),
            ["ignore"] => Init::Ignore,
            ["stop", why] => Init::Stop(reason(why)),
            ["junk", term] => Init::Bad(term.to_owned()),
            ["raise", term] => Init::Failed(term.to_owned()),
            _ => panic!("{}: init {words:?}", case.title),
        };
        match Machine::start("m1".to_owned(), bounds(case), init, &mut actions) {
            Ok(machine) => world.machine = Some(machine),
            Err(None) => world.see("ignore"),
            Err(Some(why)) => {
                let why = because(&why);
                world.see(format!("error {why}"));
            }
        }
        world.run();
        world
    }

    fn see(&mut self, line: impl Into<String>) {
        self.seen.push(line.into());
    }

    /// Sends everything in the line, then runs the machine.
    pub fn step(&mut self, line: &str) {
        for part in line.split("; ") {
            let words: Vec<_> = part.split_whitespace().collect();
            match words[..] {
                [kind @ ("cast" | "info"), content] => self.send(kind, content),
                ["call", content, "as", name] => self.call(content, name, None),
                ["call", content, "within", limit, "as", name] => self.call(content, name, Some(limit)),
                ["advance", ms] => self.advance(ms.parse().expect("milliseconds")),
                ["remaining", timer] => {
                    let now_ms = self.now_ms;
                    let left = self.machine().remaining_ms(&timer_of(timer), now_ms);
                    self.see(format!("remaining {left:?}"));
                }
                ["postponed"] => {
                    let now_ms = self.now_ms;
                    let postponed = self.machine().postponed().iter();
                    let ages = postponed.map(|event| format!("{} for {}", shown(&event.content), event.age_ms(now_ms)));
                    let line = format!("postponed {}", ages.collect::<Vec<_>>().join(", "));
                    self.see(line);
                }
                ["suspend"] => self.machine().suspend(),
                ["resume"] => self.machine().resume(),
                ["stop", why] => self.machine().stop(reason(why)),
                ["kill"] => self.machine().kill(),
                ["reply", name, content] => self.reply(self.made(name), value(content)),
                ["reply-to", number, content] => self.reply(CallId(number.parse().expect("a number")), value(content)),
                ["change-code", state] => {
                    let mode =
                        Mode { state_functions: self.functions, state_enter: self.case.enter, state_leave: false };
                    if let Err(error) = self.machine().change_code(value(state), mode) {
                        self.see(format!("error {}", error.code.name()));
                    }
                }
                _ => panic!("{}: do {part}", self.case.title),
            }
        }
        self.run();
    }

    fn machine(&mut self) -> &mut Machine<Words> {
        self.machine.as_mut().expect("a machine that has started")
    }

    fn send(&mut self, kind: &str, content: &str) {
        let kind = if kind == "cast" { Kind::Cast } else { Kind::Info };
        match self.machine.as_mut().map(|machine| machine.send(kind, value(content))) {
            Some(Err(Unsent::Full)) => self.see("full"),
            None | Some(Ok(()) | Err(Unsent::Ended)) => {}
        }
    }

    fn call(&mut self, content: &str, name: &str, limit: Option<&str>) {
        let due_ms = limit.map(|limit| self.now_ms + limit.parse::<u64>().expect("milliseconds"));
        let id = self.calls.open("m", name.to_owned(), due_ms).expect("room for a call");
        self.made.push((name.to_owned(), id));
        let sent = self.machine.as_mut().map_or(Err(Unsent::Ended), |m| m.send(Kind::Call(id), value(content)));
        if let Err(why) = sent {
            self.calls.leave(id);
            self.see(format!("{name} exit {}", if why == Unsent::Full { "full" } else { "noproc" }));
        }
    }

    fn made(&self, name: &str) -> CallId {
        self.made.iter().find(|(other, _)| other == name).expect("a call that was made").1
    }

    fn reply(&mut self, id: CallId, content: Value) {
        match self.calls.answer(id) {
            Ok(Some(caller)) => self.see(format!("{caller} gets {}", shown(&content))),
            Ok(None) => self.see("late"),
            Err(error) => self.see(format!("error {}", error.code.name())),
        }
    }

    /// Moves time, stopping wherever something is due.
    fn advance(&mut self, ms: u64) {
        self.run();
        let Some(mut machine) = self.machine.take() else { return };
        let end = self.now_ms + ms;
        while let Some(wake) = machine.next_wake_ms().into_iter().chain(self.calls.next_wake_ms()).min() {
            if wake > end {
                break;
            }
            self.now_ms = self.now_ms.max(wake);
            self.tick(&mut machine);
            self.answer_all(&mut machine);
        }
        self.now_ms = end;
        self.machine = Some(machine);
    }

    /// What the passing of time does. It comes before the answer of a function that took that time.
    fn tick(&mut self, machine: &mut Machine<Words>) {
        machine.advance(self.now_ms);
        while let Some((_, caller)) = self.calls.expire(self.now_ms) {
            self.see(format!("{caller} exit timeout"));
        }
    }

    fn run(&mut self) {
        if let Some(mut machine) = self.machine.take() {
            self.answer_all(&mut machine);
            self.machine = Some(machine);
        }
    }

    /// Answers what the machine asks until it waits.
    fn answer_all(&mut self, machine: &mut Machine<Words>) {
        let mut actions = Vec::new();
        loop {
            let module = machine.module().expect("a module").clone();
            let Some(ask) = machine.ask() else { break };
            match ask {
                Ask::Mode(module) => {
                    let mode = self.mode(module);
                    machine.answer_mode(self.now_ms, mode)
                }
                Ask::Event(state, event) => {
                    let (kind, call) = kind_shown(&event.kind);
                    let (state, content) = (shown(state), shown(&event.content));
                    let answer = self.handle(&module, [&state, &kind, &content], call, &mut actions);
                    self.tick(machine);
                    machine.answer(self.now_ms, answer, &mut actions)
                }
                Ask::Leave { state, next } => {
                    let (state, next) = (shown(state), shown(next));
                    let answer = self.handle(&module, [&state, "leave", &next], None, &mut actions);
                    machine.answer(self.now_ms, answer, &mut actions)
                }
                Ask::Enter { state, old } => {
                    let (state, old) = (shown(state), shown(old));
                    let answer = self.handle(&module, [&state, "enter", &old], None, &mut actions);
                    self.tick(machine);
                    machine.answer(self.now_ms, answer, &mut actions)
                }
                Ask::Terminate { state, reason, undone } => {
                    let undone = if undone { " undone" } else { "" };
                    let line = format!("terminate {} in {}{undone}", because(reason), shown(state));
                    self.see(line);
                    let rule = self.rule(&module, [&shown(state), "terminate", "x"]);
                    machine.answer_terminate(rule.map(|rule| rule.answer.words[1].clone()))
                }
            }
            .expect("an answer to what was asked");
            self.effects(machine);
        }
        self.effects(machine);
    }

    fn effects(&mut self, machine: &mut Machine<Words>) {
        while let Some(effect) = machine.next_effect() {
            match effect {
                Effect::Reply(call, content) => self.reply(call, content),
                Effect::Changed(_) => {}
                Effect::Hibernate => self.see("hibernate"),
                Effect::Ended => {
                    let why = machine.ended().map(because).unwrap_or_default();
                    for (_, caller) in self.calls.end(&"m") {
                        self.see(format!("{caller} exit {why}"));
                    }
                    self.see(format!("ended {why}"));
                }
            }
        }
    }

    fn mode(&mut self, module: &str) -> Result<Mode, String> {
        if !self.case.modules.is_empty() {
            self.see(format!("mode {module}"));
        }
        let enter = match self.case.modules.iter().find(|(name, _)| name == module) {
            Some((_, enter)) => *enter,
            None if module == "m1" => self.case.enter,
            None => return Err("nonsense".to_owned()),
        };
        Ok(Mode { state_functions: self.functions, state_enter: enter, state_leave: self.case.leave })
    }

    fn rule(&mut self, module: &str, event: [&str; 3]) -> Option<&'a Rule> {
        let fits = |pattern: &str, word: &str| pattern == "*" || pattern == word;
        let case = self.case;
        let place = case.rules.iter().enumerate().position(|(place, rule)| {
            let pattern = [&rule.state, &rule.kind, &rule.content];
            let used = rule.once && self.used.contains(&place);
            !used && rule.module == module && pattern.iter().zip(event).all(|(pattern, word)| fits(pattern, word))
        })?;
        self.used.push(place);
        Some(&case.rules[place])
    }

    fn handle(
        &mut self,
        module: &str,
        event: [&str; 3],
        call: Option<CallId>,
        actions: &mut Vec<Action<Words>>,
    ) -> Return<Words> {
        let prefix = if self.case.modules.is_empty() { String::new() } else { format!("{module}: ") };
        self.see(format!("{prefix}{}", event.join(" ")));
        let Some(rule) = self.rule(module, event) else { return Return::Keep };
        *actions = self.actions(&rule.answer, call);
        let words: Vec<_> = rule.answer.words.iter().map(String::as_str).collect();
        match words[..] {
            ["keep"] => Return::Keep,
            ["next", state] => Return::Next(value(state)),
            ["repeat"] => Return::Repeat,
            ["stop"] => Return::Stop(Reason::Normal),
            ["stop", why] => Return::Stop(reason(why)),
            ["raise", term] => Return::Failed(term.to_owned()),
            ["junk", term] => Return::Bad(term.to_owned()),
            ["undef"] => Return::Undefined,
            _ => panic!("{}: {words:?}", self.case.title),
        }
    }

    fn actions(&mut self, answer: &Answer, call: Option<CallId>) -> Vec<Action<Words>> {
        let mut actions = Vec::new();
        for action in &answer.actions {
            let words: Vec<_> = action.iter().map(String::as_str).collect();
            actions.push(match words[..] {
                ["busy", ms] => {
                    self.now_ms += ms.parse::<u64>().expect("milliseconds");
                    continue;
                }
                ["count"] => {
                    self.count += 1;
                    continue;
                }
                ["reply", "$count"] => Action::Reply(call.expect("a call"), self.count.into()),
                ["reply", content] => Action::Reply(call.expect("a call"), value(content)),
                ["reply", "to", name, content] => Action::Reply(self.made(name), value(content)),
                ["postpone"] => Action::Postpone(true),
                ["postpone", "false"] => Action::Postpone(false),
                ["hibernate"] => Action::Hibernate(true),
                ["insert", kind, content] => Action::NextEvent(kind_of(kind), value(content)),
                [timer, "cancel"] => Action::Cancel(timer_of(timer)),
                [timer, "update", content] => Action::Update(timer_of(timer), value(content)),
                ["push", module] => Action::PushModule(module.to_owned()),
                ["change", module] => Action::ChangeModule(module.to_owned()),
                ["pop"] => Action::PopModule,
                ["bad", term] => Action::Bad(term.to_owned()),
                [timer, delay, content] => Action::Start(timer_of(timer), delay_of(delay), value(content)),
                _ => panic!("{}: {words:?}", self.case.title),
            });
        }
        actions
    }
}

fn bounds(case: &Case) -> Bounds {
    let mut bounds = Bounds { mailbox: 100, queue: 100, postponed: 100, timeouts: 100, modules: 16, trace: 4 };
    for (name, most) in &case.bounds {
        let bound = match name.as_str() {
            "mailbox" => &mut bounds.mailbox,
            "queue" => &mut bounds.queue,
            "postponed" => &mut bounds.postponed,
            "timeouts" => &mut bounds.timeouts,
            "modules" => &mut bounds.modules,
            _ => panic!("{}: bound {name}", case.title),
        };
        *bound = *most;
    }
    bounds
}

fn kind_of(word: &str) -> Kind<String> {
    match word {
        "cast" => Kind::Cast,
        "info" => Kind::Info,
        "internal" => Kind::Internal,
        timer => timer_of(timer).kind(),
    }
}

fn kind_shown(kind: &Kind<String>) -> (String, Option<CallId>) {
    let word = match kind {
        Kind::Call(id) => return ("call".to_owned(), Some(*id)),
        Kind::Cast => "cast",
        Kind::Info => "info",
        Kind::Internal => "internal",
        Kind::Timeout => "timeout",
        Kind::StateTimeout => "state-timeout",
        Kind::Named(name) => return (format!("timeout/{name}"), None),
    };
    (word.to_owned(), None)
}

fn timer_of(word: &str) -> Timer<String> {
    match word.split_once('/') {
        Some(("timeout", name)) => Timer::Named(name.to_owned()),
        None if word == "timeout" => Timer::Event,
        None if word == "state-timeout" => Timer::State,
        _ => panic!("{word} is no timeout"),
    }
}

fn delay_of(word: &str) -> Delay {
    match word.strip_prefix('@') {
        Some(at) => Delay::At(at.parse().expect("a time")),
        None if word == "never" => Delay::Never,
        None => Delay::After(word.parse().expect("milliseconds")),
    }
}

fn reason(word: &str) -> Reason<Words> {
    match word {
        "normal" => Reason::Normal,
        "shutdown" => Reason::Shutdown,
        other => Reason::Because(other.to_owned()),
    }
}

fn because(reason: &Reason<Words>) -> String {
    match reason {
        Reason::Because(term) => term.clone(),
        Reason::Failed(term) => format!("failed {term}"),
        Reason::Limit(name, most) => format!("limit {name} {most}"),
        Reason::Bad(bad, offender) => format!("{} {}", bad.name(), offending(offender)),
        other => other.name().to_owned(),
    }
}

fn offending(offender: &Offender<Words>) -> String {
    match offender {
        Offender::Term(term) => term.clone(),
        Offender::State(state) => format!("next {}", shown(state)),
        Offender::Action(action) => match action {
            Action::Postpone(_) => "postpone".to_owned(),
            Action::NextEvent(kind, content) => format!("insert {} {}", kind_shown(kind).0, shown(content)),
            Action::Start(timer, delay, _) => format!("{} {delay:?}", kind_shown(&timer.kind()).0),
            Action::ChangeModule(name) => format!("change {name}"),
            Action::PushModule(name) => format!("push {name}"),
            Action::PopModule => "pop".to_owned(),
            _ => "action".to_owned(),
        },
    }
}
