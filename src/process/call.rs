//! Calls: who waits for a reply, until when, and from whom.
//!
//! A call ends once: by its reply, by its deadline, because the caller gives up, or because the one
//! who was asked has ended. A reply that comes after the deadline is dropped, as the caller has gone
//! on; one to a call that was answered already, or never made, is an error of the one who replies.

use crate::error::{Code, Error};
use crate::process::place::{Placed, USES_MAX};
use crate::timer::Timers;
use std::fmt;

/// A call. Never given twice: a place in the table, and how often it was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

impl CallId {
    /// A call whose caller is in another session or has gone with an earlier one: replies to it are dropped.
    pub const GONE: CallId = CallId(0);

    /// As errors show it.
    pub fn text(self) -> String {
        ["call ", &self.shown()].concat()
    }
}

impl Placed for CallId {
    fn of(number: u64) -> Self {
        Self(number)
    }

    fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// How a call that is no longer open has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Answered,
    /// Nobody waits any more.
    Left,
}

struct Place<P, C> {
    uses: u32,
    open: Option<Open<P, C>>,
    end: End,
}

struct Open<P, C> {
    callee: P,
    caller: C,
    due_ms: Option<u64>,
}

/// The open calls. `P` names processes, `C` is who waits.
pub struct Calls<P, C> {
    places: Vec<Place<P, C>>,
    free: Vec<usize>,
    timers: Timers<CallId>,
    capacity: usize,
}

impl<P: PartialEq, C> Calls<P, C> {
    /// None yet, and so many at most.
    pub fn new(capacity: usize) -> Self {
        Self { places: Vec::new(), free: Vec::new(), timers: Timers::default(), capacity }
    }

    /// Makes a call. Without a deadline it waits for ever.
    pub fn open(&mut self, callee: P, caller: C, due_ms: Option<u64>) -> Result<CallId, Error> {
        if self.count() >= self.capacity {
            return Err(Error::limit("calls", self.capacity as u64, self.capacity as u64 + 1));
        }
        let open = Some(Open { callee, caller, due_ms });
        let place = match self.free.pop() {
            Some(place) => {
                self.places[place].uses += 1;
                self.places[place].open = open;
                place
            }
            None => {
                self.places.push(Place { uses: 1, open, end: End::Left });
                self.places.len() - 1
            }
        };
        let id = CallId::at(place, self.places[place].uses);
        if let Some(due_ms) = due_ms {
            let places = &self.places;
            let is_due = |due: u64, id: &CallId| {
                let there = places.get(id.place()).filter(|place| place.uses == id.uses());
                there.and_then(|place| place.open.as_ref()).is_some_and(|open| open.due_ms == Some(due))
            };
            self.timers.set(due_ms, id, is_due);
        }
        Ok(id)
    }

    /// Answers a call: who waits for the reply, or nobody any more.
    pub fn answer(&mut self, id: CallId) -> Result<Option<C>, Error> {
        if id == CallId::GONE {
            return Ok(None);
        }
        if let Some(caller) = self.close(id, End::Answered) {
            return Ok(Some(caller));
        }
        match self.places.get(id.place()) {
            // Of what was before the last use of its place nothing is known: it may have been late.
            Some(place) if id.uses() > 0 && id.uses() < place.uses => Ok(None),
            Some(place) if id.uses() == place.uses => match place.end {
                End::Left => Ok(None),
                End::Answered => Err(Error::of(Code::InvalidArgument, &[&id.text(), " has been answered already"])),
            },
            _ => Err(Error::of(Code::InvalidArgument, &[&id.text(), " was never made"])),
        }
    }

    /// The caller gives up. Answers who that was, if the call was open.
    pub fn leave(&mut self, id: CallId) -> Option<C> {
        self.close(id, End::Left)
    }

    /// Takes the next call whose deadline has come.
    pub fn expire(&mut self, now_ms: u64) -> Option<(CallId, C)> {
        while let Some((due_ms, id)) = self.timers.due(now_ms) {
            let open = self.places.get(id.place()).filter(|place| place.uses == id.uses());
            if open.and_then(|place| place.open.as_ref()).is_some_and(|open| open.due_ms == Some(due_ms)) {
                return self.close(id, End::Left).map(|caller| (id, caller));
            }
        }
        None
    }

    /// Takes the calls to a process that has ended, in the order of their places.
    pub fn end(&mut self, callee: &P) -> Vec<(CallId, C)> {
        let concerned = self.places.iter().enumerate().filter_map(|(number, place)| {
            let open = place.open.as_ref()?;
            (open.callee == *callee).then(|| CallId::at(number, place.uses))
        });
        let concerned: Vec<_> = concerned.collect();
        concerned.into_iter().filter_map(|id| Some((id, self.close(id, End::Left)?))).collect()
    }

    /// How many calls are open.
    pub fn count(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// The earliest deadline; one of a call that has ended may be among them.
    pub fn next_wake_ms(&self) -> Option<u64> {
        self.timers.next()
    }

    fn close(&mut self, id: CallId, end: End) -> Option<C> {
        let place = self.places.get_mut(id.place()).filter(|place| place.uses == id.uses())?;
        let open = place.open.take()?;
        place.end = end;
        // A place whose uses are used up stays closed for ever, so that no id is given twice.
        if place.uses < USES_MAX {
            self.free.push(id.place());
        }
        Some(open.caller)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_ends_once() {
        let mut calls = Calls::new(3);
        let a = calls.open('m', "a", None).expect("room");
        let b = calls.open('m', "b", Some(5)).expect("room");
        let c = calls.open('n', "c", Some(9)).expect("room");
        assert_eq!(calls.open('m', "d", None).expect_err("full").code, Code::Limit);
        assert_eq!(calls.answer(a), Ok(Some("a")));
        assert_eq!(calls.answer(a).expect_err("twice").detail, "call 0.1 has been answered already");
        assert_eq!(calls.expire(4), None);
        assert_eq!(calls.expire(5), Some((b, "b")));
        assert_eq!((calls.expire(5), calls.answer(b)), (None, Ok(None)), "a late reply is dropped");
        assert_eq!(calls.answer(CallId(77 << 32 | 9)).expect_err("never").detail, "call 9.77 was never made");
        assert_eq!(calls.answer(CallId::GONE), Ok(None));
        let again = calls.open('n', "again", None).expect("room");
        assert_ne!(again, b, "an id is never given twice");
        assert_eq!(calls.end(&'n'), [(again, "again"), (c, "c")]);
        assert_eq!((calls.count(), calls.leave(c), calls.expire(99)), (0, None, None));
    }
}
