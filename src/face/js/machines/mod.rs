//! Machines of the npm package: the engine here, the functions and all contents in JavaScript.
//!
//! A content (a state, what an event carries, a name, a module, what was thrown) is a number; equal
//! states and names have one number, and nothing here looks into any. Which are in use JavaScript asks now and then. [`Processes`] say what is to be done next; what that
//! is crosses as one number, and what belongs to it stands in [`Core::machine_area`], where JavaScript reads it. It calls
//! the function and answers, which brings the next thing to do, until there is none. Nothing is borrowed meanwhile.

mod keeping;
mod words;

use super::Core;
use super::answer::Answer::{Number, Numbers, Text};
use crate::error::{Code, Error};
use crate::kernel::processes::{Effect, ProcessId, Processes, Refused, Start};
use crate::key::Key;
use crate::process::call::CallId;
use crate::process::machine::{Action, Ask, Init, Offender, Reason, Return};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use words::{ACTION, Words, action, call_of, id, kind_of, mode_of, number, number_of};

/// What is to be done; of an event, this and its kind: see [`number`].
const EVENT_ASKED: u32 = 1;
const MODE: u32 = 8;
const LEAVE: u32 = 9;
const ENTER: u32 = 10;
const TERMINATE: u32 = 11;
const TERMINATE_UNDONE: u32 = 12;
const ENDED: u32 = 13;
const REPLY: u32 = 14;
const EXPIRED: u32 = 15;
const REPORT: u32 = 16;

/// The machines of a hall.
pub struct Machines {
    /// The name of the next that starts.
    name: Option<Rc<str>>,
    /// There are none before the first starts.
    processes: Option<Processes<Words>>,
    /// The actions of the next answer.
    actions: Vec<Action<Words>>,
    /// Process, question or call, content, and name or call of what is to be done.
    area: [f64; 4],
    /// Why the last process has ended, and who waited for it.
    ended: Option<(Reason<Words>, Vec<CallId>)>,
    /// What is to be reported.
    report: Option<Error>,
}

impl Default for Machines {
    fn default() -> Self {
        Self { name: None, processes: None, actions: Vec::new(), area: [0.0; 4], ended: None, report: None }
    }
}

#[wasm_bindgen]
impl Core {
    /// Names the machine that starts or goes on next; an empty name is none.
    pub fn machine_named(&self, name: &str) -> f64 {
        self.answer(|| {
            if !name.is_empty() {
                Key::from_segments(["processes", name])?;
            }
            let mut machines = self.machines.borrow_mut();
            machines.actions.clear();
            machines.name = (!name.is_empty()).then(|| name.into());
            Ok(Number(0.0))
        })
    }

    /// Starts a machine with the actions that are there. Answers its id.
    pub fn machine_start(&self, module: u32, state: u32) -> f64 {
        self.answer(|| {
            let machines = &mut *self.machines.borrow_mut();
            let name = machines.name.take();
            let mut actions = std::mem::take(&mut machines.actions);
            let start = Start { name, module, functions: None };
            let started = self.processes(machines).start(start, Init::Ok(state), &mut actions);
            actions.clear();
            match started {
                Ok(process) => Ok(Number(process.0 as f64)),
                Err(Refused::Error(error)) => Err(error),
                // What else `init` may say JavaScript deals with.
                Err(Refused::Ignored | Refused::Stopped(_)) => Err(damaged()),
            }
        })
    }

    /// Adds a row of actions to those of the next answer: of each kind, timer or event, name or call, milliseconds, content.
    pub fn machine_act(&self, row: &[f64]) {
        let mut machines = self.machines.borrow_mut();
        for &[kind, what, name, ms, content] in row.as_chunks::<ACTION>().0 {
            let action = action(kind as u32, what as u32, name, ms, content as u32);
            machines.actions.push(action);
        }
    }

    /// Sends a message: 0 for a cast, 1 for any other. Answers what is to be done next, if that is asked for.
    pub fn machine_send(&self, process: f64, kind: u32, content: u32, next: bool, now: f64) -> f64 {
        let mut machines = self.machines.borrow_mut();
        let sent = machines.with(|processes| match kind {
            0 => processes.cast(process_of(process), content),
            _ => processes.info(process_of(process), content),
        });
        match sent {
            Some(Err(error)) => self.answer(|| Err(error)),
            _ if next => machines.begin(now),
            _ => 0.0,
        }
    }

    /// Makes a call; a negative timeout is none. Answers its number.
    pub fn machine_call(&self, process: f64, content: u32, timeout: f64, now: f64) -> f64 {
        let mut machines = self.machines.borrow_mut();
        self.answer(|| {
            let timeout_ms = (timeout >= 0.0).then_some(timeout as u64);
            let made = machines.with(|all| all.call(now as u64, process_of(process), content, timeout_ms));
            Ok(Number(number_of(made.unwrap_or_else(|| Err(ended()))?)))
        })
    }

    /// A caller gives up.
    pub fn machine_leave(&self, call: f64) {
        self.machines.borrow_mut().with(|processes| processes.leave(call_of(call)));
    }

