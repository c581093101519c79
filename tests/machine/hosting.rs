//! Processes as a host meets them: questions, answers, and what comes of them.

use crate::notation::read;
use statehall::kernel::Limits;
use statehall::kernel::Time;
use statehall::kernel::processes::{Effect, ProcessId, Processes, Refused, STEPS_MAX, Start, status_key};
use statehall::process::call::CallId;
use statehall::process::machine::table::{MODULE, Table, TableFunctions, Tabled};
use statehall::process::machine::{
    Action, Alphabet, Ask, Delay, Functions, Init, Kind, Mode, Outside, Rearm, Reason, Return, Timer,
};
use statehall::replica::clock::Session;
use statehall::{Code, Value};
use std::rc::Rc;

/// States and contents are numbers, as a host across a border has them.
struct Numbers;

impl Alphabet for Numbers {
    type State = u32;
    type Event = u32;
    type Reply = u32;
    type Name = u32;
    type Term = u32;
}

type Hosted = Processes<Numbers>;

fn limits(limits: &[(&str, u64)]) -> Limits {
    let mut all = Limits::default();
    limits.iter().for_each(|(name, value)| all.set(name, *value).expect("a limit"));
    all
}

fn start(processes: &mut Hosted, name: &str) -> ProcessId {
    let start = Start { name: Some(name.into()), module: 0, functions: None };
    let id = processes.start(start, Init::Ok(0), &mut Vec::new());
    let id = id.unwrap_or_else(|_| panic!("{name} starts"));
    let (asked, question) = next_ask(processes);
    assert_eq!(asked, id);
    let mode = Mode { state_functions: false, state_enter: false, state_leave: false };
    processes.answer_mode(0, id, question, Ok(mode)).expect("asked");
    id
}

fn next_ask(processes: &mut Hosted) -> (ProcessId, u32) {
    match processes.next_effect(0) {
        Some(Effect::Ask { process, question }) => (process, question),
        other => panic!("{}", other.map_or("nothing is asked".to_owned(), |effect| shown(&effect))),
    }
}

fn event(processes: &Hosted, process: ProcessId) -> u32 {
    match processes.ask(process) {
        Some(Ask::Event(_, event)) => event.content,
        _ => panic!("no event is asked about"),
    }
}

fn shown(effect: &Effect<Numbers>) -> String {
    match effect {
        Effect::Ask { process, question } => format!("ask {process} {question}"),
        Effect::Reply { call, content } => format!("{call} gets {content}"),
        Effect::Expired { call } => format!("{call} is over"),
        Effect::Ended { process, reason, calls } => {
            let calls: Vec<_> = calls.iter().map(CallId::to_string).collect();
            format!("{process} ended {} [{}]", reason.name(), calls.join(", "))
        }
        Effect::Hibernate { process } => format!("{process} sleeps"),
        Effect::Report(error) => format!("report {error}"),
    }
}

fn all<F: Functions<Numbers>>(processes: &mut Processes<Numbers, F>) -> Vec<String> {
    std::iter::from_fn(|| processes.next_effect(0)).map(|effect| shown(&effect)).collect()
}

fn keep(processes: &mut Hosted, actions: Vec<Action<Numbers>>) -> u32 {
    let (process, question) = next_ask(processes);
    let content = event(processes, process);
    let mut actions = actions;
    processes.answer(0, process, question, Return::Keep, &mut actions).expect("asked");
    assert!(actions.is_empty(), "the actions are taken out of the list");
    content
}

#[test]
fn processes_take_turns_event_by_event() {
    let mut processes = Hosted::new(&Limits::default());
    let [a, b] = ["a", "b"].map(|name| start(&mut processes, name));
    for (process, content) in [(a, 1), (a, 2), (b, 3), (a, 4), (b, 5)] {
        processes.cast(process, content).expect("room");
    }
    let order: Vec<_> = (0..5).map(|_| keep(&mut processes, Vec::new())).collect();
    assert_eq!(order, [1, 3, 2, 5, 4]);
    assert_eq!(all(&mut processes), [""; 0]);
}

