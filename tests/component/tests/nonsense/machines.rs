//! Machines with everything that a host might get wrong, and a machine of the host's own, asked and answered.

use super::subject::{NOW_MS, Subject, now};
use statehall::Value as Plain;
use statehall_component_tests::machines::{
    Action, Ask, Event, Exit, Kind, Next, Options, Outcome, Question, Rearm, Timer,
};
use statehall_component_tests::types::{Code, Value};
use statehall_component_tests::values::cbor_in;
use statehall_component_tests::{at, options, state};

/// Asks something of machines.
macro_rules! ask {
    ($subject:ident, $call:ident, $($argument:expr),*) => {{
        let hall = $subject.hall;
        $subject.call(|store, kernel| kernel.statehall_hall_machines().$call(store, hall, $($argument),*))
    }};
}

fn table(text: &str) -> Vec<u8> {
    let rules = Plain::from(vec![Plain::from([("on", "cast".into()), ("next", text.into())])]);
    cbor_in(&Plain::from([("initial", "a".into()), ("states", [("a", [("rules", rules)].into())].into())]))
}

fn own(name: &str) -> Options {
    Options { name: Some(name.into()), state: "idle".into(), enters: false, leaves: false }
}

fn asked(subject: &mut Subject) -> Vec<Ask> {
    ask!(subject, call_asks, u32::MAX, now()).expect("questions")
}

#[test]
fn what_is_no_machine_does_not_start() {
    let mut subject = Subject::new(false);
    for (table, code) in [
        (vec![], Code::InvalidValue),
        (vec![0x01], Code::InvalidValue),
        (vec![0x9f, 0xff], Code::InvalidValue),
        (vec![0x80], Code::InvalidDeclaration),
        (vec![0xa0], Code::InvalidDeclaration),
        (table("nowhere"), Code::InvalidDeclaration),
    ] {
        assert_eq!(ask!(subject, call_start_table, Some("m"), &table, now()).expect_err("no table").code, code);
        assert_eq!(ask!(subject, call_draw, &table).expect_err("no table").code, code);
    }
    let good = table("a");
    for name in ["", "*", "**"] {
        assert_eq!(ask!(subject, call_start_table, Some(name), &good, now()).expect_err(name).code, Code::InvalidKey);
        assert_eq!(ask!(subject, call_start, &own(name), &[], now()).expect_err(name).code, Code::InvalidKey);
    }
    let bad = [Action::Reply((7, Value::Cbor(vec![0xff])))];
    assert_eq!(ask!(subject, call_start, &own("m"), &bad, now()).expect_err("bytes").code, Code::InvalidValue);
    let kept = [vec![], vec![0; 8], b"machine\x01".to_vec()];
    for bytes in &kept {
        for table in [None, Some(&good)] {
            let revived = ask!(subject, call_revive, None, table, bytes, Rearm::Restart, now());
            assert_eq!(revived.expect_err("no machine").code, Code::InvalidSnapshot);
        }
    }
    assert!(ask!(subject, call_processes,).expect("a list").is_empty());
    subject.works();
}

#[test]
fn numbers_of_nobody_are_refused_or_say_so() {
    let mut subject = Subject::new(false);
    ask!(subject, call_start_table, None, &table("a"), now()).expect("a machine");
    let null = Value::Null;
    for process in [1, 1 << 32 | 1, 7 << 32, u64::MAX] {
        assert!(ask!(subject, call_cast, process, &null, now()).is_ok(), "a cast to nobody");
        assert_eq!(ask!(subject, call_call, process, &null, None, now()).expect_err("noproc").code, Code::Closed);
        assert!(!ask!(subject, call_stop, process, &Exit::Normal, now()).expect("an answer"));
        assert!(!ask!(subject, call_kill, process, now()).expect("an answer"));
        assert!(!ask!(subject, call_suspend, process, now()).expect("an answer"));
        assert!(ask!(subject, call_look, process, now()).expect("an answer").is_none());
        assert_eq!(ask!(subject, call_keep, process, now()).expect_err("nobody").code, Code::Closed);
        let answered = ask!(subject, call_answer, process, 1, &Next::Keep, &[], now());
        assert_eq!(answered.expect_err("nobody").code, Code::Closed);
        assert!(!ask!(subject, call_leave, process).expect("an answer"));
        assert_eq!(ask!(subject, call_reply, process, &null, now()).expect_err("never").code, Code::InvalidArgument);
    }
    assert!(!ask!(subject, call_reply, 0, &null, now()).expect("nobody waits"));
    subject.works();
}