    /// Answers a call from outside of a transition.
    pub fn machine_reply(&self, call: f64, content: u32) -> f64 {
        let mut machines = self.machines.borrow_mut();
        self.answer(|| {
            machines.with(|processes| processes.reply(call_of(call), content)).unwrap_or(Ok(false))?;
            Ok(Number(0.0))
        })
    }

    /// Orders: 0 to resume, 1 to suspend, 2 to be killed, and from 3 on to stop for a reason.
    pub fn machine_order(&self, process: f64, order: u32, term: u32) {
        let mut machines = self.machines.borrow_mut();
        let reason = order.checked_sub(3).map(|reason| reason_of(reason, term));
        machines.with(|processes| {
            let process = process_of(process);
            match (order, reason) {
                (_, Some(reason)) => processes.stop(process, reason),
                (0, None) => processes.resume(process),
                (1, None) => processes.suspend(process),
                _ => processes.kill(process),
            }
        });
    }

    /// Where process, question or call, content, and name or call of what is to be done are in memory.
    pub fn machine_area(&self) -> *const f64 {
        self.machines.borrow().area.as_ptr()
    }

    /// What is to be done next: 0 for nothing. A turn handles so much at most: see [`Processes::renew`].
    pub fn machine_next(&self, begins: bool, now: f64) -> f64 {
        let mut machines = self.machines.borrow_mut();
        if begins { machines.begin(now) } else { machines.next(now) }
    }

    /// Says how a module is called: 1 for functions by state, 2 for enter calls, 4 for leave calls; negative if it does
    /// not say, but a term. Answers what is to be done next.
    pub fn machine_mode(&self, process: f64, question: u32, mode: i32, term: u32, now: f64) -> f64 {
        let mut machines = self.machines.borrow_mut();
        let mode = if mode < 0 { Err(term) } else { Ok(mode_of(mode as u32)) };
        let answered = machines.with(|all| all.answer_mode(now as u64, process_of(process), question, mode));
        self.answer(|| machines.after(answered, now))
    }

    /// Answers a question: 0 to keep the state, 1 for a next one, 2 to repeat it, 3 for something else, 4 for a failure,
    /// 5 for no function, from 6 on to stop for a reason; with a content, and a reply to a call unless that is
    /// negative. Answers what is to be done next.
    pub fn machine_answer(
        &self,
        process: f64,
        question: u32,
        how: u32,
        content: u32,
        call: f64,
        reply: u32,
        now: f64,
    ) -> f64 {
        let mut machines = self.machines.borrow_mut();
        if call >= 0.0 {
            machines.actions.push(Action::Reply(call_of(call), reply));
        }
        let answer = match how {
            0 => Return::Keep,
            1 => Return::Next(content),
            2 => Return::Repeat,
            3 => Return::Bad(content),
            4 => Return::Failed(content),
            5 => Return::Undefined,
            _ => Return::Stop(reason_of(how - 6, content)),
        };
        let mut actions = std::mem::take(&mut machines.actions);
        let answered = machines.with(|all| all.answer(now as u64, process_of(process), question, answer, &mut actions));
        actions.clear();
        machines.actions = actions;
        match answered {
            Some(Ok(())) => machines.next(now),
            answered => self.answer(|| machines.after(answered, now)),
        }
    }

    /// Says that a process is cleaned up; or that this has failed, with a term. Answers what is to be done next.
    pub fn machine_cleaned(&self, process: f64, question: u32, failed: bool, term: u32, now: f64) -> f64 {
        let mut machines = self.machines.borrow_mut();
        let failure = failed.then_some(term);
        let answered = machines.with(|all| all.answer_terminate(process_of(process), question, failure));
        self.answer(|| machines.after(answered, now))
    }

    /// Lets time pass.
    pub fn machine_advance(&self, now: f64) {
        self.machines.borrow_mut().with(|processes| processes.advance(now as u64));
    }

    /// When to let time pass next; infinite for never.
    pub fn machine_wake(&self) -> f64 {
        let wake_ms = self.machines.borrow_mut().with(|processes| processes.next_wake_ms()).flatten();
        wake_ms.map_or(f64::INFINITY, |wake_ms| wake_ms as f64)
    }

    /// The processes whose status has changed: of each its id, and its state, or -1 if it has ended.
    pub fn machine_changed(&self) -> f64 {
        let mut numbers = Vec::new();
        self.machines.borrow_mut().with(|processes| {
            while let Some(changed) = processes.take_changed() {
                let state = processes.machine(changed.process).map_or(-1.0, |machine| id(machine.state()));
                numbers.extend([changed.process.0 as f64, state]);
            }
        });
        self.answer(|| Ok(Numbers(numbers)))
    }

    /// Why a process terminates, or the last has ended, as OTP names it; or the error that is to be reported.
    pub fn machine_reason(&self, process: f64) -> f64 {
        let mut machines = self.machines.borrow_mut();
        if let Some(error) = machines.report.take() {
            return self.answer(|| Err(error));
        }
        let name = machines.why(process, named).unwrap_or_default();
        self.answer(|| Ok(Text(name)))
    }