#[test]
fn a_question_is_answered_once_and_only_if_it_was_asked() {
    let mut processes = Hosted::new(&Limits::default());
    let [a, b] = ["a", "b"].map(|name| start(&mut processes, name));
    let answer = |processes: &mut Hosted, process, question| {
        let answered = processes.answer(0, process, question, Return::Next(9), &mut Vec::new());
        answered.map_err(|error| error.code)
    };
    assert_eq!(answer(&mut processes, a, 1), Err(Code::InvalidArgument), "that was answered");
    processes.cast(a, 7).expect("room");
    let (process, question) = next_ask(&mut processes);
    assert_eq!((process, event(&processes, a)), (a, 7));
    assert_eq!(answer(&mut processes, a, question + 1), Err(Code::InvalidArgument));
    assert_eq!(answer(&mut processes, b, question), Err(Code::InvalidArgument), "another process");
    let mode = Mode::default();
    assert!(processes.answer_mode(0, a, question, Ok(mode)).is_err(), "another kind of question");
    assert_eq!(processes.machine(a).expect("runs").state(), &0, "nothing has changed");
    assert_eq!(answer(&mut processes, a, question), Ok(()));
    assert_eq!(answer(&mut processes, a, question), Err(Code::InvalidArgument), "twice");
    assert_eq!(processes.machine(a).expect("runs").state(), &9);
    processes.cast(a, 8).expect("room");
    let (_, question) = next_ask(&mut processes);
    assert!(processes.kill(a));
    assert_eq!(answer(&mut processes, a, question), Err(Code::Closed), "its process was killed meanwhile");
    assert_eq!(all(&mut processes), ["0.1 ended killed []"]);
    assert!(!processes.kill(a) && processes.machine(a).is_none() && processes.find("a").is_none());
}

#[test]
fn a_call_ends_by_its_reply_its_time_or_the_end_of_who_was_asked() {
    let mut processes = Hosted::new(&Limits::default());
    let a = start(&mut processes, "a");
    let calls = [None, Some(5), None, Some(9)].map(|ms| processes.call(0, a, 1, ms).expect("room"));
    keep(&mut processes, vec![Action::Reply(calls[0], 10), Action::Reply(calls[0], 11)]);
    let expected = [
        "call 0.1 gets 10".to_owned(),
        "report invalid-argument: call 0.1 has been answered already".to_owned(),
        "ask 0.1 3".to_owned(),
    ];
    assert_eq!(all(&mut processes), expected);
    assert_eq!(processes.next_wake_ms(), Some(5));
    processes.advance(5);
    assert_eq!(all(&mut processes), ["call 1.1 is over"]);
    assert_eq!(processes.reply(calls[1], 12), Ok(false), "a late reply is dropped");
    assert_eq!(processes.reply(calls[2], 12), Ok(true));
    assert_eq!(processes.reply(calls[2], 12).expect_err("twice").code, Code::InvalidArgument);
    assert_eq!(processes.reply(CallId(77), 12).expect_err("never").code, Code::InvalidArgument);
    let reason = Return::Stop(Reason::Shutdown);
    processes.answer(5, a, 3, reason, &mut Vec::new()).expect("asked");
    let expected = ["call 2.1 gets 12", "ask 0.1 4"];
    assert_eq!(all(&mut processes), expected);
    assert!(matches!(processes.ask(a), Some(Ask::Terminate { undone: false, .. })));
    processes.answer_terminate(a, 4, None).expect("asked");
    assert_eq!(all(&mut processes), ["0.1 ended shutdown [call 3.1]"]);
    assert_eq!(processes.call(5, a, 1, None).expect_err("noproc").code, Code::Closed);
    assert_eq!(processes.cast(a, 1), Ok(()), "a cast to nobody");
    assert!(!processes.leave(calls[3]));
}

#[test]
fn what_is_full_is_the_senders_to_see() {
    let mut processes = Hosted::new(&limits(&[("processes", 2), ("mailbox", 2), ("postponed", 1)]));
    let a = start(&mut processes, "a");
    let again = Start { name: Some("a".into()), module: 0, functions: None };
    let taken = processes.start(again, Init::Ok(0), &mut Vec::new());
    assert!(matches!(taken, Err(Refused::Error(error)) if error.code == Code::InvalidArgument));
    start(&mut processes, "b");
    let third = Start { name: None, module: 0, functions: None };
    let third = processes.start(third, Init::Ok(0), &mut Vec::new());
    assert!(matches!(third, Err(Refused::Error(error)) if error.detail == "processes is at most 2, this needs 3"));
    processes.cast(a, 1).expect("room");
    processes.cast(a, 2).expect("room");
    assert_eq!(processes.cast(a, 3).expect_err("full").detail, "mailbox is at most 2, this needs 3");
    assert_eq!(processes.call(0, a, 3, None).expect_err("full").code, Code::Limit);
    keep(&mut processes, vec![Action::Postpone(true)]);
    assert_eq!(processes.machine(a).expect("runs").postponed().len(), 1);
    keep(&mut processes, vec![Action::Postpone(true)]);
    let (_, question) = next_ask(&mut processes);
    let Some(Ask::Terminate { reason: Reason::Limit("postponed", 1), .. }) = processes.ask(a) else {
        panic!("the machine ends by its bound");
    };
    processes.answer_terminate(a, question, None).expect("asked");
    assert_eq!(all(&mut processes), ["0.1 ended limit []"]);
}