/// A machine that has entered its first state.
fn entered(subject: &mut Subject) -> u64 {
    let options = Options { enters: true, leaves: true, ..own("agent") };
    let process = ask!(subject, call_start, &options, &[], now()).expect("a machine");
    let [Ask { number, question: Question::Enter(old), .. }] = &asked(subject)[..] else { panic!("enter") };
    assert_eq!(old, "idle");
    assert_eq!(asked(subject).len(), 1, "it stays open until it is answered");
    ask!(subject, call_answer, process, *number, &Next::Keep, &[], now()).expect("asked");
    let again = ask!(subject, call_answer, process, *number, &Next::Keep, &[], now());
    assert_eq!(again.expect_err("twice").code, Code::InvalidArgument);
    process
}

#[test]
fn a_machine_of_the_host_is_asked_and_answered() {
    let mut subject = Subject::new(false);
    let process = entered(&mut subject);
    let call = ask!(subject, call_call, process, &Value::Integer(1), Some(10), now()).expect("a call");
    let [Ask { number, question: Question::Handle(event), state, .. }] = &asked(&mut subject)[..] else {
        panic!("an event")
    };
    assert!(matches!(event, Event { kind: Kind::Call(made), content: Value::Integer(1) } if *made == call));
    assert_eq!(state, "idle");
    assert_eq!(ask!(subject, call_keep, process, now()).expect_err("a question is open").code, Code::InvalidArgument);
    let actions = [
        Action::Reply((call, Value::Boolean(true))),
        Action::Start((Timer::State, 20, Value::Null)),
        Action::Reply((call, Value::Boolean(false))),
    ];
    ask!(subject, call_answer, process, *number, &Next::To("busy".into()), &actions, now()).expect("asked");
    let [Ask { number, question: Question::Leave(next), .. }] = &asked(&mut subject)[..] else { panic!("leave") };
    assert_eq!(next, "busy");
    ask!(subject, call_answer, process, *number, &Next::Keep, &[], now()).expect("asked");
    let [Ask { number, state, question: Question::Enter(_), .. }] = &asked(&mut subject)[..] else { panic!("enter") };
    assert_eq!(state, "busy");
    ask!(subject, call_answer, process, *number, &Next::Keep, &[], now()).expect("asked");
    let taken = ask!(subject, call_take, 9).expect("outcomes");
    assert!(matches!(&taken[..], [Outcome::Reply((made, Value::Boolean(true)))] if *made == call));
    let reports = subject.ask(|hall, store, this| hall.call_reports(store, this, 9));
    assert!(matches!(&reports[..], [error] if error.code == Code::InvalidArgument), "a call was answered twice");
    subject.works();
}

