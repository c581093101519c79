//! Machines as a host holds them: by number, with what was taken for them.

use super::face::Failure;
use super::host::Host;
use super::machines::{Machine, Made, Wait};
use super::session::Session;
use statehall::{Code, Error, Exit, Rearm, Value};
use statehall_component_tests::values::{cbor_in, cbor_out, value_in, value_out};
use statehall_component_tests::{Kernel, machines, types};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use wasmtime::component::ResourceAny;
use wasmtime::{Store, StoreLimits};

/// What was taken, until somebody asks.
#[derive(Default)]
pub struct Taken {
    replies: RefCell<BTreeMap<u64, Result<Value, Error>>>,
    ended: RefCell<BTreeMap<u64, (String, Option<Value>)>>,
}

/// A machine. Its handle to the hall lives as long.
#[derive(Clone)]
pub struct Agent {
    host: Host,
    process: u64,
}

type Ask<T> = wasmtime::Result<Result<T, types::Error>>;

fn ask<T>(
    session: &Rc<Session>,
    ask: impl FnOnce(&machines::Guest, &mut Store<StoreLimits>, types::Time) -> Ask<T>,
) -> Result<T, Error> {
    let now = session.time();
    session.try_call(|store: &mut _, kernel: &Kernel| ask(kernel.statehall_hall_machines(), store, now))
}

impl Agent {
    pub fn start(host: Host, name: &str, table: &Value) -> Result<Self, Error> {
        let (table, hall) = (cbor_in(table), host.hall());
        let start =
            |guest: &machines::Guest, store: &mut _, now| guest.call_start_table(store, hall, Some(name), &table, now);
        let process = ask(host.session(), start)?;
        Ok(Self { host, process })
    }

    pub fn revive(host: Host, name: &str, table: &Value, kept: &[u8], rearm: Rearm) -> Result<Self, Error> {
        let (table, hall) = (cbor_in(table), host.hall());
        let rearm = match rearm {
            Rearm::Deadline => machines::Rearm::Deadline,
            Rearm::Remaining => machines::Rearm::Remaining,
            Rearm::Restart => machines::Rearm::Restart,
        };
        let revive = |guest: &machines::Guest, store: &mut _, now| {
            guest.call_revive(store, hall, Some(name), Some(&table), kept, rearm, now)
        };
        let process = ask(host.session(), revive)?;
        Ok(Self { host, process })
    }

    fn ask<T>(
        &self,
        question: impl FnOnce(&machines::Guest, &mut Store<StoreLimits>, ResourceAny, u64, types::Time) -> Ask<T>,
    ) -> Result<T, Error> {
        ask(self.host.session(), |guest, store, now| question(guest, store, self.host.hall(), self.process, now))
    }

    fn look(&self) -> Result<machines::View, Error> {
        let view = self.ask(|guest, store, hall, process, now| guest.call_look(store, hall, process, now))?;
        view.ok_or_else(|| Error::new(Code::Closed, "the machine has ended"))
    }
}

/// Takes what has come of calls and machines.
fn take(host: &Host) {
    let (session, hall, taken) = (host.session(), host.hall(), &host.session().taken);
    // A hall that is closed has nothing to take.
    let Ok(outcomes) = ask(session, |guest, store, _| guest.call_take(store, hall, u32::MAX)) else { return };
    let mut replies = taken.replies.borrow_mut();
    for outcome in outcomes {
        match outcome {
            machines::Outcome::Reply((call, content)) => drop(replies.insert(call, Ok(value_out(content)))),
            machines::Outcome::Expired(call) => {
                replies.insert(call, Err(Error::new(Code::Timeout, "no reply in time")));
            }
            machines::Outcome::Ended((process, ended, calls)) => {
                for call in calls {
                    replies.insert(call, Err(Error::new(Code::Closed, ended.reason.clone())));
                }
                taken.ended.borrow_mut().insert(process, (ended.reason, ended.detail.map(value_out)));
            }
            machines::Outcome::Hibernate(_) => {}
        }
    }
}

impl Machine for Agent {
    fn cast(&self, content: Value) -> Result<(), Error> {
        let content = value_in(&content);
        self.ask(|guest, store, hall, process, now| guest.call_cast(store, hall, process, &content, now))
    }

    fn info(&self, content: Value) -> Result<(), Error> {
        let content = value_in(&content);
        self.ask(|guest, store, hall, process, now| guest.call_info(store, hall, process, &content, now))
    }

