//! One transition: judging an answer, carrying out its actions, and moving on.

use super::action::{Action, Delay, Mode, Return};
use super::alphabet::Alphabet;
use super::engine::{Bounds, Effect, Machine, Phase};
use super::event::{Event, Timer};
use super::reason::{Bad, Offender, Reason};
use super::timeouts::{Set, Setting};
use super::trace::Transition;
use crate::error::{Code, Error};

/// What a transition being made has gathered. Its lists are reused from one to the next.
pub(super) struct Turn<A: Alphabet> {
    /// The event that is handled; `None` at the start.
    pub event: Option<Event<A>>,
    /// The state after, if it is another.
    pub next: Option<A::State>,
    /// Callback modules in place of the current ones, until the new one has said how it is called.
    pub modules: Option<Vec<A::Name>>,
    /// Actions that are still to be carried out, the last first.
    actions: Vec<Action<A>>,
    /// Whether the actions are those of a leave or an enter call.
    entering: bool,
    /// Whether a leave call follows the actions.
    leave: bool,
    /// Whether an enter call follows them.
    enter: bool,
    postpone: bool,
    hibernate: bool,
    inserted: Vec<Event<A>>,
    /// At most one a kind, in the order of the last mention.
    settings: Vec<Set<A>>,
}

impl<A: Alphabet> Default for Turn<A> {
    fn default() -> Self {
        Self {
            event: None,
            next: None,
            modules: None,
            actions: Vec::new(),
            entering: false,
            leave: false,
            enter: false,
            postpone: false,
            hibernate: false,
            inserted: Vec::new(),
            settings: Vec::new(),
        }
    }
}

impl<A: Alphabet> Turn<A> {
    /// Begins the transition into the first state, with the actions of `init`.
    pub fn begin_start(&mut self, actions: &mut Vec<Action<A>>) {
        self.enter = true;
        self.give(actions);
    }

    fn give(&mut self, actions: &mut Vec<Action<A>>) {
        // The list that was carried out before is empty; the caller gets it back in exchange.
        std::mem::swap(&mut self.actions, actions);
        self.actions.reverse();
    }

    fn set(&mut self, timer: Timer<A::Name>, setting: Setting<A::Event>) {
        if let Some(place) = self.settings.iter().position(|(other, _)| *other == timer) {
            self.settings.remove(place);
        }
        self.settings.push((timer, setting));
    }
}

impl<A: Alphabet> Machine<A> {
    /// Answers [`Ask::Mode`](super::Ask::Mode): how the module is called, or what it returned instead.
    pub fn answer_mode(&mut self, now_ms: u64, mode: Result<Mode, A::Term>) -> Result<(), Error> {
        self.require(self.phase == Phase::Mode)?;
        match mode {
            Ok(mode) => {
                self.mode = mode;
                if let Some(modules) = self.turn.modules.take() {
                    self.modules = modules;
                }
                self.carry_out(now_ms);
            }
            Err(term) => self.terminate(Reason::bad(Bad::ReturnFromCallbackMode, Offender::Term(term)), false),
        }
        Ok(())
    }

    /// Answers [`Ask::Event`](super::Ask::Event), [`Ask::Leave`](super::Ask::Leave) or
    /// [`Ask::Enter`](super::Ask::Enter). The actions are taken out of the list. An answer that is wrong ends the machine; only one to a question that
    /// was not asked is an error.
    #[inline]
    pub fn answer(&mut self, now_ms: u64, answer: Return<A>, actions: &mut Vec<Action<A>>) -> Result<(), Error> {
        self.require(matches!(self.phase, Phase::Event | Phase::Leave | Phase::Enter))?;
        let entering = self.phase != Phase::Event;
        self.turn.entering = entering;
        match answer {
            Return::Keep => {}
            // From a leave call this says nothing: the next state is entered anyway.
            Return::Repeat => self.turn.enter = true,
            Return::Next(state) => {
                if state != *self.turn.next.as_ref().unwrap_or(&self.state) {
                    if entering {
                        self.terminate(Reason::bad(Bad::StateEnterReturn, Offender::State(state)), false);
                        actions.clear();
                        return Ok(());
                    }
                    self.turn.next = Some(state);
                    self.turn.leave = true;
                    self.turn.enter = true;
                }
            }
            other => {
                self.end_with(other, actions);
                return Ok(());
            }
        }
        if !actions.is_empty() {
            self.turn.give(actions);
        }
        self.carry_out(now_ms);
        Ok(())
    }