#[test]
fn a_machine_of_the_host_waits_goes_on_and_ends() {
    let mut subject = Subject::new(false);
    let process = entered(&mut subject);
    let late = ask!(subject, call_call, process, &Value::Integer(2), Some(10), now()).expect("a call");
    let [Ask { number, .. }] = &asked(&mut subject)[..] else { panic!("a call") };
    let start = [Action::Postpone(true), Action::Start((Timer::State, 20, Value::Null))];
    ask!(subject, call_answer, process, *number, &Next::Keep, &start, now()).expect("asked");
    let later = at(NOW_MS + 10);
    subject.ask(|hall, store, this| hall.call_advance(store, this, later)).expect("time passes");
    let taken = ask!(subject, call_take, 9).expect("outcomes");
    assert!(matches!(&taken[..], [Outcome::Expired(made)] if *made == late));
    let shown = subject.ask(|hall, store, this| hall.call_get(store, this, "processes/agent")).expect("a value");
    assert!(matches!(shown, Some(Value::Text(state)) if state == "idle"));
    let view = ask!(subject, call_look, process, later).expect("an answer").expect("it runs");
    assert_eq!((view.timers[0].remaining_ms, view.postponed[0].age_ms, view.postponed.len()), (10, 10, 1));
    assert_eq!(view.key, "processes/agent");

    let kept = ask!(subject, call_keep, process, later).expect("bytes");
    let taken = ask!(subject, call_revive, Some("agent"), None, &kept, Rearm::Restart, later);
    assert_eq!(taken.expect_err("the name is taken").code, Code::InvalidArgument);
    let other = ask!(subject, call_revive, Some("other"), None, &kept, Rearm::Restart, later).expect("it goes on");
    let wake = subject.ask(|hall, store, this| hall.call_next_wake(store, this, later));
    assert_eq!(wake.expect("an answer"), Some(0));
    subject.ask(|hall, store, this| hall.call_advance(store, this, later)).expect("it is shown");
    let wake = subject.ask(|hall, store, this| hall.call_next_wake(store, this, later));
    assert_eq!(wake.expect("an answer"), Some(10));
    assert!(ask!(subject, call_kill, other, later).expect("an answer"));

    ask!(subject, call_cast, process, &Value::Integer(3), later).expect("room");
    let hall = subject.hall;
    let questions = subject.call(|store, kernel| kernel.statehall_hall_machines().call_asks(store, hall, 1, later));
    let number = questions.expect("questions")[0].number;
    let wrong = Action::Start((Timer::Event, -5, Value::Null));
    ask!(subject, call_answer, process, number, &Next::Keep, &[wrong], later).expect("asked");
    let questions = subject.call(|store, kernel| kernel.statehall_hall_machines().call_asks(store, hall, 9, later));
    let questions = questions.expect("questions");
    let [Ask { number, question: Question::Terminate((ended, undone)), .. }] = &questions[..] else {
        panic!("the end")
    };
    assert_eq!((ended.reason.as_str(), *undone), ("bad-action-from-state-function", false));
    assert!(matches!(&ended.detail, Some(Value::Text(what)) if what == "start timeout -5"));
    ask!(subject, call_answer, process, *number, &Next::Keep, &[], later).expect("asked");
    let taken = ask!(subject, call_take, 9).expect("outcomes");
    assert!(taken.iter().any(|outcome| matches!(outcome, Outcome::Ended((gone, ..)) if *gone == process)));
    subject.works();
}

#[test]
fn what_is_full_or_closed_is_refused() {
    let limits = vec![(state::Limit::Processes, 1), (state::Limit::Mailbox, 1), (state::Limit::Notices, 2)];
    let mut subject = Subject::with(&state::Options { limits, ..options(1) });
    let process = ask!(subject, call_start, &own("m"), &[], now()).expect("a machine");
    assert_eq!(ask!(subject, call_start, &own("n"), &[], now()).expect_err("full").code, Code::Limit);
    ask!(subject, call_cast, process, &Value::Null, now()).expect("it is being handled");
    ask!(subject, call_cast, process, &Value::Null, now()).expect("it waits");
    assert_eq!(ask!(subject, call_cast, process, &Value::Null, now()).expect_err("full").code, Code::Limit);
    assert_eq!(ask!(subject, call_call, process, &Value::Null, None, now()).expect_err("full").code, Code::Limit);
    let event = Event { kind: Kind::Cast, content: Value::Null };
    assert_eq!(ask!(subject, call_can, process, &event).expect_err("no table").code, Code::InvalidArgument);
    let before = at(NOW_MS - 1);
    assert_eq!(ask!(subject, call_kill, process, before).expect_err("back in time").code, Code::InvalidArgument);
    subject.works();
    subject.ask(|hall, store, this| hall.call_close(store, this));
    assert_eq!(ask!(subject, call_take, 1).expect_err("closed").code, Code::Closed);
    assert_eq!(ask!(subject, call_cast, process, &Value::Null, now()).expect_err("closed").code, Code::Closed);
}
