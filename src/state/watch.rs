//! Who hears of a change.
//!
//! A change concerns a set of watches. Sets are interned, so that a commit answers with one
//! number; each slot remembers the set it last matched, and the epoch at which it did. Opening or
//! closing a watch moves the epoch of the namespaces it could select and touches no slot; the
//! next change of a slot with an older epoch matches its own key again. So a change costs what
//! its own key costs, and opening a watch does not walk the keys.

use super::queue::{Change, Queue};
use super::selection::{Selection, WatchId};
use crate::codec::mix;
use crate::key::Selector;
use crate::table::{Index, Table, spread};
use std::rc::Rc;

/// An interned set of watches; reused once it has been released. [`SetId::NOBODY`] is the empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(pub u32);

impl SetId {
    /// The set without watches.
    pub const NOBODY: SetId = SetId(0);
}

struct Set {
    members: Rc<[WatchId]>,
    /// How many slots remember it.
    slots: usize,
    /// Whether a member's changes are queued here.
    queued: bool,
    /// Whether a member is called.
    called: bool,
}

struct Watch<V> {
    id: WatchId,
    selector: Selector,
    owner: Option<u32>,
    /// Changes kept for a reader that pulls; `None` if the face calls its watcher.
    queue: Option<Queue<V>>,
}

#[derive(Clone, Copy)]
struct Memo {
    epoch: u64,
    set: SetId,
}

/// All open watches. See the module.
pub struct Watches<V> {
    /// By place; `None` is free.
    open: Vec<Option<Watch<V>>>,
    places: Index,
    vacant: Vec<u32>,
    opened: u32,
    selection: Selection,
    owners: Table,
    owned: Vec<Vec<WatchId>>,
    /// By number; [`SetId::NOBODY`] and what is free are none.
    sets: Vec<Option<Set>>,
    interned: Index,
    free: Vec<SetId>,
    unused: Vec<SetId>,
    memos: Vec<Memo>,
    epoch: u64,
    /// When a watch without a fixed first segment last came or went.
    everywhere: u64,
    /// The same for watches of one namespace.
    within: Vec<u64>,
    queued: usize,
}

impl<V: Clone> Watches<V> {
    /// None yet.
    pub fn new(seed: u64) -> Self {
        Self {
            open: Vec::new(),
            places: Index::default(),
            vacant: Vec::new(),
            opened: 0,
            selection: Selection::new(seed),
            owners: Table::new(seed),
            owned: Vec::new(),
            sets: vec![None],
            interned: Index::default(),
            free: Vec::new(),
            unused: Vec::new(),
            memos: Vec::new(),
            epoch: 1,
            everywhere: 1,
            within: Vec::new(),
            queued: 0,
        }
    }

    /// Opens a watch. `home` finds the namespace of a first segment.
    pub fn open(
        &mut self,
        selector: Selector,
        owner: Option<Rc<str>>,
        capacity: Option<usize>,
        home: impl Fn(&str) -> Option<u32>,
    ) -> WatchId {
        self.opened += 1;
        let id = WatchId(self.opened);
        self.selection.add(&selector, id);
        self.outdate(&selector, home);
        let owner = owner.map(|owner| {
            let owner = self.owners.intern(&owner);
            if owner as usize >= self.owned.len() {
                self.owned.push(Vec::new());
            }
            self.owned[owner as usize].push(id);
            owner
        });
        let place = self.vacant.pop().unwrap_or_else(|| {
            self.open.push(None);
            self.open.len() as u32 - 1
        });
        self.places.insert(spread(id.0.into()), place);
        self.open[place as usize] = Some(Watch { id, selector, owner, queue: capacity.map(Queue::new) });
        id
    }

    /// Closes a watch; false if it was not open.
    pub fn close(&mut self, id: WatchId, home: impl Fn(&str) -> Option<u32>) -> bool {
        let Some(place) = self.place(id) else { return false };
        let Some(watch) = self.open[place as usize].take() else { return false };
        self.places.remove(spread(id.0.into()), place);
        self.vacant.push(place);
        self.selection.remove(&watch.selector, id);
        self.outdate(&watch.selector, home);
        self.queued -= watch.queue.map_or(0, |queue| queue.len());
        if let Some(owner) = watch.owner {
            let owned = &mut self.owned[owner as usize];
            owned.retain(|&other| other != id);
            if owned.is_empty() {
                *owned = Vec::new();
                self.owners.remove(owner);
            }
        }
        true
    }

    fn place(&self, id: WatchId) -> Option<u32> {
        let is = |place: u32| self.open[place as usize].as_ref().is_some_and(|watch| watch.id == id);
        self.places.find(spread(id.0.into()), is)
    }

    fn get(&self, id: WatchId) -> Option<&Watch<V>> {
        self.open[self.place(id)? as usize].as_ref()
    }

    fn get_mut(&mut self, id: WatchId) -> Option<&mut Watch<V>> {
        let place = self.place(id)?;
        self.open[place as usize].as_mut()
    }

    /// The watches of an owner.
    pub fn owned(&self, owner: &str) -> Vec<WatchId> {
        self.owners.find(owner).map(|owner| self.owned[owner as usize].clone()).unwrap_or_default()
    }

    /// How many watches were ever opened: ids are not given twice, so they can be used up.
    pub fn opened(&self) -> u32 {
        self.opened
    }

    /// How many watches are open.
    pub fn count(&self) -> usize {
        self.places.len()
    }