#[test]
fn what_is_wrong_ends_the_machine_and_nobody_else() {
    let wrong = [
        (Return::<Numbers>::Bad(7), vec![], "bad-return-from-state-function"),
        (Return::Failed(7), vec![], "failed"),
        (Return::Undefined, vec![], "undef"),
        (Return::Keep, vec![Action::Bad(7)], "bad-action-from-state-function"),
        (Return::Keep, vec![Action::Start(Timer::Event, Delay::After(-1), 0)], "bad-action-from-state-function"),
        (Return::Stop(Reason::Normal), vec![Action::Postpone(true)], "bad-reply-action-from-state-function"),
    ];
    let mut processes = Hosted::new(&Limits::default());
    let bystander = start(&mut processes, "b");
    for (answer, mut actions, why) in wrong {
        let a = start(&mut processes, "a");
        processes.cast(a, 1).expect("room");
        let (_, question) = next_ask(&mut processes);
        processes.answer(0, a, question, answer, &mut actions).expect("asked");
        let (_, question) = next_ask(&mut processes);
        assert!(matches!(processes.ask(a), Some(Ask::Terminate { reason, .. }) if reason.name() == why));
        processes.answer_terminate(a, question, None).expect("asked");
        assert_eq!(all(&mut processes), [format!("{a} ended {why} []")]);
        processes.cast(bystander, 1).expect("room");
        keep(&mut processes, Vec::new());
    }
    let refused = |processes: &mut Hosted, init| {
        let start = Start { name: None, module: 0, functions: None };
        match processes.start(start, init, &mut Vec::new()) {
            Err(Refused::Stopped(reason)) => reason.name(),
            Err(Refused::Ignored) => "ignored",
            _ => "something else",
        }
    };
    let inits = [Init::Ignore, Init::Stop(Reason::Shutdown), Init::Bad(1), Init::Failed(1)];
    let refused = inits.map(|init| refused(&mut processes, init));
    assert_eq!(refused, ["ignored", "shutdown", "bad-return-from-init", "failed"]);
}

#[test]
fn a_status_is_told_once_a_turn() {
    let mut processes = Hosted::new(&Limits::default());
    let a = start(&mut processes, "a");
    let told = |processes: &mut Hosted| {
        let changed = std::iter::from_fn(|| processes.take_changed()).collect::<Vec<_>>();
        let line = |(id, name): (ProcessId, Option<Rc<str>>)| {
            let state = processes.machine(id).map_or("gone".to_owned(), |machine| machine.state().to_string());
            format!("{} {state}", status_key(Session(1), id, name.as_deref()).expect("a key").text())
        };
        changed.into_iter().map(|changed| line((changed.process, changed.name))).collect::<Vec<_>>()
    };
    assert_eq!(told(&mut processes), ["processes/a 0"]);
    for state in [1, 2, 2] {
        processes.cast(a, 1).expect("room");
        let (_, question) = next_ask(&mut processes);
        processes.answer(0, a, question, Return::Next(state), &mut Vec::new()).expect("asked");
    }
    assert_eq!(told(&mut processes), ["processes/a 2"]);
    processes.cast(a, 1).expect("room");
    keep(&mut processes, Vec::new());
    assert!(!processes.has_changed(), "it is in the same state");
    let unnamed = Start { name: None, module: 0, functions: None };
    processes.start(unnamed, Init::Ok(5), &mut Vec::new()).unwrap_or_else(|_| panic!("it starts"));
    processes.kill(a);
    assert_eq!(told(&mut processes), ["processes/0000000000000001.1.1 5", "processes/a gone"]);
    assert!(status_key(Session(1), a, Some("**")).is_err());
}

