//! The hybrid logical clock, and stamps.
//!
//! A reading is 48 bits of Unix milliseconds and a 16-bit counter, so readings compare as
//! integers. A reading never repeats and never goes back: when the wall clock does, the counter
//! runs; when the counter is full it carries into the milliseconds. Hearing a later reading moves
//! the clock past it, so that what is written afterwards wins over what was heard.
//!
//! Source: Kulkarni et al., "Logical Physical Clocks", 2014.

use std::fmt;

/// A reading of a hybrid clock: milliseconds above a 16-bit counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hlc(pub u64);

const COUNTER_BITS: u32 = 16;
const MS_MAX: u64 = (1 << 48) - 1;

impl Hlc {
    /// The earliest reading of a millisecond.
    pub fn at_ms(unix_ms: u64) -> Self {
        Self(unix_ms.min(MS_MAX) << COUNTER_BITS)
    }

    /// The millisecond part.
    pub fn ms(self) -> u64 {
        self.0 >> COUNTER_BITS
    }
}

/// A session: one replica of a hall, with a random id that is never 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Session(pub u64);

impl Session {
    /// Sixteen hexadecimal digits, as every face shows a session.
    pub fn text(self) -> String {
        let digit = |place: u32| char::from_digit((self.0 >> (4 * place)) as u32 & 0xf, 16);
        (0..16).rev().filter_map(digit).collect()
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

/// When and where a cell was written. Unique, and totally ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// When.
    pub hlc: Hlc,
    /// Where.
    pub session: Session,
}

/// The clock of one session.
#[derive(Default)]
pub struct Clock {
    last: Hlc,
}

impl Clock {
    /// The next reading for a local write.
    #[inline(always)] // on the path of every put; what is inlined there is not left to chance
    pub fn tick(&mut self, now_ms: u64) -> Hlc {
        // A host whose clock stands at the end of time gets the last reading again, not a trap.
        self.last = Hlc::at_ms(now_ms).max(Hlc(self.last.0.saturating_add(1)));
        self.last
    }

    /// Moves past a reading that was heard.
    pub fn observe(&mut self, heard: Hlc) {
        self.last = self.last.max(heard);
    }

    /// The last reading given or heard.
    pub fn last(&self) -> Hlc {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_strictly_increase_whatever_the_wall_clock_does() {
        let mut clock = Clock::default();
        let mut last = Hlc::default();
        let walls = [5, 5, 4, 0, 9, 9, 1].into_iter().chain(std::iter::repeat_n(3, 70_000));
        for now_ms in walls {
            let next = clock.tick(now_ms);
            assert!(next > last);
            last = next;
        }
        assert_eq!(last.ms(), 10, "a full counter carries into the milliseconds");
        clock.observe(Hlc::at_ms(50));
        assert!(clock.tick(6) > Hlc::at_ms(50));
        clock.observe(Hlc(u64::MAX));
        assert_eq!(clock.tick(6), Hlc(u64::MAX));
    }
}
