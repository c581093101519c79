//! `interface machines`: tables that run inside, and machines whose functions are the host's.

mod crossing;
mod hosted;

pub use hosted::Hosted;

use super::Component;

use super::hall::Hall;
use super::session::Session;
use super::wit::machines::{Action, Ask, Event, Exit, Guest, HallBorrow, Next, Options, Outcome, Rearm, View};
use super::wit::types::{self, Cbor, Time, Value};
use crate::error::{Code, Error};
use crate::kernel::processes::ProcessId;
use crate::process::call::CallId;
use crate::process::machine::Mode;
use crate::process::machine::table::{Table, TableFunctions, read_snapshot, read_table_snapshot};
use crate::process::schedule::no_process;
use crossing::{action_in, event_in, exit_in, next_in, plain_in, plain_of, rearm_in};
use std::rc::Rc;

type Answer<T> = Result<T, types::Error>;

/// Does something with the machines of a hall, and lets them run.
fn on<T>(
    hall: &HallBorrow<'_>,
    now: Time,
    work: impl FnOnce(&mut Hosted, &Rc<Session>, u64) -> Result<T, Error>,
) -> Answer<T> {
    hall.get::<Hall>().run(|session| {
        let time = session.time(now)?;
        session.machines(|hosted| {
            let result = work(hosted, session, time.monotonic_ms);
            hosted.run(session, time.monotonic_ms);
            result
        })
    })
}

/// Asks the machines of a hall.
fn ask<T>(hall: &HallBorrow<'_>, work: impl FnOnce(&mut Hosted) -> Result<T, Error>) -> Answer<T> {
    hall.get::<Hall>().run(|session| session.machines(work))
}

fn table_in(session: &Session, table: Cbor) -> Result<Table, Error> {
    Table::declared(&plain_in(session, Value::Cbor(table))?)
}

impl Guest for Component {
    fn start_table(hall: HallBorrow<'_>, name: Option<String>, table: Cbor, now: Time) -> Answer<u64> {
        let agent = hall.get::<Hall>().agent();
        on(&hall, now, |hosted, session, _| {
            let functions = TableFunctions::new(Rc::new(table_in(session, table)?));
            let init = functions.init();
            hosted.start(session, name, agent, Some(functions), Mode::default(), init, &mut Vec::new())
        })
    }

    fn start(hall: HallBorrow<'_>, options: Options, actions: Vec<Action>, now: Time) -> Answer<u64> {
        let agent = hall.get::<Hall>().agent();
        on(&hall, now, |hosted, session, _| {
            let actions = actions.into_iter().map(|action| action_in(session, action));
            let mut actions: Vec<_> = actions.collect::<Result<_, Error>>()?;
            let Options { name, state, enters, leaves } = options;
            let mode = Mode { state_functions: false, state_enter: enters, state_leave: leaves };
            let init = crate::process::machine::Init::Ok(state.into());
            hosted.start(session, name, agent, None, mode, init, &mut actions)
        })
    }

    fn keep(hall: HallBorrow<'_>, process: u64, now: Time) -> Answer<Vec<u8>> {
        hall.get::<Hall>().run(|session| {
            let time = session.time(now)?;
            session.machines(|hosted| hosted.keep(ProcessId(process), time))
        })
    }

    fn revive(
        hall: HallBorrow<'_>,
        name: Option<String>,
        table: Option<Cbor>,
        kept: Vec<u8>,
        rearm: Rearm,
        now: Time,
    ) -> Answer<u64> {
        let agent = hall.get::<Hall>().agent();
        hall.get::<Hall>().run(|session| {
            let time = session.time(now)?;
            let (snapshot, functions) = match table {
                None => (read_snapshot(&kept)?.0, None),
                Some(table) => {
                    let (snapshot, functions) = read_table_snapshot(&kept, Rc::new(table_in(session, table)?))?;
                    (snapshot, Some(functions))
                }
            };
            session.machines(|hosted| {
                let process = hosted.revive(session, name, agent, functions, snapshot, rearm_in(rearm), time)?;
                hosted.run(session, time.monotonic_ms);
                Ok(process)
            })
        })
    }

    fn cast(hall: HallBorrow<'_>, process: u64, content: Value, now: Time) -> Answer<()> {
        on(&hall, now, |hosted, session, _| {
            let content = plain_in(session, content)?;
            hosted.processes.cast(ProcessId(process), content)
        })
    }

