//! `interface owners`: names to which watchers, leases and keys belong.

use super::Component;
use super::convert::{put_in, written_out};
use super::hall::Hall;
use super::wit::owners::{self as wit, Guest, HallBorrow, OwnerState};
use super::wit::types::{Error, Value};
use std::rc::Rc;

type Answer<T> = Result<T, Error>;

impl Guest for Component {
    fn open(hall: HallBorrow<'_>, name: String, ttl_ms: Option<u64>, now_ms: u64) -> Answer<()> {
        hall.get::<Hall>().run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            session.with(|kernel| kernel.open_owner(&name.into(), ttl_ms, unix_ms)).map(drop)
        })
    }

    fn touch(hall: HallBorrow<'_>, name: String, now_ms: u64) -> Answer<()> {
        hall.get::<Hall>().run(|session| session.use_owner(&name, session.unix_ms(now_ms)?))
    }

    fn standing(hall: HallBorrow<'_>, name: String, now_ms: u64) -> Answer<OwnerState> {
        hall.get::<Hall>().run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            let left_ms = |due_ms: u64| due_ms.saturating_sub(unix_ms);
            Ok(session.ask(|kernel| match kernel.owner(&name).filter(|owner| owner.number > 0) {
                Some(owner) if owner.ended => OwnerState::Ended,
                Some(owner) => OwnerState::Open(owner.due_ms.map(left_ms)),
                None => OwnerState::Unknown,
            }))
        })
    }

    fn put(
        hall: HallBorrow<'_>,
        owner: String,
        key: String,
        value: Value,
        options: Option<wit::PutOptions>,
        now_ms: u64,
    ) -> Answer<wit::Written> {
        let handle = hall.get::<Hall>();
        handle.run(|session| {
            let unix_ms = session.unix_ms(now_ms)?;
            let owner: Rc<str> = owner.into();
            session.with(|kernel| {
                let put = put_in(&key, value, options, handle.agent(), kernel.limits())?;
                kernel.put_for(&owner, put, unix_ms).map(written_out)
            })
        })
    }
}