    /// Answers [`Ask::Terminate`](super::Ask::Terminate): it is cleaned up, or has failed with something.
    pub fn answer_terminate(&mut self, failure: Option<A::Term>) -> Result<(), Error> {
        self.require(self.phase == Phase::Terminate)?;
        if let Some(failure) = failure {
            self.reason = Some(Reason::Failed(failure));
        }
        self.end();
        Ok(())
    }

    /// Replaces state and mode in a suspended machine, as new code wants them. It is no transition.
    pub fn change_code(&mut self, state: A::State, mode: Mode) -> Result<(), Error> {
        if !(self.suspended && self.phase == Phase::Ready && self.queue.is_empty()) {
            return Err(Error::new(
                Code::InvalidArgument,
                "code changes only while the machine is suspended and rests",
            ));
        }
        self.state = state;
        self.mode = mode;
        Ok(())
    }

    fn require(&self, asked: bool) -> Result<(), Error> {
        if asked {
            return Ok(());
        }
        Err(Error::new(Code::InvalidArgument, "this is the answer to a question that the machine has not asked"))
    }

    /// Begins to handle an event.
    #[inline]
    pub(super) fn handle(&mut self, event: Event<A>) {
        self.turn.event = Some(event);
        self.hibernate = false;
        self.call(Phase::Event);
    }

    /// Asks to handle or to enter, if there can be a function for it.
    #[inline]
    fn call(&mut self, phase: Phase) {
        // A state is left by its own function, and entered by its own.
        let state = if phase == Phase::Enter { self.turn.next.as_ref() } else { None };
        if self.mode.state_functions && !A::is_name(state.unwrap_or(&self.state)) {
            self.terminate(Reason::BadArgument, true);
            return;
        }
        self.phase = phase;
    }

    /// Ends because of an answer.
    #[cold]
    #[inline(never)]
    fn end_with(&mut self, answer: Return<A>, actions: &mut Vec<Action<A>>) {
        let (reason, undone) = match answer {
            Return::Stop(reason) => (self.reply_all(actions).unwrap_or(reason), false),
            Return::Bad(term) => (Reason::bad(Bad::ReturnFromStateFunction, Offender::Term(term)), false),
            Return::Failed(term) => (Reason::Failed(term), true),
            Return::Undefined => (Reason::Undefined, true),
            Return::Keep | Return::Repeat | Return::Next(_) => return,
        };
        actions.clear();
        self.terminate(reason, undone);
    }

    /// Sends the replies beside a stop. What is none among them is the reason to end instead.
    fn reply_all(&mut self, actions: &mut Vec<Action<A>>) -> Option<Reason<A>> {
        for action in actions.drain(..) {
            match action {
                Action::Reply(call, content) => self.effects.push_back(Effect::Reply(call, content)),
                other => return Some(Reason::bad(Bad::ReplyAction, Offender::Action(other))),
            }
        }
        None
    }

    /// Carries out actions until they are done, one is wrong, or a module has to be asked something.
    #[inline]
    fn carry_out(&mut self, now_ms: u64) {
        while let Some(action) = self.turn.actions.pop() {
            match self.perform(action) {
                Ok(false) => {}
                Ok(true) => {
                    self.phase = Phase::Mode;
                    return;
                }
                Err(reason) => {
                    self.terminate(reason, false);
                    return;
                }
            }
        }
        if std::mem::take(&mut self.turn.leave) && self.mode.state_leave {
            self.call(Phase::Leave);
            return;
        }
        if std::mem::take(&mut self.turn.enter) && self.mode.state_enter {
            self.call(Phase::Enter);
            return;
        }
        self.commit(now_ms);
    }

    /// Carries out one action. Answers whether a module has to be asked how it is called before the next.
    fn perform(&mut self, action: Action<A>) -> Result<bool, Reason<A>> {
        let refused = |bad, action| Err(Reason::bad(bad, Offender::Action(action)));
        let forbidden = matches!(action, Action::Postpone(true) | Action::NextEvent(..))
            || matches!(action, Action::ChangeModule(_) | Action::PushModule(_))
            || (matches!(action, Action::PopModule) && self.modules.len() > 1);
        if forbidden && self.turn.entering {
            return refused(Bad::StateEnterAction, action);
        }
        match action {
            Action::Reply(call, content) => self.effects.push_back(Effect::Reply(call, content)),
            Action::Postpone(postpone) => self.turn.postpone = postpone,
            Action::Hibernate(hibernate) => self.turn.hibernate = hibernate,
            Action::NextEvent(kind, content) => self.turn.inserted.push(Event::new(kind, content)),
            Action::Start(_, Delay::After(..0), _) => return refused(Bad::Action, action),
            Action::Start(timer, delay, content) => self.turn.set(timer, Setting::Start(delay, content)),
            Action::Cancel(timer) => self.turn.set(timer, Setting::Cancel),
            Action::Update(timer, content) => self.turn.set(timer, Setting::Update(content)),
            Action::ChangeModule(module) => {
                let mut modules = self.modules.clone();
                modules.pop();
                return self.stack(modules, Some(module));
            }
            Action::PushModule(module) => return self.stack(self.modules.clone(), Some(module)),
            Action::PopModule if self.modules.len() > 1 => {
                let mut modules = self.modules.clone();
                modules.pop();
                return self.stack(modules, None);
            }
            Action::PopModule => return refused(Bad::Action, action),
            Action::Bad(term) => return Err(Reason::bad(Bad::Action, Offender::Term(term))),
        }
        Ok(false)
    }

