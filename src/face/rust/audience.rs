//! The watchers of each set: looked up one by one when the set is first told of something, and then kept by its number.
//!
//! Kept weakly: a watcher, with all that it holds, goes when its watch ends, and is not called from then on. A list lasts
//! until the kernel gives its number back.

use super::watch::Watcher;
use crate::state::watch::SetId;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

/// The watchers of one set, in its order.
type Audience = Rc<[Weak<Watcher>]>;

/// The watchers of all sets that were told of something.
#[derive(Default)]
pub(super) struct Audiences(RefCell<Vec<Option<Audience>>>);

impl Audiences {
    /// The watchers of a set; `find` answers with those that are there now.
    pub(super) fn of(&self, set: SetId, find: impl FnOnce() -> Vec<Rc<Watcher>>) -> Audience {
        if let Some(Some(audience)) = self.0.borrow().get(set.0 as usize) {
            return audience.clone();
        }
        let audience: Audience = find().iter().map(Rc::downgrade).collect();
        let mut sets = self.0.borrow_mut();
        if set.0 as usize >= sets.len() {
            sets.resize(set.0 as usize + 1, None);
        }
        if let Some(place) = sets.get_mut(set.0 as usize) {
            *place = Some(audience.clone());
        }
        audience
    }

    /// Forgets sets that are no more.
    pub(super) fn forget(&self, released: &[SetId]) {
        let mut sets = self.0.borrow_mut();
        for set in released {
            if let Some(place) = sets.get_mut(set.0 as usize) {
                *place = None;
            }
        }
    }
}
