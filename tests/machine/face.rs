//! Machines of the Rust face: types, futures, and what the hall shows.

use crate::notation::read;
use statehall::{
    Behaviour, Call, Caller, Code, Ended, Error, EventKind, Exit, Hall, Limits, Machine, MachineOptions, ManualClock,
    Next, Options, Rearm, Server, Single, Timer, Turn, Value, WatchOptions,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A function of an agent, as a test writes it.
type Act = Box<dyn FnOnce(&mut Agent, &'static str, &mut Turn<'_, Agent>) -> Next<&'static str>>;

enum Event {
    Do(RefCell<Option<Act>>),
    Word(&'static str),
}

/// What it logs is seen by the test.
#[derive(Default)]
struct Agent {
    log: Rc<RefCell<Vec<String>>>,
    waiting: Option<Caller<i64>>,
}

impl Behaviour for Agent {
    type State = &'static str;
    type Event = Event;
    type Reply = i64;
    const ENTERS: bool = true;

    fn init(&mut self, _: &mut Turn<'_, Self>) -> Result<&'static str, Value> {
        Ok("idle")
    }

    fn handle(&mut self, state: &&'static str, event: &Event, turn: &mut Turn<'_, Self>) -> Next<&'static str> {
        match event {
            Event::Do(act) => {
                let act = act.borrow_mut().take();
                act.map_or(Next::Keep, |act| act(self, state, turn))
            }
            Event::Word("later") if *state == "idle" => {
                turn.postpone();
                Next::Keep
            }
            Event::Word(word) => {
                self.log.borrow_mut().push(format!("{state} {word}"));
                Next::Keep
            }
        }
    }

    fn enter(&mut self, state: &&'static str, old: &&'static str, turn: &mut Turn<'_, Self>) -> Next<&'static str> {
        assert!(turn.kind().is_none() && turn.caller().is_none());
        self.log.borrow_mut().push(format!("{state} after {old}"));
        match *state {
            "lost" => Next::To("elsewhere"),
            "postponing" => {
                turn.postpone();
                Next::Keep
            }
            _ => Next::Keep,
        }
    }

    fn terminate(&mut self, state: &&'static str, ended: &Ended) {
        self.log.borrow_mut().push(format!("{state} ends: {ended}"));
    }

    fn status(state: &&'static str) -> Value {
        (*state).into()
    }
}

fn act(act: impl FnOnce(&mut Agent, &'static str, &mut Turn<'_, Agent>) -> Next<&'static str> + 'static) -> Event {
    Event::Do(RefCell::new(Some(Box::new(act))))
}

fn go(state: &'static str) -> Event {
    act(move |_, _, _| Next::To(state))
}

struct Bench {
    hall: Hall,
    clock: ManualClock,
    reported: Rc<RefCell<Vec<String>>>,
    log: Rc<RefCell<Vec<String>>>,
}

impl Bench {
    fn new(limits: &[(&str, u64)]) -> Self {
        let (clock, reported) = (ManualClock::new(1_000_000), Rc::<RefCell<Vec<String>>>::default());
        let mut options = Options { clock: Box::new(clock.clone()), seed: Some(7), ..Options::default() };
        options.limits = Limits::default();
        limits.iter().for_each(|(name, value)| options.limits.set(name, *value).expect("a limit"));
        let log = reported.clone();
        options.on_error = Box::new(move |error| log.borrow_mut().push(error.to_string()));
        Self { hall: Hall::open(options).expect("a hall"), clock, reported, log: Rc::default() }
    }

    fn agent(&self, name: &str) -> Machine<Agent> {
        let agent = Agent { log: self.log.clone(), waiting: None };
        self.hall.machine(agent, named(name)).expect("it starts")
    }

    fn pass(&self, ms: u64) {
        self.clock.advance(ms);
        self.hall.advance().expect("open");
    }

    fn logged(&self) -> Vec<String> {
        self.log.take()
    }
}

fn named(name: &str) -> MachineOptions {
    MachineOptions { name: Some(name.into()) }
}

fn code<T>(result: Result<T, Error>) -> Option<Code> {
    result.err().map(|error| error.code)
}

fn taken<R>(call: &mut Call<R>) -> Result<R, Code> {
    call.take().expect("it has ended").map_err(|error| error.code)
}

#[test]
fn a_machine_handles_what_it_is_sent() {
    let bench = Bench::new(&[]);
    let agent = bench.agent("a");
    agent.cast(Event::Word("later")).expect("room");
    bench.clock.advance(30);
    let postponed: Vec<_> = agent.read_postponed();
    assert_eq!(postponed, [(true, 30)]);
    agent.cast(go("busy")).expect("room");
    agent
        .info(act(|_, _, turn| {
            assert_eq!(turn.kind(), Some(&EventKind::Info));
            turn.start(Timer::State, 15, Event::Word("late"));
            turn.insert(Event::Word("inserted"));
            Next::Keep
        }))
        .expect("room");
    assert_eq!(agent.state(), Ok("busy"));
    assert_eq!(bench.logged(), ["idle after idle", "busy after idle", "busy later", "busy inserted"]);
    assert_eq!(bench.hall.next_wake().map(|wake| wake.as_millis()), Some(0), "the status is not published");
    bench.hall.advance().expect("open");
    assert_eq!(bench.hall.next_wake().map(|wake| wake.as_millis()), Some(15));
    bench.pass(14);
    assert_eq!(bench.logged(), [""; 0]);
    bench.pass(1);
    assert_eq!(bench.logged(), ["busy late"]);
    let trace = agent.trace().expect("runs");
    assert_eq!(trace.last().map(|step| (step.state, step.changed, step.at_ms)), Some(("busy", false, 45)));
    agent.stop(Exit::Because("enough".into())).expect("open");
    assert_eq!(bench.logged(), ["busy ends: because (enough)"]);
    assert_eq!(agent.ended(), Some(Ended { reason: "because", detail: Some("enough".into()) }));
    assert_eq!(code(agent.state()), Some(Code::Closed));
    assert_eq!((agent.cast(go("x")), code(agent.call(go("x"), None))), (Ok(()), Some(Code::Closed)));
}

trait ReadPostponed {
    fn read_postponed(&self) -> Vec<(bool, u64)>;
}

impl ReadPostponed for Machine<Agent> {
    fn read_postponed(&self) -> Vec<(bool, u64)> {
        let postponed = self.postponed().expect("runs");
        postponed.iter().map(|event| (event.kind == EventKind::Cast, event.age_ms)).collect()
    }
}

impl Clone for Event {
    fn clone(&self) -> Self {
        match self {
            Self::Word(word) => Self::Word(word),
            Self::Do(_) => Self::Do(RefCell::default()),
        }
    }
}

#[test]
fn a_call_ends_once() {
    let bench = Bench::new(&[]);
    let agent = bench.agent("a");
    let mut now = agent
        .call(
            act(|_, _, turn| {
                turn.reply(1);
                Next::Keep
            }),
            None,
        )
        .expect("room");
    assert_eq!(taken(&mut now), Ok(1));
    let keep = || {
        act(|agent, _, turn| {
            agent.waiting = turn.caller();
            Next::Keep
        })
    };
    let mut limited = agent.call(keep(), Some(10)).expect("room");
    bench.pass(9);
    assert!(limited.take().is_none());
    bench.pass(1);
    assert_eq!(taken(&mut limited), Err(Code::Timeout));
    let answer = |agent: &mut Agent, turn: &mut Turn<'_, Agent>| {
        turn.reply_to(agent.waiting.expect("a caller"), 7);
        Next::Keep
    };
    agent.cast(act(move |agent, _, turn| answer(agent, turn))).expect("room");
    assert_eq!(*bench.reported.borrow(), [""; 0], "a late reply is dropped");
    let mut kept = agent.call(keep(), None).expect("room");
    agent.cast(act(move |agent, _, turn| answer(agent, turn))).expect("room");
    assert_eq!(taken(&mut kept), Ok(7));
    agent.cast(act(move |agent, _, turn| answer(agent, turn))).expect("room");
    assert_eq!(*bench.reported.borrow(), ["invalid-argument: call 0.3 has been answered already"]);
    let caller = Rc::new(Cell::new(None));
    let told = caller.clone();
    let mut elsewhere = agent
        .call(
            act(move |_, _, turn| {
                told.set(turn.caller());
                Next::Keep
            }),
            None,
        )
        .expect("room");
    let caller = caller.get().expect("a caller");
    assert_eq!(bench.hall.reply(caller, 8), Ok(true));
    assert_eq!(code(bench.hall.reply(caller, 8)), Some(Code::InvalidArgument));
    assert_eq!(taken(&mut elsewhere), Ok(8));
    let (mut open, dropped) = (agent.call(keep(), None).expect("room"), agent.call(keep(), None).expect("room"));
    drop(dropped);
    agent.cast(act(move |agent, _, turn| answer(agent, turn))).expect("room");
    agent.kill().expect("open");
    assert_eq!(taken(&mut open), Err(Code::Closed));
    assert_eq!(bench.hall.reply(caller, 8), Ok(false), "nobody is left");
    assert!(bench.logged().iter().all(|line| !line.contains("ends")), "what is killed does not clean up");
}

#[test]
fn a_function_may_use_its_own_machine() {
    let bench = Bench::new(&[("mailbox", 3)]);
    let agent = bench.agent("a");
    let own = agent.clone();
    agent
        .cast(act(move |agent, _, _| {
            let log = |word: String| agent.log.borrow_mut().push(word);
            log(format!("state {:?}", code(own.state())));
            for word in ["one", "two", "three", "four"] {
                log(format!("{word} {:?}", code(own.cast(Event::Word(word)))));
            }
            own.suspend().expect("open");
            Next::To("busy")
        }))
        .expect("room");
    let expected = [
        "idle after idle",
        "state Some(InvalidArgument)",
        "one None",
        "two None",
        "three None",
        "four Some(Limit)",
        "busy after idle",
        "busy one",
        "busy two",
        "busy three",
    ];
    assert_eq!(bench.logged(), expected);
    agent.cast(Event::Word("suspended")).expect("room");
    assert_eq!((bench.logged(), agent.is_suspended(), agent.waiting()), (vec![], Ok(true), Ok(1)));
    agent.resume().expect("open");
    assert_eq!(bench.logged(), ["busy suspended"]);
    let own = agent.clone();
    agent
        .cast(act(move |_, _, _| {
            own.kill().expect("open");
            Next::Keep
        }))
        .expect("room");
    assert_eq!(agent.ended().map(|ended| ended.reason), Some("killed"));
}

#[test]
fn a_function_that_panics_ends_its_machine_only() {
    let bench = Bench::new(&[]);
    let (agent, other) = (bench.agent("a"), bench.agent("b"));
    bench.logged();
    let mut call = agent.call(act(|_, _, _| std::panic::panic_any("boom")), None).expect("room");
    assert_eq!(taken(&mut call), Err(Code::Closed));
    let why = "a machine's function panicked: boom";
    assert_eq!(agent.ended(), Some(Ended { reason: "failed", detail: Some(why.into()) }));
    assert_eq!(*bench.reported.borrow(), [format!("callback-failed: {why}")]);
    assert_eq!(bench.logged(), [format!("idle ends: failed ({why})")]);
    other.cast(Event::Word("goes on")).expect("room");
    assert_eq!(bench.logged(), ["idle goes on"]);
    bench.hall.advance().expect("open");
    assert_eq!(bench.hall.keys("processes/*").expect("open").len(), 1);
}

#[test]
fn a_wrong_answer_is_named_with_what_was_wrong() {
    let bench = Bench::new(&[("postponed", 1)]);
    let stranger = Rc::new(Cell::new(None));
    let told = stranger.clone();
    let other = bench.agent("b");
    let call = other.call(
        act(move |_, _, turn| {
            told.set(turn.caller());
            Next::Keep
        }),
        None,
    );
    let stop_and_postpone = act(|_, _, turn| {
        turn.postpone();
        Next::Stop(Exit::Normal)
    });
    let wrong = [
        (go("lost"), "bad-state-enter-return-from-state-function", "elsewhere"),
        (go("postponing"), "bad-state-enter-action-from-state-function", "postpone"),
        (stop_and_postpone, "bad-reply-action-from-state-function", "postpone"),
        (
            act(move |_, _, turn| {
                turn.reply_to(stranger.get().expect("a caller"), 1);
                Next::Keep
            }),
            "bad-action-from-state-function",
            "a reply to Caller(call 0.1 of the process 0.1), which is another's",
        ),
    ];
    for (event, reason, detail) in wrong {
        let agent = bench.agent("a");
        agent.cast(event).expect("room");
        assert_eq!(agent.ended(), Some(Ended { reason, detail: Some(detail.into()) }));
    }
    let agent = bench.agent("a");
    agent.cast(Event::Word("later")).expect("room");
    agent.cast(Event::Word("later")).expect("room");
    assert_eq!(agent.ended(), Some(Ended { reason: "limit", detail: Some("postponed is at most 1".into()) }));
    drop(call);
    struct Refusing;
    impl Server for Refusing {
        type Event = ();
        type Reply = ();
        fn handle(&mut self, (): &(), _: &mut Turn<'_, Single<Self>>) -> Next<()> {
            Next::Stop(Exit::Shutdown)
        }
    }
    for (name, expected) in [("b", Code::InvalidArgument), ("*", Code::InvalidKey), ("**", Code::InvalidKey)] {
        assert_eq!(code(bench.hall.server(Refusing, named(name))), Some(expected), "{name}");
    }
    let server = bench.hall.server(Refusing, MachineOptions::default()).expect("it starts");
    bench.hall.advance().expect("open");
    assert_eq!(bench.hall.get(server.key().expect("open").text()), Ok(Some("running".into())));
    server.cast(()).expect("room");
    assert_eq!(server.ended().map(|ended| ended.is_quiet()), Some(true));
}

#[test]
fn the_hall_shows_a_machine_once_a_turn() {
    let bench = Bench::new(&[]);
    let heard = Rc::<RefCell<Vec<String>>>::default();
    let log = heard.clone();
    let agent = bench.agent("a/b");
    let show = |value: &Option<Value>| value.as_ref().and_then(Value::as_text).unwrap_or("-").to_owned();
    agent
        .watch(WatchOptions::default(), move |change| {
            log.borrow_mut().push(format!("{} {}", change.key.text(), show(&change.value)));
        })
        .expect("open")
        .forever();
    assert_eq!(heard.take(), [""; 0]);
    bench.hall.advance().expect("open");
    for state in ["busy", "idle", "done"] {
        agent.cast(go(state)).expect("room");
    }
    bench.hall.advance().expect("open");
    agent.cast(go("idle")).expect("room");
    agent.cast(go("done")).expect("room");
    bench.hall.advance().expect("open");
    agent.stop(Exit::Normal).expect("open");
    bench.hall.advance().expect("open");
    assert_eq!(heard.take(), ["processes/a~1b idle", "processes/a~1b done", "processes/a~1b -"]);
}

#[test]
fn what_is_sent_inside_a_batch_is_handled_after_it() {
    let bench = Bench::new(&[]);
    let agent = bench.agent("a");
    let done = bench.hall.batch(|hall| {
        hall.put("k", 1)?;
        agent.cast(Event::Word("in the batch"))?;
        assert_eq!(bench.logged(), ["idle after idle"]);
        Ok::<_, Error>(())
    });
    assert_eq!((done, bench.logged()), (Ok(()), vec!["idle in the batch".to_owned()]));
}

#[test]
fn what_a_machine_does_to_the_hall_is_told_before_the_next_event() {
    let bench = Bench::new(&[]);
    let agent = bench.agent("a");
    let log = bench.log.clone();
    let told = agent.clone();
    let watch = bench.hall.watch("k", WatchOptions::default(), move |change| {
        log.borrow_mut().push(format!("told {:?}", change.value));
        told.cast(Event::Word("by a watcher")).expect("room");
    });
    let hall = bench.hall.clone();
    bench
        .hall
        .batch(|_| {
            agent.cast(act(move |_, _, _| {
                hall.put("k", 1).expect("room");
                Next::To("busy")
            }))?;
            agent.cast(Event::Word("next"))
        })
        .expect("all of it");
    let expected = ["idle after idle", "busy after idle", "told Some(Integer(1))", "busy next", "busy by a watcher"];
    assert_eq!(bench.logged(), expected);
    drop(watch);
}

#[test]
fn closing_the_hall_ends_its_machines() {
    let bench = Bench::new(&[]);
    let agent = bench.agent("a");
    let held = Rc::downgrade(&agent.clone().held());
    let mut call = agent
        .call(
            act(|agent, _, turn| {
                agent.waiting = turn.caller();
                Next::Keep
            }),
            None,
        )
        .expect("room");
    bench.hall.advance().expect("open");
    bench.hall.close();
    assert_eq!(taken(&mut call), Err(Code::Closed));
    assert_eq!(code(agent.cast(Event::Word("x"))), Some(Code::Closed));
    drop((agent, call, bench));
    assert!(held.upgrade().is_none(), "nothing keeps what the machine held");
}

trait Held {
    fn held(self) -> Rc<()>;
}

impl Held for Machine<Agent> {
    /// Something that only the agent's log holds from now on.
    fn held(self) -> Rc<()> {
        let held = Rc::new(());
        let kept = held.clone();
        self.cast(act(move |_, _, turn| {
            let kept = kept.clone();
            turn.start(
                Timer::State,
                1_000_000,
                act(move |_, _, _| {
                    drop(kept);
                    Next::Keep
                }),
            );
            Next::Keep
        }))
        .expect("room");
        held
    }
}

const BUTTON: &str = r#"{"initial": "off", "data": {"count": 0}, "states": {
    "off": {"rules": [
        {"on": "cast", "is": "push", "next": "on"},
        {"on": "cast", "is": "wait", "do": [["postpone"]]}]},
    "on": {"enter": [["add", "count", 1], ["start", "state-timeout", 15, 0], ["start", "timeout/x", 90, [1, {"a": 2}]]],
        "rules": [
        {"on": "state-timeout", "next": "off"}, {"on": "timeout/x"},
        {"on": "cast", "is": "wait", "do": [["add", "count", 10]]}]}
}, "rules": [{"on": "call", "do": [["reply", {"data": "count"}]]}]}"#;

