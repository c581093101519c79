//! Time, the other sessions, and the whole state as bytes.

use super::Hall;
use crate::error::{Code, Error};
use std::rc::Rc;
use std::time::Duration;

/// A session of a hall, as [`Hall::sessions`] lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Sixteen hexadecimal digits, new at every opening.
    pub id: String,
    /// The agent that opened it; empty until it has said.
    pub agent: Rc<str>,
    /// True for the session that answers.
    pub own: bool,
    /// When it was last heard, in Unix milliseconds; now for the session that answers.
    pub seen_ms: u64,
}

impl Hall {
    /// Lets time pass: what has lived its time expires, what waited for its time is told, and frames that are due are made.
    ///
    /// Shape:  the host calls it when [`Hall::next_wake`] says so, and after a turn in which it
    ///         wrote or received, for [`Hall::frames`]. Does nothing inside a batch.
    /// Errors: `closed`.
    pub fn advance(&self) -> Result<(), Error> {
        let core = self.core()?;
        let time = core.time();
        core.with(|kernel| kernel.advance(time));
        core.advance_leases(time.unix_ms);
        if core.batch.get().is_none() {
            core.agenda.pass(time.monotonic_ms);
        }
        core.advance_processes(time.monotonic_ms);
        core.dispatch();
        if core.batch.get().is_none() {
            core.publish();
        }
        core.dispatch();
        Ok(())
    }

    /// In how long [`Hall::advance`] next has something to do; `None` if nothing waits.
    pub fn next_wake(&self) -> Option<Duration> {
        let core = self.core().ok()?;
        let time = core.time();
        let kernel = core.with(|kernel| kernel.next_wake(time)).map(Duration::from_millis);
        let processes = core.next_process_ms(time.monotonic_ms).map(Duration::from_millis);
        let others = [core.next_lease(time.unix_ms), core.agenda.wake(time.monotonic_ms), processes];
        kernel.into_iter().chain(others.into_iter().flatten()).min()
    }

    /// Takes in a frame that another session of the hall has made.
    ///
    /// Shape:  frames may be lost, doubled and reordered.
    /// Errors: `invalid-frame`, `peer-version`, `limit`: the frame is dropped and counted, and
    ///         nothing has changed. `invalid-argument` inside a batch or if the hall is not
    ///         shared; `closed`. A write a day or more ahead of the clock is left out of an
    ///         otherwise good frame, and goes to `on_error` as `clock-ahead`.
    pub fn receive(&self, frame: &[u8]) -> Result<(), Error> {
        let core = self.core()?;
        if !core.share {
            return Err(Error::new(Code::InvalidArgument, "a frame for a hall that is not shared"));
        }
        let time = core.time();
        let result = core.with(|kernel| kernel.receive(frame, time));
        core.dispatch();
        result
    }

    /// The frames that are to be sent to every other session, each of at most
    /// `limits.frame_bytes`. Once a session has ended they say so to the others.
    ///
    /// ```
    /// use statehall::{Hall, ManualClock, Options};
    /// let clock = ManualClock::new(1_700_000_000_000);
    /// let open = || Hall::open(Options { share: true, clock: Box::new(clock.clone()), ..Options::default() });
    /// let (here, there) = (open()?, open()?);
    /// here.put("a", 1)?;
    /// for _ in 0..3 {
    ///     here.advance()?;
    ///     here.frames().try_for_each(|frame| there.receive(&frame))?;
    ///     there.advance()?;
    ///     there.frames().try_for_each(|frame| here.receive(&frame))?;
    /// }
    /// assert_eq!(there.get("a")?, Some(1.into()));
    /// # Ok::<(), statehall::Error>(())
    /// ```
    pub fn frames(&self) -> impl Iterator<Item = Vec<u8>> {
        let core = self.session_core().clone();
        std::iter::from_fn(move || core.with(|kernel| kernel.next_frame()))
    }

    /// Asks the others what was missed: after a freeze, a suspension, a lost connection.
    ///
    /// Errors: `closed`; `invalid-argument` if the hall is not shared.
    pub fn rejoin(&self) -> Result<(), Error> {
        let core = self.core()?;
        if !core.share {
            return Err(Error::new(Code::InvalidArgument, "a hall that is not shared has nobody to ask"));
        }
        let time = core.time();
        core.with(|kernel| kernel.rejoin(time));
        Ok(())
    }

    /// Whether the state of another session has arrived, or nobody has answered for 250 ms.
    /// What arrives later still merges.
    pub fn is_ready(&self) -> bool {
        self.session_core().ready.get()
    }

    /// Who is here: this session first, then the others by id.
    ///
    /// Errors: `closed`.
    pub fn sessions(&self) -> Result<Vec<Session>, Error> {
        let core = self.core()?;
        let unix_ms = core.unix_ms();
        Ok(core.with(|kernel| {
            let own = Session {
                id: kernel.session().to_string(),
                agent: kernel.agent().clone(),
                own: true,
                seen_ms: unix_ms,
            };
            let others = kernel.peers().map(|(session, peer)| Session {
                id: session.to_string(),
                agent: peer.agent.clone(),
                own: false,
                seen_ms: peer.seen_ms,
            });
            std::iter::once(own).chain(others).collect()
        }))
    }

    /// The whole state as bytes: deterministic, versioned, with a checksum.
    ///
    /// Errors: `invalid-argument` inside a batch; `closed`.
    pub fn snapshot(&self) -> Result<Vec<u8>, Error> {
        self.core()?.with(|kernel| kernel.snapshot())
    }

    /// Joins the state of a snapshot to this one, as one commit; of two values of a key the newer
    /// stays.
    ///
    /// Errors: `invalid-snapshot`, `newer-version`, `limit`, `closed`; `invalid-argument` inside a
    ///         batch. Nothing has then changed.
    pub fn restore(&self, snapshot: &[u8]) -> Result<(), Error> {
        let core = self.core()?;
        let time = core.time();
        let result = core.with(|kernel| kernel.restore(snapshot, time));
        core.dispatch();
        result
    }
}
