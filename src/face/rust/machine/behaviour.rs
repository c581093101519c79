//! What a user writes: a machine as a type.

use super::super::core::callback_failed;
use super::ended::{Ended, Exit};
use super::running::{Hosting, Runnable};
use crate::error::Error;
use crate::process::call::CallId;
use crate::process::machine::{Action, Alphabet, Delay, Event, Functions, Init, Kind, Mode, Reason, Return, Timer};
use crate::process::schedule::ProcessId;
use crate::value::Value;
use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A machine: its functions, and as `self` its data.
///
/// Shape:  one event is handled at a time, to its end; while that goes on nothing else of the hall does. What a function
///         does to the hall is told after what already waits. A function that panics ends the machine, as `failed`;
///         what it has done to `self` stays done, for `terminate` to see.
///
/// ```
/// use statehall::{Behaviour, Hall, MachineOptions, Next, Options, Timer, Turn, Value};
///
/// #[derive(Clone, Debug, PartialEq)]
/// enum Light { Off, On }
/// enum Event { Push, Late, Count }
///
/// #[derive(Default)]
/// struct Switch { pushed: i64 }
///
/// impl Behaviour for Switch {
///     type State = Light;
///     type Event = Event;
///     type Reply = i64;
///
///     fn init(&mut self, _: &mut Turn<'_, Self>) -> Result<Light, Value> {
///         Ok(Light::Off)
///     }
///
///     fn handle(&mut self, state: &Light, event: &Event, turn: &mut Turn<'_, Self>) -> Next<Light> {
///         match (state, event) {
///             (Light::Off, Event::Push) => {
///                 self.pushed += 1;
///                 turn.start(Timer::State, 15, Event::Late);
///                 Next::To(Light::On)
///             }
///             (Light::On, Event::Push | Event::Late) => Next::To(Light::Off),
///             (_, Event::Count) => {
///                 turn.reply(self.pushed);
///                 Next::Keep
///             }
///             _ => Next::Keep,
///         }
///     }
/// }
///
/// let hall = Hall::open(Options::default())?;
/// let switch = hall.machine(Switch::default(), MachineOptions { name: Some("switch".into()), ..MachineOptions::default() })?;
/// switch.cast(Event::Push)?;
/// assert_eq!(switch.state()?, Light::On);
/// assert_eq!(futures::executor::block_on(switch.call(Event::Count, Some(1_000))?)?, 1);
/// hall.advance()?;
/// assert_eq!(hall.get("processes/switch")?, Some("On".into()), "everybody who shares the hall can see it");
/// # Ok::<(), statehall::Error>(())
/// ```
pub trait Behaviour: Sized + 'static {
    /// The states. Equal ones are the same state: only another one is a change.
    type State: Clone + PartialEq + fmt::Debug + 'static;
    /// What happens to the machine.
    type Event: 'static;
    /// What callers get.
    type Reply: 'static;
    /// Whether [`Behaviour::enter`] is called.
    const ENTERS: bool = false;
    /// Whether [`Behaviour::leave`] is called.
    const LEAVES: bool = false;

    /// The first state, or why there is none.
    fn init(&mut self, turn: &mut Turn<'_, Self>) -> Result<Self::State, Value>;

    /// Handles an event.
    fn handle(&mut self, state: &Self::State, event: &Self::Event, turn: &mut Turn<'_, Self>) -> Next<Self::State>;

    /// Enters a state: at the start, at a change, and when it is repeated. `old` is the state before, and the same at
    /// the start. It may not go to another state, postpone or insert events.
    fn enter(&mut self, _state: &Self::State, _old: &Self::State, _turn: &mut Turn<'_, Self>) -> Next<Self::State> {
        Next::Keep
    }

    /// Leaves a state, before `next` is entered. It may do what [`Behaviour::enter`] may.
    fn leave(&mut self, _state: &Self::State, _next: &Self::State, _turn: &mut Turn<'_, Self>) -> Next<Self::State> {
        Next::Keep
    }

    /// Cleans up. Not called if the machine is killed.
    fn terminate(&mut self, _state: &Self::State, _ended: &Ended) {}

    /// What the hall shows of a state.
    fn status(state: &Self::State) -> Value {
        format!("{state:?}").into()
    }
}

/// What comes after an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Next<S> {
    /// The same state.
    Keep,
    /// This state; a change if it is another.
    To(S),
    /// The same state, entered again.
    Repeat,
    /// The end, after the replies of this turn; nothing else may be in it.
    Stop(Exit),
}

/// A caller that waits for a reply. It can be kept, and answered in a later turn or by [`Hall::reply`](super::super::Hall::reply).
pub struct Caller<R> {
    pub(super) process: ProcessId,
    pub(super) call: CallId,
    reply: PhantomData<fn(R)>,
}

impl<R> Clone for Caller<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Caller<R> {}

