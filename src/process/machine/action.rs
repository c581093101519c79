//! What a user's function answers.

use super::alphabet::Alphabet;
use super::event::{Kind, Timer};
use super::reason::Reason;
use crate::process::call::CallId;
use std::fmt;

/// How the functions of a callback module are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// A function for each state, which must be a name; otherwise one function for all.
    pub state_functions: bool,
    /// Whether states are entered with a call.
    pub state_enter: bool,
    /// Whether states are left with a call, before the next is entered.
    pub state_leave: bool,
}

/// What `init` returned.
pub enum Init<A: Alphabet> {
    /// The machine starts in this state.
    Ok(A::State),
    /// There is nothing to start, and nothing wrong.
    Ignore,
    /// The machine does not start.
    Stop(Reason<A>),
    /// It returned something else.
    Bad(A::Term),
    /// It has failed.
    Failed(A::Term),
}

/// What the function for an event or an enter call returned.
pub enum Return<A: Alphabet> {
    /// Go on in this state; a change if it is another.
    Next(A::State),
    /// Go on in the same state.
    Keep,
    /// Go on in the same state, and enter it again.
    Repeat,
    /// End, after the replies among the actions; nothing else may be among them.
    Stop(Reason<A>),
    /// It returned something else.
    Bad(A::Term),
    /// It has failed.
    Failed(A::Term),
    /// There is no such function.
    Undefined,
}

/// One thing to do in a transition. Of options, the last of a kind wins; replies and events add up.
pub enum Action<A: Alphabet> {
    /// Answer a call, now.
    Reply(CallId, A::Reply),
    /// Whether to handle the event again after the next change of state.
    Postpone(bool),
    /// Insert an event before all that wait.
    NextEvent(Kind<A::Name>, A::Event),
    /// Whether to give up what can be rebuilt before waiting.
    Hibernate(bool),
    /// Start a timeout, in place of a running one of this kind.
    Start(Timer<A::Name>, Delay, A::Event),
    /// End a timeout, if it runs.
    Cancel(Timer<A::Name>),
    /// Change what a running timeout carries; one that does not run comes at once.
    Update(Timer<A::Name>, A::Event),
    /// Put a callback module in place of the current one.
    ChangeModule(A::Name),
    /// Put a callback module before the current one.
    PushModule(A::Name),
    /// Go back to the callback module before.
    PopModule,
    /// Something that is no action.
    Bad(A::Term),
}

/// When a timeout comes. Milliseconds are signed because users pass what they like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// So many milliseconds from now. Negative ones are a bad action.
    After(i64),
    /// At a reading of the monotonic clock. One that has passed is due at once.
    At(i64),
    /// Never: ends a running one.
    Never,
}

/// For people: what it does, without contents and names, which only the host can show.
impl<A: Alphabet> fmt::Display for Action<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(call, _) => write!(f, "reply to {call}"),
            Self::Postpone(_) => write!(f, "postpone"),
            Self::NextEvent(kind, _) => write!(f, "insert {}", kind.name()),
            Self::Hibernate(_) => write!(f, "hibernate"),
            Self::Start(timer, delay, _) => write!(f, "start {} {delay}", timer.kind().name()),
            Self::Cancel(timer) => write!(f, "cancel {}", timer.kind().name()),
            Self::Update(timer, _) => write!(f, "update {}", timer.kind().name()),
            Self::ChangeModule(_) => write!(f, "change module"),
            Self::PushModule(_) => write!(f, "push module"),
            Self::PopModule => write!(f, "pop module"),
            Self::Bad(_) => write!(f, "no action"),
        }
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::After(ms) => write!(f, "{ms}"),
            Self::At(ms) => write!(f, "at {ms}"),
            Self::Never => write!(f, "never"),
        }
    }
}
