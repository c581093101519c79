//! Events and the timers that make some of them.

use super::alphabet::Alphabet;
use crate::process::call::CallId;

/// Where an event comes from. `enter` is not one: it is a question of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind<N> {
    /// Somebody waits for a reply.
    Call(CallId),
    /// Nobody waits for a reply.
    Cast,
    /// Any other message.
    Info,
    /// Inserted by the machine itself.
    Internal,
    /// The event timeout.
    Timeout,
    /// The state timeout.
    StateTimeout,
    /// A generic timeout.
    Named(N),
}

impl<N> Kind<N> {
    /// What transcripts and tables call it; generic timeouts have names besides.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Call(_) => "call",
            Self::Cast => "cast",
            Self::Info => "info",
            Self::Internal => "internal",
            Self::Timeout | Self::Named(_) => "timeout",
            Self::StateTimeout => "state-timeout",
        }
    }
}

/// The three kinds of timeout. A machine has at most one of each kind and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Timer<N> {
    /// Ends with any event.
    Event,
    /// Ends with a change of state.
    State,
    /// Ends only when told to.
    Named(N),
}

impl<N: Clone> Timer<N> {
    /// The kind of the event that it makes.
    pub fn kind(&self) -> Kind<N> {
        match self {
            Self::Event => Kind::Timeout,
            Self::State => Kind::StateTimeout,
            Self::Named(name) => Kind::Named(name.clone()),
        }
    }
}

/// Something that happened to a machine.
pub struct Event<A: Alphabet + ?Sized> {
    /// Where it comes from.
    pub kind: Kind<A::Name>,
    /// What it carries.
    pub content: A::Event,
    /// When it was first postponed: a reading of the clock, from before its start if it was kept in another session.
    pub postponed_ms: Option<u64>,
}

impl<A: Alphabet> Event<A> {
    /// An event that was not postponed yet.
    pub fn new(kind: Kind<A::Name>, content: A::Event) -> Self {
        Self { kind, content, postponed_ms: None }
    }

    /// How long ago it was first postponed; 0 if it was not.
    pub fn age_ms(&self, now_ms: u64) -> u64 {
        let age_ms = |since_ms| u64::try_from(now_ms.wrapping_sub(since_ms).cast_signed()).unwrap_or(0);
        self.postponed_ms.map_or(0, age_ms)
    }
}

impl<A: Alphabet> Clone for Event<A>
where
    A::Event: Clone,
{
    fn clone(&self) -> Self {
        Self { kind: self.kind.clone(), content: self.content.clone(), postponed_ms: self.postponed_ms }
    }
}
