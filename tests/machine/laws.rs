//! Laws on random machines: no event is lost or doubled, order is kept, and no answer makes a panic.

use crate::rng::Rng;
use statehall::process::call::CallId;
use statehall::process::machine::{
    Action, Alphabet, Ask, Bounds, Delay, Effect, Init, Kind, Machine, Mode, Rearm, Reason, Return, Timer, Unsent,
};
use std::collections::BTreeMap;

const REARMS: [Rearm; 3] = [Rearm::Deadline, Rearm::Remaining, Rearm::Restart];

/// States are numbers below four, and an event is a number that no other has.
struct Numbers;

impl Alphabet for Numbers {
    type State = u8;
    type Event = usize;
    type Reply = usize;
    type Name = u8;
    type Term = &'static str;

    fn is_name(state: &u8) -> bool {
        *state < 4
    }
}

/// What is known of one event.
#[derive(Default)]
struct Known {
    /// Whether somebody sent it, whether it is a timeout.
    sent: bool,
    timer: Option<(Timer<u8>, u64)>,
    /// How often it was handled, and postponed by that.
    handled: usize,
    postponed: usize,
    /// The count of changes when it was last handled.
    changes: Option<usize>,
    cancelled: bool,
}

struct World {
    machine: Machine<Numbers>,
    rng: Rng,
    events: Vec<Known>,
    /// The event of each timeout that is set.
    set: BTreeMap<String, usize>,
    last_sent: usize,
    changes: usize,
    now_ms: u64,
    /// How many more events may be made.
    budget: usize,
}

fn start(mode: Mode) -> Machine<Numbers> {
    let started = Machine::start(0, Bounds::default(), Init::Ok(0), &mut Vec::new());
    let mut machine = started.unwrap_or_else(|_| panic!("it starts"));
    assert!(matches!(machine.ask(), Some(Ask::Mode(0))));
    machine.answer_mode(0, Ok(mode)).expect("asked");
    machine
}

impl World {
    fn new(seed: u64) -> Self {
        let machine = start(Mode {
            state_functions: seed.is_multiple_of(2),
            state_enter: seed.is_multiple_of(3),
            state_leave: false,
        });
        let (rng, events, set) = (Rng::new(seed), Vec::new(), BTreeMap::new());
        Self { machine, rng, events, set, last_sent: 0, changes: 0, now_ms: 0, budget: 200 }
    }

    fn event(&mut self, known: Known) -> usize {
        self.budget = self.budget.saturating_sub(1);
        self.events.push(known);
        self.events.len() - 1
    }

    fn timer(&mut self) -> Timer<u8> {
        match self.rng.below(4) {
            0 => Timer::Event,
            1 => Timer::State,
            name => Timer::Named(name as u8),
        }
    }

    /// A timeout of this kind does not come any more, if one was set.
    fn forget(&mut self, timer: &Timer<u8>) {
        if let Some(id) = self.set.remove(&format!("{timer:?}")) {
            self.events[id].cancelled = true;
        }
    }

    fn timeouts(&mut self, actions: &mut Vec<Action<Numbers>>) {
        let mut seen = Vec::new();
        for _ in 0..self.rng.below(3) {
            let timer = self.timer();
            // One of a kind in a list, so that what will be set is plain.
            if seen.contains(&timer) || self.budget == 0 {
                continue;
            }
            seen.push(timer.clone());
            self.forget(&timer);
            if self.rng.percent(20) {
                actions.push(Action::Cancel(timer));
                continue;
            }
            let after = self.rng.pick(&[0, 0, 1, 5, 20]);
            let known = Known { timer: Some((timer.clone(), self.now_ms + after)), ..Known::default() };
            let id = self.event(known);
            self.set.insert(format!("{timer:?}"), id);
            actions.push(Action::Start(timer, Delay::After(after as i64), id));
        }
    }

    /// Judges that an event may be handled now, and answers for it.
    fn handle(&mut self, state: u8, id: usize, kind: &Kind<u8>, actions: &mut Vec<Action<Numbers>>) -> Return<Numbers> {
        self.handled(id, kind);
        let next = if self.rng.percent(30) { self.rng.below(4) as u8 } else { state };
        let postpone = self.rng.percent(30) && self.events[id].handled < 20;
        if postpone {
            self.events[id].postponed += 1;
            actions.push(Action::Postpone(true));
        }
        for _ in 0..self.rng.below(3) {
            if self.budget > 0 && self.rng.percent(40) {
                let inserted = self.event(Known::default());
                actions.push(Action::NextEvent(Kind::Internal, inserted));
            }
        }
        // What the transition itself ends, and then what it sets.
        self.forget(&Timer::Event);
        if next != state {
            self.changes += 1;
            self.forget(&Timer::State);
        }
        self.timeouts(actions);
        if next != state || self.rng.percent(20) { Return::Next(next) } else { Return::Keep }
    }

