//! The watchers of a session: what each passes on, where its changes wait, and which have something to take.

use super::held::Held;
use super::session::Session;
use crate::error::{Code, Error};
use crate::kernel::{Kernel, Limits, WatchOptions};
use crate::key::Selector;
use crate::state::backlog::{Backlog, Overflow};
use crate::state::condition::{Condition, Judge, Measurable};
use crate::state::queue::Change;
use crate::state::selection::WatchId;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How much is taken at once, in bytes of values and metadata, unless one change has more: what an answer needs beside
/// what waits.
const TAKEN_BYTES: u64 = 4 << 20;

/// Lists and maps are no numbers: none has to be decoded to be measured, and bytes in their one encoding are compared.
impl Measurable for Held {
    fn number(&self) -> Option<f64> {
        if let Self::Scalar(value) = self { value.number() } else { None }
    }
}

/// How a watcher is opened.
pub struct Asked {
    pub initial: bool,
    pub filter: Option<Condition<Held>>,
    pub owner: Option<Rc<str>>,
    pub deliver_ms: Option<u64>,
    pub capacity: Option<u64>,
    pub overflow: Option<Overflow>,
}

/// One watcher, as the session and its handle know it.
pub struct Watched {
    pub id: WatchId,
    pub selector: Selector,
    pub owner: Option<Rc<str>>,
    pub delivered: Cell<u64>,
    /// Changes lost, as far as that was asked or when the watcher ended.
    pub missed: Cell<u64>,
    pub ended: Cell<bool>,
    /// Its place among those that have something to take.
    place: Cell<Option<u64>>,
    filter: Option<RefCell<Judge<Held>>>,
    /// Where its changes wait, if not in the kernel.
    backlog: Option<RefCell<Backlog<Held>>>,
    deliver_ms: Option<u64>,
    /// When what waits is to be told of.
    due: Cell<Due>,
}

/// When what waits is to be told of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    /// Nothing waits for a time.
    Never,
    /// The time begins when it is next known.
    Soon,
    /// At this monotonic time.
    At(u64),
}

/// All watchers of a session.
#[derive(Default)]
pub struct Watchers {
    open: RefCell<BTreeMap<WatchId, Rc<Watched>>>,
    /// Those that have something to take, in the order in which that began.
    waiting: RefCell<BTreeMap<u64, WatchId>>,
    waited: Cell<u64>,
    /// Those whose time has yet to begin.
    beginning: RefCell<BTreeSet<WatchId>>,
    deadlines: RefCell<BTreeSet<(u64, WatchId)>>,
}

impl Watched {
    /// Changes that wait, and changes lost, of a watcher that is open.
    pub fn counts(&self, session: &Session) -> (u64, u64) {
        if let Some(backlog) = &self.backlog {
            let backlog = backlog.borrow();
            return (backlog.len() as u64, backlog.missed());
        }
        let queue = session.ask(|kernel| kernel.queue(self.id).map(|queue| (queue.len() as u64, queue.missed())));
        queue.unwrap_or_default()
    }

    fn pop(&self, session: &Session) -> Option<Change<Held>> {
        match &self.backlog {
            Some(backlog) => backlog.borrow_mut().pop(),
            None => session.with(|kernel| kernel.take(self.id)),
        }
    }
}

impl Watchers {
    /// How many changes wait, beside those in the kernel.
    pub fn kept(&self) -> u64 {
        let open = self.open.borrow();
        open.values().filter_map(|watched| watched.backlog.as_ref()).map(|backlog| backlog.borrow().len() as u64).sum()
    }

    /// In how many milliseconds a watcher has waited long enough.
    pub fn next_wake(&self, monotonic_ms: u64) -> Option<u64> {
        self.deadlines.borrow().first().map(|(due_ms, _)| due_ms.saturating_sub(monotonic_ms))
    }

    /// The time is known: what waits for one begins to.
    pub fn begin(&self, monotonic_ms: u64) {
        for id in std::mem::take(&mut *self.beginning.borrow_mut()) {
            let Some(watched) = self.get(id) else { continue };
            let due_ms = monotonic_ms.saturating_add(watched.deliver_ms.unwrap_or_default());
            watched.due.set(Due::At(due_ms));
            self.deadlines.borrow_mut().insert((due_ms, id));
        }
    }

    /// Lists those that have waited long enough.
    pub fn pass(&self, monotonic_ms: u64) {
        self.begin(monotonic_ms);
        loop {
            let mut deadlines = self.deadlines.borrow_mut();
            if deadlines.first().is_none_or(|&(due_ms, _)| due_ms > monotonic_ms) {
                return;
            }
            let due = deadlines.pop_first().and_then(|(_, id)| self.get(id));
            drop(deadlines);
            let Some(watched) = due else { continue };
            watched.due.set(Due::Never);
            if watched.backlog.as_ref().is_some_and(|backlog| !backlog.borrow().is_empty()) {
                self.list(&watched);
            }
        }
    }

    /// The open watchers, in the order in which they were opened.
    pub fn list_all(&self) -> Vec<Rc<Watched>> {
        self.open.borrow().values().cloned().collect()
    }

    /// The watchers that have something to take, the longest waiting first.
    pub fn waiting(&self, max: usize) -> Vec<WatchId> {
        self.waiting.borrow().values().take(max).copied().collect()
    }

    pub fn get(&self, id: WatchId) -> Option<Rc<Watched>> {
        self.open.borrow().get(&id).cloned()
    }

    /// There is something to take.
    pub fn list(&self, watched: &Watched) {
        if watched.place.get().is_some() {
            return;
        }
        let place = self.waited.get();
        self.waited.set(place + 1);
        watched.place.set(Some(place));
        self.waiting.borrow_mut().insert(place, watched.id);
    }

