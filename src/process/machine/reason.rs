//! Why a machine ended.

use super::action::Action;
use super::alphabet::Alphabet;
use crate::value::Value;

/// Why a machine ended, or did not start.
pub enum Reason<A: Alphabet> {
    /// It was done.
    Normal,
    /// It was told to.
    Shutdown,
    /// It was told to, with a word to it.
    ShutdownWith(A::Term),
    /// It was killed: nothing of its own ran.
    Killed,
    /// It said so.
    Because(A::Term),
    /// A function of it has failed: thrown, raised, panicked.
    Failed(A::Term),
    /// There is no function for its state.
    Undefined,
    /// Its state cannot name a function, and each state was to have its own.
    BadArgument,
    /// It needed more than a bound allows; the name of the bound, and what it allows.
    Limit(&'static str, usize),
    /// A function of it gave an answer that is none.
    Bad(Bad, Box<Offender<A>>),
}

/// What was wrong with an answer, as OTP names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// `init` returned something else than it may.
    ReturnFromInit,
    /// A module does not say how it is called.
    ReturnFromCallbackMode,
    /// The function for an event returned something else than it may.
    ReturnFromStateFunction,
    /// An enter call returned another state.
    StateEnterReturn,
    /// An action that is none, or with a wrong argument.
    Action,
    /// An action that an enter call may not return.
    StateEnterAction,
    /// An action beside a stop that is not a reply.
    ReplyAction,
}

/// What was returned instead.
pub enum Offender<A: Alphabet> {
    /// Something that only the host knows.
    Term(A::Term),
    /// An action.
    Action(Action<A>),
    /// A state.
    State(A::State),
}

impl Bad {
    /// The name that OTP gives it, with hyphens.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReturnFromInit => "bad-return-from-init",
            Self::ReturnFromCallbackMode => "bad-return-from-callback-mode",
            Self::ReturnFromStateFunction => "bad-return-from-state-function",
            Self::StateEnterReturn => "bad-state-enter-return-from-state-function",
            Self::Action => "bad-action-from-state-function",
            Self::StateEnterAction => "bad-state-enter-action-from-state-function",
            Self::ReplyAction => "bad-reply-action-from-state-function",
        }
    }
}

impl<A: Alphabet> Reason<A> {
    /// What programs match on.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Shutdown | Self::ShutdownWith(_) => "shutdown",
            Self::Killed => "killed",
            Self::Because(_) => "because",
            Self::Failed(_) => "failed",
            Self::Undefined => "undef",
            Self::BadArgument => "badarg",
            Self::Limit(..) => "limit",
            Self::Bad(bad, _) => bad.name(),
        }
    }

    /// Whether nothing went wrong: nobody needs to be told.
    pub fn is_quiet(&self) -> bool {
        matches!(self, Self::Normal | Self::Shutdown | Self::ShutdownWith(_))
    }

    pub(super) fn bad(bad: Bad, offender: Offender<A>) -> Self {
        Self::Bad(bad, Box::new(offender))
    }
}

impl<A: Alphabet<Term = Value>> Reason<A> {
    /// What belongs to the reason: what was given, failed or returned. `shown` makes a value of a state.
    pub fn detail(&self, shown: impl Fn(&A::State) -> Value) -> Option<Value> {
        match self {
            Self::ShutdownWith(term) | Self::Because(term) | Self::Failed(term) => Some(term.clone()),
            Self::Limit(name, max) => Some(format!("{name} is at most {max}").into()),
            Self::Bad(_, offender) => Some(match &**offender {
                Offender::Term(term) => term.clone(),
                Offender::State(state) => shown(state),
                Offender::Action(action) => action.to_string().into(),
            }),
            Self::Normal | Self::Shutdown | Self::Killed | Self::Undefined | Self::BadArgument => None,
        }
    }
}
