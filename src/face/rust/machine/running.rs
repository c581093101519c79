//! A machine that runs, and the part of the loop that runs it.

use super::super::core::Core;
use super::call::{Call, OpenCalls, Waiter, timed_out};
use super::ended::Ended;
use crate::error::{Code, Error};
use crate::kernel::processes::status_key;
use crate::process::call::Calls;
use crate::process::machine::{Action, Alphabet, Effect, Functions, Kind, Machine, Reason, Unsent};
use crate::process::schedule::ProcessId;
use crate::timer::earliest;
use crate::value::Value;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::Waker;

/// What can run: a behaviour, or a table.
pub trait Runnable: 'static {
    /// What its machine moves.
    type Alphabet: Alphabet<Term = Value> + 'static;
    /// Its functions.
    type Functions: Functions<Self::Alphabet> + Hosting + 'static;

    /// What the hall shows of a state.
    fn status(state: &<Self::Alphabet as Alphabet>::State) -> Value;
}

/// What functions are told, and tell, besides what they are asked.
pub trait Hosting {
    /// Which process they are of.
    fn run_as(&mut self, _process: ProcessId) {}

    /// What has panicked since this was last asked.
    fn take_failure(&mut self) -> Option<Error> {
        None
    }
}

/// A process, whatever its types are.
pub(in crate::face::rust) trait Process {
    /// Handles one event.
    fn run(&self, core: &Core, now_ms: u64);
    /// Lets time pass.
    fn advance(&self, core: &Core, now_ms: u64);
    /// Ends it at once.
    fn kill(&self, core: &Core);
    /// What the hall shows of it, and who shows it.
    fn status(&self) -> Option<(Value, Rc<str>)>;
    /// Its open calls, to be answered by whoever knows the type of the reply.
    fn calls(&self) -> Rc<dyn Any>;
}

pub(super) type State<B> = <<B as Runnable>::Alphabet as Alphabet>::State;
pub(super) type Event<B> = <<B as Runnable>::Alphabet as Alphabet>::Event;
pub(super) type Reply<B> = <<B as Runnable>::Alphabet as Alphabet>::Reply;
pub(super) type Name<B> = <<B as Runnable>::Alphabet as Alphabet>::Name;

/// A machine with its functions.
pub(super) struct Body<B: Runnable> {
    pub(super) machine: Machine<B::Alphabet>,
    /// None once it has ended, so that what they hold is dropped.
    pub(super) functions: Option<B::Functions>,
    actions: Vec<Action<B::Alphabet>>,
}

/// What comes while the machine is borrowed.
enum Meanwhile<A: Alphabet> {
    Message(Kind<A::Name>, A::Event),
    Stop(Reason<A>),
    Suspend,
    Resume,
    Kill,
}

/// One process of a behaviour or a table.
pub(super) struct Running<B: Runnable> {
    pub(super) id: Cell<ProcessId>,
    pub(super) name: Option<Rc<str>>,
    origin: Rc<str>,
    pub(super) body: RefCell<Body<B>>,
    pub(super) calls: OpenCalls<Reply<B>>,
    inbox: RefCell<VecDeque<Meanwhile<B::Alphabet>>>,
    /// How many messages the inbox may still take while the machine is borrowed.
    room: Cell<usize>,
    ended: RefCell<Option<Ended>>,
}

impl<B: Runnable> Running<B> {
    /// Gives a machine its place.
    ///
    /// Errors: `limit`; `invalid-argument` for a name that is taken; `invalid-key` for one that is no segment of a key.
    pub(super) fn begin(
        core: &Core,
        name: Option<Rc<str>>,
        origin: Rc<str>,
        machine: Machine<B::Alphabet>,
        functions: B::Functions,
    ) -> Result<Rc<Self>, Error> {
        let key = status_key(core.with(|kernel| kernel.session()), ProcessId(0), name.as_deref())?;
        core.with(|kernel| kernel.check_key(&key))?;
        let calls = Calls::new(core.processes.bounds.mailbox.saturating_add(core.processes.bounds.postponed));
        let body = Body { machine, functions: Some(functions), actions: Vec::new() };
        let running = Rc::new(Self {
            id: Cell::new(ProcessId(0)),
            name: name.clone(),
            origin,
            body: RefCell::new(body),
            calls: Rc::new(RefCell::new(calls)),
            inbox: RefCell::default(),
            room: Cell::new(0),
            ended: RefCell::default(),
        });
        let mut schedule = core.processes.schedule.borrow_mut();
        let id = schedule.add(name, running.clone())?;
        running.id.set(id);
        if let Ok(mut body) = running.body.try_borrow_mut()
            && let Some(functions) = &mut body.functions
        {
            functions.run_as(id);
        }
        schedule.wake(id);
        drop(schedule);
        running.look_ahead(core);
        Ok(running)
    }

