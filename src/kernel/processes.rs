//! The processes of a session, for a face that owns them.
//!
//! A face makes [`Processes`] when the first machine is started, beside its kernel and not inside, so that a package
//! that starts none links none of this. Two kinds of machine live in it. One has its functions inside: a table
//! ([`TableFunctions`](crate::process::machine::table::TableFunctions)), or whatever else is [`Functions`]. The others'
//! functions are outside, at the host, which is asked and answers.
//!
//! # The loop of a host
//!
//! ```text
//! start, cast, info, call, reply, stop, kill, suspend, resume      put something in; nothing has run yet
//! advance(now)                                                     timers and calls that came due
//! next_effect(now) until there is none:
//!   Ask { process, question }   look at ask(process); none if it was killed meanwhile. Else run the user's function, hold no borrow meanwhile, then
//!                               answer(now, process, question, return, actions), or answer_mode, answer_terminate
//!   Reply { call, content }     whoever waits for the call gets this
//!   Expired { call }            whoever waits for the call gets the error `timeout`
//!   Ended { process, reason, calls }   whoever waits for these gets the error `closed`, with the reason
//!   Hibernate { process }       drop what can be rebuilt
//!   Report(error)               to whom errors go that nobody waits for
//! take_changed() until there is none, once a turn:                 publish the status
//! next_wake_ms()                                                   when to advance; 0: at once
//! ```
//!
//! # Rules
//!
//! - One queue, first in, first out. Who is taken from it handles one event, with the calls that leave and enter states,
//!   and joins the end again if more waits. A question that is open holds up its own process only.
//! - A question has a number, and is answered once. An answer to another number is an error, and changes nothing. The
//!   function may do anything in between: cast to its own machine, stop it, kill it. An answer that comes after the end
//!   is `closed`; the host drops it.
//! - The actions are taken out of the list and the list stays the host's, so that no event needs a new one. A wrong
//!   return or action is no error of the call: it ends the machine, for a reason that OTP names and that holds the term.
//! - A function that throws is answered with [`Return::Failed`]. `undone` in [`Ask::Terminate`] tells the host to go
//!   back to the data before.
//! - The host keeps the data of its machines: what the function returned counts from the answer on.
//! - A turn handles [`STEPS_MAX`] events at most: then `next_effect` has nothing more until `advance`, and `next_wake_ms`
//!   says at once. So machines that insert events for ever do not stop the page.
//! - A full mailbox refuses the message, and its sender sees `limit`. A cast to a process that has ended is no error; a
//!   call is `closed` (`noproc`).
//! - A reply to a call that nobody waits for any more is dropped. One to a call that was answered already, or never
//!   made, is an error: of [`Processes::reply`], or a report if it was an action.
//!
//! # The status
//!
//! The state of each process stands in the hall under [`status_key`], so that everybody who shares the hall can watch
//! it. The face puts it there once a turn, from [`Processes::take_changed`]: what changes twice is told once, and a
//! process that has ended is deleted.

use super::Limits;
use super::command::Time;
use crate::error::{Code, Error};
use crate::key::Key;
use crate::process::call::{CallId, Calls};
use crate::process::machine::alphabet::Alphabet;

use crate::process::machine::functions::{Functions, Outside};
use crate::process::machine::snapshot::{Rearm, Snapshot};
use crate::process::machine::{self, Action, Ask, Bounds, Init, Kind, Machine, Mode, Reason, Return, Unsent};
use crate::process::schedule::{Schedule, no_process};
use crate::replica::clock::Session;
use crate::timer::earliest;
use std::collections::VecDeque;
use std::rc::Rc;

pub use crate::process::schedule::{Changed, ProcessId, STEPS_MAX};

/// How many calls may be open.
pub const CALLS_MAX: usize = 1_000_000;