    /// There is nothing to take.
    fn unlist(&self, watched: &Watched) {
        if let Some(place) = watched.place.take() {
            self.waiting.borrow_mut().remove(&place);
        }
    }

    /// Nothing waits for a time.
    fn forget(&self, watched: &Watched) {
        match watched.due.replace(Due::Never) {
            Due::Never => false,
            Due::Soon => self.beginning.borrow_mut().remove(&watched.id),
            Due::At(due_ms) => self.deadlines.borrow_mut().remove(&(due_ms, watched.id)),
        };
    }

    /// Lets a change wait that came to a watcher; false if there is no room for it.
    fn keep(&self, watched: &Watched, change: &Change<Held>) -> bool {
        let Some(backlog) = &watched.backlog else { return true };
        if watched.filter.as_ref().is_some_and(|judge| !judge.borrow_mut().passes(change)) {
            return true;
        }
        if !backlog.borrow_mut().push(change.clone()) {
            return false;
        }
        if backlog.borrow().is_empty() {
            // It has come and gone. A time that has begun goes on.
            self.unlist(watched);
        } else if watched.deliver_ms.is_none() || change.initial {
            self.list(watched);
        } else if watched.place.get().is_none() && watched.due.get() == Due::Never {
            watched.due.set(Due::Soon);
            self.beginning.borrow_mut().insert(watched.id);
        }
        true
    }
}

impl Session {
    /// Opens a watcher.
    ///
    /// Errors: `limit`, `invalid-argument`.
    pub fn watch(&self, selector: Selector, asked: Asked) -> Result<Rc<Watched>, Error> {
        let limits = self.ask(|kernel| kernel.limits().clone());
        let backlog = backlog_of(&asked, &limits)?;
        let Asked { initial, filter, owner, deliver_ms, capacity, .. } = asked;
        let filter = filter.map(Judge::new).transpose()?.map(RefCell::new);
        let capacity = if backlog.is_some() { None } else { capacity.or(Some(limits.queue)) };
        if let Some(owner) = &owner {
            self.use_owner(owner, self.told_unix_ms())?;
        }
        let options = WatchOptions { initial, owner: owner.clone(), capacity };
        let id = self.kernel().watch(selector.clone(), options)?;
        let watched = Rc::new(Watched {
            id,
            selector,
            owner,
            delivered: Cell::new(0),
            missed: Cell::new(0),
            ended: Cell::new(false),
            place: Cell::new(None),
            filter,
            backlog: backlog.map(RefCell::new),
            deliver_ms,
            due: Cell::new(Due::Never),
        });
        self.watchers.open.borrow_mut().insert(id, watched.clone());
        // What was there when it began.
        self.with(|_| ());
        if watched.backlog.is_none() && watched.counts(self).0 > 0 {
            self.watchers.list(&watched);
        }
        Ok(watched)
    }

    /// Takes a change to where it waits for each of its watchers.
    pub fn tell(&self, members: &[WatchId], change: &Change<Held>) {
        for &id in members {
            let Some(watched) = self.watchers.get(id) else { continue };
            if self.watchers.keep(&watched, change) {
                continue;
            }
            if let Some(backlog) = &watched.backlog {
                self.report(backlog.borrow().overflowed(&watched.selector));
            }
            self.end_watcher(id);
        }
    }

    /// Takes the oldest changes of a watcher, and says whether more wait.
    pub fn take(&self, watched: &Watched, max: usize) -> (Vec<Change<Held>>, bool) {
        if watched.ended.get() {
            return Default::default();
        }
        let (mut changes, mut bytes) = (Vec::new(), 0);
        while changes.len() < max && bytes < TAKEN_BYTES {
            let Some(change) = watched.pop(self) else { break };
            bytes += [&change.value, &change.old, &change.metadata].into_iter().flatten().map(Held::bytes).sum::<u64>();
            changes.push(change);
        }
        let (queued, missed) = watched.counts(self);
        watched.missed.set(missed);
        if queued == 0 {
            self.watchers.unlist(watched);
            self.watchers.forget(watched);
        }
        watched.delivered.set(watched.delivered.get() + changes.len() as u64);
        (changes, queued > 0)
    }

    /// Ends a watcher, if it is open.
    pub fn end_watcher(&self, id: WatchId) {
        let watched = self.watchers.open.borrow_mut().remove(&id);
        let Some(watched) = watched else { return };
        watched.missed.set(watched.counts(self).1);
        watched.ended.set(true);
        self.watchers.unlist(&watched);
        self.watchers.forget(&watched);
        if let Some(backlog) = &watched.backlog {
            backlog.replace(Backlog::new(Overflow::DropOldest, 1));
        }
        self.with(|kernel: &mut Kernel<Held>| kernel.unwatch(id));
    }
}

/// Where changes wait, if they do so here: the kernel keeps those of whom nothing is asked.
///
/// Errors: `limit`, `invalid-argument`.
fn backlog_of(asked: &Asked, limits: &Limits) -> Result<Option<Backlog<Held>>, Error> {
    let Asked { filter, deliver_ms, capacity, overflow, .. } = asked;
    if *deliver_ms == Some(0) {
        return Err(Error::new(Code::InvalidArgument, "deliver-ms is 1 or more"));
    }
    let overflow = match (overflow, deliver_ms, filter) {
        (Some(overflow), ..) => *overflow,
        (None, Some(_), _) => Overflow::Coalesce,
        (None, None, Some(_)) => Overflow::DropOldest,
        (None, None, None) => return Ok(None),
    };
    Backlog::with_room(overflow, *capacity, limits.queue).map(Some)
}
