//! The processes of a session: who there is, who is next, and when.
//!
//! A process has a place and keeps it until it ends. Whoever has something to do stands in one queue,
//! once, and is taken in the order of joining: each does one thing and joins the end again, so that nobody keeps the
//! others waiting. What a process is, the schedule does not know: faces differ in that.

use crate::error::{Code, Error};
use crate::key::shown;
use crate::process::place::{Placed, USES_MAX};
use crate::timer::Timers;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

/// How many events a turn handles at most, so that processes that never rest let the host go on.
pub const STEPS_MAX: u32 = 100_000;

/// A process of this session. Never given twice: a place, and how often it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub u64);

impl Placed for ProcessId {
    fn of(number: u64) -> Self {
        Self(number)
    }

    fn number(self) -> u64 {
        self.0
    }
}

impl ProcessId {
    /// As statuses and errors show it.
    pub fn text(self) -> String {
        self.shown()
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// A process whose status is not what was last told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Which. It may have ended.
    pub process: ProcessId,
    /// Its name, if it has one.
    pub name: Option<Rc<str>>,
}

struct Place<P> {
    uses: u32,
    process: Option<P>,
    name: Option<Rc<str>>,
    /// Whether it stands in the queue.
    waiting: bool,
    /// Whether its change is still to be told.
    changed: bool,
    wake_ms: Option<u64>,
}

/// Processes, their queue and their deadlines. See the module.
pub struct Schedule<P> {
    places: Vec<Place<P>>,
    free: Vec<usize>,
    queue: VecDeque<ProcessId>,
    timers: Timers<ProcessId>,
    changed: VecDeque<Changed>,
    count: usize,
    capacity: usize,
}

impl<P> Schedule<P> {
    /// None yet, and so many at most.
    pub fn new(capacity: usize) -> Self {
        Self {
            places: Vec::new(),
            free: Vec::new(),
            queue: VecDeque::new(),
            timers: Timers::default(),
            changed: VecDeque::new(),
            count: 0,
            capacity,
        }
    }

    /// Adds a process. Its status is to be told.
    ///
    /// Errors: `limit`; `invalid-argument` for a name that another process has.
    pub fn add(&mut self, name: Option<Rc<str>>, process: P) -> Result<ProcessId, Error> {
        if self.count >= self.capacity {
            return Err(Error::limit("processes", self.capacity as u64, self.capacity as u64 + 1));
        }
        if let Some(name) = &name
            && self.find(name).is_some()
        {
            return Err(Error::of(Code::InvalidArgument, &["a process has the name ", &shown(name), " already"]));
        }
        let number = self.free.pop().unwrap_or(self.places.len());
        if number == self.places.len() {
            self.places.push(Place {
                uses: 0,
                process: None,
                name: None,
                waiting: false,
                changed: false,
                wake_ms: None,
            });
        }
        let place = &mut self.places[number];
        *place =
            Place { uses: place.uses + 1, process: Some(process), name, waiting: false, changed: false, wake_ms: None };
        let id = ProcessId::at(number, place.uses);
        self.count += 1;
        self.change(id);
        Ok(id)
    }

    /// Takes a process out, because it has ended. That is to be told.
    pub fn remove(&mut self, id: ProcessId) -> Option<P> {
        self.get(id)?;
        self.change(id);
        let place = self.place_mut(id)?;
        let process = place.process.take();
        let waiting = std::mem::take(&mut place.waiting);
        place.name = None;
        // A place whose uses are used up stays empty for ever, so that no id is given twice.
        if place.uses < USES_MAX {
            self.free.push(id.place());
        }
        self.count -= 1;
        if waiting {
            self.queue.retain(|other| *other != id);
        }
        process
    }

    /// A process, if it has not ended.
    pub fn get(&self, id: ProcessId) -> Option<&P> {
        self.places.get(id.place()).filter(|place| place.uses == id.uses())?.process.as_ref()
    }

    /// A process, to be changed.
    pub fn get_mut(&mut self, id: ProcessId) -> Option<&mut P> {
        self.place_mut(id)?.process.as_mut()
    }

    /// The process of a name.
    pub fn find(&self, name: &str) -> Option<ProcessId> {
        let place = self.places.iter().position(|place| place.name.as_deref() == Some(name))?;
        Some(ProcessId::at(place, self.places[place].uses))
    }

    /// The name of a process, if it has one.
    pub fn name(&self, id: ProcessId) -> Option<&Rc<str>> {
        self.places.get(id.place()).filter(|place| place.uses == id.uses())?.name.as_ref()
    }