/// Something for the host to do.
pub enum Effect<A: Alphabet> {
    /// Answer a question, which [`Processes::ask`] shows.
    Ask {
        /// Whose.
        process: ProcessId,
        /// Its number, for the answer.
        question: u32,
    },
    /// A call is answered.
    Reply {
        /// Which.
        call: CallId,
        /// With what.
        content: A::Reply,
    },
    /// A call has waited as long as it may.
    Expired {
        /// Which.
        call: CallId,
    },
    /// A process has ended, and with it the calls that were open.
    Ended {
        /// Which.
        process: ProcessId,
        /// Why.
        reason: Reason<A>,
        /// Who waited for it.
        calls: Vec<CallId>,
    },
    /// A process waits, and asked to be made small until something comes.
    Hibernate {
        /// Which.
        process: ProcessId,
    },
    /// Something is wrong that no caller is waiting for.
    Report(Error),
}

/// What a process is started with.
pub struct Start<A: Alphabet, F = Outside> {
    /// Its name, which no other process of the session has.
    pub name: Option<Rc<str>>,
    /// The first callback module.
    pub module: A::Name,
    /// The functions, if they are inside.
    pub functions: Option<F>,
}

/// Why a process was not started.
pub enum Refused<A: Alphabet> {
    /// There is no room, or the name is taken.
    Error(Error),
    /// `init` has said that there is nothing to start.
    Ignored,
    /// `init` has stopped, failed, or returned something that it may not.
    Stopped(Reason<A>),
}

struct Process<A: Alphabet, F> {
    machine: Machine<A>,
    functions: Option<F>,
    /// The number of the last question.
    question: u32,
    /// Whether the host has it and has not answered.
    asked: bool,
}

/// Processes of one alphabet, whose functions are `F` or outside. See the module.
pub struct Processes<A: Alphabet, F = Outside> {
    schedule: Schedule<Process<A, F>>,
    calls: Calls<ProcessId, ()>,
    effects: VecDeque<Effect<A>>,
    /// The list of actions of the functions that are inside.
    actions: Vec<Action<A>>,
    bounds: Bounds,
    /// How many more events this turn may handle.
    steps: u32,
}

impl<A: Alphabet, F: Functions<A>> Processes<A, F> {
    /// None yet, within the limits of a hall.
    pub fn new(limits: &Limits) -> Self {
        Self {
            schedule: Schedule::new(limits.processes as usize),
            calls: Calls::new(CALLS_MAX),
            effects: VecDeque::new(),
            actions: Vec::new(),
            bounds: limits.machine(),
            steps: STEPS_MAX,
        }
    }

    /// Starts a process with what `init` returned; the actions are taken out of the list.
    pub fn start(
        &mut self,
        start: Start<A, F>,
        init: Init<A>,
        actions: &mut Vec<Action<A>>,
    ) -> Result<ProcessId, Refused<A>> {
        let Start { name, module, functions } = start;
        let machine = Machine::start(module, self.bounds, init, actions);
        let machine = machine.map_err(|reason| reason.map_or(Refused::Ignored, Refused::Stopped))?;
        self.add(name, functions, machine).map_err(Refused::Error)
    }

    /// Goes on with a process that was kept, in this session or another, now or later.
    ///
    /// Errors: `invalid-snapshot`; `limit`; `invalid-argument` for a name that another process has.
    pub fn restore(
        &mut self,
        name: Option<Rc<str>>,
        functions: Option<F>,
        snapshot: Snapshot<A>,
        rearm: Rearm,
        time: Time,
    ) -> Result<ProcessId, Error> {
        let machine = Machine::restore(snapshot, self.bounds, rearm, time.monotonic_ms, time.unix_ms)?;
        let process = self.add(name, functions, machine)?;
        self.look_ahead(process);
        Ok(process)
    }

    fn add(&mut self, name: Option<Rc<str>>, functions: Option<F>, machine: Machine<A>) -> Result<ProcessId, Error> {
        let process = self.schedule.add(name, Process { machine, functions, question: 0, asked: false })?;
        self.schedule.wake(process);
        Ok(process)
    }

    /// Keeps a process, to go on elsewhere. Its data is the host's to keep beside it.
    ///
    /// Errors: `closed`; `invalid-argument` if it has a question open.
    pub fn snapshot(&self, process: ProcessId, time: Time) -> Result<Snapshot<A>, Error>
    where
        A::Event: Clone,
    {
        self.machine(process).ok_or_else(|| no_process(process))?.snapshot(time.monotonic_ms, time.unix_ms)
    }