    /// Sends an event. One that is sent by a function of this very machine waits until that has returned.
    #[inline]
    pub(super) fn send(&self, core: &Core, kind: Kind<Name<B>>, content: Event<B>) -> Result<(), Unsent> {
        match self.body.try_borrow_mut() {
            Ok(mut body) => body.machine.send(kind, content)?,
            Err(_) => {
                let room = self.room.get().checked_sub(1).ok_or(Unsent::Full)?;
                self.room.set(room);
                self.inbox.borrow_mut().push_back(Meanwhile::Message(kind, content));
            }
        }
        core.processes.schedule.borrow_mut().wake(self.id.get());
        Ok(())
    }

    /// Opens a call and sends its event.
    ///
    /// Errors: `closed`, `limit`.
    pub(super) fn call(
        &self,
        core: &Core,
        content: Event<B>,
        timeout_ms: Option<u64>,
    ) -> Result<Call<Reply<B>>, Error> {
        let due_ms = timeout_ms.map(|timeout_ms| core.time().monotonic_ms.saturating_add(timeout_ms));
        if let Some(error) = self.gone() {
            return Err(error);
        }
        let waiter = Waiter::new();
        let call = self.calls.borrow_mut().open((), waiter.clone(), due_ms)?;
        if let Err(unsent) = self.send(core, Kind::Call(call), content) {
            self.calls.borrow_mut().leave(call);
            return Err(self.refusal(core, unsent));
        }
        if due_ms.is_some() {
            self.look_ahead(core);
        }
        Ok(Call::new(self.calls.clone(), call, waiter))
    }

    /// The error of a message that was not taken.
    pub(super) fn refusal(&self, core: &Core, unsent: Unsent) -> Error {
        let max = core.processes.bounds.mailbox as u64;
        match unsent {
            Unsent::Full => Error::limit("mailbox", max, max + 1),
            Unsent::Ended => self.gone().unwrap_or_else(|| self.over("noproc")),
        }
    }

    /// The error of asking a machine that has ended.
    pub(super) fn gone(&self) -> Option<Error> {
        let ended = self.ended.borrow();
        ended.as_ref().map(|ended| self.over(&format!("noproc: it has ended for {ended}")))
    }

    fn over(&self, why: &str) -> Error {
        let name = self.name.as_ref().map(|name| format!("{name:?}")).unwrap_or_else(|| self.id.get().to_string());
        Error::new(Code::Closed, format!("the machine {name}: {why}"))
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended.borrow().clone()
    }

    pub(super) fn stop(&self, core: &Core, reason: Reason<B::Alphabet>) {
        self.order(core, Meanwhile::Stop(reason));
    }

    pub(super) fn suspend(&self, core: &Core) {
        self.order(core, Meanwhile::Suspend);
    }

    pub(super) fn resume(&self, core: &Core) {
        self.order(core, Meanwhile::Resume);
    }

    fn order(&self, core: &Core, order: Meanwhile<B::Alphabet>) {
        self.inbox.borrow_mut().push_back(order);
        if let Ok(mut body) = self.body.try_borrow_mut() {
            self.take_inbox(&mut body);
        }
        core.processes.schedule.borrow_mut().wake(self.id.get());
    }

    /// Hands the machine what came while it was borrowed.
    fn take_inbox(&self, body: &mut Body<B>) {
        let mut inbox = self.inbox.borrow_mut();
        while let Some(meanwhile) = inbox.pop_front() {
            match meanwhile {
                // The room for it was counted.
                Meanwhile::Message(kind, content) => drop(body.machine.send(kind, content)),
                Meanwhile::Stop(reason) => body.machine.stop(reason),
                Meanwhile::Suspend => body.machine.suspend(),
                Meanwhile::Resume => body.machine.resume(),
                Meanwhile::Kill => body.machine.kill(),
            }
        }
    }