    /// The content that belongs to the reason, or 0; the kind of action that was wrong, or -1; and the calls that end.
    pub fn machine_offender(&self, process: f64) -> f64 {
        let mut machines = self.machines.borrow_mut();
        let offender = machines.why(process, |reason| match reason {
            Reason::ShutdownWith(term) | Reason::Because(term) | Reason::Failed(term) => [id(term), -1.0],
            Reason::Bad(_, offender) => match &**offender {
                Offender::Term(term) | Offender::State(term) => [id(term), -1.0],
                Offender::Action(action) => [0.0, kind_of(action)],
            },
            _ => [0.0, -1.0],
        });
        let mut numbers: Vec<f64> = offender.unwrap_or([0.0, -1.0]).into();
        if let Some((_, calls)) = &machines.ended {
            numbers.extend(calls.iter().copied().map(number_of));
        }
        self.answer(|| Ok(Numbers(numbers)))
    }
}

impl Core {
    fn processes<'a>(&self, machines: &'a mut Machines) -> &'a mut Processes<Words> {
        machines.processes.get_or_insert_with(|| Processes::new(self.kernel.borrow().limits()))
    }
}

impl Machines {
    fn with<R>(&mut self, work: impl FnOnce(&mut Processes<Words>) -> R) -> Option<R> {
        self.processes.as_mut().map(work)
    }

    /// What is to be done after an answer; one that comes after the end counts for nothing.
    fn after(&mut self, answered: Option<Result<(), Error>>, now: f64) -> Result<super::Answer, Error> {
        match answered {
            Some(Err(error)) if error.code != Code::Closed => Err(error),
            _ => Ok(Number(self.next(now))),
        }
    }

    fn begin(&mut self, now: f64) -> f64 {
        self.with(Processes::renew);
        self.next(now)
    }

    fn next(&mut self, now: f64) -> f64 {
        let Some(processes) = &mut self.processes else { return 0.0 };
        while let Some(effect) = processes.next_effect(now as u64) {
            let area = &mut self.area;
            let code = match effect {
                Effect::Ask { process, question } => {
                    // It may have been killed.
                    let Some(ask) = processes.ask(process) else { continue };
                    let (code, content, detail) = match ask {
                        Ask::Mode(module) => (MODE, id(module), 0.0),
                        Ask::Event(_, event) => {
                            let [kind, detail] = number(&event.kind);
                            (EVENT_ASKED + kind as u32, id(&event.content), detail)
                        }
                        Ask::Leave { next, .. } => (LEAVE, id(next), 0.0),
                        Ask::Enter { old, .. } => (ENTER, id(old), 0.0),
                        Ask::Terminate { undone, .. } => (if undone { TERMINATE_UNDONE } else { TERMINATE }, 0.0, 0.0),
                    };
                    *area = [process.0 as f64, f64::from(question), content, detail];
                    code
                }
                Effect::Reply { call, content } => {
                    // JavaScript reads it before it lets go of anything.
                    *area = [0.0, number_of(call), id(&content), 0.0];
                    REPLY
                }
                Effect::Expired { call } => {
                    *area = [0.0, number_of(call), 0.0, 0.0];
                    EXPIRED
                }
                Effect::Ended { process, reason, calls } => {
                    *area = [process.0 as f64, 0.0, 0.0, 0.0];
                    self.ended = Some((reason, calls));
                    ENDED
                }
                Effect::Report(error) => {
                    self.report = Some(error);
                    REPORT
                }
                Effect::Hibernate { .. } => continue,
            };
            return f64::from(code);
        }
        self.ended = None;
        0.0
    }

    /// The reason for which a process terminates, or the last has ended.
    fn why<R>(&mut self, process: f64, read: impl FnOnce(&Reason<Words>) -> R) -> Option<R> {
        if let Some(Ask::Terminate { reason, .. }) = self.processes.as_ref()?.ask(process_of(process)) {
            return Some(read(reason));
        }
        self.ended.as_ref().map(|(reason, _)| read(reason))
    }
}

fn reason_of(reason: u32, term: u32) -> Reason<Words> {
    match reason {
        0 => Reason::Normal,
        1 => Reason::Shutdown,
        2 => Reason::ShutdownWith(term),
        _ => Reason::Because(term),
    }
}

fn process_of(number: f64) -> ProcessId {
    ProcessId(number as u64)
}

/// The name of a reason; with what was exceeded, if that is a limit.
fn named(reason: &Reason<Words>) -> String {
    match reason {
        Reason::Limit(what, max) => Error::limit(what, *max as u64, *max as u64 + 1).text(),
        _ => reason.name().to_owned(),
    }
}

#[cold]
fn ended() -> Error {
    Error::new(Code::Closed, "the machine has ended")
}

#[cold]
fn damaged() -> Error {
    Error::new(Code::InvalidSnapshot, "this is no machine that was kept")
}