    /// Sends an event that nobody waits for. To a process that has ended it is lost.
    ///
    /// Errors: `limit` for a full mailbox.
    pub fn cast(&mut self, process: ProcessId, content: A::Event) -> Result<(), Error> {
        self.send(process, Kind::Cast, content)
    }

    /// Sends any other message.
    ///
    /// Errors: as [`Processes::cast`].
    pub fn info(&mut self, process: ProcessId, content: A::Event) -> Result<(), Error> {
        self.send(process, Kind::Info, content)
    }

    /// Asks a process something. The call ends once: by `Reply`, `Expired` or `Ended`, or with [`Processes::leave`].
    ///
    /// Errors: `closed` for a process that has ended (`noproc`); `limit` for a full mailbox.
    pub fn call(
        &mut self,
        now_ms: u64,
        process: ProcessId,
        content: A::Event,
        timeout_ms: Option<u64>,
    ) -> Result<CallId, Error> {
        self.schedule.get(process).ok_or_else(|| no_process(process))?;
        let due_ms = timeout_ms.map(|timeout_ms| now_ms.saturating_add(timeout_ms));
        let call = self.calls.open(process, (), due_ms)?;
        if let Err(error) = self.send(process, Kind::Call(call), content) {
            self.calls.leave(call);
            return Err(error);
        }
        Ok(call)
    }

    /// The caller waits no longer; the event stays. False if the call was over already.
    pub fn leave(&mut self, call: CallId) -> bool {
        self.calls.leave(call).is_some()
    }

    /// Answers a call, whoever it was made to. False if nobody waits for it any more.
    ///
    /// Errors: `invalid-argument` for a call that was answered already, or never made.
    pub fn reply(&mut self, call: CallId, content: A::Reply) -> Result<bool, Error> {
        let waited = self.calls.answer(call)?.is_some();
        if waited {
            self.effects.push_back(Effect::Reply { call, content });
        }
        Ok(waited)
    }

    fn send(&mut self, process: ProcessId, kind: Kind<A::Name>, content: A::Event) -> Result<(), Error> {
        let max = self.bounds.mailbox as u64;
        let Some(running) = self.schedule.get_mut(process) else { return Ok(()) };
        match running.machine.send(kind, content) {
            Ok(()) => self.schedule.wake(process),
            Err(Unsent::Ended) => {}
            Err(Unsent::Full) => return Err(Error::limit("mailbox", max, max + 1)),
        }
        Ok(())
    }

    /// Orders a process to stop, after the messages that wait. False if it has ended.
    pub fn stop(&mut self, process: ProcessId, reason: Reason<A>) -> bool {
        self.order(process, |machine| machine.stop(reason))
    }

    /// Orders a process to take no messages until it is resumed. False if it has ended.
    pub fn suspend(&mut self, process: ProcessId) -> bool {
        self.order(process, Machine::suspend)
    }

    /// Lets a process take messages again. False if it has ended.
    pub fn resume(&mut self, process: ProcessId) -> bool {
        self.order(process, Machine::resume)
    }

    /// Ends a process at once: nothing of its own runs any more. False if it has ended.
    pub fn kill(&mut self, process: ProcessId) -> bool {
        let killed = self.order(process, Machine::kill);
        self.settle(process);
        killed
    }

    fn order(&mut self, process: ProcessId, order: impl FnOnce(&mut Machine<A>)) -> bool {
        let Some(running) = self.schedule.get_mut(process) else { return false };
        order(&mut running.machine);
        self.schedule.wake(process);
        true
    }

    /// Replaces state and mode of a suspended process, as new code wants them. It is no transition.
    ///
    /// Errors: `closed`; `invalid-argument` if it is not suspended, or has a question open.
    pub fn change_code(&mut self, process: ProcessId, state: A::State, mode: Mode) -> Result<(), Error> {
        let running = self.schedule.get_mut(process).ok_or_else(|| no_process(process))?;
        running.machine.change_code(state, mode)?;
        self.schedule.change(process);
        Ok(())
    }

