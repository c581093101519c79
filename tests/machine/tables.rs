//! Machines that are data.

use crate::notation::{read, write};
use crate::rng::Rng;
use statehall::Value;
use statehall::process::call::CallId;
use statehall::process::machine::table::{Table, TableMachine};
use statehall::process::machine::{Bounds, Effect, Kind, Machine, Rearm, Reason, Timer};
use std::rc::Rc;

const BUTTON: &str = r#"{
    "initial": "off",
    "data": {"count": 0, "most": 2},
    "states": {
        "off": {"rules": [
            {"on": "cast", "is": "push", "when": [[{"data": "count"}, "<", {"data": "most"}]], "next": "on"},
            {"on": "cast", "is": "push", "stop": "worn out"},
            {"on": "cast", "is": "wait", "do": [["postpone"]]}
        ]},
        "on": {
            "enter": [["add", "count", 1], ["start", "state-timeout", 15, "auto"]],
            "rules": [
                {"on": "state-timeout", "next": "off"},
                {"on": "cast", "is": "again", "repeat": true},
                {"on": "cast", "is": "wait", "do": [["insert", "internal", "waited"]]},
                {"on": "internal", "is": "waited", "do": [["set", "most", 9]]}
            ]
        }
    },
    "rules": [{"on": "call", "is": "count", "do": [["reply", {"data": "count"}]]}]
}"#;

fn value(text: &str) -> Value {
    read(&text.replace('\n', " ")).expect("diagnostic notation")
}

fn table(text: &str) -> Rc<Table> {
    let table =
        Table::read(&value(text)).map_err(|problems| problems.iter().map(ToString::to_string).collect::<Vec<_>>());
    Rc::new(table.expect("a right table"))
}

fn start(table: &Rc<Table>) -> TableMachine {
    let started = TableMachine::start(table.clone(), Bounds::default());
    let mut running = started.unwrap_or_else(|_| panic!("it starts"));
    running.run(0, 100).expect("it runs");
    running
}

/// Sends an event and handles it. Answers the replies, and the reason if it has ended.
fn send(running: &mut TableMachine, now_ms: u64, kind: Kind<Rc<str>>, content: &str) -> Vec<String> {
    let _ = running.machine.send(kind, content.into());
    advance(running, now_ms)
}

fn advance(running: &mut TableMachine, now_ms: u64) -> Vec<String> {
    running.machine.advance(now_ms);
    running.run(now_ms, 100).expect("it runs");
    let mut seen = Vec::new();
    while let Some(effect) = running.machine.next_effect() {
        match effect {
            Effect::Reply(call, content) => seen.push(format!("{call} gets {}", write(&content))),
            Effect::Changed(old) => seen.push(format!("{old} is over")),
            Effect::Hibernate => seen.push("sleeps".to_owned()),
            Effect::Ended => seen.push(match running.machine.ended() {
                Some(Reason::Because(why)) => write(why),
                why => why.map(Reason::name).unwrap_or_default().to_owned(),
            }),
        }
    }
    seen
}

#[test]
fn a_table_runs_like_any_machine() {
    let mut button = start(&table(BUTTON));
    assert_eq!(send(&mut button, 1, Kind::Cast, "wait"), [""; 0]);
    assert_eq!(send(&mut button, 2, Kind::Cast, "push"), ["off is over"]);
    assert_eq!(button.data()["most"], 9.into(), "what was postponed came again, and inserted something");
    assert_eq!(button.machine.remaining_ms(&Timer::State, 7), Some(10));
    assert_eq!(send(&mut button, 7, Kind::Cast, "again"), [""; 0]);
    assert_eq!(advance(&mut button, 21), [""; 0], "entered again, the state timeout started again");
    assert_eq!(advance(&mut button, 22), ["on is over"]);
    assert_eq!(send(&mut button, 23, Kind::Call(CallId(7)), "count"), ["call 7.0 gets 2"]);
    for now in 0..7 {
        assert_eq!(send(&mut button, 100 + now * 100, Kind::Cast, "push"), ["off is over"]);
        advance(&mut button, 150 + now * 100);
    }
    assert_eq!(send(&mut button, 900, Kind::Cast, "push"), ["\"worn out\""]);
}

#[test]
fn an_event_without_a_rule_stops_a_table_unless_it_keeps() {
    let mut strict = start(&table(BUTTON));
    assert_eq!(send(&mut strict, 1, Kind::Info, "what"), ["\"bad-event\""]);
    let mut lax = start(&table(&BUTTON.replacen("\"initial\"", "\"unhandled\": \"keep\", \"initial\"", 1)));
    assert_eq!(send(&mut lax, 1, Kind::Info, "what"), [""; 0]);
}

