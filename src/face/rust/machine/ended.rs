//! Why a machine ends, as its users say and hear it.

use crate::process::machine::{Alphabet, Offender, Reason};
use crate::value::Value;
use std::fmt;

/// Why a machine is to stop.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Exit {
    /// It is done.
    #[default]
    Normal,
    /// It is told to.
    Shutdown,
    /// For this reason.
    Because(Value),
}

/// Why a machine has ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// What programs match on: `normal`, `shutdown`, `killed`, `because`, `failed`, `limit`, or how OTP names a wrong answer,
    /// with hyphens: `bad-return-from-state-function`, `bad-action-from-state-function` and their kin.
    pub reason: &'static str,
    /// What belongs to it: the reason that was given, what was panicked, what was returned instead of an answer.
    pub detail: Option<Value>,
}

impl Ended {
    /// Whether nothing went wrong.
    pub fn is_quiet(&self) -> bool {
        ["normal", "shutdown"].contains(&self.reason)
    }

    pub(super) fn of<A: Alphabet<Term = Value>>(reason: &Reason<A>, status: impl Fn(&A::State) -> Value) -> Self {
        let detail = match reason {
            Reason::ShutdownWith(term) | Reason::Because(term) | Reason::Failed(term) => Some(term.clone()),
            Reason::Limit(name, max) => Some(format!("{name} is at most {max}").into()),
            Reason::Bad(_, offender) => Some(match &**offender {
                Offender::Term(term) => term.clone(),
                Offender::State(state) => status(state),
                Offender::Action(action) => action.to_string().into(),
            }),
            Reason::Normal | Reason::Shutdown | Reason::Killed | Reason::Undefined | Reason::BadArgument => None,
        };
        Self { reason: reason.name(), detail }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            None => write!(f, "{}", self.reason),
            Some(Value::Text(text)) => write!(f, "{} ({text})", self.reason),
            Some(detail) => write!(f, "{} ({detail:?})", self.reason),
        }
    }
}

impl Exit {
    pub(super) fn reason<A: Alphabet<Term = Value>>(self) -> Reason<A> {
        match self {
            Self::Normal => Reason::Normal,
            Self::Shutdown => Reason::Shutdown,
            Self::Because(why) => Reason::Because(why),
        }
    }
}