    /// Begins a turn, for a host that carries out each command at once.
    pub fn renew(&mut self) {
        self.steps = STEPS_MAX;
    }

    /// Lets time pass, and begins a turn.
    pub fn advance(&mut self, now_ms: u64) {
        self.renew();
        while let Some(process) = self.schedule.due(now_ms) {
            if let Some(running) = self.schedule.get_mut(process) {
                running.machine.advance(now_ms);
            }
            self.look_ahead(process);
            self.schedule.wake(process);
        }
        while let Some((call, ())) = self.calls.expire(now_ms) {
            self.effects.push_back(Effect::Expired { call });
        }
    }

    /// When to advance; 0 if processes wait for the next turn.
    pub fn next_wake_ms(&self) -> Option<u64> {
        let at_once = (self.steps == 0 && !self.schedule.is_idle()).then_some(0);
        earliest(&[at_once, self.schedule.next_wake_ms(), self.calls.next_wake_ms()])
    }

    /// The next thing for the host to do, after whatever goes on inside before it.
    pub fn next_effect(&mut self, now_ms: u64) -> Option<Effect<A>> {
        loop {
            if let Some(effect) = self.effects.pop_front() {
                return Some(effect);
            }
            if self.steps == 0 {
                return None;
            }
            let process = self.schedule.take()?;
            self.steps -= 1;
            self.run(now_ms, process);
        }
    }

    /// One event of a process that is taken from the queue.
    fn run(&mut self, now_ms: u64, process: ProcessId) {
        let Some(running) = self.schedule.get_mut(process).filter(|running| !running.asked) else { return };
        if let Some(functions) = &mut running.functions
            && let Err(error) = running.machine.transit(now_ms, functions, &mut self.actions)
        {
            self.effects.push_back(Effect::Report(error));
        }
        if running.functions.is_none() && running.machine.ask().is_some() {
            self.ask_host(process);
        }
        self.settle(process);
    }

    fn ask_host(&mut self, process: ProcessId) {
        if let Some(running) = self.schedule.get_mut(process) {
            running.question = running.question.wrapping_add(1);
            running.asked = true;
            self.effects.push_back(Effect::Ask { process, question: running.question });
        }
    }