impl<R> fmt::Debug for Caller<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caller({} of the process {})", self.call, self.process)
    }
}

/// One turn of a machine: what has happened, and what is to be done. Of options the last of a kind wins; replies and
/// inserted events add up, in their order.
pub struct Turn<'a, B: Behaviour> {
    actions: &'a mut Vec<Action<Typed<B>>>,
    kind: Option<&'a Kind<&'static str>>,
    process: ProcessId,
}

impl<B: Behaviour> Turn<'_, B> {
    /// Where the event comes from; nothing when a machine starts, or leaves or enters a state.
    pub fn kind(&self) -> Option<&Kind<&'static str>> {
        self.kind
    }

    /// Who waits for a reply to this event.
    pub fn caller(&self) -> Option<Caller<B::Reply>> {
        match self.kind {
            Some(Kind::Call(call)) => Some(Caller { process: self.process, call: *call, reply: PhantomData }),
            _ => None,
        }
    }

    /// Replies to whoever waits for a reply to this event, if anybody does.
    pub fn reply(&mut self, content: B::Reply) {
        if let Some(Kind::Call(call)) = self.kind {
            self.actions.push(Action::Reply(*call, content));
        }
    }

    /// Replies to a caller of an earlier event of this machine.
    pub fn reply_to(&mut self, caller: Caller<B::Reply>, content: B::Reply) {
        self.actions.push(if caller.process == self.process {
            Action::Reply(caller.call, content)
        } else {
            Action::Bad(format!("a reply to {caller:?}, which is another's").into())
        });
    }

    /// Handles this event again after the next change of state, before everything that comes after it.
    pub fn postpone(&mut self) {
        self.actions.push(Action::Postpone(true));
    }

    /// Has this event handled next, before everything that waits. Several keep their order.
    pub fn insert(&mut self, event: B::Event) {
        self.insert_as(Kind::Internal, event);
    }

    /// Inserts an event that seems to come from somewhere else.
    pub fn insert_as(&mut self, kind: Kind<&'static str>, event: B::Event) {
        self.actions.push(Action::NextEvent(kind, event));
    }

    /// Starts a timeout, in place of a running one of this kind and name. The event timeout ends with any event, the state
    /// timeout with a change of state, a named one only when told to.
    ///
    /// Units:  milliseconds; 0 comes before any other message.
    pub fn start(&mut self, timer: Timer<&'static str>, ms: u64, event: B::Event) {
        self.actions.push(Action::Start(timer, Delay::After(i64::try_from(ms).unwrap_or(i64::MAX)), event));
    }

    /// Starts a timeout that comes at a reading of the hall's monotonic clock; at once if that has passed.
    pub fn start_at(&mut self, timer: Timer<&'static str>, monotonic_ms: u64, event: B::Event) {
        self.actions.push(Action::Start(timer, Delay::At(i64::try_from(monotonic_ms).unwrap_or(i64::MAX)), event));
    }

    /// Ends a timeout, if it runs.
    pub fn cancel(&mut self, timer: Timer<&'static str>) {
        self.actions.push(Action::Cancel(timer));
    }

    /// Changes what a running timeout carries; one that does not run comes at once.
    pub fn update(&mut self, timer: Timer<&'static str>, event: B::Event) {
        self.actions.push(Action::Update(timer, event));
    }

    /// Gives up what can be rebuilt before the machine waits.
    pub fn hibernate(&mut self) {
        self.actions.push(Action::Hibernate(true));
    }
}

/// What the machine of a behaviour moves.
pub struct Typed<B>(PhantomData<B>);

impl<B: Behaviour> Alphabet for Typed<B> {
    type State = B::State;
    type Event = B::Event;
    type Reply = B::Reply;
    type Name = &'static str;
    type Term = Value;
}

/// A behaviour as functions that do not panic.
pub struct Behaving<B> {
    behaviour: B,
    process: ProcessId,
    /// What has panicked, to be reported.
    failed: Option<Error>,
}

impl<B: Behaviour> Behaving<B> {
    pub(super) fn new(behaviour: B) -> Self {
        Self { behaviour, process: ProcessId(0), failed: None }
    }

    /// Runs a function of the user.
    #[inline]
    fn run<'a, T>(
        &mut self,
        kind: Option<&'a Kind<&'static str>>,
        actions: &'a mut Vec<Action<Typed<B>>>,
        work: impl FnOnce(&mut B, &mut Turn<'a, B>) -> T,
    ) -> Result<T, Value> {
        let mut turn = Turn { actions, kind, process: self.process };
        let behaviour = &mut self.behaviour;
        catch_unwind(AssertUnwindSafe(|| work(behaviour, &mut turn))).map_err(|payload| self.fail(payload))
    }

    #[cold]
    fn fail(&mut self, payload: Box<dyn Any + Send>) -> Value {
        let error = callback_failed("a machine's function", payload);
        let text = error.detail.as_str().into();
        self.failed = Some(error);
        text
    }