    fn handled(&mut self, id: usize, kind: &Kind<u8>) {
        let known = &mut self.events[id];
        assert!(!known.cancelled, "a timeout that was cancelled does not come");
        assert_eq!(known.handled, known.postponed, "an event that was consumed does not come again");
        if known.handled > 0 {
            assert!(known.changes < Some(self.changes), "a postponed event comes again only after a change");
        } else if known.sent {
            assert!(id >= self.last_sent, "messages are handled in the order in which they were sent");
            self.last_sent = id;
        }
        known.handled += 1;
        known.changes = Some(self.changes);
        if let Some((timer, due_ms)) = &known.timer
            && known.handled == 1
        {
            assert!(*due_ms <= self.now_ms, "a timeout does not come early");
            assert_eq!(*kind, timer.kind());
            let key = format!("{timer:?}");
            assert_eq!(self.set.remove(&key), Some(id), "only what is set comes");
        }
    }

    fn run(&mut self) {
        let mut actions = Vec::new();
        while let Some(ask) = self.machine.ask() {
            let answer = match ask {
                Ask::Event(state, event) => {
                    let (state, id, kind) = (*state, event.content, event.kind.clone());
                    self.handle(state, id, &kind, &mut actions)
                }
                Ask::Enter { .. } => {
                    self.timeouts(&mut actions);
                    Return::Keep
                }
                _ => panic!("nothing here ends"),
            };
            self.machine.answer(self.now_ms, answer, &mut actions).expect("asked");
            assert!(actions.is_empty());
        }
    }
}

#[test]
fn no_event_is_lost_or_doubled() {
    let (mut handled, mut postponed, mut timeouts) = (0, 0, 0);
    for seed in 0..3_000 {
        let mut world = World::new(seed);
        world.run();
        for _ in 0..30 {
            if world.rng.percent(60) {
                for _ in 0..world.rng.between(1, 3) {
                    let id = world.event(Known { sent: true, ..Known::default() });
                    assert!(world.machine.send(Kind::Cast, id).is_ok());
                }
            }
            if world.rng.percent(20) {
                world.machine.suspend();
                world.run();
                world.machine.resume();
            }
            if world.rng.percent(50) {
                world.now_ms += world.rng.below(15);
                world.machine.advance(world.now_ms);
            }
            world.run();
        }
        world.budget = 0;
        world.now_ms += 1_000;
        world.machine.advance(world.now_ms);
        world.run();
        let waiting: Vec<_> = world.machine.postponed().iter().map(|event| event.content).collect();
        for (id, known) in world.events.iter().enumerate() {
            let consumed = known.handled > known.postponed;
            let held = waiting.iter().filter(|other| **other == id).count();
            let places = usize::from(consumed) + held + usize::from(known.cancelled && known.handled == 0);
            assert_eq!(places, 1, "seed {seed}: event {id} is consumed, or postponed, or was cancelled");
            timeouts += usize::from(known.timer.is_some() && consumed);
        }
        handled += world.events.iter().map(|known| known.handled).sum::<usize>();
        postponed += world.events.iter().map(|known| known.postponed).sum::<usize>();
    }
    assert!(handled > 100_000 && postponed > 20_000 && timeouts > 10_000, "{handled} {postponed} {timeouts}");
}

fn any_kind(rng: &mut Rng) -> Kind<u8> {
    match rng.below(6) {
        0 => Kind::Call(CallId(rng.below(5))),
        1 => Kind::Cast,
        2 => Kind::Internal,
        3 => Kind::StateTimeout,
        4 => Kind::Named(rng.below(3) as u8),
        _ => Kind::Timeout,
    }
}

fn any_timer(rng: &mut Rng) -> Timer<u8> {
    match rng.below(4) {
        0 => Timer::Event,
        1 => Timer::State,
        name => Timer::Named(name as u8),
    }
}

fn any_action(rng: &mut Rng) -> Action<Numbers> {
    let number = rng.index(100);
    let time = rng.pick(&[0, 0, 1, 50, i64::MAX, i64::MIN, -1]);
    match rng.below(24) {
        0..3 => Action::Reply(CallId(rng.number()), number),
        3..7 => Action::Postpone(rng.percent(70)),
        7..10 => Action::NextEvent(any_kind(rng), number),
        10 => Action::Hibernate(true),
        11..14 => Action::Start(any_timer(rng), Delay::After(time.max(0)), number),
        14..17 => Action::Start(any_timer(rng), Delay::At(time), number),
        17 => Action::Cancel(any_timer(rng)),
        18 => Action::Update(any_timer(rng), number),
        19 => Action::ChangeModule(rng.below(3) as u8),
        20 => Action::PushModule(rng.below(3) as u8),
        21 => Action::PopModule,
        22 => Action::Start(any_timer(rng), Delay::After(time), number),
        _ => {
            if rng.percent(20) {
                Action::Bad("junk")
            } else {
                Action::Start(any_timer(rng), Delay::Never, number)
            }
        }
    }
}

