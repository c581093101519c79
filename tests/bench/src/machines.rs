//! Machines of two states: what an event and a call cost in a hall, and in the engine, without a hall around it.
//!
//! The machine counts how often it was moved, and answers a call with that, as those of other makers do in this bench.

use statehall::process::call::Calls;
use statehall::process::machine::{Action, Alphabet, Ask, Bounds, Delay, Effect, Init, Kind, Machine, Mode};
use statehall::process::machine::{Return, Timer};
use statehall::{Behaviour, Error, Hall, MachineOptions, Next, Options, Turn, Value};
use statehall_bench::measure::Subject;
use std::hint::black_box;

const SUBJECT: &str = "rust";
const EVENTS: u32 = 10_000;
/// What an event may cost, in nanoseconds.
const EVENT_MAX: f64 = 200.0;
const NOW_MS: u64 = 1;
const DOOR: u32 = 1;
const CALLER: u32 = 2;

/// Everything that is measured.
pub fn subjects() -> Vec<Subject> {
    let entered = Mode { state_enter: true, ..Mode::default() };
    vec![
        event("", Mode::default(), false).target(EVENT_MAX),
        event(", with an enter call", entered, false),
        event(", with a state timeout", Mode::default(), true),
        call(),
        hosted_event().target(EVENT_MAX),
        hosted_call(),
    ]
}

struct Alphabetic;

#[derive(Clone, Copy, PartialEq)]
enum State {
    Closed,
    Open,
}

impl Alphabet for Alphabetic {
    type State = State;
    type Event = u64;
    type Reply = u64;
    type Name = &'static str;
    type Term = String;
}

/// A machine, and the host that runs its function.
struct Door {
    machine: Machine<Alphabetic>,
    actions: Vec<Action<Alphabetic>>,
    moved: u64,
    timeout: bool,
}

impl Door {
    fn start(mode: Mode, timeout: bool) -> Result<Self, Error> {
        let mut actions = Vec::new();
        let started = Machine::start("door", Bounds::default(), Init::Ok(State::Closed), &mut actions);
        let Ok(machine) = started else { panic!("it starts") };
        let mut door = Self { machine, actions, moved: 0, timeout };
        assert!(matches!(door.machine.ask(), Some(Ask::Mode(_))));
        door.machine.answer_mode(NOW_MS, Ok(mode))?;
        door.run();
        Ok(door)
    }

    /// Answers until there is nothing to ask.
    fn run(&mut self) {
        while let Some(ask) = self.machine.ask() {
            let answer = match ask {
                Ask::Event(state, event) => match event.kind {
                    Kind::Call(call) => {
                        self.actions.push(Action::Reply(call, self.moved));
                        Return::Keep
                    }
                    _ => {
                        self.moved += event.content;
                        if self.timeout {
                            self.actions.push(Action::Start(Timer::State, Delay::After(1_000), 0));
                        }
                        Return::Next(if *state == State::Closed { State::Open } else { State::Closed })
                    }
                },
                _ => Return::Keep,
            };
            self.machine.answer(NOW_MS, answer, &mut self.actions).expect("it was asked");
        }
    }
}

fn event(with: &str, mode: Mode, timeout: bool) -> Subject {
    let case = format!("an event to a machine of two states, the engine alone{with}");
    Subject::operation(SUBJECT, case, EVENTS, move || {
        let mut door = Door::start(mode, timeout)?;
        let mut sent = 0;
        Ok::<_, Error>(move || {
            sent += 1;
            door.machine.send(Kind::Cast, black_box(1)).expect("room");
            door.run();
            while let Some(effect) = door.machine.next_effect() {
                black_box(matches!(effect, Effect::Changed(State::Open)));
            }
            assert_eq!(door.moved, sent, "every event moves it");
        })
    })
}

fn call() -> Subject {
    Subject::operation(SUBJECT, "a call to a machine and its answer, the engine alone", EVENTS, || {
        let mut door = Door::start(Mode::default(), false)?;
        let mut calls = Calls::<u32, u32>::new(10);
        Ok::<_, Error>(move || {
            let call = calls.open(DOOR, CALLER, None).expect("room");
            door.machine.send(Kind::Call(call), black_box(0)).expect("room");
            door.run();
            let mut answered = None;
            while let Some(effect) = door.machine.next_effect() {
                if let Effect::Reply(call, content) = effect {
                    answered = calls.answer(call).expect("an open call");
                    black_box(content);
                }
            }
            assert_eq!(answered, Some(CALLER), "the call is answered");
        })
    })
}

/// The same machine as a user writes it.
#[derive(Default)]
struct Hosted {
    moved: u64,
}

enum Message {
    Push,
    Moved,
}

impl Behaviour for Hosted {
    type State = bool;
    type Event = Message;
    type Reply = u64;

    fn init(&mut self, _: &mut Turn<'_, Self>) -> Result<bool, Value> {
        Ok(false)
    }

    fn handle(&mut self, open: &bool, event: &Message, turn: &mut Turn<'_, Self>) -> Next<bool> {
        match event {
            Message::Push => {
                self.moved += 1;
                Next::To(!open)
            }
            Message::Moved => {
                turn.reply(self.moved);
                Next::Keep
            }
        }
    }
}

/// What the hall shows of the machine it is told once a turn, which is a thousand events here.
fn hosted_event() -> Subject {
    Subject::operation(SUBJECT, "an event to a machine of two states, in a hall", EVENTS, || {
        let hall = open()?;
        let door = hall.machine(Hosted::default(), MachineOptions::default())?;
        let mut sent = 0;
        Ok::<_, Error>(move || {
            door.cast(black_box(Message::Push)).expect("room");
            sent += 1;
            if sent % 1_000 == 0 {
                hall.advance().expect("the end of a turn");
                let moved = door.call(Message::Moved, None).expect("room").take();
                assert_eq!(moved, Some(Ok(sent)), "every event moves it");
            }
        })
    })
}

fn hosted_call() -> Subject {
    Subject::operation(SUBJECT, "a call to a machine and its answer, in a hall", EVENTS, || {
        let hall = open()?;
        let door = hall.machine(Hosted::default(), MachineOptions::default())?;
        Ok::<_, Error>(move || {
            let _open = &hall;
            let answer = door.call(black_box(Message::Moved), None).expect("room").take();
            assert_eq!(answer, Some(Ok(0)), "the call is answered");
        })
    })
}

fn open() -> Result<Hall, Error> {
    Hall::open(Options { seed: Some(1), ..Options::default() })
}
