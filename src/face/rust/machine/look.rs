//! What can be read of a machine.

use super::running::{Event, Name, Runnable, State};
use super::{Kind, Machine, Timer};
use crate::error::Error;
use crate::process::machine::trace::Transition;

/// A timeout that is set.
#[derive(Clone, Debug, PartialEq)]
pub struct Running<N, E> {
    /// Which.
    pub timer: Timer<N>,
    /// What it carries.
    pub content: E,
    /// How many milliseconds it still has.
    pub remaining_ms: u64,
}

/// An event that waits for another state.
#[derive(Clone, Debug, PartialEq)]
pub struct Postponed<N, E> {
    /// Where it comes from.
    pub kind: Kind<N>,
    /// What it carries.
    pub content: E,
    /// How many milliseconds ago it was first postponed.
    pub age_ms: u64,
}

/// A transition that was made.
pub type Step<S, N> = Transition<S, N>;

type Timers<B> = Vec<Running<Name<B>, Event<B>>>;
type Waiting<B> = Vec<Postponed<Name<B>, Event<B>>>;
type Trace<B> = Vec<Step<State<B>, Name<B>>>;

impl<B: Runnable> Machine<B> {
    /// The state.
    ///
    /// Errors: `closed`; also with the reason, if the machine has ended. `invalid-argument` inside its own functions, which are
    ///         told what there is to know.
    pub fn state(&self) -> Result<State<B>, Error> {
        self.read(|body| body.machine.state().clone())
    }

    /// How many messages wait in the mailbox.
    ///
    /// Errors: as [`Machine::state`].
    pub fn waiting(&self) -> Result<usize, Error> {
        self.read(|body| body.machine.waiting())
    }

    /// Whether the machine takes no messages until it is resumed.
    ///
    /// Errors: as [`Machine::state`].
    pub fn is_suspended(&self) -> Result<bool, Error> {
        self.read(|body| body.machine.is_suspended())
    }

    /// The timeouts that are set, in the order of setting; those of no time last.
    ///
    /// Errors: as [`Machine::state`].
    pub fn timers(&self) -> Result<Timers<B>, Error>
    where
        Event<B>: Clone,
    {
        let now_ms = self.hall().core()?.time().monotonic_ms;
        self.read(|body| {
            let running = body.machine.timers().map(|running| Running {
                timer: running.timer.clone(),
                content: running.content.clone(),
                remaining_ms: running.due_ms.saturating_sub(now_ms),
            });
            running.collect()
        })
    }

    /// The postponed events, the oldest first.
    ///
    /// Errors: as [`Machine::state`].
    pub fn postponed(&self) -> Result<Waiting<B>, Error>
    where
        Event<B>: Clone,
    {
        let now_ms = self.hall().core()?.time().monotonic_ms;
        self.read(|body| {
            let postponed = body.machine.postponed().iter().map(|event| Postponed {
                kind: event.kind.clone(),
                content: event.content.clone(),
                age_ms: event.age_ms(now_ms),
            });
            postponed.collect()
        })
    }

    /// The last transitions, the oldest first: sixteen at most.
    ///
    /// Errors: as [`Machine::state`].
    pub fn trace(&self) -> Result<Trace<B>, Error> {
        self.read(|body| body.machine.trace().cloned().collect())
    }
}
