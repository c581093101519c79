//! Leases of several names at once.

use super::super::{Hall, IntoKey};
use super::lease::{Acquire, Acquired, Lease};
use crate::error::{Code, Error};
use crate::key::Key;

impl Hall {
    /// Asks for leases of several names: all of them, or none. `None` if one is held by somebody else
    /// and the options do not wait, or not that long.
    ///
    /// Shape:  taken one after another in the order of their names, whatever order they are given in, so
    ///         that owners who ask in this way never wait for one another in a circle. Those that are
    ///         held already while the next is waited for are held for their own time.
    /// Units:  `wait_ms` is for all of them together.
    /// Errors: as [`Context::acquire`](super::context::Context::acquire); `invalid-argument` for no names.
    ///
    /// ```
    /// use statehall::{Acquire, Hall, Options};
    /// # futures::executor::block_on(async {
    /// let hall = Hall::open(Options::default())?;
    /// let leases = hall.acquire_all(["desk", "chair"], Acquire::default()).await?.expect("nobody else is here");
    /// assert!(hall.acquire_all(["lamp", "chair"], Acquire { owner: Some("bob".into()), ..Acquire::default() }).await?.is_none());
    /// drop(leases);
    /// # Ok::<(), statehall::Error>(())
    /// # }).unwrap();
    /// ```
    pub async fn acquire_all<K: IntoKey>(
        &self,
        keys: impl IntoIterator<Item = K>,
        options: Acquire,
    ) -> Result<Option<Vec<Lease>>, Error> {
        let mut keys: Vec<Key> = keys.into_iter().map(IntoKey::into_key).collect::<Result<_, _>>()?;
        keys.sort_by(|a, b| a.text().cmp(b.text()));
        keys.dedup_by(|a, b| a.text() == b.text());
        if keys.is_empty() {
            return Err(Error::new(Code::InvalidArgument, "leases of no names are asked for"));
        }
        let until_ms =
            options.wait_ms.map(|ms| self.core().map(|core| core.unix_ms().saturating_add(ms))).transpose()?;
        let mut leases = Vec::with_capacity(keys.len());
        for key in keys {
            let left_ms = until_ms.map(|until_ms| Ok(until_ms.saturating_sub(self.core()?.unix_ms()))).transpose()?;
            let asked = match left_ms {
                // What is free may still be taken.
                Some(0) if !leases.is_empty() => Acquire { wait: false, wait_ms: None, ..options.clone() },
                wait_ms => Acquire { wait_ms, ..options.clone() },
            };
            match self.context(key)?.acquire(asked)? {
                Acquired::Lease(lease) => leases.push(lease),
                Acquired::Held(_) => return Ok(None),
                Acquired::Waiting(waiting) => match waiting.await {
                    Some(lease) => leases.push(lease),
                    None => return Ok(None),
                },
            }
        }
        Ok(Some(leases))
    }
}