    fn info(hall: HallBorrow<'_>, process: u64, content: Value, now: Time) -> Answer<()> {
        on(&hall, now, |hosted, session, _| {
            let content = plain_in(session, content)?;
            hosted.processes.info(ProcessId(process), content)
        })
    }

    fn call(hall: HallBorrow<'_>, process: u64, content: Value, timeout_ms: Option<u64>, now: Time) -> Answer<u64> {
        on(&hall, now, |hosted, session, now_ms| {
            let content = plain_in(session, content)?;
            hosted.check_room(session)?;
            Ok(hosted.processes.call(now_ms, ProcessId(process), content, timeout_ms)?.0)
        })
    }

    fn leave(hall: HallBorrow<'_>, call: u64) -> Answer<bool> {
        ask(&hall, |hosted| Ok(hosted.processes.leave(CallId(call))))
    }

    fn reply(hall: HallBorrow<'_>, call: u64, content: Value, now: Time) -> Answer<bool> {
        on(&hall, now, |hosted, session, _| {
            let content = plain_in(session, content)?;
            hosted.processes.reply(CallId(call), content)
        })
    }

    fn stop(hall: HallBorrow<'_>, process: u64, exit: Exit, now: Time) -> Answer<bool> {
        on(&hall, now, |hosted, session, _| Ok(hosted.processes.stop(ProcessId(process), exit_in(session, exit)?)))
    }

    fn kill(hall: HallBorrow<'_>, process: u64, now: Time) -> Answer<bool> {
        on(&hall, now, |hosted, _, _| Ok(hosted.processes.kill(ProcessId(process))))
    }

    fn suspend(hall: HallBorrow<'_>, process: u64, now: Time) -> Answer<bool> {
        on(&hall, now, |hosted, _, _| Ok(hosted.processes.suspend(ProcessId(process))))
    }

    fn resume(hall: HallBorrow<'_>, process: u64, now: Time) -> Answer<bool> {
        on(&hall, now, |hosted, _, _| Ok(hosted.processes.resume(ProcessId(process))))
    }

    fn asks(hall: HallBorrow<'_>, max: u32, now: Time) -> Answer<Vec<Ask>> {
        on(&hall, now, |hosted, session, now_ms| {
            hosted.run(session, now_ms);
            Ok(hosted.asks(max as usize))
        })
    }

    fn answer(
        hall: HallBorrow<'_>,
        process: u64,
        number: u32,
        next: Next,
        actions: Vec<Action>,
        now: Time,
    ) -> Answer<()> {
        on(&hall, now, |hosted, session, now_ms| {
            let actions = actions.into_iter().map(|action| action_in(session, action));
            let mut actions: Vec<_> = actions.collect::<Result<_, Error>>()?;
            let next = next_in(session, next)?;
            hosted.answer(now_ms, ProcessId(process), number, next, &mut actions)
        })
    }

    fn take(hall: HallBorrow<'_>, max: u32) -> Answer<Vec<Outcome>> {
        ask(&hall, |hosted| Ok(hosted.take(max as usize)))
    }

    fn find(hall: HallBorrow<'_>, name: String) -> Answer<Option<u64>> {
        ask(&hall, |hosted| Ok(hosted.processes.find(&name).map(|process| process.0)))
    }

    fn processes(hall: HallBorrow<'_>) -> Answer<Vec<u64>> {
        ask(&hall, |hosted| Ok(hosted.processes.ids().map(|process| process.0).collect()))
    }

    fn look(hall: HallBorrow<'_>, process: u64, now: Time) -> Answer<Option<View>> {
        on(&hall, now, |hosted, session, now_ms| hosted.look(session, ProcessId(process), now_ms))
    }

    fn can(hall: HallBorrow<'_>, process: u64, event: Event) -> Answer<bool> {
        hall.get::<Hall>().run(|session| {
            let (kind, content) = event_in(session, event)?;
            let process = ProcessId(process);
            session.machines(|hosted| {
                let machine = hosted.processes.machine(process).ok_or_else(|| no_process(process))?;
                let none = || Error::new(Code::InvalidArgument, format!("the process {process} is no table"));
                let functions = hosted.processes.functions(process).ok_or_else(none)?;
                Ok(functions.can(machine.state(), kind, content))
            })
        })
    }

    fn draw(hall: HallBorrow<'_>, table: Cbor) -> Answer<String> {
        hall.get::<Hall>().run(|session| Ok(table_in(session, table)?.draw()))
    }
}

/// The data of a table as they cross.
fn data_out(functions: &TableFunctions) -> Cbor {
    plain_of(functions.data().clone().into())
}
