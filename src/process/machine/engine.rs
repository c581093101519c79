//! The machine: what waits, what is asked next, and what can be read.

use super::action::{Action, Init, Mode};
use super::alphabet::Alphabet;
use super::event::{Event, Kind, Timer};
use super::reason::{Bad, Offender, Reason};
use super::timeouts::{Running, Timeouts};
use super::trace::{Trace, Transition};
use super::transition::Turn;
use crate::process::call::CallId;
use crate::process::mailbox::{Item, Mailbox};
use std::collections::VecDeque;

/// What a machine may grow to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Messages in the mailbox; a sender is told when it is full.
    pub mailbox: usize,
    /// Events that wait inside: inserted ones, and those that replay. More end the machine.
    pub queue: usize,
    /// Postponed events. More end the machine.
    pub postponed: usize,
    /// Timeouts. More end the machine.
    pub timeouts: usize,
    /// Callback modules on one another. More end the machine.
    pub modules: usize,
    /// Transitions that are remembered.
    pub trace: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { mailbox: 10_000, queue: 20_000, postponed: 10_000, timeouts: 1_000, modules: 16, trace: 16 }
    }
}

/// What a machine wants to know from its host. It says the same until it is answered.
pub enum Ask<'a, A: Alphabet> {
    /// How this module is called. Asked each time when it becomes the current one.
    Mode(&'a A::Name),
    /// Handle an event.
    Event(&'a A::State, &'a Event<A>),
    /// Leave a state. Only asked of a module that wants it; OTP has no such call.
    Leave {
        /// The state that is left.
        state: &'a A::State,
        /// The state after.
        next: &'a A::State,
    },
    /// Enter a state.
    Enter {
        /// The state that is entered.
        state: &'a A::State,
        /// The state before; the same at the start and at a repeat.
        old: &'a A::State,
    },
    /// Clean up, for this reason.
    Terminate {
        /// The last state.
        state: &'a A::State,
        /// Why it ends.
        reason: &'a Reason<A>,
        /// Whether the transition that was being made is undone, and with it what it did to the data.
        undone: bool,
    },
}

/// What a machine does to others.
pub enum Effect<A: Alphabet> {
    /// A call is answered.
    Reply(CallId, A::Reply),
    /// The state is another now; this was the one before.
    Changed(A::State),
    /// The machine waits, and asked to be made small until something comes.
    Hibernate,
    /// The machine has ended: [`Machine::ended`] says why.
    Ended,
}

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// The mailbox is full.
    Full,
    /// The machine has ended.
    Ended,
}

/// What comes through the mailbox and is no event.
pub(super) enum Order<A: Alphabet> {
    Stop(Reason<A>),
    Suspend,
    Resume,
}

/// Where a machine stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It can take the next event.
    Ready,
    /// It has asked how a module is called.
    Mode,
    /// It has asked to handle an event.
    Event,
    /// It has asked to leave a state.
    Leave,
    /// It has asked to enter a state.
    Enter,
    /// It has asked to clean up.
    Terminate,
    /// It has ended.
    Ended,
}

/// One machine. See the module.
pub struct Machine<A: Alphabet> {
    pub(super) bounds: Bounds,
    pub(super) phase: Phase,
    pub(super) suspended: bool,
    /// Callback modules, the current one last. Never empty.
    pub(super) modules: Vec<A::Name>,
    pub(super) mode: Mode,
    pub(super) state: A::State,
    pub(super) mailbox: Mailbox<Event<A>, Order<A>>,
    pub(super) queue: VecDeque<Event<A>>,
    pub(super) postponed: Vec<Event<A>>,
    pub(super) timeouts: Timeouts<A>,
    pub(super) turn: Turn<A>,
    pub(super) hibernate: bool,
    pub(super) reason: Option<Reason<A>>,
    pub(super) undone: bool,
    pub(super) effects: VecDeque<Effect<A>>,
    pub(super) trace: Trace<A::State, A::Name>,
}

impl<A: Alphabet> Machine<A> {
    /// Starts a machine with what `init` returned; its actions are taken out of the list. An error is
    /// the reason why there is no machine; without one there was nothing to start.
    pub fn start(
        module: A::Name,
        bounds: Bounds,
        init: Init<A>,
        actions: &mut Vec<Action<A>>,
    ) -> Result<Self, Option<Reason<A>>> {
        let state = match init {
            Init::Ok(state) => state,
            Init::Ignore => return Err(None),
            Init::Stop(reason) => return Err(Some(reason)),
            Init::Bad(term) => return Err(Some(Reason::bad(Bad::ReturnFromInit, Offender::Term(term)))),
            Init::Failed(term) => return Err(Some(Reason::Failed(term))),
        };
        let mut machine = Self::resting(vec![module], Mode::default(), bounds, state);
        machine.turn.begin_start(actions);
        machine.phase = Phase::Mode;
        Ok(machine)
    }

