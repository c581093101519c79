//! Machines: gen_statem, as a value.
//!
//! A [`Machine`] holds a state, the events that wait, and timers. It calls nobody. The host asks
//! it [`Machine::ask`] what is to be done; the machine names a question ([`Ask`]): handle this
//! event, enter this state, terminate. The host runs the user's function and hands back what it
//! returned ([`Return`] and a list of [`Action`]s) with [`Machine::answer`]; the machine judges the
//! answer and carries it out. What concerns others comes out as [`Effect`]s. So user code never
//! runs inside, time is an argument, and the same events at the same times give the same trace.
//!
//! The data of a machine stays with its host, which keeps what the function returned together
//! with the answer. The machine sees contents only as an [`Alphabet`]: it compares states and
//! names, and moves the rest.
//!
//! # The order of one transition
//!
//! 1. Actions are carried out in the order of the list; replies leave now.
//! 2. At a change the leave call is asked for, if the module wants leave calls. It may do what an enter
//!    call may. At the start, at a change and at a repeat, the enter call is asked for, if the module wants
//!    enter calls. It gets the state before; its actions join those of the event.
//! 3. A postponed event joins the end of the postponed list.
//! 4. At a change the postponed events go before all that wait, the oldest first, and the state
//!    timeout ends. The event timeout ends in any case.
//! 5. Timeouts start, end or change, the last of each kind.
//! 6. Inserted events go before everything, in the order of the list.
//! 7. Next come events that wait here, then zero timeouts in their order, then the mailbox.
//!
//! A change is a next state that is not equal to the state. To keep the state, to name the same
//! state as the next, and to repeat it are no change: postponed events stay, the state timeout runs on.
//!
//! # Time
//!
//! [`Machine::advance`] moves timers that came due into the mailbox, behind the messages that came
//! before; timers of one deadline in the order in which they were set. A timeout of zero never
//! goes through the mailbox. What is cancelled is never delivered, even if it was due already.
//!
//! # Ends
//!
//! A machine ends by its own answer, by a bad answer, by a function that fails, by an order to stop
//! (which waits its turn in the mailbox), by a limit, or killed. All but the last ask the host to run
//! `terminate`. Whatever waited is dropped; those who called learn it from
//! [`Calls`](super::call::Calls).
//!
//! # Beyond OTP
//!
//! Everything is bounded by [`Bounds`]. The remaining time of each timer, the postponed events with
//! their ages and the last transitions can be read; a machine can be kept ([`Snapshot`]) and goes on
//! elsewhere; a machine can be a table ([`table`]), which runs without a host's functions.
//!
//! # What differs from OTP
//!
//! - `{stop_and_reply, R, Replies}` is a stop with replies in the list of actions. Actions that are not
//!   replies make it a bad reply action there, too.
//! - Shorthands (a bare integer, `postpone` for `{postpone, true}`) are the faces'. OTP calls
//!   `{postpone, true}` in an enter call a bad action and `postpone` a bad state enter action;
//!   here both are the latter.
//! - A queued zero timeout that is set again with another time is a timer of that time. OTP 25
//!   loses it, and the timer arrives as a stray message.

pub mod action;
pub mod alphabet;
mod engine;
pub mod event;
pub mod functions;
pub mod reason;
pub mod snapshot;
pub mod table;
pub mod timeouts;
pub mod trace;
mod transition;

pub use action::{Action, Delay, Init, Mode, Return};
pub use alphabet::Alphabet;
pub use engine::{Ask, Bounds, Effect, Machine, Unsent};
pub use event::{Event, Kind, Timer};
pub use functions::{Functions, Outside};
pub use reason::{Bad, Offender, Reason};
pub use snapshot::{Rearm, Snapshot};