    fn call(&self, content: Value, timeout_ms: Option<u64>) -> Result<Wait, Error> {
        let content = value_in(&content);
        let call = self
            .ask(|guest, store, hall, process, now| guest.call_call(store, hall, process, &content, timeout_ms, now))?;
        let host = self.host.clone();
        Ok(Box::new(move || {
            take(&host);
            host.session().taken.replies.borrow_mut().remove(&call)
        }))
    }

    fn state(&self) -> Result<String, Error> {
        Ok(self.look()?.state)
    }

    fn data(&self) -> Result<Value, Error> {
        Ok(cbor_out(self.look()?.data.expect("a table")))
    }

    fn timers(&self) -> Result<Vec<(String, Value, u64)>, Error> {
        let name = |timer: machines::Timer| match timer {
            machines::Timer::Event => "timeout".into(),
            machines::Timer::State => "state-timeout".into(),
            machines::Timer::Named(name) => format!("timeout/{name}"),
        };
        let timers = self.look()?.timers.into_iter();
        Ok(timers.map(|running| (name(running.timer), value_out(running.content), running.remaining_ms)).collect())
    }

    fn postponed(&self) -> Result<Vec<(String, Value, u64)>, Error> {
        let postponed = self.look()?.postponed.into_iter();
        let line =
            |waits: machines::Postponed| (kind_name(&waits.event.kind), value_out(waits.event.content), waits.age_ms);
        Ok(postponed.map(line).collect())
    }

    fn trace(&self) -> Result<Vec<Made>, Error> {
        let made = self.look()?.trace.into_iter().map(|made| Made {
            at_ms: made.at_ms,
            kind: made.kind.as_ref().map(kind_name),
            state: made.state,
            changed: made.changed,
            postponed: made.postponed,
        });
        Ok(made.collect())
    }

    fn can(&self, kind: &str, content: Value) -> Result<bool, Failure> {
        let kind = match kind {
            "call" => machines::Kind::Call(0),
            "cast" => machines::Kind::Cast,
            "info" => machines::Kind::Info,
            "internal" => machines::Kind::Internal,
            "timeout" => machines::Kind::Timeout,
            "state-timeout" => machines::Kind::StateTimeout,
            name => machines::Kind::Named(name.strip_prefix("timeout/").ok_or("no kind of event")?.into()),
        };
        let event = machines::Event { kind, content: value_in(&content) };
        Ok(self.ask(|guest, store, hall, process, _| guest.call_can(store, hall, process, &event))?)
    }

    fn draw(&self, table: &Value) -> Result<String, Failure> {
        let table = cbor_in(table);
        Ok(self.ask(|guest, store, hall, _, _| guest.call_draw(store, hall, &table))?)
    }

    fn stop(&self, exit: Exit) -> Result<(), Error> {
        let exit = match exit {
            Exit::Normal => machines::Exit::Normal,
            Exit::Shutdown => machines::Exit::Shutdown,
            Exit::Because(why) => machines::Exit::Because(value_in(&why)),
        };
        self.ask(|guest, store, hall, process, now| guest.call_stop(store, hall, process, &exit, now)).map(drop)
    }

    fn kill(&self) -> Result<(), Error> {
        self.ask(|guest, store, hall, process, now| guest.call_kill(store, hall, process, now)).map(drop)
    }

    fn suspend(&self) -> Result<(), Error> {
        self.ask(|guest, store, hall, process, now| guest.call_suspend(store, hall, process, now)).map(drop)
    }

    fn resume(&self) -> Result<(), Error> {
        self.ask(|guest, store, hall, process, now| guest.call_resume(store, hall, process, now)).map(drop)
    }

    fn keep(&self) -> Result<Vec<u8>, Error> {
        self.ask(|guest, store, hall, process, now| guest.call_keep(store, hall, process, now))
    }

    fn ended(&self) -> Option<(String, Option<Value>)> {
        take(&self.host);
        let ended = self.host.session().taken.ended.borrow().get(&self.process).cloned();
        // Who closes a hall knows what that means for its machines.
        ended.or_else(|| self.look().is_err().then(|| ("killed".to_owned(), None)))
    }
}

fn kind_name(kind: &machines::Kind) -> String {
    match kind {
        machines::Kind::Call(_) => "call".into(),
        machines::Kind::Cast => "cast".into(),
        machines::Kind::Info => "info".into(),
        machines::Kind::Internal => "internal".into(),
        machines::Kind::Timeout => "timeout".into(),
        machines::Kind::StateTimeout => "state-timeout".into(),
        machines::Kind::Named(name) => format!("timeout/{name}"),
    }
}
