//! A machine as its users hold it.

use super::super::{Change, Hall, Watch, WatchOptions};
use super::behaviour::{Behaving, Behaviour, Caller, Server, Single, Typed};
use super::call::{Call, OpenCalls};
use super::ended::{Ended, Exit};
use super::running::{Body, Event, Reply, Runnable, Running};
use super::{Kind, ProcessId, Rearm, Snapshot};
use crate::error::{Code, Error};
use crate::kernel::processes::status_key;
use crate::key::Key;
use crate::process::machine::{self, Alphabet, Reason, Unsent};
use std::fmt;
use std::rc::Rc;

/// How a machine is started.
#[derive(Clone, Debug, Default)]
pub struct MachineOptions {
    /// Its name, which no other process of the session has: a segment of a key. The hall shows its state as
    /// `processes/<name>`, to every session that shares the hall; without a name as `processes/<session>.<id>`.
    pub name: Option<Rc<str>>,
}

/// A machine that runs. Clones are the same machine; it runs on without any.
///
/// Shape:  a message is handled before this returns, unless a watcher or another machine is at work or a batch is open. What
///         the hall shows of the machine is put there by [`Hall::advance`], once however often the state has changed.
pub struct Machine<B: Runnable> {
    hall: Hall,
    running: Rc<Running<B>>,
}

impl<B: Runnable> Clone for Machine<B> {
    fn clone(&self) -> Self {
        Self { hall: self.hall.clone(), running: self.running.clone() }
    }
}

impl<B: Runnable> fmt::Debug for Machine<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine").field("id", &self.id()).field("name", &self.name()).finish()
    }
}

impl Hall {
    /// Starts a machine.
    ///
    /// Errors: `callback-failed` if its `init` answers with a reason, or panics; `limit`; `invalid-argument` for a name that
    ///         another process has; `invalid-key` for one that is no segment of a key; `closed`.
    pub fn machine<B: Behaviour>(&self, behaviour: B, options: MachineOptions) -> Result<Machine<B>, Error> {
        let core = self.core()?;
        let (mut functions, mut actions) = (Behaving::new(behaviour), Vec::new());
        let init = functions.init(&mut actions);
        // `init` may have closed this handle.
        self.core()?;
        let machine =
            machine::Machine::start("", core.processes.bounds, init, &mut actions).map_err(not_started::<B>)?;
        self.begin(machine, functions, options)
    }

    /// Starts a server.
    ///
    /// Errors: as [`Hall::machine`].
    pub fn server<S: Server>(&self, server: S, options: MachineOptions) -> Result<Machine<Single<S>>, Error> {
        self.machine(Single(server), options)
    }

    /// Goes on with a machine that was kept, here or in another hall: in its state, with the events that waited. Nothing is
    /// entered, and whoever had called it has gone.
    ///
    /// Errors: `limit`, `invalid-snapshot`; `invalid-argument` and `invalid-key` for the name; `closed`.
    pub fn restore_machine<B: Behaviour>(
        &self,
        behaviour: B,
        snapshot: Snapshot<Typed<B>>,
        rearm: Rearm,
        options: MachineOptions,
    ) -> Result<Machine<B>, Error> {
        self.go_on(Behaving::new(behaviour), snapshot, rearm, options)
    }

    /// Answers a caller, whichever machine it has asked. False if it waits no longer.
    ///
    /// Errors: `invalid-argument` for one that was answered already; `closed`.
    pub fn reply<R: 'static>(&self, caller: Caller<R>, content: R) -> Result<bool, Error> {
        let core = self.core()?;
        let process = core.processes.schedule.borrow().get(caller.process).cloned();
        let Some(calls) = process.and_then(|process| process.calls().downcast::<Calls<R>>().ok()) else {
            return Ok(false);
        };
        let waiter = calls.borrow_mut().answer(caller.call)?;
        let waker = waiter.as_ref().and_then(|waiter| waiter.end(Ok(content)));
        if let Some(waker) = waker {
            core.isolate("a waker", || waker.wake());
        }
        Ok(waiter.is_some())
    }

    pub(super) fn go_on<B: Runnable>(
        &self,
        functions: B::Functions,
        snapshot: Snapshot<B::Alphabet>,
        rearm: Rearm,
        options: MachineOptions,
    ) -> Result<Machine<B>, Error> {
        let core = self.core()?;
        let time = core.time();
        let machine =
            machine::Machine::restore(snapshot, core.processes.bounds, rearm, time.monotonic_ms, time.unix_ms)?;
        self.begin(machine, functions, options)
    }

    pub(super) fn begin<B: Runnable>(
        &self,
        machine: machine::Machine<B::Alphabet>,
        functions: B::Functions,
        options: MachineOptions,
    ) -> Result<Machine<B>, Error> {
        let core = self.core()?;
        let running = Running::begin(core, options.name, self.origin().clone(), machine, functions)?;
        core.dispatch();
        Ok(Machine { hall: self.clone(), running })
    }
}

type Calls<R> = <OpenCalls<R> as std::ops::Deref>::Target;