#[test]
fn a_machine_goes_on_in_another_session() {
    let mut here = Hosted::new(&Limits::default());
    let a = start(&mut here, "a");
    here.cast(a, 1).expect("room");
    keep(&mut here, vec![Action::Start(Timer::State, Delay::After(20), 7)]);
    let at = |monotonic_ms, unix_ms| Time { monotonic_ms, unix_ms };
    here.cast(a, 2).expect("room");
    next_ask(&mut here);
    assert!(here.snapshot(a, at(5, 1_000)).is_err(), "what is being handled is not kept");
    here.answer(5, a, 3, Return::Next(4), &mut vec![Action::Start(Timer::State, Delay::After(20), 7)]).expect("asked");
    for (rearm, wake_ms) in [(Rearm::Deadline, 510), (Rearm::Remaining, 515), (Rearm::Restart, 520)] {
        let kept = here.snapshot(a, at(10, 1_000)).expect("it rests");
        let mut there = Hosted::new(&Limits::default());
        let again = there.restore(Some("a".into()), None, kept, rearm, at(500, 1_005)).expect("a right snapshot");
        assert_eq!((there.next_wake_ms(), all(&mut there)), (Some(wake_ms), vec![]), "it is not entered again");
        there.advance(wake_ms);
        assert_eq!((next_ask(&mut there).0, event(&there, again)), (again, 7));
    }
}

/// A machine that inserts an event for ever.
struct Busy;

impl Functions<Numbers> for Busy {
    fn mode(&mut self, _: &u32) -> Result<Mode, u32> {
        Ok(Mode::default())
    }

    fn handle(
        &mut self,
        state: &u32,
        _: &statehall::process::machine::Event<Numbers>,
        actions: &mut Vec<Action<Numbers>>,
    ) -> Return<Numbers> {
        actions.push(Action::NextEvent(Kind::Internal, 0));
        Return::Next(state + 1)
    }
}

#[test]
fn a_machine_that_never_rests_does_not_stop_the_host() {
    let mut processes = Processes::<Numbers, Busy>::new(&Limits::default());
    let start = Start { name: None, module: 0, functions: Some(Busy) };
    let id = processes.start(start, Init::Ok(0), &mut Vec::new()).unwrap_or_else(|_| panic!("it starts"));
    processes.cast(id, 1).expect("room");
    assert_eq!((all(&mut processes), processes.next_wake_ms()), (vec![], Some(0)));
    assert_eq!(processes.machine(id).expect("runs").state(), &(STEPS_MAX - 1), "the first step is the start");
    processes.advance(1);
    assert_eq!(all(&mut processes), [""; 0]);
    assert_eq!(processes.machine(id).expect("runs").state(), &(2 * STEPS_MAX - 1));
    processes.kill(id);
    assert_eq!((all(&mut processes).len(), processes.next_wake_ms()), (1, None));
}

#[test]
fn a_table_needs_no_host() {
    let table = r#"{"initial": "off", "data": {"count": 0}, "states": {
        "off": {"rules": [{"on": "cast", "is": "push", "next": "on"}]},
        "on": {"enter": [["add", "count", 1], ["start", "state-timeout", 15, 0]],
            "rules": [{"on": "state-timeout", "next": "off"}]}
    }, "rules": [{"on": "call", "do": [["reply", {"data": "count"}]]}]}"#;
    let table = Table::read(&read(&table.replace('\n', " ")).expect("notation"));
    let functions = TableFunctions::new(Rc::new(table.unwrap_or_else(|_| panic!("a right table"))));
    let mut processes = Processes::<Tabled, TableFunctions>::new(&Limits::default());
    let init = functions.init();
    let start = Start { name: Some("button".into()), module: MODULE.into(), functions: Some(functions) };
    let id = processes.start(start, init, &mut Vec::new()).unwrap_or_else(|_| panic!("it starts"));
    processes.cast(id, "push".into()).expect("room");
    assert!(processes.next_effect(0).is_none());
    assert_eq!((&**processes.machine(id).expect("runs").state(), processes.next_wake_ms()), ("on", Some(15)));
    processes.advance(15);
    let call = processes.call(15, id, "count".into(), None).expect("room");
    match processes.next_effect(15) {
        Some(Effect::Reply { call: answered, content }) => assert_eq!((answered, content), (call, Value::from(1))),
        _ => panic!("no reply"),
    }
    let functions = processes.functions(id).expect("a table");
    assert!(functions.can("off", Kind::Cast, "push".into()) && !functions.can("on", Kind::Cast, "push".into()));
    assert!(processes.next_effect(15).is_none());
    assert_eq!(&**processes.machine(id).expect("runs").state(), "off");
}

#[test]
fn a_host_without_functions_inside_has_none() {
    assert_eq!(size_of::<Option<Outside>>(), 0);
}
