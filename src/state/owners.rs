//! Owners: names to which keys belong for as long as they last.
//!
//! An owner is opened under a name, if need be with a time to live that begins anew whenever the owner is used. When that
//! is over, or the owner is ended, so is everything that belongs to it: here the keys, elsewhere its watches and leases.
//! A name that was never opened can have keys too, until it is ended. Which name has ended is remembered, so that whoever
//! goes on under it is refused, and does not leave behind what nobody will ever end; of too many the oldest are forgotten.
//!
//! A key is an owner's as long as its entry has the revision of the put that made it so. Whatever changes the entry gives
//! it another one, and need not know of owners: so they cost nothing where there are none, and a put nothing at all.

use crate::table::Table;
use std::rc::Rc;

/// One owner.
#[derive(Clone, Debug, Default)]
pub struct Owner {
    /// Which opening this is, from 1; 0 of a name that was never opened.
    pub number: u64,
    /// For how many milliseconds it lasts from its last use.
    pub ttl_ms: Option<u64>,
    /// When it expires, in Unix milliseconds.
    pub due_ms: Option<u64>,
    /// Whether it has ended, and everything is refused that is asked in its name.
    pub ended: bool,
    /// The indexes of the keys that were put for it last.
    keys: Vec<u32>,
    /// The how manieth it was to end, of those that were opened, from 1; 0 as long as there is something to take from it.
    ending: u64,
}

/// The owner for which a key was put last, and the revision that this put had; 0 for none.
type Claim = (u32, u64);

/// All owners. See the module.
pub struct Owners {
    names: Table,
    rows: Vec<Owner>,
    /// By the index of the key. A key is in the list of the owner that stands here, and in no other.
    claims: Vec<Claim>,
    opened: u64,
    endings: u64,
    /// How many there are that have ended.
    remembered: usize,
    /// No owner expires before this, in Unix milliseconds.
    wake_ms: Option<u64>,
}