    /// A machine to which nothing has happened.
    pub(super) fn resting(modules: Vec<A::Name>, mode: Mode, bounds: Bounds, state: A::State) -> Self {
        Self {
            bounds,
            phase: Phase::Ready,
            suspended: false,
            modules,
            mode,
            state,
            mailbox: Mailbox::new(bounds.mailbox),
            queue: VecDeque::new(),
            postponed: Vec::new(),
            timeouts: Timeouts::default(),
            turn: Turn::default(),
            hibernate: false,
            reason: None,
            undone: false,
            effects: VecDeque::new(),
            trace: Trace::new(bounds.trace),
        }
    }

    /// Puts a message into the mailbox: a call, a cast, or any other.
    pub fn send(&mut self, kind: Kind<A::Name>, content: A::Event) -> Result<(), Unsent> {
        if self.reason.is_some() {
            return Err(Unsent::Ended);
        }
        self.mailbox.send(Event::new(kind, content)).map_err(|_| Unsent::Full)
    }

    /// Orders the machine to stop, after the messages that wait; at once if it is suspended.
    pub fn stop(&mut self, reason: Reason<A>) {
        self.order(Order::Stop(reason));
    }

    /// Orders the machine to take no message after those that wait now.
    pub fn suspend(&mut self) {
        self.order(Order::Suspend);
    }

    /// Lets a suspended machine go on.
    pub fn resume(&mut self) {
        self.order(Order::Resume);
    }

    fn order(&mut self, order: Order<A>) {
        if self.reason.is_none() {
            self.mailbox.order(order);
        }
    }

    /// Ends the machine now; nothing of its own runs any more.
    pub fn kill(&mut self) {
        if self.phase != Phase::Ended {
            self.reason = Some(Reason::Killed);
            self.end();
        }
    }

    /// Moves the timers that came due into the mailbox.
    pub fn advance(&mut self, now_ms: u64) {
        while let Some(number) = self.timeouts.fire(now_ms) {
            self.mailbox.due(number);
        }
    }

    /// When the machine next wants to be advanced.
    pub fn next_wake_ms(&self) -> Option<u64> {
        self.timeouts.next_ms()
    }