fn any_return(rng: &mut Rng) -> Return<Numbers> {
    match rng.below(60) {
        0 => Return::Stop(Reason::Normal),
        1 => Return::Bad("junk"),
        2 => Return::Failed("oops"),
        3 => Return::Undefined,
        4..9 => Return::Repeat,
        9..30 => Return::Next(if rng.percent(3) { 9 } else { rng.below(4) as u8 }),
        _ => Return::Keep,
    }
}

/// Gives the machine any answer to what it asks, and answers to what it has not asked.
fn answer_anything(machine: &mut Machine<Numbers>, rng: &mut Rng, now_ms: u64) {
    let mut actions: Vec<_> = (0..rng.below(4)).map(|_| any_action(rng)).collect();
    let asked = match machine.ask() {
        None => 0,
        Some(Ask::Mode(_)) => 1,
        Some(Ask::Event(..) | Ask::Leave { .. } | Ask::Enter { .. }) => 2,
        Some(Ask::Terminate { .. }) => 3,
    };
    let given = if rng.percent(5) { rng.between(1, 3) } else { asked };
    let taken = match given {
        0 => return,
        1 => {
            let mode =
                Mode { state_functions: rng.percent(50), state_enter: rng.percent(50), state_leave: rng.percent(50) };
            machine.answer_mode(now_ms, if rng.percent(95) { Ok(mode) } else { Err("junk") })
        }
        2 => machine.answer(now_ms, any_return(rng), &mut actions),
        _ => machine.answer_terminate(rng.percent(30).then_some("oops")),
    };
    assert_eq!(taken.is_ok(), given == asked, "an answer is taken if it was asked for");
}

#[test]
fn any_answer_is_carried_out_or_ends_the_machine() {
    let mut reasons = BTreeMap::<_, usize>::new();
    for seed in 0..20_000 {
        let rng = &mut Rng::new(seed);
        let bounds = Bounds { mailbox: 5, queue: 8, postponed: 4, timeouts: 3, modules: 3, trace: 3 };
        let mut actions = (0..rng.below(3)).map(|_| any_action(rng)).collect();
        let Ok(mut machine) = Machine::<Numbers>::start(0, bounds, Init::Ok(0), &mut actions) else { continue };
        let mut now_ms = 0;
        for _ in 0..100 {
            match rng.below(40) {
                0 => machine.suspend(),
                1..4 => machine.resume(),
                4 if rng.percent(10) => machine.stop(Reason::Shutdown),
                5 if rng.percent(5) => machine.kill(),
                6 => drop(machine.change_code(1, Mode::default())),
                7 => {
                    if let Ok(kept) = machine.snapshot(now_ms, 5) {
                        let restored = Machine::restore(kept, bounds, rng.pick(&REARMS), now_ms, 9);
                        machine = restored.expect("what was kept fits");
                    }
                }
                8..20 => drop(machine.send(any_kind(rng), 7)),
                20..25 => {
                    now_ms += rng.below(30);
                    machine.advance(now_ms);
                }
                _ => answer_anything(&mut machine, rng, now_ms),
            }
            assert!(machine.postponed().len() <= 4 && machine.waiting() <= 5 && machine.trace().count() <= 3);
            assert!(machine.timers().count() <= 3);
        }
        let ended = std::iter::from_fn(|| machine.next_effect()).filter(|effect| matches!(effect, Effect::Ended));
        assert_eq!(ended.count(), usize::from(machine.ended().is_some()), "it says so once");
        if let Some(reason) = machine.ended() {
            *reasons.entry(reason.name()).or_default() += 1;
            assert!(machine.send(Kind::Cast, 1) == Err(Unsent::Ended) && machine.next_wake_ms().is_none());
        }
    }
    let names: Vec<_> = reasons.keys().copied().collect();
    let expected = [
        "bad-action-from-state-function",
        "bad-reply-action-from-state-function",
        "bad-return-from-callback-mode",
        "bad-return-from-state-function",
        "bad-state-enter-action-from-state-function",
        "bad-state-enter-return-from-state-function",
        "badarg",
        "failed",
        "killed",
        "limit",
        "normal",
        "shutdown",
        "undef",
    ];
    assert_eq!(names, expected, "every way to end was gone: {reasons:?}");
}
