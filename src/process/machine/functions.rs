//! Functions that can be called where the machine is: those of a table, or of a face that crosses no border.

use super::action::{Action, Mode, Return};
use super::alphabet::Alphabet;
use super::engine::{Ask, Machine};
use super::event::Event;
use super::reason::Reason;
use crate::error::Error;

/// What a machine asks for, as functions. Actions are added to the list, which is empty.
pub trait Functions<A: Alphabet> {
    /// How a module is called.
    fn mode(&mut self, module: &A::Name) -> Result<Mode, A::Term>;

    /// Handles an event.
    fn handle(&mut self, state: &A::State, event: &Event<A>, actions: &mut Vec<Action<A>>) -> Return<A>;

    /// Leaves a state.
    fn leave(&mut self, _state: &A::State, _next: &A::State, _actions: &mut Vec<Action<A>>) -> Return<A> {
        Return::Keep
    }

    /// Enters a state.
    fn enter(&mut self, _state: &A::State, _old: &A::State, _actions: &mut Vec<Action<A>>) -> Return<A> {
        Return::Keep
    }

    /// Cleans up. Answers with what it has failed with, if it has.
    fn terminate(&mut self, _state: &A::State, _reason: &Reason<A>, _undone: bool) -> Option<A::Term> {
        None
    }
}

/// The functions of a machine whose functions are outside: none.
pub enum Outside {}

impl<A: Alphabet> Functions<A> for Outside {
    fn mode(&mut self, _: &A::Name) -> Result<Mode, A::Term> {
        match *self {}
    }

    fn handle(&mut self, _: &A::State, _: &Event<A>, _: &mut Vec<Action<A>>) -> Return<A> {
        match *self {}
    }
}

impl<A: Alphabet> Machine<A> {
    /// Asks its functions one question, if there is one. False if there was none.
    #[inline]
    pub fn step(
        &mut self,
        now_ms: u64,
        functions: &mut impl Functions<A>,
        actions: &mut Vec<Action<A>>,
    ) -> Result<bool, Error> {
        let Some(ask) = self.ask() else { return Ok(false) };
        let answer = match ask {
            Ask::Mode(module) => {
                let mode = functions.mode(module);
                self.answer_mode(now_ms, mode)?;
                return Ok(true);
            }
            Ask::Terminate { state, reason, undone } => {
                let failure = functions.terminate(state, reason, undone);
                self.answer_terminate(failure)?;
                return Ok(true);
            }
            Ask::Event(state, event) => functions.handle(state, event, actions),
            Ask::Leave { state, next } => functions.leave(state, next, actions),
            Ask::Enter { state, old } => functions.enter(state, old, actions),
        };
        self.answer(now_ms, answer, actions)?;
        Ok(true)
    }

    /// Handles the next event with all that belongs to it: the calls that leave and enter states, or the end.
    #[inline]
    pub fn transit(
        &mut self,
        now_ms: u64,
        functions: &mut impl Functions<A>,
        actions: &mut Vec<Action<A>>,
    ) -> Result<(), Error> {
        while self.step(now_ms, functions, actions)? && !self.is_between() {}
        Ok(())
    }
}