#[test]
fn a_table_says_what_it_can() {
    let mut button = start(&table(BUTTON));
    let can = |button: &TableMachine, content: &str| button.can(Kind::Cast, content.into());
    assert!(can(&button, "push") && can(&button, "wait") && !can(&button, "again"));
    assert!(button.can(Kind::Call(CallId::GONE), "count".into()) && !button.can(Kind::Cast, "count".into()));
    send(&mut button, 1, Kind::Cast, "push");
    assert!(!can(&button, "push") && can(&button, "again") && button.can(Kind::StateTimeout, Value::Null));
    button.machine.kill();
    assert!(!can(&button, "again"), "what has ended can nothing");
}

#[test]
fn a_table_is_drawn() {
    let expected = "stateDiagram-v2
    [*] --> off
    off --> on: cast push [count < most]
    off --> [*]: cast push
    on --> off: state-timeout
    on --> on: cast again
";
    assert_eq!(table(BUTTON).draw(), expected);
    let odd = r#"{"initial": "a b", "states": {
        "a b": {"rules": [{"on": "cast", "is": {"to": "x;\n"}, "next": "end"}]},
        "end": {"rules": [{"on": "any", "stop": "normal"}]}
    }}"#;
    let expected = "stateDiagram-v2
    state \"a b\" as s0_
    state \"end\" as s1_
    [*] --> s0_
    s0_ --> s1_: cast #123;to#58; x#59;#10;#125;
    s1_ --> [*]: any
";
    assert_eq!(table(odd).draw(), expected);
}

#[test]
fn every_problem_is_named() {
    let wrong = r#"{
        "initial": "nowhere",
        "colour": "red",
        "data": {"name": "x", "n": 1},
        "states": {
            "a": {"enter": [["postpone"], ["insert", "cast", 1], ["set", "n", {"event": true}]], "rules": [
                {"on": "cast", "next": "b", "repeat": true},
                {"on": "cast", "is": 1, "next": "lost"},
                {"on": "sometimes", "do": []},
                {"on": "timeout/x", "do": [["reply", 1], ["cancel", "state-timeout"]]},
                {"on": "info", "is": 1, "stop": "normal", "do": [["postpone"]]},
                {"on": "info", "is": 2, "when": [[{"data": "gone"}, "=", 1], [1, "~", 2], [1], [{"x": 1}, "=", 1]]},
                {"on": "info", "is": 3, "do": [["start", "timeout", -1, 0], ["add", "name", 1], ["jump"], ["reply"]]},
                {"on": "info", "is": 4, "do": [["insert", "call", 0], ["start", "later", 1, 0]], "next": 7}
            ]},
            "b": {"rules": 5},
            "c": [1]
        },
        "unhandled": "shrug"
    }"#;
    let problems = Table::read(&value(wrong)).err().expect("a wrong table");
    let named: Vec<_> = problems.iter().map(ToString::to_string).collect();
    let expected = [
        "table: there is no member \"colour\", only initial, states, rules, data, unhandled",
        "states.a.rules.0: it has more than one of next, repeat and stop",
        "states.a.rules.2.on: \"sometimes\" is no kind of event",
        "states.a.rules.5.when.1: \"~\" is no comparison",
        "states.a.rules.5.when.2: it is a list of source, comparison and source",
        "states.a.rules.5.when.3: a map names a source: {data: name}, {event: true}, {event: member} or {value: v}",
        "states.a.rules.6.do.2: jump with 0 arguments is no deed",
        "states.a.rules.6.do.3: reply with 0 arguments is no deed",
        "states.a.rules.7.next: it is a text",
        "states.a.rules.7.do.1: \"later\" is no timeout",
        "states.b.rules: it is a list",
        "states.c: it is a map",
        "unhandled: it is stop or keep",
        "initial: there is no state \"nowhere\"",
        "states.a.rules.1: it never fits, because rule 0 does before it",
        "states.a.rules.1.next: there is no state \"lost\"",
        "states.a.rules.3.on: timeout/x is never started",
        "states.a.rules.3.do.0: nobody waits for a reply to timeout/x",
        "states.a.rules.3.do.1: state-timeout is never started",
        "states.a.rules.4.do.0: only a reply goes with a stop",
        "states.a.rules.5.when.0: there is no data \"gone\"",
        "states.a.rules.6.do.0: a time is a whole number of milliseconds, and not negative",
        "states.a.rules.6.do.1: data \"name\" is no number",
        "states.a.rules.7.do.0: what is inserted is a cast, info, internal or a timeout",
        "states.a.enter.0: there is no event to postpone when a state is entered",
        "states.a.enter.1: no event may be inserted when a state is entered",
        "states.a.enter.2: there is no event when a state is entered",
    ];
    assert_eq!(named, expected);
    let lonely = r#"{"initial": "a", "states": {"a": {}, "b": {"rules": [{"on": "any", "next": "b"}]}}}"#;
    let problems = Table::read(&value(lonely)).err().expect("a wrong table");
    assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), ["states.b: no rule leads here"]);
}

