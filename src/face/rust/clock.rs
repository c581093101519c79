//! Where a hall's time comes from.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Two readings of the time. Called once a command, and when the first of several changes begins to wait; never while the
/// hall is busy.
pub trait Clock {
    /// Unix milliseconds: stamps and times to live. May jump.
    fn unix_ms(&self) -> u64;

    /// Milliseconds since any moment, which never go back: everything that waits.
    fn monotonic_ms(&self) -> u64;
}

/// The time of the operating system.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn unix_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A time that moves when it is told to. Clones are one clock.
///
/// ```
/// use statehall::{Hall, ManualClock, Options, PutOptions};
/// let clock = ManualClock::new(1_700_000_000_000);
/// let hall = Hall::open(Options { clock: Box::new(clock.clone()), ..Options::default() })?;
/// hall.put_with("typing", true, PutOptions { ttl_ms: Some(3_000), ..PutOptions::default() })?;
/// clock.advance(3_000);
/// hall.advance()?;
/// assert_eq!(hall.get("typing")?, None);
/// # Ok::<(), statehall::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ManualClock(Rc<Cell<(u64, u64)>>);

impl ManualClock {
    /// A clock that stands at a Unix time.
    pub fn new(unix_ms: u64) -> Self {
        Self(Rc::new(Cell::new((unix_ms, 0))))
    }

    /// Lets time pass.
    pub fn advance(&self, ms: u64) {
        let (unix_ms, monotonic_ms) = self.0.get();
        self.0.set((unix_ms.saturating_add(ms), monotonic_ms.saturating_add(ms)));
    }

    /// Sets the Unix time, as people and time servers do. No time passes.
    pub fn set_unix_ms(&self, unix_ms: u64) {
        self.0.set((unix_ms, self.0.get().1));
    }
}

impl Clock for ManualClock {
    fn unix_ms(&self) -> u64 {
        self.0.get().0
    }

    fn monotonic_ms(&self) -> u64 {
        self.0.get().1
    }
}