    fn stack(&mut self, mut modules: Vec<A::Name>, top: Option<A::Name>) -> Result<bool, Reason<A>> {
        modules.extend(top);
        if modules.len() > self.bounds.modules {
            return Err(Reason::Limit("modules", self.bounds.modules));
        }
        self.turn.modules = Some(modules);
        Ok(true)
    }

    /// All is known: makes the transition.
    #[inline]
    fn commit(&mut self, now_ms: u64) {
        if let Some(reason) = self.exceeded() {
            self.terminate(reason, false);
            return;
        }
        let event = self.turn.event.take();
        let next = self.turn.next.take();
        // The actions of `init` may say postpone, but there is nothing to postpone.
        let postponed = std::mem::take(&mut self.turn.postpone) && event.is_some();
        self.remember(now_ms, &event, next.as_ref(), postponed);
        if let (true, Some(mut event)) = (postponed, event) {
            event.postponed_ms = Some(event.postponed_ms.unwrap_or(now_ms));
            self.postponed.push(event);
        }
        if let Some(next) = next {
            let old = std::mem::replace(&mut self.state, next);
            self.effects.push_back(Effect::Changed(old));
            while let Some(event) = self.postponed.pop() {
                self.queue.push_front(event);
            }
            self.cancel(&Timer::State);
        }
        self.cancel(&Timer::Event);
        self.set_timeouts(now_ms);
        while let Some(event) = self.turn.inserted.pop() {
            self.queue.push_front(event);
        }
        self.hibernate = std::mem::take(&mut self.turn.hibernate);
        self.phase = Phase::Ready;
    }

    #[inline]
    fn cancel(&mut self, timer: &Timer<A::Name>) {
        if !self.timeouts.is_empty() {
            self.timeouts.cancel(timer);
        }
    }

    #[inline]
    fn set_timeouts(&mut self, now_ms: u64) {
        if self.turn.settings.is_empty() {
            return;
        }
        for (timer, setting) in self.turn.settings.drain(..) {
            if let Some(number) = self.timeouts.set(now_ms, timer, setting) {
                self.mailbox.due(number);
            }
        }
    }

    /// The bound that this transition would exceed, if any.
    #[inline]
    fn exceeded(&self) -> Option<Reason<A>> {
        let Bounds { queue, postponed, timeouts, .. } = self.bounds;
        let turn = &self.turn;
        let held = self.postponed.len() + usize::from(turn.postpone && turn.event.is_some());
        if held > postponed {
            return Some(Reason::Limit("postponed", postponed));
        }
        let replayed = if turn.next.is_some() { held } else { 0 };
        if self.queue.len() + turn.inserted.len() + replayed > queue {
            return Some(Reason::Limit("queue", queue));
        }
        if self.timeouts.len() + turn.settings.len() > timeouts {
            let started = |(timer, setting): &&Set<A>| {
                !matches!(setting, Setting::Cancel | Setting::Start(Delay::Never, _)) && !self.timeouts.is_set(timer)
            };
            if self.timeouts.len() + turn.settings.iter().filter(started).count() > timeouts {
                return Some(Reason::Limit("timeouts", timeouts));
            }
        }
        None
    }

    #[inline]
    fn remember(&mut self, now_ms: u64, event: &Option<Event<A>>, next: Option<&A::State>, postponed: bool) {
        if self.trace.is_kept() {
            let kind = event.as_ref().map(|event| event.kind.clone());
            let state = next.unwrap_or(&self.state).clone();
            self.trace.add(Transition { at_ms: now_ms, kind, state, changed: next.is_some(), postponed });
        }
    }
}