    /// Carries out what the machine does to others, and says when it goes on.
    fn settle(&self, core: &Core) {
        let mut wakers = Vec::new();
        let (mut changed, mut ended, mut report) = (false, false, None);
        let Ok(mut body) = self.body.try_borrow_mut() else { return };
        if !self.inbox.borrow().is_empty() {
            self.take_inbox(&mut body);
        }
        while let Some(effect) = body.machine.next_effect() {
            match effect {
                Effect::Reply(call, content) => match self.calls.borrow_mut().answer(call) {
                    Ok(waiter) => wakers.extend(waiter.and_then(|waiter| waiter.end(Ok(content)))),
                    Err(error) => report = Some(error),
                },
                Effect::Changed(_) => changed = true,
                Effect::Hibernate => body.actions.shrink_to_fit(),
                Effect::Ended => ended = true,
            }
        }
        let failure = body.functions.as_mut().and_then(Hosting::take_failure);
        if ended {
            let gone = self.end(core, &mut body, &mut wakers);
            drop(body);
            core.isolate("a machine that is dropped", || drop(gone));
        } else {
            let goes_on = body.machine.has_work();
            let wake_ms = self.wake_ms(&body);
            drop(body);
            let mut schedule = core.processes.schedule.borrow_mut();
            if goes_on {
                schedule.wake(self.id.get());
            }
            if changed {
                schedule.change(self.id.get());
            }
            schedule.wake_at(self.id.get(), wake_ms);
        }
        for error in failure.into_iter().chain(report) {
            core.report(&error);
        }
        wake_all(core, wakers);
    }

    /// Takes an ended machine out. What is returned is dropped when nothing is borrowed.
    fn end(
        &self,
        core: &Core,
        body: &mut Body<B>,
        wakers: &mut Vec<Waker>,
    ) -> (Option<Rc<dyn Process>>, Option<B::Functions>) {
        let ended = body.machine.ended().map(|reason| Ended::of(reason, B::status));
        *self.ended.borrow_mut() = ended;
        let error = self.gone().unwrap_or_else(|| self.over("noproc"));
        for (_, waiter) in self.calls.borrow_mut().end(&()) {
            wakers.extend(waiter.end(Err(error.clone())));
        }
        let gone = core.processes.schedule.borrow_mut().remove(self.id.get());
        (gone, body.functions.take())
    }

    fn wake_ms(&self, body: &Body<B>) -> Option<u64> {
        earliest(&[body.machine.next_wake_ms(), self.calls.borrow().next_wake_ms()])
    }

    fn look_ahead(&self, core: &Core) {
        // A machine that is borrowed is looked after when it is given back.
        let Ok(body) = self.body.try_borrow() else { return };
        let wake_ms = self.wake_ms(&body);
        core.processes.schedule.borrow_mut().wake_at(self.id.get(), wake_ms);
    }
}

impl<B: Runnable> Process for Running<B> {
    fn run(&self, core: &Core, now_ms: u64) {
        if let Ok(mut body) = self.body.try_borrow_mut() {
            // What is handled now does not wait any more.
            let _ = body.machine.ask();
            self.room.set(core.processes.bounds.mailbox.saturating_sub(body.machine.waiting()));
            let Body { machine, functions, actions } = &mut *body;
            if let Some(functions) = functions
                && let Err(error) = machine.transit(now_ms, functions, actions)
            {
                core.report(&error);
            }
        }
        self.settle(core);
    }

    fn advance(&self, core: &Core, now_ms: u64) {
        let mut wakers = Vec::new();
        if let Ok(mut body) = self.body.try_borrow_mut() {
            body.machine.advance(now_ms);
        }
        while let Some((_, waiter)) = { self.calls.borrow_mut().expire(now_ms) } {
            wakers.extend(waiter.end(Err(timed_out())));
        }
        self.look_ahead(core);
        core.processes.schedule.borrow_mut().wake(self.id.get());
        wake_all(core, wakers);
    }

    fn kill(&self, core: &Core) {
        self.order(core, Meanwhile::Kill);
        self.settle(core);
    }

    fn status(&self) -> Option<(Value, Rc<str>)> {
        let body = self.body.try_borrow().ok()?;
        Some((B::status(body.machine.state()), self.origin.clone()))
    }

    fn calls(&self) -> Rc<dyn Any> {
        self.calls.clone()
    }
}

fn wake_all(core: &Core, wakers: Vec<Waker>) {
    for waker in wakers {
        core.isolate("a waker", || waker.wake());
    }
}
