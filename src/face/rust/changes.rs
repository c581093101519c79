//! Changes as a stream.

use super::Change;
use super::core::Core;
use super::watch::Reader;
use crate::state::selection::WatchId;
use futures::Stream;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

/// The changes of a watch that is read. See [`Hall::stream`](super::Hall::stream).
pub struct Changes {
    core: Rc<Core>,
    id: WatchId,
    reader: Rc<Reader>,
}

impl Changes {
    pub(super) fn new(core: Rc<Core>, id: WatchId, reader: Rc<Reader>) -> Self {
        Self { core, id, reader }
    }

    /// Takes up to `max` changes that wait, without waiting for more.
    pub fn pull(&mut self, max: usize) -> Vec<Change> {
        std::iter::from_fn(|| self.next_waiting()).take(max).collect()
    }

    /// How many changes were lost so far because the reader was slower than the capacity allows.
    pub fn missed(&self) -> u64 {
        let watcher = self.core.watcher(self.id);
        watcher.map_or_else(|| self.reader.missed.get(), |watcher| self.core.waits(&watcher).1)
    }

    /// Whether more can come.
    pub fn is_open(&self) -> bool {
        self.core.watchers.borrow().contains_key(&self.id)
    }

    /// The next change that waits and passes the filter.
    fn next_waiting(&mut self) -> Option<Change> {
        loop {
            let watcher = self.core.watcher(self.id)?;
            let change = match &watcher.outlet {
                Some(outlet) => outlet.pop()?,
                None => self.core.with(|kernel| kernel.take(self.id))?,
            };
            // What waits in an outlet has passed the filter.
            if watcher.outlet.is_some() || self.core.passes(&watcher, &change) {
                self.core.count(&watcher);
                return Some(change);
            }
        }
    }
}

impl Stream for Changes {
    type Item = Change;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Change>> {
        if let Some(change) = self.next_waiting() {
            return Poll::Ready(Some(change));
        }
        if !self.is_open() {
            return Poll::Ready(None);
        }
        self.reader.waiting.set(Some(context.waker().clone()));
        Poll::Pending
    }
}

impl Drop for Changes {
    fn drop(&mut self) {
        self.core.end_watch(self.id);
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("id", &self.id.0).field("open", &self.is_open()).finish()
    }
}