fn table() -> Value {
    read(&BUTTON.replace('\n', " ")).expect("notation")
}

#[test]
fn a_table_goes_on_elsewhere_from_its_bytes() {
    let bench = Bench::new(&[]);
    let button = bench.hall.table_machine(table(), named("button")).expect("a right table");
    for word in ["wait", "push"] {
        button.cast(word.into()).expect("room");
    }
    bench.pass(15);
    button.cast("wait".into()).expect("room");
    button.suspend().expect("open");
    button.cast("push".into()).expect("room");
    bench.pass(5);
    let bytes = button.to_bytes().expect("it rests");
    assert_eq!(bytes, button.to_bytes().expect("it rests"), "the same machine gives the same bytes");
    for (rearm, wake_ms) in [(Rearm::Deadline, 60), (Rearm::Remaining, 70), (Rearm::Restart, 90)] {
        let there = Bench::new(&[]);
        there.clock.set_unix_ms(1_000_030);
        let again = there.hall.restore_table_machine(table(), &bytes, rearm, named("button")).expect("right bytes");
        let timers = again.timers().expect("runs");
        let timers: Vec<_> = timers.into_iter().map(|running| (running.timer, running.remaining_ms)).collect();
        assert_eq!(timers, [(Timer::Named("x".into()), wake_ms)]);
        assert_eq!((&*again.state().expect("runs"), again.waiting()), ("off", Ok(1)));
        assert_eq!(again.postponed().expect("runs")[0].age_ms, 5, "its age goes on");
        again.resume().expect("open");
        let mut call = again.call(Value::Null, None).expect("room");
        assert_eq!(taken(&mut call), Ok(22.into()), "what was postponed came again");
        assert!(
            again.can(EventKind::Cast, "wait").expect("runs") && !again.can(EventKind::Cast, "push").expect("runs")
        );
    }
    for at in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[at] ^= 1 << (at % 8);
        let refused = bench.hall.restore_table_machine(table(), &wrong, Rearm::Restart, named("b"));
        assert_eq!(code(refused), Some(Code::InvalidSnapshot), "byte {at}");
        let cut = bench.hall.restore_table_machine(table(), &bytes[..at], Rearm::Restart, named("b"));
        assert_eq!(code(cut), Some(Code::InvalidSnapshot), "{at} bytes");
    }
    let other = read(r#"{"initial": "on", "states": {"on": {}}}"#).expect("notation");
    let refused = bench.hall.restore_table_machine(other, &bytes, Rearm::Restart, named("b"));
    assert_eq!(code(refused), Some(Code::InvalidSnapshot), "a table without its state");
}