    /// Goes on until there is something to ask; `None` if the machine waits, or has ended.
    #[inline]
    pub fn ask(&mut self) -> Option<Ask<'_, A>> {
        while self.phase == Phase::Ready {
            let Some(event) = self.take() else {
                if self.phase != Phase::Ready {
                    break;
                }
                self.rest();
                return None;
            };
            self.handle(event);
        }
        self.asked()
    }

    /// What is asked now, without going on.
    pub fn asked(&self) -> Option<Ask<'_, A>> {
        let entered = || self.turn.next.as_ref().unwrap_or(&self.state);
        match self.phase {
            Phase::Ready | Phase::Ended => None,
            Phase::Mode => Some(Ask::Mode(self.turn.modules.as_ref().unwrap_or(&self.modules).last()?)),
            Phase::Event => Some(Ask::Event(&self.state, self.turn.event.as_ref()?)),
            Phase::Leave => Some(Ask::Leave { state: &self.state, next: entered() }),
            Phase::Enter => Some(Ask::Enter { state: entered(), old: &self.state }),
            Phase::Terminate => {
                Some(Ask::Terminate { state: &self.state, reason: self.reason.as_ref()?, undone: self.undone })
            }
        }
    }

    /// Whether it rests between two transitions: it has no question open, and has not ended.
    #[inline]
    pub fn is_between(&self) -> bool {
        self.phase == Phase::Ready
    }

    /// Whether [`Machine::ask`] has something to do.
    #[inline]
    pub fn has_work(&self) -> bool {
        match self.phase {
            Phase::Ready if !self.queue.is_empty() || self.hibernate || self.timeouts.has_zero() => true,
            Phase::Ready if self.suspended => self.mailbox.has_orders(),
            Phase::Ready => !self.mailbox.is_empty(),
            Phase::Ended => false,
            _ => true,
        }
    }

    /// Takes the next effect.
    #[inline]
    pub fn next_effect(&mut self) -> Option<Effect<A>> {
        self.effects.pop_front()
    }

    /// The event to handle next: those inside, then zero timeouts, then the mailbox.
    #[inline]
    fn take(&mut self) -> Option<Event<A>> {
        if let Some(event) = self.queue.pop_front() {
            return Some(event);
        }
        if let Some(event) = self.timeouts.take_zero() {
            return Some(event);
        }
        self.receive()
    }

    fn receive(&mut self) -> Option<Event<A>> {
        loop {
            let order = if self.suspended {
                self.mailbox.take_order()?
            } else {
                match self.mailbox.take()? {
                    Item::Message(event) => return Some(event),
                    Item::Due(number) => match self.timeouts.take(number) {
                        Some(event) => return Some(event),
                        None => continue,
                    },
                    Item::Order(order) => order,
                }
            };
            match order {
                Order::Suspend => self.suspended = true,
                Order::Resume => self.suspended = false,
                Order::Stop(reason) => {
                    self.terminate(reason, false);
                    return None;
                }
            }
        }
    }

    /// Waits. A machine that asked to hibernate gives up its places and says so, once.
    #[inline]
    fn rest(&mut self) {
        if self.hibernate && self.mailbox.is_empty() {
            self.hibernate = false;
            self.queue.shrink_to_fit();
            self.postponed.shrink_to_fit();
            self.mailbox.shrink();
            self.effects.push_back(Effect::Hibernate);
        }
    }

    /// Asks to clean up. `undone` says that the transition being made, if any, did not happen.
    #[cold]
    #[inline(never)]
    pub(super) fn terminate(&mut self, reason: Reason<A>, undone: bool) {
        let next = self.turn.next.take();
        if let (Some(next), false) = (next, undone) {
            self.state = next;
        }
        self.reason = Some(reason);
        self.undone = undone;
        self.phase = Phase::Terminate;
        self.drop_waiting();
    }

    pub(super) fn end(&mut self) {
        self.drop_waiting();
        self.phase = Phase::Ended;
        self.effects.push_back(Effect::Ended);
    }

    fn drop_waiting(&mut self) {
        self.queue = VecDeque::new();
        self.postponed = Vec::new();
        self.timeouts = Timeouts::default();
        self.turn = Turn::default();
        self.mailbox.clear();
    }

    /// The state; during a transition the one before.
    pub fn state(&self) -> &A::State {
        &self.state
    }

    /// The current callback module.
    pub fn module(&self) -> Option<&A::Name> {
        self.modules.last()
    }

    /// Why the machine ended, if it has.
    pub fn ended(&self) -> Option<&Reason<A>> {
        if self.phase == Phase::Ended { self.reason.as_ref() } else { None }
    }

    /// Why the machine ended, if it has.
    pub fn into_ended(self) -> Option<Reason<A>> {
        if self.phase == Phase::Ended { self.reason } else { None }
    }

    /// Whether the machine takes no messages until it is resumed.
    pub fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// The postponed events, the oldest first; each says when it was first postponed.
    pub fn postponed(&self) -> &[Event<A>] {
        &self.postponed
    }

    /// How many messages wait in the mailbox.
    pub fn waiting(&self) -> usize {
        self.mailbox.len()
    }

    /// The timers that run, in the order of setting.
    pub fn timers(&self) -> impl Iterator<Item = &Running<A>> {
        self.timeouts.running()
    }

    /// How many milliseconds a timeout still has; `None` if it is not set.
    pub fn remaining_ms(&self, timer: &Timer<A::Name>, now_ms: u64) -> Option<u64> {
        let running = self.timeouts.running().find(|running| running.timer == *timer);
        let zero = || self.timeouts.zero().any(|(other, _)| other == timer).then_some(0);
        running.map(|running| running.due_ms.saturating_sub(now_ms)).or_else(zero)
    }

    /// Everything that the machine refers to between two transitions, where all that it moves is of one kind.
    pub fn contents<W: Copy>(&self, see: &mut dyn FnMut(W))
    where
        A: Alphabet<State = W, Event = W, Name = W, Term = W>,
    {
        see(self.state);
        self.modules.iter().for_each(|module| see(*module));
        let mut named = |kind: &Kind<W>| {
            if let Kind::Named(name) = kind {
                see(*name);
            }
        };
        for transition in self.trace.iter() {
            transition.kind.iter().for_each(&mut named);
        }
        let mut events: Vec<W> = self.trace.iter().map(|transition| transition.state).collect();
        for event in self.queue.iter().chain(&self.postponed).chain(self.mailbox.messages()) {
            named(&event.kind);
            events.push(event.content);
        }
        let running = self.timeouts.running().map(|running| (&running.timer, running.content));
        for (timer, content) in running.chain(self.timeouts.zero().map(|(timer, content)| (timer, *content))) {
            named(&timer.kind());
            events.push(content);
        }
        events.into_iter().for_each(see);
    }

    /// The last transitions, the oldest first.
    pub fn trace(&self) -> impl Iterator<Item = &Transition<A::State, A::Name>> {
        self.trace.iter()
    }
}
