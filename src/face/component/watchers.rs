//! `interface watchers`: changes, taken.

use super::Component;
use super::convert::{change_out, filter_in, selector_in, selector_out};
use super::hall::Hall;
use super::session::Session;
use super::watched::{Asked, Watched};
use super::wit::types::{Error, Selector};
use super::wit::watchers::{self as wit, Guest, GuestWatcher, HallBorrow};
use crate::state::backlog::Overflow;
use std::rc::{Rc, Weak};

/// One handle to a watcher. It does not hold the session: hosts drop in any order.
pub struct Watcher {
    session: Weak<Session>,
    watched: Rc<Watched>,
}

impl Guest for Component {
    type Watcher = Watcher;

    fn watch(hall: HallBorrow<'_>, selector: Selector, options: wit::WatchOptions) -> Result<wit::Watcher, Error> {
        hall.get::<Hall>().run(|session| {
            let wit::WatchOptions { initial, filter, owner, deliver_ms, capacity, overflow } = options;
            let filter = filter.map(|filter| session.ask(|kernel| filter_in(filter, kernel.limits()))).transpose()?;
            let overflow = overflow.map(|overflow| match overflow {
                wit::Overflow::Coalesce => Overflow::Coalesce,
                wit::Overflow::DropOldest => Overflow::DropOldest,
                wit::Overflow::Close => Overflow::Close,
            });
            let asked = Asked { initial, filter, owner: owner.map(Into::into), deliver_ms, capacity, overflow };
            let watched = session.watch(selector_in(&selector)?, asked)?;
            Ok(wit::Watcher::new(Watcher { session: Rc::downgrade(session), watched }))
        })
    }

    fn ready(hall: HallBorrow<'_>, max: u32) -> Vec<u32> {
        let waiting = hall.get::<Hall>().run(|session| Ok(session.watchers.waiting(max as usize)));
        waiting.unwrap_or_default().into_iter().map(|watch| watch.0).collect()
    }

    fn watches(hall: HallBorrow<'_>) -> Result<Vec<wit::WatchInfo>, Error> {
        hall.get::<Hall>().run(|session| {
            let info = |watched: Rc<Watched>| {
                let (queued, missed) = watched.counts(session);
                wit::WatchInfo {
                    id: watched.id.0,
                    selector: selector_out(&watched.selector),
                    owner: watched.owner.as_deref().map(Into::into),
                    delivered: watched.delivered.get(),
                    queued,
                    missed,
                }
            };
            Ok(session.watchers.list_all().into_iter().map(info).collect())
        })
    }
}

impl GuestWatcher for Watcher {
    fn id(&self) -> u32 {
        self.watched.id.0
    }

    fn take(&self, max: u32) -> wit::Taken {
        let taken = self.session.upgrade().map(|session| session.take(&self.watched, max as usize));
        let (changes, more) = taken.unwrap_or_default();
        wit::Taken {
            changes: changes.iter().map(change_out).collect(),
            missed: self.watched.missed.get(),
            more,
            ended: self.watched.ended.get(),
        }
    }

    fn end(&self) {
        Watcher::end(self);
    }
}

impl Watcher {
    fn end(&self) {
        if let Some(session) = self.session.upgrade() {
            session.end_watcher(self.watched.id);
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.end();
    }
}
