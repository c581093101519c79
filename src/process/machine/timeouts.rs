//! The timeouts of one machine.
//!
//! At most one of each kind and name is set. A timer waits for its deadline; when that has come, its
//! number goes into the mailbox, and the timer stays until the number is taken out: so whatever ends
//! or changes it in between still counts. A timeout of zero waits here, in the order of setting.

use super::action::Delay;
use super::alphabet::Alphabet;
use super::event::{Event, Timer};
use std::collections::VecDeque;

/// What one transition does to one timeout.
pub(super) enum Setting<E> {
    /// Start it.
    Start(Delay, E),
    /// End it.
    Cancel,
    /// Change what it carries.
    Update(E),
}

/// A timeout, and what is done to it.
pub(super) type Set<A> = (Timer<<A as Alphabet>::Name>, Setting<<A as Alphabet>::Event>);

/// One set timeout.
pub struct Running<A: Alphabet> {
    /// Which it is.
    pub timer: Timer<A::Name>,
    /// What it carries.
    pub content: A::Event,
    /// When it is due.
    pub due_ms: u64,
    /// How long it was to run when it was set.
    pub length_ms: u64,
    /// The number in the order of setting, which is also what stands in the mailbox.
    number: u64,
    /// Whether it stands in the mailbox.
    fired: bool,
}

/// What waits with no time at all.
type Zero<A> = (Timer<<A as Alphabet>::Name>, <A as Alphabet>::Event);

/// All timeouts of a machine.
pub struct Timeouts<A: Alphabet> {
    running: Vec<Running<A>>,
    zero: VecDeque<Zero<A>>,
    set: u64,
    /// The earliest deadline of those that have not fired.
    next_ms: Option<u64>,
}

impl<A: Alphabet> Default for Timeouts<A> {
    fn default() -> Self {
        Self { running: Vec::new(), zero: VecDeque::new(), set: 0, next_ms: None }
    }
}

impl<A: Alphabet> Timeouts<A> {
    /// The timers, in the order of setting.
    pub fn running(&self) -> impl Iterator<Item = &Running<A>> {
        self.running.iter()
    }

    /// What waits with no time, in order.
    pub fn zero(&self) -> impl Iterator<Item = (&Timer<A::Name>, &A::Event)> {
        self.zero.iter().map(|(timer, content)| (timer, content))
    }

    /// Whether anything waits with no time.
    pub fn has_zero(&self) -> bool {
        !self.zero.is_empty()
    }

    /// How many are set.
    pub fn len(&self) -> usize {
        self.running.len() + self.zero.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The earliest deadline.
    pub fn next_ms(&self) -> Option<u64> {
        self.next_ms
    }

    /// Whether this one is set.
    pub fn is_set(&self, timer: &Timer<A::Name>) -> bool {
        self.place(timer).is_some() || self.place_of_zero(timer).is_some()
    }

    /// Ends one, if it is set.
    pub(super) fn cancel(&mut self, timer: &Timer<A::Name>) {
        if let Some(place) = self.place(timer) {
            let gone = self.running.remove(place);
            self.ended(gone.due_ms);
        } else if let Some(place) = self.place_of_zero(timer) {
            self.zero.remove(place);
        }
    }

    /// Carries out a setting. Answers the number of a timer that is due at once, for the mailbox.
    pub(super) fn set(&mut self, now_ms: u64, timer: Timer<A::Name>, setting: Setting<A::Event>) -> Option<u64> {
        match setting {
            Setting::Cancel | Setting::Start(Delay::Never, _) => self.cancel(&timer),
            Setting::Update(content) => self.update(timer, content),
            Setting::Start(Delay::After(after), content) => {
                self.cancel(&timer);
                // A negative time was refused with the action.
                match u64::try_from(after) {
                    Ok(after) if after > 0 => self.start(timer, content, now_ms.saturating_add(after), after),
                    _ => self.zero.push_back((timer, content)),
                }
            }
            Setting::Start(Delay::At(at), content) => {
                self.cancel(&timer);
                let due_ms = u64::try_from(at).unwrap_or(0);
                self.start(timer, content, due_ms, due_ms.saturating_sub(now_ms));
                if due_ms <= now_ms {
                    return self.fire_last();
                }
            }
        }
        None
    }

    /// Starts one that is not set.
    pub(super) fn start(&mut self, timer: Timer<A::Name>, content: A::Event, due_ms: u64, length_ms: u64) {
        self.set += 1;
        let number = self.set;
        self.running.push(Running { timer, content, due_ms, length_ms, number, fired: false });
        self.next_ms = Some(self.next_ms.map_or(due_ms, |next| next.min(due_ms)));
    }

    /// Sets one that is due with no time.
    pub(super) fn queue(&mut self, timer: Timer<A::Name>, content: A::Event) {
        self.zero.push_back((timer, content));
    }

    /// Takes the first that waits with no time.
    pub(super) fn take_zero(&mut self) -> Option<Event<A>> {
        let (timer, content) = self.zero.pop_front()?;
        Some(Event::new(timer.kind(), content))
    }

    /// Takes one that came out of the mailbox; `None` if it has ended in between.
    pub(super) fn take(&mut self, number: u64) -> Option<Event<A>> {
        let place = self.running.iter().position(|running| running.number == number)?;
        let running = self.running.remove(place);
        Some(Event::new(running.timer.kind(), running.content))
    }

    /// Marks the next that came due and answers its number: by deadline, then in the order of setting.
    pub(super) fn fire(&mut self, now_ms: u64) -> Option<u64> {
        if self.next_ms? > now_ms {
            return None;
        }
        let waiting = self.running.iter_mut().filter(|running| !running.fired);
        let first = waiting.min_by_key(|running| (running.due_ms, running.number))?;
        first.fired = true;
        let number = first.number;
        self.find_next();
        Some(number)
    }

    fn fire_last(&mut self) -> Option<u64> {
        let last = self.running.last_mut()?;
        last.fired = true;
        let number = last.number;
        self.find_next();
        Some(number)
    }

    fn update(&mut self, timer: Timer<A::Name>, content: A::Event) {
        if let Some(place) = self.place(&timer) {
            self.running[place].content = content;
        } else if let Some(place) = self.place_of_zero(&timer) {
            self.zero[place].1 = content;
        } else {
            self.zero.push_back((timer, content));
        }
    }

    fn place(&self, timer: &Timer<A::Name>) -> Option<usize> {
        self.running.iter().position(|running| running.timer == *timer)
    }

    fn place_of_zero(&self, timer: &Timer<A::Name>) -> Option<usize> {
        self.zero.iter().position(|(other, _)| other == timer)
    }

    fn ended(&mut self, due_ms: u64) {
        if self.next_ms == Some(due_ms) {
            self.find_next();
        }
    }

    fn find_next(&mut self) {
        self.next_ms = self.running.iter().filter(|running| !running.fired).map(|running| running.due_ms).min();
    }
}
