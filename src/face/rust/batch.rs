//! Several commands, all or nothing.

use super::Hall;
use super::core::{Core, Progress};
use crate::error::{Code, Error};
use crate::kernel::Kernel;

impl Hall {
    /// Runs `work`; its commands happen all or not at all, as one commit that is told once.
    ///
    /// Shape:  reads inside see its writes; watchers see only its outcome, and nothing of a key
    ///         that ends as it began. A batch inside a batch joins it; if it fails, all fails. If
    ///         `work` panics nothing has happened, and the panic goes on.
    /// Errors: what `work` returns; the detail of a failed command begins with its position, as
    ///         in `command 2 (put "a/b"): ...`. `callback-failed` if a batch that joined has
    ///         failed and `work` has succeeded; `closed`.
    ///
    /// ```
    /// use statehall::{Code, Error, Hall, Options, PutOptions};
    /// let hall = Hall::open(Options::default())?;
    /// hall.put("seats", 1)?;
    /// let booked = hall.batch(|hall| {
    ///     hall.put("bookings/ann", true)?;
    ///     hall.put_with("seats", 0, PutOptions { expect: Some(7), ..PutOptions::default() })
    /// });
    /// let error = booked.unwrap_err();
    /// assert_eq!(error.code, Code::Conflict);
    /// assert!(error.detail.starts_with(r#"command 2 (put "seats"): "#));
    /// assert!(!hall.has("bookings/ann")?);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn batch<T, E: From<Error>>(&self, work: impl FnOnce(&Hall) -> Result<T, E>) -> Result<T, E> {
        let core = self.core()?;
        if core.batch.get().is_some() {
            let joined = Joined { core, succeeded: false };
            let result = work(self);
            return joined.end(result);
        }
        core.with(Kernel::begin)?;
        core.batch.set(Some(Progress::default()));
        let open = Open { core };
        let result = work(self);
        let failed = core.batch.get().is_some_and(|progress| progress.failed);
        let value = result?;
        if failed {
            let detail = "a batch that joined this one has failed, so nothing of either happens";
            return Err(Error::new(Code::CallbackFailed, detail).into());
        }
        // The work may have closed this handle.
        self.core()?;
        open.commit()?;
        Ok(value)
    }
}

/// An open batch; nothing of it happens unless it is committed.
struct Open<'a> {
    core: &'a Core,
}

impl Open<'_> {
    fn commit(self) -> Result<(), Error> {
        let unix_ms = self.core.unix_ms();
        self.core.batch.set(None);
        self.core.with(|kernel| kernel.commit(unix_ms))?;
        self.core.dispatch();
        Ok(())
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        if self.core.batch.take().is_some() {
            // It has begun, so it can be rolled back.
            let _ = self.core.with(Kernel::roll_back);
            // Contexts are no part of it: what it has made of them is told all the same.
            self.core.dispatch();
        }
    }
}

/// A batch inside a batch; unless it succeeds, all fails.
struct Joined<'a> {
    core: &'a Core,
    succeeded: bool,
}

impl Joined<'_> {
    fn end<T, E>(mut self, result: Result<T, E>) -> Result<T, E> {
        self.succeeded = result.is_ok();
        result
    }
}

impl Drop for Joined<'_> {
    fn drop(&mut self) {
        if let Some(progress) = self.core.batch.get().filter(|_| !self.succeeded) {
            self.core.batch.set(Some(Progress { failed: true, ..progress }));
        }
    }
}
