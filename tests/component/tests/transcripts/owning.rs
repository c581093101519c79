//! Owners as a host knows them: by their names.

use super::owners::Owner;
use super::session::Session;
use statehall::Error;
use statehall_component_tests::{Kernel, owners};
use std::rc::Rc;
use wasmtime::component::ResourceAny;

/// An owner of a hall whose handle lives at least as long.
pub struct Owned {
    session: Rc<Session>,
    hall: ResourceAny,
    name: String,
}

impl Owned {
    pub fn open(session: Rc<Session>, hall: ResourceAny, name: &str, ttl_ms: Option<u64>) -> Result<Self, Error> {
        let now_ms = session.unix_ms();
        let open = |store: &mut _, kernel: &Kernel| {
            kernel.statehall_hall_owners().call_open(store, hall, name, ttl_ms, now_ms)
        };
        session.try_call(open)?;
        Ok(Self { session, hall, name: name.to_owned() })
    }
}

impl Owner for Owned {
    fn touch(&self) -> Result<(), Error> {
        let now_ms = self.session.unix_ms();
        let touch = |store: &mut _, kernel: &Kernel| {
            kernel.statehall_hall_owners().call_touch(store, self.hall, &self.name, now_ms)
        };
        self.session.try_call(touch)
    }

    fn standing(&self) -> Option<Option<u64>> {
        let now_ms = self.session.unix_ms();
        let standing = |store: &mut _, kernel: &Kernel| {
            kernel.statehall_hall_owners().call_standing(store, self.hall, &self.name, now_ms)
        };
        match self.session.try_call(standing).ok()? {
            owners::OwnerState::Open(left_ms) => Some(left_ms),
            owners::OwnerState::Ended => None,
            owners::OwnerState::Unknown => panic!("{} was opened", self.name),
        }
    }
}
