//! Waiting for a state: the watch that it takes has ended when the future is ready, however it came to be.

use super::core::{Core, attempt};
use super::options::WatchOptions;
use super::watch::{Told, Watcher};
use super::{Change, Hall, IntoSelector};
use crate::error::{Code, Error};
use crate::key::{Key, Selector};
use crate::state::selection::WatchId;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

type Ask = Box<dyn FnMut(&Change) -> bool>;

/// Whoever waits for a state.
pub(super) struct Asker {
    ask: RefCell<Ask>,
    outcome: RefCell<Option<Result<Change, Error>>>,
    waker: Cell<Option<Waker>>,
    timeout_ms: Option<u64>,
}

impl Asker {
    pub(super) fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// The first change, or present state, for which a condition holds. A future, made by [`Hall::watch_until`].
#[must_use = "dropping it ends the watch"]
pub struct Until {
    hall: Hall,
    core: Rc<Core>,
    id: WatchId,
    asker: Rc<Asker>,
}

impl Hall {
    /// Waits until `condition` holds for what is there, or for a change.
    ///
    /// Shape:  a future. What is there is asked first, as initial values; of keys that are named, absence is a state too,
    ///         of the present revision. Dropping it ends the watch.
    /// Units:  milliseconds of the hall's clock, which pass by [`Hall::advance`].
    /// Errors: as [`Hall::watch`]. The future answers with `timeout`; with `closed` if this handle is closed; with
    ///         `callback-failed` if the condition panics.
    ///
    /// ```
    /// use futures::executor::block_on;
    /// use statehall::{Hall, Options};
    /// let hall = Hall::open(Options::default())?;
    /// let done = hall.watch_until("jobs/*", Some(5_000), |change| change.value == Some("done".into()))?;
    /// hall.put("jobs/1", "begun")?;
    /// hall.put("jobs/2", "done")?;
    /// assert_eq!(block_on(done)?.key.text(), "jobs/2");
    /// # Ok::<(), statehall::Error>(())
    /// ```
    pub fn watch_until(
        &self,
        selector: impl IntoSelector,
        timeout_ms: Option<u64>,
        condition: impl FnMut(&Change) -> bool + 'static,
    ) -> Result<Until, Error> {
        let selector = selector.into_selector()?;
        let ask: RefCell<Ask> = RefCell::new(Box::new(condition));
        let asker = Rc::new(Asker { ask, outcome: RefCell::default(), waker: Cell::default(), timeout_ms });
        let options = WatchOptions { initial: true, ..WatchOptions::default() };
        let (core, id) = self.open_watch(&selector, options, Told::Asker(asker.clone()))?;
        core.wait(&asker);
        core.dispatch();
        let until = Until { hall: self.clone(), core, id, asker };
        match &selector {
            Selector::Key(key) => until.ask_of(key),
            Selector::Keys(keys) => keys.iter().for_each(|key| until.ask_of(key)),
            Selector::Pattern(_) => {}
        }
        until.core.dispatch();
        if let (Some(watcher), Some(timeout_ms)) = (until.core.watcher(id), timeout_ms) {
            let due_ms = until.core.time().monotonic_ms.saturating_add(timeout_ms);
            until.core.agenda.set(&watcher, due_ms);
        }
        Ok(until)
    }
}

impl Until {
    /// Asks about the absence of a key, if it is absent.
    fn ask_of(&self, key: &Key) {
        let state = self.core.with(|kernel| (kernel.entry(key.text()).is_none(), kernel.revision()));
        let (true, revision) = state else { return };
        let (origin, key) = ("".into(), key.clone());
        let (value, old, metadata, expires_ms) = (None, None, None, None);
        let absent = Change { key, value, old, revision, origin, metadata, expires_ms, initial: true, missed: 0 };
        self.core.agenda.tell_next(self.id, absent);
    }
}

impl Core {
    /// Asks whether a change is what somebody waits for.
    pub(super) fn ask(&self, watcher: &Watcher, asker: &Asker, change: &Change) {
        self.count(watcher);
        let answer = attempt("the condition of watch_until", || (asker.ask.borrow_mut())(change));
        match answer {
            Ok(false) => {}
            Ok(true) => self.settle(watcher, asker, Ok(change.clone())),
            Err(error) => self.settle(watcher, asker, Err(error)),
        }
    }

    /// The time to wait is over.
    pub(super) fn give_up(&self, watcher: &Watcher, asker: &Asker) {
        let ms = asker.timeout_ms.unwrap_or_default();
        let late = format!("what watch_until waits for has not come within {ms} ms");
        self.settle(watcher, asker, Err(Error::new(Code::Timeout, late)));
    }

    fn settle(&self, watcher: &Watcher, asker: &Asker, outcome: Result<Change, Error>) {
        *asker.outcome.borrow_mut() = Some(outcome);
        self.end_watch(watcher.id);
    }
}

impl Future for Until {
    type Output = Result<Change, Error>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(outcome) = &*self.asker.outcome.borrow() {
            return Poll::Ready(outcome.clone());
        }
        if self.hall.is_closed() || self.core.watcher(self.id).is_none() {
            let detail = "the hall was closed while somebody waited";
            return Poll::Ready(Err(Error::new(Code::Closed, detail)));
        }
        self.asker.waker.set(Some(task.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Until {
    fn drop(&mut self) {
        self.core.end_watch(self.id);
    }
}

impl fmt::Debug for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Until").field("id", &self.id.0).finish_non_exhaustive()
    }
}