    /// How many changes wait in queues.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// The selector of an open watch.
    pub fn selector(&self, id: WatchId) -> Option<&Selector> {
        self.get(id).map(|watch| &watch.selector)
    }

    /// The queue of an open watch that has one.
    pub fn queue(&self, id: WatchId) -> Option<&Queue<V>> {
        self.get(id)?.queue.as_ref()
    }

    /// Adds a change to the queue of a watch; true if its reader should be told.
    pub fn push(&mut self, id: WatchId, change: Change<V>) -> bool {
        let Some(queue) = self.get_mut(id).and_then(|watch| watch.queue.as_mut()) else { return false };
        let before = queue.len();
        let first = queue.push(change);
        // A full queue drops one for each that comes.
        let more = queue.len() - before;
        self.queued += more;
        first
    }

    /// Takes the oldest change from the queue of a watch.
    pub fn take(&mut self, id: WatchId) -> Option<Change<V>> {
        let change = self.get_mut(id)?.queue.as_mut()?.pop()?;
        self.queued -= 1;
        Some(change)
    }

    /// The watches that a change of the slot concerns. Its key is looked up only if it has to be matched.
    pub fn concerned(&mut self, index: u32, home: u32, keys: &Table) -> SetId {
        let place = index as usize;
        if place >= self.memos.len() {
            self.memos.resize(place + 1, Memo { epoch: 0, set: SetId::NOBODY });
        }
        let memo = self.memos[place];
        let within = self.within.get(home as usize).copied().unwrap_or(0);
        if memo.epoch >= self.everywhere.max(within) {
            return memo.set;
        }
        self.drop_memo(memo.set);
        let members = if self.places.is_empty() { Vec::new() } else { self.selection.matching(keys.text(index)) };
        let set = self.intern(members);
        if let Some(Some(set)) = self.sets.get_mut(set.0 as usize) {
            set.slots += 1;
        }
        self.memos[place] = Memo { epoch: self.epoch, set };
        set
    }

    /// Forgets what a slot matched: it is given back.
    pub fn forget(&mut self, index: u32) {
        if let Some(memo) = self.memos.get_mut(index as usize) {
            let set = memo.set;
            *memo = Memo { epoch: 0, set: SetId::NOBODY };
            self.drop_memo(set);
        }
    }

    /// The watches of a set; none if it has been released.
    pub fn members(&self, set: SetId) -> Rc<[WatchId]> {
        self.set(set).map(|set| set.members.clone()).unwrap_or_default()
    }

    /// Whether some of the set's changes are queued here.
    pub fn has_queues(&self, set: SetId) -> bool {
        self.set(set).is_some_and(|set| set.queued)
    }

    /// Whether some of the set's watchers are called.
    pub fn has_callers(&self, set: SetId) -> bool {
        self.set(set).is_some_and(|set| set.called)
    }

    /// Gives up sets that no slot remembers; whoever kept one by number forgets it now.
    pub fn release(&mut self) -> Vec<SetId> {
        if self.unused.is_empty() {
            return Vec::new();
        }
        let mut released = std::mem::take(&mut self.unused);
        released.retain(|id| match self.sets.get_mut(id.0 as usize) {
            Some(place) if place.as_ref().is_some_and(|set| set.slots == 0) => {
                if let Some(set) = place.take() {
                    self.interned.remove(hash(&set.members), id.0);
                }
                true
            }
            _ => false,
        });
        self.free.extend(&released);
        released
    }

    fn intern(&mut self, members: Vec<WatchId>) -> SetId {
        if members.is_empty() {
            return SetId::NOBODY;
        }
        let hash = hash(&members);
        let is = |set| self.set(SetId(set)).is_some_and(|set| *set.members == *members);
        if let Some(set) = self.interned.find(hash, is) {
            return SetId(set);
        }
        let id = self.free.pop().unwrap_or_else(|| {
            self.sets.push(None);
            SetId(self.sets.len() as u32 - 1)
        });
        let members: Rc<[WatchId]> = members.into();
        let is_queued = |&id: &WatchId| self.get(id).is_some_and(|watch| watch.queue.is_some());
        let (queued, called) = (members.iter().any(is_queued), !members.iter().all(is_queued));
        self.interned.insert(hash, id.0);
        self.sets[id.0 as usize] = Some(Set { members, slots: 0, queued, called });
        id
    }

    fn set(&self, id: SetId) -> Option<&Set> {
        self.sets.get(id.0 as usize)?.as_ref()
    }

    fn drop_memo(&mut self, id: SetId) {
        if let Some(Some(set)) = self.sets.get_mut(id.0 as usize) {
            set.slots -= 1;
            if set.slots == 0 {
                self.unused.push(id);
            }
        }
    }

    /// Makes stale what slots remember, where the selector could reach.
    fn outdate(&mut self, selector: &Selector, home: impl Fn(&str) -> Option<u32>) {
        self.epoch += 1;
        let mut within = |head: &str| {
            // A namespace without slots has nothing to make stale.
            let Some(home) = home(head) else { return };
            if home as usize >= self.within.len() {
                self.within.resize(home as usize + 1, 0);
            }
            self.within[home as usize] = self.epoch;
        };
        match (selector, selector.head()) {
            (Selector::Keys(keys), _) => keys.iter().for_each(|key| within(key.head())),
            (_, Some(head)) => within(head),
            (_, None) => self.everywhere = self.epoch,
        }
    }
}

/// The hash of a set.
fn hash(members: &[WatchId]) -> u32 {
    spread(members.iter().fold(0, |hash, watch| mix(hash) ^ u64::from(watch.0)))
}
