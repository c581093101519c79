//! Between what crosses and what machines move: one function a direction.

use super::super::convert::{value_in, value_out};
use super::super::held::Held;
use super::super::session::Session;
use super::super::wit::machines::{self as wit, Ended, Event, Exit, Next, Rearm, Timer};
use super::super::wit::types;
use crate::codec::parse_value;
use crate::error::Error;
use crate::process::call::CallId;
use crate::process::machine::table::Tabled;
use crate::process::machine::{self, Action, Delay, Kind, Reason, Return};
use crate::value::{Stored, Value};
use std::rc::Rc;

type Name = Rc<str>;

/// A value that machines move.
///
/// Errors: `invalid-value`; `limit`.
pub fn plain_in(session: &Session, value: types::Value) -> Result<Value, Error> {
    session.ask(|kernel| {
        let limits = kernel.limits();
        let value = value_in(value, limits)?;
        if value.bytes > limits.value_bytes {
            return Err(Error::limit("valueBytes", limits.value_bytes, value.bytes));
        }
        Ok(match value.value {
            Held::Scalar(value) => value,
            // Its bytes were checked.
            Held::Cbor(bytes) => parse_value(&bytes).unwrap_or_default(),
        })
    })
}

/// A value to cross.
pub fn plain_out(value: &Value) -> types::Value {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    value_out(&Held::decode(&bytes, &mut ()))
}

/// The bytes of a value.
pub fn plain_of(value: Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    bytes
}

fn kind_in(kind: wit::Kind) -> Kind<Name> {
    match kind {
        wit::Kind::Call(call) => Kind::Call(CallId(call)),
        wit::Kind::Cast => Kind::Cast,
        wit::Kind::Info => Kind::Info,
        wit::Kind::Internal => Kind::Internal,
        wit::Kind::Timeout => Kind::Timeout,
        wit::Kind::StateTimeout => Kind::StateTimeout,
        wit::Kind::Named(name) => Kind::Named(name.into()),
    }
}

pub fn kind_out(kind: &Kind<Name>) -> wit::Kind {
    match kind {
        Kind::Call(call) => wit::Kind::Call(call.0),
        Kind::Cast => wit::Kind::Cast,
        Kind::Info => wit::Kind::Info,
        Kind::Internal => wit::Kind::Internal,
        Kind::Timeout => wit::Kind::Timeout,
        Kind::StateTimeout => wit::Kind::StateTimeout,
        Kind::Named(name) => wit::Kind::Named(name.as_ref().into()),
    }
}

pub fn event_in(session: &Session, event: Event) -> Result<(Kind<Name>, Value), Error> {
    Ok((kind_in(event.kind), plain_in(session, event.content)?))
}

pub fn event_out(event: &machine::Event<Tabled>) -> Event {
    Event { kind: kind_out(&event.kind), content: plain_out(&event.content) }
}

fn timer_in(timer: Timer) -> machine::Timer<Name> {
    match timer {
        Timer::Event => machine::Timer::Event,
        Timer::State => machine::Timer::State,
        Timer::Named(name) => machine::Timer::Named(name.into()),
    }
}

pub fn timer_out(timer: &machine::Timer<Name>) -> Timer {
    match timer {
        machine::Timer::Event => Timer::Event,
        machine::Timer::State => Timer::State,
        machine::Timer::Named(name) => Timer::Named(name.as_ref().into()),
    }
}

pub fn exit_in(session: &Session, exit: Exit) -> Result<Reason<Tabled>, Error> {
    Ok(match exit {
        Exit::Normal => Reason::Normal,
        Exit::Shutdown => Reason::Shutdown,
        Exit::Because(why) => Reason::Because(plain_in(session, why)?),
    })
}

pub fn ended_out(reason: &Reason<Tabled>) -> Ended {
    let shown = |state: &Name| Value::Text((**state).into());
    Ended { reason: reason.name().into(), detail: reason.detail(shown).as_ref().map(plain_out) }
}

pub fn next_in(session: &Session, next: Next) -> Result<Return<Tabled>, Error> {
    Ok(match next {
        Next::Keep => Return::Keep,
        Next::To(state) => Return::Next(state.into()),
        Next::Repeat => Return::Repeat,
        Next::Stop(exit) => Return::Stop(exit_in(session, exit)?),
        Next::Bad(term) => Return::Bad(plain_in(session, term)?),
        Next::Failed(term) => Return::Failed(plain_in(session, term)?),
        Next::Undefined => Return::Undefined,
    })
}

pub fn action_in(session: &Session, action: wit::Action) -> Result<Action<Tabled>, Error> {
    Ok(match action {
        wit::Action::Reply((call, content)) => Action::Reply(CallId(call), plain_in(session, content)?),
        wit::Action::Postpone(postpone) => Action::Postpone(postpone),
        wit::Action::Insert(event) => {
            let (kind, content) = event_in(session, event)?;
            Action::NextEvent(kind, content)
        }
        wit::Action::Hibernate(hibernate) => Action::Hibernate(hibernate),
        wit::Action::Start((timer, ms, content)) => {
            Action::Start(timer_in(timer), Delay::After(ms), plain_in(session, content)?)
        }
        wit::Action::StartAt((timer, ms, content)) => {
            let at = Delay::At(i64::try_from(ms).unwrap_or(i64::MAX));
            Action::Start(timer_in(timer), at, plain_in(session, content)?)
        }
        wit::Action::Cancel(timer) => Action::Cancel(timer_in(timer)),
        wit::Action::Update((timer, content)) => Action::Update(timer_in(timer), plain_in(session, content)?),
        wit::Action::Bad(term) => Action::Bad(plain_in(session, term)?),
    })
}

pub fn rearm_in(rearm: Rearm) -> machine::Rearm {
    match rearm {
        Rearm::Deadline => machine::Rearm::Deadline,
        Rearm::Remaining => machine::Rearm::Remaining,
        Rearm::Restart => machine::Rearm::Restart,
    }
}