#[test]
fn a_typed_machine_goes_on_elsewhere() {
    let bench = Bench::new(&[]);
    let agent = bench.agent("a");
    agent
        .cast(act(|_, _, turn| {
            turn.start(Timer::Named("tick"), 20, Event::Word("tick"));
            Next::To("busy")
        }))
        .expect("room");
    bench.pass(5);
    let kept = agent.snapshot().expect("it rests");
    agent.kill().expect("open");
    bench.logged();
    let again = Agent { log: bench.log.clone(), waiting: None };
    let again = bench.hall.restore_machine(again, kept, Rearm::Remaining, named("a")).expect("a right snapshot");
    bench.pass(14);
    assert_eq!((again.state(), bench.logged()), (Ok("busy"), vec![]), "it is not entered again");
    bench.pass(1);
    assert_eq!(bench.logged(), ["busy tick"]);
}

#[test]
fn a_table_that_is_wrong_is_named_whole() {
    let bench = Bench::new(&[]);
    let wrong = read(r#"{"initial": "x", "states": {"a": {"rules": [{"on": "never"}]}}}"#).expect("notation");
    let error = bench.hall.table_machine(wrong, MachineOptions::default()).expect_err("a wrong table");
    assert_eq!(error.code, Code::InvalidDeclaration);
    let expected = "states.a.rules.0.on: \"never\" is no kind of event; initial: there is no state \"x\"";
    assert_eq!(error.detail, expected);
}

#[test]
fn a_day_of_timers_takes_no_time() {
    let bench = Bench::new(&[]);
    let table = r#"{"initial": "a", "data": {"n": 0}, "states": {"a": {"enter": [["start", "timeout/t", 1000, 0]],
        "rules": [{"on": "timeout/t", "do": [["add", "n", 1], ["start", "timeout/t", 1000, 0]]}]}}}"#;
    let table = read(&table.replace('\n', " ")).expect("notation");
    let ticking = bench.hall.table_machine(table, MachineOptions::default()).expect("a right table");
    let mut passed = 0;
    while passed < 86_400_000 {
        let wake = bench.hall.next_wake().expect("a timer").as_millis() as u64;
        bench.pass(wake);
        passed += wake;
    }
    assert_eq!(ticking.data().expect("runs").as_map().and_then(|data| data.get("n")), Some(&86_400.into()));
}
