//! The machines of one session, and what waits for its host.

use super::super::held::Held;
use super::super::session::Session;
use super::super::wit::machines::{Ask, Outcome, Postponed, Question, Running, Transition, View};
use super::crossing::{ended_out, event_out, kind_out, plain_out, timer_out};
use super::data_out;
use crate::error::{Code, Error};
use crate::kernel::processes::{Changed, Effect, ProcessId, Processes, Refused, Start, status_key};
use crate::kernel::{Command, Limits, Time};
use crate::process::machine::table::{MODULE, TableFunctions, Tabled, write_snapshot};
use crate::process::machine::{self, Action, Init, Mode, Rearm, Return, Snapshot};
use crate::value::Value;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// What the session knows of a process besides its machine.
struct Known {
    mode: Mode,
    agent: Rc<str>,
}

/// Machines whose functions are tables, or the host's.
pub struct Hosted {
    pub processes: Processes<Tabled, TableFunctions>,
    known: BTreeMap<ProcessId, Known>,
    /// Questions for the host, until they are answered.
    asks: VecDeque<(ProcessId, u32)>,
    /// What has come of calls and machines, until it is taken.
    outcomes: VecDeque<Outcome>,
}

impl Hosted {
    pub fn new(limits: &Limits) -> Self {
        let (known, asks, outcomes) = Default::default();
        Self { processes: Processes::new(limits), known, asks, outcomes }
    }

    /// Starts a machine.
    ///
    /// Errors: `invalid-key`, `invalid-argument`, `limit`.
    #[allow(clippy::too_many_arguments, reason = "what there is to a machine")]
    pub fn start(
        &mut self,
        session: &Session,
        name: Option<String>,
        agent: Rc<str>,
        functions: Option<TableFunctions>,
        mode: Mode,
        init: Init<Tabled>,
        actions: &mut Vec<Action<Tabled>>,
    ) -> Result<u64, Error> {
        check_name(session, name.as_deref())?;
        let start = Start { name: name.map(Into::into), module: MODULE.into(), functions };
        let process = self.processes.start(start, init, actions).map_err(|refused| match refused {
            Refused::Error(error) => error,
            // Nothing else comes of a state.
            Refused::Ignored | Refused::Stopped(_) => Error::new(Code::InvalidArgument, "the machine did not start"),
        })?;
        self.known.insert(process, Known { mode, agent });
        Ok(process.0)
    }

    /// Goes on with a machine.
    ///
    /// Errors: as [`Hosted::start`]; `invalid-snapshot`.
    #[allow(clippy::too_many_arguments, reason = "what there is to a machine")]
    pub fn revive(
        &mut self,
        session: &Session,
        name: Option<String>,
        agent: Rc<str>,
        functions: Option<TableFunctions>,
        snapshot: Snapshot<Tabled>,
        rearm: Rearm,
        time: Time,
    ) -> Result<u64, Error> {
        check_name(session, name.as_deref())?;
        let mode = snapshot.mode;
        let process = self.processes.restore(name.map(Into::into), functions, snapshot, rearm, time)?;
        self.known.insert(process, Known { mode, agent });
        Ok(process.0)
    }

    /// The bytes of a machine.
    ///
    /// Errors: `closed`, `invalid-argument`.
    pub fn keep(&self, process: ProcessId, time: Time) -> Result<Vec<u8>, Error> {
        let snapshot = self.processes.snapshot(process, time)?;
        let data = self.processes.functions(process).map(|functions| functions.data().clone());
        write_snapshot(&snapshot, data.unwrap_or_default())
    }

    /// Lets machines run, unless a batch is open.
    pub fn run(&mut self, session: &Session, now_ms: u64) {
        if session.in_batch() {
            return;
        }
        while let Some(effect) = self.processes.next_effect(now_ms) {
            match effect {
                Effect::Ask { process, question } => self.asked(session, now_ms, process, question),
                Effect::Reply { call, content } => {
                    self.outcomes.push_back(Outcome::Reply((call.0, plain_out(&content))));
                }
                Effect::Expired { call } => self.outcomes.push_back(Outcome::Expired(call.0)),
                Effect::Ended { process, reason, calls } => {
                    self.known.remove(&process);
                    let calls = calls.into_iter().map(|call| call.0).collect();
                    self.outcomes.push_back(Outcome::Ended((process.0, ended_out(&reason), calls)));
                }
                Effect::Hibernate { process } => self.outcomes.push_back(Outcome::Hibernate(process.0)),
                Effect::Report(error) => session.report(error),
            }
        }
    }

    /// A question: how the functions are called was said at the start, the others are for the host.
    fn asked(&mut self, session: &Session, now_ms: u64, process: ProcessId, question: u32) {
        if !matches!(self.processes.ask(process), Some(machine::Ask::Mode(_))) {
            self.asks.push_back((process, question));
            return;
        }
        let mode = self.known.get(&process).map(|known| known.mode).unwrap_or_default();
        if let Err(error) = self.processes.answer_mode(now_ms, process, question, Ok(mode)) {
            session.report(error);
        }
    }

    /// The questions that are open.
    pub fn asks(&mut self, max: usize) -> Vec<Ask> {
        let Self { processes, asks, .. } = self;
        asks.retain(|(process, question)| processes.question(*process) == Some(*question));
        asks.iter().filter_map(|(process, number)| ask_out(processes, *process, *number)).take(max).collect()
    }