/// The error of a machine that did not start.
pub(super) fn not_started<B: Runnable>(reason: Option<Reason<B::Alphabet>>) -> Error {
    let why = reason.map(|reason| Ended::of(&reason, B::status).to_string());
    let why = why.unwrap_or_else(|| "it has nothing to do".into());
    Error::new(Code::CallbackFailed, format!("a machine did not start: {why}"))
}

impl<B: Runnable> Machine<B> {
    /// Its number.
    pub fn id(&self) -> ProcessId {
        self.running.id.get()
    }

    /// Its name, if it has one.
    pub fn name(&self) -> Option<&str> {
        self.running.name.as_deref()
    }

    /// Where the hall shows its state.
    ///
    /// Errors: `closed`.
    pub fn key(&self) -> Result<Key, Error> {
        status_key(self.hall.core()?.with(|kernel| kernel.session()), self.id(), self.name())
    }

    /// Sends an event that nobody waits for. To a machine that has ended it is lost.
    ///
    /// Errors: `limit` if the mailbox is full; `closed` for a handle of the hall that is.
    pub fn cast(&self, event: Event<B>) -> Result<(), Error> {
        self.send(Kind::Cast, event)
    }

    /// Sends an event as any other message.
    ///
    /// Errors: as [`Machine::cast`].
    pub fn info(&self, event: Event<B>) -> Result<(), Error> {
        self.send(Kind::Info, event)
    }

    #[inline]
    fn send(&self, kind: Kind<<B::Alphabet as Alphabet>::Name>, event: Event<B>) -> Result<(), Error> {
        let core = self.hall.core()?;
        match self.running.send(core, kind, event) {
            Ok(()) => core.dispatch(),
            Err(Unsent::Ended) => {}
            Err(Unsent::Full) => return Err(self.running.refusal(core, Unsent::Full)),
        }
        Ok(())
    }

    /// Asks the machine something: a future of its reply.
    ///
    /// Units:  the limit is in milliseconds from now; time passes with [`Hall::advance`]. Without one it waits for ever.
    /// Errors: `limit` if the mailbox is full; `closed` if the machine has ended (`noproc`), or a handle of the hall. The
    ///         future has errors of its own.
    pub fn call(&self, event: Event<B>, timeout_ms: Option<u64>) -> Result<Call<Reply<B>>, Error> {
        let core = self.hall.core()?;
        let call = self.running.call(core, event, timeout_ms)?;
        core.dispatch();
        Ok(call)
    }

    /// Calls `watcher` with each change of what the hall shows of the machine; it ends as deleted.
    ///
    /// Errors: as [`Hall::watch`].
    pub fn watch(&self, options: WatchOptions, watcher: impl FnMut(&Change) + 'static) -> Result<Watch, Error> {
        self.hall.watch(self.key()?.text(), options, watcher)
    }

    /// Orders the machine to stop, after the messages that wait. It cleans up.
    ///
    /// Errors: `closed`.
    pub fn stop(&self, exit: Exit) -> Result<(), Error> {
        self.order(|core| self.running.stop(core, exit.reason()))
    }

    /// Ends the machine at once; nothing of it runs any more, but a function that is running.
    ///
    /// Errors: `closed`.
    pub fn kill(&self) -> Result<(), Error> {
        self.order(|core| super::running::Process::kill(&*self.running, core))
    }

    /// Lets the machine take no message after those that wait now. Timers run on, and wait.
    ///
    /// Errors: `closed`.
    pub fn suspend(&self) -> Result<(), Error> {
        self.order(|core| self.running.suspend(core))
    }

    /// Lets a suspended machine go on.
    ///
    /// Errors: `closed`.
    pub fn resume(&self) -> Result<(), Error> {
        self.order(|core| self.running.resume(core))
    }

    fn order(&self, order: impl FnOnce(&super::super::core::Core)) -> Result<(), Error> {
        let core = self.hall.core()?;
        if self.running.ended().is_none() {
            order(core);
            core.dispatch();
        }
        Ok(())
    }

    /// Why the machine has ended, if it has.
    pub fn ended(&self) -> Option<Ended> {
        self.running.ended()
    }

    /// Keeps the machine, to go on elsewhere or later: all but its data, which are the caller's own to keep.
    ///
    /// Errors: as [`Machine::state`].
    pub fn snapshot(&self) -> Result<Snapshot<B::Alphabet>, Error>
    where
        Event<B>: Clone,
    {
        let time = self.hall.core()?.time();
        self.read(|body| body.machine.snapshot(time.monotonic_ms, time.unix_ms))?
    }

    pub(super) fn hall(&self) -> &Hall {
        &self.hall
    }

    /// Looks at the machine.
    pub(super) fn read<T>(&self, look: impl FnOnce(&Body<B>) -> T) -> Result<T, Error> {
        self.hall.core()?;
        if let Some(error) = self.running.gone() {
            return Err(error);
        }
        let within = || Error::new(Code::InvalidArgument, "a machine is not read by its own functions while they run");
        Ok(look(&*self.running.body.try_borrow().map_err(|_| within())?))
    }
}
