//! What an event costs. Not run with the others: `cargo test --release --test machine -- --ignored --nocapture`.

use statehall::process::call::{CallId, Calls};
use statehall::process::machine::{
    Action, Alphabet, Ask, Bounds, Delay, Effect, Init, Kind, Machine, Mode, Return, Timer,
};
use statehall::{Behaviour, Hall, MachineOptions, Next, Options, Timer as Timeout, Turn, Value};
use std::hint::black_box;
use std::time::Instant;

/// A typed machine: two states, small events.
struct Switch;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Off,
    On,
}

impl Alphabet for Switch {
    type State = State;
    type Event = u64;
    type Reply = u64;
    type Name = &'static str;
    type Term = String;
}

struct Host {
    machine: Machine<Switch>,
    actions: Vec<Action<Switch>>,
    sum: u64,
    timeout: bool,
}

impl Host {
    fn new(enter: bool, timeout: bool) -> Self {
        let mut actions = Vec::new();
        let machine = Machine::start("switch", Bounds::default(), Init::Ok(State::Off), &mut actions);
        let machine = machine.unwrap_or_else(|_| panic!("it starts"));
        let mut host = Self { machine, actions, sum: 0, timeout };
        assert!(matches!(host.machine.ask(), Some(Ask::Mode(_))));
        host.machine
            .answer_mode(0, Ok(Mode { state_functions: false, state_enter: enter, state_leave: false }))
            .expect("asked");
        host.run();
        host
    }

    fn run(&mut self) {
        while let Some(ask) = self.machine.ask() {
            let answer = match ask {
                Ask::Event(state, event) => {
                    self.sum += event.content;
                    if let Kind::Call(call) = event.kind {
                        self.actions.push(Action::Reply(call, event.content));
                        Return::Keep
                    } else {
                        if self.timeout {
                            self.actions.push(Action::Start(Timer::State, Delay::After(1_000), 0));
                        }
                        Return::Next(if *state == State::Off { State::On } else { State::Off })
                    }
                }
                _ => Return::Keep,
            };
            self.machine.answer(1, answer, &mut self.actions).expect("asked");
        }
    }
}

fn measure(name: &str, mut event: impl FnMut()) {
    const ROUNDS: u32 = 5;
    const EVENTS: u32 = 1_000_000;
    let round = |event: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..EVENTS).for_each(|_| event());
        start.elapsed().as_secs_f64() * 1e9 / f64::from(EVENTS)
    };
    let best = (0..ROUNDS).map(|_| round(&mut event)).fold(f64::MAX, f64::min);
    println!("{name}: {best:.1} ns");
}

#[test]
#[ignore = "measures, and proves nothing"]
fn what_an_event_costs() {
    for (name, enter, timeout) in [
        ("a change of state", false, false),
        ("a change of state, with an enter call", true, false),
        ("a change of state, with a state timeout", false, true),
    ] {
        let mut host = Host::new(enter, timeout);
        measure(name, || {
            host.machine.send(Kind::Cast, black_box(1)).expect("room");
            host.run();
            while let Some(effect) = host.machine.next_effect() {
                black_box(matches!(effect, Effect::Changed(State::On)));
            }
        });
        assert!(host.sum > 0);
    }
    let mut host = Host::new(false, false);
    let mut calls = Calls::<u32, u64>::new(10);
    measure("a call and its reply", || {
        let id: CallId = calls.open(1, 2, None).expect("room");
        host.machine.send(Kind::Call(id), black_box(1)).expect("room");
        host.run();
        while let Some(effect) = host.machine.next_effect() {
            if let Effect::Reply(call, content) = effect {
                assert_eq!(calls.answer(call), Ok(Some(2)));
                black_box(content);
            }
        }
    });
}

/// The same as a user writes it.
struct Typed {
    sum: u64,
    timeout: bool,
}

impl Behaviour for Typed {
    type State = bool;
    type Event = Asked;
    type Reply = u64;

    fn init(&mut self, _: &mut Turn<'_, Self>) -> Result<bool, Value> {
        Ok(false)
    }

    fn handle(&mut self, on: &bool, event: &Asked, turn: &mut Turn<'_, Self>) -> Next<bool> {
        match event {
            Asked::Push(add) => self.sum += add,
            Asked::Sum => {
                turn.reply(self.sum);
                return Next::Keep;
            }
        }
        if self.timeout {
            turn.start(Timeout::State, 1_000, Asked::Push(0));
        }
        Next::To(!on)
    }
}

enum Asked {
    Push(u64),
    Sum,
}

#[test]
#[ignore = "measures, and proves nothing"]
fn what_an_event_costs_in_a_hall() {
    let hall = Hall::open(Options::default()).expect("a hall");
    for (name, timeout) in [("a cast", false), ("a cast, with a state timeout", true)] {
        let machine = hall.machine(Typed { sum: 0, timeout }, MachineOptions::default()).expect("it starts");
        measure(&format!("{name}, in a hall"), || machine.cast(Asked::Push(black_box(1))).expect("room"));
    }
    let machine = hall.machine(Typed { sum: 0, timeout: false }, MachineOptions::default()).expect("it starts");
    measure("a call and its reply, in a hall", || {
        let mut call = machine.call(Asked::Sum, None).expect("room");
        black_box(call.take());
    });
}
