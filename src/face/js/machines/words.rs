//! What machines move, and how it crosses.

use crate::process::call::CallId;
use crate::process::machine::{Action, Alphabet, Delay, Kind, Mode, Timer};

/// How many numbers cross for an action.
pub const ACTION: usize = 5;

/// Contents: the numbers that JavaScript gives. An odd one is a text, which can name a function.
pub struct Words;

/// A content. Nobody counts who refers to it: JavaScript asks now and then which are in use.
pub type Word = u32;

impl Alphabet for Words {
    type State = Word;
    type Event = Word;
    type Reply = Word;
    type Name = Word;
    type Term = Word;

    fn is_name(state: &Word) -> bool {
        state % 2 == 1
    }
}

/// See [`kind_of`].
pub fn action(kind: u32, what: u32, name: f64, ms: f64, content: u32) -> Action<Words> {
    let timer = || match what {
        3 => Timer::Event,
        4 => Timer::State,
        _ => Timer::Named(name as u32),
    };
    match kind {
        0 => Action::Reply(call_of(name), content),
        1 => Action::Postpone(what == 1),
        2 => Action::NextEvent(kind_read(what, name), content),
        3 => Action::Hibernate(what == 1),
        4 => Action::Start(timer(), Delay::After(ms as i64), content),
        5 => Action::Start(timer(), Delay::At(ms as i64), content),
        6 => Action::Start(timer(), Delay::Never, content),
        7 => Action::Cancel(timer()),
        8 => Action::Update(timer(), content),
        9 => Action::ChangeModule(content),
        10 => Action::PushModule(content),
        11 => Action::PopModule,
        _ => Action::Bad(content),
    }
}

/// See [`number`].
pub fn kind_read(kind: u32, name: f64) -> Kind<Word> {
    match kind {
        0 => Kind::Cast,
        1 => Kind::Info,
        2 => Kind::Internal,
        3 => Kind::Timeout,
        4 => Kind::StateTimeout,
        5 => Kind::Named(name as u32),
        _ => Kind::Call(call_of(name)),
    }
}

/// The number of a kind of event, and its name or call.
pub fn number(kind: &Kind<Word>) -> [f64; 2] {
    match kind {
        Kind::Cast => [0.0, 0.0],
        Kind::Info => [1.0, 0.0],
        Kind::Internal => [2.0, 0.0],
        Kind::Timeout => [3.0, 0.0],
        Kind::StateTimeout => [4.0, 0.0],
        Kind::Named(name) => [5.0, id(name)],
        Kind::Call(call) => [6.0, number_of(*call)],
    }
}

pub fn kind_of(action: &Action<Words>) -> f64 {
    match action {
        Action::Reply(..) => 0.0,
        Action::Postpone(_) => 1.0,
        Action::NextEvent(..) => 2.0,
        Action::Hibernate(_) => 3.0,
        Action::Start(_, Delay::After(_), _) => 4.0,
        Action::Start(_, Delay::At(_), _) => 5.0,
        Action::Start(_, Delay::Never, _) => 6.0,
        Action::Cancel(_) => 7.0,
        Action::Update(..) => 8.0,
        Action::ChangeModule(_) => 9.0,
        Action::PushModule(_) => 10.0,
        Action::PopModule => 11.0,
        Action::Bad(_) => 12.0,
    }
}

pub fn id(word: &Word) -> f64 {
    f64::from(*word)
}

pub fn mode_of(mode: u32) -> Mode {
    Mode { state_functions: mode & 1 > 0, state_enter: mode & 2 > 0, state_leave: mode & 4 > 0 }
}

/// A call as a number that JavaScript can hold: see [`CallId`].
pub fn number_of(call: CallId) -> f64 {
    call.0 as f64
}

pub fn call_of(number: f64) -> CallId {
    CallId(number as u64)
}
