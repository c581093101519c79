//! The machines of the Rust face, as transcripts ask them.

use super::face::Failure;
use super::machines::{Machine, Made, Wait};
use statehall::{Error, EventKind, Exit, Table, Timer, Value};
use std::rc::Rc;

type Name = Rc<str>;

impl Machine for statehall::Machine<Table> {
    fn cast(&self, content: Value) -> Result<(), Error> {
        statehall::Machine::cast(self, content)
    }

    fn info(&self, content: Value) -> Result<(), Error> {
        statehall::Machine::info(self, content)
    }

    fn call(&self, content: Value, timeout_ms: Option<u64>) -> Result<Wait, Error> {
        let mut call = statehall::Machine::call(self, content, timeout_ms)?;
        Ok(Box::new(move || call.take()))
    }

    fn state(&self) -> Result<String, Error> {
        Ok(statehall::Machine::state(self)?.to_string())
    }

    fn data(&self) -> Result<Value, Error> {
        statehall::Machine::data(self)
    }

    fn timers(&self) -> Result<Vec<(String, Value, u64)>, Error> {
        let timers = statehall::Machine::timers(self)?.into_iter();
        Ok(timers.map(|running| (kind_name(&running.timer.kind()), running.content, running.remaining_ms)).collect())
    }

    fn postponed(&self) -> Result<Vec<(String, Value, u64)>, Error> {
        let postponed = statehall::Machine::postponed(self)?.into_iter();
        Ok(postponed.map(|event| (kind_name(&event.kind), event.content, event.age_ms)).collect())
    }

    fn trace(&self) -> Result<Vec<Made>, Error> {
        let trace = statehall::Machine::trace(self)?.into_iter();
        let made = trace.map(|step| Made {
            at_ms: step.at_ms,
            kind: step.kind.as_ref().map(kind_name),
            state: step.state.to_string(),
            changed: step.changed,
            postponed: step.postponed,
        });
        Ok(made.collect())
    }

    fn can(&self, kind: &str, content: Value) -> Result<bool, Failure> {
        Ok(statehall::Machine::can(self, kind_of(kind)?, content)?)
    }

    fn draw(&self) -> Result<String, Failure> {
        Ok(statehall::Machine::draw(self)?)
    }

    fn stop(&self, exit: Exit) -> Result<(), Error> {
        statehall::Machine::stop(self, exit)
    }

    fn kill(&self) -> Result<(), Error> {
        statehall::Machine::kill(self)
    }

    fn suspend(&self) -> Result<(), Error> {
        statehall::Machine::suspend(self)
    }

    fn resume(&self) -> Result<(), Error> {
        statehall::Machine::resume(self)
    }

    fn keep(&self) -> Result<Vec<u8>, Error> {
        self.to_bytes()
    }

    fn ended(&self) -> Option<(String, Option<Value>)> {
        statehall::Machine::ended(self).map(|ended| (ended.reason.to_owned(), ended.detail))
    }
}

fn kind_name(kind: &EventKind<Name>) -> String {
    match kind {
        EventKind::Call(_) => "call".into(),
        EventKind::Cast => "cast".into(),
        EventKind::Info => "info".into(),
        EventKind::Internal => "internal".into(),
        EventKind::Timeout => "timeout".into(),
        EventKind::StateTimeout => "state-timeout".into(),
        EventKind::Named(name) => format!("timeout/{name}"),
    }
}

fn kind_of(name: &str) -> Result<EventKind<Name>, String> {
    Ok(match name {
        "call" => EventKind::Call(statehall::process::call::CallId::GONE),
        "cast" => EventKind::Cast,
        "info" => EventKind::Info,
        "internal" => EventKind::Internal,
        "timeout" => Timer::Event.kind(),
        "state-timeout" => Timer::State.kind(),
        _ => match name.strip_prefix("timeout/") {
            Some(name) => Timer::Named(Name::from(name)).kind(),
            None => return Err(format!("no kind of event {name:?}")),
        },
    })
}