    /// The question that a process has open.
    pub fn ask(&self, process: ProcessId) -> Option<Ask<'_, A>> {
        self.schedule.get(process).filter(|running| running.asked)?.machine.asked()
    }

    /// The number of the question that a process has open.
    pub fn question(&self, process: ProcessId) -> Option<u32> {
        self.schedule.get(process).filter(|running| running.asked).map(|running| running.question)
    }

    /// Answers the question to handle an event, to leave or to enter a state.
    ///
    /// Errors: `closed`; `invalid-argument` if this is not the question that is open.
    pub fn answer(
        &mut self,
        now_ms: u64,
        process: ProcessId,
        question: u32,
        answer: Return<A>,
        actions: &mut Vec<Action<A>>,
    ) -> Result<(), Error> {
        self.asked(process, question)?.answer(now_ms, answer, actions)?;
        self.answered(process);
        Ok(())
    }

    /// Answers the question how a module is called.
    ///
    /// Errors: as [`Processes::answer`].
    pub fn answer_mode(
        &mut self,
        now_ms: u64,
        process: ProcessId,
        question: u32,
        mode: Result<Mode, A::Term>,
    ) -> Result<(), Error> {
        self.asked(process, question)?.answer_mode(now_ms, mode)?;
        self.answered(process);
        Ok(())
    }

    /// Answers the question to clean up: it is done, or has failed with something.
    ///
    /// Errors: as [`Processes::answer`].
    pub fn answer_terminate(
        &mut self,
        process: ProcessId,
        question: u32,
        failure: Option<A::Term>,
    ) -> Result<(), Error> {
        self.asked(process, question)?.answer_terminate(failure)?;
        self.answered(process);
        Ok(())
    }

    /// The machine whose question is answered.
    fn asked(&mut self, process: ProcessId, question: u32) -> Result<&mut Machine<A>, Error> {
        let running = self.schedule.get_mut(process).ok_or_else(|| no_process(process))?;
        if running.asked && running.question == question {
            return Ok(&mut running.machine);
        }
        let (question, process) = (question.to_string(), process.text());
        let end = " is not open: it was answered, or never asked";
        Err(Error::of(Code::InvalidArgument, &["question ", &question, " of the process ", &process, end]))
    }

    /// What belongs to the same transition is asked before anybody else has a turn.
    fn answered(&mut self, process: ProcessId) {
        let mut goes_on = false;
        if let Some(running) = self.schedule.get_mut(process) {
            running.asked = false;
            goes_on = !running.machine.is_between() && running.machine.has_work();
        }
        if goes_on {
            self.ask_host(process);
        }
        self.settle(process);
    }

    /// Carries out what a machine does to others, and says when it goes on.
    fn settle(&mut self, process: ProcessId) {
        let Some(running) = self.schedule.get_mut(process) else { return };
        let (mut changed, mut ended) = (false, false);
        while let Some(effect) = running.machine.next_effect() {
            match effect {
                machine::Effect::Reply(call, content) => match self.calls.answer(call) {
                    Ok(Some(())) => self.effects.push_back(Effect::Reply { call, content }),
                    Ok(None) => {}
                    Err(error) => self.effects.push_back(Effect::Report(error)),
                },
                machine::Effect::Changed(_) => changed = true,
                machine::Effect::Hibernate => self.effects.push_back(Effect::Hibernate { process }),
                machine::Effect::Ended => ended = true,
            }
        }
        if ended {
            let reason = self.schedule.remove(process).and_then(|running| running.machine.into_ended());
            let calls = self.calls.end(&process).into_iter().map(|(call, ())| call).collect();
            self.effects.push_back(Effect::Ended { process, reason: reason.unwrap_or(Reason::Killed), calls });
            return;
        }
        if !running.asked && running.machine.has_work() {
            self.schedule.wake(process);
        }
        if changed {
            self.schedule.change(process);
        }
        self.look_ahead(process);
    }

    fn look_ahead(&mut self, process: ProcessId) {
        let wake_ms = self.machine(process).and_then(Machine::next_wake_ms);
        self.schedule.wake_at(process, wake_ms);
    }

    /// The machine of a process, to be read: state, waiting and postponed events, timers, the last transitions. `None` if
    /// it has ended.
    pub fn machine(&self, process: ProcessId) -> Option<&Machine<A>> {
        self.schedule.get(process).map(|running| &running.machine)
    }

    /// The functions of a process, if they are inside.
    pub fn functions(&self, process: ProcessId) -> Option<&F> {
        self.schedule.get(process)?.functions.as_ref()
    }

    /// The name of a process.
    pub fn name(&self, process: ProcessId) -> Option<&Rc<str>> {
        self.schedule.name(process)
    }

    /// The process of a name.
    pub fn find(&self, name: &str) -> Option<ProcessId> {
        self.schedule.find(name)
    }

    /// All processes, by place.
    pub fn ids(&self) -> impl Iterator<Item = ProcessId> {
        self.schedule.ids()
    }

    /// Takes a process whose status is to be published: each once, however often it has changed.
    pub fn take_changed(&mut self) -> Option<Changed> {
        self.schedule.take_changed()
    }

    /// Whether there is a status to be published.
    pub fn has_changed(&self) -> bool {
        self.schedule.has_changed()
    }
}

/// Where the status of a process stands: `processes/<name>`, the same wherever and whenever a process of this name runs;
/// without a name `processes/<session>.<id>`.
///
/// Errors: `invalid-key` for a name that is no segment of a key.
pub fn status_key(session: Session, process: ProcessId, name: Option<&str>) -> Result<Key, Error> {
    match name {
        Some(name) => Key::from_segments(["processes", name]),
        None => Key::from_segments(["processes", &[&*session.text(), ".", &process.text()].concat()]),
    }
}
