//! Watches of contexts: the newest version, taken.
//!
//! Nothing is queued: a watcher knows what it has told last, and is asked whether there is anything newer.

use super::contexts::{Answer, document_out, on};
use super::hall::Hall;
use super::session::Session;
use super::wit::contexts::{self as wit, DocumentChange, GuestDocumentWatcher, HallBorrow};
use std::cell::Cell;
use std::rc::{Rc, Weak};

/// One open watch. It does not hold the session: hosts drop in any order.
pub struct DocumentWatcher {
    session: Weak<Session>,
    key: Rc<str>,
    /// The last version that was told, or was there at the beginning.
    told: Cell<u64>,
    /// Whether there was a document then.
    present: Cell<bool>,
    /// Whether what was there at the beginning is yet to be told.
    initial: Cell<bool>,
}

/// Opens a watch of a name.
pub fn watch(hall: &HallBorrow<'_>, key: &str, initial: bool, now_ms: u64) -> Answer<wit::DocumentWatcher> {
    let (key, version, present) = on(hall, key, now_ms, |named| {
        let standing = named.about(|record| (record.version, record.value.is_some()))?;
        let (version, present) = standing.unwrap_or((0, false));
        Ok((named.key().clone(), version, present))
    })?;
    hall.get::<Hall>().run(|session| {
        session.watch_document()?;
        Ok(wit::DocumentWatcher::new(DocumentWatcher {
            session: Rc::downgrade(session),
            key,
            told: Cell::new(version),
            present: Cell::new(present),
            initial: Cell::new(initial && present),
        }))
    })
}

impl GuestDocumentWatcher for DocumentWatcher {
    fn take(&self) -> Option<DocumentChange> {
        let session = self.session.upgrade()?;
        let authority = session.authority().ok()?.borrow();
        let record = authority.memory().record(&self.key);
        // One that is forgotten was deleted after the version that was told.
        let forgotten = self.told.get() + u64::from(self.present.get());
        let version = record.map_or(forgotten, |record| record.version);
        let value = record.and_then(|record| record.value.as_deref());
        let initial = self.initial.replace(false) && value.is_some();
        if !initial && version <= self.told.get() {
            return None;
        }
        self.told.set(version);
        self.present.set(value.is_some());
        Some(DocumentChange { version, value: value.map(document_out), initial })
    }
}

impl Drop for DocumentWatcher {
    fn drop(&mut self) {
        if let Some(session) = self.session.upgrade() {
            session.unwatch_document();
        }
    }
}
