//! What the contents of a machine are.

/// The kinds of things that a machine moves. It looks only at what has a bound here.
pub trait Alphabet {
    /// A state. Equal states are the same state, so equality is strict: 1 is not 1.0.
    type State: Clone + PartialEq;
    /// What an event carries.
    type Event;
    /// What a caller gets.
    type Reply;
    /// The name of a timeout or of a callback module.
    type Name: Clone + PartialEq;
    /// What a host says about a failure: what was thrown, what was returned instead of an answer.
    type Term;

    /// Whether a state can name a function. Asked where each state has its own.
    fn is_name(_state: &Self::State) -> bool {
        true
    }
}