    pub(super) fn init(&mut self, actions: &mut Vec<Action<Typed<B>>>) -> Init<Typed<B>> {
        match self.run(None, actions, |behaviour, turn| behaviour.init(turn)) {
            Ok(Ok(state)) => Init::Ok(state),
            Ok(Err(why)) => Init::Stop(Reason::Because(why)),
            Err(text) => Init::Failed(text),
        }
    }
}

#[inline]
fn returned<B: Behaviour>(result: Result<Next<B::State>, Value>) -> Return<Typed<B>> {
    match result {
        Ok(Next::Keep) => Return::Keep,
        Ok(Next::To(state)) => Return::Next(state),
        Ok(Next::Repeat) => Return::Repeat,
        Ok(Next::Stop(exit)) => Return::Stop(exit.reason()),
        Err(text) => Return::Failed(text),
    }
}

impl<B: Behaviour> Functions<Typed<B>> for Behaving<B> {
    fn mode(&mut self, _: &&'static str) -> Result<Mode, Value> {
        Ok(Mode { state_functions: false, state_enter: B::ENTERS, state_leave: B::LEAVES })
    }

    #[inline]
    fn handle(
        &mut self,
        state: &B::State,
        event: &Event<Typed<B>>,
        actions: &mut Vec<Action<Typed<B>>>,
    ) -> Return<Typed<B>> {
        let handle = |behaviour: &mut B, turn: &mut Turn<'_, B>| behaviour.handle(state, &event.content, turn);
        returned::<B>(self.run(Some(&event.kind), actions, handle))
    }

    fn leave(&mut self, state: &B::State, next: &B::State, actions: &mut Vec<Action<Typed<B>>>) -> Return<Typed<B>> {
        returned::<B>(self.run(None, actions, |behaviour, turn| behaviour.leave(state, next, turn)))
    }

    fn enter(&mut self, state: &B::State, old: &B::State, actions: &mut Vec<Action<Typed<B>>>) -> Return<Typed<B>> {
        returned::<B>(self.run(None, actions, |behaviour, turn| behaviour.enter(state, old, turn)))
    }

    fn terminate(&mut self, state: &B::State, reason: &Reason<Typed<B>>, _: bool) -> Option<Value> {
        let ended = Ended::of(reason, B::status);
        self.run(None, &mut Vec::new(), |behaviour, _| behaviour.terminate(state, &ended)).err()
    }
}

impl<B: Behaviour> Hosting for Behaving<B> {
    fn run_as(&mut self, process: ProcessId) {
        self.process = process;
    }

    fn take_failure(&mut self) -> Option<Error> {
        self.failed.take()
    }
}

impl<B: Behaviour> Runnable for B {
    type Alphabet = Typed<B>;
    type Functions = Behaving<B>;

    fn status(state: &B::State) -> Value {
        <B as Behaviour>::status(state)
    }
}

/// A server: a machine with one state.
///
/// ```
/// use statehall::{Hall, MachineOptions, Next, Options, Server, Single, Turn};
/// struct Counter(i64);
///
/// impl Server for Counter {
///     type Event = i64;
///     type Reply = i64;
///
///     fn handle(&mut self, add: &i64, turn: &mut Turn<'_, Single<Self>>) -> Next<()> {
///         self.0 += add;
///         turn.reply(self.0);
///         Next::Keep
///     }
/// }
///
/// let hall = Hall::open(Options::default())?;
/// let counter = hall.server(Counter(40), MachineOptions::default())?;
/// counter.cast(1)?;
/// assert_eq!(futures::executor::block_on(counter.call(1, None)?)?, 42);
/// # Ok::<(), statehall::Error>(())
/// ```
pub trait Server: Sized + 'static {
    /// What is asked of it.
    type Event: 'static;
    /// What callers get.
    type Reply: 'static;

    /// Handles an event; nothing but `Keep` and `Stop` means anything here.
    fn handle(&mut self, event: &Self::Event, turn: &mut Turn<'_, Single<Self>>) -> Next<()>;

    /// Cleans up. Not called if the server is killed.
    fn terminate(&mut self, _ended: &Ended) {}
}

/// A server as a machine.
pub struct Single<S>(pub(super) S);

impl<S: Server> Behaviour for Single<S> {
    type State = ();
    type Event = S::Event;
    type Reply = S::Reply;

    fn init(&mut self, _: &mut Turn<'_, Self>) -> Result<(), Value> {
        Ok(())
    }

    fn handle(&mut self, (): &(), event: &S::Event, turn: &mut Turn<'_, Self>) -> Next<()> {
        self.0.handle(event, turn)
    }

    fn terminate(&mut self, (): &(), ended: &Ended) {
        self.0.terminate(ended);
    }

    fn status((): &()) -> Value {
        "running".into()
    }
}