    /// Answers a question.
    ///
    /// Errors: `closed`, `invalid-argument`.
    pub fn answer(
        &mut self,
        now_ms: u64,
        process: ProcessId,
        number: u32,
        next: Return<Tabled>,
        actions: &mut Vec<Action<Tabled>>,
    ) -> Result<(), Error> {
        if !matches!(self.processes.ask(process), Some(machine::Ask::Terminate { .. })) {
            return self.processes.answer(now_ms, process, number, next, actions);
        }
        let failure = match next {
            Return::Failed(term) | Return::Bad(term) => Some(term),
            _ => None,
        };
        self.processes.answer_terminate(process, number, failure)
    }

    /// What has come of calls and machines.
    pub fn take(&mut self, max: usize) -> Vec<Outcome> {
        let count = max.min(self.outcomes.len());
        self.outcomes.drain(..count).collect()
    }

    /// Whether another call may be made: what comes of it has to be taken some time.
    ///
    /// Errors: `limit`.
    pub fn check_room(&self, session: &Session) -> Result<(), Error> {
        let (max, given) = (session.ask(|kernel| kernel.limits().notices), self.outcomes.len() as u64 + 1);
        if given > max { Err(Error::limit("notices", max, given)) } else { Ok(()) }
    }

    /// A machine as it is now.
    pub fn look(&self, session: &Session, process: ProcessId, now_ms: u64) -> Result<Option<View>, Error> {
        let Some(machine) = self.processes.machine(process) else { return Ok(None) };
        let name = self.processes.name(process);
        let key = status_key(session.ask(|kernel| kernel.session()), process, name.map(|name| &**name))?;
        let running = machine.timers().map(|running| Running {
            timer: timer_out(&running.timer),
            content: plain_out(&running.content),
            remaining_ms: running.due_ms.saturating_sub(now_ms),
        });
        let postponed = machine.postponed().iter();
        let postponed = postponed.map(|event| Postponed { event: event_out(event), age_ms: event.age_ms(now_ms) });
        let trace = machine.trace().map(|made| Transition {
            at_ms: made.at_ms,
            kind: made.kind.as_ref().map(kind_out),
            state: made.state.as_ref().into(),
            changed: made.changed,
            postponed: made.postponed,
        });
        Ok(Some(View {
            name: name.map(|name| name.as_ref().into()),
            key: key.text().into(),
            state: machine.state().as_ref().into(),
            data: self.processes.functions(process).map(data_out),
            suspended: machine.is_suspended(),
            waiting: machine.waiting() as u64,
            timers: running.collect(),
            postponed: postponed.collect(),
            trace: trace.collect(),
        }))
    }

    /// Lets time pass, and shows states that have changed.
    pub fn advance(&mut self, session: &Session, time: Time) {
        self.processes.advance(time.monotonic_ms);
        self.run(session, time.monotonic_ms);
        if !session.in_batch() {
            self.publish(session, time.unix_ms);
        }
    }

    /// In how many milliseconds there is something to do.
    pub fn next_wake(&self, now_ms: u64) -> Option<u64> {
        if self.processes.has_changed() {
            return Some(0);
        }
        self.processes.next_wake_ms().map(|wake_ms| wake_ms.saturating_sub(now_ms))
    }

    /// Ends all machines: the hall is closed.
    pub fn close(&mut self, session: &Session, time: Time) {
        let all: Vec<_> = self.processes.ids().collect();
        for process in all {
            self.processes.kill(process);
        }
        self.publish(session, time.unix_ms);
    }

    fn publish(&mut self, session: &Session, unix_ms: u64) {
        while let Some(changed) = self.processes.take_changed() {
            if let Err(error) = self.publish_one(session, unix_ms, &changed) {
                session.report(error);
            }
        }
    }

    fn publish_one(&self, session: &Session, unix_ms: u64, changed: &Changed) -> Result<(), Error> {
        let Changed { process, name } = changed;
        let key = status_key(session.ask(|kernel| kernel.session()), *process, name.as_deref())?;
        let agent = self.known.get(process).map(|known| known.agent.clone());
        let origin = agent.unwrap_or_else(|| session.ask(|kernel| kernel.agent().clone()));
        let command = match self.processes.machine(*process) {
            None => Command::Delete { key, origin, expect: None, touch: false },
            Some(machine) => {
                let value = Held::Scalar(Value::Text(machine.state().as_ref().into())).measured();
                Command::Put { key, value, metadata: None, origin, expect: None, ttl_ms: None, touch: false }
            }
        };
        session.with(|kernel| kernel.apply(command, unix_ms)).map(drop)
    }
}

/// A question to cross.
fn ask_out(processes: &Processes<Tabled, TableFunctions>, process: ProcessId, number: u32) -> Option<Ask> {
    let text = |state: &Rc<str>| String::from(state.as_ref());
    let (state, question) = match processes.ask(process)? {
        machine::Ask::Mode(_) => return None,
        machine::Ask::Event(state, event) => (text(state), Question::Handle(event_out(event))),
        machine::Ask::Leave { state, next } => (text(state), Question::Leave(text(next))),
        machine::Ask::Enter { state, old } => (text(state), Question::Enter(text(old))),
        machine::Ask::Terminate { state, reason, undone } => {
            (text(state), Question::Terminate((ended_out(reason), undone)))
        }
    };
    Some(Ask { process: process.0, number, state, question })
}

/// Whether a name can be a process's.
fn check_name(session: &Session, name: Option<&str>) -> Result<(), Error> {
    let key = status_key(session.ask(|kernel| kernel.session()), ProcessId(0), name)?;
    session.ask(|kernel| kernel.check_key(&key))
}