    /// All processes, by place.
    pub fn ids(&self) -> impl Iterator<Item = ProcessId> {
        let there = self.places.iter().enumerate().filter(|(_, place)| place.process.is_some());
        there.map(|(number, place)| ProcessId::at(number, place.uses))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Puts a process at the end of the queue, unless it stands there.
    #[inline]
    pub fn wake(&mut self, id: ProcessId) {
        if let Some(place) = self.place_mut(id)
            && place.process.is_some()
            && !std::mem::replace(&mut place.waiting, true)
        {
            self.queue.push_back(id);
        }
    }

    /// Takes the process that has waited longest.
    #[inline]
    pub fn take(&mut self) -> Option<ProcessId> {
        let id = self.queue.pop_front()?;
        if let Some(place) = self.place_mut(id) {
            place.waiting = false;
        }
        Some(id)
    }

    /// Whether anybody has something to do.
    pub fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Says when a process next wants to be looked after, in place of what was said before.
    #[inline]
    pub fn wake_at(&mut self, id: ProcessId, wake_ms: Option<u64>) {
        let Some(place) = self.place_mut(id) else { return };
        if place.wake_ms == wake_ms {
            return;
        }
        place.wake_ms = wake_ms;
        if let Some(wake_ms) = wake_ms {
            let places = &self.places;
            self.timers.set(wake_ms, id, |due, id| is_wanted(places, due, *id));
        }
    }

    /// Takes a process whose time has come.
    pub fn due(&mut self, now_ms: u64) -> Option<ProcessId> {
        while let Some((due_ms, id)) = self.timers.due(now_ms) {
            if is_wanted(&self.places, due_ms, id) {
                if let Some(place) = self.place_mut(id) {
                    place.wake_ms = None;
                }
                return Some(id);
            }
        }
        None
    }

    /// The earliest time that a process has named; one that it has taken back may be among them.
    pub fn next_wake_ms(&self) -> Option<u64> {
        self.timers.next()
    }

    /// Remembers that the status of a process is another now.
    #[inline]
    pub fn change(&mut self, id: ProcessId) {
        if let Some(place) = self.place_mut(id)
            && !std::mem::replace(&mut place.changed, true)
        {
            let name = place.name.clone();
            self.changed.push_back(Changed { process: id, name });
        }
    }

    /// Takes a process whose status is another now: each once, however often it has changed.
    pub fn take_changed(&mut self) -> Option<Changed> {
        let changed = self.changed.pop_front()?;
        if let Some(place) = self.place_mut(changed.process) {
            place.changed = false;
        }
        Some(changed)
    }

    /// Whether there are changes to be told.
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    fn place_mut(&mut self, id: ProcessId) -> Option<&mut Place<P>> {
        self.places.get_mut(id.place()).filter(|place| place.uses == id.uses())
    }
}

fn is_wanted<P>(places: &[Place<P>], due_ms: u64, id: ProcessId) -> bool {
    places.get(id.place()).is_some_and(|place| place.uses == id.uses() && place.wake_ms == Some(due_ms))
}

/// The error of asking something of a process that there is not.
pub fn no_process(id: ProcessId) -> Error {
    Error::of(Code::Closed, &["the process ", &id.text(), " has ended, or never was (noproc)"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_take_turns() {
        let mut schedule = Schedule::new(3);
        let ids = ["a", "b", "c"].map(|name| schedule.add(Some(name.into()), name).expect("room"));
        assert_eq!(schedule.add(None, "d").expect_err("full").code, Code::Limit);
        for id in [ids[1], ids[0], ids[1], ids[2]] {
            schedule.wake(id);
        }
        assert_eq!(schedule.remove(ids[0]), Some("a"));
        assert_eq!((schedule.remove(ids[0]), schedule.get(ids[0])), (None, None));
        assert_eq!([schedule.take(), schedule.take(), schedule.take()], [Some(ids[1]), Some(ids[2]), None]);
        assert_eq!(schedule.add(Some("b".into()), "x").expect_err("taken").code, Code::InvalidArgument);
        let again = schedule.add(Some("a".into()), "a").expect("room");
        assert_ne!(again, ids[0], "an id is never given twice");
        schedule.wake(ids[0]);
        assert!(schedule.is_idle(), "what has ended has nothing to do");
        let told: Vec<_> = std::iter::from_fn(|| schedule.take_changed()).map(|changed| changed.process).collect();
        assert_eq!(told, [ids[0], ids[1], ids[2], again]);
    }

    #[test]
    fn a_time_that_was_taken_back_is_not_told() {
        let mut schedule = Schedule::new(2);
        let [a, b] = ["a", "b"].map(|name| schedule.add(None, name).expect("room"));
        schedule.wake_at(a, Some(5));
        schedule.wake_at(b, Some(5));
        schedule.wake_at(a, Some(9));
        assert_eq!((schedule.due(4), schedule.due(5), schedule.due(5)), (None, Some(b), None));
        schedule.wake_at(a, None);
        assert_eq!(schedule.due(99), None);
    }
}