#[test]
fn a_machine_goes_on_elsewhere() {
    let table = table(BUTTON);
    let mut button = start(&table);
    send(&mut button, 10, Kind::Cast, "push");
    let _ = button.machine.send(Kind::Call(CallId(7)), "count".into());
    for (rearm, due_ms) in [(Rearm::Deadline, 1_004), (Rearm::Remaining, 1_009), (Rearm::Restart, 1_015)] {
        // Six milliseconds are gone when it is kept, and five more when it goes on.
        let kept = button.machine.snapshot(16, 50_000).expect("it rests");
        assert_eq!((kept.timers[0].remaining_ms, kept.timers[0].due_unix_ms, kept.mailbox.len()), (9, 50_009, 1));
        let machine = Machine::restore(kept, Bounds::default(), rearm, 1_000, 50_005);
        let machine = machine.expect("a right snapshot");
        assert_eq!(machine.next_wake_ms(), Some(due_ms));
        let mut other = TableMachine::restore(table.clone(), machine, button.data().clone());
        assert_eq!(advance(&mut other, 1_001), ["call 0.0 gets 1"], "its caller has gone, and it is not entered again");
        assert_eq!((&**other.machine.state(), other.data()["count"].clone()), ("on", 1.into()));
        assert_eq!(advance(&mut other, due_ms), ["on is over"]);
    }
    let mut late = start(&table);
    send(&mut late, 10, Kind::Cast, "wait");
    let kept = late.machine.snapshot(16, 50_000).expect("it rests");
    let restored = Machine::restore(kept, Bounds::default(), Rearm::Remaining, 1_000, 60_000).expect("it goes on");
    assert_eq!(restored.postponed()[0].age_ms(1_001), 7, "its age goes on");
    let kept = button.machine.snapshot(16, 50_000).expect("it rests");
    let small = Bounds { mailbox: 0, ..Bounds::default() };
    assert!(Machine::restore(kept, small, Rearm::Restart, 0, 0).is_err(), "more than it may hold");
    let mut twice = button.machine.snapshot(16, 50_000).expect("it rests");
    twice.zero.push((Timer::State, Value::Null));
    assert!(Machine::restore(twice, Bounds::default(), Rearm::Restart, 0, 0).is_err(), "a timeout twice");
}

#[test]
fn whatever_is_written_is_a_table_or_has_a_problem() {
    let rng = &mut Rng::new(6);
    let (mut right, mut wrong) = (0, 0);
    for _ in 0..20_000 {
        let mut value = value(BUTTON);
        for _ in 0..rng.between(1, 3) {
            value = damaged(&value, rng);
        }
        match Table::read(&value) {
            Err(problems) => {
                assert!(!problems.is_empty());
                wrong += 1;
            }
            Ok(table) => {
                right += 1;
                let (table, mut now_ms) = (Rc::new(table), 0);
                table.draw();
                let mut running = start(&table);
                for _ in 0..20 {
                    now_ms += rng.below(10);
                    let content = rng.pick(&["push", "wait", "again", "count", "auto"]);
                    let kind = match rng.below(3) {
                        0 => Kind::Call(CallId::GONE),
                        1 => Kind::Cast,
                        _ => Kind::Info,
                    };
                    running.can(kind.clone(), content.into());
                    send(&mut running, now_ms, kind, content);
                }
            }
        }
    }
    assert!(right > 1_000 && wrong > 1_000, "{right} right and {wrong} wrong tables");
}

/// The value with one thing in it replaced by another.
fn damaged(value: &Value, rng: &mut Rng) -> Value {
    if rng.percent(10) {
        return match rng.below(8) {
            0 => Value::Null,
            1 => i64::MAX.into(),
            2 => 0.5.into(),
            3 => "on".into(),
            4 => "timeout/x".into(),
            5 => Value::from([("data", "count".into())]),
            6 => vec![Value::from("postpone")].into(),
            _ => Value::from([]),
        };
    }
    match value {
        Value::List(items) if !items.is_empty() => {
            let mut items = items.to_vec();
            let place = rng.index(items.len());
            items[place] = damaged(&items[place], rng);
            items.into()
        }
        Value::Map(members) if !members.is_empty() => {
            let mut members = (**members).clone();
            let name = members.keys().nth(rng.index(members.len())).expect("a member").clone();
            let other = damaged(&members[&name], rng);
            members.insert(name, other);
            members.into()
        }
        other => other.clone(),
    }
}