impl Owners {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        let (rows, claims) = (Vec::new(), Vec::new());
        Self { names: Table::new(seed), rows, claims, opened: 0, endings: 0, remembered: 0, wake_ms: None }
    }

    /// How many there are that have not ended.
    pub fn count(&self) -> usize {
        self.names.len() - self.remembered
    }

    /// The owner of a name; none if it was never opened and has no keys, or is forgotten.
    pub fn get(&self, name: &str) -> Option<&Owner> {
        self.rows.get(self.names.find(name)? as usize)
    }

    /// The place of a name, made if there is none.
    pub fn place(&mut self, name: &Rc<str>) -> u32 {
        let place = self.names.intern(name);
        if place as usize >= self.rows.len() {
            self.rows.push(Owner::default());
        }
        place
    }

    /// How many places there are or were.
    pub fn places(&self) -> u32 {
        self.rows.len() as u32
    }

    /// The name at a place; empty if there is none any more.
    pub fn name(&self, place: u32) -> Rc<str> {
        self.names.shared(place)
    }

    /// Opens an owner, or finds the one that is open; its time begins anew. A time to live that is given is its own from
    /// now on.
    pub fn open(&mut self, name: &Rc<str>, ttl_ms: Option<u64>, unix_ms: u64) -> u64 {
        let place = self.place(name);
        let owner = &mut self.rows[place as usize];
        if owner.number == 0 || owner.ended {
            self.opened += 1;
            self.remembered -= usize::from(owner.ending > 0);
            let keys = std::mem::take(&mut owner.keys);
            *owner = Owner { number: self.opened, keys, ..Owner::default() };
        }
        if ttl_ms.is_some() {
            owner.ttl_ms = ttl_ms;
        }
        let number = owner.number;
        self.slide(name, unix_ms);
        number
    }

    /// Begins the time of an owner anew.
    pub fn slide(&mut self, name: &str, unix_ms: u64) {
        let Some(place) = self.names.find(name) else { return };
        let owner = &mut self.rows[place as usize];
        if let Some(ttl_ms) = owner.ttl_ms {
            let due_ms = unix_ms.saturating_add(ttl_ms);
            owner.due_ms = Some(due_ms);
            self.wake_by(due_ms);
        }
    }

    /// Ends an owner that will be found to have expired as soon as time passes.
    pub fn expire(&mut self, name: &str, unix_ms: u64) {
        let Some(place) = self.names.find(name) else { return };
        let owner = &mut self.rows[place as usize];
        if owner.ending == 0 {
            (owner.ended, owner.due_ms) = (true, Some(unix_ms));
            self.wake_by(unix_ms);
        }
    }

    /// Notes that a key was put for the owner at a place, and had that revision then.
    pub fn own(&mut self, place: u32, index: u32, revision: u64) {
        while self.claims.len() <= index as usize {
            self.claims.push((0, 0));
        }
        let (before, known) = std::mem::replace(&mut self.claims[index as usize], (place, revision));
        if known > 0 && before == place {
            return;
        }
        if known > 0 {
            self.rows[before as usize].keys.retain(|&other| other != index);
        }
        self.rows[place as usize].keys.push(index);
    }

    /// Forgets that a key was put for somebody; answers the revision that it had then.
    pub fn release(&mut self, index: u32) -> u64 {
        std::mem::take(&mut self.claims[index as usize]).1
    }

    /// When the first owner may expire, in Unix milliseconds.
    pub fn wake_ms(&self) -> Option<u64> {
        self.wake_ms
    }

    /// Ends those whose time has come, and answers who they are. What they have is still to be taken.
    pub fn advance(&mut self, unix_ms: u64) -> Vec<Rc<str>> {
        let mut over = Vec::new();
        if self.wake_ms.is_none_or(|wake_ms| wake_ms > unix_ms) {
            return over;
        }
        self.wake_ms = None;
        for place in 0..self.rows.len() {
            let owner = &mut self.rows[place];
            match owner.due_ms {
                Some(due_ms) if due_ms <= unix_ms => {
                    (owner.ended, owner.due_ms) = (true, None);
                    over.push(self.names.shared(place as u32));
                }
                Some(due_ms) => self.wake_by(due_ms),
                None => {}
            }
        }
        over
    }

    /// Ends an owner and takes its keys, each of which is still to be released. Of the owners that were opened at most so
    /// many are remembered.
    pub fn end(&mut self, name: &str, remembered: usize) -> Vec<u32> {
        let Some(place) = self.names.find(name) else { return Vec::new() };
        let owner = &mut self.rows[place as usize];
        let keys = std::mem::take(&mut owner.keys);
        (owner.ended, owner.ttl_ms, owner.due_ms) = (true, None, None);
        if owner.number == 0 {
            self.forget(place);
        } else if owner.ending == 0 {
            self.endings += 1;
            owner.ending = self.endings;
            self.remembered += 1;
            if self.remembered > remembered {
                self.forget_oldest();
            }
        }
        keys
    }

    fn forget_oldest(&mut self) {
        let (mut oldest, mut ending) = (0, u64::MAX);
        for (place, owner) in (0..).zip(&self.rows) {
            if owner.ending > 0 && owner.ending < ending {
                (oldest, ending) = (place, owner.ending);
            }
        }
        self.remembered -= 1;
        self.forget(oldest);
    }

    fn forget(&mut self, place: u32) {
        self.rows[place as usize] = Owner::default();
        self.names.remove(place);
    }

    fn wake_by(&mut self, due_ms: u64) {
        self.wake_ms = Some(self.wake_ms.map_or(due_ms, |wake_ms| wake_ms.min(due_ms)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_in_one_list_and_of_the_ended_the_oldest_are_forgotten() {
        let mut owners = Owners::new(7);
        let names: Vec<Rc<str>> = ["a", "b", "c"].map(Rc::from).into();
        for (round, name) in names.iter().cycle().take(9_000).enumerate() {
            let place = owners.place(name);
            owners.own(place, 5, round as u64 + 1);
        }
        assert_eq!(owners.rows.iter().map(|owner| owner.keys.len()).collect::<Vec<_>>(), [0, 0, 1]);
        for name in &names {
            assert!(owners.open(name, None, 0) > 0);
            owners.end(name, 2);
        }
        assert_eq!(
            (owners.get("a").is_none(), owners.get("b").map(|b| b.ended), owners.count()),
            (true, Some(true), 0)
        );
        assert_eq!((owners.open(&names[1], None, 0), owners.count()), (4, 1));
        assert!(owners.end("c", 2).is_empty(), "it is over already");
        owners.end("b", 2);
        assert_eq!((owners.get("c").map(|c| c.ended), owners.count()), (Some(true), 0));
        owners.open(&names[0], None, 0);
        owners.end("a", 2);
        assert!(owners.get("c").is_none(), "it has ended before the others");
    }
}
